"""The rows of the table: NumPy's functions and their derivative rules, grouped as in a textbook."""

from importlib import import_module

from ..ops import latecomers
from . import (
    arranging,
    assembly,
    calculus,
    choosing,
    decompositions,
    einsum,
    elementwise,
    index,
    linalg,
    parts,
    polynomials,
    reduce,
    refused,
    sampling,
    series,
    shape,
    spectral,
    statistics,
    ufunc_methods,
    unchanging,
    writing,
)

__all__ = [
    "arranging",
    "assembly",
    "calculus",
    "choosing",
    "decompositions",
    "einsum",
    "elementwise",
    "index",
    "linalg",
    "parts",
    "polynomials",
    "reduce",
    "refused",
    "sampling",
    "series",
    "shape",
    "spectral",
    "statistics",
    "ufunc_methods",
    "unchanging",
    "writing",
]

latecomers["numpy.fft"] = lambda: import_module(".fourier", __package__)
latecomers["scipy.special"] = lambda: import_module(".special", __package__)
