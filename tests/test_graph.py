"""The neutral view of a graph: what it records, the names in it, and the way back through it."""

import gc
import threading

import numpy as np
import pytest

import nn
from autograd import Graph, Tensor, debug, no_grad, op, relu, scope, sigmoid
from autograd.errors import AutogradError, DTypeError, GradientError, ShapeError
from autograd.mode import recording


def leaf(*values):
    return Tensor(np.array(values) if len(values) != 1 else values[0], requires_grad=True)


def edges(graph):
    return [(edge.source, edge.target, edge.slot) for edge in graph.edges]


def doublings(n):
    x = leaf(1.0)
    for _ in range(n):
        x = x + x
    return x


# What is recorded


def test_each_use_is_an_edge():
    x = leaf(1.0, 2.0)
    assert edges(Graph.of(x * x)) == [(1, 2, 0), (1, 2, 1)]


def test_sixty_doublings_have_120_edges():
    y = doublings(60)
    graph = Graph.of(y)
    assert (len(graph), len(list(graph.edges))) == (61, 120)
    assert graph.backward().cotangents[1] == 2.0**60


def test_numbers_are_those_of_creation_whatever_was_computed_before():
    def numbered():
        w, x = leaf(1.0, 2.0), leaf(3.0, 4.0)
        h = w * x
        return [(v.number, v.label) for v in Graph.of(np.exp(x) + h).nodes]

    first = numbered()
    doublings(10)
    assert numbered() == first == [(1, "w"), (2, "x"), (3, "h"), (4, "t4"), (5, "t5")]


def test_constants_have_edges_too():
    X, w = np.array([[1.0, 2.0]]), leaf(3.0, 4.0)
    graph = Graph.of(np.sum(2 * w * X + X))
    assert [(v.kind, v.label) for v in graph.nodes] == [
        *(("parameter", "w"), ("constant", "2"), ("intermediate", "t3"), ("input", "X")),
        *(("intermediate", "t5"), ("intermediate", "t6"), ("output", "t7")),
    ]
    assert edges(graph) == [(2, 3, 0), (1, 3, 1), (3, 5, 0), (4, 5, 1), (5, 6, 0), (4, 6, 1), (6, 7, 0)]


def test_an_edge_says_whether_a_gradient_goes_back_along_it():
    x = leaf(1.0, -2.0)
    graph = Graph.of(np.where(np.array([True, False]), x, 2.0))
    assert [(edge.argument, edge.carries) for edge in graph.edges] == [
        ("condition", False),
        ("x", True),
        ("y", False),
    ]
    joined = Graph.of(np.concatenate([x, x]))
    assert [edge.argument for edge in joined.edges] == ["arrays[0]", "arrays[1]"]


def test_arguments_that_were_left_out_keep_their_slot():
    x = leaf(1.0, -2.0)
    assert edges(Graph.of(np.clip(x, None, 1.0))) == [(1, 3, 0), (2, 3, 2)]


def test_not_computed_differs_from_zero():
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    z = np.sum(x * 0.0) + np.sum(y.detach() * 2 * x * 0)
    assert Graph.of(z)[1].grad_summary == "not computed"
    z.backward()
    assert Graph.of(z)[1].grad_summary == "[0 0]"


@pytest.mark.parametrize("output", [leaf(1.0, 2.0), Tensor([1.0, 2.0])])
def test_a_tensor_that_nothing_made_is_one_vertex(output):
    graph = Graph.of(output)
    assert [v.label for v in graph.nodes] == ["output"]
    assert graph.output.kind == ("parameter" if output.requires_grad else "input")
    assert not list(graph.edges)


def test_only_tensors_have_graphs():
    with pytest.raises(DTypeError, match="this is a ndarray"):
        Graph.of(np.ones(3))


def test_several_outputs_and_the_pick_of_one():
    x = leaf(7.5, -2.0)
    _, remainder = np.divmod(x, 2.0)
    graph = Graph.of(remainder * 1.0)
    assert graph[3].type == "(f64[2], f64[2])"
    assert [graph.expression(v) for v in graph.nodes][2:4] == ["divmod(x, 2)", "t3[1]"]
    np.testing.assert_array_equal(graph.backward(np.ones(2)).cotangents[1], [1, 1])


def test_an_array_with_a_history_that_needs_no_gradient_is_an_input():
    x = leaf(1.0, 2.0)
    graph = Graph.of(x * (x > 1))
    assert [(v.kind, v.label) for v in graph.nodes] == [("parameter", "x"), ("input", "t2"), ("output", "t3")]


