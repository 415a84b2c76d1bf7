"""Arrays of other kinds: their meaning is kept, or they are refused with the way to what is meant."""

import array
import tempfile
import warnings

import numpy as np
import pytest
import scipy.sparse

import autograd
import nn
from autograd import Tensor
from autograd.errors import AutogradError
from autograd.transforms import grad, hessian, jacobian, jvp, value_and_grad, vjp

X = np.array([[1.0, 2.0], [3.0, 4.0]])
MASKED = np.ma.array(X, mask=[[False, True], [False, False]])


class Temperature(np.ndarray):
    """A subclass as people write them: with a meaning that plain arithmetic does not have."""

    def __mul__(self, other):
        raise AssertionError("temperatures are not multiplied")


class Quiet(np.ndarray):
    """A subclass that adds nothing."""


def matrix(values=X):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        return np.matrix(values)


# Kinds whose meaning a Tensor cannot keep, and the word of the remedy.
REFUSED = {
    "a masked array": (lambda: MASKED, "mask"),
    "a masked array without a mask": (lambda: np.ma.array(X), "mask"),
    "a masked array of a 1-d mask": (lambda: np.ma.masked_less(X, 2), "mask"),
    "a masked number": (lambda: np.ma.masked, "mask"),
    "a masked array of integers": (lambda: np.ma.array([[1, 2], [3, 4]], mask=[[0, 1], [0, 0]]), "mask"),
    "a matrix": (matrix, "asarray"),
    "a transposed matrix": (lambda: matrix().T, "asarray"),
    "a row of a matrix": (lambda: matrix()[0], "asarray"),
    "a sparse matrix": (lambda: scipy.sparse.csr_matrix(X), "toarray"),
    "a sparse array": (lambda: scipy.sparse.coo_array(X), "toarray"),
    "a record array": (lambda: np.rec.fromarrays([X[0], X[1]], names="a,b"), "field"),
    "a structured array": (lambda: np.array([(1.0, 2.0)], dtype=[("a", float), ("b", float)]), "field"),
    "a subclass that adds nothing": (lambda: X.view(Quiet), "asarray"),
    "a subclass of a subclass": (lambda: X.view(type("More", (Quiet,), {})), "asarray"),
    "strings": (lambda: np.array([["1", "2"], ["3", "4"]]), "float"),
    "objects": (lambda: np.array([[1.0, None], [3.0, 4.0]], dtype=object), "float"),
    "dates": (lambda: np.array(["2020-01-01", "2021-01-01"], dtype="datetime64[D]"), "timedelta64"),
    "durations": (lambda: np.array([1, 2], dtype="timedelta64[s]"), "timedelta64"),
}

# Kinds that are arrays of numbers by another name: fine.
TAKEN = {
    "a list": lambda: X.tolist(),
    "a tuple of lists": lambda: ([1.0, 2.0], [3.0, 4.0]),
    "a read-only array": lambda: _read_only(X),
    "a strided array": lambda: np.repeat(X, 2, axis=1)[:, ::2],
    "a reversed array": lambda: X[::-1][::-1],
    "a Fortran array": lambda: np.asfortranarray(X),
    "a byte-swapped array": lambda: X.astype(">f8"),
    "an unaligned array": lambda: np.frombuffer(b"\0" + X.tobytes(), dtype=float, offset=1).reshape(2, 2),
    "a memory-mapped array": lambda: mapped(),
    "an array from a buffer": lambda: np.frombuffer(array.array("d", X.ravel())).reshape(2, 2),
    "integers": lambda: X.astype(int),
    "booleans": lambda: X > 1,
    "float16": lambda: X.astype(np.float16),
    "a list of arrays": lambda: [X[0], X[1]],
    "a list of np.float64": lambda: [[np.float64(v) for v in row] for row in X],
}


def _read_only(values):
    values = values.copy()
    values.flags.writeable = False
    return values


def mapped(mode="r"):
    with tempfile.TemporaryFile() as file:
        file.write(X.tobytes())
        file.flush()
        return np.memmap(file, float, mode, shape=X.shape)


