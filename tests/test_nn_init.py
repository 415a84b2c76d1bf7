"""Initial values: the moments and bounds given in the papers, for samples large enough to tell."""

import math

import numpy as np
import pytest

import nn
from autograd import Tensor, no_grad
from autograd.errors import ShapeError
from nn import init
from nn.errors import ArgumentError

LINEAR, CONV = (200, 300), (40, 30, 3, 3)  # fan_in 300, fan_out 200; and 270, 360
XAVIER_LINEAR, XAVIER_CONV = math.sqrt(2 / 500), math.sqrt(2 / 630)

# A function, its options, a shape, the standard deviation, and whether it is uniform.
DRAWN = [
    (init.uniform_, {"a": -2, "b": 2}, LINEAR, 2 / math.sqrt(3), True),
    (init.normal_, {"std": 0.5}, LINEAR, 0.5, False),
    (init.xavier_uniform_, {}, LINEAR, XAVIER_LINEAR, True),
    (init.xavier_uniform_, {"gain": 2}, CONV, 2 * XAVIER_CONV, True),
    (init.xavier_normal_, {}, LINEAR, XAVIER_LINEAR, False),
    (init.xavier_normal_, {"gain": 0.5}, CONV, XAVIER_CONV / 2, False),
    (init.kaiming_uniform_, {"nonlinearity": "relu"}, LINEAR, math.sqrt(2 / 300), True),
    (init.kaiming_uniform_, {"a": math.sqrt(5)}, CONV, math.sqrt(1 / 3 / 270), True),
    (init.kaiming_normal_, {"mode": "fan_out"}, LINEAR, math.sqrt(2 / 200), False),
    (init.kaiming_normal_, {"mode": "fan_out", "nonlinearity": "tanh"}, CONV, 5 / 3 / math.sqrt(360), False),
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("function", "options", "shape", "std", "uniform"), DRAWN)
def test_what_is_drawn(function, options, shape, std, uniform, dtype):
    tensor = nn.Parameter(np.zeros(shape, dtype))
    assert function(tensor, **options, rng=0) is tensor
    assert tensor.is_leaf
    assert tensor.dtype == dtype
    x = tensor.data
    assert abs(x.mean()) < 4 * std / math.sqrt(x.size)  # four standard errors
    assert abs(x.std() - std) < 4 * std / math.sqrt(x.size)
    bound = std * math.sqrt(3)
    assert (0.999 * bound < abs(x).max() <= bound * (1 + 1e-6)) == uniform
    again = function(Tensor(np.zeros(shape, dtype)), **options, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(again.data, x)
    assert (function(Tensor(np.zeros(shape, dtype)), **options).data != x).any()


@pytest.mark.parametrize(
    ("function", "value"),
    [(init.zeros_, 0), (init.ones_, 1), (lambda t: init.constant_(t, 0.25), 0.25)],
)
def test_one_value_everywhere(function, value):
    tensor = function(nn.Parameter(np.full((2, 3), 7.0)))
    assert tensor.tolist() == [[value] * 3] * 2


def test_eye():
    assert init.eye_(Tensor(np.zeros((2, 3)))).tolist() == [[1, 0, 0], [0, 1, 0]]
    with pytest.raises(ShapeError, match=r"eye_ takes a matrix, not a tensor of shape \(3,\)"):
        init.eye_(Tensor(np.zeros(3)))


@pytest.mark.parametrize("shape", [(4, 4), (3, 5), (5, 3), (3, 2, 2, 2)])
def test_orthogonal(shape):
    q = init.orthogonal_(Tensor(np.zeros(shape)), gain=2, rng=0).data.reshape(shape[0], -1) / 2
    gram = q @ q.T if shape[0] <= q.shape[1] else q.T @ q
    np.testing.assert_allclose(gram, np.eye(len(gram)), atol=1e-14)


def test_orthogonal_matrices_are_drawn_without_preference():
    """Each entry of a 2 x 2 rotation or reflection has mean 0; without the signs it does not."""
    rng = np.random.default_rng(0)
    drawn = np.array([init.orthogonal_(Tensor(np.zeros((2, 2))), rng=rng).data for _ in range(2000)])
    assert (abs(drawn.mean(axis=0)) < 4 * math.sqrt(0.5 / 2000)).all()


@pytest.mark.parametrize(
    ("nonlinearity", "param", "gain"),
    [
        ("linear", None, 1),
        ("conv2d", None, 1),
        ("sigmoid", None, 1),
        ("tanh", None, 5 / 3),
        ("selu", None, 0.75),
    ]
    + [("relu", None, math.sqrt(2)), ("leaky_relu", None, math.sqrt(2 / 1.0001)), ("leaky_relu", 1, 1)],
)
def test_gains(nonlinearity, param, gain):
    assert init.calculate_gain(nonlinearity, param) == pytest.approx(gain, rel=1e-15)


BAD = {
    "a bias": (lambda: init.xavier_normal_(Tensor(np.zeros(3))), ShapeError, r"shape \(3,\).*zeros_"),
    "a bias again": (lambda: init.orthogonal_(Tensor(np.zeros(3))), ShapeError, r"shape \(3,\)"),
    "an array": (lambda: init.zeros_(np.zeros(3)), ArgumentError, "into a Tensor, not into a ndarray"),
    "a mode": (lambda: init.kaiming_normal_(Tensor(np.eye(2)), mode="fan"), ArgumentError, "mode='fan'"),
    "a nonlinearity": (
        lambda: init.calculate_gain("gelu"),
        ArgumentError,
        "'gelu' is not one of leaky_relu, ",
    ),
}


@pytest.mark.parametrize(("call", "error", "message"), BAD.values(), ids=BAD)
def test_what_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


# Each layer's default is PyTorch's: the parameter, the half width k of U(-k, k), or the deviation of N(0, s).
LAYERS = [
    (lambda: nn.Linear(100, 300, rng=0), {"weight": 0.1, "bias": 0.1}),
    (lambda: nn.Conv1d(20, 300, 5, rng=0), {"weight": 0.1, "bias": 0.1}),
    (lambda: nn.Conv2d(8, 200, 5, groups=2, rng=0), {"weight": 0.1, "bias": 0.1}),
    (lambda: nn.ConvTranspose1d(50, 20, 5, rng=0), {"weight": 0.1}),
    (lambda: nn.ConvTranspose2d(50, 8, 5, groups=2, rng=0), {"weight": 0.1}),
    (lambda: nn.RNN(30, 100, rng=0), dict.fromkeys(("weight_ih_l0", "weight_hh_l0", "bias_ih_l0"), 0.1)),
    (lambda: nn.LSTM(30, 100, 2, rng=0), dict.fromkeys(("weight_ih_l1", "weight_hh_l1", "bias_hh_l1"), 0.1)),
    (lambda: nn.GRU(30, 100, rng=0), dict.fromkeys(("weight_ih_l0", "weight_hh_l0", "bias_ih_l0"), 0.1)),
    (
        lambda: nn.MultiheadAttention(100, 4, rng=0),
        {"in_proj_weight": math.sqrt(6 / 400), "in_proj_bias": 0, "out_proj.weight": 0.1, "out_proj.bias": 0},
    ),
    (lambda: nn.BatchNorm1d(5), {"bias": 0, "running_mean": 0, "num_batches_tracked": 0}),
]


@pytest.mark.parametrize(("make", "bounds"), LAYERS)
def test_the_defaults_of_layers(make, bounds):
    state = make().state_dict()
    for name, k in bounds.items():
        x = state[name]
        if not k:
            assert not x.any()
            continue
        assert 0.97 * k < abs(x).max() <= k
        assert abs(x.std() - k / math.sqrt(3)) < 4 * k / math.sqrt(3 * x.size)


def test_the_default_of_an_embedding_is_normal_with_a_row_of_zeros():
    w = nn.Embedding(200, 50, padding_idx=-1, rng=0).weight.data
    assert not w[-1].any()
    assert abs(w[:-1].std() - 1) < 4 / math.sqrt(w.size)
    assert abs(w).max() > 3


def test_ones_where_a_layer_scales():
    for layer in (nn.BatchNorm2d(3), nn.LayerNorm((2, 3)), nn.GroupNorm(1, 3), nn.RMSNorm(4)):
        assert (layer.weight.data == 1).all()
    assert nn.PReLU().weight.tolist() == [0.25]
    with no_grad():
        assert not nn.LayerNorm(3).bias.data.any()
