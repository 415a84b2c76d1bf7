"""Where the user's two functions run on plain arrays, as often as is wanted.

Afterwards all of the user's objects, and the generators of random numbers, are what they were.
"""

from __future__ import annotations

import contextlib
import io
import math
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ....errors import DerivationError
from ....transforms.structure import name_of
from ..match.names import stems
from .arguments import is_cache, name_in_code, names_stored, needed, refuse_misspelt, taken, words_in
from .filling import filled, own_variables, seen
from .graph import Forward
from .objects.copies import Shift, plain_copy
from .objects.reach import Reach, Root
from .objects.state import State, exchanged
from .outputs import number_of
from .probes.codes import rewritten
from .probes.patch import Patch, patched
from .probes.probe import PROBE, Finished, TimeUp
from .probes.record import Event, Override, Recording, Snapshot, Trial
from .probes.sites import Site
from .training import Body, Training

PATIENCE = 4.0  # seconds that one run of the user's code may take
# With a change in it, a run may take so many times as long, or these seconds: else it goes round for ever
TIMES_AS_LONG, AT_LEAST = 20, 0.5


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """A block in which nothing warns; many runs share one, as it takes as long as some lines of theirs."""
    with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
        yield


@dataclass(slots=True)
class Outcome:
    """What one run of a backward pass did: its record, what it returned or raised, its last variables.

    frames     the variables of each function as it returned
    latest     by the identity of an array, the last value that was noted of it
    snapshots  the variables at the sites that were asked for, by site and number
    """

    events: list[Event]
    returned: Any
    raised: BaseException | None
    frames: dict[str, list[dict[str, Any]]]
    latest: dict[int, Event]
    snapshots: dict[tuple[Site, int], Snapshot]


