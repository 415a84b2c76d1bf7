"""explore: what stands beside the graph: the rules, the code, the verdicts and the frames."""

import re

import numpy as np
import pytest

from autograd import Tensor, check, debug, explore
from autograd.graph import Graph
from autograd.show.pages.recorded import recorded

X, y = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0.0], [1], [1], [0]])
rng = np.random.default_rng(0)
VALUES = {
    "W1": rng.normal(size=(2, 4)),
    "b1": np.zeros((1, 4)),
    "W2": rng.normal(size=(4, 1)),
    "b2": np.zeros((1, 1)),
}
WIDTHS = [400, 1280, 1920]


def loss(X, y, W1, b1, W2, b2):
    Z1 = X @ W1 + b1
    A1 = 1 / (1 + np.exp(-Z1))
    Z2 = A1 @ W2 + b2
    A2 = 1 / (1 + np.exp(-Z2))
    return -np.mean(y * np.log(A2) + (1 - y) * np.log(1 - A2))


def backward(X, y, W2, A1, A2):
    dZ2 = A2 - y
    dW2 = A1.T @ dZ2 / len(y)
    dZ1 = dZ2 @ W2.T * A1
    dW1 = X.T @ dZ1 / len(y)
    return {"dW1": dW1, "dW2": dW2}


def neuron(x, t, w, b):
    z = w * x + b
    a = np.tanh(z)
    return (a - t) ** 2


def loop(x, w):
    for _ in range(3):
        x = np.tanh(w * x)
    return np.sum(x)


def given():
    leaves = {name: Tensor(value, requires_grad=True) for name, value in VALUES.items()}
    return {"X": X, "y": y, **leaves}


NEURON = {"x": 1.5, "t": 0.3}
NEURON |= {name: Tensor(value, requires_grad=True) for name, value in (("w", 0.5), ("b", -0.2))}


def fits(page, width):
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    wide = """() => [...document.querySelectorAll('aside > section')]
      .filter((s) => s.scrollWidth > s.clientWidth + 1).map((s) => s.id)"""
    assert page.evaluate(wide) == []


def step_to(page, words):
    """Step until the sentence of the step begins with these words."""
    if page.locator("#first").is_enabled():
        page.locator("#first").click()
    while words not in page.locator("#live").inner_text():
        assert page.locator("#next").is_enabled(), words
        page.locator("#next").click()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_step_shows_the_rule_in_the_readers_names(visit, tmp_path, width, scheme):
    path = explore(loss, given(), tmp_path / "page.html")
    page = visit(path, width=width, color_scheme=scheme)
    step_to(page, "to W1")
    rule = page.locator("#step .rule", has_text="dW1")
    assert rule.locator("code").first.inner_text() == "dW1 = X.T @ g"
    said = rule.inner_text()
    assert "g is the gradient of" in said
    assert "X is an input, shape (4, 2)" in said
    source = rule.locator("details")
    assert not source.locator("pre").is_visible()
    source.locator("summary").click()
    assert "g" in source.locator("pre").inner_text()
    fits(page, width)


def test_the_outputs_of_a_function_are_shown_apart(visit, tmp_path):
    x = Tensor(np.arange(6.0).reshape(3, 2), requires_grad=True)
    first, second = np.split(x, [1])
    page = visit(explore(np.sum(first) + np.sum(second * second), tmp_path / "page.html"))
    step_to(page, "split")
    shapes = page.locator("#step .outputs figcaption .quiet").all_inner_texts()
    assert shapes == ["(1, 2)", "(2, 2)"]
    assert "pieces" not in page.locator("body").inner_text()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_code_follows_the_steps(visit, tmp_path, width, scheme):
    page = visit(explore(loss, given(), tmp_path / "page.html"), width=width, color_scheme=scheme)
    lines = page.locator("#code .lines li")
    assert "Z1 = X @ W1 + b1" in lines.nth(1).inner_text()
    assert page.locator("#code .numbers > *").count() == 0
    seen = []
    while page.locator("#next").is_enabled():
        page.keyboard.press("ArrowRight")
        lit = page.locator("#code .lit")
        seen += lit.all_inner_texts()
        assert lit.count() <= 1
    assert page.locator("#code .lines li").filter(has=page.locator(".gradient")).count() == 5
    order = [re.sub(r"[-\d.e\s]+$", "", text).strip() for text in dict.fromkeys(seen)]
    assert len(order) >= 5
    fits(page, width)


def test_clicking_a_line_goes_to_its_step_in_the_same_direction(visit, tmp_path):
    page = visit(explore(loss, given(), tmp_path / "page.html"))
    line = page.locator("#code button", has_text="Z2 = A1 @ W2 + b2")
    line.click()
    assert "Forward: Z2 = " in page.locator("#live").inner_text()
    page.keyboard.press("End")
    line.click()
    assert page.locator("#live").inner_text().endswith("Backward: from Z2 to t14 and b2.")
    lit = page.locator("#code .lit")
    assert "Z2 = A1 @ W2 + b2" in lit.inner_text()
    assert "back" in lit.get_attribute("class")


