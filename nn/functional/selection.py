"""Rows of a matrix, selected by number."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import Tensor, op, scatter
from autograd.errors import DTypeError, IndexingError, ShapeError

__all__ = ["embedding"]


def embedding(indices: Any, weight: Any, padding_idx: int | None = None) -> Any:
    """weight[indices]: the row of each index.

    indices: integers from 0 to n - 1, of any shape (...), weight: (n, d); returns (..., d).  The row
    padding_idx, if there is one, gets no gradient.

    Raises autograd.errors.DTypeError if the indices are not integers, IndexingError if one is out of
    range (also if negative, which would count from the end), ShapeError if the weight is not a matrix.

    >>> weight = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    >>> embedding(np.array([1, 1, 0]), weight).sum().backward()
    >>> weight.grad
    array([[1., 1.],
           [2., 2.]])
    """
    if weight.ndim != 2:
        raise ShapeError(f"embedding takes a weight of shape (n, d), not {weight.shape}")
    found = numbers_of_rows(indices, len(weight), "embedding")
    return rows(weight, index=found, padding_idx=padding_idx)


def numbers_of_rows(indices: Any, n: int, name: str) -> Any:
    """`indices` as an array of integers, which must be from 0 to n - 1."""
    data = indices.data if isinstance(indices, Tensor) else indices
    found = data if isinstance(data, np.ndarray) else np.asarray(data)
    if found.dtype.kind not in "iu" and found.size:
        raise DTypeError(
            f"{name} takes integers as indices, since they number the rows, not {found.dtype}: "
            "pass indices.astype(int) if they are whole"
        )
    if found.size and (found.min() < 0 or found.max() >= n):
        raise IndexingError(
            f"{name}: the indices range from {found.min()} to {found.max()}, beyond 0 to {n - 1}"
        )
    return found.astype(np.intp, copy=False)


def rows_rule(g: Any, y: Any, weight: Any, index: Any, padding_idx: Any) -> Any:
    """The rows of g added up at their indices; rows of the padding have no part in it."""
    if padding_idx is not None:
        g = g * (index != padding_idx)[..., None]
    return scatter(g, index=index, shape=weight.shape)


@op(rules=[rows_rule])
def rows(weight: Any, index: Any, padding_idx: int | None) -> Any:
    """`weight[index]`."""
    return weight[index]
