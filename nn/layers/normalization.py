"""Normalisation as layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import Tensor
from autograd.errors import ShapeError

from .. import functional as F  # noqa: N812  (PyTorch's customary name for it)
from ..errors import ArgumentError
from ..module import Module, Parameter

__all__ = ["BatchNorm1d", "BatchNorm2d", "GroupNorm", "LayerNorm", "RMSNorm"]


class BatchNorm(Module):
    """The shared part of the two layers below: everything but the number of axes that x has."""

    axes: tuple[int, ...]

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        dtype: Any = np.float64,
    ) -> None:
        if num_features < 1:
            raise ArgumentError(f"{type(self).__name__}({num_features}) needs at least one feature")
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.weight = Parameter(np.ones(num_features, dtype)) if affine else None
        self.bias = Parameter(np.zeros(num_features, dtype)) if affine else None
        self.running_mean = Tensor(np.zeros(num_features, dtype)) if track_running_stats else None
        self.running_var = Tensor(np.ones(num_features, dtype)) if track_running_stats else None
        self.num_batches_tracked = Tensor(0) if track_running_stats else None

    def forward(self, x: Any) -> Any:
        """The normalised x; in training, the running mean and variance move."""
        if np.ndim(x) not in self.axes or np.shape(x)[1] != self.num_features:
            raise ShapeError(
                f"{self!r} expects x of {' or '.join(map(str, self.axes))} axes, "
                f"(n, {self.num_features}, ...), and x has shape {np.shape(x)}"
            )
        seen = 0 if self.num_batches_tracked is None else self.num_batches_tracked.item() + 1
        momentum = 1 / max(seen, 1) if self.momentum is None else self.momentum  # None: the plain mean
        y = F.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, self.training, momentum, self.eps
        )
        if self.training and self.num_batches_tracked is not None:
            self.num_batches_tracked[...] = seen
        return y

    def extra_repr(self) -> str:
        affine, track_running_stats = self.weight is not None, self.running_mean is not None
        options = f"eps={self.eps}, momentum={self.momentum}, {affine=}, {track_running_stats=}"
        return f"{self.num_features}, {options}"


class BatchNorm1d(BatchNorm):
    """y = weight (x - mean) / sqrt(var + eps) + bias, with the mean and variance of each feature.

    weight, bias: (num_features,), initially 1 and 0, or None unless affine; x, y: (n, num_features) or
    (n, num_features, length).

    In training, mean and variance are computed from the samples in x.  The buffers running_mean and
    running_var, (num_features,), move the fraction `momentum` of the way towards them (with None, they are
    the mean over all batches), and num_batches_tracked counts the batches.  In evaluation, the running mean
    and variance are used, or else the ones of x unless track_running_stats.

    Raises ArgumentError for fewer than one feature.  A call raises ArgumentError for a feature with a
    single number in training, and autograd.errors.ShapeError for x of another shape.

    Source: Ioffe and Szegedy, Batch Normalization (2015), algorithms 1 and 2.

    >>> layer = BatchNorm1d(2)
    >>> layer(np.array([[1.0, 0.0], [3.0, 8.0]])).data.round(3)
    array([[-1., -1.],
           [ 1.,  1.]])
    >>> layer.running_mean
    Tensor([0.2, 0.4], dtype=float64)
    """

    axes = 2, 3


class BatchNorm2d(BatchNorm):
    """y = weight (x - mean) / sqrt(var + eps) + bias, with the mean and variance of each channel.

    weight, bias: (num_features,), initially 1 and 0, or None unless affine; x, y: (n, num_features,
    height, width).  A channel is normalised over all samples and positions; the rest is as in `BatchNorm1d`.

    >>> BatchNorm2d(3)(np.zeros((5, 3, 8, 8))).shape
    (5, 3, 8, 8)
    """

    axes = (4,)


class LayerNorm(Module):
    """y = weight (x - mean) / sqrt(var + eps) + bias, with the mean and variance of each sample's features.

    weight, bias: normalized_shape, initially 1 and 0, or None unless elementwise_affine (and no bias with
    bias=False); x, y: (..., *normalized_shape).

    Raises ArgumentError for an empty normalized_shape.  A call raises autograd.errors.ShapeError for x of
    another shape.

    Source: Ba, Kiros and Hinton, Layer Normalization (2016), eq. 4.

    >>> LayerNorm(2)(np.array([[1.0, 3.0], [5.0, 9.0]])).data.round(3)
    array([[-1.,  1.],
           [-1.,  1.]])
    """

    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        *,
        dtype: Any = np.float64,
    ) -> None:
        self.normalized_shape, self.eps = shape_of("LayerNorm", normalized_shape), eps
        self.weight = Parameter(np.ones(self.normalized_shape, dtype)) if elementwise_affine else None
        self.bias = Parameter(np.zeros(self.normalized_shape, dtype)) if elementwise_affine and bias else None

    def forward(self, x: Any) -> Any:
        return F.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        elementwise_affine = self.weight is not None
        return f"{self.normalized_shape}, eps={self.eps}, {elementwise_affine=}"


class RMSNorm(Module):
    """y = weight x / sqrt(mean(x^2) + eps), with the mean over each sample's features.

    weight: normalized_shape, initially 1, or None unless elementwise_affine; x, y: (..., *normalized_shape).
    eps: by default, the machine epsilon of x's dtype.

    Raises the errors of `LayerNorm`.

    Source: Zhang and Sennrich, Root Mean Square Layer Normalization (2019), eq. 4.

    >>> RMSNorm(3)(np.array([[3.0, 3.0, -3.0]])).data.round(12)
    array([[ 1.,  1., -1.]])
    """

    def __init__(
        self,
        normalized_shape: Any,
        eps: float | None = None,
        elementwise_affine: bool = True,
        *,
        dtype: Any = np.float64,
    ) -> None:
        self.normalized_shape, self.eps = shape_of("RMSNorm", normalized_shape), eps
        self.weight = Parameter(np.ones(self.normalized_shape, dtype)) if elementwise_affine else None

    def forward(self, x: Any) -> Any:
        return F.rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        elementwise_affine = self.weight is not None
        return f"{self.normalized_shape}, eps={self.eps}, {elementwise_affine=}"


class GroupNorm(Module):
    """y = weight (x - mean) / sqrt(var + eps) + bias, with the mean and variance of each group of channels.

    weight, bias: (num_channels,), initially 1 and 0, or None unless affine; x, y: (n, num_channels, ...).
    The channels are divided into num_groups groups, and each sample is normalised in each group.

    Raises ArgumentError if num_groups does not divide num_channels.  A call raises
    autograd.errors.ShapeError for x of another shape.

    Source: Wu and He, Group Normalization (2018), eq. 1 to 7.

    >>> GroupNorm(2, 4)(np.array([[1.0, 3.0, 5.0, 9.0]])).data.round(3)
    array([[-1.,  1., -1.,  1.]])
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        *,
        dtype: Any = np.float64,
    ) -> None:
        if num_groups < 1 or num_channels < 1 or num_channels % num_groups:
            raise ArgumentError(
                f"GroupNorm: num_groups={num_groups} does not divide num_channels={num_channels}"
            )
        self.num_groups, self.num_channels, self.eps = num_groups, num_channels, eps
        self.weight = Parameter(np.ones(num_channels, dtype)) if affine else None
        self.bias = Parameter(np.zeros(num_channels, dtype)) if affine else None

    def forward(self, x: Any) -> Any:
        if np.shape(x)[1:2] != (self.num_channels,):
            raise ShapeError(
                f"{self!r} expects x of shape (n, {self.num_channels}, ...), and x has shape {np.shape(x)}"
            )
        return F.group_norm(x, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        affine = self.weight is not None
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, {affine=}"


def shape_of(name: str, given: Any) -> tuple[int, ...]:
    """The normalised shape, which must have at least one axis and must not be empty."""
    shape = (given,) if isinstance(given, int | np.integer) else tuple(given)
    if not shape or min(shape) < 1:
        raise ArgumentError(f"{name}: normalized_shape={given!r} has nothing to normalise")
    return shape
