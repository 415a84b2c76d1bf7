"""The derivative of einsum, which is another einsum.

Every call is brought to one spelling, with letters for the ellipsis and the output written out:
`np.einsum("i...,i", a, b)` of a matrix is `einsum([a, b], "iA,i->A")`.
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
    """A list of axes as a string of subscripts: letters in the order of the numbers."""
    return "".join("..." if i is Ellipsis else LETTERS[i] for i in sublist)


def as_string(args: Sequence[Any]) -> tuple[str, Sequence[Any]]:
    """The subscripts and operands of a call in either form.

    >>> as_string((1.0, [0, 1], 2.0, [1, 2], [0, 2]))
    ('AB,BC->AC', (1.0, 2.0))
    """
    if isinstance(args[0], str):
        return args[0].replace(" ", ""), args[1:]
    pairs = len(args) // 2 * 2
    subscripts = ",".join(map(lettered, args[1:pairs:2]))
    return subscripts + "".join("->" + lettered(out) for out in args[pairs:]), args[:pairs:2]


def in_full(subscripts: str, ranks: Sequence[int]) -> str:
    """The subscripts without an ellipsis, and with the output.

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
    """Any call of `np.einsum`, as one of `einsum`."""
    subscripts, operands = as_string(args)
    if len(operands) == subscripts.count(",") + 1:  # else NumPy shall say what is wrong
        subscripts = in_full(subscripts, [np.ndim(a) for a in operands])
    return record(einsum, (operands,), {"subscripts": subscripts, "optimize": optimize})


def einsum(operands: Sequence[Any], subscripts: str, optimize: Any = False) -> Any:
    """`np.einsum` of operands whose subscripts are written out in full."""
    return np.einsum(subscripts, *operands, optimize=optimize)


def einsum_rule(g: Any, y: Any, i: int, *operands: Any, subscripts: str, optimize: Any = False) -> Any:
    """g summed with all other operands over the subscripts that operands[i] lacks.

    A subscript that no other operand and not the output has was summed over: the gradient does not
    depend on it.  One that is repeated takes a diagonal: the gradient is 0 beside it.
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
    """`g`, stretched along axes where it has length 1 and `sizes` says more."""
    shape = tuple(n if m == 1 else m for m, n in zip(g.shape, sizes, strict=True))
    return g if shape == g.shape else np.broadcast_to(g, shape)


def on_diagonal(g: Any, term: str, unique: str, shape: tuple[int, ...]) -> Any:
    """The array of `shape` whose diagonal, read by the subscripts `term`, is `g`; 0 elsewhere."""
    if term == unique:
        return g
    along = dict(zip(unique, np.ix_(*map(np.arange, g.shape)), strict=True))
    return scatter(g, index=tuple(along[c] for c in term), shape=shape)


rule_each(einsum, einsum_rule).view = True  # of one operand, NumPy makes a view where it can
