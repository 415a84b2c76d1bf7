"""The Tensor: it answers like its array, records what NumPy does with it, and refuses the rest."""

import copy
import operator
import pickle
import re
import sys

import numpy as np
import pytest
from scipy import special

import autograd
import nn
from autograd import Graph, Tensor, enable_grad, no_grad, op
from autograd.errors import (
    DTypeError,
    GradientError,
    HistoryWarning,
    IndexingError,
    NoRuleError,
    ShapeError,
)
from autograd.refusals import OF_PYTORCH

from .cases_boundary import newcomer


def leaf(*values, dtype=float):
    return Tensor(np.array(values, dtype), requires_grad=True)


A = np.array([[1.5, -2.0, 3.0], [0.5, 4.0, -1.0]])
X = Tensor(A, requires_grad=True)

# A Tensor answers like an array: as operators, methods, properties and functions.

BINARY = ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "lt", "le", "gt", "ge", "eq", "ne"]
OTHERS = [2, 2.5, np.float32(3), np.array([1.0, 2.0, 3.0]), np.array([[2], [3]]), [1, 2, 3]]


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("other", OTHERS, ids=repr)
def test_binary_operators_on_both_sides(name, other):
    f = getattr(operator, name)
    a = np.abs(A)
    pairs = [(f(Tensor(a, True), other), f(a, other))]
    if not isinstance(other, list):
        pairs.append((f(other, Tensor(a, True)), f(other, a)))
    for ours, theirs in pairs:
        np.testing.assert_array_equal(ours.data, theirs)
        assert ours.dtype == theirs.dtype


@pytest.mark.parametrize("name", ["and_", "or_", "xor", "lshift", "rshift"])
def test_bitwise_operators(name):
    f, a = getattr(operator, name), np.array([1, 2, 3])
    np.testing.assert_array_equal(f(Tensor(a), 1).data, f(a, 1))
    np.testing.assert_array_equal(f(2, Tensor(a)).data, f(2, a))


SAME = {
    "neg": lambda t: -t,
    "pos": lambda t: +t,
    "abs": abs,
    "divmod": lambda t: divmod(t, 2)[1],
    "rdivmod": lambda t: divmod(2, t)[0],
    "matmul": lambda t: t @ A.T,
    "rmatmul": lambda t: A.T @ t,
    "T": lambda t: t.T,
    "mT": lambda t: t.mT,
    "sum": lambda t: t.sum(),
    "sum axis": lambda t: t.sum(axis=0),
    "sum positional": lambda t: t.sum(1),
    "mean keepdims": lambda t: t.mean(axis=-1, keepdims=True),
    "var ddof": lambda t: t.var(axis=0, ddof=1),
    "std": lambda t: t.std(),
    "max": lambda t: t.max(axis=1),
    "min": lambda t: t.min(),
    "prod": lambda t: t.prod(axis=0),
    "cumsum": lambda t: t.cumsum(),
    "argmax": lambda t: t.argmax(axis=0),
    "all": lambda t: t.all(),
    "any": lambda t: (t > 0).any(axis=1),
    "clip": lambda t: t.clip(0, 2),
    "clip by name": lambda t: t.clip(max=1.0),
    "round": lambda t: t.round(),
    "reshape": lambda t: t.reshape(3, 2),
    "reshape tuple": lambda t: t.reshape((3, -1)),
    "reshape order": lambda t: t.reshape(3, 2, order="F"),
    "ravel": lambda t: t.ravel(),
    "flatten": lambda t: t.flatten(),
    "transpose": lambda t: t.transpose(1, 0),
    "swapaxes": lambda t: t.swapaxes(0, 1),
    "squeeze": lambda t: t[:1].squeeze(),
    "dot": lambda t: t.dot(A.T),
    "copy": lambda t: t.copy(),
    "astype": lambda t: t.astype(np.float32),
    "item": lambda t: t.item(1, 2),
    "tolist": lambda t: t.tolist(),
    "len": len,
    "iter": lambda t: next(iter(t)),
    "contains": lambda t: 4.0 in t,
    "float": lambda t: float(Tensor(t)[0, 0] if type(t) is Tensor else t[0, 0]),
    "int": lambda t: int(t[0, 2]),
    "complex": lambda t: complex(Tensor(t)[0, 0] if type(t) is Tensor else t[0, 0]),
    "bool": lambda t: bool(t[0, 0] > 1),
    "format": lambda t: f"{t[0, 0]:.3f}",
    "shape": lambda t: t.shape,
    "counts": lambda t: (t.ndim, t.size, t.itemsize, t.nbytes),
    "np.shape": np.shape,
    "np.ndim": lambda t: (np.ndim(t), np.size(t)),
    "np.allclose": lambda t: np.allclose(t, A),
    "np.zeros_like": np.zeros_like,
    "np.full_like": lambda t: np.full_like(t, 7.0),
    "np.sign": np.sign,
    "np.result_type": lambda t: np.result_type(t, np.float32),
    "np.concatenate": lambda t: np.concatenate([t, t], axis=1),
    "np.stack": lambda t: np.stack([t, t * 2], axis=-1),
    "np.where": lambda t: np.where(t > 0, t, 0),
    "np.argsort": lambda t: np.argsort(t, axis=1),
    "np.array_equal": lambda t: np.array_equal(t, A),
    "np.trim_zeros": lambda t: np.trim_zeros(np.concatenate([t[0] * 0, t[1], t[0] * 0]), "fb"),
    "np.nonzero": lambda t: np.nonzero(t > 0)[0],
}


