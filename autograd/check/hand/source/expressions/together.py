"""Changes of a line at several places at once: two variables exchanged, one replaced wherever it stands."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np

from ..quantities import is_index, is_numeric
from ..trees import Changes, all_replaced, by_text, parsed
from .functions import Functions
from .insertions import Evaluate, other_variables
from .places import is_whole_axis, neighbours, other_indices, other_slices

MOST_PAIRS = 30  # of what is exchanged in one line


def together(
    expression: ast.expr, scope: dict[str, Any], evaluate: Evaluate, functions: Functions | None = None
) -> Changes:
    """The kind of mistake, what is said of the line, and the expression with the change made.

    >>> from autograd.check.hand.source.trees import parsed
    >>> scope = {"p": np.ones(2), "a": np.zeros(2), "b": np.ones(2)}
    >>> made = list(together(parsed("p * a + (1 - p) * b"), scope, lambda e: eval(ast.unparse(e), scope)))
    >>> [ast.unparse(new) for kind, _, new in made if kind == "exchanged"]
    ['a * p + (1 - a) * b', 'b * a + (1 - b) * p', 'p * b + (1 - p) * a']
    >>> [ast.unparse(new) for kind, _, new in made if kind == "wrong-variable"]
    ['a * a + (1 - a) * b', 'b * a + (1 - b) * b']
    """
    nodes_of = operands(expression)
    held = {text: evaluate(nodes[0]) for text, nodes in nodes_of.items()}
    numeric = [text for text in nodes_of if is_numeric(held[text])]
    arrays = [text for text in numeric if np.ndim(held[text])]
    several = [text for text in numeric if np.ndim(held[text]) or isinstance(held[text], float)]
    for a, b in list(combinations(several, 2))[:MOST_PAIRS]:
        changes: dict[ast.expr, ast.expr] = dict.fromkeys(nodes_of[a], nodes_of[b][0])
        changes |= dict.fromkeys(nodes_of[b], nodes_of[a][0])
        yield "exchanged", f"`{a}` and `{b}` are exchanged", all_replaced(expression, changes)
    for text in (t for t in arrays if len(nodes_of[t]) > 1):
        nodes = nodes_of[text]
        for new in others(nodes[0], text, held[text], scope, evaluate):
            said = f"`{text}` is wrong wherever it stands"
            yield "wrong-variable", said, all_replaced(expression, dict.fromkeys(nodes, new))
        for name, signature in (functions or {}).items():
            if signature.required == 1 and f"{name}(" not in ast.unparse(expression):
                call = ast.Call(ast.Name(name, ast.Load()), [nodes[0]], [])
                said = f"`{text}` should be `{name}({text})` wherever it stands"
                yield "wrong-variable", said, all_replaced(expression, dict.fromkeys(nodes, call))
    yield from places_replaced(expression)
    yield from counts_replaced(nodes_of, held, expression, scope)
    yield from without_calls(expression)


def places_replaced(expression: ast.expr) -> Changes:
    """The expression with one more or one less for a place that several arrays are read at.

    >>> from autograd.check.hand.source.trees import parsed
    >>> [ast.unparse(new) for *_, new in places_replaced(parsed("x[t + 1, i] - x[t + 1, j]"))]
    ['x[t, i] - x[t, j]', 'x[t + 2, i] - x[t + 2, j]']
    >>> [ast.unparse(new) for *_, new in places_replaced(parsed("x[:, :-2 * p, :-2 * p]"))]
    ['x[:, p:-p, p:-p]', 'x[:, -2 * p:, -2 * p:]', 'x[:, :, :]']
    """
    slices = [n.slice for n in ast.walk(expression) if isinstance(n, ast.Subscript)]
    indices = (i for s in slices for i in (s.elts if isinstance(s, ast.Tuple) else [s]))
    for text, places in by_text(indices).items():
        for near in neighbouring(places[0]) if len(places) > 1 else ():
            said = f"the index `{text}` should be `{ast.unparse(near)}` wherever it stands"
            yield "wrong-variable", said, all_replaced(expression, dict.fromkeys(places, near))


def neighbouring(index: ast.expr) -> Iterator[ast.expr]:
    """What an index or a slice may be other than it is, whatever else is in scope."""
    if not isinstance(index, ast.Slice):
        return neighbours(index)
    return iter(()) if is_whole_axis(index) else other_slices(index)


def counts_replaced(
    nodes_of: dict[str, list[ast.expr]], held: dict[str, Any], expression: ast.expr, scope: dict[str, Any]
) -> Changes:
    """The expression with another size for one that stands in it more than once: `x / n + y / n`.

    >>> from autograd.check.hand.source.trees import parsed
    >>> made, scope = parsed("x / n + y / n"), {"n": 2, "m": 3}
    >>> [ast.unparse(new) for *_, new in counts_replaced(operands(made), scope, made, scope)]
    ['x / m + y / m']
    """
    for text in (t for t, nodes in nodes_of.items() if len(nodes) > 1 and is_index(held.get(t))):
        for name in (k for k, v in scope.items() if is_index(v) and k != text):
            new = all_replaced(expression, dict.fromkeys(nodes_of[text], parsed(name)))
            yield "wrong-variable", f"`{text}` is wrong wherever it stands", new


def without_calls(expression: ast.expr) -> Changes:
    """The expression without a call that stands in it more than once: `a * (1 - a)` for `s(a) * (1 - s(a))`.

    >>> from autograd.check.hand.source.trees import parsed
    >>> [ast.unparse(new) for *_, new in without_calls(parsed("s(a) * (1 - s(a)) + r(a)"))]
    ['a * (1 - a) + r(a)']
    """
    calls = (n for n in ast.walk(expression) if isinstance(n, ast.Call))
    of_one = (call for call in calls if len(call.args) == 1 and not call.keywords)
    for text, same in by_text(of_one).items():
        if len(same) > 1:
            new = all_replaced(expression, {call: call.args[0] for call in same})
            inner = ast.unparse(same[0].args[0])
            yield "exchanged", f"`{text}` should be `{inner}` wherever it stands", new


def operands(expression: ast.expr) -> dict[str, list[ast.expr]]:
    """The variables, attributes and entries in an expression by their texts, the outermost of each chain."""
    found: dict[str, list[ast.expr]] = {}
    waiting: list[ast.AST] = [expression]
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.Name | ast.Attribute | ast.Subscript) and is_chain(node):
            found.setdefault(ast.unparse(node), []).append(node)
        else:
            waiting += ast.iter_child_nodes(node)
    return found


def is_chain(node: ast.AST) -> bool:
    """Whether an expression is a variable, or what it holds under attributes and keys; no transpose."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        if isinstance(node, ast.Attribute) and node.attr in ("T", "mT", "dot", "sum", "mean"):
            return False
        node = node.value
    return isinstance(node, ast.Name)


def others(
    node: ast.expr, text: str, value: Any, scope: dict[str, Any], evaluate: Evaluate
) -> Iterator[ast.expr]:
    """What may stand in the place of an operand: another variable, or another place in the same array."""
    if isinstance(node, ast.Subscript):
        index = node.slice
        for near in other_indices(index, evaluate(node.value), scope):
            yield ast.Subscript(node.value, near, ast.Load())
    for kind, _, new in other_variables(node, text, value, scope):
        if kind == "wrong-variable":
            yield new
