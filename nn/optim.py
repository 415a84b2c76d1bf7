"""Optimizers: how parameters follow their gradients."""

from __future__ import annotations

import math
from collections.abc import Iterable
from numbers import Real
from typing import Any

import numpy as np

from autograd import Tensor, no_grad

from .errors import ArgumentError

__all__ = ["SGD"]


class SGD:
    """Gradient descent: p <- p - lr * dL/dp for each parameter p, in place.

    parameters: leaf tensors, such as `model.parameters()`; one without a gradient stays as it is
    lr: the learning rate, positive and finite; it can be changed between steps

    "Stochastic" is the choice of the samples that the loss is computed from.

    Raises ArgumentError if there are no parameters, or one is not a leaf that requires a gradient
    or is given twice, and for any other learning rate.

    Source: Robbins and Monro, A Stochastic Approximation Method (1951), eq. 8.

    >>> w = Tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = SGD([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.data
    array([0.8, 1.6])
    """

    def __init__(self, parameters: Iterable[Tensor], lr: float) -> None:
        self.parameters = trainable(parameters)
        self.lr = lr

    @property
    def lr(self) -> float:
        """The learning rate."""
        return self._lr

    @lr.setter
    def lr(self, value: float) -> None:
        if not isinstance(value, Real) or not 0 < value < math.inf:
            raise ArgumentError(f"lr must be a positive, finite number, not {value!r}")
        self._lr: float = float(value)
        # Arrays, as they are multiplied in two thirds of the time that a float takes; of each
        # parameter's dtype, as a float64 array would promote a float32 gradient.
        self._pairs: list[tuple[Tensor, Any]] = [(p, np.array(value, p.dtype)) for p in self.parameters]

    def step(self) -> None:
        """Move every parameter that has a gradient a step against it.

        A graph made before the step is stale then: its backward() raises GradientError.
        """
        with no_grad():
            for p, rate in self._pairs:
                g = p.grad
                if g is not None:
                    p -= rate * g

    def zero_grad(self) -> None:
        """Forget the gradient of every parameter."""
        for p in self.parameters:
            p.grad = None

    def __repr__(self) -> str:
        return f"SGD({len(self.parameters)} parameters, lr={self.lr})"


def trainable(parameters: Any) -> list[Tensor]:
    """`parameters` as a list, checked to be distinct leaves that require a gradient."""
    if isinstance(parameters, Tensor) or not isinstance(parameters, Iterable):
        raise ArgumentError(
            f"an optimizer takes an iterable of tensors, such as model.parameters(), "
            f"not one {type(parameters).__name__}"
        )
    found = list(parameters)
    if not found:
        raise ArgumentError(
            "an optimizer without parameters: was a generator, used up already, passed to it?"
        )
    seen: set[int] = set()
    for i, p in enumerate(found):
        if not isinstance(p, Tensor):
            raise ArgumentError(
                f"parameter {i} is a {type(p).__name__}, not a Tensor: pass model.parameters()"
            )
        if not p.is_leaf:
            raise ArgumentError(
                f"parameter {i}, of shape {p.shape}, is not a leaf that requires a gradient, "
                f"so backward() gives it none: make it one with Parameter(data)"
            )
        if id(p) in seen:
            raise ArgumentError(
                f"parameter {i}, of shape {p.shape}, is given twice, and would move twice a step"
            )
        seen.add(id(p))
    return found
