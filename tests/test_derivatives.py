"""The table of derivatives in docs/derivatives.md is the table that the engine uses."""

import inspect
import re
import runpy
from collections import Counter
from pathlib import Path
from types import CodeType

import pytest

from autograd.ops import composed, rule, table, untracked
from autograd.rules.versions import SINCE, has

from .cases import FUNCTIONS
from .cases_boundary import BOUNDARIES

ROOT = Path(__file__).parents[1]
GENERATOR = runpy.run_path(str(ROOT / "docs" / "derivatives.py"))
LACKING = [name for name in SINCE if not has(name)]  # the page is about the newest NumPy
ENTRIES = [entry for module in GENERATOR["modules"]() for entry in GENERATOR["entries"](module)]
CONVENTIONS = {GENERATOR["bare"](f): text for f, text in GENERATOR["CONVENTIONS"].items()}


def without(names, page):
    """The page without the rows of these functions, nor the heading of a table that is left with none."""
    rows = tuple(f"| `np.{name}(" for name in names)
    kept = [line for line in page.splitlines(True) if not line.startswith(rows)]
    return re.sub(r"### .*\n\n\| function .*\n\|---.*\n\n", "", "".join(kept))


PAGE = without(LACKING, GENERATOR["PAGE"].read_text(encoding="utf-8"))


def rows():
    """The rows of the page's tables: the function's name, its argument, and the cell with the rule."""
    name = ""
    for line in re.findall(r"^\| (.*) \|$", PAGE, re.MULTILINE):
        call, argument, cell = re.split(r" (?<!\\)\| ", line)
        name = call.strip("`").partition("(")[0] or name
        yield name, argument.strip("`"), cell.replace(r"\|", "|")


def listed():
    """The functions that the page lists below the tables, because they have no rules."""
    return re.findall(r"`([^`]+)`[,.]", "\n".join(re.findall(r"^.*:\n(`.*\.)$", PAGE, re.MULTILINE)))


def shown_lambdas():
    """Each rule that is a lambda of its own, with the code that the page shows for it."""
    cells = {}
    for name, _, cell in rows():
        cells.setdefault(name, []).append(cell)
    for entry in ENTRIES:
        if entry.name in cells:
            shown = zip(GENERATOR["rules_of"](entry.function), cells[entry.name], strict=True)
            yield from ((f, cell[1:-1]) for f, cell in shown if f and is_lambda(f))


def is_lambda(f):
    return f.__name__ == "<lambda>" and not f.__closure__


def essence(code):
    """What a piece of code does, without its position in the source."""
    constants = tuple(essence(c) if isinstance(c, CodeType) else c for c in code.co_consts)
    return code.co_code, code.co_names, code.co_varnames, constants


def compiled(f, expression):
    """The code of a lambda with the parameters of `f`, in a module that imports NumPy like the rules'."""
    taken, space = inspect.signature(f), {}
    plain = [p if p.default is p.empty else p.replace(default=None) for p in taken.parameters.values()]
    parameters = str(taken.replace(parameters=plain))[1:-1]
    # the import is needed: Python compiles calls of imported functions, np.exp(x), in another way
    exec(
        f"import numpy as np\nfrom scipy import special as s\nshown = lambda {parameters}: {expression}",
        space,
    )
    return space["shown"].__code__


def test_it_is_up_to_date():
    if GENERATOR["page"]() != PAGE:
        pytest.fail("docs/derivatives.md is not what the table says now: run `python docs/derivatives.py`")


def test_every_function_is_there_once():
    names = {name for name, _, _ in rows()}
    firsts = re.findall(r"^\| `([\w.]+)\(", PAGE, re.MULTILINE)
    assert [name for name, times in Counter(firsts + listed()).items() if times > 1] == []
    assert {e.name for e in ENTRIES} == (names - {"function"}) | set(listed())
    ours = {f for f, composition in composed.items() if composition.__module__.startswith("autograd.")}
    assert {e.function for e in ENTRIES} >= FUNCTIONS | untracked | ours


def test_what_a_user_adds_is_not_there():
    def added(x):
        return x

    before = GENERATOR["page"]()
    rule(added, lambda g, y, x: g)
    assert GENERATOR["page"]() == before
    del table[added]


def test_the_code_shown_is_the_rule():
    shown = list(shown_lambdas())
    assert len(shown) > 80
    for f, expression in shown:
        assert essence(compiled(f, expression)) == essence(f.__code__), expression


@pytest.mark.parametrize("function", CONVENTIONS, ids=lambda f: f.__name__)
def test_a_convention_has_a_case(function):
    direct = [f for _, f, *_ in BOUNDARIES if GENERATOR["bare"](f) is function]
    assert direct or any(function.__name__ in f.__code__.co_names for _, f, *_ in BOUNDARIES if is_lambda(f))
    assert f"**: {CONVENTIONS[function]}\n" in PAGE


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\((?!http)([^)#]+)\)", PAGE))))
def test_its_links_lead_to_files(target):
    assert (ROOT / "docs" / target).exists()
