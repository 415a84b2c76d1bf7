"""The other lines that a mistake of one kind may as well be in."""

from __future__ import annotations

import ast
import re

import numpy as np

from ..diagnose.constants import is_named
from ..diagnose.repair import is_of_itself, loads_of
from ..diagnose.solving import held_rightly
from ..locate.elsewhere.origins import is_returned_to
from ..locate.elsewhere.scales import constant_in, divided
from ..locate.elsewhere.solved import makes_anything, mended
from ..locate.forms import (
    is_call,
    is_handed_on,
    is_masked,
    is_only_a_call,
    is_put_into,
    is_renaming,
    is_scaling,
    is_unread,
)
from ..locate.suspects import CONTAINED, Blame, Suspect, begins_a_sum
from ..match.names import is_called_slope
from ..observe.probes.patch import statements_around
from ..source.nearby import names_set
from .evidence import Doubt, Evidence
from .scaled import (
    after_the_sum,
    constant,
    counted,
    last_of_a_chain,
    makers,
    multiplied,
    part_before,
    scaled_by_caller,
    too_little,
    too_many,
)
from .searching import passed_on, within

OF_FACTORS = (None, "missing-factor", "factor", "missing-term")  # what a line that only renames may lack
# What may be wrong with what is added
OF_ADDED = ("sign", "missing sign", "factor", "number", "wrong-variable")
OF_SUMS = ("missing-term", "jacobian", "overwritten")


def suggested(evidence: Evidence, doubt: Doubt) -> Blame | None:
    """Another line that a mistake of this kind may as well be in."""
    if is_renaming(evidence.found.blames[0].site):
        return masked(evidence, doubt)
    ways = (
        never_reached, of_each_row, reordered, begun, part_made_wrongly, added_wrongly, counted,
        last_of_a_chain, other_function, scaled_by_caller, read_after, after_the_sum, multiplied, part_before,
        too_many, masked, replaced, renamed, head_of_the_loop, returned, carried, instead, constant,
        too_little,
    )  # fmt: skip
    return next(filter(None, (way(evidence, doubt) for way in ways)), None)


def read_after(evidence: Evidence, doubt: Doubt) -> Blame | None:
    """The line of a helper that reads what would have to be a slope, and goes by no name of one."""
    blame = evidence.found.blames[0]
    is_slope = blame.family is not None and blame.family.kind == "slope" and blame.site.kind == "assign"
    if doubt.kind is not None or not is_slope or is_called_slope(blame.site.name):
        return None
    for s in evidence.locator.suspects:
        is_reader = s.time > blame.events[0].time and blame.site.name in loads_of(s.site)
        if is_reader and s.site.function == blame.site.function and not is_handed_on(s.site):
            ways = evidence.locator.trials.tried(s, {}, evidence.bench.wrong, True)
            found = next((b for b in ways if len(b.results) == len(evidence.bench.wrong)), None)
            if found is not None:
                return found
    return None


def part_made_wrongly(evidence: Evidence, doubt: Doubt) -> Blame | None:
    """The line of a helper that made a part of a sum which is not all that comes back by a use."""
    blame, known = evidence.found.blames[0], evidence.bench.known
    if not doubt.is_of_paths or len(evidence.found.blames) > 1 or not blame.events:
        return None
    read, start = loads_of(blame.site), blame.events[0].time
    for s in evidence.reaching():
        is_read = s.site.name in read and s.site.function == blame.site.function and s.time < start
        if not is_call(s.site) or not is_read or known.is_partial(s.events[-1].value):
            continue
        needed = held_rightly(evidence.reasons.case_of(blame), s.site.name)
        if needed and known.is_partial(needed[-1][0]):
            ways = (mended(m, m.events, evidence.bench) for m in makers(s, evidence))
            if (found := next(filter(None, ways), None)) is not None:
                return found
    return None


