"""A computation as a JSON document, from which `explore` makes its page.

The document consists of tables by column: a column has an entry for each node or edge, and a property
that only few of them have is a mapping by index.  Numbers that stand in a formula are not nodes of the
page: they are part of the operation's label.  page/model.js reads the document.
"""

from __future__ import annotations

import functools
import inspect
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...engine import Node
from ...graph import Backward, Edge, Graph, Vertex
from ...graph.text import FIELD_NAMES, SYMMETRIC
from ...hooks import HOOK
from ...ops import Op, Rule
from ...outputs import Parts
from ..folds.outline import Outline
from ..labels import expressions, operation
from ..rules import Line, Rules
from ..source import expression, listing, maker, summary
from .apart import apart
from .code import Code
from .code import places as lines_at
from .frames import Frame, frames_in_json, shown_nodes
from .numbers import in_json
from .recorded import Recorded

LIMIT = 60  # boxes that may be visible at first
WHOLE = 256  # elements up to which an array is kept whole; fewer in a large graph
NUMBERS = 400_000  # about the most numbers in a document, however large the graph
DETAILED = 5000  # operations up to which local derivatives are kept


class Table(dict[Any, int]):
    """Distinct values, each with its place."""

    def __missing__(self, value: Any) -> int:
        self[value] = len(self)
        return self[value]


