"""The command `chainrule`: checks, draws and derives what is in a file, without a line added to it.

main         the arguments; read it first
subcommands  what each subcommand does
files        a file, run as a module of its own, and the values for the arguments of its functions
find         the forward and backward passes in a file, by their names
judge        the verdict on each of them
formats      the verdicts as text, as JSON, and as annotations of GitHub
show         a function of a file, run on Tensors, for pictures and pages
"""

from .main import main

__all__ = ["main"]
