"""Derivatives of functions between complex and real numbers, and the convention for complex cotangents.

The convention: for a real loss L, the cotangent of z = x + iy is dL/dx - i dL/dy.  With it, an analytic
function has the same rule as for real numbers, without any conjugate: the rules of `np.multiply`, `np.exp`
and `np.matmul` hold for complex numbers as they stand.  If a real argument is combined with complex
numbers, its cotangent is the real part.

So the gradient of a complex leaf is dL/dx - i dL/dy.  A change dz changes L by Re(grad dz), and a step of
gradient descent goes along the conjugate: `z -= 0.1 * np.conj(z.grad)`.

>>> from autograd import Tensor
>>> z = Tensor([3 + 4j], requires_grad=True)
>>> np.sum(np.abs(z) ** 2).backward()
>>> z.grad
array([6.-8.j])
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import project
from ..errors import NoRuleError
from ..ops import Function, compose, rule
from . import elementwise, unchanging  # noqa: F401  this module replaces their rows of abs and sign
from .assembly import array_of
from .calculus import arr


def absolute_rule(g: Any, y: Any, x: Any) -> Any:
    """g sign(x), or g x* / |x| for a complex x; 0 where x is 0."""
    return g * np.conjugate(x) / (y + (y == 0)) if x.dtype.kind == "c" else g * np.sign(x)


def sign_call(x: Any) -> Any:
    """The sign, where it is piecewise constant: NumPy's z / |z| of complex numbers is not."""
    if x.dtype.kind == "c":
        raise NoRuleError("np.sign of a complex tensor is not piecewise constant: write z / abs(z)")
    return np.sign(x)


def of_parts(re: Any, im: Any) -> Any:
    """re + i im, without the product, in which an infinite imaginary part would make the real part NaN."""
    z = np.empty(np.broadcast_shapes(np.shape(re), np.shape(im)), np.result_type(re, im, np.complex64))
    z.real, z.imag = re, im
    return z


@compose(np.angle)
def angle(z: Any, deg: bool = False) -> Any:
    """arctan2(Im z, Re z), in radians or degrees."""
    result = np.arctan2(np.imag(z), np.real(z))
    return np.rad2deg(result) if deg else result


@compose(np.real_if_close)
def real_if_close(a: Any, tol: float = 100) -> Any:
    """The real part if every imaginary part is at most `tol` rounding errors, else `a`."""
    a = array_of(a)
    return np.real(a) if a.dtype.kind == "c" and np.isrealobj(np.real_if_close(a.data, tol)) else a


# NumPy's emath: functions whose result is complex where it cannot be real


def widened(function: Function, is_inside: Function) -> Function:
    """`function`, applied to complex numbers if some real number is outside its domain."""

    def composition(x: Any) -> Any:
        inside = np.iscomplexobj(x) or np.all(is_inside(x))
        return function(x if inside else x.astype(np.result_type(x.dtype, np.complex64)))

    return composition


for name, is_inside in (
    *((name, lambda x: x >= 0) for name in ("sqrt", "log", "log2", "log10")),
    *((name, lambda x: np.abs(x) <= 1) for name in ("arcsin", "arccos", "arctanh")),
):
    compose(getattr(np.emath, name))(widened(getattr(np, name), is_inside))


@compose(np.emath.logn)
def logn(n: Any, x: Any) -> Any:
    """log(x) / log(n)."""
    return np.emath.log(x) / np.emath.log(n)


@compose(np.emath.power)
def power(x: Any, p: Any) -> Any:
    """x^p, which is complex if some x is negative."""
    x = widened(np.positive, lambda x: x >= 0)(arr(x))
    return np.power(x, arr(p) * 1.0)


# fmt: off
rule(np.conjugate, lambda g, y, x: np.conjugate(g))
rule(np.real,      lambda g, y, val: project(g, val), view=True)
rule(np.imag,      lambda g, y, val: g * -1j if val.dtype.kind == "c" else np.zeros_like(val), view=True)
rule(complex,      lambda g, y, re, im: np.real(g),
                   lambda g, y, re, im: -np.imag(g), call=of_parts)
rule(np.absolute,  absolute_rule)
rule(np.sign,      None, call=sign_call)
# fmt: on
