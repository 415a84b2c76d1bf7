"""Cases of functions that rearrange, join, read and write elements."""

import operator
from dataclasses import replace

import numpy as np

import autograd
from autograd.functions import cast, flatten

from .cases_common import case, of, real, strided

at = np.s_  # an index in Python's notation: at[1:3, ::-1]
ROWS = np.array([0, 2, 2])
COLUMNS = np.array([1, 1, 3])
MASK = np.array([[True, False, False, True], [False, True, True, False], [False] * 4])
NONE = np.array([], int)

# Indices of an array of shape (3, 4), by their kind; the indices in REPEATED name a place twice.
BASIC = [
    *[at[1], at[-1], at[np.int64(2)], at[0, 1], at[-1, -2], at[()], at[True]],
    *[at[...], at[..., 0], at[0, ...]],
    *[at[1:3], at[::-1], at[2:0:-2], at[:, ::-2], at[:2, 1], at[2:2], at[:, 4:1]],
    *[at[None], at[None, 1], at[:, None, 1:3], at[..., None], at[1, None, 2]],
]
ADVANCED = [
    *[at[np.array([2, 0])], at[[2, 0]], at[[2, 0], [1, 1]], at[np.array([[0, -1]])]],
    *[at[:2, np.array([3, 0])], at[np.array([0, 1]), 1:3], at[None, [0, 2]], at[..., [0, 3]]],
    *[at[MASK], at[~MASK], at[MASK[:, 0]], at[MASK[:, 0], 1], at[:, MASK[0]], at[MASK[:, 1], :2]],
    *[at[NONE], at[NONE, NONE], at[MASK & False], at[NONE, 1:3]],
]
REPEATED = [
    *[at[ROWS], at[[0, 0, 0]], at[ROWS, COLUMNS], at[ROWS, 1:3], at[:, COLUMNS], at[..., COLUMNS]],
    *[at[np.array([[0, 1], [1, 1]])], at[np.array([[0], [2]]), COLUMNS], at[1, COLUMNS], at[[-1, 2], 0]],
]
# Arrays on either side of a slice put their axes first.
REPEATED_OF_THREE_AXES = [at[0, :, ROWS], at[ROWS, :, ROWS]]
OF_THREE_AXES = [at[0, :, [1, 0]], at[:1, 1, [1, 0]], at[..., [1, 0], None, 1]]

LASTING = "which of several writes to one place lasts is known from the index alone, not computed"


def writes(function, index, shapes):
    """`copy[index] = v` for v of these shapes, and for a number."""
    return [case(function, real(3, 4), v, index=index) for v in (*(real(*s) for s in shapes), 2.5)]


def shape_of(index):
    return np.zeros((3, 4))[index].shape


def shapes_into(index):
    """The shapes that can be written there: as many elements as there are places, or one for all of them."""
    return {shape_of(index): None, (): None, (1,) * len(shape_of(index)): None}  # each once, in order


