"""`check.derivation` on backward passes in the forms found in courses, tutorials and papers."""

import copy
import math
import sys
import textwrap
import threading
import time

import numpy as np
import pytest

from autograd import Tensor, check
from autograd.check.hand.diagnose.repair import evaluating
from autograd.check.hand.observe.probes.kept import Joined, of_tensors
from autograd.check.hand.observe.probes.probe import PROBE, Run
from autograd.errors import DerivationError

from .planted import defined, pair_of, train_of

RNG = np.random.default_rng(20)


def kind(report):
    """The first wrong line: the name of its gradient, the kind of the mistake, and the source."""
    return report.first.name, report.first.kind, report.first.source


def logistic(X, y, w, b):
    z = X @ w + b
    return np.mean(np.log(1 + np.exp(-z * (2 * y - 1))))


LOGISTIC = {"X": RNG.normal(size=(5, 2)), "y": np.array([0, 1, 1, 0, 1]), "w": RNG.normal(size=2), "b": 0.5}


# What gradients are taken of


@pytest.mark.parametrize(("factor", "verdict"), [(1, "right"), (2, "wrong here")])
def test_the_gradient_of_a_plain_number(factor, verdict):
    def backward(X, y, w, b):
        dz = (1 / (1 + np.exp(-(X @ w + b))) - y) / len(y)
        db = factor * dz.sum()
        return db

    report = check.derivation(logistic, backward, LOGISTIC)
    assert [(line.name, line.verdict) for line in report.lines] == [("dz", "right"), ("db", verdict)]


def test_a_plain_number_whose_gradient_nobody_derives_stays_one():
    def forward(x, rate):
        assert type(rate) is float
        return np.sum(x**2) * rate

    assert check.derivation(forward, lambda x, rate: {"dx": 2 * rate * x}, {"x": np.ones(2), "rate": 0.5})


class Layer:
    def __init__(self):
        self.W = RNG.normal(size=(3, 2))

    def loss(self, x):
        self.x = x
        self.y = x @ self.W
        return np.mean(self.y**2)

    def backward(self, factor=1):
        dy = 2 * self.y / self.y.size
        self.dW = self.x.T @ dy * factor
        return dy @ self.W.T


@pytest.mark.parametrize("factor", [1, 2])
def test_a_gradient_that_is_left_in_an_object_is_wanted(factor):
    def backward(layer):
        dx = layer.backward(factor)
        return dx

    report = check.derivation(lambda layer, x: layer.loss(x), backward, {"layer": Layer(), "x": np.eye(3)})
    assert report["dx"].verdict == "right"
    assert report["dW"].verdict == ("right" if factor == 1 else "wrong here")


@pytest.mark.parametrize("is_right", [True, False])
def test_what_is_made_of_one_gradient_as_it_is_returned(is_right):
    def forward(X, y, w):
        p = 1 / (1 + np.exp(-(X @ w)))
        return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))

    def backward(X, y, w):
        m = len(y)
        dw = X.T @ (1 / (1 + np.exp(-(X @ w))) - y)
        if is_right:
            return dw / m
        return dw / m**2

    report = check.derivation(forward, backward, {k: LOGISTIC[k] for k in ("X", "y", "w")})
    assert report.ok is is_right
    assert (
        is_right or kind(report)[1:] == ("extra-factor", "return dw / m**2") or report.first.kind == "factor"
    )


def test_numbered_gradients_are_those_of_a_variable_with_several_values():
    parameters = {f"W{i}": RNG.normal(size=(2, 2)) for i in (1, 2, 3)}

    def forward(X, parameters):
        A = X
        for i in (1, 2, 3):
            A = np.tanh(parameters["W" + str(i)] @ A)
        return np.sum(A**2)

    def backward(X, parameters, slope=1):
        values = [X]
        for i in (1, 2, 3):
            values.append(np.tanh(parameters["W" + str(i)] @ values[-1]))
        grads = {"dA3": 2 * values[3]}
        for i in (3, 2, 1):
            back = grads["dA" + str(i)] * (slope - values[i] ** 2)
            grads["dW" + str(i)] = back @ values[i - 1].T
            grads["dA" + str(i - 1)] = parameters["W" + str(i)].T @ back
        return grads

    inputs = {"X": RNG.normal(size=(2, 4)), "parameters": parameters}
    report = check.derivation(forward, backward, inputs)
    assert report.ok
    assert not report.unmatched
    assert {"dA0", "dA1", "dA2", "dA3"} < {line.name for line in report.lines}
    assert not check.derivation(forward, lambda X, parameters: backward(X, parameters, 2), inputs)


def test_entries_of_a_container_are_matched_by_names():
    def forward(x, w):
        hs = [x]
        for _ in range(3):
            hs.append(np.tanh(hs[-1] * w))
        return np.sum(hs[-1])

    def backward(hs, w):
        dh, dw = np.ones_like(hs[3]), np.zeros_like(w)
        for t in (3, 2, 1):
            da = dh * (1 - hs[t] ** 2)
            dw += da * hs[t - 1]
            dh = da * w
        return dw

    inputs = {"x": RNG.normal(size=4), "w": RNG.normal(size=4)}
    assert check.derivation(forward, backward, inputs)
    named = check.derivation(forward, backward, inputs, names={"dh": "hs"})
    assert [line.verdict for line in named.lines if line.name == "dh"] == ["right"] * 3


def test_a_variable_of_forward_is_no_gradient():
    def forward(x, dx, t):
        diff = np.roll(x, 1) - x
        return np.sum((diff / dx - t) ** 2)

    def backward(diff, dx, t):
        ddiff = 2 * (diff / dx - t) / dx
        decay = 0.5  # not a variable of forward
        return {"dx": np.roll(ddiff, -1) - ddiff} if decay else None

    x, t = RNG.normal(size=(2, 5))
    report = check.derivation(forward, backward, {"x": x, "dx": 0.5, "t": t})
    assert report["ddiff"].verdict == "right"
    assert not report.unmatched


def test_what_the_loss_does_not_depend_on_at_last():
    def forward(x0, v0):
        x, v = x0, v0
        for _ in range(3):
            force = -np.sin(x)
            x, v = x + 0.1 * v, v + 0.1 * force  # the last v is not used
        return x * x

    def backward(x0, v0):
        xs, vs = [x0], [v0]
        for _ in range(3):
            x, v = xs[-1], vs[-1]
            xs.append(x + 0.1 * v)
            vs.append(v - 0.1 * np.sin(x))
        dx, dv = 2 * xs[3], 0.0
        for t in (2, 1, 0):
            dforce = 0.1 * dv
            dx, dv = dx - dforce * np.cos(xs[t]), dv + 0.1 * dx
        dx0, dv0 = dx, dv
        return dx0, dv0

    report = check.derivation(forward, backward, {"x0": 1.0, "v0": 0.5})
    report.assert_ok()


# Ways to write to arrays


def convolution(x, w):
    out = np.zeros(len(x) - 1)
    for i in range(len(out)):
        out[i] = x[i : i + 2] @ w
    return np.sum(out**2)


def convolution_backward(x, w, out):
    dout = 2 * out
    dw = np.zeros_like(w)
    for i in range(len(out)):
        dw += dout[i] * x[i : i + 2]
    return dw


def test_a_forward_pass_that_fills_an_array():
    makers = {name: getattr(np, name) for name in ("zeros", "full", "empty_like")}
    inputs = {"x": RNG.normal(size=6), "w": RNG.normal(size=2)}
    report = check.derivation(convolution, convolution_backward, inputs)
    report.assert_ok()
    assert [line.name for line in report.lines] == ["dout", "dw"]
    assert all(getattr(np, name) is function for name, function in makers.items())


def test_while_a_forward_pass_fills_arrays_others_get_arrays_as_ever():
    def forward(x):
        kinds = []
        other = threading.Thread(target=lambda: kinds.append(type(np.zeros(2))))
        other.start()
        other.join()
        kinds.append(type(np.pad(np.arange(2.0), 1)))
        assert set(kinds) == {np.ndarray}
        out = np.zeros(2)
        out[0] = x[0]
        return np.sum(out**2)

    assert check.derivation(forward, lambda out: {"dout": 2 * out}, {"x": np.ones(2)})


def test_one_array_by_two_names_is_judged_as_each_line_left_it():
    def forward(x, mask):
        z = x * mask
        a = np.where(z > 0, z, 0.1 * z)
        return np.sum(a**3)

    def backward(z, mask, a, slope=0.1):
        da = 3 * a**2
        dz = da
        dz[z <= 0] *= slope
        dx = dz * mask
        return dx

    inputs = {"x": RNG.normal(size=6), "mask": np.array([1.0, 2, 1, 2, 1, 2])}
    assert check.derivation(forward, backward, inputs)
    report = check.derivation(forward, lambda z, mask, a: {"dx": backward(z, mask, a, 0.2)}, inputs)
    assert kind(report)[2] == "dz[z <= 0] *= slope"

    def wrong(z, mask, a):
        da = 3 * a**2
        dz = da
        dz[z <= 0] = 0
        return dz * mask

    assert check.derivation(forward, wrong, inputs).first.name == "dz"


# Equal maxima


def pooled(x, w):
    a = np.maximum(x * w, 0)
    p = a.reshape(3, 4).max(axis=1)
    return np.sum(p**2) + np.sum(np.exp(p))


POOLED = {"x": np.array([1.0, 3, 2, -1, -1, -2, -3, -4, 0.5, 0.2, -1, 0.1]), "w": np.full(12, 0.5)}


@pytest.mark.parametrize(("mask", "verdict"), [(True, "right"), (False, "wrong here")])
def test_a_window_of_zeros_has_a_maximum_at_each(mask, verdict):
    """After a ReLU a whole window is often 0, and each of its elements may get the gradient: none arrives."""

    def backward(x, w, a, p):
        dp = 2 * p + np.exp(p)
        da = np.zeros_like(a)
        for i in range(3):
            window = a[4 * i : 4 * i + 4]
            da[4 * i : 4 * i + 4] = (window == p[i]) * dp[i] if mask else dp[i]
        dw = da * (x * w > 0) * x
        return dw

    report = check.derivation(pooled, backward, POOLED)
    assert report.ok is mask
    assert mask or report["da"].verdict == verdict


