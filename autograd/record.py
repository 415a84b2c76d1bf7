"""The recorder: how a call of a NumPy function on Tensors becomes a node of the graph.

`record` takes any call and looks the function up in the table.  There are three recorders, which all do
the same: compute the result on the arrays and, if an argument needs a gradient, keep the arguments and the
result in a `Node`.  `apply` is the general recorder; read it first.  `unary` and `binary` are the same,
written out for functions of one and two arrays, because these are called most.

>>> a = Tensor(3.0, requires_grad=True)
>>> b = record(np.multiply, (a, 2), {})
>>> c = record(np.multiply, (b, a), {})
>>> c.node.op, [float(x) for x in c.node.args], c.node.parents == (b.node, a.node)
(Op(multiply), [6.0, 3.0], True)
>>> b.node.parents == (a.node, None), a.node.index < b.node.index < c.node.index
(True, True)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .bases import note_view, settled
from .engine import NO_OPTIONS, Constant, Node, constant, next_index
from .errors import DTypeError, NoRuleError
from .mode import recording
from .ops import Function, Op, bind, composed, of_length, row, unknown, untracked
from .refusals import no_rule, raise_misfit, refuse_foreign, refuse_options, way_to_numbers
from .tensor import NUMBERS, Tensor

recording_now = recording.get
new = Tensor.__new__
ndarray, FLOAT64 = np.ndarray, np.dtype(np.float64)


def unary(op: Op) -> Callable[[Any], Any]:
    """The recorder of a function of one array."""

    def recorder(a: Any) -> Any:
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
        if p is None or not now.records[p.requires_grad]:
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

    recorder.__name__, recorder.__doc__ = op.name, f"`np.{op.name}` of an array or a tensor."
    return recorder


def binary(op: Op) -> Callable[[Any, Any], Any]:
    """The recorder of a function of two arrays, of which either may be a constant."""

    def recorder(a: Any, b: Any) -> Any:
        if type(a) is Tensor:
            x, p = a.data, a.node
            if type(b) is Tensor:
                y, q = b.data, b.node
            else:
                y, q = (b, None) if type(b) in NUMBERS else operand(b, x)
        elif type(b) is Tensor:
            y, q = b.data, b.node
            x, p = (a, None) if type(a) in NUMBERS else operand(a, y)
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
        if not (now.records[needed] and (needed or is_known(p) or is_known(q))):
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

    return recorder


def is_known(parent: Node | None) -> bool:
    """Whether an argument has a place in the graph of its own: it is no number and no array of the user's."""
    return parent is not None and type(parent) is not Constant


