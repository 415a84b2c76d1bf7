"""Every row of the table is held to the contract of a rule, by the cases in `cases.py`."""

import numpy as np
import pytest

from autograd import Tensor, engine, no_grad
from autograd.engine import LEAF, new_leaf
from autograd.errors import NoRuleError
from autograd.ops import table

from . import oracles
from .cases import CASES, FUNCTIONS
from .cases_boundary import BOUNDARIES, REFUSED_OPTIONS, SECOND, THIRD, WITHOUT_RULES
from .cases_common import KEEP_INTEGERS, is_floats, over

# How far a rule may be from the numerical derivative, relative to the largest element.  The complex
# step and the rule each round some dozens of times, to 2e-16.  Richardson's differences divide their
# rounding by steps down to 4e-3, and a second derivative is such a difference of derivatives.
# In single precision, everything is rounded to 1e-7.
FIRST = {oracles.complex_step: 1e-12, oracles.richardson: 1e-10}
SECOND_ORDER, SINGLE = 1e-9, 1e-4


def passes_nothing(op):
    """Whether all rules of a row are None."""
    return bool(op.rules) and not any(op.rules)


constant = [c for c in CASES if c.function in table and passes_nothing(table[c.function])]
differentiable = [c for c in CASES if c not in constant]
several = [c for c in CASES if len(c.arrays) > 1]


def labelled(rows):
    """One test for each row, named by its first entry."""
    return pytest.mark.parametrize("row", [row[1:] for row in rows], ids=[row[0] for row in rows])


def leaf(a):
    """A tensor that holds `a` itself, not a copy: read-only, and in any memory order."""
    x = Tensor(0.0)
    x.data, x.node = a, new_leaf(a)
    return x


def applied(case, arrays):
    """Leaves that hold the arrays of floats, and the result of the case for them."""
    leaves = [leaf(a) if is_floats(a) else a for a in arrays]
    return leaves, case(leaves)


def cotangent(y):
    """A read-only cotangent for y, the same for all y of one shape."""
    dtype = getattr(y, "dtype", np.dtype(float))
    g = np.asarray(
        np.random.default_rng(1684).normal(size=np.shape(y)), dtype if dtype.kind == "f" else float
    )
    g.setflags(write=False)
    return g


def directions(arrays):
    """For each array, a direction in which to move it."""
    rng = np.random.default_rng(1797)
    return [rng.uniform(-1, 1, a.shape) for a in arrays]


def gradients(leaves, y, g=None):
    """The gradient of each leaf; zeros if none has come back, which means the same."""
    if type(y) is Tensor and y.requires_grad:
        y.backward(cotangent(y) if g is None else g)
    return [np.zeros(x.shape, x.dtype) if getattr(x, "grad", None) is None else x.grad for x in leaves]


def assert_close(actual, estimate, tolerance, scale=0.0):
    """`actual` agrees with the estimate, relative to its largest element; the estimate is that good."""
    value, error = estimate
    scale = max(oracles.largest(value), scale) or 1
    assert np.shape(actual) == np.shape(value)
    assert error <= tolerance * scale
    assert oracles.largest(actual - value) <= tolerance * scale


def test_every_function_has_a_case():
    assert {case.function for case in CASES} == FUNCTIONS


@over([c for c in CASES if c.function is not np.empty_like])
def test_value(case):
    y = applied(case, case.arrays)[1]
    y = y.data if type(y) is Tensor else y
    single = np.asarray(y).dtype == np.float32
    np.testing.assert_allclose(case.twin(*case.arrays), y, rtol=1e-6 if single else 1e-14, atol=1e-15)


# 1. A rule agrees with a numerical derivative, at first order and at second.


@over(CASES)
def test_first_order(case):
    """In double precision, which is then also the gradient's."""
    leaves, y = applied(case, case.arrays)
    g = cotangent(y)
    tolerance = FIRST[case.derivative] if g.dtype == float else SINGLE
    for i, actual in enumerate(gradients(leaves, y, g)):
        assert (type(actual), actual.dtype) == (np.ndarray, float)
        estimate = oracles.gradient(case.derivative, case.twin, case.arrays, g, i)
        scale = 0 if actual.any() else oracles.largest(g)  # what is left of a gradient of 0 is rounding
        assert_close(actual, estimate, tolerance, scale)