@pytest.mark.parametrize("f", list(SAME.values()), ids=list(SAME))
def test_it_answers_as_its_array_does(f):
    ours, theirs = f(X), f(A)
    plain = ours.data if type(ours) is Tensor else ours
    np.testing.assert_array_equal(plain, theirs)
    assert np.asarray(plain).dtype == np.asarray(theirs).dtype


# Indexing and assignment

INDICES = [1, -1, slice(None, None, -1), (0, slice(1, None)), Ellipsis, None, (None, 1), ([0, 1, 0],), A > 0,
           (slice(None), [2, 2, 0]), (np.array([[0], [1]]), np.array([0, 2])), (A[:, 0] > 1, 0)]  # fmt: skip


@pytest.mark.parametrize("index", INDICES, ids=repr)
def test_reading_and_writing_by_index(index):
    x = Tensor(A, requires_grad=True)
    part = x[index]
    np.testing.assert_array_equal(part.data, A[index])
    part.backward(np.ones(part.shape))
    counts = np.zeros(A.shape)
    np.add.at(counts, index, 1)
    np.testing.assert_array_equal(x.grad, counts)

    y, expected = x * 1, A.copy()
    y[index] = 9.0
    expected[index] = 9.0
    np.testing.assert_array_equal(y.data, expected)


def test_an_assignment_is_part_of_the_graph_and_the_old_values_stay():
    x, v = leaf(1.0, 2.0, 3.0), leaf(10.0)
    y = x * x
    before = y.sum()
    y[1] = v[0] * 3
    after = y.sum()
    assert (before.item(), after.item()) == (14, 40)
    after.backward()
    np.testing.assert_array_equal(x.grad, [2, 0, 6])
    np.testing.assert_array_equal(v.grad, [3])
    x.zero_grad()
    before.backward()
    np.testing.assert_array_equal(x.grad, [2, 4, 6])


def test_of_values_written_to_one_place_the_last_one_counts():
    v = leaf(1.0, 2.0, 3.0)
    y = Tensor(np.zeros(2))
    y[[0, 1, 0]] = v
    y.backward(np.array([5.0, 7.0]))
    np.testing.assert_array_equal(v.grad, [0, 7, 5])


