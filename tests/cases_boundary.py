"""The boundary points, where the derivative is a convention: exact gradients for a cotangent of ones."""

from math import exp, inf, nan, sqrt

import numpy as np
from scipy import special

import autograd
from autograd.rules.versions import VERSION

from .cases_common import of, off_zero, positive, real

# n, and the first and second derivatives of x**n at -2, 0 and 3
POWERS = {
    0: ([0, 0, 0], [0, 0, 0]),
    1: ([1, 1, 1], [0, 0, 0]),
    2: ([-4, 0, 6], [2, 2, 2]),
    3: ([12, 0, 27], [-12, 0, 18]),
    4: ([-32, 0, 108], [48, 0, 108]),
}

# label, function, its arguments, the gradient with respect to each of them
BOUNDARIES = [
    # kinks: the middle
    ("abs", np.abs, [[-2, 0, 3]], [[-1, 0, 1]]),
    ("fabs", np.fabs, [[-2, 0, 3]], [[-1, 0, 1]]),
    ("abs of a single 0", np.abs, [0], [0]),
    ("x sign(x)", lambda x: x * np.sign(x), [[-2, 0, 3]], [[-1, 0, 1]]),
    ("relu", autograd.relu, [[-2, 0, 3]], [[0, 0, 1]]),
    ("copysign", np.copysign, [[-2, 0, 2], [-1, -1, -1]], [[1, 0, -1], [0, 0, 0]]),
    ("hypot", np.hypot, [[0, 3, 0], [0, 4, -2]], [[0, 0.6, 0], [0, 0.8, -1]]),
    ("norm", lambda x: np.linalg.norm(x), [[0, 0]], [[0, 0]]),
    ("a count of elements", lambda x: np.linalg.vector_norm(x, ord=0), [[0, 3]], [[0, 0]]),
    ("std", np.std, [[2, 2, 2]], [[0, 0, 0]]),
    ("std of rows", lambda x: np.std(x, axis=1), [[[5, 5], [1, 3]]], [[[0, 0], [-0.5, 0.5]]]),
    ("std, the mean not exact", np.std, [[0.1, 0.1, 0.1]], [[0, 0, 0]]),
    ("std of one", np.std, [3], [0]),
    ("var", np.var, [[2, 2, 2]], [[0, 0, 0]]),
    ("nanstd", np.nanstd, [[2, nan, 2]], [[0, 0, 0]]),
    ("nanstd, the mean not exact", np.nanstd, [[0.1, 0.1, nan, 0.1]], [[0, 0, 0, 0]]),
    ("sinc", np.sinc, [[0, 1e-9, 1]], [[0, -(np.pi**2) / 3e9, -1]]),
    ("heaviside", np.heaviside, [[-1, 0, 1], [5, 5, 5]], [[0, 0, 0], [0, 1, 0]]),
    ("modf", lambda x: np.modf(x)[0], [[2, -0.5]], [[1, 1]]),
    ("frexp", lambda x: np.frexp(x)[0], [[0, 4, 3]], [[1, 0.125, 0.25]]),
    ("divmod", lambda a, b: np.divmod(a, b)[1], [[7, -7], [2, 2]], [[1, 1], [-3, 4]]),
    # NaN: no part of the result
    ("nan_to_num", np.nan_to_num, [[nan, inf, 1]], [[0, 0, 1]]),
    ("nansum", np.nansum, [[nan, 2]], [[0, 1]]),
    ("nanmean", np.nanmean, [[nan, 2, 3]], [[0, 0.5, 0.5]]),
    ("nanprod", np.nanprod, [[nan, 2, 3]], [[0, 3, 2]]),
    ("nanprod with a 0", np.nanprod, [[nan, 0, 3]], [[0, 3, 0]]),
    ("nancumsum", np.nancumsum, [[1, nan, 2]], [[3, 0, 1]]),
    ("nancumprod", np.nancumprod, [[2, nan, 3]], [[5, 0, 2]]),
    ("nanmax", np.nanmax, [[nan, 3, 1, 3]], [[0, 0.5, 0, 0.5]]),
    ("nanmin", lambda x: np.nanmin(x, axis=0), [[[nan, 3], [1, 3]]], [[[0, 0.5], [1, 0.5]]]),
    ("nanvar", np.nanvar, [[nan, 1, 3]], [[0, -1, 1]]),
    ("nanmedian", np.nanmedian, [[nan, 5, 1, 3, nan]], [[0, 0, 0, 1, 0]]),
    ("nanquantile", lambda x: np.nanquantile(x, 0.25), [[nan, 1, 3]], [[0, 0.75, 0.25]]),
    # a NaN among others: the result is NaN, and so are all gradients
    ("max beside NaN", np.max, [[1, nan, 2]], [[nan] * 3]),
    ("min of rows", lambda x: np.min(x, axis=1), [[[1, nan], [2, 3]]], [[[nan, nan], [1, 0]]]),
    ("ptp beside NaN", np.ptp, [[1, nan, 2]], [[nan] * 3]),
    ("median beside NaN", np.median, [[1, nan, 2]], [[nan] * 3]),
    ("median of columns", lambda x: np.median(x, axis=0), [[[1, nan], [2, 3]]], [[[0.5, nan], [0.5, nan]]]),
    ("quantile beside NaN", lambda x: np.quantile(x, [0.2, 0.7]), [[1, nan, 2]], [[nan] * 3]),
    ("percentile beside NaN", lambda x: np.percentile(x, 30, axis=-1), [[1, nan, 2]], [[nan] * 3]),
    ("norm beside NaN", lambda x: np.linalg.norm(x, np.inf), [[1, nan, 2]], [[nan] * 3]),
    ("sort with NaN, which is last", lambda x: np.sort(x) * [1, 2, 3], [[1, nan, 0]], [[2, 3, 1]]),
    ("maximum of NaN", np.maximum, [[1, nan], [nan, 2]], [[0, 0], [0, 0]]),
    ("minimum of NaN", np.minimum, [[1, nan], [nan, 2]], [[0, 0], [0, 0]]),
    ("relu of NaN", autograd.relu, [[nan, 2]], [[0, 1]]),
    ("clip of NaN", lambda x: np.clip(x, 0, 1), [[nan, 0.5]], [[0, 1]]),
    # points of a broken line: the slope on the right, at the last one that on the left
    ("interp", lambda x: np.interp(x, [0, 1, 3], [0, 2, 0]), [[0, 1, 3, -1, 4]], [[2, -1, -1, 0, 0]]),
    # ties: in equal parts
    ("sort", lambda x: np.sort(x)[0], [[2, 1, 1]], [[0, 0.5, 0.5]]),
    ("sort of columns", lambda x: np.sort(x, axis=0)[-1], [[[1, 2], [1, 3]]], [[[0.5, 0], [0.5, 1]]]),
    ("partition", lambda x: np.partition(x, 1)[1], [[2, 1, 2]], [[0.5, 0, 0.5]]),
    ("median", np.median, [[1, 2, 2, 2, 7]], [[0, 1 / 3, 1 / 3, 1 / 3, 0]]),
    ("median of two equal", np.median, [[2, 2]], [[0.5, 0.5]]),
    ("median of two", lambda x: np.median(x, axis=1), [[[1, 4], [5, 5]]], [[[0.5, 0.5]] * 2]),
    ("quantile", lambda x: np.quantile(x, 0.5), [[1, 3, 3, 3]], [[0, 1 / 3, 1 / 3, 1 / 3]]),
    ("percentile", lambda x: np.percentile(x, 100), [[3, 1, 3]], [[0.5, 0, 0.5]]),
    ("ptp", np.ptp, [[3, 1, 3, 1]], [[0.5, -0.5, 0.5, -0.5]]),
    ("maximum", np.maximum, [[1, 2, 3], [2, 2, 2]], [[0, 0.5, 1], [1, 0.5, 0]]),
    ("minimum", np.minimum, [[1, 2, 3], [2, 2, 2]], [[1, 0.5, 0], [0, 0.5, 1]]),
    ("maximum of x and 0", lambda x: np.maximum(x, 0), [[-1, 0, 1]], [[0, 0.5, 1]]),
    ("fmax", np.fmax, [[1, 2, nan], [2, 2, 2]], [[0, 0.5, 0], [1, 0.5, 1]]),
    ("fmin", np.fmin, [[1, 2, 3], [2, 2, nan]], [[1, 0.5, 1], [0, 0.5, 0]]),
    ("max", np.max, [[3, 1, 3]], [[0.5, 0, 0.5]]),
    ("min", np.min, [[1, 1, 1, 1]], [[0.25] * 4]),
    ("max of columns", lambda x: np.max(x, axis=0), [[[1, 2], [1, 3]]], [[[0.5, 0], [0.5, 1]]]),
    ("min of all", lambda x: np.amin(x, axis=(0, 1)), [[[1, 2], [1, 3]]], [[[0.5, 0], [0.5, 0]]]),
    ("clip", lambda x: np.clip(x, -1, 1), [[-2, -1, 0, 1, 2]], [[0, 1, 1, 1, 0]]),
    *(
        [("clip to nothing", lambda x: np.clip(x, None, None), [[-2, 2]], [[1, 1]])]
        if VERSION >= (2, 1)
        else []
    ),
    ("clip to one value", np.clip, [[0, 1, 2], 1, 1], [[0, 1, 0], 1, 1]),
    ("clip, the lower bound above the upper", np.clip, [[-1, 1, 3], 2, 0], [[0, 0, 0], 0, 3]),
    # poles: what the mathematics says
    ("sqrt", np.sqrt, [[0, 4]], [[inf, 0.25]]),
    ("cbrt", np.cbrt, [[0, 8]], [[inf, 1 / 12]]),
    ("log", np.log, [[0, 2]], [[inf, 0.5]]),
    ("arcsin", np.arcsin, [[0, 1]], [[1, inf]]),
    ("sqrt of the square", lambda x: np.sqrt(x * x), [[0, -2]], [[nan, -1]]),
    ("hypot as its remedy", lambda x: np.hypot(x, 0), [[0, -2]], [[0, -1]]),
    ("where on the result", lambda x: np.where(x > 0, np.log(x), 0), [[0, 2]], [[nan, 0.5]]),
    ("where on the input", lambda x: np.log(np.where(x > 0, x, 1)), [[0, 2]], [[0, 0.5]]),
    ("where, finite everywhere", lambda x: np.where(x > 0, x * x, 0), [[-1, 0, 2]], [[0, 0, 4]]),
    # powers: as for the polynomial
    *(
        (f"x**{n}, {kind.__name__}", lambda x, n=n, kind=kind: np.power(x, kind(n)), [[-2, 0, 3]], [gradient])
        for n, (gradient, _) in POWERS.items()
        for kind in (int, float, np.int64, np.float64, np.float32, np.asarray)
    ),
    ("0**n", lambda x: np.power(x, [0, 1, 2, 3]), [[0, 0, 0, 0]], [[0, 1, 0, 0]]),
    ("(-2)**n", lambda x: np.power(x, [0, 1, 2, 3]), [[-2, -2, -2, -2]], [[0, 1, -4, 12]]),
    ("x**0.5", lambda x: x**0.5, [[0, 4]], [[inf, 0.25]]),
    ("x**-1", lambda x: x**-1, [[0, 2]], [[-inf, -0.25]]),
    ("0**n, of both", np.power, [[0, 0, 0], [1, 2, 3]], [[1, 0, 0], [0, 0, 0]]),
    ("2**n, of both", np.power, [[2, 1], [0, 0]], [[0, 0], [np.log(2), 0]]),
    # products: of all other elements
    ("prod with one 0", np.prod, [[2, 0, 3]], [[0, 6, 0]]),
    ("prod with two", np.prod, [[0, 5, 0]], [[0, 0, 0]]),
    ("prod of zeros", np.prod, [[0, 0]], [[0, 0]]),
    ("prod of a single 0", np.prod, [[0]], [[1]]),
    ("prod of rows", lambda x: np.prod(x, axis=1), [[[2, 0], [3, 4]]], [[[0, 2], [4, 3]]]),
    ("cumprod with one 0", np.cumprod, [[2, 0, 3]], [[1, 8, 0]]),
    ("cumprod with two", np.cumprod, [[0, 5, 0]], [[6, 0, 0]]),
    ("cumprod of zeros", np.cumprod, [[0, 0]], [[1, 0]]),
    # far out: nothing overflows needlessly
    ("sigmoid", autograd.sigmoid, [[-1000, 0, 1000]], [[0, 0.25, 0]]),
    ("softplus", autograd.softplus, [[-1000, 0, 1000]], [[0, 0.5, 1]]),
    ("logsumexp", autograd.logsumexp, [[1000, 1000, -1000]], [[0.5, 0.5, 0]]),
    ("logaddexp", np.logaddexp, [[1000, -1000], [1000, 1000]], [[0.5, 0], [0.5, 1]]),
    ("arctan2", np.arctan2, [[1e200, 1e-200], [1e200, 1e-200]], [[5e-201, 5e199], [-5e-201, -5e199]]),
    ("expm1", np.expm1, [[-100, 0]], [[exp(-100), 1]]),
    ("arcsin near 1", np.arcsin, [[1 - 2.0**-40]], [[1 / (sqrt(2.0**-40) * sqrt(2 - 2.0**-40))]]),
    ("arctanh near 1", np.arctanh, [[1 - 2.0**-40]], [[2.0**40 / (2 - 2.0**-40)]]),
    ("tanh", np.tanh, [[-1000, 0, 1000]], [[0, 1, 0]]),
    # many elements, for which the gradient is spread in another way
    ("sum of many", lambda x: np.sum(x, axis=1), [np.zeros((70, 70))], [np.ones((70, 70))]),
    ("mean of many", np.mean, [np.zeros(5000)], [np.full(5000, 1 / 5000)]),
    # remainder: with NumPy's quotient: 0.1 goes 9 times into 1, with a rest of nearly 0.1
    ("remainder", np.remainder, [1, 0.1], [1, -9]),
    ("fmod", np.fmod, [[1, -1], [0.1, 0.1]], [[1, 1], [-9, 9]]),
]

