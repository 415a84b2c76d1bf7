"""draw: the contents of the picture, the names in it, and how it is written."""

import functools
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pygraphviz
import pytest

import nn
from autograd import Tensor, op, scope, sigmoid
from autograd.errors import AutogradError, DrawError, DTypeError
from autograd.show import draw
from autograd.show.labels import numbers

ROOT = Path(__file__).parents[1]


def leaf(*values):
    return Tensor(values, requires_grad=True)


def parsed(picture):
    """The picture, as Graphviz reads it."""
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
    """A PATH without `dot`; returns the directory on it."""
    path = tmp_path_factory.mktemp("bin")
    monkeypatch.setenv("PATH", str(path))
    return path


# The contents of the picture


def test_two_uses_are_two_edges():
    x = leaf(1.0, 2.0)
    graph = parsed(draw(x * x))
    assert (graph.number_of_nodes(), graph.number_of_edges()) == (2, 2)


def test_it_is_linear_in_the_size_of_the_graph():
    y = leaf(1.0)
    for _ in range(60):
        y = y + y
    graph = parsed(draw(y, limit=None))
    assert (graph.number_of_nodes(), graph.number_of_edges()) == (61, 120)


def test_a_long_chain_does_not_exhaust_the_stack():
    y = leaf(1.0)
    for _ in range(5000):
        y = -y
    assert draw(y, limit=None).source.count("->") == 5000


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
    assert labels(draw(x * x, values=True))[1][-1] == "[1 4]"
    large = Tensor(np.ones((500, 500)), requires_grad=True)
    assert len(draw(large * 2, values=True).source) < 2000


@pytest.mark.parametrize(("dtype", "lines"), [(np.float64, ["c", "2"]), (np.float32, ["c", "float32", "2"])])
def test_a_single_number_is_drawn_as_it_is(dtype, lines):
    c = Tensor(np.array(2, dtype), requires_grad=True)
    assert labels(draw(c * c, values=True))[0] == lines


def test_the_size_up_to_which_arrays_are_shown_can_be_chosen():
    x = Tensor(np.arange(20.0), requires_grad=True)
    assert labels(draw(x * 2, values=True))[0][-1] == "0 … 19, mean 9.5"
    assert len(labels(draw(x * 2, values=True, threshold=20))[0]) > 3


def test_boxes_that_would_look_alike_are_told_apart():
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    drawn = labels(draw(np.sin(x * y) * (y * x)))
    assert len({tuple(box) for box in drawn}) == len(drawn)
    assert ["×", "t3", "(2,) float64"] in drawn  # noqa: RUF001


def test_several_outputs_are_counted():
    parts = np.split(Tensor(np.arange(6.0), requires_grad=True), 3)
    drawn = labels(draw(parts[0] * parts[1] * parts[2]))
    assert any(box[-1] == "3 × (2,) float64" for box in drawn)  # noqa: RUF001


def test_two_arrays_of_one_name_are_told_apart():
    a, b = leaf(1.0), leaf(2.0)
    a.name = b.name = "w"
    assert {box[0] for box in labels(draw(a + b))} == {"w", "w_2", "+"}


def test_a_constant_has_the_expression_that_it_equals():
    y, p = np.array([0.0, 1.0, 1.0]), leaf(0.5, 0.25, 0.125)
    drawn = labels(draw(np.sum(y * np.log(p) + (1 - y) * np.log(1 - p))))
    assert ["1 - y", "(3,) float64"] in drawn


def test_a_constant_of_equal_elements_could_be_anything():
    y, p = np.ones(3), leaf(0.5, 0.25, 0.125)
    drawn = labels(draw(p * (y - 1)))
    assert ["(3,) float64"] in drawn


