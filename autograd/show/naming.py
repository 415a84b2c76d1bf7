"""What the arrays of a graph are called: as the variables that hold them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import DTypeError
from ..tensor import Tensor

Scope = Mapping[str, Any]


class Naming:
    """The names of nodes and arrays, taken from the tensors and arrays among the variables of scopes.

    `own` are names that the user gave; they and the earlier scopes come first.

    >>> x, n = Tensor([1.0], requires_grad=True), np.array([2])
    >>> naming = Naming({"x": x}, {"n": n, "y": x})
    >>> naming.of(id(x.node)), naming.of(naming.identity(np.array([2.0])))
    ('x', 'n')
    """

    def __init__(self, own: Scope, *scopes: Scope) -> None:
        for name, value in own.items():
            if not (isinstance(name, str) and type(value) in (Tensor, np.ndarray)):
                raise DTypeError('names= takes the tensor or array for each name: names={"W": layer.weight}')
        variables: dict[str, Any] = {}
        for scope in (own, *scopes):
            for name, value in tuple(scope.items()):
                variables.setdefault(name, value)
        self.names: dict[int, str] = {}
        self.integers: list[Any] = []
        for name, value in variables.items():
            if type(value) is Tensor:
                self.names.setdefault(id(value.node or value.data), name)
            elif type(value) is np.ndarray:
                self.names.setdefault(id(value), name)
                if value.dtype.kind in "biu":
                    self.integers.append(value)

    def of(self, identity: int) -> str:
        """The name of the node or array with this `id`; empty if it has none."""
        return self.names.get(identity, "")

    def identity(self, array: Any) -> int:
        """The `id` by which a constant array is known.

        Integers are made floats when they come beside a float64 tensor: the original is known by its
        values.
        """
        if id(array) not in self.names and array.dtype == np.float64:
            for original in self.integers:
                if original.shape == array.shape and np.array_equal(original, array):
                    return id(original)
        return id(array)
