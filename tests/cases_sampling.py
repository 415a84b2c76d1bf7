"""Cases of evenly spaced numbers, columns of powers, and sample covariances."""

import numpy as np

from .cases_boundary import BOUNDARIES
from .cases_common import NOT_ANALYTIC, TWIN, case, in_full, off_zero, positive, real, spaced
from .cases_decompositions import form

NOT_ANALYTIC.update((np.trim_zeros, np.unwrap, np.cov, np.corrcoef))


def step(start, stop, **options):
    row, width = np.linspace(start, stop, retstep=True, **options)
    return np.sum(row, 0) * width


TWIN[np.linspace] = in_full(np.linspace)

CASES = [
    *(case(np.linspace, real(), real(), n) for n in (1, 2, 5)),
    *(case(np.linspace, real(3), real(2, 1), 4, axis=axis) for axis in (0, -1)),
    case(np.linspace, real(3), real(3), 4, endpoint=False),
    case(np.linspace, real(3), real(2, 1), 4, dtype=np.float32),
    *(
        form(np.linspace, "linspace, step", step, real(2), real(2), num=n, endpoint=e)
        for n, e in [(4, True), (4, False)]
    ),
    *(case(f, positive(), positive(), n) for f in (np.logspace, np.geomspace) for n in (1, 2, 5)),
    *(case(f, positive(3), positive(2, 1), 4, axis=a) for f in (np.logspace, np.geomspace) for a in (0, -1)),
    *(case(f, positive(3), positive(3), 4, endpoint=False) for f in (np.logspace, np.geomspace)),
    *(case(np.logspace, real(2), real(2), 3, base=b) for b in (2.0, np.array([2, 3]))),
    case(np.logspace, real(2), real(2), 3, True, positive(2)),
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

BOUNDARIES += [
    ("geomspace of negative numbers", lambda a, b: np.geomspace(a, b, 3), [-1, -4], [2, 1.25]),
]
