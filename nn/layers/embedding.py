"""Learnt vectors for words, characters, or anything else that is numbered."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..functional import embedding
from ..module import Module, Parameter

__all__ = ["Embedding"]


class Embedding(Module):
    """y = weight[x], the row of each index in x.

    weight: (num_embeddings, embedding_dim), drawn from N(0, 1); x: integers (...), y: (...,
    embedding_dim).  The row padding_idx, if there is one, is 0 and gets no gradient.

    rng: a `np.random.Generator`, or a seed for one.

    Raises ArgumentError for fewer than one row or column, and for a padding_idx without a row.  A call
    raises autograd.errors.DTypeError if x is not integers, IndexingError for an index without a row.

    Source: Bengio et al., A Neural Probabilistic Language Model (2003), section 2.

    >>> layer = Embedding(10, 3, rng=0)
    >>> layer
    Embedding(10, 3)
    >>> layer(np.array([[1, 2, 4, 5], [4, 3, 2, 9]])).shape
    (2, 4, 3)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        *,
        rng: Any = None,
        dtype: Any = np.float64,
    ) -> None:
        if num_embeddings < 1 or embedding_dim < 1:
            raise ArgumentError(f"Embedding({num_embeddings}, {embedding_dim}) needs a row and a column")
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise ArgumentError(f"Embedding: padding_idx={padding_idx} is none of its {num_embeddings} rows")
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.padding_idx = None if padding_idx is None else padding_idx % num_embeddings
        values = np.random.default_rng(rng).normal(size=(num_embeddings, embedding_dim))
        if self.padding_idx is not None:
            values[self.padding_idx] = 0
        self.weight = Parameter(values.astype(dtype))

    def forward(self, x: Any) -> Any:
        return embedding(x, self.weight, self.padding_idx)

    def extra_repr(self) -> str:
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"
