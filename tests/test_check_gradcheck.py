"""The gradient checks in use: mistakes that other checks miss, false alarms of others, and open verdicts."""

import re

import numpy as np
import pytest

from autograd import Tensor, check, op, relu, softmax
from autograd.check.gradients.branches import ANALYTIC, DECISIONS
from autograd.errors import AutogradError, CheckError, DTypeError, ShapeError
from autograd.ops import table

from .cases_common import NOT_ANALYTIC

rng = np.random.default_rng(1646)  # the year of Leibniz's birth
X, W = rng.normal(size=(3, 4)), rng.normal(size=(4, 2))


def only(report):
    """The one input of a report."""
    (found,) = report.inputs
    return found


# Mistakes that an ordinary checker passes.


def test_a_wrong_gradient_of_small_values():
    """An absolute tolerance of 1e-6 passes anything here."""
    x = 1e-4 * X
    assert np.allclose(2.5e-8 * 2 * x, 1e-8 * 2 * x)
    report = check.gradient(lambda x: 1e-8 * np.sum(x**2), lambda x: 2.5e-8 * 2 * x, x)
    found = only(report)
    assert found.verdict == "fail"
    assert found.yours / found.true == pytest.approx(2.5)
    assert "2.5 times" in str(report)


def test_a_wrong_tenth_of_many_elements():
    """A tolerance that grows with the number of elements passes this mistake."""
    x = rng.normal(size=20_000)
    found = only(check.gradcheck(op(lambda x: np.sum(x**2), lambda g, y, x: 2.2 * g * x), x))
    assert (found.verdict, round(found.yours / found.true, 9)) == ("fail", 1.1)


def test_a_diagonal_for_the_jacobian_of_softmax():
    """With a cotangent of ones, both the right and the wrong gradient are about 0: sum(softmax) is 1."""
    diagonal = op(lambda x: softmax(x), lambda g, y, x: g * y * (1 - y))
    nothing = op(lambda x: softmax(x), lambda g, y, x: 0 * g)
    right = op(lambda x: softmax(x), lambda g, y, x: y * (g - (g * y).sum(axis=-1, keepdims=True)))
    assert [check.gradcheck(f, X).verdict for f in (diagonal, nothing, right)] == ["fail", "fail", "pass"]


def test_a_forgotten_cotangent_of_a_number():
    """A scalar output gets a random cotangent too; the gradient is still shown for a cotangent of 1."""
    wrong = op(lambda x: np.sum(np.sin(x)), lambda g, y, x: np.cos(x))
    found = only(check.gradcheck(wrong, X))
    assert found.verdict == "fail"
    assert found.true == pytest.approx(np.cos(X[found.index]), rel=1e-8)


def test_a_gradient_of_another_shape():
    """Shapes (64,) and (1, 64): NumPy would broadcast one to the other."""
    w = rng.normal(size=(1, 64))
    report = check.gradient(lambda w: np.sum(w**2), lambda w: (2 * w)[0], w)
    assert report.verdict == "fail"
    assert "it has shape (64,), and must have that of the input, (1, 64)" in str(report)


def test_a_path_that_was_cut():
    found = only(check.gradcheck(lambda x: x / np.max(np.abs(x.detach())), X))
    assert (found.verdict, found.method, found.wrong) == ("fail", "Richardson", 1)


def test_a_gradient_that_does_not_arrive():
    report = check.gradcheck(lambda x: np.sum(np.exp(x.detach()) + 0 * x), X)
    assert report.verdict == "fail"
    assert "no gradient arrives there" in str(report)


def test_a_transposed_gradient():
    x, w = X[:, :3], rng.normal(size=(3, 3))
    report = check.gradient(lambda x, w: x @ w, lambda x, w, g: (g @ w.T, (x.T @ g).T), x, w)
    assert [i.verdict for i in report.inputs] == ["pass", "fail"]
    assert "it is the transpose of the gradient" in str(report)


def test_a_gradient_that_is_not_a_number():
    found = only(check.gradient(lambda x: np.sum(x**2), lambda x: np.where(x == x[0], np.nan, 2 * x), X[0]))
    assert (found.verdict, found.index, found.error) == ("fail", (0,), np.inf)


# Mistakes that could not have been found, which the report says.


