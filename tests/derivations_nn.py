"""Hand derivations of nn's layers: the layer itself is the forward pass, plain NumPy the backward pass.

A layer and its derivation share nothing.  A backward pass takes the layer's parameters by their names.
Values inside a layer have no name in forward: their gradients lead to others, and are judged by these
(`test_nn_derivations.py` lists them).
"""

import numpy as np

import nn.functional as F  # noqa: N812  (PyTorch's customary name for it)


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


# Linear, with the mean squared error


def linear_forward(x, layer, target):
    y = layer(x)
    return F.mse_loss(y, target)


def linear_backward(x, target, weight, y):
    dy = 2 * (y - target) / y.size
    dx = dy @ weight
    dweight = dy.T @ x
    dbias = dy.sum(axis=0)
    return dx, dweight, dbias


# A sigmoid and the binary cross-entropy: through both, and in the single step that they combine to


def bernoulli_forward(x, layer, y):
    z = layer(x)
    p = F.sigmoid(z)
    return F.binary_cross_entropy(p, y)


def bernoulli_backward(x, y, weight, p):
    dp = (p - y) / (p * (1 - p)) / y.size
    dz = dp * p * (1 - p)
    dx = dz @ weight
    dweight = dz.T @ x
    dbias = dz.sum(axis=0)
    return dx, dweight, dbias


def logits_forward(x, layer, y):
    z = layer(x)
    return F.binary_cross_entropy_with_logits(z, y)


def logits_backward(x, y, weight, z):
    p = 1 / (1 + np.exp(-z))
    dz = (p - y) / y.size
    dx = dz @ weight
    dweight = dz.T @ x
    dbias = dz.sum(axis=0)
    return dx, dweight, dbias


# A softmax and the cross-entropy: through softmax's Jacobian, and in one step


def categorical_forward(x, layer, classes):
    z = layer(x)
    p = F.softmax(z)
    log_p = np.log(p)
    return F.nll_loss(log_p, classes)


def categorical_backward(x, classes, weight, p):
    n = len(x)
    onehot = np.eye(p.shape[1])[classes]
    dlog_p = -onehot / n
    dp = dlog_p / p
    dz = p * (dp - (dp * p).sum(axis=1, keepdims=True))
    dx = dz @ weight
    dweight = dz.T @ x
    dbias = dz.sum(axis=0)
    return dx, dweight, dbias


def classes_forward(x, layer, classes):
    z = layer(x)
    return F.cross_entropy(z, classes)


def classes_backward(x, classes, weight, z):
    n = len(x)
    p = softmax(z)
    dz = (p - np.eye(p.shape[1])[classes]) / n
    dx = dz @ weight
    dweight = dz.T @ x
    dbias = dz.sum(axis=0)
    return dx, dweight, dbias


# Batch normalisation: through its statistics, as in the paper; compactly, for images; and in evaluation


def batch_forward(x, layer, target):
    y = layer(x)
    return F.mse_loss(y, target)


def batch_backward(x, layer, target, weight, y):
    n = len(x)
    mean, var = x.mean(axis=0), x.var(axis=0)
    std = np.sqrt(var + layer.eps)
    xhat = (x - mean) / std
    dy = 2 * (y - target) / y.size
    dweight = (dy * xhat).sum(axis=0)
    dbias = dy.sum(axis=0)
    dxhat = dy * weight
    dvar = (dxhat * (x - mean)).sum(axis=0) * -0.5 / std**3
    dmean = -dxhat.sum(axis=0) / std
    dx = dxhat / std + dvar * 2 * (x - mean) / n + dmean / n
    return dx, dweight, dbias


def standard_forward(x, gamma, beta, target):
    xhat = F.batch_norm(x, training=True)
    y = gamma * xhat + beta
    return F.mse_loss(y, target)


