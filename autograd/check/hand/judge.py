"""Judging each line of a hand derivation on its own.

A line is right by itself if it follows from the *user's own* gradients before it.  So what a line
ought to hold is computed by going back from those: from the nearest variables whose gradients the
user has by then, or from the loss where there are none.

A hand derivation may carry a constant along: with `dZ2 = A2 - y` it goes back from m times the mean
loss, and divides by m when it comes to the weights.  So every line has a scale, by which its value is
divided before the next is computed from it.  A constant that comes in somewhere is taken to be meant
if the lines after it take it out again, and to be a mistake otherwise: of all ways to see it, the one
with the fewest wrong lines.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, field

import numpy as np

from ...engine import Array, Node, passed_back
from .backward import Event
from .forward import Forward, one_like
from .watch import Place, written

PRECISION = 1e-9  # of a tensor's own scale: some millions of roundings in float64
A_CHOICE = 0.01  # what a constant that comes in costs, against 1 for a wrong line
MOST_SUSPECTS = 6


@dataclass(slots=True, eq=False)
class Derived:
    """A gradient that the user derived: the node it belongs to, and what it held, the oldest first."""

    place: Place
    node: Node
    events: list[Event]

    @property
    def name(self) -> str:
        return written(self.place)

    @property
    def last(self) -> Event:
        return self.events[-1]

    @property
    def root(self) -> str:
        """The variable that holds it, by itself or in a container."""
        return str(self.place[0])

    def at(self, time: int) -> Array:
        """What it held just before a time; None before it held anything."""
        held = [event.value for event in self.events if event.time < time]
        return held[-1] if held else None


@dataclass(slots=True)
class Finding:
    """What was found of one line, given a scale for each line before it.

    unit      what it ought to hold, at scale 1, from the user's own gradients; None if that can't be said
    scale     the constant that it is taken to carry
    upstream  the lines whose gradients it follows from
    state     "follows" from those, "chooses" a constant of its own, is "wrong", or "unclear"
    """

    line: Derived
    unit: Array | None
    scale: float
    upstream: list[Derived]
    state: str
    usual: float = 1.0  # the scale of the lines before it
    reason: str = ""

    @property
    def expected(self) -> Array:
        """What the line ought to hold; None if that can't be said."""
        return None if self.unit is None else self.scale * self.unit


def largest(a: Array) -> float:
    """The largest magnitude in `a`, 0 if it is empty."""
    return float(np.max(np.abs(a), initial=0))


def near(a: Array, b: Array, but: Array | None = None) -> bool:
    """Whether `a` is `b`, shape and all, to a part of the scale of `b`; except at some elements."""
    if np.shape(a) != np.shape(b) or (but is not None and but.all()):
        return False
    apart = np.abs(a - b) if but is None else np.where(but, 0, np.abs(a - b))
    return bool(np.all(apart <= PRECISION * largest(b)))


def ratio(a: Array, b: Array) -> float | None:
    """The constant c with a = c b, if there is one, and more than one element says so."""
    if np.shape(a) != np.shape(b) or np.count_nonzero(b) < 2 or not np.all(np.isfinite(a)):
        return None
    c = float(np.vdot(b, a) / np.vdot(b, b))
    return c if c and near(a, c * b) else None


