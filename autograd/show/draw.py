"""`draw`: the picture of a recorded graph."""
# ruff: noqa: RUF002  # the signs of mathematics are meant, not the letters they look like

from __future__ import annotations

import itertools
import os
import sys
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import DTypeError
from ..graph import Graph, Vertex
from ..graph.naming import variables_of
from ..graph.text import OPERATORS, SYMMETRIC, option, summary
from ..tensor import Tensor
from .fold import Group, members, times, title
from .plan import Arrow, Box, Frame, Plan

if TYPE_CHECKING:
    from .picture import Picture

LIMIT = 50  # boxes above which a picture is folded
FONT = "Helvetica,Arial,sans-serif"
NODES = {"style": "filled", "fontname": FONT, "fontsize": "11", "margin": "0.12,0.06"}
EDGES = {"arrowsize": "0.7", "fontname": FONT, "fontsize": "9"}
GRAPH = {"fontname": FONT, "fontsize": "10", "labeljust": "l", "color": "#8a8a8a"}
KINDS = {  # told apart by shape as well as colour
    "input": {"shape": "note", "fillcolor": "#eeeeee"},
    "parameter": {"shape": "hexagon", "fillcolor": "#ffdfa6", "margin": "0,0.02"},
    "intermediate": {"shape": "box", "fillcolor": "#dcebff", "style": "filled,rounded"},
    "output": {"shape": "box", "fillcolor": "#cdeeca", "peripheries": "2"},
    "folded": {"shape": "box3d", "fillcolor": "#e8dff5"},
    "gradient": {"shape": "box", "fillcolor": "#ffffff", "style": "filled,dashed"},
}


def draw(
    output: Tensor,
    path: str | os.PathLike[str] | None = None,
    *,
    names: Mapping[str, Any] | None = None,
    values: bool = False,
    gradients: bool = False,
    backward: bool = False,
    depth: int | None = None,
    limit: int | None = LIMIT,
) -> Picture:
    """The picture of how `output` was computed; also written to `path`, as .svg, .png, .pdf or .dot.

    Inputs are grey notes, and parameters are orange hexagons.  Computed arrays are blue rounded boxes.  A box
    begins with its operation, in which a number stands as it was used: `2 × ·`.  The output is a green
    double box.  An arrow is one use of an array as an argument: `x * x` has two, and the two of `a - b`
    are numbered.  Modules and scopes are frames.

    names      names for some arrays, `{"W": layer.weight}`; others are named after the modules and the
               caller's variables that hold them
    values     show the numbers as well: all of a small array, the range of a large one
    gradients  show the derivative of the output by each array, computed by the engine's rules without
               writing any `grad`; if the output has several elements, show what `grad` holds
    backward   draw the backward pass beside the forward pass
    depth      draw modules at this depth as violet blocks instead of frames: 0 for all modules
    limit      with more boxes than this, fold the picture, and say so: repetitions are drawn once, with
               a count, `× 12`; then scopes become blocks, the innermost first; None for no limit

    Raises DTypeError if `output` is not a Tensor, DrawError for a path with another suffix, or if no
    program here can lay out a picture.

    >>> x = Tensor([1.0, 2.0], requires_grad=True)
    >>> draw(np.sum(x * x)).source.count("->")
    3
    """
    from .picture import Picture  # here, since importing Graphviz takes longer than all of autograd

    if type(output) is not Tensor:
        raise DTypeError(f"draw() draws how a Tensor was computed, and this is a {type(output).__name__}")
    graph = Graph.of(output, names, variables_of(sys._getframe(1)))
    plan = Plan(graph, depth, limit)
    columns = {"fontname": "Menlo,Consolas,monospace"} if values or gradients else {}  # so that numbers align
    picture = Picture(node_attr=NODES | columns, edge_attr=EDGES, graph_attr=GRAPH)
    picture.listing = graph.listing
    pencil = Pencil(plan, values, cotangents(graph) if gradients else None)
    pencil.frame(picture, plan.frame)
    for arrow in plan.arrows:
        pencil.arrow(picture, arrow)
    if backward:
        pencil.way_back(picture)
    if plan.folded:
        note = (
            f"{len(graph):,} arrays in {len(plan.boxes)} boxes, as there would be more than {limit}:",
            f"{plan.folded} are folded; limit=None draws them all",
        )
        picture.attr(label=picture.label(note, longest=100), labelloc="b")
    if path is not None:
        picture.write(path)
    return picture


