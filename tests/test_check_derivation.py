"""`check.derivation` on one network, derived rightly and wrongly, in the forms in which people write it."""

import gc
import inspect
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor, check, relu
from autograd.check.hand.locate.blame import Locator
from autograd.check.hand.report import KINDS
from autograd.errors import CheckError, DerivationError
from autograd.users import is_users

from .derivations import DERIVATIONS, run
from .planted import defined, sigmoid

ROOT = Path(__file__).parents[1]
RNG = np.random.default_rng(1846)


def forward(X, y, W1, b1, W2, b2):
    Z1 = np.dot(X, W1) + b1
    A1 = sigmoid(Z1)
    Z2 = np.dot(A1, W2) + b2
    A2 = sigmoid(Z2)
    return -np.sum(y * np.log(A2) + (1 - y) * np.log(1 - A2)) / y.shape[0]


BACKWARD = """
def backward(X, y, W2, A1, A2):
    m = X.shape[0]
    dZ2 = A2 - y
    dW2 = np.dot(A1.T, dZ2) / m
    db2 = np.sum(dZ2, axis=0, keepdims=True) / m
    dA1 = np.dot(dZ2, W2.T)
    dZ1 = dA1 * (A1 * (1 - A1))
    dW1 = np.dot(X.T, dZ1) / m
    db1 = np.sum(dZ1, axis=0, keepdims=True) / m
    return dW1, db1, dW2, db2
"""
NAMES = ["dZ2", "dW2", "db2", "dA1", "dZ1", "dW1", "db1"]
INPUTS = {
    "X": np.array([[0, 0], [0, 1], [1, 0], [1, 1]]),
    "y": np.array([[0], [1], [1], [0]]),
    "W1": RNG.normal(size=(2, 3)),
    "b1": RNG.normal(size=(1, 3)),
    "W2": RNG.normal(size=(3, 1)),
    "b2": RNG.normal(size=(1, 1)),
}


def backward(old="", new=""):
    """The backward pass of the network, with a replacement in one place."""
    assert old in BACKWARD
    return defined(BACKWARD.replace(old, new, 1))


def verdicts(report):
    return {line.name: line.verdict for line in report.lines}


RIGHT = dict.fromkeys(NAMES, "right") | dict.fromkeys(("dZ2", "dA1", "dZ1"), "scaled")


# What is found


def test_right():
    report = check.derivation(forward, backward(), INPUTS)
    assert report.ok
    assert report
    assert report.first is None
    assert [line.name for line in report.lines] == NAMES
    assert verdicts(report) == RIGHT
    assert "4 (m) times the true gradient" in report["dZ2"].hint
    assert max(line.error for line in report.lines if line.verdict == "right") < 1e-14
    report.assert_ok()


MISTAKES = [  # what is replaced, by what, and then: the wrong line, its kind, and part of its hint
    ("A2 - y", "y - A2", "dZ2", "sign", "sign"),
    ("A2 - y", "A2 + y", "dZ2", "sign", "`A2 + y`"),
    ("dZ2) / m", "dZ2)", "dW2", "factor", "4 (m) times"),
    ("dZ2) / m", "dZ2) / m / 2", "dW2", "factor", "1/2 times"),
    ("axis=0, keepdims=True) / m", "axis=0) / m", "db2", "shape", "keepdims"),
    ("np.sum(dZ2, axis=0, keepdims=True)", "dZ2", "db2", "shape", "not summed"),
    ("A1 * (1 - A1)", "A1", "dZ1", "missing-factor", "(1 - A1)"),
    ("dA1 * (A1 * (1 - A1))", "dA1 * A1 * A1 * (1 - A1)", "dZ1", "extra-factor", "A1"),
    ("A2 - y", "(A2 - y) * A2 * (1 - A2)", "dZ2", "extra-factor", "(1 - A2)"),
    ("X.T, dZ1", "X.T, dA1", "dW1", "wrong-variable", "`dA1`"),
    ("(1 - A1)", "np.cos(X @ W1)", "dZ1", "wrong-variable", "should be `A1 * (1 - A1)`"),
    ("A2 - y", "A2", "dZ2", "missing-term", "the term -y"),
    ("dZ2, W2.T", "dZ2, W2", "dA1", "transpose", "`W2`"),
    ("dA1 = np.dot(dZ2, W2.T)", "dA1 = np.dot(W2, dZ2.T)", "dA1", "transpose", "transpose"),
]


