"""Derivatives of Fourier transforms; loaded on the first call of a function of `np.fft` with a Tensor.

A transform multiplies by the matrix exp(-2πi jk/n), which is symmetric, so the rule transforms `g` in the
same way.  If the transform cut its argument, the rule appends zeros; if it appended zeros, the rule cuts.

`parts.py` states the convention for complex cotangents.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine import project
from ..functions import scatter
from ..ops import Function, compose, rule
from ..refusals import refuse_complex

# The complex transforms


def fitted(g: Any, shape: Sequence[int]) -> Any:
    """`g` cut to `shape`, or extended to it with zeros, at the end of each axis.

    >>> fitted(np.ones((1, 3)), (2, 2))
    array([[1., 1.],
           [0., 0.]])
    """
    common = tuple(slice(min(m, n)) for m, n in zip(g.shape, shape, strict=True))
    g = g if all(m <= n for m, n in zip(g.shape, shape, strict=True)) else g[common]
    return g if g.shape == tuple(shape) else scatter(g, index=common, shape=tuple(shape))


def along_one(function: Function) -> Function:
    """The rule of a transform along one axis: the same transform of g."""

    def one(g: Any, y: Any, a: Any, n: Any = None, axis: Any = -1, norm: Any = None) -> Any:
        return project(fitted(function(g, axis=axis, norm=norm), a.shape), a)

    return one


def along_several(function: Function, default: Any = None) -> Function:
    """The rule of a transform along several axes: the same transform of g.  s alone means the last axes."""

    def several(g: Any, y: Any, a: Any, s: Any = None, axes: Any = default, norm: Any = None) -> Any:
        if axes is None:
            axes = range(-len(s), 0) if s is not None else range(g.ndim)
        return project(fitted(function(g, axes=tuple(axes), norm=norm), a.shape), a)

    return several


for of_one, of_two, of_n in (
    (np.fft.fft, np.fft.fft2, np.fft.fftn),
    (np.fft.ifft, np.fft.ifft2, np.fft.ifftn),
):
    rule(of_one, along_one(of_one))
    rule(of_two, along_several(of_n, (-2, -1)))
    rule(of_n, along_several(of_n), view=True)  # without axes it returns its argument


# Transforms of real signals, composed of complex ones


def cut(a: Any, axis: int, n: int) -> Any:
    """`a` cut to n elements along an axis, or extended to n with zeros."""
    return fitted(a, [n if i == axis % a.ndim else m for i, m in enumerate(a.shape)])


@compose(np.fft.rfft)
def rfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None) -> Any:
    """The first half of fft: the second half is its conjugate."""
    refuse_complex(np.fft.rfft, a)
    n = a.shape[axis] if n is None else n
    return cut(np.fft.fft(a, n, axis, norm), axis, n // 2 + 1)


@compose(np.fft.irfft)
def irfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None) -> Any:
    """The real part of ifft.  Each element counts twice, except those that are their own conjugates."""
    n = 2 * (a.shape[axis] - 1) if n is None else n
    k = np.arange(n // 2 + 1).reshape([-1 if i == axis % a.ndim else 1 for i in range(a.ndim)])
    weights = np.where((k == 0) | (2 * k == n), 1, 2).astype(np.real(a).dtype)
    return np.real(np.fft.ifft(cut(a, axis, n // 2 + 1) * weights, n, axis, norm))


def opposite(norm: Any) -> Any:
    """The normalisation for the inverse direction."""
    return {"forward": "backward", "ortho": "ortho"}.get(norm, "forward")


@compose(np.fft.hfft)
def hfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None) -> Any:
    return irfft(np.conjugate(a), n, axis, opposite(norm))


@compose(np.fft.ihfft)
def ihfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None) -> Any:
    return np.conjugate(rfft(a, n, axis, opposite(norm)))


def sizes_and_axes(a: Any, s: Any, axes: Any) -> tuple[list[Any], list[int]]:
    """The lengths to transform, with None for the axis's own length, and the axes."""
    if axes is None:
        axes = range(-len(s), 0) if s is not None else range(a.ndim)
    sizes = [None] * len(axes) if s is None else [None if n in (None, -1) else n for n in s]
    return sizes, [operator.index(i) for i in axes]


@compose(np.fft.rfftn)
def rfftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    """rfft along the last axis, then fft along the others."""
    sizes, axes = sizes_and_axes(a, s, axes)
    a = rfft(a, sizes[-1], axes[-1], norm)
    for n, axis in zip(sizes[:-1], axes[:-1], strict=True):
        a = np.fft.fft(a, n, axis, norm)
    return a


@compose(np.fft.irfftn)
def irfftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    """ifft along all axes but the last, then irfft along the last."""
    sizes, axes = sizes_and_axes(a, s, axes)
    for n, axis in zip(sizes[:-1], axes[:-1], strict=True):
        a = np.fft.ifft(a, n, axis, norm)
    return irfft(a, sizes[-1], axes[-1], norm)


@compose(np.fft.rfft2)
def rfft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None) -> Any:
    return rfftn(a, s, axes, norm)


@compose(np.fft.irfft2)
def irfft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None) -> Any:
    return irfftn(a, s, axes, norm)


def shifted(x: Any, axes: Any, sign: int) -> Any:
    """`x` rolled along axes by half of their lengths, rounded down: forward or backward, by the sign."""
    axes = range(x.ndim) if axes is None else axes if isinstance(axes, Sequence) else (axes,)
    x = x if axes else np.copy(x)
    for axis in axes:
        half = sign * (x.shape[axis] // 2) % max(x.shape[axis], 1)
        start = (slice(None),) * (axis % x.ndim)
        split = x.shape[axis] - half
        x = np.concatenate([x[(*start, slice(split, None))], x[(*start, slice(split))]], axis=axis)
    return x


@compose(np.fft.fftshift)
def fftshift(x: Any, axes: Any = None) -> Any:
    return shifted(x, axes, 1)


@compose(np.fft.ifftshift)
def ifftshift(x: Any, axes: Any = None) -> Any:
    return shifted(x, axes, -1)