POWERLESS = [
    ("exponent 0", lambda x: x**0, "nothing gets back through power"),
    ("dead relu", lambda x: relu(x @ W - 100), r"nothing gets back through relu of shape \(3, 2\)"),
    ("not used", lambda x: W * 2, "no path from it"),
    ("piecewise constant", lambda x: np.sign(x), "no path from it"),
    ("sum of softmax", lambda x: np.sum(softmax(x)), r"f sums softmax of shape \(3, 4\)"),
    ("mean of deviations", lambda x: 3 * np.mean(x - np.mean(x)), r"f sums subtract of shape \(3, 4\)"),
    ("cancelled", lambda x: x - x, "adds up to zero"),
]


@pytest.mark.parametrize(("f", "words"), [r[1:] for r in POWERLESS], ids=[r[0] for r in POWERLESS])
def test_no_power(f, words):
    report = check.gradcheck(f, X)
    assert report.verdict == "inconclusive"
    assert only(report).zero
    assert "zero everywhere" in str(report)
    assert len(report.power) == 1
    assert re.search(words, report.power[0])


def test_no_power_without_an_engine():
    report = check.gradient(lambda x: np.sum(np.maximum(x - 100, 0)), lambda x: 0 * x, X)
    assert report.verdict == "inconclusive"
    assert "does not change with it at this point" in report.power[0]


def test_some_power_is_said_to_be_some():
    report = check.gradcheck(lambda x: np.max(x, axis=1), X)
    assert report.ok
    assert report.power == ("x: the gradient is zero at 9 of 12 elements, where no wrong factor shows",)


def test_no_elements():
    report = check.gradcheck(lambda x: np.sum(x), np.zeros((0, 3)))
    assert (report.verdict, only(report).reason) == ("inconclusive", "it has no elements")


def test_random_functions_are_caught():
    generator = np.random.default_rng(0)
    report = check.gradcheck(lambda x: x * generator.normal(size=x.shape), X)
    assert report.verdict == "inconclusive"
    assert "is random: two evaluations at the same inputs differ by" in report.notes[0]
    report = check.gradient(lambda x: np.sum(x**2), lambda x: 2 * x + generator.normal(size=x.shape), X)
    assert report.verdict == "inconclusive"
    assert report.notes[0].startswith("the gradient is random")


def test_a_point_where_f_is_not_finite():
    with np.errstate(divide="ignore", invalid="ignore"):
        report = check.gradcheck(lambda x: np.log(x), np.array([0.0, 1.0]))
    assert "f is not finite at this point" in only(report).reason


def test_an_ill_conditioned_point_is_not_called_wrong():
    hilbert = 1 / (np.arange(8)[:, None] + np.arange(8) + 1.0)
    assert "too ill-conditioned to tell" in only(check.gradcheck(lambda a: np.linalg.inv(a), hilbert)).reason


# Right gradients that an ordinary checker calls wrong.


KINKS = [
    ("abs", lambda x: np.abs(x), [0.0, 1, -2, 0, 3], 2),
    ("relu", lambda x: relu(x) ** 2 + relu(x), [0.0, 1, -2, 0, 3], 2),
    ("a tie", lambda x: np.max(x) * x, [3.0, 1, 3, 2], 2),
    ("the order", lambda x: np.sort(x) * np.arange(4), [3.0, 1, 3, 2], 2),
    ("a bound", lambda x: np.clip(x, 0, 1), [0.5, 1, -3, 0], 2),
    ("a comparison", lambda x: np.where(x > 1, x, 2 * x), [1.0, 2, 3], 1),
    ("an if", lambda x: x * (2 if x[0] > 1 else 3), [1.0, 2, 3], 1),
    ("an index", lambda x: x[np.argmax(x.data)] * x, [3.0, 1, 3, 2], 2),
    ("the edge of the domain", lambda x: np.arccos(x), [1.0, 0.5, -1], 2),
]


@pytest.mark.parametrize(("f", "x", "kinks"), [r[1:] for r in KINKS], ids=[r[0] for r in KINKS])
@np.errstate(divide="ignore")
def test_kinks_are_left_out_and_counted(f, x, kinks):
    report = check.gradcheck(f, np.array(x))
    assert (report.verdict, only(report).kinks) == ("pass", kinks), str(report)


