"""From recorded nodes to expressions, in the forward pass and in the recorded way back.

A function of the table is read as arithmetic if it is some (`np.square`, `np.mean`, `sigmoid`), and else
as a call of NumPy's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ...engine import LEAF, Node, new_leaf
from ...errors import DerivationError
from ...mode import EVERYTHING, Block
from ...outputs import PICK
from ...refusals import full_name
from ...tensor import Tensor
from ..algebra.arrays import exact
from ..algebra.expressions import ELEMENTWISE, Expr, Shape, call
from ..algebra.indexing import frozen, sequence, take
from .readings import READINGS
from .windows import windows_of

Constant = Callable[[Any], Expr]


class Reader:
    """Reads nodes as expressions, up to those that have a name.

    names     the expressions of nodes with a name
    constant  gives the expression of an array or number without a history
    """

    def __init__(self, names: Mapping[Node, Expr], constant: Constant) -> None:
        self.names, self.constant = names, constant
        self.found: dict[Node, Expr] = {}

    def __call__(self, data: Any, node: Node | None) -> Expr:
        """The expression of an array and its node."""
        if node is not None and node in self.names:
            return self.names[node]
        if node is None or node.op is LEAF:
            return self.constant(data)
        return self.read(node)

    def read(self, node: Node) -> Expr:
        """The expression of a node; the nodes on which it depends are read first, without recursion."""
        waiting = [node]
        while waiting:
            one = waiting[-1]
            first = [p for p in one.parents if p is not None and self.is_open(p)]
            waiting += first
            if not first:
                waiting.pop()
                if one not in self.found and not one.op.several:
                    self.found[one] = self.operation(one)
        return self.found[node]

    def is_open(self, node: Node) -> bool:
        """Whether a node is still to be read; if it has several outputs, whether one of its parents is."""
        if node.op.several:
            return any(p is not None and self.is_open(p) for p in node.parents)
        return node not in self.names and node not in self.found and node.op is not LEAF

    def argument(self, data: Any, node: Node | None) -> Expr:
        """The expression of an argument: its name, or what was read for its node."""
        return self.found[node] if node in self.found and node not in self.names else self(data, node)

    def operation(self, node: Node) -> Expr:
        """The expression of a node whose arguments were read already; subclasses read it in another way."""
        return self.made(node)

    def definition(self, node: Node) -> Expr:
        """The expression by which a node was computed, whether the node has a name or not."""
        for parent in node.parents:
            if parent is not None and not parent.op.several:
                self(parent.data, parent)
        return self.made(node)

    def made(self, node: Node) -> Expr:
        """The expression of an operation, by its reading if it has one."""
        if node.op is PICK:
            return self.piece(node)
        given = [(a, p) for a, p in zip(node.args, node.parents, strict=True) if a is not None]
        args = [self.argument(a, p) for a, p in given]
        shapes = [np.shape(a) for a, _ in given]
        reading = READINGS.get(node.op.function)
        if reading:
            found = reading(args, shapes, np.shape(node.data), self.settled(node.kwargs))
            if found is not None:
                return found
        return self.general(node, args, shapes)

    def piece(self, node: Node) -> Expr:
        """The expression of one of several outputs, which `np.split` cut out."""
        parent = node.parents[0]
        if parent is None or parent.op.name != "pieces":
            raise DerivationError(f"{parent and parent.op.name} has several outputs, and is not written here")
        bounds, axis, k = parent.kwargs["bounds"], parent.kwargs["axis"], node.kwargs["index"]
        a = parent.args[0]
        index = [slice(None)] * axis + [slice(bounds[k], bounds[k + 1])]
        whole = exact(self(a, parent.parents[0]), a.shape)
        return call(take, (whole,), np.shape(node.data), index=frozen(index))

    def settled(self, options: dict[str, Any]) -> dict[str, Any]:
        """Options with expressions in the place of arrays in an index."""
        if "index" not in options:
            return options
        index = options["index"]
        parts = index if isinstance(index, tuple) else (index,)
        return options | {"index": tuple(self.index(p) for p in parts)}

    def index(self, part: Any) -> Any:
        """A part of an index: an array as an expression or as windows, and NumPy's integers as Python's.

        A range is an array of whole numbers too; one that does not count from 0 stays as it is written.
        """
        if isinstance(part, list):
            part = np.array(part)
        if isinstance(part, range) and part == range(len(part)):
            part = np.arange(len(part))
        if isinstance(part, np.ndarray) and part.ndim:
            return windows_of(part) or self.constant(part)
        return int(part) if isinstance(part, np.integer | np.ndarray) and part.dtype.kind in "iu" else part

    def general(self, node: Node, args: list[Expr], shapes: list[Shape]) -> Expr:
        """A call of the function itself if it is NumPy's, or else what it computes with NumPy's functions."""
        function = node.op.function
        if node.op.several:
            raise DerivationError(f"{full_name(function)} has several outputs, and is not written here")
        if not full_name(function).startswith("np."):
            return self.inside(node, args)
        opts = {k: tuple(v) if isinstance(v, list) else v for k, v in node.kwargs.items() if v is not None}
        if any(isinstance(v, np.ndarray) for v in opts.values()):
            raise DerivationError(f"an option of {full_name(function)} is an array, and is not written here")
        if node.op.each:
            function = sequence(function)
        is_elementwise = function.__name__ in ELEMENTWISE
        whole = args if is_elementwise else [exact(e, s) for e, s in zip(args, shapes, strict=True)]
        return call(function, whole, np.shape(node.data), **opts)

    def inside(self, node: Node, args: list[Expr]) -> Expr:
        """What a function of ours or of the user's computes, as it is recorded when it runs on Tensors."""
        data = [np.asarray(a) for a in node.args if a is not None]
        leaves = [new_leaf(a, a.dtype.kind == "f") for a in data]
        given = map(Tensor.of, data, leaves)
        tensors = [None if a is None else next(given) for a in node.args]
        name = full_name(node.op.function)
        try:
            with Block(EVERYTHING), np.errstate(all="ignore"):
                result = node.op.function(*tensors, **node.kwargs)
        except Exception as error:
            raise DerivationError(f"{name} cannot be written in plain NumPy: {error}") from error
        if type(result) is not Tensor or result.node is None:
            raise DerivationError(f"{name} cannot be written in plain NumPy: write it with NumPy's functions")
        return Reader(dict(zip(leaves, args, strict=True)), self.constant)(result.data, result.node)
