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
from ...source.statements import void_kind
from ..bench import Bench
from ..forms import is_adding, is_call
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
    owners = {id(e.owner) for e in blame.events if type(e.owner) is np.ndarray}
    if blame.site.kind not in CONTAINED or not owners:
        return None
    statements = {e.site.statement for e in events if id(e.owner) in owners}
    adding = (s for s in suspects if s.site.statement in statements and is_added(s))
    shape = np.shape(blame.events[-1].value)
    unknown = [s for s in adding if not is_right_in(s, shape, bench.known)]
    if len(unknown) != 1 or unknown[0].site.statement == blame.site.statement or is_call(unknown[0].site):
        return None
    return mended(unknown[0], unknown[0].events, bench)


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


def is_added_whole(suspect: Suspect) -> bool:
    """Whether a line adds to all of an array, not to some of its elements."""
    statement = node_at(suspect.site, suspect.site.statement, ast.AugAssign)
    target = statement.target if statement is not None else None
    is_part = isinstance(target, ast.Subscript) and not is_word(target.slice)
    return statement is None or (is_adding(suspect.site) and not is_part)


def targets_of(value: Any, known: Known) -> set[tuple[Node, float]]:
    """The nodes to whose gradients a value is a contribution, with the constant that it carries."""
    matches = (m for m in known.matches(value) if m.form == "same")
    return {(m.label.node, round(m.scale, DIGITS)) for m in matches if m.label.kind in ("gradient", "share")}


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
    by_parent: dict[Node, list[Any]] = {}
    for child, parent, g in known.shares:
        own = known.truth[child] if child.op.name == "getitem" else g  # of the element itself
        if np.shape(own) == np.shape(value):
            by_parent.setdefault(parent, []).append(own)
    pairs = (pair for shares in by_parent.values() for pair in combinations(shares[:MOST_SHARES], 2))
    return any(near(a + b, value) for a, b in pairs)


MOST_SHARES = 32  # of one node of which each two are added


def has(array: Any, number: Any) -> bool:
    """Whether a number is one of an array's."""
    return bool(np.any(np.abs(array - number) <= PRECISION * np.abs(number)))


def is_added(suspect: Suspect) -> bool:
    """Whether a line adds to an array, or begins it with something else than zeros."""
    is_begun = suspect.site.kind == "assign" and any(np.any(e.value) for e in suspect.events)
    return suspect.site.kind == "share" or is_begun


def is_right_in(suspect: Suspect, shape: tuple[int, ...], known: Known) -> bool:
    """Whether all that a line adds to an array contributes to a gradient of its shape."""
    values = [e.value for e in suspect.events[:MOST_LOOKED_AT]]
    return all(np.shape(v) == shape and (known.is_contribution(v) or is_in_pieces(v, known)) for v in values)
