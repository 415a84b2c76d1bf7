"""Small changes of a line of source, each of which takes back one kind of mistake."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations, islice, pairwise
from typing import Any, NamedTuple

import numpy as np

from .insertions import Evaluate, by_value
from .quantities import is_numeric
from .trees import flipped, loaded, number, parsed, placed, replaced

KINDS = (  # in the order in which they are tried: what says most with least comes first
    "sign", "overwritten", "shape", "transpose", "factor", "number", "missing constant", "extra-factor", "extra-term", "wrong-variable",
    "reduction", "missing-factor", "missing-term", "call too many", "missing call",
)  # fmt: skip
CALLED = {"number": "factor", "missing constant": "factor", "reduction": "shape", "call too many": "extra-factor", "missing call": "missing-factor"}


class Edit(NamedTuple):
    """A change of one place of a statement, the kind of mistake it takes back, and what is said of it."""

    kind: str
    text: str
    statement: ast.stmt
    old: ast.AST
    new: ast.AST

    def made(self) -> ast.stmt:
        """The statement with the change made."""
        return placed(replaced(self.statement, self.old, placed(self.new, self.old)), self.old)  # type: ignore[return-value]


def edits(
    statement: ast.stmt, scope: dict[str, Any], evaluate: Evaluate, functions: Functions | None = None
) -> Iterator[Edit]:
    """All changes of a statement at one place; `functions` are those of the user's that it may call."""
    for kind, text, changed in whole_line(statement):
        yield Edit(kind, text, statement, statement, changed)
    value = getattr(statement, "value", None)
    if value is None:
        return
    writes = isinstance(statement, ast.Expr) and isinstance(value, ast.Call)  # np.add.at(dE, index, values)
    parts = value.args[1:] if writes else [value]
    for node in (node for part in parts for node in expressions(part)):
        for kind, text, new in at_node(node, scope, evaluate):
            yield Edit(kind, text, statement, node, new)
        for kind, text, new in of_functions(node, functions or {}):
            yield Edit(kind, text, statement, node, new)
        if isinstance(node, ast.Subscript | ast.Name):
            text = f"the exponent of `{ast.unparse(node)}` is wrong"
            for exponent in (2, 0.5):
                yield Edit("missing-factor", text, statement, node, ast.BinOp(node, ast.Pow(), number(exponent)))


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


def whole_line(statement: ast.stmt) -> Iterator[tuple[str, str, ast.stmt]]:
    """= for +=, += for =, -= for += and the like."""
    match statement:
        case ast.Assign(targets=[ast.Name() | ast.Subscript() as target], value=value):
            text = "it replaces what was there, to which it should add"
            yield "overwritten", text, ast.AugAssign(target, ast.Add(), value)
            if isinstance(target, ast.Subscript):
                yield "overwritten", "places that come twice get one term only", added_at(target, value)
        case ast.AugAssign(target=target, op=ast.Add() | ast.Sub() as op, value=value):
            other = ast.Sub() if isinstance(op, ast.Add) else ast.Add()
            yield "sign", "it is added with the wrong sign", ast.AugAssign(target, other, value)
            if isinstance(target, ast.Subscript):
                yield "overwritten", "places that come twice get one term only", added_at(target, value)


def added_at(target: ast.Subscript, value: ast.expr) -> ast.stmt:
    """`np.add.at(dE, index, values)` for `dE[index] += values`."""
    return ast.Expr(ast.Call(parsed("np.add.at"), [loaded(target.value), target.slice, value], []))


def at_node(node: ast.expr, scope: dict[str, Any], evaluate: Evaluate) -> Iterator[tuple[str, str, ast.expr]]:
    """What could stand in the place of one expression."""
    text = ast.unparse(node)
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
            for other in OPPOSITE[type(op)]:
                said = f"the comparison `{text}` is another than it should be"
                yield "wrong-variable", said, ast.Compare(a, [other()], [b])
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
    yield from by_value(node, text, scope, evaluate)


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


def neighbours(index: ast.expr, holder: Any) -> Iterator[ast.expr]:
    """Other indices: one more or one less; of a dictionary by names, the other names that hold numbers.

    >>> [ast.unparse(i) for i in neighbours(parsed("t - 1"), [])]
    ['t', 't - 2']
    >>> [ast.unparse(i) for i in neighbours(parsed("'a'"), {"a": 1.0, "b": 2.0})]
    ["'b'"]
    """
    match index:
        case ast.Constant(value=str() as key) if isinstance(holder, dict):
            names = [k for k, v in holder.items() if k != key and isinstance(k, str) and is_numeric(v)]
            yield from map(ast.Constant, names)
        case ast.Name():
            yield from (ast.BinOp(index, op, number(1)) for op in (ast.Sub(), ast.Add()))
        case ast.BinOp(left=a, op=ast.Add() | ast.Sub() as op, right=ast.Constant(value=int() as n)):
            yield from ([a] if n == 1 else [ast.BinOp(a, op, number(n - 1))])
            yield ast.BinOp(a, op, number(n + 1))


