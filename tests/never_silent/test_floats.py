"""Numbers taken from tensors: an error inside a transformation, a warning outside, silence where it is meant.

A program is a function of three numbers in an array.  Where the number is taken by NumPy, SciPy, `math` or
Python itself, its history is lost, and the gradient is that of another function: each program here is either
right, or refused with the remedy.
"""

import array
import cmath
import contextlib
import functools
import gc
import itertools
import json
import linecache
import math
import operator
import random
import statistics
import struct
import warnings
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import scipy.integrate
import scipy.interpolate
import scipy.linalg
import scipy.optimize
import scipy.special
import scipy.stats

from autograd import Tensor, no_grad
from autograd.errors import AutogradError, HistoryWarning
from autograd.transforms import (
    checkpoint,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    value_and_grad,
    vjp,
)

X = np.array([1.25, 0.5, 2.75])

# Programs that lose the history of a number: refused where a gradient is asked for.
LOST = {
    "float": lambda x: x[0] * float(x[1]),
    "float of a loss": lambda x: float(np.sum(x**2)) * x[0],
    "complex": lambda x: x[0] * complex(x[1]).real,
    "math.exp": lambda x: x[0] * math.exp(x[0]),
    "math.sin": lambda x: math.sin(x[0]) + x[1],
    "math.sqrt": lambda x: np.sum(x) / math.sqrt(x[1]),
    "math.log": lambda x: x[0] * math.log(x[1], 2),
    "math.pow": lambda x: math.pow(x[0], 2) + x[1],
    "math.hypot": lambda x: math.hypot(x[0], x[1]) * x[2],
    "math.hypot of all": lambda x: math.hypot(*x) * x[2],
    "math.atan2": lambda x: math.atan2(x[0], x[1]) * x[2],
    "math.dist": lambda x: math.dist([x[0]], [x[1]]) * x[2],
    "math.fsum": lambda x: math.fsum(x) * x[2],
    "math.fmod": lambda x: math.fmod(x[0], x[1]) * x[2],
    "math.fabs": lambda x: math.fabs(x[0]) * x[2],
    "math.copysign": lambda x: math.copysign(x[0], -1.0) * x[2],
    "math.modf": lambda x: math.modf(x[0])[0] * x[2],
    "math.frexp": lambda x: math.frexp(x[0])[0] * x[2],
    "math.ldexp": lambda x: math.ldexp(x[0], 2) * x[2],
    "math.degrees": lambda x: math.degrees(x[0]) * x[2],
    "math.gamma": lambda x: math.gamma(x[0]) * x[2],
    "math.erf": lambda x: math.erf(x[0]) * x[2],
    "math.floor": lambda x: math.floor(x[0]) * x[1],
    "math.ceil": lambda x: math.ceil(x[0]) * x[1],
    "math.trunc": lambda x: math.trunc(x[2]) * x[1],
    "math in a list": lambda x: sum([math.exp(v) for v in x]) * x[0],
    "map of math": lambda x: sum(map(math.exp, x)) * x[0],
    "cmath": lambda x: abs(cmath.exp(x[0])) * x[2],
    "np.float64": lambda x: np.float64(x[0]) * x[1],
    "np.float32": lambda x: np.float32(x[0]) * x[1],
    "np.complex128": lambda x: np.complex128(x[0]).real * x[1],
    "np.float64 of an array": lambda x: np.sum(np.float64(x) * x),
    "np.fromiter": lambda x: np.sum(np.fromiter(x, float) * x),
    "np.fromiter of a generator": lambda x: np.sum(np.fromiter((v * v for v in x), float) * x),
    "an array of floats": lambda x: np.sum(np.array([float(v) for v in x]) * x),
    "an array of tensors": lambda x: np.sum(np.array([x[0], x[1], x[2]]) * x),
    "an array of a tensor": lambda x: np.sum(np.array(x) * x),
    "a nested array": lambda x: np.sum(np.array([[x[0], 1.0], [0.0, x[1]]])) * x[2],
    "a ragged mixture": lambda x: np.sum(np.array([x[0], 1.0]) * x[:2]),
    "np.asarray": lambda x: np.sum(np.asarray(x) * x),
    "np.asarray of floats": lambda x: np.sum(np.asarray([x[0], 2.0], dtype=float)) * x[1],
    "np.ascontiguousarray": lambda x: np.sum(np.ascontiguousarray(x) * x),
    "np.asfortranarray": lambda x: np.sum(np.asfortranarray(x) * x),
    "np.require": lambda x: np.sum(np.require(x, float) * x),
    "np.array with a dtype": lambda x: np.sum(np.array(x, dtype=np.float64) * x),
    "np.array of an object": lambda x: np.sum(np.array(x, dtype=object) ** 2),
    "an element of an array": lambda x: _filled(lambda a: operator.setitem(a, 0, x[0])) * x[1],
    "a slice of an array": lambda x: _filled(lambda a: operator.setitem(a, slice(None), x)) * x[1],
    "a slice of an array by a number": lambda x: _filled(lambda a: operator.setitem(a, ..., x[0])) * x[1],
    "fancy assignment": lambda x: _filled(lambda a: operator.setitem(a, [0, 1], x[:2])) * x[1],
    "a mask assigned": lambda x: _filled(lambda a: operator.setitem(a, a < 1, x)) * x[1],
    "flat assigned": lambda x: _filled(lambda a: operator.setitem(a.flat, 0, x[0])) * x[1],
    "fill": lambda x: _filled(lambda a: a.fill(x[0])) * x[1],
    "itemset by put": lambda x: _filled(lambda a: a.put(0, x[0])) * x[1],
    "np.put": lambda x: _filled(lambda a: np.put(a, [0], x[0])) * x[1],
    "np.copyto": lambda x: _filled(lambda a: np.copyto(a, x)) * x[1],
    "np.place": lambda x: _filled(lambda a: np.place(a, a < 1, x)) * x[1],
    "np.putmask": lambda x: _filled(lambda a: np.putmask(a, a < 1, x)) * x[1],
    "np.fill_diagonal": lambda x: np.sum(_diagonal(x)) * x[1],
    "np.add.at": lambda x: _filled(lambda a: np.add.at(a, [0, 0], x[0])) * x[1],
    "out": lambda x: _filled(lambda a: np.multiply(x, 2, out=a)) * x[1],
    "out of a sum": lambda x: _filled(lambda a: np.sum(x, out=a[0:1].reshape(()))) * x[1],
    "out of a product": lambda x: _filled(lambda a: np.dot(x, np.eye(3), out=a)) * x[1],
    "an array changed by +=": lambda x: _accumulated(x),
    "an alias of an array changed by +=": lambda x: _kept(x),
    "np.full": lambda x: np.sum(np.full(3, x[0]) * x),
    "np.frompyfunc": lambda x: np.sum(np.frompyfunc(math.sin, 1, 1)(x)) * x[1],
    "np.vectorize of math": lambda x: np.sum(np.vectorize(math.sin)(x)) * x[1],
    "np.vectorize": lambda x: np.sum(np.vectorize(lambda v: v * v)(x)) * x[1],
    "np.vectorize with a signature": lambda x: np.sum(np.vectorize(np.sum, signature="(n)->()")(x)) * x[1],
    "np.apply_along_axis": lambda x: np.sum(np.apply_along_axis(lambda v: v * v, 0, x)) * x[1],
    "np.nditer": lambda x: sum(float(v) for v in np.nditer(x)) * x[1],
    "np.ndenumerate": lambda x: sum(v * v for _, v in np.ndenumerate(x)) * x[1],
    "np.random.normal": lambda x: np.random.default_rng(0).normal(x[0], 1.0) * x[1],
    "rng.normal of an array": lambda x: np.sum(np.random.default_rng(0).normal(x, 1.0)) * x[1],
    "rng.uniform": lambda x: np.random.default_rng(0).uniform(0, x[0]) * x[1],
    "rng.choice": lambda x: np.random.default_rng(0).choice(x) * x[1],
    "rng.permutation": lambda x: np.sum(np.random.default_rng(0).permutation(x)[0]) * x[1],
    "rng.multivariate_normal": lambda x: np.sum(np.random.default_rng(0).multivariate_normal(x, np.eye(3))),
    "np.matrix": lambda x: np.sum(np.matrix(x) @ np.eye(3)) * x[1],
    "np.ma.array": lambda x: np.sum(np.ma.array(x, mask=[0, 1, 0])) * x[1],
    "np.ma.masked_invalid": lambda x: np.sum(np.ma.masked_invalid(x)) * x[1],
    "np.ma.masked_where": lambda x: np.sum(np.ma.masked_where(x > 1, x)) * x[1],
    "np.rec.fromarrays": lambda x: np.sum(np.rec.fromarrays([x])["f0"]) * x[1],
    "np.polynomial": lambda x: np.polynomial.Polynomial(x)(2.0) * x[1],
    "np.frombuffer": lambda x: np.sum(np.frombuffer(x)) * x[1],
    "memoryview": lambda x: memoryview(x)[0] * x[1],
    "bytes": lambda x: np.frombuffer(bytes(x))[0] * x[1],
    "array.array": lambda x: array.array("d", x)[0] * x[1],
    "struct": lambda x: struct.unpack("d", struct.pack("d", x[0]))[0] * x[1],
    "json": lambda x: json.loads(json.dumps(float(x[0]))) * x[1],
    "Fraction": lambda x: float(Fraction(x[0])) * x[1],
    "Decimal": lambda x: float(Decimal(x[0])) * x[1],
    "statistics.mean": lambda x: statistics.mean(x) * x[1],
    "statistics.mean of a list": lambda x: statistics.mean(list(x)) * x[1],
    "statistics.fmean": lambda x: statistics.fmean(x) * x[1],
    "statistics.stdev": lambda x: statistics.stdev(x) * x[1],
    "statistics.NormalDist": lambda x: statistics.NormalDist(x[0], 1.0).pdf(0.3) * x[1],
    "quad of a parameter": lambda x: scipy.integrate.quad(lambda s: np.exp(-x[0] * s), 0, 1)[0] * x[1],
    "quad of a bound": lambda x: scipy.integrate.quad(math.sin, 0, x[0])[0] * x[1],
    "solve_ivp": lambda x: scipy.integrate.solve_ivp(lambda t, y: -x[0] * y, (0, 1), [1.0]).y[0, -1] * x[1],
    "odeint": lambda x: scipy.integrate.odeint(lambda y, t: -x[0] * y, [1.0], [0, 1])[1, 0] * x[1],
    "brentq": lambda x: scipy.optimize.brentq(lambda v: v**2 - x[0], 0, 5) * x[1],
    "minimize_scalar": lambda x: scipy.optimize.minimize_scalar(lambda v: (v - x[0]) ** 2).x * x[1],
    "minimize": lambda x: scipy.optimize.minimize(lambda v: np.sum((v - x) ** 2), np.zeros(3)).fun * x[1],
    "interp1d": lambda x: float(scipy.interpolate.interp1d([0, 1, 3], [0, 1, 9])(x[0])) * x[1],
    "CubicSpline": lambda x: scipy.interpolate.CubicSpline([0, 1, 3], [0, 1, 9])(x[0]) * x[1],
    "scipy.linalg.solve": lambda x: np.sum(scipy.linalg.solve(np.diag(x), np.ones(3))) * x[1],
    "scipy.stats": lambda x: scipy.stats.norm.pdf(x[0]) * x[1],
    "scipy.special.logsumexp": lambda x: scipy.special.logsumexp(x) * x[1],
    "round to digits": lambda x: round(float(x[0]), 2) * x[1],
}