@pytest.mark.parametrize("direction", ["LR", "TB", "BT", "RL"])
def test_the_computation_goes_in_any_direction(direction):
    x = leaf(1.0, 2.0)
    root = ET.fromstring(draw(np.sum(np.sin(x)), direction=direction, backward=True).pipe("svg"))
    boxes = {}
    for group in root.iter("{http://www.w3.org/2000/svg}g"):
        if group.get("class") == "node":
            text = next(group.iter("{http://www.w3.org/2000/svg}text"))
            boxes[text.text] = float(text.get("x")), float(text.get("y"))
    (x0, y0), (x1, y1) = boxes["x"], boxes["Σ"]
    along, sideways = (x1 - x0, abs(y1 - y0)) if direction in ("LR", "RL") else (y1 - y0, abs(x1 - x0))
    assert (along > 0) == (direction in ("LR", "TB"))
    assert abs(along) > 2 * sideways


def test_a_scale_makes_everything_larger():
    x = leaf(1.0, 2.0)
    sizes = []
    for scale in (1, 2):
        root = ET.fromstring(draw(np.sum(np.sin(x)), scale=scale).pipe("svg"))
        texts = {text.get("font-size") for text in root.iter("{http://www.w3.org/2000/svg}text")}
        sizes.append((float(root.get("height").removesuffix("pt")), float(max(texts))))
    assert sizes[1][0] == pytest.approx(2 * sizes[0][0], rel=0.1)  # Graphviz' border stays as it is
    assert sizes[1][1] == 2 * sizes[0][1]


@pytest.mark.parametrize("options", [{"direction": "up"}, {"scale": 0}, {"scale": -1.0}, {"scale": np.nan}])
def test_what_cannot_be_a_direction_or_a_scale_is_refused(options):
    with pytest.raises(DrawError, match=next(iter(options))):
        draw(leaf(1.0) * 2, **options)


def test_a_recorded_backward_pass_is_told_from_the_forward_pass():
    x = leaf(1.0, 2.0)
    np.sum(x**3).backward(create_graph=True)
    picture = draw(np.sum(x.grad * x.grad))
    assert frames(picture) == ["backward pass"]
    graph = parsed(picture)
    inside = [node for node in graph.nodes() if node.attr["fillcolor"] == "#fbe3d6"]
    assert {node.attr["label"].split("\\n")[0] for node in inside} >= {"· ^ 2"}
    assert len(inside) < len(graph.nodes()) - 2


def test_only_tensors_can_be_drawn():
    with pytest.raises(DTypeError, match="this is a ndarray"):
        draw(np.ones(3))


# Names


def test_names_are_those_of_the_callers_variables():
    x, w = np.array([1.0, 2.0]), leaf(3.0, 4.0)
    product = x * w
    loss = product.sum()
    drawn = labels(draw(loss))
    assert {box[-2] for box in drawn[:-1]} == {"x", "w", "product"}
    assert drawn[-1] == ["Σ", "loss"]


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
    with pytest.raises(AutogradError, match=r"pip install '\.\[pictures\]'"):
        draw(leaf(1.0), path)
    assert path.read_text() == "what was there"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.usefixtures("no_dot")
def test_a_long_listing_is_shortened_where_it_stands_in_for_a_picture(monkeypatch):
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    t = leaf(1.0)
    for _ in range(1000):
        t = t * 1.0
    text = draw(t)._repr_mimebundle_()["text/plain"]
    assert len(text.splitlines()) < 210
    assert "… 801 more lines" in text


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
    assert ["x", "(2,) float64"] in labels(draw(x * w + x))
    assert parsed(draw(x * w + x)).number_of_nodes() == 4


# Modules, repetitions, and large graphs


class Block(nn.Module):
    def __init__(self, n):
        self.inner, self.act = nn.Linear(n, n, rng=0), nn.Tanh()

    def forward(self, x):
        return x + self.act(self.inner(x))


def stack(blocks, n=3):
    return nn.Sequential(nn.Linear(n, n, rng=0), *[Block(n) for _ in range(blocks)])


def frames(picture):
    """The title of each frame, as Graphviz draws them."""
    groups = ET.fromstring(picture.pipe("svg")).iter("{http://www.w3.org/2000/svg}g")
    found = [group for group in groups if group.get("class") == "cluster"]
    return [g.find("{http://www.w3.org/2000/svg}text").text.replace("\xa0", " ") for g in found]


