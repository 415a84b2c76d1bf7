"""Pictures that teach: what a network does to the plane, to the numbers in it, and to an image.

They are drawn with matplotlib, `pip install 'chainrule[plots]'`.  Each function returns a Figure, and
also writes it to `path`, in the format of its suffix: .png, .svg, .pdf.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from typing import Any

import numpy as np

try:
    from matplotlib.animation import FuncAnimation, PillowWriter
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.colors import ListedColormap
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator
except ModuleNotFoundError as missing:
    raise ImportError(
        f"nn.plots draws with matplotlib, and there is none here ({missing}): pip install matplotlib"
    ) from missing

from autograd import no_grad
from autograd.errors import ShapeError

from .checkpoint import as_it_was
from .data import plain
from .errors import ArgumentError
from .history import History
from .module import Module, evaluating
from .trace import not_finite, parts, traced

__all__ = ["BoundaryFrames", "decision_boundary", "feature_maps", "layer_histograms"]

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


# The curves of a history


def history_figure(history: History) -> Figure:
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
    return figure


# The plane as a network of two inputs sees it


def decision_boundary(
    model: Module, x: Any, y: Any, path: Path = None, *, threshold: float = 0.5, resolution: int = 200
) -> Figure:
    """What a model of two inputs answers all over the plane, with the samples it is to tell apart.

    x: (n, 2); y: (n,) or (n, 1), the classes, whole numbers.  A model with one output is drawn by its value,
    and the line is where that is `threshold`: 0.5 for probabilities, 0 for logits.  One with an output
    for each class is drawn by the largest of them.

    Raises autograd.errors.ShapeError for another x, y or output; ArgumentError for an x that is not
    finite, and a y that is no class.
    """
    x, y = checked_plane(x, y)
    grid, extent = grid_around(x, resolution)
    figure, ((ax,),) = panels(1, 1, (5, 4.4))
    draw_answers(ax, answers(model, grid, resolution), extent, threshold)
    draw_samples(ax, x, y, extent)
    return written(figure, path)


class BoundaryFrames:
    """The decision boundary after every epoch: a callback of `nn.fit`, and frames of an animation.

    x, y, threshold, resolution: as in `decision_boundary`.  every: an epoch out of so many is kept.
    `save("training.gif")` writes the animation; `figure(i)` is frame i, as a Figure.

        frames = BoundaryFrames(x, y)
        nn.fit(model, loss, optimizer, (x, y), callbacks=[frames])
        frames.save("training.gif")
    """

    def __init__(
        self, x: Any, y: Any, *, threshold: float = 0.5, resolution: int = 100, every: int = 1
    ) -> None:
        self.x, self.y = checked_plane(x, y)
        if every < 1:
            raise ArgumentError(f"every={every}: an epoch out of so many is kept, at least of 1")
        self.threshold, self.resolution, self.every = threshold, resolution, every
        self.grid, self.extent = grid_around(self.x, resolution)
        self.frames: list[tuple[int, float, Any]] = []  # epoch, loss, answers

    def __call__(self, model: Module, history: History) -> None:
        if (len(history) - 1) % self.every == 0:
            self.add(model, len(history), history[-1]["loss"])

    def add(self, model: Module, epoch: int, loss: float) -> None:
        """Keep a frame: for training loops of one's own."""
        self.frames.append((epoch, loss, answers(model, self.grid, self.resolution)))

    def figure(self, i: int = -1, path: Path = None) -> Figure:
        """Frame i as a figure."""
        figure, ((ax,),) = panels(1, 1, (5, 4.4))
        self.draw(ax, self.frames[i])
        return written(figure, path)

    def draw(self, ax: Axes, frame: tuple[int, float, Any]) -> None:
        ax.clear()
        epoch, loss, answer = frame
        draw_answers(ax, answer, self.extent, self.threshold, bar=False)
        draw_samples(ax, self.x, self.y, self.extent)
        ax.set_title(f"epoch {epoch}, loss {loss:.4f}")

    def save(self, path: str | os.PathLike[str], fps: int = 10) -> None:
        """Write all frames as an animated GIF, or PNG, by the suffix of `path`.

        Raises ArgumentError if there is no frame.
        """
        if not self.frames:
            raise ArgumentError("no frame was kept: pass this object to nn.fit, callbacks=[frames]")
        figure, ((ax,),) = panels(1, 1, (5, 4.4))
        animation = FuncAnimation(figure, lambda i: [self.draw(ax, self.frames[i])], frames=len(self.frames))  # type: ignore[func-returns-value, list-item]
        animation.save(os.fspath(path), PillowWriter(fps), dpi=100)


