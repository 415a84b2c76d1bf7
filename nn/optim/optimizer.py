"""The shared part of all optimizers: groups of parameters with their options, and a state for each parameter.

An optimizer is defined by one function, `update`.  It returns the direction in which a parameter moves,
given its values, its gradient, and the state that it keeps from step to step.
"""

from __future__ import annotations

import copy
from inspect import signature
from typing import Any, ClassVar, Never, Self

from autograd import Tensor, no_grad
from autograd.errors import unexpected

from ..errors import OPTIMIZERS_OF_PYTORCH, ZERO_GRAD_OF_PYTORCH, ArgumentError
from .groups import Group, State, array, fitting, groups_of, trainable

__all__ = ["Optimizer"]


class Optimizer:
    """An object that moves parameters along their gradients.  Subclasses have options, and an `update`.

    params: leaf tensors, such as `model.parameters()`, or several groups of them with options of
    their own: `[{"params": encoder.parameters(), "lr": 0.01}, {"params": head.parameters()}]`

    param_groups: the groups.  `group["lr"] = 0.1` changes an option between steps, and `optimizer.lr = 0.1`
    changes the rate of all groups.  state: the state of each parameter.

    fixed: options that only PyTorch's optimizers have, with the one value that they can have here.

    Raises ArgumentError if there are no parameters, if one is given twice or is not a leaf that requires a
    gradient, and for an option that does not exist or cannot have such a value.
    """

    fixed: ClassVar = {"maximize": False, "decoupled_weight_decay": False}

    def __new__(cls, *params: Any, **options: Any) -> Self:
        """A new optimizer.  Raises TypeError for an option that only PyTorch's have, with what to write."""
        foreign = [
            n for n in options if n in OPTIMIZERS_OF_PYTORCH and n not in signature(cls.__init__).parameters
        ]
        if foreign:
            raise unexpected(cls.__name__, foreign, OPTIMIZERS_OF_PYTORCH)
        return super().__new__(cls)

    def __init__(self, params: Any, **defaults: Any) -> None:
        self.defaults = defaults
        self.parameters: list[Tensor] = []
        self.param_groups: list[Group] = []
        self.state: dict[Tensor, State] = {}
        for group in groups_of(params):
            self.add_param_group(group)

    @staticmethod
    def update(p: Any, g: Any, state: State, *options: Any) -> Any:
        """The u in p <- p - lr * u, for the array `p` with gradient `g`.

        state: the state of `p`, initially empty, to be changed in place.  options: the options of the
        group except lr, in the order in which the optimizer declares them.
        """
        raise TypeError("an optimizer defines `update(p, g, state, *options)`")

    @staticmethod
    def plain(*options: Any) -> bool:
        """Whether `update` would return g with these options, so that a step need not call it."""
        return False

    def add_param_group(self, group: dict[str, Any]) -> None:
        """Optimize more parameters, `group["params"]`; missing options get their defaults.

        Raises ArgumentError as the constructor does, and changes nothing.
        """
        if unknown := group.keys() - self.defaults.keys() - {"params"}:
            advice = OPTIMIZERS_OF_PYTORCH.get(min(unknown), f"it has {', '.join(self.defaults)}")
            raise ArgumentError(f"{type(self).__name__} has no option {min(unknown)!r}: {advice}")
        params = trainable(group.get("params"), self.parameters)
        options = {name: group.get(name, default) for name, default in self.defaults.items()}
        added = Group(params, options, {p: {} for p in params}, self.plain)
        self.parameters += params
        self.param_groups.append(added)
        self.state.update(added.states)

    @property
    def lr(self) -> float:
        """The learning rate of all groups; raises ArgumentError if they differ."""
        rates = {group["lr"] for group in self.param_groups}
        if len(rates) > 1:
            raise ArgumentError(
                f"the groups have learning rates of their own, {sorted(rates)}: "
                'read them from optimizer.param_groups[i]["lr"]'
            )
        return float(rates.pop())

    @lr.setter
    def lr(self, value: float) -> None:
        for group in self.param_groups:
            group["lr"] = value

    def step(self, closure: None = None) -> None:
        """Move every parameter that has a gradient, in place.

        Graphs recorded before the step are then out of date: their backward() raises GradientError.

        Raises TypeError for a closure, which PyTorch's optimizers call to compute the loss.
        """
        if closure is not None:
            raise TypeError(
                "step() takes no closure: compute the loss and call loss.backward() before it; for methods "
                "that compute it several times in a step, give scipy.optimize.minimize value_and_grad(f)"
            )
        with no_grad():
            for group in self.param_groups:
                for p, lr in group.descending:
                    g = p.grad
                    if g is not None:
                        p -= lr * g
                for p, lr, state, options in group.slots:
                    g = p.grad
                    if g is not None:
                        p -= lr * self.update(p.data, array(g), state, *options)

    def zero_grad(self, **others: Never) -> None:
        """Reset the gradient of every parameter to None."""
        if others:
            raise unexpected("zero_grad", others, ZERO_GRAD_OF_PYTORCH)
        for p in self.parameters:
            p.grad = None

    def state_dict(self) -> dict[str, Any]:
        """A copy of the options and states, in PyTorch's arrangement.

        {"state": {0: {"momentum_buffer": array, …}, …}, "param_groups": [{"lr": …, "params": [0, …]}, …]},
        where parameters are numbered in the order of the groups.
        """
        numbers = {p: i for i, p in enumerate(self.parameters)}
        state = {numbers[p]: copy.deepcopy(remembered) for p, remembered in self.state.items() if remembered}
        groups = [{**group, "params": [numbers[p] for p in group["params"]]} for group in self.param_groups]
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over the options and states of another optimizer of the same kind, PyTorch's too.

        What such a state says of how PyTorch computes, as foreach and fused, is left out: it has no part in
        the numbers.

        Raises ArgumentError if its groups have other sizes or options, or if it has a state for a parameter
        that does not exist or has another shape; nothing is then changed.
        """
        if missing := {"state", "param_groups"} - set(state_dict):
            raise ArgumentError(
                f"the state of an optimizer needs {min(missing)!r}, and this one has {list(state_dict)}"
            )
        groups = state_dict["param_groups"]
        sizes, own = ([len(group["params"]) for group in g] for g in (groups, self.param_groups))
        if sizes != own:
            raise ArgumentError(
                f"the state has groups of {sizes} parameters, and this {type(self).__name__} has "
                f"groups of {own}"
            )
        numbers = {number for group in groups for number in group["params"]}
        if unknown := state_dict["state"].keys() - numbers:
            raise ArgumentError(f"the state has a parameter {min(unknown)}, which is in none of its groups")
        loaded = [
            self.restored(old["params"], new, state_dict["state"])
            for old, new in zip(self.param_groups, groups, strict=True)
        ]
        for group, new in zip(self.param_groups, loaded, strict=True):
            group.become(new)
            self.state.update(new.states)

    def restored(self, params: list[Tensor], group: dict[str, Any], state: dict[int, State]) -> Group:
        """A group for `params` with the options and states in `group` and `state`, which are checked."""
        for name, value in self.fixed.items():
            if group.get(name, value) != value:
                raise ArgumentError(
                    f"the state has {name}={group[name]}, and {type(self).__name__} has it not"
                )
        expected, found = (
            self.defaults.keys(),
            group.keys() - {"params", "initial_lr"} - UNUSED - self.fixed.keys(),
        )
        if expected != found:
            raise ArgumentError(
                f"the state has options {sorted(found)}, and {type(self).__name__} has {sorted(expected)}"
            )
        numbered = zip(params, group["params"], strict=True)
        new = Group(
            params,
            {name: group[name] for name in self.defaults},
            {p: fitting(p, i, state.get(i, {})) for p, i in numbered},
            self.plain,
        )
        if "initial_lr" in group:
            new["initial_lr"] = group["initial_lr"]
        return new

    def __repr__(self) -> str:
        options = f" in {len(self.param_groups)} groups"
        if len(self.param_groups) == 1:
            used = {name: self.param_groups[0][name] for name in self.defaults}
            options = "".join(f", {name}={value}" for name, value in used.items() if value or name == "lr")
        return f"{type(self).__name__}({len(self.parameters)} parameters{options})"


UNUSED = {"foreach", "fused", "capturable", "differentiable", "param_names"}  # no part of the numbers
