"""The helper that is called where the blame is: what is wrong there may be wrong in the helper."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

from ..diagnose.diagnosis import Diagnosis
from ..diagnose.repair import AT_HAND, MADE
from ..locate.elsewhere.helpers import is_out_of_order, made_before
from ..locate.elsewhere.slopes import is_right_by_itself
from ..locate.elsewhere.solved import mended
from ..locate.forms import is_call, is_given, is_handed_on, is_unpacked, is_unread, variables_unread
from ..locate.suspects import Blame, Suspect, falls_short, same_value
from ..match.names import is_called_slope
from ..match.near import near
from ..observe.probes.sites import Site
from ..source.edits import KINDS
from .evidence import Evidence

OF_PATHS = ("missing-term", "jacobian")  # what is told of a line by its numbers, and may be made in a helper
# A sign or a number may be missing anywhere: what has one too many is to blame
INSTEAD = {
    "sign": (), "factor": (), "number": (), "extra-factor": (), "extra-term": (),
    "missing sign": ("sign", "missing sign", "wrong-variable"), "missing constant": ("factor", "number"),
}  # fmt: skip
NUMBERS = {"sign": ("sign",), "factor": ("factor", "number", "wrong-variable")}
OF_NUMBERS = ("sign", "factor", "number", "missing sign", "missing constant")
TWICE = KINDS.index("line too many")  # all changes of expressions come before it
OF_CALLS = ("call too many", "missing call", "inner call", "other call")  # changes of what is called


class Call(NamedTuple):
    """A blame, what is told of it, and the lines that ran in calls of helpers there; of these the ends."""

    blame: Blame
    told: Diagnosis
    lines: list[Suspect]
    ends: list[Suspect]


def inside(evidence: Evidence, blame: Blame) -> Blame | None:
    """The line of a helper that is called where the blame is, if that explains as much.

    It may return gradients in the wrong order, have a wrong number, lack as little as the line that calls it
    seems to lack, leave what it is given unread, or return less than its counterpart asks for.
    """
    if blame.site.kind == "argument" and is_of_another_value(blame):
        return None  # with that the helper makes what it should
    maker = made_before(blame, evidence.suspects, evidence.bench) if is_given(blame.site) else None
    inner, stage = lines_inside(evidence, maker or blame), evidence.bench.stage
    lines = [s for s in inner if not is_right_by_itself(s.site, stage)]
    if not lines:
        return None
    call = Call(blame, evidence.diagnosed(blame), lines, [s for s in lines if is_end(s)])
    ways = (out_of_order, returned_twice, with_another_number, changed, made_there, incomplete, no_slope)
    return next(filter(None, (way(evidence, call) for way in ways)), None)


def is_of_another_value(blame: Blame) -> bool:
    """Whether another value of forward should stand there: no transpose, which a helper may have wrong."""
    pairs = [(e.value, blame.values[e.n]) for e in blame.events if e.n in blame.values]
    is_value = blame.family is not None and blame.family.kind == "value"
    return is_value and not any(near(np.transpose(a), b) for a, b in pairs)


def with_another_number(evidence: Evidence, call: Call) -> Blame | None:
    """The line of a helper with another number or sign, if only that is missing where it is called."""
    is_of_numbers = call.told.change is None and call.told.kind in NUMBERS
    if not is_of_numbers or not is_call(call.blame.site) or is_given(call.blame.site):
        return None
    return evidence.mender(1 / 8).simplest(call.lines, NUMBERS[call.told.kind])


def changed(evidence: Evidence, call: Call) -> Blame | None:
    """The line of a helper of which a change makes all right, as simple a one as where it is called.

    A helper that did its part is right: what is missing then is missing where it is called.
    """
    lacking = {s.site.function for s in call.ends if not evidence.locator.suspicion.did_its_part(s, s.events)}
    lines = [s for s in call.lines if s.site.function in lacking]
    if not lines:
        return None
    kinds = as_simple(call.told, call.blame.site)
    if call.told.change is None:
        kinds = by_own_changes(evidence, call) or kinds
    ordered = sorted(lines, key=lambda s: (not is_end(s), -s.time))
    return evidence.mender(1 / 4).simplest(ordered, kinds) if kinds else None


def returned_twice(evidence: Evidence, call: Call) -> Blame | None:
    """The second of two elements that a helper returns, if it is the first once more and should not be."""
    elements = [s for s in call.ends if any(is_repeated(s, other) for other in call.ends if other is not s)]
    return evidence.mender(1 / 8).simplest(elements, KINDS[:MADE]) if elements else None


def is_repeated(suspect: Suspect, other: Suspect) -> bool:
    """Whether two elements of one statement are always the same."""
    pairs = zip(suspect.events, other.events, strict=False)
    is_one = suspect.site.statement == other.site.statement and len(suspect.events) == len(other.events)
    return is_one and all(same_value(a.value, b.value) for a, b in pairs)


def made_there(evidence: Evidence, call: Call) -> Blame | None:
    """The line of a helper that made what the line that calls it only unpacks, if nothing tells of that."""
    site = call.blame.site
    if call.told.is_proven or not is_unpacked(site) or not is_call(site):
        return None
    return made_before(call.blame, [s for s in call.lines if not is_end(s)], evidence.bench)


def incomplete(evidence: Evidence, call: Call) -> Blame | None:
    """The line that returns something without having read all that is given, or less than is asked for."""
    for s in call.ends:
        is_blind = (is_unread(s.site) or bool(variables_unread(s.site))) and not is_handed_on(s.site)
        trust = evidence.locator.suspicion
        is_told = call.told.is_proven and (call.told.change is not None or not is_call(call.blame.site))
        is_of_sums = call.told.kind in ("overwritten", "missing-term")
        is_done = is_told and not (is_of_sums and trust.owes_more(s, s.events[:1]))
        if not is_blind and (is_done or trust.did_its_part(s, s.events[:1])):
            continue
        found = mended(s, s.events, evidence.bench)
        is_first = found is not None and s.events[0].n in found.values
        if found is not None and (is_blind or (is_first and is_owed(evidence, found))):
            return found
    return None


def no_slope(evidence: Evidence, call: Call) -> Blame | None:
    """The line of a helper that returns no slope, though it is called one, if a slope there would do."""
    known = evidence.bench.known
    for s in call.ends:
        is_wrong = not all(known.is_slope(e.value) for e in s.events)
        is_named = is_called_slope(s.site.function.rpartition(".")[2])
        found = mended(s, s.events, evidence.bench) if is_named and is_wrong else None
        if found is not None and all(known.is_slope(v) for v in found.values.values()):
            return found
    return None


def is_owed(evidence: Evidence, blame: Blame) -> bool:
    """Whether a helper would have to return all that comes back by calls of its counterpart, and does not."""
    return falls_short(blame, evidence.bench.known.wholes(blame.site.function))


def by_own_changes(evidence: Evidence, call: Call) -> tuple[str, ...]:
    """The kinds of changes of a helper if no simple one of the line that calls it makes all right.

    Where only the numbers tell that one is missing, that is a change of a sign or a number; and where
    a helper seems to be given the wrong variable, of another.
    """
    site, kind = call.blame.site, call.told.kind
    is_other = site.kind == "argument" and kind == "wrong-variable"
    if not is_other and kind not in NUMBERS:
        return ()
    own = [s for s in evidence.suspects if s.site.statement == site.statement]
    simple = ("wrong-variable",) if is_other else OF_NUMBERS
    if evidence.mender(1 / 8).simplest(own, simple) is not None:
        return ()
    return KINDS[:TWICE] if is_other else (*NUMBERS[kind], "missing constant")


def out_of_order(evidence: Evidence, call: Call) -> Blame | None:
    """The line of a helper that returns gradients in another order than forward's function has parameters."""
    for function in dict.fromkeys(s.site.function for s in call.ends):
        own = [s for s in call.ends if s.site.function == function]
        if is_out_of_order(own, evidence.bench.known):
            return evidence.mender(1 / 4).simplest(own, ("wrong-variable",))
    return None