CASES = [
    *(case(operator.getitem, real(3, 4), index) for index in BASIC + ADVANCED + REPEATED),
    *(case(operator.getitem, real(3, 2, 3), index) for index in REPEATED_OF_THREE_AXES + OF_THREE_AXES),
    *(case(operator.getitem, real(), index) for index in ((), ..., None)),
    case(operator.getitem, strided(real(3, 4)), ROWS),
    *(c for i in BASIC + ADVANCED for c in writes(operator.setitem, i, shapes_into(i))),
    *(
        replace(c, constants=LASTING)
        for f in (operator.setitem, autograd.put)
        for i in REPEATED
        for c in writes(f, i, shapes_into(i))
    ),
    *(case(operator.setitem, real(3, 2, 3), real(1, 2), index=i) for i in OF_THREE_AXES[:2]),
    *(c for i in (at[1], at[:2], MASK) for c in writes(autograd.put, i, shapes_into(i))),
    *(case(operator.setitem, real(), real(), index=index) for index in ((), ...)),
    case(operator.setitem, real(3), real(1, 2), index=at[:2]),
    *(
        case(autograd.scatter, real(*shape_of(i)), index=i, shape=(3, 4))
        for i in [at[1], at[::-1], at[0, 1], at[...], at[NONE], MASK, ROWS, at[ROWS, COLUMNS], at[:, COLUMNS]]
    ),
    case(autograd.scatter, real(), index=ROWS, shape=(3,)),
    case(autograd.scatter, real(2), index=at[:2, [0, 0]], shape=(3, 4)),
    *(
        case(autograd.windows, real(*n), size=size, stride=stride, dilation=dilation)
        for n, size, stride, dilation in [
            ((5,), (2,), (1,), (1,)),
            ((7,), (3,), (2,), (2,)),
            ((2, 5, 4), (2, 3), (2, 1), (1, 1)),
            ((0, 3), (2,), (1,), (1,)),
        ]
    ),
    *(
        case(autograd.fold, real(*of), shape=shape, stride=stride, dilation=dilation)
        for of, shape, stride, dilation in [
            ((2, 4), (5,), (1,), (1,)),
            ((3, 2), (8,), (2,), (2,)),
            ((2, 2, 3, 2, 2), (2, 5, 4), (2, 1), (1, 1)),
            ((0, 2, 2), (0, 3), (1,), (1,)),
        ]
    ),
    *(case(cast, real(*shape), dtype=np.dtype(t)) for shape in ((), (2, 3)) for t in (float, np.float32)),
    # the same elements in another shape
    *(case(np.reshape, real(2, 6), shape) for shape in ((12,), (3, 4), (-1,), (3, -1), (2, 1, 6), 12)),
    *(case(np.reshape, real(2, 6), (3, 4), order=order) for order in "CF"),
    *(case(np.reshape, real(*shape), to) for shape, to in [((), (1, 1)), ((1,), ()), ((0, 3), (3, 0))]),
    *(case(np.reshape, np.asfortranarray(real(2, 6)), (3, 4), order=order) for order in "CF"),
    *(case(np.ravel, real(*shape)) for shape in ((), (3,), (2, 3), (0, 2))),
    *(case(np.ravel, real(2, 3, 2), order=order) for order in "CF"),
    *(case(np.ravel, strided(real(2, 3)), order=order) for order in "CF"),
    *(case(flatten, real(*shape), order=order) for shape in ((), (2, 3)) for order in "CF"),
    case(np.squeeze, real(1, 3, 1)),
    *(case(np.squeeze, real(1, 3, 1), axis=axis) for axis in (0, -1, (0, 2))),
    *(case(np.expand_dims, real(2, 3), axis) for axis in (0, 1, -1, (0, 2))),
    case(np.expand_dims, real(), 0),
    *(case(np.copy, real(*shape)) for shape in ((), (2, 3))),
    case(np.copy, real(2, 3), order="F"),
    # the axes in another order
    *(case(np.transpose, real(*shape)) for shape in ((), (3,), (2, 3), (2, 3, 2), (0, 2))),
    *(case(np.transpose, real(2, 3, 4), axes) for axes in ((1, 2, 0), (2, 0, 1), (-1, 0, -2), [0, 2, 1])),
    *(case(np.transpose, of(1, 2, 3), axes) for axes in (0, -1, np.int64(0), (0,), [-1])),
    case(np.transpose, of([1, 2, 3], [4, 5, 6]), np.array([-1, 0])),
    *(case(np.transpose, np.array(2.5), axes) for axes in (None, (), [])),
    *(case(np.matrix_transpose, real(*shape)) for shape in ((2, 3), (2, 3, 4))),
    *(case(np.swapaxes, real(2, 3, 4), *axes) for axes in ((0, 1), (-1, 0), (1, 1))),
    *(case(np.moveaxis, real(2, 3, 4), *axes) for axes in ((0, -1), (2, 0), ([0, 1], [-1, 0]))),
    *(case(np.flip, real(2, 3), axis=axis) for axis in (None, 0, -1, (0, 1))),
    case(np.flip, real()),
    *(
        case(np.broadcast_to, real(*shape), to)
        for shape, to in [((), ()), ((), (2, 3)), ((3,), (2, 3)), ((2, 1), (2, 3)), ((1,), (0,))]
    ),
    # several arrays in one
    *(case(np.concatenate, [real(2, 3), real(1, 3), real(2, 3)], axis=axis) for axis in (0, -2)),
    case(np.concatenate, [real(1, 3), real(2, 3)]),
    *(case(np.concatenate, [real(2, 1), real(2, 0), real(2, 2)], axis=axis) for axis in (1, -1)),
    case(np.concatenate, [real(2, 2), real(), real(3)], axis=None),
    case(np.concatenate, [real(3), np.array([1, 2]), real(1)]),
    case(np.concatenate, [real(2, 2), 1.5], axis=None),
    case(np.concatenate, [real(3)]),
    *(case(np.stack, [real(2, 3), real(2, 3)], axis=axis) for axis in (0, 1, 2, -1)),
    case(np.stack, [real(2), real(2), real(2)]),
    case(np.stack, [real(), real(), 1.5]),
    case(np.stack, [real(0, 2), real(0, 2)], axis=1),
    case(np.stack, [real(3)]),
]
