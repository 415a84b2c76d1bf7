"""A formula for a line, made short by SymPy as `derive` makes its lines, where that is installed.

The rules of a softmax and a logarithm, one after the other, are dozens of operations; `(p - onehot) / n` is
what is meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from ....engine import LEAF, Node
from ....errors import DerivationError
from ....formulas.algebra.arrays import exact, lean
from ....formulas.algebra.expressions import MINUS, Expr, Words, add, call, mul, name, number, power
from ....formulas.algebra.values import Point
from ....formulas.reading.read import Reader
from ....formulas.source import shapes, text
from ....graph.again import played_again
from ....tensor import Tensor
from ..match.results import same
from ..observe.graph import Forward
from .constants import lengths

POINTS = 3  # at which each form is tried: the inputs, and others beside them


def shortened(
    line: Node,
    steps: Sequence[tuple[Node, Any]],
    given: Mapping[Node, tuple[float, str, Any]],
    forward: Forward,
) -> str | None:
    """The formula of the gradient of a line; None if there is none, or no SymPy to look for it.

    steps  the gradients on the way back to it, as recorded Tensors: each is made short in turn
    given  the leaves that stand for gradients of the user's: a constant, the name, and the value
    """
    try:
        from ....formulas.algebra.simplify import Simplifier  # which imports SymPy
    except ImportError:
        return None
    gradients = [(node, g.data, g.node) for node, g in steps if type(g) is Tensor and g.node is not None]
    try:
        known = Known(given, forward)
        read = Reader(known.exprs, known.constant)
        definitions = {known.exprs[n]: read.definition(n) for n in known.made}
        for _, data, made in gradients:
            read(data, made)  # which meets all constants: points have values of these
        rational = {e: d for e, d in definitions.items() if d.head in ("add", "mul", "pow")}
        simplify = Simplifier(rational, known.exprs.values(), known.sources, known.points())
        names = dict(known.exprs)
        for _, data, made in gradients:
            if made not in names:
                names[made] = simplify(Reader(names, known.constant)(data, made))
        found = next(names[made] for node, _, made in gradients if node is line)
        return written(exact(simplify.finished(found), np.shape(line.data)), known.exprs.values())
    except (DerivationError, ArithmeticError, ValueError, KeyError, TypeError):  # of what cannot be written
        return None


def written(e: Expr, names: Iterable[Expr]) -> str:
    """An expression as source, with lengths of axes by the variables that have them."""
    arrays = [x for x in names if x.head == "name" and len(x.shape) > 1]
    token = shapes.set({x.shape: f"{x.data[0]}.shape" for x in arrays})
    try:
        found = text(lean(turned(e)))
    finally:
        shapes.reset(token)
    if "autograd." in found:
        raise DerivationError("NumPy has no function for this")
    return found


def turned(e: Expr) -> Expr:
    """A product with its minus sign in a difference: A (1 - A), not -A (A - 1)."""
    if e.head != "mul" or not any(a.head == "number" and a.data < 0 for a in e.args):
        return e
    for a in e.args:
        if a.head == "add" and len(a.args) == 2 and any(t.head == "number" and t.data < 0 for t in a.args):
            others = [f for f in e.args if f is not a]
            return mul(MINUS, *others, add(*(mul(MINUS, t) for t in a.args)))
    return e


class Known:
    """What has a name in a formula: variables of forward as they are at last, gradients, constants.

    exprs    of each node, and of each leaf for a gradient, what stands for it
    made     the variables that were computed from others
    sources  the names of gradients
    arrays   the constants that a formula names
    """

    def __init__(self, given: Mapping[Node, tuple[float, str, Any]], forward: Forward) -> None:
        self.given, self.forward, self.lengths = given, forward, lengths(forward)
        last = {nodes[-1] for nodes in forward.bound.values() if nodes}
        named = [n for n in forward.children if n in last and forward.names.get(n, "").isidentifier()]
        self.exprs: dict[Node, Expr] = {n: name((forward.names[n],), np.shape(n.data)) for n in named}
        self.made = [n for n in self.exprs if n.op is not LEAF and not n.op.several]
        self.arrays: dict[str, Any] = {}
        self.sources: set[Expr] = set()
        for leaf, (c, word, value) in given.items():
            source = name((word,), np.shape(value))
            if source in self.sources:  # in a loop, one name stands for many values
                raise DerivationError(f"{word} is the name of several gradients")
            self.sources.add(source)
            self.exprs[leaf] = mul(self.number(c), source)

    def number(self, c: float) -> Expr:
        """A number, by the name of a length if it is one, or one over one."""
        if not np.isfinite(c):
            return number(c)
        simple = Fraction(c).limit_denominator(64)
        c = float(simple) if np.isclose(float(simple), c, rtol=1e-9, atol=0) else c
        if c == round(c) and round(c) in self.lengths:
            return self.length(round(c))
        whole = round(1 / c) if 0 < abs(c) < 1 else 0
        if whole in self.lengths and np.isclose(whole * c, 1, rtol=1e-12):
            return power(self.length(whole), -1)
        return number(c)

    def length(self, n: int) -> Expr:
        words = self.lengths[n]
        self.arrays[words] = float(n)
        return name((words if words.isidentifier() else Words(words),), ())

    def constant(self, data: Any) -> Expr:
        """What stands for an array or number that nothing recorded made."""
        if np.ndim(data) == 0:
            return self.number(np.asarray(data).item())
        for word, value in self.forward.scope.items():
            if isinstance(value, np.ndarray) and value.dtype.kind in "biuf" and word.isidentifier():
                is_same = same(value, data)
                if is_same or (value.dtype.kind != "i" and same(1 - 1.0 * value, data)):
                    self.arrays[word] = value
                    found = name((word,), np.shape(data))
                    return found if is_same else add(number(1), mul(number(-1), found))
        data = np.asarray(data)
        if data.size and (data == data.ravel()[0]).all() and data.dtype.kind in "iuf":
            return self.number(data.ravel()[0].item())
        if data.ndim == 1 and data.dtype.kind in "iu" and (data == np.arange(data.size)).all():
            return call(np.arange, (), data.shape, stop=data.size)
        raise DerivationError(f"an array of shape {data.shape} has no name")

    def points(self) -> list[Point]:
        """What all names stand for: as it is, and with other leaves and other gradients."""
        rng = np.random.default_rng(0)
        constants = {(Words(w) if not w.isidentifier() else w,): v for w, v in self.arrays.items()}
        order = [n for n in self.forward.order if n.op is not LEAF or n in self.forward.children]
        found = []
        for k in range(POINTS):
            leaves = {n: Tensor(moved(n.data, rng) if k else np.array(n.data)) for n in order if n.op is LEAF}
            held = played_again(order, leaves)
            values = {e.data: np.array(held[n].data)[()] for n, e in self.exprs.items() if n in held}
            given = {(w,): moved(v, rng) if k else v for _, w, v in self.given.values()}
            found.append(Point(constants | values | given))
        return found


def moved(a: Any, rng: np.random.Generator) -> Any:
    """An array a little beside another, of the same signs; zeros become anything."""
    a = np.asarray(a, float)
    return a * np.exp(rng.normal(0, 0.3, a.shape)) + (a == 0) * rng.normal(0, 0.5, a.shape)
