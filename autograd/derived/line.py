"""The rule of one operation as one line, for these shapes and in the reader's names: `dW = X.T @ g`.

The rule runs on Tensors, as it does for second derivatives, and what it records is read and written like
any other derivation.  Nothing is looked up in the rule's source, so rules that compute the same look the
same here.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engine import Node, new_leaf, passed_back
from ..errors import DerivationError
from ..formulas.algebra.arrays import exact, lean, rebuilt
from ..formulas.algebra.expressions import Expr, add, call, is_call, mul, name, number, options
from ..formulas.algebra.indexing import scatter
from ..formulas.algebra.values import Point
from ..formulas.reading.read import Reader
from ..formulas.source import index_text, shapes, text
from ..graph.text import FIELD_NAMES
from ..hooks import HOOK
from ..mode import EVERYTHING, Block
from ..outputs import PICK
from ..tensor import Tensor

LONGEST = 110  # the most characters of a line that still reads as one
OWN = re.compile(r"\b(?:autograd|nn|_operator)(?:\.\w+)*\.(\w+)(?=\()")


@dataclass(frozen=True, slots=True)
class RuleLine:
    """What an operation sends back to one argument: `d<argument><place> = <text>`.

    place  the part of the argument to which it is added: "[1:, 0]"; empty for the whole
    text   the value as NumPy source
    value  the same as an expression, in the shape of the argument
    """

    place: str
    text: str
    value: Expr

    def at(self, values: dict[str, Any]) -> Any:
        """The value of the line for these values of its letters."""
        refs = {(letter,): value for letter, value in values.items()}
        several = {letter: value for letter, value in values.items() if isinstance(value, tuple)}
        refs |= {
            (f"{letter}[{i}]",): part for letter, value in several.items() for i, part in enumerate(value)
        }
        return Point(refs)[self.value]


class Calls(Reader):
    """Reads a function that is not NumPy's as a call, instead of what it computes."""

    def inside(self, node: Node, args: list[Expr]) -> Expr:
        """A call of the function, with its options bound."""
        shapes = [np.shape(a) for a in node.args if a is not None]
        whole = [exact(e, shape) for e, shape in zip(args, shapes, strict=True)]
        return call(with_options(node), whole, np.shape(node.data))


def with_options(node: Node) -> Callable[..., Any]:
    """The function of a node, with its options bound: the line shows the arrays alone."""
    function = node.op.function
    places = [i for i, a in enumerate(node.args) if a is not None]

    @functools.wraps(function)
    def called(*args: Any) -> Any:
        """The result for these arrays, which take the places of the arrays in the recorded call."""
        given: list[Any] = [None] * len(node.args)
        for i, a in zip(places, args, strict=True):
            given[i] = a
        return function(*given, **node.kwargs)

    return called


class Letters:
    """The Tensors on which a rule runs, and what they are called.

    named  the names of the Tensors' nodes
    told   the names of arrays in options, by their id
    """

    def __init__(self, options: dict[str, Any]) -> None:
        """Name the arrays in options: each after its option, with its number if there are several."""
        self.named: dict[Node, Expr] = {}
        self.told: dict[int, tuple[Any, Expr]] = {}
        for option, value in options.items():
            arrays = [a for a in (value if isinstance(value, tuple) else (value,)) if np.ndim(a) == 1]
            for i, a in enumerate(arrays):
                letter = f"{option}[{i}]" if len(arrays) > 1 else option
                self.told[id(a)] = np.asarray(a), name(letter, np.shape(a))

    def tensor(self, data: Any, letter: str) -> Any:
        """A Tensor that is called `letter`, or a tuple of them; a number without a letter stays as it is."""
        if data is None or (not letter and np.ndim(data) == 0):
            return data
        if isinstance(data, tuple):
            return tuple(self.tensor(part, f"{letter}[{i}]") for i, part in enumerate(data))
        data = np.asarray(data)
        leaf = new_leaf(data, data.dtype.kind in "fc")
        self.named[leaf] = name(letter, data.shape)
        return Tensor.of(data, leaf)

    def constant(self, data: Any) -> Expr:
        """The expression of an array in an option, or of a number; for others, raises DerivationError."""
        for known, e in self.told.values():
            if known is data or (known.shape == np.shape(data) and np.array_equal(known, data)):
                return e
        if np.size(data) == 1 and np.asarray(data).dtype.kind in "fiub":
            return number(np.asarray(data).item())
        raise DerivationError("an array without a name")


