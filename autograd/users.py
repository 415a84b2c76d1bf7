"""What is the user's own: code, objects, and the variables in them; apart from what libraries have.

Both who checks a derivation and who writes one look at the user's code as it runs.
"""

from __future__ import annotations

import functools
import os
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import numpy as np

from .attributes import attributes, items_of, slots_of
from .tensor import Tensor

HERE = Path(__file__).parents[1]
NN = os.path.join(HERE, "nn", "")  # with a separator at the end: nn_by_hand.py beside it is the user's
LIBRARIES = (
    os.path.join(HERE, "autograd", ""),
    NN,
    *(os.path.join(sysconfig.get_path(name), "") for name in ("stdlib", "platstdlib", "purelib", "platlib")),
    os.path.join(Path(np.__file__).parent, ""),
    "<frozen",
)
MOST = 1000  # entries of a container, beyond which it is data and not a collection of intermediates
HEAP = 1 << 9  # the flag of a class that was made while running
Place = tuple[Any, ...]  # how a variable is reached: ("W1",), ("hs", 2), ("layers", 0, "W")


def is_users(code: CodeType) -> bool:
    """Whether code is the user's own: of a script, a module, or the cell of a notebook."""
    return not code.co_filename.startswith(LIBRARIES)


def holds_variables(value: Any) -> bool:
    """Whether a value is an object of a class that the user wrote, or a layer, with attributes of its own."""
    kind: Any = type(value)
    return (hasattr(value, "__dict__") or bool(slots_of(kind))) and is_of_interest(kind)


@functools.cache
def is_of_interest(kind: Any) -> bool:
    """Whether the user wrote this class, or it is one of nn's, whose parameters are the user's too."""
    source = getattr(sys.modules.get(kind.__module__), "__file__", None) or ""
    is_made = bool(
        kind.__flags__ & HEAP
    )  # by a class statement: a doctest's classes say that they are builtins
    return (kind.__module__ != "builtins" or is_made) and (
        source.startswith(NN) or not source.startswith(LIBRARIES)
    )


@functools.cache
def in_library(kind: type) -> bool:
    """Whether a class comes with a package: autograd, nn, NumPy, Python, or one that is installed."""
    source = getattr(sys.modules.get(kind.__module__), "__file__", None) or ""
    return source.startswith(LIBRARIES)


def is_users_module(module: ModuleType) -> bool:
    """Whether a module is a file that the user wrote; one without a file is built in."""
    source = getattr(module, "__file__", None) or ""
    return bool(source) and not source.startswith(LIBRARIES)


def variables(scope: dict[str, Any]) -> Iterator[tuple[Place, Any]]:
    """The variables of a scope, the entries of its containers, and the attributes of its `self`.

    >>> dict(variables({"hs": [1.0], "n": 2}))
    {('hs',): [1.0], ('hs', 0): 1.0, ('n',): 2}
    """
    for name, value in scope.items():
        if name == "self":
            yield from parts(value, ())
        elif not name.startswith("__"):
            yield (name,), value
            yield from parts(value, (name,))


def parts(value: Any, path: Place, depth: int = 3) -> Iterator[tuple[Place, Any]]:
    """What a container or an object of the user's consists of, by the paths that lead to it."""
    for key, part in entries(value):
        yield (*path, key), part
        if depth and type(part) not in (Tensor, np.ndarray, float, int, str):
            yield from parts(part, (*path, key), depth - 1)


def entries(value: Any) -> Iterable[tuple[Any, Any]]:
    """The keys and values of a dict, list or tuple, or the attributes of an object that holds variables."""
    if isinstance(value, dict | list | tuple):
        return items_of(value) if len(value) <= MOST else ()
    return tuple(attributes(value).items()) if holds_variables(value) else ()


def written(place: Place) -> str:
    """A place as it is shown: the last name on the way to it, and the index behind that.

    >>> written(("layers", 0, "W")), written(("hs", 2))
    ('W', 'hs[2]')
    """
    last = max((i for i, key in enumerate(place) if isinstance(key, str)), default=-1)
    if last < 0:
        return "".join(f"[{key!r}]" for key in place)
    return str(place[last]) + "".join(f"[{key!r}]" for key in place[last + 1 :])
