"""explore, without a browser: the contents of the document, and how the file is written."""

import json
import re
from importlib.resources import files
from types import SimpleNamespace

import numpy as np
import pytest

import nn
from autograd import Graph, Tensor, debug, draw, explore, no_grad, op, scope
from autograd.errors import DrawError, DTypeError, GradientError
from autograd.show.pages.document import document
from autograd.show.pages.numbers import in_json


def leaf(*values):
    return Tensor(values, requires_grad=True)


def read(path):
    """The document in a page."""
    text = path.read_text(encoding="utf-8")
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)[1])


# The document


def test_a_tensor_used_twice_has_two_edges_and_two_parts():
    x = leaf(3.0, 4.0)
    data = document(Graph.of(x * x))
    assert data["edges"]["from"] == [0, 0]
    assert data["edges"]["to"] == [1, 1]
    assert data["nodes"]["grad"] == [[6.0, 8.0], [1.0, 1.0]]
    assert data["parts"] == {0: [3.0, 4.0], 1: [3.0, 4.0]}


def test_the_rule_stands_there_as_in_the_source():
    x = leaf(3.0)
    data = document(Graph.of(np.sqrt(x)))
    assert data["rules"] == [{"text": "g / (2 * y)", "words": None, "arguments": ["x"]}]


def test_a_rule_without_source_is_named():
    function = op(eval("lambda x: x * 1"), eval("lambda g, y, x: g"))
    rules = document(Graph.of(function(leaf(3.0))))["rules"]
    assert rules[0]["text"] is None
    assert rules[0]["words"] == "<lambda>"


def test_the_local_derivative_is_that_of_elementwise_operations_alone():
    x = leaf(1.0, 2.0, 3.0)
    for output, expected in [
        (x / 2, [0.5, 0.5, 0.5]),
        (x**2, [2.0, 4.0, 6.0]),
        (x.sum(), [1.0, 1.0, 1.0]),
        (np.cumsum(x), None),
        (x[::-1], None),
        (x @ np.ones((3, 3)), None),
    ]:
        found = document(Graph.of(output))["locals"]
        assert [value for _, value, _ in found.values()][-1:] == ([expected] if expected else [])


def test_the_sum_over_a_broadcast_axis_is_marked():
    x = leaf(1.0, 2.0)
    [[shape, values, summed]] = document(Graph.of(x + np.zeros((3, 2))))["locals"].values()
    assert (shape, values, summed) == ("(3, 2)", [1.0] * 6, True)


def test_a_constant_has_the_expression_that_it_equals():
    y, p = np.array([0.0, 1.0, 1.0]), leaf(0.5, 0.25, 0.125)
    data = document(Graph.of(np.sum(y * np.log(p) + (1 - y) * np.log(1 - p))))
    assert list(data["expressions"].values()) == ["1 - y"]


def test_what_is_not_computed_is_null_and_not_0():
    x, c = leaf(0.0), np.array([2.0])
    data = document(Graph.of(x * c * 0.0))
    by_name = dict(zip(data["nodes"]["name"], data["nodes"]["grad"], strict=True))
    assert by_name["x"] == 0.0
    assert by_name["c"] is None


def test_the_lines_of_the_source_are_there_in_debug_mode():
    x = leaf(1.0)
    with debug():
        y = np.sin(x)
    [line] = document(Graph.of(y))["sources"].values()
    assert line.startswith("test_show_explore.py:")
    assert line.endswith(": y = np.sin(x)")


def test_a_parameter_lies_in_the_module_that_alone_uses_it_and_an_input_outside():
    x, w, c = leaf(1.0), leaf(2.0), np.array([3.0])
    with scope("inner"):
        y = x * w * c
    data = document(Graph.of(y * x))
    groups = dict(zip(data["nodes"]["name"], data["nodes"]["group"], strict=True))
    assert [label for label, _, _ in data["groups"]] == ["", "inner"]
    assert (groups["w"], groups["x"], groups["c"]) == (1, 0, 0)


def test_a_module_that_is_left_and_entered_again_is_folded_twice():
    x = leaf(1.0)
    with scope("a"):
        y = np.sin(x)
    z = np.cos(y)
    with scope("a"):
        z = np.sin(z)
    assert [group[0] for group in document(Graph.of(z))["groups"]] == ["", "a", "a"]


