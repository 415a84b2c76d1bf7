"""Structures: nested dicts, lists and tuples, flattened to a dict from path to leaf, and rebuilt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from ..refusals import refuse_container, way_to_numbers
from ..tensor import Tensor

Path = tuple[Any, ...]  # the keys and indices that lead to a leaf


def flat(tree: Any, path: Path = ()) -> dict[Path, Any]:
    """The leaves of a structure, by their paths.

    >>> flat({"w": [1.0, 2.0], "b": 3.0})
    {('w', 0): 1.0, ('w', 1): 2.0, ('b',): 3.0}
    """
    if not isinstance(tree, dict | list | tuple):
        return {path: tree}
    parts = tree.items() if isinstance(tree, dict) else enumerate(tree)
    return {p: leaf for key, part in parts for p, leaf in flat(part, (*path, key)).items()}


def rebuilt(tree: Any, leaves: Mapping[Path, Any], path: Path = ()) -> Any:
    """The structure of `tree`, with the given leaves in it."""
    if isinstance(tree, dict):
        return {key: rebuilt(part, leaves, (*path, key)) for key, part in tree.items()}
    if not isinstance(tree, list | tuple):
        return leaves[path]
    parts = [rebuilt(part, leaves, (*path, i)) for i, part in enumerate(tree)]
    return type(tree)(*parts) if hasattr(tree, "_fields") else type(tree)(parts)


def where(path: Path) -> str:
    """A path as Python code: `['w'][0]`."""
    return "".join(f"[{key!r}]" for key in path)


def matched(given: Any, like: Any, what: str) -> dict[Path, Any]:
    """The leaves of `given`, cast to the dtypes of `like`, whose structure and shapes it must have."""
    values, models = flat(given), flat(like)
    for path in [*models, *values]:
        if path not in models or path not in values:
            there = "is missing" if path in models else "has no counterpart"
            raise ShapeError(f"{what}{where(path)} {there}: it must have the structure of what it belongs to")
    for path, model in models.items():
        value, zeros = values[path], zeros_for(model)
        refuse_unless("biuf" + zeros.dtype.kind, value, f"{what}{where(path)}", "pass real numbers")
        if np.shape(value) != zeros.shape:
            raise ShapeError(
                f"{what}{where(path)} has shape {np.shape(value)}, and must have shape {zeros.shape}, "
                "the shape of what it belongs to"
            )
        value = value if type(value) is Tensor else np.array(value)
        values[path] = value if value.dtype == zeros.dtype else value.astype(zeros.dtype)
    return values


def refuse_unless(kinds: str, value: Any, what: str, remedy: str) -> None:
    """Raise DTypeError unless the dtype of `value` is one of these kinds."""
    refuse_container(value, f"{what} is")
    dtype = data_of(value).dtype
    if dtype.kind not in kinds:
        instead = way_to_numbers(value, remedy)
        raise DTypeError(f"{what} is a {type(value).__name__} of dtype {dtype}, {value!r:.40}: {instead}")


def is_traced(value: Any) -> bool:
    """Whether `value` is a Tensor that requires a gradient."""
    return type(value) is Tensor and value.requires_grad


def data_of(value: Any) -> Any:
    """The array of a Tensor, array or number."""
    return value.data if type(value) is Tensor else np.asarray(value)


def zeros_for(value: Any) -> Any:
    """Zeros with the shape of `value`, and with its dtype if that is floating or complex."""
    data = data_of(value)
    return np.zeros(data.shape, data.dtype if data.dtype.kind in "fc" else float)


def name_of(f: Any) -> str:
    """The name of a function, or the class name of another callable."""
    return str(getattr(f, "__name__", type(f).__name__))