@over(differentiable)
def test_second_order(case):
    """The gradient along a direction, differentiated again: with respect to the arrays, and to g.

    The derivative by g is the change of y.  Its error is relative to 1, the size of what is drawn, or to
    itself if it is larger.  The error of the other is relative to the gradient that changes.
    """
    leaves, y = applied(case, case.arrays)
    g, along = leaf(cotangent(y)), directions(case.arrays)
    first, change = rate(leaves, y, along, g)
    *actual, actual_g = gradients([*leaves, g], change, 1)
    tolerance = SECOND_ORDER if g.dtype == float else SINGLE
    f, arrays = case.twin, case.arrays
    assert_close(actual_g, oracles.jacobian_product(case.derivative, f, arrays, along), tolerance, 1)
    every = max(map(oracles.largest, first))  # where no gradient comes back, differences of roundings do
    for i, d in enumerate(first):
        expected = oracles.hessian_product(case.derivative, f, arrays, along, g.data, i)
        assert_close(actual[i], expected, tolerance, oracles.largest(d) or every)


def rate(leaves, y, along, g=None):
    """The gradients of y, and the rate of change of y as the leaves move along directions, as a tensor."""
    y.backward(g, create_graph=True)
    found = [(x.grad, v) for x, v in zip(leaves, along, strict=True)]
    for x in leaves:
        x.grad = None
    first = [0 if d is None else d.data for d, v in found]
    return first, sum(np.sum(v * d) for d, v in found if d is not None)


@labelled(THIRD)
def test_third_order(row):
    f, arrays = row
    leaves, along, scale = [leaf(a) for a in arrays], directions(arrays), 0
    y = f(*leaves)
    for order in (1, 2, 3):
        y = rate(leaves, y, along)[1]
        expected = oracles.cauchy(lambda t: f(*oracles.moved(arrays, along, t)), order)
        scale = max(scale, abs(expected[0]))
        assert_close(y.data, expected, SECOND_ORDER, scale)


@over(constant)
def test_piecewise_constant_passes_nothing_back(case):
    y = applied(case, case.arrays)[1]
    assert type(y) is not Tensor or not y.requires_grad


# 2. A gradient has its argument's shape and dtype.


def assert_same_gradients(case, arrays):
    """The gradients at arrays of other dtypes: the same as at the case's own arrays, but in those dtypes."""
    found, expected = gradients(*applied(case, arrays)), gradients(*applied(case, case.arrays))
    for a, actual, value in zip(arrays, found, expected, strict=True):
        assert (type(actual), actual.shape, actual.dtype) == (np.ndarray, a.shape, a.dtype)
        assert_close(actual, (value, 0), SINGLE)


@over(CASES)
def test_single_precision(case):
    assert_same_gradients(case, [a.astype(np.float32) for a in case.arrays])


@over(several)
def test_mixed_precision(case):
    for i in range(len(case.arrays)):
        assert_same_gradients(
            case, [a.astype(np.float32) if j == i else a for j, a in enumerate(case.arrays)]
        )


@over([c for c in several if c.function not in KEEP_INTEGERS])
def test_beside_integers(case):
    """All arguments but one are integers, and give the same as floats of the same values."""
    whole = [np.ceil(np.abs(a)).astype(int) for a in case.arrays]
    for i, a in enumerate(case.arrays):
        beside = [a if j == i else w for j, w in enumerate(whole)]
        expected = gradients(*applied(case, [b.astype(float) for b in beside]))[i]
        for dtype in (np.float32, np.float64):
            beside[i] = a.astype(dtype)
            actual = gradients(*applied(case, beside))[i]
            assert (type(actual), actual.shape, actual.dtype) == (np.ndarray, a.shape, dtype)
            assert_close(actual, (expected, 0), SINGLE)


