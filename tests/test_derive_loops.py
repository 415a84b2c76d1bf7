"""Loops in loops, loops one after the other, and cells with gates: each derivation is loops again."""

import linecache
from dataclasses import dataclass

import numpy as np
import pytest

from autograd import check, derive
from autograd.errors import DerivationError

from .derive_known import lines
from .test_derive import assert_equal, drawn, engine_gradients, run_alone, sigmoid


def layers_in_time(x, Wx, Wh, b, target):
    L = len(Wh)
    hs = [np.zeros((x.shape[1], b.shape[1])) for _ in range(L)]
    for t in range(len(x)):
        inp = x[t]
        for k in range(L):
            hs[k] = np.tanh(inp @ Wx[k] + hs[k] @ Wh[k] + b[k])
            inp = hs[k]
    return np.sum((inp - target) ** 2) / 2


def layers_in_lists(x, Wx, Wh, target):
    L, T = len(Wh), len(x)
    h = [[np.zeros((x.shape[1], Wh.shape[1]))] for _ in range(L)]
    for t in range(T):
        a = x[t]
        for k in range(L):
            a = np.tanh(a @ Wx[k] + h[k][t] @ Wh[k])
            h[k].append(a)
    return np.sum((a - target) ** 2) / 2


def per_sample(x, Wx, Wh, target):
    loss = 0
    for n in range(len(x)):
        h = np.zeros(len(Wh))
        for t in range(x.shape[1]):
            h = np.tanh(x[n, t] @ Wx + h @ Wh)
        loss = loss + np.sum((h - target[n]) ** 2) / 2
    return loss


def encoder_decoder(x, y, We, Ue, Wd, Ud, V):
    h = np.zeros((x.shape[1], len(Ue)))
    for t in range(len(x)):
        h = np.tanh(x[t] @ We + h @ Ue)
    s = h
    loss = 0
    for k in range(1, len(y)):
        s = np.tanh(y[k - 1] @ Wd + s @ Ud)
        loss = loss + np.sum((s @ V - y[k]) ** 2) / 2
    return loss


def two_loops_of_one_state(x, y, W, U):
    h = np.zeros((x.shape[1], len(U)))
    for t in range(len(x)):
        h = np.tanh(x[t] @ W + h @ U)
    for t in range(len(y)):
        h = np.tanh(y[t] @ W + h @ U)
    return np.mean(h**2)


def gated_unit(x, Wz, Uz, Wr, Ur, W, U, target):
    h = np.zeros((x.shape[1], len(Uz)))
    for t in range(len(x)):
        z = sigmoid(x[t] @ Wz + h @ Uz)
        r = sigmoid(x[t] @ Wr + h @ Ur)
        n = np.tanh(x[t] @ W + (r * h) @ U)
        h = (1 - z) * n + z * h
    return np.sum((h - target) ** 2) / 2


def gated_unit_in_a_list(x, Wz, Uz, Wr, Ur, W, U, targets):
    hs = [np.zeros((x.shape[1], len(Uz)))]
    loss = 0
    for t in range(len(x)):
        z = sigmoid(x[t] @ Wz + hs[t] @ Uz)
        r = sigmoid(x[t] @ Wr + hs[t] @ Ur)
        n = np.tanh(x[t] @ W + (r * hs[t]) @ U)
        hs.append((1 - z) * n + z * hs[t])
        loss = loss + np.sum((hs[t + 1] - targets[t]) ** 2) / 2
    return loss


def long_short_term(x, Wx, Wh, b, target):
    n, H = x.shape[1], len(Wh)
    h, c = np.zeros((n, H)), np.zeros((n, H))
    for t in range(len(x)):
        a = x[t] @ Wx + h @ Wh + b
        i = sigmoid(a[:, :H])
        f = sigmoid(a[:, H : 2 * H])
        o = sigmoid(a[:, 2 * H : 3 * H])
        g = np.tanh(a[:, 3 * H :])
        c = f * c + i * g
        h = o * np.tanh(c)
    return np.sum((h - target) ** 2) / 2


