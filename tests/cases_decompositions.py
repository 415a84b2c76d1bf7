"""Cases of inverses, determinants and decompositions."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.record import record
from autograd.rules.decompositions import lower_half, tall_qr
from autograd.rules.spectral import thin_svd

from .cases_boundary import BOUNDARIES, REFUSED_OPTIONS, THIRD
from .cases_common import CALL, Array, Case, case, fraction, is_floats, of, real
from .oracles import Derivative, complex_step, richardson


@dataclasses.dataclass(frozen=True, eq=False)
class Form(Case):
    """A case of a function inside an expression, made from its parts, or with suitable arguments.

    form       the expression, as a function of all arrays
    twin_form  the same for complex numbers, analytic; None if there is no such expression
    """

    form: Callable[..., Any] = np.positive
    twin_form: Callable[..., Any] | None = None
    label: str = ""

    @property
    def derivative(self) -> Derivative:
        return complex_step if self.twin_form else richardson

    def __call__(self, arrays: Any) -> Any:
        return self.form(*self.with_arrays(arrays), **self.options)

    def twin(self, *arrays: Array) -> Array:
        form = self.twin_form if any(np.iscomplexobj(a) for a in arrays) else self.form
        return form(*self.with_arrays(arrays), **self.options)  # type: ignore[misc]

    def __str__(self) -> str:
        shapes = ", ".join("x".join(map(str, np.shape(a))) or "0d" for a in self.arrays)
        options = "".join(f", {name}={value}" for name, value in self.options.items())
        return f"{self.label or self.function.__name__}({shapes}{options})"


def form(
    function: Any, label: str, form: Any, *args: Any, twin: Any = "same", constants: str = "", **options: Any
) -> Form:
    """A case of a form of `function`; by default its twin is the same form."""
    for a in args:
        if is_floats(a):
            a.setflags(write=False)
    return Form(function, args, options, constants, form, form if twin == "same" else twin, label)


def regular(*shape: int) -> Array:
    """Matrices far from singular, also after rounding up to integers."""
    return np.asarray(fraction(*shape) + 3 * np.eye(*shape[-2:]))


def distinct(*shape: int) -> Array:
    """Matrices whose singular values and eigenvalues are far from one another and from 0."""
    diagonal = np.eye(*shape[-2:]) * (1.5 * np.arange(1, shape[-1] + 1))
    return np.asarray(fraction(*shape) / 3 + diagonal)


# Twins: a decomposition of the real part, which Newton's method turns into that of a complex matrix.


def newton(a: Array, values: Array, vectors: Array) -> tuple[Array, Array]:
    """Eigenvalues and vectors with vᵀ v = 1 of a matrix a = aᵀ, starting from those of its real part."""
    n, one = a.shape[-1], np.eye(a.shape[-1])
    w, v = values.astype(complex), np.swapaxes(vectors, -1, -2).astype(complex)  # w[..., k], v[..., k, :]
    for _ in range(2):
        bordered = np.zeros((*w.shape, n + 1, n + 1), complex)
        bordered[..., :n, :n] = a[..., None, :, :] - w[..., None, None] * one
        bordered[..., :n, n], bordered[..., n, :n] = -v, v
        rest = np.zeros((*w.shape, n + 1), complex)
        rest[..., :n] = np.einsum("...ij,...kj->...ki", a, v) - w[..., None] * v
        rest[..., n] = (np.sum(v * v, -1) - 1) / 2
        step = np.linalg.solve(bordered, rest[..., None])[..., 0]
        v, w = v - step[..., :n], w - step[..., n]
    return w, np.swapaxes(v, -1, -2)


def eigh_twin(a: Array) -> tuple[Array, Array]:
    return newton(a, *np.linalg.eigh(a.real))


def svd_twin(a: Array) -> tuple[Array, Array, Array]:
    """The decomposition by the eigenvectors of [[0, a], [aᵀ, 0]], which are (u, v) / sqrt 2."""
    m, n = a.shape[-2:]
    u, s, vh = np.linalg.svd(a.real, full_matrices=False)
    both = np.zeros((*a.shape[:-2], m + n, m + n), a.dtype)
    both[..., :m, m:], both[..., m:, :m] = a, np.swapaxes(a, -1, -2)
    s, uv = newton(both, s, np.concatenate([u, np.swapaxes(vh, -1, -2)], -2) / np.sqrt(2))
    return uv[..., :m, :] * np.sqrt(2), s, np.swapaxes(uv[..., m:, :], -1, -2) * np.sqrt(2)


def cholesky_twin(a: Array) -> Array:
    """The decomposition column by column, without conjugates."""
    y = np.zeros_like(a)
    for j in range(a.shape[-1]):
        rest = a[..., :, j] - np.einsum("...ik,...k->...i", y[..., :, :j], y[..., j, :j])
        y[..., j:, j] = rest[..., j:] / np.sqrt(rest[..., j, None])
    return y


def qr_twin(a: Array) -> tuple[Array, Array]:
    """r from the decomposition of aᵀ a, with the signs of NumPy's r."""
    signs = np.sign(np.diagonal(np.linalg.qr(a.real)[1], axis1=-2, axis2=-1))
    r = signs[..., None] * np.swapaxes(cholesky_twin(np.swapaxes(a, -1, -2) @ a), -1, -2)
    return a @ np.linalg.inv(r), r


