"""The errors that `nn` adds to `autograd.errors`."""

from typing import Any

from autograd.errors import AutogradError

__all__ = ["ArgumentError", "FormatError", "StateError", "TrainingError"]


class ArgumentError(AutogradError, ValueError):
    """An argument with a value that makes no sense: a probability above 1, a negative learning rate."""


class StateError(AutogradError, ValueError):
    """A state that does not fit the object it is loaded into, such as the state of another network."""


class FormatError(AutogradError, ValueError):
    """A file that is not in the expected format: empty, cut off, or of another kind."""


class TrainingError(AutogradError, FloatingPointError):
    """A loss or gradient that is not finite.  `history` has the epochs before it."""

    history: Any = None


ZERO_GRAD_OF_PYTORCH = {"set_to_none": "gradients are always set to None: leave it out"}

ONE_WAY = "a step is computed in one way only: leave it out"
OPTIMIZERS_OF_PYTORCH = {
    **dict.fromkeys(("foreach", "fused", "capturable"), ONE_WAY),
    "differentiable": "a step is not recorded: write p = p - lr * g with backward(create_graph=True)",
    "maximize": "minimize the negative, (-objective).backward()",
    "decoupled_weight_decay": "AdamW has it",
}
