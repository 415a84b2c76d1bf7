"""The Tensor: an array, and the node that remembers how it was made.

Whatever NumPy does to a Tensor, by operator, method or function, arrives at one of three
recorders: `unary` and `binary` for what most calls are, `apply` for all others.  Each computes the
result on the arrays and, if it needs a gradient, makes a node for it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, final

import numpy as np

from .arraylike import ArrayLike
from .engine import LEAF, NO_OPTIONS, Node, new_leaf, next_index, pullback
from .errors import DTypeError, GradientError, NoRuleError, ShapeError
from .mode import EVERYTHING, NOTHING, Mode, recording
from .operands import NUMBERS, constant, misfit, no_rule, refuse_options, refuse_ufunc_use
from .ops import Function, Op, bind, of_length, row, table, untracked

recording_now = recording.get


def unary(op: Op) -> Callable[[Any], Any]:
    """The recorder of a function of one array."""

    def record(a: Any) -> Any:
        if type(a) is not Tensor:
            return op.call(a)
        x, p = a.data, a.node
        result = new(Tensor)
        result.data = data = op.call(x)
        if p is None or recording_now() <= (not p.requires_grad):
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
        return result

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
            raise misfit(op, (x, y), error) from error
        result = new(Tensor)
        result.data = data
        needed = (p is not None and p.requires_grad) or (q is not None and q.requires_grad)
        if (p is None and q is None) or recording_now() <= (not needed):
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
        return result

    return record


def apply(op: Op, arrays: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The recorder of everything else: any number of arrays, and options."""
    args = tuple(a.data if type(a) is Tensor else a if a is None else constant(a) for a in arrays)
    parents = tuple(a.node if type(a) is Tensor else None for a in arrays)
    kwargs = {name: plain(op, value) for name, value in kwargs.items()} if kwargs else NO_OPTIONS
    needed = any(p and p.requires_grad and r for p, r in zip(parents, op.rules, strict=False))
    if needed and kwargs and recording.get():
        refuse_options(op, kwargs)
    try:
        data = op.call(*args, **kwargs)
    except (ValueError, IndexError) as error:
        raise misfit(op, args, error) from error
    if not isinstance(data, np.ndarray | np.generic):
        return data
    result = new(Tensor)
    result.data, result.node = data, None
    needed = needed and data.dtype.kind in "fc"  # an integer result is piecewise constant
    if any(parents) and recording.get() > (not needed):
        result.node = node = Node()
        node.op, node.args, node.parents, node.kwargs = op, args, parents, kwargs
        node.data, node.index, node.requires_grad = data, next_index(), needed
    return result


