"""The pages as axe-core judges them, in both themes, at three widths, at their start and at their end."""

import pytest

from tests.browser.conftest import go_to_output
from tests.browser.models import MODELS

RULES = """async () => {
  const found = await axe.run(document, {
    preload: false,  // which would request the style sheets again
    rules: { 'label-content-name-mismatch': { enabled: true } },
  });
  return found.violations.map((v) => [v.id, v.nodes.length, v.nodes[0].html.slice(0, 200)]);
}"""
TARGETS = "button, select, summary, input, a, .digits, #graph .box .outline, #graph .reach"
SMALL = """(targets) => [...document.querySelectorAll(targets)]
  .filter((e) => e.checkVisibility() && !e.closest('.digits > input'))
  .map((e) => [e.id || e.textContent || e.className.baseVal, e.getBoundingClientRect()])
  .filter(([, r]) => r.height < 43.9 || r.width < 43.9)
  .map(([what, r]) => [what, r.width, r.height])"""


@pytest.mark.parametrize("width", [400, 1280, 1920])
@pytest.mark.parametrize("name", MODELS)
def test_axe_finds_no_violation(visit, pages, axe, name, width):
    page = visit(pages(name), width=width, height=1080 if width == 1920 else 820)
    page.evaluate(axe)
    assert page.evaluate(RULES) == []
    page.keyboard.press("End")
    page.locator("#graph .box").last.press("Enter")
    for details in page.locator("aside > details > summary").all():
        details.click()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate(RULES) == []


@pytest.mark.parametrize("name", MODELS)
def test_a_finger_hits_everything_on_a_phone(visit, pages, name):
    page = visit(pages(name), width=400, height=800, has_touch=True)
    page.keyboard.press("End")
    assert page.evaluate(SMALL, TARGETS) == []


@pytest.mark.parametrize("name", ["neuron", "transformer layer"])
def test_the_details_of_a_tapped_box_are_in_view_on_a_phone(visit, pages, name):
    page = visit(pages(name), width=400, height=800, has_touch=True)
    go_to_output(page)
    page.locator("#graph .output .outline").tap()
    page.locator("#node h2").wait_for()
    heading = page.locator("#node h2").bounding_box()
    player = page.locator("#player").bounding_box()
    assert 0 <= player["y"] < player["y"] + player["height"] <= heading["y"]
    assert heading["y"] + heading["height"] < 800 - 200  # and there is room for numbers below it


@pytest.mark.parametrize("name", ["xor", "residual", "derivation"])
def test_the_pointer_never_dims_the_current_step(visit, pages, name):
    page = visit(pages(name))
    page.keyboard.press("End")
    for box in page.locator("#graph .box").all():
        box.dispatch_event("pointerover", {"bubbles": True})
        assert page.locator("#graph.tracing").count() == 1
        opacity = page.locator("#graph .box.current").evaluate("(g) => getComputedStyle(g).opacity")
        assert opacity == "1"
