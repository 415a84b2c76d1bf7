"""Which input each result is the gradient of: by names, then by numbers, then by what is left over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ....engine import LEAF, Node
from ....users import Place
from ..observe.objects.reach import Root
from .known import Known
from .names import is_called_gradient, parts_of, stems
from .near import near, ratio
from .results import Result


def assigned(results: list[Result], known: Known, settings: tuple[str, Any]) -> list[Result]:
    """The results that are to be judged, each with the node whose gradient it should be.

    Names say it first, then the numbers; what is left over belongs to the inputs that are left over.
    """
    leaves = {node: path for path, node in known.forward.leaves.items() if node in known.truth}
    judged: list[Result] = []
    waiting: list[Result] = []
    inner: dict[Result, Node] = {}
    weak: dict[Result, Node] = {}
    for result in results:
        if result.kind == "update":
            judged.append(result)
            continue
        node = beside_the_idle(result, known) or by_name(result, known, leaves, settings)
        if node is None:
            node = by_value(result, known, leaves)
        if node is None:
            node = without_effect(result, known)
        if node is not None and result.kind == "returned" and is_inner_only(result, node, known, settings):
            inner[result] = node
        elif node is not None and result.kind == "returned" and is_by_name_only(result, node, known, leaves):
            weak[result] = node
        elif node is not None:
            result.node = node
            judged.append(result)
        elif not is_given(result, known):
            waiting.append(result)
    judged = without_stages(judged, waiting, inner)
    twice_claimed(judged, leaves, known)
    in_the_inputs_order(results, judged, leaves, known)
    claimed = {r.node for r in judged}
    for result, node in inner.items():
        shape = np.shape(result.value)
        if any(n not in claimed and n.op is LEAF and np.shape(n.data) == shape for n in leaves):
            waiting.append(result)  # perhaps the gradient of that input, with a link left out
        else:
            result.node = node
            judged.append(result)
    for result, node in in_turn([r for r in results if r in waiting or r in weak], leaves, claimed):
        result.node = node
        claimed.add(node)
        judged.append(result)
        weak.pop(result, None)
        waiting[:] = [r for r in waiting if r is not result]
    for result, node in weak.items():
        result.node = node
        judged.append(result)
    for result in waiting:
        if (node := beside(result, judged, leaves, claimed)) is not None:
            result.node = node
            claimed.add(node)
            judged.append(result)
            continue
        before = [r.node for r in results[: results.index(result)] if r.node in leaves]
        if (node := left_over(result, known, leaves, claimed, before[-1] if before else None)) is not None:
            result.node = node
            claimed.add(node)
            judged.append(result)
        elif is_asked(result):
            result.reason = (
                "what it is the gradient of could not be told: call it after a variable, as dW after W"
            )
            judged.append(result)
    for result in judged:
        if result.node is not None:
            result.true = known.truth[result.node]
    return in_order(results, judged)


def is_by_name_only(result: Result, node: Node, known: Known, leaves: Mapping[Node, Place]) -> bool:
    """Whether a result has a gradient's name and not its numbers: `ga` may be an anchor's as well as a's."""
    true = known.truth[node]
    is_like = near(result.value, true) or ratio(result.value, true) is not None
    return node not in leaves and not is_like and isinstance((*result.place, "")[0], int)


def in_turn(
    waiting: list[Result], leaves: Mapping[Node, Place], claimed: set[Any]
) -> list[tuple[Result, Node]]:
    """The results that are as many as the inputs left of their shape: both in the order that they have."""
    found = []
    for shape in {np.shape(r.value) for r in waiting}:
        results = [r for r in waiting if r.kind == "returned" and np.shape(r.value) == shape]
        free = [n for n in leaves if n not in claimed and n.op is LEAF and np.shape(n.data) == shape]
        if len(results) == len(free) > 1:
            found += list(zip(results, free, strict=True))
    return found


def without_stages(judged: list[Result], waiting: list[Result], inner: dict[Result, Node]) -> list[Result]:
    """The results without what is left in objects on the way to what is returned.

    If as much is returned that is not known yet as one object holds beside, of the same shapes, it is that.
    """
    returned = {r.node for r in judged if r.kind == "returned"}
    stages = [r for r in judged if r.kind == "left" and r.node in returned]
    others = [r for r in judged if r.kind == "left" and r.node not in returned]
    unknown = [r for r in waiting if r.kind == "returned"] + list(inner)
    for holder in {id(r.holder) for r in others}:
        own = [r for r in others if id(r.holder) == holder]
        is_certain = len(unknown) > 1 or any(id(r.holder) == holder for r in stages)
        same = [np.shape(r.value) for r in own] == [np.shape(r.value) for r in unknown]
        if unknown and same and is_certain:
            for result, other in zip(unknown, own, strict=True):
                result.node = other.node
            stages, judged = own + stages, judged + unknown
            waiting[:] = [r for r in waiting if r not in unknown]
            inner.clear()
            break
    return [r for r in judged if not any(r is stage for stage in stages)]


