"""A misprinted derivation is mended, with the help of the reports, until it is right and trains.

A guide to neural networks, with one example in each column, was printed with garbled digits: 1 became 12
or 13, and some names have too many digits.  Its code cannot run.  With the names mended it is still wrong.
Each report names the first wrong line and what is wrong with it, until every line is right.
"""

import linecache

import numpy as np

from autograd import Tensor, check, explore

X = np.array([[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]])  # one example in each column
Y = np.array([[0.0, 1.0, 1.0, 0.0]])


def parameters(scale, hidden=4, seed=1):
    rng = np.random.default_rng(seed)
    return {
        "W1": rng.normal(size=(hidden, 2)) * scale,
        "b1": np.zeros((hidden, 1)),
        "W2": rng.normal(size=(1, hidden)) * scale,
        "b2": np.zeros((1, 1)),
    }


def sigmoid(Z):
    return 1 / (1 + np.exp(-Z))


def propagate(X, W1, b1, W2, b2):
    Z1 = W1 @ X + b1
    A1 = sigmoid(Z1)
    Z2 = W2 @ A1 + b2
    A2 = sigmoid(Z2)
    return Z1, A1, Z2, A2


def cost(X, Y, W1, b1, W2, b2):
    """The mean cross-entropy.  Where the guide has 13, it means 1, and its A3 is A2."""
    Z1, A1, Z2, A2 = propagate(X, W1, b1, W2, b2)  # backward takes A1
    return -np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / Y.shape[1]


# The backward pass with its names mended (W13 is W1, A23 is A2, dZ12 is dZ1), and its numbers as printed.
PRINTED = """\
def backward(X, Y, W2, A1, A2):
    m = X.shape[13]
    dZ2 = A2 - Y
    dW2 = dZ2 @ A1.T / m
    db2 = dZ2.sum(axis=13, keepdims=True) / m
    dZ1 = W2.T @ dZ2 * (A1 * (12 - A1))
    dW1 = dZ1 @ X.T / m
    db1 = dZ1.sum(axis=12, keepdims=True) / m
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
"""
MENDS = [  # the code that a report calls wrong, and the code that replaces it
    ("X.shape[13]", "X.shape[1]"),
    ("axis=13", "axis=1"),
    ("12 - A1", "1 - A1"),
    ("axis=12", "axis=1"),
]


def defined(source):
    """The function `backward` of a source text, whose lines tracebacks and reports can show."""
    filename = f"<backward {hash(source)}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    scope = {"np": np}
    exec(compile(source, filename, "exec"), scope)
    return scope["backward"]


def show(report, path):
    """Write a page about the network, with the verdicts of a report beside its arrays."""
    W1, b1, W2, b2 = (Tensor(value, requires_grad=True) for value in parameters(scale=1.0).values())
    Z1, A1, Z2, A2 = propagate(X, W1, b1, W2, b2)
    loss = -np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / Y.shape[1]
    explore(loss, path, report=report)


def train(backward, scale, epochs, rate=1.0):
    """The losses of gradient descent from weights of size `scale`, and the outputs at the end."""
    P, losses = parameters(scale), []
    for _ in range(epochs):
        _, A1, _, A2 = propagate(X, **P)
        losses.append(cost(X, Y, **P))
        gradients = backward(X, Y, P["W2"], A1, A2)
        P = {name: values - rate * gradients[f"d{name}"] for name, values in P.items()}
    return losses, propagate(X, **P)[-1]


def main(epochs=5000):
    print("This takes two seconds.\n")
    source, inputs = PRINTED, {"X": X, "Y": Y, **parameters(scale=1.0)}
    for right, (old, new) in enumerate([*MENDS, ("", "")]):
        report = check.derivation(cost, defined(source), inputs)
        if report.ok:
            print(f"after {right} mends:\n{report}\n")
            break
        if report.first:
            print(f"line {report.first.lineno}, {report.first.source}\n  {report.first.hint}")
            show(report, "03_misprint.html")
        for said in filter(None, [report.error, ", ".join(report.unmatched.values())]):
            print(f"  {said}")
        print(f"  so: {old}  ->  {new}\n")
        source = source.replace(old, new)
    print(f"{'epoch':>10}  weights x 0.01  weights x 1")
    small, large = (train(defined(source), scale, epochs) for scale in (0.01, 1.0))
    for epoch in range(0, epochs, max(1, epochs // 5)):
        print(f"{epoch:10}  {small[0][epoch]:14.4f}  {large[0][epoch]:11.4f}")
    for name, (_, outputs) in (("0.01", small), ("1", large)):
        print(f"outputs from weights x {name}: {np.array2string(outputs[0], precision=3)}, targets {Y[0]}")
    print("With weights x 0.01, all hidden neurons start alike, near the middle of the sigmoid.  The loss,")
    print("ln 2, is on a plateau: the gradient of W1 has about 0.01 of its usual size, and must grow first.")
    print("03_misprint.html shows the last misprint that was found, where it is in the network.")


if __name__ == "__main__":
    main()
