"""Functions made from functions: they agree with closed forms and with numbers, and they nest."""

import gc
import math
import runpy
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest

from autograd import Tensor, no_grad, op, softmax
from autograd.engine import LEAF
from autograd.errors import DTypeError, GradientError, IndexingError, ShapeError
from autograd.mode import GRADIENTS, NOTHING, Block, recording
from autograd.transforms import (
    checkpoint,
    elementwise_grad,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    value_and_grad,
    vjp,
)
from tests.oracles import cauchy, complex_step, gradient, hessian_product, jacobian_product

rng = np.random.default_rng(0)
X, V, A = rng.normal(size=5), rng.normal(size=5), rng.normal(size=(5, 5))
M, N = rng.normal(size=(2, 3)), rng.normal(size=(2, 3))


def close(found, expected, rtol=1e-12):
    """Equal up to a relative error; arrays and numbers only, no Tensors."""
    assert isinstance(found, np.ndarray | np.generic)
    assert found.shape == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol)


# Scalar functions with their derivatives, of order 0 to 3.

CLOSED = {
    "power": (lambda x: x**4, [lambda x: x**4, lambda x: 4 * x**3, lambda x: 12 * x**2, lambda x: 24 * x]),
    "exp": (lambda x: np.exp(2 * x), [lambda x, k=k: 2**k * math.exp(2 * x) for k in range(4)]),
    "sin": (np.sin, [math.sin, math.cos, lambda x: -math.sin(x), lambda x: -math.cos(x)]),
    "reciprocal": (lambda x: 1 / x, [lambda x, k=k: (-1) ** k * math.factorial(k) / x ** (k + 1)
                                     for k in range(4)]),
    "constant": (lambda x: 3.0, [lambda x: 3.0] + [lambda x: 0.0] * 3),
    "linear": (lambda x: 3 * x, [lambda x: 3 * x, lambda x: 3.0, lambda x: 0.0, lambda x: 0.0]),
}  # fmt: skip


@pytest.mark.parametrize(("f", "closed"), list(CLOSED.values()), ids=list(CLOSED))
@pytest.mark.parametrize("x", [0.7, np.float64(1.3), np.array(-0.4)], ids=repr)
@pytest.mark.parametrize("derive", [grad, elementwise_grad, jacobian], ids=lambda d: d.__name__)
def test_derivatives_to_third_order(f, closed, x, derive):
    for order in range(1, 4):
        f = derive(f)
        close(f(x), closed[order](float(x)))


def test_orders_to_sixth_agree_with_cauchy():
    f = ours = lambda x: np.exp(np.sin(x)) / (x * x + 2)
    for order in range(1, 7):
        ours = grad(ours)
        expected, error = cauchy(lambda t: f(0.3 + t), order)
        assert abs(ours(0.3) - expected) < error + 1e-12 * abs(expected), order


# Functions of arrays, compared with numerical derivatives.

SCALAR = {
    "quadratic": lambda x: x @ A @ x,
    "rosenbrock": lambda x: np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2),
    "logsumexp": lambda x: np.log(np.sum(np.exp(x))),
    "shared": lambda x: np.prod(np.cos(x)) * np.sum(x[::2]),
}
ARRAY = {
    "matmul": lambda x: np.sin(A @ x),
    "shorter": lambda x: (x[:-1] * x[1:]).reshape(2, 2),
    "outer": lambda x: np.exp(x)[:, None] * x,
    "scalar": lambda x: np.sum(x**3),
    "empty": lambda x: x[:0],
}
scalar = pytest.mark.parametrize("f", list(SCALAR.values()), ids=list(SCALAR))
array = pytest.mark.parametrize("f", list(ARRAY.values()), ids=list(ARRAY))


def within(found, estimate):
    expected, error = estimate
    assert found.shape == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=error + 1e-11)


@scalar
def test_grad_agrees_with_numbers(f):
    value, g = value_and_grad(f)(X)
    close(value, f(X))
    within(g, gradient(complex_step, f, [X], 1.0, 0))
    close(grad(f)(X), g)


