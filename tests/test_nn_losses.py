"""Losses: shapes, dtypes and boundaries, what they refuse, and the modules for these functions.

test_nn_functional.py compares their derivatives with numerical ones.
"""

import numpy as np
import pytest

import nn
import nn.functional as F  # noqa: N812  (PyTorch's customary name for it)
from autograd import Tensor
from autograd.errors import DTypeError, IndexingError, ShapeError
from nn.errors import ArgumentError

PAIRS = [
    (nn.MSELoss, F.mse_loss),
    (nn.BCELoss, F.binary_cross_entropy),
    (nn.BCEWithLogitsLoss, F.binary_cross_entropy_with_logits),
]
LOSSES = [function for _, function in PAIRS]
PAIRED = [  # losses of a prediction and a target of the same shape
    *PAIRS,
    (nn.L1Loss, F.l1_loss),
    (nn.HuberLoss, F.huber_loss),
    (nn.SmoothL1Loss, F.smooth_l1_loss),
    (nn.KLDivLoss, F.kl_div),
    (nn.HingeLoss, F.hinge_loss),
]
ALL_PAIRED = [function for _, function in PAIRED]
REDUCTIONS = ["mean", "sum", "none"]
P, Y = np.array([[0.25], [0.5], [0.875]]), np.array([[0], [1], [1]])

# For probabilities or logits p and targets y, the losses of the elements and their derivatives.
BY_HAND = {
    F.mse_loss: lambda p, y: ((p - y) ** 2, 2 * (p - y)),
    F.binary_cross_entropy: lambda p, y: (-np.log(np.where(y, p, 1 - p)), np.where(y, -1 / p, 1 / (1 - p))),
    F.binary_cross_entropy_with_logits: lambda z, y: (
        np.log(1 + np.exp(z)) - y * z,
        1 / (1 + np.exp(-z)) - y,
    ),
}


# The functions


@pytest.mark.parametrize("loss", ALL_PAIRED, ids=lambda f: f.__name__)
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


@pytest.mark.parametrize("loss", ALL_PAIRED, ids=lambda f: f.__name__)
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


# p, y, the loss, and its derivative by p: the formula's, without a logarithm that is at -100
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
    )  # the derivatives of its neighbours are right
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


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("loss", LOSSES[1:], ids=lambda f: f.__name__)
@pytest.mark.parametrize(
    ("y", "found"), [([-1, 1], "-1 to 1"), ([0, 255], "0 to 255"), ([0.5, 1.5], "0.5 to 1.5")]
)
def test_a_target_that_is_no_probability_is_refused(loss, y, found, reduction):
    with pytest.raises(
        ArgumentError, match=f"{loss.__name__}: targets must be probabilities.* from {found}; for targets -1"
    ):
        loss(Tensor([0.5, 0.5]), np.array(y), reduction)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("loss", ALL_PAIRED, ids=lambda f: f.__name__)
@pytest.mark.parametrize("dtype", [np.uint8, bool, complex])
def test_no_whole_number_wraps_around_and_no_complex_one_is_squared(loss, dtype, reduction):
    p, y = np.array([0, 1, 1]).astype(dtype), np.array([1, 1, 1])
    if dtype is complex or loss in LOSSES:
        with pytest.raises(DTypeError, match=f"{loss.__name__} takes a prediction of floats, not {p.dtype}"):
            loss(p, y, reduction)
    else:
        np.testing.assert_array_equal(loss(p, y, reduction), loss(p.astype(float), y, reduction))
    with pytest.raises(DTypeError, match=f"{loss.__name__} takes a target of real numbers, not complex"):
        loss(p.real.astype(float), y * 1j, reduction)


