"""The plane as a network with two inputs sees it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.animation import FuncAnimation, PillowWriter
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from autograd import no_grad
from autograd.errors import ShapeError

from ..data import plain
from ..errors import ArgumentError
from ..module import Module, evaluating
from ..trace import not_finite
from .figures import COLORS, MARKERS, Path, panels, written

__all__ = ["BoundaryFrames", "decision_boundary"]


def decision_boundary(
    model: Module, x: Any, y: Any, path: Path = None, *, threshold: float = 0.5, resolution: int = 200
) -> Figure:
    """The answers of a model with two inputs all over the plane, with the samples that it should tell apart.

    x: (n, 2); y: (n,) or (n, 1), the classes, as integers.  A model with one output is drawn by its value,
    and the line is where the value is `threshold`: 0.5 for probabilities, 0 for logits.  A model with an
    output for each class is drawn by the largest output, with lines where two outputs are equally large.

    Raises autograd.errors.ShapeError for another x, y or output, ArgumentError for an x that is not
    finite, and for a y that is not integers.

    >>> import nn
    >>> x, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
    >>> figure = decision_boundary(nn.Linear(2, 1, rng=0), x, y, threshold=0)
    >>> figure.axes[0].get_xlabel()
    'input 0'
    """
    x, y = checked_plane(x, y)
    grid, extent = grid_around(x, resolution)
    figure, ((ax,),) = panels(1, 1, (5, 4.4))
    draw_answers(ax, answers(model, grid, resolution), extent, threshold)
    draw_samples(ax, x, y, extent)
    return written(figure, path)


class BoundaryFrames:
    """The decision boundary after every epoch: a callback for `nn.fit`, and the frames of an animation.

    x, y, threshold, resolution: as in `decision_boundary`.  every: keep one epoch out of this many.
    `save("training.gif")` writes the animation; `figure(i)` is frame i as a Figure.

        frames = BoundaryFrames(x, y)
        nn.fit(model, loss, optimizer, (x, y), callbacks=[frames])
        frames.save("training.gif")

    >>> import nn
    >>> x, y = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([[0], [1], [1], [0]])
    >>> frames, model = BoundaryFrames(x, y), nn.Sequential(nn.Linear(2, 1, rng=0), nn.Sigmoid())
    >>> optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
    >>> history = nn.fit(model, nn.BCELoss(), optimizer, (x, y), epochs=3, callbacks=[frames], rng=0)
    >>> len(frames.frames)
    3
    """

    def __init__(
        self, x: Any, y: Any, *, threshold: float = 0.5, resolution: int = 100, every: int = 1
    ) -> None:
        self.x, self.y = checked_plane(x, y)
        if every < 1:
            raise ArgumentError(f"every={every} must be at least 1")
        self.threshold, self.resolution, self.every = threshold, resolution, every
        self.grid, self.extent = grid_around(self.x, resolution)
        self.frames: list[tuple[int, float, Any]] = []  # epoch, loss, answers

    def __call__(self, model: Module, history: Sequence[dict[str, float]]) -> None:
        """Keep a frame after every epoch that is due, as a callback of `fit`."""
        if (len(history) - 1) % self.every == 0:
            self.add(model, len(history), history[-1]["loss"])

    def add(self, model: Module, epoch: int, loss: float) -> None:
        """Keep a frame; a training loop of your own calls this."""
        self.frames.append((epoch, loss, answers(model, self.grid, self.resolution)))

    def figure(self, i: int = -1, path: Path = None) -> Figure:
        """Frame i as a Figure."""
        figure, ((ax,),) = panels(1, 1, (5, 4.4))
        self.draw(ax, self.frames[i])
        return written(figure, path)

    def draw(self, ax: Axes, frame: tuple[int, float, Any]) -> None:
        """Draw a frame, (epoch, loss, answers), in place of the current content."""
        ax.clear()
        epoch, loss, answer = frame
        draw_answers(ax, answer, self.extent, self.threshold, bar=False)
        draw_samples(ax, self.x, self.y, self.extent)
        ax.set_title(f"epoch {epoch}, loss {loss:.4f}")

    def save(self, path: str | os.PathLike[str], fps: int = 10) -> None:
        """Write all frames as an animated GIF or PNG, according to the suffix of `path`.

        Raises ArgumentError if there is no frame.
        """
        if not self.frames:
            raise ArgumentError("no frame was kept: pass this object to nn.fit, callbacks=[frames]")
        figure, ((ax,),) = panels(1, 1, (5, 4.4))
        animation = FuncAnimation(figure, lambda i: [self.draw(ax, self.frames[i])], frames=len(self.frames))  # type: ignore[func-returns-value, list-item]
        animation.save(os.fspath(path), PillowWriter(fps), dpi=100)


def checked_plane(x: Any, y: Any) -> tuple[Any, Any]:
    """x as floats, (n, 2), and y as integers, (n,).  Raises ShapeError or ArgumentError for others."""
    x, y = plain(x), plain(y)
    y = y.reshape(len(y)) if y.ndim and y.size == len(y) else y
    if x.ndim != 2 or x.shape[1] != 2 or y.shape != x.shape[:1] or not x.size:
        raise ShapeError(f"a plane needs x of shape (n, 2) and y of shape (n,), not {x.shape} and {y.shape}")
    if bad := not_finite(x):
        raise ArgumentError(f"x, of shape {x.shape}, has {bad}, which have no place on the plane")
    if not (y == np.round(y)).all():
        raise ArgumentError(
            f"y must have the class of each sample, an integer, and ranges from {y.min()} to {y.max()}"
        )
    return x if x.dtype.kind == "f" else x.astype(float), y.astype(int)


def grid_around(x: Any, resolution: int) -> tuple[Any, tuple[float, float, float, float]]:
    """Points all over the plane around the samples, (resolution^2, 2), and its left, right, bottom, top."""
    low, high = x.min(axis=0), x.max(axis=0)
    margin = 0.15 * np.where(high > low, high - low, 1)
    (left, bottom), (right, top) = low - margin, high + margin
    across, up = np.meshgrid(np.linspace(left, right, resolution), np.linspace(bottom, top, resolution))
    return np.stack([across.ravel(), up.ravel()], axis=1).astype(x.dtype), (left, right, bottom, top)


def answers(model: Module, grid: Any, resolution: int) -> Any:
    """The model's outputs on the grid: (resolution, resolution, outputs)."""
    with evaluating(model), no_grad():
        output = plain(model(grid))
    if output.shape[:1] != grid.shape[:1] or output.ndim > 2:
        raise ShapeError(f"a sample must have one output, or one for each class, not {output.shape[1:]}")
    return output.reshape(resolution, resolution, -1)


