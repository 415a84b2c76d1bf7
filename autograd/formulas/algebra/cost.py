"""How long an expression is to read, by which one form is preferred to another."""

from __future__ import annotations

from fractions import Fraction
from weakref import WeakKeyDictionary

import numpy as np

from .arrays import mean_, sum_, view_
from .expressions import Expr
from .indexing import take

known: WeakKeyDictionary[Expr, float] = WeakKeyDictionary()

BY_FUNCTION = {
    np.matmul: 1.5,
    sum_: 1.2,
    mean_: 1.2,
    view_: 0.3,
    np.transpose: 0.3,
    take: 0.4,
    np.broadcast_to: 1.0,
}


def cost(e: Expr) -> float:
    """The sum of the weights of all operations in an expression, and a little for each name."""
    if e in known:
        return known[e]
    known[e] = total = own(e) + sum(map(cost, e.args))
    return total


def own(e: Expr) -> float:
    """The weight of the operation of an expression itself."""
    match e.head:
        case "name":
            return 0.2
        case "number":
            return 0.1 if e.data.__class__ is Fraction else 0.5
        case "add":
            return len(e.args) - 1.0
        case "mul":
            negative = e.args[0].head == "number" and e.args[0].data == -1
            return len(e.args) - 1.0 - 0.6 * negative
        case "pow":
            if e.data == -1:
                return 0.15
            return float(0.4 + 0.1 * abs(e.data) + 0.15 * (e.data < 0))
    return float(BY_FUNCTION.get(e.data[0], 1.0))
