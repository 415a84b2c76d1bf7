"""Timing contenders against each other in one process.

The contenders take turns, so that a change in the machine's speed meets all of them; what counts is
the ratio to the first, turn by turn, and of those the median.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from statistics import median


def seconds(f: Callable[[], object], calls: int) -> float:
    """The time that one call of f takes, on average over `calls`."""
    start = time.perf_counter()
    for _ in range(calls):
        f()
    return (time.perf_counter() - start) / calls


def compare(contenders: dict[str, Callable[[], object]], calls: int = 300, turns: int = 31) -> None:
    """Print each contender's median time, and its median ratio to the first."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for f in contenders.values():
        seconds(f, calls)
    for _ in range(turns):
        for name, f in contenders.items():
            gc.collect()
            times[name].append(seconds(f, calls))
    base = next(iter(times.values()))
    print(f"| {'':38} | µs | times the first |\n|---|---|---|")
    for name, own in times.items():
        ratio = median(t / b for t, b in zip(own, base, strict=True))
        print(f"| {name:38} | {median(own) * 1e6:.1f} | {ratio:.2f} |")
