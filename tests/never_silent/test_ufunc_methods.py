"""`np.add.reduce`, `np.r_`, `np.array([t, u])` and their kind: as on arrays, or refused with a remedy."""

import numpy as np
import pytest

from autograd import Tensor
from autograd.errors import AutogradError
from autograd.transforms import grad, hvp

from . import oracle

X = np.array([[1.5, -2.0, 3.0], [0.5, 4.0, -1.0]])

METHODS = {
    "add.reduce": lambda x: np.add.reduce(x),
    "add.reduce axis": lambda x: np.add.reduce(x, axis=1),
    "add.reduce axes": lambda x: np.add.reduce(x, axis=(0, 1)),
    "add.reduce axis None": lambda x: np.add.reduce(x, axis=None),
    "add.reduce keepdims": lambda x: np.add.reduce(x, axis=1, keepdims=True),
    "add.reduce positional": lambda x: np.add.reduce(x, 1),
    "add.reduce initial": lambda x: np.add.reduce(x, initial=2.0),
    "add.reduce where": lambda x: np.add.reduce(x, where=X > 0),
    "add.reduce of a list": lambda x: np.add.reduce([x, x * x]),
    "multiply.reduce": lambda x: np.multiply.reduce(x),
    "multiply.reduce axis": lambda x: np.multiply.reduce(x, axis=1),
    "multiply.reduce all": lambda x: np.multiply.reduce(x, axis=None),
    "maximum.reduce": lambda x: np.maximum.reduce(x),
    "maximum.reduce axis": lambda x: np.maximum.reduce(x, axis=1),
    "minimum.reduce": lambda x: np.minimum.reduce(x, axis=None),
    "fmax.reduce": lambda x: np.fmax.reduce(x),
    "fmin.reduce": lambda x: np.fmin.reduce(x),
    "logaddexp.reduce": lambda x: np.logaddexp.reduce(x),
    "logaddexp.reduce axis": lambda x: np.logaddexp.reduce(x, axis=1),
    "logaddexp2.reduce": lambda x: np.logaddexp2.reduce(x),
    "hypot.reduce": lambda x: np.hypot.reduce(x),
    "subtract.reduce": lambda x: np.subtract.reduce(x),
    "divide.reduce": lambda x: np.divide.reduce(x),
    "power.reduce": lambda x: np.power.reduce(np.stack([x[0] ** 2, x[1] / 4])),
    "logical_and.reduce": lambda x: np.logical_and.reduce(x > 0) * x[0],
    "add.accumulate": lambda x: np.add.accumulate(x),
    "add.accumulate axis": lambda x: np.add.accumulate(x, axis=1),
    "add.accumulate positional": lambda x: np.add.accumulate(x, 1),
    "multiply.accumulate": lambda x: np.multiply.accumulate(x),
    "multiply.accumulate axis": lambda x: np.multiply.accumulate(x, axis=1),
    "maximum.accumulate": lambda x: np.maximum.accumulate(x, axis=1),
    "minimum.accumulate": lambda x: np.minimum.accumulate(x, axis=0),
    "logaddexp.accumulate": lambda x: np.logaddexp.accumulate(x, axis=1),
    "subtract.accumulate": lambda x: np.subtract.accumulate(x, axis=1),
    "add.outer": lambda x: np.add.outer(x[0], x[1]),
    "add.outer of matrices": lambda x: np.add.outer(x, x),
    "add.outer with an array": lambda x: np.add.outer(x, np.arange(2.0)),
    "add.outer from an array": lambda x: np.add.outer(np.arange(2.0), x),
    "add.outer with a number": lambda x: np.add.outer(x, 2.0),
    "multiply.outer": lambda x: np.multiply.outer(x[0], x[1]),
    "multiply.outer of matrices": lambda x: np.multiply.outer(x, x),
    "subtract.outer": lambda x: np.subtract.outer(x[0], x[0]),
    "divide.outer": lambda x: np.divide.outer(x[0], x[1]),
    "power.outer": lambda x: np.power.outer(x[0] ** 2, [1.0, 2.0]),
    "maximum.outer": lambda x: np.maximum.outer(x[0], x[1]),
    "minimum.outer": lambda x: np.minimum.outer(x[0], x[1] + 0.1),
    "arctan2.outer": lambda x: np.arctan2.outer(x[0], x[1]),
    "hypot.outer": lambda x: np.hypot.outer(x[0], x[1]),
    "greater.outer": lambda x: np.greater.outer(x[0], x[1]) * x[0],
    "add.reduceat": lambda x: np.add.reduceat(x, [0, 2], axis=1),
    "add.reduceat back": lambda x: np.add.reduceat(x.reshape(-1), [0, 4, 1, 5]),
    "multiply.reduceat": lambda x: np.multiply.reduceat(x.reshape(-1), [0, 2, 4]),
    "maximum.reduceat": lambda x: np.maximum.reduceat(x.reshape(-1), [0, 2, 4]),
    "minimum.reduceat": lambda x: np.minimum.reduceat(x, [0, 1], axis=1),
    "vecdot": lambda x: np.vecdot(x, x),
    "matvec": lambda x: np.matvec(x, x[0]) if hasattr(np, "matvec") else x @ x[0],
}

