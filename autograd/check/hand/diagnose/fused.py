"""What goes on inside a function that is one operation, such as a softmax or a normalisation.

Its rule gives the whole derivative at once.  The mistake that is made most often by hand, to take its sum
or its mean as a constant, leaves out some of the paths inside: to see these, it is run on Tensors.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from types import FunctionType
from typing import Any

import numpy as np

from ....engine import Array, Node
from ....graph.ancestors import ancestors, needs_gradient
from ....mode import GRADIENTS, Block
from ....tensor import Tensor
from ..observe.graph import Forward, flow

MOST_USES = 12  # inside of one function; beyond them it is no simple formula

Use = tuple[Node, int]  # of a value: the node that uses it, and the number of the argument


def without_cross_terms(
    node: Node, region: list[Node], given: dict[Node, Array], forward: Forward
) -> Iterator[tuple[str, Array]]:
    """The gradient of a node, at scale 1, but for some paths inside of a function; and that one's name."""
    whole = flow(node, region, given, forward.root)
    for child in (*region, *given):
        for i, parent in enumerate(child.parents):
            if child in whole and parent in whole and isinstance(child.op.function, FunctionType):
                beside = flow(node, region, given, forward.root, {(child, i)})[node]
                for g in with_paths_cut(child, i, whole[child]):
                    yield child.op.name, beside + carried(g, parent, node, forward)


def carried(g: Array, start: Node, node: Node, forward: Forward) -> Array:
    """What a gradient of `start` contributes to that of the older `node`."""
    if start is node:
        return g
    region, _ = forward.between(node, {start})
    return flow(node, region, {start: g}, start)[node]


def with_paths_cut(child: Node, i: int, g: Array) -> Iterator[Array]:
    """What comes back to an argument of an operation, but for one path inside, or two; g is its cotangent."""
    args = list(child.args)
    args[i] = leaf = Tensor(args[i], requires_grad=True)
    try:
        with Block(GRADIENTS):
            y = child.op.function(*args, **child.kwargs)
    except Exception:  # it is written for arrays only
        return
    if type(y) is not Tensor or not y.requires_grad or y.shape != np.shape(g):
        return
    start: Any = leaf.node
    *inner, end = ancestors([y.node], needs_gradient)
    uses = used_with_others([*inner, end], inner)
    if len(uses) <= MOST_USES:
        for cut in (*uses, *(one + other for one, other in combinations(uses, 2))):
            yield flow(start, inner, {end: g}, end, cut)[start]


def used_with_others(children: list[Node], parents: list[Node]) -> list[list[Use]]:
    """The uses of those values that several operations use: of each operation, all arguments that are it."""
    found: dict[Node, dict[Node, list[Use]]] = {parent: {} for parent in parents}
    for child in children:
        for i, parent in enumerate(child.parents):
            if parent in found:
                found[parent].setdefault(child, []).append((child, i))
    return [uses for by in found.values() if len(by) > 1 for uses in by.values()]
