"""The recording mode: `no_grad`, `enable_grad`, `scope` and `debug`, and what they change.

`recording.get()` is the `Recording` of this thread.  It says whether operations become nodes, and what is
noted in each node.  A `with` block puts another Recording in its place.
"""

from __future__ import annotations

import functools
import inspect
import sys
from contextlib import ContextDecorator
from contextvars import ContextVar
from pathlib import Path
from threading import get_ident
from types import FrameType
from typing import Any

import numpy as np

from .anomalies import report_origin

# The levels.  GRADIENTS records the operations that need a gradient.  EVERYTHING also records operations
# on constants, such as comparisons and masks, so that a recorded backward pass shows where all its numbers
# come from.
NOTHING, GRADIENTS, EVERYTHING = 0, 1, 2

# Whether an operation is recorded: if none of its arguments needs a gradient, and if one does.
RECORDS = {NOTHING: (False, False), GRADIENTS: (False, True), EVERYTHING: (True, True)}

BACKWARD = "backward pass"  # the label of the scope in which a backward pass is recorded

# The notes in a node say how it was made, for pictures and listings of the graph.  They are a linked list
# with the innermost note first.  A note is (what, value, older notes), where `what` and `value` are
#     "scope"  the label of a `scope`; or the class of a module that is being called, and a weak reference
#              to the module
#     "part"   the number of the part that this module is calling
#     "line"   the file, the line and the function in the user's source where the operation was called
#     "name"   the name that the user gave to a tensor
Notes = tuple[str, Any, Any] | None


class Recording:
    """What is recorded inside the innermost `with` block.

    level          one of the three levels
    records        the level's row of RECORDS: `records[needed]` says whether an operation becomes a node
    notes          the notes for each new node
    transforming   the name of the function that a transformation such as `grad` is evaluating, or ""
    thread         the only thread that may change this object
    outer          the Recording outside the block
    block          the block that made this Recording
    generator      the frame of the generator in which the block was entered, if any
    interruptible  whether this block or a block around it was entered in a generator
    """

    __slots__ = (
        *("block", "generator", "interruptible", "level", "notes"),
        *("outer", "records", "thread", "transforming"),
    )

    level: int
    records: tuple[bool, bool]
    notes: Notes
    transforming: str
    thread: int
    block: Block | None
    generator: FrameType | None
    interruptible: bool
    outer: Recording | None


class Debugging(Recording):
    """A Recording that also notes the user's line in each node, and checks each node for NaN and infinity.

    The recorders read `notes` last, when the node is otherwise complete.  So this property can check the
    node; the recorders need not know about `debug()`, and cost nothing more without it.
    """

    __slots__ = ("older",)

    @property
    def notes(self) -> Notes:
        """The notes for the node that the caller has just made, with the user's line; it is checked first."""
        frame = sys._getframe(1)
        while frame.f_code.co_filename == __file__ and frame.f_back is not None:  # called by Interrupted
            frame = frame.f_back
        line = users_line(frame)
        if self.level != EVERYTHING:  # in a recorded backward pass, report_origin_back reports instead
            report_origin(frame.f_locals.get("node"), line)
        return "line", line, self.older

    @notes.setter
    def notes(self, notes: Notes) -> None:
        self.older = notes[2] if notes is not None and notes[0] == "line" else notes


class Interrupted(Recording):
    """A Recording that is `inner` while a generator runs, and `meanwhile` while it is suspended.

    A generator and its caller share one context.  So a generator that yields inside `with no_grad():`
    would otherwise switch recording off for its caller.  When it resumes, it is inside its own block
    again.  The frame of a generator has a caller, `f_back`, exactly while the generator runs.
    """

    __slots__ = ("frame", "inner", "meanwhile")

    frame: FrameType
    inner: Recording
    meanwhile: Recording

    @property
    def current(self) -> Recording:
        """The Recording that applies now, of the two."""
        return self.inner if self.frame.f_back is not None else self.meanwhile


def whichever(name: str) -> Any:
    """A property that reads and writes an attribute of the Recording that applies now."""
    return property(
        lambda self: getattr(self.current, name), lambda self, value: setattr(self.current, name, value)
    )


