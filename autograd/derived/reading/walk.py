"""The way back from one named variable to the next, where each gradient is written in terms of later ones.

The rules run on Tensors, and what they record is read as expressions.  Where a variable has a name, its
gradient gets one too, and what is read after it stops there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...engine import Node, new_leaf, way_back
from ...formulas.algebra.expressions import ONE, Expr, Ref, add, name
from ...formulas.reading.read import Reader
from ...mode import EVERYTHING, Block
from ...tensor import Tensor
from .naming import UNNAMED, Names, Variable
from .observe import Run, Turns


@dataclass(slots=True, eq=False)
class Line:
    """An equation of a derivation: a gradient, and what it is.

    target     the gradient, or another value
    value      the expression, in the shape of the target or a smaller one
    shape      the shape of the target
    variable   the variable whose gradient the target is, or None for another value
    node       the node of this variable
    wanted     whether the user asked for the gradient
    parts      what each use of the variable contributes, as the rules give it
    sign       "=", or "+=" if the value is added to the target; for lists "list", "room", "zeros", "empty",
               "values" or "append"
    like       for a line of zeros, a variable that is there and has the shape
    turns      the rounds of loops to which the line belongs, as far as the loops are not folded
    is_handed  whether a round of a loop hands the target to the next one
    history    the value in all forms that it has had, the first one as the rules give it
    absorbed   the lines that were taken into this one
    """

    target: Expr
    value: Expr
    shape: tuple[int, ...]
    variable: Variable | None = None
    node: Node | None = None
    wanted: bool = False
    parts: tuple[Expr, ...] = ()
    sign: str = "="
    like: Ref | None = None
    turns: Turns = ()
    is_handed: bool = False
    history: list[Expr] = field(default_factory=list)
    absorbed: list[Line] = field(default_factory=list)


def gradient_ref(variable: Variable, prefix: str = "d") -> Ref:
    """The name of a variable's gradient: `dW1`; for an entry of a list `dWs[0]`, and in a loop `dh[3]`."""
    prefix = "" if variable.base.startswith(UNNAMED) else prefix
    if variable.turns:
        return (f"{prefix}{variable.base}", *(turn for _, turn in variable.turns))
    ref = variable.ref
    is_users = variable.series != ref[0]  # a list of states that only the derivation keeps has no gradient
    if len(ref) > 1 and isinstance(ref[-1], int) and is_users:
        return (f"{prefix}{ref[0]}", *ref[1:])
    return (f"{prefix}{variable.base}",)


def walked(run: Run, names: Names, wanted: set[Node], prefix: str) -> list[Line]:
    """The lines of a derivation as the rules give them, from the loss back."""
    seed = new_leaf(np.ones(np.shape(run.root.data)))
    gradients: dict[Node, Expr] = {seed: ONE}
    read = Reader(Both(gradients, names.exprs), names.constant)
    parts: dict[Node, list[Any]] = {run.root: [Tensor.of(seed.data, seed)]}
    lines: list[Line] = []
    with Block(EVERYTHING):
        for node, g, passed in way_back({run.root: parts[run.root][0]}, Tensor.lift, reaching(run, wanted)):
            for parent, gi in passed:
                parts.setdefault(parent, []).append(gi)
            variable = names.variables.get(node)
            if variable is None and is_new(g, gradients):
                variable = names.unnamed(node, len(passed) > 1)
            if variable is not None:
                target = name(gradient_ref(variable, prefix), np.shape(node.data))
                line = line_of(node, variable, target, parts.pop(node), read)
                line.wanted = node in wanted
                lines.append(line)
                if type(g) is Tensor and g.node is not None:
                    gradients.setdefault(g.node, line.target)
    return lines


def is_new(g: Any, gradients: Mapping[Node, Expr]) -> bool:
    """Whether a gradient is an array of its own that has no name yet."""
    return type(g) is Tensor and g.node is not None and g.node not in gradients and g.size > 1


def line_of(node: Node, variable: Variable, target: Expr, parts: list[Any], read: Reader) -> Line:
    """The line of a variable's gradient: the sum of what its uses contribute."""
    exprs = tuple(read(p.data, p.node) if type(p) is Tensor else read.constant(p) for p in parts)
    return Line(target, add(*exprs), target.shape, variable, node, False, exprs, turns=variable.turns)


def reaching(run: Run, wanted: set[Node]) -> set[Node]:
    """The nodes on the way from wanted nodes to the loss."""
    found: set[Node] = set()
    for node in run.order:
        if node in wanted or any(p in found for p in node.parents):
            found.add(node)
    return found


class Both(dict[Node, Expr]):
    """The names of gradients, which are given on the way, and of the nodes of the forward pass."""

    def __init__(self, leaves: dict[Node, Expr], nodes: dict[Node, Expr]) -> None:
        self.leaves, self.nodes = leaves, nodes

    def __contains__(self, node: object) -> bool:
        return node in self.leaves or node in self.nodes

    def __getitem__(self, node: Node) -> Expr:
        return self.leaves[node] if node in self.leaves else self.nodes[node]
