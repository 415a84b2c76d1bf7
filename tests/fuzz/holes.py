"""The values for the holes of templates, given the program so far."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from .draft import Draft, Refused, root

Array = Any

HOLE = re.compile(r"\{(\w+)(?::(\w+))?\}")


def fill(template: str, draft: Draft, drawn: dict[str, str]) -> str:
    """A template with its holes filled; a name's value, once drawn, is used for it from then on."""

    def filled(hole: re.Match[str]) -> str:
        name, kind = hole[1], hole[2] or hole[1]
        if name not in drawn:
            drawn[name] = KINDS.get(kind, KINDS["any"])(draft, name, drawn)
        return drawn[name]

    return HOLE.sub(filled, template)


# Arrays.  If no name has the wanted property, an array with it is made from another.


def is_real(v: Array) -> bool:
    return v.dtype.kind == "f" or np.max(np.abs(np.imag(v))) == 0


def pick(draft: Draft, wanted: Callable[[Array], bool], beside: bool = False) -> str:
    """A name of an array of floats with the wanted property, more often a young one, seldom a constant.

    A constant is an array even if the program is given Tensors, so it is only drawn beside another name.
    """
    names = [name for name, v in draft.values().items() if v.dtype.kind == "f" and wanted(v)]
    constants = [name for name in names if name == "k0" or (name == "k1" and beside)]
    others = [name for name in names if name not in ("k0", "k1")]
    if constants and (draft.rng.random() < 0.1 or not others):
        return draft.rng.choice(constants)
    if not others:
        raise Refused("no array fits")
    return draft.rng.choice(others[-6:] if draft.rng.random() < 0.6 else others)


def goes_with(a: Array, v: Array) -> bool:
    """Whether two arrays broadcast."""
    return all(m == n or 1 in (m, n) for m, n in zip(a.shape[::-1], v.shape[::-1], strict=False))


def array(
    fits: Callable[[Array], bool], remedy: str, shaped: Callable[[Array], bool] = lambda v: True
) -> Any:
    """Draw an array that fits, or make one fit by the remedy; b goes with a."""

    def draw(draft: Draft, name: str, drawn: dict[str, str]) -> str:
        beside = draft.value(drawn["a"]) if name == "b" and "a" in drawn else None
        text = pick(
            draft, lambda v: shaped(v) and (beside is None or goes_with(beside, v)), beside is not None
        )
        return text if fits(draft.value(text)) else remedy.format(text)

    return draw


def made(remedy: str, shaped: Callable[[Array], bool]) -> Any:
    """Draw an array of some shape, and make an expression of it."""
    return array(lambda v: False, remedy, shaped)


def vector_for(matrix: str) -> Any:
    """A vector that can multiply a matrix, or a row of the matrix if there is none."""

    def draw(draft: Draft, name: str, drawn: dict[str, str]) -> str:
        n = draft.value(drawn[matrix]).shape[-1]
        try:
            return pick(draft, lambda v: v.shape == (n,))
        except Refused:
            return f"np.arange({n}.0)"

    return draw


def alike(draft: Draft, name: str, drawn: dict[str, str]) -> str:
    """An array with the shape of a."""
    shape = draft.value(drawn["a"]).shape
    try:
        return pick(draft, lambda v: v.shape == shape)
    except Refused:
        return f"np.cos({drawn['a']})"


def complex_array(draft: Draft, name: str, drawn: dict[str, str]) -> str:
    """A name of an array of complex numbers, writable if z is a target."""
    names = [n for n, v in draft.there.items() if type(v) is np.ndarray and v.dtype.kind == "c"]
    if not names:
        raise Refused("no complex numbers")
    return draft.rng.choice(names)


def complex_off_zero(draft: Draft, name: str, drawn: dict[str, str]) -> str:
    text = complex_array(draft, name, drawn)
    return text if least(draft.there[text]) > 0.3 else f"(np.exp({text} * 0.1) + 1)"


