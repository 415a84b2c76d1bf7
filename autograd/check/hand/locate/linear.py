"""What the results are of a line's values: a backward pass is linear in each of them.

So a run for each element tells what all other values would make of the results.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import FrameType
from typing import Any

import numpy as np

from ....engine import LEAF
from ..match.near import largest
from ..match.results import Result, reread
from ..match.rightness import is_common_told
from ..observe.probes.record import Event, Override, is_array
from ..observe.probes.sites import Site
from .bench import Bench
from .suspects import Suspect

SMALLEST = 1e-9  # of the largest singular value, below which a direction has no effect on the results
MOST_UNITS = 4000.0  # of work for one line: a run for each element


@dataclass(slots=True)
class Effects:
    """What a line's values do to the results.

    matrix  a row for each element of the results, a column for each element of the values
    start   the results with the line's own values
    wanted  the results as they should be
    is_scaled  whether that is but for a constant: of updates, if no right one tells it
    """

    events: list[Event]
    matrix: Any
    start: Any
    wanted: Any
    is_scaled: bool = False

    def predicted(self, values: Mapping[int, Any]) -> Any:
        """The results with other values, by their rounds."""
        moves = [np.ravel(values[e.n] - e.value) for e in self.events]
        return self.start + self.matrix @ np.concatenate(moves)

    def needed(self, now: Any) -> Any:
        """What to add to the values for the results to be as wanted, from what they are now: the least."""
        if not self.is_scaled:
            return np.linalg.lstsq(self.matrix, self.wanted - now, rcond=SMALLEST)[0]
        whole = np.column_stack([self.matrix, -self.wanted])  # the last unknown is the constant
        return np.linalg.lstsq(whole, -now, rcond=SMALLEST)[0][:-1]


def effects_of(
    suspect: Suspect,
    events: list[Event],
    bench: Bench,
    at: Mapping[int, Any] | None = None,
    is_scaled: bool = False,
) -> Effects | None:
    """What some values of a line do, as they are or at others.

    None if a result is missing then, or they have too many elements.
    """
    size = sum(np.size(e.value) for e in events)
    own = [bench.results[i].true if is_scaled else wanted_of(i, bench) for i in fixed(bench)]
    wanted = flattened(own) if own else None
    if not 0 < size * bench.price <= MOST_UNITS or wanted is None:
        return None
    values: dict[int, Any] = {e.n: np.array(e.value, float) for e in events} | dict(at or {})
    start = results_with({suspect.site: suspect.holding(values)} if at else {}, bench)
    if start is None or wanted.shape != start.shape:
        return None
    columns = []
    for event in events:
        for i in range(np.size(event.value)):
            moved = values[event.n].copy()
            step = moved.flat[i] or 1.0
            moved.flat[i] += step
            held = suspect.holding({**values, event.n: moved})  # the others stay
            column = results_with({suspect.site: held}, bench)
            if column is None:
                return None
            columns.append((column - start) / step)
    return Effects(events, np.stack(columns, axis=1), start, wanted, is_scaled)


def results_with(overrides: Mapping[Site, Override], bench: Bench) -> Any:
    """All results in one array, with other values of some lines; None if one is missing or not finite."""
    bench.spent += bench.price
    outcome = bench.stage.backwards(overrides)
    found = reread(bench.results, bench.stage, outcome)
    return flattened([found[i] for i in fixed(bench)])


def scale_needed(suspect: Suspect, bench: Bench) -> float | None:
    """The number to multiply all that a line makes by, for all results to be right; None if none will do.

    What doubles it moves the results on a straight way, unless a later round is made of an earlier one.
    """
    wanted = flattened([wanted_of(i, bench) for i in fixed(bench)])
    start = flattened([bench.results[i].value for i in fixed(bench)])
    doubled = results_with({suspect.site: doubling}, bench)
    if wanted is None or start is None or doubled is None or not start.shape == doubled.shape == wanted.shape:
        return None
    way, apart = doubled - start, wanted - start
    c = float(way @ apart / (way @ way)) if np.any(way) else 0.0
    return 1 + c if largest(apart - c * way) <= PRECISION * largest(wanted) else None


PRECISION = 1e-6  # of the largest wanted result; a run with the right value follows


def doubling(n: int, value: Any, frame: FrameType) -> Any:
    """Twice what a line makes."""
    return value * 2 if is_array(value) and np.asarray(value).dtype.kind == "f" else value


def is_final(result: Result) -> bool:
    """Whether a result is the gradient of an input."""
    return result.node is not None and result.node.op is LEAF


def fixed(bench: Bench) -> list[int]:
    """The results that have one right value: beside gradients of inputs, others may carry a constant."""
    pairs = [(i, r) for i, r in enumerate(bench.results) if r.node is not None]
    finals = [i for i, r in pairs if is_final(r)]
    return finals or [i for i, _ in pairs]


def wanted_of(i: int, bench: Bench) -> Any:
    """What a result should be: itself, if it is right."""
    result = bench.results[i]
    if result.kind == "update" and not is_common_told(bench.results):
        return None
    if i not in bench.wrong:
        return result.value
    if result.kind == "update":
        return None if bench.common is None else bench.common * result.true
    return result.scale * result.true


def flattened(arrays: list[Any]) -> Any:
    """Arrays as one of one axis; None if one is missing."""
    if any(a is None or not np.all(np.isfinite(a)) for a in arrays):
        return None
    return np.concatenate([np.ravel(np.asarray(a, float)) for a in arrays])
