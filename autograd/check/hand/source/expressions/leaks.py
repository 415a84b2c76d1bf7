"""The slopes of leaky functions: 1 where the input is above 0, and a small number elsewhere."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from ..quantities import is_numeric
from ..trees import Changes, number, parsed

Literals = tuple[float | str, ...]


def leaks(node: ast.expr, value: Any, scope: dict[str, Any], literals: Literals) -> Changes:
    """The slope of a leaky function as a factor, with a number that is written in the same file.

    >>> made = leaks(parsed("d"), np.ones(2), {"z": np.array([-1.0, 2.0])}, (0.1, 3.0))
    >>> [ast.unparse(new) for *_, new in made]
    ['d * np.where(z > 0, 1.0, 0.1)']
    """
    arrays = [k for k, v in scope.items() if is_numeric(v) and np.shape(v) == np.shape(value) and np.ndim(v)]
    mixed = (k for k in arrays if np.any(scope[k] > 0) and np.any(scope[k] < 0))
    for name, leak in product(mixed, leaks_written(literals)):
        slope = f"np.where({name} > 0, 1.0, {leak})"
        yield "missing-factor", f"a factor {slope} is missing", ast.BinOp(node, ast.Mult(), parsed(slope))


def leaks_of_masks(node: ast.expr, scope: dict[str, Any], literals: Literals) -> Changes:
    """The slope of a leaky function where a mask lets nothing through.

    >>> masks = "np.where(z > 0, d, 0)", "d * (z > 0)"
    >>> made = [leaks_of_masks(parsed(mask), {"a": 0.2}, (0.1,)) for mask in masks]
    >>> [[ast.unparse(new) for *_, new in changes] for changes in made]
    [['np.where(z > 0, d, 0.1 * d)', 'np.where(z > 0, d, a * d)'],
     ['d * np.where(z > 0, 1, 0.1)', 'd * np.where(z > 0, 1, a)']]
    """
    held = [k for k, v in scope.items() if type(v) is float and 0 < v < 1]
    small = [*map(number, leaks_written(literals)), *map(parsed, held)]
    for leak in small:
        match node:
            case ast.Call(
                func=ast.Attribute(attr="where") as where, args=[mask, kept, ast.Constant(value=0)]
            ):
                new: ast.expr = ast.Call(where, [mask, kept, ast.BinOp(leak, ast.Mult(), kept)], [])
            case ast.BinOp(left=kept, op=ast.Mult(), right=ast.Compare() as mask):
                slope = ast.Call(parsed("np.where"), [mask, number(1), leak], [])
                new = ast.BinOp(kept, ast.Mult(), slope)
            case _:
                return
        said = f"a factor {ast.unparse(leak)} is missing where `{ast.unparse(mask)}` does not hold"
        yield "missing-factor", said, new


def leaks_written(literals: Literals) -> Iterator[float]:
    """The numbers in a file that may be the slope of a leak."""
    return (x for x in literals if isinstance(x, float) and 0 < x < 1)