def without_effect(result: Result, known: Known) -> Node | None:
    """The input without effect on the loss that a result is called after, or whose shape it has, being 0."""
    words = {*stems(result.name), *result.place[-1:]}
    for leaf, path in known.forward.idle.items():
        if leaf in known.truth:  # claimed
            continue
        is_of_shape = np.shape(leaf.data) == np.shape(result.value)
        if (path[-1] in words and (is_of_shape or result.name)) or (is_of_shape and not np.any(result.value)):
            return known.claim(leaf)
    return None


def beside_the_idle(result: Result, known: Known) -> Node | None:
    """The input without effect on the loss that stands beside a result of zeros: `self.W`, of `self.dW`."""
    if result.kind != "left" or np.any(result.value):
        return None
    found = (leaf for leaf, path in known.forward.idle.items() if is_counterpart(result.place, path))
    leaf = next(found, None)
    return known.claim(leaf) if leaf is not None else None


def is_inner_only(result: Result, node: Node, known: Known, settings: tuple[str, Any]) -> bool:
    """Whether only its numbers say that a result is the gradient of something between inputs and loss."""
    is_named = is_called_gradient(result.name) or node in known.called(result.name, *settings)
    return node.op is not LEAF and not is_named


def twice_claimed(judged: list[Result], leaves: Mapping[Node, Place], known: Known) -> None:
    """Give a second result that is the gradient of one input to another input of its shape that has none."""
    owners: dict[Node, Result] = {}
    for result in judged:
        if result.kind != "returned" or result.node not in leaves:
            continue
        first = owners.setdefault(result.node, result)  # type: ignore[arg-type]  # it is among the leaves
        if first is result:
            continue
        claimed = {r.node for r in judged}
        free = [
            n
            for n in leaves
            if n not in claimed and np.shape(n.data) == np.shape(result.value) and n.op is LEAF
        ]
        if len(free) == 1 or (free and not known.called(result.name)):
            result.node = free[0]


def in_the_inputs_order(
    results: list[Result], judged: list[Result], leaves: Mapping[Node, Place], known: Known
) -> None:
    """Give a result that is the gradient of no input the one at its place, if all others are in order.

    That is the only input between those of the results before and after it; or the first or the last, if
    there are as many results as inputs.
    """
    returned = [r for r in results if r.kind == "returned"]
    inputs = [n for n, path in leaves.items() if len(path) == 2 and path[0] is Root.INPUTS]
    places = [place_of(r, inputs, known) for r in returned]
    strange = [i for i, place in enumerate(places) if place is None]
    if len(strange) != 1 or not any(returned[strange[0]] is j for j in judged):
        return
    i = strange[0]
    others = [place for place in places if place is not None]
    is_whole = len(returned) == len(inputs)
    before = others[i - 1] if i else -1 if is_whole else None
    after = others[i] if i < len(others) else len(inputs) if is_whole else None
    if before is None or after is None or after - before != 2 or others != sorted(others):
        return
    if np.shape(inputs[before + 1].data) == np.shape(returned[i].value):
        returned[i].node = inputs[before + 1]


def place_of(result: Result, inputs: list[Node], known: Known) -> int | None:
    """The number of the input whose gradient a result is, also under the name of a copy of it."""
    if result.node in inputs:
        return inputs.index(result.node)
    return next((i for i, n in enumerate(inputs) if near(result.value, known.truth[n])), None)


def in_order(results: list[Result], judged: list[Result]) -> list[Result]:
    """The results that were chosen, in the order in which all stood."""
    chosen = set(map(id, judged))
    return [r for r in results if id(r) in chosen]


def by_name(
    result: Result, known: Known, leaves: Mapping[Node, Place], settings: tuple[str, Any]
) -> Node | None:
    """The node that a result is called after: of several, the one whose gradient it is."""
    if (there := in_place(result, leaves)) is not None:
        return there
    if not result.name:
        return None
    nodes = known.called(result.name, *settings) or called_in_part(result, known, leaves)
    own = [n for n, path in leaves.items() if result.kind == "left" and is_counterpart(result.place, path)]
    if own:
        nodes = own
    elif nested := counterparts(result.place, leaves):
        nodes = nested
    elif result.kind == "returned" and any(isinstance(k, str) for k in result.place) and not nodes:
        nodes = [n for n in known.forward.bound_to(result.name) if n in leaves]
    for node in nodes:
        if near(result.value, known.truth[node]):
            return node
    named = [n for n in nodes if n in leaves] or nodes
    is_final = any(n in leaves for n in nodes)
    if not is_final and (same := by_value(result, known, leaves)) is not None:
        is_named = any(np.shape(n.data) == np.shape(result.value) for n in named)
        if not is_named or near(result.value, known.truth[same]):
            return same  # a multiple of another gradient is no reason to doubt a name
    fitting = [n for n in named if np.shape(n.data) == np.shape(result.value)]
    if not is_final and not fitting:
        return None
    scaled = [n for n in fitting if ratio(result.value, known.truth[n])]
    if result.place and isinstance(result.place[-1], int) and len(fitting) > 1 and not scaled:
        index = result.place[-1]
        return fitting[index] if -len(fitting) <= index < len(fitting) else fitting[0]
    return next(iter(scaled or fitting[::-1] or named[::-1]), None)


