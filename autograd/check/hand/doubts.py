"""Second thoughts on what is blamed: whether a small change of another line explains more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from . import limits
from .diagnose.case import Guess
from .judgement import Judgement
from .locate.bench import Bench
from .locate.blame import Locator
from .locate.mend import Mender, is_known
from .locate.origins import mended, origin_of
from .locate.suspects import CONTAINED, Blame, Suspect, same_value, suspects_in
from .match.near import near, ratio
from .observe.probes.codes import text_of, tree_of
from .observe.probes.patch import statements_in
from .observe.probes.record import Event
from .observe.probes.sites import span_of
from .reasons import Reasons
from .source.nearby import carried_into
from .source.statements import void_kind

# A constant or a sign may be missing in any of several lines: one that has it where it should not is the one
TOO_MANY = ("factor", "extra-factor")
SIMPLER = {"factor": TOO_MANY, "missing-factor": TOO_MANY, "sign": ("sign",)}
PLAIN = (
    "sign",
    "transpose",
    "shape",
    "overwritten",
    "extra-factor",
    "extra-term",
)  # it is in the line itself
OF_CONSTANTS = (
    "sign",
    "missing sign",
    "factor",
    "number",
    "missing constant",
    "extra-factor",
    "forgotten factor",
)
# What a value may be that a helper is given, if it cannot be told what is wrong in the helper
GIVEN = (
    "wrong-variable",
    "nearby",
    "sign",
    "transpose",
    "forgotten factor",
    "forgotten term",
    "missing constant",
)
MOST_LOOKED_AT = 20
PATH = "what comes back through"


def is_given_to(argument: Event, event: Event) -> bool:
    """Whether a value was made in the call that an argument was given to."""
    return event.calls[:1] == ((argument.site.filename, argument.site.lineno),)


@dataclass(slots=True)
class Doubts:
    """Whether the right line is blamed."""

    reasons: Reasons
    bench: Bench
    locator: Locator

    @property
    def found(self) -> Judgement:
        """What was found."""
        return self.reasons.found

    def better(self) -> Blame | None:
        """Another line, if a small change of it explains more than that the one that is blamed is wrong."""
        found = self.found
        wrong = self.bench.wrong
        if (name := self.turned()) is not None:
            mender = Mender(self.bench, wrong, self.bench.spent + limits.CHANGE)
            return mender.reversed(name, {e.site for e in found.outcome.events})
        if not found.blames:
            return Mender(self.bench, wrong, self.bench.spent + limits.CHANGE).blamed(*self.lines_before())
        if (void := self.void()) is not None:
            return void
        is_doubtful = self.is_doubtful()
        told = self.reasons.told.get(id(found.blames[0]))
        kind = told.kind if told is not None and told.is_proven and len(found.blames) == 1 else None
        limit = limits.CHANGE if is_doubtful else limits.CHANGE / 4
        mender = Mender(self.bench, wrong, self.bench.spent + limit)
        if is_doubtful or kind in SIMPLER:
            own = set() if is_doubtful else {b.site.statement for b in found.blames}
            kinds = SIMPLER.get(kind or "", TOO_MANY)
            here = [s for s in self.reaching() if s.site.statement in own]
            if here and mender.simplest(here, kinds) is not None:
                return None
            better = mender.simplest(self.others(), kinds)
            if better is not None and better.site.statement not in own:
                return better
        if kind == "missing-term" and (carried := self.carried()) is not None:
            return carried
        if told is not None and told.part is not None:
            earlier = self.made(told.part) or mender.simplest(self.others(), OF_CONSTANTS)
            if earlier is not None:
                return earlier
        if told is not None and PATH in told.hint and found.blames[0].site.kind == "change":
            part = self.locator.in_parts(found.blames[0])
            return part if part is not None and self.explains(part) else None
        given = self.given_to_helper(found.blames) if kind not in PLAIN else []
        kinds = GIVEN if kind is None else ("wrong-variable", "nearby")
        if given and (better := mender.simplest(given, kinds)) is not None:
            return better
        if not is_doubtful:
            return None
        statements = {b.site.statement for b in found.blames}
        blamed = [s for s in self.suspects() if s.site.statement in statements]
        better = mender.blamed(blamed, *self.lines_before())
        if better is not None or kind is not None:
            return better
        if (carried := self.carried()) is not None:
            return carried
        if (other := self.contribution() or self.given()) is not None:
            return other
        part = self.locator.in_parts(found.blames[0]) if len(found.blames) == 1 else None
        return part or self.begun_before(statements)

    def begun_before(self, statements: set[Any]) -> Blame | None:
        """The earlier line at which what is wrong begins, if nothing else tells what is wrong."""
        events = [e for b in self.found.blames for e in b.events]
        if not events or not self.bench.wrong:
            return None
        found = origin_of(events, self.suspects(), self.bench, self.locator.suspicion)
        if found is None or found.site.statement in statements:
            return None
        mender = Mender(self.bench, self.bench.wrong, self.bench.spent + limits.CHANGE / 4)
        given = self.given_to_helper([found])
        return (mender.simplest(given, GIVEN) if given else None) or found

    def void(self) -> Blame | None:
        """The line that does nothing as it is written, if something there makes all right.

        What another line lacks that adds to the same array may as well be added there.
        """
        suspects = [s for s in self.suspects() if s.site.kind in ("assign", *CONTAINED)]
        files = {s.site.filename for s in suspects}
        void = {(f, span_of(s)): kind for f in files for s in statements_in(f) if (kind := void_kind(s))}
        for s in suspects:
            kind = void.get((s.site.filename, s.site.statement))
            if kind is None or not self.bench.wrong <= self.bench.reached(s.site):
                continue
            s.matches = [self.bench.known.matches(np.asarray(e.value)) for e in s.events]
            ways = self.locator.trials.tried(s, {}, self.bench.wrong, True)
            blame = next((b for b in ways if len(b.results) == len(self.bench.wrong)), None)
            blame = blame or mended(s, s.events, self.bench)
            if blame is not None:
                return replace(blame, guess=Guess(kind, "it does nothing"))
        return None

    def made(self, part: Any) -> Blame | None:
        """The line that made what comes back by some paths, but for a constant that is wrong there."""
        for s in self.suspects():
            event = s.events[-1]
            if ratio(event.value, part) is None or near(event.value, part):
                continue
            values = {event.n: part}
            if all(self.bench.flags({s.site: s.holding(values)})[0]):
                results = [self.bench.results[i] for i in sorted(self.bench.wrong)]
                return Blame(s.site, [event], values, None, {}, 1.0, results)
        return None

    def carried(self) -> Blame | None:
        """The line that hands on to the next round, if only the first round is right, which gets nothing.

        In a loop back through time, `dh = dy + dnext` is wrong if `dnext` lacks something.
        """
        blame = self.found.blames[0]
        rounds = [e for e in self.found.outcome.events if e.site is blame.site]
        if len(rounds) < 2 or not blame.events or rounds[0].n in blame.values or blame.site.kind != "assign":
            return None
        site = blame.site
        names = carried_into(tree_of(site.filename, text_of(site.filename)), site.span)
        for s in self.suspects():
            if s.site.name not in names or s.site.function != site.function or s.time < rounds[0].time:
                continue
            if s.site is site or not self.bench.wrong <= self.bench.reached(s.site):
                continue
            maker = self.maker(s)
            found = mended(maker, maker.events, self.bench)
            if found is not None:
                told = self.reasons.of(blame)
                is_told = told.is_proven and len(self.found.blames) == 1
                guess = Guess(told.kind, told.hint.partition(";")[0]) if is_told else None
                return replace(found, guess=guess)
        return None

    def given(self) -> Blame | None:
        """The call that gave a helper the very value that is blamed there: it is wrong where it comes in."""
        blame = self.found.blames[0]
        if len(self.found.blames) > 1 or len(blame.values) < len(blame.events):
            return None
        arguments = [s for s in self.suspects() if s.site.kind == "argument" and s.site is not blame.site]
        for s in arguments:
            values = {}
            for event in blame.events:
                before = [a for a in s.events if a.time < event.time and is_given_to(a, event)]
                if before and same_value(before[-1].value, event.value):
                    values[before[-1].n] = blame.values[event.n]
            if len(values) == len(blame.events) and all(self.bench.flags({s.site: s.holding(values)})[0]):
                events = [a for a in s.events if a.n in values]
                return Blame(s.site, events, values, blame.family, {}, blame.scale, blame.results)
        return None

    def contribution(self) -> Blame | None:
        """The one line that adds something unknown to an array, if what the blamed one adds is right.

        Each use of a variable contributes to its gradient, and the engine knows the contributions.
        """
        blame = self.found.blames[0]
        owners = {id(e.owner) for e in blame.events if type(e.owner) is np.ndarray}
        if blame.site.kind not in CONTAINED or not owners:
            return None
        statements = {e.site.statement for e in self.found.outcome.events if id(e.owner) in owners}
        adding = [
            s
            for s in self.suspects()
            if s.site.statement in statements
            and (
                s.site.kind == "share" or (s.site.kind == "assign" and any(np.any(e.value) for e in s.events))
            )
        ]
        unknown = [s for s in adding if not self.is_contribution(s)]
        if len(unknown) != 1 or unknown[0].site.statement == blame.site.statement:
            return None
        return mended(unknown[0], unknown[0].events, self.bench)

    def is_contribution(self, suspect: Suspect) -> bool:
        """Whether all values of a line are gradients or contributions to some."""
        matches = (self.found.known.matches(np.asarray(e.value)) for e in suspect.events[:MOST_LOOKED_AT])
        kinds = ("gradient", "share")
        return all(
            any(m.label.kind in kinds and m.scale == 1 and m.form == "same" for m in ms) for ms in matches
        )

    def maker(self, suspect: Suspect) -> Suspect:
        """The line of a helper that returned what a line has from it; else that line itself."""
        owners = {id(e.owner) for e in suspect.events}
        for other in self.suspects():
            is_returned = (
                other.site.kind in ("return", "element") and other.site.function != suspect.site.function
            )
            if is_returned and {id(e.owner) for e in other.events} >= owners:
                return other
        return suspect

    def given_to_helper(self, blames: list[Blame]) -> list[Suspect]:
        """The arguments of the call in which a line that is blamed went wrong."""
        calls = {e.calls[0] for b in blames for e in b.events if e.calls and b.is_explained}
        return [
            s for s in suspects_in(self.found.outcome.events)
            if s.site.kind == "argument" and (s.site.filename, s.site.lineno) in calls
            and self.bench.wrong <= self.bench.reached(s.site)
        ]  # fmt: skip

    def explains(self, blame: Blame) -> bool:
        """Whether it can be told what is wrong with a line."""
        before = self.found.blames
        self.reasons.blame([blame])
        is_told = self.reasons.of(blame).is_proven
        self.reasons.blame(before)
        return is_told

    def reaching(self) -> list[Suspect]:
        """The lines that have a part in all that is wrong."""
        return [s for s in self.suspects() if self.bench.wrong <= self.bench.reached(s.site)]

    def others(self) -> Iterator[Suspect]:
        """Of these the ones that may hold a constant too many or too few: no gradients as they should be."""
        return (
            s
            for s in self.reaching()
            if not self.is_named_rightly(s) and not self.is_gradient(s) and self.may_precede(s)
        )

    def may_precede(self, suspect: Suspect) -> bool:
        """Whether a line comes before what is blamed, if that is wrong by its name; or goes by that name."""
        blames = self.found.blames
        events = [e for b in blames for e in b.events]
        nodes = {n for b in blames for n in b.nodes.values()}
        is_named = any(n in nodes for e in events for n in self.locator.suspicion.named(e))
        last = max((e.time for e in events), default=0)
        return not is_named or suspect.time <= last or suspect.site.name in {e.name for e in events}

    def is_named_rightly(self, suspect: Suspect) -> bool:
        """Whether a line made what its name says."""
        suspicion = self.locator.suspicion
        known = self.bench.known
        return all(
            any(near(e.value, known.truth[n]) for n in suspicion.named(e)) for e in suspect.events[:20]
        )

    def suspects(self) -> list[Suspect]:
        """The lines that did not make the loss."""
        places = self.found.forward.places
        found = suspects_in(self.found.outcome.events)
        return [s for s in found if (s.site.filename, s.site.span) not in places]

    def is_gradient(self, suspect: Suspect) -> bool:
        """Whether all values of a line are gradients, and nothing is too many in them."""
        matches = (self.found.known.matches(np.asarray(e.value)) for e in suspect.events[:MOST_LOOKED_AT])
        return all(
            any(m.label.kind == "gradient" and m.scale == 1 and m.form == "same" for m in ms)
            for ms in matches
        )

    def turned(self) -> str | None:
        """The list in which all that is wrong stands, if each is right at another place there."""
        pairs = zip(self.found.results, self.found.right, strict=True)
        wrong = [r for r, ok in pairs if not ok]
        names = {r.way[0] if r.way and r.true is not None else None for r in wrong}
        if len(wrong) < 2 or len(names) > 1 or None in names:
            return None
        is_moved = all(any(near(r.value, other.true) for other in wrong if other is not r) for r in wrong)
        return names.pop() if is_moved else None

    def is_doubtful(self) -> bool:
        """Whether what is blamed may only follow from another line: there are several, or no reason."""
        blames = self.found.blames
        if len(blames) > 1 or not blames[0].is_explained:
            return True
        blame = blames[0]
        event = blame.events[0] if blame.events else None
        if event is None:
            return True
        return not self.reasons.of(blame).is_proven or bool(self.rivals(blame))

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
            if id(e.owner) in owners and e.site.kind in ("assign", *CONTAINED)
        }  # fmt: skip
        if self.reasons.of(blame).is_proven:
            sites -= {blame.site.statement}
        return [s for s in suspects if s.site.statement in sites and s.site.kind in ("share", "assign")]

    def lines_before(self) -> tuple[list[Suspect], list[Suspect]]:
        """The lines that may be changed on trial: those up to what is blamed first, from the latest back.

        They are those that all that is wrong was made of.  First those whose values are none of the engine's.
        """
        blames = self.found.blames
        if len(blames) == 1 and blames[0].is_explained and self.reasons.of(blames[0]).is_proven:
            return self.rivals(blames[0]), []
        wrong = self.bench.wrong
        explained = [b for b in blames if b.is_explained]
        last = max((e.time for b in explained for e in b.events), default=len(self.found.outcome.events))
        suspects = self.suspects()
        suspects.sort(key=lambda s: (s.time > last, -s.time if s.time <= last else s.time))
        unknown: list[Suspect] = []
        known: list[Suspect] = []
        for s in suspects:
            if not wrong <= self.bench.reached(s.site):
                continue
            is_plain = all(is_known(e, self.bench) or not np.any(e.value) for e in s.events[:20])
            (known if is_plain or s.time > last else unknown).append(s)
        return unknown, known
