"""Another line that adds to the same array: it does nothing, or has a wrong constant, or is not known."""

from __future__ import annotations

import ast
import functools
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np

from .....engine import Node
from ...diagnose.case import Guess
from ...diagnose.repair import node_at
from ...match.known import Known
from ...match.near import DIGITS, PRECISION, largest, near, ratio
from ...observe.probes.codes import statements_of, text_of
from ...observe.probes.record import Event
from ...observe.probes.sites import Site, is_word, span_of
from ...source.statements.void import void_kind
from ..bench import Bench
from ..forms import is_adding, is_call, is_unpacked
from ..suspects import CONTAINED, Blame, Suspect
from ..trials import Trials
from .solved import mended

MOST_LOOKED_AT = 20


def void_line(suspects: Iterable[Suspect], bench: Bench, trials: Trials) -> Blame | None:
    """The line that does nothing as it is written, if something there makes all right.

    What another line lacks that adds to the same array may as well be added there.
    """
    own = [s for s in suspects if s.site.kind in ("assign", "element", *CONTAINED)]
    for s in own:
        kind = void_in(s.site.filename, text_of(s.site.filename)).get(s.site.statement)
        if kind is None or not bench.wrong <= bench.reached(s.site):
            continue
        s.matches = [bench.known.matches(np.asarray(e.value)) for e in s.events]
        ways = trials.tried(s, {}, bench.wrong, True)
        blame = next((b for b in ways if len(b.results) == len(bench.wrong)), None)
        blame = blame or mended(s, s.events, bench)
        if blame is not None:
            return replace(blame, guess=Guess(kind, "it does nothing"))
    return None


@functools.lru_cache(maxsize=64)
def void_in(filename: str, text: str) -> dict[Any, str]:
    """The statements of a file that do nothing, with what is missing there."""
    return {span_of(s): kind for s in statements_of(filename, text) if (kind := void_kind(s)) is not None}


def maker_of(part: Any, suspects: Iterable[Suspect], bench: Bench) -> Blame | None:
    """The line that made what comes back by some paths, but for a constant that is wrong there."""
    for s in suspects:
        event = s.events[-1]
        if ratio(event.value, part) is None or near(event.value, part):
            continue
        values = {event.n: part}
        if all(bench.flags({s.site: s.holding(values)})[0]):
            results = [bench.results[i] for i in sorted(bench.wrong)]
            return Blame(s.site, [event], values, None, {}, 1.0, results)
    return None


def writer_of(blame: Blame, suspects: Iterable[Suspect], bench: Bench) -> Blame | None:
    """The line that wrote the elements that are wrong, where several have written to one array."""
    event = blame.events[-1]
    if blame.site.kind not in CONTAINED or len(blame.events) > 1 or event.n not in blame.values:
        return None
    needed, before = blame.values[event.n], np.zeros_like(event.value)
    if np.shape(needed) != np.shape(event.value) or blame.patch is not None:
        return None
    wrong = ~np.isclose(event.value, needed, rtol=PRECISION, atol=PRECISION * largest(needed))
    owned = [s for s in suspects if s.events[-1].owner is event.owner and s.events[-1].time <= event.time]
    found = None
    for s in sorted(owned, key=lambda s: s.events[-1].time):
        own = s.events[-1].value
        if np.shape(own) == np.shape(wrong):
            found = s if np.all((own != before)[wrong]) and s.site.kind in CONTAINED else found
            before = own
    if found is None or found.site.statement == blame.site.statement:
        return None
    own = found.events[-1]
    values = {own.n: np.where(wrong, needed, own.value)}
    if not all(bench.flags({found.site: found.holding(values)})[0]):
        return None
    return replace(blame, site=found.site, events=[own], values=values, change=found.holding(values))


def contribution(
    blame: Blame, suspects: Iterable[Suspect], events: Iterable[Event], bench: Bench
) -> Blame | None:
    """The one line that adds something unknown to an array, if what the blamed one adds is right.

    Each use of a variable contributes to its gradient, and the engine knows the contributions.
    """
    adding = lines_adding(blame, suspects, events)
    shape = np.shape(blame.events[-1].value)
    unknown = [s for s in adding if not is_right_in(s, shape, bench.known)]
    if len(unknown) != 1 or unknown[0].site.statement == blame.site.statement or is_call(unknown[0].site):
        return None
    return mended(unknown[0], unknown[0].events, bench)