def _filled(write):
    a = np.zeros(3)
    write(a)
    return np.sum(a)


def _diagonal(x):
    a = np.zeros((3, 3))
    np.fill_diagonal(a, x)
    return a


def _accumulated(x):
    a = np.zeros(3)
    for v in x:
        a += v
    return np.sum(a * a)


def _kept(x):
    a = np.ones(3)
    b = a
    a += x
    return np.sum(b * x)


# Programs that look like these, and keep the history: right.
KEPT = {
    "sum": lambda x: sum(x) * x[1],
    "sum of a generator": lambda x: sum(v * v for v in x),
    "sum with a start": lambda x: sum(x, x[1]),
    "math.prod": lambda x: math.prod(x),
    "functools.reduce": lambda x: functools.reduce(operator.mul, x),
    "itertools.accumulate": lambda x: list(itertools.accumulate(x, operator.mul))[-1],
    "max": lambda x: max(x) * x[1],
    "min of two": lambda x: min(x[0], x[1]) * x[2],
    "sorted": lambda x: sorted(x)[1] * x[2],
    "sorted with a key": lambda x: sorted(x, key=lambda v: -v)[0] * x[2],
    "pow": lambda x: pow(x[0], 3) + pow(2.0, x[1]),
    "abs": lambda x: abs(x[0] - x[2]) * x[1],
    "divmod": lambda x: divmod(x[2], x[0])[1] * x[1],
    "np.poly1d": lambda x: np.poly1d(x)(2.0) * x[1],
    "scipy.special.jv": lambda x: scipy.special.jv(1, x[0]) * x[1],
    "round": lambda x: round(x[0]) * x[1],
    "round with digits": lambda x: round(x[2] + 0.01, 1) * x[1],
    "int": lambda x: int(x[2]) * x[1],
    "bool": lambda x: x[0] * bool(x[1]),
    "if": lambda x: x[0] ** 2 if x[1] < x[2] else x[0],
    "while": lambda x: _halved(x),
    "and": lambda x: (x[0] and x[1]) * x[2],
    "a comparison": lambda x: (x[0] > 1) * x[1],
    "a chained comparison": lambda x: x[0] if 0 < x[1] < 1 else x[1],
    "in": lambda x: x[0] * (0.5 in x.data),
    "len": lambda x: len(x) * x[1],
    "random.gauss": lambda x: random.Random(0).gauss(x[0], 1.0) * x[1],
    "random.uniform": lambda x: random.Random(0).uniform(x[0], x[1]) * x[1],
    "random.choice": lambda x: random.Random(0).choice(list(x)) * x[1],
    "a list of tensors": lambda x: np.sum(np.stack([x[0], x[1] ** 2, x[2]]) * x),
    "np.mean of a list": lambda x: np.mean(np.stack([v * v for v in x])),
    "np.concatenate": lambda x: np.sum(np.concatenate([x, [1.0], x * x])),
    "np.where": lambda x: np.sum(np.where(x > 1, x * x, x)),
    "np.piecewise by where": lambda x: np.sum(np.where(x.data > 1, x * x, 0)),
    "np.fromfunction": lambda x: np.sum(np.fromfunction(lambda i: i * x, (3,))),
    "np.linspace": lambda x: np.sum(np.linspace(0, x[0], 4) * x[1]),
    "np.full_like": lambda x: np.sum(np.full_like(x, x[0]) * x),
    "np.interp": lambda x: np.interp(x[0], [0.0, 1.0, 3.0], [0.0, 1.0, 9.0]) * x[1],
    "np.polyval": lambda x: np.polyval(x, 2.0) * x[1],
    "np.arange times": lambda x: np.sum(np.arange(3) * x[0]),
    "np.ones times": lambda x: np.sum(np.ones(3) * x),
    "an array from the left": lambda x: np.sum(X * x),
    "an array minus": lambda x: np.sum((X - x) ** 2),
    "a list from the left": lambda x: np.sum([1.0, 2.0, 3.0] * x),
    "a np.float64 from the left": lambda x: np.float64(2) * x[0] ** 2,
    "a np.float64 power": lambda x: np.float64(2) ** x[0],
    "detach": lambda x: x[0] * x[1].detach(),
    "data": lambda x: x[0] * x[1].data,
    "item": lambda x: x[0] * x[1].item(),
    "math of item": lambda x: x[0] * math.exp(x[1].item()),
    "tolist": lambda x: sum(x.tolist()) * x[1],
    "text": lambda x: float(f"{x[0]:.17g}") * x[1],
    "scipy.special.expit": lambda x: np.sum(scipy.special.expit(x) * x),
}

