"""`explore`: a computation as one web page that steps through it."""

from __future__ import annotations

import base64
import hashlib
import html
import importlib.util
import json
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, TypedDict, Unpack, overload

from ...errors import DrawError, DTypeError
from ...graph import Graph
from ...graph.naming import variables_of
from ...tensor import Tensor
from ...transforms.structure import data_of, flat, name_of
from ..files import write_whole
from .document import document
from .frames import FRAME, axes_of, graphs, shown_nodes, varied, with_floats
from .live import live_page
from .recorded import Recorded, recorded, written

PAGE = files(__package__) / "page"
LAYOUT = ("layout.js", "columns.js", "routes.js")
CANVAS = ("graph.js", "camera.js", "minimap.js")
PANEL = ("rules.js", "apart.js", "panel.js", "code.js", "verdicts.js", "frames.js", "live.js", "predict.js")
CONTROLS = ("beside.js", "search.js", "link.js", "save.js", "panes.js", "keys.js", "main.js")
SCRIPTS = ("model.js", "arrays.js", *LAYOUT, *CANVAS, *PANEL, *CONTROLS)
SUFFIXES = (".html", ".htm")


Computed = Tensor | Callable[..., Any]


class Options(TypedDict, total=False):
    """The keyword arguments of `explore`."""

    report: Any
    names: Mapping[str, Any] | None
    vary: Mapping[str, Any] | None
    frames: Sequence[Tensor] | None


@overload
def explore(
    output: Computed, inputs: Mapping[str, Any] | None = None, path: None = None, **options: Unpack[Options]
) -> Page: ...
@overload
def explore(output: Tensor, inputs: str | os.PathLike[str], **options: Unpack[Options]) -> Path: ...
@overload
def explore(
    output: Computed,
    inputs: Mapping[str, Any] | None,
    path: str | os.PathLike[str],
    **options: Unpack[Options],
) -> Path: ...
def explore(
    output: Computed,
    inputs: Any = None,
    path: str | os.PathLike[str] | None = None,
    *,
    report: Any = None,
    names: Mapping[str, Any] | None = None,
    vary: Mapping[str, Any] | None = None,
    frames: Sequence[Tensor] | None = None,
) -> Path | Page:
    """A page that steps through the computation of `output`: its path after writing it, or the page itself.

        explore(loss, "loss.html")                    a computation that was recorded
        explore(f, {"x": x, "w": w}, "f.html")        a function of these inputs, with its source
        explore(loss)                                 in a notebook: the page in the cell

    The page is one file, for any browser, and needs no other file and no network.  It shows the graph,
    and steps forward and backward through it; each step shows what is computed, by which rule and with
    which numbers, beside the user's source (for a Tensor, if it was recorded in `debug()`).  Modules, and
    long runs of operations, fold into boxes.

    The gradients are those of `output`, or of the sum of its elements; no `grad` is changed.

    report  the result of `check.derivation`, whose verdicts are shown over the arrays they judge
    names   names for some arrays, as in `draw`
    vary    of one or two inputs of a function the values to show it at, {"w": np.linspace(-2, 2, 41)}, of
            an array other arrays, {"w": [k * w for k in np.linspace(-2, 2, 41)]}: a slider moves through
            them
    frames  outputs of the same computation, as of the epochs of a training, to move through; `output` is
            then the one that names are taken from

    For arrays with more than 256 elements (fewer in large graphs), the page holds a summary and some of
    the elements.  Graphs with more than 5000 operations are shown without local derivatives.

    Raises DTypeError if `output` is neither a Tensor nor a function that returns one, or for inputs that
    are no dictionary; DrawError for a path that does not end in .html, and for frames that are not the
    same computation; GradientError if a leaf has been changed in place since it was used.

    >>> import tempfile
    >>> x = Tensor([1.0, 2.0], requires_grad=True)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     explore((x * x).sum(), Path(folder, "squares.html")).name
    'squares.html'
    """
    if isinstance(inputs, str | os.PathLike) and path is None:
        inputs, path = None, inputs
    if type(output) is not Tensor and not (callable(output) and inputs is not None):
        raise DTypeError(
            f"explore() shows how a Tensor was computed, and this is a {type(output).__name__}"
            + (": give the inputs of the function too, by name" if callable(output) else "")
        )
    if path is not None and Path(path).suffix.lower() not in SUFFIXES:
        raise DrawError(f"no page can be written to {Path(path).name!r}: give the file the suffix .html")
    found = page_of(output, inputs, report, names, vary, frames, variables_of(sys._getframe(1)))
    if path is None:
        return found
    write_whole(Path(path), str(found).encode())
    return Path(path)


