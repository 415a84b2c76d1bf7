"""A stand-in for an array: whatever NumPy does to it is done to the array, and written on a tape.

It is no ndarray, so NumPy asks it about every function (`__array_ufunc__`, `__array_function__`) and
every conversion (`__array__`), and nothing escapes it; but `isinstance` takes it for one, because code
that asks wants to know what can be done with it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from ...tensor import NUMBERS, Tensor
from ..program import Value

if TYPE_CHECKING:
    from .tape import Tape


class Untraceable(BaseException):
    """Why a step, or a function in it, cannot be written on a tape.  No `except Exception` catches it."""


class StandIn:
    """An array, or a number that came out of one, on its way through a step.

    value   its value now, which is another one after each assignment in place
    first   its first value
    origin  for a view, the stand-in of the whole, the value of that at the time, and the call that made it
    """

    __slots__ = ("first", "origin", "tape", "value")

    def __init__(self, tape: Tape, value: Value, origin: Any = None) -> None:
        self.tape, self.value, self.origin, self.first = tape, value, origin, value

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        """The type that `isinstance` sees: `ndarray` also for a number that came out of an array."""
        kind = type(self.value.data)
        return np.ndarray if issubclass(kind, np.generic) else kind

    def __getattr__(self, name: str) -> Any:
        """A method of the array's, or a property that is a view or a copy of it."""
        if name in StandIn.__slots__:  # not yet set, as when it is being copied
            raise AttributeError(name)
        if name in ("__array_interface__", "__array_struct__"):
            self.__array__()
        data = self.data
        if name in PROPERTIES and isinstance(data, np.ndarray | np.generic):
            return self.tape.call(PROPERTIES[name], (self,), {})
        if name in METHODS and isinstance(data, np.ndarray | np.generic):
            method = getattr(np.ndarray if isinstance(data, np.ndarray) else type(data), name)
            return lambda *args, **kwargs: self.tape.call(method, (self, *args), kwargs)
        if hasattr(data, name) and not name.startswith("__"):
            raise Untraceable(f"it uses .{name} of an array")
        raise AttributeError(f"{type(data).__name__!r} object has no attribute {name!r}")

    @property
    def data(self) -> Any:
        """The array itself, as it is now."""
        return self.tape.current(self).data

    shape = property(lambda self: self.data.shape)
    dtype = property(lambda self: self.data.dtype)
    ndim = property(lambda self: self.data.ndim)
    size = property(lambda self: self.data.size)
    itemsize = property(lambda self: self.data.itemsize)
    nbytes = property(lambda self: self.data.nbytes)
    strides = property(lambda self: self.data.strides)
    flags = property(lambda self: self.data.flags)

    @property
    def base(self) -> Any:
        """For a view, the stand-in of the array that owns the memory, as in NumPy."""
        array: StandIn = self
        while array.origin is not None:
            array = array.origin[0]
        return self.data.base if array is self else array

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *args: Any, out: Any = None, **kwargs: Any
    ) -> Any:
        """The result of a ufunc, written on the tape; `out` gets it as its new value."""
        if any(type(a) is Tensor for a in args):
            return NotImplemented  # it records the call, and comes back with its array
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        if method == "at":
            raise Untraceable(f"it uses np.{ufunc.__name__}.at")
        result = self.tape.call(function, args, kwargs)
        return result if out is None else self.tape.assign(out[0], result)

    def __array_function__(self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
        """The result of a function of NumPy, written on the tape unless it depends on shapes alone."""
        if Tensor in types:
            return NotImplemented
        if function in ABOUT_SHAPES:
            return function(*self.tape.plain(args), **self.tape.plain(kwargs))
        out = kwargs.pop("out", None)
        result = self.tape.call(function, args, kwargs)
        return result if out is None else self.tape.assign(out, result)

    def __array__(self, dtype: Any = None, copy: Any = None) -> NoReturn:
        """Refuse to be made an array, since what becomes of that could not be seen."""
        raise Untraceable("it turns an array into another one where NumPy does not tell, as np.asarray does")

    def __getitem__(self, index: Any) -> Any:
        return self.tape.call(operator.getitem, (self, index), {})

    def __setitem__(self, index: Any, value: Any) -> None:
        """Give the array, and all arrays of which it is a view, a copy with `value` at `index`."""
        self.tape.assign(self, self.tape.call(written, (self, index, value), {}))

    def __len__(self) -> int:
        return len(self.data)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        return self.tape.decided(self)

    def __copy__(self) -> Any:
        """A copy of the array, written on the tape; a number is its own copy."""
        return self.copy() if isinstance(self, np.ndarray) else self

    def __deepcopy__(self, memo: Any) -> Any:
        return self.__copy__()

    def __contains__(self, value: Any) -> bool:
        return bool((self == value).any())

    def refused(self, *args: Any) -> NoReturn:
        """The method in the place of all methods that would let a number escape into Python."""
        raise Untraceable(
            "it takes a number out of an array (float, int, an index, or text), and what becomes of that in "
            "Python cannot be seen"
        )

    __reduce_ex__ = __float__ = __int__ = __index__ = __complex__ = __round__ = __format__ = __str__ = refused
    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"StandIn({self.value.data!r:.60})"


def written(a: Any, index: Any, value: Any) -> Any:
    """A copy of `a` with `value` at `index`."""
    result = a.copy()
    result[index] = value
    return result


# Operators.  NumPy computes a few powers by simpler functions, and so they are recorded as these.

POWERS = {2: np.square, 0.5: np.sqrt, -1: np.reciprocal, 1: np.positive}


def operation(name: str, ufunc: np.ufunc, swapped: bool) -> Callable[[Any, Any], Any]:
    """The method for a binary operator: on arrays it records the ufunc, on numbers Python's operator."""
    plain = getattr(operator, name)

    def method(self: StandIn, other: Any) -> Any:
        """The result of the operator, written on the tape."""
        if type(other) is Tensor:
            return NotImplemented
        a, b = (other, self) if swapped else (self, other)
        if not (isinstance(a, ARRAYS) or isinstance(b, ARRAYS)):
            return self.tape.call(plain, (a, b), {})
        if ufunc is np.power and type(b) in (int, float) and b in POWERS and a.dtype.kind in "fc":
            return self.tape.call(POWERS[b], (a,), {})
        return self.tape.call(ufunc, (a, b), {})

    return method


def in_place(name: str) -> Callable[[Any, Any], Any]:
    """The method for an operator such as `+=`, which gives the stand-in of an array another value."""

    def method(self: StandIn, other: Any) -> Any:
        """The same stand-in with the result as its value; a number stays what it is."""
        result = getattr(operator, name)(self, other)
        return self.tape.assign(self, result) if isinstance(self, np.ndarray) else result

    return method


ARRAYS = np.ndarray | np.generic
BINARY = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "truediv": np.divide,
    "pow": np.power,
    "floordiv": np.floor_divide,
    "mod": np.remainder,
    "matmul": np.matmul,
    "and_": np.bitwise_and,
    "or_": np.bitwise_or,
    "xor": np.bitwise_xor,
    "lshift": np.left_shift,
    "rshift": np.right_shift,
}
COMPARISONS = {
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
}
UNARY = {"neg": np.negative, "pos": np.positive, "abs": np.absolute, "invert": np.invert}