def test_modules_are_frames():
    model, x = stack(2), np.ones((1, 3))
    picture = draw(model(x).sum())
    assert frames(picture) == [
        *("model: Sequential", "0: Linear", "1: Block", "inner: Linear", "2: Block", "inner: Linear"),
    ]
    assert [box[0] for box in labels(picture)].count("weight") == 3


@pytest.mark.parametrize(
    ("depth", "boxes", "framed"), [(0, 3, 0), (1, 5, 1), (2, 11, 4), (3, 15, 6), (None, 15, 6)]
)
def test_modules_beyond_the_depth_are_blocks(depth, boxes, framed):
    model, x = stack(2), np.ones((1, 3))
    picture = draw(model(x).sum(), depth=depth)
    assert (len(labels(picture)), len(frames(picture))) == (boxes, framed)


def test_a_block_says_what_is_in_it():
    model, x = stack(2), np.ones((1, 3))
    assert labels(draw(model(x).sum(), depth=0))[1] == [
        *("model: Sequential", "3 linear, 2 tanh, 2 add, 6 parameters", "→ (1, 3) float64"),
    ]


def test_repeated_modules_are_drawn_once_with_a_count():
    model, x = stack(20), np.ones((1, 3))
    picture = draw(model(x).sum())
    assert "1 … 20: Block × 20" in frames(picture)  # noqa: RUF001
    assert [box[0] for box in labels(picture)].count("weight") == 2
    assert picture.source.count("constraint=false style=dashed") == 2  # to the next block, and beyond it
    assert "there would be more than 50" in picture.source


def test_a_chain_is_one_box_with_a_count():
    t = leaf(1.0)
    for _ in range(1000):
        t = t * 0.5
    assert labels(draw(t))[-1] == ["· × 0.5", "t", "(1,) float64", "× 1,000"]  # noqa: RUF001


def test_a_loop_is_a_frame_with_a_count_and_shares_what_is_shared():
    U, V, h = leaf(1.0, 2.0), leaf(0.5, 0.5), np.zeros(2)
    for x in np.ones((40, 2)):
        h = np.tanh(x * U + h * V)
    picture = draw(np.sum(h))
    assert frames(picture) == ["× 40"]  # noqa: RUF001
    assert sorted(box[-2] if len(box) > 1 else "" for box in labels(picture)).count("U") == 1
    graph = parsed(picture)
    assert (graph.number_of_nodes(), graph.number_of_edges()) == (9, 9)


def test_constants_that_differ_are_not_shown_as_if_they_were_the_same():
    t = leaf(1.0)
    for i in range(60):
        t = t * i
    assert labels(draw(t))[-1][0] == "×"  # noqa: RUF001


