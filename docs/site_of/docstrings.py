"""Docstrings of this project as reStructuredText: prose in which `code` is marked, and columns of names."""

import re
from itertools import groupby

ENTRY = re.compile(r"^(\*{0,2}[\w.]*\w(?:, \*{0,2}[\w.]*\w)*) {2,}(\S.*)$")
CODE = re.compile(r"(``?[^`]+``?)")


def rewrite(app, what, name, value, options, lines):
    """Write the lines of a docstring anew, in place."""
    lines[:] = [line for block in blocks(lines) for line in (block if is_session(block) else prose(block))]


def blocks(lines):
    """The paragraphs, each with the empty line behind it."""
    block = []
    for line in lines:
        block.append(line)
        if not line.strip():
            yield block
            block = []
    yield [*block, ""]


def is_session(block):
    return any(line.lstrip().startswith((">>>", "..")) for line in block)


def prose(block):
    """A paragraph: lists of names as definitions, drawings as they are, the rest as text."""
    if any("├" in line for line in block):
        return ["::", "", *(f"    {line}" for line in block)]
    if not any(ENTRY.match(line) for line in block):
        return [
            line
            for shown, run in groupby(block, indented)
            for line in (literal(run) if shown else map(escaped, run))
        ]
    found = []
    for line in block:
        entry = ENTRY.match(line)
        if entry:
            found += [f"``{entry[1]}``", f"    {escaped(entry[2])}"]
        else:
            found.append(f"    {escaped(line.strip())}" if line.startswith(" ") else escaped(line))
    return found


def indented(line):
    return line.startswith("  ")


def literal(run):
    """Formulas on lines of their own, as they are."""
    return ["", "::", "", *run, ""]


def escaped(text):
    """Text in which only what stands in backquotes has a meaning."""
    parts = CODE.split(text)
    plain = "".join(p if i % 2 else re.sub(r"([\\*|_])", r"\\\1", p) for i, p in enumerate(parts))
    return re.sub(r"^([-+]) ", r"\\\1 ", plain)
