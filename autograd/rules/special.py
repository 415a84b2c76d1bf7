"""Derivatives of the ufuncs of `scipy.special`.

This library does not need SciPy: this module is loaded on the first call of one of SciPy's functions with
a Tensor.

At a pole, a derivative is infinite or NaN, as SciPy's own functions are.  SciPy defines 0 log 0 as 0; its
derivative here is the derivative of log at 0.

Source: NIST Digital Library of Mathematical Functions, chapters 5 (gamma), 6 (exponential integrals),
7 (error function), 8 (incomplete gamma and beta), 9 (Airy), 10 (Bessel), 13, 15 (hypergeometric),
18 (orthogonal polynomials) and 19 (elliptic integrals).
"""

from math import log, pi, sqrt
from typing import Any

import numpy as np
from scipy import special as s

from ..functions import op
from ..ops import rule, unknown


def next_polygamma(g: Any, y: Any, x: Any, n: int = 1) -> Any:
    """g times the next polygamma function, which is the derivative of this one."""
    return g * polygamma(x, n=n + 1)


@op(rules=[next_polygamma])
def polygamma(x: Any, n: int = 1) -> Any:
    """The n-th derivative of the digamma function.  SciPy's own takes n first, and is not a ufunc."""
    return s.polygamma(n, x)


def slope(t: Any) -> Any:
    """The derivative of (exp(t) - 1) / t, also at 0: the mean of u exp(ut) over u from 0 to 1."""
    return s.hyp1f1(2.0, 3.0, t) / 2


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

rule(s.exprel,    lambda g, y, x: g * slope(x))
rule(s.powm1,     lambda g, y, a, b: g * b * a ** (b - 1),
                  lambda g, y, a, b: g * (y + 1) * np.log(a))
rule(s.spence,    lambda g, y, x: -g / s.exprel(np.log(x)))

# The Box-Cox transformation, (x^p - 1) / p, or log x if p = 0

rule(s.boxcox,       lambda g, y, x, p: g * x ** (p - 1),
                     lambda g, y, x, p: g * np.log(x) ** 2 * slope(p * np.log(x)))
rule(s.boxcox1p,     lambda g, y, x, p: g * (1 + x) ** (p - 1),
                     lambda g, y, x, p: g * np.log1p(x) ** 2 * slope(p * np.log1p(x)))
rule(s.inv_boxcox,   lambda g, y, x, p: g * y ** (1 - p),
                     lambda g, y, x, p: -g * y ** (1 - p) * np.log(y) ** 2 * slope(p * np.log(y)))
rule(s.inv_boxcox1p, lambda g, y, x, p: g * (1 + y) ** (1 - p),
                     lambda g, y, x, p: -g * (1 + y) ** (1 - p) * np.log1p(y) ** 2 * slope(p * np.log1p(y)))

# Huber's loss

rule(s.huber,        lambda g, y, d, r: g * np.maximum(abs(r) - d, 0),
                     lambda g, y, d, r: g * np.minimum(abs(r), d) * np.sign(r))
rule(s.pseudo_huber, lambda g, y, d, r: g * (2 * y / d - r * r / (d * np.hypot(1, r / d))),
                     lambda g, y, d, r: g * r / np.hypot(1, r / d))

# Angles in degrees

rule(s.sindg,     lambda g, y, x: g * s.cosdg(x) * (pi / 180))
rule(s.cosdg,     lambda g, y, x: -g * s.sindg(x) * (pi / 180))
rule(s.tandg,     lambda g, y, x: g * (1 + y * y) * (pi / 180))
rule(s.cotdg,     lambda g, y, x: -g * (1 + y * y) * (pi / 180))
rule(s.cosm1,     lambda g, y, x: -g * np.sin(x))
rule(s.radian,    lambda g, y, d, m, s: g * (pi / 180),
                  lambda g, y, d, m, s: g * (pi / 180 / 60),
                  lambda g, y, d, m, s: g * (pi / 180 / 3600))

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

rule(s.erfi,      lambda g, y, x: g * np.exp(x * x) * (2 / sqrt(pi)))
rule(s.ndtri_exp, lambda g, y, x: g * np.exp(x + y * y / 2) * sqrt(2 * pi))
rule(s.owens_t,   lambda g, y, h, a: -g * np.exp(-h * h / 2) * s.erf(a * h / sqrt(2)) / sqrt(8 * pi),
                  lambda g, y, h, a: g * np.exp(-h * h * (1 + a * a) / 2) / (2 * pi * (1 + a * a)))

# Exponential, sine and cosine integrals


def over(g: Any, x: Any) -> Any:
    """g / x, but 0 where g is 0: an output with a pole at 0 passes nothing back if it is not used."""
    return g / np.where((g == 0) & (x == 0), 1, x)


rule(s.expi,      lambda g, y, x: g * np.exp(x) / x)
rule(s.exp1,      lambda g, y, x: -g * np.exp(-x) / x)
rule(s.expn,      None,
                  lambda g, y, n, x: -g * np.where(n > 0, s.expn(np.maximum(n - 1, 0), x), (1 + 1 / x) * y))
