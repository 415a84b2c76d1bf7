"""Recording a step: stand-ins take the place of its arrays, it runs, and then everything is looked at.

Nothing that was there before is written to while it runs, so a step that turns out not to be recordable
leaves no trace, and can be run as it is.
"""

from __future__ import annotations

import contextlib
import functools
import random
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

import numpy as np

from ...engine import LEAF, Leaf, Node, next_index
from ...tensor import Tensor
from ..program import FIXED, Effect, Program, Value, mapped
from .rows import rows_on
from .source import Source
from .standin import Draws, StandIn, Untraceable
from .surroundings import Place, Surroundings
from .tape import Tape

ONE_AT_A_TIME = threading.Lock()
here: ContextVar[bool] = ContextVar("here", default=False)
is_recording = here.get


class Counters(BaseException):
    """The places of numbers that the step changes: recording begins anew, with stand-ins for them."""


def record(
    step: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    counters: set[tuple[int, Any]],
    varying: set[tuple[int, Any]],
    branches: bool,
) -> tuple[Program, Any]:
    """The program of one call of `step`, and what the call returned: it has been made by then.

    counters, varying: places whose numbers are to be read in every step; the places of numbers that the step
    itself changes are added to `counters`.  branches: see `Tape`.

    Raises Untraceable if the step cannot be recorded; nothing has then been done.
    """
    with ONE_AT_A_TIME:
        token = here.set(True)
        try:
            while True:
                try:
                    return Recorder(step, args, kwargs, counters | varying, branches).run()
                except Counters as found:
                    counters |= {place.identity for place in found.args[0]}
        finally:
            here.reset(token)


