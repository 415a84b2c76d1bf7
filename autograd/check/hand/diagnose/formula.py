"""The right formula for a line, as the engine derives it, in the user's own names.

The rules run on Tensors, from the user's gradients before the line; what they record is written as an
expression, in which every value that has a name stands by its name.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from math import isclose
from typing import Any, NamedTuple

import numpy as np

from ....engine import LEAF, Node, new_leaf, way_back
from ....mode import EVERYTHING, Block
from ....refusals import full_name
from ....tensor import Tensor
from ..match.results import same
from ..observe.graph import Forward, one_like
from .constants import lengths
from .shortened import shortened

LONGEST = 60  # operations, beyond which a formula explains nothing
PLAIN = 1  # operations, up to which it cannot be made shorter
WIDEST = 200  # characters of a formula that still explains something

OPERATORS = {
    "add": ast.Add, "subtract": ast.Sub, "multiply": ast.Mult, "divide": ast.Div, "power": ast.Pow,
    "matmul": ast.MatMult, "dot": ast.MatMult, "remainder": ast.Mod, "greater": ast.Gt, "less": ast.Lt,
    "greater_equal": ast.GtE, "less_equal": ast.LtE, "equal": ast.Eq, "not_equal": ast.NotEq,
}  # fmt: skip


class Source(NamedTuple):
    """A gradient of the user's that another follows from: its name, what it held, and the constant in it."""

    name: str
    node: Node
    value: Any
    scale: float


def explained(
    name: str, node: Node, scale: float, sources: list[Source], forward: Forward, level: int
) -> str:
    """More about a line: the rules that apply (1), the shapes (2), the formula (3)."""
    variable = forward.names.get(node, "it")
    region, _ = forward.between(node, {source.node for source in sources})
    ends = [source.node for source in sources]
    used = sorted({*region, *ends} - {node}, key=lambda n: n.index)
    rules = ", ".join(
        dict.fromkeys(full_name(n.op.function).replace("_operator.", "") for n in used if n.op is not LEAF)
    )
    before = ", ".join(dict.fromkeys(source.name for source in sources)) or "the loss"
    said = [f"{name} comes from {before}, back through what {variable} is used for, by the rules of: {rules}"]
    if level > 1:
        shapes = [f"{s.name} {np.shape(s.node.data)}" for s in sources]
        shapes += [f"{word} {np.shape(other.data)}" for other, word in neighbours(used, forward)]
        own = f"{name} must have that of {variable}, {np.shape(node.data)}"
        said.append(f"shapes: {', '.join(dict.fromkeys(shapes))}; {own}")
    if level > 2:
        said.append(f"{name} = {formula(node, scale, sources, forward)}")
    return "\n".join(said)


def neighbours(used: list[Node], forward: Forward) -> Iterator[tuple[Node, str]]:
    """The named values that the operations of a region take."""
    for node in used:
        for parent in node.parents:
            if parent in forward.names:
                yield parent, forward.names[parent]


def formula(node: Node, scale: float, sources: list[Source], forward: Forward) -> str:
    """The right-hand side, at the scale that the line carries."""
    names = dict(forward.names)
    given: dict[Node, Any] = {}
    told: dict[Node, tuple[float, str, Any]] = {}
    for source in sources:
        value = np.asarray(source.value)
        leaf = new_leaf(value, False)
        names[leaf] = times(scale / source.scale, source.name, forward)
        given[source.node] = Tensor.of(value, leaf)
        told[leaf] = scale / source.scale, source.name, value
    with Block(EVERYTHING):
        steps = recorded(node, given, scale, forward)
    result = next((g for one, g in steps if one is node), None)
    if not isinstance(result, Tensor) or result.node is None:
        return "0" if node is not forward.root else "1"
    writer = Writer(names, forward)
    text = ast.unparse(ast.fix_missing_locations(writer.of(result.data, result.node)))
    is_whole = writer.count <= LONGEST
    short = shortened(node, steps, told, forward) if writer.count > PLAIN else None
    if short is not None and (len(short) < len(text) if is_whole else len(short) <= WIDEST):
        return short
    return text if is_whole else f"... ({writer.count} operations: give more of the steps a name)"


def times(c: float, name: str, forward: Forward) -> str:
    """`c name`: a quotient if 1/c is a whole number, by the name that this has."""
    if isclose(c, 1, rel_tol=1e-9):
        return name
    whole = round(1 / c)
    if isclose(whole * c, 1, rel_tol=1e-9):
        return f"{name} / {lengths(forward).get(whole, whole)}"
    return f"{lengths(forward).get(round(c), c) if isclose(round(c), c) else c} * {name}"


def recorded(line: Node, given: dict[Node, Any], scale: float, forward: Forward) -> list[tuple[Node, Any]]:
    """The gradients on the way to a line, as Tensors that remember how they were made of the given ones."""
    region, _ = forward.between(line, given)
    inside, start = set(region), dict(given)
    if forward.root in inside:
        start[forward.root] = Tensor.of(scale * one_like(forward.root), None)
    steps = way_back(start, Tensor.lift, within=inside, ends={line})
    return [(node, g) for node, g, _ in steps]


