"""How much of NumPy the table covers, and what compositions return and refuse."""

import numpy as np
import pytest

from autograd import Tensor
from autograd.errors import NoRuleError
from autograd.ops import composed, table
from autograd.rules.refused import REASONS

from . import cases_assembly, cases_calculus, cases_choosing, cases_statistics

# Ufuncs without a row, and why.
WITHOUT = {np.isnat: "it takes dates only"}


def leaf(*shape):
    return Tensor(np.arange(1.0, np.prod(shape) + 1).reshape(shape), requires_grad=True)


def has_rules(function):
    return function in composed or (function in table and bool(table[function].rules))


def test_every_ufunc_has_a_row():
    ufuncs = {f for f in vars(np).values() if isinstance(f, np.ufunc)}
    assert {f for f in ufuncs if not has_rules(f)} == set(WITHOUT)


# A composition returns what NumPy returns, be it a list, a tuple or an array.

RETURNS = [
    (np.split, (leaf(4), 2), {}),
    (np.array_split, (leaf(4), 3), {}),
    (np.hsplit, (leaf(2, 4), 2), {}),
    (np.vsplit, (leaf(2, 4), 2), {}),
    (np.dsplit, (leaf(1, 2, 4), 2), {}),
    (np.unstack, (leaf(2, 3),), {}),
    (np.broadcast_arrays, (leaf(2, 1), leaf(3)), {}),
    (np.meshgrid, (leaf(2), leaf(3)), {}),
    (np.meshgrid, (leaf(2),), {}),
    (np.atleast_1d, (leaf(), leaf(2)), {}),
    (np.atleast_3d, (leaf(2),), {}),
    (np.gradient, (leaf(3, 3),), {}),
    (np.gradient, (leaf(3),), {}),
    (np.average, (leaf(2, 3),), {"returned": True}),
    (np.average, (leaf(2, 3),), {"weights": leaf(3), "axis": 1, "returned": True}),
    (np.modf, (leaf(3),), {}),
    (np.divmod, (leaf(3), 2.0), {}),
]


def arrays_of(value):
    """The value with arrays for tensors."""
    if isinstance(value, list | tuple):
        return type(value)(map(arrays_of, value))
    return value.data if type(value) is Tensor else value


@pytest.mark.parametrize(("function", "args", "options"), RETURNS, ids=lambda v: getattr(v, "__name__", None))
def test_returns_what_numpy_returns(function, args, options):
    actual = function(*args, **options)
    expected = function(*arrays_of(args), **{name: arrays_of(v) for name, v in options.items()})
    assert type(actual) is (type(expected) if isinstance(expected, list | tuple) else Tensor)
    pairs = zip(actual, expected, strict=True) if isinstance(expected, list | tuple) else [(actual, expected)]
    for a, e in pairs:
        np.testing.assert_allclose(arrays_of(a), e, rtol=1e-15)
        assert (a.shape, a.dtype) == (e.shape, e.dtype)


HERE = [cases_assembly, cases_calculus, cases_choosing, cases_statistics]


@pytest.mark.parametrize("case", [c for module in HERE for c in module.CASES], ids=str)
def test_returns_the_same_dtype(case):
    arrays = [a.astype(np.float32) for a in case.arrays]
    actual, expected = case([Tensor(a, requires_grad=True) for a in arrays]), case(arrays)
    assert (actual.shape, actual.dtype) == (expected.shape, expected.dtype)


# What NumPy raises for bad arguments is raised for tensors too.

BAD = [
    (np.hsplit, (leaf(), 2)),
    (np.vsplit, (leaf(3), 1)),
    (np.dsplit, (leaf(3, 3), 1)),
    (np.split, (leaf(5), 2)),
    (np.split, (leaf(5), 1, 3)),
    (np.take, (leaf(3), 7)),
    (np.delete, (leaf(3), 7)),
    (np.insert, (leaf(3), 7, 0.0)),
    (np.quantile, (leaf(3), 1.5)),
    (np.percentile, (leaf(3), -1)),
    (np.choose, (np.array([0, 5]), [leaf(2), leaf(2)])),
    (np.select, ([np.array([1.0])], [leaf(1)])),
    (np.select, ([], [leaf(1)])),
    (np.diff, (leaf(3), -1)),
    (np.gradient, (leaf(1),)),
    (np.gradient, (leaf(3), 1.0, 2.0)),
    (np.gradient, (leaf(3), [1.0, 2.0])),
    (np.average, (leaf(2, 3), None, [1.0, 2.0])),
    (np.average, (leaf(2, 3), 0, [1.0, 2.0, 3.0])),
    (np.pad, (leaf(3), -1)),
    (np.cumulative_sum, (leaf(2, 2),)),
    (np.ediff1d, (np.arange(3), leaf(2))),
]


@pytest.mark.parametrize(("function", "args"), BAD, ids=lambda v: getattr(v, "__name__", None))
def test_raises_what_numpy_raises(function, args):
    with pytest.raises((ValueError, IndexError, TypeError)) as expected:
        function(*(list(map(arrays_of, a)) if isinstance(a, list) else arrays_of(a) for a in args))
    with pytest.raises(next(k for k in (TypeError, IndexError, ValueError) if issubclass(expected.type, k))):
        function(*args)


# What cannot be differentiated is refused, by name.

REFUSED = [
    (lambda x: np.pad(x, 1, "mean"), "mode='mean'"),
    (lambda x: np.pad(x, 1, "reflect", reflect_type="odd"), "reflect_type"),
    (lambda x: np.quantile(x, 0.5, method="nearest"), "method='nearest'"),
    (lambda x: np.interp(1.5, x, [1, 2, 3]), "xp"),
    (lambda x: np.median(x, out=np.zeros(())), "out="),
    (lambda x: np.nansum(x, where=[True, False, True]), "where"),
    (lambda x: np.sort(x, order="f"), "order="),
    (lambda x: np.nan_to_num(x, copy=False), "copy="),
]


@pytest.mark.parametrize(("function", "words"), REFUSED, ids=[words for _, words in REFUSED])
def test_refused(function, words):
    with pytest.raises(TypeError, match=words):  # which a NoRuleError is
        function(leaf(3))


@pytest.mark.parametrize("function", REASONS, ids=lambda f: f.__name__)
def test_refused_with_a_reason(function):
    with pytest.raises(NoRuleError, match=f"np.{function.__name__} has no derivative: "):
        composed[function](leaf(3))


def test_what_is_refused_works_without_a_gradient():
    assert np.unique(leaf(3).detach()).tolist() == [1, 2, 3]
    x = Tensor(np.zeros(3))
    np.put(x, [1], [5.0])
    assert x.tolist() == [0, 5, 0]


def test_integers_stay_constants():
    x = Tensor([3, 1, 2])
    assert [type(f(x)) for f in (np.sort, np.median, np.diff, np.cumsum, np.nansum)] == [Tensor] * 5
    assert np.bincount(x).tolist() == [0, 1, 1, 1]
