"""The command `chainrule`: checks, draws and derives what is in a file, without a line added to it.

main       the arguments, and what each subcommand does; read it first
files      a file, run as a module of its own, and the values for the arguments of its functions
find       the forward and backward passes in a file, by their names
judge      the verdict on each of them
formats    the verdicts as text, as JSON, and as annotations of GitHub
"""

from .main import main

__all__ = ["main"]
