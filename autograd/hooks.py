"""Hooks, the user's functions that see and may replace a cotangent, and retained gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .engine import LEAF, Array, Leaf, Node, new_node
from .errors import ShapeError
from .ops import Op

Hook = Callable[[Array], Any]


def hook(a: Array, hooks: list[Hook], retained: Leaf | None) -> Array:
    """`a` itself.  In the backward pass, its cotangent goes through `hooks`.

    `retained` is the leaf that accumulates the cotangent after that, if the user asked for it.
    """
    return a


def through(hooks: list[Hook], g: Array) -> Array:
    """The cotangent after all hooks, which are called in order.  A hook that returns None changes nothing."""
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
    """The options of a node that can have hooks: its list of `hooks`, and the leaf that is its `retained`.

    A leaf keeps its hooks itself.  Any other node moves its operation to a new node just before it, and
    becomes the hook.  So the results that were already computed from it go back through the hook as well,
    and nodes without hooks need not look for any.
    """
    if node.op is LEAF:
        node.kwargs = node.kwargs or {"hooks": []}
    elif node.op is not HOOK:
        inner = new_node(
            node.op, node.args, node.parents, node.kwargs, node.data, node.requires_grad, node.notes
        )
        inner.index = node.index - 0.5  # older than `node`, younger than its parents
        node.op, node.args, node.parents = HOOK, (node.data,), (inner,)
        node.kwargs = {"hooks": [], "retained": None}
    return node.kwargs