# label, function, x, the second derivative there
SECOND = [
    *((f"x**{n}", lambda x, n=n: x**n, [-2, 0, 3], second) for n, (_, second) in POWERS.items()),
    ("x**array", lambda x: np.power(x, [0, 1, 2, 3]), [0, 0, 0, 0], [0, 0, 2, 0]),
    ("prod of x, x, 1", lambda x: np.prod(np.stack([x, x, np.ones(2)]), axis=0), [0, 3], [2, 2]),
    ("cumprod of x, x, x", lambda x: np.cumprod(np.stack([x, x, x]), axis=0), [0, 1], [2, 8]),
    ("abs", np.abs, [-1, 0, 1], [0, 0, 0]),
    ("abs squared", lambda x: np.abs(x) ** 2, [-1, 0, 1], [2, 0, 2]),
    ("norm squared", lambda x: np.linalg.norm(x[None], axis=0) ** 2, [-1, 0, 1], [2, 0, 2]),
    ("hypot squared", lambda x: np.hypot(x, 0) ** 2, [-1, 0, 1], [2, 0, 2]),
    ("relu", autograd.relu, [-1, 0, 1], [0, 0, 0]),
    ("max of x**2 and x**2", lambda x: np.maximum(x**2, x * x), [1, 0], [2, 2]),
]

