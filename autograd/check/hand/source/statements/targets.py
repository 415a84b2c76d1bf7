"""Other places for a statement to write to: another index, another mask, another window."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..expressions.places import other_indices, value_in
from ..nearby import has_slices
from ..quantities import held_in
from ..trees import parsed, replaced
from .conditions import OTHERS


def targets_like(target: ast.expr, scope: dict[str, Any]) -> Iterator[ast.expr]:
    """Another place to be written to: another index, or another mask."""
    if not isinstance(target, ast.Subscript):
        return
    for near in other_indices(target.slice, None, scope):
        yield ast.Subscript(target.value, near, ast.Store())
    if (other := inverted(target.slice, scope)) is not None:
        yield ast.Subscript(target.value, other, ast.Store())
    for node in ast.walk(target.slice):
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            for op in OTHERS.get(type(node.ops[0]), ()):
                new = ast.Compare(node.left, [op()], node.comparators)
                yield replaced(target, node, new)
            for other in alike(node.left, scope):
                yield replaced(target, node.left, other)
            for mask in (k for k, v in arrays_in(scope) if is_mask(v)):
                yield replaced(target, node, parsed(mask))


def wrong_place(text: str, target: ast.expr) -> str:
    """What is said where another place should be written to."""
    right = ast.unparse(target.slice) if isinstance(target, ast.Subscript) else ast.unparse(target)
    return f"the index on the left of `{text}` is wrong, `{right}` is right"


def index_kind(index: ast.expr, other: ast.expr) -> str:
    """The kind of mistake where an index should be another: a transpose, if that is the same turned round."""
    match index, other:
        case ast.Tuple(elts=[a, b]), ast.Tuple(elts=[c, d]) if a is d and b is c:
            return "transpose"
    return "wrong-variable"


def windows_exchanged(target: ast.expr, value: ast.expr) -> Iterator[tuple[Any, ast.expr]]:
    """What is written to and what is read, with the window of each for the other's: `g[1:]`, of `d[:-1]`.

    >>> line = ast.parse("g[1:] -= a * d[:-1]").body[0]
    >>> [[ast.unparse(part) for part in both] for both in windows_exchanged(line.target, line.value)]
    [['g[:-1]', 'a * d[1:]']]
    """
    match target:
        case ast.Subscript(value=holder, slice=own) if has_slices(own):
            read = [n for n in ast.walk(value) if isinstance(n, ast.Subscript) and has_slices(n.slice)]
            for part in (n for n in read if ast.dump(n.slice) != ast.dump(own)):
                other = replaced(value, part, ast.Subscript(part.value, own, ast.Load()))
                yield ast.Subscript(holder, part.slice, ast.Store()), other


def alike(node: ast.expr, scope: dict[str, Any]) -> Iterator[ast.expr]:
    """The other arrays of the shape that a variable or an attribute holds: `self.x`, for `dx`."""
    own = value_in(node, scope)
    for name, value in arrays_in(scope) if isinstance(own, np.ndarray) else ():
        if value.shape == own.shape and name != ast.unparse(node):
            yield parsed(name)


def arrays_in(scope: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The arrays in scope, and those in what is in scope."""
    yield from ((k, v) for k, v in scope.items() if isinstance(v, np.ndarray))
    yield from held_in(scope)


def inverted(mask: ast.expr, scope: dict[str, Any]) -> ast.expr | None:
    """The other elements than a mask has; None of an index that is none.

    >>> scope = {"m": np.array([True, False]), "i": 1}
    >>> [other and ast.unparse(other) for other in (inverted(parsed(m), scope) for m in ("m", "~m", "i"))]
    ['~m', 'm', None]
    """
    match mask:
        case ast.UnaryOp(op=ast.Invert(), operand=inner):
            return inner
        case ast.Name(id=name) if not is_mask(scope.get(name)):
            return None
        case ast.Name() | ast.Attribute():
            return ast.UnaryOp(ast.Invert(), mask)
    return None


def is_mask(value: Any) -> bool:
    """Whether a value is an array of truths."""
    return isinstance(value, np.ndarray) and value.dtype.kind == "b"
