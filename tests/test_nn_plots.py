"""Plots: that they show the facts, as read from the figures themselves, and what cannot be drawn."""

import importlib
import re
import sys

import numpy as np
import pytest
from PIL import Image

import nn
from nn import plots
from nn.checkpoint import state_of
from nn.errors import ArgumentError
from nn.history import History
from nn.plots.layers import layer_values
from nn.trace import traced

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 2))
LEFT = (X[:, 0] > 0).astype(int)


class FirstInput(nn.Module):
    """1 to the right of the line where the first input is `at`, 0 to the left, and a slope between."""

    def __init__(self, at=0.0):
        self.at = at

    def forward(self, x):
        return (x[:, :1] - self.at).clip(-0.5, 0.5) + 0.5


class Named(nn.Module):
    def forward(self, x):
        return {"it": x}


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"), float)


def test_the_boundary_is_where_the_model_has_it(tmp_path):
    figure = plots.decision_boundary(FirstInput(0.25), X, LEFT, tmp_path / "b.png")
    ax = figure.axes[0]
    [line] = [c for c in ax.collections if type(c).__name__ == "QuadContourSet"]
    [path] = line.get_paths()
    np.testing.assert_allclose(path.vertices[:, 0], 0.25, atol=0.03)  # one pixel of the grid
    image = ax.images[0].get_array()[..., :]
    assert image[:, 0].max() < 0.5 < image[:, -1].min()
    assert pixels(tmp_path / "b.png").std() > 10


def test_whole_numbers_as_inputs_are_a_plane_like_any_other():
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    whole, real = (plots.decision_boundary(FirstInput(0.5), x.astype(t), [0, 0, 1, 1]) for t in (int, float))
    drawn = [np.asarray(figure.axes[0].images[0].get_array()) for figure in (whole, real)]
    np.testing.assert_array_equal(*drawn)
    assert len(np.unique(drawn[0])) > 150  # 200 columns are 1.3 wide, and the slope is 1 wide


def test_no_two_of_ten_classes_look_alike():
    figure = plots.decision_boundary(FirstInput(), X, np.arange(60) % 10)
    samples = [c for c in figure.axes[0].collections if type(c).__name__ == "PathCollection"]
    looks = {(tuple(c.get_facecolor()[0]), c.get_paths()[0].vertices.tobytes()) for c in samples}
    assert len(looks) == len({color for color, _ in looks}) == 10


def test_looking_at_a_model_leaves_it_as_it_was():
    model = nn.Sequential(
        nn.Conv1d(1, 3, 3, rng=0),
        nn.BatchNorm1d(3),
        nn.Dropout(0.5, rng=1),
        nn.Flatten(),
        nn.Linear(18, 1, rng=0),
    )
    model[1].eval()
    x, before = RNG.normal(size=(5, 1, 8)), state_of(model)
    for use in (
        lambda: plots.layer_histograms(model, nn.MSELoss(), x, np.ones((5, 1))),
        lambda: plots.layer_histograms(model.train(), nn.MSELoss(), x, np.ones((5, 1))),
        lambda: plots.decision_boundary(nn.Sequential(nn.Dropout(rng=0), nn.Linear(2, 1)), X, LEFT),
    ):
        use()
        np.testing.assert_equal(state_of(model), before)
    value = nn.functional.mse_loss(model.train()(x), np.ones((5, 1)))
    plots.layer_histograms(model, nn.MSELoss(), x, np.ones((5, 1)))
    value.backward()  # its graph is not out of date, since no parameter was written
    model = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2), nn.Flatten())
    model[1].eval()
    plots.feature_maps(model, np.ones((8, 8)))
    assert [m.training for m in model.modules()] == [True, True, False, True]


def test_what_is_not_finite_is_counted_and_left_out():
    model = nn.Sequential(nn.Linear(2, 3, rng=0), nn.ReLU())
    x = X * np.where(np.arange(60)[:, None] == 7, np.inf, 1)
    with np.errstate(invalid="ignore"):
        figure = plots.layer_histograms(model, nn.MSELoss(), x, np.zeros((60, 3)))
    texts = [text.get_text() for ax in figure.axes for text in ax.texts]
    assert re.fullmatch(r"\d (NaN|infinite)( and \d infinite)? of 180 numbers", texts[0])