rule(s.sici,      lambda g, y, x: g[0] * np.sinc(x / pi) + over(g[1] * np.cos(x), x), several=True)
rule(s.shichi,    lambda g, y, x: g[0] * s.hyp0f1(1.5, x * x / 4) + over(g[1] * np.cosh(x), x), several=True)
rule(s.fresnel,   lambda g, y, x: g[0] * np.sin(pi / 2 * x * x) + g[1] * np.cos(pi / 2 * x * x), several=True)

# Gamma and beta

rule(s.gamma,     lambda g, y, x: g * y * s.digamma(x))
rule(s.gammaln,   lambda g, y, x: g * s.digamma(x))
rule(s.rgamma,    lambda g, y, x: -g * y * s.digamma(x))
rule(s.digamma,   lambda g, y, x: g * polygamma(x, n=1))
rule(s.beta,      lambda g, y, a, b: g * y * (s.digamma(a) - s.digamma(a + b)),
                  lambda g, y, a, b: g * y * (s.digamma(b) - s.digamma(a + b)))
rule(s.betaln,    lambda g, y, a, b: g * (s.digamma(a) - s.digamma(a + b)),
                  lambda g, y, a, b: g * (s.digamma(b) - s.digamma(a + b)))

rule(s.loggamma,  lambda g, y, x: g * s.digamma(x))
rule(s.gammasgn,  None)
rule(s.poch,      lambda g, y, z, m: g * y * (s.digamma(z + m) - s.digamma(z)),
                  lambda g, y, z, m: g * y * s.digamma(z + m))
rule(s.binom,     lambda g, y, n, k: g * y * (s.digamma(n + 1) - s.digamma(n - k + 1)),
                  lambda g, y, n, k: g * y * (s.digamma(n - k + 1) - s.digamma(k + 1)))

# Distributions, the incomplete gamma and beta functions: the derivative in x is the density


def gamma_density(a: Any, x: Any) -> Any:
    """x^(a-1) exp(-x) / Gamma(a)."""
    return np.exp(s.xlogy(a - 1, x) - x - s.gammaln(a))


def beta_density(a: Any, b: Any, x: Any) -> Any:
    """x^(a-1) (1-x)^(b-1) / B(a, b)."""
    return np.exp(s.xlogy(a - 1, x) + s.xlog1py(b - 1, -x) - s.betaln(a, b))


def t_density(n: Any, x: Any) -> Any:
    """(1 + x²/n)^(-(n+1)/2) / (sqrt(n) B(1/2, n/2)): Student's distribution with n degrees of freedom."""
    return np.exp(-(n + 1) / 2 * np.log1p(x * x / n) - s.betaln(0.5, n / 2)) / np.sqrt(n)


rule(s.gammainc,     unknown, lambda g, y, a, x: g * gamma_density(a, x))
rule(s.gammaincc,    unknown, lambda g, y, a, x: -g * gamma_density(a, x))
rule(s.gammaincinv,  unknown, lambda g, y, a, x: g / gamma_density(a, y))
rule(s.gammainccinv, unknown, lambda g, y, a, x: -g / gamma_density(a, y))
rule(s.betainc,      unknown, unknown, lambda g, y, a, b, x: g * beta_density(a, b, x))
rule(s.betaincc,     unknown, unknown, lambda g, y, a, b, x: -g * beta_density(a, b, x))
rule(s.betaincinv,   unknown, unknown, lambda g, y, a, b, x: g / beta_density(a, b, y))
rule(s.betainccinv,  unknown, unknown, lambda g, y, a, b, x: -g / beta_density(a, b, y))
rule(s.chdtr,        unknown, lambda g, y, n, x: g * gamma_density(n / 2, x / 2) / 2)
rule(s.chdtrc,       unknown, lambda g, y, n, x: -g * gamma_density(n / 2, x / 2) / 2)
rule(s.stdtr,        unknown, lambda g, y, n, x: g * t_density(n, x))
rule(s.stdtrit,      unknown, lambda g, y, n, p: g / t_density(n, y))

# Bessel functions of order 0, of order 1 and of any order, which must be a constant; and Airy functions

