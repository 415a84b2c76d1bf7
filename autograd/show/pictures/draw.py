"""`draw`: the picture of a recorded graph."""
# ruff: noqa: RUF002  # the signs of mathematics are meant, not the letters they look like

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import DrawError, DTypeError
from ...graph import Graph
from ...graph.naming import variables_of
from ...tensor import Tensor
from ..labels import expressions
from .pencil import Pencil, scaled
from .plan import Plan

if TYPE_CHECKING:
    from .picture import Picture

LIMIT = 50  # boxes above which a picture is folded
THRESHOLD = 16  # elements up to which all numbers of an array are shown
DIRECTIONS = ("TB", "LR", "BT", "RL")
FONT = "Helvetica,Arial,sans-serif"
NODES = {"style": "filled", "fontname": FONT, "fontsize": "11", "margin": "0.12,0.06"}
EDGES = {"arrowsize": "0.7", "fontname": FONT, "fontsize": "9", "penwidth": "1"}
GRAPH = {"fontname": FONT, "fontsize": "10", "labeljust": "l", "color": "#8a8a8a"}
NODES |= {"height": "0.5", "width": "0.75"}
GRAPH |= {"nodesep": "0.25", "ranksep": "0.5"}  # Graphviz' own, to be scaled


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
    direction: str = "TB",
    scale: float = 1.0,
    threshold: int = THRESHOLD,
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
    direction  where the computation goes: "TB" from top to bottom, "LR" from left to right, "BT", "RL"
    scale      the size of text, boxes and distances, 1.5 for slides
    threshold  the number of elements up to which all numbers of an array are shown

    Boxes that would look alike also get the number that `Graph` gives them, `t8`.  A constant without a
    name gets an expression in the arrays that have one, if it equals it: `1 - y`.  A backward pass that
    was recorded, with create_graph=True, is in a frame and a colour of its own.

    Raises DTypeError if `output` is not a Tensor, DrawError for a path with another suffix, an unknown
    direction, a scale that is not positive, or if no program here can lay out a picture.

    >>> x = Tensor([1.0, 2.0], requires_grad=True)
    >>> draw(np.sum(x * x)).source.count("->")
    3
    """
    variables, look = variables_of(sys._getframe(1)), (direction, scale, threshold)
    picture, pencil = drawing(output, names, variables, values, gradients, depth, limit, *look)
    if backward:
        pencil.way_back(picture)
    if path is not None:
        picture.write(path)
    return picture


def drawing(
    output: Tensor,
    names: Mapping[str, Any] | None,
    variables: Mapping[str, Any],
    values: bool,
    gradients: bool,
    depth: int | None,
    limit: int | None,
    direction: str,
    scale: float,
    threshold: int,
) -> tuple[Picture, Pencil]:
    """The picture of `output` without its backward pass, and the pencil that drew it: see `draw`."""
    from .picture import Picture  # here, since importing Graphviz takes longer than all of autograd

    refuse_undrawable(output, direction, scale)
    graph = Graph.of(output, names, variables)
    plan = Plan(graph, depth, limit)
    columns = {"fontname": "Menlo,Consolas,monospace"} if values or gradients else {}  # so that numbers align
    looks = [scaled(look, scale) for look in (GRAPH | {"rankdir": direction}, NODES | columns, EDGES)]
    picture = Picture(graph_attr=looks[0], node_attr=looks[1], edge_attr=looks[2])
    picture.listing = graph.listing
    constants = expressions(graph, (box.vertices[0] for box in plan.boxes), variables)
    shown = cotangents(graph) if gradients else None
    pencil = Pencil(plan, values, shown, threshold, constants, scale)
    pencil.frame(picture, plan.frame)
    for arrow in plan.arrows:
        pencil.arrow(picture, arrow)
    if plan.folded:
        picture.attr(label=picture.label(said_of(plan, limit), longest=100), labelloc="b")
    return picture, pencil


def refuse_undrawable(output: Any, direction: str, scale: float) -> None:
    """Raise DTypeError for what is no Tensor, DrawError for a direction or scale that there is not."""
    if type(output) is not Tensor:
        raise DTypeError(
            f"only how a Tensor was computed can be drawn, and this is a {type(output).__name__}"
        )
    if direction not in DIRECTIONS:
        raise DrawError(f"direction={direction!r} must be one of {', '.join(DIRECTIONS)}")
    if not 0 < scale < 100:
        raise DrawError(f"scale={scale!r} must be a positive number, such as 1.5")


def said_of(plan: Plan, limit: int | None) -> tuple[str, str]:
    """The lines below a folded picture: how much it stands for, and how to see all of it."""
    return (
        f"{len(plan.graph):,} arrays in {len(plan.boxes)} boxes, as there would be more than {limit}:",
        f"{plan.folded} are folded; limit=None draws them all",
    )


def cotangents(graph: Graph) -> dict[int, Any]:
    """The gradients to show, by number."""
    if graph.output.requires_grad and np.size(graph.output.value) == 1:
        return graph.backward().cotangents
    return {vertex.number: vertex.grad for vertex in graph.nodes if vertex.grad is not None}