# Numbers and options.


def one_of(*texts: Any) -> Any:
    return lambda draft, name, drawn: str(draft.rng.choice(texts))


def first(draft: Draft, drawn: dict[str, str]) -> Array:
    """The array that an option is for: the first one drawn."""
    return np.asarray(draft.value(next(text for name, text in drawn.items() if name != "new")))


def axis(draft: Draft, name: str, drawn: dict[str, str]) -> str:
    n = first(draft, drawn).ndim
    if not n:
        raise Refused("no axes")
    return str(draft.rng.randrange(-n, n))


def axes(draft: Draft, name: str, drawn: dict[str, str]) -> str:
    """None, one axis, or several."""
    n = first(draft, drawn).ndim
    if not n or draft.rng.random() < 0.3:
        return "None"
    several = draft.rng.sample(range(n), draft.rng.randint(1, n))
    return str(several[0]) if len(several) == 1 else str(tuple(several))


def order(draft: Draft, name: str, drawn: dict[str, str]) -> str:
    n = first(draft, drawn).ndim
    return str(tuple(draft.rng.sample(range(n), n)))


def shape(draft: Draft, name: str, drawn: dict[str, str]) -> str:
    """A shape with the same number of elements."""
    n = first(draft, drawn).size
    k = draft.rng.choice([k for k in range(1, n + 1) if n % k == 0])
    return draft.rng.choice([f"({k}, {n // k})", f"(-1, {k})", f"({k}, 1, -1)", f"({n},)"])


def repeats(draft: Draft, name: str, drawn: dict[str, str]) -> str:
    return str([draft.rng.randint(0, 2) for _ in range(first(draft, drawn).size - 1)] + [1])


# Indices.


def basic_index(draft: Draft, a: Array) -> str:
    def part(n: int) -> str:
        i = draft.rng.randrange(-n, n)
        return draft.rng.choice([str(i), str(i), ":", "::-1", "1:", ":-1", "::2"])

    parts = [part(n) for n in a.shape[: draft.rng.randint(1, a.ndim)]] if a.ndim else []
    if draft.rng.random() < 0.2 and len(parts) < a.ndim:
        parts = ["...", *parts] if draft.rng.random() < 0.5 and len(set(a.shape)) == 1 else [*parts, "..."]
    return ", ".join(parts) or "()"


def basic(draft: Draft, name: str, drawn: dict[str, str]) -> str:
    return basic_index(draft, first(draft, drawn))


def new_axis(draft: Draft, name: str, drawn: dict[str, str]) -> str:
    a = first(draft, drawn)
    return draft.rng.choice(["None", "..., None", *(["0, None", ":, None"] if a.ndim else [])])


def numbers(draft: Draft, n: int, count: int) -> str:
    return str([draft.rng.randrange(-n, n) for _ in range(count)])


def indices(draft: Draft, name: str, drawn: dict[str, str]) -> str:
    a = first(draft, drawn)
    return numbers(draft, min(a.shape, default=1), draft.rng.randint(1, 4))


def advanced(draft: Draft, name: str, drawn: dict[str, str]) -> str:
    """Arrays of indices, which may name a place twice, perhaps with slices beside them."""
    a = first(draft, drawn)
    if not a.ndim:
        raise Refused("no axes")
    count = draft.rng.randint(1, 4)
    lists = [numbers(draft, n, count) for n in a.shape]
    options = [lists[0], f"..., {lists[-1]}", f"np.array([{lists[0]}])"]
    if a.ndim > 1:
        options += [f"{lists[0]}, {lists[1]}", f":, {lists[1]}", f"{lists[0]}, 0", f"{lists[0]}, ::-1"]
    if a.ndim > 2:
        options += [f"{lists[0]}, :, {lists[2]}", f"0, :, {lists[2]}"]
    return draft.rng.choice(options)


