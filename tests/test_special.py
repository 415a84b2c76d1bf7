"""The ufuncs of SciPy, whose rules are loaded when the first of them meets a Tensor."""

import inspect
import re
import subprocess
import sys

import numpy as np
import pytest
from scipy import special as s

import autograd
from autograd import Tensor, no_grad
from autograd.errors import DTypeError, NoRuleError

from .oracles import gradient, hessian_product, largest, richardson

X = np.array([0.3, 0.55, 0.8])  # inside every function's domain
WIDE = np.array([-2.5, 0.7, 3.0])
UNARY = {
    "everywhere": (s.expit, s.log_expit, s.exp2, s.exp10, s.expm1, s.erf, s.erfc, s.erfcx, s.erfi, s.dawsn,
                   s.ndtr, s.log_ndtr, s.i0, s.i0e, s.i1, s.i1e, s.j0, s.j1, s.exprel, s.cosm1, s.sindg,
                   s.cosdg, s.tandg, s.expi),
    "positive": (s.logit, s.log1p, s.cbrt, s.entr, s.erfinv, s.erfcinv, s.ndtri, s.gamma, s.gammaln, s.rgamma,
                 s.digamma, s.k0, s.k1, s.k0e, s.k1e, s.y0, s.y1, s.spence, s.cotdg, s.exp1, s.loggamma,
                 s.ellipk, s.ellipkm1, s.ellipe),
}  # fmt: skip
BINARY = [s.xlogy, s.xlog1py, s.rel_entr, s.kl_div, s.beta, s.betaln, s.powm1, s.boxcox, s.boxcox1p,
          s.inv_boxcox, s.inv_boxcox1p, s.huber, s.pseudo_huber, s.owens_t, s.poch, s.binom]  # fmt: skip
SEVERAL = [s.sici, s.shichi, s.fresnel, s.airy]

# Functions with a rule in the last argument only, with their other arguments; then one with it in the first.
N, HALF = np.array([0, 1, 3]), np.array([2.5, 0.5, 3.2])
IN_LAST = [
    *((f, HALF) for f in (s.gammainc, s.gammaincc, s.gammaincinv, s.gammainccinv, s.chdtr, s.chdtrc, s.stdtr,
                       s.stdtrit)),
    *((f, HALF, HALF[::-1] + 1) for f in (s.betainc, s.betaincc, s.betaincinv, s.betainccinv, s.hyp1f1)),
    *((f, a) for f in (s.jv, s.yv, s.iv, s.kv, s.jve, s.yve, s.ive, s.kve) for a in (N, HALF)),
    *((f, N) for f in (s.yn, s.kn, s.expn, s.eval_legendre, s.eval_chebyt, s.eval_chebyu, s.eval_hermite,
                       s.eval_hermitenorm, s.eval_laguerre)),
    (s.hyp0f1, HALF), (s.hyp2f1, HALF, HALF - 3, HALF + 1), (s.eval_genlaguerre, N, HALF),
    (s.eval_gegenbauer, N, HALF), (s.eval_jacobi, N, HALF, HALF[::-1]),
]  # fmt: skip


def with_last(function, *others):
    """The function, as a function of its last argument."""
    return named(function, lambda x: function(*others, x))


def joined(function):
    """The results of a function with several, in one array."""
    return named(function, lambda x: np.stack(function(x)))


def named(function, call):
    call.__name__ = function.__name__
    return call


CASES = [
    *((f, [WIDE]) for f in UNARY["everywhere"]),
    *((f, [X]) for f in (*UNARY["positive"], *UNARY["everywhere"])),
    *((f, [X, X[::-1, None] + 0.1]) for f in BINARY),
    *((joined(f), [x]) for f in SEVERAL for x in (X, WIDE + 3)),
    *((with_last(*row), [X]) for row in IN_LAST),
    *((named(f, lambda phi, f=f: f(phi, X[::-1])), [WIDE]) for f in (s.ellipkinc, s.ellipeinc)),
    (s.radian, [WIDE, X, X]),
    (s.huber, [X, np.array([0.1, -2, 3])]),
    (s.ndtri_exp, [-X]),
]
NAMES = [f.__name__ for f, _ in CASES]


def tensors(arrays):
    return [Tensor(a, requires_grad=True) for a in arrays]


def close(ours, oracle, scale=1.0):
    """Within the error of the oracle, and the accuracy of SciPy's functions."""
    values, error = oracle
    return np.max(np.abs(ours - values)) <= error + 1e-11 * scale * (1 + largest(values))


@pytest.mark.parametrize(("f", "arrays"), CASES, ids=NAMES)
def test_first_order(f, arrays):
    given = tensors(arrays)
    y = f(*given)
    np.testing.assert_array_equal(y.data, f(*arrays))
    g = np.random.default_rng(0).normal(size=y.shape)
    y.backward(g)
    for i, t in enumerate(given):
        assert (t.grad.shape, t.grad.dtype) == (t.shape, t.dtype)
        assert close(t.grad, gradient(richardson, f, arrays, g, i))


