"""The graph as a whole: lookup, listing, and the way back."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from ..errors import DTypeError, GradientError
from ..tensor import Tensor
from .back import Backward, Sent, walk_back
from .build import Builder
from .naming import variables_of
from .records import Edge, Scope, Vertex
from .text import call, printable


class Graph:
    """A read-only record of how an output was computed.

    nodes   the vertices, in the order of creation: `nodes[i].number` is i + 1
    edges   all edges, ordered by target and slot
    uses    for each number, the edges that lead from that vertex, in the same order
    scopes  the scopes, each after the one around it
    output  the vertex of the output

    >>> import numpy as np
    >>> x = Tensor([1.0, 2.0], requires_grad=True)
    >>> graph = Graph.of(np.sum(x * x) / 2)
    >>> print(graph)
    x: f64[2]  parameter
    t2: f64[2] = x * x
    t3: f64[] = sum(t2)
    t5: f64[] = t3 / 2
    >>> [(edge.source, edge.target, edge.slot) for edge in graph.edges]
    [(1, 2, 0), (1, 2, 1), (2, 3, 0), (3, 5, 0), (4, 5, 1)]
    """

    __slots__ = ("nodes", "scopes", "uses")

    def __init__(self, nodes: tuple[Vertex, ...], scopes: tuple[Scope, ...]) -> None:
        self.nodes, self.scopes = nodes, scopes
        self.uses: dict[int, list[Edge]] = {vertex.number: [] for vertex in nodes}
        for edge in self.edges:
            self.uses[edge.source].append(edge)

    @classmethod
    def of(
        cls,
        output: Tensor,
        names: Mapping[str, Any] | None = None,
        variables: Mapping[str, Any] | None = None,
    ) -> Graph:
        """The graph of `output`.

        names: the names to use for some arrays, `{"W": layer.weight}`.  variables: where else to look for
        names; by default, the caller's variables.

        Raises DTypeError if `output` is not a Tensor, or if `names` has a value that is not an array.
        """
        if type(output) is not Tensor:
            raise DTypeError(
                f"a graph shows how a Tensor was computed, and this is a {type(output).__name__}"
            )
        if variables is None:
            variables = variables_of(sys._getframe(1))
        builder = Builder(output, names or {}, variables)
        return cls(tuple(builder.vertices), tuple(builder.scopes.found))

    @property
    def output(self) -> Vertex:
        """The vertex of the Tensor that the graph was made from: it was computed last."""
        return self.nodes[-1]

    @property
    def edges(self) -> Iterator[Edge]:
        """Every use of one vertex by another, once for each argument that it is."""
        return (edge for vertex in self.nodes for edge in vertex.inputs)

    def __getitem__(self, number: int) -> Vertex:
        """The vertex with this number, counted from 1."""
        if not 1 <= number <= len(self.nodes):
            raise IndexError(f"the graph has vertices 1 to {len(self.nodes)}, and no {number}")
        return self.nodes[number - 1]

    def __len__(self) -> int:
        return len(self.nodes)

    def expression(self, vertex: Vertex) -> str:
        """How a vertex was computed, written with the labels of its arguments: `X @ W1`; empty for a leaf."""
        arguments = [self[edge.source].label for edge in vertex.inputs]
        return call(vertex.op, arguments, vertex.options) if vertex.op else ""

    def listing(self, values: bool = False) -> str:
        """The graph as typed text, one line per operation; `values` adds the values and gradients."""
        return "\n".join(line(self, v, values) for v in self.nodes if v.kind != "constant")

    __str__ = listing

    def _repr_html_(self) -> str:
        """The listing as a table: name, type, how it was made, and value."""
        shown = [v for v in self.nodes if v.kind != "constant"]
        rows = "".join(html_row([v.label, v.type, self.expression(v) or v.kind, v.summary]) for v in shown)
        head = "".join(
            f"<th style='text-align: left'>{word}</th>" for word in ("array", "type", "made by", "value")
        )
        return f"<div style='overflow-x: auto'><table><tr>{head}</tr>{rows}</table></div>"

    def walk_back(self, cotangent: Any = None) -> Iterator[Sent]:
        """The backward pass step by step, in the engine's order and by its rules: see `Sent`.

        It writes no `grad`.  cotangent: the cotangent of the output; 1 if the output has one element.

        Raises GradientError and ShapeError as `Tensor.backward` does.
        """
        node = self.output.node
        if node is None or not node.requires_grad:
            raise GradientError(
                f"{self.output.label} of shape {self.output.shape} does not require a gradient: "
                "nothing it was computed from does"
            )
        return walk_back(self.nodes, Tensor.of(node.data, node).seed(cotangent))

    def backward(self, cotangent: Any = None) -> Backward:
        """The cotangent of every array in the graph, and what each use contributes to it.

        All of them are kept, so this takes as much memory as the values do.  Otherwise like `walk_back`.

        >>> x = Tensor(3.0, requires_grad=True)
        >>> back = Graph.of(x * x + x).backward()
        >>> print({number: float(g) for number, g in back.cotangents.items()})
        {3: 1.0, 2: 1.0, 1: 7.0}
        >>> print({use: float(g) for use, g in back.contributions.items()})
        {(3, 0): 1.0, (3, 1): 1.0, (2, 0): 3.0, (2, 1): 3.0}
        """
        return Backward.of(self.walk_back(cotangent))


def html_row(cells: list[str]) -> str:
    """A row of a table, with its cells in the type of code and what HTML would read escaped."""
    inside = "".join(f"<td style='text-align: left'><code>{escape(cell)}</code></td>" for cell in cells)
    return f"<tr>{inside}</tr>"


def line(graph: Graph, vertex: Vertex, values: bool) -> str:
    """One line of the listing."""
    made = f" = {graph.expression(vertex)}" if vertex.op else f"  {vertex.kind}"
    shown = f"  = {vertex.summary}" if values else ""
    if values and vertex.kind == "parameter":
        shown += f"  grad {vertex.grad_summary}"
    where = [printable(vertex.scope.path)] if vertex.scope and vertex.op else []
    where += [f"{vertex.source.filename}:{vertex.source.lineno}"] if vertex.source and vertex.op else []
    return f"{vertex.label}: {vertex.type}{made}{shown}" + (f"  # {', '.join(where)}" if where else "")
