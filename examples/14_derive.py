"""The right backward pass, written by the library: as NumPy source, as mathematics, and held by the checker.

Four functions as a course writes them, each in plain NumPy.  `derive` runs each once, and writes its
backward pass in the function's own names; `check.derivation` then judges that like anybody's.
"""

import numpy as np

from autograd import check, derive

rng = np.random.default_rng(14)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def network(X, y, W1, b1, W2, b2):
    """The guide's two layers, and its cross-entropy."""
    Z1 = np.dot(X, W1) + b1
    A1 = sigmoid(Z1)
    Z2 = np.dot(A1, W2) + b2
    A2 = sigmoid(Z2)
    m = y.shape[0]
    return -np.sum(y * np.log(A2) + (1 - y) * np.log(1 - A2)) / m


def softmax_regression(X, labels, W, b):
    z = X @ W + b
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    n = len(labels)
    return -np.sum(np.log(p[np.arange(n), labels])) / n


def batch_norm(x, gamma, beta, target):
    mean = x.mean(axis=0)
    std = np.sqrt(x.var(axis=0) + 1e-5)
    xhat = (x - mean) / std
    y = gamma * xhat + beta
    return np.mean((y - target) ** 2)


def recurrent(xs, Wx, Wh, b, target):
    h = np.zeros((len(target), len(Wh)))
    for t in range(len(xs)):
        a = xs[t] @ Wx + h @ Wh + b
        h = np.tanh(a)
    return np.sum((h - target) ** 2) / 2


def drawn(**shapes):
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


XOR = {"X": np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), "y": np.array([[0], [1], [1], [0]])}
CASES = {
    network: (XOR | drawn(W1=(2, 4), b1=(1, 4), W2=(4, 1), b2=(1, 1)), ["W1", "b1", "W2", "b2"]),
    softmax_regression: (
        drawn(X=(6, 3), W=(3, 4), b=(4,)) | {"labels": np.array([0, 3, 1, 1, 2, 0])},
        ["W", "b"],
    ),
    batch_norm: (drawn(x=(8, 3), gamma=(3,), beta=(3,), target=(8, 3)), ["x", "gamma", "beta"]),
    recurrent: (drawn(xs=(20, 5, 2), Wx=(2, 3), Wh=(3, 3), b=(3,), target=(5, 3)), ["Wx", "Wh", "b"]),
}


def main():
    print("This takes three seconds.\n")
    for f, (inputs, wrt) in CASES.items():
        derivation = derive(f, inputs, wrt)
        report = check.derivation(f, derivation.backward, inputs)
        print(f"{f.__name__}\n\n{derivation}\n\n{derivation.latex}\n")
        print(f"check.derivation: {'right' if report.ok else report}\n")
    print(next(step for step in derive(network, *CASES[network]).steps if step.name == "dZ2"))
    print("\nLook at the last lines of each function: what cancels is gone, as in a textbook.")


if __name__ == "__main__":
    main()
