"""The way back from some nodes to some others, and nowhere else."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

from ..engine import LEAF, Array, Lift, Node, changed_since, project


def region(roots: Iterable[Node], targets: Container[Node], since: int) -> tuple[list[Node], list[Node]]:
    """The nodes by which `roots` depend on `targets`, youngest first, and what else they depend on.

    The search ends at the targets, which need not be leaves, and at nodes older than the creation
    index `since`: those of them that require a gradient are the second list.
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
    between: Sequence[Node], cotangents: dict[Node, Array], targets: Iterable[Node], lift: Lift | None
) -> dict[Node, Array]:
    """The cotangents of `targets`, given those of some roots, and what lies between: their `region`.

    Unlike the engine's `pullback` it goes nowhere else, and may stop at nodes that are not leaves.
    A target that nothing reaches is left out.  The arrays may be shared, with one another and with
    the graph.
    """
    pending = dict(cotangents)
    wanted = {*between, *targets}
    for node in between:
        if node not in pending:
            continue
        g, op, y, args = pending.pop(node), node.op, node.data, node.args
        if lift:
            y, args = lift(y, node), tuple(map(lift, args, node.parents))
        for parent, rule, a in zip(node.parents, op.rules, args, strict=False):
            if parent is None:
                continue
            if parent.op is LEAF and parent.updated > node.index:
                raise changed_since(parent, node)
            if rule is not None and parent in wanted:
                gi = rule(g, y, *args, **node.kwargs)
                if op.broadcasts and (gi.shape != a.shape or gi.dtype is not a.dtype):
                    gi = project(gi, a)
                pending[parent] = pending[parent] + gi if parent in pending else gi
    return pending
