"""Losses: the distance between a prediction and its target by elements, and its mean or sum.

A loss never broadcasts.  Given a prediction of shape (4, 1) and a target of shape (4,), NumPy would
silently compute (4, 4) differences, and nobody wants their mean as a loss.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp
from typing import Any, NoReturn

import numpy as np

from autograd import Tensor, op, sigmoid
from autograd.errors import DTypeError, ShapeError

from ..errors import ArgumentError

__all__ = ["binary_cross_entropy", "binary_cross_entropy_with_logits", "mse_loss"]

Function = Callable[[Any, Any], Any]


def mse_loss(prediction: Any, target: Any, reduction: str = "mean") -> Any:
    """mean((prediction - target)^2).

    prediction, target: arrays or tensors of the same shape.  reduction: "mean", "sum", or "none" for the
    losses of the elements, in the same shape.

    Raises autograd.errors.ShapeError for different shapes and for the mean of no elements, DTypeError for
    a prediction that is not floats and for a complex target, ArgumentError for another reduction.

    >>> mse_loss(Tensor([1.0, 2.0]), [1.0, 4.0])
    Tensor(2., dtype=float64)
    """
    return MSE[reduction](prediction, target)


def binary_cross_entropy(prediction: Any, target: Any, reduction: str = "mean") -> Any:
    """-mean(y log p + (1 - y) log(1 - p)) for probabilities p and a target y.

    prediction, target: arrays or tensors of the same shape.  reduction: "mean", "sum", or "none" for the
    losses of the elements, in the same shape.

    Each logarithm is at least -100 (PyTorch's convention), so that p = 0 and p = 1 give finite losses.
    Where that bound applies the loss is constant, and its derivative 0.  (PyTorch has a slope of -1e12
    there, which is not the slope of its loss.)  A network that is certain and wrong therefore no longer
    learns; `binary_cross_entropy_with_logits` avoids this.

    Raises ArgumentError for probabilities and targets outside [0, 1] and for another reduction,
    autograd.errors.ShapeError for different shapes and for the mean of no elements, DTypeError as `mse_loss`.

    Source: Bishop, Pattern Recognition and Machine Learning (2006), eq. 4.90.

    >>> p = Tensor([0.5, 0.25], requires_grad=True)
    >>> loss = binary_cross_entropy(p, np.array([1, 0]))
    >>> print(loss.item().__round__(6))
    0.490415
    >>> loss.backward()  # to (p - y) / (p (1 - p)) / 2
    >>> p.grad.round(6)
    array([-1.      ,  0.666667])
    """
    return BCE[reduction](prediction, target)


def binary_cross_entropy_with_logits(prediction: Any, target: Any, reduction: str = "mean") -> Any:
    """The binary cross-entropy of sigmoid(z) and y: mean(max(z, 0) - z y + log(1 + exp(-|z|))).

    prediction, target: z and y, arrays or tensors of the same shape.  reduction: "mean", "sum", or
    "none" for the losses of the elements, in the same shape.

    Unlike the logarithm of a sigmoid, it is accurate for any finite z, and so is its gradient,
    (sigmoid(z) - y) / n.

    Raises ArgumentError for targets outside [0, 1] and for another reduction, autograd.errors.ShapeError
    for different shapes and for the mean of no elements, DTypeError as `mse_loss`.

    >>> binary_cross_entropy_with_logits(Tensor([-1000.0, 1000.0]), np.array([1, 1]), reduction="none")
    Tensor([1000.,    0.], dtype=float64)
    """
    return BCE_WITH_LOGITS[reduction](prediction, target)


# A loss is built from its elements, their sum, and the derivatives by the prediction and by the target.


class Reductions(dict[str, Any]):
    """The operations of a loss, by the name of the reduction."""

    def __missing__(self, reduction: str) -> NoReturn:
        """Raise ArgumentError for a reduction that does not exist."""
        raise ArgumentError(f'reduction={reduction!r} is not one of "mean", "sum" and "none"')


def loss(
    name: str, each: Function, total: Function, *slopes: Function, target: Callable[..., Any]
) -> Reductions:
    """The three reductions of a loss, each one operation; the default, the mean, has the loss's own name."""

    def none(p: Any, t: Any) -> Any:
        return each(p, target(p, t, name))

    def sum(p: Any, t: Any) -> Any:  # noqa: A001  (named after the reduction)
        return total(p, target(p, t, name))

    def mean(p: Any, t: Any) -> Any:
        t = target(p, t, name)
        if not p.size:
            raise ShapeError(
                f'{name}: the mean of no elements, shape {p.shape}, is undefined; reduction="sum" gives 0'
            )
        if p.dtype.char == "e":  # float16 ends at 65,504, below many a sum of losses and many a count
            return (total(p.astype(float), t.astype(float)) / p.size).astype(np.result_type(p, t))
        return total(p, t) / p.size

    none.__name__, sum.__name__, mean.__name__ = name + "_none", name + "_sum", name
    return Reductions(
        none=op(none, *map(weighted, slopes)),
        sum=op(sum, *map(weighted, slopes)),
        mean=op(mean, *map(averaged, slopes)),
    )


def weighted(slope: Function) -> Callable[..., Any]:
    """The rule for the losses one by one, or for their sum: g times the slope of each loss."""
    return lambda g, y, p, t: g * slope(p, t)


def averaged(slope: Function) -> Callable[..., Any]:
    """The rule for the mean; with float16 the count is float64, as float16 ends at 65,504."""
    return lambda g, y, p, t: (g / (p.size if p.dtype.char != "e" else np.float64(p.size))) * slope(p, t)


def beside(p: Any, t: Any, name: str) -> Any:
    """The target as an array with the shape of `p`; integers get p's dtype, so that float32 stays float32."""
    if getattr(p, "dtype", BOOL).kind != "f":
        raise DTypeError(
            f"{name} takes a prediction of floats, not {getattr(p, 'dtype', type(p).__name__)}: "
            "np.asarray(prediction, float)"
        )
    if not isinstance(t, np.ndarray):
        t = np.asarray(t)
    if t.shape != p.shape:
        raise ShapeError(
            f"{name}: the prediction has shape {p.shape} and the target {t.shape}, and a loss does not "
            f"broadcast; {remedy(p.shape, t.shape)}"
        )
    if t.dtype.kind == "f":
        return t
    if t.dtype.kind not in "biu":
        raise DTypeError(f"{name} takes a target of real numbers, not {t.dtype}")
    return t.astype(p.dtype)


BOOL = np.dtype(bool)


def probable(p: Any, t: Any, name: str) -> Any:
    """The target as `beside` returns it, checked to be probabilities."""
    t = beside(p, t, name)
    if t.size and (t.item(t.argmin()) < 0 or t.item(t.argmax()) > 1):
        raise ArgumentError(
            f"{name}: targets must be probabilities, between 0 and 1, and these range from {t.min():.6g} to "
            f"{t.max():.6g}; for targets -1 and 1, pass (1 + target) / 2"
        )
    return t


def remedy(p: tuple[int, ...], t: tuple[int, ...]) -> str:
    """How to write a target of shape `t` so that it fits a prediction of shape `p`."""
    if np.prod(p) != np.prod(t):
        return "give it one target for each element of the prediction"
    return ("pass target[:, None] or " if p == (*t, 1) and len(t) == 1 else "pass ") + f"target.reshape{p}"


def inner(a: Any, b: Any) -> Any:
    """sum(a * b) over all elements, in less than half the time of multiplying and adding."""
    return a.ravel().dot(b.ravel())


# Squared error


def squares(p: Any, t: Any) -> Any:
    """(p - t)^2 for each element."""
    d = p - t
    return d * d


def sum_of_squares(p: Any, t: Any) -> Any:
    """Σ (p - t)^2 as one inner product, in which no array of squares is made."""
    d = p - t
    return inner(d, d)


MSE = loss(
    "mse_loss",
    squares,
    sum_of_squares,
    lambda p, t: 2 * (p - t),
    lambda p, t: 2 * (t - p),
    target=beside,
)


# Cross-entropy of probabilities.  Here 0 log 0 is 0 and not NaN, hence the lower bound for the logarithm.
# 0 - x is used instead of -x, so that the loss of a perfect prediction is 0 and not -0.

ONES = {c: np.ones((), c) for c in np.typecodes["Float"]}  # faster than the Python number, for few elements
FLOOR = -100
TINY = exp(FLOOR)


def cross_entropies(p: Any, t: Any) -> Any:
    """-(t log p + (1 - t) log(1 - p))."""
    log_p, log_q = logarithms(p)
    return 0 - (t * log_p + (1 - t) * log_q)


def sum_of_cross_entropies(p: Any, t: Any) -> Any:
    """Σ -(t log p + (1 - t) log(1 - p)), as two inner products."""
    log_p, log_q = logarithms(p)
    return 0 - (inner(t, log_p) + inner(ONES[t.dtype.char] - t, log_q))


def logarithms(p: Any) -> tuple[Any, Any]:
    """log(p) and log(1 - p), with FLOOR as the lower bound."""
    if p.size and p.item(p.argmin()) > TINY and p.item(p.argmax()) < 1:  # `min` takes three times as long
        return np.log(p), np.log1p(-p)
    if ((p < 0) | (p > 1)).any():
        raise ArgumentError(
            f"binary_cross_entropy takes probabilities, and the prediction ranges from {np.nanmin(p):.6g} "
            f"to {np.nanmax(p):.6g}: apply a sigmoid first, or use binary_cross_entropy_with_logits"
        )
    return floored(np.log, p, p <= TINY), floored(np.log1p, -p, p >= 1)


def floored(log: Callable[[Any], Any], x: Any, low: Any) -> Any:
    """log(x), or FLOOR where `low`; there, 0.5 takes the place of x."""
    return np.where(low, FLOOR, log(np.where(low, 0.5, x)))


def cross_entropy_by_p(p: Any, t: Any) -> Any:
    """(p - t) / (p (1 - p)), without the derivative of a logarithm that is at its lower bound."""
    d = p * (1 - p)
    values = d.data if type(d) is Tensor else d
    if values.size and values.item(values.argmin()) > TINY:
        return (p - t) / d
    at_0, at_1 = p <= TINY, p >= 1
    return np.where(at_1, 0, (1 - t) / np.where(at_1, 1, 1 - p)) - np.where(at_0, 0, t / np.where(at_0, 1, p))


def cross_entropy_by_t(p: Any, t: Any) -> Any:
    """log(1 - p) - log p, with the lower bounds that the loss has."""
    return floored(np.log1p, -p, p >= 1) - floored(np.log, p, p <= TINY)


BCE = loss(
    "binary_cross_entropy",
    cross_entropies,
    sum_of_cross_entropies,
    cross_entropy_by_p,
    cross_entropy_by_t,
    target=probable,
)


# Cross-entropy of logits.  The first two terms cancel exactly where the loss is small.


def logit_cross_entropies(z: Any, t: Any) -> Any:
    """max(z, 0) - z t + log(1 + exp(-|z|)): no exponential of a large number."""
    return np.maximum(z, 0) - z * t + np.log1p(np.exp(-np.abs(z)))


BCE_WITH_LOGITS = loss(
    "binary_cross_entropy_with_logits",
    logit_cross_entropies,
    lambda z, t: np.sum(logit_cross_entropies(z, t)),
    lambda z, t: sigmoid(z) - t,
    lambda z, t: -z,
    target=probable,
)
