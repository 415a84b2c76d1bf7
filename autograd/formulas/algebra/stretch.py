"""A stretch of elementwise arithmetic, reduced by SymPy as a rational function.

What SymPy sees are symbols: named arrays, and whatever else is no arithmetic (`exp(-Z1)`, a sum, a
product of matrices).  The definitions of named variables are equations between them: A1 = 1/(1 + exp(-Z1))
can be solved for the exponential, and so turns dA1 * exp(-Z1) * A1**2 into dA1 * A1 * (1 - A1).
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

from .expressions import Expr, add, expr, mul, number, power

try:
    import sympy
except ImportError as error:
    raise ImportError("derive reduces its lines with SymPy: pip install '.[derive]'") from error


RATIONAL = ("number", "add", "mul", "pow")
MOST_ATOMS = 9  # the most symbols: with more, SymPy takes long and finds little
MOST_WORK = 250  # the most symbols times operations to be reduced; equations are solved up to half of it


class Symbols:
    """The symbols that stand for expressions, and the expressions for which they stand."""

    def __init__(self) -> None:
        self.symbols: dict[Expr, Any] = {}
        self.exprs: dict[Any, Expr] = {}

    def of(self, e: Expr) -> Any:
        """The symbol for an expression, which is a new one at first."""
        if e not in self.symbols:
            symbol = sympy.Symbol(f"x{len(self.symbols)}")
            self.symbols[e], self.exprs[symbol] = symbol, e
        return self.symbols[e]

    def sympified(self, e: Expr) -> Any:
        """An expression in SymPy's terms; the root in a fractional power is a symbol."""
        match e.head:
            case "number":
                return rational(e.data) if isinstance(e.data, Fraction) else self.of(e)
            case "add":
                return sympy.Add(*map(self.sympified, e.args))
            case "mul":
                return sympy.Mul(*map(self.sympified, e.args))
            case "pow" if e.data.denominator == 1:
                return self.sympified(e.args[0]) ** int(e.data)
            case "pow":
                root = expr("pow", e.args, Fraction(1, e.data.denominator), e.shape)
                return self.of(root) ** int(e.data.numerator)
        return self.of(e)

    def expression(self, s: Any) -> Expr:
        """An expression of SymPy's in our terms, without a minus in front of a difference."""
        if s.is_Symbol:
            return self.exprs[s]
        if s.is_Rational:
            return number(Fraction(int(s.p), int(s.q)))
        if s.is_Add:
            return add(*map(self.expression, sorted(s.args, key=self.order)))
        if s.is_Pow:
            return power(self.expression(s.base), int(s.exp))
        return signed(mul(*map(self.expression, sorted(s.args, key=self.order))))

    def order(self, s: Any) -> tuple[int, ...]:
        """The key that sorts symbols as they were met, and positive terms before negative ones."""
        met = [int(x.name[1:]) for x in s.free_symbols]
        return (s.could_extract_minus_sign(), min(met, default=-1))


def rational(value: Fraction) -> Any:
    """A fraction as SymPy's rational number."""
    return sympy.Rational(value.numerator, value.denominator)


def signed(e: Expr) -> Expr:
    """A product without a minus in front, if one of its sums can take it: -(A - 1) is 1 - A."""
    if e.head != "mul" or e.args[0].head != "number" or e.args[0].data >= 0:
        return e
    for part in sorted(e.args[1:], key=lambda p: -minuses(p)):
        base, n = (part.args[0], part.data) if part.head == "pow" else (part, 1)
        if base.head == "add" and n % 2 and minuses(base):
            flipped = power(negated(base), n)
            return mul(number(-e.args[0].data), *(flipped if p is part else p for p in e.args[1:]))
    return e


def minuses(e: Expr) -> int:
    """The number of terms with a minus in a sum, or in a power of one."""
    base = e.args[0] if e.head == "pow" else e
    return sum(has_minus(t) for t in base.args) if base.head == "add" else 0


def has_minus(t: Expr) -> bool:
    """Whether a term has a negative number in front."""
    first = t.args[0] if t.head == "mul" else t
    return bool(first.head == "number" and first.data < 0)


def negated(e: Expr) -> Expr:
    """Minus a sum, with its positive terms first."""
    terms = [mul(number(-1), t) for t in e.args]
    return add(*sorted(terms, key=has_minus))


def forms(e: Expr, definitions: Iterable[tuple[Expr, Expr]]) -> Iterator[tuple[Expr, bool]]:
    """Other ways to write a stretch: reduced, factored, and with one atom put in terms of the others.

    Each comes with whether it has other atoms, so that more forms may be found from there.
    """
    symbols = Symbols()
    s = symbols.sympified(e)
    if len(s.free_symbols) > MOST_ATOMS or work(s) > MOST_WORK:
        return
    found = dict.fromkeys(written(s), False)
    for variable, definition in definitions if work(s) <= MOST_WORK / 2 else ():
        own = symbols.of(variable)
        relation = own - symbols.sympified(definition)
        new = [*rewritten(s, relation, own)]
        for root in [x for x in relation.free_symbols if symbols.exprs[x].head == "pow"]:
            squared = symbols.sympified(symbols.exprs[root].args[0]) - (solution(relation, root) or root) ** 2
            new += rewritten(s, squared, own)
        found = dict.fromkeys(new, True) | found
    for form, is_new in found.items():
        with contextlib.suppress(
            ValueError
        ):  # a single number may be put in terms of arrays that don't fit here
            yield symbols.expression(form), is_new


@functools.lru_cache(maxsize=10_000)
def rewritten(s: Any, relation: Any, variable: Any) -> tuple[Any, ...]:
    """The forms of a function with one symbol put in terms of the others by an equation `relation == 0`.

    The only new symbol in them is the variable that the equation defines.
    """
    relation = sympy.numer(sympy.together(relation))
    there = s.free_symbols | {variable}
    if not relation.free_symbols & s.free_symbols or len(relation.free_symbols - there) > 1:
        return ()
    solvable = [x for x in relation.free_symbols & s.free_symbols if relation.free_symbols - {x} <= there]
    solved = [(x, solution(relation, x)) for x in sorted(solvable, key=lambda x: int(x.name[1:]))]
    new = [s.subs(x, value) for x, value in solved if value is not None]
    return tuple(f for n in new if work(n) <= work(s) + 60 for f in written(n))


def solution(relation: Any, atom: Any) -> Any:
    """The value of an atom by a relation that is linear in it; None if it is not."""
    poly = sympy.Poly(sympy.numer(sympy.together(relation)), atom)
    if poly.degree() != 1:
        return None
    a, b = poly.all_coeffs()
    return -b / a


def work(s: Any) -> int:
    """A measure of the work for SymPy: symbols times operations."""
    return int(len(s.free_symbols) * sympy.count_ops(s))


@functools.lru_cache(maxsize=10_000)
def written(s: Any) -> tuple[Any, ...]:
    """One function, written in several ways; none if it is too long."""
    reduced = sympy.cancel(s)
    if work(reduced) > 2 * MOST_WORK:
        return ()
    return tuple(dict.fromkeys((reduced, sympy.factor(reduced), split(reduced))))


def split(s: Any) -> Any:
    """A quotient whose numerator is a sum, as a sum of quotients."""
    return sympy.Add(*(sympy.cancel(t) for t in sympy.Add.make_args(sympy.expand(s))))
