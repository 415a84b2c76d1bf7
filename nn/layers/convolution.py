"""Convolutions as layers."""

from __future__ import annotations

from collections.abc import Callable
from math import prod, sqrt
from typing import Any

import numpy as np

from .. import functional as F  # noqa: N812  (PyTorch's customary name for it)
from .. import init
from ..errors import ArgumentError
from ..functional.geometry import numbers
from ..module import Module, Parameter

__all__ = ["Conv1d", "Conv2d", "ConvTranspose1d", "ConvTranspose2d"]


class Convolution(Module):
    """The shared part of the layers below: their options, and the initial values of their parameters."""

    axes: int
    function: Callable[..., Any]
    transposed = False

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        rng: Any = None,
        dtype: Any = np.float64,
    ) -> None:
        name = type(self).__name__
        if in_channels < 1 or out_channels < 1:
            raise ArgumentError(
                f"{name}({in_channels}, {out_channels}) needs at least one channel on either side"
            )
        if groups < 1 or in_channels % groups or out_channels % groups:
            raise ArgumentError(
                f"{name}: groups={groups} does not divide both in_channels={in_channels} and "
                f"out_channels={out_channels}"
            )
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = numbers(name, "kernel_size", kernel_size, self.axes, 1)
        self.stride = numbers(name, "stride", stride, self.axes, 1)
        self.padding = (
            padding if isinstance(padding, str) else numbers(name, "padding", padding, self.axes, 0)
        )
        self.dilation = numbers(name, "dilation", dilation, self.axes, 1)
        outer, inner = (in_channels, out_channels) if self.transposed else (out_channels, in_channels)
        shape = outer, inner // groups, *self.kernel_size
        rng, k = np.random.default_rng(rng), 1 / sqrt(prod(shape[1:]))
        self.weight = init.uniform_(Parameter(np.zeros(shape, dtype)), -k, k, rng=rng)
        self.bias = init.uniform_(Parameter(np.zeros(out_channels, dtype)), -k, k, rng=rng) if bias else None

    def forward(self, x: Any) -> Any:
        options = self.stride, self.padding, self.dilation, self.groups
        return self.function(x, self.weight, self.bias, *options)

    def extra_repr(self) -> str:
        one, none = (1,) * self.axes, (0,) * self.axes
        plain = {"stride": one, "padding": none, "dilation": one, "groups": 1}
        given = {name: getattr(self, name) for name in plain if getattr(self, name) != plain[name]}
        given = {"kernel_size": self.kernel_size} | given | ({} if self.bias is not None else {"bias": False})
        return f"{self.in_channels}, {self.out_channels}, " + ", ".join(
            f"{k}={v!r}" for k, v in given.items()
        )


class TransposedConvolution(Convolution):
    """The shared part of the transposed layers: their options come in PyTorch's order."""

    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        *,
        rng: Any = None,
        dtype: Any = np.float64,
    ) -> None:
        options = stride, padding, dilation, groups, bias
        super().__init__(in_channels, out_channels, kernel_size, *options, rng=rng, dtype=dtype)
        self.output_padding = numbers(type(self).__name__, "output_padding", output_padding, self.axes, 0)

    def forward(self, x: Any) -> Any:
        options = self.stride, self.padding, self.output_padding, self.groups, self.dilation
        return self.function(x, self.weight, self.bias, *options)


class Conv1d(Convolution):
    """y[n, f, i] = bias[f] + Σ weight[f, c, k] x[n, c, stride i + dilation k - padding] over c and k.

    weight: (out_channels, in_channels/groups, kernel_size), bias: (out_channels,), or None with bias=False;
    x: (n, in_channels, length), y: (n, out_channels, m).  The options are the same as for `Conv2d`.

    >>> Conv1d(2, 4, 3, padding="same", rng=0)(np.zeros((5, 2, 8))).shape
    (5, 4, 8)
    """

    axes, function = 1, staticmethod(F.conv1d)


class Conv2d(Convolution):
    """y[n, f, i, j] = bias[f] + Σ weight[f, c, k, l] x[n, c, i + k, j + l] over c, k and l.

    weight: (out_channels, in_channels/groups, *kernel_size), bias: (out_channels,), or None with bias=False;
    x: (n, in_channels, height, width), y: (n, out_channels, ...).  stride, padding, dilation and groups
    are the same as for `nn.functional.conv2d`.  weight and bias are drawn from U(-k, k), k =
    1/sqrt(fan_in), with the fan_in of the weight, as in PyTorch.

    rng: a `np.random.Generator`, or a seed for one.

    Raises ArgumentError for fewer than one channel and for options that do not fit together.  A call
    raises autograd.errors.ShapeError for x with other channels, or too small for a window.

    Source: LeCun et al., Gradient-Based Learning Applied to Document Recognition (1998), section II.A.

    >>> layer = Conv2d(1, 8, 3, rng=0)
    >>> layer
    Conv2d(1, 8, kernel_size=(3, 3))
    >>> layer.weight.shape, layer.bias.shape, layer(np.zeros((5, 1, 28, 28))).shape
    ((8, 1, 3, 3), (8,), (5, 8, 26, 26))
    """

    axes, function = 2, staticmethod(F.conv2d)


class ConvTranspose1d(TransposedConvolution):
    """y[n, f, stride i + k] = bias[f] + Σ weight[c, f, k] x[n, c, i] over c, i and k.

    weight: (in_channels, out_channels/groups, kernel_size), bias: (out_channels,), or None with bias=False;
    x: (n, in_channels, length), y: (n, out_channels, m).  The options are the same as for `ConvTranspose2d`.

    >>> ConvTranspose1d(2, 4, 3, stride=2, rng=0)(np.zeros((5, 2, 8))).shape
    (5, 4, 17)
    """

    axes, function = 1, staticmethod(F.conv_transpose1d)


class ConvTranspose2d(TransposedConvolution):
    """y[n, f, i + k, j + l] = bias[f] + Σ weight[c, f, k, l] x[n, c, i, j]: each x, spread over a window.

    weight: (in_channels, out_channels/groups, *kernel_size), bias: (out_channels,), or None with bias=False;
    x: (n, in_channels, height, width), y: (n, out_channels, ...).  The options are the same as for
    `nn.functional.conv_transpose2d`.  weight and bias are drawn as in `Conv2d`; here the fan_in is, as in
    PyTorch, out_channels/groups times the number of elements in a window.

    rng: a `np.random.Generator`, or a seed for one.

    Raises the errors of `Conv2d`.

    Source: Zeiler et al., Deconvolutional Networks (2010), section 2.

    >>> layer = ConvTranspose2d(8, 1, 3, stride=2, rng=0)
    >>> layer.weight.shape, layer(np.zeros((5, 8, 13, 13))).shape
    ((8, 1, 3, 3), (5, 1, 27, 27))
    """

    axes, function = 2, staticmethod(F.conv_transpose2d)
