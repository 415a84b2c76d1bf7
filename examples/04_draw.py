"""Pictures of two graphs: the XOR network written as formulas, and a model of many modules.

The options of `draw` say what is drawn, and in how much detail.  The XOR network is also printed as text,
and one gradient is explained as a sum over paths.
"""

from pathlib import Path

import numpy as np

import nn
from autograd import Graph, Tensor, draw, explain, sigmoid

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y = np.array([[0.0], [1.0], [1.0], [0.0]])


class Block(nn.Module):
    """x + tanh(W x + b)."""

    def __init__(self, n, rng):
        self.inner, self.act = nn.Linear(n, n, rng=rng), nn.Tanh()

    def forward(self, x):
        return x + self.act(self.inner(x))


def xor():
    """The loss of a network written as formulas, and its tensors by their names."""
    rng = np.random.RandomState(42)
    W1, b1 = Tensor(rng.randn(2, 4), requires_grad=True), Tensor(np.zeros((1, 4)), requires_grad=True)
    W2, b2 = Tensor(rng.randn(4, 1), requires_grad=True), Tensor(np.zeros((1, 1)), requires_grad=True)
    Z1 = X @ W1 + b1
    A1 = sigmoid(Z1)
    Z2 = A1 @ W2 + b2
    A2 = sigmoid(Z2)
    loss = -np.mean(y * np.log(A2) + (1 - y) * np.log(1 - A2))
    return loss, {
        "W1": W1,
        "b1": b1,
        "W2": W2,
        "b2": b2,
        "Z1": Z1,
        "A1": A1,
        "Z2": Z2,
        "A2": A2,
        "loss": loss,
    }


def main(folder="pictures", blocks=12):
    print("This takes a second.\n")
    folder = Path(folder)
    folder.mkdir(exist_ok=True)

    loss, names = xor()
    draw(loss, folder / "xor.svg", names=names)
    draw(loss, folder / "xor_numbers.svg", names=names, values=True, gradients=True)
    draw(loss, folder / "xor_backward.svg", names=names, backward=True)
    print("The XOR network as text:\n")
    print(Graph.of(loss, names).listing())
    print("\nWhy the gradient of one weight is what it is:\n")
    print(explain(loss, names["W2"], (0, 0), most=1, names=names))

    rng = np.random.default_rng(0)
    model = nn.Sequential(
        nn.Linear(2, 8, rng=rng), *(Block(8, rng) for _ in range(blocks)), nn.Linear(8, 1, rng=rng)
    )
    loss = nn.BCEWithLogitsLoss()(model(X), y)
    whole = draw(loss, folder / "model.svg")  # the blocks are drawn once, with a count
    short = draw(loss, folder / "model_folded.svg", depth=0)
    every = draw(loss, folder / "model_all.svg", limit=None)
    print(f"\nA model of {blocks} blocks, {len(Graph.of(loss))} arrays:")
    for name, picture in (("model", whole), ("model_folded", short), ("model_all", every)):
        print(f"  {name + '.svg':18}{picture.source.count('->'):4} arrows")
    print(
        f"\nThe pictures are in the folder {folder.name}.  Compare model.svg, in which the blocks are drawn"
    )
    print("once, with model_all.svg, in which they are drawn one by one.")


if __name__ == "__main__":
    main()
