"""Metrics: figures that judge predictions, and that are not differentiated."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd.errors import ShapeError

from .data import plain
from .errors import ArgumentError

__all__ = ["accuracy"]


def accuracy(prediction: Any, target: Any, threshold: float = 0.5) -> float:
    """The fraction of predictions that are right; NaN if a prediction is NaN.

    There are two forms.  The prediction has shape (n, k, ...), with a score for each of k > 1 classes, and
    the target has shape (n, ...), with the numbers of the classes.  Or both have the same shape: integer
    predictions are labels; other predictions are taken for 1 above `threshold` (0.5 for probabilities,
    0 for logits), and the targets are 0 or 1.

    Raises autograd.errors.ShapeError for other shapes and for empty arrays, ArgumentError for targets other
    than 0 and 1 if the predictions are not labels.

    >>> accuracy(np.array([[2.0, 1.0], [0.0, 3.0]]), np.array([0, 0]))
    0.5
    >>> accuracy(np.array([0.2, 0.7]), np.array([0, 1]))
    1.0
    """
    p, t = plain(prediction), plain(target)
    alike, scores = p.shape == t.shape, p.ndim > 1 and p.shape[:1] + p.shape[2:] == t.shape and p.shape[1] > 1
    if not p.size or not (alike or scores):
        raise ShapeError(
            f"accuracy: predictions of shape {p.shape} do not fit targets of shape {t.shape}: they need the "
            "same shape, or predictions need a second axis with two or more classes; neither may be empty"
        )
    if np.isnan(p).any():
        return math.nan
    if alike and p.dtype.kind not in "biu":
        if not ((t == 0) | (t == 1)).all():
            raise ArgumentError(
                f"accuracy: {p.dtype} predictions with the shape of the targets need targets 0 or 1, "
                f"and these range from {t.min()} to {t.max()}; predicted labels must be integers"
            )
        p = p > threshold
    return float(np.mean((p if alike else p.argmax(axis=1)) == t))
