"""The line with few elements through which all that is wrong goes."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ... import limits
from ..bench import Bench
from ..forms import is_unpacked
from ..suspects import Blame, Suspect
from ..suspicion import Suspicion
from .origins import is_known
from .solved import mended

NARROW = 2  # as many elements has what is blamed, at least


def narrow_line(blame: Blame, suspects: Iterable[Suspect], bench: Bench, trust: Suspicion) -> Blame | None:
    """The first line before what is blamed that has far fewer elements, if other values of it make all right.

    Where so few numbers can put so many right, it is no chance: what is wrong was made there, or before it.
    """
    size = sum(np.size(e.value) for e in blame.events)
    start = min((e.time for e in blame.events), default=0)
    stop = bench.spent + limits.CHANGE / 2
    for s in suspects:
        if bench.is_over(stop):
            return None
        own = sum(np.size(e.value) for e in s.events)
        if not 1 < own * NARROW <= size or s.time >= start or not bench.wrong <= bench.reached(s.site):
            continue
        if (
            is_unpacked(s.site)
            or all(is_known(e, bench, trust) for e in s.events)
            or any(np.size(e.value) == 1 for e in s.events)
        ):
            continue
        if (found := mended(s, s.events, bench)) is not None:
            return found
    return None
