"""Many threads, one leaf: no gradient is lost, and no thread records what another means to."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import nn
from autograd import Tensor, debug, enable_grad, no_grad
from autograd.transforms import grad, hessian

THREADS, ROUNDS = 8, 150


def together(work, threads=THREADS):
    """`work(k)` in each of the threads at once, and what each returned."""
    start = threading.Barrier(threads)

    def run(k):
        start.wait(timeout=30)
        return work(k)

    with ThreadPoolExecutor(threads) as pool:
        return [future.result(timeout=60) for future in [pool.submit(run, k) for k in range(threads)]]


@pytest.fixture(autouse=True)
def switched_often():
    """Threads take turns every few microseconds, so that what can go wrong does."""
    import sys

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("shape", [(), (3,), (20, 30)])
def test_backward_of_graphs_of_their_own_onto_one_leaf(shape, create_graph):
    w = Tensor(np.ones(shape), requires_grad=True)

    def work(k):
        for _ in range(ROUNDS):
            np.sum(w * 1.0).backward(create_graph=create_graph)

    together(work)
    np.testing.assert_array_equal(getattr(w.grad, "data", w.grad), np.full(shape, THREADS * ROUNDS))


def test_create_graph_leaves_a_gradient_that_can_be_differentiated():
    w = Tensor([1.0, 2.0], requires_grad=True)

    def work(k):
        for _ in range(20):
            np.sum(w**3).backward(create_graph=True)

    together(work)
    first = w.grad
    np.testing.assert_array_equal(first.data, 3 * w.data**2 * 20 * THREADS)
    w.zero_grad()
    np.sum(first).backward()
    np.testing.assert_array_equal(w.grad, 6 * w.data * 20 * THREADS)


def test_backward_of_one_graph_many_times():
    w = Tensor([1.0, 2.0], requires_grad=True)
    loss = np.sum(np.tanh(w * 2) ** 2)
    loss.backward()
    once = w.grad.copy()
    w.zero_grad()
    together(lambda k: [loss.backward() for _ in range(ROUNDS)])
    np.testing.assert_allclose(w.grad, once * THREADS * ROUNDS, rtol=1e-12)  # 1200 additions


def test_graphs_that_share_a_part():
    w = Tensor(np.arange(4.0), requires_grad=True)
    hidden = w * w
    together(lambda k: [np.sum(hidden * (k + 1)).backward() for _ in range(ROUNDS)])
    np.testing.assert_array_equal(w.grad, 2 * np.arange(4.0) * sum(range(1, THREADS + 1)) * ROUNDS)


def test_several_leaves_are_never_half_added():
    """Each pass adds the same to all of them: at no time may one be ahead of another, once all is done."""
    leaves = [Tensor(float(k), requires_grad=True) for k in range(10)]
    together(lambda k: [np.sum(np.stack(leaves)).backward() for _ in range(ROUNDS // 3)])
    assert {float(leaf.grad) for leaf in leaves} == {float(THREADS * (ROUNDS // 3))}


def test_retained_gradients_add_up_too():
    w = Tensor([1.0, 2.0], requires_grad=True)
    middle = w * 2
    middle.retain_grad()
    together(lambda k: [np.sum(middle * 3).backward() for _ in range(ROUNDS)])
    np.testing.assert_array_equal(middle.grad, np.full(2, 3.0 * THREADS * ROUNDS))
    np.testing.assert_array_equal(w.grad, np.full(2, 6.0 * THREADS * ROUNDS))


def test_hooks_are_called_once_a_pass():
    w, calls = Tensor([1.0, 2.0], requires_grad=True), []
    w.register_hook(lambda g: calls.append(1) or 2 * g)
    together(lambda k: [np.sum(w * 1).backward() for _ in range(ROUNDS)])
    assert len(calls) == THREADS * ROUNDS
    np.testing.assert_array_equal(w.grad, np.full(2, 2.0 * THREADS * ROUNDS))


def test_a_hook_that_runs_backward_itself_does_not_wait_forever():
    """A lock that is held while a hook runs must not be one that the hook waits for."""
    w, other = Tensor([1.0, 2.0], requires_grad=True), Tensor([1.0, 2.0], requires_grad=True)
    w.register_hook(lambda g: np.sum(other * 1).backward())
    done = threading.Thread(target=lambda: np.sum(w * 1).backward(), daemon=True)
    done.start()
    done.join(timeout=10)
    assert not done.is_alive()
    np.testing.assert_array_equal(other.grad, np.ones(2))


def test_a_hook_that_fails_leaves_the_lock_free():
    w = Tensor([1.0, 2.0], requires_grad=True)
    remove = w.register_hook(lambda g: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        np.sum(w * 1).backward()
    assert w.grad is None
    remove()
    done = threading.Thread(target=lambda: np.sum(w * 1).backward(), daemon=True)
    done.start()
    done.join(timeout=10)
    assert not done.is_alive()
    np.testing.assert_array_equal(w.grad, np.ones(2))


def test_zero_grad_meanwhile_breaks_nothing():
    w = Tensor(np.ones(50), requires_grad=True)

    def work(k):
        for _ in range(ROUNDS):
            if k == 0:
                w.zero_grad()
            else:
                np.sum(w * 1.0).backward()

    together(work)
    if w.grad is not None:
        assert np.ptp(w.grad) == 0
        assert 0 < w.grad[0] <= (THREADS - 1) * ROUNDS


def test_models_of_nn_in_threads():
    model = nn.Sequential(nn.Linear(3, 4, rng=0), nn.Tanh(), nn.Linear(4, 1, rng=1))
    x = np.random.default_rng(0).standard_normal((THREADS, 5, 3))

    def loss(k):
        return np.sum(model(x[k]) ** 2)

    for k in range(THREADS):
        loss(k).backward()
    expected = [p.grad * 10 for p in model.parameters()]
    model.zero_grad()
    together(lambda k: [loss(k).backward() for _ in range(10)])
    for p, e in zip(model.parameters(), expected, strict=True):
        np.testing.assert_allclose(p.grad, e, rtol=1e-11, atol=1e-12)


def test_transformations_in_threads():
    def f(x):
        return np.sum(np.sin(x) * x)

    x = np.arange(3.0)
    found = together(lambda k: [(grad(f)(x + k), hessian(f)(x + k)) for _ in range(10)])
    for k, results in enumerate(found):
        for g, h in results:
            np.testing.assert_array_equal(g, grad(f)(x + k))
            np.testing.assert_array_equal(h, hessian(f)(x + k))


def test_no_grad_is_a_threads_own():
    w = Tensor(1.0, requires_grad=True)

    def work(k):
        seen = set()
        for _ in range(ROUNDS):
            if k % 2:
                with no_grad():
                    seen.add((w * 1).requires_grad)
            else:
                seen.add((w * 1).requires_grad)
        return seen

    assert together(work) == [{k % 2 == 0} for k in range(THREADS)]


@pytest.mark.parametrize("block", [no_grad, enable_grad, debug])
def test_a_thread_started_inside_a_block_records_as_by_default(block):
    w, seen = Tensor(1.0, requires_grad=True), []
    with block():
        thread = threading.Thread(target=lambda: seen.append((w * 1).requires_grad))
        thread.start()
        thread.join(timeout=10)
    assert seen == [True]


def test_iterating_in_one_thread_and_recording_in_another():
    """A generator suspended in one thread's `no_grad`, and run on in another, switches off neither."""
    w = Tensor(1.0, requires_grad=True)

    def numbers():
        with no_grad():
            while True:
                yield (w * 1).requires_grad

    generator = numbers()
    assert next(generator) is False
    seen = []
    thread = threading.Thread(
        target=lambda: seen.extend([next(generator) is not None, (w * 1).requires_grad])
    )
    thread.start()
    thread.join(timeout=10)
    assert seen == [True, True]
    assert (w * 1).requires_grad
    generator.close()
    assert (w * 1).requires_grad
