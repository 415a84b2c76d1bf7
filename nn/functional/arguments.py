"""The arguments of real functions: arrays and tensors of floats."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.errors import DTypeError

__all__ = ["floats"]


def floats(name: str, x: Any) -> Any:
    """`x` as an array or tensor of floats; integers are converted.

    Raises autograd.errors.DTypeError for complex numbers, whose imaginary parts would be lost, and for
    anything that is not numbers.
    """
    x = x if hasattr(x, "ndim") else np.asarray(x)
    if x.dtype.kind == "f":
        return x
    if x.dtype.kind not in "biu":
        raise DTypeError(f"{name} takes real numbers, not {x.dtype}")
    return x.astype(float)