def lines_adding(blame: Blame, suspects: Iterable[Suspect], events: Iterable[Event]) -> list[Suspect]:
    """The lines that add to the array which a blamed line changes, or begin it."""
    return lines_of_sum(blame, suspects, events) if blame.site.kind in CONTAINED else []


def lines_of_sum(blame: Blame, suspects: Iterable[Suspect], events: Iterable[Event]) -> list[Suspect]:
    """The lines that add to the array which a blamed line makes or changes, or begin it."""
    owners = {id(e.owner) for e in blame.events if type(e.owner) is np.ndarray}
    own = (e for e in events if id(e.owner) in owners and e.site.kind in ("assign", *CONTAINED))
    statements = {e.site.statement for e in own}
    return [s for s in suspects if s.site.statement in statements and is_added(s)]


def part_of_a_path(
    blame: Blame, name: str, suspects: Iterable[Suspect], events: Iterable[Event], bench: Bench
) -> Blame | None:
    """The one line that adds a part of what comes back through a variable, if the rest of that is missing."""
    known = bench.known
    nodes = set(blame.nodes.values())
    by = [g for child, node, g in known.shares if node in nodes and name_after(child, known) == name]
    adding = [s for s in lines_adding(blame, suspects, events) if s.site.name == blame.site.name]
    first = [next((e.value for e in s.events if np.any(e.value)), 0.0) for s in adding]
    own = [s for s, value in zip(adding, first, strict=True) if any(near(value, g) for g in by)]
    if len(own) != 1 or own[0].site.statement == blame.site.statement:
        return None
    return mended(own[0], own[0].events, bench)


def writer_of_all(
    blame: Blame, suspects: Iterable[Suspect], events: Iterable[Event], bench: Bench
) -> Blame | None:
    """The one line that has added to all elements which are wrong in the end, of several that add."""
    last = blame.events[-1]
    needed = blame.values.get(last.n)
    if blame.site.kind not in CONTAINED or needed is None or np.shape(needed) != np.shape(last.value):
        return None
    wrong = ~np.isclose(last.value, needed, rtol=PRECISION, atol=PRECISION * largest(needed))
    touched: dict[Any, Any] = {}
    before = np.zeros_like(last.value)
    for event in events:
        if event.owner is last.owner and event.site.kind in CONTAINED and event.time <= last.time:
            own = touched.setdefault(event.site.statement, np.zeros(np.shape(wrong), bool))
            own |= event.value != before
            before = event.value
    statements = [statement for statement, own in touched.items() if np.all(own[wrong])]
    if len(statements) != 1 or statements[0] == blame.site.statement or np.all(wrong):
        return None
    own = (s for s in suspects if s.site.statement == statements[0] and s.site.kind == "share")
    return next(filter(None, (mended(s, s.events, bench) for s in own)), None)


def path_missing(blame: Blame, known: Known) -> str | None:
    """The variable through which all comes back that a sum lacks where it first went wrong."""
    event = blame.events[0]
    if event.n not in blame.values or np.shape(event.value) != np.shape(blame.values[event.n]):
        return None
    apart = blame.values[event.n] - event.value
    names = {name_after(child, known) for child, _, g in known.shares if near(apart, g)}
    return names.pop() if len(names) == 1 else None


def name_after(node: Node, known: Known) -> str | None:
    """The variable that a node, or all that is made of it alone, is put under first."""
    names, children = known.forward.names, known.forward.children
    while node not in names:
        if len(children.get(node, ())) != 1:
            return None
        (node,) = children[node]
    return names[node]


def odd_one_out(suspects: Iterable[Suspect], known: Known) -> Iterator[Suspect]:
    """Of each sum the one line that adds no contribution, or none to the gradient that all others add to.

    The first round tells: later ones may have been given what is wrong.
    """
    sums: dict[tuple[str, str], list[Suspect]] = {}
    for s in suspects:
        if s.site.name and is_added(s) and is_added_whole(s):
            sums.setdefault((s.site.function, s.site.name), []).append(s)
    for adding in sums.values():
        if sum(s.site.kind == "share" for s in adding) < max(1, len(adding) - 1):
            continue  # it is begun once
        values = first_added(adding)
        targets = [targets_of(value, known) for value in values]
        counts = Counter(target for found in targets for target in found)
        wanted = set(known.called(adding[0].site.name))
        of_others = [t for t, count in counts.items() if count == len(adding) - 1]
        common = next((t for t in of_others if len(adding) > 2 or (t[0] in wanted and t[1] == 1)), None)
        made = zip(adding, values, targets, strict=True)
        odd = [(s, v) for s, v, found in made if (common not in found if common else not found)]
        odd = [(s, v) for s, v in odd if np.any(v) and not is_in_pieces(v, known)]
        is_told = common is not None or all(any(c == 1 for _, c in found) for found in targets if found)
        if is_told and len(odd) == 1 < len(adding):
            yield odd[0][0]