class Writer:
    """Writes recorded nodes as an expression, up to those that have a name."""

    def __init__(self, names: dict[Node, str], forward: Forward) -> None:
        self.names, self.forward, self.count = names, forward, 0

    def of(self, data: Any, node: Node | None) -> ast.expr:
        """The expression for an array and its node."""
        if node in self.names:
            return parsed(self.names[node])
        if node is None or node.op is LEAF:
            return self.constant(data)
        self.count += 1
        if self.count > 4 * LONGEST:
            return ast.Name("...")
        args = [(a, self.of(a, p)) for a, p in zip(node.args, node.parents, strict=True) if a is not None]
        return self.operation(node, args)

    def constant(self, data: Any) -> ast.expr:
        """A number; an array by the name of the variable that holds the same."""
        if np.ndim(data) == 0:
            value = np.asarray(data).item()
            return ast.Constant(int(value) if isinstance(value, float) and value.is_integer() else value)
        arrays = [
            (k, v)
            for k, v in self.forward.scope.items()
            if isinstance(v, np.ndarray) and v.dtype.kind in "biuf"
        ]
        name = next((k for k, v in arrays if same(v, data)), None)
        other = next((k for k, v in arrays if same(1 - v, data)), None) if name is None else None
        return (
            parsed(name or f"1 - {other}")
            if name or other
            else ast.Name(f"<array of shape {np.shape(data)}>")
        )

    def index(self, index: Any) -> ast.expr:
        """An index, or another option."""
        if isinstance(index, tuple) and len(index) == 1:
            return self.index(index[0])
        if isinstance(index, tuple):
            return ast.Tuple([self.index(part) for part in index])
        if isinstance(index, slice):
            parts = (index.start, index.stop, index.step)
            return ast.Call(ast.Name("slice"), [ast.Constant(part) for part in parts], [])
        if isinstance(index, np.dtype):
            return ast.Constant(index.name)
        return self.constant(index) if isinstance(index, np.ndarray) else ast.Constant(index)

    def operation(self, node: Node, args: list[tuple[Any, ast.expr]]) -> ast.expr:
        """One operation, written as one would write it; those that change nothing are left out."""
        name, expressions = node.op.name, [e for _, e in args]
        if (
            name in OPERATORS
            and len(args) == 2
            and not (name == "dot" and max(np.ndim(a) for a, _ in args) > 2)
        ):
            return simplified(OPERATORS[name](), [unstretched(e, a, node) for a, e in args])
        if name == "negative":
            return minus(expressions[0])
        if name in ("transpose", "matrix_transpose") and not node.kwargs.get("axes"):
            return ast.Attribute(
                expressions[0], "T" if name == "transpose" or np.ndim(node.data) == 2 else "mT"
            )
        if name in ("reshape", "positive", "cast", "conjugate") and np.shape(args[0][0]) == np.shape(
            node.data
        ):
            return expressions[0]
        if name == "getitem":
            return ast.Subscript(expressions[0], self.index(node.kwargs["index"]))
        if node.op.each:  # a function of a sequence of arrays
            expressions = [ast.List(expressions)]
        words = [ast.keyword(k, self.index(v)) for k, v in node.kwargs.items()]
        return ast.Call(parsed(full_name(node.op.function).replace("_operator.", "")), expressions, words)


def parsed(text: str) -> ast.expr:
    """A name, or what else stands for a value, as an expression."""
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError:
        return ast.Name(text)


def unstretched(expression: ast.expr, data: Any, node: Node) -> ast.expr:
    """An operand without a broadcast that the operator does by itself."""
    match expression:
        case ast.Call(func=ast.Attribute(attr="broadcast_to"), args=[inner, *_]) if np.shape(
            data
        ) == np.shape(node.data):
            return inner
    return expression


def minus(a: ast.expr) -> ast.expr:
    """-a, and a for -(-a)."""
    return (
        a.operand if isinstance(a, ast.UnaryOp) and isinstance(a.op, ast.USub) else ast.UnaryOp(ast.USub(), a)
    )


def simplified(op: Any, operands: list[ast.expr]) -> ast.expr:
    """`a op b`, with minus signs in front of products, and without factors of 1 and terms of 0."""
    a, b = operands
    if isinstance(op, ast.cmpop):
        return ast.Compare(a, [op], [b])
    if isinstance(op, ast.Mult | ast.Div | ast.MatMult):
        for i, part in enumerate((a, b)):
            if isinstance(part, ast.UnaryOp) and isinstance(part.op, ast.USub):
                return minus(simplified(op, [part.operand, b] if i == 0 else [a, part.operand]))
        match op, a, b:
            case ast.Div(), ast.Constant(value=int() as n), ast.Constant(value=int() as d) if n % d == 0:
                return ast.Constant(n // d)
        if is_number(b, 1):
            return a
        if is_number(a, 1) and isinstance(op, ast.Mult):
            return b
    if isinstance(op, ast.Add | ast.Sub) and is_number(b, 0):
        return a
    if isinstance(op, ast.Add) and isinstance(b, ast.UnaryOp):
        return ast.BinOp(a, ast.Sub(), b.operand)
    return ast.BinOp(a, op, b)


def is_number(a: ast.expr, value: int) -> bool:
    """Whether an expression is a certain number."""
    return isinstance(a, ast.Constant) and a.value == value
