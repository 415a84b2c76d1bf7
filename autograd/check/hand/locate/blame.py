"""Which line is to blame: with the engine's value in its place, all results that it reaches are right."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from .. import limits
from ..diagnose.constants import lengths
from ..match.known import Family
from ..match.near import near, ratio
from ..match.results import Result
from ..observe.probes.record import Event, Override, is_mask
from ..observe.probes.sites import Site
from .bench import Bench, putting
from .forms import is_adding, is_call, is_given, is_left, is_picked, is_renaming, is_unread, keeps_its_name
from .suspects import CONTAINED, Blame, Suspect, falls_short, same_value, suspects_in
from .suspicion import Suspicion
from .trials import Trials

MOST_MISTAKES = 5
LIKELIEST = 4  # values in the place of a line's, the likeliest first
SHARES = 2  # of the work that is left for each line, that one may take
OF_WHOLES = ("assign", "return", "element", "change")  # where the rest of what is a part may be added


class Locator:
    """The search for the lines that are to blame."""

    def __init__(self, bench: Bench, events: list[Event], settings: tuple[str, Any]) -> None:
        self.bench, self.known, self.events = bench, bench.known, events
        self.suspicion = Suspicion(bench, settings, events)
        self.trials = Trials(bench, self.suspicion, events)
        self.look_at(events)

    def look_at(self, events: list[Event]) -> None:
        """The sites that may be to blame, with what their values are; none of those that made the loss."""
        places = self.known.forward.places
        made = [s for s in suspects_in(events) if not is_mask(s.events[0].owner)]  # no gradient is a mask
        self.suspects = [s for s in made if (s.site.filename, s.site.span) not in places]
        for suspect in self.suspects:
            suspect.matches = [self.suspicion.matches(e.value) for e in suspect.events]

    def in_parts(self, before: Blame) -> Blame | None:
        """The line of a sum to which penalties, say, are added later, if it can be told what it lacks.

        That is the gradient without what comes back by one use of the variable, times a size of the data if
        later lines divide by it.
        """
        wrong = self.bench.wrong
        owners = {id(e.owner) for e in before.events}
        names = {e.name for e in before.events}
        sizes = [1, *lengths(self.known.forward)]
        for suspect in reversed(self.suspects):
            event = suspect.events[-1]
            is_made = suspect.site.kind == "assign" and not is_call(suspect.site)
            is_begun = is_made and is_adding(before.site) and bool(np.any(event.value))
            is_sum = (is_begun or suspect.site.kind in CONTAINED) and len(suspect.events) == 1
            if not is_sum or suspect.site is before.site or not self.reaches(suspect, wrong):
                continue
            if id(event.owner) not in owners and event.name not in names:
                continue
            for family, c in itertools.product(self.known.partials, sizes):
                if np.shape(family.values[0]) != np.shape(event.value):
                    continue
                values = {event.n: c * family.values[0]}
                if near(event.value, values[event.n]):
                    continue
                override = suspect.holding(values)
                if all(self.bench.flags({suspect.site: override})[0]):
                    return Blame(
                        suspect.site, [event], values, family, {}, 1.0, before.results, change=override
                    )  # fmt: skip
        return None

    def blamed(self) -> list[Blame]:
        """The fewest lines that make all results right, each the earliest that does."""
        bench = self.bench
        flags, _ = bench.flags({})
        wrong = {i for i, flag in enumerate(flags) if not flag}
        fixed: dict[Site, Override] = {}
        found: list[Blame] = []
        for _ in range(MOST_MISTAKES):
            best = self.best(fixed, wrong) or self.likeliest(fixed, wrong)
            if best is None:
                break
            found.append(best)
            fixed[best.site] = best.override
            flags, outcome = bench.flags(fixed, noting=True)
            wrong = {i for i, flag in enumerate(flags) if not flag}
            if not wrong:
                break
            self.look_at(outcome.events)
        for i in sorted(wrong):
            if (last := self.last_of(bench.results[i])) is not None:
                found.append(last)
        return found

    def best(self, fixed: Mapping[Site, Override], wrong: set[int]) -> Blame | None:
        """The site that makes most results right, all if there is one; of several, the earliest."""
        best: Blame | None = None
        doubtful = [s for s in self.suspects if s.site not in fixed and not self.suspicion.is_fine(s)]
        doubtful.sort(key=self.suspicion.first_doubt)
        queue = [s for s in doubtful if self.reaches(s, wrong)]
        late: tuple[Blame, Suspect] | None = None
        for place, suspect in enumerate(queue):
            self.trials.share = SHARES * (self.trials.limit - self.bench.spent) / (len(queue) - place)
            for blame in self.trials.tried(suspect, fixed, wrong, True):
                if len(blame.results) == len(wrong) and not self.is_of_what_is_fine(blame, suspect):
                    return self.settled(blame, suspect, doubtful, fixed, wrong)
                if len(blame.results) == len(wrong):
                    late = late or (blame, suspect)
                if best is None or len(blame.results) > len(best.results):
                    best = blame
        if late is not None:
            return self.settled(*late, doubtful, fixed, wrong)
        self.trials.share = self.trials.limit
        if len(wrong) > 1 or best is None:
            others = [s for s in self.suspects if s.site not in fixed and s not in doubtful]
            for suspect in (s for s in reversed(others) if self.reaches(s, wrong)):
                for blame in self.trials.tried(suspect, fixed, wrong, False):
                    if len(blame.results) == len(wrong):
                        if self.suspicion.is_exact(suspect):
                            part = self.assigned(blame, fixed, wrong)
                            return self.origin(part, fixed, wrong) if is_call(part.site) else part
                        first = self.first_alike(blame, fixed, wrong)
                        return self.origin(blame, fixed, wrong) if first is blame else first
        for suspect in (
            s for s in doubtful if not self.reaches(s, wrong) and self.bench.reached(s.site) & wrong
        ):
            for blame in self.trials.tried(suspect, fixed, wrong, True):
                if best is None or len(blame.results) > len(best.results):
                    best = blame
        return best

    def is_of_what_is_fine(self, blame: Blame, suspect: Suspect) -> bool:
        """Whether a line is blamed for one of several rounds in which it makes what it should.

        That is the gradient of a variable, and not by the name of another one.
        """
        whole = [e for e in blame.events if np.size(e.value) > 1 and np.any(e.value)]
        return len(suspect.events) > 1 and any(map(self.is_of_a_variable, whole))

    def is_of_a_variable(self, event: Event) -> bool:
        """Whether a value is the gradient of a variable, and does not go by the name of another one."""
        named, names = self.suspicion.named(event), self.known.forward.names
        exact = {m.label.node for m in self.known.exact(event.value) if m.label.kind == "gradient"}
        return bool(exact & names.keys()) and (not named or not exact.isdisjoint(named))

    def settled(
        self,
        blame: Blame,
        suspect: Suspect,
        doubtful: list[Suspect],
        fixed: Mapping[Site, Override],
        wrong: set[int],
    ) -> Blame:
        """The line to blame where one explains all: it, or one before or after it that explains as much."""
        blame = self.first_round_of(blame, suspect, fixed, wrong)
        if (final := self.completed(blame, doubtful, fixed, wrong)) is not None:
            return final
        if (receiver := self.received(blame, suspect, fixed, wrong)) is not None:
            return receiver
        if not is_multiple(blame):  # else nothing but a constant need be wrong
            other = self.misplaced(blame, doubtful, fixed, wrong)
            if other is not None:
                return replace(other, instead=blame)
        other = self.misused(blame, fixed, wrong) or self.mistaken(blame, suspect, fixed, wrong)
        if other is None and self.suspicion.is_exact(suspect, {blame.events[0].n}):
            return self.handed_on(blame, fixed, wrong)
        return other or self.origin(blame, fixed, wrong)

    def first_round_of(
        self, blame: Blame, suspect: Suspect, fixed: Mapping[Site, Override], wrong: set[int]
    ) -> Blame:
        """The blame of a line for its first wrong round alone, if the later ones only follow from that."""
        first = blame.events[0]
        if len(blame.events) < 2 or blame.change is not None or first.n not in blame.values:
            return blame
        values = {first.n: blame.values[first.n]}
        flags, _ = self.bench.flags({**fixed, suspect.site: putting(values)})
        if not all(flags[i] for i in wrong):
            return blame
        nodes = {n: node for n, node in blame.nodes.items() if n == first.n}
        return replace(blame, events=[first], values=values, nodes=nodes)

    def likeliest(self, fixed: Mapping[Site, Override], wrong: set[int]) -> Blame | None:
        """The first line that explains all by what is likeliest there, if there is no time for more."""
        if not self.bench.is_over(self.trials.limit):
            return None
        self.bench.allow(limits.SECONDS / 4)
        self.trials.limit, self.trials.most = self.bench.spent + limits.LOCATE / 4, LIKELIEST
        for suspect in self.suspects:
            if suspect.site not in fixed and self.reaches(suspect, wrong):
                ways = self.trials.tried(suspect, fixed, wrong, False)
                found = next((way for way in ways if len(way.results) == len(wrong)), None)
                if found is not None:
                    return found
        return None

    def reaches(self, suspect: Suspect, wrong: set[int]) -> bool:
        """Whether a site has a part in all results that are wrong."""
        return wrong <= self.bench.reached(suspect.site)

    def completed(
        self, blame: Blame, doubtful: list[Suspect], fixed: Mapping[Site, Override], wrong: set[int]
    ) -> Blame | None:
        """The line that leaves an array as a gradient, if what is blamed would hold a multiple of it before.

        What a sum lacks by then may be added to it later, and is not to be multiplied: only of the whole
        can it be said what it should be.
        """
        if blame.scale == 1 or blame.site.kind not in CONTAINED:
            return None
        owners = {id(e.owner) for e in blame.events}
        for suspect in doubtful:
            if suspect.time > blame.events[-1].time and owners & {id(e.owner) for e in suspect.events}:
                for other in self.trials.tried(suspect, fixed, wrong, True):
                    if len(other.results) == len(wrong) and other.scale == 1:
                        return other
        return None

    def misplaced(
        self, blame: Blame, doubtful: list[Suspect], fixed: Mapping[Site, Override], wrong: set[int]
    ) -> Blame | None:
        """An earlier line that holds the gradient of something else, if that explains all."""
        start = min((e.time for e in blame.events), default=0)
        first = min((s.time for s in self.suspects if s.site is blame.site), default=0)
        for suspect in reversed(self.suspects):
            is_later = self.suspicion.first_doubt(suspect) < start or suspect.time > first
            is_tried = suspect in doubtful and is_later
            if is_tried or suspect.time >= start or suspect.site in fixed or len(suspect.events) > 20:
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
            for other in self.trials.tried(suspect, fixed, wrong, False):
                is_earlier = any(e.time < start for e in other.events)
                if len(other.results) == len(wrong) and is_earlier and not is_multiple(other):
                    is_part = self.suspicion.is_exact(suspect)
                    return self.assigned(other, fixed, wrong) if is_part else self.origin(other, fixed, wrong)
        return None

    def is_start(self, suspect: Suspect) -> bool:
        """Whether a line makes the gradient of the loss with respect to itself, which is 1."""
        root = self.known.forward.root
        return all(any(m.label.node is root and m.scale == 1 for m in ms) for ms in suspect.matches)

    def misused(self, blame: Blame, fixed: Mapping[Site, Override], wrong: set[int]) -> Blame | None:
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
            for other in self.trials.tried(suspect, fixed, wrong, True):
                if (
                    len(other.results) == len(wrong)
                    and other.family is not None
                    and other.family.kind == "value"
                ):
                    return other
        return None

    def mistaken(
        self, blame: Blame, suspect: Suspect, fixed: Mapping[Site, Override], wrong: set[int]
    ) -> Blame | None:
        """What a helper was given where it went wrong, if it is right where other lines call it."""
        blamed = {e.n for e in blame.events}
        others = [e for e in suspect.events if e.n not in blamed]
        depth = min(len(e.calls) for e in suspect.events) if others else 0
        for level in range(depth):
            places = {e.calls[level] for e in suspect.events if e.n in blamed}
            if len(places) > 1 or places & {e.calls[level] for e in others}:
                continue
            for given in self.suspects:
                if given.site.kind == "argument" and (given.site.filename, given.site.lineno) in places:
                    for other in self.trials.tried(given, fixed, wrong, True):
                        if len(other.results) == len(wrong):
                            return other
        return None

    def origin(self, blame: Blame, fixed: Mapping[Site, Override], wrong: set[int]) -> Blame:
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
            if len(pairs) != len(blame.events) or self.did_its_part(suspect, [pairs[0][0]]):
                continue
            values = {first.n: blame.values[event.n] for first, event in pairs}
            flags, _ = self.bench.flags({**fixed, suspect.site: putting(values)})
            if all(flags[i] for i in wrong):
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

    def received(
        self, blame: Blame, suspect: Suspect, fixed: Mapping[Site, Override], wrong: set[int]
    ) -> Blame | None:
        """The line that takes what a helper returned, if the helper did its part."""
        site = blame.site
        is_returned = site.kind in ("return", "element") and not is_multiple(blame)
        if not is_returned or not self.did_its_part(suspect, blame.events):
            return None
        held = [e.value for e in blame.events]
        for other in self.suspects:
            is_call_of_it = other.site.kind == "assign" and other.site.function != site.function
            if not is_call_of_it or other.time < suspect.time or not is_call(other.site):
                continue
            if any(same_value(e.value, v) for e in other.events for v in held):
                ways = self.trials.tried(other, fixed, wrong, True)
                found = next((way for way in ways if len(way.results) == len(wrong)), None)
                if found is None or not self.suspicion.is_exact(other, {e.n for e in found.events}):
                    return found
                return self.handed_on(found, fixed, wrong)
        return None

    def did_its_part(self, suspect: Suspect, made: list[Event]) -> bool:
        """Whether what a helper returned is the gradient of something that forward made, and not handed in.

        Then what is missing is missing in the line that called it: a scale, the slope of an activation.  But
        one that never reads what it was given has not done its part, nor has one that computes the loss
        too and returns another multiple of its gradient.
        """
        if is_unread(suspect.site) or self.makes_the_loss(suspect):
            return False
        given = [e for s in self.suspects if s.site.kind == "argument" for e in s.events]
        for event in made:
            matches = self.suspicion.matches(event.value)
            is_gradient = any(
                m.label.kind == "gradient" and m.scale > 0 and m.form == "same"
                and m.label.node in self.known.forward.names
                for m in matches
            )  # fmt: skip
            is_gradient = is_gradient or self.known.is_partial(event.value)
            handed_in = (e.value for e in given if e.time < event.time)
            if not is_gradient or any(same_value(event.value, v) for v in handed_in):
                return False
        return bool(made)

    def makes_the_loss(self, suspect: Suspect) -> bool:
        """Whether the function of a line computes a loss too: of that it should return the gradient."""
        loss = self.known.forward.root.data
        own = (e for e in self.events if e.site.function == suspect.site.function and np.size(e.value) == 1)
        return any(near(np.reshape(e.value, np.shape(loss)), loss) for e in own)

    def assigned(self, blame: Blame, fixed: Mapping[Site, Override], wrong: set[int]) -> Blame:
        """The line that put under a name what a blamed line only returns, unless it comes from a call."""
        if blame.site.kind != "return" or not blame.site.name:
            return blame
        for suspect in reversed(self.suspects):
            is_here = suspect.site.function == blame.site.function and suspect.site.name == blame.site.name
            if suspect.site.kind != "assign" or not is_here or is_call(suspect.site):
                continue
            for other in self.trials.tried(suspect, fixed, wrong, False):
                if len(other.results) == len(wrong):
                    return other
        return blame

    def handed_on(self, blame: Blame, fixed: Mapping[Site, Override], wrong: set[int]) -> Blame:
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
            if found is None and held and is_whole:
                ways = self.trials.tried(suspect, fixed, wrong, True)
                found = next((other for other in ways if len(other.results) == len(wrong)), None)
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
        return event.n in blame.values and any(
            e.name == event.name and near(e.value + event.value, blame.values[event.n])
            for e in self.events[: event.time]
            if e.site.function == event.site.function and np.shape(e.value) == np.shape(event.value)
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

    def first_alike(self, blame: Blame, fixed: Mapping[Site, Override], wrong: set[int]) -> Blame:
        """The first line of the same function that made the same values, if it can be blamed as well."""
        for suspect in self.suspects:
            if suspect.site is blame.site:
                return blame
            same = {id(e.owner) for e in suspect.events} >= {id(e.owner) for e in blame.events}
            if same and suspect.site.function == blame.site.function:
                for other in self.trials.tried(suspect, fixed, wrong, False):
                    if len(other.results) == len(wrong):
                        return other
        return blame

    def last_of(self, result: Result) -> Blame | None:
        """The line that a result was last made by, if nothing else explains it."""
        made = [e for e in self.events if e.owner is result.owner] or [
            e for e in self.events if same_value(e.value, result.value)
        ]
        is_left_alone = result.kind == "update" and not any(e.site.kind in CONTAINED for e in made)
        if not made or is_left_alone:
            return None
        changes = [e for e in made if e.site.kind in CONTAINED]
        event = changes[-1] if changes else made[0]
        values = {event.n: result.scale * result.true} if result.true is not None else {}
        family = Family("gradient", result.name, (result.true,), (result.node,)) if result.node else None
        return Blame(
            event.site,
            [event],
            values,
            family,
            {event.n: result.node},
            result.scale,
            [result],
            is_explained=False,
        )


def is_multiple(blame: Blame) -> bool:
    """Whether what should be there is a constant times what is: that may be missing in a later line too."""
    return all(e.n not in blame.values or ratio(e.value, blame.values[e.n]) is not None for e in blame.events)
