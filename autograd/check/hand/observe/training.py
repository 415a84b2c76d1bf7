"""Code that trains, with forward pass, backward pass and updates in one: its first round."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

from ....engine import LEAF, Node
from ....errors import DerivationError
from ....graph.ancestors import ancestors, needs_gradient
from ....tensor import Tensor
from ..match.names import is_called_loss
from .probes.codes import compiled, copied
from .probes.patch import Patch
from .probes.sites import Site
from .probes.trace import Tracing

LOSSES = (
    "loss",
    "cost",
    "J",
    "total_loss",
    "L",
    "error",
    "err",
    "mse",
    "nll",
    "objective",
    "data_loss",
    "losses",
)


@dataclass(slots=True)
class Training:
    """What is known of the first round of a loop that trains.

    loss     the name of the loss, or an expression; None if it is to be found
    until    the number of the round before which the first updates are complete; None if the end is
    updates  by site and number, the ways to the parameters that are updated there
    """

    loss: str | None
    until: int | None = None
    updates: dict[tuple[Site, int], Any] = field(default_factory=dict)


class Body:
    """Statements of the user's that run in a space of variables, as often as they are called."""

    def __init__(self, statements: list[ast.stmt], filename: str, space: dict[str, Any], name: str) -> None:
        self.statements, self.filename, self.space, self.__name__ = statements, filename, space, name
        self.codes: dict[bool, CodeType] = {}
        self.code: CodeType | None = None

    def probed(self, parts: bool) -> CodeType:
        """The code with probes in it."""
        if parts not in self.codes:
            self.codes[parts] = compiled([copied(s) for s in self.statements], self.filename, parts)
        return self.codes[parts]

    def with_patch(self, patch: Patch) -> CodeType | None:
        """The code with probes in it, and a statement changed."""
        try:
            return compiled([patch.applied(s) for s in self.statements], self.filename, False)
        except (SyntaxError, ValueError, TypeError, AttributeError):
            return self.code

    @property
    def words(self) -> frozenset[str]:
        """The names in the statements; of a number whose name is assigned to again, as of a gradient."""
        names = [n for s in self.statements for n in ast.walk(s) if isinstance(n, ast.Name)]
        return frozenset(n.id for n in names) | {f"d{n.id}" for n in names if isinstance(n.ctx, ast.Store)}

    def __call__(self, **arguments: Any) -> None:
        assert self.code is not None
        exec(self.code, self.space)


class Returns(ast.NodeTransformer):
    """Statements of a function as those of a module: where it returns, the loop ends."""

    def __init__(self) -> None:
        self.loops = 0

    def visit_Return(self, node: ast.Return) -> Any:
        value = ast.Expr(node.value or ast.Constant(None))
        end: list[ast.stmt] = [ast.copy_location(value, node)]
        if self.loops:
            end.append(ast.copy_location(ast.Break(), node))
        return end

    def visit_loop(self, node: Any) -> Any:
        self.loops += 1
        self.generic_visit(node)
        self.loops -= 1
        return node

    visit_For = visit_While = visit_loop  # noqa: N815

    def visit_FunctionDef(self, node: Any) -> Any:
        return node

    visit_Lambda = visit_ClassDef = visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815


def stretches(statements: list[ast.stmt]) -> Iterator[tuple[list[ast.stmt], list[ast.stmt]]]:
    """Ways to part statements in what prepares and what trains: before each loop; or all of it trains."""
    flat: list[ast.stmt] = []
    for statement in statements:
        is_main = isinstance(statement, ast.If) and "__main__" in ast.unparse(statement.test)
        flat += statement.body if is_main else [statement]  # type: ignore[attr-defined]
    loops = [i for i, s in enumerate(flat) if isinstance(s, ast.For | ast.While | ast.With)]
    for i in loops:
        yield flat[:i], [flat[i]]
    calls = [
        i
        for i, s in enumerate(flat)
        if isinstance(s, ast.Expr | ast.Assign) and isinstance(s.value, ast.Call)
    ]
    yield [], flat
    for i in calls:
        yield flat[:i], [flat[i]]


def is_update(statement: ast.stmt) -> bool:
    """Whether a statement does nothing but change an array, or several in a loop, which it doesn't read else.

    >>> is_update(ast.parse("for w, step in steps: E[w] -= rate * step").body[0])
    True
    >>> is_update(ast.parse("for x, y in data: w -= rate * (x @ w - y) * x").body[0])
    False
    """
    match statement:
        case ast.For(body=body):
            return all(map(is_update, body))
        case ast.Assign(targets=[ast.Subscript(value=owner) as target], value=value):
            own = ast.unparse(target)
        case ast.AugAssign(target=target, value=value):
            owner, own = target.value if isinstance(target, ast.Subscript) else target, ""
        case _:
            return False
    read = [ast.unparse(n) for n in ast.walk(value) if isinstance(n, ast.expr)]
    return read.count(ast.unparse(owner)) == read.count(own)


def final_in(numbers: list[Tensor]) -> Tensor | None:
    """Of some numbers the one that no other was made of; of several, the last that depends on most."""
    nodes: list[Any] = [t.node for t in numbers]
    before = {n: set(ancestors([n], needs_gradient)) for n in nodes}
    inner = {n for n in nodes if any(n in before[other] for other in nodes if other is not n)}
    ends = [t for t in reversed(numbers) if t.node not in inner]
    return max(ends, key=lambda t: sum(n.op is LEAF for n in before[t.node]), default=None)


def whole_loss(name: str, run: Tracing) -> Tensor:
    """A loss of some name, or what the helper that computed it returns: `return cost + penalty`."""
    found, maker = run.losses[name], run.loss_makers[name]
    ends = run.returned.get(maker, []) if maker != run.own else []
    return next((t for t in reversed(ends) if found.node in ancestors([t.node], needs_gradient)), found)


def loss_in(loss: str | None, run: Tracing, space: dict[str, Any], failed: Exception | None) -> Node:
    """The node of the loss that was computed in a round."""
    found: Any = None
    if loss is not None:
        found = run.losses.get(loss)
        if found is None:
            try:
                found = eval(loss, space)
            except Exception as error:
                raise failed or DerivationError(
                    f"there is no loss {loss!r} in the first round: {type(error).__name__}: {error}; "
                    "pass the name of a variable that is one number, or an expression of the variables there"
                ) from None
    else:
        found = next((whole_loss(w, run) for w in LOSSES if w in run.losses), None)
        if found is None:
            called = [t for name, t in run.losses.items() if is_called_loss(name)]
            found = final_in(called) or final_in(run.scalars)
    if type(found) is Tensor and found.size > 1:
        found = found.sum()
    if type(found) is not Tensor or not found.requires_grad:
        raise failed or DerivationError(
            "no loss was found in the first round: pass loss= the name of a variable that is one number and "
            "depends on the parameters, or an expression such as 'np.mean((y - out)**2)'"
        )
    return found.node  # type: ignore[return-value]
