"""What a part of a line should hold, solved for: another constant, another variable, a factor or a term more.

A line is linear in most of its parts.  The line without a part, and the line as it is, then say what constant
the part needs; and where it is linear element by element, what each element of the part should be.  The line
with that in it is evaluated again, and has to be right.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from ....tensor import Tensor
from ..match.near import near
from ..observe.probes.codes import text_of, tree_of
from ..observe.probes.record import Snapshot, copied, is_array
from ..source.edits import expressions
from ..source.nearby import function_around, nearby
from ..source.quantities import bracketed, is_numeric, quantities
from ..source.trees import number, parsed
from .case import Case, Guess
from .constants import is_named, named
from .in_scope import fits
from .repair import Program, evaluated, program_of, stay_right

# What tells of a case, its line, quantities without names and a part of the line what is wrong with the part
Tell = Callable[[Case, Program, dict[str, Any], ast.expr], Guess | None]

MOST_PARTS = 30  # of a line that are looked at
MOST_QUANTITIES = 400
MOST_COLUMNS = 64  # elements of a part that are tried by themselves


def solved_constant(case: Case, extras: dict[str, Any]) -> Guess | None:
    """The part of a line that needs another constant."""
    return first_told(constant_told, case, extras)


def solved_value(case: Case, extras: dict[str, Any]) -> Guess | None:
    """The part of a line that should hold something else, or something more, that is in scope."""
    return first_told(value_told, case, extras)


def first_told(tell: Tell, case: Case, extras: dict[str, Any]) -> Guess | None:
    """What can be told of the first part of a line of which anything can."""
    program = program_of(case.site)
    if program is None or any(r.snapshot is None for r in case.rounds):
        return None
    parts = islice(parts_of(program.statement), MOST_PARTS)
    return next(filter(None, (tell(case, program, extras, part) for part in parts)), None)


def parts_of(statement: ast.stmt) -> Iterator[ast.expr]:
    """The expressions in what a statement makes, the whole of it only where it is added to something."""
    value = getattr(statement, "value", None)
    if isinstance(value, ast.expr):
        is_added = isinstance(statement, ast.AugAssign)
        yield from (e for e in expressions(value) if is_added or e is not value)


def constant_told(case: Case, program: Program, extras: dict[str, Any], part: ast.expr) -> Guess | None:
    """What is wrong with the constant of a part, if that is all that is wrong."""
    is_number = isinstance(part, ast.Constant)
    if is_number and type(part.value) not in (int, float):  # type: ignore[attr-defined]
        return None
    bases = (number(0), number(1)) if is_number else (ast.BinOp(number(0), ast.Mult(), part), part)
    without, whole = (values_with(case, program, extras, part, new) for new in bases)
    c = constant(case, without, whole)
    if c is None or not (is_named(c, case.forward) or (is_number and says_much(case))):
        return None
    if not is_number and np.isclose(c, 1):
        return None
    new = number(c) if is_number else ast.BinOp(number(c), ast.Mult(), part)
    if not does(case, program, extras, part, new):
        return None
    text = ast.unparse(part)
    if is_number:
        is_turned = np.isclose(c, -part.value)  # type: ignore[attr-defined]
        return Guess("sign" if is_turned else "factor", f"the number {text} should be {c:.6g}", part.lineno)
    if c == 0:
        return Guess("extra-term", f"`{text}` is too many", part.lineno)
    if np.isclose(c, -1):
        return Guess("sign", f"the sign of `{text}` is wrong", part.lineno)
    return Guess("factor", f"`{text}` is {named(1 / c, case.forward)} times what it should be", part.lineno)


def value_told(case: Case, program: Program, extras: dict[str, Any], part: ast.expr) -> Guess | None:
    """What should stand in the place of a part, if the line is linear in it."""
    turn = max(case.rounds, key=lambda r: int(np.count_nonzero(r.expected)))
    snapshot: Any = turn.snapshot
    evaluate = partial(evaluated, snapshot.globals | extras | snapshot.variables)
    own = as_array(evaluate(part))
    if not is_array(own) or np.size(own) < 2 or isinstance(part, ast.Constant):
        return None
    found = needed(Line(program, snapshot, extras, part, np.asarray(own, float)), np.asarray(turn.expected))
    if found is None:
        return None
    values, told_by = found
    text, mine = ast.unparse(part), np.asarray(own)[told_by]
    for name, held in at_hand(case, snapshot, evaluate):
        if name == text or not fits(held, own):
            continue
        theirs = np.broadcast_to(held, np.shape(own))[told_by]
        for kind, said, value, new in ways(part, text, mine, name, theirs):
            if near(value, values) and does(case, program, extras, part, new):
                return Guess(kind, said, part.lineno)
    return None


class Line(NamedTuple):
    """A line in one round, and a part of it with what that holds."""

    program: Program
    snapshot: Any
    extras: dict[str, Any]
    part: ast.expr
    own: Any

    def having(self, value: Any) -> Any:
        """What the line makes if the part holds something else; None if that raises."""
        return self.program.holding(self.part, value, self.snapshot, self.extras)


def needed(line: Line | Variable, expected: Any) -> tuple[Any, Any] | None:
    """What a part must hold for the line to be right, where that can be told, and where it can.

    Of a small part each element is tried by itself.  Of a large one as many as the line makes, it is assumed
    that each element makes one.
    """
    zero = line.having(np.zeros_like(line.own))
    if not is_array(zero) or np.shape(zero) != np.shape(expected):
        return None
    if np.size(line.own) <= MOST_COLUMNS:
        units = np.eye(np.size(line.own)).reshape(-1, *np.shape(line.own))
        made = [line.having(unit) for unit in units]
        if any(np.shape(m) != np.shape(expected) for m in made):
            return None
        columns = np.stack([np.ravel(m - zero) for m in made], axis=1)
        if not (np.all(np.isfinite(columns)) and np.all(np.isfinite(expected))):
            return None
        told_by = np.any(columns != 0, axis=0)
        solved, _, rank, _ = np.linalg.lstsq(columns[:, told_by], np.ravel(expected - zero), rcond=None)
        if not 1 < rank == np.count_nonzero(told_by):
            return None
        return solved, told_by.reshape(np.shape(line.own))
    if np.shape(line.own) != np.shape(expected):
        return None
    one = line.having(np.ones_like(line.own))
    if np.shape(one) != np.shape(expected):
        return None
    slope = one - zero
    told_by = np.isfinite(slope) & (np.abs(slope) > 1e-9 * np.max(np.abs(slope), initial=0))
    return (((expected - zero) / slope)[told_by], told_by) if np.count_nonzero(told_by) > 1 else None


def held_rightly(case: Case, name: str) -> list[tuple[Any, Any]] | None:
    """What a variable must hold for a line to be right, and where that can be told, in each round.

    None if other values of it do not make the line right.
    """
    program = program_of(case.site)
    if program is None:
        return None
    found = []
    for turn in case.rounds:
        held: Any = turn.snapshot.variables.get(name) if turn.snapshot is not None else None
        if turn.snapshot is None or not is_numeric(as_array(held)) or np.ndim(held) == 0:
            return None
        line = Variable(program, turn.snapshot, name)
        if (told := needed(line, np.asarray(turn.expected))) is None:
            return None
        values, told_by = told
        whole = np.where(told_by, 0.0, line.own)
        whole[told_by] = values
        if not case.is_right(line.having(whole), turn.expected, turn.value):
            return None
        found.append((whole, told_by))
    return found


class Variable(NamedTuple):
    """A line in one round, and a variable that it reads, once or more."""

    program: Program
    snapshot: Snapshot
    name: str

    @property
    def own(self) -> Any:
        """What the variable holds, in numbers."""
        return np.asarray(as_array(self.snapshot.variables[self.name]), float)

    def having(self, value: Any) -> Any:
        """What the line makes if the variable holds something else; None if that raises."""
        scope = Snapshot(self.snapshot.variables | {self.name: value}, self.snapshot.globals)
        return self.program.run(self.program.statement, scope, {})


def as_array(value: Any) -> Any:
    """A Tensor's array; what is none stays as it is."""
    return copied(value) if type(value) is Tensor else value