@pytest.mark.parametrize(("old", "new", "name", "kind", "hint"), MISTAKES, ids=[m[1] for m in MISTAKES])
def test_one_mistake(old, new, name, kind, hint):
    report = check.derivation(forward, with_weights() if "W1" in new else backward(old, new), INPUTS)
    assert not report.ok
    assert (report.first.name, report.first.kind) == (name, kind)
    assert hint in report.first.hint
    wrong = [line.name for line in report.lines if line.verdict == "wrong here"]
    assert wrong == [name]
    before = {n: v for n, v in verdicts(report).items() if NAMES.index(n) < NAMES.index(name)}
    assert before.items() <= RIGHT.items()
    with pytest.raises(CheckError, match=name):
        report.assert_ok()


def with_weights():
    return defined(BACKWARD.replace("X, y, W2", "X, y, W1, W2").replace("(1 - A1)", "np.cos(X @ W1)"))


def test_a_search_for_the_mistake_that_must_end_says_less_and_nothing_wrong(monkeypatch):
    monkeypatch.setattr("autograd.check.hand.diagnose.repair.MOST", 0)
    for what in ("LOCATE", "CHANGE"):
        monkeypatch.setattr(f"autograd.check.hand.limits.{what}", 0)
    line = check.derivation(forward, backward("X.T, dZ1", "X.T, dA1"), INPUTS).first
    assert (line.name, line.verdict, line.kind) == ("dW1", "wrong here", "unknown")


def test_two_mistakes_are_two_wrong_lines_and_the_rest_inherits():
    source = BACKWARD.replace("A2 - y", "y - A2").replace("X.T, dZ1", "X.T, dA1")
    report = check.derivation(forward, defined(source), INPUTS)
    assert verdicts(report) == dict.fromkeys(NAMES, "inherits") | {"dZ2": "wrong here", "dW1": "wrong here"}
    assert [line.kind for line in report.lines if line.kind] == ["sign", "wrong-variable"]


def test_a_line_shows_both_numbers_the_ratio_and_the_source():
    line = check.derivation(forward, backward("dZ2) / m", "dZ2)"), INPUTS)["dW2"]
    assert (line.lineno, line.source) == (5, "dW2 = np.dot(A1.T, dZ2)")
    np.testing.assert_allclose(line.yours, 4 * line.true, rtol=1e-13)
    np.testing.assert_allclose(line.expected, line.true, rtol=1e-14)
    assert line.error == pytest.approx(3)
    assert "ratio 4" in line.hint


# The forms in which it is written


class Network:
    """The same network as methods, with weights and activations as attributes, and layers as objects."""

    class Layer:
        def __init__(self, W, b):
            self.W, self.b = W, b

        def forward(self, A):
            self.A = A
            self.Z = A @ self.W + self.b
            return sigmoid(self.Z)

        def backward(self, dZ):
            self.dW = self.A.T @ dZ
            self.db = dZ.sum(axis=0, keepdims=True)
            return dZ @ self.W.T

    def __init__(self):
        self.layers = [self.Layer(INPUTS[f"W{i}"].copy(), INPUTS[f"b{i}"].copy()) for i in (1, 2)]

    def forward(self, X, y):
        self.A1 = self.layers[0].forward(X)
        self.A2 = self.layers[1].forward(self.A1)
        return -np.mean(y * np.log(self.A2) + (1 - y) * np.log(1 - self.A2))

    def backward(self, y):
        dZ = (self.A2 - y) / len(y)
        self.dA1 = self.layers[1].backward(dZ)
        dZ = self.dA1 * self.A1 * (1 - self.A1)
        self.layers[0].backward(dZ)

    def backward_with_a_mistake(self, y):
        dZ = (self.A2 - y) / len(y)
        self.dA1 = self.layers[1].backward(dZ)
        dZ = self.dA1 * self.A1
        self.layers[0].backward(dZ)


def test_methods_of_a_class():
    network = Network()
    before = [layer.W.copy() for layer in network.layers]
    inputs = {name: INPUTS[name] for name in "Xy"}
    report = check.derivation(network.forward, network.backward, inputs)
    assert report.ok
    assert report.judged == dict.fromkeys(("dA1", *(f"layers[{i}].d{p}" for i in (1, 0) for p in "Wb")), True)
    assert {"dZ", "dA1", "layers[0].dW", "layers[1].db"} <= {line.name for line in report.lines}
    for layer, W in zip(network.layers, before, strict=True):
        assert not hasattr(layer, "Z")
        np.testing.assert_array_equal(layer.W, W)
    wrong = check.derivation(network.forward, network.backward_with_a_mistake, inputs)
    assert (wrong.first.name, wrong.first.source) == ("dZ", "dZ = self.dA1 * self.A1")


