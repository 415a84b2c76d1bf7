"""What a node was computed from: the one search through a graph that passes nothing back."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..engine import Node


def needs_gradient(node: Node) -> bool:
    """Whether gradients flow to a node."""
    return node.requires_grad


def ancestors(roots: Iterable[Node | None], wanted: Callable[[Node], bool] = lambda node: True) -> list[Node]:
    """The roots and all that they were computed from, oldest first, as far as it is `wanted`.

    >>> from autograd import Tensor
    >>> x = Tensor(2.0, requires_grad=True)
    >>> [node.op.name for node in ancestors([(x * x + 1).node], needs_gradient)]
    ['leaf', 'multiply', 'add']
    """
    found: set[Node] = set()
    waiting = list(roots)
    while waiting:
        node = waiting.pop()
        if node is not None and node not in found and wanted(node):
            found.add(node)
            waiting += node.parents
    return sorted(found, key=lambda node: node.index)
