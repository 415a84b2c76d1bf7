"""PyTorch's steps, and ours, on the problem in cases_optim."""

from pathlib import Path

import numpy as np

from nn import Parameter
from tests import cases_optim as cases

with np.load(Path(__file__).parent / "reference" / "optim.npz") as file:
    REFERENCE = dict(file)


def leaves():
    return [Parameter(cases.W), Parameter(cases.B)]


def backward(parameters):
    for p in parameters:
        p.zero_grad()
    cases.loss(*parameters, cases.X, cases.Y).backward()


def moved(parameters, optimizer, steps=cases.STEPS):
    """The values of all parameters after each step."""
    path = []
    for _ in range(steps):
        backward(parameters)
        optimizer.step()
        path.append(np.concatenate([p.data.ravel() for p in parameters]))
    return np.array(path)


def names(table):
    """The rows of a table of names and options, as names for tests."""
    return [
        " ".join([name, *(f"{k}={called(v)}" for k, v in options.items())]) for name, options, *_ in table
    ]


def called(value):
    return getattr(value, "__name__", value)
