"""What is recorded, and what is noted about it, in this thread and from here on."""

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

# Nothing; what needs a gradient; or also what is piecewise constant (comparisons, masks), so that a
# recorded backward pass shows where all its numbers come from.
NOTHING, GRADIENTS, EVERYTHING = 0, 1, 2

# Whether an operation is recorded: if no argument of it needs a gradient, and if one does.
RECORDS = {NOTHING: (False, False), GRADIENTS: (False, True), EVERYTHING: (True, True)}

# What is known of how a node came to be, for those who look at the graph: a linked list of notes, the
# innermost first.  A note is (what, value, older notes):
#     "scope"  the label of a `scope`; or the class of a module that is called, and a weak reference to it
#     "part"   which part of that module it is that it now calls in its turn: the number
#     "line"   the file, the line and the function of the user's that an operation was recorded in
#     "name"   what the user calls a tensor
Notes = tuple[str, Any, Any] | None


class Recording:
    """What is being recorded, from the innermost `with` block on.

    level         one of the three above
    records       its row of RECORDS: `records[needed]` says whether an operation becomes a node
    notes         what each new node is told
    transforming  the name of the function that a transformation such as `grad` is evaluating, if any
    thread        the only thread that may change it
    block         what the user entered, which made this one of the Recording `outer`
    entry         the one time that the block was entered
    generator     the frame of the generator that it was entered in, if any
    interruptible  whether this block or one around it was entered in a generator
    """

    __slots__ = (
        *("block", "entry", "generator", "interruptible", "level", "notes"),
        *("outer", "records", "thread", "transforming"),
    )

    level: int
    records: tuple[bool, bool]
    notes: Notes
    transforming: str
    thread: int
    block: Block
    entry: Any
    generator: FrameType | None
    interruptible: bool
    outer: Recording | None


class Debugging(Recording):
    """The same, but a node also gets a note of the user's line, and is looked at for a NaN or infinity.

    A node asks for its `notes` when all else is known of it, so those who record need not know of this
    mode, and nobody pays for it who does not use it.
    """

    __slots__ = ("older",)

    @property
    def notes(self) -> Notes:
        frame = sys._getframe(1)
        while frame.f_code.co_filename == __file__ and frame.f_back is not None:  # Interrupted asks for it
            frame = frame.f_back
        line = users_line(frame)
        if self.level != EVERYTHING:  # else it is of a backward pass, which has its own words for it
            report_origin(frame.f_locals.get("node"), line)
        return "line", line, self.older

    @notes.setter
    def notes(self, notes: Notes) -> None:
        self.older = notes[2] if notes is not None and notes[0] == "line" else notes


class Interrupted(Recording):
    """A Recording that holds only while a generator runs; meanwhile another does.

    A generator that yields inside of `with no_grad():` would switch recording off for its caller, since
    both run in one context.  So it is for its block, and for what is entered while it is suspended: when
    it goes on it is inside of its own block again.  A frame has a caller exactly while it runs.
    """

    __slots__ = ("frame", "inner", "meanwhile")

    frame: FrameType
    inner: Recording
    meanwhile: Recording

    @property
    def current(self) -> Recording:
        """The one of the two that holds now."""
        return self.inner if self.frame.f_back is not None else self.meanwhile


def whichever(name: str) -> Any:
    """The attribute of the Recording that holds now."""
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
    """Whether a source file is one of ours, or of NumPy's."""
    return Path(filename).as_posix().startswith(LIBRARIES)


def users_line(frame: FrameType | None) -> tuple[str, int, str]:
    """The file, line and function of the innermost caller that is neither ours nor NumPy's."""
    while frame is not None and is_library(frame.f_code.co_filename):
        frame = frame.f_back
    return (frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name) if frame else ("", 0, "")


def new_recording(kind: type[Recording], level: int, notes: Notes, transforming: str = "") -> Recording:
    """A Recording that no block has made."""
    new = kind()
    new.level, new.records, new.notes, new.transforming = level, RECORDS[level], notes, transforming
    new.thread, new.outer, new.entry = get_ident(), None, None
    new.generator, new.interruptible = None, False
    return new


ORDINARY = new_recording(Recording, GRADIENTS, None)
recording: ContextVar[Recording] = ContextVar("recording", default=ORDINARY)


def interrupted_with(frame: FrameType, inner: Recording, meanwhile: Recording, of: Recording) -> Interrupted:
    """What holds as `inner` does while a generator runs, and as `meanwhile` else, in the block of `of`."""
    new = Interrupted()
    new.frame, new.inner, new.meanwhile = frame, inner, meanwhile
    new.outer, new.block, new.entry, new.generator = of.outer, of.block, of.entry, of.generator
    new.interruptible = True
    return new