def test_the_numbers_at_the_end_of_a_line_are_those_of_the_round(visit, tmp_path):
    page = visit(explore(loop, {"x": 0.5, "w": 1.5}, tmp_path / "page.html"))
    line, x = page.locator("#code li", has_text="np.tanh"), 0.5
    for _ in range(3):
        x = np.tanh(1.5 * x)
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        assert line.locator(".value").inner_text() == f"{x:.4g}"


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def with_a_helper(x, w):
    a = sigmoid(w * x)
    b = sigmoid(w * a)
    return np.sum(b)


def test_a_line_that_calls_a_helper_is_lit_with_the_line_in_it(visit, tmp_path):
    page = visit(explore(with_a_helper, {"x": 0.5, "w": 1.5}, tmp_path / "page.html"))
    step_to(page, "Forward: b = ")
    lit = page.locator("#code .lit code").all_inner_texts()
    assert [text.strip() for text in lit] == ["b = sigmoid(w * a)", "return 1 / (1 + np.exp(-z))"]
    a = 1 / (1 + np.exp(-0.75))
    line = page.locator("#code li", has_text="a = sigmoid(w * x)")
    assert line.locator(".value").inner_text() == f"{a:.4g}"
    line.locator("button").click()
    assert "Forward: a = " in page.locator("#live").inner_text()


def test_what_was_recorded_in_debug_has_its_code(visit, tmp_path):
    w = Tensor(2.0, requires_grad=True)
    with debug():
        square = w * w
        total = square + w
    page = visit(explore(total, tmp_path / "page.html"))
    step_to(page, "total = ")
    assert "total = square + w" in page.locator("#code .lit").inner_text()


def test_without_source_there_is_no_empty_box(visit, tmp_path):
    page = visit(explore(Tensor(2.0, requires_grad=True) * 2, tmp_path / "page.html"))
    for name in ("code", "frames", "verdicts"):
        assert not page.locator(f"#{name}").is_visible()


def test_the_listing_follows_the_steps(visit, tmp_path):
    page = visit(explore(loss, given(), tmp_path / "page.html"))
    page.locator("#text summary").click()
    step_to(page, "Forward: A1 = ")
    assert page.locator("#listing li.lit").all_inner_texts() == ["A1: f64[4,4] = 1 / t11"]


# The verdicts


@pytest.fixture
def derived(tmp_path):
    report = check.derivation(loss, backward, {"X": X, "y": y, **VALUES})
    return explore(loss, given(), tmp_path / "page.html", report=report)


BADGES = """() => [...document.querySelectorAll('#graph .badge')].flatMap((b) => {
  const r = b.getBoundingClientRect();
  const others = [...b.parentNode.querySelectorAll('text, .thumb, .number')].filter((o) => !b.contains(o));
  return others.map((o) => o.getBoundingClientRect()).filter((o) =>
    o.width && o.left < r.right - 1 && r.left < o.right - 1 && o.top < r.bottom - 1 && r.top < o.bottom - 1);
}).length"""


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_badges_cover_nothing(visit, derived, width, scheme):
    page = visit(derived, width=width, color_scheme=scheme)
    page.keyboard.press("End")
    assert page.locator("#graph .badge").count() == 4
    assert page.evaluate(BADGES) == 0
    outside = """() => [...document.querySelectorAll('#graph .badge')].filter((b) => {
      const r = b.getBoundingClientRect(), o = b.parentNode.querySelector('.outline').getBoundingClientRect();
      return r.left < o.left || r.right > o.right || r.top < o.top || r.bottom > o.bottom; }).length"""
    assert page.evaluate(outside) == 0


@pytest.mark.parametrize("width", WIDTHS)
def test_a_verdict_goes_to_its_step_with_both_arrays_side_by_side(visit, derived, width):
    page = visit(derived, width=width)
    page.locator("#verdicts button", has_text="dZ1").click()
    assert "to Z1" in page.locator("#live").inner_text()
    told = page.locator("#verdicts .told .verdict")
    assert "missing-factor" in told.inner_text()
    assert told.locator("figcaption b").all_inner_texts() == ["yours: dZ1", "the right one"]
    assert told.locator("td.differs").count() == 32
    page.locator("#verdicts button", has_text="dW2").click()
    assert page.locator("#verdicts td.differs").count() == 0
    assert "They are equal" in told.inner_text()
    fits(page, width)


def test_the_margin_of_the_source_has_the_verdicts(visit, derived):
    page = visit(derived)
    margins = {
        item.locator("code").inner_text().strip(): item.locator(".margin").inner_text()
        for item in page.locator("#code li").all()
    }
    assert margins["dZ1 = dZ2 @ W2.T * A1"] == "✗"
    assert margins["dW2 = A1.T @ dZ2 / len(y)"] == "✓"
    page.locator("#code button", has_text="dZ1 = dZ2").click()
    assert "missing-factor" in page.locator("#verdicts .told").nth(2).inner_text()


# The frames