def cotangents(graph: Graph) -> dict[int, Any]:
    """The gradients to show, by number."""
    if graph.output.requires_grad and np.size(graph.output.value) == 1:
        return graph.backward().cotangents
    return {vertex.number: vertex.grad for vertex in graph.nodes if vertex.grad is not None}


class Pencil:
    """Writes a plan as a picture.

    values     whether the numbers are shown
    gradients  the gradients to show, by number; None to show no gradients
    """

    def __init__(self, plan: Plan, values: bool, gradients: dict[int, Any] | None) -> None:
        self.plan, self.graph = plan, plan.graph
        self.values, self.gradients = values, gradients
        self.frames = itertools.count()

    def frame(self, picture: Picture, frame: Frame) -> None:
        """Draw the boxes and frames inside a frame."""
        for item in frame.inside:
            if isinstance(item, Box):
                picture.node(item.name, picture.label(self.lines(item, frame)), **self.look(picture, item))
                continue
            with picture.subgraph(name=f"cluster_{next(self.frames)}") as inner:
                style = "rounded,dashed" if item.group.times > 1 else "rounded"
                inner.attr(label=picture.label([heading(item.group)]), style=style)
                self.frame(inner, item)

    def look(self, picture: Picture, box: Box) -> dict[str, str]:
        """The shape, the colour and the tooltip of a box."""
        vertex = box.vertices[0]
        look = KINDS["folded" if box.group else vertex.kind]
        if box is self.plan.box_of[self.plan.repeats.of(self.graph.output.number)] and vertex.op:
            look = look | {"peripheries": "2"}
        hint = [vertex.label, vertex.type, vertex.summary]
        if vertex.op:
            hint[0] += f" = {self.graph.expression(vertex)}"
        if vertex.source:
            hint.append(f"{vertex.source.filename}:{vertex.source.lineno}")
        return look | {"tooltip": picture.label([heading(box.group)] if box.group else hint)}

    def lines(self, box: Box, frame: Frame) -> list[str]:
        """The lines of text in a box."""
        if box.group is not None:
            result = max((v for v in box.vertices if v.op), key=lambda v: v.number)
            return [heading(box.group), content(box), f"→ {result.shape} {result.dtype}"]
        vertex = box.vertices[0]
        if len(box.vertices) > 1:
            return [f"{len(box.vertices):,} {vertex.kind}s"]
        lines = [self.operation(vertex), self.name(vertex, frame), f"{vertex.shape} {vertex.dtype}"]
        if box.times > 1:
            lines.append(times(box.times))
        if self.values:
            lines += numbers(vertex.value)
        if self.gradients is not None and vertex.requires_grad:
            lines += under("gradient", self.gradients.get(vertex.number))
        return [line for line in lines if line]

    def name(self, vertex: Vertex, frame: Frame) -> str:
        """The name of an array, without the path of the module whose frame it is in."""
        if self.plan.repeats.of(self.graph.output.number) == vertex.number:
            return self.graph.output.name
        scope = frame.group.scope
        prefix = f"{scope.path}." if scope and vertex.kind == "parameter" else ""
        return vertex.name.removeprefix(prefix)

    def operation(self, vertex: Vertex) -> str:
        """The operation that made an array, with its numbers and options: `· ^ 2`, `Σ axis=0`."""
        if not vertex.op:
            return ""
        varied = vertex.number in self.plan.repeats.varied
        sources = [self.graph[edge.source] for edge in vertex.inputs]
        words = [s.label if s.kind == "constant" and not varied else "·" for s in sources]
        what = vertex.symbol
        if set(words) != {"·"}:
            what = f" {what} ".join(words) if vertex.op in OPERATORS else f"{vertex.op}({', '.join(words)})"
        options = [] if varied else [f"{key}={option(value)}" for key, value in vertex.options.items()]
        return " ".join([what, *options])

    def arrow(self, picture: Picture, arrow: Arrow) -> None:
        if arrow.again:  # from the end of one repetition to the start of the next
            picture.edge(arrow.source.name, arrow.target.name, style="dashed", constraint="false")
            return
        label = None
        if arrow.edge is not None:
            target = self.graph[arrow.edge.target]
            shown = [edge for edge in target.inputs if self.graph[edge.source].kind != "constant"]
            if len(shown) > 1 and target.op not in SYMMETRIC:
                label = f" {shown.index(arrow.edge) + 1}"
        picture.edge(arrow.source.name, arrow.target.name, label)

    def way_back(self, picture: Picture) -> None:
        """Draw a box for the gradient of each box, beside it, and the arrows reversed."""
        picture.attr(newrank="true")
        traced = [box for box in self.plan.boxes if any(v.requires_grad for v in box.vertices)]
        what = self.graph.output.name or "output"
        with picture.subgraph(name="cluster_backward") as inner:
            inner.attr(label=inner.label([f"backward pass: derivatives of {what}"]), style="rounded,filled")
            inner.attr(fillcolor="#f7f7f7")
            for box in traced:
                inner.node(f"d{box.name}", inner.label(self.derivative(box, what)), **KINDS["gradient"])
        for box in traced:
            picture.body.append(f"\t{{ rank=same; {box.name}; d{box.name} }}\n")
        for arrow in self.plan.arrows:
            if carries(arrow):
                ends = f"d{arrow.source.name}", f"d{arrow.target.name}"
                picture.edge(*ends, dir="back", style="dashed" if arrow.again else "solid")

    def formula(self, vertex: Vertex) -> str:
        """How an array without a name was computed, from names if its arguments have them."""
        sources = (self.graph[edge.source] for edge in vertex.inputs)
        named = all(source.name or source.kind == "constant" for source in sources)
        return self.graph.expression(vertex) if named else self.operation(vertex)

    def derivative(self, box: Box, what: str) -> list[str]:
        """The lines of text in the box of a gradient."""
        vertex = box.vertices[0]
        if box.group is not None:
            return [f"back through {heading(box.group)}"]
        name = f"∂{what} / ∂{vertex.name or f'({self.formula(vertex)})'}"
        uses = sum(edge.carries for edge in self.graph.uses[vertex.number])
        several = f"Σ of {uses} uses" if uses > 1 and box.times == 1 else ""
        shown = numbers(self.gradients.get(vertex.number)) if self.gradients is not None else []
        return [line for line in (name, several, f"{vertex.shape} {vertex.dtype}", *shown) if line]


