"""From a `Plan` to source and a function: NumPy in a `straight` line, or `native` code around a `kernel`."""

from .native import NotNative, Partial, emit_native, numba
from .straight import MISS, emit

__all__ = ["MISS", "NotNative", "Partial", "emit", "emit_native", "numba"]
