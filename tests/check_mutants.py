"""Wrong rules, made from the right ones: `gradcheck` must find them, in every row of the table."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from autograd.ops import Op, Rule

Array = Any
Mutant = Callable[..., Any]


def is_array(a: Any) -> bool:
    return isinstance(a, np.ndarray | np.generic) and a.dtype.kind in "fc"


def mapped(change: Callable[[Array], Array], g: Any) -> Any:
    """A changed cotangent; for several outputs, each is changed."""
    return type(g)(map(change, g)) if isinstance(g, tuple) else change(g)


def without_first(a: Array) -> Array:
    """`a` with 0 as its first element."""
    a = np.array(a)
    a.flat[:1] = 0
    return a


def transposed(a: Array) -> Array:
    return np.swapaxes(a, -1, -2) if np.ndim(a) > 1 and a.shape[-1] == a.shape[-2] else a


def of_result(change: Callable[[Array], Array]) -> Callable[[Rule], Rule]:
    return lambda rule: lambda *args, **options: change(rule(*args, **options))


def of_cotangent(change: Callable[[Array], Array]) -> Callable[[Rule], Rule]:
    return lambda rule: lambda g, *args, **options: rule(mapped(change, g), *args, **options)


def with_ones(place: int) -> Callable[[Rule], Rule]:
    """The rule with ones for one of the arrays after g: a factor is dropped."""

    def seeded(rule: Rule) -> Rule:
        def mutant(g: Any, *args: Any, **options: Any) -> Any:
            changed = [np.ones_like(a) if i == place and is_array(a) else a for i, a in enumerate(args)]
            return rule(g, *changed, **options)

        return mutant

    return seeded


MUTANTS: dict[str, Callable[[Rule], Rule]] = {
    "sign": of_result(np.negative),
    "x 1.0001": of_result(lambda r: r * 1.0001),
    "dropped factor 2": of_result(lambda r: r / 2),
    "dropped g": of_cotangent(np.ones_like),
    "dropped y": with_ones(0),
    "dropped first argument": with_ones(1),
    "dropped second argument": with_ones(2),
    "missing term": of_cotangent(without_first),
    "missing element": of_result(without_first),
    "transposed": of_result(transposed),
}


def rules_of(op: Op) -> list[int]:
    """The positions of a row's rules; for a function of a sequence, the one rule for all."""
    return [-1] if op.each else [i for i, rule in enumerate(op.rules) if rule is not None]


@contextlib.contextmanager
def planted(op: Op, place: int, mutant: Callable[[Rule], Rule]) -> Iterator[None]:
    """A block in which one rule of a row is wrong."""
    rules, each = op.rules, op.each
    right = each if place < 0 else rules[place]
    assert right is not None
    wrong = functools.wraps(right)(mutant(right))  # type: ignore[arg-type]  # so that it keeps its options
    if place < 0:
        op.each = wrong
    else:
        op.rules = (*rules[:place], wrong, *rules[place + 1 :])
    try:
        yield
    finally:
        op.rules, op.each = rules, each
