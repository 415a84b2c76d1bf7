"""The value of an expression in which one part is another, without compiling it.

A search tries thousands of changes of a line.  To compile each, and to compute again what stays, takes many
times as long as what the change itself computes.  So here the values of all parts are kept, and only what is
above the change is made anew.
"""

from __future__ import annotations

import ast
import builtins
import functools
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

from .nearby import is_harmless
from .trees import parents_in, placed, replaced

MOST_KEPT = 2**16  # elements of a part that is kept: beside a larger one, compiling takes little time
PLACE = ast.parse("x", mode="eval").body
OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.MatMult: operator.matmul, ast.Pow: operator.pow, ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod, ast.BitAnd: operator.and_, ast.BitOr: operator.or_, ast.BitXor: operator.xor,
    ast.USub: operator.neg, ast.UAdd: operator.pos, ast.Invert: operator.invert, ast.Not: operator.not_,
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.Eq: operator.eq, ast.NotEq: operator.ne,
}  # fmt: skip


class UncomputedError(Exception):
    """A part is of a kind that has to be compiled."""


class NoPartError(Exception):
    """What is to be replaced is no part of an expression."""


def called(node: Any, value: Callable[[Any], Any]) -> Any:
    """The value of a call."""
    if any(k.arg is None for k in node.keywords):
        raise UncomputedError
    return value(node.func)(*several(node.args, value), **{k.arg: value(k) for k in node.keywords})


def several(nodes: list[Any], value: Callable[[Any], Any]) -> list[Any]:
    """The values of elements or arguments."""
    if any(isinstance(node, ast.Starred) for node in nodes):
        raise UncomputedError
    return list(map(value, nodes))


def sliced(node: Any, value: Callable[[Any], Any]) -> slice:
    """The value of a slice."""
    return slice(*(value(part) if part is not None else None for part in (node.lower, node.upper, node.step)))


def compared(node: Any, value: Callable[[Any], Any]) -> Any:
    """The value of a comparison of two."""
    if len(node.ops) > 1 or type(node.ops[0]) not in OPERATORS:
        raise UncomputedError
    return OPERATORS[type(node.ops[0])](value(node.left), value(node.comparators[0]))


# By the kind of an expression, its value by the values of its parts
COMPUTED: dict[type[ast.AST], Callable[[Any, Callable[[Any], Any]], Any]] = {
    ast.BinOp: lambda node, value: OPERATORS[type(node.op)](value(node.left), value(node.right)),
    ast.UnaryOp: lambda node, value: OPERATORS[type(node.op)](value(node.operand)),
    ast.Attribute: lambda node, value: getattr(value(node.value), node.attr),
    ast.Subscript: lambda node, value: value(node.value)[value(node.slice)],
    ast.Constant: lambda node, value: node.value,
    ast.keyword: lambda node, value: value(node.value),
    ast.Tuple: lambda node, value: tuple(several(node.elts, value)),
    ast.List: lambda node, value: several(node.elts, value),
    ast.Slice: sliced,
    ast.Call: called,
    ast.Compare: compared,
}


@dataclass(slots=True)
class Parts:
    """An expression and the values of its parts, with the variables of one round."""

    tree: ast.expr
    scope: dict[str, Any]
    held: dict[ast.AST, Any] = field(default_factory=dict)

    def changed(self, old: ast.AST, new: ast.AST) -> Any:
        """The value with one part in the place of another.

        Raises NoPartError if the first is none, and whatever the expression raises.

        >>> tree = ast.parse("x * (y + 1)", mode="eval").body
        >>> parts = Parts(tree, {"x": 2, "y": 3})
        >>> parts.changed(tree.right.left, tree.left), parts.changed(tree.left, tree)
        (6, 32)
        """
        above = list(self.above(old))
        made: dict[ast.AST, Any] = {}

        def value(part: Any) -> Any:
            """The value of a part as it is now."""
            return made[part] if part in made else self.value(part)

        try:
            # A call of the user's may change what it reads; a comprehension has variables of its own
            if not is_harmless(self.tree) or any(type(node) not in COMPUTED for node in above):
                raise UncomputedError
            made[old] = self.value(new)
            for node in above:
                made[node] = self.computed(node, value)
            return made[self.tree]
        except UncomputedError:
            return eval(code_with(self.tree, old, new), self.scope.copy())

    def above(self, part: ast.AST) -> Iterator[ast.AST]:
        """What a part is in, from the inside out."""
        parents = parents_in(self.tree)
        while part is not self.tree:
            if part not in parents:
                raise NoPartError
            part = parents[part][0]
            yield part

    def value(self, node: Any) -> Any:
        """The value of a part, or of what is to stand in its place."""
        if node in self.held:
            return self.held[node]
        if isinstance(node, ast.Name):
            return self.scope[node.id] if node.id in self.scope else getattr(builtins, node.id)
        try:
            value = self.computed(node, self.value)
        except UncomputedError:
            value = eval(code_of(node), self.scope)
        is_part = node is self.tree or node in parents_in(self.tree)
        if is_part and getattr(value, "size", 0) <= MOST_KEPT:
            self.held[node] = value
        return value

    def computed(self, node: Any, value: Callable[[Any], Any]) -> Any:
        """The value of an expression by the values of its parts."""
        if type(node) not in COMPUTED:
            raise UncomputedError
        return COMPUTED[type(node)](node, value)


@functools.lru_cache(maxsize=16)
def code_with(tree: ast.expr, old: ast.AST, new: ast.AST) -> CodeType:
    """The code of an expression with one part in the place of another, for all rounds of a line."""
    return compile(ast.Expression(placed(replaced(tree, old, new), PLACE)), "<repair>", "eval")  # type: ignore[arg-type]


@functools.lru_cache(maxsize=4096)
def code_of(expression: ast.expr) -> CodeType:
    """The code of an expression, kept as the parts of a line are evaluated for each change of it."""
    return compile(ast.Expression(placed(expression, PLACE)), "<repair>", "eval")  # type: ignore[arg-type]