def test_logits_of_any_size():
    z, y = np.array([-1000.0, -1000, -40, 0, 40, 1000, 1000]), np.array([0, 1, 0, 1, 1, 0, 1])
    t = Tensor(z, requires_grad=True)
    loss = F.binary_cross_entropy_with_logits(t, y, "none")
    loss.sum().backward()
    tail = np.exp(-40.0)
    np.testing.assert_allclose(loss.data, [0, 1000, tail, np.log(2), tail, 1000, 0], rtol=1e-15)
    np.testing.assert_allclose(t.grad, [0, -1, tail, -0.5, -tail, 1, 0], rtol=1e-15, atol=1e-16)


# The modules


@pytest.mark.parametrize(("module", "function"), PAIRED[:-1])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_a_loss_module_is_its_function(module, function, reduction):
    p, q = Tensor(P, requires_grad=True), Tensor(P, requires_grad=True)
    by_module, by_function = module(reduction)(p, Y), function(q, Y, reduction)
    np.testing.assert_array_equal(by_module.data, by_function.data)
    by_module.sum().backward()
    by_function.sum().backward()
    np.testing.assert_array_equal(p.grad, q.grad)


@pytest.mark.parametrize(("module", "function"), PAIRED[:-1])
def test_the_mean_is_the_default(module, function):
    assert module()(Tensor(P), Y).item() == function(Tensor(P), Y, reduction="mean").item()
    assert repr(module()).startswith(f"{module.__name__}(reduction='mean'")


@pytest.mark.parametrize(("module", "function"), PAIRED[:-1])
def test_another_reduction_is_refused_at_once(module, function):
    with pytest.raises(ArgumentError, match='reduction=\'avg\' is not one of "mean", "sum" and "none"'):
        module("avg")
    with pytest.raises(ArgumentError, match="reduction='avg'"):
        function(Tensor(P), Y, reduction="avg")


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_the_hinge_modules_are_their_functions(reduction):
    y = np.array([[1], [-1], [1]])
    for module, function in (
        (nn.HingeLoss(reduction), lambda p: F.hinge_loss(p, y, reduction)),
        (nn.HingeEmbeddingLoss(0.75, reduction), lambda p: F.hinge_embedding_loss(p, y, 0.75, reduction)),
    ):
        np.testing.assert_array_equal(module(Tensor(P), y).data, function(P))
    assert repr(nn.HingeEmbeddingLoss(0.75)) == "HingeEmbeddingLoss(reduction='mean', margin=0.75)"


@pytest.mark.parametrize(("module", "function"), PAIRED)
def test_a_loss_has_no_parameters(module, function):
    assert list(module().parameters()) == []


# Losses of classes

Z = np.array([[2.0, 0.5, -1.0], [0.0, 0.25, 0.5], [-1.0, -2.0, 3.0]])
CLASSES = np.array([0, 2, 1])
OF_CLASSES = [
    (nn.CrossEntropyLoss, F.cross_entropy),
    (nn.NLLLoss, F.nll_loss),
    (nn.MultiMarginLoss, F.multi_margin_loss),
]


@pytest.mark.parametrize(("module", "function"), OF_CLASSES)
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_a_loss_module_of_classes_is_its_function(module, function, reduction):
    weight = [1.0, 2.0, 0.5]
    z = Tensor(Z, requires_grad=True)
    by_module = module(weight=weight, reduction=reduction)(z, CLASSES)
    by_function = function(Z, Tensor(CLASSES), weight=Tensor(weight), reduction=reduction)
    np.testing.assert_allclose(by_module.data, by_function, rtol=1e-15)
    by_module.sum().backward()
    assert z.grad.shape == z.shape
    with pytest.raises(ArgumentError, match="reduction='avg'"):
        module(reduction="avg")


@pytest.mark.parametrize("function", [f for _, f in OF_CLASSES])
@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int64, list])
def test_classes_of_any_integers_and_scores_of_single_precision(function, dtype):
    z = Tensor(Z, requires_grad=True, dtype=np.float32)
    loss = function(z, CLASSES.tolist() if dtype is list else CLASSES.astype(dtype))
    loss.backward()
    assert loss.dtype == z.grad.dtype == np.float32
    np.testing.assert_allclose(loss.item(), function(Z, CLASSES), rtol=1e-6)


