"""Losses of class scores: the scores that a network gives each class, against the right class.

A target, whether classes or probabilities, is converted to the weight q of each class in each sample,
which takes label smoothing, class weights and ignored classes into account.  The loss of a sample is
then -Σ q log p, where p is the softmax of the scores z, and its derivative by z is p Σ q - q.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import Tensor, log_softmax, op, softmax
from autograd.errors import DTypeError, IndexingError, ShapeError

from ..errors import ArgumentError
from .losses import MSE

__all__ = ["cross_entropy", "multi_margin_loss", "nll_loss"]


def cross_entropy(
    input: Any,  # noqa: A002  (PyTorch's name for it)
    target: Any,
    weight: Any = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    """-mean(log p[target]) for the probabilities p = softmax(input) of the classes.

    input: (n, classes), (n, classes, ...) for several positions in a sample, or (classes,): the scores of
    the classes, which need not be normalised.  target: either integers, the classes, in the shape of the
    input without its axis of classes; or floats, probabilities, in the shape of the input.

    weight: (classes,), the factor for the loss of each class.  ignore_index: a class that is not counted.
    label_smoothing: the fraction of the target that is spread evenly over all classes.  reduction: "sum";
    "none" for the losses of the samples, in the shape of the classes; or "mean", the mean weighted by
    the weights of the samples' classes, or with equal weights if the target is probabilities.

    Raises autograd.errors.ShapeError for shapes that do not fit, DTypeError for classes that are not
    integers, IndexingError for a class that does not exist, ArgumentError for a target that is not
    probabilities, a negative weight, another reduction, and the mean of no samples.

    Source: Bishop, Pattern Recognition and Machine Learning (2006), eq. 4.108; the smoothing is from
    Szegedy et al., Rethinking the Inception Architecture for Computer Vision (2016), section 7.

    >>> z = Tensor([[2.0, 0.0], [0.0, 0.0]], requires_grad=True)
    >>> loss = cross_entropy(z, np.array([0, 1]))
    >>> print(round(loss.item(), 6))
    0.410038
    >>> loss.backward()  # to (p - q) / 2
    >>> z.grad.round(4)
    array([[-0.0596,  0.0596],
           [ 0.25  , -0.25  ]])
    """
    name = "cross_entropy"
    if not 0 <= label_smoothing <= 1:
        raise ArgumentError(f"{name}: label_smoothing={label_smoothing} is not between 0 and 1")
    z, t = scores(name, input), as_given(target)
    shape, classes = without_classes(z.shape), class_weights(name, weight, z)
    even = label_smoothing / len(classes) * classes
    if t.shape == z.shape and t.dtype.kind == "f":
        q = as_rows(probabilities(name, t)) * ((1 - label_smoothing) * classes) + even
        count = len(q)
    else:
        hard, counted = one_hot(name, t, z, classes, ignore_index)
        q = (1 - label_smoothing) * hard + counted[:, None] * even if label_smoothing else hard
        count = hard.sum(dtype=float)
    if reduction == "none":
        return cross_entropies(as_rows(z), q).reshape(shape)
    return cross_entropies(as_rows(z), q, share=share(name, q, reduction, count))


def nll_loss(
    input: Any,  # noqa: A002  (PyTorch's name for it)
    target: Any,
    weight: Any = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Any:
    """-mean(input[target]), the negative log-likelihood of the classes, given log-probabilities.

    It equals `cross_entropy` of scores to which `log_softmax` was applied.  Arguments and errors are the
    same as for `cross_entropy` with classes as the target.

    Source: Bishop, Pattern Recognition and Machine Learning (2006), eq. 4.108.

    >>> print(nll_loss(np.log([[0.5, 0.5], [0.25, 0.75]]), np.array([0, 1])).round(4))
    0.4904
    """
    name, z = "nll_loss", scores("nll_loss", input)
    q, _ = one_hot(name, as_given(target), z, class_weights(name, weight, z), ignore_index)
    losses = 0 - (np.where(q != 0, as_rows(z), 0) * q).sum(axis=1)  # -inf may stand for an impossible class
    return reduced(name, losses, without_classes(z.shape), reduction, q.sum(dtype=float))


def multi_margin_loss(
    input: Any,  # noqa: A002  (PyTorch's name for it)
    target: Any,
    p: int = 1,
    margin: float = 1.0,
    weight: Any = None,
    reduction: str = "mean",
) -> Any:
    """mean(Σ max(0, margin - z[target] + z[c])^p / classes), summed over all classes c except the target.

    This is the hinge loss for several classes: 0 for a sample whose class leads by the margin.  input, z:
    (n, classes) or (classes,); target: integers, the classes; p: 1 or 2; weight: (classes,), the factor
    for the loss of each class.  The derivative at the margin itself is 0.

    Raises the errors of `cross_entropy` with classes, and ArgumentError for another p.

    Source: Weston and Watkins, Support Vector Machines for Multi-Class Pattern Recognition (1999), eq. 3.

    >>> print(round(multi_margin_loss(Tensor([[2.0, 1.5, 0.0]]), np.array([0])).item(), 4))
    0.1667
    """
    name, z = "multi_margin_loss", scores("multi_margin_loss", input)
    if p not in (1, 2):
        raise ArgumentError(f"{name}: p={p} is neither 1 nor 2")
    at, _ = one_hot(name, as_given(target), z, np.ones(z.shape[class_axis(z.shape)], z.dtype), None)
    behind = margin - (as_rows(z) * at).sum(axis=1, keepdims=True) + as_rows(z)
    violations = np.where((behind <= 0) | (at != 0), 0, behind) ** p
    losses = violations.sum(axis=1) * (at @ class_weights(name, weight, z) / at.shape[1])
    return reduced(name, losses, without_classes(z.shape), reduction, len(at))


# One operation for the loss of each row of scores, or for the sum of all


def cross_entropies_by_z(g: Any, y: Any, z: Any, q: Any, share: Any = 1) -> Any:
    """softmax(z) Σq - q for each row; Σq is 1 unless classes are weighted or ignored."""
    return (g * share).reshape(-1, 1) * (softmax(z) * q.sum(axis=1, keepdims=True) - q)


def cross_entropies_by_q(g: Any, y: Any, z: Any, q: Any, share: Any = 1) -> Any:
    """-log softmax(z) for each row: the loss is linear in the weights."""
    return (g * share).reshape(-1, 1) * -log_softmax(z)


@op(rules=[cross_entropies_by_z, cross_entropies_by_q])
def cross_entropies(z: Any, q: Any, share: Any = None) -> Any:
    """-Σ q log softmax(z) for each row; or the sum over all rows, times `share` if that is given.

    A class with weight 0 may be impossible, with -inf as its logarithm.
    """
    log_p = log_softmax(z)
    if share is None:
        return 0 - (np.where(q != 0, log_p, 0) * q).sum(axis=1)
    total = np.vdot(log_p, q)
    if not np.isfinite(total):
        total = (np.where(q != 0, log_p, 0) * q).sum(dtype=float)
    return ((0 - total) * share).astype(log_p.dtype)


# The arguments, checked and brought to rows of classes


def as_given(target: Any) -> Any:
    """A Tensor or an array as it is; a list, or anything else that NumPy can read, becomes an array."""
    return target if isinstance(target, Tensor | np.ndarray) else np.asarray(target)


def class_axis(shape: tuple[int, ...]) -> int:
    """The number of the axis of classes: 1, or 0 for a single sample."""
    return min(1, len(shape) - 1)


def without_classes(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of the losses: one for each sample and position."""
    return shape[: class_axis(shape)] + shape[class_axis(shape) + 1 :]


