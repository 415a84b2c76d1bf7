"""The rounds of a loop of the user's, on the way back through it, folded into a loop again.

In each turn there are lines for the variables that f gives a value in each turn.  What a turn hands to the
one before it stands at the end of the body, under the name that the next round reads it by; what it adds to
the gradient of a parameter is added up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..algebra.arrays import exact, replaced, writable
from ..algebra.expressions import ZERO, Expr, Ref, add, is_call, name, walk
from ..algebra.indexing import scatter
from ..reading.walk import Line
from .alike import Alike, NotAlikeError


@dataclass(slots=True, eq=False)
class Loop:
    """Rounds that are alike: for each counter how often, and whether backwards; and the lines of a round."""

    counters: list[tuple[str, int]]
    backwards: bool
    body: list[Line]
    over: str = ""


Item = Line | Loop


@dataclass(slots=True)
class Body:
    """What is known of a loop: the lines before it, in a turn, at the end of a turn, and after it."""

    before: list[Line] = field(default_factory=list)
    turn: list[Line] = field(default_factory=list)
    end: list[Line] = field(default_factory=list)
    after: list[Line] = field(default_factory=list)


class Folding:
    """The lines of one loop of the user's, in order.

    gradients  the targets that belong to a turn, with it; `plain` what they are called inside of the loop
    rounds     for each name of such targets the lines by turn
    """

    def __init__(
        self, loop: int, counter: str, lines: Sequence[Line], aliases: Mapping[Expr, Sequence[Ref]]
    ) -> None:
        self.counter, self.lines, self.aliases = counter, lines, aliases
        self.gradients: dict[Expr, int] = {}
        self.plain: dict[Expr, Expr] = {}
        self.rounds: dict[str, dict[int, Line]] = {}
        for line in lines:
            v = line.variable
            if v is not None and v.loop == loop and v.turn is not None:
                self.gradients[line.target] = v.turn
                self.plain[line.target] = name((line.target.data[0],), line.target.shape)
                self.rounds.setdefault(line.target.data[0], {})[v.turn] = line
        self.turns = range(max(self.gradients.values(), default=0) + 1)

    def folded(self) -> list[Item]:
        """The lines with a loop in the place of the rounds.  Raises NotAlikeError for rounds that differ."""
        body = Body()
        for base, lines in self.rounds.items():
            self.add_variable(body, base, lines)
        outside: list[Line] = []
        items: dict[str, list[Line]] = {}
        for line in self.lines:
            if line.target in self.gradients:
                continue
            turns = self.depends(line.value)
            if not turns:
                outside.append(line)
            elif len(turns) == 1 and len(line.target.data) > 1:
                items.setdefault(line.target.data[0], []).append(line)
            elif turns == {0} and (carried := self.carried_out(line)) is not None:
                body.after.append(replace(line, value=carried))
            else:
                self.add_sum(body, line)
        for lines_ in items.values():
            self.add_list(body, lines_)
        late = [x for x in outside if any(y.target in walk(x.value) for y in body.after)]
        loop = Loop([(self.counter, len(self.turns))], True, in_order(body.turn) + last_first(body.end))
        return [*(x for x in outside if x not in late), *body.before, loop, *body.after, *late]

    def depends(self, e: Expr) -> set[int]:
        """The turns whose gradients an expression contains."""
        return {self.gradients[p] for p in walk(e) if p in self.gradients}

    def alike(self, exprs: Mapping[int, Expr]) -> Expr:
        """What the turns have in common, their gradients under plain names."""
        turns = sorted(exprs)
        shared = Alike((self.counter,), [(t,) for t in turns], self.aliases)
        return shared([replaced(exprs[t], self.plain) for t in turns])

    def sums(self, line: Line, of: int) -> tuple[Expr, Expr]:
        """The terms of a line that another turn hands on to the turn `of`, and all other terms."""
        handed = [x for x in terms_of(line.value) if self.depends(x) - {of}]
        if any(self.depends(x) != {of + 1} for x in handed):
            raise NotAlikeError
        return add(*handed), add(*(x for x in terms_of(line.value) if x not in handed))

    def add_variable(self, body: Body, base: str, lines: Mapping[int, Line]) -> None:
        """A variable that has a value in each turn."""
        if sorted(lines) != list(self.turns):
            raise NotAlikeError
        split = {t: self.sums(line, t) for t, line in lines.items()}
        handed = {t + 1: coming for t, (coming, _) in split.items() if coming is not ZERO}
        own = {t: here for t, (_, here) in split.items() if here is not ZERO}
        one = replace(lines[0], target=self.plain[lines[0].target], history=[])
        if not handed:
            body.turn.append(replace(one, value=self.alike(own)))
        elif sorted(handed) != list(self.turns[1:]):
            raise NotAlikeError
        elif list(own) == [self.turns[-1]]:  # the loss depends on the last value alone
            body.before.append(replace(one, value=own[self.turns[-1]]))
            body.end.append(replace(one, value=self.alike(handed), variable=None))
        else:
            held = one.variable.ref if one.variable is not None and one.variable.available else None
            target = name((f"next_{base}",), one.target.shape)
            following = replace(one, target=target, variable=None, like=held)
            body.before.append(replace(following, value=ZERO))
            body.turn.append(replace(one, value=add(self.alike(own), following.target)))
            body.end.append(replace(following, value=self.alike(handed)))

    def carried_out(self, line: Line) -> Expr | None:
        """The gradient of what a variable had before the loop: what the first turn hands on."""
        for base, lines in self.rounds.items():
            split = [self.sums(lines[t], t) for t in self.turns[:-1]]
            try:
                self.alike(dict(enumerate([line.value, *(coming for coming, _ in split)])))
            except NotAlikeError:
                continue
            keeps = all(here is ZERO for _, here in split)
            return name((base if keeps else f"next_{base}",), line.target.shape)
        return None

    def add_sum(self, body: Body, line: Line) -> None:
        """A gradient that each turn adds to."""
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
        body.before.append(replace(line, value=writable(exact(add(*others), line.shape)) if others else ZERO))
        body.turn.append(replace(line, value=value, sign="+=", history=[]))

    def add_list(self, body: Body, lines: Sequence[Line]) -> None:
        """The gradients of what is in a list, one in each turn."""
        by_turn = {next(iter(self.depends(line.value))): line for line in lines}
        if sorted(by_turn) != list(self.turns) or len(lines) != len(self.turns):
            raise NotAlikeError
        value = self.alike({t: line.value for t, line in by_turn.items()})
        target = self.alike({t: line.target for t, line in by_turn.items()})
        body.before.append(replace(lines[0], target=name((target.data[0],), ()), value=ZERO, sign="list"))
        body.turn.append(replace(by_turn[0], target=target, value=value, history=[]))


def terms_of(e: Expr) -> tuple[Expr, ...]:
    return e.args if e.head == "add" else (e,)


def in_order(lines: Sequence[Line]) -> list[Line]:
    """Lines so that each comes after those that it uses, gradients that are wanted as soon as they can be."""
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
    """What is handed to the next turn, each after those that still use the old one."""
    found: list[Line] = []
    rest = list(lines)
    while rest:
        free = [x for x in rest if not any(x.target in walk(y.value) for y in rest if y is not x)]
        found.append((free or rest)[0])
        rest.remove(found[-1])
    return found


# Sums of alike terms


def spread(line: Line, aliases: Mapping[Expr, Sequence[Ref]]) -> list[Item] | None:
    """A sum of many alike terms as one or two loops that add them up."""
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
