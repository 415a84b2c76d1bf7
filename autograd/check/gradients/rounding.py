"""The effect of rounding inside a function on its result and its derivatives.

A function may lose digits without its result showing it: the sum of a softmax is 1, and the mean of
deviations is 0, but each carries the rounding of much larger terms.
"""

from __future__ import annotations

import numpy as np

from ...engine import way_back
from ...transforms.structure import flat, is_traced
from .numeric import Phi
from .problem import Array, Problem

TREMBLES = (2.0**-40, 1.5 * 2.0**-41, 2.0**-42)


def noise_of(problem: Problem) -> Array:
    """The rounding of each output times its cotangent: Σ g y over all results y on the way, each rounded.

    The squares are summed, since roundings are independent.  For a function that is not recorded, only
    its result is known.

    Source: Linnainmaa, Taylor Expansion of the Accumulated Rounding Error, BIT 16 (1976).
    """
    total = np.array([squares(c, y) for c, y in zip(problem.cotangents, problem.values, strict=True)])
    if problem.run is not None:
        outputs, between = flat(problem.run.output).values(), set(problem.run.between)
        for i, (y, c) in enumerate(zip(outputs, problem.cotangents, strict=True)):
            for node, g, _ in way_back({y.node: c} if is_traced(y) else {}, within=between):
                total[i] += squares(g, node.data)
    return problem.digits * np.sqrt(total)


def squares(g: Array, y: Array) -> float:
    """Σ (g y)², also for several outputs."""
    if isinstance(y, tuple):
        return sum(map(squares, g, y))
    return float(np.nansum(np.abs(np.multiply(g, y)) ** 2))


def of_opaque(phi: Phi) -> Array:
    """The rounding that a function shows: its irregularity over steps so short that it must be linear.

    Kinks and jumps do not count, since they are the same at all these steps.
    """
    centre = phi(0.0)
    second = np.array([phi(t) + phi(-t) - 2 * centre for t in TREMBLES])
    return np.nan_to_num(np.ptp(second, axis=0))
