"""The user's source beside the graph: the functions whose lines recorded operations or hold verdicts."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...graph import Vertex
from .recorded import Recorded

MOST = 12  # functions that are shown
LONGEST = 150  # lines of one that are shown: around those that are asked for


@dataclass(slots=True)
class Passage:
    """Lines of a file: a function, or what stands outside of functions."""

    filename: str
    first: int
    last: int
    used: set[int] = field(default_factory=set)

    def in_json(self) -> dict[str, Any]:
        """The passage without its indentation; if it is long, a part of it from just before the first use."""
        first, last = self.first, self.last
        if last - first >= LONGEST:
            first = max(first, min(self.used) - 5)
            last = min(last, first + LONGEST - 1)
        lines = [linecache.getline(self.filename, n).rstrip("\n") for n in range(first, last + 1)]
        shift = min((len(s) - len(s.lstrip()) for s in lines if s.strip()), default=0)
        return {"file": Path(self.filename).name, "first": first, "lines": [s[shift:] for s in lines]}


class Code:
    """The passages around lines of source, each once, in the order in which they are first asked for."""

    def __init__(self) -> None:
        self.passages: list[Passage] = []
        self.known: dict[tuple[str, int], int] = {}
        self.trees: dict[str, list[tuple[int, int]]] = {}

    def place(self, filename: str, line: int) -> list[int] | None:
        """The number of the passage with this line, and the line; None if it cannot be read."""
        if (filename, line) not in self.known:
            self.known[filename, line] = self.number_of(filename, line)
        number = self.known[filename, line]
        if number < 0:
            return None
        self.passages[number].used.add(line)
        return [number, line]

    def number_of(self, filename: str, line: int) -> int:
        """The number of the passage with this line, which is added if it is new; -1 if it can't be shown."""
        for i, passage in enumerate(self.passages):
            if passage.filename == filename and passage.first <= line <= passage.last:
                return i
        if len(self.passages) == MOST or not linecache.getline(filename, line).strip():
            return -1
        around = [span for span in self.functions(filename) if span[0] <= line <= span[1]]
        first, last = max(around, default=(line, line))  # the innermost begins last
        if not around:
            first, last = self.outside(filename, line)
        self.passages.append(Passage(filename, first, last))
        return len(self.passages) - 1

    def functions(self, filename: str) -> list[tuple[int, int]]:
        """The first and last lines of all functions in a file."""
        if filename not in self.trees:
            try:
                tree = ast.parse("".join(linecache.getlines(filename)))
            except SyntaxError:
                tree = ast.Module([], [])
            kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
            found = [n for n in ast.walk(tree) if isinstance(n, kinds)]
            self.trees[filename] = [(n.lineno, n.end_lineno or n.lineno) for n in found]
        return self.trees[filename]

    def outside(self, filename: str, line: int) -> tuple[int, int]:
        """The lines around one that is in no function, up to the functions before and after it."""
        spans = self.functions(filename)
        before = max((last for _, last in spans if last < line), default=0)
        after = min(
            (first for first, _ in spans if first > line), default=len(linecache.getlines(filename)) + 1
        )
        lines = range(before + 1, after)
        written = [n for n in lines if linecache.getline(filename, n).strip()]
        return (written[0], written[-1]) if written else (line, line)

    def in_json(self) -> list[dict[str, Any]]:
        """The passages, in the order of the numbers that `place` gave out."""
        return [passage.in_json() for passage in self.passages]


def places(nodes: Sequence[Vertex], run: Recorded | None, code: Code) -> dict[int, list[list[int]]]:
    """For each node the places of its source: the line of the function that ran, and the line of a helper."""
    found: dict[int, list[list[int]]] = {}
    for i, vertex in enumerate(nodes):
        asked = []
        if run is not None and (line := run.line_of(vertex.node)):
            asked.append((run.filename, line))
        if vertex.source is not None:
            asked.append((vertex.source.filename, vertex.source.lineno))
        there = [code.place(*one) for one in dict.fromkeys(asked)]
        if any(there):
            found[i] = [place for place in there if place]
    return found
