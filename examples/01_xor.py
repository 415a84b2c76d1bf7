"""A network with 2 inputs, 4 hidden neurons and 1 output learns XOR, in three ways with the same results:

1. formulas in plain NumPy, called with Tensors, which the engine differentiates;
2. modules and an optimizer of nn;
3. the same formulas, called with arrays, and a backward pass derived by hand.
"""

import numpy as np

import nn
from autograd import Tensor, draw, no_grad

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y = np.array([[0.0], [1.0], [1.0], [0.0]])
np.random.seed(42)
START = [np.random.randn(2, 4), np.zeros((1, 4)), np.random.randn(4, 1), np.zeros((1, 1))]  # W1, b1, W2, b2
RATE = 0.1


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def forward(W1, b1, W2, b2):
    Z1 = X @ W1 + b1
    A1 = sigmoid(Z1)
    Z2 = A1 @ W2 + b2
    return Z1, A1, Z2, sigmoid(Z2)


def cross_entropy(p):
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


def by_formulas():
    parameters = [Tensor(values, requires_grad=True) for values in START]
    while True:
        p = forward(*parameters)[-1]
        loss = cross_entropy(p)
        yield loss.item(), p.data
        loss.backward()
        with no_grad():
            for parameter in parameters:
                parameter -= RATE * parameter.grad
                parameter.zero_grad()


def by_modules():
    model = nn.Sequential(nn.Linear(2, 4), nn.Sigmoid(), nn.Linear(4, 1), nn.Sigmoid())
    W1, b1, W2, b2 = START  # a Linear has a weight of shape (outputs, inputs), and a bias of shape (outputs,)
    with no_grad():
        for parameter, values in zip(model.parameters(), (W1.T, b1[0], W2.T, b2[0]), strict=True):
            parameter[...] = values
    loss_of, optimizer = nn.BCELoss(), nn.optim.SGD(model.parameters(), lr=RATE)
    while True:
        p = model(X)
        loss = loss_of(p, y)
        yield loss.item(), p.data
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def by_hand():
    parameters = [values.copy() for values in START]
    while True:
        p = forward(*parameters)[-1]
        yield cross_entropy(p), p
        _, dW2, db2, _, _, dW1, db1 = derived_by_hand(*parameters)
        for parameter, gradient in zip(parameters, (dW1, db1, dW2, db2), strict=True):
            parameter -= RATE * gradient


def derived_by_hand(W1, b1, W2, b2):
    """The gradients by the chain rule on paper.  dZ2, dA1 and dZ1 lack the factor 1/m of the mean."""
    _, A1, _, p = forward(W1, b1, W2, b2)
    dZ2 = p - y  # p (1 - p), the sigmoid's derivative, cancels the cross-entropy's denominator
    dW2, db2 = A1.T @ dZ2 / len(X), dZ2.mean(axis=0, keepdims=True)
    dA1 = dZ2 @ W2.T
    dZ1 = dA1 * A1 * (1 - A1)
    dW1, db1 = X.T @ dZ1 / len(X), dZ1.mean(axis=0, keepdims=True)
    return dZ2, dW2, db2, dA1, dZ1, dW1, db1


def derived_by_engine(W1, b1, W2, b2):
    """The same gradients by one backward pass.  Only leaves keep a gradient, so we add leaves of zeros."""
    at_Z1, at_A1, at_Z2 = (Tensor(np.zeros((4, n)), requires_grad=True) for n in (4, 4, 1))
    A1 = sigmoid(X @ W1 + b1 + at_Z1) + at_A1
    cross_entropy(sigmoid(A1 @ W2 + b2 + at_Z2)).backward()
    return [place.grad for place in (at_Z2, W2, b2, at_A1, at_Z1, W1, b1)]


def main(epochs=10_000):
    print("This takes three seconds.\n")
    print("loss at epoch   formulas    modules    by hand")
    apart = 0.0
    for epoch, *ways in zip(range(epochs + 1), by_formulas(), by_modules(), by_hand(), strict=False):
        losses, predictions = zip(*ways, strict=True)
        apart = max(apart, np.ptp(losses))
        if epoch % 1000 == 0:
            print(f"{epoch:13}", *(f"{loss:10.4f}" for loss in losses))
    for row, *outputs in zip(X, *predictions, strict=True):
        print(f"output of {row[0]:.0f}, {row[1]:.0f}", *(f"{output.item():9.4f}" for output in outputs))
    print(f"largest difference of two losses in the same epoch: {apart:.1e}\n")
    print("gradient  shape      by hand     engine  (largest element)   largest relative difference")
    labels = ("dZ2 / m", "dW2", "db2", "dA1 / m", "dZ1 / m", "dW1", "db1")
    leaves = [Tensor(values, requires_grad=True) for values in START]
    for label, hand, found in zip(labels, derived_by_hand(*START), derived_by_engine(*leaves), strict=True):
        hand = hand / len(X) if "/" in label else hand
        top, relative = np.abs(hand).argmax(), np.abs(found / hand - 1).max()
        print(f"{label:9} {hand.shape!s:6} {hand.flat[top]:10.6f} {found.flat[top]:10.6f} {relative:28.1e}")
    names = ("W1", "b1", "W2", "b2", "Z1", "A1", "Z2", "A2")
    tensors = dict(zip(names, (*leaves, *forward(*leaves)), strict=True))
    loss = cross_entropy(tensors["A2"])
    draw(loss, "xor.svg", names=tensors)
    print("\nxor.svg is a picture of the loss and everything that it is computed from.")
    print("The last column of the table is to be looked at: the gradients by hand are those of the engine.")


if __name__ == "__main__":
    main()
