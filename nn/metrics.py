"""Figures of merit: what people want to know of predictions, and no gradient is taken of."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd.errors import ShapeError

from .data import plain
from .errors import ArgumentError

__all__ = ["accuracy"]


def accuracy(prediction: Any, target: Any, threshold: float = 0.5) -> float:
    """The fraction of predictions that are right.

    prediction: (n, k, ...), a score for each of k > 1 classes, and target: (n, ...) their numbers; or both
    of one shape: labels, if the predictions are integers, else targets 0 or 1, and what exceeds `threshold`
    is taken for a 1: 0.5 for probabilities, 0 for logits.  It is NaN if a prediction is.

    Raises autograd.errors.ShapeError for other shapes, and where there is nothing to count; ArgumentError
    for other targets than 0 and 1 of predictions that are no labels.

    >>> accuracy(np.array([[2.0, 1.0], [0.0, 3.0]]), np.array([0, 0]))
    0.5
    >>> accuracy(np.array([0.2, 0.7]), np.array([0, 1]))
    1.0
    """
    p, t = plain(prediction), plain(target)
    alike, scores = p.shape == t.shape, p.ndim > 1 and p.shape[:1] + p.shape[2:] == t.shape and p.shape[1] > 1
    if not p.size or not (alike or scores):
        raise ShapeError(
            f"accuracy of predictions of shape {p.shape} for targets of shape {t.shape}: they have one "
            "shape, or predictions have one more axis, the second, for two classes or more; and none is empty"
        )
    if np.isnan(p).any():
        return math.nan
    if alike and p.dtype.kind not in "biu":
        if not ((t == 0) | (t == 1)).all():
            raise ArgumentError(
                f"accuracy: predictions of {p.dtype} that have the shape of the targets are of 0 and 1, and "
                f"these range from {t.min()} to {t.max()}; labels are integers"
            )
        p = p > threshold
    return float(np.mean((p if alike else p.argmax(axis=1)) == t))
