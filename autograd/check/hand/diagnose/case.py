"""A wrong line, with all that tells what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from ....engine import Array, Node
from ..match.near import near, ratio
from ..observe.graph import Forward, flow
from ..observe.probes.record import Snapshot, is_array
from ..observe.probes.sites import Site
from ..source.quantities import INNER
from .constants import is_named

MOST = 12_000  # changes that are tried of all lines of a derivation


class Guess(NamedTuple):
    """A kind of mistake, what is said of it, and the line of a long statement it is in, if known.

    `part` is what comes back by some paths, if that is what has another constant before it; `change` is the
    kind of change that told it, one of `source.edits.KINDS`, if one did.
    """

    kind: str
    text: str
    lineno: int | None = None
    part: Any = None
    change: str | None = None


@dataclass(slots=True)
class Round:
    """One value of a wrong line, what it should be, what the variables held, and earlier values."""

    value: Array
    expected: Array
    snapshot: Snapshot | None
    earlier: list[tuple[int, Array]]


@dataclass(slots=True)
class Case:
    """A wrong line: what it made, what it ought to have made, and where that comes from.

    node     what it is the gradient of; None if it is no gradient
    derived  the gradients that the user had by then, by their nodes, without the constant that they carry
    given    of these, the nearest
    others   rounds of the line that are right, and have to stay so
    tries    the numbers of the changes that may still be tried, of this line and of others after it
    deadline when no more is to be tried, by the clock of the thread
    """

    site: Site
    rounds: list[Round]
    forward: Forward
    node: Any
    scale: float
    truth: dict[Node, Array]
    derived: dict[Node, Array]
    given: dict[Node, Array]
    region: list[Node]
    excused: Any
    raised: bool = False
    accepts: Callable[[Array], bool] | None = None
    others: list[Round] = field(default_factory=list)
    tries: Iterator[int] = field(default_factory=lambda: iter(range(MOST)))
    deadline: float = float("inf")

    @property
    def value(self) -> Array:
        return self.rounds[0].value

    @property
    def expected(self) -> Array:
        return self.rounds[0].expected

    @property
    def scope(self) -> dict[str, Any]:
        """The variables that the line could see."""
        snapshot = self.rounds[0].snapshot
        return snapshot.variables if snapshot else {}

    def are_right(self, values: Iterable[Any]) -> bool:
        """Whether values are what the line ought to hold, in each round; none after a wrong one is made."""
        pairs = zip(values, self.rounds, strict=True)
        return all(v is not None and self.is_right(v, r.expected, r.value) for v, r in pairs)

    def is_right(self, value: Array, expected: Array, own: Array) -> bool:
        """Whether one value is.  Of a line whose shape is wrong any constant will do that has a name."""
        if self.accepts is not None:
            return self.accepts(value)
        if not is_array(value):
            return False
        but = self.excused.get(self.node)
        if near(value, expected) or (
            but is not None and np.shape(but) == np.shape(expected) and near(value, expected, but)
        ):
            return True
        c = ratio(value, expected) if self.raised or np.shape(own) != np.shape(expected) else None
        return c is not None and is_named(c, self.forward)


def inner(case: Case) -> dict[str, Any]:
    """Quantities within the forward pass that have no name of their own: by an expression for each."""
    found: dict[str, Any] = {}
    for node in (*case.region, *case.given):
        for a, parent in zip(node.args, node.parents, strict=True):
            if isinstance(a, np.ndarray) and parent not in case.forward.names and np.ndim(a):
                found[f"{INNER}{len(found)}"] = a
    if case.node is None:
        return found
    backward = flow(case.node, case.region, case.given, case.forward.root)
    for node, g in backward.items():
        if node not in case.given and node is not case.node and not node.op.several and np.ndim(g):
            found[f"{INNER}{len(found)}"] = g
    return found


def worst(value: Array, expected: Array) -> str:
    """The element that is farthest off, both numbers, and their ratio."""
    if np.shape(value) != np.shape(expected):
        return f"yours has shape {np.shape(value)}, and it should be {np.shape(expected)}"
    apart = np.abs(np.asarray(value - expected))
    if not apart.size:
        return "it is empty"
    index = np.unravel_index(np.argmax(np.where(np.isnan(apart), np.inf, apart)), np.shape(value))
    a, b = float(np.asarray(value)[index]), float(np.asarray(expected)[index])
    where = f" at [{', '.join(map(str, index))}]" if index else ""
    return f"worst{where}: yours {a:.6g}, should be {b:.6g}" + (f", ratio {a / b:.6g}" if b else "")
