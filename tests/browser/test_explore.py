"""explore: the page as a browser shows it, and as a reader uses it.

    npm ci --prefix tests/browser
    python -m pytest -n 0 tests/browser

It needs Chromium, Node, and `pip install '.[browser]'`.
"""

import re
import time
from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pytest

import nn
from autograd import Graph, Tensor, check, explore, scope

BOXES = """() => [...document.querySelectorAll('#graph .box, #graph .frame')].map((g) => {
  const r = (g.querySelector('.outline') ?? g).getBoundingClientRect();
  return [g.classList.contains('frame'), r.left, r.top, r.right, r.bottom];
})"""
EDGES_THROUGH_BOXES = """() => {
  const svg = document.getElementById('graph').getScreenCTM();
  const boxes = [...document.querySelectorAll('#graph .box .outline')].map((p) => p.getBoundingClientRect());
  let inside = 0;
  for (const line of document.querySelectorAll('#graph .line')) {
    const length = line.getTotalLength();
    for (let s = 6; s < length - 6; s += 4) {
      const at = line.getPointAtLength(s).matrixTransform(svg);
      const hits = (b) => at.x > b.left + 3 && at.x < b.right - 3 && at.y > b.top + 6 && at.y < b.bottom - 6;
      if (boxes.some(hits)) inside += 1;
    }
  }
  return inside;
}"""


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def xor():
    """The network of the first guide, with names for its leaves."""
    rng = np.random.default_rng(0)
    x, y = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0.0], [1], [1], [0]])
    leaves = {
        "W1": rng.normal(size=(2, 4)),
        "b1": np.zeros((1, 4)),
        "W2": rng.normal(size=(4, 1)),
        "b2": [[0.0]],
    }
    leaves = {name: Tensor(value, requires_grad=True) for name, value in leaves.items()}
    a1 = sigmoid(x @ leaves["W1"] + leaves["b1"])
    p = sigmoid(a1 @ leaves["W2"] + leaves["b2"])
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)), leaves


def modules():
    """Modules in modules, with named parameters."""
    block = [nn.Sequential(nn.Linear(3, 3, rng=i), nn.Sigmoid()) for i in range(2)]
    model = nn.Sequential(*block, nn.Linear(3, 1, rng=9))
    loss = nn.functional.mse_loss(model(np.eye(3)), np.ones((3, 1)))
    return loss, dict(model.named_parameters())


def shared():
    """A weight that is used at each of several steps, a square, a skip, float32, and NaN."""
    w = Tensor(np.float32([[0.1, 0.2], [0.3, -0.7]]), requires_grad=True)
    c = Tensor(np.float32([1.0, np.nan]), requires_grad=True)
    h = start = np.tanh(w * w)
    for _ in range(4):
        h = np.tanh(h @ w)
    return np.sum(h + start) + np.sum(c * c), {"w": w, "c": c}


def nested():
    """Scopes in scopes, with edges across their borders, and one edge into the innermost from outside."""
    x, w = Tensor([1.0, 2.0], requires_grad=True), Tensor([3.0, 4.0], requires_grad=True)
    with scope("outer"):
        y = x * w
        with scope("inner"):
            z = np.sin(y) + w
            v = np.cos(z) * x
        u = z * y + v
    return np.sum(u * x - v), {"x": x, "w": w}


NETWORKS = {f.__name__: f for f in (xor, modules, shared, nested)}


@pytest.fixture(params=NETWORKS)
def network(request, tmp_path):
    """A network, its page, and the engine's graph of it."""
    output, leaves = NETWORKS[request.param]()
    path = explore(output, tmp_path / "page.html", names=leaves)
    output.backward()
    return SimpleNamespace(output=output, leaves=leaves, path=path)


def opened(visit, network, **options):
    page = visit(network.path, **options)
    unfold(page)
    return page


def unfold(page):
    """Unfold everything."""
    while page.locator("#unfold").is_visible() and page.locator("#unfold").is_enabled():
        page.click("#unfold")


