"""What the page needs to take an operation apart: to show which numbers make one number of its result."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...graph import Vertex

REDUCTIONS = {"sum", "mean", "max", "min"}
WINDOWS = {
    "convolution": ("stride", "padding", "dilation", "groups"),
    "largest": ("size", "stride", "dilation"),
}
PRODUCTS = {"matmul", "dot", "linear"}


def apart(vertex: Vertex) -> list[Any] | None:
    """The operation and its options, if the page takes it apart: see page/apart.js; else None.

    A reduction has `axes`, all of them from 0 on.
    """
    op, options = vertex.op, vertex.options
    assert vertex.node is not None  # of an operation
    if isinstance(vertex.value, tuple) or any(isinstance(a, tuple) for a in vertex.node.args):
        return None
    shapes = [np.shape(a) for a in vertex.node.args if a is not None]
    if len(shapes) != len(vertex.inputs) or not shapes or np.size(vertex.value) == 0:
        return None
    if op in PRODUCTS:
        return [op, {}] if is_plain(op, shapes) else None
    if op in WINDOWS:
        return (
            [op, {name: options[name] for name in WINDOWS[op]}] if set(WINDOWS[op]) <= set(options) else None
        )
    if op in REDUCTIONS and not set(options) - {"axis", "keepdims"}:
        n = len(shapes[0])
        axis = options.get("axis")
        axes = range(n) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        return [
            op,
            {
                "axes": sorted(int(i) % n for i in axes) if n else [],
                "keepdims": bool(options.get("keepdims")),
            },
        ]
    if op == "softmax" and type(options.get("axis", -1)) is int:
        return [op, {"axes": [options.get("axis", -1) % len(shapes[0])]}] if shapes[0] else None
    return None


def is_plain(op: str, shapes: list[tuple[int, ...]]) -> bool:
    """Whether a product is of matrices and vectors, or of as many matrices on both sides."""
    a, b = shapes[:2]
    if op == "linear":
        return True
    if not a or not b or (op == "dot" and max(len(a), len(b)) > 2):
        return False
    return max(len(a), len(b)) <= 2 or a[:-2] == b[:-2] or len(b) <= 2
