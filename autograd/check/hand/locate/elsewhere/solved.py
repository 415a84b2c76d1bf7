"""What a line should hold, solved for: a backward pass is linear in each of its values.

So a few runs with other values there say which value makes all results right, if there is one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...match.near import near
from ...match.rightness import is_common_told
from ...observe.probes.record import Event, is_of_truths
from ..bench import Bench
from ..linear import MOST_UNITS, SMALLEST, Effects, effects_of, results_with
from ..suspects import Blame, Suspect

ROUNDING = 1e-6  # in a vector of length 1, below which an element is none
MOST_TURNS = 8


def mended(suspect: Suspect, events: list[Event], bench: Bench) -> Blame | None:
    """The blame of a line, with other values for some of its own that make all right.

    None if there are none, or too many elements.
    """
    values: dict[int, Any] = {e.n: np.array(e.value, float) for e in events}
    stop = bench.spent + MOST_UNITS
    is_scaled = not is_common_told(bench.results)
    for turn in range(MOST_TURNS):  # one is enough, unless a later round is multiplied by what one makes
        if turn and bench.spent > stop:
            return None
        effects = effects_of(suspect, events, bench, values if turn else None, is_scaled)
        if effects is None or not solved(effects, values, suspect, bench):
            return None
        override = suspect.holding(values)
        if all(bench.flags({suspect.site: override})[0]):
            break
    else:
        return None
    differing = [e for e in events if not near(e.value, values[e.n])]
    ends = np.cumsum([np.size(e.value) for e in events])[:-1]
    free = dict(zip((e.n for e in events), np.split(freedom(effects.matrix), ends), strict=True))
    told = () if is_scaled else differing  # else others would do as well
    shown = {e.n: values[e.n] for e in told if not np.any(free[e.n])}
    results = [bench.results[i] for i in sorted(bench.wrong)]
    return Blame(suspect.site, differing or events, shown, None, {}, 1.0, results, change=override)


def solved(effects: Effects, values: dict[int, Any], suspect: Suspect, bench: Bench) -> bool:
    """Let values be what makes the results as wanted, if these are linear; False if one is missing then."""
    ends = np.cumsum([np.size(e.value) for e in effects.events])[:-1]
    now = effects.start
    for _ in range(2):  # once more from there, as differences have lost digits
        parts = np.split(effects.needed(now), ends)
        for event, part in zip(effects.events, parts, strict=True):
            values[event.n] = values[event.n] + part.reshape(np.shape(event.value))
        now = results_with({suspect.site: suspect.holding(values)}, bench)
        if now is None:
            return False
    return True


def masked_as(suspect: Suspect, blame: Blame, bench: Bench) -> Blame | None:
    """The blame of a mask, if all is right with one that lets through what should not be 0 behind it."""
    wanted = {e.n: blame.values.get(e.n, e.value) for e in blame.events}
    values = {e.n: 1.0 * (wanted[e.n] != 0) for e in suspect.events if e.n in wanted}
    is_of_it = all(np.shape(values[e.n]) == np.shape(e.value) for e in suspect.events if e.n in values)
    if not values or not is_of_it or not all(map(is_of_truths, suspect.events)):
        return None
    if not all(bench.flags({suspect.site: suspect.holding(values)})[0]):
        return None
    results = [bench.results[i] for i in sorted(bench.wrong)]
    events = [e for e in suspect.events if e.n in values and not near(e.value, values[e.n])]
    return Blame(suspect.site, events, values, None, {}, 1.0, results)


def makes_anything(suspect: Suspect, bench: Bench) -> bool:
    """Whether a line's values could make all results whatever one likes: that they can is no reason then."""
    effects = effects_of(suspect, suspect.events, bench)
    if effects is None:
        return False
    reached = effects.matrix[np.any(effects.matrix != 0, axis=1)]
    return bool(np.linalg.matrix_rank(reached) == len(reached))


def freedom(effects: Any) -> Any:
    """By element, whether it can be changed without an effect on the results, perhaps with others."""
    _, singular, ways = np.linalg.svd(effects, full_matrices=True)
    rank = int(np.sum(singular > SMALLEST * singular.max(initial=0.0)))
    return np.any(np.abs(ways[rank:]) > ROUNDING, axis=0)
