"""When two arrays are the same numbers, or one is a constant times the other."""

from __future__ import annotations

from typing import Any

import numpy as np

PRECISION = 1e-9  # of a tensor's own scale: some millions of roundings in float64
DIGITS = 9  # in which two constants that are the same agree

Array = Any


def largest(a: Array) -> float:
    """The largest magnitude in `a`, 0 if it is empty."""
    a = np.abs(a)
    return float(a.max()) if a.size else 0.0


def near(a: Array, b: Array, but: Array | None = None) -> bool:
    """Whether `a` is `b`, shape and all, to a part of the scale of `b`; except at some elements."""
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape or (but is not None and np.all(but)):
        return False
    if not a.size:
        return True
    apart = np.abs(a - b) if but is None else np.where(but, 0, np.abs(a - b))
    return bool(apart.max() <= PRECISION * np.abs(b).max())  # NaN is not


def ratio(a: Array, b: Array) -> float | None:
    """The constant c with a = c b, if there is one, and more than one element says so."""
    if np.shape(a) != np.shape(b) or np.count_nonzero(b) < 2 or not np.all(np.isfinite(a)):
        return None
    c = float(np.vdot(b, a) / np.vdot(b, b))
    return c if c and near(a, c * b) else None


def apart(yours: Any, true: Any) -> float:
    """The largest difference as a part of the largest true element; infinite for another shape."""
    if np.shape(yours) != np.shape(true):
        return float("inf")
    scale, difference = largest(true), largest(yours - true)
    return difference / scale if scale else float("inf") if difference else 0.0
