"""A checkpointed function has the same gradients, and takes only the memory of its inputs and results."""

import gc
import tracemalloc

import numpy as np
import pytest

from autograd import Tensor, no_grad
from autograd.errors import GradientError
from autograd.transforms import checkpoint, grad, hessian, hvp, jvp

rng = np.random.default_rng(0)
X, V, A = rng.normal(size=5), rng.normal(size=5), rng.normal(size=(5, 5))


def close(found, expected):
    assert isinstance(found, np.ndarray | np.generic)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


W = [rng.normal(size=(8, 8)) / 4 for _ in range(50)]


def block(W, x):
    return np.tanh(np.exp(-np.abs(x @ W)) * np.sin(x) + x)


def chain(wrap):
    def run(weights, x):
        for w in weights:
            x = wrap(block)(w, x)
        return np.sum(x * x)

    return run


def test_checkpoint_gives_identical_gradients():
    x = rng.normal(size=(4, 8))
    plain, again = (grad(chain(wrap), (0, 1))(W, x) for wrap in (lambda f: f, checkpoint))
    for a, b in zip(plain[0], again[0], strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(plain[1], again[1])


SECOND = {
    "hessian": hessian,
    "hvp": lambda f: lambda x: hvp(f, x, V),
    "of a gradient": lambda f: grad(lambda x: np.sum(grad(f)(x) ** 2)),
    "jvp": lambda f: lambda x: jvp(f, (x,), (V,))[1],
}


@pytest.mark.parametrize("derive", list(SECOND.values()), ids=list(SECOND))
def test_checkpoint_to_second_order(derive):
    def f(x):
        return np.sum(np.sin(A @ x) * x)

    def pieces(x):  # closes over x, which is found like an argument
        return np.sum(checkpoint(lambda y: np.sin(checkpoint(lambda z: A @ z)(y)) * x)(x))

    close(derive(checkpoint(f))(X), derive(f)(X))
    close(derive(pieces)(X), derive(f)(X))


@pytest.mark.parametrize("wrap", [lambda f: f, checkpoint])
def test_checkpoint_reaches_closures(wrap):
    w, x = Tensor(A, requires_grad=True), Tensor(X, requires_grad=True)
    h = w * 2.0  # a closed-over tensor with a history
    y = wrap(lambda x, scale: np.tanh(h @ x) + w.sum() * scale["by"])(x, {"by": 0.5})
    y.sum().backward()
    s = 1 - np.tanh(2 * A @ X) ** 2
    close(w.grad, 2 * np.outer(s, X) + 2.5)
    close(x.grad, 2 * A.T @ s)


def test_checkpoint_of_both_arguments_shares_no_gradient():
    a, b = Tensor(X, requires_grad=True), Tensor(X, requires_grad=True)
    checkpoint(lambda a, b: (a + b) * 2.0)(a, b).backward(np.ones(5))
    a.grad[...] = 7
    close(b.grad, np.full(5, 2.0))


def test_checkpoint_keeps_what_an_argument_was():
    w = Tensor(X, requires_grad=True)
    t = w * 1.0
    y = checkpoint(np.square)(t).sum()
    t[...] = 0.0
    y.backward()
    close(w.grad, 2 * X)


def test_checkpoint_refuses_a_closure_that_changed():
    scale = [Tensor(2.0, requires_grad=True)]
    y = checkpoint(lambda x: x * scale[0])(Tensor(3.0, requires_grad=True))
    scale[0] = Tensor(2.0, requires_grad=True)  # the same value, but in another tensor
    with pytest.raises(GradientError, match="computed again"):
        y.backward()
    assert scale[0].grad is None


def test_checkpoint_of_what_needs_no_gradient_is_the_function():
    f = checkpoint(lambda x: (x, x * 2))
    assert f(3.0) == (3.0, 6.0)
    with no_grad():
        assert not checkpoint(np.sin)(Tensor(X, requires_grad=True)).requires_grad
    close(grad(lambda x: x * checkpoint(np.sin)(2.0))(3.0), np.sin(2.0))


def peak(call):
    """The peak of the memory allocated during a call, in bytes."""
    call()  # the first call fills caches
    gc.collect()
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_checkpoint_saves_memory():
    x = rng.normal(size=(2000, 8))  # 50 blocks, each with 7 arrays of the size of x
    weights = [Tensor(w, requires_grad=True) for w in W]
    plain, again = (
        peak(lambda wrap=wrap: chain(wrap)(weights, x).backward()) for wrap in (lambda f: f, checkpoint)
    )
    assert plain > 50 * 6 * x.nbytes
    assert again < (50 + 20) * x.nbytes  # the 50 results, and one block with its backward pass