def mask_of(shape: tuple[int, ...], draft: Draft) -> str:
    mask = np.array([draft.rng.random() < 0.6 for _ in range(int(np.prod(shape)))]).reshape(shape)
    return f"np.array({mask.tolist()})"


def mask(draft: Draft, name: str, drawn: dict[str, str]) -> str:
    """A mask of all axes, or of the first."""
    a = first(draft, drawn)
    return mask_of(a.shape[: draft.rng.choice([1, a.ndim])], draft)


def mask_of_a(draft: Draft, name: str, drawn: dict[str, str]) -> str:
    return mask_of(draft.there[pick(draft, lambda v: v.size < 12)].shape, draft)


# Places to write to, and values to write there.


def is_alone(draft: Draft, name: str) -> bool:
    """Whether no other name refers to the memory of this name."""
    mine = root(draft.there[name])
    return not any(
        root(v) is mine for other, v in draft.there.items() if other != name and type(v) is np.ndarray
    )


def can_be_written_to(v: Array) -> bool:
    try:
        return v.flags.writeable
    except FutureWarning:  # np.broadcast_arrays warns everybody who asks
        return False


def target(draft: Draft, name: str, drawn: dict[str, str]) -> str:
    """A name of an array that can be written to; one without views if no views are drawn."""
    names = [
        name
        for name, v in draft.there.items()
        if type(v) is np.ndarray and v.dtype.kind == "f" and v.ndim and can_be_written_to(v)
        if "views" in draft.kinds or is_alone(draft, name)
    ]
    if not names:
        raise Refused("nothing can be written to")
    return draft.rng.choice(names)


def result_without_axes(draft: Draft, name: str, drawn: dict[str, str]) -> str:
    """A name of a number, or of an array that holds one, which the program has made."""
    names = [name for name in draft.results() if not draft.there[name].ndim]
    names = [name for name in names if draft.there[name].dtype.kind == "f"]
    if not names:
        raise Refused("nothing can be written to")
    return draft.rng.choice(names)


def matrix_target(draft: Draft, name: str, drawn: dict[str, str]) -> str:
    """Such a name, with two axes or more."""
    text = target(draft, name, drawn)
    if draft.there[text].ndim < 2:
        raise Refused("nothing can be written to")
    return text


def place(draft: Draft, name: str, drawn: dict[str, str]) -> str:
    return draft.rng.choice([basic, basic, advanced, mask])(draft, name, drawn)


def fitting(draft: Draft, name: str, drawn: dict[str, str]) -> str:
    """A value for a place, or for all of a target: an array of its kind, or a number.

    Through a mask none that shares memory with the target: NumPy reads there what it has just overwritten.
    """
    where = f"{drawn['t']}[{drawn['i']}]" if "i" in drawn else drawn["t"]
    try:
        there = np.shape(draft.value(where))
    except (IndexError, TypeError, ValueError):
        raise Refused("no array fits") from None
    if draft.rng.random() < 0.2:
        return number(draft, name, drawn)
    masked = draft.there[drawn["t"]] if "True" in where or "False" in where else None
    return pick(
        draft, lambda v: goes_into(there, v) and (masked is None or root(v) is not root(masked)), beside=True
    )


def goes_into(shape: tuple[int, ...], v: Array) -> bool:
    """Whether an array can be broadcast to a shape."""
    return v.ndim <= len(shape) and all(m in (1, n) for m, n in zip(v.shape[::-1], shape[::-1], strict=False))


def factor(draft: Draft, name: str, drawn: dict[str, str]) -> str:
    return draft.rng.choice(["np.cos({})", "np.tanh({})"]).format(fitting(draft, name, drawn))


def divisor(draft: Draft, name: str, drawn: dict[str, str]) -> str:
    return f"(np.tanh({fitting(draft, name, drawn)}) + 1.5)"


def new(draft: Draft, name: str, drawn: dict[str, str]) -> str:
    return draft.new()


NUMBERS = (0.7, -0.4, 1.3, 2.0, -1.6, 3)
number = one_of(*NUMBERS)