JOINED = {
    "r_": lambda x: np.r_[x[0], x[1]],
    "r_ with numbers": lambda x: np.r_[1.0, x[0], 2.0],
    "r_ of numbers of a tensor": lambda x: np.r_[x[0, 0], x[1, 1]],
    "r_ with a slice": lambda x: np.r_[0:3, x[0]],
    "r_ of matrices": lambda x: np.r_[x, x * x],
    "r_ along an axis": lambda x: np.r_["1", x, x],
    "r_ of two dimensions": lambda x: np.r_["0,2", x[0], x[1]],
    "c_": lambda x: np.c_[x[0], x[1]],
    "c_ with numbers": lambda x: np.c_[x[0], np.ones(3)],
    "c_ of matrices": lambda x: np.c_[x, x * x],
    "append": lambda x: np.append(x, x),
    "append axis": lambda x: np.append(x, x * x, axis=0),
    "append a number": lambda x: np.append(x, 1.0),
    "append to a list": lambda x: np.append([x, x], x),
    "append to an array": lambda x: np.append(np.ones(2), x),
    "append a tensor of a number": lambda x: np.append(np.ones(2), x[0, 0]),
    "array of tensors": lambda x: np.array([x[0], x[1]]),
    "array of numbers": lambda x: np.array([x[0, 0], x[1, 1]]),
    "nested array": lambda x: np.array([[x[0, 0], 1.0], [0.0, x[1, 1]]]),
    "asarray": lambda x: np.asarray([x[0], x[1]]),
    "a list as an operand": lambda x: x[:, :2] * [x[0, 0], x[1, 1]],
    "a list as the left operand": lambda x: [x[0, 0], x[1, 1]] * x[:, :2],
    "sum of a list": lambda x: np.sum([x[0], x[1]], axis=0),
    "mean of a list": lambda x: np.mean([x[0, 0], x[1, 1]]),
    "max of a list": lambda x: np.max([x[0, 0], x[1, 1]]),
    "exp of a list": lambda x: np.exp([x[0, 0], x[1, 1]]),
    "dot of lists": lambda x: np.dot([x[0, 0], x[0, 1]], [x[1, 0], x[1, 1]]),
    "prod of a list": lambda x: np.prod([x[0, 0], x[1, 1]]),
    "std of a list": lambda x: np.std([x[0, 0], x[1, 1]]),
    "cumsum of a list": lambda x: np.cumsum([x[0, 0], x[1, 1]]),
    "linalg.norm of a list": lambda x: np.linalg.norm([x[0, 0], x[1, 1]]),
    "maximum of lists": lambda x: np.maximum([x[0, 0], x[1, 1]], [1.0, 2.0]),
    "reshape of a list": lambda x: np.reshape([x[0], x[1]], -1),
    "transpose of a list": lambda x: np.transpose([x[0], x[1]]),
    "where of lists": lambda x: np.where([True, False], [x[0, 0], 1.0], [x[1, 1], x[0, 1]]),
    "stack": lambda x: np.stack([x[0], x[1]], axis=1),
    "stack of a tensor": lambda x: np.stack(x),
    "stack of numbers": lambda x: np.stack([x[0, 0], 2.0, x[1, 1]]),
    "vstack": lambda x: np.vstack([x, x[0]]),
    "hstack": lambda x: np.hstack([x, x]),
    "dstack": lambda x: np.dstack([x, x]),
    "column_stack": lambda x: np.column_stack([x[0], x[1]]),
    "row_stack of a tuple": lambda x: np.vstack((x[0], x[1])),
    "concatenate": lambda x: np.concatenate((x, x * x), axis=1),
    "concatenate of a tensor": lambda x: np.concatenate(x),
    "concatenate flat": lambda x: np.concatenate([x, x], axis=None),
    "block": lambda x: np.block([[x, x], [x * x, x]]),
    "block of numbers": lambda x: np.block([[x[0, 0], 1.0], [2.0, x[1, 1]]]),
    "insert": lambda x: np.insert(x, 1, x[0] * 2, axis=0),
    "tile": lambda x: np.tile(x, (2, 1)),
    "repeat": lambda x: np.repeat(x, 2),
    "meshgrid": lambda x: np.meshgrid(x[0], x[1]),
    "broadcast_arrays": lambda x: list(np.broadcast_arrays(x, x[:1])),
    "atleast_1d of several": lambda x: list(np.atleast_1d(x[0, 0], x[1])),
    "select": lambda x: np.select([X > 2, X > 0], [x, x * x], 0.0),
    "choose": lambda x: np.choose([0, 1, 0], [x[0], x[1]]),
    "piecewise": lambda x: np.piecewise(x, [X > 0], [lambda v: v * v, lambda v: -v]),
    "vectorize": lambda x: np.vectorize(lambda v: v * v)(x),
    "fromfunction": lambda x: np.fromfunction(lambda i, j: (i + 1) * x, (2, 3)),
    "apply_along_axis": lambda x: np.apply_along_axis(lambda v: v * v, 0, x),
    "apply_over_axes": lambda x: np.apply_over_axes(np.sum, x, [0, 1]),
    "nan_to_num": lambda x: np.nan_to_num(x),
    "ix_": lambda x: x[np.ix_([0, 1], [0, 2])],
    "trim_zeros": lambda x: np.trim_zeros(x[0]),
    "unique": lambda x: np.unique(x),
    "pad": lambda x: np.pad(x, 1, constant_values=2.0),
    "asarray_chkfinite": lambda x: np.asarray_chkfinite(x),
    "lists within lists": lambda x: np.sum([[x[0, 0], x[0, 1]], [x[1, 0], x[1, 1]]], axis=0),
    "lists of lists of vectors": lambda x: np.stack([[x[0, 0], x[0, 1]], [x[1, 0], x[1, 1]]]),
    "concatenate of lists": lambda x: np.concatenate([[x[0, 0], x[0, 1]], x[1]]),
}
PROGRAMS = METHODS | JOINED

