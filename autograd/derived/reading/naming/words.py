"""The user's words for a constant: the part of a line that computes it, found by evaluating parts again."""

from __future__ import annotations

import ast
import linecache
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ....tensor import Tensor


class WithoutSelf(ast.NodeTransformer):
    """Writes the attributes of `self` as variables, as a backward pass takes them."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        """The variable in the place of an attribute of `self`; other attributes stay."""
        if isinstance(node.value, ast.Name) and node.value.id == "self":
            return ast.copy_location(ast.Name(node.attr, node.ctx), node)
        self.generic_visit(node)
        return node


def parts_of(filename: str, lineno: int) -> Iterator[ast.expr]:
    """The expressions in the statement at a line that can be evaluated again: names first, then long ones."""
    statement = statement_at(filename, lineno)
    if statement is None:
        return
    statement = WithoutSelf().visit(statement)
    found = [n for n in ast.walk(statement) if isinstance(n, ast.expr) and is_pure(n)]
    yield from sorted(found, key=lambda n: (not isinstance(n, ast.Name), -len(ast.unparse(n))))


def statement_at(filename: str, lineno: int) -> ast.stmt | None:
    """The innermost statement at a line of a file."""
    try:
        tree = ast.parse("".join(linecache.getlines(filename)))
    except SyntaxError:
        return None
    around = [
        n
        for n in ast.walk(tree)
        if isinstance(n, ast.stmt) and n.lineno <= lineno <= (n.end_lineno or n.lineno)
    ]
    return max(around, key=lambda n: n.lineno, default=None)


def is_pure(e: ast.AST) -> bool:
    """Whether an expression computes a number or array from variables, and does nothing else."""
    match e:
        case ast.Name():
            return True
        case ast.Constant():
            return isinstance(e.value, int | float)
        case ast.Attribute():
            return is_pure(e.value)
        case ast.Subscript():
            return is_pure(e.value) and is_pure(e.slice)
        case ast.BinOp():
            return is_pure(e.left) and is_pure(e.right)
        case ast.UnaryOp():
            return is_pure(e.operand)
        case ast.Slice():
            return all(p is None or is_pure(p) for p in (e.lower, e.upper, e.step))
        case ast.Tuple() | ast.List():
            return all(map(is_pure, e.elts))
        case ast.Compare():
            return is_pure(e.left) and all(map(is_pure, e.comparators))
        case ast.Call():
            return (
                ast.unparse(e.func).startswith(("np.", "math.", "len"))
                and "random" not in ast.unparse(e.func)
                and all(map(is_pure, e.args))
                and all(is_pure(k.value) for k in e.keywords)
            )
    return False


def words_in(e: ast.expr) -> set[str]:
    """The variables in an expression."""
    return {n.id for n in ast.walk(e) if isinstance(n, ast.Name)} - {"len", "float", "int"}


def word_is_module(value: Any) -> bool:
    """Whether a value is NumPy or `math`, which a backward pass imports."""
    return value is np or value is math


def evaluated(e: ast.expr, scope: dict[str, Any]) -> Any:
    """The value of an expression in a scope; None if it has none there."""
    names = {k: v.data if type(v) is Tensor else v for k, v in scope.items() if k in words_in(e)}
    try:
        return eval(
            compile(ast.fix_missing_locations(ast.Expression(e)), "<words>", "eval"),
            {"__builtins__": {"len": len}},
            names,
        )
    except Exception:
        return None


def same_numbers(value: Any, data: Any) -> bool:
    """Whether a value is a number or an array that equals a constant, in shape and numbers."""
    if not isinstance(value, int | float | np.ndarray | np.generic) or isinstance(value, bool):
        return False
    if np.shape(value) != np.shape(data):
        return False
    return bool(np.array_equal(value, data))
