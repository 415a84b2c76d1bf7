"""`autograd.compile(..., backend="numba")`: the same steps as native code, to the last places."""

import _thread
import signal
import sys
import threading

import numpy as np
import pytest

import nn
from autograd import Tensor, compile, sigmoid
from autograd.errors import CompileWarning

ROUNDS = 5


def close(a, b, scale=1.0):
    """A few places in the last, of sums of a few numbers and their exponentials."""
    np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-15 * scale)


needs_numba = pytest.mark.needs("numba")

FUNCTIONS = {
    "elementwise": lambda x, y: np.tanh(x) * np.exp(-x) / (1 + x**2) - sigmoid(x),
    "products": lambda x, y: (x @ y, x[0] @ y, y.T @ x[1], x[0] @ x[0], np.dot(x, y[:, 0])),
    "broadcasting": lambda x, y: x + x[0] * y[:, :1].T - 2,
    "reductions": lambda x, y: (x.sum(), x.mean(axis=0), x.max(axis=1, keepdims=True), y.sum(axis=-1)),
    "views": lambda x, y: (x.T * y[:, :1], x[::-1, 1:] + 1, x.reshape(-1)[3:7] * 2),
    "choosing": lambda x, y: (np.where(x > 0, x, 0.5), np.maximum(x, -0.1), x.argmax() * 1.0),
    "a scalar": lambda x, y: (x @ y).sum() / 2,
    "powers": lambda x, y: (x**2, abs(x) ** 1.5, np.sqrt(abs(x))),
}


@needs_numba
def test_functions_of_arrays():
    def step(x, y):
        return [function(x, y) for function in FUNCTIONS.values()]

    rng, compiled = np.random.default_rng(0), compile(step, backend="numba")
    for _ in range(ROUNDS):
        x, y = rng.normal(size=(3, 4)), rng.normal(size=(4, 2))
        for name, expected, actual in zip(FUNCTIONS, step(x, y), compiled(x, y), strict=True):
            assert type(expected) is type(actual), name
            pairs = zip(*((v if isinstance(v, tuple) else (v,)) for v in (expected, actual)), strict=True)
            for e, a in pairs:
                close(e, a)
                assert np.asarray(e).dtype == np.asarray(a).dtype, name
    assert "def kernel" in compiled.source


class Training:
    def __init__(self, optimizer=nn.optim.Adam, **options):
        layers = nn.Linear(3, 4, rng=0), nn.Tanh(), nn.Linear(4, 2, rng=1), nn.Sigmoid()
        self.model = nn.Sequential(*layers)
        self.optimizer = optimizer(self.model.parameters(), lr=0.01)
        rng = np.random.default_rng(2)
        self.x, self.y = rng.normal(size=(5, 3)), rng.integers(0, 2, (5, 2)).astype(float)
        self.compiled = compile(self.step, backend="numba", **options)

    def step(self):
        self.optimizer.zero_grad()
        loss = nn.functional.binary_cross_entropy(self.model(self.x), self.y)
        loss.backward()
        self.optimizer.step()
        return loss

    def state(self):
        return [p.data for p in self.model.parameters()] + [p.grad for p in self.model.parameters()]


@needs_numba
@pytest.mark.parametrize("optimizer", [nn.optim.SGD, nn.optim.AdamW])
def test_a_training_step(optimizer):
    one, other = Training(optimizer), Training(optimizer)
    for _ in range(20):
        close(one.step().item(), other.compiled().item())
    for expected, actual in zip(one.state(), other.state(), strict=True):
        close(expected, actual, scale=1e3)  # Adam divides by what is nearly 0 at first
    assert "def kernel" in other.compiled.source


@needs_numba
def test_many_steps_in_a_call():
    one, other = Training(nn.optim.Adam), Training(nn.optim.Adam, steps=50)
    for _ in range(3):
        for _ in range(50):
            expected = one.step()
        close(expected.item(), other.compiled().item(), scale=1e3)
    assert [s["step"] for s in other.optimizer.state.values() if s] == [
        s["step"] for s in one.optimizer.state.values() if s
    ]
    for expected, actual in zip(one.state(), other.state(), strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-12)  # 150 steps, each a few places


@needs_numba
def test_gradients_that_are_kept_stay_what_they_were():
    t, kept = Training(nn.optim.SGD), []
    for _ in range(8):
        t.compiled()
        kept.append(t.model[0].weight.grad)
    assert len({id(g) for g in kept}) == 8
    assert not np.array_equal(kept[-1], kept[-2])


@needs_numba
def test_a_branch_in_the_middle_of_many_steps():
    w = Tensor([8.0], requires_grad=True)

    def step():
        if w.data.sum() > 1:
            w.data *= 0.5
        else:
            w.data += 10

    compiled, values, expected = compile(step, backend="numba", steps=7), [], 8.0
    for _ in range(8):
        for _ in range(7):
            expected = expected * 0.5 if expected > 1 else expected + 10
        compiled()
        values.append((w.item(), expected))
    assert all(a == b for a, b in values)
    assert len(compiled.programs) == 2


@needs_numba
def test_what_has_no_loops_stays_numpy_and_says_so():
    compiled = compile(lambda x: np.linalg.inv(x) * 2, backend="numba")
    with pytest.warns(CompileWarning, match="no loops for"):
        results = [compiled(np.eye(2) * 4) for _ in range(ROUNDS)]
    assert results[-1].tolist() == [[0.5, 0.0], [0.0, 0.5]]
    assert compiled.programs


@needs_numba
def test_ctrl_c_comes_between_two_steps():
    t = Training(nn.optim.SGD, steps=10**9)
    t.compiled.steps = 10
    t.compiled()
    t.compiled.steps = 10**9
    # a shell in the background ignores the interrupt, for this process too
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        threading.Timer(0.5, _thread.interrupt_main).start()
        with pytest.raises(KeyboardInterrupt):
            t.compiled()
    finally:
        signal.signal(signal.SIGINT, before)
    assert all(np.isfinite(p.data).all() for p in t.model.parameters())
    one = Training(nn.optim.SGD)
    with np.errstate(all="ignore"):
        assert one.step().item() > t.step().item()  # it was trained, and goes on


def test_without_numba_a_sentence_says_what_to_install(monkeypatch):
    from autograd.compiled.writing import native

    native.numba.cache_clear()
    monkeypatch.setitem(sys.modules, "numba", None)
    with pytest.raises(ImportError, match=r"pip install '\.\[numba\]'"):
        compile(abs, backend="numba")
    native.numba.cache_clear()


def test_many_steps_without_numba():
    w = Tensor([1.0], requires_grad=True)

    def step():
        w.data += 1
        return w.data.sum()

    compiled = compile(step, steps=10)
    assert [compiled() for _ in range(3)] == [11.0, 21.0, 31.0]
    assert compiled.programs


@pytest.mark.parametrize("options", [{"backend": "jax"}, {"steps": 0}, {"steps": 2.5}])
def test_options_that_there_are_not(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        compile(abs, **options)
