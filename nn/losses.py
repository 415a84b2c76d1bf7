"""Losses as modules: how far a prediction is from its target."""

from __future__ import annotations

from typing import Any

from .functional import losses
from .module import Module

__all__ = ["BCELoss", "BCEWithLogitsLoss", "MSELoss"]


class Loss(Module):
    """A loss of predictions and targets of one shape, reduced by "mean", "sum", or not at all, "none"."""

    def __init__(self, reduction: str = "mean") -> None:
        losses.MSE[reduction]  # refuses another one here, not at the first call
        self.reduction = reduction

    def extra_repr(self) -> str:
        return f"reduction={self.reduction!r}"


class MSELoss(Loss):
    """mean((prediction - target)^2), as `nn.functional.mse_loss`.

    >>> from autograd import Tensor
    >>> MSELoss(reduction="sum")(Tensor([1.0, 2.0]), [1.0, 4.0])
    Tensor(4., dtype=float64)
    """

    def forward(self, prediction: Any, target: Any) -> Any:
        return losses.mse_loss(prediction, target, self.reduction)


class BCELoss(Loss):
    """-mean(y log p + (1 - y) log(1 - p)), as `nn.functional.binary_cross_entropy`.

    >>> from autograd import Tensor
    >>> print(BCELoss()(Tensor([0.5, 0.5]), [1, 0]).item().__round__(6))
    0.693147
    """

    def forward(self, prediction: Any, target: Any) -> Any:
        return losses.binary_cross_entropy(prediction, target, self.reduction)


class BCEWithLogitsLoss(Loss):
    """The same of p = sigmoid(z), given z, as `nn.functional.binary_cross_entropy_with_logits`.

    >>> from autograd import Tensor
    >>> BCEWithLogitsLoss()(Tensor([1000.0]), [0])
    Tensor(1000., dtype=float64)
    """

    def forward(self, prediction: Any, target: Any) -> Any:
        return losses.binary_cross_entropy_with_logits(prediction, target, self.reduction)
