"""A program compared with its numerical derivatives: value, gradient, and Hessian."""

from __future__ import annotations

import inspect
import operator
import random
import re
import warnings
from collections import Counter
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from autograd import Tensor
from autograd.ops import composed
from autograd.transforms import hvp
from tests.oracles import Estimate, curvature, richardson

from .draft import MODULES, STEPS, TINY, Draft, Program, defined, root
from .statements import program

Array = Any

# How far derivatives may be apart, relative to the scale, which is the largest slope in the program.
# The complex step and the engine each round some dozens of times, to 2e-16, at different places.  A sum of
# large terms that cancel, or the inverse of a matrix, multiplies this.  Differences are divided by a step,
# and for second derivatives by its square; they come with an estimate of the resulting error.
FIRST, SECOND = 1e-11, 1e-9
ROUNDING = 1e-12  # of values, if the terms of a sum are added in another order
DOUBTFUL = 1e-8  # if differences are worse than this, the function bends too much for the steps
MARGIN = 30  # the estimate is the change by the last extrapolation, which can be small by chance


@dataclass(frozen=True)
class Failure:
    """A fault in a program: its kind, and the figures."""

    kind: str
    detail: str


class Doubt(Exception):  # noqa: N818  not an error: the program tells nothing
    """The oracle is too uncertain."""


@contextmanager
def strict() -> Any:
    """A block in which every warning is an error, except about numbers that are too small to matter."""
    with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
        warnings.simplefilter("error")
        yield


def loss(outputs: Sequence[Any], parts: bool) -> Any:
    """One number made from all outputs; for a complex output, from its real and imaginary part."""
    real = [part for y in outputs for part in ([y.real, y.imag] if parts and y.dtype.kind == "c" else [y])]
    flat = np.concatenate([np.ravel(y) for y in real])
    return np.sum(np.cos(1.7 * np.arange(flat.size)) * np.sin(flat))


# The oracle: plain NumPy, at the points of the draft.


@dataclass(frozen=True)
class Expected:
    """The slopes along v and along w, and v' H w, each with an estimate of its error."""

    along_v: Estimate
    along_w: Estimate
    mixed: Estimate


def expected(draft: Draft) -> Expected:
    program = draft.program
    values = [loss([scope[name] for name in program.outputs], not program.analytic) for scope in draft.scopes]
    at = dict(zip(program.points, values, strict=True))
    found = analytic(at) if program.analytic else real(at)
    if any(
        error > DOUBTFUL * (1 + abs(value)) for value, error in (found.along_v, found.along_w, found.mixed)
    ):
        raise Doubt("the differences have not converged")
    return found


def analytic(at: dict[tuple[complex, complex], complex]) -> Expected:
    """Slopes by the complex step, and their change along w by differences."""
    found = Expected(
        (at[TINY * 1j, 0].imag / TINY, 0.0),
        (at[0, TINY * 1j].imag / TINY, 0.0),
        richardson(lambda h: at[TINY * 1j, h].imag / TINY, STEPS),
    )
    if abs(at[0, 0].real - at[TINY * 1j, 0].real) > 1e-12:
        raise Doubt("of complex numbers it is not what it is of real ones")
    return found


def real(at: dict[tuple[complex, complex], float]) -> Expected:
    """Slopes and curvatures along v + w and along v - w: the curvatures differ by 4 v' H w."""
    (a, a_error), (b, b_error) = (richardson(lambda h, s=s: at[h, s * h], STEPS) for s in (1, -1))
    (c, c_error), (d, d_error) = (curvature(lambda h, s=s: at[h, s * h], STEPS) for s in (1, -1))
    error = (a_error + b_error) / 2
    return Expected(((a + b) / 2, error), ((a - b) / 2, error), ((c - d) / 4, (c_error + d_error) / 4))


# The engine: the same text, on Tensors.


def drafted(seed: str, lines: int, kinds: tuple[str, ...]) -> tuple[Draft, Counter[str]]:
    """The program of a seed."""
    with strict():
        return program(random.Random(seed), lines, kinds)


def judge(draft: Draft) -> tuple[Failure | None, dict[str, float]]:
    """The fault in the engine's derivatives of a program, if there is one, and how far off they are."""
    values = [draft.there[name] for name in draft.program.outputs]
    try:
        with strict():
            return compared(draft.program, expected(draft), values, rounded(draft))
    except Doubt:
        raise
    except Exception as error:  # any error is the finding
        return Failure(type(error).__name__, str(error)), {}


def compared(
    program: Program, right: Expected, values: list[Array], inexact: set[str]
) -> tuple[Failure | None, dict[str, float]]:
    f, parts, n = program.function(), not program.analytic, len(program.inputs)
    arrays, constants = program.arguments()[:n], [Tensor(program.constants[0]), *program.constants[1:]]
    v, w = program.directions
    leaves = [Tensor(x, requires_grad=True) for x in arrays]
    outputs = f(*leaves, *constants)
    for name, y, value in zip(program.outputs, outputs, values, strict=True):
        got = y.data if type(y) is Tensor else y
        allowed = ROUNDING if name in inexact else 0
        if not (np.shape(got) == np.shape(value) and np.allclose(got, value, rtol=0, atol=allowed)):
            if allowed and is_chosen_by_rounding(program, arrays, values):
                raise Doubt("rounding decides what it chooses")
            return Failure("value", f"{name} is {got!r}, and not {value!r}"), {}
    value = loss(outputs, parts)
    if not value.requires_grad:
        raise Doubt("it depends on no input")
    value.backward()
    first = taken(leaves)
    value.backward(create_graph=True)
    gradients = taken(leaves)
    sum(np.sum(d * g) for d, g in zip(v, gradients, strict=True)).backward()
    second = taken(leaves)
    again = hvp(lambda *xs: loss(f(*xs, *constants), parts), *arrays, tuple(w), argnums=tuple(range(n)))
    found = {
        "first": (first, v, right.along_v, FIRST),
        "first, recorded": ([g.data if type(g) is Tensor else g for g in gradients], w, right.along_w, FIRST),
        "second": (second, w, right.mixed, SECOND),
        "second, by hvp": (again, v, right.mixed, SECOND),
    }
    off = {kind: distance(*figures[:3]) for kind, figures in found.items()}
    wrong = [kind for kind, (value, allowed) in off.items() if not value <= MARGIN * allowed + found[kind][3]]
    details = {kind: f"{product(*found[kind][:2])} where the oracle has {found[kind][2]}" for kind in wrong}
    failure = (
        Failure(wrong[0], "; ".join(f"{kind}: {text}" for kind, text in details.items())) if wrong else None
    )
    return failure, {kind: max(value - MARGIN * allowed, 0) for kind, (value, allowed) in off.items()}


