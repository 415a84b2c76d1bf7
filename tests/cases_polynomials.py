"""Cases of polynomials, their roots, and fits."""

import numpy as np

from .cases_boundary import BOUNDARIES
from .cases_common import CALL, KEEP_INTEGERS, case, of, off_zero, real
from .cases_decompositions import form

POWERS = "the powers themselves, which are integers"
AT = of(0.2, 1.1, 2.3, 3.1, 4.2, 5.4)  # different also after rounding up
MATRIX = of([1, 2, 0], [-3, 1, 0.5], [0.2, -1, 4])
TO = of(3, -2, 5, 1, -4, 6)
WEIGHTS = of(0.6, 1.5, 1.2, 0.7, 1.9, 1.1)
LENGTHS = [(3, 3), (2, 4), (4, 1)]

CALL[np.polydiv] = lambda u, v: quotient_and_rest(*np.polydiv(u, v))
KEEP_INTEGERS.add(np.polyint)  # NumPy does not ask whether its k is a Tensor


def quotient_and_rest(q, r):
    """An expression with the last number of the remainder only, since its length depends on rounding."""
    return q * r[-1] + q**2


def of_pairs(p):
    """Both parts of the roots, in sums that do not depend on the order inside a pair."""
    y = np.roots(p)
    return np.sum(np.real(y) ** 3) + np.sum(np.imag(y) ** 2)


def of_real_roots(p):
    """Sums over the roots, which do not depend on their order."""
    y = np.roots(p)
    return np.sum(np.log(np.abs(5 - y))) + np.sum(y**3)


def fit(x, y, *w, **options):
    return np.polyfit(x, y, 2, w=w[0] if w else None, **options)


def fit_full(x, y):
    coefficients, sums, _, s, _ = np.polyfit(x, y, 1, full=True)
    return coefficients * sums * s


def fit_cov(x, y, cov):
    coefficients, covariances = np.polyfit(x, y, 1, cov=cov)
    return np.ravel(coefficients)[0] * covariances


CASES = [
    *(case(np.polyval, real(3), real(*shape)) for shape in [(), (2,), (2, 2)]),
    case(np.polyval, [1, 2, 3], real(2)),
    *(case(f, real(a), real(b)) for f in (np.polyadd, np.polysub) for a, b in LENGTHS),
    *(case(np.polymul, off_zero(a), off_zero(b)) for a, b in LENGTHS),
    *(case(f, off_zero(2), [2, 1, 3]) for f in (np.polyadd, np.polysub, np.polymul)),
    *(case(np.polydiv, off_zero(a), off_zero(b)) for a, b in [(4, 2), (5, 3), (2, 2), (2, 4), (3, 1)]),
    *(case(np.polyder, real(4), m) for m in (0, 1, 2, 5)),
    *(case(np.polyint, real(3), m) for m in (0, 1, 2)),
    *(case(np.polyint, real(3), m, real(*k)) for m, k in [(1, ()), (2, (1,)), (2, (2,)), (1, (3,))]),
    case(np.polyint, real(3), 2, 1.5),
    *(case(np.poly, real(n)) for n in (1, 3)),
    form(np.poly, "poly of a matrix", lambda a: np.poly(a) * 1, MATRIX.copy(), twin=None),
    *(form(np.roots, "", of_pairs, p, twin=None, constants=POWERS)
      for p in (of(1, 2, 5), of(2, -3, 1, 4), of(-1, 2, 0.5, 3, 1), of(3, 1))),
    *(form(np.roots, "real roots", of_real_roots, p, twin=None, constants=POWERS)
      for p in (np.poly([3, 1, -2]), of(1, -3, 2, 0))),
    *(form(np.polyfit, "", fit, AT.copy(), y, twin=None) for y in (TO.copy(), TO[:, None] * of(1, -2))),
    form(np.polyfit, "polyfit, weights", fit, AT.copy(), TO.copy(), WEIGHTS.copy(), twin=None),
    form(np.polyfit, "polyfit, full", fit_full, AT.copy(), TO.copy(), twin=None),
    *(form(np.polyfit, "", fit_cov, AT.copy(), TO.copy(), twin=None, cov=c) for c in (True, "unscaled")),
    form(np.polyfit, "", fit_cov, AT.copy(), TO[:, None] * of(1, -2), twin=None, cov=True),
]  # fmt: skip

BOUNDARIES += [
    ("polymul, a 0 at the front", np.polymul, [[0, 2], [3, 1]], [[0, 4], [2, 2]]),
    ("roots, a 0 at the end", lambda p: np.sum(np.roots(p)), [[1, -3, 0]], [[-3, -1, 0]]),
    ("roots, a 0 at the front", lambda p: np.sum(np.roots(p)), [[0, 1, -3]], [[-9, -3, -1]]),
    ("roots, of 0", np.roots, [[0, 0]], [[0, 0]]),
]
