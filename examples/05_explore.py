"""Step through four computations in a browser: the XOR network, the same network with its source and the
verdicts on a wrong hand derivation of its gradients, a network made of modules, and a neuron whose weight
and bias can be changed.

    python examples/05_explore.py

writes xor.html, derivation.html, modules.html and neuron.html.  Open them, and press the right arrow key.
"""

import numpy as np

import nn
from autograd import Tensor, check, explore

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y = np.array([[0.0], [1.0], [1.0], [0.0]])
rng = np.random.default_rng(42)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


START = {
    "W1": rng.normal(size=(2, 4)),
    "b1": np.zeros((1, 4)),
    "W2": rng.normal(size=(4, 1)),
    "b2": np.zeros((1, 1)),
}


def xor():
    """A page about a network written as formulas.  Its arrays have the names of the variables here."""
    W1, b1, W2, b2 = (Tensor(values, requires_grad=True) for values in START.values())
    Z1 = X @ W1 + b1
    A1 = sigmoid(Z1)
    Z2 = A1 @ W2 + b2
    A2 = sigmoid(Z2)
    loss = -np.mean(y * np.log(A2) + (1 - y) * np.log(1 - A2))
    return explore(loss, "xor.html")


def forward(X, y, W1, b1, W2, b2):
    Z1 = X @ W1 + b1
    A1 = sigmoid(Z1)
    Z2 = A1 @ W2 + b2
    A2 = sigmoid(Z2)
    return -np.mean(y * np.log(A2) + (1 - y) * np.log(1 - A2))


def backward(X, y, W2, A1, A2):
    """Gradients derived by hand, with a mistake: half of the sigmoid's derivative is missing in dZ1."""
    dZ2 = (A2 - y) / len(y)
    dW2 = A1.T @ dZ2
    dA1 = dZ2 @ W2.T
    dZ1 = dA1 * A1
    dW1 = X.T @ dZ1
    return {"dW1": dW1, "dW2": dW2}


def modules():
    """A page about a network of modules.  Each module is a box that can be folded."""
    hidden = nn.Sequential(nn.Linear(2, 4, rng=0), nn.Sigmoid())
    model = nn.Sequential(hidden, nn.Linear(4, 1, rng=1), nn.Sigmoid())
    loss = nn.functional.binary_cross_entropy(model(X), y)
    return explore(loss, "modules.html")


def derivation():
    """A page about the function itself: its source is there, and the verdicts stand in its margin."""
    report = check.derivation(forward, backward, {"X": X, "y": y, **START})
    leaves = {name: Tensor(values, requires_grad=True) for name, values in START.items()}
    return explore(forward, {"X": X, "y": y, **leaves}, "derivation.html", report=report)


def neuron(x, target, w, b):
    z = w * x + b
    a = sigmoid(z)
    return (a - target) ** 2


def neurons():
    """A page on which the weight and the bias can be dragged; all numbers are the engine's own."""
    inputs = {
        "x": 1.5,
        "target": 0.8,
        "w": Tensor(0.5, requires_grad=True),
        "b": Tensor(0.0, requires_grad=True),
    }
    values = np.linspace(-3, 3, 25)
    return explore(neuron, inputs, "neuron.html", vary={"w": values, "b": values})


def main():
    print("This takes a few seconds.\n")
    for path in (xor(), derivation(), modules(), neurons()):
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB.  Open it in a browser.")
    print("Press the right arrow key.  In derivation.html, the backward steps show which line is wrong.")


if __name__ == "__main__":
    main()
