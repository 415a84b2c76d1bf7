"""Arrays in JSON: all elements of a small array, a summary of a large one."""

from __future__ import annotations

from typing import Any

import numpy as np

THIN = 12  # rows and columns that are shown of a summarised array


def in_json(value: Any, most: int) -> Any:
    """A number for a single element; a list of all elements, in C order, if there are at most `most`; else
    a summary.  None becomes null: not computed.

    For a function with several outputs, the elements of all outputs, one output after the other.

    >>> in_json(np.array([[1.0, np.nan], [np.inf, 0.1]]), 4), in_json(np.float32(0.1), 4), in_json(None, 4)
    ([1.0, 'nan', 'inf', 0.1], 0.1, None)
    """
    if value is None:
        return None
    if isinstance(value, tuple):
        value = np.concatenate([np.ravel(part) for part in value])
    array = np.asarray(value)
    if array.size == 1:
        if array.dtype == np.float64:  # most numbers of a long loop: `exact`, without its detours
            x = array.item()
            return x if abs(x) < np.inf else str(x)
        return exact(array.reshape(1))[0]
    return exact(array.ravel()) if array.size <= most else summarised(array, most)


def exact(vector: Any) -> list[Any]:
    """The elements of a vector, with all digits; as strings where JSON has no number for them.

    >>> exact(np.array([1 + 2j])), exact(np.array([2**60, 3])), exact(np.array([True]))
    (['(1+2j)'], ['1152921504606846976', 3], [1])
    """
    if vector.dtype.kind == "f":
        elements = vector.tolist() if vector.dtype == np.float64 else [float(str(x)) for x in vector]
        if np.isfinite(vector).all():
            return elements
        return [x if abs(x) < np.inf else str(x) for x in elements]
    if vector.dtype.kind == "c":
        return [str(x) for x in vector]
    return [x if abs(x) < 2**53 else str(x) for x in map(int, vector)]


def summarised(array: Any, most: int) -> dict[str, Any]:
    """The range and mean of the finite elements, the number of others, and some evenly spaced elements.

    For complex numbers, the range and mean of their absolute values.
    """
    sizes = np.abs(array) if array.dtype.kind == "c" else array.astype(float, copy=False)
    finite = sizes[np.isfinite(sizes)]
    low, mean, high = exact(
        np.array([f(finite) if finite.size else np.nan for f in (np.min, np.mean, np.max)])
    )
    side = min(THIN, int(most**0.5) or 1)
    table = array.reshape(-1, array.shape[-1])
    rows, columns = (np.linspace(0, n - 1, min(n, side)).round().astype(int) for n in table.shape)
    return {
        "min": low, "mean": mean, "max": high, "odd": int(sizes.size - finite.size),
        "columns": len(columns), "thin": exact(table[np.ix_(rows, columns)].ravel()),
    }  # fmt: skip
