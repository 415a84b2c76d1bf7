"""Hand derivations, held against the engine's gradients.

observe    what the user's code did: a plain record of the values that it made, and the graph of forward
match      which gradient a value is, by its numbers; what the results are, and whether they are right
locate     which line is to blame for a wrong one
diagnose   what kind of mistake it makes
source     syntax trees: small changes of a line
judgement  the results at one point of the inputs, and which of them are right; beside it other points
reasons    why lines are blamed; doubts whether these are the right ones; unfinished, where one raised
verdicts   all of this at one point, and lines, which writes the verdict on each line
updates    the first updates of code that trains
report     what is said of it
"""

from .block import derivation_of
from .derivation import derivation
from .report import DerivationReport, Line
from .training import script, training_step

__all__ = ["DerivationReport", "Line", "derivation", "derivation_of", "script", "training_step"]