def test_an_object_that_has_run_before_is_judged_by_this_run():
    network, inputs = Network(), {name: INPUTS[name] for name in "Xy"}
    network.forward(np.ones((4, 2)), INPUTS["y"])
    assert check.derivation(network.forward, network.backward, inputs).ok
    assert not check.derivation(network.forward, network.backward_with_a_mistake, inputs).ok
    hidden = network.layers[0]  # it is left as it was
    np.testing.assert_array_equal(network.A1, sigmoid(np.ones((4, 2)) @ hidden.W + hidden.b))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_layers_of_nn_hold_parameters_and_stay_as_they_are(dtype):
    """Parameters have gradients, buffers have none, and nothing is written: no running mean, no count."""

    def loss(x, model, target):
        y = model(x)
        return np.mean((y - target) ** 2)

    def back(x, model, target, weight, y, factor=1):
        std = np.sqrt(x.var(axis=0) + model[0].eps)
        xhat = (x - x.mean(axis=0)) / std
        dy = 2 * (y - target) / y.size
        dweight = dy.T @ xhat
        dbias = factor * dy.sum(axis=0)
        into = dy @ weight
        dx = (into - into.mean(axis=0) - xhat * (into * xhat).mean(axis=0)) / std
        return dweight, dbias, dx

    model = nn.Sequential(nn.BatchNorm1d(3, affine=False, dtype=dtype), nn.Linear(3, 2, rng=0, dtype=dtype))
    tensors, before = [*model.parameters(), *model.buffers()], model.state_dict()
    inputs = {"x": RNG.normal(size=(5, 3)), "model": model, "target": RNG.normal(size=(5, 2))}
    report = check.derivation(loss, back, inputs)
    assert verdicts(report) == dict.fromkeys(("dy", "dweight", "dbias", "dx"), "right"), report
    wrong = check.derivation(loss, back, inputs | {"factor": 2})
    assert (wrong.first.name, wrong.first.kind) == ("dbias", "factor")
    assert list(map(id, (*model.parameters(), *model.buffers()))) == list(map(id, tensors))
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])
        assert array.dtype == before[name].dtype
    assert all(p.grad is None for p in model.parameters())


def test_a_file_beside_the_library_is_the_users():
    beside, inside = (compile("", str(ROOT / name), "exec") for name in ("nn_by_hand.py", "nn/module.py"))
    assert is_users(beside)
    assert not is_users(inside)


def test_forward_in_several_functions_with_a_dictionary_of_parameters_and_a_cache():
    def propagate(X, parameters):
        Z1 = parameters["W1"].T @ X + parameters["b1"].T
        A1 = sigmoid(Z1)
        Z2 = parameters["W2"].T @ A1 + parameters["b2"].T
        A2 = sigmoid(Z2)
        return A2, {"A1": A1, "A2": A2}

    def loss(X, Y, parameters):
        A2, cache = propagate(X, parameters)  # noqa: RUF059  # backward takes it
        m = Y.shape[1]
        return -np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / m

    def back(X, Y, parameters, cache):
        grads = {}
        dZ2 = (cache["A2"] - Y) / Y.shape[1]
        grads["dW2"] = cache["A1"] @ dZ2.T
        dA1 = parameters["W2"] @ dZ2
        dZ1 = dA1 * cache["A1"] * (1 - cache["A1"])
        grads["dW1"] = X @ dZ1.T
        return grads | {"b1": dZ1.sum(axis=1, keepdims=True).T, "db2": dZ2.sum(axis=1, keepdims=True).T}

    parameters = {name: INPUTS[name] for name in ("W1", "b1", "W2", "b2")}
    report = check.derivation(loss, back, {"X": INPUTS["X"].T, "Y": INPUTS["y"].T, "parameters": parameters})
    assert report.ok, report
    assert {line.name for line in report.lines} == {*NAMES, "b1"} - {"db1"}


@pytest.mark.needs("nbclient", "ipykernel")
def test_in_a_notebook():
    import nbclient
    import nbformat

    cells = [
        "import numpy as np\nfrom autograd import check\n"
        "def forward(x, w):\n    y = x * w\n    return np.sum(y**2)\n"
        "x, w = np.array([1.0, 2.0]), np.array([3.0, 5.0])",
        "def backward(x, w, y):\n    dy = 2 * y\n    dw = dy * w\n    return dw",
        "report = check.derivation(forward, backward, dict(x=x, w=w))\nreport",
        "print(report.first.name, report.first.kind, report.first.lineno, report.first.source)",
        "from autograd import Tensor\nt = Tensor(w, requires_grad=True)\ny = x * t\nloss = np.sum(y**2)",
        "with check.derivation_of(loss) as hand:\n    dy = 2 * y\n    dt = dy * t",
        "print(hand.report.first.name, hand.report.first.kind, hand.report.first.source, hand.next())",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
    nbclient.NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(ROOT)}}).execute()
    outputs = [cell.outputs for cell in notebook.cells]
    assert "<table>" in outputs[2][0]["data"]["text/html"]
    assert outputs[3][0]["text"] == "dw wrong-variable 3 dw = dy * w\n"
    assert outputs[6][0]["text"] == "dt wrong-variable dt = dy * t dt\n"


