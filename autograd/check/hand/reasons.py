"""What is wrong with a line that is blamed, and what could be seen from it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import islice
from typing import Any

import numpy as np

from ...engine import Node
from . import limits
from .diagnose.case import MOST, Case, Round, worst
from .diagnose.diagnosis import Diagnosis, diagnosed
from .diagnose.formula import Source
from .diagnose.repair import Program, program_of
from .judgement import Judgement, Settings
from .locate.suspects import CONTAINED, Blame
from .match.known import Known, Match
from .match.near import near
from .match.results import Result
from .observe.probes.record import Event, Snapshot, is_array
from .observe.probes.sites import Site
from .observe.stage import Stage

MOST_RIGHT = 4  # rounds in which a line is right that a change has to leave as they are
MOST_UNEXPLAINED = 500  # changes that are tried of a line that was blamed for want of a better one
NOT_KNOWN = "it could not be told what should be here"
BEGINS_HERE = (
    "what it is made of is right and what it makes is not: other values here make all right, "
    "and several would do, so which one is meant could not be told"
)


def is_known(value: Any, known: Known) -> bool:
    """Whether a value is one of the engine's."""
    return known.is_slope(value) or known.is_value(value) or known.is_contribution(value)


class Reasons:
    """Why lines are blamed: with these put right, the backward pass runs once more.

    mended     the values that are then made
    snapshots  the variables at the lines that are blamed
    told       of each line that is blamed, what is wrong with it
    taken      the seconds of the thread that it took to tell; what takes long is told by numbers alone
    """

    def __init__(self, found: Judgement, stage: Stage, settings: Settings) -> None:
        self.found, self.stage, self.settings = found, stage, settings
        self.told: dict[int, Diagnosis] = {}
        self.tries, self.taken = iter(range(MOST)), 0.0
        self.blame([])

    def blame(self, blames: list[Blame]) -> None:
        """Let these lines be to blame."""
        self.found.blames = blames
        self.mended: dict[tuple[Site, int], Any] = {}
        self.snapshots: dict[tuple[Site, int], Snapshot] = {}
        if blames:
            overrides = {b.site: b.override for b in blames if b.patch is None}
            patches = [b.patch for b in blames if b.patch is not None]
            anchors = frozenset(map(self.anchor, blames))
            again = self.stage.backwards(overrides, anchors, noting=True, patches=patches)
            self.mended = {(e.site, e.n): e.value for e in again.events}
            self.snapshots = again.snapshots
            if any(b.is_held for b in blames):  # then the array is right from the first round on
                self.snapshots = self.stage.backwards({}, anchors).snapshots

    def anchor(self, blame: Blame) -> Site:
        """The site at which the variables are noted: of what changes something, before it does."""
        if blame.site.kind not in CONTAINED:
            return blame.site
        same = (e.site for e in self.found.outcome.events if e.site.statement == blame.site.statement)
        return next(
            (s for s in same if s.kind not in CONTAINED and s.filename == blame.site.filename), blame.site
        )

    def called(self, event: Event) -> list[Node]:
        """The nodes whose gradients a value may be, by what it is called."""
        if event.site.kind not in ("assign", "change", "entry", "element", "return"):
            return []
        return [n for n in self.found.known.called(event.name, *self.settings) if n in self.found.known.truth]

    def chosen(self, matches: list[Match], called: list[Node], result: Result | None) -> Match | None:
        """What a value is: what it results in or is called, if it may be that."""
        wanted = {result.node} if result is not None else set(called)
        first = [m for m in matches if m.label.node in wanted]
        if result is not None:
            return first[0] if first else None
        return next(iter(first or matches), None)

    def derived_before(self, event: Event | None) -> list[Source]:
        """The gradients that the user had before a value was made; all, if it is None."""
        found = []
        for other in self.found.outcome.events[: event.time if event is not None else None]:
            if other.name and other.site.kind in ("assign", "change", "entry"):
                matches = self.found.known.matches(np.asarray(other.value))
                gradients = [m for m in matches if m.label.kind == "gradient" and m.form == "same"]
                match = self.chosen(gradients, self.called(other), None)
                if match is not None:
                    found.append(Source(other.name, match.label.node, other.value, match.scale))
        return found

    def of(self, blame: Blame, node: Node | None = None, derived: list[Source] | None = None) -> Diagnosis:
        """What is wrong with a line that is blamed, told once."""
        if id(blame) not in self.told:
            event = blame.events[0]
            if derived is None:
                is_gradient = blame.family is not None and blame.family.kind == "gradient"
                node, derived = blame.nodes.get(event.n) if is_gradient else None, self.derived_before(event)
            self.told[id(blame)] = self.diagnosis(blame, node, derived)
        return self.told[id(blame)]

    def diagnosis(
        self,
        blame: Blame,
        node: Node | None,
        derived: list[Source],
    ) -> Diagnosis:
        """What is wrong with a line that is blamed: what a change of it says, or what its numbers do."""
        if (guess := blame.guess) is not None:
            if blame.patch is not None:
                return Diagnosis(guess.kind, guess.text, change=guess.change)
            pairs = ((e.value, blame.values[e.n]) for e in blame.events if e.n in blame.values)
            off = next((worst(*pair) for pair in pairs if not near(*pair)), None)
            hint = f"{guess.text}; {off}" if off is not None else guess.text
            return Diagnosis(guess.kind, hint, lineno=guess.lineno, change=guess.change)
        case = self.case_of(blame, node, derived)
        if not case.rounds:
            return Diagnosis("unknown", NOT_KNOWN if blame.change is None else BEGINS_HERE, is_proven=False)
        start = time.thread_time()
        told = diagnosed(case)
        self.taken += time.thread_time() - start
        is_value = blame.family is not None and blame.family.kind == "value"
        if told.is_proven or not is_value or blame.site.kind != "argument":
            return told
        hint = f"another value of the forward pass belongs here; {worst(case.value, case.expected)}"
        return Diagnosis("wrong-variable", hint)

    def case_of(self, blame: Blame, node: Node | None = None, derived: Sequence[Source] = ()) -> Case:
        """A line that is blamed, with what it made in each round and what it ought to have made."""
        forward, known = self.found.forward, self.found.known
        values = {
            n: v / scale for _, n, v, scale in derived if np.shape(v) == np.shape(n.data) and n is not node
        }
        region, frontier = forward.between(node, values) if node is not None else ([], [])
        start = min(e.time for b in self.found.blames for e in b.events)
        anchor, program = self.anchor(blame), program_of(blame.site)
        rounds = []
        for event in blame.events:
            if event.n in blame.values:
                snapshot = self.snapshots.get((anchor, event.n))
                if snapshot is not None and anchor is blame.site:
                    snapshot = self.as_before(snapshot, event)
                value = event.value
                is_first = event.time == start  # nothing was put right before it
                if program is not None and snapshot is not None and not blame.is_held and not is_first:
                    again = program.run(program.statement, snapshot, {})  # from what is right before it
                    value = again if is_array(again) else value
                rounds.append(Round(value, blame.values[event.n], snapshot, self.earlier(event)))
        left = limits.DIAGNOSING - self.taken
        tries = self.tries if left > 0 else iter(())
        others = [] if program is None or blame.site.kind in CONTAINED else self.right_rounds(blame, program)
        return Case(
            blame.site, rounds, forward, node, blame.scale, known.truth, values,
            {n: values[n] for n in frontier}, region, self.found.excused,
            others=others, tries=tries if blame.is_explained else islice(tries, MOST_UNEXPLAINED),
            deadline=time.thread_time() + max(left, limits.DIAGNOSING / 25),
        )  # fmt: skip

    def right_rounds(self, blame: Blame, program: Program) -> list[Round]:
        """Some rounds in which a line is right, once what is wrong in others is put right."""
        found = []
        made = (e for e in self.found.outcome.events if e.site is blame.site and e.n not in blame.values)
        for event in islice(made, MOST_RIGHT):
            snapshot, value = (
                self.snapshots.get((blame.site, event.n)),
                self.mended.get((event.site, event.n)),
            )
            if snapshot is None or value is None or not is_known(value, self.found.known):
                continue  # that of a round of which nothing comes may be wrong
            again = program.run(program.statement, snapshot, {})
            if is_array(again) and np.shape(again) == np.shape(value) and near(again, value):
                found.append(Round(value, value, snapshot, []))
        return found

    def as_before(self, snapshot: Snapshot, event: Event) -> Snapshot:
        """The variables before a line changed an array that notes them only afterwards: `d[i] -= 1`."""
        made = self.found.outcome.events[: event.time]
        earlier = next((e.value for e in reversed(made) if e.owner is event.owner), None)
        if event.site.kind != "change" or earlier is None or event.name not in snapshot.variables:
            return snapshot
        return Snapshot(snapshot.variables | {event.name: np.array(earlier)}, snapshot.globals)

    def earlier(self, event: Event) -> list[tuple[int, Any]]:
        """What the same name held before, in other arrays."""
        events = self.found.outcome.events[: event.time]
        return [(e.site.lineno, e.value) for e in events if e.name == event.name and e.name]
