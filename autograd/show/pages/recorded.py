"""A function, run to be looked at: what it returned, and what its variables are called."""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from types import FrameType
from typing import Any

import numpy as np

from ...derived.reading.given import reached
from ...derived.reading.observe import as_it_was, code_of, identity
from ...derived.reading.watch import watching
from ...engine import LEAF, Node, next_index
from ...errors import DTypeError
from ...mode import debug
from ...tensor import Tensor
from ...transforms.structure import flat, name_of, rebuilt


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """One run of a function.

    output    what it returned
    names     its variables and inputs: of a variable that got several values, `h_1`, `h_2`, …
    filename  the file of its source
    lines     for each line that ran, in order, the index that the next node would have had, and the line
    """

    output: Tensor
    names: dict[str, Any]
    filename: str = ""
    lines: tuple[tuple[float, int], ...] = ()

    def line_of(self, node: Node | None) -> int | None:
        """The line of the function, itself, during which a node was made; None if it was not."""
        if node is None or node.op is LEAF or not self.lines:
            return None
        at = bisect(self.lines, (node.index, inf))
        return self.lines[at][1] if at < len(self.lines) else None


def recorded(f: Callable[..., Any], inputs: Mapping[str, Any]) -> Recorded:
    """What f computes of `inputs`, which it takes by name; f draws the same random numbers each time.

    The Tensors among the inputs that require a gradient are the parameters; if there are none, all floats
    and arrays of floats.  The caller's own Tensors and arrays are not touched.

    Raises DTypeError if the inputs are no dictionary, or f does not return a Tensor.
    """
    if not isinstance(inputs, Mapping):
        raise DTypeError(
            f"inputs is a {type(inputs).__name__}: pass a dictionary by name, {{'x': x, 'w': w}}"
        )
    given = leaves_of(dict(inputs))
    found: dict[Any, list[tuple[str, Any]]] = {}
    code = code_of(f)
    lines: list[tuple[float, int]] = []

    def observe(frame: FrameType, line: int) -> None:
        lines.append((next_index(), line))
        for ref, value in reached(dict(frame.f_locals)):
            if type(value) in (Tensor, np.ndarray):
                found.setdefault(identity(value), []).append((written(ref), value))

    for ref, value in reached(given):
        if type(value) in (Tensor, np.ndarray):
            found.setdefault(identity(value), []).append((written(ref), value))
    with as_it_was(), debug(), watching(observe, lambda other: other is code):
        output = f(**given)
    if type(output) is not Tensor:
        raise DTypeError(
            f"{name_of(f)} returned a {type(output).__name__}: explore() shows how a Tensor was computed, "
            "so return one, computed by NumPy's functions of the inputs"
        )
    names = numbered([values[0] for values in found.values()])
    return Recorded(output, names, code.co_filename if code else "", tuple(lines))


def written(ref: tuple[Any, ...]) -> str:
    """A place in the inputs as a reader writes it: `params['w'][0]`."""
    return str(ref[0]) + "".join(f"[{key!r}]" for key in ref[1:])


def leaves_of(inputs: dict[str, Any]) -> dict[str, Any]:
    """Copies of the inputs, with Tensors in the place of what gradients are taken with respect to."""
    parts = flat(inputs)
    asked = {path for path, v in parts.items() if type(v) is Tensor and v.requires_grad}
    floats = {path for path, v in parts.items() if is_float(v)}
    wanted = asked or floats

    def one(path: Any, value: Any) -> Any:
        if type(value) is Tensor or path in wanted:
            data = np.array(value.data if type(value) is Tensor else value)
            return Tensor(data, requires_grad=path in wanted)
        if type(value) is float:
            return np.array(value)  # which can have a name, and so is a node of the graph
        return value.copy() if isinstance(value, np.ndarray) else value

    return rebuilt(inputs, {path: one(path, value) for path, value in parts.items()})  # type: ignore[no-any-return]


def is_float(value: Any) -> bool:
    return isinstance(value, float) or getattr(getattr(value, "dtype", None), "kind", "") == "f"


def numbered(values: list[tuple[str, Any]]) -> dict[str, Any]:
    """Values by their names; those that share one are numbered."""
    counts, met = Counter(name for name, _ in values), Counter[str]()
    result = {}
    for name, value in values:
        met[name] += 1
        result[f"{name}_{met[name]}" if counts[name] > 1 else name] = value
    return result
