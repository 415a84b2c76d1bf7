"""How much of NumPy the table covers, and what compositions return and refuse."""

import tomllib
from pathlib import Path

import numpy as np
import pytest

from autograd import Tensor, check
from autograd.errors import DTypeError, GradientError, NoRuleError
from autograd.ops import composed, table, untracked
from autograd.rules import fourier  # noqa: F401  (otherwise loaded only when it is needed)
from autograd.rules.refused import REASONS
from autograd.rules.versions import SINCE, has

from . import cases_assembly, cases_calculus, cases_choosing, cases_statistics, cases_versions, oracles
from .cases_common import over
from .cases_versions import present

ROOT = Path(__file__).parents[1]

# Functions of dates, which take no tensors.
OF_DATES = {"isnat", "is_busday", "busday_count", "busday_offset", "datetime_as_string"}
DEPRECATED = {"in1d"}  # in NumPy 2.0, in favour of isin; gone in 2.4


def leaf(*shape):
    return Tensor(np.arange(1.0, np.prod(shape) + 1).reshape(shape), requires_grad=True)


def is_known(function):
    """Whether a function has rules, is composed, is refused with a reason, or only asks about an array."""
    row = table.get(function)
    return function in composed or function in untracked or (row and bool(row.rules or row.each))


@pytest.mark.parametrize("module", [np, np.linalg, np.fft, np.emath, np.lib.stride_tricks])
def test_every_function_that_asks_a_tensor_is_known(module):
    """A function that is new in NumPy fails here, by name: it needs a row, or a reason to be refused."""
    asking = (np.ufunc, type(np.sum))  # the kinds of functions that ask their arguments what to do
    found = {f for name, f in vars(module).items() if isinstance(f, asking) and not name.startswith("_")}
    assert len(found) > 0
    names = {f.__name__: is_known(f) for f in found}
    assert {name for name in names if not names[name]} == names.keys() & (OF_DATES | DEPRECATED)


OF_INTEGERS = [np.median, np.nanmedian, np.mean, np.nanmean, np.var, np.nanvar, np.std, np.nanstd, np.average]


def single(*shape):
    return leaf(*shape).astype(np.float32)


@pytest.mark.parametrize("name", SINCE)
def test_numpy_has_a_function_since_its_version(name):
    assert hasattr(np, name) == has(name)
    requirements = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert f"numpy>={SINCE[name][0]}.{SINCE[name][1]}" > next(r for r in requirements if "numpy" in r)


# A composition returns what NumPy returns: a list, a tuple or an array.

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
    (np.take, (leaf(2, 3), [True, False]), {"axis": 0}),
    (np.choose, ([True, False], [leaf(2), leaf(2)]), {}),
    (np.interp, (leaf(5), [2.0, 0.1, 1.0], leaf(3)), {"period": -2.5}),
    (np.quantile, (leaf(4), np.float64(0.3)), {}),
    (np.percentile, (leaf(4), 30), {}),
    (np.quantile, (leaf(4), [0.3, 0.5]), {"method": "lower"}),
    (np.average, (single(2, 3),), {"axis": 0, "returned": True}),
    (np.cov, (single(2, 3),), {}),
    (np.corrcoef, (leaf(3).astype(np.float32) ** 2, single(3)), {}),
    (np.geomspace, (single(2), 8.0, 4), {}),
    (np.linspace, (single(2), 9.0, 5), {}),
    (np.linspace, (single(2), np.float64(9), 5), {}),
    (np.linspace, (leaf(2), 9, 5), {}),
    *(
        (f, (single(4), *q), {"method": method})
        for f, q in [(np.quantile, (0.3,)), (np.percentile, (30.0,)), (np.nanquantile, ([0.3, 0.5],))]
        for method in ("linear", "lower", "midpoint")
    ),
    *((np.quantile, (single(4), q), {}) for q in (np.float64(0.3), np.float32(0.3), 1, np.array(0.3))),
    # of integers there is no gradient, but a value; and of nothing, a shape
    *((f, (Tensor(a),), {}) for f in OF_INTEGERS for a in ([1, 2], [True, False], [4, 1, 3, 3])),
    *((f, (Tensor([1, 2, 4]), 0.3), {}) for f in (np.quantile, np.nanpercentile)),
    *((f, (Tensor(np.zeros((3, 0)), requires_grad=True),), {"axis": 0}) for f in (np.median, np.nanstd)),
    (np.quantile, (Tensor(np.zeros((3, 0)), requires_grad=True), 0.5), {"axis": 0}),
]


def arrays_of(value):
    """The value with arrays in place of tensors."""
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
        rounding = np.finfo(np.result_type(e, np.float16)).eps  # NumPy 2.0 rounds a float32 otherwise
        np.testing.assert_allclose(arrays_of(a), e, rtol=4 * rounding)
        assert (a.shape, a.dtype) == (e.shape, e.dtype)


# Lists in which there are tensors are what an array of them would be, where NumPy asks the tensors.


