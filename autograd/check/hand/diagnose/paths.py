"""Gradients in which some of the paths to the loss are missing, or have a constant before them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, islice

import numpy as np

from ....engine import Array, Node
from ..match.near import PRECISION, largest, near, ratio
from ..observe.graph import flow
from .case import Case, Guess
from .constants import is_named, named
from .fused import without_cross_terms

MOST_USES = 24  # in a region, beyond which only single ones are left out on trial
MOST_PASSED = 20_000  # nodes that are gone back through, on all trials together
ONLY_DIAGONAL = Guess("jacobian", "it has only the Jacobian's diagonal: elements depend on others too")
SAMPLES = 48  # elements at which a Jacobian's diagonal is computed


def path_left_out(case: Case) -> Guess | None:
    """A gradient in which some uses of the variable, or of what is computed from it, are left out."""
    if not np.any(case.value):
        return Guess("missing-term", "it is 0 everywhere: nothing comes back")
    uses = list(branches(case))
    pairs = [*combinations(uses, 2)] if len(uses) <= MOST_USES else []
    cuts = (*((use,) for use in uses), *pairs)
    for cut in cuts[: MOST_PASSED // max(1, len(case.region))]:
        if near(case.value, case.scale * back(case, cut)):
            return left_out(case, {child for child, _ in cut})
    return None


def fitted(case: Case) -> Guess | None:
    """A sum over paths, of which those by one kind of use have a constant before them, or are missing.

    In a loop a variable is used again and again: uses by one operation, for one variable, are of a kind.
    """
    if np.shape(case.value) != np.shape(case.expected):
        return None
    kinds: dict[tuple[str, str], list[tuple[Node, int]]] = {}
    for child, i in branches(case):
        kinds.setdefault((child.op.name, next_name(case, child)), []).append((child, i))
    whole, apart = back(case, ()), case.value - case.expected
    if np.shape(whole) != np.shape(apart):  # a later line gives it the shape of what it is the gradient of
        return None
    for (op, name), uses in islice(kinds.items(), MOST_USES):
        part = case.scale * (whole - back(case, tuple(uses)))
        said = f"what comes back through {name or op}"
        if np.any(part) and largest(apart + part) <= PRECISION * largest(case.expected):
            return Guess("missing-term", f"{said} is missing")
        c = ratio(apart + part, part)
        if c and np.isclose(c, -1, rtol=1e-9):
            return Guess("sign", f"{said} has the wrong sign", part=part)
        if c and is_named(c, case.forward):
            wrong = f"{said} is {named(c, case.forward)} times what it should be"
            return Guess("factor", wrong, part=part)
    return None


def left_out(case: Case, cut: set[Node]) -> Guess:
    """What it is called when nothing comes back through some nodes.

    A term of the sum over paths is missing; or, if these paths lead only where others lead too, the
    cross terms of a Jacobian.
    """
    parents = {p for child in cut for p in child.parents if p in case.region}
    siblings = {c for p in parents for c in case.forward.children[p]} - cut
    reached = {end for child in cut for end in ends(case, child)}
    elsewhere = not reached <= {end for child in siblings for end in ends(case, child)}
    name = next_name(case, next(iter(cut))) if len(cut) == 1 else ""
    if name or case.forward.root in reached or (elsewhere and len(cut) == 1):
        return Guess(
            "missing-term", f"what comes back through {name or 'another path to the loss'} is missing"
        )
    if by_element(case):
        return Guess("missing-term", "a term of the product rule is missing: it takes a factor as constant")
    return Guess("jacobian", "it takes as constant what depends on the variable too (a mean, a sum)")


def by_element(case: Case) -> bool:
    """Whether each element of the gradient comes from one element of those given, as of a product."""
    node = case.node
    if case.forward.root in case.region or any(
        np.shape(g) != np.shape(node.data) for g in case.given.values()
    ):
        return False
    for k in np.linspace(0, np.size(node.data) - 1, min(SAMPLES, np.size(node.data))).astype(int):
        units = {end: np.zeros(np.shape(g)) for end, g in case.given.items()}
        for unit in units.values():
            unit.flat[k] = 1
        back = np.array(flow(node, case.region, units, case.forward.root)[node])
        back.flat[k] = 0
        if np.any(back):
            return False
    return True


def ends(case: Case, node: Node) -> set[Node]:
    """The given gradients that a path from a node leads to, or the loss."""
    if node in case.given:
        return {node}
    region, reached = case.forward.between(node, case.given)
    return {*reached, *({case.forward.root} & set(region))}


def branches(case: Case) -> Iterator[tuple[Node, int]]:
    """The uses of those nodes of the region that are used more than once."""
    uses: dict[Node, list[tuple[Node, int]]] = {node: [] for node in case.region}
    for child in (*case.region, *case.given):
        for i, parent in enumerate(child.parents):
            if parent in uses and child is not case.node:
                uses[parent].append((child, i))
    return (use for found in uses.values() if len(found) > 1 for use in found)


def back(case: Case, cut: tuple[tuple[Node, int], ...]) -> Array:
    """The gradient, at scale 1, but for what comes back by some uses."""
    node = case.node
    return flow(node, case.region, case.given, case.forward.root, cut)[node]


def next_name(case: Case, node: Node) -> str:
    """The variable that a path passes first, if it is not one that all paths lead to."""
    ends = set(case.given) if len(case.given) == 1 else set()
    while node not in case.forward.names:
        children = case.forward.children.get(node, [])
        if len(children) != 1:
            return ""
        node = children[0]
    return "" if node in ends or node is case.forward.root else case.forward.names[node]


def cross_terms_left_out(case: Case) -> Guess | None:
    """The same inside of a function that is one operation."""
    pieces = case.node, case.region, case.given, case.forward
    for name, g in without_cross_terms(*pieces):
        if near(case.value, case.scale * g):
            said = f"it takes as constant what depends on the variable too, inside of {name} (a mean, a sum)"
            return Guess("jacobian", said)
    return None


def only_diagonal(case: Case) -> Guess | None:
    """The diagonal of a Jacobian that has more to it, times the gradient of a variable behind it."""
    node, truth = case.node, case.truth
    known = {n: truth[n] for n in case.forward.names if n in truth} | case.derived
    for other, g in known.items():
        shapes = {np.shape(a) for a in (g, case.value, other.data, node.data)}
        if other is node or len(shapes) > 1 or np.size(g) < 2:
            continue
        region, reached = case.forward.between(node, {other})
        if reached and case.forward.root not in region and is_diagonal(case, region, other, g):
            return ONLY_DIAGONAL
    return None


def is_diagonal(case: Case, region: list[Node], other: Node, g: Array) -> bool:
    """Whether the value is the diagonal of the Jacobian to another variable, times that one's gradient."""
    node = case.node
    for k in np.linspace(0, np.size(g) - 1, min(SAMPLES, np.size(g))).astype(int):
        unit = np.zeros(np.shape(g))
        unit.flat[k] = np.asarray(g).flat[k]
        own = case.scale * flow(node, region, {other: unit}, case.forward.root)[node].flat[k]
        if not np.isclose(np.asarray(case.value).flat[k], own, rtol=1e-9, atol=0):
            return False
    return True
