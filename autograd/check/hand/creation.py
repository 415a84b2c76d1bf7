"""Arrays that a forward pass makes and then fills, as Tensors: `out = np.zeros(n)`, `out[i] = x @ w`.

An assignment into an array of NumPy's is not recorded: the Tensor would have to turn into numbers.  So a
forward pass that makes one is run with Tensors in the place of the arrays that it makes.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ...tensor import Tensor
from .watch import is_users

CREATORS = ("zeros", "ones", "empty", "full", "zeros_like", "ones_like", "empty_like", "full_like")


@contextmanager
def arrays_as_tensors() -> Iterator[None]:
    """A block in which NumPy's functions that make arrays give the user's code Tensors, if of floats.

    Whoever else calls them meanwhile, NumPy itself or another thread, gets arrays as ever.
    """
    originals = {name: getattr(np, name) for name in CREATORS}
    thread = threading.get_ident()
    vars(np).update({name: making(function, thread) for name, function in originals.items()})
    try:
        yield
    finally:
        vars(np).update(originals)


def making(function: Callable[..., Any], thread: int) -> Callable[..., Any]:
    """A function that makes a Tensor of the array that another makes, for the user's code in a thread."""

    @functools.wraps(function)
    def make(*args: Any, **kwargs: Any) -> Any:
        made = function(*args, **kwargs)
        is_asked = threading.get_ident() == thread and is_users(sys._getframe(1).f_code)
        return Tensor(made) if is_asked and type(made) is np.ndarray and made.dtype.kind == "f" else made

    return make
