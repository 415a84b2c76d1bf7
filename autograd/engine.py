"""The engine: what was computed, and the walk back through it.

A `Node` is one recorded operation, and a graph is nothing but nodes that refer to their parents.
`way_back` is the whole of reverse-mode differentiation: it visits the nodes youngest first, and lets
each pass its cotangent on to its parents.  The engine knows neither tensors nor any particular
function: it calls the rules it finds.

>>> from autograd import Tensor
>>> a = Tensor(3.0, requires_grad=True)
>>> b = a * 2
>>> c = b * a
>>> for node, g, passed in way_back({c.node: np.float64(1)}):
...     print(node.op.name, g, "passes", [float(gi) for _, gi in passed])
multiply 1.0 passes [3.0, 6.0]
multiply 3.0 passes [6.0]
leaf 12.0 passes []
"""

from __future__ import annotations

import functools
import heapq
import itertools
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from math import inf
from typing import Any

import numpy as np

from .anomalies import line_of, refuse_changed, report_origin_back
from .errors import GradientError
from .mode import Notes, is_watched, recording
from .ops import Op

Array = Any  # an ndarray or NumPy scalar; a Tensor where the backward pass is itself recorded

Lift = Callable[[Any, "Node | None"], Array]

Visit = tuple["Node", Array, Sequence[tuple["Node", Array]]]

next_index = itertools.count(1).__next__
NO_OPTIONS: dict[str, Any] = {}  # shared by all nodes without keyword arguments; never written


class Node:
    """One recorded operation: `data = op(*args, **kwargs)`.

    `args` are arrays and `parents` the nodes they came from: None for a number, and a `Constant` for
    an array that needs no gradient.  So a graph refers to no Tensor and to nothing younger than itself:
    there are no cycles, and memory goes with the last reference.  `index` counts creations: every
    parent is older than its child, so descending `index` is a topological order for the way back.

    `notes` say where and under which name it was made, for those who look at the graph.
    """

    __slots__ = ("args", "data", "index", "kwargs", "notes", "op", "parents", "requires_grad")

    op: Op
    args: tuple[Any, ...]
    parents: tuple[Node | None, ...]
    kwargs: dict[str, Any]
    data: Any
    index: float
    requires_grad: bool
    notes: Notes


def leaf() -> None:
    """What makes a leaf: nothing."""


LEAF = Op(leaf)


class Leaf(Node):
    """A node that nothing made.

    `grad` is where its cotangents accumulate, and `updated` the count of creations when its values last
    changed in place.  Its `kwargs` hold its hooks, if it has any.
    """

    __slots__ = ("grad", "updated")

    grad: Any
    updated: float

    def check(self, node: Node) -> None:
        """Raise GradientError, as this leaf has been changed in place since `node` was computed from it."""
        raise GradientError(
            f"{node.op.name} was computed from a leaf of shape {self.data.shape} that has been changed "
            f"in place since{line_of(node)} (by an optimizer's step, say), so its gradient would be wrong: "
            "compute the output again, then call backward() on that"
        )


def new_leaf(data: Any, requires_grad: bool = True) -> Leaf:
    """A node that nothing made, holding `data`."""
    node = Leaf()
    node.op, node.args, node.parents, node.kwargs = LEAF, (), (), NO_OPTIONS
    node.data, node.index, node.requires_grad = data, next_index(), requires_grad
    node.grad, node.updated, node.notes = None, 0, recording.get().notes
    return node


def new_node(
    op: Op,
    args: Sequence[Array],
    parents: Sequence[Node | None],
    kwargs: dict[str, Any],
    data: Any,
    requires_grad: bool,
    notes: Notes,
) -> Node:
    """The node of one operation."""
    node = Node()
    node.op, node.args, node.parents, node.kwargs = op, tuple(args), tuple(parents), kwargs
    node.data, node.index, node.requires_grad = data, next_index(), requires_grad
    node.notes = notes
    return node


# The walk


