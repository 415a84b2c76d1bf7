"""The search for any line of which a change makes all right, if no kind of mistake could be told."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from ..diagnose.case import Guess
from ..diagnose.constants import is_named, is_odd_fraction
from ..locate.elsewhere.helpers import arguments, handed_in, made_before, returned_within
from ..locate.elsewhere.origins import narrow_line, origin_of
from ..locate.elsewhere.rounds import handed_on
from ..locate.elsewhere.scales import divided
from ..locate.elsewhere.solved import makes_anything, mended
from ..locate.elsewhere.sums import contribution, lines_adding, part_of_a_path, path_missing, writer_of_all
from ..locate.elsewhere.updates import other_rate
from ..locate.forms import (
    condition_of,
    is_adding,
    is_beside_scaled,
    is_call,
    is_handed_on,
    is_left_at_zero,
    is_put_into,
    is_renaming,
    is_unpacked,
    leaves_out,
    names_read,
    parameters_at,
)
from ..locate.linear import scale_needed
from ..locate.mend import Mender, is_known
from ..locate.suspects import CONTAINED, Blame, Suspect, blame_of_head, suspects_in
from ..match.near import largest, ratio
from ..observe.probes.sites import Site
from .before import factor_made, is_made_of_sizes
from .evidence import PLAIN, Evidence

# What may be wrong with a value that a helper is given, if it cannot be told what is wrong in the helper
GIVEN = (
    "wrong-variable", "nearby", "sign", "needless transpose", "transpose", "forgotten factor",
    "forgotten term",
)  # fmt: skip
# Where a constant or a sign explains all, nothing need be inserted elsewhere
OF_CONSTANT, INSERTED = ("factor", "sign"), ("missing-term", "missing-factor")


def given(evidence: Evidence, kind: str | None, mender: Mender) -> Blame | None:
    """What a helper was given; but if no kind could be told, first the constant of an update."""
    events, bench = evidence.found.outcome.events, evidence.bench
    if kind is None and (update := other_rate(events, bench)) is not None:
        return update
    given = arguments(evidence.found.blames, suspects_in(events), bench) if kind not in PLAIN else []
    if not given:
        return None
    if kind is not None:
        is_own = kind == "missing-factor" and lacks_parameter(evidence)
        return None if is_own else mender.simplest(given, ("wrong-variable", "nearby"))
    # what is given rightly to a helper that goes wrong leaves the helper to blame
    given = [s for s in given if not bench.known.is_contribution(s.events[0].value)]
    statements = {b.site.statement for b in evidence.found.blames}
    own = [s for s in evidence.suspects if s.site.statement in statements]
    return mender.simplest(own, GIVEN) or (mender.simplest(given, GIVEN) if given else None)


def lacks_parameter(evidence: Evidence) -> bool:
    """Whether the line of a helper lacks a factor that is a parameter of it, as it is."""
    blame = evidence.found.blames[0]
    lacking = re.search(r"a factor (\w+) is missing", evidence.reasons.of(blame).hint)
    return lacking is not None and lacking[1] in parameters_at(blame.site)


def searched(evidence: Evidence, kind: str | None, mender: Mender) -> Blame | None:
    """The line of which a small change makes all right; if there is none, where what is wrong begins."""
    if (scaled := times_a_number(evidence)) is not None:
        return scaled
    if len(evidence.found.blames) > 1 and (head := mender.of_heads(evidence.suspects)) is not None:
        return head
    statements = {b.site.statement for b in evidence.found.blames}
    blamed = [s for s in evidence.suspects if s.site.statement in statements]
    better = mender.blamed(blamed, *lines_before(evidence))
    if kind in OF_CONSTANT and better is not None and better.guess is not None:
        return None if better.guess.kind in INSERTED else better
    if better is not None or kind is not None:
        return better
    if is_renaming(evidence.found.blames[0].site):
        return given_wrongly(evidence)
    return (
        condition_around(evidence)
        or passed_on(evidence)
        or factor_made(evidence)
        or within(evidence)
        or left_at_zero(evidence)
        or narrowed(evidence)
        or elsewhere(evidence)
        or begun_before(evidence, statements)
    )


def narrowed(evidence: Evidence) -> Blame | None:
    """The line that most of what is wrong comes by, if it is made of anything but sizes."""
    found = narrow_line(evidence.found.blames, evidence.suspects, evidence.bench, evidence.locator.suspicion)
    return None if found is not None and is_made_of_sizes(evidence, found) else found


def times_a_number(evidence: Evidence) -> Blame | None:
    """The last line that makes too much or too little by a number which has a name, if that is all."""
    made = (s for s in evidence.reaching() if s.site.kind in OF_VALUES and not is_unpacked(s.site))
    ends = (is_put_into, is_beside_scaled)
    lines = (s for s in made if not is_handed_on(s.site) or any(is_end(s.site) for is_end in ends))
    return last_scaled(evidence, lines)


def last_scaled(evidence: Evidence, lines: Iterable[Suspect]) -> Blame | None:
    """The last of some lines that makes too much or too little by a number which has a name.

    Of lines that make one thing of another it is the last that has to be what it should.
    """
    bench = evidence.bench
    for s in sorted(lines, key=lambda s: -s.time):
        c = scale_needed(s, bench)
        if not c or not is_named(c, evidence.found.forward) or is_odd_fraction(c):
            continue
        if is_given_scaled(evidence, s, 1 / c) or is_made_of_sizes(evidence, s):
            continue
        if (found := divided(s, s.events, 1 / c, bench)) is not None:
            return found
    return None


def is_given_scaled(evidence: Evidence, suspect: Suspect, c: float) -> bool:
    """Whether what a line reads is a number times the gradient that it is called: it was made so before."""
    trust, truth = evidence.locator.suspicion, evidence.bench.known.truth
    read = names_read(suspect.site) - {suspect.site.name}
    made = [
        max((e for e in s.events if e.time < suspect.time), key=lambda e: e.time, default=None)
        for s in evidence.suspects
        if s.site.kind == "assign" and s.site.name in read and s.site.function == suspect.site.function
    ]  # fmt: skip
    ratios = [ratio(e.value, truth[n]) for e in made if e is not None for n in trust.named(e)]
    return any(r is not None and np.isclose(r, c, rtol=1e-6) for r in ratios)


OF_VALUES = ("assign", "share", "return", "element")  # where a value is made


def within(evidence: Evidence) -> Blame | None:
    """The line of a helper that returned what is wrong, if nothing can be told of its callers."""
    found = returned_within(evidence.found.blames, evidence.suspects, evidence.bench)
    if found is not None and is_right_elsewhere(evidence, found):
        return None
    if found is None or not is_handed_on(found.site):
        return found
    own = [s for s in evidence.reaching() if s.site.function == found.site.function]
    return evidence.mender(1 / 2).blamed(own) or made_before(found, own, evidence.bench) or found


def is_right_elsewhere(evidence: Evidence, blame: Blame) -> bool:
    """Whether a helper that is called in several lines makes what is a slope wherever else it is called."""
    own = {e.calls[:1] for e in blame.events if e.n in blame.values} or {e.calls[:1] for e in blame.events}
    events = [e for s in evidence.suspects if s.site is blame.site for e in s.events]
    others = [e for e in events if e.calls[:1] not in own]
    return bool(others) and all(evidence.bench.known.is_slope(e.value) for e in others)


def passed_on(evidence: Evidence) -> Blame | None:
    """The line that hands on to the next round of a loop what is wrong there."""
    blame = evidence.found.blames[0]
    outcome, trust = evidence.found.outcome, evidence.locator.suspicion
    found = handed_on(blame, evidence.suspects, outcome.events, evidence.bench, trust)
    if found is None:
        return None
    if evidence.is_right_by_name(found):
        return None
    told = evidence.reasons.of(blame)
    if not told.is_proven or len(evidence.found.blames) > 1:
        return found
    return replace(found, guess=told.guess)


def given_wrongly(evidence: Evidence) -> Blame | None:
    """The outermost call that gave a helper another gradient, right as such, than the one to go on from."""
    blame = evidence.found.blames[0]
    if not all(evidence.bench.known.is_multiple(e.value) for e in blame.events):
        return None
    found: Blame | None = None
    while (outer := handed_in(found or blame, evidence.suspects, evidence.bench)) is not None:
        found = outer
    said = Guess("wrong-variable", "what it is given is right as such, and of another call")
    return replace(found, guess=said) if found is not None else None


def condition_around(evidence: Evidence) -> Blame | None:
    """The condition on which an array is written to, if what is written is right, and only not where."""
    blame = evidence.found.blames[0]
    head, values = condition_of(blame.site), [e for e in blame.events if e.n in blame.values]
    if head is None or len(evidence.found.blames) > 1 or not values:
        return None
    pairs = [(np.asarray(e.value), np.asarray(blame.values[e.n])) for e in values[-1:]]
    if not all(np.shape(a) == np.shape(b) and differs_by_zeros(a, b) for a, b in pairs):
        return None
    said = "what is put there is right, but it holds at the wrong places"
    guess = Guess("wrong-variable", said)
    return blame_of_head(blame.site.filename, head.lineno, head.col_offset, blame.results, guess)


def lacks_a_mask(blame: Blame) -> bool:
    """Whether a line makes what it should, but for elements that should be 0, or are."""
    pairs = [
        (np.asarray(e.value), np.asarray(blame.values[e.n])) for e in blame.events if e.n in blame.values
    ]
    return all(np.shape(a) == np.shape(b) and differs_by_zeros(a, b) for a, b in pairs)


def differs_by_zeros(value: Any, wanted: Any) -> bool:
    """Whether all elements are right but for some that are 0, or should be; and some are not 0 and right."""
    apart = ~np.isclose(value, wanted, rtol=1e-6, atol=1e-9 * largest(wanted))
    return bool(np.any(value[~apart]) and np.all((value[apart] == 0) | (wanted[apart] == 0)))


def left_at_zero(evidence: Evidence) -> Blame | None:
    """The line that makes 0 of what another branch computes, if other numbers there make all right."""
    zeros = [s for s in evidence.reaching() if is_left_at_zero(s.site)]
    telling = (s for s in zeros if not makes_anything(s, evidence.bench))
    found = next(filter(None, (mended(s, s.events, evidence.bench) for s in telling)), None)
    said = Guess("missing-term", "it should be something else than 0 here")
    return replace(found, guess=said) if found is not None else None


def elsewhere(evidence: Evidence) -> Blame | None:
    """Another line that adds to the same array, or the call that gave a helper what is wrong."""
    blame, suspects, events = evidence.found.blames[0], evidence.suspects, evidence.found.outcome.events
    if (part := contribution(blame, suspects, events, evidence.bench)) is not None:
        return (named_before(evidence, part) if is_handed_on(part.site) else None) or part
    if (writer := writer_of_all(blame, suspects, events, evidence.bench)) is not None:
        return writer
    if (name := path_missing(blame, evidence.bench.known)) is not None:
        part = part_of_a_path(blame, name, suspects, events, evidence.bench)
        if part is not None:
            said = f"the rest of what comes back through {name} is missing"
            return replace(part, guess=Guess("missing-term", said))
    if len(evidence.found.blames) > 1:
        return None
    return handed_in(blame, suspects, evidence.bench) or evidence.locator.in_parts(blame)


def is_made_for(site: Site, reader: Site) -> bool:
    """Whether a line reads what another has made, under another name than its own."""
    return site.name in names_read(reader) and site.name != reader.name


def named_before(evidence: Evidence, blame: Blame) -> Blame | None:
    """The line of the same function that gave what is blamed the name by which it is read there."""
    owners = {id(e.owner) for e in blame.events}
    makers = (
        s for s in evidence.suspects
        if s.site.kind == "assign" and s.site.function == blame.site.function
        and owners <= {id(e.owner) for e in s.events}
    )  # fmt: skip
    return next(filter(None, (mended(s, s.events, evidence.bench) for s in makers)), None)


def begun_before(evidence: Evidence, statements: set[Any]) -> Blame | None:
    """The earlier line at which what is wrong begins, if nothing else tells what is wrong."""
    events = [e for b in evidence.found.blames for e in b.events]
    if not events or not evidence.bench.wrong:
        return None
    found = origin_of(events, evidence.suspects, evidence.bench, evidence.locator.suspicion)
    if found is None or statements == {found.site.statement} or is_made_of_sizes(evidence, found):
        return None
    is_told = len(evidence.found.blames) == 1 and bool(evidence.found.blames[0].values)
    if is_told and lacks_a_mask(evidence.found.blames[0]):
        return None
    if is_told and not found.values and not is_made_for(found.site, evidence.found.blames[0].site):
        return None  # of many values that would do there, none says more than the one that is told
    given = arguments([found], suspects_in(evidence.found.outcome.events), evidence.bench)
    return (evidence.mender(1 / 4).simplest(given, GIVEN) if given else None) or found


def rivals(evidence: Evidence, blame: Blame) -> list[Suspect]:
    """Other lines that changed the same array before, or made the variable that is said to be wrong."""
    suspects = suspects_in(evidence.found.outcome.events)
    wrong = re.search(r"is missing at `(\w+)`", evidence.reasons.of(blame).hint)
    if wrong and is_adding(blame.site) and wrong[1] == blame.site.name:  # what others have added to it
        adding = lines_adding(blame, suspects, evidence.found.outcome.events)
        return [s for s in adding if s.site.statement != blame.site.statement and s.site.kind == "share"]
    if wrong:
        made = [s for s in suspects if s.site.name == wrong[1] and s.site.kind == "assign"]
        is_own = wrong[1] == blame.site.name  # `g = (g + h) / n`
        return [
            s
            for s in made
            if s.site is not blame.site
            and (is_own or not any(evidence.reasons.called(e) for e in s.events))
            and not evidence.bench.known.is_contribution(s.events[0].value)
        ]
    if blame.site.kind not in CONTAINED:
        return []
    owners = {id(e.owner) for e in blame.events}
    sites = {
        e.site.statement for e in evidence.found.outcome.events
        if id(e.owner) in owners and e.site.kind in ("assign", *CONTAINED)
    }  # fmt: skip
    if evidence.reasons.of(blame).is_proven:
        sites -= {blame.site.statement}
    made = [s for s in suspects if s.site.statement in sites and s.site.kind in ("share", "assign")]
    return [s for s in made if not is_call(s.site)]  # what a call returned was made in what it called


def reached_together(evidence: Evidence, suspect: Suspect) -> set[int]:
    """The results that a line has a part in, by all that it unpacks or lists: the cache of a layer."""
    together = [suspect]
    if suspect.site.kind == "element" or (is_unpacked(suspect.site) and not is_call(suspect.site)):
        together = [s for s in evidence.suspects if s.site.statement == suspect.site.statement]
    return set[int]().union(*(evidence.bench.reached(s.site) for s in together))


def lines_before(evidence: Evidence) -> tuple[list[Suspect], ...]:
    """The lines that may be changed on trial: those up to what is blamed first, from the latest back.

    They are those that all that is wrong was made of.  First those whose values are none of the engine's, and
    of these the ones with which that begins.
    """
    blames = evidence.found.blames
    if len(blames) == 1 and blames[0].is_explained and evidence.reasons.of(blames[0]).is_proven:
        return (rivals(evidence, blames[0]),)
    return all_lines(evidence)


def all_lines(evidence: Evidence) -> tuple[list[Suspect], ...]:
    """The same, whatever is told of what is blamed."""
    blames = evidence.found.blames
    wrong = evidence.bench.wrong
    explained = [b for b in blames if b.is_explained]
    last = max((e.time for b in explained for e in b.events), default=len(evidence.found.outcome.events))
    unknown: list[Suspect] = []
    known: list[Suspect] = []
    for s in sorted(evidence.suspects, key=lambda s: (s.time > last, -s.time if s.time <= last else s.time)):
        if not wrong <= reached_together(evidence, s) or (
            is_unpacked(s.site) and evidence.is_named_rightly(s) and not leaves_out(s.site)
        ):
            continue
        is_plain = all(is_known(e, evidence.bench) or not np.any(e.value) for e in s.events[:20])
        (known if is_plain or s.time > last else unknown).append(s)
    return beginning(evidence, unknown), unknown, known


def beginning(evidence: Evidence, unknown: list[Suspect]) -> list[Suspect]:
    """Of the lines that make what is unknown the ones that read nothing such, as they first run."""
    at_first = [s for s in unknown if not is_known(s.events[0], evidence.bench)]
    return [s for s in at_first if not any(is_read_by(s, other) for other in at_first)]


def is_read_by(suspect: Suspect, maker: Suspect) -> bool:
    """Whether a line reads what another of its function has made before, under its name."""
    is_own = maker.site is suspect.site or maker.site.function != suspect.site.function
    return not is_own and maker.time < suspect.time and maker.site.name in names_read(suspect.site)
