"""What a line should hold, solved for: a backward pass is linear in each of its values.

So a few runs with other values there say which value makes all results right, if there is one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .....engine import LEAF
from ...match.near import near
from ...match.results import Result, reread
from ...observe.probes.record import Event
from ..bench import Bench
from ..suspects import Blame, Suspect

MOST_UNITS = 4000.0  # of work for one line: a run for each element
ROUNDING = 1e-6  # in a vector of length 1, below which an element is none
SMALLEST = 1e-9  # of the largest singular value, below which a direction has no effect on the results


def mended(suspect: Suspect, events: list[Event], bench: Bench) -> Blame | None:
    """The blame of a line, with other values for some of its own that make all right.

    None if there are none, or too many elements.
    """
    size = sum(np.size(e.value) for e in events)
    wanted = flattened([wanted_of(i, bench) for i in fixed(bench)])
    start = results_with({}, suspect, bench)
    if (
        not 0 < size * bench.price <= MOST_UNITS
        or wanted is None
        or start is None
        or wanted.shape != start.shape
    ):
        return None
    values: dict[int, Any] = {e.n: np.array(e.value, float) for e in events}
    columns = []
    for event in events:
        for i in range(np.size(event.value)):
            moved = values[event.n].copy()
            step = moved.flat[i] or 1.0
            moved.flat[i] += step
            column = results_with({**values, event.n: moved}, suspect, bench)  # the others stay
            if column is None:
                return None
            columns.append((column - start) / step)
    effects, now = np.stack(columns, axis=1), start
    ends = np.cumsum([np.size(e.value) for e in events])[:-1]
    for _ in range(2):  # once more from there, as differences have lost digits
        parts = np.split(np.linalg.lstsq(effects, wanted - now, rcond=SMALLEST)[0], ends)
        for event, part in zip(events, parts, strict=True):
            values[event.n] = values[event.n] + part.reshape(np.shape(event.value))
        now = results_with(values, suspect, bench)
        if now is None:
            return None
    override = suspect.holding(values)
    if not all(bench.flags({suspect.site: override})[0]):
        return None
    differing = [e for e in events if not near(e.value, values[e.n])]
    free = dict(zip((e.n for e in events), np.split(freedom(effects), ends), strict=True))
    shown = {e.n: values[e.n] for e in differing if not np.any(free[e.n])}  # else others would do as well
    results = [bench.results[i] for i in sorted(bench.wrong)]
    return Blame(suspect.site, differing or events, shown, None, {}, 1.0, results, change=override)


def freedom(effects: Any) -> Any:
    """By element, whether it can be changed without an effect on the results, perhaps with others."""
    _, singular, ways = np.linalg.svd(effects, full_matrices=True)
    rank = int(np.sum(singular > SMALLEST * singular.max(initial=0.0)))
    return np.any(np.abs(ways[rank:]) > ROUNDING, axis=0)


def results_with(values: dict[int, Any], suspect: Suspect, bench: Bench) -> Any:
    """All results in one array, with other values of a line; None if one is missing or not finite."""
    bench.spent += bench.price
    outcome = bench.stage.backwards({suspect.site: suspect.holding(values)} if values else {})
    found = reread(bench.results, bench.stage, outcome)
    return flattened([found[i] for i in fixed(bench)])


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