@dataclass(slots=True)
class Stage:
    """The user's functions and objects, and what they were before.

    reach      all that the functions and inputs lead to; `before`, what that held
    numbers    the names under which a plain number among the inputs is a parameter
    training   what is known of a loop that trains, if forward is one
    uphill     whether what forward returns is to grow, as a likelihood is; None before that is known
    fill       the arrays that are Tensors while forward runs on them, as Tensors are put into them
    upstream   the gradients that were drawn for what forward returned, if that is no loss
    outputs    the places of these outputs in what it returned
    arguments  what backward is given; `drawn`, the names of those that are upstream gradients
    took       the seconds that backward took, as it is
    keeps_versions   whether copies are kept of the arrays that forward changes after it used them
    scope      what the variables of forward held as it returned
    rebound    the parameters of backward that are inputs, under whose names forward puts something else;
               backward is given what they were, if `keeps_inputs`, else what they became
    guards     the tiny numbers that the user's code adds lest something be 0; nothing is in their place if it
               `drops_guards`, which is None before that is decided
    keeps_guards   whether the backward pass, which is another function than forward, adds some, too
    after      what forward left behind, from which backward runs; `holders`, all that leads there
    """

    forward: Callable[..., Any]
    backward: Callable[..., Any] | None
    inputs: dict[str, Any]
    reach: Reach
    before: State
    numbers: frozenset[str] = frozenset()
    training: Training | None = None
    uphill: bool | None = None
    fill: set[Any] = field(default_factory=set)
    upstream: list[Any] = field(default_factory=list)
    outputs: list[Any] = field(default_factory=list)
    patience: float = field(default_factory=lambda: PATIENCE)
    took: float = 0.0
    arguments: dict[str, Any] = field(default_factory=dict)
    drawn: list[str] = field(default_factory=list)
    keeps_versions: bool = False
    scope: dict[str, Any] = field(default_factory=dict)
    rebound: tuple[str, ...] = ()
    keeps_inputs: bool = False
    guards: set[float] = field(default_factory=set)
    drops_guards: bool | None = None
    keeps_guards: bool = False
    after: State | None = None
    holders: Reach | None = None

    @classmethod
    def of(cls, forward: Callable[..., Any], backward: Any, inputs: Mapping[str, Any]) -> Stage:
        """The stage of two functions and their inputs."""
        refuse_misspelt([f for f in (forward, backward) if f is not None and not isinstance(f, Body)], inputs)
        own = inputs if isinstance(forward, Body) and isinstance(inputs, dict) else dict(inputs)
        roots = [((Root.INPUTS,), own), ((Root.OWN,), forward), ((Root.OWN,), backward)]
        reach = Reach(roots)
        words = frozenset().union(*(words_in(f.__code__) for f in reach.functions))
        words |= forward.words if isinstance(forward, Body) else frozenset()
        numbers = frozenset(stem for word in words for stem in stems(word))
        return cls(forward, backward, own, reach, State(reach), numbers)

    @property
    def name(self) -> str:
        """What forward is called."""
        return name_of(getattr(self.forward, "func", self.forward))

    @property
    def backward_name(self) -> str:
        """What backward is called, or forward if it returns the gradients too."""
        return name_of(getattr(self.backward or self.forward, "func", self.backward or self.forward))

    @property
    def held_back(self) -> set[str]:
        """The plain numbers among the inputs that are no parameters."""
        return {k for k, v in self.inputs.items() if type(v) is float} - self.numbers

    @property
    def may_drop_guards(self) -> bool:
        """Whether it is not decided yet how the tiny numbers are read that the user's code adds."""
        return bool(self.guards) and self.drops_guards is None

    def loosened(self) -> bool:
        """Let all plain numbers among the inputs be parameters; whether there are any more."""
        more = self.held_back
        self.numbers |= more
        return bool(more)

    @contextlib.contextmanager
    def rewritten(self, parts: bool) -> Iterator[None]:
        """A block in which the user's functions have probes in them."""
        originals = [(f, f.__code__) for f in self.reach.functions]
        try:
            for function, code in originals:
                new = rewritten(code, parts)
                if new is not None:
                    function.__code__ = new
            if isinstance(self.forward, Body):
                self.forward.code = self.forward.probed(parts)
            yield
        finally:
            for function, code in originals:
                function.__code__ = code

    def run(
        self,
        run: Any,
        function: Callable[..., Any],
        arguments: Mapping[str, Any],
        patience: float | None = None,
    ) -> Any:
        """What a function returns, with probes that do what a run says.  It may warn: see `silenced`."""
        run.deadline = time.perf_counter() + (self.patience if patience is None else patience)
        run.until = self.training.until if self.training else None
        run.drops_guards = bool(self.drops_guards)
        outer = PROBE.run
        PROBE.run = run
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                return function(**arguments)
        except Finished:
            return None
        finally:
            PROBE.run = outer
            if self.drops_guards is None:  # what is tried later may be any number
                self.guards |= run.guards

    @contextlib.contextmanager
    def live(self, ahead: Forward, shift: Shift | None = None) -> Iterator[None]:
        """A block in which forward has run on plain arrays and backward can be run."""
        copies: dict[Any, Any] = {}

        def array(path: tuple[Any, ...], value: Any) -> Any:
            """What stands in the place of one array, the same if a way is gone twice."""
            return copies.setdefault(path, plain_copy(path, value, shift))

        exchanged(self.reach, array, self.numbers)
        try:
            with self.rewritten(False):
                if self.backward is None:
                    self.arguments = taken(self.forward, self.inputs)
                    returned: Any = None
                else:
                    run = Trial(own=name_in_code(self.forward), noting=False)
                    with silenced():
                        returned = self.run(run, self.forward, taken(self.forward, self.inputs))
                    self.scope = seen(run.frames, name_in_code(self.forward), self.inputs)
                    total = number_of(returned, self.outputs, self.upstream)
                    self.refuse_other(total, float(np.sum(ahead.root.data)))
                    self.fill_arguments(returned)
                roots = [((Root.INPUTS,), self.inputs), ((Root.OWN,), self.backward or self.forward),
                         ((Root.RETURNED,), self.arguments), ((Root.RETURNED,), returned)]  # fmt: skip
                self.holders = Reach(roots)
                for function in self.holders.functions:
                    if function not in self.reach.functions:
                        self.reach.functions.append(function)
                self.after = State(self.holders, self.before.draws)
                yield
        finally:
            self.before.restore()

    def refuse_other(self, total: float, first: float) -> None:
        """Raise DerivationError if a second run of forward gave another loss than the first."""
        both_nan = total != total and first != first
        if not both_nan and not math.isclose(total, first, rel_tol=1e-9, abs_tol=1e-12):
            raise DerivationError(
                f"two runs of {name_of(self.forward)} differ, {first:.6g} and {total:.6g}, though every draw "
                "of np.random, random and the Generators in reach was repeated: nothing can be judged; "
                "pass what else differs as an input"
            )

    def fill_arguments(self, returned: Any) -> None:
        """Find what backward is given, now that forward has returned."""
        assert self.backward is not None
        asked = needed(self.backward)
        own = own_variables(self.scope, names_stored(self.forward), returned, len(self.outputs), asked)
        self.rebound = tuple(
            k for k in own if k in asked and k in self.inputs and is_other(own[k], self.inputs[k])
        )
        if self.keeps_inputs:
            own = {k: v for k, v in own.items() if k not in self.rebound}
        helpers = {k: v for k, v in self.scope.items() if not is_cache(k)}  # a helper's cache is its own
        known = dict.fromkeys(self.inputs) | helpers | self.inputs | own
        upstream = dict(zip(self.outputs, self.upstream, strict=True))
        self.arguments, self.drawn = filled(self.backward, known, returned, upstream, self.scope)

    def backwards(
        self,
        overrides: Mapping[Site, Override] | None = None,
        wanted: frozenset[Site] = frozenset(),
        noting: bool = False,
        patches: Iterable[Patch] = (),
    ) -> Outcome:
        """One run of the backward pass, from the state that forward left.

        `overrides` put other values in the place of what some sites make, and `patches` other statements in
        the place of some of the user's.  At the `wanted` sites the variables are noted, and `noting` keeps a
        record of all values.
        """
        assert self.after is not None
        self.after.restore()
        with self.patched(patches):
            return self.run_backward(overrides, wanted, noting)

    @contextlib.contextmanager
    def patched(self, patches: Iterable[Patch]) -> Iterator[None]:
        """A block in which other statements stand in the place of some of the user's."""
        changed: list[tuple[Any, str, Any]] = []
        try:
            for patch in patches:
                for function in self.reach.functions:
                    new = patched(function.__code__, patch)
                    if new is not None:
                        changed.append((function, "__code__", function.__code__))
                        function.__code__ = new
                if isinstance(self.forward, Body) and self.forward.filename == patch.filename:
                    changed.append((self.forward, "code", self.forward.code))
                    self.forward.code = self.forward.with_patch(patch)
            yield
        finally:
            for thing, name, code in reversed(changed):
                setattr(thing, name, code)

    def run_backward(
        self, overrides: Mapping[Site, Override] | None, wanted: frozenset[Site], noting: bool
    ) -> Outcome:
        """A run of the backward pass as its code is now."""
        assert self.after is not None
        function = self.backward or self.forward
        kind = Recording if noting or wanted else Trial
        run = kind(overrides or {}, wanted, name_in_code(function), noting)
        returned, raised = None, None
        patience = max(AT_LEAST, TIMES_AS_LONG * self.took) if kind is Trial else self.patience
        start = time.perf_counter()
        try:
            returned = self.run(run, function, self.arguments, min(patience, self.patience))
        except (Exception, TimeUp) as error:
            raised = error
        if noting and not overrides:
            self.took = time.perf_counter() - start
            self.keeps_guards |= self.backward is not None and bool(run.guards)
        if isinstance(function, Body):  # which ends without returning
            run.frames.setdefault(name_in_code(function), [dict(function.space)])
        return Outcome(run.events, returned, raised, run.frames, run.latest, run.snapshots)


def is_other(value: Any, before: Any) -> bool:
    """Whether a variable holds another array than before."""
    are_arrays = isinstance(value, np.ndarray) and isinstance(before, np.ndarray)
    return are_arrays and not (value is before or np.array_equal(value, before))
