"""The common form of all that can be checked: a function at a point, with its claimed gradients there.

Two kinds of functions are put into this form: one that the engine records, with the engine's gradients,
and a pair of plain NumPy functions, about which only their results are known.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...ops import Function
from ...tensor import Tensor
from ...transforms.run import Run
from ...transforms.structure import Path, data_of, flat, refuse_unless, where
from .branches import Parting
from .numeric import EPS

Array = Any
Point = dict[Path, Array]  # the leaves of the inputs, by the number of the input and the path in it

SEED = 1676  # the year in which Leibniz wrote down the chain rule


@dataclass(slots=True)
class Problem:
    """A function at a point, and its claimed gradients there.

    names       the names of the inputs
    point       the inputs, as float64 arrays of our own
    values      what f returns at the point
    cotangents  one for each of the values
    evaluate    f at another point; None if it took other branches, and then `parted` says where
    complexly   f at a complex point
    gradients   the gradients of all inputs at any point, for each of the values times its cotangent
    analytic    whether f may be evaluated at complex points; None if nothing is known
    digits      the relative precision of the least precise number that took part
    run         the recorded evaluation, if there is one
    steady      whether f and the gradients gave the same results when evaluated again
    notes       what was found out about f on the way
    """

    names: dict[Path, str]
    point: Point
    values: list[Array]
    cotangents: list[Array]
    evaluate: Callable[[Point], list[Array] | None]
    complexly: Callable[[Point], list[Array]]
    gradients: Callable[[Point], list[Point]]
    analytic: bool | None = None
    digits: float = EPS
    run: Run | None = None
    steady: bool = True
    parted: list[Parting] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


# The inputs


def point_of(f: Function, inputs: Sequence[Any]) -> tuple[Point, dict[Path, str]]:
    """The leaves of the inputs as float64 arrays of their own, and their names.

    Raises DTypeError for a leaf whose dtype is not real floating, TypeError if there are no leaves.
    """
    first = argument_names(f, inputs)
    leaves = flat(tuple(inputs))
    if not leaves:
        raise TypeError("there is nothing to check: pass the inputs of f after f, gradcheck(f, x, w)")
    for path, value in leaves.items():
        remedy = "pass floats, 3.0 or np.asarray(a, float); what is no variable, f may close over"
        refuse_unless("f", value, f"input {path[0]}{where(path[1:])}", remedy)
    point = {path: np.array(data_of(value), np.float64) for path, value in leaves.items()}
    return point, {path: first[path[0]] + where(path[1:]) for path in point}


def argument_names(f: Any, inputs: Sequence[Any]) -> list[str]:
    """The names that f gives to its positional arguments."""
    try:
        found = list(inspect.signature(f).bind(*inputs).arguments.items())
    except (TypeError, ValueError):
        return [f"input {i}" for i in range(len(inputs))]
    kinds = inspect.signature(f).parameters
    names = []
    for name, value in found:
        several = kinds[name].kind is inspect.Parameter.VAR_POSITIONAL
        names += [f"{name}[{i}]" for i in range(len(value))] if several else [name]
    return names


@contextlib.contextmanager
def unchanged(inputs: Sequence[Any], notes: list[str], name: str) -> Iterator[None]:
    """A block after which the caller's inputs are restored, even if f wrote into them.

    f gets copies, but may reach the originals through a closure.
    """
    leaves = [v for v in flat(tuple(inputs)).values() if isinstance(v, np.ndarray | Tensor)]
    tensors = [(t, t.data, t.node, t.grad) for t in leaves if type(t) is Tensor]
    saved = [(a, a.copy()) for a in map(data_of, leaves)]
    try:
        yield
    finally:
        for tensor, data, node, grad in tensors:
            tensor.data, tensor.node = data, node
            if tensor.is_leaf:
                tensor.grad = grad
        for array, copy in saved:
            if not same(array, copy):
                array[...] = copy
                notes.append(f"{name} wrote into an input in place, past its arguments; it is restored")


def same(a: Array, b: Array) -> bool:
    """Whether two arrays have the same bytes: NaN is the same as NaN, but 0 is not the same as -0."""
    return bool(a.shape == b.shape and a.tobytes() == b.tobytes())


# What f returns


def outputs_of(tree: Any, name: str, kinds: str = "biuf") -> list[Array]:
    """The arrays in what a function returned.

    Raises DTypeError for an array of another kind of dtype, TypeError if there are no arrays.
    """
    leaves = flat(tree)
    if not leaves:
        raise TypeError(f"{name} returned {tree!r}: there is nothing in it to differentiate")
    for path, y in leaves.items():
        refuse_unless(kinds, y, f"what {name} returned{where(path)}", "return real arrays or numbers")
    return [data_of(y) for y in leaves.values()]


def cotangents_for(values: Sequence[Array]) -> list[Array]:
    """A random cotangent for each array, of either sign and not near 0.

    Ones would not do: they sum what a softmax or a normalisation keeps constant.
    """
    rng = np.random.default_rng(SEED)
    return [np.asarray(rng.uniform(0.5, 1.5, y.shape) * rng.choice([-1.0, 1.0], y.shape)) for y in values]


def digits_of(arrays: Iterable[Any]) -> float:
    """The relative precision of the least precise floats among some arrays, at best float64's."""
    kinds = {a.dtype for a in arrays if isinstance(a, np.ndarray | np.generic)}
    return max([EPS, *(float(np.finfo(t).eps) for t in kinds if t.kind in "fc")])


def is_repeated(
    what: str, one: Sequence[Array], two: Sequence[Array], digits: float, notes: list[str]
) -> bool:
    """Whether two evaluations gave the same result up to the last digits; if not, a note is added."""
    for a, b in zip(one, two, strict=True):
        if a.shape == b.shape and np.allclose(a, b, rtol=0, atol=1e3 * digits * largest(a), equal_nan=True):
            continue
        apart = f"by {largest(a - b):.2g}" if a.shape == b.shape else f"in shape, {a.shape} and {b.shape}"
        notes.append(
            f"{what} is random: two evaluations at the same inputs differ {apart}; "
            "let it draw the same numbers each time, from np.random.default_rng(0) made inside it"
        )
        return False
    return True


def largest(a: Array) -> float:
    """The largest finite magnitude in `a`; 0 if there is none."""
    return float(np.max(np.abs(a), initial=0, where=np.isfinite(a)))


def note_writing(what: str, names: dict[Path, str], given: Point, left: Point, notes: list[str]) -> None:
    """Note which inputs were changed by the function that got them."""
    changed = [names[path] for path in given if not same(given[path], left[path])]
    if changed:
        notes.append(f"{what} writes into its inputs in place: {', '.join(changed)}; it was given copies")
