"""Optimizers: what a step does to the parameters, and what may be optimized."""

import numpy as np
import pytest

import nn
from autograd import Tensor
from autograd.errors import GradientError
from nn import Parameter
from nn.errors import ArgumentError
from nn.optim import SGD


def with_gradient(data, gradient):
    p = Parameter(data)
    p.grad = gradient
    return p


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("lr", [0.1, 1, np.float32(0.5), np.float64(0.25)])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
def test_a_step_subtracts_lr_times_the_gradient_in_place(shape, lr, dtype):
    rng = np.random.default_rng(0)
    data, gradient = rng.normal(size=shape).astype(dtype), rng.normal(size=shape).astype(dtype)
    p = with_gradient(data, gradient)
    array = p.data
    SGD([p], lr).step()
    assert p.data is array
    assert p.dtype == dtype
    np.testing.assert_array_equal(p.data, data - dtype(lr) * gradient)
    np.testing.assert_array_equal(p.grad, gradient)  # which is left as it was


def test_parameters_without_a_gradient_stay():
    p, q = with_gradient([1.0], [1.0]), Parameter([1.0])
    SGD([p, q], lr=0.5).step()
    assert (p.tolist(), q.tolist()) == ([0.5], [1.0])


def test_zero_grad_forgets_the_gradients():
    p, q = with_gradient([1.0], [1.0]), Parameter([1.0])
    SGD([p, q], lr=0.5).zero_grad()
    assert p.grad is None
    assert q.grad is None


def test_the_learning_rate_can_be_changed():
    p = with_gradient([1.0], [1.0])
    optimizer = SGD([p], lr=0.5)
    optimizer.lr = 0.25
    optimizer.step()
    assert (optimizer.lr, p.tolist()) == (0.25, [0.75])
    with pytest.raises(ArgumentError, match="lr"):
        optimizer.lr = -1
    assert optimizer.lr == 0.25


def test_a_generator_of_parameters_is_used_up_once():
    p, q = with_gradient([1.0], [1.0]), with_gradient([2.0], [1.0])
    optimizer = SGD((t for t in (p, q)), lr=0.5)
    optimizer.step()
    optimizer.step()
    assert (p.tolist(), q.tolist()) == ([0.0], [1.0])


def test_a_graph_from_before_the_step_is_stale():
    p = Parameter([1.0, 2.0])
    loss = (p * p).sum()
    loss.backward()
    SGD([p], lr=0.5).step()
    with pytest.raises(GradientError, match="changed in place"):
        loss.backward()


def test_gradients_that_are_tensors_are_followed_too():
    p = Parameter([1.0, 2.0])
    (p * p).sum().backward(create_graph=True)
    SGD([p], lr=0.5).step()
    assert p.tolist() == [0.0, 0.0]
    assert p.is_leaf


LEAF = Parameter([1.0])
BAD = {
    "no parameters": ([], 0.1, "without parameters"),
    "a used up generator": (iter(()), 0.1, "generator"),
    "a tensor": (Parameter([1.0, 2.0]), 0.1, "not one Tensor"),
    "not an iterable": (nn.Sigmoid(), 0.1, "not one Sigmoid"),
    "a model": (
        nn.Sequential(nn.Linear(1, 1)),
        0.1,
        r"0 is a Linear, not a Tensor: pass model.parameters\(\)",
    ),
    "an array": ([np.ones(2)], 0.1, "0 is a ndarray"),
    "names": (nn.Linear(1, 1).named_parameters(), 0.1, "0 is a tuple"),
    "a constant": ([LEAF, Tensor([[1.0]])], 0.1, r"parameter 1, of shape \(1, 1\), is not a leaf"),
    "a result": ([LEAF * 2], 0.1, "parameter 0, .* is not a leaf"),
    "one twice": ([LEAF, Parameter(1.0), LEAF], 0.1, "parameter 2, .* given twice"),
    "lr 0": ([LEAF], 0, "lr must be a positive, finite number, not 0"),
    "lr negative": ([LEAF], -0.1, "lr must be .* not -0.1"),
    "lr infinite": ([LEAF], float("inf"), "lr must be .* not inf"),
    "lr NaN": ([LEAF], float("nan"), "lr must be .* not nan"),
    "lr text": ([LEAF], "0.1", "lr must be .* not '0.1'"),
    "lr None": ([LEAF], None, "lr must be .* not None"),
}


@pytest.mark.parametrize(("parameters", "lr", "message"), BAD.values(), ids=BAD)
def test_what_cannot_be_optimized_is_refused(parameters, lr, message):
    with pytest.raises(ArgumentError, match=message):
        SGD(parameters, lr)


def test_repr_says_how_many_parameters_and_how_fast():
    assert repr(SGD(nn.Linear(2, 1).parameters(), lr=0.1)) == "SGD(2 parameters, lr=0.1)"