def test_in_place_operators_rebind_what_was_computed_and_write_to_leaves():
    x = leaf(1.0, 2.0)
    y = x * 3
    alias, used = y, y * 1
    y += 1.0
    assert alias is y
    np.testing.assert_array_equal(used.data, [3, 6])
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, [3, 3])

    array = x.data
    with no_grad():
        x -= x.grad
        x[0] = 5.0
    assert x.data is array
    assert x.is_leaf
    np.testing.assert_array_equal(array, [5, -1])


# Leaves, gradients, modes


def test_the_data_are_copied():
    array = np.ones(3)
    x = Tensor(array, requires_grad=True)
    array[0] = 5
    assert x.data[0] == 1


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
@pytest.mark.parametrize("shape", [(), (2,), (0, 3), (2, 1, 2)])
def test_a_gradient_has_the_dtype_and_shape_of_its_leaf(dtype, shape):
    x = Tensor(np.full(shape, 0.5, dtype), requires_grad=True)
    loss = np.sum(
        np.exp(x * 2 - 0.5) / (1 + x**2) - np.sqrt(x).mean(axis=-1 if shape else None, keepdims=True)
    )
    loss.backward()
    assert type(x.grad) is np.ndarray
    assert (x.grad.dtype, x.grad.shape, loss.dtype) == (dtype, shape, dtype)


@pytest.mark.parametrize(
    "array",
    [np.asfortranarray(np.ones((2, 3))), np.ones((4, 6))[::2, ::2], np.broadcast_to(np.ones(3), (2, 3))],
    ids=["fortran", "strided", "read-only"],
)
def test_unusual_memory_as_data_operand_and_cotangent(array):
    x = Tensor(array, requires_grad=True)
    (x * array).backward(array)
    np.testing.assert_array_equal(x.grad, np.ones((2, 3)))
    x.grad[0, 0] = 2  # the memory is not shared


def test_grad_can_be_set_and_cleared():
    x = leaf(1.0, 2.0)
    x.grad = [3, 4]
    assert (x.grad.dtype, x.grad.tolist()) == (float, [3.0, 4.0])
    x.grad = None
    assert x.grad is None
    (x * 2).sum().backward()
    x.zero_grad()
    assert x.grad is None
    with pytest.warns(HistoryWarning, match=r"retain_grad"):
        assert (x * 2).grad is None


def test_second_order_by_recording_the_backward_pass():
    x = leaf(2.0, 3.0)
    (x**3).sum().backward(create_graph=True)
    first, x.grad = x.grad, None
    np.testing.assert_array_equal(first.data, [12, 27])
    first.sum().backward()
    np.testing.assert_array_equal(x.grad, [12, 18])


def test_modes_nest_decorate_and_survive_exceptions():
    x = leaf(1.0)

    @no_grad()
    def double(recursive):
        return double(False) if recursive else x * 2

    assert not double(True).requires_grad
    with no_grad():
        with enable_grad():
            assert (x * 2).requires_grad
        assert not (x * 2).requires_grad
    with pytest.raises(ZeroDivisionError), no_grad():
        1 / 0  # noqa: B018
    assert (x * 2).requires_grad


class TestHooks:
    """A hook sees the whole cotangent, from uses before and after it was registered."""

    @staticmethod
    def passed(make):
        """The cotangents that a hook saw, and the gradient of x if the hook doubles them."""
        x, seen = leaf(1.0, 2.0), []
        t = make(x)
        early = t * 2
        remove = t.register_hook(lambda g: seen.append(g.tolist()) or g * 2)
        t.register_hook(lambda g: None)
        loss = (early + t * 3).sum()
        loss.backward()
        remove()
        loss.backward()
        return seen, x.grad.tolist()

    @pytest.mark.parametrize(
        "make", [lambda x: x, lambda x: x * 1, lambda x: x[::1]], ids=["leaf", "*", "[]"]
    )
    def test_it_sees_and_replaces(self, make):
        assert self.passed(make) == ([[5, 5]], [15, 15])

    def test_it_sees_tensors_in_a_recorded_backward_pass(self):
        x = leaf(2.0)
        y = x * x
        remove = y.register_hook(lambda g: g * y)
        y.backward(np.ones(1), create_graph=True)
        remove()
        first, x.grad = x.grad, None
        first.backward()
        assert (first.item(), x.grad.item()) == (16, 24)  # y 2x = 2x³, and 6x²

    def test_a_wrong_shape_is_refused_and_no_gradient_written(self):
        x = leaf(1.0, 2.0)
        y = x * 2
        y.register_hook(lambda g: g[:1])
        with pytest.raises(ShapeError, match=r"shape \(2,\).*shape \(1,\)"):
            y.sum().backward()
        assert x.grad is None


