"""Results that are told by the order or the object that they stand in, where nothing else tells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from .....engine import LEAF, Node
from .....graph.ancestors import ancestors, needs_gradient
from .....users import Place
from ...observe.objects.reach import Root
from ..known import Known
from ..names import stems
from ..near import near
from ..results import Result
from .claims import is_counterpart


def beside_its_siblings(
    results: list[Result],
    judged: list[Result],
    waiting: list[Result],
    leaves: Mapping[Node, Place],
    known: Known,
) -> None:
    """Give a result the input that stands where it does: `[1].w`, of `cameras[1].w` beside their `f`."""
    by_path = {path: node for node, path in leaves.items()}
    objects: dict[Place, set[Place]] = {}
    for result in judged:
        if result.node is None or result.node not in leaves:
            continue
        path = leaves[result.node]
        if path[-1:] == result.place[-1:] and near(result.value, known.truth[result.node]):
            objects.setdefault(result.place[:-1], set()).add(path[:-1])
    for result in results:
        is_inside = len(result.place) > 1 and isinstance(result.place[-1], str)
        owners = objects.get(result.place[:-1], set()) if is_inside else set()
        node = by_path.get((*next(iter(owners)), result.place[-1])) if len(owners) == 1 else None
        if node is None or node is result.node or np.shape(node.data) != np.shape(result.value):
            continue
        if result.node is None or not near(result.value, known.truth[result.node]):
            result.node = node
            if not any(result is r for r in judged):
                judged.append(result)
    waiting[:] = [r for r in waiting if not any(r is j for j in judged)]


def returned_before_left(
    judged: list[Result], waiting: list[Result], leaves: Mapping[Node, Place], known: Known
) -> None:
    """Give a result that is returned the input that only some are called after which objects keep, wrongly.

    Each layer may keep its `dinputs`; the gradient of the input is what the last of them made, and returned.
    """
    for result in [r for r in waiting if r.kind == "returned"]:
        kept = [r for r in judged if r.kind == "left" and fits(r, result.value) and is_of_an_input(r, leaves)]
        kept = [r for r in kept if r.node is not None and not near(r.value, known.truth[r.node])]
        if len({r.node for r in kept}) == 1:
            result.node = kept[0].node
            judged[:] = [r for r in judged if not any(r is k for k in kept)] + [result]
            waiting.remove(result)


def without_parts_of_cells(judged: list[Result], leaves: Mapping[Node, Place]) -> list[Result]:
    """The results without what objects keep by the name of a variable that they do not have.

    A sequence has `Wx`, and `dWx` beside it; what each of its cells keeps as `dWx` is a part of that, as it
    was made with slices of `Wx`, say.
    """
    kept = [r for r in judged if r.kind == "left" and r.node in leaves]
    owned = {r.node for r in kept if is_counterpart(r.place, leaves[r.node])}  # type: ignore[index]

    def is_a_part(result: Result) -> bool:
        """Whether a result is kept by an object that does not have what it is called after."""
        if not any(result is r for r in kept) or result.node not in owned:
            return False
        held = result.holder if isinstance(result.holder, dict) else getattr(result.holder, "__dict__", None)
        is_foreign = held is not None and not any(stem in held for stem in stems(result.name))
        return is_foreign and not is_counterpart(result.place, leaves[result.node])  # type: ignore[index]

    return [r for r in judged if not is_a_part(r)]


def without_those_not_chosen(
    judged: list[Result], leaves: Mapping[Node, Place], known: Known
) -> list[Result]:
    """The results without what layers keep and backward does not return, as it does others by that name.

    The gradient of a generator is returned as its layers' `dW`; what the discriminator's layers keep on the
    way is a part of theirs.
    """
    chosen = {place[-1] for r in judged if r.kind == "returned" and r.node in leaves for place in r.also}

    def is_passed_over(result: Result) -> bool:
        """Whether a result is not right, is kept only, and others that are called so are returned."""
        is_kept = result.kind == "left" and result.node in leaves and result.place[-1] in chosen
        return is_kept and not near(result.value, known.truth[result.node])  # type: ignore[index]

    return [r for r in judged if not is_passed_over(r)]


def is_of_an_input(result: Result, leaves: Mapping[Node, Place]) -> bool:
    """Whether a result belongs to what forward is given by itself."""
    return result.node is not None and leaves.get(result.node, ())[:1] == (Root.INPUTS,)


def list_by_list(
    waiting: list[Result], leaves: Mapping[Node, Place], claimed: set[Any]
) -> list[tuple[Result, Node]]:
    """The results in lists, each with the input at its place in the list of the same length and shapes.

    Of several such lists it is the one that the results go by the beginning of: `grad_b`, of `biases`.
    """
    found: list[tuple[Result, Node]] = []
    inputs = lists_of((path, node) for node, path in leaves.items() if node not in claimed)
    for own in lists_of((r.place, r) for r in waiting if r.kind == "returned").values():
        shapes = {i: np.shape(r.value) for i, r in own.items()}
        alike = [
            p for p, those in inputs.items() if shapes == {i: np.shape(n.data) for i, n in those.items()}
        ]
        words = {stem for r in own.values() if r.way for stem in stems(str(r.way[0]))}
        named = [p for p in alike if any(str(p[-1]).startswith(word) for word in words if word)]
        chosen = alike if len(alike) == 1 else named
        if len(own) > 1 and len(chosen) == 1:
            found += [(result, inputs[chosen[0]][i]) for i, result in own.items()]
    return found


def lists_of(things: Iterable[tuple[Place, Any]]) -> dict[Place, dict[int, Any]]:
    """Things that stand in lists, by the lists' places and their own numbers there."""
    found: dict[Place, dict[int, Any]] = {}
    for place, thing in things:
        if len(place) > 1 and isinstance(place[-1], int):
            found.setdefault(place[:-1], {})[place[-1]] = thing
    return found


