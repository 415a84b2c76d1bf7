"""The verdict on each forward and backward pass of a file."""

from __future__ import annotations

import ast
import contextlib
import inspect
import linecache
import operator
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MethodType, ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from ..check import DerivationReport, derivation, script, training_step
from ..errors import AutogradError, DerivationError
from .files import CallError, Values, loaded, parameters, parsed, remedy_for, remedy_of
from .find import (
    LOSSES,
    Function,
    Target,
    alone,
    functions_in,
    gradients_in,
    names_stored,
    returned,
    returns,
    targets,
)

Attempt = Callable[[], DerivationReport]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of a target.

    path     the file
    target   what was judged
    report   the report; None if it could not be judged
    refusal  why it could not be judged, and what to do
    """

    path: Path
    target: Target
    report: DerivationReport | None = None
    refusal: str = ""

    @property
    def status(self) -> str:
        """What the verdict is: "right", "wrong" or "not judged"."""
        return "not judged" if self.report is None else self.report.status


def verdicts(
    path: Path, name: str, given: Mapping[str, Any], loss: str | None, *, skip: bool = False
) -> Iterator[Verdict]:
    """The verdicts on all targets in a file, or on the ones that are called `name`.

    loss  an expression for the loss in what the forward pass returns, or in the variables of a loop
    skip  whether a file in which there is nothing to check is passed over

    Raises CallError for a file that can't be read or run, and for one with nothing to check.
    """
    tree = parsed(path)
    all_found = targets(tree)
    found = [t for t in all_found if not name or t.is_called(name)]
    if not found and skip:
        return
    found = found or [t for t in alone(tree) if not name or t.is_called(name)]
    if not found:
        there = f": there are {', '.join(t.name for t in all_found)}" if all_found else ""
        raise CallError(
            f"{path} has no {name or 'backward pass'} to check{there}; what is found is a pair, "
            "forward and backward, or affine_forward and affine_backward, a class with both methods, a loss "
            "that returns its gradients, a function that trains, or a script with a loop"
        )
    if found[0].forward is None:
        yield verdict(path, found[0], [lambda: unless_raised(script(path, loss=loss), {}, path)])
        return
    module = loaded(path)
    values, sources = Values(module, given), functions_in(tree)
    for target in found:
        try:
            tried = list(attempts(target, module, values, sources, loss))
        except CallError as error:
            yield Verdict(path, target, refusal=str(error))
        else:
            yield verdict(path, target, tried)


def verdicts_or_refusal(path: Path, *arguments: Any, **options: Any) -> Iterator[Verdict]:
    """The verdicts on a file; if it can't be read or run, that is the only one."""
    try:
        yield from verdicts(path, *arguments, **options)
    except CallError as error:
        yield Verdict(path, Target(path.name, error.line, None), refusal=str(error))


def verdict(path: Path, target: Target, attempts: list[Attempt]) -> Verdict:
    """The verdict by the first attempt that can be made; if none can, the reason why the first can't."""
    refusals = []
    for attempt in attempts:
        try:
            with contextlib.redirect_stdout(sys.stderr):
                return Verdict(path, target, attempt())
        except AutogradError as error:
            refusals.append(f"{error}{remedy_in_a_call(error, path)}")
    return Verdict(path, target, refusal=refusals[0])


def remedy_in_a_call(error: AutogradError, path: Path) -> str:
    """What to type on the command line, for an error that only says what to write in Python; else nothing."""
    if isinstance(error, DerivationError) and error.missing:
        return f"; {remedy_for(error.missing, path)}"
    says = isinstance(error, CallError) or "loss" not in str(error)
    return "" if says else "; on the command line, say it with --loss EXPRESSION"


def attempts(
    target: Target, module: ModuleType, values: Values, sources: Mapping[str, Function], loss: str | None
) -> Iterator[Attempt]:
    """The ways to check a target, the likeliest first."""
    assert target.forward is not None
    forward = values.function(target.forward, target.name)
    owner = getattr(forward, "__self__", None)
    backward = values.function(target.backward, target.name, owner) if target.backward else None
    if target.trains:
        inputs = values.fitting([forward], target.name)
        yield lambda: unless_raised(training_step(forward, inputs, loss=loss), inputs, values.path)
        return
    if target.lacks_loss:
        whole = returning_loss(values.module, target.forward, forward, sources[target.forward], loss)
        yield judging(values, target, whole, None)
        return
    if not loss:
        yield judging(values, target, forward, backward)
    if said := loss or (call_of(target, sources) if target.loss else ""):
        whole = with_loss(module, forward, sources[target.forward], said)
        yield judging(values, target, whole, backward)


def judging(
    values: Values, target: Target, forward: Callable[..., Any], backward: Callable[..., Any] | None
) -> Attempt:
    """One way to check: the two passes on the values that they take."""
    inputs = values.fitting([forward, *([backward] if backward else [])], target.name)
    return lambda: unless_raised(derivation(forward, backward, inputs), inputs, values.path)


