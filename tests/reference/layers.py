"""The modules and functions that are compared with PyTorch, in expressions that both libraries understand.

Each row has a unique name, an expression in which `nn` and `F` are either library's, and the shapes of the
arguments, which are normally distributed unless a kind follows the shape.
"""

from __future__ import annotations

import json
from math import prod
from pathlib import Path

import numpy as np

FILE = Path(__file__).parent / "layers.npz"

# A module, and the shapes of its arguments.
MODULES = {
    "linear": ("nn.Linear(3, 2)", (4, 3)),
    "linear without bias": ("nn.Linear(3, 2, bias=False)", (2, 4, 3)),
    "conv1d": ("nn.Conv1d(4, 6, 3, stride=2, padding=1, dilation=2, groups=2)", (2, 4, 9)),
    "conv1d same": ("nn.Conv1d(2, 3, 4, padding='same', bias=False)", (2, 2, 7)),
    "conv2d": ("nn.Conv2d(3, 4, 3)", (2, 3, 6, 5)),
    "conv2d with options": (
        "nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2)",
        (2, 4, 7, 6),
    ),
    "conv2d depthwise": ("nn.Conv2d(4, 4, 3, padding='same', groups=4)", (2, 4, 5, 5)),
    "conv2d of one image": ("nn.Conv2d(3, 4, 3, stride=3)", (3, 8, 8)),
    "conv transpose 1d": ("nn.ConvTranspose1d(4, 6, 3, stride=2, padding=1, groups=2)", (2, 4, 5)),
    "conv transpose 2d": ("nn.ConvTranspose2d(3, 4, 3)", (2, 3, 4, 5)),
    "conv transpose 2d with options": (
        "nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2, dilation=2)",
        (2, 4, 3, 4),
    ),
    "max pool 1d": ("nn.MaxPool1d(3, stride=2, padding=1)", (2, 3, 9)),
    "max pool 2d": ("nn.MaxPool2d(2)", (2, 3, 7, 6)),
    "max pool 2d with options": ("nn.MaxPool2d((3, 2), stride=(2, 1), padding=1, dilation=2)", (2, 3, 8, 7)),
    "avg pool 1d": ("nn.AvgPool1d(3, stride=2, padding=1)", (2, 3, 9)),
    "avg pool 2d": ("nn.AvgPool2d((3, 2), stride=2, padding=1)", (2, 3, 7, 6)),
    "avg pool 2d without padding": (
        "nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False)",
        (2, 3, 7, 6),
    ),
    "embedding": ("nn.Embedding(5, 3, padding_idx=1)", (4, 2, "below 5")),
    "rnn": ("nn.RNN(3, 4)", (5, 2, 3)),
    "rnn relu": ("nn.RNN(3, 4, 2, 'relu', bidirectional=True, batch_first=True)", (2, 5, 3), (4, 2, 4)),
    "lstm": ("nn.LSTM(3, 4, num_layers=2, bidirectional=True)", (5, 2, 3)),
    "lstm without bias": ("nn.LSTM(3, 4, bias=False, batch_first=True)", (2, 5, 3)),
    "lstm of one sequence": ("nn.LSTM(3, 4)", (5, 3)),
    "gru": ("nn.GRU(3, 4, num_layers=2, bidirectional=True)", (5, 2, 3), (4, 2, 4)),
    "gru batch first": ("nn.GRU(3, 4, batch_first=True)", (2, 5, 3)),
    "attention": ("nn.MultiheadAttention(6, 2)", (4, 2, 6), (5, 2, 6), (5, 2, 6)),
    "attention without bias": (
        "nn.MultiheadAttention(6, 3, bias=False, batch_first=True)",
        *((2, 4, 6), (2, 5, 6), (2, 5, 6)),
    ),
    "transformer": ("nn.TransformerEncoderLayer(6, 2, 8, dropout=0.0)", (4, 2, 6)),
    "transformer norm first": (
        "nn.TransformerEncoderLayer(6, 3, 8, 0.0, 'gelu', batch_first=True, norm_first=True)",
        (2, 4, 6),
    ),
    "transformer in evaluation": ("nn.TransformerEncoderLayer(6, 2, 8, bias=False).eval()", (4, 2, 6)),
    "batch norm 1d": ("nn.BatchNorm1d(3)", (6, 3)),
    "batch norm 1d of sequences": ("nn.BatchNorm1d(3, momentum=None)", (4, 3, 5)),
    "batch norm 1d in evaluation": ("nn.BatchNorm1d(3).eval()", (6, 3)),
    "batch norm 2d": ("nn.BatchNorm2d(3, eps=0.1, momentum=0.3)", (4, 3, 2, 5)),
    "batch norm 2d without parameters": (
        "nn.BatchNorm2d(3, affine=False, track_running_stats=False)",
        (4, 3, 2, 5),
    ),
    "layer norm": ("nn.LayerNorm((3, 4))", (2, 3, 4)),
    "layer norm without bias": ("nn.LayerNorm(4, bias=False)", (2, 3, 4)),
    "group norm": ("nn.GroupNorm(2, 6)", (3, 6, 4)),
    "rms norm": ("nn.RMSNorm(4)", (2, 3, 4)),
    "dropout in evaluation": ("nn.Dropout(0.5).eval()", (3, 4)),
    "flatten": ("nn.Flatten()", (2, 3, 4)),
    "flatten some": ("nn.Flatten(0, 1)", (2, 3, 4)),
    "prelu": ("nn.PReLU(3)", (4, 3, 5)),
    "glu": ("nn.GLU(1)", (3, 4, 2)),
    "softmax": ("nn.Softmax(1)", (3, 4, 2)),
    "log softmax": ("nn.LogSoftmax(-1)", (3, 4)),
} | {
    activation: (f"nn.{activation}", (6, 5, "wide"))
    for activation in [
        *("CELU(0.5)", "ELU(0.5)", "GELU()", "GELU(approximate='tanh')", "Hardshrink()", "Hardsigmoid()"),
        *("Hardswish()", "Hardtanh(-2.0, 1.5)", "Identity()", "LeakyReLU(0.2)", "LogSigmoid()", "Mish()"),
        *("ReLU()", "ReLU6()", "SELU()", "SiLU()", "Sigmoid()", "Softplus()", "Softshrink(0.3)"),
        *("Softsign()", "Tanh()", "Tanhshrink()", "Threshold(0.5, 2.0)"),
    ]
}

