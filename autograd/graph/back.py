"""The backward pass through a graph, step by step, with everything that the engine throws away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..engine import LEAF, Array, Parts, changed_since, passed_back, through
from .records import Vertex


@dataclass(frozen=True, slots=True)
class Sent:
    """One step of the backward pass: what arrived at a vertex, and what it sends on.

    number         of the vertex
    cotangent      the sum of what its uses contribute: the derivative of the output by it
    contributions  by slot, what the vertex sends to that argument; none for a parameter
    """

    number: int
    cotangent: Array
    contributions: dict[int, Array]


@dataclass(frozen=True, slots=True)
class Backward:
    """A whole backward pass.

    cotangents     by number, in the order in which the engine finishes them; what no gradient
                   reaches has none
    contributions  by (target, slot), in the order in which they are computed: what one use of an
                   array sends back to it.  Those of all uses of an array sum to its cotangent.
    """

    cotangents: dict[int, Array]
    contributions: dict[tuple[int, int], Array]

    @classmethod
    def of(cls, steps: Iterator[Sent]) -> Backward:
        back = cls({}, {})
        for step in steps:
            back.cotangents[step.number] = step.cotangent
            back.contributions.update(((step.number, slot), g) for slot, g in step.contributions.items())
        return back


def walk_back(nodes: Sequence[Vertex], cotangent: Array) -> Iterator[Sent]:
    """The steps from the output back, youngest first, so that each vertex has all that arrives at it."""
    pending: dict[int, Array] = {len(nodes): cotangent}
    for vertex in reversed(nodes):
        if vertex.number not in pending or vertex.node is None:
            continue
        node, g = vertex.node, pending.pop(vertex.number)
        if node.op is LEAF:
            yield Sent(vertex.number, through(node.kwargs["hooks"], g) if node.kwargs else g, {})
            continue
        carrying = [edge for edge in vertex.inputs if edge.carries]
        for edge in carrying:
            source = nodes[edge.source - 1].node
            if source is not None and source.op is LEAF and source.updated > node.index:
                raise changed_since(source, node)
        passed = zip(carrying, passed_back(node, g, None), strict=True)
        contributions = {edge.slot: (edge.source, gi) for edge, (_, gi) in passed}
        for number, gi in contributions.values():
            pending[number] = pending[number] + gi if number in pending else gi
        yield Sent(vertex.number, shown(g), {slot: shown(gi) for slot, (_, gi) in contributions.items()})


def shown(g: Array) -> Array:
    """A cotangent as it is to be looked at: those of several outputs as a tuple of arrays."""
    return tuple(g) if isinstance(g, Parts) else g
