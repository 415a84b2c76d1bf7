"""Derivatives of `sinc` and `i0`, which are computed by a power series and by an integral."""

from math import pi
from typing import Any

import numpy as np

from ..functions import op
from ..ops import rule


def sinc_rule(g: Any, y: Any, x: Any) -> Any:
    """-g pi (sin z / z^2 - cos z / z), where z = pi x.

    The difference loses its digits near 0, so there it is computed by a power series.  The bracket is the
    spherical Bessel function j1, z/3 (1 - z^2/(2*5) (1 - z^2/(4*7) (1 - ...))).
    """
    near, series = abs(x) < 0.2, np.ones_like(x)
    small, z = np.where(near, x, 0) * pi, np.where(near, 1, x) * pi
    for k in range(8, 0, -1):
        series = 1 - small * small / (2 * k * (2 * k + 3)) * series
    bessel = np.where(near, small / 3 * series, (np.sin(z) / z - np.cos(z)) / z)
    return g * -pi * bessel


def next_moment(g: Any, y: Any, x: Any, n: int = 0) -> Any:
    """g times the next moment, which is the derivative of this one."""
    return g * cosine_moment(x, n=n + 1)


@op(rules=[next_moment])
def cosine_moment(x: Any, n: int = 0) -> Any:
    """The mean of exp(x cos t) cos(t)^n over an angle t: the n-th derivative of the Bessel function I0.

    The trapezoidal rule converges exponentially for a periodic function: 160 angles are enough for any x
    with a finite exponential.  Angles with opposite cosines are combined in one term, so that all terms
    have the same sign and nothing cancels near 0.

    Source: NIST Digital Library of Mathematical Functions, 10.32.3; Trefethen and Weideman, The
    Exponentially Convergent Trapezoidal Rule, SIAM Review 56 (2014).

    >>> cosine_moment(np.array([0.0, 1.0])).round(6)  # I0
    array([1.      , 1.266066])
    """
    cosines = np.cos((np.arange(80) + 0.5) * (pi / 160)).astype(x.dtype)
    return np.tensordot(cosines**n / 80, (np.sinh if n % 2 else np.cosh)(np.multiply.outer(cosines, x)), 1)


rule(np.sinc, sinc_rule)
rule(np.i0, lambda g, y, x: g * cosine_moment(x, n=1))
