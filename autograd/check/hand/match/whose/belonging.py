"""Which input each result is the gradient of: by names, then by numbers, then by what is left over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .....engine import LEAF, Node
from .....users import Place
from ..known import Known
from ..names import is_called_gradient, parts_of, stems
from ..near import near, ratio
from ..results import Result
from ..rightness import DIGITS
from .claims import by_name, by_value, is_counterpart, is_marked, numbered
from .places import (
    a_link_further,
    beside_its_siblings,
    each_at_its_place,
    in_parts,
    in_the_inputs_order,
    in_turn,
    list_by_list,
    one_array_for_several,
    returned_before_left,
    twice_claimed,
    without_parts_of_cells,
    without_stages,
    without_those_not_chosen,
)


@dataclass(slots=True)
class Assignment:
    """What is told so far of whose gradients the results are.

    judged   the results that belong to something, or that are asked for though nothing is told of them
    waiting  those of which nothing is told yet
    inner    those that are like the gradient of something between inputs and loss, by their numbers alone
    weak     those that have the name of such a gradient, and not its numbers
    """

    judged: list[Result] = field(default_factory=list)
    waiting: list[Result] = field(default_factory=list)
    inner: dict[Result, Node] = field(default_factory=dict)
    weak: dict[Result, Node] = field(default_factory=dict)

    def assign(self, result: Result, node: Node) -> None:
        """Let a result be the gradient of a node."""
        result.node = node
        self.judged.append(result)

    def settle(self, result: Result, node: Node) -> None:
        """Let a result be the gradient of a node, whatever it was taken for."""
        self.judged = [r for r in self.judged if r is not result]
        self.waiting = [r for r in self.waiting if r is not result]
        for unsure in (self.inner, self.weak):
            unsure.pop(result, None)
        self.assign(result, node)


def assigned(results: list[Result], known: Known, settings: tuple[str, Any]) -> list[Result]:
    """The results that are to be judged, each with the node whose gradient it should be.

    Names say it first, then the numbers; what is left over belongs to the inputs that are left over.
    """
    leaves = {node: path for path, node in known.forward.leaves.items() if node in known.truth}
    told = by_names_and_numbers(results, known, leaves, settings)
    beside_its_siblings(results, told.judged, told.waiting, leaves, known)
    returned_before_left(told.judged, told.waiting, leaves, known)
    told.judged = without_stages(told.judged, told.waiting, told.inner)
    told.judged = without_parts_of_cells(told.judged, leaves)
    told.judged = without_those_not_chosen(told.judged, leaves, known)
    twice_claimed(told.judged, leaves, known)
    for result, node in each_at_its_place(results, leaves, known):
        told.settle(result, node)
    in_the_inputs_order(results, told.judged, leaves, known)
    a_link_further(results, told.judged, leaves, known)
    claimed = {r.node for r in told.judged}
    settle_inner(told, leaves, claimed)
    settle_lists(told, results, leaves, claimed)
    for result, node in told.weak.items():
        told.assign(result, node)
    settle_left_over(told, results, known, leaves, claimed)
    for result, node in one_array_for_several(results, leaves):
        told.settle(result, node)
    for result in told.judged:
        if result.node is not None:
            result.true = known.truth[result.node]
    return in_order(results, in_parts(told.judged, told.waiting, leaves, known))


def by_names_and_numbers(
    results: list[Result], known: Known, leaves: Mapping[Node, Place], settings: tuple[str, Any]
) -> Assignment:
    """What the names and the numbers of the results tell, each looked at alone."""
    told = Assignment()
    strays: dict[Result, Node] = {}
    for result in results:
        if result.kind == "update":
            told.judged.append(result)
            continue
        node = beside_the_idle(result, known) or by_name(result, known, leaves, settings)
        if node is None:
            node = by_value(result, known, leaves)
            if node is not None and node not in leaves and result.kind == "left":
                strays[result] = node
                continue
        if node is None:
            node = without_effect(result, known) or numbered(result, leaves)
        if node is not None and result.kind == "returned" and is_inner_only(result, node, known, settings):
            told.inner[result] = node
        elif node is not None and result.kind == "returned" and is_by_name_only(result, node, known, leaves):
            told.weak[result] = node
        elif node is not None:
            told.assign(result, node)
        elif not is_given(result, known):
            told.waiting.append(result)
    if not any(r.node in leaves for r in told.judged):  # else what is left on the way is not asked for
        for result, node in strays.items():
            told.assign(result, node)
    return told


def settle_inner(told: Assignment, leaves: Mapping[Node, Place], claimed: set[Any]) -> None:
    """Let what is like an inner gradient be one, or wait if it has the shape of an input left over.

    It is perhaps the gradient of that input, with a link left out.
    """
    for result, node in told.inner.items():
        shape = np.shape(result.value)
        if any(n not in claimed and n.op is LEAF and np.shape(n.data) == shape for n in leaves):
            told.waiting.append(result)
        else:
            told.assign(result, node)


def settle_lists(
    told: Assignment, results: list[Result], leaves: Mapping[Node, Place], claimed: set[Any]
) -> None:
    """Let lists of results belong to lists of inputs, and results in a row to inputs in a row."""
    for way in (list_by_list, in_turn):
        for result, node in way([r for r in results if r in told.waiting or r in told.weak], leaves, claimed):
            told.assign(result, node)
            claimed.add(node)
            told.weak.pop(result, None)
            told.waiting[:] = [r for r in told.waiting if r is not result]


def settle_left_over(
    told: Assignment, results: list[Result], known: Known, leaves: Mapping[Node, Place], claimed: set[Any]
) -> None:
    """Let what is left over belong to inputs that are left over; else it may be asked for all the same."""
    for result in told.waiting:
        node = beside(result, told.judged, leaves, claimed)
        if node is None and not is_among_inner(result, results, leaves):
            before = [r.node for r in results[: results.index(result)] if r.node in leaves]
            node = left_over(result, known, leaves, claimed, before[-1] if before else None)
        if node is not None:
            told.assign(result, node)
            claimed.add(node)
        elif is_asked(result):
            result.reason = f"what it is the gradient of could not be told: {remedy_for(result, known)}"
            told.judged.append(result)


def remedy_for(result: Result, known: Known) -> str:
    """What to do so that it can be told whose gradient a result is."""
    arrays = ((k, v) for k, v in known.forward.scope.items() if isinstance(v, np.ndarray))
    of_shape = ((k, v) for k, v in arrays if v.ndim and v.shape == np.shape(result.value))
    for name, _ in ((k, v) for k, v in of_shape if v.dtype.kind in "iu"):
        return f"if it is that of {name}, an array of integers, give {name}.astype(float)"
    return "call it after a variable, as dW after W"


def is_by_name_only(result: Result, node: Node, known: Known, leaves: Mapping[Node, Place]) -> bool:
    """Whether a result has a gradient's name and not its numbers: `ga` may be an anchor's as well as a's."""
    true = known.truth[node]
    is_like = near(result.value, true) or ratio(result.value, true) is not None
    return node not in leaves and not is_like and isinstance((*result.place, "")[0], int)


