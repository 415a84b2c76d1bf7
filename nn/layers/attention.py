"""Multi-head attention, and the transformer layer that is built on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.errors import ShapeError

from .. import functional as F  # noqa: N812  (PyTorch's customary name for it)
from .. import init
from ..data import plain
from ..errors import ArgumentError
from ..functional.attention import additive, attention_weights
from ..module import Module, Parameter
from .linear import Linear
from .normalization import LayerNorm
from .regularization import Dropout

__all__ = ["MultiheadAttention", "TransformerEncoderLayer"]


class MultiheadAttention(Module):
    """y = W_out [softmax(q_h k_h^T / sqrt(d)) v_h]_h + b_out: attention in num_heads heads h, concatenated.

    q, k and v are the query, key and value after the projections in in_proj_weight and in_proj_bias, which
    have one third for each of them.  They are split into heads of d = embed_dim / num_heads numbers.

    in_proj_weight: (3 embed_dim, embed_dim), drawn by `init.xavier_uniform_`; in_proj_bias: (3 embed_dim,),
    initially 0; out_proj: a `Linear` from embed_dim to embed_dim, with bias initially 0.  With bias=False,
    both biases are None.

    It is called with query: (queries, n, embed_dim), key and value: (keys, n, embed_dim); or, with
    batch_first, (n, queries, embed_dim) and so on; or without n.  It returns y, in the shape of the query,
    and the attention weights: (n, queries, keys), the mean over the heads; or (n, heads, queries, keys)
    unless average_attn_weights; or None unless need_weights.

    key_padding_mask: (n, keys), attn_mask: (queries, keys) or (n heads, queries, keys); booleans that are
    True where a query must not attend to a key, or floats that are added to the scores.  is_causal: no
    query attends to a key after its own position.  dropout: the probability of dropping a weight in
    training.

    Raises ArgumentError if num_heads does not divide embed_dim, and for a query that may attend to
    nothing, and autograd.errors.ShapeError for shapes that do not fit.

    Source: Vaswani et al., Attention Is All You Need (2017), section 3.2.2.

    >>> layer, x = MultiheadAttention(4, 2, batch_first=True, rng=0), np.ones((5, 3, 4))
    >>> y, attention = layer(x, x, x)
    >>> y.shape, attention.shape
    ((5, 3, 4), (5, 3, 3))
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        batch_first: bool = False,
        *,
        rng: Any = None,
        dtype: Any = np.float64,
    ) -> None:
        if embed_dim < 1 or num_heads < 1 or embed_dim % num_heads:
            raise ArgumentError(
                f"MultiheadAttention: num_heads={num_heads} does not divide embed_dim={embed_dim}"
            )
        if not 0 <= dropout <= 1:
            raise ArgumentError(
                f"MultiheadAttention: dropout={dropout} must be a probability, between 0 and 1"
            )
        self.embed_dim, self.num_heads, self.dropout = embed_dim, num_heads, dropout
        self.batch_first, self.rng = batch_first, np.random.default_rng(rng)
        self.in_proj_weight = Parameter(np.zeros((3 * embed_dim, embed_dim), dtype))
        init.xavier_uniform_(self.in_proj_weight, rng=self.rng)
        self.in_proj_bias = Parameter(np.zeros(3 * embed_dim, dtype)) if bias else None
        self.out_proj = Linear(embed_dim, embed_dim, bias, rng=self.rng, dtype=dtype)
        if self.out_proj.bias is not None:
            init.zeros_(self.out_proj.bias)

    def forward(
        self,
        query: Any,
        key: Any,
        value: Any,
        key_padding_mask: Any = None,
        need_weights: bool = True,
        attn_mask: Any = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Any, Any]:
        """The output and the attention weights; None for the weights unless `need_weights`."""
        single = np.ndim(query) == 2
        q, k, v = self.projected(query, key, value, single)
        padding = None if key_padding_mask is None or not single else plain(key_padding_mask)[None]
        mask = self.mask(attn_mask, padding if single else key_padding_mask, q, k)
        attention = attention_weights(q, k, v, mask, is_causal)
        dropped = F.dropout(attention, self.dropout, self.training, rng=self.rng)
        y = self.out_proj(np.swapaxes(dropped @ v, 1, 2).reshape(len(q), q.shape[2], self.embed_dim))
        y = y[0] if single else y if self.batch_first else y.swapaxes(0, 1)
        if not need_weights:
            return y, None
        attention = attention.mean(axis=1) if average_attn_weights else attention
        return y, attention[0] if single else attention

    def projected(self, query: Any, key: Any, value: Any, single: bool) -> tuple[Any, Any, Any]:
        """The queries, keys and values of the heads, each (n, heads, length, d)."""
        shapes = [np.shape(x) for x in (query, key, value)]
        if any(len(s) != 3 - single or s[-1] != self.embed_dim for s in shapes) or shapes[1] != shapes[2]:
            order = f"(n, length, {self.embed_dim})" if self.batch_first else f"(length, n, {self.embed_dim})"
            raise ShapeError(
                f"MultiheadAttention expects query, key and value of shape {order}, key and value alike, "
                f"not {shapes[0]}, {shapes[1]} and {shapes[2]}"
            )
        weight, bias = self.in_proj_weight, self.in_proj_bias
        if query is key is value:  # one product for all three
            found = np.split(F.linear(query, weight, bias), 3, axis=-1)
        else:
            weights: Any = np.split(weight, 3)
            biases: Any = (None,) * 3 if bias is None else np.split(bias, 3)
            found = [F.linear(*given) for given in zip((query, key, value), weights, biases, strict=True)]
        q, k, v = (self.in_heads(x, single) for x in found)
        return q, k, v

    def in_heads(self, x: Any, single: bool) -> Any:
        """x of shape (length, n, embed_dim), or (n, length, embed_dim), as (n, heads, length, d)."""
        x = x[None] if single else x if self.batch_first else x.swapaxes(0, 1)
        heads = x.reshape(*x.shape[:2], self.num_heads, self.embed_dim // self.num_heads)
        return heads.swapaxes(1, 2)

    def mask(self, attn_mask: Any, key_padding_mask: Any, q: Any, k: Any) -> Any:
        """Both masks as one to add to the scores, (n, heads, queries, keys), or None."""
        total = None
        places = q.shape[2], k.shape[2]
        if attn_mask is not None:
            total = forbidden(attn_mask, q.dtype)
            if total.shape not in (places, (len(q) * self.num_heads, *places)):
                raise ShapeError(
                    f"MultiheadAttention: attn_mask has shape {total.shape}, and must be (queries, keys), "
                    f"{places}, or (n heads, queries, keys), {(len(q) * self.num_heads, *places)}"
                )
            if total.ndim == 3:
                total = total.reshape(len(q), self.num_heads, *places)
        if key_padding_mask is not None:
            padding = forbidden(key_padding_mask, q.dtype)
            if padding.shape != (len(q), k.shape[2]):
                raise ShapeError(
                    f"MultiheadAttention: key_padding_mask has shape {padding.shape}, and must be "
                    f"(n, keys), {len(q), k.shape[2]}"
                )
            padding = padding[:, None, None]
            total = padding if total is None else total + padding
        return total

    def extra_repr(self) -> str:
        return f"{self.embed_dim}, {self.num_heads}, dropout={self.dropout}, batch_first={self.batch_first}"


def forbidden(mask: Any, dtype: Any) -> Any:
    """A mask as floats to add: -inf where it is True."""
    mask = mask if hasattr(mask, "dtype") else np.asarray(mask)
    return additive(~mask if mask.dtype.kind == "b" else mask, dtype)


class TransformerEncoderLayer(Module):
    """h = norm1(x + attention(x)), y = norm2(h + linear2(relu(linear1(h)))).

    With norm_first, h = x + attention(norm1(x)) and y = h + linear2(relu(linear1(norm2(h)))).

    self_attn: a `MultiheadAttention` of d_model with nhead heads; linear1: a `Linear` from d_model to
    dim_feedforward, linear2: a `Linear` back; norm1, norm2: a `LayerNorm` of d_model; each is a submodule
    with its own parameters.  activation: "relu", "gelu" or a function.  dropout: the probability of
    dropping attention weights, hidden units and the outputs of both parts in training.

    x, y: (length, n, d_model), or (n, length, d_model) with batch_first.  src_mask, src_key_padding_mask
    and is_causal are the attn_mask, key_padding_mask and is_causal of `MultiheadAttention`.

    Raises the errors of its parts, and ArgumentError for another activation.

    Source: Vaswani et al., Attention Is All You Need (2017), section 3.1; norm_first is from
    Xiong et al., On Layer Normalization in the Transformer Architecture (2020), figure 1.

    >>> layer = TransformerEncoderLayer(8, 2, dim_feedforward=16, batch_first=True, rng=0)
    >>> layer(np.zeros((5, 3, 8))).shape
    (5, 3, 8)
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Callable[[Any], Any] = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        *,
        rng: Any = None,
        dtype: Any = np.float64,
    ) -> None:
        if isinstance(activation, str) and activation not in ("relu", "gelu"):
            raise ArgumentError(
                f'TransformerEncoderLayer: activation={activation!r} is neither "relu" nor "gelu"'
            )
        rng = np.random.default_rng(rng)
        self.activation = getattr(F, activation) if isinstance(activation, str) else activation
        self.norm_first = norm_first
        self.self_attn = MultiheadAttention(d_model, nhead, dropout, bias, batch_first, rng=rng, dtype=dtype)
        self.linear1 = Linear(d_model, dim_feedforward, bias, rng=rng, dtype=dtype)
        self.dropout = Dropout(dropout, rng=rng)
        self.linear2 = Linear(dim_feedforward, d_model, bias, rng=rng, dtype=dtype)
        self.norm1 = LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)
        self.dropout1, self.dropout2 = Dropout(dropout, rng=rng), Dropout(dropout, rng=rng)

    def forward(
        self, src: Any, src_mask: Any = None, src_key_padding_mask: Any = None, is_causal: bool = False
    ) -> Any:
        """The output of the layer, which has the shape of `src`."""
        masks = {"attn_mask": src_mask, "key_padding_mask": src_key_padding_mask, "is_causal": is_causal}
        if self.norm_first:
            h = src + self.attend(self.norm1(src), masks)
            return h + self.feed(self.norm2(h))
        h = self.norm1(src + self.attend(src, masks))
        return self.norm2(h + self.feed(h))

    def attend(self, x: Any, masks: dict[str, Any]) -> Any:
        """The part that mixes the positions."""
        return self.dropout1(self.self_attn(x, x, x, need_weights=False, **masks)[0])

    def feed(self, x: Any) -> Any:
        """The part that transforms every position by itself."""
        return self.dropout2(self.linear2(self.dropout(self.activation(self.linear1(x)))))