def test_in_a_script_without_assertions(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import numpy as np\nfrom autograd import check\n\n\n"
        + textwrap.dedent("""\
            def forward(x, w):
                y = x * w
                return np.sum(y**2)


            def backward(x, w, y):
                dy = 2 * y
                dw = dy * w
                return dw


            report = check.derivation(forward, backward, {"x": np.ones(2) * 2, "w": np.array([3.0, 5.0])})
            print(report.first.name, report.first.kind, report.first.lineno, report.first.source)
            """)
    )
    run = subprocess.run([sys.executable, "-O", script], capture_output=True, text=True, cwd=ROOT, check=True,
                         env={"PYTHONPATH": str(ROOT)})  # fmt: skip
    assert run.stdout == "dw wrong-variable 12 dw = dy * w\n"


def test_other_names_and_another_prefix():
    def back(X, y, W2, A1, A2):
        delta = (A2 - y) / len(y)
        grad_W2 = A1.T @ delta
        return {"grad_W2": grad_W2, "grad_b2": delta.sum(axis=0, keepdims=True)}

    report = check.derivation(forward, back, INPUTS, prefix="grad_", names={"delta": "Z2"})
    assert verdicts(report) == dict.fromkeys(("delta", "grad_W2", "grad_b2"), "right")


# What cannot be decided


def test_names_that_match_nothing_are_listed():
    def back(X, y, A1, A2):
        dZ2 = (A2 - y) / len(y)
        dW_2 = A1.T @ dZ2
        dnothing = dW_2 * 2
        dX = np.zeros(X.shape)
        return {"dW_2": dW_2}

    report = check.derivation(forward, back, INPUTS)
    assert report.ok  # by its numbers, whatever it is called
    assert report.inputs == {"W1": "not derived", "b1": "not derived", "W2": "right", "b2": "not derived"}
    report = check.derivation(forward, lambda A1: {"dQ": A1 * 3}, INPUTS)
    assert set(report.unmatched) == {"dQ"}
    assert not report.ok  # what was returned has not been judged
    assert "dQ: what it is the gradient of could not be told" in str(report)


def test_an_option_is_no_gradient():
    """A number from before whose name begins with the prefix, such as a layer's dropout or a decay."""

    def loss(x, layer, decay):
        y = layer(x)
        return np.sum(y**2) + decay * np.sum(x**2)

    def back(x, layer, decay, weight, y):
        dx = 2 * y @ weight + 2 * decay * x
        return dx

    layer = nn.Linear(3, 2, rng=0)
    layer.dropout = 0.5
    report = check.derivation(loss, back, {"x": RNG.normal(size=(4, 3)), "layer": layer, "decay": 0.1})
    assert (report.ok, report.unmatched) == (True, {})


def test_inputs_of_whole_numbers_alone_are_refused():
    with pytest.raises(DerivationError, match="at least one input as floats"):
        check.derivation(lambda x: np.sum(x**2), lambda x: {"dx": 2 * x}, {"x": np.arange(3)})


def test_the_gradient_of_an_input_of_whole_numbers_is_not_judged_and_the_remedy_is_said():
    def back(x, w):
        d = 2 * x @ w
        return d @ w.T, x.T @ d

    inputs = {"x": np.arange(6).reshape(2, 3), "w": RNG.normal(size=(3, 2))}
    report = check.derivation(lambda x, w: np.sum((x @ w) ** 2), back, inputs)
    assert (report.judged, report.status) == ({"[1]": True}, "not judged")
    assert "give x.astype(float)" in report.unmatched["[0]"]


def test_nothing_to_judge_is_not_ok():
    report = check.derivation(forward, lambda X: None, INPUTS)
    assert not report.ok
    assert "nothing was judged" in str(report)


def test_a_gradient_that_is_zero_everywhere_is_inconclusive():
    def dead(x, w):
        z = x * w
        a = relu(z)
        return np.sum(a * a)

    def back(x, z, a):
        da = 2 * a
        dz = da * 17
        dw = dz * x
        return dw

    report = check.derivation(dead, back, {"x": np.array([1.0, 2.0]), "w": np.array([-1.0, -1.0])})
    assert not report.ok  # at other inputs the mistake shows
    assert "at others" in str(report)

    def never(x, w):
        return np.sum(relu(x * w - 1e6) ** 2)

    report = check.derivation(never, lambda x, w: {"dw": 17 * x * 0}, {"x": np.ones(2), "w": -np.ones(2)})
    assert not report.ok
    assert "0 everywhere" in str(report)


