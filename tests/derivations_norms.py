"""Backward passes of normalisations, derived by hand: step by step, and compactly.

They are plain NumPy, and all right.  The tables in `derivations.py` have the shapes.
"""

import numpy as np

EPSILON = 1e-5


def normalised(x):
    """The columns of x with mean 0 and variance 1, in steps of which each has a gradient."""
    mu = np.mean(x, axis=0)
    xmu = x - mu
    sq = xmu**2
    var = np.mean(sq, axis=0)
    sqrtvar = np.sqrt(var + EPSILON)
    ivar = 1.0 / sqrtvar
    return xmu * ivar


# Batch normalisation, step by step through the graph; the steps are in a function of their own.


def batch_steps_forward(x, gamma, beta, target):
    xhat = normalised(x)
    out = gamma * xhat + beta
    return 0.5 * np.sum((out - target) ** 2)


def batch_steps_backward(gamma, target, xmu, var, sqrtvar, ivar, xhat, out):
    N, D = xhat.shape
    dout = out - target
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * xhat, axis=0)
    dxhat = dout * gamma
    divar = np.sum(dxhat * xmu, axis=0)
    dxmu = dxhat * ivar
    dsqrtvar = -1.0 / (sqrtvar**2) * divar
    dvar = 0.5 * 1.0 / np.sqrt(var + EPSILON) * dsqrtvar
    dsq = 1.0 / N * np.ones((N, D)) * dvar
    dxmu += 2 * xmu * dsq
    dmu = -1 * np.sum(dxmu, axis=0)
    dx = dxmu.copy()
    dx += 1.0 / N * np.ones((N, D)) * dmu
    return dx, dgamma, dbeta


# Batch normalisation as in the paper: the gradients of the variance and the mean, then of x.


def batch_paper_forward(X, scale, shift, R):
    m = X.shape[0]
    mean = np.sum(X, axis=0) / m
    variance = np.sum((X - mean) ** 2, axis=0) / m
    Xhat = (X - mean) / np.sqrt(variance + EPSILON)
    Y = scale * Xhat + shift
    return np.sum(R * np.sin(Y))


def batch_paper_backward(X, scale, R, mean, variance, Xhat, Y):
    m = X.shape[0]
    dY = R * np.cos(Y)
    dXhat = dY * scale
    dvariance = np.sum(dXhat * (X - mean) * -0.5 * (variance + EPSILON) ** -1.5, axis=0)
    dmean = np.sum(-dXhat / np.sqrt(variance + EPSILON), axis=0)
    dmean += dvariance * np.sum(-2 * (X - mean), axis=0) / m
    dX = dXhat / np.sqrt(variance + EPSILON) + dvariance * 2 * (X - mean) / m + dmean / m
    dscale = np.sum(dY * Xhat, axis=0)
    dshift = np.sum(dY, axis=0)
    return {"dX": dX, "dscale": dscale, "dshift": dshift}


# Batch normalisation in one formula, which is the above simplified.


def batch_forward(x, gamma, beta, target):
    mean = x.mean(axis=0)
    std = np.sqrt(((x - mean) ** 2).mean(axis=0) + EPSILON)
    xhat = (x - mean) / std
    y = gamma * xhat + beta
    return np.mean((y - target) ** 2)


def batch_backward(gamma, target, std, xhat, y):
    N = y.shape[0]
    dy = 2 * (y - target) / y.size
    dgamma = (dy * xhat).sum(axis=0)
    dbeta = dy.sum(axis=0)
    dxhat = dy * gamma
    dx = (N * dxhat - dxhat.sum(axis=0) - xhat * (dxhat * xhat).sum(axis=0)) / (N * std)
    return dx, dgamma, dbeta


# Layer normalisation of a batch of sequences, over the last axis, then a projection.


def layer_forward(x, weight, bias, proj):
    mean = x.mean(axis=-1, keepdims=True)
    centred = x - mean
    rstd = 1 / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + EPSILON)
    norm = centred * rstd
    y = norm * weight + bias
    score = y @ proj
    return np.log(np.cosh(score)).sum()


def layer_backward(weight, proj, rstd, norm, y, score):
    dscore = np.tanh(score)
    dproj = np.einsum("btc,btk->ck", y, dscore)
    dy = dscore @ proj.T
    dbias = dy.sum(axis=(0, 1))
    dweight = (dy * norm).sum(axis=(0, 1))
    dnorm = dy * weight
    dx = dnorm - dnorm.mean(axis=-1, keepdims=True) - norm * (dnorm * norm).mean(axis=-1, keepdims=True)
    dx *= rstd
    return {"dx": dx, "dweight": dweight, "dbias": dbias, "dproj": dproj}
