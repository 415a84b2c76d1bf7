"""`check` on backward passes in the styles of courses, books, blogs and gists, each right and with a mistake.

Nothing is passed but the functions and the inputs.  A mistake is planted by changing a piece of the source.
"""

import random
import subprocess
import sys
import textwrap
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest

from autograd import check
from autograd.errors import DerivationError

from .planted import checks_of

ROOT = Path(__file__).parents[1]
RNG = np.random.default_rng(712)


def N(*shape):  # noqa: N802  # as in mathematics
    return RNG.normal(size=shape)


Params = namedtuple("Params", "W b v")

# The source of both, the inputs, and mistakes: a piece, what replaces it, and a piece of the line to blame

STYLES = {
    "deltas": (
        """
        def forward(X, W1, W2, y):
            h = 1 / (1 + np.exp(-(X @ W1)))
            out = 1 / (1 + np.exp(-(h @ W2)))
            return np.sum((out - y) ** 2) / 2

        def backward(X, W1, W2, y, h, out):
            delta2 = (out - y) * out * (1 - out)
            nabla_w2 = h.T @ delta2
            delta1 = delta2 @ W2.T * h * (1 - h)
            nabla_w1 = X.T @ delta1
            return [nabla_w1, nabla_w2]
        """,
        {"X": N(6, 3), "W1": N(3, 4), "W2": N(4, 2), "y": N(6, 2)},
        [
            ("(out - y) * out * (1 - out)", "(out - y) * out", "delta2 = (out - y) * out"),
            ("@ W2.T * h * (1 - h)", "@ W2.T * (1 - h)", "delta1 = delta2 @ W2.T * (1 - h)"),
            ("h.T @ delta2", "h.T @ delta2 / 2", "nabla_w2 = h.T @ delta2 / 2"),
        ],
    ),
    "one name before and after the mask": (
        """
        def forward(X, W1, W2, y):
            h = np.maximum(0, X @ W1)
            out = h @ W2
            return np.mean((out - y) ** 2)

        def backward(X, W1, W2, y, h, out):
            dout = 2 * (out - y) / out.size
            dh = dout.dot(W2.T)
            dh[h == 0] = 0
            return {"W1": X.T.dot(dh), "W2": h.T.dot(dout)}
        """,
        {"X": N(5, 3), "W1": N(3, 4), "W2": N(4, 2), "y": N(5, 2)},
        [
            ("dh[h == 0] = 0", "dh[h > 0] = 0", "dh[h > 0] = 0"),
            ("/ out.size", "/ len(out)", "dout = 2 * (out - y) / len(out)"),
        ],
    ),
    "a pair with a cache": (
        """
        def forward(x, gamma, beta):
            mu = x.mean(axis=0)
            xhat = (x - mu) / np.sqrt(((x - mu) ** 2).mean(axis=0) + 1e-5)
            return gamma * xhat + beta, (xhat, gamma, x - mu)

        def backward(dout, cache):
            xhat, gamma, centred = cache
            std = np.sqrt((centred**2).mean(axis=0) + 1e-5)
            dxhat = dout * gamma
            dx = (dxhat - dxhat.mean(axis=0) - xhat * (dxhat * xhat).mean(axis=0)) / std
            return dx, (dout * xhat).sum(axis=0), dout.sum(axis=0)
        """,
        {"x": N(6, 3), "gamma": N(3), "beta": N(3)},
        [
            ("- xhat * (dxhat * xhat).mean(axis=0)", "", "dx = (dxhat - dxhat.mean(axis=0) ) / std"),
            (
                "(dout * xhat).sum(axis=0)",
                "(dout * xhat).mean(axis=0)",
                "return dx, (dout * xhat).mean(axis=0)",
            ),
        ],
    ),
    "a cell with two upstream gradients": (
        """
        def forward(x, h_prev, c_prev, W):
            a = np.concatenate([x, h_prev], axis=1) @ W
            n = h_prev.shape[1]
            i, o = 1 / (1 + np.exp(-a[:, :n])), 1 / (1 + np.exp(-a[:, n : 2 * n]))
            c = i * c_prev + np.tanh(a[:, 2 * n :])
            h = o * np.tanh(c)
            return h, c, {"x": x, "h_prev": h_prev, "c_prev": c_prev, "W": W, "a": a, "i": i, "o": o, "c": c}

        def backward(dh, dc, cache):
            i, o, c, W = cache["i"], cache["o"], cache["c"], cache["W"]
            n = i.shape[1]
            dc = dc + dh * o * (1 - np.tanh(c) ** 2)
            do = dh * np.tanh(c) * o * (1 - o)
            di = dc * cache["c_prev"] * i * (1 - i)
            dg = dc * (1 - np.tanh(cache["a"][:, 2 * n :]) ** 2)
            da = np.hstack([di, do, dg])
            dz = da @ W.T
            dW = np.concatenate([cache["x"], cache["h_prev"]], axis=1).T @ da
            return dz[:, :-n], dz[:, -n:], dc * i, dW
        """,
        {"x": N(4, 2), "h_prev": N(4, 3), "c_prev": N(4, 3), "W": N(5, 9)},
        [
            ("dc + dh * o *", "dc + dh *", "dc = dc + dh * (1 - np.tanh(c) ** 2)"),
            (
                'cache["c_prev"] * i * (1 - i)',
                'cache["c"] * i * (1 - i)',
                'di = dc * cache["c"] * i * (1 - i)',
            ),
            ("[di, do, dg]", "[do, di, dg]", "da = np.hstack([do, di, dg])"),
        ],
    ),
    "layers by helpers and computed keys": (
        """
        def forward(X, params, Y):
            A, caches = X, []
            for l in range(1, 4):
                Z = params["W" + str(l)] @ A + params["b" + str(l)]
                caches.append((A, params["W" + str(l)], Z))
                A = np.tanh(Z)
            return np.sum((A - Y) ** 2) / Y.shape[1], caches, A

        def step(dZ, A_prev, W):
            return W.T @ dZ, dZ @ A_prev.T, dZ.sum(axis=1, keepdims=True)

        def backward(A, Y, caches):
            grads = {}
            dA = 2 * (A - Y) / Y.shape[1]
            for l in reversed(range(1, 4)):
                A_prev, W, Z = caches[l - 1]
                dZ = dA * (1 - np.tanh(Z) ** 2)
                dA, grads["dW" + str(l)], grads["db" + str(l)] = step(dZ, A_prev, W)
            return grads
        """,
        {
            "X": N(3, 5),
            "Y": N(2, 5),
            "params": {
                "W1": N(4, 3),
                "b1": N(4, 1),
                "W2": N(3, 4),
                "b2": N(3, 1),
                "W3": N(2, 3),
                "b3": N(2, 1),
            },
        },
        [
            ("dZ @ A_prev.T,", "dZ @ A_prev.T / 2,", "return W.T @ dZ, dZ @ A_prev.T / 2"),
            ("1 - np.tanh(Z) ** 2", "1 - np.tanh(Z)", "dZ = dA * (1 - np.tanh(Z))"),
        ],
    ),
    "per sample, in the order of the forward pass": (
        """
        def forward(X, w, y):
            loss = 0.0
            for x, t in zip(X, y):
                loss += (np.tanh(x @ w) - t) ** 2
            return float(loss) / len(X)

        def backward(X, w, y):
            total = np.zeros_like(w)
            for x, t in zip(X, y):
                a = np.tanh(x @ w)
                total += 2 * (a - t) * (1 - a**2) * x
            return total / len(X)
        """,
        {"X": N(5, 3), "w": N(3), "y": N(5)},
        [("(1 - a**2) * x", "(1 - a) * x", "total += 2 * (a - t) * (1 - a) * x")],
    ),
    "states in a buffer": (
        """
        def forward(x, w, u):
            h = np.zeros((len(x) + 1, len(w)))
            for t in range(len(x)):
                h[t] = np.tanh(x[t] * u + h[t - 1] * w)
            return np.sum(h[:-1] ** 2)

        def backward(x, w, u, h):
            dw, du, dnext = np.zeros_like(w), np.zeros_like(u), np.zeros_like(w)
            for t in reversed(range(len(x))):
                dh = 2 * h[t] + dnext
                dz = dh * (1 - h[t] ** 2)
                dw += dz * h[t - 1]
                du += dz * x[t]
                dnext = dz * w
            return dw, du
        """,
        {"x": N(4, 3), "w": N(3), "u": N(3)},
        [
            ("dnext = dz * w", "dnext = dz", "dnext = dz"),
            ("2 * h[t] + dnext", "2 * h[t]", "dh = 2 * h[t]"),
        ],
    ),
    "one function": (
        """
        def forward(W, b, X, y, reg):
            scores = X @ W + b
            p = np.exp(scores - scores.max(axis=1, keepdims=True))
            p /= p.sum(axis=1, keepdims=True)
            loss = -np.log(p[np.arange(len(X)), y]).mean() + reg * np.sum(W * W)
            dscores = p.copy()
            dscores[np.arange(len(X)), y] -= 1
            dscores /= len(X)
            return loss, {"W": X.T @ dscores + 2 * reg * W, "b": dscores.sum(axis=0)}

        backward = None
        """,
        {"W": N(4, 3), "b": N(3), "X": N(5, 4), "y": np.array([0, 2, 1, 2, 0]), "reg": 0.1},
        [("2 * reg * W", "reg * W", '"W": X.T @ dscores + reg * W')],
    ),
    "updates in place": (
        """
        def forward(X, W1, W2, y):
            h = np.tanh(X @ W1)
            out = h @ W2
            return np.mean((y - out) ** 2)

        def backward(X, W1, W2, y, h, out):
            error = y - out
            delta = error @ W2.T * (1 - h * h)
            W2 += 0.3 * h.T @ error
            W1 += 0.3 * X.T @ delta
        """,
        {"X": N(5, 3), "W1": N(3, 4), "W2": N(4, 2), "y": N(5, 2)},
        [
            ("(1 - h * h)", "(1 - h)", "delta = error @ W2.T * (1 - h)"),
            ("W2 += 0.3 *", "W2 += 0.03 *", "W2 += 0.03 * h.T @ error"),
        ],
    ),
    "named tuples of parameters, and objects with slots": (
        """
        class Step:
            __slots__ = ("x", "h", "seen")

            def __init__(self, x, h):
                self.x, self.h = x, h

        def forward(p, xs, y):
            steps, total = [], 0.0
            for x in xs:
                h = np.tanh(p.W @ x + p.b)
                steps.append(Step(x, h))
                total = total + p.v @ h
            return 0.5 * (total - y) ** 2, steps, total

        def backward(p, y, steps, total):
            g = type(p)(*(np.zeros_like(a) for a in p))
            for s in steps:
                s.seen = total - y
                g.v[...] += s.seen * s.h
                dz = s.seen * p.v * (1 - s.h**2)
                g.W[...] += np.outer(dz, s.x)
                g.b[...] += dz
            return g
        """,
        {"p": Params(N(3, 2), N(3), N(3)), "xs": [N(2), N(2)], "y": 0.3},
        [
            ("g.b[...] += dz", "g.b[...] = dz", "g.b[...] = dz"),
            ("(1 - s.h**2)", "(1 - s.h)", "dz = s.seen * p.v * (1 - s.h)"),
            ("s.seen * s.h\n", "s.seen * dz\n" if False else "s.h\n", "g.v[...] += s.h"),
        ],
    ),
    "plain numbers and math": (
        """
        import math

        def logistic(x):
            return 1 / (1 + math.exp(-x))

        def forward(x, t, w, b, v):
            z = w * x + b
            h = logistic(z)
            o = math.tanh(v * h)
            return (o - t) ** 2

        def backward(x, t, z, h, o, v):
            do = 2 * (o - t) * (1 - o * o)
            dz = do * v * h * (1 - h)
            return {"w": dz * x, "b": dz, "v": do * h}
        """,
        {"x": 0.7, "t": 0.1, "w": 0.4, "b": -0.2, "v": 1.3},
        [
            ("do * v * h * (1 - h)", "do * v * (1 - h)", "dz = do * v * (1 - h)"),
            ('"v": do * h', '"v": do * z', '"v": do * z'),
        ],
    ),
    "additions at repeated places, in a helper of one function": (
        """
        def pair(u, rows, table):
            grad = np.zeros_like(table)
            p = 1 / (1 + np.exp(-table[rows] @ u))
            np.add.at(grad, rows, np.outer(p - 1, u))
            return -np.sum(np.log(p)), (p - 1) @ table[rows], grad

        def forward(table, other, pairs):
            loss, g_table, g_other = 0.0, np.zeros_like(table), np.zeros_like(other)
            for i, rows in pairs:
                part, gu, gt = pair(other[i], rows, table)
                loss += part
                g_other[i] += gu
                g_table += gt
            return loss, g_table, g_other
        """,
        {"table": N(4, 3), "other": N(3, 3), "pairs": [(0, [1, 1, 3]), (2, [0, 2]), (0, [3, 3])]},
        [
            ("g_other[i] += gu", "g_other[i] = gu", "g_other[i] = gu"),
            ("np.outer(p - 1, u)", "np.outer(p, u)", "np.add.at(grad, rows, np.outer(p, u))"),
            (
                "np.add.at(grad, rows, np.outer(p - 1, u))",
                "grad[rows] += np.outer(p - 1, u)",
                "grad[rows] +=",
            ),
        ],
    ),
    "recursion that leaves in an object what is returned by parts": (
        """
        class Tree:
            def __init__(self, L, W):
                self.L, self.W = L, W

            def forward(self, trees):
                self.dL, self.dW = np.zeros_like(self.L), np.zeros_like(self.W)
                cost = sum(self.up(t) for t in trees) / len(trees)
                for t in trees:
                    self.down(t, np.zeros(len(self.L)))
                return cost, [self.dL / len(trees), self.dW / len(trees)]

            def up(self, t):
                if "word" in t:
                    t["h"] = self.L[:, t["word"]]
                    return np.sum(t["h"] ** 2)
                cost = self.up(t["left"]) + self.up(t["right"])
                t["both"] = np.concatenate([t["left"]["h"], t["right"]["h"]])
                t["h"] = np.tanh(self.W @ t["both"])
                return cost + np.sum(t["h"] ** 2)

            def down(self, t, error):
                error = error + 2 * t["h"]
                if "word" in t:
                    self.dL[:, t["word"]] += error
                    return
                error = error * (1 - t["h"] ** 2)
                self.dW += np.outer(error, t["both"])
                below, half = self.W.T @ error, len(error)
                self.down(t["left"], below[:half])
                self.down(t["right"], below[half:])

        rng = np.random.default_rng(3)
        forward = Tree(rng.normal(size=(3, 3)), rng.normal(size=(3, 6))).forward
        """,
        {
            "trees": [
                {"left": {"word": 0}, "right": {"left": {"word": 2}, "right": {"word": 1}}},
                {"left": {"word": 1}, "right": {"word": 1}},
            ]
        },
        [
            (
                'self.dL[:, t["word"]] += error',
                'self.dL[:, t["word"]] = error',
                'self.dL[:, t["word"]] = error',
            ),
            ('self.down(t["right"], below[half:])', 'self.down(t["right"], below[:half])', "below[:half]"),
            ('error * (1 - t["h"] ** 2)', "error * 1", "error = error * 1"),
        ],
    ),
    "lists of layers, and a helper of them": (
        """
        def through(dx, h, x, W):
            dz = dx * (1 - h * h)
            return dz @ W.T, x.T @ dz

        def forward(x, layers, y):
            kept = []
            for W in layers:
                h = np.tanh(x @ W)
                kept.append((x, h))
                x = h
            return np.mean((x - y) ** 2), kept, x

        def backward(layers, y, kept):
            last = kept[-1][1]
            dx, dlayers = 2 * (last - y) / y.size, []
            for (below, h), W in zip(kept[::-1], layers[::-1]):
                dx, dW = through(dx, h, below, W)
                dlayers.append(dW)
            return dx, dlayers[::-1]
        """,
        {"x": N(5, 3), "layers": [N(3, 3), N(3, 3), N(3, 3)], "y": N(5, 3)},
        [
            ("return dx, dlayers[::-1]", "return dx, dlayers", "return dx, dlayers"),
            ("through(dx, h, below, W)", "through(dx, below, below, W)", "through(dx, below, below, W)"),
        ],
    ),
    "names in part": (
        """
        def forward(log_scale, log_noise, r):
            s = np.exp(2 * log_scale) + np.exp(2 * log_noise)
            return np.sum(r**2 / s) + len(r) * np.log(s)

        def backward(log_scale, log_noise, r, s):
            ds = len(r) / s - np.sum(r**2) / s**2
            g_scale = 2 * np.exp(2 * log_scale) * ds
            g_noise = 2 * np.exp(2 * log_noise) * ds
            return g_scale, g_noise
        """,
        {"log_scale": 0.3, "log_noise": -0.4, "r": N(6)},
        [("g_noise = 2 *", "g_noise = 1 *", "g_noise = 1 *")],
    ),
}


