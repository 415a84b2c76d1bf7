"""The command `chainrule`: on files as they are handed in, and on calls that can't be taken."""

import json
import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import autograd
from autograd.check.hand.observe import stage
from autograd.command import main
from autograd.command.files import CallError, computed, drawn, parsed
from autograd.command.find import targets

ROOT = Path(__file__).parents[1]
HANDED_IN = Path(__file__).parent / "handed_in"
NET = ["--set", "input_size=4", "--set", "hidden_size=5", "--set", "output_size=3"]
DATA = ["--shape", "X=6,4", "--shape", "y=6:3", "--set", "reg=0.1"]

CHECKED = {  # file and options, the exit code, and for each derivation its status and the line to blame
    "two_layers.py": (0, [("forward", "right", None)]),
    "two_layers_wrong.py": (1, [("forward", "wrong", "dZ1 = dZ2 @ W2.T * (1 - A1)")]),
    "layers.py --shape x=4,6 --shape y=4:3": (
        1,
        [
            ("affine", "wrong", "db = dout.sum(axis=1)"),
            ("relu", "right", None),
            ("softmax_loss", "right", None),
        ],
    ),
    "layers.py:affine": (1, [("affine", "wrong", "db = dout.sum(axis=1)")]),
    "layers.py:relu_backward --shape x=4,3": (0, [("relu", "right", None)]),
    "layers.py:softmax_loss --shape x=4,3": (2, [("softmax_loss", "not judged", None)]),
    "classes.py": (1, [("Dense", "wrong", "return dout @ self.W"), ("Sigmoid", "right", None)]),
    "svm.py --shape W=4,3": (2, [("svm_loss", "not judged", None)]),
    "svm.py --shape W=4,3 DATA": (1, [("svm_loss", "wrong", "dW = X.T @ binary / n + reg * W")]),
    "two_layer_net.py NET DATA": (0, [("TwoLayerNet", "right", None)]),
    "coursera.py": (1, [("forward_propagation", "wrong", "dW1 = dZ1 @ X.T")]),
    "script.py": (0, [("script", "right", None)]),
    "train.py --shape X=5,2 --shape y=5": (1, [("train", "wrong", "b += lr * db")]),
    "neural_network.py": (2, [("NeuralNetwork", "not judged", None)]),
    "neural_network.py --loss=-np.sum((self.y-self.output)**2)": (0, [("NeuralNetwork", "right", None)]),
    "raises.py": (1, [("forward", "wrong", "dW = X @ dout")]),
    "unfinished.py": (2, [("unfinished.py", "not judged", None)]),
    "no_gradients.py": (2, [("no_gradients.py", "not judged", None)]),
    "gradients_only.py": (1, [("gradients", "wrong", "dW = X.T @ dZ + W"), ("Net.step", "not judged", None)]),
    "gradients_only.py:Net.step --loss np.mean((self.out-y)**2)": (0, [("Net.step", "right", None)]),
    "gradients_only.py:Net.step": (2, [("Net.step", "not judged", None)]),
    "gradients_only.py --skip-others": (0, []),
    "no_gradients.py two_layers.py --skip-others": (0, [("forward", "right", None)]),
}


def arguments(text):
    words = []
    for word in text.split():
        words += {"NET": NET, "DATA": DATA}.get(word, [word])
    return [str(HANDED_IN / w) if ".py" in w else w for w in words]


@pytest.mark.parametrize("call", CHECKED)
def test_files_as_they_are_handed_in(call, capsys):
    code, expected = CHECKED[call]
    assert main(["check", *arguments(call), "--format", "json"]) == code
    said = json.loads(capsys.readouterr().out)
    found = [(x["name"], x["status"], (x.get("first") or {}).get("source")) for x in said]
    assert found == expected


MESSAGES = {
    "svm.py": "svm_loss takes W, X, y, reg, and the file has no value by such a name: type "
    "--shape W=4,2 --shape X=4,2 --shape y=4:3 --set reg=0.1, with the shapes",
    "two_layer_net.py": "TwoLayerNet takes input_size, hidden_size, output_size, and the file has no value",
    "neural_network.py": "say it with --loss EXPRESSION",
    "gradients_only.py:Net.step": "Net.step returns dW, and no loss: let it `return loss, dW`, or say what "
    "the loss is, in its variables: --loss EXPR",
    "unfinished.py": "line 5 is not Python: '(' was never closed",
    "no_gradients.py": "no_gradients.py has no backward pass to check; what is found is a pair",
    "coursera.py:foo": "has no foo to check: there are forward_propagation",
    "missing.py": "missing.py can't be read: No such file or directory",
    "two_layers.py --loss 1+": "--loss 1+ is no expression",
}