def way_back(
    cotangents: Mapping[Node, Array],
    lift: Lift | None = None,
    within: Container[Node] | None = None,
    ends: Container[Node] = (),
) -> Iterator[Visit]:
    """Each node that a gradient reaches, youngest first, with its cotangent and what it passes on.

    cotangents  those of the nodes to start from
    lift        `lift(array, node)` makes a Tensor of a recorded array: the rules then run on Tensors, and
                the way back is recorded like any other computation
    within      the only nodes to go to, if not all
    ends        nodes that pass nothing on, though they may have parents

    Every consumer of a node is younger than the node, so all contributions to its cotangent have arrived
    when its turn comes, and each rule runs once.  Nothing is written to the graph.  In `debug()` each
    node is looked at on the way.

    Raises GradientError for values that were changed since they were used.
    """
    pending = dict(cotangents)  # what has arrived at the nodes that are not yet visited
    queue = [(-node.index, node) for node in pending]  # those nodes in a heap, the youngest on top
    heapq.heapify(queue)
    watched = any(map(is_watched, pending))
    while queue:
        node = heapq.heappop(queue)[1]
        g = pending.pop(node)
        passed = [] if node in ends else passed_back(node, g, lift, within)
        if watched:
            refuse_changed(node)
            report_origin_back(node, g, passed)
        yield node, g, passed
        for parent, gi in passed:
            if parent in pending:
                pending[parent] = pending[parent] + gi
            else:
                pending[parent] = gi
                heapq.heappush(queue, (-parent.index, parent))


def passed_back(
    node: Node, g: Array, lift: Lift | None = None, within: Container[Node] | None = None
) -> list[tuple[Node, Array]]:
    """What `node` passes back: each parent that needs a gradient, with its rule's result."""
    op, args, y, kwargs, index = node.op, node.args, node.data, node.kwargs, node.index
    if lift:
        y, args = lift(y, node), tuple(map(lift, args, node.parents))
    passed = []
    for parent, rule, a in zip(node.parents, op.rules, args, strict=False):  # some may be left out
        if parent is None:
            continue
        if isinstance(parent, Leaf) and parent.updated > index:
            parent.check(node)
        if parent.requires_grad and rule is not None and (within is None or parent in within):
            gi = rule(g, y, *args, **kwargs)
            if op.broadcasts and (gi.shape != a.shape or gi.dtype is not a.dtype):
                gi = project(gi, a)
            passed.append((parent, gi))
    return passed