def in_turn(
    waiting: list[Result], leaves: Mapping[Node, Place], claimed: set[Any]
) -> list[tuple[Result, Node]]:
    """The results that are as many as the inputs left of their shape: both in the order that they have.

    Those in a dictionary have keys, which are no inputs' names.
    """
    found = []
    ordered = [r for r in waiting if r.kind == "returned" and not isinstance((0, *r.place)[-1], str)]
    for shape in {np.shape(r.value) for r in ordered}:
        results = [r for r in ordered if np.shape(r.value) == shape]
        free = [n for n in leaves if n not in claimed and n.op is LEAF and np.shape(n.data) == shape]
        if len(results) == len(free) > 1:
            found += list(zip(results, free, strict=True))
    return found


def without_stages(judged: list[Result], waiting: list[Result], inner: dict[Result, Node]) -> list[Result]:
    """The results without what is left in objects on the way to what is returned.

    If as much is returned that is not known yet as one object holds beside, of the same shapes, it is that.
    """
    returned = {r.node for r in judged if r.kind == "returned"}
    stages = [r for r in judged if r.kind == "left" and r.node in returned]
    others = [r for r in judged if r.kind == "left" and r.node not in returned]
    unknown = [r for r in waiting if r.kind == "returned"] + list(inner)
    for holder in {id(r.holder) for r in others}:
        own = [r for r in others if id(r.holder) == holder]
        is_certain = len(unknown) > 1 or any(id(r.holder) == holder for r in stages)
        same = [np.shape(r.value) for r in own] == [np.shape(r.value) for r in unknown]
        if unknown and same and is_certain:
            for result, other in zip(unknown, own, strict=True):
                result.node = other.node
            stages, judged = own + stages, judged + unknown
            waiting[:] = [r for r in waiting if r not in unknown]
            inner.clear()
            break
    return [r for r in judged if not any(r is stage for stage in stages)]


def twice_claimed(judged: list[Result], leaves: Mapping[Node, Place], known: Known) -> None:
    """Give a second result that is the gradient of one input to another input of its shape that has none."""
    owners: dict[Node, Result] = {}
    for result in judged:
        if result.kind != "returned" or result.node not in leaves:
            continue
        first = owners.setdefault(result.node, result)  # type: ignore[arg-type]  # it is among the leaves
        if first is result:
            continue
        claimed = {r.node for r in judged}
        free = [
            n
            for n in leaves
            if n not in claimed and np.shape(n.data) == np.shape(result.value) and n.op is LEAF
        ]
        if len(free) == 1 or (free and not known.called(result.name)):
            result.node = free[0]


def in_parts(
    judged: list[Result], waiting: list[Result], leaves: Mapping[Node, Place], known: Known
) -> list[Result]:
    """The results, where those of layers that share an array are what comes back by one use of it each.

    Each is held against its own part, if there is one for each use, and all stand in as many places: a list
    that has only some of them has less than the gradient.  But if their sum stands somewhere, that is the
    gradient, and they are none.
    """
    wrong = [r for r in judged if r.kind == "left" and r.node in leaves and not near(r.value, r.true)]
    for node in {r.node for r in wrong if r.node is not None}:
        shares = [g for _, parent, g in known.shares if parent is node]
        own = [r for r in (*judged, *waiting) if r.kind == "left" and r.node in (node, None)]
        pairs = [(r, i) for r in own for i, g in enumerate(shares) if near(r.value, g)]
        parts = dict(reversed(pairs))
        if not parts:
            continue
        missing = [i for i in range(len(shares)) if i not in parts.values()]
        others = [r for r in own if r not in parts and ends_alike(r, parts) and fits(r, shares[0])]
        is_whole = any(r.node is node and near(r.value, r.true) for r in judged)
        if is_whole:
            judged = [r for r in judged if r not in parts]
        elif len(parts) + len(others) == len(shares) and len({len(r.also) for r in (*parts, *others)}) == 1:
            for result, i in (*parts.items(), *zip(others, missing, strict=True)):
                result.node, result.true = node, shares[i]
            judged = [r for r in judged if r not in parts and r not in others] + [*parts, *others]
    return judged


