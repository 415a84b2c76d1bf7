"""Where the influence of one array on another ends, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from ...engine import Node
from ...graph import Graph
from ...graph.ancestors import ancestors
from ...graph.naming import items_of
from ...graph.text import number
from ...hooks import HOOK
from ...tensor import Tensor
from .paths import Arc, flat, region


def cuts(graph: Graph, wrt: Tensor, variables: Mapping[str, Any]) -> Iterator[str]:
    """The places where the graph cuts off a gradient: detached arrays, piecewise constants, and hooks."""
    yield from detached(graph, wrt, variables)
    goal = next((vertex.number for vertex in graph.nodes if vertex.node is wrt.node), None)
    between = region(graph, goal) if goal else set()
    for vertex in graph.nodes:
        for edge in vertex.inputs:
            if edge.source in between and not edge.carries:
                label = graph[edge.source].label
                yield f"{vertex.label} = {graph.expression(vertex)} is piecewise constant in {label}"
        if vertex.number in between and vertex.node is not None and vertex.node.op is HOOK:
            yield f"{vertex.label} has hooks, which may change the gradient: the paths leave them out"
        if vertex.kind == "input" and vertex.dtype == bool:
            yield (
                f"{vertex.label} holds truth values: a comparison is piecewise constant, "
                "and sends nothing back to its arguments"
            )


def detached(graph: Graph, wrt: Tensor, variables: Mapping[str, Any]) -> Iterator[str]:
    """The inputs that share their arrays with tensors that depend on `wrt`."""
    held = [*variables.items(), *items_of(variables)]
    computed: dict[int, tuple[str, Node]] = {
        id(value.data): (name, value.node)
        for name, value in held
        if type(value) is Tensor and value.node is not None and value.requires_grad
    }
    computed |= {
        id(v.value): (v.label, v.node) for v in graph.nodes if v.node is not None and v.requires_grad
    }
    for vertex in graph.nodes:
        if vertex.kind == "input" and id(vertex.value) in computed:
            name, node = computed[id(vertex.value)]
            if wrt.node in ancestors([node]):
                yield f"{vertex.label} is {name} detached, a constant: nothing goes back through it"


def stopped(graph: Graph, dead: Sequence[Arc]) -> Iterator[str]:
    """A line for each array with derivatives that are 0; all derivatives of one array share a line."""
    for (n, there), group in groupby(dead, key=lambda arc: (arc.target[0], arc.source[0])):
        vertex, source, arcs = graph[n], graph[there], list(group)
        place = arcs[0].source[1]
        made = subscripted(vertex.label, vertex.shape, arcs[0].target[1])
        by = subscripted(source.label, source.shape, place)
        value = number(flat(source.value)[place])
        more = f", and so have {len(arcs) - 1} more" if len(arcs) > 1 else ""
        yield f"{made} = {graph.expression(vertex)} has the derivative 0 by {by}, which is {value}{more}"


def subscripted(label: str, shape: tuple[int, ...], place: int) -> str:
    """The name of one element: `W[0, 2]`; for an array with a single element, the array's name."""
    if int(np.prod(shape)) == 1:
        return label
    index = ", ".join(str(int(i)) for i in np.unravel_index(place, shape))
    return f"{label}[{index}]"
