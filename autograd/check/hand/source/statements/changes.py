"""Changes of whole statements: what is written to and how, the rounds of loops, conditions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations, islice
from typing import Any

import numpy as np

from ...match.names import is_called_gradient
from ..expressions.insertions import along_rows, fits
from ..expressions.places import other_indices
from ..nearby import names_set
from ..quantities import is_numeric, scalars
from ..trees import Changes, all_replaced, by_text, loaded, number, parsed, placed, replaced
from .conditions import conditions_like
from .given import other_containers, other_entries
from .rounds import rounds_like
from .targets import index_kind, targets_like, windows_exchanged, wrong_place

MOST_PAIRS = 30  # of the elements of a tuple

# The kind of a mistake, what is said of it, and the statement without it
Statements = Iterator[tuple[str, str, ast.stmt]]


def whole_line(statement: ast.stmt) -> Statements:
    """The line with = for +=, += for =, -= for += and the like."""
    match statement:
        case ast.Assign(targets=[ast.Name() | ast.Subscript() | ast.Attribute() as target], value=value):
            text = "it replaces what was there, to which it should add"
            yield from (
                ("overwritten", text, ast.AugAssign(target, op, value)) for op in (ast.Add(), ast.Sub())
            )
            if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
                parts = (value.right, value.left)
                yield from (("overwritten", text, ast.AugAssign(target, ast.Add(), part)) for part in parts)
            if isinstance(target, ast.Subscript):
                yield "overwritten", "places that come twice get one term only", added_at(target, value)
        case ast.AugAssign(target=target, op=ast.Add() | ast.Sub() as op, value=value):
            other = ast.Sub() if isinstance(op, ast.Add) else ast.Add()
            kind = "missing sign" if isinstance(op, ast.Add) else "sign"
            yield kind, "it is added with the wrong sign", ast.AugAssign(target, other, value)
            if isinstance(target, ast.Subscript):
                yield "overwritten", "places that come twice get one term only", added_at(target, value)


def factors_of(held: Any, scope: dict[str, Any]) -> Iterator[str]:
    """The arrays in scope that may be missing as a factor in what a variable holds.

    >>> list(factors_of(np.ones((2, 3)), {"w": np.ones(3), "mask": np.array([1.0, 0.0]), "n": 2}))
    ['w', 'mask[:, None]']
    """
    yield from (
        k for k, v in scope.items() if is_numeric(v) and np.ndim(v) and v is not held and fits(v, held)
    )
    yield from along_rows(scope, held)


def added_at(target: ast.Subscript, value: ast.expr) -> ast.stmt:
    """`np.add.at(dE, index, values)` for `dE[index] += values`."""
    return ast.Expr(ast.Call(parsed("np.add.at"), [loaded(target.value), target.slice, value], []))


def statements_like(statement: ast.stmt, scope: dict[str, Any]) -> Statements:
    """What could stand in the place of a statement that no expression in it could mend.

    >>> made = statements_like(ast.parse("dW[j] += x").body[0], {"i": 0, "j": 1})
    >>> [ast.unparse(new) for _, _, new in made]
    ['dW[j] -= x', 'np.add.at(dW, j, x)', 'dW[j - 1] += x', 'dW[j + 1] += x', 'dW[i] += x', 'dW[-j] += x', \
'dW[:, j] += x', 'dW[j] = x', 'pass']
    """
    for kind, said, new in others_like(statement, scope):
        yield kind, said, placed(new, statement)  # type: ignore[misc]  # it stays a statement


def others_like(statement: ast.stmt, scope: dict[str, Any]) -> Statements:
    """The same, not yet placed in the user's source."""
    yield from whole_line(statement)
    yield from other_containers(statement, scope)
    text = ast.unparse(statement).split("\n")[0]
    match statement:
        case ast.AugAssign(target=target, op=op, value=value):
            yield from of_addition(target, op, value, text, scope)
        case ast.Assign(targets=[ast.Subscript() as target], value=value):
            yield from of_entry(target, value, text, scope)
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="at") as func, args=[array, index, *rest])):
            for near in other_indices(index, None, scope):
                said = f"the index `{ast.unparse(index)}` in `{text}` is wrong"
                yield index_kind(index, near), said, ast.Expr(ast.Call(func, [array, near, *rest], []))
        case ast.For(iter=rounds):
            for kind, said, other in rounds_like(rounds):
                yield kind, said, ast.For(statement.target, other, statement.body, statement.orelse)
        case ast.Return(value=ast.Tuple() as several):
            for said, other in exchanged(several):
                yield "wrong-variable", said, ast.Return(other)
        case ast.Assign(targets=[ast.Tuple() as several], value=value):
            yield from other_entries(statement, value, scope)
            yield from of_unpacking(several, value, scope)
        case ast.Assign(targets=targets, value=ast.List() | ast.Tuple() as listed):
            for said, other in exchanged(listed):
                yield "wrong-variable", said, ast.Assign(targets, other)
            for kind, said, other in in_each(listed):
                yield kind, said, ast.Assign(targets, other)
        case ast.Assign(targets=targets, value=ast.ListComp(generators=[each]) as made):
            for kind, said, other in of_comprehension(made.elt, each, scope):
                yield kind, said, ast.Assign(targets, other)
        case ast.If():
            yield from of_condition(statement, text, scope)