def test_every_node_and_edge_is_there(network, visit):
    page, graph = opened(visit, network), Graph.of(network.output)
    numbers = {vertex.number for vertex in graph.nodes if vertex.kind == "constant"}  # these stand in labels
    assert page.locator("#graph .box").count() == len(graph.nodes) - len(numbers)
    assert page.locator("#graph .edge").count() == sum(edge.source not in numbers for edge in graph.edges)


def test_the_graph_is_there_as_text(network, visit):
    page = visit(network.path)
    page.locator("#text summary").click()
    page.locator("#listing li").first.wait_for()
    names = network.leaves | {"output": network.output}
    lines = Graph.of(network.output, names).listing().splitlines()
    assert page.locator("#listing li").all_text_contents() == [line.partition("  # ")[0] for line in lines]


def test_the_last_step_shows_the_gradients_of_the_engine_to_all_digits(network, visit):
    page = opened(visit, network)
    page.keyboard.press("End")
    page.check("#digits")
    shown = {
        figure.locator("figcaption b").inner_text(): np.array(
            [[float(x) for x in row.locator("td").all_inner_texts()] for row in figure.locator("tr").all()]
        )
        for figure in page.locator("#gradients figure").all()
    }
    assert shown.keys() == network.leaves.keys()
    for name, leaf in network.leaves.items():
        exact = [[float(str(x)) for x in row] for row in np.atleast_2d(leaf.grad)]
        np.testing.assert_array_equal(shown[name], np.array(exact), err_msg=name, strict=True)


def test_one_can_step_through_to_the_end_and_back(network, visit):
    page = opened(visit, network)
    seen = [page.locator("#live").inner_text()]
    while page.locator("#next").is_enabled():
        page.keyboard.press("ArrowRight")
        seen.append(page.locator("#live").inner_text())
        assert page.locator("#graph .box.current").count() == 1
    assert len(seen) == len(set(seen)) == int(page.locator("#slider").get_attribute("max")) + 1
    assert page.locator("#graph .box.unknown").count() == 0
    for said in seen[-2::-1]:
        page.keyboard.press("ArrowLeft")
        assert page.locator("#live").inner_text() == said


def test_nothing_overlaps(network, visit):
    page = opened(visit, network)
    for _ in range(2):
        boxes = page.evaluate(BOXES)
        for (frame, x, y, r, b), (other, x2, y2, r2, b2) in combinations(boxes, 2):
            apart = r <= x2 or r2 <= x or b <= y2 or b2 <= y
            within = (frame and x <= x2 and y <= y2 and r2 <= r and b2 <= b) or (
                other and x2 <= x and y2 <= y and r <= r2 and b <= b2
            )
            assert apart or within
        assert page.evaluate(EDGES_THROUGH_BOXES) == 0
        if page.locator("#fold").is_enabled() and page.locator("#fold").is_visible():
            page.click("#fold")


def test_unfolding_what_was_folded_gives_the_same_picture(visit, tmp_path):
    output, _ = modules()
    page = visit(explore(output, tmp_path / "page.html"), width=1400, height=1400)
    unfold(page)
    page.keyboard.press("End")
    picture = page.locator("#graph").evaluate('(svg) => svg.innerHTML.replace(/tabindex="[^"]*"/g, \'\')')
    count = page.locator("#graph .head").count()
    assert count > 2
    for i in range(count):
        page.locator("#graph .head").nth(i).click()
        assert page.locator("#graph .box.folded").count() == 1
        page.locator("#graph .box.folded").click()
        again = page.locator("#graph").evaluate('(svg) => svg.innerHTML.replace(/tabindex="[^"]*"/g, \'\')')
        page.mouse.move(0, 0)
        assert strip(again) == strip(picture)


def strip(picture):
    """A picture without the path under the pointer."""
    return re.sub(r" ?on-path", "", picture)


