"""Losses and layers as functions of tensors, each with its derivative worked out in one piece.

A chain of elementary operations gives the same gradients; fused, they are faster and stay accurate
where the chain would lose digits.  Activations are `autograd`'s own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import log_softmax, logsumexp, op, relu, sigmoid, softmax, softplus
from autograd.errors import ShapeError

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "linear",
    "log_softmax",
    "logsumexp",
    "mse_loss",
    "relu",
    "sigmoid",
    "softmax",
    "softplus",
]


@op(
    rules=[
        lambda g, y, x, weight, bias=None: g @ weight,
        lambda g, y, x, weight, bias=None: rows(g).T @ rows(x),
        lambda g, y, x, weight, bias=None: rows(g).sum(axis=0),
    ]
)
def linear(x: Any, weight: Any, bias: Any = None) -> Any:
    """x @ weight.T + bias.

    x: (..., in), weight: (out, in), bias: (out,) or None; returns (..., out).
    """
    y = x.dot(weight.T)
    if bias is not None:
        y += bias
    return y


def rows(x: Any) -> Any:
    """`x` as a matrix whose rows are its last axis."""
    return x if x.ndim == 2 else x.reshape(-1, x.shape[-1])
