"""The first updates that code makes as it trains: which parameters change, in which round, by which lines."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from types import FrameType
from typing import Any

import numpy as np

from ...attributes import attributes, items_of
from ...users import holds_variables
from .match.names import is_called_loss
from .match.results import dug, same
from .observe.objects.copies import plain_copy
from .observe.objects.reach import Reach, Root
from .observe.objects.state import exchanged
from .observe.probes.patch import statements_around
from .observe.probes.probe import Finished, TimeUp
from .observe.probes.record import Recording, is_array
from .observe.probes.sites import Site, span_of
from .observe.stage import Stage, silenced
from .observe.training import Training, is_update
from .source.nearby import names_set

Place = tuple[Any, ...]  # the way to a parameter


class Watching(Recording):
    """Sees, as each round of a loop begins, which parameters have changed; ends with the first round.

    space       the variables, and in them the parameters
    main        where the loop that trains stands; `mains`, how many of its rounds have begun
    left        the parameters that have not changed yet: each with what it held, and a copy
    changed_by  the number of the round by which a parameter had changed
    began       the rounds, each as its loop and how many rounds of that had begun
    updates     by site and number, the parameters that were updated there; `updated`, when they were
    raised      what ended the run, if it did not end by itself
    has_loss    whether a loss has been computed
    """

    raised: BaseException | None = None

    def begin(self, space: dict[str, Any], places: list[Place], main: Any) -> None:
        """Look at what is there before the first round."""
        self.space, self.main, self.mains = space, main, 0
        self.updates: dict[tuple[Site, int], Place] = {}
        self.updated: dict[Place, int] = {}
        self.began: list[tuple[Any, int]] = []
        self.left = {p: (value := dug(space, p[1:]), np.array(value)) for p in places}
        self.changed_by: dict[Place, int] = {}
        self.has_loss = False

    def look(self) -> None:
        """Note the parameters that have changed since."""
        for place, (value, before) in list(self.left.items()):
            now = dug(self.space, place[1:])
            is_new = now is not value or not same(now, before)
            if is_new and is_array(now) and np.shape(now) == before.shape and not same(now, before):
                self.changed_by[place] = self.rounds
                del self.left[place]

    def look_at_writes(self) -> None:
        """Note the parameters that were written to, though what was written is what was there."""
        for place, (_, before) in self.left.items() if self.changed_by else ():
            now = dug(self.space, place[1:])
            event = self.latest.get(id(now))
            is_written = event is not None and event.site.kind == "change"
            if is_written and is_array(now) and np.shape(now) == before.shape:
                self.changed_by[place] = self.rounds

    def round(self, site: Site) -> None:
        """A round begins: the one before may have changed parameters, and the main loop runs only one."""
        super().round(site)
        loop = site.filename, site.span
        self.began.append((loop, self.turns[loop]))
        loops = (s for s in statements_around(site.filename, site.span) if span_of(s) == site.span)
        if not any(is_update(s) or self.is_after_the_loss(s) for s in loops):  # a row at a time, perhaps
            self.look()
        self.mains += site.span == self.main
        if self.mains > 1:
            raise Finished

    def is_after_the_loss(self, loop: ast.AST) -> bool:
        """Whether a loss has been computed, and none is in a loop: all its rounds are one update then."""
        if not self.has_loss:
            self.has_loss = any(is_called_loss(e.site.name) for e in self.events)
        return self.has_loss and not any(map(is_called_loss, names_set(loop) | names_filled(loop)))

    def finish(self, frame: FrameType) -> None:
        """Nothing: what is wanted is in the space."""


def names_filled(tree: ast.AST) -> set[str]:
    """The variables that something is appended to.

    >>> names_filled(ast.parse("losses.append(x)"))
    {'losses'}
    """
    calls = (n.func for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute))
    return {f.value.id for f in calls if f.attr == "append" and isinstance(f.value, ast.Name)}


def until_updated(stage: Stage, main: Any) -> tuple[Watching, tuple[Any, int] | None]:
    """A run that ends as the first updates are complete, and the round that comes next; None at the end."""
    run = watched(stage, None, main)
    last = max(run.changed_by.values(), default=0)
    is_ended = run.mains > 1  # by the next round of the main loop, before which all is complete
    until = (
        run.began[min(last, len(run.began)) - 1] if last and (is_ended or last <= len(run.began)) else None
    )
    return (watched(stage, until, main) if until else run), until


def watched(stage: Stage, until: tuple[Any, int] | None, main: Any) -> Watching:
    """A run of the main loop's first round; of no more than up to some round, if that is known."""
    places = [p for p, _ in float_places(stage.reach)]
    run = Watching()

    def array(path: Place, value: Any) -> Any:
        """What stands in the place of one array."""
        return plain_copy(path, value, None)

    exchanged(stage.reach, array, stage.numbers)
    try:
        with stage.rewritten(False):
            run.begin(stage.inputs, places, main)
            stage.training = Training(None, until)
            try:
                with silenced():
                    stage.run(run, stage.forward, {})
            except (Exception, TimeUp) as error:
                run.raised = error
            run.rounds += 1  # what the last round changed is complete after it
            run.look()
            run.look_at_writes()
            for place in run.changed_by:
                now = dug(stage.inputs, place[1:])
                event = run.latest.get(id(now))
                if event is not None:
                    run.updates[event.site, event.n] = place
                    run.updated[place] = event.time
    finally:
        stage.before.restore()
    return run


def float_places(reach: Reach) -> Iterator[tuple[Place, Any]]:
    """The ways to arrays of floats, and to plain ones, among the variables, with what is there."""
    for path, holder in reach.holders.values():
        if path[:1] == (Root.INPUTS,):
            pairs = attributes(holder).items() if holds_variables(holder) else items_of(holder)
            for key, value in tuple(pairs):
                is_floats = isinstance(value, np.ndarray | np.generic) and value.dtype.kind == "f"
                is_pythons = isinstance(key, str) and key.startswith("__")
                if (is_floats or type(value) is float) and not is_pythons:
                    yield (*path, key), value
