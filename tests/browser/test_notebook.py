"""explore in a notebook: the page in a cell, and in a live one numbers that are typed into it.

It needs JupyterLab and anywidget, which `pip install '.[browser]'` brings.
"""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request

import numpy as np
import pytest

from autograd import Tensor, explain, explore
from autograd.graph import Graph

CELL = """import numpy as np
from autograd import Tensor, explore

def neuron(x, w, b):
    z = w * x + b
    return np.tanh(z) ** 2

w, b = Tensor(0.5, requires_grad=True), Tensor([0.25], requires_grad=True)
explore(neuron, {"x": 1.5, "w": w, "b": b})"""
NOTEBOOK = {
    "cells": [
        {
            "cell_type": "code",
            "id": "a",
            "metadata": {},
            "outputs": [],
            "source": CELL,
            "execution_count": None,
        }
    ],
    "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of a JupyterLab that serves a folder with one notebook, and the folder."""
    folder = tmp_path_factory.mktemp("lab")
    (folder / "page.ipynb").write_text(json.dumps(NOTEBOOK))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = [
        "--no-browser",
        "--allow-root",
        f"--port={port}",
        "--ip=127.0.0.1",
        "--IdentityProvider.token=",
    ]
    settings = ["--LabApp.news_url=", "--ServerApp.password="]
    environment = os.environ | {"PYTHONPATH": os.getcwd(), "JUPYTER_CONFIG_DIR": str(folder / "config")}
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *options, *settings, f"--ServerApp.root_dir={folder}"],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(120):
            try:
                urllib.request.urlopen(f"{address}/api", timeout=2).close()
                break
            except OSError:
                time.sleep(0.5)
        yield address
    finally:
        server.terminate()
        server.wait(30)


def neuron(w, b, x=1.5):
    return np.tanh(w * x + b) ** 2


@pytest.mark.timeout(240)
def test_a_number_typed_into_the_page_is_computed_in_python(browser, lab):
    context = browser.new_context(viewport={"width": 1280, "height": 1000}, reduced_motion="reduce")
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{lab}/lab/tree/page.ipynb?reset", wait_until="domcontentloaded")
    page.locator(".jp-Notebook .cm-content").first.click(timeout=90_000)
    page.wait_for_timeout(1500)
    page.keyboard.press("Shift+Enter")
    frame = page.frame_locator(".jp-OutputArea iframe")
    frame.locator("#live-inputs").wait_for(timeout=60_000)
    assert frame.locator("#live-inputs .typed b").all_inner_texts() == ["w", "b", "x"]
    frame.locator("#digits").check()
    frame.locator("#last").click()
    frame.get_by_label("w", exact=True).fill("-1.25")
    frame.get_by_label("w", exact=True).press("Enter")
    frame.locator("#live-told", has_text="These are the numbers of Python").wait_for(timeout=30_000)
    w, b = Tensor(-1.25, requires_grad=True), Tensor([0.25], requires_grad=True)
    neuron(w, b, np.array(1.5)).backward(np.ones(1))
    figures = frame.locator("#gradients figure")
    found = {
        f.locator("figcaption b").inner_text(): float(f.locator("td").inner_text()) for f in figures.all()
    }
    assert found == {"w": float(w.grad), "b": float(b.grad[0])}
    frame.get_by_label("w", exact=True).fill("one")
    frame.get_by_label("w", exact=True).press("Enter")
    assert "is no number" in frame.locator("#live-told").inner_text()
    if path := os.environ.get("SCREENSHOT"):
        page.screenshot(path=path)
    context.close()
    assert not [error for error in errors if "jupyter" not in error.lower()]


def cell(html):
    """A notebook's output as a page of its own."""
    return f"<!doctype html><html lang='en'><title>cell</title><body style='margin:0'>{html}</body></html>"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280])
def test_explore_without_a_path_shows_the_page_in_the_cell(visit, tmp_path, width, scheme):
    x = Tensor([1.0, 2.0], requires_grad=True)
    path = tmp_path / "cell.html"
    path.write_text(cell(explore(np.sum(x * x))._repr_html_()))
    page = visit(path, width=width, color_scheme=scheme)
    frame = page.frame_locator("iframe")
    frame.locator("#last").click()
    assert frame.locator("#gradients td").all_inner_texts() == ["2", "4"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [400, 1280])
def test_explanations_and_graphs_are_tables(visit, tmp_path, width):
    x, w = Tensor([1.0, 2.0], requires_grad=True), Tensor([3.0, -1.0], requires_grad=True)
    loss = np.sum(np.tanh(x * w))
    path = tmp_path / "cell.html"
    path.write_text(cell(explain(loss, w, 0)._repr_html_() + Graph.of(loss)._repr_html_()))
    page = visit(path, width=width)
    said = page.locator("body").inner_text()
    assert re.search(r"∂loss / ∂w\[0\] = 0\.00986", said)
    assert page.locator("table").count() == 2
    assert "tanh" in page.locator("table").nth(1).inner_text()
    assert "Tensor(" not in said
