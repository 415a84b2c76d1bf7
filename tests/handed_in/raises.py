import numpy as np

X, W, t = np.ones((4, 3)), np.full((3, 2), 0.5), np.zeros((4, 2))


def forward(X, W, t):
    out = X @ W
    return np.mean((out - t) ** 2)


def backward(X, W, t, out):
    dout = 2 * (out - t) / out.size
    dW = X @ dout
    return dW
