"""Other places in an array or a container: other indices, other slices, other keys."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from itertools import combinations, islice
from typing import Any

import numpy as np

from ..quantities import is_index, is_numeric
from ..trees import number, parsed

NOTHING: Mapping[str, Any] = {}
MOST_ROWS = 2  # of places that are
MOST_INDICES = 6  # variables in scope that are tried as another index


def other_indices(index: ast.expr, holder: Any, scope: dict[str, Any]) -> Iterator[ast.expr]:
    """Other places in what an index is of: beside it, and elsewhere.

    >>> from autograd.check.hand.source.trees import parsed
    >>> [ast.unparse(i) for i in other_indices(parsed("t"), [], {"t": 1, "s": 2})]
    ['t - 1', 't + 1', 's', '-t', '(:, t)']
    >>> [ast.unparse(i) for i in other_indices(parsed("'dW' + str(n)"), {}, {"l": 1})]
    ["'dW' + str(n - 1)", "'dW' + str(n + 1)", "'dW' + str(l)"]
    """
    yield from neighbours(index, holder, scope)
    yield from elsewhere(index, scope)


def neighbours(index: ast.expr, holder: Any = None, scope: Mapping[str, Any] = NOTHING) -> Iterator[ast.expr]:
    """Other indices: one more or one less; of a dictionary with names, the other names that hold numbers.

    >>> from autograd.check.hand.source.trees import parsed
    >>> [ast.unparse(i) for i in neighbours(parsed("t - 1"))]
    ['t', 't - 2']
    >>> [ast.unparse(i) for i in neighbours(parsed("-l"))]
    ['-l - 1', '-l + 1', 'l']
    >>> [ast.unparse(i) for i in neighbours(parsed("n - l"))]
    ['n - l - 1', 'n - l + 1', 'l', 'l - 1']
    >>> [ast.unparse(i) for i in neighbours(parsed("'a'"), {"a": 1.0, "b": 2.0})]
    ["'b'"]
    >>> [ast.unparse(i) for i in neighbours(parsed("'a'"), {"a": abs, "b": 2.0, "c": max})]
    ["'c'"]
    """
    match index:
        case ast.Constant(value=str() as key) if isinstance(holder, dict):
            is_alike = is_numeric if is_numeric(holder.get(key, 0)) else is_no_number
            names = [k for k, v in holder.items() if k != key and isinstance(k, str) and is_alike(v)]
            yield from map(ast.Constant, names)
        case ast.Constant(value=int() as n) if not isinstance(n, bool):
            yield from (number(m) for m in dict.fromkeys((n + 1, n - 1, -1)))
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as n)):
            yield from (number(m) for m in (1 - n, -n - 1, 0))
        case ast.Subscript(value=holder_of_indices, slice=inner):
            for near in other_indices(inner, None, dict(scope)):
                yield ast.Subscript(holder_of_indices, near, ast.Load())
        case ast.Name() | ast.UnaryOp(op=ast.USub(), operand=ast.Name()):
            yield from (ast.BinOp(index, op, number(1)) for op in (ast.Sub(), ast.Add()))
            yield from [index.operand] if isinstance(index, ast.UnaryOp) else []
        case ast.BinOp(left=ast.Name(), op=ast.Sub(), right=ast.Name() as counter):
            yield from (ast.BinOp(index, op, number(1)) for op in (ast.Sub(), ast.Add()))
            yield from (counter, ast.BinOp(counter, ast.Sub(), number(1)))
        case ast.BinOp(left=a, op=ast.Add() | ast.Sub() as op, right=ast.Constant(value=int() as n)):
            yield from ([a] if n == 1 else [ast.BinOp(a, op, number(n - 1))])
            yield ast.BinOp(a, op, number(n + 1))


def is_no_number(value: Any) -> bool:
    """Whether a value is anything else than numbers: a function, or a tuple of them."""
    return not is_numeric(value)


def elsewhere(index: ast.expr, scope: dict[str, Any]) -> Iterator[ast.expr]:
    """Other places in an array: another index in scope, columns for rows, a slice at the other end.

    >>> from autograd.check.hand.source.trees import parsed
    >>> [ast.unparse(i) for i in elsewhere(parsed("i"), {"i": 1, "j": 2, "x": 0.5})]
    ['j', '-i', '(:, i)']
    >>> [ast.unparse(i) for i in elsewhere(parsed("l - 1"), {"l": 1, "n": 3})]
    ['n - l']
    >>> [ast.unparse(i) for i in elsewhere(parsed("x[1:]").slice, {})]
    ['2:', ':-1', ':1', ':']
    >>> [ast.unparse(i) for i in elsewhere(parsed("x[i, 0]").slice, {})]
    ['(0, i)', '(i - 1, 0)', '(i + 1, 0)', '(i, 1)', '(i, -1)']
    >>> [ast.unparse(i) for i in elsewhere(parsed("x[:, t, 1:]").slice, {"t": 1, "s": 2})]
    ['(:, t - 1, 1:)', '(:, t + 1, 1:)', '(:, s, 1:)', '(:, -t, 1:)', '(:, t, 2:)', '(:, t, :-1)',
     '(:, t, :1)', '(:, t, :)']
    """
    match index:
        case ast.Name(id=name):
            is_place = is_index(scope.get(name))
            yield from counters(scope, name) if is_place else ()
            yield from [ast.UnaryOp(ast.USub(), index)] if is_place else []
            yield from places_held(scope) if is_place else ()
            yield ast.Tuple([ast.Slice(), index], ast.Load())
            if is_places(scope.get(name)):
                yield from lists_of_places(scope, name)
        case ast.Constant(value=int()):
            yield from counters(scope)
        case ast.BinOp(left=ast.Name(id=name), op=ast.Sub(), right=ast.Constant(value=1)):
            yield from (ast.BinOp(end, ast.Sub(), index.left) for end in counters(scope, name))
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int())):
            yield from (ast.UnaryOp(ast.USub(), counter) for counter in counters(scope))
        case ast.Subscript(value=ast.Name(id=holder), slice=inner):
            yield from (ast.Subscript(other, inner, ast.Load()) for other in lists_of_places(scope, holder))
            yield from lists_of_places(scope, "")
        case ast.Slice(lower=a, upper=b, step=ast.expr() as step):
            yield from (ast.Slice(near, b, step) for near in (neighbours(a) if a is not None else ()))
            yield from (ast.Slice(a, near, step) for near in (neighbours(b) if b is not None else ()))
        case ast.Slice(step=None):
            yield from other_slices(index)
            for other in counters(scope):
                yield from (ast.Slice(other), ast.Slice(None, other))
        case ast.Tuple(elts=parts):
            yield from other_axes(parts, scope)
        case ast.JoinedStr(values=parts):
            for i, part in enumerate(parts):
                if isinstance(part, ast.FormattedValue):
                    for near in (*neighbours(part.value), *counters(scope)):
                        new = ast.FormattedValue(near, part.conversion, part.format_spec)
                        yield ast.JoinedStr([*parts[:i], new, *parts[i + 1 :]])
        case ast.BinOp(left=left, op=ast.Add() as op, right=ast.Call(func=func, args=[inner])):
            for near in (*neighbours(inner), *counters(scope)):
                yield ast.BinOp(left, op, ast.Call(func, [near], []))


def places_held(scope: dict[str, Any]) -> Iterator[ast.expr]:
    """What rows of places hold at the indices in scope: `y[i]`, the label of the sample."""
    rows = islice((k for k, v in scope.items() if is_places(v) and np.ndim(v) == 1), MOST_ROWS)
    indices = [k for k, v in scope.items() if is_index(v)][:MOST_INDICES]
    yield from (parsed(f"{row}[{i}]") for row in rows for i in indices)


def is_places(value: Any) -> bool:
    """Whether a variable holds several whole numbers."""
    if isinstance(value, list):
        return bool(value) and all(map(is_index, value))
    return isinstance(value, np.ndarray) and value.dtype.kind in "iu" and value.ndim > 0


def lists_of_places(scope: dict[str, Any], beside: str) -> Iterator[ast.expr]:
    """What holds several places: the variables that do, of the length of one of them, and columns of others.

    >>> scope = {"a": [0, 1], "b": np.array([1, 0]), "c": np.zeros((2, 3), int), "t": 1, "x": np.ones(2)}
    >>> [ast.unparse(e) for e in lists_of_places(scope, "a")]
    ['b', 'c[:, t]']
    """
    own: tuple[int, ...] = np.shape(scope[beside]) if is_places(scope.get(beside)) else ()
    for name, value in scope.items():
        if name == beside or not is_places(value):
            continue
        if np.ndim(value) == 1 and np.shape(value) == (own or np.shape(value)):
            yield ast.Name(name, ast.Load())
        if np.ndim(value) == 2 and np.shape(value)[:1] == (own or np.shape(value)[:1]):
            for counter in counters(scope):
                yield ast.Subscript(
                    ast.Name(name, ast.Load()), ast.Tuple([ast.Slice(), counter], ast.Load()), ast.Load()
                )


def counters(scope: dict[str, Any], beside: str = "") -> Iterator[ast.expr]:
    """The variables in scope that may count places, beside one: those of the innermost loops come first."""
    names = [k for k, v in scope.items() if is_index(v) and k != beside]
    yield from map(parsed, names[: -MOST_INDICES - 1 : -1])


def other_slices(index: ast.Slice) -> Iterator[ast.Slice]:
    """A slice at the other end, or beside it, or the whole axis.

    >>> [ast.unparse(i) for i in other_slices(ast.Slice(ast.Name("a"), ast.Name("b")))]
    ['b:b + (b - a)', 'a - (b - a):a']
    >>> [ast.unparse(i) for i in other_slices(ast.parse("x[1:-1]").body[0].value.slice)]
    [':-2', '2:']
    >>> [ast.unparse(i) for i in other_slices(ast.parse("x[:-2 * pad]").body[0].value.slice)]
    ['pad:-pad', '-2 * pad:', ':']
    """
    if index.lower is None or index.upper is None:
        for half in halves(index.upper or index.lower):  # as much at each end
            yield ast.Slice(half, ast.UnaryOp(ast.USub(), half))
    match index:
        case ast.Slice(lower=ast.expr() as a, upper=None):
            yield from (ast.Slice(near) for near in beside(a))
            yield ast.Slice(None, ast.UnaryOp(ast.USub(), a))
            yield ast.Slice(None, a)
            yield ast.Slice()
        case ast.Slice(lower=None, upper=ast.expr() as a):
            yield from (ast.Slice(None, near) for near in beside(a))
            if not ast.unparse(a).startswith("-"):
                yield ast.Slice(number(1), ast.BinOp(a, ast.Add(), number(1)))
            yield ast.Slice(a.operand if isinstance(a, ast.UnaryOp) else a)
            yield ast.Slice()
        case ast.Slice(
            lower=ast.Constant(value=int() as n), upper=ast.UnaryOp(operand=ast.Constant(value=int() as m))
        ):
            for i, j in ((n - 1, m + 1), (n + 1, m - 1)):
                yield ast.Slice(number(i) if i > 0 else None, number(-j) if j > 0 else None)
        case ast.Slice(lower=ast.expr() as a, upper=ast.expr() as b):
            width = ast.BinOp(b, ast.Sub(), a)
            yield ast.Slice(b, ast.BinOp(b, ast.Add(), width))
            yield ast.Slice(ast.BinOp(a, ast.Sub(), width), a)


def halves(bound: ast.expr | None) -> Iterator[ast.expr]:
    """Half of a bound that is twice something, from either end.

    >>> from autograd.check.hand.source.trees import parsed
    >>> [ast.unparse(i) for bound in ("2 * p", "-2 * p", "-(p * 2)", "2") for i in halves(parsed(bound))]
    ['p', 'p', 'p', '1']
    """
    match bound:
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            yield from halves(inner)
        case ast.Constant(value=2):
            yield number(1)
        case ast.BinOp(left=a, op=ast.Mult(), right=b):
            yield from (other for one, other in ((a, b), (b, a)) if is_two(one))


def is_two(node: ast.expr) -> bool:
    """Whether an expression is 2 or -2."""
    return ast.unparse(node).removeprefix("-") == "2"


def beside(bound: ast.expr) -> Iterator[ast.expr]:
    """One more and one less, of a bound that counts from the beginning: of 1 only 2, as 0 is no bound.

    >>> from autograd.check.hand.source.trees import parsed
    >>> [ast.unparse(i) for bound in ("1", "t", "t - 1", "-1") for i in beside(parsed(bound))]
    ['2', 't - 1', 't + 1', 't', 't - 2']
    """
    match bound:
        case ast.Constant(value=int() as n):
            yield from (number(m) for m in (n - 1, n + 1) if m > 0)
        case ast.Name() | ast.BinOp():
            yield from neighbours(bound)


def other_axes(parts: list[ast.expr], scope: dict[str, Any]) -> Iterator[ast.expr]:
    """Indices of several axes: two exchanged, or another one along one axis."""
    if len(parts) == 2:
        yield ast.Tuple(parts[::-1], ast.Load())
    for i, j in combinations(range(len(parts)) if len(parts) > 2 else (), 2):
        if type(parts[i]) is type(parts[j]) and not is_whole_axis(parts[i]) and not is_whole_axis(parts[j]):
            exchanged = {i: parts[j], j: parts[i]}
            yield ast.Tuple([exchanged.get(k, part) for k, part in enumerate(parts)], ast.Load())
    for i, part in enumerate(parts):
        for other in along_axis(part, scope):
            yield ast.Tuple([*parts[:i], other, *parts[i + 1 :]], ast.Load())
    if len(parts) == 2 and is_whole_axis(parts[0]):
        yield parts[1]
        if is_places(value_in(parts[1], scope)):  # one of each row
            rows = parsed(f"np.arange(len({ast.unparse(parts[1])}))")
            yield ast.Tuple([rows, parts[1]], ast.Load())


def value_in(node: ast.expr, scope: Mapping[str, Any]) -> Any:
    """What a variable holds, or an attribute of one: `y`, `self.y`; else None.

    >>> from autograd.check.hand.source.trees import parsed
    >>> value_in(parsed("c.real"), {"c": 3.0}), value_in(parsed("c + 1"), {"c": 3.0})
    (3.0, None)
    """
    match node:
        case ast.Name(id=name):
            return scope.get(name)
        case ast.Attribute(value=holder, attr=name):
            return getattr(value_in(holder, scope), name, None)
    return None


def along_axis(index: ast.expr, scope: dict[str, Any]) -> Iterator[ast.expr]:
    """Other places along one axis."""
    if isinstance(index, ast.Slice):
        yield from () if is_whole_axis(index) else other_slices(index)
    else:
        others = other_indices(index, None, scope)
        yield from (other for other in others if not isinstance(other, ast.Tuple))


def is_whole_axis(index: ast.expr) -> bool:
    """Whether an index is `:`."""
    return isinstance(index, ast.Slice) and index.lower is index.upper is index.step is None
