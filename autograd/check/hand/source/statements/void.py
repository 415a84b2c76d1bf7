"""Statements that make nothing new, as they are written."""

from __future__ import annotations

import ast


def void_kind(statement: ast.AST) -> str | None:
    """What is missing in a statement that makes nothing, as it is written; None if it makes something.

    >>> lines = "dx = dx", "dx += 0", "dx[i] -= 0 * dy", "dx *= 1.0", "dx = dx + 0 * dy", "dx += dy"
    >>> [void_kind(ast.parse(line).body[0]) for line in lines]
    ['missing-term', 'missing-term', 'missing-term', 'missing-factor', 'missing-term', None]
    >>> void_kind(ast.parse("ds = [d for d in ds]").body[0])
    'missing-factor'
    """
    match statement:
        case ast.Assign(targets=[target], value=value) if is_same(target, value):
            return "missing-term"
        case ast.Assign(
            value=ast.ListComp(elt=ast.Name(id=one), generators=[ast.comprehension(target=ast.Name(id=each))])
        ) if one == each:
            return "missing-factor"
        case ast.Assign(value=ast.BinOp(op=ast.Mult(), left=ast.Constant(value=0))):
            return "missing-term"
        case ast.Assign(targets=[target], value=ast.BinOp(left=left, op=op, right=right)):
            is_void = is_same(target, left) and is_neutral(op, right)
        case ast.AugAssign(op=op, value=value):
            is_void = is_neutral(op, value)
        case _:
            return None
    kind = "missing-term" if isinstance(op, ast.Add | ast.Sub) else "missing-factor"
    return kind if is_void else None


def renamed_in(statement: ast.Assign) -> ast.expr | None:
    """What a statement gives another name to, as it is or as a copy; None if it makes anything else.

    >>> lines = "dz = da", "self.dx = dout.copy()", "dx = np.copy(self.dy)", "dz = 2 * da", "d = dh[j]"
    >>> [made and ast.unparse(made) for made in map(renamed_in, (ast.parse(line).body[0] for line in lines))]
    ['da', 'dout', 'self.dy', None, 'dh[j]']
    """
    match statement.value:
        case (
            ast.Call(func=ast.Attribute(value=value, attr="copy"), args=[])
            | ast.Call(func=ast.Attribute(attr="copy" | "array"), args=[value])
        ):
            pass
        case value:
            pass
    is_element = isinstance(value, ast.Subscript) and not any(
        isinstance(n, ast.Call | ast.BinOp) for n in ast.walk(value.slice)
    )
    return value if is_element or isinstance(value, ast.Name | ast.Attribute) else None


def is_same(target: ast.expr, value: ast.expr) -> bool:
    """Whether what is written to is what is read."""
    return type(target) is type(value) and ast.unparse(target) == ast.unparse(value)


def is_neutral(op: ast.operator, value: ast.expr) -> bool:
    """Whether an operand changes nothing: to add 0 or something times 0, to multiply by 1."""
    if isinstance(op, ast.Mult | ast.Div):
        return isinstance(value, ast.Constant) and value.value == 1
    factor = value
    while isinstance(factor, ast.BinOp) and isinstance(factor.op, ast.Mult):
        factor = factor.left
    is_zero = isinstance(factor, ast.Constant) and factor.value == 0
    return isinstance(op, ast.Add | ast.Sub) and is_zero
