"""Cases of elementwise functions."""

import math

import numpy as np

import autograd
from autograd.rules.series import cosine_moment

from .cases_common import (
    CALL,
    NOT_ANALYTIC,
    TWIN,
    between,
    beyond_one,
    case,
    fraction,
    halves,
    of,
    off_zero,
    ones,
    positive,
    real,
    spaced,
    strided,
)

SHAPES = [(), (3,), (2, 3), (0, 2)]

# Broadcasting in all directions: equal shapes, either stretched, both stretched, and empty arrays.
PAIRS = [
    *[((), ()), ((3,), (3,)), ((2, 3), (2, 3))],
    *[((2, 3), ()), ((), (2, 3)), ((2, 3, 4), (4,)), ((4,), (2, 3, 4)), ((2, 3), (1, 3)), ((1, 1), (2, 3))],
    *[((3, 1), (1, 4)), ((1, 3), (3, 1)), ((2, 1, 2), (3, 1)), ((1,), (3, 2)), ((1,), ())],
    *[((0, 3), (1, 3)), ((1,), (0,)), ((2, 1), (0,))],
]

# fmt: off
UNARY = {
    real:       [np.negative, np.positive, np.square, np.exp, np.exp2, np.expm1, np.sin, np.cos, np.arctan,
                 np.sinh, np.cosh, np.tanh, np.arcsinh, np.deg2rad, np.rad2deg, np.radians, np.degrees,
                 autograd.sigmoid, autograd.softplus, np.sinc, np.i0, cosine_moment],
    positive:   [np.sqrt, np.cbrt, np.log, np.log2, np.log10, np.log1p],
    fraction:   [np.tan, np.arcsin, np.arccos, np.arctanh],
    beyond_one: [np.arccosh],
    off_zero:   [np.reciprocal, np.absolute, np.fabs, autograd.relu, np.nan_to_num],
    halves:     [np.modf],
    ones:       [np.frexp],
}
BINARY = {
    (real, real):         [np.add, np.subtract, np.multiply, np.logaddexp, np.logaddexp2],
    (real, off_zero):     [np.divide],
    (positive, real):     [np.power, np.float_power],
    (halves, ones):       [np.remainder, np.fmod, np.divmod],
    (off_zero, off_zero): [np.arctan2, np.hypot, np.copysign, np.heaviside],
    (spaced, between):    [np.maximum, np.minimum, np.fmax, np.fmin],
}
# fmt: on


def bessel(x, n=0):
    """The power series of I0 or of its derivative: the sum of (x/2)^2k / k!²."""
    terms = ((x / 2) ** (2 * k - n) * k**n / math.factorial(k) ** 2 for k in range(n, 30))
    return sum(terms, np.zeros_like(x))


# For several results, those that are not piecewise constant: np.frexp jumps at 1/2 and 1.
CALL[np.modf] = lambda x: 2 * np.modf(x)[0]
CALL[np.frexp] = lambda x: np.frexp(x * 1.3)[0] + np.frexp(x / 3)[0]
CALL[np.divmod] = lambda a, b: 2 * np.divmod(a, b)[1]
CALL[cosine_moment.__wrapped__] = cosine_moment
TWIN[np.i0] = TWIN[cosine_moment.__wrapped__] = bessel  # NumPy has it for real numbers only
NOT_ANALYTIC.update((np.modf, np.frexp, np.divmod, np.ldexp, np.heaviside, np.nan_to_num))

integers = np.array([[0, 1, 2], [3, 4, 2]])
mask = np.array([True, False, True])

CASES = [
    *(case(f, draw(*shape)) for draw, functions in UNARY.items() for f in functions for shape in SHAPES),
    *(
        case(f, one(*a), other(*b))
        for (one, other), functions in BINARY.items()
        for f in functions
        for a, b in PAIRS
    ),
    # beside numbers and integer arrays
    *(case(f, off_zero(2, 3), 1.5) for f in (np.add, np.subtract, np.multiply, np.divide, np.logaddexp)),
    *(case(f, 3, off_zero(2, 3)) for f in (np.add, np.subtract, np.multiply, np.divide, np.power)),
    *(case(f, off_zero(2, 3), integers + 1) for f in (np.add, np.subtract, np.multiply, np.divide)),
    case(np.maximum, spaced(4), 0),
    case(np.multiply, off_zero(3), mask),
    case(np.divide, np.float64(2), off_zero(3)),
    case(np.hypot, off_zero(3), 2),
    # powers: integer exponents of negative bases and of 0, in every form that an exponent can have
    *(case(np.power, of(-1.5, 0, 2), n) for n in (0, 1, 2, 3, 4, 2.0, 3.0, np.int64(3), np.float64(2))),
    *(case(np.power, off_zero(3), n) for n in (-1, -2, -3.0)),
    *(case(np.power, positive(3), n) for n in (0.5, -0.5, 1 / 3, 2.5)),
    *(case(f, np.array([[-1.5], [0.0], [2.0]]), np.array([0, 1, 2, 3])) for f in (np.power, np.float_power)),
    case(np.power, off_zero(2, 3), integers),
    case(np.power, positive(5), of(0, 1, 2, -1, 0.5)),
    case(np.power, 2, real(3)),
    case(np.power, integers, positive(2, 3)),
    *(case(np.ldexp, real(*shape), np.array([[2], [-1]])) for shape in [(), (3,), (2, 3)]),
    case(np.heaviside, np.array([[0], [2]]), real(3)),  # where a is 0, the result is b
    case(cosine_moment, of(-2, 0, 1), n=1),
    case(np.sinc, of(0, 0.01, -0.19, 0.21, 1, 2.5)),
    case(np.nan_to_num, of(1, np.inf, 2), nan=1.0, posinf=3.0),
    # choices
    case(np.where, mask, real(2, 3), real(2, 3)),
    case(np.where, mask, real(3), 0),
    case(np.where, mask, 0, real(3)),
    case(np.where, mask, real(), real(2, 1)),
    case(np.where, mask[:, None], real(3), real(1, 1)),
    case(np.where, True, real(2), real(2)),
    case(np.where, np.zeros((0, 3), bool), real(3), real(1, 3)),
    case(np.where, off_zero(2, 3), real(3), real(2, 1)),  # a condition of floats is allowed, and constant
    case(np.clip, spaced(2, 4), -0.5, 1.0),
    case(np.clip, spaced(2, 4), None, 0.5),
    case(np.clip, spaced(2, 4), 0.5, None),
    case(np.clip, spaced(2, 4), 0, np.array([0, 1, 1, 2])),
    case(np.clip, spaced(2, 4), of(-1, 0, 0, -1), of(1, 1, 0.5, 0)),
    case(np.clip, spaced(4), of([-1], [0]), of([0.5], [1])),
    case(np.clip, spaced(2, 3), of(-0.5).reshape(()), of(0.5)),
    case(np.clip, spaced(2, 4), 1.0, -1.0),  # a lower bound above the upper: NumPy gives the upper
    case(np.clip, spaced(4), of(1.0), of(-1.0)),
    case(np.clip, spaced(0, 3), of(-1), of(1)),
    # inputs with an unusual memory order
    *(case(f, strided(off_zero(2, 3))) for f in (np.exp, np.absolute, np.reciprocal, autograd.sigmoid)),
    case(np.multiply, np.asfortranarray(real(2, 3)), strided(real(3))),
    case(np.maximum, strided(spaced(2, 3)), between(2, 3).T.copy().T),
]
