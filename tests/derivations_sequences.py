"""Backward passes over sequences and images, derived by hand: recurrence, attention, windows, look-ups.

They are plain NumPy, and all right.  The tables in `derivations.py` have the shapes.
"""

import numpy as np


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def softmax(scores):
    exps = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exps / exps.sum(axis=-1, keepdims=True)


# A recurrent network on one sequence of column vectors, states in dictionaries; backward through time.


def rnn_forward(xs, targets, h0, Wxh, Whh, Why, bh, by):
    hs, ys = {-1: h0}, {}
    loss = 0
    for t in range(len(xs)):
        hraw = np.dot(Wxh, xs[t]) + np.dot(Whh, hs[t - 1]) + bh
        h = np.tanh(hraw)
        y = np.dot(Why, h) + by
        loss = loss + np.sum((y - targets[t]) ** 2) / 2
        hs[t], ys[t] = h, y
    return loss


def rnn_backward(xs, targets, h0, Wxh, Whh, Why, bh, by, hs, ys):
    dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
    dbh, dby = np.zeros_like(bh), np.zeros_like(by)
    dhnext = np.zeros_like(h0)
    for t in reversed(range(len(xs))):
        dy = ys[t] - targets[t]
        dWhy += np.dot(dy, hs[t].T)
        dby += dy
        dh = np.dot(Why.T, dy) + dhnext
        dhraw = (1 - hs[t] * hs[t]) * dh
        dbh += dhraw
        dWxh += np.dot(dhraw, xs[t].T)
        dWhh += np.dot(dhraw, hs[t - 1].T)
        dhnext = np.dot(Whh.T, dhraw)
    return dWxh, dWhh, dWhy, dbh, dby


# The same on a batch: h is reassigned, only the last state is read, and all widths are equal.


def unrolled_forward(x, W, U, b, v, target):
    h = np.zeros((x.shape[1], U.shape[0]))
    states = [h]
    for t in range(x.shape[0]):
        a = x[t] @ W + h @ U + b
        h = np.tanh(a)
        states.append(h)
    pred = h @ v
    return ((pred - target) ** 2).mean()


def unrolled_backward(x, W, U, b, v, target, states, pred):
    dpred = 2 * (pred - target) / target.size
    dv = states[-1].T @ dpred
    dh = dpred @ v.T
    dW, dU, db = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b)
    for t in range(x.shape[0] - 1, -1, -1):
        da = dh * (1 - states[t + 1] ** 2)
        dW += x[t].T @ da
        dU += states[t].T @ da
        db += da.sum(axis=0)
        dh = da @ U.T
    return {"dW": dW, "dU": dU, "db": db, "dv": dv}


# One step of an LSTM, with the four gates side by side in one product.


def lstm_forward(x, prev_h, prev_c, Wx, Wh, b, readout):
    a = x.dot(Wx) + prev_h.dot(Wh) + b
    ai, af, ao, ag = np.split(a, 4, axis=1)
    i, f, o, g = sigmoid(ai), sigmoid(af), sigmoid(ao), np.tanh(ag)
    next_c = f * prev_c + i * g
    tc = np.tanh(next_c)
    next_h = o * tc
    return np.sum(readout * next_h) + 0.5 * np.sum(next_c**2)


def lstm_backward(x, prev_h, prev_c, Wx, Wh, readout, i, f, o, g, next_c, tc):
    dnext_h = readout
    do = dnext_h * tc
    dtc = dnext_h * o
    dnext_c = next_c + dtc * (1 - tc**2)
    df = dnext_c * prev_c
    di = dnext_c * g
    dg = dnext_c * i
    dprev_c = dnext_c * f
    dai = di * i * (1 - i)
    daf = df * f * (1 - f)
    dao = do * o * (1 - o)
    dag = dg * (1 - g**2)
    da = np.hstack((dai, daf, dao, dag))
    dx = da.dot(Wx.T)
    dprev_h = da.dot(Wh.T)
    dWx = x.T.dot(da)
    dWh = prev_h.T.dot(da)
    db = da.sum(axis=0)
    return dx, dprev_h, dprev_c, dWx, dWh, db


