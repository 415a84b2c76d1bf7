"""What the user calls the numbers and arrays that were not recorded: a variable, a part of one, or words."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from ....engine import LEAF, Constant, Node
from ....errors import DerivationError
from ....formulas.algebra.arrays import transposed
from ....formulas.algebra.expressions import MINUS, ONE, Expr, Ref, Words, add, call, mul, name, number, power
from ....formulas.algebra.indexing import eye, frozen, index_of, take
from ....formulas.reading.windows import windows_of
from ....graph.scopes import source_of
from ..observe import Run
from .variables import Variable, held
from .words import evaluated, parts_of, same_numbers, word_is_module, words_in

PLAIN = {0.0, 1.0, 2.0, -1.0, 0.5, -2.0, -0.5}  # numbers that need no name


class Count(int):
    """A number of elements, which is the same in every run."""


@dataclass(slots=True)
class Constants:
    """The expressions of the constants in one run.

    variables  the names of nodes, and of arrays by their identity
    sources    where the value of each name is found; the names that are chosen here are added to it
    numbers    what the user calls numbers
    written    the expressions of constants that a line spells out, by the identity of the constant
    """

    run: Run
    variables: dict[Any, Variable]
    sources: dict[Ref, Any]
    numbers: dict[float, Expr] = field(default_factory=dict)
    written: dict[Any, Expr] = field(default_factory=dict)

    def __call__(self, data: Any) -> Expr:
        """The expression of a number or array that was not recorded."""
        key = id(data)
        if key in self.variables:
            return name(self.variables[key].ref, np.shape(data))
        if key in self.written:
            return self.written[key]
        if np.ndim(data) == 0:
            return self.number(np.asarray(data).item())
        return self.spelled(np.asarray(data))

    # Arrays

    def spelled(self, data: Any) -> Expr:
        """The expression of an array without a name, in terms of other arrays or of its numbers."""
        found = self.part_of_array(data) or self.equal_array(data) or self.one_hot_array(data)
        if found is not None:
            return found
        if data.size and (data == data.ravel()[0]).all() and data.dtype.kind != "b":
            return self.number(data.ravel()[0].item())
        if data.ndim == 1 and data.dtype.kind in "iu" and (data == np.arange(data.size)).all():
            return call(np.arange, (), data.shape, stop=data.size)
        if data.size <= 16:
            found = name((Words(f"np.array({data.tolist()})"),), data.shape)
            self.sources[found.data] = None
            return found
        raise DerivationError(
            f"an array of shape {data.shape} in f has no name: give it one, on a line before its use"
        )

    def part_of_array(self, data: Any) -> Expr | None:
        """The part of a variable with which an array shares its memory: `xs[3]` or `image[1:4, :5]`."""
        for ref, value in reversed(self.run.available.items()):
            whole = held(value)
            if isinstance(whole, np.ndarray) and whole.dtype == data.dtype and whole is not data:
                index = index_of(data, whole)
                if index is not None:
                    self.sources.setdefault(ref, ref)
                    return call(take, (name(ref, whole.shape),), data.shape, index=frozen(index))
        return None

    def equal_array(self, data: Any) -> Expr | None:
        """The variable with the same numbers as an array, or 1 minus it.

        It is another array if its whole numbers became floats beside a Tensor.
        """
        for ref, value in reversed(self.run.available.items()):
            if isinstance(value, np.ndarray) and value.shape == data.shape and value.dtype.kind in "biuf":
                direct, rest = np.array_equal(value, data), np.array_equal(1 - 1.0 * value, data)
                if direct or rest:
                    self.sources.setdefault(ref, ref)
                    found = name(ref, data.shape)
                    return found if direct else add(ONE, mul(MINUS, found))
        return None

    def one_hot_array(self, data: Any) -> Expr | None:
        """One-hot rows in terms of the variable that holds the labels; None for any other array."""
        if data.ndim != 2 or not ((data == 0) | (data == 1)).all() or not (data.sum(axis=1) == 1).all():
            return None
        labels = self.equal_array(data.argmax(axis=1))
        if labels is None or labels.args:
            return None
        return call(eye, (labels,), data.shape, n=data.shape[1])

    # Numbers

    def number(self, value: Any) -> Expr:
        """A number under the user's name for it, or for its reciprocal if that is a whole number."""
        if value in self.numbers:
            return self.numbers[value]
        whole = round(1 / abs(value)) if value and abs(value) < 1 else 0
        if whole and whole in self.numbers and 1 / whole == abs(value):
            return mul(number(1 if value > 0 else -1), power(self.numbers[whole], -1))
        return number(value)

    def name_count(self, node: Node) -> None:
        """Find what the user calls the number of elements over which a node is a mean."""
        if node.op.function not in (np.mean, np.var, np.std):
            return
        n = np.size(node.args[0]) // max(np.size(node.data), 1)
        axis = node.kwargs.get("axis")
        of = self.of_shape(node, np.shape(node.args[0]))
        if n in self.numbers or n in PLAIN or isinstance(axis, tuple):
            return
        words: str | None = self.whole_number(n, place_of(node))
        if of is not None:
            words = Words(f"{of}.size" if axis is None else f"{of}.shape[{axis}]")
        elif words is None and np.shape(node.args[0])[:1] == (n,):
            words = self.of_length(node, n)
        if words is not None:
            self.numbers[n] = name((words,), ())
            self.sources[(words,)] = Count(n)

    def whole_number(self, n: int, place: Any) -> str | None:
        """The variable of a function that holds a number of elements."""
        scope = self.run.scopes.get(place, {})
        held = (k for k, v in scope.items() if type(v) is int and v == n)
        return next((k for k in held if (k,) in self.run.available and not k.startswith("_")), None)

    def of_shape(self, node: Node, shape: Any) -> str | None:
        """The name of an array of this shape from which a node is computed elementwise."""
        waiting = [*zip(node.args, node.parents, strict=True)]
        for data, parent in waiting:
            if np.shape(data) == shape:
                variable = self.variables.get(parent) or self.variables.get(id(data))
                if variable and variable.available and len(variable.ref) == 1:
                    return str(variable.ref[0])
                waiting += zip(parent.args, parent.parents, strict=True) if parent is not None else ()
        return None

    def of_length(self, node: Node, n: int) -> Words | None:
        """The length of the nearest array of so many rows that a node is computed from: `p.shape[0]`."""
        waiting, seen = [node], set[Node]()
        while waiting:
            one = waiting.pop(0)
            for data, parent in zip(one.args, one.parents, strict=True):
                variable = self.variables.get(parent) or self.variables.get(id(data))
                is_named = variable is not None and variable.available and len(variable.ref) == 1
                if variable is not None and is_named and np.shape(data)[:1] == (n,):
                    return Words(f"{variable.ref[0]}.shape[0]")
                if parent is not None and parent not in seen:
                    seen.add(parent)
                    waiting.append(parent)
        return None

    # The words of a line

    def name_constants(self, node: Node) -> None:
        """Find the words for the constants that an operation takes, in the line in which it is written."""
        for data in constants_of(node):
            if self.needs_words(data) and (words := self.words(node, data)) is not None:
                found = self.translated(words, place_of(node))
                if np.ndim(data) == 0:
                    self.numbers.setdefault(np.asarray(data).item(), found)
                else:
                    self.written[id(data)] = found

    def needs_words(self, data: Any) -> bool:
        """Whether a constant is more than a plain number, a variable, a part of one, or windows."""
        if np.ndim(data) == 0 and float(np.asarray(data).item()) in PLAIN:
            return False
        if id(data) in self.variables or id(data) in self.written:
            return False
        if np.ndim(data) > 1 and windows_of(np.asarray(data)) is not None:
            return False
        if np.ndim(data) == 0:
            return True
        if self.part_of_array(np.asarray(data)) is not None:
            return False
        same = self.equal_array(data)
        return same is None or bool(same.args)

    def words(self, node: Node, data: Any) -> ast.expr | None:
        """The part of a line that computes a constant."""
        source, place = source_of(node), place_of(node)
        if source is None or place not in self.run.scopes:
            return None
        scope = self.run.scopes[place]
        for part in parts_of(source.filename, source.lineno):
            if all((ref,) in self.run.available or word_is_module(scope.get(ref)) for ref in words_in(part)):
                value = evaluated(part, scope)
                if same_numbers(value, data):
                    return part
        return None

    def translated(self, e: ast.expr, place: Any) -> Expr:
        """The expression of a piece of source: arithmetic is read, and anything else stays words."""
        match e:
            case ast.Constant(value=int() | float() as value):
                return number(value)
            case ast.UnaryOp(op=ast.USub()):
                return mul(MINUS, self.translated(e.operand, place))
            case ast.BinOp(op=ast.Pow(), right=ast.Constant(value=int() | float() as n)):
                return power(self.translated(e.left, place), n)
            case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div()):
                a, b = self.translated(e.left, place), self.translated(e.right, place)
                match e.op:
                    case ast.Add():
                        return add(a, b)
                    case ast.Sub():
                        return add(a, mul(MINUS, b))
                return mul(a, b if isinstance(e.op, ast.Mult) else power(b, -1))
            case ast.Attribute(attr="T") if (inner := self.translated(e.value, place)).shape:
                return transposed(inner, tuple(range(len(inner.shape)))[::-1])
            case ast.Call(func=ast.Attribute(attr="sqrt"), args=[inner]):
                return power(self.translated(inner, place), Fraction(1, 2))
        return self.by_words(e, place)

    def by_words(self, e: ast.expr, place: Any) -> Expr:
        """The name of a constant, or its words if they are more than a name."""
        value = evaluated(e, self.run.scopes[place])
        if isinstance(value, np.ndarray) and id(value) in self.variables:
            return name(self.variables[id(value)].ref, value.shape)
        words = ast.unparse(e)
        found = name((words if words.isidentifier() else Words(words),), np.shape(value))
        self.sources.setdefault(found.data, place)
        return found


def constants_of(node: Node) -> list[Any]:
    """The numbers and arrays that an operation takes and that were not recorded, also in an index."""
    if node.op is LEAF:
        return []
    indices = node.kwargs.get("index", ())
    indices = indices if isinstance(indices, tuple) else (indices,)
    arrays = [
        a
        for a, p in zip(node.args, node.parents, strict=True)
        if a is not None and (p is None or type(p) is Constant)
    ]
    return [*arrays, *(i for i in indices if isinstance(i, np.ndarray))]


def place_of(node: Node) -> tuple[str, str] | None:
    """The file and the function in which a node was made."""
    source = source_of(node)
    return (source.filename, source.function) if source else None
