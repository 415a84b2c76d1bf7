"""Variables that a function makes and never reads: where one should stand, another thing does."""

from __future__ import annotations

from collections.abc import Iterator

from ..locate.forms import variables_unread
from ..locate.suspects import Blame, Suspect
from .evidence import Evidence


def unread(evidence: Evidence) -> Blame | None:
    """The line of which a change makes all right that reads what nothing reads as it is."""
    blames = evidence.found.blames
    told = blames[0].site.statement if len(blames) == 1 and evidence.explains(blames[0]) else None
    for name, lines in unread_variables(evidence):
        own = [s for s in lines if s.site.statement == told]
        if own and evidence.mender(1 / 4).reading(own, name) is not None:
            return None  # it is blamed already
        others = [s for s in lines if s.site.statement != told]
        if (found := evidence.mender(1 / 4).reading(others, name)) is not None:
            return found
    return None


def unread_variables(evidence: Evidence) -> Iterator[tuple[str, list[Suspect]]]:
    """The variables that are made and never read, each with the lines after it in its function."""
    reaching = [s for s in evidence.suspects if evidence.bench.reached(s.site) & evidence.bench.wrong]
    for maker in evidence.suspects:
        site = maker.site
        if site.kind != "assign" or site.name not in variables_unread(site):
            continue
        lines = [s for s in reaching if s.site.function == site.function and s.time > maker.time]
        if lines:
            yield site.name, lines
