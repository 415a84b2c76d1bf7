"""Checks of gradients: of the engine's own, of hand-written ones, and of whole derivations, line by line.

>>> import numpy as np
>>> from autograd import check
>>> bool(check.gradcheck(np.sin, np.array([0.1, 0.2])))
True
"""

from .gradients import GradcheckReport, gradcheck, gradient
from .hand import DerivationReport, Line, derivation, derivation_of, script, training_step

__all__ = [
    "DerivationReport",
    "GradcheckReport",
    "Line",
    "derivation",
    "derivation_of",
    "gradcheck",
    "gradient",
    "script",
    "training_step",
]
