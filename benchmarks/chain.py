"""A chain of a million scalar operations: the time to build it, the time of backward, and bytes per node."""

from __future__ import annotations

import gc
import time
import tracemalloc

from autograd import Tensor

LENGTH = 1_000_000


def chain(length):
    x = t = Tensor(1.0, requires_grad=True)
    for _ in range(length):
        t = t * 1.000001
    return x, t


def timed():
    start = time.perf_counter()
    x, t = chain(LENGTH)
    built = time.perf_counter()
    t.backward()
    back = time.perf_counter()
    assert abs(x.grad / t.data - 1) < 1e-9
    del t
    freed = time.perf_counter()
    return [(b - a) / LENGTH * 1e6 for a, b in ((start, built), (built, back), (back, freed))]


def bytes_a_node(length=100_000):
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    held = chain(length)
    size = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert held
    return size / length


if __name__ == "__main__":
    timed()
    build, back, free = timed()
    gc.disable()
    off = timed()
    gc.enable()
    print("| µs an operation | build | back | together | free |\n|---|---|---|---|---|")
    print(f"| as Python comes | {build:.2f} | {back:.2f} | {build + back:.2f} | {free:.2f} |")
    print(f"| garbage collector off | {off[0]:.2f} | {off[1]:.2f} | {off[0] + off[1]:.2f} | {off[2]:.2f} |")
    print(f"\n{bytes_a_node():.0f} bytes a node")
