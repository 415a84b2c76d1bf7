"""A plan as scalar loops, from which Numba makes native code: for small arrays, many steps in a call.

A kernel knows memory by its address, and an array by its distance from the beginning of its memory and its
strides, so that a view costs nothing.  Loops over one shape are one loop, and what is not needed after it
is never stored.

The products of matrices are sums in their natural order, and functions like exp are the C library's, so
the numbers may differ from NumPy's in the last places.
"""

from __future__ import annotations

import operator
from itertools import count
from math import prod
from typing import Any

import numpy as np

from ..planning import Plan, elementwise, exp_quietly
from ..program import Call, Guard, Value, values_in
from ..recording.tape import filled

LARGEST = 2**16  # multiplications in a product of matrices, beyond which a library is faster


class NotNative(Exception):  # noqa: N818  (it is no error, and is caught where it matters)
    """Something for which there are no loops."""


INFIX = {
    np.add: "+",
    np.subtract: "-",
    np.multiply: "*",
    np.divide: "/",
    np.power: "**",
    np.less: "<",
    np.less_equal: "<=",
    np.greater: ">",
    np.greater_equal: ">=",
    np.equal: "==",
    np.not_equal: "!=",
    np.bitwise_and: "&",
    np.bitwise_or: "|",
    np.bitwise_xor: "^",
    operator.add: "+",
    operator.sub: "-",
    operator.mul: "*",
    operator.truediv: "/",
    operator.pow: "**",
    operator.lt: "<",
    operator.le: "<=",
    operator.gt: ">",
    operator.ge: ">=",
    operator.eq: "==",
    operator.ne: "!=",
}
BY_NAME = {
    *(np.exp, np.exp2, np.expm1, np.log, np.log2, np.log10, np.log1p, np.sqrt, np.tanh, np.sin, np.cos),
    *(np.tan, np.sinh, np.cosh, np.arctan, np.arcsin, np.arccos, np.maximum, np.minimum, np.sign),
    *(np.square, np.absolute, np.isfinite, np.isnan, np.isinf, np.arctan2, np.hypot, np.logaddexp, np.floor),
    *(np.ceil, np.rint, np.reciprocal, np.invert, np.fabs, np.cbrt, np.logical_and, np.logical_or),
}
SUMS = {np.add.reduce, np.ndarray.sum, np.sum}
MEANS = {np.mean, np.ndarray.mean}
EXTREMES = {np.max: ">", np.ndarray.max: ">", np.min: "<", np.ndarray.min: "<"}
PLACES = {np.ndarray.argmax: ">", np.argmax: ">", np.ndarray.argmin: "<", np.argmin: "<"}
PRODUCTS = {np.ndarray.dot, np.dot, np.matmul}


