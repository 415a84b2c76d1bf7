"""How much of NumPy the table covers, and what compositions return and refuse."""

import tomllib
from pathlib import Path

import numpy as np
import pytest

from autograd import Tensor
from autograd.errors import GradientError, NoRuleError
from autograd.ops import composed, table, untracked
from autograd.rules import fourier  # noqa: F401  which is loaded when it is needed
from autograd.rules.refused import REASONS
from autograd.rules.versions import SINCE, has

from . import cases_assembly, cases_calculus, cases_choosing, cases_statistics, cases_versions
from .cases_versions import present

ROOT = Path(__file__).parents[1]

# Functions that take dates, and so no tensors.
OF_DATES = {np.isnat, np.is_busday, np.busday_count, np.busday_offset, np.datetime_as_string}


def leaf(*shape):
    return Tensor(np.arange(1.0, np.prod(shape) + 1).reshape(shape), requires_grad=True)


def is_known(function):
    """Whether a function has rules, is composed, refused with a reason, or only asked about an array."""
    row = table.get(function)
    return function in composed or function in untracked or (row and bool(row.rules or row.each))


@pytest.mark.parametrize("module", [np, np.linalg, np.fft, np.emath, np.lib.stride_tricks])
def test_every_function_that_asks_a_tensor_is_known(module):
    """A function that is new in NumPy fails here, by name: it wants a row, or a reason to be refused."""
    asking = (np.ufunc, type(np.sum))  # the kinds of functions that ask their arguments what to do
    found = {f for name, f in vars(module).items() if isinstance(f, asking) and not name.startswith("_")}
    assert len(found) > 0
    assert {f.__name__ for f in found if not is_known(f)} == {f.__name__ for f in OF_DATES & found}


@pytest.mark.parametrize("name", SINCE)
def test_numpy_has_a_function_since_its_version(name):
    assert hasattr(np, name) == has(name)
    requirements = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert f"numpy>={SINCE[name][0]}.{SINCE[name][1]}" > next(r for r in requirements if "numpy" in r)


# A composition returns what NumPy returns, be it a list, a tuple or an array.

RETURNS = [
    (np.split, (leaf(4), 2), {}),
    (np.array_split, (leaf(4), 3), {}),
    (np.hsplit, (leaf(2, 4), 2), {}),
    (np.vsplit, (leaf(2, 4), 2), {}),
    (np.dsplit, (leaf(1, 2, 4), 2), {}),
    *((f, (leaf(2, 3),), {}) for f in present("unstack")),
    (np.broadcast_arrays, (leaf(2, 1), leaf(3)), {}),
    (np.meshgrid, (leaf(2), leaf(3)), {}),
    (np.meshgrid, (leaf(2),), {}),
    (np.atleast_1d, (leaf(), leaf(2)), {}),
    (np.atleast_3d, (leaf(2),), {}),
    (np.gradient, (leaf(3, 3),), {}),
    (np.gradient, (leaf(3),), {}),
    (np.average, (leaf(2, 3),), {"returned": True}),
    (np.average, (leaf(2, 3),), {"weights": leaf(3), "axis": 1, "returned": True}),
    (np.linspace, (leaf(2), leaf(2)[::-1] + 1), {"retstep": True}),
    (np.polydiv, (leaf(3), leaf(2)), {}),
    (np.polydiv, (leaf(2), leaf(3)), {}),
    (np.linalg.qr, (leaf(2, 3),), {}),
    (np.linalg.qr, (leaf(2, 3),), {"mode": "r"}),
    (np.linalg.eig, (leaf(2, 2),), {}),
    (np.roots, (leaf(1),), {}),
    (np.polymul, (leaf(3) - 1, leaf(2)), {}),
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


HERE = [cases_assembly, cases_calculus, cases_choosing, cases_statistics, cases_versions]


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
    *((f, (leaf(2, 2),)) for f in present("cumulative_sum")),
    (np.ediff1d, (np.arange(3), leaf(2))),
    (np.polyder, (leaf(3), -1)),
    (np.polyint, (leaf(3), -1)),
    (np.polyint, (leaf(3), 3, [1.0, 2.0])),
    (np.poly, (leaf(2, 3),)),
    (np.roots, (leaf(2, 3),)),
    (np.polyfit, (leaf(3), leaf(4), 1)),
    (np.polyfit, (leaf(3), leaf(3), -1)),
    (np.polyfit, (leaf(3), leaf(3), 1, None, False, leaf(2))),
    (np.polyfit, (leaf(2), leaf(2), 1, None, False, None, True)),
    (np.geomspace, (leaf(3) - 1, 1.0)),
    (np.linalg.eigvals, (leaf(2, 3),)),
    (np.lib.stride_tricks.sliding_window_view, (leaf(3), 4)),
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


DEFECTIVE = [
    (np.linalg.eigvals, [[1.0, 1.0], [0.0, 1.0]], "defective"),
    (lambda a: np.linalg.eig(a)[1], np.eye(2), "equal values"),
]


@pytest.mark.parametrize(("function", "a", "words"), DEFECTIVE)
def test_no_derivative_of_a_degenerate_matrix(function, a, words):
    y = function(Tensor(a, requires_grad=True))
    with pytest.raises(GradientError, match=words):
        y.sum().backward()


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
