"""Cases of complex intermediates and Fourier transforms: real losses of them."""

import numpy as np

from .cases_boundary import BOUNDARIES
from .cases_common import beyond_one, of, off_zero, positive, real
from .cases_decompositions import form

F = np.fft

# A transform of x with a twist, and a loss of it that depends on both parts.

ONE = [{}, {"n": 5}, {"n": 3}, {"norm": "ortho"}, {"norm": "forward"}, {"axis": 0}, {"axis": -2, "n": 3}]
N = [
    {},
    {"norm": "ortho"},
    {"axes": (1,)},
    {"axes": (0, -1), "norm": "forward"},
    {"s": (3, 5), "axes": (0, 1)},
]
TWO = [{}, {"norm": "ortho"}, {"axes": (0, 1)}, {"s": (3, 2)}, {"axes": (0, 1), "s": (1, 5)}]
SHIFTS = [{}, {"axes": 0}, {"axes": (1,)}, {"axes": (0, -1)}]


def twisted(function):
    """`function` of complex numbers made from x: its real part and twice its imaginary part, as an array."""

    def of(x, **options):
        z = function(x * (1 + 0.5j) + 1j * x * x, **options)
        return np.real(z) + 2 * np.imag(z)

    return of


def plain(function):
    """`function` of real numbers: its real part and twice its imaginary part."""

    def of_parts(*args, **options):
        z = function(*args, **options)
        return np.real(z) + 2 * np.imag(z)

    return of_parts


def timed(function):
    """`function` times 1, so that the contract sees a product of real numbers."""
    return lambda x, y: function(x, y) * 1


def power(function):
    """The squared absolute values of a transform."""
    return lambda x, **options: np.abs(function(x, **options)) ** 2


def cases(functions, kind, options, *shapes):
    """A case for each function, each of the options and each shape."""
    return [
        form(f, f"{kind.__name__} {f.__name__}", kind(f), real(*s), twin=None, **o)
        for f in functions
        for o in options
        for s in shapes
    ]


COMPLEX = {
    "real": (np.real, lambda x, y: np.real((x + 1j * y) ** 2)),
    "imag": (np.imag, lambda x, y: np.imag((x + 1j * y) ** 2)),
    "real of real": (np.real, lambda x, y: np.real(x) * y),
    "imag of real": (np.imag, lambda x, y: np.imag(x) + y * x),
    "conjugate": (np.conjugate, lambda x, y: np.real(np.conjugate(x + 1j * y) * (x + 2j) * y)),
    "conjugate of real": (np.conjugate, lambda x, y: np.conjugate(x) * y),
    "real if close": (np.real_if_close, lambda x, y: np.real_if_close(x + 1e-18j * y) * y),
    "absolute": (np.absolute, lambda x, y: np.abs((x + 1j * y) * (y + 2j))),
    "angle": (np.angle, lambda x, y: np.angle((x + 1j * y) * (3 + 1j))),
    "angle in degrees": (np.angle, lambda x, y: np.angle(x + 1j * y, deg=True)),
    "exp": (np.exp, lambda x, y: np.real(np.exp(1j * x) * y)),
    "divide": (np.divide, lambda x, y: np.abs(1 / (x + 2j * y))),
    "matmul": (np.matmul, lambda x, y: np.imag((x * 1j + 1) @ (y - 1j * y * y))),
    "log and sqrt": (np.log, lambda x, y: np.imag(np.log(x + 1j * y)) * np.real(np.sqrt(x - 1j * y))),
    "power": (np.power, lambda x, y: np.real((x + 1j * y) ** (2 + 1j))),
    "einsum": (np.einsum, lambda x, y: np.real(np.einsum("ij,kj->ik", x + 1j * y, x * (2 - 1j)))),
    "inv": (np.linalg.inv, lambda x, y: np.imag(np.linalg.inv(x @ y + 5j * np.eye(2)))),
    "solve": (np.linalg.solve, lambda x, y: np.real(np.linalg.solve(x + 4j * np.eye(2), y * (1 - 1j)))),
    "det": (np.linalg.det, lambda x, y: np.real(np.linalg.det(x + 3j * y)) * y),
    "norm": (np.linalg.norm, lambda x, y: np.linalg.norm(x + 1j * y, axis=0) * 1),
    "norm of order 3": (np.linalg.norm, lambda x, y: np.linalg.norm(x + 1j * y, 3, axis=0) * 1),
    "vdot": (np.vdot, lambda x, y: np.real(np.vdot(x + 1j * y, y * y + 2j * x)) * x),
}

E = np.emath
OF_ANY_SIGN = [E.sqrt, E.log, E.log2, E.log10]
OF_ANY_SIZE = [E.arcsin, E.arccos, E.arctanh]

EMATH = [
    *((f, a) for f in OF_ANY_SIGN for a in (off_zero(3), positive(3))),
    *((f, of(*x)) for f in OF_ANY_SIZE for x in [(-0.6, 0.1, 0.5), (1.5, 2, 3), (-1.5, -2)]),
    (E.logn, beyond_one(3), off_zero(3)),
    *((E.power, a, real(3)) for a in (off_zero(3), positive(3))),
]

CASES = [
    *(form(f, f"emath.{f.__name__}", plain(f), *arrays, twin=None) for f, *arrays in EMATH),
    *(
        form(f, f"{n}, complex", timed(of), positive(2, 2), positive(2, 2), twin=None)
        for n, (f, of) in COMPLEX.items()
    ),
    *cases((F.fft, F.ifft), plain, ONE, (2, 4)),
    *cases((F.fft, F.ifft), twisted, ONE, (2, 3)),
    *cases((F.rfft, F.ihfft), plain, ONE, (2, 4), (3, 3)),
    *cases((F.irfft, F.hfft), twisted, [*ONE, {"n": 4}], (3, 3)),
    *cases((F.fftn, F.ifftn), twisted, N, (2, 4)),
    *cases((F.fft2, F.ifft2), twisted, TWO, (2, 2, 3)),
    *cases((F.rfftn,), plain, N, (2, 4), (2, 3)),
    *cases((F.rfft2,), plain, TWO, (2, 2, 3)),
    *cases((F.irfftn,), twisted, N, (2, 4)),
    *cases((F.irfft2,), twisted, TWO, (2, 2, 3)),
    *cases((F.fft, F.rfft, F.fftn), power, [{}], (2, 4)),
    *(form(f, "", f, real(3, 4), **o) for f in (F.fftshift, F.ifftshift) for o in SHIFTS),
]

# Parseval: the sum of squares equals that of the transform divided by n, so the gradient is 2x.
BOUNDARIES += [
    *(
        (
            f"Parseval, {f.__name__}",
            lambda x, f=f: np.sum(np.abs(f(x, norm="ortho")) ** 2),
            [[1, -2, 0, 3]],
            [[2, -4, 0, 6]],
        )
        for f in (F.fft, F.ifft, F.fftn, F.ifftn)
    ),
    ("abs of complex 0", lambda x: np.abs(x + 1j * x), [[0, 0]], [[0, 0]]),
    ("there and back", lambda x: F.irfft(F.rfft(x), 3), [[1, 2, 4]], [[1, 1, 1]]),
]
