"""Frames: the numbers of one graph at several values of its inputs, or in several epochs of a training.

A frame has the numbers of every array and gradient; what is the same in all frames is left out.  The
elements of an array in all frames are the bytes of float64 numbers, so that no digit is lost and a page
stays small.
"""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ...errors import DrawError, DTypeError
from ...graph import Backward, Graph, Vertex
from ...tensor import Tensor
from ...transforms.structure import data_of
from .numbers import in_json
from .recorded import Recorded, recorded

MOST = 3_000_000  # numbers in all frames of a page

FRAME = "box-sizing: border-box; width: 100%; height: 720px; border: 1px solid #8884; border-radius: 8px"

Frame = tuple[Graph, Backward]


def varied(f: Callable[..., Any], inputs: Mapping[str, Any], vary: Mapping[str, Any]) -> list[Recorded]:
    """The runs of f at all values of one input, or at all pairs of values of two.

    Raises DTypeError for a name that is no input, and for values that do not replace a number.
    """
    if not 1 <= len(vary) <= 2:
        raise DTypeError(f"vary takes one or two inputs with their values, and here are {len(vary)}")
    for name, values in vary.items():
        if name not in inputs:
            raise DTypeError(f"vary names {name!r}, and the inputs are {', '.join(map(repr, inputs))}")
        check_values(name, inputs[name], values)
    found = []
    for chosen in itertools.product(*vary.values()):
        given = {name: like(inputs[name], value) for name, value in zip(vary, chosen, strict=True)}
        found.append(recorded(f, {**inputs, **given}))
    return found


def with_floats(inputs: Any, vary: Any) -> Any:
    """The inputs, with a float for each plain whole number that is varied: it may be written 2 for 2.0."""
    if not isinstance(inputs, Mapping) or not isinstance(vary, Mapping):
        return inputs
    return {name: float(v) if type(v) is int and name in vary else v for name, v in inputs.items()}


def check_values(name: str, old: Any, values: Any) -> None:
    """Raise DTypeError unless these are values that can each take the place of an input, two or more."""
    if not hasattr(values, "__len__") or len(values) < 2:
        raise DTypeError(f"vary needs two or more values of {name!r}, such as np.linspace(-2, 2, 41)")
    here = data_of(old)
    if here.dtype.kind not in "biufc":
        raise DTypeError(
            f"vary: {name!r} is a {type(old).__name__}, and only a number or an array can be varied"
        )
    for value in values:
        given = data_of(value)
        if given.dtype.kind not in "biufc" or not np.can_cast(given.dtype, dtype_of(old), "same_kind"):
            raise DTypeError(
                f"vary: {name!r} is of dtype {dtype_of(old)}, and one of its values is {value!r}: "
                "give numbers that it can hold, or pass it as an array of floats"
            )
        if given.shape != here.shape:
            remedy = f": give arrays of its shape, such as [k * {name} for k in np.linspace(-2, 2, 41)]"
            raise DTypeError(
                f"vary: {name!r} has shape {here.shape}, and one of its values has {given.shape}"
                + (remedy if here.ndim else ": give numbers, such as np.linspace(-2, 2, 41)")
            )


def like(old: Any, value: Any) -> Any:
    """A value in the place of another, as a Tensor if that is one."""
    data = np.array(data_of(value), dtype_of(old))
    return Tensor(data, requires_grad=old.requires_grad) if type(old) is Tensor else data


def dtype_of(old: Any) -> np.dtype[Any]:
    """The dtype of an input; of a plain number, float64."""
    return np.dtype(getattr(old, "dtype", float))


