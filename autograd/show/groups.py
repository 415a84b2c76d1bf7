"""The parts of a large graph that can be folded: modules, and runs of operations inside them, as a tree.

Every group is a run of operations that were recorded one after the other.  Whatever is folded,
therefore, no arrow of the folded picture goes backward, and boxes have an order, as operations do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from math import ceil, log

import numpy as np

from ..graph import Scope, Vertex

WIDE = 60  # a group with more members than this is folded further,
NARROW = 12  # into about this many groups
LONGEST = 64  # the most members in a block whose repetition is looked for


@dataclass
class Group:
    """Operations that can be folded into one box; `parent` is the index of the group around it.

    A group is a module, a scope, or a run of operations where there are many.
    """

    label: str
    parent: int
    is_module: bool


@dataclass
class Folding:
    """The groups, parents first, beginning with the whole graph; and the group of each operation."""

    groups: list[Group] = field(default_factory=lambda: [Group("", -1, True)])
    group_of: list[int] = field(default_factory=list)

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
        modules = [g for g in self.around(group) if g and self.groups[g].is_module]
        return self.groups[modules[-1]].parent if modules else group


@dataclass
class Member:
    """A member of a group: an operation, or the operations of one module call, `start` to `end`."""

    label: str
    start: int
    end: int
    scope: Scope | None


def folded(operations: Sequence[Vertex]) -> Folding:
    """The groups of operations that are given in the order in which they were recorded."""
    folding = Folding(group_of=[0] * len(operations))
    waiting = [(0, members(operations, None, 0, len(operations)))]
    while waiting:
        group, inside = waiting.pop()
        if len(inside) > WIDE:
            for run in runs(inside):
                folding.groups.append(Group(run_label(run), group, False))
                waiting.append((len(folding.groups) - 1, run))
            continue
        for member in inside:
            if member.scope:
                folding.groups.append(Group(title(member.scope), group, True))
                within = members(operations, member.scope, member.start, member.end)
                waiting.append((len(folding.groups) - 1, within))
            else:
                folding.group_of[member.start] = group
    return folding


def title(scope: Scope) -> str:
    """The title of a scope on its box: `0: Linear`."""
    return f"{scope.label}: {scope.kind}" if scope.kind not in ("", scope.label) else scope.label


def members(operations: Sequence[Vertex], scope: Scope | None, start: int, end: int) -> list[Member]:
    """The operations from `start` to `end`, all made in `scope`, with each scope inside it as one member."""
    found = []
    depth = len(scope.chain) if scope else 0

    def inner(i: int) -> Scope | None:
        here = operations[i].scope
        return here.chain[depth] if here and here is not scope else None

    for within, together in groupby(range(start, end), inner):
        if within is None:
            found += [Member(operations[i].op, i, i + 1, None) for i in together]
        else:
            first, *others = together
            found.append(Member(within.kind or within.label, first, first + 1 + len(others), within))
    return found


def runs(inside: list[Member]) -> list[list[Member]]:
    """The members in runs of about equal length, cut between blocks if blocks repeat."""
    levels = ceil(log(len(inside)) / log(NARROW) - 1e-9)
    block = period([member.label for member in inside]) or 1
    length = max(2, block, ceil(len(inside) ** (1 - 1 / levels) / block - 1e-6) * block)
    return [inside[i : i + length] for i in range(0, len(inside), length)]


def period(labels: Sequence[str]) -> int | None:
    """The length of the block that the labels repeat, with at most one in ten different; else None.

    >>> period(["sin", "add"] * 20), period(["sin", "add", "exp"])
    (2, None)
    """
    _, numbers = np.unique(np.array(labels, dtype=object).astype(str), return_inverse=True)
    for length in range(1, min(LONGEST, len(labels) // 2) + 1):
        if np.mean(numbers[length:] == numbers[:-length]) > 0.9:
            return length
    return None


def run_label(run: list[Member]) -> str:
    """The label of a run: the block that it repeats if it does, else its two ends."""
    labels = [member.label for member in run]
    block = period(labels)
    if block and block <= 4 and labels == (labels[:block] * (len(labels) // block + 1))[: len(labels)]:
        times = f"{len(labels) // block:,}"
        return f"{', '.join(labels[:block])} × {times}"  # noqa: RUF001  # the sign of multiplication
    return f"{labels[0]} … {labels[-1]}"
