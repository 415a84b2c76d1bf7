"""The plan of a graph's picture: boxes, frames around them, and arrows between them."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field

from ...graph import Edge, Graph, Vertex
from ..folds.fold import Group, depth_of, in_runs, members, tree
from ..folds.repeats import Repeats

Path = tuple["Frame | Box", ...]


@dataclass(slots=True, eq=False)
class Frame:
    """A frame around boxes and other frames: a scope, or a repetition.  The outermost is the picture."""

    group: Group
    path: Path = ()
    inside: list[Frame | Box] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Box:
    """One array, or several that are drawn as one.

    vertices  the arrays that it stands for; for repetitions, only the arrays of the first instance
    group     the group of operations that it stands for, if any
    times     the number of instances that it stands for
    path      the frames around it, the outermost first
    """

    name: str
    vertices: list[Vertex]
    path: Path
    group: Group | None = None
    times: int = 1


@dataclass(frozen=True, slots=True)
class Arrow:
    """A use of one box by another; `edge` is the use itself if there is only one.

    again  whether the arrow leads from one repetition to the next
    """

    source: Box
    target: Box
    edge: Edge | None
    again: bool = False


class Plan:
    """The frame, boxes and arrows of a graph's picture.

    depth   scopes at this depth are drawn as one box each
    limit   with more boxes than this, repetitions are folded, then, if there still are more, scopes from the
            deepest up, and at last successive operations; None for no limit
    folded  what was folded to keep to the limit, in words; empty if nothing was
    """

    def __init__(self, graph: Graph, depth: int | None, limit: int | None) -> None:
        self.graph, self.folded = graph, ""
        self.root, self.repeats = tree(graph), Repeats(graph)
        depth = depth_of(self.root) if depth is None else depth
        self.arrange(depth)
        if limit is not None and len(self.boxes) > limit:
            self.keep_to(limit, depth)
        self.arrows = list(dict.fromkeys(self.uses()))

    def keep_to(self, limit: int, depth: int) -> None:
        """Fold until there are no more than `limit` boxes."""
        self.folded = "repetitions"
        self.repeats.fold(self.root)
        self.repeats.merge()
        self.arrange(depth)
        while len(self.boxes) > limit and depth > 0:
            depth -= 1
            self.folded = f"repetitions, and scopes from depth {depth} on"
            self.arrange(depth)
        if len(self.boxes) > limit:
            self.folded = "repetitions, scopes, and operations that follow one another"
            most = max(limit // 2, 2)
            *before, last = self.root.items
            self.root.items = [*in_runs(before, most, wide=most), last]
            self.arrange(0, most_leaves=most)

    def arrange(self, depth: int, most_leaves: int | None = None) -> None:
        """Draw the tree with scopes folded from `depth` on, and the leaves where they are used."""
        self.boxes: list[Box] = []
        self.box_of: dict[int, Box] = {}
        self.frame = Frame(self.root)
        self.add_items(self.root.items, self.frame, depth)
        leaves = [v for v in self.graph.nodes if not v.op and v.kind != "constant"]
        drawn = [leaf for leaf in leaves if self.repeats.of(leaf.number) == leaf.number]
        outside = [leaf for leaf in drawn if not self.hide(leaf)]
        if most_leaves is not None and len(outside) > most_leaves:
            for kind in ("parameter", "input"):
                if several := [leaf for leaf in outside if leaf.kind == kind]:
                    self.add_box(self.frame, several)
        else:
            for leaf in outside:
                self.add_leaf(leaf)
        for frame in {place for box in self.boxes for place in box.path if isinstance(place, Frame)}:
            frame.inside.sort(key=oldest)

    def add_items(self, items: list[int | Group], frame: Frame, depth: int) -> None:
        """Put operations and groups into a frame; scopes `depth` levels further in become one box each."""
        for item in items:
            if isinstance(item, int):
                self.add_box(frame, [self.graph[item]])
            elif (only := self.only(item)) is not None:
                self.add_box(frame, [only], None, item.times)
            elif (item.scope is None and item.times == 1) or (item.scope is not None and depth <= 0):
                self.add_box(frame, [self.graph[n] for n in members(item)], item, item.times)
            else:
                inner = Frame(item, (*frame.path, frame))
                frame.inside.append(inner)
                self.add_items(item.drawn, inner, depth - (item.scope is not None))

    def only(self, group: Group) -> Vertex | None:
        """The one operation in a group, if it has no parameters: a frame around it would add nothing."""
        only = group.drawn[0]
        if len(group.drawn) != 1 or not isinstance(only, int):
            return None
        vertex = self.graph[only]
        own = group.scope is not None and any(self.graph[e.source].kind == "parameter" for e in vertex.inputs)
        return None if own else vertex

    def add_box(
        self, frame: Frame, vertices: list[Vertex], group: Group | None = None, times: int = 1
    ) -> None:
        """Add one box for these vertices, and note that they are in it, where arrows are to end."""
        box = Box(f"n{vertices[0].number}", vertices, (*frame.path, frame), group, times)
        frame.inside.append(box)
        self.boxes.append(box)
        self.box_of.update((vertex.number, box) for vertex in vertices)

    def users(self, leaf: Vertex) -> list[Box]:
        """The boxes that use a leaf."""
        return [self.box_of[self.repeats.of(edge.target)] for edge in self.graph.uses[leaf.number]]

    def home(self, leaf: Vertex) -> Path:
        """The frames around all uses of a leaf, ending perhaps with a box, but not inside a repetition if
        its instances share the leaf."""
        paths = [(*box.path, box) if box.group else box.path for box in self.users(leaf)]
        path = functools.reduce(common, paths) if paths else (self.frame,)
        if leaf.number in self.repeats.representatives:
            return path
        shared = [i for i, place in enumerate(path) if place.group and times_of(place) > 1]
        path = path[: shared[0]] if shared else path
        run = isinstance(path[-1], Box) and path[-1].group is not None and path[-1].group.scope is None
        return path if leaf.kind == "parameter" or run else path[:1]

    def hide(self, leaf: Vertex) -> bool:
        """Hide a leaf in a folded box if no other box uses it; returns whether this was done."""
        place = self.home(leaf)[-1]
        if isinstance(place, Box):
            self.box_of[leaf.number] = place
            place.vertices.append(leaf)
        return isinstance(place, Box)

    def add_leaf(self, leaf: Vertex) -> None:
        """Add a leaf to the innermost frame around its uses; if each instance has its own, once for all."""
        frame = self.home(leaf)[-1]
        alone = leaf.number in self.repeats.representatives
        times = max((box.times for box in self.users(leaf)), default=1) if alone else 1
        assert isinstance(frame, Frame)  # or it would be hidden
        self.add_box(frame, [leaf], None, times)

    def uses(self) -> Iterator[Arrow]:
        """An arrow for each visible use, with duplicates."""
        for edge in self.graph.edges:
            if self.graph[edge.source].kind == "constant":
                continue
            there, here = self.repeats.of(edge.source), self.repeats.of(edge.target)
            source, target = self.box_of[there], self.box_of[here]
            again = False
            if here != edge.target:
                position = self.graph[edge.target].inputs.index(edge)
                if self.repeats.of(self.graph[here].inputs[position].source) == there:
                    continue
                again = bool(self.graph[there].op)
            if source is not target or (again and source.group is None and source.times == 1):
                single = target.group is None and here == edge.target
                yield Arrow(source, target, edge if single else None, again)


def common(path: Path, other: Path) -> Path:
    """The common beginning of two paths."""
    apart = (i for i, (a, b) in enumerate(zip(path, other, strict=False)) if a is not b)
    return path[: next(apart, min(len(path), len(other)))]


def oldest(place: Frame | Box) -> int:
    """The number of the first array in a box or frame, by which boxes are ordered."""
    return place.vertices[0].number if isinstance(place, Box) else next(members(place.group))


def times_of(place: Frame | Box) -> int:
    """How many instances a place stands for: 1, unless it is a repetition."""
    return place.group.times if place.group else 1
