"""From the engine's nodes to the records of a graph: one pass over the nodes, oldest first."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any

from ..engine import LEAF, Node
from ..hooks import HOOK
from ..ops import Op, parameters
from ..tensor import NUMBERS, Tensor
from .ancestors import ancestors
from .naming import Naming, is_constant
from .records import Edge, Scope, Vertex
from .scopes import Scopes, common, source_of
from .text import number as written
from .text import printable


class Builder:
    """The vertices of a graph as they are found, and what is known about them.

    numbers  the numbers of the vertices that later ones may refer to, by the key of their array: `Naming.key`
    """

    def __init__(self, output: Tensor, names: Mapping[str, Any], variables: Mapping[str, Any]) -> None:
        self.output = output
        self.naming = Naming(names, variables)
        self.scopes = Scopes(variables)
        self.vertices: list[Vertex] = []
        self.numbers: dict[int, int] = {}
        self.labels: dict[str, int] = {}
        nodes = ancestors([output.node], lambda node: not is_constant(node))
        self.made_in = {node: self.scopes.of(node.notes) for node in nodes if node.op is not LEAF}
        self.used_in = self.scopes_of_leaves()
        self.parameter_names = self.scopes.parameter_names()
        for node in nodes:
            self.add_node(node)
        if not nodes:
            self.source(output.data, output.node, None)

    def scopes_of_leaves(self) -> dict[Node, Scope | None]:
        """The innermost scope around all uses of each leaf."""
        found: dict[Node, Scope | None] = {}
        for node, scope in self.made_in.items():
            for parent in node.parents:
                if parent is not None and parent.op is LEAF:
                    found[parent] = common(found[parent], scope) if parent in found else scope
        return found

    def add_node(self, node: Node) -> None:
        """Add a leaf, or an operation together with the arrays that it is the first to use."""
        uses = [
            (self.source(array, parent, self.made_in[node]), slot, name, carries)
            for slot, name, array, parent, carries in arguments(node)
        ]
        number = len(self.vertices) + 1
        edges = tuple(Edge(there, number, slot, name, carries) for there, slot, name, carries in uses)
        computed = "output" if node is self.output.node else "intermediate"
        leaf = node.op is LEAF
        name = self.naming.own.get(id(node)) or (leaf and self.parameter_names.get(id(node)))
        scope = self.used_in.get(node) if leaf else self.made_in[node]
        name = name or self.naming.of(node, node.data)
        self.add("parameter" if leaf else computed, name, node.data, node, scope, edges)

    def source(self, array: Any, node: Node | None, scope: Scope | None) -> int:
        """The number of an argument; adds an array that needs no gradient when it is first used."""
        if node is None and type(array) in NUMBERS:
            return self.add("constant", "", array, None, scope)
        key = self.naming.key(node, array)
        if key in self.numbers:
            return self.numbers[key]
        name = self.naming.of(node, array)
        if not name and array.ndim == 0:
            return self.add("constant", "", array, None, scope)
        return self.add("input", name, array, node, None)

    def add(
        self,
        kind: str,
        name: str,
        array: Any,
        node: Node | None,
        scope: Scope | None,
        inputs: tuple[Edge, ...] = (),
    ) -> int:
        """Add a vertex, and return its number."""
        number = len(self.vertices) + 1
        label = written(array) if kind == "constant" else self.unique(printable(name) or f"t{number}")
        made = node is not None and node.op is not LEAF
        op, options = told(node) if node is not None and made else ("", {})
        needed, source = (node.requires_grad, source_of(node)) if node is not None else (False, None)
        self.vertices.append(
            Vertex(number, kind, name, label, op, options, inputs, array, needed, scope, source, node)
        )
        if kind != "constant":
            self.numbers[self.naming.key(node, array)] = number
        return number

    def unique(self, name: str) -> str:
        """`name`, followed by a number if a vertex has that name already."""
        label = name
        while label in self.labels:
            self.labels[name] += 1
            label = f"{name}_{self.labels[name]}"
        self.labels[label] = 1
        return label


def told(node: Node) -> tuple[str, dict[str, Any]]:
    """An operation's name and options; of a hook no more than the user's functions."""
    if node.op is not HOOK:
        return node.op.name, node.kwargs
    hooks = node.kwargs["hooks"]
    return (node.op.name, {"hooks": hooks}) if hooks else ("retained", {})


def arguments(node: Node) -> Iterator[tuple[int, str, Any, Node | None, bool]]:
    """The array arguments of a node, without optional ones that were left out.

    Each comes with its slot, the function's name for it, its node, and whether a gradient goes back to it.
    """
    named = zip(node.args, node.parents, node.op.rules, strict=False)
    for slot, (array, parent, rule) in enumerate(named):
        if array is not None:
            carries = rule is not None and parent is not None and parent.requires_grad
            yield slot, argument(node.op, slot), array, parent, carries


@functools.cache
def argument(op: Op, slot: int) -> str:
    """The name of an array argument of an operation; "arrays[2]" for an argument in a sequence."""
    try:
        names = parameters(op.function)
    except ValueError:  # a function in C without a signature
        names = ()
    if op.each:
        return f"{names[0] if names else 'arrays'}[{slot}]"
    return names[slot] if slot < len(names) else f"argument {slot}"
