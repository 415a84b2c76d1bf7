"""What comes to nothing beside others that do not: updates of parameters, and gradients of layers."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import numpy as np

from ....engine import Node
from ....users import Place
from ..observe.arguments import name_in_code
from ..observe.objects.reach import Root
from ..observe.probes.patch import statements_around
from ..observe.probes.record import Event, is_array
from ..observe.probes.sites import span_of
from ..observe.probes.trace import path_text
from ..observe.stage import Outcome, Stage
from .known import Known
from .near import largest, ratio
from .results import MISSING, Result, array_of, dug


def lost_updates(stage: Stage, outcome: Outcome, known: Known, found: list[Result]) -> Iterator[Result]:
    """The updates of parameters that have none, where others have: of zeros, or of a variable's new array."""
    done = {r.place for r in found if r.kind == "update"}
    alike = set(map(kind_of, done))
    for place, node in known.forward.leaves.items() if done else ():
        if place in done or node not in known.truth or not largest(known.truth[node]) > known.rounding(node):
            continue
        true = known.truth[node]
        is_derived = kind_of(place) in alike and any(ratio(e.value, true) for e in outcome.events)
        lost = written(place, node, stage, outcome, is_derived) or rebound(place, node, stage, outcome)
        if lost is not None:
            yield lost


def passed_by(stage: Stage, known: Known, found: list[Result]) -> list[Result]:
    """The gradients of layers that a loop has passed by; what is returned then may be of something inner."""
    lost = list(never_left(stage, known, found))
    inner = (r for r in found if r.kind == "returned" and r.node not in known.forward.leaves.values())
    for result in inner if lost else ():
        result.node, result.reason = None, f"before it, {path_text(lost[0].place)} should be derived"
    return lost


def never_left(stage: Stage, known: Known, found: list[Result]) -> Iterator[Result]:
    """The gradients that a layer leaves nowhere, where another one in the same list leaves its own."""
    assert stage.holders is not None
    holders = dict(stage.holders.holders.values())
    done = {r.node for r in found} | {n for n in known.forward.leaves.values() if n not in known.truth}
    places = {node: place for place, node in known.forward.leaves.items()}
    left = [r for r in found if r.kind == "left" and r.node in places]
    for place, node in known.forward.leaves.items():
        ways = (counterpart(places[r.node], r.place, place) for r in left)  # type: ignore[index]
        there = next(filter(None, ways), None) if node not in done else None
        holder = holders.get(there[:-1]) if there is not None else None
        if there is not None and holder is not None and largest(known.truth[node]) > known.rounding(node):
            zeros = np.zeros_like(known.truth[node])
            yield Result("left", there, str(there[-1]), zeros, None, holder, None, node, known.truth[node])


def counterpart(own: Place, left: Place, other: Place) -> Place | None:
    """Where the gradient of another parameter is left, if that is the same one of another layer in a list.

    >>> counterpart(("ls", 2, "W"), ("ls", 2, "dW"), ("ls", 0, "W"))
    ('ls', 0, 'dW')
    """
    differing = [i for i, (a, b) in enumerate(zip(own, other, strict=False)) if a != b]
    if len(own) != len(other) or len(differing) != 1:
        return None
    (i,) = differing
    is_layer = isinstance(own[i], int) and isinstance(other[i], int) and i < len(own) - 1
    return (*other[: i + 1], *left[i + 1 :]) if is_layer and own[: i + 1] == left[: i + 1] else None


def kind_of(place: Place) -> tuple[Any, ...]:
    """What is the same for places that differ by a number: `W1` and `W2`, `layers[0].W` and `layers[1].W`.

    >>> kind_of(("layers", 1, "W")), kind_of(("W12",))
    (('layers', 0, 'W'), ('W',))
    """
    return tuple(
        k.rstrip("0123456789") if isinstance(k, str) else 0 if isinstance(k, int) else k for k in place
    )


def written(place: Place, node: Node, stage: Stage, outcome: Outcome, is_derived: bool) -> Result | None:
    """The update of an array to which a line wrote what was there, or nothing though its gradient is derived.

    The second counts for one beside others that are updated: `W3`, beside `W1` and `W2`.
    """
    holders = stage.holders.holders.values() if stage.holders is not None else ()
    holder = next((holder for path, holder in holders if path == place[:-1]), None)
    value = dug(holder, place[-1:])
    is_written = any(e.owner is value and e.site.kind == "change" for e in outcome.events)
    if value is MISSING or not (is_written or is_derived):
        return None
    zeros = np.zeros_like(array_of(value))
    return Result("update", place, str(place[-1]), zeros, value, holder, array_of(value), node)


def rebound(place: Place, node: Node, stage: Stage, outcome: Outcome) -> Result | None:
    """The update that a function makes to a variable of its own, by `W = ...` in the place of `W += ...`."""
    own, name = name_in_code(stage.backward or stage.forward), place[-1]
    if place != (Root.INPUTS, name) or name not in stage.arguments:
        return None
    made = [e for e in outcome.events if e.site.kind == "assign" and e.name == name and not e.calls]
    value: Any = (outcome.frames.get(own) or [{}])[-1].get(name)
    old = stage.arguments[name]
    if not made or any(map(reads_its_name, made)) or not is_array(value) or np.shape(value) != np.shape(old):
        return None
    return Result("update", place, name, array_of(value) - array_of(old), value, None, array_of(old), node)


def reads_its_name(event: Event) -> bool:
    """Whether a statement computes a variable from itself: `X = X / 255` is no update, but another scale."""
    for statement in statements_around(event.site.filename, event.site.statement):
        value: Any = getattr(statement, "value", None)
        if span_of(statement) == event.site.statement and value is not None:
            return any(isinstance(n, ast.Name) and n.id == event.name for n in ast.walk(value))
    return True
