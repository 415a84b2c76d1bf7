"""Which line is to blame: with the engine's value in its place, all results that it reaches are right."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import limits
from ..diagnose.constants import lengths
from ..match.known import Family
from ..match.names import is_called_gradient
from ..match.near import near
from ..match.results import Result
from ..observe.probes.record import Event, Override, is_mask
from ..observe.probes.sites import Site
from .bench import Bench
from .forms import is_adding, is_call, names_read
from .settling import Settling
from .suspects import CONTAINED, Blame, Suspect, is_made_in_a_call, same_value, suspects_in
from .suspicion import Suspicion
from .trials import Trials

MOST_MISTAKES = 5
LIKELIEST = 8  # values in the place of a line's, the likeliest first
SHARES = 2  # of the work that is left for each line, that one may take


class Locator:
    """The search for the lines that are to blame."""

    def __init__(self, bench: Bench, events: list[Event], settings: tuple[str, Any]) -> None:
        self.bench, self.known, self.events = bench, bench.known, events
        self.suspicion = Suspicion(bench, settings, events)
        self.trials = Trials(bench, self.suspicion, events)
        self.look_at(events)

    def look_at(self, events: list[Event]) -> None:
        """The sites that may be to blame, with what their values are; none of those that made the loss."""
        places = self.known.forward.places
        made = [s for s in suspects_in(events) if not is_mask(s.events[0].owner)]  # no gradient is a mask
        self.suspects = [s for s in made if (s.site.filename, s.site.span) not in places]
        for suspect in self.suspects:
            suspect.matches = [self.suspicion.matches(e.value) for e in suspect.events]

    def in_parts(self, before: Blame) -> Blame | None:
        """The line of a sum to which penalties, say, are added later, if it can be told what it lacks.

        That is the gradient without what comes back by one use of the variable, times a size of the data if
        later lines divide by it.
        """
        wrong = self.bench.wrong
        owners = {id(e.owner) for e in before.events}
        names = {e.name for e in before.events}
        sizes = [1, *lengths(self.known.forward)]
        for suspect in reversed(self.suspects):
            event = suspect.events[-1]
            is_made = suspect.site.kind == "assign" and not is_call(suspect.site)
            is_begun = is_made and is_adding(before.site) and bool(np.any(event.value))
            is_sum = (is_begun or suspect.site.kind in CONTAINED) and len(suspect.events) == 1
            if not is_sum or suspect.site is before.site or not self.reaches(suspect, wrong):
                continue
            if id(event.owner) not in owners and event.name not in names:
                continue
            for family, c in itertools.product(self.known.partials, sizes):
                if np.shape(family.values[0]) != np.shape(event.value):
                    continue
                values = {event.n: c * family.values[0]}
                if near(event.value, values[event.n]):
                    continue
                override = suspect.holding(values)
                if all(self.bench.flags({suspect.site: override})[0]):
                    return Blame(
                        suspect.site, [event], values, family, {}, 1.0, before.results, change=override
                    )  # fmt: skip
        return None

    def blamed(self) -> list[Blame]:
        """The fewest lines that make all results right, each the earliest that does."""
        bench = self.bench
        flags, _ = bench.flags({})
        wrong = {i for i, flag in enumerate(flags) if not flag}
        fixed: dict[Site, Override] = {}
        found: list[Blame] = []
        for _ in range(MOST_MISTAKES):
            best = self.best(fixed, wrong)
            if best is None or len(best.results) < len(wrong):
                best = self.misgiven(fixed, wrong) or self.likeliest(fixed, wrong) or best
            if best is None:
                break
            found.append(best)
            fixed[best.site] = best.override
            flags, outcome = bench.flags(fixed, noting=True)
            wrong = {i for i, flag in enumerate(flags) if not flag}
            if not wrong:
                break
            self.look_at(outcome.events)
        for i in sorted(wrong):
            if (last := self.last_of(bench.results[i])) is not None:
                found.append(last)
        return found

    def best(self, fixed: Mapping[Site, Override], wrong: set[int]) -> Blame | None:
        """The site that makes most results right, all if there is one; of several, the earliest."""
        best: Blame | None = None
        doubtful = [s for s in self.suspects if s.site not in fixed and not self.suspicion.is_fine(s)]
        doubtful.sort(key=self.suspicion.first_doubt)
        queue = [s for s in doubtful if self.reaches(s, wrong)]
        whole: tuple[int, Blame, Suspect] | None = None
        late: tuple[Blame, Suspect] | None = None
        for place, suspect in enumerate(queue):
            if whole is not None and whole[0] <= self.suspicion.first_doubt(suspect):
                break  # what a helper makes in a later call does not come before what ran between
            self.trials.share = SHARES * (self.trials.limit - self.bench.spent) / (len(queue) - place)
            for blame in self.trials.tried(suspect, fixed, wrong, True):
                if len(blame.results) == len(wrong) and not self.is_of_what_is_fine(blame, suspect):
                    start = self.start(blame, suspect, fixed, wrong)
                    if whole is None or start < whole[0]:
                        whole = start, blame, suspect
                    break
                if len(blame.results) == len(wrong):
                    late = late or (blame, suspect)
                if best is None or len(blame.results) > len(best.results):
                    best = blame
        if (found := whole[1:] if whole is not None else late) is not None:
            return self.settling(fixed, wrong).settled(*found, doubtful)
        self.trials.share = self.trials.limit
        if len(wrong) > 1 or best is None:
            others = [s for s in self.suspects if s.site not in fixed and s not in doubtful]
            for suspect in (s for s in reversed(others) if self.reaches(s, wrong)):
                for blame in self.trials.tried(suspect, fixed, wrong, False):
                    if len(blame.results) == len(wrong):
                        return self.settling(fixed, wrong).of_a_part(blame, suspect)
        for suspect in (
            s for s in doubtful if not self.reaches(s, wrong) and self.bench.reached(s.site) & wrong
        ):
            for blame in self.trials.tried(suspect, fixed, wrong, True):
                if best is None or len(blame.results) > len(best.results):
                    best = blame
        return best

    def start(self, blame: Blame, suspect: Suspect, fixed: Mapping[Site, Override], wrong: set[int]) -> int:
        """When the rounds of a line begin of which the values are needed: later ones may replace the rest."""
        for event in reversed(blame.events[1:]):
            values = {e.n: blame.values[e.n] for e in blame.events if e.n >= event.n and e.n in blame.values}
            flags, _ = self.bench.flags({**fixed, suspect.site: suspect.holding(values)})
            if all(flags[i] for i in wrong):
                return event.time
        return blame.events[0].time

    def settling(self, fixed: Mapping[Site, Override], wrong: set[int]) -> Settling:
        """What decides between lines that explain as much, with some put right already."""
        return Settling(self.bench, self.suspicion, self.trials, self.suspects, self.events, fixed, wrong)

    def is_of_what_is_fine(self, blame: Blame, suspect: Suspect) -> bool:
        """Whether a line is blamed for one of several rounds in which it makes what it should.

        That is the gradient of a variable, and not by the name of another one.
        """
        whole = [e for e in blame.events if np.size(e.value) > 1 and np.any(e.value)]
        return len(suspect.events) > 1 and any(map(self.suspicion.is_of_a_variable, whole))

    def misgiven(self, fixed: Mapping[Site, Override], wrong: set[int]) -> Blame | None:
        """The value of forward that a helper was given where it first made something unknown.

        That is to blame if another one there explains all, such as another point of a Runge-Kutta step.
        """
        unknown = (
            e
            for s in self.suspects
            for e, matches in zip(s.events, s.matches, strict=True)
            if e.calls and s.site.kind != "argument" and not self.suspicion.is_fine_event(e, matches)
            and not any(m.form == "same" for m in matches)
        )  # fmt: skip
        first = min(unknown, key=lambda e: e.time, default=None)
        given = [
            s for s in self.suspects
            if s.site.kind == "argument" and first is not None and is_made_in_a_call(first, s.site)
            and all(self.known.is_value(e.value) for e in s.events)
        ]  # fmt: skip
        stop = self.bench.spent + limits.LOCATE / 8
        ways = (self.trials.run(s, self.trials.of_values(s), fixed, wrong, stop) for s in given)
        whole = (way for way in itertools.chain.from_iterable(ways) if len(way.results) == len(wrong))
        return next(whole, None)

    def likeliest(self, fixed: Mapping[Site, Override], wrong: set[int]) -> Blame | None:
        """The first line that explains all by what is likeliest there, if there is no time for more."""
        if not self.bench.is_over(self.trials.limit):
            return None
        self.bench.allow(limits.SECONDS / 4)
        self.trials.limit, self.trials.most = self.bench.spent + limits.LOCATE / 4, LIKELIEST
        for suspect in self.suspects:
            if suspect.site not in fixed and self.reaches(suspect, wrong):
                ways = self.trials.tried(suspect, fixed, wrong, False)
                found = next((way for way in ways if len(way.results) == len(wrong)), None)
                if found is not None:
                    return found
        return None

    def reaches(self, suspect: Suspect, wrong: set[int]) -> bool:
        """Whether a site has a part in all results that are wrong."""
        return wrong <= self.bench.reached(suspect.site)

    def gradient_read(self, update: Event) -> Event | None:
        """Where what an update reads under a gradient's name was made last, if that is not known."""
        names, site = set(filter(is_called_gradient, names_read(update.site))), update.site
        made = [e for e in self.events if e.site.name in names and e.site.function == site.function]
        made = [e for e in made if e.site.kind in ("assign", *CONTAINED) and e.time < update.time]
        is_fine = made and self.suspicion.is_fine_event(made[-1], self.suspicion.matches(made[-1].value))
        return made[-1] if made and not is_fine else None

    def last_of(self, result: Result) -> Blame | None:
        """The line that a result was last made by, if nothing else explains it."""
        made = [e for e in self.events if e.owner is result.owner]
        if not made and result.kind != "update":  # a parameter that nothing makes anew is left alone
            made = [e for e in self.events if same_value(e.value, result.value)]
        if not made:
            return None
        changes = [e for e in made if e.site.kind in CONTAINED]
        event = changes[-1] if changes else made[0]
        if result.kind == "update" and (gradient := self.gradient_read(event)) is not None:
            return Blame(gradient.site, [gradient], {}, None, {}, 1.0, [result], is_explained=False)
        values = {event.n: result.scale * result.true} if result.true is not None else {}
        family = Family("gradient", result.name, (result.true,), (result.node,)) if result.node else None
        return Blame(
            event.site,
            [event],
            values,
            family,
            {event.n: result.node},
            result.scale,
            [result],
            is_explained=False,
        )
