"""A statement as its siblings are: what is written elsewhere under its name, or under one that is like it.

A derivation does the same for `W1` and `W2`, for the mean and the deviation, in forward and in backward:
where one of several is another than its siblings are, it is the one that is likely to be wrong.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from itertools import islice, permutations
from typing import Any, NamedTuple

from ...match.names import is_called_gradient
from ..nearby import function_around, has_line, loops_in
from ..trees import all_replaced, placed, replaced

MOST = 16  # of one statement


class Mark(NamedTuple):
    """What tells the name of a sibling from a name: "1" and "2", of `dW1` and `dW2`."""

    theirs: str
    own: str


def like_siblings(statement: ast.stmt, tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    """The statement as each of its siblings in a file is, with its own names, and what is said of it.

    >>> tree = ast.parse('''
    ... def back(d1, d2, n):
    ...     dW1 = d1.T @ x1 / n
    ...     dW2 = d2.T @ x2
    ...     return [w / n for w in dW1s], dW2s
    ... ''')
    >>> [ast.unparse(new) for _, new in like_siblings(tree.body[0].body[1], tree)]
    ['dW2 = d2.T @ x2 / n']
    >>> [ast.unparse(new) for _, new in like_siblings(tree.body[0].body[2], tree)]
    ['return (dW1s, dW2s)', 'return ([w / n for w in dW1s], [w / n for w in dW2s])']
    """
    own = ast.unparse(statement)
    seen = {own}
    for lineno, made in islice(written_like(statement, tree), MOST):
        new: ast.stmt = placed(made, statement)  # type: ignore[assignment]  # it stays a statement
        if (text := ast.unparse(new)) not in seen:
            seen.add(text)
            alike = f", like line {lineno}" if lineno != statement.lineno else ", like what is beside it"
            yield f"it should be `{text}`{alike}", new


def written_like(statement: ast.stmt, tree: ast.Module) -> Iterator[tuple[int, ast.stmt]]:
    """The same, with the lines of the siblings; some may be the statement itself."""
    names = names_in(tree)
    match statement:
        case ast.Assign(targets=[target]) | ast.AugAssign(target=target):
            text = ast.unparse(target)
            function = function_around(tree, statement.lineno)
            for other, name in assignments_in(tree):
                if other is statement:
                    continue
                is_here = function_around(tree, other.lineno) is function
                is_alike = type(other) is type(statement) if is_here else not is_called_gradient(text)
                if name == text and is_alike:  # another function's gradients are others
                    for value in variants(other.value, own_round(tree, other), own_round(tree, statement)):
                        yield other.lineno, rewritten(other, target, value)
                mark = mark_between(name, text) or mark_between(array_in(name), array_in(text))
                if mark is not None and is_here:
                    made = renamed(other.value, mark, names)
                    whole = [made] if made is not other.value else []  # else it is the sibling's own
                    for value in (*whole, *with_the_name_of(made, statement.value)):
                        yield other.lineno, rewritten(other, target, value)
        case ast.Return():
            several = [n.elts for n in ast.walk(statement) if isinstance(n, ast.Tuple)]
            for element, sibling in (pair for elements in several for pair in permutations(elements, 2)):
                for mark in marks_between(sibling, element):
                    yield statement.lineno, replaced(statement, element, renamed(sibling, mark, names))


def with_the_name_of(value: ast.expr, own: ast.expr) -> Iterator[ast.expr]:
    """What a sibling makes of some variable, made of the only one that is read: `w * s`, of `h * s` and `w`.

    >>> made = with_the_name_of(ast.parse("h * s").body[0].value, ast.parse("w").body[0].value)
    >>> [ast.unparse(value) for value in made]
    ['w * s', 'h * w']
    """
    read = [n for n in ast.walk(value) if isinstance(n, ast.Name)]
    for name in dict.fromkeys(n.id for n in read) if isinstance(own, ast.Name) else ():
        yield all_replaced(value, {n: ast.Name(own.id, ast.Load()) for n in read if n.id == name})  # type: ignore[attr-defined]


def rewritten(other: ast.Assign | ast.AugAssign, target: Any, value: ast.expr) -> ast.stmt:
    """What a sibling does, done to another target."""
    if isinstance(other, ast.AugAssign):
        return ast.AugAssign(target, other.op, value)
    return ast.Assign([target], value)


@functools.lru_cache(maxsize=16)
def assignments_in(tree: ast.Module) -> list[tuple[ast.Assign | ast.AugAssign, str]]:
    """The statements of a file that put one value under one name, with these names."""
    found: list[tuple[ast.Assign | ast.AugAssign, str]] = []
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[target]) | ast.AugAssign(target=target) if not isinstance(
                target, ast.Tuple
            ):
                found.append((node, ast.unparse(target)))
    return found


@functools.lru_cache(maxsize=16)
def names_in(tree: ast.Module) -> frozenset[str]:
    """All names in a file: of variables, attributes and parameters, and the words that may be keys."""
    held = (getattr(n, field, None) for n in ast.walk(tree) for field in ("id", "attr", "arg", "value"))
    return frozenset(name for name in held if isinstance(name, str))


def mark_between(theirs: str, own: str) -> Mark | None:
    """What tells two names apart that are alike; None if nothing is the same, or one is the other's begin.

    >>> mark_between("dW_in", "dW_out"), mark_between("grads['W1']", "grads['W2']"), mark_between("dW", "h")
    (Mark(theirs='in', own='out'), Mark(theirs='1', own='2'), None)
    """
    start = alike_at_the_start(theirs, own)
    a, b = theirs[start:], own[start:]
    end = alike_at_the_start(a[::-1], b[::-1])
    mark = Mark(a[: len(a) - end], b[: len(b) - end])
    is_marked = (start or end) and all(part.replace("_", "a").isalnum() for part in mark)
    return mark if is_marked else None


def array_in(text: str) -> str:
    """The array of which a place is written to: `g` of `g[i]`.

    >>> array_in("g[i, :]"), array_in("self.dW")
    ('g', 'self.dW')
    """
    return text.partition("[")[0]


def alike_at_the_start(a: str, b: str) -> int:
    """How many letters two texts have in common before the first that differs."""
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def marks_between(theirs: ast.expr, own: ast.expr) -> Iterator[Mark]:
    """What tells the names in two expressions apart, of names that only one of them has."""
    one, other = ({n.id for n in ast.walk(e) if isinstance(n, ast.Name)} for e in (theirs, own))
    for a in sorted(one - other):
        yield from filter(None, (mark_between(a, b) for b in sorted(other - one)))


def renamed(value: ast.expr, mark: Mark, names: frozenset[str]) -> ast.expr:
    """An expression of a sibling with its mark replaced in all names of which there is such a one."""
    changes: dict[ast.AST, ast.AST] = {}
    for node in ast.walk(value):
        match node:
            case ast.Name(id=name) if (new := name_like(name, mark, names)) is not None:
                changes[node] = ast.Name(new, node.ctx)
            case ast.Attribute(value=owner, attr=name) if (new := name_like(name, mark, names)) is not None:
                changes[node] = ast.Attribute(owner, new, node.ctx)
            case ast.Constant(value=str() as name) if (new := name_like(name, mark, names)) is not None:
                changes[node] = ast.Constant(new)
    return all_replaced(value, changes)  # type: ignore[no-any-return]


def name_like(name: str, mark: Mark, names: frozenset[str]) -> str | None:
    """The name that a sibling's has with another mark, if there is such a name: its last mark, or all."""
    head, found, tail = name.rpartition(mark.theirs)
    made = (head + mark.own + tail, name.replace(mark.theirs, mark.own)) if found else ()
    return next((new for new in made if new in names), None)