def gradients(root: Node, cotangent: Array) -> dict[Leaf, Array]:
    """The cotangent of every leaf that `root` depends on, each an array that nobody else has.

    This is `way_back`, and says nothing that it does not: its loop once more, with the common cases of
    `passed_back` written into it.  On small arrays a generator and a call with `*args` for every node
    would take a third of the time of a backward pass (`benchmarks/chain.py`), and this is where it counts.
    """
    found: dict[Leaf, Array] = {}
    if isinstance(root, Leaf):
        keep(found, root, cotangent, cotangent, root)
        return found
    pending: dict[Node, Array] = {}
    queue: list[tuple[float, Node]] = []
    node, g = root, cotangent
    p: Any
    q: Any
    while True:
        args, parents, following = node.args, node.parents, None  # the parent whose turn is next, as a rule
        if node.kwargs or len(args) > 2:
            op, y, kwargs = node.op, node.data, node.kwargs
            for p, rule, a in zip(parents, op.rules, args, strict=False):
                if p is None:
                    continue
                if p.op is LEAF and p.updated > node.index:
                    p.check(node)
                if p.requires_grad and rule is not None:
                    gi = rule(g, y, *args, **kwargs)
                    if op.broadcasts and (gi.shape != a.shape or gi.dtype is not a.dtype):
                        gi = project(gi, a)
                    if p.op is LEAF:
                        keep(found, p, gi, g, node)
                    elif p in pending:
                        pending[p] = pending[p] + gi
                    else:
                        pending[p] = gi
                        heapq.heappush(queue, (-p.index, p))
            if kwargs and kwargs.get("retained") is not None:
                found[kwargs["retained"]] = gi.copy()
        elif len(args) == 1:
            p = parents[0]
            gi = node.op.rules[0](g, node.data, args[0])  # type: ignore[misc]
            if p.op is LEAF:
                keep(found, p, gi, g, node)
            elif p in pending:
                pending[p] = pending[p] + gi
            else:
                following, its = p, gi
        else:
            op, (a, b), (p, q) = node.op, args, parents
            if p is not None:
                if p.requires_grad and (rule := op.rules[0]) is not None:
                    gi = rule(g, node.data, a, b)
                    if op.broadcasts and (gi.shape != a.shape or gi.dtype is not a.dtype):
                        gi = project(gi, a)
                    if p.op is LEAF:
                        keep(found, p, gi, g, node)
                    elif p in pending:
                        pending[p] = pending[p] + gi
                    else:
                        following, its = p, gi
                elif type(p) is Constant:
                    p.check(node)
            if q is not None:
                if q.requires_grad and (rule := op.rules[1]) is not None:
                    gi = rule(g, node.data, a, b)
                    if op.broadcasts and (gi.shape != b.shape or gi.dtype is not b.dtype):
                        gi = project(gi, b)
                    if q.op is LEAF:
                        keep(found, q, gi, g, node)
                    elif q in pending:
                        pending[q] = pending[q] + gi
                    elif following is None:
                        following, its = q, gi
                    elif q is following:
                        its = its + gi
                    else:  # the older of two parents has to queue
                        if q.index > following.index:
                            q, gi, following, its = following, its, q, gi
                        pending[q] = gi
                        heapq.heappush(queue, (-q.index, q))
                elif type(q) is Constant:
                    q.check(node)
        if following is None:
            if not queue:
                return found
            node = heapq.heappop(queue)[1]
            g = pending.pop(node)
        elif queue and queue[0][0] < -following.index:
            pending[following] = its
            node = heapq.heapreplace(queue, (-following.index, following))[1]
            g = pending.pop(node)
        else:
            node, g = following, its


def keep(found: dict[Leaf, Array], leaf: Leaf, gi: Array, g: Array, node: Node) -> None:
    """Add `gi`, which `node` made of its cotangent `g`, to the gradient of a leaf."""
    if leaf.updated > node.index:
        leaf.check(node)
    if leaf in found:
        found[leaf] = found[leaf] + gi
    else:  # a rule returns a new array, or `g` itself, or a view: only the first is nobody else's
        found[leaf] = gi.copy() if gi is g or gi.base is not None else gi


# Arrays that are not what they were


class Constant(Leaf):
    """An array that needs no gradient, as it was when a node used it.

    It may be the user's own, and be filled anew before the way back needs it; then the gradient would be
    wrong without a word.  `data` is the array, and `grad` a copy of the bytes of some of its elements.
    """

    __slots__ = ()

    op, args, parents, kwargs, index, notes = LEAF, (), (), NO_OPTIONS, 0, None
    requires_grad, updated = False, inf  # it may have changed at any time

    def check(self, node: Node) -> None:
        """Raise GradientError if `node` used other elements than the array has now."""
        data = self.data
        if (data.tobytes() if data.nbytes <= SMALL else sample(data)) != self.grad:
            raise GradientError(
                f"{node.op.name} was computed with an array of shape {self.data.shape} that has been changed "
                f"in place since{line_of(node)} (a buffer that is filled again?), so its gradient would "
                "be wrong: give it a copy, array.copy(), or call backward() before changing it"
            )


def constant(array: Array) -> Constant:
    """The parent to note for an array that needs no gradient."""
    parent = new(Constant)
    parent.data = array
    parent.grad = array.tobytes() if array.nbytes <= SMALL else sample(array)
    return parent


new = Node.__new__
SMALL = 2048  # bytes: to copy as many takes less than a tenth of the time of an operation on them


def sample(array: Array) -> bytes:
    """The bytes of a small array, and of some elements spread over a large one.

    A buffer of floats that is filled again differs in them; `debug()` looks at every element.
    """
    if array.nbytes <= SMALL:
        return bytes(array.tobytes())
    return bytes(array.flat[:: (array.size - 1) // 15].tobytes())


# Broadcasting undone


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