def test_probabilities_of_one_class_are_that_class():
    hard = F.cross_entropy(Z, CLASSES, label_smoothing=0.25)
    soft = F.cross_entropy(Z, np.eye(3)[CLASSES], label_smoothing=0.25)
    np.testing.assert_allclose(hard, soft, rtol=1e-15)


@pytest.mark.parametrize("loss", [F.cross_entropy, F.nll_loss])
def test_the_mean_of_more_samples_than_the_dtype_can_count(loss):
    """float16 ends at 65504; the share of each of 70,000 samples is subnormal there, and right to 0.3 %."""
    z = Tensor(np.full((70_000, 2), -0.5, np.float16), requires_grad=True)
    value = loss(z, np.zeros(70_000, int))
    value.backward()
    expected = np.log(2) if loss is F.cross_entropy else 0.5
    assert abs(value.item() - expected) < 0.004 * expected
    slope = -0.5 if loss is F.cross_entropy else -1.0
    np.testing.assert_allclose(z.grad[:, 0].astype(float), slope / 70_000, rtol=0.005)


def test_what_is_ignored_has_no_gradient():
    z = Tensor(Z, requires_grad=True)
    F.cross_entropy(z, np.array([0, -100, 1]), label_smoothing=0.1).backward()
    assert not z.grad[1].any()
    assert z.grad[0].any()
    alone = F.cross_entropy(Z[[0, 2]], CLASSES[[0, 2]], label_smoothing=0.1)
    both = F.cross_entropy(Z, np.array([0, 7, 1]), ignore_index=7, label_smoothing=0.1)
    np.testing.assert_allclose(both, alone, rtol=1e-15)


def test_an_impossible_class_may_be_beside_the_target():
    z = Tensor([[1.0, -np.inf, 0.0]], requires_grad=True)
    loss = F.cross_entropy(z, np.array([0]))
    loss.backward()
    np.testing.assert_allclose(loss.item(), np.log(1 + np.exp(-1)), rtol=1e-15)
    p = 1 / (1 + np.exp(-1))
    np.testing.assert_allclose(z.grad, [[p - 1, 0, 1 - p]], rtol=1e-14)
    assert F.nll_loss(np.array([[-0.5, -np.inf]]), np.array([0])) == 0.5


def test_scores_of_any_size():
    z = Tensor([[1000.0, 0.0], [-1000.0, 1000.0]], requires_grad=True)
    loss = F.cross_entropy(z, np.array([0, 0]), reduction="none")
    loss.sum().backward()
    np.testing.assert_array_equal(loss.data, [0, 2000])
    np.testing.assert_array_equal(z.grad, [[0, 0], [-1, 1]])


BAD_CLASSES = {
    "a class too large": ([0, 1, 3], IndexingError, "classes range from 0 to 3, .* from 0 to 2"),
    "a negative class": ([0, -1, 2], IndexingError, "classes range from -1 to 2"),
    "floats": ([0.0, 1.0, 2.0], DTypeError, r"integers of shape \(3,\).*float64 of shape \(3,\)"),
    "bools": ([True, False, True], DTypeError, "not bool"),
    "a column": ([[0], [1], [2]], ShapeError, r"take classes of shape \(3,\), not \(3, 1\)"),
    "too few": ([0, 1], ShapeError, r"not \(2,\)"),
    "one-hot integers": (np.eye(3, dtype=int), ShapeError, r"target\.argmax\(axis=1\)"),
}


@pytest.mark.parametrize("function", [f for _, f in OF_CLASSES])
@pytest.mark.parametrize(("target", "error", "message"), BAD_CLASSES.values(), ids=BAD_CLASSES)
def test_what_are_no_classes_is_refused(function, target, error, message):
    for z in (Tensor(Z), Z):
        with pytest.raises(error, match=f"{function.__name__}: .*" + message):
            function(z, np.array(target))


