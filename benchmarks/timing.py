"""Timing contenders against each other in one process.

The contenders take turns, so that a change in the machine's speed affects all of them.  The result is the
median, over all turns, of the ratio to the first contender.  It depends on the length of a turn: in a long
turn, a contender runs in caches that it filled itself, in a short turn in the caches that the others left.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median, quantiles

Contenders = dict[str, Callable[[], object]]


def seconds(f: Callable[[], object], calls: int) -> float:
    """The time of one call of f, as the average over `calls`."""
    start = time.perf_counter()
    for _ in range(calls):
        f()
    return (time.perf_counter() - start) / calls


def in_turns(contenders: Contenders, calls: int, turns: int) -> dict[str, tuple[float, float]]:
    """Each contender's median time of a call, and its median ratio to the first contender's time."""
    times = [[seconds(f, calls) for f in contenders.values()] for _ in range(turns)]
    ratios = [[t / turn[0] for t in turn] for turn in times]
    columns = zip(*times, strict=True), zip(*ratios, strict=True)
    return {name: (median(t), median(r)) for name, t, r in zip(contenders, *columns, strict=True)}


def compare(contenders: Contenders) -> None:
    """Print the times and ratios in long turns, and the ratios in turns of one call."""
    in_turns(contenders, calls=300, turns=2)  # to warm up
    long, short = in_turns(contenders, calls=300, turns=31), in_turns(contenders, calls=1, turns=5000)
    print("| | µs | ratio, turns of 300 | ratio, turns of 1 |\n|---|---|---|---|")
    for name, (t, ratio) in long.items():
        print(f"| {name} | {t * 1e6:.0f} | {ratio:.2f} | {short[name][1]:.2f} |")


def compare_large(contenders: Contenders) -> None:
    """Print the times and ratios of calls that take milliseconds, and the quartiles of the ratios.

    There is a pause before each turn.  The threads of a linear algebra library spin for a while when they
    have nothing to do, and would take time from the next contender.
    """

    def rested(f: Callable[[], object]) -> float:
        time.sleep(0.1)
        f()
        return seconds(f, 5)

    turns = [[rested(f) for f in contenders.values()] for _ in range(31)]
    print("| | ms | ratio | half of the turns within |\n|---|---|---|---|")
    for i, name in enumerate(contenders):
        ratios = [turn[i] / turn[0] for turn in turns]
        low, middle, high = quantiles(ratios, n=4)
        t = median(turn[i] for turn in turns)
        print(f"| {name} | {t * 1e3:.2f} | {middle:.2f} | {low:.2f} to {high:.2f} |")
