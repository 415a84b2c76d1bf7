"""Functions with several outputs, such as `np.linalg.eigh`: each output picks its part of their node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .engine import Array, Node, new_node
from .ops import Op


class Parts(Sequence[Array]):
    """The cotangents of a function with several outputs, one for each: zeros, where none has come.

    Only those that have come are held, so that an output costs no more where there are many.
    """

    def __init__(self, outputs: tuple[Array, ...], come: dict[int, Array]) -> None:
        self.outputs, self.come = outputs, come

    def __len__(self) -> int:
        return len(self.outputs)

    def __getitem__(self, index: Any) -> Array:
        return self.come[index] if index in self.come else np.zeros_like(self.outputs[index])

    def __add__(self, other: Parts) -> Parts:
        both = {i: self.come[i] + g for i, g in other.come.items() if i in self.come}
        return Parts(self.outputs, self.come | other.come | both)


def pick(outputs: tuple[Array, ...], index: int) -> Array:
    """One of several outputs."""
    return outputs[index]


def picked(g: Array, y: Array, outputs: tuple[Array, ...], index: int) -> Parts:
    """The cotangents of all outputs, given the cotangent of one of them."""
    return Parts(outputs, {index: g})


PICK = Op(pick)
PICK.rules, PICK.broadcasts = (picked,), False


def new_pick(node: Node, index: int) -> Node:
    """The node of one output of a node that has several."""
    data = node.data[index]
    return new_node(PICK, (node.data,), (node,), {"index": index}, data, node.requires_grad, node.notes)
