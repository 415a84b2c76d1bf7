"""The way back from some nodes to some others, and no further."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

from ..engine import Array, Lift, Node, way_back


def region(roots: Iterable[Node], targets: Container[Node], since: int) -> tuple[list[Node], list[Node]]:
    """The nodes on the way from `roots` to `targets`, youngest first, and the outside nodes they depend on.

    The search ends at the targets, which need not be leaves, and at nodes older than the creation
    index `since`.  The older nodes that require a gradient are the second list.
    """
    reached: list[Node] = []
    outside: list[Node] = []
    seen: set[Node] = set()
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node in seen or node in targets or not node.requires_grad:
            continue
        seen.add(node)
        if node.index < since:
            outside.append(node)
        else:
            reached.append(node)
            stack += [p for p in node.parents if p is not None]
    dependent: set[Node] = set()
    for node in sorted(reached, key=lambda n: n.index):
        if any(p in dependent or p in targets for p in node.parents if p is not None):
            dependent.add(node)
    return sorted(dependent, key=lambda n: -n.index), outside


def gradients_of(
    between: Sequence[Node], cotangents: dict[Node, Array], targets: Iterable[Node], lift: Lift | None = None
) -> dict[Node, Array]:
    """The cotangents of `targets`, given the cotangents of some roots and the `region` between them.

    The targets need not be leaves.  A target that nothing reaches is left out.  The arrays may be shared
    with one another and with the graph.
    """
    ends = set(targets)
    steps = way_back(cotangents, lift, within={*between, *ends}, ends=ends)
    return {node: g for node, g, _ in steps if node in ends}
