"""Repairing a wrong line: it is evaluated again with one small change at a time.

A change that makes its values right says what the mistake was.  Only expressions of the user's are evaluated,
with the variables that they had, on copies of what they write to.
"""

from __future__ import annotations

import ast
import copy
import functools
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import CodeType, FrameType, FunctionType
from typing import Any

import numpy as np

from ....tensor import Tensor
from ....users import is_users
from .. import limits
from ..match.near import near
from ..observe.arguments import data_of, parameters_of
from ..observe.probes.codes import nodes_of, text_of, tree_of
from ..observe.probes.probe import PROBE, Run
from ..observe.probes.record import Override, Snapshot, copied, is_array
from ..observe.probes.sites import Site, loaded, root_of
from ..source.edits import CALLED, KINDS, Edit, edits
from ..source.expressions.functions import Functions, Signature
from ..source.expressions.insertions import BESIDE
from ..source.nearby import function_around, nearby
from ..source.trees import number, placed, replaced
from ..source.values import PLACE, NoPartError, Parts, code_of
from .case import Case, Guess

VALUE, HELD = "value_of_the_line", "held_by_the_part"
LARGE = 2**14  # elements in scope that take as long as evaluating another expression
MOST, MOST_MADE = 6000, 24_000  # changes of one line that are tried, and that are made


def node_at(site: Site, span: tuple[int, int, int, int], kind: Any) -> Any:
    """The part of the user's source at a place; None if there is no source of it."""
    try:
        nodes = nodes_of(site.filename, text_of(site.filename))
    except SyntaxError:
        return None
    return next((n for n in nodes.get(span, ()) if isinstance(n, kind)), None)


@dataclass(slots=True)
class Program:
    """What made a value: a statement that can be run again, and an expression that reads the value."""

    statement: ast.stmt
    reader: ast.expr
    codes: dict[int, CodeType] = field(default_factory=dict)
    parts: dict[int, Parts] = field(default_factory=dict)

    def changed(self, old: ast.AST, new: ast.AST, snapshot: Snapshot, extras: dict[str, Any]) -> Any:
        """The value with one part of the statement in the place of another; None if that raises."""
        try:
            return data_of(self.parts_at(snapshot, extras).changed(old, new))
        except NoPartError:
            return self.run(self.with_part(old, new), snapshot, extras)
        except Exception:  # a change that does not fit
            return None

    def holding(self, part: ast.expr, value: Any, snapshot: Snapshot, extras: dict[str, Any]) -> Any:
        """The value if a part holds something else; None if that raises."""
        try:
            return data_of(self.parts_at(snapshot, extras).changed(part, ast.Constant(value)))
        except NoPartError:
            statement = self.with_part(part, ast.Name(HELD, ast.Load()))
            return self.run(statement, snapshot, extras | {HELD: value})
        except Exception:
            return None

    def with_part(self, old: ast.AST, new: ast.AST) -> ast.stmt:
        """The statement with one part in the place of another."""
        return placed(replaced(self.statement, old, new), old)  # type: ignore[return-value]

    def parts_at(self, snapshot: Snapshot, extras: dict[str, Any]) -> Parts:
        """The values of the parts of what the statement puts under a name, in one round."""
        match self.statement:
            case ast.Assign(targets=[ast.Name()], value=value):
                if id(snapshot) not in self.parts:
                    self.parts[id(snapshot)] = Parts(value, snapshot.globals | extras | snapshot.variables)
                return self.parts[id(snapshot)]
        raise NoPartError

    def run(self, statement: ast.stmt, snapshot: Snapshot, extras: dict[str, Any]) -> Any:
        """The value; None if that raises."""
        try:
            scope = snapshot.globals | extras | snapshot.variables
            for name in written_in(statement):
                if name in scope:
                    scope[name] = apart_from(scope[name])
            exec(self.code(statement), scope)
            value = data_of(eval(self.read, scope))
            return copied(value) if is_array(value) else value
        except Exception:  # a change that does not fit, and so is not the one
            return None

    def code(self, statement: ast.stmt) -> CodeType:
        """The code of a statement, kept for the one that is run again and again."""
        if id(statement) not in self.codes:
            self.codes[id(statement)] = compiled(statement)
            if statement is not self.statement:
                return self.codes.pop(id(statement))
        return self.codes[id(statement)]

    @property
    def read(self) -> CodeType:
        """The code that reads the value."""
        if 0 not in self.codes:
            self.codes[0] = compile(ast.Expression(placed(self.reader, PLACE)), "<repair>", "eval")  # type: ignore[arg-type]
        return self.codes[0]


