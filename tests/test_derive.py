"""Derived backward passes: short, right, in plain NumPy, and in the user's words."""

import pickle
import re
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import nn
from autograd import Graph, Tensor, check, derive
from autograd.derived.writing.page import formulas
from autograd.errors import DerivationError

from .derive_known import KNOWN, lines
from .derive_programs import program
from .oracles import gradient, hessian_product, richardson

# The first guide's network, from its own functions


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def forward_propagation(X, W1, b1, W2, b2):
    Z1 = np.dot(X, W1) + b1
    A1 = sigmoid(Z1)
    Z2 = np.dot(A1, W2) + b2
    A2 = sigmoid(Z2)
    return Z1, A1, Z2, A2


def compute_loss(y_true, y_pred):
    m = y_true.shape[0]
    loss = -np.sum(y_true * np.log(y_pred) + (1 - y_true) * np.log(1 - y_pred)) / m
    return loss


def guide(X, y, W1, b1, W2, b2):
    Z1, A1, Z2, A2 = forward_propagation(X, W1, b1, W2, b2)  # noqa: RUF059  # they get names
    return compute_loss(y, A2)


GUIDE = KNOWN[0].inputs
SEVEN = """\
import numpy as np


def backward(X, y, W2, A1, A2, m):
    dZ2 = (A2 - y) / m
    db2 = dZ2.sum(axis=0, keepdims=True)
    dW2 = A1.T @ dZ2
    dA1 = dZ2 @ W2.T
    dZ1 = dA1 * A1 * (1 - A1)
    db1 = dZ1.sum(axis=0, keepdims=True)
    dW1 = X.T @ dZ1
    return dW1, dW2, db1, db2
"""


def test_the_guides_network_takes_its_seven_lines_and_less_than_two_seconds():
    start = time.process_time()
    found = derive(guide, GUIDE)
    assert time.process_time() - start < 2
    assert found.source == SEVEN


# What is well known


@pytest.fixture(scope="module")
def derivations():
    return {known.name: derive(known.forward, known.inputs, known.wrt) for known in KNOWN}


@pytest.mark.parametrize("known", KNOWN, ids=str)
def test_is_hardly_longer_than_in_a_textbook(known, derivations):
    assert lines(derivations[known.name].source) <= 1.3 * lines(known.backward)


def test_the_table_in_the_docs_counts_these_lines(derivations):
    page = (Path(__file__).parents[1] / "docs" / "deriving.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+) \| (\d+) \| [^|]+ \| (\d+) \|$", page, re.MULTILINE)
    counted = [(k.name, str(lines(derivations[k.name].source)), str(lines(k.backward))) for k in KNOWN]
    assert rows == counted


@pytest.mark.parametrize("known", KNOWN, ids=str)
def test_the_checker_says_right_and_recognises_every_line(known, derivations):
    report = check.derivation(known.forward, derivations[known.name].backward, known.inputs)
    assert report.ok
    assert not report.unmatched


def test_attention_takes_less_than_ten_seconds():
    known = next(k for k in KNOWN if k.name == "attention")
    start = time.process_time()
    derive(known.forward, known.inputs, known.wrt)
    assert time.process_time() - start < 10


# In a process that has none of our packages

ALONE = """
import pickle, sys, types
import numpy as np
sys.modules["autograd"] = sys.modules["nn"] = None  # so that importing either raises, where it is installed
cases = pickle.load(open(sys.argv[1], "rb"))
results = []
for source, arguments in cases:
    scope = {}
    exec(source, scope)
    results.append(scope["backward"](**arguments))
pickle.dump(results, open(sys.argv[1], "wb"))
"""


