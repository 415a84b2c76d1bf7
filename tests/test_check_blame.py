"""Which line `check` blames where several could be: in closures, in helpers, in sums that go on, in loops.

As tests/planted.py says, a mistake is planted by changing a piece of the source.
"""

import random

import numpy as np
import pytest

from autograd import check

from .planted import checks_of, pair_of, train_of

RNG = np.random.default_rng(35)


def N(*shape):  # noqa: N802  # as in mathematics
    return RNG.normal(size=shape)


CASES = {
    "closures": (
        """
        def affine(x, W):
            def pull(g):
                return g @ W.T, x.T @ g
            return x @ W, pull

        def bend(x):
            return np.log(1 + np.exp(x)), lambda g: g / (1 + np.exp(-x))

        def gap(p, t):
            d = p - t
            return (d**2).sum() / len(t), lambda: 2 * d / len(t)

        def forward(x, t, U, V):
            a, back_a = affine(x, U)
            h, back_h = bend(a)
            p, back_p = affine(h, V)
            loss, back_loss = gap(p, t)
            dh, dV = back_p(back_loss())
            _, dU = back_a(back_h(dh))
            return loss, {"U": dU, "V": dV}
        """,
        {"x": N(5, 3), "t": N(5, 3), "U": N(3, 3), "V": N(3, 3)},
        [
            ("lambda: 2 * d / len(t)", "lambda: d / len(t)", "lambda: d / len(t)", "factor"),
            ("g / (1 + np.exp(-x))", "g / (1 + np.exp(x))", "lambda g: g / (1 + np.exp(x))", None),
            ("back_a(back_h(dh))", "back_a(dh)", "_, dU = back_a(dh)", None),
        ],
    ),
    "a mean over the data to which a penalty is added": (
        """
        def forward(W, X, y, reg):
            loss, dW = 0.0, np.zeros(W.shape)
            num_train, num_classes = X.shape[0], W.shape[1]
            for i in range(num_train):
                scores = X[i].dot(W)
                correct = scores[y[i]]
                for j in range(num_classes):
                    if j == y[i]:
                        continue
                    margin = scores[j] - correct + 1
                    if margin > 0:
                        loss += margin
                        dW[:, j] += X[i]
                        dW[:, y[i]] -= X[i]
            loss /= num_train
            dW /= num_train
            loss += reg * np.sum(W * W)
            dW += 2 * reg * W
            return loss, dW
        """,
        {"W": N(4, 3), "X": N(6, 4), "y": np.array([0, 1, 2, 0, 1, 1]), "reg": 0.3},
        [
            ("dW[:, y[i]] -= X[i]", "pass", "dW[:, j] += X[i]", "missing-term"),
            ("dW[:, j] += X[i]", "pass", "dW[:, y[i]] -= X[i]", "missing-term"),
            ("dW /= num_train", "dW /= num_classes", "dW /= num_classes", "wrong-variable"),
            ("dW += 2 * reg * W", "pass", "dW /= num_train", "missing-term"),
            ("dW += 2 * reg * W", "dW += reg * W", "dW += reg * W", "factor"),
        ],
    ),
    "more samples than features, so that other values before the last line could make anything": (
        """
        def forward(W, X, y, reg):
            N, scores = len(X), X @ W
            p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
            loss = -np.mean(np.log(p[np.arange(N), y])) + 0.5 * reg * np.sum(W * W)
            ds = p.copy()
            ds[np.arange(N), y] -= 1
            ds /= N
            dW = X.T @ ds
            dW += reg * W
            return loss, dW
        """,
        {"W": N(4, 3), "X": N(6, 4), "y": np.array([0, 1, 2, 0, 1, 1]), "reg": 0.3},
        [("dW += reg * W", "pass", "dW = X.T @ ds", "missing-term")],
    ),
    "a sum in a loop, whose lines are given what is wrong from the second round on": (
        """
        def forward(k, c, x0, n):
            x, v, loss = x0, 0.0, 0.0
            states = []
            for t in range(n):
                states.append((x, v))
                a = -k * np.sin(x) - c * v
                v = v + 0.1 * a
                x = x + 0.1 * v
                loss = loss + 0.5 * x**2
            return loss, (states, x)

        def backward(k, c, n, cache):
            states, last = cache
            gk = gc = lx = lv = 0.0
            after = last
            for t in range(n - 1, -1, -1):
                x, v = states[t]
                lx += after
                lv += 0.1 * lx
                la = 0.1 * lv
                gk -= la * np.sin(x)
                gc -= la * v
                lx -= la * k * np.cos(x)
                lv -= la * c
                after = x
            return {"k": gk, "c": gc, "x0": lx}
        """,
        {"k": 1.3, "c": 0.4, "x0": 0.9, "n": 6},
        [
            ("gk -= la * np.sin(x)", "gk -= la * np.cos(x)", "gk -= la * np.cos(x)", None),
            ("lx -= la * k * np.cos(x)", "lx -= la * k * np.sin(x)", "lx -= la * k * np.sin(x)", None),
            ("gc -= la * v", "gc += la * v", "gc += la * v", "sign"),
            ("lv += 0.1 * lx", "lv = 0.1 * lx", "lv = 0.1 * lx", "overwritten"),
        ],
    ),
    "masks, slopes and unknown values that a line reads": (
        """
        def sigmoid(z):
            return 1 / (1 + np.exp(-z))

        def sigmoid_prime(z):
            return sigmoid(z) * (1 - sigmoid(z))

        def forward(X, W, V, U):
            z = X @ W
            h = sigmoid(z)
            a = h @ V
            tiles = a.reshape(len(X), 3, 2)
            pooled = tiles.max(axis=2)
            s = pooled @ U
            e = np.exp(s)
            p = e / e.sum(axis=1, keepdims=True)
            return -np.log(p[:, 0]).sum(), (z, h, a, tiles, pooled, p)

        def backward(X, W, V, U, cache):
            z, h, a, tiles, pooled, p = cache
            dp = np.zeros_like(p)
            dp[:, 0] = -1 / p[:, 0]
            inner = np.sum(dp * p, axis=1, keepdims=True)
            ds = p * (dp - inner)
            dpooled = ds @ U.T
            mask = tiles == pooled[:, :, None]
            da = (mask * dpooled[:, :, None]).reshape(a.shape)
            sp = sigmoid_prime(z)
            dz = da @ V.T * sp
            return {"W": X.T @ dz, "V": h.T @ da, "U": pooled.T @ ds}
        """,
        {"X": N(5, 3), "W": N(3, 4), "V": N(4, 6), "U": N(3, 4)},
        [
            ("mask = tiles == pooled[:, :, None]", "mask = tiles >= 0", "mask = tiles >= 0", None),
            ("mask = tiles == pooled[:, :, None]", "mask = np.ones_like(tiles)", "mask = np.ones_like", None),
            ("sp = sigmoid_prime(z)", "sp = sigmoid(z)", "sp = sigmoid(z)", None),
            ("inner = np.sum(dp * p, axis", "inner = np.sum(dp, axis", "inner = np.sum(dp, axis", None),
            (
                "return sigmoid(z) * (1 - sigmoid(z))",
                "return 2 * sigmoid(z) * (1 - sigmoid(z))",
                "return 2 *",
                None,
            ),
        ],
    ),
    "helpers that did their part, and those that did not": (
        """
        def affine_grad(g, x, W):
            return g @ W.T, x.T @ g

        def swish_grad(g, x):
            s = 1 / (1 + np.exp(-x))
            return g * (s + x * s * (1 - s))

        def tanh_grad(g, h):
            return g * (1 - h**2)

        def forward(x, W, V, t):
            a = x @ W
            h = a / (1 + np.exp(-a))
            u = np.tanh(h @ V) + h
            return np.sum((u - t) ** 2), (a, h, np.tanh(h @ V), u)

        def backward(x, W, V, t, cache):
            a, h, q, u = cache
            du = 2 * (u - t)
            dh, dV = affine_grad(tanh_grad(du, q), h, V)
            dx, dW = affine_grad(swish_grad(dh + du, a), x, W)
            return dx, dW, dV
        """,
        {"x": N(5, 3), "W": N(3, 4), "V": N(4, 4), "t": N(5, 4)},
        [
            (
                "return g * (s + x * s * (1 - s))",
                "return s + x * s * (1 - s)",
                "return s + x",
                "missing-factor",
            ),
            (
                "affine_grad(swish_grad(dh + du, a), x, W)",
                "affine_grad(dh + du, x, W)",
                "(dh + du, x, W)",
                None,
            ),
            ("swish_grad(dh + du, a)", "swish_grad(dh, a)", "swish_grad(dh, a)", "missing-term"),
            ("swish_grad(dh + du, a)", "swish_grad(dh + du, h)", "swish_grad(dh + du, h)", "wrong-variable"),
            ("affine_grad(tanh_grad(du, q), h, V)", "affine_grad(du, h, V)", "affine_grad(du, h, V)", None),
        ],
    ),
    "an array that is written in parts, and scaled at the end": (
        """
        def forward(X, A, B, t, lam):
            a, b = X @ A, X @ B
            loss = np.sum((a - t) ** 2 + np.log(1 + np.exp(b)))
            return loss / len(X) + lam * np.sum(A * A), (a, b)

        def backward(X, A, B, t, lam, cache):
            a, b = cache
            m = a.shape[1]
            d = np.zeros((len(X), 2 * m))
            d[:, :m] = 2 * (a - t)
            d[:, m:] = 1 / (1 + np.exp(-b))
            d /= len(X)
            dA = X.T @ d[:, :m] + 2 * lam * A
            dB = X.T @ d[:, m:]
            return {"A": dA, "B": dB}
        """,
        {"X": N(6, 3), "A": N(3, 2), "B": N(3, 2), "t": N(6, 2), "lam": 0.2},
        [
            ("d[:, :m] = 2 * (a - t)", "d[:, :m] = 2 * a", "d[:, :m] = 2 * a", None),
            ("d[:, m:] = 1 / (1 + np.exp(-b))", "d[:, m:] = 1 / (1 + np.exp(b))", "d[:, m:] =", None),
            ("d /= len(X)", "d /= m", "d /= m", None),
            (" + 2 * lam * A", "", "dA = X.T @ d[:, :m]", "missing-term"),
            (" + 2 * lam * A", " + lam * A", "dA = X.T @ d[:, :m] + lam * A", "factor"),
        ],
    ),
    "a sum to which a penalty is added": (
        """
        def forward(W, X, y, reg):
            loss, dW = 0.0, np.zeros(W.shape)
            for i in range(len(X)):
                s = X[i] @ W
                p = np.exp(s) / np.sum(np.exp(s))
                loss = loss - np.log(p[y[i]])
                for j in range(W.shape[1]):
                    dW[:, j] += (p[j] - (j == y[i])) * X[i]
            loss = loss / len(X) + reg * np.sum(W**2)
            dW /= len(X)
            dW += 2 * reg * W
            return loss, dW
        """,
        {"W": N(3, 3), "X": N(4, 3), "y": np.array([0, 2, 1, 1]), "reg": 0.1},
        [
            ("(j == y[i])", "(j == y[j])", "dW[:, j] += ", "wrong-variable"),
            ("dW[:, j] +=", "dW[j] +=", "dW[j] += ", "wrong-variable"),
            ("dW[:, j] +=", "dW[:, j] =", "dW[:, j] = ", "overwritten"),
            ("dW /= len(X)", "dW /= len(X) * W.shape[1]", "dW /= len(X) * W.shape[1]", "factor"),
            ("dW += 2 * reg", "dW += reg", "dW += reg", "factor"),
        ],
    ),
    "one helper in two places": (
        """
        def norm(x, gain):
            r = 1 / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-6)
            return x * r * gain, r

        def norm_back(d, x, r, gain):
            dn = d * gain
            dgain = (d * x * r).sum(0)
            return r * dn - x * r**3 * (dn * x).mean(-1, keepdims=True), dgain

        def forward(x, t, params):
            n1, r1 = norm(x, params["one"]["gain"])
            x1 = x + n1 @ params["W"]
            n2, r2 = norm(x1, params["two"]["gain"])
            x2 = x1 + np.tanh(n2)
            return ((x2 - t) ** 2).sum()

        def backward(x, t, params, n1, r1, x1, n2, r2, x2):
            d2 = 2 * (x2 - t)
            dn2 = d2 * (1 - np.tanh(n2) ** 2)
            dx1, dg2 = norm_back(dn2, x1, r2, params["two"]["gain"])
            d1 = d2 + dx1
            dn1 = d1 @ params["W"].T
            dx, dg1 = norm_back(dn1, x, r1, params["one"]["gain"])
            return d1 + dx, {"W": n1.T @ d1, "one": {"gain": dg1}, "two": {"gain": dg2}}
        """,
        {"x": N(4, 3), "t": N(4, 3), "params": {"W": N(3, 3), "one": {"gain": N(3)}, "two": {"gain": N(3)}}},
        [
            ("d1 = d2 + dx1", "d1 = dx1", "d1 = dx1", "missing-term"),
            ("return d1 + dx,", "return dx,", "return dx,", "missing-term"),
            ("x * r**3 *", "x * r**2 *", "return r * dn - x * r**2", None),
            ("(dn1, x, r1,", "(dn1, x, r2,", "dx, dg1 = norm_back(dn1, x, r2,", "wrong-variable"),
            ('"one": {"gain": dg1}', '"one": {"gain": dg2}', '"one": {"gain": dg2}', None),
        ],
    ),
    "gradients that a generator yields": (
        """
        def forward(w, V, X, t):
            return np.sum((np.tanh(X @ V) @ w - t) ** 2) / 2

        def samples(w, V, X, t):
            for x, goal in zip(X, t):
                h = np.tanh(x @ V)
                e = h @ w - goal
                yield e * h, np.outer(x, e * w * (1 - h * h))

        def backward(w, V, X, t):
            parts = list(samples(w, V, X, t))
            return sum(p[0] for p in parts), sum(p[1] for p in parts)
        """,
        {"w": N(3), "V": N(3, 3), "X": N(4, 3), "t": N(4)},
        [
            ("yield e * h,", "yield h,", "yield h,", "missing-factor"),
            ("* (1 - h * h))", ")", "yield e * h, np.outer(x, e * w", "missing-factor"),
        ],
    ),
    "keys made of f-strings": (
        """
        def slope(z):
            return np.where(z > 0, 1.0, 0.1)

        def forward(X, Y, params):
            cache = {"a0": X}
            for l in range(1, 4):
                cache[f"z{l}"] = params[f"W{l}"] @ cache[f"a{l - 1}"]
                cache[f"a{l}"] = np.where(cache[f"z{l}"] > 0, cache[f"z{l}"], 0.1 * cache[f"z{l}"])
            return np.mean((cache["a3"] - Y) ** 2), cache

        def backward(params, cache, Y):
            grads, da = {}, 2 * (cache["a3"] - Y) / Y.size
            for l in reversed(range(1, 4)):
                dz = da * slope(cache[f"z{l}"])
                grads[f"W{l}"] = dz @ cache[f"a{l - 1}"].T
                da = params[f"W{l}"].T @ dz
            return grads
        """,
        {"X": N(3, 5), "Y": N(3, 5), "params": {f"W{i}": N(3, 3) for i in (1, 2, 3)}},
        [
            ('slope(cache[f"z{l}"])', 'slope(cache[f"z{l - 1 or 1}"])', "dz = da * slope(", None),
            ('params[f"W{l}"].T @ dz', 'params[f"W{l}"] @ dz', "da = params[", "transpose"),
        ],
    ),
    "a loop that ends too early": (
        """
        def forward(x, W, U, h0):
            hs = [h0]
            for t in range(4):
                hs.append(np.tanh(x[t] @ W + hs[-1] @ U))
            return np.sum(hs[-1] ** 2), hs

        def backward(x, W, U, hs):
            dW, dU, dh = np.zeros(W.shape), np.zeros(U.shape), 2 * hs[-1]
            for t in range(3, -1, -1):
                da = dh * (1 - hs[t + 1] ** 2)
                dW += x[t].T @ da
                dU += hs[t].T @ da
                dh = da @ U.T
            dh0 = dh
            return dW, dU, dh0
        """,
        {"x": N(4, 2, 3), "W": N(3, 3), "U": N(3, 3), "h0": N(2, 3)},
        [
            ("range(3, -1, -1)", "range(3, 0, -1)", "for t in range(3, 0, -1)", "missing-term"),
            ("dU += hs[t].T", "dU += hs[t + 1].T", "dU += hs[t + 1].T", "wrong-variable"),
        ],
    ),
    "numbers": (
        """
        def slope(s):
            return 1 / (1 + np.exp(-s)) * (1 - 1 / (1 + np.exp(-s)))

        def forward(x, y, w1, w2, b1):
            s1 = w1 * x + b1
            h1 = 1 / (1 + np.exp(-s1))
            p = w2 * h1
            return (y - p) ** 2

        def backward(x, y, w2, s1, h1, p):
            d_L_d_p = -2 * (y - p)
            d_p_d_h1 = w2
            d_h1_d_w1 = x * slope(s1)
            return {
                "w1": d_L_d_p * d_p_d_h1 * d_h1_d_w1,
                "w2": d_L_d_p * h1,
                "b1": d_L_d_p * d_p_d_h1 * slope(s1),
            }
        """,
        {"x": 1.5, "y": 0.3, "w1": 0.4, "w2": -0.7, "b1": 0.2},
        [
            ("-2 * (y - p)", "2 * (y - p)", "d_L_d_p = 2 * (y - p)", "sign"),
            ('"w2": d_L_d_p * h1', '"w2": d_L_d_p * p', '"w2": d_L_d_p * p', "wrong-variable"),
        ],
    ),
    "a series of gradients that carry a constant": (
        """
        def dense_back(dZ, A, W):
            return W.T @ dZ, dZ @ A.T / A.shape[1]

        def forward(X, Y, params):
            A, saved = X, []
            for l in range(1, 4):
                saved.append((A, params["W" + str(l)]))
                A = np.tanh(params["W" + str(l)] @ A)
            return np.sum((A - Y) ** 2) / Y.shape[1], saved, A

        def backward(saved, A, Y):
            grads, dA = {}, 2 * (A - Y)
            for l in range(3, 0, -1):
                before, W = saved[l - 1]
                dZ = dA * (1 - A**2)
                dA, grads["dW" + str(l)] = dense_back(dZ, before, W)
                grads["dA" + str(l - 1)] = dA
                A = before
            return grads
        """,
        {"X": N(3, 4), "Y": N(3, 4), "params": {f"W{i}": N(3, 3) for i in (1, 2, 3)}},
        [
            ("return W.T @ dZ,", "return W @ dZ,", "return W @ dZ,", None),
            ("2 * (A - Y)", "2 * (A + Y)", "2 * (A + Y)", "sign"),
        ],
    ),
    "norms with a cache each": (
        """
        def scale_to_one(x, g):
            size = np.sqrt(np.sum(x**2, axis=1, keepdims=True))
            u = x / size
            return g * u, (u, size, g)

        def scale_back(dout, cache):
            u, size, g = cache
            dg = np.sum(dout * u, axis=0)
            du = dout * g
            return (du - u * np.sum(u * du, axis=1, keepdims=True)) / size, dg

        def forward(x, W, g1, g2):
            a, first = scale_to_one(x @ W, g1)
            b, second = scale_to_one(np.tanh(a) + 1, g2)
            return b, (first, second, x, W, a)

        def backward(dout, cache):
            first, second, x, W, a = cache
            dt, dg2 = scale_back(dout, second)
            da = dt * (1 - np.tanh(a) ** 2)
            dz, dg1 = scale_back(da, first)
            return dz @ W.T, x.T @ dz, dg1, dg2
        """,
        {"x": N(4, 3), "W": N(3, 3), "g1": N(3), "g2": N(3)},
        [
            ("(da, first)", "(da, second)", "dz, dg1 = scale_back(da, second)", "wrong-variable"),
        ],
    ),
    "what a round hands to the next": (
        """
        def forward(xs, W, U, gate):
            h, hs = np.zeros(3), []
            for x in xs:
                h = gate * h + (1 - gate) * np.tanh(W @ x + U @ h)
                hs.append(h)
            return 0.5 * np.sum(np.array(hs) ** 2), hs

        def backward(xs, W, U, gate, hs):
            dW, dU, dgate = np.zeros_like(W), np.zeros_like(U), np.zeros_like(gate)
            dnext = np.zeros(3)
            for t in reversed(range(len(xs))):
                before = hs[t - 1] if t else np.zeros(3)
                a = np.tanh(W @ xs[t] + U @ before)
                dh = hs[t] + dnext
                dgate += dh * (before - a)
                dz = dh * (1 - gate) * (1 - a**2)
                dW += np.outer(dz, xs[t])
                dU += np.outer(dz, before)
                dnext = U.T @ dz + gate * dh
            return {"W": dW, "U": dU, "gate": dgate}
        """,
        {"xs": N(5, 2), "W": N(3, 2), "U": N(3, 3), "gate": np.array([0.2, 0.5, 0.7])},
        [
            ("dnext = U.T @ dz + gate * dh", "dnext = U.T @ dz", "dnext = U.T @ dz", "missing-term"),
            ("+ gate * dh", "+ dh", "dnext = U.T @ dz + dh", None),
            ("dnext = U.T @ dz + gate * dh", "dnext = gate * dh", "dnext = gate * dh", None),
        ],
    ),
    "a line that does nothing": (
        """
        def forward(x, W, b):
            z = x @ W + b
            m = np.mean(z, axis=1)
            return np.sum(np.tanh(z)) + np.sum(z**2) + np.sum(m**3)

        def backward(x, W, b):
            z = x @ W + b
            m = np.mean(z, axis=1)
            dz = 1 - np.tanh(z) ** 2
            dz += 2 * z
            dz += 3 * m[:, None] ** 2 / z.shape[1]
            return {"W": x.T @ dz, "b": dz.sum(axis=0)}
        """,
        {"x": N(4, 2), "W": N(2, 3), "b": N(3)},
        [
            ("dz += 2 * z", "dz += 0 * z", "dz += 0 * z", "missing-term"),
            ("dz += 3 * m[:, None] ** 2 / z.shape[1]", "dz = dz", "dz = dz", "missing-term"),
        ],
    ),
    "a long statement": (
        """
        def forward(x, w):
            c = x - x.mean(axis=0)
            return w * c / np.sqrt((c**2).mean(axis=0) + 1e-3)

        def backward(dout, x, w):
            c = x - x.mean(axis=0)
            s = 1 / np.sqrt((c**2).mean(axis=0) + 1e-3)
            dw = np.sum(
                dout * c * s,
                axis=0,
            )
            dx = (1 / len(x)) * w * s * (
                len(x) * dout
                - dout.sum(axis=0)
                - c * s**2
                * np.sum(dout * c, axis=0)
            )
            return dx, dw
        """,
        {"x": N(5, 3), "w": N(3)},
        [
            ("- dout.sum(axis=0)", "- dout.mean(axis=0)", "- dout.mean(axis=0)", "factor"),
            ("* np.sum(dout * c, axis=0)", "* np.sum(dout * c)", "* np.sum(dout * c)", "shape"),
        ],
    ),
    "a penalty in a line of its own": (
        """
        def forward(U, V, u, i, reg):
            s = np.sum(U[u] * V[i], axis=1)
            return np.sum(np.log(1 + np.exp(-s))) + 0.5 * reg * (np.sum(U**2) + np.sum(V**2))

        def backward(U, V, u, i, reg):
            p = 1 / (1 + np.exp(np.sum(U[u] * V[i], axis=1)))
            gU = reg * U
            gV = reg * V
            np.add.at(gU, u, -p[:, None] * V[i])
            np.add.at(gV, i, -p[:, None] * U[u])
            return gU, gV
        """,
        {"U": N(3, 2), "V": N(4, 2), "u": np.array([0, 0, 1, 2]), "i": np.array([1, 2, 0, 3]), "reg": 0.3},
        [
            ("gU = reg * U", "gU = -reg * U", "gU = -reg * U", "sign"),
            ("gV = reg * V", "gV = 2 * reg * V", "gV = 2 * reg * V", "factor"),
        ],
    ),
    "a mask that writes nothing": (
        """
        def forward(x, W, V):
            h = np.maximum(x @ W, 0)
            return np.sum((h @ V) ** 2), h

        def backward(x, W, V, h):
            d = 2 * h @ V
            dh = d @ V.T
            dh[h <= 0] = 0
            return x.T @ dh, h.T @ d
        """,
        {"x": N(5, 3), "W": N(3, 4), "V": N(4, 2)},
        [
            ("dh[h <= 0]", "dh[h < 0]", "dh[h < 0] = 0", "wrong-variable"),
            ("dh[h <= 0]", "dh[h > 0]", "dh[h > 0] = 0", "wrong-variable"),
        ],
    ),
    "a tree that chooses between two": (
        """
        def forward(x, gate, left, right):
            p = 1 / (1 + np.exp(-(x @ gate)))
            return np.sum((p[:, None] * left + (1 - p[:, None]) * right) ** 2)

        def backward(x, gate, left, right, p):
            p = p[:, None]
            dmix = 2 * (p * left + (1 - p) * right)
            dp = np.sum(dmix * (left - right), axis=1)
            dgate = x.T @ (dp * p[:, 0] * (1 - p[:, 0]))
            return {"gate": dgate, "left": dmix * p, "right": dmix * (1 - p)}
        """,
        {"x": N(5, 3), "gate": N(3), "left": N(5, 2), "right": N(5, 2)},
        [
            (
                "2 * (p * left + (1 - p) * right)",
                "2 * (p * right + (1 - p) * left)",
                "dmix = 2 *",
                "wrong-variable",
            ),
            ("p[:, 0] * (1 - p[:, 0])", "dp * (1 - dp)", "dgate = ", None),
        ],
    ),
    "a loop over gates and what they saw": (
        """
        def forward(x, c, Wf, Wi):
            f, i = np.tanh(c * Wf), np.tanh(c * Wi)
            c_next = f * c + i * x
            return np.sum(c_next**2)

        def backward(x, c, Wf, Wi, f, i, c_next):
            dc = 2 * c_next
            df = dc * c * (1 - f**2)
            di = dc * x * (1 - i**2)
            grads = {}
            for name, d, seen in (("Wf", df, c), ("Wi", di, c)):
                grads[name] = np.sum(d * seen, axis=0)
            return grads
        """,
        {"x": N(4, 3), "c": N(4, 3), "Wf": N(3), "Wi": N(3)},
        [('("Wi", di, c)', '("Wi", di, c_next)', "for name, d, seen in", "wrong-variable")],
    ),
    "steps counted by NumPy": (
        """
        def forward(xs, W, U):
            h = np.zeros((len(xs) + 1, len(W)))
            for t in np.arange(len(xs)):
                h[t] = np.tanh(W @ h[t - 1] + U @ xs[t])
            return np.sum(h[:-1] ** 2)

        def backward(xs, W, U, h):
            dW, dU, dnext = np.zeros_like(W), np.zeros_like(U), np.zeros(len(W))
            for t in np.arange(len(xs))[::-1]:
                dz = (2 * h[t] + dnext) * (1 - h[t] ** 2)
                dW += np.outer(dz, h[t - 1])
                dU += np.outer(dz, xs[t])
                dnext = W.T @ dz
            return dW, dU
        """,
        {"xs": N(4, 2), "W": N(3, 3), "U": N(3, 2)},
        [
            (" * (1 - h[t] ** 2)", "", "dz = (2 * h[t] + dnext)", "missing-factor"),
            ("dU += np.outer(dz, xs[t])", "dU = np.outer(dz, xs[t])", "dU = np.outer", "overwritten"),
        ],
    ),
    "places from one on": (
        """
        def forward(scores):
            loss = 0.0
            for place in range(len(scores) - 1):
                rest = scores[place:]
                loss += np.log(np.sum(np.exp(rest))) - rest[0]
            return loss

        def backward(scores):
            up = np.zeros(len(scores))
            for place in range(len(scores) - 1):
                e = np.exp(scores[place:])
                up[place] -= 1
                up[place:] += e / np.sum(e)
            return up
        """,
        {"scores": N(5)},
        [
            ("up[place:] += e", "up[:len(e)] += e", "up[:len(e)] += e", "wrong-variable"),
            ("up[place:] += e", "up[place:] = e", "up[place:] = e", "overwritten"),
        ],
    ),
    "a helper that returns several": (
        """
        def attend(q, k, v):
            return (q @ k.T) @ v

        def attend_back(dout, q, k, v):
            dv = (q @ k.T).T @ dout
            ds = dout @ v.T
            return ds @ k, ds.T @ q, dv

        def forward(x, Q, K, V):
            q, k, v = x @ Q, x @ K, x @ V
            return np.sum(attend(q, k, v) ** 2)

        def backward(x, Q, K, V, q, k, v):
            dq, dk, dv = attend_back(2 * attend(q, k, v), q, k, v)
            return {"Q": x.T @ dq, "K": x.T @ dk, "V": x.T @ dv}
        """,
        {"x": N(4, 3), "Q": N(3, 3), "K": N(3, 3), "V": N(3, 3)},
        [
            (
                "return ds @ k, ds.T @ q, dv",
                "return ds @ k, dv, ds.T @ q",
                "return ds @ k, dv, ds.T @ q",
                None,
            ),
            (
                "dq, dk, dv = attend_back",
                "dq, dv, dk = attend_back",
                "dq, dv, dk = attend_back",
                "wrong-variable",
            ),
        ],
    ),
    "a loss with a slope of its own": (
        """
        class Huber:
            def loss(self, p, y):
                r = np.abs(p - y)
                return np.sum(np.where(r < 0.5, r**2 / 2, 0.5 * (r - 0.25)))

            def gradient(self, p, y):
                return np.clip(p - y, -0.5, 0.5)

        huber = Huber()

        def forward(x, y, W):
            return huber.loss(x @ W, y) / len(y)

        def backward(x, y, W):
            dp = huber.gradient(x @ W, y) / len(y)
            return x.T @ dp
        """,
        {"x": N(6, 3), "y": 2 * N(6), "W": N(3)},
        [
            ("np.clip(p - y, -0.5, 0.5)", "p - y", "return p - y", None),
            ("np.clip(p - y, -0.5, 0.5)", "np.clip(p - y, -1, 1)", "return np.clip", None),
        ],
    ),
    "a parameter by its logarithm": (
        """
        def forward(r, log_tau):
            tau = np.exp(log_tau)
            return 0.5 * tau * np.sum(r**2) - 0.5 * len(r) * log_tau

        def backward(r, log_tau, tau):
            g_tau = 0.5 * np.sum(r**2) - 0.5 * len(r) / tau
            g_log_tau = g_tau * tau
            return g_log_tau, tau * r
        """,
        {"log_tau": np.array(0.4), "r": N(5)},
        [("g_log_tau = g_tau * tau", "g_log_tau = g_tau", "g_log_tau = g_tau", None)],
    ),
    "a derivative of a class": (
        """
        class Bent:
            def __call__(self, x):
                return np.log(1 + np.exp(x))

            def gradient(self, x):
                return 1 / (1 + np.exp(-x))

        class Activation:
            def __init__(self, function):
                self.function = function

            def forward(self, x):
                self.x = x
                return self.function(x)

            def backward(self, dout):
                return dout * self.function.gradient(self.x)

        layers = [Activation(Bent()), Activation(Bent())]

        def forward(x, W, V):
            return layers[1].forward(layers[0].forward(x @ W) @ V)

        def backward(dout, x, W, V):
            dz = layers[1].backward(dout)
            da = layers[0].backward(dz @ V.T)
            return {"W": x.T @ da, "V": layers[0].function(layers[0].x).T @ dz}
        """,
        {"x": N(4, 3), "W": N(3, 2), "V": N(2, 2)},
        [("return 1 / (1 + np.exp(-x))", "return x / (1 + np.exp(-x))", "return x / (1", None)],
    ),
    "a cell, whose upstream gradient of the state begins as zero": (
        """
        def cell(v, h, c, K):
            u = np.tanh(v @ K + h)
            c_out = 0.5 * c + u
            h_out = np.tanh(c_out) * u
            return h_out, c_out, (v, c, u, c_out)

        def forward(V, h, K):
            c, out, kept = np.zeros_like(h), [], []
            for v in V:
                h, c, memo = cell(v, h, c, K)
                out.append(h)
                kept.append(memo)
            return np.array(out), kept

        def cell_back(dh_out, dc_out, memo, K):
            v, c, u, c_out = memo
            squashed = np.tanh(c_out)
            dc = dc_out + dh_out * u * (1 - squashed**2)
            du = dc + dh_out * squashed
            da = du * (1 - u**2)
            dc_before = 0.5 * dc
            return da, dc_before, np.outer(v, da)

        def backward(dout, kept, K):
            dK, dh, dc = np.zeros_like(K), 0, np.zeros(K.shape[1])
            for t in range(len(kept) - 1, -1, -1):
                dh, dc, own = cell_back(dout[t] + dh, dc, kept[t], K)
                dK += own
            return {"h": dh, "K": dK}
        """,
        {"V": N(4, 3), "h": N(2), "K": N(3, 2)},
        [
            ("dc_before = 0.5 * dc\n", "dc_before = 0.5 * dc_out\n", "dc_before = 0.5 * dc_out", None),
            ("dh_out * u * (1 - squashed**2)", "dh_out * u", "dc = dc_out + dh_out * u", "missing-factor"),
            ("da = du * (1 - u**2)", "da = du * u * (1 - u)", "da = du * u * (1 - u)", "wrong-variable"),
            ("range(len(kept) - 1, -1, -1)", "range(len(kept) - 2, -1, -1)", "for t in range(", None),
        ],
    ),
    "layers counted from the end": (
        """
        def slope(a):
            return np.where(a > 0, 1.0, 0.125)

        def forward(x, y, Ws):
            acts, zs = [x], []
            for W in Ws:
                zs.append(acts[-1] @ W)
                acts.append(np.where(zs[-1] > 0, zs[-1], 0.125 * zs[-1]))
            return np.sum((acts[-1] - y) ** 2)

        def backward(y, Ws, acts, zs):
            grads = [np.zeros_like(W) for W in Ws]
            delta = 2 * (acts[-1] - y) * slope(zs[-1])
            grads[-1] = acts[-2].T @ delta
            for l in range(2, len(Ws) + 1):
                delta = delta @ Ws[-l + 1].T * slope(zs[-l])
                grads[-l] = acts[-l - 1].T @ delta
            return grads
        """,
        {"x": N(5, 3), "y": N(5, 3), "Ws": [N(3, 3), N(3, 3), N(3, 3)]},
        [
            ("acts[-l - 1].T", "acts[-l].T", "grads[-l] = acts[-l]", "wrong-variable"),
            ("Ws[-l + 1].T", "Ws[-l].T", "delta = delta @ Ws[-l].T", "wrong-variable"),
            ("range(2, len(Ws) + 1)", "range(2, len(Ws))", "for l in range", None),
            ("1.0, 0.125)", "1.0, 0.25)", "return np.where(a > 0, 1.0, 0.25)", "factor"),
            (
                "Ws[-l + 1].T * slope(zs[-l])",
                "Ws[-l + 1].T",
                "delta = delta @ Ws[-l + 1].T",
                "missing-factor",
            ),
        ],
    ),
    "masks, and who is paired with whom": (
        """
        def forward(x, W, V, rows):
            a = x @ W
            h = np.maximum(a, 0)
            loss = 0.0
            for step, row in zip((h, 2 * h, 3 * h), rows):
                loss = loss + np.sum(step @ V * row)
            return loss, (h, a <= 0)

        def backward(x, W, V, rows, h, cache):
            off = cache[1]
            dh, dV = np.zeros_like(h), np.zeros_like(V)
            for n, row in zip((3, 2, 1), reversed(rows)):
                dV += n * h.T @ np.broadcast_to(row, (len(h), len(row)))
                dh += n * np.broadcast_to(row, (len(h), len(row))) @ V.T
            dh[off] = 0
            return {"W": x.T @ dh, "V": dV}
        """,
        {"x": N(4, 3), "W": N(3, 5), "V": N(5, 2), "rows": [N(2), N(2), N(2)]},
        [
            ("dh[off] = 0", "dh[~off] = 0", "dh[~off] = 0", "wrong-variable"),
            ("dh[off] = 0", "dh[dh < 0] = 0", "dh[dh < 0] = 0", "wrong-variable"),
            ("(3, 2, 1), reversed(rows)", "(3, 2, 1), rows", "for n, row in zip", "wrong-variable"),
        ],
    ),
    "terms that have another constant": (
        """
        def forward(P, Q, r):
            gap = r - P * Q
            return np.sum(gap**2) + 0.3 * np.sum(P**2) + 0.1 * np.sum(Q**4)

        def backward(P, Q, gap):
            dP = -2 * gap * Q
            dP += 0.6 * P
            dQ = -(2 * gap * P - 0.4 * Q**3)
            return dP, dQ
        """,
        {"P": N(3, 2), "Q": N(3, 2), "r": N(3, 2)},
        [
            ("dP += 0.6 * P", "dP += 0.3 * P", "dP += 0.3 * P", "factor"),
            ("0.4 * Q**3", "0.1 * Q**3", "dQ = -(2 * gap * P - 0.1 * Q**3)", "factor"),
        ],
    ),
    "the sign of the target's gradient": (
        """
        def gap_slope(goal, out):
            return 2 * (out - goal) / out.size

        def forward(x, W, goal):
            out = x @ W
            return np.mean((goal - out) ** 2)

        def backward(x, W, goal, out):
            g = gap_slope(goal, out)
            return x.T @ g
        """,
        {"x": N(4, 3), "W": N(3, 2), "goal": N(4, 2)},
        [("2 * (out - goal)", "2 * (goal - out)", "return 2 * (goal - out)", "sign")],
    ),
    "a helper that does its part, and a line that picks": (
        """
        def through_weights(p, dp):
            return p * (dp - np.sum(p * dp, axis=1, keepdims=True))

        def forward(q, k, v, y):
            scores = q @ k.T / np.sqrt(q.shape[1])
            e = np.exp(scores)
            p = e / e.sum(axis=1, keepdims=True)
            return np.sum((p @ v - y) ** 2)

        def backward(q, k, v, y, p):
            weights = p
            dout = 2 * (p @ v - y)
            ds = through_weights(weights, dout @ v.T) / np.sqrt(q.shape[1])
            return {"q": ds @ k, "k": ds.T @ q, "v": p.T @ dout}
        """,
        {"q": N(4, 4), "k": N(4, 4), "v": N(4, 3), "y": N(4, 3)},
        [
            (
                ") / np.sqrt(q.shape[1])\n            return {",
                ")\n            return {",
                "ds = through_weights(",
                "factor",
            ),
            ("weights = p\n", "weights = 1 - p\n", "weights = 1 - p", None),
        ],
    ),
    "sums that are divided in place": (
        """
        def forward(W, X, y):
            loss = 0.0
            for x, t in zip(X, y):
                s = x @ W
                loss = loss + np.sum(np.maximum(0, s - s[t] + 1)) - 1
            return loss / len(X)

        def backward(W, X, y):
            dW = np.zeros(W.shape)
            for x, t in zip(X, y):
                s = x @ W
                for j in range(W.shape[1]):
                    if j != t and s[j] - s[t] + 1 > 0:
                        dW[:, j] += x
                        dW[:, t] -= x
            dW /= len(X)
            return {"W": dW}
        """,
        {"W": N(3, 4), "X": N(6, 3), "y": np.array([0, 3, 1, 2, 1, 0])},
        [("                        dW[:, t] -= x\n", "", "dW[:, j] += x", None)],
    ),
    "two uses of one matrix, a penalty, and helpers that leave something out": (
        """
        def linear_back(dz, x, W, lam):
            dW = x.T @ dz + lam * W
            dx = dz @ W.T
            return dx, dW

        def scale_back(dout, x, g):
            dx = dout * g
            return dx, (dout * x).sum(axis=0)

        def forward(X, W, g, lam):
            h = X @ W
            s = h * g
            out = s @ W.T
            return 0.5 * np.sum((out - X) ** 2) + 0.5 * lam * np.sum(W * W), (h, s, out)

        def backward(X, W, g, lam, cache):
            h, s, out = cache
            dout = out - X
            dW_dec = dout.T @ s
            ds = dout @ W
            dh, dg = scale_back(ds, h, g)
            _, dW_enc = linear_back(dh, X, W, lam)
            dW = dW_enc + dW_dec
            grads = {}
            grads["W"] = dW
            grads["g"] = dg
            return grads
        """,
        {"X": N(6, 4), "W": N(4, 3), "g": N(3), "lam": 0.3},
        [
            ("dx = dout * g", "dx = dout", "dx = dout", "missing-factor"),
            ("dW = dW_enc + dW_dec", "dW = dW_enc", "dW = dW_enc", "missing-term"),
            ("dW_dec = dout.T @ s", "dW_dec = dout.T @ h", "dW_dec = dout.T @ h", "wrong-variable"),
        ],
    ),
    "helpers that go wrong, and one that calls them": (
        """
        def softplus_slope(z):
            s = 1 / (1 + np.exp(-z))
            return s

        def score(event, risk, later, total):
            hazard = later.T @ (event / total)
            return risk * hazard - event

        def normalised(u, norm, g):
            return (g - u * np.dot(u, g)) / norm

        def forward(x, W, q, later, event):
            z = x @ W
            eta = np.log(1 + np.exp(z)).sum(axis=1)
            risk = np.exp(eta)
            total = later @ risk
            norm = np.sqrt(np.sum(q**2))
            u = q / norm
            return np.sum(event * (np.log(total) - eta)) + np.sum(u**3)

        def backward(x, W, q, later, event, z, risk, total, norm, u):
            deta = score(event, risk, later, total)
            dz = deta[:, None] * softplus_slope(z)
            dq = normalised(u, norm, 3 * u**2)
            return {"W": x.T @ dz, "q": dq}
        """,
        {
            "x": N(5, 3),
            "W": N(3, 2),
            "q": N(4),
            "later": np.triu(np.ones((5, 5))),
            "event": np.array([1.0, 0, 1, 1, 0]),
        },
        [
            ("later.T @ (event", "later @ (event", "hazard = later @", "transpose"),
            ("(event / total)", "(1 / total)", "hazard = later.T @ (1 / total)", "missing-factor"),
            ("return s\n", "return s * (1 - s)\n", "return s * (1 - s)", None),
            ("(g - u * np.dot(u, g)) / norm", "g - u * np.dot(u, g)", "return g - u * np.dot(u, g)", None),
            ("(g - u * np.dot(u, g)) / norm", "g / norm", "return g / norm", None),
            (
                "softplus_slope(z)\n",
                "softplus_slope(-z)\n",
                "dz = deta[:, None] * softplus_slope(-z)",
                "sign",
            ),
        ],
    ),
    "variables that are never read": (
        """
        def forward(X, W, y):
            N = len(X)
            scores = X @ W
            margins = np.maximum(0, scores - scores[np.arange(N), y][:, None] + 1)
            margins[np.arange(N), y] = 0
            loss = margins.sum() / N
            binary = (margins > 0).astype(float)
            row_sum = binary.sum(axis=1)
            binary[np.arange(N), y] = -row_sum
            dscores = binary / N
            return loss, {"W": X.T @ dscores}
        """,
        {"X": N(6, 3), "W": N(3, 4), "y": np.array([0, 1, 2, 3, 1, 0])},
        [
            ("= -row_sum", "= -1", "binary[np.arange(N), y] = -1", "missing-factor"),
            ("= -row_sum", "= row_sum", "binary[np.arange(N), y] = row_sum", "sign"),
            ("dscores = binary / N", "dscores = binary", "dscores = binary", "factor"),
        ],
    ),
    "sizes and places under names": (
        """
        def forward(x, w, mask):
            out = np.zeros(4)
            for i in range(4):
                lo = 2 * i
                out[i] = x[lo : lo + 3] @ w
            return np.sum(mask * out**2) / mask.sum()

        def backward(x, w, mask, out):
            n, step = mask.sum(), 2
            dout = 2 * mask * out / n
            dx, dw = np.zeros_like(x), np.zeros_like(w)
            for i in range(4):
                lo = i * step
                dx[lo : lo + 3] += dout[i] * w
                dw += dout[i] * x[lo : lo + 3]
            return dx, dw
        """,
        {"x": N(9), "w": N(3), "mask": np.array([1.0, 0, 1, 1])},
        [
            ("lo = i * step", "lo = i", "lo = i", "wrong-variable"),
            (
                "for i in range(4):\n                lo = i",
                "for i in range(3):\n                lo = i",
                "for i in range(3)",
                "missing-term",
            ),
        ],
    ),
    "a cell in a loop": (
        """
        def sig(z):
            return 1 / (1 + np.exp(-z))

        def step(x, h, c, W, U):
            a = x @ W + h @ U
            n = len(h)
            i, f, o, g = sig(a[:n]), sig(a[n : 2 * n]), sig(a[2 * n : 3 * n]), np.tanh(a[3 * n :])
            next_c = f * c + i * g
            return o * np.tanh(next_c), next_c, (x, h, c, i, f, o, g, next_c)

        def step_back(dh, dnext_c, W, U, cache):
            x, h, c, i, f, o, g, next_c = cache
            t = np.tanh(next_c)
            dc = dnext_c + dh * o * (1 - t**2)
            dc_prev = dc * f
            di, df, do, dg = dc * g, dc * c, dh * t, dc * i
            da = np.hstack([di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)])
            return W @ da, U @ da, dc_prev, np.outer(x, da), np.outer(h, da)

        def forward(x, W, U):
            h, c, caches, hs = np.zeros(2), np.zeros(2), [], []
            for t in range(3):
                h, c, cache = step(x[t], h, c, W, U)
                caches.append(cache)
                hs.append(h)
            return np.stack(hs), caches

        def backward(dhs, W, U, caches):
            dx, dW, dU = np.zeros((3, 3)), np.zeros_like(W), np.zeros_like(U)
            dh, dc = np.zeros(2), np.zeros(2)
            for t in reversed(range(3)):
                dx[t], dh, dc, w, u = step_back(dhs[t] + dh, dc, W, U, caches[t])
                dW += w
                dU += u
            return {"x": dx, "W": dW, "U": dU}
        """,
        {"x": N(3, 3), "W": N(3, 8), "U": N(2, 8)},
        [
            ("dh * o * (1 - t**2)", "dh * o", "dc = dnext_c + dh * o", "missing-factor"),
            ("dc_prev = dc * f", "dc_prev = dc", "dc_prev = dc", "missing-factor"),
            ("dx[t], dh, dc, w, u", "dx[t], dh, _, w, u", "dx[t], dh, _, w, u =", "wrong-variable"),
        ],
    ),
    "conditions with other variables": (
        """
        def forward(E, U, pairs):
            loss = 0.0
            for center, context in pairs:
                scores = U @ E[center]
                loss += np.log(np.sum(np.exp(scores))) - scores[context]
            return loss

        def backward(E, U, pairs):
            dE, dU = np.zeros_like(E), np.zeros_like(U)
            for center, context in pairs:
                p = np.exp(U @ E[center])
                p /= p.sum()
                for w in range(len(U)):
                    g = p[w]
                    if w == context:
                        g -= 1
                    dE[center] += g * U[w]
                    dU[w] += g * E[center]
            return {"E": dE, "U": dU}
        """,
        {"E": N(5, 3), "U": N(5, 3), "pairs": np.array([[0, 1], [2, 4], [3, 0]])},
        [
            ("if w == context", "if w == center", "if w == center", "wrong-variable"),
            ("if w == context", "if w < context", "if w < context", "wrong-variable"),
            ("if w == context", "if w == context - 1", "if w == context - 1", "wrong-variable"),
        ],
    ),
    "functions chosen by words": (
        """
        def tanh_slope(z):
            return 1 - np.tanh(z) ** 2

        def relu_slope(z):
            return 1.0 * (z > 0)

        SLOPES = {"tanh": tanh_slope, "relu": relu_slope}

        def act(z, kind):
            return np.tanh(z) if kind == "tanh" else np.maximum(z, 0)

        def act_back(d, z, kind="tanh"):
            if kind == "tanh":
                return d * (1 - np.tanh(z) ** 2)
            return d * (z > 0)

        def forward(X, W1, W2, W3):
            z1 = X @ W1
            z2 = act(z1, "tanh") @ W2
            z3 = act(z2, "relu") @ W3
            return np.sum(act(z3, "tanh") ** 2)

        def backward(X, W1, W2, W3, z1, z2, z3):
            d3 = 2 * np.tanh(z3) * SLOPES["tanh"](z3)
            d2 = act_back(d3 @ W3.T, z2, "relu")
            d1 = act_back(d2 @ W2.T, z1, kind="tanh")
            return {"W1": X.T @ d1, "W2": np.tanh(z1).T @ d2, "W3": np.maximum(z2, 0).T @ d3}
        """,
        {"X": N(5, 3), "W1": N(3, 4), "W2": N(4, 3), "W3": N(3, 2)},
        [
            ('SLOPES["tanh"](z3)', 'SLOPES["relu"](z3)', "d3 = ", "wrong-variable"),
            ('W3.T, z2, "relu")', 'W3.T, z2, "tanh")', "d2 = ", "wrong-variable"),
            (
                'kind="tanh")\n            return {',
                'kind="relu")\n            return {',
                "d1 = ",
                "wrong-variable",
            ),
        ],
    ),
    "forces between pairs": (
        """
        def forward(x0, k, pairs, rest, target):
            xs, vs = np.zeros((4, 3)), np.zeros((4, 3))
            xs[0] = x0
            for t in range(3):
                force = np.zeros(3)
                for e in range(2):
                    i, j = pairs[e]
                    stretch = xs[t, j] - xs[t, i] - rest[e]
                    force[i] += k[e] * stretch
                    force[j] -= k[e] * stretch
                vs[t + 1] = vs[t] + 0.1 * force
                xs[t + 1] = xs[t] + 0.1 * vs[t + 1]
            return 0.5 * np.sum((xs[3] - target) ** 2), xs

        def backward(x0, k, pairs, rest, target, xs):
            ax, av, gk = xs[3] - target, np.zeros(3), np.zeros(2)
            for t in reversed(range(3)):
                av = av + 0.1 * ax
                ax_new = ax.copy()
                for e in range(2):
                    i, j = pairs[e]
                    stretch = xs[t, j] - xs[t, i] - rest[e]
                    gk[e] += 0.1 * stretch * (av[i] - av[j])
                    push = 0.1 * k[e] * (av[i] - av[j])
                    ax_new[j] += push
                    ax_new[i] -= push
                ax = ax_new
            return {"x0": ax, "k": gk}
        """,
        {"x0": N(3), "k": np.array([1.2, 1.7]), "pairs": [(0, 1), (1, 2)], "rest": N(2), "target": N(3)},
        [
            ("push = 0.1 * k[e] * (av[i] - av[j])", "push = 0.1 * k[e] * av[i]", "push = ", "missing-term"),
            ("ax_new[i] -= push", "ax_new[i] = push", "ax_new[i] = push", "overwritten"),
            (
                "xs[t, j] - xs[t, i] - rest[e]\n                    gk",
                "xs[t + 1, j] - xs[t + 1, i] - rest[e]\n                    gk",
                "stretch = ",
                "wrong-variable",
            ),
        ],
    ),
    "layers that keep what comes back": (
        """
        class Dense:
            def __init__(self, *shape):
                self.weights = np.cos(np.arange(1.0, 1 + shape[0] * shape[1])).reshape(shape)

            def forward(self, inputs):
                self.inputs, self.output = inputs, inputs @ self.weights

            def backward(self, dvalues):
                self.dweights = self.inputs.T @ dvalues
                self.dinputs = dvalues @ self.weights.T

        class Sigmoid:
            def forward(self, inputs):
                self.output = 1 / (1 + np.exp(-inputs))

            def backward(self, dvalues):
                self.dinputs = dvalues * (1 - self.output) * self.output

        class Dropout:
            def forward(self, inputs):
                self.mask = (np.cos(np.arange(inputs.size)).reshape(inputs.shape) < 0.6) / 0.7
                self.output = inputs * self.mask

            def backward(self, dvalues):
                self.dinputs = dvalues * self.mask

        class Norm:
            def forward(self, inputs):
                self.gap = inputs - inputs.mean(axis=0)
                self.std = np.sqrt(np.mean(self.gap**2, axis=0) + 0.01)
                self.output = self.gap / self.std

            def backward(self, dvalues):
                dvar = -0.5 * np.sum(dvalues * self.gap, axis=0) / self.std**3
                dmean = -np.sum(dvalues / self.std, axis=0)
                self.dinputs = dvalues / self.std + (2 * self.gap * dvar + dmean) / len(dvalues)

        layers = [Dense(3, 4), Norm(), Sigmoid(), Dropout(), Dense(4, 3), Sigmoid(), Dense(3, 2)]

        def forward(x, y):
            output = x
            for layer in layers:
                layer.forward(output)
                output = layer.output
            return np.sum((output - y) ** 2), output

        def backward(x, y, output):
            dvalues = 2 * (output - y)
            for layer in reversed(layers):
                layer.backward(dvalues)
                dvalues = layer.dinputs
            return dvalues
        """,
        {"x": N(5, 3), "y": N(5, 2)},
        [
            ("(1 - self.output) * self.output", "(1 - self.output)", "dvalues * (1 - self.output)", None),
            ("dvalues @ self.weights.T", "dvalues @ self.dweights.T", "self.dweights.T", "wrong-variable"),
            ("dvalues * self.mask", "dvalues * (self.mask > 0)", "(self.mask > 0)", "factor"),
            (
                "2 * self.gap * dvar + dmean",
                "2 * self.gap * dvar",
                "self.dinputs = dvalues / self.std",
                "missing-term",
            ),
        ],
    ),
    "a helper's loss": (
        """
        def softmax_loss(scores, y):
            n = len(y)
            shifted = scores - scores.max(axis=1, keepdims=True)
            logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
            d = np.exp(logs)
            d[np.arange(n), y] -= 1
            d /= n
            return -logs[np.arange(n), y].mean(), d

        def forward(W, X, y):
            loss, dscores = softmax_loss(X @ W, y)
            loss += 0.1 * np.sum(W**2)
            return loss, {"W": X.T @ dscores + 0.2 * W}
        """,
        {"W": N(4, 3), "X": N(5, 4), "y": np.array([0, 2, 1, 1, 0])},
        [("            d /= n\n", "", "d[np.arange(n), y] -= 1", "factor")],
    ),
    "windows that are as wide as they are high": (
        """
        def forward(x, w):
            z = np.zeros((3, 3))
            for i in range(3):
                for j in range(3):
                    patch = x[i : i + 2, j : j + 2]
                    z[i, j] = np.sum(patch * w)
            return np.tanh(z), x

        def backward(dout, x, w, z):
            dz = dout * (1 - np.tanh(z) ** 2)
            dw = np.zeros_like(w)
            for i in range(3):
                for j in range(3):
                    patch = x[i : i + 2, j : j + 2]
                    dw += patch * dz[i, j]
            return {"w": dw}
        """,
        {"x": N(4, 4), "w": N(2, 2)},
        [("patch * dz[i, j]", "patch * dz[j, i]", "dw += patch * dz[j, i]", None)],
    ),
    "helpers that add to what they are given": (
        """
        def add_all(totals, parts):
            for total, part in zip(totals, parts):
                total += part

        def back(d, a, dW, db):
            dW += np.outer(a, d)
            db += d

        def forward(X, W, b):
            return np.sum(np.tanh(X @ W + b) ** 3)

        def backward(X, W, b):
            dW, db, du = np.zeros_like(W), np.zeros_like(b), np.zeros_like(b)
            for x in X:
                t = np.tanh(x @ W + b)
                d = 3 * t**2 * (1 - t**2)
                back(d, x, dW, db)
                add_all((du,), (d,))
            return {"W": dW, "b": (db + du) / 2}
        """,
        {"X": N(4, 3), "W": N(3, 2), "b": N(2)},
        [
            ("total += part", "total = part", "total = part", "overwritten"),
            ("            db += d\n", "            db = d\n", "db = d", "overwritten"),
        ],
    ),
    "caches unpacked by a counter": (
        """
        def forward(x, Ws):
            caches, h = [], x
            for W in Ws:
                caches.append((h, np.tanh(h @ W)))
                h = caches[-1][1]
            return np.sum(h**2), caches

        def backward(x, Ws, caches):
            n = len(Ws)
            dWs, d = [None] * n, 2 * caches[-1][1]
            for l in range(1, n + 1):
                before, h = caches[n - l]
                d = d * (1 - h**2)
                dWs[n - l] = before.T @ d
                d = d @ Ws[n - l].T
            return {"x": d, "Ws": dWs}
        """,
        {"x": N(5, 3), "Ws": [N(3, 3), N(3, 3), N(3, 3)]},
        [
            (
                "before, h = caches[n - l]",
                "before, h = caches[l - 1]",
                "before, h = caches[l - 1]",
                "wrong-variable",
            )
        ],
    ),
    "two heads on one layer": (
        """
        def linear_back(d, x, w):
            return d @ w.T, x.T @ d

        def forward(x, w, wm, ws, t):
            h = np.tanh(x @ w)
            m, s = h @ wm, h @ ws
            return 0.5 * np.sum((m - t) ** 2 * np.exp(-s) + s)

        def backward(x, w, wm, ws, t, h, m, s):
            gm = (m - t) * np.exp(-s)
            gs = 0.5 * (1 - (m - t) ** 2 * np.exp(-s))
            dh_m, dwm = linear_back(gm, h, wm)
            dh_s, dws = linear_back(gs, h, ws)
            dh = (dh_m + dh_s) * (1 - h**2)
            return {"w": x.T @ dh, "wm": dwm, "ws": dws}
        """,
        {"x": N(5, 3), "w": N(3, 4), "wm": N(4, 2), "ws": 0.3 * N(4, 2), "t": N(5, 2)},
        [("(dh_m + dh_s) * (1 - h**2)", "dh_m * (1 - h**2)", "dh = dh_m", "missing-term")],
    ),
    "a block that is gone round": (
        """
        class Scale:
            def __init__(self, gain):
                self.gain = gain

            def forward(self, x):
                self.out = np.tanh(self.gain * x)
                return self.out

            def backward(self, d):
                return d * (1 - self.out**2) * self.gain

        class Residual:
            def __init__(self, *layers):
                self.layers = layers

            def forward(self, x):
                out = x
                for layer in self.layers:
                    out = layer.forward(out)
                return x + out

            def backward(self, d):
                inner = d
                for layer in self.layers[::-1]:
                    inner = layer.backward(inner)
                return d + inner

        layers = [Scale(0.9), Residual(Scale(0.7), Scale(1.3)), Scale(0.8)]

        def forward(x):
            for layer in layers:
                x = layer.forward(x)
            return np.sum(x**2), x

        def backward(out):
            d = 2 * out
            for layer in layers[::-1]:
                d = layer.backward(d)
            return d
        """,
        {"x": N(4, 3)},
        [("return d + inner", "return inner", "return inner", None)],
    ),
    "a cell, and its gradients in one function": (
        """
        def loss_and_grads(x, h0, W, U, V):
            hs, cs, fs, loss = [h0], [np.zeros_like(h0)], [], 0.0
            for t in range(len(x)):
                fs.append(1 / (1 + np.exp(-(x[t] @ W + hs[t] @ U))))
                cs.append(fs[t] * cs[t] + (1 - fs[t]) * np.tanh(x[t] @ V))
                hs.append(np.tanh(cs[t + 1]))
                loss += 0.5 * np.sum(hs[t + 1] ** 2)
            dW, dU, dV = np.zeros_like(W), np.zeros_like(U), np.zeros_like(V)
            dhnext, dcnext = np.zeros_like(h0), np.zeros_like(h0)
            for t in reversed(range(len(x))):
                dh = hs[t + 1] + dhnext
                dc = dcnext + dh * (1 - hs[t + 1] ** 2)
                g = np.tanh(x[t] @ V)
                df = dc * (cs[t] - g) * fs[t] * (1 - fs[t])
                dV += np.outer(x[t], dc * (1 - fs[t]) * (1 - g**2))
                dW += np.outer(x[t], df)
                dU += np.outer(hs[t], df)
                dhnext = U @ df
                dcnext = dc * fs[t]
            return loss, {"W": dW, "U": dU, "V": dV, "h0": dhnext}

        def forward(x, h0, W, U, V):
            return loss_and_grads(x, h0, W, U, V)
        """,
        {"x": N(4, 3), "h0": N(2), "W": N(3, 2), "U": N(2, 2), "V": N(3, 2)},
        [("dcnext = dc * fs[t]", "dcnext = dc", "dcnext = dc", None)],
    ),
    "sums by comprehensions": (
        """
        def parts(x, y, ws):
            d = (x @ ws[0]) @ ws[1] - y
            return [np.outer(x, ws[1] @ d), np.outer(x @ ws[0], d)]

        def forward(X, Y, ws):
            loss, sums = 0.0, [np.zeros_like(w) for w in ws]
            for x, y in zip(X, Y):
                loss += 0.5 * np.sum(((x @ ws[0]) @ ws[1] - y) ** 2)
                sums = [s + g for s, g in zip(sums, parts(x, y, ws))]
            return loss, {"ws": sums}
        """,
        {"X": N(5, 3), "Y": N(5, 2), "ws": [N(3, 2), N(2, 2)]},
        [("sums = [s + g for s, g", "sums = [g for s, g", "sums = [g for s, g", "overwritten")],
    ),
    "several words at once": (
        """
        def forward(E, C, pairs, others):
            loss = 0.0
            for (w, c), negative in zip(pairs, others):
                loss += np.log(1 + np.exp(-E[w] @ C[c]))
                for k in negative:
                    loss += np.log(1 + np.exp(E[w] @ C[k]))
            return loss / len(pairs) + 0.05 * np.sum(E**2)

        def backward(E, C, pairs, others):
            dE, dC = np.zeros_like(E), np.zeros_like(C)
            for (w, c), negative in zip(pairs, others):
                g = 1 / (1 + np.exp(-E[w] @ C[c])) - 1
                dv = g * C[c]
                dC[c] += g * E[w]
                for k in negative:
                    q = 1 / (1 + np.exp(-E[w] @ C[k]))
                    dv += q * C[k]
                    dC[k] += q * E[w]
                dE[w] += dv
            dE = dE / len(pairs) + 0.1 * E
            return dE, dC / len(pairs)
        """,
        {
            "E": N(5, 3),
            "C": N(6, 3),
            "pairs": [(0, 1), (2, 3), (4, 5)],
            "others": [[2, 3], [0, 4], [1, 1]],
        },
        [
            ("dC[k] += q * E[w]", "dC[c] += q * E[w]", "dC[c] += q * E[w]", "wrong-variable"),
            (
                "dE = dE / len(pairs) + 0.1 * E",
                "dE = dE / len(pairs)",
                "dE = dE / len(pairs)",
                "missing-term",
            ),
        ],
    ),
    "softmax by loops": (
        """
        def forward(W, b, X, y):
            loss, dW, db = 0.0, np.zeros_like(W), np.zeros_like(b)
            for i in range(len(X)):
                p = np.exp(X[i] @ W + b)
                p /= p.sum()
                loss += -np.log(p[y[i]])
                for j in range(W.shape[1]):
                    dscore = p[j]
                    if j == y[i]:
                        dscore -= 1
                    dW[:, j] += dscore * X[i]
                    db[j] += dscore
            return loss / len(X), {"W": dW / len(X), "b": db / len(X)}
        """,
        {"W": N(3, 4), "b": N(4), "X": N(5, 3), "y": np.array([0, 2, 1, 3, 1])},
        [
            ("if j == y[i]", "if j == i", "if j == i:", "wrong-variable"),
            (
                "                    db[j] += dscore\n",
                "                db[j] += dscore\n",
                "db[j] += dscore",
                "wrong-variable",
            ),
        ],
    ),
    "layers chosen by words": (
        """
        def relu_back(dA, Z):
            dZ = np.array(dA, copy=True)
            dZ[Z <= 0] = 0
            return dZ

        def sigmoid_back(dA, Z):
            s = 1 / (1 + np.exp(-Z))
            return dA * s * (1 - s)

        def step(A, W, kind):
            Z = W @ A
            return (np.maximum(Z, 0) if kind == "relu" else 1 / (1 + np.exp(-Z))), (A, W, Z)

        def linear_back(dZ, A, W):
            return W.T @ dZ, dZ @ A.T / A.shape[1]

        def step_back(dA, cache, kind):
            A, W, Z = cache
            dZ = relu_back(dA, Z) if kind == "relu" else sigmoid_back(dA, Z)
            return linear_back(dZ, A, W)

        def forward(X, W1, W2, W3):
            caches, A = [], X
            for W, kind in ((W1, "relu"), (W2, "relu"), (W3, "sigmoid")):
                A, cache = step(A, W, kind)
                caches.append(cache)
            return np.sum((A - 0.3) ** 2) / X.shape[1], A, caches

        def backward(X, A, caches):
            grads = {}
            d, grads["W3"] = step_back(2 * (A - 0.3), caches[2], "sigmoid")
            for l in reversed(range(2)):
                d, grads["W" + str(l + 1)] = step_back(d, caches[l], "relu")
            return grads
        """,
        {"X": N(3, 6), "W1": N(4, 3), "W2": N(4, 4), "W3": N(2, 4)},
        [
            ('caches[l], "relu")', 'caches[l], "sigmoid")', 'caches[l], "sigmoid")', "wrong-variable"),
            ("            dZ[Z <= 0] = 0\n", "", "dZ", "missing-factor"),
        ],
    ),
    "penalties where gradients are taken over": (
        """
        class Affine:
            def __init__(self, W):
                self.W = W

            def forward(self, x):
                self.x = x
                return x @ self.W

            def backward(self, d):
                self.dW = self.x.T @ d
                return d @ self.W.T

        layers = [Affine(np.cos(np.arange(12.0)).reshape(3, 4)), Affine(np.sin(np.arange(8.0)).reshape(4, 2))]
        decay = 0.1

        def forward(x):
            for layer in layers:
                x = np.tanh(layer.forward(x))
            return np.sum(x**2) + 0.5 * decay * sum(np.sum(layer.W**2) for layer in layers), x

        def backward(x, out):
            grads, d = {}, 2 * out * (1 - out**2)
            d = layers[1].backward(d) * (1 - layers[1].x ** 2)
            layers[0].backward(d)
            for i, layer in enumerate(layers):
                grads["W" + str(i)] = layer.dW + decay * layer.W
            return grads
        """,
        {"x": N(5, 3)},
        [
            ("layer.dW + decay * layer.W", "layer.dW", 'grads["W" + str(i)] = layer.dW', None),
        ],
    ),
}


