"""The right derivations are right, by numerical derivatives of their forward passes."""

import ast
import inspect
from functools import cache

import numpy as np
import pytest

from autograd import Tensor

from . import oracles
from .derivations import DERIVATIONS, run

# The complex step rounds some dozens of times, and so do the derivations.
TOLERANCE = 1e-12

over_derivations = pytest.mark.parametrize("derivation", DERIVATIONS, ids=str)


def close(actual, expected):
    return np.shape(actual) == np.shape(expected) and (
        oracles.largest(actual - expected) <= TOLERANCE * oracles.largest(expected)
    )


@over_derivations
def test_final_gradients(derivation):
    """Each gradient of an input is right, and none is zero everywhere."""
    inputs, final = derivation.inputs, derivation.final(derivation.gradients())
    assert len(final) >= 3
    for name, actual in final.items():
        loss = lambda a, k=name[1:]: derivation.forward(**{**inputs, k: a})  # noqa: E731
        expected, _ = oracles.gradient(oracles.complex_step, loss, [inputs[name[1:]]], 1.0, 0)
        assert close(actual, expected), name
        assert oracles.largest(actual) > 1e-3, name


class Nudges(ast.NodeTransformer):
    """After each assignment of an array to `name`, this adds `_nudge(name)` to its value."""

    def visit_Assign(self, node):
        names = [n.id for t in node.targets for n in ast.walk(t) if isinstance(n, ast.Name)]
        lines = [f"{name} = _nudge({name!r}, {name})" for name in names]
        return [node, *ast.parse("\n".join(lines)).body]


@cache
def nudged(module):
    """The code of a module of derivations, in which `_nudge` is called on each value assigned to a name."""
    tree = Nudges().visit(ast.parse(inspect.getsource(module)))
    return compile(ast.fix_missing_locations(tree), module.__file__, "exec")


def with_nudge(forward, nudge):
    """The forward pass, with its values nudged."""
    module = inspect.getmodule(forward)
    scope = {**vars(module), "_nudge": nudge}
    exec(nudged(module), scope)
    return scope[forward.__name__]


def gradients_of_values(derivation, name):
    """The gradient of the loss with respect to each value that is assigned to `name` in the forward pass."""
    values = []

    def seen(key, value):
        if key == name:
            values.append(value)
        return value

    with_nudge(derivation.forward, seen)(**derivation.inputs)
    return [gradient_of_value(derivation, name, i, value) for i, value in enumerate(values)]


def gradient_of_value(derivation, name, i, value):
    def loss(step):
        count = iter(range(100))
        moved = with_nudge(derivation.forward, lambda k, v: v + step if k == name and next(count) == i else v)
        return moved(**derivation.inputs)

    return oracles.gradient(oracles.complex_step, loss, [np.zeros(np.shape(value))], 1.0, 0)[0]


@over_derivations
def test_intermediate_gradients(derivation):
    """Each `d<name>` is a documented constant times the gradient of a value that `name` has had."""
    named = derivation.gradients()
    final = derivation.final(named)
    assert set(derivation.scaled) | set(derivation.partial) <= set(named)
    for name, actual in named.items():
        if name not in final and name not in derivation.partial:
            constant = derivation.scaled.get(name, 1)
            expected = gradients_of_values(derivation, name[1:])
            assert any(close(actual, constant * g) for g in expected), name


@over_derivations
def test_forward_runs_on_tensors(derivation):
    """The engine agrees with the derivation, so that each can be compared with the other."""
    floats = {k for k, v in derivation.inputs.items() if np.asarray(v).dtype == float}
    inputs = {k: Tensor(v, requires_grad=True) if k in floats else v for k, v in derivation.inputs.items()}
    derivation.forward(**inputs).backward()
    for name, actual in derivation.final(derivation.gradients()).items():
        assert close(actual, inputs[name[1:]].grad), name


def test_variables_of_helper_functions_are_known():
    steps = next(d for d in DERIVATIONS if d.name == "batch normalisation, step by step")
    found, loss = run(steps.forward, steps.inputs)
    assert {"x", "xhat", "out", "mu", "ivar"} <= set(found)
    assert loss == steps.forward(**steps.inputs)
