"""Expressions made short: SymPy reduces stretches of arithmetic, and what is zero is left out.

Whatever is chosen has been tried on numbers, at the inputs and at other values.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from .arrays import mean_, rebuilt, replaced, sum_, summed, view_
from .cost import cost
from .expressions import ONE, ZERO, Expr, Shape, add, call, expr, is_call, mul, options, power, walk
from .indexing import eye
from .stretch import RATIONAL, forms
from .values import TOLERANCE, Point, close


class Simplifier:
    """Makes expressions short.

    definitions  the definitions of named variables, as far as they are arithmetic
    names        all named variables of the forward pass
    gradients    the names of the gradients
    points       the values of all names, at several inputs
    """

    def __init__(
        self,
        definitions: Mapping[Expr, Expr],
        names: Iterable[Expr],
        gradients: set[Expr],
        points: Sequence[Point],
    ) -> None:
        """Find the variables that each atom is about, and note the names among the known expressions."""
        self.definitions, self.gradients, self.points = definitions, gradients, points
        self.found: dict[Expr, Expr] = {}
        self.ties: list[Expr] = []  # comparisons that mark ties, and were left out
        self.about: dict[
            Expr, list[Expr]
        ] = {}  # for each atom, the variables whose definitions contain it, or itself
        for variable, definition in definitions.items():
            for atom in {variable, *symbols_of(definition)}:
                self.about.setdefault(atom, []).append(variable)

        self.by_value: dict[Any, list[Expr]] = {}
        for variable in names:
            self.known_as(variable)

    def __call__(self, e: Expr) -> Expr:
        """The shortest expression found for e; it is computed once."""
        if e not in self.found:
            self.found[e] = self.known_as(self.shortened(e))
        return self.found[e]

    def known_as(self, e: Expr) -> Expr:
        """The shortest expression met so far with the same values, if it is made of the same gradients."""
        value = np.asarray(self.points[-1][e])
        if (
            value.dtype.kind != "f"
            or not value.size
            or len(self.points) < 2
            or (value == np.rint(value)).any()
        ):
            return e
        key = trimmed(e.shape), f"{value.ravel()[0]:.8e}"
        others = self.by_value.setdefault(key, [])
        equal = [x for x in others if self.gradients_in(x) <= self.gradients_in(e) and self.same(x, e)]
        best = min([e, *equal], key=cost)
        if best is e:
            others.append(e)
        return best

    def shortened(self, e: Expr) -> Expr:
        """An expression with its atoms made short first, and then its arithmetic."""
        if not e.args:
            return e
        if e.head not in RATIONAL:
            return self.called(e)
        parts = {a: self(a) for a in atoms(e)}
        e = self.without_zeros(self.one_hot(known_ratios(substituted(e, parts))))
        return self.reduced(e) if e.head in RATIONAL else self(e)

    def called(self, e: Expr) -> Expr:
        """A call with its arguments made short; what can be taken out of a sum is."""
        if not is_call(e, sum_):
            new = rebuilt(e, [self(a) for a in e.args])
            return self.zero_or(new)
        inside, axes = e.args[0], options(e)["axis"]
        if is_call(inside, eye) and axes == (-1,):
            return ONE  # as each of its rows has a single 1
        if is_call(inside, np.equal) and len(self.points) > 1 and all((p[e] == 1).all() for p in self.points):
            self.ties.append(inside)
            return ONE
        inner = self.prepared(inside)
        sums = [summed(f, axes, inside.shape) for f in (inner, *(f for f, _ in self.forms(inner)))]
        best = min(sums, key=cost)
        return self.zero_or(best)

    def prepared(self, e: Expr) -> Expr:
        """The inside of a sum with its atoms made short, but its arithmetic as it is."""
        if e.head not in RATIONAL:
            return self(e)
        return self.without_zeros(self.one_hot(substituted(e, {a: self(a) for a in atoms(e)})))

    def reduced(self, e: Expr) -> Expr:
        """The shortest form that SymPy finds, step by step, with sums or with means."""
        best = self.descended(e)
        means = self.with_means(best)
        return (
            best if means is best else min([best, *(f for f, new in self.forms(means) if not new)], key=cost)
        )

    def descended(self, e: Expr) -> Expr:
        """The shortest form that is found by going from each form to the shortest of its forms."""
        while True:
            best, is_new = min([(e, False), *self.forms(e)], key=lambda f: cost(f[0]))
            if not is_new:
                return best
            e = best

    def with_means(self, e: Expr) -> Expr:
        """A stretch with n times the mean in the place of each sum over n elements, if it is divided by n."""
        below = [p.args[0] for p in walk(e) if p.head == "pow" and p.data == -1]
        below = [f for b in below for f in (b.args if b.head == "mul" else (b,)) if not f.shape]
        new = {}
        for a in atoms(e):
            if is_call(a, sum_):
                n = a.args[0].shape and np.prod([a.args[0].shape[i] for i in options(a)["axis"]])
                named = next((b for b in below if self.points[0][b] == n), None)
                if named is not None:
                    new[a] = mul(named, call(mean_, a.args, a.shape, axis=options(a)["axis"]))
        return substituted(e, new) if new else e

    def finished(self, e: Expr) -> Expr:
        """An expression with means wherever a sum is divided by the number of its elements."""
        parts = [p for p in walk(e) if p.head == "mul" and any(is_call(a, sum_) for a in p.args)]
        return replaced(e, {p: self.with_means(p) for p in parts})

    def forms(self, e: Expr) -> list[tuple[Expr, bool]]:
        """Other ways to write a stretch that were tried, each with whether it has other atoms."""
        if e.head not in RATIONAL or not e.args:
            return []
        about = dict.fromkeys(v for atom in symbols_of(e) for v in self.about.get(atom, ()))
        found = forms(e, [(v, self.definitions[v]) for v in about])
        return [(f, new) for f, new in found if f.shape == e.shape and self.same(f, e) and self.is_safe(f, e)]

    def is_safe(self, new: Expr, old: Expr) -> bool:
        """Whether a new form divides only by what the old one divides by, as anything else might be 0."""
        known = divisors(old)
        return all(
            b in known or is_positive(b) or any(self.is_multiple(b, a) for a in known) for b in divisors(new)
        )

    def is_multiple(self, a: Expr, b: Expr) -> bool:
        """Whether an expression is a constant times another one, wherever they are tried."""
        if a.shape != b.shape:
            return False
        with np.errstate(all="ignore"):
            ratio = [(p[a] / p[b]).ravel() for p in self.points]
        return all(np.allclose(r, ratio[0][0], rtol=1e-9, atol=0) for r in ratio)

    def same(self, a: Expr, b: Expr) -> bool:
        """Whether two expressions have the same values, wherever they are tried."""
        return all(close(p[a], p[b], TOLERANCE) for p in self.points)

    def gradients_in(self, e: Expr) -> set[Expr]:
        """The gradients that an expression is made of."""
        return self.gradients & set(walk(e))

    # Zeros

    def without_zeros(self, e: Expr) -> Expr:
        """A sum without the terms and pairs of terms that are zero wherever they are tried."""
        if e.head == "mul":
            return mul(*(self.without_zeros(a) for a in e.args))
        if e.head != "add":
            return self.zero_or(e)
        e = add(*(self.without_zeros(t) for t in e.args))
        terms = e.args if e.head == "add" else ()
        for pair in itertools.combinations(terms, 2) if 2 < len(terms) < 9 else ():
            if self.zero_or(add(*pair)) is ZERO:
                return self.without_zeros(add(*(t for t in terms if t not in pair)))
        return self.zero_or(e)

    def zero_or(self, e: Expr) -> Expr:
        """0 if all that is added up in e cancels, or if e marks ties, and there are none; else e.

        At a single point nobody could tell whether that holds for its data alone.
        """
        if len(self.points) < 2:
            return e
        if is_call(e, np.equal) and e.shape and not any(p[e].any() for p in self.points):
            self.ties.append(e)
            return ZERO
        if e.head == "add" or is_call(e, sum_):
            seen = False
            for point in self.points:
                value, scale = np.abs(point[e]).max(initial=0), magnitude(e, point)
                if not value <= TOLERANCE * scale:
                    return e
                seen = seen or scale > 0
            return ZERO if seen else e
        return e

    def one_hot(self, e: Expr) -> Expr:
        """An expression that has, in products with one-hot rows, the array in the place of its look-up."""
        new = {}
        for part in walk(e):
            if part.head == "mul":
                hot = next((f for f in part.args if is_call(f, eye)), None)
                if hot is not None:
                    looked_up = {a: a.args[0].args[0] for a in walk(part) if is_lookup(a, hot)}
                    if looked_up:
                        new[part] = mul(hot, *(substituted(f, looked_up) for f in part.args if f is not hot))
        return substituted(e, new) if new else e


RATIOS = {(np.sinh, np.cosh): np.tanh, (np.sin, np.cos): np.tan}


def known_ratios(e: Expr) -> Expr:
    """A stretch with tanh in the place of sinh / cosh, and tan in the place of sin / cos."""
    new = {}
    for part in walk(e):
        if part.head == "mul":
            for (above, below), ratio in RATIOS.items():
                for f in part.args:
                    under = call(below, f.args, f.shape) if is_call(f, above) else None
                    if under is not None and power(under, -1) in part.args:
                        rest = [p for p in part.args if p is not f and p is not power(under, -1)]
                        new[part] = mul(*rest, call(ratio, f.args, f.shape))
    return substituted(e, new) if new else e


def trimmed(shape: Shape) -> Shape:
    """A shape without the axes of length 1 in front, which don't count."""
    return trimmed(shape[1:]) if shape[:1] == (1,) else shape


