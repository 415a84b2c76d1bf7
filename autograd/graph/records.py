"""The records that a graph is made of: vertices, edges, scopes and lines of source."""

from __future__ import annotations

import linecache
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engine import Node
from ..tensor import Tensor
from .text import FIELD_NAMES, SYMBOLS, summary, type_of


@dataclass(frozen=True, slots=True)
class Edge:
    """One use of an array: argument number `slot`, counted from 0, of the vertex `target`.

    argument  the function's name for it: "a", "axis"; for a ufunc "x1", "x2"
    carries   whether a gradient goes back along the edge: the source requires one, and the rule is not None
    """

    source: int
    target: int
    slot: int
    argument: str
    carries: bool


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """One call of a module, or one `with scope(...)` block.

    number  1, 2, 3, … in the order in which the scopes were first needed
    label   for a module, the attribute of the enclosing module that holds it ("encoder.0"), or else the
            variable that holds it, or else its class; for a block, the block's label
    kind    the class of the module; empty for a block
    path    all labels from the outermost scope, joined by dots; the same for each call of a module
    call    1 for the first call with this path in the graph, 2 for the second, …
    parent  the scope around it, or None
    """

    number: int
    label: str
    kind: str
    path: str
    call: int
    parent: Scope | None

    @property
    def chain(self) -> tuple[Scope, ...]:
        """This scope and the scopes around it, the outermost first."""
        chain, scope = [self], self.parent
        while scope is not None:
            chain.append(scope)
            scope = scope.parent
        return tuple(reversed(chain))


@dataclass(frozen=True, slots=True)
class Source:
    """Where in the user's code an operation was recorded, in debug mode."""

    filename: str
    lineno: int
    function: str

    @property
    def text(self) -> str:
        """The line itself, without its indentation; empty if the file cannot be read."""
        return linecache.getline(self.filename, self.lineno).strip()


@dataclass(frozen=True, slots=True, eq=False)
class Vertex:
    """One array, and how it was made.

    number         its place in `graph.nodes`, counted from 1
    kind           "input": an array that needs no gradient; "constant": a number that stood in the
                   formula; "parameter": a leaf that requires a gradient; "intermediate": a computed
                   array; or "output"
    name           the user's name for it; empty if none is known
    label          a name that no other vertex has: `name`, made unique, or `t` and its number; for a
                   constant, the number itself
    op, options    the name of the function that made it and its keyword arguments; empty for a leaf
    inputs         the edges of its arguments, in order
    value          the array itself, not to be written to; a tuple for a function with several outputs
    requires_grad  whether a gradient goes back through it
    scope          the innermost scope that it was made in, or None; for a parameter, the innermost scope
                   around all its uses; for an input, None
    source         the user's line, if it was made in debug mode, or None
    node           the engine's node; None for an array that needs no gradient
    """

    number: int
    kind: str
    name: str
    label: str
    op: str
    options: dict[str, Any]
    inputs: tuple[Edge, ...]
    value: Any
    requires_grad: bool
    scope: Scope | None
    source: Source | None
    node: Node | None

    @property
    def symbol(self) -> str:
        """The sign of its operation, such as `+` or `@`; the function's name if it has no sign."""
        return SYMBOLS.get(self.op) or FIELD_NAMES.get(self.op, self.op)

    @property
    def shape(self) -> Any:
        """The shape; a tuple of shapes for several outputs."""
        return tuple(map(np.shape, self.value)) if isinstance(self.value, tuple) else np.shape(self.value)

    @property
    def dtype(self) -> Any:
        """The dtype; a tuple of dtypes for several outputs."""
        several = isinstance(self.value, tuple)
        return tuple(np.asarray(v).dtype for v in self.value) if several else np.asarray(self.value).dtype

    @property
    def type(self) -> str:
        """The dtype and shape as text: `f64[4,4]`."""
        return type_of(self.value)

    @property
    def grad(self) -> Any:
        """A parameter's `grad`, as `backward()` calls have left it; None if none has been computed."""
        grad = getattr(self.node, "grad", None)
        return grad.data if type(grad) is Tensor else grad

    @property
    def summary(self) -> str:
        """The value as one line of text."""
        return summary(self.value)

    @property
    def grad_summary(self) -> str:
        """`grad` as one line of text; "not computed" if it is None."""
        return summary(self.grad)