def rule_lines(node: Node, letters: Sequence[str]) -> dict[int, RuleLine]:
    """The lines of what `node` sends to its arguments, each by the argument's slot.

    letters: the names of the cotangent, of the output, and of each argument; "" for a number that stands
    in the formula.  A rule that cannot be written on one line in functions of arrays has no entry.

    >>> x, w = np.ones((4, 2)), Tensor(np.ones((2, 3)), requires_grad=True)
    >>> rule_lines((x @ w).node, ["g", "y", "x", "w"])[1].text
    'x.T @ g'
    """
    if node.op is HOOK:  # a hook is the user's own, and may have side effects
        return {}
    known = Letters(node.kwargs)
    arrays = (node.data, *node.args)
    tensors = [known.tensor(a, letter) for a, letter in zip(arrays, letters[1:], strict=True)]
    g = known.tensor(some_like(node.data), letters[0])
    waiting = iter(tensors)
    try:
        with Block(EVERYTHING), np.errstate(all="ignore"):
            passed = passed_back(node, g, lambda *_: next(waiting))
    except Exception:  # a rule that runs on arrays alone may raise anything on others
        return {}
    if node.op is PICK:
        whole = name(letters[0], np.shape(node.data))
        return {0: RuleLine(f"[{node.kwargs['index']}]", letters[0], whole)}
    sent = zip(carrying(node), (gi for _, gi in passed), strict=True)
    token = shapes.set(shapes_of(node, letters))
    try:
        return dict(written(sent, node, known))
    finally:
        shapes.reset(token)


def some_like(y: Any) -> Any:
    """A cotangent of an output, or of several."""
    return tuple(map(np.ones_like, y)) if isinstance(y, tuple) else np.ones_like(y)


def carrying(node: Node) -> list[int]:
    """The slots of the arguments to which a gradient goes back."""
    rules = zip(node.op.rules, node.parents, strict=False)
    return [i for i, (rule, parent) in enumerate(rules) if rule and parent and parent.requires_grad]


def shapes_of(node: Node, letters: Sequence[str]) -> dict[Any, str]:
    """The names of shapes, each after the first argument that has it."""
    arrays = zip(node.args, letters[2:], strict=True)
    named = [(a.shape, letter) for a, letter in arrays if letter and not isinstance(a, tuple)]
    return {shape: f"{letter}.shape" for shape, letter in reversed(named) if shape}


def written(sent: Any, node: Node, known: Letters) -> Iterator[tuple[int, RuleLine]]:
    """The line for each cotangent that can be written on one, by the slot of its argument."""
    read = Calls(known.named, known.constant)
    for slot, gi in sent:
        with suppress(DerivationError):
            shape = np.shape(node.args[slot])
            value = exact(
                factored(read(gi.data, gi.node) if type(gi) is Tensor else read.constant(gi)), shape
            )
            place, inner = "", value
            if is_call(value, scatter):
                place, inner = f"[{index_text(options(value)['index'], value.args[1:])}]", value.args[0]
            line = OWN.sub(lambda found: FIELD_NAMES.get(found[1], found[1]), text(lean(inner)))
            if len(line) <= LONGEST:
                yield slot, RuleLine(place, line, value)


def factored(e: Expr) -> Expr:
    """An expression whose sums of two terms have a common factor in front: y (1 - y) for y - y²."""
    e = rebuilt(e, [factored(a) for a in e.args]) if e.head in ("mul", "add") else e
    if e.head != "add" or len(e.args) != 2:
        return e
    parts = [dict(map(base_and_power, t.args if t.head == "mul" else (t,))) for t in e.args]
    common = [b for b in parts[0] if b in parts[1] and b.shape and min(p[b] for p in parts) == 1]
    if not common or not all(n > 0 for p in parts for n in p.values()):
        return e
    front = common[0]
    terms = [mul(*(b if n == 1 else mul(*[b] * int(n)) for b, n in p.items() if b is not front),
                 *[front] * (int(p[front]) - 1)) for p in parts]  # fmt: skip
    rest = add(*terms)
    return mul(front, rest) if rest.head == "add" and rest.shape == e.shape else e


def base_and_power(e: Expr) -> tuple[Expr, Any]:
    """The base and the exponent of a factor; the exponent is 1 unless it is a whole number."""
    whole = e.head == "pow" and e.data.denominator == 1
    return (e.args[0], e.data) if whole else (e, 1)
