"""What a backward pass results in, and what each result ought to be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ....engine import LEAF, Node
from ....tensor import Tensor
from ..observe.reach import holds_variables
from ..observe.record import is_array
from ..observe.stage import Outcome, Stage, elements_of, name_in_code
from ..observe.state import shallow
from ..observe.trace import Place, path_text
from .known import Known
from .names import is_called_gradient, parts_of, stems
from .near import largest, near, ratio

MISSING = object()


@dataclass(slots=True, eq=False)
class Result:
    """One array that a backward pass results in.

    kind   "returned", "left" in an object or a container, "update" of a parameter, "named" only
    node   what it is the gradient of; None if that cannot be told
    scale  of an update, the constant before the gradient
    """

    kind: str
    place: Place
    name: str
    value: Any
    owner: Any
    holder: Any = None
    old: Any = None
    node: Node | None = None
    true: Any = None
    reason: str = ""
    scale: float = 1.0
    carries: bool = (
        False  # a constant that other gradients carry as well, and that is taken out where it matters
    )

    def is_in(self, value: Any) -> bool:
        """Whether a value that was made is this result; of an update, the new parameter."""
        if self.kind != "update":
            return same(self.value, value)
        return np.shape(self.old) == np.shape(value) and same(np.asarray(value) - self.old, self.value)

    @property
    def shown(self) -> str:
        """What it is called in a report."""
        if self.kind in ("left", "update") or len(self.place) > 1:
            return path_text(self.place)
        return self.name or path_text(self.place) or "the result"


def flat(value: Any, path: Place = (), depth: int = 6) -> Iterator[tuple[Place, Any]]:
    """The arrays in what a function returned or left, by the ways that lead to them."""
    if is_array(value) and type(value) is not int:
        yield path, value
    elif depth and isinstance(value, dict | list | tuple) and len(value) <= 10_000:
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from flat(part, (*path, key), depth - 1)
    elif depth and holds_variables(value) and not isinstance(value, type):
        for key, part in tuple(vars(value).items()):
            yield from flat(part, (*path, key), depth - 1)


def array_of(value: Any) -> Any:
    return np.array(value.data if type(value) is Tensor else value)[()]


def collected(stage: Stage, outcome: Outcome, known: Known) -> list[Result]:
    """All that may be a result: returned, left behind, updated; if nothing is, what has a gradient's name."""
    if stage.training is not None:
        return [r for r in left_in(stage, known) if r.kind == "update"]
    found = list(returned_in(stage, outcome)) + list(left_in(stage, known))
    seen: set[int] = set()
    unique = []
    for result in found:  # what is returned and left too is one result, by its longer name
        if result.kind == "left" and id(result.owner) in seen and type(result.owner) is np.ndarray:
            continue
        seen.add(id(result.owner))
        unique.append(result)
    return unique


def named_in(stage: Stage, outcome: Outcome, known: Known, settings: Any) -> Iterator[Result]:
    """The variables of backward that have the name of a gradient, as it ended."""
    own = name_in_code(stage.backward or stage.forward)
    for name, value in (outcome.frames.get(own) or [{}])[-1].items():
        if name in stage.arguments or name in stage.inputs:
            continue
        for path, part in flat(value, (name,), 2):
            last = next((k for k in reversed(path) if isinstance(k, str)), "")
            if is_array(part) and known.called(last, *settings):
                yield Result("named", path, last, array_of(part), part)


def returned_in(stage: Stage, outcome: Outcome) -> Iterator[Result]:
    value = outcome.returned
    names = names_returned(stage, outcome)
    if stage.backward is None:
        value = dict(elements_of(value)[1:]) if isinstance(value, tuple | list | dict) else None
    for path, part in flat(value):
        key = next((k for k in reversed(path) if isinstance(k, str)), "")
        yield Result("returned", path, key or names.get(path, ""), array_of(part), part)


def names_returned(stage: Stage, outcome: Outcome) -> dict[Place, str]:
    """By the place in what is returned, the variable that it was."""
    own = name_in_code(stage.backward or stage.forward)
    found: dict[Place, str] = {}
    for event in outcome.events:
        if event.site.kind == "return" and event.site.function == own and not event.calls:
            found[event.site.path] = event.name
    return found


