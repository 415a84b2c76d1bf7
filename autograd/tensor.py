"""The Tensor: an array, and the node that remembers how it was made.

Whatever NumPy does to a Tensor, by operator, method or function, arrives at one of three
recorders: `unary` and `binary` for what most calls are, `apply` for all others.  Each computes the
result on the arrays and, if it needs a gradient, makes a node for it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, final

import numpy as np

from .engine import LEAF, NO_OPTIONS, Node, new_node, next_index
from .errors import DTypeError, NoRuleError, ShapeError
from .gradient import HasGradient
from .mode import recording
from .operands import NUMBERS, constant, no_rule, raise_misfit, refuse_options, refuse_ufunc_use
from .ops import Function, Op, bind, composed, methods, of_length, row, table, unknown, untracked

recording_now = recording.get


def unary(op: Op) -> Callable[[Any], Any]:
    """The recorder of a function of one array."""

    def record(a: Any) -> Any:
        if type(a) is not Tensor:
            return op.call(a)
        x, p = a.data, a.node
        try:
            data = op.call(x)
        except ValueError as error:
            raise_misfit(op, (x,), error)
        result = new(Tensor)
        result.data = data
        now = recording_now()
        if p is None or now.level <= (not p.requires_grad):
            result.node = None
            return result
        result.node = node = Node()
        node.op = op
        node.args = (x,)
        node.parents = (p,)
        node.kwargs = NO_OPTIONS
        node.data = data
        node.index = next_index()
        node.requires_grad = p.requires_grad
        node.notes = now.notes
        return result

    record.__name__, record.__doc__ = op.name, f"`np.{op.name}` of an array or a tensor."
    return record


def binary(op: Op) -> Callable[[Any, Any], Any]:
    """The recorder of a function of two arrays, of which either may be a constant."""

    def record(a: Any, b: Any) -> Any:
        if type(a) is Tensor:
            x, p = a.data, a.node
            if type(b) is Tensor:
                y, q = b.data, b.node
            else:
                y, q = b if type(b) in NUMBERS else constant(b, x), None
        elif type(b) is Tensor:
            y, q = b.data, b.node
            x, p = a if type(a) in NUMBERS else constant(a, y), None
        else:
            return op.call(a, b)
        try:
            data = op.call(x, y)
        except ValueError as error:
            raise_misfit(op, (x, y), error)
        result = new(Tensor)
        result.data = data
        needed = (p is not None and p.requires_grad) or (q is not None and q.requires_grad)
        now = recording_now()
        if (p is None and q is None) or now.level <= (not needed):
            result.node = None
            return result
        result.node = node = Node()
        node.op = op
        node.args = (x, y)
        node.parents = (p, q)
        node.kwargs = NO_OPTIONS
        node.data = data
        node.index = next_index()
        node.requires_grad = needed
        node.notes = now.notes
        return result

    return record


def apply(op: Op, arrays: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """The recorder of everything else: any number of arrays, some left out, and options."""
    args, parents, tensors, traced, needed = [], [], False, False, False
    for a, rule in zip(arrays, op.rules, strict=False):
        if type(a) is Tensor:
            tensors = True
            args.append(a.data)
            p = a.node
            parents.append(p)
            if p is not None:
                traced = True
                needed = needed or (p.requires_grad and rule is not None)
        else:
            args.append(a if a is None or type(a) in NUMBERS else constant(a))
            parents.append(None)
    now = recording_now()
    if kwargs:
        kwargs = {name: plain(op, value) for name, value in kwargs.items()}
        if needed and now.level:
            refuse_options(op, kwargs)
    if not tensors:
        return op.call(*arrays, **kwargs)
    try:
        data = op.call(*args, **kwargs)
    except (ValueError, IndexError) as error:
        raise_misfit(op, args, error)
    if not op.several and type(data) is not np.ndarray and not isinstance(data, np.generic):
        return data
    needed = needed and (op.several or data.dtype.kind in "fc")  # an integer result is piecewise constant
    node = None
    if traced and now.level > (not needed):
        node = new_node(op, args, parents, kwargs, data, needed, now.notes)
    if op.several:
        parts = Tensor.lift(data, node) if node else (Tensor.of(part, None) for part in data)
        return type(data)(*parts) if hasattr(data, "_fields") else tuple(parts)
    result = new(Tensor)
    result.data = data
    result.node = node
    return result


def record(function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`function(*args, **kwargs)`, recorded by whichever way its row in the table calls for."""
    if kwargs.get("out") is not None:
        raise NoRuleError(
            f"{function.__name__}(..., out=) cannot be recorded on a Tensor: a recorded result is always new"
        )
    op = row(function)  # first: it may be what loads the rules of a whole library
    if function in composed:
        return composed[function](*args, **kwargs)
    if op.each:
        (first,), kwargs = bind(op, args, kwargs)
        return apply(of_length(op, len(first)), tuple(map(joined, first)), kwargs)
    if op.rules:
        return apply(op, *bind(op, args, kwargs))
    answer = function(*plain(op, args), **plain(op, kwargs))
    return Tensor(answer) if isinstance(answer, np.ndarray | np.generic) else answer


