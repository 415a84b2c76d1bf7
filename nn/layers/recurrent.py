"""Recurrent layers: step after step, each with the state that the step before left.

A sequence is split into all its steps by one operation and joined by one, so that the backward pass
costs the same for each step, however long the sequence is.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from autograd import sigmoid
from autograd.errors import ShapeError

from .. import init
from ..errors import ArgumentError
from ..functional import dropout, linear, relu
from ..module import Module, Parameter

__all__ = ["GRU", "LSTM", "RNN"]

State = tuple[Any, ...]  # the state of one layer in one direction: h, or h and c, each (1, n, hidden)


class Recurrent(Module):
    """The shared part of the layers below: parameters for each layer and direction, and the loop.

    Layer k has weight_ih_lk: (gates hidden, inputs), weight_hh_lk: (gates hidden, hidden), bias_ih_lk
    and bias_hh_lk: (gates hidden,), and the same with the suffix _reverse for the reverse direction.
    """

    gates: int  # the number of parts in the products of a step with x and with h
    states = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        rng: Any = None,
        dtype: Any = np.float64,
    ) -> None:
        name = type(self).__name__
        if min(input_size, hidden_size, num_layers) < 1:
            raise ArgumentError(
                f"{name}({input_size}, {hidden_size}, num_layers={num_layers}) needs at least one of each"
            )
        if not 0 <= dropout <= 1:
            raise ArgumentError(f"{name}: dropout={dropout} must be a probability, between 0 and 1")
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout = bias, batch_first, dropout
        self.bidirectional, self.rng = bidirectional, np.random.default_rng(rng)
        self.directions = ("", "_reverse") if bidirectional else ("",)
        rows, k = self.gates * hidden_size, 1 / sqrt(hidden_size)
        for layer in range(num_layers):
            inputs = input_size if layer == 0 else hidden_size * len(self.directions)
            shapes: dict[str, tuple[int, ...]] = {
                "weight_ih": (rows, inputs),
                "weight_hh": (rows, hidden_size),
            }
            shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)} if bias else {}
            for direction in self.directions:
                for kind, shape in shapes.items():
                    parameter = init.uniform_(Parameter(np.zeros(shape, dtype)), -k, k, rng=self.rng)
                    setattr(self, f"{kind}_l{layer}{direction}", parameter)

    def step(self, x: Any, h: Any, state: State) -> State:
        """The next state, given the last state and the contributions of x and h to the gates."""
        raise NotImplementedError

    def run(self, x: Any, states: State) -> tuple[Any, State]:
        """The outputs of all steps of x, (length, n, inputs), and the last state, (layers, n, hidden)."""
        last: list[State] = []
        for layer in range(self.num_layers):
            if layer and self.dropout:
                x = dropout(x, self.dropout, self.training, rng=self.rng)
            outputs = []
            for direction in self.directions:
                k = len(last)
                output, state = self.pass_over(
                    x, tuple(s[k : k + 1] for s in states), f"_l{layer}{direction}"
                )
                outputs.append(output)
                last.append(state)
            x = outputs[0] if len(outputs) == 1 else np.concatenate(outputs, axis=-1)
        return x, tuple(np.concatenate(parts, axis=0) for parts in zip(*last, strict=True))

    def pass_over(self, x: Any, state: State, suffix: str) -> tuple[Any, State]:
        """The outputs of one layer in one direction, and its last state."""
        of_x, of_h = (self.weights(kind, suffix) for kind in ("ih", "hh"))
        steps = np.split(linear(x, *of_x), len(x))
        outputs = []
        for step in reversed(steps) if suffix.endswith("_reverse") else steps:
            state = self.step(step, linear(state[0], *of_h), state)
            outputs.append(state[0])
        return np.concatenate(outputs[::-1] if suffix.endswith("_reverse") else outputs, axis=0), state

    def weights(self, kind: str, suffix: str) -> tuple[Any, Any]:
        """The weight and the bias, or None, for the input ("ih") or the state ("hh") of one layer."""
        bias = getattr(self, f"bias_{kind}{suffix}") if self.bias else None
        return getattr(self, f"weight_{kind}{suffix}"), bias

    def forward(self, x: Any, state: Any = None) -> tuple[Any, Any]:
        """The outputs of all steps, and the last state."""
        name, single = type(self).__name__, np.ndim(x) == 2 if not hasattr(x, "ndim") else x.ndim == 2
        x = x if hasattr(x, "ndim") else np.asarray(x)
        if x.ndim not in (2, 3) or x.shape[-1] != self.input_size:
            order = "(n, length, " if self.batch_first else "(length, n, "
            raise ShapeError(
                f"{name} expects x of shape {order}{self.input_size}), and x has shape {x.shape}"
            )
        x = x[:, None] if single else x.swapaxes(0, 1) if self.batch_first else x
        if not len(x):
            raise ShapeError(f"{name} expects at least one step, and x has none")
        states = self.initial(x, state, single)
        x, last = self.run(x, states)
        if single:
            x, last = x[:, 0], tuple(s[:, 0] for s in last)
        elif self.batch_first:
            x = x.swapaxes(0, 1)
        return x, last if self.states > 1 else last[0]

    def initial(self, x: Any, given: Any, single: bool) -> State:
        """The initial states: (layers, n, hidden), zeros by default."""
        shape = self.num_layers * len(self.directions), x.shape[1], self.hidden_size
        if given is None:
            return (np.zeros(shape, x.dtype if x.dtype.kind == "f" else float),) * self.states
        states = tuple(given) if self.states > 1 else (given,)
        states = tuple(s[:, None] for s in states) if single else states
        if len(states) != self.states or any(s.shape != shape for s in states):
            found = " and ".join(str(s.shape) for s in states)
            raise ShapeError(
                f"{type(self).__name__} expects {self.states} initial state(s) of shape {shape}, not {found}"
            )
        return states

    def extra_repr(self) -> str:
        plain = {"num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0, "bidirectional": False}
        given = [f"{name}={getattr(self, name)}" for name, v in plain.items() if getattr(self, name) != v]
        return ", ".join([f"{self.input_size}, {self.hidden_size}", *given])


class RNN(Recurrent):
    """h' = tanh(W_ih x + b_ih + W_hh h + b_hh), step by step; y consists of all h'.

    x: (length, n, input_size), or (n, length, input_size) with batch_first, or one sequence without n;
    state: (layers, n, hidden_size), the initial h, zeros by default.  Returns y: (length, n, hidden_size)
    and the last state.  If bidirectional, a second layer goes through the sequence from its end, and y
    has the outputs of both, 2 hidden_size.  The input of a layer is the output of the layer before, with
    dropout in training.

    Layer k has weight_ih_lk: (hidden_size, inputs), weight_hh_lk: (hidden_size, hidden_size), bias_ih_lk
    and bias_hh_lk: (hidden_size,), and the same with the suffix _reverse for the reverse direction.  All
    are drawn from U(-k, k) with k = 1/sqrt(hidden_size), as in PyTorch.

    Backward, from the last step to the first, where dh' comes from the output and from the next step: da =
    dh' (1 - h'^2), dx = da W_ih, dh = da W_hh.  Summed over all steps, dW_ih = Σ da^T x and dW_hh = Σ da^T h,
    and both biases get the sum of all rows of da.

    nonlinearity: "tanh" or "relu".  rng: a `np.random.Generator`, or a seed for one.

    Raises ArgumentError for sizes below 1 and for another nonlinearity.  A call raises
    autograd.errors.ShapeError for x or a state of another shape, and for a sequence without steps.

    Source: Elman, Finding Structure in Time (1990), figure 2.

    >>> layer = RNN(3, 4, batch_first=True, rng=0)
    >>> y, h = layer(np.zeros((2, 5, 3)))
    >>> y.shape, h.shape
    ((2, 5, 4), (1, 2, 4))
    """

    gates = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        rng: Any = None,
        dtype: Any = np.float64,
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise ArgumentError(f'RNN: nonlinearity={nonlinearity!r} is neither "tanh" nor "relu"')
        self.nonlinearity = nonlinearity
        options = bias, batch_first, dropout, bidirectional
        super().__init__(input_size, hidden_size, num_layers, *options, rng=rng, dtype=dtype)

    def step(self, x: Any, h: Any, state: State) -> State:
        return (np.tanh(x + h) if self.nonlinearity == "tanh" else relu(x + h),)


class LSTM(Recurrent):
    """c' = f c + i g and h' = o tanh(c'), step by step; y consists of all h'.

    The gates i, f, g, o are the four parts of W_ih x + b_ih + W_hh h + b_hh, each passed through a sigmoid,
    except g, which is passed through tanh.  i is the input gate, f the forget gate, o the output gate.

    x, y and the options are the same as for `RNN`; the state is (h, c), each (layers, n, hidden_size),
    zeros by default.  Returns y and the last state.

    Layer k has weight_ih_lk: (4 hidden_size, inputs), weight_hh_lk: (4 hidden_size, hidden_size), bias_ih_lk
    and bias_hh_lk: (4 hidden_size,); the rest is as in `RNN`.

    Raises the errors of `RNN`.

    Source: Hochreiter and Schmidhuber, Long Short-Term Memory (1997), section 4; the gate f is from Gers,
    Schmidhuber and Cummins, Learning to Forget (2000), eq. 3.

    >>> layer = LSTM(3, 4, num_layers=2, rng=0)
    >>> y, (h, c) = layer(np.zeros((5, 2, 3)))
    >>> y.shape, h.shape, c.shape
    ((5, 2, 4), (2, 2, 4), (2, 2, 4))
    """

    gates, states = 4, 2

    def step(self, x: Any, h: Any, state: State) -> State:
        i, f, g, o = np.split(x + h, 4, axis=-1)
        c = sigmoid(f) * state[1] + sigmoid(i) * np.tanh(g)
        return sigmoid(o) * np.tanh(c), c


class GRU(Recurrent):
    """h' = (1 - z) n + z h, step by step; y consists of all h'.

    r and z are the sigmoids of the first two parts of W_ih x + b_ih + W_hh h + b_hh, and n is the tanh of
    W_ih x + b_ih + r (W_hh h + b_hh) in the third.  r is the reset gate, z the update gate.

    x, y, the state and the options are the same as for `RNN`.

    Layer k has weight_ih_lk: (3 hidden_size, inputs), weight_hh_lk: (3 hidden_size, hidden_size), bias_ih_lk
    and bias_hh_lk: (3 hidden_size,), in the order r, z, n; the rest is as in `RNN`.

    Raises the errors of `RNN`.

    Source: Cho et al., Learning Phrase Representations Using RNN Encoder-Decoder (2014), eq. 5 to 8;
    as in PyTorch, r multiplies after the product with W_hh.

    >>> layer = GRU(3, 4, bidirectional=True, rng=0)
    >>> y, h = layer(np.zeros((5, 2, 3)))
    >>> y.shape, h.shape
    ((5, 2, 8), (2, 2, 4))
    """

    gates = 3

    def step(self, x: Any, h: Any, state: State) -> State:
        (xr, xz, xn), (hr, hz, hn) = np.split(x, 3, axis=-1), np.split(h, 3, axis=-1)
        z, n = sigmoid(xz + hz), np.tanh(xn + sigmoid(xr + hr) * hn)
        return ((1 - z) * n + z * state[0],)
