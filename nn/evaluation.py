"""Evaluation of a model: the means of its loss and metrics over the batches of a data set."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from autograd import Tensor, no_grad

from .checkpoint import as_it_was
from .data import DataLoader, arrays_of, plain
from .errors import ArgumentError
from .module import Module, evaluating
from .trace import first_not_finite, not_finite

__all__ = [
    "Function",
    "Mean",
    "Metrics",
    "batches",
    "began",
    "began_in",
    "evaluate",
    "figures",
    "named",
    "parts_of",
    "scalar",
]

Function = Callable[[Any, Any], Any]
Metrics = Mapping[str, Function] | Sequence[Function]


def evaluate(
    model: Module, loss: Function, data: Any, metrics: Metrics = (), *, batch_size: int = 32
) -> dict[str, float]:
    """The mean loss and metrics of a model on a data set, in evaluation mode: {"loss": …, "accuracy": …}.

    data, metrics: as in `fit`.  The means are over samples, not batches.

    >>> import nn
    >>> evaluate(nn.Identity(), nn.MSELoss(), (np.ones((3, 1)), np.zeros((3, 1))))
    {'loss': 1.0}
    """
    metrics, total = named(metrics), Mean()
    with evaluating(model), no_grad():
        for inputs, target in map(parts_of, batches(data, batch_size, False, None)):
            prediction = model(*inputs)
            total.add(inputs, figures(loss(prediction, target), prediction, target, metrics))
    return total.result("the data set")


class Mean:
    """Means of figures over samples, computed from their means over batches."""

    def __init__(self) -> None:
        self.samples = 0
        self.sums: dict[str, float] = {}

    def add(self, inputs: tuple[Any, ...], found: dict[str, float]) -> None:
        """Count a batch: each of its figures as often as it has samples, as a last batch may be smaller."""
        n = len(inputs[0])
        self.samples += n
        for name, value in found.items():
            self.sums[name] = self.sums.get(name, 0.0) + n * value

    def result(self, what: str) -> dict[str, float]:
        """The means over all samples.  Raises ArgumentError if `what` they come from gave none."""
        if not self.samples:
            raise ArgumentError(
                f"{what} gives no batches: is it empty, or a generator that has been used up?  "
                "Pass a DataLoader, or a list of batches"
            )
        return {name: total / self.samples for name, total in self.sums.items()}


def figures(value: Any, prediction: Any, target: Any, metrics: Mapping[str, Function]) -> dict[str, float]:
    """The loss and the metrics of a batch, as floats."""
    found = {"loss": float(plain(scalar(value)).item())}
    for name, metric in metrics.items():
        figure = plain(metric(prediction, target))
        if figure.size != 1 or figure.dtype.kind not in "biuf":
            raise ArgumentError(
                f"a metric is one number, and {name} is {figure!r:.60}, of shape {figure.shape}: "
                "take its mean"
            )
        found[name] = float(figure.item())
    return found


def scalar(value: Any) -> Any:
    """A loss, checked to be one number."""
    if np.size(value) != 1:
        raise ArgumentError(
            f"a loss is one number, and this one has shape {np.shape(value)}: "
            'use reduction="mean", or take its mean'
        )
    return value


TAKEN = ("loss", "lr", "seconds")  # names that every history uses


def named(metrics: Metrics) -> Mapping[str, Function]:
    """The metrics, each with its name.  Raises ArgumentError if two figures would have the same name."""
    if callable(metrics):
        raise ArgumentError("metrics is a list of functions, or a dict of them by name: write metrics=[...]")
    pairs = list(metrics.items()) if isinstance(metrics, Mapping) else [(name_of(m), m) for m in metrics]
    names = [name for name, _ in pairs]
    for name in names:
        if name in TAKEN or name.startswith("validation_") or names.count(name) > 1:
            raise ArgumentError(
                f"two figures would be named {name!r}: give each metric a name of its own, "
                "metrics={'name': function}"
            )
    return dict(pairs)


def name_of(metric: Any) -> str:
    """The name of a metric.  Raises ArgumentError for a class: perhaps an instance of it was meant."""
    if not callable(metric) or isinstance(metric, type):
        raise ArgumentError(f"a metric is a function of prediction and target, not {metric!r:.60}")
    return getattr(metric, "__name__", type(metric).__name__)


# The batches of a data set


def batches(data: Any, batch_size: int, shuffle: bool, rng: Any) -> Iterable[Any]:
    """The batches of `data`: arrays are split into batches, anything else is taken to be batches already."""
    if isinstance(data, tuple) and arrays_of(data):
        return DataLoader(data, batch_size, shuffle, rng=rng)
    if isinstance(data, np.ndarray | Tensor):
        raise ArgumentError("a data set is (inputs, targets), and this is one array")
    return data  # type: ignore[no-any-return]


def parts_of(batch: Any) -> tuple[tuple[Any, ...], Any]:
    """The inputs of a batch, as a tuple, and its target."""
    if not isinstance(batch, tuple | list) or len(batch) < 2:
        raise ArgumentError(f"a batch is (inputs, targets), not a {type(batch).__name__}: {batch!r:.60}")
    *inputs, target = batch
    return tuple(inputs), target


# Where a loss stops being finite


def began(model: Module, inputs: tuple[Any, ...], target: Any) -> str:
    """Where the loss of a batch stops being finite, in words."""
    with no_grad(), as_it_was(model):
        where = first_not_finite(model, inputs)
    if where:
        return where
    if bad := not_finite(target):
        return f"the target, of shape {np.shape(plain(target))}, has {bad}"
    return "it began in the loss itself, as the prediction and the target are finite"


def began_in(data: Any, model: Module, loss: Function) -> str:
    """In which batch of a data set, and where in it, the loss stops being finite, in words."""
    with evaluating(model), no_grad():
        for i, (inputs, target) in enumerate(map(parts_of, data), start=1):
            if not math.isfinite(float(plain(loss(model(*inputs), target)).item())):
                return f", in batch {i} of its set: {began(model, inputs, target)}"
    return ""