for name in ("level", "records", "notes", "transforming", "thread"):
    setattr(Interrupted, name, whichever(name))


LIBRARIES = tuple(
    f"{folder.as_posix()}/"
    for folder in (Path(__file__).parent, Path(__file__).parents[1] / "nn", Path(np.__file__).parent)
)


@functools.cache
def is_library(filename: str) -> bool:
    """Whether a source file belongs to this library or to NumPy."""
    return Path(filename).as_posix().startswith(LIBRARIES)


def users_line(frame: FrameType | None) -> tuple[str, int, str]:
    """The file, line and function of the innermost caller outside this library and NumPy."""
    while frame is not None and is_library(frame.f_code.co_filename):
        frame = frame.f_back
    return (frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name) if frame else ("", 0, "")


def new_recording(kind: type[Recording], level: int, notes: Notes, transforming: str = "") -> Recording:
    """A Recording outside all blocks."""
    new = kind()
    new.level, new.records, new.notes, new.transforming = level, RECORDS[level], notes, transforming
    new.thread, new.outer, new.block = get_ident(), None, None
    new.generator, new.interruptible = None, False
    return new


ORDINARY = new_recording(Recording, GRADIENTS, None)
recording: ContextVar[Recording] = ContextVar("recording", default=ORDINARY)


def interrupted_with(frame: FrameType, inner: Recording, meanwhile: Recording, of: Recording) -> Interrupted:
    """An Interrupted that switches between `inner` and `meanwhile`, in the same block as `of`."""
    new = Interrupted()
    new.frame, new.inner, new.meanwhile = frame, inner, meanwhile
    new.outer, new.block, new.generator = of.outer, of.block, of.generator
    new.interruptible = True
    return new


def suspended(now: Recording | None) -> list[Interrupted]:
    """The enclosing Recordings whose generators are suspended, with the outermost first."""
    found: list[Interrupted] = []
    while now is not None:
        own = now
        while isinstance(own, Interrupted) and own.frame is not own.generator:
            own = own.meanwhile
        if isinstance(own, Interrupted) and own.frame.f_back is None:
            found.insert(0, own)
        now = now.outer
    return found


class Block(ContextDecorator):
    """A `with` block, or decorator, that changes what is recorded inside it."""

    def __init__(
        self,
        level: int | None = None,
        label: str | None = None,
        debugging: bool = False,
        transforming: str = "",
    ) -> None:
        self.level, self.label, self.debugging, self.transforming = level, label, debugging, transforming

    def _recreate_cm(self) -> Block:
        return Block(self.level, self.label, self.debugging, self.transforming)

    def __call__(self, function: Any) -> Any:
        if any(is_piecewise(function) for is_piecewise in PIECEWISE):
            raise TypeError(
                f"{function.__name__} runs piece by piece, and a decorator would only hold while it is "
                "called: put the `with` block inside of it"
            )
        return super().__call__(function)

    def __enter__(self) -> None:
        frame = sys._getframe(1)
        generator = frame if frame.f_code.co_flags & GENERATOR and not is_lent(frame) else None
        recording.set(self.inside(recording.get(), generator))

    def inside(self, outer: Recording, generator: FrameType | None) -> Recording:
        """The Recording inside this block, if it is entered inside `outer`, by a generator or not."""
        plain = type(outer) is Recording and not self.debugging
        inner = Recording() if plain or not (self.debugging or is_debugging(outer)) else Debugging()
        inner.level = level = outer.level if self.level is None else self.level
        inner.records = RECORDS[level]
        inner.notes = outer.notes if self.label is None else ("scope", self.label, outer.notes)
        inner.transforming = self.transforming or outer.transforming
        inner.thread, inner.outer, inner.block = get_ident(), outer, self
        inner.generator = generator
        inner.interruptible = generator is not None or outer.interruptible
        if not inner.interruptible:
            return inner
        now: Recording = inner if generator is None else interrupted_with(generator, inner, outer, inner)
        for other in suspended(outer):
            now = interrupted_with(other.frame, other.inner, now, inner)
        return now

    def __exit__(self, *exception: Any) -> None:
        now = recording.get()
        recording.set(now.outer if now.block is self and now.outer else without(now, self))


