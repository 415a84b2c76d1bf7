"""The names that one run gives: each value has the name that it still has at the end, or else had once."""

from __future__ import annotations

import ast
from bisect import bisect
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ....engine import LEAF, Node
from ....formulas.algebra.expressions import Expr, Ref, Words, name
from ....graph.scopes import source_of
from ....tensor import Tensor
from ..observe import Event, Run, Turns, identity
from .constants import Constants, Count
from .series import Series, series_of
from .variables import UNNAMED, Variable, held, singular
from .words import evaluated


@dataclass(slots=True)
class Names:
    """The names that one run gives.

    variables  the names of nodes, and of constant arrays by their identity
    exprs      the names of nodes, as expressions
    sources    where the value of a name is found: the number of an event, or the place where its words are
               evaluated
    constant   what the user calls numbers, and arrays that were not recorded
    aliases    other ways to the same value
    nameless   what stands for the names of values without one; `met` counts such values
    entries    the entries of each list of values, each with its identity and its name
    places     for each variable the lines in loops that give it a value
    """

    run: Run
    variables: dict[Any, Variable] = field(default_factory=dict)
    exprs: dict[Node, Expr] = field(default_factory=dict)
    sources: dict[Ref, Any] = field(default_factory=dict)
    constant: Constants = field(init=False)
    aliases: dict[Expr, list[Ref]] = field(default_factory=dict)
    nameless: set[str] = field(default_factory=set)
    met: Counter[tuple[str, Turns]] = field(default_factory=Counter)
    entries: dict[Ref, tuple[Any, Variable]] = field(default_factory=dict)
    places: dict[str, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Name the values of the run first, and then the constants, which may be parts of these."""
        self.constant = Constants(self.run, self.variables, self.sources)
        self.name_values()
        for node in self.run.order:
            if node in self.variables:
                self.exprs[node] = name(self.variables[node].ref, np.shape(node.data))
        for event in self.run.events:  # a mask needs no gradient, but has a name
            made = event.value.node if type(event.value) is Tensor else None
            if made is not None and not made.requires_grad and made.op is not LEAF:
                self.exprs[made] = name(self.variables[id(event.value.data)].ref, node.data.shape)
        for node in self.run.order:
            self.constant.name_constants(node)
            self.constant.name_count(node)

    # Values with a name

    def name_values(self) -> None:
        """Give each node and each array the best of its names."""
        there: dict[Any, list[Ref]] = {}
        for ref, value in self.run.available.items():
            there.setdefault(identity(value), []).append(ref)
        events: dict[Any, list[tuple[int, Event]]] = {}
        for i, event in enumerate(self.run.events):
            if (key := identity(event.value)) is not None:
                events.setdefault(key, []).append((i, event))
        series = series_of(self.run)
        for key, found in events.items():
            self.name_value(key, found, set(there.get(key, ())), series)
        shapes = {key: np.shape(found[0][1].value) for key, found in events.items()}
        for key, refs in there.items():
            if key in self.variables:
                self.aliases.setdefault(name(self.variables[key].ref, shapes[key]), []).extend(refs)
        for one in series.values():
            self.name_entries(one, shapes)

    def name_entries(self, one: Series, shapes: dict[Any, Any]) -> None:
        """Make the entries of a list of values other ways to the values that have a name."""
        for k, (key, i) in enumerate(zip(one.values, one.events, strict=True)):
            if key in self.variables:
                v, turns = self.variables[key], self.run.events[i].turns
                self.aliases.setdefault(name(v.ref, shapes[key]), []).append((one.plural, k))
                self.entries[one.plural, k] = key, replace(v, ref=(one.plural, k), turns=turns, event=i)

    def name_value(
        self, key: Any, found: list[tuple[int, Event]], there: set[Ref], series: dict[Any, Series]
    ) -> None:
        """Name the value that came with the events in `found`, some of whose places are still `there`."""
        looped = next((series[e.call, e.ref] for _, e in found if (e.call, e.ref) in series), None)
        is_given = looped is not None and any(e.call < 0 for _, e in found)
        looped = None if is_given else looped
        ranked = ranking(found, there, looped, is_given)
        best = ranked[0] if ranked else found[0][0]
        ref = self.run.events[best].ref
        if looped is not None:
            variable = self.in_series(key, looped, ref, bool(ranked))
        elif ranked:
            variable = self.lasting(ref, [e for _, e in found])
        else:
            variable = self.forgotten(key, found)
        if variable is not None:
            self.variables[key] = variable
            self.sources[variable.ref] = best

    def in_series(self, key: Any, one: Series, ref: Ref, is_there: bool) -> Variable | None:
        """The name of a value in a series: its own entry of a list, if that is still there, or of the series.

        It is None for a part of an array, such as `x` of `for x in xs`, which is called after the array.
        """
        k = one.values.index(key)
        event = self.run.events[one.events[k]]
        is_data = not any(isinstance(value, Node) for value in one.values)
        if is_data and self.constant.part_of_array(held(event.value)) is not None:
            return None
        is_entry = is_there and len(ref) > 1
        base = one.name
        if isinstance(key, Node):  # else there is no gradient to be named
            base = self.base_at(base, event.line) if event.turns else f"{base}{k}"
        place = ref if is_entry else (one.plural, k)
        return Variable(place, base, event.turns, is_there and place == ref, one.events[k], one.plural)

    def lasting(self, ref: Ref, events: Sequence[Event]) -> Variable:
        """The name of a value that can still be reached by `ref`."""
        first = next((e for e in events if e.own and e.call >= 0), None)
        if first is not None and first.turns and type(ref[-1]) is int and len(ref) > 1:
            return Variable(ref, self.base_at(singular(str(ref[0])), first.line), first.turns)
        own = own_names(events)
        return Variable(ref, own[0] if own else next(part for part in reversed(ref) if isinstance(part, str)))

    def forgotten(self, key: Any, found: list[tuple[int, Event]]) -> Variable | None:
        """The name of a value that f has bound another one over: h2, if it was the second value of h.

        It is None for a value that never had a name in f itself.
        """
        own = own_names([e for _, e in found])
        if not own:
            return None
        several = [e for e in self.run.events if e.own and e.ref == (own[0],)]
        base = f"{own[0]}{[identity(e.value) for e in several].index(key) + 1}"
        return Variable((base,), base, available=False, event=found[0][0])

    def base_at(self, base: str, line: int) -> str:
        """What a variable's values are called that a line in a loop gives it: h, and h2 at another line."""
        lines = self.places.setdefault(base, [])
        if line not in lines:
            lines.append(line)
        return f"{base}{lines.index(line) + 1}" if lines[0] != line else base

    # Values without a name

    def unnamed(self, node: Node, is_needed: bool) -> Variable | None:
        """What stands for the variable of a value that has none, and is needed in this or another round.

        It is called after its line and its operation, and so has the same name in each round of a loop.
        """
        source = source_of(node)
        turns = self.turns_of(node)
        where = f"{UNNAMED}{source.lineno if source else ''}:{node.op.name}"
        self.met[where, turns] += 1
        base = f"{where}:{self.met[where, turns]}"
        if not is_needed and (not turns or base not in self.nameless):
            return None
        self.nameless.add(base)
        return Variable((base,), base, turns, available=False)

    def turns_of(self, node: Node) -> Turns:
        """The rounds of the loops of f in which a node was made."""
        marks = self.run.marks
        at = bisect(marks, (node.index, ()))
        return marks[at][1] if at < len(marks) else ()

    # What names stand for

    def value(self, ref: Ref, run: Run) -> Any:
        """What a name stands for in another run that did the same."""
        source = self.sources.get(ref)
        if isinstance(source, Count):
            return float(source)
        if isinstance(source, int):
            return data_of(run.events[source].value)
        if isinstance(ref[0], Words):
            scope = run.scopes[source] if source else {"np": np}
            return evaluated(ast.parse(ref[0], mode="eval").body, scope)
        return data_of(run.available[ref] if source == ref else run.scopes[source][ref[0]])  # type: ignore[index]


def ranking(
    found: list[tuple[int, Event]], there: set[Ref], looped: Series | None, is_given: bool
) -> list[int]:
    """The events whose places still hold the value, by their numbers, the one with the best name first.

    Inputs come first, and variables of f come before variables of helpers.  A value of a loop is preferably
    called an entry of a list, and any other value has the shortest name.
    """
    ranked = sorted(
        (
            not (e.call < 0 and (is_given or len(e.ref) == 1)),
            not e.own,
            not (looped is not None and len(e.ref) > 1),
            len(e.ref),
            i,
        )
        for i, e in found
        if e.ref in there
    )
    return [i for *_, i in ranked]


def own_names(events: Sequence[Event]) -> list[str]:
    """The variables of f itself among the places of events."""
    return [e.ref[0] for e in events if e.own and len(e.ref) == 1]


def data_of(value: Any) -> Any:
    """A copy of an array or of a Tensor's array; a number is returned as such."""
    return np.array(value.data if type(value) is Tensor else value)[()]
