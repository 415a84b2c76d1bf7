"""Small changes of a line of source, each of which takes back one kind of mistake."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations, pairwise
from typing import Any, NamedTuple

import numpy as np

from .functions import Functions, of_functions
from .insertions import Beside, Evaluate, by_value, to_whole
from .places import elsewhere, neighbours
from .quantities import is_numeric
from .statements import OPPOSITE, whole_line
from .trees import flipped, number, placed, replaced, reversed_array

KINDS = (  # in the order in which they are tried: what says most with least comes first
    "sign", "missing sign", "overwritten", "shape", "transpose", "factor", "number", "missing constant",
    "extra-factor", "extra-term", "wrong-variable", "complement", "turned",
    "forgotten term", "nearby", "forgotten factor", "reduction", "missing-factor", "missing-term",
    "call too many", "missing call", "line too many", "term too many",
)  # fmt: skip


CALLED = {
    "line too many": "extra-factor",
    "term too many": "extra-term",
    "forgotten term": "missing-term",
    "forgotten factor": "missing-factor",
    "nearby": "wrong-variable",
    "complement": "wrong-variable",
    "turned": "wrong-variable",
    "missing sign": "sign",
    "number": "factor",
    "missing constant": "factor",
    "reduction": "shape",
    "call too many": "extra-factor",
    "missing call": "missing-factor",
}


class Edit(NamedTuple):
    """A change of one place of a statement, the kind of mistake it takes back, and what is said of it."""

    kind: str
    text: str
    statement: ast.stmt
    old: ast.AST
    new: ast.AST

    @property
    def lineno(self) -> int | None:
        """The line of what is changed; None of a whole statement made for it."""
        return getattr(self.old, "lineno", None)

    def made(self) -> ast.stmt:
        """The statement with the change made."""
        return placed(replaced(self.statement, self.old, self.new), self.old)  # type: ignore[return-value]


def edits(
    statement: ast.stmt,
    scope: dict[str, Any],
    evaluate: Evaluate,
    functions: Functions | None = None,
    inserting: bool = True,
    beside: Beside = (),
) -> Iterator[Edit]:
    """All changes of a statement at one place; `functions` are those of the user's that it may call.

    `beside` is what stands elsewhere in the same function.
    """
    for kind, text, changed in whole_line(statement):
        yield Edit(kind, text, statement, statement, changed)
    value = getattr(statement, "value", None)
    if value is None:
        return
    writes = isinstance(statement, ast.Expr) and isinstance(value, ast.Call)  # np.add.at(dE, index, values)
    parts = value.args[1:] if writes else [value]
    for part in parts[-1:]:
        if is_numeric(held := evaluate(part)) and (np.ndim(held) or isinstance(held, float)):
            for kind, text, new in to_whole(part, held, scope, beside):
                yield Edit(kind, text, statement, part, new)
    for node in (node for part in parts for node in expressions(part)):
        for kind, text, new in at_node(node, scope, evaluate, inserting, beside):
            yield Edit(kind, text, statement, node, new)
        for kind, text, new in of_functions(node, functions or {}):
            yield Edit(kind, text, statement, node, new)
        if isinstance(node, ast.Subscript | ast.Name):
            text = f"the exponent of `{ast.unparse(node)}` is wrong"
            for exponent in (2, 0.5):
                yield Edit(
                    "missing-factor", text, statement, node, ast.BinOp(node, ast.Pow(), number(exponent))
                )


def expressions(tree: ast.AST) -> Iterator[ast.expr]:
    """The expressions in a tree that stand for numbers: no called names, keywords, indices or exponents."""
    if isinstance(tree, ast.expr):
        yield tree
    for name, part in ast.iter_fields(tree):
        if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Pow) and name == "right":
            continue  # an exponent is changed as such
        if name in ("func", "slice", "keywords") and not (name == "func" and isinstance(part, ast.Attribute)):
            continue
        for child in part if isinstance(part, list) else [part]:
            if isinstance(child, ast.AST):
                yield from expressions(child)


def at_node(
    node: ast.expr, scope: dict[str, Any], evaluate: Evaluate, inserting: bool = True, beside: Beside = ()
) -> Iterator[tuple[str, str, ast.expr]]:
    """What could stand in the place of one expression."""
    text = ast.unparse(node)
    yield from slopes(node, text)
    match node:
        case ast.BinOp(left=a, op=ast.Add() | ast.Sub() as op, right=b):
            other = ast.Sub() if isinstance(op, ast.Add) else ast.Add()
            yield "sign", f"a sign in `{text}` is wrong", ast.BinOp(a, other, b)
            if isinstance(op, ast.Sub):
                yield "sign", f"`{text}` is the wrong way round", ast.BinOp(b, op, a)
            else:
                yield "sign", f"a sign in `{text}` is wrong", ast.BinOp(b, ast.Sub(), a)
            for stays, goes in ((a, b), (b if isinstance(op, ast.Add) else ast.UnaryOp(ast.USub(), b), a)):
                if not isinstance(
                    stays, ast.Constant
                ):  # what is left of 1 - A is no sum, but a factor too many
                    yield "extra-term", f"the term `{ast.unparse(goes)}` is too many in `{text}`", stays
        case ast.BinOp(left=a, op=ast.Mult() | ast.Div() as op, right=b):
            yield from without(a, b, op, evaluate)
        case ast.BinOp(left=a, op=ast.MatMult() as op, right=b):
            for x, y in ((b, a), (flipped(b), a), (b, flipped(a)), (flipped(b), flipped(a))):
                yield "transpose", f"the factors of `{text}` are the wrong way round", ast.BinOp(x, op, y)
        case ast.BinOp(left=a, op=ast.Pow() as op, right=exponent) if ndim_of(n := evaluate(exponent)) == 0:
            for m in powers(n):
                kind = "extra-factor" if abs(m) < abs(n) else "missing-factor"
                yield kind, f"the exponent in `{text}` is wrong", ast.BinOp(a, op, number(m))
        case ast.Compare(left=a, ops=[op], comparators=[b]) if type(op) in OPPOSITE:
            for opposite in OPPOSITE[type(op)]:
                said = f"the comparison `{text}` is another than it should be"
                yield "wrong-variable", said, ast.Compare(a, [opposite()], [b])
        case ast.UnaryOp(op=ast.USub(), operand=a):
            yield "sign", f"a minus is too many before `{ast.unparse(a)}`", a
        case ast.Attribute(value=a, attr="T" | "mT"):
            yield "transpose", f"`{text}` should not be transposed", a
        case ast.Constant(value=int() | float() as n) if not isinstance(n, bool):
            for m in {1, 2, 3, 0.5, 4, n + 1, n - 1, -n} - {n, 0}:
                kind = "sign" if m == -n else "number"
                yield kind, f"the number {text} is wrong", number(m)
        case ast.Call():
            yield from calls(node)
        case ast.Subscript(value=a, slice=index):
            for near in (*neighbours(index, evaluate(a)), *elsewhere(index, scope)):
                yield "wrong-variable", f"the index in `{text}` is wrong", ast.Subscript(a, near, ast.Load())
    if inserting:
        yield from by_value(node, text, scope, evaluate, beside)


def slopes(node: ast.expr, text: str) -> Iterator[tuple[str, str, ast.expr]]:
    """The slope of a sigmoid in the place of tanh's, and the other way round.

    >>> tree = ast.parse("1 - h**2", mode="eval").body
    >>> [said for _, said, _ in slopes(tree, "1 - h**2")]
    ['`1 - h**2` is the slope of tanh: of a sigmoid it is `h * (1 - h)`']
    """
    match node:
        case ast.BinOp(left=ast.Constant(value=1), op=ast.Sub(), right=ast.BinOp(left=a, op=op, right=b)):
            is_square = isinstance(op, ast.Pow) and isinstance(b, ast.Constant) and b.value == 2
            is_square = is_square or (isinstance(op, ast.Mult) and ast.dump(a) == ast.dump(b))
            rest = ast.BinOp(number(1), ast.Sub(), a)
            name, kind, new = "tanh", "a sigmoid", ast.BinOp(a, ast.Mult(), rest)
        case ast.BinOp(
            left=a, op=ast.Mult(), right=ast.BinOp(left=ast.Constant(value=1), op=ast.Sub(), right=b)
        ):
            is_square = ast.dump(a) == ast.dump(b)
            square = ast.BinOp(a, ast.Pow(), number(2))
            name, kind, new = "a sigmoid", "tanh", ast.BinOp(number(1), ast.Sub(), square)
        case _:
            return
    if is_square:
        said = f"`{text}` is the slope of {name}: of {kind} it is `{ast.unparse(new)}`"
        yield "missing-factor", said, new


def ndim_of(value: Any) -> int | None:
    """The number of axes of what an expression holds; None if that is no array and no number."""
    return np.ndim(value) if value is None or is_numeric(value) else None


def powers(n: Any) -> list[float]:
    """What an exponent may have to be: one less, as a derivative's is, and others; n is None if unknown."""
    return [float(m) for m in (n - 1, n + 1, -n, n / 2, 2 * n)] if isinstance(n, int | float) else []


