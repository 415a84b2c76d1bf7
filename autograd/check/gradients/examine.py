"""The check of one input: along random directions, and where one of them fails, element by element."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ...transforms.structure import Path
from .compare import (
    AGREES,
    KINK,
    LIMIT,
    UNCLEAR,
    Claim,
    Comparison,
    across,
    claim_of,
    compare,
    directions,
    distance,
    scale_of,
)
from .numeric import EPS, Estimate
from .problem import SEED, Array, Point, Problem, largest
from .report import InputCheck

ALL = 256  # the size up to which an input is examined element by element; a larger one is only where it fails
FEW = 64
ROUNDS = 64  # how often elements at kinks are taken out and the directions tried again


class Elements(NamedTuple):
    """Single elements of a gradient: their flat indices, and for each a row with a number for each output."""

    index: Array
    yours: Array
    true: Array
    error: Array
    kink: Array


def examine(problem: Problem, gradients: list[Point], path: Path, order: int) -> InputCheck:
    """The verdict on the gradient of one input."""
    x, shapes = problem.point[path], [g[path].shape for g in gradients]
    check = InputCheck(problem.names[path], x.shape, order)
    if any(shape != x.shape for shape in shapes):
        return check.failing(f"it has shape {shapes[0]}, and must have that of the input, {x.shape}")
    if not x.size:
        return check.undecided("it has no elements")
    if not all(np.isfinite(y).all() for y in problem.values):
        return check.undecided("f is not finite at this point: choose another")
    if not problem.steady:
        return check.undecided("f is random, as noted below")
    tried = directions(x, np.random.default_rng([SEED, order, *x.shape]))
    claim = claim_of(problem, gradients, path, tried[0])
    return held_against(claim, tried, check.by(claim.method))


def held_against(claim: Claim, tried: Sequence[Array], check: InputCheck) -> InputCheck:
    """The verdict along these directions, which are tried again whenever elements at kinks are left out."""
    free = np.ones(check.shape, bool)  # the elements that are not at a kink
    for _ in range(ROUNDS):
        found = until_one_fails(claim, [v * free for v in tried])
        check = check.seen(found, int(np.sum(~free)))
        if found[-1].status <= UNCLEAR:
            return decided(claim, check, found)
        elements = smooth_after_all(claim, searched(claim, found[-1], free))
        wrong = wrong_ones(claim, elements)
        if wrong.any():
            return pointed_out(claim, check, elements, wrong)
        if not elements.kink.any():
            return check.undecided(
                "a direction disagrees, but no element alone: f bends or jumps here, or is not "
                "differentiable as a whole"
            )
        free.reshape(-1)[elements.index[elements.kink]] = False
        if not free.any():
            return check.seen([], free.size).undecided(
                "every element is at a kink of f, or at the edge of where f is defined: move the point"
            )
    return check.undecided(f"{np.sum(~free)} elements are at kinks of f, and there are more: move the point")


def until_one_fails(claim: Claim, tried: Sequence[Array]) -> list[Comparison]:
    """The comparisons along these directions, up to the first that fails."""
    found = []
    for v in tried:
        found.append(compare(claim, v))
        if found[-1].status > UNCLEAR:
            break
    return found


def decided(claim: Claim, check: InputCheck, found: list[Comparison]) -> InputCheck:
    """The verdict if no direction failed.  One clear comparison is enough: a mistake shows in each."""
    clear, zero = any(c.status == AGREES for c in found), not any(map(np.any, claim.yours))
    if zero or (not clear and all(np.all(c.error >= c.scale) for c in found)):
        if zero and check.order == 2:
            return check.passing(zero=True)
        but = "" if zero else ", but for rounding"
        why = f"the gradient is zero everywhere{but}: no wrong factor or sign could show"
        return check.undecided(why, zero=True)
    if not clear:
        return check.undecided(
            f"the numerical derivative is known to {check.estimate:.0e} only: too little to tell"
        )
    return check.passing()


# Element by element


def searched(claim: Claim, failed: Comparison, free: Array) -> Elements:
    """The elements to look at one by one, after a direction has failed."""
    index = np.flatnonzero(free)
    if index.size > ALL:
        parted = claim.problem.parted if failed.status == KINK else []
        crossing = [mask for _, mask in parted if mask.size == free.size]
        at_kinks = np.flatnonzero(free.reshape(-1) & np.any([m.reshape(-1) for m in crossing], axis=0))
        if crossing and at_kinks.size:  # an elementwise kink, as in relu(x), tells its elements itself
            none = np.zeros((at_kinks.size, len(claim.yours)))
            return Elements(at_kinks, none, none, none, np.ones(at_kinks.size, bool))
        index = narrowed(claim, failed, index)
    found = [element(claim, k) for k in index.tolist()]
    shape = len(found), len(claim.yours)
    yours = np.array([[g.flat[k] for g in claim.yours] for k in index.tolist()]).reshape(shape)
    true = np.array([c.true / np.max(c.along) for c in found]).reshape(shape)
    error = np.array([c.error / np.max(c.along) for c in found]).reshape(shape)
    return Elements(index, yours, true, error, np.array([c.status == KINK for c in found], bool))


def narrowed(claim: Claim, failed: Comparison, index: Array) -> Array:
    """A few elements that contain a wrong one, found by bisection: always the half that is further off."""
    while index.size > FEW:
        halves = np.array_split(index, 2)
        found = [compare(claim, only(failed.along, half)) for half in halves]
        worse = max((0, 1), key=lambda i: (found[i].status, np.max(found[i].apart, initial=0)))
        if found[worse].status <= UNCLEAR:
            return index[:0]
        index = halves[worse]
    return index


def only(v: Array, index: Array) -> Array:
    """The direction v, with 0 at all elements except these."""
    kept = np.zeros(v.shape)
    kept.flat[index] = v.flat[index]
    return kept


def smooth_after_all(claim: Claim, elements: Elements) -> Elements:
    """The elements; those at kinks no longer count as such if f is smooth there and the gradient is wrong.

    f is smooth if its derivatives across the kinks add up.  The median of equal numbers is not: it does not
    move when one of the numbers moves, but does when all of them move.
    """
    at = np.flatnonzero(elements.kink)
    if claim.problem.run is None or not at.size or claim.point.size > ALL:
        return elements
    steps = {i: only(np.full(claim.point.shape, scale_of(claim.point)), elements.index[[i]]) for i in at}
    found = {i: across(claim, v) for i, v in steps.items()}
    scale = np.abs(elements.yours) * scale_of(claim.point)
    smooth = [i for i, e in found.items() if is_known(e, scale[i])]
    if not smooth or not adds_up(claim, [steps[i] for i in smooth], [found[i] for i in smooth]):
        return elements
    true, error, kink = elements.true.copy(), elements.error.copy(), elements.kink.copy()
    for i in smooth:
        true[i], error[i] = (part / scale_of(claim.point) for part in found[i][:2])
    kink[smooth] = False
    judged = elements._replace(true=true, error=error, kink=kink)
    return judged._replace(kink=elements.kink & ~wrong_ones(claim, judged).any(axis=1))


def adds_up(claim: Claim, steps: Sequence[Array], found: Sequence[Estimate]) -> bool:
    """Whether the derivative along a sum of steps is the sum of the derivatives along each of them."""
    weights = np.random.default_rng(SEED).uniform(0.5, 1, len(steps)) * (-1.0) ** np.arange(len(steps))
    together = across(claim, np.sum([w * v for w, v in zip(weights, steps, strict=True)], axis=0))
    terms = [w * e.value for w, e in zip(weights, found, strict=True)]
    error = together.error + np.sum([e.error for e in found], axis=0)
    bound = np.maximum(error, LIMIT * np.sum(np.abs(terms), axis=0))
    return bool(not np.any(together.bent) and np.all(np.abs(together.value - np.sum(terms, axis=0)) <= bound))


def is_known(e: Estimate, scale: Array) -> bool:
    """Whether there is a derivative and it is known: at a jump, the differences do not converge."""
    return bool(not np.any(e.bent) and np.all(e.error <= LIMIT * np.maximum(np.abs(e.value), scale)))


def element(claim: Claim, k: int) -> Comparison:
    """One element of the gradient, by a step in the scale of the whole input, or else of that element."""
    x, found = claim.point, []
    for size in dict.fromkeys((scale_of(x), abs(float(x.flat[k])))):
        if size and np.isfinite(size):
            v = np.zeros(x.shape)
            v.flat[k] = size
            found.append(compare(claim, v))
            if found[-1].status in (AGREES, KINK) or np.all(found[-1].error <= LIMIT * found[-1].scale):
                break
    return found[-1]


def wrong_ones(claim: Claim, elements: Elements) -> Array:
    """Which elements are wrong by more than rounding, for each of the outputs."""
    scales = scales_of(claim, elements)
    apart = distance(elements.yours, elements.true)
    known = np.isfinite(elements.error) & ~elements.kink[:, None]
    return known & (apart > np.maximum(claim.tolerance * scales, elements.error))


def scales_of(claim: Claim, elements: Elements) -> Array:
    """The largest element of the gradient for each output, whether claimed or true."""
    true = np.where(np.isfinite(elements.true), np.abs(elements.true), 0)
    return np.maximum([*map(largest, claim.yours)], true.max(axis=0, initial=0))


def pointed_out(claim: Claim, check: InputCheck, elements: Elements, wrong: Array) -> InputCheck:
    """The failed check, with the worst element and what the wrong ones have in common."""
    scales = scales_of(claim, elements)
    relative = np.where(wrong, distance(elements.yours, elements.true) / np.where(scales, scales, 1), -1)
    row, output = np.unravel_index(int(np.argmax(relative)), relative.shape)
    error = float(relative[row, output])
    shaken = shaking(claim) if error < 1e-3 else 0.0
    if error <= shaken:
        return check.undecided(
            f"it is off by {error:.0e} of its scale, but a change of the inputs in their last digits "
            "changes it by as much: the point is too ill-conditioned to tell"
        )
    problem = claim.problem
    unit = problem.cotangents[output].item() if problem.values[output].size == 1 else 1.0
    yours, true = elements.yours[:, output] / unit, elements.true[:, output] / unit
    return check.pointing(
        index=tuple(int(i) for i in np.unravel_index(elements.index[row], check.shape)),
        yours=float(yours[row]),
        true=float(true[row]),
        error=error,
        wrong=int(wrong.any(axis=1).sum()),
        looked=len(wrong),
        hint=convention(claim, int(elements.index[row])) or hint(yours, true, wrong[:, output], check.shape),
    )


def convention(claim: Claim, k: int) -> str:
    """The hint for an element that is wrong where f is smooth, but an operation in f is at a kink."""
    if claim.problem.run is None or element(claim, k).status != KINK:
        return ""
    name = next(
        (p.name for p in claim.problem.parted if p.name), "an operation"
    )  # the first that branches differently
    return (
        f"f is smooth here, but {name} in it is not: what the derivative of {name} is at a kink or a tie is "
        "a convention, from which that of f does not follow; move the point, or write f without it, as "
        "np.sum(x**2) for np.linalg.norm(x)**2"
    )


def shaking(claim: Claim) -> float:
    """How much the gradient changes, relative to its scale, when the last digits of the inputs change."""
    rng = np.random.default_rng(SEED)
    problem, path = claim.problem, claim.path
    near = {p: a * (1 + 4 * EPS * rng.choice([-1.0, 1.0], a.shape)) for p, a in problem.point.items()}
    pairs = zip(problem.gradients(near), claim.yours, strict=True)
    return max(4 * largest(g[path] - yours) / (largest(yours) or 1) for g, yours in pairs)


def hint(yours: Array, true: Array, wrong: Array, shape: tuple[int, ...]) -> str:
    """What the wrong elements have in common."""
    y, t = yours[wrong], true[wrong]
    everything = yours.size == int(np.prod(shape))
    if not y.any():
        return "no gradient arrives there: a path from f is missing, cut by .data or .detach(), or by a rule"
    if len(shape) == 2 and shape[0] == shape[1] > 1 and everything and np.allclose(
        yours.reshape(shape).T, true.reshape(shape), rtol=1e-6, atol=1e-6 * largest(true)
    ):  # fmt: skip
        return "it is the transpose of the gradient"
    ratio = y / np.where(t == 0, np.nan, t)
    if y.size > 1 and np.ptp(ratio) <= 1e-6 * np.abs(ratio[0]):
        if abs(ratio[0] + 1) < 1e-6:
            return "the sign is wrong"
        return (
            f"all of them are {ratio[0]:.6g} times what they should be: a factor is missing, or one too many"
        )
    return ""
