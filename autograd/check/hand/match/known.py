"""What the engine knows, against which the user's arrays are held, whatever they are called."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import ceil, floor
from typing import Any, NamedTuple

import numpy as np

from ....engine import LEAF, Node, passed_back, way_back
from ..observe.graph import Forward
from .names import stems
from .near import PRECISION, Array, largest, near, ratio

MOST_KEPT_ELEMENTS = 4096  # of a value that is remembered
KEYS = 1e6  # parts of 1 that fingerprints are told apart by


class Label(NamedTuple):
    """What an array is: the "gradient" of a node, a "share" of one, its "value", a "slope"."""

    kind: str
    node: Node


@dataclass(frozen=True, slots=True)
class Match:
    """What an array of the user's is: `scale` times something that the engine knows, perhaps turned."""

    label: Label
    scale: float
    form: str  # "same", "transposed" or "reshaped"


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """Arrays of one kind that belong together, the oldest first: such as the gradients of a loop's rounds."""

    kind: str
    name: str
    values: tuple[Array, ...]
    nodes: tuple[Node, ...]


class Known:
    """The gradients of a forward pass, and all else that a derivation may consist of."""

    def __init__(self, forward: Forward) -> None:
        self.forward = forward
        with np.errstate(all="ignore"):
            self.truth = forward.gradients()

    def claim(self, leaf: Node) -> Node:
        """Know that the loss does not depend on an input, of which somebody returns a gradient: it is 0."""
        self.truth[leaf] = np.zeros_like(leaf.data)
        self.forward.children[leaf] = []
        return leaf

    def rounding(self, node: Node) -> float:
        """What is nothing but rounding in the gradient of a node, beside what it is a sum of.

        Where it is handed on as it is, as to a copy, that is looked for behind it.
        """
        children, own = self.children_of(node), self.truth.get(node, np.nan)
        while len(children) == 1 and np.array_equal(self.truth[children[0]], own):
            children = self.children_of(children[0])
        return 1e-13 * max((largest(self.truth[child]) for child in children), default=0.0)

    def children_of(self, node: Node) -> list[Node]:
        """What is computed of a node, as far as it has a gradient."""
        return [child for child in self.forward.children[node] if child in self.truth]

    # By value

    @cached_property
    def index(self) -> dict[Any, list[tuple[Label, Array]]]:
        """All that is known by its fingerprint, gradients first."""
        found: dict[Any, list[tuple[Label, Array]]] = defaultdict(list)
        for label, value in self.everything():
            if (key := fingerprint(value)) is not None:
                found[tuple(map(round, key[1:])), key[0]].append((label, value))
        return found

    def everything(self) -> Iterator[tuple[Label, Array]]:
        """All labelled arrays, in the order in which they are told."""
        for node, g in self.truth.items():
            yield Label("gradient", node), g
        for _, parent, g in self.shares:
            yield Label("share", parent), g
        for family in self.passed:
            yield from ((Label("share", n), g) for n, g in zip(family.nodes, family.values, strict=True))
        for node in self.forward.order:
            if not node.op.several:
                yield Label("value", node), node.data

    @cached_property
    def shares(self) -> list[tuple[Node, Node, Array]]:
        """What each use of a value contributes to its gradient, if there are several."""
        found = []
        for child in self.forward.order:
            if child.op is LEAF or child not in self.truth:
                continue
            if any(
                p in self.forward.children and len(self.forward.children[p]) > 1 for p in child.parents if p
            ):
                for parent, g in passed_back(child, self.truth[child]):
                    if not parent.op.several:
                        found.append((child, parent, g))
        return found

    def matches(self, value: Array) -> list[Match]:
        """What a value is, the likeliest first; told once of small ones, which many lines ask about."""
        if np.size(value) > MOST_KEPT_ELEMENTS:
            return self.compared_with_all(value)
        key = np.shape(value), np.asarray(value).dtype.char, np.asarray(value).tobytes()
        if key not in self.told:
            self.told[key] = self.compared_with_all(value)
        return self.told[key]

    @cached_property
    def told(self) -> dict[Any, list[Match]]:
        """What values are that were asked about."""
        return {}

    def compared_with_all(self, value: Array) -> list[Match]:
        """The same, by comparing it with all that is known."""
        key = fingerprint(value)
        if key is None:
            if np.size(value) == 1:
                labels, numbers = self.singles
                apart = np.abs(numbers - float(np.sum(value)))
                return [
                    Match(labels[i], 1.0, "same")
                    for i in np.flatnonzero(apart <= PRECISION * np.abs(numbers))
                ]
            return []
        size, *sums = key
        names = self.forward.names
        found = []
        for whole in product(*({floor(s), ceil(s)} for s in sums)):
            for label, known in self.index.get((whole, size), ()):
                if match := compared(value, known, label):
                    found.append(match)
        return sorted(
            found, key=lambda m: (ORDER[m.label.kind], m.scale != 1, FORMS[m.form], m.label.node not in names)
        )

    def is_contribution(self, value: Array) -> bool:
        """Whether a value is a gradient, or a contribution to one, as it is."""
        return any(m.label.kind in ("gradient", "share") for m in self.exact(value))

    def is_partial(self, value: Array) -> bool:
        """Whether a value is the gradient of something named, but for what one of its uses contributes."""
        names = self.forward.names
        return any(near(value, f.values[0]) for f in self.partials if f.nodes[0] in names)

    def is_whole(self, value: Array, function: str) -> bool:
        """Whether a value is all that comes back by one call to something that it was given."""
        return any(near(value, v) for v in self.wholes(function))

    def is_value(self, value: Array) -> bool:
        """Whether a value is one of the forward pass', as it is."""
        return any(m.label.kind == "value" for m in self.exact(value))

    def is_multiple(self, value: Array) -> bool:
        """Whether a value is anything of the engine's, but for a constant."""
        return any(m.form == "same" for m in self.matches(np.asarray(value)))

    def is_multiple_of_a_gradient(self, value: Array) -> bool:
        """Whether a value is a gradient, but for a constant."""
        return any(m.label.kind == "gradient" and m.form == "same" for m in self.matches(np.asarray(value)))

    def exact(self, value: Array) -> list[Match]:
        """What a value is, but for constants and other forms."""
        return [m for m in self.matches(np.asarray(value)) if m.scale == 1 and m.form == "same"]

    def is_slope(self, value: Array) -> bool:
        """Whether a value is the derivative of a function of one array, element by element."""
        if np.shape(value) not in self.slopes_by_shape:
            return False
        stacked, scales = self.slopes_by_shape[np.shape(value)]
        apart = np.abs(stacked - value).reshape(len(stacked), -1).max(axis=1, initial=0.0)
        return bool(np.any(apart <= PRECISION * scales))

    @cached_property
    def slopes_by_shape(self) -> dict[tuple[int, ...], tuple[Array, Array]]:
        """All slopes of a shape in one array, and the largest magnitude in each: to be compared at once."""
        by_shape: dict[tuple[int, ...], list[Array]] = defaultdict(list)
        for family in self.slopes:
            for v in family.values:
                by_shape[np.shape(v)].append(v)
        found = {}
        for shape, values in by_shape.items():
            stacked = np.stack(values)
            found[shape] = stacked, np.abs(stacked).reshape(len(values), -1).max(axis=1, initial=0.0)
        return found

    @cached_property
    def singles(self) -> tuple[list[Label], Array]:
        """The single numbers that are known, but those that are 0: what they are, and the numbers."""
        found = [(label, float(np.sum(v))) for label, v in self.everything() if np.size(v) == 1 and np.any(v)]
        return [label for label, _ in found], np.array([v for _, v in found])

    # By name

    def called(self, name: str, prefix: str = "d", names: Any = None) -> list[Node]:
        """The nodes whose gradients a name may stand for, the oldest first."""
        if names and name in names:
            return self.forward.bound_to(names[name])
        for stem in stems(name, prefix):
            if nodes := self.forward.bound_to(stem):
                return nodes
        for stem in stems(name, prefix):
            for other in (stem.swapcase(), stem.lower(), stem.upper(), stem.capitalize()):
                if nodes := self.forward.bound_to(other):
                    return nodes
        return []

    # In families

    @cached_property
    def families(self) -> list[Family]:
        """All families of gradients, then of shares, slices, values and slopes."""
        return [
            *self.gradient_families,
            *self.passed,
            *self.share_families,
            *self.slices,
            *self.value_families,
            *self.slopes,
        ]

    @cached_property
    def groups(self) -> list[tuple[str, tuple[Node, ...]]]:
        """Nodes that belong together: by a site, by a name, by a parameter; and each by itself."""
        forward = self.forward
        found: dict[tuple[Node, ...], str] = {}
        sources: list[tuple[str, Iterable[Node]]] = [
            (site.name, nodes) for site, nodes in forward.made.items()
        ]
        sources += list(forward.bound.items())
        sources += [(name, nodes) for (_, name), nodes in forward.given.items()]
        for name, nodes in sources:
            group = tuple(dict.fromkeys(n for n in nodes if n in self.truth))
            if group:
                found[group] = found.get(group) or name
        for node in reversed(forward.order):
            if node in self.truth:
                found.setdefault((node,), forward.names.get(node, ""))
        return [(name, nodes) for nodes, name in found.items()]

    @cached_property
    def gradient_families(self) -> list[Family]:
        return [
            Family("gradient", name, tuple(self.truth[n] for n in nodes), nodes)
            for name, nodes in self.groups
        ]

    @cached_property
    def share_families(self) -> list[Family]:
        """Of the rounds of a loop, or the calls of a helper, what each contributes to a gradient."""
        shares: dict[Node, list[tuple[Node, Array]]] = defaultdict(list)
        for child, parent, g in self.shares:
            shares[child].append((parent, g))
        found = []
        for name, nodes in self.groups:
            for i in range(max((len(shares[n]) for n in nodes), default=0)):
                if all(len(shares[n]) > i for n in nodes):
                    values = tuple(shares[n][i][1] for n in nodes)
                    parents = tuple(shares[n][i][0] for n in nodes)
                    found.append(Family("share", name, values, parents))
        return found

    @cached_property
    def partials(self) -> list[Family]:
        """Of what is used in several places of the source, its gradient without what each contributes.

        Such as that of a weight without its penalty: what a sum holds before the penalty is added to it.
        """
        lines = {n: site.statement for site, nodes in self.forward.made.items() for n in nodes}
        by_use: dict[Node, dict[Any, Array]] = defaultdict(dict)
        for child, parent, g in self.shares:
            if parent in self.truth:
                uses, line = by_use[parent], lines.get(child, child)
                uses[line] = uses[line] + g if line in uses else g
        found = []
        for node, uses in by_use.items():
            if 1 < len(uses) <= MOST_USES:
                wholes = [(self.truth[node] - g) for g in uses.values()]
                name = self.forward.names.get(node, "")
                found += [Family("partial", name, (whole,), (node,)) for whole in wholes if np.any(whole)]
        return found

    @cached_property
    def slopes_by_node(self) -> dict[Node, list[tuple[Node, Array]]]:
        """By node, its derivatives by what it was made of element by element."""
        return {node: list(slopes_of(node)) for node in self.forward.order}

    @cached_property
    def slopes_beside(self) -> dict[Node, list[Array]]:
        """By node, the derivatives of what goes element by element that begin or end there."""
        found: dict[Node, list[Array]] = defaultdict(list)
        for node in self.forward.order:
            if not node.op.several:
                for start, slope in self.slopes_by_node[node]:
                    found[node].append(slope)
                    found[start].append(slope)
        return found

    @cached_property
    def passed(self) -> list[Family]:
        """By function and variable, what each call contributes to the gradients of what it reads."""
        return self.passed_by(self.forward.calls)

    @cached_property
    def passed_inside(self) -> list[Family]:
        """The same of the calls that are made in forward, without its own."""
        widest = max((c.end - c.start for c in self.forward.calls), default=0)
        return self.passed_by([c for c in self.forward.calls if c.end - c.start < widest])

    def passed_by(self, calls: Iterable[Any]) -> list[Family]:
        """The same of some calls."""
        return [
            Family("share", name, tuple(g for _, g in pairs), tuple(n for n, _ in pairs))
            for (_, name), pairs in self.contributed(calls).items()
        ]

    @cached_property
    def owed(self) -> dict[str, list[Array]]:
        """By class, what comes back by the calls of its methods in forward to what they read."""
        found: dict[str, list[Array]] = defaultdict(list)
        for (function, _), pairs in self.contributed(self.forward.calls).items():
            found[function.rpartition(".")[0]] += [g for _, g in pairs]
        return found

    def wholes(self, function: str) -> list[Array]:
        """What a backward pass may owe: all that comes back by a call of its class, or of any function."""
        own = self.owed.get(function.rpartition(".")[0]) if "." in function else None
        return own or [v for family in self.passed_inside for v in family.values]

    def contributed(self, calls: Iterable[Any]) -> dict[tuple[str, str], list[tuple[Node, Array]]]:
        """By function and variable, the node that each call reads, and what comes back to it by the call."""
        by_parent: dict[Node, list[tuple[Node, Array]]] = defaultdict(list)
        for child, parent, g in self.shares:
            by_parent[parent].append((child, g))
        leaves = [n for n in by_parent if n.op is LEAF]
        found: dict[tuple[str, str], list[tuple[Node, Array]]] = defaultdict(list)
        for call in calls:
            inside = {
                node: sum(parts[1:], parts[0])
                for node in (*call.given.values(), *leaves)
                if (parts := [g for child, g in by_parent[node] if call.start < child.index < call.end])
            }
            for name, node in call.given.items():
                if node in self.truth:
                    found[call.function, name].append((node, inside.get(node, self.truth[node])))
            for node in leaves:
                if node in inside and node not in call.given.values():
                    found[call.function, self.forward.names.get(node, "")].append((node, inside[node]))
        return found

    @cached_property
    def slices(self) -> list[Family]:
        """The rows of each gradient, and its columns."""
        found = []
        for node, g in self.truth.items():
            for axis in range(min(np.ndim(g), 3)):
                before = (slice(None),) * axis
                if 1 < np.shape(g)[axis] <= 500:
                    values = tuple(g[before + (i,)] for i in range(np.shape(g)[axis]))
                    found.append(
                        Family("slice", self.forward.names.get(node, ""), values, (node,) * len(values))
                    )
        return found

    @cached_property
    def value_families(self) -> list[Family]:
        return [Family("value", name, tuple(n.data for n in nodes), nodes) for name, nodes in self.groups]

    @cached_property
    def slopes(self) -> list[Family]:
        """Derivatives of what goes element by element, such as of a sigmoid in several steps."""
        found = []
        for name, nodes in self.groups:
            by_start: dict[int, list[tuple[Node, Array]]] = defaultdict(list)
            for node in nodes:
                for i, pair in enumerate(self.slopes_by_node.get(node, ())):  # an idle input has none
                    by_start[i].append(pair)
            for pairs in by_start.values():
                if len(pairs) == len(nodes):
                    values = tuple(v for _, v in pairs)
                    found.append(Family("slope", name, values, tuple(n for n, _ in pairs)))
        return found


