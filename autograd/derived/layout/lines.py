"""Which values get a line: gradients that a person would name, and what is used twice."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from ...formulas.algebra.arrays import mean_, parted, replaced, sum_, view_
from ...formulas.algebra.cost import cost
from ...formulas.algebra.expressions import Expr, add, call, is_call, is_elementwise, name, options, walk
from ...formulas.algebra.indexing import eye, scatter, sequence
from ...formulas.algebra.simplify import Simplifier
from ..reading.naming import UNNAMED
from ..reading.walk import Line
from .items import Item, lines_of
from .order import from_loss_back

WORTH_A_NAME = 1.5  # the least cost at which a value that is used twice gets a line


def arranged(lines: Sequence[Line], simplify: Simplifier) -> list[Line]:
    """The lines made short; a line that is as short inside the next one is put there."""
    lines = list(lines)
    for line in lines:
        many = len(line.parts) > 3  # such as the rounds of a loop, which don't cancel
        line.history.append(line.value)
        line.value = add(*map(simplify, line.parts)) if many else simplify(line.value)
    lines = without_trivial(with_own_names(lines), simplify)
    lines = without_unnamed(lines, simplify)
    for line in list(lines):
        if line in lines:
            absorb(line, lines, simplify)
    for line in lines:
        line.history.append(line.value)
        line.value = joined(simplify.finished(line.value))
        line.history.append(line.value)
    return from_loss_back(lines)


def joined(e: Expr) -> Expr:
    """An expression, where a sum of arrays at places side by side, which fill an axis, joins them."""
    terms = e.args if e.head == "add" else ()
    if not terms or not all(is_call(t, scatter) and len(t.args) == 1 for t in terms):
        return e
    indices = [options(t)["index"] for t in terms]
    axis = len(indices[0]) - 1
    spans = [index[axis] for index in indices if index[:axis] == (("slice", None, None, None),) * axis]
    if not all(len(i) == axis + 1 for i in indices) or not all(isinstance(s, tuple) for s in spans):
        return e
    n = e.shape[axis]
    bounds = [slice(*s[1:]).indices(n)[:2] for s in spans if s[3] is None]
    order = sorted(range(len(bounds)), key=lambda i: bounds[i])
    ends = [0, *(bounds[i][1] for i in order)]
    if len(bounds) < len(terms) or [bounds[i][0] for i in order] != ends[:-1] or ends[-1] != n:
        return e
    return call(sequence(np.concatenate), [terms[i].args[0] for i in order], e.shape, axis=axis)


def users_of(line: Line, lines: list[Line]) -> list[Line]:
    """The lines that use the target of a line."""
    return [other for other in lines if line.target in walk(other.value)]


def without_trivial(lines: list[Line], simplify: Simplifier) -> list[Line]:
    """The lines without ones that only rename, spread out or hold a number, or that nothing uses."""
    for line in list(lines):
        users = users_of(line, lines)
        trivial = not line.value.args or line.value.shape != line.shape
        if not line.wanted and (trivial or not users):
            take_in(line, users, lines, simplify)
    return lines


def take_in(line: Line, users: list[Line], lines: list[Line], simplify: Simplifier) -> None:
    """Put the value of a line in the place of its target wherever that is used."""
    lines.remove(line)
    for other in users:
        other.absorbed += [*line.absorbed, line]
        other.history.append(other.value)
        other.value = simplify(replaced(other.value, {line.target: line.value}))


def with_own_names(lines: list[Line]) -> list[Line]:
    """The lines, where a gradient without a name that equals a variable's gradient gets that name."""
    for line in [x for x in lines if x.target.data[0].startswith(UNNAMED)]:
        same = next((x for x in lines if x.value is line.target and x.shape == line.shape), None)
        if same is not None and not same.wanted:
            lines.remove(same)
            for other in lines:
                other.value = replaced(other.value, {line.target: same.target})
            line.target, line.variable, line.node = same.target, same.variable, same.node
    return lines


def without_unnamed(lines: list[Line], simplify: Simplifier) -> list[Line]:
    """The lines without gradients that have no name, unless they are long and several lines need them."""
    unnamed = [x for x in lines if x.target.data[0].startswith(UNNAMED)]
    kept = {
        x.target.data[0]  # the same in all rounds of a loop
        for x in unnamed
        if len(users_of(x, lines)) > 1 and cost(x.value) >= WORTH_A_NAME and parted(x.value)[1].head != "name"
    }
    for line in unnamed:
        if line.target.data[0] not in kept:
            take_in(line, users_of(line, lines), lines, simplify)
    return lines


def absorb(line: Line, lines: list[Line], simplify: Simplifier) -> None:
    """Take into a line the lines that are used for it alone, if it is then hardly longer."""
    own = feeding(line, lines)
    once: list[Line] = []
    for other in own:
        users = users_of(other, lines)
        if len(users) == 1 and (users[0] is line or users[0] in once):
            once.append(other)
    direct = [[other] for other in once if users_of(other, lines) == [line]]
    for group in (own, once, *direct):
        if not group:
            continue
        value = line.value
        for other in sorted(group, key=lines.index, reverse=True):
            value = replaced(value, {other.target: other.value})
        value = simplify(value)
        before = cost(line.value) + sum(cost(other.value) for other in group)
        if cost(value) <= cost(line.value) + 1e-9 or cost(value) <= min(SHORTER * before, LONGEST):
            line.history.append(line.value)
            line.value = value
            for other in sorted(group, key=lines.index):
                line.absorbed += [*other.absorbed, other]
                lines.remove(other)
            return absorb(line, lines, simplify)
    return None


