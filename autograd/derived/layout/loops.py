"""The rounds of a user's loop, on the way back through it, folded into a loop again.

Each turn has lines for the variables to which f gives a value in each turn.  What a turn hands to the one
before it stands at the end of the body, under the name by which the next round reads it; what it adds to the
gradient of a parameter is added up.

Loops inside of loops are folded from the outside in: the body of a loop is a list of lines again, in which
the rounds of the inner loop are written out.  Each of these hands an entry of a list to the next round of
the outer loop.
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from ...formulas.algebra.arrays import exact, replaced, writable
from ...formulas.algebra.expressions import ZERO, Expr, Ref, add, is_call, name, number, terms_of, walk
from ...formulas.algebra.indexing import scatter
from ..reading.naming import UNNAMED
from ..reading.walk import Line
from .alike import Alike, NotAlikeError
from .items import Item, Loop, lines_of
from .order import in_order, last_first, sorted_by_use

Aliases = dict[Expr, list[Ref]]


@dataclass(slots=True)
class Body:
    """The lines of a loop: before it, in a turn, at the end of a turn, and after it."""

    before: list[Line] = field(default_factory=list)
    turn: list[Line] = field(default_factory=list)
    end: list[Line] = field(default_factory=list)
    after: list[Line] = field(default_factory=list)


Counter = Callable[
    [int, tuple[str, ...]], str
]  # the name of a loop's counter, inside of loops with these counters


def folded(
    lines: Sequence[Item], counter: Counter, aliases: Aliases, unlike: set[int], around: tuple[str, ...] = ()
) -> list[Item]:
    """Lines with loops in the place of rounds that are alike; other loops are added to `unlike`."""
    items = list(lines)
    loops = {x.turns[0][0] for x in items if isinstance(x, Line) and x.turns}
    for loop in sorted(loops, reverse=True):
        inner = around + (counter(loop, around),)
        try:
            folding = Folding(loop, inner[-1], items, aliases)
            items = folding.folded()
        except NotAlikeError:
            unlike.add(loop)
        else:
            folding.loop.body = folded(folding.loop.body, counter, aliases, unlike, inner)
    return items


class Folding:
    """The lines of one loop of the user's, in order.

    gradients  the targets that belong to a turn, each with its turn
    plain      what these targets are called inside of the loop
    rounds     for each plain name the lines by turn
    listed     the plain names that rounds of other loops read: they are lists, with an entry for each turn
    kept       the lines of entries that are left for the next round of an outer loop, by turn
    late       the targets that depend on `gradients`, directly or through others
    """

    def __init__(self, loop: int, counter: str, items: Sequence[Item], aliases: Aliases) -> None:
        """Sort the lines of a loop by name and turn, and the names by who reads them."""
        self.counter, self.items, self.aliases = counter, items, aliases
        self.gradients: dict[Expr, int] = {}
        self.plain: dict[Expr, Expr] = {}
        self.rounds: dict[Expr, dict[int, Line]] = {}
        self.kept: dict[Ref, dict[int, Line]] = {}
        for line in items:
            if isinstance(line, Line) and line.turns and line.turns[0][0] == loop:
                turn = line.turns[0][1]
                base, _, *rest = line.target.data
                if line.is_handed:
                    self.kept.setdefault((base, *rest), {})[turn] = line
                else:
                    plain = name((base, *rest), line.target.shape)
                    self.gradients[line.target] = turn
                    self.plain[line.target] = plain
                    self.rounds.setdefault(plain, {})[turn] = line
        others = (x for x in items if isinstance(x, Line) and x.turns and x.turns[0][0] != loop)
        read = {e for x in others for e in walk(x.value) if e in self.plain}
        times = collections.Counter(self.plain[e] for e in read)
        self.listed = {plain for plain, n in times.items() if n > 1}  # what is read once is carried out
        self.plain = {e: p for e, p in self.plain.items() if p not in self.listed}
        self.turns = range(max(self.gradients.values(), default=0) + 1)
        self.late = set(self.gradients)
        for line in lines_of(items):
            if self.late & set(walk(line.value)):
                self.late.add(line.target)

    def folded(self) -> list[Item]:
        """The lines with a loop in the place of the rounds.  Raises NotAlikeError for rounds that differ."""
        body = Body()
        for plain, lines in self.rounds.items():
            self.add_variable(body, plain, lines)
        outside: list[Item] = []
        entries: dict[str, list[Line]] = {}
        own = {id(x) for lines in (*self.rounds.values(), *self.kept.values()) for x in lines.values()}
        for line in self.items:
            if id(line) in own:
                continue
            turns = self.depends(*(x.value for x in lines_of([line])))
            if not turns:
                outside.append(line)
            elif isinstance(line, Loop):
                raise NotAlikeError
            elif turns == {0} and (carried := self.carried_out(line)) is not None:
                body.after.append(replace(line, value=carried))
            elif line.turns and not {*walk(line.value)} & {*self.plain}:  # it reads a list
                outside.append(line)
            elif line.turns or line.is_handed:
                raise NotAlikeError
            elif len(turns) == 1 and len(line.target.data) > 1:
                entries.setdefault(line.target.data[0], []).append(line)
            else:
                self.add_sum(body, line)
        for lines_ in entries.values():
            self.add_list(body, lines_)
        for kept in self.kept.values():
            self.add_kept(body, kept)
        inside = [*in_order(body.turn), *last_first(body.end)]
        self.loop = Loop([(self.counter, len(self.turns))], True, list(inside))
        return sorted_by_use([*outside, *together(body.before), self.loop, *body.after])

    def depends(self, *exprs: Expr) -> set[int]:
        """The turns whose gradients are in expressions."""
        return {self.gradients[p] for p in walk(*exprs) if p in self.gradients}

    def alike(self, exprs: dict[int, Expr]) -> Expr:
        """The one expression for all turns, with their gradients under plain names."""
        turns = sorted(exprs)
        shared = Alike((self.counter,), [(t,) for t in turns], self.aliases)
        return shared([replaced(exprs[t], self.plain) for t in turns])

    def sums(self, line: Line, of: int) -> tuple[Expr, Expr]:
        """The terms of a line that the turn after `of` hands to it, and all other terms."""
        handed = [x for x in terms_of(line.value) if self.depends(x) - {of}]
        if any(self.depends(x) != {of + 1} for x in handed):
            raise NotAlikeError
        return add(*handed), add(*(x for x in terms_of(line.value) if x not in handed))

    def add_variable(self, body: Body, plain: Expr, lines: dict[int, Line]) -> None:
        """Add the lines of a variable that has a value in each turn."""
        if sorted(lines) != list(self.turns):
            raise NotAlikeError
        split = {t: self.sums(line, t) for t, line in lines.items()}
        handed = {t + 1: coming for t, (coming, _) in split.items() if coming is not ZERO}
        own = {t: here for t, (_, here) in split.items() if here is not ZERO}
        one = replace(lines[0], target=plain, turns=lines[0].turns[1:], history=[])
        last = self.turns[-1]
        if plain in self.listed:
            if handed or one.turns:
                raise NotAlikeError
            entry = self.alike({t: line.target for t, line in lines.items()})
            body.before.append(replace(one, target=plain, value=number(len(lines)), sign="room"))
            body.turn.append(replace(one, target=entry, value=self.alike(own)))
        elif not handed:
            body.turn.append(replace(one, value=self.alike(own)))
        elif sorted(handed) != list(self.turns[1:]):
            raise NotAlikeError
        elif list(own) == [last] and not one.turns:  # the loss depends on the last value alone
            body.before.append(replace(one, value=own[last]))
            body.end.append(replace(one, value=self.alike(handed), variable=None, is_handed=True))
        else:
            held = one.variable.ref if one.variable is not None and one.variable.available else None
            following = replace(one, target=coming_name(plain), variable=None, like=held)
            begins = list(own) == [last]
            body.before.append(replace(following, value=own[last] if begins else ZERO, turns=()))
            here = ZERO if begins else self.alike(own)
            body.turn.append(replace(one, value=add(here, following.target)))
            body.end.append(replace(following, value=self.alike(handed), is_handed=True))

    def carried_out(self, line: Line) -> Expr | None:
        """The gradient of a variable's value before the loop: what the first turn hands on; else None."""
        for plain, lines in self.rounds.items():
            split = [self.sums(lines[t], t) for t in self.turns[:-1]]
            try:
                self.alike(dict(enumerate([line.value, *(coming for coming, _ in split)])))
            except NotAlikeError:
                continue
            keeps = all(here is ZERO for _, here in split) and not lines[0].turns[1:]
            return plain if keeps else coming_name(plain)
        return None

    def add_sum(self, body: Body, line: Line) -> None:
        """Add the lines of a gradient to which each turn adds."""
        terms: dict[int, list[Expr]] = {}
        others = []
        for term in terms_of(line.value):
            match sorted(self.depends(term)):
                case []:
                    others.append(term)
                case [turn]:
                    terms.setdefault(turn, []).append(term)
                case _:
                    raise NotAlikeError
        if sorted(terms) != list(self.turns):
            raise NotAlikeError
        value = self.alike({t: add(*found) for t, found in terms.items()})
        early = [x for x in others if not self.late & set(walk(x))]
        late = [x for x in others if x not in early]
        if line.sign == "=" or early:
            first = writable(exact(add(*early), line.shape)) if early else ZERO
            body.before.append(replace(line, value=first))
        body.turn.append(replace(line, value=value, sign="+=", history=[]))
        if late:
            body.after.append(replace(line, value=add(*late), sign="+=", history=[]))

    def add_list(self, body: Body, lines: Sequence[Line]) -> None:
        """Add the lines of the gradients of a list's entries, one in each turn."""
        by_turn = {next(iter(self.depends(line.value))): line for line in lines}
        if sorted(by_turn) != list(self.turns) or len(lines) != len(self.turns):
            raise NotAlikeError
        value = self.alike({t: line.value for t, line in by_turn.items()})
        target = self.alike({t: line.target for t, line in by_turn.items()})
        if lines[0].sign == "=":
            body.before.append(replace(lines[0], target=name((target.data[0],), ()), value=ZERO, sign="list"))
        body.turn.append(replace(by_turn[0], target=target, value=value, history=[]))

    def add_kept(self, body: Body, lines: dict[int, Line]) -> None:
        """Add the entries left for the next round of an outer loop: each is read in its own turn alone."""
        if sorted(lines) != list(self.turns):
            raise NotAlikeError
        target = self.alike({t: line.target for t, line in lines.items()})
        read = {
            p
            for line in body.turn
            for p in walk(line.value)
            if p.head == "name" and p.data[0] == target.data[0]
        }
        if read - {target}:
            raise NotAlikeError
        value = self.alike({t: line.value for t, line in lines.items()})
        body.end.append(replace(lines[0], target=target, value=value, turns=lines[0].turns[1:], history=[]))


