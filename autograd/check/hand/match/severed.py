"""Where a forward pass makes a plain number of a value: what depends on it has no history, and the engine
takes it for a constant.  That is harmless in a message and wrong in a loss, so differences have to tell.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ....errors import DerivationError
from ..observe.graph import Forward
from ..observe.raising import severed_at
from .known import Known

STEP = 1e-5  # error of a central difference: STEP**2 of the third derivative, and 1e-16 / STEP by rounding
MOST = (
    1e-4  # of the slope that the differences may be off: more than at a smooth point, less than a lost path
)


def refuse_severed(again: Callable[..., Forward], known: Known) -> None:
    """Raise DerivationError if a path to the loss ends where a plain number was made of a value."""
    ahead = known.forward
    if not ahead.severed:
        return
    rng = np.random.default_rng(0)
    ways = {path: rng.uniform(0.5, 1, np.shape(node.data)) for path, node in ahead.leaves.items()}
    slopes = [known.truth[n] * ways[p] for p, n in ahead.leaves.items() if n in known.truth]
    one, other = (moved(again, ways, sign * STEP) for sign in (1, -1))
    measured, size = (one - other) / (2 * STEP), sum(float(np.sum(np.abs(s))) for s in slopes)
    off = abs(measured - sum(float(np.sum(s)) for s in slopes))
    if off > MOST * max(size, abs(measured)):
        raise DerivationError(severed_at(*ahead.severed[0]))


def moved(again: Callable[..., Forward], ways: dict[Any, Any], by: float) -> float:
    """The loss at inputs that are moved along ways of their own."""
    root = again(lambda path, a: a + by * ways[path] if path in ways else a).root
    return float(np.sum(root.data))