@pytest.mark.parametrize("call", MESSAGES)
def test_what_cannot_be_judged_says_why_and_what_to_do(call, capsys):
    assert main(["check", *arguments(call)]) == 2
    assert MESSAGES[call] in capsys.readouterr().out


FORWARD = "def forward(X, W):\n    Z = X @ W\n    return np.sum(Z**2)\n"
BACKWARD = "def backward(X, W, Z):\n    return X.T @ (2 * Z)\n"
SHAPES = "--shape X=4,3 --shape W=2,5"
TRAIN = (
    "def train(X, W):\n    for i in range(9):\n        loss = np.sum((X @ W)**2)\n        W -= X.T @ X @ W\n"
)
SCRIPT = TRAIN.replace("def train(X, W):\n", "X, W = np.ones((4, 3)), np.ones((2, 5))\n").replace(
    "\n    ", "\n"
)
RAISING = {  # a source and options, the exit code, and what is said
    "a forward pass that raises": (
        FORWARD + BACKWARD,
        SHAPES,
        2,
        [
            "not judged\n    forward raised ShapeError at line 3, Z = X @ W",
            "it was given X of shape (4, 3), W of",
        ],
    ),
    "a method that raises": (
        "class Dense:\n    def forward(self, X):\n        return X @ self.w\n"
        "    def backward(self, dout):\n        return dout @ self.w.T\n",
        SHAPES,
        2,
        ["not judged\n    forward raised AttributeError at line 4, return X @ self.w", "type --shape X=4,2"],
    ),
    "a loss that raises before it returns its gradients": (
        "def svm_loss(X, W):\n    loss = np.sum(X @ W)\n    dW = X.sum(0)\n    return loss, dW\n",
        SHAPES,
        2,
        ["not judged\n    svm_loss raised ShapeError at line 3, loss = "],
    ),
    "a forward pass without an end": (
        "def forward(X):\n    while True:\n        X = X * 1\n    return X\ndef backward(X):\n    return X\n",
        "--shape X=3",
        2,
        ["forward was still running after", "at line 4, X = X * 1: nothing is judged"],
    ),
    "training that raises": (
        TRAIN,
        SHAPES,
        2,
        ["train raised ValueError at line 4, loss = ", "type --shape X"],
    ),
    "a script whose loop raises": (SCRIPT, "", 2, ["net.py raised ValueError at line 4, loss = "]),
    "a script that raises before its loop": (
        SCRIPT.replace("np.ones", "np.once", 1),
        "",
        2,
        ["what stands before the loop raised AttributeError at line 2, X, W = "],
    ),
    "a parameter of backward that nothing is known for": (
        FORWARD + BACKWARD.replace("Z)", "Z, lr)", 1),
        "--shape X=4,3 --shape W=3,5",
        2,
        ["backward takes lr, and there is no such input", "type --set lr=0.1"],
    ),
    "a backward pass that raises on what forward takes": (
        FORWARD + BACKWARD.replace("X.T", "X"),
        "--shape X=4,3 --shape W=3,5",
        1,
        ["forward and backward: wrong\n", "backward raised ValueError at line 6, return X @ (2 * Z)"],
    ),
    "a backward pass that raises beside its gradients": (
        FORWARD + BACKWARD.replace("return", "print(nowhere)\n    return"),
        "--shape X=4,3 --shape W=3,5",
        1,
        ["forward and backward: wrong\n", "backward raised NameError at line 6, print(nowhere)"],
    ),
    "a gradient that belongs to nothing": (
        FORWARD + BACKWARD.replace("return X.T", "return np.ones(7), X.T"),
        "--shape X=4,3 --shape W=3,5",
        2,
        ["forward and backward: not judged\n", "what it is the gradient of could not be told"],
    ),
}


