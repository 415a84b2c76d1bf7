"""`draw`: the picture of a recorded graph."""
# ruff: noqa: RUF001, RUF002  # the signs of mathematics are meant, not the letters they look like

from __future__ import annotations

import os
import reprlib
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine import LEAF, Node
from ..errors import DTypeError
from ..tensor import Tensor
from .naming import Naming

if TYPE_CHECKING:
    from .picture import Picture

FONT = "Helvetica,Arial,sans-serif"
NODES = {"style": "filled", "fontname": FONT, "fontsize": "11", "margin": "0.12,0.06"}
EDGES = {"arrowsize": "0.7", "fontname": FONT, "fontsize": "9"}
KINDS = {  # told apart by shape as well as colour
    "constant": {"shape": "note", "fillcolor": "#eeeeee"},
    "parameter": {"shape": "hexagon", "fillcolor": "#ffdfa6", "margin": "0,0.02"},
    "intermediate": {"shape": "box", "fillcolor": "#dcebff", "style": "filled,rounded"},
    "output": {"shape": "box", "fillcolor": "#cdeeca", "peripheries": "2"},
}
INFIX = {
    "add": "+", "subtract": "−", "multiply": "×", "divide": "÷", "power": "^", "remainder": "%",
    "matmul": "@", "equal": "=", "not_equal": "≠", "less": "<", "less_equal": "≤", "greater": ">",
    "greater_equal": "≥", "bitwise_and": "&", "bitwise_or": "|", "bitwise_xor": "xor",
}  # fmt: skip
SYMBOLS = INFIX | {
    "negative": "− ·", "sqrt": "√", "sum": "Σ", "prod": "Π", "sigmoid": "σ", "absolute": "| · |",
    "square": "· ^ 2", "getitem": "[ ]", "setitem": "[ ] =",
}  # fmt: skip
SYMMETRIC = {"add", "multiply", "maximum", "minimum", "hypot", "logaddexp", "equal", "not_equal"}


def draw(
    output: Tensor,
    path: str | os.PathLike[str] | None = None,
    *,
    names: Mapping[str, Any] | None = None,
    values: bool = False,
) -> Picture:
    """The picture of how `output` was computed; written to `path` too, as .svg, .png, .pdf or .dot.

    Constants are grey notes, parameters orange hexagons.  What was computed is a blue rounded box
    that begins with its operation, where a number stands as it was used: `2 × ·`; the output is a
    green double box.  An edge is one use of an array as an argument: `x * x` has two, and those of
    `a - b` are numbered.  With `values` the numbers are shown as well.

    Arrays are called as the caller's variables that hold them, or as `names` says:
    `names={"W": layer.weight}`.

    Raises DTypeError for what is not a Tensor; DrawError for a path with another suffix, or if
    nothing here can lay out a picture.

    >>> x = Tensor([1.0, 2.0], requires_grad=True)
    >>> draw(np.sum(x * x)).source.count("->")
    3
    """
    from .picture import Picture  # only now: importing Graphviz takes longer than all of autograd

    if type(output) is not Tensor:
        raise DTypeError(f"draw() draws how a Tensor was computed, and this is a {type(output).__name__}")
    caller = sys._getframe(1)
    columns = {"fontname": "Menlo,Consolas,monospace"} if values else {}  # in which numbers align
    picture = Picture(node_attr=NODES | columns, edge_attr=EDGES)
    sketch(output, Naming(names or {}, caller.f_locals, caller.f_globals), values, picture)
    if path is not None:
        picture.write(path)
    return picture


def sketch(output: Tensor, naming: Naming, values: bool, picture: Picture) -> None:
    """Add a box for each array that `output` was computed from, and an edge for each use of one."""
    boxes: dict[int, str] = {}

    def box(kind: str, identity: int, array: Any, operation: str = "") -> str:
        boxes[identity] = f"n{len(boxes)}"
        lines = [operation, naming.of(identity), f"{array.shape} {array.dtype}"]
        lines += numbers(array) if values else []
        picture.node(boxes[identity], picture.label(filter(None, lines)), **KINDS[kind])
        return boxes[identity]

    def source(array: Any, node: Node | None) -> str:
        """The box that an argument comes from; constants and parameters are drawn when first used."""
        identity = naming.identity(array) if is_constant(node) else id(node)
        return boxes.get(identity) or box("constant" if is_constant(node) else "parameter", identity, array)

    operations = [node for node in ancestors(output.node) if node.op is not LEAF]
    if not operations:
        source(output.data, output.node)
    for node in operations:
        sources = [source(a, p) for a, p in arguments(node) if not is_number(a, p)]
        here = box("output" if node is output.node else "intermediate", id(node), node.data, operation(node))
        numbered = len(sources) > 1 and node.op.name not in SYMMETRIC
        for i, there in enumerate(sources):
            picture.edge(there, here, f" {i + 1}" if numbered else None)


def arguments(node: Node) -> list[tuple[Any, Node | None]]:
    """The array arguments of a node, but not optional ones that were left out."""
    return [(a, p) for a, p in zip(node.args, node.parents, strict=True) if a is not None]


def ancestors(node: Node | None) -> list[Node]:
    """The nodes that `node` was computed from, and itself, the oldest first; no constants."""
    seen: set[Node] = set()
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen and not is_constant(node):
            seen.add(node)
            waiting += node.parents
    return sorted(seen, key=lambda node: node.index)


def is_constant(node: Node | None) -> bool:
    """Whether an array with this node was neither computed nor requires a gradient."""
    return node is None or (node.op is LEAF and not node.requires_grad)


def is_number(array: Any, node: Node | None) -> bool:
    """Whether an argument is a constant number, which stands in the label of its operation."""
    return is_constant(node) and np.ndim(array) == 0


def operation(node: Node) -> str:
    """What a node does, with the numbers and options that it does it with: `· ^ 2`, `Σ axis=0`."""
    name = node.op.name
    words = [number(a) if is_number(a, p) else "·" for a, p in arguments(node)]
    what = SYMBOLS.get(name, name)
    if set(words) != {"·"}:
        what = f" {what} ".join(words) if name in INFIX else f"{name}({', '.join(words)})"
    return " ".join([what, *(f"{key}={option(value)}" for key, value in node.kwargs.items())])


def number(a: Any) -> str:
    """A constant number, to four digits."""
    return f"{np.asarray(a).item():.4g}"


def option(value: Any) -> str:
    """An option as one would write it, but an array in it only as its dtype and shape.

    >>> option((slice(None, 2), Ellipsis, np.array([0, 2])))
    '(:2, ..., int64(2,))'
    """
    if isinstance(value, tuple):
        return f"({', '.join(map(option, value))})"
    if isinstance(value, slice):
        parts = [value.start, value.stop] + ([] if value.step is None else [value.step])
        return ":".join("" if part is None else str(part) for part in parts)
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{value.shape}"
    return "..." if value is Ellipsis else reprlib.repr(value)


def numbers(array: Any) -> list[str]:
    """The lines that show an array's elements: all of a small one, the corners of a large one."""
    text = np.array2string(np.asarray(array), precision=4, threshold=16, edgeitems=2, max_line_width=44)
    lines = text.splitlines()
    return [line.ljust(max(map(len, lines))) for line in lines]  # as they are centred