@pytest.mark.parametrize(("f", "arrays"), CASES, ids=NAMES)
def test_second_order(f, arrays):
    given = tensors(arrays)
    rng = np.random.default_rng(0)
    y = f(*given)
    g, directions = rng.normal(size=y.shape), [rng.normal(size=a.shape) for a in arrays]
    y.backward(g, create_graph=True)
    firsts = [t.grad for t in given]
    for t in given:
        t.grad = None
    for first, v in zip(firsts, directions, strict=True):
        if first.requires_grad:
            first.backward(v)
    for i, t in enumerate(given):
        oracle = hessian_product(richardson, f, arrays, directions, g, i)
        ours = np.zeros(t.shape) if t.grad is None else t.grad
        # these are differences of differences: their estimate ignores the error of the inner ones
        assert close(ours, oracle, scale=1e4)


def test_float32_stays_float32():
    x = Tensor(X.astype(np.float32), requires_grad=True)
    s.erf(x).sum().backward()
    assert x.grad.dtype == np.float32


# At the points where a formula would give 0 / 0.

AT_ZERO = [
    (s.i1, 0.5), (s.j1, 0.5), (s.i1e, 0.5), (s.exprel, 0.5), (s.ellipk, np.pi / 8), (s.ellipe, -np.pi / 8),
    (lambda p: s.boxcox(3.0, p), np.log(3) ** 2 / 2), (lambda p: s.boxcox1p(2.0, p), np.log(3) ** 2 / 2),
    (lambda x: s.spence(1 + x), -1), (lambda x: s.sici(x)[0] * 1, 1), (lambda r: s.huber(1.0, r), 0),
    (lambda r: s.huber(0.0, r), 0), (lambda x: s.eval_hermite(0, x), 0),
    (lambda x: s.eval_jacobi(0, 1, 1, x), 0), (lambda x: s.shichi(x)[0] * 1, 1),
    (s.gammasgn, None), (s.round, None),
]  # fmt: skip


@pytest.mark.parametrize(("f", "expected"), AT_ZERO)
def test_at_zero(f, expected):
    x = Tensor(0.0, requires_grad=True)
    y = f(x)
    if expected is None:
        assert not y.requires_grad
        return
    y.backward()
    np.testing.assert_allclose(x.grad, expected, rtol=1e-13)


@pytest.mark.parametrize("f", [s.jv, s.gammainc, s.stdtr], ids=lambda f: f.__name__)
def test_an_unknown_derivative_is_refused_when_it_is_recorded(f):
    order = Tensor(HALF, requires_grad=True)
    with pytest.raises(NoRuleError, match=rf"{f.__name__} has no derivative rule for argument 1, .* \(3,\)"):
        f(order, X)
    np.testing.assert_array_equal(f(order.detach(), X).data, f(HALF, X))
    with no_grad():
        np.testing.assert_array_equal(f(order, Tensor(X)).data, f(HALF, X))


def ufuncs_of_source():
    """The functions that are given a rule in the source."""
    source = inspect.getsource(sys.modules["autograd.rules.special"])
    return {getattr(s, name) for name in re.findall(r"^rule\(s\.(\w+)", source, re.MULTILINE)}


def test_every_function_has_a_case():
    s.erf(Tensor(X))  # this call loads the rules
    given = {*sum(UNARY.values(), ()), *BINARY, *SEVERAL, *(row[0] for row in IN_LAST)}
    assert ufuncs_of_source() - given == {
        s.ellipkinc,
        s.ellipeinc,
        s.radian,
        s.gammasgn,
        s.round,
        s.ndtri_exp,
    }


@pytest.mark.parametrize("name", ["logsumexp", "softmax", "log_softmax"])
def test_scipys_python_functions_are_refused_with_ours_as_the_remedy(name):
    """They convert a Tensor to an array without asking; the error names a call that gives the same."""
    t = Tensor(np.outer(X, WIDE), requires_grad=True)
    with pytest.raises(
        DTypeError, match=rf"scipy.special.{name} takes no Tensor: use (autograd.\w+\([^)]+\))"
    ) as e:
        getattr(s, name)(t)
    call = re.search(r"use (autograd\.\w+\([^)]+\))", str(e.value))[1]
    np.testing.assert_allclose(
        eval(call, {"autograd": autograd, "t": t}).data, getattr(s, name)(t.data), rtol=1e-14
    )


def test_others_are_told_to_take_the_data():
    with pytest.raises(DTypeError, match=r"use t\.data"):
        s.polygamma(1, Tensor(X))


def test_scipy_is_not_imported_by_the_library():
    code = "import sys, autograd, nn; sys.exit('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
