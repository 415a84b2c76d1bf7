"""The variables to which a loop gives several values, one after the other: each is a list of values."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from ....formulas.algebra.expressions import Ref
from ..observe import Run, identity
from .variables import singular


@dataclass(slots=True)
class Series:
    """The values that a variable of a loop has one after the other.

    name    what one of the values is called
    plural  what the list of them is called
    values  the identities of the values, and `events` the numbers of the events at which they came
    """

    name: str
    plural: str
    values: list[Any] = field(default_factory=list)
    events: list[int] = field(default_factory=list)


def series_of(run: Run) -> dict[tuple[int, Ref], Series]:
    """The series of a run, by the call and the place of the variable; the entries of a list are one series.

    A variable of f itself makes one if the same line gave it a value more than once.
    """
    found: dict[tuple[int, Ref], Series] = {}
    counted: Counter[tuple[int, Ref, int]] = Counter()
    for i, event in enumerate(run.events):
        key = identity(event.value)
        is_entry = len(event.ref) == 2 and type(event.ref[1]) is int
        if event.own and event.call >= 0 and (len(event.ref) == 1 or is_entry) and key is not None:
            variable = event.call, event.ref[:1] if len(event.ref) == 1 else (event.ref[0], ...)
            one = found.get(variable) or Series(*names_of(str(event.ref[0]), is_entry, run))
            found[variable] = found[event.call, event.ref] = one
            one.values.append(key)
            one.events.append(i)
            counted[event.call, event.ref, event.line] += 1
    repeated = {id(found[call, ref]) for (call, ref, _), n in counted.items() if n > 1}
    return {key: one for key, one in found.items() if id(one) in repeated}


def names_of(root: str, is_entry: bool, run: Run) -> tuple[str, str]:
    """The name of one value and the name of their list, for a variable or for the entries of a list."""
    return (singular(root), f"all_{root}") if is_entry else (root, plural(root, run))


def plural(base: str, run: Run) -> str:
    """The name of a list of values: `hs`.  It is neither a keyword nor the name of something else in f."""
    found = base + "s"
    while found in ("is", "as") or (found,) in run.available:
        found = base + "_s" if found == base + "s" else found + "s"
    return found
