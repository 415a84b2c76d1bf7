"""What a Tensor answers as its array would, without recording anything."""

from __future__ import annotations

import operator
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any, NoReturn

import numpy as np

from .engine import LEAF, Node
from .errors import DTypeError, GradientError, ShapeError


def is_being_stored(frame: FrameType) -> bool:
    """Whether `frame` is at an assignment `array[i] = tensor`, for which NumPy asks for a float.

    The array would keep the number and lose its history without a word: the one conversion that
    people write without meaning it.
    """
    from opcode import opmap

    return frame.f_code.co_code[frame.f_lasti] == opmap["STORE_SUBSCR"]


# SciPy's functions that make arrays of their arguments and never ask a Tensor, and ours in their place.
INSTEAD = {
    "logsumexp": "autograd.logsumexp(t)",
    "softmax": "autograd.softmax(t, axis=None), whose axis is the last one by default",
    "log_softmax": "autograd.log_softmax(t, axis=None), whose axis is the last one by default",
}


def asked_by_scipy(frame: FrameType | None) -> str:
    """The one of those functions that wants an array, if it is SciPy that does: the first of its frames."""
    names = []
    while frame is not None and frame.f_globals.get("__name__", "").startswith(("scipy.", "numpy.")):
        names.append(frame.f_code.co_name)
        frame = frame.f_back
    return next((name for name in names if name in INSTEAD), "")


class ArrayLike:
    """The part of a Tensor that only looks at its array: shape, dtype, conversions, printing."""

    __slots__ = ("data", "node")

    data: Any
    node: Node | None

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        return self.data.shape  # type: ignore[no-any-return]

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.data.ndim  # type: ignore[no-any-return]

    @property
    def size(self) -> int:
        """The number of elements."""
        return self.data.size  # type: ignore[no-any-return]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the elements."""
        return self.data.dtype  # type: ignore[no-any-return]

    @property
    def itemsize(self) -> int:
        """The length of one element, in bytes."""
        return self.data.itemsize  # type: ignore[no-any-return]

    @property
    def nbytes(self) -> int:
        """The length of all elements, in bytes."""
        return self.data.nbytes  # type: ignore[no-any-return]

    def item(self, *index: Any) -> Any:
        """The one element (or the one at an index), as a Python number."""
        return self.data.item(*index)

    def tolist(self) -> Any:
        """The elements, as nested lists of Python numbers."""
        return self.data.tolist()

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("a tensor of shape () has no length; t.item() is its value")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))  # type: ignore[index]

    def __contains__(self, value: Any) -> bool:
        return bool((self.data == getattr(value, "data", value)).any())

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ShapeError(
                f"the truth of a tensor of shape {self.shape} is ambiguous: "
                "reduce it to one element with .any() or .all()"
            )
        return bool(self.data)

    def __float__(self) -> float:
        if self.node is not None and is_being_stored(sys._getframe(1)):
            raise GradientError(
                "a tensor written into an array would leave its history behind: make the array a tensor, "
                "Tensor(array)[i] = t, or write the number, t.item()"
            )
        return float(self._one("float"))

    def __int__(self) -> int:
        return int(self._one("int"))

    def __complex__(self) -> complex:
        return complex(self._one("complex"))

    def __index__(self) -> int:
        return operator.index(self._one("an index"))

    def _one(self, what: str) -> Any:
        if self.size != 1:
            raise ShapeError(
                f"{what} takes one element, and this tensor has shape {self.shape}: "
                "index it, or use .tolist()"
            )
        return self.data.reshape(())[()]

    def __array__(self, dtype: Any = None, copy: Any = None) -> NoReturn:
        if name := asked_by_scipy(sys._getframe(1)):
            raise DTypeError(f"scipy.special.{name} takes no Tensor: use {INSTEAD[name]}")
        raise DTypeError(
            f"a Tensor of shape {self.shape} does not turn into an array by itself, as its history would be "
            "lost: use t.data for the array, np.stack([t, u]) to join tensors, "
            "or a Tensor on the left of an assignment, Tensor(array)[i] = t"
        )

    def __format__(self, spec: str) -> str:
        return format(
            self.data[()] if self.size == 1 and spec else str(self) if not spec else self.data, spec
        )

    def __repr__(self) -> str:
        text = np.array2string(np.asarray(self.data), separator=", ", prefix="Tensor(", threshold=100)
        traits = [f"dtype={self.dtype}"]
        if self.node is not None and self.node.requires_grad:
            traits.append("requires_grad=True")
            if self.node.op is not LEAF:
                traits.append(f"made by {self.node.op.name}")
        return f"Tensor({text}, {', '.join(traits)})"
