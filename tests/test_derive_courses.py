"""Derivations of functions and methods as courses have them: the loss, and behind it gradients by hand."""

import ast
import textwrap

import numpy as np
import pytest

from autograd import Tensor, check, derive
from autograd.errors import DerivationError

from .handed_in.two_layer_net import TwoLayerNet
from .oracles import gradient, richardson
from .test_derive import assert_equal, drawn, run_alone

DATA = drawn(X=(6, 3)) | {"y": np.array([0, 1, 2, 3, 1, 0])}
WEIGHTS = drawn(W1=(3, 5), b1=(5,), W2=(5, 4), b2=(4,))


def net():
    found = TwoLayerNet(3, 5, 4)
    found.params = {name: value.copy() for name, value in WEIGHTS.items()}
    return found


def numerical(loss, arrays):
    """Gradients by differences of a loss that is run on arrays alone."""
    return [gradient(richardson, loss, arrays, np.array(1.0), i)[0] for i in range(len(arrays))]


def two_layers(W1, b1, W2, b2, X, y, reg):
    z1 = X @ W1 + b1
    hidden = np.maximum(0, z1)
    scores = hidden @ W2 + b2
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    n = len(X)
    loss = -np.log(p[np.arange(n), y]).sum() / n + reg * (np.sum(W1**2) + np.sum(W2**2))
    dscores = p  # changes p itself, which the loss was computed of
    dscores[np.arange(n), y] -= 1
    dscores /= n
    dW2 = np.zeros(W2.shape)
    for i in range(n):
        dW2[:] += np.outer(hidden[i], dscores[i])
    dhidden = dscores @ W2.T
    dhidden[z1 <= 0] = 0
    return loss, {"W1": X.T @ dhidden, "b1": dhidden.sum(axis=0), "W2": dW2, "b2": dscores.sum(axis=0)}


TWO_LAYERS = """\
import numpy as np


def backward(W1, W2, X, y, reg, z1, hidden, p, n):
    dscores = (p - np.eye(p.shape[1])[y]) / n
    db2 = dscores.sum(axis=0)
    dW2 = 2 * reg * W2 + hidden.T @ dscores
    dhidden = dscores @ W2.T
    dz1 = dhidden * (z1 > 0)
    db1 = dz1.sum(axis=0)
    dW1 = 2 * reg * W1 + X.T @ dz1
    return dW1, db1, dW2, db2
"""


def test_gradients_behind_the_loss_are_not_looked_at():
    found = derive(two_layers, WEIGHTS | DATA | {"reg": 0.1}, list(WEIGHTS))
    assert found.source == TWO_LAYERS


def test_the_lines_of_the_functions_own_gradients_stand_beside_the_derived_ones():
    found = derive(net().loss, DATA | {"reg": 0.1})
    rows = {row[0]: row for row in found.against().rows}
    assert rows["dscores"][1:] == ("dscores /= n", "dscores = (p - np.eye(p.shape[1])[y]) / n", "right")
    assert rows["b2"][1:] == ('grads["b2"] = dscores.sum(axis=0)', "db2 = dscores.sum(axis=0)", "right")
    assert "db2" not in rows
    assert found.against().report.hint("b2", 3).endswith("\ndb2 = dscores.sum(axis=0)")


def test_a_method_is_derived_by_the_parameters_that_its_object_holds(tmp_path):
    model = net()
    found = derive(model.loss, DATA | {"reg": 0.1})
    assert "def backward(X, y, reg, W1, b1, W2, hidden, p, n):" in found.source
    assert found.returned == ("dW1", "db1", "dW2", "db2")
    for name, value in WEIGHTS.items():
        np.testing.assert_array_equal(model.params[name], value)

    def loss(*arrays):
        other = net()
        other.params = dict(zip(WEIGHTS, arrays, strict=True))
        return other.loss(**DATA, reg=0.1)[0]

    true = numerical(loss, list(WEIGHTS.values()))
    by_name = found(DATA | {"reg": 0.1})["params"]
    [alone] = run_alone([(found.source, found.variables)], tmp_path)
    for g, own, expected in zip(alone, by_name.values(), true, strict=True):
        np.testing.assert_allclose(g, expected, rtol=1e-7, atol=1e-9)
        np.testing.assert_array_equal(g, own)
    assert check.derivation(model.loss, found.backward, DATA | {"reg": 0.1}).ok


