"""Graphviz, with or without a `dot` program.  Imported only when something is drawn."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import graphviz

from ..errors import DrawError

TEXT = (".dot", ".gv")  # the DOT source itself; any other suffix is a format that Graphviz lays out
FORMATS = (".svg", ".png", ".pdf", *TEXT)


class Picture(graphviz.Digraph):  # type: ignore[misc]  # graphviz ships no types
    """A `graphviz.Digraph` that is also drawn, in a notebook too, where no `dot` is installed."""

    def pipe(
        self,
        format: str | None = None,  # noqa: A002  # its name in the class that this refines
        *args: Any,
        encoding: str | None = None,
        **options: Any,
    ) -> Any:
        """The picture in a format such as "svg" or "png", as bytes; as text, given an encoding.

        Raises DrawError if there is neither a `dot` program nor pygraphviz.
        """
        try:
            return super().pipe(format, *args, encoding=encoding, **options)
        except (graphviz.ExecutableNotFound, graphviz.CalledProcessError) as error:
            drawn = drawn_in_process(self.source, format or self.format, error)
        return drawn.decode(encoding) if encoding else drawn

    @staticmethod
    def label(lines: Iterable[str]) -> str:
        """A label of these lines, in which nothing has a meaning to Graphviz but the line ends."""
        return graphviz.nohtml("\\n".join(map(literal, lines)))  # type: ignore[no-any-return]

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the picture to `path`, whose suffix says in which format.

        Raises DrawError for another suffix than those in FORMATS.  The file is replaced when
        the picture is complete, and else stays what it was.
        """
        path = Path(path)
        suffix = path.suffix.lower()
        if suffix not in FORMATS:
            raise DrawError(
                f"no picture can be written to {path.name!r}: "
                f"give the file one of the suffixes {', '.join(FORMATS)}"
            )
        content = self.source.encode() if suffix in TEXT else self.pipe(suffix[1:])
        unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            unfinished.write_bytes(content)
            os.replace(unfinished, path)
        finally:
            unfinished.unlink(missing_ok=True)


def literal(line: str) -> str:
    """`line` as Graphviz is to be given it: in one line, of bearable length, every character itself."""
    line = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)
    if len(line) > 48:
        line = f"{line[:31]}…{line[-16:]}"
    return graphviz.escape(line.replace("&", "&amp;"))  # type: ignore[no-any-return]


def drawn_in_process(source: str, kind: str, error: Exception) -> bytes:
    """DOT source laid out by the libraries inside pygraphviz; `error` is why `dot` did not do it."""
    try:
        import pygraphviz
    except ImportError as missing:
        raise DrawError(
            f"nothing here can lay out a picture: {error} (the program `dot`), {missing} (its libraries); "
            "do `pip install pygraphviz`, or install Graphviz, or write a .dot file, which needs neither"
        ) from missing
    drawn: bytes = pygraphviz.AGraph(string=source).draw(format=kind, prog="dot")
    return drawn
