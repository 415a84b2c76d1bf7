"""One run of the user's function on Tensors, and what its variables held on the way.

A run is repeated at other values, to see which equations hold there too.  The same events happen in the
same order then, or the function took another branch.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any

import numpy as np

from ...engine import Node, next_index, way_back
from ...errors import DerivationError, NoRuleError
from ...formulas.algebra.expressions import Ref
from ...graph.ancestors import ancestors, needs_gradient
from ...mode import EVERYTHING, Block, debug
from ...tensor import Tensor
from ...transforms.structure import name_of
from ...users import is_users
from .ending import Complete, ending_of, tree_of
from .given import KINDS, Lift, Shift, called_with, copied, dug, reached, roots, with_object
from .watch import Observe, watching

Turns = tuple[tuple[int, int], ...]


@dataclass(slots=True)
class Event:
    """A variable got a value.

    ref    the variable, or the place in it
    value  the value
    call   the number of the call in which it got it; -1 for inputs
    own    whether this was a call of f itself, or else of a helper
    line   the line that had run
    turns  for each loop of f around the line, the outermost first, its first line, and which round it was
    """

    ref: Ref
    value: Any
    call: int
    own: bool
    line: int
    turns: Turns = ()


@dataclass(slots=True)
class Run:
    """What one run leaves behind.

    root       the node of the loss
    leaves     the leaves, by their places among the inputs
    order      all nodes that need a gradient, the oldest first
    events     the values that variables got, in order
    scopes     the variables of each function at its end, with its globals, by its file and name
    counters   the name of each loop's counter, by the line at which the loop begins
    marks      the lines of f as they ran: the number of the node that was made next, and the rounds
    available  what a backward pass finds by name: inputs, and what variables held in the end
    gradients  the engine's gradients of the nodes
    """

    root: Node
    leaves: dict[Ref, Node]
    order: list[Node]
    events: list[Event]
    scopes: dict[tuple[str, str], dict[str, Any]]
    available: dict[Ref, Any]
    counters: dict[int, str]
    marks: list[tuple[int, Turns]] = field(default_factory=list)
    gradients: dict[Node, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Go back through the run for its gradients, which may not be finite: that is refused later."""
        with (
            warnings.catch_warnings(action="ignore"),
            np.errstate(all="ignore"),
        ):  # what is not finite is refused later
            back = way_back({self.root: np.ones(np.shape(self.root.data))})
            self.gradients = {node: g for node, g, _ in back if not node.op.several}

    def is_like(self, other: Run) -> bool:
        """Whether both runs did the same: the same variables got values, from the same operations."""
        return [e.ref for e in self.events] == [e.ref for e in other.events] and [
            (n.op, np.shape(n.data) if not n.op.several else 0) for n in self.order
        ] == [(n.op, np.shape(n.data) if not n.op.several else 0) for n in other.order]


def run(
    f: Callable[..., Any],
    inputs: dict[str, Any],
    wrt: set[Ref],
    shift: Shift | None = None,
    lift: Lift = "tensors",
) -> Run:
    """A run of f on its inputs, moved by `shift`.  `wrt` are the places of the arrays that become leaves.

    If f returns more than the loss, the run ends where the loss is complete.  Raises DerivationError if the
    loss is not one number that depends on the leaves.
    """
    try:
        return run_once(f, inputs, wrt, shift, lift)
    except NoRuleError:  # f may fill an array with what does not depend on the leaves
        with suppress(NoRuleError):
            return run_once(f, inputs, wrt, shift, "arrays")
        raise


def run_once(
    f: Callable[..., Any], inputs: dict[str, Any], wrt: set[Ref], shift: Shift | None, lift: Lift
) -> Run:
    """One run.  `lift` says what becomes of the floats among the inputs that are no leaves."""
    code = code_of(f)
    loops = loops_of(code)
    given = copied(with_object(f, inputs), wrt, shift, lift)
    leaves = {ref: v.node for ref, v in reached(given) if type(v) is Tensor and v.node and ref in wrt}
    notes = Notes([Event(ref, v, -1, True, 0) for ref, v in reached(given) if isinstance(v, KINDS)])
    watch = watching(observer(code, loops, notes), lambda other: other is code or is_users(other))
    with as_it_was(), Block(EVERYTHING), debug(), watch:
        try:
            loss = called_with(f, given)
        except Complete as complete:
            loss = complete.loss
    root = root_of(loss, name_of(f))
    order = ancestors([root], needs_gradient)
    available = still_there(notes, given, code, {*order, *leaves.values()})
    counters = {n.lineno: counter_of(n) for n in loops}
    return Run(root, leaves, order, notes.events, notes.scopes, available, counters, notes.marks)


@dataclass(slots=True)
class Notes:
    """What is noted while a function runs.

    events  what variables got, in order
    calls   the frames of the functions that were called, each with its number
    finals  the variables of each call as they were last, by its number
    scopes  the variables of each function as they were last, with its globals, by its file and name
    marks   the lines of f as they ran: see `Run`
    """

    events: list[Event]
    calls: dict[FrameType, int] = field(default_factory=dict)
    finals: dict[int, dict[str, Any]] = field(default_factory=dict)
    scopes: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    marks: list[tuple[int, Turns]] = field(default_factory=list)


