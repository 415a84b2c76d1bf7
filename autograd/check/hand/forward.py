"""The forward pass of the user's, run on Tensors: the loss, and which variable held what on the way."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

import numpy as np

from ...engine import Array, Node, passed_back
from ...errors import DerivationError
from ...mode import GRADIENTS, Block
from ...tensor import Tensor
from ...transforms.structure import flat, name_of, rebuilt
from .creation import arrays_as_tensors
from .watch import Place, holds_variables, is_users, parts, variables, watching, written


def came_back(node: Node, g: Array) -> list[tuple[Node, Array]]:
    """What a node passes back, in arrays."""
    return passed_back(node, g, None)


class Forward:
    """What one run of a forward pass left behind.

    root   the node of the loss
    nodes  of each variable the nodes that it was bound to, the oldest first
    names  what to call a node: as forward itself does, else as a function that it called
    scope  what each variable held at last, in plain arrays, for the backward pass to be given
    """

    def __init__(
        self, root: Node, nodes: dict[Place, list[Node]], names: dict[Node, str], scope: dict[str, Any]
    ) -> None:
        self.root, self.nodes, self.names, self.scope = root, nodes, names, scope
        self.order = ancestors(root)
        self.children: dict[Node, list[Node]] = {node: [] for node in self.order}
        for node in self.order:
            for parent in dict.fromkeys(node.parents):
                if parent in self.children:
                    self.children[parent].append(node)

    def bound_to(self, place: Place) -> list[Node]:
        """The nodes of a variable that the loss depends on; if it is unknown, of any with its last name."""
        found = self.nodes.get(place) or self.nodes.get(place[-1:], [])
        return [node for node in found if node in self.children]

    def between(self, node: Node, ends: Container[Node]) -> tuple[list[Node], list[Node]]:
        """`node` and what was computed from it on the way to the loss, up to some ends; and those ends."""
        region: list[Node] = []
        reached: list[Node] = []
        seen = {node}
        waiting = [node]
        while waiting:
            one = waiting.pop()
            region.append(one)
            for child in self.children[one]:
                if child not in seen:
                    seen.add(child)
                    (reached if child in ends else waiting).append(child)
        return region, reached

    def gradients(self, back: Callable[..., Any] = came_back) -> dict[Node, Array]:
        """The true gradient of every array that the loss depends on, by what each node passes back."""
        found = {self.root: one_like(self.root)}
        for node in reversed(self.order):
            for parent, g in back(node, found[node]):
                found[parent] = found[parent] + g if parent in found else g
        return {node: g for node, g in found.items() if not node.op.several}


def one_like(root: Node) -> Array:
    """The derivative of a loss with respect to itself."""
    return np.ones(np.shape(root.data), root.data.dtype)[()]


def ancestors(root: Node) -> list[Node]:
    """The nodes that need a gradient and that `root` depends on, the oldest first."""
    seen, waiting = set(), [root]
    while waiting:
        node = waiting.pop()
        if node not in seen and node.requires_grad:
            seen.add(node)
            waiting += [p for p in node.parents if p is not None]
    return sorted(seen, key=lambda node: node.index)


def lifted(value: Any, shift: Callable[[Any], Any]) -> Any:
    """A float array, or a Tensor of floats, as a leaf of its own in float64; anything else as it is."""
    data = value.data if type(value) is Tensor else value
    if not isinstance(data, np.ndarray | np.generic):
        return value
    if data.dtype.kind == "c":
        raise DerivationError(
            "check.derivation takes real inputs, and one is complex: split it into real ones"
        )
    return Tensor(shift(data.astype(float)), requires_grad=True) if data.dtype.kind == "f" else data


def with_numbers(inputs: dict[str, Any], wanted: Container[str]) -> dict[str, Any]:
    """The inputs, with arrays of no axes in the place of the plain floats whose gradients are wanted.

    Others stay what they are: a rate, the exponent of a focal loss or a small epsilon is no parameter.
    """
    found = flat(inputs)
    arrays = {p: np.float64(v) if type(v) is float and p[-1] in wanted else v for p, v in found.items()}
    return rebuilt(inputs, arrays)  # type: ignore[no-any-return]


def plain(value: Any) -> Any:
    """A value with an array of its own in the place of every Tensor and array in it."""
    if isinstance(value, dict | list | tuple):
        return rebuilt(value, {path: plain(part) for path, part in flat(value).items()})
    if type(value) is Tensor or isinstance(value, np.ndarray):
        return np.array(value.data if type(value) is Tensor else value)[()]
    return value


@contextmanager
def attributes_lifted(owners: Iterable[Any], shift: Callable[[Any], Any], keep: bool) -> Iterator[None]:
    """A block in which the float arrays that objects of the user's hold are leaves, but those of buffers.

    Afterwards they are what they were; but what the forward pass has stored, such as activations, is
    there as plain arrays, if it is to be kept.
    """
    reached: list[Any] = []
    for owner in owners:
        reached += [owner, *(part for _, part in parts(owner, ()))]
    holders = list({id(part): part for part in reached if holds_variables(part)}.values())
    originals = [dict(vars(holder)) for holder in holders]
    leaves = [{name: lifted_inside(v, shift) for name, v in held.items()} for held in originals]
    for holder, attributes in zip(holders, leaves, strict=True):
        vars(holder).update(attributes)
    try:
        yield
    finally:
        for holder, original, given in zip(holders, originals, leaves, strict=True):
            now = vars(holder)
            stored = {name: plain(v) for name, v in now.items() if v is not given.get(name)}
            now.clear()
            now.update(original | (stored if keep else {}))


def lifted_inside(value: Any, shift: Callable[[Any], Any]) -> Any:
    """A value with leaves in the place of the float arrays in it, and copies in that of the buffers."""
    copies = {
        path: copy_of(part) if is_buffer(part) else lifted(part, shift) for path, part in flat(value).items()
    }
    return rebuilt(value, copies)


def is_buffer(value: Any) -> bool:
    """Whether a value is a Tensor that needs no gradient, such as a running mean, which is written to."""
    return type(value) is Tensor and not value.requires_grad


def copy_of(buffer: Tensor) -> Tensor:
    return Tensor(buffer.data, dtype=float if buffer.dtype.kind == "f" else None)


def run_forward(
    forward: Callable[..., Any], inputs: dict[str, Any], shift: Callable[[Any], Any] | None = None
) -> Forward:
    """Run `forward` on Tensors in the place of the float arrays among its inputs, and watch it.

    `shift` moves the values of the inputs first; such a run leaves no trace in the user's objects.
    Raises DerivationError if it does not return a scalar that depends on an input.
    """
    try:
        return ran(forward, inputs, shift)
    except DerivationError:
        raise
    except Exception as error:  # a Tensor may have been assigned to places of an array
        try:
            with arrays_as_tensors():
                return ran(forward, inputs, shift)
        except Exception:
            raise error from None


def ran(forward: Callable[..., Any], inputs: dict[str, Any], shift: Callable[[Any], Any] | None) -> Forward:
    """What one run leaves behind."""
    move = shift or (lambda a: a)
    leaves = {path: lifted(value, move) for path, value in flat(inputs).items()}
    nodes: dict[Place, list[Node]] = {}
    scopes: dict[FrameType, dict[str, Any]] = {}
    own_names: dict[Node, str] = {}
    other_names: dict[Node, str] = {}

    def observe(frame: FrameType, line: int) -> None:
        scopes[frame] = dict(frame.f_locals)
        names = own_names if frame.f_code is code else other_names
        for place, value in variables(frame.f_locals):
            bind(nodes, names, place, value)

    def wanted(other: CodeType) -> bool:
        return other is code or is_users(other)

    code = code_of(forward)
    for path, leaf in leaves.items():
        bind(nodes, own_names, path, leaf)
    owners = [getattr(forward, "__self__", None), *inputs.values()]
    with attributes_lifted(owners, move, keep=shift is None), Block(GRADIENTS), watching(observe, wanted):
        loss = forward(**taken(forward, rebuilt(inputs, leaves)))
    own = [scope for frame, scope in scopes.items() if frame.f_code is code]
    helpers = [scope for frame, scope in scopes.items() if frame.f_code is not code]
    scope = dict.fromkeys(inputs) | held(*own) | held(*helpers, rebuilt(inputs, leaves), *own)
    return Forward(scalar_of(loss, name_of(forward)), nodes, other_names | own_names, scope)


def seen_from(loss: Tensor, *scopes: dict[str, Any]) -> Forward:
    """What is known of a loss that was computed already, by the variables that hold its parts."""
    known = ancestors(loss.node)  # type: ignore[arg-type]
    nodes: dict[Place, list[Node]] = {}
    names: dict[Node, str] = {}
    found = [pair for scope in scopes for pair in variables(public(scope)) if type(pair[1]) is Tensor]
    for place, value in sorted((p for p in found if p[1].requires_grad), key=lambda p: p[1].node.index):
        if value.node in known:
            bind(nodes, names, place, value)
    numbers = {k: v for scope in scopes for k, v in public(scope).items() if isinstance(v, NUMBERS)}
    return Forward(loss.node, nodes, names, {name: plain(v) for name, v in numbers.items()})  # type: ignore[arg-type]


NUMBERS = (Tensor, np.ndarray, np.generic, int, float)


def public(scope: dict[str, Any]) -> dict[str, Any]:
    """The variables of a scope but those that a notebook keeps for itself."""
    return {
        k: v for k, v in scope.items() if not k.startswith("_") and k not in ("In", "Out", "exit", "quit")
    }


def bind(nodes: dict[Place, list[Node]], names: dict[Node, str], place: Place, value: Any) -> None:
    """Note that the variable at `place` holds the node of a Tensor: under its last name too."""
    if type(value) is Tensor and value.requires_grad:
        names.setdefault(value.node, written(place))  # type: ignore[arg-type]
        last = place[-1:] if isinstance(place[-1], str) else place[:-1][-1:]
        for at in {place, last}:
            bound = nodes.setdefault(at, [])
            if value.node not in bound:
                bound.append(value.node)  # type: ignore[arg-type]


def held(*scopes: dict[str, Any]) -> dict[str, Any]:
    """What the variables of scopes hold, in plain arrays; of two with one name, those of the later scope."""
    found: dict[str, Any] = {}
    for scope in scopes:
        inner = {place[-1]: value for place, value in variables(scope) if isinstance(place[-1], str)}
        found |= inner | scope
    return {name: plain(value) for name, value in found.items()}


def taken(function: Callable[..., Any], values: dict[str, Any]) -> dict[str, Any]:
    """Those of the values that a function takes, by the names of its parameters.

    Raises DerivationError if a parameter without a default has no value.
    """
    wanted = inspect.signature(function).parameters.values()
    if any(p.kind is p.VAR_KEYWORD for p in wanted):
        return values
    needed = [p.name for p in wanted if p.default is p.empty and p.kind is not p.VAR_POSITIONAL]
    missing = [name for name in needed if name not in values]
    if missing:
        raise DerivationError(
            f"{name_of(function)} takes {', '.join(missing)}, and there is no such input or variable of "
            f"forward: there are {', '.join(sorted(values))}"
        )
    return {p.name: values[p.name] for p in wanted if p.name in values}


def scalar_of(loss: Any, name: str) -> Node:
    """The node of the loss that `name` returned.  Raises DerivationError for what is no scalar."""
    if type(loss) is not Tensor:
        raise DerivationError(
            f"{name} returned a {type(loss).__name__}, not a number computed from its inputs: return the "
            "loss alone, by NumPy's functions (float(), .item() and math.log() lose the history), and give "
            "at least one input as floats: there is no gradient by integers"
        )
    if loss.size != 1:
        raise DerivationError(
            f"{name} returned an array of shape {loss.shape}: the loss is one number, its mean or sum"
        )
    if not loss.requires_grad:
        raise DerivationError(f"the loss that {name} returned depends on no array of floats among the inputs")
    return loss.node  # type: ignore[return-value]


def code_of(function: Callable[..., Any]) -> CodeType | None:
    """The code of a function, a method, or what a decorator made of one."""
    function = inspect.unwrap(getattr(function, "__func__", function))
    return getattr(function, "__code__", None) or getattr(type(function).__call__, "__code__", None)
