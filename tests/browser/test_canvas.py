"""explore: what the window shows of the graph, how one moves in it, and how a view is kept and shared."""

import io
import re
import xml.etree.ElementTree as ET
from itertools import combinations

import numpy as np
import pytest
from PIL import Image

from autograd import Tensor, explore
from tests.browser.conftest import go_to_output
from tests.browser.models import MODELS
from tests.browser.test_explore import BOXES, EDGES_THROUGH_BOXES

SIZES = [(400, 800), (1280, 820), (1920, 1080)]
# The drawing's window, and the boxes in it, in pixels.
WINDOW = """() => {
  const r = document.getElementById('canvas').getBoundingClientRect();
  return [r.left, r.top, r.right, r.bottom];
}"""
TEXTS = """() => {
  const sizes = [...document.querySelectorAll('#graph text')]
    .map((t) => parseFloat(getComputedStyle(t).fontSize) * t.getScreenCTM().a);
  for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    const size = parseFloat(getComputedStyle(e).fontSize);
    if (own && e.checkVisibility() && !e.closest('svg, script')) sizes.push(size);
  }
  return Math.min(...sizes);
}"""


def inside(box, window):
    return box[0] >= window[0] and box[1] >= window[1] and box[2] <= window[2] and box[3] <= window[3]


def until(page, expression, arg=None):
    """Wait until an expression is true; what Playwright has for it needs `eval`, which the page forbids."""
    for _ in range(60):
        if page.evaluate(expression, arg):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{expression} did not become true")


def boxes(page):
    return [box[1:] for box in page.evaluate(BOXES) if not box[0]]


@pytest.mark.parametrize("size", SIZES, ids=lambda size: size[0])
@pytest.mark.parametrize("name", MODELS)
def test_at_first_there_is_the_first_operation_and_what_can_be_read(visit, pages, name, size):
    page = visit(pages(name), *size)
    window, found = page.evaluate(WINDOW), boxes(page)
    shown = [box for box in found if inside(box, window)]
    assert len(shown) >= min(2 if size[0] == 400 else 3, len(found))
    assert page.evaluate(TEXTS) >= (17.9 if size[0] == 1920 else 8.9)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert page.locator("#map").is_visible() or len(shown) == len(found)
    seen = page.locator("#graph").get_attribute("viewBox")
    page.keyboard.press("ArrowRight")
    assert page.locator("#graph").get_attribute("viewBox") == seen, "what is computed first was out of view"


@pytest.mark.parametrize("name", MODELS)
def test_nothing_overlaps_at_first(visit, pages, name):
    page = visit(pages(name))
    page.keyboard.press("End")  # with all numbers, gradients and verdicts
    for (frame, x, y, r, b), (other, x2, y2, r2, b2) in combinations(page.evaluate(BOXES), 2):
        apart = r <= x2 or r2 <= x or b <= y2 or b2 <= y
        within = (frame and x <= x2 and y <= y2 and r2 <= r and b2 <= b) or (
            other and x2 <= x and y2 <= y and r <= r2 and b <= b2
        )
        assert apart or within
    assert page.evaluate(EDGES_THROUGH_BOXES) == 0
    assert page.evaluate(COVERED) == []


COVERED = """() => [...document.querySelectorAll('#graph .badge')].flatMap((badge) => {
  const a = badge.getBoundingClientRect();
  const others = badge.parentNode.querySelectorAll(':scope > text, .thumb, .number');
  return [...others].map((o) => o.getBoundingClientRect())
    .filter((b) => a.left < b.right - 0.5 && b.left < a.right - 0.5 && a.top < b.bottom && b.top < a.bottom)
    .map(() => badge.textContent);
})"""


def test_a_model_of_blocks_opens_on_them(visit, pages):
    page = visit(pages("residual"))
    assert "1 … 12: Block × 12" in page.locator("#graph .folded").all_text_contents()[1]  # noqa: RUF001
    assert all(inside(box, page.evaluate(WINDOW)) for box in boxes(page))
    page.locator("#graph .folded", has_text="Block").click()
    assert page.locator("#graph .folded", has_text=": Block").count() == 12


