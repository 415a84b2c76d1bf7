"""The record of a training run: the figures of every epoch."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Sequence
from typing import Any

from .errors import ArgumentError

__all__ = ["History"]


class History(Sequence[dict[str, float]]):
    """The figures of each epoch, as a dict: `history[-1]["loss"]`; for all epochs, `history.column("loss")`.

    The figures are "loss" and each metric, over the training batches at the time they were learnt from;
    "validation_loss" and so on, after the epoch; "lr"; and "seconds".

    stopped: why the run ended before its last epoch, if it did.

    >>> history = History([{"loss": 2.0, "lr": 0.1}, {"loss": 1.0, "lr": 0.1}])
    >>> history
    History(2 epochs, loss=1, lr=0.1)
    >>> history.column("loss")
    [2.0, 1.0]
    """

    def __init__(self, epochs: Sequence[dict[str, float]] = (), stopped: str = "") -> None:
        self.epochs = list(epochs)
        self.stopped = stopped

    def __len__(self) -> int:
        return len(self.epochs)

    def __getitem__(self, i: Any) -> Any:
        return self.epochs[i]

    def columns(self) -> list[str]:
        """The names of all figures."""
        return list(dict.fromkeys(name for epoch in self.epochs for name in epoch))

    def column(self, name: str) -> list[float]:
        """One figure of all epochs; NaN for an epoch without it.

        Raises KeyError if no epoch has it.
        """
        if self.epochs and name not in self.columns():
            raise KeyError(f"{name!r} is not in this history: it has {', '.join(self.columns())}")
        return [epoch.get(name, math.nan) for epoch in self.epochs]

    @property
    def monitored(self) -> str:
        """The name of the figure that decides which epoch is best: the validation loss, or else the loss."""
        return "validation_loss" if "validation_loss" in self.columns() else "loss"

    @property
    def best(self) -> int:
        """The number of the best epoch, from 0: the epoch with the lowest validation loss, or else loss.

        Raises ArgumentError if there is no epoch.
        """
        values = self.column(self.monitored)
        if not values:
            raise ArgumentError("there is no epoch in this history to be the best")
        return min(range(len(values)), key=lambda i: math.inf if math.isnan(values[i]) else values[i])

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write a line with the names of all figures, then one line for each epoch, numbered from 1."""
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["epoch", *self.columns()])
            for i, epoch in enumerate(self.epochs, start=1):
                writer.writerow([i, *(repr(float(epoch[n])) if n in epoch else "" for n in self.columns())])

    def plot(self, path: str | os.PathLike[str] | None = None) -> Any:
        """The curves of training and validation as a matplotlib Figure, also written to `path`.

        There is one panel for the loss and for each metric, and the best epoch is marked.  An axis is
        logarithmic where the values span two decades or more.  The suffix of `path` determines the format:
        .png, .svg, .pdf.

        Raises ArgumentError if there is no epoch, ImportError without matplotlib.
        """
        from .plots import curves  # here, because matplotlib is an extra

        if not len(self):
            raise ArgumentError("there is no epoch in this history to plot")
        return curves({name: self.column(name) for name in self.columns()}, self.best, path)

    def __repr__(self) -> str:
        last = self.epochs[-1] if self.epochs else {}
        figures = "".join(f", {name}={value:.4g}" for name, value in last.items())
        stopped = f", stopped: {self.stopped}" if self.stopped else ""
        return f"History({len(self)} epochs{figures}{stopped})"
