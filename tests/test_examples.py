"""The examples run, and print the numbers that they should."""

import ast
import os
import re
import runpy
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import nn

from .processes import started

EXAMPLES = Path(__file__).parents[1] / "examples"
GRADIENTS = ["dZ2 / m", "dW2", "db2", "dA1 / m", "dZ1 / m", "dW1", "db1"]


@pytest.fixture
def xor(tmp_path, monkeypatch, capsys):
    """Run 01_xor for some epochs in an empty directory, and return what it printed."""
    monkeypatch.chdir(tmp_path)

    def run(epochs):
        runpy.run_path(str(EXAMPLES / "01_xor.py"))["main"](epochs)
        return capsys.readouterr().out

    return run


@pytest.fixture
def example(tmp_path, monkeypatch, capsys):
    """Run an example in an empty directory, and return what it printed."""
    monkeypatch.chdir(tmp_path)

    def run(name, **options):
        runpy.run_path(str(EXAMPLES / f"{name}.py"))["main"](**options)
        return capsys.readouterr().out

    return run


def rows(pattern, text):
    """The numbers in each line that begins with `pattern`."""
    return [
        list(map(float, line.split())) for line in re.findall(rf"^ *{pattern} +(.*)$", text, re.MULTILINE)
    ]


def test_xor_trains_alike_in_three_ways(xor):
    text = xor(10_000)
    losses = [0.7628, 0.6836, 0.6138, 0.4614, 0.2135, 0.0933, 0.0522, 0.0342, 0.0245, 0.0186]
    assert rows(r"\d+", text)[:10] == [[loss] * 3 for loss in losses]
    assert rows(r"output of \d, \d", text) == [[p] * 3 for p in (0.0065, 0.9866, 0.9837, 0.0222)]
    assert float(re.search(r"largest difference of two losses.*: (.*)", text)[1]) < 1e-12


def test_xor_compares_every_gradient_with_its_hand_derivation(xor):
    text = xor(2)
    table = {name: rows(rf"{name} +\(\d, \d\)", text) for name in GRADIENTS}
    for name, found in table.items():
        [(hand, engine, difference)] = found
        assert hand == engine != 0, name
        assert difference < 1e-12, name


def test_xor_draws_its_graph(xor, tmp_path):
    assert "xor.svg" in xor(1)
    assert [path.name for path in tmp_path.iterdir()] == ["xor.svg"]
    labels = re.findall(r"<text[^>]*>(\w+)</text>", (tmp_path / "xor.svg").read_text(encoding="utf-8"))
    assert {"X", "y", "W1", "b1", "W2", "b2", "Z1", "A1", "Z2", "A2", "loss"} <= set(labels)


def test_hand_derivation_finds_five_mistakes(example):
    text = example("02_hand_derivation")
    assert "\nAs it is:\nthe derivation is right" in text
    for number in range(1, 6):
        assert '"wrong here"' in Path(f"02_mistake_{number}.html").read_text(encoding="utf-8")
    found = re.findall(r"^(\w+) is wrong here: (\S+)$", text, re.MULTILINE)
    assert found == [
        ("dZ2", "sign"),
        ("dW2", "factor"),
        ("dZ1", "missing-factor"),
        ("dW1", "wrong-variable"),
        ("db1", "shape"),
    ]
    assert "wrong only because of it: dW2, db2, dA1, dZ1, dW1, db1\n" in text
    assert "db1 = dZ1.mean(axis=0, keepdims=True)\n" in text


def test_second_guide_is_mended_line_by_line(example):
    text = example("03_second_guide", epochs=1001)
    assert '"wrong here"' in Path("03_misprint.html").read_text(encoding="utf-8")
    mends = re.findall(r"^  so: (.*?)  ->", text, re.MULTILINE)
    assert mends[:4] == ["X.shape[13]", "axis=13", "12 - A1", "axis=12"]
    assert "after 4 mends:\nthe derivation is right" in text
    assert re.search(r"^ +1000 +0\.6931 +0\.0118$", text, re.MULTILINE)


