"""Plain arrays that forward changes after it has computed with them, such as a mask of what was chosen.

The engine would refuse such a graph, as its nodes refer to the arrays themselves.  So each array is copied
before it changes, and each node gets the copy that holds what the node was computed with.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .....engine import Constant, Node, constant, next_index
from .....errors import GradientError


def are_stale(nodes: Iterable[Node]) -> bool:
    """Whether a node was computed with an array that has been changed since."""
    try:
        for node in nodes:
            for parent in node.parents:
                if type(parent) is Constant:
                    parent.check(node)
    except GradientError:
        return True
    return False


class Versions:
    """What arrays held before they were changed.

    kept  by identity: an array, and for each change the number of the next node and a copy from before
    """

    def __init__(self) -> None:
        self.kept: dict[int, tuple[Any, list[tuple[float, Any]]]] = {}

    def keep(self, array: Any) -> None:
        """Keep a copy of an array as it is now; of a view, of the array that it looks into."""
        whole = whole_of(array)
        self.kept.setdefault(id(whole), (whole, []))[1].append((next_index(), whole.copy("K")))

    def restore(self, nodes: Iterable[Node]) -> None:
        """Let each node refer to what its arrays held when it was computed."""
        for node in nodes:
            parents, args = list(node.parents), list(node.args)
            for i, parent in enumerate(parents):
                if type(parent) is Constant and (old := self.at(parent.data, node.index)) is not None:
                    args = [old if a is parent.data else a for a in args]
                    parents[i] = constant(old)
            node.parents, node.args = tuple(parents), tuple(args)

    def at(self, array: Any, index: float) -> Any:
        """What an array held when the node of some number was computed; None if it has not changed since."""
        whole = whole_of(array)
        _, copies = self.kept.get(id(whole), (None, []))
        copy = next((c for made, c in copies if made > index), None)
        if copy is None or copy.strides != whole.strides:  # then the engine refuses the graph
            return None
        offset = array.__array_interface__["data"][0] - whole.__array_interface__["data"][0]
        return np.ndarray(array.shape, array.dtype, copy, offset, array.strides)


def whole_of(array: Any) -> Any:
    """The array that owns the memory: an array itself, or the one that a view looks into."""
    while type(array.base) is np.ndarray:
        array = array.base
    return array
