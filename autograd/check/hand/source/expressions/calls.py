"""Changes of a call: of its arguments, of the function, of the axes that it works along."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations, pairwise, product

from ..trees import Changes, flipped, reversed_array

# Functions that are taken for each other
TWINS = {"max": "min", "maximum": "minimum", "argmax": "argmin", "sin": "cos", "amax": "amin", "sinh": "cosh"}
TWINS |= {b: a for a, b in TWINS.items()}

# Sums over axes: one is taken for the other, over other axes, or is too many
REDUCTIONS = {"sum": "mean", "mean": "sum"}

# Sums up to each element: their adjoints run the other way
RUNNING = ("cumsum", "cumprod")

# Products of two matrices
PRODUCTS = ("dot", "matmul", "outer")


def of_call(node: ast.Call) -> Changes:
    """A call that is almost the same: with arguments exchanged, of another function, along other axes."""
    text = ast.unparse(node)
    yield from with_arguments_exchanged(node, text)
    yield from with_indices_exchanged(node, text)
    yield from with_elements_exchanged(node, text)
    if not isinstance(node.func, ast.Attribute):
        return
    name = node.func.attr
    is_numpys = isinstance(node.func.value, ast.Name) and node.func.value.id in ("np", "numpy")
    inner = node.args[0] if is_numpys and node.args else node.func.value
    if name in RUNNING:
        back = reversed_array(inner)
        args = [back, *node.args[1:]] if is_numpys else node.args
        func = node.func if is_numpys else ast.Attribute(back, name, ast.Load())
        turned = reversed_array(ast.Call(func, args, node.keywords))
        yield "turned", f"`{text}` runs the wrong way", turned
    if name == "where" and len(node.args) == 3:
        for i, number in product((1, 2), (1.0, 0.0)):
            args = [*node.args[:i], ast.Constant(number), *node.args[i + 1 :]]
            said = f"`{ast.unparse(node.args[i])}` should be {number:g}"
            yield "wrong-variable", said, ast.Call(node.func, args, node.keywords)
    if name == "zeros_like" and node.args:
        said = f"`{text}` should be a copy of `{ast.unparse(node.args[0])}`"
        copy = ast.Call(ast.Attribute(node.args[0], "copy", ast.Load()), [], [])
        yield "forgotten term", said, copy
    if name in TWINS:
        said = f"`{name}` in `{text}` should be `{TWINS[name]}`"
        yield "wrong-variable", said, renamed(node, node.func, TWINS[name])
    if name in REDUCTIONS:
        said = f"`{name}` in `{text}` should be `{REDUCTIONS[name]}`"
        yield "factor", said, renamed(node, node.func, REDUCTIONS[name])
        yield "shape", f"`{text}` should not be summed", inner
        yield from along_other_axes(node, text, node.args[:1] if is_numpys else [])
    if name in PRODUCTS and is_numpys and len(node.args) == 2:
        said = f"the factors of `{text}` are the wrong way round"
        for pair in turned_round(*node.args):
            yield "transpose", said, ast.Call(node.func, list(pair), [])
    if name == "transpose" and not node.keywords:
        yield "needless transpose", f"`{text}` should not be transposed", inner


def with_arguments_exchanged(node: ast.Call, text: str) -> Changes:
    """The call with two arguments exchanged that follow each other."""
    for i, (first, second) in enumerate(pairwise(node.args)):
        said = f"`{ast.unparse(first)}` and `{ast.unparse(second)}` in `{text}` are the wrong way round"
        exchanged = [*node.args[:i], second, first, *node.args[i + 2 :]]
        yield "wrong-variable", said, ast.Call(node.func, exchanged, node.keywords)


def with_elements_exchanged(node: ast.Call, text: str) -> Changes:
    """The call with two elements of a list exchanged: of the parts that are put side by side."""
    match node.args:
        case [ast.List() | ast.Tuple() as several, *rest]:
            for i, j in combinations(range(min(len(several.elts), MOST_ELEMENTS)), 2):
                elements = list(several.elts)
                elements[i], elements[j] = elements[j], elements[i]
                said = f"`{ast.unparse(elements[j])}` and `{ast.unparse(elements[i])}` are exchanged"
                made = type(several)(elements, ast.Load())
                yield "wrong-variable", said, ast.Call(node.func, [made, *rest], node.keywords)


MOST_ELEMENTS = 6  # of a list that are exchanged


def with_indices_exchanged(node: ast.Call, text: str) -> Changes:
    """An einsum with two of its indices exchanged."""
    match node.args:
        case [ast.Constant(value=str() as subscripts), *operands] if "->" in subscripts:
            said = f"the indices of `{text}` are in the wrong order"
            for labels in map(ast.Constant, relabelled(subscripts)):
                yield "transpose", said, ast.Call(node.func, [labels, *operands], node.keywords)


def along_other_axes(node: ast.Call, text: str, args: list[ast.expr]) -> Changes:
    """A sum or a mean over each axis and over all, with the axis kept or not."""
    for axis in (None, 0, 1, 2, -1):
        for keep in (True, False):
            words = [ast.keyword("axis", ast.Constant(axis)), ast.keyword("keepdims", ast.Constant(keep))]
            yield "shape", f"the axis or keepdims of `{text}` is wrong", ast.Call(node.func, args, words)
    for word in node.keywords:
        for axes in several_axes(word.value) if word.arg == "axis" else ():
            words = [ast.keyword("axis", axes) if w is word else w for w in node.keywords]
            yield "shape", f"the axes of `{text}` are wrong", ast.Call(node.func, node.args, words)


MOST_AXES = 5


def several_axes(axes: ast.expr) -> Iterator[ast.expr]:
    """As many other axes as a tuple has, or one more or less.

    >>> from autograd.check.hand.source.trees import parsed
    >>> [ast.unparse(new) for new in several_axes(parsed("(0, 3)"))][:4]
    ['(0,)', '(1,)', '(2,)', '(3,)']
    """
    if isinstance(axes, ast.Tuple):
        n = len(axes.elts)
        for size in (n - 1, n, n + 1):
            for chosen in combinations(range(MOST_AXES), size):
                yield ast.Tuple([ast.Constant(a) for a in chosen], ast.Load())


def renamed(node: ast.Call, function: ast.Attribute, name: str) -> ast.Call:
    """A call of another function or method with the same arguments."""
    return ast.Call(ast.Attribute(function.value, name, ast.Load()), node.args, node.keywords)


def turned_round(a: ast.expr, b: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Two factors of a product of matrices the other way round, transposed or not.

    >>> from autograd.check.hand.source.trees import parsed
    >>> [f"{ast.unparse(x)} @ {ast.unparse(y)}" for x, y in turned_round(parsed("a"), parsed("b"))]
    ['b @ a', 'b.T @ a', 'b @ a.T', 'b.T @ a.T']
    """
    yield from ((b, a), (flipped(b), a), (b, flipped(a)), (flipped(b), flipped(a)))


def relabelled(subscripts: str) -> Iterator[str]:
    """The subscripts of an einsum with two letters exchanged in one of its terms.

    >>> list(relabelled("ij,jk->ik"))
    ['ji,jk->ik', 'ij,kj->ik', 'ij,jk->ki']
    """
    terms = subscripts.replace("->", ",").split(",")
    for i, term in enumerate(terms):
        for a, b in combinations([letter for letter in term if letter.isalpha()], 2):
            exchanged = term.translate(str.maketrans(a + b, b + a))
            made = [*terms[:i], exchanged, *terms[i + 1 :]]
            yield ",".join(made[:-1]) + "->" + made[-1]
