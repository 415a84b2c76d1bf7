"""From a function to its derivation: runs, lines, layout and source, each tried on numbers."""

from __future__ import annotations

import inspect
import itertools
import linecache
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import DerivationError, NoRuleError
from ..formulas.algebra.arrays import counts, replaced, sum_
from ..formulas.algebra.expressions import ONE, ZERO, Expr, is_call, name, walk
from ..formulas.algebra.simplify import Simplifier
from ..formulas.algebra.stretch import RATIONAL
from ..formulas.algebra.values import Point
from ..formulas.reading.read import Reader
from ..formulas.source import shapes, text
from ..tensor import Tensor
from ..transforms.structure import name_of
from .derivation import Derivation, arrays_of
from .layout.items import Item, lines_of
from .layout.lines import arranged
from .layout.plan import laid_out
from .layout.recompute import missing
from .reading.naming import Names
from .reading.observe import Run, run
from .reading.replay import run_of
from .reading.walk import Line, gradient_ref, walked
from .runs import checked, first_run, runs_of
from .trial import NamelessError, is_right, points_of, refusal_of, refuse_wrong
from .writing.program import function_text, parameters_and_body, roots
from .writing.steps import Step, Uses, steps_of

number_of = itertools.count(1)


def derive(
    f: Callable[..., Any] | Tensor,
    inputs: Mapping[str, Any] | None = None,
    wrt: Iterable[str] | None = None,
    *,
    order: int = 1,
    prefix: str = "d",
) -> Derivation:
    """The backward pass of `f`, as a person would write it.

    f       a function in plain NumPy that returns the loss, one number, or several values of which the loss
            is the first: gradients derived by hand behind it are not looked at.  It is called with the inputs
            by name; the object of a method is an input too.  Or a loss that was recorded already: then there
            are no inputs, and the caller's variables give the names
    inputs  a dictionary by name: arrays, and lists, dicts and objects that hold them
    wrt     the names of the inputs whose gradients are wanted.  By default they are the Tensors that require
            a gradient; if there are none, the arrays of floats in the object of a method on which the loss
            depends; and if there are none either, all arrays of floats
    order   2 derives the derivation: it gives the gradients of sum(uW * dW), which are products with the
            Hessian matrix, for directions uW with the shapes of the inputs; their names begin with h
    prefix  the beginning of the gradients' names

    What is printed has been run and compared with the engine, at the inputs and at two other points.

    Raises DerivationError if the inputs are not a dictionary, if the function does not return a number that
    depends on them, and for functions that cannot be written in plain NumPy.

    >>> def loss(x, w, y):
    ...     p = 1 / (1 + np.exp(-x @ w))
    ...     return -np.sum(y * np.log(p) + (1 - y) * np.log(1 - p)) / len(y)
    >>> x, w, y = np.array([[1.0, 2.0], [3.0, 1.0], [0.0, 1.0]]), np.array([0.5, -0.5]), np.array([1, 0, 1])
    >>> print(derive(loss, {"x": x, "w": w, "y": y}, wrt=["w"]).source)
    import numpy as np
    <BLANKLINE>
    <BLANKLINE>
    def backward(x, y, p):
        dw = x.T @ (p - y) / len(y)
        return dw
    <BLANKLINE>
    """
    if isinstance(f, Tensor):
        frame = sys._getframe(1)
        return derived_from(f, {}, runs_of(run_of(f, {**frame.f_globals, **frame.f_locals})), order, prefix)
    return derived_function(f, checked(inputs), wrt, order, prefix)


def derived_function(
    f: Callable[..., Any], inputs: dict[str, Any], wrt: Iterable[str] | None, order: int, prefix: str
) -> Derivation:
    """The derivation of a function; what it computes from data alone is recorded too if it needs a name.

    An example is the state of a loop before its first round.
    """
    first = first_run(f, inputs, wrt)
    chosen = set(first.leaves)
    try:
        return derived_from(f, inputs, runs_of(first, f, inputs, chosen), order, prefix)
    except NamelessError:
        with suppress(DerivationError, NoRuleError):
            first = run(f, inputs, chosen, lift="recorded")
            return derived_from(f, inputs, runs_of(first, f, inputs, chosen, "recorded"), order, prefix)
        raise


