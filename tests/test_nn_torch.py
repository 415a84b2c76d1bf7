"""Modules, functions and losses agree with PyTorch, forward and backward, to 1e-10 of the largest number.

The expected values were computed by PyTorch 2.13, in double precision, by reference/generate_layers.py,
for the rows in reference/layers.py.
"""

from pathlib import Path

import numpy as np
import pytest

import nn
import nn.functional as F  # noqa: N812  (PyTorch's customary name for it)
from autograd import Tensor

from .reference.layers import CONSTANTS, FUNCTIONS, LOSSES, MODULES, load

REFERENCE = load()
NAMES = {"nn": nn, "F": F} | CONSTANTS


def expected(name, kind):
    """The arrays kept for a row under one heading, by number or name."""
    prefix = f"{name}/{kind}/"
    return {key.removeprefix(prefix): value for key, value in REFERENCE.items() if key.startswith(prefix)}


def flat(outputs):
    if isinstance(outputs, Tensor):
        return [outputs]
    return [t for part in outputs if part is not None for t in flat(part)]


# PyTorch multiplies the gradient of this one by 1/6 in single precision, whatever the dtype.
TOLERANCE = {"Hardsigmoid()": 1e-7}


def assert_close(actual, value, tolerance=1e-10):
    assert actual.shape == value.shape
    atol = tolerance * max(1, np.max(np.abs(value), initial=0))
    np.testing.assert_allclose(actual, value, rtol=0, atol=atol)


def inputs_of(name):
    arrays = expected(name, "input").values()
    return [Tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays]


def hold(name, inputs, outputs):
    """Compare outputs, and the gradients of their sum weighted with the cotangents."""
    values, cotangents = expected(name, "output"), expected(name, "cotangent")
    assert len(outputs) == len(values)
    for y, value in zip(outputs, values.values(), strict=True):
        assert_close(y.data, value)
    sum((y * g).sum() for y, g in zip(outputs, cotangents.values(), strict=True)).backward()
    for i, gradient in expected(name, "grad").items():
        assert_close(inputs[int(i)].grad, gradient, TOLERANCE.get(name, 1e-10))


@pytest.mark.parametrize("name", MODULES)
def test_module(name):
    module = eval(MODULES[name][0], NAMES)
    before = expected(name, "before")
    assert list(module.state_dict()) == list(before)
    module.load_state_dict(before)
    inputs = inputs_of(name)
    hold(name, inputs, flat(module(*inputs)))
    slopes = expected(name, "slope")
    parameters = dict(module.named_parameters())
    assert list(parameters) == list(slopes)
    for key, parameter in parameters.items():
        assert_close(parameter.grad, slopes[key])
    for key, buffer in module.named_buffers():
        assert_close(buffer.data, expected(name, "after")[key])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function(name):
    inputs = inputs_of(name)
    hold(name, inputs, flat(eval(FUNCTIONS[name][0], NAMES | dict(zip("xyz", inputs, strict=False)))))


def test_hinge_loss_which_torch_lacks():
    p, t = Tensor([2.0, 0.5, 1.0, -0.5], requires_grad=True), np.array([1.0, 1.0, -1.0, -1.0])
    loss = F.hinge_loss(p, t, "none")
    np.testing.assert_array_equal(loss.data, [0, 0.5, 2, 0.5])
    loss.sum().backward()
    np.testing.assert_array_equal(p.grad, [0, -1, 1, 1])


def test_every_layer_and_loss_is_compared():
    """All modules except containers and modules whose functions are compared."""
    compared = " ".join(row[0] for row in (*MODULES.values(), *FUNCTIONS.values()))
    exempt = {"Module", "ModuleDict", "ModuleList", "Sequential", "HingeLoss"}
    exempt |= {module for module, *_ in LOSSES}
    modules = {n for n, v in vars(nn).items() if isinstance(v, type) and issubclass(v, nn.Module)} - exempt
    assert {n for n in modules if f"nn.{n}(" not in compared} == set()


# Weights move both ways


def test_a_state_saved_by_torch_gives_the_same_output(tmp_path):
    state = nn.load(Path(__file__).parent / "reference" / "convnet.safetensors")
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1, dtype=np.float32),
        nn.BatchNorm2d(4, dtype=np.float32),
        *(nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
        nn.Linear(64, 10, dtype=np.float32),
    ).eval()
    model.load_state_dict(state)
    y = model(REFERENCE["convnet/x"])
    assert y.dtype == np.float32
    np.testing.assert_allclose(y.data, REFERENCE["convnet/y"], rtol=1e-5, atol=1e-6)
    nn.save(model.state_dict(), tmp_path / "back.safetensors")
    back = nn.load(tmp_path / "back.safetensors")
    assert {k: (v.dtype, v.shape) for k, v in back.items()} == {
        k: (v.dtype, v.shape) for k, v in state.items()
    }
    for key, value in back.items():
        np.testing.assert_array_equal(value, state[key])