def run_alone(cases, tmp_path):
    """What sources return for arguments, in one process with nothing but NumPy."""
    path = tmp_path / "cases"
    path.write_bytes(pickle.dumps(cases))
    done = subprocess.run(
        [sys.executable, "-I", "-c", ALONE, str(path)],
        cwd=tmp_path, timeout=60, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return pickle.loads(path.read_bytes())


def engine_gradients(f, inputs, wrt):
    """The engine's gradients, of f run on Tensors that were made by hand."""

    def lifted(name, value):
        if isinstance(value, dict):
            return {k: lifted(name, v) for k, v in value.items()}
        is_float = isinstance(value, np.ndarray) and value.dtype.kind == "f"
        return Tensor(value, requires_grad=name in wrt) if is_float else value

    given = {name: lifted(name, value) for name, value in inputs.items()}
    loss = f(**given)
    loss.backward()
    scale = max(np.abs(g).max(initial=0) for g in Graph.of(loss).backward().cotangents.values())
    flat = [
        v for name in wrt for v in (given[name].values() if isinstance(given[name], dict) else [given[name]])
    ]
    return [np.zeros(t.shape) if t.grad is None else t.grad for t in flat], scale


def assert_equal(found, true, scale):
    """Equal to 1e-12 of scale; where all cancels, that of what cancels, which is some gradient on the way."""
    found = found if isinstance(found, tuple) else (found,)
    for a, b in zip(found, true, strict=True):
        assert np.shape(a) == b.shape
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-12 * max(np.abs(b).max(initial=0), 0.01 * scale))


def test_sources_run_without_us_and_give_the_engines_gradients(derivations, tmp_path):
    programs = [program(seed) for seed in range(200)]
    found = [*derivations.values(), *(derive(p.f, p.inputs) for p in programs)]
    before = pickle.dumps([d.variables for d in found])
    for d in found:
        d.backward(**d.variables)
    assert pickle.dumps([d.variables for d in found]) == before  # nothing that it was given is changed
    results = run_alone([(d.source, d.variables) for d in found], tmp_path)
    given = [(k.forward, k.inputs, in_order(k)) for k in KNOWN] + [
        (p.f, p.inputs, list(p.inputs)) for p in programs
    ]
    for result, (f, inputs, wrt) in zip(results, given, strict=True):
        assert_equal(result, *engine_gradients(f, inputs, wrt))


def in_order(known):
    return [name for name in known.inputs if name in known.wrt]


def test_sympy_is_imported_by_derive_alone():
    code = "import sys, autograd, autograd.check, autograd.graph, nn; assert 'sympy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


# Loops


def states(x, Wx, Wh, b, target):
    h = np.zeros((x.shape[1], len(Wh)))
    for t in range(len(x)):
        h = np.tanh(x[t] @ Wx + h @ Wh + b)
    return np.mean((h - target) ** 2)


def drawn(**shapes):
    rng = np.random.default_rng(3)
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


def test_a_recurrent_network_is_a_loop_that_computes_its_states_again():
    inputs = drawn(x=(20, 3, 2), Wx=(2, 4), Wh=(4, 4), b=(4,), target=(3, 4))
    inputs["Wh"] *= 0.3
    found = derive(states, inputs, ["Wx", "Wh", "b"])
    assert (
        found.source
        == """\
import numpy as np


def backward(x, Wx, Wh, b, target):
    hs = [np.zeros_like(target)]
    for t in range(len(x)):
        hs.append(np.tanh(x[t] @ Wx + hs[t] @ Wh + b))
    dh = 2 * (hs[20] - target) / target.size
    db = np.zeros_like(b)
    dWh = np.zeros_like(Wh)
    dWx = np.zeros_like(Wx)
    for t in reversed(range(len(x))):
        g = dh * (1 - hs[t + 1]**2)
        db += g.sum(axis=0)
        dWh += hs[t].T @ g
        dWx += x[t].T @ g
        dh = g @ Wh.T
    return dWx, dWh, db
"""
    )


def gated(x, Wz, Uz, W, U, targets):
    h, loss = np.zeros((x.shape[1], len(Uz))), 0
    hs = [h]
    for t in range(len(x)):
        z = sigmoid(x[t] @ Wz + h @ Uz)
        new = np.tanh(x[t] @ W + (z * h) @ U)
        h = (1 - z) * h + z * new
        hs.append(h)
        loss = loss + np.sum((h - targets[t]) ** 2) / 2
    return loss