@scalar
def test_hvp_and_hessian_agree_with_numbers(f):
    H = hessian(f)(X)
    close(H, H.T, 1e-10)
    close(hvp(f, X, V), H @ V, 1e-10)
    within(hvp(f, X, V), hessian_product(complex_step, f, [X], [V], 1.0, 0))


@array
def test_jacobian_agrees_with_vjp_jvp_and_numbers(f):
    J = jacobian(f)(X)
    assert J.shape == f(X).shape + X.shape
    value, tangent = jvp(f, (X,), (V,))
    close(value, f(X))
    close(tangent, J @ V)
    within(tangent, jacobian_product(complex_step, f, [X], [V]))
    value, pullback = vjp(f, X)
    g = rng.normal(size=value.shape)
    for _ in range(2):  # it can be called repeatedly
        close(pullback(g)[0], np.tensordot(g, J, g.ndim))


@array
def test_jacobian_of_jvp_and_jvp_of_jacobian_agree(f):
    one = jacobian(lambda x: jvp(f, (x,), (V,))[1])(X)
    other = jvp(jacobian(f), (X,), (V,))[1]
    close(one, other)
    close(one, np.moveaxis(jacobian(jacobian(f))(X), -1, -2) @ V)


def test_functions_with_several_outputs():
    def f(x):
        w, v = np.linalg.eigh(x @ x.T)
        return w[0] * v[:, 0] ** 2

    J = jacobian(f)(A)
    close(jvp(f, (A,), (A.T,))[1], np.tensordot(J, A.T, 2))
    close(hvp(lambda x: f(x)[1], A, A.T), jvp(jacobian(lambda x: f(x)[1]), (A,), (A.T,))[1], 1e-9)
    close(jacobian(checkpoint(f))(A), J)


def test_jvp_moves_all_arguments_together():
    def f(a, b):
        return np.tanh(a) * b + a / (b * b + 1)

    _, tangent = jvp(f, (M, N), (N, M))
    within(tangent, jacobian_product(complex_step, f, [M, N], [N, M]))
    _, by_tangent = vjp(lambda v: jvp(f, (M, N), (v, M))[1], N)  # linear in v: its Jacobian is diagonal
    close(by_tangent(np.ones_like(N))[0], elementwise_grad(f)(M, N))


# Nesting: an inner derivative may depend on outer variables in any way.

NESTED = {
    "of the inner variable": (lambda x: grad(lambda y: x * y * y)(x), lambda x: 4 * x),
    "of the outer variable only": (lambda x: grad(lambda y: x * y * y)(2.0), lambda x: 4.0),
    "perturbation confusion": (lambda x: x * grad(lambda y: x + y)(1.0), lambda x: 1.0),
    "through jvp": (lambda x: x * jvp(lambda y: x * y, (x,), (1.0,))[1], lambda x: 2 * x),
    "tangent from outside": (lambda x: jvp(lambda y: y**3, (2.0,), (x * x,))[1], lambda x: 24 * x),
    "cotangent from outside": (lambda x: vjp(lambda y: y**3, 2.0)[1](x * x)[0], lambda x: 24 * x),
    "value": (lambda x: value_and_grad(lambda y: x * y * y)(x)[0], lambda x: 3 * x**2),
    "aux": (lambda x: grad(lambda y: (y * y, x * y), has_aux=True)(x)[1], lambda x: 2 * x),
    "three deep": (lambda x: grad(lambda y: grad(lambda z: x * y * y * z**3)(x))(x), lambda x: 24 * x**3),
    "hessian": (lambda x: hessian(lambda y: x * y**3)(x), lambda x: 12 * x),
    "hvp": (lambda x: hvp(lambda y: x * y**3, x, x), lambda x: 18 * x**2),
    "checkpoint": (lambda x: grad(checkpoint(lambda y: x * y**3))(x), lambda x: 9 * x**2),
    "detached": (lambda x: grad(lambda y: x.detach() * y * y)(x), lambda x: 2 * x),
    "as numbers": (lambda x: x * grad(lambda y: y * y)(x.item()), lambda x: 2 * x),
    "without recording": (lambda x: x * no_grad()(grad(lambda y: x * y * y))(x), lambda x: 2 * x**2),
}