def program_of(site: Site) -> Program | None:
    """What made the values at a site: its expression, or the statement that changed something in place."""
    if site.kind in ("change", "entry"):
        statement = node_at(site, site.statement, ast.stmt)
        target = target_of(statement)
        return Program(statement, loaded(target)) if target is not None else None
    expression = node_at(site, site.span, ast.expr)
    if expression is None:
        return None
    statement = node_at(site, site.statement, ast.stmt)
    match statement:
        case ast.Assign(targets=[ast.Name() as target], value=value) if value is expression:
            return Program(statement, loaded(target))
    return Program(ast.Assign([ast.Name(VALUE, ast.Store())], expression), ast.Name(VALUE, ast.Load()))


def target_of(statement: Any) -> ast.expr | None:
    """What a statement changes: the array, rather than the part of it."""
    match statement:
        case ast.AugAssign(target=ast.Subscript(value=owner, slice=key) as target):
            is_entry = isinstance(key, ast.Constant) and isinstance(key.value, str)
            return target if is_entry else owner
        case ast.AugAssign(target=target) | ast.Assign(targets=[ast.Subscript(value=target)]):
            return target
        case ast.Expr(value=ast.Call(args=[first, *_]) as call) if root_of(call.func) in ("np", "numpy"):
            return first
    return None


def written_in(statement: ast.stmt) -> set[str]:
    """The variables whose arrays a statement may write to."""
    match statement:
        case ast.Assign(targets=targets):
            return {root_of(t) for t in targets if not isinstance(t, ast.Name)}
        case ast.AugAssign(target=target):
            return {root_of(target)}
        case ast.Expr(value=ast.Call(args=[first, *_])):
            return {root_of(first)}
    return set()


def apart_from(value: Any) -> Any:
    """A value that may be written to: a copy of an array; of a container or object, with copied arrays."""
    if isinstance(value, np.ndarray):
        return value.copy()
    made = copy.copy(value)
    if isinstance(made, list):
        made[:] = [v.copy() if isinstance(v, np.ndarray) else v for v in made]
    elif isinstance(made, dict) or hasattr(made, "__dict__"):
        held = made if isinstance(made, dict) else vars(made)
        held.update({k: v.copy() for k, v in held.items() if isinstance(v, np.ndarray)})
    return made


# Changes are made by stages, as each makes more of them, and most mistakes are of the first
AT_HAND, MADE = KINDS.index("forgotten term"), KINDS.index("missing-factor")
STAGES = (KINDS[:AT_HAND], KINDS[AT_HAND:MADE], KINDS[MADE:])


