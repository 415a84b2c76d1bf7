"""Writes docs/derivatives.md, the table of derivatives, from the table that runs.

    python docs/derivatives.py

The modules of rules are read as source, for their order, their headings and the text of each rule;
and as they run, so that what is shown of a function is what the engine has for it.  Functions that
others add to the table have no place in these modules, and so none on the page.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import operator
import pkgutil
import re
import sys
import textwrap
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

sys.path.insert(
    0, str(Path(__file__).parents[1])
)  # the page is about this checkout, not about what may be installed

import autograd
from autograd import functions, ops, rules
from autograd.refusals import full_name
from autograd.rules.refused import REASONS
from autograd.rules.versions import SINCE
from autograd.show.source import expression, maker, summary

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "derivatives.md"

INTRODUCTION = """\
# The table of derivatives

Written by `python docs/derivatives.py` from the rules in [autograd/rules](../autograd/rules) and
[autograd/functions.py](../autograd/functions.py). What stands here is what runs.

- `g` is the cotangent of the output: the derivative of the final number with respect to each of its elements.
- `y` is the output itself; then come the function's own arguments, the arrays first.
  Of a function with several outputs, `g` and `y` are tuples.
- Each line gives the cotangent of one argument. *none*: in this one the function is piecewise constant, and
  nothing is passed back. *composed*: it is computed by other functions, whose rules then hold.
  *unknown*: its derivative in this one is not known here, and a Tensor that requires a gradient is refused.
- Broadcasting is not mentioned, because the engine takes care of it: it sums what a rule returns over the
  axes along which the argument was repeated.
- A gradient has the shape and the dtype of its input: that of a `float32` is a `float32`, that of a
  single number is 0-d.
- A rule is plain NumPy. It runs on arrays, and on tensors for derivatives of higher order.
- At a kink the derivative is the middle, 0 for `abs`. Ties share in equal parts. At a pole it is infinite, as
  the mathematics says. Such points are noted below each table, and
  [tests/cases_boundary.py](../tests/cases_boundary.py) holds the rules to them.
- To add a function: `autograd.rule(np.sinc, lambda g, y, x: ...)`, with one rule, or `None`, for each array
  argument. For a function of your own, [`autograd.op`](../autograd/functions.py).