def of_addition(
    target: ast.Name | ast.Attribute | ast.Subscript,
    op: ast.operator,
    value: ast.expr,
    text: str,
    scope: dict[str, Any],
) -> Statements:
    """Other places to add to, factors beside what is multiplied or divided by, and = for +=."""
    for near in targets_like(target, scope):
        yield "wrong-variable", wrong_place(text, near), ast.AugAssign(near, op, value)  # type: ignore[arg-type]
    for near, other in windows_exchanged(target, value):
        yield "wrong-variable", wrong_place(text, near), ast.AugAssign(near, op, other)
    for name in scalars(scope) if isinstance(op, ast.Mult | ast.Div) else ():
        said = f"a factor {name} is missing at `{ast.unparse(value)}`"
        yield "missing constant", said, ast.AugAssign(target, op, ast.BinOp(value, ast.Mult(), parsed(name)))
    held = scope.get(target.id) if isinstance(target, ast.Name) and isinstance(op, ast.Div) else None
    for name in factors_of(held, scope) if held is not None and np.ndim(held) else ():
        factor = ast.BinOp(parsed(name), op, value)
        yield "forgotten factor", f"a factor {name} is missing", ast.AugAssign(target, ast.Mult(), factor)
    for name in rows_in(scope) if isinstance(value, ast.Constant) else ():
        said = f"the number {ast.unparse(value)} should be `{name}`"
        yield "number", said, ast.AugAssign(target, op, parsed(name))
    yield "extra-term", "it adds to what was there, and should replace it", ast.Assign([target], value)
    kind = "term too many" if isinstance(op, ast.Add | ast.Sub) else "line too many"
    yield kind, f"`{text}` is too many", ast.Pass()


def of_entry(target: ast.Subscript, value: ast.expr, text: str, scope: dict[str, Any]) -> Statements:
    """Other places to write to, another number there, and nothing."""
    for near in targets_like(target, scope):
        yield "wrong-variable", wrong_place(text, near), ast.Assign([near], value)
    for near, other in windows_exchanged(target, value):
        yield "wrong-variable", wrong_place(text, near), ast.Assign([near], other)
    for name in scalars(scope) if isinstance(value, ast.Constant) else ():
        said = f"the number {ast.unparse(value)} should be {name}"
        yield "number", said, ast.Assign([target], parsed(name))
    if not (isinstance(value, ast.Constant) and value.value == 0):
        yield "wrong-variable", f"what `{text}` writes should be 0", ast.Assign([target], number(0))
    yield "line too many", f"`{text}` is too many", ast.Pass()


def of_unpacking(several: ast.Tuple, value: ast.expr, scope: dict[str, Any]) -> Statements:
    """The same change in each of several values, two names exchanged, and a gradient for a name like `_`."""
    for kind, said, each in in_each(value):
        yield kind, said, ast.Assign([several], each)
    for said, other in exchanged(several):
        yield "wrong-variable", said, ast.Assign([other], value)
    for unused in (n for n in several.elts if isinstance(n, ast.Name) and n.id.startswith("_")):
        for name in filter(is_called_gradient, scope):
            new = replaced(several, unused, ast.Name(name, ast.Store()))
            yield "unused", f"`{unused.id}` should be `{name}`", ast.Assign([new], value)


