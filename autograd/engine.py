"""The engine: what was computed, and the walk back through it.

A `Node` is one recorded operation, and a graph is nothing but nodes that refer to their parents.
The engine knows neither tensors nor any particular function: it calls the rules it finds.
"""

from __future__ import annotations

import functools
import heapq
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .errors import GradientError, ShapeError
from .mode import Notes, recording
from .ops import Op

Array = Any  # an ndarray or NumPy scalar; a Tensor where the backward pass is itself recorded

Lift = Callable[[Any, "Node | None"], Array]

Hook = Callable[[Array], Any]

next_index = itertools.count(1).__next__
NO_OPTIONS: dict[str, Any] = {}  # shared by all nodes without keyword arguments; never written


class Node:
    """One recorded operation: `data = op(*args, **kwargs)`.

    `args` are arrays and `parents` the nodes they came from (None for a constant).  A graph so
    refers to no Tensor and to nothing younger than itself: no cycles, and memory goes with the
    last reference.  `index` counts creations: every parent is older than its child, so descending
    `index` is a topological order for the way back.

    A leaf is a node that nothing made.  Only a leaf has `grad`, where its cotangents accumulate,
    and `updated`, the count of creations when its values last changed in place; its `kwargs` hold
    its hooks, if it has any.

    `notes` say where and under which name it was made, for those who look at the graph.
    """

    __slots__ = (
        *("args", "data", "grad", "index", "kwargs"),
        *("notes", "op", "parents", "requires_grad", "updated"),
    )

    op: Op
    args: tuple[Any, ...]
    parents: tuple[Node | None, ...]
    kwargs: dict[str, Any]
    data: Any
    index: float
    requires_grad: bool
    grad: Any
    updated: int
    notes: Notes


def leaf() -> None:
    """What makes a leaf: nothing."""


LEAF = Op(leaf)


def new_leaf(data: Any, requires_grad: bool = True) -> Node:
    """A node that nothing made, holding `data`."""
    node = Node()
    node.op, node.args, node.parents, node.kwargs = LEAF, (), (), NO_OPTIONS
    node.data, node.index, node.requires_grad = data, next_index(), requires_grad
    node.grad, node.updated, node.notes = None, 0, recording.get().notes
    return node


class Parts(Sequence[Array]):
    """The cotangents of a function with several outputs, one for each: zeros, where none has come.

    Only those that have come are held, so that an output costs no more where there are many.
    """

    def __init__(self, outputs: tuple[Array, ...], come: dict[int, Array]) -> None:
        self.outputs, self.come = outputs, come

    def __len__(self) -> int:
        return len(self.outputs)

    def __getitem__(self, index: Any) -> Array:
        return self.come[index] if index in self.come else np.zeros_like(self.outputs[index])

    def __add__(self, other: Parts) -> Parts:
        both = {i: self.come[i] + g for i, g in other.come.items() if i in self.come}
        return Parts(self.outputs, self.come | other.come | both)


def pick(outputs: tuple[Array, ...], index: int) -> Array:
    """One of several outputs."""
    return outputs[index]


def picked(g: Array, y: Array, outputs: tuple[Array, ...], index: int) -> Parts:
    """The cotangents of all outputs, given that of one of them."""
    return Parts(outputs, {index: g})


PICK = Op(pick)
PICK.rules, PICK.broadcasts = (picked,), False


def new_node(
    op: Op,
    args: Sequence[Array],
    parents: Sequence[Node | None],
    kwargs: dict[str, Any],
    data: Any,
    needed: bool,
    notes: Notes,
) -> Node:
    """The node of one operation."""
    node = Node()
    node.op, node.args, node.parents, node.kwargs = op, tuple(args), tuple(parents), kwargs
    node.data, node.index, node.requires_grad = data, next_index(), needed
    node.notes = notes
    return node


def new_pick(node: Node, index: int) -> Node:
    """The node of one output of a node that has several."""
    data = node.data[index]
    return new_node(PICK, (node.data,), (node,), {"index": index}, data, node.requires_grad, node.notes)


def hook(a: Array, hooks: list[Hook]) -> Array:
    """`a` itself, whose cotangent goes through `hooks` on its way back."""
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
HOOK.rules, HOOK.broadcasts = (lambda g, y, a, hooks: through(hooks, g),), False


