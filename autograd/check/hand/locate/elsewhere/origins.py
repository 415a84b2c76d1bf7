"""Where what is wrong begins, if no change of a line tells: at the line that makes something of what the
engine knows that it does not know.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from .....engine import LEAF
from ... import limits
from ...diagnose.repair import is_of_itself, node_at
from ...match.names import is_called_gradient
from ...match.terms import by_term, is_part, parts_of
from ...observe.arguments import data_of
from ...observe.probes.record import Event, Snapshot, is_array
from ...observe.probes.sites import Site, is_plain
from ..bench import Bench
from ..forms import is_handed_on, is_read_in_a_sum, is_renaming, is_unpacked
from ..suspects import CONTAINED, Blame, Suspect, begins_a_sum, same_value
from ..suspicion import Suspicion
from .solved import mended
from .sums import is_in_pieces

NARROW = 2  # as many elements has what is blamed as a narrow line, at least
MOST_STEPS = 60  # back from a line to those that made what it is made of


def origin_of(blamed: list[Event], suspects: list[Suspect], bench: Bench, trust: Suspicion) -> Blame | None:
    """The line at which what is wrong begins, if with other values there all results are right.

    None if the one that is blamed already comes first; where several are, it may be one of them.
    """
    stop = bench.spent + limits.CHANGE
    bench.allow(limits.SECONDS / 2)
    involved = [s for s in suspects if bench.wrong & bench.reached(s.site)]
    scopes = bench.stage.backwards({}, frozenset(s.site for s in involved)).snapshots
    parts = list(parts_of(by_term(bench.known.forward, bench.known.truth)))
    shares = (e for s in involved for e in s.events if e.site.kind == "share")
    added = {(e.site.statement, e.n) for e in shares if bench.known.is_contribution(e.value)}
    whole = (e for s in involved for e in s.events if (e.site.statement, e.n) not in added)
    strange = [e for e in whole if not is_known(e, bench, trust)]
    ends = {id(e.owner): e for s in involved for e in s.events if e.site.kind in ("assign", *CONTAINED)}
    returned = {id(e.owner) for s in involved for e in s.events if s.site.kind in ("return", "element")}
    done = [e for k, e in ends.items() if e.site.kind in CONTAINED and k not in returned and trust.named(e)]
    unknown = [e for e in strange if e in done or not (is_part(e.value, parts) or is_underway(e, bench))]
    unknown = [e for e in unknown if not (is_renaming(e.site) and trust.goes_on(e))]  # others add to it
    unknown += [e for s in involved for e in s.events if is_short(e, bench, trust) and e not in unknown]
    unknown = [e for e in unknown if not is_moved(e, unknown, scopes)]
    statements = {e.site.statement for e in blamed}
    by_site = {s.site: s for s in involved if bench.wrong <= bench.reached(s.site)}
    made = sources(blamed, unknown, scopes)

    def mended_at(site: Site) -> Blame | None:
        own = by_site[site].events if site in by_site else []
        doubtful = [e for e in own if e in unknown or not is_known(e, bench, trust)]
        return mended(by_site[site], doubtful, bench) if doubtful else None

    start = min(e.time for e in blamed)
    for site in dict.fromkeys(e.site for e in beginnings(made) if e.time <= start):
        is_over = bench.is_over(stop) or bench.is_out_of_time
        if (site.statement in statements and len(statements) == 1) or is_over:
            return None
        if site in by_site and bench.reached(site) - bench.wrong:
            continue  # what is made of it elsewhere is right
        if (blame := mended_at(site)) is not None:
            helpers = [o for e in blame.events for o in made.get(e, ()) if is_returned_to(o, e)]
            inner = (mended_at(o.site) for o in helpers if not is_handed_on(o.site))
            return next(filter(None, inner), blame)
    return None


def beginnings(made: dict[Event, list[Event]]) -> list[Event]:
    """The values that were made of none that is unknown, the first ones first.

    Before them come gradients, by their names, that were made of no other unknown gradient: a coefficient
    that the engine does not know need not be wrong.
    """
    named = [e for e in made if is_called_gradient(e.name) or is_made_of_gradients(e.site)]
    gradients = {e for e in made if any(e is n or same_value(e.value, n.value) for n in named)}

    def before(event: Event) -> set[Event]:
        found, waiting = set[Event](), list(made[event])
        while waiting:
            if (one := waiting.pop()) not in found:
                found.add(one)
                waiting += made.get(one, [])
        return found

    own = [
        e for e in made if not is_handed_on(e.site) and not any(same_value(e.value, m.value) for m in made[e])
    ]
    first = [e for e in own if e in gradients and not before(e) & gradients]
    others = [e for e in own if e not in gradients and not made[e]]
    return sorted(first, key=lambda e: e.time) + sorted(others, key=lambda e: e.time)


def is_moved(event: Event, unknown: list[Event], scopes: dict[tuple[Site, int], Snapshot]) -> bool:
    """Whether a value has only the elements of one that is known, in other places: padded, or reshaped."""
    snapshot = scopes.get((event.site, event.n))
    whole = np.ravel(event.value)
    elements = whole[np.nonzero(whole)]
    read = read_at(event.site, snapshot) if snapshot is not None else ()
    return any(
        np.size(v) > 1 and np.all(np.isin(elements, v)) and not any(same_value(v, u.value) for u in unknown)
        for v in read
    )


def is_made_of_gradients(site: Site) -> bool:
    """Whether a line reads something that goes by the name of a gradient."""
    node = node_at(site, site.span, ast.expr)
    return node is not None and any(
        is_called_gradient(n.id) for n in ast.walk(node) if isinstance(n, ast.Name)
    )


def sources(
    blamed: Iterable[Event], unknown: list[Event], scopes: dict[tuple[Site, int], Snapshot]
) -> dict[Event, list[Event]]:
    """Of each value that is blamed, and of those it was made of, the unknown values that made it."""
    waiting = list(blamed)
    found: dict[Event, list[Event]] = {}
    while waiting and len(found) < MOST_STEPS:
        waiting.sort(key=lambda e: -e.time)
        event = waiting.pop()  # the earliest: later ones may follow from it
        if event not in found:
            found[event] = list(made_of(event, unknown, scopes))
            waiting += found[event]
    return found


def is_underway(event: Event, bench: Bench) -> bool:
    """Whether a sum that goes on under its own name has two of its contributions by now: `g = g + dt * h`."""
    return is_of_itself(event.site) and is_in_pieces(event.value, bench.known)


def is_short(event: Event, bench: Bench, trust: Suspicion) -> bool:
    """Whether a gradient, by its name, is only what comes back by one use, and no line adds more to it."""
    named = trust.named(event) if event.site.kind == "assign" else []
    if not named or trust.is_fine_event(event, trust.matches(event.value)):
        return False
    is_share = any(m.label.kind == "share" and m.label.node in named for m in bench.known.exact(event.value))
    return is_share and not trust.goes_on(event) and not is_read_in_a_sum(event.site)


def is_known(event: Event, bench: Bench, trust: Suspicion) -> bool:
    """Whether a value is the engine's, also but for a constant, and not called something else.

    The gradient of an input must have no constant.
    """
    matches = bench.known.matches(np.asarray(event.value))
    if np.size(event.value) == 1 and any(m.scale == 1 for m in matches):
        return True
    if not np.any(event.value) or trust.is_fine_event(event, matches):
        return True
    named, nodes = trust.named(event), {m.label.node for m in matches}
    return bool(matches) and (not named or any(n in nodes and n.op is not LEAF for n in named))


def made_of(event: Event, unknown: list[Event], scopes: dict[tuple[Site, int], Snapshot]) -> Iterator[Event]:
    """The unknown values that a value was made of: operands, what it was before, what a helper returned."""
    before = [e for e in unknown if e.time < event.time]
    earlier = next((e for e in reversed(before) if e.owner is event.owner and is_array_itself(e.owner)), None)
    snapshot = scopes.get((event.site, event.n))
    operands = list(read_at(event.site, snapshot)) if snapshot is not None else []
    makers = (
        next((e for e in reversed(before) if e.site is not event.site and same_value(e.value, v)), None)
        for v in (event.value, *operands)
    )
    returned = next((e for e in reversed(before) if is_returned_to(e, event)), None)
    yield from (e for e in (earlier, *makers, returned) if e is not None)


def is_returned_to(event: Event, caller: Event) -> bool:
    """Whether a value was returned by a helper that was called where another value was made."""
    site = caller.site
    if event.site.kind not in ("return", "element") or len(event.calls) != len(caller.calls) + 1:
        return False
    filename, lineno = event.calls[0]
    return filename == site.filename and site.span[0] <= lineno <= site.span[2]


def is_array_itself(owner: Any) -> bool:
    """Whether an array is kept by itself: small numbers may be one object by chance."""
    return type(owner) is np.ndarray


def read_at(site: Site, snapshot: Snapshot) -> Iterator[Any]:
    """The arrays that are read where a value is made: variables, attributes and entries."""
    place = site.statement if site.kind in CONTAINED else site.span
    tree = node_at(site, place, ast.AST)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Name | ast.Attribute | ast.Subscript) and is_plain(node):
            try:
                value = data_of(eval(ast.unparse(node), snapshot.globals | snapshot.variables))
            except Exception:  # what stands on the left may not be there yet
                continue
            if is_array(value):
                yield value


def narrow_line(
    blames: list[Blame], suspects: Iterable[Suspect], bench: Bench, trust: Suspicion
) -> Blame | None:
    """The first line before what is blamed that has far fewer elements, if other values of it make all right.

    Where so few numbers can put so many right, it is no chance: what is wrong was made there, or before it.
    """
    size = sum(np.size(e.value) for b in blames for e in b.events)
    start = min((e.time for b in blames for e in b.events), default=0)
    is_one = len(blames) == 1
    stop = bench.spent + limits.CHANGE / 2
    bench.allow(limits.SECONDS / 2)
    for s in suspects:
        if bench.is_over(stop):
            return None
        own = sum(np.size(e.value) for e in s.events)
        if not 1 < own * NARROW <= size or s.time >= start or not bench.wrong <= bench.reached(s.site):
            continue
        if (
            is_unpacked(s.site)
            or begins_a_sum(s, trust.events)
            or all(is_known(e, bench, trust) for e in s.events)
            or (is_one and any(np.size(e.value) == 1 for e in s.events))
        ):
            continue
        if (found := mended(s, s.events, bench)) is not None:
            return found
    return None
