"""Elementwise activation functions that `autograd` does not have, each fused into one operation.

They are safe for any finite input.  The rules multiply by masks, since `g * (x > 0)` keeps the dtype of g.
"""

from __future__ import annotations

import math
from math import pi, sqrt
from typing import Any

import numpy as np

from autograd import op, sigmoid, softplus
from autograd.errors import ShapeError

from ..errors import ArgumentError

__all__ = [
    "celu",
    "elu",
    "gelu",
    "glu",
    "leaky_relu",
    "logsigmoid",
    "mish",
    "prelu",
    "selu",
    "silu",
    "softsign",
    "tanhshrink",
]


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
    """g times the derivative s + x s (1 - s), where s = sigmoid(x) and x s = y."""
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


# GELU is x Phi(x), where Phi is the normal distribution and phi its density.


def normal_distribution(x: Any) -> Any:
    """Phi(x) = erfc(-x / sqrt(2)) / 2, from SciPy if it is installed, else number by number."""
    try:
        from scipy.special import erfc
    except ImportError:
        erfc = ERFC
    x = np.asarray(x)
    return np.asarray(erfc(x * -sqrt(0.5)), x.dtype if x.dtype.kind in "fc" else float) / 2


ERFC = np.frompyfunc(math.erfc, 1, 1)


@op(rules=[lambda g, y, x: g * (np.exp(-x * x / 2) * (1 / sqrt(2 * pi)))])
def phi(x: Any) -> Any:
    """Phi(x), whose derivative is exp(-x^2/2) / sqrt(2 pi)."""
    return normal_distribution(x)


def gelu_argument(x: Any) -> Any:
    """u = sqrt(2/pi) (x + 0.044715 x^3)."""
    return sqrt(2 / pi) * (x + 0.044715 * x * x * x)


def gelu_rule(g: Any, y: Any, x: Any, approximate: str = "none") -> Any:
    """g (Phi + x phi), or g ((1 + tanh u) + x (1 - tanh^2 u) u')/2, u' = sqrt(2/pi) (1 + 0.134145 x^2)."""
    if approximate == "none":
        return g * (phi(x) + x * (np.exp(-x * x / 2) * (1 / sqrt(2 * pi))))
    t = np.tanh(gelu_argument(x))
    return g * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * (sqrt(2 / pi) * (1 + 3 * 0.044715 * x * x)))


@op(rules=[gelu_rule])
def gelu(x: Any, approximate: str = "none") -> Any:
    """x Phi(x) with the normal distribution Phi, or x (1 + tanh u)/2, u = sqrt(2/pi) (x + 0.044715 x^3).

    approximate="tanh" selects the second formula, which differs from the first by at most 0.0005.  The
    first is faster if SciPy is installed, since NumPy has no error function.

    Raises ArgumentError for another approximation.

    Source: Hendrycks and Gimpel, Gaussian Error Linear Units (2016), section 2.

    >>> gelu(np.array([-1000.0, 0.0, 1000.0]))
    array([  -0.,    0., 1000.])
    """
    if approximate not in ("none", "tanh"):
        raise ArgumentError(f'gelu: approximate={approximate!r} is neither "none" nor "tanh"')
    return x * normal_distribution(x) if approximate == "none" else 0.5 * x * (1 + np.tanh(gelu_argument(x)))


# Composed of other functions, and recorded as these


def prelu(x: Any, weight: Any) -> Any:
    """x where x > 0, else weight x; its derivative at 0 is weight.

    x: (n, channels, ...), weight: (channels,), or (1,) for all channels.

    Raises autograd.errors.ShapeError for a weight of another shape.

    Source: He et al., Delving Deep into Rectifiers (2015), eq. 1.

    >>> from autograd import Tensor
    >>> prelu(np.array([[-2.0, 3.0]]), Tensor([0.25]))
    Tensor([[-0.5,  3. ]], dtype=float64)
    """
    if weight.shape != (1,) and weight.shape != np.shape(x)[1:2]:
        raise ShapeError(
            f"prelu takes a weight of one slope, or one for each channel of x of shape {np.shape(x)}, "
            f"not {weight.shape}"
        )
    slopes = weight if weight.shape == (1,) else weight.reshape(-1, *(1,) * (np.ndim(x) - 2))
    return np.where(x > 0, x, slopes * x)


SELU_SCALE, SELU_ALPHA = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717


def selu(x: Any) -> Any:
    """scale elu(x, alpha), with scale 1.0507... and alpha 1.6733..., which preserve a variance of 1.

    Source: Klambauer et al., Self-Normalizing Neural Networks (2017), eq. 2.

    >>> selu(np.array([-1000.0, 0.0, 1.0])).round(4)
    array([-1.7581,  0.    ,  1.0507])
    """
    return SELU_SCALE * elu(x, SELU_ALPHA)


@op(rules=[lambda g, y, x, alpha=1.0: g * (x > 0) + g * (y / alpha + 1) * (x <= 0)])
def celu(x: Any, alpha: float = 1.0) -> Any:
    """x where x > 0, else alpha (exp(x / alpha) - 1): an `elu` whose derivative at 0 is 1 for any alpha.

    Source: Barron, Continuously Differentiable Exponential Linear Units (2017), eq. 1.

    >>> celu(np.array([-1000.0, 0.0, 3.0]), alpha=2.0)
    array([-2.,  0.,  3.])
    """
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0) / alpha))


def logsigmoid(x: Any) -> Any:
    """log(1 / (1 + exp(-x))), elementwise.

    >>> logsigmoid(np.array([-1000.0, 1000.0]))
    array([-1000.,     0.])
    """
    return 0 - softplus(0.0 - x)  # not -x, which fails for unsigned integers


def mish(x: Any) -> Any:
    """x tanh(log(1 + exp(x))), elementwise.

    Source: Misra, Mish: A Self Regularized Non-Monotonic Activation Function (2020), eq. 1.

    >>> mish(np.array([-1.0, 0.0, 1.0])).round(4)
    array([-0.3034,  0.    ,  0.8651])
    """
    return x * np.tanh(softplus(x))


def softsign(x: Any) -> Any:
    """x / (1 + |x|), elementwise.

    Source: Glorot and Bengio, Understanding the Difficulty of Training Deep Feedforward Neural Networks
    (2010), section 3.3.

    >>> softsign(np.array([-1.0, 0.0, 3.0]))
    array([-0.5 ,  0.  ,  0.75])
    """
    return x / (1 + np.abs(x))


def tanhshrink(x: Any) -> Any:
    """x - tanh(x), elementwise.

    >>> tanhshrink(np.array([-1.0, 0.0, 1.0])).round(4)
    array([-0.2384,  0.    ,  0.2384])
    """
    return x - np.tanh(x)


def glu(x: Any, axis: int = -1) -> Any:
    """a sigmoid(b), where a and b are the two halves of x along `axis`.

    Raises autograd.errors.ShapeError if x cannot be halved along this axis.

    Source: Dauphin et al., Language Modeling with Gated Convolutional Networks (2017), eq. 1.

    >>> glu(np.array([3.0, 0.0]))
    array([1.5])
    """
    if not np.ndim(x) or np.shape(x)[axis] % 2:
        raise ShapeError(f"glu cuts x along axis {axis} into halves, and x has shape {np.shape(x)}")
    a, b = np.split(x, 2, axis=axis)
    return a * sigmoid(b)
