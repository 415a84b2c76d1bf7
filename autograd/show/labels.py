"""The text in boxes: operations, numbers, and expressions for constants."""
# ruff: noqa: RUF001, RUF002  # the signs of mathematics are meant, not the letters they look like

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from ..graph import Graph, Vertex
from ..graph.text import FIELD_NAMES, OPERATORS, summary, told

WIDE = 44  # characters in a line of numbers
FEW = 8  # elements up to which all have four decimals
MOST = 100  # constants for which an expression is looked for
EXPRESSIONS: dict[str, Callable[[Any], Any]] = {  # what is often computed from data before a Tensor meets it
    "1 - {}": lambda v: 1 - v, "-{}": lambda v: -v, "1 / {}": lambda v: 1 / v, "{} ** 2": lambda v: v**2,
    "2 * {}": lambda v: 2 * v, "{} - 1": lambda v: v - 1, "2 * {} - 1": lambda v: 2 * v - 1,
    "{}.T": lambda v: v.T, "1 - {}.T": lambda v: 1 - v.T, "{}[:, None]": lambda v: v[:, None],
    "{}[None]": lambda v: v[None],
}  # fmt: skip


def operation(graph: Graph, vertex: Vertex, varied: bool = False) -> str:
    """The operation that made an array, with its numbers and options: `· ^ 2`, `Σ axis=0`.

    varied: whether it stands for others with other numbers and options, which are then left out.

    >>> from autograd import Tensor
    >>> graph = Graph.of(2 * Tensor([1.0], requires_grad=True).sum(axis=0))
    >>> [operation(graph, vertex) for vertex in graph.nodes if vertex.op]
    ['Σ axis=0', '2 × ·']
    """
    if not vertex.op:
        return ""
    sources = [graph[edge.source] for edge in vertex.inputs]
    words = [source.label if source.kind == "constant" and not varied else "·" for source in sources]
    what = vertex.symbol
    if set(words) != {"·"}:
        what = (
            f" {what} ".join(words)
            if vertex.op in OPERATORS
            else f"{FIELD_NAMES.get(vertex.op, vertex.op)}({', '.join(words)})"
        )
    return " ".join([what, *([] if varied else told(vertex.op, vertex.options))])


def kind_of_array(vertex: Vertex) -> str:
    """The shape and dtype of an array; nothing of a single float64 number, which is what one expects.

    Of several outputs that are alike, their number: `3 × (1, 4) float64`.

    >>> from autograd import Tensor
    >>> [kind_of_array(Graph.of(Tensor(x)).output) for x in (2.0, np.float32(2), [1.0, 2.0])]
    ['', 'float32', '(2,) float64']
    """
    if isinstance(vertex.value, tuple):
        kinds = [f"{np.shape(part)} {np.asarray(part).dtype}" for part in vertex.value]
        return f"{len(kinds)} × {kinds[0]}" if len(set(kinds)) == 1 and len(kinds) > 1 else ", ".join(kinds)
    if vertex.shape == ():
        return "" if vertex.dtype == np.float64 else str(vertex.dtype)
    return f"{vertex.shape} {vertex.dtype}"


def numbers(array: Any, threshold: int) -> list[str]:
    """The lines that show an array: all elements, or, if they are more than `threshold`, range and mean.

    Four decimals are shown, and of floats that are many, three digits of the smallest.

    >>> for line in numbers(np.array([[1, 0.25], [-30, 2]]), 16):
    ...     print(line)
    [[  1     0.25]
     [-30     2   ]]
    >>> numbers(np.float64(2.0), 16), numbers(np.array([1.0, 4.0]), 16), numbers(np.arange(20.0), 16)
    (['2'], ['[1 4]'], ['0 … 19, mean 9.5'])
    """
    if array is None or np.size(array) > threshold or isinstance(array, tuple) or np.ndim(array) == 0:
        return [summary(array)]
    array = np.asarray(array)
    text = written(array, 4, threshold)
    if array.dtype.kind == "f" and array.size > FEW:
        text = written(array, 2 if "e" in text else decimals(array), threshold)
    if array.dtype.kind == "f":  # without the points after which nothing follows
        gap = " " if re.search(r"\.\d", text) else ""
        text = re.sub(r"\.(?=e)", "", text) if "e" in text else re.sub(r"\.(?=[\s\]])", gap, text)
    lines = text.splitlines()
    return [line.ljust(max(map(len, lines))) for line in lines]  # since Graphviz centres lines


def written(array: Any, precision: int, threshold: int) -> str:
    """An array as NumPy writes it, with this many decimals."""
    return np.array2string(array, precision=precision, max_line_width=WIDE, threshold=max(threshold, 1))


def decimals(array: Any) -> int:
    """The decimals, 4 at most, that show three digits of the smallest element that is not 0.

    >>> decimals(np.array([1304.5, 41.0, 0.0])), decimals(np.array([0.025, np.nan])), decimals(np.zeros(2))
    (1, 4, 0)
    """
    sizes = np.abs(array[np.isfinite(array) & (array != 0)])
    return int(np.clip(2 - np.floor(np.log10(sizes.min())), 0, 4)) if sizes.size else 0


def under(title: str, lines: list[str]) -> list[str]:
    """Lines under a title, or beside the title if there is only one."""
    return [f"{title} {lines[0]}"] if len(lines) == 1 else [title, *lines]


def expressions(graph: Graph, leaves: Iterable[Vertex], others: Mapping[str, Any]) -> dict[int, str]:
    """Expressions for constants without a name, by number: `1 - y` for the array that is 1 - y.

    An array among `leaves` is recognised by the values of constants that have a name, and of `others`.  One
    whose elements are all equal could be anything, and gets no expression.

    >>> from autograd import Tensor
    >>> y, p = np.array([0.0, 1.0, 1.0]), Tensor([0.5, 0.5, 0.5], requires_grad=True)
    >>> graph = Graph.of(np.log(p) @ (1 - y))
    >>> list(expressions(graph, graph.nodes, {"y": y}).values())
    ['1 - y']
    """
    found: dict[int, str] = {}
    known = {v.label: v.value for v in graph.nodes if v.kind == "input" and v.name} | dict(others)
    plain = {name: v for name, v in known.items() if type(v) is np.ndarray and v.dtype.kind in "fiu"}
    unnamed = [v for v in leaves if v.kind == "input" and not v.name and v.value.dtype.kind in "fiu"]
    for vertex in unnamed[:MOST]:
        array = vertex.value
        if array.size > 1 and np.ptp(array) > 0:
            alike = [(name, v) for name, v in plain.items() if v.size == array.size]
            pairs = ((text.format(name), f, v) for name, v in alike for text, f in EXPRESSIONS.items())
            text = next((text for text, f, v in pairs if is_equal(f, v, array)), None)
            found |= {vertex.number: text} if text else {}
    return found


def is_equal(f: Callable[[Any], Any], value: Any, array: Any) -> bool:
    """Whether f(value) is this very array; an array without axes, which would fit by chance, never is."""
    with np.errstate(all="ignore"):
        made = f(value) if value.ndim else None
    return made is not None and made.shape == array.shape and np.array_equal(made, array)
