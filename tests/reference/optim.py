"""Write optim.npz: PyTorch 2.13's results for tests/cases_optim.py, in float64.

From the root of a checkout, with PyTorch installed:  python -m tests.reference.optim
"""

from pathlib import Path

import numpy as np
import torch
from torch.optim import lr_scheduler

from tests import cases_optim as cases

PATH = Path(__file__).with_suffix(".npz")


def leaves():
    return [torch.tensor(values, requires_grad=True) for values in (cases.W, cases.B)]


def backward(w, b):
    cases.loss(w, b, torch.tensor(cases.X), torch.tensor(cases.Y)).backward()


def run(name, parameters, optimizer):
    """The values of all parameters after each step, and the optimizer's state after the last."""
    path = []
    for _ in range(cases.STEPS):
        optimizer.zero_grad()
        backward(*parameters)
        optimizer.step()
        path.append(np.concatenate([p.detach().numpy().ravel() for p in parameters]))
    yield name, np.array(path)
    for i, state in optimizer.state_dict()["state"].items():
        yield from (
            (f"{name}/{i}/{key}", np.array(value)) for key, value in state.items() if value is not None
        )


def optimizers():
    for i, (name, options) in enumerate(cases.OPTIMIZERS):
        parameters = leaves()
        yield from run(f"optimizer {i}", parameters, getattr(torch.optim, name)(parameters, **options))
    for i, (name, options, *own) in enumerate(cases.GROUPS):
        parameters = leaves()
        groups = [{"params": [p], **o} for p, o in zip(parameters, own, strict=True)]
        yield from run(f"groups {i}", parameters, getattr(torch.optim, name)(groups, **options))


def rates(make, metrics=()):
    """The rates of two groups, and the parameters, over the epochs of a schedule."""
    parameters = leaves()
    optimizer = torch.optim.SGD(
        [{"params": p, "lr": lr} for p, lr in zip(parameters, (0.1, 1.0), strict=True)]
    )
    schedule = make(optimizer)
    found, path = [], []
    for epoch in range(cases.STEPS):
        found.append([group["lr"] for group in optimizer.param_groups])
        optimizer.zero_grad()
        backward(*parameters)
        optimizer.step()
        path.append(np.concatenate([p.detach().numpy().ravel() for p in parameters]))
        schedule.step(*metrics[epoch : epoch + 1])
    return np.hstack([found, path])


def sequence(optimizer):
    parts = [getattr(lr_scheduler, name)(optimizer, **options) for name, options in cases.SEQUENCE]
    return lr_scheduler.SequentialLR(optimizer, parts, cases.MILESTONES)


def schedules():
    for i, (name, options) in enumerate(cases.SCHEDULES):
        yield f"schedule {i}", rates(lambda o, n=name, k=options: getattr(lr_scheduler, n)(o, **k))
    yield "sequence", rates(sequence)
    for i, options in enumerate(cases.PLATEAUS):
        yield f"plateau {i}", rates(lambda o, k=options: lr_scheduler.ReduceLROnPlateau(o, **k), cases.LOSSES)


def clipped(clip):
    parameters = leaves()
    backward(*parameters)
    norm = clip(parameters)
    gradients = np.concatenate([p.grad.numpy().ravel() for p in parameters])
    return gradients if norm is None else np.append(gradients, norm)


def clips():
    for i, limits in enumerate(cases.CLIPS):
        yield f"clip {i}", clipped(lambda p, k=limits: torch.nn.utils.clip_grad_norm_(p, *k))
    yield "clip value", clipped(lambda p: torch.nn.utils.clip_grad_value_(p, cases.CLIP_VALUE))


if __name__ == "__main__":
    np.savez_compressed(PATH, **dict([*optimizers(), *schedules(), *clips()]))
