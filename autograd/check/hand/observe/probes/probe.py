"""The probes in the user's source: they do nothing by themselves; each run says what they are to do."""

from __future__ import annotations

import operator
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, Self

import numpy as np

from .....tensor import Tensor


class TimeUp(BaseException):
    """The user's code has run for too long.  It is no Exception, so the user's handlers let it pass."""


class Finished(BaseException):
    """All that is to be judged has run: the first round of a loop that trains."""


# By the names of the operators in a syntax tree: the one that changes in place, and the one that does not
OPERATORS: dict[str, tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]] = {
    "Add": (operator.iadd, operator.add),
    "Sub": (operator.isub, operator.sub),
    "Mult": (operator.imul, operator.mul),
    "Div": (operator.itruediv, operator.truediv),
    "Pow": (operator.ipow, operator.pow),
    "MatMult": (operator.imatmul, operator.matmul),
    "FloorDiv": (operator.ifloordiv, operator.floordiv),
    "Mod": (operator.imod, operator.mod),
    "BitAnd": (operator.iand, operator.and_),
    "BitOr": (operator.ior, operator.or_),
    "BitXor": (operator.ixor, operator.xor),
    "LShift": (operator.ilshift, operator.lshift),
    "RShift": (operator.irshift, operator.rshift),
}


TINY = 1e-6  # at most: what is added against 0, as in np.log(p + 1e-8), and not for its own sake
NOTHING = 1e-30  # in its place: 0 / 0 stays 0, and what is no 0 does not mind


class Run:
    """What is done at the probes.  Here nothing is: every value stays what it is.

    deadline  the time at which the run has taken too long
    rounds    how many rounds of all loops have begun
    turns     how many rounds of each loop have begun, by its place in the source
    until     the loop, and the number of its round, before which the run ends
    severed   the lines, with their files, where a plain number was made of a Tensor
    guards    the tiny numbers that were added to something; `drops_guards`, whether nothing is in their place
    """

    deadline: float = float("inf")
    rounds: int = 0
    until: tuple[Any, int] | None = None
    severed: tuple[tuple[str, int], ...] = ()
    turns: dict[Any, int]
    guards: set[float]
    drops_guards: bool = False

    def __new__(cls, *args: Any, **words: Any) -> Self:
        """A run in which no round has begun."""
        made = super().__new__(cls)
        made.turns = {}
        made.guards = set()
        return made

    def value(self, site: Any, value: Any) -> Any:
        """A value that was made at a site: what is returned takes its place."""
        return value

    def unpack(self, sites: Any, values: Any) -> Any:
        """Several values, which are put under several names."""
        return values

    def after(self, site: Any, value: Any) -> Any:
        """What a variable holds after it was changed."""
        return value

    def changed(self, site: Any, owner: Any, key: Any, attribute: bool = False) -> None:
        """An array, or the entry of a container, or an attribute, after it was changed."""

    def leave(self, site: Any, value: Any) -> Any:
        """What a function returns."""
        return value

    def enter(self, site: Any, given: dict[str, Any]) -> None:
        """What a function was given."""

    def round(self, site: Any) -> None:
        """A round of a loop begins."""
        self.begun(site, sys._getframe(1))

    def begun(self, site: Any, frame: FrameType) -> None:
        """Count a round of a loop that begins in a frame, and end the run if it is the last, or too late."""
        self.rounds += 1
        loop = site.filename, site.span
        self.turns[loop] = self.turns.get(loop, 0) + 1
        if self.until == (loop, self.turns[loop]):
            self.finish(frame)
            raise Finished
        if time.perf_counter() > self.deadline:
            raise TimeUp

    def finish(self, frame: FrameType) -> None:
        """What is noted as a run ends before its own end."""

    def part(self, site: Any, value: Any) -> Any:
        """The value of an inner expression."""
        return value

    def store(self, word: str, value: Any, owner: Any, key: Any = None) -> Any:
        """A value that is about to be put into an array, or added to it in place."""
        return value

    def augmented(self, word: str, value: Any, held: Any, owner: Any = None, key: Any = None) -> Any:
        """What a variable or an entry holds after `held += value`, or after another operator in place."""
        return OPERATORS[word][0](held, value)

    def store_each(self, _: None, values: Any, owners: tuple[Any, ...]) -> Any:
        """Several values that are about to be put into arrays; None stands for a variable."""
        return values

    def at(self, _: None, ufunc: Any, array: Any, index: Any, values: Any) -> None:
        """`np.add.at(array, index, values)`, or another function's."""
        ufunc.at(array, index, values)

    def into(self, _: None, function: Any, out: Any, args: Any, words: Any) -> Any:
        """`function(*args, out=out, **words)`."""
        return function(*args, out=out, **words)

    def as_float(self, _: None, value: Any) -> Any:
        """`float(value)`."""
        return float(value)

    def item(self, _: None, value: Any) -> Any:
        """`value.item()`."""
        return value.item()

    def tolist(self, _: None, value: Any) -> Any:
        """`value.tolist()`."""
        return value.tolist()

    def flat(self, _: None, value: Any) -> Any:
        """All elements of an array, which are read one by one."""
        return value.flat

    def function(self, _: None, function: Any) -> Any:
        """A function that is about to be called."""
        return function

    def array(self, site: Any, function: Any, args: Any, words: Any) -> Any:
        """What a function such as `np.array` makes of what it is given."""
        return function(*args, **words)

    def guard(self, _: None, value: Any) -> Any:
        """What is added to something, perhaps only lest that be 0."""
        number = value.data if type(value) is Tensor else value
        is_broken = isinstance(number, float | np.floating | np.ndarray) and np.ndim(number) == 0
        if not is_broken or not 0 < number <= TINY:
            return value
        self.guards.add(float(number))
        return NOTHING if self.drops_guards else value

    def is_instance(self, _: None, value: Any, kinds: Any) -> bool:
        """`isinstance(value, kinds)`."""
        return isinstance(value, kinds)


class Probe(threading.local):
    """What stands in the rewritten code, by which it finds the run that is going on in its thread."""

    def __init__(self) -> None:
        self.run = Run()


PROBE = Probe()
