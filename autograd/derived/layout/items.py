"""What a derivation consists of: lines, and loops of lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..reading.walk import Line


@dataclass(slots=True, eq=False)
class Loop:
    """Rounds that are alike.

    counters   for each counter its name, and the number of rounds
    backwards  whether it runs from the last round to the first
    body       the lines of a round, and the loops in it
    over       the source of the number of rounds, if an array has that length: `len(xs)`
    """

    counters: list[tuple[str, int]]
    backwards: bool
    body: list[Item]
    over: str = ""


Item = Line | Loop


def lines_of(items: Sequence[Item]) -> Iterator[Line]:
    """All lines of items, also the lines in loops."""
    for item in items:
        if isinstance(item, Loop):
            yield from lines_of(item.body)
        else:
            yield item
