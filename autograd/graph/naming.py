"""Names for the arrays and modules of a graph, taken from the variables that hold them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import FrameType
from typing import Any

import numpy as np

from ..engine import LEAF, Node
from ..errors import DTypeError
from ..tensor import Tensor

Variables = Mapping[str, Any]


def variables_of(frame: FrameType) -> Variables:
    """The variables of a running function: its local variables, then the global ones."""
    return {**frame.f_globals, **frame.f_locals}


class Naming:
    """The names of nodes, arrays and modules, by the `id` of each.

    Names that the user passed come first, then the name that a tensor was given, `t.name = "x"`, then
    the variables and the items of lists and dicts among them: `weights[0]`.

    >>> x, n = Tensor([1.0], requires_grad=True), np.array([2])
    >>> naming = Naming({"x": x}, {"n": n, "y": x})
    >>> naming.of(x.node, x.data), naming.of(None, np.array([2.0])), naming.of(None, np.zeros(1))
    ('x', 'n', '')
    """

    def __init__(self, own: Variables, variables: Variables) -> None:
        for name, value in own.items():
            if not (isinstance(name, str) and type(value) in (Tensor, np.ndarray)):
                raise DTypeError('names= takes the tensor or array for each name: names={"W": layer.weight}')
        self.own = {identity(value): name for name, value in own.items()}
        self.names: dict[int, str] = {}
        self.integers: list[Any] = []
        seen = {n: v for n, v in variables.items() if not n.startswith("_") and n not in NOTEBOOKS}
        for name, value in (*own.items(), *seen.items(), *items_of(seen)):
            if type(value) in (Tensor, np.ndarray):
                self.names.setdefault(identity(value), name)
            if type(value) is np.ndarray and value.dtype.kind in "biu":
                self.integers.append(value)

    def of(self, node: Node | None, array: Any) -> str:
        """The name of an array and its node, if it has one; empty if no name is known."""
        key = self.key(node, array)
        if key in self.own:
            return self.own[key]
        if node is not None and node.notes is not None and node.notes[0] == "name":
            return str(node.notes[1])
        return self.names.get(key, "")

    def key(self, node: Node | None, array: Any) -> int:
        """The `id` that identifies an array: its node's, or the array's own if it is a constant.

        Integers become floats when they meet a float64 tensor: the original array is then recognised by
        its values.
        """
        if node is not None and (node.requires_grad or node.op is not LEAF):
            return id(node)
        if self.integers and id(array) not in self.names and getattr(array, "dtype", None) == np.float64:
            for candidate in self.integers:
                if candidate.shape == array.shape and np.array_equal(candidate, array):
                    return id(candidate)
        return id(array)


def is_constant(node: Node | None) -> bool:
    """Whether an array with this node is a constant: not computed, and without a gradient."""
    return node is None or (node.op is LEAF and not node.requires_grad)


NOTEBOOKS = {"In", "Out"}  # IPython's variables, which hold everything that was ever shown


def identity(value: Any) -> int:
    """The `id` that identifies a variable's value in a graph: see `Naming.key`."""
    if type(value) is not Tensor:
        return id(value)
    return id(value.data) if is_constant(value.node) else id(value.node)


def items_of(variables: Variables) -> Iterator[tuple[str, Any]]:
    """The items of lists, tuples and dicts among the variables, under names like `weights[0]`."""
    for name, value in variables.items():
        pairs: Iterable[Any] = value.items() if type(value) is dict else ()
        if type(value) in (list, tuple) and len(value) <= 1000:
            pairs = enumerate(value)
        for key, item in tuple(pairs)[:1000]:
            if type(item) in (Tensor, np.ndarray):
                yield f"{name}[{key!r:.40}]", item
