"""Dropout as a layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functional as F  # noqa: N812  (PyTorch's customary name for it)
from ..errors import ArgumentError
from ..module import Module

__all__ = ["Dropout"]


class Dropout(Module):
    """x m / (1 - p), where each element of m is 0 with probability p and else 1; x itself in evaluation.

    rng: a `np.random.Generator` that the layer draws from, or a seed for one.

    Raises ArgumentError if p is not a probability.

    Source: Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from Overfitting (2014).

    >>> layer = Dropout(0.5, rng=0)
    >>> layer(np.ones(6))
    array([2., 0., 0., 0., 2., 2.])
    >>> layer.eval()(np.ones(6))
    array([1., 1., 1., 1., 1., 1.])
    """

    def __init__(self, p: float = 0.5, *, rng: Any = None) -> None:
        if not 0 <= p <= 1:
            raise ArgumentError(f"Dropout: p={p} must be a probability, between 0 and 1")
        self.p, self.rng = p, np.random.default_rng(rng)

    def forward(self, x: Any) -> Any:
        return F.dropout(x, self.p, self.training, rng=self.rng)

    def extra_repr(self) -> str:
        return f"p={self.p}"
