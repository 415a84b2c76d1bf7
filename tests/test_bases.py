"""Arrays lie in memory as NumPy's do, and are views where NumPy's are, so that a write reaches the same."""

import numpy as np
import pytest

from autograd import Tensor, no_grad
from autograd.bases import laid_out, root
from autograd.functions import cast
from autograd.rules.versions import has
from autograd.transforms import hvp

from .cases import CASES

ORDERS = {
    "C": lambda make, a: make(a),
    "F": lambda make, a: make(a.T.copy()).T,
    "turned": lambda make, a: np.moveaxis(make(np.moveaxis(a, 0, -1).copy()), -1, 0),
    "reversed": lambda make, a: np.flip(make(np.flip(a).copy())),
    "with gaps": lambda make, a: make(np.repeat(a, 2, axis=-1))[..., ::2],
}


def leaves(value):
    """The arrays and tensors in a result, one after the other."""
    return [leaf for part in value for leaf in leaves(part)] if isinstance(value, list | tuple) else [value]


def layout(a):
    """How far apart in memory the elements of an array are, along each axis that has several."""
    return [step for step, n in zip(a.strides, a.shape, strict=True) if n > 1]


@pytest.mark.parametrize("order", ORDERS)
def test_results_lie_in_memory_as_in_numpy(order):
    """Of every function of the table, for arguments in any order."""
    compared = 0
    for case in CASES:
        if case.function is cast:  # which is a method, of tensors and of arrays, but not of numbers
            continue
        arrays, tensors = (
            [ORDERS[order](make, a) if a.ndim else make(a) for a in case.arrays]
            for make in (np.array, Tensor)
        )
        for want, got in zip(leaves(case(arrays)), leaves(case(tensors)), strict=True):
            if type(got) is not Tensor:
                continue
            assert type(got.data) is type(want), case
            if type(want) is np.ndarray and want.size:
                compared += 1
                assert layout(got.data) == layout(want), case
                assert got.data.flags.writeable or not want.flags.writeable or 0 in want.strides, case
                is_view = any(np.may_share_memory(want, a) for a in arrays)
                assert any(root(got) is root(t) for t in tensors) == is_view, case
    assert compared > 1000


def test_a_function_that_may_write_to_its_argument_leaves_it_alone():
    x = np.array([[3.0, 1.0], [2.0, 5.0]], order="F")
    t = Tensor(x)
    np.median(t, axis=1, overwrite_input=True)
    np.testing.assert_array_equal(t.data, x)


def test_a_function_of_the_users_is_called_as_often_as_there_are_axes():
    calls = []

    def total(a, axis):
        calls.append(axis)
        return np.sum(a, axis)

    np.apply_over_axes(total, Tensor(np.ones((2, 3, 2), order="F")), [0, 2])
    assert calls == [0, 2]


# What users of NumPy write, and write by mistake: on tensors it does what it does on arrays.
WRITES = [
    "t[0], t[1] = t[1], t[0]",
    "t[:, 0], t[:, 1] = t[:, 1], t[:, 0]",
    "t[0, 0], t[1, 1] = t[1, 1], t[0, 0]",
    "t[1:] = t[:-1]",
    "t[0] += t[:, 0]; t -= t.mean(0)",
    "t += t.T",
    "for i in range(3):\n    for j in range(3):\n        t[i][j] += t[j][i]",
    "u = t[0]; v = t[0]; u += 1; v *= 2",
    "u = t.T[1:].T; u[0] -= 1; u[...] = u[::-1] * 2",
    "v = t[1:]; w = t.reshape(3, 3); v *= w[:-1]; w[0] = v[0]; t[...] = v[0]",
    "u = t[...]; u = u * 1; u[0] = 1",
    "t[::-1].ravel()[0] = 8; t.T.ravel()[1] = 7; t.T.reshape(-1)[1] = 6",
    "t.reshape(-1, order='F')[0] = 4; np.ravel(t.T, order='F')[1] = 2",
    "np.squeeze(t[:1, :1])[...] = 4; np.squeeze(t[:1])[1:] = 5",
    "np.einsum('ii->i', t)[...] = 0; np.einsum('ij->ji', t)[0] += 7",
    "np.unstack(t)[0][...] = 1; np.split(t, 3)[1][...] = 2; first, *rest = t; rest[0][1] = 9",
    "np.rot90(t, 0)[0] = 2; np.rot90(t, 2)[0] = 3; np.flip(t, ())[2] = 1; np.roll(t, 0)[0] = 9",
    "np.concatenate([t])[0] = 1; np.block([[t]])[0] = 1; np.atleast_3d(t)[2] = 5",
    "t.conj()[0] = 4; np.conj(t)[1] = 3; np.real(t)[2] = 5; t.astype(float, copy=False)[0, 1] = 6",
    "z = t + 1j * t; z.real[0] = 3; z.imag[1] += 2; z.T.real[1] *= 2; t[...] = z.real + z.imag",
    "np.fft.fftshift(t, axes=())[0] = 4; np.linalg.matrix_power(t, 1)[0] = 3; np.trim_zeros(t[1])[0] = 3",
    "a = t.sum().copy(); b = a; b += 5; t[0] = a; a = np.copy(t.sum()); b = a; b += 5; t[1] = a",
    "s = t[0, 0]; s += 5; q = t.sum(); r = q; r *= 2; t[1, 1] = q",
    "total, parts = 0.0, []\nfor x in t[0]:\n    total += x\n    parts.append(total)\nt[1] = np.stack(parts)",
]


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("text", [w for w in WRITES if "unstack" not in w or has("unstack")])
def test_writes_reach_what_they_reach_in_numpy(text, order):
    array = np.array(np.arange(9.0).reshape(3, 3) * 1.5 + 1, order=order)
    tensor = Tensor(array)
    for t in (array, tensor):
        exec(text, {"np": np, "t": t})
    np.testing.assert_array_equal(tensor.data, array)


