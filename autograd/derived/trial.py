"""A derivation tried on numbers: each line, and the whole, against the engine at every run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DerivationError
from ..formulas.algebra.expressions import Ref, walk
from ..formulas.algebra.values import TOLERANCE, Point, close
from .derivation import Derivation, arrays_of
from .layout.items import Item, lines_of
from .reading.naming import Names
from .reading.observe import Run
from .reading.walk import Line


class NamelessError(DerivationError):
    """An array that the gradient needs has no name, and cannot be computed again."""


def points_of(names: Names, runs: Sequence[Run], lines: Sequence[Line]) -> list[Point]:
    """The values of all names, and the engine's gradients, in each run."""
    place = {node: i for i, node in enumerate(runs[0].order)}
    points = []
    for one in runs:
        values: dict[Ref, Any] = {ref: names.value(ref, one) for ref in names.sources}
        for line in lines:
            if line.node is not None:
                values[line.target.data] = np.array(one.gradients[one.order[place[line.node]]])
        points.append(Point(values))
    return points


def smallest(one: Run) -> float:
    """The scale below which gradients of a run may be roundings, which remain where everything cancels."""
    return 0.01 * max(float(np.abs(g).max(initial=0)) for g in one.gradients.values())


def refuse_wrong(lines: Sequence[Line], points: Sequence[Point], runs: Sequence[Run]) -> None:
    """Raise DerivationError for a line whose numbers are not the engine's."""
    for line in lines:
        for point, one in zip(points, runs, strict=True):
            if not close(point[line.value], point[line.target], TOLERANCE, smallest(one)):
                unnamed = "" if one is runs[0] else spelled_in(line)
                if unnamed:
                    raise NamelessError(unnamed)
                raise DerivationError(
                    f"the line of {line.target.data[0]} is not what the engine computes: please report it"
                )


def spelled_in(line: Line) -> str:
    """What to say of a line that spells out an array, which may differ at other inputs; else nothing."""
    spelled = [e for e in walk(line.value) if e.head == "name" and str(e.data[0]).startswith("np.array(")]
    if not spelled:
        return ""
    return (
        f"f computes an array of shape {spelled[0].shape} from its inputs, or is given it, that no variable "
        "holds at its end, and the gradient needs it: give it a name that stays, on a line before its use"
    )


def is_right(found: Derivation, one: Run) -> bool:
    """Whether `backward` returns the engine's gradients in a run; it does not if it raises."""
    try:
        returned = found.gradients_in(arrays_of(one.available))
    except Exception:
        return False
    return all(
        np.shape(returned[ref]) == np.shape(node.data)
        and close(returned[ref], one.gradients.get(node, 0.0), TOLERANCE, smallest(one))
        for ref, node in one.leaves.items()
    )


def refusal_of(items: Sequence[Item], source: str) -> DerivationError:
    """The error for a backward pass with other gradients than the engine's, and a remedy if there is one."""
    unnamed = next((words for line in lines_of(items) if (words := spelled_in(line))), None)
    if unnamed:
        return NamelessError(unnamed)
    return DerivationError(f"this backward pass is not what the engine computes: please report it\n{source}")