def as_rows(z: Any) -> Any:
    """`z` as a matrix, with a row for each sample and position, and a column for each class."""
    if z.ndim == 2:
        return z
    return z.reshape(1, -1) if z.ndim == 1 else np.moveaxis(z, 1, -1).reshape(-1, z.shape[1])


def scores(name: str, given: Any) -> Any:
    """The scores, which must be floats with an axis of classes."""
    z = as_given(given)
    if z.dtype.kind != "f":
        raise DTypeError(f"{name} takes scores of classes, which must be floats, not {z.dtype}")
    if not z.ndim or not z.shape[class_axis(z.shape)]:
        raise ShapeError(f"{name} takes scores of shape (n, classes) or (n, classes, ...), not {z.shape}")
    return z


def class_weights(name: str, weight: Any, z: Any) -> Any:
    """The weight of each class in the dtype of the scores: 1 by default."""
    n = z.shape[class_axis(z.shape)]
    if weight is None:
        return np.ones(n, z.dtype)
    w = as_given(weight.data if type(weight) is Tensor else weight).astype(z.dtype, copy=False)
    if w.shape != (n,):
        raise ShapeError(f"{name}: weight has shape {w.shape}, and there are {n} classes: give one for each")
    if not (w >= 0).all():
        raise ArgumentError(
            f"{name}: the weights of the classes must not be negative, and range from {w.min()}"
        )
    return w


