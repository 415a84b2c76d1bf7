"""Which gradient of the user's belongs to which value of which variable."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from ...engine import Array, Node
from ...tensor import Tensor
from .backward import Event, Hand, assigned, is_array, same
from .forward import Forward
from .judge import Derived, near, ratio
from .repair import elements, evaluated, key_of, loads, targets
from .watch import Place, variables, written

PART = "it is no whole gradient of one value of that variable, and what reads it is right"


def matched(
    hand: Hand, forward: Forward, truth: Mapping[Node, Array]
) -> tuple[list[Derived], dict[str, str]]:
    """The derived gradients in the order in which they were made, and what could not be matched, and why."""
    lines = numbered(hand, forward, truth)
    known = {line.place for line in lines}
    unmatched: dict[str, str] = {}
    for place, events in hand.events.items():
        target = hand.target(place)
        nodes = forward.bound_to(target) if target else []
        if len(nodes) == 1:
            lines.append(Derived(place, nodes[0], events))
        elif nodes:
            choices = [paired(place, plan, nodes, truth) for plan in plans(hand, events)]
            lines += max(choices, key=lambda found: fits(found, truth))
        elif target and place not in known and is_made(place, hand, forward):
            unmatched[written(place)] = unknown(target, forward, hand.prefix)
    parts = {line.place for line in lines if is_part(line, lines, hand, forward, truth)}
    unmatched |= {written(place): PART for place in parts}
    whole = [line for line in lines if line.place not in parts]
    return sorted(whole, key=lambda line: line.last.time), unmatched


def is_part(
    line: Derived, lines: list[Derived], hand: Hand, forward: Forward, truth: Mapping[Node, Array]
) -> bool:
    """Whether a name with several values holds the gradient of none, and yet all that reads it is right.

    So does the `dprev_c` that one step of an LSTM hands to the one before, where more is added to it.
    """
    target = hand.target(line.place)
    if not target or len(forward.bound_to(target)) < 2:
        return False
    if fits((other for other in lines if other.place == line.place), truth)[0]:
        return False
    others = [(other, hand.statement(other.last.lineno)) for other in lines if other.place != line.place]
    readers = [other for other, statement in others if statement and line.root in loads(statement)]
    return bool(readers) and all(near(other.last.value, truth[other.node]) for other in readers)


def numbered(hand: Hand, forward: Forward, truth: Mapping[Node, Array]) -> list[Derived]:
    """The gradients `dA1`, `dA2`, … of a variable `A` of forward that had several values, in their order.

    They are counted from 0 or from 1: whichever has more of them true, or a constant multiple of that.
    """
    families: dict[str, dict[Place, int]] = {}
    for place in hand.events:
        target = hand.target(place)
        last = str(target[-1]) if target else ""
        stem = last.rstrip("0123456789")
        if target and stem != last and not forward.bound_to(target):
            families.setdefault(stem, {})[place] = int(last[len(stem) :])
    found = []
    for stem, members in families.items():
        values = forward.bound_to((stem,))
        choices = [
            [Derived(place, values[n - first], hand.events[place]) for place, n in members.items()]
            for first in (0, 1)
            if len(values) > 1
            and first <= min(members.values())
            and max(members.values()) - first < len(values)
        ]
        best = max(choices, key=lambda lines: fits(lines, truth), default=[])
        found += best if fits(best, truth)[0] else []
    return found


def is_made(place: Place, hand: Hand, forward: Forward) -> bool:
    """Whether a place may hold a gradient: numbers that backward made, and no variable of forward's own."""
    is_float = np.asarray(hand.events[place][-1].value).dtype.kind == "f"
    return is_float and place[-1] not in forward.scope and not hand.was_there(place)


def plans(hand: Hand, events: list[Event]) -> Iterator[list[list[Event]]]:
    """Ways to see which changes of a variable in a loop make one gradient: the likeliest first.

    Either one begins where the variable is bound without being read; or it is complete after a
    certain line of the loop; or every change makes one.
    """
    yield split(events, lambda before, after: not hand.reads_itself(after))
    for number in dict.fromkeys(e.lineno for e in reversed(events)):
        yield split(events, partial(ends_at, number))
    yield [[event] for event in events]


def ends_at(number: int, before: Event, after: Event) -> bool:
    """Whether a gradient is complete after a line with this number."""
    return before.lineno == number


def split(events: list[Event], between: Callable[[Event, Event], bool]) -> list[list[Event]]:
    """Events in groups: a new one begins wherever `between` says so of two neighbours."""
    groups = [[events[0]]]
    for before, after in pairwise(events):
        if between(before, after):
            groups.append([])
        groups[-1].append(after)
    return groups


def fits(lines: Iterable[Derived], truth: Mapping[Node, Array]) -> tuple[int, int]:
    """How many gradients are true or a constant multiple of that; and how many are true."""
    pairs = [(line.last.value, truth[line.node]) for line in lines]
    return sum(is_multiple(*pair) for pair in pairs), sum(near(*pair) for pair in pairs)


def is_multiple(value: Array, true: Array) -> bool:
    return near(value, true) or ratio(value, true) is not None


