"""More losses of a prediction and a target of the same shape, composed of elementary functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import Tensor
from autograd.errors import ShapeError

from ..errors import ArgumentError
from .losses import MSE, beside

__all__ = ["hinge_embedding_loss", "hinge_loss", "huber_loss", "kl_div", "l1_loss", "smooth_l1_loss"]


def l1_loss(prediction: Any, target: Any, reduction: str = "mean") -> Any:
    """mean(|prediction - target|); the derivative where they are equal is 0.

    prediction, target: arrays or tensors of the same shape.  reduction: "mean", "sum", or "none" for the
    losses of the elements, in the same shape.

    Raises autograd.errors.ShapeError for different shapes and for the mean of no elements, ArgumentError
    for another reduction.

    >>> l1_loss(Tensor([1.0, 2.0]), [1.0, 4.0])
    Tensor(1., dtype=float64)
    """
    p, t = pair("l1_loss", prediction, target)
    return reduced("l1_loss", np.abs(p - t), reduction)


def huber_loss(prediction: Any, target: Any, reduction: str = "mean", delta: float = 1.0) -> Any:
    """The mean of d^2/2 where |d| < delta, and of delta (|d| - delta/2) elsewhere, d = prediction - target.

    It is a squared error for small differences and an absolute one for outliers.  Arguments and errors are
    the same as for `l1_loss`; also raises ArgumentError unless delta is positive.

    Source: Huber, Robust Estimation of a Location Parameter (1964), section 4.

    >>> huber_loss(Tensor([1.0, 4.0]), [0.0, 0.0], reduction="none")
    Tensor([0.5, 3.5], dtype=float64)
    """
    if not delta > 0:
        raise ArgumentError(f"huber_loss: delta={delta} must be positive")
    p, t = pair("huber_loss", prediction, target)
    d = np.abs(p - t)
    return reduced("huber_loss", np.where(d < delta, d * d / 2, delta * (d - delta / 2)), reduction)


def smooth_l1_loss(prediction: Any, target: Any, reduction: str = "mean", beta: float = 1.0) -> Any:
    """The mean of d^2/(2 beta) where |d| < beta, and of |d| - beta/2 elsewhere, d = prediction - target.

    It is `huber_loss` with delta = beta, divided by beta, and `l1_loss` for beta = 0.  Arguments and errors
    are the same as for `l1_loss`; also raises ArgumentError for a negative beta.

    Source: Girshick, Fast R-CNN (2015), eq. 3.

    >>> smooth_l1_loss(Tensor([1.0, 4.0]), [0.0, 0.0], reduction="none", beta=2.0)
    Tensor([0.25, 3.  ], dtype=float64)
    """
    if not beta >= 0:
        raise ArgumentError(f"smooth_l1_loss: beta={beta} must not be negative")
    p, t = pair("smooth_l1_loss", prediction, target)
    d = np.abs(p - t)
    losses = np.where(d < beta, d * d / (2 * beta or 1), d - beta / 2)
    return reduced("smooth_l1_loss", losses, reduction)


def kl_div(prediction: Any, target: Any, reduction: str = "mean", log_target: bool = False) -> Any:
    """mean(target (log target - prediction)): the Kullback-Leibler divergence, given log-probabilities.

    prediction: log-probabilities; target: probabilities, or with log_target their logarithms; arrays or
    tensors of the same shape.  0 log 0 is 0.  reduction: as for `l1_loss`, where "mean" is over all
    elements; or "batchmean", the sum divided by the length of the first axis, which is the mean over the
    samples of the divergence as mathematics defines it.

    Raises the errors of `l1_loss`, and ArgumentError for negative probabilities in the target.

    Source: Kullback and Leibler, On Information and Sufficiency (1951), eq. 2.4.

    >>> p, q = np.array([[0.5, 0.5]]), np.array([[0.25, 0.75]])
    >>> print(kl_div(np.log(p), q, reduction="batchmean").round(4))
    0.1308
    """
    p, t = pair("kl_div", prediction, target)
    if log_target:
        losses = np.exp(t) * (t - p)
    elif (np.asarray(t.data if type(t) is Tensor else t) < 0).any():
        raise ArgumentError("kl_div: the target has negative probabilities; log_target=True takes logarithms")
    else:
        losses = t * np.log(np.where(t > 0, t, 1)) - t * p
    if reduction != "batchmean":
        return reduced("kl_div", losses, reduction)
    if not losses.ndim or not losses.size:
        raise ShapeError(f'kl_div: reduction="batchmean" of shape {losses.shape} has no samples to divide by')
    return losses.mean() * (losses.size // len(losses))  # a sum of all might not fit into float16


def hinge_loss(prediction: Any, target: Any, reduction: str = "mean") -> Any:
    """mean(max(0, 1 - target prediction)) for scores, and targets that are -1 or 1.

    It is 0 for a score that is on the right side of 0 by at least 1; the derivative at 1 is 0.  Arguments
    and errors are the same as for `l1_loss`; also raises ArgumentError for other targets.

    Source: Cortes and Vapnik, Support-Vector Networks (1995), section 3.

    >>> hinge_loss(Tensor([2.0, 0.5, 0.5]), [1, 1, -1], reduction="none")
    Tensor([0. , 0.5, 1.5], dtype=float64)
    """
    p, t = pair("hinge_loss", prediction, target)
    refuse_unless_signs("hinge_loss", t)
    return reduced("hinge_loss", positive_part(1 - t * p), reduction)


def hinge_embedding_loss(prediction: Any, target: Any, margin: float = 1.0, reduction: str = "mean") -> Any:
    """The mean of x where the target is 1, and of max(0, margin - x) where it is -1; x is the prediction.

    x: the distance between two things that are alike (1) or not (-1).  Arguments and errors are the same
    as for `hinge_loss`.

    >>> hinge_embedding_loss(Tensor([0.25, 0.25]), [1, -1], reduction="none")
    Tensor([0.25, 0.75], dtype=float64)
    """
    p, t = pair("hinge_embedding_loss", prediction, target)
    refuse_unless_signs("hinge_embedding_loss", t)
    return reduced("hinge_embedding_loss", np.where(t > 0, p, positive_part(margin - p)), reduction)


def pair(name: str, prediction: Any, target: Any) -> tuple[Any, Any]:
    """The prediction and the target as arrays or tensors of floats; their shapes must be equal."""
    p = prediction if type(prediction) is Tensor else np.asarray(prediction)
    p = p.astype(float) if p.dtype.kind in "biu" else p
    if type(target) is not Tensor:
        return p, beside(p, target, name)
    beside(p, target.data, name)  # raises if the shapes differ
    return p, target if target.dtype.kind == "f" else target.astype(p.dtype)


def positive_part(x: Any) -> Any:
    """max(x, 0), whose derivative at 0 is 0; NaN stays NaN."""
    return np.where(x <= 0, 0, x)


def refuse_unless_signs(name: str, t: Any) -> None:
    """Raise ArgumentError unless all targets are -1 or 1, with the conversion from 0 and 1."""
    t = t.data if type(t) is Tensor else t
    if not ((t == 1) | (t == -1)).all():
        raise ArgumentError(
            f"{name} takes targets that are -1 or 1, and these range from {t.min()} to {t.max()}; "
            "for targets 0 and 1, pass 2 * target - 1"
        )


def reduced(name: str, losses: Any, reduction: str) -> Any:
    """The mean or the sum of the losses, or the losses themselves."""
    MSE[reduction]  # refuses an unknown reduction
    if reduction == "mean" and not losses.size:
        raise ShapeError(
            f'{name}: the mean of no elements, shape {losses.shape}, is undefined; reduction="sum" gives 0'
        )
    return losses if reduction == "none" else losses.sum() if reduction == "sum" else losses.mean()