"""

TIES = "Equal elements at the extreme share the gradient in equal parts."
HALVES = "Where both are equal, each gets half."
ZEROS = "Elements that are 0 get their derivative too: no rule divides by them."
POLYNOMIAL = (
    "At a = 0 the derivative follows the polynomial: 0 for n = 0 and n > 1, and 1 for n = 1. "
    "The derivative in n is 0 there."
)

# What is decided where the mathematics leaves a choice, or surprises.  A case in tests/cases_boundary.py
# holds every one of them.
CONVENTIONS: dict[ops.Function, str] = {
    np.absolute: "The derivative at 0 is 0, the middle of -1 and 1.",
    np.fabs: "The derivative at 0 is 0, the middle of -1 and 1.",
    np.sign: "The derivative is 0 everywhere, at 0 too.",
    autograd.relu: "The derivative at 0 is 0. That of `np.maximum(x, 0)` is 1/2, as for every tie.",
    np.hypot: "At (0, 0) both derivatives are 0.",
    np.std: "Where all elements are equal, their derivatives are 0.",
    np.max: TIES,
    np.min: TIES,
    np.maximum: HALVES,
    np.minimum: HALVES,
    np.fmax: HALVES + " Where one is NaN, the other gets all.",
    np.fmin: HALVES + " Where one is NaN, the other gets all.",
    np.sqrt: (
        "The derivative at 0 is `inf`. That of `np.sqrt(x * x)` is NaN there, being 0 times `inf`. "
        "Write `np.abs(x)`; for the root of a sum of squares `np.hypot(a, b)`; "
        "or keep 0 from the root by a `np.where` on its *input*."
    ),
    np.power: POLYNOMIAL,
    np.prod: ZEROS,
    np.cumprod: ZEROS,
    np.clip: "The gradient passes inside the bounds and on them, and goes to the bound beyond.",
    np.where: (
        "The derivative of `np.where(c, f(x), 0)` is NaN where c is false and that of f is not finite: "
        "0 times `inf`. Choose on the *input*: "
        "for `np.where(x > 0, np.log(x), 0)` write `np.log(np.where(x > 0, x, 1))`."
    ),
}


# Where the functions stand in the source


@dataclass(frozen=True)
class Entry:
    """A function that has a place on the page."""

    function: ops.Function
    name: str  # as the source calls it
    heading: str  # the comment above it that stands alone


def modules() -> list[ModuleType]:
    """The modules that fill the table: rules first, and last those that need none."""
    names = sorted(info.name for info in pkgutil.iter_modules(rules.__path__))
    of_rules = [importlib.import_module(f"{rules.__name__}.{name}") for name in names if name != "unchanging"]
    return [*of_rules, functions, rules.unchanging]


def known(function: Any) -> bool:
    """Whether `function` is anywhere in the table."""
    return isinstance(function, Hashable) and any(
        function in place for place in (ops.table, ops.untracked, compositions())
    )


def compositions() -> dict[ops.Function, ops.Function]:
    """The functions that are written in terms of others."""
    return getattr(ops, "composed", {})


def entries(module: ModuleType) -> list[Entry]:
    """The functions whose rows a module fills, in the order of its source."""
    source, found = inspect.getsource(module), {}
    above = headings(source)
    for node in named(ast.parse(source).body):
        function = value(node, module)
        if known(function) and function not in found:
            name = node.name if isinstance(node, ast.FunctionDef) else ast.unparse(node)
            public = "autograd." * (hasattr(autograd, name))
            heading = next((text for line, text in above if line < node.lineno), "")
            found[function] = Entry(function, public + name, heading)
    for function, composition in compositions().items():  # those that the source does not call by name
        if composition.__module__ == module.__name__ and function not in found:
            found[function] = Entry(function, full_name(function), "More")
    return list(found.values())


def named(nodes: list[Any]) -> Iterator[Any]:
    """The names in the places of a row's function: not those in rules, nor in other options."""
    for node in nodes:
        match node:
            case ast.Name() | ast.Attribute():
                yield node
            case ast.Call(func=ast.Attribute()):  # untracked.update((np.shape, ...), ...)
                yield from named(node.args)
            case ast.Call():  # rule(np.exp, ...)
                yield from named(node.args[:1])
            case ast.FunctionDef():  # @op(...) def sigmoid, @compose(np.ptp) def ptp
                yield from named(node.decorator_list)
                yield node
            case ast.For():
                yield from named([node.iter])
            case ast.If() | ast.With():
                yield from named(node.body)
            case ast.Expr() | ast.Starred():
                yield from named([node.value])
            case ast.Tuple() | ast.List() | ast.Set():
                yield from named(node.elts)
            case ast.Dict():
                yield from named(node.keys)


def value(node: ast.AST, module: ModuleType) -> Any:
    """What a name stands for; of a function that `op` made, the one that is in the table."""
    name = node.name if isinstance(node, ast.FunctionDef) else ast.unparse(node)
    try:
        found = operator.attrgetter(name)(module)
    except AttributeError:
        return None
    return bare(found)


def bare(function: Any) -> Any:
    """`function` as the table has it: what `op` returned is a way into the function it was given."""
    return function if known(function) or not callable(function) else inspect.unwrap(function)


def headings(source: str) -> list[tuple[int, str]]:
    """The comments with empty lines around them, each with its line; the last one first."""
    alone = re.finditer(r"(?<=\n\n)(?:# .*\n)+(?=\n)", source)
    texts = [(source.count("\n", 0, m.start()) + 1, m[0].replace("# ", "").replace("\n", " ")) for m in alone]
    return [(line, " ".join(text.split())) for line, text in reversed(texts)]


# What is shown of a rule


WIDEST = 80  # what a cell of the table has room for


def code(text: str) -> str:
    """Code in a cell of a table, where a bar would end the cell, in code too."""
    return f"`{text}`".replace("|", r"\|")


def prose(text: str) -> str:
    """Text in a cell, its signs kept from being markup, but not the code in it."""
    parts = text.split("`")
    parts[::2] = [re.sub(r"([*_<])", r"\\\1", part) for part in parts[::2]]
    return "`".join(parts).replace("|", r"\|")


def link(f: ops.Function) -> str:
    path = Path(inspect.getfile(f)).relative_to(ROOT).as_posix()
    return f"[`{f.__name__}`](../{path})"


def cell(f: ops.Function | None) -> str:
    """What a rule says: its code if that is one expression, or else the words of its docstring."""
    if f is None or f is ops.unknown:
        return "*none*" if f is None else "*unknown*"
    text, there = expression(f), maker(f)
    if f.__name__ == "<lambda>" and text:
        return code(text)
    if summary(there):
        return f"{prose(summary(there))} {link(there)}"
    return f"{code(text)} {link(there)}" if text and len(text) <= WIDEST else f"{link(there)}, below"


