"""The line of a loop that hands something on to the next round."""

from __future__ import annotations

import numpy as np

from ...observe.probes.codes import text_of, tree_of
from ...observe.probes.record import Event
from ...source.nearby import carried_into
from ..bench import Bench
from ..suspects import CONTAINED, Blame, Suspect
from ..suspicion import Suspicion
from .solved import mended
from .sums import odd_one_out


def handed_on(
    blame: Blame, suspects: list[Suspect], events: list[Event], bench: Bench, trust: Suspicion
) -> Blame | None:
    """The line that hands on to the next round, if only the first round is right, which gets nothing.

    A helper that made it is to blame, unless it did its part in the first round.

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
    making = [
        s for s in suspects
        if s.site.name in names and s.site.function == site.function and s.time >= rounds[0].time
        and s.site is not site and bench.wrong <= bench.reached(s.site)
    ]  # fmt: skip
    shares = [s for s in making if s.site.kind == "share"]
    others = [s for s in making if s.site.kind not in ("share", *CONTAINED)] if shares else making
    for s in (*odd_one_out(making, bench.known), *reversed(shares), *others):
        maker = returned_by(s, suspects)
        if maker is not s and trust.did_its_part(maker, maker.events[:1]):
            maker = s
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