def checked_plane(x: Any, y: Any) -> tuple[Any, Any]:
    x, y = plain(x), plain(y)
    y = y.reshape(len(y)) if y.ndim and y.size == len(y) else y
    if x.ndim != 2 or x.shape[1] != 2 or y.shape != x.shape[:1] or not x.size:
        raise ShapeError(f"a plane is drawn of x: (n, 2) and y: (n,), not {x.shape} and {y.shape}")
    if bad := not_finite(x):
        raise ArgumentError(f"x, of shape {x.shape}, has {bad}, and these have no place on the plane")
    if not (y == np.round(y)).all():
        raise ArgumentError(
            f"y is the class of each sample, a whole number, and ranges {y.min()} to {y.max()}"
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
    """The outputs of the model on the grid: (resolution, resolution, outputs)."""
    with evaluating(model), no_grad():
        output = plain(model(grid))
    if output.shape[:1] != grid.shape[:1] or output.ndim > 2:
        raise ShapeError(f"a decision is one output, or one for each class, not {output.shape[1:]} a sample")
    return output.reshape(resolution, resolution, -1)


def draw_answers(
    ax: Axes, answer: Any, extent: tuple[float, ...], threshold: float, bar: bool = True
) -> None:
    """The plane coloured by the model's answer, and the line between two answers."""
    options: dict[str, Any] = {
        "extent": extent,
        "origin": "lower",
        "aspect": "auto",
        "interpolation": "bilinear",
    }
    if answer.shape[-1] > 1:
        classes = answer.argmax(axis=-1)
        n = answer.shape[-1]
        colors = ListedColormap([COLORS[i % len(COLORS)] for i in range(n)])
        ax.imshow(classes, cmap=colors, alpha=0.35, vmin=-0.5, vmax=n - 0.5, **options)
        for c in range(n):
            if 0 < (classes == c).mean() < 1:
                ax.contour((classes == c).astype(float), [0.5], colors="0.2", linewidths=1, extent=extent)
        return
    value = answer[..., 0]
    # Logits may be huge in a corner; those beyond three quarters of the others have the last colour
    reach = 0.5 if threshold == 0.5 else max(np.percentile(np.abs(value - threshold), 75), 1e-12)
    image = ax.imshow(
        value, cmap="RdBu_r", alpha=0.75, vmin=threshold - reach, vmax=threshold + reach, **options
    )
    if value.min() < threshold < value.max():
        ax.contour(value, [threshold], colors="0.2", linewidths=1.5, extent=extent)
    if bar and isinstance(ax.figure, Figure):
        extend = "neither" if threshold == 0.5 else "both"
        ax.figure.colorbar(image, ax=ax, label="output of the model", extend=extend)


def draw_samples(ax: Axes, x: Any, y: Any, extent: tuple[float, ...]) -> None:
    for c in np.unique(y):
        color, marker = COLORS[c % len(COLORS)], MARKERS[c % len(MARKERS)]
        style: dict[str, Any] = {"c": color, "marker": marker, "edgecolors": "white", "label": f"class {c}"}
        ax.scatter(x[y == c, 0], x[y == c, 1], s=24, linewidths=0.6, **style)
    ax.set(xlabel="input 0", ylabel="input 1", xlim=extent[:2], ylim=extent[2:])
    # below the plane, as on it there may be a sample behind
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=5, frameon=False, columnspacing=1.0)


# The numbers in a network, layer by layer


def layer_histograms(
    model: Module, loss: Callable[[Any, Any], Any], inputs: Any, target: Any, path: Path = None
) -> Figure:
    """Histograms of what every layer gives, and of the gradient of the loss by that, in one step.

    A row is a layer, from the first to the last.  On the left are its outputs: those of a sigmoid that is
    saturated pile up at 0 and 1.  On the right are the magnitudes of the gradients, in powers of ten: in a
    row further up they are further back, and lie further left if gradients vanish, further right if they
    explode.  What is not finite is counted and left out.

    The model is left as it was: its gradients, the running means of a batch norm, and the generators that
    a dropout draws from.

    Raises ArgumentError if there is no layer.

    Source: Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks
    (2010), figures 2, 3 and 7.
    """
    outputs, gradients = layer_values(model, loss, inputs, target)
    figure, axes = panels(len(outputs), 2, (4.4, 1.15), sharex="col")
    magnitudes = {name: np.abs(finite(g[g != 0])) for name, g in gradients.items()}
    powers, reach = scales([finite(a) for a in outputs.values()], list(magnitudes.values()))
    for (name, output), (left, right) in zip(outputs.items(), axes, strict=True):
        left.set_ylabel(name, rotation=0, ha="right", va="center")
        left.hist(finite(output), np.linspace(-reach, reach, 60), color=COLORS[0])
        note(left, not_finite(output) or f"mean {output.mean():.2g}\ndeviation {output.std():.2g}")
        found = magnitudes.get(name, np.array([]))
        right.hist(np.log10(found).clip(powers[0], powers[-1]), powers, color=COLORS[1])
        note(right, about(gradients.get(name), found))
        for ax in (left, right):
            ax.set_yticks([])
            ax.margins(y=0.7)  # room for the note
    axes[0, 0].set_title("outputs")
    axes[0, 1].set_title("gradients of the loss by them")
    axes[-1, 0].set_xlabel("value")
    axes[-1, 1].set_xlabel("magnitude, as a power of ten")
    axes[-1, 1].xaxis.set_major_locator(MaxNLocator(nbins=7, integer=True))
    return written(figure, path)


