"""The case, and arrays drawn for it."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import autograd
from autograd.functions import cast
from autograd.ops import composed, table
from autograd.rules.ufunc_methods import extreme, running_extreme

from .oracles import Derivative, complex_step, richardson

Array = Any


@dataclasses.dataclass(frozen=True, eq=False)
class Case:
    """One call `function(*args, **options)`, to be differentiated by every array of floats in `args`.

    function    the key of a row in the table, or of a composition
    constants   why its backward graph has arrays that were not computed in it, if it has
    """

    function: Callable[..., Any]
    args: tuple[Any, ...]
    options: dict[str, Any]
    constants: str = ""

    @property
    def arrays(self) -> list[Array]:
        """The arrays of floats among the arguments, in order, including arrays in lists."""
        return [a for a in flattened(list(self.args)) if is_floats(a)]

    @property
    def derivative(self) -> Derivative:
        """The way to the numerical derivative: the complex step, unless the function has no complex form."""
        return richardson if self.function in NOT_ANALYTIC else complex_step

    def __call__(self, arrays: Sequence[Any]) -> Any:
        """The function, called as users call it, with these arrays or tensors in place of the case's own."""
        return CALL.get(self.function, self.function)(*self.with_arrays(arrays), **self.options)

    def twin(self, *arrays: Array) -> Array:
        """The twin of the function on plain arrays, which may be complex."""
        call = CALL.get(self.function, self.function)
        return TWIN.get(self.function, call)(*self.with_arrays(arrays), **self.options)

    def with_arrays(self, arrays: Sequence[Any]) -> list[Any]:
        """The arguments, with these in place of the arrays of floats."""
        following = iter(arrays)

        def replaced(arg: Any) -> Any:
            if type(arg) is list:
                return [replaced(a) for a in arg]
            return next(following) if is_floats(arg) else arg

        return [replaced(arg) for arg in self.args]

    def __str__(self) -> str:
        given = [*map(brief, self.args), *(f"{name}={brief(value)}" for name, value in self.options.items())]
        return f"{self.function.__name__}({', '.join(given)})"


def case(function: Callable[..., Any], *args: Any, **options: Any) -> Case:
    """A case.  Its arrays become read-only, so that a rule which writes to an argument fails at once."""
    known = function in table or function in composed
    key = function if known else function.__wrapped__  # type: ignore[attr-defined]
    result = Case(key, args, options)
    for a in result.arrays:
        a.setflags(write=False)
    return result


def is_floats(arg: Any) -> bool:
    return type(arg) is np.ndarray and arg.dtype.kind == "f"


def flattened(arg: Any) -> list[Any]:
    """The items of a list and of the lists inside it."""
    return [a for part in arg for a in flattened(part)] if type(arg) is list else [arg]


def brief(value: Any) -> str:
    """An argument in the name of a test: the shape of an array, anything else as it is."""
    if isinstance(value, list):
        return f"[{', '.join(map(brief, value))}]"
    if callable(value):
        return value.__name__
    if not isinstance(value, np.ndarray):
        return str(value)
    return "x".join(map(str, value.shape)) + ("" if value.dtype == float else value.dtype.char) or "0d"


def over(cases: Sequence[Case]) -> Callable[..., Any]:
    """Makes of a test of a case one for each function, of all its cases.

    There are so many cases that pytest would take longer over the tests than the tests over the cases.
    """
    groups: dict[str, list[Case]] = {}
    for c in cases:
        groups.setdefault(c.function.__name__, []).append(c)

    def grouped(test: Callable[[Case], None]) -> Any:
        @functools.wraps(test)
        def of_function(cases: list[Case]) -> None:
            for c in cases:
                try:
                    test(c)
                except BaseException as error:
                    error.add_note(f"in the case {c}")
                    raise

        del of_function.__wrapped__  # type: ignore[attr-defined]  # where pytest would look for the arguments
        return pytest.mark.parametrize("cases", groups.values(), ids=groups)(of_function)

    return grouped


# How a function is called, if not as f(*args), and its twin: the same function written for
# complex numbers, if NumPy's function takes none or is not analytic (np.var squares a modulus).


def assign(a: Any, v: Any, index: Any) -> Any:
    """A copy of `a`, after `copy[index] = v`."""
    a = np.copy(a)
    a[index] = v
    return a


def assign_twin(a: Array, v: Array, index: Any) -> Array:
    return assign(a.astype(np.result_type(a, v)), v, index)