test_right, test_mistake = checks_of(STYLES)


# Draws, of every kind of generator, in a forward pass that fills an array


class Drawing:
    def __init__(self):
        self.rng = np.random.default_rng(5)


DRAWS = {
    "np.random": lambda d: np.random.rand(4, 3),
    "RandomState": lambda d, state=np.random.RandomState(3): state.rand(4, 3),  # noqa: B008  # one for all
    "Generator in a default": lambda d, rng=np.random.default_rng(3): rng.random((4, 3)),  # noqa: B008  # one for all
    "Generator in an attribute": lambda d: d.rng.random((4, 3)),
    "global Generator": lambda d: RNG.random((4, 3)),
    "random": lambda d: np.array([[random.random() for _ in range(3)] for _ in range(4)]),
}


@pytest.mark.parametrize("kind", DRAWS)
def test_every_draw_is_repeated_and_put_back(kind):
    draw = DRAWS[kind]

    def forward(x, w, d):
        mask = (draw(d) < 0.6) / 0.6
        h = np.zeros(x.shape)
        for i in range(len(x)):
            h[i] = np.tanh(x[i]) * mask[i]
        return np.sum((h @ w) ** 2)

    def backward(x, w, mask, h):
        dh = 2 * (h @ w) @ w.T
        return dh * mask * (1 - np.tanh(x) ** 2), h.T @ (2 * (h @ w))

    inputs = {"x": N(4, 3), "w": N(3, 2), "d": Drawing()}
    before = draw(inputs["d"])
    states = (
        np.random.get_state()[1].copy(),
        random.getstate(),
        RNG.bit_generator.state,
        inputs["d"].rng.bit_generator.state,
    )
    assert check.derivation(forward, backward, inputs)
    assert np.array_equal(np.random.get_state()[1], states[0])
    assert (random.getstate(), RNG.bit_generator.state, inputs["d"].rng.bit_generator.state) == states[1:]
    assert not np.array_equal(before, draw(inputs["d"]))


