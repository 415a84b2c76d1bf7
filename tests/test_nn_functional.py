"""The fused functions: values, derivatives of first and second order, boundaries, and refusals.

First derivatives are compared with the complex step, Im f(x + ih) / h, of the same function in elementary
NumPy; second derivatives are compared with differences of the first.
"""

import warnings

import numpy as np
import pytest

import nn
import nn.functional as F  # noqa: N812  (PyTorch's customary name for it)
from autograd import Tensor
from autograd.errors import ShapeError

from . import cases_nn

rng = np.random.default_rng(0)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def positive(x):
    return x.real > 0


def cross_entropy(p, y):
    return -(y * np.log(p) + (1 - y) * np.log(1 - p))


def gelu(x):
    return x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))) / 2


REDUCE = {"none": lambda e: e, "sum": np.sum, "mean": np.mean}
LOSSES = {
    F.mse_loss: (lambda p, y: (p - y) ** 2, rng.normal(size=(3, 2))),
    F.binary_cross_entropy: (cross_entropy, rng.uniform(0.05, 0.95, (3, 2))),
    F.binary_cross_entropy_with_logits: (lambda z, y: cross_entropy(sigmoid(z), y), rng.normal(size=(3, 2))),
}
X, WEIGHT, BIAS = rng.normal(size=(4, 3)), rng.normal(size=(2, 3)), rng.normal(size=2)
KINKED = np.array([[-2.0, -0.5, -0.01], [0.01, 0.5, 2.0]])

# name: our function, the same function in elementary NumPy, arguments
CASES = {
    "linear": (F.linear, lambda x, w, b: x @ w.T + b, (X, WEIGHT, BIAS)),
    "linear without bias": (F.linear, lambda x, w: x @ w.T, (X, WEIGHT)),
    "linear of one sample": (F.linear, lambda x, w, b: x @ w.T + b, (X[0], WEIGHT, BIAS)),
    "linear of a batch of batches": (
        F.linear,
        lambda x, w, b: x @ w.T + b,
        (rng.normal(size=(2, 4, 3)), WEIGHT, BIAS),
    ),
    "linear of many": (
        F.linear,
        lambda x, w, b: x @ w.T + b,
        (rng.normal(size=(2100, 1)), WEIGHT[:, :1], BIAS),
    ),
    "leaky_relu": (F.leaky_relu, lambda x: np.where(positive(x), x, 0.01 * x), (KINKED,)),
    "leaky_relu 2": (lambda x: F.leaky_relu(x, 2.0), lambda x: np.where(positive(x), x, 2 * x), (KINKED,)),
    "elu": (F.elu, lambda x: np.where(positive(x), x, np.exp(x) - 1), (KINKED,)),
    "elu 2": (
        lambda x: F.elu(x, alpha=2.0),
        lambda x: np.where(positive(x), x, 2 * np.exp(x) - 2),
        (KINKED,),
    ),
    "silu": (F.silu, lambda x: x * sigmoid(x), (X,)),
    "gelu": (lambda x: F.gelu(x, approximate="tanh"), gelu, (X,)),
} | {
    f"{loss.__name__} {reduction}": (
        lambda p, y, loss=loss, reduction=reduction: loss(p, y, reduction),
        lambda p, y, each=each, reduction=reduction: REDUCE[reduction](each(p, y)),
        (p, rng.uniform(size=(3, 2))),
    )
    for loss, (each, p) in LOSSES.items()
    for reduction in REDUCE
}
CASES |= cases_nn.CASES
SMALL = {name: case for name, case in CASES.items() if name != "linear of many"}  # 2100² would take too long


def complex_step(phi, args):
    """The gradient of a scalar `phi` with respect to each argument."""
    gradients = []
    for k, a in enumerate(args):
        gradient = np.empty(a.shape)
        for i in np.ndindex(a.shape):
            moved = a.astype(complex)
            moved[i] += 1e-30j
            gradient[i] = phi(*args[:k], moved, *args[k + 1 :]).imag / 1e-30
        gradients.append(gradient)
    return gradients


def along(phi, args, directions, h=1e-2):
    """The change of that gradient along directions, by differences extrapolated twice to a step of 0."""

    def difference(h):
        ahead, behind = ([a + t * d for a, d in zip(args, directions, strict=True)] for t in (h, -h))
        return [
            (p - q) / (2 * h)
            for p, q in zip(complex_step(phi, ahead), complex_step(phi, behind), strict=True)
        ]

    rows = zip(difference(h), difference(h / 2), difference(h / 4), strict=True)
    return [(a - 20 * b + 64 * c) / 45 for a, b, c in rows]


def leaves(args, dtype=None):
    return [Tensor(a, requires_grad=True, dtype=dtype) for a in args]


