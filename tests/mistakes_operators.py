"""Ways to get one place of a derivation wrong: each rewrites an expression of the syntax tree.

An operator takes a node and the variables that its line can see, and yields pairs of a kind of mistake and
the node that makes it.  The kind is the name that a teacher who sees the source would give it.
"""

import ast
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np

Wrong = Iterator[tuple[str, ast.expr]]
Operator = Callable[[Any, "Scope"], Wrong]
FACTORS = frozenset({"missing-factor", "extra-factor"})
TERM = frozenset({"missing-term"})


@dataclass(frozen=True)
class Scope:
    """The variables that a line can see, each with a value that it has had."""

    values: Mapping[str, Any]
    module: Mapping[str, Any]
    counters: frozenset[str]  # the variables of loops, which are not quantities

    def value(self, node: ast.expr) -> Any:
        """The value of an expression here; None if it cannot be computed."""
        try:
            with np.errstate(all="ignore"):
                return eval(ast.unparse(node), dict(self.module), dict(self.values))
        except Exception:
            return None

    def shape(self, node: ast.expr) -> tuple[int, ...] | None:
        value = self.value(node)
        return None if value is None else np.shape(value)

    def arrays(self, shape: tuple[int, ...] | None) -> list[str]:
        """The names of arrays of this shape."""
        return [k for k, v in self.values.items() if is_floats(v) and np.shape(v) == shape]

    def sizes(self) -> list[str]:
        """The names of integers greater than 1."""
        return [k for k, v in self.values.items() if type(v) is int and v > 1 and k not in self.counters]


