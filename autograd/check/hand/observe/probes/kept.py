"""Python's own functions that would end the history of a Tensor, and what stands for them in a trace.

`math` knows plain numbers only, and a plain number has no history; `copy` makes a new leaf.
"""

from __future__ import annotations

import copy
import functools
import importlib
import importlib.util
import math
from collections.abc import Callable
from types import BuiltinFunctionType
from typing import Any

import numpy as np

from .....tensor import Tensor
from .....users import variables

# The functions of `math` that NumPy calls otherwise or does not have, written with those that it has
OTHERWISE: dict[str, Callable[..., Any]] = {
    "log": lambda x, base=None: np.log(x) if base is None else np.log(x) / np.log(base),
    "pow": lambda x, y: x**y,
    "fsum": lambda values: sum(values),
    "prod": lambda values, start=1: functools.reduce(lambda x, y: x * y, values, start),
    "sumprod": lambda p, q: sum(x * y for x, y in zip(p, q, strict=True)),
    "dist": lambda p, q: np.sqrt(sum((x - y) ** 2 for x, y in zip(p, q, strict=True))),
    "hypot": lambda *x: np.sqrt(sum(v * v for v in x)),
    # a whole number, which may be an index: nothing comes back by it
    **{f.__name__: lambda x, whole=f: whole(x.item()) for f in (math.floor, math.ceil, math.trunc)},
}
# The functions of `math` that SciPy has, with their names there
SPECIAL = {"erf": "erf", "erfc": "erfc", "gamma": "gamma", "lgamma": "gammaln"}


def is_one(value: Any) -> bool:
    """Whether a value is a Tensor of one number on the graph."""
    return type(value) is Tensor and value.requires_grad and value.size == 1


def keeping_history(function: Any) -> Any:
    """What is called in the place of a function: itself, unless it would end the history of a Tensor."""
    if type(function) is BuiltinFunctionType and function.__module__ == "math":
        return of_tensors(function)
    if function is np.c_ or function is np.r_:
        return Joined(function)
    if function is copy.copy:
        return lambda value: value.copy() if type(value) is Tensor else copy.copy(value)
    return copied if function is copy.deepcopy else function


class Joined:
    """`np.c_` or `np.r_`, which joins Tensors too: as columns, or end to end."""

    def __init__(self, joiner: Any) -> None:
        self.joiner = joiner

    def __getitem__(self, parts: Any) -> Any:
        """The arrays in the brackets joined; slices and texts among them only where no Tensor is."""
        arrays = parts if isinstance(parts, tuple) else (parts,)
        if not any(type(a) is Tensor for a in arrays) or any(isinstance(a, slice | str) for a in arrays):
            return self.joiner[parts]
        if self.joiner is np.r_:
            return np.concatenate([np.atleast_1d(a) for a in arrays])
        are_columns = all(np.ndim(a) <= 2 for a in arrays)
        return np.column_stack(arrays) if are_columns else np.concatenate(arrays, axis=-1)


def copied(value: Any, memo: Any = None) -> Any:
    """A deep copy, in which the copy of a Tensor is made from it."""
    tensors = [held for _, held in variables({"": value}) if type(held) is Tensor]
    return copy.deepcopy(value, (memo or {}) | {id(t): t.copy() for t in tensors})


def of_tensors(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of `math` that takes Tensors of one number too, and keeps their history.

    >>> of_tensors(math.exp)(1.0) == math.exp(1.0)
    True
    """

    def called(*args: Any, **words: Any) -> Any:
        """What the function returns: a plain number, or a Tensor if it was given one."""
        several = (a if isinstance(a, list | tuple) or np.ndim(a) else (a,) for a in args)
        if not any(is_one(v) for held in several for v in held):
            return function(*args, **words)
        return on_numbers(function.__name__)(*map(numbers, args), **words)

    return called


def on_numbers(name: str) -> Callable[..., Any]:
    """The function that stands for one of `math`; if there is none, that one itself, and the history ends."""
    if name in OTHERWISE:
        return OTHERWISE[name]
    if name in SPECIAL and importlib.util.find_spec("scipy"):
        return getattr(importlib.import_module("scipy.special"), SPECIAL[name])  # type: ignore[no-any-return]
    return getattr(np, name, getattr(math, name))  # type: ignore[no-any-return]


def numbers(value: Any) -> Any:
    """An argument, with each Tensor of one number as one without dimensions."""
    if isinstance(value, list | tuple):
        return [numbers(v) for v in value]
    return value.sum() if is_one(value) and value.ndim else value
