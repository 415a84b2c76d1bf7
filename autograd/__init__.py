"""Reverse-mode automatic differentiation on NumPy that can be read, seen and held against.

>>> import numpy as np
>>> from autograd import Tensor
>>> w = Tensor([1.0, 2.0], requires_grad=True)
>>> loss = np.sum(w**2)
>>> loss.backward()
>>> w.grad
array([2., 4.])
"""

from . import errors, rules
from .functions import log_softmax, logsumexp, op, put, relu, scatter, sigmoid, softmax, softplus
from .mode import enable_grad, no_grad
from .ops import rule
from .show import draw
from .tensor import Tensor

__version__ = "0.1.0"

__all__ = [
    "Tensor",
    "draw",
    "enable_grad",
    "errors",
    "log_softmax",
    "logsumexp",
    "no_grad",
    "op",
    "put",
    "relu",
    "rule",
    "rules",
    "scatter",
    "sigmoid",
    "softmax",
    "softplus",
]
