"""Code that trains, with forward pass, backward pass and updates in one: its first round."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

from ....engine import LEAF, Node
from ....errors import DerivationError
from ....graph.ancestors import ancestors, needs_gradient
from ....tensor import Tensor
from ..match.names import is_called_gradient, is_called_loss
from .probes.codes import compiled
from .probes.patch import Patch
from .probes.rewriting.rewriter import Memo
from .probes.sites import Site
from .probes.trace import Tracing

# What a loss is called, and what a loss may be called as well as something else
SURELY = ("loss", "cost", "J", "total_loss", "L")
PERHAPS = ("error", "err", "mse", "nll", "objective", "data_loss", "losses")


@dataclass(slots=True)
class Training:
    """What is known of the first round of a loop that trains.

    loss      the name of the loss, or an expression; None if it is to be found
    until     the loop, and the number of its round, before which the first updates are complete; None if that
              is the end
    updates   by site and number, the ways to the parameters that are updated there
    returned  the variables that the function returns, one of which may be the loss
    names     the variables that hold the loss, once it is found
    guess     which numbers may be the loss: 0, what is called so or returned; 1, also one of which nothing is
              made; 2, also any other, which is believed if all turns out to be right
    places    the parameters that are judged; None for all
    done      those that an earlier loss has updated: they are no variables of this one
    end       the number of the value that is the next loss: what comes then is no gradient of this one
    """

    loss: str | None
    until: tuple[Any, int] | None = None
    updates: dict[tuple[Site, int], Any] = field(default_factory=dict)
    returned: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()
    guess: int = 0
    places: frozenset[Any] | None = None
    done: frozenset[Any] = frozenset()
    end: float = float("inf")


class Body:
    """Some statements of the user's source, which run in a space of variables as often as they are called."""

    def __init__(self, statements: list[ast.stmt], filename: str, space: dict[str, Any], name: str) -> None:
        self.statements, self.filename, self.space, self.__name__ = statements, filename, space, name
        inner = [n for s in statements for n in ast.walk(s) if isinstance(n, ast.stmt)]
        self.memo = {parts: Memo({id(s): s for s in inner}) for parts in (False, True)}
        self.codes: dict[bool, CodeType] = {}
        self.code: CodeType | None = None

    def probed(self, parts: bool) -> CodeType:
        """The code with probes in it."""
        if parts not in self.codes:
            self.codes[parts] = compiled(self.statements, self.filename, parts, self.memo[parts])
        return self.codes[parts]

    def with_patch(self, patch: Patch) -> CodeType | None:
        """The code with probes in it, and a statement changed."""
        try:
            changed = [patch.applied(s) for s in self.statements]
            return compiled(changed, self.filename, False, self.memo[False])
        except (SyntaxError, ValueError, TypeError, AttributeError):
            return self.code

    @property
    def words(self) -> frozenset[str]:
        """The names in the statements, and the gradients of those that are assigned to: `dw` of `w`."""
        names = [n for s in self.statements for n in ast.walk(s) if isinstance(n, ast.Name)]
        return frozenset(n.id for n in names) | {f"d{n.id}" for n in names if isinstance(n.ctx, ast.Store)}

    def __call__(self, **arguments: Any) -> None:
        """Run the statements once."""
        assert self.code is not None
        exec(self.code, self.space)


RETURNED = "what is returned"  # the variable for an expression that a function returns: no name of the user's


class Returns(ast.NodeTransformer):
    """Turns the statements of a function into a module's, where a loop ends instead of returning."""

    def __init__(self) -> None:
        self.loops = 0  # around a node

    def visit_Return(self, node: ast.Return) -> Any:
        """What was returned, under a name if it had none, and a `break` if that is in a loop."""
        value = node.value or ast.Constant(None)
        is_named = isinstance(value, ast.Name | ast.Tuple | ast.Constant)
        made = ast.Expr(value) if is_named else ast.Assign([ast.Name(RETURNED, ast.Store())], value)
        end: list[ast.stmt] = [ast.copy_location(made, node)]
        if self.loops:
            end.append(ast.copy_location(ast.Break(), node))
        return end

    def visit_loop(self, node: Any) -> Any:
        """A loop, which ends where it returned."""
        self.loops += 1
        self.generic_visit(node)
        self.loops -= 1
        return node

    visit_For = visit_While = visit_loop  # noqa: N815

    def visit_FunctionDef(self, node: Any) -> Any:
        """An inner function as it is, since its returns are its own."""
        return node

    visit_Lambda = visit_ClassDef = visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815


