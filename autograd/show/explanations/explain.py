"""`explain`: a gradient as a sum over paths, in text."""
# ruff: noqa: RUF002  # the signs of mathematics are meant, not the letters they look like

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...errors import DTypeError, GradientError, IndexingError, ShapeError
from ...graph import Edge, Graph
from ...graph.naming import variables_of
from ...tensor import Tensor
from ..rules import Rules
from .cuts import cuts, stopped, subscripted
from .paths import Arc, Elements, State, TooManyError, array_paths, unit
from .text import Explanation, Path, Step


def explain(
    output: Tensor,
    wrt: Tensor,
    index: Any = None,
    *,
    at: Any = None,
    most: int = 10,
    names: Mapping[str, Any] | None = None,
) -> Explanation:
    """The reasons for the value of the derivative of one number by another: the paths between them.

    Along a path the local derivatives are multiplied, and the products of all paths are summed: the
    result is the gradient.  No `grad` is written.

    wrt    a Tensor from which `output` was computed, a leaf or not; `index` selects the element
    at     the element of `output`, if it has several
    most   the number of paths that are listed, the heaviest first; all of them are counted and summed
    names  names for some arrays, `{"W": layer.weight}`

    If there are too many numbers to follow each of them, as in networks of realistic size, the paths go
    over whole arrays, and each contributes a part of the gradient.

    Raises DTypeError for an argument that is not a real Tensor, GradientError if `wrt` does not require a
    gradient, ShapeError if an element must be chosen, IndexingError for an element that does not exist.

    >>> a = Tensor(3.0, requires_grad=True)
    >>> b = a + a
    >>> c = b * a
    >>> print(explain(c, a))
    ∂c / ∂a = 12, the sum of 3 paths:
    <BLANKLINE>
    path 1
        c = b * a   ∂/∂a = 6
        product: 6
    <BLANKLINE>
    path 2
        c = b * a   ∂/∂b = 3
        b = a + a   ∂/∂a = 1
        product: 3 × 1 = 3
    <BLANKLINE>
    path 3
        c = b * a   ∂/∂b = 3
        b = a + a   ∂/∂a = 1
        product: 3 × 1 = 3
    <BLANKLINE>
    sum: 6 + 3 + 3 = 12
    """
    for what, tensor in (("output", output), ("wrt", wrt)):
        if type(tensor) is not Tensor or tensor.dtype.kind != "f":
            raise DTypeError(f"explain takes real Tensors, and {what} is {tensor!r:.60}")
    if not wrt.requires_grad:
        raise GradientError("explain: wrt does not require a gradient, so there is no derivative by it")
    variables = variables_of(sys._getframe(1))
    graph = Graph.of(output, names, variables)
    start = len(graph), element(output, at, "output", "at")
    place = element(wrt, index, "wrt", "index")
    labels = Labels(graph)
    said = tuple(cuts(graph, wrt, variables))
    goal = next((v.number for v in graph.nodes if v.node is wrt.node), None)
    top = labels.of(start)
    if goal is None or not graph.output.requires_grad:
        name = next((n for n, v in variables.items() if v is wrt), "wrt")
        return Explanation(top, subscripted(name, wrt.shape, place), 0.0, 0, 0.0, (), said)
    with np.errstate(all="ignore"):  # an infinite derivative is shown, not warned about
        return followed(graph, labels, start, (goal, place), most, said)


def followed(
    graph: Graph, labels: Labels, start: State, goal: State, most: int, said: Sequence[str]
) -> Explanation:
    """The explanation of a derivative by a number in the graph."""
    ends = labels.of(start), labels.of(goal)
    gradient = engines(graph, start, goal)
    try:
        elements = Elements(graph, start, goal)
    except TooManyError:
        found, complete = array_paths(graph, start, goal)
        total = math.fsum(product for _, product in found)
        paths = tuple(Path(labels.of_arrays(edges), product) for edges, product in found[:most])
        return Explanation(*ends, gradient, len(found) if complete else None, total, paths, tuple(said))
    count, total = elements.totals()
    paths = tuple(
        Path(tuple(map(labels.step, arcs)), math.prod(arc.derivative for arc in arcs))
        for arcs in elements.heaviest(most)
    )
    return Explanation(*ends, gradient, count, total, paths, (*said, *stopped(graph, elements.dead)))


def engines(graph: Graph, start: State, goal: State) -> float:
    """The derivative as the engine computes it."""
    for step in graph.walk_back(unit(graph.output.value, start[1])):
        if step.number == goal[0]:
            return float(np.ravel(step.cotangent)[goal[1]])
    return 0.0


def element(tensor: Tensor, index: Any, what: str, option: str) -> int:
    """The position of one element of a tensor, counted flat."""
    places = np.arange(tensor.size).reshape(tensor.shape)
    if index is None and tensor.size != 1:
        raise ShapeError(
            f"explain: {what} has shape {tensor.shape}; choose one element, such as {option}=(0, 0)"
        )
    try:
        place = places.ravel()[0] if index is None else places[index]
    except IndexError as error:
        raise IndexingError(f"explain: {what} of shape {tensor.shape}: {error}") from error
    if np.ndim(place):
        raise ShapeError(f"explain: {option}={index!r} is several elements of {what} of shape {tensor.shape}")
    return int(place)


class Labels:
    """The names of the numbers in a graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def of(self, state: State) -> str:
        """The label of one number: `W[0, 1]`; of a function with several outputs, that of all of them."""
        vertex = self.graph[state[0]]
        if isinstance(vertex.value, tuple):
            return vertex.label
        return subscripted(vertex.label, vertex.shape, state[1])

    def step(self, arc: Arc) -> Step:
        """A step between two numbers, with the derivative that the engine's rule gives there."""
        formula = self.graph.expression(self.graph[arc.target[0]])
        return Step(self.of(arc.target), self.of(arc.source), formula, arc.derivative)

    def of_arrays(self, edges: Sequence[Edge]) -> tuple[Step, ...]:
        """The steps of a path between whole arrays, with rules in the place of derivatives."""
        found = []
        for edge in edges:
            target, by = self.graph[edge.target], self.graph[edge.source].label
            line = self.rules.of(target).get(edge.slot)
            formula = self.graph.expression(target)
            found.append(Step(target.label, by, formula, None, line.text if line else ""))
        return tuple(found)

    @functools.cached_property
    def rules(self) -> Rules:
        """The rules of the graph as text, made for a cotangent of ones, when they are first asked for."""
        return Rules(self.graph, self.graph.backward(np.ones_like(self.graph.output.value)))
