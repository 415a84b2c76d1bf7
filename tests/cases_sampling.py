"""Cases of evenly spaced numbers, of powers as columns, and of sample covariances."""

import numpy as np

from .cases_common import NOT_ANALYTIC, case, off_zero, real, spaced

NOT_ANALYTIC.update((np.trim_zeros, np.unwrap, np.cov, np.corrcoef))

CASES = [
    *(case(np.linspace, real(), real(), n) for n in (1, 2, 5)),
    *(case(np.linspace, real(3), real(2, 1), 4, axis=axis) for axis in (0, -1)),
    case(np.linspace, real(3), real(3), 4, endpoint=False),
    *(case(np.vander, off_zero(3), n, increasing=up) for n in (None, 2, 4) for up in (False, True)),
    *(case(np.trim_zeros, off_zero(4), trim) for trim in ("fb", "f", "b")),
    case(np.unwrap, spaced(5) * 5),
    case(np.unwrap, spaced(2, 3) * 5, axis=0),
    case(np.cov, real(5)),
    case(np.cov, real(2, 5)),
    case(np.cov, real(5, 2), rowvar=False, bias=True),
    case(np.cov, real(2, 5), real(1, 5), ddof=0),
    case(np.corrcoef, real(3, 5)),
]
