"""The rules of a graph's operations, each as a line in the names of the graph: `dW1 += X.T @ g`.

Every line has been run, and gives the numbers of the engine, or it is not shown.
"""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..derived.line import RuleLine, rule_lines
from ..graph import Backward, Graph, Vertex

VARIABLE = re.compile(r"[^\W\d]\w*(\[[\w'\"]+\])*")  # `W1`, `weights[0]`, `params['W1']`
PLACEHOLDER = re.compile(r"\b(?:G|Y|A\d+)__\b")


@dataclass(frozen=True, slots=True)
class Line:
    """The rule of one argument.

    text     "dW1 += X.T @ g"
    letters  the names in it and what they stand for: the number of a vertex, the output's for g
    """

    text: str
    letters: tuple[tuple[str, int], ...]


class Rules:
    """The lines of all operations; those of operations that are alike are derived once."""

    def __init__(self, graph: Graph, back: Backward) -> None:
        self.graph, self.back = graph, back
        self.known: dict[Any, dict[int, RuleLine]] = {}
        self.used = {number: len([e for e in uses if (e.target, e.slot) in back.contributions])
                     for number, uses in graph.uses.items()}  # fmt: skip

    def of(self, vertex: Vertex) -> dict[int, Line]:
        """The lines of an operation, by the slots of its arguments."""
        if vertex.node is None or vertex.number not in self.back.cotangents:
            return {}
        slots = {edge.slot: edge.source for edge in vertex.inputs}
        sources = [slots.get(i, 0) for i in range(len(vertex.node.args))]
        places = ["G__", "Y__", *(self.placeholder(n, sources) for n in sources)]
        numbers = {"G__": vertex.number, "Y__": vertex.number, **dict(zip(places[2:], sources, strict=True))}
        letters = self.letters({p: numbers[p] for p in places[1:] if p})
        values = {p: self.graph[n].value for p, n in numbers.items() if p}
        values["G__"] = self.back.cotangents[vertex.number]
        values |= self.options(vertex)
        found = {}
        for slot, line in self.derived(vertex, places).items():
            if (vertex.number, slot) in self.back.contributions and self.holds(vertex, slot, line, values):
                found[slot] = self.named(line, places[2 + slot], letters, numbers, sources[slot])
        return found

    def placeholder(self, number: int, sources: list[int]) -> str:
        """What stands for the name of an argument; nothing for a number in the formula."""
        is_array = number and self.graph[number].kind != "constant"
        return f"A{sources.index(number)}__" if is_array else ""

    def derived(self, vertex: Vertex, places: list[str]) -> dict[int, RuleLine]:
        """The lines of an operation, with placeholders for names: derived once for all calls alike."""
        node = vertex.node
        assert node is not None
        if any(map(holds_array, (tuple(node.kwargs.values()), *node.kwargs.values(), node.data, *node.args))):
            return rule_lines(node, places)
        types = [(np.shape(a), np.asarray(a).dtype) for a in node.args if a is not None]
        numbers = [a for a, p in zip(node.args, places[2:], strict=True) if a is not None and not p]
        carries = [edge.carries for edge in vertex.inputs]
        key = str((id(node.op), node.kwargs, places, types, numbers, carries, vertex.shape))
        if key not in self.known:
            self.known[key] = rule_lines(node, places)
        return self.known[key]

    def options(self, vertex: Vertex) -> dict[str, Any]:
        """The arrays in options, which a line may read: those of an index."""
        found: dict[str, Any] = {}
        for key, value in vertex.options.items():
            arrays = [a for a in (value if isinstance(value, tuple) else (value,)) if np.ndim(a) == 1]
            found[key] = np.asarray(arrays[0]) if len(arrays) == 1 else tuple(map(np.asarray, arrays))
        return {key: value for key, value in found.items() if len(value)}

    def holds(self, vertex: Vertex, slot: int, line: RuleLine, values: dict[str, Any]) -> bool:
        """Whether a line gives what the engine computed."""
        sent = self.back.contributions[vertex.number, slot]
        if isinstance(sent, tuple):  # one of several outputs is handed on
            return True
        try:
            with np.errstate(all="ignore"):
                found = np.asarray(line.at(values))
        except Exception:  # the line is then not shown, whatever the reason
            return False
        if np.array_equal(found, sent):
            return True
        least = 1e-10 if np.asarray(sent).dtype == np.float64 else 1e-4
        scale = np.nanmax(np.abs(sent), initial=0, where=np.isfinite(sent))
        return found.shape == np.shape(sent) and np.allclose(
            found, sent, least, least * scale, equal_nan=True
        )

    def letters(self, numbers: dict[str, int]) -> dict[str, str]:
        """The names to write: the reader's, or of a parameter `0.weight` the last part."""
        found = {"G__": "g"}
        for place, number in numbers.items():
            label = self.graph[number].label
            words = [w for w in re.findall(r"[^\W\d]\w*", label) if not keyword.iskeyword(w)]
            is_name = VARIABLE.fullmatch(label) and not keyword.iskeyword(label)
            letter = label if is_name else words[-1] if words else "x"
            while letter in found.values() or letter == "np":
                letter += "_"
            found[place] = letter
        return found

    def named(
        self, line: RuleLine, place: str, letters: dict[str, str], numbers: dict[str, int], source: int
    ) -> Line:
        """A line with the reader's names in the place of the placeholders."""
        sign = "+=" if line.place or self.used[source] > 1 else "="
        written = f"d{place}{line.place} {sign} {line.text}"
        met = dict.fromkeys(PLACEHOLDER.findall(f"{line.place} {line.text}"))
        met = {p: None for p in numbers if p in met}  # in the order g, output, arguments
        text = re.sub(r"(G|Y|A\d+)__", lambda found: letters[found[0]], written)
        return Line(text, tuple((letters[p], numbers[p]) for p in met))


def holds_array(value: Any) -> bool:
    """Whether arrays are in a tuple, or an option is one: what is done may then depend on their numbers."""
    return isinstance(value, tuple) and any(isinstance(v, np.ndarray) for v in value)
