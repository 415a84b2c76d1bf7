"""Products taken apart: for every element, what the page says it is made of makes it, forward and back."""

import json
import shutil
import subprocess

import numpy as np
import pytest

import autograd
import nn
from autograd import Graph, Tensor
from autograd.show.pages.document import document
from autograd.show.pages.explore import PAGE

F = nn.functional
rng = np.random.default_rng(0)
SCRIPTS = ("arrays.js", "model.js", "panel.js", "rules.js", "apart.js")
CHECK = """
const many = (n, what) => `${n} ${what}`, isScalar = (node) => typeof node.value !== "object" || node.value === null;
const model = readModel(JSON.parse(require("fs").readFileSync(0, "utf8")));
const python = (text) => Function("exp", "max", "min", `return ${text.replaceAll("\\u00d7", "*").replaceAll("\\u2212", "-").replaceAll("- -", "+ ")}`)(Math.exp, Math.max, Math.min);
const worst = { count: 0, words: 0, ops: [] };
const judge = (said, right, what) => {
  worst.count += 1;
  if (!(Math.abs(said - right) <= 1e-9 * Math.max(1, Math.abs(right)))) throw new Error(`${what}: ${said}, and it is ${right}`);
};
for (const node of model.nodes) {
  const made = madeOf(node);
  if (!made) continue;
  worst.ops.push(made.op);
  listed1(node.value).forEach((right, place) => {
    const { lines } = explainedResult(node, made, place, true), { factors } = resultAt(made, place), list = factors.map(productOf);
    if (!lines[1].includes("…")) { worst.words += 1; judge(python(lines[1]), right, `${made.op} ${place}: ${lines[1]}`); }
    if (["matmul", "dot", "linear", "convolution", "sum"].includes(made.op)) judge(list.reduce((a, b) => a + b, 0), right, `${made.op} ${place}`);
  });
  for (const edge of node.args.filter((a) => a.flows)) listed1(contribution(edge)).forEach((right, place) => {
    const { lines } = explainedGradient(edge, made, place, true);
    if (!lines.at(-2)?.includes("…")) { worst.words += 1; judge(python(lines.at(-2) ?? lines[0]), right, `${made.op} back ${place}: ${lines[0]} = ${lines[1]}`); }
    if (!isSoftmax(made)) judge(gradientAt(made, node, edge.slot, place).factors.map(productOf).reduce((a, b) => a + b, 0), right, `${made.op} back to ${edge.slot} ${place}`);
  });
}
console.log(JSON.stringify(worst));
"""  # noqa: E501


def leaf(*shape):
    return Tensor(rng.normal(size=shape), requires_grad=True)


ties = np.array([[1.0, 2.0, 2.0], [3.0, 0.0, 3.0]])
MADE = {
    "matrices": ("matmul", lambda: leaf(4, 2) @ leaf(2, 3)),
    "a matrix and a vector": ("matmul", lambda: leaf(4, 2) @ leaf(2)),
    "a vector and a matrix": ("matmul", lambda: leaf(2) @ leaf(2, 3)),
    "vectors": ("matmul", lambda: leaf(3) @ leaf(3)),
    "batches": ("matmul", lambda: leaf(2, 3, 2) @ leaf(2, 2, 4)),
    "a batch and a matrix": ("matmul", lambda: leaf(2, 3, 2) @ leaf(2, 4)),
    "a square with itself": ("matmul", lambda: (lambda a: a @ a)(leaf(2, 2))),
    "dot": ("dot", lambda: np.dot(leaf(3, 2), leaf(2, 2))),
    "linear": ("linear", lambda: F.linear(leaf(4, 2), leaf(3, 2), leaf(3))),
    "linear without bias": ("linear", lambda: F.linear(leaf(2, 4, 2), leaf(3, 2))),
    "convolution": ("convolution", lambda: F.conv2d(leaf(2, 1, 4, 4), leaf(2, 1, 2, 2), leaf(2))),
    "with stride and padding": (
        "convolution", lambda: F.conv2d(leaf(1, 2, 5, 5), leaf(2, 2, 3, 3), stride=2, padding=1),
    ),
    "with dilation and groups": (
        "convolution", lambda: F.conv2d(leaf(1, 2, 5, 5), leaf(2, 1, 2, 2), dilation=2, groups=2),
    ),
    "in one dimension": ("convolution", lambda: F.conv1d(leaf(2, 2, 6), leaf(2, 2, 3))),
    "max pooling": ("largest", lambda: F.max_pool2d(leaf(2, 1, 4, 4), 2)),
    "mean pooling": ("mean", lambda: F.avg_pool2d(leaf(1, 1, 4, 4), 2)),
    "a sum": ("sum", lambda: np.sum(leaf(3, 2))),
    "a sum along an axis": ("sum", lambda: np.sum(leaf(3, 2, 2), axis=1)),
    "a sum with kept axes": ("sum", lambda: np.sum(leaf(3, 2, 2), axis=(0, -1), keepdims=True)),
    "a mean": ("mean", lambda: np.mean(leaf(3, 2), axis=0)),
    "a maximum with ties": ("max", lambda: np.max(Tensor(ties, requires_grad=True), axis=1)),
    "a minimum": ("min", lambda: np.min(leaf(3, 2), axis=0, keepdims=True)),
    "softmax": ("softmax", lambda: autograd.softmax(leaf(2, 3), axis=1) * leaf(2, 3)),
    "softmax along the first axis": ("softmax", lambda: autograd.softmax(leaf(2, 3), axis=0) * leaf(2, 3)),
}  # fmt: skip


@pytest.mark.parametrize(("op", "make"), MADE.values(), ids=MADE)
def test_every_element_is_what_the_page_says_it_is_made_of(op, make):
    node = shutil.which("node")
    assert node, "the scripts' logic is run by Node: apt-get install nodejs"
    weighted = make()
    output = np.sum(weighted * rng.normal(size=weighted.shape))
    data = document(Graph.of(output))
    source = "".join((PAGE / name).read_text(encoding="utf-8") for name in SCRIPTS)
    ran = subprocess.run(
        [node, "-e", f"{source}\n{CHECK}"], input=json.dumps(data), capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr[-600:]
    found = json.loads(ran.stdout)
    assert op in found["ops"]
    assert found["count"] > 2
