"""The pages in docs/ keep their promises: their sessions run, and their links lead somewhere."""

import doctest
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(DOCS.glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_sessions_print_what_they_show(page):
    text = page.read_text(encoding="utf-8")
    sessions = "\n".join(re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
    test = doctest.DocTestParser().get_doctest(sessions, {}, page.name, str(page), 0)
    assert len(test.examples) == text.count(">>> ")
    printed = []
    doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test, out=printed.append)
    assert not printed, "".join(printed)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page):
    for target in set(re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text(encoding="utf-8"))):
        assert (page.parent / target).exists(), target
