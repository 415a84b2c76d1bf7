"""The line before the one that is blamed: it made, picked or scaled what is wrong there."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from typing import Any

import numpy as np

from ..diagnose.case import Guess
from ..diagnose.paths import ONLY_DIAGONAL
from ..diagnose.repair import AT_HAND, MADE, loads_of
from ..diagnose.solving import held_rightly
from ..locate.elsewhere.helpers import is_out_of_order, made_before, returns_to
from ..locate.elsewhere.scales import given_to_update, scaled_before
from ..locate.elsewhere.solved import masked_as, mended
from ..locate.elsewhere.sums import odd_one_out, writer_of
from ..locate.forms import (
    factors_at,
    is_call,
    is_given,
    is_handed_on,
    is_picked,
    is_read_once,
    is_scaling,
    is_unpacked,
    is_unread,
    names_read,
)
from ..locate.suspects import CONTAINED, Blame, Suspect, begins_a_sum, same_value
from ..match.known import Known
from ..match.names import is_called_gradient, is_called_slope
from ..match.near import ratio
from ..observe.probes.record import Event, is_of_truths
from ..source.edits import KINDS
from .evidence import MOST_LOOKED_AT, OF_SCALES, PLAIN, TOO_MANY, Doubt, Evidence
from .inside import inside, is_owed

TURNED = ("transpose", "needless transpose")
# Changes of what one variable holds
OF_VARIABLES = (
    "complement", "exponent", "missing sign", "missing constant", *TURNED,
    "missing-factor", "forgotten factor",
)  # fmt: skip
EXCHANGED = "are exchanged"
LACKING = ("forgotten factor", "missing-factor")  # what finds a factor that is missing
OF_NUMBERS = ("factor", "sign", "wrong-variable")  # what may be wrong with a number that is multiplied by
# What may be wrong with a line that only picks something, if the line that uses it seems to be wrong
OF_PICKED = {
    "wrong-variable": ("nearby", "wrong-variable"),
    "missing-factor": ("forgotten factor", "missing-factor"),
    "missing-term": ("forgotten term", "missing-term"),
}


def line_before(evidence: Evidence, blame: Blame, told: Guess | None) -> Blame | None:
    """The line before one that only does with a value what it should, if there is such a line."""
    before = before_scaling(evidence, blame, told)
    if before is not None and is_unpacked(before.site) and all(map(evidence.is_of_its_name, before.events)):
        before = None  # what forward had by this name is right
    if told is None or told.lineno is None:
        before = writer_of(before or blame, evidence.suspects, evidence.bench) or before
    return before or picked(evidence, blame, told)


def picked(evidence: Evidence, blame: Blame, told: Guess | None) -> Blame | None:
    """The line that gave a name to the wrong thing, or to less than it should, if that explains all."""
    if told is None or told.kind not in OF_PICKED:
        return None
    site, mender = blame.site, evidence.mender(1 / 4)
    read = loads_of(site) & names_said(told.text) if "`" in told.text else loads_of(site)
    picks = [
        s for s in evidence.reaching()
        if s.site.name in read and s.site.function == site.function and is_picked(s.site)
        and s.site.statement != site.statement and not evidence.is_named_rightly(s)
    ]  # fmt: skip
    return mender.simplest(picks, OF_PICKED[told.kind]) if picks else None


def names_said(text: str) -> set[str]:
    """The variables that are spoken of.

    >>> sorted(names_said("the index in `dz[i, 0]` is wrong"))
    ['0', 'dz', 'i']
    """
    return {name for part in re.findall(r"`([^`]+)`", text) for name in re.findall(r"\w+", part)}


def odd(evidence: Evidence) -> Blame | None:
    """The one line of a sum that adds no contribution to the gradient that all others add to."""
    wrong = evidence.bench.wrong
    for s in odd_one_out(evidence.suspects, evidence.bench.known):
        is_blamed = s.site.statement in {b.site.statement for b in evidence.found.blames}
        if is_blamed and is_call(s.site):
            continue
        if not wrong <= evidence.bench.reached(s.site) or not is_given_right(evidence, s):
            continue
        if is_call(s.site):
            found = mended(s, s.events, evidence.bench)
            found = inside(evidence, found) if found is not None else None
        else:
            found = evidence.mender(1 / 4).blamed([s], shares_beside(evidence, s))
        if found is None and not is_call(s.site) and not begins_a_sum(s, evidence.found.outcome.events):
            found = mended(s, s.events, evidence.bench)
        if found is not None and not is_behind_blamed(evidence, found):
            return found
    return None


def is_behind_blamed(evidence: Evidence, blame: Blame) -> bool:
    """Whether a line only returns or adds what one that is blamed already, in the same function, has made."""
    others = [b for b in evidence.found.blames if b.site is not blame.site]
    if not is_handed_on(blame.site) or blame.site.function not in {b.site.function for b in others}:
        return False
    values = [e.value for b in others for e in b.events]
    is_named = all(any(same_value(e.value, v) for v in values) for e in blame.events)
    return is_named or blame.site.kind in ("return", "element")


def shares_beside(evidence: Evidence, suspect: Suspect) -> list[Suspect]:
    """The lines that add to what a line adds to."""
    own = (suspect.site.function, suspect.site.name)
    return [
        s for s in evidence.reaching() if s.site.kind == "share" and (s.site.function, s.site.name) == own
    ]


def is_given_right(evidence: Evidence, suspect: Suspect) -> bool:
    """Whether all that a line reads is known, as it first ran: else it may only follow from what is not."""
    events = evidence.found.outcome.events[: suspect.events[0].time]
    own = (e for e in events if e.site.function == suspect.site.function and e.site.kind == "assign")
    latest = {e.name: e.value for e in own}
    read = (latest[name] for name in names_read(suspect.site) if name in latest)
    known = evidence.bench.known
    return all(
        not np.any(v) or known.is_slope(v) or known.is_multiple(v) for v in read if v.dtype.kind == "f"
    )


def misread(evidence: Evidence, doubt: Doubt) -> Blame | None:
    """The line of a mask, a slope or an unknown value that is read where it seems to be wrong.

    It is to blame if a change of it makes all right, or a mask, a slope or another value in its place.
    """
    blame = evidence.found.blames[0]
    if len(evidence.found.blames) > 1 or doubt.kind in PLAIN:
        return None
    if blame.site.kind in ("return", "element") and is_unread(blame.site):
        return None
    terms = OF_PICKED["missing-term"]
    if doubt.kind is None and (here := evidence.mender(1 / 8).simplest(evidence.of_line(blame), terms)):
        return here
    ways = (way(evidence, doubt, s) for s in read_there(evidence, blame) for way in (lacking, held_instead))
    return next(filter(None, ways), None)


def of_a_variable(evidence: Evidence) -> Blame | None:
    """The line that made an unknown variable of which a line seems to need a multiple, the root and so on."""
    blames = evidence.found.blames
    told = evidence.reasons.of(blames[0]) if len(blames) == 1 else None
    is_of_one = told is not None and (told.change in OF_VARIABLES or "times what it should be" in told.hint)
    if told is None or not is_of_one:
        return None
    names = names_said(told.hint)
    if told.change in TURNED:  # `L.T @ L` and `L @ L.T` differ where both stand
        names = {name for name in names if is_read_once(blames[0].site, name)}
    site, start = blames[0].site, blames[0].events[0].time
    own = [s for s in evidence.reaching() if s.site.function == site.function and s.site.name in names]
    made = [
        s for s in own
        if s.site.kind == "assign" and s.site.statement != site.statement and s.time < start
        and not is_unpacked(s.site) and (is_strange(evidence, s) or is_scaled(evidence, s))
        and not is_made_of_sizes(evidence, s)
    ]  # fmt: skip
    factor = re.search(r"a factor (.+?) is missing", told.hint)
    is_at_home = factor is not None and bool(names_said(f"`{factor[1]}`") & names_read(site))
    kinds = KINDS[:AT_HAND] if factor is None or is_at_home else (*KINDS[:AT_HAND], *LACKING)
    found = evidence.mender(1 / 8).simplest(made, kinds) if made else None
    return found if found is not None and keeps_its_shape(found) else None


def keeps_its_shape(blame: Blame) -> bool:
    """Whether what a line should make has the shape of what it makes."""
    pairs = ((e.value, blame.values[e.n]) for e in blame.events if e.n in blame.values)
    return all(np.shape(a) == np.shape(b) for a, b in pairs)


def read_there(evidence: Evidence, blame: Blame) -> list[Suspect]:
    """The lines that made what a blamed line reads that is no gradient, or another line of the same array."""
    events, owner = evidence.found.outcome.events, blame.events[0].owner
    sites = {blame.site} | {e.site for e in events if e.owner is owner}
    read = {name for site in sites for name in names_read(site) if not is_called_gradient(name)}
    own = {site.statement for site in sites}
    read -= evidence.read_by_forward(blame.site.function)
    trust = evidence.locator.suspicion
    return [
        s for s in evidence.reaching()
        if s.site.name in read and s.site.kind == "assign" and s.site.function == blame.site.function
        and s.site.statement not in own and not is_unpacked(s.site)
        and not all(map(trust.is_of_a_variable, s.events)) and not is_made_of_sizes(evidence, s)
    ]  # fmt: skip


def lacking(evidence: Evidence, doubt: Doubt, suspect: Suspect) -> Blame | None:
    """The blame of a line that lacks what seems to be missing where it is read, if it has that at hand."""
    site = evidence.found.blames[0].site
    factor = re.search(r"a factor (.+?) is missing", doubt.told.hint) if doubt.told is not None else None
    names = set(re.findall(r"[A-Za-z_]\w*", factor[1])) if factor is not None else set()
    is_at_home = bool(names) and names <= names_read(suspect.site) and not names <= names_read(site)
    blamed = evidence.found.blames[0].events
    is_alike = bool(blamed) and np.shape(blamed[0].value) == np.shape(suspect.events[0].value)
    if doubt.kind is None or not is_at_home or not is_alike or not is_strange(evidence, suspect):
        return None
    return evidence.mender(1 / 8).simplest([suspect], LACKING)


def held_instead(evidence: Evidence, doubt: Doubt, suspect: Suspect) -> Blame | None:
    """The blame of a line that should hold something else, as a change of it says, or what that would be."""
    told = doubt.told
    is_inserted = told is not None and told.change in KINDS[AT_HAND:]
    is_of_line = told is not None and told.lineno is not None and not is_inserted
    is_odd = is_slope(suspect) or (not is_of_line and is_strange(evidence, suspect))
    mender = evidence.mender(1 / 8)
    found = mender.blamed([suspect]) if doubt.kind is None else None
    if found is not None or not is_odd:
        return found
    if doubt.kind is not None and (found := mender.simplest([suspect], KINDS[:MADE])) is not None:
        return found
    found = masked_as(suspect, evidence.found.blames[0], evidence.bench) or held_wrongly(evidence, suspect)
    makers = returns_to(found.events, evidence.suspects) if found is not None and is_call(found.site) else ()
    slopes = [m for m in makers if is_called_slope(m.site.function)]
    return (made_before(found, slopes, evidence.bench) if found is not None else None) or found


def held_wrongly(evidence: Evidence, suspect: Suspect) -> Blame | None:
    """The blame of a line that made what the blamed one reads, if it is no chance what it would have to hold.

    It is none if that is a mask in the place of a mask, a slope or a value of the engine's, or has fewer
    elements than they put right.
    """
    blame, bench = evidence.found.blames[0], evidence.bench
    wrong = [e for e in blame.events if e.n in blame.values]
    needed = held_rightly(evidence.reasons.case_of(blame), suspect.site.name)
    before = [[e for e in suspect.events if e.time < w.time] for w in wrong]
    makers = [max(made, key=lambda e: e.time) if made else None for made in before]
    values: dict[int, Any] = {}
    for event, maker, (held, told_by) in zip(wrong, makers, needed or (), strict=False):
        if maker is None or not is_no_chance(maker, held, told_by, event, bench.known):
            return None
        values[maker.n] = held
    if not values or not all(bench.flags({suspect.site: suspect.holding(values)})[0]):
        return None
    results = [bench.results[i] for i in sorted(bench.wrong)]
    return Blame(suspect.site, [e for e in suspect.events if e.n in values], values, None, {}, 1.0, results)


def is_no_chance(maker: Event, held: Any, told_by: Any, event: Event, known: Known) -> bool:
    """Whether what a variable would have to hold says by itself that it was wrong."""
    if is_of_truths(maker):
        return bool(np.all(np.isclose(held * (1 - held), 0)[told_by]))
    if np.count_nonzero(told_by) < np.size(event.value):
        return True
    return bool(np.all(told_by)) and (known.is_slope(held) or known.is_value(held))


def factor_made(evidence: Evidence) -> Blame | None:
    """The line that made an unknown factor of a product, where the other factor is what comes back.

    A Jacobian is wrong where it was made, if no change of the line tells that multiplies by it.
    """
    blame, known = evidence.found.blames[0], evidence.bench.known
    names = {n.id for n in factors_at(blame.site) if isinstance(n, ast.Name)} - {blame.site.name}
    made = [
        s for s in evidence.reaching()
        if s.site.name in names and s.site.function == blame.site.function and not is_unpacked(s.site)
        and s.site.kind in ("assign", *CONTAINED) and s.time < blame.events[0].time
    ]  # fmt: skip
    last = {s.site.name: e.value for s in made for e in s.events if e.time < blame.events[0].time}
    unknown = {k for k, v in last.items() if not (known.is_slope(v) or known.is_multiple(v))}
    if len(unknown) != 1 or len(evidence.found.blames) > 1:
        return None
    own = (s for s in made if s.site.name in unknown)
    found = next(filter(None, (mended(s, s.events, evidence.bench) for s in own)), None)
    if found is None or not all(is_diagonal(e.value) for e in found.events):
        return found
    return replace(found, guess=ONLY_DIAGONAL)


def is_diagonal(value: Any) -> bool:
    """Whether a value is a square matrix that is 0 beside the diagonal, or is all 0."""
    is_square = np.ndim(value) == 2 and len(value) == len(value[0]) > 1
    return not np.any(value - np.diag(np.diag(value)) if is_square else value)


def is_scaled(evidence: Evidence, suspect: Suspect) -> bool:
    """Whether a line first made a contribution times a number: it is the one to take that out."""
    known, value = evidence.bench.known, suspect.events[0].value
    if not known.is_multiple(value) or known.is_contribution(value) or known.is_value(value):
        return False
    needed = held_rightly(evidence.reasons.case_of(evidence.found.blames[0]), suspect.site.name)
    return bool(needed) and known.is_contribution(needed[-1][0])  # type: ignore[index]  # there are some


def is_made_of_sizes(evidence: Evidence, suspect: Suspect | Blame) -> bool:
    """Whether a line makes an array of nothing but numbers, as an identity matrix is made of its size."""
    read = evidence.mender().scope_at(suspect)
    held = [read[name] for name in names_read(suspect.site) if name in read]
    return all(isinstance(value, int | float | np.number) for value in held)


def is_strange(evidence: Evidence, suspect: Suspect) -> bool:
    """Whether a line makes what the engine does not know."""
    known, events = evidence.bench.known, suspect.events[:MOST_LOOKED_AT]
    return not all(known.is_slope(e.value) or known.is_multiple(e.value) for e in events)


def as_made(evidence: Evidence) -> Blame | None:
    """The line that made what is blamed where it is only handed on, if that can be told what it lacks.

    It may be one of a helper if nothing can be told of the line that takes what the helper left.
    """
    blame = evidence.found.blames[0]
    is_returned = blame.site.kind in ("return", "element")
    if len(evidence.found.blames) > 1:
        return None
    if not is_handed_on(blame.site):
        return kept_before(evidence, blame)
    if is_returned and is_unread(blame.site):
        return None
    told = evidence.reasons.of(blame)
    is_told = not is_returned and told.is_proven
    guess = told.guess if is_told else None
    makers = [s for s in evidence.suspects if not is_returned or s.site.function == blame.site.function]
    maker = made_before(blame, makers, evidence.bench)
    if maker is not None and maker.site.kind == "argument" and is_given(blame.site) and told.change is None:
        return replace(maker, guess=guess)
    if maker is None or is_call(maker.site):  # a helper has made it, and is right perhaps
        return None
    if maker.site.function != blame.site.function and is_all_of_a_call(evidence, maker):
        return None
    if maker.site.function != blame.site.function and is_owed(evidence, maker):
        return replace(maker, guess=guess)
    if is_told and (maker.site.function == blame.site.function or not is_unread(maker.site)):
        return None
    return maker if evidence.explains(maker) else None


def kept_before(evidence: Evidence, blame: Blame) -> Blame | None:
    """The line that put into a list what one only picks there, if nothing is told of the index."""
    if not is_picked(blame.site) or evidence.explains(blame):
        return None
    kept = (
        s for s in evidence.suspects if s.site.kind == "element" and s.site.function == blame.site.function
    )
    return made_before(blame, kept, evidence.bench)


def is_all_of_a_call(evidence: Evidence, blame: Blame) -> bool:
    """Whether a helper made all that calls of its counterpart contribute: it knows of no more."""
    return all(evidence.bench.known.is_whole(e.value, e.site.function) for e in blame.events)


def returned_from(evidence: Evidence, blame: Blame) -> Blame | None:
    """The line that made what one only returns, if it is of the same function and calls no helper for it."""
    is_returned = blame.site.kind in ("return", "element") and is_handed_on(blame.site)
    if not is_returned or blame.patch is not None:
        return None
    own = [s for s in evidence.suspects if s.site.function == blame.site.function and s.site.kind == "assign"]
    maker = made_before(blame, own, evidence.bench)
    return None if maker is None or is_call(maker.site) or is_too_early(evidence, maker, blame) else maker


def is_too_early(evidence: Evidence, maker: Blame, blame: Blame) -> bool:
    """Whether what a line is said to lack is made after the one that would be blamed instead."""
    said = set(re.findall(r"[A-Za-z_]\w*", blame.guess.text)) if blame.guess is not None else set()
    own = (e for e in evidence.found.outcome.events if e.site.function == maker.site.function)
    after = {e.name for e in own if e.site.kind == "assign" and e.time > maker.events[-1].time}
    return not said.isdisjoint(after - {maker.site.name})


def before_scaling(evidence: Evidence, blame: Blame, told: Guess | None) -> Blame | None:
    """The line before one that only multiplies by a number, unless it is the number that is wrong."""
    is_of_number = told is not None and told.kind in OF_NUMBERS
    found = None if is_of_number else given_to_update(blame, evidence.suspects, evidence.bench)
    if found is not None and not evidence.is_right_by_name(found):
        return found if told is None or evidence.explains(found) else replace(found, guess=told)
    if not is_scaling(blame.site) or len(blame.events) != 1:
        return None
    if told is not None and is_of_number:
        own = [s for s in evidence.suspects if s.site.statement == blame.site.statement]
        mender = evidence.mender(1 / 4)
        other = mender.simplest(own, TOO_MANY) or mender.simplest(own, OF_SCALES)
        if other is not None or told.kind != "factor":
            return other
    found = scaled_before(blame, evidence.suspects, evidence.bench)
    if found is None and told is not None and told.kind in ("missing-term", "jacobian"):
        found = made_before_scaling(evidence, blame)
    if found is None or told is None or evidence.explains(found):
        return found
    return replace(found, guess=told)


def made_before_scaling(evidence: Evidence, blame: Blame) -> Blame | None:
    """The line that made the array which a later one multiplies in place by another one."""
    event = blame.events[0]
    made = [
        s for s in evidence.suspects
        if s.site.statement != blame.site.statement and s.events[-1].owner is event.owner
        and s.events[-1].time < event.time and not is_unpacked(s.site)
    ]  # fmt: skip
    last = max(made, key=lambda s: s.events[-1].time, default=None)
    if last is None or ratio(event.value, last.events[-1].value) is not None:
        return None  # a term may well be added after a division by a number
    return mended(last, last.events[-1:], evidence.bench)


def exchanged_before(evidence: Evidence, better: Blame) -> Blame | None:
    """The line of a helper that returns gradients in the wrong order, where a call seems to unpack so."""
    if better.guess is None or EXCHANGED not in better.guess.text or better.patch is None:
        return None
    events = [e for e in evidence.found.outcome.events if e.site.statement == better.patch.span]
    returned = list(returns_to(events, evidence.suspects))
    if not is_out_of_order(returned, evidence.bench.known):
        return None
    return evidence.mender().simplest(returned, ("wrong-variable",))


def is_slope(suspect: Suspect) -> bool:
    """Whether a line makes a mask, or what goes by the name of a slope."""
    return is_called_slope(suspect.site.name) or all(map(is_of_truths, suspect.events))
