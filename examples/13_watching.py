"""Watching a network train: gradients that vanish and explode, and the boundary that it learns.

Two spirals wind around each other, and a network of six layers learns to tell them apart.  How well it
learns depends on the activation and the initial weights: they make the gradient of each layer smaller or
larger than the gradient of the next layer.  The table shows these gradients, and the result of training:
where they vanish, the network learns little in a hundred epochs.  The pictures show the gradients layer by
layer, and the boundary between the spirals during training.
"""

import math
import sys
from itertools import pairwise

import numpy as np

import nn
from nn import init

try:
    from nn import plots
except ImportError:
    sys.exit("This example needs one more package: pip install matplotlib")

WIDTH, HIDDEN = 32, 5


def spirals(n=200):
    """n points on each of two spirals that wind around each other one and a half times: (2n, 2), (2n, 1)."""
    rng = np.random.default_rng(0)
    turn = np.sqrt(rng.uniform(0.02, 1, (2, n))) * 3 * math.pi
    side = np.array([[0.0], [math.pi]])
    x = np.stack([turn * np.cos(turn + side), turn * np.sin(turn + side)], axis=-1) / (3 * math.pi)
    return (x + rng.normal(scale=0.015, size=x.shape)).reshape(-1, 2), np.repeat([[0.0], [1.0]], n, axis=0)


# name: the activation, and the function that initialises the weights of the layers before it
STARTS = {
    "sigmoid, small": (nn.Sigmoid, lambda w, rng: init.normal_(w, 0, 0.1, rng=rng)),
    "sigmoid, Xavier": (nn.Sigmoid, lambda w, rng: init.xavier_uniform_(w, rng=rng)),
    "ReLU, large": (nn.ReLU, lambda w, rng: init.normal_(w, 0, 1, rng=rng)),
    "ReLU, Kaiming": (nn.ReLU, lambda w, rng: init.kaiming_normal_(w, nonlinearity="relu", rng=rng)),
}


def network(activation, draw):
    rng = np.random.default_rng(1)
    sizes = [2] + HIDDEN * [WIDTH]
    layers = [m for n, k in pairwise(sizes) for m in (nn.Linear(n, k, rng=rng), activation())]
    for linear in layers[::2]:
        draw(linear.weight, rng)
        init.zeros_(linear.bias)
    return nn.Sequential(*layers, nn.Linear(WIDTH, 1, rng=rng))


def gradients_by_layer(model, loss, x, y):
    """The root mean square of the gradient of each layer's weight, from the first to the last."""
    loss(model(x), y).backward()
    sizes = [float(np.sqrt(np.mean(p.grad**2))) for p in model.parameters() if p.ndim == 2]
    model.zero_grad()
    return sizes


def right(logits, y):
    return np.mean((logits.data > 0) == y)


def main(epochs=100):
    print(f"This takes about {epochs / 4:.0f} seconds.\n")
    (x, y), loss = spirals(), nn.BCEWithLogitsLoss()
    print("                    gradient of the weight of layer, before training         after training")
    print("first weights      " + "".join(f"{i + 1:9}" for i in range(HIDDEN + 1)) + "      loss    right")
    for name, (activation, draw) in STARTS.items():
        model = network(activation, draw)
        sizes = "".join(f"{size:9.1e}" for size in gradients_by_layer(model, loss, x, y))
        plots.layer_histograms(model, loss, x, y, f"13_{name.replace(', ', '_')}.png")
        frames = plots.BoundaryFrames(x, y, threshold=0, every=math.ceil(epochs / 30))
        optimizer, metrics = nn.optim.Adam(model.parameters(), lr=3e-3), {"right": right}
        nn.fit(model, loss, optimizer, (x, y), epochs=epochs, callbacks=[frames], rng=2)
        last = nn.evaluate(model, loss, (x, y), metrics)
        print(f"{name:19}{sizes}{last['loss']:10.4f}{last['right']:9.1%}")
    frames.save("13_boundary.gif")
    print("\n13_*.png show the activations and gradients before training, with a row for each layer.")
    print("From bottom to top, vanishing gradients move to the left, and exploding ones to the right.")
    print("13_boundary.gif shows the boundary that the last network learns, epoch by epoch.")


if __name__ == "__main__":
    main()