def test_detach_cuts_and_requires_grad_can_be_set():
    x = leaf(1.0)
    assert not x.detach().requires_grad
    c = Tensor([1.0])
    c.requires_grad = True
    (c * x.detach()).backward()
    np.testing.assert_array_equal(c.grad, [1])
    c.requires_grad = False
    assert not (c * 2).requires_grad


def test_copies_and_pickles_are_new_leaves():
    x = leaf(1.0, 2.0)
    for other in (copy.deepcopy(x), copy.copy(x), pickle.loads(pickle.dumps(x))):
        assert other.is_leaf
        assert other.node is not x.node
        np.testing.assert_array_equal(other.data, x.data)


def test_the_repr_tells_value_dtype_and_origin():
    x = leaf(1.0, 2.0)
    assert repr(Tensor([1, 2])) == "Tensor([1, 2], dtype=int64)"
    assert repr(x) == "Tensor([1., 2.], dtype=float64, requires_grad=True)"
    assert repr(x @ x) == "Tensor(5., dtype=float64, requires_grad=True, made by matmul)"
    assert repr((x * 2).sum()) == "Tensor(6., dtype=float64, requires_grad=True, made by sum)"


def test_comparison_is_by_value_and_hashing_by_identity():
    x, y = leaf(1.0), leaf(1.0)
    assert (x == y).all()
    assert len({x, y, x}) == 2
    assert x != "a word"
    assert (x == None) is False  # noqa: E711


def test_a_function_of_the_users_own_in_two_lines():
    cube = op(lambda x: x * x * x, lambda g, y, x: 3 * g * x**2)
    x = leaf(1.0, 2.0)
    cube(x).sum().backward()
    np.testing.assert_array_equal(x.grad, [3, 12])
    assert cube(3.0) == 27

    @op(rules=[lambda g, y, a, b, scale=1.0: g * b * scale, lambda g, y, a, b, scale=1.0: g * a * scale])
    def scaled_product(a, b, scale=1.0):
        """a b scale."""
        return a * b * scale

    row, column = Tensor(np.ones((1, 3)), True), Tensor(np.full((2, 1), 2.0), True)
    scaled_product(row, column, scale=5.0).sum().backward()
    np.testing.assert_array_equal(row.grad, np.full((1, 3), 20.0))
    np.testing.assert_array_equal(column.grad, np.full((2, 1), 15.0))
    assert scaled_product.__doc__ == "a b scale."
    np.testing.assert_array_equal(scaled_product(np.ones(2), 2.0), [2, 2])
    np.testing.assert_array_equal(cube(x=np.ones(2)), [1, 1])
    assert cube(x=x).requires_grad
    with pytest.raises(TypeError, match="needs a rule for each"):
        op(np.cosh)


def test_a_users_function_keeps_its_own_words():
    def picky(a, b):
        raise ValueError("a must be positive")

    with pytest.raises(ValueError, match=r"^a must be positive$"):
        op(picky, lambda g, y, a, b: g, lambda g, y, a, b: g)(leaf(1.0), leaf(1.0))


# Bad input: each with the error that names the culprit, the shapes and the remedy.

x23, x3 = np.ones((2, 3)), np.ones(3)


def fill_loop(out, values):
    for i in range(len(out)):
        out[i] = values[i] * 2
    return out


