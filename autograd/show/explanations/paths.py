"""The paths by which one number depends on another, the heaviest first.

The chain rule is a sum over paths.  The derivative of an output by x is the sum, over all paths from the
output back to x, of the product of the local derivatives along the path.  The number of paths doubles
with each array that is used twice, so they cannot all be listed.  But one pass over the graph can count
them all and find the heaviest.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...engine import passed_back
from ...graph import Edge, Graph, Vertex
from ...hooks import HOOK
from ...outputs import Parts

BUDGET = 20_000_000  # the most numbers that may be computed on the way
KEPT = 100  # the most paths that continue from each array, if paths go over whole arrays

State = tuple[int, int]  # the number of a vertex, and the position of one of its elements, counted flat


@dataclass(frozen=True, slots=True)
class Arc:
    """One use of one number by another, and the local derivative."""

    target: State
    source: State
    edge: Edge
    derivative: float


class TooManyError(Exception):
    """There are too many local derivatives to compute one by one."""


class Elements:
    """The numbers on the paths from one element of the output back to one element of the goal.

    arcs   for each number that the output depends on, its arguments, with the local derivatives
    dead   the arcs that cut off a path because their derivative is 0
    """

    def __init__(self, graph: Graph, start: State, goal: State) -> None:
        self.graph, self.start, self.goal = graph, start, goal
        self.arcs: dict[State, list[Arc]] = {}
        self.budget = BUDGET
        self.between = region(graph, goal[0])
        reached: dict[int, set[int]] = {start[0]: {start[1]}}
        for vertex in reversed(graph.nodes):
            if vertex.number in reached and vertex.number in self.between and vertex.number != goal[0]:
                for element in sorted(reached[vertex.number]):
                    self.arcs[vertex.number, element] = list(self.arcs_of(vertex, element))
                    for arc in self.arcs[vertex.number, element]:
                        reached.setdefault(arc.source[0], set()).add(arc.source[1])

    def arcs_of(self, vertex: Vertex, element: int) -> Iterator[Arc]:
        """The arcs from one element of a vertex: the engine's rules, given a cotangent of 1 for it."""
        found = False
        for edge, gi in sent_by(vertex, unit(vertex.value, element)):
            if edge.source in self.between:
                row = flat(gi)
                if np.isnan(row).any() and np.shape(gi) == vertex.shape:
                    row = np.where(np.arange(row.size) == element, row, 0)  # elsewhere it is 0 times inf
                places = np.flatnonzero(row).tolist()
                self.budget -= row.size + 50 * len(places)  # an arc takes 50 times as long as a number
                if self.budget < 0:
                    raise TooManyError
                for place in places:
                    found = True
                    if edge.source != self.goal[0] or place == self.goal[1]:
                        yield Arc((vertex.number, element), (edge.source, place), edge, row[place].item())
        if not found:  # an elementwise function that does not change here, such as a dead relu
            for edge in vertex.inputs:
                shape = np.shape(self.graph[edge.source].value)
                if edge.carries and edge.source in self.between and shape == np.shape(vertex.value):
                    yield Arc((vertex.number, element), (edge.source, element), edge, 0.0)

    @property
    def dead(self) -> list[Arc]:
        """The arcs where a derivative of 0 cuts a way to the goal, in the order of the way back."""
        reaching = {self.goal}
        found = []
        for state in reversed(self.arcs):
            arcs = [arc for arc in self.arcs[state] if arc.source in reaching]
            found += [arc for arc in arcs if not arc.derivative]
            reaching.update(arc.target for arc in arcs)
        return found[::-1]

    def totals(self) -> tuple[int, float]:
        """The number of paths, and the sum of their products."""
        counts: dict[State, int] = {self.goal: 1}
        sums: dict[State, float] = {self.goal: 1.0}
        for state in reversed(self.arcs):
            alive = [arc for arc in self.arcs[state] if arc.derivative]
            counts[state] = sum(counts.get(arc.source, 0) for arc in alive)
            sums[state] = sum(arc.derivative * sums.get(arc.source, 0.0) for arc in alive)
        return counts[self.start], sums[self.start]

    def heaviest(self, most: int) -> list[list[Arc]]:
        """The paths with the largest absolute products, at most `most`.

        Each number keeps its own heaviest ways to the goal.  A way consists of the logarithm of its
        size, its first arc, and the rank of the way with which it goes on from there.
        """
        ways: dict[State, list[tuple[float, int, Arc | None, int]]] = {self.goal: [(0.0, 0, None, 0)]}
        for state in reversed(self.arcs):  # the oldest first
            candidates = (
                (log_size(arc.derivative) + way[0], -order, arc, rank)
                for order, arc in enumerate(self.arcs[state])
                if arc.derivative
                for rank, way in enumerate(ways.get(arc.source, ()))
            )
            ways[state] = heapq.nlargest(most, candidates, key=lambda way: way[:2])
        paths = []
        for rank in range(len(ways[self.start])):
            path, state = [], self.start
            while state != self.goal:
                _, _, arc, rank = ways[state][rank]
                assert arc is not None  # only the goal has none
                path.append(arc)
                state = arc.source
            paths.append(path)
        return paths