def wide_qr_twin(a: Array) -> tuple[Array, Array]:
    """The decomposition of the square on the left, and the product of its q with all columns."""
    q, _ = qr_twin(a[..., : a.shape[-2]])
    return q, np.swapaxes(q, -1, -2) @ a


def qr_of_mode(a: Array, mode: str) -> Array:
    return qr_twin(a)[1] if mode == "r" else qr_twin(a)[0]


def by_mode(a: Any, mode: str) -> Any:
    result = np.linalg.qr(a, mode)
    return (result if mode == "r" else result[0]) * 1


def pinv_twin(a: Array) -> Array:
    t = np.swapaxes(a, -1, -2)
    return np.linalg.inv(t @ a) @ t if a.shape[-2] >= a.shape[-1] else t @ np.linalg.inv(a @ t)


def sym(a: Any) -> Any:
    return a + np.matrix_transpose(a)


def cond_twin(a: Array, p: Any = None) -> Array:
    s = svd_twin(a)[1]
    return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]


# Functions that read one triangle of a matrix, for matrices that are not symmetric: the triangle, and the
# same function of the symmetric matrix that the triangle stands for.


def mirrored(a: Array, uplo: str) -> Array:
    part = np.tril if uplo in "Ll" else np.triu
    return part(a) + np.swapaxes(part(a, -1 if uplo in "Ll" else 1), -1, -2)


LOPSIDED = of([4, 1, 0.5], [0.3, 7, -1], [2, 0.2, 11])

TRIANGLES: list[tuple[Any, str, Any, Any]] = [
    *(
        (np.linalg.eigvalsh, uplo, lambda a, u=uplo: np.linalg.eigvalsh(a, u) * 1, lambda a: eigh_twin(a)[0])
        for uplo in "LUlu"
    ),
    *(
        (np.linalg.eigh, u, lambda a, u=u: np.linalg.eigh(a, UPLO=u)[1] ** 2, lambda a: eigh_twin(a)[1] ** 2)
        for u in "LU"
    ),
    (np.linalg.cholesky, "L", lambda a: np.linalg.cholesky(a) * 1, cholesky_twin),
    (
        *(np.linalg.cholesky, "U", lambda a: np.linalg.cholesky(a, upper=True) * 1),
        lambda a: np.swapaxes(cholesky_twin(a), -1, -2),
    ),
    (np.linalg.pinv, "L", lambda a: np.linalg.pinv(a, hermitian=True) * 1, np.linalg.inv),
    (
        *(np.linalg.svd, "L", lambda a: np.linalg.svd(a, hermitian=True, compute_uv=False) * 1),
        lambda a: svd_twin(a)[1],
    ),
    (
        *(np.linalg.svd, "L", lambda a: (lambda u, s, v: u @ (s[..., None] ** 2 * v))(*hermitian_svd(a))),
        lambda a: (lambda u, s, v: u @ (s[..., None] ** 2 * v))(*svd_twin(a)),
    ),
]


def hermitian_svd(a: Any) -> Any:
    return np.linalg.svd(a, hermitian=True)


# Each part of a decomposition, and all together, in expressions that no choice of signs changes.
# The last step of each is elementwise, so that the contract holds a row with one output.

EIGH = {
    "w": lambda eigh, a: eigh(sym(a))[0] * 1,
    "v": lambda eigh, a: eigh(sym(a))[1] ** 2,
    "wv": lambda eigh, a: (lambda w, v: np.sum(v**3, -2) * np.sum(v, -2) * w)(*eigh(sym(a))),
}
SVD = {
    "u": lambda svd, a: svd(a)[0] ** 2,
    "s": lambda svd, a: svd(a)[1] * 1,
    "v": lambda svd, a: svd(a)[2] ** 2,
    "usv": lambda svd, a: (lambda u, s, v: np.sum(u, -2) * s**2 * np.sum(v**3, -1))(*svd(a)),
}
QR = {
    "q": lambda qr, a: qr(a)[0] * 1,
    "r": lambda qr, a: qr(a)[1] * 1,
    "qr": lambda qr, a: (lambda q, r: np.sum(q, -2) * np.sum(r, -1))(*qr(a)),
}


