"""A recorded computation, played again from other leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..engine import LEAF, Node
from ..outputs import PICK
from ..record import apply
from ..tensor import Tensor


def played_again(order: Sequence[Node], leaves: Mapping[Node, Tensor]) -> dict[Node, Any]:
    """What each node holds if the leaves hold something else; `order` has the oldest node first.

    >>> x = Tensor([1.0, 2.0], requires_grad=True)
    >>> y = x * 3
    >>> played_again([x.node, y.node], {x.node: Tensor([4.0, 5.0])})[y.node].data
    array([12., 15.])
    """
    new: dict[Node, Any] = {}
    for node in order:
        if node.op is LEAF:
            new[node] = leaves[node]
        elif node.op is PICK:
            new[node] = new[node.parents[0]][node.kwargs["index"]]  # type: ignore[index]
        else:
            args = [new[p] if p in new else a for a, p in zip(node.args, node.parents, strict=True)]  # noqa: SIM401
            new[node] = apply(node.op, args, node.kwargs)
    return new
