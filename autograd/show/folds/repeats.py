"""What is repeated several times in a row in a graph, such as `t = f(t)` a thousand times, or twelve layers.

All of this is linear in the size of the graph.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from ...graph import Graph
from ...graph.text import option
from .fold import Group, members, operations

LONGEST = 256  # the most operations or scopes in a block whose repetition is found
FEWEST = 3  # the fewest instances of a block that count as a repetition,
LEAST = 10  # and the fewest operations in all of them: the three products of an attention are not folded
MOST_USES = 16  # the most uses of a leaf that is drawn with a repetition


class Repeats:
    """The repetitions in a tree: `fold` puts a group around each; a picture needs `merge`, too.

    first            for each operation or leaf that a picture does not draw, the one drawn in its place
    representatives  the leaves that are drawn in place of others
    varied           the operations that are drawn in place of others with other constants or options
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.first: dict[int, int] = {}
        self.representatives: set[int] = set()
        self.varied: set[int] = set()
        self.kinds: dict[object, int] = {}

    def of(self, number: int) -> int:
        """The operation or leaf that is drawn in place of this one: often itself."""
        while number in self.first:
            number = self.first[number]
        return number

    def fold(self, group: Group) -> int:
        """Fold a group and all groups in it; returns a number that groups of the same kind share."""
        kinds = [self.kind(item) for item in group.items]
        items: list[int | Group] = []
        done = 0
        for start, period, count in tandem(kinds):
            blocks = [group.items[i : i + period] for i in range(start, start + period * count, period)]
            count = self.alike(blocks)
            covered = sum(1 for item in blocks[0] for _ in operations(item)) * count
            if count >= FEWEST and covered >= LEAST:
                items += group.items[done:start]
                items.append(self.folded(blocks[:count]))
                done = start + period * count
        group.items = items + group.items[done:]
        what = group.scope.kind or re.sub(r"\d+", "#", group.scope.label) if group.scope else ""
        return self.kinds.setdefault((what, *kinds), len(self.kinds))

    def kind(self, item: int | Group) -> int:
        """A number that operations of one function, form and options share, as do groups of one kind."""
        if not isinstance(item, int):
            return self.fold(item)
        vertex = self.graph[item]
        y = vertex.value
        form = vertex.type if isinstance(y, tuple) else (y.shape, y.dtype)
        looks = vertex.op, form, tuple(vertex.options), len(vertex.inputs)
        return self.kinds.setdefault(looks, len(self.kinds))

    def alike(self, blocks: Sequence[Sequence[int | Group]]) -> int:
        """The number of blocks, from the first on, that use one another in the same way.

        The argument of an operation may be made in the same block, or a number of blocks earlier at the
        same position in each; in the first blocks, such an argument comes from elsewhere.
        """
        numbers = [[n for item in block for n in members(item)] for block in blocks]
        place = {n: (b, i) for b, block in enumerate(numbers) for i, n in enumerate(block)}

        def sources(b: int) -> list[tuple[int, int] | None]:
            found = []
            for number in numbers[b]:
                for edge in self.graph[number].inputs:
                    there = place.get(self.of(edge.source))
                    found.append((b - there[0], there[1]) if there else None)
            return found

        usual = sources(FEWEST - 1)
        for b in range(len(blocks)):
            found = sources(b)
            if len(found) != len(usual) or not all(
                a == u or (a is None and u is not None and u[0] > b)
                for a, u in zip(found, usual, strict=True)
            ):
                return b
        return len(blocks)

    def folded(self, blocks: Sequence[Sequence[int | Group]]) -> Group:
        """One group around blocks that are all alike."""
        drawn = [n for item in blocks[0] for n in members(item)]
        for block in blocks[1:]:
            self.first.update(zip((n for item in block for n in members(item)), drawn, strict=True))
        n, only = len(blocks), blocks[0][0]
        if len(blocks[0]) == 1:
            scope = only.scope if isinstance(only, Group) else None
            return Group(scope, [block[0] for block in blocks], n, repeats=True)
        numbered = [
            Group(None, list(block), label=f"{i:,} of {n:,}") for i, block in enumerate(blocks, start=1)
        ]
        return Group(None, [*numbered], n, repeats=True)

    def merge(self) -> None:
        """Find what a picture needs besides: the leaves drawn in place of others, and what varies."""
        for number, first in list(self.first.items()):
            if first not in self.varied and self.details(number) != self.details(first):
                self.varied.add(first)
            self.fold_leaves(number, first)

    def details(self, number: int) -> tuple[str, ...]:
        """The constants and options of an operation."""
        vertex = self.graph[number]
        sources = (self.graph[edge.source] for edge in vertex.inputs)
        constants = (source.label for source in sources if source.kind == "constant")
        return (*constants, *map(option, vertex.options.values()))

    def fold_leaves(self, number: int, first: int) -> None:
        """Draw leaves that only one instance uses as the corresponding leaves of the first instance."""
        for edge, there in zip(self.graph[number].inputs, self.graph[first].inputs, strict=True):
            leaf, other = self.graph[edge.source], self.graph[there.source]
            same = (leaf.kind, leaf.type) == (other.kind, other.type)
            if same and leaf is not other and not leaf.op and leaf.number not in self.first:
                uses, others = self.graph.uses[leaf.number], self.graph.uses[other.number]
                if len(uses) == len(others) <= MOST_USES and all(
                    (self.of(a.target), a.slot) == (b.target, b.slot)
                    for a, b in zip(uses, others, strict=True)
                ):
                    self.first[leaf.number] = other.number
                    self.representatives.add(other.number)


def tandem(kinds: Sequence[int]) -> list[tuple[int, int, int]]:
    """The parts of `kinds` in which a shorter run repeats: (start, period, count), in order.

    >>> tandem([7, 1, 2, 1, 2, 1, 2, 3, 3, 3, 3])
    [(1, 2, 3), (7, 1, 4)]
    """
    row = np.asarray(kinds)
    found = []
    for period in range(1, min(LONGEST, len(row) // FEWEST) + 1):
        same = np.concatenate(([0], row[period:] == row[:-period], [0])).astype(np.int8)
        starts, ends = np.flatnonzero(np.diff(same) == 1), np.flatnonzero(np.diff(same) == -1)
        long = ends - starts >= period * (FEWEST - 1)
        for start, end in zip(starts[long].tolist(), ends[long].tolist(), strict=True):
            found.append((start, period, (end - start) // period + 1))
    chosen: list[tuple[int, int, int]] = []
    taken = np.zeros(len(row), bool)
    for start, period, count in sorted(found, key=lambda f: (-f[1] * f[2], f[1])):
        span = slice(start, start + period * count)
        if not taken[span].any():
            taken[span] = True
            chosen.append((start, period, count))
    return sorted(chosen)
