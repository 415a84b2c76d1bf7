"""Second thoughts on what is blamed: whether a small change of another line explains more."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np

from .. import limits
from ..diagnose.case import Guess
from ..diagnose.repair import AT_HAND, MADE
from ..locate.elsewhere.helpers import is_as_given
from ..locate.elsewhere.solved import mended
from ..locate.elsewhere.sums import part_of_a_path, void_line
from ..locate.elsewhere.updates import is_carried, other_rate
from ..locate.forms import has_minus, is_adding, is_passed_on, is_unread, names_read
from ..locate.mend import LAST, Mender
from ..locate.suspects import CONTAINED, Blame, Suspect
from ..match.near import near
from ..match.results import Result
from ..source.edits import CALLED, KINDS
from .before import (
    LACKING,
    as_made,
    exchanged_before,
    factor_made,
    is_strange,
    line_before,
    misread,
    odd,
    of_a_variable,
    returned_from,
    shares_beside,
)
from .by_kind import suggested
from .evidence import PATH, PLAIN, Doubt, Evidence
from .home import OF_TERMS, at_home
from .inside import inside
from .scaled import SIMPLER
from .searching import all_lines, given, lines_before, rivals, searched, times_a_number
from .siblings import unlike_its_siblings
from .unread import unread


def better(evidence: Evidence) -> Blame | None:
    """Another line, if a small change of it explains more than that the one that is blamed is wrong.

    Or one at which what is told of that is more at home.
    """
    if (sibling := unlike_its_siblings(evidence)) is not None:
        return sibling
    found, blames = reconsidered(evidence), evidence.found.blames
    final = found if found is not None else blames[0] if len(blames) == 1 else None
    return (at_home(evidence, final) if final is not None else None) or found


def reconsidered(evidence: Evidence) -> Blame | None:
    """The line that second thoughts blame: of which a change tells more, or any where nothing was told."""
    found = looked_up(evidence)
    if found is not None:
        found = returned_from(evidence, found) or found
    blames = evidence.found.blames
    final = found if found is not None else blames[0] if len(blames) == 1 else None
    if final is not None and is_told_in_full(evidence, final):
        return owed_by_a_helper(evidence, final) or found
    return last_resort(evidence, final) or found


def owed_by_a_helper(evidence: Evidence, final: Blame) -> Blame | None:
    """The line of a helper that returns less than comes back by its counterpart, if a term there would do.

    The line that calls it then seems to replace what it should add to.
    """
    if evidence.diagnosed(final).kind != "overwritten":
        return None
    trust = evidence.locator.suspicion
    ends = [
        s for s in evidence.reaching()
        if s.site.kind == "return" and s.site.function != final.site.function
        and not trust.did_its_part(s, s.events)
    ]  # fmt: skip
    return evidence.mender(1 / 4).simplest(ends, OF_TERMS) if ends else None


def last_resort(evidence: Evidence, final: Blame | None) -> Blame | None:
    """The line of which any change makes all right, where it is not told what is wrong with the one to blame.

    That other values there would do says little where others elsewhere would, too; a change says more.
    """
    evidence.bench.allow(limits.SECONDS)
    own = evidence.of_line(final) if final is not None else []
    return evidence.mender(2).blamed(own, *all_lines(evidence))


def is_told_in_full(evidence: Evidence, blame: Blame) -> bool:
    """Whether it is told what is wrong with a line, and not only through what something should come back."""
    told = evidence.diagnosed(blame)
    return told.is_proven and (PATH not in told.hint if told.change is None else told.change not in LAST)


def looked_up(evidence: Evidence) -> Blame | None:
    """The same; it may be a line that only returns what another has made."""
    found = other(evidence)
    if found is None:
        blames = evidence.found.blames
        return line_before(evidence, blames[0], evidence.told_of(blames[0])) if len(blames) == 1 else None
    found = inside(evidence, found) or found
    told = evidence.told_of(found)
    before = exchanged_before(evidence, found) or line_before(evidence, found, told)
    if before is not None or told is not None:
        return before or found
    with evidence.blaming(found):
        return misread(evidence, Doubt(None, None, set(), evidence.mender(1 / 8))) or found


def other(evidence: Evidence) -> Blame | None:
    """Another line, if a small change of it explains more than that the one that is blamed is wrong.

    First comes what can be told at once; then what the kind of the mistake suggests; and if no kind could
    be told, small changes of all lines.
    """
    evidence.bench.allow(limits.SECONDS)
    if (name := turned(evidence)) is not None:
        return evidence.mender().reversed(name, {e.site for e in evidence.found.outcome.events})
    if not evidence.found.blames:
        head = evidence.mender(1 / 4).of_heads(evidence.suspects)  # what never ran is no line of the record
        return head or evidence.mender().blamed(*lines_before(evidence))
    if (line := told_at_once(evidence) or unread(evidence) or as_made(evidence)) is not None:
        return line
    if len(evidence.found.blames) == 1 and (line := inside(evidence, evidence.found.blames[0])) is not None:
        return line
    if (line := of_a_variable(evidence)) is not None:
        return line
    if is_of_some_elements(evidence) and (line := times_a_number(evidence)) is not None:
        return line
    in_doubt = is_doubtful(evidence)
    told = evidence.reasons.told.get(id(evidence.found.blames[0]))
    is_told = told is not None and told.is_proven and len(evidence.found.blames) == 1
    kind = told.kind if told is not None and is_told else None
    mender = evidence.mender(1 if in_doubt else 1 / 4)
    own = set() if in_doubt else {b.site.statement for b in evidence.found.blames}
    if kind in PLAIN and is_contribution(evidence) and (line := odd(evidence)) is not None:
        return line
    has_it = kind != "sign" or any(has_minus(b.site) for b in evidence.found.blames)
    if own and kind in SIMPLER and has_it and is_simple(evidence, own, SIMPLER[kind], mender):
        return None
    line = (in_itself(evidence) or odd(evidence)) if in_doubt else None
    if line is not None and (line.guess is not None or not is_told):
        return line
    doubt = Doubt(kind, told, own, mender)
    if (line := suggested(evidence, doubt) or misread(evidence, doubt)) is not None:
        return line
    is_of_elements = kind == "jacobian" and told is not None and told.change is None
    if is_of_elements and (line := factor_made(evidence)) is not None:
        return line
    if (line := read_at_home(evidence, doubt)) is not None:
        return line
    if (doubt.is_of_paths or doubt.kind == "missing-term") and is_changing(evidence.found.blames[0]):
        part = along_the_path(evidence, doubt) or evidence.locator.in_parts(evidence.found.blames[0])
        if part is not None or doubt.is_of_paths:
            return replace(part, guess=evidence.told_of(evidence.found.blames[0])) if part else None
    is_of_line = kind == "wrong-variable" and told is not None and told.lineno is not None
    if kind is None and in_doubt and (line := begun_wrongly(evidence)) is not None:
        return line
    handed_in = given(evidence, kind, mender) if not is_of_line else None
    return handed_in or (searched(evidence, kind, mender) if in_doubt else None)


def begun_wrongly(evidence: Evidence) -> Blame | None:
    """One of the lines with which the unknown begins, if a change that is at hand makes all right.

    Another variable there may as well have been another where it was made.  The very first may lack a factor.
    """
    begun, *_ = lines_before(evidence)
    kinds = tuple(k for k in KINDS[:MADE] if CALLED.get(k, k) != "wrong-variable")
    mender = evidence.mender(1 / 4)
    return mender.simplest(begun[:1], (*kinds, *LACKING)) or mender.simplest(begun[1:], kinds)


def path_in(doubt: Doubt) -> str | None:
    """The variable through which nothing comes back, as far as it is told."""
    told = re.search(rf"{PATH} (\w+) is missing", doubt.told.hint) if doubt.told is not None else None
    return told[1] if told is not None else None


def along_the_path(evidence: Evidence, doubt: Doubt) -> Blame | None:
    """The line that adds a part of what comes back through a variable, where the rest of it is missing."""
    blame, events, name = evidence.found.blames[0], evidence.found.outcome.events, path_in(doubt)
    return (
        part_of_a_path(blame, name, evidence.suspects, events, evidence.bench) if name is not None else None
    )


def read_at_home(evidence: Evidence, doubt: Doubt) -> Blame | None:
    """The line that made something unknown of a variable through which a later line seems to lack a path."""
    blame, name = evidence.found.blames[0], path_in(doubt)
    read = names_read(blame.site)
    if name is None or name in read:
        return None
    makers = [
        s for s in evidence.reaching()
        if s.site.kind == "assign" and s.site.name in read and s.site.function == blame.site.function
        and name in names_read(s.site) and s.time < blame.events[0].time and is_strange(evidence, s)
    ]  # fmt: skip
    found = next(filter(None, (mended(s, s.events, evidence.bench) for s in makers)), None)
    return replace(found, guess=evidence.told_of(blame)) if found is not None else None


def is_changing(blame: Blame) -> bool:
    """Whether a line changes an array, so that it may be an earlier change that lacks something."""
    return is_adding(blame.site) or blame.site.kind in CONTAINED


def is_of_some_elements(evidence: Evidence) -> bool:
    """Whether a constant is wrong in some of the elements that a line makes: they may come scaled."""
    blame, *others = evidence.found.blames
    own = [s for s in evidence.suspects if s.site is blame.site]
    is_part = blame.site.kind == "element" and any(len(blame.events) < len(s.events) for s in own)
    return is_part and not others and evidence.diagnosed(blame).kind == "factor"


def is_contribution(evidence: Evidence) -> bool:
    """Whether what is blamed made a contribution to a gradient: what is added to it may be wrong."""
    blame, known = evidence.found.blames[0], evidence.bench.known
    return len(evidence.found.blames) == 1 and known.is_contribution(blame.events[0].value)


def told_at_once(evidence: Evidence) -> Blame | None:
    """The update with another constant than others have, or a line that does nothing as it is written."""
    events, bench = evidence.found.outcome.events, evidence.bench
    rate = other_rate(events, bench)
    if rate is not None:
        is_turned = rate.guess is not None and rate.guess.kind == "sign"
        if is_turned or all(is_carried(b, events, bench) for b in evidence.found.blames):
            return rate
    void = void_line(evidence.suspects, bench, evidence.locator.trials)
    return void or adds_nothing(evidence) or idle_helper(evidence) or forgetful_helper(evidence)


def adds_nothing(evidence: Evidence) -> Blame | None:
    """The line that adds 0 to something in each of several rounds, if a change of it makes all right."""
    shares = [s for s in evidence.reaching() if s.site.kind == "share" and len(s.events) > 1]
    void = [s for s in shares if not any(np.any(e.value) for e in s.events)]
    return evidence.mender(1 / 8).blamed(void) if void else None


def idle_helper(evidence: Evidence) -> Blame | None:
    """The line of a helper that only returns what it was given, and leaves unread what else there is."""

    def is_idle(suspect: Suspect) -> bool:
        """Whether a line only returns what its function was given."""
        is_back = is_unread(suspect.site) or suspect.site.function.endswith(".backward")
        return is_back and is_passed_on(suspect.site) and is_as_given(suspect.events, evidence.suspects)

    reaching = evidence.reaching()
    ends = [s for s in reaching if s.site.kind in ("return", "element") and is_idle(s)]
    named = [
        s for s in reaching for end in ends
        if s.site.kind == "assign" and s.site.function == end.site.function
        and [id(e.owner) for e in s.events] == [id(e.owner) for e in end.events]
    ]  # fmt: skip
    found = next(filter(None, (mended(s, s.events, evidence.bench) for s in (*named, *ends))), None)
    said = Guess("missing-factor", "it returns what it was given")
    return replace(found, guess=said) if found is not None else None


def forgetful_helper(evidence: Evidence) -> Blame | None:
    """The line that returns something without what its function was given, if that as a factor is missing."""
    inner = [s for s in evidence.reaching() if s.site.kind in ("return", "element") and s.events[0].calls]
    ends = [s for s in inner if is_unread(s.site)]
    return evidence.mender(1 / 8).simplest(ends, ("forgotten factor", "missing constant")) if ends else None


def in_itself(evidence: Evidence) -> Blame | None:
    """A simple change of the line that is blamed, where it changes an array again and again.

    What becomes of that its numbers cannot tell: the backward pass has to run.
    """
    blame = evidence.found.blames[0]
    own = [s for s in evidence.suspects if s.site.statement == blame.site.statement]
    is_changed = any(s.site.kind in ("share", *CONTAINED) for s in own)
    if len(evidence.found.blames) > 1 or not is_changed or evidence.reasons.of(blame).is_proven:
        return None
    beside = [s for line in own for s in shares_beside(evidence, line)]
    mender = evidence.mender(1 / 8)
    return mender.simplest(own, KINDS[:AT_HAND]) or (mender.simplest(beside, OF_SHARES) if beside else None)


OF_SHARES = (
    "sign",
    "missing sign",
    "overwritten",
    "wrong-variable",
)  # what may be wrong with a line that adds to the same


def is_simple(evidence: Evidence, own: set[Any], kinds: tuple[str, ...], mender: Mender) -> bool:
    """Whether taking something away in the line that is blamed makes all right."""
    here = [s for s in evidence.reaching() if s.site.statement in own]
    return bool(here) and mender.simplest(here, kinds) is not None


def turned(evidence: Evidence) -> str | None:
    """The list in which all that is wrong stands, if each is right at another place there."""
    pairs = zip(evidence.found.results, evidence.found.right, strict=True)
    wrong = [r for r, ok in pairs if not ok]
    names = {list_of(r) if r.true is not None else None for r in wrong}
    if len(wrong) < 2 or len(names) > 1 or None in names:
        return None
    is_moved = all(any(near(r.value, other.true) for other in wrong if other is not r) for r in wrong)
    return names.pop() if is_moved else None


def is_doubtful(evidence: Evidence) -> bool:
    """Whether what is blamed may only follow from another line: there are several, or no reason."""
    blames = evidence.found.blames
    if len(blames) > 1 or not blames[0].is_explained:
        return True
    blame = blames[0]
    event = blame.events[0] if blame.events else None
    if event is None:
        return True
    return not evidence.reasons.of(blame).is_proven or bool(rivals(evidence, blame))


def list_of(result: Result) -> str | None:
    """The name of the variable, or of the attribute, under which a result stands in a list."""
    if result.way:
        return str(result.way[0])
    match result.place[-2:]:
        case (str() as name, int()):
            return name
    return None
