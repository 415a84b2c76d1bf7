"""Training: the usual loop, with what one usually wants around it.

`fit` does what this does, and watches, keeps, stops and resumes besides:

    for epoch in range(epochs):
        for inputs, targets in train:
            optimizer.zero_grad()
            loss(model(inputs), targets).backward()
            optimizer.step()
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from autograd import Tensor, no_grad

from .checkpoint import generators, load_checkpoint, save_checkpoint
from .data import DataLoader, plain
from .errors import ArgumentError, TrainingError
from .history import History
from .io import Path_
from .module import Module
from .optim import Optimizer, clip_grad_norm_
from .optim.lr_scheduler import LRScheduler, ReduceLROnPlateau
from .trace import first_not_finite, not_finite

__all__ = ["evaluate", "fit"]

Function = Callable[[Any, Any], Any]
Metrics = Mapping[str, Function] | Sequence[Function]
Callback = Callable[[Module, History], Any]


def fit(
    model: Module,
    loss: Function,
    optimizer: Optimizer,
    train: Any,
    validation: Any = None,
    *,
    epochs: int = 10,
    metrics: Metrics = (),
    callbacks: Sequence[Callback] = (),
    schedule: LRScheduler | ReduceLROnPlateau | None = None,
    max_norm: float | None = None,
    patience: int | None = None,
    keep_best: bool = True,
    checkpoint: Path_ | None = None,
    batch_size: int = 32,
    rng: Any = None,
) -> History:
    """The history of training `model`, epoch by epoch.

    loss: of a prediction and a target, a scalar; metrics: functions of the same two, by name or with
    names of their own, such as `nn.accuracy`
    train, validation: batches (inputs, targets) to pass over again and again, such as a `DataLoader`;
    or arrays (inputs, targets), of which batches of `batch_size` are made, those of `train` shuffled by
    `rng`, a `np.random.Generator` or a seed.  With more than one input the model is given all of them.
    callbacks: each `callback(model, history)` is called after every epoch; one that returns something
    true, such as a reason, ends the training
    schedule: makes a step after every epoch.  max_norm: what gradients are clipped to, by norm.
    patience: after so many epochs without a better validation loss, the training ends
    keep_best: with validation, the model has the weights of its best epoch in the end, not of its last
    checkpoint: a file that is written after every epoch; if it is there already, the run goes on from
    it, bit for bit as if it had never stopped

    A progress bar shows the figures on a terminal.  Ctrl-C ends the training: the history is that of
    the epochs until then.

    Raises TrainingError, with the `history` so far, when the loss is not finite: it says in which step,
    and in which layer that began.  No step was made with that loss; the weights are those of the best
    epoch, as above.  ArgumentError where there are no batches, or a batch is no tuple.

    Source: Prechelt, Early Stopping - But When? (1998), for `patience`.

    >>> import nn
    >>> x = np.linspace(-1, 1, 64)[:, None]
    >>> model = nn.Sequential(nn.Linear(1, 8, rng=0), nn.Tanh(), nn.Linear(8, 1, rng=1))
    >>> optimizer = nn.optim.Adam(model.parameters(), lr=0.02)
    >>> history = fit(model, nn.MSELoss(), optimizer, (x, x**2), epochs=50, rng=0)
    >>> len(history), history[-1]["loss"] < 1e-2
    (50, True)
    """
    train = batches(train, batch_size, True, rng)
    validation = None if validation is None else batches(validation, batch_size, False, rng)
    if patience is not None and (validation is None or patience < 1):
        raise ArgumentError(f"patience={patience} needs a validation set, and is at least 1")
    metrics, history, best = named(metrics), History(), dict[str, Any]()
    parts = {"model": model, "optimizer": optimizer, "schedule": schedule, "rng": getattr(train, "rng", None)}
    parts = {name: part for name, part in parts.items() if part is not None}
    if checkpoint is not None and os.path.exists(checkpoint):
        rest = load_checkpoint(checkpoint, **parts)
        history.epochs, best = rest["history"], rest["best"]
        history.stopped = reason_to_stop(model, history, (), patience)
    was_training, bar = model.training, progress_bar(epochs, train, len(history))
    try:
        while len(history) < epochs and not history.stopped:
            history.epochs.append(
                one_epoch(model, loss, optimizer, train, validation, metrics, max_norm, history, bar)
            )
            if validation is not None and keep_best and history.best == len(history) - 1:
                best = model.state_dict()
            advance(schedule, history)
            if checkpoint is not None:
                save_checkpoint(checkpoint, **parts, history=history.epochs, best=best)
            history.stopped = reason_to_stop(model, history, callbacks, patience)
    except KeyboardInterrupt:
        history.stopped = "interrupted"
    except TrainingError as error:
        error.history = history
        raise
    finally:
        bar.close()
        model.train(was_training)
        if best:
            model.load_state_dict(best)
    return history


def evaluate(
    model: Module, loss: Function, data: Any, metrics: Metrics = (), *, batch_size: int = 32
) -> dict[str, float]:
    """The mean loss and metrics of a model on a data set, in evaluation mode: {"loss": …, "accuracy": …}.

    data, metrics: as in `fit`.  The means are over samples, not batches.

    >>> import nn
    >>> evaluate(nn.Identity(), nn.MSELoss(), (np.ones((3, 1)), np.zeros((3, 1))))
    {'loss': 1.0}
    """
    metrics, total, was_training = named(metrics), Mean(), model.training
    model.eval()
    try:
        with no_grad():
            for inputs, target in map(parts_of, batches(data, batch_size, False, None)):
                prediction = model(*inputs)
                total.add(inputs, figures(loss(prediction, target), prediction, target, metrics))
    finally:
        model.train(was_training)
    return total.result("the data set")


def one_epoch(
    model: Module,
    loss: Function,
    optimizer: Optimizer,
    train: Any,
    validation: Any,
    metrics: Mapping[str, Function],
    max_norm: float | None,
    history: History,
    bar: Any,
) -> dict[str, float]:
    """The figures of one epoch of training, and of the validation after it."""
    start, total = time.perf_counter(), Mean()
    rngs = [rng for _, rng in generators(model)]
    model.train()
    for step, (inputs, target) in enumerate(map(parts_of, train), start=1):
        drawn = [(rng, rng.bit_generator.state) for rng in rngs]
        prediction = model(*inputs)
        value = loss(prediction, target)
        found = figures(value, prediction, target, metrics)
        if not math.isfinite(found["loss"]):
            for rng, state in drawn:  # so that what is computed again is the same
                rng.bit_generator.state = state
            where = began(model, inputs, target)
            raise TrainingError(
                f"the loss is {found['loss']} in epoch {len(history) + 1}, step {step}: {where}"
            )
        optimizer.zero_grad()
        value.backward()
        if max_norm is not None:
            clip_grad_norm_(optimizer.parameters, max_norm)
        optimizer.step()
        total.add(inputs, found)
        show(bar, total, history, optimizer)
    result = total.result("train")
    if validation is not None:
        result |= {f"validation_{k}": v for k, v in evaluate(model, loss, validation, metrics).items()}
    return result | {"lr": optimizer.param_groups[0]["lr"], "seconds": time.perf_counter() - start}


def began(model: Module, inputs: tuple[Any, ...], target: Any) -> str:
    """Where the loss of a batch ceases to be finite, in words."""
    with no_grad():
        where = first_not_finite(model, inputs)
    if where:
        return where
    if bad := not_finite(target):
        return f"the target, of shape {np.shape(plain(target))}, has {bad}"
    return "it began in the loss itself, as the prediction and the target are finite"


class Mean:
    """The means of figures over samples, from those over batches."""

    def __init__(self) -> None:
        self.samples = 0
        self.sums: dict[str, float] = {}

    def add(self, inputs: tuple[Any, ...], found: dict[str, float]) -> None:
        n = len(inputs[0])
        self.samples += n
        for name, value in found.items():
            self.sums[name] = self.sums.get(name, 0.0) + n * value

    def result(self, what: str) -> dict[str, float]:
        if not self.samples:
            raise ArgumentError(
                f"{what} gives no batches: is it empty, or a generator that has been used up?  "
                "Pass a DataLoader, or a list of batches"
            )
        return {name: total / self.samples for name, total in self.sums.items()}


def figures(value: Any, prediction: Any, target: Any, metrics: Mapping[str, Function]) -> dict[str, float]:
    """The loss and the metrics of a batch, as floats."""
    if np.size(plain(value)) != 1:
        raise ArgumentError(
            f"a loss is one number, and this one has shape {np.shape(plain(value))}: "
            'use reduction="mean", or take its mean'
        )
    found = {name: metric(prediction, target) for name, metric in metrics.items()}
    return {name: float(plain(figure).item()) for name, figure in {"loss": value, **found}.items()}


def named(metrics: Metrics) -> Mapping[str, Function]:
    if isinstance(metrics, Mapping):
        return metrics
    if callable(metrics):
        raise ArgumentError("metrics is a list of functions, or a dict of them by name: write metrics=[...]")
    return {metric.__name__: metric for metric in metrics}


def batches(data: Any, batch_size: int, shuffle: bool, rng: Any) -> Iterable[Any]:
    """`data` as batches: arrays, or samples, of which they are yet to be made, or batches already."""
    if isinstance(data, tuple) and all(isinstance(array, np.ndarray | Tensor) for array in data):
        return DataLoader(data, batch_size, shuffle, rng=rng)
    if isinstance(data, np.ndarray | Tensor):
        raise ArgumentError("a data set is (inputs, targets), and this is one array")
    return data  # type: ignore[no-any-return]


def parts_of(batch: Any) -> tuple[tuple[Any, ...], Any]:
    """The inputs of a batch, and its target."""
    if not isinstance(batch, tuple | list) or len(batch) < 2:
        raise ArgumentError(f"a batch is (inputs, targets), not a {type(batch).__name__}: {batch!r:.60}")
    *inputs, target = batch
    return tuple(inputs), target


def advance(schedule: Any, history: History) -> None:
    if isinstance(schedule, ReduceLROnPlateau):
        schedule.step(history[-1][history.monitored])
    elif schedule is not None:
        schedule.step()


def reason_to_stop(
    model: Module, history: History, callbacks: Sequence[Callback], patience: int | None
) -> str:
    """Why the training is to end after this epoch, or nothing."""
    answers = [callback(model, history) for callback in callbacks]
    waited = len(history) - 1 - history.best
    if patience is not None and waited >= patience:
        answers.append(f"no better validation loss in {waited} epochs")
    return next((answer if isinstance(answer, str) else "by a callback" for answer in answers if answer), "")


def progress_bar(epochs: int, train: Any, done: int) -> Any:
    """A bar for all steps, which shows nothing unless on a terminal."""
    from tqdm import tqdm  # here, as `import nn` is to be quick

    steps = len(train) if hasattr(train, "__len__") else None
    total = None if steps is None else steps * epochs
    return tqdm(total=total, initial=done * (steps or 0), unit="step", disable=None)


def show(bar: Any, total: Mean, history: History, optimizer: Optimizer) -> None:
    """One step further: the loss so far in this epoch, and the validation after the last."""
    bar.update()
    if not bar.disable:
        last = history[-1] if len(history) else {}
        shown = {"loss": total.sums["loss"] / total.samples} | {
            k: v for k, v in last.items() if k.startswith("validation_")
        }
        shown["lr"] = optimizer.param_groups[0]["lr"]
        text = ", ".join(f"{name} {value:.4g}" for name, value in shown.items())
        bar.set_postfix_str(f"epoch {len(history) + 1}, {text}", refresh=False)
