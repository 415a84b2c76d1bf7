"""The neutral view of a recorded graph, which `draw`, `explain` and all other readers of graphs use.

`Graph.of(output)` is a read-only record of how `output` was computed.  It consists of vertices and
edges.  There is one vertex for each array, numbered 1, 2, 3, … in the order of creation, and one edge
for each use of an array as an argument: `x * x` has two.

>>> import numpy as np
>>> from autograd import Graph, Tensor, sigmoid
>>> X, W = np.array([[1.0, 2.0]]), Tensor([[0.5], [0.25]], requires_grad=True)
>>> graph = Graph.of(sigmoid(X @ W) * 2)
>>> print(graph.listing())
W: f64[2,1]  parameter
X: f64[1,2]  input
t3: f64[1,1] = X @ W
t4: f64[1,1] = sigmoid(t3)
t6: f64[1,1] = t4 * 2
>>> for vertex in graph.nodes:
...     print(vertex.number, vertex.kind, vertex.label, vertex.symbol, vertex.type, vertex.summary)
1 parameter W  f64[2,1] [[0.5] [0.25]]
2 input X  f64[1,2] [[1 2]]
3 intermediate t3 @ f64[1,1] [[1]]
4 intermediate t4 σ f64[1,1] [[0.7311]]
5 constant 2  i64[] 2
6 output t6 × f64[1,1] [[1.462]]
>>> for edge in graph.edges:
...     print(edge.source, "->", edge.target, edge.slot, edge.argument, edge.carries)
2 -> 3 0 x1 False
1 -> 3 1 x2 True
3 -> 4 0 x True
4 -> 6 0 x1 True
5 -> 6 1 x2 False

`records.Vertex`, `Edge`, `Scope` and `Source` document their fields.  Vertices and edges refer to each
other by number, `graph[3]` and `graph.uses[3]`, so a graph has no reference cycles.

`graph.walk_back()` and `graph.backward()` go back through the graph with the engine's rules, and keep
what the engine throws away: the cotangent of every array, and what each use contributes to it.

>>> back = graph.backward()
>>> back.cotangents[4], back.contributions[3, 1].round(4)
(array([[2.]]), array([[0.3932],
       [0.7864]]))
"""
# ruff: noqa: RUF002  # the signs of mathematics are meant, not the letters they look like

from .back import Backward, Sent
from .records import Edge, Scope, Source, Vertex
from .view import Graph

__all__ = ["Backward", "Edge", "Graph", "Scope", "Sent", "Source", "Vertex"]