def test_draw_writes_pictures_and_prints_graphs(tmp_path, capsys):
    runpy.run_path(str(EXAMPLES / "04_draw.py"))["main"](tmp_path / "pictures")
    text = capsys.readouterr().out
    assert "\nA1: f64[4,4] = sigmoid(Z1)\n" in text
    assert "∂loss / ∂W2[0, 0] = -0.0871889, the sum of 4 paths" in text
    assert dict(re.findall(r"(\w+)\.svg +(\d+) arrows", text)) == {
        "model": "16",
        "model_folded": "3",
        "model_all": "80",
    }
    assert {path.stem for path in (tmp_path / "pictures").iterdir()} == {
        *("xor", "xor_numbers", "xor_backward", "model", "model_folded", "model_all"),
    }


def assert_is_a_picture(path):
    with Image.open(path) as image:
        assert len(image.convert("L").getcolors()) > 50


@pytest.mark.needs("sklearn")
def test_digits_compares_four_ways(example):
    text = example("06_digits", epochs=3)
    table = re.findall(r"^([\w ]+?) +3 +([\d.]+) +([\d.]+) +([\d.]+) +([\d.]+)%$", text, re.MULTILINE)
    assert [name for name, *_ in table] == ["as it is", "L2 penalty", "dropout", "early stopping"]
    assert all(float(best) <= float(last) for _, _, best, last, _ in table)
    assert all(float(accuracy) > 50 for *_, accuracy in table)
    assert_is_a_picture("06_digits.png")


@pytest.mark.needs("sklearn")
def test_convnet_learns_digits_and_saves_its_weights(example):
    text = example("07_convnet", epochs=2)
    assert float(re.search(r"test accuracy ([\d.]+)%", text)[1]) > 80
    assert_is_a_picture("07_feature_maps.png")
    assert nn.load("07_convnet.safetensors")["0.weight"].shape == (32, 1, 3, 3)


def test_names_are_spelt(example):
    text = example("08_names", epochs=2, most=600)
    assert "600 names, such as" in text
    chance, pairs = map(float, re.search(r"by chance: ([\d.]+), by counting pairs: ([\d.]+)", text).groups())
    first, second = (float(bits) for bits in re.findall(r"^epoch +\d+: ([\d.]+)", text, re.MULTILINE))
    assert second < first < chance
    assert pairs < chance == 5.248
    assert "Of 200 made-up names," in text
    made_up = re.findall(r"\w+", text.partition("such as:\n")[2].partition("\n\n")[0])
    assert len(set(made_up)) == len(made_up) == 20


@pytest.mark.needs("sklearn")
def test_tabular_compares_networks_with_linear_regression(example):
    text = example("09_tabular", epochs=60, folds=1)
    found = dict(re.findall(r"^(\w[\w ,]+?)  +[\d.]+ +(-?[\d.]+)$", text, re.MULTILINE))
    explained = {name: float(value) for name, value in found.items()}
    assert list(explained) == [
        "the mean",
        "linear regression",
        "network, as they are",
        "network, standardised",
    ]
    assert abs(explained["the mean"]) < 0.1
    assert explained["network, standardised"] > max(0.3, explained["network, as they are"])


def hyperparameters(text):
    """The table of accuracies, as printed."""
    return re.search(r"validation accuracy.*?(?=\n\n)", text, re.DOTALL)[0]


