"""A failing program made as short as possible: lines and outputs are left out while it fails alike."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from .draft import Draft, Program, Refused
from .trial import Doubt, Failure, judge, strict


def shrunk(program: Program, failure: Failure) -> tuple[Program, Failure]:
    """The shortest program found by leaving parts out, and its failure, which is of the same kind."""
    for shorter in candidates(program):
        found = failure_of(shorter)
        if found is not None and found.kind == failure.kind:
            return shrunk(shorter, found)
    return program, failure


def candidates(program: Program) -> Iterator[Program]:
    """The programs with one part less; the last lines go first, since nothing depends on them."""
    for kept in without_one(program.lines[::-1]):
        yield dataclasses.replace(program, lines=kept[::-1])
    for kept in without_one(program.outputs):
        if kept:
            yield dataclasses.replace(program, outputs=kept)


def without_one(parts: list[Any]) -> Iterator[list[Any]]:
    return (parts[:i] + parts[i + 1 :] for i in range(len(parts)))


def failure_of(program: Program) -> Failure | None:
    """The failure of a program, if it fails, and if it is a program that could have been drawn."""
    try:
        with strict():
            return judge(redrawn(program))[0]
    except (Refused, Doubt):
        return None


def redrawn(program: Program) -> Draft:
    """The program, run anew, with those of its outputs that still exist."""
    draft = Draft(dataclasses.replace(program, lines=[]))
    for line in program.lines:
        draft.add(line)
    there = draft.results()
    draft.program.outputs = [name for name in program.outputs if name in there]
    if not draft.program.outputs:
        raise Refused("no outputs")
    return draft
