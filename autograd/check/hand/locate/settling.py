"""Which line is to blame of several that explain all: the one that was found, or one before or after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np

from ..diagnose.repair import is_of_itself
from ..match.known import Known
from ..match.near import near, ratio
from ..observe.probes.record import Event, Override
from ..observe.probes.sites import Site
from .bench import Bench, putting
from .elsewhere.helpers import is_as_given
from .elsewhere.slopes import is_right_by_itself
from .elsewhere.solved import mended
from .forms import is_call, is_given, is_left, is_picked, is_renaming, is_returned_call, keeps_its_name
from .suspects import CONTAINED, Blame, Suspect, falls_short, is_made_in_a_call, same_value
from .suspicion import Suspicion
from .trials import Trials

OF_WHOLES = ("assign", "return", "element", "change")  # where the rest of what is a part may be added


@dataclass(slots=True)
class Settling:
    """A line was found that makes all right: it is blamed, or another one that does as well.

    fixed  what stands in the place of other lines that are blamed already
    wrong  the results that are wrong with these
    """

    bench: Bench
    suspicion: Suspicion
    trials: Trials
    suspects: list[Suspect]
    events: list[Event]
    fixed: Mapping[Site, Override]
    wrong: set[int]

    @property
    def known(self) -> Known:
        """What the engine knows."""
        return self.bench.known

    def ways(self, suspect: Suspect, wide: bool = True) -> Iterator[Blame]:
        """The ways to blame a line that make all right."""
        tried = self.trials.tried(suspect, self.fixed, self.wrong, wide)
        return (way for way in tried if len(way.results) == len(self.wrong))

    def way(self, suspect: Suspect, wide: bool = True) -> Blame | None:
        """The first way to blame a line that makes all right."""
        return next(self.ways(suspect, wide), None)

    def settled(self, blame: Blame, suspect: Suspect, doubtful: list[Suspect]) -> Blame:
        """The line to blame where one explains all: it, or one before or after it that explains as much."""
        blame = self.first_round_of(blame, suspect)
        if (final := self.completed(blame, doubtful)) is not None:
            return final
        if (receiver := self.received(blame, suspect)) is not None:
            return receiver
        if not is_multiple(blame):  # else nothing but a constant need be wrong
            other = self.misplaced(blame, doubtful)
            if other is not None:
                return replace(other, instead=blame)
        other = self.misused(blame) or self.mistaken(blame, suspect)
        if other is None and self.suspicion.is_exact(suspect, {blame.events[0].n}):
            return self.handed_on(blame)
        return other or self.origin(blame)

    def of_a_part(self, blame: Blame, suspect: Suspect) -> Blame:
        """The line to blame where one that was above suspicion explains all: it, or one before it."""
        if self.suspicion.is_exact(suspect):
            part = self.assigned(blame)
            return self.origin(part) if is_call(part.site) else part
        first = self.first_alike(blame)
        return self.origin(blame) if first is blame else first

    def first_round_of(self, blame: Blame, suspect: Suspect) -> Blame:
        """The blame of a line for its first wrong round alone, if the later ones only follow from that."""
        first = blame.events[0]
        if len(blame.events) < 2 or blame.change is not None or first.n not in blame.values:
            return blame
        values = {first.n: blame.values[first.n]}
        flags, _ = self.bench.flags({**self.fixed, suspect.site: putting(values)})
        if not all(flags[i] for i in self.wrong):
            return blame
        nodes = {n: node for n, node in blame.nodes.items() if n == first.n}
        return replace(blame, events=[first], values=values, nodes=nodes)

    def completed(self, blame: Blame, doubtful: list[Suspect]) -> Blame | None:
        """The line that leaves an array as a gradient, if what is blamed would hold a multiple of it before.

        What a sum lacks by then may be added to it later, and is not to be multiplied: only of the whole
        can it be said what it should be.
        """
        if blame.scale == 1 or blame.site.kind not in CONTAINED:
            return None
        owners, own = {id(e.owner) for e in blame.events}, (blame.site.function, blame.site.name)
        for suspect in doubtful:
            is_later = suspect.time > blame.events[-1].time
            is_it = (suspect.site.function, suspect.site.name) == own  # `dW = dW / n`
            if is_later and (is_it or owners & {id(e.owner) for e in suspect.events}):
                whole = next((way for way in self.ways(suspect) if way.scale == 1), None)
                if whole is not None:
                    return whole
        return None

    def misplaced(self, blame: Blame, doubtful: list[Suspect]) -> Blame | None:
        """An earlier line that holds the gradient of something else, if that explains all."""
        start = min((e.time for e in blame.events), default=0)
        first = min((s.time for s in self.suspects if s.site is blame.site), default=0)
        for suspect in reversed(self.suspects):
            is_later = self.suspicion.first_doubt(suspect) < start or suspect.time > first
            is_tried = suspect in doubtful and is_later
            if is_tried or suspect.time >= start or suspect.site in self.fixed or len(suspect.events) > 20:
                continue
            if (
                self.is_start(suspect)
                or any(self.suspicion.named(e) for e in suspect.events)
                or not self.suspicion.is_a_gradient(suspect)
            ):
                continue
            if any(same_value(a.value, b.value) for a in suspect.events for b in blame.events):
                continue
            if suspect.site.kind == "argument" and all(map(self.suspicion.is_named_rightly, suspect.events)):
                continue
            for other in self.ways(suspect, False):
                if any(e.time < start for e in other.events) and not is_multiple(other):
                    is_part = self.suspicion.is_exact(suspect)
                    return self.assigned(other) if is_part else self.origin(other)
        return None

    def is_start(self, suspect: Suspect) -> bool:
        """Whether a line makes the gradient of the loss with respect to itself, which is 1."""
        root = self.known.forward.root
        return all(any(m.label.node is root and m.scale == 1 for m in ms) for ms in suspect.matches)

    def misused(self, blame: Blame) -> Blame | None:
        """What a helper was given, if another value of forward there explains all that it made."""
        if blame.site.kind != "return" or blame.family is None or blame.family.kind not in ("value", "slope"):
            return None
        start = min(e.time for e in blame.events)
        for suspect in self.suspects:
            near_by = [e for e in suspect.events if start - 4 <= e.time < start]
            if suspect.site.kind != "argument" or not near_by or suspect.site.function == blame.site.function:
                continue
            if keeps_its_name(suspect.site):
                continue
            for other in self.ways(suspect):
                if other.family is not None and other.family.kind == "value":
                    return other
        return None

    def mistaken(self, blame: Blame, suspect: Suspect) -> Blame | None:
        """What a helper was given where it went wrong, or the call there, if other calls are right."""
        blamed = {e.n for e in blame.events}
        others = [e for e in suspect.events if e.n not in blamed]
        is_right = is_right_by_itself(suspect.site, self.bench.stage)
        depth = min(len(e.calls) for e in suspect.events) if others or is_right else 0
        for level in range(depth):
            places = {e.calls[level] for e in suspect.events if e.n in blamed}
            if len(places) > 1 or places & {e.calls[level] for e in others}:
                continue
            there = [s for s in self.suspects if (s.site.filename, s.site.lineno) in places]
            given = [s for s in there if s.site.kind == "argument"]
            are_known = all(self.known.is_slope(e.value) or self.known.is_multiple(e.value) for e in others)
            calling = [s for s in there if s not in given] if is_right or are_known else []
            solved = (mended(s, s.events, self.bench) for s in calling if not self.fixed)
            if (way := next(filter(None, chain(map(self.way, given), solved)), None)) is not None:
                return way
        return None

    def origin(self, blame: Blame) -> Blame:
        """The line of a helper that made the array that is blamed, if that was only handed on.

        Where the array was what it was called until then, it is not right to call it something else: then it
        is the line of a helper that does.
        """
        is_renamed = bool(blame.events) and all(map(self.suspicion.is_named_rightly, blame.events))
        if is_renamed and not is_call(blame.site):
            return blame
        for suspect in self.suspects:
            is_maker = is_renaming(suspect.site) if is_renamed else suspect.site.kind in ("return", "element")
            if (
                suspect.site is blame.site
                or not is_maker
                or suspect.site.function == blame.site.function
                or suspect.time >= blame.events[0].time
                or all(self.known.is_slope(e.value) for e in suspect.events)
            ):
                continue
            pairs = [
                (first, event)
                for event in blame.events
                for first in suspect.events
                if first.owner is event.owner and same_value(first.value, event.value)
            ]
            if len(pairs) != len(blame.events) or self.suspicion.did_its_part(suspect, [pairs[0][0]]):
                continue
            values = {first.n: blame.values[event.n] for first, event in pairs}
            flags, _ = self.bench.flags({**self.fixed, suspect.site: putting(values)})
            if all(flags[i] for i in self.wrong):
                nodes = {first.n: blame.nodes[event.n] for first, event in pairs if event.n in blame.nodes}
                return Blame(
                    suspect.site,
                    [f for f, _ in pairs],
                    values,
                    blame.family,
                    nodes,
                    blame.scale,
                    blame.results,
                )
        return blame

    def received(self, blame: Blame, suspect: Suspect) -> Blame | None:
        """The line that takes what a helper returned, if the helper did its part."""
        site = blame.site
        is_returned = site.kind in ("return", "element") and not is_multiple(blame)
        if not is_returned or not self.suspicion.did_its_part(suspect, blame.events):
            return None
        for other in self.suspects:
            takes = is_call(other.site) if other.site.kind == "assign" else is_returned_call(other.site)
            if not takes or other.time < suspect.time or other.site.function == site.function:
                continue
            held = [e.value for e in blame.events if is_made_in_a_call(e, other.site)]
            if any(same_value(e.value, v) for e in other.events for v in held):
                found = self.way(other)
                if found is None or not self.suspicion.is_exact(other, {e.n for e in found.events}):
                    return found
                return self.handed_on(found)
        return None

    def assigned(self, blame: Blame) -> Blame:
        """The line that put under a name what a blamed line only returns, unless it comes from a call."""
        if blame.site.kind != "return" or not blame.site.name:
            return blame
        for suspect in reversed(self.suspects):
            is_here = suspect.site.function == blame.site.function and suspect.site.name == blame.site.name
            if suspect.site.kind != "assign" or not is_here or is_call(suspect.site):
                continue
            if (way := self.way(suspect, False)) is not None:
                return way
        return blame

    def handed_on(self, blame: Blame) -> Blame:
        """The last line that holds what is blamed, which is right as a part: there the rest should be added.

        It is one that only returns it, if what it returns comes from a call; or one that gives it to
        a helper.
        """
        if self.is_part_of_a_call(blame):
            return blame
        truth = self.known.truth
        pairs = [(e, n) for e in blame.events for n in self.suspicion.named(e)]
        named = {n for e, n in pairs if not any(near(e.value, truth[m]) for f, m in pairs if f is e)}
        is_part = named & set(blame.nodes.values()) and not is_call(blame.site)
        if is_part and not self.is_all_of_a_call(blame):
            return blame  # it is a part of what it is called, and was to be the whole
        returned: Blame | None = None
        for suspect in reversed(self.suspects):
            found: Blame | None = blame if suspect.site is blame.site else None
            held = [e for e in suspect.events if any(same_value(e.value, b.value) for b in blame.events)]
            is_whole = suspect.site.kind in OF_WHOLES or (
                is_given(suspect.site) and not self.is_named_here(suspect)
            )
            if found is None and held and is_whole and not is_as_given(held, self.suspects):
                found = self.way(suspect)
            if found is None:
                continue
            if suspect.site.kind != "return":
                is_passed = is_call(suspect.site) and not self.replaces(found)
                return returned if returned is not None and is_passed else found
            returned = returned or found
        return returned or blame

    def is_named_here(self, suspect: Suspect) -> bool:
        """Whether what is given to a helper was given its name by a line that picks it: `d = dy[t]`."""
        makers = [
            s for s in self.suspects
            if s.site.kind == "assign" and s.site.name == suspect.site.name and is_picked(s.site)
            and s.site.function == suspect.site.function and s.time < suspect.time
        ]  # fmt: skip
        return any(same_value(a.value, b.value) for s in makers for a in s.events for b in suspect.events)

    def replaces(self, blame: Blame) -> bool:
        """Whether a line replaces under its name what was missing from it: `=` stands there for `+=`."""
        event = blame.events[-1]
        return (
            not is_of_itself(event.site)
            and event.n in blame.values
            and any(
                e.name == event.name and near(e.value + event.value, blame.values[event.n])
                for e in self.events[: event.time]
                if e.site.function == event.site.function and np.shape(e.value) == np.shape(event.value)
            )
        )

    def is_all_of_a_call(self, blame: Blame) -> bool:
        """Whether a helper made all that a call of its forward pass contributes: it knows of no more."""
        depth = min(len(e.calls) for e in self.events)
        if any(len(e.calls) == depth for e in blame.events):
            return False
        values = [v for family in self.known.passed for v in family.values]
        return all(any(near(e.value, v) for v in values) for e in blame.events)

    def is_part_of_a_call(self, blame: Blame) -> bool:
        """Whether a helper returned or kept only a part of what a call contributes to a gradient."""
        unasked = self.suspicion.unasked
        passed = [f for f in self.known.passed if not unasked.intersection(f.nodes)]
        is_returned = blame.site.kind in ("return", "element") or is_left(blame.site)
        return is_returned and falls_short(blame, [v for family in passed for v in family.values])

    def first_alike(self, blame: Blame) -> Blame:
        """The first line of the same function that made the same values, if it can be blamed as well."""
        for suspect in self.suspects:
            if suspect.site is blame.site:
                return blame
            same = {id(e.owner) for e in suspect.events} >= {id(e.owner) for e in blame.events}
            is_here = suspect.site.function == blame.site.function
            is_begun = any(np.any(e.value) for e in suspect.events)  # zeros begin what others add to
            if same and is_here and is_begun and (way := self.way(suspect, False)) is not None:
                return way
        return blame


def is_multiple(blame: Blame) -> bool:
    """Whether what should be there is a constant times what is: that may be missing in a later line too."""
    return all(e.n not in blame.values or ratio(e.value, blame.values[e.n]) is not None for e in blame.events)
