"""The derivative of einsum, which is another einsum.

Every call is brought to one form, in which letters replace the ellipsis and the output is written out:
`np.einsum("i...,i", a, b)` with a matrix a becomes `einsum([a, b], "iA,i->A")`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..functions import scatter
from ..ops import compose, rule_each
from ..record import record

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def lettered(sublist: Sequence[Any]) -> str:
    """A list of numbered axes as a string of subscripts: A for 0, B for 1, ..."""
    return "".join("..." if i is Ellipsis else LETTERS[i] for i in sublist)


def as_string(args: Sequence[Any]) -> tuple[str, Sequence[Any]]:
    """The subscripts, as a string, and the operands of a call in either of NumPy's two forms.

    >>> as_string((1.0, [0, 1], 2.0, [1, 2], [0, 2]))
    ('AB,BC->AC', (1.0, 2.0))
    """
    if isinstance(args[0], str):
        return args[0].replace(" ", ""), args[1:]
    pairs = len(args) // 2 * 2
    subscripts = ",".join(map(lettered, args[1:pairs:2]))
    return subscripts + "".join("->" + lettered(out) for out in args[pairs:]), args[:pairs:2]


def in_full(subscripts: str, ranks: Sequence[int]) -> str:
    """The subscripts with letters in place of the ellipsis, and with the output.

    >>> in_full("i...,i", [2, 1])
    'iA,i->A'
    """
    inputs, arrow, output = subscripts.partition("->")
    terms = inputs.split(",")
    hidden = [n - len(t.replace("...", "")) for n, t in zip(ranks, terms, strict=True) if "..." in t]
    free = [c for c in LETTERS if c not in subscripts][: max(hidden, default=0)]
    if not arrow:
        joined = inputs.replace("...", "").replace(",", "")
        output = "..." + "".join(sorted(c for c in set(joined) if joined.count(c) == 1))
    elif free and "..." not in output:
        raise ShapeError(f"einsum {subscripts!r}: the output lacks the ellipsis of the operands")
    for k, (n, term) in enumerate(zip(ranks, terms, strict=True)):
        own = n - len(term.replace("...", ""))
        terms[k] = term.replace("...", "".join(free[len(free) - own :]))
    return f"{','.join(terms)}->{output.replace('...', ''.join(free))}"


@compose(np.einsum)
def np_einsum(*args: Any, optimize: Any = False) -> Any:
    """Any call of `np.einsum`, as a call of `einsum`."""
    subscripts, operands = as_string(args)
    if len(operands) == subscripts.count(",") + 1:  # otherwise NumPy raises an error
        subscripts = in_full(subscripts, [np.ndim(a) for a in operands])
    return record(einsum, (operands,), {"subscripts": subscripts, "optimize": optimize})


def einsum(operands: Sequence[Any], subscripts: str, optimize: Any = False) -> Any:
    """`np.einsum` with subscripts that are written out in full."""
    return np.einsum(subscripts, *operands, optimize=optimize)


def einsum_rule(g: Any, y: Any, i: int, *operands: Any, subscripts: str, optimize: Any = False) -> Any:
    """The einsum of g and all other operands, with the subscripts of operands[i] as its output.

    If neither the output nor another operand has a subscript, it was summed over, and the gradient does
    not depend on it.  A repeated subscript takes a diagonal, and the gradient is 0 off that diagonal.
    """
    inputs, _, output = subscripts.partition("->")
    terms, a = inputs.split(","), operands[i]
    term, others = terms.pop(i), [b for j, b in enumerate(operands) if j != i]
    unique = "".join(dict.fromkeys(term))
    found = "".join(c for c in unique if c in output or any(c in t for t in terms))
    spelling = f"{','.join([output, *terms])}->{found}"
    result = np.einsum(spelling, g, *others, optimize=bool(optimize))
    if len(term) == len(found):
        return spread_over(result, a.shape)
    sizes = [a.shape[term.index(c)] for c in unique]
    at = tuple(slice(None) if c in found else None for c in unique)
    return on_diagonal(spread_over(result[at], sizes), term, unique, a.shape)


def spread_over(g: Any, sizes: Sequence[int]) -> Any:
    """`g` broadcast to `sizes` along its axes of length 1."""
    shape = tuple(n if m == 1 else m for m, n in zip(g.shape, sizes, strict=True))
    return g if shape == g.shape else np.broadcast_to(g, shape)


def on_diagonal(g: Any, term: str, unique: str, shape: tuple[int, ...]) -> Any:
    """Zeros of `shape`, with `g` on the diagonal that the subscripts `term` read."""
    if term == unique:
        return g
    along = dict(zip(unique, np.ix_(*map(np.arange, g.shape)), strict=True))
    return scatter(g, index=tuple(along[c] for c in term), shape=shape)


rule_each(einsum, einsum_rule).view = True  # with one operand, NumPy returns a view where it can
