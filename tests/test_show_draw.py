"""draw: what is in the picture, what it is called, and how it is written."""

import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pygraphviz
import pytest

from autograd import Tensor, op, sigmoid
from autograd.errors import AutogradError, DTypeError
from autograd.show import draw

ROOT = Path(__file__).parents[1]


def leaf(*values):
    return Tensor(values, requires_grad=True)


def parsed(picture):
    """The picture as Graphviz reads it."""
    return pygraphviz.AGraph(string=picture.source)


def labels(picture):
    """The lines of text in each box, as Graphviz draws them, in the order of drawing."""
    groups = ET.fromstring(picture.pipe("svg")).iter("{http://www.w3.org/2000/svg}g")
    boxes = [group for group in groups if group.get("class") == "node"]
    return [
        [line.text.replace("\xa0", " ") for line in box.iter("{http://www.w3.org/2000/svg}text")]
        for box in boxes
    ]


@pytest.fixture
def no_dot(monkeypatch, tmp_path_factory):
    """A PATH on which there is no `dot`; the directory that is on it."""
    path = tmp_path_factory.mktemp("bin")
    monkeypatch.setenv("PATH", str(path))
    return path


# What is in the picture


def test_two_uses_are_two_edges():
    x = leaf(1.0, 2.0)
    graph = parsed(draw(x * x))
    assert (graph.number_of_nodes(), graph.number_of_edges()) == (2, 2)


def test_it_is_linear_in_the_size_of_the_graph():
    y = leaf(1.0)
    for _ in range(60):
        y = y + y
    start = time.perf_counter()
    graph = parsed(draw(y))
    assert time.perf_counter() - start < 1
    assert (graph.number_of_nodes(), graph.number_of_edges()) == (61, 120)


def test_a_long_chain_does_not_exhaust_the_stack():
    y = leaf(1.0)
    for _ in range(5000):
        y = -y
    assert draw(y).source.count("->") == 5000


def test_a_constant_is_drawn_once():
    x, c = leaf(1.0, 2.0), np.array([3.0, 4.0])
    graph = parsed(draw(x * c + c))
    assert (graph.number_of_nodes(), graph.number_of_edges()) == (4, 4)


def test_numbers_stand_in_the_operation():
    x = leaf(4.0)
    y = np.clip(2 / x - 1, 0, 0.25)
    assert labels(draw(y)) == [
        ["x", "(1,) float64"],
        ["2 ÷ ·", "(1,) float64"],
        ["· − 1", "(1,) float64"],  # noqa: RUF001  # the minus sign is meant
        ["clip(·, 0, 0.25)", "y", "(1,) float64"],
    ]


def test_options_are_shown():
    x = Tensor(np.ones((2, 3), np.float32), requires_grad=True)
    assert labels(draw(x[:, 1:].sum(axis=0)))[1:] == [
        ["[ ] index=(:, 1:)", "(2, 2) float32"],
        ["Σ axis=0", "(2,) float32"],
    ]


def test_arguments_are_numbered_where_their_order_matters():
    x, y = leaf(1.0), leaf(2.0)
    difference, total = parsed(draw(x - y)), parsed(draw(x + y))
    assert [edge.attr["label"] for edge in difference.edges()] == [" 1", " 2"]
    assert not any(edge.attr["label"] for edge in total.edges())


def test_the_kinds_are_told_apart_by_shape_and_colour():
    x, w = np.array([[1.0, 2.0]]), Tensor([[1.0], [2.0]], requires_grad=True)
    graph = parsed(draw(sigmoid(x @ w)))
    looks = {tuple(node.attr[key] for key in ("shape", "style", "peripheries")) for node in graph.nodes()}
    assert len(looks) == len({node.attr["fillcolor"] for node in graph.nodes()}) == 4


def test_a_tensor_without_a_graph_is_one_box():
    x = Tensor([1.0, 2.0])
    assert labels(draw(x)) == [["x", "(2,) float64"]]
    w = leaf(1.0)
    assert labels(draw(w)) == [["w", "(1,) float64"]]


def test_a_recorded_backward_pass_can_be_drawn():
    x = leaf(1.0, 2.0)
    np.sum(x**3).backward(create_graph=True)
    assert any("x" in box for box in labels(draw(x.grad)))


def test_values_are_shown_on_request():
    x = leaf(1.0, 2.0)
    assert labels(draw(x * x, values=True))[1][-1] == "[1. 4.]"
    large = Tensor(np.ones((500, 500)), requires_grad=True)
    assert len(draw(large * 2, values=True).source) < 2000