@pytest.mark.parametrize(("f", "derivative"), list(NESTED.values()), ids=list(NESTED))
@pytest.mark.parametrize("derive", [grad, jacobian, lambda f: lambda x: jvp(f, (x,), (1.0,))[1]])
def test_nested(f, derivative, derive):
    close(derive(f)(1.5), derivative(1.5))


@pytest.mark.parametrize("name", ["three deep", "hessian", "hvp", "checkpoint", "through jvp"])
def test_nested_to_third_order(name):
    f, derivative = NESTED[name]
    second, error = cauchy(lambda t: derivative(1.5 + t), 2)
    assert abs(grad(grad(grad(f)))(1.5) - second) < error + 1e-9


@pytest.mark.parametrize("transform", [grad, hessian, jacobian, elementwise_grad])
def test_backward_reaches_what_a_call_depends_on(transform):
    w, x = Tensor(3.0, requires_grad=True), Tensor(2.0, requires_grad=True)
    result = transform(lambda y: w * w * y**4)(x)
    assert w.grad is x.grad is None
    result.backward()
    k = 2 if transform is hessian else 1
    c = 12 if k == 2 else 4
    close(w.grad, 2 * 3.0 * c * 2.0 ** (4 - k))
    close(x.grad, 9.0 * c * (4 - k) * 2.0 ** (3 - k))


def test_a_hook_on_a_result_is_not_on_our_way_back():
    x = Tensor(2.0, requires_grad=True)
    value, pullback = vjp(lambda x: x**3, x)
    value.register_hook(lambda g: 0 * g)
    (g,) = pullback(1.0)
    close(g.data, 12.0)
    (value + g).backward()
    close(x.grad, 12.0)


def test_a_leaked_tensor_corrupts_nothing():
    leaked = []

    def inner(y):
        leaked.append(y)
        return y * y

    def outer(x):
        g = grad(inner)(x)
        return g * x + 0.0 * leaked[-1]

    close(grad(outer)(3.0), 12.0)
    close(grad(lambda x: x * leaked[0])(3.0).detach().data, leaked[0].data)  # a constant like any other
    assert all(t.node.op is not LEAF or t.grad is None for t in leaked)


def test_no_gradient_of_the_users_is_written():
    w = Tensor(X, requires_grad=True)
    w.grad = V
    for call in (lambda: grad(SCALAR["quadratic"])(w), lambda: hessian(lambda y: np.sum(w * y**3))(w)):
        assert isinstance(call(), Tensor)
        close(w.grad, V)


# Structures.

Point = namedtuple("Point", "x y")


def mlp(p, x):
    for W, b in p["hidden"]:
        x = np.tanh(x @ W + b)
    return softmax(x @ p["out"]["W"] + p["out"]["b"], axis=1)


def loss(p, x, t):
    return -np.mean(np.sum(t * np.log(mlp(p, x)), axis=1))


def parameters():
    r = np.random.default_rng(1)
    hidden = [(r.normal(size=(4, 3)), r.normal(size=3)), (r.normal(size=(3, 3)), np.zeros(3))]
    return {
        "hidden": hidden,
        "out": {"W": r.normal(size=(3, 2)), "b": np.zeros((1, 2))},
        "none": {},
        "no": [],
    }


IN, OUT = rng.normal(size=(6, 4)), np.eye(2)[[0, 1, 1, 0, 1, 0]]


