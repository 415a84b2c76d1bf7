"""Other values of the inputs, a little beside those given, where a mistake may show that is hidden there."""

from __future__ import annotations

from typing import Any

import numpy as np

from .judgement import Judgement
from .observe.objects.copies import Shift
from .observe.probes.trace import path_text


def moved(found: Judgement, anew: bool = False) -> Shift:
    """Other values for what gradients were derived of, of the same make: signs, zeros and symmetry stay."""
    paths = {p for p, n in found.forward.leaves.items() if any(r.node is n for r in found.results)}
    others: dict[tuple[Any, ...], Any] = {}

    def shift(path: tuple[Any, ...], a: Any) -> Any:
        """The other value of one input, the same each time; what is empty or not finite stays."""
        if path not in paths:
            return a
        if path not in others:
            others[path] = other(path_text(path), np.asarray(a), anew)
        return others[path].copy()

    return shift


def other(name: str, a: Any, anew: bool) -> Any:
    """Another value of one input, drawn for its name."""
    if not a.size or not np.all(np.isfinite(a)):
        return a[()]
    rng = np.random.default_rng(sum(map(ord, name)) + a.size)
    return (both_signs(a.shape, rng) if anew else shifted(a, rng))[()]


def both_signs(shape: tuple[int, ...], rng: np.random.Generator) -> Any:
    """Random numbers with alternating signs."""
    numbers = np.abs(rng.normal(size=shape)) + 0.1
    numbers.reshape(-1)[1::2] *= -1
    return numbers


def shifted(a: Any, rng: np.random.Generator) -> Any:
    """An array of other numbers that are of the same make."""
    noise = rng.uniform(-1, 1, a.shape)
    if a.ndim == 2 and a.shape[0] == a.shape[1] and np.allclose(a, a.T):
        noise = (noise + noise.T) / 2
    if not np.any(a):
        return 0.1 * noise
    if np.all(a == np.round(a)) and a.size > 1:
        return a  # labels, masks, or other numbers that mean something
    if a.ndim and a.shape[-1] > 1 and any(np.allclose(a.sum(axis=axis), 1) for axis in range(a.ndim)):
        return a  # probabilities
    return a * (1 + 0.1 * noise)
