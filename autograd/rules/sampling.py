"""Evenly spaced numbers, columns of powers, and sample covariances, composed of simpler functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ops import compose
from .assembly import with_axes
from .calculus import arr

# Sequences of numbers


def floats(*values: Any) -> tuple[Any, ...]:
    """The first two values, in the float dtype that NumPy finds for all values and dtypes given."""
    dtypes = [v if type(v) in (type, int, float, complex) else arr(v).dtype for v in values]
    return tuple(arr(v).astype(np.result_type(1.0, *dtypes)) for v in values[:2])


@compose(np.linspace)
def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """start + (stop - start) i/n for i = 0, ..., n, or for i = 0, ..., n - 1 without the end point."""
    start, stop = floats(start, stop)
    share, steps = shares(start, stop, num, endpoint)
    row = placed(start * (1 - share) + stop * share, axis, dtype)
    return (row, (stop - start) / steps if steps else np.nan) if retstep else row


def shares(start: Any, stop: Any, num: int, endpoint: bool) -> tuple[Any, int]:
    """i/n for i = 0, ..., num - 1, on a new first axis, and n itself."""
    steps = num - 1 if endpoint else num
    dtype = np.finfo(np.result_type(start.dtype, stop.dtype)).dtype
    share = np.arange(num) / max(steps, 1)
    return share.reshape(-1, *(1,) * max(start.ndim, stop.ndim)).astype(dtype), steps


def placed(row: Any, axis: int, dtype: Any) -> Any:
    """`row` with its first axis moved to `axis`, and in `dtype` if that is given."""
    row = row if axis == 0 else np.moveaxis(row, 0, axis)
    return row if dtype is None else row.astype(dtype)


@compose(np.logspace)
def logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10.0,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """Powers of base, with evenly spaced exponents."""
    if np.ndim(base):
        n = max(map(np.ndim, (start, stop, base)))
        start, stop, base = (with_axes(a, n) for a in (start, stop, base))
        base = np.expand_dims(base, axis)
    powers = base ** np.linspace(start, stop, num, endpoint, axis=axis)
    return powers if dtype is None else powers.astype(dtype)


@compose(np.geomspace)
def geomspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0
) -> Any:
    """start (stop / start)^(i/n) for i = 0, ..., n, or for i = 0, ..., n - 1 without the end point."""
    start, stop = floats(start, stop, np.float64)
    if np.any(start == 0) or np.any(stop == 0):
        raise ValueError("Geometric sequence cannot include zero")
    share, _ = shares(start, stop, num, endpoint)
    return placed(start * (stop / start) ** share, axis, dtype)


@compose(np.vander)
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:  # noqa: N803
    """The powers x⁰, x¹, ... as columns, with the highest power first unless `increasing`."""
    powers = np.arange(len(x) if N is None else N)
    return x[:, None] ** (powers if increasing else powers[::-1])


@compose(np.trim_zeros)
def trim_zeros(filt: Any, trim: str = "fb") -> Any:
    """The elements between the zeros at the front (f) and the zeros at the back (b)."""
    there = np.flatnonzero(filt.data)
    first = there[0] if there.size and "f" in trim.lower() else 0
    last = there[-1] + 1 if there.size and "b" in trim.lower() else len(filt)
    return filt[first:last] if there.size else filt[:0]


@compose(np.unwrap)
def unwrap(p: Any, discont: Any = None, axis: int = -1, *, period: float = 2 * np.pi) -> Any:
    """p, with whole periods added, which do not change its derivative."""
    return p + (np.unwrap(p.data, discont, axis, period=period) - p.data)


# Samples


@compose(np.cov)
def cov(m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None) -> Any:
    """c c*ᵀ / (n - ddof), where each row of c is a variable minus its mean over n observations."""
    rows = variables(m, rowvar) if y is None else np.concatenate([variables(m, rowvar), variables(y, rowvar)])
    n = max(rows.shape[1] - ((0 if bias else 1) if ddof is None else ddof), 0)  # like NumPy, divide by 0
    centred = rows - rows.mean(axis=1, keepdims=True)
    return (centred @ np.conjugate(centred.T) / n).squeeze()


def variables(m: Any, rowvar: bool) -> Any:
    """The observations, as floats, with one variable in each row."""
    rows = np.atleast_2d(arr(m))
    rows = rows.astype(np.result_type(rows.dtype, float))
    return rows if rowvar or len(rows) == 1 else rows.T


@compose(np.corrcoef)
def corrcoef(x: Any, y: Any = None, rowvar: bool = True) -> Any:
    """The covariances, each divided by the standard deviations of its two variables.

    What rounding puts beyond ±1 is put back, as by NumPy, which does not change the derivative.
    """
    c = cov(x, y, rowvar)
    if not np.ndim(c):
        return c / c
    deviations = np.sqrt(np.diagonal(c))
    r = c / deviations[:, None] / deviations
    return r + (within_one(r.data) - r.data)


def within_one(r: Any) -> Any:
    """Numbers from -1 to 1; of complex ones, each part."""
    return np.clip(r.real, -1, 1) + 1j * np.clip(r.imag, -1, 1) if np.iscomplexobj(r) else np.clip(r, -1, 1)
