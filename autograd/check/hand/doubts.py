"""Second thoughts on what is blamed: whether a small change of another line explains more."""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Container, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from . import limits
from .diagnose.case import Guess
from .diagnose.diagnosis import Diagnosis
from .diagnose.repair import loads_of
from .judgement import Judgement
from .locate.bench import Bench
from .locate.blame import Locator
from .locate.elsewhere.calls import arguments, handed_in
from .locate.elsewhere.narrow import narrow_line
from .locate.elsewhere.origins import origin_of
from .locate.elsewhere.returned import (
    is_out_of_order,
    made_before,
    returned_within,
    returns_to,
)
from .locate.elsewhere.rounds import handed_on
from .locate.elsewhere.scales import (
    constant_in,
    divided,
    hands_on_scale,
    multiples_of_known,
    scaled_before,
)
from .locate.elsewhere.solved import makes_anything, masked_as, mended, replaced_well
from .locate.elsewhere.sums import contribution, maker_of, odd_one_out, void_line, writer_of
from .locate.elsewhere.updates import is_carried, other_rate
from .locate.forms import (
    has_minus,
    is_call,
    is_handed_on,
    is_masked,
    is_picked,
    is_renaming,
    is_scaling,
    is_unpacked,
    names_read,
)
from .locate.mend import Mender, is_known
from .locate.screening import Screen
from .locate.suspects import CONTAINED, Blame, Suspect, suspects_in
from .match.names import is_called_gradient, is_called_slope
from .match.near import near, ratio
from .match.results import Result
from .observe.probes.patch import statements_around
from .observe.probes.record import Event, is_of_truths
from .observe.probes.sites import Site
from .reasons import Reasons
from .source.nearby import names_set

# A constant or a sign may be missing in any of several lines: one that has it where it should not is the one
TOO_MANY = ("factor", "extra-factor")
SIMPLER = {"factor": TOO_MANY, "missing-factor": TOO_MANY, "sign": ("sign",)}
# What is in the line itself
PLAIN = ("sign", "transpose", "shape", "overwritten", "extra-factor", "extra-term")
# What may be wrong with the constant before a part of a sum
OF_CONSTANTS = (
    "sign", "missing sign", "factor", "number", "missing constant", "extra-factor", "forgotten factor"
)  # fmt: skip
# What may be wrong with a value that a helper is given, if it cannot be told what is wrong in the helper
GIVEN = ("wrong-variable", "nearby", "sign", "transpose", "forgotten factor", "forgotten term")
EXCHANGED = "are exchanged"
OF_FACTORS = (None, "missing-factor", "factor", "missing-term")  # what a line that only renames may lack
OF_NUMBERS = ("factor", "sign", "wrong-variable")  # what may be wrong with a number that is multiplied by
OF_SCALES = ("wrong-variable", "number", "nearby")  # and what tries it
# What may be wrong with a line that only picks something, if the line that uses it seems to be wrong
OF_PICKED = {
    "wrong-variable": ("nearby", "wrong-variable"),
    "missing-factor": ("forgotten factor", "missing-factor"),
}
# Where a constant or a sign explains all, nothing need be inserted elsewhere
OF_CONSTANT, INSERTED = ("factor", "sign"), ("missing-term", "missing-factor")
OF_SUMS = ("missing-term", "jacobian", "overwritten")
MOST_LOOKED_AT = 20
PATH = "what comes back through"


class Doubt(NamedTuple):
    """What is told of the line that is blamed, if it is proven its kind, and what tries changes of others.

    `own` are the statements that are blamed, unless it is doubtful that they are.
    """

    kind: str | None
    told: Diagnosis | None
    own: set[Any]
    mender: Mender

    @property
    def is_of_paths(self) -> bool:
        """Whether it is told of what comes back by some paths."""
        return self.told is not None and PATH in self.told.hint

    def other(self, blame: Blame | None) -> Blame | None:
        """A blame, if it is of another statement."""
        return blame if blame is not None and blame.site.statement not in self.own else None