def without(
    a: ast.expr, b: ast.expr, op: ast.operator, evaluate: Evaluate
) -> Iterator[tuple[str, str, ast.expr]]:
    """A product without one of its factors, or two, or a quotient that is a product."""
    sides = [(a, b)] if isinstance(op, ast.Div) else [(a, b), (b, a)]
    match a, op:
        case ast.BinOp(left=c, op=ast.Mult(), right=d), ast.Mult():
            sides += [(c, ast.BinOp(d, ast.Mult(), b)), (d, ast.BinOp(c, ast.Mult(), b))]
    for stays, goes in sides:
        kind = "factor" if ndim_of(evaluate(goes)) == 0 else "extra-factor"
        yield kind, f"the factor `{ast.unparse(goes)}` is too many", stays
    other = ast.Mult() if isinstance(op, ast.Div) else ast.Div()
    kind = "factor" if ndim_of(evaluate(b)) == 0 else "extra-factor"
    yield kind, f"`{ast.unparse(b)}` is on the wrong side of the fraction", ast.BinOp(a, other, b)


TWINS = {"max": "min", "maximum": "minimum", "argmax": "argmin", "sin": "cos", "amax": "amin", "sinh": "cosh"}


TWINS |= {b: a for a, b in TWINS.items()}


REDUCTIONS = {"sum": "mean", "mean": "sum"}


