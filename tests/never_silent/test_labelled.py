"""Arrays with labels, of xarray and pandas, and arrays that are not computed yet, of dask.

xarray computes on whatever array it holds, so that a DataArray may hold a Tensor and be differentiated.
"""

import dask.array
import numpy as np
import pandas
import pytest
import xarray

from autograd import Tensor
from autograd.errors import AutogradError
from autograd.transforms import grad

X = np.array([[1.0, 2.0], [3.0, 4.0]])


def _iadd(t, a):
    t += a
    return t


# Labelled arrays: they wrap a Tensor as an object, or unwrap it, unless they are stopped.

LABELLED = {
    "DataArray": lambda: xarray.DataArray(X, dims=("i", "j")),
    "Dataset": lambda: xarray.Dataset({"a": (("i", "j"), X)}),
    "Variable": lambda: xarray.Variable(("i", "j"), X),
    "DataFrame": lambda: pandas.DataFrame(X),
    "Series": lambda: pandas.Series(X[0]),
    "Index": lambda: pandas.Index(X[0]),
    "a dask array": lambda: dask.array.from_array(X),
}
OPERATIONS = {
    "a Tensor times it": lambda x, a: x * a,
    "times a Tensor": lambda x, a: a * x,
    "a Tensor plus it": lambda x, a: x + a,
    "it minus a Tensor": lambda x, a: a - x,
    "a Tensor by it": lambda x, a: x / a,
    "np.multiply": lambda x, a: np.multiply(x, a),
    "np.multiply, the other way": lambda x, a: np.multiply(a, x),
    "np.add": lambda x, a: np.add(x, a),
    "np.where": lambda x, a: np.where(X > 1, x, a),
    "a comparison": lambda x, a: x < a,
    "a comparison, the other way": lambda x, a: a < x,
    "power": lambda x, a: x**a,
    "matmul": lambda x, a: x @ a,
    "matmul, the other way": lambda x, a: a @ x,
    "np.dot": lambda x, a: np.dot(x, a),
    "concatenate": lambda x, a: np.concatenate([x, a]),
    "in place": lambda x, a: _iadd(x * 1, a),
}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("kind", LABELLED)
def test_labelled_arrays_leave_no_graph_in_silence(kind, operation):
    """A Tensor with the right values and gradient comes out, or an error that says what to do."""
    a, x = LABELLED[kind](), Tensor(X, requires_grad=True)
    try:
        result = OPERATIONS[operation](x, a)
    except AutogradError as error:
        words = str(error)
        assert type(a).__name__ in words or "array" in words, words  # noqa: PT017
        return
    except (TypeError, ValueError, RuntimeError) as error:
        assert "Tensor" in str(error) or "DataArray" in str(error), repr(error)  # noqa: PT017
        return
    if type(a) in (xarray.DataArray, xarray.Dataset, xarray.Variable):
        result = result["a"] if isinstance(result, xarray.Dataset) else result
        result = result.data
    assert type(result) is Tensor, type(result)
    plain = OPERATIONS[operation](X.copy(), np.asarray(a["a"] if kind == "Dataset" else a))
    np.testing.assert_allclose(result.data, plain)
    if result.dtype.kind == "f":
        assert result.requires_grad


WAYS = {
    "Tensor()": lambda a: Tensor(a),
    "a leaf": lambda a: Tensor(a, requires_grad=True),
    "grad": lambda a: grad(lambda x: np.sum(x * x))(a),
}
REDUCED = {
    "sum": lambda a: a.sum(),
    "np.sum": lambda a: np.sum(a),
    "mean of a dimension": lambda a: a.mean("i").sum(),
    "max": lambda a: a.max(),
    "an index": lambda a: a.isel(i=0).sum(),
    "where": lambda a: a.where(xarray.DataArray(X, dims=("i", "j")) > 1).sum(),
    "fillna": lambda a: a.fillna(0).sum(),
    "a power": lambda a: (a**2).sum(),
    "np.exp": lambda a: np.exp(a / 8).sum(),
}


@pytest.mark.parametrize("name", REDUCED)
def test_a_data_array_of_a_tensor_is_differentiated(name):
    """Held against central differences of the same on arrays; the error of one is 1e-8 of its size."""

    def f(x):
        return REDUCED[name](xarray.DataArray(X, dims=("i", "j")) * x)

    x = Tensor(X, requires_grad=True)
    f(x).data.backward()
    steps = [1e-6 * np.eye(4)[k].reshape(2, 2) for k in range(4)]
    numeric = np.array([(f(X + h) - f(X - h)) / 2e-6 for h in steps]).reshape(2, 2)
    np.testing.assert_allclose(x.grad, numeric, rtol=1e-7)


@pytest.mark.parametrize("kind", ["DataArray", "DataFrame", "Series", "a dask array"])
@pytest.mark.parametrize("way", ["Tensor()", "a leaf", "grad"])
def test_labelled_arrays_as_data(kind, way):
    """Their numbers are taken, or the way to them is named."""
    a = LABELLED[kind]()
    try:
        result = WAYS[way](a)
    except AutogradError as error:
        assert any(w in str(error) for w in ("asarray", "to_numpy", ".values")), str(error)  # noqa: PT017
        return
    np.testing.assert_array_equal(
        getattr(result, "data", result), np.asarray(a) * (2 if way == "grad" else 1)
    )


def test_a_tensor_put_into_a_frame_is_an_error():
    x = Tensor(X, requires_grad=True)
    for put in (
        lambda: pandas.DataFrame(x),
        lambda: pandas.DataFrame({"a": x[0]}),
        lambda: pandas.Series(x[0]),
        lambda: xarray.DataArray(x).values,
        lambda: float(xarray.DataArray(x).sum()),
    ):
        with pytest.raises((AutogradError, TypeError, ValueError)):
            put()
