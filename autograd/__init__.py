"""Reverse-mode automatic differentiation on NumPy that can be read, seen and held against.

>>> import numpy as np
>>> from autograd import Tensor
>>> w = Tensor([1.0, 2.0], requires_grad=True)
>>> loss = np.sum(w**2)
>>> loss.backward()
>>> w.grad
array([2., 4.])
"""

import importlib
from typing import TYPE_CHECKING, Any

from . import errors, rules
from . import operators as operators  # which attaches them to Tensor
from .functions import (
    fold,
    log_softmax,
    logsumexp,
    op,
    put,
    relu,
    scatter,
    sigmoid,
    softmax,
    softplus,
    windows,
)
from .mode import debug, enable_grad, no_grad, own_recording, scope
from .ops import rule
from .tensor import Tensor

if TYPE_CHECKING:
    from .graph import Graph
    from .show import draw, explain, explore

# imported when first looked at: see below
LATER = {"Graph": ".graph", "draw": ".show", "explain": ".show", "explore": ".show"}

__version__ = "0.1.0"

__all__ = [
    "Graph",
    "Tensor",
    "debug",
    "draw",
    "enable_grad",
    "errors",
    "explain",
    "explore",
    "fold",
    "log_softmax",
    "logsumexp",
    "no_grad",
    "op",
    "own_recording",
    "put",
    "relu",
    "rule",
    "rules",
    "scatter",
    "scope",
    "sigmoid",
    "softmax",
    "softplus",
    "windows",
]


def __getattr__(name: str) -> Any:
    """What only those need who look at a graph, and what would add a tenth to the time of an import."""
    if name not in LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(LATER[name], __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *LATER})