def axes_of(runs: Sequence[Recorded], inputs: Any, vary: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a slider, or two, move through: names, the numbers on each, where to start, and the outputs.

    Arrays, and frames of a training, are only counted.
    """
    loss = [float(np.sum(run.output.data)) for run in runs]
    if not vary:
        frames = [*range(len(runs))]
        return {"names": ["frame"], "axes": [frames], "counted": [True], "start": [0], "loss": loss}
    axes, start, counted = [], [], []
    for name, values in vary.items():
        here, values = data_of(inputs[name]), [data_of(value) for value in values]
        start.append(min(range(len(values)), key=lambda i: float(np.abs(values[i] - here).sum())))
        counted.append(np.size(values[0]) != 1)
        axes.append([i if counted[-1] else float(np.ravel(v)[0]) for i, v in enumerate(values)])
    return {"names": list(vary), "axes": axes, "counted": counted, "start": start, "loss": loss}


def graphs(runs: Iterable[Recorded], first: Graph) -> list[Frame]:
    """The graph and the backward pass of each run.

    Raises DrawError for an output that was computed in another way than the first.
    """
    found = []
    for i, run in enumerate(runs):
        graph = Graph.of(run.output, run.names, {})
        refuse_other(graph, first, i)
        back = Backward({}, {})
        if graph.output.requires_grad:
            back = graph.backward(np.ones_like(graph.output.value))
        found.append((graph, back))
    return found


def refuse_other(graph: Graph, first: Graph, frame: int) -> None:
    """Raise DrawError for a graph with other operations or shapes, or with other numbers in its formulas."""
    if len(graph) != len(first):
        raise DrawError(
            f"frame {frame} has {len(graph)} nodes, and the first {len(first)}: a page shows one graph"
        )
    for a, b in zip(graph.nodes, first.nodes, strict=True):
        leaves = {"constant", "input"}  # which of them a number is depends on whether a variable held it
        same = a.kind == b.kind or {a.kind, b.kind} == leaves
        if not same or (a.op, a.shape) != (b.op, b.shape):
            raise DrawError(
                f"frame {frame}: {b.label} is {a.op or a.kind} of shape {a.shape}, and in the first frame "
                f"{b.op or b.kind} of shape {b.shape}: a page shows one graph"
            )
        if b.kind == "constant" and not np.array_equal(a.value, b.value, equal_nan=True):
            raise DrawError(
                f"frame {frame}: the number {b.label} in a formula is {a.label} there: hold it in an array, "
                "np.array(...), so that it is a node of the graph"
            )


def frames_in_json(
    found: Sequence[Frame], nodes: Sequence[Vertex], edges: Sequence[tuple[int, tuple[int, int]]], most: int
) -> dict[str, Any]:
    """The numbers of all frames: of nodes, by their place, and of the parts of gradients, by the edge's.

    edges: for each place of an edge whose part is shown its target and slot.
    """
    size = sum(np.size(v.value) for v in nodes if not isinstance(v.value, tuple))
    if 2 * size * len(found) > MOST and size > most:
        raise DrawError(
            f"{len(found)} frames of {size:,} elements are too many for a page: give fewer values, or a "
            "smaller model"
        )
    value = {i: [g[v.number].value for g, _ in found] for i, v in enumerate(nodes)}
    grad = {i: [b.cotangents.get(v.number) for _, b in found] for i, v in enumerate(nodes)}
    part = {i: [b.contributions.get(e) for _, b in found] for i, e in edges}
    return {
        key: {i: packed(arrays, most) for i, arrays in table.items() if changes(arrays)}
        for key, table in (("value", value), ("grad", grad), ("part", part))
    }


def changes(arrays: Sequence[Any]) -> bool:
    """Whether an array is not the same in all frames."""
    first = arrays[0]
    if first is None:
        return False
    if isinstance(first, tuple):
        return any(changes(parts) for parts in zip(*arrays, strict=True))
    return any(np.asarray(a).tobytes() != np.asarray(first).tobytes() for a in arrays)


def packed(arrays: Sequence[Any], most: int) -> Any:
    """An array in all frames: base64 of its float64 elements, or a list of what JSON can hold."""
    listed = [in_json(a, most) for a in arrays]
    rows = [x if isinstance(x, list) else [x] for x in listed]
    try:
        numbers = np.array(rows, float)
    except (TypeError, ValueError):  # summaries, and complex numbers
        return listed
    return base64.b64encode(numbers.astype("<f8").tobytes()).decode()


def numbers_of(frame: Frame, graph: Graph, most: int = 256) -> dict[str, Any]:
    """The numbers of one frame, as the page takes them: of nodes, and of the parts of gradients."""
    other, back = frame
    nodes = shown_nodes(graph)
    places = {vertex.number: i for i, vertex in enumerate(nodes)}
    edges = [edge for vertex in nodes if vertex.op for edge in vertex.inputs if edge.source in places]
    parts = [(i, back.contributions.get((edge.target, edge.slot))) for i, edge in enumerate(edges)]
    return {
        "value": {i: in_json(other[vertex.number].value, most) for i, vertex in enumerate(nodes)},
        "grad": {i: in_json(back.cotangents.get(vertex.number), most) for i, vertex in enumerate(nodes)},
        "part": {i: in_json(g, most) for i, g in parts if g is not None},
    }


def shown_nodes(graph: Graph) -> list[Vertex]:
    """The nodes of a page: all but the numbers in formulas."""
    return [vertex for vertex in graph.nodes if vertex.kind != "constant" or vertex is graph.output]
