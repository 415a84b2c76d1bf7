"""Where a NaN or an infinity began: in `debug()`, the first operation that made one of finite numbers."""

import warnings

import numpy as np
import pytest
import scipy.special

import autograd
import nn
from autograd import Tensor, debug
from autograd.errors import NonFiniteWarning
from autograd.transforms import grad

X = np.array([0.0, -1.0, 2.0])

# name: (the loss, the operation that makes the first one, what it makes, words of the message)
FORWARD = {
    "log of 0": (lambda x: np.sum(np.log(x * x)), "log"),
    "log of a negative": (lambda x: np.sum(np.log(x)), "log"),
    "log2": (lambda x: np.sum(np.log2(x)), "log2"),
    "log10": (lambda x: np.sum(np.log10(x)), "log10"),
    "log1p": (lambda x: np.sum(np.log1p(x)), "log1p"),
    "sqrt of a negative": (lambda x: np.sum(np.sqrt(x)), "sqrt"),
    "a power of a negative": (lambda x: np.sum(x**0.5), "power"),
    "a negative power of 0": (lambda x: np.sum(x**-1), "power"),
    "reciprocal": (lambda x: np.sum(np.reciprocal(x)), "reciprocal"),
    "division by 0": (lambda x: np.sum(1 / x), "divide"),
    "0 divided by 0": (lambda x: np.sum(x / x), "divide"),
    "division by a constant 0": (lambda x: np.sum(x / np.zeros(3)), "divide"),
    "remainder by 0": (lambda x: np.sum(np.remainder(x, 0.0)), "remainder"),
    "arccos out of range": (lambda x: np.sum(np.arccos(x)), "arccos"),
    "arcsin out of range": (lambda x: np.sum(np.arcsin(x)), "arcsin"),
    "arctanh at -1": (lambda x: np.sum(np.arctanh(x)), "arctanh"),
    "arccosh below 1": (lambda x: np.sum(np.arccosh(x)), "arccosh"),
    "exp overflows": (lambda x: np.sum(np.exp(x * 1000)), "exp"),
    "exp2 overflows": (lambda x: np.sum(np.exp2(x * 1000)), "exp2"),
    "sinh overflows": (lambda x: np.sum(np.sinh(x * 1000)), "sinh"),
    "square overflows": (lambda x: np.sum(np.square(x * 1e200)), "square"),
    "a product overflows": (lambda x: np.sum((x * 1e200) * (x * 1e200)), "multiply"),
    "a sum overflows": (lambda x: np.sum(x * x * 1e308), "multiply"),
    "prod overflows": (lambda x: np.prod((x + 5) * 1e150), "prod"),
    "softmax by hand": (lambda x: np.sum(np.exp(x * 1000) / np.sum(np.exp(x * 1000))), "exp"),
    "logsumexp by hand": (lambda x: np.log(np.sum(np.exp(x * 1000))), "exp"),
    "cross entropy by hand": (lambda x: -np.sum(np.array([0, 0, 1.0]) * np.log(x * x)), "log"),
    "entropy": (lambda x: -np.sum(x * x * np.log(x * x)), "log"),
    "a mean of nothing": (lambda x: np.mean(x[:0]), "mean"),
    "a variance of one": (lambda x: np.var(x[:1], ddof=1), "var"),
    "a norm divided by": (lambda x: np.sum(x[:1] / np.linalg.norm(x[:1])), "divide"),
    "an inverse of a nearly singular one": (
        lambda x: np.sum(1e308 * np.linalg.inv(np.diag(x + 1e-1))),
        "multiply",
    ),
    "gammaln at 0": (lambda x: np.sum(scipy.special.gammaln(x)), "gammaln"),
    "digamma at 0": (lambda x: np.sum(scipy.special.digamma(x)), "digamma"),
    "far from the first": (lambda x: np.tanh(np.sum(np.log(x * x)) + 1) ** 2 * np.sum(x), "log"),
    "two of them": (lambda x: np.sum(np.log(x * x)) + np.sum(1 / x), "log"),
    "in a loop": (lambda x: sum(np.log(v * v) for v in x), "log"),
    "inside a checkpoint": (
        lambda x: autograd.transforms.checkpoint(lambda v: np.sum(np.log(v * v)))(x),
        "log",
    ),
    "float16": (lambda x: np.sum((x.astype(np.float16) * np.float16(6e4)) * np.float16(10)), "multiply"),
}