@pytest.mark.parametrize("case", RAISING)
def test_wrong_is_only_what_the_derivation_does_wrong(case, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(stage, "PATIENCE", 0.5)
    source, options, code, said = RAISING[case]
    path = tmp_path / "net.py"
    path.write_text("import numpy as np\n" + source)
    assert main(["check", str(path), *options.split()]) == code
    printed = capsys.readouterr().out
    assert [words for words in said if words not in printed] == [], printed


DRAWING = """import random
import numpy as np
class Net:
    def __init__(self):
        self.W = np.random.randn(3)
        self.b = random.random()
        print(*map(float, self.W), self.b)
    def forward(self, x):
        return np.sum(x * self.W) + self.b
    def backward(self, x):
        self.dW = x
"""


@pytest.mark.parametrize("call", ["check net.py", "check other.py net.py", "draw net.py:Net.forward"])
def test_a_seed_is_of_what_the_file_draws_too(call, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("net.py").write_text(DRAWING)
    Path("other.py").write_text(
        "import random\nrandom.random()\ndef forward(x): pass\ndef backward(x): pass\n"
    )
    expected = [*np.random.RandomState(7).randn(3).tolist(), random.Random(7).random()]
    before = np.random.get_state()[1].tolist(), random.getstate()
    main([*call.split(), "--shape", "x=3", "--seed", "7"])
    assert [float(word) for word in capsys.readouterr().err.split()[:4]] == expected
    assert (np.random.get_state()[1].tolist(), random.getstate()) == before


@pytest.mark.parametrize("text", ["-1", "x", str(2**32)])
def test_a_seed_is_a_number_that_numpy_takes(text, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["check", "net.py", "--seed", text])
    assert "is no whole number from 0 to 4294967295" in capsys.readouterr().err


WRONG_OPTIONS = {
    "--shape X": "--shape X is no shape: write NAME=4,2",
    "--shape X=a": "--shape X=a is no shape",
    "--shape X=-1": "--shape X=-1 is no shape",
    "--shape 1=4": "--shape 1=4 is no shape",
    "--set X": "--set X sets nothing",
    "--set X=1/0": "--set X=1/0 raised ZeroDivisionError",
}


@pytest.mark.parametrize("options", WRONG_OPTIONS)
def test_options_that_cannot_be_taken_are_named(options, capsys):
    assert main(["check", str(HANDED_IN / "two_layers.py"), *options.split()]) == 2
    assert WRONG_OPTIONS[options] in capsys.readouterr().err


def test_the_text_shows_the_report_and_the_hint(capsys):
    assert main(["check", *arguments("two_layers_wrong.py two_layers.py"), "--hint", "3"]) == 1
    text = capsys.readouterr().out
    assert "two_layers_wrong.py:14: forward and backward: wrong\n" in text
    assert "    28    dZ1       wrong here: missing-factor" in text
    assert "two_layers.py:14: forward and backward: right (no gradient of X, y)\n" in text
    assert "1 - A1**2" in text.partition("gradients:")[2]
    assert text.endswith("1 right, 1 wrong\n")


def test_github_shows_the_mistake_beside_its_line(capsys, monkeypatch):
    monkeypatch.chdir(HANDED_IN)
    assert main(["check", "two_layers_wrong.py", "--format", "github"]) == 1
    said = capsys.readouterr().out
    assert said.startswith("::error file=two_layers_wrong.py,line=28,title=dZ1 is wrong%3A missing-factor::")
    assert main(["check", "two_layers.py", "--format", "github"]) == 0
    assert not capsys.readouterr().out.strip()


def test_what_a_file_prints_does_not_get_into_the_json(tmp_path, capsys):
    source = (HANDED_IN / "two_layers.py").read_text()
    path = tmp_path / "loud.py"
    path.write_text("print('hello')\n" + source.replace("    Z1 =", "    print('forward')\n    Z1 ="))
    assert main(["check", str(path), "--format", "json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 1


@pytest.mark.parametrize(
    ("ending", "message"),
    [
        ("import not_there_at_all", "raised in line 2: ModuleNotFoundError"),
        ("raise SystemExit(3)", "raised in line 2: SystemExit: 3"),
        ("def inputs(): return [1]", "inputs() of broken.py returns a list"),
        ("def inputs(): return {}['X']", "inputs() of broken.py raised in line 2: KeyError"),
    ],
)
def test_a_file_that_cannot_be_run_is_refused(tmp_path, capsys, ending, message):
    path = tmp_path / "broken.py"
    path.write_text("def forward(x): return x\n" + ending + "\ndef backward(dout): return dout\n")
    assert main(["check", str(path)]) == 2
    assert message in capsys.readouterr().out


def test_a_helper_beside_the_file_is_imported(tmp_path, capsys):
    (tmp_path / "my_helper_of_shapes.py").write_text("def double(x):\n    return 2 * x\n")
    path = tmp_path / "net.py"
    path.write_text(
        "import numpy as np\nfrom my_helper_of_shapes import double\n"
        "def forward(x): return np.sum(double(x))\ndef backward(x): return 2 * np.ones(x.shape)\n"
    )
    assert main(["check", str(path), "--shape", "x=3"]) == 0


FOUND = {
    "def forward(x): pass\ndef backward(dout): pass": ["forward and backward"],
    "def feedforward(x): pass\ndef backprop(x): pass": ["feedforward and backprop"],
    "def forward_prop(x): pass\ndef back_prop(x): pass": ["forward_prop and back_prop"],
    "def linear_fwd(x): pass\ndef linear_bwd(x): pass": ["linear_fwd and linear_bwd"],
    "def forward_affine(x): pass\ndef backward_affine(x): pass": ["forward_affine and backward_affine"],
    "def cost(w): pass\ndef gradient(w): pass": ["cost and gradient"],
    "def mse_loss(w): pass\ndef mse_loss_grad(w): pass": ["mse_loss and mse_loss_grad"],
    "def loss(w): return forward(w)\ndef forward(w): pass\ndef backward(w): pass": ["loss and backward"],
    "def svm_loss(w): return loss, dW": ["svm_loss"],
    "def step(w):\n  return loss, {'w': w}": ["step"],
    "def f(w): return x, y": [],
    "class A:\n def forward(self, x): raise E\n def backward(self, g): raise E": [],
    "class A:\n def forward(self, x): x\n def backward(self, g): g": ["A.forward and A.backward"],
    "def forward(x): pass\ndef compute_gradients(x): pass": ["forward and compute_gradients"],
    "def train(X):\n  for i in X: pass": ["train"],
    "for i in range(9): pass": ["script"],
    "if __name__ == '__main__':\n  while True: pass": ["script"],
    "x = 1": [],
}


@pytest.mark.parametrize("source", FOUND)
def test_passes_are_found_by_their_names(source, tmp_path):
    path = tmp_path / "file.py"
    path.write_text(source)
    assert [t.title for t in targets(parsed(path))] == FOUND[source]


def test_inputs_are_drawn_and_computed():
    rng = np.random.default_rng(0)
    assert drawn("b=", rng)[1].shape == ()
    assert drawn("y=50:3", rng)[1].max() == 2
    assert computed("y=np.eye(2)")[1].shape == (2, 2)
    with pytest.raises(CallError, match="no shape"):
        drawn("y=5:x", rng)


def test_draw_writes_a_picture_with_the_names_of_the_function(tmp_path, capsys):
    path = tmp_path / "loss.svg"
    assert main(["draw", str(HANDED_IN / "two_layers.py:forward"), "-o", str(path)]) == 0
    words = {e.text for e in ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}text")}
    assert {"X", "y", "W1", "b1", "Z1", "A1", "Z2", "A2", "loss"} <= words
    assert capsys.readouterr().out == f"{path}\n"


def test_draw_of_a_method_names_the_parameters_of_its_object(tmp_path):
    path = tmp_path / "dense.dot"
    assert main(["draw", str(HANDED_IN / "classes.py:Dense.forward"), "-o", str(path)]) == 0
    source = path.read_text()
    assert source.count("shape=hexagon") == 3
    assert {"x", "W", "b"} <= set(re.findall(r'label="(\w+)\\n', source))


def test_explore_writes_a_page_with_the_verdicts(tmp_path):
    path = tmp_path / "net.html"
    assert main(["explore", str(HANDED_IN / "two_layers_wrong.py:forward"), "-o", str(path)]) == 0
    assert '"wrong here"' in path.read_text(encoding="utf-8")


def test_a_page_shows_the_source_of_the_function_and_goes_by_its_name(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = "import numpy as np\nx = np.ones(3)\n\n\ndef forward(x):\n    s = np.sin(x)\n    return {}\n"
    for name, returned in (("one", "s.sum()"), ("two", "(s * x).sum()")):
        Path(f"{name}.py").write_text(source.format(returned))
        assert main(["explore", f"{name}.py:forward"]) == 0
        assert capsys.readouterr().out == f"{name}.forward.html\n"
        text = Path(f"{name}.forward.html").read_text()
        assert f'"    return {returned}"' in text
        assert '"title":"forward"' in text
        assert "<title>forward</title>" in text


def test_a_label_that_is_drawn_as_floats_is_told_how_to_be_drawn(tmp_path, capsys):
    file = tmp_path / "net.py"
    file.write_text(
        "import numpy as np\n"
        "def loss(probs, y, n_rows):\n"
        "    return (probs[np.arange(len(y)), y] ** 2).sum()\n"
    )
    shapes = ["--shape", "probs=4,3", "--set", "n_rows=4"]
    for subcommand in ("explore", "derive"):
        assert main([subcommand, f"{file}:loss"]) == 2
        assert "type --shape probs=4,2 --shape y=4:3 --set n_rows=5, with" in capsys.readouterr().err
        assert main([subcommand, f"{file}:loss", *shapes, "--shape", "y=4"]) == 2
        said = capsys.readouterr().err
        assert "can't be an index: that takes whole numbers or booleans" in said
        assert "--shape y=4:3" in said
        assert "(4:3 is four integers below 3)" in said
    assert main(["derive", f"{file}:loss", *shapes, "--shape", "y=4:3"]) == 0


def test_derive_prints_the_backward_pass(capsys):
    call = ["derive", str(HANDED_IN / "two_layers.py:forward"), "--wrt", "W1,b1,W2,b2"]
    assert main(call) == 0
    source = capsys.readouterr().out
    assert "    dZ1 = dA1 * (1 - A1**2)\n" in source
    assert main([*call, "--latex"]) == 0
    assert r"\begin{aligned}" in capsys.readouterr().out
    assert main([*call, "--steps"]) == 0
    assert "dW2 = A1.T @ dZ2" in capsys.readouterr().out


@pytest.mark.needs("latex2mathml")
def test_derive_writes_a_page(tmp_path):
    call = ["derive", str(HANDED_IN / "two_layers.py:forward"), "--wrt", "W1,b1,W2,b2"]
    assert main([*call, "--html", "-o", str(tmp_path / "d.html")]) == 0
    assert (tmp_path / "d.html").read_text().startswith("<!")


def test_a_page_without_the_library_for_formulas_says_how_to_add_it(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "latex2mathml.converter", None)
    assert main(["derive", str(HANDED_IN / "two_layers.py:forward"), "--html"]) == 2
    assert "typeset by latex2mathml: pip install '.[derive]'" in capsys.readouterr().err


REFUSED = {
    "draw two_layers.py": "names no function: write",
    "draw two_layers.py:forwards": "there is no forwards in two_layers.py",
    "draw two_layers.py:X": "X of two_layers.py is a ndarray, and no function",
    "draw raises.py:backward": "backward takes out, and the file has no value",
    "draw two_layers.py:sigmoid --set z=1": "sigmoid returned a float64, which does not depend on inputs of",
    "draw two_layers.py:forward --shape X=1,9": "forward raised in line 15, Z1 = X @ W1 + b1: ",
    "derive two_layers.py:forward --shape X=1,9": "forward raised in line 15, Z1 = X @ W1 + b1: ShapeError: ",
    "explore two_layers.py:forward --shape X=2,9": "it was given X of shape (2, 9), y of shape (5, 1), W1 of",
    "draw two_layers.py:forward --wrt Q": "--wrt Q: forward has no such arrays of floats: there are W1",
    "derive two_layers.py:forward --wrt Q": "DerivationError: ",
    "explore two_layers.py:forward -o a.txt": "DrawError: no page can be written to 'a.txt'",
}


@pytest.mark.parametrize("call", REFUSED)
def test_other_subcommands_refuse_with_a_reason(call, capsys):
    command, file, *rest = call.split()
    assert main([command, str(HANDED_IN / file), *rest]) == 2
    assert REFUSED[call] in capsys.readouterr().err


@pytest.mark.parametrize("subcommand", [[], ["check"], ["draw"], ["explore"], ["derive"]])
def test_help_shows_examples(subcommand, capsys):
    with pytest.raises(SystemExit, match="0"):
        main([*subcommand, "--help"])
    name = subcommand[0] if subcommand else "check"
    assert re.search(rf"^  chainrule {name} net\.py", capsys.readouterr().out, re.MULTILINE)


def run(*words, **options):
    """A process of its own, which may take a minute."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, timeout=60, env=environment, **options
    )


def test_it_is_run_as_a_module_too():
    assert run("-m", "autograd", "--version").stdout == f"chainrule {autograd.__version__}\n"
    done = run("-m", "autograd", "check")
    assert done.returncode == 2
    assert "the following arguments are required" in done.stderr


def test_derive_without_sympy_says_how_to_add_it():
    code = "import sys; sys.modules['sympy'] = None; from autograd.command import main; sys.exit(main())"
    done = run("-c", code, "derive", str(HANDED_IN / "two_layers.py:forward"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("chainrule derive: derive reduces its lines with SymPy: pip install")


def test_the_plugin_of_pytest_shows_the_report(tmp_path):
    (tmp_path / "net.py").write_text((HANDED_IN / "two_layers_wrong.py").read_text())
    (tmp_path / "test_net.py").write_text(
        "import net\n"
        "def test_backward(check_derivation):\n"
        "    names = 'X', 'y', 'W1', 'b1', 'W2', 'b2'\n"
        "    check_derivation(net.forward, net.backward, {n: getattr(net, n) for n in names})\n"
    )
    done = run("-m", "pytest", "-p", "pytest_chainrule", "-q", "--rootdir=.", cwd=tmp_path)
    assert done.returncode == 1
    assert "dZ1       wrong here: missing-factor" in done.stdout
    assert "first wrong line: 28: dZ1 = dZ2 @ W2.T * (1 - A1)" in done.stdout
    assert ".py" not in done.stdout.partition("short test summary")[0], "no traceback beside the report"
    (tmp_path / "net.py").write_text((HANDED_IN / "two_layers.py").read_text())
    assert run("-m", "pytest", "-p", "pytest_chainrule", "-q", "--rootdir=.", cwd=tmp_path).returncode == 0


MISUSED = {  # a call of the fixture, and the error that is shown
    "net.forward, net.backward, [1]": "DerivationError: inputs is a list: pass a dictionary by name",
    "net.forward, net.backward, {'X': net.X}": "DerivationError: forward takes y, W1, b1, W2, b2, and",
    "net.forward, 'backward', {'X': net.X}": "DerivationError: backward is a str: pass the function itself",
    "3, net.backward, {'X': net.X}": "DerivationError: forward is a int: pass the function itself",
    "net.forward, net.backward": "TypeError: derivation() missing 1 required positional argument: 'inputs'",
    "net.forward, net.backward, {}, prefixes='d'": "TypeError: derivation() got an unexpected keyword",
}


def test_misuse_of_the_fixture_shows_the_line_of_the_test_and_the_error(tmp_path):
    shutil.copy(HANDED_IN / "two_layers.py", tmp_path / "net.py")
    tests = [f"def test_{i}(check_derivation):\n    check_derivation({c})\n" for i, c in enumerate(MISUSED)]
    (tmp_path / "test_net.py").write_text("import net\n" + "".join(tests))
    said = run("-m", "pytest", "-p", "pytest_chainrule", "-q", "--rootdir=.", cwd=tmp_path).stdout
    assert f"{len(MISUSED)} failed" in said
    for call, error in MISUSED.items():
        assert f">       check_derivation({call})\nE       " in said
        assert error in said
    assert ".py:" not in said.replace("test_net.py:", "")


BUFFERED = """import nn
class Net(nn.Module):
    def __init__(self):
        self.fc = nn.Linear(4, 8, rng=0)
        self.bn = nn.BatchNorm1d(8)
    def forward(self, x):
        return self.bn(self.fc(x)).sum()
"""


def test_a_layer_that_keeps_a_mean_is_drawn_and_its_class_is_no_function(tmp_path, capsys):
    file = tmp_path / "net.py"
    file.write_text(BUFFERED)
    page = tmp_path / "page.html"
    assert main(["explore", f"{file}:Net.forward", "--shape", "x=4,4", "-o", str(page)]) == 0
    assert page.exists()
    assert main(["explore", f"{file}:Net", "--shape", "x=4,4"]) == 2
    assert "net.py:Net.forward" in capsys.readouterr().err