def test_the_keyboard_alone_suffices(visit, tmp_path):
    output, leaves = modules()
    page = visit(explore(output, tmp_path / "page.html", names=leaves))
    press = page.keyboard.press
    press("/")
    page.keyboard.type("1.0.wei")
    press("Enter")
    assert page.locator("#node h2").inner_text() == "1.0.weight"
    assert page.evaluate("document.activeElement.dataset.key") is not None
    press("End")
    assert "-" in page.locator("#node figure").nth(1).inner_text()
    press("Home")
    assert page.locator("#live").inner_text().startswith("Step 0 ")
    boxes = page.locator("#graph .box").count()
    for _ in range(40):  # to the first head of a frame
        if page.evaluate("document.activeElement.classList.contains('head')"):
            break
        press("ArrowUp")
    press("Enter")
    assert page.locator("#graph .box").count() < boxes
    assert page.evaluate("document.activeElement.getAttribute('aria-expanded')") == "false"
    press("Enter")
    assert page.locator("#graph .box").count() == boxes
    press("t")
    assert page.locator("html").get_attribute("data-theme") == "dark"
    reached = set()
    for _ in range(60):  # all controls can be reached
        press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.localName"))
    ids = {"search", "theme", "in", "out", "fit", "fold", "play", "next", "slider", "digits", "g", "summary"}
    assert reached >= ids, ids - reached


def test_play_goes_on_by_itself_until_it_is_paused(visit, tmp_path):
    x = Tensor(2.0, requires_grad=True)
    page = visit(explore(x * x + x, tmp_path / "page.html"))
    page.keyboard.press("Space")
    page.locator("#live", has_text="Step 2 ").wait_for()
    page.keyboard.press("Space")
    assert "Play" in page.locator("#play").inner_text()


def test_the_sum_is_shown_path_by_path(visit, tmp_path):
    x = Tensor(3.0, requires_grad=True)
    page = visit(explore(x * x + np.sin(x), tmp_path / "page.html"))
    page.keyboard.press("End")
    page.locator("#graph .box", has_text="x").first.click()
    said = page.locator("#node").inner_text()
    assert "used 3 times" in said
    for part in (3.0, 3.0, np.cos(3.0), 6 + np.cos(3.0)):
        assert f"{part:.4g}" in said


def test_the_path_under_the_pointer_is_highlighted(visit, tmp_path):
    x, w = Tensor(3.0, requires_grad=True), Tensor(3.0, requires_grad=True)
    page = visit(explore(np.sin(x) * np.cos(w), tmp_path / "page.html"))
    page.locator("#graph .box", has_text="sin").hover()
    on = page.locator("#graph .box.on-path").all_text_contents()
    assert len(on) == 3
    assert not any("cos" in text for text in on)
    page.locator("#title").hover()
    assert page.locator("#graph .on-path").count() == 0


