"""`explore`: a computation as one web page that steps through it."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
import re
import sys
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from ..errors import DrawError, DTypeError
from ..graph import Graph
from ..graph.naming import variables_of
from ..tensor import Tensor
from .document import document
from .files import write_whole

PAGE = files(__package__) / "page"
LAYOUT = ("layout.js", "columns.js", "routes.js")
SCRIPTS = ("model.js", "arrays.js", *LAYOUT, "graph.js", "rules.js", "panel.js", "search.js", "main.js")
SUFFIXES = (".html", ".htm")


def explore(
    output: Tensor,
    path: str | os.PathLike[str],
    *,
    report: Any = None,
    names: Mapping[str, Any] | None = None,
) -> Path:
    """The path of a page, after writing it there, that steps through the computation of `output`.

    The page is one file, for any browser, and needs no other file and no network.  It shows the graph,
    and steps forward and backward through it; each step shows what is computed, by which rule and with
    which numbers.  Modules, and long runs of operations, fold into boxes.

    The gradients are those of `output`, or of the sum of its elements; no `grad` is changed.  report: the
    result of `check.derivation`, whose verdicts are shown over the arrays whose gradients they judge.
    names: names for some arrays, as in `draw`.

    For arrays with more than 256 elements (fewer in large graphs), the page holds a summary and some of
    the elements.  Graphs with more than 5000 operations are shown without local derivatives.

    Raises DTypeError if `output` is not a Tensor, DrawError for a path that does not end in .html,
    GradientError if a leaf has been changed in place since `output` was computed from it.

    >>> import tempfile
    >>> x = Tensor([1.0, 2.0], requires_grad=True)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     explore((x * x).sum(), Path(folder, "squares.html")).name
    'squares.html'
    """
    if type(output) is not Tensor:
        raise DTypeError(f"explore() shows how a Tensor was computed, and this is a {type(output).__name__}")
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise DrawError(f"no page can be written to {path.name!r}: give the file the suffix .html")
    graph = Graph.of(output, names, variables_of(sys._getframe(1)))
    write_whole(path, page(document(graph, report)).encode())
    return path


def page(data: dict[str, Any]) -> str:
    """The page of a document, all in one text, in which only our own script and style may run."""
    script = "".join((PAGE / name).read_text(encoding="utf-8") for name in SCRIPTS)
    style = (PAGE / "page.css").read_text(encoding="utf-8")
    policy = f"default-src 'none'; script-src {digest(script)}; style-src {digest(style)}; base-uri 'none'"
    parts = {
        "policy": policy,
        "title": html.escape(ascii(data["title"])[1:-1]),
        "style": style,
        "data": embedded(data),
        "script": script,
    }
    template = (PAGE / "page.html").read_text(encoding="utf-8")
    return re.sub(r"\{(\w+)\}", lambda part: parts[part[1]], template)


def digest(text: str) -> str:
    """The source expression by which a content security policy admits a script or style."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def embedded(data: Any) -> str:
    """JSON that can stand inside HTML: none of its characters has a meaning there."""
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