class Kernel:
    """The lines of a kernel, and where each value is kept.

    roots   the values that own memory, each with the slot of its address
    locals  the values that are numbers, each with its variable
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.roots: dict[Value, int] = {}
        self.locals: dict[Value, str] = {}
        self.lines: list[str] = []
        self.fresh = count()
        self.loads: dict[Value, str] = {}
        outside = [plan.result, *(e.value for e in (*plan.effects, *plan.writes))]
        self.lasting = set(values_in(outside))

    def line(self, depth: int, text: str) -> None:
        """Add a line to the kernel; depth 2 is inside of its loop over the steps."""
        self.lines.append("    " * depth + text)

    # where values are

    def slot(self, value: Value) -> int:
        """The number of the address at which the memory of a value is found; views share one."""
        return self.roots.setdefault(value.root, len(self.roots))

    def at(self, value: Value, index: list[str]) -> str:
        """The source of an element of a value, or of the number that it is."""
        if value in self.locals:
            return self.locals[value]
        if not isinstance(value.data, np.ndarray):
            raise NotNative("a number that is read")
        data, root = value.data, value.root.data
        size = data.itemsize
        offset = (address(data) - address(root)) // size
        if data.ndim > len(index) or data.dtype != root.dtype or any(s % size for s in data.strides):
            raise NotNative("a view of another kind")
        terms = [str(offset)] if offset else []
        for i, n, stride in zip(index[len(index) - data.ndim :], data.shape, data.strides, strict=True):
            if n > 1 and stride:
                terms.append(f"{i} * {stride // size}" if stride != size else i)
        return f"r{self.slot(value)}[{' + '.join(terms) or 0}]"

    def term(self, leaf: Any, index: list[str], dtype: Any) -> str:
        """The source of an operand of an elementwise function whose array operands have this dtype."""
        if type(leaf) is Value:
            return self.at(leaf, index)
        if isinstance(leaf, np.generic | bool):
            return f"{scalar(np.asarray(leaf).dtype)}({np.asarray(leaf).item()})"
        if isinstance(leaf, int | float) and leaf - leaf == 0:
            return f"np.{dtype.name}({leaf!r})" if dtype is not None and dtype.kind == "f" else repr(leaf)
        raise NotNative(f"{leaf!r:.40}")

    # steps

    def steps(self, steps: list[Call | Guard]) -> None:
        """Write the loops of all steps: one for neighbouring elementwise steps that fit into it together."""
        group: list[Call] = []
        for step in steps:
            if group and not (isinstance(step, Call) and self.fits(step, group)):
                self.loop(group, steps)
                group = []
            if isinstance(step, Guard):
                self.line(2, f"if {'not ' * step.outcome}{self.at(step.value, [])}: return k")
            elif isinstance(step.result.data, tuple):
                raise NotNative(step.function.__name__)
            elif step.result.base is not None:
                pass  # a view: its elements are where they are
            elif pointwise(step) and np.ndim(step.result.data):
                group.append(step)
            else:
                self.single(step)
        if group:
            self.loop(group, steps)

    def fits(self, call: Call, group: list[Call]) -> bool:
        """Whether a call may go into the loop of others: it needs only the same element of their results."""
        made = {other.result for other in group}
        return (
            pointwise(call)
            and np.shape(call.result.data) == np.shape(group[0].result.data)
            and all(v in made or v.root not in made for v in call.operands())
        )

    def loop(self, group: list[Call], steps: list[Call | Guard]) -> None:
        """Write one loop for several elementwise functions."""
        index, depth = self.open(group[0].result.data.shape, 2)
        inside = set(group)
        needed = {v.root for s in steps if s not in inside for v in s.operands()} | {
            v.root for v in self.lasting
        }
        names = {}
        for call in group:
            name = f"e{next(self.fresh)}"
            self.line(depth, f"{name} = {self.element(call, index)}")
            self.locals[call.result] = names[call.result] = name
        for value, name in names.items():
            del self.locals[value]
            if value in needed:
                self.line(depth, f"{self.at(value, index)} = {name}")

    def open(self, shape: tuple[int, ...], depth: int) -> tuple[list[str], int]:
        """The index inside of new loops over a shape, whose heads are written, and their depth."""
        index = []
        for n in shape:
            index.append(f"i{depth}")
            self.line(depth, f"for i{depth} in range({n}):")
            depth += 1
        return index, depth

    def element(self, call: Call, index: list[str]) -> str:
        """The source of one element of an elementwise function."""
        dtypes = {v.data.dtype for v in call.operands() if isinstance(v.data, np.ndarray)}
        if len(dtypes) > 1 and any(d.kind == "f" and d != call.result.data.dtype for d in dtypes):
            raise NotNative("floats of several kinds")
        dtype = dtypes.pop() if len(dtypes) == 1 else None
        function = call.function
        if function in (np.ndarray.astype, filled):
            args = [self.term(call.args[0], index, dtype)]
            return f"{scalar(call.result.data.dtype)}({args[0]})"
        args = [self.term(a, index, dtype) for a in call.args]
        if call.kwargs:
            raise NotNative(function.__name__)
        if function is np.where:
            return f"{args[1]} if {args[0]} else {args[2]}"
        if function in INFIX:
            return f"{args[0]} {INFIX[function]} {args[1]}"
        if function in (np.negative, operator.neg):
            return f"-{args[0]}"
        if function is exp_quietly:
            return f"np.exp({args[0]})"
        if function in BY_NAME:
            return f"np.{function.__name__}({', '.join(args)})"
        raise NotNative(function.__name__)

    def single(self, call: Call) -> None:
        """Write a function whose result is a number, or has elements that depend on many."""
        function, result = call.function, call.result
        if function in PRODUCTS:
            a, b = call.args
            self.product(a, b, result)
        elif function in SUMS or function in MEANS or function in EXTREMES:
            self.reduction(call)
        elif function in PLACES and len(call.args) == 1 and not call.kwargs:
            self.place(call.args[0], result, PLACES[function])
        elif getattr(function, "__name__", "") == "item" and len(call.args) <= 2:
            self.locals[result] = self.item(*call.args)
        elif pointwise(call):
            self.locals[result] = f"s{next(self.fresh)}"
            self.line(2, f"{self.locals[result]} = {self.element(call, [])}")
        else:
            raise NotNative(function.__name__)

    def product(self, a: Value, b: Value, result: Value) -> None:
        """Write a product of matrices, or of a matrix and a vector."""
        if not 0 < np.ndim(a.data) < 3 or not 0 < np.ndim(b.data) < 3:
            raise NotNative("a product of more than two axes")
        inner = a.data.shape[-1]
        if prod(np.shape(result.data)) * inner > LARGEST:
            raise NotNative("a large product of matrices, which NumPy is faster at")
        index, depth = self.open(np.shape(result.data), 2)
        rows, columns = index[: a.data.ndim - 1], index[a.data.ndim - 1 :]
        total = f"s{next(self.fresh)}"
        self.line(depth, f"{total} = np.{result.data.dtype.name}(0)")
        self.line(depth, f"for i{depth} in range({inner}):")
        k = [f"i{depth}"]
        self.line(depth + 1, f"{total} += {self.at(a, rows + k)} * {self.at(b, k + columns)}")
        self.store(depth, result, index, total)

    def copy(self, to: Value, value: Value, depth: int = 2) -> None:
        """Write a loop that copies a value into an array."""
        index, depth = self.open(to.data.shape, depth)
        self.line(depth, f"{self.at(to, index)} = {self.at(value, index)}")

    def store(self, depth: int, result: Value, index: list[str], name: str) -> None:
        """Write an element of a result to its place; a result that is a number stays a variable."""
        if isinstance(result.data, np.ndarray) and result.data.ndim:
            self.line(depth, f"{self.at(result, index)} = {name}")
        else:
            self.locals[result] = name

    def reduction(self, call: Call) -> None:
        """Write a sum, a mean or an extreme over some axes."""
        a, result, function = call.args[0], call.result, call.function
        gone = reduced_axes(call)
        keeps = np.ndim(result.data) == a.data.ndim
        kept = [n for i, n in enumerate(a.data.shape) if i not in gone]
        index, depth = self.open(tuple(kept), 2)
        total, first = f"s{next(self.fresh)}", EXTREMES.get(function)
        full, rest = [], iter(index)
        for i in range(a.data.ndim):
            full.append("0" if i in gone else next(rest))
        start = self.at(a, full) if first else f"np.{result.data.dtype.name}(0)"
        self.line(depth, f"{total} = {start}")
        inner = depth
        for i in sorted(gone):
            full[i] = f"i{inner}"
            self.line(inner, f"for i{inner} in range({a.data.shape[i]}):")
            inner += 1
        element = self.at(a, full)
        if first:
            self.line(inner, f"if {element} {first} {total} or {element} != {element}: {total} = {element}")
        else:
            self.line(inner, f"{total} += {element}")
        n = prod(a.data.shape[i] for i in gone)
        out = ["0" if i in gone else full[i] for i in range(a.data.ndim)] if keeps else index
        self.store(depth, result, out, f"{total} / {n}" if function in MEANS else total)
        if function in MEANS and result in self.locals:
            self.line(depth, f"{total} = {total} / {n}")
            self.locals[result] = total

    def place(self, a: Value, result: Value, sign: str) -> None:
        """Write the search for the place of the largest or smallest element; the first NaN is both."""
        name, number = f"s{next(self.fresh)}", next(self.fresh)
        self.line(2, f"{name} = -1; f{number} = 0; b{number} = {self.at(a, ['0'] * a.data.ndim)}")
        index, depth = self.open(a.data.shape, 2)
        element = self.at(a, index)
        better = f"{element} {sign} b{number} or {element} != {element}"
        self.line(depth, f"if {name} < 0 or (b{number} == b{number} and ({better})):")
        self.line(depth + 1, f"{name} = f{number}; b{number} = {element}")
        self.line(depth, f"f{number} += 1")
        self.locals[result] = name

    def item(self, a: Value, at: Any = 0) -> str:
        """`a.item(at)` as source.

        Raises NotNative for a fixed place among several elements, and for a computed one in a view.
        """
        if a in self.locals:
            return self.locals[a]
        if type(at) is Value and a.data.flags.c_contiguous and a.base is None:
            return f"r{self.slot(a)}[{self.at(at, [])}]"
        if a.data.size == 1:
            return self.at(a, ["0"] * a.data.ndim)
        raise NotNative("item")


def reduced_axes(call: Call) -> set[int]:
    """The axes over which a call takes a sum, a mean or an extreme.

    Raises NotNative for other options than the axes, for arrays that are no floats, and for another dtype.
    """
    a, result = call.args[0], call.result
    axis = call.kwargs.get("axis", call.args[1] if len(call.args) > 1 else None)
    if call.kwargs.keys() - {"axis", "keepdims", "order"} or type(a) is not Value or a.data.dtype.kind != "f":
        raise NotNative(call.function.__name__)
    if a.data.dtype != result.data.dtype:
        raise NotNative("a sum in another dtype")
    over = range(a.data.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return {i % a.data.ndim for i in over}


def scalar(dtype: Any) -> str:
    """The NumPy type of a dtype's numbers, as source."""
    return f"np.{dtype.name}{'_' * (dtype.kind == 'b')}"


def address(array: Any) -> int:
    """The address of the first element of an array, in bytes."""
    return int(array.__array_interface__["data"][0])


def pointwise(call: Call) -> bool:
    """Whether element i of the result depends on element i of the arguments alone."""
    return (
        elementwise(call)
        or call.function in (np.where, filled, np.ndarray.astype)
        or call.function in INFIX
        or call.function is operator.neg
    )
