"""Checkpoints: everything that a training run needs in order to go on as if it had never stopped."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from autograd import no_grad
from autograd.errors import AutogradError

from .errors import StateError
from .io import Path_, load, save
from .module import Module

__all__ = ["load_checkpoint", "save_checkpoint"]


def save_checkpoint(path: Path_, **parts: Any) -> None:
    """Write the states of `parts` under their names: modules, optimizers, schedules, generators.

    A part is anything with a `state_dict()`, a `np.random.Generator`, or a value that `nn.save` takes:
    numbers, strings, arrays, and dicts and lists of them.  The state of a module consists of its
    parameters and buffers, and of the generators that it draws from, such as a `Dropout`'s.

    Raises nn.errors.ArgumentError for any other part; an existing file is then unchanged.

    >>> import nn, tempfile
    >>> model, rng = nn.Linear(2, 1, rng=0), np.random.default_rng(0)
    >>> optimizer = nn.optim.Adam(model.parameters())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = f"{folder}/run.safetensors"
    ...     save_checkpoint(path, model=model, optimizer=optimizer, epoch=3, rng=rng)
    ...     rest = load_checkpoint(path, model=model, optimizer=optimizer, rng=rng)
    >>> rest
    {'epoch': 3}
    """
    save({name: state_of(part) for name, part in parts.items()}, path)


def load_checkpoint(path: Path_, **parts: Any) -> dict[str, Any]:
    """The content of a checkpoint other than the states of `parts`, which are restored.

    Raises nn.errors.FormatError as `nn.load` does, and StateError or ArgumentError if a part is not in the
    file or its state does not fit.  All parts are then unchanged.
    """
    states = load(path)
    if missing := [name for name in parts if name not in states]:
        raise StateError(f"{path} has no {missing[0]!r}: it has {', '.join(map(repr, states))}")
    with all_or_nothing(parts):
        for name, part in parts.items():
            restore(part, states[name], name)
    return {name: state for name, state in states.items() if name not in parts}


@contextlib.contextmanager
def as_it_was(model: Module) -> Iterator[None]:
    """A block after which the effects of forward passes are undone: buffers and generators are restored."""
    buffers = [(buffer, buffer.data.copy()) for buffer in model.buffers()]
    drawn = [(rng, rng.bit_generator.state) for _, rng in generators(model)]
    try:
        yield
    finally:
        for rng, state in drawn:
            rng.bit_generator.state = state
        with no_grad():
            for buffer, data in buffers:
                if not np.array_equal(buffer.data, data, equal_nan=True):
                    buffer[...] = data


@contextlib.contextmanager
def all_or_nothing(parts: dict[str, Any]) -> Iterator[None]:
    """A block that restores `parts` if it raises."""
    before = {name: state_of(part) for name, part in parts.items()}
    try:
        yield
    except BaseException:
        for name, part in parts.items():
            restore(part, before[name], name)
        raise


def state_of(part: Any) -> Any:
    """The state of a part, made of values that a file can hold."""
    if isinstance(part, Module):
        drawn = {name: state_of(rng) for name, rng in generators(part)}
        return {"parameters": part.state_dict(), "generators": drawn}
    if isinstance(part, np.random.Generator):
        return part.bit_generator.state
    return part.state_dict() if hasattr(part, "state_dict") else part


def restore(part: Any, state: Any, name: str) -> None:
    """Put a state back into the part that it belongs to."""
    try:
        if isinstance(part, Module):
            rngs = dict(generators(part))
            if rngs.keys() != state["generators"].keys():
                raise StateError(f"{name} draws from {sorted(rngs)}, not {sorted(state['generators'])}")
            part.load_state_dict(state["parameters"])
            for key, rng in rngs.items():
                restore(rng, state["generators"][key], f"{name}.{key}")
        elif isinstance(part, np.random.Generator):
            part.bit_generator.state = state
        elif hasattr(part, "load_state_dict"):
            part.load_state_dict(state)
        else:
            raise StateError(
                f"{name} is a {type(part).__name__}, which takes no state: leave it out, and it is returned"
            )
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, AutogradError):
            raise
        raise StateError(f"the state of {name} does not fit a {type(part).__name__}: {error!r}") from None


def generators(module: Module) -> Iterator[tuple[str, np.random.Generator]]:
    """The random generators that modules hold as attributes, with their names: "1.rng"."""
    for path, part in module.named_modules():
        for name, value in vars(part).items():
            if isinstance(value, np.random.Generator):
                yield f"{path}.{name}" if path else name, value
