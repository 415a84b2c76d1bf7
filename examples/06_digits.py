"""A feed-forward network classifies handwritten digits, with three ways to reduce overfitting.

The network has 64 inputs, two hidden layers and 10 classes, and learns from only 400 images.  So it fits
the training set perfectly, while the loss on the validation set rises again.  The example compares the
network as it is, an L2 penalty, dropout, and early stopping, which keeps the weights of the best epoch.

Data: the optical recognition of handwritten digits data set, 8 x 8 pixels, bundled with scikit-learn.
"""

import argparse
import sys

import numpy as np

import nn

try:
    from matplotlib.figure import Figure
    from sklearn.datasets import load_digits
except ImportError:
    sys.exit("This example needs more packages: pip install scikit-learn matplotlib")


def digits():
    """The images as rows of 64 numbers from 0 to 1, in three parts: training, validation, test."""
    data = load_digits()
    x, y = data.data.astype(np.float32) / 16, data.target
    x, x_test, y, y_test = nn.train_test_split(x, y, test_size=0.5, stratify=y, rng=0)
    x, x_val, y, y_val = nn.train_test_split(x, y, test_size=len(y) - 400, stratify=y, rng=1)
    return (x, y), (x_val, y_val), (x_test, y_test)


def network(dropout):
    rng = np.random.default_rng(0)  # the same initial weights in all runs
    size = {"rng": rng, "dtype": np.float32}
    return nn.Sequential(
        nn.Linear(64, 128, **size),
        nn.ReLU(),
        nn.Dropout(dropout, rng=2),
        nn.Linear(128, 128, **size),
        nn.ReLU(),
        nn.Dropout(dropout, rng=3),
        nn.Linear(128, 10, **size),
    )


# name: the strength of the L2 penalty, the probability of dropout, and whether to keep the best weights
RUNS = {
    "as it is": (0.0, 0.0, False),
    "L2 penalty": (2e-3, 0.0, False),
    "dropout": (0.0, 0.5, False),
    "early stopping": (0.0, 0.0, True),
}


def train(penalty, dropout, keep_best, epochs):
    """The trained network and its history."""
    training, validation, _ = digits()
    model, cross_entropy = network(dropout), nn.CrossEntropyLoss()
    weights = [p for name, p in model.named_parameters() if name.endswith("weight")]

    def loss(prediction, target):
        penalized = penalty and model.training  # the validation loss is without the penalty
        extra = penalty * nn.functional.l2_penalty(weights) if penalized else 0
        return cross_entropy(prediction, target) + extra

    history = nn.fit(
        model,
        loss,
        nn.optim.Adam(model.parameters(), lr=2e-3),
        training,
        validation,
        epochs=epochs,
        metrics=[nn.accuracy],
        patience=10 if keep_best else None,
        keep_best=keep_best,
        rng=4,
    )
    return model, history


def draw(histories, path):
    """Plot the validation loss and accuracy of all runs, and the training loss as fainter, dotted lines."""
    figure = Figure((11, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for i, (name, history) in enumerate(histories.items()):
        epochs = range(1, len(history) + 1)
        left.plot(epochs, history.column("validation_loss"), f"C{i}", label=name)
        left.plot(epochs, history.column("loss"), f"C{i}", alpha=0.4, ls=":")
        right.plot(epochs, history.column("validation_accuracy"), f"C{i}", label=name)
    left.set(xlabel="epoch", ylabel="loss: validation, and training dotted", yscale="log")
    right.set(xlabel="epoch", ylabel="validation accuracy", ylim=(0.85, 1))
    left.legend()
    figure.savefig(path, dpi=150)


def main(epochs=80):
    histories, (_, _, test) = {}, digits()
    print(f"This takes about {epochs / 5:.0f} seconds.\n")
    print("                  epochs   training loss   validation loss: best    last   test accuracy")
    for name, (penalty, dropout, keep_best) in RUNS.items():
        model, history = train(penalty, dropout, keep_best, epochs)
        histories[name] = history
        right = nn.evaluate(model, nn.CrossEntropyLoss(), test, [nn.accuracy])["accuracy"]
        best = min(history.column("validation_loss"))
        last = history[-1]
        print(
            f"{name:16} {len(history):7} {last['loss']:15.4f} {best:23.4f} {last['validation_loss']:7.4f}"
            f" {right:15.1%}"
        )
    draw(histories, "06_digits.png")
    print(
        "\n06_digits.png has the curves of the four runs.  Compare the best loss with the last: as it is, the"
    )
    print("network is best early, and grows worse while its training loss falls.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=80)
    main(parser.parse_args().epochs)
