"""Other conditions for one: another comparison, another variable or number in it, or a part less."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np

from ..quantities import is_index
from ..trees import number, parsed, replaced

# The comparisons that another one is taken for
OTHERS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {  # that may be meant, with or without equality
    ast.Gt: (ast.GtE, ast.Lt, ast.LtE), ast.Lt: (ast.LtE, ast.GtE, ast.Gt),
    ast.GtE: (ast.Gt, ast.LtE, ast.Lt), ast.LtE: (ast.Lt, ast.GtE, ast.Gt),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,),
}  # fmt: skip


def conditions_like(test: ast.expr, scope: dict[str, Any]) -> Iterator[ast.expr]:
    """Other conditions: another comparison, another variable or number in it, or without one of its parts.

    >>> from autograd.check.hand.source.trees import parsed
    >>> made = conditions_like(parsed("t < n - 1"), {"t": 0, "n": 3, "k": 1})
    >>> [ast.unparse(new) for new in made]
    ['t <= n - 1', 't >= n - 1', 't > n - 1', 't == n - 1', 't != n - 1', 'n < n - 1', 'k < n - 1', \
't < t - 1', 't < k - 1', 't < n', 't < n - 1 - 1']
    >>> made = conditions_like(parsed("j == i"), {"i": 0, "y": [1, 0]})
    >>> [ast.unparse(new) for new in made][5:7]
    ['j == y[i]', 'j == i + 1']
    >>> [ast.unparse(new) for new in conditions_like(parsed("a and not b"), {})]
    ['a', 'not b', 'a or not b', 'a and b']
    """
    for node in ast.walk(test):
        match node:
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in OTHERS:
                for other in dict.fromkeys((*OTHERS[type(op)], *OTHERS)):
                    if other is not type(op):
                        yield replaced(test, node, ast.Compare(left, [other()], [right]))
            case ast.BoolOp(op=op, values=values):
                yield from (replaced(test, node, value) for value in values)
                turned: ast.boolop = ast.Or() if isinstance(op, ast.And) else ast.And()
                yield replaced(test, node, ast.BoolOp(turned, values))
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                yield replaced(test, node, inner)
    for node in (n for n in ast.walk(test) if isinstance(n, ast.Name) and n.id in scope):
        others = (k for k, v in scope.items() if k != node.id and is_like(v, scope[node.id]))
        yield from (replaced(test, node, ast.Name(k, ast.Load())) for k in islice(others, MOST_PLACES))
        rows = (k for k, v in scope.items() if is_index(scope[node.id]) and is_row_of_places(v))
        yield from (replaced(test, node, ast.Subscript(parsed(k), node, ast.Load())) for k in rows)
    for side in (s for n in ast.walk(test) if isinstance(n, ast.Compare) for s in n.comparators):
        if isinstance(side, ast.BinOp | ast.Name) or is_whole(side):
            yield from (replaced(test, side, shifted(side, by)) for by in (1, -1))


MOST_PLACES = 8  # variables in scope that are tried in a condition


def is_row_of_places(value: Any) -> bool:
    """Whether a value is a row of whole numbers: labels, say."""
    is_array = isinstance(value, np.ndarray) and value.dtype.kind in "iu" and value.ndim == 1
    return is_array or (isinstance(value, list) and bool(value) and all(map(is_index, value)))


def is_whole(node: ast.expr) -> bool:
    """Whether an expression is a whole number."""
    return isinstance(node, ast.Constant) and type(node.value) is int


def is_like(value: Any, own: Any) -> bool:
    """Whether another variable may stand in the place of one in a condition: of its type, and its shape."""
    are_numbers = is_index(value) and is_index(own)
    return are_numbers or (type(value) is type(own) and extent(value) == extent(own))


def extent(value: Any) -> tuple[int, ...] | None:
    """The shape of an array, and the length of a list, whatever is in it; None of anything else.

    >>> extent(np.ones((2, 3))), extent([[1], [2, 3]]), extent("ab")
    ((2, 3), (2,), None)
    """
    if isinstance(value, list | tuple):
        return (len(value),)
    return np.shape(value) if isinstance(value, np.ndarray | np.generic | int | float) else None


def shifted(node: ast.expr, by: int) -> ast.expr:
    """A number or an expression, one more or one less: `n - 1` becomes `n`."""
    match node:
        case ast.Constant(value=int() as n):
            return number(n + by)
        case ast.BinOp(left=a, op=ast.Add() | ast.Sub() as op, right=ast.Constant(value=1)):
            if isinstance(op, ast.Sub) == (by > 0):
                return a
    return ast.BinOp(node, ast.Add() if by > 0 else ast.Sub(), number(1))
