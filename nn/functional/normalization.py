"""Normalisation to mean 0 and variance 1, over samples, over features, or over groups of features."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from autograd import Tensor, op
from autograd.errors import ShapeError

from ..errors import ArgumentError
from .arguments import floats

__all__ = ["batch_norm", "group_norm", "layer_norm", "rms_norm"]


def batch_norm(
    x: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """weight (x - mean) / sqrt(var + eps) + bias, with the mean and variance of each channel.

    x: (n, channels, ...); the others: (channels,) or None, with weight and bias both given or neither.  In
    training, the mean and variance are computed from x, and the running mean and variance, if given, move
    a fraction `momentum` of the way towards them.  The running variance moves towards the unbiased
    estimate, as in PyTorch.  Values that are not finite are skipped, since they would stay for ever.  In
    evaluation, the running mean and variance are used, or else those computed from x.

    Backward, with dy, xhat = (x - mean) / sqrt(var + eps), and means and sums over all axes but the
    channels: dweight = Σ dy xhat, dbias = Σ dy, and with dxhat = dy weight, dx = (dxhat - mean(dxhat) -
    xhat mean(dxhat xhat)) / sqrt(var + eps).  The running mean and variance do not depend on x: with
    them, dx = dxhat / sqrt(var + eps).

    Raises autograd.errors.ShapeError for shapes that do not fit, ArgumentError for a channel with a single
    number, which is its own mean.

    Source: Ioffe and Szegedy, Batch Normalization (2015), algorithms 1 and 2.

    >>> batch_norm(np.array([[1.0], [3.0]]), training=True, eps=0.0)
    array([[-1.],
           [ 1.]])
    """
    x, mine = floats("batch_norm", x), (running_mean, running_var, weight, bias)
    if x.ndim < 2 or any(np.shape(v) != x.shape[1:2] for v in mine if v is not None):
        raise misfit("batch_norm", "and all others", x, mine)
    column = (1, -1, *(1,) * (x.ndim - 2))
    if not training and running_mean is not None:
        y = (x - running_mean.reshape(column)) / np.sqrt(running_var.reshape(column) + eps)
        return scaled(y, weight, bias, column)
    axes = (0, *range(2, x.ndim))
    if x.size <= x.shape[1]:
        raise ArgumentError(
            f"batch_norm of x of shape {x.shape}: the mean of a channel needs more than one number in it; "
            "give it more samples, or evaluate the model, model.eval(); DataLoader(..., drop_last=True) "
            "leaves out a last batch of one"
        )
    y = scaled(standardized(x, axis=axes, eps=eps), weight, bias, column)
    if training and running_mean is not None:
        move(running_mean, np.mean(plain(x), axis=axes), momentum)
        move(running_var, np.var(plain(x), axis=axes, ddof=1), momentum)
    return y


def layer_norm(x: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    """weight (x - mean) / sqrt(var + eps) + bias, with the mean and variance of each sample's features.

    x: (..., *normalized_shape), weight and bias: normalized_shape or None.

    Raises autograd.errors.ShapeError for other shapes.

    Source: Ba, Kiros and Hinton, Layer Normalization (2016), eq. 4.

    >>> layer_norm(np.array([[1.0, 3.0], [5.0, 9.0]]), 2, eps=0.0)
    array([[-1.,  1.],
           [-1.,  1.]])
    """
    x, axes = last_axes("layer_norm", x, normalized_shape, weight, bias)
    return scaled(standardized(x, axis=axes, eps=eps), weight, bias)


def rms_norm(x: Any, normalized_shape: Any, weight: Any = None, eps: float | None = None) -> Any:
    """weight x / sqrt(mean(x^2) + eps), with the mean over each sample's features.

    x: (..., *normalized_shape), weight: normalized_shape or None.  eps: by default, the machine epsilon
    of x's dtype.

    Raises autograd.errors.ShapeError for other shapes.

    Source: Zhang and Sennrich, Root Mean Square Layer Normalization (2019), eq. 4.

    >>> rms_norm(np.array([[3.0, 3.0, -3.0]]), 3).round(12)
    array([[ 1.,  1., -1.]])
    """
    x, axes = last_axes("rms_norm", x, normalized_shape, weight)
    eps = float(np.finfo(x.dtype).eps) if eps is None else eps
    return scaled(root_mean_squared(x, axis=axes, eps=eps), weight, None)


def group_norm(x: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    """weight (x - mean) / sqrt(var + eps) + bias, with the mean and variance of each group of channels.

    x: (n, channels, ...), weight and bias: (channels,) or None.  The channels are divided into num_groups
    groups, and each sample is normalised to mean 0 and variance 1 in each group.

    Raises autograd.errors.ShapeError for shapes that do not fit, ArgumentError if num_groups does not
    divide the channels.

    Source: Wu and He, Group Normalization (2018), eq. 1 to 7.

    >>> group_norm(np.array([[1.0, 3.0, 5.0, 9.0]]), 2, eps=0.0)
    array([[-1.,  1., -1.,  1.]])
    """
    x = floats("group_norm", x)
    if x.ndim < 2 or any(np.shape(v) != x.shape[1:2] for v in (weight, bias) if v is not None):
        raise misfit("group_norm", "weight and bias", x, (weight, bias))
    if num_groups < 1 or x.shape[1] % num_groups:
        raise ArgumentError(f"group_norm: num_groups={num_groups} does not divide the {x.shape[1]} channels")
    groups = x.reshape(len(x), num_groups, prod(x.shape[1:]) // num_groups)
    y = standardized(groups, axis=(2,), eps=eps).reshape(x.shape)
    return scaled(y, weight, bias, (1, -1, *(1,) * (x.ndim - 2)))


# Shared parts


def misfit(name: str, others: str, x: Any, given: tuple[Any, ...]) -> ShapeError:
    """The error for x without channels, or for other arrays that do not have one number for each channel."""
    shapes = " and ".join(str(np.shape(v)) for v in given if v is not None)
    return ShapeError(
        f"{name} takes x of shape (n, channels, ...), {others} of shape (channels,); "
        f"x has shape {x.shape}, the others {shapes}"
    )


def plain(x: Any) -> Any:
    """The array of a Tensor: running statistics have no gradient."""
    return x.data if type(x) is Tensor else x


def move(running: Tensor, value: Any, momentum: float) -> None:
    """Move a running mean the fraction `momentum` of the way towards a value, where that is finite."""
    moved = (1 - momentum) * running.data + momentum * value
    running[...] = np.where(np.isfinite(value), moved, running.data)


def last_axes(name: str, x: Any, shape: Any, *parameters: Any) -> tuple[Any, tuple[int, ...]]:
    """x as floats, and its last axes, which must have this shape, as must the parameters."""
    x, shape = floats(name, x), (shape,) if isinstance(shape, int | np.integer) else tuple(shape)
    if not shape or x.shape[-len(shape) :] != shape:
        raise ShapeError(f"{name} takes x with last axes {shape}, and x has shape {x.shape}")
    for p in parameters:
        if p is not None and p.shape != shape:
            raise ShapeError(f"{name} takes parameters of shape {shape}, not {p.shape}")
    return x, tuple(range(-len(shape), 0))


def scaled(y: Any, weight: Any, bias: Any, shape: Any = None) -> Any:
    """weight y + bias, without what is None; weight and bias are reshaped to broadcast to y."""
    weight, bias = (v if v is None or shape is None else v.reshape(shape) for v in (weight, bias))
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


def standardized_rule(g: Any, y: Any, x: Any, axis: Any, eps: float) -> Any:
    """The rule of `standardized`: (g - mean(g) - y mean(g y)) / sqrt(var + eps)."""
    mean, mean_y = (np.mean(v, axis=axis, keepdims=True) for v in (g, g * y))
    return (g - mean - y * mean_y) / np.sqrt(np.var(x, axis=axis, keepdims=True) + eps)


@op(rules=[standardized_rule])
def standardized(x: Any, axis: Any, eps: float) -> Any:
    """(x - mean) / sqrt(var + eps), with the mean and variance over `axis`."""
    d = x - np.mean(x, axis=axis, keepdims=True)
    return d / np.sqrt(np.mean(d * d, axis=axis, keepdims=True) + eps)


def root_mean_squared_rule(g: Any, y: Any, x: Any, axis: Any, eps: float) -> Any:
    """The rule of `root_mean_squared`: (g - y mean(g y)) / sqrt(mean(x^2) + eps)."""
    mean = np.mean(g * y, axis=axis, keepdims=True)
    return (g - y * mean) / np.sqrt(np.mean(x * x, axis=axis, keepdims=True) + eps)


@op(rules=[root_mean_squared_rule])
def root_mean_squared(x: Any, axis: Any, eps: float) -> Any:
    """x / sqrt(mean(x^2) + eps), with the mean over `axis`."""
    return x / np.sqrt(np.mean(x * x, axis=axis, keepdims=True) + eps)
