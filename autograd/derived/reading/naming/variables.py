"""A value with a name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ....formulas.algebra.expressions import Ref
from ....tensor import Tensor
from ..observe import Turns

UNNAMED = "g@"  # the beginning of names that are chosen last, when all others are known


@dataclass(slots=True)
class Variable:
    """A value with a name.

    ref        how a backward pass reaches it
    base       what the user's function calls it; its gradient has this name after a d
    turns      the rounds of the loops around it in which it got the value
    available  whether it is there when a backward pass begins, or has to be computed again
    event      the number of the event at which it got the value
    series     the list of values to which it belongs, if a loop gives the variable several
    """

    ref: Ref
    base: str
    turns: Turns = ()
    available: bool = True
    event: int = -1
    series: str = ""


def singular(base: str) -> str:
    """The name of one value in a list: h of `hs`."""
    return base[:-1] if base.endswith("s") and len(base) > 1 else base


def held(value: Any) -> Any:
    """The array of a Tensor, or the array itself, and not a copy."""
    return value.data if type(value) is Tensor else value
