"""Which of the engine's values each round of a loop may belong to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..match.known import Family
from ..match.near import near

MOST_BLOCKS = 30


def in_blocks(rounds: int, members: int) -> Iterator[list[tuple[int, int]]]:
    """The same where both come in blocks, of one sample each: backwards within these, or forwards.

    >>> next(in_blocks(2, 6))  # the last of three layers, for each of two samples
    [(0, 2), (1, 5)]
    """
    for blocks in range(2, min(rounds, members, MOST_BLOCKS) + 1):
        if rounds % blocks or members % blocks or rounds == blocks == members:
            continue
        own, theirs = rounds // blocks, members // blocks
        for last in dict.fromkeys((theirs - 1, own - 1, theirs - 2)):
            if own - 1 <= last < theirs:
                yield [(s * own + i, s * theirs + last - i) for s in range(blocks) for i in range(own)]
        if own == theirs:
            yield [(s * own + i, s * theirs + i) for s in range(blocks) for i in range(own)]


def holds(family: Family, value: Any) -> bool:
    """Whether a value is a member of a family."""
    return any(near(value, member) for member in family.values)


def alignments(rounds: int, members: int) -> Iterator[list[tuple[int, int]]]:
    """Which member of a family each round may belong to: backwards or forwards, one left over at an end."""
    if rounds == 1:
        for j in range(members - 1, -1, -1):
            yield [(0, j)]
        return
    yield from in_blocks(rounds, members)
    if abs(rounds - members) > 1 and not (members > rounds):
        return
    both = min(rounds, members)
    for shift in dict.fromkeys((0, rounds - both)):
        for offset in dict.fromkeys((members - both, 0)):
            yield [(shift + i, offset + both - 1 - i) for i in range(both)]
            yield [(shift + i, offset + i) for i in range(both)]
    if rounds == members and rounds > 2:
        yield [(i, members - i) for i in range(1, rounds)]
        yield [(i, members - 2 - i) for i in range(rounds - 1)]