def without_effect(result: Result, known: Known) -> Node | None:
    """The input without effect on the loss that a result is called after, or whose shape it has, being 0.

    What forward finds at the result's own place is what an earlier backward pass has left there.
    """
    words = {*stems(result.name), *(k for k in result.place[-1:] if isinstance(k, str))}
    for leaf, path in known.forward.idle.items():
        if leaf in known.truth or path == result.place:  # claimed, or no input
            continue
        is_of_shape = np.shape(leaf.data) == np.shape(result.value)
        if (path[-1] in words and (is_of_shape or result.name)) or (is_of_shape and not np.any(result.value)):
            return known.claim(leaf)
    return None


def beside_the_idle(result: Result, known: Known) -> Node | None:
    """The input without effect on the loss that stands beside a result of zeros: `self.W`, of `self.dW`.

    Of what is returned, it is what has the same key in the same layer: `blocks[2]["w"]`, of `[1][2]["w"]`.
    """
    if np.any(result.value):
        return None
    end = result.place[-2:] if len(result.place) > 2 and isinstance(result.place[-1], str) else None
    found = (
        leaf
        for leaf, path in known.forward.idle.items()
        if path[-2:] == end or (result.kind == "left" and is_counterpart(result.place, path))
    )
    leaf = next(found, None)
    return known.claim(leaf) if leaf is not None else None