def long_short_term_with_outputs(x, Wx, Wh, b, V, targets):
    n, H = x.shape[1], len(Wh)
    h, c = np.zeros((n, H)), np.zeros((n, H))
    loss = 0
    for t in range(len(x)):
        a = x[t] @ Wx + h @ Wh + b
        i, f, o = sigmoid(a[:, :H]), sigmoid(a[:, H : 2 * H]), sigmoid(a[:, 2 * H : 3 * H])
        g = np.tanh(a[:, 3 * H :])
        c = f * c + i * g
        h = o * np.tanh(c)
        loss = loss + np.sum((h @ V - targets[t]) ** 2) / 2
    return loss


def long_short_term_of_eight_matrices(x, Wi, Wf, Wo, Wg, Ui, Uf, Uo, Ug, target):
    n, H = x.shape[1], len(Ui)
    h, c = np.zeros((n, H)), np.zeros((n, H))
    for t in range(len(x)):
        i = sigmoid(x[t] @ Wi + h @ Ui)
        f = sigmoid(x[t] @ Wf + h @ Uf)
        o = sigmoid(x[t] @ Wo + h @ Uo)
        g = np.tanh(x[t] @ Wg + h @ Ug)
        c = f * c + i * g
        h = o * np.tanh(c)
    return np.sum((h - target) ** 2) / 2


def over_rows(xs, W, U, target):
    h = np.zeros(len(U))
    for x in xs:
        h = np.tanh(x @ W + h @ U)
    return np.sum((h - target) ** 2)


def enumerated(xs, W, U, targets):
    h = np.zeros(len(U))
    loss = 0.0
    for t, x in enumerate(xs):
        h = np.tanh(x @ W + h @ U)
        loss += np.sum((h - targets[t]) ** 2)
    return loss


def each_sample(X, Y, W, V):
    loss = 0
    for i in range(len(X)):
        h = np.tanh(W @ X[i])
        loss = loss + np.sum((V @ h - Y[i]) ** 2)
    return loss / len(X)


def both_ways(x, Wf, Uf, Wb, Ub, V, y):
    T = len(x)
    hf, hb, fs, bs = np.zeros(4), np.zeros(4), [], [None] * len(x)
    for t in range(T):
        hf = np.tanh(x[t] @ Wf + hf @ Uf)
        fs.append(hf)
    for t in reversed(range(T)):
        hb = np.tanh(x[t] @ Wb + hb @ Ub)
        bs[t] = hb
    loss = 0
    for t in range(T):
        loss += np.sum((np.concatenate([fs[t], bs[t]]) @ V - y[t]) ** 2)
    return loss


def masked(x, ends, W, U, target):
    h = np.zeros((x.shape[1], len(U)))
    for t in range(len(x)):
        new = np.tanh(x[t] @ W + h @ U)
        m = ends[t][:, None]
        h = m * new + (1 - m) * h
    return np.sum((h - target) ** 2)


@dataclass(frozen=True)
class Case:
    """A function with loops, the shapes of its inputs, and the loops and lines of its derivation at most."""

    f: object
    shapes: dict
    loops: int
    lines: int

    def __str__(self):
        return self.f.__name__

    @property
    def inputs(self):
        return {name: 0.5 * value for name, value in drawn(**self.shapes).items()}

    @property
    def wrt(self):
        return [name for name in self.shapes if name[0] in "WUVb"]


