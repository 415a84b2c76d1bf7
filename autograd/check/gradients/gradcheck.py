"""The two gradient checks: for the engine's gradient of a function, and for a gradient written by hand."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ...mode import NOTHING, Block
from ...ops import Function
from ...transforms.structure import name_of
from .examine import examine
from .power import power_of
from .problem import Problem, is_repeated, unchanged
from .report import GradcheckReport, InputCheck, report
from .subjects import gradient_function, pair, recorded


def gradcheck(f: Function, *inputs: Any, order: int = 1) -> GradcheckReport:
    """A report on the engine's gradient of `f` at these inputs; it is true if the gradient is right.

    f       takes the inputs as Tensors, and returns one Tensor of any shape, or a tuple, list or dict of them
    inputs  arrays, numbers, Tensors, and nested dicts, lists and tuples of them; they are copied, in
            float64, and not changed
    order   2 also checks the gradient of the gradient

    The gradient of <c, f(x)>, for a random c, is compared with a numerical derivative along random
    directions of each input.  The numerical derivative is the complex step, Im f(x + ih) / h, if all
    operations in f are analytic, or else finite differences extrapolated to a step of 0.  An error is
    relative to the tensor's own scale (dimensionless).  It passes up to 1e-9, or up to the uncertainty of
    the numerical derivative.  If a direction fails, single elements are examined, to find the wrong ones.
    Elements at a kink of f are left out, and counted.  But if f is smooth and only an operation in f is at
    a kink, a wrong derivative fails: the second derivative of norm(x)**2 at 0, say.

    The verdict is "inconclusive" if no mistake could have been found: the gradient is zero everywhere,
    f is random, or its numerical derivative is too uncertain.  `power` says why.

    Raises DTypeError for inputs whose dtype is not floating, and whatever f raises at the inputs.

    Source: Squire and Trapp (1998) and Ridders (1982), as in `check.numeric`.

    >>> import numpy as np
    >>> from autograd import check, op
    >>> bool(check.gradcheck(lambda x: np.tanh(x) ** 2, np.array([1.0, 2.0])))
    True
    >>> cube = op(lambda x: x**3, lambda g, y, x: 3 * g * x)
    >>> report = check.gradcheck(cube, np.array([1.0, 2.0]))
    >>> report.verdict, report.inputs[0].index, report.inputs[0].method
    ('fail', (1,), 'Richardson')
    """
    if order not in (1, 2):
        raise ValueError(f"order must be 1 or 2, not {order!r}")
    notes: list[str] = []
    with unchanged(inputs, notes, name_of(f)), Block(NOTHING):
        problem = recorded(f, inputs, notes)
        checks, power = examined(problem, 1)
        if order == 2:
            second = recorded(gradient_function(f, problem), inputs, notes)
            second.names = problem.names
            more = examined(second, 2)
            checks, power = checks + more[0], power + more[1]
    return report(name_of(f), checks, power, notes)


def gradient(f: Function, gradient: Function, *inputs: Any) -> GradcheckReport:
    """A report on whether `gradient(*inputs)` is the gradient of `f(*inputs)`; it is true if so.

    Both are plain NumPy functions, and the engine takes no part.  `f` returns a number or an array with
    one element, and `gradient` returns a tuple with the gradient of each input, or the gradient itself if
    there is one input.  If `f` returns a larger array, or several arrays, the gradient is called with a
    cotangent too, `gradient(*inputs, g)`, with the shape (or structure) of what f returns: then it is the
    backward pass of a layer.

    Inputs, numerical derivatives and verdicts are the same as in `gradcheck`.  Since nothing is known about
    the operations in f, the complex step is used only where it agrees with real differences, and kinks are
    found where the one-sided differences do not converge to the same value.  A gradient with another shape
    than its input fails: nothing is broadcast.

    Raises DTypeError for inputs or gradients that are not real numbers, ShapeError for gradients whose
    structure differs from the inputs'.

    >>> import numpy as np
    >>> from autograd import check
    >>> x = np.array([1.0, 2.0, 3.0])
    >>> bool(check.gradient(lambda x: np.sum(x**2), lambda x: 2 * x, x))
    True
    >>> print(check.gradient(lambda x: np.sum(x**2), lambda x: x, x).inputs[0].reason)
    element [2] of it is 3, and should be 6, 0.5 times as much; wrong at 3 of 3 elements looked at;
    all of them are 0.5 times what they should be: a factor is missing, or one too many
    """
    notes: list[str] = []
    with unchanged(inputs, notes, name_of(f)), Block(NOTHING):
        checks, power = examined(pair(f, gradient, inputs, notes), 1)
    return report(name_of(f), checks, power, notes)


def examined(problem: Problem, order: int) -> tuple[list[InputCheck], list[str]]:
    """The checks of all inputs, and the mistakes that they could not have found."""
    gradients, again = (problem.gradients(problem.point) for _ in range(2))
    for one, two in zip(gradients, again, strict=True):
        steady = is_repeated("the gradient", [*one.values()], [*two.values()], problem.digits, problem.notes)
        problem.steady = problem.steady and steady
    with warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):  # raised near the point
        checks = {path: examine(problem, gradients, path, order) for path in problem.point}
        power = [p for path, c in checks.items() for p in power_of(problem, gradients, path, c)]
    return [*checks.values()], power