def unless_raised(report: DerivationReport, inputs: Mapping[str, Any], path: Path) -> DerivationReport:
    """The report.  Raises CallError if the forward pass raised, so that there is nothing to judge."""
    if report.error and not report.judged and report.status == "not judged":
        raise CallError(f"{report.error}{remedy_of(inputs, path)}")
    return report


def call_of(target: Target, sources: Mapping[str, Function]) -> str:
    """The source of a call of the loss on what the forward pass returns: `compute_cost(A2, Y)`.

    The first parameter gets the first value that is returned, if nothing has its own name.
    """
    assert target.loss is not None
    assert target.forward is not None
    names = names_returned(sources[target.forward])
    known = {*names, *(a.arg for a in sources[target.forward].args.args)}
    first, *rest = (a.arg for a in sources[target.loss].args.args)
    return f"{target.loss}({', '.join([first if first in known else names[0], *rest])})"


def names_returned(source: Function) -> list[str]:
    """The names of the values that a function returns; `output` and `cache` where they have none."""
    values = (returned(source) or [[]])[-1]
    return [getattr(v, "id", "output" if i == 0 else "cache") for i, v in enumerate(values)] or ["output"]


def with_loss(
    module: ModuleType, forward: Callable[..., Any], source: Function, loss: str
) -> Callable[..., Any]:
    """A function that computes the loss from what `forward` returns, with a source for the check.

    If `forward` is a method, the attributes of its object are in reach too: `self.output`.
    """
    owner = getattr(forward, "__self__", None)
    names, own = names_returned(source), [p.name for p in parameters(forward)]
    used = [n for n in names_in(loss) if n not in names and (n in vars(module)) <= is_data(module, n)]
    takes = dict.fromkeys([*own, *(n for n in used if n not in ("np", "self"))])
    text = (
        f"def {forward.__name__}_to_loss({', '.join(takes)}):\n"
        f"    {', '.join(names)} = {'self.' if owner else ''}{forward.__name__}({', '.join(own)})\n"
        f"    return {loss}\n"
    )
    filename = f"<{forward.__name__} and its loss, in {Path(str(module.__file__)).name}>"
    lines = text.splitlines(keepends=True)
    scope = executed(ast.parse(text), lines, filename, {"np": np, **vars(module), "self": owner})
    return scope[f"{forward.__name__}_to_loss"]  # type: ignore[no-any-return]


def returning_loss(
    module: ModuleType, dotted: str, function: Callable[..., Any], source: Function, loss: str | None
) -> Callable[..., Any]:
    """A function that returns its loss before the gradients, with a source for the check.

    `loss` is an expression in its variables; by default it is the variable with the name of a loss.  Raises
    CallError if there is none.
    """
    loss = loss or next((name for name in names_stored(source) if name in LOSSES), None)
    path = Path(str(module.__file__))
    if loss is None:
        gradients = ", ".join(gradients_in(source))
        raise CallError(
            f"{dotted} returns {gradients}, and no loss: let it `return loss, {gradients}`, or say what the "
            f"loss is, in its variables: --loss EXPR, such as --loss 'np.mean((out - y)**2)'; or write the "
            "function that computes it, and call the two forward and backward"
        )
    names_in(loss)
    lines = linecache.getlines(str(path))
    for node in sorted(returns(source), key=lambda n: -n.col_offset):
        line, at = lines[node.lineno - 1].encode(), node.col_offset + len("return")
        lines[node.lineno - 1] = f"{line[:at].decode()} ({loss}),{line[at:].decode()}"
    tree = ast.parse("".join(lines))
    tree.body = [s for s in tree.body if s.lineno <= source.lineno <= (s.end_lineno or s.lineno)]
    scope = executed(tree, lines, f"<{dotted} and its loss, in {path.name}>", vars(module))
    made: Any = operator.attrgetter(dotted)(SimpleNamespace(**scope))
    owner = getattr(function, "__self__", None)
    return made if owner is None else MethodType(made, owner)


def executed(tree: ast.Module, lines: list[str], filename: str, scope: Mapping[str, Any]) -> dict[str, Any]:
    """The variables after running a tree, whose lines `inspect` and tracebacks then find under `filename`."""
    linecache.cache[filename] = (0, None, lines, filename)
    made = dict(scope)
    exec(compile(tree, filename, "exec"), made)
    return made


def names_in(expression: str) -> list[str]:
    """The variables in an expression.  Raises CallError if it is not one."""
    try:
        tree = ast.parse(expression, "--loss", "eval")
    except SyntaxError:
        raise CallError(
            f"--loss {expression} is no expression: write one such as 'np.mean((out - y)**2)'"
        ) from None
    return list(dict.fromkeys(node.id for node in ast.walk(tree) if isinstance(node, ast.Name)))


def is_data(module: ModuleType, name: str) -> bool:
    """Whether a module has a variable of this name that is a value, and no function or module."""
    value = getattr(module, name, None)
    return value is not None and not callable(value) and not inspect.ismodule(value)
