"""Layers: shapes, initialisation, options, and that each activation is the function it claims to be."""

import math
import sys

import numpy as np
import pytest

import nn
from autograd import Tensor, no_grad
from autograd.errors import DTypeError, ShapeError
from nn.errors import ArgumentError

X = np.array([[-1000.0, -3.5, -0.25, -0.0], [0.0, 0.5, 2.0, 1000.0]])


def sigmoid(x):
    return math.exp(x) / (1 + math.exp(x)) if x < 0 else 1 / (1 + math.exp(-x))


def gelu(x):
    return x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2


# Each activation as a function of one Python number, and its repr.
ELEMENTWISE = [
    (nn.Identity(), lambda x: x, "Identity()"),
    (nn.Sigmoid(), sigmoid, "Sigmoid()"),
    (nn.Tanh(), math.tanh, "Tanh()"),
    (nn.ReLU(), lambda x: max(x, 0), "ReLU()"),
    (nn.LeakyReLU(), lambda x: x if x > 0 else 0.01 * x, "LeakyReLU(negative_slope=0.01)"),
    (nn.LeakyReLU(2.0), lambda x: x if x > 0 else 2 * x, "LeakyReLU(negative_slope=2.0)"),
    (nn.ELU(), lambda x: x if x > 0 else math.expm1(x), "ELU(alpha=1.0)"),
    (nn.ELU(0.5), lambda x: x if x > 0 else 0.5 * math.expm1(x), "ELU(alpha=0.5)"),
    (nn.GELU(approximate="tanh"), gelu, "GELU(approximate='tanh')"),
    (nn.SiLU(), lambda x: x * sigmoid(x), "SiLU()"),
    (nn.Softplus(), lambda x: max(x, 0) + math.log1p(math.exp(-abs(x))), "Softplus()"),
]


@pytest.mark.parametrize(("module", "function", "printed"), ELEMENTWISE, ids=[p for *_, p in ELEMENTWISE])
def test_activations_elementwise(module, function, printed):
    expected = [[function(x) for x in row] for row in X.tolist()]
    np.testing.assert_allclose(module(Tensor(X)).data, expected, rtol=1e-15, atol=0)
    np.testing.assert_array_equal(module(X), module(Tensor(X)).data)
    assert repr(module) == printed
    assert list(module.parameters()) == []


@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_softmax_and_its_logarithm(axis):
    x = X.clip(-5, 5)
    expected = np.exp(x) / np.exp(x).sum(axis=axis, keepdims=True)
    np.testing.assert_allclose(nn.Softmax(axis)(Tensor(x)).data, expected, rtol=1e-14)
    np.testing.assert_allclose(nn.LogSoftmax(axis)(Tensor(x)).data, np.log(expected), rtol=1e-14, atol=1e-15)
    assert repr(nn.Softmax(axis)) == f"Softmax(axis={axis})"


@pytest.mark.parametrize("module", [m for m, *_ in ELEMENTWISE] + [nn.Softmax(), nn.LogSoftmax()], ids=repr)
def test_activations_keep_float32_and_give_finite_gradients(module):
    x = Tensor(X.astype(np.float32), requires_grad=True)
    y = module(x)
    y.sum().backward()
    assert y.dtype == x.grad.dtype == np.float32
    assert np.isfinite(y.data).all()
    assert np.isfinite(x.grad).all()


def test_another_approximation_of_gelu_is_refused():
    with pytest.raises(ArgumentError, match='approximate=\'sigmoid\' is neither "none" nor "tanh"'):
        nn.GELU("sigmoid")


@pytest.mark.parametrize("scipy", [True, False])
def test_the_exact_gelu_with_scipy_and_without(scipy, monkeypatch):
    if not scipy:
        monkeypatch.setitem(sys.modules, "scipy.special", None)
    x = np.array([-40.0, -9.0, -1.0, 0.0, 0.5, 9.0])
    # far from 0, erfc multiplies the rounding of its argument by the square of that
    for dtype, tolerance in ((np.float64, 1e-13), (np.float32, 1e-4)):
        t = Tensor(x.astype(dtype), requires_grad=True)
        y = nn.GELU()(t)
        y.sum().backward()
        expected = [v * math.erfc(-v / math.sqrt(2)) / 2 for v in x]
        np.testing.assert_allclose(y.data, expected, rtol=tolerance, atol=1e-37)
        assert y.dtype == t.grad.dtype == dtype


def test_the_approximate_gelu_is_as_near_as_it_says():
    x = np.linspace(-6, 6, 2001)
    exact = [0.5 * v * (1 + math.erf(v / math.sqrt(2))) for v in x]
    assert 0.0004 < abs(nn.GELU("tanh")(x) - exact).max() < 0.0005


