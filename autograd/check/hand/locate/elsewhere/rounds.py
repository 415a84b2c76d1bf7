"""The line of a loop that hands something on to the next round."""

from __future__ import annotations

import numpy as np

from ...observe.probes.codes import text_of, tree_of
from ...observe.probes.record import Event
from ...source.nearby import carried_into
from ..bench import Bench
from ..suspects import Blame, Suspect
from .solved import mended


def handed_on(blame: Blame, suspects: list[Suspect], events: list[Event], bench: Bench) -> Blame | None:
    """The line that hands on to the next round, if only the first round is right, which gets nothing.

    In a loop back through time, `dh = dy + dnext` is wrong if `dnext` lacks something.
    """
    site = blame.site
    rounds = [e for e in events if e.site is site]
    if len(rounds) < 2 or not blame.events or rounds[0].n in blame.values or site.kind != "assign":
        return None
    names = carried_into(tree_of(site.filename, text_of(site.filename)), site.span)
    before = [e for e in events[: rounds[0].time] if e.name in names and e.site.function == site.function]
    if before and np.any(before[-1].value):
        return None  # the first round gets something
    for s in suspects:
        if s.site.name not in names or s.site.function != site.function or s.time < rounds[0].time:
            continue
        if s.site is site or not bench.wrong <= bench.reached(s.site):
            continue
        maker = returned_by(s, suspects)
        if (found := mended(maker, maker.events, bench)) is not None:
            return found
    return None


def returned_by(suspect: Suspect, suspects: list[Suspect]) -> Suspect:
    """The line of a helper that returned what a line has from it; else that line itself."""
    owners = {id(e.owner) for e in suspect.events}
    for other in suspects:
        is_elsewhere = other.site.function != suspect.site.function
        is_returned = other.site.kind in ("return", "element") and is_elsewhere
        if is_returned and {id(e.owner) for e in other.events} >= owners:
            return other
    return suspect
