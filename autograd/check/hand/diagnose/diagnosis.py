"""What kind of mistake a wrong line makes: hypotheses, tried against its numbers, then its source."""

from __future__ import annotations

import ast
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from ....engine import Array, unbroadcast
from ..match.names import is_called_gradient
from ..match.near import near, ratio
from ..observe.probes.codes import text_of, tree_of
from ..observe.probes.record import is_array
from ..source.nearby import function_around, made_of
from .case import Case, Guess, inner, worst
from .constants import is_named, named
from .in_scope import (
    cross_term_in_scope,
    factor_in_scope,
    fits,
    one_of_each_row,
    plain_factor,
    term_in_scope,
    two_factors_in_scope,
)
from .paths import cross_terms_left_out, fitted, only_diagonal, path_left_out
from .repair import AT_HAND, MADE, is_of_itself, loads_of, node_at, repairs
from .solving import solved_constant, solved_value


@dataclass(slots=True)
class Diagnosis:
    """The kind of a mistake, and what is said of it; whether putting just that right makes the line right.

    `lineno` is the line of a long statement that it is in, `part` what comes back by the paths that are
    wrong, `change` the kind of change that told it, if these are known.
    """

    kind: str
    hint: str
    is_proven: bool = True
    lineno: int | None = None
    part: Any = None
    change: str | None = None

    @property
    def guess(self) -> Guess:
        """The same of another line: the kind, and what is said but for the numbers of this one."""
        return Guess(self.kind, self.hint.partition(";")[0])


def diagnosed(case: Case) -> Diagnosis:
    """The first hypothesis that makes the line right."""
    where = "it raised" if case.raised else worst(case.value, case.expected)
    for guess in guesses(case):
        if guess:
            is_told = guess.kind != "unknown" and UNNAMED not in guess.text
            is_proven = is_told and (case.raised or any(np.any(r.value) for r in case.rounds))
            return Diagnosis(
                guess.kind, f"{guess.text}; {where}", is_proven, guess.lineno, guess.part, guess.change
            )
        if time.thread_time() > case.deadline:
            break
    if not case.raised and (guess := without_gradient(case)):
        return Diagnosis(guess.kind, f"{guess.text}; {where}", is_proven=False)
    if np.shape(case.value) == np.shape(case.expected):
        return Diagnosis("unknown", where, is_proven=False)
    return Diagnosis("shape", where)


UNNAMED = "a factor is missing"  # which has no name that the user gave it: perhaps it is at hand elsewhere


def guesses(case: Case) -> Iterator[Guess | None]:
    """All hypotheses, what says most with least first; of a line that raised, only its source can tell."""
    numeric = not case.raised
    on_paths = numeric and case.node is not None and len(case.rounds) == 1
    if numeric:
        yield from (turned(case), shaped(case), multiplied(case, simple=True), overwritten(case))
    extras = inner(case)
    changes = repairs(case, extras)
    yield from islice(changes, AT_HAND)
    if numeric:
        yield plain_factor(case)
        yield solved_constant(case, extras)
        yield permuted(case)
        yield one_of_each_row(case)
    yield from islice(changes, MADE - AT_HAND)
    if numeric:
        yield multiplied(case)
    if on_paths:
        yield from (path_left_out(case), fitted(case), cross_terms_left_out(case), only_diagonal(case))
    if numeric:
        yield solved_value(case, extras)
    yield from changes
    if numeric:
        yield from (factor_in_scope(case), two_factors_in_scope(case))
        yield from (cross_term_in_scope(case), term_in_scope(case), not_finite(case))


def each(case: Case, holds: Callable[[Array, Array], bool]) -> bool:
    """Whether something holds of the value and the right one, in each round."""
    return all(holds(r.value, r.expected) for r in case.rounds)


def not_finite(case: Case) -> Guess | None:
    """Whether some of it is NaN or infinite."""
    bad = np.count_nonzero(~np.isfinite(case.value))
    return Guess("unknown", f"{bad} of {np.size(case.value)} elements are NaN or infinite") if bad else None


def turned(case: Case) -> Guess | None:
    """Whether it is the transpose of what it should be."""
    if np.ndim(case.value) > 1 and each(
        case, lambda a, b: np.ndim(a) > 1 and near(np.swapaxes(a, -1, -2), b)
    ):
        return Guess("transpose", "it is the transpose of what it should be")
    return None


def permuted(case: Case) -> Guess | None:
    """Whether it has all the right numbers, each at another place."""
    if np.shape(case.value) != np.shape(case.expected) or np.size(case.value) < MANY_ELEMENTS:
        return None
    if each(
        case, lambda a, b: np.shape(a) == np.shape(b) and near(np.sort(a, axis=None), np.sort(b, axis=None))
    ):
        return Guess("transpose", "the numbers are right, but in another order: an axis, or a reshape")
    return None


MANY_ELEMENTS = 4  # of fewer, two may be exchanged by chance


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
    if c and not each(case, lambda a, b: near(a, c * b)):
        return None
    if not c or (simple and c < 0 and not np.isclose(c, -1, rtol=1e-9)):
        return None
    if np.isclose(c, -1, rtol=1e-9):
        return Guess("sign", "its sign is wrong")
    return Guess("factor", f"it is {named(c, case.forward)} times what it should be")


def overwritten(case: Case) -> Guess | None:
    """What earlier lines had put there is gone, and would make it right."""
    if node_at(case.site, case.site.statement, ast.AugAssign) is not None or is_of_itself(case.site):
        return None  # it adds, or makes something of what was there
    earlier = [(n, v) for n, v in case.rounds[0].earlier if np.shape(v) == np.shape(case.value)]
    for lineno, value in earlier:
        if np.any(value) and near(case.value + value, case.expected):
            return Guess("overwritten", f"it replaces what line {lineno} had put there, and should add to it")
    if len(earlier) > 1 and near(sum((v for _, v in earlier), case.value), case.expected):
        return Guess("overwritten", "each round of the loop replaces what the one before had put there")
    return None


def without_gradient(case: Case) -> Guess | None:
    """Whether a line reads no gradient and nothing made of one, though it is not the last operation's."""
    reads = {name: case.scope[name] for name in loads_of(case.site) if name in case.scope}
    arrays = [v for v in reads.values() if not callable(v)]
    if case.forward.root in case.given or not case.given or not all(map(is_array, arrays)):
        return None
    gradients = [*case.derived.values(), *case.truth.values()]

    def is_gradient(name: str) -> bool:
        value = case.scope.get(name)
        return is_called_gradient(name) or any(ratio(value, g) for g in gradients if is_array(value))

    tree = tree_of(case.site.filename, text_of(case.site.filename))
    function = function_around(tree, case.site.lineno)
    if any(map(is_gradient, reads)) or reads.keys() & made_of(function, is_gradient):
        return None
    return Guess("missing-factor", "no gradient is in it: what comes back from later operations is missing")
