"""Ways to see a recorded graph."""

from .draw import draw
from .explain import explain
from .explore import explore

__all__ = ["draw", "explain", "explore"]