def test_a_recorded_backward_pass_is_a_graph():
    x = leaf(1.0, 2.0)
    np.sum(x**3).backward(create_graph=True)
    graph = Graph.of(x.grad)
    assert graph.output.kind == "output"
    np.testing.assert_allclose(graph.backward(np.ones(2)).cotangents[1], 6 * x.data, rtol=1e-15)


def test_a_graph_is_long_and_flat_without_recursion_and_quickly():
    t = leaf(1.0)
    for _ in range(100_000):
        t = t * 1.0
    graph = Graph.of(t)
    assert len(graph) == 200_001
    assert graph.listing().count("\n") == 100_000
    assert graph.backward().cotangents[1] == 1


def test_the_view_holds_no_cycles():
    gc.collect()
    gc.disable()
    try:
        model = nn.Sequential(nn.Linear(2, 2), nn.Tanh())
        graph = Graph.of(model(np.ones((1, 2))).sum())
        graph.backward()
        del graph, model
        assert gc.collect() == 0
    finally:
        gc.enable()


# The listing


def test_the_listing_is_typed_text():
    X, W, b = np.ones((4, 2)), Tensor(np.ones((2, 3), np.float32), requires_grad=True), leaf(0.5)
    Z = X @ W + b
    A = sigmoid(Z)
    loss = np.mean((A - 1) ** 2, axis=None)
    assert Graph.of(loss).listing().splitlines() == [
        *("W: f32[2,3]  parameter", "b: f64[]  parameter", "X: f64[4,2]  input"),
        *("t4: f64[4,3] = X @ W", "Z: f64[4,3] = t4 + b", "A: f64[4,3] = sigmoid(Z)"),
        *("t8: f64[4,3] = A - 1", "t10: f64[4,3] = t8 ** 2", "loss: f64[] = mean(t10, axis=None)"),
    ]


def test_the_listing_with_values():
    x = leaf(1.0, 2.0)
    y = x[1:] * 0.1
    y.backward()
    assert Graph.of(y).listing(values=True).splitlines() == [
        *(
            "x: f64[2]  parameter  = [1 2]  grad [0 0.1]",
            "t2: f64[1] = x[1:]  = [2]",
            "y: f64[1] = t2 * 0.1  = [0.2]",
        ),
    ]


# Names


def test_names_come_from_the_user_the_tensor_the_module_and_the_variables_in_this_order():
    layer = nn.Linear(2, 1, rng=0)
    given, held = layer.bias, layer.weight
    h = layer(np.ones((1, 2)))
    h.name = "hidden"
    y = h * 2
    names = {"offset": given}
    assert [v.label for v in Graph.of(y, names).nodes if v.kind != "constant"] == [
        *("layer.weight", "offset", "t3", "hidden", "y"),
    ]
    assert held is layer.weight


def test_names_of_what_lists_and_dicts_hold():
    weights, more = [leaf(1.0), leaf(2.0)], {"b": leaf(3.0)}
    labels = [v.label for v in Graph.of(weights[0] * weights[1] + more["b"]).nodes]
    assert labels[:3] == ["weights[0]", "weights[1]", "more['b']"]


def test_equal_names_are_told_apart():
    a, b, t4 = leaf(1.0), leaf(2.0), leaf(3.0)
    a.name = b.name = "w"
    y = (a + b) * t4 * 2
    labels = [v.label for v in Graph.of(y).nodes]
    assert labels == ["w", "w_2", "t4", "t4_2", "t5", "2", "y"]


def test_a_line_of_the_listing_stays_one_line():
    x = leaf(1.0)
    x.name = "a\nb = 1\0"
    with scope("c\nd"):
        y = x * 2
    assert Graph.of(y).listing().splitlines() == [
        r"a\nb = 1\x00: f64[]  parameter",
        r"y: f64[] = a\nb = 1\x00 * 2  # c\nd",
    ]


def test_a_constant_can_have_a_name():
    c = Tensor([1.0, 2.0])
    c.name = "speed"
    assert (c.name, c.requires_grad, (c * 2).requires_grad) == ("speed", False, False)
    assert [v.label for v in Graph.of(leaf(1.0) * c).nodes] == ["t1", "speed", "t3"]
    c.requires_grad = True
    assert c.name == "speed"


def test_a_name_is_a_string():
    with pytest.raises(TypeError, match="is a string"):
        leaf(1.0).name = 3


def test_names_the_wrong_way_round_are_refused():
    x = leaf(1.0)
    with pytest.raises(DTypeError, match=r'names=\{"W": layer.weight\}'):
        Graph.of(x * 2, {x: "weight"})


# Scopes


class Cell(nn.Module):
    def __init__(self):
        self.inner = nn.Linear(2, 2, rng=0)

    def forward(self, x):
        with scope("squash"):
            return np.tanh(self.inner(x)) + x