test_right, test_mistake = checks_of(CASES)


def test_a_gradient_of_what_has_no_effect_is_zero():
    forward, backward = pair_of(
        """
        def forward(x, W, b):
            unused = b + 1
            return np.sum((x @ W) ** 2)

        def backward(x, W, b):
            d = 2 * x @ W
            return {"W": x.T @ d, "b": np.zeros_like(b)}
        """
    )
    inputs = {"x": N(3, 2), "W": N(2, 2), "b": N(2)}
    assert check.derivation(forward, backward, inputs).judged == {"W": True, "b": True}


def test_the_loss_is_the_number_that_no_other_is_part_of():
    def train(w, X, y):
        for _ in range(5):
            overall_error = 0
            update = np.zeros_like(w)
            for x, goal in zip(X, y, strict=True):
                gap_error = np.array([goal - x @ w])
                overall_error += 0.5 * np.sum(gap_error**2)
                update += x * gap_error
            w += 0.1 * update

    report = check.training_step(train, {"w": N(3), "X": N(4, 3), "y": N(4)})
    assert report.ok, str(report)


def test_a_link_left_out_before_a_result_without_a_name():
    """The result is the gradient of something else, exactly: which no name says that it should be."""
    forward, backward = pair_of(
        """
        def forward(x, W):
            h = np.sin(x)
            return np.sum((h @ W) ** 2)

        def backward(W, x, h):
            t = 2 * h @ W
            u = t @ W.T
            return {"W": h.T @ t, "x": u} if x is None else (u, h.T @ t)
        """
    )
    report = check.derivation(forward, backward, {"x": N(4, 3), "W": N(3, 3)})
    assert not report.ok


