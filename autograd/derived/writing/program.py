"""The function that a derivation is: its parameters, its lines and loops as statements, and its return."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...formulas.algebra.arrays import cut, exact, writable
from ...formulas.algebra.expressions import ZERO, Expr, Words, add, is_call, options, terms_of, walk
from ...formulas.algebra.indexing import HOLE, scatter
from ...formulas.source import COMPARISONS, index_text, name_text, shape_text, shapes, text
from ..layout.items import Item, Loop
from ..reading.naming import singular
from ..reading.walk import Line

INDENT = "    "


@dataclass(slots=True, eq=False)
class Statement:
    """A line of source, its depth, and the line of the derivation to which it belongs, if there is one."""

    text: str
    depth: int
    line: Line | None = None


def statements(items: Sequence[Item], depth: int = 0) -> list[Statement]:
    """The statements of lines and loops."""
    found: list[Statement] = []
    for item in items:
        if isinstance(item, Loop):
            found += loop_statements(item, depth)
        else:
            found += [Statement(words, depth, item) for words in line_text(item)]
    return found


def loop_statements(loop: Loop, depth: int) -> list[Statement]:
    """The heads of a loop, one for each counter, and the statements of its body."""
    heads = []
    for i, (counter, n) in enumerate(loop.counters):
        turns = f"range({loop.over or n})"
        turns = f"reversed({turns})" if loop.backwards else turns
        heads.append(Statement(f"for {counter} in {turns}:", depth + i))
    return [*heads, *statements(loop.body, depth + len(loop.counters))]


def line_text(line: Line) -> list[str]:
    """A line as one statement, or as several if something is added at places of an array."""
    target = text(line.target)
    if line.sign == "list":
        assert line.variable is not None
        return [f"{target} = [None] * len({line.variable.ref[0]})"]
    if line.sign == "room":
        return [f"{target} = [None] * {text(line.value)}"]
    if line.sign == "zeros":
        if line.variable is not None:
            each = singular(str(line.variable.ref[0]))
            each = each if each != line.variable.ref[0] else "each"
            return [f"{target} = [np.zeros_like({each}) for {each} in {line.variable.ref[0]}]"]
        return [f"{target} = [{zeros_text(line)}] * {text(line.value)}"]
    if line.sign == "append":
        return [f"{target}.append({value_text(line.value, line)})"]
    if line.sign == "values":
        return [f"{target} = [{value_text(line.value, line)}]"]
    if line.sign == "empty":
        return [f"{target} = []"]
    terms = terms_of(line.value)
    placed = [t for t in terms if is_call(t, scatter)]
    rest = add(*(t for t in terms if t not in placed))
    if placed and line.sign == "=" and rest is not ZERO:
        rest = writable(exact(rest, line.shape))
    begin = [] if line.sign == "+=" else [f"{target} = {value_text(rest, line)}"]
    if line.sign == "+=" and rest is not ZERO:
        begin = [f"{target} += {text(cut(rest, len(line.shape)))}"]
    return begin + [added(target, t) for t in placed]


def value_text(value: Expr, line: Line) -> str:
    """The source of a line's value in its whole shape; a mask becomes floats."""
    if value is ZERO and line.shape:
        return zeros_text(line)
    words = text(exact(value, line.shape))
    return f"1.0 * {words}" if value.head == "call" and value.data[0].__name__ in COMPARISONS else words


def zeros_text(line: Line) -> str:
    """The source of zeros in the shape of a line, like a variable that has it if there is one."""
    v = line.variable
    if line.like is not None:
        return f"np.zeros_like({name_text(line.like)[0]})"
    if v is not None and v.available and len(v.ref) == 1 and not v.turns:
        return f"np.zeros_like({v.ref[0]})"
    if like := shapes.get().get(line.shape):
        return f"np.zeros_like({like.removesuffix('.shape')})"
    return f"np.zeros({shape_text(line.shape)})"


def added(target: str, e: Expr) -> str:
    """The statement that adds an array at places of another; arrays in an index may name a place twice."""
    opts = options(e)
    index = index_text(opts["index"], e.args[1:])
    value = text(unspread(e.args[0]))
    if HOLE in opts["index"]:
        places = f"({index})" if len(opts["index"]) > 1 else index
        return f"np.add.at({target}, {places}, {value})"
    return f"{target}[{index}] += {value}"


def unspread(e: Expr) -> Expr:
    """An array without a broadcast that happens anyway when it is added."""
    return e.args[0] if is_call(e, np.broadcast_to) else e


def roots(items: Iterable[Item]) -> tuple[dict[str, None], set[str]]:
    """The variables that lines read, in the order of their use, and those that they make."""
    read: dict[str, None] = {}
    made: set[str] = set()
    for item in items:
        if isinstance(item, Loop):
            made |= {c for c, _ in item.counters}
            inner, new = roots(item.body)
            read |= inner
            made |= new
            if item.over.startswith("len("):
                read[item.over[4:-1]] = None
        else:
            for e in walk(item.value):
                if e.head == "name":
                    read |= dict.fromkeys(words_of(e.data[0]))
            made.add(str(item.target.data[0]))
            if item.sign in ("list", "zeros") and item.variable is not None:
                read[str(item.variable.ref[0])] = None  # the list is made with its length
                continue
            zeros = [s for s in line_text(item) if "np.zeros_like(" in s]
            read |= dict.fromkeys(re.split(r"[\[)]", s.split("np.zeros_like(")[1])[0] for s in zeros)
    return read, made


def words_of(root: Any) -> list[str]:
    """The variables in a name, which may be an expression in the user's words."""
    if not isinstance(root, Words):
        return [str(root)]
    tree = ast.parse(root, mode="eval")
    known = {"np", "math", *dir(builtins)}
    return [n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id not in known]


def parameters_and_body(items: Sequence[Item], order: Sequence[str]) -> tuple[list[str], list[str]]:
    """The parameters of a function, in the order in which f has them, and its statements, indented."""
    read, made = roots(items)
    names = [n for n in dict.fromkeys([*order, *read]) if n in read and n not in made]
    return names, [INDENT * (s.depth + 1) + s.text for s in statements(items)]


def function_text(items: Sequence[Item], order: Sequence[str], returned: Sequence[str]) -> str:
    """The source of `backward`."""
    names, body = parameters_and_body(items, order)
    math = "import math\n" if any("math." in s for s in body) else ""
    ending = f"{INDENT}return {', '.join(returned)}"
    return (
        f"{math}import numpy as np\n\n\ndef backward({', '.join(names)}):\n"
        + "\n".join([*body, ending])
        + "\n"
    )