def test_gradient_of_a_parameters_dict():
    p = parameters()
    g = grad(loss)(p, IN, OUT)
    assert g.keys() == p.keys()
    assert g["none"] == {}
    assert g["no"] == []
    assert isinstance(g["hidden"][0], tuple)
    for tree, place in [(p["hidden"][0], 0), (p["hidden"][1], 1), (p["out"], "W"), (p["out"], "b")]:
        found = g["out"][place] if tree is p["out"] else g["hidden"][tree is p["hidden"][1]][place]
        before = tree[place].copy()

        def f(value, tree=tree, place=place):
            rows = [(value, row[1]) if row is tree and place == 0 else (row[0], value) if row is tree else row
                    for row in p["hidden"]]  # fmt: skip
            out = {**p["out"], place: value} if tree is p["out"] else p["out"]
            q = {"hidden": rows, "out": out}
            x = IN
            for W, b in q["hidden"]:
                x = np.tanh(x @ W + b)
            e = np.exp(x @ q["out"]["W"] + q["out"]["b"])
            return -np.mean(np.sum(OUT * np.log(e / e.sum(axis=1, keepdims=True)), axis=1))

        within(found, gradient(complex_step, f, [before], 1.0, 0))


def test_a_parameters_dict_learns():
    p = parameters()
    first = loss(p, IN, OUT)
    for _ in range(200):
        value, g = value_and_grad(loss)(p, IN, OUT)
        p["hidden"] = [(W - gW, b - gb) for (W, b), (gW, gb) in zip(p["hidden"], g["hidden"], strict=True)]
        p["out"] = {k: p["out"][k] - g["out"][k] for k in p["out"]}
    assert value < 0.1 < first


def test_hessian_and_hvp_of_a_dict():
    def f(p):
        return np.sum(p["w"] ** 2 * p["b"]) + p["b"] ** 3

    p, v = {"w": X, "b": 2.0}, {"b": 0.5, "w": V}  # the order of keys does not matter
    H = hessian(f)(p)
    close(H["w"]["w"], np.diag(np.full(5, 4.0)))
    close(H["w"]["b"], 2 * X)
    close(H["b"]["w"], 2 * X)
    close(H["b"]["b"], 12.0)
    Hv = hvp(f, p, v)
    close(Hv["w"], 4 * V + X)
    close(Hv["b"], 2 * X @ V + 6)


def test_structures_in_and_out():
    def f(p):
        return {"sum": p.x + p.y, "all": [p.x * p.y, p.y]}

    p = Point(2.0, np.array([3.0, 4.0]))
    value, pullback = vjp(f, p)
    close(value["all"][0], [6.0, 8.0])
    (g,) = pullback({"all": [np.array([1.0, 0.0]), np.zeros(2)], "sum": np.array([0.0, 1.0])})
    assert type(g) is Point
    close(g.x, 4.0)
    close(g.y, [2.0, 1.0])
    _, tangent = jvp(f, [p], [Point(1, np.zeros(2, int))])  # integers are allowed as tangents
    close(tangent["all"][0], p.y)
    J = jacobian(f)(p)
    close(J["all"][0].x, p.y)
    close(J["sum"].y, np.eye(2))


def test_argnums():
    def f(a, b, c=2.0):
        return np.sum(a * a * b * c)

    args = (M, N)
    by_b, by_a = grad(f, argnums=(-1, 0))(*args, c=3.0)
    close(by_a, 6 * M * N)
    close(by_b, 3 * M * M)
    close(grad(f, 1)(*args), 2 * M * M)
    assert grad(f, ())(*args) == ()
    H = hessian(f, (0, 1))(M[0], N[0])
    close(H[0][1], np.diag(4 * M[0]))
    close(H[1][1], np.zeros((3, 3)))
    close(hvp(f, *args, N, argnums=1), np.zeros((2, 3)))
    first, second = hvp(f, *args, (N, N), argnums=(0, 1))
    close(first, 4 * N * N + 4 * M * N)
    close(second, 4 * M * N)


def test_aux():
    def f(x):
        return np.sum(x * x), {"half": x / 2, "name": "f", "shape": x.shape}

    (value, aux), g = value_and_grad(f, has_aux=True)(X)
    close(value, X @ X)
    close(g, 2 * X)
    close(aux["half"], X / 2)
    assert aux["name"] == "f"
    assert aux["shape"] == (5,)
    g, aux = grad(f, has_aux=True)(X)
    close(aux["half"], X / 2)


