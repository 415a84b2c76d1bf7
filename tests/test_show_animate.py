"""animate: the steps of a computation as numbered pictures, or as one GIF."""

import re
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image

import nn
from autograd import Tensor, animate
from autograd.errors import DrawError, DTypeError

SVG = "{http://www.w3.org/2000/svg}"


def leaf(*values):
    return Tensor(values, requires_grad=True)


def square():
    x = leaf(3.0, 4.0)
    return np.sum(np.sin(x) * x), {"x": x}


def texts(path):
    """All lines of text in a picture, and the coordinates of its boxes."""
    root = ET.parse(path).getroot()
    lines = [text.text.replace("\xa0", " ") for text in root.iter(f"{SVG}text")]
    boxes = [g for g in root.iter(f"{SVG}g") if g.get("class") == "node"]
    shapes = [next(e for e in box.iter() if e.tag in (f"{SVG}path", f"{SVG}polygon")) for box in boxes]
    outlines = [shape.get("d") or shape.get("points") for shape in shapes]
    return lines, [float(x) for outline in outlines for x in re.findall(r"-?[\d.]+", outline)]


def test_each_step_is_a_picture_in_which_nothing_moves(tmp_path):
    output, names = square()
    paths = animate(output, tmp_path / "square.svg", names=names)
    assert [path.name for path in paths] == [f"square-{i}.svg" for i in range(1, 9)]
    found = [texts(path) for path in paths]
    for _, places in found:
        np.testing.assert_allclose(places, found[0][1], atol=0.02)  # Graphviz rounds to hundredths
    assert [lines[0] for lines, _ in found] == [
        "the inputs and the parameters",
        *("forward: t2 = sin(x)", "forward: t3 = t2 * x", "forward: output = sum(t3)"),
        "backward: the derivative of output by itself is 1",
        *("backward: from output to t3", "backward: from t3 to t2 and x", "backward: from t2 to x"),
    ]


def test_numbers_appear_when_they_are_computed(tmp_path):
    output, names = square()
    found = [texts(path)[0] for path in animate(output, tmp_path / "square.svg", names=names)]
    assert [f"{output.item():.4g}" in lines for lines in found] == [False] * 3 + [True] * 5
    gradient = np.cos([3.0, 4.0]) * [3, 4] + np.sin([3.0, 4.0])
    shown = f"gradient {np.array2string(gradient, precision=4)}"
    assert [shown in lines for lines in found] == [False] * 7 + [True]  # only when both uses have arrived


def test_a_gif_has_a_frame_for_each_step(tmp_path):
    output, names = square()
    [path] = animate(output, tmp_path / "square.gif", names=names, seconds=0.5)
    with Image.open(path) as image:
        assert image.n_frames == 8
        assert image.info["duration"] == 500
    assert [file.name for file in tmp_path.iterdir()] == ["square.gif"]


def test_a_large_model_is_folded(tmp_path):
    model = nn.Sequential(*(nn.Sequential(nn.Linear(2, 2, rng=i), nn.Tanh()) for i in range(40)))
    paths = animate(model(np.ones((1, 2))).sum(), tmp_path / "model.svg", direction="LR", scale=1.5)
    assert 3 < len(paths) < 30


def test_without_a_gradient_there_is_only_the_way_forward(tmp_path):
    x = Tensor([1.0, 2.0], requires_grad=True)
    paths = animate(np.greater(x, 1.5), tmp_path / "mask.svg")
    assert len(paths) == len(list(tmp_path.iterdir()))
    assert "forward" in texts(paths[-1])[0][-1] or len(paths) == 1


def test_no_gradient_is_written(tmp_path):
    output, names = square()
    animate(output, tmp_path / "square.svg", names=names)
    assert names["x"].grad is None


@pytest.mark.parametrize("name", ["steps.bmp", "steps"])
def test_an_unknown_suffix_is_refused(tmp_path, name):
    with pytest.raises(DrawError, match=r"\.gif, \.svg"):
        animate(leaf(1.0) * 2, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_only_tensors_can_be_animated(tmp_path):
    with pytest.raises(DTypeError, match="this is a ndarray"):
        animate(np.ones(3), tmp_path / "steps.svg")


def test_without_a_layout_engine_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    with pytest.raises(DrawError, match=r"pip install '\.\[pictures\]'"):
        animate(square()[0], tmp_path / "square.svg")
    assert not list(tmp_path.iterdir())
