"""What a check could not have found: mistakes hidden by gradients that are zero, and why they are zero."""

from __future__ import annotations

from collections.abc import Container, Sequence

import numpy as np

from ...engine import Node, way_back
from ...outputs import Parts
from ...transforms.run import Run
from ...transforms.structure import Path, flat, is_traced
from ...transforms.walk import gradients_of, region
from .problem import SEED, Array, Point, Problem, largest
from .report import PASS, InputCheck


def power_of(problem: Problem, gradients: list[Point], path: Path, check: InputCheck) -> list[str]:
    """The reasons why some mistakes, or all, in the gradient of this input could not have been found."""
    found = [g[path] for g in gradients]
    if check.zero and check.order == 2:
        return [f"{check.label}: the second derivative is zero everywhere, as f is linear here"]
    if check.zero:
        return [f"{check.label}: {why_zero(problem, found, path)}"]
    zero = np.all([g == 0 for g in found], axis=0)
    if check.verdict == PASS and zero.mean() >= 0.5:
        return [
            f"{check.label}: the gradient is zero at {zero.sum()} of {zero.size} elements, "
            "where no wrong factor shows"
        ]
    return []


def why_zero(problem: Problem, found: Sequence[Array], path: Path) -> str:
    """Why a gradient is zero everywhere, as far as that is known."""
    if problem.run is None:
        return "what f returns does not change with it at this point: choose one at which it does"
    target = problem.run.targets[path]
    between = region(roots_of(problem.run), {target}, target.index)[0]
    if not between:
        return (
            "no path from it to what f returns was recorded: it is not used, or only by piecewise constant "
            "functions, or through .data or .detach()"
        )
    symmetric = cancelling(problem.run, between, target, max(map(largest, found)))
    if symmetric:
        return symmetric
    node = last_on_the_way(problem, between, target)
    if node is None:
        return "all that arrives at it adds up to zero"
    shapes = " and ".join(str(np.shape(a)) for a in node.args if a is not None)
    return (
        f"nothing gets back through {node.op.name} of shape {shapes}: "
        "its derivative is 0 at every element here; choose inputs at which it is not"
    )


def roots_of(run: Run) -> list[Node]:
    """The nodes of f's outputs, at which the way back begins; an output that is a constant has none."""
    return [y.node for y in flat(run.output).values() if is_traced(y)]


def last_on_the_way(problem: Problem, between: Sequence[Node], target: Node) -> Node | None:
    """The first operation on the way back that gets a cotangent and passes on nothing but zeros."""
    assert problem.run is not None
    outputs = flat(problem.run.output).values()
    pairs = zip(outputs, problem.cotangents, strict=True)
    cotangents = {y.node: c for y, c in pairs if is_traced(y) and y.node in between}
    for node, g, passed in way_back(cotangents, within={*between, target}, ends={target}):
        if node is not target and is_some(g) and not any(is_some(gi) for _, gi in passed):
            return node
    return None


def is_some(g: Array) -> bool:
    """Whether a cotangent, or one of the cotangents of several outputs, has an element that is not 0."""
    return any(np.any(part) for part in g) if isinstance(g, tuple | Parts) else bool(np.any(g))


def cancelling(run: Run, between: Sequence[Node], target: Node, found: float) -> str:
    """The reason, if f sums an array whose elements change with the input while their sum does not."""
    for root in roots_of(run):
        node = summed(root, {*between})
        if node is None or not isinstance(node.data, np.ndarray):
            continue
        g = np.random.default_rng(SEED).uniform(0.5, 1.5, node.data.shape)
        gradient = gradients_of(between, {node: g}, [target]).get(target)
        if gradient is not None and largest(gradient) > 1e6 * found:
            return (
                f"f sums {node.op.name} of shape {node.data.shape}, and the sum is the same whatever the "
                "input, as through a softmax or a normalisation: return the array before the sum, "
                "which is then weighted at random"
            )
    return ""


def summed(node: Node, between: Container[Node]) -> Node | None:
    """The array from which a chain of single operations made a number; None if there is no such chain."""
    while not isinstance(node.data, tuple) and np.size(node.data) == 1:
        before = [p for p in node.parents if p is not None and p in between]
        if len(before) != 1:
            return None
        node = before[0]
    return node