def test_classes_are_drawn_by_the_largest_output():
    class Which(nn.Module):
        def forward(self, x):
            return np.stack([-x[:, 0], x[:, 0], x[:, 1] * 0 - 9], axis=1)

    figure = plots.decision_boundary(Which(), X, LEFT[:, None], resolution=50)
    ax = figure.axes[0]
    fills = [c for c in ax.collections if c.get_alpha() == 0.35]
    spans = [path.get_extents() for fill in fills for path in fill.get_paths()]
    assert len(fills) == 2  # the third class is nowhere
    assert [round(span.x1 if i == 0 else span.x0, 6) for i, span in enumerate(spans)] == [0, 0]
    assert len(ax.collections) == 6  # and two lines, and the samples of two classes


def test_the_border_between_three_classes_is_smooth():
    class Thirds(nn.Module):
        def forward(self, x):
            angle = 2 * np.pi * np.arange(3) / 3
            return x @ np.stack([np.cos(angle), np.sin(angle)])

    figure = plots.decision_boundary(Thirds(), X, np.arange(60) % 3, resolution=20)
    lines = [c for c in figure.axes[0].collections if c.get_facecolor().size == 0]
    assert len(lines) == 3
    angles = np.pi * np.array([1 / 3, 1, 5 / 3])  # the classes meet half way between their directions
    for line in lines:
        points = np.concatenate([path.vertices for path in line.get_paths()])
        points = points[np.linalg.norm(points, axis=1) > 0.5]  # on a grid, the point where three meet is cut
        away = np.abs(np.exp(1j * np.arctan2(points[:, 1], points[:, 0]))[:, None] - np.exp(1j * angles))
        assert away.min(axis=1).max() < 1e-6  # steps of the grid would be up to 0.1 off


def test_training_becomes_an_animation_with_a_frame_for_every_second_epoch(tmp_path):
    model = nn.Sequential(nn.Linear(2, 1, rng=0), nn.Sigmoid())
    frames = plots.BoundaryFrames(X, LEFT, resolution=20, every=2)
    optimizer = nn.optim.Adam(model.parameters(), lr=0.5)
    nn.fit(model, nn.BCELoss(), optimizer, (X, LEFT[:, None]), epochs=5, callbacks=[frames], rng=0)
    assert [epoch for epoch, *_ in frames.frames] == [1, 3, 5]
    assert "epoch 5, loss" in frames.figure().axes[0].get_title()
    frames.save(tmp_path / "t.gif")
    with Image.open(tmp_path / "t.gif") as image:
        assert image.n_frames == 3


def deep(gain):
    layers = [nn.Linear(16, 16, rng=i) for i in range(6)]
    for layer in layers:
        layer.load_state_dict({"weight": layer.weight.data * gain, "bias": layer.bias.data * 0})
    return nn.Sequential(*[m for layer in layers for m in (layer, nn.Tanh())])


@pytest.mark.parametrize(("gain", "ratio"), [(0.5, 0.01), (6.0, 10.0)], ids=["vanishing", "exploding"])
def test_histograms_show_vanishing_and_exploding_gradients(gain, ratio, tmp_path):
    model, x = deep(gain), RNG.normal(size=(30, 16)) * 0.01
    outputs, gradients = layer_values(model, nn.MSELoss(), x, np.ones((30, 16)))
    assert list(outputs) == [f"{i} {'Tanh' if i % 2 else 'Linear'}" for i in range(12)]
    first, last = np.median(np.abs(gradients["0 Linear"])), np.median(np.abs(gradients["11 Tanh"]))
    assert first / last < ratio if ratio < 1 else first / last > ratio
    figure = plots.layer_histograms(model, nn.MSELoss(), x, np.ones((30, 16)), tmp_path / "h.png")
    assert len(figure.axes) == 24
    assert pixels(tmp_path / "h.png").std() > 10
    assert all(p.grad is None for p in model.parameters())