# name: words of the message
JOIN = ["does not turn into an array", "np.stack([t, u])"]
REFUSED = {
    "add.reduce of a list": JOIN,
    "array of tensors": JOIN,
    "array of numbers": JOIN,
    "nested array": JOIN,
    "asarray": JOIN,
    "a list as an operand": JOIN,
    "a list as the left operand": JOIN,
    "sum of a list": JOIN,
    "mean of a list": JOIN,
    "max of a list": JOIN,
    "exp of a list": JOIN,
    "dot of lists": JOIN,
    "prod of a list": JOIN,
    "std of a list": JOIN,
    "cumsum of a list": JOIN,
    "linalg.norm of a list": JOIN,
    "maximum of lists": JOIN,
    "reshape of a list": JOIN,
    "transpose of a list": JOIN,
    "where of lists": JOIN,
    "lists within lists": JOIN,
    "lists of lists of vectors": JOIN,
    "asarray_chkfinite": ["does not turn into an array", "t.data"],
    "piecewise": ["np.piecewise", "np.where or np.select"],
    "vectorize": ["np.vectorize takes no Tensor", "np.stack([f(x) for x in t])"],
    "apply_along_axis": ["np.apply_along_axis", "give the function an axis"],
    "unique": ["np.unique", "np.unique(t.data, return_index=True)[1]"],
} | {
    name: [f"np.{name[:2]} takes no Tensor", "np.concatenate"]
    for name in JOINED
    if name[:3] in ("r_", "r_ ", "c_", "c_ ")
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_right_or_refused_with_the_right_remedy(name):
    f = PROGRAMS[name]
    x = Tensor(X, requires_grad=True)
    if name in REFUSED:
        with pytest.raises(AutogradError) as caught:
            f(x)
        assert [word for word in REFUSED[name] if word not in str(caught.value)] == []
        return
    result, expected = f(x), f(X)
    parts = result if isinstance(result, list | tuple) else [result]
    plains = expected if isinstance(expected, list | tuple) else [expected]
    for part, plain in zip(parts, plains, strict=True):
        assert type(part) is Tensor
        np.testing.assert_allclose(part.data, plain, rtol=1e-15)
        assert part.dtype == plain.dtype
    found = grad(lambda v: oracle.loss(f(v)))(X)
    np.testing.assert_allclose(found, numeric(f), rtol=1e-7, atol=1e-7)
    direction = np.cos(np.arange(6.0)).reshape(2, 3)
    h = 1e-5
    second = (
        grad(lambda v: oracle.loss(f(v)))(X + h * direction)
        - grad(lambda v: oracle.loss(f(v)))(X - h * direction)
    ) / (2 * h)
    found = hvp(lambda v: oracle.loss(f(v)), X, direction)
    np.testing.assert_allclose(found, second, rtol=1e-6, atol=1e-6)


def numeric(f):
    """Richardson's extrapolation of central differences: an error of h⁴, and 1e-12 of rounding."""
    found = np.zeros(X.shape)
    for k in np.ndindex(X.shape):
        e = np.zeros(X.shape)
        e[k] = 1e-3
        wide, narrow = (
            (oracle.loss(f(X + s * e)) - oracle.loss(f(X - s * e))) / (2e-3 * s) for s in (1, 0.5)
        )
        found[k] = (4 * narrow - wide) / 3
    return found


@pytest.mark.parametrize("name", ["add.at", "multiply.at", "maximum.at"])
def test_at_is_refused(name):
    ufunc = getattr(np, name[:-3])
    for first in (Tensor(X, requires_grad=True) * 1, X.copy()):
        with pytest.raises(AutogradError, match=rf"np\.{name} .*t\[index\]"):
            ufunc.at(first, [0, 0], Tensor(1.0, requires_grad=True))


@pytest.mark.parametrize("name", ["reduce", "accumulate", "outer", "reduceat"])
def test_out_is_refused(name):
    x, out = Tensor(X[0], requires_grad=True), np.empty(3)
    call = {
        "reduce": lambda: np.add.reduce(x, out=out[:1].reshape(())),
        "accumulate": lambda: np.add.accumulate(x, out=out),
        "outer": lambda: np.multiply.outer(x, x, out=np.empty((3, 3))),
        "reduceat": lambda: np.add.reduceat(x, [0, 1, 2], out=out),
    }[name]
    with pytest.raises(AutogradError, match="out="):
        call()
