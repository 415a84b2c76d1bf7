"""explore: the mode in which one predicts each step before it is shown."""

import numpy as np
import pytest

from autograd import Tensor, explore


def neuron(x, t, w, b):
    z = w * x + b
    a = np.tanh(z)
    return (a - t) ** 2


GIVEN = {"x": 1.5, "t": 0.3, "w": Tensor(0.5, requires_grad=True), "b": Tensor(-0.2, requires_grad=True)}


@pytest.fixture
def page(visit, tmp_path):
    page = visit(explore(neuron, GIVEN, tmp_path / "page.html"))
    page.check("#predict")
    page.click("#next")
    return page


def answer(page, said):
    page.fill("#answer", str(said))
    page.keyboard.press("Enter")
    return page.locator("#told-prediction").inner_text()


def test_the_next_value_is_hidden_until_one_is_typed(page):
    assert page.locator("#step h2").inner_text() == "What is t4?"
    assert "0.75" not in page.locator("#graph text.number").all_text_contents()
    assert "Type a number" in answer(page, "many")
    assert "Not yet" in answer(page, -0.75)
    assert "sign is the other way round" in page.locator("#told-prediction").inner_text()
    assert "Right: 0.75." in answer(page, 0.75)
    page.keyboard.press("Enter")
    assert page.locator("#live").inner_text().startswith("Step 1 of 11. Forward: t4 = w * x")
    assert "0.75" in page.locator("#graph text.number").all_text_contents()


def test_the_score_counts_first_tries(page):
    w, x, b, t = 0.5, 1.5, -0.2, 0.3
    a = np.tanh(w * x + b)
    g = 2 * (a - t)
    dz = g * (1 - a**2)
    right = [w * x, w * x + b, a, a - t, (a - t) ** 2, g, g, dz, dz, dz * x]
    for i, value in enumerate(right):
        if i == 5:
            page.click("#next")  # past the seed of the backward pass, which is 1
            page.click("#next")
        if i == 1:
            assert "too" in answer(page, 1.2 * value)  # a miss
        if i == 9:
            assert "without the derivative" in answer(page, dz)  # a slip
        assert "Right" in answer(page, value), i
        page.click("#proceed")
        if i + 1 < len(right) and i != 4:
            page.click("#next")
    said = page.locator("#score").inner_text()
    assert said == "8 of 10 right at the first try. Of the others, 1 was a slip that we could name."


def test_shapes_are_asked_for(visit, tmp_path):
    x, w = np.ones((4, 2)), Tensor(np.full((2, 3), 0.5), requires_grad=True)
    b, v = Tensor(np.ones(3), requires_grad=True), Tensor(np.ones((3, 5)), requires_grad=True)
    page = visit(explore(np.sum((x @ w + b) @ v), tmp_path / "page.html"))
    page.check("#predict")
    for _ in range(2):
        page.click("#next")
        page.locator("#step button", has_text="Show it").click()
    page.click("#next")
    assert "Which shape has" in page.locator("#step h2").inner_text()
    assert "other way round" in answer(page, "(5, 4)")
    assert "Right: (4, 5)." in answer(page, "4, 5")


@pytest.mark.parametrize("width", [400, 1280, 1920])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_play_waits_for_an_answer(visit, tmp_path, width, scheme):
    page = visit(explore(neuron, GIVEN, tmp_path / "page.html"), width=width, color_scheme=scheme)
    page.check("#predict")
    page.keyboard.press("Home")
    page.click("#play")
    page.locator("#answer").wait_for()
    assert "Play" in page.locator("#play").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.uncheck("#predict")
    page.keyboard.press("End")
    assert page.locator("#score").count() == 0


def test_a_slider_does_not_tell_the_answer(visit, tmp_path):
    page = visit(explore(neuron, GIVEN, tmp_path / "page.html", vary={"w": np.linspace(-1, 1, 5)}))
    assert page.locator("#frame-loss").is_visible()
    page.check("#predict")
    assert not page.locator("#frame-loss").is_visible()
    assert not page.locator("#frames .plot").is_visible()
    page.uncheck("#predict")
    assert page.locator("#frame-loss").is_visible()