def is_end(suspect: Suspect) -> bool:
    """Whether a line returns something."""
    return suspect.site.kind in ("return", "element")


def lines_inside(evidence: Evidence, blame: Blame) -> list[Suspect]:
    """The lines that ran in calls made by the statement that is blamed, and have a part in what is wrong."""
    filename, (first, _, last, _) = blame.site.filename, blame.site.statement
    places = {(filename, lineno) for lineno in range(first, last + 1)}
    return [
        s for s in evidence.suspects
        if s.site.kind != "argument" and s.site.statement != blame.site.statement  # a comprehension is a call
        and any(places.intersection(e.calls) for e in s.events)
        and evidence.bench.reached(s.site) & evidence.bench.wrong
    ]  # fmt: skip


def as_simple(told: Diagnosis, site: Site) -> tuple[str, ...]:
    """The kinds of changes that are no less simple than what tells what is wrong with a line."""
    if told.change in OF_CALLS:
        around = re.search(r"`(\w+)` is missing around", told.hint)
        return OF_CALLS if around is not None and hasattr(np, around[1]) else ()
    if told.change in INSTEAD:
        return INSTEAD[told.change] if site.kind != "argument" else ()
    if told.change is None and told.kind in NUMBERS:
        return NUMBERS[told.kind] if is_call(site) and site.kind != "argument" else ()
    if not told.is_proven or told.change == "complement" or (told.change is None and is_call(site)):
        return KINDS[:MADE]
    if told.change is not None:
        return KINDS[: KINDS.index(told.change) + 1]
    return KINDS[:AT_HAND] if told.kind in OF_PATHS else ()
