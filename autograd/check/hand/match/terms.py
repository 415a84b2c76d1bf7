"""The gradients of each term of a loss by itself: people often derive one term, and then add the next."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ....engine import Array, Node, way_back
from ..observe.graph import Forward
from .near import near, ratio

MOST_TERMS = 6
SUMS = ("add", "subtract")
LINEAR = ("multiply", "divide", "true_divide", "negative", "sum", "mean")


def terms_of(root: Node) -> list[Node]:
    """The nodes whose sum a loss is, each times constants; of a long sum, the last terms and all before."""
    terms = [root]
    while len(terms) < MOST_TERMS:
        sums = [t for t in terms if linear_in(t)]
        if not sums:
            break
        last = max(sums, key=lambda t: t.index)
        terms.remove(last)
        terms += [p for p in linear_in(last) if p not in terms]
    return terms


def linear_in(node: Node) -> list[Node]:
    """What a node is the sum of, or one value that it is a constant times."""
    parents = [p for p in node.parents if p and p.requires_grad]
    is_linear = node.op.name in SUMS or (node.op.name in LINEAR and len(parents) == 1)
    return parents if is_linear else []


def by_term(forward: Forward, truth: dict[Node, Array]) -> list[dict[Node, Array]]:
    """The gradients that come back through each term of the loss; none, if it has only one."""
    terms = [t for t in terms_of(forward.root) if t in truth]
    if len(terms) < 2:
        return []
    return [{node: g for node, g, _ in way_back({t: truth[t]}) if not node.op.several} for t in terms]


def parts_of(truth: list[dict[Node, Array]]) -> Iterator[Array]:
    """What comes back to a node through one of the terms, and through all but one."""
    for node in dict.fromkeys(n for gradients in truth for n in gradients):
        shares = [g[node] for g in truth if node in g]
        yield from shares if len(truth) > 1 else ()
        whole = sum(shares[1:], shares[0])
        yield from (whole - g for g in shares if len(shares) > 2)


def is_part(value: Array, parts: list[Array]) -> bool:
    """Whether a value is such a part, but for a constant."""
    return any(near(value, g) or ratio(value, g) is not None for g in parts if np.shape(g) == np.shape(value))
