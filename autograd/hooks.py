"""Hooks: functions of the user's that a cotangent goes through on its way back; and retained gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .engine import LEAF, Array, Leaf, Node, new_node
from .errors import ShapeError
from .ops import Op

Hook = Callable[[Array], Any]


def hook(a: Array, hooks: list[Hook], retained: Leaf | None) -> Array:
    """`a` itself, whose cotangent goes through `hooks`, and accumulates in `retained`, if that is a leaf."""
    return a


def through(hooks: list[Hook], g: Array) -> Array:
    """The cotangent `g` as the hooks leave it, one after the other; one that returns None only looks."""
    for function in hooks:
        new = function(g)
        if new is not None and (np.shape(new) != g.shape or new.dtype != g.dtype):
            raise ShapeError(
                f"a hook replaced a cotangent of shape {g.shape} and dtype {g.dtype} by one of "
                f"shape {np.shape(new)} and dtype {getattr(new, 'dtype', type(new).__name__)}"
            )
        g = g if new is None else new
    return g


HOOK = Op(hook)
HOOK.rules, HOOK.broadcasts = (lambda g, y, a, hooks, retained: through(hooks, g),), False


def hooked(node: Node) -> dict[str, Any]:
    """What `node` is to do with its cotangent: its list of `hooks`, and the leaf that it is `retained` in.

    A leaf keeps it.  Any other node hands its operation to a node just before it, and becomes the
    hook: so what was computed from it already goes back through the hook as well, and nodes
    without hooks need not look for any.
    """
    if node.op is LEAF:
        node.kwargs = node.kwargs or {"hooks": []}
    elif node.op is not HOOK:
        inner = new_node(
            node.op, node.args, node.parents, node.kwargs, node.data, node.requires_grad, node.notes
        )
        inner.index = node.index - 0.5  # older than its consumers, younger than its parents
        node.op, node.args, node.parents = HOOK, (node.data,), (inner,)
        node.kwargs = {"hooks": [], "retained": None}
    return node.kwargs
