"""Which functions came with a later version of NumPy than the oldest that this library runs on."""

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
    """Whether the NumPy that runs is new enough to have the function `name`, which SINCE lists.

    >>> has("unstack") == hasattr(np, "unstack")
    True
    """
    return SINCE[name] <= VERSION
