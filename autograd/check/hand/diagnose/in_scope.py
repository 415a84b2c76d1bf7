"""Factors and terms that are missing in a line, and that can be made of what is in its scope."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations, product
from typing import Any

import numpy as np

from ....engine import Array
from ..match.near import PRECISION, largest, near, ratio
from ..source.quantities import bracketed, indexed, is_inner, is_numeric, quantities, scalars
from ..source.trees import parsed
from .case import Case, Guess, Round, inner
from .constants import is_named, is_odd_fraction, named
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
            shown = "" if is_inner(name) else f" {name}"
            c = ratio(case.value * quantity, case.expected)
            if c and is_named(c, case.forward):
                return Guess("missing-factor", f"a factor{shown} is missing")
            c = ratio(case.value, case.expected * quantity)
            if c and is_named(c, case.forward):
                if name in used:
                    return Guess("extra-factor", f"a factor{shown} is too many")
                return Guess("missing-factor", f"a factor{shown and f' 1/({name})'} is missing")
    return None


def plain_factor(case: Case) -> Guess | None:
    """A quantity of as many elements that has a name, by which the whole is to be multiplied, and no more."""
    shape = np.shape(case.expected)
    if len(case.rounds) > 1 or np.size(case.expected) < 2 or np.shape(case.value) != shape:
        return None
    for name, quantity in quantities(case.scope):
        if np.shape(quantity) == shape and near(case.value * quantity, case.expected):
            return Guess("missing-factor", f"a factor {bracketed(name)} is missing")
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
    """A quantity in scope, or a product of two, that is to be added or taken off, in every round."""
    if np.size(case.expected) < 2 or any(np.shape(r.value) != np.shape(r.expected) for r in case.rounds):
        return None
    apart = case.expected - case.value
    known = {ONE: np.ones(np.shape(apart))} | fitting(case.scope, np.shape(apart))
    for one, other, c in products(known, apart):
        if one.startswith("1 - "):
            one, other = other, one
        text = other if one == ONE else f"{bracketed(one)} * {bracketed(other)}"
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


ONE = "1"  # beside a quantity that is the term by itself


def cross_term_in_scope(case: Case) -> Guess | None:
    """What the other elements contribute: a softmax's `p * sum(p * dp)`, the means in a normalisation.

    That is a sum over an axis of what the line has, perhaps with a quantity before the sum or in it.
    """
    shape = np.shape(case.expected)
    if not shape or any(np.shape(r.value) != np.shape(r.expected) for r in case.rounds):
        return None
    apart, value = case.expected - case.value, case.value
    whole = {name: q for name, q in fitting(case.scope, shape).items() if not name.startswith("1 - ")}
    for axis, (name, q) in product(range(-1, -len(shape) - 1, -1), (("", np.ones(shape)), *whole.items())):
        plain, of_it = (np.sum(v, axis=axis, keepdims=True) for v in (value, q * value))
        for made, before, within in ((q * plain, name, ""), (q * of_it, name, name), (of_it, "", name)):
            c, text = ratio(apart, np.broadcast_to(made, shape)), cross_term(before, within, axis)
            if c is not None and is_lacking(case, text, c):
                return missing(case, text, c)
    return None


def cross_term(before: str, within: str, axis: int) -> str:
    """The text of a sum over an axis of what a line has, `it`.

    >>> cross_term("p", "", -1), cross_term("", "x - m", -2)
    ('p * np.sum(it, axis=-1, keepdims=True)', 'np.sum((x - m) * it, axis=-2, keepdims=True)')
    """
    inner = f"{bracketed(within)} * it" if within else "it"
    whole = f"np.sum({inner}, axis={axis}, keepdims=True)"
    return f"{bracketed(before)} * {whole}" if before else whole


def missing(case: Case, text: str, c: float) -> Guess:
    """A term that is missing, with the constant before it: by a number in scope, if that makes it."""
    factor = "" if np.isclose(abs(c), 1) else f" {called(abs(c), case)} times"
    return Guess("missing-term", f"the term{factor} {'-' if c < 0 else ''}{text} is missing")


def called(c: float, case: Case) -> str:
    """What a constant is best called: `lam` or `1/n lam` by the numbers in scope, if it is not simple."""
    if np.isclose(c, float(Fraction(c).limit_denominator(4))):
        return named(c, case.forward)
    names = [name for name in scalars(case.scope) if not name.isdigit()]
    held = ((name, evaluated(case.scope, parsed(name))) for name in names)
    rest = {name: abs(c / value) for name, value in held if value}
    for simple in (1, 2, 0.5):
        name = next((name for name, r in rest.items() if np.isclose(r, simple, rtol=1e-9)), None)
        if name is not None:
            return name if simple == 1 else f"{named(simple, case.forward)} {name}"
    name = next((name for name, r in rest.items() if is_named(r, case.forward)), None)
    return named(c, case.forward) if name is None else f"{named(rest[name], case.forward)} {name}"


def is_lacking(case: Case, text: str, c: float) -> bool:
    """Whether a constant times an expression is what the line lacks in every round.

    Of few elements, the constant must have a name, and not be such as 4/5: a product can be made to fit them.
    """
    is_simple = is_named(c, case.forward) and not is_odd_fraction(c)
    is_told = np.isfinite(c) and (is_simple or np.size(case.expected) >= ELEMENTS_THAT_TELL)
    return bool(is_told) and all(is_lacking_in(r, text, c) for r in case.rounds)


ELEMENTS_THAT_TELL = 8


def is_lacking_in(turn: Round, text: str, c: float) -> bool:
    """The same in one round; `it` is what the line has there."""
    if turn.snapshot is None:
        return False
    scope = {"np": np} | turn.snapshot.globals | turn.snapshot.variables | {"it": turn.value}
    held = evaluated(scope, parsed(text))
    if not is_numeric(held) or not fits(held, turn.value):
        return False
    return near(turn.expected - turn.value, np.broadcast_to(c * held, np.shape(turn.value)))


def matrix_products(scope: dict[str, Any], shape: tuple[int, ...]) -> Iterator[tuple[str, Array]]:
    """The products of matrices and vectors in a scope that have a shape: `W.T @ dz`, `np.outer(dz, x)`."""
    if not 0 < len(shape) <= 2:
        return
    held = (*scope.items(), *indexed(scope))
    arrays = [
        (k, v) for k, v in held
        if isinstance(v, np.ndarray) and 0 < v.ndim <= 2 and v.dtype.kind == "f" and set(v.shape) & set(shape)
    ]  # fmt: skip
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


def one_of_each_row(case: Case) -> Guess | None:
    """The same number missing at one place of each row: a softmax's `p[np.arange(n), y] -= 1`."""
    if np.ndim(case.expected) != 2 or np.shape(case.value) != np.shape(case.expected):
        return None
    apart = case.expected - case.value
    if min(np.shape(apart)) < 2:
        return None
    chosen = np.abs(apart) > PRECISION * largest(case.expected)
    numbers = apart[chosen]
    if not np.all(chosen.sum(axis=1) == 1):
        return None
    if not near(numbers, np.full_like(numbers, numbers[0])):
        return None
    text = f"{'-' if numbers[0] < 0 else ''}{named(abs(float(numbers[0])), case.forward)}"
    return Guess("missing-term", f"the term {text} is missing at one place of each row")
