"""The generators of random numbers that NumPy and Python share: their states, to be put back."""

from __future__ import annotations

import ctypes
import random
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

MT19937_BYTES = 625 * 4  # 624 words, and how many of them were given out


@dataclass(frozen=True, slots=True)
class Draws:
    """The states of the shared generators, and what NumPy's holds in memory.

    To read a state of NumPy's, or to set it, takes as long as a short backward pass.  So it is looked at in
    memory whether anything was drawn at all.
    """

    memory: bytes | None
    numpys: Any
    pythons: Any

    @classmethod
    def now(cls, before: Self | None = None) -> Self:
        """The states as they are: NumPy's is the one before, if nothing was drawn since."""
        memory = memory_of_numpys()
        if before is not None and before.is_still(memory):
            return cls(memory, before.numpys, random.getstate())
        is_told = before is None or not before.numpys["has_gauss"]  # else both may look the same
        return cls(memory if is_told else None, np.random.get_state(legacy=False), random.getstate())

    def is_still(self, memory: bytes | None) -> bool:
        """Whether nothing was drawn from NumPy's generator, which keeps the second of two normal numbers."""
        return memory is not None and memory == self.memory and not self.numpys["has_gauss"]

    def put_back(self) -> None:
        """Let the generators be as they were."""
        if not self.is_still(memory_of_numpys()):
            np.random.set_state(self.numpys)
        random.setstate(self.pythons)


def memory_of_numpys() -> bytes | None:
    """What NumPy's shared generator holds in memory, which every draw changes; None if it is another kind."""
    generator = np.random.get_bit_generator()  # type: ignore[attr-defined]  # which the stubs lack
    if type(generator) is not np.random.MT19937:
        return None
    return ctypes.string_at(generator.ctypes.state_address, MT19937_BYTES)