def own_round(tree: ast.Module, statement: ast.stmt) -> str | None:
    """The variable of the innermost loop that a statement is in."""
    loops = (n for n in loops_in(tree) if isinstance(n, ast.For) and has_line(n, statement.lineno))
    inner = max(loops, key=lambda n: n.lineno, default=None)
    return inner.target.id if inner is not None and isinstance(inner.target, ast.Name) else None


def variants(value: ast.expr, theirs: str | None, own: str | None) -> Iterator[ast.expr]:
    """A value as it stands; at the place of one's own round; with its variable; and of columns for rows.

    >>> [ast.unparse(v) for v in variants(ast.parse("R[i, :] > 0").body[0].value, "i", "j")]
    ['R[i, :] > 0', 'R[j, :] > 0', 'R[:, j] > 0']
    >>> [ast.unparse(v) for v in variants(ast.parse("caches[n - 1]").body[0].value, None, "l")]
    ['caches[n - 1]', 'caches[l]']
    """
    yield value
    if isinstance(value, ast.Subscript) and own is not None and theirs is None:
        yield ast.Subscript(value.value, ast.Name(own, ast.Load()), ast.Load())
    if theirs is None or own is None or theirs == own:
        return
    rounds = [n for n in ast.walk(value) if isinstance(n, ast.Name) and n.id == theirs]
    new: ast.expr = all_replaced(value, {n: ast.Name(own, ast.Load()) for n in rounds})
    yield new
    pairs = [n for n in ast.walk(new) if isinstance(n, ast.Tuple) and len(n.elts) == 2]
    yield all_replaced(new, {n: ast.Tuple(n.elts[::-1], n.ctx) for n in pairs})


