"""The functions that the oldest supported version of NumPy does not have."""

import numpy as np

VERSION = tuple(map(int, np.__version__.split(".")[:2]))

SINCE = {
    "cumulative_prod": (2, 1),
    "cumulative_sum": (2, 1),
    "unstack": (2, 1),
    "matvec": (2, 2),
    "vecmat": (2, 2),
}


def has(name: str) -> bool:
    """Whether the running version of NumPy has the function `name`, which must be in SINCE.

    >>> has("unstack") == hasattr(np, "unstack")
    True
    """
    return SINCE[name] <= VERSION
