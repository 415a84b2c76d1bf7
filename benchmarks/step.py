"""One training step on XOR, written in three ways, against the hand-written NumPy step.

The network is the first guide's: 2-4-1, sigmoids, binary cross-entropy, gradient descent.
"""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
from timing import compare, in_turns

import nn
from autograd import Tensor, compile, no_grad

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
y = np.array([[0], [1], [1], [0]])
RATE = 0.1
STEPS = 1000


def initial():
    rng = np.random.RandomState(42)
    return [rng.randn(2, 4), np.zeros((1, 4)), rng.randn(4, 1), np.zeros((1, 1))]


# The formulas as plain NumPy functions: by_hand calls them with arrays, with_plain_functions with Tensors


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def forward(X, W1, b1, W2, b2):
    A1 = sigmoid(np.dot(X, W1) + b1)
    return A1, sigmoid(np.dot(A1, W2) + b2)


def cross_entropy(y, p):
    return -np.sum(y * np.log(p) + (1 - y) * np.log(1 - p)) / y.shape[0]


def descend(weights, slopes):
    for weight, slope in zip(weights, slopes, strict=True):
        weight -= RATE * slope


def by_hand():
    W1, b1, W2, b2 = initial()

    def step():
        A1, A2 = forward(X, W1, b1, W2, b2)
        cross_entropy(y, A2)
        m = X.shape[0]
        dZ2 = A2 - y
        dW2, db2 = np.dot(A1.T, dZ2) / m, np.sum(dZ2, axis=0, keepdims=True) / m
        dZ1 = np.dot(dZ2, W2.T) * (A1 * (1 - A1))
        dW1, db1 = np.dot(X.T, dZ1) / m, np.sum(dZ1, axis=0, keepdims=True) / m
        descend((W1, b1, W2, b2), (dW1, db1, dW2, db2))

    return step


def trained(loss, weights):
    """A step of gradient descent on `loss()`, with the same update as by hand, on the tensors' arrays."""

    def step():
        for w in weights:
            w.grad = None
        loss().backward()
        descend([w.data for w in weights], [w.grad for w in weights])

    return step


def with_plain_functions():
    weights = [Tensor(w, requires_grad=True) for w in initial()]
    return trained(lambda: cross_entropy(y, forward(X, *weights)[1]), weights)


def with_operators_and_methods():
    weights = W1, b1, W2, b2 = [Tensor(w, requires_grad=True) for w in initial()]
    inputs, targets = Tensor(X, dtype=float), Tensor(y, dtype=float)

    def loss():
        A1 = 1 / (1 + (-(inputs @ W1 + b1)).exp())
        A2 = 1 / (1 + (-(A1 @ W2 + b2)).exp())
        return -(targets * A2.log() + (1 - targets) * (1 - A2).log()).mean()

    return trained(loss, weights)


def with_nn(logits=False):
    """A model that gives probabilities, or their logits, with the loss of those."""
    W1, _, W2, _ = initial()
    layers = nn.Linear(2, 4), nn.Sigmoid(), nn.Linear(4, 1), nn.Sigmoid()
    model = nn.Sequential(*layers[: 3 if logits else 4])
    with no_grad():
        for parameter, value in zip(model.parameters(), [W1.T, np.zeros(4), W2.T, np.zeros(1)], strict=True):
            parameter[...] = value
    loss = nn.BCEWithLogitsLoss() if logits else nn.BCELoss()
    optimizer = nn.optim.SGD(model.parameters(), lr=RATE)
    inputs, targets = X.astype(float), y.astype(float)

    def step():
        optimizer.zero_grad()
        loss(model(inputs), targets).backward()
        optimizer.step()

    return step


def compiled(step, **options):
    """A step as a program: the first calls record it."""
    program = compile(step, **options)
    for _ in range(4):
        program()
    assert not program.reason, program.reason
    return program


if __name__ == "__main__":
    contenders = {
        "by hand, in NumPy": by_hand(),
        "nn, fused losses": with_nn(),
        "formulas with operators and methods": with_operators_and_methods(),
        "plain NumPy functions, given Tensors": with_plain_functions(),
        "nn, compiled": compiled(with_nn()),
        "nn, cross-entropy of logits, compiled": compiled(with_nn(logits=True)),
        "operators, compiled": compiled(with_operators_and_methods()),
        "plain functions, compiled": compiled(with_plain_functions()),
    }
    if find_spec("numba"):
        contenders["nn, compiled by Numba"] = compiled(with_nn(), backend="numba")
        contenders["operators, compiled by Numba"] = compiled(with_operators_and_methods(), backend="numba")
    compare(contenders)
    if find_spec("numba"):
        many = compiled(with_operators_and_methods(), backend="numba", steps=STEPS)
        found = in_turns({"by hand": by_hand(), "many": many}, calls=20, turns=31)
        t, ratio = found["many"]
        print(f"| the loop of {STEPS} steps inside, too | {t / STEPS * 1e6:.2f} | {ratio / STEPS:.4f} | |")