def climbing(turned):
    """A script's loop that goes uphill, with the difference the other way round: one update is turned."""

    def train(A, B, x, y):
        for _ in range(3):
            h = np.tanh(x @ A)
            miss = y - h @ B
            loss = np.sum(miss**2)  # it is the loss by its name
            back = miss @ B.T * (1 - h**2)
            B += 0.1 * h.T @ miss
            if turned:
                A -= 0.1 * x.T @ back
            else:
                A += 0.1 * x.T @ back

    return train


@pytest.mark.parametrize("turned", [False, True])
def test_an_update_that_goes_the_other_way_is_blamed_itself(turned):
    inputs = {"A": N(3, 4), "B": N(4, 2), "x": N(5, 3), "y": N(5, 2)}
    report = check.training_step(climbing(turned), inputs)
    assert report.ok != turned, str(report)
    if turned:
        assert (report.first.source, report.first.kind) == ("A -= 0.1 * x.T @ back", "sign")


def adaptive(slope, way):
    """A loop that trains by RMSprop, whose first update is the sign of the gradient."""

    def train(A, b, x, y, rate=0.01, eps=1e-8):
        vA, vb = np.zeros_like(A), np.zeros_like(b)
        for _ in range(3):
            h = np.tanh(x @ A)
            loss = np.mean((h + b - y) ** 2)  # it is the loss by its name
            d = 2 * (h + b - y) / y.size
            dA = x.T @ (d * slope(h))
            db = d.sum(axis=0)
            vA = 0.9 * vA + 0.1 * dA**2
            vb = 0.9 * vb + 0.1 * db**2
            A += way * rate * dA / (np.sqrt(vA) + eps)
            b -= rate * db / (np.sqrt(vb) + eps)

    return train