@pytest.mark.parametrize(("ours", "reference", "args"), CASES.values(), ids=CASES)
def test_values_and_gradients(ours, reference, args):
    tensors = leaves(args)
    y, expected = ours(*tensors), reference(*args)
    np.testing.assert_allclose(y.data, expected, rtol=1e-13, atol=1e-15)
    np.testing.assert_array_equal(ours(*args), y.data)
    g = np.random.default_rng(1).normal(size=y.shape)
    y.backward(g)
    for t, gradient in zip(tensors, complex_step(lambda *a: np.sum(g * reference(*a)), args), strict=True):
        assert t.grad.shape == t.shape
        np.testing.assert_allclose(t.grad, gradient, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(("ours", "reference", "args"), SMALL.values(), ids=SMALL)
def test_second_order(ours, reference, args):
    tensors, generator = leaves(args), np.random.default_rng(2)
    y = ours(*tensors)
    g = generator.normal(size=y.shape)
    y.backward(g, create_graph=True)
    directions = [1e-1 * generator.normal(size=a.shape) for a in args]
    slope = sum((t.grad * d).sum() for t, d in zip(tensors, directions, strict=True))
    for t in tensors:
        t.grad = None
    if slope.requires_grad:
        slope.backward()
    for t, expected in zip(
        tensors, along(lambda *a: np.sum(g * reference(*a)), args, directions), strict=True
    ):
        found = np.zeros(t.shape) if t.grad is None else t.grad
        np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize(("ours", "reference", "args"), CASES.values(), ids=CASES)
def test_float32_stays_float32_and_g_and_the_arguments_stay_as_they_are(ours, reference, args):
    tensors = leaves(args, np.float32)
    before = [t.data.copy() for t in tensors]
    y = ours(*tensors)
    g = np.broadcast_to(np.float32(0.5), y.shape)  # read-only, and with strides of 0
    y.backward(g)
    assert y.dtype == np.float32
    assert [t.grad.dtype for t in tensors] == [np.float32] * len(tensors)
    for t, a in zip(tensors, before, strict=True):
        np.testing.assert_array_equal(t.data, a)


# Linear


def test_linear_is_one_node_with_only_the_gradients_that_are_needed():
    weight, bias = leaves((WEIGHT, BIAS))
    y = F.linear(Tensor(X), weight, bias)
    assert "made by linear" in repr(y)
    y.sum().backward()
    np.testing.assert_allclose(bias.grad, [4, 4])
    frozen = F.linear(Tensor(X), Tensor(WEIGHT), bias)
    frozen.sum().backward()
    np.testing.assert_allclose(bias.grad, [8, 8])


@pytest.mark.parametrize("bias", [BIAS, None])
@pytest.mark.parametrize("x", [np.arange(12).reshape(4, 3), [[1, 0, 2]], np.ones((4, 3), np.float32)])
def test_linear_of_other_numbers_than_its_weight(x, bias):
    weight = Tensor(WEIGHT, requires_grad=True)
    y = F.linear(x, weight, bias)
    y.sum().backward()
    np.testing.assert_allclose(y.data, np.array(x) @ WEIGHT.T + (0 if bias is None else bias), rtol=1e-14)
    np.testing.assert_allclose(weight.grad, np.ones((2, len(x))) @ np.array(x), rtol=1e-14)
    assert y.dtype == weight.grad.dtype == np.float64


def test_linear_promotes_to_the_dtype_of_the_bias():
    y = F.linear(
        Tensor(np.ones((4, 3), np.float32)), Tensor(np.ones((2, 3), np.float32)), Tensor([1e-9, 0.0])
    )
    assert y.dtype == np.float64
    assert y.data[0, 0] == 3 + 1e-9


BAD_LINEAR = {
    "columns of x": ((4, 2), (2, 3), (2,), r"in_features=3, .* x has shape \(4, 2\)"),
    "columns of one sample": ((2,), (2, 3), (2,), r"in_features=3, .* x has shape \(2,\)"),
    "columns of a batch": ((5, 4, 2), (2, 3), (2,), r"in_features=3, .* x has shape \(5, 4, 2\)"),
    "a number": ((), (2, 3), (2,), r"in_features=3, .* x has shape \(\)"),
    "a weight that is a vector": ((4, 3), (3,), (3,), r"\(out_features, in_features\), not \(3,\)"),
    "a weight with three axes": ((4, 3), (1, 2, 3), (2,), r"\(out_features, in_features\), not \(1, 2, 3\)"),
    "a bias that would broadcast": ((4, 3), (2, 3), (1,), r"bias of shape \(2,\) .*, not \(1,\)"),
    "a bias for every sample": ((4, 3), (2, 3), (4, 2), r"bias of shape \(2,\) .*, not \(4, 2\)"),
}


@pytest.mark.parametrize(("x", "weight", "bias", "message"), BAD_LINEAR.values(), ids=BAD_LINEAR)
def test_linear_refuses_shapes_that_do_not_fit(x, weight, bias, message):
    with pytest.raises(ShapeError, match=message):
        F.linear(*map(Tensor, map(np.ones, (x, weight, bias))))
    with pytest.raises(ShapeError, match=message):
        F.linear(*map(np.ones, (x, weight, bias)))


# Activations


@pytest.mark.parametrize(
    "function",
    [F.silu, F.elu, F.leaky_relu, lambda x: F.gelu(x, "tanh")],
    ids=["silu", "elu", "leaky_relu", "gelu"],
)
def test_activations_at_1000(function):
    x = Tensor([-1000.0, 1000.0], requires_grad=True)
    function(x).sum().backward()
    assert x.grad[1] == 1
    assert x.grad[0] in (0, 0.01)


def test_the_slopes_at_kinks_are_as_documented():
    for function, slope in ((F.leaky_relu, 0.01), (lambda x: F.elu(x, 0.5), 0.5)):
        x = Tensor([0.0, -0.0], requires_grad=True)
        function(x).sum().backward()
        assert x.grad.tolist() == [slope, slope]


# The network of the first guide, by hand


def by_hand(X, y, W1, b1, W2, b2):
    """The loss and its gradients, as derived in the guide."""
    A1 = sigmoid(np.dot(X, W1) + b1)
    A2 = sigmoid(np.dot(A1, W2) + b2)
    m = X.shape[0]
    loss = -np.sum(y * np.log(A2) + (1 - y) * np.log(1 - A2)) / m
    dZ2 = A2 - y
    dZ1 = np.dot(dZ2, W2.T) * (A1 * (1 - A1))
    sums = [np.sum(dZ, axis=0, keepdims=True) / m for dZ in (dZ1, dZ2)]
    return loss, np.dot(X.T, dZ1) / m, sums[0], np.dot(A1.T, dZ2) / m, sums[1]


@pytest.mark.parametrize("seed", range(5))
def test_the_gradients_of_the_guide(seed):
    X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0], [1], [1], [0]])
    generator = np.random.default_rng(seed)
    shapes = (2, 4), (1, 4), (4, 1), (1, 1)
    weights = [generator.normal(size=shape) for shape in shapes]
    model = nn.Sequential(nn.Linear(2, 4), nn.Sigmoid(), nn.Linear(4, 1), nn.Sigmoid())
    for p, w in zip(model.parameters(), weights, strict=True):
        p.data[...] = w.T.reshape(p.shape)
    loss = F.binary_cross_entropy(model(X), y)
    loss.backward()
    expected, *gradients = by_hand(X, y, *weights)
    np.testing.assert_allclose(loss.item(), expected, rtol=1e-14)
    for p, g in zip(model.parameters(), gradients, strict=True):
        np.testing.assert_allclose(p.grad, g.T.reshape(p.shape), rtol=1e-14, atol=1e-14 * abs(g).max())


