"""Properties that hold for all shapes, axes and indices: examples are drawn by Hypothesis.

The functions here are linear, or linear near the point, so that the gradient g' J of a cotangent g
can be checked exactly: along any direction d, g · (J d) = (g' J) · d.
"""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograd import Tensor

settings.register_profile(  # without a database, which could not be written in a read-only checkout
    "here", max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
FEW = settings.get_profile("here")

shapes = hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4)


def distinct(shape, seed=0):
    """All different by at least 1/2: no ties, and none after a small step."""
    n = int(np.prod(shape))
    return (np.random.default_rng(seed).permutation(n) - n / 2 + 0.25).reshape(shape) / 2


def assert_adjoint(f, *arrays):
    """The change of f along a direction, weighted with g, is the gradient along it."""
    rng = np.random.default_rng(1646)
    leaves = [Tensor(a, requires_grad=True) for a in arrays]
    y = f(*leaves)
    np.testing.assert_allclose(y.data, f(*arrays), rtol=1e-14, atol=1e-14)
    g = rng.normal(size=y.shape)
    y.backward(g)
    along, h = [rng.uniform(-1, 1, a.shape) for a in arrays], 1e-2
    ahead, behind = (f(*(a + s * d for a, d in zip(arrays, along, strict=True))) for s in (h, -h))
    change = np.sum(g * (ahead - behind)) / (2 * h)
    gradients = [np.zeros(a.shape) if x.grad is None else x.grad for x, a in zip(leaves, arrays, strict=True)]
    assert [d.shape for d in gradients] == [a.shape for a in arrays]
    slope = sum(np.sum(d * v) for d, v in zip(gradients, along, strict=True))
    assert abs(change - slope) <= 1e-10 * (1 + np.abs(g).sum())


@pytest.mark.parametrize(
    "f", [np.add, np.subtract, np.multiply, np.maximum, lambda a, b: np.where(a > b, a, 2 * b)]
)
@given(pair=hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3))
@FEW
def test_broadcasting(f, pair):
    one, other = pair.input_shapes
    assert_adjoint(f, distinct(one), distinct(other, 1) + 0.125)


@pytest.mark.parametrize("f", [np.sum, np.mean, np.max, np.min, np.median, np.ptp, np.nansum, np.nanmax])
@given(data=st.data(), shape=shapes, keepdims=st.booleans())
@FEW
def test_reductions_over_any_axes(f, data, shape, keepdims):
    axis = data.draw(
        st.none() | hnp.valid_tuple_axes(len(shape), min_size=1) | st.integers(-len(shape), len(shape) - 1)
    )
    assert_adjoint(lambda x: f(x, axis=axis, keepdims=keepdims), distinct(shape))


# fmt: off
ALONG = [np.sort, np.flip, np.cumsum, np.diff, lambda x, axis: np.roll(x, 2, axis=axis),
         lambda x, axis: np.repeat(x, 2, axis=axis), lambda x, axis: np.take(x, [0, -1, 0], axis=axis),
         lambda x, axis: np.concatenate(np.array_split(x, 2, axis=axis)[::-1], axis=axis),
         lambda x, axis: np.partition(x, 0, axis=axis), lambda x, axis: np.insert(x, [0, -1], 1.5, axis=axis)]
# fmt: on


@pytest.mark.parametrize("f", ALONG)
@given(data=st.data(), shape=shapes)
@FEW
def test_along_any_axis(f, data, shape):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    assert_adjoint(lambda x: f(x, axis=axis), distinct(shape))


@given(data=st.data(), shape=shapes)
@FEW
def test_basic_indexing(data, shape):
    index = data.draw(hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True))
    assert_adjoint(lambda x: x[index], distinct(shape))


@given(data=st.data(), shape=shapes)
@FEW
def test_indexing_by_arrays(data, shape):
    index = data.draw(hnp.integer_array_indices(shape, result_shape=hnp.array_shapes(max_dims=2, max_side=3)))
    assert_adjoint(lambda x: x[index], distinct(shape))


@given(data=st.data(), shape=shapes)
@FEW
def test_rearranging(data, shape):
    order = data.draw(st.permutations(range(len(shape))))
    widths = data.draw(
        st.lists(st.tuples(*[st.integers(0, 3)] * 2), min_size=len(shape), max_size=len(shape))
    )
    mode = data.draw(st.sampled_from(["constant", "edge", "symmetric", "wrap"]))
    assert_adjoint(lambda x: np.transpose(np.pad(x, widths, mode), order), distinct(shape))
