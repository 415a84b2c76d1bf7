"""The curves of a training run, epoch by epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from .figures import COLORS, Path, panels, written

__all__ = ["curves"]


def curves(columns: Mapping[str, Sequence[float]], best: int, path: Path = None) -> Figure:
    """The curves of training and validation, one panel for each figure: see `nn.History.plot`.

    An axis is logarithmic where its values are positive and the largest is at least 100 times the smallest.

    columns: the figures of all epochs by name, validation figures under "validation_" and the name; best:
    the number of the best epoch, from 0.

    >>> curves({"loss": [2.0, 1.0], "validation_loss": [2.0, 3.0]}, best=0).axes[0].get_ylabel()
    'loss'
    """
    names = [n for n in columns if not n.startswith("validation_") and n not in ("lr", "seconds")]
    figure, axes = panels(1, len(names), (5, 3.6))
    for ax, name in zip(axes[0], names, strict=True):
        epochs = range(1, len(columns[name]) + 1)
        marker = "o" if len(epochs) < 30 else ""
        ax.plot(epochs, columns[name], color=COLORS[0], marker=marker, ms=3, label="training")
        if values := columns.get(f"validation_{name}"):
            ax.plot(epochs, values, color=COLORS[1], marker=marker, ms=3, ls="--", label="validation")
            ax.axvline(best + 1, color="0.6", lw=1, ls=":", label=f"best epoch, {best + 1}")
        ax.set(xlabel="epoch", ylabel=name.replace("_", " "))
        if spans_decades([*columns[name], *(values or ())]):
            ax.set_yscale("log")
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.grid(alpha=0.3)
        ax.legend()
    return written(figure, path)


def spans_decades(values: Sequence[float]) -> bool:
    """Whether only a logarithmic axis shows how small values change beside the largest.

    >>> spans_decades([1.0, 0.1, 0.004]), spans_decades([1.0, 0.5]), spans_decades([100.0, 0.0])
    (True, False, False)
    """
    finite = [x for x in values if math.isfinite(x)]
    return bool(finite) and 0 < 100 * min(finite) <= max(finite)
