"""Lines that are no gradients, one of which may be to blame: changed a little, while the backward pass runs.

An index, a size, a derivative in a helper, a part of a sum: what such a line should hold is not among the
engine's values, or is no value of its own.  But if one small change of it makes all results right, it is it.
"""

from __future__ import annotations

import ast
import functools
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, zip_longest
from typing import Any, NamedTuple

import numpy as np

from ..diagnose.case import Guess
from ..diagnose.repair import MADE, code_made, evaluated, evaluating, literals_in, live_edits
from ..match.names import is_called_gradient
from ..match.near import near
from ..match.results import Result
from ..observe.probes.codes import text_of, tree_of
from ..observe.probes.patch import Patch, statements_around, statements_in
from ..observe.probes.record import Event, Override, Snapshot, is_array
from ..observe.probes.sites import Site, root_of, span_of
from ..source.edits import CALLED, KINDS, Edit, other_rounds
from ..source.nearby import function_around, names_set
from ..source.quantities import multiples_of
from ..source.statements.carried import carried_like
from ..source.statements.changes import statements_like
from ..source.statements.counts import counts_like
from ..source.statements.given import other_words
from ..source.statements.order import indented, moved
from ..source.statements.rounds import turned_round
from ..source.trees import number, placed
from .bench import Bench
from .forms import is_picked, is_renaming, keeps_its_name
from .screening import Screen
from .suspects import Blame, Suspect, blame_of_head, same_value

INDEX = "the index"  # is in the text of a change of one
EXPRESSIONS = ("assign", "return", "element", "argument", "share")


class Attempt(NamedTuple):
    """A change of a line: of an expression, while it runs; or of a whole statement, in the source."""

    suspect: Suspect | None
    kind: str
    text: str
    edit: Edit | None = None
    patch: Patch | None = None
    lineno: int | None = None  # of what is changed in a statement of several lines