MOST_USES = 6  # of a variable, beyond which what each contributes is not looked at by itself
ORDER = {"gradient": 0, "share": 1, "value": 2, "slope": 3}
FORMS = {"same": 0, "transposed": 1, "reshaped": 2}


def slopes_of(node: Node) -> Iterator[tuple[Node, Array]]:
    """The derivative of a node by what it was made of, element by element, and by what that was made of."""
    if np.ndim(node.data) == 0:
        return
    near, waiting = {node}, [node]  # a few that it was made of, element by element
    while waiting and len(near) < 12:
        one = max(waiting, key=lambda n: n.index)
        waiting.remove(one)
        if is_elementwise(one):
            made_of = {
                p for p in one.parents if p and p.requires_grad and np.shape(p.data) == np.shape(node.data)
            }
            waiting += made_of - near
            near |= made_of
    ends = {one for one in near if not is_elementwise(one)}
    for other, slope, _ in way_back({node: np.ones_like(node.data)}, within=near, ends=ends):
        if other is not node:
            yield other, slope


def is_elementwise(node: Node) -> bool:
    """Whether each element of a result was made of one element of each argument."""
    return isinstance(node.op.function, np.ufunc) and node.op.name != "matmul"


def fingerprint(value: Array) -> tuple[Any, ...] | None:
    """Numbers that stay when an array is turned, reshaped or multiplied: its size, and two sums.

    None for a single number, and for what is 0 or not finite: that could be anything.
    """
    value = np.asarray(value)
    if value.size < 2 or value.dtype.kind not in "fiu":
        return None
    magnitudes = np.abs(value)
    most = magnitudes.max()
    if not most or not np.isfinite(most):
        return None
    unit = magnitudes / most
    return value.size, float(unit.sum() / value.size * KEYS), float((unit * unit).sum() / value.size * KEYS)


def compared(value: Array, known: Array, label: Label) -> Match | None:
    """How a value is made of a known one, if it is."""
    known = np.asarray(known)
    if value.shape == known.shape:
        c = scale_of(value, known)
        if c is not None:
            return Match(label, c, "same")
    if value.shape == known.T.shape and value.ndim > 1:
        c = scale_of(value, known.T)
        if c is not None:
            return Match(label, c, "transposed")
    if value.shape != known.shape:
        c = scale_of(value.ravel(), known.ravel())
        if c is not None:
            return Match(label, c, "reshaped")
    return None


def scale_of(value: Array, known: Array) -> float | None:
    """1 if two arrays are the same, else the constant between them."""
    if np.shape(value) != np.shape(known):
        return None
    if near(value, known):
        return 1.0
    return ratio(value, known)
