"""Optimizers and schedules with their options, to be compared with PyTorch's of the same names."""

from __future__ import annotations

import numpy as np

STEPS = 20
DECAY = {"weight_decay": 0.1}
OPTIMIZERS = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, **DECAY}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.5, **DECAY}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, **DECAY}),
    ("Adagrad", {"lr": 0.1}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.2, "initial_accumulator_value": 0.3, "eps": 0.01, **DECAY}),
    ("RMSprop", {"lr": 0.01}),
    ("RMSprop", {"lr": 0.01, "alpha": 0.9, "eps": 0.01, **DECAY}),
    ("RMSprop", {"lr": 0.01, "momentum": 0.9}),
    ("RMSprop", {"lr": 0.01, "centered": True}),
    ("RMSprop", {"lr": 0.01, "centered": True, "momentum": 0.5, **DECAY}),
    ("Adam", {}),
    ("Adam", {"lr": 0.1, "betas": (0.8, 0.95), "eps": 0.01, **DECAY}),
    ("Adam", {"lr": 0.1, "amsgrad": True}),
    ("AdamW", {}),
    ("AdamW", {"lr": 0.1, **DECAY}),
    ("AdamW", {"lr": 0.1, "amsgrad": True, **DECAY}),
]
GROUPS = [  # the options of all parameters, of the weight, and of the bias
    ("SGD", {"lr": 0.1, "momentum": 0.9}, {}, {"lr": 0.01, "momentum": 0.0}),
    ("AdamW", {"lr": 0.1}, {"weight_decay": 0.5}, {"weight_decay": 0.0, "betas": (0.5, 0.9)}),
]
SCHEDULES = [
    ("StepLR", {"step_size": 3, "gamma": 0.5}),
    ("MultiStepLR", {"milestones": [2, 7, 7, 12], "gamma": 0.5}),
    ("ExponentialLR", {"gamma": 0.9}),
    ("LinearLR", {}),
    ("LinearLR", {"start_factor": 0.1, "end_factor": 0.8, "total_iters": 7}),
    ("CosineAnnealingLR", {"T_max": 20}),
    ("CosineAnnealingLR", {"T_max": 6, "eta_min": 0.01}),
    ("LambdaLR", {"lr_lambda": lambda t: 1 / (1 + t)}),
]
SEQUENCE = [  # the schedules in sequence, and the epoch from which each applies
    ("LinearLR", {"start_factor": 0.1, "total_iters": 5}),
    ("CosineAnnealingLR", {"T_max": 9}),
    ("ExponentialLR", {"gamma": 0.5}),
]
MILESTONES = [5, 14]
PLATEAUS = [
    {"factor": 0.5, "patience": 1},
    {"factor": 0.5, "patience": 0, "cooldown": 2, "min_lr": 0.02},
    {"factor": 0.3, "patience": 1, "threshold": 0.2},
    {"factor": 0.3, "patience": 1, "threshold": 0.2, "threshold_mode": "abs"},
    {"factor": 0.3, "patience": 1, "mode": "max", "threshold": 0.1},
    {"factor": 0.3, "patience": 1, "mode": "max", "threshold": 0.1, "threshold_mode": "abs"},
    {"factor": 0.5, "patience": 0, "eps": 0.03},
]
CLIPS = [(0.5, 2.0), (0.5, 1.0), (0.1, np.inf), (0.1, 3.0), (1e6, 2.0)]  # max_norm, norm_type
CLIP_VALUE = 0.05

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(8, 3)), RNG.normal(size=(8, 2))
W, B = RNG.normal(size=(2, 3)), RNG.normal(size=2)
LOSSES = (1 + RNG.normal(size=STEPS).cumsum() ** 2 / np.arange(1, STEPS + 1)).tolist()


def loss(w, b, x, y):
    """The mean squared error of a layer with tanh, for arrays, Tensors or PyTorch's tensors."""
    e = (x @ w.T + b) * 0.5
    d = e / (1 + e * e) - y
    return (d * d).mean()