def var_twin(a: Array, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Array:
    centred = a - np.mean(a, axis=axis, keepdims=True)
    n = a.size // max(1, np.sum(a, axis=axis).size)
    return np.sum(centred * centred, axis=axis, keepdims=keepdims) / (n - ddof)


def in_full(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function without its `dtype` option, which would drop the imaginary part."""
    return lambda *args, dtype=None, **options: function(*args, **options)


CALL: dict[Any, Callable[..., Any]] = {
    operator.setitem: assign,
    cast: lambda a, dtype: a.astype(dtype),
    inspect.unwrap(extreme): extreme,
    inspect.unwrap(running_extreme): running_extreme,
} | {
    getattr(autograd, name).__wrapped__: getattr(autograd, name)
    for name in (
        "sigmoid",
        "relu",
        "softplus",
        "logsumexp",
        "softmax",
        "log_softmax",
        "scatter",
        "put",
        "windows",
        "fold",
    )
}

TWIN: dict[Any, Callable[..., Any]] = {
    np.cbrt: lambda x: x ** (1 / 3),
    np.logaddexp: lambda a, b: np.log(np.exp(a) + np.exp(b)),
    np.logaddexp2: lambda a, b: np.log2(2**a + 2**b),
    np.arctan2: lambda a, b: 2 * np.arctan(a / (np.sqrt(a * a + b * b) + b)),
    np.hypot: lambda a, b: np.sqrt(a * a + b * b),
    **dict.fromkeys((np.deg2rad, np.radians), lambda x: x * (np.pi / 180)),
    **dict.fromkeys((np.rad2deg, np.degrees), lambda x: x * (180 / np.pi)),
    np.var: var_twin,
    np.std: lambda a, **options: np.sqrt(var_twin(a, **options)),
    **{f: in_full(f) for f in (np.sum, np.mean, np.prod, np.cumsum, np.cumprod)},
    cast: lambda a, dtype: a,
    operator.setitem: assign_twin,
    autograd.put.__wrapped__: assign_twin,
    autograd.softplus.__wrapped__: lambda x: np.log1p(np.exp(x)),
    np.empty_like: np.zeros_like,  # the content of an empty array is not a function of anything
}

# These choose, or round: away from ties they are linear, and differences are exact.
NOT_ANALYTIC = {
    *(np.absolute, np.fabs, np.copysign, np.maximum, np.minimum, np.fmax, np.fmin, np.clip),
    *(np.max, np.min, np.amax, np.amin, np.remainder, np.fmod, autograd.relu.__wrapped__),
    *(np.nextafter, np.full_like, inspect.unwrap(extreme), inspect.unwrap(running_extreme)),
    *(f for f, op in table.items() if op.rules and not any(op.rules)),
}


# These make an integer array from the one that they are given, whatever is put into it.
KEEP_INTEGERS = {operator.setitem, autograd.put.__wrapped__, np.full_like}


# Arrays, drawn from one generator.  The names tell the distribution.

rng = np.random.default_rng(1676)  # the year in which Leibniz wrote down the chain rule


def real(*shape: int) -> Array:
    return np.asarray(rng.normal(size=shape))


def positive(*shape: int) -> Array:
    return np.asarray(rng.uniform(0.5, 2, shape))


def fraction(*shape: int) -> Array:
    """Between -1 and 1, and near neither."""
    return np.asarray(rng.uniform(-0.8, 0.8, shape))


def beyond_one(*shape: int) -> Array:
    return np.asarray(rng.uniform(1.3, 3, shape))


def off_zero(*shape: int) -> Array:
    """Of either sign, and not near 0."""
    return np.asarray(rng.uniform(0.5, 2, shape) * rng.choice([-1, 1], shape))


def halves(*shape: int) -> Array:
    """..., -0.5, 0.5, 1.5, ...: divided by `ones`, not near an integer."""
    return np.asarray(rng.integers(-2, 2, shape) + 0.5)


def ones(*shape: int) -> Array:
    """Near 1 and -1."""
    return np.asarray(rng.uniform(0.9, 1.1, shape) * rng.choice([-1, 1], shape))


def spaced(*shape: int) -> Array:
    """All different by at least 0.5, and none nearer to 0 than 0.25."""
    n = int(np.prod(shape))
    return np.asarray((rng.permutation(n).reshape(shape) - n // 2 + 0.5) / 2)


def between(*shape: int) -> Array:
    """Never nearer than 0.25 to anything that `spaced` draws."""
    return np.asarray(spaced(*shape) + 0.25)


def of(*values: Any) -> Array:
    """An array of these values."""
    return np.array(values, float)


def strided(a: Array) -> Array:
    """An array with the same values, scattered backwards through a larger array."""
    wide = np.full(tuple(3 * n for n in a.shape), np.nan)
    view = wide[(slice(None, None, -3),) * a.ndim]
    view[...] = a
    return view
