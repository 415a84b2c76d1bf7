"""Expressions that stand elsewhere in the same function: one of them is often what should stand here."""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Iterator
from itertools import islice, product
from typing import Any, TypeGuard

import numpy as np

from .quantities import is_numeric

MOST = 60
LONGEST = 50  # letters of an expression
HARMLESS = frozenset(("sum", "mean", "dot", "copy", "cumsum", "reshape", "transpose", "ravel"))


@functools.lru_cache(maxsize=1024)
def function_around(tree: ast.AST, line: int) -> ast.AST:
    """The innermost function that has a line; of a script, the statement at its top."""
    around = [n for n in functions_in(tree) if has_line(n, line)]
    if around:
        return max(around, key=lambda n: n.lineno)
    return next((s for s in getattr(tree, "body", ()) if has_line(s, line)), tree)


@functools.lru_cache(maxsize=64)
def functions_in(tree: ast.AST) -> tuple[ast.FunctionDef, ...]:
    """The functions in a tree."""
    return tuple(n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef))


@functools.lru_cache(maxsize=64)
def loops_in(tree: ast.AST) -> tuple[ast.For | ast.While, ...]:
    """The loops in a tree."""
    return tuple(n for n in ast.walk(tree) if isinstance(n, ast.For | ast.While))


def has_line(node: ast.AST, line: int) -> bool:
    """Whether a line is in what a node spans."""
    return hasattr(node, "lineno") and node.lineno <= line <= (node.end_lineno or 0)  # type: ignore[attr-defined]


def nearby(function: ast.AST, evaluate: Callable[[ast.expr], Any]) -> list[tuple[ast.expr, Any]]:
    """The expressions in a function that hold arrays at a line of it, each once, with what they hold.

    >>> tree = ast.parse("dz = dy * (1 - h[t]**2) + s.pop()")
    >>> scope = {"dy": np.ones(2), "h": [np.zeros(2)], "t": 0, "s": [np.ones(2)]}
    >>> [ast.unparse(e) for e, _ in nearby(tree, lambda e: eval(ast.unparse(e), scope))]
    ['dy', 'h[t]', 'h[t] ** 2', '1 - h[t] ** 2', 'dy * (1 - h[t] ** 2)']
    """
    held = ((e, evaluate(e)) for e in harmless_in(function))
    numbers = ((e, v) for e, v in held if is_numeric(v) and (np.ndim(v) or isinstance(v, float)))
    return list(islice(numbers, MOST))


@functools.lru_cache(maxsize=256)
def harmless_in(function: ast.AST) -> list[ast.expr]:
    """The expressions in a function that can be evaluated once more, each once: windows first."""
    kinds = ast.Name | ast.Attribute | ast.Subscript | ast.BinOp | ast.Call
    found: dict[str, ast.expr] = {}
    for node in ast.walk(function):
        if isinstance(node, kinds) and not is_written(node) and is_harmless(node):
            text = ast.unparse(node)
            if len(text) <= LONGEST:
                found.setdefault(text, node)
    for other in exchanged_indices(function):
        found.setdefault(ast.unparse(other), other)
    windows = {ast.unparse(other): other for other in exchanged_windows(function)}
    return list((windows | {text: found[text] for text in sorted(found, key=len)}).values())


def exchanged_indices(function: ast.AST) -> Iterator[ast.expr]:
    """What is held at the places at which others are: `zs[-l]`, where there are `grads[-l]` and `zs[0]`.

    >>> [ast.unparse(e) for e in exchanged_indices(ast.parse("grads[-l] = zs[0] + w[i, 0]"))]
    ['grads[-l]', 'zs[-l]', 'w[-l]', 'grads[i, 0]', 'zs[i, 0]', 'w[i, 0]']
    """
    parts = [n for n in ast.walk(function) if isinstance(n, ast.Subscript) and not has_slices(n.slice)]
    holders = {ast.unparse(n.value): n.value for n in parts if isinstance(n.value, ast.Name | ast.Attribute)}
    indices = {ast.unparse(n.slice): n.slice for n in parts if not isinstance(n.slice, ast.Constant)}
    for index, holder in product(indices.values(), holders.values()):
        yield ast.Subscript(holder, index, ast.Load())


def exchanged_windows(function: ast.AST) -> Iterator[ast.expr]:
    """What is held in the windows that are read or written of other arrays, of as many axes.

    >>> [ast.unparse(e) for e in exchanged_windows(ast.parse("dx[n, i*s:i*s+k] += x[n, i:i+k]"))]
    ['dx[n, i:i + k]', 'x[n, i * s:i * s + k]']
    """
    parts = [n for n in ast.walk(function) if isinstance(n, ast.Subscript) and isinstance(n.slice, ast.Tuple)]
    windows = [n for n in parts if has_slices(n.slice) and isinstance(n.value, ast.Name)]
    for one, other in product(windows, windows):
        if ast.dump(one.slice) != ast.dump(other.slice) and len(elements(one)) == len(elements(other)):
            yield ast.Subscript(one.value, other.slice, ast.Load())


