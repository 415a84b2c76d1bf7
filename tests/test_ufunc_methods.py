"""The methods of ufuncs on tensors: NumPy's results with the right gradients, or refusals."""

import numpy as np
import pytest

from autograd import Tensor
from autograd.errors import NoRuleError

from . import oracles
from .test_rules import assert_close

BINARY = [
    *(np.add, np.subtract, np.multiply, np.divide, np.power, np.float_power, np.remainder, np.fmod),
    *(np.maximum, np.minimum, np.fmax, np.fmin, np.logaddexp, np.logaddexp2, np.hypot, np.arctan2),
    *(np.copysign, np.nextafter, np.heaviside),
]
COMMUTATIVE = [np.add, np.multiply, np.maximum, np.minimum, np.fmax, np.fmin, np.logaddexp, np.hypot]
JUMPING = (np.remainder, np.fmod)  # where a quotient is an integer
STEADY = [f for f in BINARY if f not in JUMPING]
RANDOM = np.random.default_rng(1742)
MATRIX = RANDOM.permutation(np.arange(8, 20)).reshape(3, 4) / 8.0  # all different, for functions that choose
MASK = MATRIX > 1.4

# the options of a reduction, one after the other, and its array
REDUCTIONS = [
    *((MATRIX, {"axis": axis}) for axis in (0, 1, -1)),
    *((MATRIX[0], {"axis": axis, "keepdims": k}) for axis in (None, 0, (0,)) for k in (False, True)),
    (MATRIX, {}),
    (MATRIX, {"axis": ()}),
    (MATRIX, {"axis": 1, "keepdims": True}),
    (MATRIX, {"dtype": float}),
    (MATRIX, {"axis": 1, "initial": 3.8125, "keepdims": True}),
    (np.zeros((0, 2)), {"initial": 1.25}),
    (np.array(1.5), {}),
    (np.array(1.5), {"axis": None}),
]
MORE = [  # possible only for ufuncs that take elements in any order, and have a neutral one
    *((MATRIX, {"axis": axis}) for axis in (None, (0, 1), (-1, 0))),
    (MATRIX.reshape(3, 2, 2), {"axis": (0, 2), "keepdims": True}),
    (MATRIX, {"where": MASK, "initial": 1.25}),
    (MATRIX, {"axis": 1, "where": MASK[:1], "initial": 1.25}),
    (MATRIX, {"where": False, "initial": 1.25}),
]
SCANS = [(MATRIX, {"axis": axis}) for axis in (0, 1, -1)] + [(MATRIX[0], {}), (np.zeros((0, 2)), {})]
CUTS = [[0], [0, 2], [2, 0], [1, 1, 0, 2], []]
PAIRS = [((3,), (2,)), ((), (2,)), ((2, 2), ()), ((2, 3), (2,)), ((0,), (2,))]


def drawn(shapes):
    """Arrays of these shapes, with all elements different."""
    sizes = [int(np.prod(s)) for s in shapes]
    values = RANDOM.permutation(np.arange(8, 8 + sum(sizes))) / 8
    return tuple(v.reshape(s) for v, s in zip(np.split(values, sizes[:1]), shapes, strict=True))


CALLS = [
    *((f.reduce, (a,), options) for f in BINARY for a, options in REDUCTIONS),
    *((f.reduce, (a,), options) for f in COMMUTATIVE for a, options in MORE),
    *((f.accumulate, (a,), options) for f in BINARY for a, options in SCANS),
    *((f.reduceat, (MATRIX, cuts), {"axis": 0}) for f in BINARY for cuts in CUTS),
    *((f.reduceat, (MATRIX, [3, 1, 2], -1), {}) for f in BINARY),
    *((f.outer, pair, {}) for f in STEADY for pair in map(drawn, PAIRS)),
    *((f.outer, (MATRIX, [1.0625, 2.0625]), {}) for f in STEADY),
    *((f.outer, ([1.0625, 2.0625], MATRIX), {}) for f in STEADY),
    *((f.outer, (np.array([2.3, 3.7]), np.array([1.0, 1.6])), {}) for f in JUMPING),
]


def described(call):
    method, args, options = call
    given = [str(np.shape(a)) for a in args] + [f"{k}={np.shape(v) or v}" for k, v in options.items()]
    return f"{method.__self__.__name__}.{method.__name__}({', '.join(given)})"


def stepped(method, args, options):
    """NumPy's result; for two functions whose loops skip steps in a reduction, the steps in Python."""
    if method.__self__ not in (np.power, np.arctan2) or method.__name__ == "outer":
        return method(*args, **options)
    slow = getattr(np.frompyfunc(method.__self__, 2, 1), method.__name__)
    return np.asarray(
        slow(np.asarray(args[0], object), *args[1:], **{"dtype": object} | without_dtype(options)), float
    )


def without_dtype(options):
    return {name: value for name, value in options.items() if name != "dtype"}


def as_tensors(args):
    return [Tensor(a, requires_grad=True) if isinstance(a, np.ndarray) else a for a in args]


