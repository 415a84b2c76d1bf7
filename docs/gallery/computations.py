"""A dozen computations, small enough that all their numbers can be seen.

Each function returns what is shown, names for its arrays, and the report on a derivation, if there is one.
"""

import numpy as np

import nn
from autograd import Tensor, check, scope, softmax

NAMED = (Tensor, np.ndarray)


def parameter(*shape, seed=0):
    return Tensor(np.random.default_rng(seed).normal(size=shape).round(2), requires_grad=True)


def shown(output, variables, report=None):
    """What is shown, with the names of a function's variables."""
    return output, {n: v for n, v in variables.items() if isinstance(v, NAMED)}, report


def product():
    a, b = Tensor([1.0, 2.0], requires_grad=True), Tensor([3.0, 4.0], requires_grad=True)
    c = a * b
    total = c.sum()
    return shown(total, locals())


def diamond():
    a = Tensor(1.0, requires_grad=True)
    b = a + a
    c = b + b
    return shown(c, locals())


def broadcasting():
    X = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    row, column = parameter(2), parameter(3, 1, seed=1)
    scaled = X * row
    moved = scaled + column
    loss = np.mean(moved**2)
    return shown(loss, locals())


X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y = np.array([[0.0], [1.0], [1.0], [0.0]])


def guide():
    W1, b1, W2, b2 = parameter(2, 3), parameter(3, seed=1), parameter(3, 1, seed=2), parameter(1, seed=3)
    Z1 = X @ W1 + b1
    A1 = 1 / (1 + np.exp(-Z1))
    Z2 = A1 @ W2 + b2
    A2 = 1 / (1 + np.exp(-Z2))
    loss = -np.mean(y * np.log(A2) + (1 - y) * np.log(1 - A2))
    return shown(loss, {"X": X, "y": y, **locals()})


def forward(X, y, W1, W2):
    Z1 = X @ W1
    A1 = np.tanh(Z1)
    Z2 = A1 @ W2
    return np.mean((Z2 - y) ** 2)


def backward(X, y, W2, A1, Z2):
    dZ2 = 2 * (Z2 - y) / len(y)
    dW2 = A1.T @ dZ2
    dA1 = dZ2 @ W2.T
    dZ1 = dA1 * A1 * (1 - A1)
    dW1 = X.T @ dZ1
    return dW1, dW2


def mistake():
    W1, W2 = parameter(2, 3), parameter(3, 1, seed=2)
    report = check.derivation(forward, backward, {"X": X, "y": y, "W1": W1.data, "W2": W2.data})
    Z1 = X @ W1
    A1 = np.tanh(Z1)
    Z2 = A1 @ W2
    loss = np.mean((Z2 - y) ** 2)
    return shown(loss, {"X": X, "y": y, **locals()}, report)


def classifier():
    scores = parameter(3, 4)
    labels = np.array([0, 3, 1])
    p = softmax(scores, axis=1)
    chosen = p[np.arange(3), labels]
    loss = -np.mean(np.log(chosen))
    return shown(loss, locals())


def normalisation():
    x, gamma, beta = parameter(4, 3), parameter(3, seed=1), parameter(3, seed=2)
    mean = x.mean(axis=0)
    centred = x - mean
    variance = (centred**2).mean(axis=0)
    xhat = centred / np.sqrt(variance + 1e-5)
    out = gamma * xhat + beta
    loss = np.sum(out**2)
    return shown(loss, locals())


def attention():
    x = parameter(3, 4)
    with scope("attention"):
        q, k, v = (x @ parameter(4, 2, seed=i) for i in (1, 2, 3))
        weights = softmax(q @ k.T / np.sqrt(2), axis=1)
        out = weights @ v
    loss = out.sum()
    return shown(loss, locals())


def recurrent():
    W, U = parameter(2, 3), parameter(3, 3, seed=1)
    h = np.zeros((1, 3))
    for step in range(4):
        with scope(f"step {step}"):
            h = np.tanh(parameter(1, 2, seed=10 + step).data @ W + h @ U)
    loss = (h**2).sum()
    return shown(loss, {"W": W, "U": U, "loss": loss})


def gated():
    x, h, c = parameter(1, 2).data, parameter(1, 3, seed=1).data, parameter(1, 3, seed=2).data
    W, U = parameter(2, 12, seed=3), parameter(3, 12, seed=4)
    i, f, g, o = np.split(x @ W + h @ U, 4, axis=1)
    cell = c / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
    state = np.tanh(cell) / (1 + np.exp(-o))
    loss = state.sum()
    return shown(loss, locals())


def convolution():
    image = parameter(1, 1, 5, 5).data
    model = nn.Sequential(nn.Conv2d(1, 2, 3, rng=0), nn.ReLU(), nn.MaxPool2d(3))
    loss = model(image).sum()
    return shown(loss, {"image": image, "weight": model[0].weight, "loss": loss})


class Block(nn.Module):
    def __init__(self, seed):
        self.inner = nn.Linear(4, 4, rng=seed)

    def forward(self, x):
        return x + np.tanh(self.inner(x))


def residual():
    x = parameter(2, 4).data
    model = nn.Sequential(
        nn.Linear(4, 4, rng=1), *(Block(seed) for seed in range(12)), nn.Linear(4, 1, rng=2)
    )
    loss = model(x).sum()
    return shown(loss, {"x": x, "loss": loss})


def second_order():
    x = Tensor(2.0, requires_grad=True)
    y = x**3
    y.backward(create_graph=True)
    slope = x.grad
    square = slope * slope
    return shown(square, {"x": x, "y": y, "slope": slope, "square": square})


COMPUTATIONS = {
    "product": ("The life of a number", product),
    "diamond": ("Two ways, twice", diamond),
    "broadcasting": ("A row and a column", broadcasting),
    "guide": ("The network of a guide", guide),
    "mistake": ("A derivation with a mistake", mistake),
    "classifier": ("Softmax and cross-entropy", classifier),
    "normalisation": ("Batch normalisation", normalisation),
    "attention": ("Attention", attention),
    "recurrent": ("A recurrent network", recurrent),
    "gated": ("An LSTM cell", gated),
    "convolution": ("A convolution", convolution),
    "residual": ("Twelve residual blocks", residual),
    "second_order": ("A derivative of a derivative", second_order),
}
