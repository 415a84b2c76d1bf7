"""Writes docs/derivatives.md, the table of derivatives, from the table that the engine uses.

    python docs/derivatives.py

The modules of rules are read as source, for their order, their headings and the text of each rule.
They are also imported, so that the page shows for a function what the engine has for it.  Functions
that other modules add to the table are not on the page.
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
)  # the page is about this checkout, and not about an installed version

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
[autograd/functions.py](../autograd/functions.py). These are the rules that the engine uses.

- `g` is the cotangent of the output: the derivative of the final number with respect to each of its elements.
- `y` is the output itself; then come the function's own arguments, the arrays first.
  For a function with several outputs, `g` and `y` are tuples.
- Each line gives the cotangent of one argument. *none*: the function is piecewise constant in this argument,
  and nothing is passed back. *composed*: the function is computed by other functions, whose rules apply.
  *unknown*: the table does not have the derivative by this argument, and refuses a Tensor that requires a
  gradient there.
- The rules do not mention broadcasting, because the engine takes care of it: it sums the result of a rule
  over the axes along which the argument was repeated.
- A gradient has the shape and the dtype of its input: the gradient of a `float32` is a `float32`, and the
  gradient of a single number is 0-d.
- A rule is plain NumPy. It runs on arrays, and on tensors for derivatives of higher order.
- At a kink the derivative is the middle, 0 for `abs`. Equal elements at an extreme share the gradient.
  At a pole the derivative is infinite, as in mathematics. Such points are noted below each table, and
  [tests/cases_boundary.py](../tests/cases_boundary.py) tests them.
- To add a function: `autograd.rule(np.sinc, lambda g, y, x: ...)`, with one rule, or `None`, for each array
  argument. For a function of your own, [`autograd.op`](../autograd/functions.py).
"""

BESIDE_NAN = "Beside a NaN, the result and the gradient of each element are NaN."
TIES = "Equal elements at the extreme share the gradient equally. " + BESIDE_NAN
SKIPPED = "The gradient of a NaN is 0, even if all elements are NaN."
SECOND = (
    "The second derivative is 0 too, even for `{}`, where it should be 2. Write `{}` instead. "
    "`check.gradcheck(f, x, order=2)` finds this."
)
HALVES = "Where both are equal, each gets half."
UNORDERED = " Where one is NaN, and so neither larger nor smaller, both get 0."
ZEROS = "Elements that are 0 get their derivative too, since no rule divides by them."
POLYNOMIAL = (
    "At a = 0 the derivative follows the polynomial: 0 for n = 0 and n > 1, and 1 for n = 1. "
    "The derivative in n is 0 there."
)

# Decisions where the mathematics leaves a choice, or where the result is a surprise.  For each of them
# there is a case in tests/cases_boundary.py.
CONVENTIONS: dict[ops.Function, str] = {
    np.absolute: "The derivative at 0 is 0, the middle of -1 and 1. "
    + SECOND.format("np.abs(x)**2", "x * x"),
    np.fabs: "The derivative at 0 is 0, the middle of -1 and 1.",
    np.sign: "The derivative is 0 everywhere, also at 0.",
    autograd.relu: (
        "The derivative at 0 and at NaN is 0. At 0 it is 1/2 for `np.maximum(x, 0)`, as at every tie."
    ),
    np.hypot: "At (0, 0) both derivatives are 0.",
    np.linalg.norm: ("At 0 the derivative is 0. " + SECOND.format("np.linalg.norm(x)**2", "np.sum(x * x)")),
    np.std: "Where all elements are equal, their derivatives are 0.",
    np.max: TIES,
    np.min: TIES,
    np.median: "Equal elements in the middle share the gradient equally. " + BESIDE_NAN,
    np.quantile: "Equal elements at the quantile share the gradient equally. " + BESIDE_NAN,
    **dict.fromkeys((np.nanmax, np.nanmin, np.nanmean, np.nanvar, np.nanstd, np.nanmedian), SKIPPED),
    np.sort: "Equal elements share their gradients equally. A NaN counts as an element, and comes last.",
    np.maximum: HALVES + UNORDERED,
    np.minimum: HALVES + UNORDERED,
    np.fmax: HALVES + " Where one is NaN, the other gets all of it.",
    np.fmin: HALVES + " Where one is NaN, the other gets all of it.",
    np.sqrt: (
        "The derivative at 0 is `inf`. The derivative of `np.sqrt(x * x)` is NaN there: 0 times `inf`. "
        "Write `np.abs(x)` instead, or `np.hypot(a, b)` for the root of a sum of squares, "
        "or keep 0 out of the root with an `np.where` on its *input*."
    ),
    np.power: POLYNOMIAL,
    np.prod: ZEROS,
    np.cumprod: ZEROS,
    np.clip: (
        "Inside the bounds and on them, the gradient goes to the element; beyond them, to the bound. "
        "At NaN it is 0."
    ),
    np.where: (
        "The derivative of `np.where(c, f(x), 0)` is NaN where c is false and f has no finite derivative: "
        "0 times `inf`. Choose on the *input* instead: "
        "for `np.where(x > 0, np.log(x), 0)` write `np.log(np.where(x > 0, x, 1))`."
    ),
}


