"""Lines that are other than their siblings; sums of named terms, helpers, layers that are passed by."""

import numpy as np
import pytest

from autograd import check

from .planted import checks_of, defined, judged, pair_of

RNG = np.random.default_rng(3107)


def N(*shape):  # noqa: N802  # as in the formulas
    return RNG.normal(size=shape)


CASES = {
    "two heads": (
        """
        def forward(x, W_mean, W_width, y, beta):
            mean, width = x @ W_mean, x @ W_width
            fit = np.sum((mean - y) ** 2 * np.exp(-width) + width) / len(x)
            return fit + beta * np.sum(mean**2 + width**2) / len(x)

        def backward(x, W_mean, W_width, y, beta, mean, width):
            n = len(x)
            fit_mean = 2 * (mean - y) * np.exp(-width) / n
            fit_width = (1 - (mean - y) ** 2 * np.exp(-width)) / n
            pen_mean = 2 * beta * mean / n
            pen_width = 2 * beta * width / n
            g_mean = fit_mean + pen_mean
            g_width = fit_width + pen_width
            return {"W_mean": x.T @ g_mean, "W_width": x.T @ g_width}
        """,
        {"x": N(5, 3), "W_mean": N(3, 2), "W_width": N(3, 2), "y": N(5, 2), "beta": 0.3},
        [
            ("g_mean = fit_mean + pen_mean", "g_mean = fit_mean", "g_mean = fit_mean", "missing-term"),
            ("pen_width = 2 * beta * width / n", "pen_width = 2 * beta * width", "pen_width = ", "factor"),
            ("(1 - (mean", "((mean", "fit_width = ", None),
            ("2 * (mean - y)", "(mean - y)", "fit_mean = ", "factor"),
            ("pen_mean = 2 * beta * mean", "pen_mean = -2 * beta * mean", "pen_mean = ", "sign"),
        ],
    ),
    "lists of two kinds": (
        """
        def one(x, y, slopes, shifts):
            a, kept = x, [x]
            for s, b in zip(slopes, shifts):
                a = np.tanh(s @ a + b)
                kept.append(a)
            grad_s, grad_b = [0.0 * s for s in slopes], [0.0 * b for b in shifts]
            d = (kept[-1] - y) * (1 - kept[-1] ** 2)
            for l in range(1, len(slopes) + 1):
                grad_s[-l], grad_b[-l] = np.outer(d, kept[-l - 1]), d
                if l < len(slopes):
                    d = (slopes[-l].T @ d) * (1 - kept[-l - 1] ** 2)
            return 0.5 * np.sum((kept[-1] - y) ** 2), grad_s, grad_b

        def forward(X, Y, slopes, shifts):
            total = 0.0
            all_s, all_b = [0.0 * s for s in slopes], [0.0 * b for b in shifts]
            for x, y in zip(X, Y):
                loss, grad_s, grad_b = one(x, y, slopes, shifts)
                total += loss
                all_s = [a + g for a, g in zip(all_s, grad_s)]
                all_b = [a + g for a, g in zip(all_b, grad_b)]
            n = len(X)
            return total / n, ([a / n for a in all_s], [a / n for a in all_b])
        """,
        {"X": N(4, 3), "Y": N(4, 2), "slopes": [N(3, 3), N(2, 3)], "shifts": [N(3), N(2)]},
        [
            ("[a / n for a in all_s], ", "all_s, ", "return total / n", None),
            ("all_s = [a + g for a, g in zip(all_s, grad_s)]", "all_s = grad_s", "all_s = grad_s", None),
        ],
    ),
    "rows and columns of a table": (
        """
        def forward(P, Q, T, seen):
            loss, gP, gQ = 0.0, np.zeros(P.shape), np.zeros(Q.shape)
            for i in range(len(T)):
                there = np.where(seen[i, :] == 1)[0]
                off = P[i] @ Q[there].T - T[i, there]
                loss += 0.5 * np.sum(off**2)
                gP[i, :] = off @ Q[there]
                gP[i, :] = gP[i, :] + 0.2 * P[i, :]
            for j in range(len(T[0])):
                there = np.where(seen[:, j] == 1)[0]
                off = P[there] @ Q[j] - T[there, j]
                gQ[j, :] = off @ P[there]
            return loss + 0.1 * np.sum(P**2), (gP, gQ)
        """,
        {
            "P": N(4, 2),
            "Q": N(3, 2),
            "T": N(4, 3),
            "seen": np.array([[1, 0, 1], [1, 1, 0], [0, 1, 1], [1, 1, 1]]),
        },
        [
            ("there = np.where(seen[:, j] == 1)[0]", "there = np.arange(len(T))", "there = np.arange", None),
            ("gP[i, :] = off @ Q", "gP[i, :] = -off @ Q", "gP[i, :] = -off", "sign"),
        ],
    ),
    "a window with a stride": (
        """
        def forward(x, k, stride):
            out = np.zeros((3, 3))
            for r in range(3):
                for c in range(3):
                    top, left = r * stride, c * stride
                    out[r, c] = np.sum(x[top : top + 2, left : left + 2] * k)
            return np.sum(np.tanh(out)), out

        def backward(x, k, stride, out):
            d, dx, dk = 1 - np.tanh(out) ** 2, np.zeros_like(x), np.zeros_like(k)
            for r in range(3):
                for c in range(3):
                    first_row = r * stride
                    last_row = first_row + 2
                    first_col = c * stride
                    last_col = first_col + 2
                    dk += d[r, c] * x[first_row:last_row, first_col:last_col]
                    dx[first_row:last_row, first_col:last_col] += d[r, c] * k
            return dx, dk
        """,
        {"x": N(6, 6), "k": N(2, 2), "stride": 2},
        [("first_col = c * stride", "first_col = c", "first_col = c", "wrong-variable")],
    ),
    "groups with an axis of their own": (
        """
        def forward(x, dout):
            g = x.reshape(2, 2, 3, 4)
            mu = g.mean(axis=(2, 3), keepdims=True)
            sd = np.sqrt(((g - mu) ** 2).mean(axis=(2, 3), keepdims=True) + 1e-5)
            return np.sum(((g - mu) / sd).reshape(2, 6, 4) * dout), g, mu, sd

        def backward(x, dout, g, mu, sd):
            hat = (g - mu) / sd
            dhat = dout.reshape(g.shape)
            m = g.shape[2] * g.shape[3]
            first = dhat.sum(axis=(2, 3), keepdims=True)
            second = (dhat * hat).sum(axis=(2, 3), keepdims=True)
            dx = (m * dhat - first - hat * second) / (m * sd)
            return dx.reshape(x.shape)
        """,
        {"x": N(2, 6, 4), "dout": N(2, 6, 4)},
        [
            ("m = g.shape[2] * g.shape[3]", "m = g.shape[3]", "m = g.shape[3]", None),
            ("(dhat * hat).sum(axis=(2, 3)", "(dhat * hat).sum(axis=(0, 3)", "second = ", "shape"),
        ],
    ),
    "shares of a mean": (
        """
        def forward(words, E, U, target):
            h = E[words].mean(axis=0)
            z = h @ U
            p = np.exp(z) / np.sum(np.exp(z))
            return -np.log(p[target]), h, p

        def backward(words, E, U, target, h, p):
            dz = p.copy()
            dz[target] -= 1
            dU = np.outer(h, dz)
            dh = U @ dz
            dE = np.zeros_like(E)
            for w in words:
                dE[w] += dh / len(words)
            return dE, dU
        """,
        {"words": [0, 2, 3], "E": N(5, 3), "U": N(3, 4), "target": 1},
        [("dE[w] += dh / len(words)", "dE[w] += dh", "dE[w] += dh", "factor")],
    ),
    "the same returned twice": (
        """
        def apart_back(d, gap, dist):
            g = d[:, None] * gap / dist[:, None]
            return g, -g

        def forward(a, b, W):
            gap = a @ W - b @ W
            dist = np.sqrt(np.sum(gap**2, axis=1))
            return np.sum(dist**3), gap, dist

        def backward(a, b, W, gap, dist):
            du, dv = apart_back(3 * dist**2, gap, dist)
            return {"a": du @ W.T, "b": dv @ W.T, "W": a.T @ du + b.T @ dv}
        """,
        {"a": N(4, 3), "b": N(4, 3), "W": N(3, 2)},
        [("return g, -g", "return g, g", "return g, g", "sign")],
    ),
    "a step that returns the inputs' gradients in order": (
        """
        def step(x, h, W, U):
            r = 1 / (1 + np.exp(-(U[0] @ h)))
            n = np.tanh(W @ x + U[1] @ (r * h))
            return {"x": x, "h_in": h, "r": r, "n": n, "h": n + 0.5 * h}

        def step_back(dh, cell, W, U, dW, dU):
            r, n, h_in = cell["r"], cell["n"], cell["h_in"]
            dn = dh * (1 - n**2)
            dh_in = 0.5 * dh
            dk = U[1].T @ dn
            dh_in = dh_in + dk * r
            dr = dk * h_in * r * (1 - r)
            dh_in = dh_in + U[0].T @ dr
            dW += np.outer(dn, cell["x"])
            dU[0] += np.outer(dr, h_in)
            dU[1] += np.outer(dn, r * h_in)
            return W.T @ dn, dh_in

        def forward(xs, h0, W, U, V):
            h, cells, hs = h0, [], []
            for x in xs:
                cells.append(step(x, h, W, U))
                h = cells[-1]["h"]
                hs.append(h)
            return np.stack(hs) @ V, (cells, np.stack(hs), W, U, V)

        def backward(dys, cache):
            cells, hs, W, U, V = cache
            dW, dU, dxs = np.zeros_like(W), np.zeros_like(U), []
            dV = hs.T @ dys
            dh = np.zeros(len(W))
            for t in reversed(range(len(cells))):
                dh = dh + V @ dys[t]
                dx, dh = step_back(dh, cells[t], W, U, dW, dU)
                dxs.insert(0, dx)
            return np.array(dxs), dh, dW, dU, dV
        """,
        {"xs": N(3, 2), "h0": N(3), "W": N(3, 2), "U": N(2, 3, 3), "V": N(3, 2)},
        [
            ("dh_in = dh_in + dk * r", "dh_in = dk * r", "dh_in = dk * r", "overwritten"),
            ("dh_in = dh_in + U[0].T @ dr", "dh_in = dh_in", "dh_in = dh_in", None),
        ],
    ),
    "what one function puts by for itself": (
        """
        def forward(x, W1, W2, y, keep, drawn):
            kept = {}
            h = np.maximum(0, x @ W1)
            mask = drawn < keep
            h = h * mask / keep
            kept["mask1"], kept["h1"] = 1.0 * mask, h
            kept["off1"] = 1.0 * (h > 0)
            p = 1 / (1 + np.exp(-(kept["h1"] @ W2)))
            loss = -np.sum(y * np.log(p) + (1 - y) * np.log(1 - p)) / len(x)
            d = (p - y) / len(x)
            grads = {"W2": kept["h1"].T @ d}
            d = d @ W2.T
            d = d * kept["mask1"]
            d = d / keep
            grads["W1"] = x.T @ (d * kept["off1"])
            return loss, grads
        """,
        {
            "x": N(6, 3),
            "W1": N(3, 5),
            "W2": N(5, 2),
            "y": RNG.uniform(0.2, 0.8, (6, 2)),
            "keep": 0.7,
            "drawn": RNG.uniform(size=(6, 5)),
        },
        [
            ("            d = d / keep\n", "", "d * kept", None),
            ("d = d / keep", "d = d * keep", "d = d * keep", "factor"),
        ],
    ),
    "decay beside a mean": (
        """
        def train(W, b, X, Y, eta, decay):
            n = len(X)
            for epoch in range(5):
                out = X @ W + b
                loss = 0.5 * np.sum((out - Y) ** 2) / n + 0.5 * (decay / n) * np.sum(W**2)
                d = out - Y
                W = (1 - eta * (decay / n)) * W - (eta / n) * X.T @ d
                b = b - (eta / n) * d.sum(axis=0)
            return W, b
        """,
        {"W": N(3, 2), "b": N(2), "X": N(6, 3), "Y": N(6, 2), "eta": 0.3, "decay": 0.7},
        [("(1 - eta * (decay / n))", "(1 - eta * decay)", "W = (1 - eta * decay)", None)],
    ),
}


