"""Functions without a derivative, or without one that can be recorded, and what to use instead."""

from typing import Any

import numpy as np

from ..errors import NoRuleError
from ..ops import Function, compose, row
from ..record import plain
from ..refusals import full_name
from ..tensor import Tensor

COUNTING = "it counts: pass .data, or sum weights with np.bincount(bins, weights)"
JUMPING = "what it returns jumps with the values: take t[np.unique(t.data, return_index=True)[1]]"

REASONS: dict[Function, str] = {
    **dict.fromkeys(
        (np.unique, np.unique_values, np.unique_all, np.unique_counts, np.unique_inverse), JUMPING
    ),
    **dict.fromkeys(
        (np.union1d, np.intersect1d, np.setdiff1d, np.setxor1d), "it is about sets, which have no derivative"
    ),
    np.piecewise: "it writes in place: use np.where or np.select",
    np.apply_along_axis: "it writes in place: give the function an axis, or np.stack its results",
    **dict.fromkeys((np.histogram, np.histogram2d, np.histogramdd), COUNTING),
    np.histogram_bin_edges: "their number jumps: use np.linspace(t.min(), t.max(), n + 1)",
}


def refusal(function: Function, reason: str) -> Function:
    """A composition that returns NumPy's result if no gradient is needed, and else raises NoRuleError."""

    def refused(*args: Any, **kwargs: Any) -> Any:
        try:
            args, kwargs = plain(row(function), args), plain(row(function), kwargs)
        except NoRuleError:
            raise NoRuleError(f"{full_name(function)} has no derivative: {reason}") from None
        return constants(function(*args, **kwargs))

    return refused


def constants(answer: Any) -> Any:
    """NumPy's answer, with a Tensor in place of every array."""
    if isinstance(answer, list | tuple):
        kind = type(answer)
        return kind(*map(constants, answer)) if hasattr(kind, "_fields") else kind(map(constants, answer))
    return Tensor(answer) if isinstance(answer, np.ndarray | np.generic) else answer


for function, reason in REASONS.items():
    compose(function)(refusal(function, reason))
