"""`check.derivation` against the catalogue of planted mistakes, and against the right derivations.

`python -m tests.test_check_catalogue` prints where its answers differ from the catalogue; with `--all`, for
all possible mistakes, from which the catalogue is a selection; with a word, for the derivations that have
it in their name.
"""

import re
import sys
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest

from autograd import check

from .derivations import DERIVATIONS
from .mistakes import KINDS, Mistake, all_mistakes, catalogue

FOUND, LINE, KIND = 1.0, 0.99, 0.97  # of the mistakes that run, the parts that must be told right
NOT_NAMED = 1  # of those that raise: a sum over the wrong axis, which the line after next notices


@dataclass(frozen=True, eq=False)
class Outcome:
    """What the check says of a mistake: whether it is found, its line named, and its kind."""

    mistake: Mistake
    report: check.DerivationReport

    @property
    def found(self) -> bool:
        return not self.report.ok

    @property
    def line(self) -> bool:
        first = self.report.first
        return first is not None and self.mistake.is_line(first.lineno, first.name)

    @property
    def kind(self) -> bool:
        return self.line and self.report.first.kind in self.mistake.kinds

    @property
    def very_kind(self) -> bool:
        """Whether the kind is the first choice."""
        return self.line and self.report.first.kind == self.mistake.kind

    @property
    def is_located(self) -> bool:
        """Whether the line is named at least in the error of a backward pass that raised."""
        return self.line or bool(re.search(rf"\b{self.mistake.lineno}\b", str(self.report.error)))

    def __str__(self) -> str:
        m, first = self.mistake, self.report.first
        said = (
            f"line {first.lineno}, {first.name}: {first.kind}: {first.hint}" if first else self.report.error
        )
        return (
            f"{m.derivation}, line {m.lineno}, {m.name}: {', '.join([m.kind, *sorted(m.kinds - {m.kind})])}\n"
            f"    right: {m.before}\n    wrong: {m.after}\n    says:  ok={self.report.ok}; {said}\n"
        )


def judged(mistakes: list[Mistake]) -> list[Outcome]:
    """The outcomes; what the arithmetic of mistakes overflows in is not of interest."""
    with np.errstate(all="ignore"):
        return [
            Outcome(m, check.derivation(m.derivation.forward, m.backward, m.derivation.inputs))
            for m in mistakes
        ]


def part(outcomes: list[Outcome], what: str) -> float:
    return sum(getattr(o, what) for o in outcomes) / len(outcomes)


def figures(outcomes: list[Outcome]) -> str:
    """The three figures in words."""
    found, line, kind, very = (f"{part(outcomes, w):.1%}" for w in ("found", "line", "kind", "very_kind"))
    return (
        f"hand derivations: of {len(outcomes)} planted mistakes {found} found, {line} with the first wrong "
        f"line named, {kind} with its kind ({very} by the first of its names)"
    )


def test_planted_mistakes(record_property):
    """Every one is found, the first wrong line named, and the kind right."""
    outcomes = judged([m for m in catalogue() if not m.raises])
    record_property("figures", figures(outcomes))
    assert part(outcomes, "found") >= FOUND
    assert part(outcomes, "line") >= LINE
    assert part(outcomes, "kind") >= KIND


def test_mistakes_that_raise():
    """The report is not ok, and names the line: as wrong by itself, or as the one that raised."""
    outcomes = judged([m for m in catalogue() if m.raises])
    assert all(o.found for o in outcomes)
    assert len([str(o) for o in outcomes if not o.is_located]) <= NOT_NAMED


@pytest.mark.parametrize("derivation", DERIVATIONS, ids=str)
def test_no_false_alarm(derivation):
    report = check.derivation(derivation.forward, derivation.backward, derivation.inputs)
    assert report.ok, str(report)
    assert report.first is None
    right = {line.name for line in report.lines if line.verdict == "right"}  # some only by a later line
    for line in report.lines:
        known = line.verdict == "scaled" and (line.name in derivation.scaled or line.name in right)
        assert line.verdict == "right" or known, line.name


def table(every: bool = False, word: str = "") -> str:
    """What the check misses, and the figures for each kind."""
    derivations = [d for d in DERIVATIONS if word in d.name]
    mistakes = [m for d in derivations for m in all_mistakes(d)] if every else catalogue()
    outcomes = judged([m for m in mistakes if m.derivation in derivations])
    runs = [o for o in outcomes if not o.mistake.raises]
    missed = [str(o) for o in runs if not o.kind]
    missed += [str(o) for o in outcomes if o.mistake.raises and not (o.found and o.is_located)]
    return "\n".join([*missed, *by_kind(runs), figures(runs)])


def by_kind(outcomes: list[Outcome]) -> list[str]:
    """For each kind, how many there are, and how many of them are found, have their line, and their kind."""
    rows = [f"{'':16}{'planted':>8}{'found':>8}{'line':>8}{'kind':>8}  called otherwise"]
    for kind in KINDS:
        some = [o for o in outcomes if o.mistake.kind == kind]
        counts = [sum(getattr(o, what) for o in some) for what in ("found", "line", "kind")]
        otherwise = Counter(o.report.first.kind for o in some if o.line and not o.kind)
        rows.append(
            f"{kind:16}{len(some):8}" + "".join(f"{n:8}" for n in counts) + f"  {dict(otherwise) or ''}"
        )
    return rows


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "--all"]
    sys.stdout.write(table("--all" in sys.argv, " ".join(words)) + "\n")
