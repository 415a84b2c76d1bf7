"""Other rounds for a loop, and lists that are gone through or filled the other way round."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..trees import Changes, number, parsed, replaced, reversed_array
from .conditions import shifted


def rounds_like(rounds: ast.expr) -> Changes:
    """Other rounds for a loop: one more or one less at either end, or the other way round.

    >>> [ast.unparse(new) for _, _, new in rounds_like(parsed("range(n)"))]
    ['range(1, n)', 'range(n - 1)', 'range(n + 1)', 'reversed(range(n))']
    >>> [ast.unparse(new) for _, _, new in rounds_like(parsed("zip(xs[1:], ys[1:])"))][-2:]
    ['zip(xs, ys)', 'zip(reversed(xs[1:]), reversed(ys[1:]))']
    """
    text = ast.unparse(rounds)
    match rounds:
        case ast.Call(func=ast.Name(id="reversed") as func, args=[inner]):
            for kind, said, new in rounds_like(inner):
                if not (
                    isinstance(new, ast.Call) and isinstance(new.func, ast.Name) and new.func.id == "reversed"
                ):
                    yield kind, said, ast.Call(func, [new], [])
            yield "wrong-variable", f"`{text}` goes the wrong way", inner
        case ast.Subscript(
            value=ast.Call() as inner, slice=ast.Slice(lower=None, upper=None, step=ast.expr())
        ):
            for kind, said, new in rounds_like(inner):
                yield kind, said, ast.Subscript(new, rounds.slice, ast.Load())
        case ast.Call(func=ast.Name(id="range") | ast.Attribute(attr="arange") as func, args=args):
            said = f"the loop has another number of rounds than it should have: `{text}`"
            others = [[number(1), *args]] if len(args) == 1 else []
            for i, arg in enumerate(args[:2]):
                others += [[*args[:i], shifted(arg, step), *args[i + 1 :]] for step in (-1, 1)]
            yield from (("missing-term", said, ast.Call(func, ends, [])) for ends in others)
            yield "wrong-variable", f"`{text}` goes the wrong way", ast.Call(parsed("reversed"), [rounds], [])
        case ast.Call(func=ast.Name(id="zip") as func, args=args):
            for i, arg in enumerate(args):
                said = f"`{ast.unparse(arg)}` goes the wrong way in `{text}`"
                yield "wrong-variable", said, ast.Call(func, [*args[:i], backwards(arg), *args[i + 1 :]], [])
            if any(map(is_cut, args)):
                yield "missing-term", f"`{text}` leaves some out", ast.Call(func, list(map(uncut, args)), [])
            if len(args) > 1:
                said = f"`{text}` goes the wrong way"
                yield "wrong-variable", said, ast.Call(func, list(map(backwards, args)), [])
        case ast.Name() | ast.Attribute() | ast.Subscript():
            if is_cut(rounds):
                yield "missing-term", f"`{text}` leaves some out", uncut(rounds)
            yield "wrong-variable", f"`{text}` goes the wrong way", backwards(rounds)


def turned_round(statement: ast.stmt, name: str) -> Iterator[ast.stmt]:
    """A statement in which a list stands, or is filled, the other way round.

    >>> [ast.unparse(s) for s in turned_round(ast.parse("return dx, dhs").body[0], "dhs")]
    ['return (dx, dhs[::-1])']
    >>> [ast.unparse(s) for s in turned_round(ast.parse("self.dhs.append(dh)").body[0], "dhs")]
    ['self.dhs.insert(0, dh)']
    """
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=a, attr="append"), args=args)):
            if last_name(a) == name:
                yield ast.Expr(ast.Call(ast.Attribute(a, "insert", ast.Load()), [number(0), *args], []))
            return
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=a, attr="insert"), args=[_, x])):
            if last_name(a) == name:
                yield ast.Expr(ast.Call(ast.Attribute(a, "append", ast.Load()), [x], []))
            return
    for node in ast.walk(statement):
        is_it = isinstance(node, ast.Name | ast.Attribute) and last_name(node) == name
        if is_it and isinstance(node.ctx, ast.Load):  # type: ignore[attr-defined]
            yield replaced(statement, node, reversed_array(node))  # type: ignore[arg-type]


def last_name(node: ast.AST) -> str:
    """What a variable or an attribute is called: `dWs` of `self.dWs`; "" of anything else."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def is_cut(several: ast.expr) -> bool:
    """Whether some are left out at an end: `xs[1:]`, `xs[:-1]`."""
    return (
        isinstance(several, ast.Subscript) and isinstance(several.slice, ast.Slice) and not several.slice.step
    )


def uncut(several: ast.expr) -> ast.expr:
    """All of them: `xs`, of `xs[1:]`."""
    return several.value if isinstance(several, ast.Subscript) and is_cut(several) else several


def backwards(several: ast.expr) -> ast.expr:
    """What is gone through the other way round: `reversed(xs)` of `xs`, and `xs` of `reversed(xs)`.

    >>> [ast.unparse(backwards(parsed(xs))) for xs in ("xs", "reversed(xs)", "xs[::-1]")]
    ['reversed(xs)', 'xs', 'xs']
    """
    match several:
        case ast.Call(func=ast.Name(id="reversed"), args=[inner]):
            return inner
        case ast.Subscript(slice=ast.Slice(lower=None, upper=None, step=ast.UnaryOp())):
            return reversed_array(several)
    return ast.Call(parsed("reversed"), [several], [])
