"""`fit`: it trains like a plain loop, and stops, keeps, resumes and complains as documented."""

import math
import os
import re
import signal
import sys
from pathlib import Path

import numpy as np
import pytest

import nn
from nn.errors import ArgumentError, StateError, TrainingError
from nn.optim import SGD, Adam, lr_scheduler

from .processes import started

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
Y = np.tanh(X @ RNG.normal(size=(3, 1)))


def network(seed=0, dropout=False):
    middle = [nn.Dropout(0.3, rng=seed)] if dropout else []
    return nn.Sequential(nn.Linear(3, 8, rng=seed), nn.Tanh(), *middle, nn.Linear(8, 1, rng=seed))


def fitted(epochs, model=None, **options):
    model = model or network()
    optimizer = options.pop("optimizer", None) or Adam(model.parameters(), lr=0.05)
    options = {"train": (X, Y), "loss": nn.MSELoss(), "rng": 0} | options
    return model, nn.fit(model, optimizer=optimizer, epochs=epochs, **options)


def figures(history):
    return [{name: value for name, value in epoch.items() if name != "seconds"} for epoch in history]


def test_it_does_what_the_plain_loop_does():
    model, twin = network(dropout=True), network(dropout=True)
    _, history = fitted(3, model, batch_size=16)
    optimizer, losses = Adam(twin.parameters(), lr=0.05), []
    loader = nn.DataLoader((X, Y), 16, shuffle=True, rng=0)
    for _ in range(3):
        total = 0
        for x, y in loader:
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(twin(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(x)
        losses.append(total / 40)
    assert history.column("loss") == losses
    np.testing.assert_equal(model.state_dict(), twin.state_dict())
    assert history.column("lr") == [0.05] * 3


def test_validation_and_metrics_are_means_over_samples_in_evaluation_mode():
    def mean_of(prediction, target):
        return prediction.mean()

    model, history = fitted(
        1, network(dropout=True), validation=(X[:7], Y[:7]), metrics=[mean_of], batch_size=5, keep_best=False
    )
    assert list(history[0]) == ["loss", "mean_of", "validation_loss", "validation_mean_of", "lr", "seconds"]
    expected = model.eval()(X[:7]).data
    assert history[0]["validation_mean_of"] == pytest.approx(expected.mean(), rel=1e-14)
    assert history[0]["validation_loss"] == pytest.approx(((expected - Y[:7]) ** 2).mean(), rel=1e-14)


@pytest.mark.parametrize("training", [True, False])
def test_the_mode_is_what_it_was(training):
    model = network(dropout=True).train(training)
    fitted(1, model, validation=(X, Y))
    nn.evaluate(model, nn.MSELoss(), (X, Y))
    assert all(module.training is training for module in model.modules())


def test_batches_may_be_a_list_and_models_may_have_two_inputs():
    class Difference(nn.Module):
        def __init__(self):
            self.inner = nn.Linear(3, 1, rng=0)

        def forward(self, a, b):
            return self.inner(a) - self.inner(b)

    batches = [(X[:20], X[20:], Y[:20]), (X[20:], X[:20], Y[20:])]
    _, history = fitted(5, Difference(), train=batches)
    assert history[-1]["loss"] < history[0]["loss"]


def restless():
    """A run whose validation loss goes down and up: the validation set contradicts the training set."""
    return {"validation": (X, -Y + 0.3), "optimizer": None}


def test_early_stopping_and_the_weights_of_the_best_epoch():
    kept = []
    model, history = fitted(
        50, patience=3, callbacks=[lambda m, h: kept.append(m.state_dict())], **restless()
    )
    losses = history.column("validation_loss")
    assert history.best == int(np.argmin(losses)) == len(history) - 4
    assert history.stopped == "no better validation loss in 3 epochs"
    np.testing.assert_equal(model.state_dict(), kept[history.best])


def test_without_keep_best_the_weights_are_the_last():
    kept = []
    model, history = fitted(
        5, keep_best=False, callbacks=[lambda m, h: kept.append(m.state_dict())], **restless()
    )
    assert history.best < 4
    np.testing.assert_equal(model.state_dict(), kept[-1])


@pytest.mark.parametrize(("answer", "reason"), [(True, "by a callback"), ("enough", "enough")])
def test_a_callback_can_stop_it(answer, reason):
    _, history = fitted(9, callbacks=[lambda m, h: answer if len(h) == 2 else None])
    assert (len(history), history.stopped) == (2, reason)


def test_schedules_step_after_every_epoch():
    model = network()
    optimizer = SGD(model.parameters(), lr=1e-9)
    schedule = lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
    _, history = fitted(5, model, optimizer=optimizer, schedule=schedule)
    assert history.column("lr") == [1e-9] * 5  # the change would be smaller than eps
    optimizer.lr = 1.0
    schedule = lr_scheduler.StepLR(optimizer, 2, 0.5)
    _, history = fitted(5, model, optimizer=optimizer, schedule=schedule, max_norm=1e-3)
    assert history.column("lr") == [1.0, 1.0, 0.5, 0.5, 0.25]


def test_max_norm_clips_the_gradients():
    model = network()
    before = np.concatenate([p.data.ravel() for p in model.parameters()])
    fitted(1, model, optimizer=SGD(model.parameters(), lr=1.0), max_norm=1e-3, batch_size=40)
    moved = np.concatenate([p.data.ravel() for p in model.parameters()]) - before
    assert np.linalg.norm(moved) == pytest.approx(1e-3, rel=1e-2)


def resumable(epochs, path, seed=0, **options):
    model = network(seed, dropout=True)
    optimizer = Adam(model.parameters(), lr=0.05)
    schedule = lr_scheduler.CosineAnnealingLR(optimizer, T_max=8)
    options = {"validation": (X[:9], Y[:9] - 0.2), "checkpoint": path, "rng": seed} | options
    return fitted(epochs, model, optimizer=optimizer, schedule=schedule, **options)


def test_a_resumed_run_is_bit_for_bit_the_uninterrupted_one(tmp_path):
    whole, history = resumable(8, tmp_path / "whole")
    resumable(3, tmp_path / "parts")
    parts, resumed = resumable(8, tmp_path / "parts", seed=5)
    assert figures(resumed) == figures(history)
    np.testing.assert_equal(parts.state_dict(), whole.state_dict())
    again, same = resumable(8, tmp_path / "parts", seed=6)  # nothing is left to do
    assert figures(same) == figures(history)
    np.testing.assert_equal(again.state_dict(), whole.state_dict())


def test_a_run_that_crashed_in_an_epoch_goes_on_from_the_last_whole_one(tmp_path):
    _, history = resumable(6, tmp_path / "whole")

    def crash(model, history):
        if len(history) == 4:
            raise OSError("the power is gone")

    with pytest.raises(OSError, match="power"):
        resumable(6, tmp_path / "parts", callbacks=[crash])
    _, resumed = resumable(6, tmp_path / "parts", seed=5)
    assert figures(resumed) == figures(history)


def test_a_stopped_run_stays_stopped(tmp_path):
    _, history = resumable(50, tmp_path / "run", patience=2)
    assert history.stopped
    _, again = resumable(50, tmp_path / "run", patience=2)
    assert figures(again) == figures(history)
    assert again.stopped == history.stopped


def test_interrupted_it_returns_the_history_so_far():
    def interrupt(model, history):
        if len(history) == 3:
            raise KeyboardInterrupt

    model, history = fitted(9, callbacks=[interrupt])
    assert (len(history), history.stopped) == (3, "interrupted")
    assert model.training


CTRL_C = """
import numpy as np, signal, sys, nn
# A suite that was started in the background ignores the signal, and so would this process.
signal.signal(signal.SIGINT, signal.default_int_handler)
model = nn.Linear(3, 1, rng=0)
def began(model, history):
    if len(history) == 1: print("began", flush=True)
data = np.ones((9, 3)), np.ones((9, 1))
history = nn.fit(model, nn.MSELoss(), nn.optim.SGD(model.parameters()), data, data, epochs=10**9,
                 metrics={"off": lambda p, t: abs(p.data - t).mean()}, callbacks=[began])
print(len(history), history.stopped)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals and terminals are POSIX")
def test_ctrl_c_on_a_terminal_with_its_progress_bar():
    import pty
    import termios

    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 120))
    run = [sys.executable, "-c", CTRL_C]
    root = Path(__file__).parents[1]
    with started(run, stderr=theirs, cwd=root) as process:
        os.close(theirs)
        assert process.stdout.readline() == "began\n"
        shown = terminal(ours, until="off ")
        process.send_signal(signal.SIGINT)
        shown += terminal(ours)  # otherwise it would wait until its output is read
        epochs, stopped = process.stdout.read().split()
        assert process.wait() == 0
    os.close(ours)
    assert int(epochs) >= 1
    assert stopped == "interrupted"
    assert re.search(r"epoch \d+, loss \S+, lr 0.001; validation loss \d\S*, off \d", shown)


def terminal(descriptor, until=None):
    """The output on a terminal, until a text appears or the other end is closed."""
    shown = ""
    while until is None or until not in shown:
        try:
            shown += os.read(descriptor, 1000).decode(errors="replace")
        except OSError:  # this is how Linux reports that it is closed
            break
    return shown


def test_it_is_quiet_when_not_on_a_terminal(capfd):
    fitted(2, validation=(X, Y))
    assert capfd.readouterr() == ("", "")


# Losses that are not finite: in which step, and where that began


class Root(nn.Module):
    def forward(self, x):
        return x**0.5


class Spoilt(nn.Module):
    """Pass numbers on, except in one call, which gives NaN."""

    def __init__(self, at):
        self.at, self.calls = at, 0

    def forward(self, x):
        self.calls += 1
        return x * np.nan if self.calls >= self.at else x


def spoilt_input(at):
    return [(X[:10] * (np.nan if i == at else 1), Y[:10]) for i in range(4)]


def spoilt_target(at):
    return [(X[:10], Y[:10] * (np.inf if i == at else 1)) for i in range(4)]


BEGAN = {
    "a layer": (
        nn.Sequential(nn.Linear(3, 1, rng=0), Root()),
        {},
        r"nan in epoch 1, step 1: the output of layer '1', Root\(\) has \d NaN of 10 numbers, and",
    ),
    "a layer inside, in step 6": (
        nn.Sequential(nn.Linear(3, 8, rng=0), nn.Sequential(nn.Tanh(), Spoilt(6)), nn.Linear(8, 1, rng=0)),
        {},
        r"nan in epoch 2, step 2: the output of layer '1.1', Spoilt\(\) has 80 NaN of 80",
    ),
    "the input": (
        network(),
        {"train": spoilt_input(2)},
        r"step 3: .*input 0 of the model, of shape \(10, 3\), has 30 NaN",
    ),
    "the target": (
        network(),
        {"train": spoilt_target(1)},
        "inf in epoch 1, step 2: the target, of shape .* 10 infinite",
    ),
    "the loss": (
        network(),
        {"loss": lambda p, t: ((p - t) ** 2).mean() * np.inf},
        "it began in the loss itself",
    ),
    "too long a step": (
        nn.Sequential(nn.Linear(3, 1, rng=0), nn.Sequential(nn.Linear(1, 1, rng=0))),
        {"lr": 1e200},
        r"step [23]: .*(the parameter 0.weight|the output of layer)",
    ),
}


@pytest.mark.parametrize(("model", "options", "message"), BEGAN.values(), ids=BEGAN)
@pytest.mark.filterwarnings("ignore:.*encountered:RuntimeWarning")
def test_a_loss_that_is_not_finite_stops_it_and_says_where_it_began(model, options, message):
    optimizer = SGD(model.parameters(), lr=options.pop("lr", 1e-3)) if "lr" in options else None
    before = model.state_dict()
    with pytest.raises(TrainingError, match=message) as caught:
        fitted(3, model, **{"batch_size": 10, "optimizer": optimizer, **options})
    assert isinstance(caught.value.history, nn.History)
    if "step 1:" in message:
        np.testing.assert_equal(model.state_dict(), before)


def test_dropout_is_drawn_again_when_the_layer_is_looked_for():
    """0/0 arises only where the mask has a zero: with another mask, it would arise elsewhere."""

    class Ratio(nn.Module):
        def forward(self, x):
            with np.errstate(invalid="ignore"):
                return x / x.data

    model = nn.Sequential(nn.Linear(3, 4, rng=0), nn.Dropout(0.02, rng=4), Ratio(), nn.Linear(4, 1, rng=0))
    with (
        pytest.raises(TrainingError, match=r"layer '2', Ratio\(\) has \d+ NaN"),
        np.errstate(invalid="ignore"),
    ):
        fitted(60, model, batch_size=4)


def test_the_best_weights_are_back_after_a_failure():
    model = nn.Sequential(nn.Linear(3, 8, rng=0), nn.Tanh(), nn.Linear(8, 1, rng=0), Spoilt(11))
    with pytest.raises(TrainingError) as caught:
        fitted(9, model, batch_size=10, validation=[(X, Y)])
    assert len(caught.value.history) == 2
    assert math.isclose(
        nn.evaluate(model[:3], nn.MSELoss(), (X, Y), batch_size=40)["loss"],
        min(caught.value.history.column("validation_loss")),
        rel_tol=1e-12,
    )


BAD = {
    "no samples": ({"train": (X[:0], Y[:0])}, ArgumentError, "0 samples"),
    "no validation samples": ({"validation": (X[:0], Y[:0])}, ArgumentError, "0 samples"),
    "no batches": ({"train": []}, ArgumentError, "train gives no batches: is it empty"),
    "a used up generator": ({"train": ((X, Y) for _ in range(1))}, ArgumentError, "generator that has been"),
    "no validation batches": ({"validation": []}, ArgumentError, "the data set gives no batches"),
    "one array": ({"train": X}, ArgumentError, r"a data set is \(inputs, targets\)"),
    "batches of one array": ({"train": [X]}, ArgumentError, r"a batch is \(inputs, targets\), not a ndarray"),
    "a loss with a shape": ({"loss": nn.MSELoss("none")}, ArgumentError, r"one number.*shape \(32, 1\)"),
    "a bare metric": ({"metrics": nn.accuracy}, ArgumentError, r"write metrics=\[...\]"),
    "patience without validation": ({"patience": 3}, ArgumentError, "needs a validation set"),
    "another shape": ({"train": (X, Y[:, 0])}, ValueError, "does not broadcast"),
    "a gradient that is not finite": (
        {"loss": lambda p, t: ((p - p.data) ** 2).mean() ** 0.5, "max_norm": 1.0},
        TrainingError,
        "a gradient is not finite in epoch 1, step 1, though the loss is: it is the gradient of 0.weight",
    ),
    "a gradient that is not finite, in the last step": (
        {"loss": lambda p, t: ((p - p.data) ** 2).mean() ** 0.5, "batch_size": 40},
        TrainingError,
        "after the last step of epoch 1, the parameter 0.weight, .* has 24 NaN of 24",
    ),
    "a validation loss that is not finite": (
        {"validation": [(X, Y), (X, Y * np.nan)]},
        TrainingError,
        r"validation loss is nan in epoch 1, in batch 2 of its set: the target, of shape .* has 40 NaN",
    ),
    "two metrics of one name": ({"metrics": [lambda p, t: 1, lambda p, t: 2]}, ArgumentError, "'<lambda>'"),
    "a metric named as the loss": (
        {"metrics": {"loss": nn.accuracy}},
        ArgumentError,
        "two figures .* 'loss'",
    ),
    "a metric named as a column": (
        {"metrics": {"validation_m": nn.accuracy}},
        ArgumentError,
        "two figures",
    ),
    "a metric with a shape": (
        {"metrics": {"m": lambda p, t: t}},
        ArgumentError,
        "one number, and m is array",
    ),
    "a metric that is none": ({"metrics": ["accuracy"]}, ArgumentError, "not 'accuracy'"),
    "a metric that is a class": ({"metrics": [nn.L1Loss]}, ArgumentError, "a metric is a function"),
    "lists": ({"train": (X.tolist(), Y.tolist())}, ArgumentError, "part 0 of a data set .* is a list"),
    "an array and a list": (
        {"train": (X, Y.tolist())},
        ArgumentError,
        r"part 1 .* is a list.*np.asarray\(part",
    ),
    "another model's optimizer": (
        {"optimizer": Adam(network().parameters())},
        ArgumentError,
        "the optimizer has no parameter of this Sequential",
    ),
    "another optimizer's schedule": (
        {"schedule": lr_scheduler.StepLR(SGD(network().parameters()), 2)},
        ArgumentError,
        "StepLR object.* belongs to another optimizer",
    ),
    "a schedule that is a class": (
        {"schedule": lr_scheduler.StepLR},
        ArgumentError,
        "belongs to another optimizer",
    ),
    "a checkpoint without a place": (
        {"checkpoint": "no/such/folder/run"},
        FileNotFoundError,
        "no/such/folder",
    ),
}


@pytest.mark.parametrize(("options", "error", "message"), BAD.values(), ids=BAD)
@pytest.mark.filterwarnings("ignore:.*encountered:RuntimeWarning")
def test_what_cannot_be_trained_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        fitted(2, **options)


def test_metrics_may_be_modules_and_have_their_class_name():
    _, history = fitted(1, metrics=[nn.L1Loss()])
    assert history[0]["L1Loss"] > 0


def test_a_module_that_is_frozen_in_evaluation_is_so_afterwards():
    model = network(dropout=True)
    model[2].eval()
    for use in (
        lambda: nn.evaluate(model, nn.MSELoss(), (X, Y)),
        lambda: fitted(1, model, validation=(X, Y)),
    ):
        use()
        assert [module.training for module in model.modules()] == [True, True, True, False, True]


def test_what_is_not_finite_leaves_running_means_as_they_were():
    model = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 1, rng=0))
    spoilt = X * np.where(np.arange(40)[:, None] == 25, np.nan, 1)
    with pytest.raises(TrainingError, match="input 0 of the model"):
        fitted(1, model, train=[(X[:20], Y[:20]), (spoilt[20:], Y[20:])])
    np.testing.assert_allclose(model[0].running_mean.data, 0.1 * X[:20].mean(axis=0), rtol=1e-14)


def test_a_checkpoint_of_another_kind_changes_nothing(tmp_path):
    model, other = network(), network(seed=1)
    nn.save_checkpoint(
        tmp_path / "own",
        model=other,
        optimizer=Adam(other.parameters(), lr=0.3),
        rng=np.random.default_rng(1),
    )
    optimizer = Adam(model.parameters(), lr=0.05)
    before = model.state_dict()
    with pytest.raises(StateError, match="was not written by fit, as it has no history"):
        fitted(2, model, optimizer=optimizer, checkpoint=tmp_path / "own")
    np.testing.assert_equal(model.state_dict(), before)
    assert optimizer.lr == 0.05


def test_a_run_that_was_killed_in_its_first_epoch_begins_again(tmp_path):
    _, history = resumable(3, tmp_path / "whole")
    with pytest.raises(ZeroDivisionError):
        resumable(3, tmp_path / "parts", metrics={"m": lambda p, t: 1 / 0})
    _, again = resumable(3, tmp_path / "parts", seed=5)
    assert figures(again) == figures(history)


def test_an_order_of_validation_that_is_drawn_is_resumed_too(tmp_path):
    def run(epochs, path, seed=0):
        validation = nn.DataLoader((X, Y), 7, shuffle=True, rng=seed)
        return resumable(epochs, path, seed, validation=validation)[1]

    whole = run(6, tmp_path / "whole")
    run(3, tmp_path / "parts")
    assert figures(run(6, tmp_path / "parts", seed=5)) == figures(whole)


def test_a_plateau_that_waits_for_the_loss_to_rise_is_refused():
    model = network()
    optimizer = SGD(model.parameters())
    schedule = lr_scheduler.ReduceLROnPlateau(optimizer, mode="max")
    with pytest.raises(ArgumentError, match="a lower loss is better"):
        fitted(1, model, optimizer=optimizer, schedule=schedule)


def test_an_empty_history_has_no_best_epoch():
    _, history = fitted(0)
    assert len(history) == 0
    with pytest.raises(ArgumentError, match="no epoch"):
        _ = history.best


def test_a_history_is_written_as_csv(tmp_path):
    _, history = fitted(2, validation=(X, Y), metrics={"m": lambda p, t: 0.5})
    history.to_csv(tmp_path / "h.csv")
    head, *rows = (tmp_path / "h.csv").read_text().splitlines()
    assert head == "epoch,loss,m,validation_loss,validation_m,lr,seconds"
    assert [row.split(",")[0] for row in rows] == ["1", "2"]
    assert [float(row.split(",")[1]) for row in rows] == history.column("loss")
    with pytest.raises(KeyError, match="'acc' is not in this history"):
        history.column("acc")


@pytest.mark.parametrize(
    ("p", "t", "expected"),
    [
        (np.eye(3), [0, 1, 1], 2 / 3),
        (np.zeros((2, 3, 4)), np.zeros((2, 4), int), 1.0),
        (np.array([[0.2], [0.8]]), [[1], [1]], 0.5),
        (np.array([3, 2, 1]), [3, 1, 2], 1 / 3),
        (np.array([0, 1]), np.array([0.0, 1.0]), 1.0),
    ],
)
def test_accuracy_counts_classes(p, t, expected):
    assert nn.accuracy(p, t) == pytest.approx(expected)


def test_accuracy_of_what_is_not_finite_or_no_class():
    assert math.isnan(nn.accuracy(np.array([[np.nan, 0.0]]), [0]))
    assert math.isnan(nn.accuracy(np.array([np.nan]), [0]))
    with pytest.raises(ArgumentError, match="these range from 1 to 3; predicted labels must be integers"):
        nn.accuracy(np.array([3.0, 2.0, 1.0]), [3, 1, 2])


@pytest.mark.parametrize(
    ("p", "t"), [((3, 2), (2,)), ((3,), (2,)), ((0, 2), (0,)), ((3, 1), (3, 2)), ((3, 1), (3,))]
)
def test_accuracy_of_other_shapes_is_refused(p, t):
    with pytest.raises(ValueError, match="accuracy: predictions of shape"):
        nn.accuracy(np.zeros(p), np.zeros(t))


# Compiled steps


@pytest.mark.parametrize("max_norm", [None, 0.5])
@pytest.mark.parametrize("optimizer", [Adam, SGD])
def test_compiled_steps_end_with_the_same_bits(optimizer, max_norm):
    def trained(compiled):
        rng = np.random.default_rng(3)
        x, y = rng.normal(size=(70, 6)), rng.integers(0, 2, 70)
        first, last = nn.Linear(6, 12, rng=0), nn.Linear(12, 2, rng=2)
        model = nn.Sequential(first, nn.BatchNorm1d(12), nn.ReLU(), nn.Dropout(0.2, rng=1), last)
        steps = optimizer(model.parameters(), lr=0.01)
        schedule = lr_scheduler.ExponentialLR(steps, 0.9)
        history = nn.fit(
            model,
            nn.CrossEntropyLoss(),
            steps,
            (x, y),
            (x, y),
            epochs=6,
            metrics=[nn.accuracy],
            schedule=schedule,
            max_norm=max_norm,
            batch_size=16,
            rng=5,
            compile=compiled,
        )
        return model.state_dict(), [{**epoch, "seconds": 0} for epoch in history]

    (one, history), (other, again) = trained(False), trained(True)
    assert history == again
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_a_compiled_step_says_where_a_loss_ceases_to_be_finite():
    batches = [(np.full((4, 2), k), np.ones((4, 1))) for k in (1.0, 2.0, 3.0, 4.0, np.inf)]
    model = nn.Sequential(nn.Linear(2, 1, rng=0))
    optimizer = SGD(model.parameters(), lr=0.01)
    with np.errstate(invalid="ignore"), pytest.raises(TrainingError, match="step 5: input 0 of the model"):
        nn.fit(model, nn.MSELoss(), optimizer, batches, compile=True)
    assert np.isfinite(model[0].weight.data).all()