def listing(f: ops.Function | None) -> str:
    """The source of a rule that is in no words, nor in one short expression."""
    return textwrap.dedent(inspect.getsource(maker(f))) if f and cell(f).endswith(", below") else ""


# The page


def rules_of(function: ops.Function) -> tuple[ops.Rule, ...]:
    """One rule for each argument, or for all arrays of a sequence, or what composes the function."""
    if function in compositions():
        return (compositions()[function],)
    op = ops.table[function]
    return (op.each,) if op.each else tuple(getattr(f, "func", f) for f in op.rules)  # a partial's function


def arguments(function: ops.Function) -> list[str]:
    """The names of a function's arguments, as its rules call them."""
    if function in compositions():
        return list(inspect.signature(compositions()[function]).parameters)
    each = ops.table[function].each
    taken = [
        list(inspect.signature(f).parameters.values())
        for f in rules_of(function)
        if f not in (None, ops.unknown)
    ]
    names = [p.name for p in max(taken, key=len) if p.kind is not p.VAR_KEYWORD]
    return names[3 if each else 2 :]


def since(name: str) -> str:
    """The NumPy that a function needs, if the oldest one that is supported does not have it."""
    version = SINCE.get(name.removeprefix("np."), ())
    return f", since NumPy {'.'.join(map(str, version))}" if version else ""


def lines(entry: Entry) -> Iterator[str]:
    """The lines of a table for one function, one for each of its array arguments."""
    call = f"`{entry.name}({', '.join(arguments(entry.function))})`{since(entry.name)}"
    if entry.function in compositions():
        names = ["*composed*"]
    elif ops.table[entry.function].each:
        names = [f"`{arguments(entry.function)[0]}[i]`"]
    else:
        names = [f"`{name}`" for name in arguments(entry.function)]
    for name, f in zip(names, rules_of(entry.function), strict=False):
        yield f"| {call} | {name} | {cell(f)} |"
        call = ""


def kind(entry: Entry) -> str:
    """How a function is shown: by its rules, or in a list of those that have none."""
    if entry.function in ops.untracked:
        return "Asked about an array, and answered with no tensor:"
    if entry.function in REASONS:
        return "Refused when a gradient is needed, with the reason and what to do instead:"
    return "rules" if any(rules_of(entry.function)) else "Piecewise constant, *none* in every argument:"


def table(shown: list[Entry]) -> str:
    """The table of functions with rules; below it, the rules that do not fit in."""
    head = ["| function | argument | its cotangent |", "|---|---|---|"]
    rows = [line for entry in shown for line in lines(entry)]
    below = dict.fromkeys(listing(f) for entry in shown for f in rules_of(entry.function))
    source = "\n\n\n".join(text.strip() for text in below if text)
    return "\n".join(head + rows) + (f"\n\n```python\n{source}\n```" if source else "")


def conventions(shown: list[Entry]) -> str:
    said = {bare(f): text for f, text in CONVENTIONS.items()}
    return "\n".join(f"- **{e.name}**: {said[e.function]}" for e in shown if e.function in said)


def section(shown: list[Entry]) -> Iterator[str]:
    """The functions under one heading: the table, the lists, and what is decided at their boundaries."""
    if shown[0].heading:
        title, _, more = shown[0].heading.partition(". ")
        yield f"### {title.rstrip('.')}"
        yield more
    kinds: dict[str, list[Entry]] = {}
    for entry in shown:
        kinds.setdefault(kind(entry), []).append(entry)
    for title, group in kinds.items():
        yield (
            table(group) if title == "rules" else title + "\n" + ", ".join(f"`{e.name}`" for e in group) + "."
        )
    yield conventions(shown)


def chapter(module: ModuleType, shown: list[Entry]) -> Iterator[str]:
    """All that a module has, under its name and the first sentence of its docstring."""
    path = Path(inspect.getfile(module)).relative_to(ROOT).as_posix()
    sentence = re.split(r"(?<=\.)\s", summary(module))[0]
    yield f"## {path.rpartition('/')[2].removesuffix('.py').capitalize()}"
    yield f"{sentence} [{path}](../{path})"
    for heading in dict.fromkeys(e.heading for e in shown):
        yield from section([e for e in shown if e.heading == heading])


def page() -> str:
    """The whole page, as Markdown."""
    parts, seen = [INTRODUCTION.strip()], set()
    for module in modules():
        shown = [e for e in entries(module) if e.function not in seen]
        seen |= {e.function for e in shown}
        parts += chapter(module, shown) if shown else ()
    return "\n\n".join(filter(None, parts)) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