def added_wrongly(evidence: Evidence, doubt: Doubt) -> Blame | None:
    """The line that adds to what is blamed the term that seems to be missing, with another sign or number."""
    site = evidence.found.blames[0].site
    if doubt.kind not in OF_SUMS or len(evidence.found.blames) > 1 or site.kind != "assign":
        return None
    adding = [
        s for s in evidence.reaching()
        if s.site.kind == "share" and s.site.name == site.name and s.site.function == site.function
    ]  # fmt: skip
    return doubt.mender.simplest(adding, OF_ADDED) if adding else None


def other_function(evidence: Evidence, doubt: Doubt) -> Blame | None:
    """The line that calls the wrong function, if nothing can be told of what that returned.

    So is one of a helper that does nothing else than to call the function.
    """
    blame = evidence.found.blames[0]
    if blame.site.kind != "return" or len(evidence.found.blames) > 1:
        return None
    lines = evidence.reaching()
    if doubt.kind is not None:
        callers = [s for s in lines if any(is_returned_to(blame.events[0], e) for e in s.events)]
        callers = [s for s in callers if s.site.kind == "return" and is_only_a_call(s.site)]
    else:  # or one before it that chose by a word
        callers = [s for s in lines if any(map(s.site.spans, blame.events[0].calls))]
    return evidence.mender(1 / 8).simplest(callers, ("other call",)) if callers else None


def masked(evidence: Evidence, doubt: Doubt) -> Blame | None:
    """A line with another comparison: `dh[h < 0] = 0` writes nothing where no h is below 0."""
    if doubt.kind not in (None, "missing-factor", "missing-term"):
        return None
    masked = [s for s in evidence.reaching() if is_masked(s.site)]
    return doubt.mender.simplest(masked, ("wrong-variable", "number")) if masked else None


def replaced(evidence: Evidence, doubt: Doubt) -> Blame | None:
    """A line that replaces what it should add to: the rest of a sum may look like some of the paths."""
    if doubt.kind not in (None, *OF_SUMS) and len(evidence.found.blames) == 1:
        return None
    return doubt.other(doubt.mender.simplest(evidence.reaching(), ("overwritten",)))


def renamed(evidence: Evidence, doubt: Doubt) -> Blame | None:
    """A line that only renames a gradient, and lacks a factor or a term."""
    if doubt.kind not in OF_FACTORS:
        return None
    renamed = [s for s in evidence.reaching() if is_renaming(s.site) and not evidence.is_named_rightly(s)]
    if not renamed:
        return None
    better = doubt.mender.simplest(renamed, ("forgotten factor", "forgotten term"))
    if better is None and (c := constant_in(evidence.found.blames[0])) is not None:
        ways = (
            divided(s, s.events, c, evidence.bench)
            for s in renamed
            if not is_named(c, evidence.found.forward)
        )
        better = next(filter(None, ways), None)
    if better is None:
        whole = [s for s in renamed if not begins_a_sum(s, evidence.found.outcome.events)]
        told = (s for s in whole if doubt.kind is None and is_unread(s.site))
        if doubt.is_of_paths:
            told = (s for s in whole if not makes_anything(s, evidence.bench))
        better = next(filter(None, (mended(s, s.events, evidence.bench) for s in told)), None)
    return doubt.other(better)


def head_of_the_loop(evidence: Evidence, doubt: Doubt) -> Blame | None:
    """The head of a loop over several values, if the wrong one is what the line has from there."""
    if doubt.kind != "wrong-variable":
        return None
    blame = evidence.found.blames[0]
    wrong = re.search(r"`(\w+)` is the wrong variable", evidence.reasons.of(blame).hint)
    loops = statements_around(blame.site.filename, blame.site.statement)
    heads = [s for s in loops if isinstance(s, ast.For) and wrong and wrong[1] in names_set(s.target)]
    if not heads:
        return None
    return doubt.mender.in_rounds([s for s in evidence.suspects if s.site.statement == blame.site.statement])


