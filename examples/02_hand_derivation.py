"""A backward pass derived by hand, compared line by line with the gradients of the engine.

First comes the right backward pass of the XOR network, then the same with one of five classic mistakes at
a time.  Each line is judged by itself: a line that follows correctly from a wrong line is not to blame.
Pages show where in the network each mistake is.
"""

import inspect
import linecache

import numpy as np

from autograd import Tensor, check, explore

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
y = np.array([[0], [1], [1], [0]])
RNG = np.random.default_rng(42)
INPUTS = {
    "X": X,
    "y": y,
    "W1": RNG.normal(size=(2, 4)),
    "b1": np.zeros((1, 4)),
    "W2": RNG.normal(size=(4, 1)),
    "b2": np.zeros((1, 1)),
}


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def layers(X, W1, b1, W2, b2):
    Z1 = X @ W1 + b1
    A1 = sigmoid(Z1)
    Z2 = A1 @ W2 + b2
    A2 = sigmoid(Z2)
    return Z1, A1, Z2, A2


def forward(X, y, W1, b1, W2, b2):
    """The loss, which is the mean cross-entropy.  `backward` can use the variables of these two."""
    Z1, A1, Z2, A2 = layers(X, W1, b1, W2, b2)
    return -np.sum(y * np.log(A2) + (1 - y) * np.log(1 - A2)) / len(y)


def backward(X, y, W2, A1, A2):
    """The gradients by the chain rule on paper; d<name> is the gradient with respect to <name>."""
    m = len(X)
    dZ2 = A2 - y
    dW2 = A1.T @ dZ2 / m
    db2 = dZ2.sum(axis=0, keepdims=True) / m
    dA1 = dZ2 @ W2.T
    dZ1 = dA1 * A1 * (1 - A1)
    dW1 = X.T @ dZ1 / m
    db1 = dZ1.sum(axis=0, keepdims=True) / m
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}


MISTAKES = [  # the name of the mistake, the right code, and the wrong code in its place
    ("the difference the wrong way round", "dZ2 = A2 - y", "dZ2 = y - A2"),
    ("the mean forgotten", "dW2 = A1.T @ dZ2 / m", "dW2 = A1.T @ dZ2"),
    ("half of the sigmoid's derivative", "dA1 * A1 * (1 - A1)", "dA1 * A1"),
    ("the gradient before the activation, not after it", "X.T @ dZ1", "X.T @ dA1"),
    ("an axis lost", "dZ1.sum(axis=0, keepdims=True)", "dZ1.sum(axis=0)"),
]


def with_mistake(right, wrong):
    """The backward pass with `right` replaced by `wrong`, as a function with its own source."""
    source = inspect.getsource(backward).replace(right, wrong)
    filename = f"<{wrong}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    scope = {"np": np}
    exec(compile(source, filename, "exec"), scope)
    return scope["backward"]


def show(report, path):
    """Write a page about the network, with the verdicts of a report beside its arrays."""
    W1, b1, W2, b2 = (Tensor(INPUTS[name], requires_grad=True) for name in ("W1", "b1", "W2", "b2"))
    Z1, A1, Z2, A2 = layers(X, W1, b1, W2, b2)
    loss = -np.sum(y * np.log(A2) + (1 - y) * np.log(1 - A2)) / len(y)
    explore(loss, path, report=report)


def main():
    print("This takes a second.\n")
    print("As it is:", check.derivation(forward, backward, INPUTS), sep="\n")
    for number, (what, right, wrong) in enumerate(MISTAKES, 1):
        report = check.derivation(forward, with_mistake(right, wrong), INPUTS)
        print(f"\n--- {what}: {report.first.source}")
        print(f"{report.first.name} is {report.first.verdict}: {report.first.kind}\n{report.first.hint}")
        inherits = [line.name for line in report.lines if line.verdict == "inherits"]
        print(f"wrong only because of it: {', '.join(inherits) or 'nothing'}")
        show(report, f"02_mistake_{number}.html")
    name = report.first.name
    print(f"\nAsked for more about {name}, level by level:\n{report.hint(name, level=3)}")
    print("\nOpen 02_mistake_3.html, and step to the end: it shows where the mistake is, and what it spoils.")


if __name__ == "__main__":
    main()
