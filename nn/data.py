"""Data sets in batches, and data sets split in two.

A data set is either arrays with one sample in each row, `(inputs, targets)`, or a sequence of samples,
each a pair `(input, target)`.  The arrays may be memory-mapped, `np.load(path, mmap_mode="r")`: then only
the rows of a batch are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import index
from typing import Any

import numpy as np

from autograd import Tensor
from autograd.errors import ShapeError

from .errors import ArgumentError

__all__ = ["DataLoader", "train_test_split"]


class DataLoader:
    """The batches of a data set, in a new random order in every pass if `shuffle` is true.

    dataset: an array, or a tuple of arrays with equally many rows, which gives batches with as many
    arrays; or a sequence of samples, each a tuple, which gives tuples of stacked arrays
    shuffle: draw the order from `rng`, a `np.random.Generator` or a seed for one; without it, batches
    of arrays are views
    drop_last: leave out the last batch if it is smaller

    Raises ArgumentError for an empty data set, and for a batch size below 1, and
    autograd.errors.ShapeError for arrays with different numbers of rows.

    >>> x, y = np.arange(10.0).reshape(5, 2), np.arange(5)
    >>> loader = DataLoader((x, y), batch_size=2, shuffle=True, rng=0)
    >>> len(loader)
    3
    >>> for inputs, targets in loader:
    ...     print(inputs.shape, targets)
    (2, 2) [2 4]
    (2, 2) [3 0]
    (1, 2) [1]
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int = 1,
        shuffle: bool = False,
        *,
        drop_last: bool = False,
        rng: Any = None,
    ) -> None:
        if index(batch_size) < 1:
            raise ArgumentError(f"batch_size must be at least 1, not {batch_size}")
        self.arrays = arrays_of(dataset)
        self.dataset, self.batch_size, self.shuffle, self.drop_last = dataset, batch_size, shuffle, drop_last
        self.rng = np.random.default_rng(rng)
        self.size = len(self.arrays[0] if self.arrays else dataset)
        if not len(self):
            raise ArgumentError(
                f"a data set of {self.size} samples has no batch of {batch_size}"
                + (": drop_last=True has left it out" if self.size else "")
            )

    def __len__(self) -> int:
        """The number of batches."""
        return self.size // self.batch_size if self.drop_last else -(-self.size // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        """The batches of one pass, in an order that is drawn at its beginning."""
        order = self.rng.permutation(self.size) if self.shuffle else None
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            rows = slice(start, min(start + self.batch_size, self.size))
            yield self.batch(rows if order is None else order[rows])

    def batch(self, rows: Any) -> Any:
        """The batch of some rows, given as a slice or by their numbers."""
        if self.arrays:
            parts = tuple(array[rows] for array in self.arrays)
            return parts if isinstance(self.dataset, tuple) else parts[0]
        numbers = range(rows.start, rows.stop) if isinstance(rows, slice) else rows.tolist()
        return stacked([self.dataset[i] for i in numbers])

    def __repr__(self) -> str:
        return f"DataLoader({self.size} samples in {len(self)} batches of {self.batch_size})"


def arrays_of(dataset: Any) -> list[Any]:
    """The arrays of a data set, which must have equally many rows; none if it is a sequence of samples."""
    if isinstance(dataset, np.ndarray | Tensor):
        dataset = (dataset,)
    if (
        not hasattr(dataset, "__len__")
        or not hasattr(dataset, "__getitem__")
        or isinstance(dataset, dict | str)
    ):
        raise ArgumentError(f"a data set is arrays, or a sequence of samples, not a {type(dataset).__name__}")
    if not isinstance(dataset, tuple | list) or not len(dataset):
        return []
    others = [i for i, array in enumerate(dataset) if not isinstance(array, np.ndarray | Tensor)]
    if others:
        meant_as_arrays = len(others) < len(dataset) or all(map(of_numbers, dataset))
        if isinstance(dataset, tuple) and meant_as_arrays:
            kind = type(dataset[others[0]]).__name__
            raise ArgumentError(
                f"part {others[0]} of a data set (inputs, targets) is a {kind}, and all are arrays: "
                "np.asarray(part)"
            )
        return []
    if isinstance(dataset, list):
        raise ArgumentError(
            f"a list of {len(dataset)} arrays: is each a sample, or does each have a row for every sample?  "
            "Pass np.stack(samples), or a tuple, (inputs, targets)"
        )
    arrays = [plain(array) for array in dataset]
    if any(array.ndim == 0 for array in arrays) or len({len(array) for array in arrays}) > 1:
        raise ShapeError(
            f"arrays of shapes {', '.join(str(a.shape) for a in arrays)} have no common number of rows, "
            "their first axis"
        )
    return arrays


