"""Expressions that stand elsewhere in the same function: one of them is often what should stand here."""

from __future__ import annotations

import ast
from collections.abc import Callable
from itertools import islice
from typing import Any

import numpy as np

from .quantities import is_numeric

MOST = 60
LONGEST = 50  # letters of an expression
HARMLESS = frozenset(("sum", "mean", "dot", "copy", "cumsum", "reshape", "transpose", "ravel"))


def function_around(tree: ast.AST, line: int) -> ast.AST:
    """The innermost function that has a line; of a script, the statement at its top."""
    around = [n for n in ast.walk(tree) if has_line(n, line) and isinstance(n, ast.FunctionDef)]
    if around:
        return max(around, key=lambda n: n.lineno)
    return next((s for s in getattr(tree, "body", ()) if has_line(s, line)), tree)


def has_line(node: ast.AST, line: int) -> bool:
    return hasattr(node, "lineno") and node.lineno <= line <= (node.end_lineno or 0)  # type: ignore[attr-defined]


def nearby(function: ast.AST, evaluate: Callable[[ast.expr], Any]) -> list[tuple[ast.expr, Any]]:
    """The expressions in a function that hold arrays at a line of it, each once, with what they hold.

    >>> tree = ast.parse("dz = dy * (1 - h[t]**2) + s.pop()")
    >>> scope = {"dy": np.ones(2), "h": [np.zeros(2)], "t": 0, "s": [np.ones(2)]}
    >>> [ast.unparse(e) for e, _ in nearby(tree, lambda e: eval(ast.unparse(e), scope))]
    ['dy', 'h[t]', 'h[t] ** 2', '1 - h[t] ** 2', 'dy * (1 - h[t] ** 2)']
    """
    kinds = ast.Name | ast.Attribute | ast.Subscript | ast.BinOp | ast.Call
    found: dict[str, ast.expr] = {}
    for node in ast.walk(function):
        if isinstance(node, kinds) and not is_written(node) and is_harmless(node):
            text = ast.unparse(node)
            if len(text) <= LONGEST:
                found.setdefault(text, node)
    shortest = sorted(found, key=len)
    held = ((found[text], evaluate(found[text])) for text in shortest)
    return list(islice(((e, v) for e, v in held if is_numeric(v) and np.ndim(v)), MOST))


def is_written(node: ast.AST) -> bool:
    return isinstance(getattr(node, "ctx", None), ast.Store | ast.Del)


def is_harmless(node: ast.AST) -> bool:
    """Whether nothing can happen when an expression is evaluated once more."""
    for part in ast.walk(node):
        if isinstance(part, ast.Call):
            name = part.func.attr if isinstance(part.func, ast.Attribute) else ""
            root = part.func.value if isinstance(part.func, ast.Attribute) else None
            is_numpys = isinstance(root, ast.Name) and root.id in ("np", "numpy")
            if not is_numpys and name not in HARMLESS:
                return False
        if isinstance(part, ast.Lambda | ast.Await | ast.Yield | ast.NamedExpr | ast.GeneratorExp | ast.ListComp):
            return False
    return True
