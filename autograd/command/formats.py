"""Verdicts as text for a terminal, as JSON, and as annotations that GitHub shows beside the lines."""

from __future__ import annotations

import json
import os
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ..check import Line
from .judge import Verdict


def text(verdicts: Iterable[Verdict], level: int) -> Iterator[str]:
    """One line for each right target, and the report for each wrong one, with a hint if `level` is not 0."""
    for verdict in verdicts:
        report, where = verdict.report, f"{shown(verdict.path)}:{verdict.target.line}: {verdict.target.title}"
        if report is None:
            yield f"{where}: not judged\n{indented(verdict.refusal)}\n"
        elif report.ok:
            left = [name for name, state in report.inputs.items() if state == "not derived"]
            yield f"{where}: right" + (f" (no gradient of {', '.join(left)})" if left else "")
            yield from (indented(note) for note in report.notes)
        else:
            table = str(report).removeprefix(report.headline).strip("\n")
            yield f"{where}: {verdict.status}\n\n{indented(table)}\n"
            if level and report.first:
                yield indented(report.hint(report.first.name, level)) + "\n"


def summary(verdicts: Iterable[Verdict]) -> str:
    """The number of verdicts of each kind: "2 right, 1 wrong"."""
    counted = [v.status for v in verdicts]
    return ", ".join(f"{counted.count(s)} {s}" for s in ("right", "wrong", "not judged") if s in counted)


def as_json(verdicts: Iterable[Verdict]) -> str:
    """All that the reports say, apart from the arrays."""
    return json.dumps([entry(v) for v in verdicts], indent=2)


def entry(verdict: Verdict) -> dict[str, Any]:
    """One verdict for JSON."""
    report, target = verdict.report, verdict.target
    said: dict[str, Any] = {
        "file": str(verdict.path),
        "line": target.line,
        "name": target.name,
        "forward": target.forward,
        "backward": target.backward,
        "status": verdict.status,
    }
    if report is None:
        return said | {"refusal": verdict.refusal}
    first = report.first
    return said | {
        "judged": report.judged,
        "unmatched": report.unmatched,
        "inputs": report.inputs,
        "error": report.error,
        "notes": list(report.notes),
        "first": line_entry(first) if first else None,
        "lines": [line_entry(line) for line in report.lines],
    }


def line_entry(line: Line) -> dict[str, Any]:
    """One line of a report for JSON, in which there is no NaN."""
    return {
        "gradient": line.name,
        "verdict": line.verdict,
        "kind": line.kind,
        "hint": line.hint,
        "source": line.source,
        "line": line.lineno,
        "file": line.filename,
        "error": line.error if abs(line.error) < float("inf") else None,
    }


def github(verdicts: Iterable[Verdict]) -> Iterator[str]:
    """An annotation for each line that is wrong by itself, or for the whole target if no line is to blame."""
    for verdict in verdicts:
        report, target = verdict.report, verdict.target
        if report is None:
            yield annotation(verdict.path, target.line, f"{target.title}: not judged", verdict.refusal)
        elif not report.ok:
            to_blame = [line for line in report.lines if line.verdict == "wrong here"]
            for line in to_blame:
                file = Path(line.filename) if line.filename else verdict.path
                yield annotation(file, line.lineno, f"{line.name} is wrong: {line.kind}", line.hint)
            if not to_blame:
                said = " ".join(report.remarks())
                yield annotation(verdict.path, target.line, f"{target.title}: {report.headline}", said)


def annotation(path: Path, line: int, title: str, message: str) -> str:
    """A workflow command of GitHub's.  Source: docs.github.com, "Workflow commands"."""
    escaped = message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    for sign, code in (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"), (":", "%3A"), (",", "%2C")):
        title = title.replace(sign, code)
    return f"::error file={shown(path)},line={line},title={title}::{escaped}"


def shown(path: Path) -> str:
    """A path as short as it can be: relative if it is below the current folder."""
    absolute = path.resolve()
    return os.path.relpath(absolute) if absolute.is_relative_to(Path.cwd()) else str(path)


def indented(said: str) -> str:
    """Text with every line moved to the right, below the line that it belongs to."""
    return textwrap.indent(said, "    ")
