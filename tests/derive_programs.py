"""Random programs in plain NumPy: a forward pass of a few lines, with inputs to run it on.

Each line applies a function to variables that there are, of the shapes that there are; the last returns
the loss.  Nothing here knows of the library.
"""

import linecache
from dataclasses import dataclass
from typing import Any

import numpy as np

UNARY = [
    "np.tanh({a})", "np.sin({a})", "np.cos({a})", "1 / (1 + np.exp(-{a}))", "np.exp(-{a}**2)",
    "np.log(1 + {a}**2)", "np.sqrt(1 + {a}**2)", "np.maximum({a}, 0)", "np.abs({a})", "np.log1p(np.exp({a}))",
    "{a} * np.tanh({a})", "{a} / (1 + np.abs({a}))", "0.5 * {a}", "{a}**3",
    "np.where({a} > 0, {a}, 0.1 * {a})",
    "np.logaddexp(0, {a})", "np.arctan({a})", "np.clip({a}, -1, 1)",
]  # fmt: skip
BINARY = [
    "{a} + {b}",
    "{a} * {b}",
    "{a} - {b}",
    "{a} / (1 + {b}**2)",
    "np.maximum({a}, {b})",
    "np.hypot({a}, {b})",
]
ROWS = [
    "np.exp({a}) / np.exp({a}).sum(axis=1, keepdims=True)",
    "{a} - {a}.max(axis=1, keepdims=True)",
    "{a} - {a}.mean(axis=0)",
    "({a} - {a}.mean(axis=0)) / np.sqrt({a}.var(axis=0) + 1e-5)",
    "{a} - np.log(np.exp({a}).sum(axis=1, keepdims=True))",
    "{a} / np.sqrt(np.sum({a}**2, axis=1, keepdims=True) + 1)",
    "{a}[::-1]",
    "np.cumsum({a}, axis=1)",
    "np.roll({a}, 1, axis=0)",
    "{a}.mean(axis=1, keepdims=True) * {a}",
]  # fmt: skip
LOSSES = [
    "np.sum({a}**2) / 2",
    "np.mean({a})",
    "np.mean(({a} - np.ones({a}.shape))**2)",
    "np.sum(np.log(1 + {a}**2)) / len({a})",
]


@dataclass(frozen=True)
class Program:
    """A function, its source, and its inputs."""

    f: Any
    source: str
    inputs: dict[str, Any]


def program(seed: int) -> Program:
    """The program of a seed."""
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(2, 6)), int(rng.integers(2, 5))
    inputs = {"x": rng.normal(size=(n, k))}
    variables, lines = {"x": (n, k)}, []

    def choose(options):
        return options[rng.integers(len(options))]

    for i in range(int(rng.integers(2, 7))):
        name, (a, shape) = f"v{i}", choose(list(variables.items())[-3:])
        kind = choose(["unary", "unary", "binary", "rows", "dense", "slice", "join", "bias"])
        if kind == "dense":
            m = int(rng.integers(1, 5))
            inputs[f"W{i}"], inputs[f"b{i}"] = rng.normal(size=(shape[1], m)), rng.normal(size=m)
            line, new = f"{a} @ W{i} + b{i}", (shape[0], m)
        elif kind == "bias":
            inputs[f"c{i}"] = rng.normal(size=(1, shape[1]))
            line, new = f"{a} * c{i}", shape
        elif kind == "slice" and shape[1] > 1:
            line, new = f"{a}[:, 1:]", (shape[0], shape[1] - 1)
        elif kind == "join":
            b = choose([v for v, s in variables.items() if s[0] == shape[0]])
            line, new = f"np.concatenate([{a}, {b}], axis=1)", (shape[0], shape[1] + variables[b][1])
        elif kind == "binary":
            b = choose([v for v, s in variables.items() if s == shape])
            line, new = choose(BINARY).format(a=a, b=b), shape
        else:
            line, new = choose(ROWS if kind == "rows" else UNARY).format(a=a), shape
        lines.append(f"    {name} = {line}")
        variables[name] = new
    loss = choose(LOSSES).format(a=list(variables)[-1])
    source = f"def f({', '.join(inputs)}):\n" + "\n".join([*lines, f"    return {loss}"]) + "\n"
    filename = f"<program {seed}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    scope = {"np": np}
    exec(compile(source, filename, "exec"), scope)
    return Program(scope["f"], source, inputs)
