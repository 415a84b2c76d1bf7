"""Very many short floats: no count and no share is lost to a dtype that has no room for it.

float16 counts one by one to 2,048, ends at 65,504, and rounds 1 / 70,000 to a multiple of 6e-8, to 0.14 %.
"""

import numpy as np
import pytest

import autograd
from autograd import Tensor
from autograd.rules.reduce import parted
from nn import functional

N = 70_000
EQUAL = np.full(N, 0.5, np.float16)
SPREAD = np.linspace(-1, 1, N).astype(np.float16)  # many of them are equal
PROFILE = np.linspace(0, 0.1, N).astype(np.float16)

FUNCTIONS = [
    *(np.max, np.min, np.amax, np.amin, np.nanmax, np.nanmin, np.median, np.nanmedian),
    *(np.mean, np.average, np.nanmean, np.var, np.std, np.nanvar, np.nanstd),
    autograd.logsumexp,
]
PARTS = [
    ("quantile", lambda x: np.quantile(x, 0.3)),
    ("percentile", lambda x: np.percentile(x, 30)),
    ("sort", lambda x: np.sort(x)[7]),
    ("partition", lambda x: np.partition(x, 7)[7]),
    ("norm", lambda x: np.linalg.norm(x, np.inf)),
    ("softmax", lambda x: 10_000 * autograd.softmax(x)[7]),
    ("log_softmax", lambda x: autograd.log_softmax(x)[7]),
    ("an index, repeated", lambda x: np.mean(x[:2][np.zeros(N, int)])),
    ("take_along_axis", lambda x: np.mean(np.take_along_axis(x[:2], np.zeros(N, int), axis=0))),
]
REDUCTIONS = [*((f.__name__, f) for f in FUNCTIONS), *PARTS]


def value_and_gradient(f, x, *others):
    leaf = Tensor(x, requires_grad=True)
    y = f(leaf, *others)
    y.backward()
    return y.data, leaf.grad


@pytest.mark.parametrize("x", [EQUAL, SPREAD], ids=["equal", "spread"])
@pytest.mark.parametrize("f", [f for _, f in REDUCTIONS], ids=[name for name, _ in REDUCTIONS])
def test_a_reduction_of_many(f, x):
    assert_as_in_float64(f, x)


def assert_as_in_float64(f, x, *others):
    y, g = value_and_gradient(f, x, *others)
    wide_y, wide_g = value_and_gradient(f, x.astype(float), *(np.asarray(a, float) for a in others))
    assert (y.dtype, g.dtype) == (np.float16, np.float16)
    np.testing.assert_allclose(y, wide_y, rtol=2e-3, atol=2e-5)  # terms up to 1 that cancel, over N
    scale = np.max(np.abs(wide_g))
    np.testing.assert_allclose(g, wide_g, rtol=0, atol=1e-2 * scale)  # a few roundings of subnormal numbers
    assert abs(np.sum(g, dtype=float) - np.sum(wide_g)) <= 5e-3 * max(np.sum(np.abs(wide_g)), scale)


@pytest.mark.parametrize("f", [autograd.softmax, autograd.log_softmax, autograd.logsumexp])
def test_rows_of_many(f):
    """Over the first axis NumPy adds row to row, so that a sum of float16 stops growing at 2,048."""
    x = np.zeros((N, 2), np.float16)
    np.testing.assert_allclose(f(x, axis=0), f(x.astype(float), axis=0), rtol=2e-3)


def test_log_softmax_of_many_that_all_count():
    """The sum of g is above 2,048."""
    assert_as_in_float64(lambda x: np.sum(autograd.log_softmax(x) * PROFILE), EQUAL)


def test_a_scan_of_many():
    x = Tensor(SPREAD, requires_grad=True)
    np.cumsum(x).backward(np.full(N, 0.01, np.float16))
    np.testing.assert_allclose(x.grad, 0.01 * np.arange(N, 0, -1), rtol=2e-3)


RANDOM = np.random.default_rng(1676)
SCORES, CLASSES = RANDOM.integers(-40, 40, (N, 4)).astype(np.float16) / 8, RANDOM.integers(0, 4, N)
ONES, SIGNS = SPREAD * 16, np.where(np.arange(N) % 3, 1, -1)
SHARES = ((SPREAD + 1.25) / 2.5).astype(np.float16)
LOSSES = [
    *((f, ONES, np.zeros_like(ONES)) for f in (functional.mse_loss, functional.l1_loss)),
    *((f, ONES, np.zeros_like(ONES)) for f in (functional.huber_loss, functional.smooth_l1_loss)),
    *((f, ONES, SIGNS) for f in (functional.hinge_loss, functional.hinge_embedding_loss)),
    *((f, SHARES, SHARES[::-1]) for f in (functional.binary_cross_entropy, functional.kl_div)),
    (functional.binary_cross_entropy_with_logits, ONES, SHARES),
]


@pytest.mark.parametrize(("f", "p", "t"), LOSSES, ids=[f.__name__ for f, *_ in LOSSES])
def test_a_loss_of_many(f, p, t):
    assert_as_in_float64(f, p, t)


@pytest.mark.parametrize("f", [functional.cross_entropy, functional.nll_loss, functional.multi_margin_loss])
def test_a_loss_of_many_samples(f):
    assert_as_in_float64(lambda z: f(z, CLASSES), SCORES)


def test_the_mean_of_a_batch_of_many():
    p = np.log(SHARES[::-1]).reshape(-1, 2)
    assert_as_in_float64(lambda p: functional.kl_div(p, SHARES.reshape(-1, 2), reduction="batchmean"), p)


def test_more_than_float32_can_count():
    n = 2**24 + 64
    at = np.broadcast_to(True, (n, 2))
    assert (parted(np.ones((1, 2), np.float32), at, 0)[0] == np.float32(1 / n)).all()
