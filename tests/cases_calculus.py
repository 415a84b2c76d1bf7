"""Cases of differences, areas and convolutions."""

import numpy as np

from .cases_assembly import joined
from .cases_common import CALL, KEEP_INTEGERS, NOT_ANALYTIC, beyond_one, case, of, real, strided

KEEP_INTEGERS.add(np.ediff1d)
X = [0.0, 0.5, 2.0, 3.0]  # lists are constants
PAIRS = [(4, 3), (3, 4), (4, 2), (2, 4), (1, 3), (3, 3)]
MODES = ("full", "same", "valid")

NOT_ANALYTIC.update((np.correlate, np.gradient, np.ediff1d, np.diff, np.convolve, np.trapezoid, np.interp))
CALL[np.gradient] = lambda f, *h, **options: (
    joined(np.gradient)(f, *h, **options) if several(f, options) else np.gradient(f, *h, **options)
)


def several(f, options):
    """Whether np.gradient returns one array for each of several axes."""
    axis = options.get("axis")
    return (len(f.shape) if axis is None else np.size(axis)) > 1


def rising(n):
    return np.cumsum(beyond_one(n))


CASES = [
    *(case(np.diff, real(*shape), n) for shape in ((4,), (3, 4)) for n in (0, 1, 2)),
    *(case(np.diff, real(3, 4), axis=axis) for axis in (0, 1, -1)),
    case(np.diff, real(2, 3), prepend=0, append=np.array([[1], [2]])),
    *(case(np.diff, real(2, 3), 2, axis, real(2, 3), real(2, 3)) for axis in (0, -1)),
    case(np.diff, real(3), 1, -1, real(), real(2)),
    *(case(np.ediff1d, real(*shape)) for shape in ((4,), (2, 3), (1,))),
    case(np.ediff1d, real(2, 2), real(2), real()),
    case(np.ediff1d, real(3), to_end=[1, 2]),
    *(case(np.trapezoid, real(3, 4), axis=axis) for axis in (0, 1, -1)),
    *(case(np.trapezoid, real(4), x) for x in (None, X, of(*X), real(4))),
    *(case(np.trapezoid, real(3, 4), real(3), axis=axis) for axis in (0, -2)),
    case(np.trapezoid, real(3, 4), real(3, 4)),
    case(np.trapezoid, real(3, 4), dx=0.5),
    *(case(np.gradient, real(*shape), edge_order=e) for shape in ((3,), (5,), (3, 4)) for e in (1, 2)),
    *(case(np.gradient, real(2), h) for h in (1, 0.5, [1.0, 3.0])),
    *(case(np.gradient, real(4), X, edge_order=e) for e in (1, 2)),
    *(case(np.gradient, real(4), rising(4), edge_order=e) for e in (1, 2)),
    *(case(np.gradient, real(3, 4), 2.0, X, edge_order=e) for e in (1, 2)),
    *(case(np.gradient, real(3, 4), 0.5, axis=axis) for axis in (0, -1, (1, 0), (1,))),
    *(case(np.convolve, real(a), real(b), mode) for a, b in PAIRS for mode in MODES),
    *(case(np.correlate, real(a), real(b), mode) for a, b in PAIRS for mode in MODES),
    case(np.convolve, strided(real(4)), real(2)),
    case(np.correlate, real(4), real(2)),
    case(np.convolve, real(3), [1.0, -1.0]),
    # interpolation, not near the points
    case(np.interp, of(-1, 0.2, 1.5, 2.2, 4), X, real(4)),
    case(np.interp, of([0.25, 1.5], [2.5, -2]), X, real(4), left=-1.0, right=2.0),
    case(np.interp, of(-1, 0.2, 1.5, 2.2, 4), X, [1, 2, 0, 1]),
    case(np.interp, [-1, 0.25, 2.2, 3.0], X, real(4)),
    case(np.interp, np.array(0.25), X, real(4)),
    case(np.interp, of(-2.2, 0.2, 1.5, 7.2), [3.5, 0.5, 2.0], real(3), period=4),
    case(np.interp, of(-1, 1, 2), [0.0], real(1)),
]
