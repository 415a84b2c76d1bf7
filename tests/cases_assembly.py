"""Cases of functions that take arrays apart and put them together."""

import numpy as np

from .cases_common import CALL, KEEP_INTEGERS, NOT_ANALYTIC, TWIN, case, of, real, strided

SHAPES = [(3,), (2, 3), (2, 3, 2)]


def joined(function):
    """A function with several results, as a function that returns all of their elements in a row."""
    return lambda *args, **options: np.concatenate([np.ravel(part) for part in function(*args, **options)])


WINDOWS = np.lib.stride_tricks.sliding_window_view

# fmt: off
SPLITTING = [np.split, np.array_split, np.hsplit, np.vsplit, np.dsplit]
SEVERAL = [*SPLITTING, np.broadcast_arrays, np.meshgrid]
REARRANGING = [np.roll, np.triu, np.tril, np.delete, np.rollaxis, np.rot90, np.flipud, np.fliplr,
               np.tile, np.repeat, np.resize, np.pad, np.atleast_1d, np.atleast_2d, np.atleast_3d,
               WINDOWS, np.diag, np.diagflat, np.diagonal, np.trace]
JOINING = [np.hstack, np.vstack, np.dstack, np.column_stack, np.append, np.block, np.insert]
# fmt: on

CALL.update({f: joined(f) for f in SEVERAL})
KEEP_INTEGERS.add(np.insert)
TWIN[np.astype] = lambda a, dtype: a
NOT_ANALYTIC.update((*SEVERAL, *REARRANGING, *JOINING, np.astype))

