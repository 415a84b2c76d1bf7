"""Small changes of a line of source, each of which takes back one kind of mistake."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import chain, product
from typing import Any, NamedTuple

import numpy as np

from ..observe.probes.sites import is_plain, is_word, root_of
from .expressions.brackets import bracketed_otherwise
from .expressions.calls import of_call, turned_round
from .expressions.forms import (
    ndim_of,
    of_number,
    of_power,
    of_product,
    of_sum,
    raised,
    slopes,
    slopes_of_swish,
)
from .expressions.functions import Functions, calls_missing, of_functions
from .expressions.insertions import BESIDE, Evaluate, along_rows, by_value, fits, to_whole
from .expressions.leaks import leaks, leaks_of_masks
from .expressions.matrices import between, slopes_of_softmax
from .expressions.places import other_indices
from .expressions.products import products_missing
from .expressions.together import together
from .quantities import is_index, is_numeric
from .statements.changes import whole_line
from .statements.conditions import OTHERS, conditions_like
from .trees import Beside, Changes, number, parsed, placed, replaced

# The kinds of changes, in the order in which they are tried: what says most with least comes first
KINDS = (
    "as elsewhere",
    "sign", "complement", "missing sign", "overwritten", "unused", "shape", "needless transpose", "transpose",
    "factor", "number", "missing constant", "extra-factor", "extra-term", "brackets", "exponent",
    "wrong-variable", "other call", "turned", "exchanged", "forgotten term", "nearby", "forgotten factor",
    "reduction", "missing-factor", "missing-term", "conjugate", "with its transpose", "projection",
    "jacobian", "missing product", "call too many", "missing call", "inner call", "line too many",
    "term too many", "order", "rounds", "count", "carried",
)  # fmt: skip

# What a report calls the kinds that it has no word for: several ways to find one kind of mistake
CALLED = {
    "as elsewhere": "wrong-variable",
    "order": "wrong-variable",
    "rounds": "wrong-variable",
    "count": "wrong-variable",
    "carried": "wrong-variable",
    "unused": "wrong-variable",
    "line too many": "extra-factor",
    "term too many": "extra-term",
    "forgotten term": "missing-term",
    "missing product": "missing-term",
    "projection": "missing-term",
    "with its transpose": "missing-term",
    "conjugate": "sign",
    "brackets": "missing-factor",
    "forgotten factor": "missing-factor",
    "nearby": "wrong-variable",
    "needless transpose": "transpose",
    "complement": "wrong-variable",
    "turned": "wrong-variable",
    "missing sign": "sign",
    "number": "factor",
    "missing constant": "factor",
    "exponent": "missing-factor",
    "exchanged": "wrong-variable",
    "reduction": "shape",
    "call too many": "extra-factor",
    "missing call": "missing-factor",
    "inner call": "wrong-variable",
    "other call": "wrong-variable",
}


class Edit(NamedTuple):
    """A change of a statement at one place: `new` stands where `old` did.

    kind  the kind of mistake that it takes back
    text  what is said of the mistake
    """

    kind: str
    text: str
    statement: ast.stmt
    old: ast.AST
    new: ast.AST

    @property
    def lineno(self) -> int | None:
        """The line of what is changed; None of a whole statement made for it."""
        return getattr(self.old, "lineno", None)

    def made(self) -> ast.stmt:
        """The statement with the change made."""
        return placed(replaced(self.statement, self.old, self.new), self.old)  # type: ignore[return-value]


def edits(
    statement: ast.stmt,
    scope: dict[str, Any],
    evaluate: Evaluate,
    functions: Functions | None = None,
    beside: Beside = (),
    kinds: tuple[str, ...] = KINDS,
    literals: tuple[float | str, ...] = (),
) -> Iterator[Edit]:
    """All changes of a statement at one place; of some kinds, at least those, and few of the others.

    `functions` are the user's own that it may call; `beside`, what stands elsewhere in the same function;
    `literals`, the broken numbers and the words in the same file.
    """
    for kind, text, changed in whole_line(statement):
        yield Edit(kind, text, statement, statement, changed)
    value = getattr(statement, "value", None)
    if value is None:
        return
    writes = isinstance(statement, ast.Expr) and isinstance(value, ast.Call)  # np.add.at(dE, index, values)
    parts = value.args[1:] if writes else [value]
    wholes = [whole for part in parts[-1:] for whole in (part, *elements_of(part))]
    for part in wholes if not BESIDE.isdisjoint(kinds) else ():
        held = evaluate(part)
        is_of_numbers = is_numeric(held) and np.asarray(held).dtype.kind != "b"
        if is_of_numbers and (np.ndim(held) or isinstance(held, float)):
            inserted = (
                to_whole(part, held, scope, beside),
                leaks(part, held, scope, literals),
                calls_missing(part, held, beside, functions or {}),
            )
            for kind, text, new in chain(*inserted):
                yield Edit(kind, text, statement, part, new)
    for part in parts[-1:] if "forgotten factor" in kinds else ():
        for said, old, new in factors_of_terms(part, scope, evaluate, beside):
            yield Edit("forgotten factor", said, statement, old, new)
    if parts and "missing product" in kinds and is_numeric(held := evaluate(parts[-1])):
        for kind, said, new in products_missing(parts[-1], held, scope, beside):
            yield Edit(kind, said, statement, parts[-1], new)
    is_wanted = parts and not {"exchanged", "wrong-variable"}.isdisjoint(kinds)
    for kind, said, new in together(parts[-1], scope, evaluate, functions or {}) if is_wanted else ():
        yield Edit(kind, said, statement, parts[-1], new)
    sized = {id(n.value) for n in ast.walk(statement) if isinstance(n, ast.Attribute) and n.attr in SIZES}
    for node in (node for part in parts for node in expressions(part)):
        changes = (
            at_node(node, scope, evaluate, beside, kinds),
            of_functions(node, functions or {}) if not is_index(evaluate(node)) else (),
            raised(node, evaluate),
            others_written(node, literals),
            leaks_of_masks(node, scope, literals),
        )
        for kind, text, new in chain(*changes):
            if id(node) not in sized or kind in ("wrong-variable", "nearby"):
                is_inner_call = kind == "missing call" and node is not parts[-1]
                yield Edit("inner call" if is_inner_call else kind, text, statement, node, new)


def elements_of(expression: ast.expr) -> list[ast.expr]:
    """What is computed for the elements of an array that is written out: each is as much as a line.

    >>> [ast.unparse(e) for e in elements_of(parsed("np.array([a + b, c, d * e])"))]
    ['a + b', 'd * e']
    """
    match expression:
        case ast.Call(args=[ast.List(elts=elements)]):
            return [e for e in elements if isinstance(e, ast.BinOp)]
        case ast.BinOp(left=left, right=right):
            return [*elements_of(left), *elements_of(right)]
    return []


def factors_of_terms(
    expression: ast.expr, scope: dict[str, Any], evaluate: Evaluate, beside: Beside = ()
) -> Iterator[tuple[str, ast.expr, ast.expr]]:
    """The terms of a sum, each times a variable that fits the sum, or an element that the function reads.

    What is said comes first, then the old term, and the new one.

    >>> scope = {"a": np.ones((2, 1)), "b": np.ones((2, 3)), "c": np.ones(4)}
    >>> made = factors_of_terms(parsed("b - a"), scope, lambda e: eval(ast.unparse(e), scope))
    >>> [ast.unparse(new) for *_, new in made]
    ['b * a', 'b * b.sum(axis=1)[:, None]', 'a * b', 'a * b.sum(axis=1)[:, None]']
    """
    places = {ast.unparse(e): v for e, v in beside if isinstance(e, ast.Subscript)}
    held_by = (places | scope).items()
    factors = [(k, v) for k, v in held_by if is_numeric(v) and (np.ndim(v) or isinstance(v, float))]
    sums = (n for n in ast.walk(expression) if isinstance(n, ast.BinOp) and len(terms_in(n)) > 1)
    done: set[ast.expr] = set()
    for whole, held in ((whole, evaluate(whole)) for whole in sums):
        if not is_numeric(held):
            continue
        terms = [term for term in terms_in(whole) if term not in done]
        done.update(terms)
        fitting = [name for name, other in factors if fits(other, held)]
        for term, name in product(terms, (*fitting, *along_rows(scope, held))):
            text = ast.unparse(term)
            if name != text:
                said = f"a factor {name} is missing at `{text}`"
                yield said, term, ast.BinOp(term, ast.Mult(), parsed(name))


def terms_in(expression: ast.expr) -> list[ast.expr]:
    """The terms of a sum.

    >>> [ast.unparse(t) for t in terms_in(parsed("a - b * c + d"))]
    ['a', 'b * c', 'd']
    """
    match expression:
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right):
            return [*terms_in(left), *terms_in(right)]
    return [expression]


SIZES = ("shape", "size", "ndim")  # of an array: of such an array only which one it is can be wrong


def other_rounds(
    loop: ast.For, scope: dict[str, Any], evaluate: Evaluate
) -> Iterator[tuple[str, int, ast.For]]:
    """A loop over other values: one of those that it goes through is another variable, or another entry.

    What is said of the mistake comes first, then the line that it is in.

    >>> loop = ast.parse("for g, d in (('f', df), ('i', di)): pass").body[0]
    >>> scope = {"df": np.ones(2), "di": np.zeros(2)}
    >>> made = other_rounds(loop, scope, lambda e: eval(ast.unparse(e), scope))
    >>> [ast.unparse(new.iter) for *_, new in made]
    ["(('f', di), ('i', di))", "(('f', df), ('i', df))"]
    """
    for node in expressions(loop.iter):
        text = ast.unparse(node)
        for kind, said, new in at_node(node, scope, evaluate, (), ("wrong-variable",)):
            if kind == "wrong-variable" and text != "reversed":
                other = replaced(loop.iter, node, new)
                yield said, node.lineno, ast.For(loop.target, other, loop.body, loop.orelse)


def expressions(tree: ast.AST) -> Iterator[ast.expr]:
    """The expressions in a tree that stand for numbers, or choose a function: no called names or indices.

    Nor are they keywords, but for words, or exponents; nor what NumPy has: `np.r_` made an array has no end.
    """
    if isinstance(tree, ast.Attribute) and root_of(tree) in ("np", "numpy") and is_plain(tree):
        return
    if isinstance(tree, ast.expr):
        yield tree
    for name, part in ast.iter_fields(tree):
        if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Pow) and name == "right":
            continue  # an exponent is changed as such
        if name == "slice" or (name == "func" and not isinstance(part, ast.Attribute | ast.Subscript)):
            continue
        for child in part if isinstance(part, list) else [part]:
            if isinstance(child, ast.AST) and (name != "keywords" or is_word(child.value)):  # type: ignore[attr-defined]
                yield from expressions(child)


def at_node(
    node: ast.expr,
    scope: dict[str, Any],
    evaluate: Evaluate,
    beside: Beside = (),
    kinds: tuple[str, ...] = KINDS,
) -> Changes:
    """What could stand in the place of one expression."""
    text = ast.unparse(node)
    yield from slopes(node, text)
    yield from (("missing-term", *made) for made in slopes_of_swish(node, text, scope))
    match node:
        case ast.BinOp(left=a, op=ast.Add() | ast.Sub() as op, right=b):
            yield from of_sum(a, op, b, text)
            yield from bracketed_otherwise(node, text)
        case ast.BinOp(left=a, op=ast.Mult() | ast.Div() as op, right=b):
            yield from of_product(a, op, b, evaluate)
            yield from slopes_of_softmax(node, text)
            yield from bracketed_otherwise(node, text)
        case ast.BinOp(left=a, op=ast.MatMult() as op, right=b):
            yield from between(node, text)
            for x, y in turned_round(a, b):
                yield "transpose", f"the factors of `{text}` are the wrong way round", ast.BinOp(x, op, y)
        case ast.BinOp(left=a, op=ast.Pow(), right=exponent) if ndim_of(n := evaluate(exponent)) == 0:
            yield from of_power(a, n, text)
        case ast.Compare(left=a, ops=[op], comparators=[b]) if type(op) in OTHERS:
            yield from of_comparison(a, type(op), b, text)
        case ast.IfExp():
            yield from of_choice(node, text, scope)
        case ast.UnaryOp(op=ast.USub(), operand=a):
            yield "sign", f"a minus is too many before `{ast.unparse(a)}`", a
        case ast.Attribute(value=a, attr="T" | "mT"):
            yield "needless transpose", f"`{text}` should not be transposed", a
        case ast.Call(func=ast.Name(id="len"), args=[a]):
            yield "number", f"`{text}` should be the number of elements", ast.Attribute(a, "size", ast.Load())
        case ast.Attribute(value=a, attr="size"):
            yield "number", f"`{text}` should be the number of rows", ast.Call(parsed("len"), [a], [])
        case ast.Constant(value=int() | float() as n) if not isinstance(n, bool):
            yield from of_number(n, text, scope)
        case ast.UnaryOp(op=ast.Invert(), operand=a):
            yield "complement", f"`{text}` should be `{ast.unparse(a)}`", a
        case ast.Call():
            yield from between(node, text)
            yield from of_call(node)
        case ast.Subscript(value=a, slice=index):
            for near in (*other_indices(index, evaluate(a), scope), *indices_of(a, beside)):
                yield "wrong-variable", f"the index in `{text}` is wrong", ast.Subscript(a, near, ast.Load())
            if "forgotten term" in kinds and ndim_of(evaluate(node)) == 0:
                yield from elements_missing(node, other_indices(index, None, scope))
    yield from by_value(node, text, scope, evaluate, beside, kinds)


def of_comparison(a: ast.expr, op: type[ast.cmpop], b: ast.expr, text: str) -> Changes:
    """Another comparison, what is compared itself, and where that is largest."""
    for other in OTHERS[op]:
        said = f"the comparison `{text}` is another than it should be"
        yield "wrong-variable", said, ast.Compare(a, [other()], [b])
    yield "wrong-variable", f"`{text}` should be `{ast.unparse(a)}`", a
    largest = ast.Call(ast.Attribute(a, "max", ast.Load()), [], [])
    said = f"`{text}` should be where `{ast.unparse(a)}` is largest"
    yield "wrong-variable", said, ast.Compare(a, [ast.Eq()], [largest])


def of_choice(node: ast.IfExp, text: str, scope: dict[str, Any]) -> Changes:
    """Another condition, and the opposite."""
    for other in conditions_like(node.test, scope):
        said = f"the condition of `{text}` is wrong: `{ast.unparse(other)}` is right"
        yield "wrong-variable", said, ast.IfExp(other, node.body, node.orelse)
    yield "wrong-variable", f"`{text}` is the wrong way round", ast.IfExp(node.test, node.orelse, node.body)


def indices_of(holder: ast.expr, beside: Beside) -> Iterator[ast.expr]:
    """The places at which the same array is read elsewhere in the function."""
    name = ast.unparse(holder)
    for other, _ in beside:
        if isinstance(other, ast.Subscript) and ast.unparse(other.value) == name:
            yield other.slice


def elements_missing(node: ast.Subscript, indices: Iterator[ast.expr]) -> Changes:
    """A number in an array, less another one there, or with it: `a[i] - a[j]`.

    >>> [ast.unparse(new) for *_, new in elements_missing(parsed("a[i]"), iter([parsed("j")]))]
    ['a[i] - a[j]', 'a[i] + a[j]']
    """
    for index, op in product(indices, (ast.Sub(), ast.Add())):
        other = ast.Subscript(node.value, index, ast.Load())
        said = f"the term {'-' if isinstance(op, ast.Sub) else ''}{ast.unparse(other)} is missing"
        yield "forgotten term", f"{said} in `{ast.unparse(node)}`", ast.BinOp(node, op, other)


def others_written(node: ast.expr, literals: tuple[float | str, ...]) -> Changes:
    """For a number another one that is written in the same file, and another word for a word.

    >>> made = [others_written(parsed(text), (0.1, "relu", "tanh")) for text in ("2", "'tanh'", "'id'")]
    >>> [[ast.unparse(new) for *_, new in changes] for changes in made]
    [['0.1'], ["'relu'"], []]
    """
    match node:
        case ast.Constant(value=int() | float() as n) if not isinstance(n, bool):
            for other in (x for x in literals if isinstance(x, float)):
                yield "number", f"the number {n} should be {other}", number(other)
        case ast.Constant(value=str() as word) if word in literals:
            for another in (x for x in literals if isinstance(x, str) and x != word):
                yield "other call", f"`{word}` should be `{another}`", ast.Constant(another)
