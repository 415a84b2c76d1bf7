"""The backward pass through a graph, step by step, with everything that the engine throws away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..engine import LEAF, Array, way_back
from ..hooks import through
from ..outputs import Parts
from .records import Vertex


@dataclass(frozen=True, slots=True)
class Sent:
    """One step of the backward pass: what arrived at a vertex, and what it sends on.

    number         the number of the vertex
    cotangent      the derivative of the output with respect to the vertex: the sum of what its uses send
    contributions  what the vertex sends to each argument, by slot; empty for a parameter
    """

    number: int
    cotangent: Array
    contributions: dict[int, Array]


@dataclass(frozen=True, slots=True)
class Backward:
    """A whole backward pass.

    cotangents     by number, in the order in which the engine finishes them; a vertex that no gradient
                   reaches has no entry
    contributions  what one use of an array sends back to it, by (target, slot), in the order in which
                   they are computed.  The contributions of all uses of an array sum to its cotangent.
    """

    cotangents: dict[int, Array]
    contributions: dict[tuple[int, int], Array]

    @classmethod
    def of(cls, steps: Iterator[Sent]) -> Backward:
        """All that the steps of a backward pass send, kept."""
        back = cls({}, {})
        for step in steps:
            back.cotangents[step.number] = step.cotangent
            back.contributions.update(((step.number, slot), g) for slot, g in step.contributions.items())
        return back


def walk_back(nodes: Sequence[Vertex], cotangent: Array) -> Iterator[Sent]:
    """The steps from the output back, youngest first, as the engine takes them."""
    vertices = {vertex.node: vertex for vertex in nodes if vertex.node is not None}
    output = nodes[-1].node
    for node, g, passed in way_back(
        {output: cotangent} if output is not None and output.requires_grad else {}
    ):
        vertex = vertices[node]
        if node.op is LEAF and node.kwargs:
            g = through(node.kwargs["hooks"], g)
        slots = [edge.slot for edge in vertex.inputs if edge.carries]
        contributions = {slot: shown(gi) for slot, (_, gi) in zip(slots, passed, strict=True)}
        yield Sent(vertex.number, shown(g), contributions)


def shown(g: Array) -> Array:
    """A cotangent in the form in which it is shown: for several outputs, a tuple of arrays."""
    return tuple(g) if isinstance(g, Parts) else g