def derived_from(
    f: Callable[..., Any] | Tensor, inputs: dict[str, Any], runs: list[Run], order: int, prefix: str
) -> Derivation:
    """The derivation of what was run, with numbers of elements called as the user calls them."""
    names = Names(runs[0])
    token = counts.set(names.constant.numbers)
    try:
        found = derived(f, inputs, runs, names, prefix)
        return found if order == 1 else second(f, inputs, runs[0], names, found)
    finally:
        counts.reset(token)


def derived(
    f: Callable[..., Any] | Tensor, inputs: dict[str, Any], runs: list[Run], names: Names, prefix: str
) -> Derivation:
    """The derivation with its loops folded, or with the rounds written out if that is not right."""
    first = runs[0]
    prefix, lines = walked_apart(first, names, prefix)
    points = points_of(names, runs, lines)
    computed = definitions_of(names)
    simplify = Simplifier(arithmetic_in(computed), names.exprs.values(), {x.target for x in lines}, points)
    lines = arranged(lines, simplify)
    refuse_wrong(lines, points, runs)
    for fold in (True, False):
        remarks = [*remarks_of(lines, simplify, points, first), *branches(runs)]
        items = laid_out([replace(line) for line in lines], names, first, remarks, fold)
        items += unreached(first, names, prefix)
        source, returned, steps = written(items, inputs, first, names, prefix, Uses(computed))
        backward = compiled(source, name_of(f))
        variables = variables_for(backward, first)
        if variables is None:
            continue
        wanted = {ref: gradient_ref(names.variables[node], prefix) for ref, node in first.leaves.items()}
        found = Derivation(
            f, inputs, backward, source, tuple(items), steps, tuple(remarks), variables, wanted, returned
        )
        if all(is_right(found, one) for one in runs):
            return found
    raise refusal_of(items, source)


def walked_apart(first: Run, names: Names, prefix: str) -> tuple[str, list[Line]]:
    """The lines as the rules give them, with a prefix that keeps them apart from the user's own names.

    Where f has a `dx` of its own, and a line reads it, the gradient of x is called `grad_x`.
    """
    wanted = set(first.leaves.values())
    lines = walked(first, names, wanted, prefix)
    if any(line.target.data[:1] in first.available for line in lines):
        other = f"grad_{prefix}".removesuffix("d")
        renamed = walked(first, names, wanted, other)
        if read_in(renamed, names) & {line.target.data[0] for line in lines}:
            return other, renamed
    return prefix, lines


def arithmetic_in(computed: Mapping[Expr, Expr]) -> dict[Expr, Expr]:
    """The definitions that SymPy can solve: sums, products and powers of other variables."""
    return {e: d for e, d in computed.items() if d.head in RATIONAL and d.args and e.head == "name"}


def variables_for(backward: Callable[..., Any], first: Run) -> dict[str, Any] | None:
    """What `backward` takes, as it is at the inputs.

    It is None if a parameter is held by no variable, such as a list of the states of a loop.
    """
    held, parameters = arrays_of(first.available), inspect.signature(backward).parameters
    return {n: held[(n,)] for n in parameters} if all((n,) in held for n in parameters) else None


def read_in(lines: Sequence[Line], names: Names) -> set[Any]:
    """The variables that are read by lines and by the definitions of variables."""
    values = [*(line.value for line in lines), *definitions_of(names).values(), *names.exprs.values()]
    return {e.data[0] for value in values for e in walk(value) if e.head == "name"}


def definitions_of(names: Names) -> dict[Expr, Expr]:
    """How each variable was computed from others.  A loss without a name stands under 1, its own gradient."""
    reader = Reader(names.exprs, names.constant)
    made = {e: node for node, e in names.exprs.items() if node.parents and not node.op.several}
    root = names.run.root
    return {
        e: reader.definition(node)
        for e, node in (made if root in names.exprs else made | {ONE: root}).items()
    }


