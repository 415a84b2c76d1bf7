"""Activations as modules.  Where there are no options, `forward` is the function itself, at no extra cost.

The piecewise linear activations are in `piecewise`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functional as F  # noqa: N812  (PyTorch's customary name for it)
from ..module import Module

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "GLU",
    "SELU",
    "Identity",
    "LogSigmoid",
    "LogSoftmax",
    "Mish",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Softsign",
    "Tanh",
    "Tanhshrink",
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
    """x Phi(x) with the normal distribution Phi, or x (1 + tanh u)/2, u = sqrt(2/pi) (x + 0.044715 x^3).

    approximate="tanh" selects the second formula.  Raises nn.errors.ArgumentError for other values.

    >>> GELU()(np.array([-1.0, 0.0, 1.0])).round(3)
    array([-0.159,  0.   ,  0.841])
    """

    def __init__(self, approximate: str = "none") -> None:
        F.gelu(np.zeros(1), approximate)  # refuses an unknown value here, not at the first call
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
    """exp(x) / sum(exp(x)), summed over `axis`: positive numbers that sum to 1.

    `axis` is NumPy's name for PyTorch's `dim`, here and in `LogSoftmax` and `GLU`.

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
    """x - log(sum(exp(x))), summed over `axis`: the logarithm of the softmax.

    >>> LogSoftmax()(np.array([0.0, 1000.0]))
    array([-1000.,     0.])
    """

    def forward(self, x: Any) -> Any:
        return F.log_softmax(x, axis=self.axis)


class SELU(Module):
    """scale elu(x, alpha), elementwise, with scale 1.0507... and alpha 1.6733...

    >>> SELU()(np.array([-1.0, 0.0, 2.0])).round(4)
    array([-1.1113,  0.    ,  2.1014])
    """

    forward = staticmethod(F.selu)


class LogSigmoid(Module):
    """log(1 / (1 + exp(-x))), elementwise.

    >>> LogSigmoid()(np.array([-1000.0, 0.0])).round(4)
    array([-1.000e+03, -6.931e-01])
    """

    forward = staticmethod(F.logsigmoid)


class Mish(Module):
    """x tanh(log(1 + exp(x))), elementwise.

    >>> Mish()(np.array([-1.0, 0.0, 2.0])).round(4)
    array([-0.3034,  0.    ,  1.944 ])
    """

    forward = staticmethod(F.mish)


class Softsign(Module):
    """x / (1 + |x|), elementwise.

    >>> Softsign()(np.array([-1.0, 0.0, 3.0]))
    array([-0.5 ,  0.  ,  0.75])
    """

    forward = staticmethod(F.softsign)


class Tanhshrink(Module):
    """x - tanh(x), elementwise.

    >>> Tanhshrink()(np.array([-1.0, 0.0, 2.0])).round(4)
    array([-0.2384,  0.    ,  1.036 ])
    """

    forward = staticmethod(F.tanhshrink)


class CELU(Module):
    """x where x > 0, else alpha (exp(x / alpha) - 1), elementwise.

    >>> CELU()(np.array([-1.0, 0.0, 2.0])).round(4)
    array([-0.6321,  0.    ,  2.    ])
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def forward(self, x: Any) -> Any:
        return F.celu(x, self.alpha)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}"


class GLU(Module):
    """a sigmoid(b), where a and b are the two halves of x along `axis`.

    >>> GLU()(np.array([1.0, 2.0, 0.0, 1000.0]))
    array([0.5, 2. ])
    """

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: Any) -> Any:
        return F.glu(x, self.axis)

    def extra_repr(self) -> str:
        return f"axis={self.axis}"