def apply(op: Op, arrays: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """The result of `op`, recorded: for any number of arrays, some of which may be None, and any options."""
    args: list[Any] = []
    parents: list[Node | None] = []
    tensors = needed = False
    for a in arrays:
        if type(a) is Tensor:
            tensors = True
            args.append(a.data)
            parents.append(a.node)
        else:
            a, p = (a, None) if a is None or type(a) in NUMBERS else operand(a)
            args.append(a)
            parents.append(p)
    for parent, rule in zip(parents, op.rules, strict=False):  # a call may omit arguments
        if parent is not None and parent.requires_grad and rule is not None:
            needed = True
            break
    now = recording_now()
    if kwargs:
        kwargs = {name: option(op, value) for name, value in kwargs.items()}
        if needed and now.level:
            refuse_options(op, kwargs)
    if not tensors:
        return op.call(*arrays, **kwargs)
    try:
        data = op.call(*args, **kwargs) if kwargs else op.call(*args)
    except (ValueError, IndexError) as error:
        raise_misfit(op, args, error)
    if type(data) is not ndarray and not op.several and not isinstance(data, np.ndarray | np.generic):
        return data
    if needed and not op.several and data.dtype.kind not in "fc":
        needed = False  # an integer result is piecewise constant
    node = None
    if now.records[needed] and (needed or any(map(is_known, parents))):
        node = Node()
        node.op, node.args, node.parents, node.kwargs = op, tuple(args), tuple(parents), kwargs
        node.data, node.index, node.requires_grad = data, next_index(), needed
        node.notes = now.notes
    if op.several:
        parts = Tensor.lift(data, node) if node else (Tensor.of(part, None) for part in data)
        return type(data)(*parts) if hasattr(data, "_fields") else tuple(parts)
    result = new(Tensor)
    result.data = data
    result.node = node
    if op.view and isinstance(data, np.ndarray):
        note_view(result, arrays[0], op, kwargs)
    return result


def record(function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`function(*args, **kwargs)`, recorded as its row in the table says."""
    if kwargs.get("out") is not None:
        raise NoRuleError(
            f"{function.__name__}(..., out=) cannot be recorded on a Tensor: a recorded result is always new"
        )
    op = row(function)  # before `composed` is read: this may load the rules of a whole library
    if function in composed:
        return settled(composed[function](*args, **kwargs), function, args, kwargs)
    if op.each:
        (first,), kwargs = bind(op, args, kwargs)
        return apply(of_length(op, len(first)), tuple(map(joined, first)), kwargs)
    if op.rules:
        return apply(op, *bind(op, args, kwargs))
    answer = function(*plain(op, args), **plain(op, kwargs))
    return Tensor(answer) if isinstance(answer, np.ndarray | np.generic) else answer


class Recorders(dict[Function, Callable[..., Any]]):
    """For each function, its recorder for calls with array arguments only; made on first use."""

    def __missing__(self, function: Function) -> Callable[..., Any]:
        op = row(function)
        if not op.rules:
            return lambda *arrays: record(function, arrays, {})
        if unknown in op.rules:
            self[function] = lambda *arrays: apply(op, refuse_unknown(op, arrays), NO_OPTIONS)
        elif None in op.rules or len(op.rules) > 2 or op.several or op.view:
            self[function] = lambda *arrays: apply(op, arrays, NO_OPTIONS)
        else:
            self[function] = (unary, binary)[len(op.rules) - 1](op)
        return self[function]


recorders = Recorders()


# Arguments that are not Tensors


def operand(value: Any, beside: Any = None) -> tuple[Any, Constant | None]:
    """An argument that is not a Tensor, as an array or number that rules can use, and its parent.

    Integers beside float64 become float64 here, once: otherwise NumPy would cast them in the forward pass
    and again in every rule.  The parent of the user's own array is a `Constant`.  For a new array, which
    nobody else can change, it is None.

    Raises DTypeError if the argument does not consist of numbers.
    """
    if type(value) is ndarray and value.dtype is FLOAT64:
        return value, constant(value)
    if type(value) in NUMBERS:
        return value, None
    refuse_foreign(value)
    if type(value) is complex:  # its product with a np.float64 would be a Python number, without a dtype
        return (value if beside is None else np.asarray(value, np.result_type(beside, value))), None
    array = np.asarray(value)
    if array.dtype.kind not in "fbiuc":
        raise DTypeError(
            f"{value!r:.60} (dtype {array.dtype}) beside a Tensor is not a number or an array of numbers: "
            + way_to_numbers(value)
        )
    if beside is not None and beside.dtype is FLOAT64 and array.dtype.kind in "iub":
        return array.astype(FLOAT64), None
    return array, constant(array) if isinstance(value, ndarray) else None


def joined(part: Any) -> Any:
    """One tensor for a list with tensors in it, as NumPy makes one array of a list; else `part` itself."""
    if type(part) not in (list, tuple) or not any(has_tensor(p) for p in part):
        return part
    return record(np.stack, ([joined(p) for p in part],), {})


def has_tensor(value: Any) -> bool:
    """Whether a value is a tensor, or a list or tuple with a tensor somewhere in it."""
    return type(value) is Tensor or (type(value) in (list, tuple) and any(map(has_tensor, value)))


def plain(op: Op, value: Any) -> Any:
    """`value` with an array in place of every Tensor.  Raises NoRuleError if one requires a gradient."""
    if type(value) is Tensor:
        if value.requires_grad and recording.get().level and op.function not in untracked:
            raise no_rule(op.function, f"a tensor of shape {value.shape}")
        return value.data
    if type(value) in (list, tuple):
        return type(value)(plain(op, v) for v in value)
    if type(value) is dict:
        return {name: plain(op, v) for name, v in value.items()}
    return value


def option(op: Op, value: Any) -> Any:
    """`value` with copies of the arrays and lists in it, so that nobody else can change it."""
    if type(value) in OPTIONS:
        return value
    if type(value) is np.ndarray:
        return value.copy()
    if type(value) in (list, tuple):
        return type(value)(option(op, v) for v in value)
    return plain(op, value).copy() if type(value) is Tensor else plain(op, value)


OPTIONS = frozenset({int, float, bool, str, slice, type(None), type(...)})  # need no copy; most are these


def refuse_unknown(op: Op, arrays: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arrays as they are.  Raises NoRuleError if one requires a gradient that the table does not know."""
    for i, (a, rule) in enumerate(zip(arrays, op.rules, strict=False), 1):
        if rule is unknown and type(a) is Tensor and a.requires_grad and recording.get().level:
            raise no_rule(op.function, f"argument {i}, a tensor of shape {a.shape}")
    return arrays