class Attributes:
    """Parameters in attributes, a cache in others, and a gradient left behind."""

    def __init__(self):
        self.W, self.b = WEIGHTS["W1"].copy(), WEIGHTS["b1"].copy()
        self.dW = np.zeros((3, 5))
        self.momentum = np.full(5, 0.9)
        self.decay = 0.3

    def loss(self, X, target):
        self.X = X
        self.a = np.tanh(X @ self.W + self.b)
        error = self.a - target
        cost = np.mean(error**2) + self.decay * np.sum(self.W**2)
        self.dW = X.T @ (error * (1 - self.a**2))
        return cost, self.dW


def test_attributes_are_called_by_their_names_and_what_the_loss_does_not_need_is_left_out():
    model, inputs = Attributes(), drawn(X=(4, 3), target=(4, 5))
    found = derive(model.loss, inputs)
    assert found.returned == ("dW", "db")
    assert "X.T @ " in found.source
    assert "2 * decay * W" in found.source
    assert set(vars(model)) == {"W", "b", "dW", "momentum", "decay"}

    def loss(W, b):
        return np.mean((np.tanh(inputs["X"] @ W + b) - inputs["target"]) ** 2) + 0.3 * np.sum(W**2)

    true = numerical(loss, [model.W, model.b])
    for g, expected in zip(found(inputs).values(), true, strict=True):
        np.testing.assert_allclose(g, expected, rtol=1e-8, atol=1e-10)
    chosen = derive(model.loss, inputs, ["b", "momentum"])
    np.testing.assert_array_equal(chosen(inputs)["momentum"], np.zeros(5))


class SameKeys:
    """Gradients under the names of parameters."""

    def __init__(self):
        self.W = WEIGHTS["W1"].copy()

    def loss(self, X):
        cost = np.sum(np.tanh(X @ self.W) ** 2)
        grads = {"W": None}
        return cost, grads


def test_the_checker_gives_a_derivation_the_parameter_and_not_the_gradient_of_its_name():
    inputs = drawn(X=(4, 3))
    found = derive(SameKeys().loss, inputs)
    assert check.derivation(SameKeys().loss, found.backward, inputs).ok


class Tied:
    """One matrix under two names."""

    def __init__(self):
        self.W = WEIGHTS["W1"].copy()
        self.pair = (self.W, WEIGHTS["b1"].copy())

    def loss(self, x):
        return np.sum((np.tanh(x @ self.W + self.pair[1]) @ self.pair[0].T - x) ** 2)


def test_what_an_object_holds_twice_is_one_parameter():
    inputs = drawn(x=(4, 3))
    found = derive(Tied().loss, inputs, ["W"])

    def loss(W):
        return np.sum((np.tanh(inputs["x"] @ W + WEIGHTS["b1"]) @ W.T - inputs["x"]) ** 2)

    [true] = numerical(loss, [WEIGHTS["W1"]])
    np.testing.assert_allclose(found(inputs)["W"], true, rtol=1e-8, atol=1e-8)


class Shadowed:
    def __init__(self):
        self.w = np.array([2.0, 3.0])

    def loss(self, w):
        return np.sum(self.w * w**2)


def test_an_attribute_and_an_argument_of_one_name_are_told_apart():
    inputs = {"w": np.array([5.0, 7.0])}
    found = derive(Shadowed().loss, inputs, ["w", "self_w"])
    np.testing.assert_allclose(found(inputs)["w"], 2 * np.array([2.0, 3.0]) * inputs["w"])
    np.testing.assert_allclose(found(inputs)["self_w"], inputs["w"] ** 2)


def support_vectors(W, X, y, reg):
    dW = np.zeros(W.shape)
    loss = 0.0
    for i in range(len(X)):
        scores = X[i] @ W
        for j in range(W.shape[1]):
            margin = scores[j] - scores[y[i]] + 1
            if j != y[i] and margin > 0:
                loss += margin
                dW[:, j] += X[i]
                dW[:, y[i]] -= X[i]
    loss = loss / len(X) + reg * np.sum(W * W)
    dW = dW / len(X) + 2 * reg * W
    return loss, dW