def test_kinks_that_are_near():
    x = np.array([1e-3, -1e-6, 1.0])
    assert (
        check.gradcheck(lambda x: np.abs(x), x).ok,
        only(check.gradcheck(lambda x: relu(x), x)).kinks,
    ) == (
        True,
        0,
    )


def test_kinks_of_a_function_of_which_nothing_is_known():
    x = np.array([0.0, 1, -2, 0, 3])
    for slope in (-1, 0, 1):  # the check must not judge the gradient at a kink
        found = only(
            check.gradient(lambda x: np.sum(np.abs(x)), lambda x, s=slope: np.sign(x) + s * (x == 0), x)
        )
        assert (found.verdict, found.kinks) == ("pass", 2)


def test_many_kinks_among_many_elements():
    x = np.maximum(rng.normal(size=20_000), 0)
    found = only(check.gradcheck(lambda x: relu(x), x))
    assert (found.verdict, found.kinks) == ("pass", np.sum(x == 0))


def test_a_mistake_beside_kinks_is_found():
    x = np.array([0.0, 1, -2, 0, 3])
    wrong = op(lambda x: np.abs(x), lambda g, y, x: g * np.where(x > 2, 1.0001, np.sign(x)))
    found = only(check.gradcheck(wrong, x))
    assert (found.verdict, found.index) == ("fail", (4,))


def test_every_element_at_a_kink():
    report = check.gradcheck(lambda x: np.linalg.norm(x), np.zeros(3))
    assert (report.verdict, only(report).kinks, report.power) == ("inconclusive", 3, ())


# Where f is smooth, but an operation in it is at a kink: its derivative does not follow from the convention.

SMOOTH = [
    ("norm", lambda x: np.linalg.norm(x) ** 2, np.zeros(3), "vector_norm"),
    ("abs", lambda x: np.sum(np.abs(x) ** 2), np.zeros(3), "absolute"),
    ("abs of some", lambda x: np.abs(x) ** 2, np.array([1.0, 0, 2]), "absolute"),
    ("abs of a number", lambda x: np.abs(x) * np.abs(x), np.array(0.0), "absolute"),
    ("hypot", lambda x: np.hypot(x[0], x[1]) ** 2, np.zeros(2), "hypot"),
    ("std", lambda x: np.std(x) ** 2, np.zeros(3), "std"),
]


@pytest.mark.parametrize(("f", "x", "name"), [r[1:] for r in SMOOTH], ids=[r[0] for r in SMOOTH])
def test_a_convention_that_makes_a_second_derivative_wrong(f, x, name):
    report = check.gradcheck(f, x, order=2)
    first, second = report.inputs
    assert (first.verdict, second.verdict) != ("fail", "pass")
    assert (report.verdict, second.verdict) == ("fail", "fail")
    assert f"f is smooth here, but {name} in it is not" in second.reason


def test_a_convention_that_makes_a_first_derivative_wrong():
    found = only(check.gradcheck(lambda x: relu(x) - relu(-x), np.array([0.0, 1.0])))
    assert (found.verdict, found.index, found.yours) == ("fail", (0,), 0)
    assert "f is smooth here, but relu in it is not" in found.reason


BENT = [
    ("norm", lambda x: np.linalg.norm(x), np.zeros(3)),
    ("relu", lambda x: relu(x) ** 2, np.zeros(3)),
    ("maximum", lambda x: np.maximum(x, 0) ** 2, np.array(0.0)),
    ("the median of equal numbers", lambda x: np.median(x) ** 3, np.full(3, 2.0)),
    ("sorted equal numbers", lambda x: np.sort(x) ** 3, np.array([2.0, 2.0, 1.0, 2.0])),
    ("a third power", lambda x: np.abs(x) ** 3, np.zeros(2)),
]


@pytest.mark.parametrize(("f", "x"), [r[1:] for r in BENT], ids=[r[0] for r in BENT])
def test_a_kink_of_f_itself_is_called_nothing(f, x):
    assert check.gradcheck(f, x, order=2).verdict != "fail"


# An operation that is made anew at each call is the same operation.


def anew(slope, n=3):
    return lambda x: op(lambda v: v**n, lambda g, y, v: slope * g * v ** (n - 1))(x)


def decorated(x):
    @op(rules=[lambda g, y, v: 2 * g * v])
    def square(v):
        return v * v

    return square(x)


def chosen(x):
    return anew(2, 2)(x) if x.data[0] > 1 else anew(3, 3)(x)


