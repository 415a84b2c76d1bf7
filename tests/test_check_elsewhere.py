"""Which line `check` blames where lines further on, or in helpers, hold what a mistake makes wrong.

As tests/planted.py says, a mistake is planted by changing a piece of the source.
"""

import numpy as np
import pytest

from autograd import check
from autograd.check.hand.locate.elsewhere.slopes import bases

from .planted import checks_of, pair_of

RNG = np.random.default_rng(58)
OTHER = np.random.default_rng(59)


def N(*shape):  # noqa: N802  # as in mathematics
    return RNG.normal(size=shape)


CASES = {
    "two networks of the same layers, with gradients of only one": (
        """
        class Linear:
            def __init__(self, W):
                self.W = W

            def forward(self, x):
                self.x = x
                return x @ self.W

            def backward(self, g):
                self.dW = self.x.T @ g
                return g @ self.W.T

        class Tanh:
            def forward(self, x):
                self.y = np.tanh(x)
                return self.y

            def backward(self, g):
                return g * (1 - self.y ** 2)

        def forward(z, real, G1, G2, D1, D2):
            gen = [Linear(G1), Tanh(), Linear(G2), Tanh()]
            feat, head = [Linear(D1), Tanh()], Linear(D2)
            fr, x = real, z
            for l in feat:
                fr = l.forward(fr)
            for l in gen + feat:
                x = l.forward(x)
            diff = x.mean(0) - fr.mean(0)
            s = head.forward(x)
            return np.mean(np.log1p(np.exp(-s))) + np.sum(diff ** 2), (gen, feat, head, diff, s)

        def backward(z, cache):
            (gen, feat, head, diff, s), n = cache, len(z)
            ds = -1 / (1 + np.exp(s)) / n
            g = head.backward(ds)
            g = g + 2 * diff / n
            for l in feat[::-1]:
                g = l.backward(g)
            for l in gen[::-1]:
                g = l.backward(g)
            return {"z": g, "G1": gen[0].dW, "G2": gen[2].dW}
        """,
        {
            "z": N(5, 3),
            "real": 0.5 * N(5, 3),
            "G1": N(3, 4),
            "G2": 0.6 * N(4, 3),
            "D1": N(3, 4),
            "D2": N(4, 1),
        },
        [
            (
                "ds = -1 / (1 + np.exp(s)) / n",
                "ds = 1 / (1 + np.exp(-s)) / n",
                "ds = 1 / (1 + np.exp(-s))",
                None,
            ),
            ("g = g + 2 * diff / n", "g = g + 2 * diff", "g = g + 2 * diff", "factor"),
            ("g * (1 - self.y ** 2)", "g * (1 - self.y) ** 2", "g * (1 - self.y) ** 2", "wrong-variable"),
        ],
    ),
    "batch normalization among layers in an ordered dictionary": (
        """
        from collections import OrderedDict

        class Affine:
            def __init__(self, W, b):
                self.W, self.b = W, b

            def forward(self, x):
                self.x = x
                return np.dot(x, self.W) + self.b

            def backward(self, dout):
                self.dW, self.db = np.dot(self.x.T, dout), np.sum(dout, axis=0)
                return np.dot(dout, self.W.T)

        class BatchNormalization:
            def __init__(self, gamma, beta):
                self.gamma, self.beta = gamma, beta

            def forward(self, x):
                self.xc, self.batch_size = x - x.mean(axis=0), x.shape[0]
                self.std = np.sqrt(np.mean(self.xc ** 2, axis=0) + 1e-6)
                self.xn = self.xc / self.std
                return self.gamma * self.xn + self.beta

            def backward(self, dout):
                self.dbeta, self.dgamma = dout.sum(axis=0), np.sum(self.xn * dout, axis=0)
                dxn = self.gamma * dout
                dxc = dxn / self.std
                dstd = -np.sum((dxn * self.xc) / (self.std * self.std), axis=0)
                dvar = 0.5 * dstd / self.std
                dxc += (2.0 / self.batch_size) * self.xc * dvar
                dmu = np.sum(dxc, axis=0)
                dx = dxc - dmu / self.batch_size
                return dx

        def forward(x, t, W1, b1, gamma1, beta1):
            layers = OrderedDict()
            layers["Affine1"] = Affine(W1, b1)
            layers["BatchNorm1"] = BatchNormalization(gamma1, beta1)
            for layer in layers.values():
                x = layer.forward(x)
            return 0.5 * np.sum((x - t) ** 2), (layers, x - t)

        def backward(cache):
            layers, dout = cache
            for layer in reversed(list(layers.values())):
                dout = layer.backward(dout)
            affine, norm = layers["Affine1"], layers["BatchNorm1"]
            return {"W1": affine.dW, "b1": affine.db, "gamma1": norm.dgamma, "beta1": norm.dbeta}
        """,
        {"x": N(5, 3), "t": N(5, 4), "W1": N(3, 4), "b1": N(4), "gamma1": 1 + 0.2 * N(4), "beta1": N(4)},
        [
            ("dvar = 0.5 * dstd / self.std", "dvar = 0.5 * dstd", "dvar = 0.5 * dstd", "missing-factor"),
            ("dxc += (2.0", "dxc = (2.0", "dxc = (2.0 / self.batch_size)", "overwritten"),
        ],
    ),
    "a cell over sequences with a mask, whose state is carried over": (
        """
        class Cell:
            def __init__(self, Wx, Wh):
                self.Wx, self.Wh = Wx, Wh

            def step(self, x, h):
                n = np.tanh(x @ self.Wx + h @ self.Wh)
                return n, (x, h, n)

            def step_back(self, dh, cache, grads):
                x, h, n = cache
                da = dh * (1.0 - n ** 2)
                grads["Wx"] += x.T @ da
                grads["Wh"] += h.T @ da
                dh_prev = da @ self.Wh.T
                return da @ self.Wx.T, dh_prev

        def forward(X, mask, Y, h0, Wx, Wh):
            cell, hs, steps, loss = Cell(Wx, Wh), [h0], [], 0.0
            for t in range(len(X)):
                m = mask[t][:, None]
                h_new, c = cell.step(X[t], hs[-1])
                hs.append(m * h_new + (1.0 - m) * hs[-1])
                loss += 0.5 * np.sum(m * (hs[-1] - Y[t]) ** 2)
                steps.append(c)
            return loss, (cell, hs, steps)

        def backward(cache, X, mask, Y):
            cell, hs, steps = cache
            grads = {k: np.zeros_like(getattr(cell, k)) for k in ("Wx", "Wh")}
            grads["X"] = np.zeros_like(X)
            dh_next = np.zeros_like(hs[0])
            for t in reversed(range(len(steps))):
                m = mask[t][:, None]
                dh = m * (hs[t + 1] - Y[t]) + dh_next
                grads["X"][t], dh_prev = cell.step_back(m * dh, steps[t], grads)
                dh_next = dh_prev + (1.0 - m) * dh
            grads["h0"] = dh_next
            return grads
        """,
        {
            "X": N(4, 2, 1),
            "mask": np.array([[1.0, 1], [1, 0], [1, 0], [0, 1]]),
            "Y": N(4, 2, 2),
            "h0": N(2, 2),
            "Wx": N(1, 2),
            "Wh": N(2, 2),
        },
        [("dh_next = dh_prev + (1.0 - m) * dh", "dh_next = dh_prev", "dh_next = dh_prev", "missing-term")],
    ),
    "a block with a residual among layers, and the softmax of labels": (
        """
        class Linear:
            def __init__(self, W):
                self.W = W

            def forward(self, x):
                self.x = x
                return x @ self.W

            def backward(self, grad):
                self.dW = self.x.T @ grad
                return grad @ self.W.T

        class LeakyReLU:
            def forward(self, x):
                self.x = x
                return np.where(x > 0, x, 0.1 * x)

            def backward(self, grad):
                dx = grad.copy()
                dx[self.x < 0] *= 0.1
                return dx

        class Residual:
            def __init__(self, inner):
                self.inner = inner

            def forward(self, x):
                return x + self.inner.forward(x)

            def backward(self, grad):
                through = self.inner.backward(grad)
                return grad + through

        class SoftmaxCrossEntropy:
            def forward(self, logits, y):
                self.y, e = y, np.exp(logits)
                self.probs = e / e.sum(axis=1, keepdims=True)
                return -np.mean(np.log(self.probs[np.arange(len(y)), y]))

            def backward(self):
                n = len(self.y)
                d = self.probs.copy()
                d[np.arange(n), self.y] -= 1
                return d / n

        net, criterion = None, SoftmaxCrossEntropy()

        def forward(X, y, W1, W2, W3):
            global net
            net, out = [Linear(W1), LeakyReLU(), Residual(Linear(W2)), Linear(W3)], X
            for layer in net:
                out = layer.forward(out)
            return criterion.forward(out, y)

        def backward():
            grad = criterion.backward()
            for layer in reversed(net):
                grad = layer.backward(grad)
            return {"X": grad, "W1": net[0].dW, "W2": net[2].inner.dW, "W3": net[3].dW}
        """,
        {"X": N(5, 4), "y": np.array([0, 2, 1, 3, 2]), "W1": N(4, 4), "W2": N(4, 4), "W3": N(4, 4)},
        [
            ("return grad + through", "return through", "return through", None),
            ("d[np.arange(n), self.y] -= 1", "d[:, self.y] -= 1", "d[:, self.y] -= 1", "wrong-variable"),
        ],
    ),
    "the Jacobian matrix of a softmax row by row": (
        """
        class Layer_Dense:
            def __init__(self, weights):
                self.weights = weights

            def forward(self, inputs):
                self.inputs, self.output = inputs, np.dot(inputs, self.weights)

            def backward(self, dvalues):
                self.dweights = np.dot(self.inputs.T, dvalues)
                self.dinputs = np.dot(dvalues, self.weights.T)

        class Activation_ReLU:
            def forward(self, inputs):
                self.inputs, self.output = inputs, np.maximum(0, inputs)

            def backward(self, dvalues):
                self.dinputs = dvalues.copy()
                self.dinputs[self.inputs <= 0] = 0

        class Activation_Softmax:
            def forward(self, inputs):
                self.output = np.exp(inputs) / np.sum(np.exp(inputs), axis=1, keepdims=True)

            def backward(self, dvalues):
                self.dinputs = np.empty_like(dvalues)
                for index, (single_output, single_dvalues) in enumerate(zip(self.output, dvalues)):
                    single_output = single_output.reshape(-1, 1)
                    jacobian_matrix = np.diagflat(single_output) - np.dot(single_output, single_output.T)
                    self.dinputs[index] = np.dot(jacobian_matrix, single_dvalues)

        def forward(X, y, W1, W2):
            layers = [Layer_Dense(W1), Activation_ReLU(), Layer_Dense(W2), Activation_Softmax()]
            layers[0].forward(X)
            for before, layer in zip(layers, layers[1:]):
                layer.forward(before.output)
            return np.mean(-np.log(np.sum(layers[-1].output * y, axis=1))), layers

        def backward(y, layers):
            layers[-1].backward(-y / layers[-1].output / len(y))
            for layer, after in zip(layers[-2::-1], layers[::-1]):
                layer.backward(after.dinputs)
            return {"X": layers[0].dinputs, "W1": layers[0].dweights, "W2": layers[2].dweights}
        """,
        {"X": N(5, 4), "y": np.eye(4, dtype=int)[[0, 2, 1, 3, 2]], "W1": N(4, 4), "W2": N(4, 4)},
        [
            (
                "np.diagflat(single_output) - np.dot(single_output, single_output.T)",
                "np.diagflat(single_output * (1 - single_output))",
                "jacobian_matrix = np.diagflat(single_output * (1",
                "jacobian",
            ),
            (
                "self.dinputs[self.inputs <= 0] = 0",
                "self.dinputs[dvalues <= 0] = 0",
                "self.dinputs[dvalues <= 0] = 0",
                "wrong-variable",
            ),
        ],
    ),
    "a softmax by its quotient": (
        """
        class Softmax:
            def __init__(self, weights, biases):
                self.weights, self.biases = weights, biases

            def forward(self, input):
                self.last_input_shape, self.last_input = input.shape, input.flatten()
                self.last_totals = np.dot(self.last_input, self.weights) + self.biases
                return np.exp(self.last_totals) / np.sum(np.exp(self.last_totals))

            def backprop(self, d_L_d_out, label):
                gradient = d_L_d_out[label]
                t_exp = np.exp(self.last_totals)
                S = np.sum(t_exp)
                d_out_d_t = -t_exp[label] * t_exp / (S ** 2)
                d_out_d_t[label] = t_exp[label] * (S - t_exp[label]) / (S ** 2)
                d_L_d_t = gradient * d_out_d_t
                self.d_L_d_w = self.last_input[np.newaxis].T @ d_L_d_t[np.newaxis]
                self.d_L_d_b = d_L_d_t
                return (self.weights @ d_L_d_t).reshape(self.last_input_shape)

        def forward(image, label, W, b):
            softmax = Softmax(W, b)
            out = softmax.forward(image)
            return -np.log(out[label]), (softmax, out)

        def backward(label, cache):
            softmax, out = cache
            gradient = np.zeros(out.shape[0])
            gradient[label] = -1 / out[label]
            d_image = softmax.backprop(gradient, label)
            return {"image": d_image, "W": softmax.d_L_d_w, "b": softmax.d_L_d_b}
        """,
        {"image": N(2, 3), "label": 1, "W": N(6, 3), "b": N(3)},
        [
            (
                "d_out_d_t = -t_exp[label] * t_exp / (S ** 2)",
                "d_out_d_t = np.zeros_like(t_exp)",
                "d_out_d_t = np.zeros_like(t_exp)",
                "jacobian",
            )
        ],
    ),
    "a pool that compares with the greatest of each window": (
        """
        class MaxPool2:
            def iterate_regions(self, image):
                for i in range(image.shape[0] // 2):
                    for j in range(image.shape[1] // 2):
                        yield image[(i * 2):(i * 2 + 2), (j * 2):(j * 2 + 2)], i, j

            def forward(self, input):
                self.last_input = input
                h, w, n = input.shape
                output = np.zeros((h // 2, w // 2, n))
                for im_region, i, j in self.iterate_regions(input):
                    output[i, j] = np.amax(im_region, axis=(0, 1))
                return output

            def backprop(self, d_L_d_out):
                d_L_d_input = np.zeros(self.last_input.shape)
                for im_region, i, j in self.iterate_regions(self.last_input):
                    amax = np.amax(im_region, axis=(0, 1))
                    for i2 in range(2):
                        for j2 in range(2):
                            for f2 in range(len(amax)):
                                if im_region[i2, j2, f2] == amax[f2]:
                                    d_L_d_input[i * 2 + i2, j * 2 + j2, f2] = d_L_d_out[i, j, f2]
                return d_L_d_input

        def forward(image, W):
            pool = MaxPool2()
            out = pool.forward(image)
            return np.sum(W * np.tanh(out)), (pool, out)

        def backward(W, cache):
            pool, out = cache
            return {"image": pool.backprop(W * (1 - np.tanh(out) ** 2)), "W": np.tanh(out)}
        """,
        {"image": N(4, 4, 2), "W": N(2, 2, 2)},
        [("== amax[f2]:", "== amax.max():", "if im_region[i2, j2, f2] == amax.max():", "wrong-variable")],
    ),
    "gates of a cell in a dictionary, with the slopes in helpers": (
        """
        def dsigmoid(y):
            return y * (1 - y)

        def dtanh(y):
            return 1 - y * y

        def lstm_step(x, h_prev, c_prev, params):
            z = np.vstack((h_prev, x))
            f = sigmoid(params["Wf"] @ z)
            i = sigmoid(params["Wi"] @ z)
            g = np.tanh(params["Wg"] @ z)
            o = sigmoid(params["Wo"] @ z)
            c = f * c_prev + i * g
            h = o * np.tanh(c)
            return h, c, (z, f, i, g, o, c_prev, c)

        def forward(xs, ys, h0, c0, Wf, Wi, Wg, Wo):
            params = {"Wf": Wf, "Wi": Wi, "Wg": Wg, "Wo": Wo}
            h, c = h0, c0
            steps, hs, loss = [], [], 0.0
            for t in range(len(xs)):
                h, c, step = lstm_step(xs[t], h, c, params)
                loss += 0.5 * np.sum((h - ys[t]) ** 2)
                steps.append(step)
                hs.append(h)
            return loss, (params, steps, hs)

        def backward(ys, cache):
            params, steps, hs = cache
            grads = {key: np.zeros_like(value) for key, value in params.items()}
            dh_next, dc_next = np.zeros_like(hs[0]), np.zeros_like(hs[0])
            for t in reversed(range(len(ys))):
                z, f, i, g, o, c_prev, c = steps[t]
                dh = hs[t] - ys[t] + dh_next
                tanh_c = np.tanh(c)
                dc = dh * o * dtanh(tanh_c) + dc_next
                dgate = {}
                dgate["o"] = dh * tanh_c * dsigmoid(o)
                dgate["f"] = dc * c_prev * dsigmoid(f)
                dgate["i"] = dc * g * dsigmoid(i)
                dgate["g"] = dc * i * dtanh(g)
                dz = np.zeros_like(z)
                for name, da in dgate.items():
                    grads["W" + name] += da @ z.T
                    dz += params["W" + name].T @ da
                dh_next, dc_next = dz[:len(dh)], dc * f
            return {"h0": dh_next, "c0": dc_next} | grads
        """,
        {"xs": N(3, 4, 1), "ys": N(3, 3, 1), "h0": N(3, 1), "c0": N(3, 1)}
        | {"W" + gate: 0.7 * N(3, 7) for gate in "figo"},
        [("dc * g * dsigmoid(i)", "dc * g * dtanh(i)", 'dgate["i"] = dc * g * dtanh(i)', "wrong-variable")],
    ),
    "layers of negative samples gone through by zip": (
        """
        class EmbeddingDot:
            def __init__(self, W):
                self.W, self.dW = W, np.zeros_like(W)

            def forward(self, h, idx):
                self.cache = (h, idx)
                return np.sum(self.W[idx] * h, axis=1)

            def backward(self, dout):
                h, idx = self.cache
                dout = dout.reshape(dout.shape[0], 1)
                np.add.at(self.dW, idx, dout * h)
                return dout * self.W[idx]

        class SigmoidWithLoss:
            def forward(self, x, t):
                self.t, self.y = t, sigmoid(x)
                return -np.mean(t * np.log(self.y) + (1 - t) * np.log(1 - self.y))

            def backward(self, dout=1):
                return (self.y - self.t) * dout / len(self.t)

        class NegativeSamplingLoss:
            def __init__(self, W, sample_size):
                self.loss_layers = [SigmoidWithLoss() for _ in range(sample_size + 1)]
                self.embed_dot_layers = [EmbeddingDot(W) for _ in range(sample_size + 1)]

            def forward(self, h, target, negative):
                score = self.embed_dot_layers[0].forward(h, target)
                loss = self.loss_layers[0].forward(score, np.ones(len(target)))
                for i in range(negative.shape[1]):
                    score = self.embed_dot_layers[1 + i].forward(h, negative[:, i])
                    loss += self.loss_layers[1 + i].forward(score, np.zeros(len(target)))
                return loss

            def backward(self, dout=1):
                dh = 0
                for l0, l1 in zip(self.loss_layers, self.embed_dot_layers):
                    dscore = l0.backward(dout)
                    dh += l1.backward(dscore)
                return dh

        def forward(h, target, negative, W):
            ns_loss = NegativeSamplingLoss(W, negative.shape[1])
            return ns_loss.forward(h, target, negative), ns_loss

        def backward(ns_loss):
            return {"h": ns_loss.backward(), "W": sum(layer.dW for layer in ns_loss.embed_dot_layers)}
        """,
        {
            "h": N(4, 3),
            "target": np.array([1, 2, 1, 3]),
            "negative": np.array([[3, 4], [0, 5], [3, 0], [4, 4]]),
            "W": N(6, 3),
        },
        [
            (
                "zip(self.loss_layers, self.embed_dot_layers)",
                "zip(self.loss_layers[1:], self.embed_dot_layers[1:])",
                "for l0, l1 in zip(self.loss_layers[1:]",
                "missing-term",
            )
        ],
    ),
    "gradients of layers by computed keys, of which one is of another round": (
        """
        def linear_activation_forward(A_prev, W, b, activation):
            Z = np.dot(W, A_prev) + b
            A = np.maximum(0, Z) if activation == "relu" else sigmoid(Z)
            return A, ((A_prev, W, b), Z)

        def forward(X, Y, W1, b1, W2, b2, W3, b3):
            parameters = {"W1": W1, "b1": b1, "W2": W2, "b2": b2, "W3": W3, "b3": b3}
            caches, A, L = [], X, len(parameters) // 2
            for l in range(1, L):
                W, b = parameters["W" + str(l)], parameters["b" + str(l)]
                A, cache = linear_activation_forward(A, W, b, "relu")
                caches.append(cache)
            W, b = parameters["W" + str(L)], parameters["b" + str(L)]
            AL, cache = linear_activation_forward(A, W, b, "sigmoid")
            caches.append(cache)
            return -np.sum(Y * np.log(AL) + (1 - Y) * np.log(1 - AL)) / Y.shape[1], caches

        def linear_activation_backward(dA, cache, activation):
            (A_prev, W, b), Z = cache
            m = A_prev.shape[1]
            if activation == "relu":
                dZ = np.array(dA, copy=True)
                dZ[Z <= 0] = 0
            elif activation == "sigmoid":
                s = 1 / (1 + np.exp(-Z))
                dZ = dA * s * (1 - s)
            dW = 1. / m * np.dot(dZ, A_prev.T)
            db = 1. / m * np.sum(dZ, axis=1, keepdims=True)
            dA_prev = np.dot(W.T, dZ)
            return dA_prev, dW, db

        def backward(AL, Y, caches):
            grads, L = {}, len(caches)
            dAL = -(np.divide(Y, AL) - np.divide(1 - Y, 1 - AL))
            current_cache = caches[L - 1]
            grads["dA" + str(L - 1)], grads["dW" + str(L)], grads["db" + str(L)] = linear_activation_backward(
                dAL, current_cache, "sigmoid"
            )
            for l in reversed(range(L - 1)):
                current_cache = caches[l]
                dA_prev_temp, dW_temp, db_temp = linear_activation_backward(
                    grads["dA" + str(l + 1)], current_cache, "relu"
                )
                grads["dA" + str(l)] = dA_prev_temp
                grads["dW" + str(l + 1)] = dW_temp
                grads["db" + str(l + 1)] = db_temp
            return {k: g for k, g in grads.items() if not k.startswith("dA")}
        """,
        {
            "X": N(4, 5),
            "Y": np.array([[1, 0, 0, 1, 1]]),
            "W1": N(3, 4),
            "b1": N(3, 1),
            "W2": N(3, 3),
            "b2": N(3, 1),
            "W3": N(1, 3),
            "b3": N(1, 1),
        },
        [
            (
                'grads["dA" + str(l + 1)], current',
                'grads["dA" + str(L - 1)], current',
                'grads["dA" + str(L - 1)], current_cache',
                "wrong-variable",
            )
        ],
    ),
    "the adjoint of a Runge-Kutta step": (
        """
        def f(y, t, th):
            W1, wt, W2 = th
            h = np.tanh(y @ W1.T + t * wt)
            return h @ W2.T, h

        def f_vjp(lam, y, t, h, th, G):
            W1, wt, W2 = th
            G["W2"] += lam.T @ h
            dpre = (lam @ W2) * (1 - h ** 2)
            G["W1"] += dpre.T @ y
            G["wt"] += t * dpre.sum(0)
            return dpre @ W1

        def rk4_step(y, t, dt, th):
            k1, h1 = f(y, t, th)
            y2 = y + dt / 2 * k1
            k2, h2 = f(y2, t + dt / 2, th)
            y3 = y + dt / 2 * k2
            k3, h3 = f(y3, t + dt / 2, th)
            y4 = y + dt * k3
            k4, h4 = f(y4, t + dt, th)
            ynew = y + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
            return ynew, (y, y2, y3, y4, h1, h2, h3, h4)

        def rk4_step_adj(a, t, dt, th, saved, G):
            y, y2, y3, y4, h1, h2, h3, h4 = saved
            ay = a.copy()
            g4 = f_vjp(dt / 6 * a, y4, t + dt, h4, th, G)
            ay += g4
            ak3 = dt / 3 * a + dt * g4
            g3 = f_vjp(ak3, y3, t + dt / 2, h3, th, G)
            ay += g3
            ak2 = dt / 3 * a + dt / 2 * g3
            g2 = f_vjp(ak2, y2, t + dt / 2, h2, th, G)
            ay += g2
            ak1 = dt / 6 * a + dt / 2 * g2
            ay += f_vjp(ak1, y, t, h1, th, G)
            return ay

        def forward(y0, obs, dt, W1, wt, W2):
            th, y, loss = (W1, wt, W2), y0, 0.0
            tape, res = [], []
            for n in range(len(obs)):
                y, saved = rk4_step(y, n * dt, dt, th)
                loss += 0.5 * np.sum((y - obs[n]) ** 2)
                tape.append(saved)
                res.append(y - obs[n])
            return loss / len(obs), (tape, res, th)

        def backward(cache, obs, dt):
            tape, res, th = cache
            G = {n: np.zeros_like(p) for n, p in zip(["W1", "wt", "W2"], th)}
            a = np.zeros_like(res[0])
            for n in range(len(obs) - 1, -1, -1):
                a = a + res[n] / len(obs)
                a = rk4_step_adj(a, n * dt, dt, th, tape[n], G)
            G["y0"] = a
            return G
        """,
        {"y0": N(3, 2), "obs": N(3, 3, 2), "dt": 0.4, "W1": N(4, 2), "wt": 0.7 * N(4), "W2": N(2, 4)},
        [
            ("ak1 = dt / 6 * a + dt / 2 * g2", "ak1 = dt / 6 * a", "ak1 = dt / 6 * a", "missing-term"),
            ("f_vjp(ak2, y2, t", "f_vjp(ak2, y3, t", "g2 = f_vjp(ak2, y3, t", "wrong-variable"),
            ("ay += g3", "ay = a + g3", "ay = a + g3", "overwritten"),
        ],
    ),
    "pairs of a word and its neighbours, with negative samples": (
        """
        def getNegativeSamples(outsideIdx, rng, K, V):
            negs = []
            while len(negs) < K:
                j = rng.randint(0, V)
                if j != outsideIdx:
                    negs.append(j)
            return negs

        def negSampling(vc, o, negs, U):
            gU = np.zeros_like(U)
            z = sigmoid(U[o].dot(vc))
            loss = -np.log(z)
            gvc = (z - 1.) * U[o]
            gU[o] += (z - 1.) * vc
            for k in negs:
                s = sigmoid(-U[k].dot(vc))
                loss -= np.log(s)
                gvc += (1. - s) * U[k]
                gU[k] += (1. - s) * vc
            return loss, gvc, gU

        def forward(centerVecs, outsideVecs, corpus, seed):
            rng = np.random.RandomState(seed)
            loss, npairs = 0.0, 0
            dCenter, dOutside = np.zeros(centerVecs.shape), np.zeros(outsideVecs.shape)
            for pos, c in enumerate(corpus):
                for q in range(max(0, pos - 1), min(len(corpus), pos + 2)):
                    if q == pos:
                        continue
                    o = corpus[q]
                    negs = getNegativeSamples(o, rng, 2, len(outsideVecs))
                    l, gv, gu = negSampling(centerVecs[c], o, negs, outsideVecs)
                    loss += l
                    dCenter[c] += gv
                    dOutside += gu
                    npairs += 1
            loss /= npairs
            dCenter /= npairs
            dOutside /= npairs
            return loss, {"centerVecs": dCenter, "outsideVecs": dOutside}
        """,
        {"centerVecs": 0.5 * N(5, 3), "outsideVecs": 0.5 * N(5, 3), "corpus": [0, 3, 1, 4, 1], "seed": 4},
        [("gU[o] += (z - 1.) * vc", "gU[o] += z * vc", "gU[o] += z * vc", None)],
    ),
    "the reverse sweep of a Kalman filter": (
        """
        def forward(Y, A, C, log_q, log_r, m0, log_p0):
            q, r = np.exp(log_q), np.exp(log_r)
            m, P = m0, np.diag(np.exp(log_p0))
            nll, tape = 0.0, []
            for t in range(len(Y)):
                mp = A @ m
                Pp = A @ P @ A.T + np.diag(q)
                v = Y[t] - C @ mp
                S = C @ Pp @ C.T + np.diag(r)
                Si = np.linalg.inv(S)
                nll += 0.5 * (v @ Si @ v + np.linalg.slogdet(S)[1])
                K = Pp @ C.T @ Si
                tape.append((m, P, mp, Pp, v, Si, K))
                m = mp + K @ v
                P = Pp - K @ C @ Pp
            return nll, tape

        def backward(cache, Y, A, C, log_q, log_r, log_p0):
            q, r = np.exp(log_q), np.exp(log_r)
            gA, gC, gP = np.zeros_like(A), np.zeros_like(C), np.zeros_like(A)
            gq, gr, gm = np.zeros_like(q), np.zeros_like(r), np.zeros(len(A))
            for t in reversed(range(len(Y))):
                m, P, mp, Pp, v, Si, K = cache[t]
                gPp = gP - C.T @ K.T @ gP
                gK = -gP @ Pp @ C.T
                gC -= K.T @ gP @ Pp
                gmp = gm.copy()
                gK += np.outer(gm, v)
                gv = K.T @ gm
                gPp += gK @ Si @ C
                gC += Si @ gK.T @ Pp
                gSi = C @ Pp @ gK
                gv += Si @ v
                gSi += 0.5 * np.outer(v, v)
                gS = 0.5 * Si - Si @ gSi @ Si
                gPp += C.T @ gS @ C
                gC += (gS + gS.T) @ C @ Pp
                gr += np.diag(gS)
                gC -= np.outer(gv, mp)
                gmp -= C.T @ gv
                gA += (gPp + gPp.T) @ A @ P
                gA += np.outer(gmp, m)
                gq += np.diag(gPp)
                gP = A.T @ gPp @ A
                gm = A.T @ gmp
            return dict(A=gA, C=gC, log_q=gq * q, log_r=gr * r, m0=gm, log_p0=np.diag(gP) * np.exp(log_p0))
        """,
        {
            "Y": N(3, 2),
            "A": 0.8 * np.eye(3) + 0.2 * N(3, 3),
            "C": N(2, 3),
            "log_q": 0.3 * N(3) - 0.5,
            "log_r": 0.3 * N(2) - 0.3,
            "m0": N(3),
            "log_p0": 0.4 * N(3),
        },
        [
            ("gPp = gP - C.T @ K.T @ gP", "gPp = gP", "gPp = gP", "missing-term"),
            ("gC += (gS + gS.T) @ C @ Pp", "gC += gS @ C @ Pp", "gC += gS @ C @ Pp", "missing-term"),
        ],
    ),
    "the marginal likelihood of a Gaussian process": (
        """
        def forward(X, y, log_ls, log_sf, log_sn, log_a):
            a = np.exp(log_a)
            Z = X / np.exp(log_ls)
            u = np.sum((Z[:, None, :] - Z[None, :, :]) ** 2, axis=-1) / (2.0 * a)
            Kf = np.exp(2.0 * log_sf) * (1.0 + u) ** (-a)
            sn2 = np.exp(2.0 * log_sn)
            L = np.linalg.cholesky(Kf + sn2 * np.eye(len(y)))
            alpha = np.linalg.solve(L.T, np.linalg.solve(L, y))
            nlml = 0.5 * y @ alpha + np.sum(np.log(np.diag(L)))
            return nlml, dict(Z=Z, sn2=sn2, a=a, Kf=Kf, u=u, L=L, alpha=alpha)

        def dnlml_dK(L, alpha):
            Linv = np.linalg.solve(L, np.eye(L.shape[0]))
            Kinv = Linv.T @ Linv
            return 0.5 * (Kinv - np.outer(alpha, alpha))

        def backward(cache, log_ls):
            Z, a, u, Kf, alpha = cache["Z"], cache["a"], cache["u"], cache["Kf"], cache["alpha"]
            dK = dnlml_dK(cache["L"], alpha)
            dlog_sn = 2.0 * cache["sn2"] * np.trace(dK)
            dlog_sf = 2.0 * np.sum(dK * Kf)
            dk_da = Kf * (u / (1.0 + u) - np.log1p(u))
            dlog_a = a * np.sum(dK * dk_da)
            M = -0.5 * dK * Kf / (1.0 + u)
            dZ = 4.0 * (M.sum(axis=1)[:, None] * Z - M @ Z)
            grads = {"log_sf": dlog_sf, "log_sn": dlog_sn, "log_a": dlog_a, "log_ls": -np.sum(dZ * Z, axis=0)}
            return {"X": dZ / np.exp(log_ls), "y": alpha} | grads
        """,
        {"X": N(6, 3), "y": N(6), "log_ls": 0.3 * N(3) + 0.2, "log_sf": 0.25, "log_sn": -0.8, "log_a": 0.4},
        [
            ("Kinv = Linv.T @ Linv", "Kinv = Linv @ Linv.T", "Kinv = Linv @ Linv.T", "transpose"),
            ("(u / (1.0 + u) - np.log1p(u))", "-np.log1p(u)", "dk_da = Kf * -np.log1p(u)", "missing-term"),
            ("M.sum(axis=1)[:, None]", "np.diag(M)[:, None]", "dZ = 4.0 * (np.diag(M)[:, None]", None),
        ],
    ),
    "a Cholesky decomposition in loops and its reverse sweep": (
        """
        def chol(S):
            n = S.shape[0]
            L = np.zeros((n, n))
            for j in range(n):
                L[j, j] = np.sqrt(S[j, j] - L[j, :j] @ L[j, :j])
                for i in range(j + 1, n):
                    L[i, j] = (S[i, j] - L[i, :j] @ L[j, :j]) / L[j, j]
            return L

        def chol_rev(L, Lbar):
            n = L.shape[0]
            F = np.tril(Lbar)
            for k in range(n - 1, -1, -1):
                for j in range(k + 1, n):
                    for i in range(j, n):
                        F[i, k] -= F[i, j] * L[j, k]
                        F[j, k] -= F[i, j] * L[i, k]
                for j in range(k + 1, n):
                    F[j, k] /= L[k, k]
                    F[k, k] -= L[j, k] * F[j, k]
                F[k, k] /= 2.0 * L[k, k]
            return F

        def solve_lower(L, R):
            Z = np.zeros_like(R)
            for i in range(L.shape[0]):
                Z[i] = (R[i] - L[i, :i] @ Z[:i]) / L[i, i]
            return Z

        def solve_lower_rev(L, Z, Zbar):
            Rbar = np.linalg.solve(L.T, Zbar)
            Lbar = -np.tril(Rbar @ Z.T)
            return Rbar, Lbar

        def forward(X, B, log_d):
            L = chol(B @ B.T + np.diag(np.exp(log_d)))
            Z = solve_lower(L, X.T)
            return 0.5 * np.sum(Z ** 2) / len(X) + np.sum(np.log(np.diag(L))), (L, Z)

        def backward(cache, X, B, log_d):
            L, Z = cache
            Rbar, Lbar = solve_lower_rev(L, Z, Z / len(X))
            Lbar += np.diag(1.0 / np.diag(L))
            F = chol_rev(L, Lbar)
            dB = (F + F.T) @ B
            return Rbar.T, dB, np.diag(F) * np.exp(log_d)
        """,
        {"X": N(5, 4), "B": N(4, 2), "log_d": 0.3 * N(4) - 0.2},
        [("Lbar += np.diag(1.0 / np.diag(L))", "pass", "F = chol_rev(L, Lbar)", "missing-term")],
    ),
    "texels picked by whole numbers of coordinates": (
        """
        import math

        def forward(tex, uv, target):
            H, W = tex.shape
            color = np.zeros(len(uv))
            for i in range(len(uv)):
                px, py = uv[i, 0] * W - 0.5, uv[i, 1] * H - 0.5
                x0, y0 = math.floor(px), math.floor(py)
                fx, fy = px - x0, py - y0
                x1, y1 = (x0 + 1) % W, (y0 + 1) % H
                x0, y0 = x0 % W, y0 % H
                top = tex[y0, x0] * (1 - fx) + tex[y0, x1] * fx
                bot = tex[y1, x0] * (1 - fx) + tex[y1, x1] * fx
                color[i] = top * (1 - fy) + bot * fy
            return np.sum((color - target) ** 2), color

        def backward(tex, uv, target, color):
            H, W = tex.shape
            d_tex, d_uv = np.zeros_like(tex), np.zeros_like(uv)
            for i in range(len(uv)):
                px, py = uv[i, 0] * W - 0.5, uv[i, 1] * H - 0.5
                x0, y0 = math.floor(px), math.floor(py)
                fx, fy = px - x0, py - y0
                x1, y1 = (x0 + 1) % W, (y0 + 1) % H
                x0, y0 = x0 % W, y0 % H
                g = 2 * (color[i] - target[i])
                d_tex[y0, x0] += g * (1 - fx) * (1 - fy)
                d_tex[y0, x1] += g * fx * (1 - fy)
                d_tex[y1, x0] += g * (1 - fx) * fy
                d_tex[y1, x1] += g * fx * fy
                ddx = (tex[y0, x1] - tex[y0, x0]) * (1 - fy) + (tex[y1, x1] - tex[y1, x0]) * fy
                ddy = (tex[y1, x0] - tex[y0, x0]) * (1 - fx) + (tex[y1, x1] - tex[y0, x1]) * fx
                d_uv[i] = g * ddx * W, g * ddy * H
            return {"tex": d_tex, "uv": d_uv}
        """,
        {"tex": OTHER.normal(size=(3, 4)), "uv": OTHER.random((3, 2)), "target": OTHER.normal(size=3)},
        [("g * (1 - fx) * fy", "g * fx * (1 - fy) * fy", "d_tex[y1, x0] += g * fx", None)],
    ),
    "operations that leave closures on a tape": (
        """
        class Mat:
            def __init__(self, w):
                self.w, self.dw = w, np.zeros_like(w)

        class Tape:
            def __init__(self):
                self.steps = []

            def mul(self, a, b):
                out = Mat(a.w @ b.w)

                def back():
                    a.dw += out.dw @ b.w.T
                    b.dw += a.w.T @ out.dw

                self.steps.append(back)
                return out

            def tanh(self, a):
                out = Mat(np.tanh(a.w))

                def back():
                    a.dw += (1 - out.w * out.w) * out.dw

                self.steps.append(back)
                return out

        def forward(x, W, U, goal):
            tape, mats = Tape(), {"W": Mat(W), "U": Mat(U), "x": Mat(x)}
            h = mats["x"]
            for _ in range(3):
                h = tape.tanh(tape.mul(mats["W"], h))
            y = tape.mul(mats["U"], h)
            return 0.5 * np.sum((y.w - goal) ** 2), (tape, mats, y)

        def backward(goal, cache):
            tape, mats, y = cache
            y.dw = y.w - goal
            for step in reversed(tape.steps):
                step()
            return {name: m.dw for name, m in mats.items()}
        """,
        {
            "x": OTHER.normal(size=(3, 1)),
            "W": 0.6 * OTHER.normal(size=(3, 3)),
            "U": OTHER.normal(size=(2, 3)),
            "goal": OTHER.normal(size=(2, 1)),
        },
        [
            ("(1 - out.w * out.w)", "(1 - a.w * a.w)", "(1 - a.w * a.w)", "wrong-variable"),
        ],
    ),
    "a slope that is right and given what it is not a slope of": (
        """
        def logistic(z):
            return 1 / (1 + np.exp(-z))

        def logistic_grad(z):
            s = logistic(z)
            return s * (1 - s)

        def forward(X, y, W, V):
            z = X @ W
            a = logistic(z)
            out = a @ V
            return np.sum((out - y) ** 2), (z, a, out)

        def backward(X, y, V, cache):
            z, a, out = cache
            d_out = 2 * (out - y)
            d_V = a.T @ d_out
            d_z = (d_out @ V.T) * logistic_grad(z)
            return {"W": X.T @ d_z, "V": d_V}
        """,
        {
            "X": OTHER.normal(size=(4, 3)),
            "y": OTHER.normal(size=(4, 2)),
            "W": OTHER.normal(size=(3, 5)),
            "V": OTHER.normal(size=(5, 2)),
        },
        [
            (
                "logistic_grad(z)\n            return {",
                "logistic_grad(a)\n            return {",
                "logistic_grad(a)",
                None,
            )
        ],
    ),
    "dropout between layers, with helpers that take and give dictionaries": (
        """
        def forward_propagation_with_dropout(X, parameters, keep_prob):
            np.random.seed(1)
            W1, b1 = parameters["W1"], parameters["b1"]
            W2, b2 = parameters["W2"], parameters["b2"]
            W3, b3 = parameters["W3"], parameters["b3"]
            Z1 = np.dot(W1, X) + b1
            A1 = np.maximum(0, Z1)
            D1 = (np.random.rand(A1.shape[0], A1.shape[1]) < keep_prob).astype(int)
            A1 = A1 * D1 / keep_prob
            Z2 = np.dot(W2, A1) + b2
            A2 = np.maximum(0, Z2)
            D2 = (np.random.rand(A2.shape[0], A2.shape[1]) < keep_prob).astype(int)
            A2 = A2 * D2 / keep_prob
            A3 = sigmoid(np.dot(W3, A2) + b3)
            return A3, (Z1, D1, A1, W1, Z2, D2, A2, W2, A3, W3)

        def compute_cost(A3, Y, parameters, lambd):
            cross_entropy = -1 / Y.shape[1] * np.sum(Y * np.log(A3) + (1 - Y) * np.log(1 - A3))
            L2 = sum(np.sum(np.square(parameters["W" + str(l)])) for l in (1, 2, 3))
            return cross_entropy + lambd / (2 * Y.shape[1]) * L2

        def backward_propagation(X, Y, cache, lambd, keep_prob):
            m = X.shape[1]
            (Z1, D1, A1, W1, Z2, D2, A2, W2, A3, W3) = cache
            dZ3 = A3 - Y
            dW3 = 1. / m * np.dot(dZ3, A2.T) + lambd / m * W3
            db3 = 1. / m * np.sum(dZ3, axis=1, keepdims=True)
            dA2 = np.dot(W3.T, dZ3)
            dA2 = dA2 * D2 / keep_prob
            dZ2 = np.multiply(dA2, np.int64(Z2 > 0))
            dW2 = 1. / m * np.dot(dZ2, A1.T) + lambd / m * W2
            db2 = 1. / m * np.sum(dZ2, axis=1, keepdims=True)
            dA1 = np.dot(W2.T, dZ2)
            dA1 = dA1 * D1 / keep_prob
            dZ1 = np.multiply(dA1, np.int64(Z1 > 0))
            dW1 = 1. / m * np.dot(dZ1, X.T) + lambd / m * W1
            db1 = 1. / m * np.sum(dZ1, axis=1, keepdims=True)
            return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2, "dW3": dW3, "db3": db3}

        def update_parameters(parameters, grads, learning_rate):
            for l in range(1, len(parameters) // 2 + 1):
                parameters["W" + str(l)] -= learning_rate * grads["dW" + str(l)]
                parameters["b" + str(l)] -= learning_rate * grads["db" + str(l)]

        def train(X, Y, W1, b1, W2, b2, W3, b3, learning_rate=0.3, lambd=0.7, keep_prob=0.8):
            parameters = {"W1": W1, "b1": b1, "W2": W2, "b2": b2, "W3": W3, "b3": b3}
            for i in range(3):
                A3, cache = forward_propagation_with_dropout(X, parameters, keep_prob)
                cost = compute_cost(A3, Y, parameters, lambd)
                grads = backward_propagation(X, Y, cache, lambd, keep_prob)
                update_parameters(parameters, grads, learning_rate)
        """,
        {
            "X": N(3, 6),
            "Y": np.array([[1, 0, 0, 1, 1, 0]]),
            "W1": N(4, 3),
            "b1": 0.5 * N(4, 1),
            "W2": N(4, 4),
            "b2": 0.5 * N(4, 1),
            "W3": N(1, 4),
            "b3": N(1, 1),
        },
        [("dA2 = dA2 * D2 / keep_prob", "dA2 = dA2 * D2", "dA2 = dA2 * D2", "factor")],
    ),
    "dropout and a penalty, with the mask and the scale in lines of their own": (
        """
        def forward_propagation_with_dropout(X, parameters, keep_prob):
            np.random.seed(1)
            T1 = np.tanh(np.dot(parameters["W1"], X) + parameters["b1"])
            D1 = (np.random.rand(T1.shape[0], T1.shape[1]) < keep_prob).astype(float)
            A1 = T1 * D1 / keep_prob
            T2 = np.tanh(np.dot(parameters["W2"], A1) + parameters["b2"])
            D2 = (np.random.rand(T2.shape[0], T2.shape[1]) < keep_prob).astype(float)
            A2 = T2 * D2 / keep_prob
            e = np.exp(np.dot(parameters["W3"], A2) + parameters["b3"])
            A3 = e / np.sum(e, axis=0, keepdims=True)
            return A3, (T1, D1, A1, T2, D2, A2, A3)

        def compute_cost(A3, Y, parameters, lambd):
            l2 = sum(np.sum(np.square(parameters["W" + str(l)])) for l in (1, 2, 3))
            return -np.sum(Y * np.log(A3)) / Y.shape[1] + l2 * lambd / (2 * Y.shape[1])

        def backward_propagation_with_dropout(X, Y, parameters, cache, lambd, keep_prob):
            m = X.shape[1]
            T1, D1, A1, T2, D2, A2, A3 = cache
            W1, W2, W3 = parameters["W1"], parameters["W2"], parameters["W3"]
            dZ3 = A3 - Y
            dW3 = 1. / m * np.dot(dZ3, A2.T) + lambd / m * W3
            db3 = 1. / m * np.sum(dZ3, axis=1, keepdims=True)
            dA2 = np.dot(W3.T, dZ3)
            dA2 = dA2 * D2
            dA2 = dA2 / keep_prob
            dZ2 = dA2 * (1 - np.power(T2, 2))
            dW2 = 1. / m * np.dot(dZ2, A1.T) + lambd / m * W2
            db2 = 1. / m * np.sum(dZ2, axis=1, keepdims=True)
            dA1 = np.dot(W2.T, dZ2)
            dA1 = dA1 * D1
            dA1 = dA1 / keep_prob
            dZ1 = dA1 * (1 - np.power(T1, 2))
            dW1 = 1. / m * np.dot(dZ1, X.T) + lambd / m * W1
            db1 = 1. / m * np.sum(dZ1, axis=1, keepdims=True)
            return {"dW3": dW3, "db3": db3, "dW2": dW2, "db2": db2, "dW1": dW1, "db1": db1}

        def update_parameters(parameters, grads, learning_rate):
            for l in range(len(parameters) // 2):
                parameters["W" + str(l + 1)] -= learning_rate * grads["dW" + str(l + 1)]
                parameters["b" + str(l + 1)] -= learning_rate * grads["db" + str(l + 1)]
            return parameters

        def train(X, Y, W1, b1, W2, b2, W3, b3, learning_rate=0.2, lambd=0.5, keep_prob=0.6):
            parameters = {"W1": W1, "b1": b1, "W2": W2, "b2": b2, "W3": W3, "b3": b3}
            for i in range(3):
                A3, cache = forward_propagation_with_dropout(X, parameters, keep_prob)
                cost = compute_cost(A3, Y, parameters, lambd)
                grads = backward_propagation_with_dropout(X, Y, parameters, cache, lambd, keep_prob)
                parameters = update_parameters(parameters, grads, learning_rate)
        """,
        {
            "X": N(3, 6),
            "Y": np.eye(3)[[0, 2, 1, 1, 0, 2]].T.copy(),
            "W1": N(4, 3),
            "b1": N(4, 1),
            "W2": 0.7 * N(4, 4),
            "b2": N(4, 1),
            "W3": N(3, 4),
            "b3": N(3, 1),
        },
        [("dA2 = dA2 / keep_prob", "dA2 = dA2 * keep_prob", "dA2 = dA2 * keep_prob", "factor")],
    ),
    "a network and an optimizer with momentum, both objects": (
        """
        class MLP:
            def __init__(self, weights, biases):
                self.weights, self.biases, self.n_layers = weights, biases, len(weights)

            def forward(self, x):
                self.activations = [x]
                for i in range(self.n_layers):
                    z = self.activations[-1] @ self.weights[i] + self.biases[i]
                    self.activations.append(z if i == self.n_layers - 1 else np.tanh(z))
                return self.activations[-1]

            def backward(self, y):
                deltas = [None] * self.n_layers
                deltas[-1] = (self.activations[-1] - y) / len(y)
                for i in reversed(range(self.n_layers - 1)):
                    back = deltas[i + 1] @ self.weights[i + 1].T
                    deltas[i] = back * (1 - self.activations[i + 1] ** 2)
                nabla_w, nabla_b = [], []
                for i in range(self.n_layers):
                    nabla_w.append(self.activations[i].T @ deltas[i])
                    nabla_b.append(deltas[i].sum(axis=0))
                return nabla_w, nabla_b

        class SGDMomentum:
            def __init__(self, net, lr, mu):
                self.net, self.lr, self.mu = net, lr, mu
                self.vel_w = [np.zeros_like(w) for w in net.weights]
                self.vel_b = [np.zeros_like(b) for b in net.biases]

            def step(self, nabla_w, nabla_b):
                for i in range(len(nabla_w)):
                    self.vel_w[i] = self.mu * self.vel_w[i] - self.lr * nabla_w[i]
                    self.vel_b[i] = self.mu * self.vel_b[i] - self.lr * nabla_b[i]
                    self.net.weights[i] += self.vel_w[i]
                    self.net.biases[i] += self.vel_b[i]

        def train(X, Y, W1, b1, W2, b2, lr=0.05, mu=0.9):
            net = MLP([W1, W2], [b1, b2])
            opt = SGDMomentum(net, lr, mu)
            for epoch in range(2):
                for start in range(0, len(X), 3):
                    x, y = X[start:start + 3], Y[start:start + 3]
                    loss = 0.5 * np.sum((net.forward(x) - y) ** 2) / len(y)
                    opt.step(*net.backward(y))
        """,
        {"X": N(6, 4), "Y": N(6, 4), "W1": 0.7 * N(4, 4), "b1": N(4), "W2": 0.7 * N(4, 4), "b2": N(4)},
        [("deltas[i].sum(axis=0)", "deltas[i].mean(axis=0)", "nabla_b.append(deltas[i].mean", "factor")],
    ),
    "a factorization of ratings with biases": (
        """
        def predict(u, i, mu, bu, bi, P, Q):
            return mu + bu[u] + bi[i] + P[u, :].dot(Q[:, i])

        def train(ratings, P, Q, bu, bi, alpha=0.05, reg=0.1):
            mu, n = np.mean([r for _, _, r in ratings]), len(ratings)
            for step in range(4):
                cost = 0.
                for u, i, r in ratings:
                    cost += (r - predict(u, i, mu, bu, bi, P, Q)) ** 2
                    cost += reg * (bu[u] ** 2 + bi[i] ** 2 + np.sum(P[u] ** 2) + np.sum(Q[:, i] ** 2))
                cost /= n
                gP, gQ, gbu, gbi = (np.zeros(p.shape) for p in (P, Q, bu, bi))
                for u, i, r in ratings:
                    eui = r - predict(u, i, mu, bu, bi, P, Q)
                    gbu[u] += -2 * eui + 2 * reg * bu[u]
                    gbi[i] += -2 * eui + 2 * reg * bi[i]
                    for k in range(P.shape[1]):
                        gP[u, k] += -2 * eui * Q[k, i] + 2 * reg * P[u, k]
                        gQ[k, i] += -2 * eui * P[u, k] + 2 * reg * Q[k, i]
                P -= alpha * gP / n
                Q -= alpha * gQ / n
                bu -= alpha * gbu / n
                bi -= alpha * gbi / n
        """,
        {
            "ratings": [(0, 1, 4.0), (0, 3, 2.0), (1, 0, 5.0), (1, 1, 3.5), (2, 2, 4.5), (2, 3, 3.0)],
            "P": 0.5 * N(3, 2),
            "Q": 0.5 * N(2, 4),
            "bu": 0.3 * N(3),
            "bi": 0.3 * N(4),
        },
        [
            (
                "eui = r - predict(u, i, mu, bu, bi, P, Q)",
                "eui = r - P[u, :].dot(Q[:, i])",
                "eui = r - P[u, :].dot(Q[:, i])",
                None,
            )
        ],
    ),
    "a chain of springs fitted to what was seen": (
        """
        def stretch(x):
            s = x.copy()
            s[1:] -= x[:-1]
            return s

        def accel(x, v, k, c):
            F = -k * stretch(x) ** 3
            net = F.copy()
            net[:-1] -= F[1:]
            return net - c * v

        def train(k, c, x0, xobs, dt=0.2, lr=0.05):
            n, steps = len(k), len(xobs)
            for it in range(2):
                x, v = x0.copy(), np.zeros(n)
                xs, vs, loss = [x], [v], 0.
                for i in range(steps):
                    v = v + dt * accel(x, v, k, c)
                    x = x + dt * v
                    xs.append(x)
                    vs.append(v)
                    loss += np.sum((x - xobs[i]) ** 2) / steps
                gk, gc, gx, gv = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
                for i in range(steps - 1, -1, -1):
                    gx = gx + 2 * (xs[i + 1] - xobs[i]) / steps
                    gv = gv + dt * gx
                    ga = dt * gv
                    gc -= ga * vs[i]
                    gF = ga.copy()
                    gF[1:] -= ga[:-1]
                    s = stretch(xs[i])
                    gk -= gF * s ** 3
                    gs = -gF * 3 * k * s ** 2
                    gx = gx + gs
                    gx[:-1] -= gs[1:]
                    gv = gv - c * ga
                k -= lr * gk
                c -= lr * gc
                x0 -= lr * gx
        """,
        {
            "k": 1 + RNG.random(3),
            "c": 0.1 + 0.3 * RNG.random(3),
            "x0": 0.8 * N(3),
            "xobs": 0.6 * N(5, 3),
        },
        [("gx[:-1] -= gs[1:]", "pass", "gx = gx + gs", None)],
    ),
    "a factorization whose elements are updated one by one": (
        """
        def train(x, v, target, reg=0.1, rate=0.05, rounds=2):
            for _ in range(rounds):
                sums, loss = v @ x, 0.5 * reg * np.sum(v * v)
                loss += 0.5 * (np.sum(sums) - target) ** 2
                grad = np.zeros_like(v)
                for f in range(len(v)):
                    for i in range(len(x)):
                        grad[f, i] += (np.sum(sums) - target) * x[i]
                for f in range(len(v)):
                    for i in range(len(x)):
                        v[f, i] -= rate * (grad[f, i] + reg * v[f, i])
            return loss
        """,
        {"x": OTHER.normal(size=4), "v": OTHER.normal(size=(2, 4)), "target": 0.3},
        [("reg * v[f, i])", "2 * reg * v[f, i])", "v[f, i] -= rate", None)],
    ),
    "momentum of several parameters in one line": (
        """
        def gradients(X, A1, d2, W2):
            m = X.shape[0]
            dW2 = A1.T @ d2 / m
            db2 = d2.sum(axis=0) / m
            d1 = (d2 @ W2.T) * (1 - A1**2)
            dW1 = X.T @ d1 / m
            db1 = d1.sum(axis=0) / m
            return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}

        def train(X, Y, W1, b1, W2, b2, rate=0.3, beta=0.9, rounds=2):
            params = {"W1": W1, "b1": b1, "W2": W2, "b2": b2}
            v = {key: np.zeros_like(value) for key, value in params.items()}
            m = X.shape[0]
            for _ in range(rounds):
                A1 = np.tanh(X @ params["W1"] + params["b1"])
                out = A1 @ params["W2"] + params["b2"]
                cost = np.sum((out - Y) ** 2) / (2 * m)
                grads = gradients(X, A1, out - Y, params["W2"])
                for key in params:
                    v[key] = beta * v[key] + grads["d" + key]
                    params[key] -= rate * v[key]
            return cost
        """,
        {
            "X": OTHER.normal(size=(5, 3)),
            "Y": OTHER.normal(size=(5, 2)),
            "W1": OTHER.normal(size=(3, 4)),
            "b1": OTHER.normal(size=4),
            "W2": OTHER.normal(size=(4, 2)),
            "b2": OTHER.normal(size=2),
        },
        [("d2.sum(axis=0) / m", "d2.sum(axis=0)", "db2 = d2.sum", "factor")],
    ),
    "neurons that are dictionaries, in lists of lists": (
        """
        from math import exp

        def transfer_derivative(output):
            return output * (1.0 - output)

        def train(network, row, expected, l_rate=0.5):
            inputs = row
            for layer in network:
                new_inputs = []
                for neuron in layer:
                    activation = neuron["weights"][-1]
                    for i in range(len(neuron["weights"]) - 1):
                        activation += neuron["weights"][i] * inputs[i]
                    neuron["output"] = 1.0 / (1.0 + exp(-activation))
                    new_inputs.append(neuron["output"])
                inputs = new_inputs
            sum_error = 0.5 * sum([(expected[i] - inputs[i]) ** 2 for i in range(len(expected))])
            for i in reversed(range(len(network))):
                layer = network[i]
                errors = list()
                if i != len(network) - 1:
                    for j in range(len(layer)):
                        error = 0.0
                        for neuron in network[i + 1]:
                            error += neuron["weights"][j] * neuron["delta"]
                        errors.append(error)
                else:
                    for j in range(len(layer)):
                        errors.append(layer[j]["output"] - expected[j])
                for j in range(len(layer)):
                    layer[j]["delta"] = errors[j] * transfer_derivative(layer[j]["output"])
            for i in range(len(network)):
                inputs = row
                if i != 0:
                    inputs = [neuron["output"] for neuron in network[i - 1]]
                for neuron in network[i]:
                    for j in range(len(inputs)):
                        neuron["weights"][j] -= l_rate * neuron["delta"] * inputs[j]
                    neuron["weights"][-1] -= l_rate * neuron["delta"]
            return sum_error
        """,
        {
            "network": [
                [{"weights": OTHER.normal(size=3)} for _ in range(3)],
                [{"weights": OTHER.normal(size=4)} for _ in range(3)],
                [{"weights": OTHER.normal(size=4)} for _ in range(2)],
            ],
            "row": OTHER.normal(size=2),
            "expected": [0, 1],
        },
        [("return output * (1.0 - output)", "return 1.0 - output", "return 1.0 - output", None)],
    ),
    "a delay line, which is filled before the loss and is no parameter": (
        """
        def train(taps, v, far, mic, mu=0.02, leak=0.05):
            line = np.zeros(len(taps))
            costs = []
            for n in range(len(far)):
                line[1:] = line[:-1].copy()
                line[0] = far[n]
                hidden = np.tanh(line)
                e = mic[n] - taps @ line - v @ hidden
                costs.append(0.5 * e**2 + 0.5 * leak * np.sum(taps**2))
                d_taps = -e * line + leak * taps
                d_v = -e * hidden
                taps -= mu * d_taps
                v -= mu * d_v
            return costs
        """,
        {
            "taps": OTHER.normal(size=4),
            "v": OTHER.normal(size=4),
            "far": OTHER.normal(size=5),
            "mic": OTHER.normal(size=5),
        },
        [
            ("-e * line + leak * taps", "-e * line - leak * taps", "d_taps = ", "sign"),
            ("d_v = -e * hidden", "d_v = -e * line", "d_v = ", "wrong-variable"),
        ],
    ),
    "single numbers put beside arrays, and a function of math made one of arrays": (
        """
        import math

        def forward(x, W, counts):
            v = np.concatenate([[x[0]], np.tanh(x), [1.0]])
            rate = np.exp(W @ v)
            return np.sum(rate - counts * np.log(rate) + np.vectorize(math.lgamma)(counts + 1)), (v, rate)

        def backward(x, W, counts, cache):
            v, rate = cache
            dz = rate - counts
            dW = np.outer(dz, v)
            dv = W.T @ dz
            dx = dv[1:-1] * (1 - np.tanh(x) ** 2)
            dx[0] += dv[0]
            return {"x": dx, "W": dW}
        """,
        {
            "x": OTHER.normal(size=3),
            "W": 0.4 * OTHER.normal(size=(4, 5)),
            "counts": np.array([0.0, 2.0, 1.0, 3.0]),
        },
        [
            ("dz = rate - counts", "dz = counts - rate", "dz = ", None),
            ("dx[0] += dv[0]", "dx[0] += dv[1]", "dx[0] += ", "wrong-variable"),
        ],
    ),
    "layers with masks, whose gradients are returned as a list of dictionaries": (
        """
        def forward(layers, x):
            caches = []
            for layer in layers:
                p, m = layer["params"], layer["m"]
                u = np.tanh((x * m) @ p["W"] + p["b"])
                caches.append((x, u))
                x = x * m + (1 - m) * (x * np.exp(p["s"]) + u)
            return np.mean(np.sum(x**2, axis=1)), (caches, x)

        def layer_backward(layer, dy, cache):
            x, u = cache
            p, m, g = layer["params"], layer["m"], {}
            free = dy * (1 - m)
            g["s"] = (free * x).sum(0) * np.exp(p["s"])
            da = free * (1 - u ** 2)
            g["W"] = (x * m).T @ da
            g["b"] = da.sum(0)
            return dy * m + free * np.exp(p["s"]) + (da @ p["W"].T) * m, g

        def backward(layers, cache):
            caches, z = cache
            dz = 2 * z / len(z)
            grads = [None] * len(layers)
            for i in reversed(range(len(layers))):
                dz, grads[i] = layer_backward(layers[i], dz, caches[i])
            return grads
        """,
        {
            "layers": [
                {
                    "m": np.array(mask, float),
                    "params": {
                        "W": OTHER.normal(size=(4, 4)),
                        "b": OTHER.normal(size=4),
                        "s": OTHER.normal(size=4),
                    },
                }
                for mask in ([1, 0, 1, 0], [0, 1, 0, 1], [1, 1, 0, 0])
            ],
            "x": OTHER.normal(size=(5, 4)),
        },
        [
            ("free = dy * (1 - m)", "free = dy", "free = dy", None),
            ('+ (da @ p["W"].T) * m', '+ da @ p["W"].T', "+ da @ p", None),
        ],
    ),
    "two networks that are trained in turn, each by a loss of its own": (
        """
        def train(G, D, real, z, lr=0.1):
            s = lambda v: 1 / (1 + np.exp(-v))
            fake = np.tanh(z @ G["w"]) @ G["v"]
            batch = np.vstack([real, fake])
            label = np.r_[np.ones(len(real)), np.zeros(len(fake))]
            h = np.tanh(batch @ D["w"])
            logit = h @ D["v"]
            d_loss = np.mean(np.logaddexp(0, logit) - label * logit)
            delta = (s(logit) - label) / len(batch)
            dv = h.T @ delta
            dw = batch.T @ (np.outer(delta, D["v"]) * (1 - h**2))
            D["v"] -= lr * dv
            D["w"] -= lr * dw

            hidden = np.tanh(z @ G["w"])
            fake = hidden @ G["v"]
            h = np.tanh(fake @ D["w"])
            logit = h @ D["v"]
            g_loss = np.mean(np.logaddexp(0, -logit))
            delta = -s(-logit) / len(z)
            dfake = (np.outer(delta, D["v"]) * (1 - h**2)) @ D["w"].T
            dGv = hidden.T @ dfake
            dGw = z.T @ ((dfake @ G["v"].T) * (1 - hidden**2))
            G["v"] -= lr * dGv
            G["w"] -= lr * dGw
            return d_loss, g_loss
        """,
        {
            "G": {"w": OTHER.normal(size=(3, 4)), "v": OTHER.normal(size=(4, 2))},
            "D": {"w": OTHER.normal(size=(2, 5)), "v": OTHER.normal(size=5)},
            "real": OTHER.normal(size=(6, 2)),
            "z": OTHER.normal(size=(5, 3)),
        },
        [
            ("dv = h.T @ delta", "dv = h.T @ delta * 2", "dv = ", "factor"),
            ("delta = -s(-logit) / len(z)", "delta = s(-logit) / len(z)", "delta = s(-logit)", "sign"),
            ('(dfake @ G["v"].T) * (1 - hidden**2)', '(dfake @ G["v"].T) * hidden', "dGw = ", None),
        ],
    ),
    "updates by AdaGrad that has run before, of gradients in a dictionary that are clipped": (
        """
        def train(p, mem, x, y, lr=0.1):
            h = np.tanh(x @ p["W"] + p["b"])
            loss = np.sum((h @ p["V"] - y) ** 2)
            d = {k: np.zeros_like(v) for k, v in p.items()}
            dout = 2 * (h @ p["V"] - y)
            d["V"] += h.T @ dout
            dz = dout @ p["V"].T * (1 - h**2)
            d["W"] += x.T @ dz
            d["b"] += dz.sum(axis=0)
            for k in p:
                np.clip(d[k], -50, 50, out=d[k])
                mem[k] += d[k] * d[k]
                p[k] += -lr * d[k] / np.sqrt(mem[k] + 1e-8)
            return loss
        """,
        {
            "p": {"W": OTHER.normal(size=(3, 4)), "b": OTHER.normal(size=4), "V": OTHER.normal(size=(4, 2))},
            "mem": {"W": np.full((3, 4), 0.7), "b": np.full(4, 1.3), "V": np.full((4, 2), 0.9)},
            "x": OTHER.normal(size=(5, 3)),
            "y": OTHER.normal(size=(5, 2)),
        },
        [
            ('dz = dout @ p["V"].T * (1 - h**2)', 'dz = dout @ p["V"].T * (1 - h)', "dz = ", None),
            ('d["V"] += h.T @ dout', 'd["V"] -= h.T @ dout', 'd["V"] -= ', "sign"),
        ],
    ),
    "ratings one by one, with a total that is appended": (
        """
        def train(P, Q, bias, ratings, lr=0.05, reg=0.1, epochs=2):
            history = []
            for _ in range(epochs):
                total = 0.0
                for u, i, r in ratings:
                    pu, qi = P[u].copy(), Q[i].copy()
                    e = bias[u] + pu @ qi - r
                    total += 0.5 * e * e + 0.5 * reg * (pu @ pu + qi @ qi + bias[u] ** 2)
                    bias[u] -= lr * (e + reg * bias[u])
                    P[u] -= lr * (e * qi + reg * pu)
                    Q[i] -= lr * (e * pu + reg * qi)
                history.append(total)
            return history
        """,
        {
            "P": OTHER.normal(size=(3, 2)),
            "Q": OTHER.normal(size=(4, 2)),
            "bias": OTHER.normal(size=3),
            "ratings": [(0, 1, 4.0), (1, 3, 2.0), (2, 0, 5.0)],
        },
        [
            ("lr * (e * pu + reg * qi)", "lr * (e * pu - reg * qi)", "Q[i] -= ", "sign"),
            ("lr * (e * qi + reg * pu)", "lr * (e * Q[u] + reg * pu)", "P[u] -= ", None),
        ],
    ),
    "pairs one by one, with a total of which nothing is made": (
        """
        def train(U, V, bias, triples, lr=0.05, reg=0.1, epochs=2):
            for _ in range(epochs):
                total = 0.0
                for u, i, j in triples:
                    x = U[u] @ (V[i] - V[j]) + bias[i] - bias[j]
                    total += np.log1p(np.exp(-x))
                    total += 0.5 * reg * (U[u] @ U[u] + V[i] @ V[i] + V[j] @ V[j])
                    e = -1.0 / (1.0 + np.exp(x))
                    g_u = e * (V[i] - V[j]) + reg * U[u]
                    g_i = e * U[u] + reg * V[i]
                    g_j = -e * U[u] + reg * V[j]
                    U[u] -= lr * g_u
                    V[i] -= lr * g_i
                    V[j] -= lr * g_j
                    bias[i] -= lr * e
                    bias[j] -= lr * -e
                print(total)
        """,
        {
            "U": OTHER.normal(size=(3, 2)),
            "V": OTHER.normal(size=(4, 2)),
            "bias": OTHER.normal(size=4),
            "triples": [(0, 1, 2), (1, 3, 0)],
        },
        [
            ("g_j = -e * U[u] + reg * V[j]", "g_j = -e * U[u] - reg * V[j]", "g_j = ", "sign"),
            ("g_u = e * (V[i] - V[j])", "g_u = e * (V[i] + V[j])", "g_u = ", "sign"),
        ],
    ),
    "a kernel of distances, whose root is 0 on the diagonal": (
        """
        def forward(x, y, ell, noise):
            D2 = (x[:, None] - x[None, :]) ** 2 / ell**2
            D = np.sqrt(D2)
            K = (1 + D) * np.exp(-D) + noise * np.eye(len(x))
            L = np.linalg.cholesky(K)
            alpha = np.linalg.solve(K, y)
            return 0.5 * y @ alpha + np.sum(np.log(np.diag(L))) + np.sum(np.full(2, noise)), (D2, D, K, alpha)

        def backward(x, y, ell, noise, cache):
            D2, D, K, alpha = cache
            GK = 0.5 * (np.linalg.inv(K) - np.outer(alpha, alpha))
            GD2 = GK * (-0.5) * np.exp(-D)
            d_ell = np.sum(GD2 * D2) * (-2 / ell)
            d_noise = np.trace(GK) + 2
            return {"ell": d_ell, "noise": d_noise}
        """,
        {"x": np.sort(OTHER.normal(size=5)), "y": OTHER.normal(size=5), "ell": 0.9, "noise": 0.3},
        [
            ("(-2 / ell)", "(-2 / ell**2)", "d_ell = ", "factor"),
            ("np.trace(GK) + 2", "np.sum(GK) + 2", "d_noise = ", None),
        ],
    ),
    "sandwiches, sums with a transpose and projections in a backward pass through time": (
        """
        def forward(F, S, z):
            P, losses, tape = np.eye(len(F)), 0.0, []
            for _ in range(4):
                tape.append(P)
                P = F @ P @ F.T + S @ S.T
                losses = losses + z @ P @ z
            n = z / np.sqrt(z @ z)
            return losses + np.sum(np.sin(n)), (tape, P, n)

        def backward(F, S, z, cache):
            tape, P_last, n = cache
            dF, dS, dz, dP = np.zeros_like(F), np.zeros_like(S), np.zeros_like(z), np.zeros_like(F)
            for P in tape[::-1]:
                P_next = F @ P @ F.T + S @ S.T
                dP = dP + np.outer(z, z)
                dz = dz + (P_next + P_next.T) @ z
                dF = dF + (dP + dP.T) @ F @ P
                dS = dS + (dP + dP.T) @ S
                dP = F.T @ dP @ F
            dn = np.cos(n)
            dz = dz + (dn - n * (n @ dn)) / np.sqrt(z @ z)
            return dF, dS, dz
        """,
        {"F": 0.5 * OTHER.normal(size=(3, 3)), "S": OTHER.normal(size=(3, 3)), "z": OTHER.normal(size=3)},
        [
            ("dP = F.T @ dP @ F", "dP = F @ dP @ F.T", "dP = F @ dP", "transpose"),
            ("dS = dS + (dP + dP.T) @ S", "dS = dS + dP @ S", "dS = ", None),
            ("(dn - n * (n @ dn)) / np", "dn / np", "dz = dz + dn", None),
        ],
    ),
    "a swish, a sparsity in brackets, and a branch whose result is added": (
        """
        def forward(x, W, V, U, y, beta=0.3):
            z = x @ W
            s = 1 / (1 + np.exp(-z))
            h = z * s
            mean = np.mean(h, axis=0)
            left, right = h @ V, np.tanh(h @ U)
            out = left + right
            return np.sum((out - y) ** 2) + beta * np.sum(mean**2), (z, s, h, mean, right, out)

        def tanh_back(d, right, h, U):
            dz = d * (1 - right**2)
            return dz @ U.T, h.T @ dz

        def backward(x, W, V, U, y, cache, beta=0.3):
            z, s, h, mean, right, out = cache
            d = 2 * (out - y)
            dV = h.T @ d
            dh, dU = tanh_back(d, right, h, U)
            dh += d @ V.T
            dh += 2 * beta * mean / len(x)
            dz = dh * (s * (1 + z * (1 - s)))
            return {"W": x.T @ dz, "V": dV, "U": dU}
        """,
        {
            "x": OTHER.normal(size=(6, 3)),
            "W": OTHER.normal(size=(3, 4)),
            "V": OTHER.normal(size=(4, 2)),
            "U": OTHER.normal(size=(4, 2)),
            "y": OTHER.normal(size=(6, 2)),
        },
        [
            ("(s * (1 + z * (1 - s)))", "(s * (1 - s))", "dz = ", None),
            ("s * (1 + z * (1 - s))", "s * (1 + z) * (1 - s)", "dz = ", None),
            ("dh += d @ V.T", "dh = d @ V.T", "dh = d @ V.T", "overwritten"),
            ("2 * beta * mean / len(x)", "2 * beta * mean", "dh += 2 * beta", "factor"),
        ],
    ),
}


test_right, test_mistake = checks_of(CASES)


@pytest.mark.parametrize(("factor", "ok"), [("w", True), ("w * w", False)])
def test_an_input_may_be_called_as_the_gradient_of_another(factor, ok):
    forward, backward = pair_of(
        f"""
        def forward(w, amp, damp, t):
            y = amp * np.cos(t) - damp * w
            return np.sum(y**2), y

        def backward(w, amp, damp, t, y):
            g = 2 * y
            return {{"amp": np.sum(g * np.cos(t)), "damp": -np.sum(g * {factor})}}
        """
    )
    report = check.derivation(forward, backward, {"w": N(4), "amp": 0.7, "damp": 0.4, "t": N(4)})
    assert report.inputs["amp"] == "right"
    assert report.inputs["damp"] == ("right" if ok else "wrong")


def fit(z):
    for _ in range(3):
        z = z * z
    return z


def test_what_loops_is_not_run_to_tell_whether_a_helper_is_its_slope():
    assert list(bases("fit_grad", {"fit": fit, "fit_grad": fit})) == []
    assert list(bases("npair_of_grad", {"pair": N})) == [N]
