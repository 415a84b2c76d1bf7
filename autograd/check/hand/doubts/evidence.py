"""What speaks for a line and what against it: the findings, and what tries changes of lines."""

from __future__ import annotations

from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from .. import limits
from ..diagnose.case import Guess
from ..diagnose.diagnosis import Diagnosis
from ..judgement import Judgement
from ..locate.bench import Bench
from ..locate.blame import Locator
from ..locate.forms import is_handed_on, is_put_into, names_read
from ..locate.mend import Mender
from ..locate.screening import Screen
from ..locate.suspects import Blame, Suspect, suspects_in
from ..match.names import stems
from ..match.near import DIGITS, near, ratio
from ..observe.probes.record import Event
from ..observe.probes.sites import Site
from ..reasons import Reasons

MOST_LOOKED_AT = 20
# Kinds of changes: of what is in the line itself; a constant where it should not be; another number
PLAIN = ("sign", "transpose", "shape", "overwritten", "extra-factor", "extra-term")
TOO_MANY, OF_SCALES = ("factor", "extra-factor"), ("wrong-variable", "number", "nearby")
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


@dataclass
class Evidence:
    """What was found and why, and the lines that may be to blame: `suspects`."""

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

    def told_of(self, blame: Blame) -> Guess | None:
        """The kind of mistake that a line makes, if it can be told."""
        told = self.diagnosed(blame)
        return Guess(told.kind, told.hint.partition(";")[0], told.lineno) if told.is_proven else None

    def diagnosed(self, blame: Blame) -> Diagnosis:
        """What is wrong with a line, if it is the one that is to blame."""
        if blame.guess is not None:
            return self.reasons.of(blame)
        with self.blaming(blame):
            return self.reasons.of(blame)

    @contextmanager
    def blaming(self, blame: Blame) -> Iterator[None]:
        """A block in which one line is to blame."""
        before = self.found.blames
        if before == [blame]:
            yield
            return
        self.reasons.blame([blame])
        try:
            yield
        finally:
            self.reasons.blame(before)

    def mender(self, part: float = 1) -> Mender:
        """What tries changes of lines, with a part of the work that it may do."""
        stop = self.bench.spent + part * limits.CHANGE
        return Mender(self.bench, self.bench.wrong, stop, self.screens)

    def explains(self, blame: Blame) -> bool:
        """Whether it can be told what is wrong with a line."""
        return self.diagnosed(blame).is_proven

    def read_by_forward(self, function: str) -> set[str]:
        """The variables that the lines of a function read which made the loss."""
        places = self.found.forward.places
        sites = {e.site for e in self.found.outcome.events if e.site.function == function}
        made = (site for site in sites if (site.filename, site.span) in places)
        return set[str]().union(*map(names_read, made))

    def reaching(self) -> list[Suspect]:
        """The lines that have a part in all that is wrong, but for what forward puts by for later."""
        wrong = self.bench.wrong
        return [s for s in self.suspects if wrong <= self.bench.reached(s.site) and not self.is_put_by(s)]

    def of_line(self, blame: Blame) -> list[Suspect]:
        """Of these the ones that are of the statement that is blamed."""
        return [s for s in self.reaching() if s.site.statement == blame.site.statement]

    def is_put_by(self, suspect: Suspect) -> bool:
        """Whether a line puts what it reads under a key, before the loss is known: `cache["D"] = D`."""
        site, is_early = suspect.site, suspect.events[-1].time < self.time_of_the_loss
        return is_early and site.kind == "assign" and is_put_into(site) and is_handed_on(site)

    @cached_property
    def time_of_the_loss(self) -> int:
        """When the loss is computed, by one function that is forward and backward; 0 by others."""
        loss = self.found.forward.root.data
        single = (e for e in self.found.outcome.events if np.size(e.value) == 1)
        return next((e.time for e in single if near(np.reshape(e.value, np.shape(loss)), loss)), 0)

    def others(self) -> Iterator[Suspect]:
        """Of these the ones that may hold a constant too many or too few: no gradients as they should be."""
        return (
            s
            for s in self.reaching()
            if not self.is_named_rightly(s)
            and not self.is_gradient(s)
            and self.may_precede(s)
            and not (s.site.kind == "share" and s.site.statement in self.locator.suspicion.finished)
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
        """Whether a line first made what its name says: later it may have been given what is wrong."""
        known, first = self.bench.known, suspect.events[0]
        named = self.locator.suspicion.named(first)
        given = known.forward.given.items()
        own = {n for (_, name), nodes in given if name in stems(first.name) for n in nodes}
        return any(self.is_as_derived(first.value, known.truth[n]) for n in named if not own or n in own)

    def is_as_derived(self, value: Any, true: Any) -> bool:
        """Whether a value is a gradient, or times a constant that others carry as well."""
        c = ratio(value, true)
        return near(value, true) or (c is not None and round(c, DIGITS) in self.locator.suspicion.carried)

    def is_right_by_name(self, blame: Blame) -> bool:
        """Whether a line that could be blamed first made what its name says."""
        return any(s.site is blame.site and self.is_named_rightly(s) for s in self.suspects)

    def is_of_its_name(self, event: Event) -> bool:
        """Whether a value is what forward had by this name."""
        forward = self.found.forward
        nodes = forward.bound.get(event.name, [])
        return any(np.shape(n.data) == np.shape(event.value) and near(event.value, n.data) for n in nodes)

    def is_gradient(self, suspect: Suspect) -> bool:
        """Whether a line first made a gradient, and nothing is too many in it."""
        matches = self.locator.suspicion.matches(suspect.events[0].value)
        return any(m.label.kind == "gradient" and m.scale == 1 and m.form == "same" for m in matches)


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
