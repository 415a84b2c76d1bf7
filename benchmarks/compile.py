"""The XOR step compiled, against the compilers of others, where they are installed.

`pip install torch jax numba tangent-ad` first, or some of them.  All train the first guide's network by
gradient descent on four samples in float64, with cross-entropy of the output's logits; the yardstick is
the hand-written step of `step.py`.
"""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
from step import RATE, X, by_hand, compiled, descend, initial, with_nn, with_operators_and_methods, y
from timing import in_turns


def with_torch(as_it_is=True):
    import torch

    torch.set_num_threads(1)
    inputs, targets = (torch.tensor(a, dtype=torch.float64) for a in (X, y))
    W1, b1, W2, b2 = weights = [torch.tensor(w, requires_grad=True) for w in initial()]

    def loss():
        logits = torch.sigmoid(inputs @ W1 + b1) @ W2 + b2
        return torch.nn.functional.binary_cross_entropy_with_logits(logits, targets)

    f = loss if as_it_is else torch.compile(loss)

    def step():
        for w in weights:
            w.grad = None
        f().backward()
        with torch.no_grad():
            for w in weights:
                w -= RATE * w.grad

    return step


def with_jax():
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    inputs, targets = jnp.asarray(X, float), jnp.asarray(y, float)

    def loss(weights):
        W1, b1, W2, b2 = weights
        z = jax.nn.sigmoid(inputs @ W1 + b1) @ W2 + b2
        return jnp.mean(jnp.maximum(z, 0) - z * targets + jnp.log1p(jnp.exp(-jnp.abs(z))))

    @jax.jit
    def update(weights):
        return [w - RATE * g for w, g in zip(weights, jax.grad(loss)(weights), strict=True)]

    weights = [jnp.asarray(w) for w in initial()]

    def step():
        nonlocal weights
        weights = update(weights)
        weights[-1].block_until_ready()

    return step


def network_loss(W1, b1, W2, b2, inputs, targets):
    """The loss in the words that Tangent reads: its source is what is differentiated."""
    A1 = 1.0 / (1.0 + np.exp(-(np.dot(inputs, W1) + b1)))
    z = np.dot(A1, W2) + b2
    return np.mean(np.log(1.0 + np.exp(z)) - z * targets)


def with_tangent():
    import tangent.utils

    tangent.utils.autograd = None  # it looks for another package of this name, whose arrays it knows
    gradients = tangent.grad(network_loss, wrt=(0, 1, 2, 3))
    inputs, targets = X.astype(float), y.astype(float)
    weights = initial()

    def step():
        descend(weights, gradients(*weights, inputs, targets))

    return step


def contenders():
    found = {
        "by hand, in NumPy": by_hand(),
        "nn, cross-entropy of logits": with_nn(logits=True),
        "the same, compiled": compiled(with_nn(logits=True)),
        "operators, compiled": compiled(with_operators_and_methods()),
    }
    if find_spec("numba"):
        found["operators, compiled by Numba"] = compiled(with_operators_and_methods(), backend="numba")
    if find_spec("torch"):
        found["PyTorch, eager"] = with_torch()
        found["torch.compile"] = with_torch(as_it_is=False)
    if find_spec("jax"):
        found["jax.jit"] = with_jax()
    if find_spec("tangent"):
        found["Tangent"] = with_tangent()
    return found


if __name__ == "__main__":
    steps = contenders()
    for step in steps.values():
        for _ in range(20):
            step()
    print("| | µs | ratio |\n|---|---|---|")
    for name, (t, ratio) in in_turns(steps, calls=200, turns=31).items():
        print(f"| {name} | {t * 1e6:.1f} | {ratio:.2f} |")