def divisors(e: Expr) -> set[Expr]:
    """The arrays by which a stretch divides."""
    found: set[Expr] = set()
    waiting = [(e, False)]
    while waiting:
        part, below = waiting.pop()
        if part.head == "mul":
            waiting += [(a, below) for a in part.args]
        elif part.head == "pow":
            waiting.append((part.args[0], below != (part.data < 0)))
        elif part.head == "add" and not below:
            waiting += [(a, False) for a in part.args]
        elif below and part.shape:
            found.add(part)
    return found


def is_positive(e: Expr) -> bool:
    """Whether an expression is positive for all values: an exponential, or a sum of such."""
    return is_call(e, np.exp) or (is_call(e, sum_) and is_positive(e.args[0]))


def is_lookup(e: Expr, hot: Expr) -> bool:
    """Whether e is `p[np.arange(n), labels][:, None]` with the labels of a one-hot array."""
    return (
        is_call(e, view_)
        and e.args[0].head == "call"
        and e.args[0].data[0].__name__ == "take"
        and e.args[0].args[-1] is hot.args[0]
        and len(e.args[0].args) == 3
        and e.args[0].args[0].shape == hot.shape
    )


def atoms(e: Expr) -> list[Expr]:
    """The parts of a stretch of arithmetic that are no arithmetic themselves."""
    found, waiting = [], [e]
    while waiting:
        part = waiting.pop()
        if part.head in RATIONAL:
            waiting += part.args
        else:
            found.append(part)
    return found


def symbols_of(e: Expr) -> list[Expr]:
    """The parts of e that are symbols for SymPy: atoms, and the roots in fractional powers."""
    found: dict[Expr, None] = {}
    waiting = [e]
    while waiting:
        part = waiting.pop()
        if part.head == "pow" and part.data.denominator > 1:
            found[expr("pow", part.args, Fraction(1, part.data.denominator), part.shape)] = None
        elif part.head in RATIONAL:
            waiting += reversed(part.args)
        else:
            found[part] = None
    return list(found)


def substituted(e: Expr, new: Mapping[Expr, Expr]) -> Expr:
    """The arithmetic of e with other atoms in the place of some."""
    if e in new:
        return new[e]
    if e.head not in RATIONAL or not e.args:
        return e
    return rebuilt(e, [substituted(a, new) for a in e.args])


def magnitude(e: Expr, point: Point) -> float:
    """The size of what is added up in e, beside which a rounding is small."""
    if e.head == "add":
        return float(max(np.abs(point[t]).max(initial=0) for t in e.args))
    inner = np.abs(point[e.args[0]])
    return float(np.sum(inner, axis=options(e)["axis"], keepdims=True).max(initial=0))
