"""Cases of eigenvalues of any square matrix, and of their eigenvectors."""

import numpy as np

from .cases_boundary import BOUNDARIES
from .cases_common import of
from .cases_decompositions import form

# Matrices with real eigenvalues, with a pair of complex ones, a stack of both, and a 1 x 1 matrix.
MATRICES = [
    of([1, 0.5, 0.2], [-0.3, 3, 0.4], [0.1, -0.2, 5.5]),
    of([1, 2, 0], [-3, 1, 0.5], [0.2, -1, 4]),
    np.stack([of([1, 2], [-3, 0.5]), of([3, 1], [0.5, -2])]),
    of([2]),
]


def values(a):
    """Both parts of the eigenvalues, in a form that does not depend on the order inside a pair."""
    w = np.linalg.eigvals(a)
    return np.real(w * w) + np.imag(w) ** 3


def both(a):
    """The eigenvectors as NumPy normalises them, up to a sign: with its length and phase."""
    w, v = np.linalg.eig(a)
    return np.real(v) ** 2 + 3 * np.imag(v) * np.real(v) + np.real(w * w)[..., None, :]


def free(a):
    """A quantity that no factor of an eigenvector changes."""
    v = np.linalg.eig(a)[1]
    return np.real(v[..., :1] @ np.linalg.inv(v)[..., :1, :]) * 1


CASES = [
    *(form(np.linalg.eigvals, "", values, a.copy(), twin=None) for a in MATRICES),
    *(form(np.linalg.eig, "eig, wv", both, a.copy(), twin=None) for a in MATRICES),
    *(form(np.linalg.eig, "eig, v", free, a.copy(), twin=None) for a in MATRICES[:3]),
]

EYE = np.eye(2)
BOUNDARIES += [
    ("equal eigenvalues of eig", lambda a: np.linalg.eig(a)[0], [EYE], [EYE]),
    ("the sum of equal eigenvalues", lambda a: np.sum(np.linalg.eigvals(a)), [EYE], [EYE]),
]
