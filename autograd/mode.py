"""What is recorded, in this thread and from here on."""

from __future__ import annotations

from contextlib import ContextDecorator
from contextvars import ContextVar
from typing import Any

# Nothing; what needs a gradient; or also what is piecewise constant (comparisons, masks), so that a
# recorded backward pass shows where all its numbers come from.
NOTHING, GRADIENTS, EVERYTHING = 0, 1, 2
recording: ContextVar[int] = ContextVar("recording", default=GRADIENTS)


class Mode(ContextDecorator):
    """A `with` block, or decorated function, in which `recording` is as given."""

    def __init__(self, mode: int) -> None:
        self.mode = mode
        self.tokens: Any = None  # a linked list, for one object may be entered again inside itself

    def _recreate_cm(self) -> Mode:
        return Mode(self.mode)

    def __enter__(self) -> None:
        self.tokens = recording.set(self.mode), self.tokens

    def __exit__(self, *exception: Any) -> None:
        token, self.tokens = self.tokens
        recording.reset(token)


def no_grad() -> Mode:
    """A `with` block (or decorator) in which nothing is recorded, in this thread.

    Inside, a leaf may be changed in place: `w -= 0.1 * w.grad`.

    >>> from autograd import Tensor, no_grad
    >>> w = Tensor([1.0, 2.0], requires_grad=True)
    >>> with no_grad():
    ...     print((w * 2).requires_grad)
    False
    """
    return Mode(NOTHING)


def enable_grad() -> Mode:
    """A `with` block (or decorator) in which gradients are recorded, even inside `no_grad()`."""
    return Mode(GRADIENTS)