def standard_backward(x, gamma, target, xhat, y):
    n = len(x)
    std = np.sqrt(x.var(axis=0) + 1e-5)
    dy = 2 * (y - target) / y.size
    dgamma = (dy * xhat).sum(axis=0)
    dbeta = dy.sum(axis=0)
    dxhat = dy * gamma
    dx = (n * dxhat - dxhat.sum(axis=0) - xhat * (dxhat * xhat).sum(axis=0)) / (n * std)
    return dx, dgamma, dbeta


def images_backward(x, layer, target, weight, y):
    places = {"axis": (0, 2, 3), "keepdims": True}
    std = np.sqrt(x.var(**places) + layer.eps)
    xhat = (x - x.mean(**places)) / std
    dy = 2 * (y - target) / y.size
    dweight = (dy * xhat).sum(axis=(0, 2, 3))
    dbias = dy.sum(axis=(0, 2, 3))
    dxhat = dy * weight[:, None, None]
    dx = (dxhat - dxhat.mean(**places) - xhat * (dxhat * xhat).mean(**places)) / std
    return dx, dweight, dbias


def evaluation_backward(x, layer, target, weight, y):
    std = np.sqrt(layer.running_var.data + layer.eps)
    xhat = (x - layer.running_mean.data) / std
    dy = 2 * (y - target) / y.size
    dweight = (dy * xhat).sum(axis=0)
    dbias = dy.sum(axis=0)
    dx = dy * weight / std
    return dx, dweight, dbias


# Convolution: as the convolution with the reversed kernel; and position by position, with all options


def convolution_forward(x, layer, target):
    y = layer(x)
    return F.mse_loss(y, target)


def convolution_backward(x, target, weight, y):
    k, l = weight.shape[2:]  # noqa: E741
    windows = np.lib.stride_tricks.sliding_window_view
    dy = 2 * (y - target) / y.size
    dbias = dy.sum(axis=(0, 2, 3))
    dweight = np.einsum("nckluv,nfuv->fckl", windows(x, y.shape[2:], axis=(2, 3)), dy)
    wide = np.pad(dy, ((0, 0), (0, 0), (k - 1, k - 1), (l - 1, l - 1)))
    dx = np.einsum("nfijkl,fckl->ncij", windows(wide, (k, l), axis=(2, 3)), weight[:, :, ::-1, ::-1])
    return dx, dweight, dbias


def grouped_backward(x, layer, target, weight, y):
    (s, _), (p, _), (k, l) = layer.stride, layer.padding, layer.kernel_size  # noqa: E741
    filters, channels = len(weight) // layer.groups, x.shape[1] // layer.groups
    wide = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    dy = 2 * (y - target) / y.size
    dbias = dy.sum(axis=(0, 2, 3))
    dweight, dwide = np.zeros_like(weight), np.zeros_like(wide)
    for i, j in np.ndindex(y.shape[2:]):
        for group in range(layer.groups):
            f = slice(filters * group, filters * (group + 1))
            at = np.s_[:, channels * group : channels * (group + 1), s * i : s * i + k, s * j : s * j + l]
            dweight[f] += np.einsum("nf,nckl->fckl", dy[:, f, i, j], wide[at])
            dwide[at] += np.einsum("nf,fckl->nckl", dy[:, f, i, j], weight[f])
    dx = dwide[:, :, p:-p, p:-p]
    return dx, dweight, dbias


# A recurrent layer: one step, three times, in its parts; and the whole layer, through time


def step_forward(x, h0, weight_ih, weight_hh, bias_ih, bias_hh, target):
    h = h0
    states = [h]
    for t in range(len(x)):
        a = F.linear(x[t], weight_ih, bias_ih) + F.linear(h, weight_hh, bias_hh)
        h = np.tanh(a)
        states.append(h)
    return F.mse_loss(np.stack(states[1:]), target)


