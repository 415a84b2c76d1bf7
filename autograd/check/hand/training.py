"""`training_step` and `script`: the first update of code that trains, held against the engine's gradients."""

from __future__ import annotations

import ast
import contextlib
import inspect
import io
import linecache
import os
import sys
from collections.abc import Callable, Mapping
from functools import partial
from types import CodeType
from typing import Any

import numpy as np

from ...errors import DerivationError
from .derivation import examined
from .observe.arguments import code_of
from .observe.objects.draws import Draws
from .observe.objects.reach import Reach, Root
from .observe.objects.state import State
from .observe.probes.codes import copied, first_line, text_of
from .observe.probes.sites import span_of
from .observe.raising import told
from .observe.stage import PATIENCE, Stage
from .observe.training import Body, Returns, Training, names_returned, stretches
from .report import DerivationReport
from .turns import in_turn, turns_in
from .updates import until_updated

NEEDED = ("__builtins__", "__name__", "np")  # globals that code may need and not name


def trained(
    statements: list[ast.stmt],
    filename: str,
    space: Callable[[], dict[str, Any]],
    name: str,
    loss: str | None,
    returned: tuple[str, ...] = (),
) -> DerivationReport:
    """The verdict on the first update that some statements make, in a space of variables."""
    reasons, raised = list[str](), ""
    # a loop that looks back over what another has left updates something, too, and has no loss by name
    ways = ((b, body, guess) for guess in range(3) for b, body in stretches(statements))
    for before, body, guess in ways:
        variables = space()
        if failed := failure_of(before, filename, variables):
            raised = raised or failed
            continue
        stage = Stage.of(Body(body, filename, variables, name), None, variables)
        run, until = until_updated(stage, span_of(body[0]))
        if not run.changed_by:
            if run.raised is not None:
                raised = raised or told(run.raised, name, stage.patience)
            continue
        stage.training = Training(loss, until, run.updates, returned, guess=guess)
        training = stage.training
        found = report_or_reason(stage, name)
        if isinstance(found, DerivationReport):
            turns = turns_in(run) if loss is None and not found.ok else []
            apart = in_turn(stage, training, turns, partial(report_or_reason, stage, name)) if turns else None
            found = apart if apart is not None else found
            if found.ok or guess < 2:
                return found
        else:
            reasons.append(found)
    if raised:
        return DerivationReport((), error=raised)
    nothing = (
        f"{name} updates no array of floats that exists before its loop: make the weights before the loop, "
        "as floats, or pass them as inputs; and let it run a round at least, at a rate other than 0"
    )
    raise DerivationError(reasons[-1] if reasons else nothing)


def failure_of(statements: list[ast.stmt], filename: str, space: dict[str, Any]) -> str:
    """What some statements raise as they run in a space of variables; "" if they raise nothing."""
    try:
        with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
            exec(compile(ast.Module([copied(s) for s in statements], []), filename, "exec"), space)
    except Exception as error:
        return told(error, "what stands before the loop", PATIENCE)
    return ""


def report_or_reason(stage: Stage, name: str) -> DerivationReport | str:
    """The report on the updates of a stage, or the reason why nothing could be judged there."""
    try:
        report = examined(stage, ("d", {}), "d")
    except DerivationError as error:
        return str(error)
    is_told = report.judged or report.unmatched or report.error
    return report if is_told else f"nothing that {name} updates has a part in the loss"


