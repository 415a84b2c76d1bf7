"""What forward returned: the loss, or outputs; then an upstream gradient is drawn for each of them."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeGuard

import numpy as np

from ....engine import Node
from ....errors import DerivationError
from ....tensor import Tensor
from ..match.names import is_called_gradient
from .arguments import data_of, elements_of, is_cache
from .probes.trace import Tracing

SEED = 20  # of the upstream gradients
# What a loss is called, the likeliest first
LOSSES = ("loss", "cost", "J", "error", "L", "total_loss", "data_loss")


class Loss(NamedTuple):
    """The number whose gradients are judged.

    node      its node: what forward returned, or the sum of its outputs times their upstream gradients
    outputs   the places of these outputs in what was returned
    upstream  the gradients that were drawn for them
    """

    node: Node
    outputs: list[Any]
    upstream: list[Any]


def traced_in(returned: Any) -> list[tuple[Any, Tensor]]:
    """The Tensors that were returned and depend on the inputs, with their places."""
    return [(k, v) for k, v in elements_of(returned) if type(v) is Tensor and v.requires_grad]


def loss_of(name: str, returned: Any, wanted: list[str], before: list[Any]) -> Loss:
    """The loss that a function, called `name`, returned.

    `wanted` are the parameters of backward that no input fills, `before` the upstream gradients of an earlier
    run, which are kept if they fit.  Raises DerivationError if nothing that was returned has a gradient.
    """
    elements = elements_of(returned)
    first = elements[0][1] if elements else None
    if is_number(first) and not any(map(is_upstream, wanted)):
        total: Any = first if first.ndim == 0 else first.sum()
        return Loss(total.node, [], [])
    traced = traced_in(returned)
    if not traced:
        raise DerivationError(untraced(name, returned, first))
    outputs = chosen(traced, wanted)
    if not outputs:
        raise DerivationError(
            f"{name} returned an array of shape {traced[0][1].shape}, and backward takes no gradient of it: "
            "return a loss, one number, its mean or sum; or let backward take the upstream gradient, dout"
        )
    shapes = [v.shape for _, v in outputs]
    upstream = before if [np.shape(g) for g in before] == shapes else drawn(shapes)
    total = sum(np.sum(value * g) for g, (_, value) in zip(upstream, outputs, strict=True))
    return Loss(total.node, [k for k, _ in outputs], upstream)


def number_of(returned: Any, outputs: list[Any], upstream: list[Any]) -> float:
    """The loss in what forward returned on arrays: its first element, or outputs times their gradients."""
    elements = dict(elements_of(returned))
    if not outputs:
        return float(np.sum(data_of(next(iter(elements.values())))))
    return sum(float(np.sum(data_of(elements[k]) * g)) for k, g in zip(outputs, upstream, strict=True))


def is_number(value: Any) -> TypeGuard[Tensor]:
    """Whether a value is one number that depends on the inputs."""
    return type(value) is Tensor and value.size == 1 and value.requires_grad


def is_upstream(parameter: str) -> bool:
    """Whether a parameter of backward is called as the gradient of an output."""
    return is_called_gradient(parameter) or parameter in ("g", "upstream", "grad")


def chosen(traced: list[tuple[Any, Tensor]], wanted: list[str]) -> list[tuple[Any, Tensor]]:
    """The outputs whose gradients backward takes: as many as it has parameters for them."""
    free = [w for w in wanted if not is_cache(w)]
    fresh = [(k, v) for k, v in traced if not v.is_leaf] or traced
    return fresh[: len(free)]


def drawn(shapes: list[tuple[int, ...]]) -> list[Any]:
    """Upstream gradients of some shapes, the same each time."""
    rng = np.random.default_rng(SEED)
    return [rng.normal(size=shape) for shape in shapes]


def untraced(name: str, returned: Any, first: Any) -> str:
    """Why nothing that was returned has a gradient."""
    if type(first) is Tensor:
        return f"the loss that {name} returned depends on no array of floats among the inputs"
    return (
        f"{name} returned a {type(returned).__name__}, not a number or an array computed from its "
        "inputs: return the loss, by NumPy's functions, and give at least one input as floats: "
        "there is no gradient by integers"
    )


def loss_before(run: Tracing, error: Exception) -> Node:
    """The loss that a function noted before it raised; raises the error if there is none."""
    for name in LOSSES:
        if name in run.losses:
            return run.losses[name].node  # type: ignore[return-value]
    raise error
