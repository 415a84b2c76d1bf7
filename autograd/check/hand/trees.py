"""Trees of expressions: made of numbers and of text, and with a part replaced."""

from __future__ import annotations

import ast
import functools
from typing import Any


def replaced(tree: Any, old: ast.AST, new: ast.AST) -> Any:
    """A copy of a tree with one node in the place of another."""
    if tree is old:
        return new
    if isinstance(tree, list):
        return [replaced(part, old, new) for part in tree]
    if not isinstance(tree, ast.AST):
        return tree
    fields = {name: replaced(part, old, new) for name, part in ast.iter_fields(tree)}
    return ast.copy_location(type(tree)(**fields), tree)


def loaded(node: ast.expr) -> ast.expr:
    return ast.Name(node.id, ast.Load()) if isinstance(node, ast.Name) else node


@functools.cache
def parsed(text: str) -> Any:
    """The tree of an expression."""
    return ast.parse(text, mode="eval").body


def number(value: float) -> ast.expr:
    """A number as it stands in source; a negative one has a minus before it."""
    return ast.Constant(value) if value >= 0 else ast.UnaryOp(ast.USub(), ast.Constant(-value))


def flipped(node: ast.expr) -> ast.expr:
    """The transpose: `x.T` of `x`, and `x` of `x.T`."""
    is_transpose = isinstance(node, ast.Attribute) and node.attr == "T"
    return node.value if is_transpose else ast.Attribute(node, "T", ast.Load())  # type: ignore[attr-defined]


def swapped(node: ast.expr) -> ast.expr:
    """The expression with its last two axes exchanged."""
    return ast.Call(ast.Attribute(node, "swapaxes", ast.Load()), [number(-1), number(-2)], [])
