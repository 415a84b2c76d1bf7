"""The lines of well-known backward passes: as `derive`, as Tangent and as textbooks write them.

`pip install tangent-ad` first, or its column says so.  Run it from the root of a checkout, as the
functions are the tests': `python -m benchmarks.lines`.
"""

from __future__ import annotations

import contextlib
import inspect
import io
from importlib.util import find_spec

from autograd import derive
from tests.derive_known import KNOWN, Known, lines


def by_tangent(known: Known) -> str:
    """How many lines Tangent writes; in brackets if these raise; a dash if it does not take the function."""
    if not find_spec("tangent"):
        return "not installed"
    import tangent.utils

    tangent.utils.autograd = None  # it looks for another package of this name, whose arrays it knows
    names = list(inspect.signature(known.forward).parameters)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            found = tangent.grad(known.forward, wrt=tuple(map(names.index, known.wrt)))
        n = lines(inspect.getsource(found))
    except Exception:  # whatever it raises for what it does not take
        return "–"  # noqa: RUF001
    try:
        found(**known.inputs)
    except Exception:
        return f"({n})"
    return str(n)


if __name__ == "__main__":
    print("| derivation | here | Tangent | textbook |\n|---|---|---|---|")
    for known in KNOWN:
        here = lines(derive(known.forward, known.inputs, known.wrt).source)
        print(f"| {known.name} | {here} | {by_tangent(known)} | {lines(known.backward)} |")