# What the plain program gives for those that mean a constant by `.detach()`, `.data` or `.item()`.
MEANT = {
    "detach": [X[1], 0, 0],
    "data": [X[1], 0, 0],
    "item": [X[1], 0, 0],
    "math of item": [math.exp(X[1]), 0, 0],
    "in": [1, 0, 0],
    "np.piecewise by where": [2 * X[0], 0, 2 * X[2]],
    "tolist": [0, X.sum(), 0],
    "text": [0, X[0], 0],
}


def _halved(x):
    v = x[2]
    while v > 1:
        v = v / 2 * x[0]
        if v > 100:
            break
    return v


def numeric(f):
    """Central differences; all programs are smooth at X, and the error is 1e-9."""
    h = 1e-6
    return np.array([(f(X + h * e) - f(X - h * e)) / (2 * h) for e in np.eye(3)]).astype(float)


INSIDE = {
    "grad": lambda f: grad(f)(X),
    "value_and_grad": lambda f: value_and_grad(f)(X)[1],
    "jacobian": lambda f: jacobian(f)(X),
    "vjp": lambda f: vjp(f, X)[1](1.0),
    "hessian": lambda f: hessian(f)(X),
    "jvp": lambda f: jvp(f, [X], [np.ones(3)]),
    "hvp": lambda f: hvp(f, X, np.ones(3)),
    "checkpoint": lambda f: checkpoint(f)(Tensor(X, requires_grad=True)).backward(),
    "grad of checkpoint": lambda f: grad(checkpoint(f))(X),
    "grad of grad": lambda f: grad(lambda x: np.sum(grad(f)(x) ** 2))(X),
}


