"""The curves of a history."""

from __future__ import annotations

from matplotlib.figure import Figure

from ..errors import ArgumentError
from ..history import History
from .figures import COLORS, Path, panels, written

__all__ = ["history_figure"]


def history_figure(history: History, path: Path = None) -> Figure:
    """The curves of training and validation, one panel for each figure: see `History.plot`."""
    if not len(history):
        raise ArgumentError("there is no epoch in this history to plot")
    names = [n for n in history.columns() if not n.startswith("validation_") and n not in ("lr", "seconds")]
    figure, axes = panels(1, len(names), (5, 3.6))
    epochs = range(1, len(history) + 1)
    marker = "o" if len(history) < 30 else ""
    for ax, name in zip(axes[0], names, strict=True):
        ax.plot(epochs, history.column(name), color=COLORS[0], marker=marker, ms=3, label="training")
        if f"validation_{name}" in history.columns():
            values = history.column(f"validation_{name}")
            ax.plot(epochs, values, color=COLORS[1], marker=marker, ms=3, ls="--", label="validation")
            ax.axvline(history.best + 1, color="0.6", lw=1, ls=":", label=f"best epoch, {history.best + 1}")
        ax.set(xlabel="epoch", ylabel=name.replace("_", " "))
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.grid(alpha=0.3)
        ax.legend()
    return written(figure, path)