SHORTER = 0.8  # the share of the cost of several lines that one line in their place may cost
LONGEST = 12.0  # the most that it may cost


def feeding(line: Line, lines: list[Line]) -> list[Line]:
    """The lines that are used for this one alone, directly or through others, up to products of matrices."""
    own: list[Line] = []
    for other in reversed(lines[: lines.index(line)]):
        users = users_of(other, lines)
        if (
            not other.wanted
            and users
            and all(u is line or u in own for u in users)
            and is_arithmetic(other.value)
        ):
            own.append(other)
    return own


def is_arithmetic(e: Expr) -> bool:
    """Whether an expression has only elementwise functions and sums."""
    return all(p.head != "call" or is_elementwise(p) or is_call(p, sum_, mean_, view_, eye) for p in walk(e))


def with_names(lines: list[Line]) -> list[Line]:
    """The lines with one more before the first use of each long part that is used twice."""
    lines = with_places(lines)
    while (part := most_repeated(line.value for line in lines)) is not None:
        at = next(i for i, line in enumerate(lines) if part in walk(line.value))
        own = next((x for x in lines if x.value is part and x.shape == part.shape), None)
        if own is None:
            own = Line(nameless(part, lines), part, part.shape)
        else:
            lines.remove(own)
        for line in lines:
            line.value = replaced(line.value, {part: own.target})
        lines.insert(at, own)
    return without_long(lines)


def with_places(lines: list[Line]) -> list[Line]:
    """The lines with one more for each array at whose places something is added."""
    found: list[Line] = []
    own: dict[Expr, Line] = {}
    for line in lines:
        top = set(line.value.args) if line.value.head == "add" else {line.value}
        for part in [e for e in walk(line.value) if is_call(e, scatter) and e not in top]:
            if part not in own:
                own[part] = Line(nameless(part, lines), part, part.shape)
                found.append(own[part])
            line.value = replaced(line.value, {part: own[part].target})
        found.append(line)
    return found


def without_long(lines: list[Line]) -> list[Line]:
    """The lines, where each that is too long is two."""
    found: list[Line] = []
    for line in lines:
        if cost(line.value) > TOO_LONG:
            parts = [
                e for e in walk(line.value) if e.args and e is not line.value and not is_call(e, scatter)
            ]
            half = min(parts, key=lambda e: abs(cost(e) - cost(line.value) / 2))
            own = Line(nameless(half, lines), half, half.shape)
            line.value = replaced(line.value, {half: own.target})
            found += without_long([own])
        found.append(line)
    return found


TOO_LONG = 14.0  # the cost beyond which a line is parted


def nameless(part: Expr, lines: list[Line]) -> Expr:
    """What stands for the name of a part until it is chosen, when all others are known."""
    gradients = {line.target for line in lines if line.variable is not None}
    return name(f"{UNNAMED if gradients & set(walk(part)) else OTHER}{next(NUMBERS)}", part.shape)


NUMBERS = itertools.count()  # each tells one name to be chosen from all others
OTHER = "v@"  # the beginning of names still to be chosen for what is no gradient


def is_nameless(e: Expr) -> bool:
    """Whether an expression is a name that is still to be chosen."""
    return e.head == "name" and str(e.data[0]).startswith((UNNAMED, OTHER))


def named(items: Sequence[Item], known: set[str]) -> None:
    """Choose the names that are still to be chosen: g, g2, …, and for what is no gradient v, v2, …

    known  the user's own names
    """
    lines = list(lines_of(items))
    met = [e for line in lines for e in (line.target, *walk(line.value)) if e.head == "name"]
    taken = known | {str(word) for e in met for word in e.data}
    new: dict[str, str] = {}
    for e in met:
        root = str(e.data[0])
        if is_nameless(e) and root not in new:
            numbered = (f"{root[0]}{k}" if k > 1 else root[0] for k in itertools.count(1))
            new[root] = next(n for n in numbered if n not in taken)
            taken.add(new[root])
    for line in lines:
        rename(line, new)


def rename(line: Line, new: Mapping[str, str]) -> None:
    """Give a line, and all lines that it was made of, the names that were chosen."""

    def chosen(e: Expr) -> Expr:
        """An expression with the names that were chosen."""
        roots = {p: new[p.data[0]] for p in walk(e) if p.head == "name" and p.data[0] in new}
        return replaced(e, {p: name((root, *p.data[1:]), p.shape) for p, root in roots.items()})

    line.target, line.value = chosen(line.target), chosen(line.value)
    line.history = [chosen(e) for e in line.history]
    line.absorbed = [replace(other, absorbed=[]) for other in line.absorbed]
    for other in line.absorbed:
        rename(other, new)


def most_repeated(values: Iterable[Expr]) -> Expr | None:
    """The longest part that is used twice, and is worth a name."""
    uses: Counter[Expr] = Counter()
    for value in dict.fromkeys(roots := list(values)):  # in their order, so that names are always the same
        uses.update(a for e in walk(value) for a in e.args)
    uses.update(roots)
    worth = [
        e for e, n in uses.items() if n > 1 and e.args and cost(e) >= WORTH_A_NAME and not is_call(e, eye)
    ]
    return max(worth, key=cost, default=None)
