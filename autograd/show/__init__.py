"""Ways to look at a recorded graph: a picture, pictures of its steps, an explanation in text, and a page."""

from .explanations.explain import explain
from .pages.explore import explore
from .pictures.animate import animate
from .pictures.draw import draw

__all__ = ["animate", "draw", "explain", "explore"]
