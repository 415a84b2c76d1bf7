"""What `debug()` checks: where a NaN or an infinity began, and arrays that changed after they were used."""

from __future__ import annotations

import linecache
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from .errors import GradientError, NonFiniteWarning

Line = tuple[str, int, str]


def report_origin(node: Any, line: Line) -> None:
    """Warn if an operation made a NaN or an infinity from finite numbers."""
    if node is None or not node.args:
        return
    for data in as_tuple(node.data):
        began = beginnings(node, data)
        if began.any():
            where = first_of(began)
            warnings.warn(
                f"{node.op.name} made {data[where]} of {numbers(node.args, where, data)}{at(where)}"
                f"{written(line)}",
                NonFiniteWarning,
                stacklevel=2,
            )
            return


def report_origin_back(node: Any, g: Any, passed: Iterable[tuple[Any, Any]]) -> None:
    """Warn if a rule of an operation made a NaN or an infinity from a finite cotangent and finite arguments.

    Warn too if a rule made a NaN from a cotangent of 0 and any argument: the user did not mean that element
    to count.
    """
    for _, gi in passed:
        if isinstance(gi, Sequence) or not (began := beginnings(node, gi, g)).any():
            continue
        where = first_of(began)
        message = (
            f"on the way back, {node.op.name} made {data_of(gi)[where]} of "
            f"{numbers(node.args, where, gi)} and the cotangent {picked(g, where, gi)}{at(where)}"
            f"{line_of(node)}"
        )
        if not isinstance(g, Sequence) and picked(data_of(g), where, gi) == 0:
            message += (
                ".\nnp.where, or a mask, did not choose this element, but 0 times infinity or NaN is NaN. "
                f"Choose before it instead: give {node.op.name} np.where(condition, x, 1) for x, with a "
                "harmless number in the place of each element that is not meant"
            )
        warnings.warn(message, NonFiniteWarning, stacklevel=2)
        return


def beginnings(node: Any, made: Any, g: Any = None) -> Any:
    """Where an operation, or its rule given `g`, made a NaN or an infinity from finite numbers.

    An elementwise function makes each element from the arguments' elements in the same place, and any other
    function from all elements.
    """
    made = np.asarray(data_of(made))
    bad = ~np.isfinite(made) if made.dtype.kind in "fc" else np.zeros(made.shape, bool)
    if not bad.any():
        return bad
    of = [data_of(v) for v in (*node.args, g) if v is not None and not isinstance(v, Sequence)]
    if not is_elementwise(node.op.function) or np.broadcast_shapes(*map(np.shape, of)) != made.shape:
        return bad if is_finite(node.args) and is_finite(g) else np.zeros_like(bad)
    finite = np.all([np.broadcast_to(np.isfinite(v), made.shape) for v in of], axis=0)
    return bad & (finite if g is None else finite | (data_of(g) == 0))


def is_elementwise(function: Any) -> bool:
    """Whether a function makes each element of its result only from the elements in the same place."""
    return isinstance(function, np.ufunc) and function.signature is None


def refuse_changed(node: Any) -> None:
    """Raise GradientError if an operation gives another result now than it did in the forward pass."""
    module = getattr(node.op.function, "__module__", "")  # before NumPy 2.2, ufuncs have no __module__
    if not node.args or module == "autograd.transforms.checkpoint":
        return
    with np.errstate(all="ignore"):  # NumPy warned of these numbers in the forward pass
        again = node.op.call(*node.args, **node.kwargs)
    if not all(map(same, as_tuple(again), as_tuple(node.data))):
        shapes = " and ".join(str(np.shape(a)) for a in node.args if a is not None)
        raise GradientError(
            f"{node.op.name} of shapes {shapes}{line_of(node)} gives something else now than when it "
            "was computed: an array that it used, or its result, has been changed in place since, so its "
            "gradient would be wrong; give it a copy, or call backward() before changing it"
        )


def line_of(node: Any) -> str:
    """The line of the user's source that recorded a node, for a message; empty outside `debug()`."""
    notes = node.notes
    while notes is not None:
        what, value, notes = notes
        if what == "line":
            return written(value)
    return ""


def written(line: Line) -> str:
    """A line of the user's source, as text for a message; empty if it is not known."""
    file, number, _ = line
    text = linecache.getline(file, number).strip()
    return f", in line {number} of {file}" + (f": {text}" if text else "") if file else ""


def data_of(value: Any) -> Any:
    """The array of a Tensor; an array or a number as it is."""
    return value if isinstance(value, np.ndarray | np.generic | float | int) else value.data


def as_tuple(data: Any) -> tuple[Any, ...]:
    """The tuple of several outputs; a single output as a tuple of one."""
    return tuple(data) if isinstance(data, tuple) else (data,)


def same(a: Any, b: Any) -> bool:
    """Whether two results are equal up to rounding, which may depend on threads."""
    if np.array_equal(a, b, equal_nan=np.asarray(b).dtype.kind in "fc"):
        return True
    return bool(np.asarray(b).dtype.kind in "fc" and np.allclose(a, b, rtol=1e-6, atol=0, equal_nan=True))


def is_finite(value: Any) -> bool:
    """Whether all numbers in an argument or a cotangent, or in a tuple of them, are finite."""
    if value is None or isinstance(value, Sequence):
        return value is None or all(map(is_finite, value))
    data = np.asarray(data_of(value))
    return data.dtype.kind not in "fc" or bool(np.isfinite(data).all())


def first_of(mask: Any) -> tuple[int, ...]:
    """The index of the first true element."""
    return tuple(int(i) for i in np.argwhere(mask)[0]) if np.ndim(mask) else ()


def at(where: tuple[int, ...]) -> str:
    """An index, as text for a message; empty for a single number."""
    return f" at [{', '.join(map(str, where))}]" if where else ""


def picked(value: Any, where: tuple[int, ...], like: Any) -> Any:
    """The element of an argument from which an elementwise function made the element `where`."""
    if np.ndim(value) == 0:
        return value
    try:
        return np.broadcast_to(data_of(value), np.shape(like))[where]
    except ValueError:  # the function is not elementwise
        return f"an array of shape {np.shape(value)}"


def numbers(args: Iterable[Any], where: tuple[int, ...], like: Any) -> str:
    """The elements of the arguments from which the element `where` of a result was made."""
    return " and ".join(str(picked(a, where, like)) for a in args if a is not None)
