"""Clipped gradients: PyTorch's numbers, and gradients that cannot be clipped."""

import math

import numpy as np
import pytest

from autograd import Tensor
from autograd.errors import GradientError
from nn import Parameter
from nn.errors import ArgumentError
from nn.optim import clip_grad_norm_, clip_grad_value_
from tests import cases_optim as cases
from tests.oracles_optim import REFERENCE, backward, leaves


@pytest.mark.parametrize("i", range(len(cases.CLIPS)), ids=map(str, cases.CLIPS))
def test_clipping_by_norm_is_pytorchs(i):
    parameters = leaves()
    backward(parameters)
    norm = clip_grad_norm_((p for p in parameters), *cases.CLIPS[i])
    found = np.append(np.concatenate([p.grad.ravel() for p in parameters]), norm)
    np.testing.assert_allclose(found, REFERENCE[f"clip {i}"], rtol=1e-10)


def test_clipping_by_value_is_pytorchs():
    parameters = leaves()
    backward(parameters)
    clip_grad_value_([*parameters, Parameter(1.0)], cases.CLIP_VALUE)
    found = np.concatenate([p.grad.ravel() for p in parameters])
    np.testing.assert_allclose(found, REFERENCE["clip value"], rtol=1e-10)


def test_without_gradients_the_norm_is_0():
    assert clip_grad_norm_([Parameter(1.0)], 1.0) == 0
    assert clip_grad_norm_([], 1.0) == 0


def test_float32_stays_float32_and_its_norm_does_not_overflow():
    p = Parameter(np.ones(4, np.float32))
    p.grad = np.full(4, 1e30, np.float32)
    assert clip_grad_norm_(p, 1.0) == pytest.approx(2e30, rel=1e-7)
    assert p.grad.dtype == np.float32
    np.testing.assert_allclose(p.grad, 0.5, rtol=1e-6)


def test_gradients_that_are_recorded_stay_so():
    p = Tensor([3.0, 4.0], requires_grad=True)
    (p * p).sum().backward(create_graph=True)
    clip_grad_norm_(p, 1.0)
    assert isinstance(p.grad, Tensor)
    np.testing.assert_allclose(p.grad.data, [0.6, 0.8], rtol=1e-6)
    assert p.grad.requires_grad


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_gradient_that_is_not_finite_is_named_and_nothing_changes(value):
    p, q = Parameter([1.0]), Parameter([1.0, 2.0])
    p.grad, q.grad = [10.0], [1.0, value]
    with pytest.raises(
        GradientError, match=r"the gradient of parameter 1 with shape \(2,\) has norm (nan|inf)"
    ):
        clip_grad_norm_([p, q], 1.0)
    assert p.grad.tolist() == [10.0]


@pytest.mark.parametrize("limit", [0, -1.0, math.nan, "1", None])
def test_limits_are_positive(limit):
    with pytest.raises(ArgumentError, match="max_norm must be a positive number, not"):
        clip_grad_norm_([], limit)
    with pytest.raises(ArgumentError, match="norm_type must be"):
        clip_grad_norm_([], 1.0, limit)
    with pytest.raises(ArgumentError, match="clip_value must be"):
        clip_grad_value_([], limit)
