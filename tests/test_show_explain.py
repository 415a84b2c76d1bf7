"""explain: every path, its product, and the sum over all paths."""

import itertools
import math

import numpy as np
import pytest

import nn
from autograd import Tensor, explain, relu, sigmoid
from autograd.errors import DTypeError, GradientError, IndexingError, ShapeError
from autograd.show.explanations import paths


def leaf(*values):
    return Tensor(np.array(values) if len(values) != 1 else values[0], requires_grad=True)


def random_program(seed):
    """A scalar program of sums and products, and the products along all its paths, found by recursion."""
    rng = np.random.default_rng(seed)
    values, made = [leaf(rng.uniform(0.5, 2)), leaf(rng.uniform(-2, -0.5))], [None, None]
    for _ in range(8):
        i, j = rng.integers(0, len(values), 2)
        product = rng.random() < 0.5
        values.append(values[i] * values[j] if product else values[i] + values[j])
        made.append([(i, values[j].item() if product else 1.0), (j, values[i].item() if product else 1.0)])

    def products(k):
        if made[k] is None:
            return [1.0] if k == 0 else []
        return [slope * rest for i, slope in made[k] for rest in products(i)]

    return values, products(len(values) - 1)


@pytest.mark.parametrize("seed", range(25))
def test_every_path_is_found_the_heaviest_first(seed):
    values, expected = random_program(seed)
    found = explain(values[-1], values[0], most=10_000)
    products = [path.product for path in found.paths]
    assert found.count == len(products) == len(expected)
    np.testing.assert_allclose(sorted(products), sorted(expected), rtol=1e-13)  # eight roundings each
    sizes = [abs(p) for p in products]
    assert all(a >= b * (1 - 1e-13) for a, b in itertools.pairwise(sizes))
    if expected:
        assert found.share == pytest.approx(1, rel=1e-12)
    few = explain(values[-1], values[0], most=3)
    np.testing.assert_allclose([abs(p.product) for p in few.paths], sizes[:3], rtol=1e-13)
    assert few.count == found.count


@pytest.mark.parametrize("seed", range(25))
def test_the_sum_is_the_gradient(seed):
    values, expected = random_program(seed)
    found = explain(values[-1], values[0])
    if values[-1].requires_grad and expected:
        values[-1].backward()
        assert found.gradient == values[0].grad
    scale = sum(map(abs, expected))
    assert abs(found.total - found.gradient) <= 1e-14 * scale
    assert abs(math.fsum(expected) - found.gradient) <= 1e-14 * scale


def network():
    rng = np.random.default_rng(0)
    X, y = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([[0.0], [1.0], [1.0], [0.0]])
    weights = [Tensor(rng.normal(size=s), requires_grad=True) for s in ((2, 4), (1, 4), (4, 1), (1, 1))]
    W1, b1, W2, b2 = weights
    p = sigmoid(sigmoid(X @ W1 + b1) @ W2 + b2)
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)), weights


@pytest.mark.parametrize(("which", "index"), [(0, (0, 0)), (0, (1, 3)), (1, (0, -1)), (2, (3, 0)), (3, None)])
def test_paths_lead_through_the_elements_of_arrays(which, index):
    loss, weights = network()
    found = explain(loss, weights[which], index, most=1000)
    assert all(w.grad is None for w in weights)
    loss.backward()
    assert found.gradient == weights[which].grad[index or (0, 0)]
    assert found.count == len(found.paths) == {0: 2, 1: 4, 2: 4, 3: 4}[which]
    assert found.total == pytest.approx(found.gradient, rel=1e-13)
    assert found.shown == pytest.approx(found.gradient, rel=1e-13)
    for path in found.paths:
        assert math.prod(step.derivative for step in path.steps) == path.product
        assert all(a.by == b.made for a, b in itertools.pairwise(path.steps))


def test_an_intermediate_can_be_asked_for_and_an_element_of_the_output():
    x = leaf(1.0, 2.0, 3.0)
    h = x * 2
    y = h * h
    found = explain(y, h, 1, at=1)
    assert (found.output, found.wrt, found.gradient, found.count) == ("y[1]", "h[1]", 8.0, 2)
    assert explain(y, h, 1, at=0).count == 0
    assert explain(y, y, 2, at=2).gradient == 1


def test_two_to_the_sixty_paths_are_counted():
    x = y = leaf(1.0)
    for _ in range(60):
        y = y + y
    found = explain(y, x, most=3)
    assert (found.count, len(found.paths), found.gradient) == (2**60, 3, 2.0**60)
    assert "1,152,921,504,606,846,976 paths, of which these 3 are the heaviest" in str(found)


def test_paths_that_cancel_are_all_there():
    x = leaf(3.0)
    y = x * 2 - x * 2
    found = explain(y, x)
    assert [path.product for path in found.paths] == [2.0, -2.0]
    assert (found.gradient, found.total) == (0.0, 0.0)


def test_a_path_of_ten_thousand_steps_needs_no_recursion_and_is_shown_in_short():
    x = t = leaf(1.0)
    for _ in range(10_000):
        t = t * 1.0001
    found = explain(t, x)
    assert len(found.paths[0].steps) == 10_000
    assert len(str(found).splitlines()) < 25
    assert "… 9,984 more steps" in str(found)