def test_a_forward_pass_that_differs_from_run_to_run_is_not_judged():
    import itertools

    count = itertools.count()
    with pytest.raises(DerivationError, match="two runs of <lambda> differ"):
        check.derivation(
            lambda x: np.sum(x**2) * (1 + next(count)), lambda x: {"dx": 2 * x}, {"x": np.ones(3)}
        )


def test_nothing_of_numpys_is_replaced_and_no_crash():
    script = """
    import faulthandler; faulthandler.enable()
    import numpy as np
    from tests.test_check_styles import test_every_draw_is_repeated_and_put_back, DRAWS
    before = dict(vars(np))
    for kind in DRAWS:
        test_every_draw_is_repeated_and_put_back(kind)
    assert all(vars(np)[name] is value for name, value in before.items())
    """
    command = [sys.executable, "-X", "dev", "-c", textwrap.dedent(script)]
    env = {"PYTHONPATH": str(ROOT)}
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, env=env, check=False)
    assert run.returncode == 0, run.stderr


# Loops without end, and what raises


def test_a_loop_without_end_is_stopped(monkeypatch):
    monkeypatch.setattr("autograd.check.hand.observe.stage.PATIENCE", 0.3)

    def forward(x):
        return np.sum(x**2)

    def backward(x):
        dx = 2 * x
        while True:
            dx = dx * 1
        return dx

    report = check.derivation(forward, backward, {"x": np.ones(3)})
    assert not report.ok
    assert "still running" in report.error


