"""Changes of an expression by its form: sums, products, powers, numbers, and the slopes of functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..quantities import is_index, is_numeric, scalars
from ..trees import Changes, apart_from_first, number, parsed
from .insertions import Evaluate


def of_sum(a: ast.expr, op: ast.Add | ast.Sub, b: ast.expr, text: str) -> Changes:
    """A sum or a difference with another sign, or without one of its terms.

    >>> [ast.unparse(new) for _, _, new in of_sum(ast.Name("a"), ast.Sub(), ast.Name("b"), "a - b")]
    ['a + b', 'b - a', 'a', '-b']
    >>> [ast.unparse(new) for _, _, new in of_sum(ast.Name("a"), ast.Add(), ast.Name("b"), "a + b")]
    ['a - b', 'b - a', 'a', 'b', 'a * b']
    """
    is_sum = isinstance(op, ast.Add)
    yield "sign", f"a sign in `{text}` is wrong", ast.BinOp(a, ast.Sub() if is_sum else ast.Add(), b)
    said = f"a sign in `{text}` is wrong" if is_sum else f"`{text}` is the wrong way round"
    is_slopes = (
        isinstance(a, ast.Constant) and a.value == 1
    )  # `1 - s` is what it should be; a sign is missing
    yield "missing sign" if is_slopes else "sign", said, ast.BinOp(b, ast.Sub(), a)
    for stays, goes in ((a, b), (b if is_sum else ast.UnaryOp(ast.USub(), b), a)):
        if not isinstance(stays, ast.Constant):  # 1 - A without A is 1: a factor is too many then
            yield "extra-term", f"the term `{ast.unparse(goes)}` is too many in `{text}`", stays
    if is_sum:
        yield "extra-term", f"`{text}` should be a product", ast.BinOp(a, ast.Mult(), b)


def of_product(a: ast.expr, op: ast.operator, b: ast.expr, evaluate: Evaluate) -> Changes:
    """A product without one of its factors, or two; a quotient that should be a product, and the reverse."""
    sides = [(a, b)] if isinstance(op, ast.Div) else [(a, b), (b, a)]
    match a, op:
        case ast.BinOp(left=c, op=ast.Mult(), right=d), ast.Mult():
            sides += [(c, ast.BinOp(d, ast.Mult(), b)), (d, ast.BinOp(c, ast.Mult(), b))]
    for stays, goes in sides:
        kind = "factor" if is_constant(goes, evaluate) else "extra-factor"
        yield kind, f"the factor `{ast.unparse(goes)}` is too many", stays
    first, rest = apart_from_first(ast.BinOp(a, op, b))
    if rest is not None:
        said = f"`{ast.unparse(first)}` is a term, and no factor"
        yield "extra-factor", said, ast.BinOp(first, ast.Add(), rest)
    other = ast.Mult() if isinstance(op, ast.Div) else ast.Div()
    kind = "factor" if is_constant(b, evaluate) else "extra-factor"
    yield kind, f"`{ast.unparse(b)}` is on the wrong side of the fraction", ast.BinOp(a, other, b)


def is_constant(factor: ast.expr, evaluate: Evaluate) -> bool:
    """Whether a factor is a number that is no result: it is made of whole numbers and plain ones.

    What was computed from arrays is a number of NumPy's; `1 - p` is a slope's.
    """
    if ndim_of(evaluate(factor)) != 0:
        return False
    names = (n for n in ast.walk(factor) if isinstance(n, ast.Name | ast.Subscript))
    are_plain = all(not isinstance(evaluate(n), np.floating) for n in names)
    return are_plain and not any(isinstance(n, ast.Sub) for n in ast.walk(factor))


def of_power(base: ast.expr, n: Any, text: str) -> Changes:
    """Another exponent."""
    for m in powers(n):
        kind = "extra-factor" if abs(m) < abs(n) else "exponent"
        yield kind, f"the exponent in `{text}` is wrong", ast.BinOp(base, ast.Pow(), number(m))


def powers(n: Any) -> list[float]:
    """What an exponent n may have to be: first one less, as in a derivative; nothing if n is not known."""
    return [float(m) for m in (n - 1, n + 1, -n, n / 2, 2 * n)] if isinstance(n, int | float) else []


def ndim_of(value: Any) -> int | None:
    """The number of axes of what an expression holds; None if that is no array and no number."""
    return np.ndim(value) if value is None or is_numeric(value) else None


def raised(node: ast.expr, evaluate: Evaluate) -> Changes:
    """The square and the root of a variable, an element, a sum, or what a function of one argument makes."""
    is_simple = isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords
    is_sum = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub)
    if is_simple or is_sum or isinstance(node, ast.Subscript | ast.Name | ast.Attribute):
        text = f"the exponent of `{ast.unparse(node)}` is wrong"
        kind = "number" if type(evaluate(node)) in (int, float) else "exponent"
        for exponent in (2, 0.5):
            yield kind, text, ast.BinOp(node, ast.Pow(), number(exponent))


def of_number(n: float, text: str, scope: dict[str, Any]) -> Changes:
    """Another number for one that is written: one beside it, its opposite, or what a variable holds."""
    for m in {1, 2, 3, 0.5, 4, n + 1, n - 1, -n} - {n, 0}:
        yield "missing sign" if m == -n else "number", f"the number {text} is wrong", number(m)
    axes = (k for k, v in scope.items() if is_index(v) and v in (0, 1))
    for name in (*scalars(scope), *axes):
        yield "number", f"the number {text} should be {name}", parsed(name)
    for name in (k for k, v in scope.items() if isinstance(v, np.ndarray) and v.ndim):
        for new in (parsed(name), ast.UnaryOp(ast.USub(), parsed(name))):
            kind = "forgotten factor" if n == 1 else "nearby"
            yield kind, f"the number {text} should be {ast.unparse(new)}", new


def slopes(node: ast.expr, text: str) -> Changes:
    """The slope of a sigmoid in the place of tanh's, and the other way round.

    >>> made = lambda text: [ast.unparse(new) for _, _, new in slopes(parsed(text), text)]
    >>> made("1 - h**2"), made("h * (1 - h)"), made("dh * h * (1 - h)")
    (['h * (1 - h)'], ['1 - h ** 2'], ['dh * (1 - h ** 2)'])
    """
    match node:
        case ast.BinOp(left=ast.Constant(value=1), op=ast.Sub(), right=square) if h := squared(square):
            new: ast.expr = ast.BinOp(h, ast.Mult(), ast.BinOp(number(1), ast.Sub(), h))
            name, kind = "tanh", "a sigmoid"
        case ast.BinOp(
            left=before, op=ast.Mult(), right=ast.BinOp(left=ast.Constant(value=1), op=ast.Sub(), right=h)
        ):
            rest, last = apart_from_last(before)
            if ast.dump(last) != ast.dump(h):
                return
            slope = ast.BinOp(number(1), ast.Sub(), ast.BinOp(h, ast.Pow(), number(2)))
            new = slope if rest is None else ast.BinOp(rest, ast.Mult(), slope)
            name, kind = "a sigmoid", "tanh"
        case _:
            return
    said = f"`{text}` has the slope of {name}: with the slope of {kind} it is `{ast.unparse(new)}`"
    yield "complement", said, new


def slopes_of_swish(node: ast.expr, text: str, scope: dict[str, Any]) -> Iterator[tuple[str, ast.expr]]:
    """The slope of x s(x) in the place of a sigmoid's: `s * (1 + x * (1 - s))`, of `s * (1 - s)`.

    >>> scope = {"s": np.ones(2), "x": np.ones(2)}
    >>> [ast.unparse(new) for _, new in slopes_of_swish(parsed("s * (1 - s)"), "s * (1 - s)", scope)]
    ['s * (1 + x * (1 - s))']
    """
    match node:
        case ast.BinOp(
            left=before,
            op=ast.Mult(),
            right=ast.BinOp(left=ast.Constant(value=1), op=ast.Sub(), right=ast.Name(id=s)) as rest,
        ) if ast.unparse(apart_from_last(before)[1]) == s and s in scope:
            held = ((k, v) for k, v in scope.items() if isinstance(v, np.ndarray) and k != s)
            for name in (k for k, v in held if v.shape == np.shape(scope[s])):
                slope = ast.BinOp(number(1), ast.Add(), ast.BinOp(parsed(name), ast.Mult(), rest))
                yield f"`{text}` has the slope of a sigmoid alone", ast.BinOp(before, ast.Mult(), slope)


def squared(node: ast.expr) -> ast.expr | None:
    """What a square is the square of; None of anything else.

    >>> texts = "h**2", "h * h", "np.square(h)", "np.power(h, 2)", "h * g", "np.power(h, 3)"
    >>> [h and ast.unparse(h) for h in map(squared, map(parsed, texts))]
    ['h', 'h', 'h', 'h', None, None]
    """
    match node:
        case ast.BinOp(left=h, op=ast.Pow(), right=ast.Constant(value=2)):
            return h
        case ast.BinOp(left=h, op=ast.Mult(), right=other) if ast.dump(h) == ast.dump(other):
            return h
        case ast.Call(func=ast.Attribute(attr="square"), args=[h]):
            return h
        case ast.Call(func=ast.Attribute(attr="power"), args=[h, ast.Constant(value=2)]):
            return h
    return None


def apart_from_last(product: ast.expr) -> tuple[ast.expr | None, ast.expr]:
    """A product without its last factor, and that; nothing and the whole, of what is no product."""
    match product:
        case ast.BinOp(left=rest, op=ast.Mult(), right=last):
            return rest, last
    return None, product
