"""The time to check a hand derivation: the first guide's, right and with a mistake in it.

    python benchmarks/check.py

Beside the milliseconds stands how many training steps NumPy makes in that time, in code by hand on the same
network: that is nearly the same on all machines.
"""

import runpy
from functools import partial
from pathlib import Path

from step import by_hand
from timing import in_turns

from autograd import check

EXAMPLE = runpy.run_path(str(Path(__file__).parents[1] / "examples" / "02_hand_derivation.py"))
STEPS = 100


def checking(backward):
    """A call that checks a backward pass."""
    return partial(check.derivation, EXAMPLE["forward"], backward, EXAMPLE["INPUTS"])


def main():
    step = by_hand()
    contenders = {"steps by hand": lambda: [step() for _ in range(STEPS)]}
    contenders["the right derivation"] = checking(EXAMPLE["backward"])
    for what, right, wrong in EXAMPLE["MISTAKES"]:
        contenders[what] = checking(EXAMPLE["with_mistake"](right, wrong))
    in_turns(contenders, calls=1, turns=2)  # to warm up
    print("| | ms, median of 31 | training steps by hand |")
    print("|---|---|---|")
    for what, (seconds, ratio) in list(in_turns(contenders, calls=1, turns=31).items())[1:]:
        print(f"| {what} | {seconds * 1e3:.1f} | {ratio * STEPS:.0f} |")


if __name__ == "__main__":
    main()