def long_short(x, Wx, Wh, target):
    n, H = x.shape[1], len(Wh)
    h, c = np.zeros((n, H)), np.zeros((n, H))
    for t in range(len(x)):
        a = x[t] @ Wx + h @ Wh
        f, o = sigmoid(a[:, :H]), sigmoid(a[:, H : 2 * H])
        g = np.tanh(a[:, 2 * H :])
        c = f * c + (1 - f) * g
        h = o * np.tanh(c)
    return np.mean((h - target) ** 2)


@pytest.mark.parametrize(
    ("f", "shapes"),
    [
        (gated, {"x": (6, 2, 3), "Wz": (3, 4), "Uz": (4, 4), "W": (3, 4), "U": (4, 4), "targets": (6, 2, 4)}),
        (long_short, {"x": (6, 2, 3), "Wx": (3, 12), "Wh": (4, 12), "target": (2, 4)}),
    ],
)
def test_gates_and_several_states_are_loops_too(f, shapes):
    inputs = drawn(**shapes)
    wrt = [name for name in shapes if name[0] in "WU"]
    found = derive(f, inputs, wrt)
    assert not found.remarks
    assert found.source.count("for t in reversed(range(len(") == 1
    assert lines(found.source) < 35
    assert_equal(tuple(found(inputs)[n] for n in wrt), *engine_gradients(f, inputs, wrt))


def layered(X, Ws, bs, y):
    a = X
    for W, b in zip(Ws, bs, strict=True):
        z = a @ W + b
        a = np.tanh(z)
    return np.sum((a - y) ** 2) / 2


def test_layers_in_lists_are_a_loop_over_them():
    rng = np.random.default_rng(4)
    inputs = {
        "X": rng.normal(size=(5, 4)),
        "Ws": [rng.normal(size=(4, 4)) for _ in range(5)],
        "bs": [rng.normal(size=4) for _ in range(5)],
        "y": rng.normal(size=(5, 4)),
    }
    found = derive(layered, inputs, ["Ws", "bs"])
    assert "dWs = [None] * len(Ws)" in found.source
    assert "dWs[t] = a_s[t].T @ dz" in found.source
    result = found(inputs)
    assert [g.shape for g in result["Ws"]] == [(4, 4)] * 5
    Ws, bs = ([Tensor(a, requires_grad=True) for a in inputs[name]] for name in ("Ws", "bs"))
    layered(inputs["X"], Ws, bs, inputs["y"]).backward()
    for a, b in zip([*result["Ws"], *result["bs"]], [*Ws, *bs], strict=True):
        np.testing.assert_allclose(a, b.grad, rtol=1e-12)


def uneven(x, w):
    h = x
    for t in range(3):
        h = np.tanh(h * w) if t == 1 else np.sin(h * w)
    return np.sum(h)


def test_rounds_that_differ_are_written_out_and_said_to_be():
    found = derive(uneven, drawn(x=(3,), w=(3,)), ["w"])
    assert "for " not in found.source
    assert any("not alike" in remark for remark in found.remarks)
    inputs = drawn(x=(3,), w=(3,))
    true, _ = gradient(richardson, lambda w: uneven(inputs["x"], w), [inputs["w"]], np.array(1.0), 0)
    np.testing.assert_allclose(found(inputs)["w"], true, rtol=1e-8)


# What holds under a condition


def cross_entropy(z, y):
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    return -np.sum(y * np.log(p)) / len(z)


def test_what_holds_for_these_data_alone_is_a_remark():
    inputs = drawn(z=(4, 3)) | {"y": np.eye(3)[[0, 2, 1, 1]]}
    found = derive(cross_entropy, inputs, ["z"])
    assert "dz = (p * y.sum(axis=1, keepdims=True) - y) / len(z)" in found.source
    assert found.remarks == (
        "if y.sum(axis=1, keepdims=True) is 1, as for these data: dz = (p - y) / len(z)",
    )


