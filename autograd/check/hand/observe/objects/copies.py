"""Inputs as they are handed to the user's code: as leaves of a graph, or as arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .....errors import DerivationError
from .....tensor import Tensor
from .reach import Root

# What moves an input a little, by the way to it and its values
Shift = Callable[[tuple[Any, ...], Any], Any]


def lifted(path: tuple[Any, ...], value: Any, shift: Shift | None) -> Any:
    """A float array, or a Tensor of floats, as a leaf of its own in float64; anything else as a copy."""
    if type(value) is Tensor and not value.requires_grad:  # a buffer, such as a running mean
        return Tensor(value.data, dtype=float if value.dtype.kind == "f" else None)
    data = value.data if type(value) is Tensor else value
    if data.dtype.kind == "c" and path[0] is Root.INPUTS:
        raise DerivationError(
            "check.derivation takes real inputs, and one is complex: split it into real ones"
        )
    if data.dtype.kind != "f":
        return np.array(data)[()] if isinstance(data, np.ndarray | np.generic) else data
    moved = data.astype(float)
    return Tensor(shift(path, moved) if shift else moved, requires_grad=True)


def plain_copy(path: tuple[Any, ...], value: Any, shift: Shift | None) -> Any:
    """The same values as an array in float64; a Tensor stays one, without a gradient."""
    is_buffer = type(value) is Tensor and not value.requires_grad
    data = value.data if type(value) is Tensor else value
    if data.dtype.kind == "f":
        data = data.astype(float)
        data = shift(path, data) if shift and not is_buffer else data
    data = np.array(data)
    if type(value) is Tensor:
        return Tensor(data)
    return data[()] if isinstance(value, np.generic) else data