def test_a_large_number_in_a_mask_excuses_nothing():
    def forward(s, v):
        masked = np.where(np.triu(np.ones((4, 4)), 1) == 1, -1e9, s)
        e = np.exp(masked - masked.max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        return np.sum((p @ v) ** 2)

    def backward(p, v):
        dp = 2 * (p @ v) @ v.T
        ds = dp * p * (1 - p)
        return ds

    report = check.derivation(forward, backward, {"s": RNG.normal(size=(4, 4)), "v": RNG.normal(size=(4, 2))})
    assert kind(report) == ("ds", "jacobian", "ds = dp * p * (1 - p)")


# Kinds of mistakes from elsewhere


def gates(x, h, u, target):
    z = 1 / (1 + np.exp(-x))
    s = u**3
    out = z * s + (1 - z) * h
    return np.sum((out - target) ** 2)


GATES = dict(zip(("x", "h", "u", "target"), RNG.normal(size=(4, 3, 2)), strict=True))
GATE_MISTAKES = [
    ("dz", "dout * s", "missing-term", "product rule"),
    ("dz", "dout * (h - s)", "sign", "sign"),
    ("dh", "dout * z", "wrong-variable", "`1 - z`"),
    ("du", "ds * 3 * u ** 3", "extra-factor", "exponent"),
    ("du", "ds * 3 * u", "missing-factor", "u"),
    ("dx", "dz * z * (1 - z) + h", "extra-term", "`h` is too many"),
    ("dx", "dz * cache['h'] * (1 - z)", "wrong-variable", "index"),
]


@pytest.mark.parametrize(
    ("name", "wrong", "expected", "hint"), GATE_MISTAKES, ids=[m[1] for m in GATE_MISTAKES]
)
def test_a_mistake_in_gates(name, wrong, expected, hint):
    lines = {
        "dout": "2 * (out - target)",
        "dz": "dout * (s - h)",
        "dh": "dout * (1 - z)",
        "ds": "dout * z",
        "du": "ds * 3 * u ** 2",
        "dx": "dz * z * (1 - z)",
    }
    body = [f"    {k} = {v}" for k, v in (lines | {name: wrong}).items()]
    head = ["def backward(h, u, z, s, out, target):", "    cache = {'z': z, 'h': h}"]
    report = check.derivation(gates, defined("\n".join([*head, *body])), GATES)
    assert (report.first.name, report.first.kind) == (name, expected), report
    assert hint in report.first.hint


def hinges(W, X, y, reg):
    loss = 0.0
    for i in range(len(X)):
        scores = X[i] @ W
        correct = scores[y[i]]
        for j in range(W.shape[1]):
            if j != y[i]:
                margin = scores[j] - correct + 1
                if margin > 0:
                    loss = loss + margin
    return loss / len(X) + reg * np.sum(W * W)


HINGES = {
    "W": RNG.normal(size=(4, 3)),
    "X": RNG.normal(size=(6, 4)),
    "y": np.array([0, 2, 1, 1, 0, 2]),
    "reg": 0.1,
}
HINGES_BACKWARD = """
def backward(W, X, y, reg):
    dW = np.zeros_like(W)
    for i in range(len(X)):
        scores = X[i] @ W
        for j in range(W.shape[1]):
            if j != y[i] and scores[j] - scores[y[i]] + 1 > 0:
                dW[:, j] += X[i]
                dW[:, y[i]] -= X[i]
    dW /= len(X)
    dW += 2 * reg * W
    return dW
"""
HINGE_MISTAKES = [
    ("                dW[:, y[i]] -= X[i]\n", "missing-term", "through correct is missing"),
    ("    dW /= len(X)\n", "factor", "it is 6"),
    ("    dW += 2 * reg * W\n", "missing-term", "is missing"),
]


@pytest.mark.parametrize(
    ("line", "expected", "hint"), HINGE_MISTAKES, ids=[m[0].strip() for m in HINGE_MISTAKES]
)
def test_a_line_that_is_forgotten_in_a_loop(line, expected, hint):
    assert check.derivation(hinges, defined(HINGES_BACKWARD), HINGES)
    report = check.derivation(hinges, defined(HINGES_BACKWARD.replace(line, "")), HINGES)
    assert report.first.kind == expected
    assert hint in report.first.hint


def vectors(E, center, context):
    u = E[center]
    v = E[context]
    s = np.einsum("ik,jk->ij", u, v)
    return np.sum(np.exp(s) * (1 + np.arange(3)))


VECTORS = {"E": RNG.normal(size=(5, 2)), "center": np.array([0, 2, 2]), "context": np.array([1, 2, 4])}
VECTORS_BACKWARD = """
def backward(E, center, context, u, v, s):
    weigh = lambda values, weights: values * weights
    ds = weigh(np.exp(s), 1 + np.arange(3))
    du = np.einsum("ij,jk->ik", ds, v)
    dv = np.einsum("ij,ik->jk", ds, u)
    dE = np.zeros_like(E)
    np.add.at(dE, center, du)
    np.add.at(dE, context, dv)
    return dE
"""
VECTOR_MISTAKES = [
    ('"ij,jk->ik", ds, v', '"ji,jk->ik", ds, v', "transpose", "indices"),
    ("(dE, center, du)", "(dE, context, du)", "wrong-variable", "`context`"),
    ('np.einsum("ij,ik->jk", ds, u)', "np.dot(ds, u)", "transpose", ""),
]


@pytest.mark.parametrize(
    ("old", "new", "expected", "hint"), VECTOR_MISTAKES, ids=[m[1] for m in VECTOR_MISTAKES]
)
def test_a_mistake_in_an_embedding(old, new, expected, hint):
    assert check.derivation(vectors, defined(VECTORS_BACKWARD), VECTORS)
    report = check.derivation(vectors, defined(VECTORS_BACKWARD.replace(old, new)), VECTORS)
    assert report.first.kind == expected, report
    assert hint in report.first.hint


def test_an_adjoint_that_is_reassigned_is_followed():
    source = """
def backward(A, u, Q, x):
    lam = 2 * Q @ x[3]
    du = np.zeros_like(u)
    for k in (2, 1, 0):
        du[k] = lam + 0.3 * u[k]
        lam = A.T @ lam
        if k > 0:
            lam = lam + 2 * Q @ x[k]
    return du
"""

    def forward(A, u, Q):
        x = [np.ones(2)]
        J = 0.0
        for k in range(3):
            x.append(A @ x[k] + u[k])
            J = J + x[k + 1] @ Q @ x[k + 1] + 0.3 * u[k] @ u[k]
        return J

    inputs = {"A": RNG.normal(size=(2, 2)), "u": RNG.normal(size=(3, 2)), "Q": np.diag([1.0, 2.0])}
    report = check.derivation(forward, defined(source), inputs)
    assert kind(report) == ("du", "factor", "du[k] = lam + 0.3 * u[k]")
    assert check.derivation(forward, defined(source.replace("0.3", "2 * 0.3")), inputs)


def test_the_line_that_puts_a_gradient_under_its_key():
    source = """
def backward(x, W, y):
    grads = {}
    dy = 2 * y
    grads["W"] = x.T @ y
    grads["W"] += 0.2 * W
    return grads
"""

    def forward(x, W):
        y = x @ W
        return np.sum(y**2) + 0.1 * np.sum(W**2)

    inputs = {"x": RNG.normal(size=(4, 3)), "W": RNG.normal(size=(3, 2))}
    report = check.derivation(forward, defined(source), inputs)
    assert (report.first.name, report.first.lineno) == ("W", 5)
    assert "1/2 times" in report.first.hint  # y is half of dy
    assert check.derivation(forward, defined(source.replace("x.T @ y", "x.T @ dy")), inputs)


def test_lists_of_any_kind_may_stand_in_scope():
    """The caches of layers, for example, have a different shape for each layer."""
    source = """
def backward(x, caches):
    t = 1
    dx = 3 * x
    return dx
"""

    def forward(x):
        caches = [(x, x[:1]), (x, np.outer(x, x))]
        return np.sum(caches[0][0] ** 2)

    report = check.derivation(forward, defined(source), {"x": np.array([1.0, 2.0])})
    assert kind(report) == ("dx", "factor", "dx = 3 * x")


# Parts of gradients

DECAY = np.array([0.5, 0.2])


@pytest.mark.parametrize("is_right", [True, False])
def test_a_part_of_a_gradient_that_one_step_hands_to_the_one_before(is_right):
    """The state c also reaches the loss through the output: dprev is not its whole gradient, and right."""

    def step(x, prev, w):
        c = np.tanh(x * w) + DECAY * prev
        return c, np.sin(c)

    def forward(x, w):
        prev = np.zeros(2)
        loss = 0.0
        for t in range(len(x)):
            prev, out = step(x[t], prev, w)
            loss = loss + np.sum(out)
        return loss

    def step_back(dprev, x, c, w):
        dc = dprev + np.cos(c)
        da = dc * (1 - np.tanh(x * w) ** 2)
        return da * w, da * x, DECAY * dc

    def backward(x, w):
        cs, dx, dw = [np.zeros(2)], np.zeros_like(x), np.zeros_like(w)
        for t in range(len(x)):
            cs.append(np.tanh(x[t] * w) + DECAY * cs[-1])
        dprev = np.zeros(2)
        for t in reversed(range(len(x))):
            dx[t], share, dprev = step_back(dprev, x[t], cs[t + 1], w)
            dw += share if is_right else 2 * share
        return dx, dw

    report = check.derivation(forward, backward, {"x": RNG.normal(size=(3, 2)), "w": RNG.normal(size=2)})
    assert report.ok is is_right
    assert is_right or report.first.source == "dw += share if is_right else 2 * share", str(report)


# What others wrote, and was judged otherwise at first


def sigmoid_net(X, W1, W2, y):
    A1 = 1 / (1 + np.exp(-X.dot(W1)))
    return np.mean((A1.dot(W2) - y) ** 2)


def sigmoid_net_back(X, W2, y, A1):
    dA2 = 2 * (A1.dot(W2) - y) / y.size
    dZ1 = dA2.dot(W2.T) * (1 - A1**2)
    return X.T.dot(dZ1), A1.T.dot(dA2)


def test_the_slope_of_tanh_for_the_slope_of_a_sigmoid_is_named():
    inputs = {"X": RNG.normal(size=(5, 3)), "W1": RNG.normal(size=(3, 4)), "W2": RNG.normal(size=(4, 1))}
    line = check.derivation(sigmoid_net, sigmoid_net_back, inputs | {"y": RNG.normal(size=(5, 1))}).first
    assert "has the slope of tanh: with the slope of a sigmoid it is `A1 * (1 - A1)`" in line.hint


def test_pixels_are_whole_numbers_and_have_methods():
    X, y = RNG.integers(0, 9, size=(5, 3)), RNG.normal(size=(5, 1))
    inputs = {"X": X, "W1": RNG.normal(size=(3, 4)) / 9, "W2": RNG.normal(size=(4, 1)), "y": y}
    report = check.derivation(sigmoid_net, sigmoid_net_back, inputs)
    assert report.first.source.startswith("dZ1 = ")
    assert X.dtype.kind == "i"


def affine(x, w, b):
    return x @ w + b, (x, w)


AFFINE = {"x": RNG.normal(size=(5, 3)), "w": RNG.normal(size=(3, 2)), "b": RNG.normal(size=2)}


@pytest.mark.parametrize(
    ("end", "note"),
    [
        ("return dx, dw, db", ()),
        ("pass", ("backward returns nothing: the variables that it had at its end were judged",)),
        (
            "a, c, e = dx, dw, db; return c, a, e",
            ("backward returns the gradients of w, x, b, in this order",),
        ),
    ],
)
def test_what_is_of_little_use_though_it_is_right_is_noted(end, note):
    source = "def backward(dout, cache):\n    x, w = cache\n    dx = dout @ w.T\n    dw = x.T @ dout\n"
    report = check.derivation(affine, defined(source + f"    db = dout.sum(0)\n    {end}\n"), AFFINE)
    assert report.ok
    assert report.notes == note


def two_layers_back(dout, cache):
    h, first, second = cache
    dt, dv, dc = affine_back(dout, second)
    dx, dw, db = affine_back(dt * (1 - np.tanh(h) ** 2), first)
    return dx, dw, db, dv, dc


def affine_back(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ dout, dout.sum(0)


def test_the_cache_is_what_forward_returned_and_not_a_helpers():
    def helper(x, w, b):
        out, cache = affine(x, w, b)
        return out, cache

    def forward(x, w, b, v, c):
        h, first = helper(x, w, b)
        out, second = helper(np.tanh(h), v, c)
        return out, (h, first, second)

    inputs = AFFINE | {"v": RNG.normal(size=(2, 2)), "c": RNG.normal(size=2)}
    assert check.derivation(forward, two_layers_back, inputs).ok


@pytest.mark.parametrize("line", ["dx = dout", "dx = dt"])
def test_a_result_among_others_in_the_inputs_order_belongs_to_the_input_there(line):
    """What is returned may be right as the gradient of something else, such as of the output."""

    def forward(x, w, b):
        t = np.maximum(x + w, 0)
        return np.tanh(t) + b, t

    source = f"""
def backward(dout, t):
    dt = dout * (1 - np.tanh(t) ** 2)
    dm = dt * (t > 0)
    {line}
    return dx, dm, dout
"""
    inputs = {name: RNG.normal(size=(4, 3)) for name in "xwb"}
    report = check.derivation(forward, defined(source), inputs)
    assert not report.ok
    assert report.first.source == line


@pytest.mark.parametrize("wrong", ["w = 0.1 * w_step", "w += 0 * w_step"])
def test_an_update_that_comes_to_nothing_beside_others_is_wrong(wrong):
    source = f"""
def learn(X, y, w, v, h):
    e = y - h @ v
    w_step = X.T @ (np.outer(e, v) * (1 - h**2))
    v += 0.1 * h.T @ e
    {wrong}
"""

    def forward(X, y, w, v):
        h = np.tanh(X @ w)
        return 0.5 * np.sum((y - h @ v) ** 2)

    inputs = {"X": RNG.normal(size=(6, 3)), "y": RNG.normal(size=6), "w": RNG.normal(size=(3, 2))}
    report = check.derivation(forward, defined(source), inputs | {"v": RNG.normal(size=2)})
    assert report.judged["w"] is False
    assert report.judged["v"] is True


def test_several_arrays_are_filled_in_one_line():
    def forward(x):
        m, n = np.zeros((3, 2)), np.zeros(3)
        m[:, 0], n[1:] = x, np.sin(x[:2])
        m[:, 1], n[0] = (lambda v: (v * v, v[2]))(x)
        return np.sum(m * m) + np.sum(n * x)

    def backward(x):
        dx = 2 * x + 4 * x**3
        dx[2] += x[0]
        dx[0] += x[2] + np.cos(x[0]) * x[1]
        dx[1] += np.cos(x[1]) * x[2] + np.sin(x[0])
        dx[2] += np.sin(x[1])
        return dx

    assert check.derivation(forward, backward, {"x": np.array([0.3, -1.2, 0.7])}).ok


def test_a_layer_of_an_index_that_a_tensor_chose():
    def forward(x, rows):
        best = np.arange(10, 10 + len(x))[x.argmax(axis=0)] - 10
        return np.sum(x[best, np.arange(x.shape[1])] ** 2)

    def backward(x, best):
        dx = np.zeros_like(x)
        columns = np.arange(x.shape[1])
        dx[best, columns] = 2 * x[best, columns]
        return dx

    assert check.derivation(forward, backward, {"x": RNG.normal(size=(4, 3)), "rows": 4}).ok


ODDS = """
def odds(skill, nu):
    gap = skill[0] - skill[1]
    win, draw = exp(gap), exp(nu)
    return -log(win / (win + draw + 1)) + hypot(skill[0], skill[1]) + pow(nu, 2)
"""
MATHS = {name: getattr(math, name) for name in ("exp", "log", "hypot", "pow")}


@pytest.mark.parametrize(("slope", "is_right"), [("1 - p", True), ("1 - draw", False)])
def test_functions_of_math_by_their_own_names_keep_the_history(slope, is_right):
    text = f"""
def backward(skill, nu):
    win, draw = exp(skill[0] - skill[1]), exp(nu)
    p = win / (win + draw + 1)
    dskill = np.array([-(1 - p), {slope}]) + skill / hypot(skill[0], skill[1])
    dnu = draw / (win + draw + 1) + 2 * nu
    return dskill, dnu
"""
    report = check.derivation(
        defined(ODDS, **MATHS), defined(text, **MATHS), {"skill": np.array([0.3, -0.2]), "nu": 0.4}
    )
    assert report.ok is is_right, report


MATHS_CASES = [
    *((name, lambda v: v[:1]) for name in ("exp", "expm1", "log", "log2", "sqrt", "cbrt", "sin", "tanh")),
    *((name, lambda v: v[:1]) for name in ("acos", "atan", "erf", "erfc", "gamma", "lgamma", "degrees")),
    *((name, lambda v: v) for name in ("log", "pow", "hypot", "atan2", "fmod", "copysign")),
    *((name, lambda v: (list(v),)) for name in ("fsum", "prod")),
    ("dist", lambda v: (v, (1.0, 2.0))),
]


def test_each_function_of_math_on_tensors_is_the_one_on_numbers():
    x, y = Tensor(0.3, requires_grad=True), Tensor([0.7], requires_grad=True)
    for name, args in MATHS_CASES:
        found = of_tensors(getattr(math, name))(*args((x, y)))
        expected = getattr(math, name)(*args((0.3, 0.7)))
        assert found.requires_grad, name
        assert float(found.data) == pytest.approx(expected, rel=1e-14), name


def averaged(x):
    return np.sum(np.array(list(map(math.exp, x)))) + np.sum(x)


def total_of_numbers(x):
    return np.sum(np.array(list(map(math.exp, x))))


@pytest.mark.parametrize("forward", [averaged, total_of_numbers])
def test_what_hides_the_loss_from_the_engine_is_told_and_not_judged(forward):
    with pytest.raises(DerivationError, match="makes a plain number of a value that the loss depends on"):
        check.derivation(forward, lambda x: np.exp(x) + 1, {"x": np.array([0.3, 0.5])})


def told_only(x):
    message = f"{x[0]:.3f} %.3f" % x[1]
    return np.sum(x**2) + 0 * len(message)


def test_a_number_in_a_message_is_no_hindrance():
    assert check.derivation(told_only, lambda x: 2 * x, {"x": np.array([0.3, 0.5])}).ok


@pytest.mark.parametrize(("decay", "is_right"), [("1 - lr * l2", True), ("1 + lr * l2", False)])
def test_a_parameter_may_be_updated_a_row_at_a_time(decay, is_right):
    train = defined(
        f"""
def train(ids, E, t, lr=0.1, l2=0.01):
    for epoch in range(3):
        loss, steps = 0.5 * l2 * np.sum(E**2), {{}}
        for i in ids:
            loss += 0.5 * np.sum((E[i] - t) ** 2)
            steps[i] = steps.get(i, 0) + E[i] - t
        E *= {decay}
        for i, step in steps.items():
            E[i] -= lr * step
"""
    )
    report = check.training_step(train, {"ids": [2, 0, 2], "E": np.arange(6.0).reshape(3, 2), "t": 0.5})
    assert report.ok is is_right, report


@pytest.mark.parametrize(("rate", "is_right"), [("lam / len(batch)", True), ("lam", False)])
def test_the_loss_is_what_a_helper_returns_and_not_its_first_part(rate, is_right):
    train = defined(
        f"""
def total_cost(w, batch, lam):
    cost = sum(0.5 * np.sum((w - x) ** 2) for x in batch) / len(batch)
    return cost + 0.5 * lam / len(batch) * np.sum(w**2)

def train(batch, w, lam, eta):
    history = []
    for epoch in range(3):
        history.append(total_cost(w, batch, lam))
        w = (1 - eta * {rate}) * w - eta / len(batch) * sum(w - x for x in batch)
    return history
"""
    )
    batch = [np.array([1.0, 2.0]), np.array([-0.5, 3.0])]
    report = check.training_step(train, {"batch": batch, "w": np.array([0.3, 0.4]), "lam": 0.7, "eta": 0.1})
    assert report.ok is is_right, report


@pytest.mark.parametrize(("term", "is_right"), [("ahead @ U.T", True), ("0", False)])
def test_a_deep_copy_keeps_the_history(term, is_right):
    train = defined(
        f"""
def train(xs, y, U, w):
    for epoch in range(3):
        states, total = [np.ones((1, 2))], 0
        for x in xs:
            states.append(copy.deepcopy(np.tanh(x + states[-1] @ U)))
        total = 0.5 * ((states[-1] @ w - y) ** 2).sum()
        error = states[-1] @ w - y
        dw, dU, ahead = states[-1].T @ error, np.zeros_like(U), 0
        ahead = (error @ w.T) * (1 - states[-1] ** 2)
        dU += states[-2].T @ ahead
        ahead = ({term}) * (1 - states[-2] ** 2)
        dU += states[-3].T @ ahead
        w -= 0.1 * dw
        U -= 0.1 * dU
    return total
""",
        copy=copy,
    )
    inputs = {"xs": [RNG.normal(size=(1, 2)) for _ in range(2)], "y": np.ones((1, 1))}
    inputs |= {"U": RNG.normal(size=(2, 2)), "w": RNG.normal(size=(2, 1))}
    report = check.training_step(train, inputs)
    assert report.ok is is_right, report


@pytest.mark.parametrize(("count", "is_right"), [("len(x)", True), ("2", False)])
def test_the_loss_is_the_number_that_a_trainer_returns(count, is_right):
    """The last batch has one sample, so its logit and its gradient are of one element as well."""
    train = defined(f"""
def on_batches(x, y, w, b):
    total, dw, db = 0.0, np.zeros_like(w), np.zeros_like(b)
    for start in range(0, len(x), 2):
        xb, yb = x[start : start + 2], y[start : start + 2]
        out = xb @ w + b
        total += np.sum((out - yb) ** 2) / len(x)
        g = 2 * (out - yb) / {count}
        dw += xb.T @ g
        db += g.sum(axis=0)
    for p, grad in zip([w, b], [dw, db * {count} / len(x)]):
        p -= 0.1 * grad
    return total
""")
    x = RNG.normal(size=(5, 3))
    inputs = {
        "x": x,
        "y": RNG.normal(size=(5, 1)),
        "w": np.ones((3, 1)),
        "b": np.ones(1),
    }
    report = check.training_step(train, inputs)
    assert report.ok is is_right, report


class Dense:
    def __init__(self, weights):
        self.weights, self.dweights, self.dinputs = weights, None, None

    def forward(self, inputs):
        self.inputs = inputs
        return inputs @ self.weights

    def backward(self, dvalues):
        self.dweights = self.inputs.T @ dvalues
        self.dinputs = dvalues @ self.weights.T


class SquaredError:
    factor = 2

    def forward(self, outputs, y):
        self.outputs = outputs
        return np.mean((outputs - y) ** 2)

    def backward(self, y):
        self.dinputs = self.factor * (self.outputs - y) / y.size


class Stack:
    def __init__(self):
        self.layers, self.loss = (
            [Dense(RNG.normal(size=(2, 5))), Dense(RNG.normal(size=(5, 3)))],
            SquaredError(),
        )

    def forward(self, X, y):
        for layer in self.layers:
            X = layer.forward(X)
        return self.loss.forward(X, y)

    def backward(self, y):
        self.loss.backward(y)
        dinputs = self.loss.dinputs
        for layer in self.layers[::-1]:
            layer.backward(dinputs)
            dinputs = layer.dinputs


@pytest.mark.parametrize("factor", [2, 1])
def test_what_a_loss_leaves_is_no_gradient_of_the_inputs_though_layers_call_theirs_so(factor):
    stack = Stack()
    stack.loss.factor = factor
    report = check.derivation(
        stack.forward, stack.backward, {"X": RNG.normal(size=(6, 2)), "y": np.ones((6, 3))}
    )
    assert report.ok is (factor == 2), report
    assert report.ok or "self.factor *" in report.first.source


TURNED = """
def turned(w, P, Y):
    theta = np.sqrt(w @ w)
    u = w / theta
    total = 0.0
    for p, y in zip(P, Y):
        e = np.cos(theta) * p + np.sin(theta) * np.cross(u, p) - y
        total += np.log1p(e @ e)
    return total, (theta, u)
"""
TURNED_BACK = """
def turned_back(w, P, Y, saved):
    theta, u = saved
    g_w = np.zeros_like(w)
    for p, y in zip(P, Y):
        cross = np.cross(u, p)
        e = np.cos(theta) * p + np.sin(theta) * cross - y
        g = 2 * e / (1 + e @ e)
        g_theta = g @ (-np.sin(theta) * p + np.cos(theta) * cross)
        g_u = np.sin(theta) * np.cross(p, g)
        g_w += (g_u - u * (u @ g_u)) / theta + g_theta * u
    return g_w
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("g @ (-np.sin(theta) * p + np.cos(theta) * cross)", "g @ (p * theta**3 + np.tanh(cross) * theta)"),
        ("np.sin(theta) * np.cross(p, g)", "theta * np.cross(p * theta, g) / 3 + np.exp(g)"),
    ],
)
def test_what_no_change_explains_begins_where_known_values_make_an_unknown_one(old, new):
    inputs = {"w": np.array([0.3, -0.5, 0.4]), "P": RNG.normal(size=(4, 3)), "Y": RNG.normal(size=(4, 3))}
    assert check.derivation(defined(TURNED), defined(TURNED_BACK), inputs).ok
    report = check.derivation(defined(TURNED), defined(TURNED_BACK.replace(old, new)), inputs)
    assert new in report.first.source, report


class Camera:
    def __init__(self, w, t):
        self.w, self.t = w, t


def seen_by(cameras, x):
    return sum(np.sum((x * c.w + c.t) ** 2) for c in cameras)


SEEN_BACK = """
def seen_back(cameras, x):
    made = []
    for c in cameras:
        g = 2 * (x * c.w + c.t)
        made.append({"w": FACTOR * np.sum(g * x[:, ::-1], axis=0), "t": g.sum(axis=0)})
    return made
"""


def test_a_wrong_gradient_in_an_object_belongs_to_the_object_that_the_others_beside_it_do():
    cameras = [Camera(RNG.normal(size=2), RNG.normal(size=2)) for _ in range(2)]
    report = check.derivation(
        seen_by, defined(SEEN_BACK, FACTOR=1), {"cameras": cameras, "x": RNG.normal(size=(3, 2))}
    )
    assert report.inputs == {
        "cameras[0].w": "wrong",
        "cameras[0].t": "right",
        "cameras[1].w": "wrong",
        "cameras[1].t": "right",
        "x": "not derived",
    }
    assert "np.sum(g * x[:, ::-1]" in report.first.source


GATED = """
def gate(x, W):
    g = np.tanh(x @ W)
    return g, g * x

def gated(x, W):
    g_, out = gate(x, W)
    return np.sum(out**2)
"""
GATED_BACK = """
def gated_back(x, W, g):
    dout = 2 * g * x
    dg = dout * x
    dz = dg * (1 - g**2)
    return FACTOR * dout * g + dz @ W.T, x.T @ dz
"""


@pytest.mark.parametrize("factor", [1, 2])
def test_a_gate_of_a_helper_called_g_is_no_upstream_gradient(factor):
    inputs = {"x": RNG.normal(size=(3, 2)), "W": RNG.normal(size=(2, 2))}
    report = check.derivation(defined(GATED), defined(GATED_BACK, FACTOR=factor), inputs)
    assert not report.drawn
    assert report.ok is (factor == 1), report


@pytest.mark.parametrize("slope", ["2 * s", "2 * s**2"])
def test_a_loop_that_looks_back_over_what_another_left_is_not_the_one_that_trains(slope):
    train = defined(f"""
def train(start, w, rate):
    tape, s, cost = [], start.copy(), 0.0
    for _ in range(4):
        tape.append(s)
        s = s + 0.1 * np.tanh(w * s)
        cost += np.sum(s**2)
    back, grad = np.zeros_like(start), np.zeros_like(w)
    for old in reversed(tape):
        s = old + 0.1 * np.tanh(w * old)
        back += {slope}
        pre = 0.1 * back * (1 - np.tanh(w * old) ** 2)
        grad += pre * old
        back = back + pre * w
    w -= rate * grad
    return cost
""")
    inputs = {"start": np.array([0.3, -0.4]), "w": np.array([0.7, 0.2]), "rate": 0.1}
    report = check.training_step(train, inputs)
    assert report.inputs["w"] == ("right" if slope == "2 * s" else "wrong"), report


CHOOSING = """
def choosing(scores, W, order):
    used, total = np.zeros(len(scores), dtype=bool), 0.0
    weight = np.ones(len(scores))
    probs = []
    for choice in order:
        masked = np.where(used, -1e9, (scores * weight) @ W)
        e = np.exp(masked - masked.max())
        probs.append(e / e.sum())
        total -= np.log(probs[-1][choice])
        used[choice] = True
        weight[choice] *= 0.5
    return total, probs
"""
CHOOSING_BACK = """
def choosing_back(scores, W, order, probs):
    ds, dW, weight = np.zeros_like(scores), np.zeros_like(W), np.ones(len(scores))
    for choice, p in zip(order, probs):
        g = p.copy()
        g[choice] -= 1
        ds += FACTOR * weight * (W @ g)
        dW += np.outer(scores * weight, g)
        weight[choice] *= 0.5
    return ds, dW
"""


@pytest.mark.parametrize("factor", [1, 2])
def test_what_forward_computed_with_may_be_changed_in_place_afterwards(factor):
    inputs = {"scores": RNG.normal(size=4), "W": RNG.normal(size=(4, 4)), "order": [2, 0, 3, 1]}
    report = check.derivation(defined(CHOOSING), defined(CHOOSING_BACK, FACTOR=factor), inputs)
    assert report.inputs == {"scores": "right" if factor == 1 else "wrong", "W": "right"}, report


def test_a_view_of_what_is_changed_in_place_is_the_view_of_what_it_was():
    def forward(x):
        table, total = np.arange(12.0).reshape(3, 4), 0.0
        for i in range(3):
            total = total + np.sum(x * table[i, ::2] * table[:2, 1])
            table[i] = 0
            table[0, 1] += 5
        return total

    def backward(x):
        table, dx = np.arange(12.0).reshape(3, 4), np.zeros_like(x)
        for i in range(3):
            dx += table[i, ::2] * table[:2, 1]
            table[i] = 0
            table[0, 1] += 5
        return dx

    assert check.derivation(forward, backward, {"x": np.array([0.3, -2.0])}).ok


CELLS = """
def cell(x, c, w):
    new = np.tanh(w * c + x)
    return new, (x, c, w, new)

def unrolled(x, c, w):
    caches, h = [], np.zeros_like(x)
    for t in range(len(x)):
        c, cache = cell(x[t], c, w)
        h[t] = c
        caches.append(cache)
    return h, (w, caches)
"""
CELLS_BACK = """
def unrolled_back(dh, cache):
    w, caches = cache
    dx, dc, dw = np.zeros_like(dh), 0, 0
    for t in reversed(range(len(caches))):
        x, c, w, new = caches[t]
        dz = (dh[t] + dc) * (1 - new**2)
        dx[t], dc = dz, FACTOR * w * dz
        dw = dw + (dz * c)
    return dx, dc, dw
"""


@pytest.mark.parametrize("factor", [1, 2])
def test_the_cache_is_what_forward_returned_and_not_a_variable_of_its_loop(factor):
    inputs = {"x": RNG.normal(size=(3, 2)), "c": RNG.normal(size=2), "w": RNG.normal(size=2)}
    report = check.derivation(defined(CELLS), defined(CELLS_BACK, FACTOR=factor), inputs)
    assert report.error is None
    assert report.ok is (factor == 1), report


@pytest.mark.parametrize(("decay", "is_right"), [("1 - eta * lam", True), ("1 - eta * lam / m", False)])
def test_the_cost_of_a_sample_is_no_loss_where_the_whole_is_returned(decay, is_right):
    train = defined(f"""
def backprop(w, x, y):
    cost = 0.5 * np.sum((w * x - y) ** 2)
    return cost, (w * x - y) * x

def update(batch, w, eta, lam):
    m, total, grad = len(batch), 0.5 * lam * np.sum(w**2), np.zeros_like(w)
    for x, y in batch:
        cost, g = backprop(w, x, y)
        total += cost / m
        grad += g
    w[...] = ({decay}) * w - eta / m * grad
    return total
""")
    batch = [(RNG.normal(size=2), RNG.normal(size=2)) for _ in range(3)]
    report = check.training_step(train, {"batch": batch, "w": np.ones(2), "eta": 0.1, "lam": 0.3})
    assert report.ok is is_right, report


LISTED = """
def listed(x, t):
    residuals, state = [], x[0]
    for xi, ti in zip(x, t):
        state = 0.5 * state + np.tanh(xi)
        residuals.append(state - ti)
    return np.mean(np.square(residuals)) + np.max(residuals), residuals
"""
LISTED_BACK = """
def listed_back(x, t, residuals):
    n = len(residuals)
    dx, ds = np.zeros_like(x), 0.0
    for i in reversed(range(n)):
        ds += FACTOR * residuals[i] / n + (i == np.argmax(residuals))
        dx[i] = ds * (1 - np.tanh(x[i]) ** 2)
        ds = 0.5 * ds
    dx[0] += ds
    return dx
"""


@pytest.mark.parametrize("factor", [2, 1])
def test_a_list_of_numbers_is_an_array_to_numpys_functions(factor):
    inputs = {"x": RNG.normal(size=5), "t": RNG.normal(size=5)}
    report = check.derivation(defined(LISTED), defined(LISTED_BACK, FACTOR=factor), inputs)
    assert report.inputs["x"] == ("right" if factor == 2 else "wrong"), report


def test_what_a_change_calls_is_not_observed_or_it_would_be_changed_again():
    """A change of a line in `drot` that calls `drot` evaluated itself without end."""
    outer = Run()
    outer.deadline = 5.0
    during = []
    code = compile("look()", "<change>", "eval")
    PROBE.run = outer
    try:
        look = lambda: during.append(PROBE.run)  # noqa: E731  # the code calls it
        evaluating(code)(0, None, sys._getframe())
        assert PROBE.run is outer
        assert during[0] is not outer
        assert during[0].deadline == 5.0
    finally:
        PROBE.run = Run()


PARTS = """
def parts(x):
    top, below = 2 * x + 0.1, x**2 + 0.3
    return np.sum(np.sin(top * below)), (x, top, below)
"""
PARTS_BACK = """
def parts_back(x, cache):
    x, top, below = cache
    dbelow, dtop = np.cos(top * below) * below, np.cos(top * below) * top
    return 2 * dtop + 2 * x * dbelow
"""


def test_a_cache_that_is_unpacked_as_it_was_packed_is_not_to_blame():
    report = check.derivation(defined(PARTS), defined(PARTS_BACK), {"x": RNG.normal(size=(3, 2))})
    assert report.first.source.startswith("dbelow, dtop = "), report


def test_results_without_names_in_another_order_than_the_inputs_are_noted():
    def forward(x, y):
        return np.sum(x**2 * y)

    def backward(x, y):
        return x**2, 2 * x * y

    report = check.derivation(forward, backward, {"x": RNG.normal(size=3), "y": RNG.normal(size=3)})
    assert "backward returns the gradients of y, x, in this order" in str(report)
    report = check.derivation(
        forward, lambda x, y: backward(x, y)[::-1], {"x": np.ones(3), "y": np.arange(3.0)}
    )
    assert "in this order" not in str(report)


@pytest.mark.parametrize("order", ["C", "F"])
def test_what_a_mask_of_any_order_held_is_what_it_is_judged_by(order):
    def forward(x):
        mask, total = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], order=order), 0.0
        for i in range(2):
            total = total + np.sum(x * mask) ** 2
            mask[i] *= 0.5
        return total

    def backward(x):
        mask, dx = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), np.zeros_like(x)
        for i in range(2):
            dx += 2 * np.sum(x * mask) * mask
            mask[i] *= 0.5
        return dx

    assert check.derivation(forward, backward, {"x": np.arange(6.0).reshape(2, 3) - 2.2}).ok


def test_a_shallow_copy_shares_what_it_holds():
    def forward(x):
        first = {"total": [0.0]}
        second = copy.copy(first)
        second["total"][0] = np.sum(x**2)
        return first["total"][0]

    assert check.derivation(forward, lambda x: 2 * x, {"x": np.array([0.3, -2.0])}).ok


class Embedding:
    def __init__(self, W):
        self.params, self.grads = [W], [np.zeros_like(W)]

    def forward(self, x):
        self.x = x
        return x @ self.params[0]

    def backward(self, dout):
        self.grads[0][...] = self.x.T @ dout


class Bag:
    """Two layers that share a matrix, as books on word vectors have it."""

    def __init__(self, W, sign=1, whole=True, kept=None):
        self.left, self.right = Embedding(W), Embedding(W)
        self.sign, self.whole, self.kept = sign, whole, kept

    def forward(self, x, y):
        self.h = self.left.forward(x) + self.right.forward(y)
        return np.sum(self.h**2)

    def backward(self):
        self.left.backward(2 * self.h)
        self.right.backward(self.sign * 2 * self.h)
        if self.whole:
            self.grads = [self.left.grads[0] + self.right.grads[0]]
        elif self.kept:
            self.grads = [getattr(self, name).grads[0] for name in self.kept]


SHARED = [
    ({}, True),
    ({"sign": -1}, False),
    ({"whole": False}, True),  # each layer has its part
    ({"whole": False, "sign": -1}, False),
    ({"whole": False, "kept": ("left", "right")}, True),
    ({"whole": False, "kept": ("right",)}, False),  # a list with one of the parts has less than the gradient
]


@pytest.mark.parametrize(("how", "is_right"), SHARED)
def test_layers_that_share_an_array_have_a_part_of_its_gradient_each(how, is_right):
    bag = Bag(RNG.normal(size=(3, 2)), **how)
    inputs = {"x": RNG.normal(size=(4, 3)), "y": RNG.normal(size=(4, 3))}
    report = check.derivation(bag.forward, bag.backward, inputs)
    assert report.ok is is_right, str(report)


def test_a_layer_that_keeps_the_last_round_only_has_no_part_but_a_mistake():
    class Cell:
        W = RNG.normal(size=(2, 2))

        def forward(self, xs, h):
            self.xs, self.hs = xs, [h]
            for x in xs:
                self.hs.append(np.tanh(x + self.hs[-1] @ self.W))
            return np.sum(self.hs[-1] ** 2)

        def backward(self):
            dh = 2 * self.hs[-1]
            for t in reversed(range(len(self.xs))):
                dz = dh * (1 - self.hs[t + 1] ** 2)
                self.dW = self.hs[t].T @ dz
                dh = dz @ self.W.T

    cell = Cell()
    cell.W = Cell.W.copy()
    inputs = {"xs": RNG.normal(size=(3, 4, 2)), "h": RNG.normal(size=(4, 2))}
    assert not check.derivation(cell.forward, cell.backward, inputs).ok


@pytest.mark.parametrize("end", ["loss.item()", "loss.item(), z", "float(loss)", "np.mean(z**2).item()"])
def test_a_loss_may_be_made_a_plain_number_at_the_end(end):
    forward = defined(f"def forward(x, w):\n    z = x @ w\n    loss = np.mean(z**2)\n    return {end}")
    inputs = {"x": RNG.normal(size=(3, 2)), "w": RNG.normal(size=2)}
    assert check.derivation(forward, lambda x, w: {"w": 2 * x.T @ (x @ w) / 3}, inputs).ok


NIELSEN = """
def train(batch, W, b, eta):
    dW, db, cost = np.zeros_like(W), np.zeros_like(b), 0
    for x, y in batch:
        p = 1 / (1 + np.exp(-(W @ x + b)))
        cost += np.sum((p - y) ** 2) / 2 / len(batch)
        delta = (p - y) * p * (1 - p)
        dW, db = dW + np.outer(delta, x), db + delta
    W -= eta / len(batch) * dW
    b -= eta / len(batch) * db
    return cost
"""


@pytest.mark.parametrize(
    ("old", "new"), [("b -= eta / len(batch)", "b -= eta"), ("W -= eta / len(batch)", "W -= eta")]
)
def test_an_update_by_another_constant_is_wrong_where_it_is_made(old, new):
    batch = [(RNG.normal(size=3), RNG.random(2)) for _ in range(4)]
    inputs = {"batch": batch, "W": RNG.normal(size=(2, 3)), "b": RNG.normal(size=2), "eta": 0.5}
    assert check.training_step(defined(NIELSEN), inputs).ok
    report = check.training_step(defined(NIELSEN.replace(old, new)), inputs)
    assert report.first.source.startswith(new), str(report)
    assert report.first.kind == "factor"
    assert "4 times that of the other updates" in report.first.hint


def test_a_loss_that_is_only_returned_is_found():
    def train(X, y, w):
        error = y - X @ w
        w += 0.1 * X.T @ error
        return np.sum(error**2) / 2

    inputs = {"X": RNG.normal(size=(4, 2)), "y": RNG.normal(size=4), "w": RNG.normal(size=2)}
    assert check.training_step(train, inputs).ok


@pytest.mark.parametrize("sign", [1, -1])
def test_a_layer_that_nothing_comes_back_to_is_not_another(sign):
    """The last layer's bias has no effect on the loss; the gradients of the others have its shape."""

    def forward(x, layers):
        for layer in layers:
            x = np.tanh(x @ layer["W"])
        return np.sum(x)

    def backward(x, layers):
        hs = [x]
        for layer in layers:
            hs.append(np.tanh(hs[-1] @ layer["W"]))
        dh, found = np.ones_like(hs[-1]), []
        for layer, h, before in reversed(list(zip(layers, hs[1:], hs[:-1], strict=True))):
            dz = dh * (1 - h**2)
            found.insert(0, {"W": sign * before.T @ dz, "b": np.zeros(2)})
            dh = dz @ layer["W"].T
        return found

    layers = [{"W": RNG.normal(size=(2, 2)), "b": RNG.normal(size=2)} for _ in range(3)]
    report = check.derivation(forward, backward, {"x": RNG.normal(size=(4, 2)), "layers": layers})
    assert report.ok is (sign == 1), str(report)


RUNNING = """
def forward(k, d):
    s, total = np.zeros(2), 0.0
    for t in range(len(k)):
        s = 0.5 * s + k[t]
        total = total + s @ d[t]
    return total

def backward(k, d):
    s, dd = np.zeros(2), np.zeros_like(d)
    for t in range(len(k)):
        s = 0.5 * s + k[t]
        dd[t] = s
    ds, dk = np.zeros(2), np.zeros_like(k)
    for t in reversed(range(len(k))):
        ds = 0.5 * ds + d[t]
        dk[t] = ds
    return {"k": dk, "d": dd}
"""


def test_a_value_that_is_read_before_it_is_changed():
    inputs = {"k": RNG.normal(size=(4, 2)), "d": RNG.normal(size=(4, 2))}
    assert check.derivation(*pair_of(RUNNING), inputs).ok
    lines = "        s = 0.5 * s + k[t]\n", "        dd[t] = s\n"
    wrong = RUNNING.replace("".join(lines), "".join(lines[::-1]))
    report = check.derivation(*pair_of(wrong), inputs)
    assert report.first.source == "dd[t] = s", str(report)
    assert "reads `s` before `s = 0.5 * s + k[t]` changed it, and should after" in report.first.hint


@pytest.mark.parametrize(("name", "is_right"), [("x", True), ("a", False)])
def test_an_input_that_forward_binds_anew_is_given_as_it_was_if_that_is_right(name, is_right):
    def forward(x, W, V):
        a = x
        x = np.tanh(x @ W)
        a = np.tanh(x @ V)
        return np.sum(a)

    backward = defined(f"""
def backward(x, a, W, V):
    h = np.tanh(x @ W)
    dz = 1 - np.tanh(h @ V) ** 2
    dh = dz @ V.T * (1 - h**2)
    return {{"W": {name}.T @ dh, "V": h.T @ dz}}
""")
    inputs = {"x": RNG.normal(size=(4, 2)), "W": RNG.normal(size=(2, 2)), "V": RNG.normal(size=(2, 2))}
    report = check.derivation(forward, backward, inputs)
    assert report.ok is is_right, str(report)
    assert "forward binds x anew: backward was given what it was passed as" in str(report)


@pytest.mark.parametrize(("slope", "is_right"), [("Z.T @ d", True), ("Z.T @ (2 * d)", False)])
def test_columns_of_ones_beside_the_data_and_vectors_end_to_end(slope, is_right):
    forward = defined(
        """
def forward(X, w, b, y):
    Z = np.c_[np.ones(len(X)), X]
    d = Z @ np.r_[b, w] - y
    return np.sum(d**2) / 2, Z, d
"""
    )
    backward = defined(f"def backward(Z, d, w):\n    g = {slope}\n    return {{'b': g[:1], 'w': g[1:]}}")
    inputs = {"X": RNG.normal(size=(5, 2)), "w": RNG.normal(size=2), "b": RNG.normal(size=1), "y": np.ones(5)}
    assert check.derivation(forward, backward, inputs).ok is is_right


def test_joined_is_what_numpy_makes_of_arrays():
    a, b = RNG.normal(size=(3, 2)), RNG.normal(size=3)
    cubes = RNG.normal(size=(2, 3, 2)), RNG.normal(size=(2, 3, 1))
    for joiner, arrays in (
        (np.c_, (a, b)),
        (np.c_, (b, b)),
        (np.c_, cubes),
        (np.r_, (b, 2.0, b)),
        (np.r_, (a, a)),
    ):
        made = Joined(joiner)[tuple(Tensor(x, requires_grad=True) for x in arrays)]
        np.testing.assert_array_equal(made.data, joiner[arrays])
    np.testing.assert_array_equal(Joined(np.r_)[1:4], np.r_[1:4])


def test_a_number_that_is_added_to_is_another_number():
    def forward(start, x, rows):
        total = start
        for row in rows:
            total += x[row]
            sums["last"] = start
            sums["last"] += total
        return total * sums["last"] * start

    def backward(start, x, rows):
        total = start + sum(x[row] for row in rows)
        last = start + total
        dtotal = last * start + total * start
        dstart = dtotal + total * start + total * last
        dx = np.zeros_like(x)
        np.add.at(dx, rows, dtotal)
        return dstart, dx

    sums = {}
    report = check.derivation(forward, backward, {"start": 0.3, "x": RNG.normal(size=3), "rows": [0, 2, 2]})
    assert report.ok, report
    assert report.inputs == {"start": "right", "x": "right"}


@pytest.mark.parametrize("ufunc", [np.maximum, np.minimum, np.multiply, np.add, np.subtract])
def test_a_function_at_places_that_come_twice(ufunc):
    rows = np.array([1, 0, 1, 1, 2])

    def forward(start, x):
        out = start.copy()
        ufunc.at(out, rows, x)
        return np.sum(out**2 * np.arange(1.0, 4.0)[:, None])

    def backward(start, x):
        def slope(array, place):  # exact but for rounding, as the loss has degree 2 in each element
            moved = [array.copy(), array.copy()]
            moved[0][place] += 1e-4
            moved[1][place] -= 1e-4
            up, down = (forward(*(m if a is array else a for a in (start, x))) for m in moved)
            return (up - down) / 2e-4

        return tuple(
            np.array([slope(a, place) for place in np.ndindex(a.shape)]).reshape(a.shape) for a in (start, x)
        )

    inputs = {"start": RNG.normal(size=(3, 2)), "x": RNG.normal(size=(5, 2))}
    report = check.derivation(forward, backward, inputs)
    assert report.ok, report


def test_a_mistake_in_a_loop_of_a_million_rounds_is_judged_by_the_first():
    def train(x, y, w, b, rate):
        for _ in range(1_000_000):
            error = x @ w + b - y
            loss = np.sum(error**2)
            grads = []
            for held in (x, np.ones((len(x), 1))):
                grads.append(held.T @ error)  # its factor 2 is missing for w only
            w -= rate * grads[0]
            b -= 2 * rate * grads[1]
        return loss

    inputs = {"x": RNG.normal(size=(4, 3)), "y": RNG.normal(size=4), "w": RNG.normal(size=3)}
    started = time.perf_counter()
    report = check.training_step(train, inputs | {"b": np.zeros(1), "rate": 0.1})
    assert time.perf_counter() - started < 60  # it takes less than a second
    assert report.first is not None


@pytest.mark.parametrize("factor", [1, 2])
def test_results_that_are_written_to_an_array(factor):
    def squash(z):
        np.negative(z, out=z)
        np.exp(z, out=z)
        z += 1
        np.reciprocal(z, out=z)

    def forward(x, w, b):
        a = x @ w + b
        squash(a)
        return np.sum(a**2), a

    def backward(x, w, b, a):
        da = factor * a
        dz = da * a * (1 - a)
        return x.T @ dz, dz.sum()

    inputs = {"w": RNG.normal(size=3), "b": np.zeros(1), "x": RNG.normal(size=(4, 3))}
    report = check.derivation(forward, backward, inputs)
    assert report.ok is (factor == 2), report  # the number dz.sum() is as good as an array of it


def test_a_number_for_an_array_of_several_is_no_gradient():
    def forward(x, b):
        return np.sum((x + b) ** 2)

    report = check.derivation(
        forward, lambda x, b: np.sum(2 * (x + b)), {"b": np.zeros(2), "x": np.ones((3, 2)).astype(int)}
    )
    assert not report.ok


@pytest.mark.parametrize("slope", ["p - y", "p + y"])
def test_the_cost_of_a_sample_is_not_the_loss_where_a_mean_is_returned(slope):
    train = defined(f"""
def train(samples, w, rate):
    total, grad = 0.0, np.zeros_like(w)
    for x, y in samples:
        p = 1 / (1 + np.exp(-x @ w))
        nll = -y * np.log(p) - (1 - y) * np.log(1 - p)
        total += nll
        grad += ({slope}) * x
    w -= rate * grad / len(samples)
    return total / len(samples)
""")
    samples = [(RNG.normal(size=3), float(i % 2)) for i in range(5)]
    report = check.training_step(train, {"samples": samples, "w": RNG.normal(size=3), "rate": 0.1})
    assert report.ok is (slope == "p - y"), report


def test_a_tensor_beside_the_derivation_may_stand_in_a_change_of_it():
    own = RNG.normal(size=(4, 3))
    forward = defined("""
def forward(x, w):
    h = np.tanh(x @ w)
    return np.sum(h**2), h
""")
    backward = defined(
        """
def backward(x, w, h):
    seen = beside
    dh = 2 * h * seen
    dz = dh * (1 - h)
    return x.T @ dz
""",
        beside=Tensor(np.ones((4, 2)) + np.arange(2)),
    )
    report = check.derivation(forward, backward, {"w": RNG.normal(size=(3, 2)), "x": own.astype(float)})
    assert not report.ok
    assert report.first is not None


HALF_A_SLOPE = """
from autograd import Tensor

def leaf(values):
    return Tensor(values, requires_grad=True)

def forward(X, y, W1, b1, W2, b2):
    A1 = sigmoid(X @ W1 + b1)
    A2 = sigmoid(A1 @ W2 + b2)
    return -np.mean(y * np.log(A2) + (1 - y) * np.log(1 - A2))

def backward(X, y, W2, A1, A2):
    dZ2 = (A2 - y) / len(y)
    dW2 = A1.T @ dZ2 * len(y)
    dA1 = dZ2 @ W2.T
    dZ1 = dA1 * A1
    dW1 = X.T @ dZ1
    return {"dW1": dW1, "dW2": dW2}
"""


def test_functions_that_make_tensors_of_arrays_are_tried_like_others():
    shapes = {"X": (4, 2), "W1": (2, 4), "b1": (1, 4), "W2": (4, 1), "b2": (1, 1)}
    inputs = {name: RNG.normal(size=shape) for name, shape in shapes.items()}
    report = check.derivation(*pair_of(HALF_A_SLOPE), inputs | {"y": np.array([[0.0], [1.0], [1.0], [0.0]])})
    wrong = {line.name: line.kind for line in report.lines if line.verdict == "wrong here"}
    assert wrong == {"dW2": "factor", "dZ1": "missing-factor"}


# What NumPy would take a Tensor apart for, or make an array of objects of

BY_ELEMENTS = [
    "sum(v**2 for v in z.flat)",
    "z.flat[2] ** 2 + np.sum(z)",
    "sum(sum(v * v for v in row) for row in z.tolist())",
    "sum(v * v * j for (i, j), v in np.ndenumerate(z))",
    "np.sum(np.fromiter((v * v for v in z.ravel()), float))",
    "math.fsum(z.ravel()) ** 2",
    "np.sum(np.apply_along_axis(np.sum, 1, z) ** 2)",
    "np.sum(np.apply_along_axis(np.cumsum, 0, z) ** 2)",
    "np.sum(np.square(z, where=z > 0.5, out=np.zeros_like(z)))",
    "np.sum(np.full((2, 2), z[0, 0]) ** 2) + np.sum(np.full_like(z, z[1, 1]) ** 2)",
    "np.sum(np.concatenate([[z[0, 0]], z[1], [1.0]]) ** 2)",
    "np.sum(z) ** 2 + np.sum(np.vectorize(math.lgamma)(x + 1))",
]


@pytest.mark.parametrize("loss", BY_ELEMENTS)
def test_a_loss_that_is_made_element_by_element(loss):
    forward = defined(f"def forward(x, w):\n    z = x * w\n    return {loss}", math=math)

    def slopes(x, w):
        """Central differences, which are exact but for rounding where a loss is of the second degree."""
        found = np.zeros_like(w)
        for i in np.ndindex(w.shape):
            ends = [w.copy(), w.copy()]
            ends[0][i], ends[1][i] = w[i] + 1e-4, w[i] - 1e-4
            found[i] = (plain(x, ends[0]) - plain(x, ends[1])) / 2e-4
        return found

    plain = defined(f"def plain(x, w):\n    z = x * w\n    return {loss}", math=math)
    inputs = {"x": np.arange(1.0, 7.0).reshape(2, 3) / 7, "w": np.ones((2, 3))}
    report = check.derivation(forward, lambda x, w: {"w": slopes(x, w)}, inputs)
    assert report.ok, str(report)
    assert not check.derivation(forward, lambda x, w: {"w": 1.1 * slopes(x, w)}, inputs).ok


# Where the graph gives 0 times infinity


@pytest.mark.parametrize("scale", [1.0, 1e6])
def test_a_root_of_zero_is_not_taken_for_nothing_where_differences_say_otherwise(scale):
    """The slope of cbrt(x)**3 is 1 at 0 too, and large slopes elsewhere must not hide that."""

    def forward(x, w):
        return np.sum(np.cbrt(x) ** 3) + scale * np.sum(w**2)

    inputs = {"x": np.array([0.0, 1.0]), "w": np.array([1.0, 2.0])}
    report = check.derivation(forward, lambda x, w: {"x": np.array([0.0, 1.0]), "w": 2 * scale * w}, inputs)
    assert not report.ok
    assert "NaN or infinite" in report.unmatched["x"]


def test_wrong_updates_in_a_backward_pass_that_is_no_training_step_are_blamed():
    source = """
    class Layer:
        def __init__(self):
            self.W = np.arange(1.0, 7.0).reshape(3, 2) / 5

    def forward(net, x):
        net.x, net.y = x, x @ net.W
        return np.sum(net.y**2)

    def backward(net, x):
        dy = FACTOR * net.y
        net.W -= 0.1 * net.x.T @ dy

    def both():
        return Layer(), forward, backward
    """
    inputs = {"x": np.linspace(-1, 2, 12).reshape(4, 3)}
    for factor, ok in (("2", True), ("2 * net.y", False)):
        net, forward, backward = defined(textwrap.dedent(source.replace("FACTOR", factor)))()
        report = check.derivation(forward, backward, {"net": net, **inputs})
        assert report.ok == ok, str(report)


@pytest.mark.parametrize("factor", [1, 2])
def test_an_update_of_what_the_loss_does_not_depend_on_is_rounding(factor):
    """All that the loss is made of are differences, of which the bias is no part."""
    source = """
    class Embedding:
        def __init__(self):
            rng = np.random.default_rng(18)
            self.w, self.b, self.v = rng.normal(size=(6, 3)), rng.normal(size=3), rng.normal(size=3)

        def step(self, anchor, other, third, rate=0.1):
            x = np.vstack([anchor, other, third])
            a, b, c = np.split(x @ self.w + self.b, 3)
            loss = np.mean(np.sum((a - b) ** 2 * self.v, axis=1) - np.sum((a - c) ** 2, axis=1))
            g, h = 2 * (a - b) * self.v / len(a), -2 * (a - c) / len(a)
            grad = np.vstack([g + h, -g, -h])
            dv = np.sum((a - b) ** 2, axis=0) / len(a)
            self.w -= rate * FACTOR * x.T @ grad
            self.b -= rate * grad.sum(axis=0)
            self.v -= rate * dv
            return loss

    def both():
        return Embedding()
    """
    net = defined(textwrap.dedent(source.replace("FACTOR", str(factor))))()
    rng = np.random.default_rng(0)
    inputs = {name: rng.normal(size=(4, 6)) for name in ("anchor", "other", "third")}
    report = check.training_step(net.step, inputs)
    assert report.ok == (factor == 1), str(report)


@pytest.mark.parametrize("db", ["e.sum() / 2", "e.mean()"])
def test_the_constant_of_updates_is_what_the_user_calls_the_rate(db):
    """One of two updates is wrong, and the other goes by the rate as it is."""
    train = train_of(f"""
    def train(X, y, rate=0.1):
        w, b = np.zeros(3), np.zeros(1)
        for _ in range(3):
            out = X @ w + b
            loss = np.mean((out - y) ** 2)
            e = 2 * (out - y) / len(y)
            dw = X.T @ e
            db = {db}
            w -= rate * dw
            b -= rate * db
        return w, b
    """)
    rng = np.random.default_rng(0)
    report = check.training_step(train, {"X": rng.normal(size=(5, 3)), "y": rng.normal(size=5)})
    assert report.first.name == "db"
    assert report.notes == ("each update is -1/10 (-rate) times the gradient, downhill",)


GUARDED = """
def forward(x, w, v, t):
    h = np.tanh(x @ w)
    p = 1 / (1 + np.exp(-(h @ v)))
    return -np.mean(t * np.log(p + 1e-8) + (1 - t) * np.log(1 - p + 1e-8))

def backward(x, w, v, t, h, p):
    dz = (p - t) / len(t)
    dv = h.T @ dz
    dh = np.outer(dz, v) * (1 - h**2)
    dw = x.T @ dh
    return dw, dv
"""
MEAN = "return -np.mean(t * np.log(p + 1e-8) + (1 - t) * np.log(1 - p + 1e-8))"
EXACT = "(-t / (p + 1e-8) + (1 - t) / (1 - p + 1e-8)) * p * (1 - p) / len(t)"


@pytest.mark.parametrize(
    ("old", "new", "blame"),
    [
        ("(p - t) / len(t)", "(p - t) / len(t)", None),
        ("(p - t) / len(t)", EXACT, None),
        (
            MEAN,
            "q, o = p + 1e-8, 1 - p + 1e-8\n    return -np.mean(t * np.log(q) + (1 - t) * np.log(o)) "
            "- 0 * np.sum(np.log(q))",
            None,
        ),
        ("(p - t) / len(t)", "(p + t) / len(t)", "dz = "),
        ("(p - t) / len(t)", "(p - 1.001 * t) / len(t)", "dz = "),
        (" * (1 - h**2)", " * (1 - h)", "dh = "),
        ("h.T @ dz", "2 * h.T @ dz", "dv = "),
    ],
)
def test_what_is_added_in_a_logarithm_lest_it_be_of_0_may_be_left_out(old, new, blame):
    rng = np.random.default_rng(3)
    inputs = {"x": rng.normal(size=(5, 3)), "w": rng.normal(size=(3, 2)), "v": rng.normal(size=2)}
    report = check.derivation(*pair_of(GUARDED.replace(old, new)), {**inputs, "t": np.array([0, 1, 1, 0, 1])})
    assert report.ok == (blame is None), str(report)
    if blame is not None:
        assert report.first.source.startswith(blame), str(report)
    is_told = any("judged without the 1e-08 that is added lest something be 0" in n for n in report.notes)
    assert is_told == (new != EXACT)


COSINE = """
def forward(a, b, eps=1e-7):
    na = np.sqrt(np.sum(a**2)) + eps
    nb = np.linalg.norm(b)
    nb += 1e-8
    c = a @ b / (na * nb)
    return 1 - c

def backward(a, b, na, nb, c):
    da = c * a / na**2 - b / (na * nb)
    db = c * b / nb**2 - a / (na * nb)
    return da, db
"""
TOTALS = """
class Totals:
    def __init__(self):
        self.tiny = 1e-6
        self.w = np.array([0.5, -1.2, 0.8])

    def forward(self, x):
        self.total = self.tiny + np.abs(x).sum(axis=1, keepdims=True)
        self.x, self.y = x, x / self.total
        return self.y * self.w

    def backward(self, dout):
        self.dw = (dout * self.y).sum(axis=0)
        dy = dout * self.w
        total = np.abs(self.x).sum(axis=1, keepdims=True)
        return (dy - np.sign(self.x) * (dy * self.y).sum(axis=1, keepdims=True)) / total

layer = Totals()
forward, backward = layer.forward, layer.backward
"""


@pytest.mark.parametrize(
    ("text", "inputs", "old", "new", "blame", "told"),
    [
        (COSINE, "ab", "da = c", "da = c", None, "1e-08 and the 1e-07"),
        (COSINE, "ab", "c * b / nb**2", "c * b / nb", "db = ", "1e-08 and the 1e-07"),
        (COSINE, "ab", "eps=1e-7", "eps=1e-3", "da = ", ""),
        (COSINE, "ab", "np.sqrt(np.sum(a**2)) + eps", "np.sqrt(np.sum(a**2)) + 1e-4", "da = ", ""),
        (TOTALS, "x", "", "", None, "1e-06"),
        (TOTALS, "x", " - np.sign(self.x)", " + np.sign(self.x)", "return (dy", "1e-06"),
    ],
)
def test_what_is_added_lest_a_quotient_be_by_0_may_be_left_out(text, inputs, old, new, blame, told):
    rng = np.random.default_rng(4)
    values = {k: rng.normal(size=4) for k in "ab"} | {"x": rng.normal(size=(4, 3))}
    pair = pair_of(text.replace(old, new, 1) if old else text)
    report = check.derivation(*pair, {k: values[k] for k in inputs})
    assert report.ok == (blame is None), str(report)
    if blame is not None:
        assert report.first.source.startswith(blame), str(report)
    said = f"judged without the {told} that is added lest something be 0"
    assert any(said in note for note in report.notes) == bool(told), report.notes


def test_a_tiny_number_is_no_guard_where_it_is_most_of_a_sum():
    forward, backward = pair_of(
        """
        def forward(x, w, eps=1e-6):
            std = np.sqrt(x.var(axis=0) + eps)
            return np.sum((x * w / std) ** 2)

        def backward(x, w):
            var, mean = x.var(axis=0), x.mean(axis=0)
            dvar = -np.sum((x * w) ** 2, axis=0) / var**2
            return 2 * x * w**2 / var + 2 * dvar * (x - mean) / len(x)
        """
    )
    x, w = np.random.default_rng(5).normal(size=(5, 3)), np.array([1.0, 2.0, 3.0])
    assert not check.derivation(forward, backward, {"x": 1e-4 * x, "w": w}).ok
    near = check.derivation(forward, backward, {"x": x, "w": w})
    assert near.ok, str(near)
    read, differing = near.notes
    assert read == "judged without the 1e-06 that is added lest something be 0"
    known = {f"with that, gradients differ by up to {n}e-05 of their largest element" for n in range(1, 10)}
    assert differing in known


def test_a_wrong_update_is_one_line_of_the_report():
    train = train_of(
        """
        def train(X, y, W, b, lr=0.1):
            p = X @ W + b
            loss = np.mean((p - y) ** 2)
            d = 2 * (p - y) / len(X)
            W -= lr * X.T @ d
            b -= lr * np.mean(d)
            return W, b
        """
    )
    rng = np.random.default_rng(0)
    inputs = {
        "X": rng.normal(size=(5, 3)),
        "y": rng.normal(size=5),
        "W": rng.normal(size=3),
        "b": np.zeros(1),
    }
    report = check.training_step(train, inputs)
    assert [(line.name, line.verdict) for line in report.lines] == [("W", "right"), ("b", "wrong here")]


SURPRISE = """
EPS = np.float64(1e-8)
SMALL = np.float32(1e-7)

def forward(p, t, smooth=1e-6):
    epsilon = np.array(1e-8)
    return -np.sum(t * np.log(p + GUARD))

def backward(p, t):
    return -t / p
"""


@pytest.mark.parametrize("guard", ["1e-8", "EPS", "SMALL", "smooth", "epsilon"])
@pytest.mark.parametrize(("old", "new"), [("-t / p", "-t / p"), ("-t / p", "t / p")])
def test_tiny_numbers_of_any_type_and_name_may_be_left_out(guard, old, new):
    forward, backward = pair_of(SURPRISE.replace("GUARD", guard).replace(old, new))
    report = check.derivation(forward, backward, {"p": np.array([0.2, 0.3, 0.9]), "t": np.array([0.0, 1, 1])})
    assert report.ok == (new == old), str(report)
    if new != old:
        assert report.first.kind == "sign"


MASKED = """
def forward(s, mask, t):
    e = np.exp(s - s.max(axis=1, keepdims=True)) * mask
    a = e / (e.sum(axis=1, keepdims=True) + 1e-9)
    return np.sum((a - t) ** 2)

def backward(a, t):
    da = 2 * (a - t)
    return a * (da - np.sum(da * a, axis=1, keepdims=True))
"""


@pytest.mark.parametrize(("old", "new"), [("a * (da", "a * (da"), ("a * (da -", "a * (da +")])
def test_where_nothing_is_added_nothing_over_nothing_stays_nothing(old, new):
    rng = np.random.default_rng(0)
    inputs = {k: rng.normal(size=(3, 3)) for k in "st"} | {"mask": np.tril(np.ones((3, 3)), -1)}
    report = check.derivation(*pair_of(MASKED.replace(old, new)), inputs)
    assert report.ok == (new == old), str(report)
    if new != old:
        assert report.first.source.startswith("return a * (da +")


BOTH = """
def forward(p, t):
    logp = np.log(p + 1e-8)
    logq = np.log(1 - p + 1e-8)
    return -np.sum(t * logp + (1 - t) * logq)

def backward(p, t):
    dlogp = -t
    dlogq = -(1 - t)
    dp = dlogp / (p + 1e-8) - dlogq / (1 - p + 1e-8)
    return dp
"""


@pytest.mark.parametrize("new", ["dlogp / (p + 1e-8) + dlogq", "2 * dlogp / (p + 1e-8) - dlogq"])
def test_a_mistake_beside_tiny_numbers_that_are_derived_too(new):
    text = BOTH.replace("dlogp / (p + 1e-8) - dlogq", new)
    report = check.derivation(*pair_of(text), {"p": np.array([0.1, 0.3, 0.6]), "t": np.full(3, 0.5)})
    assert report.first.source.startswith("dp = "), str(report)
    assert report.notes == ()


@pytest.mark.parametrize("scale", [1e-6, 1e-4, 1e-2, 1])
def test_a_sign_is_no_kink_however_small_the_data_are(scale):
    forward, backward = pair_of(
        """
        def forward(z):
            a = np.maximum(z, 0)
            return np.sum((a / a.sum()) ** 2)

        def backward(z, a):
            s = a.sum()
            da = 2 * a / s**2 + 2 * np.sum(a * a) / s**3
            return da * (z > 0)
        """
    )
    report = check.derivation(forward, backward, {"z": np.array([1.0, -2.0, 3.0, 0.5]) * scale})
    assert not report.ok
    assert report.inputs == {"z": "wrong"}


@pytest.mark.parametrize(("sign", "states"), [("+", ["right", "right"]), ("-", ["right", "wrong"])])
def test_one_array_that_is_returned_for_two_inputs(sign, states):
    forward, backward = pair_of(
        f"""
        def forward(x, y):
            d = x {sign} y
            return np.sum(np.sqrt(d**2 + 1))

        def backward(d):
            dd = d / np.sqrt(d**2 + 1)
            return dd, dd
        """
    )
    report = check.derivation(forward, backward, {"x": np.array([1.0, 2.0]), "y": np.array([3.0, 1.0])})
    assert list(report.inputs.values()) == states
    assert report.ok == (sign == "+")
