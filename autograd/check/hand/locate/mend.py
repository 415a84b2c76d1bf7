"""Lines that are no gradients, one of which may be to blame: changed a little, while the backward pass runs.

An index, a size, a derivative in a helper, a part of a sum: what such a line should hold is not among the
engine's values, or is no value of its own.  But if one small change of it makes all results right, it is it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..diagnose.case import Guess
from ..diagnose.repair import live, live_edits
from ..match.near import near
from ..observe.record import Event, Override, Snapshot
from ..observe.rewrite import Site
from ..source.edits import KINDS, Edit
from .bench import Bench
from .blame import Blame, Suspect

EXPRESSIONS = ("assign", "return", "element", "argument", "share")


@dataclass(slots=True)
class Mender:
    """Tries changes of lines, until one makes all right or it is `stop`."""

    bench: Bench
    wrong: set[int]
    stop: float

    def blamed(self, suspects: Iterable[Suspect]) -> Blame | None:
        """The line of which a change makes all results right, and which."""
        suspects = [s for s in suspects if s.site.kind in EXPRESSIONS]
        sites = frozenset(s.site for s in suspects)
        if not sites:
            return None
        outcome = self.bench.stage.backwards({}, sites)
        seen: dict[Site, Snapshot] = {}
        for (site, _), snapshot in outcome.snapshots.items():
            seen.setdefault(site, snapshot)
        changes = [(s, live_edits(s.site, seen[s.site])) for s in suspects if s.site in seen]
        for kind in KINDS:
            for suspect, found in changes:
                for edit in found.get(kind, ()):
                    if time.perf_counter() > self.stop:
                        return None
                    override = live(edit)
                    if override is not None and self.is_right(suspect.site, override):
                        return self.blame(suspect, edit, override)
        return None

    def is_right(self, site: Site, override: Override) -> bool:
        """Whether a change makes all results right."""
        try:
            flags, _ = self.bench.flags({site: override})
        except Exception:
            return False
        return all(flags)

    def blame(self, suspect: Suspect, edit: Edit, override: Override) -> Blame:
        _, outcome = self.bench.flags({suspect.site: override}, noting=True)
        new = {e.n: e.value for e in outcome.events if e.site is suspect.site}
        own: dict[int, Event] = {e.n: e for e in suspect.events}
        values: dict[int, Any] = {n: v for n, v in new.items() if n in own and not near(own[n].value, v)}
        kind = "shape" if edit.kind == "reduction" else edit.kind
        results = [self.bench.results[i] for i in sorted(self.wrong)]
        events = [own[n] for n in values] or suspect.events[:1]
        return Blame(
            suspect.site, events, values or new, None, {}, 1.0, results, Guess(kind, edit.text), override
        )


def is_known(event: Event, bench: Bench) -> bool:
    """Whether a value is one of the engine's: then its line is above suspicion."""
    if np.ndim(event.value) == 0 and np.asarray(event.value).dtype.kind == "i":
        return False
    return bool(bench.known.matches(np.asarray(event.value)))