def hooks_of(node: Node) -> list[Hook]:
    """The list of the functions that the cotangent of `node` goes through, to add to.

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
        inner.index = node.index - 0.5  # older than its consumer, younger than its parents
        node.op, node.args, node.parents, node.kwargs = HOOK, (node.data,), (inner,), {"hooks": []}
    return node.kwargs["hooks"]  # type: ignore[no-any-return]


def pullback(root: Node, cotangent: Array, lift: Lift | None = None) -> dict[Node, Array]:
    """The cotangent of every leaf that `root` depends on, given that of `root` itself.

    Nodes are visited youngest first.  Every consumer of a node is younger than the node, so all
    contributions to its cotangent have arrived when its turn comes, and each rule runs once.
    Nothing is written to the graph: if a rule raises, all is as it was.

    `lift(array, node)` makes a Tensor of a recorded array.  Given that, the rules run on Tensors,
    and the backward pass is recorded like any other computation.
    """
    leaves: dict[Node, Array] = {}
    if root.op is LEAF:
        keep(leaves, root, cotangent, cotangent, root, lift)
        return leaves
    pending: dict[Node, Array] = {}  # what has arrived at the nodes that are not yet visited
    queue: list[tuple[float, Node]] = []  # those nodes in a heap, the youngest on top
    node, g = root, cotangent
    while True:
        op, args, parents = node.op, node.args, node.parents
        passed: Sequence[tuple[Node, Array]] = ()
        if lift or node.kwargs or len(args) > 2:
            passed = passed_back(node, g, lift)
        elif len(args) == 1:  # this branch and the next say nothing that passed_back does not: they
            passed = ((parents[0], op.rules[0](g, node.data, args[0])),)  # type: ignore[misc, assignment]
        else:  # spare most nodes a call with `*args`, which takes as long as a small operation
            (a, b), (p, q) = args, parents
            if p is not None and p.requires_grad and (rule := op.rules[0]) is not None:
                gi = rule(g, node.data, a, b)
                if op.broadcasts and (gi.shape != a.shape or gi.dtype is not a.dtype):
                    gi = project(gi, a)
                passed = ((p, gi),)
            if q is not None and q.requires_grad and (rule := op.rules[1]) is not None:
                gi = rule(g, node.data, a, b)
                if op.broadcasts and (gi.shape != b.shape or gi.dtype is not b.dtype):
                    gi = project(gi, b)
                passed = (*passed, (q, gi)) if passed else ((q, gi),)
        for parent, gi in passed:
            if parent.op is LEAF:
                keep(leaves, parent, gi, g, node, lift)
            elif parent in pending:
                pending[parent] = pending[parent] + gi
            elif len(passed) > 1 or (queue and queue[0][0] < -parent.index):
                pending[parent] = gi
                heapq.heappush(queue, (-parent.index, parent))
            else:  # it is the youngest, so its turn is next: no need to queue
                node, g = parent, gi
                break
        else:
            if not queue:
                return leaves
            node = heapq.heappop(queue)[1]
            g = pending.pop(node)


def passed_back(node: Node, g: Array, lift: Lift | None) -> list[tuple[Node, Array]]:
    """What `node` passes back: each parent that needs a gradient, with its rule's result."""
    op, args, y = node.op, node.args, node.data
    if lift:
        y, args = lift(y, node), tuple(map(lift, args, node.parents))
    passed = []
    for parent, rule, a in zip(node.parents, op.rules, args, strict=False):  # some may be left out
        if parent is not None and parent.requires_grad and rule is not None:
            gi = rule(g, y, *args, **node.kwargs)
            if op.broadcasts and (gi.shape != a.shape or gi.dtype is not a.dtype):
                gi = project(gi, a)
            passed.append((parent, gi))
    return passed


def keep(leaves: dict[Node, Array], leaf: Node, gi: Array, g: Array, node: Node, lift: Lift | None) -> None:
    """Add `gi`, what `node` made of its cotangent `g`, to the gradient of a leaf."""
    if leaf.updated > node.index:
        raise changed_since(leaf, node)
    if leaf in leaves:
        leaves[leaf] = leaves[leaf] + gi
    elif lift:
        leaves[leaf] = lift(gi.data, gi.node)
    else:  # a rule returns a new array, or `g` itself, or a view: only the first is nobody else's
        leaves[leaf] = gi.copy() if gi is g or gi.base is not None else gi


def changed_since(leaf: Node, node: Node) -> GradientError:
    """The error for going back through `node`, when the values it was computed from are gone."""
    return GradientError(
        f"{node.op.name} was computed from a leaf of shape {leaf.data.shape} that has been changed "
        "in place since (by an optimizer's step, say), so its gradient would be wrong: "
        "compute the output again, then call backward() on that"
    )


def project(g: Array, a: Array) -> Array:
    """`g` brought to the shape and dtype of an argument `a` that NumPy broadcast or promoted.

    A real argument that met complex numbers gets the real part.
    """
    if g.shape != a.shape:
        g = unbroadcast(g, a.shape)
    if g.dtype.kind == "c" and a.dtype.kind != "c":
        g = g.real
    return g if g.dtype is a.dtype or g.dtype == a.dtype else g.astype(a.dtype)


def unbroadcast(g: Array, shape: tuple[int, ...]) -> Array:
    """`g` summed over the axes along which an array of `shape` was broadcast.

    >>> unbroadcast(np.ones((4, 3)), (1, 3))
    array([[4., 4., 4.]])
    """
    if (
        len(shape) == 2
        and shape[0] == 1
        and type(g) is np.ndarray
        and g.shape[1:] == shape[1:]
        and len(g) < 999
    ):
        return row_of_ones(len(g), g.dtype).dot(g)
    if g.ndim < len(shape):  # what was assigned to a smaller place
        g = g.reshape((1,) * (len(shape) - g.ndim) + g.shape)
    extra = g.ndim - len(shape)
    stretched = tuple(i for i, n in enumerate(g.shape) if i < extra or n != shape[i - extra])
    return g.sum(axis=stretched, keepdims=True).reshape(shape)


@functools.lru_cache(maxsize=64)
def row_of_ones(n: int, dtype: np.dtype[Any]) -> Any:
    """A row whose product with a matrix sums its columns: half the time of a small `np.sum`."""
    return np.ones((1, n), dtype)
