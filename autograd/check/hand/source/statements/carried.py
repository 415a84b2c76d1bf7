"""What a loop should hand on to its next round: a gradient that is read there and stays what it was."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import product

from ...match.names import is_called_gradient
from ..nearby import is_read, names_set
from ..trees import placed


def carried_like(function: ast.AST) -> Iterator[tuple[str, ast.stmt, ast.stmt]]:
    """What is said, a line in a loop, and that line with what the next round should go on from.

    >>> text = "dh = dy\\nfor w in ws:\\n    dh_in = w.T @ f(dh)"
    >>> [ast.unparse(new.body[1]) for *_, new in carried_like(ast.parse(text))]
    ['dh = dh_in']
    """
    for loop in (n for n in ast.walk(function) if isinstance(n, ast.For | ast.While)):
        lines = [n for n in ast.walk(loop) if isinstance(n, ast.stmt) and not hasattr(n, "body")]
        inside = names_set(loop)
        left = {n.id for line in lines for n in ast.walk(line) if is_read(n)} - inside
        starts = sorted(filter(is_called_gradient, left & names_set(function)))
        makers = [(line, name) for line in lines if isinstance(line, ast.Assign) for name in names_set(line)]
        for (line, name), start in product(makers, starts):
            if is_called_gradient(name):
                new = ast.Assign([ast.Name(start, ast.Store())], ast.Name(name, ast.Load()))
                said = (
                    f"`{start}` stays what it was before the loop: the next round should go on from `{name}`"
                )
                yield said, line, placed(ast.If(ast.Constant(1), [line, new], []), line)  # type: ignore[misc]
