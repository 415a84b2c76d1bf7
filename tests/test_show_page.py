"""The logic of the page's scripts, run by Node."""

import json
import shutil
import subprocess

import pytest

from autograd.show.explore import PAGE

NODE = shutil.which("node")
PURE = ("arrays.js", "model.js", "verdicts.js", "frames.js", "code.js")
CASES = {
    "the elements of a frame": (
        'unpacked(Buffer.from(new Float64Array([1, 2, 3, 4, 5, 6]).buffer).toString("base64"), 1, 2)',
        [4, 5, 6],
    ),
    "a number of a frame": (
        'unpacked(Buffer.from(new Float64Array([1, NaN]).buffer).toString("base64"), 1, 2)', "nan",
    ),
    "a frame that is listed": ("unpacked([{ min: 1 }, { min: 2 }], 1, 2)", {"min": 2}),
    "the place of a frame on two axes": ("indexOf([2, 1], [[0, 0, 0], [0, 0]])", 5),
    "the nearest place": ("nearest([0, 10, 20], 13)", 1),
    "differences": ("differences([1, 2, 'nan'], [1, 2.1, 'nan'])", [False, True, False]),
    "roundings are no differences": ("differences([1e8, 1], [1e8, 1 + 1e-9])", [False, False]),
    "other lengths": ("differences([1, 2], [1])", None),
    "single numbers": ("differences(1, 2)", [True]),
    "the last value of a line at a time": (
        "madeBy([{ known: 1, n: 'a' }, { known: 3, n: 'b' }, { known: 9, n: 'c' }], 4).n", "b",
    ),
    "a line before it ran": ("madeBy([{ known: 3, n: 'a' }, { known: 5, n: 'b' }], 0).n", "b"),
}  # fmt: skip


def evaluated(expression):
    source = "".join((PAGE / name).read_text(encoding="utf-8") for name in PURE)
    script = f"{source}\nconsole.log(JSON.stringify({expression}));"
    ran = subprocess.run([NODE, "-e", script], capture_output=True, text=True, timeout=60, check=True)
    return json.loads(ran.stdout)


@pytest.mark.skipif(NODE is None, reason="the scripts' logic is run by Node: apt-get install nodejs")
@pytest.mark.parametrize(("expression", "expected"), CASES.values(), ids=CASES)
def test_the_logic(expression, expected):
    assert evaluated(expression) == expected


@pytest.mark.parametrize("path", sorted(PAGE.iterdir(), key=lambda p: p.name), ids=lambda p: p.name)
def test_each_file_is_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) < 300