def tables(page, place):
    """The numbers of a figure's table."""
    rows = page.locator(f"{place} tr").all()
    return [[float(x) for x in row.locator("td").all_inner_texts()] for row in rows]


@pytest.mark.parametrize("name", ["w", "b"])
def test_in_every_frame_the_numbers_are_pythons_in_all_digits(visit, tmp_path, name):
    values = np.linspace(-2, 2, 41)
    page = visit(explore(neuron, NEURON, tmp_path / "page.html", vary={name: values}))
    page.check("#digits")
    page.keyboard.press("End")
    for i, value in enumerate(values):
        page.locator("#frame-0").fill(str(i))
        ran = recorded(neuron, NEURON | {name: Tensor(value, requires_grad=True)})
        graph = Graph.of(ran.output, ran.names)
        back = graph.backward()
        boxes = {v.name: v for v in graph.nodes if v.kind == "parameter"}
        gradients = {
            f.locator("figcaption b").inner_text(): float(f.locator("td").inner_text())
            for f in page.locator("#gradients figure").all()
        }
        assert gradients == {n: float(back.cotangents[v.number]) for n, v in boxes.items()}
        assert page.locator("#frame-loss").inner_text().split(" = ")[1] == repr(float(ran.output.data))
        assert float(page.locator("#frame-value-0").inner_text().split(" = ")[1]) == value


IN_EACH_FRAME = """(count) => [...Array(count).keys()].map((i) => {
  const slider = document.querySelector('#frame-0');
  slider.value = i;
  slider.dispatchEvent(new Event('input', { bubbles: true }));
  return [...document.querySelectorAll('#node > figure')].map((figure) => [...figure.querySelectorAll('tr')]
    .map((row) => [...row.querySelectorAll('td')].map((cell) => cell.innerText)));
})"""


def test_in_every_frame_all_arrays_of_a_network_are_pythons(visit, tmp_path):
    values = [VALUES["W1"] * s for s in np.linspace(-2, 2, 41)]
    path = explore(loss, given(), tmp_path / "page.html", vary={"W1": values})
    assert path.stat().st_size < 400_000
    page = visit(path)
    page.check("#digits")
    page.keyboard.press("End")
    frames = []
    for value in values:
        ran = recorded(loss, given() | {"W1": Tensor(value, requires_grad=True)})
        graph = Graph.of(ran.output, ran.names)
        frames.append(({v.number: v.value for v in graph.nodes}, graph.backward().cotangents))
    named = [v for v in graph.nodes if v.name and v.number in frames[0][1]]
    assert len(named) > 6
    for vertex in named:
        page.locator("#search").fill(vertex.label)
        page.locator("#search").press("Enter")
        page.keyboard.press("End")
        shown = page.evaluate(IN_EACH_FRAME, len(frames))
        for i, both in enumerate(frames):
            for array, figure in zip((numbers[vertex.number] for numbers in both), shown[i][:2], strict=True):
                found = [[float(x) for x in row] for row in figure]
                np.testing.assert_array_equal(found, np.atleast_2d(array), err_msg=f"{vertex.label} {i}")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_two_numbers_have_a_map_to_drag_in(visit, tmp_path, width, scheme):
    axes = {"w": np.linspace(-2, 2, 21), "b": np.linspace(-1, 1, 11)}
    path = explore(neuron, NEURON, tmp_path / "page.html", vary=axes)
    page = visit(path, width=width, color_scheme=scheme)
    page.locator("#frames .map").scroll_into_view_if_needed()
    box = page.locator("#frames .map").bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 9, box["y"] + box["height"] - 9, steps=4)
    page.mouse.up()
    page.check("#digits")
    assert page.locator("#frame-value-0").inner_text() == "w = 2"
    assert page.locator("#frame-value-1").inner_text() == "b = -1"
    expected = recorded(neuron, NEURON | {"w": Tensor(2.0), "b": Tensor(-1.0)}).output.data
    assert float(page.locator("#frame-loss").inner_text().split(" = ")[1]) == float(expected)
    fits(page, width)


def test_the_epochs_of_a_training_are_frames(visit, tmp_path):
    leaves, outputs = given(), []
    for _ in range(6):
        out = loss(**leaves)
        outputs.append(out)
        out.backward()
        leaves |= {n: Tensor(leaves[n].data - leaves[n].grad, requires_grad=True) for n in VALUES}
    page = visit(explore(outputs[0], tmp_path / "page.html", frames=outputs))
    assert page.locator("#frame-value-0").inner_text() == "frame 1 of 6"
    page.locator("#frame-0").fill("5")
    page.check("#digits")
    assert page.locator("#frame-loss").inner_text().endswith(repr(float(outputs[5].data)))


def test_the_keyboard_moves_the_frames(visit, tmp_path):
    page = visit(explore(neuron, NEURON, tmp_path / "page.html", vary={"w": [0.0, 0.5, 1.0]}))
    page.locator("#frame-0").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#frame-value-0").inner_text() == "w = 1"
    assert page.locator("#live").inner_text().startswith("Step 0 ")  # the player stays where it is
