"""explore: products taken apart by a click on a number, and arrays of several axes as slices."""
# ruff: noqa: RUF001  # the signs of mathematics are meant

import numpy as np
import pytest

import nn
from autograd import Tensor, explore, softmax

rng = np.random.default_rng(0)


def leaf(*shape):
    return Tensor(rng.normal(size=shape), requires_grad=True)


@pytest.mark.parametrize("width", [400, 1280, 1920])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_click_shows_the_row_the_column_and_the_sum(visit, tmp_path, width, scheme):
    X, W = np.arange(6.0).reshape(3, 2), leaf(2, 4)
    product = X @ W
    page = visit(explore(product, tmp_path / "page.html"), width=width, color_scheme=scheme)
    page.keyboard.press("ArrowRight")
    page.locator("#step .pickable td").nth(6).click()  # [1, 2]
    said = page.locator("#step .apart").inner_text()
    assert "product[1, 2] = X[1, 0] × W[0, 2] + X[1, 1] × W[1, 2]" in said
    assert f"= {float(product.data[1, 2]):.4g}" in said
    used = page.locator("#step td.used").all_inner_texts()
    assert used == ["2", "3", f"{W.data[0, 2]:.4g}", f"{W.data[1, 2]:.4g}"]
    page.keyboard.press("End")
    apart = page.locator("#step .apart").last
    page.locator("#step .pickable td").first.click()
    assert "dW[0, 0] = g[0, 0] × X[0, 0] + g[1, 0] × X[1, 0] + g[2, 0] × X[2, 0]" in apart.inner_text()
    assert "= 6" in apart.inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_keyboard_picks_too(visit, tmp_path):
    page = visit(explore(np.eye(2) @ leaf(2, 3), tmp_path / "page.html"))
    page.keyboard.press("ArrowRight")
    page.locator("#step .pickable td.picked").focus()
    page.locator("#step .pickable td").first.click()
    page.locator("#step .pickable td").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert "[1, 1] =" in page.locator("#step .apart").inner_text()
    assert page.locator("#live").inner_text().startswith("Step 1 ")


def test_a_window_of_a_convolution_is_marked(visit, tmp_path):
    image, kernel = np.arange(16.0).reshape(1, 1, 4, 4), leaf(2, 1, 3, 3)
    page = visit(explore(nn.functional.conv2d(image, kernel), tmp_path / "page.html"))
    page.keyboard.press("ArrowRight")
    page.locator("#step .pickable td").nth(7).click()  # [0, 1, 1, 1]
    used = [float(x) for x in page.locator("#step td.used").all_inner_texts()]
    np.testing.assert_array_equal(used[:9], image[0, 0, 1:, 1:].ravel())
    np.testing.assert_allclose(used[9:], kernel.data[1].ravel(), rtol=1e-3)


def test_softmax_and_pooling_are_taken_apart(visit, tmp_path):
    z = Tensor([[0.0, 1.0, 2.0]], requires_grad=True)
    page = visit(explore(softmax(z, axis=1) * np.array([1.0, 0.0, 0.0]), tmp_path / "page.html"))
    page.keyboard.press("ArrowRight")
    page.locator("#step .pickable td").first.click()
    assert "exp(z[0, 0]) / (exp(z[0, 0]) + exp(z[0, 1]) + exp(z[0, 2]))" in page.locator("#step").inner_text()
    page.keyboard.press("End")
    assert "dz[0, 0] = y[0, 0] × (g[0, 0] − (" in page.locator("#step").inner_text()
    image = leaf(1, 1, 4, 4)
    page = visit(explore(nn.functional.max_pool2d(image, 2), tmp_path / "pool.html"))
    page.keyboard.press("ArrowRight")
    page.locator("#step .pickable td").first.click()
    assert page.locator("#step td.used").count() == 4
    assert "max(image[0, 0, 0, 0], image[0, 0, 0, 1], " in page.locator("#step .apart").inner_text()


@pytest.mark.parametrize("width", [400, 1280])
def test_arrays_of_more_than_two_axes_are_labelled_slices(visit, tmp_path, width):
    kernel = leaf(2, 1, 3, 3)
    page = visit(explore(kernel * 2, tmp_path / "page.html"), width=width)
    figure = page.locator("#step figure").first
    assert figure.locator("table").count() == 2
    assert figure.locator(".slices p").all_inner_texts() == ["[0, 0, :, :]", "[1, 0, :, :]"]
    top = f"{np.abs(kernel.data).max():.4g}"
    assert figure.locator(".scale").inner_text().split() == [f"-{top}", top]
    papers = page.locator("#graph .parameter .thumb .paper")
    assert papers.count() == 2
    boxes = [paper.bounding_box() for paper in papers.all()]
    assert all(abs(box["width"] - box["height"]) < 1 for box in boxes)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
