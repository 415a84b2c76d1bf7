"""Which line is to blame: with the engine's value in its place, all results that it reaches are right."""

from __future__ import annotations

import ast
import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..diagnose.case import Guess
from ..diagnose.constants import is_named, lengths
from ..match.known import Family, Match
from ..match.names import is_called_gradient
from ..match.near import near
from ..match.results import Result
from ..observe.patch import Patch, statements_around
from ..observe.record import Event, Override
from ..observe.rewrite import Site, span_of
from .bench import Bench, putting

MOST_MISTAKES = 5
MOST_TRIALS = 250  # of one line
MOST_OF_NUMBERS = 60  # of a line that makes single numbers, which are like many others
MOST_GIVEN = 4  # arguments of a helper that are looked at
CONTAINED = ("change", "entry")


@dataclass(slots=True, eq=False)
class Suspect:
    """A site with the values that it made: those that count, of an array that is added to the last."""

    site: Site
    events: list[Event]
    matches: list[list[Match]] = field(default_factory=list)
    before: dict[int, int] = field(default_factory=dict)  # of a round, the last that changed the same array

    @property
    def time(self) -> int:
        return self.events[0].time

    def holding(self, values: Mapping[int, Any]) -> Override:
        """What lets the site hold some values: an array that is changed again and again, from the first on."""
        earlier = {n: values[last] for n, last in self.before.items() if last in values}
        return putting({**earlier, **values})


@dataclass(slots=True, eq=False)
class Blame:
    """A site that is to blame, and what should be there instead.

    values   by the number of the round; only where the user's own differ from them
    family   what of the engine's they are
    results  the results that become right by that
    """

    site: Site
    events: list[Event]
    values: dict[int, Any]
    family: Family | None
    nodes: dict[int, Any]
    scale: float
    results: list[Result]
    guess: Guess | None = None
    change: Override | None = None
    patch: Patch | None = None
    is_explained: bool = True

    @property
    def override(self) -> Override:
        """What puts things right."""
        return self.change or putting(self.values)


def suspects_in(events: list[Event]) -> list[Suspect]:
    """The sites at which values were made, in the order in which they first did."""
    by_site: dict[Site, list[Event]] = defaultdict(list)
    for event in events:
        by_site[event.site].append(event)
    found = []
    for site, made in by_site.items():
        before: dict[int, int] = {}
        if site.kind in CONTAINED:
            last = {id(e.owner) if type(e.owner) is np.ndarray else e.n: e for e in made}
            before = {e.n: last[id(e.owner)].n for e in made if id(e.owner) in last}
            made = list(last.values())
        found.append(Suspect(site, made, before=before))
    return found


