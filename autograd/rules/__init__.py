"""The table itself: NumPy's functions and their derivative rules, grouped as a textbook groups them."""

from . import elementwise, index, linalg, reduce, shape, unchanging

__all__ = ["elementwise", "index", "linalg", "reduce", "shape", "unchanging"]
