"""Cases of einsum: all forms of subscripts."""

import numpy as np

from autograd.rules.einsum import einsum

from .cases_boundary import THIRD
from .cases_common import real, strided
from .cases_decompositions import form

EINSUMS = [
    # one operand: unchanged, rearranged, summed, its diagonals
    *[("i->i", (3,)), ("ij->ji", (2, 3)), ("ij->", (2, 3)), ("ij->j", (2, 3)), ("ba", (2, 3)), ("->", ())],
    *[("ii", (3, 3)), ("ii->", (3, 3)), ("ii->i", (3, 3)), ("iij->j", (2, 2, 3)), ("iji->ij", (2, 3, 2))],
    *[("iij->", (2, 2, 3)), ("iii->i", (2, 2, 2)), ("iijj->ij", (2, 2, 3, 3)), ("ijij->", (2, 3, 2, 3))],
    # two operands: products, with subscripts that only one of them has, or that are repeated
    *[("i,i", (3,), (3,)), ("i,j", (2,), (3,)), ("ij,jk", (2, 3), (3, 2)), ("ij,jk->ki", (2, 3), (3, 2))],
    *[("bij,bjk->bik", (2, 2, 3), (2, 3, 2)), ("ij,ij->ij", (2, 3), (2, 3)), ("ij,k->i", (2, 3), (2,))],
    *[("ij,kj->", (2, 3), (2, 3)), ("ii,i->i", (3, 3), (3,)), ("ii,jj", (2, 2), (3, 3)), (",i->i", (), (3,))],
    *[("iji,jk->k", (2, 3, 2), (3, 2)), ("ij,jj->i", (2, 3), (3, 3)), ("ab,cb,a", (2, 3), (2, 3), (2,))],
    # more operands
    *[("i,i,i", (3,), (3,), (3,)), ("ij,jk,kl->il", (2, 3), (3, 2), (2, 2)), ("i,ij,j", (2,), (2, 3), (3,))],
    # an ellipsis, of different lengths, stretched, and of none
    *[("...", (2, 3)), ("...i->...", (2, 3)), ("i...->...i", (2, 3)), ("...ij,...jk", (2, 2, 3), (3, 2))],
    *[("...i,...i->...", (2, 1, 3), (4, 3)), ("...i,i->...", (2, 3), (3,)), ("i...,i...", (3, 2), (3,))],
    *[("...ii->...i", (2, 3, 3)), ("...,...", (2, 1), (3,)), ("a...b,b...->a...", (2, 3, 2), (2, 3))],
    *[("...i,...->i...", (3,), (2,)), ("i...i->...", (2, 3, 2)), ("...ij->ji...", (2, 2, 3))],
    # axes of length 1 that NumPy stretches, and empty axes
    *[
        ("ij,ij->ij", (1, 3), (2, 3)),
        ("ij,jk->ik", (2, 1), (3, 2)),
        ("ij,jk", (0, 3), (3, 2)),
        ("i,i", (0,), (0,)),
    ],
    *[(" i j , j k -> i k ", (2, 3), (3, 2))],
]
PATH = ["einsum_path", (1, 2), (0, 1)]
SUBLISTS = [
    ([(2, 3), (3, 2)], [[0, 1], [1, 2]], []),
    ([(2, 3), (3, 2)], [[0, 1], [1, 2]], [[2, 0]]),
    ([(3, 3)], [[4, 4]], [[]]),
    ([(2, 3, 2), (2,)], [[..., 7], [7]], [[...]]),
    ([(2, 3), (2,)], [[30, 5], [30]], []),
]


def np_einsum(*arrays, subscripts, optimize=False):
    return np.einsum(subscripts, *arrays, optimize=optimize)


def interleaved(*arrays, lists, output):
    return np.einsum(*(part for pair in zip(arrays, lists, strict=True) for part in pair), *output)


CASES = [
    *(
        form(np.einsum, "", np_einsum, *(real(*s) for s in shapes), subscripts=spelling)
        for spelling, *shapes in EINSUMS
    ),
    *(
        form(
            *(np.einsum, "", np_einsum, real(2, 3), real(3, 2), real(2, 2)),
            subscripts="ij,jk,kl",
            optimize=optimize,
        )
        for optimize in (True, "greedy", "optimal", PATH)
    ),
    *(
        form(np.einsum, "", interleaved, *(real(*s) for s in shapes), lists=lists, output=output)
        for shapes, lists, output in SUBLISTS
    ),
    form(einsum, "", np_einsum, real(2, 3), real(3, 2), subscripts="ij,jk->ik"),
    form(np.einsum, "", np_einsum, strided(real(2, 3)), np.asfortranarray(real(3, 2)), subscripts="ij,jk"),
]

THIRD += [
    ("einsum", lambda a, b: np.sum(np.einsum("ii,...ij->j...", a, b) ** 2), [real(2, 2), real(2, 2, 3)]),
]
