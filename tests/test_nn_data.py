"""Batches and splits: every sample comes once, nothing is copied needlessly, and other data are refused."""

import numpy as np
import pytest

from autograd import Tensor
from autograd.errors import ShapeError
from nn.data import DataLoader, train_test_split
from nn.errors import ArgumentError

X, Y = np.arange(14.0).reshape(7, 2), np.arange(7)
PAIRS = list(zip(X, Y.tolist(), strict=True))


class Squares:
    """A data set that makes its samples on request."""

    def __len__(self):
        return 7

    def __getitem__(self, i):
        if not 0 <= i < 7:
            raise IndexError(i)
        return np.array([2.0 * i, 2.0 * i + 1]), i


SOURCES = {"arrays": (X, Y), "tensors": (Tensor(X), Tensor(Y)), "pairs": PAIRS, "lazy": Squares()}


@pytest.mark.parametrize("dataset", SOURCES.values(), ids=SOURCES)
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("batch_size", [1, 2, 7, 100])
def test_each_pass_has_every_sample_once_with_its_target(dataset, shuffle, batch_size):
    loader = DataLoader(dataset, batch_size, shuffle, rng=0)
    batches = list(loader)
    assert len(batches) == len(loader) == -(-7 // batch_size)
    assert [len(y) for _, y in batches[:-1]] == [batch_size] * (len(loader) - 1)
    x, y = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    assert type(x) is np.ndarray
    np.testing.assert_array_equal(x, X[y])
    assert sorted(y) == Y.tolist()
    assert (y.tolist() == Y.tolist()) is not shuffle


def test_the_order_comes_from_the_generator_and_is_new_in_every_pass():
    def orders(rng):
        loader = DataLoader(Y, 7, shuffle=True, rng=rng)
        return [batch.tolist() for _ in range(3) for batch in loader]

    assert orders(5) == orders(np.random.default_rng(5)) != orders(6)
    assert len({tuple(order) for order in orders(5)}) == 3


def test_drop_last_leaves_the_rest_out():
    loader = DataLoader((X, Y), 3, drop_last=True)
    assert [len(y) for _, y in loader] == [3, 3]
    assert len(loader) == 2


def test_batches_of_arrays_in_order_are_views():
    for x, y in DataLoader((X, Y), 3):
        assert np.shares_memory(x, X)
        assert np.shares_memory(y, Y)


def test_one_array_gives_arrays():
    assert [batch.tolist() for batch in DataLoader(Y, 4)] == [[0, 1, 2, 3], [4, 5, 6]]


def test_more_than_two_arrays_go_together():
    for a, b, c in DataLoader((X, Y, -Y), 2, shuffle=True, rng=1):
        np.testing.assert_array_equal(a[:, 0], 2 * b)
        np.testing.assert_array_equal(b, -c)


@pytest.mark.parametrize("shuffle", [False, True])
def test_memory_mapped_arrays_stay_on_disk(tmp_path, shuffle):
    np.save(tmp_path / "x.npy", X)
    x = np.load(tmp_path / "x.npy", mmap_mode="r")
    batches = list(DataLoader((x, Y), 2, shuffle, rng=0))
    for batch, y in batches:
        assert type(batch) is np.ndarray
        assert np.shares_memory(batch, x) is not shuffle
        np.testing.assert_array_equal(batch, X[y])
    assert len(batches) == 4


BAD = {
    "no rows": (
        lambda: DataLoader((X[:0], Y[:0])),
        ArgumentError,
        "a data set of 0 samples has no batch of 1",
    ),
    "no samples": (lambda: DataLoader([]), ArgumentError, "a data set of 0 samples"),
    "all dropped": (
        lambda: DataLoader(X, 8, drop_last=True),
        ArgumentError,
        "drop_last=True has left it out",
    ),
    "batch size": (lambda: DataLoader(X, 0), ArgumentError, "batch_size must be at least 1, not 0"),
    "unequal": (lambda: DataLoader((X, Y[:3])), ShapeError, r"shapes \(7, 2\), \(3,\) have no common number"),
    "zero-dimensional": (lambda: DataLoader(np.array(1.0)), ShapeError, r"arrays of shapes \(\)"),
    "an array and a list": (
        lambda: DataLoader((X, Y.tolist())),
        ArgumentError,
        r"part 1 of a data set \(inputs, targets\) is a list, and all are arrays: np.asarray\(part\)",
    ),
    "lists": (lambda: DataLoader((X.tolist(), Y.tolist())), ArgumentError, "part 0 of a data set"),
    "a list of arrays": (lambda: DataLoader([X, Y]), ArgumentError, "a list of 2 arrays: is each a sample"),
    "a generator": (lambda: DataLoader(iter(PAIRS)), ArgumentError, "not a list_iterator"),
    "a dict": (lambda: DataLoader({"x": X}), ArgumentError, "not a dict"),
    "numbers": (lambda: list(DataLoader([1, 2])), ArgumentError, "samples are tuples"),
    "samples of two lengths": (lambda: list(DataLoader([(1, 2), (3,)], 2)), ArgumentError, r"not \(3,\)"),
    "samples of two shapes": (
        lambda: list(DataLoader([([1, 2], 0), ([1], 1)], 2)),
        ShapeError,
        r"part 0 of the samples has shapes \(1,\) and \(2,\).*pad them",
    ),
    "nothing to split": (lambda: train_test_split(), ArgumentError, "takes the arrays one by one"),
    "split 0": (lambda: train_test_split(X, test_size=0), ArgumentError, "0 for testing and 7 for training"),
    "split all": (
        lambda: train_test_split(X, test_size=1.0),
        ArgumentError,
        "7 for testing and 0 for training",
    ),
    "split too many": (lambda: train_test_split(X, test_size=8), ArgumentError, "neither may be empty"),
    "split one": (lambda: train_test_split(X[:1]), ArgumentError, "neither may be empty"),
    "split unequal": (lambda: train_test_split(X, Y[:3]), ShapeError, "no common number"),
    "labels": (lambda: train_test_split(X, stratify=Y[:3]), ShapeError, r"stratify has shape \(3,\)"),
    "labels in order": (lambda: train_test_split(X, stratify=Y, shuffle=False), ArgumentError, "forbids"),
}


@pytest.mark.parametrize(("make", "error", "message"), BAD.values(), ids=BAD)
def test_what_is_no_data_set_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize("test_size", [0.3, 2, 0.5])
@pytest.mark.parametrize("shuffle", [False, True])
def test_a_split_has_every_row_once(test_size, shuffle):
    x, x_test, y, y_test = train_test_split(X, Y, test_size=test_size, shuffle=shuffle, rng=0)
    assert len(y_test) == (test_size if isinstance(test_size, int) else round(7 * test_size))
    assert sorted([*y, *y_test]) == Y.tolist()
    np.testing.assert_array_equal(np.concatenate([x, x_test]), X[np.concatenate([y, y_test])])
    assert np.shares_memory(x, X) is not shuffle


@pytest.mark.parametrize("seed", range(5))
def test_a_stratified_split_gives_each_label_its_share_to_within_a_row(seed):
    labels = np.random.default_rng(seed).choice(4, size=103, p=[0.5, 0.3, 0.15, 0.05])
    train, test = train_test_split(labels, test_size=0.3, stratify=labels, rng=seed)
    share = np.bincount(labels, minlength=4) * 31 / 103
    assert len(test) == 31
    assert np.abs(np.bincount(test, minlength=4) - share).max() < 1
    np.testing.assert_array_equal(np.sort([*train, *test]), np.sort(labels))
    assert (np.diff(test) < 0).any()  # mixed, not in the order of the labels
