"""The touchstone: a 2-4-1 network on XOR, written as plain NumPy, against its hand-written gradients."""

import numpy as np
import pytest

from autograd import Tensor

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
TARGET = np.array([[0], [1], [1], [0]])


def logistic(z):
    return 1 / (1 + np.exp(-z))


def network(x, W1, b1, W2, b2):
    hidden = logistic(np.dot(x, W1) + b1)
    return hidden, logistic(np.dot(hidden, W2) + b2)


def cost(target, p):
    return -np.sum(target * np.log(p) + (1 - target) * np.log(1 - p)) / target.shape[0]


def slopes(x, target, W1, b1, W2, b2):
    """The gradients of the cost, as derived on paper."""
    hidden, p = network(x, W1, b1, W2, b2)
    error = (p - target) / len(x)
    inner = error @ W2.T * hidden * (1 - hidden)
    return x.T @ inner, inner.sum(axis=0, keepdims=True), hidden.T @ error, error.sum(axis=0, keepdims=True)


@pytest.mark.parametrize("seed", range(5))
def test_plain_functions_given_tensors_have_the_hand_written_gradients(seed):
    rng = np.random.RandomState(seed)
    arrays = rng.randn(2, 4), rng.randn(1, 4), rng.randn(4, 1), rng.randn(1, 1)
    weights = [Tensor(a, requires_grad=True) for a in arrays]
    loss = cost(TARGET, network(X, *weights)[1])
    loss.backward()
    assert loss.item() == cost(TARGET, network(X, *arrays)[1])
    for weight, slope in zip(weights, slopes(X, TARGET, *arrays), strict=True):
        # sums of four products of numbers near 1: a few roundings of 1.1e-16, relative to the largest
        assert np.max(np.abs(weight.grad - slope)) <= 1e-14 * np.max(np.abs(slope))