BAD = [
    (lambda x: (x * 2).backward(), GradientError, r"shape \(2, 3\); pass backward\(g\)"),
    (lambda x: (x * 2).backward(x3), ShapeError, r"cotangent of shape \(3,\) for a tensor of shape \(2, 3\)"),
    (lambda x: (x * 2).backward("g"), ShapeError, "cotangent"),
    (lambda x: (x * 2).backward(x23 * 1j), DTypeError, "cotangent of dtype complex128"),
    (lambda x: Tensor(1.0).backward(), GradientError, "does not require a gradient"),
    (lambda x: Tensor([1, 2], requires_grad=True), DTypeError, "int64.*dtype=float"),
    (lambda x: Tensor([True], requires_grad=True), DTypeError, "bool"),
    (lambda x: (x.sum() * 1j).backward(), GradientError, "complex128.*np.real, np.imag or np.abs"),
    (lambda x: Tensor([None], requires_grad=True), DTypeError, "object"),
    (lambda x: Tensor("text"), DTypeError, "holds numbers"),
    (lambda x: Tensor([[1.0], [1.0, 2.0]]), ValueError, "inhomogeneous"),
    (newcomer, NoRuleError, r"np.newcomer has no .* a tensor of shape \(2, 3\).*rule\(np.newcomer"),
    (lambda x: special.zetac(x * 2), NoRuleError, r"zetac has no .*\.detach\(\) or \.data"),
    (lambda x: np.unique(x), NoRuleError, "np.unique has no derivative"),
    (np.asarray, DTypeError, r"shape \(2, 3\) does not turn into an array.*t\.data"),
    (lambda x: np.array([x, x]), DTypeError, "np.stack"),
    (lambda x: np.zeros((2, 3)).__setitem__(0, x[0]), DTypeError, r"Tensor\(array\)\[i\] = t"),
    (bool, ShapeError, r"shape \(2, 3\) is ambiguous.*any"),
    (float, ShapeError, r"float takes one element.*\(2, 3\)"),
    (lambda x: len(x[0, 0]), TypeError, r"shape \(\) has no length"),
    (lambda x: np.exp(x, out=np.ones((2, 3))), NoRuleError, "out="),
    (lambda x: np.ones((2, 3)).__iadd__(x), NoRuleError, "out="),
    (lambda x: np.sum(x, out=np.ones(())), NoRuleError, "out="),
    (lambda x: np.exp(x, where=x23 > 0), NoRuleError, "np.where"),
    (lambda x: np.exp(x, dtype=np.float32), NoRuleError, "astype"),
    (lambda x: np.sum(x, where=x23 > 0), NoRuleError, "where="),
    (lambda x: np.sum(x, initial=1.0), NoRuleError, "initial="),
    (lambda x: np.add.at(x, 0, 1.0), NoRuleError, r"np.add.at.*t\[index\]"),
    (lambda x: x @ x, ShapeError, r"matmul of shapes \(2, 3\) and \(2, 3\).*transpose"),
    (lambda x: np.dot(x, x), ShapeError, r"dot of shapes \(2, 3\) and \(2, 3\)"),
    (lambda x: x + np.ones(4), ShapeError, r"add of shapes \(2, 3\) and \(4,\).*equally long"),
    (lambda x: np.where(x23 > 0, x, np.ones(4)), ShapeError, r"where of shapes"),
    (lambda x: x.reshape(4), ShapeError, r"reshape of shapes \(2, 3\).*as many elements"),
    (lambda x: x.sum(axis=2), ShapeError, r"sum of shapes \(2, 3\).*axis 2 is out of bounds"),
    (lambda x: np.concatenate([x, x[0]]), ShapeError, r"concatenate of shapes \(2, 3\) and \(3,\)"),
    (lambda x: np.stack([x, x[0]]), ShapeError, "stack of shapes"),
    (lambda x: x[:0].max(), ShapeError, r"max of shapes \(0, 3\).*empty tensor"),
    (lambda x: no_grad()(x.__setitem__)(7, 0.0), IndexingError, r"shape \(2, 3\).*index 7 is out of bounds"),
    (lambda x: no_grad()(x.__setitem__)(0, np.ones(2)), ShapeError, r"setitem of shapes \(2, 3\) and \(2,\)"),
    (lambda x: np.linalg.inv(np.ones((2, 2)) * x[0, 0]), np.linalg.LinAlgError, "^Singular matrix$"),
    (lambda x: Tensor([1, 2]) ** -1, ValueError, "^Integers to negative integer powers are not allowed.$"),
    (lambda x: x[5], IndexingError, r"shape \(2, 3\).*index 5 is out of bounds"),
    (lambda x: x[0, 0, 0], IndexingError, "too many indices"),
    (lambda x: x[[0.5]], IndexingError, "getitem"),
    (lambda x: (x * 1).__setitem__(7, 0.0), IndexingError, "setitem"),
    (lambda x: (x * 1).__setitem__(0, np.ones(2)), ShapeError, "setitem"),
    (lambda x: Tensor([1, 2]).__setitem__(0, x[0, 0]), DTypeError, "truncated"),
    (lambda x: x.__iadd__(1.0), GradientError, r"shape \(2, 3\) is being changed in place.*no_grad"),
    (lambda x: x.__setitem__(0, 1.0), GradientError, "no_grad"),
    (lambda x: (x[0] * 1).__iadd__(x23), ShapeError, "in place"),
    (lambda x: x + "a", DTypeError, "not a number"),
    (lambda x: x * None, DTypeError, "not a number"),
    (lambda x: x + np.array([None] * 3), DTypeError, "object"),
    (lambda x: x + np.ma.array(x3), DTypeError, "MaskedArray"),
    (lambda x: setattr(x, "grad", Tensor(np.ones(2))), ShapeError, "a gradient of shape"),
    (lambda x: setattr(x, "grad", np.ones(2)), ShapeError, "a gradient of shape"),
    (lambda x: setattr(x * 2, "grad", x23), GradientError, "only be set on a leaf"),
    (lambda x: setattr(x * 2, "requires_grad", False), GradientError, "multiply made this one"),
    (lambda x: pickle.dumps(x * 2), GradientError, "with a history"),
    (lambda x: x.detach().register_hook(print), GradientError, "does not require"),
]  # fmt: skip


