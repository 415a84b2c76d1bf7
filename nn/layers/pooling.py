"""Pooling as layers."""

from __future__ import annotations

from typing import Any

from .. import functional as F  # noqa: N812  (PyTorch's customary name for it)
from ..module import Module

__all__ = ["AvgPool1d", "AvgPool2d", "MaxPool1d", "MaxPool2d"]


class MaxPool(Module):
    """The shared part of the two layers below: their options."""

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1) -> None:
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.dilation = padding, dilation

    def extra_repr(self) -> str:
        options = "kernel_size", "stride", "padding", "dilation"
        return ", ".join(f"{name}={getattr(self, name)}" for name in options)


class MaxPool1d(MaxPool):
    """y[..., i] = max over k of x[..., stride i + dilation k - padding].

    Arguments and errors are the same as for `nn.functional.max_pool1d`.

    >>> import numpy as np
    >>> MaxPool1d(2)(np.array([[3.0, 1.0, 2.0, 5.0]]))
    array([[3., 5.]])
    """

    def forward(self, x: Any) -> Any:
        return F.max_pool1d(x, self.kernel_size, self.stride, self.padding, self.dilation)


class MaxPool2d(MaxPool):
    """y[..., i, j] = max over k and l of x[..., i + k, j + l], with strides.

    Arguments and errors are the same as for `nn.functional.max_pool2d`.

    >>> import numpy as np
    >>> MaxPool2d(2)(np.zeros((5, 8, 26, 26))).shape
    (5, 8, 13, 13)
    """

    def forward(self, x: Any) -> Any:
        return F.max_pool2d(x, self.kernel_size, self.stride, self.padding, self.dilation)


class AvgPool(Module):
    """The shared part of the two layers below: their options."""

    def __init__(
        self, kernel_size: Any, stride: Any = None, padding: Any = 0, *, count_include_pad: bool = True
    ) -> None:
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.count_include_pad = padding, count_include_pad

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool1d(AvgPool):
    """y[..., i] = mean over k of x[..., stride i + k - padding].

    Arguments and errors are the same as for `nn.functional.avg_pool1d`.

    >>> import numpy as np
    >>> AvgPool1d(2)(np.array([[3.0, 1.0, 2.0, 5.0]]))
    array([[2. , 3.5]])
    """

    def forward(self, x: Any) -> Any:
        return F.avg_pool1d(x, self.kernel_size, self.stride, self.padding, self.count_include_pad)


class AvgPool2d(AvgPool):
    """y[..., i, j] = mean over k and l of x[..., i + k, j + l], with strides.

    Arguments and errors are the same as for `nn.functional.avg_pool2d`.

    >>> import numpy as np
    >>> AvgPool2d(2)(np.zeros((5, 8, 26, 26))).shape
    (5, 8, 13, 13)
    """

    def forward(self, x: Any) -> Any:
        return F.avg_pool2d(x, self.kernel_size, self.stride, self.padding, self.count_include_pad)
