"""Activations as modules.  Those without options are their function, so calling them costs no more."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functional as F  # noqa: N812  (PyTorch's customary name for it)
from ..module import Module

__all__ = [
    "ELU",
    "GELU",
    "Identity",
    "LeakyReLU",
    "LogSoftmax",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
]


class Identity(Module):
    """x.

    >>> Identity()(3.0)
    3.0
    """

    def forward(self, x: Any) -> Any:
        return x


class Sigmoid(Module):
    """1 / (1 + exp(-x)), elementwise.

    >>> Sigmoid()(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """

    forward = staticmethod(F.sigmoid)


class Tanh(Module):
    """(exp(x) - exp(-x)) / (exp(x) + exp(-x)), elementwise.

    >>> Tanh()(np.array([-1000.0, 0.0, 1000.0]))
    array([-1.,  0.,  1.])
    """

    forward = staticmethod(np.tanh)


class ReLU(Module):
    """max(x, 0), elementwise; its derivative at 0 is 0.

    >>> ReLU()(np.array([-2.0, 0.0, 3.0]))
    array([0., 0., 3.])
    """

    forward = staticmethod(F.relu)


class LeakyReLU(Module):
    """x where x > 0, else negative_slope * x, elementwise.

    >>> LeakyReLU(0.5)(np.array([-2.0, 0.0, 3.0]))
    array([-1.,  0.,  3.])
    """

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = negative_slope

    def forward(self, x: Any) -> Any:
        return F.leaky_relu(x, self.negative_slope)

    def extra_repr(self) -> str:
        return f"negative_slope={self.negative_slope}"


class ELU(Module):
    """x where x > 0, else alpha (exp(x) - 1), elementwise.

    >>> ELU(2.0)(np.array([-1000.0, 0.0, 3.0]))
    array([-2.,  0.,  3.])
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def forward(self, x: Any) -> Any:
        return F.elu(x, self.alpha)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}"


class GELU(Module):
    """x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2, elementwise, with approximate="tanh".

    Raises nn.errors.ArgumentError for approximate="none", the exact x Phi(x) with the normal
    distribution Phi: NumPy has no error function to compute it with.

    >>> GELU(approximate="tanh")(np.array([-1.0, 0.0, 1.0])).round(3)
    array([-0.159,  0.   ,  0.841])
    """

    def __init__(self, approximate: str = "none") -> None:
        F.gelu(np.zeros(1), approximate)  # refuses what it does not know here, not at the first call
        self.approximate = approximate

    def forward(self, x: Any) -> Any:
        return F.gelu(x, self.approximate)

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


class SiLU(Module):
    """x sigmoid(x), elementwise.

    >>> SiLU()(np.array([-1.0, 0.0, 1.0])).round(3)
    array([-0.269,  0.   ,  0.731])
    """

    forward = staticmethod(F.silu)


class Softplus(Module):
    """log(1 + exp(x)), elementwise.

    >>> Softplus()(np.array([-1000.0, 1000.0]))
    array([   0., 1000.])
    """

    forward = staticmethod(F.softplus)


class Softmax(Module):
    """exp(x) / sum(exp(x)), the sum over `axis`: positive, with sum 1.

    >>> Softmax()(np.array([0.0, 1000.0, 1000.0]))
    array([0. , 0.5, 0.5])
    """

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: Any) -> Any:
        return F.softmax(x, axis=self.axis)

    def extra_repr(self) -> str:
        return f"axis={self.axis}"


class LogSoftmax(Softmax):
    """x - log(sum(exp(x))), the sum over `axis`: the logarithm of the softmax.

    >>> LogSoftmax()(np.array([0.0, 1000.0]))
    array([-1000.,     0.])
    """

    def forward(self, x: Any) -> Any:
        return F.log_softmax(x, axis=self.axis)
