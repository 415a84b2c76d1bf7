"""The numbers inside a network, layer by layer."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..checkpoint import as_it_was
from ..data import plain
from ..errors import ArgumentError
from ..module import Module
from ..trace import not_finite, parts, traced
from .figures import COLORS, Path, panels, written

__all__ = ["layer_histograms", "layer_values"]


def layer_histograms(
    model: Module, loss: Callable[[Any, Any], Any], inputs: Any, target: Any, path: Path = None
) -> Figure:
    """Histograms of every layer's output, and of the gradient of the loss by that output, for one batch.

    A row is a layer, from the first to the last.  The left column shows the outputs: the outputs of a
    saturated sigmoid pile up at 0 and 1.  The right column shows the magnitudes of the gradients in powers of
    ten.  From the bottom row to the top they move left if gradients vanish, and right if they explode.
    Numbers that are not finite are counted and left out.

    The model is not changed: its gradients, the running means of a batch norm and the generators of a
    dropout are restored.

    Raises ArgumentError if there is no layer.

    Source: Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks
    (2010), figures 2, 3 and 7.

    >>> import nn
    >>> model = nn.Sequential(nn.Linear(2, 8, rng=0), nn.Sigmoid(), nn.Linear(8, 1, rng=0))
    >>> figure = layer_histograms(model, nn.MSELoss(), np.ones((4, 2)), np.zeros((4, 1)))
    >>> [ax.get_ylabel() for ax in figure.axes[::2]]
    ['0 Linear', '1 Sigmoid', '2 Linear']
    """
    outputs, gradients = layer_values(model, loss, inputs, target)
    figure, axes = panels(len(outputs), 2, (4.4, 1.15), sharex="col")
    magnitudes = {name: np.abs(finite(g[g != 0])) for name, g in gradients.items()}
    powers, reach = scales([finite(a) for a in outputs.values()], list(magnitudes.values()))
    for (name, output), (left, right) in zip(outputs.items(), axes, strict=True):
        left.set_ylabel(name, rotation=0, ha="right", va="center")
        draw_output(left, output, reach)
        draw_gradient(right, gradients.get(name), magnitudes.get(name, np.array([])), powers)
    axes[0, 0].set_title("outputs")
    axes[0, 1].set_title("gradients of the loss by them")
    axes[-1, 0].set_xlabel("value")
    axes[-1, 1].set_xlabel("magnitude, as a power of ten")
    axes[-1, 1].xaxis.set_major_locator(MaxNLocator(nbins=7, integer=True))
    return written(figure, path)


def draw_output(ax: Any, output: Any, reach: float) -> None:
    """Draw the histogram of a layer's output, with its mean and its deviation."""
    ax.hist(finite(output), np.linspace(-reach, reach, 60), color=COLORS[0])
    note(ax, not_finite(output) or f"mean {output.mean():.2g}\ndeviation {output.std():.2g}")


def draw_gradient(ax: Any, gradient: Any, magnitudes: Any, powers: Any) -> None:
    """Draw the histogram of the magnitudes of a gradient, by their powers of ten."""
    ax.hist(np.log10(magnitudes).clip(powers[0], powers[-1]), powers, color=COLORS[1])
    note(ax, about(gradient, magnitudes))


def finite(values: Any) -> Any:
    """The finite numbers of an array, in one dimension."""
    return values[np.isfinite(values)]


def scales(outputs: list[Any], magnitudes: list[Any]) -> tuple[Any, float]:
    """The powers of ten for the histograms of gradients, and the largest magnitude shown of outputs."""
    found = np.concatenate(magnitudes or [np.array([])])
    low, high = (math.log10(f(found)) for f in (min, max)) if found.size else (-1.0, 0.0)
    low = max(low, high - 40)
    values = np.abs(np.concatenate(outputs))
    reach = float(np.percentile(values, 99.5)) if values.size else 0.0
    return np.linspace(low, max(high, low + 1), 60), reach or 1.0


def about(gradient: Any, magnitudes: Any) -> str:
    """A note on the gradient by a layer's output, to go beside its histogram."""
    if gradient is None:
        return "no gradient"
    if bad := not_finite(gradient):
        return bad
    zero = 1 - magnitudes.size / gradient.size
    return f"median {np.median(magnitudes):.1e}\nzero {zero:.0%}" if magnitudes.size else "all zero"


def note(ax: Any, text: str) -> None:
    """Write a small grey text into the upper right corner of a panel, where there is room above the bars."""
    ax.set_yticks([])
    ax.margins(y=0.7)
    ax.text(0.98, 0.94, text, transform=ax.transAxes, ha="right", va="top", fontsize=7, color="0.3")


def layer_values(
    model: Module, loss: Callable[[Any, Any], Any], inputs: Any, target: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The output of every layer without layers in it, and the gradient of the loss by it, by name."""
    leaves = [(name, m) for name, m in model.named_modules() if len(list(m.named_modules())) == 1]
    names = {name: f"{name} {type(m).__name__}".strip() for name, m in leaves}
    outputs: dict[str, Any] = {}
    gradients: dict[str, Any] = {}

    def visit(name: str, module: Module, given: tuple[Any, ...], output: Any) -> None:
        """Keep the output of a layer, and its gradient when it is known."""
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
        raise ArgumentError(f"{type(model).__name__} has no layer with an output to plot")
    return outputs, gradients
