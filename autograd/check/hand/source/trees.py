"""Trees of expressions: made from numbers and from text, and with a part replaced."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

# Of an expression: the kind of mistake, what is said of it, and what should stand in its place
Changes = Iterator[tuple[str, str, ast.expr]]
# Expressions that stand elsewhere in the same function, with what they hold
Beside = Sequence[tuple[ast.expr, Any]]


def replaced(tree: Any, old: ast.AST, new: ast.AST) -> Any:
    """A tree with one node in the place of another; what is not on the way there is shared."""
    parents = parents_in(tree)
    if old not in parents:
        return all_replaced(tree, {old: new})
    node, made = old, placed(new, old)
    while node is not tree:
        parent, name, place = parents[node]
        part = getattr(parent, name)
        fields = {field: getattr(parent, field, None) for field in parent._fields}
        fields[name] = made if place is None else [*part[:place], made, *part[place + 1 :]]
        node, made = parent, ast.copy_location(type(parent)(**fields), parent)
    return made


@functools.lru_cache(maxsize=64)
def parents_in(tree: ast.AST) -> dict[ast.AST, tuple[ast.AST, str, int | None]]:
    """By node that stands once in a tree: its parent, the field there, and the place if that is a list."""
    found: dict[ast.AST, tuple[ast.AST, str, int | None]] = {}
    twice = {tree}
    for parent in ast.walk(tree):
        for name, part in ast.iter_fields(parent):
            for place, child in enumerate(part) if isinstance(part, list) else ((None, part),):
                if isinstance(child, ast.AST):
                    twice |= {child} & found.keys()
                    found[child] = parent, name, place
    return {node: place for node, place in found.items() if node not in twice}


def all_replaced(tree: Any, others: Mapping[Any, ast.AST]) -> Any:
    """A tree with other nodes in the place of some, all at once.

    A new one gets the place of the old one in the source: above it, `placed` would not look for it.
    """
    if isinstance(tree, list):
        parts = [all_replaced(part, others) for part in tree]
        return tree if all(a is b for a, b in zip(parts, tree, strict=True)) else parts
    if not isinstance(tree, ast.AST):
        return tree
    if tree in others:
        return placed(others[tree], tree)
    fields = {name: getattr(tree, name, None) for name in tree._fields}
    changed = {
        name: made for name, part in fields.items() if (made := all_replaced(part, others)) is not part
    }
    return ast.copy_location(type(tree)(**(fields | changed)), tree) if changed else tree


def placed(tree: ast.AST, like: ast.AST) -> ast.AST:
    """The tree, whose new nodes have got the place of another node, so that it can be compiled."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if "lineno" in node._attributes:
            if hasattr(node, "lineno"):
                continue
            ast.copy_location(node, like)
        for name in node._fields:
            part = getattr(node, name, None)
            waiting += [p for p in (part if isinstance(part, list) else [part]) if isinstance(p, ast.AST)]
    return tree


def loaded(node: ast.expr) -> ast.expr:
    """The expression, to be read: a name that was written to is another node then."""
    return ast.Name(node.id, ast.Load()) if isinstance(node, ast.Name) else node


@functools.cache
def parsed(text: str) -> Any:
    """The tree of an expression; it is shared, so nobody may change it."""
    return ast.parse(text, mode="eval").body


def number(value: float) -> ast.expr:
    """A number as it stands in source; a negative one has a minus before it."""
    return ast.Constant(value) if value >= 0 else ast.UnaryOp(ast.USub(), ast.Constant(-value))


def flipped(node: ast.expr) -> ast.expr:
    """The transpose: `x.T` of `x`, and `x` of `x.T`."""
    is_transpose = isinstance(node, ast.Attribute) and node.attr == "T"
    return node.value if is_transpose else ast.Attribute(node, "T", ast.Load())  # type: ignore[attr-defined]


def reversed_array(node: ast.expr) -> ast.expr:
    """The expression the other way round: `x[::-1]` of `x`, and `x` of `x[::-1]`.

    >>> ast.unparse(reversed_array(parsed("x"))), ast.unparse(reversed_array(parsed("x[::-1]")))
    ('x[::-1]', 'x')
    """
    match node:
        case ast.Subscript(value=inner, slice=ast.Slice(lower=None, upper=None, step=ast.UnaryOp())):
            return inner
    step = ast.UnaryOp(ast.USub(), ast.Constant(1))
    return ast.Subscript(node, ast.Slice(None, None, step), ast.Load())


def swapped(node: ast.expr) -> ast.expr:
    """The expression with its last two axes exchanged."""
    return ast.Call(ast.Attribute(node, "swapaxes", ast.Load()), [number(-1), number(-2)], [])


def apart_from_first(product: ast.expr) -> tuple[ast.expr, ast.expr | None]:
    """The first factor of a product, and the product of the others; None for these, of what is no product.

    >>> texts = "a * b / c", "a / b * c"
    >>> [[ast.unparse(part) for part in apart_from_first(parsed(text))] for text in texts]
    [['a', 'b / c'], ['a / b', 'c']]
    """
    match product:
        case ast.BinOp(left=left, op=ast.Mult() as op, right=right):
            first, rest = apart_from_first(left)
            return first, right if rest is None else ast.BinOp(rest, op, right)
        case ast.BinOp(left=left, op=ast.Div() as op, right=right):
            first, rest = apart_from_first(left)
            return (product, None) if rest is None else (first, ast.BinOp(rest, op, right))
    return product, None


def by_text(nodes: Iterable[Any]) -> dict[str, list[Any]]:
    """Expressions by what they look like."""
    found: dict[str, list[Any]] = {}
    for node in nodes:
        found.setdefault(ast.unparse(node), []).append(node)
    return found