# Shapes, dtypes, ownership.


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
@pytest.mark.parametrize("shape", [(), (3,), (2, 0), (1, 1)])
def test_dtypes_and_shapes_stay(dtype, shape):
    x, wide = np.ones(shape, dtype), np.ones(shape)
    found = [
        grad(lambda x: np.sum(x * wide))(x),
        value_and_grad(lambda x: np.sum(x * x))(x)[1],
        elementwise_grad(np.exp)(x),
        vjp(np.sin, x)[1](wide)[0],
        jvp(np.sin, (x,), (wide,))[1],
        hvp(lambda x: np.sum(x**3), x, wide),
        grad(lambda x: 1.0)(x),
        grad(lambda x: np.sum(checkpoint(np.sin)(x)))(x),
    ]
    assert [(g.dtype, g.shape) for g in found] == [(dtype, shape)] * len(found)
    J = jacobian(np.sin)(x)
    assert (J.dtype, J.shape) == (dtype, shape + shape)


def test_results_share_no_memory():
    x, g = X.copy(), V.copy()
    _, pullback = vjp(lambda a, b: a + b, x, x)
    one, other = pullback(g)
    one[...], x[...] = 7, 8
    close(other, V)
    close(g, V)
    identity, pullback = vjp(lambda a: a, x)
    identity[...] = 9
    close(x, np.full(5, 8.0))
    one, other = grad(lambda a, b: np.sum(a + b), (0, 1))(X, X)
    one += 1  # writable, and only this one
    close(other, np.ones(5))


def test_constant_tensors_give_arrays():
    close(grad(lambda x: np.sum(x * x))(Tensor(X)), 2 * X)


def test_one_element_is_a_scalar():
    close(grad(lambda x: x * x)(np.array([[3.0]])), [[6.0]])


def test_only_what_depends_on_the_argument_is_gone_through():
    fails = op(lambda x: x * 1, lambda g, y, x: 1 / 0)
    w = Tensor(2.0, requires_grad=True)
    close(grad(lambda x: no_grad()(lambda: fails(w))() * x)(3.0), 2.0)
    result = grad(lambda x: fails(w * w).sum() * x)(3.0)
    assert result.item() == 4.0  # connected to w, but its rule has not run
    with pytest.raises(ZeroDivisionError):
        result.backward()


# Errors name the culprit and the remedy.


def second(x, n):
    return x * n