def in_place(result: Result, leaves: Mapping[Node, Place]) -> Node | None:
    """The input at the same place in a list: `layers[1][0]`, of what stands at [1][0] in `dlayers`."""
    if result.way is None:
        return None
    name, length, keys = result.way
    size = len(keys) + 1
    own = {
        path[-size:]: node
        for node, path in leaves.items()
        if len(path) >= size and path[-size] in stems(name)
    }
    if len({key[1] for key in own}) != length:
        return None
    return next((node for key, node in own.items() if key[1:] == keys), None)


def called_in_part(result: Result, known: Known, leaves: Mapping[Node, Place]) -> list[Node]:
    """The input whose name has another word in front: `log_scale`, of `g_scale`.

    Not if what it holds is the gradient of a variable.
    """
    if result.kind != "returned" or any(
        m.label.node in known.forward.names and m.scale == 1 and m.form == "same"
        for m in known.matches(np.asarray(result.value))
        if m.label.kind == "gradient"
    ):
        return []
    ends = tuple(f"_{stem.lower()}" for stem in stems(result.name))
    found = [n for n, path in leaves.items() if ends and str(path[-1]).lower().endswith(ends)]
    return found if len(found) == 1 and np.shape(found[0].data) == np.shape(result.value) else []


CONTAINERS = ("grad", "grads", "gradient", "gradients", "g", "dparams", "derivatives", "deltas", "nabla")


def is_counterpart(place: Place, path: Place) -> bool:
    """Whether a gradient's place is that of a variable, but for marks of one: `dW["q"]` of `W["q"]`."""
    if len(place) != len(path):
        return False
    differing = [(a, b) for a, b in zip(place, path, strict=True) if a != b]
    return bool(differing) and all(
        isinstance(a, str) and isinstance(b, str) and (b in stems(a) or a in CONTAINERS) for a, b in differing
    )


def counterparts(place: Place, leaves: Mapping[Node, Place]) -> list[Node]:
    """The inputs whose own keys, outermost first, are those of a nested result: `["norm1"]["g"]`, of params'.

    By one key alone nothing is told that the name does not tell.
    """
    words = [k for k in place if isinstance(k, str)]
    if len(words) < 2:
        return []
    found = []
    for node, path in leaves.items():
        own = [k for k in path if isinstance(k, str)][-len(words) :]
        if len(own) == len(words) and all(a == b or b in stems(a) for a, b in zip(words, own, strict=True)):
            found.append(node)
    return found


def is_marked(result: Result) -> bool:
    """Whether a key on the way to a result has the mark of a gradient."""
    keys = [k for k in result.place if isinstance(k, str)]
    return is_called_gradient(result.name) or any(is_called_gradient(k) or k in CONTAINERS for k in keys)


def by_value(result: Result, known: Known, leaves: Mapping[Node, Place]) -> Node | None:
    """The node whose gradient a result is: an input first, and exactly rather than but for a constant."""
    matches = [m for m in known.matches(np.asarray(result.value)) if m.label.kind == "gradient"]
    same = [m for m in matches if m.form == "same"]
    names = known.forward.names
    exact = [m for m in same if m.scale == 1 and m.label.node in names]
    unnamed = [m for m in same if m.scale == 1 and m.label.node not in names]
    inner = [m for m in same if is_called_gradient(result.name) and m.label.node not in leaves]
    for group in (exact, [m for m in matches if m.label.node in leaves], unnamed, inner):
        for match in sorted(group, key=lambda m: m.label.node not in leaves):
            return match.label.node
    return None


def is_given(result: Result, known: Known) -> bool:
    """Whether a result is nothing that was derived: an input, or a value of forward."""
    if result.kind == "left" and not is_marked(result):
        return True
    matches = known.matches(np.asarray(result.value))
    return any(m.label.kind == "value" and m.scale == 1 for m in matches) and not is_called_gradient(
        result.name
    )


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
