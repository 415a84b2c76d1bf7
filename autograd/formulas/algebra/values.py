"""The values of expressions, on which they are tried."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from .expressions import Expr, Ref, walk

TOLERANCE = 1e-12  # relative to the largest element: some thousand roundings in float64


class Point:
    """The values of names, and of the expressions in them, which are computed once."""

    def __init__(self, values: dict[Ref, Any]) -> None:
        self.names = values
        self.values: dict[Expr, Any] = {}

    def __getitem__(self, e: Expr) -> Any:
        """The value of an expression; the values of its parts are kept."""
        if e not in self.values:
            with np.errstate(all="ignore"):
                for part in walk(e):
                    if part not in self.values:
                        self.values[part] = self.compute(part)
        return self.values[e]

    def compute(self, e: Expr) -> Any:
        """The value of an expression whose parts have values already."""
        args = [self.values[a] for a in e.args]
        match e.head:
            case "number":
                return np.float64(e.data)
            case "name":
                return self.names[e.data]
            case "add":
                return sum(args[1:], args[0])
            case "mul":
                return prod(args[1:], start=args[0])
            case "pow":
                return np.power(args[0], float(e.data))
        function, opts = e.data[0], dict(e.data[1])
        if function is np.reshape:  # its argument has this name only since NumPy 2.1
            args.append(opts.pop("shape"))
        return function(*args, **opts)


def close(a: Any, b: Any, tolerance: float, least: float = 0.0) -> bool:
    """Whether two arrays are equal up to roundings of the largest element, or of `least` if larger."""
    try:
        a, b = np.broadcast_arrays(a, b)
    except ValueError:
        return False
    scale = max(np.abs(a).max(initial=0), np.abs(b).max(initial=0), least)
    return bool((np.abs(a - b) <= tolerance * scale).all())
