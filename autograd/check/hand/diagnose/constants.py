"""What a constant is: 1/m, 2, or a size of the data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from itertools import chain, combinations_with_replacement
from math import isclose, isfinite, sqrt

import numpy as np

from ..observe.graph import Forward

SMALL = (2, Fraction(1, 2))  # which are more often themselves than a quotient of sizes


def named(c: float, forward: Forward) -> str:
    """A constant as it is best called: by a number of the user's or by sizes, else as a fraction.

    "1/10 (eta)", "4 (m)", "1/8 (1/(m n))", "-1", "0.3333".
    """
    sign, size = ("-" if c < 0 else ""), abs(c)
    simple = Fraction(size).limit_denominator(64)
    text = f"{sign}{simple}" if isclose(simple, size, rel_tol=1e-9) else f"{c:.6g}"
    if isclose(size, 1, rel_tol=1e-9):  # which is 2/n as well, where n is 2
        return text
    known = lengths(forward).items() if simple in SMALL else chain(broken(forward), sizes(forward))
    name = next((name for value, name in known if isclose(value, size, rel_tol=1e-9)), None)
    return f"{text} ({sign}{name})" if name else text


def broken(forward: Forward) -> Iterator[tuple[float, str]]:
    """The numbers that are not whole, such as a rate, and that only one variable holds."""
    held = {k: v for k, v in forward.scope.items() if isinstance(v, float) and not v.is_integer()}
    count = Counter(held.values())
    return ((v, k) for k, v in held.items() if count[v] == 1)


def is_named(c: float, forward: Forward) -> bool:
    """Whether a constant is a small fraction, a number of the user's, or made of the sizes of the data."""
    if not isfinite(c):
        return False
    simple = Fraction(abs(c)).limit_denominator(16)
    return isclose(simple, abs(c), rel_tol=1e-9) or "(" in named(c, forward)


def is_odd_fraction(c: float) -> bool:
    """Whether a number is a fraction that is neither whole nor one over a whole number: there are many."""
    fraction = Fraction(abs(c)).limit_denominator(16)
    return isclose(fraction, abs(c), rel_tol=1e-9) and 1 not in fraction.as_integer_ratio()


def sizes(forward: Forward) -> Iterator[tuple[float, str]]:
    """The numbers that the data's sizes make: m, m n, 2, 1/2 and 1 over these, and their roots."""
    single = lengths(forward)
    products = {a * b: f"{x} {y}" for (a, x), (b, y) in combinations_with_replacement(single.items(), 2)}
    for n, name in (single | {k: v for k, v in products.items() if k not in single}).items():
        bracket = f"({name})" if " " in name else name
        yield from ((n, name), (1 / n, f"1/{bracket}"), (2 / n, f"2/{bracket}"), (n / 2, f"{name}/2"))
        yield from ((sqrt(n), f"sqrt({name})"), (1 / sqrt(n), f"1/sqrt({name})"))


def lengths(forward: Forward) -> dict[int, str]:
    """The whole numbers above 1 among the variables, and the lengths of axes, with their names."""
    whole = [(k, v) for k, v in forward.scope.items() if isinstance(v, int | np.integer)]
    found = {int(v): k for k, v in reversed(whole) if v > 1}
    for name, value in forward.scope.items():
        for i, n in enumerate(np.shape(value) if isinstance(value, np.ndarray) else ()):
            if n > 1:
                found.setdefault(n, f"{name}.shape[{i}]")
    return found
