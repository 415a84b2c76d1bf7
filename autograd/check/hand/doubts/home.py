"""Where a mistake is at home: of the lines that could make up for it the one that ought to."""

from __future__ import annotations

import re
from dataclasses import replace
from math import isclose

import numpy as np

from ....engine import Node
from ..locate.elsewhere.slopes import is_right_by_itself
from ..locate.elsewhere.solved import mended
from ..locate.elsewhere.sums import is_added_whole, lines_of_sum
from ..locate.forms import is_adding
from ..locate.suspects import CONTAINED, Blame, Suspect
from ..match.near import ratio
from ..observe.probes.sites import Site
from .evidence import Evidence
from .searching import GIVEN, OF_VALUES, last_scaled

CHAIN = re.compile(r"[A-Za-z_][\w.]*")  # a variable, or what it holds under attributes
OF_TERMS = ("forgotten term", "missing-term", "missing product")


def at_home(evidence: Evidence, blame: Blame) -> Blame | None:
    """Another line that ought to do what a blamed one could, too."""
    ways = (term_at_home, added_to, misled, scaled_after, of_its_counterpart)
    return next(filter(None, (way(evidence, blame) for way in ways)), None)


def term_at_home(evidence: Evidence, blame: Blame) -> Blame | None:
    """Another line of the sum that seems to lack a term, if it reads more of what the term is made of."""
    told = evidence.diagnosed(blame)
    said = re.search(r"the term -?(.+?) is missing", told.hint) if told.kind == "missing-term" else None
    if said is None:
        return None
    made_of = set(CHAIN.findall(said[1]))

    def shared(site: Site) -> int:
        """How much of what the term is made of a line reads."""
        return len(made_of & set(CHAIN.findall(site.source)))

    own = max(
        (shared(s.site) for s in evidence.suspects if s.site.statement == blame.site.statement), default=0
    )
    kinds = ("assign", "share") if is_adding(blame.site) else ("share",)
    adding = [
        s for s in evidence.reaching()
        if s.site.name == blame.site.name and s.site.function == blame.site.function
        and s.site.kind in kinds and s.site.statement != blame.site.statement and shared(s.site) > own
    ]  # fmt: skip
    found = evidence.mender(1 / 4).simplest(adding, OF_TERMS) if adding else None
    return found or (moved(evidence, blame, adding[0]) if len(adding) == 1 else None)


def added_to(evidence: Evidence, blame: Blame) -> Blame | None:
    """The only line that adds to an array which a blamed line begins, with zeros or a part of the sum."""
    begun, known = blame.events[0].value if blame.events else None, evidence.bench.known
    if blame.site.kind != "assign" or begun is None or evidence.diagnosed(blame).kind != "missing-term":
        return None
    if np.any(begun) and not known.is_partial(begun) and not known.is_contribution(begun):
        return None
    lines = lines_of_sum(blame, evidence.suspects, evidence.found.outcome.events)
    adding = [s for s in lines if s.site.kind == "share" and s.time > blame.events[0].time]
    return moved(evidence, blame, adding[0]) if len(adding) == 1 else None


def moved(evidence: Evidence, blame: Blame, suspect: Suspect) -> Blame | None:
    """The blame of another line for what is told of a blamed one, if other values there make all right."""
    found = mended(suspect, suspect.events, evidence.bench)
    return replace(found, guess=evidence.told_of(blame)) if found is not None else None


def misled(evidence: Evidence, blame: Blame) -> Blame | None:
    """The line that calls a helper, where a blamed one is of a helper that is right by itself.

    What that is given is wrong, if a change there makes all right.
    """
    if not is_right_by_itself(blame.site, evidence.bench.stage):
        return None
    places = {e.calls[0] for e in blame.events if e.calls}
    calling = [s for s in evidence.suspects if (s.site.filename, s.site.lineno) in places]
    return evidence.mender(1 / 2).simplest(calling, GIVEN) if calling else None


def scaled_after(evidence: Evidence, blame: Blame) -> Blame | None:
    """The last line that may take a number that all of an array lacks, if one is blamed that adds to a part.

    After `dx[rows, t] -= 1` a factor of all that is in dx belongs elsewhere, if not into `return loss, dx`.
    """
    is_of_part = blame.site.kind in CONTAINED and not is_added_whole(blame)
    if not is_of_part or evidence.diagnosed(blame).kind != "factor":
        return None
    own = (s for s in evidence.reaching() if s.site.function == blame.site.function)
    return last_scaled(evidence, (s for s in own if s.site.kind in OF_VALUES and not s.site.path))


def of_its_counterpart(evidence: Evidence, blame: Blame) -> Blame | None:
    """The line before of the class in whose forward pass a number stands that another layer seems to lack."""
    own, dot, _ = blame.site.function.rpartition(".")
    wanted = (ratio(blame.values[e.n], e.value) for e in blame.events if e.n in blame.values)
    c = next(wanted, None) if dot and evidence.diagnosed(blame).kind in ("factor", "missing-factor") else None
    if c is None:
        return None
    made = evidence.found.forward.made.items()
    owners = {owner_of(site) for site, nodes in made if any(multiplies(node, c) for node in nodes)}
    before = [
        s for s in evidence.reaching()
        if owner_of(s.site) in owners - {own} and s.site.kind in OF_VALUES and s.time < blame.events[0].time
    ]  # fmt: skip
    return last_scaled(evidence, before) if own not in owners else None


def owner_of(site: Site) -> str:
    """The class that a line is in; "" if it is in none."""
    return site.function.rpartition(".")[0]


def multiplies(node: Node, c: float) -> bool:
    """Whether a node multiplies or divides by a number, or takes a mean over so many."""
    if node.op.name == "mean":
        return isclose(np.size(node.args[0]), 1 / c, rel_tol=1e-6)
    numbers = [float(a) for a in node.args if isinstance(a, int | float)]
    is_scaling = node.op.name in ("multiply", "divide")
    return is_scaling and any(isclose(n, w, rel_tol=1e-6) for n in numbers for w in (c, 1 / c))