def test_a_recurrent_network_opens_on_its_steps(visit, pages):
    page = visit(pages("LSTM"))
    page.locator("#graph .folded", has_text="× 5").click()  # noqa: RUF001
    names = [text.split("  ")[0].strip() for text in page.locator("#graph .folded").all_text_contents()]
    assert sum("of 5" in name for name in names) == 5


@pytest.mark.parametrize("name", MODELS)
def test_fit_shows_all_and_fills_the_window(visit, pages, name):
    page = visit(pages(name), 1920, 1080)
    while page.locator("#unfold").is_visible() and page.locator("#graph .box").count() < 200:
        if not page.locator("#unfold").is_enabled():
            break
        page.click("#unfold")
    page.click("#fit")
    window, found = page.evaluate(WINDOW), boxes(page)
    assert all(inside(box, window) for box in found)
    assert not page.locator("#map").is_visible()
    wide = max(b[2] for b in found) - min(b[0] for b in found), window[2] - window[0]
    high = max(b[3] for b in found) - min(b[1] for b in found), window[3] - window[1]
    zoom = page.evaluate("document.getElementById('graph').getScreenCTM().a")
    assert wide[0] > 0.8 * wide[1] or high[0] > 0.8 * high[1] or zoom > 2.9


def test_the_wheel_zooms_about_the_pointer_and_dragging_pans(visit, pages):
    page = visit(pages("xor"))
    go_to_output(page)
    box = page.locator("#graph .output .outline")
    before = box.bounding_box()
    at = before["x"] + before["width"] / 2, before["y"] + before["height"] / 2
    page.mouse.move(*at)
    page.mouse.wheel(0, -300)
    until(
        page,
        "(w) => document.querySelector('#graph .output .outline').getBoundingClientRect().width > w",
        arg=before["width"] * 1.3,
    )
    after = box.bounding_box()
    assert abs(after["y"] + after["height"] / 2 - at[1]) < 25  # but no farther than to the drawing's edge
    page.mouse.down()
    page.mouse.move(at[0] - 60, at[1] + 100, steps=4)
    page.mouse.up()
    moved = box.bounding_box()
    assert abs(moved["y"] - after["y"] - 100) < 2
    assert page.locator("#graph .selected").count() == 0  # a drag is not a click
    page.mouse.click(moved["x"] + 20, min(moved["y"] + 20, 700))
    assert page.locator("#canvas.dragging").count() == 0


def test_two_fingers_zoom(visit, pages):
    page = visit(pages("xor"), 400, 800, has_touch=True)
    zoom = "document.getElementById('graph').getScreenCTM().a"
    before = page.evaluate(zoom)
    x, y, _, _ = page.evaluate(WINDOW)
    touch = page.context.new_cdp_session(page)
    for kind, apart in (("touchStart", 40), ("touchMove", 60), ("touchMove", 80), ("touchEnd", None)):
        points = (
            []
            if apart is None
            else [{"x": x + 180 + d * apart, "y": y + 120, "id": i} for i, d in enumerate((-1, 1))]
        )
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    assert page.evaluate(zoom) == pytest.approx(2 * before, rel=0.05)


def test_the_map_shows_where_one_is_and_leads_elsewhere(visit, pages):
    page = visit(pages("xor"))
    go_to_output(page)
    place = page.locator("#map").bounding_box()
    assert not inside(boxes(page)[0], page.evaluate(WINDOW))
    page.mouse.click(place["x"] + place["width"] / 2, place["y"] + 8)
    assert inside(boxes(page)[0], page.evaluate(WINDOW))
    page.click("#fit")
    assert not page.locator("#map").is_visible()


def test_folding_all_fits_again(visit, pages):
    page = visit(pages("transformer layer"))
    page.click("#unfold")
    for _ in range(3):
        page.click("#in")
    page.click("#fold")
    assert all(inside(box, page.evaluate(WINDOW)) for box in boxes(page))
    page.click("#reset")
    assert inside(min(boxes(page), key=lambda box: box[1]), page.evaluate(WINDOW))


def test_each_step_is_in_view(visit, pages):
    page = visit(pages("xor"))
    window = page.evaluate(WINDOW)
    while page.locator("#next").is_enabled():
        page.keyboard.press("ArrowRight")
        outline = page.locator("#graph .box.current .outline").bounding_box()
        edges = outline["x"], outline["y"], outline["x"] + outline["width"], outline["y"] + outline["height"]
        assert inside(edges, window)


