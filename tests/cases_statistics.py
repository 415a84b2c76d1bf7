"""Cases of reductions that leave out NaNs, interpolate in the sorted array, or weight the elements."""

import numpy as np

from autograd.rules.statistics import INTERPOLATING, STEPPING

from .cases_common import NOT_ANALYTIC, case, off_zero, positive, real, spaced, strided
from .cases_reduce import over

# fmt: off
SUMS = [np.nansum, np.nanmean, np.nanprod, np.nanvar]
CHOOSING = [np.nanmax, np.nanmin, np.median, np.nanmedian, np.ptp]
QUANTILES = [np.quantile, np.nanquantile, np.percentile, np.nanpercentile]
SCANS = [np.nancumsum, np.nancumprod]
# fmt: on

NOT_ANALYTIC.update((*SUMS, *CHOOSING, *QUANTILES, *SCANS, np.nanstd, np.average))
SOME = {(): [None], (3,): [0], (2, 3): [None, 0, -1, (0, 1)], (2, 1, 3): [(0, -1)]}
THESE = {shape: [i for i in axes if i != ()] for shape, axes in SOME.items() if shape}

METHODS = sorted(INTERPOLATING | STEPPING)

CASES = [
    *over(off_zero, SOME, *SUMS),
    *over(spaced, THESE, *CHOOSING, np.nanstd),
    *over(real, {(3, 2): [None, 0]}, np.nanvar, np.nanstd, ddof=1),
    *(case(f, off_zero(2, 3), axis=axis) for f in SCANS for axis in (None, 0, -1)),
    *(case(f, strided(spaced(2, 3)), axis=1) for f in (*SUMS, *CHOOSING, np.nanstd)),
    *(case(f, spaced(4)) for f in (np.median, np.nanmedian)),
    *(
        case(f, spaced(5), q * (100 if "percent" in f.__name__ else 1))
        for f in QUANTILES
        for q in (0, 0.3, 0.7, 1)
    ),
    *(
        case(f, spaced(3, 4), np.array([[0.25], [0.5]]).tolist(), axis, keepdims=keepdims)
        for f in QUANTILES
        for axis in (None, 0, (0, 1), -1)
        for keepdims in (False, True)
    ),
    *(case(np.quantile, spaced(5), q, method=m) for m in METHODS for q in (0.0, 0.3, 0.7, 1.0)),
    *(case(np.nanquantile, spaced(3, 4), 0.3, axis=-1, method=m) for m in METHODS),
    *(case(np.average, real(2, 3), axis) for axis in (None, 0, (0, 1))),
    *(case(np.average, real(2, 3), axis, positive(2, 3)) for axis in (None, 1, -1, (0, 1))),
    *(case(np.average, real(2, 3), axis, positive(n)) for axis, n in [(0, 2), (-1, 3)]),
    case(np.average, real(2, 3, 2), (2, 0), positive(2, 2)),
    case(np.average, real(2, 3), 0, [1, 2], keepdims=True),
]
