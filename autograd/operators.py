"""The operators and methods of Tensor, and the protocols by which NumPy's functions accept Tensors.

Operators and methods call the recorders directly.  A NumPy function, or an array on the left of an
operator, reaches them through NumPy's two protocols, `__array_ufunc__` and `__array_function__`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from .bases import root
from .engine import Leaf, next_index
from .errors import DTypeError, GradientError, ShapeError
from .functions import cast, flatten, relu, sigmoid, softmax
from .mode import recording
from .ops import Function, methods, row, table
from .record import apply, binary, plain, record, recorders, unary
from .refusals import OF_PYTORCH, Missing, raise_misfit, refuse_ufunc_use
from .tensor import Tensor
from .views import is_in_place, write

# NumPy's protocols


def on_ufunc(
    self: Tensor, ufunc: np.ufunc, method: str, a: Any, b: Any = None, /, *more: Any, **kwargs: Any
) -> Any:
    """The result of a ufunc on Tensors, recorded: `__array_ufunc__`."""
    if kwargs or more or method != "__call__":
        if method in methods:
            return methods[method](ufunc, *((a,) if b is None else (a, b, *more)), **kwargs)
        if kwargs or method != "__call__":
            raise refuse_ufunc_use(ufunc, method, kwargs)
        return recorders[ufunc](a, b, *more)
    return recorders[ufunc](a) if b is None else recorders[ufunc](a, b)


def on_function(self: Tensor, function: Function, types: Any, args: Any, kwargs: Any) -> Any:
    """The result of any other NumPy function on Tensors, recorded: `__array_function__`."""
    op = table.get(function)
    if op is not None and not kwargs and len(args) == len(op.rules):
        return recorders[function](*args)
    return record(function, args, kwargs)


# Reading and writing


def get_item(self: Tensor, index: Any) -> Any:
    """`t[index]`; a later write to a part that is a view, as a slice, also writes to the tensor."""
    return apply(row(operator.getitem), (self,), {"index": index})


def set_item(self: Tensor, index: Any, value: Any) -> None:
    """`t[index] = value`: t gets a new array and node; a parameter, in `no_grad`, is written to in place."""
    op = row(operator.setitem)
    if is_in_place(self, index, value):
        return
    node = root(self).node
    if isinstance(node, Leaf) and node.requires_grad:
        if recording.get().level:
            raise changed_while_recording(node)
        index, value = plain(op, (index, value))
        try:
            operator.setitem(self.data, index, value)
        except (ValueError, IndexError) as error:
            raise_misfit(op, (self.data, value), error)
        node.updated = next_index()
    else:
        refuse_read_only(self)
        result = apply(op, (self, value), {"index": index})
        write(self, result)


def changed_while_recording(leaf: Leaf) -> GradientError:
    """The error for writing to a leaf, or to a view of it, while gradients are recorded."""
    return GradientError(
        f"a leaf of shape {leaf.data.shape} is being changed in place while gradients are recorded: "
        "change it inside `with no_grad():` if the leaf is to have new values, "
        "or change a copy, t.copy(), if the change is part of the computation"
    )


def refuse_read_only(tensor: Tensor) -> None:
    """Raise ShapeError for a read-only view, such as the result of `np.broadcast_to`."""
    if type(tensor.data) is np.ndarray and not tensor.data.flags.writeable:
        raise ShapeError(
            f"a view of shape {tensor.shape} that NumPy makes read-only cannot be written to: write to a "
            "copy, t.copy()"
        )


def in_place(function: Function, operate: Function) -> Callable[[Any, Any], Any]:
    """An operator like `-=`: the tensor gets the result; older results keep the tensor's old values.

    A number has no place that could be written to: as with NumPy's numbers, the name gets another one.
    """

    def assign(self: Tensor, other: Any) -> Any:
        node = self.node
        if (type(node) is Leaf or type(node := root(self).node) is Leaf) and node.requires_grad:
            if recording.get().level:
                raise changed_while_recording(node)
            operate(self.data, other.data if type(other) is Tensor else other)
            node.updated = next_index()
            return self
        if isinstance(self.data, np.generic):
            return recorders[function](self, other)
        refuse_read_only(self)
        result = recorders[function](self, other)
        if result.shape != self.shape:
            raise ShapeError(f"{function.__name__} in place: {result.shape} does not fit into {self.shape}")
        if not np.can_cast(result.dtype, self.dtype, "same_kind"):
            raise DTypeError(f"{function.__name__} in place: {result.dtype} does not fit into {self.dtype}")
        result = result if result.dtype == self.dtype else result.astype(self.dtype)
        write(self, result)
        return self

    return assign


# Functions that make operators and methods


def reflected(forward: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """The operator for the right operand: `b.__radd__(a)` is `a + b`."""
    return lambda b, a: forward(a, b)


def piecewise_constant(function: Function) -> Callable[[Any, Any], Any]:
    """An operator such as `<` or `//`.  It returns NotImplemented if the other operand is not numeric."""
    op = row(function)

    def compare(a: Any, b: Any) -> Any:
        try:
            return NotImplemented if b is None else apply(op, (a, b), {})
        except DTypeError:
            return NotImplemented

    return compare


def method(function: Function) -> Callable[..., Any]:
    """A NumPy function as a method of its first argument."""

    def call(self: Tensor, *args: Any, **kwargs: Any) -> Any:
        if not args and not kwargs:
            return recorders[function](self)
        return record(function, (self, *args), kwargs)

    call.__name__, call.__doc__ = function.__name__, f"`np.{function.__name__}` of this tensor."
    return call


def shape_method(function: Function) -> Callable[..., Any]:
    """A method that takes its one option as a tuple or as several arguments: `t.reshape(2, 3)`."""

    def call(self: Tensor, *option: Any, **kwargs: Any) -> Any:
        return record(function, (self, *(option if len(option) < 2 else (option,))), kwargs)

    call.__name__, call.__doc__ = function.__name__, f"`np.{function.__name__}` of this tensor."
    return call


def astype(self: Tensor, dtype: Any, *, copy: bool = True) -> Any:
    """The tensor in another dtype; the tensor itself if it has that dtype and `copy` is False.

    A tensor of integers is a constant.
    """
    dtype = np.dtype(dtype)
    return apply(row(cast), (self,), {"dtype": dtype}) if copy or dtype != self.dtype else self


def compress(self: Tensor, condition: Any, axis: Any = None) -> Any:
    """`np.compress`, which takes the condition first."""
    return record(np.compress, (condition, self), {"axis": axis})


def copied(self: Tensor, order: str = "C") -> Any:
    """A copy of the tensor, in order C by default, as in NumPy; of a number, a number."""
    copy = record(np.copy, (self,), {"order": order})
    if isinstance(self.data, np.generic):
        copy.data = copy.data[()]
    return copy


def conjugate(self: Tensor) -> Any:
    """The complex conjugate; of real numbers the tensor itself, as in NumPy, whose function copies them."""
    return record(np.conjugate, (self,), {}) if self.dtype.kind == "c" else self


def rounded(self: Tensor, ndigits: int = 0) -> Any:
    """`round(t, ndigits)`, whose derivative is 0."""
    return record(np.round, (self, ndigits), {})


def div_mod(self: Tensor, other: Any) -> Any:
    """`divmod(t, other)`: the floored quotient and the remainder."""
    return self // other, self % other


def reflected_div_mod(self: Tensor, other: Any) -> Any:
    """`divmod(other, t)`, for an `other` that is no Tensor."""
    return other // self, other % self


# The tables

OWN = {
    "__array_ufunc__": on_ufunc,
    "__array_function__": on_function,
    "__getitem__": get_item,
    "__setitem__": set_item,
    "__round__": rounded,
    "__divmod__": div_mod,
    "__rdivmod__": reflected_div_mod,
    "__hash__": object.__hash__,  # by identity, as `==` compares values
    "astype": astype,
    "compress": compress,
    "copy": copied,
    "relu": relu,
    "sigmoid": sigmoid,
    "softmax": softmax,
    "conj": conjugate,
    "conjugate": conjugate,
}
ARITHMETIC: dict[str, Function] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "truediv": np.divide,
    "mod": np.remainder,
    "pow": np.power,
    "matmul": np.matmul,
}
PIECEWISE_CONSTANT: dict[str, Function] = {
    "floordiv": np.floor_divide,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
    "lshift": np.left_shift,
    "rshift": np.right_shift,
}
COMPARISONS: dict[str, Function] = {
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
}
SIGNS: dict[str, Function] = {"neg": np.negative, "pos": np.positive, "abs": np.absolute}
METHODS: tuple[Function, ...] = (
    *(np.sum, np.mean, np.prod, np.var, np.std, np.max, np.min, np.argmax, np.argmin, np.all, np.any),
    *(np.dot, np.clip, np.round, np.cumsum, np.cumprod, np.ravel, np.squeeze, np.swapaxes),
    *(np.repeat, np.take, np.diagonal, np.trace, np.nonzero, np.argsort, np.searchsorted),
    *(np.argpartition, np.choose, flatten),
)
PROPERTIES: dict[str, tuple[Function, str]] = {
    "T": (np.transpose, "The tensor with its axes in reverse order."),
    "mT": (np.matrix_transpose, "The tensor with its last two axes exchanged."),
    "real": (np.real, "The real part."),
    "imag": (np.imag, "The imaginary part."),
}


def attach() -> None:
    """Give Tensor the operators, methods and properties in this file."""
    for name, own in OWN.items():
        setattr(Tensor, name, own)
    forward: dict[str, Any] = {name: binary(row(f)) for name, f in ARITHMETIC.items()}
    forward |= {name: piecewise_constant(f) for name, f in PIECEWISE_CONSTANT.items()}
    for name, f in forward.items():
        setattr(Tensor, f"__{name}__", f)
        setattr(Tensor, f"__r{name}__", reflected(f))
    for name, function in (ARITHMETIC | PIECEWISE_CONSTANT).items():
        setattr(Tensor, f"__i{name}__", in_place(function, getattr(operator, f"i{name}")))
    for name, function in COMPARISONS.items():
        setattr(Tensor, f"__{name}__", piecewise_constant(function))
    for name, function in SIGNS.items():
        setattr(Tensor, f"__{name}__", unary(row(function)))
    for function in (np.exp, np.log, np.sqrt, np.tanh):  # as in PyTorch
        setattr(Tensor, function.__name__, unary(row(function)))
    for function in METHODS:
        setattr(Tensor, function.__name__, method(function))
    setattr(Tensor, "__invert__", method(np.invert))  # noqa: B010  as all the others
    for reshaping in (np.reshape, np.transpose):
        setattr(Tensor, reshaping.__name__, shape_method(reshaping))
    for name, (function, doc) in PROPERTIES.items():
        setattr(Tensor, name, property(method(function), doc=doc))
    for name, advice in OF_PYTORCH.items():
        setattr(Tensor, name, Missing(name, advice))


attach()