def draw_answers(
    ax: Axes, answer: Any, extent: tuple[float, ...], threshold: float, bar: bool = True
) -> None:
    """Colour the plane by the model's answer, and draw the line between two answers."""
    if answer.shape[-1] > 1:
        draw_classes(ax, answer, extent)
        return
    value = answer[..., 0]
    # Logits may be huge in a corner: values beyond three quarters of the others get the last colour
    reach = 0.5 if threshold == 0.5 else max(np.percentile(np.abs(value - threshold), 75), 1e-12)
    options: dict[str, Any] = {"origin": "lower", "aspect": "auto", "interpolation": "bilinear"}
    options |= {"vmin": threshold - reach, "vmax": threshold + reach, "extent": extent}
    image = ax.imshow(value, cmap="RdBu_r", alpha=0.75, **options)
    if value.min() < threshold < value.max():
        ax.contour(value, [threshold], colors="0.2", linewidths=1.5, extent=extent)
    if bar and isinstance(ax.figure, Figure):
        extend = "neither" if threshold == 0.5 else "both"
        ax.figure.colorbar(image, ax=ax, label="output of the model", extend=extend)


def draw_classes(ax: Axes, answer: Any, extent: tuple[float, ...]) -> None:
    """Colour the plane by the class with the largest output.

    A class ends where its lead over the best of the others, which is interpolated between the points of
    the grid, is 0: so its border is smooth.
    """
    scores = np.nan_to_num(answer.astype(float))
    for c in range(scores.shape[-1]):
        lead = scores[..., c] - np.delete(scores, c, axis=-1).max(axis=-1)
        if (lead < 0).all():
            continue
        color, top = COLORS[c % len(COLORS)], max(lead.max(), 1.0)
        ax.contourf(lead, [0, top], colors=[color], alpha=0.35, extent=extent)
        if (lead < 0).any():
            ax.contour(lead, [0], colors="0.2", linewidths=1, extent=extent)


def draw_samples(ax: Axes, x: Any, y: Any, extent: tuple[float, ...]) -> None:
    """The samples over the regions; a class has its own color and its own marker."""
    for c in np.unique(y):
        color, marker = COLORS[c % len(COLORS)], MARKERS[c % len(MARKERS)]
        style: dict[str, Any] = {"c": color, "marker": marker, "edgecolors": "white", "label": f"class {c}"}
        ax.scatter(x[y == c, 0], x[y == c, 1], s=24, linewidths=0.6, **style)
    ax.set(xlabel="input 0", ylabel="input 1", xlim=extent[:2], ylim=extent[2:])
    # below the plane, where it cannot cover a sample
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=5, frameon=False, columnspacing=1.0)
