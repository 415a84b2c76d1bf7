"""Losses of class scores: what a network says of each class, and which one it should have been.

A target, be it classes or probabilities, becomes the weight q of each class in each sample, in which
label smoothing, class weights and what is ignored are all accounted for.  The loss of a sample is
then -Σ q log p, with p the softmax of its scores z, and its derivative by z is p Σ q - q.
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
    """-mean(log p[target]) of the probabilities p = softmax(input) of the classes.

    input: (n, classes), (n, classes, ...) for several places in a sample, or (classes,), the scores of
    the classes, which need not be normalised.  target: either integers, the classes, in the shape of
    the input without its axis of classes; or floats, probabilities, in the shape of the input.

    weight: (classes,), what an error in each class counts.  ignore_index: a class that counts nothing.
    label_smoothing: how much of the target is spread evenly over all classes.  reduction: "sum";
    "none" for the samples, in the shape of the classes; or "mean", in which each sample counts as much
    as its class, and one of probabilities counts 1.

    Raises autograd.errors.ShapeError for shapes that do not fit, DTypeError for classes that are not
    integers, IndexingError for a class that is not there; ArgumentError for what are no probabilities,
    a negative weight, another reduction, and the mean of nothing.

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

    `cross_entropy` of scores that have been through `log_softmax`.  The arguments, and what is raised,
    are those of `cross_entropy` with classes as the target.

    Source: Bishop, Pattern Recognition and Machine Learning (2006), eq. 4.108.

    >>> print(nll_loss(np.log([[0.5, 0.5], [0.25, 0.75]]), np.array([0, 1])).round(4))
    0.4904
    """
    name, z = "nll_loss", scores("nll_loss", input)
    q, _ = one_hot(name, as_given(target), z, class_weights(name, weight, z), ignore_index)
    losses = 0 - (np.where(q != 0, as_rows(z), 0) * q).sum(axis=1)  # an impossible class, -inf, may be beside
    return reduced(name, losses, without_classes(z.shape), reduction, q.sum(dtype=float))


def multi_margin_loss(
    input: Any,  # noqa: A002  (PyTorch's name for it)
    target: Any,
    p: int = 1,
    margin: float = 1.0,
    weight: Any = None,
    reduction: str = "mean",
) -> Any:
    """mean(Σ max(0, margin - z[target] + z[c])^p / classes), the sum over all classes c but the target.

    The hinge loss of several classes: 0 for a sample whose class leads by the margin.  input: (n,
    classes) or (classes,), z; target: integers, the classes; p: 1 or 2; weight: (classes,), what an
    error in each class counts.  The derivative at a margin that is just kept is 0.

    Raises what `cross_entropy` raises of classes; ArgumentError for another p.

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
    return (g * share).reshape(-1, 1) * (softmax(z) * q.sum(axis=1, keepdims=True) - q)


def cross_entropies_by_q(g: Any, y: Any, z: Any, q: Any, share: Any = 1) -> Any:
    return (g * share).reshape(-1, 1) * -log_softmax(z)


@op(rules=[cross_entropies_by_z, cross_entropies_by_q])
def cross_entropies(z: Any, q: Any, share: Any = None) -> Any:
    """-Σ q log softmax(z) of each row; or the sum of these, each counted as a share of 1.

    A class without weight may be impossible, its logarithm -inf.
    """
    log_p = log_softmax(z)
    if share is None:
        return 0 - (np.where(q != 0, log_p, 0) * q).sum(axis=1)
    total = np.vdot(log_p, q)
    if not np.isfinite(total):
        total = (np.where(q != 0, log_p, 0) * q).sum(dtype=float)
    return ((0 - total) * share).astype(log_p.dtype)


# What is given, checked and brought to rows of classes


def as_given(target: Any) -> Any:
    return target if type(target) is Tensor or type(target) is np.ndarray else np.asarray(target)


def class_axis(shape: tuple[int, ...]) -> int:
    """Which axis is that of the classes: the second, but of a single sample the only one."""
    return min(1, len(shape) - 1)


