"""The groups that the page folds and unfolds, as a table: scopes, repetitions, and runs of operations."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from ...graph import Graph, Vertex
from .fold import NARROW, WIDE, Group, in_runs, operations, title, tree
from .repeats import Repeats

SHOWN = 3  # the operations that are named in the label of a repetition without a scope


@dataclass(frozen=True, slots=True)
class Entry:
    """A group that can be folded into one box; `parent` is the index of the group around it.

    kind  "module" for a scope, "repeats" for a repetition and for a run of its instances, "run" for
          operations that are one instance, or that are folded only to save space
    """

    label: str
    parent: int
    kind: str


@dataclass(slots=True)
class Outline:
    """The groups, parents first, from the whole graph on; and the group of each operation, by number."""

    graph: Graph
    groups: list[Entry] = field(default_factory=list)
    group_of: dict[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, graph: Graph) -> Outline:
        """The outline of a graph, with repetitions folded and long stretches in runs, outer boxes first."""
        root = tree(graph)
        Repeats(graph).fold(root)
        outline = cls(graph)
        waiting = deque([(root, -1)])
        while waiting:
            group, parent = waiting.popleft()
            place = outline.add(group, parent)
            total = group.times if group.times > 1 else 0
            for item in in_runs(group.items, NARROW, WIDE, total):
                if isinstance(item, int):
                    outline.group_of[item] = place
                else:
                    waiting.append((item, place))
        return outline

    def add(self, group: Group, parent: int) -> int:
        """Add a group's entry, and return its place."""
        kind = "repeats" if group.repeats else "module" if group.scope or parent < 0 else "run"
        self.groups.append(Entry(self.label(group) if parent >= 0 else "", parent, kind))
        return len(self.groups) - 1

    def label(self, group: Group) -> str:
        """The title of a group, with the names of its operations if it has no other."""
        if group.scope is not None or group.label:
            return title(group)
        if group.times > 1:
            first = group.items[0]
            names = list(dict.fromkeys(self.graph[n].op for n in islice(operations(first), 100)))
            more = " …" if len(names) > SHOWN else ""
            return f"{', '.join(names[:SHOWN])}{more} {title(group)}"
        *_, last = operations(group)
        return f"{self.graph[next(operations(group))].op} … {self.graph[last].op}"

    def common(self, one: int, other: int) -> int:
        """The innermost group that contains both."""
        if one == other:
            return one
        around = set(self.around(one))
        return next(group for group in self.around(other) if group in around)

    def around(self, group: int) -> Iterator[int]:
        """A group and the groups around it, the innermost first."""
        while group >= 0:
            yield group
            group = self.groups[group].parent

    def outside_modules(self, group: int) -> int:
        """The innermost group around this one that is outside all modules."""
        modules = [g for g in self.around(group) if g and self.groups[g].kind == "module"]
        return self.groups[modules[-1]].parent if modules else group

    def groups_of(self, vertices: Sequence[Vertex]) -> list[int]:
        """The group of each vertex: a parameter's is around all its uses; an input's is outside modules.

        What the instances of a repetition share is outside it, and stays visible when it is folded.
        """
        found = dict(self.group_of)
        for number, group in self.group_of.items():
            for edge in self.graph[number].inputs:
                leaf = self.graph[edge.source]
                if not leaf.op:
                    here = group if leaf.kind == "parameter" else self.outside_modules(group)
                    found[leaf.number] = (
                        self.common(found[leaf.number], here) if leaf.number in found else here
                    )
        return [
            self.outside_repetitions(found.get(v.number, 0)) if not v.op else found[v.number]
            for v in vertices
        ]

    def outside_repetitions(self, group: int) -> int:
        """The innermost group around this one that is not a repetition."""
        return next(g for g in self.around(group) if self.groups[g].kind != "repeats")
