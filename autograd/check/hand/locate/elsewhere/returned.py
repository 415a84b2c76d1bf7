"""The line of a helper that returned what is wrong where it was called."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from .....engine import Node, passed_back
from ...match.known import Known
from ...match.near import near, ratio
from ...observe.probes.record import Event
from ..bench import Bench
from ..suspects import Blame, Suspect
from .origins import is_returned_to
from .solved import mended


def returned_within(blames: list[Blame], suspects: list[Suspect], bench: Bench) -> Blame | None:
    """The line that returned something to a line that is blamed, if with other values of it all is right.

    Several lines may call the same helper.  What it returns may be a value of forward, and the wrong one; but
    where it is right in another call, the helper is right.
    """
    for s in returns_to([e for b in blames for e in b.events[:1]], suspects):
        is_right_elsewhere = any(is_gradient(e, bench.known) for e in s.events)
        if not is_right_elsewhere and (found := mended(s, s.events, bench)) is not None:
            return returned_within([found], suspects, bench) or found
    return None


def made_before(blame: Blame, suspects: Iterable[Suspect], bench: Bench) -> Blame | None:
    """The line that made the very arrays that are blamed where they are only returned."""
    for s in suspects:
        pairs = [(e, m) for e in blame.events for m in s.events if m.owner is e.owner and m.time < e.time]
        is_own = s.site.function == blame.site.function and s.site is not blame.site
        if not is_own or len(pairs) < len(blame.events) or not blame.values:
            continue
        values = {m.n: blame.values[e.n] for e, m in pairs if e.n in blame.values}
        if all(bench.flags({s.site: s.holding(values)})[0]):
            nodes = {m.n: blame.nodes[e.n] for e, m in pairs if e.n in blame.nodes}
            return replace(blame, site=s.site, events=[m for _, m in pairs], values=values, nodes=nodes)
    return None


def scaled_before(blame: Blame, suspects: Iterable[Suspect], bench: Bench) -> Blame | None:
    """The last line that changed or made the array before a line that only multiplies it by a number."""
    event = blame.events[0]
    owned = [s for s in suspects if s.site is not blame.site and s.events[-1].owner is event.owner]
    for s in sorted(owned, key=lambda s: -s.events[-1].time):
        before = s.events[-1]
        if before.time > event.time or np.shape(before.value) != np.shape(event.value):
            continue
        c = ratio(event.value, before.value)
        if c is None or event.n not in blame.values or is_added_after(blame, c, bench.known):
            return None
        values = {before.n: blame.values[event.n] / c}
        if all(bench.flags({s.site: s.holding(values)})[0]):
            change = s.holding(values) if s.before else None
            return replace(blame, site=s.site, events=[before], values=values, change=change)
    return None


def is_added_after(blame: Blame, scale: float, known: Known) -> bool:
    """Whether what an array lacks when it is multiplied by a number has no such number before it in forward.

    Then it is to be added later, as a penalty is to a sum over the data that is divided by their number.
    """
    event = blame.events[-1]
    node = blame.nodes.get(event.n)
    if node is None or node not in known.truth or np.shape(event.value) != np.shape(known.truth[node]):
        return False
    lacking = known.truth[node] - event.value
    for child in known.forward.children[node]:
        uses = [g for other, parent, g in known.shares if other is child and parent is node]
        if uses and near(sum(uses[1:], uses[0]), lacking):
            return not passes(child, scale, known)
    return False


def passes(node: Node, scale: float, known: Known) -> bool:
    """Whether something between a node and the loss multiplies what comes back by a number."""
    region, _ = known.forward.between(node, ())
    return any(
        near(g, scale * known.truth[one])
        for one in region if one in known.truth
        for _, g in passed_back(one, known.truth[one])
    )  # fmt: skip


def returns_to(made: list[Event], suspects: Iterable[Suspect]) -> Iterator[Suspect]:
    """The lines that returned something where some values were made, the first ones first."""
    yield from (s for s in suspects if any(is_returned_to(e, m) for e in s.events for m in made))


def is_gradient(event: Event, known: Known) -> bool:
    """Whether a value is a gradient that the engine knows."""
    matches = known.matches(np.asarray(event.value))
    return any(m.label.kind == "gradient" and m.scale == 1 and m.form == "same" for m in matches)


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
