"""Twelve computations, small and large: each function returns an output, and the names of its leaves."""

import functools

import numpy as np

import nn
from autograd import Tensor, check

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = np.array([[0.0], [1.0], [1.0], [0.0]])


KEPT = []  # the models: names of modules and parameters are known as long as these exist


def kept(model):
    KEPT.append(model)
    return model


def leaf(values):
    return Tensor(values, requires_grad=True)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def neuron():
    """Two inputs, two weights and a bias, as numbers."""
    x1, x2, w1, w2, b = map(leaf, (2.0, 0.0, -3.0, 1.0, 6.88))
    n = x1 * w1 + x2 * w2 + b
    return np.tanh(n), {"x1": x1, "x2": x2, "w1": w1, "w2": w2, "b": b}


def start():
    """The weights of the network of the first guide."""
    rng = np.random.default_rng(0)
    return {
        "W1": rng.normal(size=(2, 4)), "b1": np.zeros((1, 4)),
        "W2": rng.normal(size=(4, 1)), "b2": np.zeros((1, 1)),
    }  # fmt: skip


def forward(X, y, W1, b1, W2, b2):
    Z1 = X @ W1 + b1
    A1 = sigmoid(Z1)
    Z2 = A1 @ W2 + b2
    A2 = sigmoid(Z2)
    return -np.mean(y * np.log(A2) + (1 - y) * np.log(1 - A2))


def backward(X, y, W2, A1, A2):
    """Two mistakes: half of a derivative is missing in dZ1, and a division in dW2."""
    dZ2 = (A2 - y) / len(y)
    dW2 = A1.T @ dZ2 * len(y)
    dA1 = dZ2 @ W2.T
    dZ1 = dA1 * A1
    dW1 = X.T @ dZ1
    return {"dW1": dW1, "dW2": dW2}


def xor():
    leaves = {name: leaf(value) for name, value in start().items()}
    return forward(X, Y, **leaves), leaves


def softmax_mlp():
    """Six samples of three classes, in one hidden layer."""
    rng = np.random.default_rng(1)
    model = kept(nn.Sequential(nn.Linear(4, 8, rng=0), nn.ReLU(), nn.Linear(8, 3, rng=1)))
    loss = nn.functional.cross_entropy(model(rng.normal(size=(6, 4))), np.array([0, 1, 2, 0, 1, 2]))
    return loss, {}


def lstm():
    """Five time steps of two sequences."""
    model, head = kept(nn.LSTM(3, 4, rng=0)), kept(nn.Linear(4, 1, rng=1))
    outputs, _ = model(np.random.default_rng(2).normal(size=(5, 2, 3)))
    return np.mean(head(outputs[-1]) ** 2), {}


def convnet():
    model = kept(nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1, rng=0), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(4, 8, 3, padding=1, rng=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(32, 10, rng=2),
    ))  # fmt: skip
    images = np.random.default_rng(3).normal(size=(2, 1, 8, 8))
    return nn.functional.cross_entropy(model(images), np.array([3, 7])), {}


def transformer():
    layer = kept(nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True, rng=0))
    return np.mean(layer(np.random.default_rng(4).normal(size=(2, 5, 8))) ** 2), {}


def attention():
    """Scaled dot products, as a formula."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(4, 6))
    leaves = {name: leaf(rng.normal(size=(6, 3))) for name in ("Wq", "Wk", "Wv")}
    q, k, v = (x @ weight for weight in leaves.values())
    scores = q @ k.T / np.sqrt(3)
    e = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
    return np.sum(e / np.sum(e, axis=-1, keepdims=True) @ v), leaves


class Block(nn.Module):
    """x + W2 tanh(W1 norm(x))."""

    def __init__(self, n, rng):
        self.norm, self.up, self.down = (
            nn.LayerNorm(n),
            nn.Linear(n, 2 * n, rng=rng),
            nn.Linear(2 * n, n, rng=rng),
        )

    def forward(self, x):
        return x + self.down(np.tanh(self.up(self.norm(x))))


def residual(blocks=12):
    parts = (Block(8, i) for i in range(blocks))
    model = kept(nn.Sequential(nn.Linear(2, 8, rng=0), *parts, nn.Linear(8, 1, rng=99)))
    return nn.functional.mse_loss(model(X), Y), {}


def loop(operations=3000):
    """Half as many turns of a loop of two operations."""
    x = leaf(1.0)
    return functools.reduce(lambda t, _: np.sin(t) * 1.001, range(operations // 2), x), {"x": x}


def second_order():
    """The recorded backward pass of a cubic, and the derivative through it."""
    x, a = leaf([1.0, 2.0, 3.0]), leaf([0.5, -1.0, 2.0])
    np.sum(a * x**3).backward(create_graph=True)
    return np.sum(x.grad * x.grad), {"x": x, "a": a}


def newton(steps=8):
    """The square root of 2, and its derivative through the loop."""
    a = leaf(2.0)
    x = leaf(1.0)
    y = functools.reduce(lambda y, _: y - (y * y - a) / (2 * y), range(steps), x)
    return y, {"a": a, "x": x}


MODELS = {
    "neuron": neuron,
    "xor": xor,
    "softmax MLP": softmax_mlp,
    "LSTM": lstm,
    "ConvNet": convnet,
    "transformer layer": transformer,
    "attention": attention,
    "residual": residual,
    "loop": loop,
    "derivation": xor,
    "second order": second_order,
    "Newton": newton,
}


def report_of(name):
    """The verdicts to show over a model: on a wrong derivation of its gradients, for one of them."""
    return check.derivation(forward, backward, {"X": X, "y": Y, **start()}) if name == "derivation" else None
