"""One run of the user's function on Tensors, and which variables held what on the way.

A run is repeated at other values, to see which equations hold there too.  The same events happen in the
same order then, or the function took another branch.
"""

from __future__ import annotations

import ast
import copy
import inspect
import textwrap
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any

import numpy as np

from ...engine import Node, way_back
from ...errors import DerivationError
from ...graph.ancestors import ancestors, needs_gradient
from ...mode import EVERYTHING, Block, debug
from ...tensor import Tensor
from ...transforms.structure import flat, name_of, rebuilt
from ...users import is_users, variables
from ..algebra.expressions import Ref
from .watch import watching

Shift = Callable[[Any], Any]


@dataclass(slots=True)
class Event:
    """A variable got a value: at a place of a call of some function, the user's own or a helper."""

    ref: Ref
    value: Any
    call: int
    own: bool
    line: int


@dataclass(slots=True)
class Run:
    """What one run leaves behind.

    root       the node of the loss
    leaves     the leaves by their places among the inputs
    order      all nodes that need a gradient, the oldest first
    events     what variables got, in order
    scopes     the variables of each function at last: its own, then those of helpers, by file and name
    loops      the first and last lines of the loops of f; `counters` the variable of each
    function   the name of f in its source
    available  what a backward pass finds by name: inputs, and what variables held at last
    """

    root: Node
    leaves: dict[Ref, Node]
    order: list[Node]
    events: list[Event]
    scopes: dict[tuple[str, str], dict[str, Any]]
    available: dict[Ref, Any]
    loops: list[tuple[int, int]]
    counters: dict[int, str]
    function: str = ""
    gradients: dict[Node, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        with (
            warnings.catch_warnings(action="ignore"),
            np.errstate(all="ignore"),
        ):  # later refused
            back = way_back({self.root: np.ones(np.shape(self.root.data))})
            self.gradients = {node: g for node, g, _ in back if not node.op.several}

    def is_like(self, other: Run) -> bool:
        """Whether both did the same."""
        return [e.ref for e in self.events] == [e.ref for e in other.events] and [
            (n.op, np.shape(n.data) if not n.op.several else 0) for n in self.order
        ] == [(n.op, np.shape(n.data) if not n.op.several else 0) for n in other.order]


def run(f: Callable[..., Any], inputs: dict[str, Any], wrt: set[Ref], shift: Shift | None = None) -> Run:
    """Run f on its inputs, moved by `shift`, and watch it.  `wrt` are the places of what becomes a leaf.

    Raises DerivationError if it does not return one number that depends on them.
    """
    events: list[Event] = []
    calls: dict[FrameType, int] = {}
    last: dict[tuple[int, Ref], Any] = {}
    scopes: dict[tuple[str, str], dict[str, Any]] = {}
    finals: dict[int, dict[str, Any]] = {}
    code = code_of(f)

    def observe(frame: FrameType, line: int) -> None:
        call = calls.setdefault(frame, len(calls))
        here = dict(frame.f_locals)
        scopes[frame.f_code.co_filename, frame.f_code.co_name] = frame.f_globals | here
        finals[call] = here
        for ref, value in reached(here):
            if isinstance(value, KINDS) and last.get((call, ref), last) is not value:
                last[call, ref] = value
                events.append(Event(ref, value, call, frame.f_code is code, line))

    def wanted(other: CodeType) -> bool:
        return other is code or is_users(other)

    given = copied(inputs, wrt, shift)
    leaves = {ref: v.node for ref, v in reached(given) if type(v) is Tensor and v.node and ref in wrt}
    for ref, value in reached(given):
        if isinstance(value, KINDS):
            events.append(Event(ref, value, -1, True, 0))
    with as_it_was(), Block(EVERYTHING), debug(), watching(observe, wanted):
        loss = f(**given)
    root = root_of(loss, name_of(f))
    own = [finals[c] for frame, c in calls.items() if frame.f_code is code]
    helpers = [finals[c] for frame, c in calls.items() if frame.f_code is not code]
    available: dict[Ref, Any] = {}
    for scope in (*helpers, given, *own):
        available |= dict(reached(scope))
    loops = loops_of(code)
    spans = [(n.lineno, n.end_lineno or n.lineno) for n in loops]
    counters = {n.lineno: counter_of(n) for n in loops}
    return Run(
        root,
        leaves,
        ancestors([root], needs_gradient),
        events,
        scopes,
        available,
        spans,
        counters,
        code.co_name if code else "",
    )


def loops_of(code: CodeType | None) -> list[ast.For | ast.While]:
    """The loops in the source of f."""
    try:
        lines, first = inspect.getsourcelines(code)  # type: ignore[arg-type]
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, SyntaxError, TypeError):
        return []
    ast.increment_lineno(tree, first - 1)
    return [n for n in ast.walk(tree) if isinstance(n, ast.For | ast.While)]