# label, a function with a number for its value, its arguments
THIRD = [
    ("exp", lambda x: np.sum(np.exp(x)), [real(3)]),
    ("sin and cos", lambda x: np.sum(np.sin(x) * np.cos(2 * x)), [real(3)]),
    ("a polynomial", lambda x: np.sum(x**3 - 2 * x**2 + x), [of(-1.5, 0, 2)]),
    ("x**n of arrays", lambda x: np.sum(np.power(x, np.array([0, 1, 2, 3, 4]))), [of(0, 0, 0, 0, 0)]),
    ("a**b", lambda a, b: np.sum(a**b), [positive(4), of(0, 1, 2, -0.5)]),
    ("tanh", lambda x: np.sum(np.tanh(x)), [real(3)]),
    ("sigmoid", lambda x: np.sum(autograd.sigmoid(x)), [real(3)]),
    ("sqrt and log", lambda x: np.sum(np.sqrt(x) * np.log(x)), [positive(3)]),
    ("a quotient", lambda a, b: np.sum(a / b), [real(2, 1), off_zero(3)]),
    ("a chain of products", lambda a, b, c: np.sum(np.tanh(a @ b) @ c), [real(2, 3), real(3, 2), real(2)]),
    ("batched products", lambda a, b: np.sum((a @ b) ** 2 @ b.mT), [real(2, 2, 3), real(3, 2)]),
    ("tensordot", lambda a, b: np.sum(np.tensordot(a, b, ((0, 1), (1, 0))) ** 3), [real(2, 3), real(3, 2)]),
    ("softmax", lambda x: np.sum(autograd.softmax(x, axis=0) ** 2), [real(3, 2)]),
    ("logsumexp", lambda x: np.sum(autograd.logsumexp(x, axis=1)), [real(2, 3)]),
    ("prod with zeros", lambda x: np.sum(np.prod(x, axis=0)), [of([0, 1], [0, 0], [0, 2], [3, 1])]),
    ("cumprod with zeros", lambda x: np.sum(np.cumprod(x)), [of(0, 2, 0, 0, 3)]),
    ("mean and centring", lambda x: np.mean((x - np.mean(x, axis=0)) ** 4), [real(3, 2)]),
    ("an index, repeated", lambda x: np.sum(x[np.array([0, 0, 2])] ** 3), [real(3)]),
    ("joined and split", lambda a, b: np.prod(np.stack([a, b])[:, ::-1]), [real(2), real(2)]),
]


