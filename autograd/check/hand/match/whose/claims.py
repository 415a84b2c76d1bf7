"""Which node a result is the gradient of: by what it is called and where it stands, then by its numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from .....engine import Node
from .....users import Place
from ...observe.objects.reach import Root
from ..known import Known
from ..names import CONTAINERS, is_called_gradient, stems
from ..near import near, ratio
from ..results import Result


def by_name(
    result: Result, known: Known, leaves: Mapping[Node, Place], settings: tuple[str, Any]
) -> Node | None:
    """The node that a result is called after: of several, the one whose gradient it is."""
    if (there := in_place(result, leaves)) is not None:
        return there
    if not result.name:
        return None
    nodes = known.called(result.name, *settings)
    if not any(n in leaves for n in nodes):  # `g_ell` may be of `ell`, or of the `log_ell` that it is made of
        nodes = [*called_in_part(result, known, leaves), *nodes]
    if result.kind in ("returned", "named"):  # under the name of an input, though it begins as a gradient's
        nodes = [*nodes, *(n for n, p in leaves.items() if p[-1] == result.name and n not in nodes)]
    own = {n: p for n, p in leaves.items() if result.kind == "left" and is_counterpart(result.place, p)}
    if own:
        same_key = [n for n, path in own.items() if path[-1] == result.place[-1]]  # `grads["g"]`, of a gain
        nodes = same_key or list(own)
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
    same = by_value(result, known, leaves) if result.kind == "left" else None
    is_own = any(n in own and own[n][-1] in stems(result.name) for n in fitting)  # `self.s`, of `self.ds`
    is_inner = not is_own and same in known.forward.names and same not in leaves
    if is_inner and near(result.value, known.truth[same]):  # type: ignore[index]  # it is among the names
        return None  # it is told by its numbers: several objects have variables of one name, `loss.dinputs`
    if not fitting and same is not None and (same in leaves or np.shape(same.data) == np.shape(result.value)):
        return same
    is_one_of_many = result.kind == "left" and any(isinstance(k, int) for k in result.place)
    are_inputs = all(leaves[n][:1] == (Root.INPUTS,) for n in named if n in leaves)
    if not fitting and (not is_final or (is_one_of_many and are_inputs)):
        return None  # each of many layers has its `dinputs`
    scaled = [n for n in fitting if ratio(result.value, known.truth[n])]
    if result.place and isinstance(result.place[-1], int) and len(fitting) > 1 and not scaled:
        index = result.place[-1]
        return fitting[index] if -len(fitting) <= index < len(fitting) else fitting[0]
    beside = [n for n in fitting if is_numbered_alike(result.place, leaves.get(n, ()))]
    return next(iter(scaled or beside or fitting[::-1] or named[::-1]), None)


def is_numbered_alike(place: Place, path: Place) -> bool:
    """Whether a result stands under the same key, at the same numbers, where no values tell.

    >>> is_numbered_alike((2, "W"), ("net", "layers", 2, "params", "W"))
    True
    """
    numbers, own = ([k for k in keys if isinstance(k, int)] for keys in (place, path))
    return bool(numbers) and numbers == own and place[-1] == path[-1]


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


def numbered(result: Result, leaves: Mapping[Node, Place]) -> Node | None:
    """The one input of its shape at a number in a list: `layers[2].params["W"]`, of `W2` or `dW2`.

    It is asked of what is no gradient by its numbers: only where to look for the mistake depends on it.
    """
    parts = re.fullmatch(r"(.*?)_?(\d+)", result.name)
    words = {parts[1], *stems(parts[1])} if parts is not None else set()
    found = [
        node for node, path in leaves.items()
        if parts is not None and path[-1] in words and int(parts[2]) in path
        and np.shape(node.data) == np.shape(result.value)
    ]  # fmt: skip
    return found[0] if len(found) == 1 else None


def is_counterpart(place: Place, path: Place) -> bool:
    """Whether a gradient's place is that of a variable, but for marks of one: `dW["q"]` of `W["q"]`.

    Or it is that in a container of gradients beside the variable: `self.grads["W"]` of `self.W`.
    """
    if len(place) != len(path):
        kept = tuple(k for k in place if k not in CONTAINERS)
        return len(kept) < len(place) and kept == path
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