def counter_of(loop: ast.For | ast.While) -> str:
    """What the counter of a loop is called."""
    if isinstance(loop, ast.For) and isinstance(loop.target, ast.Name) and len(loop.target.id) == 1:
        return loop.target.id
    first = loop.target.elts[0] if isinstance(loop, ast.For) and isinstance(loop.target, ast.Tuple) else None
    return first.id if isinstance(first, ast.Name) and len(first.id) == 1 and first.id.islower() else "t"


def reached(scope: dict[str, Any]) -> Iterator[tuple[Ref, Any]]:
    """The variables of a scope, and what is in them: `Ws[0]` as ("Ws", 0), `net.weight` as "net_weight"."""
    for ref, value in variables(scope):
        held, plain = scope.get(ref[0]), True
        for key in ref[1:]:
            if not isinstance(held, dict | list | tuple):
                plain = False
                break
            held = held[key]
        yield (ref if plain else ("_".join(map(str, ref)),)), value


KINDS = (Tensor, np.ndarray, np.generic, int, float)


def copied(inputs: dict[str, Any], wrt: set[Ref], shift: Shift | None) -> dict[str, Any]:
    """The inputs, moved, with Tensors in the place of what gradients are taken with respect to."""
    move = shift or (lambda a: a)

    def one(path: Ref, value: Any) -> Any:
        if type(value) is Tensor or isinstance(value, np.ndarray):
            data = move(np.array(value.data if type(value) is Tensor else value))
            return Tensor(data.astype(float), requires_grad=path in wrt) if data.dtype.kind == "f" else data
        if isinstance(value, np.generic) and path in wrt:
            return Tensor(move(np.array(value, float)), requires_grad=True)
        return copy.deepcopy(value)

    given = rebuilt(inputs, {path: one(path, value) for path, value in flat(inputs).items()})
    for ref, value in reached(given):
        if type(value) is Tensor and ref not in flat(inputs):  # it is in an object, and a copy already
            value.data[...] = move(value.data)
    return given  # type: ignore[no-any-return]


@contextmanager
def as_it_was() -> Iterator[None]:
    """A block after which NumPy draws the random numbers that it would have drawn without it."""
    state = np.random.get_state()
    np.random.seed(0)
    try:
        yield
    finally:
        np.random.set_state(state)


def root_of(loss: Any, name: str) -> Node:
    """The node of what a function returned.  Raises DerivationError for no number, or one without history."""
    if type(loss) is not Tensor or loss.node is None or not loss.requires_grad:
        raise DerivationError(
            f"{name} returned a {type(loss).__name__} that does not depend on the arrays that gradients are "
            "wanted of: return the loss, computed by NumPy's functions from float arrays among the inputs"
        )
    if loss.size != 1:
        raise DerivationError(
            f"{name} returned an array of shape {loss.shape}: the loss is one number, its mean or sum"
        )
    return loss.node


def code_of(f: Callable[..., Any]) -> CodeType | None:
    """The code of a function or a method."""
    return getattr(getattr(f, "__func__", f), "__code__", None)


def identity(value: Any) -> Any:
    """What a value is known by: a Tensor by its node, an array by itself."""
    if type(value) is Tensor:
        return value.node if value.requires_grad else id(value.data)
    return id(value) if isinstance(value, np.ndarray) else None


def moved(rng: np.random.Generator, whole: bool) -> Shift:
    """What moves an array to other values of its kind: signs stay, and zeros become anything.

    Whole numbers and masks are drawn anew from those that there are, or moved too, where f allows it.
    """

    def shift(a: Any) -> Any:
        if a.dtype.kind == "f":
            return a * np.exp(rng.normal(0, 0.3, a.shape)) + (a == 0) * rng.normal(0, 0.5, a.shape)
        if whole and a.dtype.kind in "iu":
            return a + rng.normal(0, 0.3, a.shape)
        return rng.permutation(a.ravel()).reshape(a.shape)

    return shift
