"""Figures and colours that all pictures are made of."""

from __future__ import annotations

import os
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

__all__ = ["COLORS", "MARKERS", "Path", "panels", "written"]

Path = str | os.PathLike[str] | None
# Two classes are told apart by hue and by lightness, and the points of each by their shape, too: 70 of
# them, as there are ten colours and seven shapes
COLORS = ["#2166ac", "#d6604d", "#4d9221", "#9970ab", "#e08214", "#35978f", "#c51b7d", "#8c6d31"]
COLORS += ["#4d4d4d", "#66c2e0"]
MARKERS = ["o", "s", "^", "D", "v", "P", "X"]


def written(figure: Figure, path: Path) -> Figure:
    """The figure, after it was written to `path`."""
    if path is not None:
        figure.savefig(path, dpi=150)
    return figure


def panels(rows: int, columns: int, size: tuple[float, float], **options: Any) -> tuple[Figure, Any]:
    """A figure and its axes, (rows, columns), each `size` inches large; no window is opened."""
    figure = Figure((columns * size[0], rows * size[1]), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns, squeeze=False, **options)