def test_the_gradients_in_the_histograms_are_those_of_the_loss():
    model, x, y = nn.Sequential(nn.Linear(2, 3, rng=0), nn.Tanh()), X[:5], np.zeros((5, 3))
    outputs, gradients = layer_values(model, nn.MSELoss("sum"), x, y)
    by_tanh = 2 * outputs["1 Tanh"]
    np.testing.assert_allclose(gradients["1 Tanh"], by_tanh, rtol=1e-14)
    np.testing.assert_allclose(gradients["0 Linear"], by_tanh * (1 - outputs["1 Tanh"] ** 2), rtol=1e-13)


def test_a_layer_that_is_called_twice_is_counted_twice():
    layer = nn.Linear(2, 2, rng=0)
    model = nn.Sequential(layer, nn.Tanh(), layer)
    outputs, gradients = layer_values(model, nn.MSELoss("sum"), X, X)
    assert list(outputs) == list(gradients)[::-1] == ["0 Linear", "1 Tanh", "0 Linear, call 2"]
    np.testing.assert_allclose(gradients["0 Linear, call 2"], 2 * (outputs["0 Linear, call 2"] - X))


def test_dead_layers_and_constant_ones_are_drawn_too():
    dead = nn.Sequential(nn.Linear(2, 3, rng=0), nn.ReLU())
    dead[0].load_state_dict({"weight": np.zeros((3, 2)), "bias": -np.ones(3)})
    figure = plots.layer_histograms(dead, nn.MSELoss(), X, np.zeros((60, 3)))
    texts = [text.get_text() for ax in figure.axes for text in ax.texts]
    assert any("all zero" in text for text in texts)
    figure = plots.layer_histograms(nn.Sequential(nn.Identity(), dead), nn.MSELoss(), X, np.ones((60, 3)))
    assert any("no gradient" in text.get_text() for text in figure.axes[1].texts)


def test_feature_maps_are_what_the_convolution_gives(tmp_path):
    model = nn.Sequential(nn.Conv2d(1, 3, 3, rng=0), nn.ReLU(), nn.Conv2d(3, 20, 3, rng=1))
    image = RNG.normal(size=(8, 8))
    figure = plots.feature_maps(model, image, tmp_path / "m.png")
    drawn = [np.asarray(ax.images[0].get_array()) for ax in figure.axes if ax.images]
    expected = model[0](image[None, None]).data[0]
    np.testing.assert_array_equal(drawn[0], image)
    np.testing.assert_array_equal(drawn[1:4], expected)
    assert len(drawn) == 1 + 3 + 16
    assert [text.get_text() for ax in figure.axes for text in ax.texts] == [
        "input, 8 x 8",
        "0 Conv2d, 6 x 6",
        "2 Conv2d, 4 x 4, 16 of 20 channels",
    ]
    only = plots.feature_maps(model, image, layer="1")
    assert sum(bool(ax.images) for ax in only.axes) == 1 + 3


def test_the_maps_of_a_layer_share_a_scale_on_which_0_is_white(tmp_path):
    model = nn.Sequential(nn.Conv2d(1, 2, 8, rng=0))
    model[0].load_state_dict(
        {"weight": np.stack([np.full((1, 8, 8), w) for w in (0.25, -0.5)]), "bias": np.zeros(2)}
    )
    figure = plots.feature_maps(model, np.ones((8, 8)), tmp_path / "m.png")
    maps = [ax.images[0] for ax in figure.axes if ax.images][1:]
    assert [image.get_clim() for image in maps] == [(-32.0, 32.0)] * 2
    red, blue = (image.cmap(image.norm(np.asarray(image.get_array())[0, 0])) for image in maps)  # 16 and -32
    assert red[0] > red[2] + 0.2
    assert blue[2] > blue[0] + 0.2
    scales = [ax for ax in figure.axes if not ax.images and ax.get_label() == "<colorbar>"]
    assert len(scales) == 2


