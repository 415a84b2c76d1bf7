"""Attention: for each query, the mean of the values, weighted by how well their keys match the query."""

from __future__ import annotations

from math import inf, sqrt
from typing import Any

import numpy as np

from autograd import Tensor, softmax
from autograd.errors import DTypeError, ShapeError

from ..errors import ArgumentError
from .regularization import dropout

__all__ = ["scaled_dot_product_attention"]


def scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    *,
    rng: Any = None,
) -> Any:
    """softmax(query key^T scale + mask) value.

    query: (..., queries, d), key: (..., keys, d), value: (..., keys, e); returns (..., queries, e).  scale:
    1/sqrt(d) by default.  attn_mask: broadcasts to (..., queries, keys); booleans that are True where a
    query may attend to a key (`MultiheadAttention` means the opposite, both as in PyTorch), or floats
    that are added to the scores.  is_causal: no query attends to a key after its own position.
    dropout_p: the probability of dropping a weight; the caller must set it to 0 after training.

    Backward, with dy and the softmax p: dvalue = p^T dy and dp = dy value^T; the scores get ds = p (dp -
    Σ dp p), summed over the keys; dquery = scale ds key, dkey = scale ds^T query.

    Raises autograd.errors.ShapeError for shapes that do not fit, ArgumentError for a query that may
    attend to nothing.

    Source: Vaswani et al., Attention Is All You Need (2017), eq. 1.

    >>> q, k, v = np.zeros((2, 3)), np.ones((2, 3)), np.array([[2.0], [4.0]])
    >>> scaled_dot_product_attention(q, k, v)
    array([[3.],
           [3.]])
    >>> scaled_dot_product_attention(q, k, v, is_causal=True)
    array([[2.],
           [3.]])
    """
    weights = attention_weights(query, key, value, attn_mask, is_causal, scale)
    return dropout(weights, dropout_p, rng=rng) @ value


def attention_weights(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    is_causal: bool = False,
    scale: float | None = None,
) -> Any:
    """softmax(query key^T scale + mask): (..., queries, keys)."""
    shapes = f"query of shape {query.shape}, key of shape {key.shape}, value of shape {value.shape}"
    if min(query.ndim, key.ndim, value.ndim) < 2 or query.shape[-1] != key.shape[-1]:
        raise ShapeError(f"attention: {shapes}: the last axes of query and key must be equally long")
    if key.shape[-2] != value.shape[-2]:
        raise ShapeError(f"attention: {shapes}: there must be one value for each key")
    found = (query * (1 / sqrt(query.shape[-1]) if scale is None else scale)) @ key.mT
    for mask in masks(attn_mask, is_causal, found):
        found = found + mask
    return softmax(found)


def masks(attn_mask: Any, is_causal: bool, found: Any) -> list[Any]:
    """The arrays to add to the scores `found`: -inf where a query must not attend to a key."""
    result = [] if attn_mask is None else [additive(attn_mask, found.dtype)]
    if is_causal:
        result.append(additive(np.tri(*found.shape[-2:], dtype=bool), found.dtype))
    total = sum((m.data if type(m) is Tensor else m for m in result), start=np.zeros((), found.dtype))
    try:
        total = np.broadcast_to(total, found.shape)
    except ValueError:
        raise ShapeError(
            f"attention: a mask of shape {total.shape} does not fit scores of shape {found.shape}"
        ) from None
    if found.size and (total == -inf).all(axis=-1).any():
        raise ArgumentError(
            "attention: a mask leaves some query nothing to attend to, so its mean is undefined"
        )
    return result


def additive(mask: Any, dtype: Any) -> Any:
    """A mask as floats to add: 0 where it is True, and -inf where it is False."""
    mask = mask if type(mask) is Tensor or type(mask) is np.ndarray else np.asarray(mask)
    if mask.dtype.kind == "f":
        return mask
    if mask.dtype.kind != "b":
        raise DTypeError(f"attention: a mask must have booleans, or floats to be added, not {mask.dtype}")
    mask = mask.data if type(mask) is Tensor else mask
    return np.where(mask, dtype.type(0), dtype.type(-inf))
