"""Schedules: the learning rate in every epoch, compared with PyTorch's, and what may be scheduled."""

import numpy as np
import pytest

from nn import Parameter
from nn.errors import ArgumentError
from nn.optim import SGD, lr_scheduler
from tests import cases_optim as cases
from tests.oracles_optim import REFERENCE, leaves, moved, names


def two_groups(parameters):
    return SGD([{"params": p, "lr": lr} for p, lr in zip(parameters, (0.1, 1.0), strict=True)])


def sequence(optimizer):
    parts = [getattr(lr_scheduler, name)(optimizer, **options) for name, options in cases.SEQUENCE]
    return lr_scheduler.SequentialLR(optimizer, parts, cases.MILESTONES)


FORMULAS = {
    **{
        f"schedule {i}": lambda o, n=name, k=options: getattr(lr_scheduler, n)(o, **k)
        for i, (name, options) in enumerate(cases.SCHEDULES)
    },
    "sequence": sequence,
}
PLATEAUS = {
    f"plateau {i}": lambda o, k=options: lr_scheduler.ReduceLROnPlateau(o, **k)
    for i, options in enumerate(cases.PLATEAUS)
}
SCHEDULES = FORMULAS | PLATEAUS
NAMES = [*names(cases.SCHEDULES), "sequence", *names([("plateau", options) for options in cases.PLATEAUS])]


def epochs(name, first, last, parameters, optimizer, schedule):
    """The rates and the parameters in some epochs."""
    rows = []
    for epoch in range(first, last):
        assert schedule.get_last_lr() == [group["lr"] for group in optimizer.param_groups]
        rates = schedule.get_last_lr()
        rows.append([*rates, *moved(parameters, optimizer, steps=1)[0]])
        schedule.step(*[cases.LOSSES[epoch]] if name in PLATEAUS else [])
    return np.array(rows)


@pytest.mark.parametrize("name", SCHEDULES, ids=NAMES)
def test_twenty_epochs_are_pytorchs(name):
    parameters = leaves()
    optimizer = two_groups(parameters)
    found = epochs(name, 0, cases.STEPS, parameters, optimizer, SCHEDULES[name](optimizer))
    np.testing.assert_allclose(found, REFERENCE[name], rtol=1e-10, atol=1e-12)
    assert len(np.unique(found[:, 0])) > 1


@pytest.mark.parametrize("name", SCHEDULES, ids=NAMES)
def test_a_restored_schedule_goes_on_bit_for_bit(name):
    parameters = leaves()
    optimizer = two_groups(parameters)
    schedule = SCHEDULES[name](optimizer)
    epochs(name, 0, 7, parameters, optimizer, schedule)
    copies = [Parameter(p.data) for p in parameters]
    other = two_groups(copies)
    restored = SCHEDULES[name](other)
    other.load_state_dict(optimizer.state_dict())
    restored.load_state_dict(schedule.state_dict())
    rest = epochs(name, 7, cases.STEPS, parameters, optimizer, schedule)
    np.testing.assert_array_equal(epochs(name, 7, cases.STEPS, copies, other, restored), rest)


def test_two_schedules_do_not_undo_each_other():
    optimizer = SGD(leaves(), lr=1.0)
    warm_up = lr_scheduler.LinearLR(optimizer, 0.5, total_iters=2)
    decay = lr_scheduler.ExponentialLR(optimizer, 0.5)
    with pytest.raises(
        ArgumentError, match=r"LinearLR has set a learning rate to 0.5, and now it is 1.*Sequential"
    ):
        warm_up.step()
    decay.step()
    assert (optimizer.lr, warm_up.last_epoch) == (0.5, 0)


def test_the_rate_of_a_schedule_is_changed_through_the_initial_rate():
    optimizer = SGD(leaves(), lr=1.0)
    schedule = lr_scheduler.ExponentialLR(optimizer, 0.5)
    optimizer.param_groups[0]["initial_lr"] = 4.0
    schedule.step()
    assert optimizer.lr == 2.0
    optimizer.lr = 0.1
    with pytest.raises(ArgumentError, match="initial_lr"):
        schedule.step()


