"""Training by several losses in turn, each of which updates parameters of its own: as a GAN's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ...users import Place
from .match.names import is_called_loss
from .observe.stage import Stage
from .observe.training import Training
from .report import DerivationReport
from .updates import Watching


class Turn(NamedTuple):
    """A loss by its name, when the next is computed, the parameters updated till then, and those before."""

    loss: str
    end: float
    places: frozenset[Place]
    done: frozenset[Place]


def turns_in(run: Watching) -> list[Turn]:
    """The losses that were computed one after the other, with updates between them; none of a single one."""
    losses = [
        (e.time, e.site.name) for e in run.events
        if e.site.kind == "assign" and np.size(e.value) == 1 and is_called_loss(e.site.name)
    ]  # fmt: skip
    found: list[Turn] = []
    done: frozenset[Place] = frozenset()
    for i, (time, name) in enumerate(losses):
        end = losses[i + 1][0] if i + 1 < len(losses) else float("inf")
        places = frozenset(p for p, updated in run.updated.items() if time < updated < end)
        if places:
            found.append(Turn(name, end, places, done))
            done |= places
    are_all = len(done) == len(run.updated) and len({t.loss for t in found}) == len(found)
    return found if len(found) > 1 and are_all else []


def in_turn(
    stage: Stage, training: Training, turns: list[Turn], judged: Callable[[], DerivationReport | str]
) -> DerivationReport | None:
    """The reports on all turns as one; None if one of them can't be judged."""
    reports = []
    for turn in turns:
        stage.training = replace(training, loss=turn.loss, places=turn.places, done=turn.done, end=turn.end)
        report = judged()
        if isinstance(report, str):
            return None
        reports.append(report)
    return joined(reports)


def joined(reports: list[DerivationReport]) -> DerivationReport:
    """Several reports as one: an input is right or wrong if one of them says so."""
    first = reports[0]
    inputs: dict[str, str] = {}
    for report in reports:
        inputs |= {k: v for k, v in report.inputs.items() if v != "not derived" or k not in inputs}
    return replace(
        first,
        lines=tuple(line for report in reports for line in report.lines),
        unmatched={k: v for report in reports for k, v in report.unmatched.items()},
        error=next((r.error for r in reports if r.error), None),
        judged={k: v for report in reports for k, v in report.judged.items()},
        inputs=inputs,
        notes=tuple(dict.fromkeys(note for report in reports for note in report.notes)),
    )