@pytest.mark.parametrize("name", sorted(nn.layers.activations.__all__ + nn.layers.piecewise.__all__))
def test_nan_is_passed_on(name):
    module = nn.Threshold(0.5, 1.0) if name == "Threshold" else getattr(nn, name)()
    with np.errstate(invalid="ignore"):  # np.logaddexp warns here
        y = module(np.full((2, 2), np.nan))
    assert np.isnan(y.data if isinstance(y, Tensor) else y).all()


@pytest.mark.parametrize("lead", [(), (5,), (2, 5), (0,), (2, 0, 3)])
@pytest.mark.parametrize("bias", [True, False])
def test_linear_takes_any_leading_axes(lead, bias):
    layer, x = nn.Linear(3, 2, bias, rng=0), np.random.default_rng(1).normal(size=(*lead, 3))
    expected = x @ layer.weight.data.T + (layer.bias.data if bias else 0)
    np.testing.assert_allclose(layer(x).data, expected, rtol=1e-14)
    np.testing.assert_array_equal(layer(Tensor(x)).data, layer(x).data)


def test_linear_starts_uniformly_within_one_over_the_root_of_its_inputs():
    layer = nn.Linear(100, 300, rng=np.random.default_rng(0))
    k = 0.1
    for p, shape in ((layer.weight, (300, 100)), (layer.bias, (300,))):
        assert p.is_leaf
        assert p.shape == shape
        assert 0.98 * k < abs(p.data).max() <= k
        assert abs(p.data.mean()) < 4 * k / math.sqrt(3 * p.size)  # four standard errors
    assert abs(layer.weight.data.std() - k / math.sqrt(3)) < 0.01 * k


def test_linear_draws_the_same_from_the_same_seed():
    one, same = nn.Linear(2, 3, rng=7), nn.Linear(2, 3, rng=np.random.default_rng(7))
    other, unseeded = nn.Linear(2, 3, rng=8), nn.Linear(2, 3)
    np.testing.assert_array_equal(one.weight.data, same.weight.data)
    np.testing.assert_array_equal(one.bias.data, same.bias.data)
    assert (one.weight.data != other.weight.data).all()
    assert (one.weight.data != unseeded.weight.data).all()


@pytest.mark.parametrize("dtype", [np.float32, "float64"])
def test_linear_in_a_dtype(dtype):
    layer = nn.Linear(2, 3, dtype=dtype)
    y = layer(np.ones((4, 2), dtype))
    y.sum().backward()
    assert {t.dtype for t in (layer.weight, layer.bias, y, layer.weight.grad, layer.bias.grad)} == {
        np.dtype(dtype)
    }


BAD_LAYERS = {
    "no inputs": (lambda: nn.Linear(0, 2), ArgumentError, r"Linear\(0, 2\) needs at least one feature"),
    "negative outputs": (lambda: nn.Linear(2, -1), ArgumentError, r"Linear\(2, -1\)"),
    "half an input": (lambda: nn.Linear(2.5, 1), TypeError, "float"),
    "integers": (lambda: nn.Linear(2, 1, dtype=int), DTypeError, "floating-point"),
    "other inputs": (lambda: nn.Linear(3, 1)(np.ones((4, 2))), ShapeError, r"in_features=3.*\(4, 2\)"),
    "a function": (lambda: nn.Sequential(nn.Linear(2, 1), np.tanh), TypeError, "argument 1 .* not a module"),
    "a class": (lambda: nn.Sequential(nn.Sigmoid), TypeError, "argument 0 .* pass instances"),
    "a list": (lambda: nn.Sequential([nn.Sigmoid()]), TypeError, r"unpack .* Sequential\(\*modules\)"),
}


@pytest.mark.parametrize(("make", "error", "message"), BAD_LAYERS.values(), ids=BAD_LAYERS)
def test_what_is_no_layer_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_sequential_is_a_sequence_of_its_modules():
    a, b, c = nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)
    model, x = nn.Sequential(a, b, c), np.ones((4, 2))
    np.testing.assert_array_equal(model(x).data, c(b(a(x))).data)
    assert (len(model), list(model), model[0], model[-1]) == (3, [a, b, c], a, c)
    assert isinstance(model[:2], nn.Sequential)
    assert list(model[:2]) == [a, b]
    assert [name for name, _ in model.named_parameters()] == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert [name for name, _ in model.named_modules()] == ["", "0", "1", "2"]
    assert nn.Sequential()(3.0) == 3.0
    with pytest.raises(IndexError):
        model[3]


def test_nothing_is_recorded_under_no_grad():
    with no_grad():
        assert not nn.Linear(2, 1)(np.ones(2)).requires_grad