def test_nan_is_inconclusive():
    report = check.derivation(forward, backward(), INPUTS | {"W1": np.full((2, 3), np.nan)})
    assert not report.ok
    assert report.first is None
    assert "NaN or infinite" in str(report)


@pytest.mark.parametrize("slope", [0.0, 1.0, 0.5])
def test_at_a_kink_any_slope_between_is_right(slope):
    def loss(X, W, b):
        Z = X @ W + b
        A = np.maximum(Z, 0)
        return np.sum(A**2) + np.sum(A)

    def back(X, Z, A):
        dA = 2 * A + 1
        dZ = dA * np.where(Z > 0, 1, np.where(Z == 0, slope, 0))
        dW = X.T @ dZ
        db = dZ.sum(axis=0)
        return dW, db

    X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    W = np.array([[1.0, -2.0, 0.5], [0.5, 1.0, -1.5]])
    assert check.derivation(loss, back, {"X": X, "W": W, "b": np.zeros(3)}).ok
    source = "def back(X, Z, A):\n    dA = 2 * A + 1\n    dZ = dA * (Z > -1.2)\n    return {'dW': X.T @ dZ}"
    wrong = check.derivation(loss, defined(source), {"X": X, "W": W, "b": np.zeros(3)})
    assert wrong.first.name == "dZ"


def test_a_random_forward_pass_is_judged_by_the_one_run_that_it_had():
    rng = np.random.default_rng(3)

    def loss(x, w):
        h = np.tanh(x @ w)
        mask = (rng.random((5, 4)) < 0.5) / 0.5
        out = h * mask
        return np.sum(out**2)

    def back(x, h, mask, out, factor):
        dout = 2 * out
        dh = dout * mask
        dz = dh * (1 - h * factor)
        return {"dh": dh, "dw": x.T @ dz}

    inputs = {"x": RNG.normal(size=(5, 3)), "w": RNG.normal(size=(3, 4))}
    assert check.derivation(loss, lambda x, h, mask, out: back(x, h, mask, out, h), inputs).ok
    wrong = check.derivation(loss, lambda x, h, mask, out: back(x, h, mask, out, 1), inputs)
    assert wrong.first.name == "dz"


def test_a_gradient_that_is_nothing_but_rounding_is_right():
    def loss(x, bias, target):
        z = x + bias
        mu = z.mean(axis=0)
        xhat = (z - mu) / np.sqrt(((z - mu) ** 2).mean(axis=0))
        return np.sum((xhat - target) ** 3)

    def back(z, mu, xhat, target):
        dxhat = 3 * (xhat - target) ** 2
        std = np.sqrt(((z - mu) ** 2).mean(axis=0))
        dz = (dxhat - dxhat.mean(axis=0) - xhat * (dxhat * xhat).mean(axis=0)) / std
        dbias = dz.sum(axis=0)
        return dz, dbias

    inputs = {"x": RNG.normal(size=(6, 3)), "bias": RNG.normal(size=3), "target": RNG.normal(size=(6, 3))}
    report = check.derivation(loss, back, inputs)
    assert report.ok, report


def test_small_numbers_are_held_to_their_own_scale():
    def loss(w):
        v = w * 1e-9
        return np.sum(v**2)

    report = check.derivation(loss, lambda v: {"dv": 2 * v, "dw": 5e-9 * v}, {"w": RNG.normal(size=5)})
    assert (report["dw"].verdict, report["dw"].kind) == ("wrong here", "factor")


def test_shapes_are_never_broadcast():
    def loss(w):
        y = w * 2.0
        return np.sum(y**2)

    report = check.derivation(loss, lambda y: {"dw": (4 * y)[None, :]}, {"w": RNG.normal(size=64)})
    assert (report.first.kind, report.first.error) == ("shape", np.inf)


# What raises


def test_backward_raises():
    report = check.derivation(forward, backward("dZ1 = dA1", "dZ1 = dA1 @ np.ones((9, 9))"), INPUTS)
    assert not report.ok
    assert verdicts(report) == {n: RIGHT[n] for n in NAMES[:4]} | {"dZ1": "wrong here"}
    assert "backward raised ValueError at line 8, dZ1 = dA1 @ np.ones((9, 9))" in report.error
    assert report.first.lineno == 8


def test_forward_raises():
    def broken(X, W1):
        Z1 = X @ W1
        return np.sum(Z1 @ np.ones((7, 7)))

    report = check.derivation(broken, backward(), INPUTS)
    assert not report.ok
    assert "broken raised ShapeError at line" in report.error
    assert "return np.sum(Z1 @ np.ones((7, 7)))" in str(report)


