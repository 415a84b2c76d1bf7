"""Cases of the functions that came with a later NumPy than the oldest one that this library runs on."""

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.rules.versions import has

from .cases_assembly import joined
from .cases_common import CALL, NOT_ANALYTIC, case, off_zero, real
from .cases_decompositions import form


def present(*names: str) -> list[Callable[..., Any]]:
    """Those of these functions that the NumPy that runs is new enough to have."""
    return [getattr(np, name) for name in names if has(name)]


CUMULATIVE = present("cumulative_sum", "cumulative_prod")
UNSTACK = present("unstack")
SHAPES = {"matvec": [((2, 3), (3,)), ((2, 2, 3), (3,)), ((2, 3), (2, 3))],
          "vecmat": [((2,), (2, 3)), ((2,), (2, 2, 3)), ((2, 2), (2, 3))]}  # fmt: skip
TWINS = {
    "matvec": lambda a, x: (a @ x[..., None])[..., 0],
    "vecmat": lambda x, a: (x[..., None, :] @ a)[..., 0, :],
}

CALL.update({f: joined(f) for f in UNSTACK})
NOT_ANALYTIC.update(UNSTACK)

CASES = [
    *(case(f, off_zero(4), include_initial=start) for f in CUMULATIVE for start in (False, True)),
    *(case(f, off_zero(2, 3), axis=axis, include_initial=True) for f in CUMULATIVE for axis in (0, -1)),
    *(case(f, real(2, 3), axis=axis) for f in UNSTACK for axis in (0, 1, -1)),
    *(
        form(f, "", f, real(*a), real(*b), twin=TWINS[f.__name__])
        for f in present(*SHAPES)
        for a, b in SHAPES[f.__name__]
    ),
]
