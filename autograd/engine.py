"""The engine: the recorded graph, and the backward pass through it.

A `Node` is one recorded operation, and a graph is just nodes that refer to their parents.  `way_back` is
all of reverse-mode differentiation: it visits the nodes from the youngest to the oldest, and each node
passes its cotangent to its parents through its rules.  The engine knows nothing about tensors, nor about
any particular function: it only calls the rules in the nodes.

Read `Node`, `way_back` and `passed_back` first.  The rest is `gradients`, the same walk written out for
speed; `Constant`, which notices arrays that have changed; and `project`, which undoes broadcasting.

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

Array = Any  # an ndarray or NumPy scalar; a Tensor if the backward pass is itself recorded

Lift = Callable[[Any, "Node | None"], Array]

Visit = tuple["Node", Array, Sequence[tuple["Node", Array]]]

PassBack = Callable[["Node", Array, "Lift | None", "Container[Node] | None"], list[tuple["Node", Array]]]

next_index = itertools.count(1).__next__
NO_OPTIONS: dict[str, Any] = {}  # shared by all nodes without keyword arguments; never written


class Node:
    """One recorded operation: `data = op(*args, **kwargs)`.

    `args` holds arrays, and `parents` the nodes they came from: None for a number, and a `Constant` for
    an array that needs no gradient.  A node refers to no Tensor and only to older nodes.  So there are no
    reference cycles, and a graph is freed with the last reference to it.

    `index` counts the nodes as they are made.  Every parent is older than its child, so descending
    `index` is a topological order for the backward pass.

    `notes` says where the node was made, and under which name, for pictures and listings of the graph.
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
    """The operation of a leaf, which does nothing."""


LEAF = Op(leaf)


class Leaf(Node):
    """A node that was not computed from others, such as a parameter.

    `grad` accumulates its gradient.  `updated` is the index that a new node would have had when the
    values were last changed in place: nodes with a smaller index used the old values.  `kwargs` holds
    the hooks, if there are any.
    """

    __slots__ = ("grad", "updated")

    grad: Any
    updated: float

    def check(self, node: Node) -> None:
        """Raise GradientError: this leaf has been changed in place since `node` was computed from it."""
        raise GradientError(
            f"{node.op.name} was computed from a leaf of shape {self.data.shape} that has been changed "
            f"in place since{line_of(node)} (by an optimizer's step, say), so its gradient would be wrong: "
            "compute the output again, then call backward() on that"
        )


