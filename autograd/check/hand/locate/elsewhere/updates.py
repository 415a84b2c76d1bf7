"""The line that updates parameters by another constant than the other updates have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...diagnose.case import Guess
from ...diagnose.constants import is_named
from ...diagnose.repair import loads_of
from ...match.known import Known
from ...match.names import is_called_gradient
from ...match.near import ratio
from ...match.results import Result
from ...match.rightness import scale_between
from ...observe.probes.record import Event, Snapshot, is_array
from ..bench import Bench, putting
from ..suspects import Blame


def is_carried(blame: Blame, events: list[Event], bench: Bench) -> bool:
    """Whether what is blamed is a constant times the gradient, as what right updates are made of is too."""
    wrong = [bench.results[i] for i in bench.wrong]
    others = [r for i, r in enumerate(bench.results) if i not in bench.wrong and r.kind == "update"]
    scales = [ratio(e.value, r.true) for e in blame.events[-1:] for r in wrong]
    c = next((c for c in scales if c is not None), None)
    return c is not None and any(
        (d := ratio(e.value, r.true)) is not None and bool(np.isclose(c, d)) for e in events for r in others
    )


# What may lie between a parameter and its use
VIEWS = ("copy", "transpose", "swapaxes", "getitem", "reshape")


def other_rate(events: list[Event], bench: Bench) -> Blame | None:
    """The line that updates parameters, if all that is wrong is its constant: that of others is another.

    A wrong sign may as well be in a line before it: it is the update's if what that reads has the sign that
    it has in other updates.
    """
    wrong = [bench.results[i] for i in sorted(bench.wrong)]
    common = bench.common
    if common is None or any(r.kind != "update" for r in wrong):
        return None
    scales = [c for r in wrong if (c := scale_between(r.value, r.true)) is not None]
    made = [e for r in wrong if (e := last_change(r, events)) is not None]
    others = [r for i, r in enumerate(bench.results) if i not in bench.wrong and r.kind == "update"]
    right = [(e, r) for r in others if (e := last_change(r, events)) is not None]
    sites = {e.site for e in made}
    is_shared = any(e.site in sites for e, _ in right)  # a line has one constant for all that it updates
    is_one = len(sites) == 1 and not is_shared and np.allclose(scales, scales[:1], rtol=1e-6)
    if not is_one or len(scales) < len(wrong) or len(made) < len(wrong):
        return None
    if max(np.size(r.value) for r in wrong) < 2 and not is_named(scales[0] / common, bench.known.forward):
        return None  # a single number is a multiple of any other
    is_turned = scales[0] * common < 0
    if is_turned and not is_read_as_by_others(list(zip(made, wrong, strict=True)), right, bench):
        return None
    if not is_turned and is_scaled_before(list(zip(made, wrong, strict=True)), right, bench):
        return None
    values = {e.n: r.old + common * r.true for e, r in zip(made, wrong, strict=True)}
    if not all(bench.flags({made[0].site: putting(values)})[0]):
        return None
    said = f"its constant is {scales[0] / common:.6g} times that of the other updates"
    guess = Guess("sign" if is_turned else "factor", "it goes the other way" if is_turned else said)
    return Blame(made[0].site, made, values, None, {}, 1.0, wrong, guess=guess)


def last_change(result: Result, events: list[Event]) -> Event | None:
    """The last change of a parameter."""
    return next((e for e in reversed(events) if e.owner is result.owner), None)


def is_read_as_by_others(
    made: list[tuple[Event, Result]], others: list[tuple[Event, Result]], bench: Bench
) -> bool:
    """Whether some updates read gradients with the same sign as those of other parameters do."""
    snapshots = bench.stage.backwards({}, frozenset(e.site for e, _ in (*made, *others))).snapshots
    own, theirs = (
        {s for e, r in some for s in signs_read(snapshots[e.site, e.n], e, r, bench.known)}
        for some in (made, others)
    )
    return len(own) == 1 and own == theirs


def is_scaled_before(
    made: list[tuple[Event, Result]], others: list[tuple[Event, Result]], bench: Bench
) -> bool:
    """Whether some updates read gradients by name that have another constant than those of others have."""
    snapshots = bench.stage.backwards({}, frozenset(e.site for e, _ in (*made, *others))).snapshots
    own, theirs = (
        {f"{c:.6g}" for e, r in some for c in scales_read(snapshots[e.site, e.n], e, r)}
        for some in (made, others)
    )
    return bool(own and theirs) and own.isdisjoint(theirs)


def scales_read(snapshot: Snapshot, event: Event, result: Result) -> Iterator[float]:
    """The constants before the parameter's gradient that an update reads under a gradient's name."""
    for name in filter(is_called_gradient, loads_of(event.site)):
        value = snapshot.variables.get(name)
        is_one = is_array(value) or type(value) is float
        if is_one and (c := scale_between(value, result.true)) is not None:
            yield c


def signs_read(snapshot: Snapshot, event: Event, result: Result, known: Known) -> Iterator[float]:
    """The signs of the gradients that an update reads: the parameter's, or of what is computed with it.

    `y - out` is also the gradient of the target, with the other sign: so not of anything else.
    """
    own = list(filter(None, [result.node]))
    for node in own:  # which grows
        own += known.forward.children.get(node, []) if node is own[0] or node.op.name in VIEWS else []
    for name in loads_of(event.site):
        value: Any = snapshot.variables.get(name)
        for c in (1.0, -1.0) if is_array(value) else ():
            matches = known.matches(np.asarray(c * value))
            mine = [m for m in matches if m.label.kind == "gradient" and m.label.node in own]
            yield from (c * np.sign(m.scale) for m in mine[:1])
