"""Where the user's two functions run: on Tensors once, then on plain arrays, as often as is wanted.

Afterwards all of the user's objects, and the generators of random numbers, are what they were.
"""

from __future__ import annotations

import contextlib
import io
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ....engine import Node
from ....errors import DerivationError, DTypeError, HistoryWarning
from ....graph.ancestors import ancestors, needs_gradient
from ....mode import GRADIENTS, Block
from ....tensor import Tensor
from ....transforms.structure import name_of
from ..match.names import stems
from .arguments import (
    data_of,
    elements_of,
    is_cache,
    name_in_code,
    names_stored,
    needed,
    taken,
    words_in,
)
from .filling import filled, own_variables, seen
from .graph import Forward
from .objects.copies import Shift, lifted, plain_copy
from .objects.reach import Reach, Root
from .objects.state import State, exchanged
from .outputs import loss_before, loss_of, traced_in
from .probes.codes import rewritten
from .probes.patch import Patch, patched
from .probes.probe import PROBE, Finished, TimeUp
from .probes.record import Event, Override, Recording, Snapshot
from .probes.sites import Site
from .probes.trace import Filled, Tracing
from .probes.versions import Versions, are_stale
from .raising import severed_at
from .training import Body, Training, loss_in


class LoosenedError(Exception):
    """More of the inputs are parameters, or Tensors, than was thought: forward is to run again."""


PATIENCE = 4.0  # seconds that one run of the user's code may take


@dataclass(slots=True)
class Outcome:
    """What one run of a backward pass did: its record, what it returned or raised, its last variables."""

    events: list[Event]
    returned: Any
    raised: BaseException | None
    frames: dict[str, list[dict[str, Any]]]
    latest: dict[int, Event]
    snapshots: dict[tuple[Site, int], Snapshot]


