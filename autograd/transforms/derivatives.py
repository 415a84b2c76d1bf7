"""Gradients, Jacobians and Hessians of functions, and products with them.

Arguments may be arrays, numbers or Tensors, or dicts, lists and tuples that contain them, nested to any
depth: a gradient has the structure of its argument.  Each call evaluates the function at new Tensors,
and writes to no `grad`.  A call returns arrays.  It returns Tensors instead if gradients are being
recorded and the result depends on a Tensor that requires one, through an argument or a closure; this
is what lets the calls nest.

Complex arguments have complex gradients, dL/dx - i dL/dy, as `autograd/rules/parts.py` explains.
`grad` and `jacobian` differentiate real functions only; `vjp` and `jvp` also take complex ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import GradientError
from ..ops import Function
from .run import Run
from .structure import Path, flat, matched, name_of, rebuilt, zeros_for


def grad(f: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Function:
    """The gradient of a scalar function: (∇f)(x)[k] = ∂f/∂x[k], in the structure of the argument.

    argnums: the argument to differentiate by; several of them give a tuple of gradients.  With
    `has_aux`, `f` returns (value, anything), and the result is (gradient, anything).

    Raises GradientError if `f` does not return a scalar, DTypeError for an argument whose dtype is not
    floating, IndexingError for an argument that does not exist.

    Source: Griewank and Walther, Evaluating Derivatives (2008), chapter 3.

    >>> grad(np.sin)(0.0)
    np.float64(1.0)
    >>> grad(grad(lambda x: x**3))(2.0)
    np.float64(12.0)
    >>> grad(lambda p: np.sum(p["w"] ** 2) * p["b"])({"w": np.array([1.0, 2.0]), "b": 3.0})
    {'w': array([ 6., 12.]), 'b': np.float64(5.0)}
    """
    both = value_and_grad(f, argnums, has_aux)

    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, g = both(*args, **kwargs)
        return (g, value[1]) if has_aux else g

    return gradient


def value_and_grad(f: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Function:
    """The function that returns (f(x), ∇f(x)), for the price of one forward and one backward pass.

    It takes the arguments of `grad` and raises the same errors.  With `has_aux` it returns
    ((value, anything), gradient).

    Source: the cheap gradient principle, Griewank and Walther (2008), chapter 3.

    >>> value_and_grad(lambda x: np.sum(x**2))(np.array([1.0, 2.0]))
    (np.float64(5.0), array([2., 4.]))
    """

    def value_and_gradient(*args: Any, **kwargs: Any) -> Any:
        run = Run(f, args, kwargs, argnums, has_aux)
        y = run.one_array()
        if y.size != 1:
            raise GradientError(
                f"grad needs a scalar, and {run.name} returned an array of shape {y.shape}: "
                "use jacobian, or reduce it to a scalar with np.sum or np.mean"
            )
        g = run.pull({(): np.ones(y.shape, y.dtype)})
        return ((run.seen(run.output), run.seen(run.aux)) if has_aux else run.seen(run.output)), g

    return value_and_gradient


def elementwise_grad(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """The derivative of an elementwise function at each element: f'(x), with the shape of x.

    For a function that is not elementwise, the result is the sum of the rows of the Jacobian, Σᵢ ∂fᵢ/∂x.
    Arguments and errors are the same as for `grad`, but `f` may return an array of any shape.

    Source: the function of this name in HIPS/autograd.

    >>> elementwise_grad(np.square)(np.array([1.0, 2.0, 3.0]))
    array([2., 4., 6.])
    """

    def derivative(*args: Any, **kwargs: Any) -> Any:
        run = Run(f, args, kwargs, argnums)
        y = run.one_array()
        return run.pull({(): np.ones(y.shape, y.dtype)})

    return derivative


def vjp(f: Function, *args: Any) -> tuple[Any, Function]:
    """f(*args), and its pullback: the function from a cotangent g of the result to the arguments' cotangents.

    pullback(g) is the tuple of all gᵀJᵢ, where Jᵢ = ∂f/∂args[i].  Each has the structure of its argument,
    and g has the structure of the result.  The pullback can be called any number of times.

    Raises DTypeError for arguments whose dtype is not floating: close over them, `lambda x: f(x, n)`.
    The pullback raises ShapeError if the cotangent differs from the result in structure or shape.

    Source: Griewank and Walther (2008), chapter 3.

    >>> y, pullback = vjp(lambda a, b: a * b, np.array([1.0, 2.0]), 3.0)
    >>> y, pullback(np.array([1.0, 10.0]))
    (array([3., 6.]), (array([ 3., 30.]), np.float64(21.0)))
    """
    run = Run(f, args, {}, range(len(args)))
    return run.seen(run.output), lambda g: run.pull(matched(g, run.output, f"the cotangent of {name_of(f)}"))


def jvp(f: Function, args: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """f(*args), and its rate of change as the arguments move along the tangents: Σᵢ Jᵢ vᵢ.

    The pullback g ↦ gᵀJ is linear in g, so its own pullback, taken anywhere, is v ↦ Jv.

    Raises ShapeError if the tangents differ from the arguments in structure or shape, DTypeError for
    arguments whose dtype is not floating.

    Source: Townsend, A new trick for calculating Jacobian vector products (2017).

    >>> jvp(lambda x: x**2, (np.array([1.0, 2.0]),), (np.array([1.0, 10.0]),))
    (array([1., 4.]), array([ 2., 40.]))
    """
    if not isinstance(args, tuple | list) or not isinstance(tangents, tuple | list):
        raise TypeError("jvp takes a tuple of arguments and one of tangents: jvp(f, (x,), (v,))")
    value, pullback = vjp(f, *args)
    along = matched(tuple(tangents), tuple(args), "the tangent")
    _, push = vjp(pullback, rebuilt(value, {path: zeros_for(y) for path, y in flat(value).items()}))
    return value, push(rebuilt(tuple(args), along))[0]


def jacobian(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """The Jacobian of an array function: J[i, k] = ∂f[i]/∂x[k], of shape f(x).shape + x.shape.

    It is computed row by row, with one pullback each.  If `f` returns a structure, the result is the same
    structure with a Jacobian at each leaf, and each Jacobian has the structure of the argument.
    Arguments and errors are the same as for `grad`, but `f` may return anything made of arrays.

    Source: Griewank and Walther (2008), chapter 3: rows are pullbacks of unit vectors.

    >>> jacobian(lambda x: x[:2] * x[2])(np.array([1.0, 2.0, 3.0]))
    array([[3., 0., 1.],
           [0., 3., 2.]])
    """

    def matrix(*args: Any, **kwargs: Any) -> Any:
        run = Run(f, args, kwargs, argnums)
        run.refuse_complex_output()
        return rebuilt(run.output, {path: rows_of(run, path, y) for path, y in flat(run.output).items()})

    return matrix


def rows_of(run: Run, path: Path, y: Any) -> Any:
    """The Jacobian of one array in the output: one pullback for each element, stacked."""
    shape, rows = np.shape(y), []
    for k in range(np.size(y)):
        unit = zeros_for(y)
        unit.flat[k] = 1
        rows.append(flat(run.pull({path: unit})))
    empty = run.arranged({p: np.zeros(shape + t.data.shape, t.data.dtype) for p, t in run.targets.items()})
    full = {p: np.stack([r[p] for r in rows]).reshape(z.shape) if rows else z for p, z in flat(empty).items()}
    return rebuilt(empty, full)


def hessian(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """The Hessian of a scalar function: H[i, k] = ∂²f/∂x[i]∂x[k], of shape x.shape + x.shape.

    It is the Jacobian of the gradient.  For a dict of parameters it is a dict of dicts: H["w"]["b"] has
    shape w.shape + b.shape.  Arguments and errors are the same as for `grad`.

    Source: Griewank and Walther (2008), chapter 5.

    >>> hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 2.0]))
    array([[4., 2.],
           [2., 0.]])
    """
    return jacobian(grad(f, argnums), argnums)


def hvp(f: Function, *args_and_v: Any, argnums: int | Sequence[int] = 0) -> Any:
    """The Hessian of a scalar function times v: hvp(f, *args, v) = ∇⟨∇f, v⟩, in the structure of v.

    The Hessian itself is never made: the product takes a few times as long as the gradient, whatever the
    size of x.  `v` has the structure and shapes of the argument (for several argnums, a tuple of them).

    Raises ShapeError if v has another structure or shape, and the errors of `grad`.

    Source: Pearlmutter, Fast exact multiplication by the Hessian, Neural Computation 6 (1994), as
    reverse over reverse: Christianson, Automatic Hessians by reverse accumulation (1992).

    >>> hvp(lambda x: x[0] ** 2 * x[1], np.array([1.0, 2.0]), np.array([1.0, 10.0]))
    array([24.,  2.])
    """
    if len(args_and_v) < 2:
        raise TypeError("hvp takes the arguments of f, then v: hvp(f, x, v)")
    *args, v = args_and_v
    run = Run(grad(f, argnums), args, {}, argnums)
    return run.pull(matched(v, run.output, "v, the last argument of hvp,"))