def lists(t, u, number):
    """Calls of functions that join, with the same numbers in lists, of tensors or of arrays."""
    return [
        np.append([t, u], t),
        np.append(t, [t[0], u[1]]),
        np.append([t, u], t[None], axis=0),
        np.concatenate([t, [u[0], 1.0]]),
        np.stack([t, [u[1], u[0]]]),
        np.vstack([t, [u[0], number]]),
        np.hstack([[u[0], 2.0], t]),
        np.dstack([[t, u], t[:, None] * u]),
        np.column_stack([t, [u[0], u[1]]]),
        np.block([[t, u], [u, t]]),
        np.insert(t, 1, [u[0], u[1]]),
        np.linalg.multi_dot([np.stack([t, u]), [[u[0], 1.0], [2.0, t[1]]], t]),
    ]


def test_lists_with_tensors_in_them():
    t, u = Tensor([1.0, 2.0], requires_grad=True), Tensor([3.0, 5.0], requires_grad=True)
    found = lists(t, u, 7.0)
    for actual, expected in zip(found, lists(t.data, u.data, 7.0), strict=True):
        np.testing.assert_array_equal(actual.data, expected)
    sum(np.sum(y * np.arange(y.size).reshape(y.shape)) for y in found).backward()

    def total(t, u):
        return sum(np.sum(y * np.arange(y.size).reshape(y.shape)) for y in lists(t, u, 7.0))

    for i, x in enumerate((t, u)):
        estimate = oracles.gradient(oracles.richardson, total, [t.data, u.data], np.ones(()), i)
        np.testing.assert_allclose(x.grad, estimate[0], rtol=1e-10)


HERE = [cases_assembly, cases_calculus, cases_choosing, cases_statistics, cases_versions]


@over([c for module in HERE for c in module.CASES])
def test_returns_the_same_dtype(case):
    arrays = [a.astype(np.float32) for a in case.arrays]
    actual, expected = case([Tensor(a, requires_grad=True) for a in arrays]), case(arrays)
    assert (actual.shape, actual.dtype) == (expected.shape, expected.dtype)


# NumPy's errors for bad arguments are raised for tensors too.

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


# Functions that cannot be differentiated are refused, by name.

REFUSED = [
    (lambda x: np.pad(x, 1, "mean"), "mode='mean'"),
    (lambda x: np.pad(x, 1, "reflect", reflect_type="odd"), "reflect_type"),
    (lambda x: np.quantile(x, 0.5, method="nearest"), "method='nearest'"),
    (lambda x: np.interp(1.5, x, [1, 2, 3]), "xp"),
    (lambda x: np.median(x, out=np.zeros(())), "out="),
    (lambda x: np.nansum(x, where=[True, False, True]), "where"),
    (lambda x: np.sort(x, order="f"), "order="),
    (lambda x: np.nan_to_num(x, copy=False), "copy="),
    (lambda x: np.nan_to_num(x.detach(), copy=False), "in place"),
]


@pytest.mark.parametrize(("function", "words"), REFUSED, ids=[words for _, words in REFUSED])
def test_refused(function, words):
    with pytest.raises(TypeError, match=words):  # a NoRuleError is a TypeError
        function(leaf(3))


