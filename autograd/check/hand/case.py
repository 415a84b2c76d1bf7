"""A wrong line, with all that tells what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...engine import Array, Node
from .backward import Hand
from .constants import is_named
from .forward import Forward
from .judge import Finding, Judge, flow, near, ratio
from .quantities import INNER


@dataclass(slots=True)
class Case:
    """A wrong line: what it made, what it ought to have made, and where that comes from."""

    finding: Finding
    judge: Judge
    hand: Hand
    region: list[Node]
    given: dict[Node, Array]

    @property
    def value(self) -> Array:
        return self.finding.line.last.value

    @property
    def expected(self) -> Array:
        return self.finding.expected

    @property
    def forward(self) -> Forward:
        return self.judge.forward


def is_right(value: Array, case: Case) -> bool:
    """Whether a value is what the line ought to hold.

    Of a line whose shape is wrong, or that raised, no constant that the lines after it take out is known:
    there any constant will do that has a name.
    """
    kinks = case.judge.kinks.get(case.finding.line.node)
    if near(value, case.expected) or case.judge.is_excused(value, case.expected, kinks):
        return True
    unknown = case.finding.line.last.raised or np.shape(case.value) != np.shape(case.expected)
    c = ratio(value, case.expected) if unknown else None
    return c is not None and is_named(c, case.forward)


def has_right_shape(value: Array, case: Case) -> bool:
    return np.shape(value) == np.shape(case.expected)


def inner(case: Case) -> dict[str, Any]:
    """Quantities within the forward pass that have no name of their own: by an expression for each."""
    found: dict[str, Any] = {}
    for node in (*case.region, *case.given):
        for a, parent in zip(node.args, node.parents, strict=True):
            if isinstance(a, np.ndarray) and parent not in case.forward.names and np.ndim(a):
                found[f"{INNER}{len(found)}"] = a
    backward = flow(case.finding.line.node, case.region, case.given, case.forward.root)
    for node, g in backward.items():
        if node not in case.given and node is not case.finding.line.node and np.ndim(g):
            found[f"{INNER}{len(found)}"] = g
    return found


def worst(value: Array, expected: Array) -> str:
    """The element that is farthest off, both numbers, and their ratio."""
    if np.shape(value) != np.shape(expected):
        return f"yours has shape {np.shape(value)}, and it should be {np.shape(expected)}"
    apart = np.abs(np.asarray(value - expected))
    index = np.unravel_index(np.argmax(np.where(np.isnan(apart), np.inf, apart)), np.shape(value))
    a, b = float(np.asarray(value)[index]), float(np.asarray(expected)[index])
    where = f" at [{', '.join(map(str, index))}]" if index else ""
    return f"worst{where}: yours {a:.6g}, should be {b:.6g}" + (f", ratio {a / b:.6g}" if b else "")