@dataclass(slots=True)
class Doubts:
    """Whether the right line is blamed, of those that may be: `suspects`."""

    reasons: Reasons
    bench: Bench
    locator: Locator
    suspects: list[Suspect] = field(init=False)
    screens: dict[Site, Screen] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.suspects = suspects_beside(self.found.outcome.events, self.found.forward.places)

    @property
    def found(self) -> Judgement:
        """What was found."""
        return self.reasons.found

    def better(self) -> Blame | None:
        """Another line, if a small change of it explains more than that the one that is blamed is wrong."""
        found = self.other()
        if found is not None:
            return self.exchanged_before(found) or self.before(found, self.told_of(found)) or found
        blames = self.found.blames
        return self.before(blames[0], self.told_of(blames[0])) if len(blames) == 1 else None

    def before(self, blame: Blame, told: Guess | None) -> Blame | None:
        """The line before one that only does with a value what it should, if there is such a line."""
        before = self.before_scaling(blame, told)
        if told is None or told.lineno is None:
            before = writer_of(before or blame, self.suspects, self.bench) or before
        return before or self.picked(blame, told)

    def picked(self, blame: Blame, told: Guess | None) -> Blame | None:
        """The line that gave a name to the wrong thing, or to less than it should, if that explains all."""
        if told is None or told.kind not in OF_PICKED:
            return None
        site, read = blame.site, loads_of(blame.site)
        picks = [
            s for s in self.reaching()
            if s.site.name in read and s.site.function == site.function and is_picked(s.site)
            and s.site.statement != site.statement and not self.is_named_rightly(s)
        ]  # fmt: skip
        return self.mender(1 / 4).simplest(picks, OF_PICKED[told.kind]) if picks else None

    def other(self) -> Blame | None:
        """Another line, if a small change of it explains more than that the one that is blamed is wrong.

        First comes what can be told at once; then what the kind of the mistake suggests; and if no kind could
        be told, small changes of all lines.
        """
        self.bench.deadline = time.thread_time() + limits.SECONDS
        if (name := self.turned()) is not None:
            return self.mender().reversed(name, {e.site for e in self.found.outcome.events})
        if not self.found.blames:
            return self.mender().blamed(*self.lines_before())
        if (line := self.told_at_once() or self.as_made()) is not None:
            return line
        is_doubtful = self.is_doubtful()
        told = self.reasons.told.get(id(self.found.blames[0]))
        is_told = told is not None and told.is_proven and len(self.found.blames) == 1
        kind = told.kind if told is not None and is_told else None
        mender = self.mender(1 if is_doubtful else 1 / 4)
        own = set() if is_doubtful else {b.site.statement for b in self.found.blames}
        if own and kind in SIMPLER and self.is_simple(own, SIMPLER[kind], mender):
            return None
        if is_doubtful and (odd := self.odd()) is not None:
            return odd
        doubt = Doubt(kind, told, own, mender)
        if (line := self.suggested(doubt) or self.misread(doubt)) is not None:
            return line
        if doubt.is_of_paths and self.found.blames[0].site.kind == "change":
            part = self.locator.in_parts(self.found.blames[0])
            return replace(part, guess=self.told_of(self.found.blames[0])) if part is not None else None
        return self.given(kind, mender) or (self.searched(kind, mender) if is_doubtful else None)

    def odd(self) -> Blame | None:
        """The one line of a sum that adds no contribution to the gradient that all others add to."""
        wrong = self.bench.wrong
        for s in odd_one_out(self.suspects, self.bench.known):
            if wrong <= self.bench.reached(s.site):
                found = self.mender(1 / 4).blamed([s]) or mended(s, s.events, self.bench)
                if found is not None:
                    return found
        return None

    def misread(self, doubt: Doubt) -> Blame | None:
        """The line of a mask, a slope or an unknown value that is read where it seems to be wrong.

        It is to blame if a change of it makes all right, or a mask, a slope or another value in its place.
        """
        if len(self.found.blames) > 1 or doubt.kind in PLAIN:
            return None
        site, told = self.found.blames[0].site, doubt.kind is not None
        is_of_line = told and doubt.told is not None and doubt.told.lineno is not None
        made = {e.site for e in self.found.outcome.events if e.owner is self.found.blames[0].events[0].owner}
        read = set[str]().union(*map(names_read, {site} | made))
        own = {one.statement for one in {site} | made}
        for s in self.reaching():
            is_read = s.site.name in read and s.site.kind == "assign" and s.site.function == site.function
            is_own = s.site.statement in own or is_unpacked(s.site)
            if not is_read or is_own or is_called_gradient(s.site.name):
                continue
            if told and not (is_slope(s) or (not is_of_line and self.is_strange(s))):
                continue
            found = self.mender(1 / 8).blamed([s]) if not told else None
            found = found or masked_as(s, self.found.blames[0], self.bench) or replaced_well(s, self.bench)
            if found is not None:
                return found
        return None

    def is_strange(self, suspect: Suspect) -> bool:
        """Whether a line makes what the engine does not know."""
        known, events = self.bench.known, suspect.events[:MOST_LOOKED_AT]
        return not all(known.is_slope(e.value) or known.matches(e.value) for e in events)

    def as_made(self) -> Blame | None:
        """The line that made what is blamed where it is only handed on, if that can be told what it lacks.

        It may be one of a helper if nothing can be told of the line that takes what the helper left.
        """
        blame = self.found.blames[0]
        is_returned = blame.site.kind in ("return", "element")
        if len(self.found.blames) > 1 or not is_handed_on(blame.site):
            return None
        if not is_returned and self.reasons.of(blame).is_proven:
            return None
        makers = [s for s in self.suspects if not is_returned or s.site.function == blame.site.function]
        maker = made_before(blame, makers, self.bench)
        if maker is None or is_call(maker.site):  # a helper has made it, and is right perhaps
            return None
        return maker if self.explains(maker) else None

    def before_scaling(self, blame: Blame, told: Guess | None) -> Blame | None:
        """The line before one that only multiplies by a number, unless it is the number that is wrong."""
        if not is_scaling(blame.site) or len(blame.events) != 1:
            return None
        if told is not None and told.kind in OF_NUMBERS:
            own = [s for s in self.suspects if s.site.statement == blame.site.statement]
            return None if told.lineno else self.mender(1 / 4).simplest(own, OF_SCALES)
        found = scaled_before(blame, self.suspects, self.bench)
        if found is None or told is None or self.explains(found):
            return found
        return replace(found, guess=told)

    def told_of(self, blame: Blame) -> Guess | None:
        """The kind of mistake that a line makes, if it can be told."""
        told = self.diagnosed(blame)
        return Guess(told.kind, told.hint.partition(";")[0], told.lineno) if told.is_proven else None

    def diagnosed(self, blame: Blame) -> Diagnosis:
        """What is wrong with a line, if it is the one that is to blame."""
        before = self.found.blames
        if before == [blame] or blame.guess is not None:
            return self.reasons.of(blame)
        self.reasons.blame([blame])
        told = self.reasons.of(blame)
        self.reasons.blame(before)
        return told

    def mender(self, part: float = 1) -> Mender:
        """What tries changes of lines, with a part of the work that it may do."""
        stop = self.bench.spent + part * limits.CHANGE
        return Mender(self.bench, self.bench.wrong, stop, self.screens)

    def told_at_once(self) -> Blame | None:
        """The update with another constant than others have, or a line that does nothing as it is written."""
        events, bench = self.found.outcome.events, self.bench
        rate = other_rate(events, bench)
        if rate is not None:
            is_turned = rate.guess is not None and rate.guess.kind == "sign"
            if is_turned or all(is_carried(b, events, bench) for b in self.found.blames):
                return rate
        return void_line(self.suspects, bench, self.locator.trials)

    def is_simple(self, own: set[Any], kinds: tuple[str, ...], mender: Mender) -> bool:
        """Whether taking something away in the line that is blamed makes all right."""
        here = [s for s in self.reaching() if s.site.statement in own]
        return bool(here) and mender.simplest(here, kinds) is not None

    def suggested(self, doubt: Doubt) -> Blame | None:
        """Another line that a mistake of this kind may as well be in."""
        if is_renaming(self.found.blames[0].site):
            return None
        ways = (
            self.never_reached, self.multiplied, self.too_many, self.masked, self.replaced, self.renamed,
            self.head_of_the_loop, self.returned, self.carried, self.instead, self.constant, self.too_little,
        )  # fmt: skip
        return next(filter(None, (way(doubt) for way in ways)), None)

    def too_many(self, doubt: Doubt) -> Blame | None:
        """A line that has a constant or a sign where it should not."""
        if doubt.kind not in SIMPLER and doubt.own:
            return None
        others = [s for s in self.others() if doubt.kind != "sign" or has_minus(s.site)]
        others = [s for s in others if not hands_on_scale(s, self.found.outcome.events, self.bench.known)]
        return doubt.other(doubt.mender.simplest(others, SIMPLER.get(doubt.kind or "", TOO_MANY)))

    def multiplied(self, doubt: Doubt) -> Blame | None:
        """The line before that makes all wrong by a constant: one that blamed lines read, or any."""
        blames = self.found.blames
        c = constant_in(blames[0])
        if c is None or c == 0 or not blames[0].is_explained:
            return None
        bench, read = self.bench, loads_of(blames[0].site)
        before = [s for s in self.reaching() if s.time < blames[0].events[0].time and not is_unpacked(s.site)]
        if len(blames) > 1:
            made = (divided(s, s.events, c, bench) for s in reversed(before))
        else:
            picks = [s for s in before if s.site.name in read]
            inner = (r for s in picks if is_call(s.site) for r in returns_to(s.events, self.suspects))
            factors = ((s, multiples_of_known(s, c, bench.known)) for s in (*inner, *picks))
            made = (divided(s, events, c, bench) for s, events in factors)
        return next(filter(None, made), None)

    def masked(self, doubt: Doubt) -> Blame | None:
        """A line with another comparison: `dh[h < 0] = 0` writes nothing where no h is below 0."""
        if doubt.kind not in (None, "missing-factor"):
            return None
        masked = [s for s in self.reaching() if is_masked(s.site)]
        return doubt.mender.simplest(masked, ("wrong-variable",)) if masked else None

    def replaced(self, doubt: Doubt) -> Blame | None:
        """A line that replaces what it should add to: the rest of a sum may look like some of the paths."""
        if doubt.kind not in OF_SUMS:
            return None
        return doubt.other(doubt.mender.simplest(self.reaching(), ("overwritten",)))

    def renamed(self, doubt: Doubt) -> Blame | None:
        """A line that only renames a gradient, and lacks a factor or a term."""
        if doubt.kind not in OF_FACTORS:
            return None
        renamed = [s for s in self.reaching() if is_renaming(s.site) and not self.is_named_rightly(s)]
        if not renamed:
            return None
        better = doubt.mender.simplest(renamed, ("forgotten factor", "forgotten term"))
        if better is None and doubt.is_of_paths:
            told = (s for s in renamed if not makes_anything(s, self.bench))
            better = next(filter(None, (mended(s, s.events, self.bench) for s in told)), None)
        return doubt.other(better)

    def head_of_the_loop(self, doubt: Doubt) -> Blame | None:
        """The head of a loop over several values, if the wrong one is what the line has from there."""
        if doubt.kind != "wrong-variable":
            return None
        blame = self.found.blames[0]
        wrong = re.search(r"`(\w+)` is the wrong variable", self.reasons.of(blame).hint)
        loops = statements_around(blame.site.filename, blame.site.statement)
        heads = [s for s in loops if isinstance(s, ast.For) and wrong and wrong[1] in names_set(s.target)]
        if not heads:
            return None
        return doubt.mender.in_rounds([s for s in self.suspects if s.site.statement == blame.site.statement])

    def returned(self, doubt: Doubt) -> Blame | None:
        """What a helper returned, if the same may be told of that as of the line that called it."""
        is_helpers = doubt.kind in ("missing-term", "jacobian") and is_call(self.found.blames[0].site)
        return self.within() if doubt.is_of_paths or is_helpers else None

    def carried(self, doubt: Doubt) -> Blame | None:
        """The line that hands on to the next round what lacks a term there."""
        return self.handed_on() if doubt.kind == "missing-term" else None

    def never_reached(self, doubt: Doubt) -> Blame | None:
        """The head of a loop that ends too early, if nothing has come back to what is blamed."""
        events = [e for b in self.found.blames for e in b.events]
        return None if any(np.any(e.value) for e in events) else doubt.mender.of_heads(self.suspects)

    def instead(self, doubt: Doubt) -> Blame | None:
        """The later line that would be blamed if this one were not, if it can be told what is wrong there."""
        later = self.found.blames[0].instead
        return later if doubt.is_of_paths and later is not None and self.explains(later) else None

    def constant(self, doubt: Doubt) -> Blame | None:
        """The line that made the part of a sum that has another constant before it."""
        if doubt.told is None or doubt.told.part is None:
            return None
        maker = maker_of(doubt.told.part, self.suspects, self.bench)
        return maker or doubt.mender.simplest(self.others(), OF_CONSTANTS)

    def too_little(self, doubt: Doubt) -> Blame | None:
        """The line that adds a part of the term that is missing: its constant is wrong, or its sign."""
        blame = self.found.blames[0]
        event = blame.events[-1] if blame.events else None
        if doubt.kind != "missing-term" or event is None or event.n not in blame.values:
            return None
        apart = blame.values[event.n] - event.value
        for s in (s for s in self.suspects if s.site.kind == "share" and len(s.events) == 1):
            own = s.events[0]
            c = ratio(apart, own.value) if s.site.name == blame.site.name else None
            if c is None or s.site.statement in doubt.own:
                continue
            values = {own.n: (1 + c) * own.value}
            if all(self.bench.flags({s.site: s.holding(values)})[0]):
                return Blame(s.site, [own], values, None, {}, 1.0, blame.results)
        return None

    def given(self, kind: str | None, mender: Mender) -> Blame | None:
        """What a helper was given; but if no kind could be told, first the constant of an update."""
        events, bench = self.found.outcome.events, self.bench
        if kind is None and (update := other_rate(events, bench)) is not None:
            return update
        given = arguments(self.found.blames, suspects_in(events), bench) if kind not in PLAIN else []
        if not given:
            return None
        if kind is not None:
            return mender.simplest(given, ("wrong-variable", "nearby"))
        statements = {b.site.statement for b in self.found.blames}
        own = [s for s in self.suspects if s.site.statement in statements]
        return mender.simplest(own, GIVEN) or mender.simplest(given, GIVEN)

    def searched(self, kind: str | None, mender: Mender) -> Blame | None:
        """The line of which a small change makes all right; if there is none, where what is wrong begins."""
        statements = {b.site.statement for b in self.found.blames}
        blamed = [s for s in self.suspects if s.site.statement in statements]
        better = mender.blamed(blamed, *self.lines_before())
        if kind in OF_CONSTANT and better is not None and better.guess is not None:
            return None if better.guess.kind in INSERTED else better
        if better is not None or kind is not None or is_renaming(self.found.blames[0].site):
            return better
        return (
            self.handed_on()
            or self.within()
            or narrow_line(self.found.blames[0], self.suspects, self.bench, self.locator.suspicion)
            or self.elsewhere()
            or self.begun_before(statements)
        )

    def exchanged_before(self, better: Blame) -> Blame | None:
        """The line of a helper that returns gradients in the wrong order, where a call seems to unpack so."""
        if better.guess is None or EXCHANGED not in better.guess.text or better.patch is None:
            return None
        events = [e for e in self.found.outcome.events if e.site.statement == better.patch.span]
        returned = list(returns_to(events, self.suspects))
        if not is_out_of_order(returned, self.bench.known):
            return None
        return self.mender().simplest(returned, ("wrong-variable",))

    def within(self) -> Blame | None:
        """The line of a helper that returned what is wrong, if nothing can be told of its callers."""
        found = returned_within(self.found.blames, self.suspects, self.bench)
        if found is None or not is_handed_on(found.site):
            return found
        own = [s for s in self.reaching() if s.site.function == found.site.function]
        return self.mender(1 / 2).blamed(own) or made_before(found, own, self.bench) or found

    def handed_on(self) -> Blame | None:
        """The line that hands on to the next round of a loop what is wrong there."""
        blame = self.found.blames[0]
        found = handed_on(blame, self.suspects, self.found.outcome.events, self.bench)
        told = self.reasons.of(blame) if found is not None else None
        if found is None or told is None or not told.is_proven or len(self.found.blames) > 1:
            return found
        return replace(found, guess=Guess(told.kind, told.hint.partition(";")[0]))

    def elsewhere(self) -> Blame | None:
        """Another line that adds to the same array, or the call that gave a helper what is wrong."""
        blame, suspects = self.found.blames[0], self.suspects
        if (part := contribution(blame, suspects, self.found.outcome.events, self.bench)) is not None:
            return part
        if len(self.found.blames) > 1:
            return None
        return handed_in(blame, suspects, self.bench) or self.locator.in_parts(blame)

    def begun_before(self, statements: set[Any]) -> Blame | None:
        """The earlier line at which what is wrong begins, if nothing else tells what is wrong."""
        events = [e for b in self.found.blames for e in b.events]
        if not events or not self.bench.wrong:
            return None
        found = origin_of(events, self.suspects, self.bench, self.locator.suspicion)
        if found is None or found.site.statement in statements:
            return None
        given = arguments([found], suspects_in(self.found.outcome.events), self.bench)
        return (self.mender(1 / 4).simplest(given, GIVEN) if given else None) or found

    def explains(self, blame: Blame) -> bool:
        """Whether it can be told what is wrong with a line."""
        return self.diagnosed(blame).is_proven

    def reaching(self) -> list[Suspect]:
        """The lines that have a part in all that is wrong."""
        return [s for s in self.suspects if self.bench.wrong <= self.bench.reached(s.site)]

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

    def is_gradient(self, suspect: Suspect) -> bool:
        """Whether all values of a line are gradients, and nothing is too many in them."""
        matches = (self.locator.suspicion.matches(e.value) for e in suspect.events[:MOST_LOOKED_AT])
        return all(
            any(m.label.kind == "gradient" and m.scale == 1 and m.form == "same" for m in ms)
            for ms in matches
        )

    def turned(self) -> str | None:
        """The list in which all that is wrong stands, if each is right at another place there."""
        pairs = zip(self.found.results, self.found.right, strict=True)
        wrong = [r for r, ok in pairs if not ok]
        names = {list_of(r) if r.true is not None else None for r in wrong}
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
        made = [s for s in suspects if s.site.statement in sites and s.site.kind in ("share", "assign")]
        return [s for s in made if not is_call(s.site)]  # what a call returned was made in what it called

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
        unknown: list[Suspect] = []
        known: list[Suspect] = []
        for s in sorted(self.suspects, key=lambda s: (s.time > last, -s.time if s.time <= last else s.time)):
            if not wrong <= self.bench.reached(s.site) or (is_unpacked(s.site) and self.is_named_rightly(s)):
                continue
            is_plain = all(is_known(e, self.bench) or not np.any(e.value) for e in s.events[:20])
            (known if is_plain or s.time > last else unknown).append(s)
        return unknown, known


def is_slope(suspect: Suspect) -> bool:
    """Whether a line makes a mask, or what goes by the name of a slope."""
    return is_called_slope(suspect.site.name) or all(map(is_of_truths, suspect.events))


def list_of(result: Result) -> str | None:
    """The name of the variable, or of the attribute, under which a result stands in a list."""
    if result.way:
        return str(result.way[0])
    match result.place[-2:]:
        case (str() as name, int()):
            return name
    return None


def suspects_beside(events: list[Event], places: Container[Any]) -> list[Suspect]:
    """The lines that did not make the loss; but what they give a helper may be the wrong value of it."""
    found = suspects_in(events)
    made = [s for s in found if (s.site.filename, s.site.span) not in places]
    statements = {s.site.statement for s in made if s.site.kind != "argument"}
    return [
        s for s in found
        if (s.site.filename, s.site.span) not in places
        or (s.site.kind == "argument" and s.site.statement in statements)
    ]  # fmt: skip
