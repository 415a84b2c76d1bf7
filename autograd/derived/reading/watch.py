"""Watching a function of the user's while it runs, line by line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

Observe = Callable[[FrameType, int], None]


@contextmanager
def watching(
    observe: Observe, wanted: Callable[[CodeType], bool], inside: FrameType | None = None
) -> Iterator[None]:
    """A block in which `observe(frame, line)` is called after each line of wanted code.

    `inside` is a frame that is running already, to be watched from here on.  Whatever else traces this
    thread, a debugger say, is put back at the end.
    """

    def entered(frame: FrameType, event: str, argument: Any) -> Any:
        """What traces a call: nothing, unless its code is wanted."""
        return follow(frame) if wanted(frame.f_code) else None

    def follow(frame: FrameType) -> Any:
        """What traces a frame from the line at which it is now."""
        line = frame.f_lineno

        def step(frame: FrameType, event: str, argument: Any) -> Any:
            """Tell of the line before, now that it has run."""
            nonlocal line
            if event in ("line", "return"):
                observe(frame, line)
                line = frame.f_lineno
            return step

        return step

    before = sys.gettrace()
    if inside is not None:
        outer, inside.f_trace = inside.f_trace, follow(inside)
    sys.settrace(entered)
    try:
        yield
    finally:
        sys.settrace(before)
        if inside is not None:
            inside.f_trace = outer