def record(function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`function(*args, **kwargs)`, recorded by whichever way its row in the table calls for."""
    op = row(function)
    if kwargs.get("out") is not None:
        raise NoRuleError(f"{op.name}(..., out=) cannot be recorded on a Tensor: a recorded result is always new")
    if op.each:
        (first, *rest), kwargs = bind(op, args, kwargs)
        return apply(of_length(op, len(first)), tuple(first), kwargs)
    if op.rules:
        return apply(op, *bind(op, args, kwargs))
    answer = function(*plain(op, args), **plain(op, kwargs))
    return Tensor(answer) if isinstance(answer, np.ndarray | np.generic) else answer


def plain(op: Op, value: Any) -> Any:
    """`value` with an array for every Tensor in it; none of them may require a gradient."""
    if type(value) is Tensor:
        if value.requires_grad and recording.get() and op.function not in untracked:
            raise no_rule(op.function, f"a tensor of shape {value.shape}")
        return value.data
    if type(value) in (list, tuple):
        return type(value)(plain(op, v) for v in value)
    if type(value) is dict:
        return {name: plain(op, v) for name, v in value.items()}
    return value


class Recorders(dict[Function, Callable[..., Any]]):
    """For each function, the recorder that its array arguments alone call for."""

    def __missing__(self, function: Function) -> Callable[..., Any]:
        op = row(function)
        if not op.rules or None in op.rules or len(op.rules) > 2:
            return lambda *arrays: record(function, arrays, {})
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
            return apply(op, (a, b), {})
        except DTypeError:
            return NotImplemented

    return compare, lambda b, a: compare(a, b)


def in_place(function: Function) -> Callable[[Any, Any], Any]:
    """An operator like `-=`: the tensor gets the result, what was made of the old one keeps it."""
    compute = binary(row(function))

    def assign(self: Tensor, other: Any) -> Tensor:
        node = self.node
        if node is not None and node.op is LEAF:
            function(self.writable(), other.data if type(other) is Tensor else other, out=self.data)
            node.updated = next_index()
            return self
        result = compute(self, other)
        if result.shape != self.shape:
            raise ShapeError(f"{function.__name__} in place: {result.shape} does not fit into {self.shape}")
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
class Tensor(ArrayLike):
    """An array that records what is done with it, so that gradients can be derived.

    `Tensor(data)` is a constant; `Tensor(data, requires_grad=True)` is a leaf: `backward()` on what
    was computed from it adds to its `grad`.  The data are copied: a tensor shares no memory with
    what it was made from.  `data` is the array itself; writing to it is not seen by the graph.

    NumPy's operators, methods and functions work on tensors as on arrays.

    Raises DTypeError if the data are not numbers, or need a gradient and are not real floats.

    >>> x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> y = np.sum(x**2)
    >>> y
    Tensor(14., dtype=float64, requires_grad=True, made by sum)
    >>> y.backward()
    >>> x.grad
    array([2., 4., 6.])
    """

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = False, dtype: Any = None) -> None:
        array = np.array(data.data if type(data) is Tensor else data, dtype=dtype)
        if array.dtype.kind not in "biufc":
            raise DTypeError(f"a Tensor holds numbers, not {array.dtype}: {data!r:.60}")
        self.data = array
        self.node = None
        self.requires_grad = requires_grad

    @property
    def requires_grad(self) -> bool:
        """Whether gradients flow to this tensor.  It can be set on a leaf or a constant."""
        return self.node is not None and self.node.requires_grad

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        if self.node is not None and self.node.op is not LEAF:
            raise GradientError(
                f"requires_grad follows from how a tensor was made, and {self.node.op.name} made this one: "
                "use t.detach() for a constant with its values"
            )
        if wanted and self.data.dtype.kind != "f":
            raise DTypeError(
                f"only real floating-point tensors can require a gradient, and this one is {self.dtype}: "
                "convert it, Tensor(data, requires_grad=True, dtype=float)"
            )
        if wanted != self.requires_grad:
            self.node = new_leaf(self.data) if wanted else None

    @property
    def is_leaf(self) -> bool:
        """Whether this tensor requires a gradient and was not made from others: where `grad` is."""
        return self.node is not None and self.node.op is LEAF and self.node.requires_grad

    @property
    def grad(self) -> Any:
        """The gradients that have reached this leaf, summed: an ndarray of its shape and dtype.

        None if none has, or if this is not a leaf; a Tensor after `backward(create_graph=True)`.
        Set it to None to clear it.
        """
        node = self.node
        return node.grad if node is not None and node.op is LEAF else None

    @grad.setter
    def grad(self, value: Any) -> None:
        node = self.node
        if node is None or node.op is not LEAF:
            if value is not None:
                raise GradientError("grad can only be set on a leaf: a tensor made with requires_grad=True")
        elif value is None or type(value) is Tensor:
            node.grad = value
        else:
            node.grad = self._like(value, "a gradient")

    def zero_grad(self) -> None:
        """Forget the gradient: `grad` is None again."""
        self.grad = None

    def detach(self) -> Tensor:
        """A constant with these values (the same array): no gradient flows through it."""
        return lift(self.data, None)

    def backward(self, cotangent: Any = None, create_graph: bool = False) -> None:
        """Add to each leaf's `grad` the gradient of this tensor, times `cotangent`.

        cotangent: of this tensor's shape; 1 if this tensor has one element.  With `create_graph`
        the backward pass is itself recorded, and `grad` is a Tensor that can be differentiated.

        Raises GradientError if this tensor does not require a gradient, has several elements and no
        cotangent, or was computed from a leaf that has been changed in place since; ShapeError for
        a cotangent of another shape.  Then no `grad` has changed.
        """
        if not self.requires_grad:
            raise GradientError(
                f"this tensor of shape {self.shape} does not require a gradient: "
                "nothing it was computed from does, or it was computed under no_grad()"
            )
        if cotangent is None and self.size != 1:
            raise GradientError(
                f"backward() needs a cotangent: this tensor has shape {self.shape}; pass backward(g) "
                "with g of that shape, or reduce it to a scalar first, with .sum() or .mean()"
            )
        if cotangent is None:
            cotangent = self.dtype.type(1) if self.ndim == 0 else np.ones(self.shape, self.dtype)
        elif not (create_graph and type(cotangent) is Tensor and cotangent.shape == self.shape):
            cotangent = self._like(cotangent, "a cotangent")
        if create_graph:
            with Mode(EVERYTHING):
                g = cotangent if type(cotangent) is Tensor else lift(np.asarray(cotangent), None)
                gradients = pullback(self.node, g, lift)  # type: ignore[arg-type]
        else:
            gradients = pullback(self.node, cotangent)  # type: ignore[arg-type]
        for leaf, g in gradients.items():
            gradients[leaf] = g if leaf.grad is None else leaf.grad + g
        for leaf, g in gradients.items():
            leaf.grad = g if type(g) is np.ndarray or type(g) is Tensor else np.asarray(g)

    def writable(self) -> Any:
        """The array of a leaf, to be written to in place: only where nothing is being recorded."""
        if recording.get() != NOTHING:
            raise GradientError(
                f"a leaf of shape {self.shape} is being changed in place while gradients are recorded: "
                "do it inside `with no_grad():` if its values are to change, "
                "or on a copy, t.copy(), if the change is part of the computation"
            )
        return self.data

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if kwargs or method != "__call__":
            raise refuse_ufunc_use(ufunc, method, kwargs)
        return recorders[ufunc](*inputs)

    def __array_function__(self, function: Function, types: Any, args: Any, kwargs: Any) -> Any:
        op = table.get(function)
        if op is not None and not kwargs and len(args) == len(op.rules):
            return recorders[function](*args)
        return record(function, args, kwargs)

    def __getitem__(self, index: Any) -> Any:
        return apply(row(operator.getitem), (self,), {"index": index})

    def __setitem__(self, index: Any, value: Any) -> None:
        if self.is_leaf:
            index, value = plain(row(operator.setitem), (index, value))
            operator.setitem(self.writable(), index, value)
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
    __eq__, __ne__ = comparisons(np.equal)[0], comparisons(np.not_equal)[0]  # type: ignore[assignment]
    __hash__ = object.__hash__  # by identity, as `==` compares values
    __invert__ = method(np.invert)
    __iadd__, __isub__ = in_place(np.add), in_place(np.subtract)
    __imul__, __itruediv__ = in_place(np.multiply), in_place(np.divide)
    __ipow__, __imatmul__ = in_place(np.power), in_place(np.matmul)

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> Any:
        return other // self, other % self

    sum, mean, prod, var, std = map(method, (np.sum, np.mean, np.prod, np.var, np.std))
    max, min, all, any, argmax, argmin = map(method, (np.max, np.min, np.all, np.any, np.argmax, np.argmin))
    cumsum, cumprod, dot, clip, round = map(method, (np.cumsum, np.cumprod, np.dot, np.clip, np.round))
    ravel, flatten, copy, squeeze = method(np.ravel), method(np.ravel), method(np.copy), method(np.squeeze)
    swapaxes, repeat, take, diagonal = map(method, (np.swapaxes, np.repeat, np.take, np.diagonal))
    trace, nonzero, argsort, compress = map(method, (np.trace, np.nonzero, np.argsort, np.compress))
    searchsorted, argpartition, choose = map(method, (np.searchsorted, np.argpartition, np.choose))
    conj, conjugate = method(np.conjugate), method(np.conjugate)
    reshape, transpose = shape_method(np.reshape), shape_method(np.transpose)
    T = property(method(np.transpose), doc="The tensor with its axes in reverse order.")
    mT = property(method(np.matrix_transpose), doc="The tensor with its last two axes exchanged.")
    real, imag = property(method(np.real)), property(method(np.imag))

    def astype(self, dtype: Any) -> Any:
        """The tensor in another dtype.  An integer one is a constant."""
        return apply(row(cast), (self,), {"dtype": np.dtype(dtype)})

    def _like(self, value: Any, what: str) -> Any:
        """`value` as an array of its own, checked to have this tensor's shape, in its dtype."""
        value = np.array(value.data if type(value) is Tensor else value)
        if value.shape != self.shape:
            raise ShapeError(f"{what} of shape {value.shape} for a tensor of shape {self.shape}: they must be equal")
        if value.dtype.kind not in "biuf" + self.dtype.kind:
            raise DTypeError(f"{what} of dtype {value.dtype} for a tensor of dtype {self.dtype}")
        return value.astype(self.dtype, copy=False)

    def __reduce__(self) -> Any:
        if self.requires_grad and not self.is_leaf:
            raise GradientError("a tensor with a history cannot be copied or pickled: take t.detach(), or t.data")
        return Tensor, (self.data, self.requires_grad)


def cast(a: Any, dtype: Any) -> Any:
    """`a` in another dtype."""
    return a.astype(dtype)


new = Tensor.__new__


def lift(data: Any, node: Node | None) -> Any:
    """A Tensor of an array and its node.

    While everything is being recorded, an array without a node gets one that needs no gradient, so
    that what is computed from it is recorded too; numbers and None stay what they are.
    """
    if type(data) in NUMBERS and node is None or data is None:
        return data
    tensor = new(Tensor)
    tensor.data = data
    tensor.node = node
    if node is None and recording.get() == EVERYTHING:
        tensor.node = new_leaf(data, requires_grad=False)
    return tensor
