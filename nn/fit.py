"""Training: the usual loop, with everything that is usually wanted around it.

`fit` runs this loop, and also reports progress, keeps the best weights, stops early and resumes:

    for epoch in range(epochs):
        for inputs, targets in train:
            optimizer.zero_grad()
            loss(model(inputs), targets).backward()
            optimizer.step()
"""

from __future__ import annotations

import contextlib
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from autograd.errors import GradientError

from .checkpoint import all_or_nothing, generators, load_checkpoint, save_checkpoint
from .data import plain
from .errors import ArgumentError, StateError, TrainingError
from .evaluation import (
    Function,
    Mean,
    Metrics,
    batches,
    began,
    began_in,
    evaluate,
    figures,
    named,
    parts_of,
    scalar,
)
from .history import History
from .io import Path_
from .module import Module, modes_kept
from .optim import Optimizer, clip_grad_norm_
from .optim.lr_scheduler import LRScheduler, ReduceLROnPlateau
from .trace import not_finite, parameter_not_finite

__all__ = ["fit"]

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
    compile: bool = False,  # noqa: A002  (as `autograd.compile`)
) -> History:
    """The history of training `model`, epoch by epoch.

    loss: a function of a prediction and a target that returns a scalar; metrics: functions of the same
    two, such as `nn.accuracy`, in a dict by name, or in a list, under their own names
    train, validation: batches (inputs, targets) that can be iterated over any number of times, such as a
    `DataLoader`; or arrays (inputs, targets), which are split into batches of `batch_size`, for `train`
    shuffled by `rng`, a `np.random.Generator` or a seed.  If a batch has several inputs, the model is called
    with all of them.
    callbacks: each `callback(model, history)` is called after every epoch; a true return value, such as a
    reason, ends the training
    schedule: makes a step after every epoch.  max_norm: the norm to which gradients are clipped.
    patience: the number of epochs without a better validation loss after which the training ends
    keep_best: with validation, the model ends up with the weights of its best epoch, not of its last
    checkpoint: a file that is written at the start and after every epoch; if it exists already, the run
    goes on from it, bit for bit as if it had never stopped
    compile: whether steps run as programs, `autograd.compile`: the same numbers in less time

    On a terminal, a progress bar shows the figures.  Ctrl-C ends the training, and the history then has
    the epochs before it.

    Raises TrainingError, with the `history` so far, if the loss or a gradient is not finite; the message
    says in which step and in which layer that began.  No step is made with that loss, and the model has
    the weights of the best epoch, as above.  Raises ArgumentError if there are no batches, if a batch is
    not a tuple, for two metrics with one name, and for an optimizer without any parameter of the model.
    Raises StateError for a checkpoint that `fit` has not written; everything is then unchanged.

    Source: Prechelt, Early Stopping - But When? (1998), for `patience`.

    >>> import numpy as np
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
    consistent(model, optimizer, validation, schedule, patience)
    metrics, parts = named(metrics), stateful(model, optimizer, schedule, train, validation)
    history, best = begun(checkpoint, parts)
    history.stopped = reason_to_stop(model, history, (), patience)
    step = training_step(model, loss, optimizer, max_norm)
    if compile:
        from autograd import compile as compiled  # here, as `import nn` is to be quick

        step = compiled(step)
    bar = progress_bar(epochs, train, len(history))
    try:
        with modes_kept(model):
            while len(history) < epochs and not history.stopped:
                history.epochs.append(
                    one_epoch(model, loss, optimizer, step, train, validation, metrics, history, bar)
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
        if best:
            model.load_state_dict(best)
    return history


def consistent(model: Module, optimizer: Optimizer, validation: Any, schedule: Any, patience: Any) -> None:
    """Raise ArgumentError for arguments of `fit` that together have no effect, or the opposite effect."""
    if patience is not None and (validation is None or patience < 1):
        raise ArgumentError(f"patience={patience} must be at least 1, and needs a validation set")
    if set(model.parameters()).isdisjoint(optimizer.parameters):
        raise ArgumentError(
            f"the optimizer has no parameter of this {type(model).__name__}: was the model created after "
            "it?  Create the optimizer again, from model.parameters()"
        )
    if schedule is not None and getattr(schedule, "optimizer", None) is not optimizer:
        raise ArgumentError(f"{schedule!r:.80} belongs to another optimizer, and would not change this one")
    if getattr(schedule, "mode", "min") == "max":
        raise ArgumentError(
            'fit gives a schedule the loss, and a lower loss is better: make it with mode="min"'
        )


def drawn_from(data: Any) -> Any:
    """The generator that draws the order of a data set, if there is one."""
    return getattr(data, "rng", None) if getattr(data, "shuffle", True) else None


def stateful(
    model: Module, optimizer: Optimizer, schedule: Any, train: Any, validation: Any
) -> dict[str, Any]:
    """The parts of a checkpoint, by name: all objects whose state a step or a batch changes."""
    parts = {"model": model, "optimizer": optimizer, "schedule": schedule}
    parts |= {"rng": drawn_from(train), "validation_rng": drawn_from(validation)}
    return {name: part for name, part in parts.items() if part is not None}


def begun(checkpoint: Path_ | None, parts: dict[str, Any]) -> tuple[History, dict[str, Any]]:
    """The history and the best weights of the run in a checkpoint; both are empty for a new run.

    A new run writes its checkpoint here, so that a file that can't be written fails now, not after an epoch.
    """
    if checkpoint is None:
        return History(), {}
    if os.path.exists(checkpoint):
        epochs, best = resumed(checkpoint, parts)
        return History(epochs), best
    save_checkpoint(checkpoint, **parts, history=[], best={})
    return History(), {}


def resumed(checkpoint: Path_, parts: dict[str, Any]) -> tuple[list[dict[str, float]], dict[str, Any]]:
    """The epochs of a run from `fit`'s checkpoint, and its best weights; the states go into `parts`."""
    with all_or_nothing(parts):
        rest = load_checkpoint(checkpoint, **parts)
        if not {"history", "best"} <= rest.keys():
            raise StateError(
                f"{checkpoint} was not written by fit, as it has no history: to begin with the weights in "
                "it, use load_checkpoint, and give fit another file"
            )
    return rest["history"], rest["best"]