def test_a_plateau_of_nan_is_no_progress():
    optimizer = SGD(leaves(), lr=1.0)
    schedule = lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
    for loss in (1.0, np.nan, np.nan):
        schedule.step(loss)
    assert optimizer.lr == 0.5
    assert schedule.best == 1.0


def test_a_schedule_of_ones_own_is_one_formula():
    class Halves(lr_scheduler.LRScheduler):
        def rate(self, t, base):
            return base / (1 + t // 2)

    optimizer = SGD(leaves(), lr=1.0)
    schedule, rates = Halves(optimizer), []
    for _ in range(4):
        rates.append(optimizer.lr)
        schedule.step()
    assert rates == [1, 1, 0.5, 0.5]
    with pytest.raises(TypeError, match="LRScheduler has no formula"):
        lr_scheduler.LRScheduler(optimizer)


def test_a_rate_that_cannot_be_changes_nothing():
    optimizer = two_groups(leaves())
    schedule = lr_scheduler.LambdaLR(optimizer, lambda t: 1 if t < 1 else -1)
    with pytest.raises(ArgumentError, match="lr must be"):
        schedule.step()
    assert schedule.last_epoch == 0
    assert [group["lr"] for group in optimizer.param_groups] == schedule.get_last_lr() == [0.1, 1.0]


@pytest.mark.parametrize("state", [{"last_epoch": 3}, {"last_epoch": 3, "last_lr": [1.0]}])
def test_a_state_that_does_not_fit_changes_nothing(state):
    schedule = lr_scheduler.ExponentialLR(two_groups(leaves()), 0.5)
    before = schedule.state_dict()
    with pytest.raises(
        (ArgumentError, KeyError), match=r"rates for 1 groups, and the optimizer has 2|last_lr"
    ):
        schedule.load_state_dict(state)
    assert schedule.state_dict() == before


BAD = {
    "step_size": (lambda o: lr_scheduler.StepLR(o, 0), "step_size must be a number and at least 1, not 0"),
    "gamma": (lambda o: lr_scheduler.ExponentialLR(o, -1), "gamma must be .* at least 0, not -1"),
    "gamma NaN": (lambda o: lr_scheduler.ExponentialLR(o, np.nan), "gamma must be"),
    "T_max": (lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=0), "T_max must be"),
    "total_iters": (lambda o: lr_scheduler.LinearLR(o, total_iters=0), "total_iters must be"),
    "start_factor": (lambda o: lr_scheduler.LinearLR(o, start_factor="0"), "start_factor must be .* not '0'"),
    "factor": (lambda o: lr_scheduler.ReduceLROnPlateau(o, factor=1.0), "factor must be less than 1"),
    "mode": (lambda o: lr_scheduler.ReduceLROnPlateau(o, mode="low"), 'mode is "min" or "max"'),
    "a negative rate": (lambda o: lr_scheduler.LambdaLR(o, lambda t: -1), "lr must be"),
    "milestones": (
        lambda o: lr_scheduler.SequentialLR(o, [lr_scheduler.ExponentialLR(o, 0.5)], [3]),
        r"1 schedules need 0 milestones.*not \[3\]",
    ),
    "milestones that fall": (
        lambda o: lr_scheduler.SequentialLR(o, [lr_scheduler.ExponentialLR(o, 0.5)] * 3, [3, 2]),
        r"increasing from 1, not \[3, 2\]",
    ),
    "a plateau in a sequence": (
        lambda o: lr_scheduler.SequentialLR(o, [lr_scheduler.ReduceLROnPlateau(o)], []),
        "of its own optimizer with a formula",
    ),
    "another's": (
        lambda o: lr_scheduler.SequentialLR(o, [lr_scheduler.ExponentialLR(SGD(leaves()), 0.5)], []),
        "of its own optimizer",
    ),
}


@pytest.mark.parametrize(("make", "message"), BAD.values(), ids=BAD)
def test_what_cannot_be_meant_is_refused(make, message):
    with pytest.raises(ArgumentError, match=message):
        make(SGD(leaves(), lr=1.0))