# A loss, as a module and as a function, its options, and the shapes of its arguments.
LOSSES = [
    ("MSELoss", "mse_loss", "", (4, 3), (4, 3)),
    ("L1Loss", "l1_loss", "", (4, 3), (4, 3)),
    ("HuberLoss", "huber_loss", ", delta=0.7", (4, 3), (4, 3)),
    ("SmoothL1Loss", "smooth_l1_loss", ", beta=0.7", (4, 3), (4, 3)),
    ("BCELoss", "binary_cross_entropy", "", (4, 3, "probability"), (4, 3, "probability")),
    ("BCEWithLogitsLoss", "binary_cross_entropy_with_logits", "", (4, 3), (4, 3, "probability")),
    ("KLDivLoss", "kl_div", "", (4, 3), (4, 3, "probability")),
    ("KLDivLoss", "kl_div", ", log_target=True", (4, 3), (4, 3)),
    ("HingeEmbeddingLoss", "hinge_embedding_loss", ", margin=0.5", (4, 3), (4, 3, "sign")),
    ("CrossEntropyLoss", "cross_entropy", "", (5, 4), (5, "below 4")),
    ("CrossEntropyLoss", "cross_entropy", ", weight=w, ignore_index=2", (5, 4), (5, "below 4")),
    (
        *("CrossEntropyLoss", "cross_entropy", ", weight=w, ignore_index=2, label_smoothing=0.2"),
        *((5, 4, 3), (5, 3, "below 4")),
    ),
    (
        *("CrossEntropyLoss", "cross_entropy", ", weight=w, label_smoothing=0.2"),
        *((5, 4), (5, 4, "distribution")),
    ),
    ("CrossEntropyLoss", "cross_entropy", "", (4,), ("below 4",)),
    ("NLLLoss", "nll_loss", ", weight=w, ignore_index=2", (5, 4, 3), (5, 3, "below 4")),
    ("MultiMarginLoss", "multi_margin_loss", ", p=2, margin=0.8, weight=w", (5, 4), (5, "below 4")),
]

# A function of the arguments x, y, ..., and their shapes.
FUNCTIONS = {
    f"{name}{options} {reduction}": (f"F.{name}(x, y, reduction='{reduction}'{options})", *shapes)
    for _, name, options, *shapes in LOSSES
    for reduction in ("mean", "sum", "none")
} | {
    "kl_div batchmean": ("F.kl_div(x, y, reduction='batchmean')", (4, 3), (4, 3, "probability")),
    "attention causal": (
        "F.scaled_dot_product_attention(x, y, z, is_causal=True)",
        *((2, 4, 3), (2, 4, 3), (2, 4, 5)),
    ),
    "attention with a mask": (
        "F.scaled_dot_product_attention(x, y, z, m, scale=0.3)",
        *((2, 4, 3), (2, 5, 3), (2, 5, 2)),
    ),
}
CONSTANTS = {
    "w": np.array([1.0, 0.5, 2.0, 0.25]),
    "m": np.tri(4, 5, dtype=bool),
}


def drawn(shape, rng):
    """An array of a shape, of the kind that follows it."""
    *shape, kind = shape if isinstance(shape[-1], str) else (*shape, "normal")
    if kind.startswith("below"):
        return rng.integers(0, int(kind.split()[1]), shape)
    return {
        "normal": lambda: rng.normal(size=shape),
        "wide": lambda: rng.uniform(-5, 5, shape),
        "probability": lambda: rng.uniform(0.05, 0.95, shape),
        "sign": lambda: rng.choice([-1.0, 1.0], shape),
        "distribution": lambda: rng.dirichlet(np.ones(shape[1]), shape[0]),
    }[kind]()


# Most arrays are so small that separate files would be larger than the numbers: one file holds all.


def save(arrays):
    """Keep arrays of float64 and of integers, by name."""
    shapes = {name: [a.dtype.str, *a.shape] for name, a in arrays.items()}
    values = np.concatenate([np.ravel(a).astype(float) for a in arrays.values()])
    np.savez_compressed(FILE, shapes=np.frombuffer(json.dumps(shapes).encode(), np.uint8), values=values)


def load():
    """The arrays that `save` has kept."""
    with np.load(FILE) as file:
        shapes, values = json.loads(file["shapes"].tobytes()), file["values"]
    arrays, start = {}, 0
    for name, (dtype, *shape) in shapes.items():
        arrays[name] = values[start : start + prod(shape)].reshape(shape).astype(dtype)
        start += prod(shape)
    return arrays
