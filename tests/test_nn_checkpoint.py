"""Checkpoints: a resumed run equals the uninterrupted one, and a misfit changes nothing."""

import numpy as np
import pytest

import nn
from nn.checkpoint import load_checkpoint, save_checkpoint
from nn.data import DataLoader
from nn.errors import ArgumentError, FormatError, StateError
from nn.optim import SGD, Adam, Lion, RMSprop, lr_scheduler

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(32, 3)), RNG.normal(size=(32, 1))


def setting(kind=Adam, seed=0):
    """A run with everything that has a state."""
    first, last = nn.Linear(3, 8, rng=seed), nn.Linear(8, 1, rng=seed)
    model = nn.Sequential(first, nn.Tanh(), nn.Dropout(0.5, rng=seed), last)
    optimizer = kind(model.parameters(), lr=0.01, weight_decay=0.1)
    return {
        "model": model,
        "optimizer": optimizer,
        "schedule": lr_scheduler.CosineAnnealingLR(optimizer, T_max=20),
        "rng": np.random.default_rng(seed),
    }


def train(parts, epochs):
    """A plain training loop; the loss of every step."""
    model, optimizer, losses = parts["model"], parts["optimizer"], []
    for _ in range(epochs):
        for x, y in DataLoader((X, Y), 8, shuffle=True, rng=parts["rng"]):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        parts["schedule"].step()
    return losses


@pytest.mark.parametrize("kind", [SGD, RMSprop, Adam, Lion])
def test_a_resumed_run_is_bit_for_bit_the_uninterrupted_one(tmp_path, kind):
    path = tmp_path / "run.safetensors"
    whole = setting(kind)
    losses = train(whole, 3)
    save_checkpoint(path, **whole, epoch=3, note="so far")
    losses += train(whole, 4)
    resumed = setting(kind, seed=9)
    assert load_checkpoint(path, **resumed) == {"epoch": 3, "note": "so far"}
    assert train(resumed, 4) == losses[-16:]
    np.testing.assert_equal(resumed["model"].state_dict(), whole["model"].state_dict())
    np.testing.assert_equal(resumed["optimizer"].state_dict(), whole["optimizer"].state_dict())


def spoil(**others):
    return lambda parts: parts | others


def with_sgd(parts):
    return parts | {"optimizer": SGD(parts["model"].parameters())}


def without_dropout(parts):
    return parts | {"model": nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Identity(), nn.Linear(8, 1))}


MISFITS = {
    "another kind of optimizer": (with_sgd, ArgumentError),
    "another shape": (spoil(model=nn.Sequential(nn.Linear(3, 8))), StateError),
    "no generator": (without_dropout, StateError),
    "another generator": (spoil(rng=np.random.Generator(np.random.MT19937(0))), StateError),
    "what is not in it": (spoil(other=np.random.default_rng(0)), StateError),
    "a number": (spoil(epoch=0), StateError),
    "a state of another part": (spoil(note=np.random.default_rng(0)), StateError),
}


@pytest.mark.parametrize(("change", "error"), MISFITS.values(), ids=MISFITS)
def test_what_does_not_fit_is_refused_and_no_part_changes(tmp_path, change, error):
    path = tmp_path / "run.safetensors"
    parts = setting()
    train(parts, 1)
    save_checkpoint(path, **parts, epoch=1, note="x")
    others = change(setting(seed=1))
    states = nn.checkpoint.state_of
    before = {name: states(part) for name, part in others.items()}
    with pytest.raises(error):
        load_checkpoint(path, **others)
    np.testing.assert_equal({name: states(part) for name, part in others.items()}, before)


def test_a_cut_off_checkpoint_changes_nothing(tmp_path):
    path = tmp_path / "run.safetensors"
    parts = setting()
    save_checkpoint(path, **parts)
    path.write_bytes(path.read_bytes()[:-8])
    others = setting(seed=1)
    before = others["model"].state_dict()
    with pytest.raises(FormatError):
        load_checkpoint(path, **others)
    np.testing.assert_equal(others["model"].state_dict(), before)


def test_a_part_without_a_state_is_refused(tmp_path):
    with pytest.raises(ArgumentError, match="loader is a DataLoader"):
        save_checkpoint(tmp_path / "x", loader=DataLoader(X))
    assert not list(tmp_path.iterdir())
