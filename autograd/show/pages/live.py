"""The page of a function in a live notebook: numbers typed into it are computed in Python, at once.

The page lies in a frame of the cell.  It sends the numbers that are typed to the widget, which runs the
function on them and sends back the new values and gradients.  Nothing is computed in the browser.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...graph import Graph
from ...tensor import Tensor
from ...transforms.structure import flat, rebuilt
from .frames import FRAME, Frame, graphs, numbers_of
from .recorded import recorded, written

SCRIPT = """
export default {
  render({ model, el }) {
    const frame = document.createElement("iframe");
    frame.srcdoc = model.get("page");
    frame.title = "The computation, step by step";
    frame.style = "STYLE";
    const typed = (event) => { if (event.source === frame.contentWindow) model.send(event.data); };
    const answered = (message) => frame.contentWindow?.postMessage(message, "*");
    addEventListener("message", typed);
    model.on("msg:custom", answered);
    el.append(frame);
    return () => { removeEventListener("message", typed); model.off("msg:custom", answered); };
  },
};
"""


def live_page(page: str, f: Any, inputs: dict[str, Any], graph: Graph) -> Any:
    """A widget with the page, which answers what is typed into it.

    Raises ImportError without `anywidget`.
    """
    import anywidget
    import traitlets

    class LivePage(anywidget.AnyWidget):  # type: ignore[misc]  # it ships no types
        _esm = SCRIPT.replace("STYLE", FRAME)
        page = traitlets.Unicode().tag(sync=True)

        def answer(self, _: Any, message: Any, __: Any) -> None:
            self.send(answered(message, f, inputs, graph))

    widget = LivePage(page=page)
    widget.on_msg(widget.answer)
    return widget


def answered(message: Any, f: Any, inputs: dict[str, Any], graph: Graph) -> dict[str, Any]:
    """The numbers for what was typed, {"values": {"w": [0.5]}}, or what is wrong with it."""
    try:
        return answer_to(message["values"], f, inputs, graph)
    except Exception as error:  # of the user's function, which is told on the page
        return {"error": f"{type(error).__name__}: {error}"}


def answer_to(values: dict[str, Any], f: Any, inputs: dict[str, Any], graph: Graph) -> dict[str, Any]:
    """The numbers of all nodes where some inputs have other elements, {"w": [0.5]}, in C order."""
    found: list[Frame] = graphs([recorded(f, replaced(inputs, values))], graph)
    return {"numbers": numbers_of(found[0], graph)}


def replaced(inputs: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """The inputs, some of them with other elements."""
    parts = flat(inputs)

    def new(path: Any, old: Any) -> Any:
        typed = values.get(written(path))
        if typed is None:
            return old
        data = np.asarray(old.data if type(old) is Tensor else old)
        array = np.array([float(x) for x in typed], data.dtype).reshape(data.shape)
        return Tensor(array, requires_grad=old.requires_grad) if type(old) is Tensor else array

    return rebuilt(inputs, {path: new(path, old) for path, old in parts.items()})  # type: ignore[no-any-return]
