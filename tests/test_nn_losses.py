"""Losses: shapes, dtypes and boundaries, what they refuse, and the modules that are these functions.

Their derivatives are held against numerical ones in test_nn_functional.py.
"""

import numpy as np
import pytest

import nn
import nn.functional as F  # noqa: N812  (its customary name)
from autograd import Tensor
from autograd.errors import ShapeError
from nn.errors import ArgumentError

PAIRS = [
    (nn.MSELoss, F.mse_loss),
    (nn.BCELoss, F.binary_cross_entropy),
    (nn.BCEWithLogitsLoss, F.binary_cross_entropy_with_logits),
]
LOSSES = [function for _, function in PAIRS]
REDUCTIONS = ["mean", "sum", "none"]
P, Y = np.array([[0.25], [0.5], [0.875]]), np.array([[0], [1], [1]])

# Of probabilities or logits p and targets y, the losses of the elements and their derivatives.
BY_HAND = {
    F.mse_loss: lambda p, y: ((p - y) ** 2, 2 * (p - y)),
    F.binary_cross_entropy: lambda p, y: (-np.log(np.where(y, p, 1 - p)), np.where(y, -1 / p, 1 / (1 - p))),
    F.binary_cross_entropy_with_logits: lambda z, y: (
        np.log(1 + np.exp(z)) - y * z,
        1 / (1 + np.exp(-z)) - y,
    ),
}


# The functions


@pytest.mark.parametrize("loss", LOSSES, ids=lambda f: f.__name__)
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize(
    ("p", "y", "remedy"),
    [
        ((4, 1), (4,), r"\(4, 1\) and the target \(4,\).*pass target\[:, None\] or target.reshape\(4, 1\)"),
        ((4,), (4, 1), r"\(4,\) and the target \(4, 1\).*pass target.reshape\(4,\)"),
        ((2, 3), (3, 2), r"\(2, 3\) and the target \(3, 2\).*pass target.reshape\(2, 3\)"),
        ((4, 1), (1, 1), r"\(4, 1\) and the target \(1, 1\).*one target for each element"),
        ((4, 1), (), r"\(4, 1\) and the target \(\).*one target for each element"),
    ],
)
def test_a_loss_never_broadcasts(loss, p, y, remedy, reduction):
    p, y = np.full(p, 0.5), np.ones(y)
    for pair in ((Tensor(p), y), (Tensor(p), Tensor(y)), (p, y)):
        with pytest.raises(ShapeError, match=f"{loss.__name__}: the prediction has shape {remedy}"):
            loss(*pair, reduction)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda f: f.__name__)
@pytest.mark.parametrize("shape", [(0,), (0, 1)])
def test_the_mean_of_nothing_is_refused_and_its_sum_is_0(loss, shape):
    p = Tensor(np.ones(shape), requires_grad=True)
    with pytest.raises(ShapeError, match=r"mean of no elements, shape \(0,.*reduction=\"sum\" gives 0"):
        loss(p, np.ones(shape))
    total = loss(p, np.ones(shape), "sum")
    total.backward()
    assert total.item() == 0
    assert p.grad.shape == loss(p, np.ones(shape), "none").shape == shape


@pytest.mark.parametrize("loss", LOSSES, ids=lambda f: f.__name__)
@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float32, np.float64, list])
@pytest.mark.parametrize("p_dtype", [np.float32, np.float64])
def test_targets_of_any_dtype(loss, dtype, p_dtype):
    y = np.array([[0], [1], [1]])
    target = y.tolist() if dtype is list else y.astype(dtype)
    t = Tensor(P, requires_grad=True, dtype=p_dtype)
    value = loss(t, target)
    value.backward()
    tolerance = 1e-14 if p_dtype is np.float64 else 1e-6
    expected, gradient = BY_HAND[loss](P, y)
    np.testing.assert_allclose(value.data, expected.mean(), rtol=tolerance)
    np.testing.assert_allclose(t.grad, gradient / 3, rtol=tolerance)
    assert t.grad.dtype == p_dtype
    assert value.dtype == (np.float64 if dtype is np.float64 else p_dtype)


def test_losses_of_single_numbers():
    z = Tensor(0.5, requires_grad=True)
    for loss in LOSSES:
        assert loss(z, 1.0).shape == loss(z, np.array(1)).shape == ()


