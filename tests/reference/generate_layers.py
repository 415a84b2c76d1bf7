"""Write layers.npz and convnet.safetensors: PyTorch's results for the rows in layers.py.

Run it with `python -m tests.reference.generate_layers`, with PyTorch 2.13 and safetensors installed.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from tests.reference.layers import CONSTANTS, FUNCTIONS, MODULES, drawn, save

HERE = Path(__file__).parent
NAMES = {"nn": torch.nn, "F": torch.nn.functional} | {k: torch.tensor(v) for k, v in CONSTANTS.items()}


def flat(outputs):
    """The tensors in a module's result, in order."""
    if isinstance(outputs, torch.Tensor):
        return [outputs]
    return [t for part in outputs if part is not None for t in flat(part)]


def tensors(shapes, rng):
    arrays = [drawn(shape, rng) for shape in shapes]
    return arrays, [torch.tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays]


def record(out, name, arrays, inputs, outputs, rng):
    """Keep the inputs and outputs of a call, and the gradients of a weighted sum of the outputs."""
    cotangents = [rng.normal(size=tuple(y.shape)) for y in outputs]
    sum((y * torch.tensor(g)).sum() for y, g in zip(outputs, cotangents, strict=True)).backward()
    for i, (a, t) in enumerate(zip(arrays, inputs, strict=True)):
        out[f"{name}/input/{i}"] = a
        if t.grad is not None:
            out[f"{name}/grad/{i}"] = t.grad.numpy()
    for i, (y, g) in enumerate(zip(outputs, cotangents, strict=True)):
        out[f"{name}/output/{i}"], out[f"{name}/cotangent/{i}"] = y.detach().numpy(), g


def of_module(out, name, expression, shapes, rng):
    module = eval(expression, NAMES)
    with torch.no_grad():
        for tensor in module.state_dict().values():  # no parameter is 0 or 1, and no running mean is
            if tensor.dtype.is_floating_point:
                tensor.copy_(torch.tensor(rng.uniform(0.25, 1, tuple(tensor.shape))) * (1 - 2 * (tensor < 0)))
    for key, tensor in module.state_dict().items():
        out[f"{name}/before/{key}"] = tensor.numpy().copy()
    arrays, inputs = tensors(shapes, rng)
    record(out, name, arrays, inputs, flat(module(*inputs)), rng)
    for key, parameter in module.named_parameters():
        out[f"{name}/slope/{key}"] = parameter.grad.numpy()
    for key, buffer in module.named_buffers():
        out[f"{name}/after/{key}"] = buffer.numpy()


def of_function(out, name, expression, shapes, rng):
    arrays, inputs = tensors(shapes, rng)
    if any(a.dtype.kind != "f" for a in arrays[1:]) or "below" in str(shapes):
        inputs[1] = torch.tensor(arrays[1])
    outputs = flat(eval(expression, NAMES | dict(zip("xyz", inputs, strict=False))))
    record(out, name, arrays, inputs, outputs, rng)


def convolutional():
    """A small network in single precision, saved as safetensors, and its output for an input."""
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float32)
    nn = torch.nn
    model = nn.Sequential(
        *(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
        nn.Linear(64, 10),
    )
    model(torch.randn(16, 1, 8, 8))
    model.eval()
    x = torch.randn(3, 1, 8, 8)
    save_file(model.state_dict(), HERE / "convnet.safetensors")
    return {"convnet/x": x.numpy(), "convnet/y": model(x).detach().numpy()}


if __name__ == "__main__":
    assert torch.__version__.startswith("2.13"), torch.__version__
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    rng, out = np.random.default_rng(0), {}
    for name, (expression, *shapes) in MODULES.items():
        of_module(out, name, expression, shapes, rng)
    for name, (expression, *shapes) in FUNCTIONS.items():
        of_function(out, name, expression, shapes, rng)
    save(out | convolutional())