@dataclass(slots=True)
class Judge:
    """The lines of a derivation, in the order in which they ran, and how to see each by itself.

    final   those that the user finally wants, which may carry no constant
    truth   the true gradient of every node
    kinks   where the true gradient jumps, and so cannot be told
    """

    forward: Forward
    lines: list[Derived]
    final: set[Derived]
    truth: dict[Node, Array]
    kinks: dict[Node, Array] = field(default_factory=dict)
    scales: dict[Derived, float] = field(default_factory=dict)

    def findings(self) -> list[Finding]:
        """What is found of each line, seen in the way that has the fewest wrong ones."""
        forced: dict[int, float] = {}
        best = self.seen(forced)
        for suspect in [f for f in best if f.state in ("chooses", "wrong")][:MOST_SUSPECTS]:
            if not any(f.state == "wrong" for f in best):
                break
            number = suspect.line.last.lineno
            for scale in self.alternatives(suspect, best):
                trial = self.seen(forced | {number: scale})
                if cost(trial) < cost(best):
                    best, forced = trial, forced | {number: scale}
        self.scales = {f.line: f.scale for f in best}
        return best

    def alternatives(self, suspect: Finding, findings: list[Finding]) -> list[float]:
        """Other scales a line may carry: that of the lines before it, or what those after it take out."""
        after = [f for f in findings if f.state == "wrong" and f.line.last.time > suspect.line.last.time]
        out = [c for f in after if f.unit is not None and (c := ratio(f.line.last.value, f.expected))]
        return list(dict.fromkeys([suspect.usual, *(suspect.scale / c for c in out)]))

    def seen(self, forced: dict[int, float]) -> list[Finding]:
        """The findings, where the lines with some numbers are taken to carry these scales."""
        findings: dict[Derived, Finding] = {}
        for line in self.lines:
            findings[line] = self.finding(line, findings, forced.get(line.last.lineno))
        return list(findings.values())

    def finding(self, line: Derived, before: dict[Derived, Finding], forced: float | None) -> Finding:
        given: dict[Node, tuple[Array, Derived]] = {}
        for other, finding in before.items():
            value = other.at(line.last.time)
            if other.node is not line.node and value is not None:
                given[other.node] = (value / finding.scale, other)
        unit, upstream = self.local(line.node, given)
        value, usual = line.last.value, [1.0]
        if unit is not None and not np.all(np.isfinite(unit)):
            reason = "what it should be is NaN or infinite at these inputs: try others"
            return Finding(line, unit, 1.0, upstream, "unclear", reason=reason)
        if unit is None:
            reason = f"it follows from {', '.join(other.name for other in upstream)}, of a wrong shape"
            return Finding(line, None, 1.0, upstream, "unclear", reason=reason)
        if line not in self.final:
            usual = [*(before[other].scale for other in upstream), *usual]
        kinks = self.kinks.get(line.node)
        for scale in usual if forced is None else [forced]:
            if near(value, scale * unit) or self.is_excused(value, scale * unit, kinks):
                return Finding(line, unit, scale, upstream, "follows", usual[0])
        if kinks is not None and kinks.all() and largest(unit) > self.rounding:
            reason = "at these inputs the true gradient jumps at every element: try others"
            return Finding(line, unit, usual[0], upstream, "unclear", usual[0], reason)
        chosen = ratio(value, unit) if forced is None and line not in self.final else None
        if chosen:
            return Finding(line, unit, chosen, upstream, "chooses", usual[0])
        return Finding(line, unit, usual[0] if forced is None else forced, upstream, "wrong", usual[0])

    @property
    def rounding(self) -> float:
        """What is nothing but rounding, beside the largest gradient that there is."""
        return 1e-12 * max(map(largest, self.truth.values()))

    def is_excused(self, value: Array, expected: Array, kinks: Array | None) -> bool:
        """Whether a line differs at kinks only, or is 0 but for rounding (a bias before a normalisation)."""
        if kinks is None or np.shape(value) != np.shape(expected):
            return False
        is_noise = np.mean(kinks) > 0.5 and max(largest(expected), largest(value)) <= self.rounding
        return near(value, expected, kinks) or bool(is_noise)

    def before(self, line: Derived) -> list[Derived]:
        """The other lines whose gradients have a value when a line runs."""
        return [o for o in self.lines if o.node is not line.node and o.at(line.last.time) is not None]

    def local(
        self, node: Node, given: dict[Node, tuple[Array, Derived]]
    ) -> tuple[Array | None, list[Derived]]:
        """The gradient of `node` from the nearest ones given, and which those are.

        None if one of those has another shape than what it is the gradient of.
        """
        region, frontier = self.forward.between(node, given)
        lines = [given[n][1] for n in frontier]
        if any(np.shape(given[n][0]) != np.shape(n.data) for n in frontier):
            return None, lines
        return flow(node, region, {n: given[n][0] for n in frontier}, self.forward.root)[node], lines


def cost(findings: Iterable[Finding]) -> float:
    """How much there is to be explained: a line that a loop runs again and again counts once."""
    prices = {"wrong": 1.0, "chooses": A_CHOICE}
    dearest: dict[tuple[int, Place], float] = {}
    for finding in findings:
        key = finding.line.last.lineno, finding.line.place
        dearest[key] = max(dearest.get(key, 0.0), prices.get(finding.state, 0.0))
    return sum(dearest.values())


def flow(
    node: Node,
    region: list[Node],
    given: dict[Node, Array],
    root: Node,
    cut: Container[tuple[Node, int]] = (),
) -> dict[Node, Array]:
    """The gradients of a region, back to its oldest `node`, from given ones at its other end.

    `cut` are uses, each the node that uses something and the number of the argument, by which
    nothing comes back.
    """
    inside, found = set(region), dict(given)
    if root in inside:
        found[root] = one_like(root)
    for one in sorted((*given, *region), key=lambda n: -n.index):
        if one is node or one not in found:
            continue
        uses = [i for i, p in enumerate(one.parents) if p is not None and p.requires_grad and one.op.rules[i]]
        for i, (parent, g) in zip(uses, passed_back(one, found[one], None), strict=True):
            if parent in inside and (one, i) not in cut:
                found[parent] = found[parent] + g if parent in found else g
    return {node: np.zeros_like(node.data)} | found
