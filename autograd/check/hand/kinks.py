"""Where the true gradient jumps: there any slope between is right, and which one is a convention."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial

import numpy as np

from ...engine import Array, Node
from .forward import Forward, came_back
from .judge import PRECISION, largest, near

SHIFT = 1e-6  # how far inputs are moved to see where the gradient jumps
BY = 1e-13  # of itself, by which a value is moved that may equal others: less than a smooth function minds
TINY = 1e-200  # so that 0 is moved too


def kinks(
    again: Callable[..., Forward] | None, ahead: Forward, truth: dict[Node, Array]
) -> dict[Node, Array]:
    """Where the gradient jumps when the inputs move a little, or equal values do."""
    found = at_ties(ahead, truth)
    for node, jumps in (between_runs(again, ahead, truth) if again else {}).items():
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
            moved = again(lambda a, s=sign * SHIFT, rng=rng: a + s * rng.uniform(0.5, 1, a.shape))
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


def apart(true: Array, a: Array, b: Array, by: float) -> Array:
    """Where the gradients on both sides differ by more than `by` of the largest."""
    return np.abs(a - b) > by * max(largest(true), largest(a), largest(b))


def at_ties(ahead: Forward, truth: dict[Node, Array]) -> dict[Node, Array]:
    """Where the true gradient is another if values that are equal differ a little, by themselves.

    Such as the zeros that a ReLU leaves in a window of which the maximum is taken: they stay equal
    however the inputs move.
    """
    sides = [ahead.gradients(partial(untied, by=sign * BY)) for sign in (1, -1)]
    found = {}
    for node, g in truth.items():
        a, b = (side.get(node, g) for side in sides)
        jumps = apart(g, a, b, PRECISION) | apart(g, a, g, PRECISION) | apart(g, g, b, PRECISION)
        if np.any(jumps):
            found[node] = jumps
    return found


def untied(node: Node, g: Array, by: float) -> list[tuple[Node, Array]]:
    """What a node passes back when what it was given is moved, each number by a part of itself."""
    rng = np.random.default_rng(0)  # the same for both sides, so that they are opposite
    moved = copy.copy(node)
    try:
        moved.args = tuple(
            a + by * (np.abs(a) + TINY) * rng.uniform(0.5, 1, np.shape(a))
            if parent and parent.requires_grad
            else a
            for a, parent in zip(node.args, node.parents, strict=True)
        )
        with np.errstate(all="ignore"):
            moved.data = node.op.function(*moved.args, **node.kwargs)
            return came_back(moved, g)
    except Exception:  # beside its domain, or its arguments are no arrays
        return came_back(node, g)