BAD_USE = {
    "integer scores": (lambda: F.cross_entropy(Z.astype(int), CLASSES), DTypeError, "scores .* not int64"),
    "no classes": (lambda: F.cross_entropy(np.zeros((3, 0)), CLASSES), ShapeError, r"\(3, 0\)"),
    "a number": (lambda: F.cross_entropy(np.float64(1.0), CLASSES), ShapeError, r"not \(\)"),
    "two weights": (
        lambda: F.cross_entropy(Z, CLASSES, [1, 2]),
        ShapeError,
        r"\(2,\), and there are 3 classes",
    ),
    "a negative weight": (lambda: F.nll_loss(Z, CLASSES, [1, -1, 1]), ArgumentError, "range from -1"),
    "probabilities above 1": (lambda: F.cross_entropy(Z, Z), ArgumentError, "ranges from -2 to 3"),
    "smoothing": (lambda: F.cross_entropy(Z, CLASSES, label_smoothing=2), ArgumentError, "label_smoothing=2"),
    "all ignored": (lambda: F.cross_entropy(Z, [5, 5, 5], None, 5), ArgumentError, "none of these 3 counts"),
    "no samples": (lambda: F.cross_entropy(Z[:0], CLASSES[:0]), ArgumentError, "mean of no samples"),
    "a power": (lambda: F.multi_margin_loss(Z, CLASSES, p=3), ArgumentError, "p=3 is neither 1 nor 2"),
    "a delta": (lambda: F.huber_loss(P, Y, delta=0), ArgumentError, "delta=0 must be positive"),
    "a beta": (lambda: F.smooth_l1_loss(P, Y, beta=-1), ArgumentError, "beta=-1 must not be negative"),
    "targets of 0 and 1": (
        lambda: F.hinge_loss(P, Y),
        ArgumentError,
        "-1 or 1, .* from 0.0 to 1.0.*target - 1",
    ),
    "negative probabilities": (lambda: F.kl_div(P, P - 1), ArgumentError, "negative.*log_target=True"),
    "batchmean of nothing": (lambda: F.kl_div(P[:0], P[:0], "batchmean"), ShapeError, "no samples"),
    "no parameters": (lambda: F.l2_penalty(iter([])), ArgumentError, "penalty needs parameters"),
}


@pytest.mark.parametrize(("call", "error", "message"), BAD_USE.values(), ids=BAD_USE)
def test_what_a_loss_refuses(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_nothing_summed_is_0():
    assert F.cross_entropy(Z[:0], CLASSES[:0], reduction="sum") == 0
    assert F.cross_entropy(Z, [5, 5, 5], None, 5, "sum") == 0


def test_nan_is_passed_on():
    assert np.isnan(F.cross_entropy(Z * np.nan, CLASSES))
    assert np.isnan(F.huber_loss(P * np.nan, Y))
    for loss in (F.hinge_loss, F.hinge_embedding_loss):
        assert np.isnan(loss(P * np.nan, -np.ones((3, 1))))
    assert np.isnan(F.multi_margin_loss(Z * np.nan, CLASSES))


# At kinks and ties, the derivative is the documented one.

KINKS = [
    (lambda x: F.l1_loss(x, [0.0], "sum"), 0.0, 0),
    (lambda x: F.huber_loss(x, [0.0], "sum", delta=2.0), 2.0, 2),
    (lambda x: F.smooth_l1_loss(x, [0.0], "sum", beta=0.0), 0.0, 0),
    (lambda x: F.hinge_loss(x, [1], "sum"), 1.0, 0),
    (lambda x: F.hinge_embedding_loss(x, [-1], 1.0, "sum"), 1.0, 0),
    (lambda x: F.l1_penalty([x]), 0.0, 0),
]


@pytest.mark.parametrize(("loss", "at", "slope"), KINKS)
def test_kinks(loss, at, slope):
    x = Tensor([at], requires_grad=True)
    loss(x).backward()
    assert x.grad.tolist() == [slope]
