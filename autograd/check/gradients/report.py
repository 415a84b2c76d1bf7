"""The result of a gradient check: a record for each input, a table as text, and one for notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from textwrap import fill
from typing import Any

import numpy as np

from ...errors import CheckError
from .compare import Comparison

PASS, FAIL, INCONCLUSIVE = "pass", "fail", "inconclusive"


@dataclass(frozen=True, slots=True)
class InputCheck:
    """The result for the gradient with respect to one input.

    name      the function's name for the input: `w`, `params['w'][0]`
    order     1 for the gradient, 2 for the gradient of the gradient
    verdict   "pass", "fail" or "inconclusive"; `reason` says why, unless it is a pass
    error     how far the claimed gradient is from the numerical one, relative to the tensor's scale
    estimate  the bound for the error of the numerical gradient, in the same unit
    method    "complex step" or "Richardson"
    index     where a failing gradient is worst; `yours` and `true` are the two numbers there
    wrong     how many of the `looked` elements that were examined one by one are wrong
    kinks     how many elements were left out, because the function has a kink or an edge there
    zero      whether the gradient is zero everywhere up to rounding, so that no wrong factor could show
    """

    name: str
    shape: tuple[int, ...]
    order: int = 1
    verdict: str = INCONCLUSIVE
    reason: str = ""
    error: float = float("nan")
    estimate: float = float("nan")
    method: str = ""
    index: tuple[int, ...] | None = None
    yours: float = float("nan")
    true: float = float("nan")
    wrong: int = 0
    looked: int = 0
    kinks: int = 0
    zero: bool = False

    @property
    def label(self) -> str:
        """The name, followed by the order if it is not 1."""
        return self.name if self.order == 1 else f"{self.name} (order {self.order})"

    def by(self, method: str) -> InputCheck:
        """A copy that names the method of the numerical gradient."""
        return replace(self, method=method)

    def seen(self, found: Sequence[Comparison], kinks: int) -> InputCheck:
        """A copy with the largest error among these comparisons, and the largest bound for it."""
        with np.errstate(divide="ignore", invalid="ignore"):
            errors = [np.max((c.apart / c.scale)[c.scale > 0], initial=0) for c in found]
            estimates = [np.max((c.error / c.scale)[c.scale > 0], initial=0) for c in found]
        error, estimate = (float(max(e, default=np.nan)) for e in (errors, estimates))
        return replace(self, error=error, estimate=estimate, kinks=kinks)

    def passing(self, zero: bool = False) -> InputCheck:
        """A copy that passes, without a reason."""
        return replace(self, verdict=PASS, zero=zero)

    def undecided(self, reason: str, zero: bool = False) -> InputCheck:
        """A copy that is inconclusive, which is never counted as a pass."""
        return replace(self, verdict=INCONCLUSIVE, reason=reason, zero=zero)

    def failing(self, reason: str) -> InputCheck:
        """A copy that fails as a whole, for its shape: no element can be compared, so the error is inf."""
        return replace(self, verdict=FAIL, reason=reason, error=float("inf"))

    def pointing(self, hint: str, **found: Any) -> InputCheck:
        """A copy that fails at one element."""
        check = replace(self, verdict=FAIL, **found)
        where = f"element {list(check.index)} of it" if check.index else "it"
        ratio = (
            f", {check.yours / check.true:.6g} times as much"
            if check.true and np.isfinite(check.yours)
            else ""
        )
        count = f"; wrong at {check.wrong} of {check.looked} elements looked at" if check.looked > 1 else ""
        reason = f"{where} is {check.yours:.10g}, and should be {check.true:.10g}{ratio}{count}"
        return replace(check, reason=reason + (f"; {hint}" if hint else ""))


HEADER = ("input", "shape", "verdict", "error", "known to", "method", "kinks")


@dataclass(frozen=True, slots=True)
class GradcheckReport:
    """The result of a gradient check; it is true if every input passed.

    verdict  "fail" if any input fails, else "inconclusive" if any is, else "pass"
    inputs   an InputCheck for each input and each order
    power    the inputs for which a mistake could not have been found, and why
    notes    other findings: randomness, inputs written to in place
    """

    name: str
    verdict: str
    inputs: tuple[InputCheck, ...]
    power: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the verdict is "pass"."""
        return self.verdict == PASS

    def __bool__(self) -> bool:
        return self.ok

    def assert_ok(self) -> None:
        """Raise CheckError, an AssertionError with the whole report, unless every input passed."""
        if not self.ok:
            raise CheckError(str(self))

    def rows(self) -> list[tuple[str, ...]]:
        """The table, row by row."""
        return [
            (
                c.label,
                str(c.shape),
                c.verdict,
                number(c.error),
                number(c.estimate),
                c.method,
                str(c.kinks or ""),
            )
            for c in self.inputs
        ]

    def remarks(self) -> list[str]:
        """All remarks, one paragraph each, failures first."""
        failed = [f"{c.label}: {c.reason}." for c in self.inputs if c.verdict == FAIL]
        undecided = [f"{c.label}: {c.reason}." for c in self.inputs if c.verdict == INCONCLUSIVE]
        return [*failed, *undecided, *(f"{p}." for p in self.power), *(f"Note: {n}." for n in self.notes)]

    def __str__(self) -> str:
        table = [HEADER, *self.rows()]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = [
            "  ".join(f"{cell:{n}}" for cell, n in zip(row, widths, strict=True)).rstrip() for row in table
        ]
        remarks = [f"\n{fill(r, 100, break_long_words=False)}" for r in self.remarks()]
        return "\n".join([f"gradient of {self.name}: {self.verdict}", "", *lines, *remarks])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{escape(cell)}</th>" for cell in HEADER)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in self.rows()
        )
        remarks = "".join(f"<p>{escape(r)}</p>" for r in self.remarks())
        title = f"<p><b>gradient of {escape(self.name)}: {escape(self.verdict)}</b></p>"
        return f"{title}<table><tr>{head}</tr>{body}</table>{remarks}"


def number(value: float) -> str:
    """An error as the table shows it: its order of magnitude, or nothing if there is none."""
    return "" if np.isnan(value) else f"{value:.0e}" if value else "0"


def report(
    name: str, inputs: Sequence[InputCheck], power: Sequence[str], notes: Sequence[str]
) -> GradcheckReport:
    """The report on these inputs, with the worst of their verdicts."""
    verdicts = {c.verdict for c in inputs}
    verdict = next(v for v in (FAIL, INCONCLUSIVE, PASS) if v in verdicts)
    return GradcheckReport(name, verdict, tuple(inputs), tuple(power), tuple(dict.fromkeys(notes)))
