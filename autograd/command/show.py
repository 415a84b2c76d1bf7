"""What a function of a file computes: run on Tensors, for a picture, a page, or its derivation."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping
from types import CodeType, FrameType
from typing import Any

import numpy as np

from ..check.hand.observe.objects.reach import Reach, Root
from ..check.hand.observe.objects.state import State, exchanged
from ..check.hand.observe.probes.trace import path_text
from ..graph.naming import items_of
from ..tensor import Tensor
from .files import CallError


def run(
    function: Callable[..., Any], inputs: Mapping[str, Any], wrt: list[str] | None
) -> tuple[Tensor, dict[str, Any]]:
    """What a function returns for its inputs, first, and names for the arrays that it was made of.

    The arrays of floats among the inputs, and in what the function can reach, are Tensors that require a
    gradient meanwhile; if there is a list `wrt`, only those whose names begin with one in it.  A Tensor that
    requires none, such as a buffer of a layer, stays a constant.

    Raises CallError for a name in `wrt` that there is not, and if what is returned is no Tensor.
    """
    given = dict(inputs)
    reach = Reach([((Root.INPUTS,), given), ((Root.OWN,), function)])
    leaves: dict[str, Any] = {}

    def leaf(path: tuple[Any, ...], value: Any) -> Any:
        if value.dtype.kind != "f" or (type(value) is Tensor and not value.requires_grad):
            return value
        wanted = wrt is None or path[1] in wrt
        leaves[path_text(path)] = Tensor(value, requires_grad=True) if wanted else value
        return leaves[path_text(path)]

    held: dict[str, Any] = {}
    before = State(reach)
    exchanged(reach, leaf)
    try:
        roots = {name.partition(".")[0].partition("[")[0] for name in leaves}
        if wrong := set(wrt or ()) - roots:
            raise CallError(
                f"--wrt {','.join(sorted(wrong))}: {function.__name__} has no such arrays of floats: "
                f"there are {', '.join(sorted(roots)) or 'none'}"
            )
        code: CodeType = getattr(function, "__func__", function).__code__
        with contextlib.redirect_stdout(sys.stderr), watching(code, held):
            output = function(**given)
    finally:
        before.restore()
    while isinstance(output, tuple | list) and output:
        output = output[0]
    if type(output) is not Tensor:
        raise CallError(
            f"{function.__name__} returned a {type(output).__name__}, which does not depend on inputs of "
            "floats: let it return an array that NumPy's functions compute from one"
        )
    named = {**dict(items_of(held)), **held, **leaves}
    return output, {k: v for k, v in named.items() if type(v) in (Tensor, np.ndarray)}


@contextlib.contextmanager
def watching(code: CodeType, held: dict[str, Any]) -> Iterator[None]:
    """A block in which the variables of a function are noted when it returns."""

    def look(frame: FrameType, event: str, argument: Any) -> None:
        if event == "return" and frame.f_code is code:
            held.update(frame.f_locals)

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        yield
    finally:
        sys.setprofile(before)
