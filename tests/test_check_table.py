"""The whole table, right and wrong: no right rule is called wrong, and every planted mistake is found."""

import numpy as np
import pytest

from autograd import Tensor, check, op
from autograd.ops import composed, table

from .cases import CASES
from .check_mutants import MUTANTS, planted, rules_of

BY_FUNCTION = {}
for case in CASES:
    if case.arrays:  # else all its arguments are integers, and there is nothing to differentiate
        BY_FUNCTION.setdefault(case.function, []).append(case)
WITH_RULES = [f for f in BY_FUNCTION if f in table and f not in composed and rules_of(table[f])]
CASES_A_MUTANT = 2


def over(functions):
    return pytest.mark.parametrize("function", functions, ids=lambda f: f.__name__)


def call(case):
    """The case as a function of its arrays."""
    return lambda *arrays: case(list(arrays))


def gradients(case):
    """The gradients of a randomly weighted sum of the case's results; zeros where no gradient comes back."""
    leaves = [Tensor(a, requires_grad=True) for a in case.arrays]
    y = case(leaves)
    if type(y) is Tensor and y.requires_grad:
        y.backward(np.random.default_rng(1755).normal(size=y.shape).astype(y.dtype))
    return [np.zeros(x.shape) if x.grad is None else x.grad for x in leaves]


@over(BY_FUNCTION)
def test_no_right_rule_is_called_wrong(function, record_property):
    """Where the verdict is open, there is a reason: no elements, a gradient of 0, random values."""
    cases = BY_FUNCTION[function]
    reports = [check.gradcheck(call(c), *c.arrays) for c in cases]
    alarms = [str(r) for r in reports if r.verdict == "fail"]
    record_property("right", len(reports))
    record_property("alarms", len(alarms))
    record_property("open", sum(r.verdict == "inconclusive" for r in reports))
    assert alarms == []
    for c, r in zip(cases, reports, strict=True):
        for found, g in zip(r.inputs, gradients(c), strict=True):
            assert found.verdict == "pass" or not g.any() or function is np.empty_like, str(r)


@over(WITH_RULES)
def test_every_wrong_rule_is_found(function, record_property):
    row, found, missed = table[function], 0, []
    for place in rules_of(row):
        for name, mutant in MUTANTS.items():
            for c in changed(row, place, mutant, BY_FUNCTION[function]):
                with planted(row, place, mutant), np.errstate(all="ignore"):
                    report = check.gradcheck(call(c), *c.arrays)
                found += report.verdict == "fail"
                if report.verdict != "fail":
                    missed.append(f"{c}, rule {place}, {name}\n{report}")
    record_property("mutants", found)
    record_property("missed", len(missed))
    assert missed == []
    assert found


def changed(row, place, mutant, cases):
    """A few of the cases in which a mutant gives other gradients than the rule."""
    chosen = []
    for c in cases:
        if len(chosen) == CASES_A_MUTANT:
            break
        right = gradients(c)
        with planted(row, place, mutant), np.errstate(all="ignore"):
            try:
                wrong = gradients(c)
            except Exception:  # a mutant that cannot be computed, such as one with a singular matrix of ones
                continue
        if any(differ(a, b) for a, b in zip(right, wrong, strict=True)):
            chosen.append(c)
    return chosen


def differ(a, b):
    return not np.max(np.abs(a - b), initial=0) <= 1e-5 * np.max(np.abs(a), initial=0)


# Small values and many elements, which mislead an absolute tolerance, or one that grows with the size.


def seeded(name):
    """A function whose rule the mutant of this name makes wrong."""
    square = lambda x: 1e-8 * np.sum(x**2)  # noqa: E731
    right = lambda g, y, x: 2e-8 * g * x  # noqa: E731
    return op(square, MUTANTS[name](right) if name else right)


LARGE = np.random.default_rng(1684).normal(size=20_000)


@pytest.mark.parametrize("x", [LARGE[:3], LARGE], ids=["3", "20000"])
@pytest.mark.parametrize("name", ["sign", "x 1.0001", "dropped factor 2", "dropped g", "missing element"])
def test_small_values_and_many_elements(name, x):
    assert check.gradcheck(seeded(""), x).ok
    assert check.gradcheck(seeded(name), x).verdict == "fail"


def test_one_wrong_element_of_many_is_pointed_at():
    wrong = LARGE.copy()
    wrong[137] *= 1.1
    found = check.gradient(lambda x: 0.5 * np.sum(x * x), lambda x: wrong, LARGE).inputs[0]
    assert (found.verdict, found.index, found.wrong) == ("fail", (137,), 1)
    np.testing.assert_allclose([found.yours, found.true], [LARGE[137] * 1.1, LARGE[137]], rtol=1e-12)