# The places of functions in the source


@dataclass(frozen=True)
class Entry:
    """A function that has a place on the page."""

    function: ops.Function
    name: str  # its name in the source
    heading: str  # the last comment above it that stands alone


def modules() -> list[ModuleType]:
    """The modules that fill the table: rules first, and functions without rules last."""
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
    for function, composition in compositions().items():  # functions that the source does not name
        if composition.__module__ == module.__name__ and function not in found:
            found[function] = Entry(function, full_name(function), "More")
    return list(found.values())


def named(nodes: list[Any]) -> Iterator[Any]:
    """The names of functions that have a row, but not the names in their rules and options."""
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
    """The value of a name; for a function that `op` returned, the function in the table."""
    name = node.name if isinstance(node, ast.FunctionDef) else ast.unparse(node)
    try:
        found = operator.attrgetter(name)(module)
    except AttributeError:
        return None
    return bare(found)


def bare(function: Any) -> Any:
    """The function in the table: `op` returns a wrapper of the function that it was given."""
    return function if known(function) or not callable(function) else inspect.unwrap(function)


def headings(source: str) -> list[tuple[int, str]]:
    """The comments between empty lines, each with its line number, the last one first."""
    alone = re.finditer(r"(?<=\n\n)(?:# .*\n)+(?=\n)", source)
    texts = [(source.count("\n", 0, m.start()) + 1, m[0].replace("# ", "").replace("\n", " ")) for m in alone]
    return [(line, " ".join(text.split())) for line, text in reversed(texts)]


# The text of a rule


WIDEST = 80  # characters that fit into a cell of the table


def code(text: str) -> str:
    """Code for a cell of a Markdown table, where a bar would end the cell even inside code."""
    return f"`{text}`".replace("|", r"\|")


def prose(text: str) -> str:
    """Text for a cell of a Markdown table, with its signs escaped, except in code."""
    parts = text.split("`")
    parts[::2] = [re.sub(r"([*_<])", r"\\\1", part) for part in parts[::2]]
    return "`".join(parts).replace("|", r"\|")


def link(f: ops.Function) -> str:
    path = Path(inspect.getfile(f)).relative_to(ROOT).as_posix()
    return f"[`{f.__name__}`](../{path})"


def cell(f: ops.Function | None) -> str:
    """The text of a rule: its code if that is one expression, or else its docstring."""
    if f is None or f is ops.unknown:
        return "*none*" if f is None else "*unknown*"
    text, there = expression(f), maker(f)
    if f.__name__ == "<lambda>" and text:
        return code(text)
    if summary(there):
        return f"{prose(summary(there))} {link(there)}"
    return f"{code(text)} {link(there)}" if text and len(text) <= WIDEST else f"{link(there)}, below"