def without_classes(shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape[: class_axis(shape)] + shape[class_axis(shape) + 1 :]


def as_rows(z: Any) -> Any:
    """`z` as a matrix, a row for each sample and place, a column for each class."""
    if z.ndim == 2:
        return z
    return z.reshape(1, -1) if z.ndim == 1 else np.moveaxis(z, 1, -1).reshape(-1, z.shape[1])


def scores(name: str, given: Any) -> Any:
    """The scores, checked to be floats with an axis of classes."""
    z = as_given(given)
    if z.dtype.kind != "f":
        raise DTypeError(f"{name} takes scores of classes, which are floats, not {z.dtype}")
    if not z.ndim or not z.shape[class_axis(z.shape)]:
        raise ShapeError(f"{name} takes scores of shape (n, classes) or (n, classes, ...), not {z.shape}")
    return z


def class_weights(name: str, weight: Any, z: Any) -> Any:
    """What each class counts, in the dtype of the scores: 1, unless a weight is given."""
    n = z.shape[class_axis(z.shape)]
    if weight is None:
        return np.ones(n, z.dtype)
    w = np.asarray(weight.data if type(weight) is Tensor else weight, z.dtype)
    if w.shape != (n,):
        raise ShapeError(f"{name}: weight has shape {w.shape}, and there are {n} classes: give one for each")
    if not (w >= 0).all():
        raise ArgumentError(
            f"{name}: the weights of the classes must not be negative, and range from {w.min()}"
        )
    return w


def probabilities(name: str, t: Any) -> Any:
    """The target, checked to be a probability for each class."""
    p = t.data if type(t) is Tensor else t
    if not ((p >= 0) & (p <= 1)).all():
        raise ArgumentError(
            f"{name}: a target of floats is the probability of each class, and this one ranges from "
            f"{p.min():.6g} to {p.max():.6g}; classes are integers"
        )
    return t


def one_hot(name: str, t: Any, z: Any, classes: Any, ignore_index: int | None) -> tuple[Any, Any]:
    """A row for each sample, with what its class counts in the column of that; and which samples count."""
    t, n = (t.data if type(t) is Tensor else t), len(classes)
    if t.dtype.kind not in "iu":
        raise DTypeError(
            f"{name}: scores of shape {z.shape} take classes, integers of shape {without_classes(z.shape)}, "
            f"or probabilities, floats of the scores' shape, and not {t.dtype} of shape {t.shape}"
        )
    if t.shape != without_classes(z.shape):
        raise ShapeError(
            f"{name}: scores of shape {z.shape} take classes of shape {without_classes(z.shape)}, "
            f"not {t.shape}{'; of one-hot integers, target.argmax(axis=1)' if t.shape == z.shape else ''}"
        )
    flat = t.reshape(-1)
    counted = np.ones(flat.shape, bool) if ignore_index is None else flat != ignore_index
    kept = flat[counted]
    if kept.size and (kept.min() < 0 or kept.max() >= n):
        raise IndexingError(
            f"{name}: the classes range from {kept.min()} to {kept.max()}, and the scores' from 0 to {n - 1}"
        )
    q = np.zeros((flat.size, n), z.dtype)
    q[np.flatnonzero(counted), kept] = classes[kept]
    return q, counted


def reduced(name: str, losses: Any, shape: tuple[int, ...], reduction: str, count: Any) -> Any:
    """The losses of the samples, in a shape; or their sum, or that divided by how much they count."""
    if reduction == "none":
        return losses.reshape(shape)
    of_one = share(name, losses, reduction, count)
    if losses.dtype.char == "e":  # whose sum might not fit into float16
        return (losses.astype(float).sum() * of_one).astype(losses.dtype)
    return losses.sum() * of_one


def share(name: str, losses: Any, reduction: str, count: Any) -> Any:
    """How much each loss counts in the sum of all: 1, or in the mean 1 / count.

    In the losses' dtype, or in float64 for float16, which ends at 65,504 and rounds 1 / 70,000 to 0.1 %.
    """
    MSE[reduction]  # refuses another one
    if reduction == "mean" and not count:
        raise ArgumentError(
            f"{name}: the mean of no samples is undefined, and of these {len(losses)} none counts; "
            'reduction="sum" gives 0'
        )
    dtype = np.float64 if losses.dtype.char == "e" else losses.dtype.type
    return dtype(1 / count if reduction == "mean" else 1)
