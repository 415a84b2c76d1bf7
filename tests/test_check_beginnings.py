"""Where what is wrong begins: gates, caches at another place, masks, and the losses of code that trains."""

import numpy as np
import pytest

from autograd import check
from autograd.errors import DerivationError

from .planted import checks_of, judged, pair_of

RNG = np.random.default_rng(2911)


def N(*shape):  # noqa: N802  # as in the formulas
    return RNG.normal(size=shape)


def weights(names, n, m):
    """The weights of gates: for the input, for the state, and biases."""
    return {k + name: N(*shape) for name in names for k, shape in (("W", (n, m)), ("U", (m, m)), ("b", (m,)))}


CASES = {
    "a cell with two gates, in a loop over them": (
        """
        def sig(v):
            return 1 / (1 + np.exp(-v))

        def forward(seq, y, p):
            h, kept = np.zeros((len(y), p["bi"].size)), []
            for v in seq:
                gates = {k: sig(v @ p["W" + k] + h @ p["U" + k] + p["b" + k]) for k in "if"}
                new = np.tanh(v @ p["Wc"] + h @ p["Uc"] + p["bc"])
                kept.append((v, h, gates, new))
                h = gates["f"] * h + gates["i"] * new
            return 0.5 * np.sum((h - y) ** 2) / len(y), (kept, h)

        def step_back(up, kept, p, grads):
            v, old, gates, new = kept
            forget, let = gates["f"], gates["i"]
            dlet, dforget = up * new, up * old
            dnew = up * let * (1 - new**2)
            grads["Wc"] += v.T @ dnew
            grads["Uc"] += old.T @ dnew
            grads["bc"] += dnew.sum(axis=0)
            dold = up * forget + dnew @ p["Uc"].T
            for k, gate, dgate in (("i", let, dlet), ("f", forget, dforget)):
                dpre = dgate * gate * (1 - gate)
                grads["W" + k] += v.T @ dpre
                grads["U" + k] += old.T @ dpre
                grads["b" + k] += dpre.sum(axis=0)
                dold += dpre @ p["U" + k].T
            return dold

        def backward(seq, y, p, cache):
            kept, h = cache
            grads = {k: np.zeros_like(v) for k, v in p.items()}
            up = (h - y) / len(y)
            for one in reversed(kept):
                up = step_back(up, one, p, grads)
            return grads
        """,
        {"seq": N(3, 4, 2), "y": N(4, 3), "p": weights("ifc", 2, 3)},
        [
            ("dgate * gate * (1 - gate)", "dgate * (1 - gate)", "dpre = ", "missing-factor"),
            ("up * let * (1 - new**2)", "up * (1 - new**2)", "dnew = ", "missing-factor"),
        ],
    ),
    "caches of layers with a leaky slope": (
        """
        def leaky(z):
            return np.where(z > 0, z, 0.2 * z)

        def forward(x, y, params, n):
            out, caches = x, []
            for k in range(1, n + 1):
                z = params["w%d" % k] @ out + params["c%d" % k]
                caches.append((out, params["w%d" % k], z))
                out = leaky(z) if k < n else z
            return np.sum((out - y) ** 2) / y.shape[1], (out, caches)

        def linear_back(dz, cache):
            before, w, _ = cache
            return w.T @ dz, dz @ before.T, dz.sum(axis=1, keepdims=True)

        def leaky_back(dout, cache):
            z = cache[2]
            dz = dout.copy()
            dz[z <= 0] *= 0.2
            return dz

        def backward(x, y, params, n, cache):
            out, caches = cache
            grads = {}
            dz = 2 * (out - y) / y.shape[1]
            grads["dout%d" % (n - 1)], grads["dw%d" % n], grads["dc%d" % n] = linear_back(dz, caches[n - 1])
            for k in reversed(range(1, n)):
                kept = caches[k - 1]
                dz = leaky_back(grads["dout%d" % k], kept)
                grads["dout%d" % (k - 1)], grads["dw%d" % k], grads["dc%d" % k] = linear_back(dz, kept)
            return grads
        """,
        {
            "x": N(3, 5),
            "y": N(3, 5),
            "params": {f"w{k}": N(3, 3) for k in (1, 2, 3)} | {f"c{k}": N(3, 1) for k in (1, 2, 3)},
            "n": 3,
        },
        [
            ("kept = caches[k - 1]", "kept = caches[k]", "kept = caches[k]", "wrong-variable"),
            ("dz[z <= 0] *= 0.2", "dz[z <= 0] = 0", "dz[z <= 0] = 0", "missing-factor"),
        ],
    ),
    "pairs told from all others, both ways": (
        """
        def share(s, axis):
            e = np.exp(s - s.max(axis=axis, keepdims=True))
            return e / e.sum(axis=axis, keepdims=True)

        def forward(a, b, t):
            s = a @ b.T / t
            rows, cols = share(s, 1), share(s, 0)
            kept = {"s": s, "rows": rows, "cols": cols}
            return -np.mean(np.log(np.diag(rows)) + np.log(np.diag(cols))) / 2, kept

        def backward(a, b, t, kept):
            n = len(a)
            same = np.eye(n)
            ds = (kept["rows"] - same + kept["cols"] - same) / (2 * n)
            return {"a": ds @ b / t, "b": ds.T @ a / t, "t": -np.sum(ds * kept["s"]) / t}
        """,
        {"a": N(4, 3), "b": N(4, 3), "t": 0.7},
        [('kept["cols"] - same)', 'kept["cols"])', "ds = ", None)],
    ),
    "nodes of which only some are in the loss": (
        """
        def forward(A, X, W, labels, known):
            logits = A @ (X @ W)
            logits = logits - logits.max(axis=1, keepdims=True)
            logp = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
            return -(known * logp[np.arange(len(X)), labels]).sum() / known.sum(), logp

        def backward(A, X, W, labels, known, logp):
            count = known.sum()
            dlogits = np.exp(logp)
            dlogits[np.arange(len(X)), labels] -= 1
            dlogits *= known[:, None] / count
            return X.T @ (A.T @ dlogits)
        """,
        {
            "A": np.abs(N(5, 5)),
            "X": N(5, 3),
            "W": N(3, 4),
            "labels": np.array([0, 3, 1, 2, 1]),
            "known": np.array([1.0, 0.0, 1.0, 1.0, 0.0]),
        },
        [("dlogits *= known[:, None] / count", "dlogits /= count", "dlogits /= count", "missing-factor")],
    ),
    "heads whose queries and keys are scaled": (
        """
        def share(s):
            e = np.exp(s - s.max(axis=-1, keepdims=True))
            return e / e.sum(axis=-1, keepdims=True)

        def forward(x, W, n):
            parts = np.split(x @ W, 3, axis=1)
            heads = list(zip(*[np.split(part, n, axis=1) for part in parts]))
            weights = [share(q @ k.T / np.sqrt(q.shape[1])) for q, k, _ in heads]
            return np.hstack([w @ h[2] for w, h in zip(weights, heads)]), (x, W, heads, weights)

        def head_back(up, q, k, v, w):
            dw = up @ v.T
            ds = w * (dw - (dw * w).sum(axis=1, keepdims=True)) / np.sqrt(q.shape[1])
            return ds @ k, ds.T @ q, w.T @ up

        def backward(dout, cache):
            x, W, heads, weights = cache
            ups = np.split(dout, len(heads), axis=1)
            made = [head_back(up, *h, w) for up, h, w in zip(ups, heads, weights)]
            dparts = np.hstack([np.hstack(part) for part in zip(*made)])
            return dparts @ W.T, x.T @ dparts
        """,
        {"x": N(4, 3), "W": N(3, 12), "n": 2},
        [("keepdims=True)) / np.sqrt(q.shape[1])", "keepdims=True))", "ds = ", "factor")],
    ),
    "bumps whose widths are logarithms, kept in an object": (
        """
        class Bumps:
            def __init__(self):
                rng = np.random.default_rng(1)
                self.c, self.s, self.w = rng.normal(size=(4, 2)), rng.normal(size=4), rng.normal(size=(4, 2))

            def run(self, X, T):
                self.X, self.T, self.beta = X, T, np.exp(self.s)
                self.r2 = np.stack([np.sum((X - c) ** 2, axis=1) for c in self.c], axis=1)
                self.phi = np.exp(-self.beta * self.r2)
                self.y = self.phi @ self.w
                return 0.5 * np.sum((self.y - T) ** 2) / len(X)

            def back(self):
                delta = (self.y - self.T) / len(self.X)
                self.grad_w = self.phi.T @ delta
                q = -(delta @ self.w.T) * self.phi
                self.grad_s = (q * self.r2).sum(axis=0) * self.beta
                pulls = 2 * self.beta[:, None] * q[:, :, None] * (self.X[:, None] - self.c)
                self.grad_c = -pulls.sum(axis=0)
                return pulls.sum(axis=1)

        net = Bumps()

        def forward(X, T):
            return net.run(X, T)

        def backward():
            return net.back()
        """,
        {"X": N(5, 2), "T": N(5, 2)},
        [(".sum(axis=0) * self.beta", ".sum(axis=0)", "self.grad_s = ", "missing-factor")],
    ),
    "taps that are counted from the last": (
        """
        def conv(x, w, dilation):
            y = np.zeros((len(x), w.shape[2]))
            for k in range(len(w)):
                lag = (len(w) - 1 - k) * dilation
                y[lag:] += x[: len(x) - lag] @ w[k]
            return y

        def forward(x, w, v, dilation):
            f = np.tanh(conv(x, w, dilation))
            return f @ v, (x, w, v, dilation, f)

        def conv_back(dy, x, w, dilation):
            n, K = len(x), len(w)
            dx, dw = np.zeros_like(x), np.zeros_like(w)
            for k in range(K):
                s = (K - 1 - k) * dilation
                dw[k] = x[: n - s].T @ dy[s:]
                dx[: n - s] += dy[s:] @ w[k].T
            return dx, dw

        def backward(dout, cache):
            x, w, v, dilation, f = cache
            dx, dw = conv_back((dout @ v.T) * (1 - f**2), x, w, dilation)
            return dx, dw, f.T @ dout
        """,
        {"x": N(7, 2), "w": N(3, 2, 2), "v": N(2, 2), "dilation": 2},
        [("s = (K - 1 - k) * dilation", "s = k * dilation", "s = k * dilation", "wrong-variable")],
    ),
    "two layers in time, the lower with a state of its own": (
        """
        def forward(seq, V1, U1, V2, U2):
            low, up = {-1: np.zeros(3)}, {-1: np.zeros(3)}
            total = 0.0
            for t in range(len(seq)):
                low[t] = np.tanh(V1 @ seq[t] + U1 @ low[t - 1])
                up[t] = np.tanh(V2 @ low[t] + U2 @ up[t - 1])
                total += 0.5 * np.sum(up[t] ** 2)
            return total, (low, up)

        def backward(seq, V1, U1, V2, U2, cache):
            low, up = cache
            dV1, dU1, dV2, dU2 = (np.zeros_like(m) for m in (V1, U1, V2, U2))
            next_low, next_up = np.zeros(3), np.zeros(3)
            for t in reversed(range(len(seq))):
                dup = up[t] + next_up
                raw_up = (1 - up[t] ** 2) * dup
                dV2 += np.outer(raw_up, low[t])
                dU2 += np.outer(raw_up, up[t - 1])
                next_up = U2.T @ raw_up
                back = V2.T @ raw_up + next_low
                raw_low = (1 - low[t] ** 2) * back
                dV1 += np.outer(raw_low, seq[t])
                dU1 += np.outer(raw_low, low[t - 1])
                next_low = U1.T @ raw_low
            return {"V1": dV1, "U1": dU1, "V2": dV2, "U2": dU2}
        """,
        {"seq": N(4, 2), "V1": N(3, 2), "U1": N(3, 3), "V2": N(3, 3), "U2": N(3, 3)},
        [("V2.T @ raw_up + next_low", "V2.T @ raw_up", "back = V2.T @ raw_up", "missing-term")],
    ),
    "users and items as whole numbers among floats, and a cost that is printed": (
        """
        def train(table, U, V, c, rounds=5, eta=0.1, decay=0.03):
            for k in range(rounds):
                gU, gV, gc, cost = np.zeros(U.shape), np.zeros(V.shape), np.zeros(c.shape), 0.0
                for line in table:
                    user, item, score = int(line[0]), int(line[1]), line[2]
                    guess = 5 / (1 + np.exp(-(U[user] @ V[item] + c[item])))
                    off = guess - score
                    cost += off**2 / len(table)
                    d = 2 * off * guess * (5 - guess) / 5 / len(table)
                    gU[user] += d * V[item]
                    gV[item] += d * U[user]
                    gc[item] += d
                cost += decay * (np.sum(U**2) + np.sum(V**2))
                U = U - eta * (gU + 2 * decay * U)
                V = V - eta * (gV + 2 * decay * V)
                c = c - eta * gc
                print("%d: %.3f" % (k, cost))
            return U, V, c
        """,
        {
            "table": np.array([[0, 1, 4.0], [1, 0, 2], [1, 2, 5], [2, 1, 1]]),
            "U": N(3, 2),
            "V": N(3, 2),
            "c": N(3),
        },
        [
            ("gU[user] += d", "gU[user] = d", "gU[user] = d", "overwritten"),
            ("guess * (5 - guess) / 5", "guess * (5 - guess)", "d = ", "factor"),
            ("(gV + 2 * decay * V)", "(gV + decay * V)", "V = V - ", "missing-term"),
        ],
    ),
    "a leaky slope by np.where and by a mask, in one function with a bias that is a number": (
        """
        def loss_of(X, t, W, b, v, k, last):
            grads = {"W": np.zeros_like(W), "b": np.zeros_like(b), "v": np.zeros_like(v), "k": 0.0}
            loss, n = 0.0, 0
            while n < len(X):
                z = W @ X[n] + b
                a = np.where(z > 0, z, 0.2 * z)
                y = v @ a + k
                off = y - t[n]
                loss += off**2 / 2
                grads["v"] += off * a
                grads["k"] += off
                da = off * v
                dz = np.where(z > 0, da, 0.2 * da)
                grads["W"] += np.outer(dz, X[n])
                grads["b"] += dz
                n += 1
            return loss, grads

        def forward(X, t, W, b, v, k):
            return loss_of(X, t, W, b, v, k, None)
        """,
        {"X": N(5, 3), "t": N(5), "W": N(4, 3), "b": N(4), "v": N(4), "k": 0.3},
        [
            ("np.where(z > 0, da, 0.2 * da)", "np.where(z > 0, da, 0)", "dz = ", "missing-factor"),
            ("np.where(z > 0, da, 0.2 * da)", "da * (z > 0)", "dz = ", "missing-factor"),
        ],
    ),
    "updates whose mean is left to the rate, with a penalty, in a train function": (
        """
        def train(X, y, hidden, rounds=5, rate=0.01, decay=0.1):
            n, size = X.shape
            np.random.seed(0)
            W1, b1 = np.random.randn(size, hidden), np.zeros((1, hidden))
            W2, b2 = np.random.randn(hidden, 3), np.zeros((1, 3))
            for _ in range(rounds):
                h = np.tanh(X.dot(W1) + b1)
                scores = np.exp(h.dot(W2) + b2)
                probs = scores / scores.sum(axis=1, keepdims=True)
                loss = (-np.sum(np.log(probs[range(n), y])) + decay / 2 * (np.sum(W1**2) + np.sum(W2**2))) / n
                delta3 = probs
                delta3[range(n), y] -= 1
                dW2, db2 = h.T.dot(delta3), np.sum(delta3, axis=0, keepdims=True)
                delta2 = delta3.dot(W2.T) * (1 - h**2)
                dW1, db1 = X.T.dot(delta2), np.sum(delta2, axis=0)
                dW2 += decay * W2
                dW1 += decay * W1
                W1 += -rate * dW1
                b1 += -rate * db1
                W2 += -rate * dW2
                b2 += -rate * db2
            return W1, b1, W2, b2
        """,
        {"X": N(8, 2), "y": np.array([0, 1, 1, 0, 2, 1, 2, 0]), "hidden": 4},
        [
            ("delta3[range(n), y] -= 1", "pass", "delta3 = probs", "missing-term"),
            ("delta3[range(n), y] -= 1", "delta3[range(n), y] += 1", "delta3[range(n), y]", "sign"),
            ("delta3[range(n), y] -= 1", "delta3 = delta3 * (1 - probs)", "delta3 = ", None),
        ],
    ),
    "a sparse code, of which the penalty goes by a variable of its own": (
        """
        def cost(x, W, V, rho, beta):
            n = x.shape[1]
            a = sigmoid(W.dot(x))
            out = V.dot(a)
            mean = np.sum(a, axis=1) / n
            kl = np.sum(rho * np.log(rho / mean) + (1 - rho) * np.log((1 - rho) / (1 - mean)))
            loss = np.sum((out - x) ** 2) / (2 * n) + beta * kl
            sparsity = -rho / mean + (1 - rho) / (1 - mean)
            d3 = out - x
            d2 = (V.T.dot(d3) + beta * sparsity[:, None]) * a * (1 - a)
            return loss, d2.dot(x.T) / n, d3.dot(a.T) / n

        def forward(x, W, V, rho, beta):
            loss, dW, dV = cost(x, W, V, rho, beta)
            return loss, {"W": dW, "V": dV}
        """,
        {"x": N(4, 6), "W": N(3, 4), "V": N(4, 3), "rho": 0.1, "beta": 0.7},
        [
            ("(V.T.dot(d3) + beta * sparsity[:, None])", "V.T.dot(d3)", "d2 = ", "missing-term"),
            ("beta * sparsity[:, None]) * a *", "beta * sparsity[:, None]) *", "d2 = ", "missing-factor"),
        ],
    ),
    "attention's weights, whose softmax goes back element by element": (
        """
        def softmax(z):
            e = np.exp(z - z.max(axis=1, keepdims=True))
            return e / e.sum(axis=1, keepdims=True)

        def softmax_back(d, s):
            return s * (d - np.sum(d * s, axis=1, keepdims=True))

        def forward(q, k, v):
            s = softmax(q @ k.T / 2)
            return s @ v, (q, k, v, s)

        def backward(dout, cache):
            q, k, v, s = cache
            dz = softmax_back(dout @ v.T, s) / 2
            return dz @ k, dz.T @ q, s.T @ dout
        """,
        {"q": N(3, 4), "k": N(5, 4), "v": N(5, 2)},
        [
            ("s * (d - np.sum(d * s, axis=1, keepdims=True))", "d * s * (1 - s)", "return d * s", "jacobian"),
            ("s * (d - np.sum(d * s, axis=1, keepdims=True))", "s * (1 - s) * d", "return s * ", "jacobian"),
        ],
    ),
    "a filter of a padded image, whose padding is taken away again": (
        """
        def forward(x, w):
            p = len(w) // 2
            wide = np.pad(x, ((0, 0), (p, p), (p, p)))
            y = np.zeros_like(x)
            for i in range(x.shape[1]):
                for j in range(x.shape[2]):
                    y[:, i, j] = np.sum(wide[:, i : i + len(w), j : j + len(w)] * w, axis=(1, 2))
            return y, (wide, w, p)

        def backward(dy, cache):
            wide, w, p = cache
            dwide, dw = np.zeros_like(wide), np.zeros_like(w)
            for i in range(dy.shape[1]):
                for j in range(dy.shape[2]):
                    g = dy[:, i, j, None, None]
                    dw += np.sum(g * wide[:, i : i + len(w), j : j + len(w)], axis=0)
                    dwide[:, i : i + len(w), j : j + len(w)] += g * w
            return dwide[:, p:-p, p:-p], dw
        """,
        {"x": N(2, 4, 4), "w": N(3, 3)},
        [
            ("dwide[:, p:-p, p:-p]", "dwide[:, : -2 * p, : -2 * p]", "return dwide", "wrong-variable"),
            ("dwide[:, p:-p, p:-p]", "dwide[:, 2 * p :, 2 * p :]", "return dwide", "wrong-variable"),
            ("dwide[:, p:-p, p:-p]", "dwide[:, p:-p, : -2 * p]", "return dwide", "wrong-variable"),
        ],
    ),
    "a filter whose time is counted from the first": (
        """
        def forward(x, w):
            y = np.zeros((len(x) - len(w) + 1, w.shape[1]))
            for t in range(len(y)):
                y[t] = np.tanh(np.sum(x[t : t + len(w), None] * w, axis=0))
            return y, (x, w, y)

        def backward(dy, cache):
            x, w, y = cache
            dx, dw = np.zeros_like(x), np.zeros_like(w)
            for t in range(len(y)):
                up = dy[t] * (1 - y[t] ** 2)
                dw += x[t : t + len(w), None] * up
                dx[t : t + len(w)] += w @ up
            return dx, dw
        """,
        {"x": N(7), "w": N(3, 2)},
        [
            ("dy[t] *", "dy[-t] *", "up = ", "wrong-variable"),
            ("y[t] ** 2", "y[-t] ** 2", "up = ", "wrong-variable"),
        ],
    ),
}


