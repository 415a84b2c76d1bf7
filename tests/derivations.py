"""Right derivations: pairs of a forward and a backward pass in plain NumPy, with inputs for them.

`tests/derivations_*.py` have the functions.  A backward pass takes arguments by name: inputs, and local
variables of the forward pass and of the functions that it calls.  In a backward pass, `d<name>` is the
gradient of the loss with respect to `<name>`.  Nothing here uses the library.
"""

import inspect
import sys
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import derivations_dense as dense
from . import derivations_norms as norms
from . import derivations_sequences as sequences

Values = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Derivation:
    """A forward and a backward pass, and inputs for them.

    `scaled` has the gradients that differ by a constant factor from what their names say, and the constant:
    the loss's 1/m comes in later.  `partial` has those that are not complete when they have their name.
    """

    name: str
    forward: Callable[..., Any]
    backward: Callable[..., Any]
    inputs: Mapping[str, Any]
    scaled: Mapping[str, float] = field(default_factory=dict)
    partial: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name

    def arguments(self, backward: Callable[..., Any] | None = None) -> Values:
        """The arguments of a backward pass, by name: inputs first, then intermediates; all are copies."""
        known = deepcopy(run(self.forward, self.inputs)[0] | dict(self.inputs))
        return {name: known[name] for name in inspect.signature(backward or self.backward).parameters}

    def gradients(self, backward: Callable[..., Any] | None = None) -> Values:
        """All `d<name>` of a backward pass: its variables, and the entries of a dict that it returns."""
        backward = backward or self.backward
        found, returned = run(backward, self.arguments(backward))
        found |= returned if isinstance(returned, dict) else {}
        return {name: value for name, value in found.items() if is_gradient(name, value)}

    def final(self, gradients: Values) -> Values:
        """The gradients with respect to inputs among them, which are what the user finally wants."""
        return {name: value for name, value in gradients.items() if name[1:] in self.inputs}


def is_gradient(name: str, value: Any) -> bool:
    return len(name) > 1 and name[0] == "d" and isinstance(value, np.ndarray | np.floating)


def run(f: Callable[..., Any], arguments: Mapping[str, Any]) -> tuple[Values, Any]:
    """The local variables of f when it returns, and those of functions in its file that it calls; its value.

    The variables of f come before those of other calls, and later calls come before earlier ones.
    """
    found: Values = {}

    def watch(frame: Any, event: str, _: Any) -> None:
        if event == "return" and frame.f_code.co_filename == f.__code__.co_filename:
            found.update(frame.f_locals)

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        value = f(**arguments)
    finally:
        sys.setprofile(before)
    return found, value


def drawn(seed: int, **shapes: tuple[int, ...]) -> Values:
    """Normally distributed arrays of these shapes."""
    rng = np.random.default_rng(seed)
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


def zeros_and_ones(seed: int, *shape: int) -> Any:
    """Targets that are 0 or 1, with both present."""
    return np.random.default_rng(seed).permutation(np.arange(np.prod(shape)) % 2).reshape(shape)