def paths(graph):
    return [(v.scope.path if v.scope else None, v.op) for v in graph.nodes if v.op]


def test_modules_are_scopes_called_by_their_attributes():
    model = nn.Sequential(nn.Linear(2, 3), nn.Sigmoid(), Cell.__new__(Cell), nn.ReLU())
    model[2].inner = nn.Linear(3, 3)
    graph = Graph.of(model(np.ones((1, 2))) * 2)
    assert paths(graph) == [
        *(("model.0", "linear"), ("model.1", "sigmoid"), ("model.2.squash.inner", "linear")),
        *(("model.2.squash", "tanh"), ("model.2.squash", "add"), ("model.3", "relu"), (None, "multiply")),
    ]
    kinds = [(s.path, s.kind) for s in graph.scopes]
    assert kinds == [
        *(("model", "Sequential"), ("model.0", "Linear"), ("model.1", "Sigmoid"), ("model.2", "Cell")),
        *(("model.2.squash", ""), ("model.2.squash.inner", "Linear"), ("model.3", "ReLU")),
    ]
    assert [v.name for v in graph.nodes if v.kind == "parameter"] == [
        *("model.0.weight", "model.0.bias", "model.2.inner.weight", "model.2.inner.bias"),
    ]


def test_each_call_of_a_module_is_a_scope_of_its_own():
    cell, x = Cell(), np.ones((1, 2))
    for _ in range(3):
        x = cell(x)
    graph = Graph.of(x)
    assert [(s.path, s.call) for s in graph.scopes if s.path == "cell"] == [("cell", n) for n in (1, 2, 3)]
    shared = next(v for v in graph.nodes if v.name == "cell.inner.weight")
    assert (len(graph.uses[shared.number]), shared.scope) == (3, None)


def test_a_module_that_is_gone_leaves_its_class():
    def output():
        return nn.Sequential(nn.Linear(2, 1), nn.Tanh())(np.ones((1, 2)))

    assert paths(Graph.of(output())) == [("Sequential.0", "linear"), ("Sequential.1", "tanh")]


def test_scopes_nest_serve_as_decorators_and_end_with_an_exception():
    @scope("inside")
    def double(x):
        return x * 2

    x = leaf(1.0)
    with scope("outside"):
        y = double(x)
        with pytest.raises(ZeroDivisionError), scope("broken"):
            1 / 0  # noqa: B018
        y = y + 1
    y = y - 1
    assert paths(Graph.of(y)) == [("outside.inside", "multiply"), ("outside", "add"), (None, "subtract")]
    with pytest.raises(ShapeError):
        nn.Linear(2, 2)(np.ones(3))
    assert recording.get().notes is None


def test_a_label_is_a_string():
    with pytest.raises(TypeError, match="scope takes a label"):
        scope(3)