def of_numbers(value: Any) -> bool:
    """Whether `value` is a list of numbers, or a list of such lists."""
    first = value[0] if isinstance(value, list) and value else None
    return isinstance(first, int | float) or (isinstance(first, list) and of_numbers(first))


def plain(array: Any) -> Any:
    """A Tensor's array, an array or a list of numbers, as an ndarray; only a list is copied."""
    return np.asarray(array.data if isinstance(array, Tensor) else array)


def stacked(samples: list[Any]) -> tuple[Any, ...]:
    """One array for each part of the samples, which are tuples of equal length."""
    for sample in samples:
        if not isinstance(sample, tuple | list) or len(sample) != len(samples[0]):
            raise ArgumentError(
                f"samples are tuples (input, target, ...), all of the same length: not {sample!r:.60}"
            )
    columns = [[plain(part) for part in column] for column in zip(*samples, strict=True)]
    for i, column in enumerate(columns):
        if len(shapes := {array.shape for array in column}) > 1:
            raise ShapeError(
                f"part {i} of the samples has shapes {' and '.join(map(str, sorted(shapes)[:2]))} "
                "in one batch: pad them, or use batch_size=1"
            )
    return tuple(np.stack(column) for column in columns)


def train_test_split(
    *arrays: Any, test_size: float = 0.25, shuffle: bool = True, stratify: Any = None, rng: Any = None
) -> list[Any]:
    """Each array split in two, for training and for testing: `x_train, x_test, y_train, y_test`.

    arrays: arrays with equally many rows; a row goes to the same part in all of them
    test_size: the fraction of the rows that is for testing, or their number
    shuffle: draw the rows from `rng`, a `np.random.Generator` or a seed for one; without it, the last
    rows are for testing, and the parts are views
    stratify: a label for each row; each label then has the same share in both parts, to within a row

    Raises ArgumentError if a part would be empty, and autograd.errors.ShapeError for arrays with different
    numbers of rows.

    >>> x, y = np.arange(8).reshape(4, 2), np.array([0, 0, 1, 1])
    >>> x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.5, stratify=y, rng=0)
    >>> y_train, y_test
    (array([0, 1]), array([1, 0]))
    """
    if not arrays:
        raise ArgumentError("train_test_split takes the arrays one by one: train_test_split(x, y)")
    found = arrays_of(tuple(plain(array) for array in arrays))
    n = len(found[0])
    n_test = round(test_size * n) if isinstance(test_size, float) else index(test_size)
    if not 0 < n_test < n:
        raise ArgumentError(
            f"test_size={test_size} of {n} rows is {n_test} for testing and {n - n_test} for training: "
            "neither may be empty"
        )
    if not shuffle:
        if stratify is not None:
            raise ArgumentError("stratify draws rows at random, and shuffle=False forbids that")
        return [part for array in found for part in (array[: n - n_test], array[n - n_test :])]
    rng = np.random.default_rng(rng)
    order = rng.permutation(n)
    if stratify is not None:
        order = by_label(order, plain(stratify), n_test, rng)
    return [array[rows] for array in found for rows in (order[n_test:], order[:n_test])]


def by_label(order: Any, labels: Any, n_test: int, rng: np.random.Generator) -> Any:
    """The rows in `order`, rearranged so that each label has its share among the first `n_test`."""
    n = len(order)
    if labels.shape != (n,):
        raise ShapeError(f"stratify has shape {labels.shape}: it is one label for each of the {n} rows")
    order = order[np.argsort(labels[order], kind="stable")]
    test = np.zeros(n, bool)
    test[(2 * np.arange(n_test) + 1) * n // (2 * n_test)] = True  # evenly spaced over the sorted labels
    return np.concatenate([rng.permutation(order[test]), rng.permutation(order[~test])])
