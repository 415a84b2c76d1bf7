"""The pages in docs/ keep their promises, and so do docstrings: each public one shows an example."""

import doctest
import importlib
import inspect
import re
import runpy
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
PAGES = [page for page in sorted(DOCS.rglob("*.md")) if not {"made", "_build"} & set(page.parts)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_sessions_print_what_they_show(page):
    text = page.read_text(encoding="utf-8")
    sessions = "\n".join(re.findall(r"^```python\n(>>> .*?)^```$", text, re.MULTILINE | re.DOTALL))
    test = doctest.DocTestParser().get_doctest(sessions, {}, page.name, str(page), 0)
    assert len(test.examples) == text.count(">>> ")
    printed = []
    doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test, out=printed.append)
    assert not printed, "".join(printed)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_links_lead_to_files(page):
    prose = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in set(re.findall(r"\]\((?!http)([^)#]+)\)", prose)):
        assert (page.parent / target).exists(), target


def test_the_picture_of_the_architecture_shows_what_is_there():
    script = runpy.run_path(str(DOCS / "architecture.py"))
    assert script["picture"]().pipe("svg").count(b"<text") > 8
    for what, definition, file, _ in [box for pair in script["PAIRS"] for box in pair]:
        source = (DOCS.parent / "autograd" / file).read_text(encoding="utf-8")
        assert re.search(rf"(def|class) {definition}\b", source), what
        assert file.encode() in (DOCS / "img/architecture.svg").read_bytes()


PUBLIC = ["autograd", "autograd.transforms", "autograd.check", "nn", "nn.functional", "nn.init", "nn.data"]
PUBLIC += ["nn.optim", "nn.optim.lr_scheduler", "nn.plots"]
SHOWN_ELSEWHERE = {  # reports are shown by the functions that make them; base classes are for subclasses
    *("GradcheckReport", "DerivationReport", "Line", "Optimizer", "LRScheduler", "load_checkpoint"),
    "own_recording",
}


@pytest.mark.parametrize("package", PUBLIC)
def test_public_docstrings_have_a_session(package):
    module = importlib.import_module(package)
    found = {name: getattr(module, name) for name in module.__all__}
    without = {
        name
        for name, value in found.items()
        if not inspect.ismodule(value) and ">>>" not in (value.__doc__ or "")
    }
    assert without <= SHOWN_ELSEWHERE