test_right, test_mistake = checks_of(CASES)


LAYERS = """
class Linear:
    def __init__(self, W):
        self.params, self.grads = {"W": W}, {}

    def forward(self, x):
        self.x = x
        return x @ self.params["W"]

    def backward(self, d):
        self.grads["W"] = self.x.T @ d
        return d @ self.params["W"].T


class Net:
    def __init__(self, *weights):
        self.layers = [Linear(W) for W in weights]

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return np.tanh(x)

    def backward(self, dout):
        d = dout * (1 - np.tanh(self.layers[-1].x @ self.layers[-1].params["W"]) ** 2)
        for layer in reversed(self.layers):
            d = layer.backward(d)
        return d


def make(*weights):
    return Net(*weights)
"""


@pytest.mark.parametrize("part", ["self.layers", "self.layers[1:]"])
def test_a_layer_that_is_passed_by_is_no_right_one(part):
    net = defined(LAYERS.replace("in reversed(self.layers)", f"in reversed({part})"))(N(3, 4), N(4, 2))
    report = check.derivation(net.forward, net.backward, {"x": N(5, 3)})
    assert report.ok == (part == "self.layers")
    if not report.ok:
        assert report.judged["layers[0].grads.W"] is False
        assert report.first.source.startswith("for layer in reversed(self.layers[1:])")