@over(differentiable)
def test_rule_computes_in_single_precision(case):
    """The engine would cast its result, but could not make up for the time that double precision takes."""
    node = applied(case, [a.astype(np.float32) for a in case.arrays])[1].node
    for result in results_of_rules(node, cotangent(node.data)):
        assert result.dtype in (np.float32, node.data.dtype)


def results_of_rules(node, g):
    """What the rules of a node return for its parents, before the engine changes it."""
    rules = [
        f
        for f, parent in zip(node.op.rules, node.parents, strict=False)
        if f and parent and parent.requires_grad
    ]
    return [f(g, node.data, *node.args, **node.kwargs) for f in rules]


# 3. A rule takes a read-only g, changes nothing, and returns no memory of its arguments or of y.


@over(differentiable)
def test_changes_nothing(case):
    node = applied(case, [a.copy() for a in case.arrays])[1].node  # the copies are writable
    g = cotangent(node.data)
    there = [g, *(np.asarray(a) for a in (node.data, *node.args) if a is not None)]
    before = [a.copy() for a in there]
    results = results_of_rules(node, g)
    engine.gradients(node, g)
    for a, b in zip(there, before, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not any(np.shares_memory(r, a) for r in results for a in there[1:])


# 4. Run on tensors, a rule leaves no array in the graph that was not computed in it.


@over([c for c in differentiable if not c.constants])
def test_backward_graph_is_computed(case):
    leaves, y = applied(case, case.arrays)
    g = leaf(cotangent(y))
    forward = [g.data, *(a for node in nodes(y.node) for a in (node.data, *node.args))]
    y.backward(g, create_graph=True)
    backward = [node for x in leaves if x.grad is not None for node in nodes(x.grad.node)]
    constants = [node.data for node in backward if node.op is LEAF]
    constants += [a for node in backward for a, p in zip(node.args, node.parents, strict=True) if p is None]
    constants += [value for node in backward for value in node.kwargs.values() if is_floats(value)]
    assert all(a is None or np.ndim(a) == 0 or any(a is b for b in forward) for a in constants)


def nodes(root):
    """The node and all nodes that it was computed from."""
    found, waiting = set(), [root]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in found:
            found.add(node)
            waiting.extend(node.parents)
    return found


# 5. At its boundary points, a derivative is the one in the conventions.


@labelled(BOUNDARIES)
def test_boundary(row):
    function, arguments, expected = row
    leaves = [leaf(np.asarray(a, float)) for a in arguments]
    with np.errstate(divide="ignore", invalid="ignore"):  # some are at poles
        y = function(*leaves)
        found = gradients(leaves, y, np.ones(y.shape))
    for actual, gradient in zip(found, expected, strict=True):
        np.testing.assert_allclose(actual, gradient, rtol=1e-13)  # which needs zeros to be exact


@labelled(SECOND)
def test_second_order_at_a_boundary(row):
    function, x, expected = row
    x = leaf(np.asarray(x, float))
    y = function(x)
    y.backward(np.ones(y.shape), create_graph=True)
    first, x.grad = x.grad, None
    np.testing.assert_array_equal(gradients([x], first, np.ones(x.shape))[0], expected)


# 6. A function without a rule raises when it is recorded, and names the culprit and the remedy.


@pytest.mark.parametrize(("function", "name"), WITHOUT_RULES)
def test_no_rule(function, name):
    x = leaf(np.eye(3))
    with pytest.raises(NoRuleError) as error:
        function(x)
    for words in (f"{name} has no", "shape (3, 3)", f"autograd.rule({name}, ...)", ".detach()"):
        assert words in str(error.value)


@pytest.mark.parametrize(("function", "name"), WITHOUT_RULES)
def test_no_rule_is_needed_where_nothing_is_recorded(function, name):
    x = leaf(np.eye(3))
    expected = function(x.data)
    np.testing.assert_array_equal(function(x.detach()).data, expected)
    with no_grad():
        np.testing.assert_array_equal(function(x).data, expected)


@labelled(REFUSED_OPTIONS)
def test_unknown_option(row):
    function, options = row
    with pytest.raises(NoRuleError, match=next(iter(options)) + "="):
        function(leaf(np.ones((2, 3))), **options)
