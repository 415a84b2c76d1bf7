"""What the user's objects and generators of random numbers hold, to be put back after a run."""

from __future__ import annotations

import contextlib
import copy
import random
from collections import deque
from collections.abc import Callable, Container, Iterator
from typing import Any

import numpy as np

from .....attributes import attributes, items_of, set_attribute, set_attributes
from .....tensor import Tensor
from .....users import holds_variables
from .draws import Draws
from .reach import MOST, Reach, Root

MANY_DRAWS = 101  # that lie between two draws that have nothing in common


class State:
    """A copy of all that a run may change: entries, attributes, bindings, elements of arrays, draws.

    entries     containers and objects, with what they held
    bindings    the globals of modules, with the values of the names that are used
    cells       the cells of closures, with their contents
    arrays      arrays that can be written to, with their elements
    generators  those in reach, with their states; `draws`, the states of those that NumPy and Python share
    """

    def __init__(self, reach: Reach, draws: Draws | None = None) -> None:
        self.entries = [
            (value, shallow(value)) for _, value in reach.holders.values() if not isinstance(value, tuple)
        ]
        self.bindings = [
            (scope, {name: scope[name] for name in names if name in scope})
            for scope, names in reach.scopes.values()
        ]
        self.cells = [(cell, cell.cell_contents) for _, cell in reach.cells.values()]
        held = [v for v in reach.seen.values() if type(v) is np.ndarray]
        self.arrays = [(a, a.copy()) for a in held if a.flags.writeable]
        self.generators = [(g, state_of(g)) for g in reach.generators]
        self.draws = Draws.now(draws)

    def restore(self) -> None:
        """Put everything back."""
        for value, kept in self.entries:
            put_back(value, kept)
        for scope, kept in self.bindings:
            scope.update(kept)
        for cell, kept in self.cells:
            cell.cell_contents = kept
        for array, kept in self.arrays:
            np.copyto(array, kept)
        for generator, kept in self.generators:
            set_state(generator, kept)
        self.draws.put_back()

    @contextlib.contextmanager
    def drawn_anew(self) -> Iterator[None]:
        """A block in which all generators begin with other numbers, as a mistake may be hidden by a draw."""
        kept = self.generators, self.draws
        self.restore()
        for draw in (np.random.random_sample, random.random, *(g.random for g, _ in self.generators)):
            for _ in range(MANY_DRAWS):
                draw()
        self.generators = [(g, state_of(g)) for g, _ in self.generators]
        self.draws = Draws.now()
        try:
            yield
        finally:
            self.generators, self.draws = kept
            self.restore()


def shallow(value: Any) -> Any:
    """A copy of a container, or of the attributes of an object."""
    return copy.copy(value) if isinstance(value, dict | list | set | deque | tuple) else attributes(value)


def put_back(value: Any, kept: Any) -> None:
    """Let a container or an object hold what it held."""
    if isinstance(value, list):
        value[:] = kept
    elif isinstance(value, deque):
        value.clear()
        value.extend(kept)
    else:
        held = value if isinstance(value, dict | set) else attributes(value)
        if isinstance(held, dict) and isinstance(kept, dict) and same_entries(held, kept):
            return
        if held is value:
            held.clear()
            held.update(kept)
        else:
            set_attributes(value, kept)


def same_entries(held: dict[Any, Any], kept: dict[Any, Any]) -> bool:
    """Whether two containers hold the same objects."""
    return len(held) == len(kept) and all(
        a is b and held[a] is kept[b] for a, b in zip(held, kept, strict=True)
    )


def state_of(generator: Any) -> Any:
    """The state of a generator of random numbers."""
    if isinstance(generator, np.random.Generator):
        return copy.deepcopy(generator.bit_generator.state)
    return generator.get_state() if isinstance(generator, np.random.RandomState) else generator.getstate()


def set_state(generator: Any, state: Any) -> None:
    """Put a generator of random numbers into a state."""
    if isinstance(generator, np.random.Generator):
        generator.bit_generator.state = state
    elif isinstance(generator, np.random.RandomState):
        generator.set_state(state)
    else:
        generator.setstate(state)


def exchanged(
    reach: Reach, make: Callable[[tuple[Any, ...], Any], Any], numbers: Container[Any] = ()
) -> None:
    """Let containers, objects, bindings and cells hold what `make(path, array)` makes of their arrays.

    It is called once for each array, so what was shared is shared still.  `numbers` are the names under
    which a plain number is a parameter too.
    """
    made: dict[int, Any] = {}

    def once(path: tuple[Any, ...], value: Any) -> Any:
        """What is made of an array, at its first meeting and at all others."""
        if id(value) not in made:
            other = make(path, value)
            made[id(value)] = other, value
            made[id(other)] = other, other  # a holder may be met by two ways
        return made[id(value)][0]

    def new(path: tuple[Any, ...], value: Any) -> Any:
        """What takes the place of a value: the value itself, unless it is an array or holds one."""
        if type(value) is float:
            is_parameter = path[-1] in numbers and path[0] is not Root.GLOBAL
            return make(path, np.float64(value)) if is_parameter else value
        if type(value) in (np.ndarray, Tensor) or isinstance(value, np.floating | np.ndarray):
            return once(path, value)
        if isinstance(value, tuple) and 0 < len(value) <= MOST:
            parts = [new((*path, key), part) for key, part in items_of(value)]
            if all(a is b for a, b in zip(parts, value, strict=True)):
                return value
            return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
        return value

    replace_in(reach, new)


def replace_in(reach: Reach, new: Callable[[tuple[Any, ...], Any], Any]) -> None:
    """Put what `new(path, value)` makes of each value into the containers, objects, bindings and cells."""
    for path, holder in list(reach.holders.values()):
        if isinstance(holder, list):
            holder[:] = [new((*path, i), part) for i, part in enumerate(holder)]
        elif isinstance(holder, dict) or holds_variables(holder):
            held = holder if isinstance(holder, dict) else attributes(holder)
            for key, part in list(held.items()):
                if (other := new((*path, key), part)) is not part:
                    held[key] = other
                    if held is not holder:
                        set_attribute(holder, key, other)
    for scope, names in reach.scopes.values():
        for name in names:
            if name in scope and (other := new((Root.GLOBAL, name), scope[name])) is not scope[name]:
                scope[name] = other
    for name, cell in reach.cells.values():
        if (other := new((Root.GLOBAL, name), cell.cell_contents)) is not cell.cell_contents:
            cell.cell_contents = other