def elsewhere(index: ast.expr, scope: dict[str, Any]) -> Iterator[ast.expr]:
    """Other places in an array: at another index in scope, other rows for columns, a slice at the other end.

    >>> [ast.unparse(i) for i in elsewhere(parsed("i"), {"i": 1, "j": 2, "x": 0.5})]
    ['j', '(:, i)']
    >>> [ast.unparse(i) for i in elsewhere(parsed("x[1:]").slice, {})]
    [':-1', ':1', ':']
    >>> [ast.unparse(i) for i in elsewhere(parsed("x[i, 0]").slice, {})]
    ['(0, i)']
    """
    match index:
        case ast.Name(id=name):
            same = (k for k, v in scope.items() if k != name and type(v) is type(scope.get(name)) is int)
            yield from (ast.Name(k, ast.Load()) for k in islice(same, MOST_INDICES))
            yield ast.Tuple([ast.Slice(), index], ast.Load())
        case ast.Slice(lower=ast.expr() as a, upper=None, step=None):
            yield ast.Slice(None, ast.UnaryOp(ast.USub(), a))
            yield ast.Slice(None, a)
            yield ast.Slice()
        case ast.Slice(lower=None, upper=ast.expr() as a, step=None):
            yield ast.Slice(a.operand if isinstance(a, ast.UnaryOp) else a)
            yield ast.Slice()
        case ast.Slice(lower=ast.expr() as a, upper=ast.expr() as b, step=None):
            width = ast.BinOp(b, ast.Sub(), a)
            yield ast.Slice(b, ast.BinOp(b, ast.Add(), width))
            yield ast.Slice(ast.BinOp(a, ast.Sub(), width), a)
        case ast.Tuple(elts=[a, b]):
            yield ast.Tuple([b, a], ast.Load())
            for other in elsewhere(a, scope) if not isinstance(a, ast.Slice) else ():
                if not isinstance(other, ast.Tuple):
                    yield ast.Tuple([other, b], ast.Load())
            for other in elsewhere(b, scope) if not isinstance(b, ast.Slice) else ():
                if not isinstance(other, ast.Tuple):
                    yield ast.Tuple([a, other], ast.Load())
            if isinstance(a, ast.Slice) and a.lower is a.upper is None:
                yield b
        case ast.JoinedStr(values=parts):
            for i, part in enumerate(parts):
                if isinstance(part, ast.FormattedValue):
                    for near in neighbours(part.value, None):
                        new = ast.FormattedValue(near, part.conversion, part.format_spec)
                        yield ast.JoinedStr([*parts[:i], new, *parts[i + 1 :]])
        case ast.BinOp(left=left, op=ast.Add() as op, right=ast.Call(func=func, args=[inner])):
            for near in neighbours(inner, None):
                yield ast.BinOp(left, op, ast.Call(func, [near], []))


MOST_INDICES = 6
OPPOSITE: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Gt: (ast.Lt, ast.LtE), ast.Lt: (ast.Gt, ast.GtE), ast.GtE: (ast.LtE, ast.Lt),
    ast.LtE: (ast.GtE, ast.Gt), ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,),
}  # fmt: skip
TWINS = {"max": "min", "maximum": "minimum", "argmax": "argmin", "sin": "cos", "amax": "amin", "sinh": "cosh"}
TWINS |= {b: a for a, b in TWINS.items()}


class Signature(NamedTuple):
    """How a function of the user's can be called: with how many arguments, and with which switches."""

    required: int
    switches: tuple[str, ...] = ()


Functions = dict[str, Signature]


def of_functions(node: ast.expr, functions: Functions) -> Iterator[tuple[str, str, ast.expr]]:
    """A function of the user's for another, one too many, one that is missing, or another switch of it.

    >>> made = of_functions(parsed("f(x)"), {"f": Signature(1, ("deriv",)), "g": Signature(1)})
    >>> [ast.unparse(new) for _, _, new in made]
    ['g(x)', 'f(x, deriv=True)', 'f(f(x))', 'g(f(x))', 'x']
    """
    text = ast.unparse(node)
    match node:
        case ast.Call(func=ast.Name(id=name), args=args, keywords=words) if name in functions:
            for other, signature in functions.items():
                if other != name and signature.required == functions[name].required:
                    said = f"`{other}` should be called in the place of `{name}`"
                    yield "wrong-variable", said, ast.Call(ast.Name(other, ast.Load()), args, words)
            for switch in functions[name].switches:
                if all(w.arg != switch for w in words):
                    new = [*words, ast.keyword(switch, ast.Constant(True))]
                    yield "wrong-variable", f"`{text}` lacks {switch}=True", ast.Call(node.func, args, new)
            words = [w for w in words if w.arg not in functions[name].switches]
            if words != node.keywords:
                yield "wrong-variable", f"`{text}` has a switch too many", ast.Call(node.func, args, words)
    if isinstance(node, ast.Name | ast.Call | ast.Subscript | ast.Attribute):
        for other, signature in functions.items():
            if signature.required == 1:
                said = f"`{other}` is missing around `{text}`"
                yield "missing call", said, ast.Call(ast.Name(other, ast.Load()), [node], [])
    match node:
        case ast.Call(func=ast.Name(id=name), args=[inner]) if name in functions:
            yield "call too many", f"`{name}` is too many around `{ast.unparse(inner)}`", inner