def carries(arrow: Arrow) -> bool:
    """Whether a gradient goes back along an arrow."""
    if arrow.edge is not None:
        return arrow.edge.carries
    return all(any(v.requires_grad for v in box.vertices) for box in (arrow.source, arrow.target))


def heading(group: Group) -> str:
    """The title of a group, or else the number of its operations."""
    return title(group) or f"{sum(1 for _ in members(group)):,} operations"


def content(box: Box) -> str:
    """The content of a folded box, in short."""
    operations = Counter(vertex.op for vertex in box.vertices if vertex.op)
    parameters = sum(vertex.kind == "parameter" for vertex in box.vertices)
    most = [f"{count:,} {op}" if count > 1 else op for op, count in operations.most_common(3)]
    words = [*most, "…"] if len(operations) > 3 else most
    if parameters:
        words.append(f"{parameters:,} parameter{'s' if parameters > 1 else ''}")
    return ", ".join(words)


def numbers(array: Any) -> list[str]:
    """The lines that show an array: all elements of a small one, the range and mean of a large one."""
    if array is None or np.size(array) > 16 or isinstance(array, tuple):
        return [summary(array)]
    lines = np.array2string(np.asarray(array), precision=4, max_line_width=44).splitlines()
    return [line.ljust(max(map(len, lines))) for line in lines]  # since Graphviz centres lines


def under(title: str, array: Any) -> list[str]:
    """The lines that show an array under a title, or beside the title if there is only one."""
    lines = numbers(array)
    return [f"{title} {lines[0]}"] if len(lines) == 1 else [title, *lines]