# The address


def shown(page):
    """The step, the selection and the boxes of a page."""
    selected = page.locator("#graph .selected").all_text_contents()
    return page.locator("#live").inner_text(), selected, page.locator("#graph .box").all_text_contents()


def test_step_selection_and_folds_survive_a_reload(visit, pages):
    page = visit(pages("residual"))
    page.locator("#graph .folded", has_text="13: Linear").click()
    page.locator("#graph .parameter", has_text="bias").first.click()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    before = shown(page)
    until(page, "location.hash.includes('step=') && location.hash.includes('node=')")
    page.reload()
    assert shown(page) == before
    assert page.locator("#graph .selected").count() == 1


def test_the_frame_is_kept_too(visit, pages):
    page = visit(pages("neuron"))
    page.goto(pages("neuron").as_uri() + "#frame=7&step=3")
    page.reload()
    page.keyboard.press("ArrowRight")
    until(page, "location.hash === '#step=4&frame=7'")


def neuron(x, w, b):
    return (np.tanh(w * x + b) - 0.3) ** 2


NEURON = {"x": 1.5, "w": Tensor(0.5, requires_grad=True), "b": Tensor(-0.2, requires_grad=True)}


@pytest.mark.parametrize("axes", [{"w": 41}, {"w": 5, "b": 7}])
def test_the_frame_is_in_the_address_and_survives_a_reload(visit, tmp_path, axes):
    vary = {name: np.linspace(-2, 2, count) for name, count in axes.items()}
    page = visit(explore(neuron, NEURON, tmp_path / "page.html", vary=vary))
    sliders = [f"#frame-{i}" for i in range(len(axes))]
    first = [page.locator(s).input_value() for s in sliders]
    page.locator(sliders[-1]).fill("3")
    page.locator(sliders[0]).fill("1")
    at = 2 if len(axes) == 1 else 11  # counted from 1, the last axis first
    until(page, f"location.hash === '#frame={at}'")
    told = page.locator("#frame-loss").inner_text()
    page.reload()
    assert page.locator("#frame-loss").inner_text() == told
    assert [page.locator(s).input_value() for s in sliders] == ["1", "3"][: len(axes)]
    for slider, place in zip(sliders, first, strict=True):
        page.locator(slider).fill(place)
    until(page, "location.hash === ''")
    page.goto(page.url.partition("#")[0] + "#frame=9999")
    page.reload()
    assert page.locator(sliders[0]).input_value() == str(next(iter(axes.values())) - 1)


@pytest.mark.parametrize(
    "fragment", ["step=9999&node=77&open=5-2.x.999", "step=-1&open=&frame=1e9", "%%%", "node=abc"]
)
def test_an_address_that_means_nothing_does_no_harm(visit, pages, fragment):
    page = visit(pages("residual"))
    page.goto(f"{pages('residual').as_uri()}#{fragment}")
    page.reload()
    assert page.locator("#graph .box").count() > 0
    assert page.locator("#live").inner_text().startswith("Step ")


# Files


def saved(page, button):
    with page.expect_download() as download:
        page.click(button)
    return download.value.suggested_filename, download.value.path().read_bytes()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_picture_is_saved_as_svg_that_looks_the_same(visit, pages, tmp_path, browser, scheme):
    page = visit(pages("derivation"), color_scheme=scheme)
    page.keyboard.press("End")
    page.click("#fit")
    name, content = saved(page, "#svg")
    assert name.endswith(".svg")
    root = ET.fromstring(content)
    assert len(root.findall(".//{*}text")) == page.locator("#graph text").count()
    assert b"class=" not in content
    file = tmp_path / name
    file.write_bytes(content)
    x, y, right, bottom = page.evaluate(WINDOW)
    scale = page.evaluate("document.getElementById('graph').getScreenCTM().a")
    alone = browser.new_page(
        viewport={"width": round(float(root.get("width"))), "height": round(float(root.get("height")))}
    )
    alone.goto(file.as_uri())
    one = Image.open(io.BytesIO(alone.screenshot())).convert("RGB").resize((60, 200))
    alone.close()
    wide, high = float(root.get("width")) * scale, float(root.get("height")) * scale
    clip = {"x": (x + right - wide) / 2, "y": (y + bottom - high) / 2, "width": wide, "height": high}
    two = Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB").resize((60, 200))
    assert np.abs(np.asarray(one, float) - np.asarray(two, float)).mean() < 6  # of 255