@pytest.mark.timeout(120)
def test_a_change_by_which_a_loop_has_no_end_is_given_up_soon(monkeypatch):
    """The backward pass itself may take long; a change of it that goes round for ever need not."""
    monkeypatch.setattr("autograd.check.hand.observe.stage.PATIENCE", 1e6)

    def both(X, w, v):
        loss, dw, dv = 0.0, np.zeros_like(w), np.zeros_like(v)
        n = len(X) - 1
        while n >= 0:
            pre = X[n] @ w
            out = np.where(pre > 0, pre, pre / 8)
            y = out @ v
            loss += 0.5 * y**2
            dv += y * out
            dout = y * v
            dpre = np.where(pre > 0, dout, 0)
            dw += np.outer(X[n], dpre)
            n -= 1
        return loss, {"w": dw, "v": dv}

    rng = np.random.default_rng(5)
    inputs = {"X": rng.normal(size=(4, 3)), "w": rng.normal(size=(3, 2)), "v": rng.normal(size=2)}
    report = check.derivation(both, None, inputs)
    assert report.first.source.startswith("dpre = "), report


def test_no_memory_is_told():
    def backward(x):
        dx = np.zeros((10**9, 10**9))
        return dx

    report = check.derivation(lambda x: np.sum(x**2), backward, {"x": np.ones(3)})
    assert "MemoryError" in report.error
    assert not report.ok