def paired(
    place: Place, rounds: list[list[Event]], nodes: list[Node], truth: Mapping[Node, Array]
) -> list[Derived]:
    """The gradients with the values of a variable, which come the other way round.

    A variable may have had more values than gradients were derived: then each goes to the youngest
    whose gradient it is, up to a constant, or else to the youngest of its shape.  Or fewer, as the loss
    does not depend on its last ones: what is 0 came from those.
    """
    while len(rounds) > len(nodes) and not np.any(rounds[0][-1].value):
        rounds = rounds[1:]
    found, left = [], nodes[::-1]
    for i, events in enumerate(rounds):
        value, spare = events[-1].value, len(left) - (len(rounds) - i)
        choices = left[: max(spare, 0) + 1]
        if not choices:
            break
        fitting = [n for n in choices if is_multiple(value, truth[n])]
        shaped = [n for n in choices if np.shape(n.data) == np.shape(value)]
        node = (fitting or shaped or choices)[0]
        left = left[left.index(node) + 1 :]
        found.append(Derived(place, node, events))
    return found


def unfinished(hand: Hand, forward: Forward, lines: list[Derived]) -> Derived | None:
    """The gradient that the line which raised was to make; None if it was to make none."""
    number = hand.steps[-1].lineno if hand.steps else 0
    statement = hand.statement(number)
    raised = Event(np.full(0, np.nan), number, hand.time, None, raised=True)
    if statement is None:
        return None
    for line in lines if targets(statement)[1] else ():
        newest = max(hand.events[line.place], key=lambda e: e.time)
        if assigned(statement) >= {line.root, str(line.place[-1])} and line.last is newest:
            lines.remove(line)
            return Derived(line.place, line.node, [*line.events, raised])
    for name in names_of(statement, hand):
        target = hand.target((name,))
        done = sum(line.place == (name,) for line in lines)
        nodes = forward.bound_to(target)[::-1][done:] if target else []
        if nodes:
            return Derived((name,), nodes[0], [raised])
    return None


def names_of(statement: ast.stmt, hand: Hand) -> Iterator[str]:
    """The gradients that a statement which raised was to make; of several returned, those that raise."""
    yield from targets(statement)[0]
    if isinstance(statement, ast.Return) and isinstance(statement.value, ast.Dict):
        scope = hand.globals | hand.steps[-1].scope
        for key, value in zip(statement.value.keys, statement.value.values, strict=True):
            if isinstance(key, ast.Constant) and evaluated(value, scope) is None:
                name = str(key.value)
                yield name if hand.target((name,)) else hand.prefix + name


def unknown(target: Place, forward: Forward, prefix: str) -> str:
    """Why a gradient belongs to nothing."""
    name = written(target)
    if forward.nodes.get(target) or forward.nodes.get(target[-1:]):
        return f"the loss does not depend on {name}"
    if name in forward.scope:
        kind = type(forward.scope[name]).__name__
        return f"{name} is no array of floats that depends on the inputs, but a {kind}"
    if forward.bound_to((f"{name}s",)):
        said = f"if entries of {name}s are meant, pass names={{'{prefix}{name}': '{name}s'}}"
        return f"forward has no variable {name}; {said}"
    return f"forward has no variable {name}"


def left_in(hand: Hand, given: dict[str, Any]) -> set[Place]:
    """The gradients that backward left in the objects and containers that it was given: `layer.dW`."""
    places = {place for place, _ in variables(given)}
    stay = (place for place in places & set(hand.events) if place[0] not in given or len(place) > 1)
    return {place for place in stay if not hand.was_there(place)}


def add_returned(hand: Hand, returned: Any) -> set[Place]:
    """The gradients among what backward returned; what is new of them becomes an event.

    So do entries of a dictionary, and what is made of one gradient as it is returned: `return dW / m`.
    """
    if isinstance(returned, dict):
        return entries_returned(hand, returned)
    values = returned if isinstance(returned, list | tuple) else [returned]
    for place, value in expressions_returned(hand, values):
        if not same(hand.events[place][-1].value, value):
            hand.events[place].append(event_of(hand, value))
    return {
        place
        for place, events in hand.events.items()
        if any(is_array(v) and same(events[-1].value, v) for v in values)
    }


def entries_returned(hand: Hand, returned: dict[Any, Any]) -> set[Place]:
    """The gradients that are entries of a dictionary; the key may be the name of the variable alone."""
    places: set[Place] = set()
    for key, value in returned.items():
        if isinstance(key, str) and is_array(value):
            place = (key,) if hand.target((key,)) else (hand.prefix + key,)
            events = hand.events.setdefault(place, [])
            if not events or not same(events[-1].value, value):
                events.append(event_of(hand, value, key))
            places.add(place)
    return places


def expressions_returned(hand: Hand, values: Sequence[Any]) -> Iterator[tuple[Place, Any]]:
    """The returned values that were made of one gradient, and of its shape, with its place."""
    statement = hand.statement(hand.steps[-1].lineno) if hand.steps else None
    for expression, value in zip(elements(statement), values, strict=False):
        gradients = {(name,) for name in loads(expression)} & set(hand.events)
        if len(gradients) == 1 and is_array(value):
            place = gradients.pop()
            if hand.target(place) and np.shape(hand.events[place][-1].value) == np.shape(value):
                yield place, value


def event_of(hand: Hand, value: Any, key: str = "") -> Event:
    """The event of what was returned: on the line that put it under its key, if there is one."""
    value = np.array(value.data if type(value) is Tensor else value)[()]
    for time in range(len(hand.steps), 0, -1):
        statement = hand.statement(hand.steps[time - 1].lineno)
        if key and statement is not None and key_of(statement) == key:
            return Event(value, statement.lineno, time, value)
    return Event(value, hand.steps[-1].lineno, hand.time, value)
