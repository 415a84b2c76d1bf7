"""`derivation_of`: a block of a notebook in which a backward pass is derived, held against the engine's."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from types import FrameType
from typing import Any

import numpy as np

from ...engine import Node
from ...errors import DerivationError
from ...graph.ancestors import ancestors, needs_gradient
from ...tensor import Tensor
from ...users import parts
from .derivation import report_of
from .match.known import Known
from .match.near import near, ratio
from .observe.graph import Forward
from .observe.probes.codes import copied, text_of, tree_of
from .observe.probes.record import is_array
from .observe.stage import Stage
from .observe.training import Body
from .report import DerivationReport
from .verdicts import judged_as


class ByHand:
    """A block in which a backward pass is being derived; see `derivation_of`."""

    def __init__(self, loss: Tensor, prefix: str, names: Mapping[str, str]) -> None:
        self.loss, self.prefix, self.names = loss, prefix, dict(names)
        self.is_running = self.is_replaying = False

    def __enter__(self) -> ByHand:
        """Look at the variables as the block begins: their names, and what the block is to find again."""
        frame = sys._getframe(1)
        self.frame: FrameType | None = frame
        self.is_running = True
        self.filename, self.line = frame.f_code.co_filename, frame.f_lineno
        self.known = Known(seen_from(self.loss, frame.f_globals, dict(frame.f_locals)))
        block = self.block()
        used = {n.id for n in ast.walk(block) if isinstance(n, ast.Name)} if block is not None else set()
        space = {**frame.f_globals, **frame.f_locals}
        wanted = {
            k for k, v in space.items() if k in used or k.startswith("__") or type(v) in (np.ndarray, Tensor)
        }
        self.space = {k: held(space[k]) if k in used else space[k] for k in wanted}
        return self

    def __exit__(self, *exception: Any) -> None:
        """Let go of the frame, which holds the caller's variables."""
        self.is_running, self.frame = False, None

    def block(self) -> ast.With | None:
        """The block in the user's source; None if there is no source of it."""
        try:
            tree = tree_of(self.filename, text_of(self.filename))
        except SyntaxError:
            return None
        around = (
            n
            for n in ast.walk(tree)
            if isinstance(n, ast.With) and n.lineno <= self.line <= (n.end_lineno or 0)
        )
        return max(around, key=lambda n: n.lineno, default=None)

    @property
    def report(self) -> DerivationReport:
        """The verdicts on what has been derived so far."""
        block = self.block()
        if block is None:
            raise DerivationError(
                "there is no source of the block: write it in a file, or in a cell without magic"
            )
        now = self.frame.f_lineno if self.is_running and self.frame is not None else float("inf")
        statements = [copied(s) for s in block.body if (s.end_lineno or 0) < now]
        space = {k: held(v) for k, v in self.space.items()}
        space |= {n.id: self for item in block.items for n in ast.walk(item) if is_target(n)}  # type: ignore[attr-defined]
        stage = Stage.of(Body(statements, self.filename, space, "the block"), None, space)
        self.is_replaying = True
        try:
            return report_of(stage, judged_as(stage, self.known, (self.prefix, self.names)), self.prefix)
        finally:
            self.is_replaying = False

    def next(self) -> str | None:
        """The name of the gradient to derive next, in backward order; None when all are there and fine."""
        if self.is_replaying:
            return None
        frame = sys._getframe(1)
        known = self.known
        fine = {
            name for name, value in frame.f_locals.items() if is_array(value) and self.is_fine(name, value)
        }
        named = [known.forward.names.get(node) for node in reversed(known.forward.order[:-1])]
        return next((self.prefix + name for name in named if name and self.prefix + name not in fine), None)

    def is_fine(self, name: str, value: Any) -> bool:
        """Whether a variable holds the gradient that it is called, or a constant multiple."""
        data = value.data if type(value) is Tensor else value
        nodes = self.known.called(name, self.prefix, self.names)
        return any(
            near(data, g) or ratio(data, g)
            for g in (self.known.truth[n] for n in nodes if n in self.known.truth)
        )

    def __repr__(self) -> str:
        """The report as a text."""
        return str(self.report)

    def _repr_html_(self) -> str:
        """The report as a table in a notebook."""
        return self.report._repr_html_()


def is_target(node: ast.AST) -> bool:
    """Whether a node is a name that is written to."""
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def held(value: Any) -> Any:
    """What the block is to find again: arrays as they are now."""
    return value.copy() if type(value) is np.ndarray and value.size < 10**7 else value


def seen_from(loss: Tensor, *scopes: Mapping[str, Any]) -> Forward:
    """What is known of a loss that was computed already, by the variables that hold its parts."""
    root: Any = loss.node
    inside = set(ancestors([root], needs_gradient))
    bound: dict[str, dict[Node, None]] = {}
    names: dict[Node, str] = {}
    leaves: dict[tuple[Any, ...], Node] = {}
    pairs = [
        pair
        for scope in scopes
        for pair in public(scope)
        if type(pair[1]) is Tensor and pair[1].node in inside
    ]
    for place, value in sorted(pairs, key=lambda p: p[1].node.index):
        last = next((k for k in reversed(place) if isinstance(k, str)), "")
        names.setdefault(value.node, last)
        bound.setdefault(last, {})[value.node] = None
        if value.is_leaf:
            leaves[place] = value.node
    return Forward(root, leaves, {k: list(v) for k, v in bound.items()}, names, {}, {}, [])


def public(scope: Mapping[str, Any]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """The variables of a scope, and what they hold, but those that a notebook keeps for itself."""
    for name, value in tuple(scope.items()):
        if not name.startswith("_") and name not in ("In", "Out", "exit", "quit"):
            yield (name,), value
            yield from parts(value, (name,))


def derivation_of(loss: Tensor, *, prefix: str = "d", names: Mapping[str, str] | None = None) -> ByHand:
    """A `with` block whose variables `d<name>` are held against the gradients of a loss, line by line.

    For a notebook, in which the forward pass was computed on Tensors already: the caller's variables
    that hold them are the names.  `hand.report` is the report, as `derivation` returns it, and
    `hand.next()` the name of the gradient to derive next.  For the report, the block is run again on copies.

    Raises DerivationError for a loss that is not one number, or depends on nothing that requires a gradient.

    >>> x, w = np.array([1.0, 2.0]), Tensor([3.0, 5.0], requires_grad=True)
    >>> y = x * w
    >>> loss = np.sum(y**2)
    >>> with derivation_of(loss) as hand:
    ...     dy = 2 * y
    ...     upcoming = hand.next()
    ...     dw = dy * x
    >>> hand.report.ok, upcoming
    (True, 'dw')
    """
    if type(loss) is not Tensor or loss.size != 1 or not loss.requires_grad:
        what = f"a tensor of shape {loss.shape}" if type(loss) is Tensor else f"a {type(loss).__name__}"
        raise DerivationError(
            "derivation_of takes a loss, one number that depends on a tensor that requires a gradient, "
            f"and not {what}"
        )
    return ByHand(loss, prefix, names or {})
