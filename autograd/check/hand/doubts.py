"""Second thoughts on what is blamed: whether a small change of another line explains more."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

import numpy as np

from . import limits
from .judgement import Judgement
from .locate.bench import Bench
from .locate.blame import Locator
from .locate.mend import Mender, is_known
from .locate.suspects import CONTAINED, Blame, Suspect, suspects_in
from .reasons import Reasons


@dataclass(slots=True)
class Doubts:
    """Whether the right line is blamed."""

    reasons: Reasons
    bench: Bench
    locator: Locator

    @property
    def found(self) -> Judgement:
        return self.reasons.found

    def better(self) -> Blame | None:
        """Another line, if a small change of it explains more than that the one that is blamed is wrong."""
        found = self.found
        is_doubtful = self.is_doubtful()
        told = self.reasons.told.get(id(found.blames[0]))
        wrong = {i for i, ok in enumerate(found.right) if not ok}
        mender = Mender(
            self.bench, wrong, time.thread_time() + (limits.CHANGE if is_doubtful else limits.CHANGE / 4)
        )
        if is_doubtful or (told is not None and told.kind in ("factor", "missing-factor")):
            own = {b.site.statement for b in found.blames} if not is_doubtful else set()
            places = found.forward.places
            better = mender.too_many(
                s for s in suspects_in(found.outcome.events)
                if (s.site.filename, s.site.span) not in places and wrong <= self.bench.reached(s.site)
            )  # fmt: skip
            if better is not None and better.site.statement not in own:
                return better
        if not is_doubtful:
            return None
        better = mender.blamed(*self.lines_before())
        is_unknown = len(found.blames) == 1 and (told is None or told.kind == "unknown")
        if better is None and is_unknown:
            return self.locator.in_parts(found.blames[0])
        return better

    def is_doubtful(self) -> bool:
        """Whether what is blamed may only follow from another line: there are several, or no reason."""
        blames = self.found.blames
        if len(blames) > 1 or not blames[0].is_explained:
            return True
        blame = blames[0]
        event = blame.events[0] if blame.events else None
        if event is None:
            return True
        return self.reasons.of(blame).kind == "unknown" or bool(self.rivals(blame))

    def rivals(self, blame: Blame) -> list[Suspect]:
        """Other lines that changed the same array before, or made the variable that is said to be wrong."""
        suspects = suspects_in(self.found.outcome.events)
        wrong = re.search(r"is missing at `(\w+)`", self.reasons.of(blame).hint)
        if wrong:
            made = [s for s in suspects if s.site.name == wrong[1] and s.site.kind == "assign"]
            return [
                s
                for s in made
                if s.site is not blame.site and not any(self.reasons.called(e) for e in s.events)
            ]
        if blame.site.kind not in CONTAINED:
            return []
        owners = {id(e.owner) for e in blame.events}
        sites = {
            e.site.statement for e in self.found.outcome.events
            if id(e.owner) in owners and e.site.kind in CONTAINED
        }  # fmt: skip
        if self.reasons.of(blame).kind != "unknown":
            sites -= {blame.site.statement}
        return [s for s in suspects if s.site.statement in sites and s.site.kind in ("share", "assign")]

    def lines_before(self) -> tuple[list[Suspect], list[Suspect]]:
        """The lines that may be changed on trial: those up to what is blamed first, from the latest back.

        They are those that all that is wrong was made of.  First those whose values are none of the engine's.
        """
        blames = self.found.blames
        if len(blames) == 1 and blames[0].is_explained and self.reasons.of(blames[0]).kind != "unknown":
            return self.rivals(blames[0]), []
        wrong = {i for i, ok in enumerate(self.found.right) if not ok}
        explained = [b for b in blames if b.is_explained]
        last = max((e.time for b in explained for e in b.events), default=len(self.found.outcome.events))
        suspects = suspects_in(self.found.outcome.events)
        suspects.sort(key=lambda s: (s.time > last, -s.time if s.time <= last else s.time))
        unknown: list[Suspect] = []
        known: list[Suspect] = []
        places = self.found.forward.places
        for s in suspects:
            if (s.site.filename, s.site.span) in places or not wrong <= self.bench.reached(s.site):
                continue
            is_plain = all(is_known(e, self.bench) or not np.any(e.value) for e in s.events[:20])
            (known if is_plain or s.time > last else unknown).append(s)
        return unknown, known