def test_steps_that_differ_in_what_they_use_are_not_repetitions():
    steps = [leaf(1.0)]
    for i in range(1, 60):
        steps.append(steps[-1] * steps[i // 2])
    assert "× 5" not in draw(steps[-1]).source  # noqa: RUF001


def test_nothing_is_folded_below_the_limit_or_without_one():
    t = leaf(1.0)
    for _ in range(40):
        t = t * 0.5
    assert parsed(draw(t)).number_of_nodes() == 41
    assert "more than" not in draw(t).source
    for _ in range(40):
        t = t * 0.5
    assert parsed(draw(t, limit=None)).number_of_nodes() == 81
    assert parsed(draw(t, limit=10)).number_of_nodes() == 2


def irregular(n, seed=0):
    rng, x = np.random.default_rng(seed), leaf(0.5)
    t, functions = x, (np.sin, np.cos, np.tanh, lambda t: t * 2, lambda t: t + x)
    for i in rng.integers(0, len(functions), n):
        t = functions[i](t)
    return t


LARGE = {
    "10,000 operations in modules": lambda: nn.Sequential(*[stack(9, 2) for _ in range(358)])(
        np.ones((1, 2))
    ),
    "100,000 in a flat loop": lambda: functools.reduce(lambda t, _: t * 1.0, range(100_000), leaf(1.0)),
    "20,000 without any order": lambda: irregular(20_000),
}


@pytest.mark.parametrize("output", LARGE.values(), ids=LARGE)
def test_large_graphs_are_folded(output, tmp_path):
    output = output()
    picture = draw(output, tmp_path / "large.svg")
    assert parsed(picture).number_of_nodes() <= 60
    assert "there would be more than 50" in picture.source


def test_many_leaves_are_drawn_as_one():
    w = [leaf(float(i)) for i in range(200)]
    total = functools.reduce(
        lambda t, i: np.sin(t) * w[i] if i % 3 else t + w[i] * w[i - 1], range(200), leaf(1.0)
    )
    graph = parsed(draw(total, limit=20))
    assert graph.number_of_nodes() <= 25


# Gradients, and the backward pass


def test_gradients_are_shown_and_none_is_written():
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    z = np.sum(x * y) + 0 * np.sum(y.detach() * y)
    shown = [box[-1] for box in labels(draw(z, gradients=True)) if box[0] in ("x", "y")]
    assert shown == ["gradient [3 4]", "gradient [1 2]"]
    assert x.grad is None


def test_a_gradient_that_was_not_computed_is_not_zero():
    x = leaf(1.0, 2.0)
    y = x * 0
    assert labels(draw(y, gradients=True))[0][-1] == "gradient not computed"
    y.sum().backward()
    assert labels(draw(y, gradients=True))[0][-1] == "gradient [0 0]"


def test_forward_and_backward_stand_side_by_side():
    x, c = leaf(1.0, 2.0), np.ones(2)
    loss = np.sum(x * x * c)
    graph = parsed(draw(loss, backward=True))
    names = {node.attr["label"].split("\\n")[0] for node in graph.nodes() if node.startswith("d")}
    assert names == {"∂loss / ∂x", "∂loss / ∂(x * x)", "∂loss / ∂(×)", "∂loss / ∂loss"}  # noqa: RUF001
    back = [edge for edge in graph.edges() if edge[0].startswith("d")]
    assert len(back) == 4
    assert all(edge.attr["dir"] == "back" for edge in back)
    assert "Σ of 2 uses" in graph.get_node("dn1").attr["label"]


@pytest.mark.parametrize("options", [{}, {"depth": 0}, {"depth": 1}, {"limit": 5}, {"limit": 1}])
def test_every_way_to_draw_can_be_laid_out(options):
    model = stack(4)
    loss = nn.MSELoss()(model(np.ones((2, 3))), np.zeros((2, 3)))
    picture = draw(loss, backward=True, values=True, gradients=True, **options)
    assert picture.pipe("svg").startswith(b"<?xml")


@pytest.mark.parametrize("name", HOSTILE + ["x" * 10_000, "\n", "🙂", "</script><script>alert(1)</script>"])
def test_a_label_of_a_scope_is_only_text(name):
    x = leaf(1.0, 2.0)
    with scope(name):
        y = np.exp(x * x)
    picture = draw(y)
    graph = parsed(picture)
    assert (graph.number_of_nodes(), graph.number_of_edges()) == (3, 3)
    assert b"<script>" not in picture.pipe("svg")
    assert len(picture.source) < 3000
    if len(name) < 50 and name.isprintable():
        assert frames(picture) == [name]
    x.name = name
    assert parsed(draw(y, backward=True, values=True)).number_of_nodes() == 6
    assert parsed(draw(y, depth=0, backward=True)).number_of_nodes() == 2


# Where Graphviz fails


@pytest.mark.skipif(os.name == "nt", reason="the program is a shell script")
def test_a_dot_that_hangs_is_given_up(no_dot, monkeypatch):
    monkeypatch.setattr("autograd.show.pictures.picture.PATIENCE", 0.2)
    program = no_dot / "dot"
    program.write_text("#!/bin/sh\nexec /bin/sleep 60\n")
    program.chmod(0o755)
    assert draw(leaf(1.0) * 2).pipe("svg").startswith(b"<?xml")


@pytest.mark.usefixtures("no_dot")
def test_render_is_that_of_graphviz_where_there_is_no_dot(tmp_path):
    path = draw(leaf(1.0) * 2).render("graph", tmp_path, format="png", cleanup=True)
    assert Path(path) == tmp_path / "graph.png"
    assert [p.name for p in tmp_path.iterdir()] == ["graph.png"]


NOTEBOOK = {
    "everything is there": ("", "image/svg+xml", "<svg"),
    "no dot": ("os.environ['PATH'] = ''", "image/svg+xml", "<svg"),
    "nothing is there": (
        "os.environ['PATH'] = ''; sys.modules['pygraphviz'] = None",
        *("text/plain", "pip install '.[pictures]'"),
    ),
    "a dot that fails": ("dot('exit 1')", "image/svg+xml", "<svg"),
    "a dot that fails, alone": (
        "dot('exit 1'); sys.modules['pygraphviz'] = None",
        *("text/plain", "pip install '.[pictures]'"),
    ),
    "a dot that hangs, alone": (
        "dot('exec /bin/sleep 60'); sys.modules['pygraphviz'] = None; picture.PATIENCE = 0.2",
        *("text/plain", "timed out"),
    ),
}


@pytest.mark.skipif(os.name == "nt", reason="the program is a shell script")
@pytest.mark.needs("nbclient", "ipykernel")
def test_a_notebook_shows_a_picture_or_the_listing_and_never_a_traceback(tmp_path):
    setup = f"""
import os, sys
sys.path.insert(0, {str(ROOT)!r})
from autograd import Tensor, draw
from autograd.show.pictures import picture
before, modules = os.environ["PATH"], sys.modules.get("pygraphviz")

def dot(script):
    path = os.path.join({str(tmp_path)!r}, "dot")
    with open(path, "w") as file:
        file.write("#!/bin/sh\\n" + script + "\\n")
    os.chmod(path, 0o755)
    os.environ["PATH"] = {str(tmp_path)!r}

x = Tensor([1.0, 2.0], requires_grad=True)
y = x * x
"""
    import nbclient
    import nbformat

    book = nbformat.v4.new_notebook()
    book.cells = [nbformat.v4.new_code_cell(setup)]
    for prepare, _, _ in NOTEBOOK.values():
        again = "os.environ['PATH'] = before; sys.modules.pop('pygraphviz', None)"
        book.cells += [nbformat.v4.new_code_cell(f"{again}\n{prepare}\ndraw(y)")]
    nbclient.NotebookClient(book, timeout=60, kernel_name="python3").execute()
    for cell, (_, kind, text) in zip(book.cells[1:], NOTEBOOK.values(), strict=True):
        shown = [output.data for output in cell.outputs if output.output_type == "execute_result"]
        assert text in shown[0][kind], cell.source
        assert not [output for output in cell.outputs if output.output_type == "error"]
        if kind == "text/plain":
            assert "y: f64[2] = x * x" in shown[0][kind]


LONG = {  # arrays, and how they are shown
    "of several sizes": (np.array([1304.04, 947.081, -703.7352, 41.326, 18, 0, -2325.03, 27.5, 12]), [
        "[ 1304     947.1  -703.7    41.3    18",
        "     0   -2325      27.5    12  ]",
    ]),
    "of large numbers": (np.arange(9) * 1e4 / 7, [
        "[    0  1429  2857  4286  5714  7143",
        "  8571 10000 11429]",
    ]),
    "of very different sizes": (np.arange(9) * 1.23456e-7, [
        "[0.00e+00 1.23e-07 2.47e-07 3.70e-07",
        " 4.94e-07 6.17e-07 7.41e-07 8.64e-07",
        " 9.88e-07]",
    ]),
}  # fmt: skip


@pytest.mark.parametrize("name", LONG)
def test_the_numbers_of_long_vectors_are_short(name):
    array, lines = LONG[name]
    assert [line.rstrip() for line in numbers(array, 16)] == lines


def test_few_numbers_keep_their_decimals():
    assert numbers(np.array([1304.0417, 947.081]), 16) == ["[1304.0417  947.081 ]"]


def test_a_negative_and_a_difference_are_told_apart():
    a, b = Tensor([1.0], requires_grad=True), Tensor([2.0], requires_grad=True)
    source = draw(-a - b).source
    assert r'label="−·\n(1,) float64"' in source  # noqa: RUF001  # the minus sign is meant
    assert r'label="−\n(1,) float64"' in source  # noqa: RUF001  # the minus sign is meant
