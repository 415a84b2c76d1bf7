"""A training step of a network 784-512-512-10 on 256 samples in float32, against hand-written NumPy."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from timing import compare_large

import nn
from autograd import compile, no_grad

RATE = np.float32(0.1)
SIZES = 784, 512, 512, 10


def initial():
    rng = np.random.default_rng(0)
    return [(rng.normal(size=(n, m)) / np.sqrt(m)).astype(np.float32) for m, n in pairwise(SIZES)]


def samples():
    rng = np.random.default_rng(1)
    return rng.normal(size=(256, SIZES[0])).astype(np.float32), rng.integers(0, SIZES[-1], 256)


def by_hand():
    weights, (x, y) = initial(), samples()
    biases = [np.zeros(len(w), np.float32) for w in weights]
    rows = np.arange(len(y))

    def step():
        inputs = [x]
        for w, b in zip(weights[:-1], biases[:-1], strict=True):
            inputs.append(np.maximum(inputs[-1] @ w.T + b, 0))
        z = inputs[-1] @ weights[-1].T + biases[-1]
        e = np.exp(z - z.max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        loss = -np.log(p[rows, y]).mean()
        p[rows, y] -= 1
        g = p / len(y)
        for k in (2, 1, 0):
            dw, db = g.T @ inputs[k], g.sum(axis=0)
            if k:
                g = (g @ weights[k]) * (inputs[k] > 0)
            weights[k] -= RATE * dw
            biases[k] -= RATE * db
        return loss

    return step


def with_nn():
    layers = [nn.Linear(m, n, dtype=np.float32) for m, n in pairwise(SIZES)]
    with no_grad():
        for layer, w in zip(layers, initial(), strict=True):
            layer.weight[...] = w
            layer.bias[...] = 0
    model = nn.Sequential(layers[0], nn.ReLU(), layers[1], nn.ReLU(), layers[2])
    loss, optimizer, (x, y) = (
        nn.CrossEntropyLoss(),
        nn.optim.SGD(model.parameters(), lr=float(RATE)),
        samples(),
    )

    def step():
        optimizer.zero_grad()
        value = loss(model(x), y)
        value.backward()
        optimizer.step()
        return value.item()

    return step


if __name__ == "__main__":
    one, other, program = by_hand(), with_nn(), compile(with_nn())
    for _ in range(4):
        expected, loss = one(), other()
        assert abs(expected - loss) < 1e-4  # both compute the same losses
        assert program() == loss
    assert not program.reason, program.reason
    compare_large({"by hand, in NumPy": one, "nn": other, "nn, compiled": program})