def observer(code: CodeType | None, loops: list[ast.For | ast.While], notes: Notes) -> Observe:
    """What takes notes after each line; it raises Complete where the loss of the outermost f is complete."""
    ending = ending_of(code)
    last: dict[tuple[int, Ref], Any] = {}
    rounds: dict[FrameType, Rounds] = {}

    def observe(frame: FrameType, line: int) -> None:
        """Note which variables of a frame have other values since the line before."""
        call = notes.calls.setdefault(frame, len(notes.calls))
        here = dict(frame.f_locals)
        is_own = frame.f_code is code
        turns: Turns = ()
        if is_own:
            turns = rounds.setdefault(frame, Rounds(loops)).after(line)
            notes.marks.append((next_index(), turns))
        own = {name: dug(here, place) for name, place in roots(here).items()}
        notes.scopes[frame.f_code.co_filename, frame.f_code.co_name] = frame.f_globals | here | own
        notes.finals[call] = here
        for ref, value in reached(here):
            if isinstance(value, KINDS) and last.get((call, ref), last) is not value:
                last[call, ref] = value
                notes.events.append(Event(ref, value, call, is_own, line, turns))
        if is_own and ending is not None and frame.f_lineno in ending.lines and frame is outermost():
            raise Complete(eval(ending.loss, frame.f_globals, here))

    def outermost() -> FrameType:
        """The first call of f, which may call itself."""
        return next(frame for frame in notes.calls if frame.f_code is code)

    return observe


def still_there(
    notes: Notes, given: dict[str, Any], code: CodeType | None, inside: set[Node]
) -> dict[Ref, Any]:
    """What a backward pass finds by name: variables of f, its inputs, and variables of helpers."""
    own = [notes.finals[c] for frame, c in notes.calls.items() if frame.f_code is code]
    helpers = [notes.finals[c] for frame, c in notes.calls.items() if frame.f_code is not code]
    available: dict[Ref, Any] = {}
    for scope in (*helpers, given, *own):
        available |= {ref: value for ref, value in reached(scope) if is_part(value, inside)}
    return available


class Rounds:
    """The rounds of the loops around a line that runs."""

    def __init__(self, loops: list[ast.For | ast.While]) -> None:
        self.spans = sorted((n.lineno, n.end_lineno or n.lineno) for n in loops)
        self.count: dict[int, int] = {}

    def after(self, line: int) -> Turns:
        """The rounds after a line has run: the head of a loop begins the next."""
        for start, end in self.spans:
            if line == start:
                self.count[start] = self.count.get(start, -1) + 1
            elif not start <= line <= end:
                self.count.pop(start, None)
        return tuple((start, self.count[start]) for start, _ in self.spans if start in self.count)


def is_part(value: Any, inside: set[Node]) -> bool:
    """Whether a value takes part in computing the loss, and is no gradient that f derives by hand."""
    return type(value) is not Tensor or not value.requires_grad or value.node in inside


def loops_of(code: CodeType | None) -> list[ast.For | ast.While]:
    """The loops in the source of f."""
    tree = tree_of(code)
    return [n for n in ast.walk(tree) if isinstance(n, ast.For | ast.While)] if tree else []


def counter_of(loop: ast.For | ast.While) -> str:
    """The name of a loop's counter: t, unless f has a name of one letter for it."""
    match loop:
        case (
            ast.For(target=ast.Name(counter), iter=ast.Call(func=ast.Name("range")))
            | ast.For(target=ast.Tuple([ast.Name(counter), *_]), iter=ast.Call(func=ast.Name("enumerate")))
        ) if len(counter) == 1 and counter.islower():
            return counter
    return "t"


@contextmanager
def as_it_was() -> Iterator[None]:
    """A block after which NumPy draws the random numbers that it would have drawn without the block."""
    state = np.random.get_state()
    np.random.seed(0)
    try:
        yield
    finally:
        np.random.set_state(state)


def root_of(returned: Any, name: str) -> Node:
    """The node of the loss, which is the first value that a function returned.

    Raises DerivationError if that is not one number, or has no history.
    """
    loss = first_of(returned)
    what = f"{name} returned a {type(loss).__name__}" + ("" if loss is returned else " before all else")
    if type(loss) is not Tensor or loss.node is None or not loss.requires_grad:
        raise DerivationError(
            f"{what} that does not depend on the arrays that gradients are wanted of: return the loss, "
            "computed by NumPy's functions from float arrays among the inputs"
        )
    if loss.size != 1:
        what = f"{name} returned an array of shape {loss.shape}" + (
            "" if loss is returned else " before all else"
        )
        raise DerivationError(f"{what}: the loss is one number, its mean or sum")
    return loss.node


def first_of(returned: Any) -> Any:
    """The first of nested values: the loss, which comes before the gradients or a cache."""
    while isinstance(returned, tuple | list | dict) and returned:
        returned = next(iter(returned.values() if isinstance(returned, dict) else returned))
    return returned


def code_of(f: Callable[..., Any]) -> CodeType | None:
    """The code of a function or a method."""
    return getattr(getattr(f, "__func__", f), "__code__", None)


def identity(value: Any) -> Any:
    """What identifies a value: the node of a Tensor, or the id of an array; None for anything else."""
    if type(value) is Tensor:
        return value.node if value.requires_grad else id(value.data)
    return id(value) if isinstance(value, np.ndarray) else None
