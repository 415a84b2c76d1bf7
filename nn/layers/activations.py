"""Activations as modules.  Those without options are their function, so calling them costs no more."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functional as F  # noqa: N812  (PyTorch's customary name for it)
from ..errors import ArgumentError
from ..module import Module, Parameter

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "GLU",
    "SELU",
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "Identity",
    "LeakyReLU",
    "LogSigmoid",
    "LogSoftmax",
    "Mish",
    "PReLU",
    "ReLU",
    "ReLU6",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Softshrink",
    "Softsign",
    "Tanh",
    "Tanhshrink",
    "Threshold",
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
    """x Phi(x), Phi the normal distribution; or x (1 + tanh u)/2, u = sqrt(2/pi) (x + 0.044715 x^3).

    The latter with approximate="tanh".  Raises nn.errors.ArgumentError for another approximation.

    >>> GELU()(np.array([-1.0, 0.0, 1.0])).round(3)
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

    axis is NumPy's name for PyTorch's dim, here and in `LogSoftmax` and `GLU`.

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


class ReLU6(Module):
    """min(max(x, 0), 6), elementwise; its derivative at 0 and 6 is 0.

    >>> ReLU6()(np.array([-1.0, 2.0, 8.0]))
    array([0., 2., 6.])
    """

    forward = staticmethod(F.relu6)


class Hardsigmoid(Module):
    """min(max(x + 3, 0), 6) / 6, elementwise; its derivative at -3 and 3 is 0.

    >>> Hardsigmoid()(np.array([-4.0, 0.0, 1.5]))
    array([0.  , 0.5 , 0.75])
    """

    forward = staticmethod(F.hardsigmoid)


class Hardswish(Module):
    """x hardsigmoid(x), elementwise; its derivative at -3 is 0 and at 3 is 1.

    >>> Hardswish()(np.array([-4.0, 1.0, 4.0])).round(4)
    array([-0.    ,  0.6667,  4.    ])
    """

    forward = staticmethod(F.hardswish)


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


class Hardtanh(Module):
    """x between min_val and max_val, and the nearer of them beyond; its derivative at either is 0.

    >>> Hardtanh()(np.array([-4.0, 0.5, 4.0]))
    array([-1. ,  0.5,  1. ])
    """

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0) -> None:
        self.min_val, self.max_val = min_val, max_val

    def forward(self, x: Any) -> Any:
        return F.hardtanh(x, self.min_val, self.max_val)

    def extra_repr(self) -> str:
        return f"min_val={self.min_val}, max_val={self.max_val}"


class Hardshrink(Module):
    """x where |x| > lambd, else 0; its derivative at either edge is 0.

    >>> Hardshrink()(np.array([-0.4, 0.5, 2.0]))
    array([-0.,  0.,  2.])
    """

    def __init__(self, lambd: float = 0.5) -> None:
        self.lambd = lambd

    def forward(self, x: Any) -> Any:
        return F.hardshrink(x, self.lambd)

    def extra_repr(self) -> str:
        return f"lambd={self.lambd}"


class Softshrink(Module):
    """sign(x) max(|x| - lambd, 0), elementwise; its derivative at either edge is 0.

    >>> Softshrink()(np.array([-2.0, 0.4, 2.0]))
    array([-1.5,  0. ,  1.5])
    """

    def __init__(self, lambd: float = 0.5) -> None:
        self.lambd = lambd

    def forward(self, x: Any) -> Any:
        return F.softshrink(x, self.lambd)

    def extra_repr(self) -> str:
        return f"lambd={self.lambd}"


class Threshold(Module):
    """x where x > threshold, else value; its derivative at the threshold is 0.

    >>> Threshold(1.0, 0.0)(np.array([0.5, 1.0, 2.0]))
    array([0., 0., 2.])
    """

    def __init__(self, threshold: float, value: float) -> None:
        self.threshold, self.value = threshold, value

    def forward(self, x: Any) -> Any:
        return F.threshold(x, self.threshold, self.value)

    def extra_repr(self) -> str:
        return f"threshold={self.threshold}, value={self.value}"


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


class PReLU(Module):
    """x where x > 0, else weight x, elementwise; its derivative at 0 is weight.

    weight: (num_parameters,), at first all init; x: (n, num_parameters, ...), or any if there is one.

    Raises, when it is called, autograd.errors.ShapeError for x with other channels.

    Source: He et al., Delving Deep into Rectifiers (2015), eq. 1.

    >>> PReLU()(np.array([-2.0, 3.0]))
    Tensor([-0.5,  3. ], dtype=float64, requires_grad=True, made by where)
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25, *, dtype: Any = np.float64) -> None:
        if num_parameters < 1:
            raise ArgumentError(f"PReLU({num_parameters}) needs at least one parameter")
        self.weight = Parameter(np.full(num_parameters, init, dtype))

    def forward(self, x: Any) -> Any:
        return F.prelu(x, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={len(self.weight)}"