def repairs(case: Case, extras: dict[str, Any]) -> Iterator[Guess | None]:
    """For each of `KINDS`, the first change that takes back such a mistake and makes a line right, or None.

    `extras` are quantities without a name of the user's, by expressions that stand for them.  As many changes
    are tried as the case has tries left.
    """
    program = program_of(case.site)
    snapshots = [r.snapshot for r in case.rounds]
    if program is None or any(s is None for s in snapshots):
        yield from [None] * len(KINDS)
        return
    arrays = filter(is_array, snapshots[0].variables.values())  # type: ignore[union-attr]
    tries = allowed(MOST // (1 + sum(map(np.size, arrays)) // LARGE), case.tries)
    for kinds in STAGES:
        if next(tries, None) is None:
            yield from [None] * len(kinds)
            continue
        # what is exchanged may have been exchanged where it was made: that is told by running
        wanted = tuple(kind for kind in kinds if kind != "exchanged")
        changes = by_kind(program.statement, snapshots[0], extras, case.site, wanted)  # type: ignore[arg-type]
        for kind in kinds:
            yield first_right(changes[kind] if kind in wanted else [], program, case, extras, tries)


def allowed(most: int, left: Iterator[int]) -> Iterator[int]:
    """Of the tries that are left, as many as one search may make; the clock is asked now and then."""
    deadline = time.thread_time() + limits.SECONDS / 4
    return itertools.takewhile(
        lambda i: i % limits.TRIES_PER_LOOK > 0 or time.thread_time() < deadline, itertools.islice(left, most)
    )


def first_right(
    changes: list[Edit],
    program: Program,
    case: Case,
    extras: dict[str, Any],
    tries: Iterator[int],
) -> Guess | None:
    """The first of some changes that makes the values right, before there are no tries left."""
    for edit in changes:
        if next(tries, None) is None:
            return None
        made = (program.changed(edit.old, edit.new, turn.snapshot, extras) for turn in case.rounds)  # type: ignore[arg-type]
        if case.are_right(made) and stay_right(edit.old, edit.new, program, case, extras):
            return Guess(CALLED.get(edit.kind, edit.kind), edit.text, edit.lineno, change=edit.kind)
    return None


def stay_right(old: ast.AST, new: ast.AST, program: Program, case: Case, extras: dict[str, Any]) -> bool:
    """Whether a change leaves the rounds as they are in which the line is right."""
    runs = ((program.changed(old, new, turn.snapshot, extras), turn) for turn in case.others if turn.snapshot)
    return all(value is not None and near(value, turn.value) for value, turn in runs)


def by_kind(
    statement: ast.stmt,
    snapshot: Snapshot,
    extras: dict[str, Any],
    site: Site,
    kinds: tuple[str, ...] = KINDS,
) -> dict[str, list[Edit]]:
    """The changes of a statement at a site."""
    found: dict[str, list[Edit]] = {kind: [] for kind in KINDS}
    tree = tree_of(site.filename, text_of(site.filename))
    constants = {k: v for k, v in snapshot.globals.items() if type(v) in (int, float, np.ndarray)}
    variables = {k: copied(v) if type(v) is Tensor else v for k, v in snapshot.variables.items()}
    scope = constants | variables | extras
    everything = snapshot.globals | variables
    functions = (
        {} if (OF_CALLS | BESIDE).isdisjoint(kinds) else functions_in(variables | everything, site.function)
    )
    evaluate = functools.partial(evaluated, everything)
    beside = () if BESIDE.isdisjoint(kinds) else nearby(function_around(tree, site.lineno), evaluate)
    made = edits(statement, scope, evaluate, functions, beside, kinds, literals_in(tree))
    for edit in itertools.islice(made, MOST_MADE):
        found[edit.kind].append(edit)
    return found


@functools.lru_cache(maxsize=16)
def literals_in(tree: ast.AST) -> tuple[float | str, ...]:
    """The broken numbers in a source, and the words: a slope in forward is one in backward too."""
    held = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)]
    numbers = dict.fromkeys(v for v in held if type(v) is float and abs(v) > TINY)
    words = dict.fromkeys(v for v in held if type(v) is str and v.isidentifier())
    return *itertools.islice(numbers, MOST_LITERALS), *itertools.islice(words, MOST_WORDS)


MOST_LITERALS, MOST_WORDS = 8, 12
TINY = 1e-6  # what is smaller is there against rounding, and is as good as 0


def functions_in(scope: dict[str, Any], own: str) -> Functions:
    """The functions of the user's in a scope that can be called in another one, called `own`, by position.

    What calls that itself is none: it trains, or compares with differences, and would do so for each change.
    Nor is what prints, draws or writes.
    """
    found: Functions = {}
    for name, value in scope.items():
        if isinstance(value, FunctionType) and is_users(value.__code__):
            if not names_called(value).isdisjoint({own.rpartition(".")[2], *OUTWARD}):
                continue
            parameters = parameters_of(value)
            required = [p for p in parameters if p.default is p.empty]
            switches = tuple(p.name for p in parameters if p.default is False)
            if all(p.kind is p.POSITIONAL_OR_KEYWORD for p in required) and not value.__name__.startswith(
                "test"
            ):
                found[name] = Signature(len(required), switches)
            if len(found) == MOST_FUNCTIONS:
                break
    return found


