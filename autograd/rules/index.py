"""The derivative of indexing: the cotangent is added at the index that was read."""

import operator
from typing import Any

from ..engine import project
from ..functions import cast, scatter
from ..ops import rule


def getitem(a: Any, index: Any) -> Any:
    """`a[index]`."""
    return a[index]


rule(
    operator.getitem,
    lambda g, y, a, index=None: scatter(g, index=index, shape=a.shape),
    call=getitem,
    view=True,
)
rule(cast, lambda g, y, a, dtype=None: project(g, a))
