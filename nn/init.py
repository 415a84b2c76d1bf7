"""Initial values for parameters.  Each function writes into a tensor and returns it, as in PyTorch.

The values are drawn so that signals neither vanish nor explode on their way through many layers.  The
fans of a weight are the numbers of its inputs and outputs.  A `Linear` has the shape (out, in); a
convolution has the shape (filters, channels, ...), and each number is multiplied by the window's size.

Random functions take `rng`, a `np.random.Generator` or a seed for one.
"""

from __future__ import annotations

from math import prod, sqrt
from typing import Any

import numpy as np

from autograd import Tensor, no_grad
from autograd.errors import ShapeError

from .errors import ArgumentError

__all__ = [
    "calculate_gain",
    "constant_",
    "eye_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "ones_",
    "orthogonal_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]


def written(tensor: Tensor, values: Any) -> Tensor:
    """The tensor, after writing these values to it in its dtype."""
    if not isinstance(tensor, Tensor):
        raise ArgumentError(f"an initial value is written into a Tensor, not into a {type(tensor).__name__}")
    with no_grad():
        tensor[...] = values
    return tensor


def zeros_(tensor: Tensor) -> Tensor:
    """The tensor, filled with 0.

    >>> zeros_(Tensor([3.0, 4.0]))
    Tensor([0., 0.], dtype=float64)
    """
    return written(tensor, 0)


def ones_(tensor: Tensor) -> Tensor:
    """The tensor, filled with 1.

    >>> ones_(Tensor([3.0, 4.0]))
    Tensor([1., 1.], dtype=float64)
    """
    return written(tensor, 1)


def constant_(tensor: Tensor, val: float) -> Tensor:
    """The tensor, filled with `val`.

    >>> constant_(Tensor([1.0, 2.0]), 0.5)
    Tensor([0.5, 0.5], dtype=float64)
    """
    return written(tensor, val)


def eye_(tensor: Tensor) -> Tensor:
    """The matrix with 1 on its diagonal and 0 elsewhere: it passes on unchanged as many inputs as it can.

    Raises autograd.errors.ShapeError if the tensor is not a matrix.

    >>> eye_(Tensor(np.zeros((2, 3))))
    Tensor([[1., 0., 0.],
            [0., 1., 0.]], dtype=float64)
    """
    if tensor.ndim != 2:
        raise ShapeError(f"eye_ takes a matrix, not a tensor of shape {tensor.shape}")
    return written(tensor, np.eye(tensor.shape[0], tensor.shape[1]))


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, *, rng: Any = None) -> Tensor:
    """The tensor, filled with draws from U(a, b).

    >>> uniform_(Tensor(np.zeros(2)), -1, 1, rng=0).data.round(2)
    array([ 0.27, -0.46])
    """
    return written(tensor, np.random.default_rng(rng).uniform(a, b, tensor.shape))


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, *, rng: Any = None) -> Tensor:
    """The tensor, filled with draws from N(mean, std^2).

    >>> normal_(Tensor(np.zeros(2)), std=0.1, rng=0).data.round(4)
    array([ 0.0126, -0.0132])
    """
    return written(tensor, np.random.default_rng(rng).normal(mean, std, tensor.shape))


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, *, rng: Any = None) -> Tensor:
    """The tensor, filled with draws from U(-k, k), k = gain sqrt(6 / (fan_in + fan_out)).

    Raises autograd.errors.ShapeError for fewer than two axes.

    Source: Glorot and Bengio, Understanding the Difficulty of Training Deep Feedforward Neural
    Networks (2010), eq. 16.

    >>> xavier_uniform_(Tensor(np.zeros((2, 4))), rng=0).data.max() <= 1  # sqrt(6 / (4 + 2))
    np.True_
    """
    k = gain * sqrt(6 / sum(fans(tensor)))
    return uniform_(tensor, -k, k, rng=rng)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, *, rng: Any = None) -> Tensor:
    """The tensor, filled with draws from N(0, std^2), std = gain sqrt(2 / (fan_in + fan_out)).

    Raises autograd.errors.ShapeError for fewer than two axes.

    Source: Glorot and Bengio (2010), eq. 12, as `xavier_uniform_`.

    >>> xavier_normal_(Tensor(np.zeros((200, 300))), rng=0).data.std().round(3)  # sqrt(2 / 500)
    np.float64(0.063)
    """
    return normal_(tensor, 0, gain * sqrt(2 / sum(fans(tensor))), rng=rng)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    *,
    rng: Any = None,
) -> Tensor:
    """The tensor, filled with draws from U(-k, k), k = gain sqrt(3 / fan), with the nonlinearity's gain.

    a: the slope of a "leaky_relu" for negative arguments.  mode: "fan_in" preserves the variance of the
    signals in the forward pass, "fan_out" the variance of the gradients in the backward pass.

    Raises autograd.errors.ShapeError for fewer than two axes, ArgumentError for another mode or an
    unknown nonlinearity.

    Source: He et al., Delving Deep into Rectifiers (2015), eq. 10 and 14.

    >>> kaiming_uniform_(Tensor(np.zeros((2, 6))), nonlinearity="relu", rng=0).data.max() <= 1  # sqrt(6 / 6)
    np.True_
    """
    k = sqrt(3) * kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -k, k, rng=rng)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    *,
    rng: Any = None,
) -> Tensor:
    """The tensor, filled with draws from N(0, std^2), std = gain / sqrt(fan); see `kaiming_uniform_`.

    Source: He et al. (2015), as `kaiming_uniform_`.

    >>> kaiming_normal_(Tensor(np.zeros((300, 200))), rng=0).data.std().round(3)  # sqrt(2 / 200)
    np.float64(0.1)
    """
    return normal_(tensor, 0, kaiming_std(tensor, a, mode, nonlinearity), rng=rng)


def kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    """The standard deviation, gain / sqrt(fan)."""
    if mode not in ("fan_in", "fan_out"):
        raise ArgumentError(f'mode={mode!r} is neither "fan_in" nor "fan_out"')
    fan = fans(tensor)[mode == "fan_out"]
    return calculate_gain(nonlinearity, a) / sqrt(fan)


def orthogonal_(tensor: Tensor, gain: float = 1.0, *, rng: Any = None) -> Tensor:
    """The tensor, filled with gain times a random matrix with orthonormal rows (columns, if fewer).

    Axes beyond the second count as columns.  The matrix is drawn uniformly from all such matrices: it is
    the Q of a normal matrix's QR decomposition, with the signs that make R's diagonal positive.

    Raises autograd.errors.ShapeError for fewer than two axes.

    Source: Saxe, McClelland and Ganguli, Exact Solutions to the Nonlinear Dynamics of Learning in Deep
    Linear Neural Networks (2014), section 3; the signs are from Mezzadri, How to Generate Random
    Matrices from the Classical Compact Groups (2007), section 5.

    >>> q = orthogonal_(Tensor(np.zeros((2, 3))), rng=0)
    >>> np.allclose(q.data @ q.data.T, np.eye(2))
    True
    """
    fans(tensor)
    rows, columns = len(tensor), prod(tensor.shape[1:])
    q, r = np.linalg.qr(np.random.default_rng(rng).normal(size=(max(rows, columns), min(rows, columns))))
    q = q * np.where(np.diagonal(r) < 0, -1, 1)
    return written(tensor, gain * (q if rows >= columns else q.T).reshape(tensor.shape))


GAINS = {"tanh": 5 / 3, "relu": sqrt(2), "selu": 3 / 4} | dict.fromkeys(
    ("linear", "identity", "sigmoid", "conv1d", "conv2d", "conv_transpose1d", "conv_transpose2d"), 1.0
)


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor for a weight before this nonlinearity that lets the signals keep their variance.

    It is 1 for "linear" and "sigmoid", 5/3 for "tanh", sqrt(2) for "relu", sqrt(2 / (1 + param^2)) for
    "leaky_relu" with slope param (0.01), and 3/4 for "selu".  For tanh and selu it is a rule of thumb.

    Raises ArgumentError for any other name.

    Source: He et al. (2015), eq. 14, for the rectifiers.

    >>> round(calculate_gain("relu"), 4)
    1.4142
    """
    if nonlinearity == "leaky_relu":
        return sqrt(2 / (1 + (0.01 if param is None else param) ** 2))
    if nonlinearity not in GAINS:
        raise ArgumentError(
            f"nonlinearity={nonlinearity!r} is not one of leaky_relu, {', '.join(GAINS)}: "
            "pass the gain itself to a function that takes one"
        )
    return GAINS[nonlinearity]


def fans(tensor: Tensor) -> tuple[int, int]:
    """The fan_in and fan_out of a weight."""
    if tensor.ndim < 2:
        raise ShapeError(
            f"a tensor of shape {tensor.shape} has no fans, as a weight (outputs, inputs, ...) has; "
            "give a bias other values, such as zeros_"
        )
    places = prod(tensor.shape[2:])
    return tensor.shape[1] * places, tensor.shape[0] * places
