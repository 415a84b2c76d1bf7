"""Where the loss is complete in a function that returns more: the gradients too, derived by hand.

What comes after that is not needed, and need not run on Tensors, so a run can end there.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import CodeType
from typing import Any


class Complete(BaseException):
    """The loss is complete.  It is no Exception, so that no `except Exception` of the user's catches it."""

    def __init__(self, loss: Any) -> None:
        super().__init__()
        self.loss = loss


@dataclass(frozen=True, slots=True)
class Ending:
    """The lines of the first statement that the loss does not need, and code that gives the loss there."""

    lines: range
    loss: CodeType


def tree_of(code: CodeType | None) -> ast.Module | None:
    """The syntax tree of code, with the line numbers of its file; None without a source, or for a lambda."""
    try:
        lines, first = inspect.getsourcelines(code)  # type: ignore[arg-type]
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, SyntaxError, TypeError):
        return None
    ast.increment_lineno(tree, first - 1)
    return tree


def ending_of(code: CodeType | None) -> Ending | None:
    """The place where the run of a function can end; None if it has to run to its own end.

    For `return loss, gradients` it is behind the last statement that may change `loss`, or a variable from
    which the first value is computed.  Wherever the function returns after that, it must return the same
    first value.
    """
    tree = tree_of(code)
    if code is None or tree is None or not isinstance(tree.body[0], ast.FunctionDef):
        return None
    found = [ending for ahead, end in returns(tree.body[0].body) if (ending := ending_at(ahead, end, code))]
    for after, first in found:
        later = [n for n in own_nodes(tree.body[0]) if isinstance(n, ast.Return) and n.lineno >= after.lineno]
        if all(n.value is not None and same(first_in(n.value), first) for n in later):
            loss = compile(ast.Expression(first), code.co_filename, "eval").replace(co_name=code.co_name)
            return Ending(range(after.lineno, (after.end_lineno or after.lineno) + 1), loss)
    return None


Step = ast.stmt | ast.expr  # a statement, or an expression in the head of one


def returns(
    block: Sequence[ast.stmt], before: tuple[Step, ...] = ()
) -> Iterator[tuple[tuple[Step, ...], ast.Return]]:
    """The return statements of a block outside of loops, each after all steps up to it."""
    for i, statement in enumerate(block):
        ahead = (*before, *block[:i])
        match statement:
            case ast.Return():
                yield (*ahead, statement), statement
            case ast.If():
                for part in (statement.body, statement.orelse):
                    yield from returns(part, (*ahead, statement.test))
            case ast.With():
                yield from returns(statement.body, (*ahead, *(item.context_expr for item in statement.items)))


def ending_at(steps: Sequence[Step], end: ast.Return, code: CodeType) -> tuple[Step, ast.expr] | None:
    """The first step that is not needed for the first value that a statement returns, and this value."""
    if not isinstance(end.value, ast.Tuple | ast.List | ast.Dict):
        return None
    first = first_in(end.value)
    names = {n.id for n in ast.walk(first) if isinstance(n, ast.Name)} & set(code.co_varnames)
    last = max((i for i, step in enumerate(steps) if may_change(step, names)), default=-1)
    return (steps[last + 1], first) if 0 <= last < len(steps) - 2 else None


def first_in(value: ast.expr) -> ast.expr:
    """The first of several values that are written out; a value that is alone is itself the first."""
    match value:
        case ast.Tuple(elts=[first, *_]) | ast.List(elts=[first, *_]) | ast.Dict(values=[first, *_]):
            return first_in(first)
    return value


def same(a: ast.expr, b: ast.expr) -> bool:
    """Whether two expressions are written alike."""
    return ast.dump(a) == ast.dump(b)


def may_change(step: Step, names: set[str]) -> bool:
    """Whether a step assigns one of these variables, or calls something with it for its effect."""
    for node in ast.walk(step):
        is_store = isinstance(getattr(node, "ctx", None), ast.Store | ast.Del) and base(node) in names
        is_call = isinstance(node, ast.Expr) and any(
            isinstance(n, ast.Name) and n.id in names for n in ast.walk(node)
        )
        if is_store or is_call:
            return True
    return False


def base(target: ast.AST) -> str | None:
    """The variable with which a target begins: `losses` of `losses[t]`."""
    while isinstance(target, ast.Attribute | ast.Subscript | ast.Starred):
        target = target.value
    return target.id if isinstance(target, ast.Name) else None


def own_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function, without the nodes of functions in it."""
    for child in ast.iter_child_nodes(tree):
        if not isinstance(child, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            yield child
            yield from own_nodes(child)