def indexed(z, labels):
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    n = len(labels)
    return -np.log(p[np.arange(n), labels]).mean()


def test_a_row_that_is_one_hot_by_how_it_is_made_sums_to_one():
    found = derive(indexed, drawn(z=(4, 3)) | {"labels": np.array([0, 2, 1, 1])})
    assert "dz = (p - np.eye(z.shape[1])[labels]) / n" in found.source.replace("p.shape", "z.shape")
    assert not found.remarks


def by_range(z, y):
    n = len(y)
    e = np.exp(z)
    p = e / e.sum(axis=1, keepdims=True)
    return -np.sum(np.log(p[range(n), y])) / n


def test_a_range_counts_rows_as_arange_does():
    inputs = {"z": drawn(z=(20, 3))["z"], "y": np.arange(20) % 3}
    found = derive(by_range, inputs)
    assert "    dz = (p - np.eye(p.shape[1])[y]) / n\n" in str(found)
    assert "range(" not in str(found)


def test_a_range_from_elsewhere_stays_as_it_is_written():
    found = derive(lambda x: np.sum(x[range(1, 3)] ** 2), {"x": drawn(x=(4,))["x"]})
    assert "[range(1, 3)] +=" in str(found)


def cut_off(x, w):
    z = x * w
    return np.sum(np.maximum(z, 0))


def test_a_kink_is_a_mask_and_ties_are_a_remark():
    found = derive(cut_off, drawn(x=(4,), w=(4,)), ["w"])
    assert "dz = 1.0 * (z > 0)" in found.source
    assert found.remarks == ("where z equals 0, the engine shares the gradient; this leaves such ties out",)


def test_a_tie_at_the_inputs_stays_in_the_line():
    inputs = {"x": np.array([1.0, -1.0, 0.0]), "w": np.ones(3)}
    found = derive(cut_off, inputs, ["w"])
    np.testing.assert_array_equal(found(inputs)["w"], [1.0, 0.0, 0.0])
    assert not found.remarks


def test_a_loss_that_is_always_the_same_has_zeros():
    found = derive(lambda x, w: np.sum(x - x * 1.0) + np.sum(w**2), drawn(x=(3,), w=(2,)))
    np.testing.assert_array_equal(found(drawn(x=(3,), w=(2,)))["x"], np.zeros(3))


def test_an_input_without_influence_has_zeros():
    found = derive(lambda x, w: np.sum(w**2), drawn(x=(3,), w=(2,)))
    assert "dx = np.zeros_like(x)" in found.source


# A loss that was recorded already, and the second order


def test_a_recorded_loss_is_derived_in_the_callers_names():
    rng = np.random.default_rng(5)
    X, y = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    W = Tensor(rng.normal(size=(3, 2)), requires_grad=True)
    h = np.tanh(X @ W)
    loss = np.mean((h - y) ** 2)
    found = derive(loss)
    assert "def backward(X, y, h):" in found.source
    loss.backward()
    np.testing.assert_allclose(found.backward(**found.variables), W.grad, rtol=1e-12)


def test_the_second_order_is_products_with_the_hessian():
    known = KNOWN[4]
    found = derive(known.forward, known.inputs, known.wrt, order=2)
    assert "hw = " in found.source
    given = found.inputs
    hw, _ = found.backward(**found.variables)

    def loss(w, b):
        return known.forward(**(dict(known.inputs) | {"w": w, "b": b}))

    arrays, directions = [given["w"], np.array(given["b"])], [given["uw"], given["ub"]]
    true, _ = hessian_product(richardson, loss, arrays, directions, np.array(1.0), 0)
    np.testing.assert_allclose(hw, true, atol=1e-5)


# Modules