def parts(function: Any, forms: Any, call: Any, twin: Any, *args: Any) -> list[Form]:
    """A case for each of the forms."""
    return [
        form(
            *(function, f"{function.__name__}, {name}", lambda *a, f=f: f(call, *a), *args),
            twin=(lambda *a, f=f: f(twin, *a)),
        )
        for name, f in forms.items()
    ]


def upper(a: Any) -> Any:
    return np.linalg.cholesky(sym(a), upper=True)


def thin(a: Any) -> Any:
    return np.linalg.svd(a, full_matrices=False)


def values(a: Any) -> Any:
    return np.linalg.svd(a, compute_uv=False)


def lstsq(a: Any, b: Any) -> Any:
    return np.linalg.lstsq(a, b)[0]


CALL[inspect.unwrap(lower_half)] = lower_half


def lstsq_misfits(a: Any, b: Any) -> Any:
    """For its other results: the sums of squares, and the singular values."""
    _, sums, _, s = np.linalg.lstsq(a, b)
    return sums * s[0]


SOLVE = [
    *[((3, 3), (3,)), ((3, 3), (3, 2)), ((2, 3, 3), (2, 3, 2)), ((2, 3, 3), (3,)), ((2, 3, 3), (3, 2))],
    *[((3, 3), (2, 3, 1)), ((2, 1, 2, 2), (3, 2, 1)), ((1, 1), (1,)), ((0, 0), (0,)), ((0, 0), (0, 2))],
]
UNEVEN = [4, 1, 0.5], [0.3, -7, 1], [2, 0.2, 11]
SQUARE = [(3, 3), (2, 3, 3), (1, 1), (2, 2)]
FLAT = [(3, 2), (2, 3), (2, 2, 3), (3, 3)]
WIDE = [(2, 3), (2, 2, 4)]
TALL = [(3, 2), (2, 3, 2), (3, 3)]

