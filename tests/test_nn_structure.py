"""Layers with several parts, options or modes: what they return, keep, draw and refuse."""

import copy

import numpy as np
import pytest

import nn
import nn.functional as F  # noqa: N812  (PyTorch's customary name for it)
from autograd import Tensor, no_grad
from autograd.errors import DTypeError, IndexingError, ShapeError
from nn.errors import ArgumentError

rng = np.random.default_rng(0)

# Every layer with parameters or several inputs, in single precision, and the shape of x.
LAYERS = [
    (lambda **o: nn.Linear(3, 2, **o), (4, 3)),
    (lambda **o: nn.Conv1d(2, 4, 3, padding=1, **o), (4, 2, 5)),
    (lambda **o: nn.Conv2d(2, 4, 3, stride=2, **o), (4, 2, 6, 5)),
    (lambda **o: nn.ConvTranspose1d(2, 4, 3, **o), (4, 2, 5)),
    (lambda **o: nn.ConvTranspose2d(2, 4, 3, stride=2, **o), (4, 2, 3, 5)),
    (lambda **o: nn.RNN(3, 2, batch_first=True, **o), (4, 5, 3)),
    (lambda **o: nn.LSTM(3, 2, 2, batch_first=True, dropout=0.5, **o), (4, 5, 3)),
    (lambda **o: nn.GRU(3, 2, bidirectional=True, batch_first=True, **o), (4, 5, 3)),
    (lambda **o: nn.TransformerEncoderLayer(4, 2, 8, batch_first=True, **o), (4, 3, 4)),
    (lambda **o: nn.TransformerEncoderLayer(4, 2, 8, activation="gelu", batch_first=True, **o), (4, 3, 4)),
]
UNSEEDED = [
    (lambda **o: nn.BatchNorm1d(3, **o), (4, 3)),
    (lambda **o: nn.BatchNorm2d(3, **o), (4, 3, 2, 2)),
    (lambda **o: nn.LayerNorm(3, **o), (4, 3)),
    (lambda **o: nn.GroupNorm(1, 3, **o), (4, 3, 2)),
    (lambda **o: nn.RMSNorm(3, **o), (4, 3)),
    (lambda **o: nn.PReLU(3, **o), (4, 3)),
]
WITHOUT_PARAMETERS = [
    (nn.MaxPool1d(2), (4, 3, 5)),
    (nn.MaxPool2d(3, 2, 1), (4, 3, 5, 5)),
    (nn.AvgPool1d(2), (4, 3, 5)),
    (nn.AvgPool2d(3, 2, 1, count_include_pad=False), (4, 3, 5, 5)),
    (nn.Dropout(0.5), (4, 3)),
    (nn.Flatten(), (4, 3, 2)),
    *((activation(), (4, 6)) for activation in (nn.CELU, nn.ELU, nn.GELU, nn.GLU, nn.Hardshrink)),
    *((activation(), (4, 6)) for activation in (nn.Hardsigmoid, nn.Hardswish, nn.Hardtanh, nn.LogSigmoid)),
    *((activation(), (4, 6)) for activation in (nn.Mish, nn.ReLU6, nn.SELU, nn.Softshrink, nn.Softsign)),
    (nn.Tanhshrink(), (4, 6)),
    (nn.Threshold(0.1, 20), (4, 6)),
]


def output(module, x):
    y = module(x)
    return y[0] if isinstance(y, tuple) else y


@pytest.mark.parametrize(("make", "shape"), LAYERS + UNSEEDED)
def test_single_precision_stays_so(make, shape):
    layer, x = make(dtype=np.float32), Tensor(rng.normal(size=shape), requires_grad=True, dtype=np.float32)
    y = output(layer, x)
    y.sum().backward()
    assert y.dtype == x.grad.dtype == np.float32
    assert {p.grad.dtype for p in layer.parameters()} == {np.dtype(np.float32)}
    assert {b.dtype.kind for b in layer.buffers()} <= {"f", "i"}


@pytest.mark.parametrize(("layer", "shape"), WITHOUT_PARAMETERS, ids=lambda v: repr(v))
def test_single_precision_stays_so_without_parameters(layer, shape):
    x = Tensor(rng.normal(size=shape), requires_grad=True, dtype=np.float32)
    y = layer(x)
    y.sum().backward()
    assert y.dtype == x.grad.dtype == np.float32
    np.testing.assert_array_equal(layer.eval()(x.data), layer(x).data)