def is_inner_only(result: Result, node: Node, known: Known, settings: tuple[str, Any]) -> bool:
    """Whether only its numbers say that a result is the gradient of something between inputs and loss."""
    is_named = is_called_gradient(result.name) or node in known.called(result.name, *settings)
    return node.op is not LEAF and not is_named


def in_order(results: list[Result], judged: list[Result]) -> list[Result]:
    """The results that were chosen, in the order in which all stood."""
    chosen = set(map(id, judged))
    return [r for r in results if id(r) in chosen]


def is_given(result: Result, known: Known) -> bool:
    """Whether a result is nothing that was derived: an input, or a value of forward."""
    if result.kind == "left" and not is_marked(result):
        return True
    matches = known.matches(np.asarray(result.value))
    return any(m.label.kind == "value" and m.scale == 1 for m in matches) and not is_called_gradient(
        result.name
    )


def is_among_inner(result: Result, results: list[Result], leaves: Mapping[Node, Place]) -> bool:
    """Whether others that differ by a number in their names belong to no input: `dA2`, beside `dA1`."""
    stem = result.name.rstrip(DIGITS)
    beside_it = [r for r in results if r is not result and r.name.rstrip(DIGITS) == stem != r.name]
    return stem != result.name and bool(beside_it) and all(r.node not in leaves for r in beside_it)


def beside(
    result: Result, judged: list[Result], leaves: Mapping[Node, Place], claimed: set[Any]
) -> Node | None:
    """The input beside that of another result, as this is beside that one: `biases[0]`, of `nabla_b[0]`."""
    if not result.place or not isinstance(result.place[-1], int):
        return None
    by_path = {path: node for node, path in leaves.items()}
    for other in judged:
        path = leaves.get(other.node) if other.node is not None else None
        if path is None or other.place[:-1] != result.place[:-1] or not isinstance(path[-1], int):
            continue
        node = by_path.get((*path[:-1], path[-1] + result.place[-1] - other.place[-1]))
        if node is not None and node not in claimed and np.shape(node.data) == np.shape(result.value):
            return node
    return None


def likeness(value: Any, true: Any) -> float:
    """How much two arrays of one shape point the same way or the opposite: from 0 to 1."""
    norms = float(np.linalg.norm(value)) * float(np.linalg.norm(true))
    return abs(float(np.vdot(value, true))) / norms if norms and np.isfinite(norms) else 0.0


def left_over(
    result: Result, known: Known, leaves: Mapping[Node, Place], claimed: set[Any], before: Any
) -> Node | None:
    """The input that no other result belongs to: of its shape, or as large, or next to the one before.

    Of several, the one whose gradient is most like the result, if one is much more so than the first.
    """
    if result.kind != "returned" and not is_marked(result):
        return None
    free = [n for n, path in leaves.items() if n not in claimed and n.op is LEAF]
    fitting = [n for n in free if np.shape(n.data) == np.shape(result.value)]
    if len(fitting) > 1 and np.size(result.value) > 2:
        alike = {n: likeness(result.value, known.truth[n]) for n in fitting}
        best = max(fitting, key=lambda n: alike[n])
        return best if alike[best] > alike[fitting[0]] + 0.2 else fitting[0]
    fitting += [n for n in free if np.size(n.data) == np.size(result.value)]
    if fitting:
        return fitting[0]
    order = list(leaves)
    following = order[order.index(before) + 1 :] if before is not None else []
    is_next = following and following[0] in free and result.kind == "returned" and np.ndim(result.value) > 0
    return following[0] if is_next else None


FIGURES = frozenset(
    ("loss", "cost", "acc", "accuracy", "error", "err", "norm", "score", "metric", "metrics", "lr", "rate",
     "n", "m", "count", "total", "correct", "step", "time", "mse", "rmse", "mae", "nll", "perplexity", "reg",
     "penalty", "j", "value", "objective", "energy", "mean", "var", "std", "max", "min")
)  # fmt: skip


def is_asked(result: Result) -> bool:
    """Whether a result that belongs to nothing known must be judged for the whole to be right.

    All must, but for what is only left somewhere, and a number that goes by the name of some figure.
    """
    if result.kind == "left":
        return False
    if np.ndim(result.value) > 0 or not result.name or is_called_gradient(result.name):
        return True
    return FIGURES.isdisjoint(parts_of(result.name))
