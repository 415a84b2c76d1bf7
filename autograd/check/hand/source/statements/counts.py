"""Changes of lines that make no array: sizes and places under names, lists, calls whose results are lost."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations, islice
from typing import Any

import numpy as np

from ...match.names import is_called_gradient
from ..expressions.calls import TWINS, renamed
from ..expressions.places import is_places, other_indices
from ..quantities import is_index, is_of_truths, scalars
from ..trees import number, parsed, placed, replaced

MOST_OTHERS = 8  # sizes and places in scope that are tried
MOST_PAIRS = 15  # of these
MOST_SUMS = 4  # arrays of zeros and ones in scope whose sums are tried


def counts_like(statement: ast.stmt, scope: dict[str, Any]) -> Iterator[tuple[str, ast.stmt]]:
    """Other sizes or places for those that a statement puts under names, and what is said of it.

    >>> scope = {"lo": 1, "i": 1, "s": 2}
    >>> [ast.unparse(new) for _, new in counts_like(ast.parse("lo = i").body[0], scope)]
    ['lo = i * s', 'lo = s', 'lo = s - 1 - i']
    >>> scope = {"r": 0, "c": 0, "i": 0, "j": 0, "s": 2}
    >>> ast.unparse(next(counts_like(ast.parse("r, c = i, j").body[0], scope))[1])
    'r, c = (i * s, j * s)'
    >>> ast.unparse(next(counts_like(ast.parse("r = np.argmin(x)").body[0], {}))[1])
    'r = np.argmax(x)'
    """
    match statement:
        case ast.Assign(targets=[ast.Name(id=sums) as name], value=ast.Name(id=other)) if are_alike(
            scope.get(sums), scope.get(other)
        ):
            both = parsed(f"[a + b for a, b in zip({sums}, {other})]")
            said = f"it replaces `{sums}`, to which it should add"
            yield said, placed(ast.Assign([name], both), statement)  # type: ignore[misc]
        case ast.Expr(value=ast.Call() as call):
            for held in (k for k, v in scope.items() if isinstance(v, np.ndarray) and is_called_gradient(k)):
                said = f"what `{ast.unparse(call)}` returns is lost: it should be added to `{held}`"
                added = ast.AugAssign(ast.Name(held, ast.Store()), ast.Add(), call)
                yield said, placed(added, statement)  # type: ignore[misc]
        case ast.Assign(targets=[ast.Name() as name], value=value) if is_index(scope.get(name.id)):
            for new in others_like(value, {name.id}, scope):
                said = f"`{name.id}` is wrong: it should be `{ast.unparse(new)}`"
                yield said, placed(ast.Assign([name], new), statement)  # type: ignore[misc]
        case ast.Assign(targets=[ast.Name() as name], value=ast.Subscript(value=held, slice=index)) if (
            is_places(scope.get(name.id))
        ):
            for near in other_indices(index, None, scope):
                new = ast.Subscript(held, near, ast.Load())
                said = f"`{name.id}` is wrong: it should be `{ast.unparse(new)}`"
                yield said, placed(ast.Assign([name], new), statement)  # type: ignore[misc]
        case ast.Assign(targets=[target], value=ast.Call() as call):
            for node in (n for n in ast.walk(call) if isinstance(n, ast.Call)):
                if isinstance(node.func, ast.Attribute) and (twin := TWINS.get(node.func.attr)) is not None:
                    said = f"`{node.func.attr}` in `{ast.unparse(call)}` should be `{twin}`"
                    other = replaced(call, node, renamed(node, node.func, twin))
                    yield said, placed(ast.Assign([target], other), statement)  # type: ignore[misc]
        case ast.Assign(targets=[ast.Tuple(elts=names) as target], value=ast.Tuple(elts=values)):
            if not all(isinstance(n, ast.Name) and is_index(scope.get(n.id)) for n in names):
                return
            own = {ast.unparse(n) for n in names}
            for made in zip(*(others_like(v, own, scope) for v in values), strict=False):
                new = ast.Tuple(list(made), ast.Load())
                said = f"`{ast.unparse(target)}` are wrong: they should be `{ast.unparse(new)}`"
                yield said, placed(ast.Assign([target], new), statement)  # type: ignore[misc]


def are_alike(a: Any, b: Any) -> bool:
    """Whether two lists hold arrays of the same shapes: gradients by layers, of one sample and of all."""
    are_lists = isinstance(a, list) and isinstance(b, list) and len(a) == len(b) > 0
    return are_lists and all(
        isinstance(x, np.ndarray) and isinstance(y, np.ndarray) and x.shape == y.shape
        for x, y in zip(a, b, strict=True)
    )


def others_like(value: ast.expr, own: set[str], scope: dict[str, Any]) -> Iterator[ast.expr]:
    """A size or a place times another one, and others in its place, of whatever `own` is not made."""
    text = ast.unparse(value)
    counts = {k: v for k, v in scope.items() if is_index(v) and k not in own and k != text}
    names = list(map(parsed, islice((k for k, v in counts.items() if v > 1), MOST_OTHERS)))
    held = (k for k in scalars(scope) if "." in k and k != text)  # `self.stride`, `x.shape[0]`
    names += map(parsed, islice(held, MOST_OTHERS))
    yield from (ast.BinOp(value, ast.Mult(), name) for name in names)
    yield from names
    for place in (n for n in ast.walk(value) if isinstance(n, ast.Name) and n.id in scope):
        for name in (n for n in names if ast.unparse(n) != place.id):  # counted from the other end
            yield replaced(value, place, ast.BinOp(ast.BinOp(name, ast.Sub(), number(1)), ast.Sub(), place))
    pairs = islice(combinations(names, 2), MOST_PAIRS)
    yield from (ast.BinOp(ast.BinOp(value, ast.Mult(), a), ast.Mult(), b) for a, b in pairs)
    masks = (k for k, v in scope.items() if is_of_truths(v))
    yield from (parsed(f"{name}.sum()") for name in islice(masks, MOST_SUMS))