@pytest.mark.parametrize(("make", "shape"), LAYERS + UNSEEDED)
def test_no_two_parameters_share_a_gradient(make, shape):
    layer = make()
    output(layer, rng.normal(size=shape)).sum().backward()
    grads = [p.grad for p in layer.parameters()]
    for i, g in enumerate(grads):
        assert not any(np.shares_memory(g, other) for other in grads[i + 1 :])


@pytest.mark.parametrize(("make", "shape"), LAYERS)
def test_the_same_seed_draws_the_same(make, shape):
    one, same, other = (make(rng=seed) for seed in (3, np.random.default_rng(3), 4))
    for name, a in one.state_dict().items():
        np.testing.assert_array_equal(a, same.state_dict()[name])
    assert any((a != other.state_dict()[n]).any() for n, a in one.state_dict().items())
    x = rng.normal(size=shape)
    np.testing.assert_array_equal(output(one, x).data, output(same, x).data)  # the dropout too


@pytest.mark.parametrize(("make", "shape"), [pair for pair in LAYERS + UNSEEDED[2:] if pair])
def test_an_empty_batch_is_as_empty_after(make, shape):
    layer, x = make(), Tensor(np.zeros((0, *shape[1:])), requires_grad=True)
    y = output(layer, x)
    y.sum().backward()
    assert len(y) == 0
    assert x.grad.shape == x.shape
    assert all(not p.grad.any() for p in layer.parameters())


@pytest.mark.parametrize(("make", "shape"), LAYERS + UNSEEDED)
def test_lists_and_integers_and_strided_arrays_are_taken(make, shape):
    layer = make().eval()
    x = rng.integers(-3, 4, shape)
    expected = output(layer, x.astype(float)).data
    np.testing.assert_allclose(output(layer, x).data, expected, rtol=1e-13, atol=1e-15)
    wide = np.zeros(tuple(2 * n for n in shape))
    view = wide[tuple(slice(None, None, -2) for _ in shape)]
    view[...] = x
    view.setflags(write=False)
    np.testing.assert_allclose(output(layer, view).data, expected, rtol=1e-13, atol=1e-15)


# Convolutions and pooling


def test_a_convolution_of_a_transposed_one_is_its_transpose():
    """<conv(x), h> = <x, conv_transpose(h)> with the same weight, whatever the options."""
    options = {"stride": 2, "padding": 1, "groups": 2}
    x, w = rng.normal(size=(2, 4, 7, 7)), rng.normal(size=(6, 2, 3, 3))
    h = rng.normal(size=F.conv2d(x, w, **options).shape)
    np.testing.assert_allclose(
        np.sum(F.conv2d(x, w, **options) * h), np.sum(x * F.conv_transpose2d(h, w, **options)), rtol=1e-12
    )


def test_equal_maxima_share_the_gradient():
    x = Tensor(np.zeros((1, 1, 2, 2)), requires_grad=True)
    F.max_pool2d(x, 2).sum().backward()
    np.testing.assert_array_equal(x.grad, np.full((1, 1, 2, 2), 0.25))


def test_padding_is_never_the_largest():
    y = F.max_pool2d(np.full((1, 1, 2, 2), -5.0), 2, stride=1, padding=1)
    np.testing.assert_array_equal(y, np.full((1, 1, 3, 3), -5.0))


def test_nan_is_passed_on_by_pooling():
    x = np.array([[np.nan, 1.0, 2.0, 3.0]])
    np.testing.assert_array_equal(F.max_pool1d(x, 2), [[np.nan, 3]])


def test_convolutions_print_what_is_not_plain():
    assert repr(nn.Conv2d(1, 8, 3)) == "Conv2d(1, 8, kernel_size=(3, 3))"
    layer = nn.Conv1d(2, 4, 3, stride=2, padding="valid", groups=2, bias=False)
    assert repr(layer) == "Conv1d(2, 4, kernel_size=(3,), stride=(2,), padding='valid', groups=2, bias=False)"


