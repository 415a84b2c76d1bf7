"""Expressions in named arrays, in which derivations are written: small enough to reason about.

An `Expr` is a number, a name, a sum, a product, a power, or the call of a NumPy function.  Equal
expressions are one object, so that one which is used twice is seen at once.  Shapes are as small as
broadcasting allows: the gradient of a mean, spread over an array, is a number here, and axes of length
1 in front don't count.  A function that needs the whole shape of an argument gets it from `exact`.

Sums keep their axes, and `view` takes them away or adds others, so the two cancel where a rule puts
back what a reduction took away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import Any, final
from weakref import WeakValueDictionary

import numpy as np

Shape = tuple[int, ...]


@final
class Expr:
    """One expression, made by the functions below and by nothing else.

    head   "number", "name", "add", "mul", "pow", "call"
    args   the expressions that it consists of
    data   a Fraction or a float; the name's `Ref`; the exponent; for a call the function and its options
    shape  the smallest shape that broadcasts to the array for which the expression stands
    """

    __slots__ = ("__weakref__", "args", "data", "head", "shape")

    head: str
    args: tuple[Expr, ...]
    data: Any
    shape: Shape

    def __repr__(self) -> str:
        return f"<{self.head} {self.data if self.data is not None else ''}{list(self.args) or ''}>"


known: WeakValueDictionary[Any, Expr] = WeakValueDictionary()


def expr(head: str, args: Iterable[Expr] = (), data: Any = None, shape: Shape = ()) -> Expr:
    """The one expression with this head, arguments, data and shape."""
    key = head, tuple(args), data, shape
    found = known.get(key)
    if found is None:
        found = Expr()
        found.head, found.args, found.data, found.shape = key
        known[key] = found
    return found


class Words(str):
    """A name that is an expression of the user's: `np.sqrt(Q.shape[1])`."""


Ref = tuple[Any, ...]  # how a variable is reached: ("W1",), ("hs", 2), ("params", "W1")


def name(ref: Ref | str, shape: Shape) -> Expr:
    """A named array."""
    return expr("name", (), (ref,) if isinstance(ref, str) else ref, tuple(shape))


def number(value: float | Fraction) -> Expr:
    """A number, as a Fraction if it is a short one."""
    if not isinstance(value, Fraction):
        value = float(value)
        near = Fraction(value).limit_denominator(10**6) if np.isfinite(value) else Fraction(0)
        value = near if float(near) == value else value
    return expr("number", (), value)


ZERO, ONE, MINUS = number(0), number(1), number(-1)


def add(*terms: Expr) -> Expr:
    """A sum, in which numbers are added up, sums are spread out, and equal terms are counted."""
    constant: Any = Fraction(0)
    counts: dict[Expr, Any] = {}
    for term in terms:
        for part in term.args if term.head == "add" else (term,):
            if part.head == "number":
                constant += part.data
            else:
                c, rest = coefficient(part)
                counts[rest] = counts.get(rest, 0) + c
    parts = [scaled(c, rest) for rest, c in counts.items() if c]
    parts += [number(constant)] if constant else []
    if len(parts) < 2:
        return parts[0] if parts else ZERO
    return expr("add", parts, None, broadcast(parts))


def mul(*factors: Expr) -> Expr:
    """A product, in which numbers are multiplied, products spread out, and equal factors become powers."""
    constant: Any = Fraction(1)
    powers: dict[Expr, Any] = {}
    for factor in factors:
        for part in factor.args if factor.head == "mul" else (factor,):
            if part.head == "number":
                constant *= part.data
            else:
                base, n = (part.args[0], part.data) if part.head == "pow" else (part, Fraction(1))
                powers[base] = powers.get(base, 0) + n
    if not constant:
        return ZERO
    parts = [power(base, n) for base, n in powers.items() if n]
    parts = ([number(constant)] if constant != 1 else []) + parts
    if len(parts) < 2:
        return parts[0] if parts else ONE
    if len(parts) == 2 and constant == -1 and parts[1].head == "add":
        return add(*(mul(MINUS, term) for term in parts[1].args))
    return expr("mul", parts, None, broadcast(parts))


def power(base: Expr, n: Any) -> Expr:
    """`base**n` for a number n."""
    n = Fraction(n)
    if n == 1 or n == 0:
        return base if n else ONE
    if base.head == "number" and n.denominator == 1 and base.data:
        return number(base.data ** int(n))
    if base.head == "pow" and (n.denominator == 1 or base.data == Fraction(1, 2)):
        return (
            power(base.args[0], base.data * n) if n.denominator == 1 else expr("pow", (base,), n, base.shape)
        )
    if base.head == "mul" and n.denominator == 1:
        return mul(*(power(part, n) for part in base.args))
    return expr("pow", (base,), n, base.shape)


def terms_of(e: Expr) -> tuple[Expr, ...]:
    """The terms of a sum; any other expression is its own one term."""
    return e.args if e.head == "add" else (e,)


def coefficient(term: Expr) -> tuple[Any, Expr]:
    """The number in front of a term, and the rest."""
    if term.head == "number":
        return term.data, ONE
    if term.head == "mul" and term.args[0].head == "number":
        return term.args[0].data, mul(*term.args[1:])
    return Fraction(1), term


def scaled(c: Any, rest: Expr) -> Expr:
    """A term with a number in front."""
    return mul(number(c), rest)


def broadcast(parts: Iterable[Expr]) -> Shape:
    """The shape of an elementwise result of parts."""
    return np.broadcast_shapes(*(part.shape for part in parts))


# Calls


ELEMENTWISE = {
    f.__name__ for f in vars(np).values() if isinstance(f, np.ufunc) and not f.signature and f.nout == 1
} | {"where", "clip", "sinc", "nan_to_num"}


def call(function: Callable[..., Any], args: Iterable[Expr], shape: Shape, /, **options: Any) -> Expr:
    """The call of a function, with its options by name."""
    args = tuple(args)
    if function.__name__ in ELEMENTWISE:
        shape = broadcast(args)
    return expr("call", args, (function, tuple(options.items())), tuple(shape))


def is_call(e: Expr, *functions: Callable[..., Any]) -> bool:
    """Whether an expression is a call of one of these functions."""
    return e.head == "call" and e.data[0] in functions


def options(e: Expr) -> dict[str, Any]:
    """The options of a call, by name."""
    return dict(e.data[1])


def is_elementwise(e: Expr) -> bool:
    """Whether each of its elements depends on the elements of its parts in that place alone."""
    return e.head in ("add", "mul", "pow") or (e.head == "call" and e.data[0].__name__ in ELEMENTWISE)


def length(e: Expr, axis: int) -> int:
    """The length of an axis, counted from the last, -1; it is 1 for an axis that is not there."""
    return e.shape[axis] if -axis <= len(e.shape) else 1


def walk(*roots: Expr) -> Iterator[Expr]:
    """The parts of expressions, each once, and each after its own parts."""
    seen: set[Expr] = set()
    waiting: list[tuple[Expr, bool]] = [(root, False) for root in reversed(roots)]
    while waiting:
        e, done = waiting.pop()
        if done:
            yield e
        elif e not in seen:
            seen.add(e)
            waiting.append((e, True))
            waiting += [(a, False) for a in reversed(e.args)]