DEFECTIVE = [
    (lambda a: np.real(np.linalg.eigvals(a)), [[1.0, 1.0], [0.0, 1.0]], "defective"),
    (lambda a: np.real(np.linalg.eig(a)[1]), np.eye(2), "equal values"),
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
    x = np.zeros(3)
    np.put(x, [1], Tensor([5.0]))
    assert x.tolist() == [0, 5, 0]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_more_degrees_of_freedom_are_taken_than_there_are():
    """NumPy divides by 0, and not by a negative number."""
    for f in (np.var, np.std, np.cov):
        x = leaf(3)
        y = f(x, ddof=4)
        y.backward()
        assert (y.item(), np.isfinite(x.grad).any()) == (np.inf, False)


def test_compress_is_a_method_of_what_is_compressed():
    x = leaf(3)
    x.compress(np.array([1, 0, 1])).sum().backward()
    assert x.grad.tolist() == [1, 0, 1]


SKIPPING = (np.nanmax, np.nanmin, np.nanmean, np.nanvar, np.nanstd, np.nanmedian)


@pytest.mark.parametrize("function", [*SKIPPING, lambda x: np.nanquantile(x, 0.3)], ids=lambda f: f.__name__)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy warns of slices in which there is nothing
def test_nothing_but_nan(function):
    """The result is NaN, and a NaN that is skipped has gradient 0 here too."""
    x = Tensor([np.nan, np.nan], requires_grad=True)
    y = function(x)
    y.backward()
    assert np.isnan(y.data)
    assert x.grad.tolist() == [0, 0]


WRITERS = {
    "put": lambda a, v: np.put(a, [0, -1, 5], v),
    "put, wrapped": lambda a, v: np.put(a, [13, -14], v, mode="wrap"),
    "put, clipped": lambda a, v: np.put(a, [99, -99], v[0], mode="clip"),
    "put nothing": lambda a, v: np.put(a, [], v),
    "place": lambda a, v: np.place(a, a > 0, v),
    "place, less than there are": lambda a, v: np.place(a, a < 9, v[:1]),
    "putmask": lambda a, v: np.putmask(a, a > 0, v),
    "copyto": lambda a, v: np.copyto(a, v[:3]),
    "copyto where": lambda a, v: np.copyto(a, v[:3], where=np.array([True, False, True])),
    "put_along_axis": lambda a, v: np.put_along_axis(a, np.argsort(a, axis=1)[:, -2:], v[:2], axis=1),
    "put_along_axis, the first": lambda a, v: np.put_along_axis(a, np.argmax(a, 0)[None], v[:3], axis=0),
    "put_along_axis, broadcast": lambda a, v: np.put_along_axis(a, np.array([[1]]), v[0], axis=1),
    "put_along_axis, flat": lambda a, v: np.put_along_axis(a, np.array([1, 0]), v[:2], axis=None),
    "fill_diagonal": lambda a, v: np.fill_diagonal(a, v),
    "fill_diagonal of a tall matrix, wrapped": lambda a, v: np.fill_diagonal(
        a.T[:, :2].T[:, :1], v, wrap=True
    ),
    "fill_diagonal with one number": lambda a, v: np.fill_diagonal(a, v[1]),
}


@pytest.mark.parametrize("name", WRITERS)
def test_functions_that_write(name):
    """They write what NumPy writes, and the gradient follows what is written, and leaves what is replaced."""
    write = WRITERS[name]
    rng = np.random.default_rng(0)
    a, v = rng.normal(size=(4, 3)), rng.normal(size=5)
    expected = a.copy()
    write(expected, v)

    def f(a, v):
        b = a * 1
        write(b, v)
        return np.sum(np.sin(b) * np.arange(1, 13).reshape(4, 3)) + np.sum(a**3) + np.sum(v**3)

    b = Tensor(a) * 1
    write(b, v)
    np.testing.assert_array_equal(b.data, expected)
    assert check.gradcheck(f, a, v).ok


REFUSED_BY_NUMPY = {
    "an index beyond": lambda a: np.put(a, [99], 5.0),
    "an index far before": lambda a: np.put(a, [-99], 5.0),
    "another mode": lambda a: np.put(a, [0], 5.0, mode="wrp"),
    "nothing to place": lambda a: np.place(a, a < 9, []),
    "a mask of another shape": lambda a: np.putmask(a, [True], 5.0),
    "values of another shape": lambda a: np.copyto(a, np.ones(5)),
    "indices of fewer axes": lambda a: np.put_along_axis(a, np.array([0]), 5.0, axis=1),
    "fractions as indices": lambda a: np.put_along_axis(a, np.array([[0.5]]), 5.0, axis=1),
    "an axis beyond": lambda a: np.put_along_axis(a, np.array([[0]]), 5.0, axis=7),
    "a vector's diagonal": lambda a: np.fill_diagonal(a[0], 5.0),
}


@pytest.mark.parametrize("name", REFUSED_BY_NUMPY)
def test_what_numpy_refuses_to_write_is_refused_alike(name):
    errors = []
    for a in (np.eye(4, 3), Tensor(np.eye(4, 3))):
        with pytest.raises(Exception) as caught:  # noqa: PT011  it is compared
            REFUSED_BY_NUMPY[name](a)
        errors.append((caught.type, str(caught.value)))
        np.testing.assert_array_equal(a.data if type(a) is Tensor else a, np.eye(4, 3))
    assert errors[0] == errors[1]


def test_nothing_is_written_where_there_are_no_values_and_names_are_taken():
    t = Tensor(np.eye(4, 3))
    np.put(t, [0], [])
    np.putmask(t, t.data > 0, [])
    assert t.tolist() == np.eye(4, 3).tolist()
    np.copyto(dst=t, src=np.ones(3))
    np.put_along_axis(t, np.array([[0]]), values=2.0, axis=1)
    assert t.tolist() == [[2, 1, 1]] * 4


@pytest.mark.parametrize("name", ["put", "putmask", "copyto", "put_along_axis", "fill_diagonal"])
def test_nothing_is_written_into_an_array_from_a_tensor(name):
    a = np.eye(4, 3) - 0.5
    with pytest.raises((NoRuleError, DTypeError), match=r"Tensor\(array\)"):
        WRITERS[name](a, Tensor(np.ones(5), requires_grad=True))
    np.testing.assert_array_equal(a, np.eye(4, 3) - 0.5)


def test_integers_stay_constants():
    x = Tensor([3, 1, 2])
    assert [type(f(x)) for f in (np.sort, np.median, np.diff, np.cumsum, np.nansum)] == [Tensor] * 5
    assert np.bincount(x).tolist() == [0, 1, 1, 1]
