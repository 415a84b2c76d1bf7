"""Expressions as NumPy source, as one would write them."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from contextvars import ContextVar
from fractions import Fraction
from typing import Any

import numpy as np

from ..refusals import full_name
from .algebra.arrays import mean_, sum_, view_
from .algebra.expressions import MINUS, Expr, Ref, Words, expr, mul, options, power
from .algebra.indexing import HOLE, ONE_BY_ONE, eye, np_einsum, take
from .reading.windows import sliding

# How tightly operations bind in Python
SUM, PRODUCT, SIGN, POWER, ATOM = range(5)

COMPARISONS = {
    "greater": ">", "less": "<", "greater_equal": ">=", "less_equal": "<=", "equal": "==", "not_equal": "!=",
}  # fmt: skip


def text(e: Expr, binding: int = SUM) -> str:
    """An expression as Python source, in brackets where what is around it binds more tightly."""
    words, own = written(e)
    return f"({words})" if own < binding else words


def written(e: Expr) -> tuple[str, int]:
    """The source of an expression, and how tightly its last operation binds."""
    match e.head:
        case "number":
            return number_text(e.data)
        case "name":
            return name_text(e.data)
        case "add":
            return sum_text(e.args), SUM
        case "mul":
            return product_text(e)
        case "pow":
            return power_text(e)
    return CALLS.get(e.data[0], call_text)(e)  # type: ignore[no-any-return]


def number_text(value: Any) -> tuple[str, int]:
    """A number: as Python writes it, or as a fraction if it would have more than three decimals."""
    if isinstance(value, Fraction) and value.denominator == 1:
        words = str(value.numerator)
    elif isinstance(value, Fraction) and value.denominator < 1000 and (1000 % value.denominator):
        return str(value).replace("/", " / "), PRODUCT if value > 0 else SIGN - 1
    else:
        words = repr(float(value)).replace("nan", "np.nan").replace("inf", "np.inf")
    return words, SIGN if words.startswith("-") else ATOM


def name_text(ref: Ref) -> tuple[str, int]:
    """A name with its indices; words of the user's bind as tightly as their expression does."""
    if isinstance(ref[0], Words):
        tree = ast.parse(ref[0], mode="eval").body
        return ref[0], ATOM if isinstance(tree, ast.Call | ast.Attribute | ast.Subscript) else SUM
    return str(ref[0]) + "".join(f"[{key!r}]" for key in ref[1:]), ATOM


def sum_text(terms: Sequence[Expr]) -> str:
    """A sum with signs between its terms, which begins with a term without a minus if there is one."""
    terms = sorted(terms, key=is_negative)
    words = text(terms[0], SUM)
    for term in terms[1:]:
        negative = is_negative(term)
        shown = written_without_minus(term) if negative else text(term, SUM)
        words += f" - {shown}" if negative else f" + {shown}"
    return words


def is_negative(e: Expr) -> bool:
    """Whether a term has a negative number in front."""
    first = e.args[0] if e.head == "mul" else e
    return bool(first.head == "number" and first.data < 0)


def written_without_minus(e: Expr) -> str:
    """A negative term as it stands behind a minus."""
    return text(mul(MINUS, e), PRODUCT)


def product_text(e: Expr) -> tuple[str, int]:
    """A quotient of products with a number in front, and a minus before everything."""
    above, below, minus = [], [], False
    for part in sorted(e.args, key=reading_order):
        if part.head == "number":
            minus = part.data < 0
            value = abs(part.data)
            if isinstance(value, Fraction) and value.denominator < 1000:
                if value.numerator != 1:
                    above.append(number_text(Fraction(value.numerator))[0])
                if value.denominator != 1:
                    below.append(expr("number", (), Fraction(value.denominator)))
            else:
                above.append(repr(float(value)))
        elif part.head == "pow" and part.data < 0:
            below.append(power(part.args[0], -part.data))
        elif part.head == "call" and part.data[0].__name__ in COMPARISONS:
            above.append(f"({written(part)[0]})")
        else:
            above.append(text(part, SIGN if above else PRODUCT))
    words = " * ".join(above) or "1"
    if len(below) == 1:
        words += f" / {text(below[0], SIGN)}"
    elif below:
        words += f" / ({' * '.join(text(b, SIGN) for b in below)})"
    return (f"-{words}", PRODUCT) if minus else (words, PRODUCT)