def depth_and_width(data):
    """The depth of the groups of a document, and the largest number of members in one."""
    members = [0] * len(data["groups"])
    for group in data["nodes"]["group"]:
        members[group] += 1
    depth = [0] * len(data["groups"])
    for i, (_, parent, _) in enumerate(data["groups"][1:], 1):
        assert parent < i
        members[parent] += 1
        depth[i] = depth[parent] + 1
    return max(depth), max(members)


def test_a_long_loop_is_folded_into_groups_in_groups_of_few_members():
    x = leaf(1.0)
    for _ in range(3000):
        x = np.sin(x) * 1.5 + 0.5
    data = document(Graph.of(x))
    depth, width = depth_and_width(data)
    assert depth <= 5
    assert width <= 60
    labels = [label for label, _, _ in data["groups"][1:]]
    assert labels[:2] == ["sin, multiply, add × 3,000", "1 to 250 of 3,000"]  # noqa: RUF001
    assert labels[-1] == "3,000 of 3,000"


def test_a_parameter_of_a_long_loop_does_not_take_long():
    w = x = leaf(1.0)
    for _ in range(5000):
        x = x + w
    assert document(Graph.of(x))["nodes"]["group"][0] == 0


def blocks(n):
    """A model of equal blocks between two other layers."""

    class Block(nn.Module):
        def __init__(self):
            self.inner = nn.Linear(2, 2, rng=0)

        def forward(self, x):
            return x + np.tanh(self.inner(x))

    return nn.Sequential(nn.Linear(3, 2, rng=0), *(Block() for _ in range(n)), nn.Linear(2, 1, rng=1))


def test_the_page_and_the_picture_fold_the_same_blocks():
    model = blocks(40)
    output = model(np.ones((1, 3)))
    rows = document(Graph.of(output))["groups"]
    place = [label for label, _, _ in rows].index("1 … 40: Block × 40")  # noqa: RUF001
    assert rows[place][2] == "repeats"
    assert sum(parent == place for _, parent, _ in rows) == 40
    assert "1 … 40: Block × 40" in draw(output).source  # noqa: RUF001


def test_a_recurrent_network_is_folded_by_its_steps():
    outputs, _ = nn.LSTM(3, 4, rng=0)(np.ones((5, 2, 3)))
    rows = document(Graph.of(outputs[-1].sum()))["groups"]
    assert [label for label, _, _ in rows if label.endswith("of 5")] == [f"{i} of 5" for i in range(1, 6)]


def test_a_few_operations_in_a_row_are_not_folded():
    x, weights = np.ones((2, 2)), [leaf([1.0, 2.0], [3.0, 4.0]) for _ in range(3)]
    q, k, v = (x @ w for w in weights)
    assert len(document(Graph.of(q @ k.T @ v))["groups"]) == 1


@pytest.mark.parametrize("count", [59, 60, 61, 700])
def test_every_group_holds_something(count):
    x = leaf(1.0)
    for _ in range(count):
        x = np.sin(x)
    data = document(Graph.of(x))
    held = set(data["nodes"]["group"]) | {parent for _, parent, _ in data["groups"]}
    assert held >= set(range(len(data["groups"])))


def test_large_arrays_are_summarised():
    x = Tensor(np.arange(1e6).reshape(1000, 1000), requires_grad=True)
    data = document(Graph.of(x * x))
    assert len(json.dumps(data)) < 20_000
    summary = data["nodes"]["value"][0]
    assert (summary["min"], summary["mean"], summary["max"], summary["odd"]) == (0.0, 499999.5, 999999.0, 0)
    assert (len(summary["thin"]), summary["columns"]) == (144, 12)
    assert summary["thin"][-1] == 999999.0


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float64(-0.1), -0.1),
        (np.array([np.nan, -np.inf, 1.0]), ["nan", "-inf", 1.0]),
        (np.float32([0.1, 1e-30]), [0.1, 1e-30]),
        (np.array([True, False]), [1, 0]),
        (np.array([2**63, 1], np.uint64), [str(2**63), 1]),
        (np.zeros((0, 3)), []),
        ((np.array([1.0]), np.array([2, 3])), [1.0, 2.0, 3.0]),
        (np.full((40, 40), np.nan), {"min": "nan", "mean": "nan", "max": "nan", "odd": 1600}),
    ],
)
def test_numbers_in_json(value, expected):
    found = in_json(value, 256)
    json.dumps(found, allow_nan=False)
    assert found == expected or expected.items() <= found.items()