def test_modules_are_written_by_the_paths_of_their_parameters():
    rng = np.random.default_rng(6)
    X, y = rng.normal(size=(5, 3)), np.array([0, 1, 1, 0, 1])
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))

    def loss(model, X, y):
        z = model(X)
        return nn.functional.cross_entropy(z, y)

    found = derive(loss, {"model": model, "X": X, "y": y})
    before = [p.data.copy() for p in model.parameters()]
    gradients = found.backward(**found.variables)
    loss(model, X, y).backward()
    for g, p, data in zip(gradients, model.parameters(), before, strict=True):
        np.testing.assert_allclose(g, p.grad, rtol=1e-11)
        np.testing.assert_array_equal(p.data, data)


# How it is shown


@pytest.fixture(scope="module")
def shown():
    return derive(guide, GUIDE)


def test_latex(shown):
    rows = shown.latex.split(" \\\\\n")
    assert rows[0] == (
        "\\begin{aligned}\n"
        r"\mathrm{d}\mathbf{Z}_{2} &= \frac{\mathbf{A}_{2} - \mathbf{y}}{m}"
    )
    assert r"\mathrm{d}\mathbf{W}_{2} &= \mathbf{A}_{1}^{\top} \, \mathrm{d}\mathbf{Z}_{2}" in rows
    assert r"\odot" in shown.latex
    assert shown._repr_latex_() == f"$$\n{shown.latex}\n$$"
    assert r"\Omega^{\top}" in shown.to_latex({"W2": r"\Omega"})
    assert shown.latex.count("{") == shown.latex.count("}")


def test_steps_go_from_the_chain_rule_down_to_the_line(shown):
    step = next(s for s in shown.steps if s.name == "dZ2")
    assert step.chain[0].startswith("dA2 = ")
    assert step.chain[-1].strip() == "= (A2 - y) / m"
    assert step.final == "dZ2 = (A2 - y) / m"
    assert "g@" not in str(step)
    weight = next(s for s in shown.steps if s.name == "dW2")
    assert "W2 (4×1) was multiplied from the left by A1 (4×4)" in str(weight)  # noqa: RUF001


@pytest.mark.needs("latex2mathml")
def test_html_is_one_page_that_needs_nothing_else(shown):
    page = shown.html()
    assert page.startswith("<!doctype html>")
    assert "http" not in page
    assert "dZ2 = (A2 - y) / m" in page
    typeset = ElementTree.fromstring(page[page.index("<table>") : page.index("</table>")] + "</table>")
    assert len(typeset.findall("tr")) == shown.latex.count("&=")
    assert len(list(typeset.iter("mfrac"))) == shown.latex.count(r"\frac")
    assert not re.search(r"[\\&]", "".join(typeset.itertext()))


@pytest.mark.needs("latex2mathml")
@pytest.mark.parametrize("known", KNOWN, ids=str)
def test_nothing_of_latex_is_left_in_the_formulas_of_a_page(derivations, known):
    said = ElementTree.fromstring(formulas(derivations[known.name].latex))
    assert not re.search(r"[\\&{}]", "".join(said.itertext()))


@pytest.mark.needs("latex2mathml")
@pytest.mark.parametrize(
    "equations", [r"&\text{for } t = 0, \dots, 3:", r"\mathbf{hs}_{t} &\mathrel{+}= \mathbb{1}[x]"]
)
def test_formulas_are_typeset_whole(equations):
    said = formulas("\\begin{aligned}\n" + equations + "\n\\end{aligned}")
    text = "".join(ElementTree.fromstring(said).itertext())
    assert not re.search(r"[\\&{}]", text)
    assert text.replace("\xa0", " ") in ("for t=0,…,3:", "hst+=\N{MATHEMATICAL DOUBLE-STRUCK DIGIT ONE}[x]")


def test_text_ends_with_the_remarks():
    found = derive(cut_off, drawn(x=(4,), w=(4,)), ["w"])
    assert str(found) == found.source.rstrip() + f"\n# {found.remarks[0]}"