def chain(error):
    """The error and what it was raised from: NumPy and SciPy put their own in front of ours."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


# What these callers raise instead of an error of ours, which they throw away: it is theirs to word.
THEIRS = {
    "flat assigned": (ValueError, "Error setting single item of array"),
    "struct": (struct.error, "required argument is not a float"),
    "math.trunc": (TypeError, "type Tensor doesn't define __trunc__"),
    "np.frombuffer": (TypeError, "a bytes-like object is required, not 'Tensor'"),
    "memoryview": (TypeError, "a bytes-like object is required, not 'Tensor'"),
    "Fraction": (TypeError, "argument should be a string or a Rational instance"),
    "Decimal": (TypeError, "conversion from Tensor to Decimal is not supported"),
    "statistics.mean": (TypeError, "can't convert type 'Tensor' to numerator/denominator"),
    "statistics.mean of a list": (TypeError, "can't convert type 'Tensor' to numerator/denominator"),
    "statistics.stdev": (TypeError, "can't convert type 'Tensor' to numerator/denominator"),
    "np.nditer": (TypeError, "Iterator operand is flagged as writeable"),
}
REMEDIES = [
    ".item() if the number is meant",
    "use t.data for the array",
    "use t[index] =",
    "or use .tolist()",
    "write t = f(t)",
    "a recorded result is always new",
    "np.stack",
    "use autograd.logsumexp(t)",
    "pass .detach() or .data",
]


@contextlib.contextmanager
def no_collection():
    """A block without garbage collection: SciPy's `brentq` goes on with an error set, which one drops."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def refused(name, run):
    with no_collection(), pytest.raises(Exception) as caught:  # noqa: PT011  which one it is, is looked at below
        run()
    if name in THEIRS:
        kind, words = THEIRS[name]
        assert caught.type is kind
        assert words in str(caught.value)
        return
    ours = [error for error in chain(caught.value) if isinstance(error, AutogradError)]
    assert ours, f"{caught.type.__name__}: {caught.value}"
    assert any(remedy in str(ours[-1]) for remedy in REMEDIES), str(ours[-1])


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("name", LOST)
def test_lost_history_is_an_error_inside_a_transformation(name):
    refused(name, lambda: grad(LOST[name])(X))