# Code that trains


def test_a_training_step():
    def train(X, y, hidden=4, epochs=50, rate=0.2):
        rng = np.random.default_rng(0)
        W1, b1, W2 = rng.normal(size=(2, hidden)), np.zeros(hidden), rng.normal(size=(hidden, 1))
        for epoch in range(epochs):
            h = np.tanh(X @ W1 + b1)
            out = h @ W2
            loss = np.mean((out - y) ** 2)
            dout = 2 * (out - y) / len(y)
            dz = dout @ W2.T * (1 - h**2)
            W2 -= rate * h.T @ dout
            W1 = W1 - rate * X.T @ dz
            b1 -= rate * dz.sum(axis=0)
            if epoch % 10 == 0:
                assert loss > 0
        return W1, b1, W2

    inputs = {"X": N(4, 2), "y": N(4, 1)}
    report = check.training_step(train, inputs)
    assert report.ok, str(report)
    assert report.judged == {"W1": True, "b1": True, "W2": True}
    assert any("downhill" in note for note in report.notes)


def test_a_step_of_an_object_leaves_it_as_it_was():
    class Model:
        def __init__(self):
            self.w = np.array([1.0, -2.0])

        def fit(self, X, y):
            for _ in range(3):
                error = X @ self.w - y
                cost = np.sum(error**2) / 2
                self.w -= 0.1 * X.T @ error * 3
                assert cost >= 0

    model = Model()
    assert check.training_step(model.fit, {"X": N(4, 2), "y": N(4)}).ok
    np.testing.assert_array_equal(model.w, [1.0, -2.0])


