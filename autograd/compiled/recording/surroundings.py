"""What a step can read besides its arguments: the arrays, numbers and objects that it closes over.

A function reaches them through its closure, through the globals that its code names, and through their
attributes and contents.  A `Place` is where one of them is kept.
"""

from __future__ import annotations

import functools
import random
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from ...engine import Node
from ...mode import is_library
from ...tensor import Tensor

PLAIN = (bool, int, float, complex, np.generic, str, bytes, type(None), np.ndarray, np.dtype)
PYTHONS = ("<frozen", sysconfig.get_path("stdlib"))  # the beginnings of the names of Python's own files
MANY = 1000  # a container with more parts is data, and not entered


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where something is kept: an item of a dict or list, or an attribute of an object with slots.

    said: its name in a message
    """

    holder: Any
    key: Any
    said: str

    @property
    def identity(self) -> tuple[int, Any]:
        """What tells this place from others, while its holder lives."""
        return id(self.holder), self.key

    def read(self) -> Any:
        """What is there now.  Raises LookupError where it has been deleted from a dict or list."""
        attribute = isinstance(self.holder, Tensor | Node | CellType)
        return getattr(self.holder, self.key) if attribute else self.holder[self.key]

    def write(self, value: Any) -> None:
        """Put a value there, with no checks but the holder's own."""
        if isinstance(self.holder, Tensor | Node | CellType):
            setattr(self.holder, self.key, value)
        else:
            self.holder[self.key] = value


class Surroundings:
    """Everything that is reached from `roots`.

    places   where everything is kept that is not in a tuple
    holders  the dicts and lists, each with its name in messages
    tensors  the tensors, each with such a name
    sources  the generators that draw random numbers without telling, each after such a name
    opaque   the name of something whose state cannot be seen, or empty
    """

    def __init__(self, *roots: Any) -> None:
        """Go through everything that is reached, each object once, and without recursion."""
        self.places: list[Place] = []
        self.holders: list[tuple[Any, str]] = []
        self.tensors: dict[Tensor, str] = {}
        self.sources: list[tuple[str, Any]] = []
        self.opaque = ""
        known: dict[Any, Any] = {}  # also keeps what is known alive, for the ids in it
        waiting = [(root, "") for root in roots]
        while waiting:
            value, said = waiting.pop()
            if isinstance(value, Place):
                place, value = value, value.read()
                if known.setdefault(place.identity, place) is place:
                    self.places.append(place)
            if type(value) is Tensor and self.tensors.get(value, "").endswith("]"):
                self.tensors[value] = said  # "model.weight" says more than "parameters[0]"
            if id(value) not in known and not isinstance(value, PLAIN):
                known[id(value)] = value
                waiting += [
                    (part, part.said) if isinstance(part, Place) else part for part in self.parts(value, said)
                ]

    def parts(self, value: Any, said: str) -> Iterable[Any]:
        """What is directly in a value: places, and other values with their names in messages."""
        if type(value) is Tensor:
            return self.of_tensor(value, said)
        if isinstance(value, FunctionType):
            return reads(value)
        if isinstance(value, MethodType):
            return [(value.__self__, said or "self"), (value.__func__, said)]
        if isinstance(value, functools.partial):
            return [(part, said) for part in (value.func, *value.args, *value.keywords.values())]
        if "__wrapped__" in getattr(value, "__dict__", {}):
            return [(value.__wrapped__, said)]
        if isinstance(value, dict):
            names = [f"{said}[{key if type(key) in (str, int) else '...'!r}]" for key in value]
            return self.contents(value, list(zip(value, names, strict=True)), said)
        if isinstance(value, list):
            return self.contents(value, [(i, f"{said}[{i}]") for i in range(len(value))], said)
        if isinstance(value, tuple | set | frozenset):
            return [(part, f"{said}[{i}]") for i, part in enumerate(value)][:MANY]
        if isinstance(value, type):
            return [(function, said) for function in functions_of(value)]
        if isinstance(value, np.random.RandomState | random.Random):
            self.sources.append((said, value))
        elif hasattr(value, "__next__"):
            self.opaque = self.opaque or f"an iterator, {said or type(value).__name__}"
        elif hasattr(value, "__dict__") and not isinstance(value, ModuleType | BuiltinFunctionType):
            keys = [(key, f"{said}.{key}") for key in vars(value)]
            return [(type(value), said), *self.contents(vars(value), keys, said)]
        return []

    def of_tensor(self, tensor: Tensor, said: str) -> Iterator[Any]:
        """The place of a tensor's array; for a leaf, also the place of its gradient, and its hooks."""
        self.tensors[tensor] = said
        yield Place(tensor, "data", said)
        if tensor.is_leaf:
            yield Place(tensor.node, "grad", f"the gradient of {said}")
            yield tensor.node.kwargs, f"the hooks of {said}"  # type: ignore[union-attr]

    def contents(self, holder: Any, keys: list[tuple[Any, str]], said: str) -> Iterable[Place]:
        """The places in a dict or list, by their keys and names; none if there are too many."""
        if len(keys) > MANY:
            return []
        self.holders.append((holder, said))
        return [Place(holder, key, name) for key, name in keys]


def of_library(file: str) -> bool:
    """Whether a file is ours, NumPy's or Python's, so that its globals and classes do not change."""
    return is_library(file) or (file.startswith(PYTHONS) and "site-packages" not in file)


def functions_of(kind: type) -> list[FunctionType]:
    """The functions in a class and its bases; none for a library's class, whose functions do not change."""
    if of_library(getattr(sys.modules.get(kind.__module__), "__file__", None) or PYTHONS[0]):
        return []
    return [f for base in kind.__mro__ for f in vars(base).values() if isinstance(f, FunctionType)]


def reads(function: FunctionType) -> Iterator[Any]:
    """What a function can read besides its arguments; for a library's function, only what it closes over."""
    code = function.__code__
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        if cell != CellType():  # else it is not filled yet
            yield Place(cell, "cell_contents", name)
    yield from ((part, code.co_name) for part in function.__defaults__ or ())
    yield from ((part, code.co_name) for part in (function.__kwdefaults__ or {}).values())
    if of_library(code.co_filename):
        return
    for name in sorted(names_in(code) & function.__globals__.keys()):
        if not isinstance(function.__globals__[name], ModuleType):
            yield Place(function.__globals__, name, name)


def names_in(code: CodeType) -> set[str]:
    """The names of globals and attributes in a function's code, and in the code of functions in it."""
    inner = (names_in(part) for part in code.co_consts if isinstance(part, CodeType))
    return set(code.co_names).union(*inner)
