"""Plots that show what a network does to the plane, to the numbers inside it, and to an image.

They are drawn with matplotlib: `pip install matplotlib`.  Each function returns a Figure, and also writes
it to `path` if that is given, in the format of its suffix: .png, .svg, .pdf.
"""

try:
    import matplotlib  # noqa: F401  (so that its absence is reported here)
except ModuleNotFoundError as missing:
    raise ImportError(
        f"nn.plots needs matplotlib, which cannot be imported ({missing}): pip install matplotlib"
    ) from missing

from .curves import curves
from .layers import layer_histograms
from .maps import feature_maps
from .plane import BoundaryFrames, decision_boundary

__all__ = ["BoundaryFrames", "curves", "decision_boundary", "feature_maps", "layer_histograms"]