def reading_order(part: Expr) -> int:
    """The key that sorts factors: numbers come first, then what is short, and sums in brackets last."""
    base = part.args[0] if part.head == "pow" else part
    return {"number": 0, "add": 3}.get(
        base.head, 2 if base.head == "call" and base.data[0] is not np.matmul else 1
    )


def power_text(e: Expr) -> tuple[str, int]:
    """A power: a root as `np.sqrt`, a negative power as a quotient."""
    base, n = e.args[0], e.data
    if n == Fraction(1, 2):
        return f"np.sqrt({text(base)})", ATOM
    if n < 0:
        return f"1 / {text(power(base, -n), SIGN)}", PRODUCT
    if n.denominator == 1:
        return f"{text(base, ATOM)}**{n}", POWER
    return f"{text(base, ATOM)}**{float(n)}", POWER


# Calls


def call_text(e: Expr) -> tuple[str, int]:
    """A call with its options by name."""
    function, opts = e.data
    words = [text(a) for a in e.args]
    if function in ONE_BY_ONE:
        words = [f"[{', '.join(words)}]"]
    if function is np.arange:
        return f"np.arange({dict(opts)['stop']})", ATOM
    words += [f"{key}={value!r}" for key, value in opts]
    return f"{called(ONE_BY_ONE.get(function, function))}({', '.join(words)})", ATOM


def called(function: Any) -> str:
    """What NumPy calls a function: `np.exp`, `np.linalg.inv`."""
    name = str(function.__name__)
    for room, module in (("np.", np), ("np.linalg.", np.linalg), ("np.fft.", np.fft)):
        if getattr(module, name, None) is function:
            return room + name
    return full_name(function)


def reshape_text(e: Expr) -> tuple[str, int]:
    """`x.reshape(...)`, with the order of elements if it is not the usual one."""
    order = ", order='F'" if options(e).get("order") == "F" else ""
    return f"{text(e.args[0], ATOM)}.reshape({shape_text(e.shape)}{order})", ATOM


def shape_text(shape: Sequence[int]) -> str:
    """A shape as the user calls it, `X.shape`, or in numbers."""
    return shapes.get().get(tuple(shape)) or str(tuple(shape))


shapes: ContextVar[dict[Any, str]] = ContextVar("shapes", default={})  # noqa: B039  (never written to)


def axes_text(axes: Sequence[int], n: int) -> str:
    """The option `axis` of a reduction, which is empty for all axes."""
    counted = sorted(i % n for i in axes)
    if len(counted) == n:
        return ""
    return f"axis={counted[0]}" if len(counted) == 1 else f"axis={tuple(counted)}"


def sum_call(e: Expr, keepdims: bool = True) -> tuple[str, int]:
    """`np.sum(...)`, or `x.sum(...)` for a name, or the same for a mean."""
    inner, kind = e.args[0], "sum" if e.data[0] is sum_ else "mean"
    axes = axes_text(options(e)["axis"], len(inner.shape))
    if not axes and len(inner.shape) == 0:
        keepdims = False
    words = [w for w in (axes, "keepdims=True" if keepdims else "") if w]
    if inner.head == "name":
        return f"{text(inner, ATOM)}.{kind}({', '.join(words)})", ATOM
    return f"np.{kind}({', '.join([text(inner), *words])})", ATOM


def view_text(e: Expr) -> tuple[str, int]:
    """A view: a sum without `keepdims`, an index that adds or takes away axes, or `np.reshape`."""
    inner, places = e.args[0], options(e)["places"]
    n = len(inner.shape)
    if inner.head == "call" and inner.data[0] in (sum_, mean_):
        gone = [i for i in range(-n, 0) if i not in places]
        if set(gone) == set(options(inner)["axis"]) and None not in places:
            return sum_call(inner, keepdims=False)
    order = [p for p in places if p is not None]
    if order != sorted(order):
        return f"np.reshape({text(inner)}, {e.shape})", ATOM
    index = view_index(places, n)
    return (f"{text(inner, ATOM)}[{', '.join(index)}]", ATOM) if index else written(inner)


