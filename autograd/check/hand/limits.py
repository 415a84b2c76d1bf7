"""How much the searches may do, counted in small runs of the user's code: every machine finds as much.

The unit is what a run costs that notes nothing, about 0.1 ms.
"""

from __future__ import annotations

from collections.abc import Sized
from typing import Any

import numpy as np

LOCATE = 6_500.0  # for the line in whose place the engine's value makes all right
CHANGE = 16_000.0  # for a change of a line that does
SECONDS = 3.0  # of the thread, for code that takes longer than its events tell, as a loop over plain numbers
MOST_SECONDS = 6.0  # for all searches together
DIAGNOSING = 1.5  # of the thread, for changes of lines that tell what is wrong with them, all together
TRIES_PER_LOOK = 8  # at the clock, which is slow on some machines


def price_of_a_run(events: list[Any], results: Sized) -> float:
    """What one run costs: the events that it notes, the elements it copies, the results that are judged."""
    elements = sum(np.size(e.value) for e in events)
    return 1 + len(events) / 100 + elements / 20_000 + len(results) / 7
