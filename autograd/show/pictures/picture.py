"""Graphviz, with or without the program `dot`.  Imported only when something is drawn."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import graphviz

from ...errors import DrawError
from ...graph.text import printable
from ..files import write_whole

TEXT = (".dot", ".gv")  # the DOT source itself; any other suffix is a format that Graphviz lays out
FORMATS = (".svg", ".png", ".pdf", *TEXT)
PATIENCE = 20.0  # seconds after which `dot` is given up
MOST_LINES = 200  # the most lines of a listing that stands in for a picture


class Picture(graphviz.Digraph):  # type: ignore[misc]  # graphviz ships no types
    """A `graphviz.Digraph` that can also be drawn, in a notebook too, where `dot` is not installed.

    listing  writes the graph as text, to be shown where it cannot be drawn
    """

    listing: Callable[[], str] | None = None

    def pipe(
        self,
        format: str | None = None,  # noqa: A002  # its name in the base class
        *args: Any,
        encoding: str | None = None,
        **options: Any,
    ) -> Any:
        """The picture in a format such as "svg" or "png", as bytes, or as text if an encoding is given.

        Raises DrawError if `dot` is missing, fails or takes too long, and pygraphviz cannot draw either.
        """
        picture = drawn(self.source, format or self.format)
        return picture.decode(encoding) if encoding else picture

    def render(
        self,
        filename: str | os.PathLike[str] | None = None,
        directory: str | os.PathLike[str] | None = None,
        view: bool = False,
        cleanup: bool = False,
        format: str | None = None,  # noqa: A002
        **options: Any,
    ) -> str:
        """Write the source to a file and the picture beside it, `<filename>.<format>`; returns its path."""
        source = self.save(filename, directory=directory)
        path = f"{source}.{format or self.format}"
        Path(path).write_bytes(self.pipe(format))
        if cleanup:
            os.remove(source)
        if view:
            graphviz.backend.view(path)
        return path

    def _repr_mimebundle_(self, *args: Any, **options: Any) -> dict[str, str]:
        """The content for a notebook: the picture, or, if it cannot be drawn, the listing and the remedy."""
        try:
            return {"image/svg+xml": self.pipe("svg", encoding="utf-8")}
        except DrawError as error:
            lines = (self.listing() if self.listing else self.source).splitlines()
            more = [f"… {len(lines) - MOST_LINES:,} more lines"] if len(lines) > MOST_LINES else []
            return {"text/plain": "\n".join([*lines[:MOST_LINES], *more, "", str(error)])}

    @staticmethod
    def label(lines: Iterable[str], longest: int = 48) -> str:
        """A label of these lines, in which only line ends have a meaning to Graphviz."""
        return graphviz.nohtml("\\n".join(literal(line, longest) for line in lines))  # type: ignore[no-any-return]

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the picture to `path`, in the format of its suffix.

        Raises DrawError for a suffix that is not in FORMATS.  An old file is replaced only when the
        picture is complete.
        """
        path = Path(path)
        suffix = path.suffix.lower()
        if suffix not in FORMATS:
            raise DrawError(
                f"no picture can be written to {path.name!r}: "
                f"give the file one of the suffixes {', '.join(FORMATS)}"
            )
        content = self.source.encode() if suffix in TEXT else self.pipe(suffix[1:])
        write_whole(path, content)


def literal(line: str, longest: int) -> str:
    """`line` in a form that Graphviz shows as it is: on one line, shortened, and escaped."""
    line = printable(line)
    if len(line) > longest:
        line = f"{line[: longest - 17]}…{line[-16:]}"
    return graphviz.escape(line.replace("&", "&amp;"))  # type: ignore[no-any-return]


ENGINE = "run `pip install '.[pictures]'` in the folder of the project, which brings a layout engine"


def drawn(source: str, kind: str, engine: str = "dot") -> bytes:
    """DOT source laid out by one of Graphviz' engines: `dot`, or `nop2`, which keeps all positions.

    Raises DrawError if `dot` is missing, fails or takes too long, and pygraphviz cannot draw either.
    """
    try:
        return drawn_by_dot(source, kind, engine)
    except (OSError, subprocess.SubprocessError) as error:
        return drawn_in_process(source, kind, engine, error)


def drawn_by_dot(source: str, kind: str, engine: str) -> bytes:
    """DOT source laid out by the program `dot`.

    Raises OSError if it is missing or does not run, SubprocessError if it fails or takes too long.
    """
    program = shutil.which("dot")
    if program is None:
        raise FileNotFoundError("the program `dot` is not installed")
    command = [program, f"-K{engine}", f"-T{kind}"]
    return subprocess.run(
        command, input=source.encode(), capture_output=True, check=True, timeout=PATIENCE
    ).stdout


def drawn_in_process(source: str, kind: str, engine: str, error: Exception) -> bytes:
    """DOT source laid out by the libraries inside pygraphviz; `error` is the reason why `dot` did not."""
    try:
        import pygraphviz

        picture: bytes = pygraphviz.AGraph(string=source).draw(format=kind, prog=engine)
    except Exception as other:  # pygraphviz may raise anything
        raise DrawError(
            f"nothing here can lay out a picture: {error}; pygraphviz: {other}; {ENGINE}, or install "
            "Graphviz, or write a .dot file, which needs neither"
        ) from other
    return picture
