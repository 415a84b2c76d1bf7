"""Numerical derivatives: right up to their claimed error, at every scale; kinks, recognised or avoided."""

import numpy as np
import pytest

from autograd.check.gradients.numeric import EPS, complex_step, richardson


def derivative(f, x, expected=0.0):
    """The derivative of a function of one number by differences, with steps in the scale of x.

    The value of f is rounded, and so is x, whose rounding f passes on.
    """
    v = abs(x) or 1.0
    size = abs(v * expected)
    noise = np.array([EPS * (abs(f(x)) + size)])
    found = richardson(lambda t: np.array([f(x + t * v)], float), noise, np.array([size]))
    return found.value[0] / v, found.error[0] / v, bool(found.bent[0])


SMOOTH = [
    ("exp", np.exp, 1.3, np.exp(1.3)),
    ("sin, far from 0", np.sin, 1000.0, np.cos(1000.0)),
    ("log of a small number", np.log, 1e-9, 1e9),
    ("log of a large number", np.log, 1e9, 1e-9),
    ("a small function", lambda x: 1e-200 * x**2, 3.0, 6e-200),
    ("beside a constant", lambda x: 1e6 + x**2, 3.0, 6.0),
    ("zero", lambda x: 5.0 + 0 * x, 3.0, 0.0),
    ("near the end of its domain", np.arccos, 1 - 1e-6, -1 / np.sqrt(2e-6 - 1e-12)),
    ("quick oscillation", lambda x: np.sin(300 * x), 0.7, 300 * np.cos(210)),
    ("beside a kink", lambda x: abs(x - 1), 1 + 1e-4, 1.0),
    ("near a kink", lambda x: abs(x - 1), 1 - 1e-7, -1.0),
]


@pytest.mark.parametrize(("f", "x", "expected"), [r[1:] for r in SMOOTH], ids=[r[0] for r in SMOOTH])
def test_differences_are_as_good_as_they_claim(f, x, expected):
    with np.errstate(invalid="ignore"):
        value, error, bent = derivative(f, x, expected)
    assert not bent
    assert abs(value - expected) <= error
    assert error <= 1e-6 * abs(expected) or expected == 0


def test_single_precision_claims_no_more_than_it_has():
    noise = np.array([2.0**-23])
    phi = lambda t: np.array([np.float64(np.sin(np.float32(1 + t)))])  # noqa: E731
    value, error, _ = richardson(phi, noise, np.ones(1))
    assert abs(value[0] - np.cos(1)) <= error[0] < 1e-4


BENT = [
    ("abs", abs, 0.0),
    ("relu", lambda x: max(x, 0.0), 0.0),
    ("a kink and a slope", lambda x: 3 * x + x**2 + 0.1 * abs(x - 2), 2.0),
    ("a small kink", lambda x: np.exp(x) + 1e-4 * abs(x - 1), 1.0),
    ("a jump", lambda x: float(x >= 1) + x, 1.0),
]


@pytest.mark.parametrize(("f", "x"), [r[1:] for r in BENT], ids=[r[0] for r in BENT])
def test_a_kink_is_seen(f, x):
    assert derivative(f, x)[2]


def test_nothing_is_claimed_where_nothing_can_be_evaluated():
    found = richardson(lambda t: np.array([np.nan if t < 0 else t]), np.zeros(1), np.ones(1))
    assert np.isnan(found.value[0])
    assert found.error[0] == np.inf


def test_each_number_has_its_own_error():
    phi = lambda t: np.array([np.exp(t), 1e-6 * np.sin(t), abs(t)])  # noqa: E731
    found = richardson(phi, np.array([EPS, 1e-6 * EPS, EPS]), np.array([1, 1e-6, 1]))
    assert found.bent.tolist() == [False, False, True]
    assert np.all(np.abs(found.value - [1, 1e-6, 0])[:2] <= found.error[:2])
    assert found.error[1] < 1e-15


@pytest.mark.parametrize("scale", [1e-150, 1.0, 1e150])
def test_the_complex_step_is_exact(scale):
    phi = lambda t: scale * np.array([np.exp(2 + 3 * t), (2 + t) ** 3])  # noqa: E731
    value, error, _ = complex_step(phi, EPS * np.abs(phi(0.0)))
    expected = scale * np.array([3 * np.exp(2), 12])
    assert np.all(np.abs(value - expected) <= error)
    assert np.all(error <= 1e-14 * np.abs(expected))


def test_the_complex_step_knows_a_zero():
    """Where the derivative is 0, only the term in h² is left: for t³ at 0."""
    value, error, _ = complex_step(lambda t: np.array([t**3 + 0j]), np.zeros(1))
    assert abs(value[0]) <= error[0]
