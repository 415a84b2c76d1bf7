"""Backward passes of dense networks, derived by hand in the forms found in courses and guides.

They are plain NumPy, all right, and each in another of the usual styles.  The tables in `derivations.py`
have the shapes, and say which gradients differ from their names by a constant factor.
"""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def relu(z):
    return np.maximum(0, z)


# Samples in rows, sigmoids, binary cross-entropy; the 1/m comes in with the weights.


def binary_forward(X, y, W1, b1, W2, b2):
    m = X.shape[0]
    Z1 = np.dot(X, W1) + b1
    A1 = sigmoid(Z1)
    Z2 = np.dot(A1, W2) + b2
    A2 = sigmoid(Z2)
    return -np.sum(y * np.log(A2) + (1 - y) * np.log(1 - A2)) / m


def binary_backward(X, y, W2, A1, A2):
    m = X.shape[0]
    dZ2 = A2 - y
    dW2 = np.dot(A1.T, dZ2) / m
    db2 = np.sum(dZ2, axis=0, keepdims=True) / m
    dA1 = np.dot(dZ2, W2.T)
    dZ1 = dA1 * (A1 * (1 - A1))
    dW1 = np.dot(X.T, dZ1) / m
    db1 = np.sum(dZ1, axis=0, keepdims=True) / m
    return dW1, db1, dW2, db2


# Samples in columns, tanh inside, a dictionary returned; np.multiply and np.power.


def column_forward(X, Y, W1, b1, W2, b2):
    m = Y.shape[1]
    Z1 = np.dot(W1, X) + b1
    A1 = np.tanh(Z1)
    Z2 = np.dot(W2, A1) + b2
    A2 = sigmoid(Z2)
    logprobs = np.multiply(np.log(A2), Y) + np.multiply(np.log(1 - A2), 1 - Y)
    return np.squeeze(-np.sum(logprobs) / m)


def column_backward(X, Y, W2, A1, A2):
    m = X.shape[1]
    dZ2 = A2 - Y
    dW2 = (1 / m) * np.dot(dZ2, A1.T)
    db2 = (1 / m) * np.sum(dZ2, axis=1, keepdims=True)
    dZ1 = np.multiply(np.dot(W2.T, dZ2), 1 - np.power(A1, 2))
    dW1 = (1 / m) * np.dot(dZ1, X.T)
    db1 = (1 / m) * np.sum(dZ1, axis=1, keepdims=True)
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}


# Three layers of equal width, so that a wrong transpose runs; mean squared error, its constant at once.


def squared_forward(x, target, w1, w2, w3, b1, b2, b3):
    z1 = x @ w1 + b1
    h1 = np.tanh(z1)
    z2 = h1 @ w2 + b2
    h2 = np.maximum(z2, 0)
    out = h2 @ w3 + b3
    return np.mean((out - target) ** 2)


def squared_backward(x, target, w2, w3, h1, z2, h2, out):
    dout = 2 * (out - target) / out.size
    dw3 = h2.T @ dout
    db3 = dout.sum(axis=0)
    dh2 = dout @ w3.T
    dz2 = dh2 * (z2 > 0)
    dw2 = h1.T @ dz2
    db2 = dz2.sum(axis=0)
    dh1 = dz2 @ w2.T
    dz1 = (1 - h1**2) * dh1
    dw1 = x.T @ dz1
    db1 = dz1.sum(axis=0)
    return dw1, db1, dw2, db2, dw3, db3


# Softmax cross-entropy with integer labels and a penalty on the weights; the scores are changed in place.


def softmax_forward(X, labels, W1, b1, W2, b2, reg):
    N = X.shape[0]
    pre = X.dot(W1) + b1
    hidden = relu(pre)
    scores = hidden.dot(W2) + b2
    exp_scores = np.exp(scores - np.max(scores, axis=1, keepdims=True))
    probs = exp_scores / np.sum(exp_scores, axis=1, keepdims=True)
    data_loss = -np.sum(np.log(probs[np.arange(N), labels])) / N
    reg_loss = 0.5 * reg * np.sum(W1 * W1) + 0.5 * reg * np.sum(W2 * W2)
    return data_loss + reg_loss


def softmax_backward(X, labels, W1, W2, reg, pre, hidden, probs):
    N = X.shape[0]
    grads = {}
    dscores = probs.copy()
    dscores[np.arange(N), labels] -= 1
    dscores /= N
    grads["dW2"] = np.dot(hidden.T, dscores)
    grads["db2"] = np.sum(dscores, axis=0)
    dhidden = np.dot(dscores, W2.T)
    dpre = dhidden * (pre > 0)
    grads["dW1"] = np.dot(X.T, dpre)
    grads["db1"] = np.sum(dpre, axis=0)
    grads["dW2"] += reg * W2
    grads["dW1"] += reg * W1
    return grads


# The same loss, with a separate step for each: through the logarithm, then through softmax's Jacobian.


def stepwise_forward(x, onehot, w, c):
    n = len(x)
    z = x @ w + c
    e = np.exp(z)
    s = e.sum(axis=1, keepdims=True)
    p = e / s
    q = np.log(p)
    return -(onehot * q).sum() / n


def stepwise_backward(x, onehot, w, e, s, p):
    n = len(x)
    dq = -onehot / n
    dp = dq / p
    ds = -(dp * e / s**2).sum(axis=1, keepdims=True)
    de = dp / s + ds
    dz = de * e
    return {
        "dw": x.T @ dz,
        "dc": dz.sum(axis=0),
        "dx": dz @ w.T,
    }


# A residual block: x takes two paths into one sum, and all widths are equal.


def residual_forward(x, W1, c1, W2, c2, target):
    u = x @ W1 + c1
    a = np.tanh(u)
    f = a @ W2 + c2
    r = x + f
    out = sigmoid(r)
    return 0.5 * np.sum((out - target) ** 2) / len(x)


def residual_backward(x, W1, W2, target, a, out):
    dout = (out - target) / len(x)
    dr = dout * out * (1 - out)
    df = dr
    dW2 = a.T @ df
    dc2 = np.sum(df, axis=0, keepdims=True)
    da = df @ W2.T
    du = da * (1 - a * a)
    dW1 = x.T @ du
    dc1 = np.sum(du, axis=0, keepdims=True)
    dx = dr + du @ W1.T
    return dx, dW1, dc1, dW2, dc2
