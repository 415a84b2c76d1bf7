"""Sites that may be to blame, with the values that they made; and the blame of one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..diagnose.case import Guess
from ..match.known import Family, Match
from ..match.near import near
from ..match.results import Result
from ..observe.probes.patch import Patch
from ..observe.probes.record import Event, Override
from ..observe.probes.sites import Site
from .bench import putting

CONTAINED = ("change", "entry")


@dataclass(slots=True, eq=False)
class Suspect:
    """A site with the values that it made: those that count, of an array that is added to the last."""

    site: Site
    events: list[Event]
    matches: list[list[Match]] = field(default_factory=list)
    before: dict[int, int] = field(default_factory=dict)  # of a round, the last that changed the same array

    @property
    def time(self) -> int:
        """When the first of its values was made."""
        return self.events[0].time

    def holding(self, values: Mapping[int, Any]) -> Override:
        """What lets the site hold some values; an array that is changed again and again, all the time."""
        earlier = {n: values[last] for n, last in self.before.items() if last in values}
        return putting({**earlier, **values})


@dataclass(slots=True, eq=False)
class Blame:
    """A site that is to blame, and what should be there instead.

    values   by the number of the round; only where the user's own differ from them
    family   what of the engine's they are
    results  the results that become right by that
    instead  the later line that would be blamed if this one were not
    """

    site: Site
    events: list[Event]
    values: dict[int, Any]
    family: Family | None
    nodes: dict[int, Any]
    scale: float
    results: list[Result]
    guess: Guess | None = None
    change: Override | None = None
    patch: Patch | None = None
    is_explained: bool = True
    instead: Blame | None = None

    @property
    def is_held(self) -> bool:
        """Whether an array that is changed again and again is to be right all the time."""
        return self.change is not None and self.guess is None and self.site.kind in CONTAINED

    @property
    def override(self) -> Override:
        """What puts things right."""
        return self.change or putting(self.values)


def falls_short(blame: Blame, wholes: list[Any]) -> bool:
    """Whether each value that is blamed is none of some wholes, and would have to be one of them."""
    pairs = [(e.value, blame.values[e.n]) for e in blame.events if e.n in blame.values]
    return bool(pairs) and all(
        any(near(needed, v) for v in wholes) and not any(near(value, v) for v in wholes)
        for value, needed in pairs
    )


def suspects_in(events: list[Event]) -> list[Suspect]:
    """The sites at which values were made, in the order in which they first did."""
    by_site: dict[Site, list[Event]] = defaultdict(list)
    for event in events:
        if not event.site.function.endswith("__init__"):  # nothing comes back there
            by_site[event.site].append(event)
    found = []
    for site, made in by_site.items():
        before: dict[int, int] = {}
        if site.kind in CONTAINED:
            last = {id(e.owner) if type(e.owner) is np.ndarray else e.n: e for e in made}
            before = {e.n: last[id(e.owner)].n for e in made if id(e.owner) in last}
            made = list(last.values())
        found.append(Suspect(site, made, before=before))
    return found


def begins_a_sum(suspect: Suspect, events: list[Event]) -> bool:
    """Whether what a line makes is changed in place later on: other values of it can put anything right."""
    owner = suspect.events[-1].owner
    return suspect.site.kind == "assign" and any(
        e.owner is owner and e.site.kind in CONTAINED and e.time > suspect.time for e in events
    )


def blame_of_head(filename: str, lineno: int, column: int, results: list[Result], guess: Guess) -> Blame:
    """The blame of the head of a loop or a condition, which makes no value."""
    head = (lineno, column, lineno, column)
    site = Site("loop", "", filename, "", head, head)
    return Blame(site, [Event(site, 0, np.full(0, np.nan), None, 0)], {}, None, {}, 1.0, results, guess)


def is_made_in_a_call(event: Event, site: Site) -> bool:
    """Whether a value was made in a function that the statement of a site calls."""
    (first, _, last, _), inner = site.statement, event.calls[:1]
    return any(filename == site.filename and first <= lineno <= last for filename, lineno in inner)


def same_value(a: Any, b: Any) -> bool:
    """Whether two arrays are equal, NaN included."""
    return np.shape(a) == np.shape(b) and bool(np.array_equal(a, b, equal_nan=True))