rule(s.i0,        lambda g, y, x: g * s.i1(x))
rule(s.i0e,       lambda g, y, x: g * (s.i1e(x) - np.sign(x) * y))
rule(s.i1,        lambda g, y, x: g * (s.i0(x) + s.iv(2, x)) / 2)
rule(s.i1e,       lambda g, y, x: g * ((s.i0e(x) + s.ive(2, x)) / 2 - np.sign(x) * y))
rule(s.k0,        lambda g, y, x: -g * s.k1(x))
rule(s.k1,        lambda g, y, x: -g * (s.k0(x) + y / x))
rule(s.k0e,       lambda g, y, x: g * (y - s.k1e(x)))
rule(s.k1e,       lambda g, y, x: g * (y - s.k0e(x) - y / x))
rule(s.j0,        lambda g, y, x: -g * s.j1(x))
rule(s.j1,        lambda g, y, x: g * (s.j0(x) - s.jv(2, x)) / 2)
rule(s.y0,        lambda g, y, x: -g * s.y1(x))
rule(s.y1,        lambda g, y, x: g * (s.y0(x) - y / x))
rule(s.jv,        unknown, lambda g, y, n, x: g * (s.jv(n - 1, x) - s.jv(n + 1, x)) / 2)
rule(s.yv,        unknown, lambda g, y, n, x: g * (s.yv(n - 1, x) - s.yv(n + 1, x)) / 2)
rule(s.iv,        unknown, lambda g, y, n, x: g * (s.iv(n - 1, x) + s.iv(n + 1, x)) / 2)
rule(s.kv,        unknown, lambda g, y, n, x: -g * (s.kv(n - 1, x) + s.kv(n + 1, x)) / 2)
rule(s.yn,        None,    lambda g, y, n, x: g * (s.yv(n - 1, x) - s.yv(n + 1, x)) / 2)
rule(s.kn,        None,    lambda g, y, n, x: -g * (s.kv(n - 1, x) + s.kv(n + 1, x)) / 2)
rule(s.jve,       unknown, lambda g, y, n, x: g * (s.jve(n - 1, x) - s.jve(n + 1, x)) / 2)
rule(s.yve,       unknown, lambda g, y, n, x: g * (s.yve(n - 1, x) - s.yve(n + 1, x)) / 2)
rule(s.ive,       unknown, lambda g, y, n, x: g * ((s.ive(n - 1, x) + s.ive(n + 1, x)) / 2 - np.sign(x) * y))
rule(s.kve,       unknown, lambda g, y, n, x: g * (y - (s.kve(n - 1, x) + s.kve(n + 1, x)) / 2))
rule(s.airy,      lambda g, y, x: g[0] * y[1] + g[1] * x * y[0] + g[2] * y[3] + g[3] * x * y[2], several=True)

# Hypergeometric functions

rule(s.hyp0f1,    unknown,
                  lambda g, y, v, x: g * s.hyp0f1(v + 1, x) / v)
rule(s.hyp1f1,    unknown, unknown,
                  lambda g, y, a, b, x: g * (a / b) * s.hyp1f1(a + 1, b + 1, x))
rule(s.hyp2f1,    unknown, unknown, unknown,
                  lambda g, y, a, b, c, x: g * (a * b / c) * s.hyp2f1(a + 1, b + 1, c + 1, x))

# Elliptic integrals, as functions of m = k²; the incomplete ones have a derivative only in the angle

rule(s.ellipk,    lambda g, y, m: g * s.hyp2f1(1.5, 1.5, 2.0, m) * (pi / 8))
rule(s.ellipkm1,  lambda g, y, p: -g * s.hyp2f1(1.5, 1.5, 2.0, 1 - p) * (pi / 8))
rule(s.ellipe,    lambda g, y, m: -g * s.hyp2f1(0.5, 1.5, 2.0, m) * (pi / 8))
rule(s.ellipkinc, lambda g, y, phi, m: g / np.sqrt(1 - m * np.sin(phi) ** 2), unknown)
rule(s.ellipeinc, lambda g, y, phi, m: g * np.sqrt(1 - m * np.sin(phi) ** 2), unknown)

# Orthogonal polynomials of integer degree n

rule(s.eval_legendre,   None, lambda g, y, n, x: g * (n + 1) / 2 * s.eval_jacobi(n - 1, 1, 1, x))
rule(s.eval_chebyt,     None, lambda g, y, n, x: g * n * s.eval_chebyu(n - 1, x))
rule(s.eval_chebyu,     None, lambda g, y, n, x: g * 2 * s.eval_gegenbauer(n - 1, 2, x))
rule(s.eval_hermite,    None, lambda g, y, n, x: g * 2 * n * s.eval_hermite(np.maximum(n - 1, 0), x))
rule(s.eval_hermitenorm, None, lambda g, y, n, x: g * n * s.eval_hermitenorm(np.maximum(n - 1, 0), x))
rule(s.eval_laguerre,   None, lambda g, y, n, x: -g * s.eval_genlaguerre(n - 1, 1, x))
rule(s.eval_genlaguerre, None, unknown,
     lambda g, y, n, a, x: -g * s.eval_genlaguerre(n - 1, a + 1, x))
rule(s.eval_gegenbauer, None, unknown,
     lambda g, y, n, a, x: g * 2 * a * s.eval_gegenbauer(n - 1, a + 1, x))
rule(s.eval_jacobi,     None, unknown, unknown,
     lambda g, y, n, a, b, x: g * (n + a + b + 1) / 2 * s.eval_jacobi(n - 1, a + 1, b + 1, x))

rule(s.round, None)
# fmt: on