BAD = [
    ("inputs", lambda: check.derivation(forward, backward(), [1.0]), "inputs is a list"),
    ("missing", lambda: check.derivation(forward, backward(), {"X": INPUTS["X"]}), "forward takes y, W1"),
    ("no such", lambda: check.derivation(forward, lambda Z9: None, INPUTS), "takes Z9"),
    ("array", lambda: check.derivation(lambda W1: W1 * 2, lambda W1: 2, INPUTS), r"shape \(2, 3\)"),
    ("none", lambda: check.derivation(lambda W1: None, backward(), INPUTS), "returned a NoneType"),
    ("constant", lambda: check.derivation(lambda X: Tensor(1.0), backward(), INPUTS), "depends on no array"),
    ("loss", lambda: check.derivation_of(Tensor([1.0, 2.0], requires_grad=True)), r"shape \(2,\)"),
    ("level", lambda: check.derivation(forward, backward(), INPUTS).hint("dW1", 4), "level=4"),
    ("line", lambda: check.derivation(forward, backward(), INPUTS)["dQ"], "no line of dQ"),
]


@pytest.mark.parametrize(("call", "words"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_bad_calls(call, words):
    with pytest.raises(DerivationError, match=words):
        call()


def test_complex_inputs_are_refused():
    with pytest.raises(DerivationError, match="real"):
        check.derivation(forward, backward(), INPUTS | {"W1": INPUTS["W1"] + 0j})


# What is left unchanged


def test_inputs_of_any_layout_stay_as_they_were():
    inputs = {name: a.astype(np.float32) for name, a in INPUTS.items() if name != "y"} | {"y": INPUTS["y"]}
    inputs["W1"] = np.asfortranarray(inputs["W1"])[::-1]
    for a in inputs.values():
        a.setflags(write=False)
    before = {name: a.copy() for name, a in inputs.items()}
    assert check.derivation(forward, backward("m = X.shape[0]", "m = X.shape[0]; W2 *= 1"), inputs).ok
    for name, a in inputs.items():
        np.testing.assert_array_equal(a, before[name])
        assert a.dtype == before[name].dtype


def test_tensors_as_inputs_keep_their_gradients():
    W = Tensor(INPUTS["W1"], requires_grad=True)
    W.grad = np.ones((2, 3))
    assert check.derivation(forward, backward(), INPUTS | {"W1": W}).ok
    np.testing.assert_array_equal(W.grad, np.ones((2, 3)))


def test_a_debugger_stays_where_it_was():
    def tracer(frame, event, argument):
        return None

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        check.derivation(forward, backward("A2 - y", "A2 - q"), INPUTS)
        assert sys.gettrace() is tracer
    finally:
        sys.settrace(before)


def test_zero_dimensional_and_empty():
    report = check.derivation(
        lambda w, e: w**2 + np.sum(e),
        lambda w, e: {"dw": 2 * w, "de": e + 1},
        {"w": np.array(3.0), "e": np.ones(0)},
    )
    assert report["dw"].verdict == "right"
    assert report["de"].verdict == "right"


def test_no_samples_tell_nothing():
    def loss(W, X, y):
        out = X @ W
        dW = 3 * X.T @ (out - y) + W
        return np.sum((out - y) ** 2) / 2 + np.sum(W**2) / 2, dW

    report = check.derivation(loss, None, {"W": np.ones(2), "X": np.ones((0, 2)), "y": np.ones(0)})
    assert not report.ok
    assert {line.verdict for line in report.lines} == {"inconclusive"}
    assert "has no elements here" in report.unmatched["dW"]


def test_what_is_not_finite_at_the_inputs_is_said():
    def softmax(x):
        e = np.exp(x)
        return e / e.sum(axis=1, keepdims=True), e

    def back(dout, cache):
        p = cache / cache.sum(axis=1, keepdims=True)
        return p * (dout - np.sum(dout * p, axis=1, keepdims=True))

    for bad in (np.nan, np.inf):
        report = check.derivation(softmax, back, {"x": np.full((2, 3), bad)})
        assert not report.ok
        assert "NaN or infinite at these inputs" in str(report)


def test_a_name_that_is_not_defined_is_said_to_have_no_value():
    report = check.derivation(forward, backward("np.dot(A1.T, dZ2)", "np.dot(A1.T, dz2)"), INPUTS)
    assert report.first.name == "dW2"
    assert report.first.hint == "`dz2` has no value here"
    assert np.isnan(report.first.error)


def test_an_input_that_nobody_takes_is_refused_where_a_default_has_nearly_its_name():
    def penalised(W1, reg=0.0):
        return np.sum(W1**3) + reg * np.sum(W1**2)

    def back(W1, reg=0.0):
        return 3 * W1**2 + reg * W1

    with pytest.raises(DerivationError, match="no function takes the input rge: is it reg"):
        check.derivation(penalised, back, {"W1": np.ones(2), "rge": 0.1})
    assert not check.derivation(penalised, back, {"W1": np.ones(2), "reg": 0.1}).ok


# Hints, by levels, and the look of a report


def test_hints_by_levels():
    report = check.derivation(forward, backward("X.T, dZ1", "X.T, dA1"), INPUTS)
    rules, shapes, formula = (report.hint("dW1", level) for level in (1, 2, 3))
    place, by_rules = rules.splitlines()
    assert place == f"line {report['dW1'].lineno}: {report['dW1'].source}"
    assert "np.dot" in by_rules
    assert "X" not in by_rules
    assert "wrong-variable" not in rules
    assert "wrong-variable: another variable" in shapes
    assert "dZ1 (4, 3)" in shapes
    assert "(2, 3)" in shapes
    assert formula.endswith("dW1 = X.T @ dZ1 / m")
    assert report.hint("dA1", 3).endswith("dA1 = dZ2 @ W2.T")


def test_each_level_of_a_hint_says_more_about_every_kind_of_mistake():
    def forward(x, w, b):
        z = x * w + b
        return np.sum(z**2)

    def of(dw):
        source = f"def back(x, w, z):\n    dz = 2 * z\n    dw = {dw}\n    return dw"
        report = check.derivation(forward, defined(source), inputs)
        return report.first, [report.hint("dw", level) for level in (1, 2, 3)]

    inputs = {"x": RNG.normal(size=(4, 3)), "w": RNG.normal(size=3), "b": RNG.normal(size=3)}
    for wrong, kind in (
        ("dz.sum(axis=0)", "missing-factor"),
        ("-(dz * x).sum(axis=0)", "sign"),
        ("3 * (dz * x).sum(axis=0)", "factor"),
        ("(dz * x).sum(axis=1)", "shape"),
        ("(dz * x).sum(axis=0) + w", "extra-term"),
    ):
        line, (place, what, formula) = of(wrong)
        assert line.kind == kind
        assert place.startswith(f"line {line.lineno}: dw = {wrong}\n")
        assert kind not in place
        assert f"\n{kind}: {KINDS[kind]}\n" in what
        assert "dw = " not in what.replace(line.source, "")
        assert formula.startswith(what)
        assert formula.splitlines()[-1].startswith("dw = np.sum(dz * x")


def test_the_hint_about_a_line_that_makes_no_gradient_gives_it_away_last():
    def backward(X, W, out, y):
        dout = 2 * (out - y)
        dW = X.T @ dout
        dW += 0.1 * W
        return dW

    def forward(X, W, y):
        out = X @ W
        return np.sum((out - y) ** 2)

    inputs = {"X": RNG.normal(size=(4, 3)), "W": RNG.normal(size=(3, 2)), "y": RNG.normal(size=(4, 2))}
    report = check.derivation(forward, backward, inputs)
    one, two, three = (report.hint("dW", level) for level in (1, 2, 3))
    assert one.endswith(": dW += 0.1 * W")
    assert two == f"{one}\nextra-term: {KINDS['extra-term']}"
    assert three == f"{two}\n{report.first.hint}"


def test_a_hint_is_about_the_line_that_is_wrong_and_not_about_a_later_one_of_the_name():
    def forward(x, w, v):
        return np.sum((x * w) ** 2) + np.sum(v**2 * w)

    def backward(x, w, v):
        dw = 3 * np.sum(x**2 * w, axis=0)
        dw += np.sum(v**2, axis=0)
        return dw

    inputs = {"x": RNG.normal(size=(4, 3)), "w": RNG.normal(size=3), "v": RNG.normal(size=(2, 3))}
    report = check.derivation(forward, backward, inputs)
    assert report.first.source == "dw = 3 * np.sum(x**2 * w, axis=0)"
    assert report["dw"].source == "dw += np.sum(v**2, axis=0)"
    assert report.hint("dw").startswith(f"line {report.first.lineno}: {report.first.source}")


STRAIGHT = [d for d in DERIVATIONS if "recurrent" not in d.name]  # in a loop, one name stands for many values


@pytest.mark.parametrize("derivation", STRAIGHT, ids=str)
def test_formulas_are_what_the_lines_hold(derivation):
    """Every formula, computed in the scope of the backward pass, gives the value that the line should."""
    report = check.derivation(derivation.forward, derivation.backward, derivation.inputs)
    scope = {"np": np, "autograd": autograd, **run(derivation.forward, derivation.inputs)[0]}
    scope |= vars(sys.modules[derivation.forward.__module__]) | dict(derivation.inputs)
    given = {name: scope[name] for name in inspect.signature(derivation.backward).parameters}
    scope = run(derivation.backward, given)[0] | scope  # sizes that it has a name for, say
    computed = 0
    for line in report.lines:
        formula = report.hint(line.name, 3).splitlines()[-1].partition(" = ")[2]
        scope[line.name] = line.yours
        if "..." not in formula and "<array" not in formula:
            np.testing.assert_allclose(eval(formula, scope), line.expected, rtol=1e-9, atol=1e-12)
            computed += 1
    assert computed >= len(report.lines) / 2


def two_layers(W1, b1, W2, b2, X, y, reg):
    hidden = np.maximum(0, X @ W1 + b1)
    scores = hidden @ W2 + b2
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    n = len(X)
    loss = -np.log(p[np.arange(n), y]).sum() / n + reg * (np.sum(W1**2) + np.sum(W2**2))
    dscores = (p - np.eye(4)[y]) / n**2
    dW2 = hidden.T @ dscores + reg * W2
    return loss, {"W2": dW2, "b2": dscores.sum(axis=0)}


TWO_LAYERS = {
    name: RNG.normal(size=shape)
    for name, shape in {"W1": (3, 5), "b1": (5,), "W2": (5, 4), "b2": (4,), "X": (6, 3)}.items()
} | {"y": np.array([0, 1, 2, 3, 1, 0]), "reg": 0.1}


def test_the_formula_of_a_softmax_is_as_short_as_in_a_book():
    report = check.derivation(two_layers, None, TWO_LAYERS)
    assert report.hint("dscores", 3).endswith("\ndscores = (p - np.eye(p.shape[1])[y]) / n")
    assert report.hint("b2", 3).endswith("\nb2 = dscores.sum(axis=0)")


def test_formulas_have_no_words_of_ours_and_no_roundings():
    def forward(x, w):
        z = x * w
        a = 1 / (1 + np.exp(-z))
        return np.mean(a**2)

    def backward(x, a):
        da = 2 * a / 3 / 4
        dz = da * a
        dw = np.sum(dz * x, axis=0)
        return dw

    inputs = {"x": RNG.normal(size=(4, 3)), "w": RNG.normal(size=3)}
    formula = check.derivation(forward, backward, inputs).hint("dz", 3).splitlines()[-1]
    assert formula == "dz = da * a * (1 - a)"


def test_without_sympy_a_long_formula_is_not_written(monkeypatch):
    monkeypatch.setitem(sys.modules, "autograd.formulas.algebra.simplify", None)
    report = check.derivation(two_layers, None, TWO_LAYERS)
    assert "operations: give more of the steps a name" in report.hint("dscores", 3)


def test_text_and_html():
    source = "def back(y, A2):\n    dZ2 = y - A2  # <script>alert(1)</script>\n    return dZ2"
    report = check.derivation(forward, defined(source), INPUTS)
    assert str(report).startswith("the derivation is not shown to be right")
    assert "wrong here: factor" in str(report)
    html = report._repr_html_()
    assert "&lt;script&gt;" in html
    assert "<script>" not in html
    assert repr(report) == str(report)


def test_fault_of_the_search_leaves_the_verdict(monkeypatch):
    """What is wrong is known before its reason is looked for."""

    def faulty(self):
        raise ZeroDivisionError("in the search")

    monkeypatch.setattr(Locator, "blamed", faulty)
    wrong = defined(BACKWARD.replace("dZ2 = A2 - y", "dZ2 = A2 + y"))
    with pytest.warns(RuntimeWarning, match="which line is wrong could not be told: ZeroDivisionError"):
        report = check.derivation(forward, wrong, INPUTS)
    assert report.status == "wrong"
    assert report.judged == {"dW1": False, "db1": False, "dW2": False, "db2": False}
    assert report.first is None


# In a block


def test_block():
    weights = {name: Tensor(INPUTS[name], requires_grad=True) for name in ("W1", "b1", "W2", "b2")}
    X, y = INPUTS["X"], INPUTS["y"]
    W1, b1, W2, b2 = weights.values()
    Z1 = X @ W1 + b1
    A1 = sigmoid(Z1)
    Z2 = A1 @ W2 + b2
    A2 = sigmoid(Z2)
    loss = -np.mean(y * np.log(A2) + (1 - y) * np.log(1 - A2))
    with check.derivation_of(loss) as hand:
        coming = [hand.next()]
        dA2 = (A2.data - y) / (A2.data * (1 - A2.data)) / 4
        coming.append(hand.next())
        dZ2 = dA2 * A2.data * (1 - A2.data)
        dW2 = dZ2.T @ A1.data
        coming.append(hand.next())
    assert coming == ["dA2", "dZ2", "dA1"]
    assert verdicts(hand.report) == {"dA2": "right", "dZ2": "right", "dW2": "wrong here"}
    assert hand.report.first.kind == "transpose"
    assert hand.report.first.source == "dW2 = dZ2.T @ A1.data"
    assert "wrong here" in repr(hand)
    assert W1.grad is None
    del hand
    gc.collect()
