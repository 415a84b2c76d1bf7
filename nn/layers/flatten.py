"""Several axes merged into one."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from autograd.errors import ShapeError

from ..module import Module

__all__ = ["Flatten"]


class Flatten(Module):
    """x with its axes from start_dim to end_dim merged into one; the order of the elements stays.

    A call raises autograd.errors.ShapeError if x does not have these axes.

    >>> Flatten()(np.zeros((5, 8, 3, 3))).shape
    (5, 72)
    >>> Flatten(0, 1)(np.zeros((5, 8, 3))).shape
    (40, 3)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, x: Any) -> Any:
        shape = np.shape(x)
        start, end = (d + len(shape) if d < 0 else d for d in (self.start_dim, self.end_dim))
        if not 0 <= start <= end < len(shape):
            raise ShapeError(f"{self!r} merges axes {start} to {end}, and x has shape {shape}")
        return np.reshape(x, (*shape[:start], prod(shape[start : end + 1]), *shape[end + 1 :]))

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"