def new_leaf(data: Any, requires_grad: bool = True) -> Leaf:
    """A leaf that holds `data`."""
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
    """The node that records one operation."""
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
    pass_back: PassBack | None = None,
) -> Iterator[Visit]:
    """Each node that a gradient reaches, youngest first, with its cotangent and what it passes on.

    cotangents  the nodes to start from, each with its cotangent
    lift        `lift(array, node)` makes a Tensor of a recorded array: the rules then run on Tensors, and
                the backward pass is recorded like any other computation
    within      the only nodes to visit after the first ones; None for all
    ends        nodes that pass nothing on, although they may have parents
    pass_back   what a node passes on, if it is not what `passed_back` says: for what-if questions

    Every consumer of a node is younger than the node.  So when its turn comes, all contributions to its
    cotangent have arrived, and each rule runs once.  Nothing is written to the graph.  In `debug()` each
    node is checked on the way.

    Raises GradientError if an array has been changed in place since it was used.
    """
    pending = dict(cotangents)  # the cotangents of nodes not yet visited, as far as they have arrived
    queue = [(-node.index, node) for node in pending]  # the same nodes in a heap, the youngest on top
    heapq.heapify(queue)
    watched, pass_back = any(map(is_watched, pending)), pass_back or passed_back
    while queue:
        node = heapq.heappop(queue)[1]
        g = pending.pop(node)
        passed = [] if node in ends else pass_back(node, g, lift, within)
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
    """Each parent of `node` that needs a gradient, with the contribution of `node` to its cotangent."""
    op, args, y, kwargs, index = node.op, node.args, node.data, node.kwargs, node.index
    if lift:
        y, args = lift(y, node), tuple(map(lift, args, node.parents))
    passed = []
    for parent, rule, a in zip(node.parents, op.rules, args, strict=False):  # a call may omit arguments
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
    """The cotangent of every leaf that `root` depends on, each in an array that nothing else refers to.

    This computes what `way_back` computes, and you can skip it at a first reading.  It is the same loop,
    with the common cases of `passed_back` written out.  On small arrays a generator, and a call with
    `*args` for every node, would take a third of the time of a backward pass (`benchmarks/chain.py`).
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
        args, parents = node.args, node.parents
        following = None  # the parent to visit next, unless the queue has a younger node
        if node.kwargs or len(args) > 2:
            op, y, kwargs = node.op, node.data, node.kwargs
            for p, rule, a in zip(parents, op.rules, args, strict=False):
                if p is None:
                    continue
                if p.requires_grad and rule is not None:
                    gi = rule(g, y, *args, **kwargs) if kwargs else rule(g, y, *args)
                    if op.broadcasts and (gi.shape != a.shape or gi.dtype is not a.dtype):
                        gi = project(gi, a)
                    if p.op is LEAF:
                        keep(found, p, gi, g, node)
                    elif p in pending:
                        pending[p] = pending[p] + gi
                    else:
                        pending[p] = gi
                        heapq.heappush(queue, (-p.index, p))
                elif p.op is LEAF and p.updated > node.index:
                    p.check(node)
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
                    else:  # the older of the two parents waits in the queue
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
    """Add `gi` to the gradient found for a leaf.  A rule of `node` computed `gi` from the cotangent `g`."""
    if leaf.updated > node.index:
        leaf.check(node)
    if leaf in found:
        found[leaf] = found[leaf] + gi
    else:  # a rule may return `g` itself or a view, which others refer to: then keep a copy
        found[leaf] = gi.copy() if gi is g or gi.base is not None else gi


# Arrays that have changed since they were used


class Constant(Leaf):
    """The parent that stands for an array that needs no gradient.

    The array may belong to the user, who may refill it before the backward pass reads it; the gradient
    would then be silently wrong.  `data` is the array itself.  `grad`, which a constant has no other use
    for, is a copy of the bytes of some of its elements, to notice a change.
    """

    __slots__ = ()

    op, args, parents, kwargs, index, notes = LEAF, (), (), NO_OPTIONS, 0, None
    requires_grad, updated = False, inf  # always to be checked: it may have changed at any time

    def check(self, node: Node) -> None:
        """Raise GradientError if the array has changed since `node` used it."""
        data = self.data
        if (data.tobytes() if data.nbytes <= SMALL else sample(data)) != self.grad:
            raise GradientError(
                f"{node.op.name} was computed with an array of shape {self.data.shape} that has been changed "
                f"in place since{line_of(node)} (a buffer that is filled again?), so its gradient would "
                "be wrong: give it a copy, array.copy(), or call backward() before changing it"
            )


def constant(array: Array) -> Constant:
    """A `Constant` that remembers the elements `array` has now."""
    parent = new(Constant)
    parent.data = array
    parent.grad = array.tobytes() if array.nbytes <= SMALL else sample(array)
    return parent


new = Node.__new__
SMALL = 2048  # bytes: copying this many takes less than a tenth of the time of an operation on them


def sample(array: Array) -> bytes:
    """The bytes of a small array, or of about sixteen elements spread over a large one.

    A buffer that has been refilled with other floats almost always differs in these elements.  `debug()`
    checks every element.
    """
    if array.nbytes <= SMALL:
        return bytes(array.tobytes())
    return bytes(array.flat[:: (array.size - 1) // 15].tobytes())


# Broadcasting undone


def project(g: Array, a: Array) -> Array:
    """`g` brought to the shape and dtype of an argument `a` that NumPy broadcast or promoted.

    If `a` is real and `g` is complex, the result is the real part.
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
    if g.ndim < len(shape):  # an assignment drops leading axes of length 1 from the value
        g = g.reshape((1,) * (len(shape) - g.ndim) + g.shape)
    extra = g.ndim - len(shape)
    stretched = tuple(i for i, n in enumerate(g.shape) if i < extra or n != shape[i - extra])
    return g.sum(axis=stretched, keepdims=True).reshape(shape)


@functools.lru_cache(maxsize=64)
def row_of_ones(n: int, dtype: np.dtype[Any]) -> Any:
    """A row of `n` ones.  Its product with a matrix sums the columns, twice as fast as a small `np.sum`."""
    return np.ones((1, n), dtype)