# Finite forward, and not so backward: (the loss, the operation whose rule makes the first).
BACKWARD = {
    "sqrt at 0": (lambda x: np.sum(np.sqrt(x * x)), "sqrt"),
    "a power below 1 at 0": (lambda x: np.sum((x * x) ** 0.5), "power"),
    "cbrt at 0": (lambda x: np.sum(np.cbrt(x)), "cbrt"),
    "arccos at the edge": (lambda x: np.sum(np.arccos(np.clip(x, -1, 1))), "arccos"),
    "arcsin at the edge": (lambda x: np.sum(np.arcsin(np.clip(x, -1, 1))), "arcsin"),
    "arccosh at 1": (lambda x: np.sum(np.arccosh(1 + x * x)), "arccosh"),
    "a distance to itself": (lambda x: np.sqrt(np.sum((x - X) ** 2)), "sqrt"),
    "pairwise distances": (
        lambda x: np.sum(np.sqrt(np.sum((x[:, None, None] - x[:, None]) ** 2, axis=-1))),
        "sqrt",
    ),
    "sqrt of var": (lambda x: np.sqrt(np.var(x * 0)), "sqrt"),
    "a quotient that underflows": (lambda x: np.sum(1 / (x * x + 1e-200)), "divide"),
    "a tiny number's log": (lambda x: np.sum(np.log(x * x + 1e-310)), "log"),
    "an overflow of cotangents": (lambda x: np.sum(x * 1e-300 * 1e300 * 1e300), "multiply"),
    "in a mask": (lambda x: np.sum(np.sqrt(x * x) * (x > 0)), "sqrt"),
    "in a sum with a mask": (lambda x: np.sum(np.sqrt(np.abs(x))[np.array([False, True, True])]), "sqrt"),
}

# The traps: the branch that is not taken makes the NaN.  The remedy is to choose the input.
TRAPS = {
    "where log": lambda x: np.sum(np.where(x > 0, np.log(x), 0.0)),
    "where sqrt": lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0.0)),
    "where 1/x": lambda x: np.sum(np.where(x != 0, 1 / x, 0.0)),
    "where sin(x)/x": lambda x: np.sum(np.where(x == 0, 1.0, np.sin(x) / x)),
    "where exp": lambda x: np.sum(np.where(x < 1, x, np.exp(-1000 * (x - 3)))),
    "where x log x": lambda x: np.sum(np.where(x > 0, x * np.log(x), 0.0)),
    "where power": lambda x: np.sum(np.where(x > 0, x**0.5, 0.0)),
    "where of a norm": lambda x: np.sum(np.where(x > 0, x / np.sqrt(x * x), 0.0)),
    "where at the end of a chain": lambda x: np.sum(np.where(x > 0, 2 * np.tanh(np.log(x)) + 1, 0.0)),
    "where inside where": lambda x: np.sum(np.where(x > 1, 1.0, np.where(x > 0, np.log(x), 0.0))),
    "select": lambda x: np.sum(np.select([x > 0, x < 0], [np.log(x), -x], 0.0)),
    "nan_to_num": lambda x: np.sum(np.nan_to_num(np.log(x))),
    "an index": lambda x: np.sum(np.log(x)[np.array([False, False, True])]),
    "fmax": lambda x: np.sum(np.fmax(np.log(x), 0.0)),
    "a mask by multiplication": lambda x: np.sum(np.log(x) * (x > 0)),
    "clip afterwards": lambda x: np.sum(np.clip(1 / x, -10, 10)),
    "nanmax": lambda x: np.nanmax(np.sqrt(x[1:])),
    "nansum of a constant": lambda x: np.nansum(np.array([np.nan, 1, 2]) * x),
    "nansum": lambda x: np.nansum(np.sqrt(x[1:])),
    "a mean with a mask": lambda x: np.sum(np.sqrt(x) * (x > 0)) / np.sum(x > 0),
    "an average with weights": lambda x: np.average(np.log(x), weights=[0.0, 0.0, 1.0]),
    "maximum": lambda x: np.sum(np.maximum(np.log(x), -5.0)),
    "a loop with if": lambda x: sum(np.where(v > 0, np.log(v), 0.0) for v in x),
    "an assignment over it": lambda x: _overwritten(np.log(x)),
    "minimum": lambda x: np.sum(np.minimum(np.exp(1000 * x), 5.0)),
}


def _overwritten(y):
    y[:2] = 0
    return np.sum(y)


# What is meant, or is no NaN of ours: not a word.
QUIET = {
    "where on the input": lambda x: np.sum(np.where(x > 0, np.log(np.where(x > 0, x, 1.0)), 0.0)),
    "clip before": lambda x: np.sum(np.log(np.clip(x, 1e-6, None))),
    "an infinity as a constant": lambda x: np.sum(np.minimum(x, np.inf)),
    "a mask of -inf": lambda x: np.sum(autograd.softmax(np.where(x > 0, x, -np.inf))),
    "a NaN that was given": lambda x: np.sum(np.array([np.nan, 1, 2]) * x),
    "a NaN in a constant, through many": lambda x: np.sum(np.log(np.array([np.nan, 1, 2]) * x * x + 3)),
    "abs": lambda x: np.sum(np.abs(x)),
    "hypot": lambda x: np.sum(np.hypot(x, 0.0)),
    "norm": lambda x: np.linalg.norm(x * 0),
    "std of equal ones": lambda x: np.std(x * 0),
    "softmax": lambda x: np.sum(autograd.softmax(x * 1e3) ** 2),
    "logsumexp": lambda x: autograd.logsumexp(x * 1e3),
    "sigmoid": lambda x: np.sum(autograd.sigmoid(x * 1e3)),
    "a maximum of -inf": lambda x: np.max(np.where(x > 0, x, -np.inf)),
}


