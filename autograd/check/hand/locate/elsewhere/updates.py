"""The line that updates parameters by another constant than the other updates have."""

from __future__ import annotations

import numpy as np

from ...diagnose.case import Guess
from ...match.near import ratio
from ...match.rightness import scale_between
from ...observe.probes.record import Event
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


def other_rate(events: list[Event], bench: Bench) -> Blame | None:
    """The line that updates parameters, if all that is wrong is its constant: that of others is another.

    A wrong sign may as well be in a line before it, and is looked for there.
    """
    wrong = [bench.results[i] for i in sorted(bench.wrong)]
    common = bench.common
    if common is None or any(r.kind != "update" for r in wrong):
        return None
    scales = [c for r in wrong if (c := scale_between(r.value, r.true)) is not None]
    made = [e for r in wrong if (e := next((e for e in reversed(events) if e.owner is r.owner), None))]
    is_one = len({e.site for e in made}) == 1 and np.allclose(scales, scales[:1], rtol=1e-6)
    if not is_one or len(scales) < len(wrong) or len(made) < len(wrong) or scales[0] * common < 0:
        return None
    values = {e.n: r.old + common * r.true for e, r in zip(made, wrong, strict=True)}
    if not all(bench.flags({made[0].site: putting(values)})[0]):
        return None
    said = f"its constant is {scales[0] / common:.6g} times that of the other updates"
    return Blame(made[0].site, made, values, None, {}, 1.0, wrong, guess=Guess("factor", said))
