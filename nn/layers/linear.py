"""The affine layer."""

from __future__ import annotations

from math import sqrt
from operator import index
from typing import Any

import numpy as np

from .. import init
from ..errors import ArgumentError
from ..functional import linear
from ..module import Module, Parameter

__all__ = ["Linear"]


class Linear(Module):
    """y = x W^T + b.

    weight: (out_features, in_features), bias: (out_features,), or None with bias=False; x: (...,
    in_features), y: (..., out_features).  weight and bias are drawn from U(-k, k) with k =
    1/sqrt(in_features), as in PyTorch.

    rng: a `np.random.Generator`, or a seed for one.

    Raises ArgumentError for fewer than one feature, autograd.errors.DTypeError for a dtype that is not a
    real float.  A call raises autograd.errors.ShapeError for x with another last axis.

    Source: LeCun et al., Efficient BackProp (1998), section 4.6, for the scale 1/sqrt(in_features).

    >>> layer = Linear(2, 3, rng=0)
    >>> layer
    Linear(in_features=2, out_features=3, bias=True)
    >>> layer.weight.shape, layer.bias.shape, layer(np.ones((4, 2))).shape
    ((3, 2), (3,), (4, 3))
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        rng: Any = None,
        dtype: Any = np.float64,
    ) -> None:
        if index(in_features) < 1 or index(out_features) < 1:
            raise ArgumentError(
                f"Linear({in_features}, {out_features}) needs at least one feature on either side"
            )
        self.in_features, self.out_features = in_features, out_features
        rng, k = np.random.default_rng(rng), 1 / sqrt(in_features)
        self.weight = init.uniform_(Parameter(np.zeros((out_features, in_features), dtype)), -k, k, rng=rng)
        self.bias = init.uniform_(Parameter(np.zeros(out_features, dtype)), -k, k, rng=rng) if bias else None

    def forward(self, x: Any) -> Any:
        return linear(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        bias = self.bias is not None
        return f"in_features={self.in_features}, out_features={self.out_features}, {bias=}"
