"""The backward pass of the user's, run on arrays: what was assigned to which gradient, where and when."""

from __future__ import annotations

import ast
import inspect
import linecache
import textwrap
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any

import numpy as np

from ...tensor import Tensor
from .watch import Place, variables

MOST_STEPS = 20_000  # steps of a loop that are kept to be run again; beyond them no repair is tried


@dataclass(slots=True)
class Step:
    """One line of the backward pass as it was executed, with what its variables held before."""

    lineno: int
    scope: dict[str, Any]


@dataclass(slots=True, eq=False)
class Event:
    """One change of a gradient: what it held after a line."""

    value: Any
    lineno: int
    time: int  # the number of steps until then
    owner: Any  # the array itself: one that is added to in place stays the same
    raised: bool = False  # the line raised, and so there is no value


@dataclass(slots=True)
class Hand:
    """What one run of a backward pass did.

    events   of each gradient, by its place, what it held, the oldest first
    steps    the lines in the order in which they ran
    given    what was there before the first line, by its place
    lent     the arrays of gradients that another line writes to as those of other gradients
    """

    prefix: str
    names: dict[str, str]
    code: CodeType | None = None
    events: dict[Place, list[Event]] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    time: int = 0
    before: dict[str, Any] = field(default_factory=dict)
    globals: dict[str, Any] = field(default_factory=dict)
    statements: dict[int, ast.stmt] | None = None
    loops: list[tuple[int, int]] = field(default_factory=list)
    given: dict[Place, Any] = field(default_factory=dict)
    lent: dict[Place, Any] = field(default_factory=dict)

    def enter(self, scope: dict[str, Any]) -> None:
        """Note what is there before the first line."""
        self.given = dict(variables(scope))

    def wanted(self) -> set[str]:
        """The variables whose gradients the source of the backward pass names."""
        words = mentioned(self.code) if self.code else set()
        targets = (self.target((word,)) for word in words)
        return {str(target[0]) for target in targets if target}

    def observe(self, frame: FrameType, line: int) -> None:
        """Note what a line has changed."""
        self.time += 1
        self.globals = frame.f_globals
        if len(self.steps) < MOST_STEPS:
            self.steps.append(Step(line, self.before))
        scope = {k: v.data if type(v) is Tensor else v for k, v in frame.f_locals.items()}
        for place, value in list(variables(scope)):
            if self.target(place) and is_array(value):
                copy = self.note(place, value, line, frame.f_locals)
                if len(place) == 1 and place[0] in scope:
                    scope[place[0]] = copy
        self.before = scope

    def note(self, place: Place, value: Any, line: int, scope: dict[str, Any]) -> Any:
        """A copy of what a gradient holds now: the last one, if that is the same still."""
        data = value.data if type(value) is Tensor else value
        events = self.events.setdefault(place, [])
        if events and same(events[-1].value, data):
            events[-1].owner = data
            return events[-1].value
        if events and events[-1].owner is data and self.is_anothers(place, line, scope):
            self.lent[place] = data
            return np.array(data)[()]
        event = Event(np.array(data)[()], line, self.time, data)
        if events and events[-1].owner is data and events[-1].lineno == line:
            events[-1] = event  # one sum that a loop adds to
        else:
            events.append(event)
        return event.value

    def is_anothers(self, place: Place, lineno: int, scope: dict[str, Any]) -> bool:
        """Whether a line changed an array as that of another gradient: `dz = da`, then `dz[z < 0] = 0`."""
        statement = self.statement(lineno)
        if len(place) > 1 or statement is None or place[0] in assigned(statement):
            self.lent.pop(place, None)
            return False
        array = scope[place[0]]
        others = (k for k, v in scope.items() if v is array and k != place[0] and self.target((k,)))
        return self.lent.get(place) is array or any(others)

    def source(self, lineno: int) -> str:
        """A line of the source, as it stands in its file."""
        return linecache.getline(self.code.co_filename, lineno).strip() if self.code else ""

    def statement(self, lineno: int) -> ast.stmt | None:
        """The simple statement at a line; None for what has others in it, and if there is no source."""
        if self.statements is None:
            self.statements, self.loops = structure_of(self.code) if self.code else ({}, [])
        return self.statements.get(lineno)

    def was_there(self, place: Place) -> bool:
        """Whether a place holds what was there before the first line: `layer.dropout`, `diff` of forward."""
        return place in self.given and len(self.events[place]) == 1

    def is_unfinished(self, place: Place) -> bool:
        """Whether the line that raised, or one below it, would have changed a gradient."""
        last = self.steps[-1].lineno
        self.statement(last)
        first = min([last, *(start for start, end in self.loops if start <= last <= end)])
        wanted = {str(place[0]), str(place[-1])}
        later = [s for n, s in (self.statements or {}).items() if n >= last or (n >= first and adds(s))]
        return any(wanted <= assigned(statement) for statement in later)

    def settle(self) -> None:
        """Let a gradient be made by the last line that wrote to it, even if that changed nothing."""
        for place, events in self.events.items():
            wanted = {str(place[0]), str(place[-1])}
            for time in range(len(self.steps), events[-1].time, -1):
                statement = self.statement(self.steps[time - 1].lineno)
                if statement is not None and wanted <= assigned(statement):
                    events[-1].time, events[-1].lineno = time, statement.lineno
                    break

    def reads_itself(self, event: Event) -> bool:
        """Whether the line of a change reads the variable that it changes: `dh = dh * mask`, `dW += ...`."""
        statement = self.statement(event.lineno)
        if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
            return True
        name = statement.targets[0].id
        return any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(statement.value))

    def scope_of(self, event: Event) -> dict[str, Any]:
        """What the variables held before a gradient was changed."""
        return self.steps[event.time - 1].scope if event.time <= len(self.steps) else {}

    def target(self, place: Place) -> Place | None:
        """The variable whose gradient is kept at `place`: that of `("dW1",)` is `("W1",)`."""
        for i in range(len(place) - 1, -1, -1):
            name = place[i]
            if isinstance(name, str):
                wanted = self.names.get(name)
                if wanted is None and name.startswith(self.prefix) and len(name) > len(self.prefix):
                    wanted = name[len(self.prefix) :]
                return (*place[:i], wanted, *place[i + 1 :]) if wanted else None
        return None


