"""Small questions about a syntax tree, and new nodes that stand where others did."""

from __future__ import annotations

import ast
from typing import Any

from ..probe import TINY
from ..sites import is_plain, loaded, name_in

# A constant that stands for a thing in the compiled code begins so, which no text of a user's does
MARK = "\N{LEFT DOUBLE ANGLE BRACKET}autograd.check"


def located(statement: Any, like: ast.AST) -> Any:
    """A statement at the place of another, with all that is in it and has no place yet."""
    place_parts(ast.copy_location(statement, like), like)
    return statement


def place_parts(node: ast.AST, like: ast.AST) -> None:
    """Give the parts of a node that have no place the place of what they are in; statements have theirs."""
    for part in ast.iter_child_nodes(node):
        if isinstance(part, ast.stmt):
            continue
        if "lineno" in part._attributes and not hasattr(part, "lineno"):
            ast.copy_location(part, like)
        place_parts(part, part if hasattr(part, "lineno") else like)


def opened(node: Any) -> Any:
    """A copy of a statement, in which the statements that it has in it are the same ones."""
    made = type(node)(**{name: opened_part(getattr(node, name, None)) for name in node._fields})
    return ast.copy_location(made, node)


def opened_part(part: Any) -> Any:
    """The same of what a node has in a field; what says nothing but its kind is shared."""
    if isinstance(part, list):
        return [opened_part(p) for p in part]
    is_kept = isinstance(part, ast.stmt) or not isinstance(part, ast.AST) or not part._fields
    return part if is_kept else opened(part)


def index_of(key: ast.expr) -> ast.expr:
    """An index as a value that can be passed: `slice(...)` for what is written with colons."""
    match key:
        case ast.Slice(lower=a, upper=b, step=c):
            parts = [p if p is not None else ast.Constant(None) for p in (a, b, c)]
            return ast.Call(ast.Constant(f"{MARK}slice"), parts, [])
        case ast.Tuple(elts=parts):
            return ast.Tuple([index_of(p) for p in parts], ast.Load())
    return key


def read_again(key: ast.expr) -> ast.expr:
    """The value of an index that was used before; None where computing it once more may do something else."""
    return index_of(loaded(key)) if is_plain(key) else ast.Constant(None)


def is_filled(target: ast.expr) -> bool:
    """Whether a target is an entry of what a variable holds."""
    return isinstance(target, ast.Subscript) and is_plain(target.value)


def may_guard(number: ast.expr) -> bool:
    """Whether a number in a sum may be there only lest the sum be 0: it is tiny, or called as such are."""
    if isinstance(number, ast.Constant):
        return isinstance(number.value, float) and 0 < number.value <= TINY
    return is_plain(number) and any(word in name_in(number).lower() for word in GUARDS)


GUARDS = (
    "eps",
    "tiny",
    "small",
    "smooth",
    "delta",
    "guard",
    "fuzz",
    "stab",
)  # are within names of such numbers


def is_unpacking(target: ast.expr) -> bool:
    """Whether as many values are assigned as the target has parts: `a, b = ...`, and not `a, *b = ...`."""
    is_several = isinstance(target, ast.Tuple | ast.List)
    return is_several and not any(isinstance(part, ast.Starred) for part in target.elts)  # type: ignore[attr-defined]


def is_generator(function: Any) -> bool:
    """Whether a function yields or awaits, apart from the functions in it."""
    inner = Yields()
    for statement in function.body:
        inner.visit(statement)
    return inner.found


class Yields(ast.NodeVisitor):
    """Looks for `yield` and `await` in the statements of a function, and not in those of inner functions."""

    found = False

    def visit_Yield(self, node: ast.AST) -> None:
        """Note that there is one."""
        self.found = True

    visit_YieldFrom = visit_Await = visit_Yield  # noqa: N815

    def visit_FunctionDef(self, node: ast.AST) -> None:
        """Look no further: what an inner function yields is its own."""

    visit_Lambda = visit_ClassDef = visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815