TAKEN = [
    "float",
    "math.exp",
    "math in a list",
    "np.fromiter",
    "an array of floats",
    "np.asarray",
    "an element of an array",
]


@pytest.mark.parametrize("inside", INSIDE)
@pytest.mark.parametrize("name", TAKEN)
def test_every_transformation_refuses(name, inside):
    if inside == "checkpoint":  # nothing is being differentiated yet: a warning, with its remedy
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            try:
                INSIDE[inside](LOST[name])
            except AutogradError:
                return
        assert {w.category for w in seen} == {HistoryWarning}
        return
    refused(name, lambda: INSIDE[inside](LOST[name]))


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("name", LOST)
def test_lost_history_is_warned_of_outside(name):
    """At the line that took it: the user's, or SciPy's, where that is who takes it."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        try:
            LOST[name](Tensor(X, requires_grad=True))
        except Exception:
            refused(name, lambda: LOST[name](Tensor(X, requires_grad=True)))
            return
    told = [w for w in seen if w.category is HistoryWarning]
    assert told
    assert all(".item()" in str(w.message) for w in told)
    assert all(w.filename == __file__ or "scipy" in w.filename or "statistics" in w.filename for w in told)


FLOATS = [
    n
    for n in LOST
    if n.startswith(("float", "math", "an array of floats", "np.fromiter", "quad")) and n not in THEIRS
]


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("how", ["constant", "no_grad", "detached", "item"])
def test_a_number_without_history_is_taken_in_silence(name, how):
    expected = LOST[name](X)
    if how == "no_grad":
        with no_grad():
            found = LOST[name](Tensor(X, requires_grad=True))
    else:
        leaf = Tensor(X, requires_grad=True)
        found = LOST[name]({"constant": Tensor(X), "detached": (leaf * 1).detach(), "item": leaf.data}[how])
    np.testing.assert_allclose(found.data if isinstance(found, Tensor) else found, expected, rtol=1e-14)


@pytest.mark.parametrize("name", KEPT)
def test_what_keeps_the_history_is_right(name):
    expected = MEANT[name] if name in MEANT else numeric(KEPT[name])
    np.testing.assert_allclose(grad(KEPT[name])(X), expected, atol=1e-8)


def test_a_training_loop_that_logs_the_loss_is_warned_once_a_line():
    w, losses = Tensor([1.0, 2.0], requires_grad=True), []
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("default")
        for _ in range(5):
            loss = np.sum(w**2)
            loss.backward()
            losses.append(float(loss))
            w.zero_grad()
    assert losses == [5.0] * 5
    assert [str(w.message).count(".item()") for w in seen] == [1]
    assert seen[0].filename == __file__
    assert "float(loss)" in linecache.getline(__file__, seen[0].lineno)


def test_printing_is_no_loss():
    loss = np.sum(Tensor([1.0, 2.0], requires_grad=True) ** 2)
    assert f"{loss:.3f}" == "5.000"
    assert "{:8.2e}".format(loss) == "5.00e+00"  # noqa: UP032
    assert "5." in str(loss)
    assert format(loss, "") == str(loss)
    assert grad(lambda x: (f"{x[0]:.1f}", x[0] ** 2)[1])(X)[0] == 2.5


def test_the_transformation_is_over_when_it_is_over():
    """After an error inside `grad`, taking a number is a warning again, and so it is in another thread."""
    with pytest.raises(AutogradError):
        grad(LOST["float"])(X)
    with pytest.warns(HistoryWarning):
        float(Tensor(1.0, requires_grad=True) * 2)


def test_a_number_from_outside_is_a_constant_inside():
    """What is taken inside of `grad` from a tensor that is not being differentiated loses none."""
    other = Tensor(3.0)
    assert grad(lambda x: x * float(other))(2.0) == 3.0


def test_the_inner_grad_takes_its_numbers_but_the_outer_one_must_not():
    with pytest.raises(AutogradError, match="history"):
        grad(lambda x: float(grad(lambda y: y**3)(x)) * x)(2.0)
    assert grad(lambda x: x * grad(lambda y: y**3)(x))(2.0) == 36.0
