"""The products of two quantities that a line may lack: what comes back by another path is often one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import islice, product
from typing import Any

import numpy as np

from ..quantities import is_inner, is_numeric
from ..trees import Beside, Changes, flipped, parsed
from .together import is_chain

MOST_OPERANDS = 24  # of products
MOST_PRODUCTS = 240  # that are tried in one line
MOST_DIVISORS = 4


def products_missing(node: ast.expr, value: Any, scope: dict[str, Any], beside: Beside) -> Changes:
    """A line with a product of two quantities added or taken away, also divided by a third.

    >>> scope = {"g": np.ones((2, 2)), "M": np.ones(2), "F": 0.5}
    >>> made = [ast.unparse(new) for *_, new in products_missing(parsed("v"), np.ones(2), scope, ())]
    >>> made[:6]
    ['v + g @ M', 'v - g @ M', 'v + g.T @ M', 'v - g.T @ M', 'v + M @ g', 'v - M @ g']
    """
    held = operands(scope, beside)
    divisors = [e for e, v in held if np.ndim(v) == 0][:MOST_DIVISORS]
    plain = list(islice(products_of(held, np.shape(value)), MOST_PRODUCTS))
    divided = (ast.BinOp(term, ast.Div(), by) for by in divisors for term in plain)
    for term in (*plain, *divided):
        for op, sign in ((ast.Add(), ""), (ast.Sub(), "-")):
            said = f"the term {sign}{ast.unparse(term)} is missing"
            yield "missing product", said, ast.BinOp(node, op, term)


def operands(scope: dict[str, Any], beside: Beside) -> list[tuple[ast.expr, Any]]:
    """The variables in scope, and what the function reads under attributes and indices."""
    names = [(parsed(k), v) for k, v in scope.items() if is_numeric(v) and not is_inner(k)]
    chains = [(e, v) for e, v in beside if isinstance(e, ast.Attribute | ast.Subscript) and is_chain(e)]
    shares = [k for k, v in scope.items() if type(v) is float and 0 < v < 1 and not is_inner(k)]
    rests = [(parsed(f"(1 - {k})"), 1 - scope[k]) for k in shares]
    broken = [(e, v) for e, v in (*names, *rests, *chains) if np.asarray(v).dtype.kind in "fc"]
    return broken[:MOST_OPERANDS]


def products_of(held: list[tuple[ast.expr, Any]], shape: tuple[int, ...]) -> Iterator[ast.expr]:
    """The products of two quantities, of a shape: of matrices, of rows, element by element."""
    for (a, x), (b, y) in product(held, held):
        made = product_of(a, np.shape(x), b, np.shape(y), shape)
        yield from made


def product_of(
    a: ast.expr, own: tuple[int, ...], b: ast.expr, other: tuple[int, ...], shape: tuple[int, ...]
) -> Iterator[ast.expr]:
    """The products of one quantity with another that have a shape."""
    if own and other and len(own) < 3 and len(other) < 3:
        if len(own) == len(other) == 1 and shape == own + other:
            yield ast.Call(parsed("np.outer"), [a, b], [])
        sides = ((a, own), (flipped(a), own[::-1])) if len(own) == 2 else ((a, own),)
        others = ((b, other), (flipped(b), other[::-1])) if len(other) == 2 else ((b, other),)
        for (left, m), (right, n) in product(sides, others):
            if m[-1] == n[0] and m[:-1] + n[1:] == shape:
                yield ast.BinOp(left, ast.MatMult(), right)
    is_first = ast.unparse(a) <= ast.unparse(b)
    if is_first and (own == shape or other == shape) and broadcast(own, other) == shape:
        yield ast.BinOp(a, ast.Mult(), b)
    if is_first and not shape and own == other and len(own) > 1:
        yield ast.Call(parsed("np.sum"), [ast.BinOp(a, ast.Mult(), b)], [])


def broadcast(own: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...] | None:
    """The shape of two arrays together; None if they do not fit."""
    try:
        return np.broadcast_shapes(own, other)
    except ValueError:
        return None
