"""The arguments of the command `chainrule`, and what its subcommands do."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import autograd

from ..errors import AutogradError, DerivationError
from .files import CallError, Values, computed, drawn, loaded, parsed, remedy_of, seeded

RIGHT, WRONG, NOT_TAKEN = 0, 1, 2  # what the command exits with

ABOUT = """\
Look at the gradients in a file of plain NumPy, without a line added to it.

  chainrule check net.py                       is the backward pass right, and if not, which line is wrong?
  chainrule derive net.py:forward              the right backward pass, written out
  chainrule draw net.py:forward                a picture of the computation
  chainrule explore net.py:forward             a page that steps through it, forward and backward

`chainrule SUBCOMMAND --help` has more examples.
"""
INPUTS = """\
where the inputs come from, the first that has a name:
  --set reg=0.1 --set "y=np.eye(3)"     an expression of Python's, with np in it
  --shape X=4,2 --shape y=4:3           normal random numbers; integers below 3; `--shape b=` is one number
  def affine_inputs(): return {...}     in the file, for affine_forward; for a class Dense, dense_inputs
  def inputs(): return {"X": X, ...}    in the file, for all in it
  X = ...                               variables of the file
"""
CHECK = f"""\
Check the backward passes in files. Found are, by their names:

  forward and backward            with the loss in forward, or in a function such as compute_cost
  affine_forward, affine_backward pairs with an upstream gradient, which is drawn, and a cache
  class Dense                     with both methods, or with a loss that returns its gradients
  svm_loss                        a loss that returns its gradients behind it
  train, fit                      functions that train, if there is none of these; or the script itself