def test_an_array_without_axes_stays_one_in_nested_transformations():
    def f(x):
        y = x.astype(float)
        alias = y
        alias *= x
        return y

    assert hvp(f, np.array(3.0), np.array(1.0)) == 2


def padded(a):
    return np.pad(a, 1), np.pad(a, 1, "edge")


def not_integrated(p):
    return np.polyint(p, 0)


def summed(a):
    return np.apply_over_axes(np.sum, a, [0])


def not_differenced(a):
    return np.diff(a, 0)


OF_NUMBERS = [
    np.real_if_close,
    np.broadcast_arrays,
    np.block,
    padded,
    not_integrated,
    summed,
    not_differenced,
]


@pytest.mark.parametrize("function", OF_NUMBERS)
def test_of_a_number_functions_make_an_array_where_numpys_do(function):
    expected, found = function(np.float64(0.5)), function(Tensor([0.5]).sum())
    for want, got in zip(leaves(expected), leaves(found), strict=True):
        assert type(got.data) is type(want)


def test_a_leaf_made_of_a_number_is_written_to():
    loss = Tensor([1.0, 2.0]).sum()
    loss.requires_grad = True
    with no_grad():
        loss -= 1
    assert loss.item() == 2


def test_what_is_written_keeps_its_place_in_memory():
    t = Tensor(np.arange(6.0).reshape(3, 2).T)
    order = t.data.strides
    t[0] = [7.0, 8.0, 9.0]
    t *= np.ones((2, 3))
    assert t.data.strides == order
    t.ravel()[0] = -1  # of an array in order F: a copy
    assert t[0, 0] == 7


def test_no_memory_is_laid_out_for_what_cannot_be_written_to():
    rows = np.broadcast_to(np.arange(3.0), (2, 3))
    columns = np.ones((3, 2)).T
    assert laid_out(rows, like=columns) is rows
    assert laid_out(columns, like=rows) is columns


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
@pytest.mark.parametrize("view", [np.atleast_1d, np.atleast_2d, lambda t: t[None], lambda t: t.reshape(1, 1)])
def test_writing_to_a_view_of_one_element(shape, view):
    x = Tensor(2.0, requires_grad=True)
    t = Tensor(np.zeros(shape))
    view(t)[0] = x * 3
    assert t.shape == shape
    t.sum().backward()
    assert (t.data.item(), x.grad) == (6, 3)


def test_repeated_elements_are_copies():
    for repeat in (lambda t: np.repeat(t, 2, axis=0), lambda t: np.tile(t, (2, 1))):
        t = Tensor(np.array([[1.0, 2.0]]))
        wide = repeat(t)
        wide[0] = 5
        assert wide.tolist() == [[5, 5], [1, 2]]
        assert t.tolist() == [[1, 2]]


def test_broadcast_arrays_returns_an_array_of_the_right_shape_itself():
    t, u = Tensor(np.zeros(3)), Tensor(1.0)
    same, wide = np.broadcast_arrays(t, u)
    same[0] = 5
    assert t.tolist() == [5, 0, 0]
    with pytest.raises(ValueError, match=r"read-only.*t\.copy\(\)"):
        wide[0] = 5


@pytest.mark.parametrize("function", [np.atleast_1d, np.atleast_2d, np.atleast_3d])
@pytest.mark.parametrize("ndim", range(5))
def test_new_axes_have_numpys_strides(function, ndim):
    x = np.ones((2,) * ndim)
    assert function(x).strides == function(Tensor(x, requires_grad=True)).data.strides


def test_a_transform_is_laid_out_by_the_strides_of_its_argument():
    """Its argument has a gap between its elements; writing to a reshape of the result shows the order."""
    x = np.arange(9.0).reshape(3, 3)

    def f(x):
        y = np.fft.irfft2(np.atleast_2d(np.diagonal(x, -1)), (2, 3), axes=(-2, -1))
        y.reshape(-1)[1:] /= 3
        return y

    np.testing.assert_array_equal(f(Tensor(x, requires_grad=True)).data, f(x))
