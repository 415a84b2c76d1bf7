"""Activation functions that `autograd` does not have already, elementwise and fused.

They are safe for any finite input.  In the rules, masks multiply: `g * (x > 0)` has the dtype of g.
"""

from __future__ import annotations

from math import pi, sqrt
from typing import Any

import numpy as np

from autograd import op, sigmoid

from ..errors import ArgumentError

__all__ = ["elu", "gelu", "leaky_relu", "silu"]


@op(rules=[lambda g, y, x, negative_slope=0.01: g * (x > 0) + negative_slope * g * (x <= 0)])
def leaky_relu(x: Any, negative_slope: float = 0.01) -> Any:
    """x where x > 0, else negative_slope * x; its derivative at 0 is negative_slope.

    Source: Maas, Hannun and Ng, Rectifier Nonlinearities Improve Neural Network Acoustic Models
    (2013), eq. 2.

    >>> leaky_relu(np.array([-2.0, 0.0, 3.0]), negative_slope=0.5)
    array([-1.,  0.,  3.])
    """
    return np.where(x > 0, x, negative_slope * x)


@op(rules=[lambda g, y, x, alpha=1.0: g * (x > 0) + g * (y + alpha) * (x <= 0)])
def elu(x: Any, alpha: float = 1.0) -> Any:
    """x where x > 0, else alpha (exp(x) - 1); its derivative at 0 is alpha.

    Source: Clevert, Unterthiner and Hochreiter, Fast and Accurate Deep Network Learning by
    Exponential Linear Units (2016), eq. 15.

    >>> elu(np.array([-1000.0, 0.0, 3.0]))
    array([-1.,  0.,  3.])
    """
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def silu_rule(g: Any, y: Any, x: Any) -> Any:
    """s + x s (1 - s), with s = sigmoid(x) and x s = y."""
    s = sigmoid(x)
    return g * (s + y * (1 - s))


@op(rules=[silu_rule])
def silu(x: Any) -> Any:
    """x sigmoid(x), also called swish.

    Source: Elfwing, Uchibe and Doya, Sigmoid-Weighted Linear Units (2018), eq. 2.

    >>> silu(np.array([-1000.0, 0.0, 1000.0]))
    array([  -0.,    0., 1000.])
    """
    return x * sigmoid(x)


# GELU is x Phi(x) with the normal distribution Phi, which NumPy lacks; Phi is nearly (1 + tanh(u)) / 2.


def gelu_argument(x: Any) -> Any:
    """u = sqrt(2/pi) (x + 0.044715 x^3)."""
    return sqrt(2 / pi) * (x + 0.044715 * x * x * x)


def gelu_rule(g: Any, y: Any, x: Any, approximate: str = "none") -> Any:
    """(1 + tanh u)/2 + x (1 - tanh^2 u) u'/2, with u' = sqrt(2/pi) (1 + 3 * 0.044715 x^2)."""
    t = np.tanh(gelu_argument(x))
    return g * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * (sqrt(2 / pi) * (1 + 3 * 0.044715 * x * x)))


@op(rules=[gelu_rule])
def gelu(x: Any, approximate: str = "none") -> Any:
    """x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2, with approximate="tanh".

    It differs from the exact x Phi(x), Phi the normal distribution, by at most 0.0005.

    Raises ArgumentError for approximate="none", the exact function: NumPy has no error function.

    Source: Hendrycks and Gimpel, Gaussian Error Linear Units (2016), section 2.

    >>> gelu(np.array([-1000.0, 0.0, 1000.0]), approximate="tanh")
    array([  -0.,    0., 1000.])
    """
    if approximate != "tanh":
        raise ArgumentError(
            f"gelu with approximate={approximate!r}: the exact function needs the error function, "
            'which NumPy lacks; pass approximate="tanh" for an approximation to within 0.0005'
        )
    return 0.5 * x * (1 + np.tanh(gelu_argument(x)))