CASES = [
    *(case(np.linalg.inv, regular(*s)) for s in [*SQUARE, (0, 0)]),
    *(case(np.linalg.solve, regular(*a), real(*b)) for a, b in SOLVE),
    *(case(np.linalg.det, regular(*s)) for s in [*SQUARE, (0, 0)]),
    *(
        form(
            *(np.linalg.slogdet, "slogdet", lambda a: np.linalg.slogdet(a)[1] * 1, regular(*s)),
            twin=lambda a: np.log(np.linalg.det(a)),
        )
        for s in SQUARE
    ),
    *(form(np.linalg.pinv, "", np.linalg.pinv, distinct(*s), twin=pinv_twin) for s in FLAT),
    *(
        form(np.linalg.lstsq, "", lstsq, distinct(*a), real(*b), twin=lambda a, b: pinv_twin(a) @ b)
        for a, b in [((3, 2), (3,)), ((3, 2), (3, 2)), ((2, 3), (2,)), ((3, 3), (3, 1))]
    ),
    *(
        form(np.linalg.lstsq, "lstsq, misfits", lstsq_misfits, distinct(4, 2), real(*b), twin=None)
        for b in [(4,), (4, 3)]
    ),
    *(case(np.linalg.matrix_power, regular(3, 3), n) for n in (-3, -1, 1, 2, 3, 5, 6)),
    case(np.linalg.matrix_power, regular(2, 2, 2), 4),
    case(lower_half, real(3, 3)),
    case(lower_half, real(2, 2, 3)),
    *(
        form(np.linalg.cholesky, label, f, regular(*s), twin=twin)
        for s in SQUARE
        for label, f, twin in [
            ("cholesky", lambda a: np.linalg.cholesky(sym(a)), lambda a: cholesky_twin(sym(a))),
            ("cholesky, upper", upper, lambda a: np.swapaxes(cholesky_twin(sym(a)), -1, -2)),
        ]
    ),
    *(c for s in TALL for c in parts(np.linalg.qr, QR, np.linalg.qr, qr_twin, distinct(*s))),
    *(c for s in WIDE for c in parts(np.linalg.qr, QR, np.linalg.qr, wide_qr_twin, distinct(*s))),
    *(
        form(np.linalg.qr, f"qr, mode {mode}", by_mode, distinct(3, 3), twin=qr_of_mode, mode=mode)
        for mode in ("r", "complete")
    ),
    *parts(tall_qr, QR, lambda a: record(tall_qr, (a,), {}), qr_twin, distinct(3, 2)),
    *(c for s in SQUARE for c in parts(np.linalg.eigh, EIGH, np.linalg.eigh, eigh_twin, distinct(*s))),
    *(
        form(
            *(np.linalg.eigvalsh, "", lambda a, **o: np.linalg.eigvalsh(sym(a), **o), distinct(*s)),
            twin=lambda a, **o: eigh_twin(sym(a))[0],
            **options,
        )
        for s in SQUARE
        for options in ({}, {"UPLO": "U"})
    ),
    *(
        form(*(f, f"{f.__name__} of {uplo}", call, a), twin=lambda a, t=twin, u=uplo: t(mirrored(a, u)))
        for f, uplo, call, twin in TRIANGLES
        for a in (LOPSIDED.copy(), np.stack([LOPSIDED[:2, :2], LOPSIDED[1:, 1:]]))
    ),
    *(c for s in FLAT for c in parts(np.linalg.svd, SVD, thin, svd_twin, distinct(*s))),
    *parts(np.linalg.svd, SVD, np.linalg.svd, svd_twin, distinct(2, 3, 3)),
    *(form(np.linalg.svd, "svd, values", values, distinct(*s), twin=lambda a: svd_twin(a)[1]) for s in FLAT),
    *(
        form(np.linalg.svdvals, "", np.linalg.svdvals, distinct(*s), twin=lambda a: svd_twin(a)[1])
        for s in FLAT
    ),
    *parts(thin_svd, SVD, lambda a: record(thin_svd, (a,), {}), svd_twin, distinct(3, 2)),
    *(form(np.linalg.cond, "", np.linalg.cond, distinct(*s), twin=cond_twin) for s in FLAT),
    form(np.linalg.cond, "", np.linalg.cond, distinct(3, 3), twin=cond_twin, p=-2),
    *(form(np.linalg.cond, "", np.linalg.cond, of(*UNEVEN), twin=None, p=p) for p in (1, np.inf, "fro")),
    *(
        case(np.linalg.tensorinv, regular(4, 4).reshape(s), ind=k)
        for s, k in [((2, 2, 4), 2), ((4, 2, 2), 1)]
    ),
    case(np.linalg.tensorsolve, regular(4, 4).reshape(2, 2, 4), real(2, 2)),
    case(np.linalg.tensorsolve, regular(4, 4).reshape(2, 2, 4), real(4), axes=(1, 0)),
    case(np.linalg.matrix_rank, real(3, 2)),
    case(np.linalg.matrix_rank, real(2, 2, 2), tol=0.5),
]

# det at singular matrices, and equal singular values
ONES, EYE = np.ones((2, 2)), np.eye(3)
BOUNDARIES += [
    ("det of rank n-1", np.linalg.det, [ONES], [[[1, -1], [-1, 1]]]),
    ("det of rank n-2", np.linalg.det, [np.diag([2, 0, 0])], [np.zeros((3, 3))]),
    ("det of 0", np.linalg.det, [[[0]]], [[[1]]]),
    ("det of a stack", np.linalg.det, [[ONES, [[3, 1], [2, 1]]]], [[[[1, -1], [-1, 1]], [[1, -2], [-1, 3]]]]),
    ("equal eigenvalues", np.linalg.eigvalsh, [EYE], [EYE]),
    ("equal eigenvalues of eigh", lambda a: np.linalg.eigh(a)[0], [EYE], [EYE]),
    ("equal singular values", np.linalg.svdvals, [EYE], [EYE]),
    ("equal singular values of svd", lambda a: np.linalg.svd(a)[1], [2 * EYE], [EYE]),
    ("matrix power 0", lambda a: np.linalg.matrix_power(a, 0), [EYE], [0 * EYE]),
    ("pinv of 0", np.linalg.pinv, [np.zeros((2, 3))], [np.zeros((2, 3))]),
]

REFUSED_OPTIONS += [
    ("qr, mode", lambda a, **o: np.linalg.qr(a.T, **o), {"mode": "complete"}),
    ("qr, raw", np.linalg.qr, {"mode": "raw"}),
    ("svd, full_matrices", lambda a, **o: np.linalg.svd(a), {"full_matrices": True}),
]

THIRD += [
    ("inv and det", lambda a: np.linalg.det(a) * np.sum(np.linalg.inv(a) ** 2), [regular(3, 3)]),
    ("solve", lambda a, b: np.sum(np.linalg.solve(a, b) ** 3), [regular(2, 2), real(2, 2)]),
]