def test_a_hook_sees_each_cotangent_once_and_no_other():
    x, seen = leaf(1.0, 2.0), []
    y = x * 3
    y.register_hook(seen.append)
    document(Graph.of(y.sum()))
    np.testing.assert_equal(seen, [[1.0, 1.0]])


# The verdicts


def test_the_lines_of_a_report_find_their_nodes():
    w, dx = leaf(1.0), leaf(2.0)
    lines = [
        SimpleNamespace(name=name, verdict="right", kind=None, hint="", source="", lineno=1)
        for name in ("dw", "dx", "ddx", "dq")
    ]
    data = document(Graph.of(w * dx, {"w": w, "dx": dx}), SimpleNamespace(lines=lines))
    assert [line["node"] for line in data["verdicts"]["lines"]] == [0, 1, 1, None]


# The file


def test_it_is_one_file_that_may_run_its_own_script_alone(tmp_path):
    path = explore(leaf(1.0) * 2, tmp_path / "page.html")
    text = path.read_text(encoding="utf-8")
    assert "default-src 'none'; script-src 'sha256-" in text
    assert not re.search(r"(src|href)=|https?://(?!www\.w3\.org/2000/svg)|@import|url\(", text)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b", text)
    assert list(tmp_path.iterdir()) == [path]


def test_names_stay_within_the_data(tmp_path):
    name = "</script><script>alert(1)</script><!--\u2028\ud800"
    path = explore(leaf(1.0) * 2, tmp_path / "page.html", names={name: (x := leaf(1.0))})
    path = explore(x * 2, path, names={name: x})
    assert path.read_text(encoding="utf-8").count("<script") == 2
    shown = name.replace("\ud800", "\\ud800").replace("\u2028", "\\u2028")  # as the graph spells them
    assert read(path)["nodes"]["name"][0] == shown


def test_the_gradients_of_the_graph_stay_as_they_were(tmp_path):
    x = leaf(3.0)
    y = x * x
    explore(y, tmp_path / "page.html")
    assert x.grad is None
    y.backward()
    explore(y, tmp_path / "page.html")
    assert x.grad == 6.0


def test_without_a_gradient_there_is_only_the_way_forward(tmp_path):
    path = explore(Tensor([1.0, 2.0]), tmp_path / "page.html")
    assert read(path)["nodes"]["grad"] == [None]


def test_a_leaf_changed_in_place_is_an_error_that_leaves_no_file(tmp_path):
    x = leaf(3.0)
    y = x * x
    with no_grad():
        x -= 1
    with pytest.raises(GradientError, match="changed in place"):
        explore(y, tmp_path / "page.html")
    assert not list(tmp_path.iterdir())


def test_only_tensors_can_be_explored(tmp_path):
    with pytest.raises(DTypeError, match=r"explore\(\).*this is a ndarray"):
        explore(np.ones(3), tmp_path / "page.html")


@pytest.mark.parametrize("name", ["page.svg", "page"])
def test_an_unknown_suffix_is_refused(tmp_path, name):
    with pytest.raises(DrawError, match=r"\.html"):
        explore(leaf(1.0), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_names_are_those_of_the_callers_variables(tmp_path):
    weight = leaf(1.0)
    product = weight * 2
    assert read(explore(product, tmp_path / "page.html"))["nodes"]["name"] == ["weight", "product"]


def test_the_parts_of_the_page_are_those_that_the_package_brings():
    from autograd.show.pages.explore import PAGE, SCRIPTS

    there = {path.name for path in files("autograd.show.pages").joinpath("page").iterdir()}
    assert there == {*SCRIPTS, "page.html", "page.css"}
    assert all((PAGE / name).is_file() for name in there)


def test_a_function_of_several_outputs_has_a_page(tmp_path):
    u, s, vt = np.linalg.svd(leaf(np.array([[2.0, 1.0], [0.5, 3.0]])))
    path = explore(np.sum(u @ vt) + np.sum(s), tmp_path / "page.html")
    assert "svd" in path.read_text(encoding="utf-8")
