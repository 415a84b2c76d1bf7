"""The walk back: right on every shape of graph, linear in its size, and without traces afterwards."""

import gc
import itertools
import threading
import weakref

import numpy as np
import pytest

from autograd import Tensor, no_grad, op, sigmoid
from autograd.engine import unbroadcast
from autograd.errors import GradientError, ShapeError


def leaf(*values):
    return Tensor(np.array(values) if len(values) != 1 else values[0], requires_grad=True)


def gradient(output, x):
    x.zero_grad()
    output.backward()
    return x.grad


def used_twice(a):
    b = a + a
    return b + b


def diamonds(a, levels=60):
    for _ in range(levels):
        a = a + a
    return a


def unequal_paths(a):
    b = a * 2
    return a * b + b * b * a


@pytest.mark.parametrize(
    ("f", "derivative"),
    [
        (used_twice, lambda x: 4),
        (diamonds, lambda x: 2.0**60),
        (unequal_paths, lambda x: 4 * x + 12 * x**2),
        (lambda a: a * a, lambda x: 2 * x),
        (lambda a: a, lambda x: 1),
        (lambda a: a.detach() * a, lambda x: x),
    ],
)
def test_shapes_of_graphs(f, derivative):
    x = leaf(3.0)
    assert gradient(f(x), x) == derivative(3.0)


def test_a_shared_tensor_serves_two_outputs_and_a_second_backward_adds():
    x = leaf(1.0, 2.0)
    h = x * x
    (h * 3).sum().backward()
    np.testing.assert_array_equal(x.grad, [6, 12])
    loss = (h * 5).sum()
    loss.backward()
    loss.backward()
    np.testing.assert_array_equal(x.grad, [26, 52])


def test_a_chain_of_a_hundred_thousand_operations_needs_no_recursion():
    x = t = leaf(1.0)
    for _ in range(100_000):
        t = t * 1.0
    assert gradient(t, x) == 1
    del t  # freeing the chain must not recurse either


def test_each_rule_runs_once_per_use_and_only_for_arguments_that_need_it():
    calls = []
    f = op(
        lambda a, b: a * b,
        lambda g, y, a, b: calls.append("a") or g * b,
        lambda g, y, a, b: calls.append("b") or g * a,
    )
    x = leaf(2.0)
    h = f(x, 3.0)
    (h + h + h).backward()
    assert calls == ["a"]
    assert x.grad == 9


class TestOwnership:
    """No other array shares the memory of a leaf's gradient."""

    def test_two_leaves_of_one_sum(self):
        a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
        (a + b).backward(np.ones(2))
        a.grad[0] = 7
        np.testing.assert_array_equal(b.grad, [1, 1])

    @pytest.mark.parametrize("f", [lambda t: +t, lambda t: t.reshape(2, 1), lambda t: t + 1, lambda t: t])
    def test_of_the_cotangent(self, f):
        x = leaf(1.0, 2.0)
        y = f(x)
        g = np.ones(y.shape)
        y.backward(g)
        x.grad[...] = 7
        np.testing.assert_array_equal(g, 1)

    def test_of_the_gradients_of_a_recorded_backward_pass(self):
        a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
        (a + b).backward(np.ones(2), create_graph=True)
        a.grad *= 7
        np.testing.assert_array_equal(b.grad.data, [1, 1])


def raises(error, f):
    """Whether f raises: pytest.raises would keep the frames, and with them everything they hold."""
    try:
        f()
    except error:
        return True
    return False


fails_backward = op(lambda x: x + 0, lambda g, y, x: 1 / 0)
ENDS = {
    "backward": lambda loss: loss.backward(),
    "no backward": lambda loss: None,
    "backward raises": lambda loss: raises(ZeroDivisionError, fails_backward(loss).backward) or 1 / 0,
    "forward raises": lambda loss: raises(ShapeError, lambda: (loss * np.ones((2, 3))) @ np.ones(2)) or 1 / 0,
}


class TestMemory:
    """No reference cycles: with the garbage collector off, nothing is left to collect."""

    @pytest.fixture(autouse=True)
    def _without_collector(self):
        gc.collect()
        gc.disable()
        yield
        gc.enable()

    @pytest.mark.parametrize("end", list(ENDS.values()), ids=list(ENDS))
    def test_two_hundred_steps_leave_nothing(self, end):
        def step():
            w = leaf(0.5, -0.5)
            end(sigmoid(np.exp(w[::-1] * 2) @ np.ones(2)).sum())

        step()  # the first step fills caches
        gc.collect()
        for _ in range(200):
            step()
        assert gc.collect() == 0

    def test_the_graph_lives_as_long_as_its_output(self):
        w = Tensor(np.ones(1000), requires_grad=True)
        h = w * 2.0
        inner = weakref.ref(h.data)
        loss = (h * h).sum()
        del h
        assert inner() is not None
        del loss
        assert inner() is None


def test_a_rule_that_raises_changes_no_gradient():
    fails = op(lambda x: x * 1, lambda g, y, x: 1 / 0)
    a, b = leaf(1.0), leaf(2.0)
    (b * 3).backward()
    with pytest.raises(ZeroDivisionError):
        (b * 5 + fails(a)).backward()
    assert a.grad is None
    assert b.grad == 3


def test_going_back_through_a_changed_leaf_raises():
    w = leaf(2.0)
    loss = w * w
    with no_grad():
        w -= 1.0
    with pytest.raises(GradientError, match="changed in place since"):
        loss.backward()
    assert w.grad is None
    assert gradient(w * w, w) == 2


def test_threads_do_not_share_the_mode():
    seen = []
    with no_grad():
        thread = threading.Thread(target=lambda: seen.append((leaf(1.0) * 2).requires_grad))
        thread.start()
        thread.join()
        seen.append((leaf(1.0) * 2).requires_grad)
    assert seen == [True, False]


def test_threads_may_go_back_through_one_graph_at_the_same_time():
    x = leaf(*np.linspace(0, 1, 50))
    h = x
    for _ in range(200):
        h = h * 1.01 + 0.0
    outputs = [(h * k).sum() for k in range(1, 5)]
    threads = [threading.Thread(target=lambda o=o: [o.backward() for _ in range(3)]) for o in outputs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert np.all(np.isfinite(x.grad))
    np.testing.assert_allclose(x.grad / x.grad[0], 1, rtol=1e-12)


SHAPES = [(), (1,), (3,), (1, 3), (2, 1), (2, 3), (4, 1, 1), (4, 2, 1), (1, 2, 3), (4, 2, 3), (0,), (1, 0)]


def fits(*shapes):
    try:
        return np.broadcast_shapes(*shapes) is not None
    except ValueError:
        return False


@pytest.mark.parametrize(
    ("small", "other"), [pair for pair in itertools.product(SHAPES, SHAPES) if fits(*pair)]
)
def test_unbroadcast_is_the_transpose_of_broadcasting(small, other):
    rng = np.random.default_rng(0)
    x, g = rng.normal(size=small), rng.normal(size=np.broadcast_shapes(small, other))
    back = unbroadcast(g, small)
    assert back.shape == small
    # <g, broadcast x> = <unbroadcast g, x>; sums of up to 24 numbers near 1
    assert np.isclose(np.sum(g * x), np.sum(back * x), rtol=0, atol=1e-13)


def test_a_mix_of_dtypes_gives_each_argument_its_own():
    a = Tensor(np.ones(3, np.float32), requires_grad=True)
    b = Tensor(np.ones((2, 3)), requires_grad=True)
    (a * b).sum().backward()
    assert (a.grad.dtype, b.grad.dtype) == (np.float32, np.float64)
