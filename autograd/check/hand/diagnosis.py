"""What kind of mistake a wrong line makes: hypotheses, tried against its numbers, then its source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import combinations, islice
from typing import Any

import numpy as np

from ...engine import Array, Node, unbroadcast
from .backward import Hand
from .constants import is_named, named
from .edits import INNER, KINDS, quantities
from .forward import Forward
from .fused import without_cross_terms
from .judge import PRECISION, Finding, Judge, flow, largest, near, ratio
from .repair import Guess, loads, repairs

MOST_USES = 24  # in a region, beyond which only single ones are left out on trial
SAMPLES = 48  # elements at which a Jacobian's diagonal is computed


@dataclass(slots=True)
class Diagnosis:
    """The kind of a mistake, what is said of it, and the line that it is on."""

    kind: str | None
    hint: str
    lineno: int


@dataclass(slots=True)
class Case:
    """A wrong line: what it made, what it ought to have made, and where that comes from."""

    finding: Finding
    judge: Judge
    hand: Hand
    region: list[Node]
    given: dict[Node, Array]

    @property
    def value(self) -> Array:
        return self.finding.line.last.value

    @property
    def expected(self) -> Array:
        return self.finding.expected

    @property
    def forward(self) -> Forward:
        return self.judge.forward


def diagnosed(finding: Finding, judge: Judge, hand: Hand) -> Diagnosis:
    """The first hypothesis that makes the line right."""
    line = finding.line
    given = {other.node: other.at(line.last.time) / judge.scales[other] for other in finding.upstream}
    region, _ = judge.forward.between(line.node, given)
    case = Case(finding, judge, hand, region, given)
    where = "it raised" if line.last.raised else worst(case.value, case.expected)
    for guess in guesses(case):
        if guess:
            return Diagnosis(guess.kind, f"{guess.text}; {where}", guess.lineno or line.last.lineno)
    kind = "unknown" if np.shape(case.value) == np.shape(case.expected) else "shape"
    return Diagnosis(kind, where, line.last.lineno)


def guesses(case: Case) -> Iterator[Guess | None]:
    """All hypotheses, what says most with least first; of a line that raised, only its source can tell."""
    numeric = not case.finding.line.last.raised
    if numeric:
        yield from (turned(case), shaped(case), multiplied(case, simple=True), overwritten(case))
    judged = {line.root for line in case.judge.lines}
    right = partial(is_right, case=case)
    changes = repairs(case.hand, case.finding.line, judged, right, inner(case))
    yield from islice(changes, KINDS.index("missing-factor"))
    if numeric:
        yield from (multiplied(case), path_left_out(case), fitted(case))
        yield from (cross_terms_left_out(case), only_diagonal(case))
    yield from changes
    if numeric:
        yield from (factor_in_scope(case), not_finite(case))
    else:  # in the first round of a loop: then no value can be right, but a shape can
        fitting = partial(has_right_shape, case=case)
        again = repairs(case.hand, case.finding.line, judged, fitting, {})
        yield from (guess for guess in again if guess and guess.kind in ("transpose", "shape"))


def is_right(value: Array, case: Case) -> bool:
    """Whether a value is what the line ought to hold.

    Of a line whose shape is wrong, or that raised, no constant that the lines after it take out is known:
    there any constant will do that has a name.
    """
    kinks = case.judge.kinks.get(case.finding.line.node)
    if near(value, case.expected) or case.judge.is_excused(value, case.expected, kinks):
        return True
    unknown = case.finding.line.last.raised or np.shape(case.value) != np.shape(case.expected)
    c = ratio(value, case.expected) if unknown else None
    return c is not None and is_named(c, case.forward)


def has_right_shape(value: Array, case: Case) -> bool:
    return np.shape(value) == np.shape(case.expected)


def inner(case: Case) -> dict[str, Any]:
    """Quantities within the forward pass that have no name of their own: by an expression for each."""
    found: dict[str, Any] = {}
    for node in (*case.region, *case.given):
        for a, parent in zip(node.args, node.parents, strict=True):
            if isinstance(a, np.ndarray) and parent not in case.forward.names and np.ndim(a):
                found[f"{INNER}{len(found)}"] = a
    backward = flow(case.finding.line.node, case.region, case.given, case.forward.root)
    for node, g in backward.items():
        if node not in case.given and node is not case.finding.line.node and np.ndim(g):
            found[f"{INNER}{len(found)}"] = g
    return found


def worst(value: Array, expected: Array) -> str:
    """The element that is farthest off, both numbers, and their ratio."""
    if np.shape(value) != np.shape(expected):
        return f"yours has shape {np.shape(value)}, and it should be {np.shape(expected)}"
    apart = np.abs(np.asarray(value - expected))
    index = np.unravel_index(np.argmax(np.where(np.isnan(apart), np.inf, apart)), np.shape(value))
    a, b = float(np.asarray(value)[index]), float(np.asarray(expected)[index])
    where = f" at [{', '.join(map(str, index))}]" if index else ""
    return f"worst{where}: yours {a:.6g}, should be {b:.6g}" + (f", ratio {a / b:.6g}" if b else "")


def not_finite(case: Case) -> Guess | None:
    bad = np.count_nonzero(~np.isfinite(case.value))
    return Guess("unknown", f"{bad} of {np.size(case.value)} elements are NaN or infinite") if bad else None


def turned(case: Case) -> Guess | None:
    if np.ndim(case.value) > 1 and is_right(np.swapaxes(case.value, -1, -2), case):
        return Guess("transpose", "it is the transpose of what it should be")
    return None


def shaped(case: Case) -> Guess | None:
    """The right numbers in another shape, or not summed over an axis that was broadcast."""
    value, expected = case.value, case.expected
    if np.shape(value) == np.shape(expected):
        return None
    if np.size(value) == np.size(expected) and near(np.reshape(value, np.shape(expected)), expected):
        return Guess("shape", "the numbers are right, the shape is not (keepdims?)")
    if fits(expected, value) and near(unbroadcast(value, np.shape(expected)), expected):
        return Guess("shape", "it is not summed over the axis along which the variable was broadcast")
    return None


def multiplied(case: Case, simple: bool = False) -> Guess | None:
    """A constant multiple.  A single number is one of any other: there the constant must have a name.

    A wrong sign and a wrong size at once is not `simple`: there may be a better reason.
    """
    c = ratio(case.value, case.expected)
    if c is None and np.shape(case.value) == np.shape(case.expected) and np.sum(case.expected):
        own = float(np.sum(case.value) / np.sum(case.expected))
        c = own if is_named(own, case.forward) and near(case.value, own * case.expected) else None
    if not c or (simple and c < 0 and not np.isclose(c, -1, rtol=1e-9)):
        return None
    if np.isclose(c, -1, rtol=1e-9):
        return Guess("sign", "its sign is wrong")
    return Guess("factor", f"it is {named(c, case.forward)} times what it should be")


def overwritten(case: Case) -> Guess | None:
    """What earlier lines had put there is gone, and would make it right."""
    events = case.finding.line.events[:-1]
    earlier = [event for event in events if np.shape(event.value) == np.shape(case.value)]
    for event in earlier:
        if np.any(event.value) and near(case.value + event.value, case.expected):
            said = f"it replaces what line {event.lineno} had put there, and should add to it"
            return Guess("overwritten", said)
    if len(earlier) > 1 and near(sum((event.value for event in earlier), case.value), case.expected):
        return Guess("overwritten", "each round of the loop replaces what the one before had put there")
    return None


def path_left_out(case: Case) -> Guess | None:
    """A gradient in which some uses of the variable, or of what is computed from it, are left out."""
    if not np.any(case.value):
        return Guess("missing-term", "it is 0 everywhere: nothing comes back")
    uses = list(branches(case))
    pairs = [*combinations(uses, 2)] if len(uses) <= MOST_USES else []
    for cut in (*((use,) for use in uses), *pairs):
        if near(case.value, case.finding.scale * back(case, cut)):
            return left_out(case, {child for child, _ in cut})
    return None


def fitted(case: Case) -> Guess | None:
    """A sum over paths, of which those by one kind of use have a constant before them, or are missing.

    In a loop a variable is used again and again: uses by one operation, for one variable, are of a kind.
    """
    if np.shape(case.value) != np.shape(case.expected):
        return None
    kinds: dict[tuple[str, str], list[tuple[Node, int]]] = {}
    for child, i in branches(case):
        kinds.setdefault((child.op.name, next_name(case, child)), []).append((child, i))
    whole, apart = back(case, ()), case.value - case.expected
    for (op, name), uses in islice(kinds.items(), MOST_USES):
        part = case.finding.scale * (whole - back(case, tuple(uses)))
        said = f"what comes back through {name or op}"
        if np.any(part) and largest(apart + part) <= PRECISION * largest(case.expected):
            return Guess("missing-term", f"{said} is missing")
        c = ratio(apart + part, part)
        if c and np.isclose(c, -1, rtol=1e-9):
            return Guess("sign", f"{said} has the wrong sign")
        if c and is_named(c, case.forward):
            return Guess("factor", f"{said} is {named(c, case.forward)} times what it should be")
    return None


def left_out(case: Case, cut: set[Node]) -> Guess:
    """What it is called when nothing comes back through some nodes.

    A term of the sum over paths is missing; or, if these paths lead only where others lead too, the
    cross terms of a Jacobian.
    """
    parents = {p for child in cut for p in child.parents if p in case.region}
    siblings = {c for p in parents for c in case.forward.children[p]} - cut
    reached = {end for child in cut for end in ends(case, child)}
    elsewhere = not reached <= {end for child in siblings for end in ends(case, child)}
    name = next_name(case, next(iter(cut))) if len(cut) == 1 else ""
    if name or case.forward.root in reached or (elsewhere and len(cut) == 1):
        return Guess(
            "missing-term", f"what comes back through {name or 'another path to the loss'} is missing"
        )
    if by_element(case):
        return Guess("missing-term", "a term of the product rule is missing: it takes a factor as constant")
    return Guess("jacobian", "it takes as constant what depends on the variable too (a mean, a sum)")


def by_element(case: Case) -> bool:
    """Whether each element of the gradient comes from one element of those given, as of a product."""
    node = case.finding.line.node
    if case.forward.root in case.region or any(
        np.shape(g) != np.shape(node.data) for g in case.given.values()
    ):
        return False
    for k in np.linspace(0, np.size(node.data) - 1, min(SAMPLES, np.size(node.data))).astype(int):
        units = {end: np.zeros(np.shape(g)) for end, g in case.given.items()}
        for unit in units.values():
            unit.flat[k] = 1
        back = np.array(flow(node, case.region, units, case.forward.root)[node])
        back.flat[k] = 0
        if np.any(back):
            return False
    return True


def ends(case: Case, node: Node) -> set[Node]:
    """The given gradients that a path from a node leads to, or the loss."""
    if node in case.given:
        return {node}
    region, reached = case.forward.between(node, case.given)
    return {*reached, *({case.forward.root} & set(region))}


def branches(case: Case) -> Iterator[tuple[Node, int]]:
    """The uses of those nodes of the region that are used more than once."""
    uses: dict[Node, list[tuple[Node, int]]] = {node: [] for node in case.region}
    for child in (*case.region, *case.given):
        for i, parent in enumerate(child.parents):
            if parent in uses and child is not case.finding.line.node:
                uses[parent].append((child, i))
    return (use for found in uses.values() if len(found) > 1 for use in found)


def back(case: Case, cut: tuple[tuple[Node, int], ...]) -> Array:
    """The gradient, at scale 1, but for what comes back by some uses."""
    node = case.finding.line.node
    return flow(node, case.region, case.given, case.forward.root, cut)[node]


def next_name(case: Case, node: Node) -> str:
    """The variable that a path passes first, if it is not one that all paths lead to."""
    ends = set(case.given) if len(case.given) == 1 else set()
    while node not in case.forward.names:
        children = case.forward.children.get(node, [])
        if len(children) != 1:
            return ""
        node = children[0]
    return "" if node in ends or node is case.forward.root else case.forward.names[node]


def cross_terms_left_out(case: Case) -> Guess | None:
    """The same inside of a function that is one operation."""
    pieces = case.finding.line.node, case.region, case.given, case.forward
    for name, g in without_cross_terms(*pieces):
        if near(case.value, case.finding.scale * g):
            said = f"it takes as constant what depends on the variable too, inside of {name} (a mean, a sum)"
            return Guess("jacobian", said)
    return None


def only_diagonal(case: Case) -> Guess | None:
    """The diagonal of a Jacobian that has more to it, times the gradient of a variable behind it."""
    node, judge = case.finding.line.node, case.judge
    derived = {
        o.node: o.at(case.finding.line.last.time) / judge.scales[o] for o in judge.before(case.finding.line)
    }
    known = {n: judge.truth[n] for n in case.forward.names if n in judge.truth} | derived
    for other, g in known.items():
        shapes = {np.shape(a) for a in (g, case.value, other.data, node.data)}
        if other is node or len(shapes) > 1 or np.size(g) < 2:
            continue
        region, reached = case.forward.between(node, {other})
        if reached and case.forward.root not in region and is_diagonal(case, region, other, g):
            return Guess("jacobian", "it has only the Jacobian's diagonal: elements depend on others too")
    return None


def is_diagonal(case: Case, region: list[Node], other: Node, g: Array) -> bool:
    """Whether the value is the diagonal of the Jacobian to another variable, times that one's gradient."""
    node = case.finding.line.node
    for k in np.linspace(0, np.size(g) - 1, min(SAMPLES, np.size(g))).astype(int):
        unit = np.zeros(np.shape(g))
        unit.flat[k] = np.asarray(g).flat[k]
        own = case.finding.scale * flow(node, region, {other: unit}, case.forward.root)[node].flat[k]
        if not np.isclose(np.asarray(case.value).flat[k], own, rtol=1e-9, atol=0):
            return False
    return True


def factor_in_scope(case: Case) -> Guess | None:
    """A quantity in scope, by which the whole is to be multiplied or divided, but for a named constant."""
    event = case.finding.line.last
    used = loads(statement) if (statement := case.hand.statement(event.lineno)) else set()
    for name, quantity in (*quantities(case.hand.scope_of(event)), *quantities(inner(case))):
        if np.size(quantity) > 1 and fits(quantity, case.value) and fits(quantity, case.expected):
            shown = "" if name.startswith(INNER) else f" {name}"
            c = ratio(case.value * quantity, case.expected)
            if c and is_named(c, case.forward):
                return Guess("missing-factor", f"a factor{shown} is missing")
            c = ratio(case.value, case.expected * quantity)
            if c and is_named(c, case.forward):
                if name in used:
                    return Guess("extra-factor", f"a factor{shown} is too many")
                return Guess("missing-factor", f"a factor{shown and f' 1/({name})'} is missing")
    return None


def fits(quantity: Any, value: Array) -> bool:
    """Whether a quantity can be multiplied with a value without making it larger."""
    try:
        return np.broadcast_shapes(np.shape(quantity), np.shape(value)) == np.shape(value)
    except ValueError:
        return False