@dataclass(slots=True)
class Mender:
    """Tries changes of lines, until one makes all right or the bench has spent `stop`."""

    bench: Bench
    wrong: set[int]
    stop: float
    screens: dict[Site, Screen] = field(default_factory=dict)

    def simplest(self, suspects: Iterable[Suspect], kinds: tuple[str, ...]) -> Blame | None:
        """The line of which a change of some kinds makes all right."""
        attempts = self.attempts(list(suspects), kinds)
        return self.first_right({kind: attempts[kind] for kind in kinds})

    def reading(self, suspects: Iterable[Suspect], name: str) -> Blame | None:
        """The line of which a change makes all right that reads a variable: it may be all of a term."""
        lines = list(suspects)
        attempts = self.attempts(lines, (*KINDS[:MADE], "missing-factor", "missing-term"))
        found = self.first_right({k: [a for a in made if reads(a, name)] for k, made in attempts.items()})
        if found is not None:
            return found
        terms = chain.from_iterable(self.terms_of(s, name) for s in lines if s.site in self.screens)
        return self.first_right({"missing-term": list(terms)})

    def terms_of(self, suspect: Suspect, name: str) -> Iterator[Attempt]:
        """The changes of a line by which it adds a number times a variable."""
        scope = self.screens[suspect.site].first
        multiples = multiples_of(name, scope.variables) if suspect.site.kind in EXPRESSIONS else {}
        edits = live_edits(suspect.site, scope, ("missing-term",), multiples) if multiples else {}
        made = (Attempt(suspect, "missing-term", e.text, e) for e in edits.get("missing-term", ()))
        yield from (a for a in made if reads(a, name))

    def blamed(self, *groups: Iterable[Suspect]) -> Blame | None:
        """The line of which a change makes all right, and which: first of one group, then of the next.

        In all of them, what few changes can tell is tried before what takes many.
        """
        seen: set[Site] = set()
        waiting: list[list[dict[str, list[Attempt]]]] = [[], [], []]
        for group in groups:
            if self.bench.is_over(self.stop):
                return None
            suspects = [s for s in group if s.site not in seen]
            seen |= {s.site for s in suspects}
            attempts = self.attempts(suspects) if suspects else {}
            simple, *others = in_stages(attempts)
            if (found := self.first_right(simple)) is not None:
                return found
            for stage, more in zip(waiting, others, strict=True):
                stage.append(more)
        return next(filter(None, map(self.first_right, chain.from_iterable(waiting))), None)

    def reversed(self, name: str, sites: Iterable[Site]) -> Blame | None:
        """The line at which the list of a name must be turned round for all to be right."""
        files = {s.filename for s in sites}
        for filename, statement in ((f, s) for f in files for s in statements_in(f)):
            for new in turned_round(statement, name):
                patch = Patch(filename, ((span_of(statement), placed(new, statement)),))  # type: ignore[arg-type]
                if self.is_right({}, [patch]):
                    return self.patched(
                        Attempt(None, "wrong-variable", f"`{name}` is the wrong way round", None, patch)
                    )
        return None

    def in_rounds(self, suspects: list[Suspect]) -> Blame | None:
        """The head of a loop around some lines in which another value makes all right."""
        for attempt in self.attempts(suspects)["rounds"]:
            if attempt.patch is not None and self.is_right({}, [attempt.patch]):
                return self.patched(attempt)
        return None

    def of_heads(self, suspects: list[Suspect]) -> Blame | None:
        """The head of a loop or a condition beside some lines that, changed, makes all right.

        Nothing in it need have run: where a loop ends too early, what is in it may be no line of the record.
        """
        lasts = {self.function_of(s.site): s for s in suspects}
        for (filename, function), suspect in lasts.items():
            heads = [n for n in ast.walk(function) if isinstance(n, ast.For | ast.If)]
            scope = self.scope_at(suspect) if heads else {}
            for node, (kind, said, new) in ((n, made) for n in heads for made in statements_like(n, scope)):
                if self.bench.is_over(self.stop):
                    return None
                patch = Patch(filename, ((span_of(node), new),))
                if self.is_right({}, [patch]):
                    return self.patched(Attempt(None, kind, said, None, patch))
        return None

    def function_of(self, site: Site) -> tuple[str, ast.AST]:
        """The file, and the function in it, that a line is in."""
        return site.filename, function_around(tree_of(site.filename, text_of(site.filename)), site.lineno)

    def scope_at(self, suspect: Suspect | Blame) -> dict[str, Any]:
        """The variables at a line, as it last ran."""
        snapshots = self.bench.stage.backwards({}, frozenset([suspect.site])).snapshots
        return max(snapshots.items(), key=lambda item: item[0][1])[1].variables if snapshots else {}

    def attempts(self, suspects: list[Suspect], kinds: tuple[str, ...] = KINDS) -> dict[str, list[Attempt]]:
        """By kinds, the changes of some lines."""
        outcome = self.bench.stage.backwards({}, frozenset(s.site for s in suspects))
        snapshots: dict[Site, dict[int, Snapshot]] = {}
        for (site, n), snapshot in outcome.snapshots.items():
            snapshots.setdefault(site, {})[n] = snapshot
        found: dict[str, list[Attempt]] = {kind: [] for kind in KINDS}
        done: set[Any] = set()
        for suspect in suspects:
            if self.bench.is_out_of_time:
                break
            if suspect.site not in snapshots:
                continue
            if suspect.site not in self.screens:
                self.screens[suspect.site] = Screen.of(suspect, self.bench, snapshots[suspect.site])
            scope = self.screens[suspect.site].first
            if suspect.site.kind in EXPRESSIONS:
                for kind, edit in self.likely(suspect, kinds, scope):
                    found[kind].append(Attempt(suspect, kind, edit.text, edit))
            for statement in statements_around(suspect.site.filename, suspect.site.statement):
                if id(statement) in done or self.is_unpacked_rightly(statement, suspects):
                    continue
                done.add(id(statement))
                span = span_of(statement)
                own = suspect if span == suspect.site.statement else None
                literals = literals_in(tree_of(suspect.site.filename, text_of(suspect.site.filename)))
                for kind, text, lineno, new in statements_at(statement, scope, literals):
                    if kind not in kinds:
                        continue
                    patch = Patch(suspect.site.filename, ((span, new),))
                    found[kind].append(Attempt(own, kind, text, None, patch, lineno))
                if "order" in kinds:
                    found["order"] += self.reordered(statement, suspects)
            if "count" in kinds:
                found["count"] += self.counted(suspect, scope, done)
            if "carried" in kinds:
                found["carried"] += self.carried(suspect, suspects, done)
        return found

    def counted(self, suspect: Suspect, scope: Snapshot, done: set[Any]) -> Iterator[Attempt]:
        """The changes of lines that put sizes and places under names, in the function that a line is in."""
        filename, function = self.function_of(suspect.site)
        own = names_set(function)
        if id(function) in done or len(own & scope.variables.keys()) < len(own) / 2:
            return  # a comprehension has other variables
        done.add(id(function))
        for statement in (n for n in ast.walk(function) if isinstance(n, ast.Assign | ast.Expr)):
            for said, new in counts_like(statement, scope.variables):
                patch = Patch(filename, ((span_of(statement), placed(new, statement)),))  # type: ignore[arg-type]
                yield Attempt(None, "count", said, None, patch)

    def carried(self, suspect: Suspect, suspects: list[Suspect], done: set[Any]) -> Iterator[Attempt]:
        """The lines of loops in the function of a line that should hand on something to the next round."""
        filename, function = self.function_of(suspect.site)
        if (key := ("carried", id(function))) in done:
            return
        done.add(key)
        by_span = {s.site.statement: s for s in suspects}
        for said, line, new in carried_like(function):
            span = span_of(line)
            yield Attempt(
                by_span.get(span), "carried", said, None, Patch(filename, ((span, new),)), line.lineno
            )

    def likely(self, suspect: Suspect, kinds: tuple[str, ...], scope: Snapshot) -> Iterator[tuple[str, Edit]]:
        """The changes of an expression, but for those of what is given as it is or has forward's name."""
        if keeps_its_name(suspect.site) and self.bench.known.is_value(suspect.events[0].value):
            return
        made = self.screens[suspect.site].edits(kinds)
        edits = [(kind, edit) for kind in kinds for edit in made.get(kind, [])]
        if is_picked(suspect.site) and all(map(self.is_named_by_forward, suspect.events)):
            yield from ((k, e) for k, e in edits if INDEX in e.text)  # it can only be of another place
            return
        passed = set() if self.is_renamed(suspect) else self.passed_on([e for _, e in edits], scope)
        yield from ((k, e) for k, e in edits if k in OF_PLACES or e.old not in passed)

    def reordered(self, statement: ast.stmt, suspects: list[Suspect]) -> Iterator[Attempt]:
        """The statement before or after others: the one that reads what another changes is to blame."""
        filename = suspects[0].site.filename
        by_span = {s.site.statement: s for s in suspects}
        tree = tree_of(filename, text_of(filename))
        for said, reader, changes in (*moved(tree, statement), *indented(tree, statement)):
            if (own := by_span.get(span_of(reader))) is not None:
                patch = Patch(filename, tuple((span_of(old), placed(new, old)) for old, new in changes))  # type: ignore[misc]
                yield Attempt(own, "order", said, None, patch)

    def is_unpacked_rightly(self, statement: ast.stmt, suspects: list[Suspect]) -> bool:
        """Whether a cache is unpacked under the names that forward had for what is in it."""
        match statement:
            case ast.Assign(targets=[ast.Tuple()], value=ast.Name() | ast.Attribute()):
                own = [s for s in suspects if s.site.statement == span_of(statement)]
                return len(own) > 1 and all(any(map(self.is_named_by_forward, s.events)) for s in own)
        return False

    def is_named_by_forward(self, event: Event) -> bool:
        """Whether forward, or a function that it called, had a value under the name that it has here.

        Where one function is both, it is the first of its names that counts, and that of no gradient.
        """
        forward, name = self.bench.known.forward, event.name
        if is_called_gradient(name):
            return False
        given = (nodes for (_, parameter), nodes in forward.given.items() if parameter == name)
        nodes = {n for found in (forward.bound.get(name, []), *given) for n in found}
        if alike := [n for n in nodes if same_value(n.data, event.value)]:
            return any(forward.names.get(n, name) == name or n not in forward.bound_to(name) for n in alike)
        held = self.bench.stage.scope.get(name)
        return is_array(held) and same_value(held, event.value)

    def is_renamed(self, suspect: Suspect) -> bool:
        """Whether a line puts a value of forward under a name that forward does not call it by."""
        site, known = suspect.site, self.bench.known
        matches = [m for m in known.matches(np.asarray(suspect.events[0].value)) if m.label.kind == "value"]
        names = {known.forward.names.get(m.label.node) for m in matches if m.scale == 1 and m.form == "same"}
        return is_renaming(site) or (site.kind == "assign" and site.name not in names)

    def passed_on(self, edits: list[Edit], scope: Snapshot) -> set[ast.AST]:
        """What is changed by some edits and is a value of forward that a function is given as it is."""
        by_place = {e.old: e for e in edits}
        return {old for old, e in by_place.items() if self.is_passed_on(e, scope)}

    def is_passed_on(self, edit: Edit, scope: Snapshot) -> bool:
        """Whether what is changed is a value of forward that a function is given as it is."""
        if not isinstance(edit.old, ast.Name):
            return False
        calls = (n for n in ast.walk(edit.statement) if isinstance(n, ast.Call))
        is_given = any(edit.old in c.args and root_of(c.func) not in ("np", "numpy") for c in calls)
        is_given = is_given or getattr(edit.statement, "value", None) is edit.old
        value = scope.variables.get(edit.old.id)
        if not is_given or not is_array(value):
            return False
        matches = self.bench.known.matches(np.asarray(value))
        is_gradient = any(m.label.kind in ("gradient", "share") and m.form == "same" for m in matches)
        return self.bench.known.is_value(value) and not is_gradient

    def first_right(self, attempts: dict[str, list[Attempt]]) -> Blame | None:
        """The first change that makes all results right, the likeliest kinds first."""
        edited = Counter(a.suspect for made in attempts.values() for a in made if a.edit is not None)
        for suspect, count in edited.items():
            if self.bench.is_over(self.stop):
                return None
            if suspect is not None and count > sum(np.size(e.value) for e in suspect.events):
                self.screens[suspect.site].foresee()
        for kind in ORDER:
            for attempt in by_turns(attempts.get(kind, [])):
                if self.bench.is_over(self.stop):
                    return None
                if attempt.patch is not None:
                    if self.is_right({}, [attempt.patch]):
                        return self.patched(attempt)
                    continue
                assert attempt.edit is not None
                assert attempt.suspect is not None
                screen = self.screens[attempt.suspect.site]
                if not screen.admits(attempt.edit) or (code := code_made(attempt.edit)) is None:
                    continue
                override = evaluating(code)
                if self.is_right({attempt.suspect.site: override}):
                    screen.forget(attempt.edit)
                    return self.changed(attempt, override)
        return None

    def is_right(self, overrides: dict[Site, Override], patches: Iterable[Patch] = ()) -> bool:
        """Whether a change makes all results right, and leaves the updates as they are that are right."""
        try:
            flags, _ = self.bench.flags(overrides, patches=patches)
        except Exception:
            return False
        return all(flags) and self.bench.leaves_the_rate()

    @property
    def results(self) -> list[Result]:
        """What becomes right."""
        return [self.bench.results[i] for i in sorted(self.wrong)]

    def changed(self, attempt: Attempt, override: Override) -> Blame:
        """The blame of an expression."""
        suspect = attempt.suspect
        assert suspect is not None
        _, outcome = self.bench.flags({suspect.site: override}, noting=True)
        new = {e.n: e.value for e in outcome.events if e.site is suspect.site}
        own: dict[int, Event] = {e.n: e for e in suspect.events}
        values: dict[int, Any] = {n: v for n, v in new.items() if n in own and not near(own[n].value, v)}
        lineno = attempt.edit.lineno if attempt.edit is not None else None
        guess = Guess(CALLED.get(attempt.kind, attempt.kind), attempt.text, lineno, change=attempt.kind)
        events = [own[n] for n in values] or suspect.events[:1]
        return Blame(suspect.site, events, values or new, None, {}, 1.0, self.results, guess, override)

    def patched(self, attempt: Attempt) -> Blame:
        """The blame of a statement; of a loop or a condition, that of its head."""
        patch = attempt.patch
        assert patch is not None
        guess = Guess(CALLED.get(attempt.kind, attempt.kind), attempt.text, change=attempt.kind)
        if attempt.suspect is None:
            lineno = attempt.lineno or patch.span[0]
            return replace(
                blame_of_head(patch.filename, lineno, patch.span[1], self.results, guess), patch=patch
            )
        suspect = attempt.suspect
        return Blame(suspect.site, suspect.events[-1:], {}, None, {}, 1.0, self.results, guess, None, patch)