def coming_name(plain: Expr) -> Expr:
    """The name of the gradient that a round hands to the one before it; in an inner loop it is an entry."""
    base, *rest = plain.data
    if len(rest) > 1:  # a list of lists
        raise NotAlikeError
    found = f"{UNNAMED}next {base}" if base.startswith(UNNAMED) else f"next_{base}{'s' if rest else ''}"
    return name((found, *rest), plain.shape)


def together(lines: Sequence[Line]) -> list[Line]:
    """The lines before a loop, with one line for all entries of a list that begin with zeros."""
    found: list[Line] = []
    entries: dict[str, list[Line]] = {}
    for line in lines:
        if len(line.target.data) > 1 and line.sign == "=":
            entries.setdefault(line.target.data[0], []).append(line)
        else:
            found.append(line)
    for base, ones in entries.items():
        v = ones[0].variable
        n = 1 + max(int(x.target.data[1]) for x in ones)
        if v is None and len({x.shape for x in ones}) == 1:
            zeros = replace(ones[0], target=name((base,), ()), value=number(n), sign="zeros", turns=())
            found += [zeros, *(x for x in ones if x.value is not ZERO)]
        elif v is not None and all(x.value is ZERO for x in ones):
            found.append(replace(ones[0], target=name((base,), ()), value=ZERO, sign="zeros"))
        else:
            found += ones
    return found


# Sums of alike terms


def spread(line: Line, aliases: Aliases) -> list[Item] | None:
    """A sum of many alike terms as one or two loops that add them up; None if they are not alike."""
    terms = line.value.args if line.value.head == "add" else ()
    many = [t for t in terms if is_call(t, scatter)] or list(terms)
    others = [t for t in terms if t not in many]
    many = many[::-1]
    if len(many) < 3:
        return None
    for rows in [1, *(n for n in range(2, len(many)) if len(many) % n == 0)]:
        columns = len(many) // rows
        counters: tuple[str, ...] = ("i", "j") if rows > 1 else ("i",)
        turns = [(k // columns, k % columns) if rows > 1 else (k,) for k in range(len(many))]
        value = Alike(counters, turns, aliases).common(many)
        if value is not None:
            sizes = [("i", rows), ("j", columns)] if rows > 1 else [("i", columns)]
            adding = replace(line, value=value, sign="+=", history=[])
            begin = writable(exact(add(*others), line.shape)) if others else ZERO
            return [replace(line, value=begin), Loop(sizes, False, [adding])]
    return None