def is_added_whole(suspect: Suspect | Blame) -> bool:
    """Whether a line adds to all of an array, not to some of its elements."""
    statement = node_at(suspect.site, suspect.site.statement, ast.AugAssign)
    target = statement.target if statement is not None else None
    is_part = isinstance(target, ast.Subscript) and not is_word(target.slice)
    return statement is None or (is_adding(suspect.site) and not is_part)


def targets_of(value: Any, known: Known) -> set[tuple[Node, float]]:
    """The nodes to whose gradients a value is a contribution, with the constant that it carries."""
    matches = (m for m in known.matches(value) if m.form == "same")
    own = {(m.label.node, round(m.scale, DIGITS)) for m in matches if m.label.kind in ("gradient", "share")}
    return own or {(node, 1.0) for node in nodes_of_two(value, known)}


def first_added(suspects: list[Suspect]) -> list[Any]:
    """What lines added to something in the first round in which none of them added 0, with its sign there."""
    rounds = max(len(s.events) for s in suspects)
    values = [[s.events[min(n, len(s.events) - 1)].value for s in suspects] for n in range(rounds)]
    chosen = next((added for added in values if all(map(np.any, added))), values[0])
    return [sign_of(s.site) * np.asarray(v) for s, v in zip(suspects, chosen, strict=True)]


def sign_of(site: Site) -> float:
    """The sign with which a line adds what it makes to something."""
    statement = node_at(site, site.statement, ast.AugAssign)
    return -1.0 if statement is not None and isinstance(statement.op, ast.Sub) else 1.0


def is_in_pieces(value: Any, known: Known) -> bool:
    """Whether a value is an element of a gradient, or what two uses of something contribute together."""
    is_number = np.size(value) == 1
    if is_number and any(has(g, value) for g in known.truth.values() if np.size(g) > 1):
        return True
    return any(True for _ in nodes_of_two(value, known))


def nodes_of_two(value: Any, known: Known) -> Iterator[Node]:
    """The nodes to whose gradients a value is what two uses contribute together."""
    by_parent: dict[Node, list[Any]] = {}
    for child, parent, g in known.shares:
        own = known.truth[child] if child.op.name == "getitem" else g  # of the element itself
        if np.shape(own) == np.shape(value):
            by_parent.setdefault(parent, []).append(own)
    for parent, shares in by_parent.items():
        if any(near(a + b, value) for a, b in combinations(shares[:MOST_SHARES], 2)):
            yield parent


MOST_SHARES = 32  # of one node of which each two are added


def has(array: Any, number: Any) -> bool:
    """Whether a number is one of an array's."""
    return bool(np.any(np.abs(array - number) <= PRECISION * np.abs(number)))


def is_added(suspect: Suspect) -> bool:
    """Whether a line adds to an array, or begins it with something else than zeros."""
    is_made = suspect.site.kind == "assign" and not is_unpacked(suspect.site)  # `W, b = layer` begins none
    is_begun = is_made and any(np.any(e.value) for e in suspect.events)
    return suspect.site.kind == "share" or is_begun


def is_right_in(suspect: Suspect, shape: tuple[int, ...], known: Known) -> bool:
    """Whether all that a line adds to an array, or to rows of it, contributes to a gradient of that shape.

    In a loop all of it may carry one constant, which a later line takes out.
    """
    values = [e.value for e in suspect.events[:MOST_LOOKED_AT] if np.any(e.value)]
    if is_added_whole(suspect) and any(np.shape(v) != shape for v in values):
        return False
    if all(known.is_contribution(v) or is_in_pieces(v, known) for v in values):
        return True
    scales = [{c for _, c in targets_of(v, known)} for v in values]
    return len(scales) > 1 and bool(set.intersection(*scales))
