"""Functions without a gradient: piecewise constant functions, and questions about an array.

The result of a piecewise constant function stays the same when its argument changes a little.  So its
derivative is 0 wherever it has one, and nothing is passed back.
"""

from typing import Any

import numpy as np

from ..ops import rule, untracked

function: Any  # a ufunc or another callable
for function in (
    *(np.sign, np.floor, np.ceil, np.trunc, np.rint, np.round, np.around, np.fix, np.signbit, np.spacing),
    *(np.isnan, np.isinf, np.isfinite, np.isposinf, np.isneginf, np.logical_not, np.invert),
    *(np.argmax, np.argmin, np.nanargmax, np.nanargmin, np.argsort, np.all, np.any, np.count_nonzero),
    *(np.zeros_like, np.ones_like, np.empty_like, np.bitwise_count, np.isreal, np.iscomplex),
):
    rule(function, None)

for function in (
    *(np.greater, np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal, np.isclose),
    *(np.logical_and, np.logical_or, np.logical_xor, np.bitwise_and, np.bitwise_or, np.bitwise_xor),
    *(np.left_shift, np.right_shift, np.floor_divide, np.searchsorted, np.digitize),
    *(np.isin, np.gcd, np.lcm),
):
    rule(function, None, None)

untracked.update(
    (np.shape, np.ndim, np.size, np.allclose, np.array_equal, np.array_equiv, np.result_type, np.nonzero),
    (np.iscomplexobj, np.isrealobj, np.can_cast, np.common_type, np.min_scalar_type, np.flatnonzero),
    (np.shares_memory, np.may_share_memory, np.array_repr, np.array_str, np.array2string, np.argwhere),
    (np.ix_, np.ravel_multi_index, np.unravel_index, np.tril_indices_from, np.triu_indices_from),
    (np.diag_indices_from, np.lexsort, np.einsum_path, np.packbits, np.unpackbits),
    (np.argpartition, np.save, np.savetxt, np.savez, np.savez_compressed),
)