def suspended(now: Recording | None) -> list[Interrupted]:
    """The blocks around here whose generators do not run, the outermost first."""
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
    """A `with` block, or decorated function, in which `recording` has another level, label or kind."""

    def __init__(
        self,
        level: int | None = None,
        label: str | None = None,
        debugging: bool = False,
        transforming: str = "",
    ) -> None:
        self.level, self.label, self.debugging, self.transforming = level, label, debugging, transforming
        self.entered: Any = None  # a linked list, for one object may be entered again inside itself

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
        entry = object()
        self.entered = entry, self.entered
        frame = sys._getframe(1)
        generator = frame if frame.f_code.co_flags & GENERATOR and not is_lent(frame) else None
        recording.set(self.inside(recording.get(), entry, generator))

    def inside(self, outer: Recording, entry: Any, generator: FrameType | None) -> Recording:
        """What is recorded in this block, entered where `outer` is, maybe in a generator."""
        plain = type(outer) is Recording and not self.debugging
        inner = Recording() if plain or not (self.debugging or is_debugging(outer)) else Debugging()
        inner.level = level = outer.level if self.level is None else self.level
        inner.records = RECORDS[level]
        inner.notes = outer.notes if self.label is None else ("scope", self.label, outer.notes)
        inner.transforming = self.transforming or outer.transforming
        inner.thread, inner.outer, inner.block, inner.entry = get_ident(), outer, self, entry
        inner.generator = generator
        inner.interruptible = generator is not None or outer.interruptible
        if not inner.interruptible:
            return inner
        now: Recording = inner if generator is None else interrupted_with(generator, inner, outer, inner)
        for other in suspended(outer):
            now = interrupted_with(other.frame, other.inner, now, inner)
        return now

    def __exit__(self, *exception: Any) -> None:
        entry, self.entered = self.entered
        now = recording.get()
        recording.set(now.outer if now.entry is entry else without(now, entry))  # type: ignore[arg-type]


def without(now: Recording, entry: Any) -> Recording:
    """What is recorded when the block of `entry` is left: usually the innermost one, but it need not be."""
    if now.entry is entry:
        return now.outer  # type: ignore[return-value]
    if now.outer is None:  # the block was entered in another context
        return now
    return now.block.inside(without(now.outer, entry), now.entry, now.generator)


PIECEWISE = (inspect.isgeneratorfunction, inspect.iscoroutinefunction, inspect.isasyncgenfunction)
GENERATOR = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR
LENDERS = ("contextlib", "_pytest.fixtures")  # they run a generator up to its yield as a block of their own


def is_lent(frame: FrameType) -> bool:
    """Whether a generator is one half of a `with` block, as `contextlib.contextmanager` has it."""
    return frame.f_back is not None and frame.f_back.f_globals.get("__name__") in LENDERS


def is_debugging(now: Recording) -> bool:
    """Whether operations are told their lines: inside of `debug()`."""
    return type(now) is Debugging or (isinstance(now, Interrupted) and is_debugging(now.current))


def is_watched(node: Any) -> bool:
    """Whether a way back from a node is looked at: inside of `debug()`, or if the node was made there."""
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
    """A `with` block (or decorator) whose operations belong together, under this label, in this thread.

    `draw` puts them into one frame, and folds them into one box.  Scopes nest; calling a module of
    `nn` opens one by itself.

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
    """What this thread records, to change its `notes` and to change them back.

    It is what a module does when it is called: a third of the time of a `with` block, since another
    thread's recording, which a copied context may bring along, is replaced by a copy of our own first.
    """
    now = recording.get()
    if now.thread != get_ident():
        now = new_recording(type(now), now.level, now.notes, now.transforming)
        recording.set(now)
    return now


def debug() -> Block:
    """A `with` block (or decorator) in which each operation is watched more closely, in this thread.

    It remembers the line of the source that it was written in, which `Graph` and `explore` show.  The
    first operation, forward or backward, that makes a NaN or an infinity of finite numbers is named in a
    NonFiniteWarning, with its line and the numbers.  And the way back from what was made here computes
    every operation again, and raises GradientError if an array that it used is not what it was.  Recording
    takes microseconds longer.

    >>> from autograd import Graph, Tensor, debug
    >>> x = Tensor(2.0, requires_grad=True)
    >>> with debug():
    ...     y = x * x
    >>> print(Graph.of(y).nodes[-1].source.text)
    y = x * x
    """
    return Block(debugging=True)