def test_a_script_whose_functions_read_its_parameters(tmp_path):
    lines = """\
    import numpy as np
    rng = np.random.default_rng(0)
    table, w, bags = rng.normal(size=(5, 2)), rng.normal(size=2), [[0, 3, 3], [1, 2]]
    def pooled(bag):
        return table[bag].mean(axis=0)
    for epoch in range(100):
        h = np.stack([pooled(bag) for bag in bags])
        loss = np.sum((h @ w - 1) ** 2)
        err = 2 * (h @ w - 1)
        grad = np.zeros_like(table)
        for bag, e in zip(bags, err):
            np.add.at(grad, bag, e * w / len(bag))
        w -= 0.1 * err @ h
        table -= 0.1 * grad
    """
    path = tmp_path / "bags.py"
    path.write_text(textwrap.dedent(lines))
    report = check.script(path, loss="loss")
    assert report.judged == {"table": True, "w": True}
    path.write_text(textwrap.dedent(lines).replace("/ len(bag)", ""))
    assert "np.add.at(grad, bag" in check.script(path, loss="loss").first.source


def test_a_script(tmp_path):
    path = tmp_path / "net.py"
    lines = """\
    import numpy as np
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(5, 3)), rng.normal(size=(5, 1))
    W = rng.normal(size=(3, 1))
    for epoch in range(100):
        out = X @ W
        loss = np.sum((out - y) ** 2)
        grad = X.T @ (out - y)
        W = W - 0.01 * grad * W
    """
    path.write_text(textwrap.dedent(lines))
    report = check.script(path, loss="loss")
    assert not report.ok
    assert report.first.lineno in (8, 9)
    path.write_text(textwrap.dedent(lines).replace(" * grad * W", " * grad"))
    assert check.script(path, loss="np.sum((out - y)**2)").ok
