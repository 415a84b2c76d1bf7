"""Regularization, against fitting the noise: dropout, and penalties on the size of the weights."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd import Tensor

from ..errors import ArgumentError
from .arguments import floats

__all__ = ["dropout", "l1_penalty", "l2_penalty"]


def dropout(x: Any, p: float = 0.5, training: bool = True, *, rng: Any = None) -> Any:
    """x m / (1 - p), where each element of m is 0 with probability p and else 1; x itself unless training.

    The expected value of the output is x.  rng: a `np.random.Generator`, or a seed for one.

    Raises ArgumentError if p is not a probability.

    Source: Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from Overfitting (2014),
    section 4; dividing by 1 - p in training, instead of multiplying later, is from their section 10.

    >>> dropout(np.ones(6), 0.5, rng=0)
    array([2., 0., 0., 0., 2., 2.])
    """
    if not 0 <= p <= 1:
        raise ArgumentError(f"dropout: p={p} must be a probability, between 0 and 1")
    if not training or p == 0:
        return x
    x = floats("dropout", x)
    generator = rng if isinstance(rng, np.random.Generator) else np.random.default_rng(rng)
    drawn = generator.random(x.shape, np.float32 if x.itemsize < 8 else np.float64)
    return x * ((drawn >= p) / x.dtype.type(1 - p if p < 1 else 1)).astype(x.dtype, copy=False)


def l1_penalty(parameters: Iterable[Tensor]) -> Any:
    """The sum of |w| over all elements w of the parameters; its derivative at 0 is 0.

    Add a small multiple of it to a loss: it drives weights that matter little to 0.

    Raises ArgumentError if there are no parameters.

    Source: Tibshirani, Regression Shrinkage and Selection via the Lasso (1996), eq. 1.

    >>> l1_penalty([Tensor([1.0, -2.0]), Tensor(3.0)])
    Tensor(6., dtype=float64)
    """
    return total([np.abs(p).sum() for p in listed(parameters)])


def l2_penalty(parameters: Iterable[Tensor]) -> Any:
    """The sum of w^2 over all elements w of the parameters, whose derivative is 2 w.

    Add a small multiple of it to a loss: it keeps the weights small.  Multiplied by λ/2, it corresponds to
    the `weight_decay` λ of an optimizer.

    Raises ArgumentError if there are no parameters.

    Source: Krogh and Hertz, A Simple Weight Decay Can Improve Generalization (1991), eq. 3.

    >>> l2_penalty([Tensor([1.0, -2.0]), Tensor(3.0)])
    Tensor(14., dtype=float64)
    """
    return total([np.square(p).sum() for p in listed(parameters)])


def listed(parameters: Any) -> list[Tensor]:
    """The parameters as a list.  Raises ArgumentError if there are none, of which the penalty would be 0."""
    found = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    if not found:
        raise ArgumentError("a penalty needs parameters, and got none: was a used-up generator passed to it?")
    return found


def total(terms: list[Any]) -> Any:
    """The sum of the terms, of which there is at least one, without a 0 at its start in the graph."""
    result, *rest = terms
    for term in rest:
        result = result + term
    return result
