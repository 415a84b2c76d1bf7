"""The ratios of times that a release stands for, compared with those of the last release.

    python benchmarks/ratios.py           # measures, compares, and exits with 1 if one has grown too much
    python benchmarks/ratios.py --write   # for a release: writes what it measures to ratios.json

Two contenders take turns, and the fastest turn of one is divided by the fastest turn of the other, in time
of the processor: a busy machine makes turns slower, and never faster.  Each ratio may grow by its factor,
which is as close to 1 as the noise that is left allows.
"""

from __future__ import annotations

import argparse
import json
import resource
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import step
from chain import chain
from timing import Contenders

import autograd
from autograd import check

KEPT = Path(__file__).parent / "ratios.json"
FACTORS = {
    "a step of nn / by hand": 1.3,
    "a step with operators / by hand": 1.3,
    "a step of plain functions / by hand": 1.3,
    "a compiled step of nn / by hand": 1.3,
    "a thousand operations, forth and back / ten steps by hand": 1.4,
    "a check of a derivation / a hundred steps by hand": 1.5,
    "import autograd / import numpy": 1.2,
}


def measured() -> dict[str, float]:
    """All ratios."""
    found: list[float] = []
    steps = {
        "by hand": step.by_hand(),
        "nn": step.with_nn(),
        "operators": step.with_operators_and_methods(),
        "plain": step.with_plain_functions(),
        "compiled": step.compiled(step.with_nn()),
    }
    found += fastest(steps, calls=1000, turns=15)

    by_hand = step.by_hand()

    def often(calls: int) -> Any:
        return lambda: [by_hand() for _ in range(calls)]

    def thousand() -> None:
        chain(1000)[1].backward()

    example = runpy.run_path(str(Path(__file__).parents[1] / "examples" / "02_hand_derivation.py"))

    def checked() -> None:
        check.derivation(example["forward"], example["backward"], example["INPUTS"])

    for contenders in ({"hand": often(10), "": thousand}, {"hand": often(100), "": checked}):
        found += fastest(contenders, calls=100, turns=7)
    imports = {"numpy": lambda: process("import numpy"), "": lambda: process("import autograd")}
    found += fastest(imports, calls=1, turns=20)
    return dict(zip(FACTORS, found, strict=True))


def process(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True)


def seconds(f: Callable[[], object], calls: int) -> float:
    """The processor's time for some calls of f, in this process and in those that it starts."""
    before = spent()
    for _ in range(calls):
        f()
    return spent() - before


def spent() -> float:
    """The processor's time up to now.  os.times() would count in hundredths of a second."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)


def fastest(contenders: Contenders, calls: int, turns: int) -> list[float]:
    """For each contender but the first, its fastest turn by the fastest of the first."""
    times = [[seconds(f, calls) for f in contenders.values()] for _ in range(turns)]
    first, *others = (min(column) for column in zip(*times, strict=True))
    return [other / first for other in others]


def grown(now: dict[str, float], before: dict[str, float]) -> list[str]:
    """The names of the ratios that have grown by more than their factors."""
    return [name for name, ratio in now.items() if name in before and ratio > FACTORS[name] * before[name]]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="keep what is measured")
    options = parser.parse_args()
    now = measured()
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {"release": "none", "ratios": {}}
    before = kept["ratios"]
    print(f"| | now | {kept['release']} | may grow by |\n|---|---|---|---|")
    for name, ratio in now.items():
        print(f"| {name} | {ratio:.2f} | {before.get(name, float('nan')):.2f} | {FACTORS[name]} |")
    if options.write:
        rounded = {name: round(ratio, 3) for name, ratio in now.items()}
        KEPT.write_text(json.dumps({"release": autograd.__version__, "ratios": rounded}, indent=2) + "\n")
        return 0
    slower = grown(now, before)
    for name in slower:
        print(f"slower: {name}", file=sys.stderr)
    return bool(slower)


if __name__ == "__main__":
    raise SystemExit(main())