fails_backward = op(lambda x: x * 1, lambda g, y, x: 1 / 0)
ERRORS = [
    (lambda: grad(np.sin)(X), GradientError, r"sin returned an array of shape \(5,\): use jacobian"),
    (lambda: grad(lambda x: (x, x))(1.0), TypeError, "one array, not a tuple.*has_aux"),
    (lambda: grad(lambda x: None)(1.0), DTypeError, "what <lambda> returned is a NoneType"),
    (lambda: vjp(lambda x: {"a": None}, 1.0), DTypeError, r"returned\['a'\] is a NoneType"),
    (lambda: grad(lambda x: x * 1j)(1.0), DTypeError, "dtype complex128.*return np.real"),
    (lambda: grad(np.sin, has_aux=True)(1.0), TypeError, "sin must return two things"),
    (lambda: grad(second, 1)(1.0, 3), DTypeError, "argument 1 of second is a int .* 3: pass floats"),
    (lambda: grad(second)(np.arange(3), 3), DTypeError, "argument 0 of second is a ndarray of dtype int"),
    (lambda: jacobian(second)(True, 3), DTypeError, "argument 0 of second is a bool"),
    (lambda: hessian(second)(1j, 3), DTypeError, "what .* returned .* dtype complex128.*return np.real"),
    (lambda: vjp(second, Tensor([1]), 2.0), DTypeError, "argument 0 of second is a Tensor of dtype int"),
    (lambda: grad(loss)({"a": [1.0, np.arange(2)]}), DTypeError, r"argument 0\['a'\]\[1\] of loss is a"),
    (lambda: grad(loss)({"a": ({"b": "tanh"},)}), DTypeError, r"argument 0\['a'\]\[0\]\['b'\] of loss is"),
    (lambda: grad(np.sin, 1)(1.0), IndexingError, "sin was called with 1 positional arg.*, and has no 1"),
    (lambda: grad(np.sin, (0, -2))(1.0), IndexingError, "has no -2"),
    (lambda: jvp(np.sin, (X,), (V[1:],)), ShapeError, r"tangent\[0\] has shape \(4,\).*\(5,\)"),
    (lambda: jvp(second, (X, 1.0), (V,)), ShapeError, r"tangent\[1\] is missing"),
    (lambda: jvp(np.sin, (X,), (V, V)), ShapeError, r"tangent\[1\] has no counterpart"),
    (lambda: jvp(dict.copy, ({"a": X},), ({"b": X},)), ShapeError, r"tangent\[0\]\['a'\] is missing"),
    (lambda: jvp(np.sin, (1.0,), ("a",)), DTypeError, r"tangent\[0\] is a str"),
    (lambda: jvp(np.sin, X, V), TypeError, r"jvp\(f, \(x,\), \(v,\)\)"),
    (lambda: vjp(np.sin, X)[1](1.0), ShapeError, r"the cotangent of sin has shape \(\)"),
    (lambda: hvp(np.sum, X, V[1:]), ShapeError, r"v, the last argument of hvp, has shape \(4,\)"),
    (lambda: hvp(np.sum, X), TypeError, r"hvp\(f, x, v\)"),
    (lambda: grad(lambda x: x.__setitem__(0, 1.0))(X), GradientError, "changed in place"),
    (lambda: grad(lambda x: 1 / 0)(X), ZeroDivisionError, "division"),
    (lambda: grad(lambda x: grad(lambda y: 1 / 0)(x))(X), ZeroDivisionError, "division"),
    (lambda: grad(fails_backward)(1.0), ZeroDivisionError, "division"),
    (lambda: hessian(fails_backward)(1.0), ZeroDivisionError, "division"),
    (lambda: grad(checkpoint(lambda x: (x, x)))(1.0), TypeError, "checkpoint: <lambda> returned a tuple"),
    (lambda: grad(checkpoint(lambda x: x * rng.normal()))(1.0), GradientError, "computed again.*random"),
]


@pytest.mark.parametrize(
    ("call", "error", "message"), ERRORS, ids=lambda part: part if type(part) is str else ""
)
@pytest.mark.parametrize("mode", [GRADIENTS, NOTHING])
def test_errors_name_the_culprit_and_leave_the_mode(call, error, message, mode):
    with Block(mode):
        with pytest.raises(error, match=message):
            call()
        assert recording.get().level == mode


def test_under_no_grad_derivatives_are_derived_and_not_recorded():
    w = Tensor(3.0, requires_grad=True)
    with no_grad():
        close(grad(lambda x: w * x * x)(w), 18.0)
        close(hessian(lambda x: w * x * x)(2.0), 6.0)
        assert recording.get().level == NOTHING


def test_a_leaf_changed_since_is_not_gone_back_through():
    w = Tensor(3.0, requires_grad=True)
    _, pullback = vjp(lambda x: w * x, 2.0)
    with no_grad():
        w -= 1.0
        with pytest.raises(GradientError, match="changed in place since"):
            pullback(1.0)


def test_no_cycles_are_left():
    def calls():
        hvp(SCALAR["rosenbrock"], X, V)
        jvp(ARRAY["matmul"], (X,), (V,))
        grad(checkpoint(SCALAR["shared"]))(X)

    calls()
    gc.collect()
    gc.disable()
    try:
        for _ in range(10):
            calls()
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_a_long_chain_is_no_recursion():
    def f(x):
        for _ in range(5_000):
            x = x + 1e-5 * x
        return x

    close(grad(f)(1.0), (1 + 1e-5) ** 5_000, 1e-9)
    close(grad(grad(f))(1.0), 0.0)


def test_the_example_minimizes(capsys):
    path = Path(__file__).parents[1] / "examples" / "12_minimize.py"
    runpy.run_path(str(path))["main"]((3,))
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[3:6]]
    assert all(float(row[-3]) < 1e-2 for row in rows)  # the largest |x - 1|
    assert float(rows[0][-3]) < 1e-5
