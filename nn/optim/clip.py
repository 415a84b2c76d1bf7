"""Gradient clipping, between `backward()` and `step()`."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Real

import numpy as np

from autograd import Tensor
from autograd.errors import GradientError

from ..errors import ArgumentError
from .groups import array

__all__ = ["clip_grad_norm_", "clip_grad_value_"]


def clip_grad_norm_(parameters: Tensor | Iterable[Tensor], max_norm: float, norm_type: float = 2.0) -> float:
    """The norm of all gradients together, before they are scaled to `max_norm` if it is larger.

    g <- g * min(1, max_norm / (norm + 1e-6)), which keeps their direction.  norm_type: the p of
    the p-norm, math.inf for the largest magnitude.

    Raises ArgumentError for a max_norm or norm_type that is not positive, GradientError if a gradient is
    not finite.  No gradient is then changed.

    Source: Pascanu, Mikolov and Bengio, On the difficulty of training recurrent neural networks
    (2013), algorithm 1.

    >>> w = Tensor([3.0, 4.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> clip_grad_norm_([w], max_norm=5.0)
    10.0
    >>> w.grad.round(6)
    array([3., 4.])
    """
    refuse_unless_positive(norm_type=norm_type, max_norm=max_norm)
    followed = with_gradients(parameters)
    norms = [np.linalg.norm(array(p.grad).astype(np.float64).ravel(), norm_type) for p in followed]
    norm = np.linalg.norm(np.stack(norms), norm_type) if norms else np.float64(0)
    if not np.isfinite(norm):
        i = int(np.argmin(np.isfinite(norms)))
        raise GradientError(
            f"the gradient of parameter {i} with shape {followed[i].shape} has norm {norms[i]}, which "
            "scaling cannot mend: the loss, or a derivative on the way to it, is not finite"
        )
    factor = np.minimum(max_norm / (norm + 1e-6), 1).item()
    for p in followed:
        p.grad = p.grad * factor
    return norm.item()


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float) -> None:
    """Limit every element of every gradient: g <- min(max(g, -clip_value), clip_value).

    Raises ArgumentError for a clip_value that is not positive.

    >>> w = Tensor([1.0, -5.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> clip_grad_value_([w], 3.0)
    >>> w.grad
    array([ 2., -3.])
    """
    refuse_unless_positive(clip_value=clip_value)
    for p in with_gradients(parameters):
        p.grad = p.grad.clip(-clip_value, clip_value)


def with_gradients(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    """The tensors that have a gradient, as a list: an iterable may be used up by looking through it once."""
    tensors = [parameters] if isinstance(parameters, Tensor) else parameters
    return [p for p in tensors if p.grad is not None]


def refuse_unless_positive(**options: float) -> None:
    """Raise ArgumentError for the first option that is not a number above 0, by its name."""
    for name, value in options.items():
        if not isinstance(value, Real) or not value > 0:
            raise ArgumentError(f"{name} must be a positive number, not {value!r}")