class Recorder:
    """One recording.

    planted  by the id of an array, or of a random generator, what stands in for it
    before   for each place what was there, and what was put there
    """

    def __init__(
        self, step: Any, args: Any, kwargs: Any, varying: set[tuple[int, Any]], branches: bool
    ) -> None:
        self.step, self.args, self.kwargs, self.varying = step, args, kwargs, varying
        self.tape, self.program = Tape(branches), Program()
        self.source = Source(self.program)
        self.around = Surroundings(step, *others((args, kwargs)))
        self.planted: dict[int, StandIn | Draws] = {}
        self.before: list[tuple[Place, Any, Any]] = []
        self.lengths = [(holder, len(holder)) for holder, _ in self.around.holders]
        self.commit: list[Callable[[], Any]] = []

    def run(self) -> tuple[Program, Any]:
        """The program and what the step returned, after doing to arrays what it did to stand-ins."""
        if self.around.opaque:
            raise Untraceable(f"it can read from {self.around.opaque}, whose state cannot be seen")
        done, states = False, self.states()
        try:
            args, kwargs = self.argument(tuple(self.args), "args"), self.argument(dict(self.kwargs), "kwargs")
            self.plant()
            with rows_on(self.tape):
                result = self.step(*args, **kwargs)
            self.look_at_tensors()
            self.look_at_places()
            self.look_at_holders()
            self.look_at_arrays()
            for (said, state, _), (_, before, _) in zip(self.states(), states, strict=True):
                if repr(state) != repr(before):
                    raise Untraceable(f"it draws numbers from {said}: draw them from a np.random.Generator")
            self.program.result, answer = self.given(result)
            done = True
        finally:
            self.restore(done)
            for _, state, back in [] if done else states:
                back(state)
        for do in self.commit:
            do()
        self.program.steps = self.tape.steps
        return self.program, answer

    def states(self) -> list[tuple[str, Any, Callable[[Any], object]]]:
        """The states of generators that draw without telling, each with the function that puts it back."""
        found: list[tuple[str, Any, Callable[[Any], object]]] = []
        found += [("np.random", np.random.get_state(legacy=False), np.random.set_state)]
        found.append(("random", random.getstate(), random.setstate))
        for said, source in self.around.sources:
            if isinstance(source, random.Random):
                found.append((said, source.getstate(), source.setstate))
            else:
                found.append((said, source.get_state(legacy=False), source.set_state))
        return found

    # before the step

    def argument(self, tree: Any, source: str) -> Any:
        """An argument of the step, with stand-ins for the arrays and floats in it."""
        said = f"the argument {source.removeprefix('args')}"
        if type(tree) in (tuple, list):
            kind = f"type({source}) is {type(tree).__name__} and " if source not in ("args", "kwargs") else ""
            self.source.check(f"{kind}len({source}) == {len(tree)}", said)
            return type(tree)([self.argument(part, f"{source}[{i}]") for i, part in enumerate(tree)])
        if type(tree) is dict:
            self.source.check(f"[*{source}] == {[*tree]!r}" if tree else f"not {source}", said)
            return {key: self.argument(part, f"{source}[{key!r}]") for key, part in tree.items()}
        if type(tree) is np.ndarray:
            self.source.check_like(source, tree, said)
            return self.array(tree, source)
        if is_constant(tree):
            self.source.check(
                f"type({source}) is {self.source.name(Tensor, 'Tensor')} and not {source}.requires_grad", said
            )
            self.source.check_like(f"{source}.data", tree.data, said)
            return Tensor.of(self.array(tree.data, f"{source}.data"), None)
        if type(tree) is float:
            self.source.check(f"type({source}) is float", said)
            return self.tape.stand_in(tree, source)
        self.source.check_is(source, tree, said)
        return tree

    def array(self, array: Any, source: str) -> StandIn:
        """The stand-in for an array, which is the same wherever the array is found."""
        if id(array) not in self.planted:
            self.planted[id(array)] = self.tape.stand_in(array, source)
        return self.planted[id(array)]  # type: ignore[return-value]

    def plant(self) -> None:
        """Put stand-ins in their places."""
        for place in self.around.places:
            value = place.read()
            self.before.append((place, value, put := self.instead_of(value, place)))
            if put is not value:
                place.write(put)

    def instead_of(self, value: Any, place: Place) -> Any:
        """What stands in for the value in a place, or the value itself."""
        if type(value) in (np.ndarray, np.float64, np.float32) and value.dtype.kind in "biufc":
            return self.array(value, self.source.of(place))
        if isinstance(value, np.random.Generator):
            known = self.planted.get(id(value)) or Draws(
                self.tape, value, Value(value, load=self.source.of(place))
            )
            self.planted[id(value)] = known
            return known
        if place.identity in self.varying and is_number(value):
            return self.tape.stand_in(value, self.source.of(place))
        if isinstance(place.holder, Node) and type(value) is Tensor:
            raise Untraceable(f"{place.said} is a tensor")
        return value

    # after the step

    def look_at_tensors(self) -> None:
        """Check that tensors stay what they are, parameters or constants, and note which parameters moved."""
        for tensor, said in self.around.tensors.items():
            name, node = self.source.name(tensor, "tensor"), tensor.node
            if node is not None and node.op is not LEAF:
                raise Untraceable(f"{said}, which it closes over, is part of a graph")
            self.source.check_is(f"{name}.node", node, f"whether {said} is a parameter")
            if node is None:
                continue
            self.source.check_is(
                f"{self.source.name(node, 'node')}.kwargs", node.kwargs, f"the hooks of {said}"
            )
            if type(tensor.data) is StandIn and self.tape.current(tensor.data).made:
                source = f"{self.source.name(next_index, 'next_index')}()"
                self.program.effects.append(Effect(f"{self.source.name(node, 'node')}.updated", source))
                self.commit.append(functools.partial(touch, node))  # type: ignore[arg-type]  # it has LEAF

    def look_at_places(self) -> None:
        """Note what the step has put into places.  Raises Counters if it has changed numbers there itself."""
        counters = []
        for place, value, put in self.before:
            try:
                now = place.read()
            except LookupError:
                raise Untraceable(f"it deletes {place.said}") from None
            if now is not put and put is value and is_number(value) and is_number(now):
                counters.append(place)
            elif now is not put:
                self.leave(self.source.of(place), now, place.said, place.write)
            self.expect(place, value, put, now)
        if counters:
            raise Counters(counters)

    def expect(self, place: Place, value: Any, put: Any, now: Any) -> None:
        """Add the check of what is in a place when a step begins."""
        source = self.source.of(place)
        if isinstance(place.holder, Node):  # a gradient has the shape and dtype of its tensor
            self.source.check(
                f"{source} is {'not ' * (value is not None)}None", f"whether there is {place.said}"
            )
        elif put is value or (now is put and isinstance(value, np.ndarray | np.random.Generator)):
            said = self.around.tensors[place.holder] if type(place.holder) is Tensor else place.said
            self.source.check_is(source, value, said, place if is_number(value) else None)
            if type(put) is StandIn:
                put.first.load = FIXED
        elif isinstance(value, np.ndarray | np.generic):
            self.source.check_like(source, value, place.said)
        else:
            self.source.check(f"type({source}) is {type(value).__name__}", place.said)

    def leave(self, target: str, now: Any, said: str, write: Callable[[Any], Any]) -> None:
        """Note something new that the step has put in a place."""
        value, answer = self.given(now)
        if value is now and type(now) not in CONSTANTS:
            raise Untraceable(f"it changes {said}, to a {type(now).__name__}")
        self.program.effects.append(Effect(target, value))
        self.commit.append(lambda: write(answer))

    def look_at_holders(self) -> None:
        """Note what was added to dicts and lists, and check that the lengths of others stay the same."""
        for holder, said in self.around.holders:
            known = {place.key for place in self.around.places if place.holder is holder}
            if isinstance(holder, dict):
                new = [(key, value) for key, value in holder.items() if key not in known]
                for key, value in new:
                    del holder[key]
                    place = Place(holder, key, f"{said}.{key}")
                    self.leave(self.source.of(place), value, place.said, place.write)
            else:
                new, holder[len(known) :] = holder[len(known) :], []
                for value in new:
                    self.leave(f"{self.source.name(holder)}.append", value, said, holder.append)
                if new:  # it is a list to be added to, so its items are not checked
                    begins = f"{self.source.name(holder)}["
                    self.program.checks = [c for c in self.program.checks if not c.source.startswith(begins)]
                    continue
            self.source.check(f"len({self.source.name(holder)}) == {len(known)}", f"the length of {said}")

    def look_at_arrays(self) -> None:
        """Note the arrays that were written into, with their last values."""
        for stand_in in self.planted.values():
            if type(stand_in) is StandIn and (last := self.tape.current(stand_in)).made:
                self.program.effects.append(Effect("", last, stand_in.first))
                self.commit.append(functools.partial(np.copyto, stand_in.first.data, last.data))

    def given(self, tree: Any) -> tuple[Any, Any]:
        """What comes out of the step, once in values for the program and once in arrays for the caller."""
        return mapped(tree, self.as_value), mapped(tree, self.as_array)

    def as_value(self, leaf: Any) -> Any:
        """What comes out, as a program refers to it; a new tensor is the pair of "tensor" and its array."""
        if type(leaf) is Tensor and leaf not in self.around.tensors:
            return ("tensor", self.tape.operand(leaf.data))
        return self.tape.current(leaf) if type(leaf) is StandIn else leaf

    def as_array(self, leaf: Any) -> Any:
        """What comes out, as the caller gets it, with the arrays that the stand-ins were made for."""
        if type(leaf) is Tensor and leaf not in self.around.tensors:
            return Tensor.of(self.as_array(leaf.data), None)
        return leaf.data if type(leaf) is StandIn else leaf

    def restore(self, done: bool) -> None:
        """Put back what was there before, and after a failure also the states of random generators."""
        for holder, length in self.lengths:
            for key in [*holder][length:] if isinstance(holder, dict) else [slice(length, None)]:
                del holder[key]
        for place, value, _ in self.before:
            with contextlib.suppress(LookupError):
                if place.read() is not value:
                    place.write(value)
        if not done:
            for stand_in in self.planted.values():
                if type(stand_in) is Draws:
                    stand_in.generator.bit_generator.state = stand_in.state


def is_constant(value: Any) -> bool:
    """Whether a value is a tensor without a gradient, so that the next call may get another one."""
    return type(value) is Tensor and not value.requires_grad


def others(tree: Any) -> Iterator[Any]:
    """The parts of nested arguments that are no arrays: models, functions, and the like."""
    if isinstance(tree, tuple | list | dict):
        for part in tree.values() if isinstance(tree, dict) else tree:
            yield from others(part)
    elif not isinstance(tree, np.ndarray) and not is_constant(tree):
        yield tree


def touch(leaf: Leaf) -> None:
    """Note that the values of a leaf have changed, so that what was computed from them is out of date."""
    leaf.updated = next_index()


CONSTANTS = {bool, int, float, complex, str, type(None)}


def is_number(value: Any) -> bool:
    """Whether a value is an int or a float of Python, which may differ from call to call; a bool may not."""
    return type(value) in (int, float)