@pytest.mark.needs("distributed", "joblib", "sklearn")
def test_hyperparameters_are_the_same_on_a_cluster_of_which_a_worker_dies(tmp_path):
    from distributed import Client, LocalCluster

    script = [sys.executable, EXAMPLES / "10_hyperparameters.py", "--epochs", "10"]
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster,
        Client(cluster) as client,
    ):
        workers = client.run(os.getpid)
        assert len(set(workers.values())) == 2
        with started([*script, "--cluster", cluster.scheduler_address], cwd=tmp_path) as run:
            assert run.stdout.readline().startswith("This takes about 10 seconds")
            assert run.stdout.readline() == "\n"
            first = run.stdout.readline()
            assert first.startswith(" 1 of 27: ")
            os.kill(next(iter(workers.values())), signal.SIGKILL)
            text = run.stdout.read()
            assert run.wait() == 0
        assert set(client.run(os.getpid).values()) != set(workers.values())
    assert "27 of 27: " in text
    local = subprocess.run(script, check=True, stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    assert hyperparameters(text) == hyperparameters(local.stdout)
    assert_is_a_picture(tmp_path / "10_hyperparameters.png")


def test_transformer_learns_to_sort(example):
    text = example("11_transformer", epochs=10, steps=6)
    places = [float(p) for p in re.findall(r"^ *\d+ +[\d.]+ +([\d.]+)%", text, re.MULTILINE)]
    assert len(places) == 11
    assert places[0] < 20 < 30 < places[-1]
    assert len(re.findall(r"^ ( \d){8} ->( \d){8}$", text, re.MULTILINE)) == 5
    assert_is_a_picture("11_attention.png")


def test_watching_shows_gradients_that_vanish_and_that_explode(example):
    text = example("13_watching", epochs=2)
    found = re.findall(r"^(\w+, \w+) +(\d\.\de.*) +[\d.]+ +[\d.]+%$", text, re.MULTILINE)
    sizes = {name: list(map(float, row.split()[:6])) for name, row in found}
    assert list(sizes) == ["sigmoid, small", "sigmoid, Xavier", "ReLU, large", "ReLU, Kaiming"]
    assert sizes["sigmoid, small"][0] < 1e-2 * sizes["sigmoid, small"][4]
    assert sizes["sigmoid, Xavier"][0] < 1e-2 * sizes["sigmoid, Xavier"][4]
    assert sizes["ReLU, large"][0] > 100 * sizes["ReLU, Kaiming"][0]
    assert max(sizes["ReLU, Kaiming"][:5]) < 2 * min(sizes["ReLU, Kaiming"][:5])
    for name in ("sigmoid_small", "sigmoid_Xavier", "ReLU_large", "ReLU_Kaiming"):
        assert_is_a_picture(f"13_{name}.png")
    with Image.open("13_boundary.gif") as frames:
        assert frames.n_frames == 2


def test_compiled_steps_give_equal_numbers(example):
    text = example("15_compile", calls=20)
    assert text.count("True") == 2
    assert "False" not in text
    assert re.search(r"^ +subtract\(weight\w*, b\d+, weight\w*\)$", text, re.MULTILINE)
    assert len(re.findall(r"µs a step", text)) in (2, 4)  # without Numba, and with it
    assert "takes a number out of an array" in text


def test_derive_writes_four_derivations_that_the_checker_calls_right(capsys):
    runpy.run_path(str(EXAMPLES / "14_derive.py"))["main"]()
    text = capsys.readouterr().out
    assert text.count("check.derivation: right") == 4
    for line in (
        "dZ2 = (A2 - y) / m",
        "dz = (p - np.eye(p.shape[1])[labels]) / n",
        "dx = gamma * (dy - xhat * np.mean(dy * xhat, axis=0) - dy.mean(axis=0)) / std",
        "for t in reversed(range(len(xs))):",
    ):
        assert f"    {line}\n" in text


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_says_how_long_it_takes(path):
    main = ast.parse(path.read_text(encoding="utf-8"))
    printed = [ast.unparse(node) for node in ast.walk(main) if isinstance(node, ast.Call)]
    assert any(re.match(r"print\(f?.This takes", call) for call in printed)


def test_examples_are_short():
    for path in EXAMPLES.glob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) < 125, path.name


def test_explore_writes_its_pages(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(EXAMPLES / "05_explore.py"))["main"]()
    assert {path.name for path in tmp_path.iterdir()} == {
        "xor.html", "derivation.html", "modules.html", "neuron.html",
    }  # fmt: skip
    assert '"wrong here"' in (tmp_path / "derivation.html").read_text(encoding="utf-8")
    assert "kB" in capsys.readouterr().out
    text = (tmp_path / "xor.html").read_text(encoding="utf-8")
    assert all(
        f'"{name}"' in text for name in ("X", "y", "W1", "b1", "Z1", "A1", "W2", "b2", "Z2", "A2", "loss")
    )
    assert '"model.0.0.weight"' in (tmp_path / "modules.html").read_text(encoding="utf-8")
