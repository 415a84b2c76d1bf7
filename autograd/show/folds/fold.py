"""The arrays of a graph that are drawn together: scopes as groups, and repetitions, for `draw` and the page.

The operations of a graph are the leaves of a tree whose branches are scopes.  `repeats.Repeats` puts a
branch around whatever is repeated several times in a row, and `in_runs` cuts long branches into pieces.
A picture draws the first instance of a repetition, with a count; the page unfolds them all.

Every group is a run of operations that were recorded one after the other.  Whatever is folded,
therefore, no arrow of the folded picture goes backward, and boxes have an order, as operations do.
"""
# ruff: noqa: RUF001, RUF002  # the sign of multiplication is meant, not the letter it looks like

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ...graph import Graph, Scope

DEEPEST = 50  # the depth to which scopes are told apart: deeper ones count as part of the last
WIDE = 60  # a group with more items than this is cut further,
NARROW = 12  # into about this many runs


@dataclass(slots=True, eq=False)
class Group:
    """Operations, by their numbers, and other groups that are drawn together, in the order of creation.

    scope    the scope in which they were made, for a repetition of scopes the first; None for the root, for
             other repetitions and their instances, and for runs that are drawn together to save space
    times    for a repetition, the number of its items, which are its instances and all alike; else 1
    label    for an instance, its place in the repetition, `2 of 5`; for a run of instances, `1 to 9 of 80`
    repeats  whether the items are instances of a repetition, all of them or a run of them
    """

    scope: Scope | None
    items: list[int | Group] = field(default_factory=list)
    times: int = 1
    label: str = ""
    repeats: bool = False

    @property
    def drawn(self) -> list[int | Group]:
        """The items that a picture draws: for a repetition, the items of its first instance."""
        first = self.items[0] if self.times > 1 else self
        return first.items if isinstance(first, Group) else [first]


def tree(graph: Graph) -> Group:
    """The operations of a graph, grouped by their scopes; a scope that is left and entered again is two."""
    root = Group(None)
    around, here = [root], None
    for vertex in graph.nodes:
        if not vertex.op:
            continue
        if vertex.scope is not here:
            here = vertex.scope
            chain = here.chain[:DEEPEST] if here else ()
            same = 0
            while same < min(len(chain), len(around) - 1) and around[same + 1].scope is chain[same]:
                same += 1
            del around[same + 1 :]
            for scope in chain[same:]:
                around.append(Group(scope))
                around[-2].items.append(around[-1])
        around[-1].items.append(vertex.number)
    return root


def members(item: int | Group) -> Iterator[int]:
    """The operations in an item, as far as a picture draws them."""
    if isinstance(item, int):
        yield item
    else:
        for inner in item.drawn:
            yield from members(inner)


def operations(item: int | Group) -> Iterator[int]:
    """All operations in an item."""
    if isinstance(item, int):
        yield item
    else:
        for inner in item.items:
            yield from operations(inner)


def depth_of(group: Group) -> int:
    """How deeply scopes are nested in a group, as far as a picture draws them."""
    inner = max((depth_of(item) for item in group.drawn if isinstance(item, Group)), default=0)
    return inner + (group.scope is not None)


def title(group: Group) -> str:
    """The title of a group: `1 … 12: Block × 12` for a repetition of scopes, `× 40` for another.

    >>> scopes = [Scope(i, f"blocks.{i}", "Block", f"blocks.{i}", 1, None) for i in range(3)]
    >>> title(Group(scopes[0], [Group(scope) for scope in scopes], 3)), title(Group(scopes[0]))
    ('blocks.0 … blocks.2: Block × 3', 'blocks.0: Block')
    """
    words = [group.label] if group.label else []
    if group.scope is not None:
        first = last = group.scope
        if group.times > 1 and isinstance(group.items[-1], Group):
            last = group.items[-1].scope or first
        label = first.label if first.label == last.label else f"{first.label} … {last.label}"
        words = [label if first.kind in ("", label) else f"{label}: {first.kind}"]
    return " ".join([*words, times(group.times)] if group.times > 1 else words)


def times(n: int) -> str:
    return f"× {n:,}"


def in_runs(
    items: Sequence[int | Group], most: int, wide: int, total: int = 0, start: int = 1
) -> list[int | Group]:
    """The items, gathered in at most `most` runs if there are more than `wide`, long runs in runs again.

    total: the number of instances if the items are the instances of a repetition; start: the number of
    the first.
    """
    if len(items) <= wide:
        return list(items)
    size = -(-len(items) // most)
    runs: list[int | Group] = []
    for first in range(0, len(items), size):
        run = items[first : first + size]
        low, high = start + first, start + first + len(run) - 1
        label = f"{low:,} to {high:,} of {total:,}" if total else ""
        inside = in_runs(run, most, wide, total, low)
        runs.append(Group(None, inside, 1, label, bool(total)) if len(run) > 1 else run[0])
    return runs