HOSTILE = [
    "</script><script>alert(1)</script>", "<!--", "<img src=x onerror=alert(1)>", '"]; a->b', "a\nb",
    "😀\u2028|", "&lt;", "{script}", "</style>", "${alert(1)}", "n" * 10_000, "\ud800", "__proto__",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_name_is_only_text(visit, tmp_path, name):
    x = Tensor([1.0, 2.0], requires_grad=True)
    with scope(name):
        inner = x * x
    report = SimpleNamespace(lines=[SimpleNamespace(
        name=name, verdict="wrong here", kind=name, hint=name, source=name, lineno=1
    )])  # fmt: skip
    page = visit(explore(inner.sum(), tmp_path / "page.html", names={name: x}, report=report))
    scripts = page.locator("script").count()
    assert scripts == 2
    page.keyboard.press("End")
    page.locator("#graph .parameter").click()
    told = name.replace("\n", "\\n").replace("\u2028", "\\u2028").replace("\ud800", "\\ud800")
    heading = page.locator("#node h2").evaluate("(h) => h.textContent")
    assert heading == told
    if page.locator("#graph .head").count():
        label = page.locator("#graph .head text").evaluate("(t) => t.textContent")
        assert label[:20] in (told[:20], name[:20])
    page.locator("#text summary").click()
    page.locator("#listing li").first.wait_for()
    assert page.locator("#listing li").count() == 3
    assert page.locator("script").count() == scripts
    assert page.evaluate(BOXES)


def test_a_report_lies_over_the_graph(visit, tmp_path):
    """The page for a derivation with one mistake, a constant that is taken out, and a line that inherits."""
    output, leaves = xor()

    def forward(X, y, W1, b1, W2, b2):
        Z1 = X @ W1 + b1
        A1 = 1 / (1 + np.exp(-Z1))
        Z2 = A1 @ W2 + b2
        A2 = 1 / (1 + np.exp(-Z2))
        return -np.sum(y * np.log(A2) + (1 - y) * np.log(1 - A2)) / len(y)

    def backward(X, y, W2, A1, A2):
        dZ2 = A2 - y
        dW2 = A1.T @ dZ2 / len(y)
        dZ1 = dZ2 @ W2.T * A1
        dW1 = X.T @ dZ1 / len(y)
        return {"dW1": dW1, "dW2": dW2}

    inputs = {"X": np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), "y": np.array([[0.0], [1], [1], [0]])}
    inputs |= {name: leaf.data for name, leaf in leaves.items()}
    report = check.derivation(forward, backward, inputs)
    page = visit(explore(output, tmp_path / "page.html", names=leaves, report=report))
    assert {"✓ right", "↓ inherits"} <= set(page.locator("#graph .badge").all_text_contents())
    page.locator("#verdicts button", has_text="dW1").click()
    said = page.locator("#node").inner_text()
    assert "dW1: inherits" in said
    assert "dW1 = X.T @ dZ1 / len(y)" in said
    assert "dZ1: wrong here" in page.locator("#verdicts").inner_text()


