"""From a function to its derivation: runs, lines, layout, source, each tried on numbers."""

from __future__ import annotations

import inspect
import itertools
import linecache
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import DerivationError, NoRuleError
from ..formulas.algebra.arrays import counts, replaced, sum_
from ..formulas.algebra.expressions import ONE, ZERO, Expr, Ref, is_call, name, walk
from ..formulas.algebra.simplify import Simplifier
from ..formulas.algebra.stretch import RATIONAL
from ..formulas.algebra.values import TOLERANCE, Point, close
from ..formulas.reading.read import Reader
from ..formulas.source import shapes, text
from ..tensor import Tensor
from ..transforms.structure import name_of
from .derivation import Derivation, arrays_of
from .layout.lines import arranged
from .layout.loops import Item, lines_of
from .layout.plan import laid_out
from .layout.recompute import missing
from .reading.given import Lift, located, moved, owner_of, reached, with_object
from .reading.naming import Names
from .reading.observe import Run, run
from .reading.replay import again, run_of
from .reading.walk import Line, gradient_ref, walked
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

    f       plain NumPy that returns the loss, one number, or that before all else: gradients derived by hand
            are not looked at.  It is called with the inputs by name; of a method, the object is an input too.
            Or a loss that was recorded already: then the caller's variables are the names, without inputs
    inputs  a dictionary by name: arrays, and lists, dicts and objects that hold them
    wrt     of which inputs the gradients are; else of the Tensors among them that require one; else of the
            arrays of floats that the object of a method holds, as far as the loss depends on them; else of
            all arrays of floats
    order   2 for the derivation of the derivation: the gradients of sum(uW * dW), which are products with
            the Hessian matrix, for directions uW of the shapes of the inputs; their names begin with h

    What is printed has been run and compared with the engine, at the inputs and at two other points.

    Raises DerivationError for inputs that are no dictionary, for a function that returns no number that
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
    inputs = checked(inputs)
    first = first_run(f, inputs, wrt)
    chosen = set(first.leaves)
    try:
        return derived_from(f, inputs, runs_of(first, f, inputs, chosen), order, prefix)
    except NamelessError:  # what is computed of data alone is not recorded: a state before the first round
        with suppress(DerivationError, NoRuleError):
            first = run(f, inputs, chosen, lift="recorded")
            return derived_from(f, inputs, runs_of(first, f, inputs, chosen, "recorded"), order, prefix)
        raise


class NamelessError(DerivationError):
    """An array that the gradient needs has no name, and cannot be computed again."""


def derived_from(
    f: Callable[..., Any] | Tensor, inputs: dict[str, Any], runs: list[Run], order: int, prefix: str
) -> Derivation:
    """The derivation of what was run."""
    names = Names(runs[0])
    token = counts.set(names.constant.numbers)
    try:
        found = derived(f, inputs, runs, names, prefix)
        return found if order == 1 else second(f, inputs, runs[0], names, found)
    finally:
        counts.reset(token)


def checked(inputs: Any) -> dict[str, Any]:
    if not isinstance(inputs, Mapping):
        raise DerivationError(
            f"inputs is a {type(inputs).__name__}: pass a dictionary by name, {{'X': X, 'W1': W1}}"
        )
    return dict(inputs)


