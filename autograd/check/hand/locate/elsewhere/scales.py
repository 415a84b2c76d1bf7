"""Lines that only multiply by a number, or hand on the number that a gradient carries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from types import FrameType
from typing import Any

import numpy as np

from .....engine import Node, passed_back
from ...diagnose.repair import loads_of
from ...match.known import Known
from ...match.near import DIGITS, near, ratio
from ...observe.probes.record import Event, Override, is_array
from ..bench import Bench
from ..suspects import Blame, Suspect


def scaled_before(blame: Blame, suspects: Iterable[Suspect], bench: Bench) -> Blame | None:
    """The last line that changed or made the array before a line that only multiplies it by a number."""
    event = blame.events[0]
    owned = [s for s in suspects if s.site is not blame.site and s.events[-1].owner is event.owner]
    for s in sorted(owned, key=lambda s: -s.events[-1].time):
        before = s.events[-1]
        if before.time > event.time or np.shape(before.value) != np.shape(event.value):
            continue
        c = ratio(event.value, before.value)
        if c is None or event.n not in blame.values or is_added_after(blame, c, bench.known):
            return None
        values = {before.n: blame.values[event.n] / c}
        if all(bench.flags({s.site: s.holding(values)})[0]):
            change = s.holding(values) if s.before else None
            return replace(blame, site=s.site, events=[before], values=values, change=change)
    return None


def given_to_update(blame: Blame, suspects: Iterable[Suspect], bench: Bench) -> Blame | None:
    """The line that made what an update only multiplies by a number: `Q[i] -= rate * grad_q`."""
    event = blame.events[-1]
    read = loads_of(blame.site)
    if blame.site.kind != "share" or len(blame.events) > 1 or event.n not in blame.values:
        return None
    made = [s for s in suspects if s.site.kind == "assign" and s.site.name in read]
    for s in sorted(made, key=lambda s: -s.events[-1].time):
        own = s.events[-1]
        c = ratio(event.value, own.value) if own.time < event.time else None
        if c is None:
            continue
        values = {own.n: blame.values[event.n] / c}
        if all(bench.flags({s.site: s.holding(values)})[0]):
            return replace(blame, site=s.site, events=[own], values=values, change=None)
    return None


def is_added_after(blame: Blame, scale: float, known: Known) -> bool:
    """Whether what an array lacks when it is multiplied by a number has no such number before it in forward.

    Then it is to be added later, as a penalty is to a sum over the data that is divided by their number.
    """
    event = blame.events[-1]
    node = blame.nodes.get(event.n)
    if node is None or node not in known.truth or np.shape(event.value) != np.shape(known.truth[node]):
        return False
    lacking = known.truth[node] - event.value
    for child in known.forward.children[node]:
        uses = [g for other, parent, g in known.shares if other is child and parent is node]
        if uses and near(sum(uses[1:], uses[0]), lacking):
            return not passes(child, scale, known)
    return False


def passes(node: Node, scale: float, known: Known) -> bool:
    """Whether something between a node and the loss multiplies what comes back by a number."""
    region, _ = known.forward.between(node, ())
    return any(
        near(g, scale * known.truth[one])
        for one in region if one in known.truth
        for _, g in passed_back(one, known.truth[one])
    )  # fmt: skip


def hands_on_scale(suspect: Suspect, events: list[Event], known: Known) -> bool:
    """Whether a line makes of a gradient times a number another one times the same: it did its part."""
    event = suspect.events[-1]
    made = scales_of(event, known)
    read = loads_of(suspect.site) - {suspect.site.name}
    given = {
        e.name: scales_of(e, known)
        for e in events[: event.time] if e.name in read and e.site.function == event.site.function
    }  # fmt: skip
    return any(made & scales for scales in given.values())


def scales_of(event: Event, known: Known) -> set[float]:
    """The numbers, other than 1, of which times a gradient or a contribution a value may be."""
    matches = known.matches(np.asarray(event.value))
    return {
        round(m.scale, DIGITS) for m in matches
        if m.label.kind in ("gradient", "share") and m.form == "same" and m.scale != 1
    }  # fmt: skip


def constant_in(blame: Blame) -> float | None:
    """The number that what is blamed first was times what it should be; None if it is no multiple throughout.

    Later rounds may have been given multiples.
    """
    pairs = [(e.value, blame.values[e.n]) for e in blame.events if e.n in blame.values]
    found = [ratio(*pair) for pair in pairs]
    return found[0] if found and None not in found else None


def divided(suspect: Suspect, events: list[Event], c: float, bench: Bench) -> Blame | None:
    """The blame of a line, if all is right with what it makes in some rounds divided by a number.

    Where a round is given what another has made, the number is in there twice: it is divided as it comes.
    """
    values = {e.n: e.value / c for e in events}
    override = suspect.holding(values)
    if not events:
        return None
    if not all(bench.flags({suspect.site: override})[0]):
        if len(events) == 1 or suspect.before:
            return None
        override = dividing(set(values), c)
        flags, outcome = bench.flags({suspect.site: override}, noting=True)
        if not all(flags):
            return None
        values = {e.n: e.value for e in outcome.events if e.site is suspect.site and e.n in values}
    results = [bench.results[i] for i in sorted(bench.wrong)]
    change = override if suspect.before else None
    return Blame(suspect.site, events, values, None, {}, 1.0, results, change=change)


def dividing(rounds: set[int], c: float) -> Override:
    """What divides a site's values in some rounds by a number, as they come."""

    def divide(n: int, value: Any, frame: FrameType) -> Any:
        return value / c if n in rounds and is_array(value) and np.asarray(value).dtype.kind == "f" else value

    return divide


def multiples_of_known(suspect: Suspect, c: float, known: Known) -> list[Event]:
    """What a line made that is no value of forward, and one or a slope if it is divided by a number.

    A slope with another constant may be a slope too, of a part of the function.
    """
    return [
        e for e in suspect.events
        if not known.is_value(e.value) and (known.is_slope(e.value / c) or known.is_value(e.value / c))
    ]  # fmt: skip
