"""One evaluation of a function, and the way back through it: the part that all transformations share."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index as integer
from typing import Any

import numpy as np

from ..engine import LEAF, Node, next_index
from ..errors import IndexingError
from ..mode import BACKWARD, EVERYTHING, GRADIENTS, Block, recording
from ..ops import Function
from ..tensor import Tensor
from .structure import Path, data_of, flat, is_traced, name_of, rebuilt, refuse_unless, where
from .walk import gradients_of, region


class Run:
    """One evaluation of `f`, with new Tensors in place of some of its arguments.

    targets    the nodes of the new Tensors: leaves, or copies (made by `np.positive`) of Tensors that
               have a history
    output     what f returned, made of Tensors
    connected  whether a derivative may depend on Tensors from outside this evaluation
    """

    def __init__(
        self, f: Function, args: Any, kwargs: Any, argnums: int | Sequence[int], has_aux: bool = False
    ) -> None:
        self.name, self.argnums = name_of(f), argnums
        numbers = argnums if isinstance(argnums, Sequence) else (argnums,)
        self.numbers = [position(n, len(args), self.name) for n in numbers]
        self.wanted = {n: args[n] for n in self.numbers}
        since = next_index()
        fresh = {path: fresh_copy(x, path, self.name) for path, x in flat(self.wanted).items()}
        self.targets = {path: t.node for path, t in fresh.items()}
        inside = rebuilt(self.wanted, fresh)
        with Block(max(recording.get().level, GRADIENTS), transforming=self.name):
            output = f(*(inside.get(n, a) for n, a in enumerate(args)), **kwargs)
        if has_aux and not (type(output) is tuple and len(output) == 2):
            raise TypeError(f"has_aux: {self.name} must return two things, (value, anything)")
        self.output: Any = output[0] if has_aux else output
        self.aux: Any = output[1] if has_aux else None
        for path, y in flat(self.output).items():
            refuse_unless("biufc", y, f"what {self.name} returned{where(path)}", "return arrays or numbers")
        roots = [y.node for y in flat(self.output).values() if is_traced(y)]
        self.between, outside = region(roots, set(self.targets.values()), since)
        self.connected = bool(outside) or any(t.op is not LEAF for t in self.targets.values())

    def seen(self, tree: Any) -> Any:
        """A structure of results as the caller gets it: made of arrays, unless it is connected."""
        leaves = flat(tree)
        for path, t in leaves.items():
            if type(t) is Tensor and not (self.connected and recording.get().level):
                leaves[path] = own(t.data)
            elif is_traced(t):
                leaves[path] = +t  # a copy, so that a hook on it, say, does not reach our graph
        return rebuilt(tree, leaves)

    def refuse_complex_output(self) -> None:
        """Raise DTypeError if the output has complex numbers, for which no gradient is defined."""
        for path, y in flat(self.output).items():
            remedy = "return np.real, np.imag or np.abs of it, or use vjp"
            refuse_unless("biuf", y, f"what {self.name} returned{where(path)}", remedy)

    def one_array(self) -> Any:
        """The data of the output, which must be one array."""
        if isinstance(self.output, dict | list | tuple):
            raise TypeError(
                f"{self.name} must return one array, not a {type(self.output).__name__}: "
                "use vjp or jacobian, or has_aux=True if only the first of two is to be differentiated"
            )
        self.refuse_complex_output()
        return data_of(self.output)

    def pull(self, cotangents: dict[Path, Any]) -> Any:
        """The cotangents of the arguments, given the cotangents of the leaves of the output."""
        record = recording.get().level and (self.connected or any(map(is_traced, cotangents.values())))
        lift = lift_for(self.connected) if record else None
        through = record and self.connected
        with Block(EVERYTHING if through else recording.get().level, BACKWARD if through else None):
            pending: dict[Node, Any] = {}
            for path, y in flat(self.output).items():
                if is_traced(y) and path in cotangents:
                    g = cotangents[path] if record else data_of(cotangents[path])
                    g = Tensor.of(np.asarray(g), None) if record and type(g) is not Tensor else g
                    pending[y.node] = pending[y.node] + g if y.node in pending else g
            found = gradients_of(self.between, pending, self.targets.values(), lift)
        return self.arranged({p: result(found.get(t), t, lift) for p, t in self.targets.items()})

    def arranged(self, leaves: dict[Path, Any]) -> Any:
        """The leaves, put into the structure of the arguments that they belong to."""
        trees = rebuilt(self.wanted, leaves)
        results = tuple(trees[n] for n in self.numbers)
        return results if isinstance(self.argnums, Sequence) else results[0]


def position(n: int, count: int, name: str) -> int:
    """The index of argument `n` of `count`; a negative `n` counts from the last."""
    if not -count <= integer(n) < count:
        raise IndexingError(f"argnums: {name} was called with {count} positional arguments, and has no {n}")
    return n % count


def fresh_copy(value: Any, path: Path, name: str) -> Any:
    """A new Tensor with the values of an argument, and with its history if it has one."""
    remedy = "pass floats, 3.0 or np.asarray(a, float), or close over it if it is a constant"
    refuse_unless("fc", value, f"argument {path[0]}{where(path[1:])} of {name}", remedy)
    if not (recording.get().level and is_traced(value)):
        return Tensor(value, requires_grad=True)
    copy = np.positive(value)
    if type(value.data) is np.ndarray:
        copy.data = np.asarray(copy.data)  # of an array without axes np.positive makes a number
    return copy


def lift_for(connected: bool) -> Any:
    """The function that makes Tensors of recorded arrays: with their history, or as constants.

    With constants, the recorded backward pass is linear in the cotangents, and depends on nothing else.
    """
    return Tensor.lift if connected else as_constant


def as_constant(data: Any, node: Node | None) -> Any:
    """An argument of a node as a constant; a tuple of constants for the tuple of several outputs."""
    if isinstance(data, tuple):
        return tuple(Tensor.lift(part, None) for part in data)
    return Tensor.lift(data, None)


def result(g: Any, target: Node, lift: Any) -> Any:
    """A cotangent as an array or Tensor of its own; zeros if nothing has reached the target."""
    if g is None:
        g = np.zeros_like(target.data)
        return Tensor(g) if lift else own(g)
    return Tensor.of(g.data, g.node) if lift else own(g)


def own(data: Any) -> Any:
    """A copy that nothing else refers to; a NumPy scalar if the array is 0-d."""
    return np.array(data)[()] if np.ndim(data) == 0 else np.array(data)
