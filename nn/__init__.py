"""Neural networks on `autograd`: modules, layers, losses and optimizers, under PyTorch's names.

>>> import numpy as np
>>> import nn
>>> model = nn.Sequential(nn.Linear(2, 4, rng=0), nn.Sigmoid(), nn.Linear(4, 1, rng=1), nn.Sigmoid())
>>> optimizer = nn.optim.SGD(model.parameters(), lr=1.0)
>>> x = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
>>> y = np.array([[0], [1], [1], [0]])
>>> for _ in range(2000):
...     optimizer.zero_grad()
...     loss = nn.functional.binary_cross_entropy(model(x), y)
...     loss.backward()
...     optimizer.step()
>>> model(x).data.round().T
array([[0., 1., 1., 0.]])
"""

from . import errors, functional, optim
from .layers import (
    ELU,
    GELU,
    Identity,
    LeakyReLU,
    Linear,
    LogSoftmax,
    ReLU,
    Sequential,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
from .losses import BCELoss, BCEWithLogitsLoss, MSELoss
from .module import Module, Parameter

__all__ = [
    "ELU",
    "GELU",
    "BCELoss",
    "BCEWithLogitsLoss",
    "Identity",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "MSELoss",
    "Module",
    "Parameter",
    "ReLU",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
    "errors",
    "functional",
    "optim",
]
