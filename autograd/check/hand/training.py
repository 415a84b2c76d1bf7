"""`training_step` and `script`: the first update of code that trains, held against the engine's gradients."""

from __future__ import annotations

import ast
import contextlib
import inspect
import io
import linecache
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from types import FrameType
from typing import Any

import numpy as np

from ...attributes import attributes, items_of
from ...errors import DerivationError
from ...users import holds_variables
from .derivation import examined
from .match.results import dug, same
from .observe.arguments import code_of
from .observe.objects.copies import plain_copy
from .observe.objects.reach import Reach, Root
from .observe.objects.state import State, exchanged
from .observe.probes.codes import copied, text_of
from .observe.probes.patch import statements_around
from .observe.probes.probe import Finished, TimeUp
from .observe.probes.record import Recording, is_array
from .observe.probes.sites import Site, span_of
from .observe.raising import told
from .observe.stage import PATIENCE, Stage
from .observe.training import Body, Returns, Training, is_update, names_returned, stretches
from .report import DerivationReport

Place = tuple[Any, ...]


class Watching(Recording):
    """Sees, as each round of a loop begins, which parameters have changed; ends with the first."""

    raised: BaseException | None = None

    def begin(self, space: dict[str, Any], places: list[Place], main: Any) -> None:
        """Look at what is there before the first round."""
        self.space, self.main, self.mains = space, main, 0
        self.updates: dict[tuple[Site, int], Place] = {}
        self.left = {p: (value := dug(space, p[1:]), np.array(value)) for p in places}
        self.changed_by: dict[Place, int] = {}

    def look(self) -> None:
        """Note the parameters that have changed since."""
        for place, (value, before) in list(self.left.items()):
            now = dug(self.space, place[1:])
            is_new = now is not value or not same(now, before)
            if is_new and is_array(now) and np.shape(now) == before.shape and not same(now, before):
                self.changed_by[place] = self.rounds
                del self.left[place]

    def look_at_writes(self) -> None:
        """Note the parameters that were written to, though what was written is what was there."""
        for place, (_, before) in self.left.items() if self.changed_by else ():
            now = dug(self.space, place[1:])
            event = self.latest.get(id(now))
            is_written = event is not None and event.site.kind == "change"
            if is_written and is_array(now) and np.shape(now) == before.shape:
                self.changed_by[place] = max(self.changed_by.values())

    def round(self, site: Site) -> None:
        super().round(site)
        loops = (s for s in statements_around(site.filename, site.span) if span_of(s) == site.span)
        if not any(map(is_update, loops)):  # a parameter may be updated a row at a time
            self.look()
        self.mains += site.span == self.main
        if self.mains > 1:
            raise Finished

    def finish(self, frame: FrameType) -> None:
        """Nothing: what is wanted is in the space."""


def watched(stage: Stage, until: int | None, main: Any) -> Watching:
    """A run of the first round."""
    places = [p for p, _ in float_places(stage.reach)]
    run = Watching()

    def array(path: Place, value: Any) -> Any:
        return plain_copy(path, value, None)

    exchanged(stage.reach, array, stage.numbers)
    try:
        with stage.rewritten(False):
            run.begin(stage.inputs, places, main)
            stage.training = Training(None, until)
            try:
                stage.run(run, stage.forward, {})
            except (Exception, TimeUp) as error:
                run.raised = error
            run.rounds += 1  # what the last round changed is complete after it
            run.look()
            run.look_at_writes()
            for place in run.changed_by:
                now = dug(stage.inputs, place[1:])
                event = run.latest.get(id(now))
                if event is not None:
                    run.updates[event.site, event.n] = place
    finally:
        stage.before.restore()
    return run