def test_an_operation_made_anew_at_each_call():
    for f in (anew(3), decorated):
        report = check.gradcheck(f, X, order=2)
        assert (report.verdict, report.inputs[0].kinks) == ("pass", 0)
    wrong = only(check.gradcheck(anew(2), X))
    assert (wrong.verdict, "0.666667 times" in wrong.reason) == ("fail", True)


def test_an_operation_made_otherwise_is_another_one():
    assert only(check.gradcheck(chosen, np.array([1.0, 2.0]))).kinks == 1


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_single_precision_is_raised(dtype):
    found = only(check.gradcheck(lambda x: np.tanh(x) ** 2, X.astype(dtype)))
    assert found.verdict == "pass"
    assert found.error < 1e-14


def test_single_precision_inside():
    report = check.gradcheck(lambda x: np.sum((x.astype(np.float32) * 3) ** 2), X)
    assert report.ok, str(report)
    wrong = op(lambda x: np.float32(3) * x.astype(np.float32), lambda g, y, x: 3.003 * g)
    assert check.gradcheck(wrong, X).verdict == "fail"


# Inputs, and what happens to them.


@pytest.mark.parametrize("x", [np.arange(3), True, 2, np.array([1 + 2j]), "x", None])
def test_integers_are_refused(x):
    for call in (
        lambda: check.gradcheck(lambda x: x, x),
        lambda: check.gradient(lambda x: x, lambda x: x, x),
    ):
        with pytest.raises(DTypeError, match=r"input 0 is .*: pass floats, 3\.0 or"):
            call()


def test_structures_and_their_names():
    inputs = {"w": [X, Tensor(W, requires_grad=True)], "b": 0.5}, 2.0
    report = check.gradcheck(
        lambda params, scale: {"y": params["w"][0] @ params["w"][1] + params["b"], "z": (scale**3,)}, *inputs
    )
    assert [i.name for i in report.inputs] == ["params['w'][0]", "params['w'][1]", "params['b']", "scale"]
    assert report.ok
    assert inputs[0]["w"][1].grad is None


def test_no_gradient_of_the_callers_is_touched():
    w = Tensor(W, requires_grad=True)
    w.grad = np.ones(W.shape)
    assert check.gradcheck(lambda x: x @ w, X, order=2).ok
    assert check.gradcheck(lambda w: X @ w, w).ok
    np.testing.assert_array_equal(w.grad, 1)


def test_read_only_and_strided_inputs():
    x = np.broadcast_to(X[:, :1], (3, 4))
    assert check.gradcheck(lambda x: np.exp(x), x).ok
    assert check.gradcheck(lambda x: np.exp(x), X[::-1, ::2].T).ok


def test_a_function_that_writes_into_its_inputs():
    x = X.copy()

    def f(x):
        y = np.sum(x**2)
        x[0] = 7.0
        return y

    report = check.gradient(f, lambda x: 2 * x, x)
    assert report.ok
    assert report.notes == ("f writes into its inputs in place: x; it was given copies",)
    np.testing.assert_array_equal(x, X)


def test_a_gradient_that_writes_into_its_inputs():
    report = check.gradient(lambda x: np.sum(x**2), lambda x: np.multiply(x, 2, out=x), X)
    assert report.ok
    assert "writes into its inputs in place: x" in report.notes[0]


@pytest.mark.parametrize("error", [None, KeyError])
def test_inputs_are_restored(error):
    x, t = X.copy(), Tensor(X, requires_grad=True)

    def f(a, b):
        x[0] = np.nan  # through the closure, not through its arguments
        t.data[1] = 5
        if error:
            raise error
        return np.sum(a * b)

    if error:
        with pytest.raises(error):
            check.gradcheck(f, x, t)
    else:
        assert "wrote into an input in place, past its arguments" in str(check.gradcheck(f, x, t))
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(t.data, X)


def test_what_f_raises_is_raised():
    with pytest.raises(ZeroDivisionError):
        check.gradcheck(lambda x: 1 / 0, X)
    with pytest.raises(TypeError, match="nothing to check"):
        check.gradcheck(lambda: X)
    with pytest.raises(TypeError, match="nothing in it to differentiate"):
        check.gradcheck(lambda x: (), X)
    with pytest.raises(DTypeError, match="returned"):
        check.gradcheck(lambda x: x * 1j, X)
    with pytest.raises(DTypeError, match="returned"):
        check.gradient(lambda x: None, lambda x: x, X)
    with pytest.raises(ValueError, match="order must be 1 or 2"):
        check.gradcheck(lambda x: x, X, order=3)