def names_returned(function: ast.AST) -> tuple[str, ...]:
    """The variables that a function returns, also among others, and the one that stands for an expression.

    >>> names_returned(ast.parse("def f():\\n    return total, net"))
    ('total', 'net', 'what is returned')
    """
    values = [n.value for n in ast.walk(function) if isinstance(n, ast.Return) and n.value is not None]
    parts = [p for v in values for p in (v.elts if isinstance(v, ast.Tuple) else [v])]
    return (*(p.id for p in parts if isinstance(p, ast.Name)), RETURNED)


def stretches(statements: list[ast.stmt]) -> Iterator[tuple[list[ast.stmt], list[ast.stmt]]]:
    """Ways to part statements into what prepares and what trains.

    What trains may be a loop; else all of it; else the call of a function that has the loop in it.
    """
    flat: list[ast.stmt] = []
    for statement in statements:
        is_main = isinstance(statement, ast.If) and "__main__" in ast.unparse(statement.test)
        flat += statement.body if is_main else [statement]  # type: ignore[attr-defined]
    loops = [i for i, s in enumerate(flat) if isinstance(s, ast.For | ast.While | ast.With)]
    for i in loops:
        if not is_update(flat[i]):
            yield flat[:i], [flat[i]]
    yield [], flat
    for i, s in enumerate(flat):
        if isinstance(s, ast.Expr | ast.Assign) and isinstance(s.value, ast.Call):
            yield flat[:i], [s]


