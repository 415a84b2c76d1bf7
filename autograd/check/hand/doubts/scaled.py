"""The other lines in which a number or a sign may be missing, wrong or too many."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

import numpy as np

from ..diagnose.repair import loads_of, node_at
from ..diagnose.solving import held_rightly
from ..locate.elsewhere.helpers import returns_to
from ..locate.elsewhere.origins import is_returned_to
from ..locate.elsewhere.scales import constant_in, divided, hands_on_scale, multiples_of_known
from ..locate.elsewhere.sums import maker_of
from ..locate.forms import (
    has_minus,
    is_adding,
    is_call,
    is_given,
    is_handed_on,
    is_picked,
    is_put_into,
    is_renaming,
    is_scaling,
    is_unpacked,
)
from ..locate.suspects import CONTAINED, Blame, Suspect, is_made_in_a_call, same_value
from ..match.names import is_called_gradient
from ..match.near import ratio
from ..observe.probes.sites import Site, root_of
from .evidence import OF_SCALES, TOO_MANY, Doubt, Evidence

# A constant or a sign may be missing in any of several lines: one that has it where it should not is the one
SIMPLER = {"factor": TOO_MANY, "missing-factor": TOO_MANY, "sign": ("sign",)}
# What may be wrong with the constant before a part of a sum
OF_CONSTANTS = (
    "sign", "missing sign", "factor", "number", "missing constant", "extra-factor", "forgotten factor"
)  # fmt: skip
OF_PARTS = ("factor", "sign", "missing-factor")  # what a part of a line may lack that is made before


def too_many(evidence: Evidence, doubt: Doubt) -> Blame | None:
    """A line that has a constant or a sign where it should not."""
    if doubt.kind not in SIMPLER and doubt.own:
        return None
    others = [s for s in lines_with_too_many(evidence) if doubt.kind != "sign" or has_minus(s.site)]
    others = [s for s in others if not hands_on_scale(s, evidence.found.outcome.events, evidence.bench.known)]
    return doubt.other(doubt.mender.simplest(others, SIMPLER.get(doubt.kind or "", TOO_MANY)))


def lines_with_too_many(evidence: Evidence) -> Iterator[Suspect]:
    """The lines that may hold a constant too many; where gradients carry one, those that take it out, too."""
    is_carried = any(blame.scale != 1 for blame in evidence.found.blames)
    return (s for s in evidence.reaching() if evidence.may_precede(s)) if is_carried else evidence.others()


def counted(evidence: Evidence, doubt: Doubt) -> Blame | None:
    """The line that puts a size under a name, if what is blamed uses the right ones."""
    if doubt.kind not in (None, "factor") or (doubt.told is not None and doubt.told.change is not None):
        return None
    own = evidence.of_line(evidence.found.blames[0])
    mender = evidence.mender(1 / 8)
    found = mender.simplest(own, ("count",))
    return found if found is not None and mender.simplest(own, OF_SCALES) is None else None


def multiplied(evidence: Evidence, doubt: Doubt) -> Blame | None:
    """The line before that makes all wrong by a constant: one that blamed lines read, or any."""
    blames, bench = evidence.found.blames, evidence.bench
    c, site = constant_in(blames[0]), blames[0].site
    if c is None or c == 0 or not blames[0].is_explained:
        return None
    before = [s for s in evidence.reaching() if s.time < blames[0].events[0].time and not is_unpacked(s.site)]
    trust = evidence.locator.suspicion
    before = [s for s in before if not trust.is_of_forward(s) and not evidence.is_named_rightly(s)]
    if len(blames) == 1 and not is_handed_on(site) and not is_given(site):
        read = loads_of(site)
        inner = returns_to(blames[0].events, evidence.suspects)
        alike = [s for s in before if s.site.function != site.function and holds_as_much(s, blames[0])]
        if (made := next(filter(None, (divided(s, s.events, c, bench) for s in alike)), None)) is not None:
            return made
        return of_a_factor([*inner, *(s for s in before if s.site.name in read)], c, evidence)
    before = [
        s
        for s in before
        if not any(form(s.site) for form in (is_given, is_renaming, is_picked, is_handed_on))
    ]
    found = next(filter(None, (divided(s, s.events, c, bench) for s in reversed(before))), None)
    if found is None or not is_call(found.site):
        return found
    return of_a_factor(returns_to(found.events, evidence.suspects), c, evidence) or found


def holds_as_much(suspect: Suspect, blame: Blame) -> bool:
    """Whether a line made the very values that are blamed, and does more than to hand them on."""
    pairs = (
        (e.value, b.value) for e in suspect.events for b in blame.events
        if not is_made_in_a_call(e, blame.site) and not is_made_in_a_call(b, suspect.site)
    )  # fmt: skip
    return not is_handed_on(suspect.site) and any(same_value(a, b) for a, b in pairs)


def last_of_a_chain(evidence: Evidence, doubt: Doubt) -> Blame | None:
    """The last line that may lack a sign or a number, if the one that is blamed goes by no gradient's name.

    Where several lines make one thing of another, it is the last that has to be what it should.
    """
    blame = evidence.found.blames[0]
    c = constant_in(blame)
    is_told = doubt.kind in ("sign", "factor") and doubt.told is not None and doubt.told.change is None
    if not is_told or c is None or len(evidence.found.blames) > 1:
        return None
    found = scaled_by_a_power(evidence, blame, c) or scaled_later(evidence, blame, c)
    own = evidence.of_line(blame) if found is not None else []
    is_simple = bool(own) and evidence.mender(1 / 8).simplest(own, (*TOO_MANY, *OF_SCALES)) is not None
    return found if not is_simple else None


def scaled_later(evidence: Evidence, blame: Blame, c: float) -> Blame | None:
    """The last line after another one, in its function, that makes all right if divided by a constant."""
    event = blame.events[0]
    if evidence.locator.suspicion.named(event):
        named = [s for s in evidence.reaching() if s.time > event.time and scales(s.site, blame.site.name)]
        return next(filter(None, (divided(s, s.events, c, evidence.bench) for s in named)), None)
    if is_called_gradient(blame.site.name):
        return None  # it should be a gradient, whatever it is of
    later = [
        s for s in evidence.reaching()
        if s.time > event.time and s.site.function == blame.site.function and not is_given(s.site)
        and s.site.kind in ("assign", "share")
        and (not is_handed_on(s.site) or is_renaming(s.site) or is_put_into(s.site))
    ]  # fmt: skip
    ways = (divided(s, s.events, c, evidence.bench) for s in sorted(later, key=lambda s: -s.time))
    return next(filter(None, ways), None)


def scaled_by_a_power(evidence: Evidence, blame: Blame, c: float) -> Blame | None:
    """The later line that only multiplies what is blamed by a number, if that to some power is the constant.

    `dS /= d` then stands for `dS /= np.sqrt(d)`, and `return dx / k` for `return dx / (k * k)`.
    """
    event = blame.events[0]
    for s in evidence.reaching():
        is_later = s.time > event.time and s.site.function == blame.site.function
        if not is_later or not (is_scaling(s.site) or scales(s.site, blame.site.name)):
            continue
        q = ratio(event.value, s.events[0].value)
        power = np.log(abs(c)) / np.log(abs(q)) if q is not None and abs(q) not in (0, 1) else 0.0
        if np.any(np.isclose(abs(power), POWERS, rtol=1e-9)):
            return divided(s, s.events, c, evidence.bench)
    return None


POWERS = (0.5, 1.0, 2.0)  # of the number that a line divides by, which it may lack or have too many


def scales(site: Site, name: str) -> bool:
    """Whether a line multiplies or divides a variable by something, under the same name, or to return it."""
    node = node_at(site, site.span, ast.BinOp)
    is_its = site.name == name or site.kind == "return"
    is_scaled = node is not None and isinstance(node.op, ast.Mult | ast.Div) and is_its
    return is_scaled and isinstance(node.left, ast.Name) and node.left.id == name


def scaled_by_caller(evidence: Evidence, doubt: Doubt) -> Blame | None:
    """The line that calls a helper, if it lacks a number that the helper does not know."""
    blame = evidence.found.blames[0]
    if doubt.kind != "factor" or blame.site.kind != "return" or len(evidence.found.blames) > 1:
        return None
    own = [s for s in evidence.reaching() if s.site.function == blame.site.function]
    callers = [s for s in evidence.reaching() if any(is_returned_to(blame.events[0], e) for e in s.events)]
    names = {s.site.name for s in callers if is_unpacked(s.site)}
    functions = {s.site.function for s in callers}
    callers += [
        s for s in evidence.reaching()
        if s.site.kind == "share" and s.site.function in functions and names & loads_of(s.site)
    ]  # fmt: skip
    if not callers or evidence.mender(1 / 8).simplest(own, (*OF_CONSTANTS, "wrong-variable")) is not None:
        return None
    return evidence.mender(1 / 8).simplest(callers, OF_CONSTANTS)


def after_the_sum(evidence: Evidence, doubt: Doubt) -> Blame | None:
    """The line after a sum in several lines, if all of the sum is wrong by a constant: no line of it is."""
    blame, events = evidence.found.blames[0], evidence.found.outcome.events
    c = constant_in(blame)
    if c is None or doubt.kind not in ("sign", "factor") or blame.site.kind not in CONTAINED:
        return None
    owner = blame.events[-1].owner
    own = (e.site for e in events if e.owner is owner and e.site.name == blame.site.name)
    adding = {site.statement for site in own if is_adding(site)}
    start = blame.events[0 if len(adding) < 2 else -1].time
    later = [
        s for s in evidence.reaching()
        if s.time > start and (not is_handed_on(s.site) or (s.site.kind == "share" and is_put_into(s.site)))
    ]  # fmt: skip
    if len(adding) < 2:
        readers = [s for s in later if blame.site.name in loads_of(s.site)][:1]
        found = evidence.mender(1 / 8).simplest(readers, OF_SCALES) if readers else None
        begun = (e for e in events if e.owner is owner and e.site.kind == "assign" and np.any(e.value))
        is_begun = any(e.site.name == blame.site.name for e in begun)
        ways = (divided(s, s.events, c, evidence.bench) for s in readers if is_begun)
        return found or next(filter(None, ways), None)
    made = (divided(s, s.events, c, evidence.bench) for s in later if s.site.statement not in adding)
    return next(filter(None, made), None)


def of_a_factor(suspects: Iterable[Suspect], c: float, evidence: Evidence) -> Blame | None:
    """The line that made a slope or another factor times a constant; first what a helper returned there."""
    bench = evidence.bench
    for s in suspects:
        made = makers(s, evidence)
        ways = (divided(m, multiples_of_known(m, c, bench.known), c, bench) for m in made)
        if (found := next(filter(None, ways), None)) is not None:
            return found
    return None


def makers(suspect: Suspect, evidence: Evidence) -> list[Suspect]:
    """What a helper returned at a line that only calls it, and that line."""
    return [*(returns_to(suspect.events, evidence.suspects) if is_call(suspect.site) else ()), suspect]


def part_before(evidence: Evidence, doubt: Doubt) -> Blame | None:
    """The line that made a contribution times a constant, where that is read as a part: `g + 2 * h`."""
    blame, known = evidence.found.blames[0], evidence.bench.known
    if doubt.kind not in OF_PARTS or blame.patch is not None or len(evidence.found.blames) > 1:
        return None
    read = loads_of(blame.site)
    made = [
        s for s in evidence.reaching()
        if s.site.name in read and s.site.kind == "assign" and s.time < blame.events[0].time
        and s.site.function == blame.site.function and not is_right_part(evidence, s)
        and not is_unpacked(s.site)
    ]  # fmt: skip
    for s in made:
        needed = held_rightly(evidence.reasons.case_of(blame), s.site.name)
        c = ratio(s.events[-1].value, needed[-1][0]) if needed else None
        if c is not None and known.is_contribution(s.events[-1].value / c):
            ways = (divided(m, m.events, c, evidence.bench) for m in makers(s, evidence))
            if (found := next(filter(None, ways), None)) is not None:
                return found
    return made_for_the_sum(evidence, doubt)


def made_for_the_sum(evidence: Evidence, doubt: Doubt) -> Blame | None:
    """The line that made a term of a sum, if the sum seems to lack a number or a sign at a term.

    A line that only adds what has names has no constants of its own: they belong where the terms are made.
    """
    blame, trust = evidence.found.blames[0], evidence.locator.suspicion
    own = node_at(blame.site, blame.site.span, ast.BinOp)
    if own is None or not isinstance(own.op, ast.Add) or doubt.told is None or doubt.told.change is None:
        return None
    terms = {root_of(side) for side in (own.left, own.right) if not isinstance(side, ast.BinOp)}
    made = [
        s for s in evidence.reaching()
        if s.site.name in terms and s.site.kind == "assign" and s.time < blame.events[0].time
        and s.site.function == blame.site.function and s.site.statement != blame.site.statement
        and not evidence.is_named_rightly(s) and not all(map(trust.is_of_a_variable, s.events))
        and not is_unpacked(s.site)
    ]  # fmt: skip
    return evidence.mender(1 / 8).simplest(made, OF_CONSTANTS) if made else None


def is_right_part(evidence: Evidence, suspect: Suspect) -> bool:
    """Whether a line made a contribution; what a helper only handed on is none."""
    if not evidence.bench.known.is_contribution(suspect.events[-1].value):
        return False
    returned = list(returns_to(suspect.events, evidence.suspects)) if is_call(suspect.site) else []
    return all(evidence.locator.suspicion.did_its_part(s, s.events) for s in returned)


def constant(evidence: Evidence, doubt: Doubt) -> Blame | None:
    """The line that made the part of a sum that has another constant before it."""
    if doubt.told is None or doubt.told.part is None:
        return None
    maker = maker_of(doubt.told.part, evidence.suspects, evidence.bench)
    return maker or doubt.mender.simplest(evidence.others(), OF_CONSTANTS)


def too_little(evidence: Evidence, doubt: Doubt) -> Blame | None:
    """The line that adds a part of the term that is missing: its constant is wrong, or its sign."""
    blame = evidence.found.blames[0]
    event = blame.events[-1] if blame.events else None
    if doubt.kind != "missing-term" or event is None or event.n not in blame.values:
        return None
    apart = blame.values[event.n] - event.value
    for s in (s for s in evidence.suspects if s.site.kind == "share" and len(s.events) == 1):
        own = s.events[0]
        c = ratio(apart, own.value) if s.site.name == blame.site.name else None
        if c is None or s.site.statement in doubt.own:
            continue
        values = {own.n: (1 + c) * own.value}
        if all(evidence.bench.flags({s.site: s.holding(values)})[0]):
            return Blame(s.site, [own], values, None, {}, 1.0, blame.results)
    return None
