"""Programs, and their values at several points at once.

A program is text: a function of a few arrays, line by line, as somebody who uses NumPy would write it.
A line is added by running it at every point that the oracle will need: the inputs themselves, and the
inputs moved a little along two directions.  It is refused if it fails at one of the points, has a value
that is not finite or too large, or chooses differently (another maximum, another order, another branch).
So a program is smooth where it is differentiated, and its values at all points are known with its last line.
"""

from __future__ import annotations

import functools
import random
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

import numpy as np

import autograd

Array = Any

MODULES = {"np": np, "autograd": autograd}

STEPS = [2.0**-k for k in (6, 7, 8, 9)]
TINY = 1e-30  # a step whose square vanishes beside 1

# The points at which a program is run, as multiples of its directions v and w.  If it is analytic, imaginary
# parts are derivatives along v, and steps go along w; otherwise steps go along v + w and along v - w.
BOTH_WAYS = [s * h for h in STEPS for s in (1, -1)]
ANALYTIC = [(0, 0), (TINY * 1j, 0), (0, TINY * 1j), *((TINY * 1j, h) for h in BOTH_WAYS)]
REAL = [(0, 0), *((h, h) for h in BOTH_WAYS), *((h, -h) for h in BOTH_WAYS)]

LARGEST, STEEPEST = 30.0, 20.0  # the largest values and slopes of arrays in a program
MOST = 60  # elements of an array


class Refused(Exception):  # noqa: N818  not an error: another line is drawn
    """The reason why a program cannot have a line."""


@dataclass(frozen=True)
class Line:
    """A statement: its text, what must be equal at all points, the operation that it uses, and its kind."""

    text: str
    watch: str = ""
    use: str = ""
    kind: str = ""


@dataclass
class Program:
    """Lines that use the names of inputs x0, x1, … and constants k0, k1, …; and the two directions."""

    inputs: list[Array]
    constants: list[Array]
    directions: tuple[list[Array], list[Array]]
    analytic: bool
    lines: list[Line] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        return [f"x{i}" for i in range(len(self.inputs))] + [f"k{i}" for i in range(len(self.constants))]

    @property
    def points(self) -> list[tuple[complex, complex]]:
        return ANALYTIC if self.analytic else REAL

    @property
    def body(self) -> str:
        return "\n".join([*(line.text for line in self.lines), f"return {', '.join(self.outputs)},"])

    @property
    def source(self) -> str:
        return defined(self.names, self.body)

    def function(self, **modules: Any) -> Any:
        scope = MODULES | modules
        exec(compile(self.source, "<program>", "exec"), scope)
        return scope["f"]

    def arguments(self, along: tuple[complex, complex] = (0, 0)) -> list[Array]:
        """The moved inputs and the constants, with the same memory order at all points."""
        a, b = along
        moved = [np.array(x, np.result_type(x, a, b)) for x in self.inputs]
        for x, v, w in zip(moved, *self.directions, strict=True):
            x += a * v + b * w
        return [*moved, *self.constants]


def defined(names: Iterable[str], body: str) -> str:
    """A function with these arguments and this body, as text."""
    return f"def f({', '.join(names)}):\n{textwrap.indent(body, '    ')}\n"


class Draft:
    """A program in the making: its names, and their values at every point."""

    def __init__(
        self, program: Program, rng: random.Random | None = None, kinds: tuple[str, ...] = ()
    ) -> None:
        self.program, self.rng, self.kinds = program, rng or random.Random(0), kinds
        self.scopes = [MODULES | self.bound(program.arguments(along)) for along in program.points]
        self.there = self.scopes[0]  # the inputs themselves
        self.count = 0

    def bound(self, arguments: list[Array]) -> dict[str, Array]:
        for a in arguments:
            a.setflags(write=False)
        return dict(zip(self.program.names, arguments, strict=True))

    def values(self) -> dict[str, Array]:
        """The values of the names at the inputs themselves."""
        return {
            name: v
            for name, v in self.there.items()
            if isinstance(v, np.ndarray | np.floating | np.complexfloating)
        }

    def value(self, text: str) -> Any:
        return self.there[text] if text in self.there else eval(text, self.there)

    def add(self, line: Line) -> None:
        """Run a line at all points, and keep it; if Refused is raised, nothing has changed."""
        code = compiled(line.text, "exec")
        self.assert_same_choice(line.watch)
        before = [dict(scope) for scope in self.scopes]
        held = [[] if line.kind == "expressions" else held_by(scope) for scope in self.scopes]
        try:
            for scope in self.scopes:
                quietly(exec, code, scope)
            written = {id(r) for r, copy in held[0] if not np.array_equal(r, copy)}
            for name, value in self.values().items():
                if value is not before[0].get(name) or id(root(value)) in written:
                    self.assert_good(name)
        except Refused:
            self.restore(before, held)
            raise
        self.program.lines.append(line)

    def restore(self, before: list[dict[str, Any]], held: list[list[tuple[Array, Array]]]) -> None:
        for scope, names, arrays in zip(self.scopes, before, held, strict=True):
            scope.clear()
            scope.update(names)
            for root, copy in arrays:
                root[...] = copy

    def assert_same_choice(self, watch: str) -> None:
        if watch:
            code = compiled(watch, "eval")
            first, *others = (quietly(eval, code, scope) for scope in self.scopes)
            if not all(np.array_equal(first, other) for other in others):
                raise Refused("it chooses differently at another point")

    def assert_good(self, name: str) -> None:
        """Raise Refused unless a name's values and slopes are of moderate size at all points."""
        values = [scope[name] for scope in self.scopes]
        there = values[0]
        if not 0 < there.size <= MOST or there.ndim > 4 or any(v.shape != there.shape for v in values):
            raise Refused("it is empty, or large")
        together = np.array(values)
        if not self.program.analytic:
            size, slope = np.abs(together), np.abs(together - there) / STEPS[0]
        else:
            size, slope = np.abs(together.real), np.abs(together.imag) / TINY
        if not (np.max(size) <= LARGEST and np.max(slope) <= STEEPEST):
            raise Refused("its values are large, or steep")

    def results(self) -> list[str]:
        """The names that the lines have assigned."""
        return [name for name in self.values() if name.startswith("t")]

    def new(self) -> str:
        self.count += 1
        return f"t{self.count}"


def held_by(scope: dict[str, Any]) -> list[tuple[Array, Array]]:
    """The arrays that own the memory that a scope's names can write to, each with a copy."""
    roots = {id(r): r for v in scope.values() if type(v) is np.ndarray for r in [root(v)]}
    return [(r, r.copy()) for r in roots.values() if r.flags.writeable]


def root(a: Any) -> Any:
    """The owner of the memory of `a`: an array, which np.lib.stride_tricks hides behind its own object."""
    while getattr(a, "base", None) is not None:
        a = a.base
    return a


@functools.lru_cache(maxsize=4096)
def compiled(text: str, mode: str) -> CodeType:
    return compile(text, "<line>", mode)


def quietly(run: Any, code: CodeType, scope: dict[str, Any]) -> Any:
    """Run code for its values; any error or warning that it raises makes it refused."""
    try:
        return run(code, scope)
    except (
        ArithmeticError,
        IndexError,
        TypeError,
        ValueError,
        NameError,
        AttributeError,
        Warning,
        np.linalg.LinAlgError,
    ) as error:
        raise Refused(f"NumPy raises {type(error).__name__}") from None