def page_of(
    output: Computed,
    inputs: Any,
    report: Any,
    names: Mapping[str, Any] | None,
    vary: Mapping[str, Any] | None,
    frames: Sequence[Tensor] | None,
    variables: Mapping[str, Any],
) -> Page:
    """The page of a computation, or of the function that computes it."""
    if vary is not None and (frames is not None or type(output) is Tensor):
        raise DTypeError("vary takes a function and its inputs, and frames the outputs: give one of the two")
    if isinstance(output, Tensor):
        graph = Graph.of(output, names, variables)
        return Page(with_frames(graph, report, outputs_of(frames), inputs, vary))
    inputs = with_floats(inputs, vary)
    ran = recorded(output, inputs)
    graph = Graph.of(ran.output, ran.names | dict(names or {}), {name_of(output): ran.output})
    shown = varied(output, inputs, vary) if vary else outputs_of(frames)
    return Page(with_frames(graph, report, shown, inputs, vary, ran), Source(output, dict(inputs), graph))


def outputs_of(frames: Sequence[Tensor] | None) -> list[Recorded]:
    """The frames as recordings without names: they take those of the first graph."""
    return [Recorded(output, {}) for output in frames or ()]


def with_frames(
    graph: Graph,
    report: Any,
    shown: list[Recorded],
    inputs: Any,
    vary: Mapping[str, Any] | None,
    run: Recorded | None = None,
) -> dict[str, Any]:
    """The document of a page with the outputs to move through, if there are any."""
    if not shown:
        return document(graph, report, run=run)
    return document(graph, report, graphs(shown, graph), run) | {"frames": axes_of(shown, inputs, vary)}


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """The function of a page, with its inputs, and the graph of its computation."""

    f: Callable[..., Any]
    inputs: dict[str, Any]
    graph: Graph

    @property
    def typed(self) -> list[list[Any]]:
        """The inputs whose numbers can be typed, each with the place of its node."""
        names = {
            written(path): path for path, value in flat(self.inputs).items() if data_of(value).size <= TYPED
        }
        found = []
        for i, vertex in enumerate(shown_nodes(self.graph)):
            name = vertex.name if vertex.name in names else vertex.name.removesuffix("_1")
            if not vertex.op and name in names and vertex.dtype.kind == "f":
                found.append([name, i])
        return found


TYPED = 64  # elements up to which an input can be typed


class Page:
    """A page of `explore`: `str()` gives the HTML, and a notebook shows it in the cell.

    In a live notebook with `anywidget`, the page of a function takes any number that is typed into it.
    """

    def __init__(self, data: dict[str, Any], source: Source | None = None) -> None:
        self.data, self.source = data, source

    def __str__(self) -> str:
        return page(self.data)

    def __repr__(self) -> str:
        return f"<the page of {self.data['title']}: a notebook shows it, and explore(…, path) writes a file>"

    def _repr_html_(self) -> str:
        return (
            f'<iframe srcdoc="{html.escape(str(self))}" title="{html.escape(self.data["title"])}" '
            f'style="{FRAME}"></iframe>'
        )

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """The page as HTML, and as a widget if there is a function to run and `anywidget` is installed."""
        shown: dict[str, Any] = {"text/html": self._repr_html_(), "text/plain": repr(self)}
        if self.source is None or importlib.util.find_spec("anywidget") is None:
            return shown
        text = page(self.data | {"live": self.source.typed})
        self.widget = live_page(text, self.source.f, self.source.inputs, self.source.graph)
        return shown | bundle(self.widget)


def bundle(widget: Any) -> dict[str, Any]:
    """How a widget is shown: as a view of it."""
    found = widget._repr_mimebundle_()
    found = found[0] if isinstance(found, tuple) else found
    return {key: value for key, value in (found or {}).items() if "widget" in key}


def page(data: dict[str, Any]) -> str:
    """The page of a document, all in one text, in which only our own script and style may run."""
    script = "".join((PAGE / name).read_text(encoding="utf-8") for name in SCRIPTS)
    style = (PAGE / "page.css").read_text(encoding="utf-8")
    policy = f"default-src 'none'; script-src {digest(script)}; style-src {digest(style)}"
    policy += "; img-src blob:; base-uri 'none'"  # the picture on its way to a PNG
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
