"""Changes of whole statements: what is written to and how, the rounds of loops, conditions."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from itertools import combinations, islice
from typing import Any

import numpy as np

from ...match.names import is_called_gradient
from ..expressions.places import neighbours, other_indices, value_in
from ..nearby import has_slices, names_set
from ..quantities import held_in, scalars
from ..trees import Changes, all_replaced, loaded, number, parsed, placed, replaced, reversed_array
from .conditions import OTHERS, conditions_like, shifted

MOST_PAIRS = 30  # of the elements of a tuple


def whole_line(statement: ast.stmt) -> Iterator[tuple[str, str, ast.stmt]]:
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


def added_at(target: ast.Subscript, value: ast.expr) -> ast.stmt:
    """`np.add.at(dE, index, values)` for `dE[index] += values`."""
    return ast.Expr(ast.Call(parsed("np.add.at"), [loaded(target.value), target.slice, value], []))


def statements_like(statement: ast.stmt, scope: dict[str, Any]) -> Iterator[tuple[str, str, ast.stmt]]:
    """What could stand in the place of a statement that no expression in it could mend.

    >>> made = statements_like(ast.parse("dW[j] += x").body[0], {"i": 0, "j": 1})
    >>> [ast.unparse(new) for _, _, new in made]
    ['dW[j] -= x', 'np.add.at(dW, j, x)', 'dW[j - 1] += x', 'dW[j + 1] += x', 'dW[i] += x', 'dW[:, j] += x', \
'dW[j] = x', 'pass']
    """
    for kind, said, new in others_like(statement, scope):
        yield kind, said, placed(new, statement)  # type: ignore[misc]  # it stays a statement


def others_like(statement: ast.stmt, scope: dict[str, Any]) -> Iterator[tuple[str, str, ast.stmt]]:
    """The same, not yet placed in the user's source."""
    yield from whole_line(statement)
    yield from other_containers(statement, scope)
    text = ast.unparse(statement).split("\n")[0]
    match statement:
        case ast.AugAssign(target=target, op=op, value=value):
            for near in targets_like(target, scope):
                yield "wrong-variable", wrong_place(text, near), ast.AugAssign(near, op, value)  # type: ignore[arg-type]
            for near, other in windows_exchanged(target, value):
                yield "wrong-variable", wrong_place(text, near), ast.AugAssign(near, op, other)
            for name in scalars(scope) if isinstance(op, ast.Mult | ast.Div) else ():
                said = f"a factor {name} is missing at `{ast.unparse(value)}`"
                new = ast.BinOp(value, ast.Mult(), parsed(name))
                yield "missing constant", said, ast.AugAssign(target, op, new)
            said = "it adds to what was there, and should replace it"
            yield "extra-term", said, ast.Assign([target], value)
            kind = "term too many" if isinstance(op, ast.Add | ast.Sub) else "line too many"
            yield kind, f"`{text}` is too many", ast.Pass()
        case ast.Assign(targets=[ast.Subscript() as target], value=value):
            for near in targets_like(target, scope):
                yield "wrong-variable", wrong_place(text, near), ast.Assign([near], value)
            for near, other in windows_exchanged(target, value):
                yield "wrong-variable", wrong_place(text, near), ast.Assign([near], other)
            if not (isinstance(value, ast.Constant) and value.value == 0):
                yield "wrong-variable", f"what `{text}` writes should be 0", ast.Assign([target], number(0))
            yield "line too many", f"`{text}` is too many", ast.Pass()
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
            for kind, said, other in in_each(value):
                yield kind, said, ast.Assign([several], other)
            for said, other in exchanged(several):
                yield "wrong-variable", said, ast.Assign([other], value)
            for unused in (n for n in several.elts if isinstance(n, ast.Name) and n.id.startswith("_")):
                for name in filter(is_called_gradient, scope):
                    new = replaced(several, unused, ast.Name(name, ast.Store()))
                    yield "unused", f"`{unused.id}` should be `{name}`", ast.Assign([new], value)
        case ast.Assign(targets=targets, value=ast.List() | ast.Tuple() as listed):
            for said, other in exchanged(listed):
                yield "wrong-variable", said, ast.Assign(targets, other)
            for kind, said, other in in_each(listed):
                yield kind, said, ast.Assign(targets, other)
        case ast.Assign(
            targets=targets,
            value=ast.ListComp(
                elt=elt, generators=[ast.comprehension(iter=ast.Subscript() as several) as each]
            ),
        ):
            for near in other_indices(several.slice, None, scope):
                said = f"the index in `{ast.unparse(several)}` is wrong"
                new = replaced(each, several, ast.Subscript(several.value, near, ast.Load()))
                yield "wrong-variable", said, ast.Assign(targets, ast.ListComp(elt, [new]))
        case ast.Assign(targets=targets, value=ast.ListComp(elt=elt, generators=[each]) as made):
            for other in sums_with(elt, each.target):
                said = "it replaces what was there, to which it should add"
                yield "overwritten", said, ast.Assign(targets, ast.ListComp(other, made.generators))
        case ast.If(test=test, body=body, orelse=orelse):
            said = f"the condition of `{text}` is the wrong way round"
            yield "wrong-variable", said, ast.If(ast.UnaryOp(ast.Not(), test), body, orelse)
            for other in conditions_like(test, scope):
                said = f"the condition of `{text}` is wrong: `{ast.unparse(other)}` is right"
                yield "wrong-variable", said, ast.If(other, body, orelse)
            if not orelse:
                kind = "missing-term" if isinstance(body[0], ast.AugAssign) else "missing-factor"
                yield kind, f"the condition of `{text}` leaves something out", ast.If(number(1), body, [])


