"""A backward pass that raised: the line that did, or one before it of which a change lets it go through."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import FrameType
from typing import Any

import numpy as np

from . import limits
from .diagnose.repair import AT_HAND, by_kind, node_at
from .judgement import Judgement, Settings, results_of
from .limits import price_of_a_run
from .lines import LineWriter
from .locate.bench import Bench
from .locate.mend import Attempt, Mender
from .locate.suspects import Blame, Suspect, suspects_in
from .match.known import Family
from .match.lost import kind_of
from .match.results import Result
from .match.rightness import judged_right
from .observe.probes.patch import Patch
from .observe.probes.probe import TimeUp
from .observe.probes.record import Event, Override, Snapshot
from .observe.probes.sites import ENTRY, Site
from .observe.stage import Outcome
from .raised import calls_to, diagnosis_of, place_of
from .reasons import Reasons
from .report import Line
from .source.edits import KINDS


def blamed_before(reasons: Reasons) -> tuple[Blame, bool] | None:
    """The line to blame before the one that raised, and whether nothing raises with that put right."""
    found = reasons.found
    if found.blames or isinstance(found.outcome.raised, TimeUp | MemoryError):
        return None
    if (turned := turned_before(reasons) or mended_before(reasons)) is not None:
        return turned, True
    astray = astray_before(reasons)
    return (astray, False) if astray is not None else None


def turned_before(reasons: Reasons) -> Blame | None:
    """An earlier line than the one that raised, if it made a gradient of a wrong shape."""
    known = reasons.found.known
    for event in reasons.found.outcome.events:
        called = reasons.called(event)
        found = [m for m in known.matches(np.asarray(event.value)) if not called or m.label.node in called]
        matches = [m for m in found if m.label.kind in ("gradient", "share")]
        if not matches or event.site.kind == "argument" or any(m.form == "same" for m in matches):
            continue
        if np.ndim(event.value) < 2 and matches[0].form == "reshaped":
            continue
        node, scale = matches[0].label.node, matches[0].scale
        is_whole = matches[0].label.kind == "gradient"
        values = {event.n: scale * known.truth[node] if is_whole else np.transpose(event.value)}
        family = Family("gradient", "", tuple(values.values()), (node,))
        is_turned = matches[0].form == "transposed"
        change = turning if is_turned else None  # in the rounds after it too, which have not run
        blame = Blame(event.site, [event], values, family, {event.n: node}, scale, [], change=change)
        if reasons.stage.backwards({event.site: blame.override}).raised is None:
            return blame
    return None


def turning(n: int, value: Any, frame: FrameType) -> Any:
    """The transpose of what a line makes."""
    return np.transpose(value)


def mended_before(reasons: Reasons) -> Blame | None:
    """The line of which a small change lets the backward pass go through, with all results right.

    First comes the line that raised, then those that it was called from, then all before it.
    """
    error: Any = reasons.found.outcome.raised
    place, events = place_of(error), reasons.found.outcome.events
    if place is None or not events:
        return None
    bench = Retrial(reasons.stage, reasons.found.known, [], reasons.found.excused, settings=reasons.settings)
    bench.price = price_of_a_run(events, bench.results)
    mender = Mender(bench, set(), limits.CHANGE / 4)
    if (found := mender.first_right(changes_at(*place))) is not None:
        return found
    calls = calls_to(error)
    suspects = sorted(
        suspects_in(events), key=lambda s: (not any(map(s.site.spans, calls)), -s.events[-1].time)
    )
    return mender.blamed(suspects)


def changes_at(site: Site, snapshot: Snapshot) -> dict[str, list[Attempt]]:
    """The simple changes of the line that raised, with what the variables held there."""
    own = Suspect(site, [Event(site, 0, np.full(0, np.nan), None, 0)])
    statement = node_at(site, site.statement, ast.stmt)
    kinds = KINDS[:AT_HAND]
    made = by_kind(statement, snapshot, {}, site, kinds)
    return {
        kind: [
            Attempt(own, kind, e.text, None, Patch(site.filename, ((site.statement, e.made()),)), e.lineno)
            for e in made[kind]
        ]
        for kind in kinds
    }


@dataclass(slots=True)
class Retrial(Bench):
    """What a backward pass that raised results in, if other values or statements let it go through."""

    settings: Settings = ("d", {})

    def flags(
        self, overrides: Mapping[Site, Override], noting: bool = False, patches: Iterable[Patch] = ()
    ) -> tuple[list[bool], Outcome]:
        """Which results are right; none, if it still raises or results in nothing."""
        self.spent += self.price
        outcome = self.stage.backwards(overrides, noting=True, patches=patches)
        if outcome.raised is not None:
            return [False], outcome
        results = results_of(self.stage, outcome, self.known, self.settings)
        right = judged_right(results, self.known, self.excused, self.stage.uphill)
        return [*right, self.are_complete(results)], outcome

    def are_complete(self, results: list[Result]) -> bool:
        """Whether there are results for all inputs that are like one: for `W2` if for `W1`."""
        leaves, nodes = self.known.forward.leaves, {r.node for r in results}
        asked = {kind_of(path) for path, node in leaves.items() if node in nodes}
        return bool(asked) and all(n in nodes for path, n in leaves.items() if kind_of(path) in asked)


def astray_before(reasons: Reasons) -> Blame | None:
    """A line before the one that raised, if it made no gradient of what it is called after."""
    known, events = reasons.found.known, reasons.found.outcome.events
    last = {e.name: e for e in events if e.site.kind in ("assign", "change", "entry")}
    for event in sorted(last.values(), key=lambda e: e.time):
        called = reasons.called(event) if event.site.path != ENTRY else []
        nodes = [n for n in called if np.shape(n.data) == np.shape(event.value)] or called
        matches = [m for m in known.matches(np.asarray(event.value)) if m.label.kind in ("gradient", "share")]
        if not nodes or matches or not np.any(event.value):
            continue
        node, scale = nodes[-1], next((s.scale for s in reversed(reasons.derived_before(None))), 1.0)
        family = Family("gradient", event.name, (scale * known.truth[node],), (node,))
        return Blame(event.site, [event], {event.n: family.values[0]}, family, {event.n: node}, scale, [])
    return None


def raised_line(reasons: Reasons, writer: LineWriter) -> Line | None:
    """The line that raised."""
    found: Judgement = reasons.found
    error: Any = found.outcome.raised
    place = place_of(error)
    if place is None or isinstance(error, TimeUp | MemoryError):
        return None
    site, snapshot = place
    called = [n for n in found.known.called(site.name, *reasons.settings) if n in found.known.truth]
    diagnosis, node = diagnosis_of(error, site, snapshot, found.known, found.forward, called)
    event = Event(site, 0, np.full(0, np.nan), None, 0)
    true = found.known.truth[node] if node is not None else np.full(0, np.nan)
    derived, name = reasons.derived_before(None), site.name or "a value"
    return writer.line(
        event, name, "wrong here", diagnosis.hint, true, true, node, 1.0, derived, diagnosis.kind
    )
