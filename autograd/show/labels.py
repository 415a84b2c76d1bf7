"""The text on the box of an operation."""
# ruff: noqa: RUF002  # the signs of mathematics are meant, not the letters they look like

from __future__ import annotations

from ..graph import Graph, Vertex
from ..graph.text import FIELD_NAMES, OPERATORS, told


def operation(graph: Graph, vertex: Vertex) -> str:
    """The operation that made an array, with its numbers and options: `· ^ 2`, `Σ axis=0`.

    >>> from autograd import Tensor
    >>> graph = Graph.of(2 * Tensor([1.0], requires_grad=True).sum(axis=0))
    >>> [operation(graph, vertex) for vertex in graph.nodes if vertex.op]
    ['Σ axis=0', '2 × ·']
    """
    if not vertex.op:
        return ""
    sources = [graph[edge.source] for edge in vertex.inputs]
    words = [source.label if source.kind == "constant" else "·" for source in sources]
    what = vertex.symbol
    if set(words) != {"·"}:
        what = (
            f" {what} ".join(words)
            if vertex.op in OPERATORS
            else f"{FIELD_NAMES.get(vertex.op, vertex.op)}({', '.join(words)})"
        )
    return " ".join([what, *told(vertex.op, vertex.options)])
