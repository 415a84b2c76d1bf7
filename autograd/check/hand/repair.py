"""Repairing a wrong line: the lines that made its value are run again, each with one small change.

If a change makes the value right, it says what the mistake was, and where: in the line itself, or in
an earlier one that prepared something for it.  Only expressions of the user's run again, in the scope
that they had, on copies of what they write to.
"""

from __future__ import annotations

import ast
import copy
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from types import CodeType
from typing import Any, NamedTuple

import numpy as np

from .backward import Hand
from .edits import KINDS, Edit, edits
from .judge import Derived
from .watch import Place, variables

LONGEST = 400  # statements in a slice, beyond which running it again takes too long
MOST = 100_000  # statements that the search for one line's repair may run; about 2 seconds of small ones
LARGE = 2**14  # elements that take as long as running another statement
PATIENCE = 10.0  # seconds, however few statements: for what is not counted, such as products of matrices


class Guess(NamedTuple):
    """A kind of mistake, what is said of it, and the line that it is on: 0 for the one that is judged."""

    kind: str
    text: str
    lineno: int = 0


@dataclass(slots=True)
class Instruction:
    """One statement of the slice that made a value, as it was executed."""

    statement: ast.stmt
    scope: dict[str, Any]
    targets: set[str]


def repairs(
    hand: Hand, line: Derived, judged: set[str], right: Callable[[Any], bool], extras: dict[str, Any]
) -> Iterator[Guess | None]:
    """For each of `KINDS`, the first change that takes back such a mistake and makes a line right, or None.

    `extras` are quantities without a name of the user's, by expressions that stand for them.
    """
    program = slice_of(hand, line, judged)
    runner = Runner(program, line.place, hand.globals)
    sound = program and len(program) <= LONGEST
    if not sound or not (line.last.raised or same_value(runner.run(), line.last.value)):
        yield from [None] * len(KINDS)  # there is no source, or something else had a hand in it
        return
    changes = by_kind(program, runner, extras)
    tries = iter(range(MOST // max(1, round(sum(map(work, program))))))
    stop = time.perf_counter() + PATIENCE
    for kind in KINDS:
        yield first_right(changes[kind], runner, right, tries, stop)


def work(step: Instruction) -> float:
    """How much it is to run a statement: 1, and more on large arrays.  The same on a busy machine."""
    read = map(step.scope.get, loads(step.statement))
    return 1 + sum(value.size for value in read if isinstance(value, np.ndarray)) / LARGE


def first_right(
    changes: list[tuple[Edit, ast.stmt]],
    runner: Runner,
    right: Callable[[Any], bool],
    tries: Iterator[int],
    stop: float,
) -> Guess | None:
    """The first of some changes that makes the value right, before there are no tries left."""
    for edit, original in changes:
        if next(tries, None) is None or time.perf_counter() > stop:
            return None
        value = runner.run(original, edit.made())
        if value is not None and right(value):
            return Guess("shape" if edit.kind == "reduction" else edit.kind, edit.text, original.lineno)
    return None


def by_kind(
    program: list[Instruction], runner: Runner, extras: dict[str, Any]
) -> dict[str, list[tuple[Edit, ast.stmt]]]:
    """The changes of all statements, those of the last statement first."""
    latest = {id(step.statement): step for step in program}
    found: dict[str, list[tuple[Edit, ast.stmt]]] = {kind: [] for kind in KINDS}
    constants = {k: v for k, v in runner.globals.items() if type(v) is float}
    runner.globals = runner.globals | extras
    for step in sorted(latest.values(), key=lambda step: -step.statement.lineno):
        scope = constants | step.scope | extras
        for edit in edits(step.statement, scope, partial(runner.evaluate, step.scope)):
            found[edit.kind].append((edit, step.statement))
    return found


def slice_of(hand: Hand, line: Derived, judged: set[str]) -> list[Instruction]:
    """The statements that made the value of a line, back to what was given and to the gradients `judged`.

    Source: Korel and Laski, Dynamic program slicing, Information Processing Letters 29 (1988).
    """
    root = line.root
    judged = judged - {root}
    program: list[Instruction] = []
    needed, last = {root}, None
    for step in reversed(hand.steps[: line.last.time]):
        statement = entry_of(hand.statement(step.lineno), line, hand.prefix)
        repeated, last = statement is not None and statement is last, statement
        if repeated and program and program[-1].statement is statement:
            program[-1].scope = step.scope  # one statement on several lines: its first scope counts
        if statement is None or repeated:
            continue
        rebound, changed = targets(statement)
        if (rebound | changed) & needed:
            program.append(Instruction(statement, step.scope, rebound | changed))
            needed = (needed - rebound) | (loads(statement) - judged)
        if not needed:
            break
    return program[::-1]


def entry_of(statement: ast.stmt | None, line: Derived, prefix: str) -> ast.stmt | None:
    """A statement; of what returns a gradient, or puts it under its key, an assignment to it."""
    own = (line.root, line.root.removeprefix(prefix))
    match statement:
        case ast.Return(value=ast.Dict(keys=keys, values=values)):
            pairs = [
                (key.value if isinstance(key, ast.Constant) else None, v)
                for key, v in zip(keys, values, strict=True)
            ]
            value = next((v for key, v in pairs if key in own), None)
        case ast.Return():
            value = next((v for v in elements(statement) if line.root in loads(v)), None)
        case ast.Assign(value=value) if key_of(statement) in own:
            pass
        case ast.AugAssign(op=op, value=value) if key_of(statement) in own:
            return ast.copy_location(ast.AugAssign(ast.Name(line.root, ast.Store()), op, value), statement)
        case _:
            return statement
    if value is None:
        return statement
    return ast.copy_location(ast.Assign([ast.Name(line.root, ast.Store())], value), statement)


def key_of(statement: ast.stmt) -> str:
    """The key that a statement puts something under: "dW1" of `grads["dW1"] = ...`; "" if there is none."""
    match statement:
        case ast.Assign(targets=[ast.Subscript(value=ast.Name(), slice=ast.Constant(value=str() as key))]):
            return key
        case ast.AugAssign(target=ast.Subscript(value=ast.Name(), slice=ast.Constant(value=str() as key))):
            return key
    return ""


def elements(statement: ast.stmt | None) -> list[ast.expr]:
    """The expressions that a statement returns."""
    match statement:
        case ast.Return(value=ast.Tuple(elts=parts) | ast.List(elts=parts)):
            return parts
        case ast.Return(value=ast.expr() as value):
            return [value]
    return []


def targets(statement: ast.stmt) -> tuple[set[str], set[str]]:
    """The variables that a statement binds anew, and those it changes."""
    match statement:
        case ast.Assign(targets=places) | ast.AnnAssign(target=places):
            nodes = [n for place in np.atleast_1d(np.array(places, object)) for n in ast.walk(place)]
            rebound = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
            return rebound, {n.id for n in nodes if isinstance(n, ast.Name)} - rebound - indices(nodes)
        case ast.AugAssign(target=place):
            return set(), {base(place)}
        case ast.Expr(value=ast.Call(args=[first, *_])):  # np.add.at(dE, index, values)
            return set(), {base(first)}
    return set(), set()


def indices(nodes: list[ast.AST]) -> set[str]:
    """The names that only say where, in `dX[i, j] = ...`."""
    within = [part for n in nodes if isinstance(n, ast.Subscript) for part in ast.walk(n.slice)]
    return {n.id for n in within if isinstance(n, ast.Name)}


def base(place: ast.expr) -> str:
    """The variable that `x`, `x[i]` and `x.T[i]` are about."""
    while isinstance(place, ast.Subscript | ast.Attribute):
        place = place.value
    return place.id if isinstance(place, ast.Name) else ""


def loads(tree: ast.stmt | ast.expr) -> set[str]:
    """The variables that are read, such as `lam` by `lam = A.T @ lam` and by `lam += q`."""
    read = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    return read | (targets(tree)[1] if isinstance(tree, ast.stmt) else set())


@dataclass(slots=True)
class Runner:
    """Runs a slice again, and reads what it makes of one variable."""

    program: list[Instruction]
    place: Place
    globals: dict[str, Any]
    codes: dict[int, CodeType] = field(default_factory=dict)

    def run(self, original: ast.stmt | None = None, changed: ast.stmt | None = None) -> Any:
        """The value, with one statement in the place of another; None if that raises."""
        made: dict[str, Any] = {}
        try:
            edited = None if changed is None else compiled(changed)
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                for step in self.program:
                    code = edited if edited and step.statement is original else self.code(step.statement)
                    own = {name: copied(step.scope.get(name)) for name in step.targets - set(made)}
                    scope = self.globals | step.scope | own | made
                    exec(code, scope)
                    made |= {name: copied(scope[name]) for name in step.targets}
        except Exception:  # a change that does not fit, and so is not the one
            return None
        return dict(variables({name: made[name] for name in made})).get(self.place)

    def code(self, statement: ast.stmt) -> CodeType:
        """The compiled statement, of which there is one for all runs."""
        if id(statement) not in self.codes:
            self.codes[id(statement)] = compiled(statement)
        return self.codes[id(statement)]

    def evaluate(self, scope: dict[str, Any], expression: ast.expr) -> Any:
        """The value of an expression; None if it has none."""
        return evaluated(expression, self.globals | scope)


def evaluated(expression: ast.expr, scope: dict[str, Any]) -> Any:
    """The value of an expression; None if it raises."""
    try:
        with np.errstate(all="ignore"):
            tree = ast.fix_missing_locations(ast.Expression(expression))
            return eval(compile(tree, "<repair>", "eval"), scope)
    except Exception:
        return None


def compiled(statement: ast.stmt) -> CodeType:
    return compile(ast.fix_missing_locations(ast.Module([statement], [])), "<repair>", "exec")


def copied(value: Any) -> Any:
    """A value that may be written to: a copy of an array, a container or an object."""
    return copy.copy(value)


def same_value(a: Any, b: Any) -> bool:
    return (
        a is not None and np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=1e-12, atol=0, equal_nan=True)
    )