STRUCTURES = [
    ("one for two", lambda x, w: (x,), "nothing for input 1"),
    ("three for two", lambda x, w: (x, w, x), "a gradient for which there is no input 2"),
    ("none", lambda x, w: None, "nothing for input 0"),
    ("no number", lambda x, w: (x, None), "for input 1 is a NoneType"),
]


@pytest.mark.parametrize(("gradient", "words"), [r[1:] for r in STRUCTURES], ids=[r[0] for r in STRUCTURES])
def test_gradients_in_another_structure(gradient, words):
    with pytest.raises((ShapeError, DTypeError), match=words):
        check.gradient(lambda x, w: np.sum(x @ w), gradient, X, W)


# Methods.


def test_the_complex_step_is_for_analytic_functions_only():
    method = lambda f: only(check.gradcheck(f, X)).method  # noqa: E731
    assert method(lambda x: np.sum(np.exp(x @ W))) == "complex step"
    assert method(lambda x: np.linalg.norm(x)) == "Richardson"
    assert method(lambda x: np.abs(x)) == "Richardson"
    assert method(lambda x: np.sum(x, dtype=np.float64)) == "Richardson"
    assert method(op(lambda x: x * 2, lambda g, y, x: 2 * g)) == "Richardson"


def test_the_complex_step_is_shown_to_be_valid():
    """If nothing is known about f: its modulus would drop the imaginary part, and with it the derivative."""
    method = lambda f, g: only(check.gradient(f, g, X))  # noqa: E731
    smooth = method(lambda x: np.sum(np.exp(x)), lambda x: np.exp(x))
    modulus = method(lambda x: np.sum(np.abs(x) * x), lambda x: 2 * np.abs(x))
    assert (smooth.verdict, smooth.method) == ("pass", "complex step")
    assert (modulus.verdict, modulus.method) == ("pass", "Richardson")


def test_no_function_is_both_analytic_and_not():
    assert not ANALYTIC & DECISIONS.keys()
    linear = {np.take_along_axis, np.roll, np.tril, np.triu, np.convolve}  # here differences are as exact
    assert linear >= ANALYTIC & NOT_ANALYTIC
    assert DECISIONS.keys() <= table.keys()


def test_second_order():
    f = lambda x, w: np.tanh(x @ w)  # noqa: E731
    report = check.gradcheck(f, X, W, order=2)
    assert report.ok
    assert [i.label for i in report.inputs] == ["x", "w", "x (order 2)", "w (order 2)"]
    linear = check.gradcheck(lambda x: 3 * x, X, order=2)
    assert linear.ok
    assert linear.power == ("x (order 2): the second derivative is zero everywhere, as f is linear here",)


def test_a_rule_that_is_right_and_cannot_be_differentiated():
    frozen = op(
        lambda x: np.sin(x), lambda g, y, x: g * (np.cos(x.detach()) if type(x) is Tensor else np.cos(x))
    )
    assert check.gradcheck(frozen, X).ok
    report = check.gradcheck(frozen, X, order=2)
    assert [i.verdict for i in report.inputs] == ["pass", "fail"]


# The report.


def test_the_report_in_words_and_as_a_table():
    wrong = op(lambda x: np.sin(x), lambda g, y, x: -g * np.cos(x))
    report = check.gradcheck(lambda x, y: wrong(x) * y, X, X + 1)
    text = str(report)
    for words in (
        "gradient of <lambda>: fail",
        "verdict",
        "Richardson",
        "wrong at 12 of 12",
        "the sign is wrong",
    ):
        assert words in " ".join(text.split())
    page = report._repr_html_()
    assert "&lt;lambda&gt;" in page
    assert "<lambda>" not in page
    assert page.count("<tr>") == 3
    assert not report
    with pytest.raises(CheckError, match="the sign is wrong") as error:
        report.assert_ok()
    assert isinstance(error.value, AssertionError)
    assert isinstance(error.value, AutogradError)
    check.gradcheck(lambda x: np.sin(x), X).assert_ok()