def left_in(stage: Stage, known: Known) -> Iterator[Result]:
    """What backward has put into objects and containers, and what it has changed there."""
    assert stage.after is not None
    assert stage.holders is not None
    kept_arrays = {id(a): kept for a, kept in stage.after.arrays}
    kept_entries = {id(value): kept for value, kept in stage.after.entries}
    for path, holder in stage.holders.holders.values():
        if type(holder) is tuple or (holder is stage.arguments):
            continue
        kept = kept_entries.get(id(holder))
        now = shallow(holder) if kept is not None else None
        if not isinstance(now, dict | list):
            continue
        before = dict(kept.items() if isinstance(kept, dict) else enumerate(kept or ()))
        for key, value in now.items() if isinstance(now, dict) else enumerate(now):
            old = before.get(key, MISSING)
            place = (*path, key)
            if old is value:
                if (
                    type(value) is np.ndarray
                    and id(value) in kept_arrays
                    and not same(value, kept_arrays[id(value)])
                ):
                    yield changed(place, holder, value, kept_arrays[id(value)], known)
            elif is_array(value):
                yield changed(place, holder, value, kept_arrays.get(id(old), old), known)
            else:
                for inner, part in flat(value, place):
                    if id(part) not in kept_arrays:
                        before_it = dug(old, inner[len(place) :])
                        yield changed(inner, holder, part, kept_arrays.get(id(before_it), before_it), known)


def changed(place: Place, holder: Any, value: Any, old: Any, known: Known) -> Result:
    """What is at a place now: the update of a parameter, if one was there."""
    name = next((k for k in reversed(place) if isinstance(k, str)), "")
    node = known.forward.leaves.get(place)
    if node in known.truth and is_array(old) and np.shape(old) == np.shape(value):
        old = array_of(old)
        return Result("update", place, name, array_of(value) - old, value, holder, old, node)
    return Result("left", place, name, array_of(value), value, holder)


def dug(value: Any, path: Place) -> Any:
    """What a way leads to in a container or an object; MISSING if it leads nowhere."""
    for key in path:
        try:
            value = value[key] if isinstance(value, dict | list | tuple) else getattr(value, key)
        except (KeyError, IndexError, AttributeError, TypeError):
            return MISSING
    return value


def same(a: Any, b: Any) -> bool:
    """Whether two arrays hold the same, NaN included."""
    return np.shape(a) == np.shape(b) and bool(np.array_equal(a, b, equal_nan=True))


# What each ought to be


def assigned(results: list[Result], known: Known, settings: tuple[str, Any]) -> list[Result]:
    """The results that are to be judged, each with the node whose gradient it should be.

    Names say it first, then the numbers; what is left over belongs to the inputs that are left over.
    """
    leaves = {node: path for path, node in known.forward.leaves.items() if node in known.truth}
    judged: list[Result] = []
    waiting: list[Result] = []
    for result in results:
        if result.kind == "update":
            judged.append(result)
            continue
        node = by_name(result, known, leaves, settings)
        if node is None:
            node = by_value(result, known, leaves)
        if node is None:
            node = without_effect(result, known)
        if node is not None:
            result.node = node
            judged.append(result)
        elif not is_given(result, known):
            waiting.append(result)
    twice_claimed(judged, leaves, known)
    claimed = {r.node for r in judged}
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


def without_effect(result: Result, known: Known) -> Node | None:
    """The input that the loss does not depend on, if a result is called after one, or is 0 and of its shape."""
    words = {*stems(result.name), *result.place[-1:]}
    for leaf, path in known.forward.idle.items():
        is_of_shape = np.shape(leaf.data) == np.shape(result.value)
        if (path[-1] in words and (is_of_shape or result.name)) or (is_of_shape and not np.any(result.value)):
            if leaf not in known.truth:
                return known.claim(leaf)
    return None


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


def in_order(results: list[Result], judged: list[Result]) -> list[Result]:
    chosen = set(map(id, judged))
    return [r for r in results if id(r) in chosen]


def by_name(
    result: Result, known: Known, leaves: Mapping[Node, Place], settings: tuple[str, Any]
) -> Node | None:
    """The node that a result is called after: of several, the one whose gradient it is."""
    if not result.name:
        return None
    nodes = known.called(result.name, *settings)
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