# p, y, the loss, and its derivative by p: that of the formula, without a logarithm that is at -100
BOUNDARY = [
    (0.0, 0, 0.0, 1.0),
    (0.0, 1, 100.0, 0.0),
    (1.0, 0, 100.0, 0.0),
    (1.0, 1, 0.0, -1.0),
    (0.0, 0.5, 50.0, 0.5),
    (1.0, 0.5, 50.0, -0.5),
    (np.nan, 1, np.nan, np.nan),
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("p", "y", "value", "slope"), BOUNDARY)
def test_binary_cross_entropy_where_it_is_sure(p, y, value, slope, dtype):
    t = Tensor([0.5, p], requires_grad=True, dtype=dtype)
    result = F.binary_cross_entropy(t, np.array([0, y], dtype), "none")
    result.sum().backward()
    np.testing.assert_array_equal(result.data[1], dtype(value))
    np.testing.assert_array_equal(t.grad[1], dtype(slope))
    np.testing.assert_allclose(
        [result.data[0], t.grad[0]], [np.log(2), 2], rtol=1e-6
    )  # its neighbour's are right
    assert result.dtype == t.grad.dtype == dtype


@pytest.mark.parametrize("p", [1e-300, 1e-20, 1e-9, 1 - 1e-9, 1 - 2.0**-53])
def test_binary_cross_entropy_is_accurate_near_0_and_1(p):
    t = Tensor([p, p], requires_grad=True)
    loss = F.binary_cross_entropy(t, np.array([0.0, 1.0]), "none")
    loss.sum().backward()
    floor = -100 if p < 1e-43 else np.log(p)
    np.testing.assert_allclose(loss.data, [-np.log1p(-p), -floor], rtol=1e-15)
    np.testing.assert_allclose(t.grad, [1 / (1 - p), 0 if p < 1e-43 else -1 / p], rtol=1e-15)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize(("p", "found"), [([0.5, 1.5], "0.5 to 1.5"), ([-0.25, np.nan], "-0.25 to -0.25")])
def test_what_is_no_probability_is_refused(p, found, reduction):
    with pytest.raises(
        ArgumentError, match=f"ranges from {found}: apply a sigmoid first, or use .*_with_logits"
    ):
        F.binary_cross_entropy(Tensor(p), np.array([0, 1]), reduction)


def test_logits_of_any_size():
    z, y = np.array([-1000.0, -1000, -40, 0, 40, 1000, 1000]), np.array([0, 1, 0, 1, 1, 0, 1])
    t = Tensor(z, requires_grad=True)
    loss = F.binary_cross_entropy_with_logits(t, y, "none")
    loss.sum().backward()
    tail = np.exp(-40.0)
    np.testing.assert_allclose(loss.data, [0, 1000, tail, np.log(2), tail, 1000, 0], rtol=1e-15)
    np.testing.assert_allclose(t.grad, [0, -1, tail, -0.5, -tail, 1, 0], rtol=1e-15, atol=1e-16)


# The modules


@pytest.mark.parametrize(("module", "function"), PAIRS)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_a_loss_module_is_its_function(module, function, reduction):
    p, q = Tensor(P, requires_grad=True), Tensor(P, requires_grad=True)
    by_module, by_function = module(reduction)(p, Y), function(q, Y, reduction)
    np.testing.assert_array_equal(by_module.data, by_function.data)
    by_module.sum().backward()
    by_function.sum().backward()
    np.testing.assert_array_equal(p.grad, q.grad)


@pytest.mark.parametrize(("module", "function"), PAIRS)
def test_the_mean_is_the_default(module, function):
    assert module()(Tensor(P), Y).item() == function(Tensor(P), Y, reduction="mean").item()
    assert repr(module()) == f"{module.__name__}(reduction='mean')"


@pytest.mark.parametrize(("module", "function"), PAIRS)
def test_another_reduction_is_refused_at_once(module, function):
    with pytest.raises(ArgumentError, match='reduction=\'avg\' is not one of "mean", "sum" and "none"'):
        module("avg")
    with pytest.raises(ArgumentError, match="reduction='avg'"):
        function(Tensor(P), Y, reduction="avg")


@pytest.mark.parametrize(("module", "function"), PAIRS)
def test_a_loss_has_no_parameters(module, function):
    assert list(module().parameters()) == []
