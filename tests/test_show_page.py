"""The logic of the page's scripts, run by Node."""

import json
import shutil
import subprocess

import pytest

from autograd.show.pages.explore import PAGE

NODE = shutil.which("node")
PURE = ("arrays.js", "model.js", "verdicts.js", "frames.js", "live.js", "code.js", "predict.js")
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
    "right to three digits": ("offBy(0.3334, 1 / 3)", None),
    "too large by a half": ("offBy(1.5, 1)", "50 % too large"),
    "too small": ("offBy(-0.5, -1)", "50 % too small"),
    "far off": ("offBy(-2, 1)", "off by 3"),
    "not 0": ("offBy(0.5, 0)", "it is 0, and so off by 0.5"),
    "the sign": ("slipOf(-0.5, 0.5, [])", "the sign is the other way round"),
    "g alone": ("slipOf(2, 6, [['g', 2]])", "that is g"),
    "a factor too much": ("slipOf(24, 6, [['a mean?', 4]])", "a factor of 4 too much: a mean?"),
    "a factor is missing": ("slipOf(1.5, 6, [['a sum?', 4]])", "a factor of 4 is missing: a sum?"),
    "half": ("slipOf(3, 6, [])", "half of it: is there a 2 in the derivative?"),
    "the decimal point": ("slipOf(60, 6, [])", "the decimal point is elsewhere"),
    "no slip": ("slipOf(3.7, 6, [['g', 2]])", None),
    "a right shape": ("shapeSlip([4, 2], [4, 2])", None),
    "a transposed shape": ("shapeSlip([2, 4], [4, 2])", "the axes are the other way round"),
    "a flat shape": ("shapeSlip([8], [4, 2])", "as many elements, on other axes"),
    "a missing axis": ("shapeSlip([4], [4, 2])", "it has 2 axes"),
    "another length": ("shapeSlip([4, 3], [4, 2])", "one of the lengths is another"),
    "a place": ("subscript(5, [2, 3])", "[1, 2]"),
    "a number as it is typed": ("['\\u22123', '1e-4', '0,5', '', 'a'].map(numeric)",
                                [-3, 1e-4, 0.5, None, None]),
}  # fmt: skip


def evaluated(expression):
    many = "const many = (n, what) => `${n} ${what}${n === 1 ? '' : 's'}`;"  # of graph.js, which draws
    source = many + "".join((PAGE / name).read_text(encoding="utf-8") for name in PURE)
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