def derived(
    f: Callable[..., Any] | Tensor, inputs: dict[str, Any], runs: list[Run], names: Names, prefix: str
) -> Derivation:
    """The derivation with its loops folded; if that is not right, with the rounds written out."""
    first = runs[0]
    wanted = set(first.leaves.values())
    lines = walked(first, names, wanted, prefix)
    if any(line.target.data[:1] in first.available for line in lines):  # the user's own dx, say
        other = f"grad_{prefix}".removesuffix("d")
        renamed = walked(first, names, wanted, other)
        if read_in(renamed, names) & {line.target.data[0] for line in lines}:
            prefix, lines = other, renamed
    points = points_of(names, runs, lines)
    computed = definitions_of(names)
    arithmetic = {e: d for e, d in computed.items() if d.head in RATIONAL and d.args and e.head == "name"}
    simplify = Simplifier(arithmetic, names.exprs.values(), {x.target for x in lines}, points)
    lines = arranged(lines, simplify)
    refuse_wrong(lines, points, runs)
    for fold in (True, False):
        remarks = [*remarks_of(lines, simplify, points, first), *branches(runs)]
        items = laid_out([replace(line) for line in lines], names, first, remarks, fold)
        items += unreached(first, names, prefix)
        source, returned, explained = written(items, inputs, first, names, prefix, Uses(computed))
        backward = compiled(source, name_of(f))
        held = arrays_of(first.available)
        parameters = inspect.signature(backward).parameters
        if any((n,) not in held for n in parameters):  # a list of a loop's states that is kept nowhere
            continue
        variables = {n: held[(n,)] for n in parameters}
        places_ = {ref: gradient_ref(names.variables[node], prefix) for ref, node in first.leaves.items()}
        found = Derivation(
            f, inputs, backward, source, tuple(items), explained, tuple(remarks), variables, places_, returned
        )
        if all(is_right(found, one) for one in runs):
            return found
    unnamed = next((words for line in lines_of(items) if (words := spelled_in(line))), None)
    if unnamed:
        raise NamelessError(unnamed)
    raise DerivationError(f"this backward pass is not what the engine computes: please report it\n{source}")


def read_in(lines: Sequence[Line], names: Names) -> set[Any]:
    """The variables that lines, and the definitions of variables, are written in."""
    values = [*(line.value for line in lines), *definitions_of(names).values(), *names.exprs.values()]
    return {e.data[0] for value in values for e in walk(value) if e.head == "name"}


def refuse_wrong(lines: Sequence[Line], points: Sequence[Point], runs: Sequence[Run]) -> None:
    """Raise DerivationError for a line whose numbers are not the engine's."""
    for line in lines:
        for point, one in zip(points, runs, strict=True):
            if not close(point[line.value], point[line.target], TOLERANCE, smallest(one)):
                unnamed = "" if one is runs[0] else spelled_in(line)
                if unnamed:
                    raise NamelessError(unnamed)
                raise DerivationError(
                    f"the line of {line.target.data[0]} is not what the engine computes: please report it"
                )


def spelled_in(line: Line) -> str:
    """What to say of a line that spells an array out, which is another one at other inputs."""
    spelled = [e for e in walk(line.value) if e.head == "name" and str(e.data[0]).startswith("np.array(")]
    if not spelled:
        return ""
    return (
        f"f computes an array of shape {spelled[0].shape} from its inputs, or is given it, that no variable "
        "holds at its end, and the gradient needs it: give it a name that stays, on a line before its use"
    )


def is_right(found: Derivation, one: Run) -> bool:
    """Whether `backward` returns the engine's gradients in a run; if it raises anything, it does not."""
    try:
        returned = found.gradients_in(arrays_of(one.available))
    except Exception:
        return False
    return all(
        np.shape(returned[ref]) == np.shape(node.data)
        and close(returned[ref], one.gradients.get(node, 0.0), TOLERANCE, smallest(one))
        for ref, node in one.leaves.items()
    )


def definitions_of(names: Names) -> dict[Expr, Expr]:
    """How each variable was computed of others, and the loss, by 1: its own gradient."""
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
    """The derivation of the sum of the gradients, each times a direction: products with the Hessian."""
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


def points_of(names: Names, runs: Sequence[Run], lines: Sequence[Line]) -> list[Point]:
    """The values of all names, and the engine's gradients, in each run."""
    place = {node: i for i, node in enumerate(runs[0].order)}
    points = []
    for one in runs:
        values: dict[Ref, Any] = {ref: names.value(ref, one) for ref in names.sources}
        for line in lines:
            if line.node is not None:
                values[line.target.data] = np.array(one.gradients[one.order[place[line.node]]])
        points.append(Point(values))
    return points


def smallest(one: Run) -> float:
    """What the smallest gradients of a run are measured by: where all cancels, roundings remain."""
    return 0.01 * max(float(np.abs(g).max(initial=0)) for g in one.gradients.values())


