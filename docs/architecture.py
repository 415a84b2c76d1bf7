"""Draw the picture of `docs/architecture.md`: which files a product of two Tensors passes through.

    python docs/architecture.py

Each box is a function or class and the file that holds it; a test looks them up in the source.
"""

import sys
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the source beside this script, whatever is installed

from autograd.show.pictures.picture import Picture  # noqa: E402  after the path to it

# What happens, who does it, in which file, and how.  The forward pass goes down on the left, the way back
# up on the right; the two boxes of a pair stand side by side.
PAIRS = (
    (
        ("a * b", "attach", "operators.py", "finds the recorder of np.multiply"),
        ("a.grad and b.grad", "grad", "tensor.py", "add up what has reached the leaves"),
    ),
    (
        ("binary", "binary", "record.py", "multiplies the arrays, and remembers"),
        ("way_back", "way_back", "engine.py", "visits the youngest node first, each once"),
    ),
    (
        ("Op(multiply)", "Op", "ops.py", "holds the function and its two rules"),
        ("g * b and g * a", "power_of_base", "rules/elementwise.py", "are those rules"),
    ),
    (
        ("Node", "Node", "engine.py", "holds op, args, parents, data, index"),
        ("c.backward()", "backward", "tensor.py", "begins with a cotangent of 1"),
    ),
)
EDGES = {  # from one box to another, by what the first says or does
    ("a * b", "binary"): "calls",
    ("binary", "Op(multiply)"): "asks",
    ("binary", "Node"): "makes",
    ("Node", "c.backward()"): "is the start of",
    ("c.backward()", "way_back"): "calls",
    ("way_back", "g * b and g * a"): "calls",
    ("Op(multiply)", "g * b and g * a"): "",
    ("way_back", "a.grad and b.grad"): "ends at",
}
COLOURS = "#e8f0fe", "#fdeee4"


def picture() -> Picture:
    """The boxes and arrows."""
    font = {"fontname": "Helvetica", "fontsize": "11"}
    drawn = Picture(
        "architecture",
        graph_attr={"nodesep": "0.9", "ranksep": "0.35", "splines": "spline"},
        node_attr={"shape": "box", "style": "rounded,filled", "width": "3.2", **font},
        edge_attr={"color": "#555555", "fontcolor": "#555555", "arrowsize": "0.7", **font, "fontsize": "10"},
    )
    for pair in PAIRS:
        with drawn.subgraph(graph_attr={"rank": "same"}) as row:
            for (what, _, file, how), colour in zip(pair, COLOURS, strict=True):
                row.node(
                    what, f'<<b>{what}</b>   <font color="#666666">{file}</font><br/>{how}>', fillcolor=colour
                )
    for above, below in pairwise(PAIRS):  # keep the rows and columns in order
        for one, other in zip(above, below, strict=True):
            drawn.edge(one[0], other[0], style="invis", weight="9")
    for (start, end), label in EDGES.items():
        drawn.edge(start, end, label=f" {label} ", constraint="false")
    return drawn


if __name__ == "__main__":
    (ROOT / "docs/img/architecture.svg").write_bytes(picture().pipe("svg"))