GATES = {name: (3, 4) if name[0] == "W" else (4, 4) for name in ("Wz", "Uz", "Wr", "Ur", "W", "U")}
FOUR = {f"{name}{gate}": (n, 4) for name, n in (("W", 3), ("U", 4)) for gate in "ifog"}
STEPS = {"x": (6, 2, 3)}
STACK = {"x": (5, 2, 3), "Wx": (3, 3, 3), "Wh": (3, 3, 3)}
STACKED = {"Wx": (3, 16), "Wh": (4, 16), "b": (16,)}
BOTH = {"x": (5, 2, 3), "y": (4, 2, 3)}
CODED = {"We": (3, 4), "Ue": (4, 4), "Wd": (3, 4), "Ud": (4, 4), "V": (4, 3)}
BOTH_WAYS = {"x": (5, 3), "Wf": (3, 4), "Uf": (4, 4), "Wb": (3, 4), "Ub": (4, 4), "V": (8, 2), "y": (5, 2)}
CASES = [
    Case(layers_in_time, STACK | {"b": (3, 3), "target": (2, 3)}, 4, 24),
    Case(layers_in_lists, STACK | {"target": (2, 3)}, 4, 18),
    Case(per_sample, {"x": (4, 5, 3), "Wx": (3, 4), "Wh": (4, 4), "target": (4, 4)}, 4, 14),
    Case(encoder_decoder, BOTH | CODED, 4, 26),
    Case(two_loops_of_one_state, BOTH | {"W": (3, 4), "U": (4, 4)}, 4, 19),
    Case(gated_unit, STEPS | GATES | {"target": (2, 4)}, 2, 30),
    Case(gated_unit_in_a_list, STEPS | GATES | {"targets": (6, 2, 4)}, 2, 29),
    Case(long_short_term, STEPS | STACKED | {"target": (2, 4)}, 2, 31),
    Case(long_short_term_with_outputs, STEPS | STACKED | {"V": (4, 2), "targets": (6, 2, 2)}, 2, 35),
    Case(long_short_term_of_eight_matrices, STEPS | FOUR | {"target": (2, 4)}, 2, 42),
    Case(over_rows, {"xs": (6, 3), "W": (3, 4), "U": (4, 4), "target": (4,)}, 2, 11),
    Case(enumerated, {"xs": (6, 3), "W": (3, 4), "U": (4, 4), "targets": (6, 4)}, 2, 12),
    Case(both_ways, BOTH_WAYS, 5, 30),
    Case(masked, {"x": (5, 2, 3), "ends": (5, 2), "W": (3, 4), "U": (4, 4), "target": (2, 4)}, 2, 16),
    Case(each_sample, {"X": (5, 3), "Y": (5, 2), "W": (4, 3), "V": (2, 4)}, 2, 11),
]