def test_the_text():
    a, b = leaf(2.0), leaf(-3.0)
    c = a * b + a
    assert str(explain(c, a)).splitlines() == [
        "∂c / ∂a = -2, the sum of 2 paths:",
        "",
        "path 1",
        "    c = t3 + a   ∂/∂t3 = 1",
        "    t3 = a * b   ∂/∂a = -3",
        "    product: 1 × -3 = -3",  # noqa: RUF001
        "",
        "path 2",
        "    c = t3 + a   ∂/∂a = 1",
        "    product: 1",
        "",
        "sum: -3 + 1 = -2",
    ]


# Where paths are cut


def test_what_was_detached_is_said():
    x = leaf(1.0, 2.0)
    h = x * 2
    y = np.sum(x * h.detach())
    assert explain(y, x, 0).cuts == ("t2 is h detached, a constant: nothing goes back through it",)
    z = np.sum(leaf(1.0) * h.detach())
    found = explain(z, x, 0)
    assert (found.count, found.gradient, found.wrt) == (0, 0.0, "x[0]")
    assert "no path leads from z back to x[0]" in str(found)
    assert len(found.cuts) == 1


def test_a_dead_relu_is_said_and_only_where_it_matters():
    x = leaf(-0.5, 2.0)
    y = np.sum(relu(x))
    assert explain(y, x, 0).cuts == ("t2[0] = relu(x) has the derivative 0 by x[0], which is -0.5",)
    assert explain(y, x, 0).count == 0
    assert explain(y, x, 1).cuts == ()


def test_a_comparison_is_said():
    x = leaf(1.0, -2.0)
    y = np.sum(np.where(x > 0, x, 0.0))
    assert any("truth values" in cut for cut in explain(y, x, 0).cuts)
    z = np.sum(np.heaviside(x, x))
    assert any("is piecewise constant in x" in cut for cut in explain(z, x, 0).cuts)


def test_hooks_are_said_and_not_called_on_the_way_of_a_path():
    x = leaf(2.0)
    h = x * 3
    seen = []
    h.register_hook(seen.append)
    found = explain(h * 1.0, x)
    assert found.paths[0].product == 3
    assert len(seen) == 1  # by the engine, for the gradient
    assert any("hooks" in cut for cut in found.cuts)


# Larger graphs


def test_where_there_are_too_many_numbers_paths_are_those_of_arrays():
    rng = np.random.default_rng(0)
    model = nn.Sequential(nn.Linear(64, 128, rng=0), nn.ReLU(), nn.Linear(128, 10, rng=1))
    x = rng.normal(size=(256, 64))
    h = model(x)
    loss = (h * h).mean() + h.sum()
    found = explain(loss, model[0].weight, (3, 4))
    loss.backward()
    assert found.gradient == model[0].weight.grad[3, 4]
    assert found.count == 3
    assert found.total == pytest.approx(found.gradient, rel=1e-10)  # sums of thousands of terms
    assert all(step.derivative is None for path in found.paths for step in path.steps)
    assert found.paths[0].steps[-1].by == "model.0.weight"


def test_array_paths_that_are_too_many_are_not_all_followed(monkeypatch):
    monkeypatch.setattr(paths, "BUDGET", 50_000)
    x = leaf(*np.linspace(1, 2, 100))
    t = x
    for _ in range(40):
        t = t + t
    found = explain(np.sum(t), x, 0)
    assert found.count is None
    assert found.gradient == 2.0**40
    assert 0 < len(found.paths) <= 10
    assert 0 < found.share < 1e-9
    assert "more paths than can be followed" in str(found)


def test_several_outputs_of_one_function():
    x = leaf(7.5, -2.0)
    quotient, remainder = np.divmod(x, 2.0)
    y = np.sum(remainder * x + quotient)
    found = explain(y, x, 0)
    y.backward()
    assert (found.gradient, found.total, found.count) == (x.grad[0], x.grad[0], 2)


def test_float32_and_numbers_that_are_not_finite():
    x = Tensor(np.array([0.0, 4.0], np.float32), requires_grad=True)
    y = np.sum(np.sqrt(x))
    assert [path.product for path in explain(y, x, 0).paths] == [math.inf]
    assert explain(y, x, 1).gradient == 0.25


# Wrong use


def test_wrong_use_is_refused():
    x, c = leaf(1.0, 2.0), Tensor([1.0, 2.0])
    y = x * c
    for arguments, options, error, message in (
        ((y, np.ones(2), 0), {"at": 0}, DTypeError, "wrt is array"),
        ((3.0, x, 0), {}, DTypeError, "output is 3.0"),
        ((y, c, 0), {"at": 0}, GradientError, "does not require a gradient"),
        ((y, x, 0), {}, ShapeError, r"output has shape \(2,\); choose one element, such as at="),
        ((y, x), {"at": 0}, ShapeError, r"wrt has shape \(2,\)"),
        ((y, x, 2), {"at": 0}, IndexingError, "out of bounds"),
        ((y, x, slice(2)), {"at": 0}, ShapeError, "several elements"),
    ):
        with pytest.raises(error, match=message):
            explain(*arguments, **options)
