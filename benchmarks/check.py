"""The time to check a hand derivation: the first guide's, right and with a mistake in it.

python benchmarks/check.py
"""

import runpy
import statistics
import time
from pathlib import Path

from autograd import check

EXAMPLE = runpy.run_path(str(Path(__file__).parents[1] / "examples" / "02_hand_derivation.py"))


def milliseconds(backward, times=31):
    """The median time of a check."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        check.derivation(EXAMPLE["forward"], backward, EXAMPLE["INPUTS"])
        taken.append((time.perf_counter() - start) * 1e3)
    return statistics.median(taken)


def main():
    print("| ms, median of 31 | |")
    print("|---|---|")
    print(f"| the right derivation | {milliseconds(EXAMPLE['backward']):.1f} |")
    for what, right, wrong in EXAMPLE["MISTAKES"]:
        print(f"| {what} | {milliseconds(EXAMPLE['with_mistake'](right, wrong)):.1f} |")


if __name__ == "__main__":
    main()
