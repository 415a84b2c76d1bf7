"""What the user's functions take, and what they returned, one by one."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from types import CodeType
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from ....errors import DerivationError
from ....tensor import Tensor
from ....transforms.structure import name_of
from .training import Body

# How a name begins that stands for what forward keeps for backward
CACHES = (
    "cache", "cach", "saved", "mem", "ctx", "context",
    "state", "tape", "store", "stash", "tmp", "intermediate",
)  # fmt: skip

# The parameters of each function: by itself, and as the method of an object
SIGNATURES: WeakKeyDictionary[Any, dict[bool, tuple[inspect.Parameter, ...]]] = WeakKeyDictionary()


def missing_inputs(function: Any, names: list[str], known: Iterable[str]) -> DerivationError:
    """The error for parameters that have no value; it holds their names as `missing`."""
    error = DerivationError(
        f"{name_of(function)} takes {', '.join(names)}, and there is no such input or variable of "
        f"forward: there are {', '.join(sorted(known)) or 'none'}"
    )
    error.missing = tuple(names)
    return error


def refuse_misspelt(functions: Iterable[Any], inputs: Iterable[str]) -> None:
    """Raise DerivationError for an input that no function takes, where one of nearly that name is left out.

    It would go by its default, and nobody would know.

    >>> refuse_misspelt([lambda x, reg=0.0: x], ["x", "rge"])
    Traceback (most recent call last):
    autograd.errors.DerivationError: no function takes the input rge: is it reg?
    """
    parameters = {p.name: p for f in functions for p in parameters_of(f)}
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return
    given = set(inputs)
    left_out = [n for n, p in parameters.items() if p.default is not p.empty and n not in given]
    for name in sorted(given - parameters.keys()):
        if close := get_close_matches(name, left_out, 1):
            raise DerivationError(f"no function takes the input {name}: is it {close[0]}?")


@functools.lru_cache(maxsize=1024)
def words_in(code: CodeType) -> frozenset[str]:
    """The names and the words in a piece of code, without the parameters of its functions."""
    inner = [words_in(c) for c in code.co_consts if isinstance(c, CodeType)]
    words = {c for c in code.co_consts if isinstance(c, str) and c.isidentifier()}
    given = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return frozenset({*code.co_names, *code.co_varnames, *code.co_cellvars} - {*given} | words).union(*inner)


def parameters_of(function: Any) -> tuple[inspect.Parameter, ...]:
    """The parameters of a function or a method; they are kept, as `inspect` takes a while to find them."""
    inner = getattr(function, "__func__", function)
    try:
        known = SIGNATURES.setdefault(inner, {})
    except TypeError:  # it has no weak references
        known = {}
    is_bound = inner is not function
    if is_bound not in known:
        known[is_bound] = tuple(inspect.signature(function).parameters.values())
    return known[is_bound]


def needed(function: Callable[..., Any]) -> list[str]:
    """The parameters of a function that must be given."""
    wanted = parameters_of(function)
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [p.name for p in wanted if p.default is p.empty and p.kind not in kinds]


def taken(function: Callable[..., Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that a function takes, by the names of its parameters.

    Raises DerivationError if a parameter without a default has no value.
    """
    if isinstance(function, Body):
        return {}
    wanted = parameters_of(function)
    if any(p.kind is p.VAR_KEYWORD for p in wanted):
        return dict(values)
    missing = [name for name in needed(function) if name not in values]
    if missing:
        raise missing_inputs(function, missing, values)
    return {p.name: values[p.name] for p in wanted if p.name in values}


def is_cache(name: str) -> bool:
    """Whether a parameter is called as what forward keeps for backward."""
    return name.lower().startswith(CACHES)


def code_of(function: Any) -> CodeType | None:
    """The code of a function, a method, or what a decorator made of one."""
    function = inspect.unwrap(getattr(function, "__func__", function))
    while hasattr(function, "func"):
        function = function.func  # a functools.partial
    return getattr(function, "__code__", None) or getattr(type(function).__call__, "__code__", None)


def name_in_code(function: Any) -> str:
    """The name of a function as its sites have it: with its classes, and without `<locals>`."""
    code = None if isinstance(function, Body) else code_of(function)
    return getattr(code, "co_qualname", "").replace(".<locals>", "") if code else ""


def names_stored(function: Any) -> set[str]:
    """The variables of a function, its parameters among them."""
    code = code_of(function)
    return {*code.co_varnames, *code.co_cellvars} - {"self"} if code else set()


def elements_of(returned: Any) -> list[tuple[Any, Any]]:
    """What a function returned, one by one, with the keys; None is the key of what is returned alone."""
    if isinstance(returned, tuple | list):
        return list(enumerate(returned))
    return list(returned.items()) if isinstance(returned, dict) else [(None, returned)]


def data_of(value: Any) -> Any:
    """The array of a Tensor; any other value is itself."""
    return value.data if type(value) is Tensor else value


def plain(value: Any) -> Any:
    """A value with an array in the place of a Tensor."""
    return np.array(value.data)[()] if type(value) is Tensor else value
