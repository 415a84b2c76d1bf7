"""Cases of norms, and of products that are composed of others."""

from math import inf

import numpy as np

from .cases_boundary import BOUNDARIES
from .cases_common import case, real, rng
from .cases_decompositions import cond_twin, distinct, form, svd_twin

NORMS = [
    *[((3,), {}), ((), {}), ((2, 3), {}), ((2, 2, 2), {}), ((2, 3), {"keepdims": True})],
    *[((2, 3), {"axis": 0}), ((2, 3), {"axis": (0, 1)}), ((2, 2, 2), {"axis": (2, 0), "keepdims": True})],
    *[((3,), {"ord": p}) for p in (2, 1, inf, -inf, 3, 2.5, 0.5, -1, -2)],
    *[((2, 3), {"ord": p, "axis": -1, "keepdims": True}) for p in (2, 1, inf, -inf, 3)],
    *[((3, 2), {"ord": p}) for p in ("fro", 1, -1, inf, -inf)],
    *[((2, 2, 2), {"ord": p, "axis": (0, 2), "keepdims": True}) for p in ("fro", 1, -1, inf, -inf)],
    *[((2, 2, 2), {"ord": p, "axis": (2, 1)}) for p in ("fro", 1, -1, inf, -inf)],
    ((2, 3), {"ord": 1, "axis": (0,)}),
]
OF_VALUES = {"nuc": np.sum, 2: np.max, -2: np.min}
VECTOR = [{}, {"ord": 1, "axis": 1}, {"ord": inf}, {"ord": 3, "axis": (0, 1), "keepdims": True}]
MATRIX = [{}, {"ord": 1}, {"ord": -inf, "keepdims": True}]

CROSS = [
    *[
        ((3,), (3,), {}),
        ((2, 3), (3,), {}),
        ((3, 2), (3,), {"axisa": 0}),
        ((3, 2), (2, 3), {"axisa": 0, "axisc": 0}),
    ],
    *[((3, 2), (3, 2), {"axis": 0}), ((2, 1, 3), (4, 3), {}), ((2, 3, 2), (3,), {"axisa": 1, "axisc": 1})],
]
VECDOT = [((3,), (3,)), ((2, 3), (3,)), ((2, 1, 3), (4, 3)), ((0,), (0,))]
DIAGONAL = [((3, 3), 0), ((2, 3), 1), ((3, 2), -1), ((2, 3, 3), 0), ((2, 2, 2), -2), ((2, 2), 5)]


def norm_of_values(a, ord, axis=None, keepdims=False):  # noqa: A002
    """A norm by the singular values of a complex matrix."""
    moved = np.moveaxis(a, axis, (-2, -1)) if axis else a
    result = OF_VALUES[ord](np.sort(svd_twin(moved)[1]), -1)
    return np.expand_dims(result, axis or (0, 1)) if keepdims else result


def apart(*shape):
    """Of either sign, with powers of 2 as magnitudes: no two sums of different ones are close."""
    magnitudes = 0.25 * 2.0 ** rng.permutation(int(np.prod(shape))).reshape(shape)
    return np.asarray(magnitudes * rng.choice([-1, 1], shape))


def vecdot_twin(a, b, axis=-1):
    return np.sum(np.moveaxis(a, axis, -1) * np.moveaxis(b, axis, -1), -1)


CASES = [
    *(form(np.linalg.norm, "", np.linalg.norm, apart(*s), twin=None, **o) for s, o in NORMS),
    *(
        form(np.linalg.norm, "", np.linalg.norm, distinct(*s), twin=norm_of_values, ord=p, **o)
        for p in OF_VALUES
        for s, o in [((3, 2), {}), ((2, 3, 3), {"axis": (1, 2)}), ((3, 3), {"keepdims": True})]
    ),
    *(form(np.linalg.vector_norm, "", np.linalg.vector_norm, apart(2, 3), twin=None, **o) for o in VECTOR),
    *(form(np.linalg.matrix_norm, "", np.linalg.matrix_norm, apart(2, 2, 2), twin=None, **o) for o in MATRIX),
    *(form(np.linalg.cond, "", np.linalg.cond, distinct(*s), twin=cond_twin) for s in [(2, 2), (2, 3, 3)]),
    *(case(np.cross, real(*a), real(*b), **o) for a, b, o in CROSS),
    *(case(np.linalg.cross, real(*a), real(*b)) for a, b in [((3,), (3,)), ((2, 3), (1, 3))]),
    case(np.linalg.cross, real(3, 2), real(3, 2), axis=0),
    *(
        form(np.vdot, "", np.vdot, real(*a), real(*b), twin=lambda a, b: np.dot(a.ravel(), b.ravel()))
        for a, b in [((3,), (3,)), ((2, 3), (3, 2)), ((), ())]
    ),
    *(
        form(f, label, f, real(*a), real(*b), twin=vecdot_twin)
        for f, label in [(np.vecdot, ""), (np.linalg.vecdot, "linalg.vecdot")]
        for a, b in VECDOT
    ),
    form(
        np.linalg.vecdot, "linalg.vecdot", np.linalg.vecdot, real(3, 2), real(3, 2), twin=vecdot_twin, axis=0
    ),
    *(case(f, real(*s), offset=k) for f in (np.linalg.diagonal, np.linalg.trace) for s, k in DIAGONAL),
    case(np.linalg.matmul, real(2, 3), real(3, 2)),
    case(np.linalg.outer, real(3), real(2)),
    case(np.linalg.tensordot, real(2, 3), real(3, 2), axes=1),
    case(np.linalg.matrix_transpose, real(2, 2, 2)),
    case(np.linalg.multi_dot, [real(2, 3), real(3, 2)]),
    case(np.linalg.multi_dot, [real(2, 3), real(3, 4), real(4, 1)]),
    case(np.linalg.multi_dot, [real(2), real(2, 3), real(3, 4), real(4)]),
    case(np.linalg.multi_dot, [real(2), real(2)]),
    case(np.linalg.multi_dot, [real(2, 3), real(3)]),
    case(np.linalg.multi_dot, [real(2), real(2, 1), real(1, 3)]),
]

BOUNDARIES += [
    ("norm at 0", np.linalg.norm, [[0, 0]], [[0, 0]]),
    ("norm of rows", lambda x: np.linalg.norm(x, axis=1), [[[0, 0], [3, 4]]], [[[0, 0], [0.6, 0.8]]]),
    ("norm of order 0", lambda x: np.linalg.norm(x, 0), [[0, 3]], [[0, 0]]),
    *((f"norm of order {p} at 0", lambda x, p=p: np.linalg.norm(x, p), [[0, 0]], [[0, 0]])
      for p in (1, 2, 3, 1.5, 0.5, inf, -inf, -1)),
    ("norm of order 1, an element 0", lambda x: np.linalg.norm(x, 1), [[-2, 0]], [[-1, 0]]),
    ("norm of order 3, an element 0", lambda x: np.linalg.norm(x, 3), [[-2, 0]], [[-1, 0]]),
    ("norm of order inf, a tie", lambda x: np.linalg.norm(x, inf), [[-2, 2, 1]], [[-0.5, 0.5, 0]]),
    ("Frobenius norm at 0", lambda x: np.linalg.norm(x, "fro"), [np.zeros((2, 2))], [np.zeros((2, 2))]),
]  # fmt: skip