# Attention with one head.


def attention_forward(X, Wq, Wk, Wv, target):
    Q, K, V = X @ Wq, X @ Wk, X @ Wv
    S = Q @ K.T / np.sqrt(Q.shape[1])
    P = softmax(S)
    out = P @ V
    return 0.5 * np.sum((out - target) ** 2)


def attention_backward(X, Wq, Wk, Wv, target, Q, K, V, P, out):
    d = Q.shape[1]
    dout = out - target
    dV = P.T @ dout
    dP = dout @ V.T
    dS = P * (dP - np.sum(dP * P, axis=1, keepdims=True))
    dQ = dS @ K / np.sqrt(d)
    dK = dS.T @ Q / np.sqrt(d)
    dWq = X.T @ dQ
    dWk = X.T @ dK
    dWv = X.T @ dV
    dX = dQ @ Wq.T + dK @ Wk.T + dV @ Wv.T
    return {"dX": dX, "dWq": dWq, "dWk": dWk, "dWv": dWv}


# Words looked up in a table, some of them twice, then averaged and classified.


def embedding_forward(E, ids, W, b, labels):
    B = len(ids)
    vectors = E[ids]
    mean = vectors.mean(axis=1)
    logits = mean @ W + b
    probs = softmax(logits)
    return -np.log(probs[np.arange(B), labels]).mean()


def embedding_backward(E, ids, W, labels, mean, probs):
    B, T = ids.shape
    dlogits = (probs - np.eye(probs.shape[1])[labels]) / B
    dW = mean.T @ dlogits
    db = dlogits.sum(axis=0)
    dmean = dlogits @ W.T
    dvectors = np.repeat(dmean[:, None, :], T, axis=1) / T
    dE = np.zeros_like(E)
    np.add.at(dE, ids, dvectors)
    return dE, dW, db


# A convolution of images as one product over its windows, with a bias for each filter.


def convolution_forward(x, w, b, target):
    n, c, height, width = x.shape
    kh, kw = w.shape[2:]
    oh, ow = height - kh + 1, width - kw + 1
    cols = np.stack([x[:, :, i : i + oh, j : j + ow] for i in range(kh) for j in range(kw)], axis=2)
    cols = cols.reshape(n, c * kh * kw, oh * ow)
    z = w.reshape(len(w), -1) @ cols + b[:, None]
    a = np.maximum(z, 0)
    return 0.5 * np.sum((a - target) ** 2) / n


def convolution_backward(x, w, target, cols, z, a):
    n, c, height, width = x.shape
    kh, kw = w.shape[2:]
    oh, ow = height - kh + 1, width - kw + 1
    da = (a - target) / n
    dz = da * (z > 0)
    db = dz.sum(axis=(0, 2))
    dw = np.einsum("nfp,nkp->fk", dz, cols).reshape(w.shape)
    dcols = w.reshape(len(w), -1).T @ dz
    patches = dcols.reshape(n, c, kh, kw, oh, ow)
    dx = np.zeros_like(x)
    for i in range(kh):
        for j in range(kw):
            dx[:, :, i : i + oh, j : j + ow] += patches[:, :, i, j]
    return dx, dw, db


# The same sum, written as loops over the kernel, on one image.


def loops_forward(image, kernel, bias, weights):
    kh, kw = kernel.shape
    oh, ow = image.shape[0] - kh + 1, image.shape[1] - kw + 1
    out = bias
    for i in range(kh):
        for j in range(kw):
            out = out + kernel[i, j] * image[i : i + oh, j : j + ow]
    act = np.tanh(out)
    return np.sum(weights * act)


def loops_backward(image, kernel, weights, act):
    kh, kw = kernel.shape
    oh, ow = act.shape
    dact = weights
    dout = dact * (1 - act**2)
    dbias = dout.sum()
    dkernel = np.zeros_like(kernel)
    dimage = np.zeros_like(image)
    for i in range(kh):
        for j in range(kw):
            dkernel[i, j] = np.sum(dout * image[i : i + oh, j : j + ow])
            dimage[i : i + oh, j : j + ow] += kernel[i, j] * dout
    return dimage, dkernel, dbias
