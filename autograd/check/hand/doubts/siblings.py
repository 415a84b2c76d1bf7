"""The line that is other than its siblings are, and makes all right if it is what they are."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ..diagnose.repair import code_made, evaluating, node_at
from ..locate.mend import Attempt, Mender
from ..locate.suspects import Blame, Suspect
from ..match.names import is_called_gradient
from ..observe.probes.codes import text_of, tree_of
from ..observe.probes.patch import Patch, statements_around
from ..observe.probes.sites import span_of
from ..source.edits import Edit
from ..source.expressions.places import neighbours
from ..source.statements.rounds import last_name
from ..source.statements.siblings import kind_between, like_siblings
from ..source.trees import placed
from .evidence import Evidence

ENDS = ("element", "return")  # of these the record has parts, and not the whole

Line = tuple[str, ast.stmt, Suspect | None]  # file, statement, and what the record has of it


def unlike_its_siblings(evidence: Evidence) -> Blame | None:
    """The line that makes all right if it is what its siblings are, with what its numbers tell of it."""
    found, blames = as_elsewhere(evidence) or picked_elsewhere(evidence), evidence.found.blames
    if found is not None and len(blames) == 1 and found.site.statement == blames[0].site.statement:
        return blames[0]  # of which more is known
    if found is None or found.patch is not None or is_place(found):
        return found
    told = evidence.diagnosed(replace(found, guess=None))
    return replace(found, guess=told.guess) if told.is_proven else found


def as_elsewhere(evidence: Evidence) -> Blame | None:
    """The same, with what the sibling tells of it."""
    mender = evidence.mender(1 / 8)
    for filename, line, suspect in lines_of(evidence, mender):
        tree = tree_of(filename, text_of(filename))
        for said, new in like_siblings(line, tree):
            if mender.bench.is_over(mender.stop):
                return None
            found = with_statement(mender, (filename, line, suspect), said, new)
            if found is not None and found.guess is not None:
                kind = "wrong-variable" if is_place(found) else kind_between(line, new)
                return replace(found, guess=found.guess._replace(kind=kind))
    return None


def picked_elsewhere(evidence: Evidence) -> Blame | None:
    """The line that picks a cache, or what else is no array, if one at another place makes all right."""
    mender = evidence.mender(1 / 8)
    for filename, line, suspect in lines_of(evidence, mender):
        match line:
            case ast.Assign(targets=targets, value=ast.Subscript(value=holder, slice=index)) if (
                suspect is None
            ):
                for near in neighbours(index):
                    other = ast.Subscript(holder, near, ast.Load())
                    new: ast.stmt = placed(ast.Assign(targets, other), line)  # type: ignore[assignment]
                    said = f"the index in `{ast.unparse(line.value)}` is wrong"
                    if (found := with_statement(mender, (filename, line, None), said, new)) is not None:
                        return found
    return None


def is_place(blame: Blame) -> bool:
    """Whether a line makes an index or a size."""
    return blame.patch is None and blame.events[0].value.dtype.kind == "i"


def lines_of(evidence: Evidence, mender: Mender) -> Iterator[Line]:
    """The lines that reach all that is wrong, and others in their functions that are none of the record.

    These make lists of gradients, return them, or pick a cache.
    """
    by_span = {(s.site.filename, s.site.statement): s for s in evidence.reaching()}
    for (filename, span), suspect in by_span.items():
        around = statements_around(filename, span)
        yield from ((filename, line, suspect) for line in around if span_of(line) == span)
    noted = {(s.site.filename, s.site.statement) for s in evidence.suspects if s.site.kind not in ENDS}
    noted |= by_span.keys()
    for filename, function in dict.fromkeys(mender.function_of(s.site) for s in evidence.suspects):
        for line in ends_in(function):
            targets = line.targets if isinstance(line, ast.Assign) else []
            is_of_gradients = not targets or any(is_called_gradient(last_name(t)) for t in targets)
            is_picked = isinstance(line.value, ast.Subscript)
            if (is_of_gradients or is_picked) and (filename, span_of(line)) not in noted:
                yield filename, line, None


@functools.lru_cache(maxsize=64)
def ends_in(function: ast.AST) -> list[ast.Assign | ast.Return]:
    """The statements of a function that put something under a name, or return it."""
    return [n for n in ast.walk(function) if isinstance(n, ast.Assign | ast.Return)]


def with_statement(mender: Mender, line: Line, said: str, new: ast.stmt) -> Blame | None:
    """The blame of a line, if another statement in its place makes all right.

    Of one that only makes another value, this is put there while it runs: that takes the least time.
    """
    filename, old, suspect = line
    at = node_at(suspect.site, suspect.site.span, ast.expr) if suspect is not None else None
    is_value = at is getattr(old, "value", None)
    if suspect is not None and at is not None and is_value and type(old) is type(new):
        made = ast.Assign([ast.Name("_", ast.Store())], at)
        other: Any = new.value  # type: ignore[attr-defined]
        edit = Edit("as elsewhere", said, made, at, other)
        if (code := code_made(edit)) is None or not mender.is_right({suspect.site: evaluating(code)}):
            return None
        return mender.changed(Attempt(suspect, "as elsewhere", said, edit), evaluating(code))
    patch = Patch(filename, ((span_of(old), new),))
    attempt = Attempt(suspect, "as elsewhere", said, None, patch)
    return mender.patched(attempt) if mender.is_right({}, [patch]) else None
