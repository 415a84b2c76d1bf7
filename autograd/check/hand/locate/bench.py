"""Running the user's backward pass again with the engine's values in the place of some of its own."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import numpy as np

from .. import limits
from ..match.known import Known
from ..match.near import near
from ..match.results import Result, reread, same
from ..match.rightness import judged_right, note_carried, rates_in, scale_between
from ..observe.probes.patch import Patch
from ..observe.probes.record import Override
from ..observe.probes.sites import Site
from ..observe.stage import Outcome, Stage

Values = Mapping[int, Any]  # by the number of the round, what is put in the place of a site's value


def putting(values: Values) -> Override:
    """An override that puts given values in the place of a site's own."""

    def put(n: int, value: Any, frame: FrameType) -> Any:
        return np.array(values[n])[()] if n in values else value

    return put


MOST_ROWS = 1000  # that a mean is taken over, in an example that is checked


class UnmovableError(Exception):
    """A value is an index or a mask, and no other can be put in its place."""


@dataclass(slots=True)
class Bench:
    """The results of a backward pass under trial."""

    stage: Stage
    known: Known
    results: list[Result]
    excused: Mapping[Any, Any] = field(default_factory=dict)
    price: float = 1.0  # of a run
    spent: float = 0.0
    deadline: float = field(default_factory=lambda: time.thread_time() + limits.SECONDS)
    end: float = field(default_factory=lambda: time.thread_time() + limits.MOST_SECONDS)
    asked: int = 0  # how often whether a search is over
    is_late: bool = False
    last: list[Any] = field(default_factory=list)
    common: float | None = None  # the constant of updates
    own: list[bool] | None = None
    reach: dict[Site, set[int]] = field(default_factory=dict)

    def flags(
        self, overrides: Mapping[Site, Override], noting: bool = False, patches: Iterable[Patch] = ()
    ) -> tuple[list[bool], Outcome]:
        """Which results are right, with other values in some places, or other statements."""
        self.spent += self.price
        outcome = self.stage.backwards(overrides, noting=noting, patches=patches)
        values = reread(self.results, self.stage, outcome)
        self.last = values
        originals = [r.value for r in self.results]
        for result, value in zip(self.results, values, strict=True):
            result.value = value
        try:
            note_carried(self.results, self.known)
            right = judged_right(self.results, self.known, self.excused, self.stage.uphill)
            # of what belongs to nothing known, nothing can be asked
            return [ok or r.node is None for ok, r in zip(right, self.results, strict=True)], outcome
        finally:
            for result, value in zip(self.results, originals, strict=True):
                result.value = value

    def leaves_the_rate(self) -> bool:
        """Whether the last run made the same of the updates that are right as they are.

        With another constant before all of them they would be right again, as they would with another rate.
        A single number is a multiple of any other; and one array alone may be right by chance.
        """
        arrays = [(i, r) for i, r in enumerate(self.results) if r.kind == "update" and np.size(r.value) > 1]
        right = [(i, r) for i, r in arrays if i not in self.wrong]
        if len(right) > 1:
            return all(near(self.last[i], r.value) for i, r in right)
        rates = [scale_between(self.last[i], r.true) for i, r in arrays]
        return all(rate is None or self.is_a_rate(abs(rate)) for rate in rates)

    def is_a_rate(self, rate: float) -> bool:
        """Whether a constant of updates is not what the user calls the rate times the size of something."""
        sizes = [max(rate / v, v / rate) for v in rates_in(self.known)]
        if any(np.isclose(n, 1, rtol=1e-6) for n in sizes):
            return True
        return not any(1 < round(n) < MOST_ROWS and np.isclose(n, round(n), rtol=1e-6) for n in sizes)

    @property
    def wrong(self) -> set[int]:
        """The numbers of the results that are wrong as they are."""
        if self.own is None:
            self.own = self.flags({})[0]
        return {i for i, ok in enumerate(self.own) if not ok}

    def reached(self, site: Site) -> set[int]:
        """The results that a site's values have a part in: by a run in which these are others."""
        if site not in self.reach:
            before = [r.value for r in self.results]
            rng = np.random.default_rng(7)

            def other(n: int, value: Any, frame: FrameType) -> Any:
                if np.asarray(value).dtype.kind != "f":
                    raise UnmovableError
                return (value * rng.uniform(0.5, 1.5, np.shape(value)) + rng.uniform(0.1, 0.2))[()]

            self.spent += self.price
            outcome = self.stage.backwards({site: other})
            after = reread(self.results, self.stage, outcome)
            pairs = enumerate(zip(before, after, strict=True))
            self.reach[site] = {i for i, (a, b) in pairs if b is None or not same(a, b)}
        return self.reach[site]

    def ratios(self, flags: list[bool]) -> list[float | None]:
        """The constants between the results of the last run that are not right, and what they should be."""
        common = self.common or 1.0
        pairs = [
            (v, common * r.true if r.kind == "update" and r.true is not None else r.true)
            for v, r, ok in zip(self.last, self.results, flags, strict=True)
            if not ok
        ]
        return [scale_between(v, t) if v is not None and t is not None else None for v, t in pairs]

    def allow(self, seconds: float) -> None:
        """Let the next search take some time from now, but not more than all of them may."""
        self.deadline, self.is_late = min(time.thread_time() + seconds, self.end), False

    def is_over(self, limit: float) -> bool:
        """Whether a search has done as much as it may; the clock, which may be slow, is seldom asked."""
        self.asked += 1
        if self.asked % limits.TRIES_PER_LOOK == 0:
            self.is_late = self.is_out_of_time
        return self.spent > limit or self.is_late

    @property
    def is_out_of_time(self) -> bool:
        """Whether the time is up, by the clock: for what takes longer than to ask that."""
        return time.thread_time() > self.deadline