def mentioned(code: CodeType) -> set[str]:
    """The names and the words that a piece of code is about, and the functions in it."""
    inner = [mentioned(c) for c in code.co_consts if isinstance(c, CodeType)]
    words = {c for c in code.co_consts if isinstance(c, str)}
    return {*code.co_names, *code.co_varnames, *code.co_cellvars, *words}.union(*inner) - parameters(code)


def parameters(code: CodeType) -> set[str]:
    """What a function is given, which it does not derive."""
    return set(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])


def structure_of(code: CodeType) -> tuple[dict[int, ast.stmt], list[tuple[int, int]]]:
    """The simple statements of a piece of code by the numbers of their lines, and the spans of its loops."""
    try:
        if code.co_name.startswith("<"):  # a module, or the cell of a notebook
            lines, first = linecache.getlines(code.co_filename), 1
        else:
            lines, first = inspect.getsourcelines(code)
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, SyntaxError):  # no source, or one with a notebook's magic in it
        return {}, []
    ast.increment_lineno(tree, max(first, 1) - 1)
    simple = [n for n in ast.walk(tree) if isinstance(n, ast.stmt) and not hasattr(n, "body")]
    loops = [
        (n.lineno, n.end_lineno or n.lineno) for n in ast.walk(tree) if isinstance(n, ast.For | ast.While)
    ]
    return {i: n for n in simple for i in range(n.lineno, (n.end_lineno or n.lineno) + 1)}, loops


def adds(statement: ast.stmt) -> bool:
    """Whether a statement changes what a variable holds, rather than binding it anew."""
    return not (isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name))


def assigned(statement: ast.stmt) -> set[str]:
    """The names and the keys that a statement assigns to."""
    places = getattr(statement, "targets", [getattr(statement, "target", None)])
    nodes = [n for place in places if place is not None for n in ast.walk(place)]
    keys = {str(n.value) for n in nodes if isinstance(n, ast.Constant)}
    return keys | {n.id for n in nodes if isinstance(n, ast.Name)}


def is_array(value: Any) -> bool:
    """Whether a value may be a gradient: a real number, or an array of them."""
    if isinstance(value, np.ndarray | np.generic | Tensor):
        return value.dtype.kind in "fiub"
    return type(value) in (int, float)


def same(a: Any, b: Any) -> bool:
    """Whether two arrays hold the same, NaN included."""
    return np.shape(a) == np.shape(b) and bool(np.array_equal(a, b, equal_nan=True))
