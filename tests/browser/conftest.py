"""The browser, and a page in it that must not complain, nor request anything from a network."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from autograd import explore
from tests.browser.models import MODELS, report_of

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="session")
def browser():
    program = shutil.which("chromium")
    assert program, "these tests need Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser):
    """Open a file in the browser; at the end of a test, no page may have complained or requested anything."""
    contexts, complaints, requests = [], [], []

    def visit(path, width=1280, height=820, **options):
        context = browser.new_context(
            viewport={"width": width, "height": height}, reduced_motion="reduce", offline=True, **options
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: (complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(path.as_uri())
        return page

    yield visit
    for context in contexts:
        context.close()
    assert not complaints
    assert all(own(url) for url in requests), requests


def own(url):
    """Whether an address is that of the page itself, or of a picture on its way to a file."""
    return url.startswith("blob:null/") or (url.startswith("file:") and ".html" in url)


@pytest.fixture(scope="session")
def pages(tmp_path_factory):
    """The path of a model's page, by name; it is written once."""
    folder, written = tmp_path_factory.mktemp("pages"), {}

    def page_of(name):
        if name not in written:
            output, names = MODELS[name]()
            path = folder / f"{name.replace(' ', '_')}.html"
            written[name] = explore(output, path, names=names, report=report_of(name))
        return written[name]

    return page_of


@pytest.fixture(scope="session")
def axe():
    """The source of axe-core, a checker of accessibility that runs in the page."""
    path = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
    assert path.exists(), "these tests need axe-core: npm ci --prefix tests/browser"
    return path.read_text(encoding="utf-8")


def go_to_output(page):
    """Step forward until the output is computed, which brings it into view."""
    while not page.locator("#graph .output.current").count():
        page.keyboard.press("ArrowRight")