def test_the_picture_is_saved_as_png(visit, pages):
    page = visit(pages("residual"))
    page.keyboard.press("End")
    name, content = saved(page, "#png")
    image = Image.open(io.BytesIO(content))
    width, height = image.size
    assert name.endswith(".png")
    assert min(width, height) > 400
    assert len(image.convert("RGB").getcolors(1 << 24)) > 50  # it is not blank


# A lecture


def test_the_speed_of_play_can_be_chosen(visit, pages):
    page = visit(pages("neuron"))
    page.select_option("#speed", "4")
    page.click("#play")
    page.locator("#live", has_text="Step 3 ").wait_for(timeout=2000)  # at once it takes 3.6 s
    page.click("#play")
    assert "Play" in page.locator("#play").inner_text()


def test_the_panel_has_a_width_and_a_size_of_text(visit, pages):
    page = visit(pages("xor"))
    panel = page.locator("aside")
    before, size = (
        panel.bounding_box()["width"],
        page.evaluate("parseFloat(getComputedStyle(document.querySelector('aside')).fontSize)"),
    )
    page.locator("#split").focus()
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    wider = panel.bounding_box()["width"]
    assert wider > before + 60
    assert page.locator("#split").get_attribute("aria-valuenow") == "46"
    border = page.locator("#split").bounding_box()
    page.mouse.move(border["x"] + 3, 400)
    page.mouse.down()
    page.mouse.move(border["x"] + 203, 400)
    page.mouse.up()
    assert panel.bounding_box()["width"] < wider - 150
    for _ in range(4):
        page.click("#larger")
    assert (
        page.evaluate("parseFloat(getComputedStyle(document.querySelector('aside')).fontSize)") == 1.5 * size
    )


# Paper


@pytest.mark.parametrize("name", MODELS)
def test_paper_cuts_nothing_off(visit, pages, name):
    page = visit(pages(name), width=718, height=1000)  # A4 between its margins
    page.keyboard.press("End")
    page.emulate_media(media="print")
    until(page, "document.getElementById('text').open")
    assert page.evaluate(CUT) == []
    graph = page.locator("#graph").bounding_box()
    found = boxes(page)
    edges = graph["x"], graph["y"], graph["x"] + graph["width"], graph["y"] + graph["height"]
    assert all(inside(box, edges) for box in found)
    assert graph["height"] < 950
    page.emulate_media(media="screen")
    assert re.match(r"[-\d. ]+$", page.locator("#graph").get_attribute("viewBox"))


CUT = """() => [...document.querySelectorAll('aside *')]
  .filter((e) => e.checkVisibility() && !e.closest('svg, .unseen'))
  .filter((e) => e.getBoundingClientRect().right > innerWidth + 1 ||
    (getComputedStyle(e).overflow !== 'visible' && e.scrollHeight > e.clientHeight + 1))
  .map((e) => [e.localName, e.className, e.textContent.slice(0, 60)])"""


def test_a_page_of_a_large_graph_opens_on_few_boxes(visit, tmp_path):
    x = Tensor(1.0, requires_grad=True)
    for _ in range(10_000):
        x = np.sin(x) * 1.5 + 0.5
    page = visit(explore(x, tmp_path / "page.html"))
    assert page.locator("#graph .box").count() <= 60
    assert inside(min(boxes(page), key=lambda box: box[1]), page.evaluate(WINDOW))


def test_a_page_opens_on_its_first_operation_and_the_inputs_of_that(visit, tmp_path):
    x, w = (Tensor(np.ones(shape), requires_grad=True) for shape in [(5, 3), (3, 4)])
    h = x @ w
    for function in (np.tanh, np.sin, np.exp, np.cos, np.arctan, np.sinh, np.square, np.abs, np.negative):
        h = function(h)
    loss = np.mean(h)
    page = visit(explore(loss, tmp_path / "page.html", names={"x": x, "w": w, "loss": loss}), 1920, 1080)
    window, high = page.evaluate(WINDOW), sorted(boxes(page), key=lambda box: box[1])
    assert not inside(high[-1], window), "it all fits, which shows nothing"
    assert all(inside(box, window) for box in high[:3])