def told(run):
    """The messages of the NonFiniteWarnings that `run` gives; other warnings are NumPy's."""
    with warnings.catch_warnings(record=True) as seen, np.errstate(all="ignore"):
        warnings.simplefilter("always")
        run()
    return [str(w.message) for w in seen if w.category is NonFiniteWarning]


def both(f, create_graph=False):
    def run():
        with debug():
            f(Tensor(X, requires_grad=True)).backward(create_graph=create_graph)

    return run


@pytest.mark.parametrize("name", FORWARD)
def test_the_first_operation_forward_is_named(name):
    f, culprit = FORWARD[name]
    words = told(both(f))
    assert words
    assert (
        words[0].startswith((culprit, f"np.{culprit}"))
        or f" {culprit} " in words[0]
        or f"{culprit}(" in words[0]
    ), words[0]
    assert "test_nonfinite.py" in words[0], words[0]
    assert "lambda" in words[0], words[0]


@pytest.mark.parametrize(
    "name", sorted(set(FORWARD) - {"two of them", "softmax by hand", "inside a checkpoint", "float16"})
)
def test_only_the_first_is_named(name):
    forward = [w for w in told(both(FORWARD[name][0])) if not w.startswith("on the way back")]
    assert len(set(forward)) == 1


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("name", BACKWARD)
def test_the_first_operation_backward_is_named(name, create_graph):
    f, culprit = BACKWARD[name]
    words = told(both(f, create_graph))
    assert words
    assert culprit in words[0], words[0]
    assert words[0].startswith("on the way back"), words[0]
    assert "test_nonfinite.py" in words[0], words[0]


@pytest.mark.parametrize("name", TRAPS)
def test_the_trap_is_recognised_and_its_remedy_given(name):
    words = " ".join(told(both(TRAPS[name])))
    assert "np.where" in words, words
    assert "test_nonfinite.py" in words, words


@pytest.mark.parametrize("name", QUIET)
def test_what_is_meant_is_not_warned_of(name):
    assert told(both(QUIET[name])) == []


@pytest.mark.parametrize("name", ["log of 0", "sqrt at 0", "where log"])
def test_no_word_outside_of_debug(name):
    f = {**FORWARD, **BACKWARD, "where log": (TRAPS["where log"], "")}[name][0]
    assert told(lambda: f(Tensor(X, requires_grad=True)).backward()) == []


def test_the_numbers_are_told():
    x = Tensor([3.0, -0.125, 2.0], requires_grad=True)
    with debug(), np.errstate(all="ignore"), pytest.warns(NonFiniteWarning) as seen:
        y = np.sqrt(x)
    words = str(seen[0].message)
    assert "-0.125" in words, words
    assert "y = np.sqrt(x)" in words, words
    assert "nan" in words.lower(), words
    assert "[1]" in words or "(1,)" in words, words


def test_through_grad_too():
    def f(x):
        with debug():
            return np.sum(np.log(x))

    with np.errstate(all="ignore"), pytest.warns(NonFiniteWarning, match="log"):
        grad(f)(X)
    with debug(), np.errstate(all="ignore"), pytest.warns(NonFiniteWarning, match="sqrt"):
        grad(lambda x: np.sum(np.sqrt(x * x)))(X)


def test_in_a_model_of_nn_the_layer_is_named():
    class Rooted(nn.Module):
        def forward(self, x):
            return np.sqrt(x)

    model = nn.Sequential(nn.Linear(3, 3, rng=0), Rooted())
    with debug(), np.errstate(all="ignore"), pytest.warns(NonFiniteWarning, match="return np.sqrt") as seen:
        model(np.array([[1.0, 2.0, 3.0], [-1.0, -2.0, -3.0]]))
    assert len(seen) == 1


def test_an_infinite_loss_is_named_where_it_begins_not_where_it_ends():
    def train():
        x = Tensor([800.0], requires_grad=True)
        with debug():
            e = np.exp(x)
            p = e / (1 + e)
            loss = -np.log(1 - p)
            loss.sum().backward()

    assert "e = np.exp(x)" in told(train)[0]


def test_numpy_warns_of_an_operation_once_forward_and_not_again_when_debug_looks_back():
    x = Tensor([0.0, 1.0], requires_grad=True)
    with debug(), warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        np.log(x).sum().backward()
    numpys = [str(w.message) for w in seen if w.category is RuntimeWarning]
    assert numpys == ["divide by zero encountered in log", "divide by zero encountered in divide"]
