"""What a backward pass results in, and what each result ought to be."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ....attributes import attributes, entry, items_of
from ....engine import Node
from ....tensor import Tensor
from ....users import Place, holds_variables
from ..observe.arguments import elements_of, name_in_code
from ..observe.objects.state import shallow
from ..observe.outputs import LOSSES
from ..observe.probes.record import is_array
from ..observe.probes.trace import path_text
from ..observe.stage import Outcome, Stage
from .known import Known
from .names import CONTAINERS, is_called_gradient

MISSING = object()


@dataclass(slots=True, eq=False)
class Result:
    """One array that a backward pass results in.

    kind   "returned", "left" in an object or a container, "update" of a parameter, "named" only
    node   what it is the gradient of; None if that cannot be told
    scale  of an update, the constant before the gradient
    also   other places of the same array
    way    of what is in a list that a variable holds, that variable, its length, and the keys within
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
    way: tuple[str, int, Place] | None = None
    scale: float = 1.0
    also: list[Place] = field(default_factory=list)
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
        for key, part in items_of(value):
            yield from flat(part, (*path, key), depth - 1)
    elif depth and holds_variables(value) and not isinstance(value, type):
        for key, part in attributes(value).items():
            yield from flat(part, (*path, key), depth - 1)


def array_of(value: Any) -> Any:
    """A copy of an array, or of that of a Tensor."""
    return np.array(value.data if type(value) is Tensor else value)[()]


def collected(stage: Stage, outcome: Outcome, known: Known) -> list[Result]:
    """All that may be a result: returned, left behind, updated; if nothing is, what has a gradient's name."""
    if stage.training is not None:
        updates = (r for r in left_in(stage, known) if r.kind == "update")
        return [r for r in updates if np.ndim(r.value) or r.name not in {*LOSSES, *stage.training.names}]
    found = list(returned_in(stage, outcome)) + list(left_in(stage, known))
    seen: dict[int, Result] = {}
    unique = []
    for result in found:  # what is returned and left too is one result, by its longer name
        if result.kind == "left" and id(result.owner) in seen and type(result.owner) is np.ndarray:
            seen[id(result.owner)].also.append(result.place)
            continue
        seen[id(result.owner)] = result
        unique.append(result)
    return unique


def named_in(
    stage: Stage, outcome: Outcome, known: Known, settings: Any, given: Container[str] = ()
) -> Iterator[Result]:
    """The variables of backward that have the name of a gradient, as it ended, but for those it was given.

    So have the entries of a container of gradients that have the name of an input: `grads["W"]`.
    """
    own = name_in_code(stage.backward or stage.forward)
    inputs = {path[-1] for path in known.forward.leaves}
    for name, value in (outcome.frames.get(own) or [{}])[-1].items():
        if name in given:
            continue
        for path, part in flat(value, (name,), 2):
            last = next((k for k in reversed(path) if isinstance(k, str)), "")
            is_entry = path[0] in CONTAINERS and len(path) > 1 and last in inputs
            if is_array(part) and (is_entry or known.called(last, *settings)):
                yield Result("named", path, last, array_of(part), part)


def returned_in(stage: Stage, outcome: Outcome) -> Iterator[Result]:
    """What a backward pass returned, array by array."""
    value = outcome.returned
    names = names_returned(stage, outcome)
    if stage.backward is None:
        value = dict(elements_of(value)[1:]) if isinstance(value, tuple | list | dict) else None
    lists = lists_named(outcome)
    for path, part in flat(value):
        key = next((k for k in reversed(path) if isinstance(k, str)), "")
        result = Result("returned", path, key or names.get(path, ""), array_of(part), part)
        held = [dug(value, path[:i]) for i in range(len(path))]
        result.way = next(
            ((lists[id(h)], len(h), path[i:]) for i, h in enumerate(held) if id(h) in lists), None
        )
        yield result


