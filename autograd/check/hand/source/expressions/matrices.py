"""What the derivative of a matrix, a norm or a mean has besides: a transpose, a projection, a conjugate."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np

from ..quantities import is_inner, is_numeric
from ..trees import Changes, flipped, number, parsed

MOST_BESIDE = 12  # arrays along which something is projected


def of_matrix(node: ast.expr, text: str, value: Any) -> Changes:
    """The sum with the transpose, where a matrix stands on both sides of a product: `P + P.T`, or half of it.

    >>> [ast.unparse(new) for *_, new in of_matrix(parsed("P"), "P", np.ones((2, 2)))]
    ['P + P.T', '0.5 * (P + P.T)']
    """
    if np.ndim(value) == 2 and len(value) == len(value[0]) > 1:
        both = ast.BinOp(node, ast.Add(), flipped(node))
        yield "with its transpose", f"the transpose of `{text}` is missing beside it", both
        said = f"`{text}` should be symmetric: half the sum with its transpose"
        yield "with its transpose", said, ast.BinOp(number(0.5), ast.Mult(), both)


def between(node: ast.expr, text: str) -> Changes:
    """A product of three with the outer ones transposed, which are each other's transposes.

    >>> [ast.unparse(new) for *_, new in between(parsed("A @ P @ A.T"), "")]
    ['A.T @ P @ A']
    >>> [ast.unparse(new) for *_, new in between(parsed("A.T.dot(P).dot(A)"), "")]
    ['A.dot(P).dot(A.T)']
    """
    match node:
        case ast.BinOp(left=ast.BinOp(left=a, op=ast.MatMult(), right=b), op=ast.MatMult(), right=c):
            new: ast.expr = ast.BinOp(
                ast.BinOp(flipped(a), ast.MatMult(), b), ast.MatMult(), flipped(c)
            )  # fmt: skip
        case ast.Call(
            func=ast.Attribute(value=ast.Call(func=ast.Attribute(value=a, attr="dot"), args=[b]), attr="dot"),
            args=[c],
        ):
            inner = ast.Call(ast.Attribute(flipped(a), "dot", ast.Load()), [b], [])
            new = ast.Call(ast.Attribute(inner, "dot", ast.Load()), [flipped(c)], [])
        case _:
            return
    if ast.dump(flipped(a)) == ast.dump(c) or ast.dump(flipped(c)) == ast.dump(a):
        yield "transpose", f"the outer factors of `{text}` should be transposed", new


def conjugates(node: ast.expr, text: str, value: Any) -> Changes:
    """The conjugate of what is complex, and what stands there without it.

    >>> z = np.ones(2, complex)
    >>> [ast.unparse(new) for *_, new in conjugates(parsed("z"), "z", z)]
    ['z.conj()']
    >>> [ast.unparse(new) for *_, new in conjugates(parsed("z.conj()"), "z.conj()", z)]
    ['z']
    """
    if np.asarray(value).dtype.kind != "c":
        return
    match node:
        case (
            ast.Call(func=ast.Attribute(value=inner, attr="conj" | "conjugate"), args=[])
            | ast.Call(func=ast.Attribute(attr="conj" | "conjugate"), args=[inner])
        ):
            yield "conjugate", f"`{ast.unparse(inner)}` should not be conjugated", inner
        case _:
            call = ast.Call(ast.Attribute(node, "conj", ast.Load()), [], [])
            yield "conjugate", f"`{text}` should be conjugated", call


def projections(node: ast.expr, text: str, value: Any, scope: dict[str, Any]) -> Changes:
    """An array less its mean, or less what it has along another: as of a norm, of softmax, of a mean.

    >>> made = projections(parsed("g"), "g", np.ones(2), {"g": np.ones(2), "n": np.ones(2)})
    >>> [ast.unparse(new) for *_, new in made]
    ['g - np.mean(g)', 'g - np.sum(g * n)', 'g - n * np.sum(g * n)', 'g - n * np.mean(g * n)']
    """
    if not np.ndim(value) or not isinstance(node, ast.Name | ast.BinOp | ast.Subscript):
        return
    names = [k for k in arrays_like(value, scope) if k != text]
    own = f"({text})" if isinstance(node, ast.BinOp) else text
    for along in ("",) if np.ndim(value) == 1 else (", axis=-1, keepdims=True", ", axis=0, keepdims=True"):
        yield lacking(node, text, f"np.mean({own}{along})")
        for name in names:
            yield lacking(node, text, f"np.sum({own} * {name}{along})")
            yield lacking(node, text, f"{name} * np.sum({own} * {name}{along})")
            yield lacking(node, text, f"{name} * np.mean({own} * {name}{along})")


def slopes_of_softmax(node: ast.expr, text: str) -> Changes:
    """What comes back through softmax, in the place of a sigmoid's: each element depends on all of its row.

    >>> made = slopes_of_softmax(parsed("d * s * (1 - s)"), "")
    >>> [ast.unparse(new) for *_, new in made]
    ['s * (d - np.sum(d * s, axis=-1, keepdims=True))', 's * (d - np.sum(d * s, axis=0, keepdims=True))']
    >>> list(slopes_of_softmax(parsed("s * (1 - s)"), ""))
    []
    """
    factors = list(map(ast.unparse, factors_of(node)))
    shown = next((f for f in factors if f"1 - {f}" in factors), None)
    if shown is None or len(factors) < 3:
        return
    factors.remove(shown)
    factors.remove(f"1 - {shown}")
    rest = " * ".join(f"({f})" if " " in f else f for f in factors)
    for axis in (-1, 0):
        new = f"{shown} * ({rest} - np.sum({rest} * {shown}, axis={axis}, keepdims=True))"
        yield "jacobian", f"`{text}` is the slope of a sigmoid: of softmax it is `{new}`", parsed(new)


def factors_of(node: ast.expr) -> list[ast.expr]:
    """The factors of a product."""
    match node:
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return [*factors_of(left), *factors_of(right)]
    return [node]


def lacking(node: ast.expr, text: str, term: str) -> tuple[str, str, ast.expr]:
    """The change that takes a term away."""
    said = f"the term -{term} is missing beside `{text}`"
    return "projection", said, ast.BinOp(node, ast.Sub(), parsed(term))


def arrays_like(value: Any, scope: dict[str, Any]) -> Iterator[str]:
    """The arrays in scope of the shape of another one."""
    held = ((k, v) for k, v in scope.items() if is_numeric(v) and not is_inner(k))
    return islice((k for k, v in held if np.shape(v) == np.shape(value)), MOST_BESIDE)