def is_floats(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype == float and value.ndim > 0


def parsed(template: str, **nodes: ast.expr) -> ast.expr:
    """An expression with nodes in place of names."""

    class Filled(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            return nodes.get(node.id, node)

    return Filled().visit(ast.parse(template, mode="eval").body)


def sites(node: ast.expr, also: frozenset[str] = frozenset()) -> Iterator[tuple[ast.expr, frozenset[str]]]:
    """The parts of an expression that are quantities, and the further kinds of a mistake there.

    A mistake within a factor like `1 - A1` means that this factor is missing, and there is another instead.
    A mistake within one term of a sum means that this term is missing, and there is another instead.
    """
    yield node, also
    for child in quantities(node):
        yield from sites(child, also | within(node))


def within(node: ast.expr) -> frozenset[str]:
    match node:
        case ast.BinOp(left=a, op=ast.Add() | ast.Sub(), right=b):
            return FACTORS if is_number(a) or is_number(b) else TERM
    return frozenset()


def quantities(node: ast.expr) -> list[ast.expr]:
    """The operands of an expression, but not shapes, axes, exponents or indices."""
    match node:
        case ast.BinOp(left=base, op=ast.Pow()):
            return [base]
        case ast.BinOp(left=left, right=right):
            return [left, right]
        case ast.UnaryOp(operand=operand):
            return [operand]
        case ast.Tuple(elts=elements):
            return elements
        case ast.Attribute(value=value, attr="T") | ast.Subscript(value=ast.Name() as value):
            return [value]
        case ast.Call(func=ast.Attribute(value=ast.Name(id="np"), attr=name), args=args):
            return {"einsum": args[1:], "ones": [], "eye": [], "power": args[:1], "repeat": args[:1]}.get(
                name, args
            )
        case ast.Call(func=ast.Attribute(value=value, attr=name), args=args):
            return [value, *(args if name == "dot" else [])]
    return []


def is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and not isinstance(node.value, str)


def product(node: ast.expr) -> tuple[ast.expr, ast.expr, str] | None:
    """The operands of a matrix product, and the notation that it is written in."""
    match node:
        case ast.BinOp(left=a, op=ast.MatMult(), right=b):
            return a, b, "a @ b"
        case ast.Call(func=ast.Attribute(value=ast.Name(id="np"), attr="dot"), args=[a, b]):
            return a, b, "np.dot(a, b)"
        case ast.Call(func=ast.Attribute(value=a, attr="dot"), args=[b]):
            return a, b, "a.dot(b)"
    return None


def drop_a_factor(node: ast.expr, scope: Scope) -> Wrong:
    """`a * b` or `a / b` becomes `a`: a constant or a quantity is missing."""
    match node:
        case (
            ast.BinOp(left=a, op=ast.Mult() | ast.MatMult(), right=b)
            | ast.Call(func=ast.Attribute(value=ast.Name(id="np"), attr="multiply" | "dot"), args=[a, b])
        ):
            pairs = [(a, b), (b, a)]
        case ast.BinOp(left=a, op=ast.Div(), right=b):
            pairs = [(b, a)]
        case _:
            pairs = []
    for gone, kept in pairs:
        if scope.shape(kept) == scope.shape(node):
            constant = scope.shape(gone) == ()
            yield (("sign" if scope.value(gone) == -1 else "factor") if constant else "missing-factor"), kept


def drop_a_term(node: ast.expr, scope: Scope) -> Wrong:
    """`a + b` becomes `a`, or `b`."""
    match node:
        case ast.BinOp(left=a, op=ast.Add() | ast.Sub() as op, right=b) if not (is_number(a) or is_number(b)):
            rest = b if isinstance(op, ast.Add) else parsed("-b", b=b)
            yield from (
                ("missing-term", kept) for kept in (a, rest) if scope.shape(kept) == scope.shape(node)
            )


def change_the_sign(node: ast.expr, _: Scope) -> Wrong:
    """`a - b` becomes `b - a`, and `-a` becomes `a`."""
    match node:
        case ast.BinOp(left=a, op=ast.Sub(), right=b):
            yield "sign", parsed("b - a", a=a, b=b)
        case ast.UnaryOp(op=ast.USub(), operand=a):
            yield "sign", a


def change_a_sign_within(node: ast.expr, _: Scope) -> Wrong:
    """`a - b` becomes `a + b`, and the reverse."""
    match node:
        case ast.BinOp(left=a, op=ast.Add(), right=b):
            yield "sign", parsed("a - b", a=a, b=b)
        case ast.BinOp(left=a, op=ast.Sub(), right=b):
            yield "sign", parsed("a + b", a=a, b=b)


def change_an_exponent(node: ast.expr, _: Scope) -> Wrong:
    """`a**2` becomes `a`, and any other exponent increases by one: a wrong constant, and a power too many."""
    match node:
        case (
            ast.BinOp(left=a, op=ast.Pow(), right=k)
            | ast.Call(func=ast.Attribute(value=ast.Name(id="np"), attr="power"), args=[a, k])
        ):
            n = ast.literal_eval(k)
            yield "factor", a if n == 2 else parsed(f"a ** {n + 1}", a=a)


def transpose(node: ast.expr, scope: Scope) -> Wrong:
    """`a.T @ b` becomes `a @ b`, `a.T @ b.T`, or `b.T @ a`."""
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield "transpose", node.value
    if operands := product(node):
        a, b, written = operands
        for left, right in [("a.T", "b"), ("a", "b.T")]:
            changed = parsed(left, a=a), parsed(right, b=b)
            if scope.shape(a) != () and not any(is_transposed(x.value) for x in changed if is_transposed(x)):
                yield "transpose", parsed(written, a=changed[0], b=changed[1])
        if is_transposed(a) and not is_transposed(b):
            yield "transpose", parsed(written, a=parsed("b.T", b=b), b=a.value)
        if is_transposed(b) and not is_transposed(a):
            yield "transpose", parsed(written, a=b.value, b=parsed("a.T", a=a))
    match node:
        case ast.Call(func=ast.Attribute(attr="einsum"), args=[ast.Constant(value=str() as spec), *rest]):
            start, _, result = spec.partition("->")
            swapped = ast.Constant(f"{start}->{result[::-1]}")
            yield "transpose", ast.Call(node.func, [swapped, *rest], node.keywords)


def is_transposed(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "T"


def sum_otherwise(node: ast.expr, scope: Scope) -> Wrong:
    """A sum becomes a mean, or goes over another axis, over all, over none, or without its keepdims."""
    match node:
        case ast.Call(func=ast.Attribute(value=x, attr="sum" | "mean" as name), args=args, keywords=options):
            other = "mean" if name == "sum" else "sum"
            yield "factor", ast.Call(ast.Attribute(x, other), args, options)
            for option in options:
                rest = [o for o in options if o is not option]
                yield "shape", ast.Call(node.func, args, rest)
                if option.arg == "axis":
                    axis = ast.Constant({0: 1}.get(ast.literal_eval(option.value), 0))
                    yield "shape", ast.Call(node.func, args, [ast.keyword("axis", axis), *rest])
            if options:
                yield "shape", args[0] if args else x


def drop_a_reshape(node: ast.expr, _: Scope) -> Wrong:
    match node:
        case ast.Call(func=ast.Attribute(value=x, attr="reshape")):
            yield "shape", x
        case ast.Call(func=ast.Attribute(attr="repeat"), args=[x, *_]):
            yield "shape", x


def take_another_variable(node: ast.expr, scope: Scope) -> Wrong:
    """A name becomes another of the same shape, an index the one before, a number of elements another one."""
    match node:
        case ast.Name(id=name):
            here = scope.values.get(name)
            same = scope.arrays(np.shape(here)) if is_floats(here) else []
            sizes = scope.sizes() if type(here) is int else []
            yield from (("wrong-variable", ast.Name(k)) for k in same if k != name)
            yield from (("factor", ast.Name(k)) for k in sizes if k != name)
        case ast.Subscript(value=x, slice=ast.Name(id="t") as t):
            yield "wrong-variable", ast.Subscript(x, parsed("t - 1", t=t))
        case ast.Subscript(value=x, slice=ast.BinOp(left=ast.Name(id="t") as t, right=ast.Constant(value=1))):
            yield "wrong-variable", ast.Subscript(x, t)


def change_the_whole(node: ast.expr, scope: Scope) -> Wrong:
    """The whole line times a constant, a quantity, or transposed."""
    shape = scope.shape(node)
    yield "sign", parsed("-v", v=node)
    yield "factor", parsed("2 * v", v=node)
    for size in scope.sizes()[:2]:
        yield "factor", parsed(f"v / {size}", v=node)
    if shape is not None and len(shape) == 2 and shape != (1, 1):
        yield "transpose", parsed("v.T", v=node)
    for name in scope.arrays(shape):
        yield "extra-factor", parsed(f"v * {name}", v=node)
        if name[0] != "d":
            yield "extra-factor", parsed(f"v * (1 - {name})", v=node)


EVERYWHERE: list[Operator] = [
    drop_a_factor,
    drop_a_term,
    change_the_sign,
    change_a_sign_within,
    change_an_exponent,
    transpose,
    sum_otherwise,
    drop_a_reshape,
    take_another_variable,
]


def called(kind: str, also: frozenset[str], operator: Operator, node: ast.expr) -> frozenset[str]:
    """All names for a mistake: its kind, and other kinds that are equally true of it, by its position."""
    if operator is change_an_exponent:
        also = also | FACTORS
    if operator is change_a_sign_within:
        also = also | within(node)
    return frozenset({kind}) | (also if kind not in ("shape", "transpose") else frozenset())


def wrong_expressions(
    value: ast.expr, scope: Scope, term: bool
) -> Iterator[tuple[str, frozenset[str], ast.expr, ast.expr]]:
    """Every mistake in the value of a line: its kind, all accepted kinds, the value, and the wrong value.

    `term` says whether the line is one of several that add up to a gradient.
    """
    outer = TERM if term else frozenset()
    for node, also in sites(value, outer):
        for operator in EVERYWHERE:
            for kind, new in operator(node, scope):
                # the memo of deepcopy puts `new` in place of `node` in the copy
                yield kind, called(kind, also, operator, node), value, deepcopy(value, {id(node): new})
    for kind, new in change_the_whole(value, scope):
        yield kind, called(kind, outer, change_the_whole, value), value, new
