"""Ways to look at a recorded graph: a picture, pictures of its steps, an explanation in text, and a page."""

from .animate import animate
from .draw import draw
from .explain import explain
from .explore import explore

__all__ = ["animate", "draw", "explain", "explore"]