# Recurrent layers


def test_the_first_state_can_be_given_and_is_differentiated():
    layer, h = nn.RNN(3, 2), Tensor(rng.normal(size=(1, 4, 2)), requires_grad=True)
    x = rng.normal(size=(5, 4, 3))
    y, last = layer(x, h)
    np.testing.assert_array_equal(y.data[-1], last.data[0])
    y.sum().backward()
    assert h.grad.any()
    half, middle = layer(x[:2], h)
    rest, _ = layer(x[2:], middle)
    np.testing.assert_allclose(np.concatenate([half.data, rest.data]), y.data, rtol=1e-14)


def test_a_long_sequence_costs_as_much_a_step_as_a_short_one():
    """The nodes of the graph grow with the length, and so do the cotangents made on the way back."""
    layer = nn.RNN(1, 1)
    x = Tensor(np.ones((2000, 1, 1)), requires_grad=True)
    layer(x)[0].sum().backward()
    assert x.grad.shape == x.shape
    assert np.isfinite(x.grad).all()


# Attention


def test_masks_of_attention():
    layer, x = nn.MultiheadAttention(4, 2, batch_first=True, rng=0), rng.normal(size=(2, 3, 4))
    causal = np.triu(np.ones((3, 3), bool), 1)
    y, weights = layer(x, x, x, attn_mask=causal)
    assert not weights.data[:, causal].any()
    np.testing.assert_allclose(weights.data.sum(axis=-1), np.ones((2, 3)), rtol=1e-14)
    by_option, _ = layer(x, x, x, is_causal=True)
    np.testing.assert_array_equal(y.data, by_option.data)
    added, _ = layer(x, x, x, attn_mask=np.where(causal, -np.inf, 0.0))
    np.testing.assert_array_equal(y.data, added.data)
    for_each_head, _ = layer(x, x, x, attn_mask=np.stack([causal] * 4))
    np.testing.assert_array_equal(y.data, for_each_head.data)
    padding = np.array([[False, False, True], [False, False, False]])
    y, weights = layer(x, x, x, key_padding_mask=padding, average_attn_weights=False)
    assert weights.shape == (2, 2, 3, 3)
    assert not weights.data[0, :, :, 2].any()
    np.testing.assert_allclose(y.data[0, :2], layer(x[:1, :2], x[:1, :2], x[:1, :2])[0].data[0], rtol=1e-13)
    assert layer(x, x, x, need_weights=False)[1] is None


def test_attention_of_one_sequence():
    layer, x = nn.MultiheadAttention(4, 2, rng=0), rng.normal(size=(3, 4))
    one, weights = layer(x, x, x, key_padding_mask=Tensor([False, False, True]))
    as_list, _ = layer(x, x, x, key_padding_mask=[False, False, True])
    np.testing.assert_array_equal(as_list.data, one.data)
    many, _ = layer(x[:, None], x[:, None], x[:, None], key_padding_mask=[[False, False, True]])
    np.testing.assert_array_equal(one.data, many.data[:, 0])
    assert weights.shape == (3, 3)


# Modes


def test_dropout_drops_its_part_and_keeps_the_mean():
    layer, x = nn.Dropout(0.25, rng=0), Tensor(np.ones((200, 200)), requires_grad=True)
    y = layer(x)
    assert set(np.unique(y.data)) == {0, 1 / 0.75}
    assert abs((y.data == 0).mean() - 0.25) < 4 * np.sqrt(0.25 * 0.75 / x.size)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, y.data)
    assert (layer(x).data != y.data).any()
    assert layer.eval()(x) is x


@pytest.mark.parametrize("p", [0, 1])
def test_dropout_of_nothing_and_of_all(p):
    assert (nn.Dropout(p)(np.ones(5)) == 1 - p).all()


def test_a_copy_of_a_dropout_draws_what_the_original_would():
    layer = nn.Dropout(0.5, rng=0)
    np.testing.assert_array_equal(copy.deepcopy(layer)(np.ones(50)), layer(np.ones(50)))