def first_run(f: Callable[..., Any], inputs: dict[str, Any], wrt: Iterable[str] | None) -> Run:
    """The run at the inputs, whose leaves are what gradients are wanted of: a method's parameters, say."""
    held = with_object(f, inputs)
    chosen = places(held, wrt)
    own = {ref for ref, place, _ in located(held) if place[0] == owner_of(f)} & chosen
    if wrt is None and own:
        with suppress(DerivationError):  # the loss may depend on none of them
            found = run(f, inputs, own)
            order = set(found.order)
            return replace(found, leaves={ref: node for ref, node in found.leaves.items() if node in order})
    return run(f, inputs, chosen)


def places(held: dict[str, Any], wrt: Iterable[str] | None) -> set[Ref]:
    """Which of the inputs gradients are taken with respect to."""
    found = dict(reached(held))
    floats = {p for p, v in found.items() if getattr(getattr(v, "dtype", None), "kind", "") == "f"}
    if not floats:
        raise DerivationError(
            "there is no array of floats among the inputs, and no gradient by anything else"
        )
    if wrt is None:
        return {p for p in floats if type(found[p]) is Tensor and found[p].requires_grad} or floats
    wanted = set([wrt] if isinstance(wrt, str) else wrt)
    missing = wanted - {name for p in floats for name in called(p)}
    if missing:
        raise DerivationError(
            f"wrt names {', '.join(sorted(missing))}, and the arrays of floats among the inputs are "
            f"{', '.join(sorted({str(p[0]) for p in floats})) or 'none'}"
        )
    return {p for p in floats if wanted & called(p)}


def called(ref: Ref) -> set[str]:
    """What an input may be called: `params["W1"]` by either word."""
    return {str(key) for key in (ref[0], ref[-1]) if isinstance(key, str)}


def runs_of(
    first: Run, f: Any = None, inputs: Any = None, chosen: Any = None, lift: Lift = "tensors"
) -> list[Run]:
    """A run at the inputs, and two at other values, as far as the same is done there."""
    if not all(np.isfinite(g).all() for g in first.gradients.values()):
        raise DerivationError(
            "at these inputs the gradients are not finite, so no line could be tried: give others"
        )
    found = [first]
    for seed in range(8):
        for whole in (seed % 2 == 0, False):
            shift = moved(np.random.default_rng(seed), whole)
            try:
                with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
                    other = run(f, inputs, chosen, shift, lift) if f else again(first, shift)
            except Exception:  # what is moved may be no index any more, or outside of a domain
                continue
            if other.is_like(first) and all(np.isfinite(g).all() for g in other.gradients.values()):
                found.append(other)
                break
        if len(found) == 3:
            break
    return found


def remarks_of(
    lines: Sequence[Line], simplify: Simplifier, points: Sequence[Point], first: Run
) -> Iterator[str]:
    """What holds under a condition: for data like these, or where there are no ties."""
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
    """What to say if f did something else at other values."""
    return (
        []
        if len(runs) > 1
        else ["f does something else at other values, so this was tried at the inputs only"]
    )


def unreached(first: Run, names: Names, prefix: str) -> list[Line]:
    """The lines of inputs that the loss does not depend on: zeros."""
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
    """What shapes are called: after an array of floats that is read anyway."""
    read, _ = roots(items)
    found: dict[Any, str] = {}
    for ref, value in first.available.items():
        is_array = isinstance(value, Tensor | np.ndarray) and value.dtype.kind == "f" and value.ndim > 1
        if is_array and len(ref) == 1 and ref[0] in read:
            found.setdefault(value.shape, f"{ref[0]}.shape")
    return found


def compiled(source: str, of: str, name: str = "backward") -> Callable[..., Any]:
    """The function of a source, which Python's own tools can look at."""
    filename = f"<{name} {next(number_of)} of {of}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    scope: dict[str, Any] = {}
    exec(compile(source, filename, "exec"), scope)
    return scope[name]  # type: ignore[no-any-return]