def region(graph: Graph, goal: int) -> set[int]:
    """The vertex `goal` and the vertices that depend on it."""
    found = {goal}
    for vertex in graph.nodes[goal:]:
        if any(edge.carries and edge.source in found for edge in vertex.inputs):
            found.add(vertex.number)
    return found


def log_size(derivative: float) -> float:
    """The logarithm of the absolute value; NaN counts as infinite."""
    return math.log(abs(derivative)) if derivative and math.isfinite(derivative) else math.inf


def flat(array: Any) -> Any:
    """The elements of an array, or of several arrays, in one dimension."""
    if isinstance(array, tuple):
        return np.concatenate([np.ravel(part) for part in array])
    return np.ravel(array)


def unit(value: Any, element: int) -> Any:
    """A cotangent that is 1 for one element and 0 for all others."""
    if isinstance(value, tuple):
        ends = np.cumsum([np.size(part) for part in value])
        parts = [np.zeros(np.shape(part)) for part in value]
        which = int(np.searchsorted(ends, element, side="right"))
        parts[which].flat[element - ends[which] + parts[which].size] = 1
        return Parts(value, dict(enumerate(parts)))
    g = np.zeros(np.shape(value), np.asarray(value).dtype)
    g.flat[element] = 1
    return g if g.ndim else g[()]


def array_paths(graph: Graph, start: State, goal: State) -> tuple[list[tuple[list[Edge], float]], bool]:
    """Paths over whole arrays, with the contribution of each to the derivative; and whether these are all.

    Each cotangent goes back along one path only, so the contributions of all paths sum to the
    derivative.  From each array, only the KEPT paths with the largest cotangents continue.
    """
    between = region(graph, goal[0])
    arrived: dict[int, list[tuple[Any, Any]]] = {start[0]: [(unit(graph.output.value, start[1]), None)]}
    complete = True
    for vertex in reversed(graph.nodes[goal[0] :]):
        ways = arrived.pop(vertex.number, [])
        if len(ways) > KEPT:
            ways = heapq.nlargest(KEPT, ways, key=lambda way: float(np.linalg.norm(flat(way[0]))))
            complete = False
        for g, path in ways:
            for edge, gi in sent_by(vertex, g):
                if edge.source in between:
                    arrived.setdefault(edge.source, []).append((gi, (edge, path)))
    found = [(edges_of(path), float(flat(g)[goal[1]])) for g, path in arrived.get(goal[0], [])]
    found.sort(key=lambda path: -abs(path[1]))
    return found, complete


def sent_by(vertex: Vertex, g: Any) -> Iterator[tuple[Edge, Any]]:
    """The edges on which a vertex sends a gradient back, each with what it makes of the cotangent `g`.

    Hooks are left out: they may have side effects, and must not be called just to look at a graph.
    """
    assert vertex.node is not None  # a vertex that sends a gradient back was computed
    carrying = [edge for edge in vertex.inputs if edge.carries]
    sent = [g] if vertex.node.op is HOOK else [gi for _, gi in passed_back(vertex.node, g, None)]
    return zip(carrying, sent, strict=True)


def edges_of(path: Any) -> list[Edge]:
    """The edges of a linked path, beginning at the output."""
    edges = []
    while path is not None:
        edge, path = path
        edges.append(edge)
    return edges[::-1]
