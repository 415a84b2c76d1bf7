"""Reverse-mode automatic differentiation on NumPy, to read, to visualise, and to check gradients with.

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
from . import operators as operators  # importing it attaches the operators to Tensor
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
    from .compiled import compile
    from .derived.deriving import derive
    from .graph import Graph
    from .show.explanations.explain import explain
    from .show.pages.explore import explore
    from .show.pictures.animate import animate
    from .show.pictures.draw import draw

# Imported on first use, by __getattr__: they would add a tenth to the time of `import autograd`.
LATER = {
    "compile": ".compiled",
    "Graph": ".graph",
    "animate": ".show",
    "derive": ".derived.deriving",
    "draw": ".show",
    "explain": ".show",
    "explore": ".show",
}

__version__ = "0.1.0"

__all__ = [
    "Graph",
    "Tensor",
    "animate",
    "compile",
    "debug",
    "derive",
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
    """One of the names in LATER, which is imported now."""
    if name not in LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(LATER[name], __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *LATER})
