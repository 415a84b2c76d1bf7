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
    """The largest difference as a part of the largest true element; infinite for another shape, and for NaN.

    Of single numbers the shape says nothing; of no elements nothing can be said, which is NaN.

    >>> [apart(np.array(a), np.array(b)) for a, b in ((1.0, [2.0]), ([1.0, 2.0], [1.0]), (np.nan, 1.0))]
    [0.5, inf, inf]
    """
    if not np.size(yours) or not np.size(true):
        return float("nan")
    if np.size(yours) == np.size(true) == 1:
        yours, true = np.reshape(yours, ()), np.reshape(true, ())
    if np.shape(yours) != np.shape(true) or np.any(np.isnan(yours) & ~np.isnan(true)):
        return float("inf")
    scale, difference = largest(true), largest(yours - true)
    return difference / scale if scale else float("inf") if difference else 0.0
