"""The figures and colours that all plots share."""

from __future__ import annotations

import os
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

__all__ = ["COLORS", "MARKERS", "Path", "panels", "written"]

Path = str | os.PathLike[str] | None
# Classes are told apart by the hue and lightness of their colour and by the shape of their points: 70
# classes differ, since there are ten colours and seven shapes.
COLORS = ["#2166ac", "#d6604d", "#4d9221", "#9970ab", "#e08214", "#35978f", "#c51b7d", "#8c6d31"]
COLORS += ["#4d4d4d", "#66c2e0"]
MARKERS = ["o", "s", "^", "D", "v", "P", "X"]


def written(figure: Figure, path: Path) -> Figure:
    """The figure, after writing it to `path` if that is given."""
    if path is not None:
        figure.savefig(path, dpi=150)
    return figure


def panels(rows: int, columns: int, size: tuple[float, float], **options: Any) -> tuple[Figure, Any]:
    """A figure and its axes, (rows, columns), each of `size` inches; no window is opened."""
    figure = Figure((columns * size[0], rows * size[1]), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns, squeeze=False, **options)
