"""Sums and products with the brackets elsewhere: `a * f + b`, for `(a + b) * f`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..trees import Changes, apart_from_first

SUMS, PRODUCTS = ast.Add | ast.Sub, ast.Mult | ast.Div


def bracketed_otherwise(node: ast.BinOp, text: str) -> Changes:
    """A sum one term of which is multiplied, all multiplied; and a sum that is multiplied, one term only.

    >>> from autograd.check.hand.source.trees import parsed
    >>> made = lambda text: [ast.unparse(new) for *_, new in bracketed_otherwise(parsed(text), text)]
    >>> made("a * f - b"), made("b + a / n")
    (['(a - b) * f', '(f - b) * a'], ['(b + a) / n'])
    >>> made("a * s * (1 - s) + b")[2:]
    ['(a + b) * (s * (1 - s))']
    >>> made("(a + b) * f"), made("f * (a - b)"), made("(a + b) / n")
    (['a + b * f', 'a * f + b'], ['a - f * b', 'f * a - b'], ['a + b / n', 'a / n + b'])
    """
    said = f"the brackets in `{text}` are in the wrong place"
    ways = around_all(node) if isinstance(node.op, SUMS) else around_one(node)
    yield from (("brackets", said, new) for new in ways)


def around_all(node: ast.BinOp) -> Iterator[ast.expr]:
    """A sum, multiplied by what one of its terms is multiplied by."""
    for i, term in enumerate((node.left, node.right)):
        if not isinstance(term, ast.BinOp) or not isinstance(term.op, PRODUCTS):
            continue
        parts = [(term.left, term.right)]
        first, rest = apart_from_first(term)
        if isinstance(term.op, ast.Mult):
            parts.append((term.right, term.left))
            parts += [(first, rest)] if rest is not None and first is not term.left else []
        for stays, factor in parts:
            inner = (stays, node.right) if i == 0 else (node.left, stays)
            yield ast.BinOp(ast.BinOp(inner[0], node.op, inner[1]), term.op, factor)


def around_one(node: ast.BinOp) -> Iterator[ast.expr]:
    """A sum of which one term is multiplied by what all of it is multiplied by."""
    match node:
        case ast.BinOp(left=ast.BinOp(left=a, op=op, right=b), op=by, right=f) if isinstance(op, SUMS):
            yield ast.BinOp(a, op, ast.BinOp(b, by, f))
            yield ast.BinOp(ast.BinOp(a, by, f), op, b)
        case ast.BinOp(left=f, op=ast.Mult(), right=ast.BinOp(left=a, op=op, right=b)) if isinstance(
            op, SUMS
        ):
            yield ast.BinOp(a, op, ast.BinOp(f, ast.Mult(), b))
            yield ast.BinOp(ast.BinOp(f, ast.Mult(), a), op, b)
