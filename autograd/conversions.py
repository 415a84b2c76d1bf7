"""What happens when a plain number or array is taken from a Tensor.

A plain number has no history, so no gradient flows through it, and the user must not miss that.
`t.item()` and `t.data` ask for the plain values explicitly.  Other conversions, such as `math.exp(t)` or
`np.array([t, u])`, may be meant to be differentiated: they warn or raise.
"""

from __future__ import annotations

import sys
import warnings
from opcode import opmap
from types import FrameType
from typing import Any, NoReturn

from .errors import DTypeError, GradientError, HistoryWarning
from .mode import NOTHING, recording


def leave_history(tensor: Any, conversion: str, frame: FrameType) -> None:
    """Warn about `float(tensor)` or `complex(tensor)` in `frame` if it would silently end a gradient.

    It is only a warning, because `float(loss)` for a log is common.  Raises GradientError inside a
    transformation such as `grad`, and where the number is written into an array.
    """
    now = recording.get()
    if not tensor.requires_grad or now.level == NOTHING:
        return
    if is_being_stored(frame):
        raise GradientError(
            "a tensor written into an array would leave its history behind: make the array a tensor, "
            "Tensor(array)[i] = t, or write the number, t.item()"
        )
    said = (
        f"{conversion} of a tensor that requires a gradient leaves its history behind, so no gradient flows "
        "through the number: write np.exp(t) for math.exp(t) and the like, or t.item() if the number is meant"
    )
    if now.transforming:
        raise GradientError(f"in {now.transforming}, which is being differentiated: {said}")
    warnings.warn(said, HistoryWarning, stacklevel=3)


def is_being_stored(frame: FrameType) -> bool:
    """Whether `frame` is at an assignment `array[i] = tensor`, for which NumPy calls `float(tensor)`.

    Only the bytecode instruction tells the two cases apart.  `co_code` holds the instructions as the
    compiler wrote them, without the changes that the interpreter or a debugger makes at run time.
    """
    return frame.f_code.co_code[frame.f_lasti] == opmap["STORE_SUBSCR"]


def refuse_array(tensor: Any) -> NoReturn:
    """Raise DTypeError: a Tensor is not converted to an array implicitly."""
    asking = caller(sys._getframe(2))
    if asking in INSTEAD:
        raise DTypeError(f"{asking} takes no Tensor: {INSTEAD[asking]}")
    raise DTypeError(
        f"a Tensor of shape {tensor.shape} does not turn into an array by itself, as its history would be "
        "lost: use t.data for the array, np.stack([t, u]) to join tensors, "
        "or a Tensor on the left of an assignment, Tensor(array)[i] = t"
    )


# Functions that convert their arguments to arrays before a Tensor can intervene, and what to use instead.
INSTEAD = {
    "scipy.special.logsumexp": "use autograd.logsumexp(t)",
    "scipy.special.softmax": "use autograd.softmax(t, axis=None), whose axis is the last one by default",
    "scipy.special.log_softmax": (
        "use autograd.log_softmax(t, axis=None), whose axis is the last one by default"
    ),
    "np.vectorize": (
        "write the function with NumPy's functions, which take whole tensors, or np.stack([f(x) for x in t])"
    ),
    "np.r_": "use np.concatenate([t, u]), with u[None] for a single number",
    "np.c_": "use np.stack([t, u], axis=1) of columns, or np.concatenate([t, u], axis=1) of matrices",
}


def caller(frame: FrameType | None) -> str:
    """The name of the function in INSTEAD that `frame` was called by; empty if there is none."""
    found = ""
    while frame is not None and (name := frame.f_globals.get("__name__", "")).startswith(
        ("scipy.", "numpy.")
    ):
        package = "scipy.special" if name.startswith("scipy.special") else "np"
        asked = frame.f_locals.get("self")
        function = type(asked).__name__ if asked is not None else frame.f_code.co_name
        function = {"RClass": "r_", "CClass": "c_"}.get(function, function)
        found = f"{package}.{function}" if f"{package}.{function}" in INSTEAD else found
        frame = frame.f_back
    return found