# In most, all widths differ, so that a wrong transpose does not fit; with equal widths, it runs.
DERIVATIONS = [
    Derivation(
        "binary cross-entropy",
        dense.binary_forward,
        dense.binary_backward,
        drawn(1, X=(5, 3), W1=(3, 4), b1=(1, 4), W2=(4, 2), b2=(1, 2)) | {"y": zeros_and_ones(1, 5, 2)},
        {"dZ2": 5, "dA1": 5, "dZ1": 5},
    ),
    Derivation(
        "binary cross-entropy, columns",
        dense.column_forward,
        dense.column_backward,
        drawn(2, X=(3, 6), W1=(4, 3), b1=(4, 1), W2=(2, 4), b2=(2, 1)) | {"Y": zeros_and_ones(2, 2, 6)},
        {"dZ2": 6, "dZ1": 6},
    ),
    Derivation(
        "mean squared error, square",
        dense.squared_forward,
        dense.squared_backward,
        drawn(3, x=(4, 4), w1=(4, 4), b1=(4,), w2=(4, 4), b2=(4,), w3=(4, 4), b3=(4,), target=(4, 4)),
    ),
    Derivation(
        "softmax cross-entropy",
        dense.softmax_forward,
        dense.softmax_backward,
        drawn(4, X=(6, 3), W1=(3, 5), b1=(5,), W2=(5, 4), b2=(4,))
        | {"labels": np.array([0, 3, 1, 2, 3, 0]), "reg": 0.1},
    ),
    Derivation(
        "softmax cross-entropy, step by step",
        dense.stepwise_forward,
        dense.stepwise_backward,
        drawn(5, x=(5, 4), w=(4, 3), c=(3,)) | {"onehot": np.eye(3)[[0, 2, 1, 1, 2]]},
    ),
    Derivation(
        "residual block, square",
        dense.residual_forward,
        dense.residual_backward,
        drawn(6, x=(3, 3), W1=(3, 3), c1=(1, 3), W2=(3, 3), c2=(1, 3), target=(3, 3)),
    ),
    Derivation(
        "batch normalisation, step by step",
        norms.batch_steps_forward,
        norms.batch_steps_backward,
        drawn(7, x=(6, 4), gamma=(4,), beta=(4,), target=(6, 4)),
    ),
    Derivation(
        "batch normalisation, as in the paper",
        norms.batch_paper_forward,
        norms.batch_paper_backward,
        drawn(8, X=(5, 3), scale=(3,), shift=(3,), R=(5, 3)),
    ),
    Derivation(
        "batch normalisation, compact",
        norms.batch_forward,
        norms.batch_backward,
        drawn(9, x=(5, 4), gamma=(4,), beta=(4,), target=(5, 4)),
    ),
    Derivation(
        "layer normalisation",
        norms.layer_forward,
        norms.layer_backward,
        drawn(10, x=(2, 3, 5), weight=(5,), bias=(5,), proj=(5, 4)),
    ),
    Derivation(
        "recurrent network",
        sequences.rnn_forward,
        sequences.rnn_backward,
        drawn(
            11,
            xs=(5, 3, 1),
            targets=(5, 2, 1),
            h0=(4, 1),
            Wxh=(4, 3),
            Whh=(4, 4),
            Why=(2, 4),
            bh=(4, 1),
            by=(2, 1),
        ),
        partial=("dhnext",),
    ),
    Derivation(
        "recurrent network, unrolled and square",
        sequences.unrolled_forward,
        sequences.unrolled_backward,
        drawn(12, x=(4, 3, 3), W=(3, 3), U=(3, 3), b=(3,), v=(3, 3), target=(3, 3)),
    ),
    Derivation(
        "LSTM",
        sequences.lstm_forward,
        sequences.lstm_backward,
        drawn(
            13,
            x=(3, 2),
            prev_h=(3, 4),
            prev_c=(3, 4),
            readout=(3, 4),
            Wx=(2, 16),
            Wh=(4, 16),
            b=(16,),
        ),
    ),
    Derivation(
        "attention",
        sequences.attention_forward,
        sequences.attention_backward,
        drawn(14, X=(4, 3), Wq=(3, 2), Wk=(3, 2), Wv=(3, 5), target=(4, 5)),
    ),
    Derivation(
        "embedding",
        sequences.embedding_forward,
        sequences.embedding_backward,
        drawn(15, E=(7, 4), W=(4, 3), b=(3,))
        | {"ids": np.array([[1, 4], [4, 4], [0, 6], [3, 1], [5, 0]]), "labels": np.array([2, 0, 1, 1, 2])},
    ),
    Derivation(
        "convolution",
        sequences.convolution_forward,
        sequences.convolution_backward,
        drawn(16, x=(2, 3, 5, 4), w=(4, 3, 3, 2), b=(4,), target=(2, 4, 9)),
    ),
    Derivation(
        "convolution in loops",
        sequences.loops_forward,
        sequences.loops_backward,
        drawn(17, image=(6, 5), kernel=(3, 2), bias=(), weights=(4, 4)),
    ),
]