def test_batch_norm_follows_the_mean_of_what_it_sees():
    layer, batches = nn.BatchNorm1d(2, momentum=None), rng.normal(3, 2, (5, 40, 2))
    for batch in batches:
        layer(batch)
    np.testing.assert_allclose(layer.running_mean.data, batches.mean(axis=(0, 1)), rtol=1e-13)
    np.testing.assert_allclose(layer.running_var.data, batches.var(axis=1, ddof=1).mean(axis=0), rtol=1e-13)
    assert layer.num_batches_tracked.item() == 5
    before = layer.state_dict()
    layer.eval()(batches[0] * 10)
    for name, array in layer.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_an_evaluation_from_before_keeps_its_running_mean():
    layer, x = nn.BatchNorm1d(1), Tensor([[1.0], [2.0]], requires_grad=True)
    y = layer.eval()(x)
    layer.train()(np.array([[100.0], [300.0]]))
    y.backward(np.ones((2, 1)))
    np.testing.assert_allclose(x.grad, 1 / np.sqrt(1 + 1e-5), rtol=1e-14)


def test_layers_record_nothing_under_no_grad():
    with no_grad():
        for make, shape in LAYERS + UNSEEDED:
            assert not output(make(), rng.normal(size=shape)).requires_grad


# Containers


def test_a_module_list_is_a_list():
    a, b, c = nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)
    layers = nn.ModuleList([a])
    layers.append(b)
    layers.extend([c])
    assert (len(layers), list(layers), layers[0], layers[-1]) == (3, [a, b, c], a, c)
    assert list(layers[1:]) == [b, c]
    layers[1] = c
    assert [name for name, _ in layers.named_parameters()] == ["0.weight", "0.bias", "1.weight", "1.bias"]
    assert list(layers.state_dict())[4:] == ["2.weight", "2.bias"]


def test_a_module_dict_is_a_dict():
    a, b = nn.Linear(2, 3), nn.Linear(2, 1, bias=False)
    heads = nn.ModuleDict({"left": a})
    heads["right"] = b
    assert (len(heads), list(heads), heads["left"], "right" in heads) == (2, ["left", "right"], a, True)
    assert [*heads.keys()] == ["left", "right"]
    assert [*heads.values()] == [a, b]
    assert dict(heads.items()) == {"left": a, "right": b}
    assert list(heads.state_dict()) == ["left.weight", "left.bias", "right.weight"]


# Refusals, which name the culprit, shapes and a remedy