@pytest.mark.parametrize(
    ("slope", "way", "blame"),
    [
        (lambda h: 1 - h**2, -1, None),
        (lambda h: 1 - h, -1, "dA = "),
        (lambda h: 1 - h**2, 1, "A += way * rate"),
    ],
)
def test_the_first_update_of_an_adaptive_method_is_no_multiple_of_the_gradient(slope, way, blame):
    inputs = {"A": N(3, 4), "b": N(4), "x": N(5, 3), "y": N(5, 4)}
    report = check.training_step(adaptive(slope, way), inputs)
    assert report.ok == (blame is None), str(report)
    assert blame is None or report.first.source.startswith(blame)
    assert any("of one size" in note for note in report.notes) == (way == -1)


def test_times_of_events_may_be_gone_through_once_each():
    forward, backward = pair_of(
        """
        def forward(beta, X, time, event):
            eta, loss = X @ beta, 0.0
            for t in np.unique(time[event == 1]):
                dead, risk = (time == t) & (event == 1), time >= t
                loss -= eta[dead].sum() - dead.sum() * np.log(np.exp(eta[risk]).sum())
            return loss

        def backward(beta, X, time, event):
            eta, g = X @ beta, np.zeros(len(X))
            for t in np.unique(time[event == 1]):
                dead, risk = (time == t) & (event == 1), time >= t
                g[dead] -= 1
                g[risk] += dead.sum() * np.exp(eta[risk]) / np.exp(eta[risk]).sum()
            return X.T @ g
        """
    )
    time, event = np.array([2.0, 3.0, 3.0, 5.0, 6.0]), np.array([1, 1, 1, 0, 1])
    report = check.derivation(forward, backward, {"beta": N(3), "X": N(5, 3), "time": time, "event": event})
    assert report.ok, str(report)


