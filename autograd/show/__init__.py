"""Ways to see a recorded graph."""

from .draw import draw

__all__ = ["draw"]
