"""Figures of merit: what people want to know of predictions, and no gradient is taken of."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.errors import ShapeError

from .data import plain

__all__ = ["accuracy"]


def accuracy(prediction: Any, target: Any, threshold: float = 0.5) -> float:
    """The fraction of predictions that are right.

    prediction: (n, k, ...), a score for each of k classes, and target: (n, ...) their numbers; or both
    of one shape, where what exceeds `threshold` is taken for a 1: 0.5 for probabilities, 0 for logits.

    Raises autograd.errors.ShapeError for other shapes, and where there is nothing to count.

    >>> accuracy(np.array([[2.0, 1.0], [0.0, 3.0]]), np.array([0, 0]))
    0.5
    >>> accuracy(np.array([0.2, 0.7]), np.array([0, 1]))
    1.0
    """
    p, t = plain(prediction), plain(target)
    if p.shape == t.shape and p.size:
        return float(np.mean((p > threshold) == (t > 0.5)))
    if p.ndim > 1 and p.shape[:1] + p.shape[2:] == t.shape and p.size:
        return float(np.mean(p.argmax(axis=1) == t))
    raise ShapeError(
        f"accuracy of predictions of shape {p.shape} for targets of shape {t.shape}: they have one shape, "
        "or predictions have one more axis, the second, for the classes; and neither is empty"
    )