examples:
  chainrule check net.py
  chainrule check net.py:affine --shape x=5,3 --shape w=3,2 --shape b=2
  chainrule check net.py --hint 3
  chainrule check homework/*.py --format json
  chainrule check train.py --loss "np.mean((out - y)**2)"

{INPUTS}
exit code: 0 if all is right, 1 if something is wrong, 2 if something could not be judged or read.
"""
DRAW = f"""\
Draw how a function of a file computes what it returns, as .svg, .png, .pdf or .dot.

examples:
  chainrule draw net.py:forward
  chainrule draw net.py:Net.loss -o loss.pdf --values --gradients --wrt W1,b1

{INPUTS}"""
EXPLORE = f"""\
Write a page that steps through the computation of a function, forward and backward. It works offline.
If there is a backward pass for the function in the file, the page shows the verdicts on its lines.

examples:
  chainrule explore net.py:forward
  chainrule explore net.py:forward -o lecture.html --shape X=4,2

{INPUTS}"""
DERIVE = f"""\
Print the backward pass of a function that returns the loss, as NumPy source in its own names.
This takes the extra `derive`, which brings SymPy: pip install '.[derive]'

examples:
  chainrule derive net.py:forward --wrt W1,b1,W2,b2
  chainrule derive net.py:loss --latex
  chainrule derive net.py:loss --html -o derivation.html

{INPUTS}"""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code, after doing what the arguments say.  A call that can't be taken is told on stderr."""
    options = parser().parse_args(arguments)
    try:
        with seeded(options.seed):
            return int(options.do(options))
    except CallError as error:
        print(f"chainrule {options.command}: {error}", file=sys.stderr)
    except AutogradError as error:
        print(f"chainrule {options.command}: {type(error).__name__}: {error}", file=sys.stderr)
    except BrokenPipeError:  # `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return RIGHT
    return NOT_TAKEN


def parser() -> argparse.ArgumentParser:
    """All arguments."""
    kind: Any = argparse.RawDescriptionHelpFormatter
    top = argparse.ArgumentParser("chainrule", description=ABOUT, formatter_class=kind)
    top.add_argument("--version", action="version", version=f"chainrule {autograd.__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="SUBCOMMAND")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--shape", action="append", default=[], metavar="NAME=4,2", help="draw an input")
    common.add_argument("--set", action="append", default=[], metavar="NAME=EXPR", help="compute an input")
    common.add_argument("--seed", type=seed, default=0, help="of all draws, in the file too (0)")
    for name, do, about, takes, short in (
        ("check", check, CHECK, "FILE[:NAME]", "say which backward passes are right"),
        ("draw", draw, DRAW, "FILE:FUNCTION", "draw a computation"),
        ("explore", explore, EXPLORE, "FILE:FUNCTION", "write a page that steps through a computation"),
        ("derive", derive, DERIVE, "FILE:FUNCTION", "write the right backward pass"),
    ):
        one = commands.add_parser(name, parents=[common], description=about, formatter_class=kind, help=short)
        one.set_defaults(do=do)
        one.add_argument(
            "files" if name == "check" else "file", metavar=takes, nargs="+" if name == "check" else None
        )
        OPTIONS[name](one)
    return top


def seed(text: str) -> int:
    """A seed, as NumPy takes it.

    >>> seed("7")
    7
    """
    number = int(text) if text.isdecimal() else -1
    if not 0 <= number < 2**32:
        raise argparse.ArgumentTypeError(f"{text} is no whole number from 0 to {2**32 - 1}")
    return number


def check_options(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--format", choices=("text", "json", "github"), default="text", help="of what is printed"
    )
    one.add_argument(
        "--hint", type=int, choices=(1, 2, 3), default=0, help="1 the rules, 2 the shapes, 3 the formula"
    )
    one.add_argument(
        "--loss", metavar="EXPR", help="the loss, of what forward returns or of a loop's variables"
    )
    one.add_argument("--skip-others", action="store_true", help="pass over files with nothing to check")


def draw_options(one: argparse.ArgumentParser) -> None:
    one.add_argument("-o", "--output", type=Path, help="the picture (FUNCTION.svg)")
    wrt_option(one)
    one.add_argument("--values", action="store_true", help="show the numbers")
    one.add_argument("--gradients", action="store_true", help="show the derivatives")
    one.add_argument("--backward", action="store_true", help="draw the backward pass too")


def explore_options(one: argparse.ArgumentParser) -> None:
    one.add_argument("-o", "--output", type=Path, help="the page (FUNCTION.html)")
    wrt_option(one)


def derive_options(one: argparse.ArgumentParser) -> None:
    wrt_option(one)
    one.add_argument("-o", "--output", type=Path, help="a file to write it to")
    form = one.add_mutually_exclusive_group()
    form.add_argument("--latex", action="store_true", help="as equations")
    form.add_argument("--steps", action="store_true", help="each line with where it comes from")
    form.add_argument("--html", action="store_true", help="all of it, as a page")


def wrt_option(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--wrt", type=lambda text: text.split(","), metavar="W1,b1", help="gradients of these only"
    )


OPTIONS = {"check": check_options, "draw": draw_options, "explore": explore_options, "derive": derive_options}


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
    target = options.output or Path(f"{name}.svg")
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
    target = options.output or Path(f"{name}.html")
    explored_to(output, target, names=names, report=report)
    print(target)
    return RIGHT


def derive(options: argparse.Namespace) -> int:
    """Print the derivation, or write it to a file."""
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
    """The page of a derivation.  Raises CallError without the library that typesets it."""
    try:
        return str(found.html())
    except ImportError as error:  # latex2mathml is of the extra too
        raise CallError(str(error)) from None


def called_in(options: argparse.Namespace) -> tuple[Path, str, Any, dict[str, Any]]:
    """The file, and the name, function and inputs that a subcommand is about."""
    path, name = split(options.file)
    if not name:
        raise CallError(
            f"{options.file} names no function: write {options.file}:FUNCTION, such as {path}:forward"
        )
    parsed(path)
    values = Values(loaded(path), given_values(options))
    owner = name.partition(".")[0]
    function = values.function(name, owner)
    return path, name, function, values.fitting([function], owner)


def run_or_refuse(run: Any, function: Any, inputs: dict[str, Any], wrt: list[str] | None, path: Path) -> Any:
    """What a function of the user's gives; what it raises is told, with its own traceback."""
    try:
        return run(function, inputs, wrt)
    except (CallError, DerivationError):
        raise
    except Exception as error:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path.resolve())]
        where = f" in line {frames[-1].lineno}, {frames[-1].line}" if frames else ""
        remedy = remedy_of(inputs, path.name)
        raise CallError(
            f"{function.__name__} raised{where}: {type(error).__name__}: {error}{remedy}"
        ) from error


def given_values(options: argparse.Namespace) -> dict[str, Any]:
    """The inputs that the command line gives."""
    rng = np.random.default_rng(options.seed)
    return dict([*(drawn(text, rng) for text in options.shape), *(computed(text) for text in options.set)])


def split(file: str) -> tuple[Path, str]:
    """The path and the name in it: `net.py:forward`; without a name, the empty one.

    >>> split("net.py:Net.loss")[1], split("net.py")[1]
    ('Net.loss', '')
    """
    path, colon, name = file.rpartition(":")
    is_name = colon and all(part.isidentifier() for part in name.split("."))
    return (Path(path), name) if is_name else (Path(file), "")
