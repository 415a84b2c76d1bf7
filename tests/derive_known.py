"""Twelve derivations that are well known, each with the backward pass of a guide, a course or a paper.

A forward pass is one function in plain NumPy, as these write it; `lines` counts the statements of a
backward pass but its `return`.  Nothing here knows of the library.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import derivations_dense as dense
from . import derivations_norms as norms
from . import derivations_sequences as sequences
from .derivations import DERIVATIONS


@dataclass(frozen=True)
class Known:
    """A forward pass, the backward pass of a textbook, and where that is from."""

    name: str
    source: str
    forward: Callable[..., Any]
    backward: Callable[..., Any]
    inputs: dict[str, Any]
    wrt: tuple[str, ...]

    def __str__(self) -> str:
        return self.name


def lines(function: Any) -> int:
    """The statements of a function but its docstring and its `return`; the head of a loop is one."""
    source = function if isinstance(function, str) else textwrap.dedent(inspect.getsource(function))
    body = ast.parse(source).body[-1]
    counted = (n for n in ast.walk(body) if isinstance(n, ast.stmt) and n is not body)
    return sum(not isinstance(n, ast.Return) and not is_docstring(n) for n in counted)


def is_docstring(n: ast.stmt) -> bool:
    return isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


# The first guide


def guide_forward(X, y, W1, b1, W2, b2):
    Z1 = np.dot(X, W1) + b1
    A1 = sigmoid(Z1)
    Z2 = np.dot(A1, W2) + b2
    A2 = sigmoid(Z2)
    m = y.shape[0]
    loss = -np.sum(y * np.log(A2) + (1 - y) * np.log(1 - A2)) / m
    return loss


def guide_backward(X, y, W2, A1, A2, m):
    dZ2 = A2 - y
    dW2 = np.dot(A1.T, dZ2) / m
    db2 = np.sum(dZ2, axis=0, keepdims=True) / m
    dA1 = np.dot(dZ2, W2.T)
    dZ1 = dA1 * (A1 * (1 - A1))
    dW1 = np.dot(X.T, dZ1) / m
    db1 = np.sum(dZ1, axis=0, keepdims=True) / m
    return dW1, db1, dW2, db2


# The second guide: samples in columns, parameters in a dictionary


def second_forward(X, Y, parameters):
    W1 = parameters["W1"]
    b1 = parameters["b1"]
    W2 = parameters["W2"]
    b2 = parameters["b2"]
    Z1 = np.dot(W1, X) + b1
    A1 = sigmoid(Z1)
    Z2 = np.dot(W2, A1) + b2
    A2 = sigmoid(Z2)
    m = Y.shape[1]
    cost = -np.sum(np.multiply(np.log(A2), Y) + np.multiply(np.log(1 - A2), (1 - Y))) / m
    return np.squeeze(cost)


def second_backward(X, Y, W2, A1, A2, m):
    dZ2 = A2 - Y
    dW2 = np.dot(dZ2, A1.T) / m
    db2 = np.sum(dZ2, axis=1, keepdims=True) / m
    dZ1 = np.dot(W2.T, dZ2) * (A1 * (1 - A1))
    dW1 = np.dot(dZ1, X.T) / m
    db1 = np.sum(dZ1, axis=1, keepdims=True) / m
    return dW1, db1, dW2, db2


# Logistic regression with a penalty


def logistic_forward(X, y, w, b, lam):
    p = sigmoid(X @ w + b)
    n = len(y)
    return -np.sum(y * np.log(p) + (1 - y) * np.log(1 - p)) / n + lam / 2 * np.sum(w**2)


def logistic_backward(X, y, w, p, n, lam):
    dz = (p - y) / n
    dw = X.T @ dz + lam * w
    db = dz.sum()
    return dw, db


# A convolution by windows, as one product of matrices


def windows_forward(x, w, b, target):
    n = len(x)
    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape[2:], axis=(2, 3))
    out = np.einsum("nchwij,fcij->nfhw", windows, w) + b[:, None, None]
    return 0.5 * np.sum((out - target) ** 2) / n


def windows_backward(x, w, target, windows, out, n):
    dout = (out - target) / n
    db = dout.sum(axis=(0, 2, 3))
    dw = np.einsum("nfhw,nchwij->fcij", dout, windows)
    dwindows = np.einsum("nfhw,fcij->nchwij", dout, w)
    dx = np.zeros_like(x)
    for i in range(w.shape[2]):
        for j in range(w.shape[3]):
            dx[:, :, i : i + out.shape[2], j : j + out.shape[3]] += dwindows[..., i, j]
    return dx, dw, db


def drawn(seed: int, **shapes: tuple[int, ...]) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


def of_catalogue(name: str) -> dict[str, Any]:
    return dict(next(d.inputs for d in DERIVATIONS if d.name == name))


XOR = {"X": np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), "y": np.array([[0], [1], [1], [0]])}
WEIGHTS = drawn(42, W1=(2, 4), W2=(4, 1)) | {"b1": np.zeros((1, 4)), "b2": np.zeros((1, 1))}
COLUMNS = drawn(43, X=(3, 5), W1=(4, 3), b1=(4, 1), W2=(2, 4), b2=(2, 1))
PARAMETERS = {name: COLUMNS[name] for name in ("W1", "b1", "W2", "b2")}

KNOWN = [
    Known(
        "first guide", "The Art of Building a Neural Network from Scratch",
        guide_forward, guide_backward, XOR | WEIGHTS, ("W1", "b1", "W2", "b2"),
    ),
    Known(
        "second guide", "Creating a Neural Network from Scratch, its misprints corrected",
        second_forward, second_backward,
        {"X": COLUMNS["X"], "Y": np.array([[0, 1, 1, 0, 1], [1, 1, 0, 0, 0]]), "parameters": PARAMETERS},
        ("parameters",),
    ),
    Known(
        "softmax cross-entropy MLP", "Stanford CS231n, the case study of a two-layer network",
        dense.softmax_forward, dense.softmax_backward, of_catalogue("softmax cross-entropy"),
        ("W1", "b1", "W2", "b2"),
    ),
    Known(
        "MSE MLP", "Nielsen, Neural Networks and Deep Learning, chapter 2, in matrices",
        dense.squared_forward, dense.squared_backward, of_catalogue("mean squared error, square"),
        ("w1", "w2", "w3", "b1", "b2", "b3"),
    ),
    Known(
        "logistic regression with L2", "Murphy, Probabilistic Machine Learning, section 10.2",
        logistic_forward, logistic_backward,
        drawn(44, X=(6, 3), w=(3,)) | {"b": np.array(0.1), "y": np.array([0, 1, 1, 0, 1, 0]), "lam": 0.1},
        ("w", "b"),
    ),
    Known(
        "batch normalisation", "Ioffe and Szegedy 2015, the chain rule of section 3, simplified as in CS231n",
        norms.batch_forward, norms.batch_backward, of_catalogue("batch normalisation, compact"),
        ("x", "gamma", "beta"),
    ),
    Known(
        "layer normalisation", "Ba, Kiros and Hinton 2016, as in Karpathy's llm.c",
        norms.layer_forward, norms.layer_backward, of_catalogue("layer normalisation"),
        ("x", "weight", "bias", "proj"),
    ),
    Known(
        "attention", "Vaswani and others 2017, the softmax's Jacobian as in Goodfellow and others",
        sequences.attention_forward, sequences.attention_backward, of_catalogue("attention"),
        ("X", "Wq", "Wk", "Wv"),
    ),
    Known(
        "RNN", "Karpathy, min-char-rnn",
        sequences.rnn_forward, sequences.rnn_backward, of_catalogue("recurrent network"),
        ("Wxh", "Whh", "Why", "bh", "by"),
    ),
    Known(
        "LSTM cell", "Stanford CS231n, assignment 3",
        sequences.lstm_forward, sequences.lstm_backward, of_catalogue("LSTM"),
        ("x", "prev_h", "prev_c", "Wx", "Wh", "b"),
    ),
    Known(
        "convolution by windows", "Chellapilla, Puri and Simard 2006, windows as one product",
        windows_forward, windows_backward,
        drawn(45, x=(2, 3, 5, 4), w=(4, 3, 3, 2), b=(4,), target=(2, 4, 3, 3)), ("x", "w", "b"),
    ),
    Known(
        "embedding", "Bengio and others 2003, a mean of looked-up words under a softmax",
        sequences.embedding_forward, sequences.embedding_backward, of_catalogue("embedding"),
        ("E", "W", "b"),
    ),
]  # fmt: skip
