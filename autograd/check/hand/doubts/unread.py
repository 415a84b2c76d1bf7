"""Variables that a function makes and never reads: where one should stand, another thing does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..diagnose.case import Guess
from ..diagnose.repair import loads_of
from ..locate.forms import is_rebound, variables_unread
from ..locate.suspects import Blame, Suspect
from ..match.names import is_called_gradient
from ..source.quantities import is_index
from .evidence import Evidence

OF_LINES = ("missing-term", "unknown")  # what is told where a line is forgotten


def unread(evidence: Evidence) -> Blame | None:
    """The line of which a change makes all right that reads what nothing reads as it is."""
    blames = evidence.found.blames
    rebound = [s for s in evidence.suspects if is_rebound(s.site)]
    if rebound and (found := evidence.mender(1 / 8).simplest(rebound, ("overwritten",))) is not None:
        return found
    told = blames[0].site.statement if len(blames) == 1 and evidence.explains(blames[0]) else None
    for name, lines in unread_variables(evidence):
        own = [s for s in lines if s.site.statement == told and not is_part_by_another_name(evidence, s)]
        if own and (found := evidence.mender(1 / 4).reading(own, name)) is not None:
            return as_diagnosed(evidence, found) if is_term(found) else None  # it is blamed already
        others = [s for s in lines if s.site.statement != told]
        named = [s for s in others if evidence.is_named_rightly(s)]
        doubtful = [s for s in others if s not in named]
        # What is right so far may be used too early: then the last line that could do it is to blame
        ways = (evidence.mender(1 / 4).reading(some, name) for some in (doubtful, named[::-1]) if some)
        if (found := next(filter(None, ways), None)) is not None:
            at_once = [s for s in lines if s.site.statement == told] if is_term(found) else []
            is_blamed = bool(at_once) and evidence.mender(1 / 4).reading(at_once, name) is not None
            return None if is_blamed else found
    return left_unread(evidence)


def as_diagnosed(evidence: Evidence, blame: Blame) -> Blame:
    """The blame of a line for a term that it lacks, of the kind that its numbers tell: it may be a mean's."""
    told = evidence.diagnosed(evidence.found.blames[0])
    assert blame.guess is not None
    return replace(blame, guess=blame.guess._replace(kind="jacobian")) if told.kind == "jacobian" else blame


def is_term(blame: Blame) -> bool:
    """Whether a line is said to lack a term."""
    return blame.guess is not None and blame.guess.change == "missing-term"


def is_part_by_another_name(evidence: Evidence, suspect: Suspect) -> bool:
    """Whether a line makes a contribution under a name of its own, and was not to make all of a gradient."""
    known, trust = evidence.bench.known, evidence.locator.suspicion
    if suspect.site.kind in ("return", "element"):
        return False
    return all(known.is_contribution(e.value) and not trust.named(e) for e in suspect.events)


def left_unread(evidence: Evidence) -> Blame | None:
    """The line that makes what nothing reads, if a term seems to be missing after it: a line is forgotten."""
    blames = evidence.found.blames
    if len(blames) > 1 or not blames or evidence.diagnosed(blames[0]).kind not in OF_LINES:
        return None
    for maker in filter(is_left_unread, evidence.suspects):
        if is_index(maker.events[0].value[()]):
            continue  # a size is read beside what is forgotten
        site = maker.site
        is_before = site.function == blames[0].site.function and maker.time < blames[0].events[0].time
        if is_before and blames[0].site.name in loads_of(site) and not is_called_gradient(site.name):
            guess = Guess("missing-term", f"what is made here, `{site.name}`, is never read")
            return replace(blames[0], site=site, events=maker.events[:1], values={}, guess=guess, change=None)
    return None


def is_left_unread(suspect: Suspect) -> bool:
    """Whether a line puts something under a name that its function never reads."""
    return suspect.site.kind == "assign" and suspect.site.name in variables_unread(suspect.site)


def unread_variables(evidence: Evidence) -> Iterator[tuple[str, list[Suspect]]]:
    """The variables that are made and never read, but for the loss, each with the lines after it."""
    reaching = [s for s in evidence.suspects if evidence.bench.reached(s.site) & evidence.bench.wrong]
    root, bound = evidence.found.forward.root, evidence.found.forward.bound
    for maker in filter(is_left_unread, evidence.suspects):
        if root in bound.get(maker.site.name, ()):
            continue
        function = maker.site.function
        if lines := [s for s in reaching if s.site.function == function and s.time > maker.time]:
            yield maker.site.name, lines