@dataclass(slots=True)
class Stage:
    """The user's functions and objects, and what they were before.

    upstream  the gradients of what forward returned, if that is no loss: drawn
    outputs   the places in what it returned, of each of these
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
    arguments: dict[str, Any] = field(default_factory=dict)
    drawn: list[str] = field(default_factory=list)
    are_all_tensors: bool = False
    keeps_versions: bool = False
    scope: dict[str, Any] = field(default_factory=dict)
    after: State | None = None
    holders: Reach | None = None

    @classmethod
    def of(cls, forward: Callable[..., Any], backward: Any, inputs: Mapping[str, Any]) -> Stage:
        """The stage of two functions and their inputs."""
        own = inputs if isinstance(forward, Body) and isinstance(inputs, dict) else dict(inputs)
        roots = [((Root.INPUTS,), own), ((Root.OWN,), forward), ((Root.OWN,), backward)]
        reach = Reach(roots)
        words = frozenset().union(*(words_in(f.__code__) for f in reach.functions))
        words |= forward.words if isinstance(forward, Body) else frozenset()
        numbers = frozenset(stem for word in words for stem in stems(word))
        return cls(forward, backward, own, reach, State(reach), numbers)

    @property
    def name(self) -> str:
        return name_of(getattr(self.forward, "func", self.forward))

    @property
    def backward_name(self) -> str:
        return name_of(getattr(self.backward or self.forward, "func", self.backward or self.forward))

    def loosened(self) -> bool:
        """Let all plain numbers among the inputs be parameters; whether there are any more."""
        more = {k for k, v in self.inputs.items() if type(v) is float} - self.numbers
        self.numbers |= more
        return bool(more)

    # Running

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

    def run(self, run: Any, function: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
        """What a function returns, with probes that do what a run says."""
        run.deadline = time.perf_counter() + self.patience
        run.until = self.training.until if self.training else None
        outer = PROBE.run
        PROBE.use(run)
        try:
            with (
                np.errstate(all="ignore"),
                warnings.catch_warnings(record=True) as said,
                contextlib.redirect_stdout(io.StringIO()),
            ):
                warnings.simplefilter("ignore")
                warnings.simplefilter("always", HistoryWarning)
                return function(**arguments)
        except Finished:
            return None
        finally:
            run.severed = tuple((w.filename, w.lineno) for w in said or ())
            PROBE.use(outer)

    # On Tensors

    def traced(self, shift: Shift | None = None) -> Forward:
        """The graph of the forward pass.  Arrays that are filled with Tensors become Tensors themselves."""
        with self.rewritten(True):
            for _ in range(200):
                try:
                    return self.traced_once(shift)
                except Filled as found:
                    if found.made is None or found.made in self.fill:
                        raise DerivationError(
                            f"{name_of(self.forward)} puts what depends on its inputs into an array that is "
                            "made out of sight: make it in your own code, by np.zeros(...)"
                        ) from None
                    self.fill.add(found.made)
                except LoosenedError:
                    continue
                finally:
                    self.before.restore()
        raise DerivationError(f"{name_of(self.forward)} fills too many arrays: fill one of more dimensions")

    def traced_once(self, shift: Shift | None) -> Forward:
        """The graph of the forward pass, if it fills no more arrays than are known."""
        leaves: dict[tuple[Any, ...], Tensor] = {}

        def leaf(path: tuple[Any, ...], value: Any) -> Any:
            made = lifted(path, value, shift)
            if self.are_all_tensors and type(made) is np.ndarray:
                return Tensor(made)
            if type(made) is Tensor and made.requires_grad:
                leaves[path] = made
                if path in self.fill:
                    copies.append(made.copy())
                    return copies[-1]
            return made

        copies: list[Any] = []
        own = name_in_code(self.forward)
        run = Tracing(own, self.fill)
        run.versions = Versions() if self.keeps_versions else None
        failed: Exception | None = None
        returned: Any = None
        with Block(GRADIENTS):
            exchanged(self.reach, leaf, self.numbers)
            arguments = taken(self.forward, self.inputs)
            if self.training:
                run.copies = set(map(id, copies))
                run.kept = {k: leaves[p] for k, p in self.training.updates.items() if p in leaves}
            for path, tensor in leaves.items():
                last = next((k for k in reversed(path) if isinstance(k, str)), "")
                run.name(last, tensor.node, path[0] is Root.INPUTS)  # type: ignore[arg-type]
            try:
                returned = self.run(run, self.forward, arguments)
            except Filled as found:
                if isinstance(found.made, Node):  # a leaf that is changed in place
                    raise Filled(next((p for p, t in leaves.items() if t.node is found.made), None)) from None
                raise
            except DTypeError as error:
                failed = error
                if not self.are_all_tensors:  # of whole numbers X, `X.dot(W)` is NumPy's own method
                    self.are_all_tensors = True
                    raise LoosenedError from None
            except Exception as error:
                failed = error
            root = self.root_of(returned, run, failed)
        nodes = ancestors([root], needs_gradient)
        if run.versions is not None:
            run.versions.restore(nodes)
        elif are_stale(nodes):
            self.keeps_versions = True
            raise LoosenedError
        bound = {k: sorted(v, key=lambda n: n.index) for k, v in run.bound.items()}
        return Forward(
            root,
            {p: t.node for p, t in leaves.items()},  # type: ignore[misc]
            bound,
            run.other_names | run.own_names,
            run.made,
            run.given,
            run.calls,
            run.before(root),
            run.severed,
        )

    def root_of(self, returned: Any, run: Tracing, failed: Exception | None) -> Node:
        """The node of the loss: what forward returned, or the sum of that times drawn upstream gradients."""
        if self.training:
            return loss_in(self.training, run, self.inputs, failed)
        if failed is not None:
            if self.backward is not None:
                raise failed
            return loss_before(run, failed)
        if not traced_in(returned) and self.loosened():
            raise LoosenedError
        if not traced_in(returned) and run.severed:
            raise DerivationError(severed_at(*run.severed[0]))
        loss = loss_of(name_of(self.forward), returned, self.wanted(run), self.upstream)
        self.outputs, self.upstream = loss.outputs, loss.upstream
        return loss.node

    def wanted(self, run: Tracing) -> list[str]:
        """The parameters of backward that must be given, and that no input or variable of forward fills."""
        if self.backward is None:
            return []
        known = (
            set(self.inputs) | names_stored(self.forward) | set(run.bound)
        )  # of its helpers, too: a gate g
        return [p for p in needed(self.backward) if p not in known]

    # On plain arrays

    @contextlib.contextmanager
    def live(self, ahead: Forward, shift: Shift | None = None) -> Iterator[None]:
        """A block in which forward has run on plain arrays and backward can be run."""
        kinds: dict[Any, Any] = {}

        def array(path: tuple[Any, ...], value: Any) -> Any:
            return kinds.setdefault(path, plain_copy(path, value, shift))

        exchanged(self.reach, array, self.numbers)
        try:
            with self.rewritten(False):
                if self.backward is None:
                    self.arguments = taken(self.forward, self.inputs)
                    returned: Any = None
                else:
                    run = Recording(own=name_in_code(self.forward), noting=False)
                    returned = self.run(run, self.forward, taken(self.forward, self.inputs))
                    self.scope = seen(run.frames, name_in_code(self.forward), self.inputs)
                    self.check_loss(returned, float(np.sum(ahead.root.data)))
                    self.fill_arguments(returned)
                roots = [((Root.INPUTS,), self.inputs), ((Root.OWN,), self.backward or self.forward),
                         ((Root.RETURNED,), self.arguments), ((Root.RETURNED,), returned)]  # fmt: skip
                self.holders = Reach(roots)
                for function in self.holders.functions:
                    if function not in self.reach.functions:
                        self.reach.functions.append(function)
                self.after = State(self.holders)
                yield
        finally:
            self.before.restore()

    def check_loss(self, returned: Any, first: float) -> None:
        """Raise DerivationError if a second run of forward gives another loss than the first."""
        elements = dict(elements_of(returned))
        if self.outputs:
            total = sum(
                float(np.sum(data_of(elements[k]) * g))
                for k, g in zip(self.outputs, self.upstream, strict=True)
            )
        else:
            total = float(np.sum(data_of(next(iter(elements.values())))))
        if not np.isclose(total, first, rtol=1e-9, atol=1e-12, equal_nan=True):
            raise DerivationError(
                f"two runs of {name_of(self.forward)} differ, {first:.6g} and {total:.6g}, though every draw "
                "of np.random, random and the Generators in reach was repeated: nothing can be judged; "
                "pass what else differs as an input"
            )

    def fill_arguments(self, returned: Any) -> None:
        """Find what backward is given."""
        own = own_variables(self.scope, names_stored(self.forward), returned, len(self.outputs))
        helpers = {k: v for k, v in self.scope.items() if not is_cache(k)}  # a cache of theirs is another
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
        """One run of the backward pass, from the state that forward left."""
        assert self.after is not None
        self.after.restore()
        with self.patched(patches):
            return self.run_backward(overrides, wanted, noting)

    @contextlib.contextmanager
    def patched(self, patches: Iterable[Patch]) -> Iterator[None]:
        """A block in which some statements of the user's are others."""
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
        run = Recording(overrides or {}, wanted, name_in_code(function), noting)
        returned, raised = None, None
        try:
            returned = self.run(run, function, self.arguments)
        except (Exception, TimeUp) as error:
            raised = error
        if noting and not overrides:
            self.after.look()
        return Outcome(run.events, returned, raised, run.frames, run.latest, run.snapshots)