RUNNING = ("cumsum", "cumprod")


def calls(node: ast.Call) -> Iterator[tuple[str, str, ast.expr]]:
    """Arguments exchanged; other axes of a sum, keepdims or not, a mean for a sum, or none of it."""
    text = ast.unparse(node)
    for i, (first, second) in enumerate(pairwise(node.args)):
        said = f"`{ast.unparse(first)}` and `{ast.unparse(second)}` in `{text}` are the wrong way round"
        exchanged = [*node.args[:i], second, first, *node.args[i + 2 :]]
        yield "wrong-variable", said, ast.Call(node.func, exchanged, node.keywords)
    match node.args:
        case [ast.Constant(value=str() as subscripts), *operands] if "->" in subscripts:
            said = f"the indices of `{text}` are in the wrong order"
            for labels in map(ast.Constant, relabelled(subscripts)):
                yield "transpose", said, ast.Call(node.func, [labels, *operands], node.keywords)
    if not isinstance(node.func, ast.Attribute):
        return
    name = node.func.attr
    is_numpys = isinstance(node.func.value, ast.Name) and node.func.value.id in ("np", "numpy")
    inner = node.args[0] if is_numpys and node.args else node.func.value
    if name in RUNNING:  # the adjoint of a running sum runs the other way
        said = f"`{text}` runs the wrong way"
        back = reversed_array(inner)
        args = [back, *node.args[1:]] if is_numpys else node.args
        func = node.func if is_numpys else ast.Attribute(back, name, ast.Load())
        yield "turned", said, reversed_array(ast.Call(func, args, node.keywords))
    if name in TWINS:
        said = f"`{name}` in `{text}` should be `{TWINS[name]}`"
        twin = ast.Attribute(node.func.value, TWINS[name], ast.Load())
        yield "wrong-variable", said, ast.Call(twin, node.args, node.keywords)
    if name in REDUCTIONS:
        other = ast.Attribute(node.func.value, REDUCTIONS[name], ast.Load())
        said = f"`{name}` in `{text}` should be `{REDUCTIONS[name]}`"
        yield "factor", said, ast.Call(other, node.args, node.keywords)
        yield "shape", f"`{text}` should not be summed", inner
        args = node.args[:1] if is_numpys else []
        for axis in (None, 0, 1, 2, -1):
            for keep in (True, False):
                words = [ast.keyword("axis", ast.Constant(axis)), ast.keyword("keepdims", ast.Constant(keep))]
                yield "shape", f"the axis or keepdims of `{text}` is wrong", ast.Call(node.func, args, words)
    if name in ("dot", "matmul", "outer") and is_numpys and len(node.args) == 2:
        said = f"the factors of `{text}` are the wrong way round"
        a, b = node.args
        for x, y in ((b, a), (flipped(b), a), (b, flipped(a)), (flipped(b), flipped(a))):
            yield "transpose", said, ast.Call(node.func, [x, y], [])
    if name == "transpose" and not node.keywords:
        yield "transpose", f"`{text}` should not be transposed", inner


def relabelled(subscripts: str) -> Iterator[str]:
    """The subscripts of an einsum with two letters exchanged in one of its terms.

    >>> list(relabelled("ij,jk->ik"))
    ['ji,jk->ik', 'ij,kj->ik', 'ij,jk->ki']
    """
    terms = subscripts.replace("->", ",").split(",")
    for i, term in enumerate(terms):
        for a, b in combinations([letter for letter in term if letter.isalpha()], 2):
            exchanged = term.translate(str.maketrans(a + b, b + a))
            made = [*terms[:i], exchanged, *terms[i + 1 :]]
            yield ",".join(made[:-1]) + "->" + made[-1]