test_right, test_mistake = checks_of(CASES)


BUMPS = """
def train(x, t, centre, w, b, rate=0.1, rounds=50):
    history = []
    for _ in range(rounds):
        phi = np.exp(-((x[:, None] - centre) ** 2))
        r = phi @ w + b - t
        E = 0.5 * np.mean(r**2)
        history.append(E)
        r_mean = r / len(x)
        dw = phi.T @ r_mean
        db = np.sum(r_mean)
        dcentre = np.sum(np.outer(r_mean, w) * phi * 2 * (x[:, None] - centre), axis=0)
        centre -= rate * dcentre
        w -= rate * dw
        b = b - rate * db
    return centre, w, b, history
"""
AT = {"x": N(6), "t": N(6), "centre": N(3), "w": N(3), "b": 0.2}


@pytest.mark.parametrize("kept", ["history.append(E)", "pass"])
def test_a_bias_that_is_updated_and_returned_is_no_loss(kept):
    report = judged(BUMPS.replace("history.append(E)", kept), AT)
    assert report.ok, report
    assert report.judged == dict.fromkeys(("centre", "w", "b"), True)


def test_a_gradient_that_goes_by_its_name_is_wrong_before_the_update_is():
    report = judged(BUMPS.replace("db = np.sum(r_mean)", "db = np.mean(r_mean)"), AT)
    assert report.first.source == "db = np.mean(r_mean)", report


