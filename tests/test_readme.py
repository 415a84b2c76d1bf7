"""The README keeps its promises: its sessions run, its links lead somewhere, its commands exist."""

import ast
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
        "pip install '.[pictures]' && python examples/01_xor.py",
        "pip install '.[test]' && python -m pytest",
    ]


def tables_of_the_source():
    """The files in each table of the section on reading the source, in order."""
    section = README.partition("## Reading the source")[2].partition("\n## ")[0]
    return [re.findall(r"^\| \[([\w/.]+)\]", table, re.MULTILINE) for table in section.split("| | |")[1:]]


def test_the_reading_path_needs_nothing_that_is_not_on_it():
    path, beside, _ = tables_of_the_source()
    listed = {*path, *beside}
    for file in listed:
        package = Path(file).parent
        for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level:
                there = package if node.level == 1 else package.parent
                assert f"{there}/{node.module}.py" in listed, f"{file} imports {node.module}"


def test_the_reading_path_is_read_in_one_sitting():
    path, _, _ = tables_of_the_source()
    lines = [line for file in path for line in (ROOT / file).read_text(encoding="utf-8").splitlines()]
    assert len([line for line in lines if line.strip()]) < 1250


def test_its_tables_hold_every_file_of_the_core():
    entrances = {"autograd/__init__.py", "autograd/__main__.py"}
    core = {f"autograd/{p.name}" for p in (ROOT / "autograd").glob("*.py")} - entrances
    assert core <= {file for table in tables_of_the_source() for file in table}


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\((?!http)([^)#]+)\)", README))))
def test_its_links_lead_to_files(target):
    assert (ROOT / target).exists()
