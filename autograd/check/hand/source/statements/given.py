"""What else a statement may unpack, or give to what it calls: another cache, another word."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from ..expressions.places import neighbours, other_indices
from ..trees import replaced


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
