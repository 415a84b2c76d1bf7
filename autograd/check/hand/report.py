"""What a check of a hand derivation says: line by line, as text, and as a table in a notebook."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import CheckError, DerivationError

HEAD = ("line", "gradient", "verdict", "error", "source")  # of the table
COLOURS = {  # each can be read on white and on black
    "right": "#1a8754",
    "scaled": "#1a8754",
    "inherits": "#a86b00",
    "wrong here": "#d6303f",
    "inconclusive": "#7a7f87",
}
KINDS = {  # of mistakes, each in words
    "factor": "it is a constant times what it should be",
    "sign": "the sign is wrong, of all of it or of a part",
    "transpose": "an array is transposed, or two are in the wrong order",
    "shape": "the shapes do not fit: something is summed over the wrong axis, or not at all",
    "missing-factor": "something is missing that it should be multiplied by",
    "extra-factor": "it is multiplied by something that does not belong there",
    "wrong-variable": "another variable, or another part of it, belongs there",
    "missing-term": "something is missing that should be added",
    "extra-term": "something is added that does not belong there",
    "overwritten": "it replaces what it should be added to",
    "jacobian": "elements depend on other elements too, and this is left out",
    "unknown": "what is wrong with it could not be told by its numbers",
}


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """The verdict on one gradient, and the line that made it.

    name      the gradient: "dZ2"
    verdict   "right": it equals the true gradient; "scaled": it is the true gradient times a constant,
              which the lines after it take out again; "inherits": it is wrong only because a line before
              it is; "wrong here": it is wrong by itself; "inconclusive": it can't be told
    kind      the kind of mistake in a line that is wrong here: one of `KINDS`
    hint      what to look at, or why it can't be told
    source    the user's line; `lineno` is its number in the file `filename`
    calls     for a line in a helper, file and line of the calls that it ran in, the innermost first
    error     how far it is from the true gradient, as a part of the true gradient's largest element
    yours     what the line made; `true` is the true gradient, and `expected` what follows from the user's
              own gradients before it (all three are arrays)
    levels    what is known of how it is derived, up to a level of `DerivationReport.hint`
    """

    name: str
    verdict: str
    kind: str | None
    hint: str
    source: str
    lineno: int
    error: float
    yours: Any
    true: Any
    expected: Any
    filename: str = ""
    calls: tuple[tuple[str, int], ...] = ()
    levels: Callable[[int], str] = field(repr=False, default=lambda level: "")

    @property
    def fine(self) -> bool:
        """Whether nothing is wrong with this line."""
        return self.verdict in ("right", "scaled")


@dataclass(frozen=True, slots=True, eq=False)
class DerivationReport:
    """What `check.derivation` found.  As a string it is a table; its truth is `ok`.

    lines      the verdicts, in the order in which the lines ran
    unmatched  the results that could not be judged, each with the reason
    error      where the forward or the backward pass raised, and what; None if it did not
    is_faulty  whether the error is a finding: backward raised, and forward did not
    judged     whether a result is right, by its name, for all that were judged
    inputs     by input that has a gradient, whether that is right, wrong, or not derived
    drawn      the upstream gradients that were drawn, by the parameters that they were passed to
    notes      what else is to be said: that steps go uphill, or that a mistake shows at other inputs only
    prefix     what a gradient's name begins with
    """

    lines: tuple[Line, ...]
    unmatched: dict[str, str] = field(default_factory=dict)
    error: str | None = None
    judged: dict[str, bool] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    drawn: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    prefix: str = "d"
    is_faulty: bool = False

    @property
    def ok(self) -> bool:
        """Whether there are results, all that was asked for was judged, and each is right."""
        return bool(self.judged) and self.error is None and not self.unmatched and all(self.judged.values())

    def __bool__(self) -> bool:
        """Whether all is right: `ok`."""
        return self.ok

    @property
    def status(self) -> str:
        """Right, wrong, or not judged: nothing is known to be wrong then, but not all could be judged."""
        if self.ok:
            return "right"
        is_wrong = self.is_faulty or self.first is not None or not all(self.judged.values())
        return "wrong" if is_wrong else "not judged"

    @property
    def first(self) -> Line | None:
        """The first line that is wrong by itself; None if none is."""
        return next((line for line in self.lines if line.verdict == "wrong here"), None)

    def __getitem__(self, name: str) -> Line:
        """The last line of a gradient: `report["dW1"]`."""
        for line in reversed(self.lines):
            if line.name == name:
                return line
        for line in reversed(self.lines):
            if line.name.rpartition(".")[2] == name:  # `layers[1].dW`
                return line
        raise DerivationError(
            f"no line of {name} was judged: there are {', '.join(x.name for x in self.lines) or 'none'}"
        )

    def hint(self, name: str, level: int = 1) -> str:
        """Help with a gradient, which gives away more at each level; a level says all of those below it too.

        1  where its line is, and the rules that apply
        2  the kind of mistake, and the shapes
        3  the formula; or, where the line makes no gradient, what is wrong there

        Of several lines that made the gradient it is the first that is wrong by itself, else the last.
        """
        if level not in (1, 2, 3):
            raise DerivationError(
                f"level={level!r} is not 1 (the place and the rules), 2 (and the kind of mistake and the "
                "shapes) or 3 (and the formula)"
            )
        last = self[name]
        line = next((x for x in self.lines if x.name == last.name and x.verdict == "wrong here"), last)
        where = f"line {line.lineno}: {line.source}" if line.lineno else line.source
        kind = f"{line.kind}: {KINDS[line.kind]}" if line.kind and level > 1 else ""
        return "\n".join(filter(None, (where, kind, line.levels(level))))

    def assert_ok(self) -> None:
        """Raise CheckError, an AssertionError, with the whole report if it is not ok."""
        if not self.ok:
            raise CheckError("\n" + str(self))

    @property
    def headline(self) -> str:
        """The report in one sentence."""
        return "the derivation is right" if self.ok else "the derivation is not shown to be right"

    def rows(self) -> Iterator[tuple[str, ...]]:
        """The rows of the table: line, gradient, verdict, error and source."""
        for line in self.lines:
            kind = f": {line.kind}" if line.kind else ""
            error = "" if np.isnan(line.error) else f"{line.error:.1e}"
            yield str(line.lineno or ""), line.name, line.verdict + kind, error, line.source

    def remarks(self) -> Iterator[str]:
        """What is said below the table."""
        if self.first:
            yield self.told(self.first)
        said: dict[str, list[str]] = {}
        for line in self.lines:
            if line.hint and line is not self.first:
                said.setdefault(f"{line.verdict}: {line.hint}", []).append(line.name)
        for text, names in said.items():
            yield f"{', '.join(dict.fromkeys(names))}, {text}"
        for reason in dict.fromkeys(self.unmatched.values()):
            yield f"{', '.join(k for k, v in self.unmatched.items() if v == reason)}: {reason}"
        if self.error:
            yield self.error
        yield from self.notes
        if not self.judged and not self.error and not self.unmatched:
            yield "nothing was judged: backward returns, leaves and names no gradient of forward's"
        if self.inputs:
            yield "gradients: " + "; ".join(f"{name}: {state}" for name, state in self.inputs.items())
        for name, value in self.drawn.items():
            yield f"the upstream gradient {name} was drawn: {shown(value)}"

    def told(self, line: Line) -> str:
        """What is said of the first wrong line: where it is, what is wrong there, and the right values."""
        within = "".join(f"\n  called in line {n} of {Path(f).name}" for f, n in line.calls)
        is_known = np.size(line.yours) and not np.all(np.isnan(line.expected))
        both = f"\nyours:\n{shown(line.yours)}\nright:\n{shown(line.expected)}" if is_known else ""
        where = f" of {Path(line.filename).name}" if line.filename else ""
        return f"first wrong line: {line.lineno}: {line.source}{within and where + within}\n{line.hint}{both}"

    def __str__(self) -> str:
        """The report as a text: a sentence, the table, and what is said below it."""
        rows = [HEAD, *self.rows()]
        widths = [max(len(row[i]) for row in rows) for i in range(4)]
        table = [
            "  ".join(c.ljust(w) for c, w in zip(row, (*widths, 0), strict=True)).rstrip() for row in rows
        ]
        return "\n".join([self.headline, "", *(table if self.lines else ()), "", *self.remarks()]).rstrip()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """The same for a notebook, with a colour for each verdict."""
        head = "".join(f'<th style="text-align:left">{name}</th>' for name in HEAD)
        body = "".join(
            f'<tr style="color:{COLOURS[line.verdict]}" title="{escape(line.hint)}">'
            + "".join(f"<td>{escape(cell)}</td>" for cell in row[:-1])
            + f"<td><code>{escape(row[-1])}</code></td></tr>"
            for line, row in zip(self.lines, self.rows(), strict=True)
        )
        remarks = "".join(f"<pre>{escape(text)}</pre>" for text in self.remarks())
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        return f"<p><b>{self.headline}</b></p>{table}{remarks}"


def shown(value: Any) -> str:
    """An array as text, with dots for the middle of a large one."""
    return np.array2string(np.asarray(value), precision=6, suppress_small=False, threshold=64, edgeitems=3)