REDUCTIONS = {"sum": "mean", "mean": "sum"}


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


# Whole statements


def statements_like(statement: ast.stmt, scope: dict[str, Any]) -> Iterator[tuple[str, str, ast.stmt]]:
    """What could stand in the place of a statement that no expression in it could mend.

    >>> made = statements_like(ast.parse("dW[j] += x").body[0], {"i": 0, "j": 1})
    >>> [ast.unparse(new) for _, _, new in made]
    ['dW[j] -= x', 'np.add.at(dW, j, x)', 'dW[j - 1] += x', 'dW[j + 1] += x', 'dW[i] += x', 'dW[:, j] += x', 'dW[j] = x', 'pass']
    """
    for kind, said, new in others_like(statement, scope):
        yield kind, said, placed(new, statement)  # type: ignore[misc]  # it stays a statement


def others_like(statement: ast.stmt, scope: dict[str, Any]) -> Iterator[tuple[str, str, ast.stmt]]:
    """The same, not yet placed in the user's source."""
    yield from whole_line(statement)
    text = ast.unparse(statement).split("\n")[0]
    match statement:
        case ast.AugAssign(target=target, op=op, value=value):
            for near in targets_like(target, scope):
                yield "wrong-variable", f"the index on the left of `{text}` is wrong", ast.AugAssign(near, op, value)
            yield "extra-term", "it adds to what was there, and should replace it", ast.Assign([target], value)
            kind = "extra-term" if isinstance(op, ast.Add | ast.Sub) else "extra-factor"
            yield kind, f"`{text}` is too many", ast.Pass()
        case ast.Assign(targets=[ast.Subscript() as target], value=value):
            for near in targets_like(target, scope):
                yield "wrong-variable", f"the index on the left of `{text}` is wrong", ast.Assign([near], value)
            yield "extra-factor", f"`{text}` is too many", ast.Pass()
        case ast.For(iter=rounds):
            for kind, said, other in rounds_like(rounds):
                new = ast.For(statement.target, other, statement.body, statement.orelse)
                yield kind, said, new
        case ast.If(test=test, body=body, orelse=orelse):
            said = f"the condition of `{text}` is the wrong way round"
            yield "wrong-variable", said, ast.If(ast.UnaryOp(ast.Not(), test), body, orelse)


def targets_like(target: ast.expr, scope: dict[str, Any]) -> Iterator[ast.expr]:
    """Another place to be written to: another index, or another mask."""
    if not isinstance(target, ast.Subscript):
        return
    for near in (*neighbours(target.slice, None), *elsewhere(target.slice, scope)):
        yield ast.Subscript(target.value, near, ast.Store())
    for node in ast.walk(target.slice):
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            for op in OPPOSITE.get(type(node.ops[0]), ()):
                new = ast.Compare(node.left, [op()], node.comparators)
                yield replaced(target, node, new)


def rounds_like(rounds: ast.expr) -> Iterator[tuple[str, str, ast.expr]]:
    """Other rounds for a loop: one more or one less at either end, or the other way round.

    >>> [ast.unparse(new) for _, _, new in rounds_like(parsed("range(n)"))]
    ['range(1, n)', 'range(n - 1)', 'range(n + 1)', 'reversed(range(n))']
    """
    text = ast.unparse(rounds)
    match rounds:
        case ast.Call(func=ast.Name(id="reversed") as func, args=[inner]):
            for kind, said, new in rounds_like(inner):
                if not (isinstance(new, ast.Call) and isinstance(new.func, ast.Name) and new.func.id == "reversed"):
                    yield kind, said, ast.Call(func, [new], [])
            yield "wrong-variable", f"`{text}` goes the wrong way", inner
        case ast.Call(func=ast.Name(id="range") as func, args=args):
            said = "the loop has a round too many: `{}`", "the loop lacks a round: `{}`"
            if len(args) == 1:
                yield "extra-term", said[0].format(text), ast.Call(func, [number(1), *args], [])
            for i, arg in enumerate(args):
                for step in (-1, 1):
                    more = (step > 0) == (i == 1 or len(args) == 1)
                    kind = "missing-term" if more else "extra-term"
                    new = [*args[:i], shifted(arg, step), *args[i + 1 :]]
                    yield kind, said[more].format(text), ast.Call(func, new, [])
            yield "wrong-variable", f"`{text}` goes the wrong way", ast.Call(parsed("reversed"), [rounds], [])


def shifted(node: ast.expr, by: int) -> ast.expr:
    """A number or an expression, one more or less: `n` of `n - 1`."""
    match node:
        case ast.Constant(value=int() as n):
            return number(n + by)
        case ast.BinOp(left=a, op=ast.Add() | ast.Sub() as op, right=ast.Constant(value=1)):
            if isinstance(op, ast.Sub) == (by > 0):
                return a
    return ast.BinOp(node, ast.Add() if by > 0 else ast.Sub(), number(1))
