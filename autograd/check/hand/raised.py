"""The line at which a backward pass raised: what it was to make, and which change lets it."""

from __future__ import annotations

import ast
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np

from ...engine import Node
from ...users import is_users
from .diagnose.case import Case, Round
from .diagnose.constants import is_named
from .diagnose.diagnosis import Diagnosis, diagnosed
from .match.known import Known
from .observe.graph import Forward
from .observe.probes.codes import text_of, tree_of
from .observe.probes.probe import TimeUp
from .observe.probes.record import Snapshot, is_array
from .observe.probes.sites import Site, name_in, span_of


def place_of(error: BaseException) -> tuple[Site, Snapshot] | None:
    """Where an exception was raised, the innermost in the user's code, and what the variables held."""
    trace, found = error.__traceback__, None
    while trace is not None:
        if is_users(trace.tb_frame.f_code):
            found = trace
        trace = trace.tb_next
    if found is None:
        return None
    code, line = found.tb_frame.f_code, found.tb_lineno
    positions = list(code.co_positions())[found.tb_lasti // 2]
    try:
        tree = tree_of(code.co_filename, text_of(code.co_filename))
    except SyntaxError:
        return None
    statements = [
        n for n in ast.walk(tree) if isinstance(n, ast.stmt) and n.lineno <= line <= (n.end_lineno or 0)
    ]
    statement = max(statements, key=lambda n: n.lineno, default=None)
    if statement is None or hasattr(statement, "body"):
        return None
    expression, name = part_at(statement, positions)
    function = code.co_qualname.replace(".<locals>", "").replace("<module>", "")
    site = Site("assign", name, code.co_filename, function, span_of(expression), span_of(statement))
    return site, Snapshot(dict(found.tb_frame.f_locals), found.tb_frame.f_globals)


def calls_to(error: BaseException) -> list[tuple[str, int]]:
    """File and line of the user's code that an exception went through, the innermost first."""
    frames = traceback.walk_tb(error.__traceback__)
    return [(f.f_code.co_filename, line) for f, line in frames if is_users(f.f_code)][::-1]


def part_at(statement: ast.stmt, positions: Any) -> tuple[ast.AST, str]:
    """The value in a statement that was being made, and its name."""
    value: Any = getattr(statement, "value", None) or statement
    targets = getattr(statement, "targets", None) or [getattr(statement, "target", None)]
    name = name_in(targets[0]) if targets[0] is not None else ""
    parts: list[tuple[Any, str]] = []
    if isinstance(value, ast.Tuple | ast.List):
        names = targets[0].elts if isinstance(targets[0], ast.Tuple) else value.elts
        parts = [(e, name_in(n)) for e, n in zip(value.elts, names, strict=False)]
    elif isinstance(value, ast.Dict):
        parts = [
            (v, str(k.value) if isinstance(k, ast.Constant) else "")
            for k, v in zip(value.keys, value.values, strict=True)
        ]
    elif isinstance(value, ast.Call) and isinstance(statement, ast.Expr):
        parts = [(a, name_in(a)) for a in value.args]
    for part, own in parts:
        first, _, last, _ = span_of(part)
        inside = (
            positions[0] is not None
            and (first, part.col_offset) <= (positions[0], positions[2])
            and ((positions[1], positions[3]) <= (last, part.end_col_offset))
        )
        if inside:
            return part, own
    return value, name


def diagnosis_of(
    error: BaseException, site: Site, snapshot: Snapshot, known: Known, forward: Forward, called: list[Node]
) -> tuple[Diagnosis, Node | None]:
    """What kind of mistake made a line raise, and the node whose gradient it was to make."""
    if isinstance(error, TimeUp):
        return Diagnosis("unknown", "it was still running", is_proven=False), None
    node = called[-1] if called else None
    if isinstance(error, NameError) and error.name:
        return Diagnosis("wrong-variable", f"`{error.name}` has no value here"), node
    gradients = {id(n): n for n in called}

    def accepts(value: Any) -> bool:
        """Whether a value is a gradient that the line may have been meant to make."""
        if not is_array(value):
            return False
        matches = [
            m
            for m in known.matches(np.asarray(value))
            if m.label.kind in ("gradient", "share") and m.form == "same"
        ]
        return any(
            (not gradients or id(m.label.node) in gradients) and is_named(m.scale, forward) for m in matches
        )

    def fits(value: Any) -> bool:
        """Whether a value has the shape of one."""
        return (
            is_array(value)
            and np.ndim(value) > 0
            and any(np.shape(value) == np.shape(n.data) for n in called)
        )

    expected = known.truth[node] if node is not None else np.full(0, np.nan)
    checks: tuple[Callable[[Any], bool], ...] = (accepts, fits)
    for check in checks:
        turn = Round(np.full(0, np.nan), expected, snapshot, [])
        case = Case(site, [turn], forward, None, 1.0, known.truth, {}, {}, [], {}, True, check)
        found = diagnosed(case)
        if found.kind not in ("unknown", "shape") or (
            check is accepts and "yours" not in found.hint and found.hint != "it raised"
        ):
            return found, node
    return Diagnosis("unknown" if node is None else "shape", "it raised"), node