def test_a_transpose_is_blamed_and_not_the_line_that_raises_after_it():
    forward, backward = pair_of(
        """
        def forward(x, W, lam):
            return np.sum((x @ W.T) ** 2) + lam * np.sum(W**2)

        def backward(x, W, lam):
            dy = 2 * (x @ W.T)
            dW = x.T @ dy
            dW += 2 * lam * W
            return {"W": dW}
        """
    )
    report = check.derivation(forward, backward, {"x": N(5, 3), "W": N(2, 3), "lam": 0.1})
    assert report.first.source == "dW = x.T @ dy", str(report)


def test_a_buffer_of_states_may_be_multiplied_by_a_method():
    forward, backward = pair_of(
        """
        def forward(x, U):
            s = np.zeros((4, 2))
            for t in range(3):
                s[t + 1] = np.tanh(x[t] + s[t].dot(U))
            return s.sum(), s

        def backward(x, U, s):
            dU, d = np.zeros_like(U), np.zeros(2)
            for t in range(2, -1, -1):
                d = (d + 1) * (1 - s[t + 1] ** 2)
                dU += np.outer(s[t], d)
                d = d.dot(U.T)
            return {"U": dU}
        """
    )
    assert check.derivation(forward, backward, {"x": N(3, 2), "U": N(2, 2)}).inputs["U"] == "right"