class Locator:
    """The search for the lines that are to blame."""

    def __init__(self, bench: Bench, events: list[Event], settings: tuple[str, Any]) -> None:
        self.bench, self.known, self.events, self.settings = bench, bench.known, events, settings
        self.results = {id(r.owner): r for r in bench.results if type(r.owner) is np.ndarray}
        self.right = {id(r): ok for r, ok in zip(bench.results, bench.flags({})[0], strict=True)}
        self.later_names = {id(e.owner): e.name for e in events if e.name and e.site.kind == "assign"}
        self.look_at(events)

    def look_at(self, events: list[Event]) -> None:
        """The sites that may be to blame, with what their values are; none of those that made the loss."""
        places = self.known.forward.places
        self.suspects = [s for s in suspects_in(events) if (s.site.filename, s.site.span) not in places]
        for suspect in self.suspects:
            suspect.matches = [self.known.matches(np.asarray(e.value)) for e in suspect.events]

    # Which values are above suspicion

    def is_fine(self, suspect: Suspect) -> bool:
        """Whether all values of a site are what they are called, or something else that the engine knows."""
        return all(self.is_fine_event(e, m) for e, m in zip(suspect.events, suspect.matches, strict=True))

    def first_doubt(self, suspect: Suspect) -> int:
        """When a site first made a value that is not above suspicion."""
        pairs = zip(suspect.events, suspect.matches, strict=True)
        return min((e.time for e, m in pairs if not self.is_fine_event(e, m)), default=suspect.time)

    def is_fine_event(self, event: Event, matches: list[Match]) -> bool:
        if np.size(event.value) == 0 or not np.any(event.value) or event.value.dtype.kind == "i":
            return True
        named = [n for n in self.named(event) if np.shape(self.known.truth[n]) == np.shape(event.value)]
        own = [
            m for m in matches if m.label.node in named and m.label.kind == "gradient" and m.form == "same"
        ]
        result = self.results.get(id(event.owner))
        if any(m.scale == 1 for m in own) and (result is None or result.node not in named):
            return True
        is_result = result is not None and result.is_in(event.value)
        if is_result and not (self.right[id(result)] and self.carries_a_constant(result)):
            return self.right[id(result)]
        if named:
            return any(m.scale == 1 for m in own)
        exact = {m.label.kind for m in matches if m.form == "same" and m.scale == 1}
        if "gradient" in exact or self.is_forwards(event, matches):
            return True
        gradients = any(m.label.kind == "gradient" and m.form == "same" for m in matches)
        return not gradients and "value" in exact

    def is_forwards(self, event: Event, matches: list[Match]) -> bool:
        """Whether a value is one of the forward pass', and goes by its name or by that of no gradient."""
        own = [m.label.node for m in matches if m.label.kind == "value" and m.scale == 1 and m.form == "same"]
        names = self.known.forward.names
        return bool(own) and (
            not is_called_gradient(event.name) or any(names.get(n) == event.name for n in own)
        )

    def carries_a_constant(self, result: Any) -> bool:
        """Whether a result that passes is a constant multiple of the gradient."""
        return result.kind != "update" and not near(result.value, result.true)

    def named(self, event: Event) -> list[Any]:
        """The nodes whose gradients the name of a value says it is."""
        name = event.name if event.site.kind != "argument" else ""
        return [n for n in self.known.called(name, *self.settings) if n in self.known.truth] if name else []

    # What may stand in the place of a value

    def trials(self, suspect: Suspect, wide: bool) -> Iterator[tuple[Family, dict[int, Any], dict[int, Any]]]:
        """Families of the engine's values that fit a site, with a value and a node for each round."""
        events = suspect.events
        shapes = [np.shape(e.value) for e in events]
        fine = [self.is_fine_event(e, m) for e, m in zip(events, suspect.matches, strict=True)]
        recognised = all(fine)
        named = {n for e in events for n in self.named(e)}
        families = self.known.families if wide else [*self.known.gradient_families, *self.known.passed]
        own = [f for f in families if named and set(f.nodes) <= named]
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
        for family in (*own, *families):
            if family.kind == "share" and len(events) > 1 and all(holds(family, e.value) for e in events):
                continue  # they are its members already, and a sum is the same in any order
            ways = alignments(len(events), len(family.values))
            if family in own and len(events) > 1:  # what a loop replaces: only the last round counts
                ways = itertools.chain(ways, ([(len(events) - 1, j)] for j in range(len(family.values))))
            for chosen in ways:
                key = family.kind, tuple((i, id(family.values[j])) for i, j in chosen)
                if key in seen:
                    continue
                seen.add(key)
                if not recognised:  # what is right in some rounds stays
                    chosen = [(i, j) for i, j in chosen if not fine[i]]
                pairs = [(events[i], family.values[j], family.nodes[j]) for i, j in chosen]
                fits = [np.shape(v) == shapes[i] for (i, _), (_, v, _) in zip(chosen, pairs, strict=True)]
                is_own = family in own and family.kind == "gradient" and suspect.site.kind != "share"
                if not all(fits) and not (is_own and len(events) == len(chosen)):
                    continue
                yield family, {e.n: v for e, v, _ in pairs}, {e.n: n for e, _, n in pairs}

    def by_argument(self, suspect: Suspect) -> Iterator[tuple[Family, dict[int, Any], dict[int, Any]]]:
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
        return [m.label.node for m in matches if m.label.kind == "value" and m.scale == 1 and m.form == "same"]

    def without_constants(self, suspect: Suspect) -> tuple[Family, dict[int, Any], dict[int, Any]] | None:
        """The gradients of which a site's values are constant multiples."""
        chosen: dict[int, Match] = {}
        for event, matches in zip(suspect.events, suspect.matches, strict=True):
            scaled = [m for m in matches if m.label.kind == "gradient" and m.form == "same"]
            named = self.named(event)
            scaled.sort(key=lambda m: m.label.node not in named)  # sorted at once
            if scaled and scaled[0].scale != 1:
                chosen[event.n] = scaled[0]
        if not chosen:
            return None
        nodes = {n: m.label.node for n, m in chosen.items()}
        values = {n: self.known.truth[node] for n, node in nodes.items()}
        return Family("gradient", "", tuple(values.values()), tuple(nodes.values())), values, nodes

    # Trying

    def tried(
        self, suspect: Suspect, fixed: Mapping[Site, Override], wrong: set[int], wide: bool
    ) -> Iterator[Blame]:
        """All ways to blame a site, each with the results that it makes right."""
        most = MOST_OF_NUMBERS if np.ndim(suspect.events[0].value) == 0 else MOST_TRIALS
        for family, values, nodes in itertools.islice(self.trials(suspect, wide), most):
            if self.bench.is_over:
                return
            own = {e.n: e.value for e in suspect.events}
            if all(near(own[n], v) for n, v in values.items()):
                continue
            scale = 1.0
            for turn in range(2):
                scaled = {n: scale * v for n, v in values.items()} if turn else values
                flags, _ = self.bench.flags({**fixed, suspect.site: suspect.holding(scaled)})
                if turn == 0:
                    scale = self.scale_for(family, flags) if self.is_marked(suspect) else 1.0
                mended = {i for i in wrong if flags[i]}
                if mended and all(flags[i] for i in range(len(flags)) if i not in wrong):
                    differing = {n: v for n, v in scaled.items() if not near(own[n], v)}
                    yield Blame(
                        suspect.site, [e for e in suspect.events if e.n in differing], differing, family,
                        nodes, scale if turn else 1.0, [self.bench.results[i] for i in sorted(mended)],
                        change=suspect.holding(scaled) if suspect.before else None,
                    )  # fmt: skip
                    break
                if scale == 1:
                    break

    def in_parts(self, before: Blame) -> Blame | None:
        """The line of a sum to which others are added later, such as penalties, if it can be told what it lacks.

        That is the gradient without what comes back by one use of the variable, times a size of the data if
        later lines divide by it.
        """
        wrong = {i for i, ok in enumerate(self.bench.flags({})[0]) if not ok}
        owners = {id(e.owner) for e in before.events} | {id(r.owner) for r in before.results}
        names = {e.name for e in before.events}
        sizes = [1, *lengths(self.known.forward)]
        for suspect in reversed(self.suspects):
            event = suspect.events[-1]
            is_sum = suspect.site.kind in CONTAINED and len(suspect.events) == 1
            if not is_sum or suspect.site is before.site or not self.reaches(suspect, wrong):
                continue
            if id(event.owner) not in owners and event.name not in names:
                continue
            for family, c in itertools.product(self.known.partials, sizes):
                if np.shape(family.values[0]) != np.shape(event.value):
                    continue
                values = {event.n: c * family.values[0]}
                override = suspect.holding(values)
                if all(self.bench.flags({suspect.site: override})[0]):
                    return Blame(
                        suspect.site, [event], values, family, {}, 1.0, before.results, change=override
                    )  # fmt: skip
        return None

    def is_marked(self, suspect: Suspect) -> bool:
        """Whether a site's values go by the name of a gradient, or are added to one."""
        event = suspect.events[0]
        name = event.name or self.later_names.get(id(event.owner), "")
        return suspect.site.kind == "share" or is_called_gradient(name) or self.bench.common is not None

    def scale_for(self, family: Family, flags: list[bool]) -> float:
        """The constant that a gradient must carry for all to be right, if it has a name; or 1."""
        if all(flags) or family.kind not in ("gradient", "share"):
            return 1.0
        c = self.bench.common_ratio(flags)
        if c is None or not (self.bench.common or is_named(1 / c, self.known.forward)):
            return 1.0
        return 1 / c

    def blamed(self) -> list[Blame]:
        """The fewest lines that make all results right, each the earliest that does."""
        bench = self.bench
        flags, _ = bench.flags({})
        wrong = {i for i, flag in enumerate(flags) if not flag}
        fixed: dict[Site, Override] = {}
        found: list[Blame] = []
        for _ in range(MOST_MISTAKES):
            best = self.best(fixed, wrong)
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
        doubtful = [s for s in self.suspects if s.site not in fixed and not self.is_fine(s)]
        doubtful.sort(key=self.first_doubt)
        for suspect in (s for s in doubtful if self.reaches(s, wrong)):
            for blame in self.tried(suspect, fixed, wrong, True):
                if len(blame.results) == len(wrong):
                    if (final := self.completed(blame, doubtful, fixed, wrong)) is not None:
                        return final
                    other = self.misplaced(blame, doubtful, fixed, wrong) or self.misused(blame, fixed, wrong)
                    if other is None and self.is_exact(suspect, {e.n for e in blame.events}):
                        return self.handed_on(blame, fixed, wrong)
                    return other or self.origin(blame, fixed, wrong)
                if best is None or len(blame.results) > len(best.results):
                    best = blame
        if len(wrong) > 1 or best is None:
            others = [s for s in self.suspects if s.site not in fixed and s not in doubtful]
            for suspect in (s for s in reversed(others) if self.reaches(s, wrong)):
                for blame in self.tried(suspect, fixed, wrong, False):
                    if len(blame.results) == len(wrong):
                        return blame if self.is_exact(suspect) else self.first_alike(blame, fixed, wrong)
        for suspect in (s for s in doubtful if not self.reaches(s, wrong) and self.bench.reached(s.site) & wrong):
            for blame in self.tried(suspect, fixed, wrong, True):
                if best is None or len(blame.results) > len(best.results):
                    best = blame
        return best

    def reaches(self, suspect: Suspect, wrong: set[int]) -> bool:
        """Whether a site has a part in all results that are wrong."""
        return wrong <= self.bench.reached(suspect.site)

    def completed(
        self, blame: Blame, doubtful: list[Suspect], fixed: Mapping[Site, Override], wrong: set[int]
    ) -> Blame | None:
        """The line that leaves an array as a gradient, if what is blamed would hold a multiple of that before.

        What a sum lacks by then may be added to it later, and is not to be multiplied: only of the whole
        can it be said what it should be.
        """
        if blame.scale == 1 or blame.site.kind not in CONTAINED:
            return None
        owners = {id(e.owner) for e in blame.events}
        for suspect in doubtful:
            if suspect.time > blame.events[-1].time and owners & {id(e.owner) for e in suspect.events}:
                for other in self.tried(suspect, fixed, wrong, True):
                    if len(other.results) == len(wrong) and other.scale == 1:
                        return other
        return None

    def misplaced(
        self, blame: Blame, doubtful: list[Suspect], fixed: Mapping[Site, Override], wrong: set[int]
    ) -> Blame | None:
        """An earlier line that holds the gradient of something else, if that explains all."""
        start = min((e.time for e in blame.events), default=0)
        for suspect in reversed(self.suspects):
            if (
                suspect in doubtful
                or suspect.time >= start
                or suspect.site in fixed
                or len(suspect.events) > 20
            ):
                continue
            if any(self.named(e) for e in suspect.events) or not self.is_a_gradient(suspect):
                continue
            if any(same_value(a.value, b.value) for a in suspect.events for b in blame.events):
                continue
            for other in self.tried(suspect, fixed, wrong, False):
                if len(other.results) == len(wrong):
                    return other
        return None

    def misused(self, blame: Blame, fixed: Mapping[Site, Override], wrong: set[int]) -> Blame | None:
        """What a helper was given, if another value of forward there explains all that it made."""
        if blame.site.kind != "return" or blame.family is None or blame.family.kind not in ("value", "slope"):
            return None
        start = min(e.time for e in blame.events)
        for suspect in self.suspects:
            near_by = [e for e in suspect.events if start - 4 <= e.time < start]
            if suspect.site.kind != "argument" or not near_by or suspect.site.function == blame.site.function:
                continue
            for other in self.tried(suspect, fixed, wrong, True):
                if (
                    len(other.results) == len(wrong)
                    and other.family is not None
                    and other.family.kind == "value"
                ):
                    return other
        return None

    def origin(self, blame: Blame, fixed: Mapping[Site, Override], wrong: set[int]) -> Blame:
        """The line of a helper that made the array that is blamed, if that was only handed on."""
        for suspect in self.suspects:
            if (
                suspect.site is blame.site
                or suspect.site.kind != "return"
                or suspect.site.function == blame.site.function
                or suspect.time >= blame.events[0].time
            ):
                continue
            pairs = [
                (first, event)
                for event in blame.events
                for first in suspect.events
                if first.owner is event.owner and same_value(first.value, event.value)
            ]
            if len(pairs) != len(blame.events):
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

    def handed_on(self, blame: Blame, fixed: Mapping[Site, Override], wrong: set[int]) -> Blame:
        """The last line that holds what is blamed, if that is right as a part: there the rest should be added.

        It is one that only returns it, if what it returns comes from a call.
        """
        returned: Blame | None = None
        for suspect in reversed(self.suspects):
            found: Blame | None = blame if suspect.site is blame.site else None
            held = [e for e in suspect.events if any(same_value(e.value, b.value) for b in blame.events)]
            if found is None and held and suspect.site.kind in ("assign", "return", "element", "change"):
                ways = self.tried(suspect, fixed, wrong, True)
                found = next((other for other in ways if len(other.results) == len(wrong)), None)
            if found is None:
                continue
            if suspect.site.kind != "return":
                return returned if returned is not None and is_call(suspect.site) else found
            returned = returned or found
        return returned or blame

    def is_exact(self, suspect: Suspect, rounds: set[int] | None = None) -> bool:
        """Whether a site made what the engine knows: as such it is right, and wrong is only where it went."""
        return all(
            self.is_right_part(event, matches)
            for event, matches in zip(suspect.events, suspect.matches, strict=True)
            if np.any(event.value) and (rounds is None or event.n in rounds)
        )

    def is_right_part(self, event: Event, matches: list[Match]) -> bool:
        """Whether a value is one of the engine's, and a contribution to what it is called."""
        exact = [m for m in matches if m.scale == 1 and m.form == "same"]
        named = self.named(event)
        return any(m.label.node in named for m in exact) if named else bool(exact)

    def is_a_gradient(self, suspect: Suspect) -> bool:
        pairs = zip(suspect.events, suspect.matches, strict=True)
        return any(m and m[0].label.kind == "gradient" and not self.is_forwards(e, m) for e, m in pairs)

    def first_alike(self, blame: Blame, fixed: Mapping[Site, Override], wrong: set[int]) -> Blame:
        """The first line of the same function that made the same values, if it can be blamed as well."""
        for suspect in self.suspects:
            if suspect.site is blame.site:
                return blame
            same = {id(e.owner) for e in suspect.events} >= {id(e.owner) for e in blame.events}
            if same and suspect.site.function == blame.site.function:
                for other in self.tried(suspect, fixed, wrong, False):
                    if len(other.results) == len(wrong):
                        return other
        return blame

    def last_of(self, result: Result) -> Blame | None:
        """The line that a result was last made by, if nothing else explains it."""
        made = [e for e in self.events if e.owner is result.owner] or [
            e for e in self.events if same_value(e.value, result.value)
        ]
        if not made:
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