def training_step(
    f: Callable[..., Any], inputs: Mapping[str, Any], *, loss: str | None = None
) -> DerivationReport:
    """The verdict on the first update of a function that trains: forward, backward and updates in one.

    f       a function or method with a loop that updates weights, or that updates them once
    inputs  what it takes, by name: the weights, unless it makes them before its loop, or its object has them
    loss    the name of its variable that holds the loss, or an expression of the variables in its loop, such
            as "np.mean((y - out)**2)"; the variable called loss or cost is found by itself

    An update is right if new minus old is a constant times the gradient, the same for all parameters.
    Whether that goes downhill or uphill is said.  The inputs and the object stay what they were.

    Raises DerivationError if there is no source of f, if nothing is updated, and if no loss is found.

    >>> def train(X, y, w):
    ...     for epoch in range(100):
    ...         out = X @ w
    ...         loss = np.mean((out - y) ** 2)
    ...         dout = 2 * (out - y) / len(y)
    ...         w -= 0.1 * X.T @ dout
    >>> X, y = np.array([[1.0, 2.0], [3.0, 5.0]]), np.array([1.0, 2.0])
    >>> training_step(train, {"X": X, "y": y, "w": np.zeros(2)}).ok
    True
    """
    code, node = definition_of(f)
    function = inspect.unwrap(getattr(f, "__func__", f))
    own, arguments = own_variables(f, function, code), arguments_of(f, inputs)
    names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    before = State(Reach([((Root.INPUTS,), dict(inputs)), ((Root.OWN,), f)]))

    def space() -> dict[str, Any]:
        """The variables that f begins with, as they were before anything ran."""
        before.restore()
        held = {k: v for k, v in function.__globals__.items() if k in NEEDED or k in names}
        arrays = {k: np.array(v) if isinstance(v, np.ndarray) else v for k, v in arguments.items()}
        return held | own | dict(inputs) | arrays

    try:
        return trained(
            as_script(node), code.co_filename, space, function.__name__, loss, names_returned(node)
        )
    finally:
        before.restore()


def definition_of(f: Any) -> tuple[CodeType, ast.FunctionDef]:
    """The code of a function and the statement that defines it; raises DerivationError without a source."""
    code = code_of(f)
    text = text_of(code.co_filename) if code else ""
    nodes = ast.walk(ast.parse(text)) if text else ()
    node = next((n for n in nodes if isinstance(n, ast.FunctionDef) and is_definition(n, code)), None)
    if code is None or node is None:
        raise DerivationError(f"there is no source of {f!r:.60}: define it in a file or in a cell")
    return code, node


def own_variables(f: Any, function: Any, code: CodeType) -> dict[str, Any]:
    """The variables that a function has before it is called: its closure's, and the object of a method."""
    cells = zip(code.co_freevars, function.__closure__ or (), strict=True)
    free = {name: cell.cell_contents for name, cell in cells}
    own = getattr(f, "__self__", None)
    return free if own is None else free | {next(iter(inspect.signature(function).parameters)): own}


def arguments_of(f: Any, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a function: the inputs that it takes, and its defaults."""
    signature = inspect.signature(f)
    bound = signature.bind_partial(**{k: v for k, v in inputs.items() if k in signature.parameters})
    bound.apply_defaults()
    return bound.arguments


def as_script(definition: ast.FunctionDef) -> list[ast.stmt]:
    """The statements of a function as a module's, which can't return."""
    made = [Returns().visit(copied(s)) for s in definition.body]
    return [s for one in made for s in (one if isinstance(one, list) else [one])]


def is_definition(node: ast.FunctionDef, code: Any) -> bool:
    """Whether a statement defines the function whose code this is."""
    return node.name == code.co_name and first_line(node) == int(code.co_firstlineno)


def script(path: str | os.PathLike[str], *, loss: str | None = None) -> DerivationReport:
    """The verdict on the first update in a script's loop, with the variables that it had then.

    path  the script: what stands before the loop runs once, then the loop's first round
    loss  as for `training_step`

    Raises DerivationError if nothing is updated, and if no loss is found; OSError if there is no such file.

    >>> import tempfile
    >>> lines = ["import numpy as np", "w = np.ones(2)", "for step in range(9):", "    loss = np.sum(w**2)"]
    >>> with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
    ...     print(*lines, "    w -= 0.1 * w", sep="\\n", file=file, flush=True)
    ...     report = script(file.name)
    >>> report.judged
    {'w': True}
    """
    path = os.fspath(path)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    linecache.checkcache(path)
    statements = ast.parse(text).body
    folder = os.path.dirname(os.path.abspath(path))
    draws = Draws.now()

    def space() -> dict[str, Any]:
        """The variables that a script begins with, and the draws as they were."""
        draws.put_back()
        return {"__name__": "__main__", "__file__": path, "__builtins__": __builtins__}

    sys.path.insert(0, folder)
    try:
        return trained(statements, path, space, os.path.basename(path), loss)
    finally:
        sys.path.remove(folder)
        draws.put_back()
