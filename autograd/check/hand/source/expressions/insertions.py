"""What an expression in a line may lack: a minus, a factor, a term, a transpose, a reduction."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from itertools import combinations, islice, product
from typing import Any

import numpy as np

from ..quantities import (
    bracketed,
    gated_terms,
    indexed,
    is_index,
    is_inner,
    is_numeric,
    is_of_truths,
    quantities,
    roots,
    scalars,
)
from ..trees import Beside, Changes, flipped, number, parsed, reversed_array, swapped
from .matrices import conjugates, of_matrix, projections

# The value of an expression in the scope of its line; None if it has none
Evaluate = Callable[[ast.expr], Any]


def by_value(
    node: ast.expr,
    text: str,
    scope: dict[str, Any],
    evaluate: Evaluate,
    beside: Beside,
    kinds: tuple[str, ...],
) -> Changes:
    """Changes that depend on what an expression holds, a number or an array with so many axes: of some kinds.

    What is not asked for is not made: there are many.
    """
    value: Any = None if INSERTED.isdisjoint(kinds) else evaluate(node)
    if not is_numeric(value):
        return
    ndim = np.ndim(value)
    is_name, is_broken = isinstance(node, ast.Name), np.asarray(value).dtype.kind == "f"
    is_place = bool(ndim) and isinstance(node, ast.Name | ast.Attribute | ast.Subscript | ast.Call)
    made: tuple[tuple[Iterable[str], bool, Changes], ...] = (
        (("missing sign",), True, negated(node, text)),
        (("wrong-variable", "complement"), True, other_variables(node, text, value, scope)),
        (("complement",), bool(ndim) and isinstance(node, ast.BinOp), complements(node, text)),
        (BESIDE, is_place, others_beside(text, value, beside)),
        (("extra-factor",), ndim == 0 and is_name and is_broken, ones(node, text)),
        (
            ("missing constant",),
            not is_size(node),
            missing_constants(node, text, value, scope),
        ),
        (("turned",), ndim == 1, turned(node, text)),
        (("turned",), ndim > 2 and is_place, flipped_windows(node, text)),
        (("transpose",), ndim > 0, transposes(node, text)),
        (("reduction",), ndim > 0, reductions(node, text, ndim)),
        (("missing-factor",), ndim > 0, missing_factors(node, text, ndim, scope)),
        (("missing-term",), ndim > 0, missing_terms(node, text, ndim, scope)),
        (("with its transpose",), ndim == 2, of_matrix(node, text, value)),
        (("conjugate",), True, conjugates(node, text, value)),
        (("projection",), ndim > 0, projections(node, text, value, scope)),
    )
    for own, is_possible, changes in made:
        if is_possible and any(kind in kinds for kind in own):
            yield from changes


MOST_NUMBERS = 3  # in scope that arrays are multiplied by
BESIDE = frozenset(("nearby", "forgotten factor", "forgotten term"))
INSERTED = BESIDE | {
    "missing sign", "wrong-variable", "complement", "missing constant", "turned", "transpose", "reduction",
    "missing-factor", "missing-term", "extra-factor", "with its transpose", "conjugate", "projection",
}  # fmt: skip


def is_size(node: ast.expr) -> bool:
    """Whether an expression is a number as it is written, or the size of something."""
    match node:
        case ast.Constant() | ast.Attribute(attr="size") | ast.Call(func=ast.Name(id="len")):
            return True
        case ast.Subscript(value=ast.Attribute(attr="shape")):
            return True
    return False


def negated(node: ast.expr, text: str) -> Changes:
    """A minus before it."""
    yield "missing sign", f"a minus is missing before `{text}`", ast.UnaryOp(ast.USub(), node)


def complements(node: ast.expr, text: str) -> Changes:
    """What is left of 1."""
    yield "complement", f"`{text}` should be `1 - {text}`", ast.BinOp(number(1), ast.Sub(), node)


def ones(node: ast.expr, text: str) -> Changes:
    """1 for a number: where it is all that is added, it cannot be left out."""
    yield "extra-factor", f"`{text}` should be 1", number(1)


def turned(node: ast.expr, text: str) -> Changes:
    """A row the other way round."""
    yield "turned", f"`{text}` is the wrong way round", reversed_array(node)


def flipped_windows(node: ast.expr, text: str) -> Changes:
    """An array with its last axis the other way round, or its last two: a kernel as its adjoint needs it."""
    for axes in ("-1", "(-2, -1)"):
        call = ast.Call(parsed("np.flip"), [node], [ast.keyword("axis", parsed(axes))])
        yield "turned", f"`{text}` should be flipped along {axes}", call


def transposes(node: ast.expr, text: str) -> Changes:
    """All axes the other way round, or the last two."""
    yield "transpose", f"`{text}` should be transposed", ast.Attribute(node, "T", ast.Load())
    yield "transpose", f"`{text}` should be transposed", swapped(node)


HOLDERS = (list, tuple, dict)


def other_variables(node: ast.expr, text: str, value: Any, scope: dict[str, Any]) -> Changes:
    """Another variable for a variable, and another entry for an entry, that hold as many axes or elements."""
    if isinstance(node, ast.Name):
        for name, other in scope.items():
            is_other = name != node.id and not is_inner(name) and is_numeric(other)
            if is_other and np.ndim(other) == np.ndim(value):
                yield "wrong-variable", f"`{text}` is the wrong variable", ast.Name(name, ast.Load())
    if is_index(value) and isinstance(node, ast.Name | ast.Call):
        for name in (k for k, v in scope.items() if is_of_truths(v)):
            yield "wrong-variable", f"`{text}` should be the sum of `{name}`", parsed(f"{name}.sum()")
    if isinstance(node, ast.Name | ast.Call) and np.asarray(value).dtype.kind == "f":
        said = f"`{text}` should be `1 - {text}`"
        yield "complement", said, ast.BinOp(number(1), ast.Sub(), node)
    match node:
        case ast.Subscript(value=ast.Name(id=own) as holder, slice=index) if type(scope.get(own)) in HOLDERS:
            for name, other in scope.items():
                if name != own and type(other) is type(scope[own]):
                    said = f"`{holder.id}` in `{text}` is the wrong variable"
                    yield "wrong-variable", said, ast.Subscript(ast.Name(name, ast.Load()), index, ast.Load())
    if isinstance(node, ast.Attribute | ast.Subscript):
        for name, other in (*indexed(scope), *scope.items()):
            is_other = name != text and not is_inner(name) and is_numeric(other)
            if is_other and np.shape(other) == np.shape(value):
                yield "wrong-variable", f"`{text}` is the wrong variable", parsed(name)


def others_beside(text: str, value: Any, beside: Beside) -> Changes:
    """The expressions beside it that hold arrays of the same shape."""
    for other, held in beside:
        is_name = isinstance(other, ast.Name)
        if np.shape(held) == np.shape(value) and not is_name and ast.unparse(other) != text:
            yield what_it_lacks(text, other), f"`{text}` should be `{ast.unparse(other)}`", other


def what_it_lacks(text: str, other: ast.expr) -> str:
    """The kind of mistake where an expression should be another: it may be only a factor or a term of it.

    >>> [what_it_lacks("p", parsed(other)) for other in ("p * (1 - p)", "p / q", "q + p", "p - q", "1 - p")]
    ['forgotten factor', 'forgotten factor', 'forgotten term', 'forgotten term', 'nearby']
    """
    match other:
        case ast.BinOp(left=left, op=ast.Mult() | ast.Add() as op, right=right):
            parts = [ast.unparse(left), ast.unparse(right)]
        case ast.BinOp(left=left, op=ast.Div() | ast.Sub() as op):
            parts = [ast.unparse(left)]
        case _:
            return "nearby"
    if text not in parts:
        return "nearby"
    return "forgotten factor" if isinstance(op, ast.Mult | ast.Div) else "forgotten term"


def to_whole(node: ast.expr, value: Any, scope: dict[str, Any], beside: Beside) -> Changes:
    """What a whole line may lack, a term or a factor, and what else that is at hand it may have to be."""
    text = ast.unparse(node)
    held_by_names = ((k, v) for k, v in scope.items() if is_numeric(v) and not is_inner(k))
    arrays = [(ast.Name(k, ast.Load()), v) for k, v in held_by_names if np.ndim(v) or isinstance(v, float)]
    for other, held in (*arrays, *((e, v) for e, v in beside if not isinstance(e, ast.Name))):
        name = ast.unparse(other)
        if name == text or not fits(held, value):
            continue
        if np.shape(held) == np.shape(value):
            yield "nearby", f"it should be `{name}`", other
        yield "forgotten term", f"the term {name} is missing", ast.BinOp(node, ast.Add(), other)
        yield "forgotten term", f"the term -{bracketed(name)} is missing", ast.BinOp(node, ast.Sub(), other)
        kind = "missing constant" if type(held) is float else "forgotten factor"
        yield kind, f"a factor {bracketed(name)} is missing", ast.BinOp(node, ast.Mult(), other)
        yield kind, f"a factor 1/{bracketed(name)} is missing", ast.BinOp(node, ast.Div(), other)
    for name in slopes_at(beside, value):
        yield "forgotten factor", f"a factor {name} is missing", ast.BinOp(node, ast.Mult(), parsed(name))
    for new in products_of(node, value, scope):
        yield "forgotten factor", f"it should be `{ast.unparse(new)}`", new
    for name in (*multiples_in(scope, value, beside), *numbers_in_pairs(scope, value, beside)):
        for op, sign in ((ast.Add(), ""), (ast.Sub(), "-")):
            yield "missing-term", f"the term {sign}{name} is missing", ast.BinOp(node, op, parsed(name))
    for term in gated_terms(value, scope) if np.ndim(value) else ():
        yield "forgotten term", f"the term {term} is missing", ast.BinOp(node, ast.Add(), parsed(term))
    for name in along_rows(scope, value):
        yield "forgotten factor", f"a factor {name} is missing", ast.BinOp(node, ast.Mult(), parsed(name))
        said = f"a factor 1/({name}) is missing"
        yield "forgotten factor", said, ast.BinOp(node, ast.Div(), parsed(name))
    for name, quantity in quantities(scope):
        is_plain = " " not in name and "*" not in name and np.ndim(quantity) and fits(quantity, value)
        if (np.shape(quantity) == np.shape(value) or is_plain) and not is_inner(name):
            said = f"a factor {bracketed(name)} is missing"
            yield "forgotten factor", said, ast.BinOp(node, ast.Mult(), parsed(name))


def slopes_at(beside: Beside, value: Any) -> Iterator[str]:
    """What slopes are often made of, at places where the function reads arrays: `(1 - h[t + 1] ** 2)`."""
    for other, held in beside:
        if isinstance(other, ast.Subscript) and np.shape(held) == np.shape(value):
            text = ast.unparse(other)
            yield from (f"(1 - {text} ** 2)", f"({text} * (1 - {text}))", f"({text} > 0)")


def products_of(node: ast.expr, value: Any, scope: dict[str, Any]) -> Iterator[ast.expr]:
    """A matrix that is only called by its name times another in scope, or its transpose."""
    if np.ndim(value) != 2 or not isinstance(node, ast.Name):
        return
    for name, other in scope.items():
        if is_numeric(other) and np.ndim(other) == 2 and name != node.id:
            yield ast.BinOp(node, ast.MatMult(), parsed(name))
            yield ast.BinOp(node, ast.MatMult(), flipped(parsed(name)))


def numbers_in_pairs(scope: dict[str, Any], value: Any, beside: Beside) -> Iterator[str]:
    """The products of two numbers that the function reads, for a line that makes a number: `V[j, f] * x`."""
    if np.ndim(value):
        return
    places = [ast.unparse(e) for e, v in beside if isinstance(e, ast.Subscript) and np.ndim(v) == 0]
    names = [k for k, v in scope.items() if isinstance(v, float) and not is_inner(k)]
    yield from (f"{a} * {b}" for a, b in combinations(dict.fromkeys((*names, *places)), 2))


def multiples_in(scope: dict[str, Any], value: Any, beside: Beside) -> Iterator[str]:
    """A number in scope times an array of the shape of another, as of a penalty: `lam * W`."""
    numbers = islice((k for k, v in scope.items() if isinstance(v, float) and v not in (0, 1)), MOST_NUMBERS)
    places = ((ast.unparse(e), v) for e, v in beside if isinstance(e, ast.Subscript))
    arrays = [(k, v) for k, v in (*scope.items(), *places) if isinstance(v, np.ndarray) and not is_inner(k)]
    alike = [k for k, v in arrays if v.ndim and v.shape == np.shape(value)]
    for scale, name in product(list(numbers), alike):
        yield f"{scale} * {name}"
        yield f"(1 - {scale}) * {name}"


def along_rows(scope: dict[str, Any], value: Any) -> Iterator[str]:
    """What has a number for each row of an array, with as many axes as that: `w[:, None]`."""
    for name, held in scope.items():
        is_of_rows = isinstance(held, np.ndarray) and held.ndim == 1 and np.ndim(value) > 1
        if is_of_rows and len(held) == len(value):
            yield f"{name}[:{', None' * (np.ndim(value) - 1)}]"
        if isinstance(held, np.ndarray) and held.ndim == np.ndim(value) == 2 and held.dtype.kind == "f":
            for axis in (1, 0):
                if held.shape[1 - axis] == len(value) and held.shape[axis] > 1:
                    yield f"{name}.sum(axis={axis})[:, None]"
        is_of_grid = isinstance(held, np.ndarray) and held.ndim == 2 and np.ndim(value) == 3
        if is_of_grid and held.shape == np.shape(value)[:2]:
            yield f"{name}[:, :, None]"


def fits(held: Any, value: Any) -> bool:
    """Whether something can be added to an array without making it larger."""
    try:
        return bool(np.broadcast_shapes(np.shape(held), np.shape(value)) == np.shape(value))
    except ValueError:
        return False


def missing_constants(node: ast.expr, text: str, value: Any, scope: dict[str, Any]) -> Changes:
    """A number to multiply or divide by; of a whole one, which may be a size, another whole one."""
    numbers = (*scalars(scope), *roots(scope))
    for name in (k for k in numbers if not is_index(value) or type(scope.get(k)) is not float):
        yield (
            "missing constant",
            f"a factor 1/{name} is missing at `{text}`",
            ast.BinOp(node, ast.Div(), parsed(name)),
        )
        yield (
            "missing constant",
            f"a factor {name} is missing at `{text}`",
            ast.BinOp(node, ast.Mult(), parsed(name)),
        )


def missing_factors(node: ast.expr, text: str, ndim: int, scope: dict[str, Any]) -> Changes:
    """A quantity to multiply or divide by, element by element; or a matrix, on either side."""
    for name, quantity in quantities(scope):
        if np.ndim(quantity) <= ndim and name != text:
            factor = "" if is_inner(name) else f" {bracketed(name)}"
            said = f"a factor{factor} is missing at `{text}`"
            yield "missing-factor", said, ast.BinOp(node, ast.Mult(), parsed(name))
            said = f"a factor{factor and ' 1/' + factor[1:]} is missing at `{text}`"
            yield "missing-factor", said, ast.BinOp(node, ast.Div(), parsed(name))
    for name, other in (*scope.items(), *indexed(scope)):
        if ndim == 2 and is_numeric(other) and np.ndim(other) == 2:
            said = f"a factor{'' if is_inner(name) else ' ' + name} is missing at `{text}`"
            for part in (parsed(name), flipped(parsed(name))):
                yield "missing-factor", said, ast.BinOp(node, ast.MatMult(), part)
                yield "missing-factor", said, ast.BinOp(part, ast.MatMult(), node)


def missing_terms(node: ast.expr, text: str, ndim: int, scope: dict[str, Any]) -> Changes:
    """A quantity to add or subtract, or 1."""
    for op in (ast.Add(), ast.Sub()):
        yield "missing-term", f"a 1 is missing in `{text}`", ast.BinOp(node, op, number(1))
    for name, other in (*scope.items(), *indexed(scope)):
        if is_numeric(other) and np.ndim(other) <= ndim:
            for op, sign in ((ast.Add(), ""), (ast.Sub(), "-")):
                said = f"`{sign}{name}` is missing as a term in `{text}`"
                yield "missing-term", said, ast.BinOp(node, op, parsed(name))


def reductions(node: ast.expr, text: str, ndim: int) -> Changes:
    """A sum or a mean over each axis."""
    for axis, keep, what in product(range(ndim), (True, False), ("sum", "mean")):
        words = [ast.keyword("axis", number(axis)), ast.keyword("keepdims", ast.Constant(keep))]
        reduced = ast.Call(ast.Attribute(node, what, ast.Load()), [], words)
        yield "reduction", f"`{text}` should be reduced by a {what} over axis {axis}", reduced