def test_a_log_likelihood_is_to_grow_and_vectorized_functions_are_followed():
    import math

    smooth = np.vectorize(math.log1p)

    def fit(w, x):
        for _ in range(3):
            loglik = np.sum(smooth(np.exp(-(w**2)) * x))  # it is what the update is of
            z = np.exp(-(w**2)) * x
            w += 0.1 * (z / (1 + z) * -2 * w)

    report = check.training_step(fit, {"w": N(4), "x": np.abs(N(4))}, loss="loglik")
    assert report.ok, str(report)
    assert any("uphill" in note for note in report.notes)


def test_a_helper_that_refuses_what_is_tried_of_it_is_no_error():
    forward, backward = pair_of(
        """
        def proper(x):
            if np.all(x == x.flat[0]) and x.flat[0]:
                raise ValueError("a constant")
            return x

        def forward(x, c):
            return np.sum(np.sin(x) ** 3 * c)

        def backward(x, c):
            return {"x": proper(x) * np.exp(c)}
        """
    )
    report = check.derivation(forward, backward, {"x": N(10, 9), "c": N(10, 9)})
    assert report.status == "wrong", str(report)


class Scaling:
    """A layer with a penalty of its own."""

    def __init__(self, W, wrong):
        self.params, self.grads, self.wrong = {"W": W}, {}, wrong

    def forward(self, x):
        self.x = x
        return np.tanh(x @ self.params["W"])

    def backward(self, grad):
        g = grad * (1 - np.tanh(self.x @ self.params["W"]) ** 2)
        self.grads["W"] = self.x.T @ g + (-0.1 if self.wrong else 0.1) * self.params["W"]
        return g @ self.params["W"].T


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("wrong", [False, True])
def test_gradients_of_a_list_of_layers_by_keys_with_numbers(wrong, seed):
    rng = np.random.default_rng(seed)
    layers = [Scaling(rng.normal(size=shape), wrong) for shape in ((3, 4), (4, 2))]

    def loss(x, t):
        for layer in layers:
            x = layer.forward(x)
        loss.gap = x - t
        return 0.5 * np.sum((x - t) ** 2) + 0.05 * sum(np.sum(layer.params["W"] ** 2) for layer in layers)

    def gradient():
        g = loss.gap
        for layer in reversed(layers):
            g = layer.backward(g)
        return {"x": g} | {f"W{i}": layer.grads["W"] for i, layer in enumerate(layers)}

    report = check.derivation(loss, gradient, {"x": rng.normal(size=(5, 3)), "t": rng.normal(size=(5, 2))})
    assert report.ok != wrong, str(report)
    assert not wrong or report.first.source.startswith('self.grads["W"] = '), str(report)


