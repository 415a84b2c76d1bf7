"""Which changes of a line are worth a run: none that raises, or makes what was tried before.

Nor is one that multiplies a gradient by a gradient: a backward pass is linear in what comes back.
Where nothing is nonlinear in what the line makes, and no round of it builds on another, it is known without
a run, too, what becomes of the results.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import FrameType
from typing import Any

import numpy as np

from ..diagnose.repair import code_made, live_edits, node_at
from ..match.names import is_called_gradient
from ..match.near import largest
from ..observe.arguments import data_of
from ..observe.probes.codes import text_of, tree_of
from ..observe.probes.record import Snapshot, is_array
from ..source.edits import Edit
from ..source.nearby import function_around, made_of, names_in, names_set_after
from ..source.values import NoPartError, Parts
from .bench import Bench
from .linear import Effects, effects_of, results_with
from .suspects import Suspect

UNITS = 0.1  # of work, for one value
DIGITS = 8  # in which equal values agree: they differ by rounding
LOOSE = 1e-5  # of the largest wanted result; what is predicted has lost digits, and a run follows
MOST_ROUNDS = 20  # of a line that are evaluated


@dataclass
class Screen:
    """What was tried of one line, with the variables that it had in each round."""

    suspect: Suspect
    bench: Bench
    first: Snapshot
    rounds: dict[int, Parts]
    made: dict[tuple[str, ...], dict[str, list[Edit]]] = field(default_factory=dict)
    tried: set[Any] = field(default_factory=set)
    effects: Effects | None = None
    is_blind: bool = False  # as the line itself can't be evaluated

    @classmethod
    def of(cls, suspect: Suspect, bench: Bench, snapshots: Mapping[int, Snapshot]) -> Screen:
        """The screen of a line, for which the variables were noted."""
        spread = np.linspace(0, len(snapshots) - 1, min(len(snapshots), MOST_ROUNDS)).round().astype(int)
        rounds = [list(snapshots)[i] for i in spread]
        tree = node_at(suspect.site, suspect.site.span, ast.expr)
        scopes = {n: snapshots[n].globals | snapshots[n].variables for n in rounds if tree is not None}
        parts = {n: Parts(tree, scope) for n, scope in scopes.items()}
        screen = cls(suspect, bench, snapshots[min(snapshots)], parts)
        screen.is_blind = not parts or not screen.repeats()
        return screen

    def edits(self, kinds: tuple[str, ...]) -> dict[str, list[Edit]]:
        """Changes of the line, by their kinds."""
        if kinds not in self.made:
            self.made[kinds] = live_edits(self.suspect.site, self.first, kinds)
        return self.made[kinds]

    @cached_property
    def set_after(self) -> set[str]:
        """The variables that are made of what the line makes before it runs again in its loops."""
        site, own = self.suspect.site, self.suspect.site.name
        tree = tree_of(site.filename, text_of(site.filename))
        made = made_of(function_around(tree, site.lineno), lambda name: name == own)
        return names_set_after(tree, site.lineno) & (made | {own})

    @property
    def own(self) -> Edit:
        """The line as it is, as a change of nothing."""
        tree = self.rounds[max(self.rounds)].tree
        return Edit("", "", ast.Expr(tree), tree, tree)

    def repeats(self) -> bool:
        """Whether the line, evaluated again, makes what it made; its values count as tried from now on."""
        values = self.values(self.own)
        made = {e.n: e.value for e in self.suspect.events}
        pairs = [(made[n], v) for n, v in zip(self.rounds, values, strict=False) if n in made]
        self.tried.add(self.key(values))
        return len(values) == len(self.rounds) and all(
            is_array(v) and key_of(v) == key_of(m) for m, v in pairs
        )

    def values(self, edit: Edit) -> list[Any]:
        """What a change makes in each round, until it raises."""
        made: list[Any] = []
        for parts in self.rounds.values():
            self.bench.spent += UNITS
            try:
                made.append(value_of(edit, parts))
            except Exception:  # a change that does not fit
                break
        return made

    def key(self, values: list[Any]) -> Any:
        """What is alike for changes that make the same in all rounds; None if one raises."""
        return tuple(map(key_of, values)) if len(values) == len(self.rounds) else None

    def admits(self, edit: Edit) -> bool:
        """Whether a change is worth a run."""
        if self.is_blind:
            return True
        if self.is_linear and not self.is_affine(edit):
            return False
        values = self.values(edit)
        if (key := self.key(values)) is None or key in self.tried:
            return False
        self.tried.add(key)
        if self.effects is None or not self.set_after.isdisjoint(self.names | names_in(edit.new)):
            return True  # what a later line sets is another thing once this line makes another
        return self.may_be_right(values, self.effects)

    @property
    def last(self) -> dict[str, Any]:
        """The variables in the last round, where none is 0 because nothing has come back yet."""
        return self.rounds[max(self.rounds)].scope

    @cached_property
    def names(self) -> set[str]:
        """The variables that the line reads."""
        return names_in(self.own.old)

    @cached_property
    def gradients(self) -> set[str]:
        """The variables that hold what comes back or is made of it, and no value of forward."""
        known, site = self.bench.known, self.suspect.site
        function = function_around(tree_of(site.filename, text_of(site.filename)), site.lineno)
        names = names_in(function) & self.first.variables.keys() - self.bench.stage.inputs.keys()
        held = {k: self.last[k] for k in names if is_floating(self.last.get(k))}
        own = {k: v for k, v in held.items() if not known.is_value(v)}

        def is_source(name: str) -> bool:
            if name not in own or is_called_gradient(name):
                return name in own and type(own[name]) is not float
            return any(known.is_contribution(v) for v in (own[name], self.first.variables[name]) if np.any(v))

        return {k for k in own if is_source(k)} | (made_of(function, is_source) & own.keys())

    @cached_property
    def is_linear(self) -> bool:
        """Whether the line as it is multiplies no gradient by a gradient."""
        return self.is_affine(self.own)

    @cached_property
    def scaled(self) -> list[Parts]:
        """The line in the last round with all gradients 0, as they are, and twice as large."""
        last = self.rounds[max(self.rounds)]
        own = {name: last.scope[name] for name in self.gradients}
        return [Parts(last.tree, last.scope | {k: c * v for k, v in own.items()}) for c in (0.0, 1.0, 2.0)]

    def is_affine(self, edit: Edit) -> bool:
        """Whether what a change makes grows evenly with all gradients that it reads."""
        if self.gradients.isdisjoint(self.names | names_in(edit.new)):
            return True
        self.bench.spent += 3 * UNITS
        try:
            made = [value_of(edit, parts) for parts in self.scaled]
        except Exception:
            return False
        if not all(is_array(v) and np.shape(v) == np.shape(made[0]) for v in made):
            return False
        nothing, once, twice = map(np.asarray, made)
        return bool(largest(nothing - 2 * once + twice) <= LOOSE * max(map(largest, made)))

    def forget(self, edit: Edit) -> None:
        """Let a change be tried again: it makes all right, and may be asked for once more."""
        self.tried.discard(self.key(self.values(edit)))

    def may_be_right(self, values: list[Any], effects: Effects) -> bool:
        """Whether all results are right with what a change makes, as far as can be told without a run."""
        made = dict(zip(self.rounds, values, strict=True))
        pairs = [(made[e.n], e.value) for e in effects.events]
        if not all(is_array(v) and np.shape(v) == np.shape(own) for v, own in pairs):
            return True  # what broadcasting makes of it a run tells
        apart = effects.predicted(made) - effects.wanted
        return largest(apart) <= LOOSE * largest(effects.wanted)

    def foresee(self) -> None:
        """Find out what the line's values do to the results, if that can be foreseen.

        What right updates are made of too may change the constant that all are to have.
        """
        is_whole = len(self.rounds) == len(self.suspect.events)
        if self.effects is None and not self.is_blind and is_whole and not self.sets_the_rate:
            effects = effects_of(self.suspect, self.suspect.events, self.bench)
            if effects is not None and self.are_as_predicted(effects):
                self.effects = effects

    @property
    def sets_the_rate(self) -> bool:
        """Whether updates that are right are made of what the line makes."""
        right = self.bench.reached(self.suspect.site) - self.bench.wrong
        return any(self.bench.results[i].kind == "update" for i in right)

    def are_as_predicted(self, effects: Effects) -> bool:
        """Whether other values do what was foreseen, and what the line makes itself stays the same."""
        rng = np.random.default_rng(11)
        own = {e.n: e.value for e in effects.events}
        others = {n: (v + largest(v) * rng.uniform(-1, 1, np.shape(v)))[()] for n, v in own.items()}
        builds_on_another = False

        def other(n: int, value: Any, frame: FrameType) -> Any:
            nonlocal builds_on_another
            builds_on_another |= n not in own or key_of(value) != key_of(own[n])
            return others.get(n, value)

        results = results_with({self.suspect.site: other}, self.bench)
        if results is None or builds_on_another:
            return False
        return largest(results - effects.predicted(others)) <= LOOSE * largest(results)


def is_floating(value: Any) -> bool:
    """Whether a value is a number or an array of floating point: no count."""
    return isinstance(value, float | np.ndarray | np.floating) and np.asarray(value).dtype.kind == "f"


def value_of(edit: Edit, parts: Parts) -> Any:
    """What a line makes with a change, in one round."""
    try:
        return data_of(parts.changed(edit.old, edit.new))
    except NoPartError:  # it is of the whole statement
        code = code_made(edit)
        return data_of(eval(code, parts.scope.copy())) if code is not None else None


def key_of(value: Any) -> Any:
    """The same for values that are equal but for rounding."""
    if not is_array(value):
        return id(value)
    scale = largest(value) or 1.0
    return np.shape(value), f"{scale:.{DIGITS}g}", (np.round(value / scale, DIGITS) + 0.0).tobytes()
