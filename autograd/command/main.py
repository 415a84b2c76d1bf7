"""The arguments of the command `chainrule`, and its exit code."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import autograd

from ..errors import AutogradError
from .files import CallError, seeded
from .subcommands import NOT_TAKEN, RIGHT, check, derive, draw, explore

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
    """The exit code, after doing what the arguments say.  An error is told on stderr."""
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
    """The parser of all arguments; `do` of what it returns is the function of the subcommand."""
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
    """Add the options of `check`: how its verdicts are printed, and what the loss is."""
    one.add_argument(
        "--format", choices=("text", "json", "github"), default="text", help="of what is printed"
    )
    one.add_argument(
        "--hint",
        type=int,
        choices=(1, 2, 3),
        default=0,
        help="1 the rules, 2 the shapes and the kind, 3 the formula",
    )
    one.add_argument(
        "--loss", metavar="EXPR", help="the loss, of what forward returns or of a loop's variables"
    )
    one.add_argument("--skip-others", action="store_true", help="pass over files with nothing to check")


def draw_options(one: argparse.ArgumentParser) -> None:
    """Add the options of `draw`: the file of the picture, and what it shows."""
    one.add_argument("-o", "--output", type=Path, help="the picture (FILE.FUNCTION.svg)")
    wrt_option(one)
    one.add_argument("--values", action="store_true", help="show the numbers")
    one.add_argument("--gradients", action="store_true", help="show the derivatives")
    one.add_argument("--backward", action="store_true", help="draw the backward pass too")


def explore_options(one: argparse.ArgumentParser) -> None:
    """Add the options of `explore`: the file of the page, and whose gradients it shows."""
    one.add_argument("-o", "--output", type=Path, help="the page (FILE.FUNCTION.html)")
    wrt_option(one)


def derive_options(one: argparse.ArgumentParser) -> None:
    """Add the options of `derive`: whose gradients are derived, and in which form they are printed."""
    wrt_option(one)
    one.add_argument("-o", "--output", type=Path, help="a file to write it to")
    form = one.add_mutually_exclusive_group()
    form.add_argument("--latex", action="store_true", help="as equations")
    form.add_argument("--steps", action="store_true", help="each line with where it comes from")
    form.add_argument("--html", action="store_true", help="all of it, as a page")


def wrt_option(one: argparse.ArgumentParser) -> None:
    """Add `--wrt`, which three subcommands have."""
    one.add_argument(
        "--wrt", type=lambda text: text.split(","), metavar="W1,b1", help="gradients of these only"
    )


OPTIONS = {"check": check_options, "draw": draw_options, "explore": explore_options, "derive": derive_options}