def of_comprehension(element: ast.expr, each: ast.comprehension, scope: dict[str, Any]) -> Changes:
    """A list made of other rows, or of sums with what its elements are made beside."""
    if isinstance(several := each.iter, ast.Subscript):
        for near in other_indices(several.slice, None, scope):
            said = f"the index in `{ast.unparse(several)}` is wrong"
            new = replaced(each, several, ast.Subscript(several.value, near, ast.Load()))
            yield "wrong-variable", said, ast.ListComp(element, [new])
        return
    for other in sums_with(element, each.target):
        said = "it replaces what was there, to which it should add"
        yield "overwritten", said, ast.ListComp(other, [each])


def of_condition(statement: ast.If, text: str, scope: dict[str, Any]) -> Statements:
    """The opposite of a condition, another one, and none."""
    said = f"the condition of `{text}` is the wrong way round"
    body, orelse = statement.body, statement.orelse
    yield "wrong-variable", said, ast.If(ast.UnaryOp(ast.Not(), statement.test), body, orelse)
    for other in conditions_like(statement.test, scope):
        said = f"the condition of `{text}` is wrong: `{ast.unparse(other)}` is right"
        yield "wrong-variable", said, ast.If(other, body, orelse)
    if not orelse:
        kind = "missing-term" if isinstance(body[0], ast.AugAssign) else "missing-factor"
        yield kind, f"the condition of `{text}` leaves something out", ast.If(number(1), body, [])


def rows_in(scope: dict[str, Any]) -> Iterator[str]:
    """The names of rows of numbers, one of which may belong where there is a number."""
    arrays = ((k, v) for k, v in scope.items() if isinstance(v, np.ndarray) and v.ndim == 1)
    return (k for k, v in arrays if v.dtype.kind in "fiu")


def sums_with(element: ast.expr, target: ast.expr) -> Iterator[ast.expr]:
    """What an element of a list and what it is made beside of may make together: `[db for sb, db in ...]`.

    >>> made = ast.parse("[db for sb, db in zip(sums, dbs)]").body[0].value
    >>> [ast.unparse(new) for new in sums_with(made.elt, made.generators[0].target)]
    ['sb + db']
    """
    names = sorted(names_set(target)) if isinstance(target, ast.Tuple) else []
    read = {n.id for n in ast.walk(element) if isinstance(n, ast.Name)}
    yield from (ast.BinOp(parsed(name), ast.Add(), element) for name in names if name not in read)


def in_each(several: ast.expr) -> Changes:
    """The same change in each of several values: another axis in their calls, or no sum over all.

    >>> [ast.unparse(new) for *_, new in in_each(parsed("(back(a, 0), back(b, 0))"))]
    ['(back(a, 1), back(b, 1))', '(back(a, -1), back(b, -1))']
    >>> [ast.unparse(new) for *_, new in in_each(parsed("(a / r.sum(), b / r.sum())"))]
    ['(a / r, b / r)']
    """
    calls = (
        [n for n in ast.walk(several) if isinstance(n, ast.Call)] if isinstance(several, ast.Tuple) else []
    )
    axes = [a for c in calls for a in (*c.args, *(w.value for w in c.keywords)) if is_axis(a)]
    for text, same in by_text(axes).items():
        for axis in (0, 1, -1) if len(same) > 1 else ():
            if text != str(axis):
                said = f"the axis {text} is wrong wherever it stands"
                yield "shape", said, all_replaced(several, dict.fromkeys(same, number(axis)))
    methods = [c for c in calls if isinstance(c.func, ast.Attribute) and not c.args and not c.keywords]
    for text, same in by_text(methods).items():
        if len(same) > 1:
            said = f"`{text}` should not be summed"
            inner = {c: c.func.value for c in same}
            yield "shape", said, all_replaced(several, inner)


def is_axis(node: ast.expr) -> bool:
    """Whether an argument may be an axis."""
    return isinstance(node, ast.Constant) and type(node.value) is int and node.value in (0, 1, 2)


def exchanged(several: ast.Tuple | ast.List) -> Iterator[tuple[str, ast.Tuple | ast.List]]:
    """A tuple or a list with two of its elements exchanged.

    >>> tree = ast.parse("dx, db, dg").body[0].value
    >>> [ast.unparse(new) for _, new in exchanged(tree)]
    ['(db, dx, dg)', '(dg, db, dx)', '(dx, dg, db)']
    """
    for i, j in islice(combinations(range(len(several.elts)), 2), MOST_PAIRS):
        elements = list(several.elts)
        elements[i], elements[j] = elements[j], elements[i]
        said = f"`{ast.unparse(elements[j])}` and `{ast.unparse(elements[i])}` are exchanged"
        yield said, type(several)(elements, several.ctx)
