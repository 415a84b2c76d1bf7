import numpy as np

rng = np.random.default_rng(0)
X = rng.normal(size=(5, 3))
y = rng.integers(0, 2, size=(5, 1)).astype(float)
W1, b1 = rng.normal(size=(3, 4)), np.zeros((1, 4))
W2, b2 = rng.normal(size=(4, 1)), np.zeros((1, 1))


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def forward(X, y, W1, b1, W2, b2):
    Z1 = X @ W1 + b1
    A1 = np.tanh(Z1)
    Z2 = A1 @ W2 + b2
    A2 = sigmoid(Z2)
    loss = -np.mean(y * np.log(A2) + (1 - y) * np.log(1 - A2))
    return loss


def backward(X, y, W2, A1, A2):
    m = len(X)
    dZ2 = (A2 - y) / m
    dW2 = A1.T @ dZ2
    db2 = dZ2.sum(axis=0, keepdims=True)
    dZ1 = dZ2 @ W2.T * (1 - A1)
    dW1 = X.T @ dZ1
    db1 = dZ1.sum(axis=0, keepdims=True)
    return dW1, db1, dW2, db2
