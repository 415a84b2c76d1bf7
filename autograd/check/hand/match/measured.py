"""Where the graph alone does not tell the gradient, differences of the loss do.

A forward pass may make a plain number of a value: what depends on it has no history, and the engine takes it
for a constant, which is harmless in a message and wrong in a loss.  Or it takes a root of 0, whose slope is
infinite, of what comes back as 0: on the diagonal of a matrix of distances, say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ....engine import Node, passed_back
from ....errors import DerivationError
from ..observe.graph import Forward
from ..observe.raising import severed_at
from .known import Known
from .near import Array

STEP = 1e-5  # error of a difference: STEP**2 of the third derivative, and 1e-16 / STEP by rounding
# Steps and their weights in a difference: around a point; and only above it, for where `int(row[0])` reads an
# index from an array of floats, the loss jumps just below each whole number
AROUND, ABOVE = {1: 0.5, -1: -0.5}, {0: -1.5, 1: 2.0, 2: -0.5}
MOST = (
    1e-4  # of the slope that the differences may be off: more than at a smooth point, less than a lost path
)

ROUNDING = 1e-14  # of the loss: that of its sums

Again = Callable[..., Forward]  # another run of forward, with its inputs moved


def refuse_severed(again: Again, known: Known) -> None:
    """Raise DerivationError if a path to the loss ends where a plain number was made of a value."""
    if not known.forward.severed:
        return
    rng = np.random.default_rng(0)
    ways = {path: rng.uniform(0.5, 1, np.shape(node.data)) for path, node in known.forward.leaves.items()}
    if not any(is_confirmed(known.truth, ways, again, known.forward, steps) for steps in (AROUND, ABOVE)):
        raise DerivationError(severed_at(*known.forward.severed[0]))


def complete_at_roots(again: Again, known: Known) -> None:
    """Let nothing come back by a path on which nothing arrives, though the slope there is infinite.

    0 times infinity is anything: 0, if differences of the loss say so, for what is in doubt of each input.
    """
    forward = known.forward
    held = {p: known.truth[n] for p, n in forward.leaves.items() if n in known.truth}
    doubtful = {p: 1.0 * ~np.isfinite(g) for p, g in held.items() if not np.all(np.isfinite(g))}
    if not doubtful:
        return
    with np.errstate(all="ignore"):
        truth = forward.gradients(nothing_of_nothing)
    if all(is_confirmed(truth, {path: way}, again, forward) for path, way in doubtful.items()):
        known.truth = truth


def nothing_of_nothing(node: Node, g: Array, lift: Any, within: Any) -> list[tuple[Node, Array]]:
    """What a node passes back, with 0 where 0 arrived."""
    return [(parent, without_infinities(gi, g)) for parent, gi in passed_back(node, g, lift, within)]


def without_infinities(passed: Array, arrived: Array) -> Array:
    """What is passed back, with 0 in the place of NaN where 0 arrived for an element, or for all its row."""
    bad = ~np.isfinite(passed)
    if not np.any(bad):
        return passed
    while np.ndim(arrived) < np.ndim(passed):  # a norm has an axis less
        arrived = np.expand_dims(arrived, -1)
    try:
        lost = np.broadcast_to(arrived == 0, np.shape(passed))
    except ValueError:  # an axis in the middle, or one that was summed over: it stays as it is
        return passed
    return np.where(bad & lost, 0.0, passed)


def is_confirmed(
    truth: Mapping[Node, Array],
    ways: Mapping[Any, Array],
    again: Again,
    forward: Forward,
    steps: Mapping[int, float] = AROUND,
) -> bool:
    """Whether a difference of the loss is what gradients say, with inputs moved along ways of their own."""
    slopes = [truth[n] * ways[p] for p, n in forward.leaves.items() if n in truth and p in ways]
    losses = {n: moved(again, ways, n * STEP) for n in steps}
    measured = sum(weight * losses[n] for n, weight in steps.items()) / STEP
    size = sum(float(np.sum(np.abs(s))) for s in slopes)
    off = abs(measured - sum(float(np.sum(s)) for s in slopes))
    return bool(off <= MOST * max(size, abs(measured)) + ROUNDING * max(map(abs, losses.values())) / STEP)


def moved(again: Again, ways: Mapping[Any, Array], by: float) -> float:
    """The loss at inputs that are moved along ways of their own."""
    root = again(lambda path, a: a + by * ways[path] if path in ways else a).root
    return float(np.sum(root.data))
