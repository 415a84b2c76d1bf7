"""Cases of piecewise constant functions: no gradient may come back, and nothing changes."""

import numpy as np

from .cases_common import between, case, halves, of, off_zero, ones, spaced

# fmt: off
OF_FLOATS = [np.sign, np.signbit, np.isnan, np.isinf, np.isfinite, np.isposinf, np.isneginf, np.logical_not,
             np.argmax, np.argmin, np.nanargmax, np.nanargmin, np.argsort, np.all, np.any, np.count_nonzero,
             np.zeros_like, np.ones_like, np.empty_like, np.isreal, np.iscomplex]
ROUNDING = [np.floor, np.ceil, np.trunc, np.fix]
TO_NEAREST = [np.rint, np.round, np.around]
COMPARING = [np.greater, np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal, np.isclose,
             np.logical_and, np.logical_or, np.logical_xor]
OF_INTEGERS = [np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.left_shift, np.right_shift, np.gcd, np.lcm]
# fmt: on

PAIRS = [((3,), (3,)), ((2, 1), (3,)), ((), (2,))]

CASES = [
    *(case(f, spaced(*shape)) for f in OF_FLOATS for shape in ((4,), (2, 3))),
    *(case(f, halves(*shape)) for f in ROUNDING for shape in ((), (2, 3))),
    *(case(f, ones(*shape)) for f in TO_NEAREST for shape in ((), (2, 3))),
    *(case(f, spaced(*a), between(*b)) for f in COMPARING for a, b in PAIRS),
    *(case(np.floor_divide, halves(*a), ones(*b)) for a, b in PAIRS),
    case(np.spacing, of(0.75, -1.5, 3)),
    case(np.searchsorted, of(-1, 0, 1, 2), halves(2, 2)),
    case(np.digitize, halves(2, 2), of(0, 1, 2, 3)),
    case(np.isin, halves(2, 2), of(0.25, 1)),
    case(np.bitwise_count, np.array([3, -7])),
    *(case(f, spaced(2, 3), axis=1) for f in (np.argmax, np.argmin, np.argsort, np.all, np.count_nonzero)),
    *(case(f, np.array([1, 2, 5]), np.array([3, 1, 2])) for f in OF_INTEGERS),
    case(np.invert, np.array([True, False])),
    # these pass something back, to the argument whose values are in the result
    case(np.nextafter, off_zero(2, 1), spaced(3)),
    *(case(np.full_like, spaced(2, 3), a) for a in (of(2.5).reshape(()), of(1, 2, 3), of([1], [2]))),
    case(np.full_like, spaced(2, 3), of(1, 2), shape=(3, 2)),
]
