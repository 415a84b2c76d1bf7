"""A look inside a network: the inputs and the output of every module, during a forward pass."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .data import plain
from .module import Module

__all__ = ["first_not_finite", "not_finite", "parameter_not_finite", "traced"]

Visit = Callable[[str, Module, tuple[Any, ...], Any], Any]


@contextlib.contextmanager
def traced(model: Module, visit: Visit) -> Iterator[None]:
    """A block in which `visit(name, module, inputs, output)` is called after each module's forward.

    Its return value replaces the output, unless it is None.  A module that is in the model
    under several names is given the first of them.

    >>> import nn
    >>> model = nn.Sequential(nn.Linear(2, 3, rng=0), nn.ReLU())
    >>> with traced(model, lambda name, module, inputs, output: print(name or "all", output.shape)):
    ...     y = model(np.ones((5, 2)))
    0 (5, 3)
    1 (5, 3)
    all (5, 3)
    """
    before = [(name, module, vars(module).get("forward")) for name, module in model.named_modules()]
    for name, module, _ in before:
        vars(module)["forward"] = watched(name, module, module.forward, visit)
    try:
        yield
    finally:
        for _, module, forward in before:
            if forward is None:
                del vars(module)["forward"]
            else:
                vars(module)["forward"] = forward


def watched(name: str, module: Module, forward: Callable[..., Any], visit: Visit) -> Callable[..., Any]:
    """The forward of a module and then `visit`, whose answer replaces the output unless it is None."""

    def call(*inputs: Any, **options: Any) -> Any:
        """The output of the module, or the answer of `visit`."""
        output = forward(*inputs, **options)
        seen = visit(name, module, inputs, output)
        return output if seen is None else seen

    return call


def first_not_finite(model: Module, inputs: tuple[Any, ...]) -> str:
    """Where the first number that is not finite appears when `model(*inputs)` is computed, in words.

    It is empty if all numbers are finite.
    """
    for i, array in enumerate(inputs):
        if bad := not_finite(array):
            return f"input {i} of the model, of shape {np.shape(plain(array))}, has {bad} already"
    if bad := parameter_not_finite(model):
        return bad
    found: list[str] = []

    def visit(name: str, module: Module, given: tuple[Any, ...], output: Any) -> None:
        """Note a module whose output is the first with numbers that are not finite."""
        bad = [] if found else [b for part in parts(output) if (b := not_finite(part))]
        if bad and not any(not_finite(part) for value in given for part in parts(value)):
            where = f"layer {name!r}, " if name else ""
            found.append(f"the output of {where}{module!r:.80} has {bad[0]}, and what went in has none")

    with traced(model, visit):
        model(*inputs)
    return found[0] if found else ""


def parameter_not_finite(model: Module) -> str:
    """The first parameter with numbers that are not finite, in words; empty if there is none."""
    for name, tensor in model.named_parameters():
        if bad := not_finite(tensor):
            return (
                f"the parameter {name}, of shape {tensor.shape}, has {bad}, from the step before: its "
                "gradient was not finite, or so large that the step overflowed"
            )
    return ""


def parts(value: Any) -> list[Any]:
    """The arrays and tensors among the inputs or outputs of a module."""
    if isinstance(value, tuple | list):
        return [part for item in value for part in parts(item)]
    return [value] if hasattr(value, "dtype") else []


def not_finite(value: Any) -> str:
    """How many numbers of an array are not finite: "3 NaN and 1 infinite of 20 numbers"; empty if none."""
    array = plain(value)
    if array.dtype.kind not in "fc" or np.isfinite(array).all():
        return ""
    counts = {"NaN": int(np.isnan(array).sum()), "infinite": int(np.isinf(array).sum())}
    return " and ".join(f"{n} {kind}" for kind, n in counts.items() if n) + f" of {array.size} numbers"
