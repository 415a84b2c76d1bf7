"""Derivatives of what leads from complex numbers to real ones, and the convention for complex cotangents.

The convention: for a real loss L, the cotangent of z = x + iy is dL/dx - i dL/dy.  With it, the rule of
an analytic function is the same as for real numbers, without any conjugate: those of `np.multiply`,
`np.exp` or `np.matmul` hold for complex numbers as they stand.  A real argument that met complex
numbers has the real part of its cotangent.  Only leaves are real: a gradient is.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import NoRuleError
from ..ops import compose, rule
from . import elementwise, unchanging  # noqa: F401  whose rows of abs and sign are widened here


def absolute_rule(g: Any, y: Any, x: Any) -> Any:
    """g times the sign of x; of a complex x, its conjugate: x* / |x|.  0 where x is 0."""
    return g * np.conjugate(x) / (y + (y == 0)) if x.dtype.kind == "c" else g * np.sign(x)


def sign_call(x: Any) -> Any:
    if x.dtype.kind == "c":
        raise NoRuleError("np.sign of a complex tensor is not piecewise constant: write z / abs(z)")
    return np.sign(x)


@compose(np.angle)
def angle(z: Any, deg: bool = False) -> Any:
    """arctan2(Im z, Re z), in radians or degrees."""
    result = np.arctan2(np.imag(z), np.real(z))
    return np.rad2deg(result) if deg else result


# fmt: off
rule(np.conjugate, lambda g, y, x: np.conjugate(g))
rule(np.real,      lambda g, y, val: g)
rule(np.imag,      lambda g, y, val: g * -1j if val.dtype.kind == "c" else np.zeros_like(val))
rule(np.absolute,  absolute_rule)
rule(np.sign,      None, call=sign_call)
# fmt: on