WAYS = {
    "Tensor()": lambda a: Tensor(a),
    "a leaf": lambda a: Tensor(a, requires_grad=True),
    "Parameter": lambda a: nn.Parameter(a),
    "grad": lambda a: grad(lambda x: np.sum(x * x))(a),
    "value_and_grad": lambda a: value_and_grad(lambda x: np.sum(x * x))(a),
    "jacobian": lambda a: jacobian(lambda x: x * x)(a),
    "hessian": lambda a: hessian(lambda x: np.sum(x * x))(a),
    "vjp": lambda a: vjp(lambda x: np.sum(x * x), a),
    "jvp": lambda a: jvp(lambda x: np.sum(x * x), [a], [np.ones((2, 2))]),
    "times a Tensor": lambda a: a * Tensor(X, requires_grad=True),
    "a Tensor times it": lambda a: Tensor(X, requires_grad=True) * a,
    "a Tensor plus it": lambda a: Tensor(X, requires_grad=True) + a,
    "it minus a Tensor": lambda a: a - Tensor(X, requires_grad=True),
    "a Tensor @ it": lambda a: Tensor(X, requires_grad=True) @ a,
    "it @ a Tensor": lambda a: a @ Tensor(X, requires_grad=True),
    "a ufunc of both": lambda a: np.maximum(a, Tensor(X, requires_grad=True)),
    "a function of both": lambda a: np.dot(Tensor(X, requires_grad=True), a),
    "a function of both, the other way": lambda a: np.dot(a, Tensor(X, requires_grad=True)),
    "np.where": lambda a: np.where(X > 1, Tensor(X, requires_grad=True), a),
    "concatenate": lambda a: np.concatenate([Tensor(X, requires_grad=True), a]),
    "stack": lambda a: np.stack([a, Tensor(X, requires_grad=True)]),
    "assigned to a part": lambda a: _set(Tensor(X, requires_grad=True) * 1, a),
    "+=": lambda a: _iadd(Tensor(X, requires_grad=True) * 1, a),
    "a comparison": lambda a: Tensor(X, requires_grad=True) > a,
    "beside a constant": lambda a: Tensor(X) * a,
    "the cotangent of backward": lambda a: (Tensor(X, requires_grad=True) * 1).backward(a),
    "the loss's target": lambda a: nn.functional.mse_loss(Tensor(X, requires_grad=True), a),
}


def _set(t, a):
    t[...] = a
    return t


def _iadd(t, a):
    t += a
    return t


def refused_or_typeerror(run, words):
    with pytest.raises(Exception) as caught:  # noqa: PT011
        run()
    error = caught.value
    assert isinstance(error, AutogradError), f"{type(error).__name__}: {error}"
    assert any(word in str(error) for word in words), str(error)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["a masked array", "a masked array without a mask", "a matrix"])
def test_masks_and_matrices_are_refused_wherever_they_come_in(kind, way):
    """A masked array on the left asks for the Tensor's array, and is told how to have it."""
    make, word = REFUSED[kind]
    theirs = "masked" in kind and way in ("times a Tensor", "it minus a Tensor", "a comparison")
    with pytest.raises(AutogradError, match=r"use t\.data" if theirs else word):
        WAYS[way](make())


@pytest.mark.parametrize("way", ["Tensor()", "a leaf", "grad", "a Tensor times it"])
@pytest.mark.parametrize("kind", REFUSED)
def test_other_kinds_are_refused(kind, way):
    make, word = REFUSED[kind]
    with pytest.raises(AutogradError, match=word):
        WAYS[way](make())


WHOLE = ["integers", "booleans"]
DIFFERENTIATES = ["a leaf", "Parameter", "grad", "value_and_grad", "jacobian", "hessian", "vjp", "jvp"]
NESTED = [kind for kind in TAKEN if "list" in kind]  # which a transformation takes for several arguments


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", TAKEN)
def test_arrays_of_numbers_are_taken(kind, way):
    if kind in WHOLE and way in DIFFERENTIATES:
        with pytest.raises(AutogradError, match="float"):
            WAYS[way](TAKEN[kind]())
    elif kind not in NESTED or way not in DIFFERENTIATES[2:]:
        WAYS[way](TAKEN[kind]())


@pytest.mark.parametrize("kind", TAKEN)
def test_the_gradient_beside_it_is_right(kind):
    x = Tensor(X, requires_grad=True)
    values = np.array(TAKEN[kind](), dtype=float)
    np.sum(x * TAKEN[kind]() * x).backward()
    np.testing.assert_allclose(x.grad, 2 * X * values, rtol=1e-15)
    x.zero_grad()
    (x @ np.asarray(TAKEN[kind]())).sum().backward()
    np.testing.assert_allclose(x.grad, np.ones((2, 2)) @ values.T, rtol=1e-15)


def test_a_gradient_of_a_memory_map_is_an_array_in_memory():
    g = grad(lambda x: np.sum(x**3))(mapped())
    assert type(g) is np.ndarray
    np.testing.assert_array_equal(g, 3 * X**2)
    writable = mapped("r+")
    x = Tensor(writable, requires_grad=True)
    with autograd.no_grad():
        x += 1
    np.testing.assert_array_equal(writable, X)
    assert type(x.data) is np.ndarray


def test_npy_files_mapped_beside_a_tensor(tmp_path):
    np.save(tmp_path / "x.npy", X)
    beside = np.load(tmp_path / "x.npy", mmap_mode="r")
    x = Tensor(X, requires_grad=True)
    for batch in beside:
        np.sum(x * batch).backward()
    np.testing.assert_array_equal(x.grad, np.ones((2, 1)) * X.sum(axis=0))


def test_a_subclass_with_a_meaning_of_its_own_is_not_stripped_of_it_in_silence():
    """Either the subclass's own arithmetic runs (and objects here), or it is refused."""
    a, x = X.view(Temperature), Tensor(X, requires_grad=True)
    with pytest.raises((AssertionError, AutogradError)):
        a * x
