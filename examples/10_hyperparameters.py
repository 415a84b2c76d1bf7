"""A search over learning rate, batch size and depth: each combination is tried, in parallel with joblib.

Without arguments, the runs are spread over the cores of this machine.  On a cluster, start a Dask scheduler
and workers that have this library installed, and give the address of the scheduler:

    python 10_hyperparameters.py --cluster tcp://10.0.0.1:8786

The results are the same, because each run has its own seeds, even if a worker dies and others take over.
"""

import argparse
import itertools
import sys
import time

import numpy as np

import nn

try:
    import joblib
    from matplotlib.figure import Figure
    from sklearn.datasets import load_digits
except ImportError:
    sys.exit("This example needs more packages: pip install joblib scikit-learn matplotlib")

RATES = (0.003, 0.03, 0.3)
BATCH_SIZES = (16, 64, 256)
DEPTHS = (1, 2, 4)  # hidden layers


def network(depth, rng):
    layers, size = [], {"rng": rng, "dtype": np.float32}
    for n, m in itertools.pairwise([64] + depth * [32]):
        layers += [nn.Linear(n, m, **size), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(32, 10, **size))


def run(rate, batch_size, depth, epochs):
    """The combination, the validation accuracy in its best epoch, that epoch's number, and the seconds."""
    start = time.perf_counter()
    data = load_digits()
    x, y = data.data.astype(np.float32) / 16, data.target
    x, x_val, y, y_val = nn.train_test_split(x, y, test_size=0.3, stratify=y, rng=0)
    rng = np.random.default_rng(1)
    model = network(depth, rng)
    optimizer = nn.optim.SGD(model.parameters(), lr=rate, momentum=0.9)
    options = {"epochs": epochs, "batch_size": batch_size, "rng": rng, "metrics": [nn.accuracy]}
    try:
        history = nn.fit(model, nn.CrossEntropyLoss(), optimizer, (x, y), (x_val, y_val), **options)
    except nn.errors.TrainingError as error:  # the rate was too high
        history = error.history
    best = history.best if len(history) else 0
    accuracy = history[best]["validation_accuracy"] if len(history) else 0.0
    return (rate, batch_size, depth), accuracy, best + 1, time.perf_counter() - start


def all_runs(epochs, cluster):
    """The results by combination.  Each is printed when it arrives."""
    combinations = list(itertools.product(RATES, BATCH_SIZES, DEPTHS))
    tasks = [joblib.delayed(run)(*combination, epochs) for combination in combinations]
    found = {}
    with backend(cluster):
        for combination, *result in joblib.Parallel(return_as="generator_unordered")(tasks):
            found[combination] = result
            made_of = "lr {:<5}  batches of {:<3}  depth {}".format(*combination)
            came_of = "{:.1%} after epoch {}, {:.1f} s".format(*result)
            print(f"{len(found):2} of {len(tasks)}: {made_of}  {came_of}", flush=True)
    return found


def backend(cluster):
    """The place where joblib runs the tasks: processes on this machine, or the workers of a Dask cluster."""
    if cluster is None:
        return joblib.parallel_config("loky", n_jobs=-1, inner_max_num_threads=1)
    from distributed import Client  # pip install distributed

    Client(cluster)  # joblib uses the client that was made last
    return joblib.parallel_config("dask")


def draw(found, path):
    """Draw the accuracy by learning rate and batch size, in a panel for each depth."""
    figure = Figure((11, 3.6), layout="constrained")
    low = min(accuracy for accuracy, *_ in found.values())
    for ax, depth in zip(figure.subplots(1, len(DEPTHS)), DEPTHS, strict=True):
        table = np.array([[found[rate, size, depth][0] for rate in RATES] for size in BATCH_SIZES])
        image = ax.imshow(table, cmap="viridis", vmin=max(low, 0.8), vmax=1, aspect="auto")
        for (i, j), accuracy in np.ndenumerate(table):
            color = "black" if accuracy > 0.93 else "white"
            ax.text(j, i, f"{accuracy:.1%}", ha="center", va="center", color=color)
        ax.set_xticks(range(len(RATES)), RATES)
        ax.set_yticks(range(len(BATCH_SIZES)), BATCH_SIZES)
        ax.set(title=f"{depth} hidden layer{'s' * (depth > 1)}", xlabel="learning rate")
    figure.axes[0].set_ylabel("batch size")
    figure.colorbar(image, ax=figure.axes, label="validation accuracy", extend="min")
    figure.savefig(path, dpi=150)


def main(epochs=20, cluster=None):
    print(f"This takes about {epochs} seconds of both cores.\n", flush=True)
    start = time.perf_counter()
    found = all_runs(epochs, cluster)
    print("\nvalidation accuracy   " + "".join(f"{f'depth {depth}':>10}" for depth in DEPTHS))
    for rate, size in itertools.product(RATES, BATCH_SIZES):
        row = "".join(f"{found[rate, size, depth][0]:10.1%}" for depth in DEPTHS)
        print(f"lr {rate:<5} batch {size:<4}    {row}")
    (rate, size, depth), (accuracy, *_) = max(found.items(), key=lambda item: item[1][0])
    print(f"\nThe best is lr {rate}, batches of {size}, depth {depth}: {accuracy:.1%}")
    took, together = sum(result[2] for result in found.values()), time.perf_counter() - start
    print(f"{took:.0f} seconds of training in {together:.0f} seconds; look at 10_hyperparameters.png")
    draw(found, "10_hyperparameters.png")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cluster", metavar="ADDRESS", help="the address of a Dask scheduler")
    parser.add_argument("--epochs", type=int, default=20)
    arguments = parser.parse_args()
    main(arguments.epochs, arguments.cluster)
