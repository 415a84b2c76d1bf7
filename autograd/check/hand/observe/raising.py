"""What is said of an exception that the user's code raised, and of what it hides from the engine."""

from __future__ import annotations

import os
import traceback

from ....users import LIBRARIES
from .probes.probe import TimeUp


def is_raised_by_user(error: BaseException) -> bool:
    """Whether the user's code had a part in an exception."""
    return any(not f.filename.startswith(LIBRARIES) for f in traceback.extract_tb(error.__traceback__))


def told(error: BaseException, name: str, seconds: float, of_the_rest: str = "nothing is judged") -> str:
    """Where in the user's source an exception came from, and what it says; `name` is what ran.

    If it was stopped after these `seconds`, `of_the_rest` says what becomes of what it did until then.
    """
    frames = traceback.extract_tb(error.__traceback__)
    users = [f for f in frames if not f.filename.startswith(LIBRARIES)]
    at = f"line {users[-1].lineno}, {users[-1].line}: " if users else ""
    if isinstance(error, TimeUp):
        return f"{name} was still running after {seconds:g} s, at {at}{of_the_rest}"
    return f"{name} raised {type(error).__name__} at {at}{error}"


def severed_at(filename: str, line: int) -> str:
    """What is said of a line that makes a plain number of what the loss depends on."""
    return (
        f"line {line} of {os.path.basename(filename)} makes a plain number of a value that the loss depends "
        "on, so the engine can't follow it there and nothing can be judged: write it with NumPy's "
        "functions, np.exp(x) for a function that takes only plain numbers"
    )
