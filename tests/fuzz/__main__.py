"""The command line: try programs, and print what was tried and what failed."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from tqdm import tqdm

from .shrink import shrunk
from .statements import KINDS, USES
from .trial import Doubt, Failure, drafted, judge, snippet

CHUNK = 50  # programs in a batch for one process
SHOWN = 20  # failures that are shortened and printed


@dataclass
class Tally:
    """The counts of what has been tried."""

    programs: int = 0
    doubts: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[str, Failure]] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    uses: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    furthest: dict[str, float] = field(default_factory=dict)

    def add(self, other: Tally) -> None:
        self.programs += other.programs
        self.failures += other.failures
        for name in ("doubts", "kinds", "uses", "refused"):
            getattr(self, name).update(getattr(other, name))
        for kind, distance in other.furthest.items():
            self.furthest[kind] = max(self.furthest.get(kind, 0), distance)


def tried(start: int, seed: int, lines: int, kinds: tuple[str, ...], end: int) -> Tally:
    """The counts for a chunk of the programs of a seed, from `start` on."""
    tally = Tally()
    for k in range(start, min(start + CHUNK, end)):
        draft, refused = drafted(f"{seed}.{k}", lines, kinds)
        tally.programs += 1
        tally.refused.update(refused)
        tally.uses.update(line.use for line in draft.program.lines)
        tally.kinds.update(line.kind for line in draft.program.lines)
        try:
            failure, distances = judge(draft)
        except Doubt as doubt:
            tally.doubts[str(doubt)] += 1
            continue
        if failure:
            program, failure = shrunk(draft.program, failure)
            tally.failures.append((snippet(program, f"program {k} of seed {seed}"), failure))
        else:
            tally.add(Tally(furthest=distances))
    return tally


def tallies(jobs: int, programs: int, **options: object) -> Iterator[Tally]:
    """The tallies of all chunks, as they are finished."""
    starts = range(0, programs, CHUNK)
    one = partial(tried, end=programs, **options)  # type: ignore[arg-type]
    if jobs == 1:
        yield from map(one, starts)
    else:
        with ProcessPoolExecutor(jobs) as pool:
            yield from pool.map(one, starts)


def share(part: int, whole: int) -> str:
    return f"{part:,} ({part / max(whole, 1):.2%})"


def report(total: Tally, seconds: float) -> None:
    lines, refused = total.uses.total(), total.refused.total()
    tried = f"{total.programs:,} programs of {lines:,} lines"
    print(f"{len(total.failures):,} mismatches in {tried}, {seconds:.0f} s")
    print(f"programs about which the oracle is in doubt: {share(total.doubts.total(), total.programs)}")
    for doubt, count in total.doubts.most_common():
        print(f"    {count:7,}  {doubt}")
    print(f"lines drawn, and refused: {share(refused, lines + refused)}")
    for reason, count in total.refused.most_common():
        print(f"    {count:7,}  {reason}")
    print("furthest from the oracle, beyond its own error, as a part of the scale:")
    for kind, distance in total.furthest.items():
        print(f"    {distance:7.0e}  {kind}")
    print("kinds of lines: " + ", ".join(f"{kind} {count:,}" for kind, count in total.kinds.most_common()))
    print(f"{len(total.uses)} operations of the table, and how often each was drawn:")
    print(", ".join(f"{use} {count:,}" for use, count in total.uses.most_common()))
    print("never drawn: " + (", ".join(use for use in USES[False] if use not in total.uses) or "none"))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--programs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--lines", type=int, default=12, help="of a program")
    parser.add_argument(
        "--kinds", default=",".join(KINDS), help="of statements beside expressions: %(default)s"
    )
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    options = parser.parse_args(arguments)
    start, total = time.perf_counter(), Tally()
    with tqdm(total=options.programs, unit="programs", disable=not sys.stderr.isatty()) as bar:
        kinds = tuple(options.kinds.split(",")) if options.kinds else ()
        for tally in tallies(
            options.jobs, options.programs, seed=options.seed, lines=options.lines, kinds=kinds
        ):
            total.add(tally)
            bar.update(tally.programs)
            for text, failure in tally.failures[: max(0, SHOWN - len(total.failures) + len(tally.failures))]:
                print(f"{failure.kind}: {failure.detail}\n{text}\n", flush=True)
    report(total, time.perf_counter() - start)
    return len(total.failures) > 0


if __name__ == "__main__":
    sys.exit(main())
