"""Factors and terms that are missing in a line, and that can be made of what is in its scope."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from ....engine import Array
from ..match.near import PRECISION, largest, near, ratio
from ..source.quantities import INNER, bracketed, quantities
from .case import Case, Guess, inner
from .constants import is_named, named
from .repair import loads_of

MOST_PAIRS = 80  # quantities of which two are tried together
MOST_FACTORS = 240  # quantities of which each two are tried as a term
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
    shape = np.shape(case.expected)
    if np.size(case.expected) < 2 or any(np.shape(r.value) != np.shape(r.expected) for r in case.rounds):
        return None
    apart = case.expected - case.value
    known = fitting(case.scope, shape)
    for one, other, c in products(known, apart):
        if one.startswith("1 - "):
            one, other = other, one
        said = f"{bracketed(one)} * {bracketed(other)}"
        if is_named(c, case.forward) and all(
            is_apart(r.expected - r.value, r.snapshot, (one, other), c) for r in case.rounds[1:]
        ):
            whole = other.removeprefix("1 - ")
            if np.isclose(c, -1) and whole != other and one in loads_of(case.site):
                return Guess("missing-factor", f"a factor {whole} is missing at `{one}`")
            factor = "" if np.isclose(abs(c), 1) else f" {named(abs(c), case.forward)} times"
            return Guess("missing-term", f"the term{factor} {'-' if c < 0 else ''}{said} is missing")
    return None


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


def is_apart(apart: Array, snapshot: Any, names: tuple[str, str], c: float) -> bool:
    """Whether what a line lacks in another round is the same product there."""
    held = dict(quantities(snapshot.variables)) if snapshot is not None else {}
    try:
        return near(apart, c * held[names[0]] * held[names[1]])
    except (KeyError, ValueError):
        return False
