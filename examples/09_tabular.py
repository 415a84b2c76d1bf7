"""Regression on a table: the progress of diabetes after a year, from ten measurements of a patient.

The columns have different units, with sizes from 0.1 to 300, and a network learns badly from such numbers.
Standardised columns, (x - mean) / deviation, are alike.  The mean and the deviation come from the training
set alone.  They are a part of the model, so they are saved with its weights.  With 442 patients, linear
regression is hard to beat.

Data: Efron et al., Least Angle Regression (2004), in the original units, bundled with scikit-learn.
"""

import sys

import numpy as np

import nn
from autograd import Tensor

try:
    from sklearn.datasets import load_diabetes
except ImportError:
    sys.exit("This example needs one more package: pip install scikit-learn")

FOLDS = 4


class Standardize(nn.Module):
    """(x - mean) / deviation, column by column.  Mean and deviation are buffers, without a gradient."""

    def __init__(self, x):
        self.mean, self.deviation = Tensor(x.mean(axis=0)), Tensor(x.std(axis=0))

    def forward(self, x):
        return (x - self.mean) / self.deviation


class Scale(Standardize):
    """mean + deviation x, column by column: the inverse, for the outputs of the network."""

    def forward(self, x):
        return self.mean + self.deviation * x


def network(before, after, columns):
    rng = np.random.default_rng(0)
    first, last = nn.Linear(columns, 16, rng=rng), nn.Linear(16, 1, rng=rng)
    return nn.Sequential(before, first, nn.Tanh(), nn.Dropout(0.2, rng=rng), last, after)


def root_mean_square(prediction, target):
    return np.sqrt(np.mean((prediction - target) ** 2))


def explained(prediction, target):
    """R^2, the part of the variance that is explained: 0 for the mean, 1 for a perfect prediction."""
    return 1 - root_mean_square(prediction, target) ** 2 / target.var()


def train(model, x, y, epochs):
    """The history of training; a fifth of the rows is a validation set, for early stopping."""
    x, x_val, y, y_val = nn.train_test_split(x, y, test_size=0.2, rng=1)
    optimizer = nn.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.1)
    validation = (x_val, y_val)
    return nn.fit(model, nn.MSELoss(), optimizer, (x, y), validation, epochs=epochs, patience=30, rng=2)


def regression(x, y, x_test):
    """The predictions of linear regression by least squares."""
    with_ones = np.column_stack([x, np.ones(len(x))])
    return np.column_stack([x_test, np.ones(len(x_test))]) @ np.linalg.lstsq(with_ones, y)[0]


def main(epochs=200, folds=FOLDS):
    print("This takes about ten seconds.\n")
    data = load_diabetes(scaled=False)
    x, y = data.data, data.target[:, None]
    print(f"{len(x)} patients, {x.shape[1]} columns:")
    for name, column in zip(data.feature_names, x.T, strict=True):
        print(f"  {name:4} from {column.min():7.2f} to {column.max():7.2f}, mean {column.mean():7.2f}")
    print(f"target: the progress after a year, from {y.min():.0f} to {y.max():.0f}, mean {y.mean():.0f}\n")
    answers = {
        "the mean": [],
        "linear regression": [],
        "network, as they are": [],
        "network, standardised": [],
    }
    parts = np.array_split(np.random.default_rng(0).permutation(len(x)), FOLDS)[:folds]
    for number, rows in enumerate(parts, start=1):
        others = np.setdiff1d(np.arange(len(x)), rows)
        known, target, unknown = x[others], y[others], x[rows]
        raw = network(nn.Identity(), nn.Identity(), x.shape[1])
        standardised = network(Standardize(known), Scale(target), x.shape[1])
        histories = [train(model, known, target, epochs) for model in (raw, standardised)]
        print(f"fold {number}: {' and '.join(str(len(h)) for h in histories)} epochs")
        answers["the mean"].append(np.full((len(rows), 1), target.mean()))
        answers["linear regression"].append(regression(known, target, unknown))
        answers["network, as they are"].append(raw.eval()(unknown).data)
        answers["network, standardised"].append(standardised.eval()(unknown).data)
    truth = y[np.concatenate(parts)]
    print(f"\nOn the {len(truth)} patients, each unknown to its model   root mean square error      R^2")
    for name, found in answers.items():
        found = np.concatenate(found)
        print(f"{name:24} {root_mean_square(found, truth):46.1f} {explained(found, truth):8.3f}")
    print(
        "\nLook at R^2, the share of the spread that is explained.  The standardised network is about as good"
    )
    print("as a straight line, and the network on the columns as they are is worse.")


if __name__ == "__main__":
    main()