def test_the_cost_of_a_sample_in_a_helper_is_not_the_loss_whatever_that_is_called():
    report = judged(
        """
def one(x, y, w, b):
    z = np.tanh(w @ x + b)
    cost = np.sum((z - y) ** 2)
    d = 2 * (z - y) * (1 - z**2)
    return cost, np.outer(d, x), d

def train(data, w, b, eta, lam):
    record = []
    for step in range(9):
        E, dw, db = 0.0, np.zeros_like(w), np.zeros_like(b)
        for x, y in data:
            c, gw, gb = one(x, y, w, b)
            E += c / len(data)
            dw, db = dw + gw, db + gb
        E += 0.5 * lam * np.sum(w**2)
        w = (1 - eta * lam) * w - eta / len(data) * dw
        b = b - eta / len(data) * db
        record.append(E)
    return w, b, record
""",
        {"data": [(N(3), N(2)) for _ in range(4)], "w": N(2, 3), "b": N(2), "eta": 0.1, "lam": 0.3},
    )
    assert report.ok, report


def test_an_update_by_a_gradient_that_nothing_is_added_to_is_blamed_where_it_is_made():
    report = judged(
        """
def train(data, w, b, eta):
    for step in range(9):
        loss = 0.0
        sums_w, sums_b = [np.zeros_like(m) for m in w], [np.zeros_like(m) for m in b]
        for x, y in data:
            outs = [x]
            for m, v in zip(w, b):
                outs.append(np.tanh(m @ outs[-1] + v))
            loss += 0.5 * np.sum((outs[-1] - y) ** 2)
            d = (outs[-1] - y) * (1 - outs[-1] ** 2)
            for l in (1, 0):
                sums_w[l] += np.outer(d, outs[l])
                d = (w[l].T @ d) * (1 - outs[l] ** 2)
        w = [m - eta * s for m, s in zip(w, sums_w)]
        b = [m - eta * s for m, s in zip(b, sums_b)]
    return w, b
""",
        {
            "data": [(N(3), N(2)) for _ in range(3)],
            "w": [N(3, 3), N(2, 3)],
            "b": [N(3), N(2)],
            "eta": 0.1,
        },
    )
    assert report.first.source.startswith(("sums_w, sums_b = ", "b = [m - eta * s")), report