def lists_named(outcome: Outcome) -> dict[int, str]:
    """The variables with a gradient's name that held lists as the functions of backward returned."""
    frames = (frame for frames in outcome.frames.values() for frame in frames[-1:])
    return {
        id(value): name
        for frame in frames
        for name, value in frame.items()
        if type(value) is list and is_called_gradient(name)
    }


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
    gathered = []
    kept_arrays = {id(a): kept for a, kept in stage.after.arrays}
    kept_entries = {id(value): kept for value, kept in stage.after.entries}
    also = shared_parameters(stage, known)
    for path, holder in stage.holders.holders.values():
        if holder is stage.arguments:
            continue
        kept: Any = kept_entries.get(id(holder))
        now: Any = shallow(holder) if kept is not None else None
        if isinstance(holder, tuple):  # nothing but the elements of its arrays can have changed
            now = kept = dict(items_of(holder))
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
                node = also.get(id(old)) if place not in known.forward.leaves else None
                yield changed(place, holder, value, kept_arrays.get(id(old), old), known, node)
            else:
                for inner, part in flat(value, place):
                    before_it = dug(old, inner[len(place) :])
                    result = changed(inner, holder, part, kept_arrays.get(id(before_it), before_it), known)
                    if id(part) not in kept_arrays:
                        yield result
                    elif not same(part, kept_arrays[id(part)]):
                        gathered.append(result)
    yield from gathered  # arrays that have a place of their own, too


def shared_parameters(stage: Stage, known: Known) -> dict[int, Node]:
    """By the arrays that are updated where layers hold them, the inputs that they were given as."""
    updated = set(stage.training.updates.values()) if stage.training is not None else set()
    if updated <= known.forward.leaves.keys():
        return {}
    kept = {id(value): entries for value, entries in stage.after.entries}  # type: ignore[union-attr]
    before = {path: kept.get(id(holder)) for path, holder in stage.holders.holders.values()}  # type: ignore[union-attr]
    inputs = ((dug(before.get(path[:-1]), path[-1:]), node) for path, node in known.forward.leaves.items())
    by_array = {id(array): node for array, node in inputs if array is not MISSING}
    held = (dug(before.get(place[:-1]), place[-1:]) for place in updated)
    return {id(array): by_array[id(array)] for array in held if id(array) in by_array}


def changed(
    place: Place, holder: Any, value: Any, old: Any, known: Known, node: Node | None = None
) -> Result:
    """What is at a place now: the update of a parameter, if one was there; of `node`, if that is told."""
    name = next((k for k in reversed(place) if isinstance(k, str)), "")
    node = node or known.forward.leaves.get(place)
    is_parameter = node in known.truth and node not in known.forward.buffers
    if is_parameter and is_array(old) and np.shape(old) == np.shape(value):
        old = array_of(old)
        return Result("update", place, name, array_of(value) - old, value, holder, old, node)
    return Result("left", place, name, array_of(value), value, holder)


def dug(value: Any, path: Place) -> Any:
    """What a way leads to in a container or an object; MISSING if it leads nowhere."""
    for key in path:
        try:
            value = entry(value, key)
        except (KeyError, IndexError, AttributeError, TypeError):
            return MISSING
    return value


def same(a: Any, b: Any) -> bool:
    """Whether two arrays hold the same, NaN included."""
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        return False
    equal = a == b
    return bool(equal.all() or (equal | ((a != a) & (b != b))).all())


def reread(results: list[Result], stage: Stage, outcome: Outcome) -> list[Any]:
    """The values of the same results after another run; None where there is none."""
    if outcome.raised is not None:
        return [None] * len(results)
    own = name_in_code(stage.backward or stage.forward)
    frame = (outcome.frames.get(own) or [{}])[-1]
    return [read(result, stage, outcome, frame) for result in results]


def read(result: Result, stage: Stage, outcome: Outcome, frame: dict[str, Any]) -> Any:
    """The value of one result after another run; None if there is none."""
    if result.kind == "returned":
        start, path = outcome.returned, result.place
    elif result.kind == "named":
        start, path = frame, result.place
    elif result.holder is None:  # a variable of the function's own
        start, path = frame, result.place[-1:]
    else:
        start, path = result.holder, result.place[way_of(result, stage) :]
    value = dug(start, path)
    if not is_array(value):
        return None
    return array_of(value) - result.old if result.kind == "update" else array_of(value)


def way_of(result: Result, stage: Stage) -> int:
    """How long the way to the holder of a result is."""
    assert stage.holders is not None
    return len(stage.holders.holders[id(result.holder)][0])