X = np.zeros((2, 3, 5, 5))
BAD = {
    "channels of Conv2d": (
        lambda: nn.Conv2d(4, 2, 3)(X),
        ShapeError,
        r"\(n, 4, height, width\).*\(2, 3, 5, 5\)",
    ),
    "channels last": (lambda: nn.Conv2d(5, 2, 3)(X), ShapeError, r"x\.transpose\(0, 3, 1, 2\)"),
    "a vector": (lambda: nn.Conv2d(3, 2, 3)(np.zeros(3)), ShapeError, r"conv2d expects.*shape \(3,\)"),
    "a window too large": (
        lambda: nn.Conv2d(3, 2, 6)(X),
        ShapeError,
        r"\(6, 6\).* does not fit.*\(2, 3, 5, 5\)",
    ),
    "a dilation too large": (
        lambda: nn.Conv2d(3, 2, 3, dilation=3)(X),
        ShapeError,
        r"\(7, 7\) with its dilation",
    ),
    "groups": (lambda: nn.Conv2d(3, 2, 3, groups=2), ArgumentError, "groups=2 does not divide"),
    "a stride of 0": (lambda: nn.Conv2d(3, 2, 3, stride=0), ArgumentError, "stride=0 .*at least 1"),
    "three strides": (lambda: nn.Conv2d(3, 2, 3, stride=(1, 1, 1)), ArgumentError, "one for each of 2 axes"),
    "half a pixel": (lambda: nn.Conv2d(3, 2, 3, padding=0.5), (ArgumentError, TypeError), "padding|float"),
    "a padding mode": (lambda: nn.Conv2d(3, 2, 3, padding="full")(X), ArgumentError, "padding='full'"),
    "the same with strides": (
        lambda: nn.Conv2d(3, 2, 3, padding="same", stride=2)(X),
        *(ArgumentError, 'padding="same" with stride'),
    ),
    "no channels": (lambda: nn.Conv1d(0, 2, 3), ArgumentError, r"Conv1d\(0, 2\) needs"),
    "output padding": (
        lambda: nn.ConvTranspose2d(3, 2, 3, output_padding=1)(X),
        ArgumentError,
        "less than stride",
    ),
    "nothing left": (
        lambda: F.conv_transpose1d(np.zeros((1, 1, 1)), np.zeros((1, 1, 1)), padding=1),
        *(ShapeError, "neither may be empty"),
    ),
    "no place": (
        lambda: F.conv_transpose1d(np.zeros((1, 1, 0)), np.zeros((1, 1, 3))),
        ShapeError,
        "neither may be empty",
    ),
    "a bias": (lambda: F.conv2d(X, np.zeros((2, 3, 3, 3)), np.zeros(3)), ShapeError, r"bias of shape \(2,\)"),
    "a pool too large": (lambda: nn.MaxPool2d(6)(X), ShapeError, r"max_pool2d: no window of \(6, 6\)"),
    "too much padding": (lambda: nn.AvgPool2d(2, padding=2)(X), ArgumentError, "more than half"),
    "one axis to pool": (lambda: nn.MaxPool2d(2)(np.zeros((4, 4))), ShapeError, r"not \(4, 4\)"),
    "an index too large": (lambda: nn.Embedding(3, 2)([0, 3]), IndexingError, "from 0 to 3, beyond 0 to 2"),
    "a negative index": (lambda: nn.Embedding(3, 2)([-1, 0]), IndexingError, "from -1 to 0"),
    "a float index": (
        lambda: nn.Embedding(3, 2)([0.0, 1.0]),
        DTypeError,
        r"integers .* not float64.*astype\(int\)",
    ),
    "a bool index": (lambda: nn.Embedding(3, 2)([True]), DTypeError, "not bool"),
    "a padding row": (
        lambda: nn.Embedding(3, 2, padding_idx=3),
        ArgumentError,
        "padding_idx=3 is none of its 3",
    ),
    "no rows": (lambda: nn.Embedding(0, 2), ArgumentError, r"Embedding\(0, 2\)"),
    "inputs of an RNN": (
        lambda: nn.RNN(3, 2)(np.zeros((5, 1, 4))),
        ShapeError,
        r"\(length, n, 3\).*\(5, 1, 4\)",
    ),
    "batch first": (
        lambda: nn.GRU(3, 2, batch_first=True)(np.zeros((5, 1, 4))),
        *(ShapeError, r"GRU .*\(n, length, 3\)"),
    ),
    "no steps": (lambda: nn.LSTM(3, 2)(np.zeros((0, 1, 3))), ShapeError, "at least one step"),
    "a state": (
        lambda: nn.RNN(3, 2)(np.zeros((5, 1, 3)), np.zeros((1, 2, 2))),
        *(ShapeError, r"initial state\(s\) of shape \(1, 1, 2\), not \(1, 2, 2\)"),
    ),
    "a nonlinearity": (lambda: nn.RNN(3, 2, nonlinearity="elu"), ArgumentError, "nonlinearity='elu'"),
    "no hidden units": (lambda: nn.LSTM(3, 0), ArgumentError, r"LSTM\(3, 0, num_layers=1\)"),
    "heads": (lambda: nn.MultiheadAttention(5, 2), ArgumentError, "num_heads=2 does not divide embed_dim=5"),
    "features of attention": (
        lambda: nn.MultiheadAttention(4, 2)(*[np.zeros((3, 1, 6))] * 3),
        *(ShapeError, r"\(length, n, 4\).*\(3, 1, 6\)"),
    ),
    "nothing to attend to": (
        lambda: nn.MultiheadAttention(4, 2)(
            *[np.zeros((3, 1, 4))] * 3, key_padding_mask=np.ones((1, 3), bool)
        ),
        *(ArgumentError, "nothing to attend to"),
    ),
    "a mask of integers": (
        lambda: F.scaled_dot_product_attention(*[np.zeros((3, 4))] * 3, np.ones((3, 3), int)),
        *(DTypeError, "booleans, or floats"),
    ),
    "a mask of another shape": (
        lambda: F.scaled_dot_product_attention(*[np.zeros((3, 4))] * 3, np.ones((2, 3), bool)),
        *(ShapeError, r"mask of shape \(2, 3\) does not fit scores of shape \(3, 3\)"),
    ),
    "queries and keys": (
        lambda: F.scaled_dot_product_attention(np.zeros((3, 4)), np.zeros((3, 5)), np.zeros((3, 5))),
        *(ShapeError, "equally long"),
    ),
    "an activation": (lambda: nn.TransformerEncoderLayer(4, 2, activation="elu"), ArgumentError, "'elu'"),
    "features of BatchNorm": (
        lambda: nn.BatchNorm1d(3)(np.zeros((4, 2))),
        ShapeError,
        r"2 or 3 axes, \(n, 3",
    ),
    "axes of BatchNorm": (lambda: nn.BatchNorm2d(3)(np.zeros((4, 3))), ShapeError, r"4 axes.*\(4, 3\)"),
    "a single sample": (
        lambda: nn.BatchNorm1d(3)(np.zeros((1, 3))),
        ArgumentError,
        r"more samples, or .*eval\(\)",
    ),
    "no sample": (lambda: nn.BatchNorm1d(3)(np.zeros((0, 3))), ArgumentError, r"\(0, 3\)"),
    "features of LayerNorm": (lambda: nn.LayerNorm(3)(np.zeros((4, 2))), ShapeError, r"\(3,\).*\(4, 2\)"),
    "nothing to normalise": (lambda: nn.LayerNorm(()), ArgumentError, "nothing to normalise"),
    "groups of channels": (lambda: nn.GroupNorm(2, 3), ArgumentError, "num_groups=2 does not divide"),
    "channels of GroupNorm": (lambda: nn.GroupNorm(1, 3)(np.zeros((4, 2))), ShapeError, r"\(n, 3, \.\.\.\)"),
    "no probability": (lambda: nn.Dropout(1.5), ArgumentError, r"Dropout: p=1.5"),
    "axes to flatten": (lambda: nn.Flatten(2)(np.zeros((4, 2))), ShapeError, r"start_dim=2.*\(4, 2\)"),
    "halves": (lambda: nn.GLU()(np.zeros((4, 3))), ShapeError, r"halves.*\(4, 3\)"),
    "slopes": (lambda: nn.PReLU(3)(np.zeros((4, 2))), ShapeError, r"\(4, 2\), not \(3,\)"),
    "a mask of one axis": (
        lambda: nn.MultiheadAttention(4, 2)(*[np.zeros((3, 1, 4))] * 3, attn_mask=np.zeros(3, bool)),
        *(
            ShapeError,
            r"attn_mask has shape \(3,\), and must be \(queries, keys\), \(3, 3\), or .*\(2, 3, 3\)",
        ),
    ),
    "a mask of too many heads": (
        lambda: nn.MultiheadAttention(4, 2)(*[np.zeros((3, 1, 4))] * 3, attn_mask=np.zeros((5, 3, 3), bool)),
        *(ShapeError, r"attn_mask has shape \(5, 3, 3\)"),
    ),
    **{
        f"complex numbers in {type(layer).__name__}": (
            lambda layer=layer: layer(np.ones((4, 2, 4), complex)),
            *(DTypeError, "takes real numbers, not complex128"),
        )
        for layer in (
            *(nn.BatchNorm1d(2), nn.GroupNorm(1, 2), nn.LayerNorm(4), nn.RMSNorm(4)),
            *(nn.MaxPool1d(2), nn.AvgPool1d(2), nn.Dropout()),
        )
    },
    "a function in a list": (lambda: nn.ModuleList([np.tanh]), TypeError, "holds modules"),
    "a class in a dict": (lambda: nn.ModuleDict({"a": nn.ReLU}), TypeError, "pass an instance"),
}


@pytest.mark.parametrize(("call", "error", "message"), BAD.values(), ids=BAD)
def test_what_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_batch_norm_keeps_its_buffers_after_an_error():
    layer = nn.BatchNorm1d(3)
    before = layer.state_dict()
    with pytest.raises(ArgumentError):
        layer(np.zeros((1, 3)))
    for name, array in layer.state_dict().items():
        np.testing.assert_array_equal(array, before[name])