def at_hand(case: Case, snapshot: Any, evaluate: Any) -> Iterator[tuple[str, Any]]:
    """What a line could be made of, with what it holds: what stands beside it first, then what has names."""
    tree = tree_of(case.site.filename, text_of(case.site.filename))
    beside = nearby(function_around(tree, case.site.lineno), evaluate)
    yield from ((ast.unparse(e), as_array(v)) for e, v in beside)
    yield from islice(quantities(snapshot.variables), MOST_QUANTITIES)


def ways(
    part: ast.expr, text: str, mine: Any, name: str, theirs: Any
) -> Iterator[tuple[str, str, Any, ast.expr]]:
    """What a part and a quantity could make together: the kind, what is said, the values, the expression."""
    other, shown = parsed(name), bracketed(name)
    yield "wrong-variable", f"`{text}` should be `{name}`", theirs, other
    for kind, said, value, op in (
        ("missing-term", f"the term {shown} is missing in `{text}`", mine + theirs, ast.Add()),
        ("missing-term", f"the term -{shown} is missing in `{text}`", mine - theirs, ast.Sub()),
        ("missing-factor", f"a factor {shown} is missing at `{text}`", mine * theirs, ast.Mult()),
        ("missing-factor", f"a factor 1/{shown} is missing at `{text}`", mine / theirs, ast.Div()),
    ):
        yield kind, said, value, ast.BinOp(part, op, other)


def says_much(case: Case) -> bool:
    """Whether there is more than one element: of a single one any number can be made right."""
    return sum(int(np.count_nonzero(r.expected)) for r in case.rounds) > 1


def does(case: Case, program: Program, extras: dict[str, Any], part: ast.expr, new: ast.expr) -> bool:
    """Whether all is right with something else in the place of a part, in the rounds that were right, too."""
    is_right = case.are_right(values_with(case, program, extras, part, new))
    return is_right and stay_right(part, new, program, case, extras)


def values_with(
    case: Case, program: Program, extras: dict[str, Any], part: ast.expr, new: ast.expr
) -> list[Any]:
    """What the line makes in each round, with something else in the place of a part."""
    return [program.changed(part, new, r.snapshot, extras) for r in case.rounds]  # type: ignore[arg-type]


def constant(case: Case, without: list[Any], whole: list[Any]) -> float | None:
    """The constant that the part needs, by least squares over all rounds; None if a round tells nothing."""
    over = under = 0.0
    for a, b, turn in zip(without, whole, case.rounds, strict=True):
        if not (is_array(a) and is_array(b)) or not np.shape(a) == np.shape(b) == np.shape(turn.expected):
            return None
        slope = np.asarray(b - a, float)
        over += float(np.vdot(slope, turn.expected - a))
        under += float(np.vdot(slope, slope))
    c = over / under if under else float("nan")
    return (0.0 if abs(c) < 1e-9 else c) if np.isfinite(c) else None
