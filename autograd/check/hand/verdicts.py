"""From what was observed at one point to the verdict on each line, with the kind of a mistake and a hint."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...engine import LEAF, Node
from .diagnose.case import Case, Round, worst
from .diagnose.constants import named
from .diagnose.diagnosis import Diagnosis, diagnosed
from .diagnose.formula import Source, explained
from .diagnose.repair import program_of
from .locate.bench import Bench
from .locate.blame import CONTAINED, Blame, Locator, Suspect, suspects_in
from .locate.mend import Mender, is_known
from .match.kinks import kinks
from .match.known import Family, Known, Label, Match, scale_of
from .match.names import is_called_gradient
from .match.near import apart, largest, near
from .match.results import (
    Result,
    assigned,
    collected,
    common_scale,
    judged_right,
    named_in,
    note_carried,
    same,
)
from .observe.graph import Forward
from .observe.probe import TimeUp
from .observe.record import Event, Snapshot, is_array
from .observe.rewrite import ENTRY, Site
from .observe.stage import Outcome, Shift, Stage, words_in
from .observe.trace import path_text
from .raised import diagnosis_of, place_of
from .report import Line

SEARCH = 2.0  # seconds that the search for a mistake may take
TAKEN_OUT = "times the true gradient, which the lines after it take out again"
KINKED = frozenset(
    ("maximum", "minimum", "max", "min", "amax", "amin", "fmax", "fmin", "absolute", "abs", "fabs", "where",
     "sign", "relu", "leaky_relu", "greater", "less", "greater_equal", "less_equal", "clip", "sort", "median",
     "norm", "heaviside")
)  # fmt: skip

Settings = tuple[str, Any]
MOST_ROUNDS = 50  # of a line, that a report tells of


@dataclass(slots=True)
class Judgement:
    """What was found at one point of the inputs."""

    forward: Forward
    known: Known
    results: list[Result]
    right: list[bool]
    outcome: Outcome
    lines: list[Line] = field(default_factory=list)
    excused: dict[Node, Any] = field(default_factory=dict)
    blames: list[Blame] = field(default_factory=list)

    @property
    def is_blind(self) -> bool:
        """Whether all true gradients are 0, so that nothing can be told."""
        return bool(self.results) and all(r.true is None or not np.any(r.true) for r in self.results)

    @property
    def is_loose(self) -> bool:
        """Whether a number was returned that belongs to no input: perhaps to a plain number among them."""
        return any(r.node is None and np.ndim(r.value) == 0 for r in self.results)

    @property
    def differs_at_kinks_only(self) -> bool:
        """Whether all that is wrong is so where the true gradient jumps."""
        wrong = [r for r, ok in zip(self.results, self.right, strict=True) if not ok]
        return bool(wrong) and self.outcome.raised is None and all(
            r.node in self.excused and np.shape(r.value) == np.shape(r.true)
            and near(np.where(self.excused[r.node], 0, r.value), np.where(self.excused[r.node], 0, r.true))
            for r in wrong
        )  # fmt: skip

    @property
    def ok(self) -> bool:
        return bool(self.results) and all(self.right) and self.outcome.raised is None


def judged(stage: Stage, settings: Settings, shift: Shift | None = None) -> Judgement:
    """The verdict at one point: first on the results, then, if one is wrong, on what led there."""
    forward = stage.traced(shift)
    known = Known(forward)
    with stage.live(forward, shift):
        found = observed(stage, forward, known, settings)
        has_kinks = not found.ok and any(node.op.name in KINKED for node in forward.order)
        if not has_kinks:
            if shift is None or not found.ok:
                explain(found, stage, settings)
            return found

    def again(move: Shift) -> Forward:
        return stage.traced(lambda path, a: move(path, shift(path, a) if shift else a))

    excused = kinks(again, forward, known.truth)
    with stage.live(forward, shift):
        found = observed(stage, forward, known, settings, excused)
        explain(found, stage, settings)
    return found


def judged_as(stage: Stage, known: Known, settings: Settings) -> Judgement:
    """The verdict on a stage whose forward pass has run already."""
    with stage.live(known.forward):
        found = observed(stage, known.forward, known, settings)
        explain(found, stage, settings)
    return found


def observed(
    stage: Stage, forward: Forward, known: Known, settings: Settings, excused: dict[Node, Any] | None = None
) -> Judgement:
    """What the backward pass does, and which of its results are right."""
    outcome = stage.backwards(noting=True)
    forward.scope = sizes_in(stage, outcome)
    results = assigned(collected(stage, outcome, known), known, settings) if outcome.raised is None else []
    if not any(r.node is not None for r in results):
        results += assigned(list(named_in(stage, outcome, known, settings)), known, settings)
    note_carried(results, known)
    stage.uphill = goes_up(stage)
    right = judged_right(results, known, excused or {}, stage.uphill)
    return Judgement(forward, known, results, right, outcome, excused=excused or {})


TO_GROW = ("likelihood", "reward", "utility", "elbo", "log_prob", "logprob", "logp")


def goes_up(stage: Stage) -> bool:
    """Whether what forward returns is to grow rather than to fall: by what things are called."""
    words = {word.lower() for f in stage.reach.functions for word in words_in(f.__code__)}
    words |= {f.__name__.lower() for f in stage.reach.functions}
    loss = (stage.training.loss or "").lower() if stage.training else ""
    positive = any(g in w and not w.startswith(("neg", "nll")) for g in TO_GROW for w in (*words, loss))
    return positive and not any(w.startswith(("loss", "cost", "neg", "nll")) for w in words)


def signed(scale: float | None, stage: Stage) -> float | None:
    """The constant of updates, with the sign that it must have."""
    if scale is None or stage.uphill is None:
        return scale
    return abs(scale) if stage.uphill else -abs(scale)


def sizes_in(stage: Stage, outcome: Outcome) -> dict[str, Any]:
    """Variables by their names, for what constants and formulas are called by."""
    frames = [f for frames in outcome.frames.values() for f in frames[-1:]]
    sizes = {k: v for frame in frames for k, v in frame.items() if type(v) is int}
    arrays = (np.ndarray, np.generic, int, float)
    scope = {k: v for k, v in (stage.inputs | stage.scope | stage.arguments).items() if isinstance(v, arrays)}
    return sizes | {k: np.array(v) if isinstance(v, np.ndarray) else v for k, v in scope.items()}


def explain(found: Judgement, stage: Stage, settings: Settings) -> None:
    """Add the verdicts on the lines, and what is to blame for what is wrong."""
    wrong = [r for r, ok in zip(found.results, found.right, strict=True) if not ok and r.node is not None]
    unclear = [r for r in wrong if not np.all(np.isfinite(r.true))]
    for result in unclear:
        result.node, result.reason = None, "what it should be is NaN or infinite at these inputs: try others"
    wrong = [] if unclear else wrong
    writer = LineWriter(found, stage, settings)
    if wrong:
        bench = Bench(stage, found.known, found.results, found.excused, time.thread_time() + SEARCH)
        bench.common = signed(common_scale(found.results), stage)
        locator = Locator(bench, found.outcome.events, settings)
        found.blames = locator.blamed()
        writer.bench, writer.locator = bench, locator
    found.lines = writer.written()


@dataclass(slots=True)
class LineWriter:
    """Writes the verdict on each value that is a gradient, or should be one."""

    found: Judgement
    stage: Stage
    settings: Settings
    bench: Bench | None = None
    locator: Locator | None = None
    told: dict[int, Diagnosis] = field(default_factory=dict)
    is_cured: bool = False  # without what is blamed, nothing raises

    def written(self) -> list[Line]:
        found = self.found
        blamed: dict[tuple[Site, int], Blame] = {}
        for one in found.blames:
            for event in one.events:
                blamed[event.site, event.n] = one
        mended: dict[tuple[Site, int], Any] = {}
        snapshots: dict[tuple[Site, int], Snapshot] = {}
        if found.blames:
            overrides = {b.site: b.override for b in found.blames if b.patch is None}
            patches = [b.patch for b in found.blames if b.patch is not None]
            anchors = frozenset(map(self.anchor, found.blames))
            again = self.stage.backwards(overrides, anchors, noting=True, patches=patches)
            mended = {(e.site, e.n): e.value for e in again.events}
            snapshots = again.snapshots
        by_owner = {id(r.owner): r for r in found.results if isinstance(r.owner, np.ndarray)}
        lines: list[Line] = []
        derived: list[tuple[str, Node, Any, float]] = []
        done: dict[int, Any] = {}
        if found.blames and self.bench and found.outcome.raised is None:
            better = self.better(snapshots)
            if better is not None:
                found.blames, self.bench = [better], None
                return self.written()
        shown = (e for s in suspects_in(found.outcome.events) for e in s.events[-MOST_ROUNDS:])
        chosen = {(e.site, e.n): e for e in (*(e for b in found.blames for e in b.events[:1]), *shown)}
        events = sorted(chosen.values(), key=lambda e: e.time)
        for event in events:
            blame: Blame | None = blamed.get((event.site, event.n))
            if event.site.kind in ("argument", "share") and blame is None:
                continue
            result = by_owner.get(id(event.owner))
            if result is not None and not result.is_in(event.value):
                result = None
            line = self.line_of(event, blame, result, mended, snapshots, derived)
            if line is None:
                continue
            key = id(event.owner)
            before = done.get(key)
            is_same = before is not None and before[0] is event.owner and same(before[1].yours, line.yours)
            if (
                blame is None
                and before is not None
                and is_same
                and (event.site.kind != "assign" or before[1].name == line.name)
            ):
                continue  # the same array, handed on
            done[key] = event.owner, line
            lines.append(line)
        complete = {(line.name, id(line.true)) for line in lines if line.verdict == "right"}
        lines = [x for x in lines if x.verdict != "scaled" or (x.name, id(x.true)) not in complete]
        if found.outcome.raised is not None and (turned := self.turned_before()) is not None:
            return turned
        if found.outcome.raised is not None and (astray := self.astray_before(derived)) is not None:
            return astray
        if (
            found.outcome.raised is not None
            and not self.is_cured
            and (failed := self.raised_line(derived)) is not None
        ):
            lines.append(failed)
        return lines

    def turned_before(self) -> list[Line] | None:
        """The lines, if an earlier one than the one that raised made a gradient of a wrong shape."""
        if self.found.blames or isinstance(self.found.outcome.raised, TimeUp | MemoryError):
            return None
        for event in self.found.outcome.events:
            matches = [
                m for m in self.found.known.matches(np.asarray(event.value)) if m.label.kind == "gradient"
            ]
            if not matches or event.site.kind == "argument" or any(m.form == "same" for m in matches):
                continue
            if np.ndim(event.value) < 2 and matches[0].form == "reshaped":
                continue
            node, scale = matches[0].label.node, matches[0].scale
            values = {event.n: scale * self.found.known.truth[node]}
            family = Family("gradient", "", tuple(values.values()), (node,))
            blame = Blame(event.site, [event], values, family, {event.n: node}, scale, [])
            again = self.stage.backwards({event.site: blame.override})
            if again.raised is None:
                self.found.blames, self.is_cured = [blame], True
                return self.written()
        return None

    def astray_before(self, derived: list[tuple[str, Node, Any, float]]) -> list[Line] | None:
        """The lines, if before the one that raised another made no gradient of what it is called after."""
        if self.found.blames or isinstance(self.found.outcome.raised, TimeUp | MemoryError):
            return None
        known = self.found.known
        last = {e.name: e for e in self.found.outcome.events if e.site.kind in ("assign", "change", "entry")}
        for event in sorted(last.values(), key=lambda e: e.time):
            called = self.called(event) if event.site.path != ENTRY else []
            nodes = [n for n in called if np.shape(n.data) == np.shape(event.value)] or called
            matches = [
                m for m in known.matches(np.asarray(event.value)) if m.label.kind in ("gradient", "share")
            ]
            if not nodes or matches or not np.any(event.value):
                continue
            scale = next((c for _, _, _, c in reversed(derived)), 1.0)
            family = Family("gradient", event.name, (scale * known.truth[nodes[-1]],), (nodes[-1],))
            self.found.blames = [
                Blame(
                    event.site, [event], {event.n: family.values[0]}, family, {event.n: nodes[-1]}, scale, []
                )
            ]
            return self.written()
        return None

    def raised_line(self, derived: list[tuple[str, Node, Any, float]]) -> Line | None:
        """The line that raised."""
        error: Any = self.found.outcome.raised
        place = place_of(error)
        if place is None or isinstance(error, TimeUp | MemoryError):
            return None
        site, snapshot = place
        known, forward = self.found.known, self.found.forward
        called = [n for n in known.called(site.name, *self.settings) if n in known.truth]
        diagnosis, node = diagnosis_of(error, site, snapshot, known, forward, called)
        event = Event(site, 0, np.full(0, np.nan), None, 0)
        true = known.truth[node] if node is not None else np.full(0, np.nan)
        return self.line(
            event,
            site.name or "a value",
            "wrong here",
            f"{diagnosis.hint}",
            true,
            true,
            node,
            1.0,
            derived,
            diagnosis.kind,
        )

    def better(self, snapshots: dict[tuple[Site, int], Snapshot]) -> Blame | None:
        """Another line, if a small change of it explains more than that the one that is blamed is wrong."""
        assert self.bench is not None
        found = self.found
        is_doubtful = self.is_doubtful(snapshots)
        told = self.told.get(id(found.blames[0]))
        wrong = {i for i, ok in enumerate(found.right) if not ok}
        mender = Mender(self.bench, wrong, time.thread_time() + (SEARCH if is_doubtful else SEARCH / 4))
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
        if better is None and is_unknown and self.locator is not None:
            return self.locator.in_parts(found.blames[0])
        return better

    def is_doubtful(self, snapshots: dict[tuple[Site, int], Snapshot]) -> bool:
        """Whether what is blamed may only follow from another line: there are several, or no reason."""
        blames = self.found.blames
        if len(blames) > 1 or not blames[0].is_explained:
            return True
        blame = blames[0]
        event = blame.events[0] if blame.events else None
        if event is None:
            return True
        node = blame.nodes.get(event.n) if blame.family and blame.family.kind == "gradient" else None
        self.told[id(blame)] = self.diagnosis(blame, node, self.derived_before(event), snapshots)
        return self.told[id(blame)].kind == "unknown" or bool(self.rivals(blame))

    def rivals(self, blame: Blame) -> list[Suspect]:
        """Other lines that changed the same array before, or made the variable that is said to be wrong."""
        suspects = suspects_in(self.found.outcome.events)
        wrong = re.search(r"is missing at `(\w+)`", self.told[id(blame)].hint)
        if wrong:
            made = [s for s in suspects if s.site.name == wrong[1] and s.site.kind == "assign"]
            return [s for s in made if s.site is not blame.site and not any(self.called(e) for e in s.events)]
        if blame.site.kind not in CONTAINED:
            return []
        owners = {id(e.owner) for e in blame.events}
        sites = {
            e.site.statement for e in self.found.outcome.events
            if id(e.owner) in owners and e.site.kind in CONTAINED
        }  # fmt: skip
        if self.told[id(blame)].kind != "unknown":
            sites -= {blame.site.statement}
        return [s for s in suspects if s.site.statement in sites and s.site.kind in ("share", "assign")]

    def derived_before(self, event: Event) -> list[tuple[str, Node, Any, float]]:
        """The gradients that the user had before a value was made."""
        found = []
        for other in self.found.outcome.events[: event.time]:
            if other.name and other.site.kind in ("assign", "change", "entry"):
                matches = self.found.known.matches(np.asarray(other.value))
                gradients = [m for m in matches if m.label.kind == "gradient" and m.form == "same"]
                match = self.chosen(gradients, self.called(other), None)
                if match is not None:
                    found.append((other.name, match.label.node, other.value, match.scale))
        return found

    def lines_before(self) -> tuple[list[Suspect], list[Suspect]]:
        """The lines that may be changed on trial, the likeliest first: those up to what is blamed, the latest first.

        They are those that all that is wrong was made of.  First those whose values are none of the engine's.
        """
        assert self.bench is not None
        blames = self.found.blames
        if len(blames) == 1 and blames[0].is_explained and self.told[id(blames[0])].kind != "unknown":
            return self.rivals(blames[0]), []
        wrong = {i for i, ok in enumerate(self.found.right) if not ok}
        explained = [b for b in blames if b.is_explained]
        last = max((e.time for b in explained for e in b.events), default=len(self.found.outcome.events))
        suspects = suspects_in(self.found.outcome.events)
        suspects.sort(key=lambda s: (s.time > last, -s.time if s.time <= last else s.time))
        unknown, known = [], []
        places = self.found.forward.places
        for s in suspects:
            if (s.site.filename, s.site.span) in places or not wrong <= self.bench.reached(s.site):
                continue
            is_plain = all(is_known(e, self.bench) or not np.any(e.value) for e in s.events[:20])
            (known if is_plain or s.time > last else unknown).append(s)
        return unknown, known

    def anchor(self, blame: Blame) -> Site:
        """The site at which the variables are noted: of what changes something, before it does."""
        if blame.site.kind not in CONTAINED:
            return blame.site
        same = (e.site for e in self.found.outcome.events if e.site.statement == blame.site.statement)
        return next(
            (s for s in same if s.kind not in CONTAINED and s.filename == blame.site.filename), blame.site
        )

    def line_of(
        self,
        event: Event,
        blame: Blame | None,
        result: Result | None,
        mended: dict[tuple[Site, int], Any],
        snapshots: dict[tuple[Site, int], Snapshot],
        derived: list[tuple[str, Node, Any, float]],
    ) -> Line | None:
        """The verdict on one value; None for what is no gradient, and no mistake either."""
        known, forward = self.found.known, self.found.forward
        name = result.shown if result is not None and result.kind != "returned" else event.name
        name = name or (result.shown if result is not None else "")
        called = self.called(event)
        matches = self.gradients_in(event, called, result)
        if not called and result is None and blame is None and not self.is_gradient(event, matches):
            return None
        if event.site.path == ENTRY and not event.key and result is None and blame is None:
            return None  # a part of an array, which goes by the name of the whole
        match = self.chosen(matches, called, result)
        fitting = any(np.shape(n.data) == np.shape(event.value) for n in called)
        if (
            match is not None
            and result is None
            and fitting
            and match.label.node not in called
            and blame is None
        ):
            match = None  # what a name holds on the way is the user's business
        sources = list(derived)
        if blame is not None:
            node = blame.nodes.get(event.n)
            if event.name and node is not None and np.shape(node.data) == np.shape(event.value):
                derived.append((event.name, node, event.value, blame.scale))
            return self.blamed_line(event, blame, name, snapshots, sources)
        if result is not None and result.kind == "update":
            return self.update_line(event, name, result, mended, sources)
        own = mended.get((event.site, event.n))
        if own is not None and np.shape(event.value) == np.shape(own) and not near(event.value, own):
            follows = (
                match.label.node
                if match is not None
                else result.node
                if result is not None
                else self.fitting(event, called)
            )
            if follows is not None:
                if event.name:
                    derived.append((event.name, follows, event.value, match.scale if match else 1.0))
                return self.line(
                    event, name, "inherits", self.because, known.truth[follows], own, follows, 1.0, sources
                )
        if match is not None:
            node, scale = match.label.node, match.scale
            if scale != 1 and result is not None and result.kind == "returned" and node.op is LEAF:
                return None
            if event.name:
                derived.append((event.name, node, event.value, scale))
            word = "right" if scale == 1 else "scaled"
            hint = "" if scale == 1 else f"{named(scale, forward)} {TAKEN_OUT}"
            return self.line(
                event, name, word, hint, known.truth[node], scale * known.truth[node], node, scale, sources
            )
        node = result.node if result is not None else self.fitting(event, called)
        if node is None:
            return None
        true = known.truth[node]
        if result is not None and self.found.right[self.found.results.index(result)]:
            hint = (
                ""
                if not largest(true) > known.rounding(node) or near(event.value, true)
                else "it differs from the engine's at kinks only"
            )
            derived.append((name, node, event.value, 1.0))
            return self.line(event, name, "right", hint, true, true, node, 1.0, sources)
        return None

    def update_line(
        self,
        event: Event,
        name: str,
        result: Result,
        mended: dict[tuple[Site, int], Any],
        sources: list[tuple[str, Node, Any, float]],
    ) -> Line:
        """The verdict on the update of a parameter."""
        scale = signed(common_scale(self.found.results), self.stage) or 1.0
        step = Event(event.site, event.n, result.value, event.owner, event.time, event.calls)
        is_right = self.found.right[self.found.results.index(result)]
        word = "right" if is_right else "inherits"
        hint = "" if is_right else self.because
        expected = scale * result.true
        return self.line(step, name, word, hint, expected, expected, result.node, scale, sources)

    @property
    def because(self) -> str:
        """Why a line inherits a mistake."""
        before = ", ".join(dict.fromkeys(b.site.name or b.site.source for b in self.found.blames))
        return f"it follows from your {before}, which is not right"

    def gradients_in(self, event: Event, called: list[Node], result: Result | None) -> list[Match]:
        """The gradients that a value is, perhaps times a constant: the one it is called, if it is that."""
        known, value = self.found.known, np.asarray(event.value)
        wanted = [result.node] if result is not None and result.node is not None else called
        for node in wanted:
            if (c := scale_of(value, known.truth[node])) is not None:
                return [Match(Label("gradient", node), c, "same")]
        if not called and not is_called_gradient(event.name) and result is None:
            return []
        return [m for m in known.matches(value) if m.label.kind == "gradient" and m.form == "same"]

    def is_gradient(self, event: Event, matches: list[Match]) -> bool:
        """Whether a value without a telling name is a gradient: put under a name that has its mark."""
        return (
            bool(matches)
            and event.site.kind in ("assign", "change", "entry")
            and is_called_gradient(event.name)
        )

    def called(self, event: Event) -> list[Node]:
        if event.site.kind not in ("assign", "change", "entry", "element", "return"):
            return []
        return [n for n in self.found.known.called(event.name, *self.settings) if n in self.found.known.truth]

    def fitting(self, event: Event, called: list[Node]) -> Node | None:
        return next((n for n in called if np.shape(n.data) == np.shape(event.value)), None)

    def chosen(self, matches: list[Match], called: list[Node], result: Result | None) -> Match | None:
        """What a value is: what it results in or is called, if it may be that."""
        wanted = {result.node} if result is not None else set(called)
        first = [m for m in matches if m.label.node in wanted]
        if result is not None:
            return first[0] if first else None
        return next(iter(first or matches), None)

    def blamed_line(
        self,
        event: Event,
        blame: Blame,
        name: str,
        snapshots: dict[tuple[Site, int], Snapshot],
        derived: list[tuple[str, Node, Any, float]],
    ) -> Line:
        known = self.found.known
        node = blame.nodes.get(event.n) if blame.family and blame.family.kind == "gradient" else None
        expected = blame.values.get(event.n, event.value)
        if id(blame) not in self.told:
            self.told[id(blame)] = self.diagnosis(blame, node, derived, snapshots)
        diagnosis = self.told[id(blame)]
        true = known.truth[node] if node is not None else expected
        name = name or (
            blame.results[0].shown
            if blame.results and node is not None and node is blame.results[0].node
            else ""
        )
        return self.line(
            event,
            name or "a value",
            "wrong here",
            diagnosis.hint,
            true,
            expected,
            node,
            blame.scale,
            derived,
            diagnosis.kind,
        )

    def diagnosis(
        self,
        blame: Blame,
        node: Node | None,
        derived: list[tuple[str, Node, Any, float]],
        snapshots: dict[tuple[Site, int], Snapshot],
    ) -> Diagnosis:
        forward, known = self.found.forward, self.found.known
        if blame.patch is not None:
            return Diagnosis(blame.guess.kind if blame.guess else "unknown", blame.guess.text if blame.guess else "")
        if blame.guess is not None:
            event = blame.events[0]
            return Diagnosis(
                blame.guess.kind,
                f"{blame.guess.text}; {worst(event.value, blame.values.get(event.n, event.value))}",
            )
        values = {
            n: v / scale for _, n, v, scale in derived if np.shape(v) == np.shape(n.data) and n is not node
        }
        region, frontier = forward.between(node, values) if node is not None else ([], [])
        anchor, program = self.anchor(blame), program_of(blame.site)
        rounds = []
        for event in blame.events:
            if event.n in blame.values:
                snapshot = snapshots.get((anchor, event.n))
                again = program.run(program.statement, snapshot, {}) if program and snapshot else None
                value = (
                    event.value if again is None or not is_array(again) else again
                )  # from what is right before it
                rounds.append(Round(value, blame.values[event.n], snapshot, self.earlier(event)))
        case = Case(
            blame.site, rounds, forward, node, blame.scale, known.truth, values,
            {n: values[n] for n in frontier}, region, self.found.excused,
        )  # fmt: skip
        if not rounds:
            return Diagnosis("unknown", "it could not be told what should be here")
        return diagnosed(case, time.thread_time() + SEARCH)

    def earlier(self, event: Event) -> list[tuple[int, Any]]:
        """What the same name held before, in other arrays."""
        events = self.found.outcome.events[: event.time]
        return [(e.site.lineno, e.value) for e in events if e.name == event.name and e.name]

    def line(
        self,
        event: Event,
        name: str,
        verdict: str,
        hint: str,
        true: Any,
        expected: Any,
        node: Node | None,
        scale: float,
        derived: list[tuple[str, Node, Any, float]],
        kind: str | None = None,
    ) -> Line:
        levels: Any = lambda level: hint or "there is nothing to say of it"  # noqa: E731
        if node is not None:
            values = {
                n: (label, v, c)
                for label, n, v, c in derived
                if n is not node and np.shape(v) == np.shape(n.data)
            }
            forward = self.found.forward

            def levels(level: int) -> str:
                _, frontier = forward.between(node, values)
                sources = [Source(values[n][0], n, values[n][1], values[n][2]) for n in frontier]
                return explained(name, node, scale, sources, forward, level)

        return Line(
            name=name,
            verdict=verdict,
            kind=kind,
            hint=hint,
            source=event.site.source,
            lineno=event.site.lineno,
            error=apart(event.value, true),
            yours=event.value,
            true=true,
            expected=expected,
            filename=event.site.filename,
            calls=event.calls,
            levels=levels,
        )


def moved(found: Judgement, anew: bool = False) -> Shift:
    """Other values for what gradients were derived of, of the same make: signs, zeros and symmetry stay."""
    paths = {p for p, n in found.forward.leaves.items() if any(r.node is n for r in found.results)}

    def shift(path: tuple[Any, ...], a: Any) -> Any:
        a = np.asarray(a)
        if path not in paths or not a.size or not np.all(np.isfinite(a)):
            return a[()]
        rng = np.random.default_rng(sum(map(ord, path_text(path))) + a.size)
        return (both_signs(a.shape, rng) if anew else shifted(a, rng))[()]

    return shift


def both_signs(shape: tuple[int, ...], rng: np.random.Generator) -> Any:
    """Numbers of which every other one is negative."""
    numbers = np.abs(rng.normal(size=shape)) + 0.1
    numbers.reshape(-1)[1::2] *= -1
    return numbers


def shifted(a: Any, rng: np.random.Generator) -> Any:
    """An array of other numbers that are of the same make."""
    noise = rng.uniform(-1, 1, a.shape)
    if a.ndim == 2 and a.shape[0] == a.shape[1] and np.allclose(a, a.T):
        noise = (noise + noise.T) / 2
    if not np.any(a):
        return 0.1 * noise
    if np.all(a == np.round(a)) and a.size > 1:
        return a  # labels, masks, or other numbers that mean something
    if a.ndim and a.shape[-1] > 1 and any(np.allclose(a.sum(axis=axis), 1) for axis in range(a.ndim)):
        return a  # probabilities
    return a * (1 + 0.1 * noise)
