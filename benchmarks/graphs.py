"""The time to draw large graphs, to write pages of them, and to count their paths.

python benchmarks/graphs.py
"""

import functools
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

import nn
from autograd import Graph, Tensor, draw, explain, explore


def leaf(value):
    return Tensor(value, requires_grad=True)


def model():
    """The output of about 10,000 operations, in modules of modules."""
    block = [nn.Sequential(nn.Linear(2, 2, rng=i), nn.Tanh(), nn.Linear(2, 2, rng=i)) for i in range(2000)]
    return nn.Sequential(*(nn.Sequential(*block[i : i + 20]) for i in range(0, 2000, 20)))(
        np.ones((1, 2))
    ).sum()


def loop(n=100_000):
    return functools.reduce(lambda t, _: t * 1.0, range(n), leaf(1.0))


def seconds(f, times=3):
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        f()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def main():
    folder = Path(tempfile.mkdtemp())
    print("| seconds, median of 3 | arrays | record of the graph | draw, as SVG | explore |")
    print("|---|---|---|---|---|")
    for what, make in (("10,000 operations in modules", model), ("100,000 in a flat loop", loop)):
        output = make()
        looks = (
            functools.partial(Graph.of, output),
            functools.partial(draw, output, folder / "graph.svg"),
            functools.partial(explore, output, folder / "graph.html"),
        )
        times = " | ".join(f"{seconds(look):.2f}" for look in looks)
        print(f"| {what} | {len(Graph.of(output).nodes):,} | {times} |")
    x = leaf(1.0)
    output = functools.reduce(lambda t, _: t + t, range(60), x)
    drawn = seconds(lambda: draw(output, folder / "graph.svg")) * 1e3
    counted = seconds(lambda: explain(output, x)) * 1e3
    print(f"\n60 doublings drawn in {drawn:.1f} ms, their 2^60 paths counted in {counted:.1f} ms")


if __name__ == "__main__":
    main()