def other_entries(
    statement: ast.Assign, value: ast.expr, scope: dict[str, Any]
) -> Iterator[tuple[str, str, ast.Assign]]:
    """The statement that unpacks another entry of a list: the cache of another layer.

    >>> line = ast.parse("x, h = caches[t - 1]").body[0]
    >>> [ast.unparse(new.value) for *_, new in other_entries(line, line.value, {"n": 3})]
    ['caches[t]', 'caches[t - 2]', 'caches[n - t]']
    """
    match value:
        case ast.Subscript(value=holder, slice=index):
            for near in other_indices(index, None, scope):
                new = ast.Subscript(holder, near, ast.Load())
                said = f"`{ast.unparse(new)}` should be unpacked"
                yield "wrong-variable", said, ast.Assign(statement.targets, new)


def other_words(statement: ast.stmt, literals: tuple[float | str, ...]) -> Iterator[tuple[str, ast.stmt]]:
    """The statement with another word of the same file for one that it gives to a function.

    >>> line = ast.parse("dx, dw = step_back(d, cache, 'tanh')").body[0]
    >>> [said for said, _ in other_words(line, ("tanh", "relu", 0.1))]
    ['`tanh` should be `relu`']
    """
    simple = isinstance(statement, ast.Assign | ast.AugAssign | ast.Return | ast.Expr)
    calls = [n for n in ast.walk(statement) if isinstance(n, ast.Call)] if simple else []
    given = [a for c in calls for a in (*c.args, *(w.value for w in c.keywords))]
    for word in (a for a in given if isinstance(a, ast.Constant) and a.value in literals):
        for other in (x for x in literals if isinstance(x, str) and x != word.value):
            said = f"`{word.value!s}` should be `{other}`"
            yield said, replaced(statement, word, ast.Constant(other))


def wrong_place(text: str, target: ast.expr) -> str:
    """What is said where another place should be written to."""
    right = ast.unparse(target.slice) if isinstance(target, ast.Subscript) else ast.unparse(target)
    return f"the index on the left of `{text}` is wrong, `{right}` is right"


def other_containers(statement: ast.stmt, scope: dict[str, Any]) -> Iterator[tuple[str, str, ast.stmt]]:
    """Calls that are given another container of the same structure: the cache of another layer.

    >>> scope = {"first": ([1.0], 3), "second": ([2.0], 4), "third": (1,)}
    >>> made = other_containers(ast.parse("dx = step_back(dy, first)").body[0], scope)
    >>> [ast.unparse(new) for _, _, new in made]
    ['dx = step_back(dy, second)']
    >>> line = ast.parse("dx = step_back(dy, caches[t - 1])").body[0]
    >>> made = other_containers(line, {"caches": [1.0, 2.0]})
    >>> [ast.unparse(new) for _, _, new in made]
    ['dx = step_back(dy, caches[t])', 'dx = step_back(dy, caches[t - 2])']
    """
    simple = isinstance(statement, ast.Assign | ast.AugAssign | ast.Return | ast.Expr)
    calls = [n for n in ast.walk(statement) if isinstance(n, ast.Call)] if simple else []
    for call, entry in ((c, a) for c in calls for a in c.args if isinstance(a, ast.Subscript)):
        is_listed = isinstance(entry.value, ast.Name) and type(scope.get(entry.value.id)) is list
        if is_listed:  # caches by time
            for near in neighbours(entry.slice):
                place = ast.Subscript(entry.value, near, ast.Load())
                said = f"`{ast.unparse(call)}` should be given `{ast.unparse(place)}`"
                yield "nearby", said, replaced(statement, entry, place)
    for call, arg in ((c, a) for c in calls for a in c.args if isinstance(a, ast.Name)):
        held = scope.get(arg.id)
        for name, other in scope.items() if isinstance(held, tuple | list | dict) else ():
            if other is not held and type(other) is type(held) and structure(other) == structure(held):
                new = replaced(statement, arg, ast.Name(name, ast.Load()))
                yield "nearby", f"`{ast.unparse(call)}` should be given `{name}`, not `{arg.id}`", new


