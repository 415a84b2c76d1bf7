"""From rewritten syntax trees to code, which takes the place of the code of the user's functions."""

from __future__ import annotations

import ast
import functools
import linecache
import warnings
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any

from .rewriting.nodes import MARK
from .rewriting.rewriter import Memo, Rewriter
from .sites import span_of

FUTURE = 0x1FF0000  # the flags of a code object that say which `from __future__ import` it has
MOST_KEPT = 2000  # functions whose code is kept; notebooks make new ones with each run of a cell


def filled(code: CodeType, thing: Callable[[str], Any]) -> CodeType:
    """Code with things in the place of the constants that stand for them."""

    def of(constant: Any) -> Any:
        """What a constant stands for."""
        if isinstance(constant, str) and constant.startswith(MARK):
            return thing(constant[len(MARK) :])
        return filled(constant, thing) if isinstance(constant, CodeType) else constant

    return code.replace(co_consts=tuple(map(of, code.co_consts)))


def codes_in(code: CodeType) -> Iterator[CodeType]:
    """A piece of code and the functions in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from codes_in(constant)


def compiled(statements: list[ast.stmt], filename: str, parts: bool, memo: Memo, flags: int = 0) -> CodeType:
    """The code of statements with probes in them; what is made of those that stay is kept."""
    rewriter = Rewriter(filename, parts, memo)
    tree = ast.Module(rewriter.block(statements), [])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python warns that a constant is called, which stands for a probe
        code = compile(tree, filename, "exec", flags & FUTURE, dont_inherit=True)
    return filled(code, rewriter.thing)


@functools.lru_cache(maxsize=32)
def memo_of(filename: str, text: str, parts: bool) -> Memo:
    """What is made once of the statements of a file."""
    return Memo({id(s): s for s in statements_of(filename, text)})


@functools.lru_cache(maxsize=512)
def tree_of(filename: str, text: str) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(text)


@functools.lru_cache(maxsize=64)
def nodes_of(filename: str, text: str) -> dict[Any, list[Any]]:
    """The parts of a file's syntax tree by where they begin and end."""
    found: dict[Any, list[Any]] = {}
    for node in ast.walk(tree_of(filename, text)):
        if hasattr(node, "end_lineno"):
            found.setdefault(span_of(node), []).append(node)
    return found


@functools.lru_cache(maxsize=64)
def statements_of(filename: str, text: str) -> tuple[ast.stmt, ...]:
    """The statements of a file, outer ones before inner ones."""
    return tuple(n for n in ast.walk(tree_of(filename, text)) if isinstance(n, ast.stmt))


def text_of(filename: str) -> str:
    """The source of a file, of a notebook's cell, or of what was made known to `linecache`."""
    return "".join(linecache.getlines(filename))


# The code of each function, with the lines of its file, which are other objects once the file is read again
KEPT: dict[tuple[str, CodeType, bool], tuple[Any, CodeType | None]] = {}


def rewritten(code: CodeType, parts: bool) -> CodeType | None:
    """The code of a function with probes in it; None if there is no source of it."""
    key = code.co_filename, code, parts
    lines = linecache.getlines(code.co_filename)
    if key in KEPT and KEPT[key][0] is lines:
        return KEPT[key][1]
    if len(KEPT) > MOST_KEPT:
        KEPT.clear()
    made = rewritten_now(code, "".join(lines), parts)
    KEPT[key] = lines, made
    return made


def rewritten_now(code: CodeType, text: str, parts: bool) -> CodeType | None:
    """The code of a function with probes in it, made anew."""
    try:
        tree = tree_of(code.co_filename, text)
    except (SyntaxError, ValueError):  # the magic of a notebook
        return None
    line = code.co_firstlineno
    for i, statement in enumerate(tree.body):
        if first_line(statement) <= line <= (statement.end_lineno or line):
            made = codes_of(code.co_filename, text, i, parts, code.co_flags & FUTURE)
            same = [c for c in made if is_same(c, code)]
            if len(same) > 1:
                same = [same[place_among(code, statement, text)]]
            return same[0] if same else by_itself(code, statement, text, parts)
    return None


def by_itself(code: CodeType, statement: ast.stmt, text: str, parts: bool) -> CodeType | None:
    """The code of a function with probes in it that is compiled out of the function around it.

    The statements of a function that trains run as a module's: what is defined there has no closure.
    """
    for node in definitions_of(code, statement):
        made = compiled(
            [node], code.co_filename, parts, memo_of(code.co_filename, text, parts), code.co_flags
        )
        if (same := next((c for c in codes_in(made) if is_same(c, code)), None)) is not None:
            return same
    return None


def definitions_of(code: CodeType, tree: ast.AST) -> Iterator[ast.stmt]:
    """The statements in a tree that may define a function whose code this is."""
    for node in (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)):
        if node.name == code.co_name and first_line(node) == code.co_firstlineno:
            yield node


def first_line(statement: Any) -> int:
    """The line where a statement begins, with its decorators."""
    decorators = getattr(statement, "decorator_list", ())
    return int(min([statement.lineno, *(d.lineno for d in decorators)]))


@functools.lru_cache(maxsize=256)
def codes_of(filename: str, text: str, i: int, parts: bool, flags: int) -> tuple[CodeType, ...]:
    """The code of all functions in a statement of a file, with probes in it."""
    try:
        top = tree_of(filename, text).body[i]
        made = compiled([top], filename, parts, memo_of(filename, text, parts), flags)
    except (SyntaxError, ValueError, RecursionError):
        return ()
    return tuple(codes_in(made))


def copied(tree: Any) -> Any:
    """A copy of a syntax tree, or of a list of trees; `copy.deepcopy` takes several times as long."""
    if isinstance(tree, list):
        return [copied(part) for part in tree]
    if not isinstance(tree, ast.AST):
        return tree
    made = type(tree)(**{name: copied(getattr(tree, name, None)) for name in tree._fields})
    return ast.copy_location(made, tree)


def is_same(made: CodeType, code: CodeType) -> bool:
    """Whether a piece of code is another with probes in it.

    pytest rewrites assertions with variables and names that begin with @, which the source has not.
    """
    is_rewritten = any(name.startswith("@") for name in code.co_names)
    variables = {name for name in code.co_varnames if not name.startswith("@")}
    return (
        alike(made) == alike(code)
        and set(made.co_varnames) == variables
        and (is_rewritten or set(code.co_names) - set(made.co_names) <= REPLACED)
    )


REPLACED = frozenset(
    {"float", "isinstance", "item", "flat"}
)  # probes stand for them, so their names are gone


def alike(code: CodeType) -> tuple[Any, ...]:
    """What a piece of code and the same with probes in it, or with a statement changed, have in common."""
    return code.co_name, code.co_firstlineno, code.co_freevars, code.co_argcount


def place_among(code: CodeType, statement: ast.stmt, text: str) -> int:
    """Which of several functions in one line, such as lambdas, a piece of code is."""
    (original,) = (
        s for s in ast.parse(text).body if s.lineno == statement.lineno and type(s) is type(statement)
    )
    plain = compile(
        ast.Module([original], []), code.co_filename, "exec", code.co_flags & FUTURE, dont_inherit=True
    )
    same = [c for c in codes_in(plain) if is_same(c, code)]
    positions = list(code.co_positions())
    return next((i for i, c in enumerate(same) if list(c.co_positions()) == positions), 0)