def test_only_tensors_can_be_drawn():
    with pytest.raises(DTypeError, match="this is a ndarray"):
        draw(np.ones(3))


# What it is called


def test_names_are_those_of_the_callers_variables():
    x, w = np.array([1.0, 2.0]), leaf(3.0, 4.0)
    product = x * w
    loss = product.sum()
    assert {box[-2] for box in labels(draw(loss))} == {"x", "w", "product", "loss"}


def test_names_can_be_given():
    x = leaf(1.0)
    assert [box[-2] for box in labels(draw(x * 2, names={"weight": x}))] == ["weight", "· × 2"]  # noqa: RUF001


def test_names_the_wrong_way_round_are_refused():
    x = leaf(1.0)
    with pytest.raises(DTypeError, match=r'names=\{"W": layer.weight\}'):
        draw(x * 2, names={x: "weight"})


HOSTILE = [
    'a"b', '"]; evil -> worse; x [label="', "a\\", '\\"', "\\N", "a\\lb", "<b>bold</b>", "<", "&lt;", "&#65;",
    "{a|b}", "node", "a:b:c", "// no comment", "  spaces  ", "Größe", "-->", "%s", "重み",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_only_text(name):
    x = leaf(1.0)
    picture = draw(x * x, names={name: x})
    graph = parsed(picture)
    assert (graph.number_of_nodes(), graph.number_of_edges()) == (2, 2)
    assert labels(picture)[0] == [name, "(1,) float64"]


def test_what_is_no_character_is_spelled_out():
    x = leaf(1.0)
    assert labels(draw(x * x, names={"a\nb\t\0": x}))[0][0] == r"a\nb\t\x00"


def test_a_long_name_is_shortened():
    x = leaf(1.0)
    shown = labels(draw(x * x, names={"begin" + "n" * 10_000 + "end": x}))[0][0]
    assert shown.startswith("begin")
    assert shown.endswith("end")
    assert len(shown) < 60


def test_an_operation_without_a_name_is_only_text():
    cube = op(lambda x: x**3, lambda g, y, x: 3 * g * x**2)
    x = leaf(2.0)
    assert labels(draw(cube(x)))[1][0] == "<lambda>"


# How it is written


@pytest.mark.usefixtures("no_dot")
@pytest.mark.parametrize(
    ("suffix", "start"),
    [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF"), ("dot", b"digraph"), ("SVG", b"<?xml")],
)
def test_it_is_written_where_there_is_no_dot(tmp_path, suffix, start):
    path = tmp_path / f"graph.{suffix}"
    path.write_text("what was there")
    draw(leaf(1.0) * 2, path)
    assert path.read_bytes().startswith(start)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.usefixtures("no_dot")
def test_a_notebook_shows_it_where_there_is_no_dot():
    assert draw(leaf(1.0))._repr_mimebundle_()["image/svg+xml"].startswith("<?xml")


@pytest.mark.parametrize("script", ["cat > /dev/null; echo drawn by dot", "echo broken >&2; exit 1"])
@pytest.mark.skipif(os.name == "nt", reason="the program is a shell script")
def test_dot_is_used_if_there_is_one_that_works(no_dot, script, capfd):
    program = no_dot / "dot"
    program.write_text(f"#!/bin/sh\nPATH=/bin:/usr/bin\n{script}\n")
    program.chmod(0o755)
    drawn = draw(leaf(1.0)).pipe("svg")
    assert drawn.startswith(b"drawn by dot" if "drawn" in script else b"<?xml")
    capfd.readouterr()


@pytest.mark.usefixtures("no_dot")
def test_without_any_layout_the_error_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    path = tmp_path / "graph.svg"
    path.write_text("what was there")
    with pytest.raises(AutogradError, match="pip install pygraphviz"):
        draw(leaf(1.0), path)
    assert path.read_text() == "what was there"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["graph.jpeg2", "graph"])
def test_an_unknown_suffix_is_refused(tmp_path, name):
    with pytest.raises(AutogradError, match=r"one of the suffixes \.svg"):
        draw(leaf(1.0), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_importing_autograd_does_not_import_graphviz():
    program = "import autograd, autograd.show, sys; print({'graphviz', 'pygraphviz'} & set(sys.modules))"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program]
    assert (
        subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
        == "set()\n"
    )


def test_integers_are_known_by_their_values():
    x, w = np.array([1, 2]), leaf(3.0, 4.0)
    assert labels(draw(x * w + x))[0] == ["x", "(2,) float64"]
    assert parsed(draw(x * w + x)).number_of_nodes() == 4
