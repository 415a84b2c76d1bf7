"""Hand derivations, held line by line against the engine's gradients.

watch       running a function of the user's, line by line
forward     the forward pass, run on Tensors: which variable held what
backward    the backward pass, run on arrays: what was assigned to which gradient, where and when
matching    which gradient belongs to which value of which variable
judge       each line by itself, given the user's own gradients before it
diagnosis   what kind of mistake a wrong line makes, by its numbers
repair      and by its source, with the small changes in `edits`
formula     the right formula, in the user's own names
verdicts    all of this for every line
report      what is said of it
"""

from .derivation import derivation, derivation_of
from .report import DerivationReport, Line

__all__ = ["DerivationReport", "Line", "derivation", "derivation_of"]
