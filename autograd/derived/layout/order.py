"""The order of lines: each comes after the lines that make what it uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...formulas.algebra.expressions import Expr, walk
from ..reading.walk import Line
from .items import Item, lines_of


def from_loss_back(lines: list[Line]) -> list[Line]:
    """The lines from the loss back, with each wanted gradient as soon as all that it needs is known."""
    rest = [line for line in lines if line.wanted]
    found: list[Line] = []
    known: set[Expr] = set()
    for line in [*(line for line in lines if not line.wanted), None]:
        if line is not None:
            found.append(line)
            known.add(line.target)
        targets = {other.target for other in lines} - known
        for leaf in list(rest):
            if not targets & set(walk(leaf.value)) or line is None:
                found.append(leaf)
                known.add(leaf.target)
                rest.remove(leaf)
    return found


def sorted_by_use(items: Sequence[Item]) -> list[Item]:
    """Lines and loops in the order given, but each after all that makes what it uses.

    What is handed to the next round comes last, as it takes names that are still read until then.
    """
    handed = [x for x in items if isinstance(x, Line) and x.is_handed]
    rest = [(i, x) for i, x in enumerate(items) if x not in handed]
    makes = {
        i: {line.target if line.turns else line.target.data[0] for line in lines_of([x])} for i, x in rest
    }
    uses = {i: used_by(x) for i, x in rest}

    def is_first(i: int, k: int) -> bool:
        """Whether the item i must come before the item k."""
        return i < k if makes[i] & makes[k] else bool(makes[i] & uses[k])

    found: list[Item] = []
    while rest:
        free = (one for one in rest if not any(is_first(i, one[0]) for i, _ in rest if i != one[0]))
        chosen = next(free, rest[0])
        found.append(chosen[1])
        rest.remove(chosen)
    return [*found, *handed]


def used_by(item: Item) -> set[Any]:
    """The names and the entries of lists that an item reads; it also reads what it adds to."""
    lines = list(lines_of([item]))
    read = {e for line in lines for e in walk(line.value) if e.head == "name"}
    return read | {e.data[0] for e in read} | {line.target.data[0] for line in lines if line.sign == "+="}


def in_order(lines: Sequence[Line]) -> list[Line]:
    """Lines, each after the lines that it uses, with wanted gradients as early as they can be."""
    found: list[Line] = []
    rest = list(lines)
    while rest:
        targets = {x.target for x in rest if x.sign == "="}
        ready = [x for x in rest if not (targets - {x.target}) & set(walk(x.value))] or rest
        chosen = next((x for x in ready if x.wanted), ready[0])
        found.append(chosen)
        rest.remove(chosen)
    return found


def last_first(lines: Sequence[Line]) -> list[Line]:
    """What is handed to the next round, each after the lines that still use the old value."""
    found: list[Line] = []
    rest = list(lines)
    while rest:
        free = [x for x in rest if not any(x.target in walk(y.value) for y in rest if y is not x)]
        found.append((free or rest)[0])
        rest.remove(found[-1])
    return found


def after_what_they_use(lines: Sequence[Line]) -> list[Line]:
    """Lines in this order, but each after the lines that it uses: one statement of f may make several."""
    by_target = {line.target: line for line in lines}
    found: dict[Expr, Line] = {}
    for line in lines:
        waiting = [line]
        while waiting:
            used = (by_target[e] for e in walk(waiting[-1].value) if e in by_target and e not in found)
            first = next((x for x in used if x not in waiting), None)
            if first is not None:
                waiting.append(first)
            else:
                last = waiting.pop()
                found[last.target] = last
    return list(found.values())
