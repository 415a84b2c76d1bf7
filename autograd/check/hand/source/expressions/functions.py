"""Calls of the user's functions: of another one, of one too many or too few, with another switch."""

from __future__ import annotations

import ast
from itertools import islice, product
from typing import Any, NamedTuple

import numpy as np

from ..trees import Beside, Changes, number, parsed


class Signature(NamedTuple):
    """How a user's function can be called: with how many arguments, and with which switches."""

    required: int
    switches: tuple[str, ...] = ()


Functions = dict[str, Signature]

MOST_CALLS = 60  # of functions that may be missing in a line

AXES = (0, 1, -1)  # that a function of the user's may be given behind an array

# What is forgotten around a value: `1 - x**2` for `1 - np.tanh(x)**2`, `lam * W` for `lam * np.sign(W)`
OF_NUMPY = ("np.exp", "np.log", "np.tanh", "np.sqrt", "np.sign")
CLIPPED = ("np.maximum", "np.minimum")  # at 0


def of_functions(node: ast.expr, functions: Functions) -> Changes:
    """A call of another function, with another switch, inside a function that is missing, or without it.

    >>> from autograd.check.hand.source.trees import parsed
    >>> made = of_functions(parsed("f(x)"), {"f": Signature(1, ("deriv",)), "g": Signature(1)})
    >>> [ast.unparse(new) for _, _, new in made]
    ['g(x)', 'f(x, deriv=True)', 'f(f(x))', 'g(f(x))', 'np.exp(f(x))', 'np.log(f(x))', 'np.tanh(f(x))', \
'np.sqrt(f(x))', 'np.sign(f(x))', 'np.maximum(f(x), 0)', 'np.minimum(f(x), 0)', 'x']
    >>> made = of_functions(parsed("SLOPES['f'](x)"), {"g": Signature(1)})
    >>> next(ast.unparse(new) for _, _, new in made)
    'g(x)'
    """
    text = ast.unparse(node)
    match node:
        case ast.Call(func=ast.Name(id=name), args=args, keywords=words) if name in functions:
            for other, signature in functions.items():
                if other != name and signature.required == functions[name].required:
                    said = f"`{other}` should be called in the place of `{name}`"
                    yield "other call", said, ast.Call(ast.Name(other, ast.Load()), args, words)
            for switch in functions[name].switches:
                if all(w.arg != switch for w in words):
                    new = [*words, ast.keyword(switch, ast.Constant(True))]
                    yield "wrong-variable", f"`{text}` lacks {switch}=True", ast.Call(node.func, args, new)
            words = [w for w in words if w.arg not in functions[name].switches]
            if words != node.keywords:
                yield "wrong-variable", f"`{text}` has a switch too many", ast.Call(node.func, args, words)
        case ast.Call(func=ast.Subscript() as entry, args=args, keywords=words):
            for other in (k for k, signature in functions.items() if signature.required == len(args)):
                said = f"`{other}` should be called in the place of `{ast.unparse(entry)}`"
                yield "other call", said, ast.Call(ast.Name(other, ast.Load()), args, words)
    if isinstance(node, ast.Name | ast.Call | ast.Subscript | ast.Attribute):
        for other in (*(k for k, signature in functions.items() if signature.required == 1), *OF_NUMPY):
            yield "missing call", f"`{other}` is missing around `{text}`", ast.Call(parsed(other), [node], [])
        for other in CLIPPED:
            call = ast.Call(parsed(other), [node, number(0)], [])
            yield "missing call", f"`{ast.unparse(call)}` should stand for `{text}`", call
        for other, axis in product(
            (k for k, signature in functions.items() if signature.required == 2), AXES
        ):
            call = ast.Call(parsed(other), [node, number(axis)], [])
            yield "missing call", f"`{ast.unparse(call)}` should stand for `{text}`", call
    match node:
        case ast.Call(func=ast.Name(id=name), args=[inner]) if name in functions:
            yield "call too many", f"`{name}` is too many around `{ast.unparse(inner)}`", inner


def calls_missing(node: ast.expr, value: Any, held: Beside, functions: Functions) -> Changes:
    """What a whole line may have to be multiplied by: a function of an array as large, such as a slope.

    >>> z = parsed("z"), np.ones(2)
    >>> made = calls_missing(parsed("W.T @ d"), np.ones(2), [z], {"dphi": Signature(1)})
    >>> [ast.unparse(new) for _, _, new in made]
    ['W.T @ d * dphi(z)']
    """
    arrays = [e for e, v in held if isinstance(v, np.ndarray) and v.shape == np.shape(value)]
    names = (k for k, signature in functions.items() if signature.required == 1)
    for name, given in islice(product(names, arrays), MOST_CALLS):
        call = ast.Call(parsed(name), [given], [])
        said = f"a factor {ast.unparse(call)} is missing"
        yield "forgotten factor", said, ast.BinOp(node, ast.Mult(), call)
