"""Arrays, options and operations as one line of text."""
# ruff: noqa: RUF001  # the signs of mathematics are meant, not the letters they look like

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from typing import Any

import numpy as np

NOT_COMPUTED = "not computed"
OPERATORS = {  # as Python writes them
    "add": "+", "subtract": "-", "multiply": "*", "divide": "/", "power": "**", "remainder": "%",
    "matmul": "@", "equal": "==", "not_equal": "!=", "less": "<", "less_equal": "<=", "greater": ">",
    "greater_equal": ">=", "bitwise_and": "&", "bitwise_or": "|", "bitwise_xor": "^", "floor_divide": "//",
}  # fmt: skip
SYMBOLS = OPERATORS | {  # as mathematics does
    "subtract": "−", "multiply": "×", "divide": "÷", "power": "^", "equal": "=", "not_equal": "≠",
    "less_equal": "≤", "greater_equal": "≥", "bitwise_xor": "xor", "negative": "−·", "sqrt": "√",
    "sum": "Σ", "prod": "Π", "sigmoid": "σ", "absolute": "|·|", "square": "·²", "getitem": "[ ]",
    "setitem": "[ ] =", "put": "[ ] =",
}  # fmt: skip
FIELD_NAMES = {  # what the field calls functions that only this library has
    "pieces": "split", "standardized": "normalize", "root_mean_squared": "rms_normalize",
    "convolution": "conv", "transposed_convolution": "conv_transpose", "correlation": "correlate",
    "largest": "max_pool", "cross_entropies": "cross_entropy", "rows_of_classes": "one_hot_rows",
    "mse_loss_none": "squared_error", "mse_loss_sum": "squared_error_sum",
    "binary_cross_entropy_none": "binary_cross_entropy",
    "binary_cross_entropy_sum": "binary_cross_entropy_sum",
    "binary_cross_entropy_with_logits_none": "binary_cross_entropy_with_logits",
    "rows": "embedding", "thin_svd": "svd", "tall_qr": "qr", "lower_half": "tril", "vector_norm": "norm",
    "extreme": "max_or_min", "running_extreme": "running_max_or_min", "cosine_moment": "cosine_integral",
    "put": "setitem", "phi": "normal_cdf", "hook": "with_hooks", "share": "scale",
}  # fmt: skip
SYMMETRIC = {"add", "multiply", "maximum", "minimum", "hypot", "logaddexp", "equal", "not_equal"}


def printable(text: str) -> str:
    """`text` on one line, with unprintable characters spelled out.

    >>> print(printable("a\\nb\\0 ü"))
    a\\nb\\x00 ü
    """
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def type_of(value: Any) -> str:
    """The dtype and shape of an array, or of each array in a tuple.

    >>> type_of(np.zeros((4, 2))), type_of((np.float32(1), np.arange(3)))
    ('f64[4,2]', '(f32[], i64[3])')
    """
    if isinstance(value, tuple):
        return f"({', '.join(map(type_of, value))})"
    dtype = np.asarray(value).dtype
    letter = "bool" if dtype.kind == "b" else f"{dtype.kind}{8 * dtype.itemsize}"
    return f"{letter}[{','.join(map(str, np.shape(value)))}]"


def number(value: Any) -> str:
    """A number to four digits, in the usual notation.

    >>> number(2.0), number(1.0001), number(1 / 3), number(True)
    ('2', '1.0001', '0.3333', 'True')
    """
    value = np.asarray(value).item()
    if isinstance(value, float):
        exact = f"{value:g}"
        return exact if float(exact) == value else f"{value:.4g}"
    return str(value)


