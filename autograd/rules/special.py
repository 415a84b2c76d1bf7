"""Derivatives of the ufuncs of `scipy.special`.

SciPy is nothing that this library needs or imports: this module is loaded when the first of its
functions meets a Tensor, and then SciPy is there.

Source: NIST Digital Library of Mathematical Functions, chapters 5 (gamma), 7 (erf), 8 (beta), 10 (Bessel).
"""

from math import log, pi, sqrt
from typing import Any

import numpy as np
from scipy import special as s

from ..functions import op
from ..ops import rule


def next_polygamma(g: Any, y: Any, x: Any, n: int = 1) -> Any:
    """The derivative of one polygamma function is the next."""
    return g * polygamma(x, n=n + 1)


@op(rules=[next_polygamma])
def polygamma(x: Any, n: int = 1) -> Any:
    """The n-th derivative of the digamma function: SciPy's is no ufunc, and takes n first."""
    return s.polygamma(n, x)


# fmt: off

# Logistic

rule(s.expit,     lambda g, y, x: g * (y - y * y))
rule(s.logit,     lambda g, y, x: g / (x - x * x))
rule(s.log_expit, lambda g, y, x: g * s.expit(-x))

# Exponentials and logarithms

rule(s.exp2,      lambda g, y, x: g * y * log(2))
rule(s.exp10,     lambda g, y, x: g * y * log(10))
rule(s.expm1,     lambda g, y, x: g * (y + 1))
rule(s.log1p,     lambda g, y, x: g / (1 + x))
rule(s.cbrt,      lambda g, y, x: g / (3 * y * y))
rule(s.xlogy,     lambda g, y, a, x: g * np.log(x),
                  lambda g, y, a, x: g * a / x)
rule(s.xlog1py,   lambda g, y, a, x: g * np.log1p(x),
                  lambda g, y, a, x: g * a / (1 + x))

# Entropies

rule(s.entr,      lambda g, y, x: -g * (np.log(x) + 1))
rule(s.rel_entr,  lambda g, y, a, b: g * (np.log(a / b) + 1),
                  lambda g, y, a, b: -g * a / b)
rule(s.kl_div,    lambda g, y, a, b: g * np.log(a / b),
                  lambda g, y, a, b: g * (1 - a / b))

# Error function and the normal distribution

rule(s.erf,       lambda g, y, x: g * np.exp(-x * x) * (2 / sqrt(pi)))
rule(s.erfc,      lambda g, y, x: -g * np.exp(-x * x) * (2 / sqrt(pi)))
rule(s.erfcx,     lambda g, y, x: g * (2 * x * y - 2 / sqrt(pi)))
rule(s.erfinv,    lambda g, y, x: g * np.exp(y * y) * (sqrt(pi) / 2))
rule(s.erfcinv,   lambda g, y, x: -g * np.exp(y * y) * (sqrt(pi) / 2))
rule(s.dawsn,     lambda g, y, x: g * (1 - 2 * x * y))
rule(s.ndtr,      lambda g, y, x: g * np.exp(-x * x / 2) * (1 / sqrt(2 * pi)))
rule(s.ndtri,     lambda g, y, x: g * np.exp(y * y / 2) * sqrt(2 * pi))
rule(s.log_ndtr,  lambda g, y, x: g * np.exp(-x * x / 2 - y) * (1 / sqrt(2 * pi)))

# Gamma and beta

rule(s.gamma,     lambda g, y, x: g * y * s.digamma(x))
rule(s.gammaln,   lambda g, y, x: g * s.digamma(x))
rule(s.rgamma,    lambda g, y, x: -g * y * s.digamma(x))
rule(s.digamma,   lambda g, y, x: g * polygamma(x, n=1))
rule(s.beta,      lambda g, y, a, b: g * y * (s.digamma(a) - s.digamma(a + b)),
                  lambda g, y, a, b: g * y * (s.digamma(b) - s.digamma(a + b)))
rule(s.betaln,    lambda g, y, a, b: g * (s.digamma(a) - s.digamma(a + b)),
                  lambda g, y, a, b: g * (s.digamma(b) - s.digamma(a + b)))

# Bessel functions

rule(s.i0,        lambda g, y, x: g * s.i1(x))
rule(s.i0e,       lambda g, y, x: g * (s.i1e(x) - np.sign(x) * y))
rule(s.i1,        lambda g, y, x: g * (s.i0(x) - s.i1(x) / x))
rule(s.i1e,       lambda g, y, x: g * (s.i0e(x) - y / x - np.sign(x) * y))
rule(s.k0,        lambda g, y, x: -g * s.k1(x))
rule(s.k1,        lambda g, y, x: -g * (s.k0(x) + y / x))
rule(s.j0,        lambda g, y, x: -g * s.j1(x))
rule(s.j1,        lambda g, y, x: g * (s.j0(x) - y / x))
rule(s.y0,        lambda g, y, x: -g * s.y1(x))
rule(s.y1,        lambda g, y, x: g * (s.y0(x) - y / x))

# fmt: on
