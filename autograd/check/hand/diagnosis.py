"""What kind of mistake a wrong line makes: hypotheses, tried against its numbers, then its source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

from ...engine import Array, unbroadcast
from .backward import Hand
from .case import Case, has_right_shape, inner, is_right, worst
from .constants import is_named, named
from .edits import KINDS
from .judge import Finding, Judge, near, ratio
from .paths import cross_terms_left_out, fitted, only_diagonal, path_left_out
from .quantities import INNER, quantities
from .repair import Guess, loads, repairs


@dataclass(slots=True)
class Diagnosis:
    """The kind of a mistake, what is said of it, and the line that it is on."""

    kind: str | None
    hint: str
    lineno: int


def diagnosed(finding: Finding, judge: Judge, hand: Hand) -> Diagnosis:
    """The first hypothesis that makes the line right."""
    line = finding.line
    given = {other.node: other.at(line.last.time) / judge.scales[other] for other in finding.upstream}
    region, _ = judge.forward.between(line.node, given)
    case = Case(finding, judge, hand, region, given)
    where = "it raised" if line.last.raised else worst(case.value, case.expected)
    for guess in guesses(case):
        if guess:
            return Diagnosis(guess.kind, f"{guess.text}; {where}", guess.lineno or line.last.lineno)
    kind = "unknown" if np.shape(case.value) == np.shape(case.expected) else "shape"
    return Diagnosis(kind, where, line.last.lineno)


def guesses(case: Case) -> Iterator[Guess | None]:
    """All hypotheses, what says most with least first; of a line that raised, only its source can tell."""
    numeric = not case.finding.line.last.raised
    if numeric:
        yield from (turned(case), shaped(case), multiplied(case, simple=True), overwritten(case))
    judged = {line.root for line in case.judge.lines}
    right = partial(is_right, case=case)
    changes = repairs(case.hand, case.finding.line, judged, right, inner(case))
    yield from islice(changes, KINDS.index("missing-factor"))
    if numeric:
        yield from (multiplied(case), path_left_out(case), fitted(case))
        yield from (cross_terms_left_out(case), only_diagonal(case))
    yield from changes
    if numeric:
        yield from (factor_in_scope(case), not_finite(case))
    else:  # in the first round of a loop: then no value can be right, but a shape can
        fitting = partial(has_right_shape, case=case)
        again = repairs(case.hand, case.finding.line, judged, fitting, {})
        yield from (guess for guess in again if guess and guess.kind in ("transpose", "shape"))


def not_finite(case: Case) -> Guess | None:
    bad = np.count_nonzero(~np.isfinite(case.value))
    return Guess("unknown", f"{bad} of {np.size(case.value)} elements are NaN or infinite") if bad else None


def turned(case: Case) -> Guess | None:
    if np.ndim(case.value) > 1 and is_right(np.swapaxes(case.value, -1, -2), case):
        return Guess("transpose", "it is the transpose of what it should be")
    return None


def shaped(case: Case) -> Guess | None:
    """The right numbers in another shape, or not summed over an axis that was broadcast."""
    value, expected = case.value, case.expected
    if np.shape(value) == np.shape(expected):
        return None
    if np.size(value) == np.size(expected) and near(np.reshape(value, np.shape(expected)), expected):
        return Guess("shape", "the numbers are right, the shape is not (keepdims?)")
    if fits(expected, value) and near(unbroadcast(value, np.shape(expected)), expected):
        return Guess("shape", "it is not summed over the axis along which the variable was broadcast")
    return None


def multiplied(case: Case, simple: bool = False) -> Guess | None:
    """A constant multiple.  A single number is one of any other: there the constant must have a name.

    A wrong sign and a wrong size at once is not `simple`: there may be a better reason.
    """
    c = ratio(case.value, case.expected)
    if c is None and np.shape(case.value) == np.shape(case.expected) and np.sum(case.expected):
        own = float(np.sum(case.value) / np.sum(case.expected))
        c = own if is_named(own, case.forward) and near(case.value, own * case.expected) else None
    if not c or (simple and c < 0 and not np.isclose(c, -1, rtol=1e-9)):
        return None
    if np.isclose(c, -1, rtol=1e-9):
        return Guess("sign", "its sign is wrong")
    return Guess("factor", f"it is {named(c, case.forward)} times what it should be")


def overwritten(case: Case) -> Guess | None:
    """What earlier lines had put there is gone, and would make it right."""
    events = case.finding.line.events[:-1]
    earlier = [event for event in events if np.shape(event.value) == np.shape(case.value)]
    for event in earlier:
        if np.any(event.value) and near(case.value + event.value, case.expected):
            said = f"it replaces what line {event.lineno} had put there, and should add to it"
            return Guess("overwritten", said)
    if len(earlier) > 1 and near(sum((event.value for event in earlier), case.value), case.expected):
        return Guess("overwritten", "each round of the loop replaces what the one before had put there")
    return None


def factor_in_scope(case: Case) -> Guess | None:
    """A quantity in scope, by which the whole is to be multiplied or divided, but for a named constant."""
    event = case.finding.line.last
    used = loads(statement) if (statement := case.hand.statement(event.lineno)) else set()
    for name, quantity in (*quantities(case.hand.scope_of(event)), *quantities(inner(case))):
        if np.size(quantity) > 1 and fits(quantity, case.value) and fits(quantity, case.expected):
            shown = "" if name.startswith(INNER) else f" {name}"
            c = ratio(case.value * quantity, case.expected)
            if c and is_named(c, case.forward):
                return Guess("missing-factor", f"a factor{shown} is missing")
            c = ratio(case.value, case.expected * quantity)
            if c and is_named(c, case.forward):
                if name in used:
                    return Guess("extra-factor", f"a factor{shown} is too many")
                return Guess("missing-factor", f"a factor{shown and f' 1/({name})'} is missing")
    return None


def fits(quantity: Any, value: Array) -> bool:
    """Whether a quantity can be multiplied with a value without making it larger."""
    try:
        return np.broadcast_shapes(np.shape(quantity), np.shape(value)) == np.shape(value)
    except ValueError:
        return False