def structure(value: Any) -> Any:
    """The types and shapes in a container."""
    if isinstance(value, dict):
        return {key: structure(part) for key, part in value.items()}
    if isinstance(value, tuple | list):
        return [structure(part) for part in value]
    return type(value), getattr(value, "shape", None)


def sums_with(element: ast.expr, target: ast.expr) -> Iterator[ast.expr]:
    """What an element of a list and what it is made beside of may make together: `[db for sb, db in ...]`.

    >>> made = ast.parse("[db for sb, db in zip(sums, dbs)]").body[0].value
    >>> [ast.unparse(new) for new in sums_with(made.elt, made.generators[0].target)]
    ['sb + db']
    """
    names = sorted(names_set(target)) if isinstance(target, ast.Tuple) else []
    read = {n.id for n in ast.walk(element) if isinstance(n, ast.Name)}
    yield from (ast.BinOp(parsed(name), ast.Add(), element) for name in names if name not in read)


def windows_exchanged(target: ast.expr, value: ast.expr) -> Iterator[tuple[Any, ast.expr]]:
    """What is written to and what is read, with the window of each for the other's: `g[1:]`, of `d[:-1]`.

    >>> line = ast.parse("g[1:] -= a * d[:-1]").body[0]
    >>> [[ast.unparse(part) for part in both] for both in windows_exchanged(line.target, line.value)]
    [['g[:-1]', 'a * d[1:]']]
    """
    match target:
        case ast.Subscript(value=holder, slice=own) if has_slices(own):
            read = [n for n in ast.walk(value) if isinstance(n, ast.Subscript) and has_slices(n.slice)]
            for part in (n for n in read if ast.dump(n.slice) != ast.dump(own)):
                other = replaced(value, part, ast.Subscript(part.value, own, ast.Load()))
                yield ast.Subscript(holder, part.slice, ast.Store()), other


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


def by_text(nodes: Iterable[Any]) -> dict[str, list[Any]]:
    """Expressions by what they look like."""
    found: dict[str, list[Any]] = {}
    for node in nodes:
        found.setdefault(ast.unparse(node), []).append(node)
    return found


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


def index_kind(index: ast.expr, other: ast.expr) -> str:
    """The kind of mistake where an index should be another: a transpose, if that is the same turned round."""
    match index, other:
        case ast.Tuple(elts=[a, b]), ast.Tuple(elts=[c, d]) if a is d and b is c:
            return "transpose"
    return "wrong-variable"


def targets_like(target: ast.expr, scope: dict[str, Any]) -> Iterator[ast.expr]:
    """Another place to be written to: another index, or another mask."""
    if not isinstance(target, ast.Subscript):
        return
    for near in other_indices(target.slice, None, scope):
        yield ast.Subscript(target.value, near, ast.Store())
    if (other := inverted(target.slice, scope)) is not None:
        yield ast.Subscript(target.value, other, ast.Store())
    for node in ast.walk(target.slice):
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            for op in OTHERS.get(type(node.ops[0]), ()):
                new = ast.Compare(node.left, [op()], node.comparators)
                yield replaced(target, node, new)
            for other in alike(node.left, scope):
                yield replaced(target, node.left, other)
            for mask in (k for k, v in arrays_in(scope) if is_mask(v)):
                yield replaced(target, node, parsed(mask))


def alike(node: ast.expr, scope: dict[str, Any]) -> Iterator[ast.expr]:
    """The other arrays of the shape that a variable or an attribute holds: `self.x`, for `dx`."""
    own = value_in(node, scope)
    for name, value in arrays_in(scope) if isinstance(own, np.ndarray) else ():
        if value.shape == own.shape and name != ast.unparse(node):
            yield parsed(name)


def arrays_in(scope: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The arrays in scope, and those in what is in scope."""
    yield from ((k, v) for k, v in scope.items() if isinstance(v, np.ndarray))
    yield from held_in(scope)


def inverted(mask: ast.expr, scope: dict[str, Any]) -> ast.expr | None:
    """The other elements than a mask has; None of an index that is none.

    >>> scope = {"m": np.array([True, False]), "i": 1}
    >>> [other and ast.unparse(other) for other in (inverted(parsed(m), scope) for m in ("m", "~m", "i"))]
    ['~m', 'm', None]
    """
    match mask:
        case ast.UnaryOp(op=ast.Invert(), operand=inner):
            return inner
        case ast.Name(id=name) if not is_mask(scope.get(name)):
            return None
        case ast.Name() | ast.Attribute():
            return ast.UnaryOp(ast.Invert(), mask)
    return None


def is_mask(value: Any) -> bool:
    """Whether a value is an array of truths."""
    return isinstance(value, np.ndarray) and value.dtype.kind == "b"


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
