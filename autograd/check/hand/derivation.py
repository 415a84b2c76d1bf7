"""`derivation`: a hand-derived backward pass, held against the gradients of the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ...engine import Node
from ...errors import DerivationError
from .beside import moved
from .diagnose.constants import named
from .judgement import Judgement, Settings
from .match.near import apart
from .match.rightness import common_scale
from .observe.graph import Forward
from .observe.objects.reach import Root
from .observe.probes.probe import TimeUp
from .observe.probes.record import is_array
from .observe.probes.trace import path_text
from .observe.raising import is_raised_by_user, told
from .observe.stage import Stage
from .report import DerivationReport
from .verdicts import judged


def derivation(
    forward: Callable[..., Any],
    backward: Callable[..., Any] | None,
    inputs: Mapping[str, Any],
    *,
    prefix: str = "d",
    names: Mapping[str, str] | None = None,
) -> DerivationReport:
    """The verdict on a backward pass that was derived by hand, and on each line of it.

    forward   plain NumPy that returns the loss, or the loss and more; or arrays, of which backward takes
              the upstream gradients, with or without a cache; it takes the inputs that it names
    backward  plain NumPy; it takes what it names of the inputs and of the variables of forward, the
              upstream gradients, which are drawn, and what forward returned beside its outputs.
              None if forward returns the gradients too, behind the loss
    inputs    a dictionary by name; float arrays are what gradients are taken with respect to, those in
              containers and objects too, such as the weights of a layer, and plain numbers of which
              backward names a gradient: `db` of a bias b=0.0
    prefix    what a gradient's name begins with, beside the usual: d, grad_, delta_, nabla_, _grad
    names     what else gradients are called: {"delta": "Z2"}

    `forward` runs on Tensors.  `backward` runs on arrays, as it is, from the state that forward leaves;
    every draw is repeated, and the user's objects are afterwards what they were.  Its results are judged:
    what it returns, the gradients that it leaves in objects and containers, and updates of parameters.
    If one is wrong, the line to blame is the earliest one that makes all right that it leads to, with the
    engine's value in its place; in a helper or a method too.

    An error is relative to the largest element of the true gradient, and may be 1e-9 of it.

    Raises DerivationError for a forward pass that returns nothing that depends on the inputs, for a
    parameter that nothing is known for, and where two runs of forward differ; what the two functions
    raise themselves is told by the report.

    >>> def forward(x, w):
    ...     y = x * w
    ...     return np.sum(y**2)
    >>> def backward(x, w, y):
    ...     dy = 2 * y
    ...     dw = dy * w
    ...     return dw
    >>> report = derivation(forward, backward, {"x": np.array([1.0, 2.0]), "w": np.array([3.0, 5.0])})
    >>> report.first.name, report.first.kind
    ('dw', 'wrong-variable')
    """
    if not isinstance(inputs, Mapping):
        raise DerivationError(
            f"inputs is a {type(inputs).__name__}: pass a dictionary by name, {{'X': X, 'W1': W1}}"
        )
    for name, function in (("forward", forward), ("backward", backward)):
        if not callable(function) and (name == "forward" or function is not None):
            raise DerivationError(f"{name} is a {type(function).__name__}: pass the function itself")
    return examined(Stage.of(forward, backward, inputs), (prefix, dict(names or {})), prefix)


def examined(stage: Stage, settings: Settings, prefix: str) -> DerivationReport:
    """The report on what is on a stage: at the inputs given and, if all is right, a little beside them."""
    try:
        first = judged_once(stage, settings)
        if first.is_loose and stage.loosened():
            first = judged(stage, settings)
    except DerivationError:
        raise
    except (Exception, TimeUp) as error:  # the user's own, whatever it is
        if not is_raised_by_user(error):
            raise
        return DerivationReport((), error=told(error, stage.name, stage.patience), prefix=prefix)
    if not first.ok and not first.differs_at_kinks_only:
        return report_of(stage, first, prefix)
    second = elsewhere(stage, first, settings, first.is_blind)
    if first.ok and second is not None and not second.ok:
        note = "at the inputs given it is right: what is shown is at others, a little beside them"
        return report_of(stage, second, prefix, note)
    if not first.ok and second is not None and second.ok:
        first.right, first.blames = [True] * len(first.right), []
        first.lines = [line for line in first.lines if line.verdict in ("right", "scaled")]
        return report_of(
            stage,
            first,
            prefix,
            "it differs from the engine's at kinks only, where any slope between is right",
        )
    if first.is_blind and (second is None or second.is_blind):
        withhold(first, NOTHING_TO_SEE)
    elif any(is_array(v) and np.size(v) == 0 for v in stage.inputs.values()) and any(
        goes_into_nothing(r.node, first.forward) for r in first.results if r.node is not None
    ):
        withhold(first, NO_ELEMENTS)
    return report_of(stage, first, prefix)


NO_ELEMENTS = (
    "what is made of it has no elements here, so a wrong formula could not be told: try other inputs"
)


def goes_into_nothing(node: Node, forward: Forward) -> bool:
    """Whether arrays without elements are made of a variable, such as the scores of no samples."""
    found, waiting = {node}, [node]
    while waiting:
        for child in forward.children[waiting.pop()]:
            if np.size(child.data) == 0:
                return True
            if child not in found:
                found.add(child)
                waiting.append(child)
    return False


def withhold(found: Judgement, reason: str) -> None:
    """Say of nothing that it is right, for a reason."""
    for result in found.results:
        result.node, result.reason = None, reason
    found.lines = [replace(line, verdict="inconclusive", hint=reason) for line in found.lines]


def judged_once(stage: Stage, settings: Settings) -> Judgement:
    """The verdict at the inputs, in the best reading.

    Forward may bind a name of theirs anew, and may add a tiny number lest a logarithm or a quotient be of 0,
    which people leave out of their derivatives: the gradient of a cross-entropy is p - t.  Who adds one in
    the backward pass leaves none out, unless all is right without.
    """
    first = judged_as_floats(stage, settings)
    if stage.may_drop_guards and not first.ok:
        stage.drops_guards = True
        other = judged_as_floats(stage, settings)
        other.left_out = farthest(first) if other.ok else None
        is_better = mistakes(other) <= mistakes(first) and (other.ok or not stage.keeps_guards)
        stage.drops_guards = is_better and (other.left_out or 0) <= MOST_LEFT_OUT
        first = other if stage.drops_guards else judged_as_floats(stage, settings)
    if first.ok or not stage.rebound:
        return first
    stage.keeps_inputs = True
    other = judged_as_floats(stage, settings)
    if mistakes(other) < mistakes(first):
        return other
    stage.keeps_inputs = False
    return first


def farthest(found: Judgement) -> float:
    """By how much of their largest element gradients are wrong, at most; updates, but for the rate."""
    wrong = [r for r, ok in zip(found.results, found.right, strict=True) if not ok and r.node is not None]
    rates = [np.vdot(r.true, r.value) / np.vdot(r.true, r.true) if r.kind == "update" else 1 for r in wrong]
    return max((apart(r.value, c * r.true) for r, c in zip(wrong, rates, strict=True)), default=0.0)


MOST_LEFT_OUT = 0.05  # of a gradient that a tiny number may make up: more is no matter of rounding


def mistakes(found: Judgement) -> float:
    """How many gradients are wrong; infinitely many, if it raised."""
    wrong = {id(r.node or r) for r, ok in zip(found.results, found.right, strict=True) if not ok}
    return float("inf") if found.outcome.raised is not None else len(wrong)


def judged_as_floats(stage: Stage, settings: Settings) -> Judgement:
    """The verdict at the inputs; if there is no array of floats among them, on plain numbers."""
    try:
        return judged(stage, settings)
    except DerivationError:
        if not stage.loosened():
            raise
        return judged(stage, settings)


NOTHING_TO_SEE = (
    "the true gradient is 0 everywhere here, so a wrong formula could not be told: try other inputs"
)


UNTIL_THEN = "what it did until then is judged"


def elsewhere(stage: Stage, first: Judgement, settings: Settings, anew: bool = False) -> Judgement | None:
    """The verdict at other values of the inputs, where a mistake may show that is hidden here; or None."""
    try:
        with stage.before.drawn_anew():
            second = judged(stage, settings, moved(first, anew))
    except Exception:  # what runs at the inputs need not run beside them
        return None
    is_finite = all(np.all(np.isfinite(r.true)) for r in second.results if r.true is not None)
    known = {r.place for r in first.results} == {r.place for r in second.results}
    return second if is_finite and known and second.outcome.raised is None else None


def report_of(stage: Stage, found: Judgement, prefix: str, *notes: str) -> DerivationReport:
    """What is said of a judgement."""
    raised = found.outcome.raised
    results: dict[str, bool] = {}
    for result, is_right in zip(found.results, found.right, strict=True):
        if result.node is not None:
            results[result.shown] = results.get(result.shown, True) and is_right
    return DerivationReport(
        lines=tuple(found.lines),
        unmatched={r.shown: r.reason for r in found.results if r.node is None},
        error=told(raised, stage.backward_name, stage.patience, UNTIL_THEN) if raised is not None else None,
        judged=results,
        inputs=inputs_of(found),
        drawn={name: stage.arguments[name] for name in stage.drawn},
        notes=(*notes, *steps_of(stage, found), *returns_of(stage, found), *readings_of(stage, found)),
        prefix=prefix,
        is_faulty=isinstance(raised, Exception) and not isinstance(raised, MemoryError),
    )


def readings_of(stage: Stage, found: Judgement) -> Iterator[str]:
    """How forward was read, where there are several ways."""
    yield from rebound_in(stage)
    if stage.drops_guards:
        guards = " and the ".join(f"{c:g}" for c in sorted(stage.guards))
        yield f"judged without the {guards} that is added lest something be 0"
        if found.left_out is not None:
            yield f"with that, gradients differ by up to {found.left_out:.0e} of their largest element"


def rebound_in(stage: Stage) -> Iterator[str]:
    """What is said of inputs that forward puts something else under."""
    for name in stage.rebound:
        given = "what it was passed as" if stage.keeps_inputs else f"what {stage.name} left under that name"
        yield f"{stage.name} binds {name} anew: {stage.backward_name} was given {given}"


def inputs_of(found: Judgement) -> dict[str, str]:
    """What became of the gradient of each input: it is right, wrong, or not derived."""
    states: dict[str, str] = {}
    for path, node in found.forward.leaves.items():
        ours = [ok for r, ok in zip(found.results, found.right, strict=True) if r.node is node]
        if ours:
            states[path_text(path)] = "right" if all(ours) else "wrong"
        elif path[0] is Root.INPUTS and node in found.known.truth:
            states[path_text(path)] = "not derived"
    return states


ADAPTIVE = (
    "the updates are all of one size, as the first of Adam or RMSprop are: "
    "the gradients that the code names were judged"
)


def steps_of(stage: Stage, found: Judgement) -> list[str]:
    """What is said of updates: the constant before the gradient."""
    updates = [r for r, ok in zip(found.results, found.right, strict=True) if r.kind == "update" and ok]
    if (c := common_scale(updates, found.known)) is None:
        is_named = bool(found.results) and all(r.kind == "named" for r in found.results)
        return [ADAPTIVE] if stage.training is not None and is_named else []
    way = "downhill" if c < 0 else "uphill: this is ascent, right as what forward returns is to grow"
    return [f"each update is {named(c, found.forward)} times the gradient, {way}"]


def returns_of(stage: Stage, found: Judgement) -> Iterator[str]:
    """What is said of a right backward pass that returns nothing, or by other names in another order."""
    if not found.ok or stage.training is not None or stage.backward is None:
        return
    if all(r.kind == "named" for r in found.results):
        yield f"{stage.backward_name} returns nothing: the variables that it had at its end were judged"
    leaves = list(found.forward.leaves)
    names = {node: path_text(path) for path, node in found.forward.leaves.items()}
    returned = [r for r in found.results if r.kind == "returned" and r.node in names and len(r.place) == 1]
    order = [leaves.index(p) for r in returned for p, n in found.forward.leaves.items() if n is r.node]
    is_told = all(r.node in found.known.called(r.name) for r in returned)
    if order != sorted(order) and not is_told:
        told = ", ".join(names[r.node] for r in returned if r.node is not None)
        yield f"{stage.backward_name} returns the gradients of {told}, in this order"