def elements(subscript: ast.Subscript) -> list[ast.expr]:
    """The parts of an index of several axes."""
    return subscript.slice.elts if isinstance(subscript.slice, ast.Tuple) else [subscript.slice]


def has_slices(index: ast.expr) -> bool:
    """Whether an index is of several elements."""
    return any(isinstance(n, ast.Slice) for n in ast.walk(index))


def carried_into(tree: ast.AST, span: tuple[int, int, int, int]) -> set[str]:
    """The variables that a line in a loop reads as the round before left them.

    >>> tree = ast.parse("for t in r:\\n    dh = dy[t] + dnext\\n    dnext = W.T @ dh")
    >>> carried_into(tree, (2, 4, 2, 22))
    {'dnext'}
    """
    loops = [n for n in loops_in(tree) if has_line(n, span[0])]
    if not loops:
        return set()
    parts = list(ast.walk(max(loops, key=lambda n: n.lineno)))
    lines = [n for n in parts if isinstance(n, ast.stmt) and not hasattr(n, "body")]
    read = {n.id for s in lines if s.lineno == span[0] for n in ast.walk(s) if is_read(n)}
    before = {name for s in lines if s.lineno < span[0] for name in names_set(s)}
    after = {name for s in lines if s.lineno > span[0] for name in names_set(s)}
    return read & after - before


def names_set_after(tree: ast.AST, line: int) -> set[str]:
    """The variables that are set before a line in loops runs again: after it in the innermost, or in others.

    >>> sorted(names_set_after(ast.parse("for t in r:\\n    d = dy[t]\\n    dn, x = f(d)"), 2))
    ['d', 'dn', 'x']
    >>> sorted(names_set_after(ast.parse("for t in r:\\n    a = f(t)\\n    for j in a:\\n        b = c"), 4))
    ['a', 'b']
    """
    loops = [n for n in loops_in(tree) if has_line(n, line)]
    inner = max((n.lineno for n in loops), default=0)
    found: set[str] = set()
    for loop in loops:
        lines = (n for n in ast.walk(loop) if isinstance(n, ast.stmt) and not hasattr(n, "body"))
        found.update(*(names_set(s) for s in lines if loop.lineno < inner or s.lineno >= line))
    return found


def is_read(node: ast.AST) -> TypeGuard[ast.Name]:
    """Whether a node is a variable that is read."""
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)


def names_set(statement: ast.AST) -> set[str]:
    """The variables that a statement puts something under."""
    return {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and is_written(n)}


def made_of(function: ast.AST, is_source: Callable[[str], bool]) -> set[str]:
    """The variables of a function that are computed from some, directly or by others.

    >>> sorted(made_of(ast.parse("a = np.pad(dy, 1); b = a[1:]; c = x + 1"), lambda name: name == "dy"))
    ['a', 'b']
    """
    found: set[str] = set()
    steps = steps_in(function)
    for _ in steps:
        new = {t for read, made in steps if any(r in found or is_source(r) for r in read) for t in made}
        if new <= found:
            break
        found |= new
    return found


@functools.lru_cache(maxsize=64)
def steps_in(function: ast.AST) -> list[tuple[set[str], set[str]]]:
    """The variables that each assignment and loop of a function reads, and those that it sets."""
    return list(filter(None, map(step_in, ast.walk(function))))


def step_in(node: ast.AST) -> tuple[set[str], set[str]] | None:
    """The variables that an assignment or a loop reads, and those that it sets."""
    match node:
        case ast.Assign(targets=targets, value=value):
            return names_in(value), names_in(*targets)
        case ast.AugAssign(target=target, value=value) | ast.NamedExpr(target=target, value=value):
            return names_in(value), names_in(target)
        case ast.For(target=target, iter=value) | ast.comprehension(target=target, iter=value):
            return names_in(value), names_in(target)
    return None


def names_in(*trees: ast.AST) -> set[str]:
    """The variables in some trees."""
    return {n.id for tree in trees for n in ast.walk(tree) if isinstance(n, ast.Name)}


def is_written(node: ast.AST) -> bool:
    """Whether something is put under a variable, or it is deleted."""
    return isinstance(getattr(node, "ctx", None), ast.Store | ast.Del)


@functools.lru_cache(maxsize=1024)
def is_harmless(node: ast.AST) -> bool:
    """Whether nothing can happen when an expression is evaluated once more."""
    for part in ast.walk(node):
        if isinstance(part, ast.Call):
            name = part.func.attr if isinstance(part.func, ast.Attribute) else ""
            root = part.func.value if isinstance(part.func, ast.Attribute) else None
            is_numpys = isinstance(root, ast.Name) and root.id in ("np", "numpy")
            if not is_numpys and name not in HARMLESS:
                return False
        if isinstance(
            part, ast.Lambda | ast.Await | ast.Yield | ast.NamedExpr | ast.GeneratorExp | ast.ListComp
        ):
            return False
    return True