def note_carried(results: list[Result], known: Known) -> None:
    """Let the last of several results carry the constant that the others do, if none of them is final.

    Such as `dA0` beside `dA1` and `dA2`, all m times the gradients of a mean, where `dW1` divides by m.
    """
    leaves = set(known.forward.leaves.values())
    carried = {
        (r.name.rstrip(DIGITS), round(c, 9))
        for r in results
        if r.node is not None and r.node not in leaves and r.name.rstrip(DIGITS) != r.name
        and (c := ratio(r.value, r.true)) is not None
    }  # fmt: skip
    for result in results:
        if (
            result.node in leaves
            and result.kind != "update"
            and (c := ratio(result.value, result.true)) is not None
        ):
            result.carries = (result.name.rstrip(DIGITS), round(c, 9)) in carried


DIGITS = "0123456789"


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


def judged_right(
    results: list[Result], known: Known, excused: Mapping[Node, Any], uphill: bool | None = None
) -> list[bool]:
    """Which results are right.  Updates are, if all are one and the same constant times the gradients.

    `uphill` is whether that has to be positive; None if either will do.
    """
    finals = any(r.node is not None and r.node.op is LEAF for r in results)
    common = common_scale(results)
    if common is not None and uphill is not None:
        common = abs(common) if uphill else -abs(common)
    return [is_right(r, known, excused, common, finals) for r in results]


def common_scale(results: list[Result]) -> float | None:
    """The constant that most updates have before the gradient."""
    scales = [c for r in results if r.kind == "update" and (c := scale_between(r.value, r.true)) is not None]
    if not scales:
        return None
    return max(scales, key=lambda c: sum(np.isclose(c, d, rtol=1e-6) for d in scales))


def scale_between(value: Any, true: Any) -> float | None:
    if np.shape(value) != np.shape(true):
        return None
    if np.size(true) == 1 and np.all(true):
        return float(np.sum(value) / np.sum(true)) or None
    norm = float(np.vdot(true, true))
    if not norm:
        return None
    c = float(np.vdot(true, value) / norm)
    # an update is a difference of two larger numbers, and has lost their digits
    return c if c and largest(value - c * true) <= 1e-7 * abs(c) * largest(true) else None


def is_right(
    result: Result, known: Known, excused: Mapping[Node, Any], common: float | None, finals: bool
) -> bool:
    if result.node is None or result.value is None:
        return False
    true = result.true
    if result.kind == "update":
        if not largest(true) > known.rounding(result.node):
            return largest(result.value) <= 1e-7
        if common is None:
            return False
        result.scale = common
        return np.shape(result.value) == np.shape(true) and largest(
            result.value - common * true
        ) <= 1e-7 * abs(common) * largest(true)
    if near(result.value, true):
        return True
    if np.shape(result.value) != np.shape(true):
        return False
    if max(largest(true), largest(result.value)) <= known.rounding(result.node):
        return True
    but = excused.get(result.node)
    if but is not None and near(result.value, true, but):
        return True
    return (result.carries or (result.node.op is not LEAF and finals)) and ratio(
        result.value, true
    ) is not None


def reread(results: list[Result], stage: Stage, outcome: Outcome) -> list[Any]:
    """The values of the same results after another run; None where there is none."""
    if outcome.raised is not None:
        return [None] * len(results)
    own = name_in_code(stage.backward or stage.forward)
    frame = (outcome.frames.get(own) or [{}])[-1]
    return [read(result, stage, outcome, frame) for result in results]


def read(result: Result, stage: Stage, outcome: Outcome, frame: dict[str, Any]) -> Any:
    if result.kind == "returned":
        start, path = outcome.returned, result.place
    elif result.kind == "named":
        start, path = frame, result.place
    else:
        start, path = result.holder, result.place[way_of(result, stage) :]
    value = dug(start, path)
    if not is_array(value):
        return None
    return array_of(value) - result.old if result.kind == "update" else array_of(value)


def way_of(result: Result, stage: Stage) -> int:
    assert stage.holders is not None
    return len(stage.holders.holders[id(result.holder)][0])