def reads(attempt: Attempt, name: str) -> bool:
    """Whether what stands in the place of something then reads a variable."""
    changed = attempt.edit.new if attempt.edit is not None else attempt.patch and attempt.patch.changes[0][1]
    return isinstance(changed, ast.AST) and any(
        isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load) for n in ast.walk(changed)
    )


def statements_at(
    statement: ast.stmt, scope: Snapshot, literals: tuple[float | str, ...]
) -> Iterator[tuple[str, str, int | None, ast.stmt]]:
    """What could stand in the place of a statement, with the variables in scope, and numbers in the file."""
    match statement:
        case ast.Assign(targets=[ast.Subscript() as target], value=ast.Constant(value=int() | float() as n)):
            for m in (x for x in literals if isinstance(x, float)):
                new = placed(ast.Assign([target], number(m)), statement)
                yield "number", f"the number {n} should be {m}", None, new  # type: ignore[misc]  # it stays one
                new = placed(ast.AugAssign(target, ast.Mult(), number(m)), statement)
                yield "forgotten factor", f"what is there should become {m} times it", None, new  # type: ignore[misc]
    for kind, said, new in statements_like(statement, scope.variables):
        yield kind, said, None, new
    for said, other in other_words(statement, literals):
        yield "other call", said, None, placed(other, statement)  # type: ignore[misc]  # it stays a statement
    if isinstance(statement, ast.For):
        evaluate = functools.partial(evaluated, scope.globals | scope.variables)
        for said, lineno, other in other_rounds(statement, scope.variables, evaluate):
            yield "rounds", said, lineno, placed(other, statement)  # type: ignore[misc]  # it stays a statement


