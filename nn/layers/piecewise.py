"""Piecewise activations as modules.  Where there are no options, `forward` is the function itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functional as F  # noqa: N812  (PyTorch's customary name for it)
from ..errors import ArgumentError
from ..module import Module, Parameter

__all__ = [
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "LeakyReLU",
    "PReLU",
    "ReLU",
    "ReLU6",
    "Softshrink",
    "Threshold",
]


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


class PReLU(Module):
    """x where x > 0, else weight x, elementwise; its derivative at 0 is weight.

    weight: (num_parameters,), initially `init`; x: (n, num_parameters, ...), or any shape for one parameter.

    A call raises autograd.errors.ShapeError for x with other channels.

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


class ReLU6(Module):
    """min(max(x, 0), 6), elementwise; its derivative at 0 and 6 is 0.

    >>> ReLU6()(np.array([-1.0, 2.0, 8.0]))
    array([0., 2., 6.])
    """

    forward = staticmethod(F.relu6)


class Hardtanh(Module):
    """x between min_val and max_val, and the nearer bound elsewhere; its derivative at a bound is 0.

    >>> Hardtanh()(np.array([-4.0, 0.5, 4.0]))
    array([-1. ,  0.5,  1. ])
    """

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0) -> None:
        self.min_val, self.max_val = min_val, max_val

    def forward(self, x: Any) -> Any:
        return F.hardtanh(x, self.min_val, self.max_val)

    def extra_repr(self) -> str:
        return f"min_val={self.min_val}, max_val={self.max_val}"


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
