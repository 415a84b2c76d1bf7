"""The errors that `nn` adds to `autograd.errors`."""

from typing import Any

from autograd.errors import AutogradError

__all__ = ["ArgumentError", "FormatError", "StateError", "TrainingError"]


class ArgumentError(AutogradError, ValueError):
    """An argument with a value that cannot be meant: a probability above 1, a negative learning rate."""


class StateError(AutogradError, ValueError):
    """A state, such as that of another network, that does not fit the module it is to be loaded into."""


class FormatError(AutogradError, ValueError):
    """A file that is not what it should be: empty, cut off, or of another kind."""


class TrainingError(AutogradError, FloatingPointError):
    """A loss that is not a finite number.  `history` is that of the epochs before."""

    history: Any = None
