"""The layout of a whole derivation: lines, loops, and what has to be computed again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ...formulas.algebra.arrays import lean, replaced, writable
from ...formulas.algebra.expressions import ZERO, Expr, is_call, name, walk
from ...formulas.algebra.indexing import take
from ..reading.naming import Names, Variable, singular
from ..reading.observe import Run
from ..reading.walk import Line
from .alike import Affine, NotAlikeError
from .items import Item, Loop, lines_of
from .lines import named, with_names
from .loops import Counter, folded, spread
from .recompute import folded_again, missing

Parts = tuple[list[Item], list[Item], set[int]]  # what is computed again, the way back, and unlike loops


def laid_out(lines: list[Line], names: Names, first: Run, remarks: list[str], fold: bool) -> list[Item]:
    """Loops folded, sums of alike terms spread over loops, and names for what is used twice."""
    take_out_single(lines)
    values = [line.value for line in lines]
    parts = with_loops(lines, values, names, counters_of(first)) if fold else None
    ahead, back, unlike = parts or without_loops(lines, values, names)
    remarks += unlike_rounds(unlike, first)
    found: list[Item] = []
    for item in [*ahead, *written_out(back)]:
        found += (None if isinstance(item, Loop) else spread(item, names.aliases)) or [item]
    found = with_own_lines(with_lists(found), first)
    named(found, {str(ref[0]) for ref in first.available})
    finish(list(lines_of(found)))
    return found


def take_out_single(lines: list[Line]) -> None:
    """Take a gradient that only one round of a loop has out of the loop."""
    for base in {line.target.data[0] for line in lines if line.turns}:
        alone = [x for x in lines if x.target.data[0] == base]
        if len(alone) == 1:
            rename_in(lines, alone[0].target, name((base,), alone[0].target.shape))
            alone[0].turns = ()


def counters_of(first: Run) -> Counter:
    """The names of counters: as f calls them, but each another one inside of other loops."""

    def counter(loop: int, around: tuple[str, ...]) -> str:
        """What to call the counter of a loop inside of loops with the counters `around`."""
        found: str = next(c for c in (first.counters.get(loop, "t"), *"tijklmn") if c not in around)
        return found

    return counter


def with_loops(lines: list[Line], values: list[Expr], names: Names, counter: Counter) -> Parts | None:
    """The parts of a layout whose rounds are loops; None if there are none that are alike."""
    unlike: set[int] = set()
    try:
        back = folded(lines, counter, names.aliases, unlike)
        ahead = filled(back, values, names, counter)
    except NotAlikeError:
        return None
    return (ahead, back, unlike) if any(isinstance(x, Loop) for x in back) else None


def without_loops(lines: list[Line], values: list[Expr], names: Names) -> Parts:
    """The parts of a layout whose rounds are written out."""
    again = missing(values, names)
    flattened(again, [*again, *lines])
    return [*again], [*lines], {x.turns[0][0] for x in lines if x.turns}


def finish(lines: list[Line]) -> None:
    """Give all lines their last form: what is returned shares no memory with what was given."""
    passing = {line.target for line in lines if not line.wanted}
    for line in lines:
        line.value = lean(line.value)
        if line.wanted and line.sign == "=" and not passing & set(walk(line.value)):
            line.value = writable(line.value)


def filled(back: Sequence[Item], values: Sequence[Expr], names: Names, counter: Counter) -> list[Item]:
    """What is computed again for a way back with loops, also the lists that the loops choose to read."""
    lists = lists_read(back)
    while True:
        ahead = folded_again(missing(values, names, lists), counter, names.aliases)
        more = lists_read(ahead) - lists
        if not more:
            return ahead
        lists |= more


def lists_read(items: Sequence[Item]) -> set[Any]:
    """The lists from which items read an entry that follows a counter."""
    read = {e for line in lines_of(items) for e in walk(line.value) if e.head == "name"}
    return {e.data[0] for e in read if any(type(index) is Affine for index in e.data[1:])}


def unlike_rounds(unlike: set[int], first: Run) -> list[str]:
    """The remark on loops that are written out, if there are any."""
    if len(first.counters) < 2:
        return ["the rounds of the loop are not alike, so each is written out"] * len(unlike)
    lines = ", ".join(map(str, sorted(unlike)))
    which = f"loop in line {lines}" if len(unlike) == 1 else f"loops in lines {lines}"
    return [f"the rounds of the {which} are not alike, so each is written out"] if unlike else []


def with_own_lines(items: Sequence[Item], first: Run) -> list[Item]:
    """The items with lines for what is used twice, in loops as well, and with what the loops run over."""
    for item in items:
        if isinstance(item, Loop):
            item.over = length_of(item, first)
            item.body = with_own_lines(item.body, first)
    return merged(items, with_names([i for i in items if not isinstance(i, Loop)]))


def with_lists(items: Sequence[Item]) -> list[Item]:
    """The items with a line that makes each list of gradients before its first entry."""
    found: list[Item] = []
    made: set[str] = set()
    for item in items:
        for line in lines_of([item]):
            base, *index = line.target.data
            if index and base not in made and isinstance(line.variable, Variable):
                found.append(replace(line, target=name((base,), ()), value=ZERO, sign="list"))
            made.add(base)
        found.append(item)
    return found


def merged(items: Sequence[Item], lines: list[Line]) -> list[Item]:
    """The items with the lines that were added, each between the lines that it was added between."""
    rest, result = iter(lines), list[Item]()
    for item in items:
        if isinstance(item, Loop):
            result.append(item)
        else:
            for line in rest:
                result.append(line)
                if line is item:
                    break
    return [*result, *rest]


def written_out(items: Sequence[Item]) -> list[Item]:
    """The items with names of their own for what is left of rounds: dh_3."""
    every = list(lines_of(items))
    for line in every:
        if line.turns and not line.is_handed and len(line.target.data) > 1:
            rename_in(every, line.target, flat_name(line.target))
    return list(items)


def flattened(again: Sequence[Line], lines: Sequence[Line]) -> None:
    """Give the entries of lists names of their own, such as h_3, where no loop fills the lists."""
    for line in again:
        if len(line.target.data) > 1:
            rename_in(lines, line.target, flat_name(line.target, singular(line.target.data[0])))


def flat_name(e: Expr, base: str = "") -> Expr:
    """A name of its own for an entry of a list: `h_3` for `h[3]`."""
    return name((f"{base or e.data[0]}_{'_'.join(map(str, e.data[1:]))}",), e.shape)


def rename_in(lines: Sequence[Line], old: Expr, new: Expr) -> None:
    """Give a gradient another name in all lines."""
    for line in lines:
        line.value = replaced(line.value, {old: new})
        line.target = new if line.target is old else line.target


def length_of(loop: Loop, first: Run) -> str:
    """The source of a loop's length, if each round takes one part of an array that has it; else nothing."""
    counter, n = loop.counters[0]
    if len(loop.counters) > 1:
        return ""
    for line in lines_of(loop.body):
        for e in walk(line.value):
            if e.head == "name" and len(e.data) == 2 and str(e.data[1]) == counter:
                held = first.available.get((e.data[0],))
                if isinstance(held, list | tuple) and len(held) == n:
                    return f"len({e.data[0]})"
            if is_call(e, take) and e.args[0].head == "name" and len(e.args[0].data) == 1:
                index = dict(e.data[1])["index"]
                if str(index[0]) == counter and e.args[0].shape[0] == n:
                    return f"len({e.args[0].data[0]})"
    return ""
