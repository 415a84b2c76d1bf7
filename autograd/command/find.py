"""The forward and backward passes in a file: found in its syntax tree, by their names, before it runs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

Function = ast.FunctionDef | ast.AsyncFunctionDef

PASS = r"_?(?:propagation|propagate|prop|pass)?"
FORWARD = re.compile(rf"(?:feed_?forward|forward|fwd|fprop){PASS}")
BACKWARD = re.compile(rf"(?:backward|backprop|back|bwd|bprop){PASS}|gradients?|grads?")
LOSS = re.compile(r"(?:^|_)(?:loss|cost|objective|error|nll|criterion)(?:$|_)")
VERB = re.compile(r"^_?(?:compute|calculate|calc|get|run|do)_")
TRAIN = re.compile(r"(?:^|_)(?:train|fit|optimi[sz]e|gradient_descent|sgd|step|model)(?:$|_)")
GRADIENT = re.compile(r"d[A-Z_]\w*|d[a-z]\d*|d(?:out|gamma|beta|theta|loss)\w*|\w*grad\w*|delta\w*|nabla\w*")
LOSSES = frozenset({"loss", "cost", "J", "L", "E", "total_loss", "error", "objective", "nll", "mse"})


@dataclass(frozen=True, slots=True)
class Target:
    """Something in a file that can be checked.

    name      its name on the command line: "affine", "Dense", "forward"
    line      where it begins
    forward   the forward pass: a function, or a method `Net.loss`; None for a script or a whole file
    backward  the backward pass; None if the forward pass returns the gradients too, or trains
    loss      a function that makes a loss out of what the forward pass returns
    trains    whether it makes updates as well, all in one
    lacks_loss  whether it returns gradients without the loss
    """

    name: str
    line: int
    forward: str | None
    backward: str | None = None
    loss: str | None = None
    trains: bool = False
    lacks_loss: bool = False

    @property
    def title(self) -> str:
        """What it consists of."""
        return " and ".join(part for part in (self.forward, self.backward) if part) or self.name

    def is_called(self, name: str) -> bool:
        """Whether a name on the command line means this target, or one of its passes."""
        return name in (self.name, self.forward, self.backward)


def indices(tree: ast.Module) -> set[str]:
    """The variables of a file that are an index somewhere in it, alone or beside other parts.

    >>> sorted(indices(ast.parse("loss = -np.log(p[np.arange(n), y]).sum() + np.eye(3)[t][0:m].sum()")))
    ['t', 'y']
    """
    found = (n.slice for n in ast.walk(tree) if isinstance(n, ast.Subscript))
    parts = (part for index in found for part in (index.elts if isinstance(index, ast.Tuple) else [index]))
    return {part.id for part in parts if isinstance(part, ast.Name)}


def targets(tree: ast.Module) -> list[Target]:
    """What can be checked in a file, in its order.

    Functions that train are taken only where there are no passes of their own; the file as a whole only
    where there is nothing else, and a loop outside of functions.

    >>> source = "def relu_forward(x): return x, x\\ndef relu_backward(dout, cache): return dout"
    >>> [(t.name, t.title) for t in targets(ast.parse(source))]
    [('relu', 'relu_forward and relu_backward')]
    """
    functions = {node.name: node for node in tree.body if isinstance(node, Function)}
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    found = [*passes(functions), *(t for c in classes for t in passes(methods(c), c.name))]
    if not found:
        found = [*training(functions), *(t for c in classes for t in training(methods(c), c.name))]
    if not found and any(isinstance(node, ast.For | ast.While) for node in statements(tree)):
        found = [Target("script", 1, None)]
    return sorted(found, key=lambda target: target.line)


def statements(tree: ast.Module) -> Iterator[ast.stmt]:
    """The statements that run when a file is run, also below `if __name__ == "__main__"`."""
    for node in tree.body:
        yield from node.body if isinstance(node, ast.If) else [node]


def methods(kind: ast.ClassDef) -> dict[str, Function]:
    """The methods of a class that do something."""
    return {node.name: node for node in kind.body if isinstance(node, Function) and not is_stub(node)}


def is_stub(function: Function) -> bool:
    """Whether a method only says that subclasses have to write it."""
    return all(
        isinstance(s, ast.Pass | ast.Raise) or (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))
        for s in function.body
    )


def passes(functions: dict[str, Function], owner: str = "") -> Iterator[Target]:
    """Pairs of a forward and a backward pass, and losses that return their gradients."""
    backward = {stem(name): name for name in functions if BACKWARD.search(name)}
    forward = {
        stem(name): name for name in functions if FORWARD.search(name) and name not in backward.values()
    }
    losses = [name for name in functions if LOSS.search(name) and name not in backward.values()]
    within = f"{owner}." if owner else ""

    def target(key: str, name: str, other: str | None = None, loss: str | None = None) -> Target:
        """The target of a pass and its partner; in a class its name begins with the name of the class."""
        called = owner if owner and not key else within + (key or name)
        return Target(called, functions[name].lineno, within + name, other and within + other, loss)

    paired: set[str] = set()
    for key, name in backward.items():
        whole = next((x for x in losses if stem(x) == key and forward.get(key) in calls(functions[x])), None)
        if whole or key in forward:
            first = whole or forward[key]
            rest = next(
                (x for x in losses if x not in (first, name) and not returns_gradients(functions[x])), None
            )
            yield target(key, first, name, None if owner else rest)
            paired |= {first, name, rest or first}
    for name in losses:
        partner = backward.get(stem(name)) if name not in paired else None
        if partner and partner not in paired:
            yield target(stem(name), name, partner)
            paired |= {name, partner}
    for name, function in functions.items():
        if name not in paired and name not in backward.values() and returns_gradients(function):
            yield target("" if owner and len(losses) == 1 else name, name)


def training(functions: dict[str, Function], owner: str = "") -> Iterator[Target]:
    """Functions that do it all: forward, backward and updates."""
    for name, function in functions.items():
        if TRAIN.search(name) and any(isinstance(n, ast.For | ast.While) for n in ast.walk(function)):
            called = f"{owner}.{name}" if owner else name
            yield Target(called, function.lineno, called, trains=True)


def stem(name: str) -> str:
    """What a pair has in common: `affine` of affine_forward, nothing of backprop.

    >>> stem("affine_forward"), stem("backward_affine"), stem("backprop"), stem("compute_gradients")
    ('affine', 'affine', '', '')
    """
    rest = FORWARD.sub("_", BACKWARD.sub("_", VERB.sub("", name)))
    return re.sub("_+", "_", LOSS.sub("_", rest)).strip("_")


def calls(function: Function) -> set[str]:
    """The names of the functions and methods that a function calls."""
    called = [node.func for node in ast.walk(function) if isinstance(node, ast.Call)]
    return {getattr(f, "attr", getattr(f, "id", "")) for f in called}


def returned(function: Function) -> list[list[ast.expr]]:
    """What each return statement of a function returns."""
    values = [node.value for node in returns(function) if node.value is not None]
    return [value.elts if isinstance(value, ast.Tuple) else [value] for value in values]


def returns(function: Function) -> list[ast.Return]:
    """The statements of a function that return something, but not of the functions within it."""
    nodes, waiting = [], list[ast.AST](function.body)
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.Return) and node.value is not None:
            nodes.append(node)
        if not isinstance(node, Function | ast.ClassDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)
    return nodes


def returns_gradients(function: Function) -> bool:
    """Whether a function returns a loss, and gradients behind it."""
    for first, *rest in returned(function):
        is_loss = LOSS.search(function.name) or (isinstance(first, ast.Name) and first.id in LOSSES)
        if is_loss and any(GRADIENT.fullmatch(x.id) for x in rest if isinstance(x, ast.Name)):
            return True
        if is_loss and any(isinstance(x, ast.Dict) for x in rest):
            return True
    return False


def alone(tree: ast.Module) -> list[Target]:
    """The functions and methods that return gradients and no loss, for files without passes.

    >>> source = "def step(x, w):\\n    dw = x * (x * w - 1)\\n    return dw"
    >>> alone(ast.parse(source))[0].name
    'step'
    """
    return [
        Target(name, function.lineno, name, lacks_loss=True)
        for name, function in functions_in(tree).items()
        if gradients_in(function)
    ]


def gradients_in(function: Function) -> list[str]:
    """The names of the gradients that a function makes and uses in what it returns."""
    values = [value for node in returns(function) for value in ast.walk(node)]
    used = {value.id for value in values if isinstance(value, ast.Name)}
    return [name for name in names_stored(function) if GRADIENT.fullmatch(name) and name in used]


def names_stored(function: Function) -> list[str]:
    """The variables that a function assigns, in the order of their first assignment."""
    nodes = [n for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    return list(dict.fromkeys(n.id for n in sorted(nodes, key=lambda n: (n.lineno, n.col_offset))))


def functions_in(tree: ast.Module) -> dict[str, Function]:
    """The functions of a file by their names, and the methods of its classes, `Net.loss`."""
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    own = {node.name: node for node in tree.body if isinstance(node, Function)}
    return own | {f"{c.name}.{m.name}": m for c in classes for m in c.body if isinstance(m, Function)}
