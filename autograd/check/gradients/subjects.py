"""The two kinds of functions that can be checked, as problems: recorded functions, and plain NumPy."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import ShapeError
from ...mode import EVERYTHING, Block
from ...ops import Function
from ...tensor import Tensor
from ...transforms.run import Run
from ...transforms.structure import data_of, flat, name_of, rebuilt, refuse_unless, where
from .branches import Parting, branches, differing, is_analytic
from .problem import (
    Array,
    Point,
    Problem,
    cotangents_for,
    digits_of,
    is_repeated,
    note_writing,
    outputs_of,
    point_of,
)


def recorded(f: Function, inputs: Sequence[Any], notes: list[str]) -> Problem:
    """The problem of a function on Tensors, with the engine's gradients."""
    name, tree, everything = name_of(f), tuple(inputs), tuple(range(len(inputs)))
    point, names = point_of(f, inputs)

    def run_at(at: Point) -> Run:
        return Run(f, rebuilt(tree, at), {}, everything)

    def way_at(at: Point) -> tuple[list[Array], Any]:
        leaves = {path: Tensor(a, requires_grad=True) for path, a in at.items()}
        with Block(EVERYTHING):
            output = f(*rebuilt(tree, leaves))
        return outputs_of(output, name), branches(getattr(y, "node", None) for y in flat(output).values())

    def evaluate(at: Point) -> list[Array] | None:
        values, way = way_at(at)
        parted = differing(home, way)
        problem.parted = [Parting("", np.array(True))] if parted is None else parted
        return None if problem.parted else values

    def complexly(at: Point) -> list[Array]:
        leaves = {path: Tensor.of(np.array(a), None) for path, a in at.items()}
        with dropping_forbidden():
            return outputs_of(f(*rebuilt(tree, leaves)), name, "biufc")

    def gradients(at: Point) -> list[Point]:
        return gradients_of_run(run if at is point else run_at(at), problem.cotangents)

    run = run_at(point)
    values = outputs_of(run.output, name)
    note_writing(name, names, point, {path: t.data for path, t in run.targets.items()}, notes)
    again, home = way_at(point)
    digits = digits_of([*values, *(part for n in run.between for part in parts_of(n.data))])
    problem = Problem(  # `evaluate` refers to it
        names, point, values, cotangents_for(values), evaluate, complexly, gradients,
        analytic=is_analytic(run.between), digits=digits, run=run, notes=notes,
        steady=is_repeated(name, values, again, digits, notes),
    )  # fmt: skip
    return problem


def parts_of(data: Any) -> tuple[Array, ...]:
    """The arrays that a node holds: several if its function has several outputs."""
    return data if isinstance(data, tuple) else (data,)


def gradients_of_run(run: Run, cotangents: Sequence[Array]) -> list[Point]:
    """The gradients of all inputs, for each output times its cotangent alone."""
    outputs = flat(run.output)
    pairs = zip(outputs.items(), cotangents, strict=True)
    return [flat(run.pull({path: in_dtype_of(y, c)})) for (path, y), c in pairs]


def in_dtype_of(y: Any, cotangent: Array) -> Array:
    """A cotangent in the dtype of its output, as the engine asks for; as it is if that is no float."""
    dtype = data_of(y).dtype
    return cotangent.astype(dtype) if dtype.kind == "f" else cotangent


def gradient_function(f: Function, problem: Problem) -> Function:
    """The function from the inputs to their gradients, for all outputs of f at once, each scaled to 1.

    Called with Tensors it is recorded, so that it can be checked itself, which checks the second order.
    """
    weights = [
        c / (np.max(np.abs(y), initial=0) or 1)
        for c, y in zip(problem.cotangents, problem.values, strict=True)
    ]

    def gradient(*args: Any) -> Any:
        run = Run(f, args, {}, tuple(range(len(args))))
        pairs = zip(flat(run.output).items(), weights, strict=True)
        return run.pull({path: in_dtype_of(y, c) for (path, y), c in pairs})

    gradient.__name__ = f"the gradient of {name_of(f)}"
    return gradient