def ends_alike(result: Result, others: Iterable[Result]) -> bool:
    """Whether a result stands in its object where another one does in its own."""
    return any(result.place[-2:] == other.place[-2:] for other in others)


def fits(result: Result, value: Any) -> bool:
    """Whether a result has the shape of a value."""
    return bool(np.shape(result.value) == np.shape(value))


def each_at_its_place(
    results: list[Result], leaves: Mapping[Node, Place], known: Known
) -> Iterator[tuple[Result, Node]]:
    """The results that are the gradients of no input, with the inputs at their places.

    Those are told if there are as many results as inputs, and the others stand each at the place of its own.
    """
    returned, inputs = returned_beside_inputs(results, leaves)
    places = [place_of(r, inputs, known) for r in returned]
    told = [(i, place) for i, place in enumerate(places) if place is not None]
    if len(returned) != len(inputs) or len(told) < ENOUGH or any(i != place for i, place in told):
        return
    for result, node, place in zip(returned, inputs, places, strict=True):
        if place is None and np.shape(result.value) == np.shape(node.data):
            yield result, node


ENOUGH = 3  # results that stand at the places of their inputs


def in_the_inputs_order(
    results: list[Result], judged: list[Result], leaves: Mapping[Node, Place], known: Known
) -> None:
    """Give a result that is the gradient of no input the one at its place, if all others are in order.

    That is the only input between those of the results before and after it; or the first or the last, if
    there are as many results as inputs.
    """
    returned, inputs = returned_beside_inputs(results, leaves)
    places = [place_of(r, inputs, known) for r in returned]
    strange = [i for i, place in enumerate(places) if place is None]
    if len(strange) != 1 or not any(returned[strange[0]] is j for j in judged):
        return
    i = strange[0]
    others = [place for place in places if place is not None]
    is_whole = len(returned) == len(inputs)
    before = others[i - 1] if i else -1 if is_whole else None
    after = others[i] if i < len(others) else len(inputs) if is_whole else None
    if before is None or after is None or after - before != 2 or others != sorted(others):
        return
    if np.shape(inputs[before + 1].data) == np.shape(returned[i].value):
        returned[i].node = inputs[before + 1]


def returned_beside_inputs(
    results: list[Result], leaves: Mapping[Node, Place]
) -> tuple[list[Result], list[Node]]:
    """What was returned, and the inputs, each in their order."""
    inputs = [n for n, path in leaves.items() if len(path) == 2 and path[0] is Root.INPUTS]
    return [r for r in results if r.kind == "returned"], inputs


def one_array_for_several(
    results: list[Result], leaves: Mapping[Node, Place]
) -> Iterator[tuple[Result, Node]]:
    """The inputs of results, if there are as many, and one array is returned for several: by their order.

    The name of that array is the gradient's of what the inputs were made into: `return dd, dd`, of d = x + y.
    """
    returned, inputs = returned_beside_inputs(results, leaves)
    is_repeated = len({id(r.owner) for r in returned}) < len(returned) == len(inputs)
    pairs = list(zip(returned, inputs, strict=False))
    if is_repeated and all(np.shape(r.value) == np.shape(n.data) for r, n in pairs):
        yield from ((r, n) for r, n in pairs if r.node not in leaves)


def a_link_further(
    results: list[Result], judged: list[Result], leaves: Mapping[Node, Place], known: Known
) -> None:
    """Give a result that stands among the gradients of inputs the one that it lacks a link to.

    Such is the gradient of `alpha = sigmoid(raw)` where all others are of inputs, and none is of `raw`.
    """
    returned = [r for r in judged if r.kind == "returned"]
    strange = [r for r in returned if r.node not in leaves]
    if len(strange) != 1 or len(returned) < 2 or not isinstance(strange[0].place[-1], int):
        return
    (result,) = strange
    made_of = [n for n in ancestors([result.node], needs_gradient) if n in leaves]
    is_free = len(made_of) == 1 and all(r.node is not made_of[0] for r in results)
    if is_free and np.shape(made_of[0].data) == np.shape(result.value):
        result.node = made_of[0]


def place_of(result: Result, inputs: list[Node], known: Known) -> int | None:
    """The number of the input whose gradient a result is, also under the name of a copy of it."""
    if result.node in inputs:
        return inputs.index(result.node)
    return next((i for i, n in enumerate(inputs) if near(result.value, known.truth[n])), None)