CONTRASTS = """(tints) => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const style = getComputedStyle(document.documentElement);
  const probe = document.body.appendChild(document.createElement('i'));
  const light = (color) => {
    probe.style.color = color;
    canvas.fillStyle = getComputedStyle(probe).color;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3)
      .map((x) => x / 255).map((x) => (x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  return tints.map(([ink, paper, least]) => {
    const [a, b] = [light(ink), light(paper)].sort((x, y) => y - x);
    return [ink, paper, least, (a + 0.05) / (b + 0.05)];
  });
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_contrast_is_sufficient(visit, tmp_path, scheme):
    page = visit(explore(Tensor(1.0, requires_grad=True) * 2, tmp_path / "page.html"), color_scheme=scheme)
    grounds = ["paper", "ground", "input", "parameter", "intermediate", "output", "folded"]
    fills = ["input", "parameter", "intermediate", "output", "folded"]
    pairs = [(f"var(--{ink})", f"var(--{g})", 4.5) for ink in ("ink", "quiet", "backward") for g in grounds]
    pairs += [("var(--forward)", f"var(--{g})", 4.5) for g in ("paper", "ground", "intermediate")]
    pairs += [(f"var(--{v})", "var(--paper)", 4.5) for v in ("right", "wrong", "scaled", "inherits", "open")]
    pairs += [
        ("var(--ink)", f"color-mix(in srgb, var(--{c}) 44%, var(--paper))", 4.5)
        for c in ("positive", "negative", "odd")
    ]
    pairs += [(f"var(--{kind}-line)", f"var(--{g})", 3) for kind in fills for g in ("paper", kind)]
    pairs += [("var(--edge)", "var(--paper)", 3), ("var(--backward)", "var(--paper)", 3)]
    for ink, paper, least, contrast in page.evaluate(CONTRASTS, pairs):
        assert contrast >= least, f"{ink} on {paper}: {contrast:.2f}"


@pytest.mark.parametrize("width", [1280, 400])
def test_it_fits_the_width(visit, tmp_path, width):
    output, leaves = xor()
    page = visit(explore(output, tmp_path / "page.html", names=leaves), width=width)
    page.keyboard.press("End")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_it_prints_without_controls(visit, tmp_path):
    output, _ = modules()
    page = visit(explore(output, tmp_path / "page.html"))
    page.emulate_media(media="print")
    assert page.locator("#graph").is_visible()
    assert not page.locator("#player").is_visible()
    page.locator("#listing li").first.wait_for()
    assert page.locator("#listing li").count() == len(Graph.of(output).listing().splitlines())


def in_modules(operations):
    """This many operations, in ten blocks of ten modules."""

    class Chain(nn.Module):
        def __init__(self, depth):
            self.parts = [Chain(depth - 1) for _ in range(10)] if depth else []

        def forward(self, x):
            for part in self.parts:
                x = part(x)
            if not self.parts:
                for _ in range(operations // 200):
                    x = np.sin(x) * 1.001
            return x

    return Chain(2)(Tensor(np.ones(4), requires_grad=True))


def in_a_loop(operations):
    x = Tensor(1.0, requires_grad=True)
    for _ in range(operations // 2):
        x = np.sin(x) * 1.001
    return x


@pytest.mark.parametrize(
    ("make", "operations"),
    [(in_modules, 10_000), (in_a_loop, 100_000)],
    ids=["modules", "loop"],
)
def test_a_large_graph_is_folded(visit, tmp_path, capsys, make, operations):
    output = make(operations)
    start = time.perf_counter()
    path = explore(output, tmp_path / "page.html")
    written = time.perf_counter() - start
    start = time.perf_counter()
    page = visit(path)
    assert page.locator("#graph .box").count() <= 60
    shown = time.perf_counter() - start
    assert f"{operations:,} operations" in page.locator("#counts").inner_text()
    assert "Folded at first" in page.locator("#notice").inner_text()
    page.keyboard.press("End")
    assert page.locator("#graph .box.unknown").count() == 0
    page.locator("#graph .folded").first.click()
    assert page.locator("#graph .box").count() >= 10
    for _ in range(5):
        page.click("#unfold")
    assert page.locator("#graph .box").count() <= 3000
    assert "unfold one box at a time" in page.locator("#notice").inner_text()
    with capsys.disabled():
        size = path.stat().st_size / 1e6
        print(
            f" {operations:,} operations: {size:.1f} MB, written in {written:.2f} s, shown in {shown:.2f} s "
        )


def several_outputs():
    u, s, vt = np.linalg.svd(
        Tensor(np.arange(6.0).reshape(2, 3) ** 2, requires_grad=True), full_matrices=False
    )
    return np.sum(s) + np.sum((u * u) @ (vt * vt))


ODD = {
    "a leaf": lambda: Tensor([1.0, 2.0], requires_grad=True),
    "a constant": lambda: Tensor([1.0, 2.0]),
    "a number": lambda: Tensor(3),
    "an empty array": lambda: Tensor(np.zeros((0, 3)), requires_grad=True) * 2,
    "a large array": lambda: np.sum(
        Tensor(np.ones((300, 200)), requires_grad=True) @ np.ones((200, 1)), axis=0
    ),
    "several outputs": several_outputs,
    "complex numbers": lambda: np.sum(np.abs(np.fft.fft(Tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)))),
    "many arguments": lambda: np.concatenate([Tensor([float(i)], requires_grad=True) for i in range(20)]),
    "many axes": lambda: Tensor(np.ones((2, 1, 3, 2)), requires_grad=True) + 1,
    "a mask": lambda: np.where(np.array([True, False]), Tensor([1.0, np.inf], requires_grad=True), 0.0),
}


@pytest.mark.parametrize("make", ODD.values(), ids=ODD)
def test_odd_graphs_have_a_page_too(visit, tmp_path, make):
    page = visit(explore(make(), tmp_path / "page.html"))
    while page.locator("#next").is_enabled():
        page.keyboard.press("ArrowRight")
        assert "NaN" not in page.locator("#graph").evaluate("(svg) => svg.innerHTML")
    for box in page.locator("#graph .box").all()[:30]:
        box.press("Enter")
        assert page.locator("#node h2").is_visible()