def probabilities(name: str, t: Any) -> Any:
    """The target, which must be a probability for each class."""
    p = t.data if type(t) is Tensor else t
    if not ((p >= 0) & (p <= 1)).all():
        raise ArgumentError(
            f"{name}: a target of floats must be the probability of each class, and ranges from "
            f"{p.min():.6g} to {p.max():.6g}; classes must be integers"
        )
    return t


def one_hot(name: str, t: Any, z: Any, classes: Any, ignore_index: int | None) -> tuple[Any, Any]:
    """A row for each sample, with the weight of its class in that column; and which samples count."""
    t = t.data if type(t) is Tensor else t
    if t.dtype.kind not in "iu":
        raise DTypeError(
            f"{name}: scores of shape {z.shape} take classes, integers of shape {without_classes(z.shape)}, "
            f"or probabilities, floats of the scores' shape, and not {t.dtype} of shape {t.shape}"
        )
    if t.shape != without_classes(z.shape):
        raise ShapeError(
            f"{name}: scores of shape {z.shape} take classes of shape {without_classes(z.shape)}, "
            f"not {t.shape}{'; for one-hot targets: target.argmax(axis=1)' if t.shape == z.shape else ''}"
        )
    flat = t.reshape(-1)
    counted = np.ones(flat.shape, bool) if ignore_index is None else flat != ignore_index
    return rows_of_classes(flat, counted, classes, name=name), counted


@op(rules=[None, None, None])
def rows_of_classes(flat: Any, counted: Any, classes: Any, *, name: str) -> Any:
    """Rows of zeros, with the weight of its class in the column of the class, if the row counts."""
    kept, n = flat[counted], len(classes)
    if kept.size and (kept.min() < 0 or kept.max() >= n):
        raise IndexingError(
            f"{name}: the classes range from {kept.min()} to {kept.max()}, and the scores' from 0 to {n - 1}"
        )
    q = np.zeros((flat.size, n), classes.dtype)
    q[np.flatnonzero(counted), kept] = classes[kept]
    return q


def reduced(name: str, losses: Any, shape: tuple[int, ...], reduction: str, count: Any) -> Any:
    """The losses of the samples in a shape; or their sum; or their sum divided by `count`."""
    if reduction == "none":
        return losses.reshape(shape)
    of_one = share(name, losses, reduction, count)
    if losses.dtype.char == "e":  # the sum might not fit into float16
        return (losses.astype(float).sum() * of_one).astype(losses.dtype)
    return losses.sum() * of_one


def share(name: str, losses: Any, reduction: str, count: Any) -> Any:
    """The factor of each loss in the total: 1 for the sum, 1 / count for the mean.

    It has the losses' dtype, or float64 for float16, which ends at 65,504 and rounds 1 / 70,000 to 0.1 %.
    """
    MSE[reduction]  # refuses an unknown reduction
    if reduction == "mean" and not count:
        raise ArgumentError(
            f"{name}: the mean of no samples is undefined, and none of these {len(losses)} counts; "
            'reduction="sum" gives 0'
        )
    dtype = np.float64 if losses.dtype.char == "e" else losses.dtype.type
    return np.divide(1, count).astype(dtype) if reduction == "mean" else dtype(1)
