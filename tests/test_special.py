"""The ufuncs of SciPy, whose rules are loaded when the first of them meets a Tensor."""

import subprocess
import sys

import numpy as np
import pytest
from scipy import special as s

from autograd import Tensor
from autograd.errors import DTypeError

from .oracles import gradient, hessian_product, largest, richardson

X = np.array([0.3, 0.55, 0.8])  # inside every function's domain
WIDE = np.array([-2.5, 0.7, 3.0])
UNARY = {
    "everywhere": (s.expit, s.log_expit, s.exp2, s.exp10, s.expm1, s.erf, s.erfc, s.erfcx, s.dawsn, s.ndtr,
                   s.log_ndtr, s.i0, s.i0e, s.i1, s.i1e, s.j0, s.j1),
    "positive": (s.logit, s.log1p, s.cbrt, s.entr, s.erfinv, s.erfcinv, s.ndtri, s.gamma, s.gammaln, s.rgamma,
                 s.digamma, s.k0, s.k1, s.y0, s.y1),
}  # fmt: skip
BINARY = [s.xlogy, s.xlog1py, s.rel_entr, s.kl_div, s.beta, s.betaln]
CASES = [
    *((f, [WIDE]) for f in UNARY["everywhere"]),
    *((f, [X]) for f in (*UNARY["positive"], *UNARY["everywhere"])),
    *((f, [X, X[::-1, None] + 0.1]) for f in BINARY),
]
NAMES = [f.__name__ for f, _ in CASES]


def tensors(arrays):
    return [Tensor(a, requires_grad=True) for a in arrays]


def close(ours, oracle, scale=1.0):
    """Within the oracle's own error, and what SciPy's functions are accurate to."""
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
        # differences of differences: their estimate does not see the error of the inner ones
        assert close(ours, oracle, scale=1e4)


def test_float32_stays_float32():
    x = Tensor(X.astype(np.float32), requires_grad=True)
    s.erf(x).sum().backward()
    assert x.grad.dtype == np.float32


def test_scipys_python_functions_are_refused_with_a_remedy():
    with pytest.raises(DTypeError, match="does not turn into an array"):
        s.logsumexp(Tensor(X, requires_grad=True))


def test_scipy_is_not_imported_by_the_library():
    code = "import sys, autograd, nn; sys.exit('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
