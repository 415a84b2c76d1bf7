"""Trading time for memory: a function that is computed again when its gradient is needed."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import NO_OPTIONS, Node, next_index
from ..errors import GradientError
from ..mode import GRADIENTS, Block, recording
from ..ops import Function, Op, Rule
from ..tensor import Tensor
from .run import lift_for
from .structure import data_of, flat, is_traced, name_of, rebuilt
from .walk import gradients_of, region


def checkpoint(f: Function) -> Function:
    """`f` without the memory of how it computed its result: the backward pass computes it again.

    Only the inputs and the result of each call are kept.  A chain of n checkpointed blocks therefore
    trains in the memory of one block and n results, and evaluates each block once more.  Gradients of
    any order also reach the Tensors that `f` takes from a closure, such as a module's parameters.

    `f` returns one array, and must return the same each time: no dropout, no running averages.
    Raises TypeError if `f` returns several Tensors, and GradientError in the backward pass if `f`
    returned something else the second time.

    Source: Griewank and Walther, Algorithm 799: revolve, ACM TOMS 26 (2000), with one level, as in
    Chen et al., Training deep nets with sublinear memory cost (2016).

    >>> from autograd import Tensor
    >>> w, x = Tensor(3.0, requires_grad=True), Tensor(2.0, requires_grad=True)
    >>> checkpoint(lambda x: np.exp(w * x) / w)(x).backward()
    >>> bool(x.grad == np.exp(6.0))
    True
    """

    def checkpointed(*args: Any, **kwargs: Any) -> Any:
        since = next_index()
        y = f(*args, **kwargs)
        roots = [t.node for t in flat(y).values() if recording.get().level and is_traced(t)]
        if roots and type(y) is not Tensor:
            raise TypeError(f"checkpoint: {name_of(f)} returned a {type(y).__name__}, not one Tensor")
        return Call(f, args, kwargs, region(roots, set(), since)[1]).result(y.data) if roots else y

    return checkpointed


class Call:
    """One call of a checkpointed function, and the rules for going back through it.

    The parents of its node are all Tensors that the call depended on, arguments or not.  The engine asks
    for their cotangents one after the other, with the same `g`; the first request computes them all.
    """

    def __init__(self, f: Function, args: Any, kwargs: dict[str, Any], parents: list[Node]) -> None:
        self.f, self.name, self.parents = f, name_of(f), tuple(parents)
        # If an argument is written to later, it gets another node.  These copies keep the present one.
        keep = {p: Tensor.of(t.data, t.node) if is_traced(t) else t for p, t in flat((args, kwargs)).items()}
        self.args, self.kwargs = rebuilt((args, kwargs), keep)
        self.answered: tuple[Any, dict[int, Any]] = (None, {})

    def result(self, data: Any) -> Tensor:
        """The Tensor of the call's result: its node remembers the call, but none of the steps inside it."""
        node = Node()
        node.op, node.kwargs, node.data = Op(checkpoint), NO_OPTIONS, data
        node.op.rules = tuple(map(self.rule, range(len(self.parents))))
        node.args, node.parents = tuple(p.data for p in self.parents), self.parents
        node.index, node.requires_grad, node.notes = next_index(), True, recording.get().notes
        return Tensor.of(data, node)

    def rule(self, i: int) -> Rule:
        """The rule for parent i: it takes from the cotangents of all parents, computed once for each `g`."""

        def passed(g: Any, y: Any, *args: Any) -> Any:
            asked, answers = self.answered
            if asked is not g or i not in answers:
                answers = dict(enumerate(self.recompute(g, y, args)))
            answer = answers.pop(i)
            self.answered = (g, answers) if answers else (None, {})
            return answer

        return passed

    def recompute(self, g: Any, y: Any, args: Any) -> list[Any]:
        """The cotangents of all parents, as Tensors if `g` is a Tensor."""
        since = next_index()
        with Block(GRADIENTS):
            again = self.f(*self.args, **self.kwargs)
        targets = set(self.parents)
        between, outside = region([again.node] if is_traced(again) else [], targets, since)
        if outside or not is_traced(again) or not alike(data_of(again), data_of(y)):
            raise GradientError(
                f"checkpoint: {self.name} returned something else when it was computed again: it must not "
                "be random, nor depend on what has changed since"
            )
        lift = lift_for(any(map(is_traced, args))) if type(g) is Tensor else None
        found = gradients_of(between, {again.node: g}, targets, lift)
        if lift:
            return [found[p] if p in found else Tensor(np.zeros_like(p.data)) for p in self.parents]
        return [found[p].copy() if p in found else np.zeros_like(p.data) for p in self.parents]


def alike(a: Any, b: Any) -> bool:
    """Whether two results are equal up to rounding, which may differ from call to call."""
    if a.shape != b.shape:
        return False
    size = np.max(np.abs(b), initial=0, where=np.isfinite(b))
    return np.allclose(a, b, rtol=1e-3, atol=1e-3 * size, equal_nan=True)
