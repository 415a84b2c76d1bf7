"""Places in the user's source where values are made, and what they are called."""

from __future__ import annotations

import ast
import linecache
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """A place in the user's source where a value is made.

    kind       "assign"; "change", of what is there already; "share", what it is changed by; "entry", an array
               that has got a new entry; "return"; "element", of a display or a list; "argument"; "part", an
               inner expression; "function" and "loop", which have no value
    name       what the value is put under: a variable, a key or an attribute; "" if it has no name
    function   the name of the function that it is in, with its classes
    span       where the expression begins and ends; `statement`, the same of the statement that it is in
    path       the keys that lead to it in what is returned or built in a display
    """

    kind: str
    name: str
    filename: str
    function: str
    span: tuple[int, int, int, int]
    statement: tuple[int, int, int, int]
    path: tuple[Any, ...] = ()

    @property
    def lineno(self) -> int:
        """The line where the expression begins."""
        return self.span[0]

    @property
    def source(self) -> str:
        """The statement as it stands in its file, or the line of it where the value is."""
        first, _, last, _ = self.statement
        if self.is_long or self.path not in ((), ENTRY) or self.kind in ("element", "argument"):
            first, last = self.span[0], self.span[2] if self.span[2] - self.span[0] < 3 else self.span[0]
        lines = [linecache.getline(self.filename, n).strip() for n in range(first, last + 1)]
        return " ".join(lines)

    @property
    def is_long(self) -> bool:
        """Whether its statement is too long to be shown whole."""
        return self.statement[2] - self.statement[0] > 3

    def spans(self, place: tuple[str, int]) -> bool:
        """Whether the statement has a line of a file."""
        filename, lineno = place
        return self.filename == filename and self.statement[0] <= lineno <= self.statement[2]

    def __repr__(self) -> str:
        """The site in a few words, for a debugger."""
        return f"<{self.kind} {self.name} {self.function}:{self.lineno}>"


ENTRY = ("[]",)  # the path of what is put into an array, a list or under a computed key


def is_word(node: ast.AST) -> bool:
    """Whether a node is a string."""
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def span_of(node: Any) -> tuple[int, int, int, int]:
    """Where a node begins and ends: its first line and column, and its last."""
    return node.lineno, node.col_offset, node.end_lineno, node.end_col_offset


def name_in(target: ast.AST) -> str:
    """The last name on the way to what is assigned to: of `x`, `self.x`, `grads["x"]` and `x[i]`."""
    match target:
        case (
            ast.Name(id=name)
            | ast.Attribute(attr=name)
            | ast.Subscript(slice=ast.Constant(value=str() as name))
        ):
            return name
        case ast.Subscript(value=inner) | ast.Starred(value=inner):
            return name_in(inner)
    return ""


def is_plain(node: ast.AST) -> bool:
    """Whether nothing happens if an expression is read again: it is made of names, attributes and entries."""
    match node:
        case ast.Name() | ast.Constant():
            return True
        case ast.Attribute(value=inner) | ast.UnaryOp(operand=inner):
            return is_plain(inner)
        case ast.Subscript(value=a, slice=b) | ast.BinOp(left=a, right=b):
            return is_plain(a) and is_plain(b)
        case ast.Tuple(elts=parts):
            return all(map(is_plain, parts))
        case ast.Slice(lower=a, upper=b, step=c):
            return all(p is None or is_plain(p) for p in (a, b, c))
        case ast.Call(func=ast.Name(id="str"), args=[inner], keywords=[]) | ast.FormattedValue(value=inner):
            return is_plain(inner)
        case ast.Call(func=ast.Attribute(value=ast.Constant(), attr="format"), args=parts, keywords=[]):
            return all(map(is_plain, parts))
        case ast.JoinedStr(values=parts):
            return all(map(is_plain, parts))
    return False


def loaded(node: Any) -> Any:
    """A copy of an expression, to be read rather than written to."""
    if isinstance(node, ast.AST):
        fields = {k: loaded(v) for k, v in ast.iter_fields(node)}
        if "ctx" in fields:
            fields["ctx"] = ast.Load()
        return ast.copy_location(type(node)(**fields), node)
    return [loaded(part) for part in node] if isinstance(node, list) else node


def root_of(node: ast.AST) -> str:
    """The name that an expression such as `np.add.at` begins with."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""