def is_update(statement: ast.stmt) -> bool:
    """Whether a statement only changes an array, which it reads for nothing else, or is a loop of such ones.

    A penalty reads the element that is changed.

    >>> is_update(ast.parse("for i in range(n): w[i] -= rate * (g[i] + reg * w[i])").body[0])
    True
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
        case ast.AugAssign(target=ast.Subscript(value=owner) as target, value=value):
            own = ast.unparse(target)
        case ast.AugAssign(target=owner, value=value):
            own = ""
        case _:
            return False
    read = [ast.unparse(n) for n in ast.walk(value) if isinstance(n, ast.expr)]
    return read.count(ast.unparse(owner)) == read.count(own)


def final_in(numbers: list[Tensor]) -> Tensor | None:
    """The number that no other one was made of; of several such, the one that depends on most leaves."""
    numbers = [t for t in numbers if not t.is_leaf]
    nodes: list[Any] = [t.node for t in numbers]
    before = {n: set(ancestors([n], needs_gradient)) for n in nodes}
    inner = {n for n in nodes if any(n in before[other] for other in nodes if other is not n)}
    ends = [t for t in reversed(numbers) if t.node not in inner]
    return max(ends, key=lambda t: sum(n.op is LEAF for n in before[t.node]), default=None)


def whole_loss(name: str, run: Tracing) -> Tensor:
    """The loss under a name, or what the helper that computed it made of it: `return cost + penalty`."""
    found, maker = run.losses[name], run.loss_makers[name]
    ends = run.returned.get(maker, []) if maker != run.own else []
    return next((t for t in reversed(ends) if found.node in ancestors([t.node], needs_gradient)), found)


def likely_losses(training: Training, run: Tracing) -> Iterator[Tensor | None]:
    """What may be the loss, the likeliest first: by its name, as what is returned, or as what all goes into.

    A loss is a number without axes: `error` may be an array that the loss is the mean square of, and of a
    single sample that has one element.
    """
    updated = {place[-1] for place in training.updates.values()}
    named = {name: t for name, t in run.losses.items() if not t.ndim and not t.is_leaf}
    numbers = {name: t for name, t in named.items() if name not in updated or not is_parameter(t, run)}
    returned = final_in([numbers[w] for w in training.returned if w in numbers and w != RETURNED])
    whole = numbers.get(RETURNED)
    operands = {p for t in numbers.values() if t.node is not None for p in t.node.parents if p is not None}
    within = set(ancestors(list(operands), needs_gradient))  # as the terms of a penalty are
    listed = final_in([t for t in run.elements if not t.ndim and t.node not in within])  # history.append(...)
    ends = (returned, whole, listed, *numbers.values())
    of_samples = {word for word in numbers if any(is_one_of_several(word, end, run) for end in ends)}
    single = {word: t for word, t in numbers.items() if word not in of_samples}
    yield from outside(returned, called(SURELY, single, run))
    yield returned
    yield from outside(listed, called(PERHAPS, single, run))
    yield whole
    yield listed
    yield final_in([t for name, t in single.items() if is_called_loss(name)])
    yield from (t for word, t in run.losses.items() if word in (*SURELY, *PERHAPS) and word not in of_samples)
    # what a parameter is changed by is made of the loss's parts, too
    own = [t for name, t in numbers.items() if name not in updated and not is_called_gradient(name)]
    if training.guess >= 1:
        used = {p for nodes in run.made.values() for n in nodes for p in n.parents}
        unused = [t for t in own if t.node not in used]
        yield unused[0] if len(unused) == 1 else None
    if training.guess == 2:
        yield final_in(own)
        yield final_in([t for t in run.scalars if not t.ndim])
        yield final_in(run.scalars)


def is_parameter(number: Tensor, run: Tracing) -> bool:
    """Whether what was updated to a number had gone into something else, as a bias does and no sum does."""
    uses = Counter(p for nodes in run.made.values() for n in set(nodes) for p in n.parents)
    made_of = number.node.parents if number.node is not None else ()
    return any(p is not None and p.op is LEAF and uses[p] > 1 for p in made_of)


def called(words: tuple[str, ...], numbers: Mapping[str, Tensor], run: Tracing) -> list[Tensor]:
    """The loss under the first of some words that a number goes by; none if there is no such number."""
    word = next((word for word in words if word in numbers), None)
    return [whole_loss(word, run)] if word is not None else []


def is_one_of_several(word: str, whole: Tensor | None, run: Tracing) -> bool:
    """Whether several numbers that went by a name, of which none is made of another, went into a whole.

    Each is the cost of a sample; a sum that goes on under its name is made of what it was before.
    """
    if whole is None or whole.node is None:
        return False
    own = set(run.bound.get(word, ())) & set(ancestors([whole.node], needs_gradient))
    return bool(own - set(ancestors([run.losses[word].node], needs_gradient)))


def outside(whole: Tensor | None, numbers: list[Tensor]) -> list[Tensor]:
    """The numbers that another one was not made of."""
    within = ancestors([whole.node], needs_gradient) if whole is not None and whole.node is not None else []
    return [t for t in numbers if t.node not in within]


def loss_asked_for(loss: str, run: Tracing, space: dict[str, Any], failed: Exception | None) -> Any:
    """The loss under a name, or the value of an expression.

    Raises DerivationError if there is neither, or the exception that ended the round before.
    """
    if loss in run.losses:
        return run.losses[loss]
    try:
        return eval(loss, space)
    except Exception as error:
        raise failed or DerivationError(
            f"there is no loss {loss!r} in the first round: {type(error).__name__}: {error}; "
            "pass the name of a variable that is one number, or an expression of the variables there"
        ) from None


def loss_in(training: Training, run: Tracing, space: dict[str, Any], failed: Exception | None) -> Node:
    """The node of the loss that was computed in a round: the one that was asked for, or the likeliest."""
    if training.loss is not None:
        found = loss_asked_for(training.loss, run, space, failed)
    else:
        found = next((t for t in likely_losses(training, run) if t is not None), None)
    training.names = frozenset(name for name, t in run.losses.items() if t is found)
    if type(found) is Tensor and found.size > 1:
        found = found.sum()
    if type(found) is not Tensor or not found.requires_grad:
        raise failed or DerivationError(
            "no loss was found in the first round: pass loss= the name of a variable that is one number and "
            "depends on the parameters, or an expression such as 'np.mean((y - out)**2)'"
        )
    return found.node  # type: ignore[return-value]
