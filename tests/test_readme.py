"""The README keeps its promises: its sessions run, its links lead somewhere, its commands are there."""

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_its_sessions_print_what_they_show():
    sessions = "\n".join(re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL))
    test = doctest.DocTestParser().get_doctest(sessions, {}, "README.md", "README.md", 0)
    assert len(test.examples) > 20
    printed = []
    doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test, out=printed.append)
    assert not printed, "".join(printed)


def test_it_opens_with_one_sentence_then_a_session_of_six_lines():
    title, sentence, session = README.split("\n\n")[:3]
    assert title.startswith("# ")
    assert sentence.count(".") == 1
    assert session.count(">>>") == 6


def test_its_two_commands_are_lines_of_their_own():
    commands = re.findall(r"^pip install.*$", README, re.MULTILINE)
    assert commands == [
        "pip install . && python examples/01_xor.py",
        "pip install '.[test]' && python -m pytest",
    ]


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\((?!http)([^)#]+)\)", README))))
def test_its_links_lead_to_files(target):
    assert (ROOT / target).exists()
