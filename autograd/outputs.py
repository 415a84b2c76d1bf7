"""Functions with several outputs, such as `np.linalg.eigh`.

Their node holds a tuple.  Each output is a node of its own, which picks its array from the tuple.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .engine import Array, Node, new_node
from .ops import Op


class Parts(Sequence[Array]):
    """The cotangents of all outputs of a function: zeros for an output that has received none.

    Only the cotangents that have arrived are stored, so that an output costs the same however many
    there are.
    """

    def __init__(self, outputs: tuple[Array, ...], arrived: dict[int, Array]) -> None:
        self.outputs, self.arrived = outputs, arrived

    def __len__(self) -> int:
        return len(self.outputs)

    def __getitem__(self, index: Any) -> Array:
        return self.arrived[index] if index in self.arrived else np.zeros_like(self.outputs[index])

    def __add__(self, other: Parts) -> Parts:
        both = {i: self.arrived[i] + g for i, g in other.arrived.items() if i in self.arrived}
        return Parts(self.outputs, self.arrived | other.arrived | both)


def pick(outputs: tuple[Array, ...], index: int) -> Array:
    """One of several outputs."""
    return outputs[index]


def picked(g: Array, y: Array, outputs: tuple[Array, ...], index: int) -> Parts:
    """The cotangents of all outputs, given the cotangent of one of them."""
    return Parts(outputs, {index: g})


PICK = Op(pick)
PICK.rules, PICK.broadcasts = (picked,), False


def new_pick(node: Node, index: int) -> Node:
    """A node for one output of `node`, which has several."""
    data = node.data[index]
    return new_node(PICK, (node.data,), (node,), {"index": index}, data, node.requires_grad, node.notes)