def step_backward(x, h0, weight_ih, weight_hh, bias_ih, target, states):
    dx, dweight_ih, dweight_hh = np.zeros_like(x), np.zeros_like(weight_ih), np.zeros_like(weight_hh)
    dbias_ih, later = np.zeros_like(bias_ih), np.zeros_like(h0)
    for t in reversed(range(len(x))):
        h = states[t + 1]
        dh = 2 * (h - target[t]) / target.size + later
        da = dh * (1 - h**2)
        dweight_ih += da.T @ x[t]
        dweight_hh += da.T @ states[t]
        dbias_ih += da.sum(axis=0)
        dx[t] = da @ weight_ih
        later = da @ weight_hh
    dh0 = later
    return {"dx": dx, "dh0": dh0, "dweight_ih": dweight_ih, "dweight_hh": dweight_hh, "dbias_ih": dbias_ih}


def rnn_forward(x, layer, target):
    y, _ = layer(x)
    return F.mse_loss(y, target)


def rnn_backward(x, target, weight_ih_l0, weight_hh_l0, y):
    dy = 2 * (y - target) / y.size
    da, later = np.zeros_like(y), np.zeros_like(y[0])
    for t in reversed(range(len(x))):
        da[t] = (dy[t] + later) * (1 - y[t] ** 2)
        later = da[t] @ weight_hh_l0
    before = np.concatenate([np.zeros_like(y[:1]), y[:-1]])
    dx = da @ weight_ih_l0
    dweight_ih_l0 = np.einsum("tnh,tni->hi", da, x)
    dweight_hh_l0 = np.einsum("tnh,tnk->hk", da, before)
    dbias_ih_l0 = da.sum(axis=(0, 1))
    dbias_hh_l0 = da.sum(axis=(0, 1))
    return dx, dweight_ih_l0, dweight_hh_l0, dbias_ih_l0, dbias_hh_l0


# Attention: spelled out, so that everything has a name; as one function; and the layer with several heads


def attention_forward(q, k, v, target):
    s = q @ k.mT / np.sqrt(q.shape[-1])
    p = F.softmax(s)
    y = p @ v
    return F.mse_loss(y, target)


def fused_attention_forward(q, k, v, target):
    y = F.scaled_dot_product_attention(q, k, v)
    return F.mse_loss(y, target)


def attention_backward(q, k, v, target, y):
    d = q.shape[-1]
    p = softmax(q @ k.mT / np.sqrt(d))
    dy = 2 * (y - target) / y.size
    dv = p.mT @ dy
    dp = dy @ v.mT
    ds = p * (dp - (dp * p).sum(axis=-1, keepdims=True))
    dq = ds @ k / np.sqrt(d)
    dk = ds.mT @ q / np.sqrt(d)
    return dq, dk, dv


def heads_forward(x, layer, target):
    y, _ = layer(x, x, x)
    return F.mse_loss(y, target)


def cut(x, heads):
    """An array of shape (n, length, heads d) as (n, heads, length, d)."""
    return x.reshape(*x.shape[:2], heads, -1).swapaxes(1, 2)


def joined(x):
    """An array of shape (n, heads, length, d) as (n, length, heads d)."""
    return x.swapaxes(1, 2).reshape(len(x), x.shape[2], -1)


def heads_backward(x, layer, target, in_proj_weight, in_proj_bias, weight, y):
    q, k, v = (cut(z, layer.num_heads) for z in np.split(x @ in_proj_weight.T + in_proj_bias, 3, axis=-1))
    d = q.shape[-1]
    p = softmax(q @ k.mT / np.sqrt(d))
    dy = 2 * (y - target) / y.size
    dweight = np.einsum("nlo,nli->oi", dy, joined(p @ v))
    dbias = dy.sum(axis=(0, 1))
    do = cut(dy @ weight, layer.num_heads)
    dv = p.mT @ do
    dp = do @ v.mT
    ds = p * (dp - (dp * p).sum(axis=-1, keepdims=True))
    dq = ds @ k / np.sqrt(d)
    dk = ds.mT @ q / np.sqrt(d)
    dz = np.concatenate([joined(dq), joined(dk), joined(dv)], axis=-1)
    din_proj_weight = np.einsum("nlo,nli->oi", dz, x)
    din_proj_bias = dz.sum(axis=(0, 1))
    dx = dz @ in_proj_weight
    return dx, din_proj_weight, din_proj_bias, dweight, dbias