def is_square(v: Array) -> bool:
    return v.ndim >= 2 and v.shape[-1] == v.shape[-2] <= 4


def is_long(n: int) -> Callable[[Array], bool]:
    return lambda v: v.shape == (n,)


def least(v: Array) -> float:
    return float(np.min(np.abs(v)))


KINDS: dict[str, Callable[[Draft, str, dict[str, str]], str]] = {
    "any": array(lambda v: True, ""),
    "positive": array(lambda v: v.min() > 0.3, "({} ** 2 + 0.5)"),
    "off_zero": array(lambda v: least(v) > 0.3, "(np.tanh({}) + 1.5)"),
    "fraction": array(lambda v: np.max(np.abs(v)) < 0.8, "(np.tanh({}) * 0.8)"),
    "beyond_one": array(lambda v: v.min() > 1.3, "(np.sin({}) + 2.5)"),
    "small": array(lambda v: np.max(np.abs(v)) < 2.5, "np.sin({})"),
    "vector": array(lambda v: v.ndim == 1, "{}.ravel()", lambda v: v.size < 10),
    "off_zero_vector": array(
        lambda v: v.ndim == 1 and least(v) > 0.3, "(np.sin({}.ravel()) + 1.5)", lambda v: v.size < 8
    ),
    "positive_as_v": lambda draft, name, drawn: f"({drawn['v']} ** 2 + 1)",
    "triple": array(is_long(3), "np.resize({}, 3)"),
    "quadruple": array(is_long(4), "np.resize({}, 4)"),
    "matrix": array(lambda v: v.ndim > 1, "np.atleast_2d({})"),
    "plane": array(lambda v: v.ndim == 2, "np.atleast_2d({}.ravel())", lambda v: v.size < 13),
    "scalar": array(lambda v: not v.ndim, "np.mean({})"),
    "small_scalar": made("np.tanh(np.mean({}))", lambda v: True),
    "positive_scalar": made("(np.mean({}) ** 2 + 1)", lambda v: True),
    # matrices that are far from singular, and some with eigenvalues that are far apart
    "square": array(lambda v: False, "(2 * np.eye({0}.shape[-1]) + 0.4 * np.sin({0}))", is_square),
    "definite": array(lambda v: False, "(2 * np.eye({0}.shape[-1]) + 0.1 * np.sin({0} + {0}.mT))", is_square),
    "spread_out": array(
        lambda v: False,
        "(np.diag(np.arange(1.0, {0}.shape[-1] + 1)) + 0.1 * np.sin({0} + {0}.mT))",
        is_square,
    ),
    **{f"vector_for_{m}": vector_for(m) for m in "msp"},
    "alike": alike,
    "complex": complex_array,
    "complex_off_zero": complex_off_zero,
    # numbers and options
    "number": number,
    "positive_number": one_of(0.7, 1.3, 2.0),
    "whole": one_of(-1, 0, 1, 2),
    "digit": one_of(0, 1),
    "flag": one_of(True, False),
    "mode": one_of('"edge"', '"wrap"', '"reflect"', '"symmetric"', '"constant"'),
    "convolution": one_of('"full"', '"same"', '"valid"'),
    "level": one_of(0.3, 0.5, 0.8),
    "length": one_of(4, 5),
    "order_of_norm": one_of(1, 2, 3, "np.inf", 2.5),
    "axis": axis,
    "axes": axes,
    "order": order,
    "shape": shape,
    "repeats": repeats,
    # indices, and values to write there
    "basic": basic,
    "advanced": advanced,
    "mask": mask,
    "new_axis": new_axis,
    "indices": indices,
    "mask_of_a": mask_of_a,
    "target": target,
    "matrix_target": matrix_target,
    "result_without_axes": result_without_axes,
    "place": place,
    "fitting": fitting,
    "factor": factor,
    "divisor": divisor,
    "new": new,
}