def finite(values: Any) -> Any:
    """The numbers in an array that are finite, in a row."""
    return values[np.isfinite(values)]


def scales(outputs: list[Any], magnitudes: list[Any]) -> tuple[Any, float]:
    """The powers of ten that gradients are counted between, and how far outputs reach from 0."""
    found = np.concatenate(magnitudes or [np.array([])])
    low, high = (math.log10(f(found)) for f in (min, max)) if found.size else (-1.0, 0.0)
    low = max(low, high - 40)
    values = np.abs(np.concatenate(outputs))
    reach = float(np.percentile(values, 99.5)) if values.size else 0.0
    return np.linspace(low, max(high, low + 1), 60), reach or 1.0


def about(gradient: Any, magnitudes: Any) -> str:
    """What is to be said of the gradient by a layer's output, besides its histogram."""
    if gradient is None:
        return "no gradient"
    if bad := not_finite(gradient):
        return bad
    zero = 1 - magnitudes.size / gradient.size
    return f"median {np.median(magnitudes):.1e}\nzero {zero:.0%}" if magnitudes.size else "all zero"


def note(ax: Axes, text: str) -> None:
    ax.text(0.98, 0.94, text, transform=ax.transAxes, ha="right", va="top", fontsize=7, color="0.3")


def layer_values(
    model: Module, loss: Callable[[Any, Any], Any], inputs: Any, target: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The output of every layer that has no layers in it, and the gradient of the loss by it, by name."""
    leaves = [(name, m) for name, m in model.named_modules() if len(list(m.named_modules())) == 1]
    names = {name: f"{name} {type(m).__name__}".strip() for name, m in leaves}
    outputs: dict[str, Any] = {}
    gradients: dict[str, Any] = {}

    def visit(name: str, module: Module, given: tuple[Any, ...], output: Any) -> None:
        found = parts(output)
        if name in names and found:
            calls = 1 + sum(key.split(", call ")[0] == names[name] for key in outputs)
            key = names[name] + (f", call {calls}" if calls > 1 else "")
            outputs[key] = plain(found[0])
            if getattr(found[0], "requires_grad", False):
                found[0].register_hook(lambda g: gradients.__setitem__(key, np.array(plain(g))))

    parameters = list(model.parameters())
    before = [p.grad for p in parameters]
    try:
        with as_it_was(model), traced(model, visit):
            value = loss(model(inputs), target)
            if getattr(value, "requires_grad", False):
                value.backward()
    finally:
        for p, g in zip(parameters, before, strict=True):
            p.grad = g
    if not outputs:
        raise ArgumentError(f"{type(model).__name__} has no layer that gives anything to count")
    return outputs, gradients


# An image as a convolution sees it


def feature_maps(
    model: Module, image: Any, path: Path = None, *, layer: str | None = None, most: int = 16
) -> Figure:
    """What every channel of every convolution makes of one image; a row is a layer.

    image: (channels, height, width), or (height, width) for one channel.  layer: only the one of this
    name, as in `model.named_modules()`, of whatever kind.  most: so many channels of a layer, the first.
    In each map, dark is the smallest value and bright the largest.

    Raises ArgumentError if there is no convolution, or no layer of that name, or if what it gives is no
    image; and for fewer than one channel.
    """
    if most < 1:
        raise ArgumentError(f"most={most}: so many channels of a layer are shown, at least 1")
    image = plain(image)
    image = image[None] if image.ndim == 2 else image
    found: dict[str, Any] = {}

    def visit(name: str, module: Module, given: tuple[Any, ...], output: Any) -> None:
        if name == layer or (layer is None and type(module).__name__.startswith("Conv")):
            found[f"{name} {type(module).__name__}".strip()] = plain(output)[0]

    with evaluating(model), no_grad(), traced(model, visit):
        model(image[None])
    maps = {name: m[:most] for name, m in found.items() if m.ndim == 3}
    if not maps:
        raise ArgumentError(f"no {'convolution' if layer is None else f'layer {layer!r}'} that gives images")
    return written(grid_of_images({"input": image} | maps, found), path)


def grid_of_images(rows: dict[str, Any], all_maps: dict[str, Any]) -> Figure:
    columns = max(map(len, rows.values()))
    figure, axes = panels(len(rows), columns, (0.95, 1.1))
    for (name, maps), line in zip(rows.items(), axes, strict=True):
        for ax in line:
            ax.axis("off")
        for ax, channel in zip(line, maps, strict=False):
            ax.imshow(channel, cmap="gray")
        total = len(all_maps.get(name, maps))
        shown = f", {len(maps)} of {total} channels" if total > len(maps) else ""
        line[0].set_title(" ", fontsize=8)  # keeps the place; a title itself would widen the first column
        title = line[0].annotate(
            f"{name}, {maps.shape[1]} x {maps.shape[2]}{shown}",
            (0, 1.06),
            xycoords="axes fraction",
            fontsize=8,
        )
        title.set_in_layout(False)
    return figure