@pytest.fixture(scope="module")
def derivations():
    return {str(case): derive(case.f, case.inputs, case.wrt) for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rounds_are_loops_again(case, derivations):
    found = derivations[str(case)]
    assert not found.remarks
    assert found.source.count("for ") == case.loops
    assert lines(found.source) <= case.lines


def test_sources_run_without_us_and_give_the_engines_gradients(derivations, tmp_path):
    results = run_alone([(d.source, d.variables) for d in derivations.values()], tmp_path)
    for case, result in zip(CASES, results, strict=True):
        assert_equal(result, *engine_gradients(case.f, case.inputs, case.wrt))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_checker_says_right_and_recognises_every_line(case, derivations):
    report = check.derivation(case.f, derivations[str(case)].backward, case.inputs)
    assert report.ok
    assert not report.unmatched
    assert {line.verdict for line in report.lines} <= {"right", "scaled"}


def test_layers_in_time_hand_an_entry_each_to_the_round_before(derivations):
    assert (
        derivations["layers_in_time"].source
        == """\
import numpy as np


def backward(x, Wx, Wh, b, target, hs):
    all_hs = [np.zeros_like(target)]
    all_hs.append(np.zeros_like(target))
    all_hs.append(np.zeros_like(target))
    inps = []
    for t in range(len(x)):
        inps.append(x[t])
        for k in range(len(Wx)):
            all_hs.append(np.tanh(inps[4 * t + k] @ Wx[k] + all_hs[3 * t + k] @ Wh[k] + b[k]))
            inps.append(all_hs[3 * t + k + 3])
    db = np.zeros_like(b)
    dWh = np.zeros_like(Wh)
    dWx = np.zeros_like(Wx)
    next_dhs = [np.zeros_like(target)] * 3
    next_dhs[2] = hs[2] - target
    for t in reversed(range(5)):
        next_dh = np.zeros_like(target)
        for k in reversed(range(len(Wx))):
            dh = next_dhs[k] + next_dh
            g = dh * (1 - all_hs[3 * t + k + 3]**2)
            db[k] += g.sum(axis=0)
            dWh[k] += all_hs[3 * t + k].T @ g
            dWx[k] += inps[4 * t + k].T @ g
            next_dh = g @ Wx[k].T
            next_dhs[k] = g @ Wh[k].T
    return dWx, dWh, db
"""
    )


def test_latex_has_the_loops_one_inside_of_the_other(derivations):
    page = derivations["layers_in_time"].latex
    assert page.count(r"\text{for }") == 4
    assert r"\quad \quad" in page
    assert page.count("{") == page.count("}")


def stacked(x, Wx, Wh, Ws, target):
    hs = [np.zeros((x.shape[1], 3)) for _ in Wx]
    for t in range(len(x)):
        a = x[t]
        for k in range(len(Wx)):
            hs[k] = np.tanh(a @ Wx[k] + hs[k] @ Wh[k])
            a = hs[k]
    for W in Ws:
        a = np.tanh(a @ W)
    return np.sum((a - target) ** 2) / 2


def test_parameters_in_lists_are_lists_of_gradients(tmp_path):
    rng = np.random.default_rng(7)
    inputs = {"x": rng.normal(size=(4, 2, 3)), "target": rng.normal(size=(2, 3))}
    inputs |= {name: [0.5 * rng.normal(size=(3, 3)) for _ in range(3)] for name in ("Wx", "Wh", "Ws")}
    found = derive(stacked, inputs, ["Wx", "Wh", "Ws"])
    assert not found.remarks
    assert "dWx = [np.zeros_like(" in found.source
    assert "dWx[k] += " in found.source
    [alone] = run_alone([(found.source, found.variables)], tmp_path)
    arrays = {f"{name}{i}": a for name in ("Wx", "Wh", "Ws") for i, a in enumerate(inputs[name])}

    def apart(x, target, **arrays):
        lists = {name: [arrays[f"{name}{i}"] for i in range(3)] for name in ("Wx", "Wh", "Ws")}
        return stacked(x, **lists, target=target)

    given = {"x": inputs["x"], "target": inputs["target"], **arrays}
    assert_equal(tuple(g for one in alone for g in one), *engine_gradients(apart, given, list(arrays)))


# Where folding is not possible


def sometimes(X, W):
    total = 0
    for i in range(len(X)):
        a = X[i]
        for j in range(3):
            a = np.sin(a * W) if j != 1 else np.cos(a * W)
        total = total + np.sum(a)
    return total


def alternating(x, W, U):
    h = np.zeros(len(U))
    for t in range(len(x)):
        h = np.tanh(x[t] @ W + h @ U) if t % 2 else np.sin(x[t] @ W + h @ U)
    for _ in range(len(x)):
        h = np.tanh(h @ U)
    return np.sum(h**2)


def attended(x, W, U, V):
    h = np.zeros(len(U))
    hs = []
    for t in range(len(x)):
        h = np.tanh(x[t] @ W + h @ U)
        hs.append(h)
    s, loss = h, 0
    for _ in range(4):
        a = sum(np.sum(s * h) * h for h in hs)
        s = np.tanh(a @ V)
        loss = loss + np.sum(s**2)
    return loss


def joined(x, W, b, target):
    h = np.zeros((x.shape[1], 4))
    for t in range(len(x)):
        z = np.concatenate([h, x[t]], axis=1)  # of data alone, at first
        h = np.tanh(z @ W + b)
    return np.sum((h - target) ** 2)


def cell(x, h, c, W, U):
    i, f, o, new = np.split(x @ W + h @ U, 4, axis=1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(new)
    return sigmoid(o) * np.tanh(c), c


def by_a_helper(x, W, U, target):
    h, c = np.zeros((x.shape[1], 4)), np.zeros((x.shape[1], 4))
    for t in range(len(x)):
        h, c = cell(x[t], h, c, W, U)  # h is computed of c
    return np.sum((h - target) ** 2)


@pytest.mark.parametrize(
    ("f", "shapes", "wrt"),
    [
        (joined, {"x": (5, 2, 3), "W": (7, 4), "b": (4,), "target": (2, 4)}, ["W", "b"]),
        (by_a_helper, {"x": (5, 2, 3), "W": (3, 16), "U": (4, 16), "target": (2, 4)}, ["W", "U"]),
    ],
)
def test_states_that_are_joined_or_computed_by_a_helper(f, shapes, wrt, tmp_path):
    inputs = {name: 0.5 * value for name, value in drawn(**shapes).items()}
    found = derive(f, inputs, wrt)
    [alone] = run_alone([(found.source, found.variables)], tmp_path)
    assert_equal(alone, *engine_gradients(f, inputs, wrt))
    assert check.derivation(f, found.backward, inputs).ok


@pytest.mark.parametrize(
    ("f", "shapes", "wrt", "loops"),
    [
        (sometimes, {"X": (4, 3), "W": (3,)}, ["W"], 2),  # the outer loop is one
        (alternating, {"x": (5, 3), "W": (3, 4), "U": (4, 4)}, ["W", "U"], 2),  # the second is one
        (attended, {"x": (5, 3), "W": (3, 4), "U": (4, 4), "V": (4, 4)}, ["W", "U", "V"], 0),
    ],
)
def test_rounds_that_are_not_alike_are_written_out_and_said_to_be(f, shapes, wrt, loops, tmp_path):
    inputs = {name: 0.5 * value for name, value in drawn(**shapes).items()}
    found = derive(f, inputs, wrt)
    assert any("not alike" in remark for remark in found.remarks)
    assert found.source.count("for ") >= loops
    [alone] = run_alone([(found.source, found.variables)], tmp_path)
    assert_equal(alone, *engine_gradients(f, inputs, wrt))


def repeated(x, W, n):
    a = x
    for _ in range(n):
        a = np.tanh(a * W)
    return np.sum(a)


def test_an_input_that_is_bound_again_is_asked_to_keep_its_name():
    def bound_again(x, W):
        for _ in range(3):
            x = np.tanh(x * W)
        return np.sum(x)

    with pytest.raises(DerivationError, match="give it a name that stays"):
        derive(bound_again, drawn(x=(3,), W=(3,)), ["W"])


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_few_rounds(n):
    inputs = drawn(x=(3,), W=(3,)) | {"n": n}
    if n == 0:
        with pytest.raises(DerivationError, match="does not depend"):
            derive(repeated, inputs, ["W"])
        return
    found = derive(repeated, inputs, ["W"])
    assert_equal(found(inputs)["W"], *engine_gradients(repeated, inputs, ["W"]))


def squashed(X, W, rounds):
    s = X @ W
    for _ in range(rounds):
        s = s + np.tanh(s)
    return np.mean(s**2)


@pytest.mark.parametrize("rounds", [1, 2, 3, 5])
def test_a_state_that_begins_with_something_computed_has_a_gradient_of_its_own(rounds):
    inputs = {"X": np.linspace(-1, 1, 6).reshape(3, 2), "W": np.array([[0.5, -1.0], [2.0, 0.3]])}

    def f(X, W):
        return squashed(X, W, rounds)

    for function in (f, fixed(rounds)):
        derivation = derive(function, inputs)
        assert "len(" not in derivation.source
        assert check.derivation(function, derivation.backward, inputs).ok


def fixed(rounds):
    source = f"""
def f(X, W):
    s = X @ W
    for i in range({rounds}):
        s = s + np.tanh(s)
    return np.mean(s**2)
"""
    filename = f"<rounds {rounds}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    scope = {"np": np}
    exec(compile(source, filename, "exec"), scope)
    return scope["f"]


def test_of_one_number_of_a_row_the_rows_are_counted_in_latex():
    def f(z):
        p = np.exp(z) / np.sum(np.exp(z), axis=1, keepdims=True)
        return -np.mean(np.log(p[np.arange(3), [2, 1, 0]]) * p[np.arange(3), np.arange(3)])

    latex = derive(f, {"z": np.arange(9.0).reshape(3, 3) % 4}).latex
    assert r"\left(\right)" not in latex


def test_an_input_that_is_bound_again_is_named_with_what_to_write():
    def f(h, W):
        for _ in range(3):
            h = np.tanh(h @ W)
        return np.mean(h**2)

    with pytest.raises(DerivationError, match=r"h is an input that the function binds again.*h_t = h"):
        derive(f, {"h": np.ones((2, 2)), "W": np.eye(2) / 2})