def test_no_function_is_tried_that_trains_or_prints():
    forward, backward = pair_of(
        """
        CALLS = []

        def forward(x, W, V):
            h = np.tanh(x @ W)
            return np.sum((h @ V) ** 2), h

        def backward(x, W, V, h):
            d = 2 * h @ V
            return {"W": x.T @ (d @ V.T), "V": h.T @ d}

        def train(x):
            CALLS.append(backward(x, x, x, x))
            return x

        def drawn(x):
            CALLS.append(print(x))
            return x
        """
    )
    report = check.derivation(forward, backward, {"x": N(5, 3), "W": N(3, 4), "V": N(4, 2)})
    assert report.first.kind == "missing-factor", str(report)
    assert forward.__globals__["CALLS"] == []


def test_arrays_are_filled_from_several_values_at_once():
    forward, backward = pair_of(
        """
        def forward(start, rate):
            s, e = np.zeros(4), np.zeros(4)
            s[0], e[0] = start
            for k in range(3):
                s[k + 1] = s[k] - rate * s[k] * e[k]
                e[k + 1] = e[k] + rate * s[k] * e[k]
            return np.sum(e**2)

        def backward(start, rate, s, e):
            ds, de, drate = 0.0, 2 * e[3], 0.0
            for k in reversed(range(3)):
                flow = de - ds
                drate += flow * s[k] * e[k]
                ds, de = ds + flow * rate * e[k], de + flow * rate * s[k] + 2 * e[k]
            return {"start": np.array([ds, de]), "rate": drate}
        """
    )
    report = check.derivation(forward, backward, {"start": np.array([0.9, 0.1]), "rate": 0.7})
    assert report.inputs == {"start": "right", "rate": "right"}, str(report)


