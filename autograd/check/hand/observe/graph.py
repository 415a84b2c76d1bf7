"""The graph of a forward pass: which node is which variable's, and the true gradient of each."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

import numpy as np

from ....engine import Array, Node, PassBack, passed_back, way_back
from ....graph.ancestors import ancestors, needs_gradient
from .probes.sites import Site


class Forward:
    """What one run of a forward pass on Tensors left behind.

    root      the node of the loss
    leaves    the nodes of the inputs and of what the user's objects hold, by the ways that lead there
    bound     by name, the nodes that were put under it, the oldest first
    names     what to call a node: as forward itself does, else as a function that it called
    made      by site in the source, the nodes that were made there, the oldest first
    given     by function and parameter, the nodes that were passed to it
    calls     the calls of the user's functions, with what each was given
    places    where in the source the loss was made: its gradient is what is sought, so nothing is wrong there
    severed   the lines, with their files, where a plain number was made of a value
    scope     what each variable held at last, in plain arrays
    buffers   the leaves that forward put something else into: a delay line is no parameter
    order     all nodes that the loss depends on
    children  by node, the nodes that were computed from it
    """

    def __init__(
        self,
        root: Node,
        leaves: dict[tuple[Any, ...], Node],
        bound: dict[str, list[Node]],
        names: dict[Node, str],
        made: dict[Site, list[Node]],
        given: dict[tuple[str, str], list[Node]],
        calls: list[Any],
        places: frozenset[tuple[str, tuple[int, ...]]] = frozenset(),
        severed: tuple[tuple[str, int], ...] = (),
    ) -> None:
        self.root, self.leaves, self.bound, self.names = root, leaves, bound, names
        self.made, self.given, self.calls, self.places = made, given, calls, places
        self.severed = severed
        self.scope: dict[str, Any] = {}
        self.buffers: frozenset[Node] = frozenset()
        self.order = ancestors([root], needs_gradient)
        self.children: dict[Node, list[Node]] = {node: [] for node in self.order}
        for node in self.order:
            for parent in dict.fromkeys(node.parents):
                if parent in self.children:
                    self.children[parent].append(node)

    @property
    def idle(self) -> dict[Node, tuple[Any, ...]]:
        """The inputs that the loss does not depend on, with the ways to them."""
        inside = set(self.order)
        return {node: path for path, node in self.leaves.items() if node not in inside}

    def bound_to(self, name: str) -> list[Node]:
        """The nodes of a name that the loss depends on."""
        return [node for node in self.bound.get(name, ()) if node in self.children]

    def between(self, node: Node, ends: Container[Node]) -> tuple[list[Node], list[Node]]:
        """A node and what was computed from it on the way to the loss, up to some ends; and these ends."""
        region: list[Node] = []
        reached: list[Node] = []
        seen = {node}
        waiting = [node]
        while waiting:
            one = waiting.pop()
            region.append(one)
            for child in self.children[one]:
                if child not in seen:
                    seen.add(child)
                    (reached if child in ends else waiting).append(child)
        return region, reached

    def gradients(self, pass_back: PassBack | None = None) -> dict[Node, Array]:
        """The true gradient of every array that the loss depends on, by what each node passes back."""
        steps = way_back({self.root: one_like(self.root)}, pass_back=pass_back)
        return {node: g for node, g, _ in steps if not node.op.several}


def one_like(root: Node) -> Array:
    """The derivative of a loss with respect to itself."""
    return np.ones(np.shape(root.data), root.data.dtype)[()]


def flow(
    node: Node,
    region: list[Node],
    given: dict[Node, Array],
    root: Node,
    cut: Container[tuple[Node, int]] = (),
) -> dict[Node, Array]:
    """The gradients in a region, back to its oldest `node`, from those that are given at its other end.

    `cut` are uses through which nothing comes back: the node that uses something, and which argument it is.
    """
    inside, start = set(region), dict(given)
    if root in inside:
        start[root] = one_like(root)

    def uncut(one: Node, g: Array, lift: Any, within: Any) -> list[tuple[Node, Array]]:
        """What a node passes back by the uses that are not cut."""
        passed = passed_back(one, g, lift, within)
        uses = [i for i, p in enumerate(one.parents) if p in inside and p.requires_grad and one.op.rules[i]]
        return [sent for i, sent in zip(uses, passed, strict=True) if (one, i) not in cut]

    steps = way_back(start, within=inside, ends={node}, pass_back=uncut)
    return {node: np.zeros_like(node.data)} | {one: g for one, g, _ in steps}