def test_threads_have_their_own_scopes():
    model, barrier, outputs = nn.Sequential(Cell(), Cell()), threading.Barrier(4, timeout=60), {}

    def run(i):
        with scope(f"thread {i}"):
            barrier.wait()
            for _ in range(50):
                outputs[i] = model(np.ones((1, 2)))

    threads = [threading.Thread(target=run, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i, output in outputs.items():
        assert {path.split(".")[0] for path, _ in paths(Graph.of(output))} == {f"thread {i}"}


def test_a_context_carried_to_another_thread_does_not_mix_the_scopes():
    import contextvars

    model, results = nn.Sequential(Cell(), Cell()), []
    model(np.ones((1, 2)))
    contexts = [contextvars.copy_context() for _ in range(4)]

    def run():
        for _ in range(50):
            results.append(paths(Graph.of(model(np.ones((1, 2))))))

    threads = [threading.Thread(target=context.run, args=(run,)) for context in contexts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(result == results[0] for result in results)


def test_training_steps_leave_no_scopes_behind():
    model = nn.Sequential(nn.Linear(2, 2), Cell(), nn.Sigmoid())

    def step():
        with scope("step"), debug():
            model(np.ones((1, 2))).sum().backward()

    step()
    gc.collect()
    gc.disable()
    try:
        before = len(gc.get_objects())
        for _ in range(200):
            step()
        assert gc.collect() == 0
        assert len(gc.get_objects()) - before < 50
    finally:
        gc.enable()


# Lines of source


def test_debug_mode_notes_the_line_that_the_user_wrote():
    x = leaf(1.0, 2.0)
    with debug():
        y = nn.functional.silu(x)
        z = np.vstack([y, y])
    w = z * 2
    lines = [v.source and (v.source.text, v.source.function) for v in Graph.of(w).nodes if v.op]
    here = "test_debug_mode_notes_the_line_that_the_user_wrote"
    assert lines[0] == ("y = nn.functional.silu(x)", here)
    assert lines[-2:] == [("z = np.vstack([y, y])", here), None]
    assert Graph.of(z).listing().splitlines()[1].endswith(f"# {__file__}:{lines_of(here) + 3}")


def lines_of(name):
    return globals()[name].__code__.co_firstlineno


def test_debug_mode_keeps_to_no_grad_and_to_modules():
    model = nn.Sequential(Cell())
    with debug():
        with no_grad():
            assert model(leaf(1.0, 2.0)).node is None
        y = model(leaf(1.0, 2.0))
    sources = {v.source.text for v in Graph.of(y).nodes if v.op}
    assert sources == {"return np.tanh(self.inner(x)) + x"}
    assert paths(Graph.of(y))[0] == ("model.0.squash.inner", "linear")


# The way back


def network(rng):
    x = rng.normal(size=(4, 3))
    W, V, b = (Tensor(rng.normal(size=s), requires_grad=True) for s in ((3, 5), (5, 2), (2,)))
    h = relu(x @ W)
    return np.sum(np.log(sigmoid(h @ V + b)) * np.where(h.sum() > 0, 1.0, 2.0) + h[:, :2] ** 2), (W, V, b)


def test_the_cotangents_are_the_engines_and_no_grad_is_written():
    loss, parameters = network(np.random.default_rng(0))
    graph = Graph.of(loss)
    back = graph.backward()
    assert all(p.grad is None for p in parameters)
    loss.backward()
    for vertex in graph.nodes:
        if vertex.kind == "parameter":
            np.testing.assert_array_equal(back.cotangents[vertex.number], vertex.grad)


def test_contributions_of_all_uses_sum_to_the_cotangent():
    graph = Graph.of(network(np.random.default_rng(1))[0])
    back = graph.backward()
    for vertex in graph.nodes:
        sent = [back.contributions[e.target, e.slot] for e in graph.uses[vertex.number] if e.carries]
        if vertex is not graph.output and vertex.requires_grad:
            np.testing.assert_array_equal(sum(reversed(sent)), back.cotangents[vertex.number])
        else:
            assert not sent


def test_intermediate_cotangents_are_numerical_derivatives():
    """The cotangent of an intermediate is what a leaf in its place would get."""
    loss, _ = network(np.random.default_rng(2))
    graph = Graph.of(loss)
    h = next(v for v in graph.nodes if v.op == "relu")
    assert np.all(np.isfinite(graph.backward().cotangents[h.number]))
    x = leaf(0.3, -0.2)
    inner = x * 3
    graph = Graph.of(np.sum(np.sin(inner) * inner))
    at = inner.data
    found = graph.backward().cotangents[next(v.number for v in graph.nodes if v.name == "inner")]
    np.testing.assert_allclose(found, np.cos(at) * at + np.sin(at), rtol=1e-15)


def test_the_walk_goes_in_the_engines_order_and_can_be_left():
    x = leaf(2.0)
    graph = Graph.of(x * x + x)
    steps = graph.walk_back()
    assert next(steps).number == 3
    assert [step.number for step in steps] == [2, 1]


def test_hooks_count_and_a_changed_leaf_is_refused():
    x = leaf(2.0)
    h = x * 3
    h.register_hook(lambda g: g * 10)
    x.register_hook(lambda g: g + 1)
    graph = Graph.of(h * 1.0)
    assert graph.backward().cotangents[1] == 31
    with no_grad():
        x -= 1.0
    with pytest.raises(GradientError, match="changed in place since"):
        graph.backward()


def test_a_backward_pass_needs_a_cotangent_of_the_right_shape():
    x = leaf(1.0, 2.0)
    graph = Graph.of(x * 2)
    with pytest.raises(GradientError, match="needs a cotangent"):
        graph.backward()
    with pytest.raises(ShapeError, match=r"shape \(3,\)"):
        graph.backward(np.ones(3))
    with pytest.raises(GradientError, match="does not require a gradient"):
        Graph.of(Tensor(1.0)).backward()


def test_what_no_gradient_reaches_has_no_cotangent():
    x = leaf(1.0, 2.0)
    graph = Graph.of(np.sum(x * np.array([1.0, 0.0])))
    assert sorted(graph.backward().cotangents) == [1, 3, 4]


def test_a_rule_that_raises_leaves_everything():
    fails = op(lambda x: x * 1, lambda g, y, x: 1 / 0)
    x = leaf(1.0)
    with pytest.raises(ZeroDivisionError):
        Graph.of(fails(x)).backward()
    assert x.grad is None


def test_there_is_no_vertex_zero():
    with pytest.raises(IndexError, match="vertices 1 to 1"):
        Graph.of(leaf(1.0))[0]
    assert issubclass(DTypeError, AutogradError)