def float_places(reach: Reach) -> Iterator[tuple[Place, Any]]:
    """Where the space holds arrays of floats, and numbers."""
    for path, holder in reach.holders.values():
        if path[:1] == (Root.INPUTS,):
            pairs = attributes(holder).items() if holds_variables(holder) else items_of(holder)
            for key, value in tuple(pairs):
                is_floats = isinstance(value, np.ndarray | np.generic) and value.dtype.kind == "f"
                if (is_floats or type(value) is float) and not (
                    isinstance(key, str) and key.startswith("__")
                ):
                    yield (*path, key), value


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
    ways = ((b, body, is_guess) for is_guess in (False, True) for b, body in stretches(statements))
    for before, body, is_guess in ways:
        variables = space()
        try:
            with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
                tree = ast.Module([copied(s) for s in before], [])
                exec(compile(tree, filename, "exec"), variables)
        except Exception as error:
            raised = raised or told(error, "what stands before the loop", PATIENCE)
            continue
        stage = Stage.of(Body(body, filename, variables, name), None, variables)
        main = span_of(body[0])
        first = watched(stage, None, main)
        if not first.changed_by:
            if first.raised is not None:
                raised = raised or told(first.raised, name, stage.patience)
            continue
        last = max(first.changed_by.values())
        until = last if last else None
        again = watched(stage, until, main) if until else first
        stage.training = Training(loss, until, again.updates, returned, is_guess=is_guess)
        try:
            report = examined(stage, ("d", {}), "d")
        except DerivationError as error:
            reasons.append(str(error))
            continue
        if report.judged or report.error:
            return report
        reasons.append(f"nothing that {name} updates has a part in the loss")
    if raised:
        return DerivationReport((), error=raised)
    raise DerivationError(
        reasons[-1]
        if reasons
        else f"{name} updates no array of floats that exists before its loop: make the "
        "weights before the loop, or pass them as inputs"
    )


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
    code = code_of(f)
    text = text_of(code.co_filename) if code else ""
    node = next((n for n in ast.walk(ast.parse(text)) if is_definition(n, code)), None) if text else None
    if code is None or node is None:
        raise DerivationError(f"there is no source of {f!r:.60}: define it in a file or in a cell")
    function = inspect.unwrap(getattr(f, "__func__", f))
    own = getattr(f, "__self__", None)
    bound = inspect.signature(f).bind_partial(
        **{k: v for k, v in inputs.items() if k in inspect.signature(f).parameters}
    )
    bound.apply_defaults()
    cells = zip(code.co_freevars, function.__closure__ or (), strict=True)
    free = {name: cell.cell_contents for name, cell in cells}
    before = State(Reach([((Root.INPUTS,), dict(inputs)), ((Root.OWN,), f)]))

    def space() -> dict[str, Any]:
        before.restore()
        named = {next(iter(inspect.signature(function).parameters)): own} if own is not None else {}
        held = {k: v for k, v in function.__globals__.items() if k in NEEDED or k in names}
        arrays = {k: np.array(v) if isinstance(v, np.ndarray) else v for k, v in bound.arguments.items()}
        return held | free | named | dict(inputs) | arrays

    names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    statements = [Returns().visit(copied(s)) for s in node.body]  # type: ignore[attr-defined]  # it is a definition
    flat = [s for made in statements for s in (made if isinstance(made, list) else [made])]
    try:
        return trained(flat, code.co_filename, space, function.__name__, loss, names_returned(node))
    finally:
        before.restore()


NEEDED = ("__builtins__", "__name__", "np")


def is_definition(node: ast.AST, code: Any) -> bool:
    """Whether a node defines the function whose code this is."""
    if not isinstance(node, ast.FunctionDef) or node.name != code.co_name:
        return False
    first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
    return bool(first == code.co_firstlineno)


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
    draws = State(Reach([]))

    def space() -> dict[str, Any]:
        draws.restore()
        return {"__name__": "__main__", "__file__": path, "__builtins__": __builtins__}

    sys.path.insert(0, folder)
    try:
        return trained(statements, path, space, os.path.basename(path), loss)
    finally:
        sys.path.remove(folder)
        draws.restore()
