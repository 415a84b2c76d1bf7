"""What may stand in the place of a line's values, and what becomes of the results by that."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from .. import limits
from ..diagnose.constants import is_named, lengths
from ..match.known import Family, Match
from ..match.names import parts_of, stems
from ..match.near import near
from ..observe.probes.record import Event, Override
from ..observe.probes.sites import Site
from .alignments import alignments, holds
from .bench import Bench
from .suspects import CONTAINED, Blame, Suspect
from .suspicion import Suspicion

OF_SIZES = ("assign", *CONTAINED)  # sites whose values may carry the number of samples
MOST_GIVEN = 4  # arguments of a helper that are looked at
MOST_TRIALS = 250  # of one line
MOST_OF_NUMBERS = 60  # of a line that makes single numbers, which are like many others


Trial = tuple[Family, dict[int, Any], dict[int, Any]]  # for each round, a value and the node of it


class Trials:
    """Runs of the backward pass with some of the engine's values in it."""

    def __init__(self, bench: Bench, suspicion: Suspicion, events: list[Event]) -> None:
        self.bench, self.known, self.suspicion, self.events = bench, bench.known, suspicion, events
        self.limit, self.most, self.share = limits.LOCATE, MOST_TRIALS, limits.LOCATE

    def trials(self, suspect: Suspect, wide: bool) -> Iterator[Trial]:
        """Families of the engine's values that fit a site, with a value and a node for each round."""
        events = suspect.events
        shapes = [np.shape(e.value) for e in events]
        fine = [self.suspicion.is_fine_event(e, m) for e, m in zip(events, suspect.matches, strict=True)]
        recognised = all(fine)
        named = {n for e in events for n in self.suspicion.named(e)}
        families = self.known.families if wide else [*self.known.gradient_families, *self.known.passed]
        own = [f for f in families if named and set(f.nodes) <= named]
        words = set().union(*map(parts_of, stems(events[0].name)))  # `dc` may be of `next_c`
        akin = [
            f for f in families if not words.isdisjoint(parts_of(f.name)) or is_within(f.name, events[0].name)
        ]
        seen: set[Any] = set()
        if (exact := self.without_constants(suspect)) is not None:
            family, values, nodes = exact
            yield exact
            if any(np.vdot(values[e.n], e.value) < 0 for e in events if e.n in values):
                yield family, {e.n: -e.value for e in events if e.n in values}, nodes
            if len(values) == sum(not ok for ok in fine) and named and set(nodes.values()) <= named:
                return
        if wide and suspect.site.kind == "return":
            yield from self.by_argument(suspect)
        is_end = suspect.site.kind in ("return", "element")  # a helper owes what comes back by each call
        owed = [f for f in self.known.passed if is_end and len(f.values) == len(events)]
        for family in (*own, *owed, *akin, *families):
            if family.kind == "share" and len(events) > 1 and all(holds(family, e.value) for e in events):
                continue  # they are its members already, and a sum is the same in any order
            ways = alignments(len(events), len(family.values))
            if family in own and len(events) > 1:  # what a loop replaces: only the last round counts
                ways = itertools.chain(ways, ([(len(events) - 1, j)] for j in range(len(family.values))))
            for whole in ways:
                key = family.kind, tuple((i, id(family.values[j])) for i, j in whole)
                if key in seen:
                    continue
                seen.add(key)
                # what is right in some rounds stays; but it may be right by chance, as something else
                rest = whole if recognised else [(i, j) for i, j in whole if not fine[i]]
                both = (rest, whole) if family.kind == "gradient" and rest != whole else (rest,)
                for chosen in both:
                    pairs = [(events[i], fitted(family, j, shapes[i]), family.nodes[j]) for i, j in chosen]
                    fits = [np.shape(v) == shapes[i] for (i, _), (_, v, _) in zip(chosen, pairs, strict=True)]
                    is_own = family in own and family.kind == "gradient" and suspect.site.kind != "share"
                    if not all(fits) and not (is_own and len(events) == len(chosen)):
                        continue
                    if not all(fits) and all(np.size(v) == np.size(e.value) for e, v, _ in pairs):
                        own_shape = {e.n: np.reshape(v, np.shape(e.value)) for e, v, _ in pairs}
                        yield family, own_shape, {e.n: n for e, _, n in pairs}  # a later line reshapes it
                    yield family, {e.n: v for e, v, _ in pairs}, {e.n: n for e, _, n in pairs}

    def of_values(self, suspect: Suspect) -> Iterator[Trial]:
        """Values of the forward pass that fit a site, one for each round."""
        events = suspect.events
        for family in (f for f in self.known.families if f.kind == "value"):
            for pairs in alignments(len(events), len(family.values)):
                values = {events[i].n: family.values[j] for i, j in pairs}
                if all(e.n in values and np.shape(values[e.n]) == np.shape(e.value) for e in events):
                    yield family, values, {events[i].n: family.nodes[j] for i, j in pairs}

    def by_argument(self, suspect: Suspect) -> Iterator[Trial]:
        """The derivatives that begin or end at what a helper was given, in each call of it."""
        slopes = []
        for event in suspect.events:
            given = self.given_to(event)
            known = [n for value in given for n in self.values_of(value)]
            shaped = [s for n in known for s in self.known.slopes_beside.get(n, ())]
            slopes.append([s for s in shaped if np.shape(s) == np.shape(event.value)])
        for i in range(min(map(len, slopes), default=0)):
            values = {e.n: s[i] for e, s in zip(suspect.events, slopes, strict=True)}
            yield Family("slope", "", tuple(values.values()), ()), values, {}

    def given_to(self, event: Event) -> list[Any]:
        """What the function that a value was made in was given."""
        found: list[Any] = []
        for other in reversed(self.events[: event.time]):
            if len(other.calls) < len(event.calls) and (found or other.site.kind == "argument"):
                if other.site.kind != "argument" or len(found) == MOST_GIVEN:
                    break
                found.append(other.value)
        return found

    def values_of(self, value: Any) -> list[Any]:
        """The nodes of forward that hold a value."""
        matches = self.known.matches(np.asarray(value))
        return [
            m.label.node for m in matches if m.label.kind == "value" and m.scale == 1 and m.form == "same"
        ]

    def without_constants(self, suspect: Suspect) -> tuple[Family, dict[int, Any], dict[int, Any]] | None:
        """The gradients of which a site's values are constant multiples."""
        chosen: dict[int, Match] = {}
        for event, matches in zip(suspect.events, suspect.matches, strict=True):
            scaled = [m for m in matches if m.label.kind == "gradient" and m.form == "same"]
            named = self.suspicion.named(event)
            scaled.sort(key=lambda m: m.label.node not in named)  # sorted at once
            if scaled and scaled[0].scale != 1:
                chosen[event.n] = scaled[0]
        if not chosen:
            return None
        nodes = {n: m.label.node for n, m in chosen.items()}
        values = {n: self.known.truth[node] for n, node in nodes.items()}
        return Family("gradient", "", tuple(values.values()), tuple(nodes.values())), values, nodes

    def tried(
        self, suspect: Suspect, fixed: Mapping[Site, Override], wrong: set[int], wide: bool
    ) -> Iterator[Blame]:
        """All ways to blame a site, each with the results that it makes right."""
        most = MOST_OF_NUMBERS if np.ndim(suspect.events[0].value) == 0 else MOST_TRIALS
        stop = min(self.limit, self.bench.spent + self.share)
        trials = itertools.islice(self.trials(suspect, wide), min(most, self.most))
        yield from self.run(suspect, trials, fixed, wrong, stop)

    def run(
        self,
        suspect: Suspect,
        trials: Iterable[Trial],
        fixed: Mapping[Site, Override],
        wrong: set[int],
        stop: float,
    ) -> Iterator[Blame]:
        """The trials that make some of what is wrong right, and nothing wrong, until `stop` is spent."""
        for family, values, nodes in trials:
            if self.bench.is_over(stop):
                return
            own = {e.n: e.value for e in suspect.events}
            if all(near(own[n], v) for n, v in values.items()):
                continue
            scales = [1.0]
            for scale in scales:
                scaled = {n: scale * v for n, v in values.items()} if scale != 1 else values
                flags, _ = self.bench.flags({**fixed, suspect.site: suspect.holding(scaled)})
                if scale == 1:
                    scales += self.scales_for(suspect, family, flags)
                mended = {i for i in wrong if flags[i]}
                stay = all(flags[i] for i in range(len(flags)) if i not in wrong)
                if mended and stay and not self.changes_the_rate():
                    differing = {n: v for n, v in scaled.items() if not near(own[n], v)}
                    yield Blame(
                        suspect.site, [e for e in suspect.events if e.n in differing], differing, family,
                        nodes, scale, [self.bench.results[i] for i in sorted(mended)],
                        change=suspect.holding(scaled) if suspect.before else None,
                    )  # fmt: skip
                    if len(mended) == len(wrong):
                        break

    def changes_the_rate(self) -> bool:
        """Whether updates that were right are other ones in the last run: right with another constant."""
        pairs = zip(self.bench.results, self.bench.last, strict=True)
        right = [(r, v) for i, (r, v) in enumerate(pairs) if i not in self.bench.wrong and r.kind == "update"]
        return not all(v is not None and near(v, r.value) for r, v in right)

    def scales_for(self, suspect: Suspect, family: Family, flags: list[bool]) -> list[float]:
        """The constants that a gradient may have to carry for all to be right, if they have a name.

        It may be a size of the data that only some of the results show, as a penalty is added to the others;
        in a loop over samples, if none does, the number of rounds; and if that is one, any size of the data.
        """
        if all(flags) or family.kind not in ("gradient", "share", "slice"):
            return []
        is_marked = self.suspicion.is_marked(suspect)
        ratios = self.bench.ratios(flags)
        found = [1 / c for c in ratios if c is not None]
        is_common = len(found) == len(ratios) and all(abs(c - found[0]) <= 1e-6 * abs(c) for c in found)
        if is_common and is_marked:
            is_told = self.bench.common or is_named(found[0], self.known.forward)
            return found[:1] if is_told and found[0] != 1 else []
        rounds = len(suspect.events)
        if suspect.site.kind not in OF_SIZES or (rounds == 1 and not is_marked):
            return []
        sizes = lengths(self.known.forward)
        told = [n for c in found for n in sizes if abs(c - n) <= 1e-6 * n][:1]
        if told or rounds > 1:
            return [float(n) for n in told or [rounds] if is_marked or told]
        named = set(self.suspicion.named(suspect.events[0]))
        return [float(n) for n in sizes] if self.is_rate_open(flags) or set(family.nodes) <= named else []

    def is_rate_open(self, flags: list[bool]) -> bool:
        """Whether some updates are right now, and none was before: what divides them may be in the rate."""
        updates = (ok for r, ok in zip(self.bench.results, flags, strict=True) if r.kind == "update")
        return self.bench.common is None and any(updates)


def fitted(family: Family, j: int, shape: tuple[int, ...]) -> Any:
    """A value of a family: of a row, also as a column."""
    value = family.values[j]
    is_turned = family.kind == "slice" and np.size(value) == np.prod(shape, dtype=int)
    return np.reshape(value, shape) if is_turned else value


def is_within(name: str, longer: str) -> bool:
    """Whether a name is another one without a mark: `k1`, of `ak1`."""
    return len(name) > 1 and name != longer and (longer.endswith(name) or longer.startswith(name))