def pair(f: Function, gradient: Function, inputs: Sequence[Any], notes: list[str]) -> Problem:
    """The problem of a plain function and another function that claims to be its gradient."""
    name, tree = name_of(f), tuple(inputs)
    point, names = point_of(f, inputs)
    numbers = {path for path, value in flat(tree).items() if not isinstance(value, np.ndarray | Tensor)}

    def arguments(at: Point) -> tuple[Any, Point]:
        """The inputs in the form in which f and its gradient get them, and the copies inside."""
        copies = {path: np.array(a) for path, a in at.items()}
        return rebuilt(tree, {p: a[()] if p in numbers else a for p, a in copies.items()}), copies

    def evaluate(at: Point) -> list[Array]:
        return outputs_of(f(*arguments(at)[0]), name)

    def complexly(at: Point) -> list[Array]:
        with dropping_forbidden():
            return outputs_of(f(*arguments(at)[0]), name, "biufc")

    def gradient_at(at: Point, *cotangent: Any) -> Point:
        args, copies = arguments(at)
        found = gradient(*args, *cotangent)
        if at is point:
            note_writing(name_of(gradient), names, point, copies, notes)
        return claimed(found, tree, name_of(gradient))

    def gradients(at: Point) -> list[Point]:
        if scalar:
            return [gradient_at(at)]
        ways = one_at_a_time(cotangents)
        return [gradient_at(at, rebuilt(output, dict(zip(flat(output), gs, strict=True)))) for gs in ways]

    args, copies = arguments(point)
    output = f(*args)
    values = [np.array(y) for y in outputs_of(output, name)]
    note_writing(name, names, point, copies, notes)
    digits = digits_of(values)
    steady = is_repeated(name, values, evaluate(point), digits, notes)
    scalar = len(values) == 1 and values[0].size == 1
    cotangents = [np.ones(values[0].shape)] if scalar else cotangents_for(values)
    return Problem(
        names, point, values, cotangents, evaluate, complexly, gradients,
        digits=digits, steady=steady, notes=notes,
    )  # fmt: skip


def one_at_a_time(cotangents: Sequence[Array]) -> list[list[Array]]:
    """For each output the cotangents of all: its own, and zeros for the others."""
    n = range(len(cotangents))
    return [[c if i == j else np.zeros(c.shape) for j, c in enumerate(cotangents)] for i in n]


def claimed(found: Any, tree: tuple[Any, ...], name: str) -> Point:
    """The gradients that a function returned, by the paths of the inputs; shapes are not checked here.

    Raises ShapeError if their structure differs from the inputs', DTypeError for anything but numbers.
    """
    alone = len(tree) == 1 and not (
        isinstance(found, list | tuple) and len(found) == 1 and not isinstance(tree[0], list | tuple)
    )
    leaves = flat((found,) if alone else found)
    wanted = flat(tree)
    for path in [*wanted, *leaves]:
        if path not in wanted or path not in leaves:
            there = "nothing for" if path in wanted else "a gradient for which there is no"
            at = f"input {path[0]}{where(path[1:])}" if path else "input"
            raise ShapeError(
                f"{name} returned {there} {at}: return one gradient for each of the {len(tree)} inputs, "
                "in their order and structure"
            )
    for path, g in leaves.items():
        what = f"what {name} returned for input {path[0]}{where(path[1:])}"
        refuse_unless("biuf", g, what, "return a real array of the input's shape")
    return {path: np.array(data_of(leaves[path]), float) for path in wanted}


def dropping_forbidden() -> warnings.catch_warnings[Any]:
    """A block in which it is an error to drop an imaginary part, where NumPy would only warn."""
    return warnings.catch_warnings(action="error", category=np.exceptions.ComplexWarning)
