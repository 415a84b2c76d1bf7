"""What the helper was given in which a line went wrong."""

from __future__ import annotations

from collections.abc import Iterable

from ...observe.probes.record import Event
from ..bench import Bench
from ..suspects import Blame, Suspect, same_value


def arguments(blames: Iterable[Blame], suspects: Iterable[Suspect], bench: Bench) -> list[Suspect]:
    """The arguments of the calls in which lines went wrong."""
    calls = {e.calls[0] for b in blames for e in b.events if e.calls and b.is_explained}
    return [
        s for s in suspects
        if s.site.kind == "argument" and (s.site.filename, s.site.lineno) in calls
        and bench.wrong <= bench.reached(s.site)
    ]  # fmt: skip


def handed_in(blame: Blame, suspects: Iterable[Suspect], bench: Bench) -> Blame | None:
    """The call that gave a helper the very value that is blamed there: it is wrong where it comes in."""
    if len(blame.values) < len(blame.events):
        return None
    for s in suspects:
        if s.site.kind != "argument" or s.site is blame.site:
            continue
        values = {}
        for event in blame.events:
            before = [a for a in s.events if a.time < event.time and is_given_to(a, event)]
            if before and same_value(before[-1].value, event.value):
                values[before[-1].n] = blame.values[event.n]
        if len(values) == len(blame.events) and all(bench.flags({s.site: s.holding(values)})[0]):
            events = [a for a in s.events if a.n in values]
            return Blame(s.site, events, values, blame.family, {}, blame.scale, blame.results)
    return None


def is_given_to(argument: Event, event: Event) -> bool:
    """Whether a value was made in the call that an argument was given to."""
    return event.calls[:1] == ((argument.site.filename, argument.site.lineno),)
