"""The algorithms: each is one function of arrays, which returns the direction that a parameter moves in.

Names, options, defaults and the order of operations are PyTorch's, and so are the resulting numbers.
In the formulas, g is the gradient of the parameter p, t counts the steps from 1, and every sum,
product, square and root is elementwise.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from ..errors import ArgumentError
from .groups import State
from .optimizer import Optimizer

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Lion", "RMSprop"]


class SGD(Optimizer):
    """Gradient descent: p <- p - lr * v, where v is the gradient, or with momentum its running sum.

    g <- g + weight_decay * p
    v <- momentum * v + (1 - dampening) * g    (v = g in the first step)
    p <- p - lr * v,  with Nesterov's momentum  p - lr * (g + momentum * v)

    params: leaf tensors, such as `model.parameters()`, or groups of them; a parameter without a gradient
    does not move.  "Stochastic" refers to the random choice of the samples for the loss.

    Raises ArgumentError as `Optimizer` does, and for Nesterov's momentum without momentum or with
    dampening.

    Source: Robbins and Monro, A Stochastic Approximation Method (1951), eq. 8; Sutskever et al., On
    the importance of initialization and momentum in deep learning (2013), eqs. 1-4, for momentum.

    >>> from autograd import Tensor
    >>> w = Tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = SGD([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.data
    array([0.8, 1.6])
    """

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            momentum=momentum,
            dampening=dampening,
            weight_decay=weight_decay,
            nesterov=nesterov,
        )

    def add_param_group(self, group: dict[str, Any]) -> None:
        """Add a group.  Raises ArgumentError for nesterov=True without a momentum, or with dampening."""
        options = self.defaults | group
        if options["nesterov"] and (not options["momentum"] or options["dampening"]):
            raise ArgumentError(
                f"nesterov=True needs a momentum above 0 and no dampening, not "
                f"momentum={options['momentum']} and dampening={options['dampening']}"
            )
        super().add_param_group(group)

    @staticmethod
    def plain(momentum: float, dampening: float, weight_decay: float, nesterov: bool) -> bool:
        return not (momentum or weight_decay)

    @staticmethod
    def update(
        p: Any,
        g: Any,
        state: State,
        momentum: float,
        dampening: float,
        weight_decay: float,
        nesterov: bool,
    ) -> Any:
        if weight_decay:
            g = g + weight_decay * p
        if momentum:
            v = momentum * state["momentum_buffer"] + (1 - dampening) * g if state else g.copy()
            state["momentum_buffer"] = v
            g = g + momentum * v if nesterov else v
        return g


class Adagrad(Optimizer):
    """Steps that shrink where gradients have been large: p <- p - lr_t g / (sqrt(s) + eps).

    g <- g + weight_decay * p
    s <- s + g^2,  starting with initial_accumulator_value
    lr_t = lr / (1 + (t - 1) lr_decay)

    Source: Duchi, Hazan and Singer, Adaptive Subgradient Methods (2011), figure 1.

    >>> from autograd import Tensor
    >>> w = Tensor([1.0, 100.0], requires_grad=True)
    >>> optimizer = Adagrad([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.data
    array([ 0.9, 99.9])
    """

    def __init__(
        self,
        params: Any,
        lr: float = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            lr_decay=lr_decay,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            eps=eps,
        )

    @staticmethod
    def update(
        p: Any,
        g: Any,
        state: State,
        lr_decay: float,
        weight_decay: float,
        initial_accumulator_value: float,
        eps: float,
    ) -> Any:
        if not state:
            state.update(step=0, sum=np.full_like(p, initial_accumulator_value))
        state["step"] += 1
        if weight_decay:
            g = g + weight_decay * p
        state["sum"] += g * g
        return g / ((1 + (state["step"] - 1) * lr_decay) * (np.sqrt(state["sum"]) + eps))


class RMSprop(Optimizer):
    """Gradients divided by the root of their recent mean square: p <- p - lr g / (sqrt(s) + eps).

    g <- g + weight_decay * p
    s <- alpha * s + (1 - alpha) g^2
    centered: sqrt(s - m^2) instead, the standard deviation, with m <- alpha * m + (1 - alpha) g
    with momentum: p <- p - lr b, with b <- momentum * b + g / (sqrt(s) + eps)

    Source: Tieleman and Hinton, Lecture 6.5 of Neural Networks for Machine Learning (2012); Graves,
    Generating Sequences With Recurrent Neural Networks (2013), eqs. 38-45, for the centred form.

    >>> from autograd import Tensor
    >>> w = Tensor([1.0, 100.0], requires_grad=True)
    >>> optimizer = RMSprop([w], lr=0.1, alpha=0.75)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.data.round(6)
    array([ 0.8, 99.8])
    """

    def __init__(
        self,
        params: Any,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            alpha=alpha,
            eps=eps,
            weight_decay=weight_decay,
            momentum=momentum,
            centered=centered,
        )

    @staticmethod
    def update(
        p: Any,
        g: Any,
        state: State,
        alpha: float,
        eps: float,
        weight_decay: float,
        momentum: float,
        centered: bool,
    ) -> Any:
        if weight_decay:
            g = g + weight_decay * p
        state["step"] = state.get("step", 0) + 1  # not needed here, but PyTorch's state has it
        s = follow(state, "square_avg", g * g, alpha)
        if centered:
            m = follow(state, "grad_avg", g, alpha)
            s = np.maximum(s - m * m, 0)  # rounding may make it negative if all gradients were equal
        scaled = g / (np.sqrt(s) + eps)
        if momentum:
            state["momentum_buffer"] = scaled = momentum * state.get("momentum_buffer", 0) + scaled
        return scaled


class Adam(Optimizer):
    """Adaptive moments: the recent mean of the gradients, over the root of their recent mean square.

    g <- g + weight_decay * p
    m <- beta1 * m + (1 - beta1) g,  v <- beta2 * v + (1 - beta2) g^2,  both starting with 0
    p <- p - lr * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)

    The powers correct for the start at 0.  amsgrad: the largest v so far in place of v.

    Source: Kingma and Ba, Adam: A Method for Stochastic Optimization (2015), algorithm 1; Reddi, Kale
    and Kumar, On the Convergence of Adam and Beyond (2018), algorithm 2, for amsgrad.

    >>> from autograd import Tensor
    >>> w = Tensor([1.0, 100.0], requires_grad=True)
    >>> optimizer = Adam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.data.round(6)
    array([ 0.9, 99.9])
    """

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
    ) -> None:
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, amsgrad=amsgrad)

    @staticmethod
    def update(
        p: Any,
        g: Any,
        state: State,
        betas: tuple[float, float],
        eps: float,
        weight_decay: float,
        amsgrad: bool,
    ) -> Any:
        if weight_decay:
            g = g + weight_decay * p
        return adam(g, state, betas, eps, amsgrad)


class AdamW(Adam):
    """Adam with a weight decay that is not part of the gradient: p <- (1 - lr * weight_decay) p first.

    In Adam, the decay of a weight is divided by the root of its mean square gradient, like the rest of the
    gradient, so that weights with large gradients hardly decay.

    Source: Loshchilov and Hutter, Decoupled Weight Decay Regularization (2019), algorithm 2.

    >>> from autograd import Tensor
    >>> w = Tensor([1.0, 100.0], requires_grad=True)
    >>> optimizer = AdamW([w], lr=0.1, weight_decay=0.5)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.data.round(6)
    array([ 0.85, 94.9 ])
    """

    fixed: ClassVar = {"maximize": False, "decoupled_weight_decay": True}

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad)

    @staticmethod
    def update(
        p: Any,
        g: Any,
        state: State,
        betas: tuple[float, float],
        eps: float,
        weight_decay: float,
        amsgrad: bool,
    ) -> Any:
        return weight_decay * p + adam(g, state, betas, eps, amsgrad)


class Lion(Optimizer):
    """Steps of constant size, with the sign of a running mean of the gradients.

    p <- (1 - lr * weight_decay) p - lr * sign(beta1 * m + (1 - beta1) g)
    m <- beta2 * m + (1 - beta2) g,  starting with 0

    Its learning rate should be a third to a tenth of AdamW's, its weight decay three to ten times AdamW's.

    Source: Chen et al., Symbolic Discovery of Optimization Algorithms (2023), algorithm 2.

    >>> from autograd import Tensor
    >>> w = Tensor([1.0, 100.0], requires_grad=True)
    >>> optimizer = Lion([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.data
    array([ 0.9, 99.9])
    """

    def __init__(
        self,
        params: Any,
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0,
    ) -> None:
        super().__init__(params, lr=lr, betas=betas, weight_decay=weight_decay)

    @staticmethod
    def update(p: Any, g: Any, state: State, betas: tuple[float, float], weight_decay: float) -> Any:
        step = np.sign(betas[0] * state.get("exp_avg", 0) + (1 - betas[0]) * g)
        follow(state, "exp_avg", g, betas[1])
        return step + weight_decay * p


def adam(g: Any, state: State, betas: tuple[float, float], eps: float, amsgrad: bool) -> Any:
    """The step of Adam for the gradient g, without weight decay."""
    t = state["step"] = state.get("step", 0) + 1
    m = follow(state, "exp_avg", g, betas[0])
    v = follow(state, "exp_avg_sq", g * g, betas[1])
    if amsgrad:
        state["max_exp_avg_sq"] = v = np.maximum(state.get("max_exp_avg_sq", 0), v)
    corrected = np.sqrt(v) / (1 - betas[1] ** t) ** 0.5
    return m / ((1 - betas[0] ** t) * (corrected + eps))


def follow(state: State, name: str, x: Any, decay: float) -> Any:
    """The running mean named `name`, after its update: decay * mean + (1 - decay) x, starting with 0."""
    state[name] = mean = decay * state.get(name, 0) + (1 - decay) * x
    return mean
