"""`derivation`: a hand-derived backward pass, held line by line against the gradients of the engine."""

from __future__ import annotations

import functools
import sys
import traceback
from collections.abc import Callable, Mapping
from types import CodeType
from typing import Any

import numpy as np  # noqa: F401  for the doctests

from ...errors import DerivationError
from ...tensor import Tensor
from .backward import Hand
from .forward import code_of, run_forward, scalar_of, seen_from, taken, with_numbers
from .matching import add_returned, left_in
from .report import DerivationReport
from .verdicts import report_of
from .watch import LIBRARIES, watching


def derivation(
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    inputs: Mapping[str, Any],
    *,
    prefix: str = "d",
    names: Mapping[str, str] | None = None,
) -> DerivationReport:
    """The verdict on each line of a backward pass that was derived by hand.

    forward   plain NumPy that returns the scalar loss; it takes those of the inputs that it names
    backward  plain NumPy; it takes what it names of the inputs and of the variables of forward
    inputs    a dictionary by name; float arrays are what gradients are taken with respect to, those in
              containers and objects too, such as the `weight` of a layer of nn, and plain numbers of
              which backward names a gradient: `db` of a bias b=0.0
    prefix    what a gradient's name begins with: "d", as in dW1
    names     what else gradients are called: {"delta": "Z2"}

    `forward` runs on Tensors, so its variables, and those of the user's functions that it calls, have
    true gradients.  The variables `d<name>` of `backward`, and the entries of a dictionary that it
    returns, are held against those, each line by itself: given the user's own gradients before it.
    Both may be methods of an object, whose float arrays then count as inputs.  A variable of forward
    that had several values has as many gradients: those of a loop, or dA1, dA2, … for the values of A.
    An array that forward makes and fills, `out = np.zeros(n)`, is recorded too; for that it runs again.

    An error is relative to the largest element of the true gradient, and may be 1e-9 of it.

    Raises DerivationError for a forward pass that returns no scalar of its inputs, and for a parameter
    that nothing is known for; what the two functions raise themselves is told by the report.

    >>> def forward(x, w):
    ...     y = x * w
    ...     return np.sum(y**2)
    >>> def backward(x, w, y):
    ...     dy = 2 * y
    ...     dw = dy * w
    ...     return dw
    >>> report = derivation(forward, backward, {"x": np.array([1.0, 2.0]), "w": np.array([3.0, 5.0])})
    >>> report.first.name, report.first.kind
    ('dw', 'wrong-variable')
    """
    if not isinstance(inputs, Mapping):
        raise DerivationError(
            f"inputs is a {type(inputs).__name__}: pass a dictionary by name, {{'X': X, 'W1': W1}}"
        )
    hand = Hand(prefix, dict(names or {}), code_of(backward))
    own = with_numbers(dict(inputs), hand.wanted())
    try:
        ahead = run_forward(forward, own)
    except DerivationError:
        raise
    except Exception as error:  # the user's own, whatever it is
        return DerivationReport((), {}, told(error, code_of(forward)))
    values, returned, raised = taken(backward, ahead.scope), None, None
    given = values | {"self": getattr(backward, "__self__", None)}
    hand.enter(given)
    with watching(hand.observe, lambda code: code is hand.code):
        try:
            returned = backward(**values)
        except Exception as error:
            raised = error
    wanted = add_returned(hand, returned) | left_in(hand, given)
    again = functools.partial(run_forward, forward, own)
    return report_of(ahead, hand, wanted, again, told(raised, hand.code) if raised else None)


def told(error: Exception, code: CodeType | None) -> str:
    """Where in the user's source an exception came from, and what it says."""
    frames = traceback.extract_tb(error.__traceback__)
    users = [f for f in frames if not f.filename.startswith(LIBRARIES)]
    at = f"line {users[-1].lineno}, {users[-1].line}: " if users else ""
    return f"{code.co_name if code else 'the function'} raised {type(error).__name__} at {at}{error}"


class ByHand:
    """A block in which a backward pass is being derived; see `derivation_of`."""

    def __init__(self, loss: Tensor, prefix: str, names: Mapping[str, str]) -> None:
        self.loss, self.hand = loss, Hand(prefix, dict(names))

    def __enter__(self) -> ByHand:
        frame = sys._getframe(1)
        self.hand.code = frame.f_code
        self.ahead = seen_from(self.loss, frame.f_globals, frame.f_locals)
        self.hand.enter(frame.f_locals)
        self.block = watching(self.hand.observe, lambda code: False, inside=frame)
        self.block.__enter__()
        return self

    def __exit__(self, *exception: Any) -> None:
        self.block.__exit__(*exception)
        frame = sys._getframe(1)
        self.hand.observe(frame, frame.f_lineno)

    @property
    def report(self) -> DerivationReport:
        """The verdicts on what has been derived so far."""
        return report_of(self.ahead, self.hand, set())

    def next(self) -> str | None:
        """The name of the gradient to derive next, in backward order; None when all are there and fine."""
        fine = {line.name for line in self.report.lines if line.fine}
        named = [self.ahead.names.get(node) for node in reversed(self.ahead.order[:-1])]
        wanted = [self.hand.prefix + name for name in named if name]
        return next((name for name in wanted if name not in fine), None)

    def __repr__(self) -> str:
        return str(self.report)

    def _repr_html_(self) -> str:
        return self.report._repr_html_()


def derivation_of(loss: Tensor, *, prefix: str = "d", names: Mapping[str, str] | None = None) -> ByHand:
    """A `with` block whose variables `d<name>` are held against the gradients of a loss, line by line.

    For a notebook, in which the forward pass was computed on Tensors already: the caller's variables
    that hold them are the names.  `hand.report` is the report, as `derivation` returns it, and
    `hand.next()` the name of the gradient to derive next.

    Raises DerivationError for a loss that is not one number, or depends on nothing that requires a gradient.

    >>> x, w = np.array([1.0, 2.0]), Tensor([3.0, 5.0], requires_grad=True)
    >>> y = x * w
    >>> loss = np.sum(y**2)
    >>> with derivation_of(loss) as hand:
    ...     dy = 2 * y
    ...     upcoming = hand.next()
    ...     dw = dy * x
    >>> hand.report.ok, upcoming
    (True, 'dw')
    """
    scalar_of(loss, "the computation")
    return ByHand(loss, prefix, names or {})