def joined(part: Any) -> Any:
    """`part`; if it is a list with tensors in it, one tensor, as NumPy makes one array of a list."""
    if type(part) not in (list, tuple) or not any(has_tensor(p) for p in part):
        return part
    return record(np.stack, ([joined(p) for p in part],), {})


def has_tensor(value: Any) -> bool:
    return type(value) is Tensor or (type(value) in (list, tuple) and any(map(has_tensor, value)))


def plain(op: Op, value: Any) -> Any:
    """`value` with an array for every Tensor in it; none of them may require a gradient."""
    if type(value) is Tensor:
        if value.requires_grad and recording.get().level and op.function not in untracked:
            raise no_rule(op.function, f"a tensor of shape {value.shape}")
        return value.data
    if type(value) in (list, tuple):
        return type(value)(plain(op, v) for v in value)
    if type(value) is dict:
        return {name: plain(op, v) for name, v in value.items()}
    return value


def refuse_unknown(op: Op, arrays: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arrays, none of which requires a gradient where the derivative is not known."""
    for i, (a, rule) in enumerate(zip(arrays, op.rules, strict=False), 1):
        if rule is unknown and type(a) is Tensor and a.requires_grad and recording.get().level:
            raise no_rule(op.function, f"argument {i}, a tensor of shape {a.shape}")
    return arrays


class Recorders(dict[Function, Callable[..., Any]]):
    """For each function, the recorder that its array arguments alone call for."""

    def __missing__(self, function: Function) -> Callable[..., Any]:
        op = row(function)
        if not op.rules:
            return lambda *arrays: record(function, arrays, {})
        if unknown in op.rules:
            self[function] = lambda *arrays: apply(op, refuse_unknown(op, arrays), NO_OPTIONS)
        elif None in op.rules or len(op.rules) > 2 or op.several:
            self[function] = lambda *arrays: apply(op, arrays, NO_OPTIONS)
        else:
            self[function] = (unary, binary)[len(op.rules) - 1](op)
        return self[function]


recorders = Recorders()


def operators(function: Function) -> tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]:
    """An operator and its reflection."""
    forward = binary(row(function))
    return forward, lambda b, a: forward(a, b)


def comparisons(function: Function) -> tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]:
    """A piecewise constant operator and its reflection; what is not numbers is left to Python."""
    op = row(function)

    def compare(a: Any, b: Any) -> Any:
        try:
            return NotImplemented if b is None else apply(op, (a, b), {})
        except DTypeError:
            return NotImplemented

    return compare, lambda b, a: compare(a, b)


def in_place(function: Function, write: Function) -> Callable[[Any, Any], Any]:
    """An operator like `-=`: the tensor gets the result, what was made of the old one keeps it."""
    compute = binary(row(function))

    def assign(self: Tensor, other: Any) -> Tensor:
        node = self.node
        if node is not None and node.op is LEAF and node.requires_grad:
            if recording_now().level:
                self.writable()  # raises
            write(self.data, other.data if type(other) is Tensor else other)
            node.updated = next_index()
            return self
        result = compute(self, other)
        if result.shape != self.shape:
            raise ShapeError(f"{function.__name__} in place: {result.shape} does not fit into {self.shape}")
        if not np.can_cast(result.dtype, self.dtype, "same_kind"):
            raise DTypeError(f"{function.__name__} in place: {result.dtype} does not fit into {self.dtype}")
        result = result if result.dtype == self.dtype else result.astype(self.dtype)
        self.data, self.node = result.data, result.node
        return self

    return assign


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


@final
class Tensor(HasGradient):
    """An array that records what is done with it, so that gradients can be derived.

    `Tensor(data)` is a constant; `Tensor(data, requires_grad=True)` is a leaf: `backward()` on what
    was computed from it adds to its `grad`.  The data are copied: a tensor shares no memory with
    what it was made from.  `data` is the array itself; writing to it is not seen by the graph.

    NumPy's operators, methods and functions work on tensors as on arrays.

    Raises DTypeError if the data are not numbers, or need a gradient and are not floats or complex.

    >>> x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> y = np.sum(x**2)
    >>> y
    Tensor(14., dtype=float64, requires_grad=True, made by sum)
    >>> y.backward()
    >>> x.grad
    array([2., 4., 6.])
    """

    __slots__ = ()

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, a: Any, b: Any = None, /, *more: Any, **kwargs: Any
    ) -> Any:
        if kwargs or more or method != "__call__":
            if method in methods:
                return methods[method](ufunc, *((a,) if b is None else (a, b, *more)), **kwargs)
            if kwargs or method != "__call__":
                raise refuse_ufunc_use(ufunc, method, kwargs)
            return recorders[ufunc](a, b, *more)
        return recorders[ufunc](a) if b is None else recorders[ufunc](a, b)

    def __array_function__(self, function: Function, types: Any, args: Any, kwargs: Any) -> Any:
        op = table.get(function)
        if op is not None and not kwargs and len(args) == len(op.rules):
            return recorders[function](*args)
        return record(function, args, kwargs)

    def __getitem__(self, index: Any) -> Any:
        return apply(row(operator.getitem), (self,), {"index": index})

    def __setitem__(self, index: Any, value: Any) -> None:
        if self.is_leaf:
            op = row(operator.setitem)
            index, value = plain(op, (index, value))
            try:
                operator.setitem(self.writable(), index, value)
            except (ValueError, IndexError) as error:
                raise_misfit(op, (self.data, value), error)
            self.node.updated = next_index()  # type: ignore[union-attr]
        else:
            result = apply(row(operator.setitem), (self, value), {"index": index})
            self.data, self.node = result.data, result.node

    __add__, __radd__ = operators(np.add)
    __sub__, __rsub__ = operators(np.subtract)
    __mul__, __rmul__ = operators(np.multiply)
    __truediv__, __rtruediv__ = operators(np.divide)
    __mod__, __rmod__ = operators(np.remainder)
    __pow__, __rpow__ = operators(np.power)
    __matmul__, __rmatmul__ = operators(np.matmul)
    __neg__, __pos__, __abs__ = unary(row(np.negative)), unary(row(np.positive)), unary(row(np.absolute))
    __floordiv__, __rfloordiv__ = comparisons(np.floor_divide)
    __and__, __rand__ = comparisons(np.bitwise_and)
    __or__, __ror__ = comparisons(np.bitwise_or)
    __xor__, __rxor__ = comparisons(np.bitwise_xor)
    __lshift__, __rlshift__ = comparisons(np.left_shift)
    __rshift__, __rrshift__ = comparisons(np.right_shift)
    __lt__, __gt__ = comparisons(np.less)[0], comparisons(np.greater)[0]
    __le__, __ge__ = comparisons(np.less_equal)[0], comparisons(np.greater_equal)[0]
    __eq__, __ne__ = comparisons(np.equal)[0], comparisons(np.not_equal)[0]
    __hash__ = object.__hash__  # by identity, as `==` compares values
    __invert__ = method(np.invert)
    __iadd__ = in_place(np.add, operator.iadd)
    __isub__ = in_place(np.subtract, operator.isub)
    __imul__ = in_place(np.multiply, operator.imul)
    __itruediv__ = in_place(np.divide, operator.itruediv)
    __ipow__ = in_place(np.power, operator.ipow)
    __imatmul__ = in_place(np.matmul, operator.imatmul)

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> Any:
        return other // self, other % self

    exp, log, sqrt, tanh = (unary(row(f)) for f in (np.exp, np.log, np.sqrt, np.tanh))  # as in PyTorch
    sum, mean, prod, var, std = (method(f) for f in (np.sum, np.mean, np.prod, np.var, np.std))
    max, min, argmax, argmin = (method(f) for f in (np.max, np.min, np.argmax, np.argmin))
    all, any, dot, clip, round = (method(f) for f in (np.all, np.any, np.dot, np.clip, np.round))
    cumsum, cumprod = method(np.cumsum), method(np.cumprod)
    ravel, flatten, copy, squeeze = method(np.ravel), method(np.ravel), method(np.copy), method(np.squeeze)
    swapaxes, repeat, take, diagonal = (method(f) for f in (np.swapaxes, np.repeat, np.take, np.diagonal))
    trace, nonzero, argsort = (method(f) for f in (np.trace, np.nonzero, np.argsort))
    searchsorted, argpartition, choose = (method(f) for f in (np.searchsorted, np.argpartition, np.choose))
    conj, conjugate = method(np.conjugate), method(np.conjugate)
    reshape, transpose = shape_method(np.reshape), shape_method(np.transpose)
    T = property(method(np.transpose), doc="The tensor with its axes in reverse order.")
    mT = property(method(np.matrix_transpose), doc="The tensor with its last two axes exchanged.")  # noqa: N815
    real, imag = property(method(np.real)), property(method(np.imag))

    def compress(self, condition: Any, axis: Any = None) -> Any:
        """`np.compress` of this tensor, by a condition."""
        return np.compress(condition, self, axis=axis)

    def astype(self, dtype: Any) -> Any:
        """The tensor in another dtype.  An integer one is a constant."""
        return apply(row(cast), (self,), {"dtype": np.dtype(dtype)})


def cast(a: Any, dtype: Any) -> Any:
    """`a` in another dtype."""
    return a.astype(dtype)


new = Tensor.__new__