def test_a_change_that_makes_all_right_may_be_asked_for_twice():
    forward, backward = pair_of(
        """
        def gap_slope(y, t):
            return 2 * np.tanh(y - t) / t.size

        def forward(x, W, t):
            y = x @ W
            return 2 * np.mean(np.log(np.cosh(y - t)).sum(axis=1)), y

        def backward(x, W, t, y):
            d = gap_slope(y, t)
            return {"W": x.T @ d}
        """
    )
    report = check.derivation(forward, backward, {"x": N(6, 3), "W": N(3, 2), "t": N(6, 2)})
    assert report.first.source == "return 2 * np.tanh(y - t) / t.size", str(report)


@pytest.mark.parametrize(
    "draw", ["np.random.rand(4)", "GENERATOR.random(4)", "np.array([random.random() for _ in x])"]
)
def test_a_draw_does_not_hide_that_a_mask_is_forgotten(draw):
    source = """
    import random
    GENERATOR = np.random.default_rng(0)

    def forward(x):
        mask = 1.0 * (DRAW < 0.7)
        return np.sum(mask * x**2)

    def backward(x):
        return {"x": 2 * x}
    """
    forward, backward = pair_of(source.replace("DRAW", draw))
    inner = forward.__globals__["GENERATOR"]
    for seed in range(1000):
        np.random.seed(seed)
        random.seed(seed)
        inner.bit_generator.state = np.random.default_rng(seed).bit_generator.state
        before = np.random.get_state()[2], random.getstate(), inner.bit_generator.state
        if np.isclose(forward(x := N(4)), np.sum(x**2)):
            break
    np.random.seed(seed)
    random.seed(seed)
    inner.bit_generator.state = np.random.default_rng(seed).bit_generator.state
    report = check.derivation(forward, backward, {"x": N(4)})
    assert not report.ok, str(report)
    assert (np.random.get_state()[2], random.getstate(), inner.bit_generator.state) == before


LAYERS = """
def linear_back(dz, cache):
    x, w = cache
    return dz @ w.T, x.T @ dz

def relu_back(da, z):
    dz = np.array(da, copy=True)
    dz[z <= 0] = 0
    return dz

def forward(x, w1, w2, w3):
    caches, a = [], x
    for w in (w1, w2):
        z = a @ w
        caches.append(((a, w), z))
        a = np.maximum(z, 0)
    caches.append(((a, w3), a @ w3))
    return a @ w3, caches

def backward(dout, caches):
    grads = {}
    da, grads["w3"] = linear_back(dout, caches[2][0])
    for l in reversed(range(2)):
        dz = relu_back(da, caches[l][1])
        da_prev, grads["w" + str(l + 1)] = linear_back(dz, caches[l][0])
        da = da_prev
    return {"x": da, **grads}
"""
RAISING = [
    ("        da = da_prev\n", "", "da_prev, grads"),
    ("relu_back(da, caches[l][1])", "relu_back(da, caches[l - 1][1])", "dz = relu_back(da"),
    ("return dz @ w.T, x.T @ dz", "return dz @ w, x.T @ dz", "return dz @ w,"),
    (
        "        dz = relu_back(da, caches[l][1])\n        da_prev,",
        "        dz = relu_back(da, caches[l][1]).T\n        da_prev,",
        "dz = relu_back(da, caches[l][1]).T",
    ),
]


@pytest.mark.parametrize(("old", "new", "blame"), RAISING, ids=[blame for *_, blame in RAISING])
def test_a_change_lets_a_backward_pass_go_through(old, new, blame):
    inputs = {"x": N(5, 3), "w1": N(3, 4), "w2": N(4, 6), "w3": N(6, 2)}
    assert check.derivation(*pair_of(LAYERS), inputs).ok
    assert LAYERS.count(old) == 1
    report = check.derivation(*pair_of(LAYERS.replace(old, new)), inputs)
    assert report.status == "wrong"
    assert blame in report.first.source, str(report)


TRAINED = """
def train(x, y, rewards):
    weights = {"w0": np.cos(np.arange(12.0)).reshape(4, 3), "w1": np.sin(np.arange(3.0)).reshape(3, 1)}
    for step in range(3):
        h = np.tanh(x @ weights["w0"])
        out = h @ weights["w1"]
        loss = np.mean(rewards * (out - y) ** 2)
        dout = 2 * rewards * (out - y) / out.size
        grads = {"w1": h.T @ dout}
        grads["w0"] = x.T @ (dout @ weights["w1"].T * (1 - h**2))
        for l in range(2):
            weights[f"w{l}"] -= 0.1 * grads[f"w{l}"]
    return weights
"""


def test_what_is_called_loss_is_to_fall_whatever_else_there_is():
    inputs = {"x": N(5, 4), "y": N(5, 1), "rewards": np.ones((5, 1))}
    report = check.training_step(train_of(TRAINED), inputs)
    assert report.ok, str(report)
    ascent = train_of(TRAINED.replace("-= 0.1", "+= 0.1"))
    assert not check.training_step(ascent, inputs).ok


NESTED = """
def train(inputs, targets, eta=0.5):
    sizes = (3, 3, 3)
    rng = np.random.default_rng(3)
    weights = [rng.normal(size=(n, m)) for m, n in zip(sizes, sizes[1:])]

    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    def backprop(x, y):
        nabla, activations = [np.zeros(w.shape) for w in weights], [x]
        for w in weights:
            activations.append(sigmoid(w @ activations[-1]))
        cost = 0.5 * np.sum((activations[-1] - y) ** 2)
        delta = activations[-1] - y
        for l in range(1, len(sizes)):
            delta = delta * activations[-l] * (1 - activations[-l])
            nabla[-l] = np.outer(delta, activations[-l - 1])
            delta = weights[-l].T @ delta
        return cost, nabla

    for epoch in range(10):
        loss, total = 0.0, [np.zeros(w.shape) for w in weights]
        for x, y in zip(inputs, targets):
            cost, nabla = backprop(x, y)
            loss += cost
            total = [t + n for t, n in zip(total, nabla)]
        for l in range(len(weights)):
            weights[l] -= eta * total[l]
"""
MISTAKES_NESTED = [
    ("weights[-l].T @ delta", "weights[-l + 1].T @ delta", "delta = weights[-l + 1].T @ delta"),
    ("np.outer(delta, activations[-l - 1])", "np.outer(delta, activations[-l])", "nabla[-l]"),
    ("delta = activations[-1] - y", "delta = y - activations[-1]", "delta = y - activations[-1]"),
    (" * (1 - activations[-l])", "", "delta = delta * activations[-l]"),
]


def test_functions_inside_of_one_that_trains():
    inputs = {"inputs": N(5, 3), "targets": 0.5 + 0.1 * N(5, 3)}
    assert check.training_step(train_of(NESTED), inputs).ok
    for old, new, blame in MISTAKES_NESTED:
        assert NESTED.count(old) == 1
        report = check.training_step(train_of(NESTED.replace(old, new)), inputs)
        assert report.status == "wrong"
        assert blame in report.first.source, str(report)


def test_a_parameter_that_is_left_alone_though_its_gradient_is_derived():
    inputs = {"x": N(5, 4), "y": N(5, 1), "rewards": np.ones((5, 1))}
    for old, new in (
        ("for l in range(2):", "for l in range(1):"),
        ("for l in range(2):", "for l in range(1, 2):"),
    ):
        report = check.training_step(train_of(TRAINED.replace(old, new)), inputs)
        assert report.status == "wrong"
        assert report.first.source == new, str(report)


@pytest.mark.parametrize(
    "method", ["reduce([x, y, x * y])", "accumulate([x, y])", "outer([x, y], [-0.5, 0.25])"]
)
@pytest.mark.parametrize("ufunc", ["maximum", "logaddexp", "add"])
def test_methods_of_ufuncs_take_lists_of_arrays(ufunc, method):
    source = f"""
    def forward(x, y):
        return np.sum(np.cos(np.{ufunc}.{method}))

    def backward(x, y):
        return {{"x": 0 * x}}
    """
    x, y = np.random.default_rng(5).normal(size=(2, 4))
    inputs = {"x": x, "y": y}
    report = check.derivation(*pair_of(source), inputs)
    assert report.status == "wrong", str(report)
    assert report.inputs == {"x": "wrong", "y": "not derived"}
    forward, _ = pair_of(source)
    steps = [np.eye(4)[i] * 1e-6 for i in range(4)]
    slopes = [(forward(x + s, y) - forward(x - s, y)) / 2e-6 for s in steps]
    np.testing.assert_allclose(report.first.true, slopes, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("axis", [1, None])
def test_a_gradient_of_a_wrong_shape_that_one_of_many_layers_keeps(axis):
    class Scale:
        def __init__(self, gain):
            self.gain, self.grads = gain, {}

        def forward(self, x):
            self.x = x
            return x * self.gain

        def backward(self, dout):
            self.grads["gain"] = np.sum(dout * self.x, axis=axis)
            return dout * self.gain

    layers = [Scale(N(3)), Scale(N(3))]

    def forward(x):
        for layer in layers:
            x = layer.forward(x)
        return np.sum(x**2), x

    def backward(out):
        d = 2 * out
        for layer in reversed(layers):
            d = layer.backward(d)
        return d

    report = check.derivation(forward, backward, {"x": N(5, 3)})
    assert report.status == "wrong", str(report)
    assert report.first.source.startswith('self.grads["gain"] = '), str(report)


def test_a_gain_is_called_as_gradients_are():
    forward, backward = pair_of(
        """
        def forward(x, p):
            h = x - x.mean(axis=1, keepdims=True)
            return p["g"] * h + p["s"], h

        def backward(dout, p, h):
            d = dout
            grads = {"g": np.sum(dout * h, axis=0), "s": np.sum(dout, axis=0)}
            return {"x": d - d.mean(axis=1, keepdims=True), "grads": grads}
        """
    )
    report = check.derivation(
        forward, backward, {"x": N(5, 3), "p": {"g": np.ones(3) + N(3) ** 2, "s": N(3)}}
    )
    assert report.first.source == "d = dout", str(report)


class Cell:
    def __init__(self, W):
        self.Wa, self.Wb = W[:, :2], W[:, 2:]

    def forward(self, x, h):
        self.x, self.h = x, h
        self.a, self.b = np.tanh(x @ self.Wa), np.tanh(x @ self.Wb)
        return self.a * h + self.b

    def backward(self, d):
        da, db = d * self.h * (1 - self.a**2), d * (1 - self.b**2)
        self.dW = np.hstack([self.x.T @ da, self.x.T @ db])
        return d * self.a


class Sequence:
    def __init__(self, W, wrong):
        self.W, self.wrong = W, wrong

    def forward(self, xs):
        self.cells, h = [], np.ones((len(xs[0]), 2))
        for x in xs:
            self.cells.append(Cell(self.W))
            h = self.cells[-1].forward(x, h)
        return h

    def backward(self, d):
        self.dW = np.zeros_like(self.W)
        for cell in reversed(self.cells):
            d = cell.backward(d)
            self.dW += -cell.dW if self.wrong else cell.dW


@pytest.mark.parametrize("wrong", [False, True])
def test_what_cells_keep_of_a_matrix_that_the_sequence_has(wrong):
    rng = np.random.default_rng(4)
    sequence = Sequence(rng.normal(size=(3, 4)), wrong)
    report = check.derivation(sequence.forward, sequence.backward, {"xs": list(rng.normal(size=(3, 2, 3)))})
    assert report.judged == {"dW": not wrong}, str(report)
    assert report.ok != wrong
