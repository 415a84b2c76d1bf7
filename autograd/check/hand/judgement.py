"""What was found at one point of the inputs: the results, and which of them are right."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...engine import LEAF, Node
from .locate.suspects import Blame
from .match.known import Known
from .match.lost import lost_updates, passed_by
from .match.near import near
from .match.results import Result, collected, named_in
from .match.rightness import going_wrong, has_no_rate, is_adaptive, judged_right, note_carried
from .match.whose.belonging import assigned
from .observe.arguments import words_in
from .observe.graph import Forward
from .observe.probes.patch import statements_around
from .observe.probes.sites import span_of
from .observe.stage import Outcome, Stage, silenced
from .observe.training import RETURNED
from .report import Line
from .source.quantities import is_index

Settings = tuple[str, Any]


@dataclass(slots=True)
class Judgement:
    """What was found at one point of the inputs.

    left_out   how much of a gradient the tiny numbers make up that were left out; None if none were
    """

    forward: Forward
    known: Known
    results: list[Result]
    right: list[bool]
    outcome: Outcome
    lines: list[Line] = field(default_factory=list)
    excused: dict[Node, Any] = field(default_factory=dict)
    blames: list[Blame] = field(default_factory=list)
    left_out: float | None = None

    @property
    def is_blind(self) -> bool:
        """Whether all true gradients are 0, so that nothing can be told."""
        return bool(self.results) and all(r.true is None or not np.any(r.true) for r in self.results)

    @property
    def is_loose(self) -> bool:
        """Whether a number was returned that belongs to no input: perhaps to a plain number among them."""
        numbers = [r for r in self.results if np.ndim(r.value) == 0]
        return any(r.node is None or (r.kind == "returned" and r.node.op is not LEAF) for r in numbers)

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
        """Whether there are results, and all are right."""
        return bool(self.results) and all(self.right) and self.outcome.raised is None


def observed(
    stage: Stage, forward: Forward, known: Known, settings: Settings, excused: dict[Node, Any] | None = None
) -> Judgement:
    """What the backward pass does, and which of its results are right."""
    with silenced():
        outcome = stage.backwards(noting=True)
    forward.scope = sizes_in(stage, outcome)
    either = any(forward.root in forward.bound.get(word, ()) for word in EITHER_WAY)
    stage.uphill = None if either else goes_up(stage)
    results = results_of(stage, outcome, known, settings) if outcome.raised is None else []
    if not any(r.node is not None for r in results):
        given = {*stage.arguments, *stage.inputs}
        results += assigned(list(named_in(stage, outcome, known, settings, given)), known, settings)
    note_carried(results, known)
    right = judged_right(results, known, excused or {}, stage.uphill)
    return Judgement(forward, known, results, right, outcome, excused=excused or {})


def results_of(stage: Stage, outcome: Outcome, known: Known, settings: Settings) -> list[Result]:
    """What a backward pass results in: of adaptive updates, the gradients that the code names."""
    found = collected(stage, outcome, known)
    found += lost_updates(stage, outcome, known, found)
    if stage.training and stage.training.places is not None:  # others are of another loss
        found = [r for r in found if r.place in stage.training.places]
    results = assigned(found, known, settings)
    results += passed_by(stage, known, results)
    is_first = is_adaptive(results)
    if not is_first and not (has_no_rate(results) and divides_by_roots(stage)):
        return results
    named = assigned(list(named_in(stage, outcome, known, settings)), known, settings)
    turned = going_wrong(results, named, stage.uphill)
    if is_first:
        return [*named, *turned] if len(turned) < len(results) else results
    if {r.node for r in named} & {r.node for r in results}:
        return named
    for result in results:
        result.node, result.reason = None, OF_ROOTS
    return results


OF_ROOTS = (
    "the update is divided by a root of what was kept before, and is no multiple of a gradient: check the "
    "function that makes the gradients by check.derivation, or begin with what is kept at 0"
)


def divides_by_roots(stage: Stage) -> bool:
    """Whether a line that updates a parameter takes a root, as AdaGrad, RMSprop and Adam do."""
    updates = stage.training.updates if stage.training is not None else {}
    statements = (
        s for site, _ in updates for s in statements_around(site.filename, site.statement)
        if span_of(s) == site.statement
    )  # fmt: skip
    return any("sqrt(" in ast.unparse(s) or "** 0.5" in ast.unparse(s) for s in statements)


EITHER_WAY = ("objective", RETURNED)  # what is returned may have a minus before it
TO_GROW = re.compile("likelihood|loglik|log_lik|evidence|reward|utility|elbo|log_prob|logprob|logp")


def goes_up(stage: Stage) -> bool:
    """Whether what forward returns is to grow rather than to fall: by what things are called."""
    words = {word.lower() for f in stage.reach.functions for word in words_in(f.__code__)}
    words |= {f.__name__.lower() for f in stage.reach.functions}
    words |= {name.lower() for name in (stage.training.names if stage.training else ())}
    loss = (stage.training.loss or "").lower() if stage.training else ""
    positive = any(TO_GROW.search(w) and not w.startswith(("neg", "nll")) for w in (*words, loss))
    return positive and not any(w.startswith(("loss", "cost", "neg", "nll")) for w in words)


def signed(scale: float | None, stage: Stage) -> float | None:
    """The constant of updates, with the sign that it must have."""
    if scale is None or stage.uphill is None:
        return scale
    return abs(scale) if stage.uphill else -abs(scale)


def sizes_in(stage: Stage, outcome: Outcome) -> dict[str, Any]:
    """Variables by their names, for what constants and formulas are called by."""
    frames = [f for frames in outcome.frames.values() for f in frames[-1:]]
    sizes = {k: v for frame in frames for k, v in frame.items() if is_index(v) or type(v) is float}
    arrays = (np.ndarray, np.generic, int, float)
    scope = {k: v for k, v in (stage.inputs | stage.scope | stage.arguments).items() if isinstance(v, arrays)}
    return sizes | {k: np.array(v) if isinstance(v, np.ndarray) else v for k, v in scope.items()}