Step = Callable[[tuple[Any, ...], Any], tuple[Any, Any, bool]]


def training_step(model: Module, loss: Function, optimizer: Optimizer, max_norm: float | None) -> Step:
    """A step of training on a batch: it returns the loss, the prediction, and whether the loss was finite.

    If it was not, no step has been made.
    """

    def step(inputs: tuple[Any, ...], target: Any) -> tuple[Any, Any, bool]:
        """Compute the loss, and move the parameters along its gradients if it is finite."""
        prediction = model(*inputs)
        value = scalar(loss(prediction, target))
        finite = bool(np.isfinite(value.data).all())
        if finite:
            optimizer.zero_grad()
            value.backward()
            if max_norm is not None:
                clip_grad_norm_(optimizer.parameters, max_norm)
            optimizer.step()
        return value, prediction, finite

    return step


def one_epoch(
    model: Module,
    loss: Function,
    optimizer: Optimizer,
    step: Step,
    train: Any,
    validation: Any,
    metrics: Mapping[str, Function],
    history: History,
    bar: Any,
) -> dict[str, float]:
    """The figures of one epoch of training and of the validation after it."""
    start, total = time.perf_counter(), Mean()
    rngs = [rng for _, rng in generators(model)]
    model.train()
    for number, (inputs, target) in enumerate(map(parts_of, train), start=1):
        drawn = [(rng, rng.bit_generator.state) for rng in rngs]
        when = f"epoch {len(history) + 1}, step {number}"
        with explained(model, when):
            value, prediction, finite = step(inputs, target)
        if not finite:
            for rng, state in drawn:  # so that computing it again gives the same result
                rng.bit_generator.state = state
            where = began(model, inputs, target)
            raise TrainingError(f"the loss is {plain(value).item()} in {when}: {where}")
        total.add(inputs, figures(value, prediction, target, metrics))
        show(bar, total, history, optimizer)
    if bad := parameter_not_finite(model):  # else the next step would find it, if there were one
        raise TrainingError(f"after the last step of epoch {len(history) + 1}, {bad}")
    result = total.result("train")
    if validation is not None:
        found = evaluate(model, loss, validation, metrics)
        if not math.isfinite(found["loss"]):
            where = began_in(validation, model, loss)
            raise TrainingError(f"the validation loss is {found['loss']} in epoch {len(history) + 1}{where}")
        result |= {f"validation_{name}": value for name, value in found.items()}
    return result | {"lr": optimizer.param_groups[0]["lr"], "seconds": time.perf_counter() - start}


@contextlib.contextmanager
def explained(model: Module, when: str) -> Iterator[None]:
    """A block in which a gradient that cannot be clipped is told by its name."""
    try:
        yield
    except GradientError as error:
        names = (name for name, p in model.named_parameters() if p.grad is not None and not_finite(p.grad))
        if not (name := next(names, "")):
            raise
        raise TrainingError(
            f"a gradient is not finite in {when}, though the loss is: it is the gradient of {name}"
        ) from error


def advance(schedule: Any, history: History) -> None:
    """One step of the schedule, which may follow the figure that the history monitors."""
    if isinstance(schedule, ReduceLROnPlateau):
        schedule.step(history[-1][history.monitored])
    elif schedule is not None:
        schedule.step()


def reason_to_stop(
    model: Module, history: History, callbacks: Sequence[Callback], patience: int | None
) -> str:
    """Why the training should end after this epoch; empty if it should not."""
    answers = [callback(model, history) for callback in callbacks]
    waited = len(history) - 1 - history.best if len(history) else 0
    if patience is not None and waited >= patience:
        answers.append(f"no better validation loss in {waited} epochs")
    return next((answer if isinstance(answer, str) else "by a callback" for answer in answers if answer), "")


def progress_bar(epochs: int, train: Any, done: int) -> Any:
    """A progress bar for all steps, which shows nothing unless on a terminal."""
    from tqdm import tqdm  # here, so that `import nn` is quick

    steps = len(train) if hasattr(train, "__len__") else None
    total = None if steps is None else steps * epochs
    # short, to leave room for the figures; the bar gets the rest
    form = "{percentage:3.0f}%|{bar}| {remaining}{postfix}" if total else None
    return tqdm(total=total, initial=done * (steps or 0), unit="step", bar_format=form, disable=None)


def show(bar: Any, total: Mean, history: History, optimizer: Optimizer) -> None:
    """Advance the bar by a step: it shows this epoch's loss so far, and the last validation."""
    bar.update()
    if not bar.disable:
        last = history[-1] if len(history) else {}
        loss, lr = total.sums["loss"] / total.samples, optimizer.param_groups[0]["lr"]
        text = f"epoch {len(history) + 1}, loss {loss:.3g}, lr {lr:.3g}"
        of_last = [f"{name} {v:.3g}" for name, v in last.items() if name.startswith("validation_")]
        after = "; validation " + ", ".join(of_last).replace("validation_", "") if of_last else ""
        bar.set_postfix_str(text + after, refresh=False)
