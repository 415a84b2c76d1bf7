"""From what was found of each line to the verdict on it, with the kind of a mistake and a hint."""

from __future__ import annotations

from collections.abc import Callable

from ...engine import LEAF
from .backward import Hand
from .constants import named
from .diagnosis import Diagnosis, diagnosed
from .formula import explained
from .forward import Forward
from .judge import Derived, Finding, Judge, largest, near, ratio
from .kinks import kinks
from .matching import matched, unfinished
from .report import DerivationReport, Line, apart
from .watch import Place, written

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
    own = {line.place for line in lines if ahead.bound_to(hand.target(line.place) or ())}
    judge = Judge(ahead, lines, final_among(lines, wanted & own), truth)
    findings = judge.findings()
    if any(f.state == "wrong" for f in findings):
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