def second(
    f: Callable[..., Any] | Tensor, inputs: dict[str, Any], first: Run, names: Names, found: Derivation
) -> Derivation:
    """The derivation of the sum of all gradients, each times a direction: its products with the Hessian."""
    if isinstance(f, Tensor):
        raise DerivationError("order=2 needs the function: a recorded loss cannot be recorded again")
    for variable in names.variables.values():
        variable.available = variable.ref[0] in inputs
    if any(v.turns for v in names.variables.values()) or any(
        len(r) > 1 or r[0] not in inputs for r in found.wanted
    ):
        raise DerivationError(
            "order=2 is not printed for loops and for inputs in lists, dicts or objects: give f without"
        )
    lines = [replace(line) for line in found.lines]
    again = missing([line.value for line in lines], names)
    params, body = parameters_and_body([*again, *lines], [*inputs])
    directions = {f"u{ref[0]}": np.ones(np.shape(inputs[ref[0]])) for ref in found.wanted}
    total = " + ".join(f"np.sum(u{ref[0]} * {target[0]})" for ref, target in found.wanted.items())
    name = f"slope_of_{name_of(f)}".replace("<lambda>", "f")
    head = f"def {name}({', '.join([*params, *directions])}):"
    source = "\n".join(["import numpy as np", "", "", head, *body, f"    return {total}", ""])
    values = {n: inputs[n] if n in inputs else first.available[(n,)] for n in params}
    slope = compiled(source, name_of(f), name)
    rng = np.random.default_rng(0)
    drawn = {n: rng.normal(size=u.shape) for n, u in directions.items()}
    return derive(slope, values | drawn, [ref[0] for ref in found.wanted], prefix="h")


def remarks_of(
    lines: Sequence[Line], simplify: Simplifier, points: Sequence[Point], first: Run
) -> Iterator[str]:
    """The remarks on what holds under a condition: for data like these, or where there are no ties."""
    marks = {e.args for line in lines for e in walk(line.value) if e.head == "call" and len(e.args) == 2}
    ties = [tie.args for tie in simplify.ties if marks & {tie.args, tie.args[::-1]}]
    for a, b in dict.fromkeys(tuple(re.sub(r"\[\d+\]", "[t]", text(e)) for e in tie) for tie in ties):
        yield f"where {a} equals {b}, the engine shares the gradient; this leaves such ties out"
    leaves = {ref[0] for ref in first.leaves}
    for line in lines:
        for part in walk(line.value):
            data = {e.data[0] for e in walk(part) if e.head == "name"}
            known = all((n,) in first.available for n in data) and not data & leaves
            if is_call(part, sum_) and known and np.allclose(points[0][part], 1, rtol=0, atol=1e-12):
                short = simplify.finished(simplify(replaced(line.value, {part: ONE})))
                yield f"if {text(part)} is 1, as for these data: {text(line.target)} = {text(short)}"


def branches(runs: Sequence[Run]) -> list[str]:
    """The remark that is made if f did something else at other values."""
    return (
        []
        if len(runs) > 1
        else ["f does something else at other values, so this was tried at the inputs only"]
    )


def unreached(first: Run, names: Names, prefix: str) -> list[Line]:
    """The lines for inputs on which the loss does not depend: their gradients are zeros."""
    nodes = [node for node in first.leaves.values() if node not in first.gradients]
    variables = [names.variables[node] for node in nodes]
    shapes_ = [np.shape(node.data) for node in nodes]
    return [
        Line(name(gradient_ref(v, prefix), shape), ZERO, shape, v, node, True)
        for v, shape, node in zip(variables, shapes_, nodes, strict=True)
    ]


def written(
    items: Sequence[Item], inputs: dict[str, Any], first: Run, names: Names, prefix: str, uses: Uses
) -> tuple[str, tuple[str, ...], tuple[Step, ...]]:
    """The source of a derivation, what it returns, and the steps."""
    refs = [gradient_ref(names.variables[node], prefix) for node in first.leaves.values()]
    returned = tuple(dict.fromkeys(str(ref[0]) for ref in refs))
    order = [*inputs, *(r[0] for r in first.available if len(r) == 1)]
    token = shapes.set(shapes_of(first, items))
    try:
        return function_text(items, order, returned), returned, steps_of(list(lines_of(items)), uses)
    finally:
        shapes.reset(token)


def shapes_of(first: Run, items: Sequence[Item]) -> dict[Any, str]:
    """What shapes are called: after an array of floats that the lines read anyway."""
    read, _ = roots(items)
    found: dict[Any, str] = {}
    for ref, value in first.available.items():
        is_array = isinstance(value, Tensor | np.ndarray) and value.dtype.kind == "f" and value.ndim > 1
        if is_array and len(ref) == 1 and ref[0] in read:
            found.setdefault(value.shape, f"{ref[0]}.shape")
    return found


def compiled(source: str, of: str, name: str = "backward") -> Callable[..., Any]:
    """The function that a source defines; `inspect` and tracebacks find its lines."""
    filename = f"<{name} {next(number_of)} of {of}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    scope: dict[str, Any] = {}
    exec(compile(source, filename, "exec"), scope)
    return scope[name]  # type: ignore[no-any-return]