def document(
    graph: Graph, report: Any = None, frames: Sequence[Frame] = (), run: Recorded | None = None
) -> dict[str, Any]:
    """The page's data for a graph, for a report on a hand derivation of its gradients, and for its frames.

    run: the run of the function that the graph is of, if it is of one.

    Raises GradientError if a leaf has been changed in place since it was used.
    """
    nodes = shown_nodes(graph)
    places = {vertex.number: i for i, vertex in enumerate(nodes)}
    operations = [vertex for vertex in nodes if vertex.op]
    outline = Outline.of(graph)
    back = Backward({}, {})
    if graph.output.requires_grad:
        back = graph.backward(np.ones_like(graph.output.value))
    most = min(WHOLE, max(1, NUMBERS // (2 * len(nodes))))
    texts, code = Table(), Code()
    at = lines_at(nodes, run, code)
    links = edges(graph, operations, places, back, most)
    return {
        "title": graph.output.label,
        "limit": LIMIT,
        "notes": notes(graph, nodes, most),
        "output": places[graph.output.number],
        "expressions": {places[n]: text for n, text in expressions(graph, nodes, {}).items()},
        "nodes": columns(graph, nodes, back, most, texts) | {"group": outline.groups_of(nodes)},
        **links,
        **(
            {"locals": {}, "numbers": frames_in_json(frames, nodes, parts_of(links, nodes), most)}
            if frames
            else {}
        ),
        "groups": [[group.label, group.parent, group.kind] for group in outline.groups],
        "sources": {places[v.number]: source(v) for v in nodes if v.source},
        "verdicts": verdicts(nodes, report, code),
        "at": at,
        "apart": {places[v.number]: found for v in operations if (found := apart(v))},
        "code": code.in_json(),
        "texts": list(texts),
    }


def parts_of(links: dict[str, Any], nodes: Sequence[Vertex]) -> list[tuple[int, tuple[int, int]]]:
    """The edges whose parts of a gradient are shown: the place of each, its target and slot."""
    table = links["edges"]
    return [(i, (nodes[table["to"][i]].number, table["slot"][i])) for i in links["parts"]]


def columns(
    graph: Graph, nodes: Sequence[Vertex], back: Backward, most: int, texts: Table
) -> dict[str, list[Any]]:
    """The table of nodes; strings that many nodes share are given by their place in `texts`."""
    return {
        "kind": [texts[vertex.kind] for vertex in nodes],
        "name": [vertex.label for vertex in nodes],
        "label": [texts[operation(graph, vertex)] for vertex in nodes],
        "formula": [graph.expression(vertex) for vertex in nodes],
        "shape": [texts[str(vertex.shape)] for vertex in nodes],
        "type": [texts[vertex.type] for vertex in nodes],
        "dtype": [texts[dtypes(vertex)] for vertex in nodes],
        "value": [in_json(vertex.value, most) for vertex in nodes],
        "grad": [in_json(back.cotangents.get(vertex.number), most) for vertex in nodes],
    }


def dtypes(vertex: Vertex) -> str:
    """The dtype, or of several outputs the different ones."""
    several = vertex.dtype if isinstance(vertex.dtype, tuple) else (vertex.dtype,)
    return ", ".join(dict.fromkeys(map(str, several)))


def notes(graph: Graph, nodes: Sequence[Vertex], most: int) -> list[str]:
    """What a reader should know about things that are left out, or about the meaning of what is shown."""
    large = sum(np.size(vertex.value) > most for vertex in nodes if not isinstance(vertex.value, tuple))
    said = []
    if large:
        said.append(f"Arrays of more than {most} elements are summarised, {large:,} here.")
    if graph.output.requires_grad and np.size(graph.output.value) != 1:
        said.append("The output has several elements: the gradients are those of their sum.")
    return said


def source(vertex: Vertex) -> str:
    """The user's line that recorded an operation."""
    assert vertex.source is not None
    return f"{Path(vertex.source.filename).name}:{vertex.source.lineno}: {vertex.source.text}"


def edges(
    graph: Graph, operations: Sequence[Vertex], places: dict[int, int], back: Backward, most: int
) -> dict[str, Any]:
    """The table of edges, with what goes back along each where that is not the whole gradient."""
    shown = [edge for vertex in operations for edge in vertex.inputs if edge.source in places]
    arguments = Counter(edge.target for edge in shown)
    carrying = [(i, edge) for i, edge in enumerate(shown) if (edge.target, edge.slot) in back.contributions]
    contributing = Counter(edge.source for _, edge in carrying)
    rules, passed, parts, locals_ = Table(), [-1] * len(shown), {}, {}
    written = lines(graph, operations, back) if len(operations) <= DETAILED else {}
    told: dict[int, list[Any]] = {}
    for i, edge in carrying:
        node = graph[edge.target].node
        assert node is not None  # since a gradient went back from it
        if line := written.get((edge.target, edge.slot)):
            told[i] = [line.text, [[letter, places.get(number, -1)] for letter, number in line.letters]]
        passed[i] = rules[node.op, edge.slot]
        if contributing[edge.source] > 1:
            parts[i] = in_json(back.contributions[edge.target, edge.slot], most)
        if len(operations) <= DETAILED and (found := local(node, edge, most)):
            locals_[i] = found
    return {
        "edges": {
            "from": [places[edge.source] for edge in shown],
            "to": [places[edge.target] for edge in shown],
            "slot": [edge.slot for edge in shown],
            "rule": passed,
        },
        "rules": [words(op, op.rules[slot]) for op, slot in rules],
        "lines": told,
        "parts": parts,
        "locals": locals_,
        "numbered": [
            places[v.number] for v in operations if arguments[v.number] > 1 and v.op not in SYMMETRIC
        ],
    }


def lines(graph: Graph, operations: Sequence[Vertex], back: Backward) -> dict[tuple[int, int], Line]:
    """The rules of all operations as lines, by (target, slot)."""
    rules = Rules(graph, back)
    return {(v.number, slot): line for v in operations for slot, line in rules.of(v).items()}


def local(node: Node, edge: Edge, most: int) -> list[Any] | None:
    """The local derivative along an edge, with its shape, and whether the product is summed afterwards."""
    found = local_derivative(node, edge.slot)
    if found is None:
        return None
    shape = np.shape(found)
    return [str(shape), in_json(found, most), shape != np.shape(node.args[edge.slot])]


def local_derivative(node: Node, slot: int) -> Any:
    """The array by which a rule multiplies the cotangent of an elementwise operation; else None.

    An operation whose output is a single number counts as well: what goes back is a multiple of an array.

    >>> from autograd import Tensor
    >>> x = Tensor([0.0, 2.0], requires_grad=True)
    >>> local_derivative((x * x).node, 0), local_derivative(np.cumsum(x).node, 0)
    (array([0., 2.]), None)
    """
    y, rule = node.data, node.op.rules[slot]
    if rule is None or node.op is HOOK or isinstance(y, tuple) or y.dtype.kind != "f" or not y.size:
        return None
    with np.errstate(all="ignore"):
        one = rule(np.ones_like(y)[()], y, *node.args, **node.kwargs)
        if isinstance(one, Parts):
            return None
        if y.size == 1:
            return one
        some = np.random.default_rng(0).uniform(1, 2, y.shape).astype(y.dtype)
        found = rule(some, y, *node.args, **node.kwargs)  # does each element depend on its own only?
        same = found.shape == y.shape and np.allclose(found, some * one, 1e-4, 0, equal_nan=True)
        return one if same else None


@functools.cache
def words(op: Op, rule: Rule) -> dict[str, Any]:
    """A rule in readable form: its text in the source, its description, and its names for the arguments.

    A rule that another function made, or whose source is not available, has only the description.
    """
    rule = op.each or getattr(rule, "func", rule)  # the function of a partial
    assert rule is not None
    parameters = inspect.signature(rule).parameters.values()
    names = [p.name for p in parameters if p.kind is not p.VAR_KEYWORD]
    there = maker(rule)
    try:
        text = expression(rule) or (listing(rule) if there is rule else None)
    except (OSError, TypeError, SyntaxError):
        text = None
    said = summary(there).partition("The rule of `")[2].partition("`: ")[2] or summary(there)
    said = "" if there.__name__ == "<lambda>" else said
    if there is rule and rule.__name__ != "<lambda>":
        said = said or rule.__name__
    return {
        "text": text,
        "words": said or (None if text else FIELD_NAMES.get(op.name, op.name)),
        "arguments": names[3 if op.each else 2 :],
    }


def verdicts(nodes: Sequence[Vertex], report: Any, code: Code) -> dict[str, Any]:
    """The lines of a derivation report with both arrays, and for each node that has one its line."""
    if report is None:
        return {"lines": [], "of": {}}
    prefix = getattr(report, "prefix", "d")
    by_name = {vertex.name: i for i, vertex in enumerate(nodes) if vertex.name}
    lines, of = [], {}
    for number, line in enumerate(report.lines):
        told = {key: getattr(line, key) for key in ("name", "verdict", "kind", "hint", "source", "lineno")}
        place = by_name.get(line.name.removeprefix(prefix), by_name.get(line.name))
        filename = getattr(line, "filename", "")
        arrays = {key: compared(getattr(line, key, None)) for key in ("yours", "true")}
        at = code.place(filename, line.lineno) if filename else None
        lines.append(told | arrays | {"node": place, "at": at})
        if place is not None:
            of[place] = number
    return {"lines": lines, "of": of}


def compared(value: Any) -> list[Any] | None:
    """The shape of an array and its elements; None if it is no array of numbers."""
    array = np.asarray(value)
    return [str(array.shape), in_json(array, WHOLE)] if array.dtype.kind in "fiub" else None
