"""The one error that `nn` adds to `autograd.errors`."""

from autograd.errors import AutogradError

__all__ = ["ArgumentError"]


class ArgumentError(AutogradError, ValueError):
    """An argument with a value that cannot be meant: a probability above 1, a negative learning rate."""