def wrong_backward(X, y, W2, A1, A2):
    m = X.shape[0]
    dZ2 = A2 - y
    dW2 = np.dot(A1.T, dZ2)
    return {"dW2": dW2}


def test_against_lays_the_users_lines_beside_the_derived_ones(shown):
    rows = {row[0]: row for row in shown.against(wrong_backward).rows}
    assert rows["dW2"][1:3] == ("dW2 = np.dot(A1.T, dZ2)", "dW2 = A1.T @ dZ2")
    assert rows["dW1"] == ("dW1", "", "dW1 = X.T @ dZ1", "not in yours")
    assert "dW2 = A1.T @ dZ2" in str(shown.against(wrong_backward))
    assert shown.against(wrong_backward)._repr_html_().startswith("<table>")
    hint = shown.against(wrong_backward).report.hint("dW2", level=3)
    assert hint.endswith("\ndW2 = A1.T @ dZ2")


# Input of all kinds


def test_inputs_stay_what_they_are_and_may_be_read_only_or_strided():
    inputs = {name: np.array(value) for name, value in GUIDE.items()}
    inputs["W1"] = np.asfortranarray(inputs["W1"])[::1]
    for value in inputs.values():
        value.flags.writeable = False
    before = {name: value.copy() for name, value in inputs.items()}
    found = derive(guide, inputs)
    for name, value in before.items():
        np.testing.assert_array_equal(inputs[name], value)
    assert found.source.count("\n") == SEVEN.count("\n")


def test_random_numbers_are_drawn_as_before():
    np.random.seed(7)
    expected = np.random.rand()
    np.random.seed(7)
    derive(cut_off, drawn(x=(4,), w=(4,)))
    assert np.random.rand() == expected


def test_the_derivation_runs_at_other_inputs_of_the_same_shapes(shown):
    inputs = GUIDE | drawn(W1=(2, 4), W2=(4, 1), b1=(1, 4), b2=(1, 1))
    found = shown(inputs)
    names = ["W1", "W2", "b1", "b2"]
    assert_equal(tuple(found[n] for n in names), *engine_gradients(guide, inputs, names))


def stepped(x, dx, g):
    v = np.tanh(x * dx) * g
    return np.sum(v * v)


def test_the_users_own_names_are_not_taken():
    inputs = drawn(x=(3,), dx=(3,), g=(3,))
    found = derive(stepped, inputs)
    assert "grad_dx = " in found.source
    assert "    g = " not in found.source
    true, scale = engine_gradients(stepped, inputs, ["x", "dx", "g"])
    assert_equal(tuple(found(inputs).values()), true, scale)


def test_empty_and_single_elements():
    for shape in ((0, 3), (1, 1)):
        inputs = {"x": np.ones(shape), "w": np.ones((shape[1], 2))}
        found = derive(lambda x, w: np.sum(np.tanh(x @ w)), inputs)
        assert [g.shape for g in found(inputs).values()] == [shape, (shape[1], 2)]


class Model:
    def __init__(self, w):
        self.w = w

    def loss(self, x, y):
        p = x @ self.w
        return np.mean((p - y) ** 2)


def test_a_method_is_derived_by_its_arguments():
    inputs = drawn(x=(4, 3), y=(4,))
    found = derive(Model(np.ones(3)).loss, inputs, ["x"])
    true = 2 * (inputs["x"] @ np.ones(3) - inputs["y"])[:, None] * np.ones(3) / 4
    np.testing.assert_allclose(found(inputs)["x"], true, rtol=1e-12)


def heads(X, Wq, Wk, Wv):
    n = len(X)
    Q, K, V = ((X @ W).reshape(n, 2, -1).transpose(1, 0, 2) for W in (Wq, Wk, Wv))
    S = Q @ K.transpose(0, 2, 1) / np.sqrt(Q.shape[-1])
    P = np.exp(S) / np.exp(S).sum(axis=-1, keepdims=True)
    return np.sum((P @ V).transpose(1, 0, 2).reshape(n, -1) ** 2) / 2


