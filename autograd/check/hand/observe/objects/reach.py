"""What the user's code can reach: the functions that are to be rewritten, and all that holds a state."""

from __future__ import annotations

import functools
import random
from collections import deque
from collections.abc import Iterable, Iterator
from enum import Enum
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from .....attributes import attributes, items_of
from .....tensor import Tensor
from .....users import holds_variables, in_library, is_of_interest, is_users, is_users_module

MOST = 10_000  # entries of a container, beyond which it is data and nothing to look into
# Nothing is looked for in these
PLAIN = frozenset({int, float, str, bytes, bool, complex, type(None), slice, type(Ellipsis)})


@functools.lru_cache(maxsize=1024)
def names_in(code: CodeType) -> frozenset[str]:
    """The names that a piece of code, and the functions in it, may look up."""
    inner = [names_in(c) for c in code.co_consts if isinstance(c, CodeType)]
    return frozenset(code.co_names).union(*inner)


class Root(Enum):
    """Where a way begins: at the inputs, a function itself, a global or a cell, or what was returned."""

    INPUTS = 1
    OWN = 2
    GLOBAL = 3
    RETURNED = 4


class Reach:
    """All that some values, the roots, lead to.

    functions   the user's own
    holders     the user's containers and objects, each once, with the shortest way to it
    scopes      the globals of the user's modules, and the names in them that are used
    cells       the cells of closures, with their names
    generators  generators of random numbers
    seen        all that was met, by identity
    """

    def __init__(self, roots: Iterable[tuple[tuple[Any, ...], Any]]) -> None:
        self.functions: list[FunctionType] = []
        self.holders: dict[int, tuple[tuple[Any, ...], Any]] = {}
        self.scopes: dict[int, tuple[dict[str, Any], set[str]]] = {}
        self.cells: dict[int, tuple[str, Any]] = {}
        self.generators: list[Any] = []
        self.seen: dict[int, Any] = {}
        waiting = deque(roots)
        while waiting:
            path, value = waiting.popleft()
            if id(value) in self.seen or type(value) in PLAIN:
                continue
            self.seen[id(value)] = value
            waiting.extend(self.within(path, value))

    def within(self, path: tuple[Any, ...], value: Any) -> Iterator[tuple[tuple[Any, ...], Any]]:
        """What a value leads to at once; it is noted among its kind."""
        if isinstance(value, FunctionType):
            if is_users(value.__code__):
                self.functions.append(value)
                yield from self.used_by(value)
        elif isinstance(value, MethodType):
            yield path, value.__self__
            yield (), value.__func__
        elif isinstance(value, functools.partial):
            yield from (((), v) for v in (value.func, *value.args, *value.keywords.values()))
        elif isinstance(value, ModuleType):
            if is_users_module(value):
                yield from (
                    ((), v) for v in tuple(vars(value).values()) if isinstance(v, FunctionType | type)
                )
        elif isinstance(value, type):
            if is_of_interest(value) and not in_library(value):
                yield from self.methods(value)
        elif isinstance(value, dict | list | tuple | set | deque):
            if len(value) <= MOST:
                self.holders[id(value)] = path, value
                pairs = (
                    (k, v) for k, v in items_of(value) if not (isinstance(k, str) and k.startswith("__"))
                )
                yield from (((*path, key), part) for key, part in pairs)
        elif isinstance(value, np.random.Generator | np.random.RandomState | random.Random):
            self.generators.append(value)
        elif isinstance(value, BuiltinFunctionType) and value.__self__ is not None:
            yield (), value.__self__  # rng.normal, taken by itself
        elif type(value) in (np.ndarray, Tensor):
            return
        elif holds_variables(value):
            self.holders[id(value)] = path, value
            yield from (((*path, key), part) for key, part in attributes(value).items())
            yield (), type(value)

    def used_by(self, function: FunctionType) -> Iterator[tuple[tuple[Any, ...], Any]]:
        """What a function refers to: its defaults, the cells of its closure, and global names."""
        yield from (((), v) for v in function.__defaults__ or ())
        yield from (((), v) for v in (function.__kwdefaults__ or {}).values())
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            try:
                held = cell.cell_contents
            except ValueError:  # not yet bound
                continue
            self.cells[id(cell)] = name, cell
            yield (Root.GLOBAL, name), held
        scope, names = function.__globals__, names_in(function.__code__)
        used = self.scopes.setdefault(id(scope), (scope, set()))[1]
        for name in names:
            if name in scope:
                used.add(name)
                held = scope[name]
                if isinstance(held, ModuleType):
                    if is_users_module(held):
                        own = vars(held)
                        here = names & own.keys()
                        self.scopes.setdefault(id(own), (own, set()))[1].update(here)
                        yield from (((Root.GLOBAL, n), own[n]) for n in here)
                else:
                    yield (Root.GLOBAL, name), held

    def methods(self, kind: type) -> Iterator[tuple[tuple[Any, ...], Any]]:
        """The functions of a class and of its bases, also those inside properties and class methods."""
        for base in kind.__mro__:
            if is_of_interest(base) and not in_library(base):
                for value in tuple(vars(base).values()):
                    for inner in ("__func__", "fget", "fset", "func"):
                        if type(value) in (staticmethod, classmethod, property, functools.cached_property):
                            yield (), getattr(value, inner, None)
                    yield (), value
