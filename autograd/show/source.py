"""The source text of derivative rules."""

from __future__ import annotations

import ast
import functools
import inspect
import linecache
import sys
import textwrap
from types import CodeType

from ..ops import Function


@functools.cache
def lambdas(path: str) -> list[tuple[ast.expr, str]]:
    """The bodies of a file's lambdas, innermost first, each with its text."""
    source = "".join(linecache.getlines(path))  # linecache knows the cells of a notebook, too
    bodies = [node.body for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Lambda)]
    written = [ast.get_source_segment(source, body) or "" for body in bodies]
    return [(body, " ".join(text.split())) for body, text in zip(bodies, written, strict=True)][::-1]


def is_from(code: CodeType, body: ast.expr) -> bool:
    """Whether a lambda's code was compiled from this expression."""
    start, end = (body.lineno, body.col_offset), (body.end_lineno or 0, body.end_col_offset or 0)
    spans = [(i or 0, j or 0, k or 0, n) for i, k, j, n in code.co_positions() if n]  # the first has no width
    return all(start <= (i, j) and (k, n) <= end for i, j, k, n in spans)


def expression(f: Function) -> str | None:
    """The only expression in `f`, as it stands in the source; None if the function has more than that.

    >>> expression(lambda g, y, x: g / (2 * y))
    'g / (2 * y)'
    """
    if f.__name__ == "<lambda>":
        found = (text for body, text in lambdas(f.__code__.co_filename) if is_from(f.__code__, body))
        return None if f.__closure__ else next(found, None)  # a closure's text leaves out its variables
    definition = ast.parse(textwrap.dedent(inspect.getsource(f))).body[0]
    *before, last = definition.body  # type: ignore[attr-defined]  # the definition is a function
    return None if before or not isinstance(last, ast.Return) or not last.value else ast.unparse(last.value)


def maker(f: Function) -> Function:
    """The named function that a reader should look up: `f`, or the function that made it."""
    found: Function = getattr(sys.modules[f.__module__], f.__qualname__.partition(".")[0], f)
    return found


def summary(f: object) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join((inspect.getdoc(f) or "").partition("\n\n")[0].split())


def listing(f: Function) -> str:
    """The code of a named function, without docstring, comments and annotations.

    Raises OSError if what is found as its source does not define it: since Python 3.13, what
    `python -c` runs passes for the source of all that is made by `eval`.
    """
    definition = ast.parse(textwrap.dedent(inspect.getsource(f))).body[0]
    if not isinstance(definition, ast.FunctionDef) or definition.name != f.__name__:
        raise OSError(f"the source of {f.__name__} is not to be had")
    definition.body = definition.body[ast.get_docstring(definition) is not None :]
    definition.returns, definition.decorator_list = None, []
    for argument in ast.walk(definition.args):
        if isinstance(argument, ast.arg):
            argument.annotation = None
    return ast.unparse(definition)
