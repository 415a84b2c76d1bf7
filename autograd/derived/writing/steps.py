"""A derivation in steps, for people who learn it: where each line comes from, in words and with shapes."""
# ruff: noqa: RUF001, RUF002  # the signs of mathematics are meant, not the letters they look like

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...formulas.algebra.expressions import ONE, Expr, length, name, walk
from ...formulas.source import text
from ..layout.lines import is_nameless
from ..reading.walk import Line
from .program import line_text


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a derivation, explained.

    name      the gradient: "dW2"
    shape     its shape, which is the variable's
    because   what the variable was used for, and what follows from that, with a sentence for each use
    chain     the equations, from the chain rule down to the line itself
    """

    name: str
    shape: tuple[int, ...]
    because: tuple[str, ...]
    chain: tuple[str, ...]

    @property
    def final(self) -> str:
        """The line as it stands in the source."""
        last = self.chain[-1].lstrip()
        return f"{self.name} {last}" if last.startswith("= ") else last.replace("\n", "; ")

    def __str__(self) -> str:
        """The sentences, and the equations below them."""
        first = f"{self.name} {by(self.shape)}: " if self.shape else f"{self.name}: "
        return "\n".join([first + " ".join(self.because), *indent(self.chain)])


def indent(chain: Sequence[str]) -> list[str]:
    """The lines of equations, moved to the right."""
    return ["    " + line for equation in chain for line in equation.split("\n")]


def by(shape: Sequence[int]) -> str:
    """A shape as one writes it: (4×2)."""
    return f"({'×'.join(map(str, shape))})" if shape else "(a number)"


def steps_of(lines: Sequence[Line], uses: Uses) -> tuple[Step, ...]:
    """The steps of all lines that are gradients, also of lines that were taken into others."""
    return tuple(
        step_of(line, uses) for line in lines if line.variable is not None and line.sign in ("=", "+=")
    )


def step_of(line: Line, uses: Uses) -> Step:
    """The step of one line, explained together with the lines that were taken into it."""
    because = [sentence for one in (*line.absorbed, line) for sentence in uses(one)]
    named = [one for one in line.absorbed if not any(map(is_nameless, walk(one.target, one.value)))]
    chain = [equation for one in named for equation in forms_of(one)[:1]]
    return Step(text(line.target), line.shape, tuple(dict.fromkeys(because)), (*chain, *forms_of(line)))


def forms_of(line: Line) -> list[str]:
    """The forms of a line, from the one that the rules give to the shortest."""
    known = [e for e in line.history if not any(is_nameless(p) for p in walk(e))]
    forms = ["\n".join(line_text(replace(line, value=e))) for e in (*known, line.value)]
    start = f"{text(line.target)} = "
    first, *later = dict.fromkeys(forms)
    return [first, *(f.replace(start, " " * (len(start) - 2) + "= ", 1) for f in later)]


class Uses:
    """What variables were used for.

    definitions  how each variable of the forward pass was computed, and the loss
    """

    def __init__(self, definitions: dict[Expr, Expr]) -> None:
        self.definitions = definitions

    def __call__(self, line: Line) -> Iterator[str]:
        """A sentence for each variable that was computed from the variable of a line."""
        if line.variable is None:
            return
        own, told = name(line.variable.ref, line.shape), set()
        for made, definition in self.definitions.items():
            if own in walk(definition):
                said = ", then ".join(phrases(own, definition)) or "is the loss"
                result = "the loss" if made is ONE else text(made)
                sentence = f"For {result}, {text(own)} {by(line.shape)} {said}."
                kind = re.sub(r"\[-?\d+\]", "[t]", sentence)
                if kind not in told:  # else another round of a loop
                    yield sentence
                told.add(kind)


def phrases(own: Expr, definition: Expr) -> Iterator[str]:
    """What is done to a variable on the way to a value, one phrase for each operation."""
    child = own
    around = path(own, definition)
    while len(around) > 1 and around[-1].head == "add" and not summed_axes(around[-2], around[-1]):
        around.pop()  # the gradient passes through it as it is
    for parent in around:
        others = [a for a in parent.args if a is not child]
        yield phrase(child, parent, others)
        child = parent


def path(own: Expr, root: Expr) -> list[Expr]:
    """The expressions around a part of another, the innermost first."""
    around: list[Expr] = []
    child = own
    while child is not root:
        child = next(e for e in walk(root) if child in e.args)
        around.append(child)
    return around


def phrase(child: Expr, parent: Expr, others: Sequence[Expr]) -> str:
    """What an operation does to one of its arguments, and what the gradient therefore does."""
    rest = " and ".join(text(o) for o in others)
    match parent.head:
        case "add":
            stretched = summed_axes(child, parent)
            back = (
                f"the gradient, summed over {stretched}, is passed on" if stretched else "the gradient passes"
            )
            return f"is added to {rest}, so {back}"
        case "mul":
            return f"is multiplied by {rest}, so the gradient is multiplied by that"
        case "pow":
            return POWERS.get(parent.data, f"is raised to the power {parent.data}, so the power rule applies")
    function = parent.data[0]
    if function is np.matmul:
        side, other = ("left", parent.args[0]) if child is parent.args[1] else ("right", parent.args[1])
        return (
            f"was multiplied from the {side} by {text(other)} {by(other.shape)}, so the gradient is "
            f"multiplied from the {side} by the transpose of that"
        )
    said = FUNCTIONS.get(getattr(function, "__name__", ""))
    return said or f"goes through {getattr(function, '__name__', function)}"


def summed_axes(child: Expr, parent: Expr) -> str:
    """The axes along which an argument was broadcast, in words; empty if there are none."""
    n = len(parent.shape)
    axes = [i for i in range(n) if parent.shape[i] > 1 and length(child, i - n) == 1]
    return "" if not axes else ("axis " if len(axes) == 1 else "axes ") + " and ".join(map(str, axes))


POWERS: dict[Any, str] = {
    -1: "is divided by, so the gradient is multiplied by minus the square of its reciprocal",
    2: "is squared, so the gradient is multiplied by two times it",
}
FUNCTIONS = {
    "exp": "goes through exp, which is its own derivative",
    "log": "goes through log, so the gradient is divided by it",
    "tanh": "goes through tanh, so the gradient is multiplied by 1 - tanh²",
    "sin": "goes through sin, so the gradient is multiplied by the cosine",
    "cos": "goes through cos, so the gradient is multiplied by minus the sine",
    "maximum": "is cut off by maximum, so the gradient passes where it is the larger",
    "sum_": "is summed, so the gradient is spread back over all that was summed",
    "view_": "gets other axes, so the gradient gets the old ones back",
    "reshape": "is reshaped, so the gradient is shaped back",
    "transpose": "is transposed, so the gradient is transposed back",
    "take": "is indexed, so the gradient goes to the places that were taken",
    "concatenate": "is joined with others, so the gradient is cut apart again",
}