def test_maps_that_are_all_zero_or_not_finite_are_drawn(tmp_path):
    dead = nn.Sequential(nn.Conv2d(1, 2, 3, rng=0), nn.ReLU())
    dead[0].load_state_dict({"weight": np.zeros((2, 1, 3, 3)), "bias": np.array([-1.0, -1.0])})
    figure = plots.feature_maps(dead, np.ones((8, 8)), layer="1")
    assert [ax.images[0].get_clim() for ax in figure.axes if ax.images][1:] == [(-1.0, 1.0)] * 2
    with np.errstate(invalid="ignore"):
        plots.feature_maps(dead, np.full((8, 8), np.nan), tmp_path / "nan.png")


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        ([10.0, 1.0, 0.01], "log"), ([3.0, 2.0, 1.0], "linear"), ([1e3, 1.0, 0.0], "linear"),
        ([1e3, 1.0, -1.0], "linear"), ([np.nan, 100.0, 1.0], "log"), ([np.nan, np.inf], "linear"),
    ],
)  # fmt: skip
def test_an_axis_is_logarithmic_where_values_span_decades(values, scale, tmp_path):
    figure = History([{"loss": value} for value in values]).plot(tmp_path / "h.png")
    assert figure.axes[0].get_yscale() == scale


def test_validation_counts_for_the_axis_too():
    figure = History([{"loss": 2.0, "validation_loss": 300.0}, {"loss": 1.0, "validation_loss": 2.0}]).plot()
    assert figure.axes[0].get_yscale() == "log"


def test_a_history_is_drawn_with_its_best_epoch(tmp_path):
    rows = [{"loss": 3.0 - i, "validation_loss": abs(i - 1) + 1.0, "accuracy": 0.5} for i in range(3)]
    figure = History(rows).plot(tmp_path / "h.svg")
    loss, accuracy = figure.axes
    assert [line.get_ydata().tolist() for line in loss.lines[:2]] == [[3, 2, 1], [2, 1, 2]]
    assert [text.get_text() for text in loss.get_legend().get_texts()] == [
        "training",
        "validation",
        "best epoch, 2",
    ]
    assert accuracy.get_ylabel() == "accuracy"
    assert (tmp_path / "h.svg").read_text().startswith("<?xml")


FLAT, IMAGE = nn.Sequential(nn.Linear(8, 2)), np.ones((8, 8))
BAD = {
    "three inputs": (lambda: plots.decision_boundary(FLAT, np.ones((4, 3)), LEFT[:4]), "a plane needs x"),
    "no samples": (lambda: plots.decision_boundary(FirstInput(), X[:0], LEFT[:0]), "a plane needs x"),
    "labels": (lambda: plots.decision_boundary(FirstInput(), X, LEFT[:3]), r"not \(60, 2\) and \(3,\)"),
    "no classes": (lambda: plots.decision_boundary(FirstInput(), X, LEFT / 2), "integer, and ranges"),
    "not finite": (lambda: plots.decision_boundary(FirstInput(), X * np.nan, LEFT), "has 120 NaN of 120"),
    "no epoch kept": (lambda: plots.BoundaryFrames(X, LEFT, every=0), "every=0"),
    "no layers": (
        lambda: plots.layer_histograms(Named(), lambda p, t: p["it"].sum(), X, X),
        "Named has no layer with an output",
    ),
    "no channels": (lambda: plots.feature_maps(FLAT, IMAGE, most=0), "most=0"),
    "no frame": (lambda: plots.BoundaryFrames(X, LEFT).save("x.gif"), "no frame was kept"),
    "no epoch": (lambda: History().plot(), "no epoch"),
    "no convolution": (lambda: plots.feature_maps(FLAT, IMAGE), "no convolution"),
    "no layer": (lambda: plots.feature_maps(FLAT, IMAGE, layer="7"), "no layer '7'"),
}


@pytest.mark.parametrize(("draw", "message"), BAD.values(), ids=BAD)
def test_what_cannot_be_drawn_is_refused(draw, message):
    with pytest.raises((ArgumentError, ValueError), match=message):
        draw()


def test_traced_modules_are_as_before_even_after_an_error():
    model = nn.Sequential(nn.Linear(2, 1), nn.Tanh())
    before = [dict(vars(module)) for module in model.modules()]

    def fail(*args):
        raise RuntimeError("seen")

    with pytest.raises(RuntimeError, match="seen"), traced(model, fail):
        model(X)
    assert [dict(vars(module)) for module in model.modules()] == before


def test_without_matplotlib_the_remedy_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for name in [n for n in sys.modules if n.startswith(("matplotlib.", "nn.plots"))]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(ImportError, match="pip install matplotlib"):
        importlib.import_module("nn.plots")
