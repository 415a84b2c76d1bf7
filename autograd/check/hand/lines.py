"""The verdict on each line that made a gradient."""

from __future__ import annotations

import linecache
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...engine import LEAF, Node
from .diagnose.constants import named
from .diagnose.formula import Source, explained
from .judgement import Judgement, signed
from .locate.suspects import Blame, suspects_in
from .match.known import Label, Match, scale_of
from .match.names import is_called_gradient
from .match.near import apart, largest, near
from .match.results import Result, same
from .match.rightness import common_scale
from .observe.probes.record import Event
from .observe.probes.sites import ENTRY
from .reasons import Reasons
from .report import Line

TAKEN_OUT = "times the true gradient, which the lines after it take out again"
MOST_ROUNDS = 50  # of one line that a report tells of


@dataclass(slots=True)
class LineWriter:
    """Writes the verdict on each value that is a gradient, or should be one."""

    reasons: Reasons

    @property
    def found(self) -> Judgement:
        """What was found."""
        return self.reasons.found

    def written(self) -> list[Line]:
        """The lines, in the order in which they ran."""
        found = self.found
        blamed = {(event.site, event.n): one for one in found.blames for event in one.events}
        by_owner = {id(r.owner): r for r in found.results if isinstance(r.owner, np.ndarray | np.floating)}
        lines: list[Line] = []
        derived: list[Source] = []
        done: dict[int, tuple[Any, Line]] = {}
        for event in self.shown():
            blame = blamed.get((event.site, event.n))
            if event.site.kind in ("argument", "share") and blame is None:
                continue
            result = by_owner.get(id(event.owner))
            if result is not None and not result.is_in(event.value):
                result = None
            line = self.line_of(event, blame, result, derived)
            if line is None or self.is_blamed_update(event, blame, result):
                continue
            if blame is None and is_handed_on(event, line, done.get(id(event.owner))):
                continue
            done[id(event.owner)] = event.owner, line
            lines.append(line)
        complete = {(line.name, id(line.true)) for line in lines if line.verdict == "right"}
        return [x for x in lines if x.verdict != "scaled" or (x.name, id(x.true)) not in complete]

    def is_blamed_update(self, event: Event, blame: Blame | None, result: Result | None) -> bool:
        """Whether a parameter is changed by the line that is blamed for what it takes away from that."""
        blamed = {(b.site.filename, b.site.statement) for b in self.found.blames}
        is_update = blame is None and result is not None and result.kind == "update"
        return is_update and (event.site.filename, event.site.statement) in blamed

    def shown(self) -> list[Event]:
        """The values that may be shown: of each line the last ones, and of what is blamed the first."""
        training = self.reasons.stage.training
        events = [e for e in self.found.outcome.events if training is None or e.time < training.end]
        last = (e for s in suspects_in(events) for e in s.events[-MOST_ROUNDS:])
        first = (e for b in self.found.blames for e in b.events[:1])
        return sorted({(e.site, e.n): e for e in (*first, *last)}.values(), key=lambda e: e.time)

    def line_of(
        self,
        event: Event,
        blame: Blame | None,
        result: Result | None,
        derived: list[Source],
    ) -> Line | None:
        """The verdict on one value; None for what is no gradient, and no mistake either."""
        known, called = self.found.known, self.reasons.called(event)
        matches = self.gradients_in(event, called, result)
        if blame is None and result is None and not self.is_of_interest(event, called, matches):
            return None
        name, sources = self.name_of(event, result), list(derived)
        if blame is not None:
            node = blame.nodes.get(event.n)
            if node is not None and np.shape(node.data) == np.shape(event.value):
                note(derived, event, node, blame.scale)
            return self.blamed_line(event, blame, name, sources)
        if result is not None and result.node is None:
            return None  # why it could not be judged is said of the result
        if result is not None and result.kind == "update":
            return self.update_line(event, name, result, sources)
        match = self.match_of(event, matches, called, result)
        node = match.label.node if match is not None else self.meant(event, called, result)
        if node is None:
            return None
        own = self.reasons.mended.get((event.site, event.n))
        if own is not None and np.shape(event.value) == np.shape(own) and not near(event.value, own):
            note(derived, event, node, match.scale if match else 1.0)
            return self.line(
                event, name, "inherits", self.because, known.truth[node], own, node, 1.0, sources
            )
        if match is not None:
            return self.matched_line(event, name, match, result, derived)
        if result is None or not self.found.right[self.found.results.index(result)]:
            return None
        true = result.true
        is_near = near(event.value, true) or not largest(true) > known.rounding(node)
        hint = "" if is_near else "it differs from the engine's at kinks only"
        derived.append(Source(name, node, event.value, 1.0))
        return self.line(event, name, "right", hint, true, true, node, 1.0, sources)

    def name_of(self, event: Event, result: Result | None) -> str:
        """What a value is called: as the result that it is; what is only returned has its own name first."""
        if result is None:
            return event.name
        return result.shown if result.kind != "returned" else event.name or result.shown

    def is_of_interest(self, event: Event, called: list[Node], matches: list[Match]) -> bool:
        """Whether a value that is no result is shown: it goes by the name of a gradient, or is one.

        What is put into an array goes by the name of the whole, and is not shown.
        """
        is_part = event.site.path == ENTRY and not event.key
        return not is_part and (bool(called) or self.is_gradient(event, matches))

    def match_of(
        self, event: Event, matches: list[Match], called: list[Node], result: Result | None
    ) -> Match | None:
        """The gradient that a value is; None if it is called after another, of its shape.

        What a name holds on the way there is the user's business.
        """
        match = self.reasons.chosen(matches, called, result)
        if match is None or result is not None or match.label.node in called:
            return match
        return None if self.fitting(event, called) is not None else match

    def meant(self, event: Event, called: list[Node], result: Result | None) -> Node | None:
        """The node whose gradient a value should be, as the result that it is, or by what it is called."""
        return result.node if result is not None else self.fitting(event, called)

    def matched_line(
        self, event: Event, name: str, match: Match, result: Result | None, derived: list[Source]
    ) -> Line | None:
        """The verdict on a value that is a gradient, or a constant multiple of one."""
        node, scale, sources = match.label.node, match.scale, list(derived)
        if scale != 1 and result is not None and result.kind == "returned" and node.op is LEAF:
            return None
        note(derived, event, node, scale)
        word = "right" if scale == 1 else "scaled"
        hint = "" if scale == 1 else f"{named(scale, self.found.forward)} {TAKEN_OUT}"
        true = self.found.known.truth[node]
        return self.line(event, name, word, hint, true, scale * true, node, scale, sources)

    def update_line(
        self,
        event: Event,
        name: str,
        result: Result,
        sources: list[Source],
    ) -> Line:
        """The verdict on the update of a parameter."""
        scale = signed(common_scale(self.found.results, self.found.known), self.reasons.stage) or 1.0
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

    def fitting(self, event: Event, called: list[Node]) -> Node | None:
        """The first of some nodes that has the shape of a value."""
        return next((n for n in called if np.shape(n.data) == np.shape(event.value)), None)

    def blamed_line(
        self,
        event: Event,
        blame: Blame,
        name: str,
        derived: list[Source],
    ) -> Line:
        """The verdict on a line that is blamed."""
        known = self.found.known
        node = blame.nodes.get(event.n) if blame.family and blame.family.kind == "gradient" else None
        own = event.value if blame.values else np.full(np.shape(event.value), np.nan)  # what is not known
        expected = blame.values.get(event.n, own)
        diagnosis = self.reasons.of(blame, node, derived)
        true = known.truth[node] if node is not None else expected
        if not name and node is not None and blame.results and node is blame.results[0].node:
            name = blame.results[0].shown
        line = self.line(
            event, name or "a value", "wrong here", diagnosis.hint, true, expected, node, blame.scale,
            derived, diagnosis.kind,
        )  # fmt: skip
        if diagnosis.lineno is None or not event.site.is_long:
            return line
        text = linecache.getline(event.site.filename, diagnosis.lineno).strip()
        return replace(line, source=text, lineno=diagnosis.lineno)

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
        derived: list[Source],
        kind: str | None = None,
    ) -> Line:
        """A line of the report."""
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
            levels=self.levels_of(name, hint, node, scale, derived, kind),
        )

    def levels_of(
        self,
        name: str,
        hint: str,
        node: Node | None,
        scale: float,
        derived: list[Source],
        kind: str | None,
    ) -> Callable[[int], str]:
        """What is said of a gradient at each level: how it follows from those that the user has derived.

        What is wrong with a line that makes no gradient is all that there is to give away, at the end.
        """
        if node is None:
            return lambda level: "" if kind and level < 3 else hint or "there is nothing to say of it"
        forward = self.found.forward
        values = {
            s.node: s for s in derived if s.node is not node and np.shape(s.value) == np.shape(s.node.data)
        }

        def levels(level: int) -> str:
            """The rules, the shapes or the formula by which it follows."""
            _, frontier = forward.between(node, values)
            return explained(name, node, scale, [values[n] for n in frontier], forward, level)

        return levels


def note(derived: list[Source], event: Event, node: Node, scale: float) -> None:
    """Add a value to the gradients that the user has derived, if it has a name."""
    if event.name:
        derived.append(Source(event.name, node, event.value, scale))


def is_handed_on(event: Event, line: Line, before: tuple[Any, Line] | None) -> bool:
    """Whether a line only hands on the array of a line before it, and gives it no new name."""
    if before is None or before[0] is not event.owner:
        return False
    is_renamed = event.site.kind == "assign" and before[1].name != line.name
    return same(before[1].yours, line.yours) and not is_renamed
