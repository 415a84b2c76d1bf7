"""A loss that was recorded already, as a run with the caller's variables, and the graph played again."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import Any

import numpy as np

from ...engine import LEAF, Node
from ...errors import DerivationError
from ...formulas.algebra.expressions import Ref
from ...graph.again import played_again
from ...graph.ancestors import ancestors, needs_gradient
from ...tensor import Tensor
from .given import KINDS, Shift, reached
from .observe import Event, Run, root_of


def run_of(loss: Tensor, scope: dict[str, Any]) -> Run:
    """The run that made a recorded loss, as far as the variables that are there now show it."""
    root = root_of(loss, "the computation")
    order = ancestors([root], needs_gradient)
    known = {k: v for k, v in scope.items() if not inspect.ismodule(v) and not k.startswith("_")}
    held = [(ref, value) for ref, value in reached(known) if isinstance(value, KINDS)]
    leaves: dict[Ref, Node] = {}
    for ref, value in held:
        if (
            type(value) is Tensor
            and value.node in order
            and value.is_leaf
            and value.node not in leaves.values()
        ):
            leaves[ref] = value.node
    unnamed = [n for n in order if n.op is LEAF and n not in leaves.values()]
    if unnamed:
        raise DerivationError(
            f"{len(unnamed)} of the tensors that the loss depends on are in no variable of the caller: give "
            "each a name, or derive the function that computes the loss"
        )
    events = [Event(ref, value, 0, True, 0) for ref, value in held if not is_given(value, order)]
    given = [Event(ref, value, -1, True, 0) for ref, value in held if is_given(value, order)]
    return Run(root, leaves, order, [*given, *events], {}, dict(reached(known)), {})


def is_given(value: Any, order: list[Node]) -> bool:
    """Whether a value was there before the computation, as a leaf or an array was."""
    return type(value) is not Tensor or value.node not in order or value.is_leaf


def again(one: Run, shift: Shift) -> Run:
    """The same computation on other values of the leaves."""
    leaves_ = [node for node in one.order if node.op is LEAF]
    moved = {node: Tensor(shift(np.array(node.data)), requires_grad=True) for node in leaves_}
    new = played_again(one.order, moved)

    def moved_value(value: Any) -> Any:
        """What a variable holds now."""
        return new.get(value.node, value) if type(value) is Tensor and value.node else value

    events = [replace(e, value=moved_value(e.value)) for e in one.events]
    leaves = {ref: new[node].node for ref, node in one.leaves.items()}
    available = {ref: moved_value(value) for ref, value in one.available.items()}
    root = new[one.root].node
    return Run(root, leaves, ancestors([root], needs_gradient), events, {}, available, {})