def returned(evidence: Evidence, doubt: Doubt) -> Blame | None:
    """What a helper returned, if the same may be told of that as of the line that called it."""
    is_of_terms = doubt.is_of_paths or doubt.kind in ("missing-term", "jacobian")
    return within(evidence) if is_of_terms and is_call(evidence.found.blames[0].site) else None


def carried(evidence: Evidence, doubt: Doubt) -> Blame | None:
    """The line that hands on to the next round what lacks a term there."""
    return passed_on(evidence) if doubt.kind == "missing-term" else None


def never_reached(evidence: Evidence, doubt: Doubt) -> Blame | None:
    """The head of a loop that ends too early or of a condition that leaves something out, if so it may be."""
    events = [e for b in evidence.found.blames for e in b.events]
    is_empty = not any(np.any(e.value) for e in events)
    is_whole = doubt.kind != "missing-term" or not doubt.is_of_paths
    return doubt.mender.of_heads(evidence.suspects) if is_empty or not is_whole else None


def reordered(evidence: Evidence, doubt: Doubt) -> Blame | None:
    """The line that stands before or after another one, and should not, if something seems to be missing."""
    if not doubt.is_of_paths and doubt.kind not in (None, "missing-factor"):
        return None
    lines = evidence.suspects if doubt.kind != "missing-factor" else beside_the_scaled(evidence.suspects)
    return doubt.other(evidence.mender(1 / 8).simplest(lines, ("order",))) if lines else None


def beside_the_scaled(suspects: list[Suspect]) -> list[Suspect]:
    """The lines that read a variable which another one of their function makes of itself: by a mask, say."""
    scaled = {(s.site.function, s.site.name) for s in suspects if is_of_itself(s.site) or is_scaling(s.site)}
    return [s for s in suspects if any((s.site.function, name) in scaled for name in loads_of(s.site))]


def of_each_row(evidence: Evidence, doubt: Doubt) -> Blame | None:
    """The line that changes one place of each row, if what is wrong is wrong at one place of each."""
    if doubt.told is None or ROWS not in doubt.told.hint:
        return None
    name = evidence.found.blames[0].site.name
    lines = [s for s in evidence.reaching() if s.site.name == name and is_put_into(s.site)]
    return doubt.other(evidence.mender(1 / 8).simplest(lines, ("sign", "number"))) if lines else None


ROWS = "at one place of each row"


def begun(evidence: Evidence, doubt: Doubt) -> Blame | None:
    """The line that begins a sum with zeros, if it lacks a term that is no part of any round: a penalty."""
    blame, events = evidence.found.blames[0], evidence.found.outcome.events
    rounds = [e for e in events if e.site.statement == blame.site.statement]
    if doubt.kind != "missing-term" or blame.site.kind not in ("share", *CONTAINED) or len(rounds) < 2:
        return None
    owner = blame.events[-1].owner
    first = [s for s in evidence.suspects if s.events[-1].owner is owner and begins_a_sum(s, events)]
    beside = [s for s in evidence.suspects if s.site.function == blame.site.function]
    if not any(np.any(s.events[-1].value) for s in beside if begins_a_sum(s, events)):
        return None  # all sums begin with zeros: the penalty is added elsewhere
    writing = [s for s in beside if s.site.kind in CONTAINED and s.events[-1].owner is owner]
    if (written := evidence.mender(1 / 8).simplest(writing, ("wrong-variable", "number"))) is not None:
        return written
    empty = [s for s in first if not np.any(s.events[-1].value)]
    return evidence.mender(1 / 8).simplest(empty, ("missing-term", "forgotten term")) if empty else None


def instead(evidence: Evidence, doubt: Doubt) -> Blame | None:
    """The later line that would be blamed if this one were not, if it can be told what is wrong there."""
    later = evidence.found.blames[0].instead
    return later if doubt.is_of_paths and later is not None and evidence.explains(later) else None