CASES = [
    # joining
    *(case(f, [real(3), real(3)]) for f in JOINING[:4]),
    *(case(f, [real(2, 3), real(2, 3), real(2, 3)]) for f in JOINING[:4]),
    *(case(f, [real(2, 1, 2), real(2, 1, 2)]) for f in (np.hstack, np.vstack, np.dstack)),
    *(case(f, [real(), 1.5, real()]) for f in JOINING[:4]),
    case(np.hstack, [real(2, 1), np.array([[1], [2]])]),
    case(np.column_stack, [real(2), real(2, 3), [1, 2]]),
    *(case(np.append, real(*a), real(*b)) for a, b in [((2, 3), (2,)), ((), ()), ((0,), (2, 1))]),
    *(case(np.append, real(2, 3), real(2, 1), axis) for axis in (1, -1)),
    case(np.append, real(2), 1.0),
    case(np.block, [real(2), real(), 1]),
    case(np.block, [[real(2, 2), real(2, 1)], [real(1, 2), real(1, 1)]]),
    case(np.block, [[real(2), real(1)], [real(3)]]),
    case(np.block, [real(2, 2, 1), real(2, 2, 2)]),
    case(np.insert, real(3), 1, real()),
    case(np.insert, real(2, 3), 1, real(3), axis=0),
    case(np.insert, real(2, 3), -1, real(2), axis=1),
    case(np.insert, real(2, 3), 1, real(2, 2), axis=1),
    case(np.insert, real(2, 3), [1], real(2, 1), axis=1),
    case(np.insert, real(2, 3), [2, 0, 2], real(3), axis=1),
    case(np.insert, real(2, 3), [3, 0], real(2, 2), axis=1),
    case(np.insert, real(2, 3), slice(0, 2), real(2), axis=1),
    case(np.insert, real(2, 2), [1, 1], real(2)),
    case(np.insert, real(2, 3), np.array([True, False, True]), 2.0, axis=-1),
    *(
        case(np.kron, real(*a), real(*b))
        for a, b in [((2,), (3,)), ((2, 1), (2, 3)), ((3,), (2, 2)), ((), (2,))]
    ),
    case(np.kron, real(2, 1, 2), np.array([1, 2])),
    # taking apart
    *(case(np.array_split, real(5, 2), n) for n in (1, 2, 3, 7, [1, 3], [2, 1], [4, 9], [-1])),
    *(case(np.split, real(4, 2), n) for n in (1, 2, [1, 3], np.array([2]))),
    *(case(np.split, real(2, 4), 2, axis=axis) for axis in (0, 1, -1)),
    *(case(f, real(2, 4, 2), [1]) for f in SPLITTING),
    case(np.hsplit, real(4), 2),
    *(case(np.delete, real(3, 4), i) for i in (0, -1, [0, 2, 2], slice(1, 9, 2), [])),
    *(case(np.delete, real(3, 4), [1, -1], axis=axis) for axis in (0, 1, -1)),
    case(np.delete, real(3), np.array([True, False, True])),
    # diagonals
    *(case(f, real(3, 4), k) for f in (np.triu, np.tril) for k in (0, 1, -2)),
    *(case(f, real(2, 3, 3)) for f in (np.triu, np.tril)),
    *(case(f, real(3, 4), k) for f in (np.diag, np.diagonal, np.trace) for k in (0, 1, -2, 9)),
    *(case(np.diag, real(3), k) for k in (0, 1, -2)),
    *(case(np.diagflat, real(*shape), k) for shape in ((2,), (2, 2)) for k in (0, -1)),
    *(
        case(f, real(2, 3, 4), 1, *axes)
        for f in (np.diagonal, np.trace)
        for axes in [(0, 1), (-1, 0), (2, 1)]
    ),
    case(np.diagonal, strided(real(3, 3))),
    # axes, and broadcasting
    *(
        case(f, real(*shape))
        for f in (np.atleast_1d, np.atleast_2d, np.atleast_3d)
        for shape in [(), *SHAPES]
    ),
    *(case(np.broadcast_arrays, real(*a), real(*b)) for a, b in [((3,), (2, 1)), ((), (2,)), ((2,), (2,))]),
    case(np.broadcast_arrays, real(2, 1), [1, 2]),
    *(
        case(np.meshgrid, *map(real, lengths), sparse=sparse, indexing=indexing)
        for lengths in [(3,), (2, 3), (2, 3, 2)]
        for sparse in (False, True)
        for indexing in ("xy", "ij")
    ),
    *(case(np.rollaxis, real(2, 3, 4), *axes) for axes in [(2,), (-1, 1), (0, 3), (1, -1), (1, 2)]),
    *(case(np.rot90, real(2, 3), k) for k in (0, 1, 2, 3, -1, 5)),
    *(case(np.rot90, real(2, 3, 2), 1, axes) for axes in [(0, 2), (2, 1), (-1, 0)]),
    *(case(f, real(2, 3)) for f in (np.flipud, np.fliplr)),
    case(np.flipud, real(3)),
    *(
        case(np.roll, real(2, 3), shift, axis)
        for shift, axis in [(1, None), (-2, 1), ((1, 2), (0, 1)), (1, (0, -1))]
    ),
    *(case(np.roll, real(*shape), 2) for shape in [(), (5,)]),
    *(case(np.astype, real(2, 3), np.dtype(t)) for t in (float, np.float32)),
    # repeating
    *(
        case(np.tile, real(*shape), reps)
        for shape in [(), (3,), (2, 3)]
        for reps in (2, (2, 1), (2, 1, 3), 0, ())
    ),
    *(case(np.repeat, real(2, 3), 2, axis) for axis in (None, 0, 1, -1)),
    *(case(np.repeat, real(2, 3), [2, 0, 1], axis) for axis in (1, -1)),
    *(case(np.repeat, real(3), n) for n in (0, 1, [1, 2, 0], [2])),
    case(np.repeat, real(), 3),
    *(case(np.repeat, np.array(2.5), 3, axis) for axis in (0, -1)),
    *(case(WINDOWS, real(2, 4), *window) for window in [(2, 1), (2, -1), ((1, 3),), ((2, 2), (1, 1))]),
    *(case(np.resize, real(2, 3), shape) for shape in [(3, 4), (2,), 7, (2, 0)]),
    *(case(np.pad, real(2, 3), widths) for widths in (0, 1, (1, 2), ((1, 0), (0, 2)), ((2,), (1,)))),
    *(case(np.pad, real(3), 2, mode, **o) for mode in ("edge", "reflect", "symmetric", "wrap") for o in [{}]),
    *(case(np.pad, real(2, 3), ((4, 1), (0, 7)), mode) for mode in ("edge", "reflect", "symmetric", "wrap")),
    case(np.pad, real(2, 3), ((1, 2), (0, 1)), "constant", constant_values=((1, 2), (3, 4))),
    case(np.pad, of(1, 2, 3), 1, constant_values=5.0),
    *(case(np.pad, real(*shape), 1) for shape in [(), (0,), (1, 2, 1)]),
]
