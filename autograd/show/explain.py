"""`explain`: a gradient as a sum over paths, in text."""
# ruff: noqa: RUF001, RUF002  # the signs of mathematics are meant, not the letters they look like

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from ..errors import DTypeError, GradientError, IndexingError, ShapeError
from ..graph import Edge, Graph
from ..graph.naming import variables_of
from ..tensor import Tensor
from .cuts import cuts, stopped, subscripted
from .paths import Arc, Elements, State, TooManyError, array_paths, unit
from .rules import Rules

LONGEST = 16  # steps of a path that are written out


@dataclass(frozen=True, slots=True)
class Step:
    """One factor of a product: the local derivative of `made` by `by`.

    made, by    the names of the two numbers: "A1[0, 2]"
    formula     how the array of the first was computed: "sigmoid(Z1)"
    derivative  the number; None if the path is one of whole arrays
    rule        what goes back along a path of whole arrays: "dW = X.T @ g"; empty if it has no such line
    """

    made: str
    by: str
    formula: str
    derivative: float | None
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Path:
    """One path: its steps from the output back, and its contribution, the product of their derivatives."""

    steps: tuple[Step, ...]
    product: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """The reasons for the value of a derivative; `str()` gives the text.

    output, wrt  the names of the two numbers
    gradient     the derivative, as `backward()` computes it
    count        the number of paths without a factor 0; None if the paths are of whole arrays and there
                 are too many to count
    total        the sum over all paths, or over the paths found if they could not be counted
    paths        the heaviest paths, ordered by the size of their product
    cuts         where the influence of `wrt` on `output` ends, and why
    """

    output: str
    wrt: str
    gradient: float
    count: int | None
    total: float
    paths: tuple[Path, ...]
    cuts: tuple[str, ...]

    @property
    def shown(self) -> float:
        """The sum of the products of `paths`."""
        return math.fsum(path.product for path in self.paths)

    @property
    def share(self) -> float:
        """The part of the gradient that `paths` account for: 1 if there are no other paths."""
        return self.shown / self.gradient if self.gradient else float(len(self.paths) == self.count)

    def __str__(self) -> str:
        tables = map(written, range(1, len(self.paths) + 1), self.paths)
        return "\n\n".join([self.heading(), *tables, *self.ending()])

    def _repr_html_(self) -> str:
        """The heading, each path as rows of a table with its product, the sum, and the cuts."""
        rows = "".join(html_of(n, path) for n, path in enumerate(self.paths, 1))
        ending = "".join(f"<p style='white-space: pre-line'>{escape(block)}</p>" for block in self.ending())
        table = f"<table style='text-align: left'>{rows}</table>" if rows else ""
        return f"<div style='overflow-x: auto'><p>{escape(self.heading())}</p>{table}{ending}</div>"

    def heading(self) -> str:
        """The result, and the sum that it is."""
        result, shown = f"∂{self.output} / ∂{self.wrt} = {number(self.gradient)}", len(self.paths)
        if self.count is None:
            return f"{result}, a sum of more paths than can be followed; the heaviest of those followed:"
        if self.count == 0:
            return f"{result}: no path leads from {self.output} back to {self.wrt}"
        if self.count == 1:
            return f"{result}, the product along one path:"
        which = "this is" if shown == 1 else f"these {shown} are"
        heaviest = f", of which {which} the heaviest" if shown < self.count else ""
        return f"{result}, the sum of {self.count:,} paths{heaviest}:"

    def ending(self) -> list[str]:
        """The sum, how much of it is shown, and where paths are cut."""
        blocks = []
        if len(self.paths) > 1:
            signed = (f"{'-' if p.product < 0 else '+'} {number(abs(p.product))}" for p in self.paths)
            terms = " ".join(signed).removeprefix("+ ")
            terms = f"-{terms[2:]}" if terms.startswith("- ") else terms
            blocks.append(f"sum: {terms} = {number(self.shown)}")
        if self.paths and self.count != len(self.paths):
            they = "They carry" if len(self.paths) > 1 else "It carries"
            blocks.append(f"{they} {100 * self.share:.3g} % of the gradient {number(self.gradient)}.")
        return blocks + (["\n".join(f"cut: {cut}" for cut in self.cuts)] if self.cuts else [])


def written(n: int, path: Path) -> str:
    """A path as a table of its steps, without the middle if it is long."""
    half = LONGEST // 2
    gap = len(path.steps) - LONGEST
    parts = [path.steps] if gap <= 0 else [path.steps[:half], path.steps[-half:]]
    width = min(max((len(equation(step)) for part in parts for step in part), default=0), 60)
    tables = ["\n".join(f"    {equation(s):{width}}   {local(s)}" for s in part) for part in parts]
    factors = [number(step.derivative) for step in path.steps if step.derivative is not None]
    product = number(path.product)
    if 1 < len(factors) <= LONGEST:
        product = f"{' × '.join(factors)} = {product}"
    what = "product" if factors else "contribution"
    return f"path {n}\n" + f"\n    … {gap:,} more steps\n".join(tables) + f"\n    {what}: {product}"


def html_of(n: int, path: Path) -> str:
    """A path as rows: its number, then what each step computed and its derivative, then the product."""
    half = LONGEST // 2
    steps = path.steps if len(path.steps) <= LONGEST else (*path.steps[:half], *path.steps[-half:])
    cell = "<td style='text-align: left'><code>{}</code></td>"
    rows = [cell.format(escape(equation(s))) + cell.format(escape(local(s))) for s in steps]
    if len(path.steps) > LONGEST:
        rows.insert(half, f"<td colspan='2'>… {len(path.steps) - LONGEST:,} more steps</td>")
    factors = [number(step.derivative) for step in steps if step.derivative is not None]
    product = f"{' × '.join(factors)} = " if 1 < len(factors) == len(path.steps) else ""
    rows.append(
        f"<td style='text-align: left' colspan='2'><b>{escape(product + number(path.product))}</b></td>"
    )
    head = f"<tr><th colspan='2' style='text-align: left'>path {n}</th></tr>"
    return head + "".join(f"<tr>{row}</tr>" for row in rows)


def equation(step: Step) -> str:
    return f"{step.made} = {step.formula}"


def local(step: Step) -> str:
    """The local derivative of a step, with its value if it is a number; of arrays, the rule."""
    if step.rule:
        return step.rule
    value = "" if step.derivative is None else f" = {number(step.derivative)}"
    return f"∂/∂{step.by}{value}"


def number(value: float) -> str:
    """A number to six digits; zero is written without a sign."""
    return f"{value + 0.0:.6g}"


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