OF_PLACES = ("wrong-variable", "nearby")  # all that can be wrong with a value of forward that is passed on

# Those that are many come late
ORDER = (
    "sign", "complement", "missing sign", "conjugate", "overwritten", "unused", "shape", "needless transpose",
    "transpose", "with its transpose", "extra-factor", "extra-term", "brackets", "exponent", "wrong-variable",
    "rounds", "turned", "exchanged", "order", "forgotten term", "nearby", "forgotten factor",
    "factor", "call too many", "number", "missing constant", "missing call", "reduction", "missing-factor",
    "missing-term", "jacobian", "projection", "inner call", "line too many", "term too many", "count",
    "carried", "other call", "missing product",
)  # fmt: skip


INSERTED = ("turned", "exchanged", "forgotten term", "nearby", "forgotten factor")
MANY = (
    "missing constant", "missing call", "inner call", "reduction", "missing-factor", "missing-term",
    "with its transpose",
)  # fmt: skip


LAST = ("projection", "other call", "missing product")


def in_stages(attempts: dict[str, list[Attempt]]) -> Iterator[dict[str, list[Attempt]]]:
    """The changes of the simplest kinds, and of statements; those that insert; those that are many; calls."""
    late = dict.fromkeys(LAST, 3) | dict.fromkeys(MANY, 2) | dict.fromkeys(INSERTED, 1)
    stage = {kind: late.get(kind, 0) for kind in attempts}
    for i in range(4):
        yield {
            kind: [a for a in made if (0 if a.patch is not None else stage[kind]) == i]
            for kind, made in attempts.items()
        }


def by_turns(attempts: list[Attempt]) -> Iterator[Attempt]:
    """The first change of each line, then the second of each: the simplest ones come first."""
    by_line: dict[Any, list[Attempt]] = {}
    for attempt in attempts:
        by_line.setdefault(attempt.suspect and attempt.suspect.site, []).append(attempt)
    return (a for turn in zip_longest(*by_line.values()) for a in turn if a is not None)


def is_known(event: Event, bench: Bench) -> bool:
    """Whether a value is one of the engine's that fits its place: then its line is above suspicion.

    A value of forward that is passed on or added to something may be the wrong one.
    """
    if np.ndim(event.value) == 0 and np.asarray(event.value).dtype.kind == "i":
        return False
    exact = [m for m in bench.known.matches(np.asarray(event.value)) if m.scale == 1 and m.form == "same"]
    return any(m.label.kind != "value" or event.site.kind == "assign" for m in exact)
