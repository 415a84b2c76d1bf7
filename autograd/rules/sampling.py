"""Derivatives of evenly spaced numbers, of powers as columns, and of sample covariances."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ops import compose
from ..tensor import Tensor


def shaped(t: Any) -> Any:
    """`t` as something that has a shape: a Tensor or an array."""
    return t if type(t) is Tensor else np.asarray(t)


# Numbers in a row


@compose(np.linspace)
def linspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, *, axis: int = 0) -> Any:
    """start + (stop - start) i/n for i = 0 .. n, or to n - 1 without the end."""
    steps = max(num - 1 if endpoint else num, 1)
    start, stop = start * 1.0, stop * 1.0
    share = (np.arange(num) / steps).reshape(-1, *(1,) * np.ndim(start + stop))
    row = start * (1 - share) + stop * share
    return row if axis == 0 else np.moveaxis(row, 0, axis)


@compose(np.vander)
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:  # noqa: N803
    """The columns x⁰, x¹, ..., the highest power first unless `increasing`."""
    powers = np.arange(len(x) if N is None else N)
    return x[:, None] ** (powers if increasing else powers[::-1])


@compose(np.trim_zeros)
def trim_zeros(filt: Any, trim: str = "fb") -> Any:
    """What lies between the zeros at the front (f) and at the back (b)."""
    there = np.flatnonzero(filt.data)
    first = there[0] if there.size and "f" in trim.lower() else 0
    last = there[-1] + 1 if there.size and "b" in trim.lower() else len(filt)
    return filt[first:last] if there.size else filt[:0]


@compose(np.unwrap)
def unwrap(p: Any, discont: Any = None, axis: int = -1, *, period: float = 2 * np.pi) -> Any:
    """p, moved by whole periods: which does not change its derivative."""
    return p + (np.unwrap(p.data, discont, axis, period=period) - p.data)


# Samples


@compose(np.cov)
def cov(m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None) -> Any:
    """c cᵀ / (n - ddof) of the variables c, one a row, less their means over n observations."""
    rows = variables(m, rowvar) if y is None else np.concatenate([variables(m, rowvar), variables(y, rowvar)])
    n = rows.shape[1] - ((0 if bias else 1) if ddof is None else ddof)
    centred = rows - rows.mean(axis=1, keepdims=True)
    return (centred @ np.conjugate(centred.T) / n).squeeze()


def variables(m: Any, rowvar: bool) -> Any:
    """The observations of one variable in each row."""
    rows = np.atleast_2d(shaped(m))
    return rows if rowvar or len(rows) == 1 else rows.T


@compose(np.corrcoef)
def corrcoef(x: Any, y: Any = None, rowvar: bool = True) -> Any:
    """The covariances over the product of the two deviations."""
    c = cov(x, y, rowvar)
    if not np.ndim(c):
        return c / c
    deviations = np.sqrt(np.diagonal(c))
    return c / deviations[:, None] / deviations