def is_chosen_by_rounding(program: Program, arrays: Sequence[Array], values: Sequence[Array]) -> bool:
    """Whether NumPy's own values jump if its sums are rounded otherwise: by `c[c > 0]` of a 0."""
    for seed in range(20):
        f = program.function(np=Noisy(np, np.random.default_rng(seed)))
        others = f(*(x.copy("K") for x in arrays), *program.constants)
        if not all(np.allclose(a, b, rtol=1e-6, atol=1e-6) for a, b in zip(others, values, strict=True)):
            return True
    return False


@dataclass(frozen=True)
class Noisy:
    """NumPy, but for results that another order of their sums may change by as much."""

    module: Any
    rng: np.random.Generator

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.module, name)
        if inspect.ismodule(found):
            return Noisy(found, self.rng)
        return partial(self.called, found) if callable(found) and is_inexact(found) else found

    def called(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        y = function(*args, **kwargs)
        given = [a for a in args if isinstance(a, np.ndarray)]
        is_own = isinstance(y, np.ndarray) and not any(np.may_share_memory(y, a) for a in given)
        if is_own and y.dtype.kind in "fc" and y.size:
            y += ROUNDING / 10 * np.abs(y).max() * self.rng.normal(size=y.shape)
        return y


def is_inexact(function: Any) -> bool:
    """Whether the library may add the terms of a function's sums in another order than NumPy."""
    return function in composed or function in (np.power, np.matmul)


def rounded(draft: Draft) -> set[str]:
    """The names whose values may be rounded differently, because the library composes their operation.

    NumPy adds the same terms, but perhaps in another order.  So may powers, since NumPy computes a power of
    a number, `x**3`, and before 2.1 also `x**2`, in another way than np.power does; and products of
    matrices, as `a.dot(b)` copies what BLAS cannot read in place, where `a @ b` has loops of its own.
    Names computed from these are included.
    """
    found: set[str] = set()
    rows: set[tuple[str, str]] = set()  # after a loop a row is still of what it was a row of
    variables = draft.there.keys() - MODULES.keys() - {*draft.program.names}
    for line in draft.program.lines:
        names = {*re.findall(r"\w+", line.text)} & variables
        for targets, owners in re.findall(r"for ([\w, ]+) in (.+):", line.text):
            rows |= {
                (row, owner) for row in re.findall(r"\w+", targets) for owner in re.findall(r"\w+", owners)
            }
        names |= {owner for row, owner in rows if row in names and owner in variables}
        function = function_of(line.use)
        if is_inexact(function) or "**" in line.text or "@" in line.text or names & found:
            owners = {id(root(draft.there[name])) for name in found | names}
            found |= {name for name in variables if id(root(draft.there[name])) in owners}
    return found


def taken(leaves: list[Tensor]) -> list[Any]:
    """The gradients of the leaves, zeros where none arrived; `grad` is None again afterwards."""
    gradients = [np.zeros(x.shape) if x.grad is None else x.grad for x in leaves]
    for x in leaves:
        x.grad = None
    return gradients


def product(gradients: Sequence[Array], direction: Sequence[Array]) -> float:
    return float(sum(np.sum(g * d) for g, d in zip(gradients, direction, strict=True)))


def distance(gradients: Sequence[Array], direction: Sequence[Array], right: Estimate) -> tuple[float, float]:
    """The distance of a slope from the right one, and the oracle's own error, relative to the scale."""
    scale = 1 + sum(float(np.sum(np.abs(g * d))) for g, d in zip(gradients, direction, strict=True))
    return abs(product(gradients, direction) - right[0]) / scale, right[1] / scale


def function_of(use: str) -> Any:
    """The function of a row of the table."""
    return eval(use, {"operator": operator, **MODULES})


def snippet(program: Program, title: str) -> str:
    """A program as text that runs: the arguments that it uses, and a function of them."""
    arguments = dict(zip(program.names, (*program.inputs, *program.constants), strict=True))
    used = {name: a for name, a in arguments.items() if name in program.body}
    given = [f"{name} = {array_text(a)}" for name, a in used.items()]
    return "\n".join([f"# {title}", *given, defined(used, program.body)])


def array_text(a: Array) -> str:
    """An array as text: its numbers, and their memory order."""
    if not a.flags.forc:
        return f"np.repeat({a.tolist()}, 2, axis=-1)[..., ::2]"
    return f"np.array({a.tolist()})" if a.flags.c_contiguous else f'np.array({a.tolist()}, order="F")'
