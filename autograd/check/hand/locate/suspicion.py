"""Which values are above suspicion: those that are what they are called, or else what the engine knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import islice
from math import isclose
from typing import Any

import numpy as np

from ....engine import LEAF, Node
from ..diagnose.repair import is_of_itself
from ..match.known import Match
from ..match.names import is_called_gradient, stems
from ..match.near import DIGITS, largest, near, ratio
from ..observe.probes.record import Event
from .bench import Bench
from .forms import is_product, is_unread
from .suspects import CONTAINED, Suspect, is_made_in_a_call, same_value, suspects_in

MOST_OTHERS = 20  # values of one name that are looked at


def goes_back(function: str) -> bool:
    """Whether a function is a backward pass, by its name."""
    return any(word in function.lower() for word in ("back", "bwd", "grad"))


def where(event: Event) -> tuple[str, str]:
    """File and name of the function that a value was made in."""
    return event.site.filename, event.site.function


def grouped(events: Iterable[Event], key: Callable[[Event], Any]) -> dict[Any, list[Event]]:
    """Events by something that some have in common."""
    found: dict[Any, list[Event]] = {}
    for event in events:
        found.setdefault(key(event), []).append(event)
    return found


class Suspicion:
    """What speaks for a value: its numbers, its name, and the results that it is."""

    def __init__(self, bench: Bench, settings: tuple[str, Any], events: list[Event]) -> None:
        self.bench, self.known, self.settings, self.events = bench, bench.known, settings, events
        self.exact: dict[int, set[Any]] = {}
        owned = [
            r for r in bench.results if r.node is not None and isinstance(r.owner, np.ndarray | np.floating)
        ]
        self.results = {id(r.owner): r for r in owned}
        asked = {r.node for r in bench.results}
        self.unasked = {n for n in self.known.truth if n.op is LEAF and n not in asked}
        for node in self.known.forward.order:  # a sample of the targets is as little asked of as they are
            if node.op is not LEAF and all(p in self.unasked for p in node.parents if p is not None):
                self.unasked.add(node)
        self.right = {id(r): ok for r, ok in zip(bench.results, bench.flags({})[0], strict=True)}
        self.later_names = {id(e.owner): e.name for e in events if e.name and e.site.kind == "assign"}

    def is_fine(self, suspect: Suspect) -> bool:
        """Whether all values of a site are what they are called, or something else that the engine knows.

        What goes by the name of a gradient and is a product is not 0 in each of several rounds.
        """
        values = [e.value for e in suspect.events]
        is_product_of_rounds = len(values) > 1 and is_called_gradient(suspect.site.name)
        if is_product_of_rounds and not any(map(np.any, values)) and is_product(suspect.site):
            return False
        return all(self.is_fine_event(e, m) for e, m in zip(suspect.events, suspect.matches, strict=True))

    @cached_property
    def forwards(self) -> set[tuple[str, str]]:
        """The functions that make what the loss is made of, and no gradient."""
        places = self.known.forward.places
        own = {where(e) for e in self.events if (e.site.filename, e.site.span) in places}
        inside = (e for e in self.events if where(e) in own)
        return own - {
            where(e) for e in inside if self.named(e) or self.known.is_multiple_of_a_gradient(e.value)
        }

    def is_of_forward(self, suspect: Suspect) -> bool:
        """Whether a line is of the forward pass alone."""
        return where(suspect.events[0]) in self.forwards

    def first_doubt(self, suspect: Suspect) -> int:
        """When a site first made a value that is not above suspicion."""
        pairs = zip(suspect.events, suspect.matches, strict=True)
        return min((e.time for e, m in pairs if not self.is_fine_event(e, m)), default=suspect.time)

    def is_fine_event(self, event: Event, matches: list[Match]) -> bool:
        """Whether one value is above suspicion."""
        if np.size(event.value) == 0 or event.value.dtype.kind == "i":
            return True
        if not np.any(event.value):
            return not self.should_be_more(event)
        if np.size(event.value) > 1 and np.all(event.value == 1) and not is_called_gradient(event.name):
            return True  # as a factor it changes nothing
        named = [n for n in self.named(event) if np.shape(self.known.truth[n]) == np.shape(event.value)]
        own = [
            m for m in matches if m.label.node in named and m.label.kind == "gradient" and m.form == "same"
        ]
        if event.site.kind == "share" and event.site.statement in self.finished:
            return True
        result = self.results.get(id(event.owner))
        if any(m.scale == 1 for m in own) and (result is None or result.node not in named):
            return True
        is_result = result is not None and result.is_in(event.value)
        if is_result and not (self.right[id(result)] and self.carries_a_constant(result)):
            return self.right[id(result)]
        if self.is_completed(event, matches):
            return True
        gradients = [m for m in matches if m.label.kind == "gradient" and m.form == "same"]
        if any(round(m.scale, DIGITS) in self.carried for m in (own if named else gradients)):
            return True
        if named:
            return any(m.scale == 1 for m in own)
        exact = {m.label.kind for m in matches if m.form == "same" and m.scale == 1}
        if "gradient" in exact or self.is_forwards(event, matches):
            return True
        if is_called_gradient(event.name):
            return False
        if "value" in exact or gradients:
            return not gradients
        is_returned = event.site.kind in ("return", "element")
        is_slope = self.known.is_slope(event.value) and not (is_returned and is_unread(event.site))
        return is_slope and not self.is_elsewhere_a_gradient(event)

    @cached_property
    def carried(self) -> set[float]:
        """The constants that gradients carry on their way to results that are right, and are rid of later."""
        nodes = {i: r.node for i, r in enumerate(self.bench.results)}
        finals = {i for i, n in nodes.items() if n is not None and n.op is LEAF and self.is_more_than_0(n)}
        found = set()
        for suspect in suspects_in(self.events):
            if len(suspect.events) > 1 or suspect.site.kind != "assign":
                continue
            event = suspect.events[0]
            named = self.named(event)
            same = [m for m in self.matches(event.value) if m.form == "same"]
            matches = [m for m in same if m.label.node in named]
            if not matches and is_called_gradient(event.name):  # `dZ` may be of ZL, and Z another variable
                matches = [m for m in same if m.label.kind == "gradient"]
            scales = {round(m.scale, DIGITS) for m in matches if m.scale > 0 and m.scale != 1}
            if scales and (self.bench.reached(suspect.site) & finals) - self.bench.wrong:
                found |= scales
        return found

    def is_more_than_0(self, node: Node) -> bool:
        """Whether a gradient is more than rounding: 0 is any number times what it should be."""
        return largest(self.known.truth[node]) > self.known.rounding(node)

    @cached_property
    def finished(self) -> set[Any]:
        """The statements that add to arrays which end up as gradients: what they add is right."""
        found: dict[Any, list[bool]] = {}
        for suspect in (s for s in suspects_in(self.events) if s.site.kind == "change"):
            for event in suspect.events:
                matches = self.matches(event.value)
                is_whole = any(
                    m.label.kind == "gradient" and m.scale == 1 and m.form == "same" for m in matches
                )
                found.setdefault(suspect.site.statement, []).append(is_whole)
        return {statement for statement, whole in found.items() if all(whole)}

    def should_be_more(self, event: Event) -> bool:
        """Whether a zero is the product of something, and all that its name says it may be is more."""
        truths = [self.known.truth[n] for n in self.named(event)]
        alike = [g for g in truths if np.shape(g) == np.shape(event.value)]
        is_made = event.site.kind == "assign" and is_product(event.site)
        return is_made and bool(alike) and all(map(np.any, alike))

    def matches(self, value: Any) -> list[Match]:
        """What a value is; where it is a wanted gradient with the other sign, no gradient that nobody wants.

        `y - out` is the gradient of the target `y`, and of what has no name, where `out - y` is the output's.
        """
        found = self.known.matches(np.asarray(value))
        names = self.known.forward.names.keys() - self.unasked
        wanted = [m.scale for m in found if m.label.kind == "gradient" and m.label.node in names]
        return [
            m
            for m in found
            if m.label.kind != "gradient"
            or m.label.node in names
            or m.scale in wanted
            or not any(isclose(c, -m.scale, rel_tol=1e-5) for c in wanted)
        ]

    def is_elsewhere_a_gradient(self, event: Event) -> bool:
        """Whether other lines put gradients under the same name: `d = W.T @ d * slope(a)`, beside `d = a`."""
        if event.site.kind != "assign":
            return False
        others = (
            e for e in self.events
            if (e.site.function, e.site.kind, e.name) == (event.site.function, "assign", event.name)
            and e.site is not event.site
        )  # fmt: skip
        matches = (self.known.matches(np.asarray(e.value)) for e in islice(others, MOST_OTHERS))
        return any(m.label.kind == "gradient" and m.form == "same" for found in matches for m in found)

    @cached_property
    def growing(self) -> set[tuple[str, str]]:
        """The functions and names of variables that are changed in place, or made of what they were."""
        sites = {e.site for e in self.events}
        return {(s.function, s.name) for s in sites if s.kind in CONTAINED or is_of_itself(s)}

    def goes_on(self, event: Event) -> bool:
        """Whether a line may add something to a variable later."""
        return (event.site.function, event.name) in self.growing

    def is_completed(self, event: Event, matches: list[Match]) -> bool:
        """Whether a multiple of a gradient becomes it later, in the same array or by the same name."""
        scaled = {
            m.label.node for m in matches if m.label.kind == "gradient" and m.scale != 1 and m.form == "same"
        }
        is_asked = bool(scaled) and event.site.kind != "argument"
        for later in self.akin_to(event) if is_asked else ():
            if later.time <= event.time:
                continue
            if id(later) not in self.exact:
                found = self.known.matches(np.asarray(later.value))
                self.exact[id(later)] = {
                    m.label.node
                    for m in found
                    if m.label.kind == "gradient" and m.scale == 1 and m.form == "same"
                }
            if scaled & self.exact[id(later)]:
                return True
        return False

    def akin_to(self, event: Event) -> Iterator[Event]:
        """The events of the same array, and those of the same name in the same function."""
        if type(event.owner) is np.ndarray:
            yield from self.by_owner.get(id(event.owner), ())
        yield from self.by_name.get((event.name, event.site.function), ())

    @cached_property
    def by_owner(self) -> dict[int, list[Event]]:
        """The events by the arrays that they are of."""
        return grouped(self.events, lambda e: id(e.owner))

    @cached_property
    def by_name(self) -> dict[tuple[str, str], list[Event]]:
        """The events by names, and the functions in which they are called so."""
        return grouped(self.events, lambda e: (e.name, e.site.function))

    def is_forwards(self, event: Event, matches: list[Match]) -> bool:
        """Whether a value is one of the forward pass', and goes by its name or by that of no gradient.

        What a function returns by whose name it is a backward pass, and is a multiple of a gradient, is none.
        """
        is_multiple = any(m.label.kind == "gradient" and m.form == "same" for m in matches)
        if is_multiple and event.site.kind in ("return", "element") and goes_back(event.site.function):
            return False
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

    def is_named_rightly(self, event: Event) -> bool:
        """Whether an array is what a line says that put it under a name, or changed it under that."""
        named = ("assign", "change", "entry")
        made = (e for e in self.events[: event.time] if e.owner is event.owner and e.site.kind in named)
        return any(near(e.value, self.known.truth[n]) for e in made for n in self.named(e))

    def is_exact(self, suspect: Suspect, rounds: set[int] | None = None) -> bool:
        """Whether a site made what the engine knows: as such it is right, and wrong is only where it went."""
        made = [
            self.is_right_part(event, matches)
            for event, matches in zip(suspect.events, suspect.matches, strict=True)
            if np.any(event.value) and (rounds is None or event.n in rounds)
        ]
        return bool(made) and all(made)

    def is_right_part(self, event: Event, matches: list[Match]) -> bool:
        """Whether a value is one of the engine's, and a contribution to what it is called."""
        exact = [m for m in matches if m.scale == 1 and m.form == "same"]
        named = {*self.named(event), *self.given_as(event)} if self.named(event) else set()
        names = self.known.forward.names
        return any(m.label.node in (named or names) for m in exact)

    def given_as(self, event: Event) -> Iterator[Node]:
        """What forward's functions were given under the name of what a helper makes the gradient of."""
        for (_, parameter), nodes in self.known.forward.given.items() if event.calls else ():
            if parameter in stems(event.name):
                yield from nodes

    def is_a_gradient(self, suspect: Suspect) -> bool:
        """Whether some of the values are gradients, and no values of forward."""
        pairs = zip(suspect.events, suspect.matches, strict=True)
        return any(m and m[0].label.kind == "gradient" and not self.is_forwards(e, m) for e, m in pairs)

    def is_marked(self, suspect: Suspect) -> bool:
        """Whether a site's values go by the name of a gradient, or are added to one."""
        event = suspect.events[0]
        name = event.name or self.later_names.get(id(event.owner), "")
        return suspect.site.kind == "share" or is_called_gradient(name) or self.bench.common is not None

    def is_of_a_variable(self, event: Event) -> bool:
        """Whether a value is the gradient of a variable, and does not go by the name of another one.

        It may carry a constant that others carry, too, and that is taken out later.
        """
        named, names = self.named(event), self.known.forward.names
        same = (m for m in self.matches(event.value) if m.label.kind == "gradient" and m.form == "same")
        exact = {m.label.node for m in same if m.scale == 1 or round(m.scale, DIGITS) in self.carried}
        return bool(exact & names.keys()) and (not named or not exact.isdisjoint(named))

    def did_its_part(self, suspect: Suspect, made: list[Event]) -> bool:
        """Whether what a helper returned is the gradient of something that forward made, and not handed in.

        Then what is missing is missing in the line that called it: a scale, the slope of an activation.  But
        one that never reads what it was given has not done its part, nor has one that computes the loss
        too and returns another multiple of its gradient, nor a layer's that returns what another layer owes.
        Of calls after the first that were given what is unknown nothing is asked; but then the others must
        have made all that comes back.
        """
        if is_unread(suspect.site) or self.makes_the_loss(suspect) or self.owes_more(suspect, made):
            return False
        places = self.known.forward.places
        given = [
            e
            for e in self.events
            if e.site.kind == "argument" and (e.site.filename, e.site.span) not in places
        ]
        asked = [e for i, e in enumerate(made) if i == 0 or not self.is_misled(e, given)]
        for event in asked:
            matches = self.matches(event.value)
            is_gradient = any(
                m.label.kind == "gradient" and m.scale > 0 and m.form == "same"
                and m.label.node in self.known.forward.names
                for m in matches
            )  # fmt: skip
            is_whole = self.known.is_whole(event.value, event.site.function)
            is_part = is_whole or (len(asked) == len(made) and self.known.is_partial(event.value))
            handed_in = (e.value for e in given if e.time < event.time)
            if not (is_gradient or is_part) or any(same_value(event.value, v) for v in handed_in):
                return False
        return bool(made)

    def is_misled(self, event: Event, given: list[Event]) -> bool:
        """Whether a helper was given an array that is no gradient, and no value of forward."""
        inside = (e for e in given if e.time < event.time and is_made_in_a_call(event, e.site))
        latest = {e.site: e for e in inside if np.ndim(e.value) and np.any(e.value)}
        found = (self.known.matches(np.asarray(e.value)) for e in latest.values())
        return not all(any(m.label.kind in ("gradient", "value") for m in own) for own in found)

    def owes_more(self, suspect: Suspect, made: list[Event]) -> bool:
        """Whether a layer returned nothing that comes back by its own calls in forward, nor a multiple."""
        owner, _, name = suspect.site.function.rpartition(".")
        if owner not in self.known.owed or not goes_back(name):
            return False
        owed = self.known.wholes(suspect.site.function)
        return bool(owner) and not any(ratio(e.value, v) for e in made for v in owed)

    def makes_the_loss(self, suspect: Suspect) -> bool:
        """Whether the function of a line computes the loss, too: then it owes the gradient of this."""
        loss = self.known.forward.root.data
        own = (e for e in self.events if e.site.function == suspect.site.function and np.size(e.value) == 1)
        return any(near(np.reshape(e.value, np.shape(loss)), loss) for e in own)