def newcomer(a):
    """A function of a future NumPy: it asks the tensor, as all of NumPy's functions do."""
    return a.__array_function__(newcomer, (type(a),), (a,), {}) if type(a) is autograd.Tensor else a + 1


newcomer.__module__ = "numpy"

# functions without a rule, which are not likely to get one; the name that a message should use
WITHOUT_RULES = [(newcomer, "np.newcomer"), (special.kolmogorov, "kolmogorov"), (special.zetac, "zetac")]

MASK = np.array([True, False, True])

# label, function, an option that would change the gradient and that no rule knows
REFUSED_OPTIONS = [
    *((f"{f.__name__}, where", f, {"where": MASK}) for f in (np.sum, np.mean, np.prod, np.var, np.exp)),
    *((f"{f.__name__}, initial", f, {"initial": 1.0}) for f in (np.sum, np.prod, np.max, np.min)),
    *((f"{f.__name__}, mean", f, {"mean": 0.0}) for f in (np.var, np.std)),
    ("exp, dtype", np.exp, {"dtype": np.float32}),
    ("exp, out", np.exp, {"out": np.zeros((2, 3))}),
    ("concatenate, dtype", lambda x, **option: np.concatenate([x, x], **option), {"dtype": np.float32}),
    ("stack, dtype", lambda x, **option: np.stack([x, x], **option), {"dtype": np.float32}),
    ("ravel, order", np.ravel, {"order": "K"}),
    ("reshape, order", lambda x, **option: np.reshape(x, (3, 2), **option), {"order": "A"}),
    ("clip, where", lambda x, **option: np.clip(x, 0, 1, **option), {"where": MASK}),
]