def listing(f: ops.Function | None) -> str:
    """The source of a rule that has neither a docstring nor a short expression."""
    return textwrap.dedent(inspect.getsource(maker(f))) if f and cell(f).endswith(", below") else ""


# The page


def rules_of(function: ops.Function) -> tuple[ops.Rule, ...]:
    """One rule for each argument, or one for all arrays of a sequence, or the function's composition."""
    if function in compositions():
        return (compositions()[function],)
    op = ops.table[function]
    return (op.each,) if op.each else tuple(getattr(f, "func", f) for f in op.rules)  # of a partial


def arguments(function: ops.Function) -> list[str]:
    """The names of a function's arguments: in its rules, or in a call of it if it is composed of others."""
    if function in compositions():
        return [starred(p) for p in taken(compositions()[function], function)]
    each = ops.table[function].each
    signatures = [parameters(f) for f in rules_of(function) if f not in (None, ops.unknown)]
    names = [p.name for p in max(signatures, key=len) if p.kind is not p.VAR_KEYWORD]
    return names[3 if each else 2 :]


def taken(composition: ops.Function, function: ops.Function) -> list[inspect.Parameter]:
    """The parameters that a composition takes, under NumPy's names where it takes them as `*args`."""
    own = {p.kind if p.kind in STARS else p.name: p for p in parameters(composition)}
    if not STARS.keys() & own:
        return list(own.values())
    any_option = inspect.Parameter.VAR_KEYWORD in own
    return [p for p in parameters(function) if any_option or p.name in own or p.kind in own]


def parameters(function: ops.Function) -> list[inspect.Parameter]:
    """The parameters of a function.

    Some of NumPy's C functions have no signature before NumPy 2.4, but the first line of their docstring
    shows one.
    """
    try:
        signature = inspect.signature(function)
    except ValueError:
        shown = inspect.getdoc(function).partition("\n")[0]
        signature = inspect.signature(eval(f"lambda {shown[shown.index('(') + 1 : -1]}: None"))
    return list(signature.parameters.values())


STARS = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}


def starred(parameter: inspect.Parameter) -> str:
    """The name of a parameter, with the stars that a call has before it."""
    return STARS.get(parameter.kind, "") + parameter.name


def since(name: str) -> str:
    """The NumPy that a function needs, if the oldest one that is supported does not have it."""
    version = SINCE.get(name.removeprefix("np."), ())
    return f", since NumPy {'.'.join(map(str, version))}" if version else ""


def lines(entry: Entry) -> Iterator[str]:
    """The lines of a table for one function, with one line for each of its array arguments."""
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
    """The way in which a function is shown: by its rules, or in a list of functions without rules."""
    if entry.function in ops.untracked:
        return "Questions about an array, whose answer is not a tensor:"
    if entry.function in REASONS:
        return "Refused when a gradient is needed, with the reason and a remedy:"
    return "rules" if any(rules_of(entry.function)) else "Piecewise constant, *none* in every argument:"


def table(shown: list[Entry]) -> str:
    """The table of functions with rules, and below it the rules that do not fit in."""
    head = ["| function | argument | its cotangent |", "|---|---|---|"]
    rows = [line for entry in shown for line in lines(entry)]
    below = dict.fromkeys(listing(f) for entry in shown for f in rules_of(entry.function))
    source = "\n\n\n".join(text.strip() for text in below if text)
    return "\n".join(head + rows) + (f"\n\n```python\n{source}\n```" if source else "")


def conventions(shown: list[Entry]) -> str:
    said = {bare(f): text for f, text in CONVENTIONS.items()}
    return "\n".join(f"- **{e.name}**: {said[e.function]}" for e in shown if e.function in said)


def section(shown: list[Entry]) -> Iterator[str]:
    """The functions under one heading: the table, the lists, and the conventions at boundaries."""
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
    """Everything in a module, under its name and the first sentence of its docstring."""
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
