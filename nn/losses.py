"""Losses as modules: the distance between a prediction and its target."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import functional as F  # noqa: N812  (PyTorch's customary name for it)
from .functional import losses
from .module import Module

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "HingeEmbeddingLoss",
    "HingeLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "MSELoss",
    "MultiMarginLoss",
    "NLLLoss",
    "SmoothL1Loss",
]


class Loss(Module):
    """A loss of predictions and targets of the same shape; reduction: "mean", "sum" or "none"."""

    def __init__(self, reduction: str = "mean") -> None:
        losses.MSE[reduction]  # refuses an unknown reduction here, not at the first call
        self.reduction = reduction

    def extra_repr(self) -> str:
        """The options of the loss as it was given them, except for options that are None."""
        options = {
            name: value for name, value in vars(self).items() if name != "training" and value is not None
        }
        return ", ".join(f"{name}={value!r}" for name, value in options.items())


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
    """The BCELoss of p = sigmoid(z), given z, as `nn.functional.binary_cross_entropy_with_logits`.

    >>> from autograd import Tensor
    >>> BCEWithLogitsLoss()(Tensor([1000.0]), [0])
    Tensor(1000., dtype=float64)
    """

    def forward(self, prediction: Any, target: Any) -> Any:
        return losses.binary_cross_entropy_with_logits(prediction, target, self.reduction)


class L1Loss(Loss):
    """mean(|prediction - target|), as `nn.functional.l1_loss`.

    >>> from autograd import Tensor
    >>> L1Loss()(Tensor([1.0, 2.0]), [1.0, 4.0])
    Tensor(1., dtype=float64)
    """

    def forward(self, prediction: Any, target: Any) -> Any:
        return F.l1_loss(prediction, target, self.reduction)


class HuberLoss(Loss):
    """The mean of d^2/2 where |d| < delta, and of delta (|d| - delta/2) elsewhere, d = prediction - target.

    As `nn.functional.huber_loss`.

    >>> from autograd import Tensor
    >>> HuberLoss(reduction="none")(Tensor([1.0, 4.0]), [0.0, 0.0])
    Tensor([0.5, 3.5], dtype=float64)
    """

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction)
        self.delta = delta

    def forward(self, prediction: Any, target: Any) -> Any:
        return F.huber_loss(prediction, target, self.reduction, self.delta)


class SmoothL1Loss(Loss):
    """The mean of d^2/(2 beta) where |d| < beta, and of |d| - beta/2 elsewhere, d = prediction - target.

    As `nn.functional.smooth_l1_loss`.

    >>> from autograd import Tensor
    >>> SmoothL1Loss(reduction="none", beta=2.0)(Tensor([1.0, 4.0]), [0.0, 0.0])
    Tensor([0.25, 3.  ], dtype=float64)
    """

    def __init__(self, reduction: str = "mean", beta: float = 1.0) -> None:
        super().__init__(reduction)
        self.beta = beta

    def forward(self, prediction: Any, target: Any) -> Any:
        return F.smooth_l1_loss(prediction, target, self.reduction, self.beta)


class KLDivLoss(Loss):
    """mean(target (log target - prediction)) for log-probabilities, as `nn.functional.kl_div`.

    reduction may also be "batchmean", which gives the divergence as mathematics defines it.

    >>> import numpy as np
    >>> p, q = np.array([[0.5, 0.5]]), np.array([[0.25, 0.75]])
    >>> print(KLDivLoss(reduction="batchmean")(np.log(p), q).round(4))
    0.1308
    """

    def __init__(self, reduction: str = "mean", log_target: bool = False) -> None:
        if reduction != "batchmean":
            losses.MSE[reduction]  # refuses an unknown reduction here, not at the first call
        self.reduction, self.log_target = reduction, log_target

    def forward(self, prediction: Any, target: Any) -> Any:
        return F.kl_div(prediction, target, self.reduction, self.log_target)


class HingeLoss(Loss):
    """mean(max(0, 1 - target prediction)) for targets -1 and 1, as `nn.functional.hinge_loss`.

    >>> from autograd import Tensor
    >>> HingeLoss(reduction="none")(Tensor([2.0, 0.5, 0.5]), [1, 1, -1])
    Tensor([0. , 0.5, 1.5], dtype=float64)
    """

    def forward(self, prediction: Any, target: Any) -> Any:
        return F.hinge_loss(prediction, target, self.reduction)


class HingeEmbeddingLoss(Loss):
    """The mean of x where the target is 1, and of max(0, margin - x) where it is -1; x is the prediction.

    As `nn.functional.hinge_embedding_loss`.

    >>> from autograd import Tensor
    >>> HingeEmbeddingLoss(reduction="none")(Tensor([0.25, 0.25]), [1, -1])
    Tensor([0.25, 0.75], dtype=float64)
    """

    def __init__(self, margin: float = 1.0, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.margin = margin

    def forward(self, prediction: Any, target: Any) -> Any:
        return F.hinge_embedding_loss(prediction, target, self.margin, self.reduction)


class MultiMarginLoss(Loss):
    """mean(Σ max(0, margin - z[target] + z[c])^p / classes), summed over all classes c except the target.

    As `nn.functional.multi_margin_loss`.

    >>> import numpy as np
    >>> print(MultiMarginLoss(margin=0.5)(np.array([[2.0, 1.5, 0.0]]), np.array([0])))
    0.0
    """

    def __init__(self, p: int = 1, margin: float = 1.0, weight: Any = None, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.p, self.margin = p, margin
        self.weight = None if weight is None else np.array(weight)

    def forward(self, input: Any, target: Any) -> Any:  # noqa: A002
        return F.multi_margin_loss(input, target, self.p, self.margin, self.weight, self.reduction)


class NLLLoss(Loss):
    """-mean(input[target]), given log-probabilities, as `nn.functional.nll_loss`.

    >>> import numpy as np
    >>> print(NLLLoss()(np.log([[0.5, 0.5], [0.25, 0.75]]), np.array([0, 1])).round(4))
    0.4904
    """

    def __init__(self, weight: Any = None, ignore_index: int = -100, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.ignore_index = ignore_index
        self.weight = None if weight is None else np.array(weight)

    def forward(self, input: Any, target: Any) -> Any:  # noqa: A002
        return F.nll_loss(input, target, self.weight, self.ignore_index, self.reduction)


class CrossEntropyLoss(NLLLoss):
    """-mean(log p[target]) with the probabilities p = softmax(input), as `nn.functional.cross_entropy`.

    >>> import numpy as np
    >>> print(CrossEntropyLoss()(np.array([[2.0, 0.0], [0.0, 0.0]]), np.array([0, 1])).round(6))
    0.410038
    """

    def __init__(
        self,
        weight: Any = None,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, ignore_index, reduction)
        self.label_smoothing = label_smoothing

    def forward(self, input: Any, target: Any) -> Any:  # noqa: A002
        options = self.weight, self.ignore_index, self.reduction, self.label_smoothing
        return F.cross_entropy(input, target, *options)
