"""Factors and terms that are missing in a line, and that can be made of what is in its scope."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product
from typing import Any

import numpy as np

from ....engine import Array
from ..match.near import PRECISION, largest, near, ratio
from ..source.quantities import INNER, bracketed, indexed, quantities
from ..source.trees import parsed
from .case import Case, Guess, inner
from .constants import is_named, named
from .repair import evaluated, loads_of

MOST_PAIRS = 80  # quantities of which two are tried together
MOST_FACTORS = 240  # quantities of which each two are tried as a term
MOST_MATRICES = 40  # arrays of which each two are tried as a product of matrices
SAMPLES = 48  # elements that are looked at first


def factor_in_scope(case: Case) -> Guess | None:
    """A quantity in scope, by which the whole is to be multiplied or divided, but for a named constant."""
    if len(case.rounds) > 1:
        return None
    used = loads_of(case.site)
    for name, quantity in (*quantities(case.scope), *quantities(inner(case))):
        if np.size(quantity) > 1 and fits(quantity, case.value) and fits(quantity, case.expected):
            shown = "" if name.startswith(INNER) else f" {name}"
            c = ratio(case.value * quantity, case.expected)
            if c and is_named(c, case.forward):
                return Guess("missing-factor", f"a factor{shown} is missing")
            c = ratio(case.value, case.expected * quantity)
            if c and is_named(c, case.forward):
                if name in used:
                    return Guess("extra-factor", f"a factor{shown} is too many")
                return Guess("missing-factor", f"a factor{shown and f' 1/({name})'} is missing")
    return None


def two_factors_in_scope(case: Case) -> Guess | None:
    """Two quantities in scope by which the whole is to be multiplied, such as a gradient and half a slope."""
    shape = np.shape(case.expected)
    if len(case.rounds) > 1 or np.size(case.expected) < 2 or np.shape(case.value) != shape:
        return None
    known = [(name, q) for name, q in quantities(case.scope) if np.shape(q) == shape and np.any(q)][
        :MOST_PAIRS
    ]
    for (one, a), (other, b) in combinations(known, 2):
        c = ratio(case.value * a * b, case.expected)
        if c and is_named(c, case.forward):
            return Guess("missing-factor", f"the factors {one} and {other} are missing")
    return None


def fits(quantity: Any, value: Array) -> bool:
    """Whether a quantity can be multiplied with a value without making it larger."""
    try:
        return np.broadcast_shapes(np.shape(quantity), np.shape(value)) == np.shape(value)
    except ValueError:
        return False


def term_in_scope(case: Case) -> Guess | None:
    """A product of two quantities in scope that is to be added or taken off, in every round."""
    if np.size(case.expected) < 2 or any(np.shape(r.value) != np.shape(r.expected) for r in case.rounds):
        return None
    apart = case.expected - case.value
    known = fitting(case.scope, np.shape(apart))
    for one, other, c in products(known, apart):
        if one.startswith("1 - "):
            one, other = other, one
        text = f"{bracketed(one)} * {bracketed(other)}"
        if is_lacking(case, text, c):
            whole = other.removeprefix("1 - ")
            if np.isclose(c, -1) and whole != other and one in loads_of(case.site):
                return Guess("missing-factor", f"a factor {whole} is missing at `{one}`")
            return missing(case, text, c)
    for text, made in matrix_products(case.scope, np.shape(apart)):
        multiple = ratio(apart, made)
        if multiple is not None and is_lacking(case, text, multiple):
            return missing(case, text, multiple)
    return None


def missing(case: Case, text: str, c: float) -> Guess:
    """A term that is missing, with the constant before it."""
    factor = "" if np.isclose(abs(c), 1) else f" {named(abs(c), case.forward)} times"
    return Guess("missing-term", f"the term{factor} {'-' if c < 0 else ''}{text} is missing")


def is_lacking(case: Case, text: str, c: float) -> bool:
    """Whether a named constant times an expression is what the line lacks in every round."""
    lacks = ((r.expected - r.value, r.snapshot) for r in case.rounds)
    return is_named(c, case.forward) and all(
        s is not None and (held := evaluated(s.globals | s.variables, parsed(text))) is not None
        and near(apart, np.asarray(c * held)) for apart, s in lacks
    )  # fmt: skip


def matrix_products(scope: dict[str, Any], shape: tuple[int, ...]) -> Iterator[tuple[str, Array]]:
    """The products of matrices and vectors in a scope that have a shape: `W.T @ dz`, `np.outer(dz, x)`."""
    if not 0 < len(shape) <= 2:
        return
    held = (*scope.items(), *indexed(scope))
    arrays = [
        (k, v) for k, v in held if isinstance(v, np.ndarray) and 0 < v.ndim <= 2 and v.dtype.kind == "f"
    ]
    for (one, a), (other, b) in product(arrays[:MOST_MATRICES], repeat=2):
        if a.ndim == b.ndim == 1:
            if (*a.shape, *b.shape) == shape:
                yield f"np.outer({one}, {other})", np.outer(a, b)
            continue
        for left, right in product(
            ((one, a), (f"{one}.T", a.T))[: a.ndim], ((other, b), (f"{other}.T", b.T))[: b.ndim]
        ):
            (x, u), (y, v) = left, right
            inner = v.shape[0]
            if u.shape[-1] == inner and (*u.shape[:-1], *v.shape[1:]) == shape:
                yield f"{x} @ {y}", u @ v


def fitting(scope: dict[str, Any], shape: tuple[int, ...]) -> dict[str, Array]:
    """The quantities in a scope that have a shape, but for an axis that is broadcast."""
    found: dict[str, Array] = {}
    for name, quantity in quantities(scope):
        if np.any(quantity) and fits(quantity, np.empty(shape)) and len(found) < MOST_FACTORS:
            found[name] = np.broadcast_to(np.asarray(quantity, float), shape)
    return found


def products(known: dict[str, Array], apart: Array) -> list[tuple[str, str, float]]:
    """The pairs of which an array is a constant times the product, with the constants."""
    names = list(known)
    if not names:
        return []
    chosen = np.linspace(0, np.size(apart) - 1, min(SAMPLES, np.size(apart))).astype(int)
    wanted = np.ravel(apart)[chosen]
    rows = np.stack([np.ravel(q)[chosen] for q in known.values()])
    both = rows[:, None] * rows
    scales = both @ wanted / np.maximum(np.sum(both**2, axis=-1), np.finfo(float).tiny)
    apart_by = np.max(np.abs(scales[..., None] * both - wanted), axis=-1)
    found = np.argwhere(np.triu(apart_by <= PRECISION * largest(wanted)))
    return [
        (names[i], names[j], c)
        for i, j in found
        if near(apart, (c := float(scales[i, j])) * known[names[i]] * known[names[j]])
    ]
