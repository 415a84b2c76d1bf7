"""What the subcommands of `chainrule` do: each is a function of the options that returns the exit code."""

from __future__ import annotations

import argparse
import traceback
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DerivationError
from .files import CallError, Values, computed, drawn, loaded, parsed, remedy_of, seeded
from .find import functions_in

RIGHT, WRONG, NOT_TAKEN = 0, 1, 2  # exit codes


def check(options: argparse.Namespace) -> int:
    """Judge what is in the files, and print it."""
    from . import formats
    from .judge import verdicts_or_refusal

    given, found = given_values(options), []
    for file in options.files:
        path, name = split(file)
        with seeded(options.seed):  # so that what is said of a file depends on no file before it
            for verdict in verdicts_or_refusal(path, name, given, options.loss, skip=options.skip_others):
                found.append(verdict)
                if options.format == "text":
                    print(*formats.text([verdict], options.hint), sep="\n", flush=True)
    if options.format == "json":
        print(formats.as_json(found))
    elif options.format == "github":
        print(*formats.github(found), sep="\n")
    elif len(found) > 1:
        print(formats.summary(found))
    statuses = {verdict.status for verdict in found}
    return WRONG if "wrong" in statuses else NOT_TAKEN if "not judged" in statuses else RIGHT


def draw(options: argparse.Namespace) -> int:
    """Write the picture."""
    from ..show import draw as drawn_to
    from .show import run

    path, name, function, inputs = called_in(options)
    output, names = run_or_refuse(run, function, inputs, options.wrt, path)
    target = options.output or Path(f"{path.stem}.{name}.svg")
    drawn_to(
        output,
        target,
        names=names,
        values=options.values,
        gradients=options.gradients,
        backward=options.backward,
    )
    print(target)
    return RIGHT


def explore(options: argparse.Namespace) -> int:
    """Write the page, with the verdicts on the backward pass, if there is one."""
    from ..show import explore as explored_to
    from .judge import verdicts
    from .show import run

    path, name, function, inputs = called_in(options)
    output, names = run_or_refuse(run, function, inputs, options.wrt, path)
    judged = [v for v in verdicts(path, name, given_values(options), None, skip=True) if v.target.backward]
    report = judged[0].report if judged else None
    target = options.output or Path(f"{path.stem}.{name}.html")
    if not any(value is output for value in names.values()):
        names[name] = output
    explored_to(output, target, names=names, report=report)
    print(target)
    return RIGHT


def derive(options: argparse.Namespace) -> int:
    """Print the derivation, or write it to a file in the form that the options say."""
    try:
        from ..derived.deriving import derive as derived
    except ImportError as error:  # SymPy is an extra
        raise CallError(str(error)) from None
    path, _, function, inputs = called_in(options)
    found = run_or_refuse(derived, function, inputs, options.wrt, path)
    if options.latex:
        said = found.latex
    elif options.steps:
        said = "\n\n".join(map(str, found.steps))
    else:
        said = html_of(found) if options.html else str(found)
    if options.output:
        options.output.write_text(said + "\n", encoding="utf-8")
        print(options.output)
    else:
        print(said)
    return RIGHT


def html_of(found: Any) -> str:
    """The page of a derivation.  Raises CallError without the library that typesets formulas."""
    try:
        return str(found.html())
    except ImportError as error:  # latex2mathml belongs to the extra too
        raise CallError(str(error)) from None


def called_in(options: argparse.Namespace) -> tuple[Path, str, Any, dict[str, Any]]:
    """The file, and the name, function and inputs that a subcommand is about."""
    path, name = split(options.file)
    there = [n for n in functions_in(parsed(path)) if n.isidentifier()]
    if not name:
        example = "forward" if "forward" in there or not there else there[0]
        raise CallError(
            f"{options.file} names no function: write {options.file}:FUNCTION, such as {path}:{example}"
        )
    values = Values(loaded(path), given_values(options))
    owner = name.partition(".")[0]
    function = values.function(name, owner)
    return path, name, function, values.fitting([function], owner)


def run_or_refuse(run: Any, function: Any, inputs: dict[str, Any], wrt: list[str] | None, path: Path) -> Any:
    """What a function of the user's gives.  Raises CallError for an error in it, with its line."""
    try:
        return run(function, inputs, wrt)
    except (CallError, DerivationError):
        raise
    except Exception as error:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path.resolve())]
        where = f" in line {frames[-1].lineno}, {frames[-1].line}" if frames else ""
        remedy = remedy_of(inputs, path)
        raise CallError(
            f"{function.__name__} raised{where}: {type(error).__name__}: {error}{remedy}"
        ) from error


def given_values(options: argparse.Namespace) -> dict[str, Any]:
    """The inputs that the command line gives."""
    rng = np.random.default_rng(options.seed)
    return dict([*(drawn(text, rng) for text in options.shape), *(computed(text) for text in options.set)])


def split(file: str) -> tuple[Path, str]:
    """The two parts of `net.py:forward`: the path, and the name, which may be empty.

    >>> split("net.py:Net.loss")[1], split("net.py")[1]
    ('Net.loss', '')
    """
    path, colon, name = file.rpartition(":")
    is_name = colon and all(part.isidentifier() for part in name.split("."))
    return (Path(path), name) if is_name else (Path(file), "")