def divergence(mu, logvar):
    return -0.5 * np.sum(1 + logvar - mu**2 - np.exp(logvar))


def gelu(x, w):
    z = x @ w
    return np.sum(0.5 * z * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3))))


def pooled(x):
    return np.sum(x.reshape(2, 2, 2, 2, 2).max(axis=(2, 4)) ** 2)


def filtered(x, w):
    return np.sum(np.convolve(x, w, "valid") ** 2)


@pytest.mark.parametrize(
    ("f", "shapes", "line"),
    [
        (heads, {"X": (5, 3), "Wq": (3, 4), "Wk": (3, 4), "Wv": (3, 4)}, "dS = P * (dP - "),
        (divergence, {"mu": (3, 2), "logvar": (3, 2)}, "dmu = mu.copy()"),
        (gelu, {"x": (3, 2), "w": (2, 2)}, "0.044715 * z**3"),
        (pooled, {"x": (2, 4, 4)}, ".reshape(x.shape)"),
        (filtered, {"x": (6,), "w": (3,)}, "np.convolve("),
    ],
)
def test_functions_of_many_kinds(f, shapes, line):
    inputs = drawn(**shapes)
    found = derive(f, inputs)
    assert line in found.source
    before = pickle.dumps(found.variables)
    result = found.backward(**found.variables)
    for g in result if isinstance(result, tuple) else [result]:
        g += 1
    assert pickle.dumps(found.variables) == before
    assert_equal(tuple(found(inputs).values()), *engine_gradients(f, inputs, list(shapes)))


def test_zero_dimensional_and_single_precision_inputs():
    inputs = {"x": np.float32([1.0, 2.0]), "w": np.array(0.5)}
    found = derive(lambda x, w: np.sum(np.exp(x * w)), inputs, ["w"])
    np.testing.assert_allclose(found(inputs)["w"], np.sum([1.0, 2.0] * np.exp([0.5, 1.0])), rtol=1e-12)


def whole(x):
    return np.sum(x) * 2


@pytest.mark.parametrize(
    ("f", "inputs", "wrt", "says"),
    [
        (guide, [1.0], None, "inputs is a list"),
        (cut_off, drawn(x=(2,), w=(2,)), ["v"], "wrt names v"),
        (whole, {"x": np.array([1, 2])}, None, "no array of floats"),
        (lambda x: x * 2, drawn(x=(3,)), None, "returned an array of shape"),
        (lambda x: 1.0, drawn(x=(3,)), None, "returned a float"),
        (lambda x: np.sum(x * np.sort(x.data)), drawn(x=(5,)), None, "that no variable holds"),
        (lambda x: np.sum(np.sqrt(x)), {"x": np.array([0.0, 1.0])}, None, "not finite"),
        (lambda x: np.linalg.svd(x)[1].sum(), drawn(x=(3, 3)), None, "several outputs"),
    ],
)
def test_what_cannot_be_derived_is_refused_with_the_reason(f, inputs, wrt, says):
    with pytest.raises(DerivationError, match=says):
        derive(f, inputs, wrt)


def test_a_mean_over_rows_is_divided_by_the_length_of_what_has_them():
    """An array of labels is no Tensor, and a mean of picked numbers has no name: the rows are p's."""

    def forward(X, y, W):
        z = X @ W
        p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        return -np.mean(np.log(p[np.arange(len(y)), y]))

    rng = np.random.default_rng(7)
    sizes = (6, np.array([0, 1, 2, 0, 1, 2])), (4, np.array([2, 2, 0, 1]))
    W = rng.normal(size=(4, 3))
    many, few = ({"X": rng.normal(size=(n, 4)), "y": y, "W": W} for n, y in sizes)
    derived = derive(forward, many, wrt=["W"])
    assert "/ p.shape[0]" in derived.source
    for inputs in (many, few):
        assert check.derivation(forward, derived.backward, inputs).ok
