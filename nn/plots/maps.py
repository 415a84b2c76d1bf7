"""An image as convolutions see it."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from autograd import no_grad

from ..data import plain
from ..errors import ArgumentError
from ..module import Module, evaluating
from ..trace import traced
from .figures import Path, panels, written

__all__ = ["feature_maps"]

SCALE = 0.7  # inches: the width of a scale with its numbers


def feature_maps(
    model: Module, image: Any, path: Path = None, *, layer: str | None = None, most: int = 16
) -> Figure:
    """The output of every channel of every convolution for one image; a row is a layer.

    image: (channels, height, width), or (height, width) for one channel.  layer: show only the layer of
    this name in `model.named_modules()`, of whatever kind.  most: the number of channels shown per layer.
    All maps of a layer share one scale, beside them: red is positive, blue negative, and white 0.  So the
    channels can be compared, and a map of a single element shows its value.  The image is grey, and has a
    scale of its own.

    Raises ArgumentError if there is no convolution, no layer of that name, or if its output is not an
    image, and for fewer than one channel.

    >>> import numpy as np
    >>> import nn
    >>> figure = feature_maps(nn.Conv2d(1, 4, 3, rng=0), np.ones((8, 8)))
    >>> len(figure.axes)  # the image and four channels, in rows of four, and two scales
    10
    """
    if most < 1:
        raise ArgumentError(f"most={most} must be at least 1, for the channels of a layer")
    image = plain(image)
    image = image[None] if image.ndim == 2 else image
    found: dict[str, Any] = {}

    def visit(name: str, module: Module, given: tuple[Any, ...], output: Any) -> None:
        """Keep the output of a layer that is to be shown."""
        if name == layer or (layer is None and type(module).__name__.startswith("Conv")):
            found[f"{name} {type(module).__name__}".strip()] = plain(output)[0]

    with evaluating(model), no_grad(), traced(model, visit):
        model(image[None])
    maps = {name: m[:most] for name, m in found.items() if m.ndim == 3}
    if not maps:
        raise ArgumentError(f"no {'convolution' if layer is None else f'layer {layer!r}'} that gives images")
    return written(grid_of_images({"input": image} | maps, found), path)


def grid_of_images(rows: dict[str, Any], all_maps: dict[str, Any]) -> Figure:
    """One line of images for each layer, with a color bar of its own: scales differ between layers."""
    columns = max(map(len, rows.values()))
    figure, axes = panels(len(rows), columns, (0.95, 1.1))
    width, height = figure.get_size_inches()
    figure.set_size_inches(width + SCALE, height)
    for (name, maps), line in zip(rows.items(), axes, strict=True):
        for ax in line:
            ax.axis("off")
        look = looks(maps, name == "input")
        images = [ax.imshow(channel, **look) for ax, channel in zip(line, maps, strict=False)]
        bar = figure.colorbar(images[0], ax=list(line), location="right", aspect=9, pad=0.02)
        bar.ax.tick_params(labelsize=7)
        bar.locator = MaxNLocator(nbins=3)
        total = len(all_maps.get(name, maps))
        shown = f", {len(maps)} of {total} channels" if total > len(maps) else ""
        line[0].set_title(" ", fontsize=8)  # reserves the space; the title would widen the first column
        title = line[0].annotate(
            f"{name}, {maps.shape[1]} x {maps.shape[2]}{shown}",
            (0, 1.06),
            xycoords="axes fraction",
            fontsize=8,
        )
        title.set_in_layout(False)
    return figure


def looks(maps: Any, is_image: bool) -> dict[str, Any]:
    """The colours of maps, and the values at both ends of their scale, which are never equal."""
    finite = maps[np.isfinite(maps)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    if is_image:
        return {"cmap": "gray", "vmin": low, "vmax": high if high > low else low + 1}
    reach = max(abs(low), abs(high)) or 1.0
    return {"cmap": "RdBu_r", "vmin": -reach, "vmax": reach}
