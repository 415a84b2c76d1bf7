"""Numerical derivatives, each with an estimate of its own error, in plain NumPy without the engine.

Every function here takes a function `phi(t)` of one number, which returns a row of numbers, and
differentiates it at t = 0.  If t moves an array along a direction, the derivative is the product of the
gradient with that direction.

`noise` is the error that rounding can cause in phi, and `size` the order of magnitude that the derivative
is expected to have.  Both have the shape of phi, and `noise` has its unit.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

Array = Any
Phi = Callable[[Any], Array]

EPS = 2.0**-52
TINY = 2.0**-100  # the step of the complex step: its square vanishes beside 1, and it is a power of two
WINDOWS = (1, 4, 8, 12, 16, 20, 24, 28, 32, 36)  # steps of 2^-k to 2^-(k+3), until one is good enough
CLEAN = 2.0**-40  # the noise, relative to the derivative, below which the largest steps are not needed
GOOD = 1e-11  # the error, relative to the derivative, below which no smaller step is tried


class Estimate(NamedTuple):
    """Derivatives, bounds for their errors in the same unit, and whether phi has a kink at 0 (`bent`).

    At a kink the derivatives from the left and from the right differ, and there is no derivative.
    """

    value: Array
    error: Array
    bent: Array


def complex_step(phi: Phi, noise: Array) -> Estimate:
    """The derivative at 0 of an analytic `phi`: Im phi(ih) / h.

    No difference is taken, so nothing cancels, and the derivative is as exact as phi itself.  A term with
    h² can remain only where the derivative is 0; a second step shows it.
    Whether phi is analytic cannot be seen here: a phi that takes a modulus gives another derivative.

    Source: Squire and Trapp, Using Complex Variables to Estimate Derivatives of Real Functions,
    SIAM Review 40 (1998), equation 2.

    >>> value, error, _ = complex_step(lambda t: np.exp(3 * np.array([t])), noise=np.array([2.0**-52]))
    >>> value, bool(error[0] < 1e-14)
    (array([3.]), True)
    """
    value, other = (np.imag(phi(1j * h)) / h for h in (TINY, 2 * TINY))
    error = np.abs(value - other) + 8 * (noise + EPS * np.abs(value))
    return Estimate(value, error, np.zeros(value.shape, bool))


def richardson(phi: Phi, noise: Array, size: Array) -> Estimate:
    """The derivative at 0 of a real `phi`, by central differences extrapolated to a step of 0.

    Four steps, each half as long as the one before, are a window.  The differences are a series in h², and
    each extrapolation removes one term of it.  The error has two parts.  One is estimated from the distance
    between the two results before the last, which is cautious for a smooth phi and honest if there is a
    kink among the steps.  The other is the effect of rounding on a difference, noise / h.

    The first window has the largest steps, or larger ones if there is much noise.  If phi is not finite
    there, or a step crosses a kink, smaller steps are tried, and the value with the smallest error is
    kept.  If phi is never finite next to 0, the value is NaN and the error inf.

    Source: Press et al., Numerical Recipes (2007), section 5.7; Ridders, Accurate Computation of
    F'(x) and F'(x) F''(x), Advances in Engineering Software 4 (1982).

    >>> one = np.ones(1)
    >>> value, error, bent = richardson(lambda t: np.exp(np.array([t])), noise=one * 2.0**-52, size=one)
    >>> bool(abs(value[0] - 1) < error[0] < 1e-11), bool(bent[0])
    (True, False)
    >>> richardson(lambda t: np.abs(np.array([t])), noise=one * 2.0**-52, size=one).bent
    array([ True])
    """
    centre = phi(0.0)
    value, error = np.full(centre.shape, np.nan), np.full(centre.shape, np.inf)
    bend, bent = np.zeros(centre.shape), np.zeros(centre.shape, bool)
    for k in WINDOWS[bool(np.all(noise <= CLEAN * size)) :]:
        steps = 2.0 ** -np.arange(k, k + 4.0)[:, None]
        ends = both_ends(phi, steps[:, 0])
        if ends is None:
            continue
        bend, bent = bends(ends, centre, steps, noise, size, bend, bent)
        found, change = extrapolated((ends[0] - ends[1]) / (2 * steps))
        rounding = 8 * noise / steps[-1]
        better = ~bent & ~(change + rounding >= error)
        value, error = np.where(better, found, value), np.where(better, change + rounding, error)
        enough = (error <= GOOD * np.maximum(np.abs(value), size)) | (rounding >= error / 2)
        if np.all(~bent & enough):
            break
    return Estimate(value, error, bent)


def both_ends(phi: Phi, steps: Array) -> Array | None:
    """phi at all steps ahead and behind; None as soon as a value is not finite."""
    ends: list[list[Array]] = [[], []]
    for h in steps.tolist():
        for side, t in zip(ends, (h, -h), strict=True):
            side.append(phi(t))
            if not np.isfinite(side[-1]).all():
                return None
    return np.array(ends)


def extrapolated(row: Array) -> tuple[Array, Array]:
    """The limit of central differences with h, h/2, h/4 and h/8, and twice the change before the last one."""
    first = refined(row, 4.0)
    second = refined(first, 16.0)
    change = np.maximum(np.abs(second[1] - second[0]), np.abs(first[2] - second[1]) / 64)
    return refined(second, 64.0)[0], 2 * change


def refined(row: Array, factor: float) -> Array:
    """One extrapolation: it removes the error term that falls by `factor` from each value to the next."""
    return np.array([b + (b - a) / (factor - 1) for a, b in pairwise(row)])


def bends(
    ends: Array, centre: Array, steps: Array, noise: Array, size: Array, bend: Array, bent: Array
) -> tuple[Array, Array]:
    """How far the one-sided derivatives at 0 are apart, and where this means a kink.

    The one-sided differences of a smooth phi differ by h phi'' and terms in h³ and above: extrapolated to
    h = 0, they meet.  At a kink they do not meet, and at a jump they even diverge.  A kink near 0 looks
    like a kink at 0 until the steps are smaller than its distance.  Each window therefore decides anew, as
    long as a kink found before would still show above the noise.
    """
    apart = (ends[0] + ends[1] - 2 * centre) / steps
    floor = np.maximum(64 * noise / steps[-1], GOOD * size)
    before, limit = refined(refined(apart, 2.0), 8.0)
    stays = np.abs(limit) > 4 * np.abs(limit - before) + 8 * floor
    grows = np.abs(apart[-1]) >= 0.5 * np.abs(apart[0])
    strength = np.where(stays, np.abs(limit), np.where(grows, np.abs(apart[-1]), 0.0))
    kink = (strength > floor) & (strength >= 0.5 * bend)
    bent = kink | (bent & (bend <= floor))
    return np.where(bent, np.maximum(bend, strength), 0.0), bent
