"""The pieces of source in a program: names of objects, places, and the conditions under which it fits."""

from __future__ import annotations

import builtins
import itertools
import keyword
import re
from typing import Any

import numpy as np

from ...engine import Node
from ...tensor import Tensor
from ..program import Check, Program
from .surroundings import Place


class Source:
    """Pieces of source for one program, which gets the names in them, and the conditions."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def name(self, value: Any, said: str = "") -> str:
        """The name of an object in the program's source: the last word of what it is called."""
        names = self.program.names
        for name, known in names.items():
            if known is value:
                return name
        word = (re.findall(r"[a-zA-Z_]\w*", said) or ["o"])[-1]
        name = word if len(word) > 1 and word not in (*names, *keyword.kwlist, *dir(builtins)) else ""
        name = name or next(f"{word}_{i}" for i in itertools.count(1) if f"{word}_{i}" not in names)
        names[name] = value
        return name

    def of(self, place: Place) -> str:
        """A place as source that can be read and assigned to, in terms of the program's names."""
        holder = place.holder
        if isinstance(holder, Tensor | Node):
            return f"{self.name(holder, 'tensor' if isinstance(holder, Tensor) else 'node')}.{place.key}"
        if place.key == "cell_contents":
            return f"{self.name(holder, 'cell')}.cell_contents"
        key = repr(place.key) if isinstance(place.key, str | int) else self.name(place.key)
        return f"{self.name(holder)}[{key}]"

    def check(self, source: str, said: str, place: Place | None = None) -> None:
        """Add a condition, as source, that the program looks at before it runs."""
        self.program.checks.append(Check(source, said, place))

    def check_is(self, source: str, value: Any, said: str, place: Place | None = None) -> None:
        """Add a condition that there still is what there was: the same object, or an equal number."""
        if value is None or isinstance(value, bool):
            self.check(f"{source} is {value}", said)
        elif type(value) in (int, str) or (type(value) is float and np.isfinite(value)):
            self.check(f"{source} == {value!r}", said, place)
        else:
            self.check(f"{source} is {self.name(value, said)}", said)

    def check_like(self, source: str, array: Any, said: str) -> None:
        """Add a condition that there is an array of the same shape, dtype and layout."""
        kind, dtype = self.name(type(array), "ndarray"), self.name(array.dtype, str(array.dtype))
        self.check(
            f"type({source}) is {kind} and {source}.shape == {array.shape} and "
            f"{source}.dtype == {dtype} and {source}.strides == {array.strides}",
            f"the shape or dtype of {said}",
        )
