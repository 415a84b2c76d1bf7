"""A derivation as mathematics: aligned equations in LaTeX.

Arrays are bold, an elementwise product has a ⊙ between its factors, and dW stands for the derivative of the
loss by W.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np

from ...formulas.algebra.arrays import mean_, sum_, view_
from ...formulas.algebra.expressions import (
    MINUS,
    ZERO,
    Expr,
    Ref,
    Words,
    add,
    is_call,
    mul,
    number,
    options,
    power,
    terms_of,
)
from ...formulas.algebra.indexing import eye, scatter, take
from ...formulas.source import index_text, is_negative, reading_order
from ..layout.items import Item, Loop
from ..reading.walk import Line

GREEK = {
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu"),
    *("nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"),
}
FUNCTIONS = {
    "exp": r"\exp", "log": r"\log", "sin": r"\sin", "cos": r"\cos", "tan": r"\tan", "tanh": r"\tanh",
    "sinh": r"\sinh", "cosh": r"\cosh", "arctan": r"\arctan", "maximum": r"\max", "minimum": r"\min",
    "max": r"\max", "min": r"\min", "sign": r"\operatorname{sgn}",
}  # fmt: skip
RELATIONS = {
    "greater": ">", "less": "<", "greater_equal": r"\ge", "less_equal": r"\le",
    "equal": "=", "not_equal": r"\ne",
}  # fmt: skip

SUM, PRODUCT, POWER, ATOM = range(4)

chosen: ContextVar[Mapping[str, str]] = ContextVar("chosen", default={})  # noqa: B039  (never written to)


def equations(items: Sequence[Item], names: Mapping[str, str] | None = None) -> str:
    r"""Aligned equations, one for each line; `names` says how to write variables: {"W1": r"\Omega"}."""
    token = chosen.set(names or {})
    try:
        rows = rows_of(items, "")
    finally:
        chosen.reset(token)
    return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"


def rows_of(items: Sequence[Item], indent: str) -> list[str]:
    """The rows of lines and loops; the rows in a loop stand further to the right."""
    rows = []
    for item in items:
        if isinstance(item, Loop):
            rows += [indent + "&" + loop_head(item), *rows_of(item.body, indent + r"\quad ")]
        else:
            rows += [indent + row for row in line_rows(item)]
    return rows


def loop_head(loop: Loop) -> str:
    """The head of a loop: `for t = 4, …, 0`."""
    spans = []
    for counter, n in loop.counters:
        first, last = (n - 1, 0) if loop.backwards else (0, n - 1)
        spans.append(rf"{counter} = {first}, \dots, {last}")
    return r"\text{for } " + r",\; ".join(spans) + ":"


def line_rows(line: Line) -> list[str]:
    """The rows of one line: an equation, and one more for each place at which something is added."""
    target = tex(line.target)
    terms = terms_of(line.value)
    placed = [t for t in terms if is_call(t, scatter)]
    rest = add(*(t for t in terms if t not in placed))
    sign = r"\mathrel{+}=" if line.sign == "+=" else "="
    if line.sign in ("list", "room", "zeros", "empty"):
        return [rf"{target} &= (\;)"]
    if line.sign == "values":
        return [rf"{target} &= ({tex(rest)})"]
    if line.sign == "append":
        return [rf"{target} &\mathrel{{+}}= ({tex(rest)})"]
    rows = [] if line.sign == "+=" and placed and rest is ZERO else [f"{target} &{sign} {tex(rest)}"]
    for t in placed:
        index = index_text(options(t)["index"], t.args[1:])
        rows.append(rf"{target}[\text{{{escaped(index)}}}] &\mathrel{{+}}= {tex(t.args[0])}")
    return rows


def escaped(words: str) -> str:
    """Words with their underscores as LaTeX takes them."""
    return words.replace("_", r"\_")


def tex(e: Expr, binding: int = SUM) -> str:
    """An expression as LaTeX, in brackets if what is around it binds more tightly."""
    words, own = written_tex(e)
    return rf"\left({words}\right)" if own < binding else words


def written_tex(e: Expr) -> tuple[str, int]:
    """The LaTeX of an expression, and how tightly its last operation binds."""
    match e.head:
        case "number":
            return number_tex(e.data)
        case "name":
            return name_tex(e.data, e.shape), ATOM
        case "add":
            return sum_tex(e.args), SUM
        case "mul":
            return product_tex(e)
        case "pow":
            return power_tex(e)
    return CALLS_TEX.get(e.data[0], call_tex)(e)  # type: ignore[no-any-return]


def number_tex(value: Any) -> tuple[str, int]:
    """A number as a fraction, or in decimals with a power of ten."""
    if isinstance(value, Fraction) and value.denominator == 1:
        return str(value), ATOM if value >= 0 else SUM
    if isinstance(value, Fraction) and value.denominator < 1000:
        return rf"\tfrac{{{value.numerator}}}{{{value.denominator}}}", ATOM if value >= 0 else SUM
    return re.sub(r"e-0*(\d+)", r" \\cdot 10^{-\1}", repr(float(value))), ATOM


def name_tex(ref: Ref, shape: Sequence[int] = ()) -> str:
    r"""A name: `W1` as \mathbf{W}_{1}, `dW1` with a d before it, `hs[t]` with t below it."""
    root = str(ref[0])
    if isinstance(ref[0], Words):
        return rf"\text{{{escaped(root)}}}"
    written = symbol(root, len(shape) > 0)
    if root[0] == "d" and len(root) > 1 and root not in chosen.get():
        written = r"\mathrm{d}" + symbol(root[1:], len(shape) > 0)
    return written + (f"_{{{', '.join(map(str, ref[1:]))}}}" if len(ref) > 1 else "")


def symbol(word: str, bold: bool) -> str:
    """A word as a symbol: as the user says, Greek letters by their names, with final digits below."""
    if word in chosen.get():
        return chosen.get()[word]
    letters, digits = re.fullmatch(r"(.*?)_?(\d*)", word).groups()  # type: ignore[union-attr]
    if letters.lower() in GREEK:
        body = "\\" + letters
        body = rf"\boldsymbol{{{body}}}" if bold else body
    elif bold:
        body = rf"\mathbf{{{escaped(letters)}}}"
    else:
        body = letters if len(letters) == 1 else rf"\mathrm{{{escaped(letters)}}}"
    return body + (f"_{{{digits}}}" if digits else "")


def sum_tex(terms: Sequence[Expr]) -> str:
    """A sum with signs between its terms, which begins with a term without a minus if there is one."""
    terms = sorted(terms, key=is_negative)
    words = tex(terms[0])
    for t in terms[1:]:
        words += f" - {tex(mul(MINUS, t), PRODUCT)}" if is_negative(t) else f" + {tex(t)}"
    return words


def product_tex(e: Expr) -> tuple[str, int]:
    """A product or a quotient, and how tightly it binds."""
    above, below, minus = [], [], ""
    for part in sorted(e.args, key=reading_order):
        if part.head == "number" and isinstance(part.data, Fraction) and part.data.denominator < 1000:
            minus = "-" if part.data < 0 else ""
            above += (
                [number(part.data.numerator * (-1 if minus else 1))] if abs(part.data.numerator) != 1 else []
            )
            below += [number(part.data.denominator)] if part.data.denominator != 1 else []
        elif part.head == "pow" and part.data < 0:
            below.append(power(part.args[0], -part.data))
        else:
            above.append(part)
    if not below:
        return minus + side_by_side(above), PRODUCT
    under = side_by_side(below) if len(below) > 1 else tex(below[0])
    top = side_by_side(above) if len(above) != 1 else tex(above[0])
    return rf"{minus}\frac{{{top}}}{{{under}}}", PRODUCT


def side_by_side(factors: Sequence[Expr]) -> str:
    """The factors of a product: single numbers side by side, arrays with a ⊙ between them."""
    words, before = "", False
    for f in factors:
        array = prod(f.shape) > 1
        words += (r" \odot " if array and before else r" \, " if words else "") + tex(
            f, PRODUCT + (len(factors) > 1 and f.head == "add")
        )
        before = before or array
    return words or "1"


def power_tex(e: Expr) -> tuple[str, int]:
    """A power: a square root as such, a negative power as a quotient."""
    base, n = e.args[0], e.data
    if n == Fraction(1, 2):
        return rf"\sqrt{{{tex(base)}}}", ATOM
    if n < 0:
        return rf"\frac{{1}}{{{tex(power(base, -n))}}}", PRODUCT
    sign = r"\odot " if prod(e.shape) > 1 else ""
    return rf"{tex(base, ATOM)}^{{{sign}{n}}}", POWER


def call_tex(e: Expr) -> tuple[str, int]:
    """A function with its arguments in brackets."""
    function = e.data[0]
    name = FUNCTIONS.get(function.__name__, rf"\operatorname{{{escaped(function.__name__)}}}")
    return rf"{name}\left({', '.join(tex(a) for a in e.args)}\right)", ATOM


def reduction_tex(e: Expr) -> tuple[str, int]:
    """A sum or a mean, with its axes unless it is over all."""
    n = len(e.args[0].shape)
    axes = sorted(i % n for i in options(e)["axis"])
    over = "" if len(axes) == n else rf"_{{\text{{axis }}{', '.join(map(str, axes))}}}"
    sign = rf"\sum\nolimits{over}" if e.data[0] is sum_ else rf"\operatorname{{mean}}{over}"
    return rf"{sign}\,{tex(e.args[0], ATOM if e.data[0] is mean_ else PRODUCT)}", PRODUCT


def matmul_tex(e: Expr) -> tuple[str, int]:
    """A product of matrices."""
    return r" \, ".join(tex(a, PRODUCT + (a.head == "mul")) for a in e.args), PRODUCT


def transpose_tex(e: Expr) -> tuple[str, int]:
    """A transposed matrix."""
    return rf"{tex(e.args[0], POWER if e.args[0].head == 'name' else ATOM)}^{{\top}}", ATOM


def comparison_tex(sign: str) -> Any:
    """What writes a comparison with this sign, as the indicator of where it holds."""
    return lambda e: (rf"\mathbb{{1}}[{tex(e.args[0])} {sign} {tex(e.args[1])}]", ATOM)


def inner_tex(e: Expr) -> tuple[str, int]:
    """The array of a view or a broadcast, since mathematics mentions neither."""
    return written_tex(e.args[0])


def take_tex(e: Expr) -> tuple[str, int]:
    """A part of an array, with its index as source."""
    index = index_text(options(e)["index"], e.args[1:])
    return rf"{tex(e.args[0], ATOM)}[\text{{{escaped(index)}}}]", ATOM


CALLS_TEX: dict[Any, Any] = {
    sum_: reduction_tex,
    mean_: reduction_tex,
    np.matmul: matmul_tex,
    np.transpose: transpose_tex,
    view_: inner_tex,
    np.broadcast_to: inner_tex,
    np.arange: lambda e: (rf"(0, \dots, {e.shape[0] - 1})", ATOM),
    np.reshape: lambda e: (rf"\operatorname{{reshape}}\left({tex(e.args[0])}\right)", ATOM),
    take: take_tex,
    eye: lambda e: (rf"\operatorname{{onehot}}\left({tex(e.args[0])}\right)", ATOM),
    **{getattr(np, name): comparison_tex(sign) for name, sign in RELATIONS.items()},
}