def view_index(places: Sequence[int | None], n: int) -> list[str]:
    """The parts of the index that gives an array of n axes other ones, which are in the same order."""
    index = []
    k = -n
    for p in places:
        if p is None:
            index.append("None")
            continue
        while k < p:
            index.append("0")
            k += 1
        index.append(":")
        k += 1
    index += ["0"] * -k if k < 0 else []
    while index and index[-1] == ":" and len(index) > 1:
        index.pop()
    return index


def matmul_text(e: Expr) -> tuple[str, int]:
    """`a @ b`."""
    a, b = e.args
    return f"{text(a, PRODUCT if a.head == 'call' else SIGN)} @ {text(b, SIGN)}", PRODUCT


def transpose_text(e: Expr) -> tuple[str, int]:
    """`a.T`, `a.mT`, or the axes written out."""
    inner, axes = e.args[0], options(e)["axes"]
    n = len(axes)
    if axes == tuple(range(n))[::-1]:
        return f"{text(inner, ATOM)}.T", ATOM
    if axes == (*range(n - 2), n - 1, n - 2):
        return f"{text(inner, ATOM)}.mT", ATOM
    return f"{text(inner, ATOM)}.transpose{axes}", ATOM


def take_text(e: Expr) -> tuple[str, int]:
    """`a[...]`."""
    return f"{text(e.args[0], ATOM)}[{index_text(options(e)['index'], e.args[1:])}]", ATOM


def index_text(index: tuple[Any, ...], arrays: Sequence[Expr]) -> str:
    """An index between its brackets, with the source of its arrays in its holes."""
    rest = iter(arrays)
    return ", ".join(
        text(next(rest)) if i is HOLE else slice_text(i) if isinstance(i, tuple) else str(i) for i in index
    )


def slice_text(i: tuple[Any, ...]) -> str:
    """A slice: `1:3`."""
    start, stop, step = ("" if part is None else str(part) for part in i[1:])
    return f"{start}:{stop}" + (f":{step}" if step else "")


def eye_text(e: Expr) -> tuple[str, int]:
    """`np.eye(n)[labels]`, where n is taken from a shape that has a name."""
    like = shapes.get().get(e.shape)
    n = f"{like[:-6]}.shape[1]" if like else str(options(e)["n"])
    return f"np.eye({n})[{text(e.args[0])}]", ATOM


def comparison_text(sign: str) -> Any:
    """What writes a comparison with this sign."""

    def write(e: Expr) -> tuple[str, int]:
        """`a > b`, which binds less tightly than any arithmetic."""
        a, b = e.args
        return f"{text(a, SUM)} {sign} {text(b, SUM)}", SUM - 1

    return write


def broadcast_text(e: Expr) -> tuple[str, int]:
    """`np.full` of a number, or `np.broadcast_to` of an array."""
    shape = e.shape
    inner = e.args[0]
    if not inner.shape:
        return f"np.full({shape_text(shape)}, {text(inner)})", ATOM
    return f"np.broadcast_to({text(inner)}, {shape_text(shape)})", ATOM


def sliding_text(e: Expr) -> tuple[str, int]:
    """A call of `sliding_window_view`."""
    sizes, axis = options(e)["sizes"], options(e)["axis"]
    return f"np.lib.stride_tricks.sliding_window_view({text(e.args[0])}, {sizes}, {axis})", ATOM


def einsum_text(e: Expr) -> tuple[str, int]:
    """A call of `np.einsum`."""
    return f'np.einsum("{options(e)["subscripts"]}", {", ".join(map(text, e.args))})', ATOM


CALLS: dict[Any, Any] = {
    sum_: sum_call,
    mean_: sum_call,
    np.reshape: reshape_text,
    np.copy: lambda e: (f"{text(e.args[0], ATOM)}.copy()", ATOM),
    view_: view_text,
    np.matmul: matmul_text,
    np.transpose: transpose_text,
    np.broadcast_to: broadcast_text,
    take: take_text,
    eye: eye_text,
    sliding: sliding_text,
    np_einsum: einsum_text,
    **{getattr(np, name): comparison_text(sign) for name, sign in COMPARISONS.items()},
}
