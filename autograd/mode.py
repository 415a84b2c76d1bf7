"""What is recorded, and what is noted about it, in this thread and from here on."""

from __future__ import annotations

import functools
import sys
from contextlib import ContextDecorator
from contextvars import ContextVar
from pathlib import Path
from threading import get_ident
from types import FrameType
from typing import Any

import numpy as np

# Nothing; what needs a gradient; or also what is piecewise constant (comparisons, masks), so that a
# recorded backward pass shows where all its numbers come from.
NOTHING, GRADIENTS, EVERYTHING = 0, 1, 2

# What is known of how a node came to be, for those who look at the graph: a linked list of notes, the
# innermost first.  A note is (what, value, older notes):
#     "scope"  the label of a `scope`; or the class of a module that is called, and a weak reference to it
#     "part"   which part of that module it is that it now calls in its turn: the number
#     "line"   the file, the line and the function of the user's that an operation was recorded in
#     "name"   what the user calls a tensor
Notes = tuple[str, Any, Any] | None


class Recording:
    """What is being recorded: one of the three levels, and the notes that each new node gets."""

    __slots__ = ("level", "notes", "thread")

    level: int
    notes: Notes
    thread: int  # the only one that may change it


class Debugging(Recording):
    """The same, but a node also gets a note of the user's line.

    Looking at `notes` finds the line, so those who record need not know of this mode, and nobody
    pays for it who does not use it.
    """

    __slots__ = ("older",)

    @property
    def notes(self) -> Notes:
        return "line", users_line(sys._getframe(1)), self.older

    @notes.setter
    def notes(self, notes: Notes) -> None:
        self.older = notes[2] if notes is not None and notes[0] == "line" else notes


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


def new_recording(kind: type[Recording], level: int, notes: Notes) -> Recording:
    new = kind()
    new.level, new.notes, new.thread = level, notes, get_ident()
    return new


ORDINARY = new_recording(Recording, GRADIENTS, None)
recording: ContextVar[Recording] = ContextVar("recording", default=ORDINARY)


class Block(ContextDecorator):
    """A `with` block, or decorated function, in which `recording` has another level, label or kind."""

    def __init__(
        self, level: int | None = None, label: str | None = None, kind: type[Recording] | None = None
    ) -> None:
        self.level, self.label, self.kind = level, label, kind
        self.tokens: Any = None  # a linked list, for one object may be entered again inside itself

    def _recreate_cm(self) -> Block:
        return Block(self.level, self.label, self.kind)

    def __enter__(self) -> None:
        now = recording.get()
        inner = (self.kind or type(now))()
        inner.level = now.level if self.level is None else self.level
        inner.notes = now.notes if self.label is None else ("scope", self.label, now.notes)
        inner.thread = get_ident()
        self.tokens = recording.set(inner), self.tokens

    def __exit__(self, *exception: Any) -> None:
        token, self.tokens = self.tokens
        recording.reset(token)


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
        now = new_recording(type(now), now.level, now.notes)
        recording.set(now)
    return now


def debug() -> Block:
    """A `with` block (or decorator) in which each operation also remembers the line of the source
    that it was written in, in this thread.

    Then `Graph` and `explore` show it.  Recording takes a few microseconds longer.

    >>> from autograd import Graph, Tensor, debug
    >>> x = Tensor(2.0, requires_grad=True)
    >>> with debug():
    ...     y = x * x
    >>> print(Graph.of(y).nodes[-1].source.text)
    y = x * x
    """
    return Block(kind=Debugging)
