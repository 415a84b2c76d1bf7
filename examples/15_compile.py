"""A step of training, compiled: the same numbers in a fraction of the time.

`autograd.compile(step)` watches a step while it runs, and writes down the NumPy calls that its forward
pass, its backward pass and its update came down to.  From then on those are all that is run.
"""

import importlib.util
import time
import warnings

import numpy as np

import nn
from autograd import compile

X = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
y = np.array([[0.0], [1], [1], [0]])


def xor_step():
    """A step on XOR: the first guide's network, as a model; and the model."""
    model = nn.Sequential(nn.Linear(2, 4, rng=1), nn.Sigmoid(), nn.Linear(4, 1, rng=2))
    optimizer = nn.optim.SGD(model.parameters(), lr=1.0)

    def step():
        optimizer.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(model(X), y)
        loss.backward()
        optimizer.step()
        return loss

    return step, model


def equal(one, other):
    """Whether two models have the same weights, bit for bit."""
    return all(np.array_equal(a, other.state_dict()[name]) for name, a in one.state_dict().items())


def microseconds(step, calls):
    start = time.perf_counter()
    for _ in range(calls):
        step()
    return (time.perf_counter() - start) / calls * 1e6


def regression(compiled):
    """A model with dropout and batch norm, trained by `nn.fit` with Adam and a schedule."""
    x = np.random.default_rng(0).normal(size=(256, 4))
    first, last = nn.Linear(4, 16, rng=0), nn.Linear(16, 1, rng=2)
    model = nn.Sequential(first, nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.1, rng=1), last)
    optimizer = nn.optim.Adam(model.parameters(), lr=0.01)
    schedule = nn.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
    data = x, np.sin(x.sum(axis=1, keepdims=True))
    nn.fit(model, nn.MSELoss(), optimizer, data, epochs=5, schedule=schedule, rng=3, compile=compiled)
    return model


def main(calls=2000):
    print("This takes five seconds.\n")
    (eager, one), (step, other) = xor_step(), xor_step()
    compiled = compile(step)
    losses = [(eager().item(), compiled().item()) for _ in range(100)]
    same = all(a == b for a, b in losses) and equal(one, other)
    print(f"100 steps on XOR, compiled or not, give equal losses and weights: {same}\n")
    print("The program, below the conditions under which it is right:\n")
    print(compiled.source.rpartition("return MISS\n\n")[2])

    times = {"as it is": microseconds(eager, calls), "compiled": microseconds(compiled, calls)}
    if importlib.util.find_spec("numba"):
        native = compile(xor_step()[0], backend="numba")
        many = compile(xor_step()[0], backend="numba", steps=calls)
        for _ in range(3):  # to record them
            native(), many()
        times["as native code"] = microseconds(native, calls)
        times["the loop inside, too"] = microseconds(many, 1) / calls
    for name, t in times.items():
        print(f"{name:22}{t:8.2f} µs a step, {times['as it is'] / t:6.1f} times as fast")

    # A model in training draws numbers, keeps running means, and counts; a schedule changes the rate
    same = equal(regression(compiled=False), regression(compiled=True))
    print(f"\nnn.fit with dropout, batch norm, Adam and a schedule ends with equal weights: {same}")

    # What cannot be followed runs as it is, and a warning says why
    with warnings.catch_warnings(record=True, action="always") as caught:
        compile(lambda x: float(x.sum()) * x)(np.ones(2))
    print(f"\n{caught[0].message}")
    print("\nLook at the program above: it is the whole step, and nothing but calls of NumPy.")


if __name__ == "__main__":
    main()
