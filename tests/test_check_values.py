"""The value of an expression with a part replaced is what Python makes of the changed text."""

import ast
import copy

import numpy as np
import pytest

from autograd.check.hand.source.trees import parents_in
from autograd.check.hand.source.values import NoPartError, Parts

RNG = np.random.default_rng(3)


class Layer:
    """An object with an attribute, and a method."""

    def __init__(self):
        self.W = RNG.normal(size=(3, 2))

    def scaled(self, x, by=2.0):
        return by * x


def spoilt(x):
    """A function that changes what it is given."""
    x *= 2
    return x


SCOPE = {
    "np": np, "x": RNG.normal(size=(4, 3)), "W": RNG.normal(size=(3, 2)), "d": RNG.normal(size=(4, 2)),
    "b": RNG.normal(size=2), "n": 4, "k": 1, "c": 0.5, "self": Layer(),
    "cache": {"x": RNG.normal(size=(4, 3))}, "rows": [RNG.normal(size=2), RNG.normal(size=2)],
    "spoilt": spoilt, "words": {"axis": 0},
}  # fmt: skip
EXPRESSIONS = [
    "x.T @ d / n",
    "-(d @ W.T) * (1 - x**2)",
    "np.sum(d, axis=0, keepdims=True)",
    "self.scaled(d, by=c) @ self.W.T",
    "cache['x'][k:, :2] + x[:-1, ::2] * c",
    "d * (d > 0) + (x[:, :2] <= c)",
    "np.where(x > 0, x, -x) % 2 // c",
    "[d, b][k] + (b, d)[0]",
    "sum(r * c for r in rows) + b",
    "[r + b for r in rows][k] * c",
    "(lambda v: v * c)(b)",
    "d if n > k else b",
    "0 < n < 5 and d.shape[0] == n",
    "np.stack([*rows, b]) * c",
    "np.sum(d, **words) * max(n, k)",
    "spoilt(d + 1) + spoilt(b * 1)",
    "(m := n + 1) * b + m",
    "float(np.sum(b)) * abs(c) + len(rows)",
    "~(x > 0) | (x > c) ^ (x < 0)",
    "{'a': b, **words}['a'] * c",
    "f'{n}' == '4'",
    "x[..., None, k] - d[:, k][:, np.newaxis]",
]
OTHERS = [
    "b",
    "c",
    "n",
    "d",
    "x.T",
    "b[::-1]",
    "nothing_of_this_name",
    "[r * c for r in rows]",
]


def compiled(tree, scope):
    """What Python makes of an expression; or the error."""
    text = ast.unparse(ast.fix_missing_locations(tree))
    try:
        return eval(text, scope)
    except Exception as error:
        return error


def rewritten(tree, old, new):
    """A copy of a tree with a part replaced, made in another way than the library does."""
    same = {id(old): new}

    class Put(ast.NodeTransformer):
        def visit(self, node):
            return copy.deepcopy(same[id(node)]) if id(node) in same else self.generic_visit(node)

    marked = copy.deepcopy(tree, {id(old): old})
    return Put().visit(marked)


def fresh():
    """The variables, with arrays of their own."""
    return copy.deepcopy({k: v for k, v in SCOPE.items() if k not in ("np", "spoilt")}) | {
        "np": np,
        "spoilt": spoilt,
    }


def is_read(node, parent):
    """Whether something may stand in the place of a part: it is neither set nor a piece of a text."""
    is_set = isinstance(getattr(node, "ctx", None), ast.Store) or isinstance(node, ast.Starred)
    return not is_set and not isinstance(parent, ast.JoinedStr | ast.FormattedValue)


def is_same(a, b):
    """Whether two values are the same, or both are errors or functions."""
    if isinstance(b, Exception) or isinstance(a, Exception):
        return isinstance(a, Exception) and isinstance(b, Exception)
    if isinstance(b, list | tuple):
        return type(a) is type(b) and all(is_same(p, q) for p, q in zip(a, b, strict=True))
    if isinstance(b, slice | dict):
        return repr(a) == repr(b)
    return type(a) is type(b) and (callable(a) or np.array_equal(a, b))


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_a_part_replaced_is_as_if_compiled(text):
    tree = ast.parse(text, mode="eval").body
    parents = parents_in(tree)
    places = [tree, *(n for n in parents if isinstance(n, ast.expr) and is_read(n, parents[n][0]))]
    parts = Parts(tree, fresh())
    tried = 0
    for old in places:
        for new in [*(ast.parse(other, mode="eval").body for other in OTHERS), *places[:4]]:
            wanted = compiled(rewritten(tree, old, new), fresh())
            if "spoilt" in text:  # which changes the variables
                parts = Parts(tree, fresh())
            try:
                made = parts.changed(old, new)
            except Exception as error:
                made = error
            assert is_same(made, wanted), (ast.unparse(old), ast.unparse(new), made, wanted)
            tried += 1
    assert tried >= 13


def test_what_stays_is_computed_once():
    calls = []

    class Counted(np.ndarray):
        def __array_ufunc__(self, ufunc, method, *inputs, **words):
            calls.append(ufunc.__name__)
            plain = [np.asarray(i) for i in inputs]
            return getattr(ufunc, method)(*plain, **words)

    x = np.ones(3).view(Counted)
    tree = ast.parse("np.exp(x) + y", mode="eval").body
    parts = Parts(tree, {"np": np, "x": x, "y": 2.0})
    for number in range(5):
        parts.changed(tree.right, ast.Constant(float(number)))
    assert calls == ["exp"]


def test_a_large_part_is_not_kept():
    tree = ast.parse("(x + 1) * y", mode="eval").body
    parts = Parts(tree, {"x": np.ones(2**17), "y": 2.0})
    parts.changed(tree.right, ast.Constant(3.0))
    assert not any(np.size(v) > 2**16 for v in parts.held.values())


def test_what_is_no_part_is_told():
    tree = ast.parse("x + 1", mode="eval").body
    with pytest.raises(NoPartError):
        Parts(tree, {"x": 1}).changed(ast.parse("x + 1", mode="eval").body, tree)
