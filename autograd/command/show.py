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
from ..mode import debug
from ..tensor import Tensor
from .files import CallError


def run(
    function: Callable[..., Any], inputs: Mapping[str, Any], wrt: list[str] | None
) -> tuple[Tensor, dict[str, Any]]:
    """The first value that a function returns for its inputs, and the arrays that it was made of by name.

    It is recorded with the lines of the source, in `debug()`.

    While it runs, the arrays of floats that it is given or can reach are Tensors that require a gradient;
    with a list `wrt`, only the ones that it names.  A Tensor that requires none, such as a buffer of a layer,
    stays a constant.

    Raises CallError for a name in `wrt` that does not exist, and if what is returned is no Tensor.
    """
    given = dict(inputs)
    reach = Reach([((Root.INPUTS,), given), ((Root.OWN,), function)])
    held: dict[str, Any] = {}
    before = State(reach)
    leaves = lifted(reach, wrt)
    try:
        refuse_unknown(wrt, leaves, function.__name__)
        code: CodeType = getattr(function, "__func__", function).__code__
        with contextlib.redirect_stdout(sys.stderr), watching(code, held), debug():
            output = function(**given)
    finally:
        before.restore()
    named = {**dict(items_of(held)), **held, **leaves}
    return first_tensor(output, function.__name__), {k: v for k, v in named.items() if type(v) in ARRAYS}


ARRAYS = (Tensor, np.ndarray)


def lifted(reach: Reach, wrt: list[str] | None) -> dict[str, Any]:
    """The arrays of floats in reach by their names; where they are, Tensors have taken their place."""
    leaves: dict[str, Any] = {}

    def leaf(path: tuple[Any, ...], value: Any) -> Any:
        """What takes the place of a value: a Tensor that requires a gradient, or the value itself."""
        if value.dtype.kind != "f" or (type(value) is Tensor and not value.requires_grad):
            return value
        wanted = wrt is None or path[1] in wrt
        leaves[path_text(path)] = Tensor(value, requires_grad=True) if wanted else value
        return leaves[path_text(path)]

    exchanged(reach, leaf)
    return leaves


def refuse_unknown(wrt: list[str] | None, leaves: Mapping[str, Any], name: str) -> None:
    """Raise CallError for a name in `wrt` under which a function can reach no array of floats."""
    roots = {path.partition(".")[0].partition("[")[0] for path in leaves}
    if wrong := set(wrt or ()) - roots:
        raise CallError(
            f"--wrt {','.join(sorted(wrong))}: {name} has no such arrays of floats: "
            f"there are {', '.join(sorted(roots)) or 'none'}"
        )


def first_tensor(output: Any, name: str) -> Tensor:
    """The first of what a function returned.  Raises CallError if that is no Tensor."""
    while isinstance(output, tuple | list) and output:
        output = output[0]
    if type(output) is not Tensor:
        raise CallError(
            f"{name} returned a {type(output).__name__}, which does not depend on inputs of "
            "floats: let it return an array that NumPy's functions compute from one"
        )
    return output


@contextlib.contextmanager
def watching(code: CodeType, held: dict[str, Any]) -> Iterator[None]:
    """A block in which the variables of a function are noted when it returns."""

    def look(frame: FrameType, event: str, argument: Any) -> None:
        """Note the variables of the function's frame at its end."""
        if event == "return" and frame.f_code is code:
            held.update(frame.f_locals)

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        yield
    finally:
        sys.setprofile(before)