OWN_UPDATES = """
class Dense:
    def __init__(self, W, rate):
        self.W, self.rate = W, rate

    def forward(self, x):
        self.x = x
        return x @ self.W

    def backward(self, d):
        W = self.W
        grad = self.x.T @ d
        self.W = self.W - self.rate * grad
        return d @ W.T


def train(x, y, W1, W2):
    layers = [Dense(W1, 0.1), Dense(W2, 0.1)]
    for _ in range(4):
        out = x
        for layer in layers:
            out = layer.forward(out)
        loss = np.mean((out - y) ** 2)
        d = 2 * (out - y) / y.size
        for layer in reversed(layers):
            d = layer.backward(d)
    return loss
"""


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [("", "", None), ("self.x.T @ d", "self.x.T @ abs(d)", "grad = "), ("d @ W.T", "-d @ W.T", "return -d")],
)
def test_layers_that_update_what_they_were_given(old, new, line):
    source = OWN_UPDATES.replace(old, new) if old else OWN_UPDATES
    report = judged(source, {"x": N(4, 3), "y": N(4, 2), "W1": N(3, 5), "W2": N(5, 2)})
    assert (report.first is None) == (line is None), str(report)
    assert report.ok == (line is None)
    assert line is None or line in report.first.source


def test_places_of_integers_may_be_filled_in_forward():
    forward, backward = pair_of(
        """
        def forward(x):
            best = np.empty((len(x), 2), dtype=int)
            top = np.empty((len(x), 2))
            for k in range(2):
                part = x[:, 2 * k : 2 * k + 3]
                best[:, k] = part.argmax(axis=1) + 2 * k
                top[:, k] = part.max(axis=1)
            return np.sum(top**2), best, top

        def backward(x, best, top):
            dx = np.zeros_like(x)
            for i in range(len(x)):
                for k in range(2):
                    dx[i, best[i, k]] += 2 * top[i, k]
            return dx
        """
    )
    assert check.derivation(forward, backward, {"x": N(4, 5)}).ok
