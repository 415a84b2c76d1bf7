"""Derivatives of eigenvalues and eigenvectors, singular values and singular vectors.

`eigh` assumes that its matrix is symmetric and reads only one triangle of it.  So only this triangle has a
gradient: an element off the diagonal also counts for its mirror image, whose own gradient is 0.  a* is the
conjugate of a, which for a real matrix is a itself.

Sources: Giles, Collected Matrix Derivative Results for Forward and Reverse Mode Algorithmic
Differentiation (2008), and the sources named at single rules.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import project
from ..errors import GradientError
from ..functions import conj
from ..ops import compose, rule
from ..record import record
from ..tensor import Tensor
from .choosing import raw
from .decompositions import of_triangle
from .refused import refusal


def inverse_gaps(values: Any, used: bool) -> Any:
    """1 / (values[j] - values[i]) for each pair i, j; 0 on the diagonal.

    Raises GradientError if two values are equal up to rounding and the result will be `used`.

    >>> inverse_gaps(np.array([1.0, 3.0]), used=True)
    array([[ 0. ,  0.5],
           [-0.5,  0. ]])
    >>> inverse_gaps(np.array([1.0, 1.0]), used=True)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    autograd.errors.GradientError: eigenvectors or singular vectors of equal values have no derivative...
    """
    gaps = values[..., None, :] - values[..., :, None]
    rounding = 4 * float(np.finfo(values.dtype).eps) * np.sum(np.abs(values), axis=-1)
    near = np.abs(gaps) <= rounding[..., None, None]
    if used and np.sum(near) > values.size:
        raise GradientError(
            "eigenvectors or singular vectors of equal values have no derivative, as they can be any "
            "basis of their space: use the values alone, eigvalsh or svdvals, or make them different"
        )
    return ~near / (gaps + near)


def arrived(*cotangents: Any) -> bool:
    """Whether any cotangent is not 0."""
    return any(bool(np.any(g != 0)) for g in cotangents)


def eigh_rule(g: Any, y: Any, a: Any, UPLO: Any = "L") -> Any:  # noqa: N803  (NumPy's name)
    """v* (gw + (vᵀ gv) / (wj - wi)) vᵀ, brought to the triangle that is read (Giles, section 3.1).

    Raises GradientError if gv is not 0 and eigenvalues are equal, because their eigenvectors have no
    derivative.  Raises it too if the result depends on the phases of complex eigenvectors, which are
    arbitrary.
    """
    (gw, gv), (w, v) = g, y
    turned = v.mT @ gv
    if a.dtype.kind == "c":
        refuse_phases("an eigenvector of np.linalg.eigh", np.linalg.diagonal(turned), gv)
    inner = inverse_gaps(w, arrived(gv)) * turned
    return of_triangle((conj(v) * gw[..., None, :] + conj(v) @ inner) @ v.mT, UPLO in "Uu")


def refuse_phases(what: str, turned: Any, *cotangents: Any) -> None:
    """Raise GradientError if a phase exp(it) of a vector would change the result, at the rate Im(turned)."""
    rates, scale = np.imag(raw(turned)), max(np.max(np.abs(raw(g)), initial=0) for g in cotangents)
    if np.any(np.abs(rates) > float(np.finfo(rates.dtype).eps) ** 0.5 * scale):
        raise GradientError(
            f"the phase of {what} is arbitrary if the vector is complex, and the result depends on it: "
            "use a function that no phase changes, such as abs(v) or v[:, :1] @ np.conj(v[:, :1]).T"
        )


def eigvalsh_rule(g: Any, y: Any, a: Any, UPLO: Any = "L") -> Any:  # noqa: N803
    """v* g vᵀ, with the eigenvectors v, brought to the triangle that is read.

    Equal eigenvalues have the gradients that belong to their eigenvectors in v.
    """
    v = np.linalg.eigh(a, UPLO=UPLO)[1]
    return of_triangle((conj(v) * g[..., None, :]) @ v.mT, UPLO in "Uu")


def eig_rule(g: Any, y: Any, a: Any) -> Any:
    """v⁻ᵀ (gw + (vᵀ gv) / (wj - wi)) vᵀ, after removing from gv what would change lengths and phases.

    NumPy scales each eigenvector to length 1, and makes its largest element real.  So if the matrix would
    change a vector by d, NumPy's vector changes by d + c v, with the c that keeps both:

        Re c = -Re(v*ᵀ d),   Im c = -Im(d[k]) / v[k],   where k is the position of the largest element.

    Equal eigenvalues have the gradients that belong to their eigenvectors in v.  These are right for any
    function that treats the equal eigenvalues alike.

    Raises GradientError if gv is not 0 and eigenvalues are equal, because their eigenvectors have no
    derivative, and if the matrix has no basis of eigenvectors.

    Source: Giles, section 3.1; Boeddeker et al., On the Computation of Complex-valued Gradients with
    Application to Statistically Optimum Beamforming (2017), section 4.5.
    """
    (gw, gv), (w, v) = g, y
    refuse_defective(v)
    inner = gw[..., None] * v.mT
    if arrived(gv):
        inner = inner + (inverse_gaps(w, True) * (v.mT @ normalised(gv, v))) @ v.mT
    return project(np.linalg.solve(v.mT, inner), a)


def normalised(gv: Any, v: Any) -> Any:
    """The cotangent of the eigenvectors before NumPy normalised their lengths and phases."""
    along = np.sum(gv * v, axis=-2, keepdims=True)
    if v.dtype.kind != "c":
        return gv - along * v
    sizes = np.abs(v) * (np.imag(v) == 0)
    largest = np.equal(sizes, np.max(sizes, axis=-2, keepdims=True))
    turning = np.imag(along) / np.sum(np.real(v) * largest, axis=-2, keepdims=True)
    return gv - np.real(along) * np.conjugate(v) - 1j * (turning * largest)


def refuse_defective(v: Any) -> None:
    """Raise GradientError if the eigenvectors do not form a basis."""
    s = np.linalg.svdvals(v.data if type(v) is Tensor else v)
    if np.any(s[..., -1:] <= v.shape[-1] * np.finfo(s.dtype).eps * s[..., :1]):
        raise GradientError(
            "the eigenvalues of a defective matrix, which has no basis of eigenvectors, have no derivative: "
            "they move like a root of the change"
        )


# eigvals calls eig, so that the values have the same order as the vectors in the rule.
compose(np.linalg.eigvals)(lambda a: np.linalg.eig(a)[0])


def svdvals_rule(g: Any, y: Any, x: Any) -> Any:
    """(u g v)*.  Equal singular values have the gradients that belong to their vectors in u and v."""
    u, _, v = np.linalg.svd(x, full_matrices=False)
    return conj((u * g[..., None, :]) @ v)


def thin_svd_rule(g: Any, y: Any, a: Any) -> Any:
    """The cotangent of a = u s v, given the cotangents of all three.

    With p = uᵀgu, q = v*gv*ᵀ and f = 1/(sj² - si²) it is u* times

        (f (p - p*ᵀ)) s + gs + s (f (q - q*ᵀ)) + i Im(diag p) / s

    times v*.  If the matrix is not square, (1 - u*uᵀ) (gu / s) v* + u* (gv / s) (1 - vᵀv*) is added, which
    is infinite where an s is 0.

    Raises GradientError if gu or gv is not 0 and singular values are equal.  Raises it too if the result
    depends on the phases of complex vectors: each pair of vectors in u and v has one arbitrary phase.

    Source: Townsend, Differentiating the Singular Value Decomposition (2016), equations 26 to 31; for
    complex matrices Wan and Zhang, Automatic Differentiation for Complex Valued SVD (2019), equation 5.
    """
    (gu, gs, gv), (u, s, v) = g, (conj(y[0]), y[1], conj(y[2]))
    total = s[..., None, :] + s[..., :, None]
    f = inverse_gaps(s, arrived(gu, gv)) / (total + (total == 0))
    of_u, of_v = conj(u).mT @ gu, v @ conj(gv).mT
    inner = f * (of_u - conj(of_u).mT) * s[..., None, :] + s[..., None] * f * (of_v - conj(of_v).mT)
    if a.dtype.kind == "c":
        phases = np.linalg.diagonal(of_u)
        refuse_phases("a singular vector", phases + np.linalg.diagonal(of_v), gu, gv)
        gs = gs + 1j * (np.imag(phases) / (s + (s == 0)))
    result = (u * gs[..., None, :] + u @ inner) @ v
    if a.shape[-2] > a.shape[-1]:
        result = result + ((gu - u @ of_u) / s[..., None, :]) @ v
    if a.shape[-2] < a.shape[-1]:
        result = result + u @ ((gv - conj(of_v).mT @ v) / s[..., None])
    return result


def thin_svd(a: Any) -> Any:
    """`np.linalg.svd(a, full_matrices=False)`."""
    return np.linalg.svd(a, full_matrices=False)


@compose(np.linalg.svd)
def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    """The decomposition by `thin_svd`, or only the singular values; for a Hermitian matrix, by `eigh`."""
    if hermitian:
        return svd_of_hermitian(a, compute_uv)
    if not compute_uv:
        return np.linalg.svdvals(a)
    if full_matrices and a.shape[-1] != a.shape[-2]:
        return svd_of_bases(a)
    return record(thin_svd, (a,), {})


svd_of_bases = refusal(np.linalg.svd, "where vectors only complete a basis: use full_matrices=False")


def svd_of_hermitian(a: Any, compute_uv: bool) -> Any:
    """The absolute eigenvalues, with the largest first, and the eigenvectors; the signs go into v."""
    if not compute_uv:
        return np.flip(np.sort(np.abs(np.linalg.eigvalsh(a))), -1)
    w, u = np.linalg.eigh(a)
    order = np.flip(np.argsort(np.abs(raw(w))), -1)
    w, u = np.take_along_axis(w, order, -1), np.take_along_axis(u, order[..., None, :], -1)
    kind = type(np.linalg.svd(np.eye(1)))
    return kind(u, np.abs(w), conj(u * np.sign(raw(w))[..., None, :]).mT)


# fmt: off
rule(np.linalg.eig,      eig_rule, several=True)
rule(np.linalg.eigh,     eigh_rule, several=True)
rule(np.linalg.eigvalsh, eigvalsh_rule)
rule(np.linalg.svdvals,  svdvals_rule)
rule(thin_svd,           thin_svd_rule, several=True)
rule(np.linalg.matrix_rank, None)
# fmt: on
