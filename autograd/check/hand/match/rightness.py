"""Which results are right: updates by their common constant, others as they are."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ....engine import LEAF, Node
from .known import Known
from .near import largest, near, ratio
from .results import Result


def note_carried(results: list[Result], known: Known) -> None:
    """Let the last of several results carry the constant that the others do, if none of them is final.

    Such as `dA0` beside `dA1` and `dA2`, all m times the gradients of a mean, where `dW1` divides by m.
    """
    leaves = set(known.forward.leaves.values())
    series = {stem for r in results if (stem := r.name.rstrip(DIGITS)) != r.name and r.node not in leaves}
    for result in results:
        result.carries = False
        if result.kind == "update" or result.node not in leaves or result.name.rstrip(DIGITS) not in series:
            continue
        if (c := ratio(result.value, result.true)) is not None and c != 1:
            others = (r for r in results if r.node not in leaves and is_beside(r, result))
            result.carries = any(
                math.isclose(c, d, rel_tol=1e-9) for r in others for d in multiples_of(r, known)
            )


def is_beside(one: Result, other: Result) -> bool:
    """Whether two results differ by a number in their names only."""
    return one.name != other.name and one.name.rstrip(DIGITS) == other.name.rstrip(DIGITS)


def multiples_of(result: Result, known: Known) -> list[float]:
    """The constants before the gradients that a result may be."""
    if result.node is not None:
        return [c] if (c := ratio(result.value, result.true)) is not None else []
    if result.value is None:
        return []
    return [m.scale for m in known.matches(np.asarray(result.value)) if m.label.kind == "gradient"]


DIGITS = "0123456789"


def judged_right(
    results: list[Result], known: Known, excused: Mapping[Node, Any], uphill: bool | None = None
) -> list[bool]:
    """Which results are right.  Updates are, if all are one and the same constant times the gradients.

    `uphill` is whether that has to be positive; None if either will do.
    """
    finals = any(r.node is not None and r.node.op is LEAF for r in results)
    common = common_scale(results, known)
    if common is not None and uphill is not None:
        common = abs(common) if uphill else -abs(common)
    return [is_right(r, known, excused, common, finals) for r in results]


def common_scale(results: list[Result], known: Known) -> float | None:
    """The constant that most updates have before the gradient; of several, what the user calls the rate.

    Else it is the rounder, for a rate is a number that somebody chose: 0.3, rather than 0.24.  Of two that
    are as round, where one is a whole number times the other, it is the other: a mean is forgotten more often
    than taken twice.  Ten times is a slip.
    """
    scales = [c for r in results if r.kind == "update" and (c := scale_between(r.value, r.true)) is not None]
    if not scales:
        return None
    count = {c: sum(math.isclose(c, d, rel_tol=1e-6) for d in scales) for c in scales}
    rates = rates_in(known) if len(count) > 1 else []
    is_rate = {c: any(math.isclose(abs(c), rate, rel_tol=1e-6) for rate in rates) for c in count}
    first = max(count, key=lambda c: (count[c], is_rate[c], -digits_of(c)))
    if is_rate[first]:
        return first
    rivals = (c for c in count if count[c] == count[first] and is_mean_of(c, first) and digits_of(c) < 3)
    return next(rivals, first)


RATES = ("lr", "rate", "eta", "alpha", "lrate")  # what rates are called


def rates_in(known: Known) -> list[float]:
    """The numbers of the user's that are called as the rates of updates are."""
    held = known.forward.scope.items()
    return [abs(v) for k, v in held if type(v) is float and v and k.lower().split("_")[-1] in RATES]


def digits_of(c: float) -> int:
    """How many digits a number has, but for zeros around them.

    >>> [digits_of(c) for c in (0.3, 0.24, 1e-3, -1 / 3, 50.0)]
    [1, 2, 1, 6, 1]
    """
    return len(f"{abs(c):.5e}".split("e")[0].replace(".", "").rstrip("0"))