def is_call(site: Site) -> bool:
    """Whether a line takes what a call returns as it is."""
    statement = next((s for s in statements_around(site.filename, site.statement) if span_of(s) == site.statement), None)
    return isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call)


MOST_BLOCKS = 30


def in_blocks(rounds: int, members: int) -> Iterator[list[tuple[int, int]]]:
    """The same where both come in blocks, of one sample each: backwards within these, or forwards."""
    for blocks in range(2, min(rounds, members, MOST_BLOCKS) + 1):
        if rounds % blocks or members % blocks or rounds == blocks:
            continue
        own, theirs = rounds // blocks, members // blocks
        for last in dict.fromkeys((theirs - 1, own - 1, theirs - 2)):
            if own - 1 <= last < theirs:
                yield [(s * own + i, s * theirs + last - i) for s in range(blocks) for i in range(own)]
        if own == theirs:
            yield [(s * own + i, s * theirs + i) for s in range(blocks) for i in range(own)]


def holds(family: Family, value: Any) -> bool:
    """Whether a value is a member of a family."""
    return any(near(value, member) for member in family.values)


def same_value(a: Any, b: Any) -> bool:
    return np.shape(a) == np.shape(b) and bool(np.array_equal(a, b, equal_nan=True))


def alignments(rounds: int, members: int) -> Iterator[list[tuple[int, int]]]:
    """Which member of a family each round may belong to: backwards or forwards, one left over at an end."""
    if rounds == 1:
        for j in range(members - 1, -1, -1):
            yield [(0, j)]
        return
    yield from in_blocks(rounds, members)
    if abs(rounds - members) > 1 and not (members > rounds):
        return
    both = min(rounds, members)
    for shift in dict.fromkeys((0, rounds - both)):
        for offset in dict.fromkeys((members - both, 0)):
            yield [(shift + i, offset + both - 1 - i) for i in range(both)]
            yield [(shift + i, offset + i) for i in range(both)]
    if rounds == members and rounds > 2:
        yield [(i, members - i) for i in range(1, rounds)]
        yield [(i, members - 2 - i) for i in range(rounds - 1)]