def test_gradients_that_are_filled_in_beside_the_loss():
    inputs = drawn(W=(3, 4), X=(3, 3)) | {"y": np.array([0, 2, 1]), "reg": 0.1}
    found = derive(support_vectors, inputs, ["W"])
    np.testing.assert_allclose(found(inputs)["W"], support_vectors(**inputs)[1], rtol=1e-12)
    assert found.returned == ("dW",)


# Where a run ends


def written(body):
    """A function of x with a body."""
    path = f"<{body}>"
    source = "def f(x, stop=False):\n" + textwrap.indent(body, "    ")
    import linecache

    linecache.cache[path] = (len(source), None, source.splitlines(keepends=True), path)
    scope = {"np": np}
    exec(compile(ast.parse(source), path, "exec"), scope)
    return scope["f"]


BREAKS = "raise KeyError('what is behind the loss was run')\n"


@pytest.mark.parametrize(
    ("body", "is_cut"),
    [
        (f"loss = np.sum(x**2)\n{BREAKS}return loss, 1", True),
        (f"loss = np.sum(x**2)\n{BREAKS}return [loss, 1]", True),
        (f"loss = np.sum(x**2)\n{BREAKS}return {{'loss': loss, 'x': 1}}", True),
        (f"a = np.sum(x**2)\nb = np.sum(0 * x)\n{BREAKS}return a + b, 1", True),
        (f"loss = np.sum(x**2)\nif stop:\n    return loss\n{BREAKS}return loss, 1", True),
        (f"loss = np.sum(x**2)\nif stop:\n    return x\n{BREAKS}return loss, 1", False),
        (f"loss = 0\nfor i in range(2):\n    loss = loss + x[i]**2\n{BREAKS}return loss, 1", True),
        (f"losses = [np.sum(x)]\nlosses[0] = np.sum(x**2)\n{BREAKS}return losses[0], 1", True),
        (f"loss = np.sum(x**2)\nfor _ in 'a':\n    {BREAKS}    return loss, 1", False),
        (f"loss = np.sum(x**2)\n{BREAKS}return loss", False),
        (
            f"loss = np.sum(x**2)\nif not stop:\n    g = 1\n    {BREAKS}    return loss, g\nreturn loss, 2",
            True,
        ),
    ],
)
def test_a_run_ends_where_the_loss_is_complete(body, is_cut):
    f, inputs = written(body), {"x": np.array([1.0, 2.0])}
    if is_cut:
        np.testing.assert_array_equal(derive(f, inputs)(inputs)["x"], [2.0, 4.0])
    else:
        with pytest.raises(KeyError, match="behind the loss"):
            derive(f, inputs)


def test_what_changes_the_loss_late_is_part_of_it():
    f = written("loss = np.sum(x**2)\ng = 2 * x\nif stop is False:\n    loss = loss * 3\nreturn loss, g")
    inputs = {"x": np.array([1.0, 2.0])}
    np.testing.assert_array_equal(derive(f, inputs)(inputs)["x"], [6.0, 12.0])


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("return x * 2, 1", r"shape \(2,\) before all else"),
        ("return 1.0, x", "returned a float before all else"),
        ("return ()", "returned a tuple"),
    ],
)
def test_a_first_value_that_is_no_loss_is_refused(body, says):
    with pytest.raises(DerivationError, match=says):
        derive(written(body), {"x": np.array([1.0, 2.0])})


def test_tensors_in_an_object_are_its_parameters():
    class Held:
        def __init__(self):
            self.W, self.scale = Tensor(WEIGHTS["W1"], requires_grad=True), np.array(2.0)

        def loss(self, x):
            return np.sum(np.tanh(x @ self.W) * self.scale)

    inputs = drawn(x=(4, 3))
    model = Held()
    found = derive(model.loss, inputs)
    model.loss(**inputs).backward()
    assert_equal(found(inputs)["W"], [model.W.grad], 1.0)