def is_adaptive(results: list[Result]) -> bool:
    """Whether all elements of all updates are of one size, as the first of Adam, RMSprop and the like are.

    m / (sqrt(v) + eps) is the sign of the gradient then, but for eps [Kingma and Ba, 2015, algorithm 1].
    """
    moved = [np.abs(r.value[r.value != 0]) for r in results if r.kind == "update" and np.ndim(r.value)]
    sizes = np.concatenate([np.zeros(0), *moved])
    return len(sizes) >= ENOUGH and bool(np.ptp(sizes) <= ONE_SIZE * sizes.max())


def has_no_rate(results: list[Result]) -> bool:
    """Whether there are updates of arrays, and none is a multiple of its gradient."""
    arrays = [r for r in results if r.kind == "update" and np.size(r.true) > 1]
    return bool(arrays) and all(scale_between(r.value, r.true) is None for r in arrays)


ENOUGH, ONE_SIZE = 8, 1e-2  # elements; what eps does to gradients that are not much larger


def going_wrong(updates: list[Result], named: list[Result], uphill: bool | None) -> list[Result]:
    """The updates that do not go down a gradient that has a name; up, if `uphill`; None if either will do."""
    gradients: dict[Any, Any] = {r.node: r.value for r in named if r.node is not None}
    ways = [(r, way_along(r.value, gradients.get(r.node))) for r in updates if r.kind == "update"]
    wanted = {-1.0, 1.0} if uphill is None else {1.0 if uphill else -1.0}
    return [r for r, way in ways if way not in wanted]


def way_along(update: Any, gradient: Any) -> float | None:
    """1 if an update goes up a gradient element by element, -1 if it goes down; None if neither."""
    if np.shape(update) != np.shape(gradient):
        return None
    signs = np.unique(np.sign(update) * np.sign(gradient))
    moved = signs[signs != 0]
    return float(moved[0]) if len(moved) == 1 else None


def is_common_told(results: list[Result]) -> bool:
    """Whether an array says what the common constant is: a single number is a multiple of any other."""
    updates = [r for r in results if r.kind == "update"]
    arrays = [r for r in updates if np.size(r.true) > 1]
    return not arrays or any(scale_between(r.value, r.true) is not None for r in arrays)


def is_mean_of(c: float, other: float) -> bool:
    """Whether a constant is another one over a whole number that is no power of ten."""
    n = round(other / c)
    return n > 1 and math.isclose(n * c, other, rel_tol=1e-6) and str(n).rstrip("0") != "1"


def scale_between(value: Any, true: Any) -> float | None:
    """The constant that an update is of a gradient, but for rounding; None if there is none."""
    if np.shape(value) != np.shape(true):
        return None
    if np.size(true) == 1 and np.all(true):
        c = float(np.sum(value) / np.sum(true))
        return c if c and np.isfinite(c) else None
    norm = float(np.vdot(true, true))
    if not norm:
        return None
    c = float(np.vdot(true, value) / norm)
    # an update is a difference of two larger numbers, and has lost their digits
    return c if c and largest(value - c * true) <= 1e-7 * abs(c) * largest(true) else None


def is_right(
    result: Result, known: Known, excused: Mapping[Node, Any], common: float | None, finals: bool
) -> bool:
    """Whether one result is right; `common` is the constant of updates, `finals` whether inputs have any."""
    if result.node is None or result.value is None:
        return False
    true = result.true
    if result.kind == "update":
        if not largest(true) > known.rounding(result.node):
            return largest(result.value) <= 1e-7
        if common is None:
            return False
        result.scale = common
        return np.shape(result.value) == np.shape(true) and largest(
            result.value - common * true
        ) <= 1e-7 * abs(common) * largest(true)
    is_number = np.ndim(result.value) == 0 and np.size(true) == 1  # it is added to the one element as it is
    if near(np.reshape(result.value, np.shape(true)) if is_number else result.value, true):
        return True
    if np.shape(result.value) != np.shape(true):
        return False
    if max(largest(true), largest(result.value)) <= known.rounding(result.node):
        return True
    but = excused.get(result.node)
    if but is not None and near(result.value, true, but):
        return True
    return (result.carries or (result.node.op is not LEAF and finals)) and ratio(
        result.value, true
    ) is not None
