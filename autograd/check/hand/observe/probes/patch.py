"""The user's own source with one statement changed, compiled with probes in it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import chain
from types import CodeType
from typing import Any, NamedTuple

from .codes import alike, codes_in, compiled, definitions_of, memo_of, statements_of, text_of, tree_of
from .rewriting.nodes import opened
from .sites import span_of

Span = tuple[int, int, int, int]


class Patch(NamedTuple):
    """Other statements in the place of some of the user's: of a loop or a condition, only its head."""

    filename: str
    changes: tuple[tuple[Span, ast.stmt], ...]

    @property
    def span(self) -> Span:
        """Where the first of the statements stands."""
        return self.changes[0][0]

    @property
    def lines(self) -> tuple[int, int]:
        """The first and the last line that is changed."""
        return min(s[0] for s, _ in self.changes), max(s[2] for s, _ in self.changes)

    def applied(self, tree: Any) -> Any:
        """The tree with the statements changed; what they are not in is the same as before."""
        return changed(tree, dict(self.changes))


def changed(tree: Any, changes: dict[Span, ast.stmt]) -> Any:
    """A tree with other statements at some places; what they are not in is shared."""
    if isinstance(tree, list):
        return [changed(part, changes) for part in tree]
    if not isinstance(tree, ast.AST) or isinstance(tree, ast.expr):
        return tree
    if isinstance(tree, ast.stmt):
        if (new := changes.get(span_of(tree))) is not None:
            return ast.copy_location(opened(new), tree)
        if not any(tree.lineno <= first and last <= (tree.end_lineno or 0) for first, _, last, _ in changes):
            return tree
    made = type(tree)(**{name: changed(getattr(tree, name, None), changes) for name in tree._fields})
    return ast.copy_location(made, tree)


def patched(code: CodeType, patch: Patch) -> CodeType | None:
    """The code of a function with statements changed; None if they are elsewhere, or do not compile."""
    first, last = patch.lines
    if code.co_filename != patch.filename or not any(
        c.co_firstlineno <= first <= last <= last_line(c) for c in codes_in(code)
    ):
        return None
    for top in tree_of(code.co_filename, text_of(code.co_filename)).body:
        if top.lineno <= first and last <= (top.end_lineno or 0):
            whole = around(top, first, last)
            ways = (made_of(code, tree, patch) for tree in chain([whole], definitions_of(code, whole)))
            return next(filter(None, ways), None)
    return None


def made_of(code: CodeType, tree: ast.stmt, patch: Patch) -> CodeType | None:
    """The code of a function in a statement of the user's, with statements changed."""
    try:
        memo = memo_of(code.co_filename, text_of(code.co_filename), False)
        made = compiled([patch.applied(tree)], code.co_filename, False, memo, code.co_flags)
    except (SyntaxError, ValueError, TypeError, AttributeError, RecursionError):
        return None
    same = [c for c in codes_in(made) if alike(c) == alike(code)]
    return same[0] if len(same) == 1 else None


def around(top: ast.stmt, first: int, last: int) -> ast.stmt:
    """A statement; of a class, only the method that has some lines, as the others need not be compiled."""
    inner = (
        [s for s in top.body if s.lineno <= first and last <= (s.end_lineno or 0)]
        if type(top) is ast.ClassDef
        else []
    )
    if not inner:
        return top
    body = [around(s, first, last) for s in inner]
    return ast.copy_location(ast.ClassDef(**dict(ast.iter_fields(top)) | {"body": body}), top)


def last_line(code: CodeType) -> int:
    """The last line of a piece of code."""
    return max((line for _, _, line in code.co_lines() if line is not None), default=0)


def statements_in(filename: str) -> Iterator[ast.stmt]:
    """The simple statements of a file, the last first."""
    try:
        statements = statements_of(filename, text_of(filename))
    except (SyntaxError, ValueError):
        return
    yield from sorted((s for s in statements if not hasattr(s, "body")), key=lambda s: -s.lineno)


def statements_around(filename: str, span: Span) -> Iterator[ast.stmt]:
    """The statement at a place in the user's source, and the loops and conditions that it is in."""
    try:
        statements = statements_of(filename, text_of(filename))
    except (SyntaxError, ValueError):
        return
    for node in statements:
        is_around = node.lineno <= span[0] <= (node.end_lineno or 0)
        if is_around and (isinstance(node, ast.For | ast.If) or span_of(node) == span):
            yield node