@pytest.mark.parametrize(("f", "error", "message"), BAD)
def test_bad_input_is_refused_and_changes_nothing(f, error, message):
    x = Tensor(np.ones((2, 3)), requires_grad=True)
    x.grad = np.full((2, 3), 7.0)
    node = x.node
    with pytest.raises(error, match=message):
        f(x)
    np.testing.assert_array_equal(x.data, 1)
    np.testing.assert_array_equal(x.grad, 7)
    assert x.node is node
    assert (x * 2).requires_grad


def assert_refuses_to_fill(array, values):
    with pytest.raises(ValueError, match="array element") as caught:  # NumPy's words; our error is the cause
        fill_loop(array, values)
    assert isinstance(caught.value.__cause__, GradientError)
    assert "Tensor(array)[i] = t" in str(caught.value.__cause__)


def test_a_loop_that_fills_an_array_is_refused():
    assert_refuses_to_fill(np.zeros(3), leaf(1.0, 2.0, 3.0))


@pytest.mark.parametrize("make", [list, lambda n: dict(enumerate(n)), np.array])
def test_a_loop_that_the_interpreter_has_made_faster_is_refused(make):
    """Whose assignment became one to lists with integers for indices, or the like."""
    fill_loop(make(range(1000)), range(1000))
    assert_refuses_to_fill(np.zeros(3), leaf(1.0, 2.0, 3.0))


@pytest.mark.parametrize("kind", ["trace", "profile"])
def test_a_loop_that_a_debugger_or_a_profiler_follows_is_refused(kind):
    def follow(*_):
        return follow

    before = getattr(sys, f"get{kind}")()
    getattr(sys, f"set{kind}")(follow)
    try:
        assert_refuses_to_fill(np.zeros(3), leaf(1.0, 2.0, 3.0))
    finally:
        getattr(sys, f"set{kind}")(before)


