"""Which of the lines that could make up for a mistake `check` blames: the one that ought to.

As tests/planted.py says, a mistake is planted by changing a piece of the source.
"""

import sys

import numpy as np
import pytest

from autograd.check.hand.diagnose.repair import evaluating
from autograd.check.hand.locate.elsewhere.slopes import WELL_KNOWN, is_same_function

from .planted import checks_of

RNG = np.random.default_rng(61)


def N(*shape):  # noqa: N802  # as in mathematics
    return RNG.normal(size=shape)


CASES = {
    "a sum that begins with zeros": (
        """
        def forward(U, V, cells, ratings, lam):
            loss = lam / 2 * (np.sum(U ** 2) + np.sum(V ** 2))
            gU, gV = np.zeros(U.shape), np.zeros_like(V)
            for (i, j), r in zip(cells, ratings):
                e = U[i] @ V[j] - r
                loss += e ** 2 / 2
                gU[i] += e * V[j]
                gV[j] += e * U[i]
            gU += lam * U
            gV += lam * V
            return loss, (gU, gV)
        """,
        {
            "U": N(3, 2), "V": N(4, 2), "lam": 0.3,
            "cells": [(0, 1), (2, 0), (1, 3), (0, 0), (1, 2)], "ratings": N(5),
        },
        [
            ("            gU += lam * U\n", "", "gU[i] += e", "missing-term"),
            ("            gV += lam * V\n", "", "gV[j] += e", "missing-term"),
            ("gV[j] += e * U[i]", "gV[j] = e * U[i]", "gV[j] = e", "overwritten"),
        ],
    ),
    "a sum that begins with the penalty": (
        """
        def sigmoid(z):
            return 1 / (1 + np.exp(-z))

        def train(w, V, X, y, reg, lr):
            for step in range(2):
                gw, gV = reg * w, reg * V
                loss = reg / 2 * (np.sum(w ** 2) + np.sum(V ** 2))
                for i in range(len(X)):
                    s = X[i] @ V
                    cross = np.sum(s ** 2 - (X[i] ** 2) @ (V ** 2)) / 2
                    m = y[i] * (X[i] @ w + cross)
                    loss += np.log(1 + np.exp(-m))
                    d = -y[i] * sigmoid(-m)
                    gw = gw + d * X[i]
                    for f in range(V.shape[1]):
                        for j in range(len(w)):
                            gV[j, f] += d * (X[i, j] * s[f] - V[j, f] * X[i, j] ** 2)
                w -= lr * gw
                V -= lr * gV
            return w, V
        """,
        {"w": N(3), "V": N(3, 2), "X": N(4, 3), "y": np.array([1.0, -1, -1, 1]), "reg": 0.1, "lr": 0.2},
        [
            (" - V[j, f] * X[i, j] ** 2)", ")", "gV[j, f] += d", "missing-term"),
            ("sigmoid(-m)", "sigmoid(m)", "d = -y[i]", None),
            ("gw, gV = reg * w, reg * V", "gw, gV = reg * w, 2 * reg * V", "2 * reg * V", "factor"),
        ],
    ),
    "a slope of what goes by the name of its function": (
        """
        def softsign(z):
            return z / (1 + np.abs(z))

        def softsign_prime(z):
            return 1 / (1 + np.abs(z)) ** 2

        def forward(x, Ws):
            zs, outs = [], [x]
            for W in Ws:
                zs.append(outs[-1] @ W)
                outs.append(softsign(zs[-1]))
            return np.sum(outs[-1] ** 2) / 2, (zs, outs)

        def backward(Ws, cache):
            zs, outs = cache
            delta = outs[-1] * softsign_prime(zs[-1])
            grads = [outs[-2].T @ delta]
            for l in range(2, len(Ws) + 1):
                delta = delta @ Ws[-l + 1].T * softsign_prime(zs[-l])
                grads.insert(0, outs[-l - 1].T @ delta)
            return {"Ws": grads}
        """,
        {"x": N(4, 3), "Ws": [N(3, 3), N(3, 3), N(3, 3)]},
        [
            ("* softsign_prime(zs[-l])", "* softsign_prime(outs[-l])", "delta = delta", None),
            ("(1 + np.abs(z)) ** 2", "(1 + np.abs(z))", "return 1 / (1", None),
        ],
    ),
    "states in an array that is written out": (
        """
        def forward(theta, s, obs):
            b, c = theta
            Z, loss = [s], 0.0
            for o in obs:
                S, I = Z[-1]
                new, gone = 0.4 * b * S * I, 0.3 * c * I
                Z.append(np.array([S - new, I + new - gone]))
                loss += (Z[-1][1] - o) ** 2
            return loss, Z

        def backward(theta, obs, cache):
            b, c = theta
            dtheta, lam = np.zeros(2), np.zeros(2)
            for t in range(len(obs) - 1, -1, -1):
                lam[1] += 2 * (cache[t + 1][1] - obs[t])
                S, I = cache[t]
                dnew = 0.4 * (lam[1] - lam[0])
                dgone = -0.3 * lam[1]
                dtheta += np.array([dnew * S * I, dgone * I])
                lam = lam + np.array([dnew * b * I, dnew * b * S + dgone * c])
            return {"theta": dtheta, "s": lam}
        """,
        {"theta": np.array([1.4, 0.5]), "s": np.array([0.8, 0.15]), "obs": RNG.uniform(0.1, 0.6, 5)},
        [
            ("dnew * b * S + dgone * c]", "dnew * b * S]", "lam = lam + np.array", "missing-term"),
            ("dnew * b * S + dgone * c]", "dnew * b * S + dgone]", "lam = lam + np.array", None),
            ("lam = lam + np.array", "lam = np.array", "lam = np.array", None),
        ],
    ),
    "a helper that did its part, though it is misled later": (
        """
        def look(q, M, W):
            s = np.tanh(M @ W @ q)
            return {"q": q, "s": s, "out": s @ M}

        def look_back(dout, kept, M, W):
            s, q = kept["s"], kept["q"]
            ds = (M @ dout) * (1 - s ** 2)
            dM = np.outer(s, dout) + np.outer(ds, W @ q)
            return {"q": (M @ W).T @ ds, "W": np.outer(M.T @ ds, q), "M": dM}

        def forward(q, M, W, y):
            kept, state = [], q
            for hop in range(3):
                kept.append(look(state, M, W))
                state = state + kept[-1]["out"]
            return np.sum((state - y) ** 2), kept, state

        def backward(M, W, y, kept, state):
            grads = {"M": np.zeros_like(M), "W": np.zeros_like(W)}
            d = 2 * (state - y)
            for one in kept[::-1]:
                g = look_back(d, one, M, W)
                for name in grads:
                    grads[name] += g[name]
                d = d + g["q"]
            grads["q"] = d
            return grads
        """,
        {"q": N(3), "M": N(4, 3), "W": N(3, 3), "y": N(3)},
        [
            ('d = d + g["q"]', 'd = g["q"]', "d = g[", "overwritten"),
            ("(M @ dout) * (1 - s ** 2)", "(M @ dout)", "ds = (M", None),
            ("np.outer(s, dout) + np.outer(ds, W @ q)", "np.outer(s, dout)", "dM = ", None),
        ],
    ),
    "layers of tables, the mean of which is taken outside": (
        """
        class Table:
            def __init__(self, W):
                self.W, self.dW = W, np.zeros_like(W)

            def forward(self, rows):
                self.rows = rows
                return self.W[rows]

            def backward(self, g):
                self.dW[...] = 0
                np.add.at(self.dW, self.rows, g)

        class Softmax:
            def forward(self, s, t):
                e = np.exp(s - s.max(axis=1, keepdims=True))
                self.p, self.t = e / e.sum(axis=1, keepdims=True), t
                return -np.sum(np.log(self.p[np.arange(len(t)), t] + 1e-7)) / len(t)

            def backward(self, upper=1.0):
                n = len(self.t)
                ds = self.p.copy()
                ds[np.arange(n), self.t] -= 1
                ds *= upper
                return ds / n

        class Bag:
            def __init__(self, W, V):
                self.tables, self.V, self.loss = [Table(W), Table(W), Table(W)], V, Softmax()

            def forward(self, words, t):
                h = sum(table.forward(w) for table, w in zip(self.tables, words.T)) / len(self.tables)
                self.h = h
                return self.loss.forward(h @ self.V, t)

            def backward(self):
                ds = self.loss.backward()
                self.dV = self.h.T @ ds
                dh = ds @ self.V.T
                dh = dh / len(self.tables)
                dW = 0
                for table in self.tables:
                    table.backward(dh)
                    dW = dW + table.dW
                return {"W": dW, "V": self.dV}

        def forward(W, V, words, t):
            bag = Bag(W, V)
            return bag.forward(words, t), bag

        def backward(cache):
            return cache.backward()
        """,
        {
            "W": N(6, 4), "V": N(4, 5), "words": np.array([[0, 1, 2], [0, 3, 1], [5, 4, 1]]),
            "t": np.array([4, 0, 2]),
        },
        [
            ("                dh = dh / len(self.tables)\n", "", "dh = ds @", "factor"),
            ("return ds / n", "return ds", ("ds *= upper", "return ds"), "factor"),
            ("self.t] -= 1", "self.t] += 1", "self.t] += 1", "sign"),
            ("np.add.at(self.dW, self.rows, g)", "self.dW[self.rows] = g", "self.dW[self.rows] = g", None),
        ],
    ),
    "a sum of two lines, and a mean that is read once": (
        """
        def forward(x, W, U, y):
            c = x - x.mean(axis=0)
            h = c @ W
            g = np.tanh(h)
            return np.mean((g @ U + h @ U - y) ** 2), c, g

        def backward(x, W, U, y, c, h, g):
            n = len(x)
            d = 2 * (g @ U + h @ U - y) / y.size
            dU = (g + h).T @ d
            back = d @ U.T
            gate = 1 - g ** 2
            dh = back * gate
            dh += back
            dc = dh @ W.T
            total = dc.sum(axis=0)
            return {"x": dc - total / n, "W": c.T @ dh, "U": dU}
        """,
        {"x": N(5, 3), "W": N(3, 4), "U": N(4, 2), "y": N(5, 2)},
        [
            ("dc - total / n", "dc", '{"x": dc', "missing-term"),
            ("            dh += back\n", "", "dh = back", None),
        ],
    ),
    "dropout in a loop, where the last layer has another name": (
        """
        def forward(x, y, p, keep):
            rng, A, kept = np.random.RandomState(3), x, []
            for l in (1, 2):
                before = A
                A = np.tanh(p["W" + str(l)] @ A)
                D = rng.rand(*A.shape) < keep
                kept.append((before, A, D))
                A = A * D / keep
            ZL = p["W3"] @ A
            AL = 1 / (1 + np.exp(-ZL))
            kept.append((A, None, None))
            return -np.sum(y * np.log(AL) + (1 - y) * np.log(1 - AL)) / y.shape[1], (AL, kept)

        def backward(y, p, keep, cache):
            AL, kept = cache
            grads, m = {}, y.shape[1]
            dZ = AL - y
            for l in (3, 2, 1):
                before, A, D = kept[l - 1]
                if l < 3:
                    dA = grads["dA" + str(l)]
                    dA = dA * D
                    dA = dA / keep
                    dZ = dA * (1 - A ** 2)
                grads["dW" + str(l)] = np.dot(dZ, before.T) / m
                grads["dA" + str(l - 1)] = np.dot(p["W" + str(l)].T, dZ)
            return grads
        """,
        {
            "x": N(3, 6), "y": np.array([[0.0, 1, 1, 0, 1, 0]]), "keep": 0.7,
            "p": {"W1": N(5, 3), "W2": N(4, 5), "W3": N(1, 4)},
        },
        [
            ("                    dA = dA / keep\n", "", "dA = dA * D", "factor"),
            ("                    dA = dA * D\n", "", ("dA = grads[", "dA = dA / keep"), None),
        ],
    ),
    "what is put by in a list is wrong before it is picked": (
        """
        def forward(xs, ys, W, U, v):
            h, hs, loss, errors = np.zeros(len(U)), [np.zeros(len(U))], 0.0, []
            for x, y in zip(xs, ys):
                h = np.tanh(x @ W + h @ U)
                p = 1 / (1 + np.exp(-(h @ v)))
                error = p - y
                loss += error ** 2 / 2
                errors.append(error * p * (1 - p))
                hs.append(h)
            dW, dU, dv, dnext = np.zeros_like(W), np.zeros_like(U), np.zeros_like(v), np.zeros_like(h)
            for k in range(len(xs)):
                delta = errors[-k - 1]
                dv += delta * hs[-k - 1]
                da = (delta * v + dnext) * (1 - hs[-k - 1] ** 2)
                dW += np.outer(xs[-k - 1], da)
                dU += np.outer(hs[-k - 2], da)
                dnext = U @ da
            return loss, {"W": dW, "U": dU, "v": dv}
        """,
        {"xs": N(4, 2), "ys": np.array([0.0, 1, 1, 0]), "W": N(2, 3), "U": N(3, 3), "v": N(3)},
        [
            ("errors.append(error * p * (1 - p))", "errors.append(error)", "errors.append(error)", None),
            ("delta = errors[-k - 1]", "delta = errors[k]", "delta = errors[k]", None),
            ("dnext = U @ da", "dnext = da", "dnext = da", None),
        ],
    ),
    "a gate of one of several terms": (
        """
        def forward(xs, h0, Wz, Wc, Uz, Uc, v):
            hs, zs, cs = [h0], [], []
            for x in xs:
                zs.append(1 / (1 + np.exp(-(x @ Wz + hs[-1] @ Uz))))
                cs.append(np.tanh(x @ Wc + (zs[-1] * hs[-1]) @ Uc))
                hs.append(hs[-1] + cs[-1])
            loss = sum(np.sum((h @ v) ** 2) for h in hs[1:])
            dWz, dWc, dUz, dUc = (np.zeros_like(a) for a in (Wz, Wc, Uz, Uc))
            dv, dnext = np.zeros_like(v), np.zeros_like(h0)
            for t in reversed(range(len(xs))):
                dh = 2 * (hs[t + 1] @ v) * v + dnext
                dv += 2 * (hs[t + 1] @ v) * hs[t + 1]
                dcraw = dh * (1 - cs[t] ** 2)
                dgated = Uc @ dcraw
                dzraw = dgated * hs[t] * zs[t] * (1 - zs[t])
                dWz += np.outer(xs[t], dzraw)
                dWc += np.outer(xs[t], dcraw)
                dUz += np.outer(hs[t], dzraw)
                dUc += np.outer(zs[t] * hs[t], dcraw)
                dnext = dh + dgated * zs[t] + Uz @ dzraw
            return loss, dict(Wz=dWz, Wc=dWc, Uz=dUz, Uc=dUc, v=dv, h0=dnext)
        """,
        {
            "xs": N(4, 2), "h0": N(3), "Wz": N(2, 3), "Wc": N(2, 3), "Uz": N(3, 3) / 2, "Uc": N(3, 3) / 2,
            "v": N(3),
        },
        [
            ("dgated * zs[t] + Uz", "dgated + Uz", "dnext = dh", "missing-factor"),
            ("+ Uz @ dzraw", "+ dzraw", "dnext = dh", None),
        ],
    ),
    "a helper that leaves the temperature unread": (
        """
        def softmax(s):
            e = np.exp(s - s.max(axis=1, keepdims=True))
            return e / e.sum(axis=1, keepdims=True)

        def forward(A, B, W, tau):
            a, b = A @ W, B @ W
            P = softmax(a @ b.T / tau)
            return -np.mean(np.log(np.diag(P) + 1e-8)), a, b, P

        def scores_back(P, tau):
            return (P - np.eye(len(P))) / (tau * len(P))

        def pair_back(G, a, b):
            return G @ b, G.T @ a

        def backward(A, B, W, tau, a, b, P):
            da, db = pair_back(scores_back(P, tau), a, b)
            return {"A": da @ W.T, "B": db @ W.T, "W": A.T @ da + B.T @ db}
        """,
        {"A": N(4, 3) / 2, "B": N(4, 3) / 2, "W": N(3, 2) / 2, "tau": 0.6},
        [
            ("/ (tau * len(P))", "/ len(P)", "return (P - np.eye", "factor"),
            ("return G @ b, G.T @ a", "return G @ b, G @ a", "return G @ b, G @ a", "transpose"),
        ],
    ),
}  # fmt: skip


test_right, test_mistake = checks_of(CASES)


@pytest.mark.parametrize("name", WELL_KNOWN)
def test_functions_that_are_known_by_their_names(name):
    points = np.linspace(-0.8, 0.8, 9)
    steps = {h: WELL_KNOWN[name](points + h) for h in (1e-6, -1e-6)}
    assert np.allclose(WELL_KNOWN[name](points), (steps[1e-6] + steps[-1e-6]) / 2, atol=1e-5)
    assert is_same_function(WELL_KNOWN[name], WELL_KNOWN[name])
    assert not is_same_function(lambda x: WELL_KNOWN[name](-x), WELL_KNOWN[name])


def test_several_values_stand_for_no_array():
    override = evaluating(compile("(1.0, 2.0)", "<here>", "eval"))
    with pytest.raises(TypeError, match="several values can't stand for one"):
        override(0, np.ones(2), sys._getframe())
    assert override(0, [0.0], sys._getframe()) == (1.0, 2.0)
