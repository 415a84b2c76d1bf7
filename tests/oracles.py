"""Numerical derivatives to compare the rules with, in plain NumPy without the library.

Every function here takes a function `phi(t)` of one number, which returns an array, and differentiates it at
t = 0.  If t moves one element of an argument, the derivatives are a gradient.  If t moves all arguments
along a direction, the derivative is a product with the Jacobian.  The second applied to the first gives
a product with the Hessian.  Each method returns the derivative with an estimate of its error, in the same
unit.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import factorial
from typing import Any

import numpy as np

Array = Any
Estimate = tuple[Array, float]
Derivative = Callable[[Callable[[Any], Array]], Estimate]

EPS = 2.0**-52
STEPS = [2.0**-k for k in (5, 6, 7, 8)]


def complex_step(phi: Callable[[Any], Array]) -> Estimate:
    """The derivative at 0 of an analytic `phi`: Im phi(ih) / h.

    No difference is taken, so nothing cancels, and h can be so small that h² vanishes beside 1: the
    derivative is as exact as `phi` itself.

    Source: Squire and Trapp, Using Complex Variables to Estimate Derivatives of Real Functions,
    SIAM Review 40 (1998), equation 2.

    >>> float(complex_step(lambda t: np.exp(3 * t))[0])
    3.0
    """
    h = 1e-30
    value = np.imag(phi(1j * h)) / h
    return value, 8 * EPS * largest(value)


def richardson(phi: Callable[[Any], Array], steps: Sequence[float] = STEPS) -> Estimate:
    """The derivative at 0 of any smooth real `phi`, by central differences with steps h, h/2, h/4 and h/8.

    The error of a central difference is a series in h², and each extrapolation removes one term of it; an
    error of order h⁸ is left.  It is estimated by the change in the last extrapolation, and by the effect
    of rounding on a difference: eps |phi| / h.

    Source: Press et al., Numerical Recipes (2007), section 5.7.

    >>> value, error = richardson(np.exp)
    >>> bool(abs(value - 1) < error < 1e-11)
    True
    """
    rounding = 4 * EPS * largest(np.asarray(phi(0.0))) / steps[-1]
    return extrapolated([(np.asarray(phi(h)) - np.asarray(phi(-h))) / (2 * h) for h in steps], rounding)


def curvature(phi: Callable[[Any], Array], steps: Sequence[float] = STEPS) -> Estimate:
    """The second derivative at 0 of any smooth real `phi`, as `richardson` finds the first.

    Here rounding is divided by the square of a step.

    >>> value, error = curvature(np.exp)
    >>> bool(abs(value - 1) < error < 1e-9)
    True
    """
    middle = np.asarray(phi(0.0))
    rounding = 16 * EPS * largest(middle) / steps[-1] ** 2
    return extrapolated([(phi(h) - 2 * middle + phi(-h)) / h**2 for h in steps], rounding)


def extrapolated(row: list[Array], rounding: float) -> Estimate:
    """The limit of what was found with the steps, each half of the one before."""
    for k in range(1, len(row)):
        before, row = row[-1], [b + (b - a) / (4**k - 1) for a, b in pairwise(row)]
    return row[0], largest(row[0] - before) + rounding


def cauchy(phi: Callable[[Any], Array], order: int, radius: float = 0.125) -> Estimate:
    """The derivative of any order at 0 of a `phi` analytic within `radius`: Cauchy's integral.

    phi⁽ⁿ⁾(0) = n!/(N rⁿ) Σ phi(r wᵏ) w⁻ⁿᵏ with w = exp(2πi/N).  For an analytic function the sum over N
    points converges like (r/R)^N, where R is the distance to the nearest singularity.

    Source: Lyness and Moler, Numerical Differentiation of Analytic Functions, SIAM J. Numer. Anal. 4 (1967).

    >>> float(cauchy(np.exp, 3)[0].round(12))
    1.0
    """
    w = np.exp(2j * np.pi * np.arange(32) / 32)
    values = [phi(radius * u) for u in w]
    scale = factorial(order) / radius**order
    value = scale / 32 * np.real(sum(y * u**-order for y, u in zip(values, w, strict=True)))
    return value, 4 * EPS * scale * largest(np.array(values))


def largest(a: Array) -> float:
    """The largest magnitude in `a`, 0 if it is empty."""
    return float(np.max(np.abs(a), initial=0))


def displaced(x: Array, k: int, t: Any) -> Array:
    """`x` with its k-th element moved by t."""
    x = np.array(x, np.result_type(x, t))
    x.flat[k] += t
    return x


def moved(arrays: Sequence[Array], directions: Sequence[Array], t: Any) -> list[Array]:
    """All arrays, each moved by t along its direction."""
    return [x + t * v for x, v in zip(arrays, directions, strict=True)]


def gradient(
    derivative: Derivative, f: Callable[..., Array], arrays: Sequence[Array], g: Array, i: int
) -> Estimate:
    """The gradient of Σ g f(*arrays) with respect to arrays[i], one element after the other."""

    def element(k: int) -> Estimate:
        return derivative(lambda t: np.sum(g * f(*arrays[:i], displaced(arrays[i], k, t), *arrays[i + 1 :])))

    values, errors = zip(*map(element, range(arrays[i].size)), strict=True) if arrays[i].size else ((), ())
    return np.array(values, float).reshape(arrays[i].shape), max(errors, default=0.0)


def jacobian_product(
    derivative: Derivative, f: Callable[..., Array], arrays: Sequence[Array], directions: Sequence[Array]
) -> Estimate:
    """The rate of change of f(*arrays) as the arrays move along the directions."""
    return derivative(lambda t: f(*moved(arrays, directions, t)))


def hessian_product(
    derivative: Derivative,
    f: Callable[..., Array],
    arrays: Sequence[Array],
    directions: Sequence[Array],
    g: Array,
    i: int,
) -> Estimate:
    """The rate of change of the gradient with respect to arrays[i] as all move along the directions."""
    return richardson(lambda t: gradient(derivative, f, moved(arrays, directions, t), g, i)[0])
