"""Cases of reductions and scans."""

from dataclasses import replace

import numpy as np

import autograd
from autograd.rules.ufunc_methods import extreme, running_extreme

from .cases_common import case, of, off_zero, real, spaced, strided
from .cases_decompositions import form

# For each shape, the axes over which it can be reduced.
AXES = {
    (): [None, ()],
    (3,): [None, 0, -1, (0,)],
    (2, 3): [None, 0, 1, -1, (0, 1), (-1, 0), ()],
    (2, 1, 3): [1, (0, 2), (-1, 1)],
}
NOWHERE = {(0, 3): [0, 1], (3, 0): [0, 1]}  # for functions that have a value where there are no elements

ALL = (np.sum, np.mean, np.max, np.min, np.amax, np.amin, np.prod, np.var, np.std, autograd.logsumexp)
SOFTMAX = (autograd.softmax, autograd.log_softmax)
ALONG = [((), -1), ((3,), -1), ((3,), 0), ((2, 3), 0), ((2, 3), 1), ((2, 3), None), ((2, 1, 3), (0, 2))]
SCANS = [
    *[((), None), ((), 0), ((3,), None), ((3,), 0), ((2, 3), None), ((2, 3), 0), ((2, 3), -1)],
    *[((2, 2, 2), 1), ((0, 3), 0), ((0, 3), 1)],
]

# Along its axes are rows without a 0, with one, with two, and with nothing else.
ZEROS = np.array([[0.0, 1.5, 0.0, 2.0], [2.0, -1.0, 0.0, 0.5], [1.0, 3.0, 0.0, 0.0]])

LADDER = np.array([[1.0, 2.5, 2.0, 4.0], [0.5, 3.0, 1.5, 3.5]])
KNOWN = "which element is the extreme so far is known from the values, not computed from g"


def over(draw, shapes, *functions, **options):
    """Cases over all axes of all shapes, with and without keepdims."""
    return [
        case(f, draw(*shape), axis=axis, **keepdims, **options)
        for f in functions
        for shape, axes in shapes.items()
        for axis in axes
        for keepdims in ({}, {"keepdims": True})
    ]


CASES = [
    *over(real, AXES, np.sum, np.mean, np.var),
    *over(spaced, AXES, np.max, np.min),
    *over(off_zero, AXES, np.prod),
    *over(spaced, {k: [a for a in v if a != ()] for k, v in AXES.items() if k}, np.std, autograd.logsumexp),
    *over(real, {(3, 2): [None, 0, (0, 1)]}, np.var, np.std, ddof=1),
    *over(real, NOWHERE, np.sum, np.prod),
    *over(real, {(0, 3): [1], (3, 0): [0]}, np.mean, np.var, np.std, np.max, np.min, np.amax, np.amin),
    *(case(f, spaced(3, 2)) for f in ALL),
    *(case(f, spaced(2, 3), axis=axis) for f in (np.amax, np.amin) for axis in (0, (0, 1), -1)),
    *(case(f, off_zero(2, 3), dtype=np.float32) for f in (np.sum, np.mean, np.prod, np.cumsum, np.cumprod)),
    *(case(f, strided(spaced(2, 3)), axis=1) for f in (*ALL, np.cumprod)),
    case(np.var, real(4), ddof=1.5),
    *(form(f, "", f, real(4), correction=1, twin=None) for f in (np.var, np.std)),
    case(np.std, real(2, 2), axis=np.int64(1)),
    # products of zeros
    *(case(np.prod, ZEROS.copy(), axis=axis) for axis in (0, 1, -1)),
    *(case(np.prod, of([0, 2], [3, 1.5]), axis=axis) for axis in (None, (1, 0), -2)),
    *(case(np.prod, a) for a in (of(0), of(2, 0, 3), of(0, 2, 0), of(0, 0, 0), np.array(0.0))),
    case(np.prod, ZEROS.reshape(3, 2, 2).copy(), axis=(0, 2)),
    case(np.prod, ZEROS.reshape(1, 3, 1, 4).copy(), axis=(0, 3), keepdims=True),
    *(case(np.cumprod, a) for a in (of(0), of(2, 0, 3), of(0, 2, 0), of(0, 0, 0), np.array(0.0))),
    *(case(np.cumprod, ZEROS.copy(), axis=axis) for axis in (None, 0, 1, -1)),
    *(case(np.cumprod, np.array(a), axis=0) for a in (0.0, 2.0)),
    *(case(f, off_zero(*shape), axis=axis) for f in (np.cumsum, np.cumprod) for shape, axis in SCANS),
    *(case(np.apply_over_axes, f, real(2, 3, 2), axes) for f in (np.sum, np.mean) for axes in (1, [0, -1])),
    case(np.apply_over_axes, np.cumsum, real(2, 3), [0, 1]),
    # ufunc methods that no other function can replace
    *(
        case(extreme, LADDER.copy(), ufunc=f, axis=axis)
        for f in (np.fmax, np.fmin)
        for axis in (None, 0, (0, 1))
    ),
    *(
        replace(case(running_extreme, LADDER.copy(), ufunc=f, axis=axis), constants=KNOWN)
        for f in (np.maximum, np.minimum, np.fmax, np.fmin)
        for axis in (0, 1)
    ),
    # along one axis, all elements of which contribute to the result
    *(case(f, real(*shape), axis=axis) for f in SOFTMAX for shape, axis in ALONG),
    *(case(f, real(2, 3)) for f in SOFTMAX),
]
