"""Which variable a gradient is called after: `dW1`, `grad_w`, `w_grad`, `nabla_b`, `bottom_diff`."""

from __future__ import annotations

import functools
import re

BEFORE = (
    "d_", "d", "D", "grad_", "grads_", "grad", "gradient_", "gradients_", "g_", "g", "delta_", "delta",
    "bar_", "adj_", "adjoint_", "nabla_", "nabla", "del_", "dL_d", "dLd", "dL", "dJ_d", "dJd", "dC_d", "dCd",
    "dE_d", "dEd", "dloss_d", "dlossd", "d_loss_d_", "d_loss_d", "d_L_d_", "dl_d", "error_", "err_",
)  # fmt: skip
AFTER = (
    "_grad", "_grads", "_gradient", "_delta", "_diff", "_bar", "bar", "_error", "_err", "grad", "Grad", "_d",
    "_g", "_deriv", "_derivative", "_der", "_adj", "_adjoint", "_cot", "_cotangent",
)  # fmt: skip


@functools.cache
def stems(name: str, prefix: str = "d") -> tuple[str, ...]:
    """What a gradient's name may be that of, without the marks of a gradient.

    >>> stems("dW1"), stems("w_grad"), stems("dLdW"), stems("W")
    (('W1',), ('w',), ('LdW', 'W', 'dW'), ())
    """
    found = [name[len(p) :].strip("_") for p in (prefix, *BEFORE) if p and name.startswith(p)]
    found += [name[: -len(s)].strip("_") for s in AFTER if name.endswith(s)]
    return tuple(dict.fromkeys(f for f in found if f))


# What lists and dictionaries of gradients are called
CONTAINERS = (
    "grad", "grads", "gradient", "gradients", "g", "d", "dparams", "derivatives", "deltas", "nabla"
)  # fmt: skip

# Words that begin as a gradient's name does
WORDS = frozenset(
    ("data", "degree", "den", "denom", "depth", "diff", "diffs", "dilation", "dim", "dims", "dist", "done",
     "dropout", "gain", "gam", "gamma", "gap", "gate", "gates", "goal", "grid", "group")
)  # fmt: skip


def is_called_gradient(name: str) -> bool:
    """Whether a name has a mark of a gradient.

    >>> is_called_gradient("dist2"), is_called_gradient("dis")
    (False, True)
    """
    return bool(stems(name)) and name.rstrip("0123456789_").lower() not in WORDS


@functools.cache
def parts_of(name: str) -> frozenset[str]:
    """The words in a name, in small letters.

    >>> sorted(parts_of("overallError")), sorted(parts_of("val_loss2"))
    (['error', 'overall'], ['loss', 'val'])
    """
    return frozenset(word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name))


LOSSES = frozenset(
    (
        "loss",
        "losses",
        "cost",
        "costs",
        "error",
        "errors",
        "err",
        "nll",
        "objective",
        "energy",
        "mse",
        "misfit",
    )
)


def is_called_loss(name: str) -> bool:
    """Whether a variable is called as what is to be minimised.

    >>> is_called_loss("train_losses"), is_called_loss("weights")
    (True, False)
    """
    return not parts_of(name).isdisjoint(LOSSES)


SLOPES = re.compile(r"^sp$|prime|slope|deriv|jac")


def is_called_slope(name: str) -> bool:
    """Whether a name is of a derivative that a gradient is multiplied by.

    >>> [is_called_slope(name) for name in ("sp", "sigmoid_prime", "slope", "s", "h")]
    [True, True, True, False, False]
    """
    return bool(SLOPES.search(name.lower()))
