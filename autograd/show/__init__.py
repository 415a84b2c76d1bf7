"""Three ways to look at a recorded graph: a picture, an explanation in text, and a page to step through."""

from .draw import draw
from .explain import explain
from .explore import explore

__all__ = ["draw", "explain", "explore"]