def test_a_loop_that_fills_a_tensor_is_recorded():
    x = leaf(1.0, 2.0, 3.0)
    fill_loop(Tensor(np.zeros(3)), x).sum().backward()
    np.testing.assert_array_equal(x.grad, [2, 2, 2])
    assert [v.item() for v in x] == [1, 2, 3]


def test_without_gradients_any_function_just_computes():
    np.testing.assert_array_equal(np.sort(Tensor([3, 1, 2])).data, [1, 2, 3])
    with no_grad():
        assert np.unique(leaf(3.0, 1.0, 1.0)).tolist() == [1, 3]


def test_nan_and_infinity_pass_through():
    x = leaf(np.nan, np.inf, 1.0)
    (x * 2).sum().backward()
    np.testing.assert_array_equal(x.grad, [2, 2, 2])
    np.testing.assert_array_equal((x * 2).data, [np.nan, np.inf, 2])


def test_all_public_names_exist():
    assert all(hasattr(autograd, name) for name in autograd.__all__)


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("view", "t.reshape(shape)"),
        ("permute", "np.transpose(t, axes)"),
        ("unsqueeze", "np.expand_dims"),
        ("cuda", "no devices"),
        ("abs", "use np.abs(t)"),
        ("add_", "no_grad"),
        ("colour", "no attribute 'colour'"),
    ],
)
def test_what_pytorch_has_is_refused_with_what_there_is_here(name, instead):
    t = Tensor([1.0])
    assert not hasattr(t, name)
    with pytest.raises(AttributeError, match=re.escape(instead)):
        getattr(t, name)


def test_what_is_named_instead_exists():
    named = [word for advice in OF_PYTORCH.values() for word in re.findall(r"(np(?:\.\w+)+)\(", advice)]
    methods = [word for advice in OF_PYTORCH.values() for word in re.findall(r"t\.(\w+)", advice)]
    assert len(named) > 6
    assert all(callable(eval(word)) for word in named)
    assert all(hasattr(Tensor([1.0]), method) for method in methods if method != "log_softmax")
    assert not any(hasattr(Tensor([1.0]), name) for name in OF_PYTORCH)


def test_an_option_by_the_name_that_pytorch_gives_it():
    with pytest.raises(NoRuleError, match="axis= for PyTorch's dim="):
        nn.functional.softmax(Tensor([1.0, 2.0], requires_grad=True), dim=0)


def test_an_index_is_an_array_where_an_array_is_asked_for():
    """It has no history to lose; what is asked for is a copy."""
    t = Tensor([[1.0, 5.0], [3.0, 2.0]], requires_grad=True)
    top = t.argmax(axis=1)
    assert np.arange(10, 30, 10)[top].tolist() == [20, 10]
    np.asarray(top)[0] = 7
    assert top.tolist() == [1, 0]
    with pytest.raises(DTypeError):
        np.arange(9)[t]
    with pytest.raises(DTypeError):
        np.asarray(top, copy=False)


def test_a_hook_shows_no_more_than_the_users_function():
    t = Tensor([1.0], requires_grad=True) * 2
    t.retain_grad()
    u = np.sin(t)
    u.register_hook(lambda g: g)
    assert "made by multiply" in repr(t)
    assert "made by sin" in repr(u)
    text = str(Graph.of(u))
    assert "retained(" in text
    assert "hooks=[<lambda>])" in text


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("retain_graph", "takes no retain_graph=: a graph lives as long as its output"),
        ("gradient", "takes no gradient=: pass it first, backward.g."),
        ("inputs", "takes no inputs=: every leaf gets its gradient"),
        ("retain", "got an unexpected keyword argument 'retain'"),
    ],
)
def test_backward_refuses_arguments_of_pytorch_with_what_to_do_here(argument, message):
    x = Tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(TypeError, match=rf"backward\(\) {message}"):
        np.sum(x * x).backward(**{argument: None})
    assert x.grad is None
