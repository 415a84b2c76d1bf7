"""From what was found of each line to the verdict on it, with the kind of a mistake and a hint."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...engine import LEAF, Array, Node
from .backward import Hand
from .constants import named
from .diagnosis import Diagnosis, diagnosed
from .formula import explained
from .forward import Forward
from .judge import Derived, Finding, Judge, largest, near, ratio
from .matching import matched, unfinished
from .report import DerivationReport, Line, apart
from .watch import Place, written

SHIFT = 1e-6  # how far inputs are moved to see where the gradient jumps


NOTHING_TO_SEE = (
    "the true gradient is 0 everywhere here, so a wrong formula could not be told: try other inputs"
)
TAKEN_OUT = "times the true gradient, which the lines after it take out again"


def report_of(
    ahead: Forward,
    hand: Hand,
    wanted: set[Place],
    again: Callable[..., Forward] | None = None,
    error: str | None = None,
) -> DerivationReport:
    """The report on a backward pass, of which `wanted` was returned."""
    truth = ahead.gradients()
    sizes = {name: value for name, value in hand.before.items() if type(value) is int}
    ahead.scope = sizes | ahead.scope  # what backward calls a size is called so
    hand.settle()
    lines, unmatched = matched(hand, ahead, truth)
    if error and (failed := unfinished(hand, ahead, lines)):
        lines.append(failed)
    judge = Judge(ahead, lines, final_among(lines, wanted), truth)
    findings = judge.findings()
    if again and any(f.state == "wrong" for f in findings):
        judge.kinks = kinks(again, ahead, truth)
        findings = judge.findings()
    tainted: set[Derived] = set()
    verdicts = []
    for finding in findings:
        if finding.state == "wrong" or tainted & set(finding.upstream):
            tainted.add(finding.line)
        verdicts.append(verdict(finding, judge, hand, tainted, error))
    missing = tuple(written(place) for place in wanted if written(place) in unmatched)
    return DerivationReport(tuple(verdicts), unmatched, error, missing, hand.prefix)


def final_among(lines: list[Derived], wanted: set[Place]) -> set[Derived]:
    """The gradients that the user finally wants: those returned, of inputs if any of these are."""
    returned = [line for line in lines if line.place in wanted] or lines
    inputs = [line for line in returned if line.node.op is LEAF]
    return set(inputs or ([] if returned is lines else returned))


def kinks(again: Callable[..., Forward], ahead: Forward, truth: dict[Node, Array]) -> dict[Node, Array]:
    """Where the true gradient jumps when the inputs move a little: at a kink, any slope between is right.

    A gradient that changes wholly is nothing but rounding, and jumps everywhere.
    """
    sides = []
    for sign in (0, 1, -1):
        rng = np.random.default_rng(0)  # the same for both sides, so that they are opposite
        try:
            moved = again(lambda a, s=sign * SHIFT, rng=rng: a + s * rng.uniform(0.5, 1, a.shape))
        except Exception:  # what runs at the inputs need not run beside them
            return {}
        if [n.op for n in moved.order] != [n.op for n in ahead.order]:
            return {}
        if not sign:
            if not near(moved.root.data, ahead.root.data):
                return {}  # it is random: a mask of dropout, say
            continue
        gradients = moved.gradients()
        sides.append([gradients.get(node) for node in moved.order])
    found = {}
    for node, a, b in zip(ahead.order, *sides, strict=True):
        if node not in truth:
            continue
        jumps = np.abs(a - b) > 1e3 * SHIFT * max(largest(truth[node]), largest(a), largest(b))
        if np.any(jumps):
            found[node] = jumps
    return found


def verdict(finding: Finding, judge: Judge, hand: Hand, tainted: set[Derived], error: str | None) -> Line:
    """The verdict on one line."""
    line, true = finding.line, judge.truth[finding.line.node]
    value = line.last.value
    told = Diagnosis(None, "", line.last.lineno)
    if near(value, true) or judge.is_excused(value, true, judge.kinks.get(line.node)):
        word = "right"
        if not largest(true):
            word = "inconclusive"
            told.hint = NOTHING_TO_SEE
    elif finding.state == "wrong" and error and not line.last.raised and hand.is_unfinished(line.place):
        word, told.hint = "inconclusive", "backward raised before it was complete"
    elif finding.state == "unclear":
        word, told.hint = "inconclusive", finding.reason
    elif finding.state == "wrong":
        word = "wrong here"
        told = diagnosed(finding, judge, hand)
    elif line in tainted:
        word = "inherits"
        names = ", ".join(dict.fromkeys(other.name for other in finding.upstream if other in tainted))
        told.hint = f"it follows from your {names}, which is not right"
    elif c := ratio(value, true):
        word = "scaled"
        told.hint = f"{named(c, judge.forward)} {TAKEN_OUT}"
    else:
        word = "right"
        told.hint = "it follows from your own gradients, which differ from the engine's at kinks only"
    return Line(
        name=line.name,
        verdict=word,
        kind=told.kind,
        hint=told.hint,
        source=hand.source(told.lineno),
        lineno=told.lineno,
        error=apart(value, true),
        yours=value,
        true=true,
        expected=true if finding.unit is None else finding.expected,
        levels=lambda level: explained(finding, judge, level),
    )
