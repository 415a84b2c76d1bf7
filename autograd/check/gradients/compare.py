"""A claimed and a numerical gradient along a direction: do they agree, and is that known well enough?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ...transforms.structure import Path
from .numeric import EPS, Estimate, Phi, complex_step, richardson
from .problem import Array, Point, Problem, largest
from .rounding import noise_of, of_opaque

# How far a gradient may be from the numerical one, relative to its own scale: the rounding of some
# hundreds of operations to 2e-16 each, in a function that loses up to six digits on the way.
TOLERANCE = 1e-9
# With a less certain numerical derivative, a relative mistake of 1e-4 might go unnoticed.
LIMIT = 5e-5

COMPLEX, RICHARDSON = "complex step", "Richardson"
AGREES, UNCLEAR, DIFFERS, KINK = range(4)


@dataclass(slots=True)
class Claim:
    """The gradient of one input, as claimed: an array for each output of f, times its cotangent.

    noise   the rounding error of each output times its cotangent
    method  how the numerical derivatives are computed
    """

    problem: Problem
    path: Path
    yours: list[Array]
    noise: Array
    method: str = RICHARDSON

    @property
    def point(self) -> Array:
        """The values of the claim's input, at which its gradient is judged."""
        return self.problem.point[self.path]

    @property
    def tolerance(self) -> float:
        """TOLERANCE, or more if f computes with fewer digits inside."""
        return max(TOLERANCE, 64 * self.problem.digits)


class Comparison(NamedTuple):
    """Products of the gradient with a direction, one for each output of f, times its cotangent.

    yours, true  the claimed and the numerical product
    error        a bound for the error of the numerical product, in the same unit
    scale        the usual size of such a product: the root of the sum of the squares of its terms
    status       AGREES, UNCLEAR, DIFFERS or KINK: the highest among the outputs, in this order
    """

    along: Array
    yours: Array
    true: Array
    error: Array
    scale: Array
    status: int

    @property
    def apart(self) -> Array:
        """The distance between the two products; inf for a claim that is not finite."""
        return distance(self.yours, self.true)


def distance(yours: Array, true: Array) -> Array:
    """|yours - true|, and inf where yours is not finite."""
    with np.errstate(invalid="ignore"):
        return np.where(np.isfinite(yours), np.abs(yours - true), np.inf)


def directions(x: Array, rng: np.random.Generator) -> list[Array]:
    """Random directions in which every element moves: one by its own size, two by the largest size.

    The first suits elements of very different sizes; the others show mistakes at small elements too.
    """
    scale = scale_of(x)
    own = np.where(np.isfinite(x) & (x != 0), np.abs(x), scale)
    return [
        rng.uniform(0.5, 1, x.shape) * rng.choice([-1.0, 1.0], x.shape) * size for size in (own, scale, scale)
    ]


def scale_of(x: Array) -> float:
    """The largest finite magnitude in `x`; 1 if that is 0."""
    return largest(x) or 1.0


def claim_of(problem: Problem, gradients: list[Point], path: Path, v: Array) -> Claim:
    """The claim for one input, with its noise and with the method that is valid along v."""
    claim = Claim(problem, path, [g[path] for g in gradients], noise_of(problem))
    if problem.run is None:
        claim.noise = np.fmax(claim.noise, of_opaque(along(claim, v, problem.evaluate)))
    claim.method = method_for(claim, v)
    return claim


# The numerical side


def contracted(problem: Problem, outputs: list[Array]) -> Array:
    """Each output times its cotangent, summed: one number for each output."""
    pairs = zip(problem.cotangents, outputs, strict=True)
    return np.array([np.sum(c * np.asarray(y, complex if np.iscomplexobj(y) else float)) for c, y in pairs])


def along(claim: Claim, v: Array, evaluate: Callable[[Point], list[Array] | None]) -> Phi:
    """The outputs as functions of t, as the input moves by t v: NaN where f cannot be evaluated."""
    problem, x, nothing = claim.problem, claim.point, np.full(len(claim.yours), np.nan)

    def phi(t: Any) -> Array:
        try:
            outputs = evaluate({**problem.point, claim.path: x + t * v})
            return nothing if outputs is None else contracted(problem, outputs)
        except Exception:  # f may raise anything outside its domain
            return nothing

    return phi


def numeric(claim: Claim, v: Array, size: Array, method: str) -> Estimate:
    """The derivative along v by the given method."""
    problem = claim.problem
    if method == COMPLEX:
        return complex_step(along(claim, v, problem.complexly), claim.noise)
    problem.parted = []
    return differences(claim, v, size, problem.evaluate)


def differences(
    claim: Claim, v: Array, size: Array, evaluate: Callable[[Point], list[Array] | None]
) -> Estimate:
    """The derivative along v by differences."""
    noise = claim.noise + EPS * np.where(np.isfinite(size), size, 0)
    return richardson(along(claim, v, evaluate), noise, size)


def across(claim: Claim, v: Array) -> Estimate:
    """The derivative along v by differences across all branches of f.

    If an operation in f is at a kink, f itself need not be: norm(x)**2 is smooth at 0.
    """
    return differences(claim, v, np.zeros(len(claim.yours)), claim.problem.complexly)


def method_for(claim: Claim, v: Array) -> str:
    """The complex step, if it proves valid here by agreeing with real differences along v.

    A recorded function of analytic operations needs to show nothing more.  If nothing is known about the
    function, the real differences must be accurate as well.
    """
    analytic = claim.problem.analytic
    if analytic is False:
        return RICHARDSON
    with_i = numeric(claim, v, np.zeros(len(claim.yours)), COMPLEX)
    if not np.isfinite(with_i.value).all():
        return RICHARDSON
    scale = np.abs(with_i.value)
    real = numeric(claim, v, scale, RICHARDSON)
    bound = np.maximum(claim.tolerance * scale, real.error + with_i.error)
    known = (
        np.isfinite(real.error)
        if analytic
        else real.error <= np.maximum(LIMIT * scale, claim.noise / EPS**0.5)
    )
    return (
        COMPLEX if np.all(known & ~real.bent & (np.abs(with_i.value - real.value) <= bound)) else RICHARDSON
    )


# Both sides


def compare(claim: Claim, v: Array) -> Comparison:
    """The claimed gradient and the numerical one, along v."""
    terms = [np.where(v == 0, 0, v * g) for g in claim.yours]
    yours = np.array([np.sum(t) for t in terms])
    size = np.array([np.linalg.norm(t[np.isfinite(t)]) for t in terms])
    true, error, bent = numeric(claim, v, size, claim.method)
    scale = np.fmax(size, np.abs(true))
    rows = zip(distance(yours, true), scale, error, strict=True)
    status = max(status_of(apart, s, e, claim.tolerance) for apart, s, e in rows)
    if np.any(bent) or np.isinf(error).any():  # a kink, or the edge of where f is defined
        status = KINK
    return Comparison(v, yours, true, error, scale, status)


def status_of(apart: float, scale: float, error: float, tolerance: float) -> int:
    """Whether two numbers agree, to the tolerance or to the uncertainty of the numerical one."""
    if apart <= tolerance * scale or apart <= error <= LIMIT * scale:
        return AGREES
    return UNCLEAR if apart <= error else DIFFERS