def kind_between(old: ast.stmt, new: ast.stmt) -> str:
    """The kind of mistake that a statement makes which should be another one.

    >>> lines = "d = a", "d = a + b", "d = a * b", "d += a", "d = -a", "d = a.T"
    >>> first, *others = (ast.parse(line).body[0] for line in lines)
    >>> [kind_between(first, other) for other in others]
    ['missing-term', 'missing-factor', 'overwritten', 'sign', 'transpose']
    >>> [kind_between(other, first) for other in others]
    ['extra-term', 'extra-factor', 'extra-term', 'sign', 'transpose']
    >>> lines = "w -= r * (g / n)", "w -= r * (g / n + w)", "w -= r * (g / n - w)", "w -= r * (v / n)"
    >>> first, more, less, other = (ast.parse(line).body[0] for line in lines)
    >>> [kind_between(a, b) for a, b in ((first, more), (less, first), (more, less), (first, other))]
    ['missing-term', 'extra-term', 'sign', 'wrong-variable']
    """
    if type(old) is not type(new):
        return "overwritten" if isinstance(new, ast.AugAssign) else "extra-term"
    if isinstance(old, ast.AugAssign) and isinstance(new, ast.AugAssign) and type(old.op) is not type(new.op):
        return "sign"
    a, b = where_they_differ(getattr(old, "value", None), getattr(new, "value", None))
    if isinstance(a, ast.Add | ast.Sub) and isinstance(b, ast.Add | ast.Sub):
        return "sign"
    if isinstance(a, ast.Call) and ast.unparse(a.func) in ("np.zeros", "np.zeros_like"):
        return "missing-term"  # a sum that should not begin with 0
    for shorter, longer, word in ((a, b, "missing"), (b, a, "extra")):
        match longer:
            case ast.BinOp(left=left, op=op, right=right) if is_one_of(shorter, left, right):
                if isinstance(op, ast.Add | ast.Sub):
                    return f"{word}-term"
                is_by_number = isinstance(op, ast.Div) and isinstance(right, ast.Name | ast.Constant)
                return "factor" if is_by_number else f"{word}-factor"
            case ast.UnaryOp(op=ast.USub(), operand=inner) if is_one_of(shorter, inner):
                return "sign"
            case ast.Attribute(value=inner, attr="T") if is_one_of(shorter, inner):
                return "transpose"
    return "wrong-variable"


def where_they_differ(a: Any, b: Any) -> tuple[Any, Any]:
    """The smallest parts of two trees outside of which they are the same.

    >>> texts = "f(x) * [y for y in z]", "f(x) * [2 * y for y in z]"
    >>> a, b = (ast.parse(text, mode="eval").body for text in texts)
    >>> [ast.unparse(part) for part in where_they_differ(a, b)]
    ['y', '2 * y']
    """
    if type(a) is not type(b) or not isinstance(a, ast.AST):
        return a, b
    pairs = [(getattr(a, name, None), getattr(b, name, None)) for name in a._fields]
    apart = [(x, y) for x, y in pairs if dumped(x) != dumped(y)]
    is_one = len(apart) == 1 and all(isinstance(part, ast.AST) for part in apart[0])
    return where_they_differ(*apart[0]) if is_one else (a, b)


def dumped(part: Any) -> Any:
    """What is the same for parts of trees that are alike."""
    if isinstance(part, list):
        return [dumped(p) for p in part]
    return ast.dump(part) if isinstance(part, ast.AST) else part


def is_one_of(part: Any, *parts: ast.expr) -> bool:
    """Whether an expression looks like one of several."""
    return isinstance(part, ast.AST) and ast.dump(part) in map(ast.dump, parts)
