"""Schedules: they change the learning rates of an optimizer from epoch to epoch.

A schedule is a formula for the rate in epoch t, given the rate with which the optimizer was created.
Creating a schedule sets the rates of epoch 0, and each `step()` sets the rates of the next epoch:

    for epoch in range(epochs):
        train(model)
        schedule.step()

The unit need not be an epoch: if `step()` is called after every batch, t counts batches.  Since every
rate comes from the formula, and not from the rate before, an optimizer can have one schedule only;
`SequentialLR` makes one schedule of several.  `ReduceLROnPlateau` is the exception: it follows the loss.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import pairwise
from operator import index
from typing import Any

from ..errors import ArgumentError
from .groups import checked
from .optimizer import Optimizer

__all__ = [
    "CosineAnnealingLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
]


class LRScheduler:
    """A schedule.  Subclasses define `rate(t, base)`: the learning rate in epoch t.

    base: the rate of a group when its first schedule was created; the group keeps it as "initial_lr".
    last_epoch: the epoch t whose rates are set.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer
        for group in optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])
        self.set_rates(0)

    def rate(self, t: int, base: float) -> float:
        """The learning rate in epoch t of a group whose initial rate is `base`."""
        raise TypeError(f"{type(self).__name__} has no formula: define `def rate(self, t, base): ...`")

    def step(self) -> None:
        """Set the learning rates of the next epoch.

        Raises ArgumentError if a rate has been changed since this schedule set it, by hand or by another
        schedule: the formula would undo the change.
        """
        for group, rate in zip(self.optimizer.param_groups, self.get_last_lr(), strict=True):
            if group["lr"] != rate:
                raise ArgumentError(
                    f"{type(self).__name__} has set a learning rate to {rate:.6g}, and now it is "
                    f"{group['lr']:.6g}: combine schedules with SequentialLR, and to change the rate by "
                    'hand, set group["initial_lr"]'
                )
        self.set_rates(self.last_epoch + 1)

    def set_rates(self, t: int) -> None:
        """Set the rates of epoch t, after all of them have been checked."""
        groups = self.optimizer.param_groups
        rates = [checked("lr", self.rate(t, group["initial_lr"])) for group in groups]
        for group, rate in zip(groups, rates, strict=True):
            group["lr"] = rate
        self.last_epoch, self.last_lr = t, rates

    def get_last_lr(self) -> list[float]:
        """The learning rate of each group, as set by this schedule."""
        return self.last_lr

    def state_dict(self) -> dict[str, Any]:
        """The state with which a schedule with the same arguments continues; the optimizer has the rates."""
        return {"last_epoch": self.last_epoch, "last_lr": list(self.last_lr)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from a state; the optimizer's state must be loaded, too.

        Raises ArgumentError if the state has the rates of another number of groups, and changes nothing.
        """
        epoch, rates = index(state_dict["last_epoch"]), [float(rate) for rate in state_dict["last_lr"]]
        if len(rates) != len(self.optimizer.param_groups):
            raise ArgumentError(
                f"the state has rates for {len(rates)} groups, and the optimizer has "
                f"{len(self.optimizer.param_groups)}"
            )
        self.last_epoch, self.last_lr = epoch, rates


class LambdaLR(LRScheduler):
    """base * f(t), for any function f of the epoch.

    >>> from autograd import Tensor
    >>> from nn.optim import SGD
    >>> optimizer = SGD([Tensor(0.0, requires_grad=True)], lr=0.5)
    >>> schedule = LambdaLR(optimizer, lambda t: 1 / (1 + t))
    >>> schedule.step()
    >>> optimizer.lr
    0.25
    """

    def __init__(self, optimizer: Optimizer, lr_lambda: Callable[[int], float]) -> None:
        self.lr_lambda = lr_lambda
        super().__init__(optimizer)

    def rate(self, t: int, base: float) -> float:
        return base * self.lr_lambda(t)


class StepLR(LRScheduler):
    """base * gamma^floor(t / step_size): multiplied by gamma every step_size epochs.

    >>> from autograd import Tensor
    >>> from nn.optim import SGD
    >>> schedule = StepLR(SGD([Tensor(0.0, requires_grad=True)], lr=0.5), step_size=2, gamma=0.5)
    >>> [schedule.rate(t, 0.5) for t in range(5)]
    [0.5, 0.5, 0.25, 0.25, 0.125]
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        self.step_size: int = at_least(1, step_size=step_size)
        self.gamma: float = at_least(0, gamma=gamma)
        super().__init__(optimizer)

    def rate(self, t: int, base: float) -> float:
        return base * self.gamma ** (t // self.step_size)


class MultiStepLR(LRScheduler):
    """base * gamma^k, where k is the number of milestones at or before t.

    >>> from autograd import Tensor
    >>> from nn.optim import SGD
    >>> schedule = MultiStepLR(SGD([Tensor(0.0, requires_grad=True)], lr=1.0), [1, 3], gamma=0.5)
    >>> [schedule.rate(t, 1.0) for t in range(5)]
    [1.0, 0.5, 0.5, 0.25, 0.25]
    """

    def __init__(self, optimizer: Optimizer, milestones: Sequence[int], gamma: float = 0.1) -> None:
        self.milestones = sorted(milestones)
        self.gamma: float = at_least(0, gamma=gamma)
        super().__init__(optimizer)

    def rate(self, t: int, base: float) -> float:
        return base * self.gamma ** bisect_right(self.milestones, t)


class ExponentialLR(LRScheduler):
    """base * gamma^t.

    >>> from autograd import Tensor
    >>> from nn.optim import SGD
    >>> schedule = ExponentialLR(SGD([Tensor(0.0, requires_grad=True)], lr=1.0), gamma=0.5)
    >>> [schedule.rate(t, 1.0) for t in range(4)]
    [1.0, 0.5, 0.25, 0.125]
    """

    def __init__(self, optimizer: Optimizer, gamma: float) -> None:
        self.gamma: float = at_least(0, gamma=gamma)
        super().__init__(optimizer)

    def rate(self, t: int, base: float) -> float:
        return base * self.gamma**t


class LinearLR(LRScheduler):
    """base * (start_factor + (end_factor - start_factor) min(t / total_iters, 1)): a warm-up.

    >>> from autograd import Tensor
    >>> from nn.optim import SGD
    >>> schedule = LinearLR(SGD([Tensor(0.0, requires_grad=True)], lr=1.0), 0.25, total_iters=3)
    >>> [schedule.rate(t, 1.0) for t in range(5)]
    [0.25, 0.5, 0.75, 1.0, 1.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
    ) -> None:
        self.start_factor: float = at_least(0, start_factor=start_factor)
        self.end_factor: float = at_least(0, end_factor=end_factor)
        self.total_iters: int = at_least(1, total_iters=total_iters)
        super().__init__(optimizer)

    def rate(self, t: int, base: float) -> float:
        done = min(t / self.total_iters, 1)
        return base * (self.start_factor + (self.end_factor - self.start_factor) * done)


class CosineAnnealingLR(LRScheduler):
    """eta_min + (base - eta_min) (1 + cos(pi t / T_max)) / 2: half a cosine wave down, in T_max epochs.

    After T_max epochs the rate rises again, along the other half of the wave.

    Source: Loshchilov and Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts (2017), eq. 5.

    >>> from autograd import Tensor
    >>> from nn.optim import SGD
    >>> schedule = CosineAnnealingLR(SGD([Tensor(0.0, requires_grad=True)], lr=1.0), T_max=4)
    >>> [round(schedule.rate(t, 1.0), 3) for t in range(5)]
    [1.0, 0.854, 0.5, 0.146, 0.0]
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0) -> None:  # noqa: N803  (PyTorch's)
        self.T_max: int = at_least(1, T_max=T_max)
        self.eta_min: float = at_least(0, eta_min=eta_min)
        super().__init__(optimizer)

    def rate(self, t: int, base: float) -> float:
        return self.eta_min + (base - self.eta_min) * (1 + math.cos(math.pi * t / self.T_max)) / 2


class SequentialLR(LRScheduler):
    """Several schedules in sequence: at each milestone the next one starts, with its epoch 0.

    schedulers: schedules of the same optimizer.  milestones: increasing epochs, one fewer than schedules.

    Raises ArgumentError for another number of milestones, milestones that do not increase, and a schedule
    that is not a formula or belongs to another optimizer.

    >>> from autograd import Tensor
    >>> from nn.optim import SGD
    >>> optimizer = SGD([Tensor(0.0, requires_grad=True)], lr=1.0)
    >>> warm_up, decay = LinearLR(optimizer, 0.5, total_iters=2), ExponentialLR(optimizer, 0.5)
    >>> schedule = SequentialLR(optimizer, [warm_up, decay], milestones=[2])
    >>> [schedule.rate(t, 1.0) for t in range(5)]
    [0.5, 0.75, 1.0, 0.5, 0.25]
    """

    def __init__(
        self, optimizer: Optimizer, schedulers: Sequence[LRScheduler], milestones: Sequence[int]
    ) -> None:
        for part in schedulers:
            if not isinstance(part, LRScheduler) or part.optimizer is not optimizer:
                raise ArgumentError(
                    f"SequentialLR takes schedules of its own optimizer with a formula, not {part!r}"
                )
        if len(milestones) != len(schedulers) - 1 or any(a >= b for a, b in pairwise([0, *milestones])):
            raise ArgumentError(
                f"{len(schedulers)} schedules need {len(schedulers) - 1} milestones, increasing from 1, "
                f"not {list(milestones)}"
            )
        self.schedulers, self.milestones = list(schedulers), [0, *milestones]
        super().__init__(optimizer)

    def rate(self, t: int, base: float) -> float:
        i = bisect_right(self.milestones, t) - 1
        return self.schedulers[i].rate(t - self.milestones[i], base)


class ReduceLROnPlateau:
    """lr <- max(factor * lr, min_lr) when the loss has not improved for more than `patience` epochs.

    `step(loss)` gets the loss of each epoch, or another figure that should fall (mode="min") or rise
    ("max").  It has improved if it is better than the best one by more than the fraction `threshold` of
    that, or by `threshold` itself with threshold_mode="abs"; NaN never is.  After a reduction, `cooldown`
    epochs do not count.  A change of at most `eps` is not made.

    Raises ArgumentError for another mode, and for a factor that is not below 1.

    >>> from autograd import Tensor
    >>> from nn.optim import SGD
    >>> optimizer = SGD([Tensor(0.0, requires_grad=True)], lr=1.0)
    >>> schedule = ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
    >>> for loss in [3.0, 2.0, 2.0, 2.0, 2.0]:
    ...     schedule.step(loss)
    >>> optimizer.lr
    0.5
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float = 0.0,
        eps: float = 1e-8,
    ) -> None:
        if mode not in ("min", "max") or threshold_mode not in ("rel", "abs"):
            raise ArgumentError(
                f'mode is "min" or "max", threshold_mode "rel" or "abs", not {mode!r} and {threshold_mode!r}'
            )
        if not 0 <= factor < 1:
            raise ArgumentError(f"factor must be less than 1, and at least 0, not {factor!r}")
        self.optimizer, self.mode, self.factor = optimizer, mode, factor
        self.patience, self.cooldown = at_least(0, patience=patience), at_least(0, cooldown=cooldown)
        self.threshold, self.threshold_mode = at_least(0, threshold=threshold), threshold_mode
        self.min_lr, self.eps = at_least(0, min_lr=min_lr), at_least(0, eps=eps)
        self.best = math.inf if mode == "min" else -math.inf
        self.num_bad_epochs = self.cooldown_counter = self.last_epoch = 0

    def step(self, metrics: float) -> None:
        """Record the loss of an epoch, or another figure, and reduce the rates if it is time to."""
        value = float(metrics)
        self.last_epoch += 1
        if self.improves(value):
            self.best, self.num_bad_epochs = value, 0
        else:
            self.num_bad_epochs += 1
        if self.cooldown_counter:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self.reduce()
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0

    def improves(self, value: float) -> bool:
        """Whether `value` is better than the best so far by more than the threshold."""
        sign = 1 if self.mode == "min" else -1
        by = self.threshold * (self.best if self.threshold_mode == "rel" else 1)
        return sign * value < sign * self.best - by if math.isfinite(self.best) else value < math.inf

    def reduce(self) -> None:
        """Multiply the rates by the factor, but not below min_lr, unless the change is at most eps."""
        for group in self.optimizer.param_groups:
            reduced = max(self.factor * group["lr"], self.min_lr)
            if group["lr"] - reduced > self.eps:
                group["lr"] = reduced

    def get_last_lr(self) -> list[float]:
        """The learning rate of each group."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """The state that a schedule with the same arguments needs to continue."""
        return {name: getattr(self, name) for name in PLATEAU}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from a state; the optimizer's state must be loaded, too."""
        vars(self).update({name: state_dict[name] for name in PLATEAU})


PLATEAU = ("best", "num_bad_epochs", "cooldown_counter", "last_epoch")


def at_least(low: float, **option: Any) -> Any:
    """The value of the one option, checked to be a finite number and at least `low`."""
    [(name, value)] = option.items()
    if not isinstance(value, int | float) or not low <= value < math.inf:
        raise ArgumentError(f"{name} must be a number and at least {low}, not {value!r}")
    return value
