"""From what was observed at one point to the verdict on each line, with the kind of a mistake and a hint."""

from __future__ import annotations

import warnings

import numpy as np

from .doubts.evidence import Evidence
from .doubts.second import better
from .judgement import Judgement, Settings, observed, signed
from .limits import price_of_a_run
from .lines import LineWriter
from .locate.bench import Bench
from .locate.blame import Locator
from .match.kinks import kinks
from .match.known import Known
from .match.measured import complete_at_roots, refuse_severed
from .match.rightness import common_scale
from .observe.graph import Forward
from .observe.objects.copies import Shift
from .observe.stage import Stage, silenced
from .observe.tracing import traced
from .reasons import Reasons
from .unfinished import blamed_before, raised_line

KINKED = frozenset(
    ("maximum", "minimum", "max", "min", "amax", "amin", "fmax", "fmin", "absolute", "abs", "fabs", "where",
     "sign", "relu", "leaky_relu", "greater", "less", "greater_equal", "less_equal", "clip", "sort", "median",
     "norm", "heaviside")
)  # fmt: skip


def judged(stage: Stage, settings: Settings, shift: Shift | None = None) -> Judgement:
    """The verdict at one point: first on the results, then, if one is wrong, on what led there."""
    forward = traced(stage, shift)
    known = Known(forward)

    def again(move: Shift) -> Forward:
        """The graph of another run of forward, with its inputs moved."""
        return traced(stage, lambda path, a: move(path, shift(path, a) if shift else a))

    refuse_severed(again, known)
    complete_at_roots(again, known)
    with stage.live(forward, shift):
        found = observed(stage, forward, known, settings)
        if shift is None and found.is_loose and stage.held_back:
            return found  # which is judged again, with these as parameters
        if shift is None and stage.may_drop_guards and not found.ok:
            return found  # which is judged again, without these
        has_kinks = not found.ok and any(node.op.name in KINKED for node in forward.order)
        if not has_kinks:
            if shift is None or not found.ok:
                explain(found, stage, settings)
            return found
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


def explain(found: Judgement, stage: Stage, settings: Settings) -> None:
    """Add the verdicts on the lines, and what is to blame for what is wrong.

    What is right and what is wrong is known by now: a fault in the search for the reason is warned of, and
    takes none of it back.
    """
    if stage.training is not None and stage.training.guess == 2 and not found.ok:
        return  # of such a loss nothing is believed but that all is right
    try:
        with silenced():  # what is tried may overflow
            explain_lines(found, stage, settings)
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        warnings.warn(f"which line is wrong could not be told: {said}", RuntimeWarning, stacklevel=2)


def explain_lines(found: Judgement, stage: Stage, settings: Settings) -> None:
    """The same, if nothing fails on the way."""
    wrong = [r for r, ok in zip(found.results, found.right, strict=True) if not ok and r.node is not None]
    unclear = [r for r in wrong if not np.all(np.isfinite(r.true))]
    for result in unclear:
        result.node, result.reason = None, "what it should be is NaN or infinite at these inputs: try others"
    wrong = [] if unclear else wrong
    reasons = Reasons(found, stage, settings)
    if wrong:
        price = price_of_a_run(found.outcome.events, found.results)
        bench = Bench(stage, found.known, found.results, found.excused, price)
        bench.common = signed(common_scale(found.results, found.known), stage)
        locator = Locator(bench, found.outcome.events, settings)
        reasons.blame(locator.blamed())
        evidence = Evidence(reasons, bench, locator)
        if found.outcome.raised is None and (other := better(evidence)) is not None:
            reasons.blame([other])
    is_cured = False
    if found.outcome.raised is not None and (before := blamed_before(reasons)) is not None:
        blame, is_cured = before
        reasons.blame([blame])
    writer = LineWriter(reasons)
    found.lines = writer.written()
    if found.outcome.raised is not None and not is_cured:
        found.lines += filter(None, [raised_line(reasons, writer)])
