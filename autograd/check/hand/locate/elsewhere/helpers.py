"""Helpers: the line that returned what is wrong where it was called, and the call that gave it that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from .....engine import Node
from ...match.known import Known
from ...observe.probes.record import Event
from ..bench import Bench
from ..suspects import Blame, Suspect, is_made_in_a_call, same_value
from .origins import is_returned_to
from .solved import mended


def returned_within(blames: list[Blame], suspects: list[Suspect], bench: Bench) -> Blame | None:
    """The line that returned something to a line that is blamed, if with other values of it all is right.

    Several lines may call the same helper.  What it returns may be a value of forward, and the wrong one; but
    where it is right in another call, or all that comes back by one way, the helper is right.
    """
    for s in returns_to([e for b in blames for e in b.events[:1]], suspects):
        if all(np.all(e.value == 1) for e in s.events):
            continue  # as a factor it changes nothing
        made = [m for b in blames for m in b.events[:1]]
        callers = {m.site.statement for m in made for e in s.events if is_returned_to(e, m)}
        known = bench.known
        right = (known.is_contribution(e.value) or known.is_partial(e.value) for e in s.events)
        is_right = len(callers) < 2 and any(right)
        if not is_right and (found := mended(s, s.events, bench)) is not None:
            return returned_within([found], suspects, bench) or found
    return None


def made_before(blame: Blame, suspects: Iterable[Suspect], bench: Bench) -> Blame | None:
    """The line that made the very arrays that are blamed where they are only handed on."""
    for s in suspects:
        pairs = [(e, m) for e in blame.events for m in s.events if m.owner is e.owner and m.time < e.time]
        if s.site is blame.site or len(pairs) < len(blame.events) or not blame.values:
            continue
        values = {m.n: blame.values[e.n] for e, m in pairs if e.n in blame.values}
        if all(bench.flags({s.site: s.holding(values)})[0]):
            nodes = {m.n: blame.nodes[e.n] for e, m in pairs if e.n in blame.nodes}
            return replace(blame, site=s.site, events=[m for _, m in pairs], values=values, nodes=nodes)
    return None


def returns_to(made: list[Event], suspects: Iterable[Suspect]) -> Iterator[Suspect]:
    """The lines that returned something where some values were made, the first ones first."""
    for s in suspects:
        if any(is_returned_to(e, m) and e.time < m.time for e in s.events for m in made):
            yield s


def is_out_of_order(returned: Iterable[Suspect], known: Known) -> bool:
    """Whether gradients are returned in another order than the function of forward has its parameters.

    Then it is not the call that has them in the wrong order.
    """
    elements = sorted(returned, key=lambda s: s.site.span)
    nodes = [n for s in elements if (n := node_of(s.events[0], known)) is not None]
    for function in {function for function, _ in known.forward.given}:
        own = [found for (f, _), found in known.forward.given.items() if f == function]
        places = [i for n in nodes for i, found in enumerate(own) if n in found]
        if len(places) == len(nodes) > 1:
            return places != sorted(places)
    return False


def node_of(event: Event, known: Known) -> Node | None:
    """The node that a value is the gradient of."""
    matches = known.matches(np.asarray(event.value))
    return next((m.label.node for m in matches if m.label.kind == "gradient" and m.form == "same"), None)


def arguments(blames: Iterable[Blame], suspects: Iterable[Suspect], bench: Bench) -> list[Suspect]:
    """The arguments of the calls in which lines went wrong."""
    wrong = [e for b in blames for e in b.events if e.calls and b.is_explained]
    calls = {e.calls[0] for e in wrong}
    last = max((e.time for e in wrong), default=0)  # what is given later is not what it went wrong with
    return [
        s for s in suspects
        if s.site.kind == "argument" and (s.site.filename, s.site.lineno) in calls
        and s.events[0].time < last and bench.wrong <= bench.reached(s.site)
    ]  # fmt: skip


def handed_in(blame: Blame, suspects: Iterable[Suspect], bench: Bench) -> Blame | None:
    """The call that gave a helper the very value that is blamed there: it is wrong where it comes in."""
    if len(blame.values) < len(blame.events):
        return None
    for s in suspects:
        if s.site.kind != "argument" or s.site is blame.site:
            continue
        values = {}
        for event in blame.events:
            argument = given_to(event, s)
            if argument is not None and same_value(argument.value, event.value):
                values[argument.n] = blame.values[event.n]
        if len(values) == len(blame.events) and all(bench.flags({s.site: s.holding(values)})[0]):
            events = [a for a in s.events if a.n in values]
            return Blame(s.site, events, values, blame.family, {}, blame.scale, blame.results)
    return None


def given_to(event: Event, argument: Suspect) -> Event | None:
    """What an argument was in the very call that a value was made in; calls in a loop have one place."""
    if not is_made_in_a_call(event, argument.site):
        return None
    return next((e for e in reversed(argument.events) if e.time < event.time), None)


def is_as_given(events: list[Event], suspects: Iterable[Suspect]) -> bool:
    """Whether values are what the function was given that each was made in: `dx = grad.copy()`."""
    arguments = [s for s in suspects if s.site.kind == "argument"]

    def is_it(event: Event) -> bool:
        """Whether a value is what an argument was."""
        given = (given_to(event, s) for s in arguments if s.site is not event.site)
        return any(g is not None and same_value(event.value, g.value) for g in given)

    return all(map(is_it, events))
