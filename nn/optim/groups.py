"""Groups of parameters that share their options, and the checks of parameters and options."""

from __future__ import annotations

import math
from collections import UserDict
from collections.abc import Callable, Iterable
from numbers import Real
from typing import Any

import numpy as np

from autograd import Tensor

from ..errors import ArgumentError

State = dict[str, Any]

# The range of each option that is a number: at least the first, and less than the second.
RANGES = {
    "lr": (0, math.inf),
    "initial_lr": (0, math.inf),
    "momentum": (0, math.inf),
    "dampening": (-math.inf, math.inf),
    "weight_decay": (0, math.inf),
    "eps": (0, math.inf),
    "lr_decay": (0, math.inf),
    "initial_accumulator_value": (0, math.inf),
    "alpha": (0, 1),
    "betas": (0, 1),
}


class Group(UserDict[str, Any]):
    """The parameters, `group["params"]`, and the options that they share.

    Raises ArgumentError if an option that does not exist is set, or one to a value that it cannot have.
    """

    def __init__(
        self,
        params: list[Tensor],
        options: dict[str, Any],
        states: dict[Tensor, State],
        plain: Callable[..., bool],
    ) -> None:
        self.states, self.plain = states, plain
        self.names = tuple(options)
        self.rates: dict[np.dtype[Any], Any] = {}
        self.data = {"params": params} | {name: checked(name, value) for name, value in options.items()}
        self.arrange()

    def arrange(self) -> None:
        """Lay out what a step needs for each parameter: the parameter, its rate, its state, other options.

        If the parameter moves along the gradient itself, only the first two are needed: `descending`.
        The learning rate is an array, because multiplying by an array takes two thirds of the time of
        multiplying by a float.  It has the parameter's dtype: float64 would promote a float32 gradient.
        A new rate is written into it, so that whoever has the array, as a compiled step has, has the rate.
        """
        lr, *others = (self.data[name] for name in self.names)
        for dtype in {p.dtype for p in self.data["params"]}:
            self.rates.setdefault(dtype, np.empty((), dtype))[...] = lr
        rates = [(p, self.rates[p.dtype]) for p in self.data["params"]]
        plain = self.plain(*others)
        self.descending = rates if plain else []
        self.slots = [] if plain else [(p, rate, self.states[p], others) for p, rate in rates]

    def __setitem__(self, name: str, value: Any) -> None:
        """Set an option, which is checked first; the next step uses it."""
        if name not in self.names and name != "initial_lr":
            raise ArgumentError(f"a group has no option {name!r}: it has {', '.join(self.names)}")
        self.data[name] = checked(name, value)
        if name == "lr":
            for rate in self.rates.values():
                rate[...] = self.data[name]
        elif name in self.names:
            self.arrange()

    def become(self, other: Group) -> None:
        """Take over the options and states of another group of the same parameters."""
        self.states, self.data = other.states, other.data
        self.arrange()


def checked(name: str, value: Any) -> Any:
    """The value of an option as a plain Python number, checked to be allowed."""
    if name == "betas":
        if not isinstance(value, list | tuple) or len(value) != 2:
            raise ArgumentError(f"betas must be two numbers, not {value!r}")
        return tuple(number(name, beta) for beta in value)
    if name in RANGES:
        return number(name, value)
    if not isinstance(value, bool | np.bool):
        raise ArgumentError(f"{name} must be True or False, not {value!r}")
    return bool(value)


def number(name: str, value: Any) -> float:
    """An option as a float.  Raises ArgumentError if it is outside of its range, or no number."""
    low, high = RANGES[name]
    if not isinstance(value, Real) or not low <= float(value) < high or value == -math.inf:
        limits = f", at least {low}" * (low == 0) + f" and less than {high}" * (high == 1)
        raise ArgumentError(f"{name} must be a finite number{limits}, not {value!r}")
    return float(value)


def groups_of(params: Any) -> list[dict[str, Any]]:
    """`params` as a list of groups: it may be one group of tensors, or a list of dicts already."""
    if isinstance(params, Tensor) or not isinstance(params, Iterable):
        raise ArgumentError(
            f"an optimizer takes an iterable of tensors, such as model.parameters(), "
            f"not one {type(params).__name__}"
        )
    found = list(params)
    return found if found and all(isinstance(group, dict) for group in found) else [{"params": found}]


def trainable(params: Any, others: list[Tensor]) -> list[Tensor]:
    """`params` as a list, checked to be distinct leaves that require a gradient and are not in `others`."""
    found = [params] if isinstance(params, Tensor) else list(params or ())
    if not found:
        raise ArgumentError(
            "an optimizer needs parameters, and got none: was a used-up generator passed to it?"
        )
    seen = set(others)
    for i, p in enumerate(found):
        if not isinstance(p, Tensor):
            raise ArgumentError(
                f"parameter {i} is a {type(p).__name__}, not a Tensor: pass model.parameters()"
            )
        if not p.is_leaf:
            raise ArgumentError(
                f"parameter {i}, of shape {p.shape}, is not a leaf that requires a gradient, "
                f"so backward() gives it none: make it one with Parameter(data)"
            )
        if p in seen:
            raise ArgumentError(
                f"parameter {i}, of shape {p.shape}, is given twice, and would move twice in a step"
            )
        seen.add(p)
    return found


def fitting(p: Tensor, number: int, state: State) -> State:
    """A copy of a parameter's state, in its dtype; its arrays must have the parameter's shape."""
    for name, value in state.items():
        if np.ndim(value) and np.shape(value) != p.shape:
            raise ArgumentError(
                f"the {name} of parameter {number} has shape {np.shape(value)}, and the parameter {p.shape}"
            )
    return {name: restored(name, value, p.dtype) for name, value in state.items()}


def restored(name: str, value: Any, dtype: Any) -> Any:
    """A copy of one value of a state: an array in the parameter's dtype, or a Python number for the step.

    In PyTorch's states both are its tensors.  As a float32, the step would round the powers of betas.
    """
    if not hasattr(value, "__array__"):
        return value
    return np.asarray(value).item() if name == "step" else np.array(value, dtype)


def array(gradient: Any) -> Any:
    """The array of a gradient, which is a Tensor after `backward(create_graph=True)`."""
    return gradient.data if isinstance(gradient, Tensor) else gradient
