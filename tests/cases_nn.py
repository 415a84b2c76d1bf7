"""Cases of `nn`: functions and layers beside twins in elementary NumPy, which works for complex numbers.

Each case is our function, its twin, and arguments by which to differentiate.  The twins are written like
the formulas, element by element, without columns, fusion or axes.
"""

import functools
from itertools import product

import numpy as np
from scipy.special import erf

import nn
import nn.functional as F  # noqa: N812  (PyTorch's customary name for it)

rng = np.random.default_rng(1986)


def real(*shape):
    return rng.normal(size=shape)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    e = np.exp(z)
    return e / e.sum(axis=-1, keepdims=True)


# Convolutions, position by position


def places(n, k, stride, padding, dilation):
    return range((n + 2 * padding - dilation * (k - 1) - 1) // stride + 1)


def conv2d(x, w, b, stride=1, padding=0, dilation=1, groups=1):
    n, c, *size = x.shape
    f, _, *kernel = w.shape
    wide = np.zeros((n, c, *(m + 2 * padding for m in size)), x.dtype)
    wide[:, :, padding : padding + size[0], padding : padding + size[1]] = x
    rows, columns = (places(m, k, stride, padding, dilation) for m, k in zip(size, kernel, strict=True))
    y = np.zeros((n, f, len(rows), len(columns)), np.result_type(x, w, b))
    for i, j, k, l in product(rows, columns, *map(range, kernel)):  # noqa: E741
        at = wide[:, :, stride * i + dilation * k, stride * j + dilation * l]
        for q in range(f):
            first = q // (f // groups) * (c // groups)
            y[:, q, i, j] += at[:, first : first + c // groups] @ w[q, :, k, l]
    return y + b[:, None, None]


def conv_transpose2d(x, w, b, stride=1, padding=0, output_padding=0):
    n, _, *size = x.shape
    _, f, *kernel = w.shape
    full = [stride * (m - 1) + k + output_padding for m, k in zip(size, kernel, strict=True)]
    y = np.zeros((n, f, *full), np.result_type(x, w, b))
    for i, j, k, l in product(*map(range, (*size, *kernel))):  # noqa: E741
        y[:, :, stride * i + k, stride * j + l] += x[:, :, i, j] @ w[:, :, k, l]
    crop = slice(padding, -padding or None)
    return y[:, :, crop, crop] + b[:, None, None]


def conv1d(x, w, b, **options):
    return conv2d(x[:, :, None], w[:, :, None], b, **options)[:, :, 0]


def pooled(choose, size, stride):
    """A function of each window of the last two axes."""

    def pool(x):
        rows, columns = (places(m, size, stride, 0, 1) for m in x.shape[-2:])
        at = [
            [x[..., stride * i : stride * i + size, stride * j : stride * j + size] for j in columns]
            for i in rows
        ]
        return np.stack([np.stack([choose(w.reshape(*w.shape[:-2], -1)) for w in row], -1) for row in at], -2)

    return pool


def largest(windows):
    at = windows.real.argmax(axis=-1)
    return np.take_along_axis(windows, at[..., None], axis=-1)[..., 0]


# Layers, whose parameters are arguments here: nothing is registered, so they can simply be set


def set_parameters(module, parameters):
    for name, parameter in parameters.items():
        *path, last = name.split(".")
        vars(functools.reduce(getattr, path, module))[last] = parameter  # which may be an array


def filled(module, rng):
    """A module with random parameters and buffers: none is 0 or 1, or equal to another."""
    for parameter in module.parameters():
        parameter.data[...] = rng.normal(size=parameter.shape)
    for buffer in module.buffers():
        if buffer.dtype.kind == "f":
            buffer.data[...] = rng.uniform(0.25, 1, buffer.shape)
    return module


def called(module, names, output=lambda y: y):
    def call(x, *parameters):
        set_parameters(module, dict(zip(names.split(), parameters, strict=True)))
        return output(module(x) if not isinstance(module, nn.MultiheadAttention) else module(x, x, x))

    return call


def rnn(x, w, u, b, c):
    h, outputs = np.zeros((x.shape[1], u.shape[1])), []
    for step in x:
        h = np.tanh(step @ w.T + b + h @ u.T + c)
        outputs.append(h)
    return np.stack(outputs)


def lstm(x, w, u, b, c):
    h = cell = np.zeros((x.shape[1], u.shape[1]))
    outputs = []
    for step in x:
        i, f, g, o = np.split(step @ w.T + b + h @ u.T + c, 4, axis=-1)
        cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(cell)
        outputs.append(h)
    return np.stack(outputs)


def gru(x, w, u, b, c):
    h, outputs = np.zeros((x.shape[1], u.shape[1])), []
    for step in x:
        (xr, xz, xn), (hr, hz, hn) = np.split(step @ w.T + b, 3, axis=-1), np.split(h @ u.T + c, 3, axis=-1)
        n = np.tanh(xn + sigmoid(xr + hr) * hn)
        z = sigmoid(xz + hz)
        h = (1 - z) * n + z * h
        outputs.append(h)
    return np.stack(outputs)


CELL = "weight_ih_l0 weight_hh_l0 bias_ih_l0 bias_hh_l0"


def recurrent(gates):
    return real(3, 2, 2), real(2 * gates, 2), real(2 * gates, 2), real(2 * gates), real(2 * gates)


def attention(x, w, b, w_out, b_out):
    """Two heads with two numbers each; x: (n, length, 4)."""
    q, k, v = np.split(x @ w.T + b, 3, axis=-1)
    heads = []
    for h in (slice(0, 2), slice(2, 4)):
        scores = q[..., h] @ np.swapaxes(k[..., h], -1, -2) / np.sqrt(2)
        heads.append(softmax(scores) @ v[..., h])
    return np.concatenate(heads, axis=-1) @ w_out.T + b_out


# Normalisation


def standard(x, axis, eps=1e-5):
    d = x - x.mean(axis=axis, keepdims=True)
    return d / np.sqrt((d * d).mean(axis=axis, keepdims=True) + eps)


def column(v):
    return v[:, None, None]


# Losses of classes

T, W = np.array([2, 0, 1]), np.array([0.5, 1.0, 2.0])


def log_p(z):
    return np.log(softmax(z))


def smoothed(z):
    q = 0.9 * np.eye(3)[T] * W + 0.1 / 3 * W
    return -(q * log_p(z)).sum() / W[T].sum()


def margin(z):
    behind = 1 - z[range(3), T][:, None] + z
    counts = (behind.real > 0) & (np.eye(3)[T] == 0)
    return (behind * counts).sum() / 9


def signed(x):
    return np.where(x.real < 0, -x, x)


WIDE = np.array([[-4.0, -2.5, -0.7, -0.3], [0.3, 0.7, 2.5, 4.0]])  # not near any kink
ACTIVATIONS = {
    "celu": (lambda x: F.celu(x, 0.5), lambda x: np.where(x.real > 0, x, 0.5 * np.exp(2 * x) - 0.5)),
    "gelu exact": (F.gelu, lambda x: x * (1 + erf(x / np.sqrt(2))) / 2),
    "hardshrink": (F.hardshrink, lambda x: x * (abs(x.real) > 0.5)),
    "hardsigmoid": (F.hardsigmoid, lambda x: np.where(abs(x.real) < 3, x / 6 + 0.5, x.real > 0)),
    "hardswish": (F.hardswish, lambda x: x * np.where(abs(x.real) < 3, x / 6 + 0.5, x.real > 0)),
    "hardtanh": (F.hardtanh, lambda x: np.where(abs(x.real) < 1, x, np.sign(x.real))),
    "relu6": (F.relu6, lambda x: x * (x.real > 0)),
    "logsigmoid": (F.logsigmoid, lambda x: -np.log(1 + np.exp(-x))),
    "mish": (F.mish, lambda x: x * np.tanh(np.log(1 + np.exp(x)))),
    "selu": (
        F.selu,
        lambda x: 1.0507009873554805 * np.where(x.real > 0, x, 1.6732632423543772 * np.expm1(x)),
    ),
    "softshrink": (F.softshrink, lambda x: np.where(abs(x.real) > 0.5, x - np.sign(x.real) / 2, 0)),
    "softsign": (F.softsign, lambda x: x / (1 + signed(x))),
    "tanhshrink": (F.tanhshrink, lambda x: x - np.tanh(x)),
    "threshold": (lambda x: F.threshold(x, 0.5, 2.0), lambda x: np.where(x.real > 0.5, x, 2)),
    "glu": (F.glu, lambda x: x[:, :2] * sigmoid(x[:, 2:])),
}

# name: our function, its twin, arguments
CASES = {
    "conv2d": (F.conv2d, conv2d, (real(2, 2, 4, 3), real(3, 2, 2, 2), real(3))),
    "conv2d with options": (
        lambda x, w, b: F.conv2d(x, w, b, stride=2, padding=1, dilation=2, groups=2),
        lambda x, w, b: conv2d(x, w, b, stride=2, padding=1, dilation=2, groups=2),
        (real(1, 2, 5, 4), real(4, 1, 2, 2), real(4)),
    ),
    "conv1d": (
        lambda x, w, b: F.conv1d(x, w, b, stride=2),
        lambda x, w, b: conv1d(x, w, b, stride=2),
        (real(2, 2, 6), real(2, 2, 3), real(2)),
    ),
    "conv_transpose2d": (
        lambda x, w, b: F.conv_transpose2d(x, w, b, stride=2, padding=1, output_padding=1),
        lambda x, w, b: conv_transpose2d(x, w, b, 2, 1, 1),
        (real(2, 2, 2, 3), real(2, 2, 3, 2), real(2)),
    ),
    "max_pool2d": (
        lambda x: F.max_pool2d(x, 3, stride=2),
        pooled(largest, 3, 2),
        (rng.permutation(70).reshape(1, 2, 5, 7) / 7.0,),
    ),
    "max_pool1d": (
        lambda x: F.max_pool1d(x, 2),
        lambda x: largest(x.reshape(2, 2, 3, 2)),
        (rng.permutation(24).reshape(2, 2, 6) / 7.0,),
    ),
    "avg_pool2d": (
        lambda x: F.avg_pool2d(x, 2, stride=1),
        pooled(lambda w: w.mean(axis=-1), 2, 1),
        (real(1, 2, 4, 3),),
    ),
    "embedding": (
        lambda w: F.embedding(np.array([[0, 2], [2, 2]]), w),
        lambda w: w[np.array([[0, 2], [2, 2]])],
        (real(3, 2),),
    ),
    "batch_norm": (
        lambda x, w, b: F.batch_norm(x, weight=w, bias=b, training=True),
        lambda x, w, b: standard(x, (0, 2, 3)) * column(w) + column(b),
        (real(3, 2, 2, 2), real(2), real(2)),
    ),
    "batch_norm in evaluation": (
        lambda x, w, b: F.batch_norm(x, np.array([0.5, 1.0], x.dtype), np.array([2.0, 4.0], x.dtype), w, b),
        lambda x, w, b: (x - np.array([0.5, 1.0])) / np.sqrt(np.array([2.0, 4.0]) + 1e-5) * w + b,
        (real(3, 2), real(2), real(2)),
    ),
    "layer_norm": (
        lambda x, w, b: F.layer_norm(x, 4, w, b),
        lambda x, w, b: standard(x, -1) * w + b,
        (real(3, 4), real(4), real(4)),
    ),
    "group_norm": (
        lambda x, w, b: F.group_norm(x, 2, w, b),
        lambda x, w, b: standard(x.reshape(2, 2, 2, 3), (2, 3)).reshape(2, 4, 3) * w[:, None] + b[:, None],
        (real(2, 4, 3), real(4), real(4)),
    ),
    "rms_norm": (
        lambda x, w: F.rms_norm(x, 4, w, 1e-3),
        lambda x, w: x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + 1e-3) * w,
        (real(3, 4), real(4)),
    ),
    "scaled_dot_product_attention": (
        F.scaled_dot_product_attention,
        lambda q, k, v: softmax(q @ k.T / np.sqrt(3)) @ v,
        (real(2, 3), real(4, 3), real(4, 2)),
    ),
    "prelu": (
        F.prelu,
        lambda x, w: np.where(x.real > 0, x, w * x),
        (WIDE, real(4)),
    ),
    "cross_entropy": (
        lambda z: F.cross_entropy(z, T),
        lambda z: -np.mean(log_p(z)[range(3), T]),
        (real(3, 3),),
    ),
    "cross_entropy smoothed and weighted": (
        lambda z: F.cross_entropy(z, T, W, label_smoothing=0.1),
        smoothed,
        (real(3, 3),),
    ),
    "cross_entropy of probabilities": (
        lambda z, q: F.cross_entropy(z, q, reduction="none"),
        lambda z, q: -(q * log_p(z)).sum(axis=1),
        (real(3, 3), rng.dirichlet(np.ones(3), 3)),
    ),
    "nll_loss": (
        lambda z: F.nll_loss(z, T, W),
        lambda z: -(z[range(3), T] * W[T]).sum() / W[T].sum(),
        (real(3, 3),),
    ),
    "multi_margin_loss": (lambda z: F.multi_margin_loss(z, T), margin, (real(3, 3),)),
    "l1_loss": (F.l1_loss, lambda p, y: signed(p - y).mean(), (real(3, 2), real(3, 2))),
    "huber_loss": (
        F.huber_loss,
        lambda p, y: np.where(abs((p - y).real) < 1, (p - y) ** 2 / 2, signed(p - y) - 0.5).mean(),
        (real(3, 2), 2 * real(3, 2)),
    ),
    "smooth_l1_loss": (
        lambda p, y: F.smooth_l1_loss(p, y, beta=0.5),
        lambda p, y: np.where(abs((p - y).real) < 0.5, (p - y) ** 2, signed(p - y) - 0.25).mean(),
        (real(3, 2), real(3, 2)),
    ),
    "kl_div": (
        F.kl_div,
        lambda p, y: (y * (np.log(y) - p)).mean(),
        (real(3, 2), rng.uniform(0.1, 0.9, (3, 2))),
    ),
    "l1_penalty": (
        lambda a, b: F.l1_penalty([a, b]),
        lambda a, b: signed(a).sum() + signed(b).sum(),
        (real(3), real(2, 2)),
    ),
    "l2_penalty": (
        lambda a, b: F.l2_penalty([a, b]),
        lambda a, b: (a * a).sum() + (b * b).sum(),
        (real(3), real(2, 2)),
    ),
    "RNN": (called(nn.RNN(2, 2), CELL, lambda y: y[0]), rnn, recurrent(1)),
    "LSTM": (called(nn.LSTM(2, 2), CELL, lambda y: y[0]), lstm, recurrent(4)),
    "GRU": (called(nn.GRU(2, 2), CELL, lambda y: y[0]), gru, recurrent(3)),
    "MultiheadAttention": (
        called(
            nn.MultiheadAttention(4, 2, batch_first=True),
            "in_proj_weight in_proj_bias out_proj.weight out_proj.bias",
            lambda y: y[0],
        ),
        attention,
        (real(1, 3, 4), real(12, 4), real(12), real(4, 4), real(4)),
    ),
} | {name: (ours, twin, (WIDE,)) for name, (ours, twin) in ACTIVATIONS.items()}