def without(now: Recording, block: Block) -> Recording:
    """The Recording after leaving `block`, which need not be the innermost block.

    A block that was entered several times is left once: the last entry is the innermost.
    """
    if now.outer is None or now.block is None:  # the block was entered in another context
        return now
    if now.block is block:
        return now.outer
    return now.block.inside(without(now.outer, block), now.generator)


PIECEWISE = (inspect.isgeneratorfunction, inspect.iscoroutinefunction, inspect.isasyncgenfunction)
GENERATOR = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR
LENDERS = ("contextlib", "_pytest.fixtures")  # modules that run a generator as a `with` block


def is_lent(frame: FrameType) -> bool:
    """Whether a generator implements a `with` block, by `contextlib.contextmanager` for example.

    Its caller then wants the mode to last after the yield.
    """
    return frame.f_back is not None and frame.f_back.f_globals.get("__name__") in LENDERS


def is_debugging(now: Recording) -> bool:
    """Whether a Recording is inside `debug()`."""
    return type(now) is Debugging or (isinstance(now, Interrupted) and is_debugging(now.current))


def is_watched(node: Any) -> bool:
    """Whether to check a backward pass from `node`: it runs inside `debug()`, or the node was made there."""
    notes = node.notes
    if notes is not None and notes[0] == "name":
        notes = notes[2]
    if notes is not None and notes[0] == "line":
        return True
    now = recording.get()
    return type(now) is not Recording and is_debugging(now)


def no_grad() -> Block:
    """A `with` block (or decorator) in which nothing is recorded, in this thread.

    Inside, a leaf may be changed in place: `w -= 0.1 * w.grad`.

    >>> from autograd import Tensor, no_grad
    >>> w = Tensor([1.0, 2.0], requires_grad=True)
    >>> with no_grad():
    ...     print((w * 2).requires_grad)
    False
    """
    return Block(NOTHING)


def enable_grad() -> Block:
    """A `with` block (or decorator) in which gradients are recorded, even inside `no_grad()`.

    >>> from autograd import Tensor, enable_grad, no_grad
    >>> x = Tensor(2.0, requires_grad=True)
    >>> with no_grad():
    ...     with enable_grad():
    ...         y = x * x
    >>> y.requires_grad
    True
    """
    return Block(GRADIENTS)


def scope(label: str) -> Block:
    """A `with` block (or decorator) that groups its operations under a label, in this thread.

    `draw` puts them into one frame, and can fold them into one box.  Scopes nest.  Calling a module of
    `nn` opens a scope by itself.

    Raises TypeError for a label that is not a string.

    >>> from autograd import Graph, Tensor, scope
    >>> x = Tensor(2.0, requires_grad=True)
    >>> with scope("encoder"):
    ...     y = x * x
    >>> print(Graph.of(y).nodes[-1].scope.path)
    encoder
    """
    if not isinstance(label, str):
        raise TypeError(f"scope takes a label, a string, and not {label!r:.60}")
    return Block(label=label)


def own_recording() -> Recording:
    """The Recording of this thread, whose `notes` the caller may change, and must change back.

    A module does this when it is called, because it takes a third of the time of a `with` block.  A
    context copied from another thread holds that thread's Recording: this thread then gets its own copy.
    """
    now = recording.get()
    if now.thread != get_ident():
        now = new_recording(type(now), now.level, now.notes, now.transforming)
        recording.set(now)
    return now


def debug() -> Block:
    """A `with` block (or decorator) in which each operation is checked, in this thread.

    Each operation remembers its line in the user's source, which `Graph` and `explore` show.  A
    NonFiniteWarning names the first operation, forward or backward, that makes a NaN or an infinity from
    finite numbers, with its line and the numbers.  A backward pass through the operations computes each of
    them again, and raises GradientError if an array has changed since the operation used it.  Recording
    takes some microseconds longer.

    >>> from autograd import Graph, Tensor, debug
    >>> x = Tensor(2.0, requires_grad=True)
    >>> with debug():
    ...     y = x * x
    >>> print(Graph.of(y).nodes[-1].source.text)
    y = x * x
    """
    return Block(debugging=True)
