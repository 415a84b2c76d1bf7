"""Where the true gradient jumps: there any slope between is right, and which one is a convention."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from ....engine import Array, Node, PassBack, passed_back
from ..observe.graph import Forward
from .near import PRECISION, largest, near

SHIFT = 1e-6  # of itself, by which an input is moved to see where the gradient jumps; and at most
BY = 1e-13  # of itself, by which a value is moved that may equal others: less than a smooth function minds
TINY = 1e-200  # so that 0 is moved too


def kinks(again: Callable[..., Forward], ahead: Forward, truth: dict[Node, Array]) -> dict[Node, Array]:
    """Where the gradient jumps when the inputs move a little, or equal values do."""
    found = at_ties(ahead, truth)
    for node, jumps in between_runs(again, ahead, truth).items():
        found[node] = found.get(node, False) | jumps
    return found


def between_runs(
    again: Callable[..., Forward], ahead: Forward, truth: dict[Node, Array]
) -> dict[Node, Array]:
    """Where the true gradient jumps when the inputs move a little.

    A gradient that changes wholly is nothing but rounding, and jumps everywhere.
    """
    sides = []
    for sign in (0, 1, -1):
        rng = np.random.default_rng(0)  # the same for both sides, so that they are opposite
        try:
            moved = again(
                lambda path, a, s=sign * SHIFT, rng=rng: a + s * steps(a) * rng.uniform(0.5, 1, np.shape(a))
            )
        except Exception:  # what runs at the inputs need not run beside them
            return {}
        if [n.op for n in moved.order] != [n.op for n in ahead.order]:
            return {}
        if not sign:
            if not near(moved.root.data, ahead.root.data):
                return {}  # it is random: a mask of dropout, say
            continue
        gradients = moved.gradients()
        sides.append([gradients.get(node) for node in moved.order])
    found = {}
    for node, a, b in zip(ahead.order, *sides, strict=True):
        if node in truth and np.any(jumps := apart(truth[node], a, b, 1e3 * SHIFT)):
            found[node] = jumps
    return found


def steps(a: Array) -> Array:
    """How far each element is moved, in shifts: as far as it is large, up to 1; zeros as far as the largest.

    >>> steps(np.array([0.0, -1e-4, 3.0])), steps(np.zeros(2))
    (array([1.e+00, 1.e-04, 1.e+00]), array([1., 1.]))
    """
    sizes = np.minimum(np.abs(a), 1.0)
    return np.where(sizes > 0, sizes, largest(sizes) or 1.0)


def apart(true: Array, a: Array, b: Array, by: float) -> Array:
    """Where the gradients on both sides differ by more than `by` of the largest."""
    return np.abs(a - b) > by * max(largest(true), largest(a), largest(b))


def at_ties(ahead: Forward, truth: dict[Node, Array]) -> dict[Node, Array]:
    """Where the true gradient is another if values that are equal differ a little, by themselves.

    Such as the zeros that a ReLU leaves in a window of which the maximum is taken: they stay equal
    however the inputs move.
    """
    sides = [ahead.gradients(untied(sign * BY)) for sign in (1, -1)]
    found = {}
    for node, g in truth.items():
        a, b = (side.get(node, g) for side in sides)
        jumps = apart(g, a, b, PRECISION) | apart(g, a, g, PRECISION) | apart(g, g, b, PRECISION)
        if np.any(jumps):
            found[node] = jumps
    return found


def untied(by: float) -> PassBack:
    """What a node passes back when what it was given is moved, each number by a part `by` of itself."""

    def pass_back(node: Node, g: Array, lift: Any, within: Any) -> list[tuple[Node, Array]]:
        rng = np.random.default_rng(0)  # the same for both sides, so that they are opposite
        moved = copy.copy(node)
        try:
            with np.errstate(all="ignore"):
                moved.args = tuple(
                    a + by * (np.abs(a) + TINY) * rng.uniform(0.5, 1, np.shape(a))
                    if parent and parent.requires_grad
                    else a
                    for a, parent in zip(node.args, node.parents, strict=True)
                )
                moved.data = node.op.function(*moved.args, **node.kwargs)
                return passed_back(moved, g)
        except Exception:  # beside its domain, or its arguments are no arrays
            return passed_back(node, g)

    return pass_back