def test_training_a_saturated_network_warns_of_nothing():
    X, y = 1000 * np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[0], [1]])
    model = nn.Sequential(nn.Linear(2, 1, rng=0), nn.Sigmoid())
    model[0].weight.data[...] = [[-1.0, 1.0]]  # certain, and wrong: p = 1 and 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loss = F.binary_cross_entropy(model(X), y)
        loss.backward()
    assert loss.item() == 100
    assert np.isfinite(model[0].weight.grad).all()


# Integers give the same results as floats: none wraps around, and no bound is rounded to an integer

OF_NUMBERS = [
    "celu",
    "elu",
    "gelu",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "leaky_relu",
    "log_softmax",
    "logsigmoid",
    "logsumexp",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softshrink",
    "softsign",
    "tanhshrink",
]
WHOLE = {
    "integers": np.array([-2, 0, 3]),
    "unsigned integers": np.array([0, 3, 250], np.uint8),
    "booleans": np.array([True, False]),
}


@pytest.mark.parametrize("x", WHOLE.values(), ids=WHOLE)
@pytest.mark.parametrize("name", OF_NUMBERS)
def test_whole_numbers_are_what_they_are_as_floats(name, x):
    if name == "softshrink" and x.dtype == bool:
        with pytest.raises(TypeError, match="'sign'"):  # NumPy has no sign for these
            F.softshrink(x)
        return
    expected = getattr(F, name)(x.astype(float))
    half = 1e-3  # for 8-bit integers NumPy computes exp in float16, with 11 significant bits
    np.testing.assert_allclose(getattr(F, name)(x), expected, rtol=half, atol=half * (x.dtype.itemsize == 1))


def test_bounds_of_whole_numbers_may_lie_between_them():
    x = np.array([-3, 1, 3])
    np.testing.assert_array_equal(F.hardtanh(x, -0.5, 1.5), [-0.5, 1, 1.5])
    np.testing.assert_array_equal(F.threshold(x, 1, 0.5), [0.5, 0.5, 3])
    for dtype in (np.float16, np.float32):
        assert (
            F.hardtanh(x.astype(dtype), -0.5, 0.5).dtype
            == F.threshold(x.astype(dtype), 1, 0.5).dtype
            == dtype
        )