for name, ufunc in BINARY.items():
    bare = name.rstrip("_")
    setattr(StandIn, f"__{bare}__", operation(name, ufunc, swapped=False))
    setattr(StandIn, f"__r{bare}__", operation(name, ufunc, swapped=True))
    setattr(StandIn, f"__i{bare}__", in_place(name))
for name, ufunc in COMPARISONS.items():
    setattr(StandIn, f"__{name}__", operation(name, ufunc, swapped=False))
for name, ufunc in UNARY.items():
    plain = getattr(operator, name)

    def unary(self: StandIn, ufunc: Any = ufunc, plain: Any = plain) -> Any:
        """The result of a unary operator, written on the tape."""
        return self.tape.call(ufunc if isinstance(self, ARRAYS) else plain, (self,), {})

    setattr(StandIn, f"__{name}__", unary)


def transposed(a: Any) -> Any:
    """`a.T`, as a function that can be called in a program."""
    return a.T


PROPERTIES: dict[str, Callable[..., Any]] = {
    "T": transposed,
    "mT": np.matrix_transpose,
    "real": np.real,
    "imag": np.imag,
}
METHODS = {
    *("all", "any", "argmax", "argmin", "argpartition", "argsort", "astype", "choose", "clip", "compress"),
    *("conj", "conjugate", "copy", "cumprod", "cumsum", "diagonal", "dot", "flatten", "item", "max", "mean"),
    *("min", "nonzero", "prod", "ravel", "repeat", "reshape", "round", "searchsorted", "squeeze", "std"),
    *("sum", "swapaxes", "take", "trace", "transpose", "var"),
}
ABOUT_SHAPES = {
    np.may_share_memory,
    np.shares_memory,
    np.shape,
    np.ndim,
    np.size,
    np.result_type,
    np.can_cast,
    np.iscomplexobj,
    np.isrealobj,
}


class Draws:
    """A stand-in for a random generator: it draws the numbers, and writes the draw on the tape."""

    def __init__(self, tape: Tape, generator: np.random.Generator, value: Value) -> None:
        self.tape, self.generator, self.value = tape, generator, value
        self.state = generator.bit_generator.state

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return np.random.Generator

    def __getattr__(self, name: str) -> Any:
        """A method that draws, and writes the draw on the tape."""
        if name not in DISTRIBUTIONS:
            raise Untraceable(f"it uses .{name} of a random generator")
        method = getattr(np.random.Generator, name)
        return lambda *args, **kwargs: self.tape.call(method, (self.value, *args), kwargs, pure=False)


DISTRIBUTIONS = {
    *("random", "normal", "standard_normal", "uniform", "integers", "permutation", "choice", "binomial"),
    *("exponential", "gamma", "beta", "poisson", "laplace", "logistic", "lognormal", "permuted"),
}


NUMBERS.add(StandIn)  # so that it may stand beside a Tensor
