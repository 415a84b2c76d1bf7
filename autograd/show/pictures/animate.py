"""`animate`: a computation step by step, forward and backward, as pictures for slides."""

from __future__ import annotations

import io
import math
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import DrawError
from ...graph.naming import variables_of
from ...tensor import Tensor
from ..files import write_whole
from .draw import LIMIT, THRESHOLD, drawing
from .pencil import Pencil, carries, heading
from .plan import Box, Plan

if TYPE_CHECKING:
    from .picture import Picture

FORMATS = (".gif", ".svg", ".png", ".pdf")
UNKNOWN = {"fillcolor": "#ffffff", "color": "#9a9a9a", "fontcolor": "#6a6a6a"}
TIP = 7  # points: the length of the tip of an arrow
COLORS = {"start": "#000000", "forward": "#1257c9", "seed": "#b3401a", "backward": "#b3401a"}


@dataclass(frozen=True, slots=True)
class Step:
    """One step: nothing computed, one box computed, or the gradient sent back from one box.

    phase     "start", "forward", "seed" or "backward"
    box       the box at which it happens; None at the start
    sentence  what happens, in words
    """

    phase: str
    box: Box | None
    sentence: str


def animate(
    output: Tensor,
    path: str | os.PathLike[str],
    *,
    names: Mapping[str, Any] | None = None,
    seconds: float = 1.0,
    depth: int | None = None,
    limit: int | None = LIMIT,
    direction: str = "TB",
    scale: float = 1.0,
    threshold: int = THRESHOLD,
) -> list[Path]:
    """The paths of pictures that show how `output` is computed, then differentiated, after writing them.

    Each picture is one step.  What is not computed yet is white, and shows no numbers; the box and the
    arrows of the step are blue on the way forward and red on the way back.  Nothing moves from one picture
    to the next.  With a path that ends in .gif, there is one file, in which each step is shown for so many
    `seconds`; with .svg, .png or .pdf there is a numbered file for each step, `loss-01.svg`.

    The other options are those of `draw`.  The gradients are those of `output`, if it has one element; no
    `grad` is changed.

    Raises DTypeError and DrawError as `draw` does, DrawError for another suffix, or if a GIF is asked for
    and Pillow is not installed.

    >>> import tempfile
    >>> x = Tensor(3.0, requires_grad=True)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in animate(x * x, Path(folder, "square.svg"))]
    ['square-1.svg', 'square-2.svg', 'square-3.svg', 'square-4.svg']
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise DrawError(
            f"no steps can be written to {path.name!r}: its suffix must be one of {', '.join(FORMATS)}"
        )
    variables, look = variables_of(sys._getframe(1)), (direction, scale, threshold)
    picture, pencil = drawing(output, names, variables, True, True, depth, limit, *look)
    frames = list(Film(picture, pencil).frames("png" if suffix == ".gif" else suffix[1:]))
    if suffix == ".gif":
        write_whole(path, gif(frames, seconds))
        return [path]
    digits = len(str(len(frames)))
    paths = [path.with_name(f"{path.stem}-{i:0{digits}}{path.suffix}") for i in range(1, len(frames) + 1)]
    for place, content in zip(paths, frames, strict=True):
        write_whole(place, content)
    return paths


class Film:
    """A picture that is laid out once, and drawn anew for each step.

    made  the number of the step at which each box is computed; 0 for leaves
    sent  the number of the step at which a gradient goes back along an arrow, by the names of its ends
    done  the number of the step at which the gradient of each box is complete
    """

    def __init__(self, picture: Picture, pencil: Pencil) -> None:
        self.picture, self.plan = picture, pencil.plan
        self.parts = {box: pencil.parts(box) for box in self.plan.boxes}
        self.steps = list(steps(self.plan, bool(pencil.gradients)))
        place = {(step.phase, step.box): i for i, step in enumerate(self.steps)}
        self.made = {box: place.get(("forward", box), 0) for box in self.plan.boxes}
        self.done = {box: i for (phase, box), i in place.items() if phase == "seed" and box}
        self.sent: dict[tuple[str, str], int] = {}
        for arrow in self.plan.arrows:
            if carries(arrow) and ("backward", arrow.target) in place:
                i = place["backward", arrow.target]
                self.sent[arrow.source.name, arrow.target.name] = i
                self.done[arrow.source] = max(self.done.get(arrow.source, 0), i)

    def frames(self, kind: str) -> Iterator[bytes]:
        """The pictures of all steps, in a format of Graphviz."""
        from .picture import ENGINE, drawn

        try:
            import pygraphviz  # here, since it takes longer to import than all of autograd
        except ImportError as error:
            raise DrawError(f"the steps are laid out with pygraphviz ({error}): {ENGINE}") from error
        longest = max((step.sentence for step in self.steps), key=len)
        self.picture.attr(label=self.picture.label([longest], 200), labelloc="b", fontsize="14")
        graph = pygraphviz.AGraph(string=drawn(self.picture.source, "dot").decode())
        boxes = {box: (node := graph.get_node(box.name), node.attr.to_dict()) for box in self.plan.boxes}
        left, low, right, high = graph.graph_attr["bb"].split(",")
        for corner in (f"{left},{low}", f"{right},{high}"):  # so that no picture is narrower than the others
            graph.add_node(
                f"corner {corner}", pos=corner, style="invis", label="", width="0.01", height="0.01"
            )
        arrows = [(edge := graph.get_edge(*ends), edge.attr["pos"]) for ends in graph.edges(keys=True)]
        for i, step in enumerate(self.steps):
            graph.graph_attr["label"] = self.picture.label([step.sentence], 200)
            for box, (node, usual) in boxes.items():
                node.attr.update(usual | self.look(box, i))
            for edge, course in arrows:
                edge.attr.update(self.look_of_arrow((edge[0], edge[1]), course, i))
            yield drawn(graph.string(), kind, "nop2")

    def look(self, box: Box, i: int) -> dict[str, str]:
        """The attributes of a box at step `i`: its numbers, as far as they are known, and its colours."""
        what, values, gradient = self.parts[box]
        known, complete = self.made[box] <= i, self.done.get(box, i + 1) <= i
        lines = [
            *what,
            *(line if known else " " for line in values),
            *(g if complete else " " for g in gradient),
        ]
        look = {
            "color": "#000000",
            "fontcolor": "#000000",
            "penwidth": "1",
            "label": self.picture.label(lines),
        }
        now = {"color": COLORS[self.steps[i].phase], "penwidth": "3"} if self.steps[i].box is box else {}
        return look | (UNKNOWN if not known else {}) | now

    def look_of_arrow(self, ends: tuple[str, str], course: str, i: int) -> dict[str, str]:
        """The attributes of an arrow at step `i`: it points back once a gradient has gone back along it."""
        step, sent = self.steps[i], self.sent.get(ends, len(self.steps)) <= i
        now = step.phase != "seed" and step.box is not None and step.box.name == ends[1]
        color = (
            COLORS["backward"]
            if sent
            else COLORS["forward"]
            if now and step.phase == "forward"
            else "#000000"
        )
        wide = "2.5" if now and (sent or step.phase == "forward") else "1"
        course, way = (turned(course), "back") if sent else (course, "forward")
        return {"color": color, "penwidth": wide, "pos": course, "dir": way}


def turned(course: str) -> str:
    """The course of an arrow, as Graphviz writes it, with the tip at its other end.

    >>> turned("e,0,0 0,50 0,40 0,20 0,10")
    's,0,50 0,43 0,40 0,20 0,0'
    """
    tip, *line = course.removeprefix("e,").split()
    points = [tuple(map(float, point.split(","))) for point in (*line[:-1], tip)]
    (x, y), (x1, y1) = points[0], next(point for point in points[1:] if point != points[0])
    far = math.hypot(x1 - x, y1 - y)
    start = f"{x + TIP * (x1 - x) / far:g},{y + TIP * (y1 - y) / far:g}"
    return " ".join([f"s,{line[0]}", start, *line[1:-1], tip])


def steps(plan: Plan, gradients: bool) -> Iterator[Step]:
    """The steps of a plan: each box with operations, forward, and those that a gradient reaches, backward."""
    graph = plan.graph
    made = [box for box in plan.boxes if any(v.op for v in box.vertices)]
    made.sort(key=lambda box: max(v.number for v in box.vertices if v.op))
    yield Step("start", None, "the inputs and the parameters")
    for box in made:
        vertex = box.vertices[0]
        single = box.group is None and box.times == 1
        what = f"{vertex.label} = {graph.expression(vertex)}" if single else called(box)
        yield Step("forward", box, f"forward: {what}")
    if not gradients:
        return
    last = plan.box_of[plan.repeats.of(graph.output.number)]
    yield Step("seed", last, f"backward: the derivative of {graph.output.label} by itself is 1")
    for box in reversed(made):
        targets = [a.source for a in plan.arrows if a.target is box and carries(a) and a.source is not box]
        if targets:
            there = " and ".join(dict.fromkeys(map(called, targets)))
            yield Step("backward", box, f"backward: from {called(box)} to {there}")


def called(box: Box) -> str:
    """What a sentence calls a box."""
    if box.group is not None:
        return heading(box.group)
    return box.vertices[0].label if len(box.vertices) == 1 else f"{len(box.vertices)} arrays"


def gif(frames: list[bytes], seconds: float) -> bytes:
    """Pictures in PNG as one animation, in which the last stays three times as long."""
    try:
        from PIL import Image
    except ModuleNotFoundError as missing:
        raise DrawError(
            "a GIF needs Pillow: pip install pillow; numbered .svg files need nothing more"
        ) from missing
    images = [Image.open(io.BytesIO(frame)).convert("RGB") for frame in frames]
    content, time = io.BytesIO(), round(1000 * seconds)
    times = [time] * (len(images) - 1) + [3 * time]
    images[0].save(content, "GIF", save_all=True, append_images=images[1:], duration=times, loop=0)
    return content.getvalue()