def summary(array: Any) -> str:
    """An array as one line: all elements of a small one, the range and mean of a large one.

    None stands for a value that was not computed, which is not the same as 0.

    >>> summary(np.array([[1.0, 0.25], [0, 1e-9]])), summary(np.arange(100.0)), summary(None)
    ('[[1 0.25] [0 1e-09]]', '0 … 99, mean 49.5', 'not computed')
    """
    if array is None:
        return NOT_COMPUTED
    if isinstance(array, tuple):
        return f"({', '.join(map(summary, array))})"
    array = np.asarray(array)
    if array.size <= 16:
        return nested(array.tolist())
    if array.dtype.kind == "c":
        return f"mean {array.mean():.4g}"
    finite = array[np.isfinite(array)] if array.dtype.kind == "f" else array
    parts = (
        [f"{number(finite.min())} … {number(finite.max())}, mean {finite.mean():.4g}"] if finite.size else []
    )
    if finite.size < array.size:
        nans = int(np.isnan(array).sum())
        counts = ((nans, "NaN"), (array.size - finite.size - nans, "infinite"))
        parts += [f"{count} {what}" for count, what in counts if count]
    return ", ".join(parts)


def nested(value: Any) -> str:
    """Nested lists of numbers as NumPy prints an array, on one line."""
    return f"[{' '.join(map(nested, value))}]" if isinstance(value, list) else number(value)


def option(value: Any) -> str:
    """An option in Python's notation, with an array in it given by its type alone.

    >>> option((slice(None, 2), Ellipsis, np.array([0, 2])))
    '(:2, ..., i64[2])'
    >>> option((np.float64(0.5),)), option([np.dtype("float32"), np.float32]), option(np.exp)
    ('(0.5,)', '[float32, float32]', 'exp')
    """
    if isinstance(value, tuple):
        return f"({', '.join(map(option, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, list):
        return f"[{', '.join(map(option, value))}]"
    if isinstance(value, np.generic) or type(value) is float:
        return number(value)
    if isinstance(value, np.dtype):
        return value.name
    if callable(value) and hasattr(value, "__name__"):
        return str(value.__name__)
    if isinstance(value, slice):
        parts = [value.start, value.stop] + ([] if value.step is None else [value.step])
        return ":".join("" if part is None else str(part) for part in parts)
    if isinstance(value, np.ndarray):
        return type_of(value)
    return "..." if value is Ellipsis else reprlib.repr(value)


def call(op: str, arguments: Sequence[str], options: dict[str, Any]) -> str:
    """An operation on arguments of these names, in Python's notation.

    >>> call("multiply", ["2", "x"], {}), call("sum", ["x"], {"axis": 0})
    ('2 * x', 'sum(x, axis=0)')
    >>> call("getitem", ["x"], {"index": (slice(1, None), 0)})
    'x[1:, 0]'
    """
    if op in OPERATORS and len(arguments) == 2 and not options:
        return f" {OPERATORS[op]} ".join(arguments)
    if op == "negative":
        return f"-{arguments[0]}"
    if op in ("getitem", "pick") and "index" in options:
        index = options["index"]
        inside = ", ".join(map(option, index)) if isinstance(index, tuple) else option(index)
        return f"{arguments[0]}[{inside}]"
    return f"{FIELD_NAMES.get(op, op)}({', '.join([*arguments, *told(op, options)])})"


def told(op: str, options: dict[str, Any]) -> list[str]:
    """Options as they are shown; of a convolution and of windows without those that change nothing.

    >>> told("convolution", {"stride": (1, 1), "padding": ((0, 0), (1, 1)), "groups": 1})
    ['padding=((0, 0), (1, 1))']
    """
    quiet = QUIET if op in FIELD_NAMES or op in ("windows", "fold") else {}
    shown = {key: value for key, value in options.items() if not is_all(value, quiet.get(key))}
    return [f"{FIELD_NAMES.get(key, key)}={option(value)}" for key, value in shown.items()]


QUIET = {"stride": 1, "dilation": 1, "groups": 1, "padding": 0}


def is_all(value: Any, one: Any) -> bool:
    """Whether a number, or all in nested tuples of numbers, are this one."""
    return (
        all(is_all(v, one) for v in value) if isinstance(value, tuple) else one is not None and value == one
    )