@pytest.mark.parametrize("call", CALLS, ids=described)
def test_value_and_gradient(call):
    method, args, options = call
    expected, tensors = stepped(method, args, options), as_tensors(args)
    y = method(*tensors, **options)
    assert (type(y), y.shape, y.dtype) == (Tensor, expected.shape, expected.dtype)
    np.testing.assert_allclose(y.data, expected, rtol=1e-14)
    g = RANDOM.normal(size=y.shape)
    if y.requires_grad:
        y.backward(g)
    arrays = [a for a in args if isinstance(a, np.ndarray)]

    def f(*moved):
        following = iter(moved)
        return stepped(method, [next(following) if isinstance(a, np.ndarray) else a for a in args], options)

    for i, t in enumerate(t for t in tensors if type(t) is Tensor):
        actual = np.zeros(t.shape) if t.grad is None else t.grad
        assert_close(actual, oracles.gradient(oracles.richardson, f, arrays, g, i), 1e-9, 1)


@pytest.mark.parametrize("f", BINARY, ids=lambda f: f.__name__)
@pytest.mark.parametrize("method", ["reduce", "accumulate", "outer"])
def test_single_precision(f, method):
    args = (MATRIX.astype(np.float32),) * (2 if method == "outer" else 1)
    expected, tensors = getattr(f, method)(*args), as_tensors(args)
    y = getattr(f, method)(*tensors)
    assert y.dtype == expected.dtype
    if y.requires_grad:
        y.sum().backward()
        assert all(t.grad is None or t.grad.dtype == np.float32 for t in tensors)


# Ties share, even one after the other; NaN is treated as in np.max and np.nanmax.

N = np.nan
TIES = [
    (np.maximum.accumulate, [1, 1, 3, 3, 2, 3], [1.5, 0.5, 2 + 1 / 3, 1 + 1 / 3, 0, 1 / 3]),
    (np.minimum.accumulate, [2, 2, 2], [1 + 1 / 2 + 1 / 3, 1 / 2 + 1 / 3, 1 / 3]),
    (np.maximum.accumulate, [1, 1, N, 3], [N, N, N, N]),
    (np.fmax.accumulate, [N, 1, 1, N, 3], [0, 2, 1, 0, 1]),
    (np.fmin.accumulate, [N, N], [0, 0]),
    (np.maximum.reduce, [3, 1, 3], [0.5, 0, 0.5]),
    (np.minimum.reduce, [3, N, 3], [N, N, N]),
    (np.fmin.reduce, [1, N, 1], [0.5, 0, 0.5]),
    (np.fmax.reduce, [N, N], [0, 0]),
    (lambda x: np.maximum.reduce(x, initial=3.0), [1, 3, 2], [0, 0.5, 0]),
    (lambda x: np.fmax.reduce(x, where=[True, False, False], initial=N), [1, 3, 2], [1, 0, 0]),
    (np.multiply.reduce, [2, 0, 3], [0, 6, 0]),
    (np.logaddexp.reduce, [1000, 1000], [0.5, 0.5]),
    (np.hypot.reduce, [3e200, 4e200], [0.6, 0.8]),
]


@pytest.mark.parametrize(("f", "x", "expected"), TIES)
def test_boundary(f, x, expected):
    x = Tensor(np.array(x, float), requires_grad=True)
    f(x).sum().backward()
    np.testing.assert_allclose(x.grad, expected, rtol=1e-13)


def test_an_initial_value_has_a_gradient():
    x, first = Tensor([2.0, 3.0], requires_grad=True), Tensor(5.0, requires_grad=True)
    np.multiply.reduce(x, initial=first).backward()
    assert (x.grad.tolist(), first.grad) == ([15, 10], 6)


def test_what_is_no_float_is_a_constant():
    x = Tensor([1.0, 2.0], requires_grad=True)
    for y in (np.greater.outer(x, x), np.logical_and.reduce(x), np.add.reduce(x.astype(int))):
        assert (type(y), y.requires_grad) == (Tensor, False)


def test_a_second_derivative():
    x = Tensor([0.5, 1.5], requires_grad=True)
    np.sum(np.multiply.outer(x, x) ** 2 / 2).backward(create_graph=True)
    first, x.grad = x.grad, None
    first[0].backward()
    np.testing.assert_allclose(x.grad, [6 * 0.25 + 2 * 2.25, 4 * 0.75])


REFUSED = [
    (lambda x: np.add.reduce(x, out=np.zeros(())), NoRuleError, r"np\.add\.reduce\(\.\.\., out=\)"),
    (lambda x: np.add.accumulate(x, out=np.zeros(2)), NoRuleError, "out="),
    (lambda x: np.add.outer(x, x, dtype=np.float32), NoRuleError, r"dtype=.*astype"),
    (lambda x: np.add.at(x, [0], 1.0), NoRuleError, "assignment"),
    (lambda x: np.subtract.reduce(x, where=[True, False], initial=1.0), NoRuleError, r"where=.*t\[mask\]"),
    # the error that NumPy itself raises
    (lambda x: np.subtract.reduce(x[None], axis=(0, 1)), ValueError, "not reorderable"),
    (lambda x: np.maximum.reduce(x, where=[True, False]), ValueError, "identity"),
    (lambda x: np.maximum.reduce(x[:0]), ValueError, "identity"),
    (lambda x: np.add.reduce(x, axis=2), np.exceptions.AxisError, "axis 2"),
    (lambda x: np.add.accumulate(x[0]), TypeError, "scalar"),
    (lambda x: np.add.reduceat(x, [5]), IndexError, "out-of-bounds"),
    (lambda x: np.exp.reduce(x), ValueError, "binary"),
    (lambda x: np.matmul.reduce(x), RuntimeError, "signature"),
]


@pytest.mark.parametrize(("f", "error", "words"), REFUSED)
def test_refused(f, error, words):
    x = Tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(error, match=words):
        f(x)
    assert x.grad is None
