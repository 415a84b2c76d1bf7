"""Cases of functions that choose among elements."""

import numpy as np

from .cases_common import KEEP_INTEGERS, NOT_ANALYTIC, case, real, spaced, strided
from .cases_decompositions import form

INDICES = [1, -1, [0, 2, 2], [[0, 1], [-1, 0]], []]
MASK = np.array([True, False, True])
CONDITIONS = [MASK, ~MASK]

KEEP_INTEGERS.add(np.select)  # NumPy does not ask whether the default is a Tensor
NOT_ANALYTIC.update(
    (
        np.take,
        np.take_along_axis,
        np.choose,
        np.select,
        np.compress,
        np.extract,
        np.sort,
        np.partition,
        np.sort_complex,
        np.bincount,
    )
)

CASES = [
    *(case(np.take, real(3, 4), np.array(i, int)) for i in INDICES),
    *(case(np.take, real(3, 4), np.array(i, int), axis) for i in INDICES for axis in (0, 1, -1)),
    *(case(np.take, real(3, 4), [-9, 1, 13], axis, mode=m) for m in ("wrap", "clip") for axis in (None, 1)),
    case(np.take, real(), 0),
    *(case(np.take_along_axis, real(3, 4), np.array([[0, 2, -1, 0]]), axis) for axis in (0, -2)),
    *(case(np.take_along_axis, real(2, 3, 2), np.array([[[1], [1]]]), axis) for axis in (1, -2)),
    case(np.take_along_axis, real(3, 1), np.array([[0, 0], [0, 0], [0, 0]]), -1),
    case(np.take_along_axis, real(2, 3), np.array([5, 0, 0]), None),
    *(case(np.choose, np.array(a), [real(3), real(2, 1), 2.0]) for a in (0, 2, [0, 1, 2], [[1], [0]])),
    *(case(np.choose, np.array([-1, 1, 5]), [real(3), real(3)], mode=mode) for mode in ("wrap", "clip")),
    case(np.select, CONDITIONS, [real(3), real(2, 3)], real()),
    case(np.select, [MASK, MASK], [real(3), real(3)]),
    case(np.select, [MASK], [real()], 1.5),
    *(
        case(np.compress, c, real(3, 4), axis)
        for c in ([1, 0, 1], MASK, [False])
        for axis in (None, 0, 1, -1)
    ),
    *(case(np.extract, c, real(2, 3)) for c in (np.array([MASK, ~MASK]), [[1, 0, 1], [0, 0, 0]])),
    *(case(np.sort, spaced(3, 4), axis=axis) for axis in (None, 0, 1, -1)),
    *(case(np.sort, a) for a in (spaced(5), strided(spaced(2, 3)), spaced(0, 3), spaced(2, 2, 3))),
    case(np.sort, spaced(5), kind="stable"),
    form(np.sort_complex, "", lambda x: np.real(np.sort_complex(x)) * 1, spaced(2, 4), twin=None),
    *(case(np.partition, spaced(9), kth) for kth in (0, 4, -1, [2, 6])),
    *(case(np.partition, spaced(3, 4), 1, axis) for axis in (None, 0, -1)),
    *(case(np.bincount, np.array([0, 2, 2]), real(3), minlength=n) for n in (0, 5)),
]