def test_no_number_is_taken_for_the_loss_where_none_is_computed():
    source = BUMPS.replace("E = 0.5 * np.mean(r**2)", "pass").replace("history.append(E)", "pass")
    with pytest.raises(DerivationError, match="pass loss="):
        judged(source, AT)


def test_gradients_with_keys_of_their_own_belong_to_no_input_by_their_order():
    source = CASES["caches of layers with a leaky slope"][0].replace("caches[k - 1]", "caches[k]")
    forward, backward = pair_of(source)
    report = check.derivation(forward, backward, CASES["caches of layers with a leaky slope"][1])
    assert report.inputs["y"] == "not derived", report


def test_an_update_that_nothing_explains_is_wrong_where_its_gradient_was_made():
    report = judged(
        """
def train(X, y, w, V, lr=0.2, reg=0.1):
    for epoch in range(9):
        total, gw, gV = 0.0, np.zeros(len(w)), np.zeros(V.shape)
        for x, label in zip(X, y):
            s = V.T @ x
            f = w @ x + 0.5 * np.sum(s**2 - (V**2).T @ x**2)
            total = total + np.log(1 + np.exp(-label * f))
            df = -label / (1 + np.exp(label * f))
            gw = gw + df * x
            gV = gV + df * np.outer(x, s)
        loss = total / len(X) + 0.5 * reg * (np.sum(w**2) + np.sum(V**2))
        w = w - lr * (gw / len(X) + reg * w)
        V = V - lr * (gV / len(X) + reg * V)
    return w, V
""",
        {"X": N(6, 4), "y": np.array([1.0, -1, 1, 1, -1, -1]), "w": N(4), "V": N(4, 2)},
    )
    assert report.first.source.startswith("gV = gV + df"), report


@pytest.mark.parametrize(("decay", "told"), [(0.3, "-1/20 (-rate) times"), (0.05, "-1/20 times")])
def test_the_constant_of_updates_is_called_by_the_only_variable_that_holds_it(decay, told):
    report = judged(
        """
def train(X, y, w, decay, rate=0.05):
    for epoch in range(9):
        r = X @ w - y
        loss = 0.5 * np.sum(r**2) + 0.5 * decay * np.sum(w**2)
        w = w - rate * (X.T @ r + decay * w)
    return w
""",
        {"X": N(6, 4), "y": N(6), "w": N(4), "decay": decay},
    )
    assert told in report.notes[0]