def names_called(function: FunctionType) -> set[str]:
    """The names of what a function may call, and of what these may."""
    found: set[str] = set()
    waiting = [(function.__code__, function.__globals__)]
    while waiting:
        code, scope = waiting.pop()
        for name in set(code.co_names) - found:
            found.add(name)
            if isinstance(other := scope.get(name), FunctionType) and is_users(other.__code__):
                waiting.append((other.__code__, other.__globals__))
        waiting += [(c, scope) for c in code.co_consts if isinstance(c, CodeType)]
    return found


OUTWARD = ("print", "open", "input", "exit", "write", "save", "savez", "savetxt", "savefig", "show", "plot")
OF_CALLS = frozenset(("wrong-variable", "call too many", "missing call", "inner call", "other call"))
MOST_FUNCTIONS = 12


def evaluated(scope: dict[str, Any], expression: ast.expr) -> Any:
    """The value of an expression; None if it raises."""
    try:
        return data_of(eval(code_of(expression), scope))
    except Exception:
        return None


def compiled(statement: ast.stmt) -> CodeType:
    """The code of a statement."""
    return compile(ast.Module([placed(statement, PLACE)], []), "<repair>", "exec")  # type: ignore[list-item]


def same_value(a: Any, b: Any) -> bool:
    """Whether two values are the same but for rounding."""
    return (
        a is not None and np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=1e-12, atol=0, equal_nan=True)
    )


# While the backward pass runs


def live_edits(
    site: Site, snapshot: Snapshot, kinds: tuple[str, ...] = KINDS, extras: dict[str, Any] | None = None
) -> dict[str, list[Edit]]:
    """Changes of the expression at a site, by their kinds; where only some are wanted, none that insert."""
    expression = node_at(site, site.span, ast.expr)
    if expression is None:
        return {}
    statement = ast.Assign([ast.Name(VALUE, ast.Store())], expression)
    changes = by_kind(statement, snapshot, extras or {}, site, kinds)
    outer = node_at(site, site.statement, ast.stmt)
    match outer:  # = for +=
        case ast.Assign(targets=[ast.Subscript() | ast.Name() | ast.Attribute() as target], value=value) if (
            value is expression
        ):
            text = "it replaces what was there, and should add to it"
            for op in (ast.Add(), ast.Sub()):
                both = ast.BinOp(loaded(target), op, expression)
                changes["overwritten"].append(Edit("overwritten", text, statement, expression, both))
            if isinstance(target, ast.Subscript):  # of a dictionary that may have no such entry yet
                get = ast.Attribute(loaded(target.value), "get", ast.Load())
                both = ast.BinOp(ast.Call(get, [target.slice, number(0)], []), ast.Add(), expression)
                changes["overwritten"].append(Edit("overwritten", text, statement, expression, both))
    return changes


def code_made(edit: Edit) -> CodeType | None:
    """The code of the expression that a change makes; None if it cannot be compiled."""
    new: Any = edit.made()
    if not isinstance(new, ast.Assign):
        return None
    try:
        return compile(ast.Expression(new.value), "<repair>", "eval")
    except (SyntaxError, ValueError, TypeError):
        return None


def evaluating(code: CodeType) -> Override:
    """An override that evaluates an expression in the frame, wherever the user's code comes by.

    What it calls of the user's is not observed: it might come by the same site, and evaluate it again.
    Where that returns several values, they are none for one variable: an array that a tuple is added to grows
    with each round of a loop.
    """

    def evaluate(n: int, value: Any, frame: FrameType) -> Any:
        outer, quiet = PROBE.run, Run()
        quiet.deadline = outer.deadline
        PROBE.run = quiet
        try:
            made = data_of(eval(code, frame.f_globals, frame.f_locals))
        finally:
            PROBE.run = outer
        if isinstance(made, tuple | list) and not isinstance(value, tuple | list):
            raise TypeError("several values can't stand for one")
        return made

    return evaluate


def loads_of(site: Site) -> set[str]:
    """The variables that the expression at a site reads."""
    node = node_at(site, site.span, ast.AST)
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} if node is not None else set()


def is_of_itself(site: Site) -> bool:
    """Whether a line puts what it makes of a variable under the name of that variable: `d = back(d)`."""
    return site.kind == "assign" and site.name in loads_of(site)
