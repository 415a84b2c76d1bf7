"""From a plan to a picture: how boxes, frames and arrows look, and what is written in them."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...graph import Scope, Vertex
from ...graph.text import SYMMETRIC
from ...mode import BACKWARD
from ..folds.fold import Group, members, times, title
from ..labels import kind_of_array, numbers, operation, under
from .plan import Arrow, Box, Frame, Plan

if TYPE_CHECKING:
    from .picture import Picture

KINDS = {  # told apart by shape as well as colour
    "input": {"shape": "note", "fillcolor": "#eeeeee"},
    "parameter": {"shape": "hexagon", "fillcolor": "#ffdfa6", "margin": "0,0.02"},
    "intermediate": {"shape": "box", "fillcolor": "#dcebff", "style": "filled,rounded"},
    "output": {"shape": "box", "fillcolor": "#cdeeca", "peripheries": "2"},
    "folded": {"shape": "box3d", "fillcolor": "#e8dff5"},
    "backward": {"fillcolor": "#fbe3d6"},  # computed in a recorded backward pass,
    "frame": {"fillcolor": "#fdf5f0"},  # and the frame around it
    "gradient": {"shape": "box", "fillcolor": "#ffffff", "style": "filled,dashed"},
}

SIZES = {"arrowsize", "fontsize", "height", "margin", "nodesep", "penwidth", "ranksep", "width"}


class Pencil:
    """Writes a plan as a picture.

    values     whether the numbers are shown
    gradients  the gradients to show, by number; None to show no gradients
    threshold  the number of elements up to which all numbers of an array are shown
    constants  expressions for arrays without a name, by number
    scale      a factor for all sizes
    """

    def __init__(
        self,
        plan: Plan,
        values: bool,
        gradients: dict[int, Any] | None,
        threshold: int,
        constants: Mapping[int, str],
        scale: float,
    ) -> None:
        self.plan, self.graph = plan, plan.graph
        self.values, self.gradients = values, gradients
        self.threshold, self.constants, self.scale = threshold, constants, scale
        self.frames = itertools.count()
        captions = Counter((box.path[-1], *self.caption(box)) for box in plan.boxes)
        self.twins = {box for box in plan.boxes if captions[box.path[-1], *self.caption(box)] > 1}

    def frame(self, picture: Picture, frame: Frame) -> None:
        """Draw the boxes and frames inside a frame."""
        for item in frame.inside:
            if isinstance(item, Box):
                picture.node(item.name, picture.label(self.lines(item)), **self.look(picture, item))
                continue
            with picture.subgraph(name=f"cluster_{next(self.frames)}") as inner:
                style = "rounded,dashed" if item.group.times > 1 else "rounded"
                inner.attr(label=picture.label([heading(item.group)]), style=style)
                if is_backward(item.group.scope):
                    inner.attr(style=f"{style},filled", fillcolor=KINDS["frame"]["fillcolor"])
                self.frame(inner, item)

    def look(self, picture: Picture, box: Box) -> dict[str, str]:
        """The shape, the colour and the tooltip of a box."""
        vertex = box.vertices[0]
        look = KINDS["folded" if box.group else vertex.kind]
        if vertex.kind == "intermediate" and any(
            map(is_backward, vertex.scope.chain if vertex.scope else ())
        ):
            look = look | KINDS["backward"]
        if box is self.plan.box_of[self.plan.repeats.of(self.graph.output.number)] and vertex.op:
            look = look | {"peripheries": "2"}
        hint = [vertex.label, vertex.type, vertex.summary]
        if vertex.op:
            hint[0] += f" = {self.graph.expression(vertex)}"
        if vertex.source:
            hint.append(f"{vertex.source.filename}:{vertex.source.lineno}")
        return scaled(look, self.scale) | {
            "tooltip": picture.label([heading(box.group)] if box.group else hint)
        }

    def lines(self, box: Box) -> list[str]:
        """The lines of text in a box."""
        return [line for part in self.parts(box) for line in part]

    def parts(self, box: Box) -> tuple[list[str], list[str], list[str]]:
        """The lines of text in a box: what it is, the numbers of its array, and those of its gradient."""
        lines = self.caption(box)
        if box.group is not None or len(box.vertices) > 1:
            return lines, [], []
        vertex = box.vertices[0]
        if box in self.twins:
            place = bool(vertex.op)  # after the operation
            lines[place : place + bool(self.name(vertex, box.path[-1]))] = [vertex.label]
        if box.times > 1:
            lines.append(times(box.times))
        values, gradient = [], []
        if self.values:
            values = numbers(vertex.value, self.threshold)
        if self.gradients is not None and vertex.requires_grad:
            gradient = under("gradient", numbers(self.gradients.get(vertex.number), self.threshold))
        return lines if lines or values or gradient else [vertex.label], values, gradient

    def caption(self, box: Box) -> list[str]:
        """The lines of text in a box without the numbers of its array."""
        if box.group is not None:
            result = max((v for v in box.vertices if v.op), key=lambda v: v.number)
            return [heading(box.group), content(box), f"→ {kind_of_array(result) or 'one number'}"]
        vertex = box.vertices[0]
        if len(box.vertices) > 1:
            return [f"{len(box.vertices):,} {vertex.kind}s"]
        varied = vertex.number in self.plan.repeats.varied
        made = operation(self.graph, vertex, varied)
        return [line for line in (made, self.name(vertex, box.path[-1]), kind_of_array(vertex)) if line]

    def name(self, vertex: Vertex, frame: Frame | Box) -> str:
        """The name of an array, without the path of the module whose frame it is in."""
        if self.plan.repeats.of(self.graph.output.number) == vertex.number:
            return self.graph.output.name
        scope = frame.group.scope if frame.group else None
        prefix = f"{scope.path}." if scope and vertex.kind == "parameter" else ""
        return vertex.name.removeprefix(prefix) or self.constants.get(vertex.number, "")

    def arrow(self, picture: Picture, arrow: Arrow) -> None:
        """Draw an arrow, numbered by the argument that it is where the order of the arguments counts."""
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
        return self.graph.expression(vertex) if named else operation(self.graph, vertex)

    def derivative(self, box: Box, what: str) -> list[str]:
        """The lines of text in the box of a gradient."""
        vertex = box.vertices[0]
        if box.group is not None:
            return [f"back through {heading(box.group)}"]
        name = f"∂{what} / ∂{vertex.name or f'({self.formula(vertex)})'}"
        uses = sum(edge.carries for edge in self.graph.uses[vertex.number])
        several = f"Σ of {uses} uses" if uses > 1 and box.times == 1 else ""
        found = self.gradients.get(vertex.number) if self.gradients is not None else None
        shown = numbers(found, self.threshold) if self.gradients is not None else []
        return [line for line in (name, several, kind_of_array(vertex), *shown) if line]


def carries(arrow: Arrow) -> bool:
    """Whether a gradient goes back along an arrow."""
    if arrow.edge is not None:
        return arrow.edge.carries
    return all(any(v.requires_grad for v in box.vertices) for box in (arrow.source, arrow.target))


def is_backward(scope: Scope | None) -> bool:
    """Whether a scope is one in which a backward pass was recorded."""
    return scope is not None and (scope.label, scope.kind) == (BACKWARD, "")


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


def scaled(look: Mapping[str, str], scale: float) -> dict[str, str]:
    """Attributes for Graphviz with all sizes multiplied.

    >>> scaled({"margin": "0.1,0.5", "color": "red"}, 2)
    {'margin': '0.2,1', 'color': 'red'}
    """
    return {
        key: ",".join(f"{float(x) * scale:g}" for x in value.split(",")) if key in SIZES else value
        for key, value in look.items()
    }
