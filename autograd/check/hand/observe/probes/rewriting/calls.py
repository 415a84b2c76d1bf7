"""What kind of function a call in the user's source calls, and what the call may change."""

from __future__ import annotations

import ast
import builtins

import numpy as np

from ..sites import is_plain, loaded, root_of

NUMPY = ("np", "numpy")

# A call of these stays as it is: they look at the frame or at the class that they are called in
UNPROBED = frozenset({"super", "locals", "globals", "vars", "dir", "eval", "exec"})

# Python's own functions take no gradients, but `dict` does: dict(dW=..., db=...) names them
BUILTINS = frozenset(dir(builtins)) - {"dict"}

# What these methods are given becomes an element of a list
KEEPING = ("append", "appendleft", "insert", "extend")

# The probes that stand for Python's functions, by name and number of arguments: `float` would end the history
# of a Tensor, and `isinstance` would find a Tensor where the user's code expects an array
PROBES = {("float", 1): "as_float", ("isinstance", 2): "is_instance"}

# These make an array, of a list that may hold Tensors, too: NumPy would make an array of objects of it
MAKING = ("array", "asarray", "float64", "float32", "ascontiguousarray", "asanyarray")

# The functions of NumPy that take a list for an array: of a list that holds Tensors one is made before
OF_ONE_ARRAY = frozenset(name for name, value in vars(np).items() if isinstance(value, np.ufunc)) | {
    "sum", "mean", "prod", "max", "min", "amax", "amin", "std", "var", "dot", "outer", "cumsum",
    "where", "clip", "average", "median", "transpose", "reshape", "ravel", "diff", "unique",
    "full", "full_like", "fromiter", "apply_along_axis", "ndenumerate",
}  # fmt: skip


# The functions that take several arrays in a list, each of which may be a list
JOINING = frozenset({"concatenate", "append", "stack", "hstack", "vstack", "dstack", "column_stack"})

# The methods of NumPy's ufuncs that take a list for an array: `np.maximum.reduce([a, b])`
OF_UFUNCS = ("reduce", "accumulate", "outer")

# The methods of an array that take others: NumPy's own take no Tensors
OF_ARRAYS = ("dot", "clip")


def is_users(function: ast.expr) -> bool:
    """Whether a function may be the user's: it is none of Python's own, of NumPy, `math` or SciPy."""
    name = root_of(function)
    is_own = isinstance(function, ast.Name) and name in BUILTINS
    return not is_own and name not in (*NUMPY, "math", "scipy")


def is_plain_function(function: ast.expr) -> bool:
    """Whether a function is called by its own name or in its module, and is not NumPy's or Python's own.

    So is what another call returns: `np.vectorize(math.lgamma)(x)`.
    """
    name = root_of(function)
    if isinstance(function, ast.Call):
        return True
    if isinstance(function, ast.Name):
        return name not in BUILTINS or name == "pow"  # `math` has one, too
    is_members = isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name)
    return is_members and name not in (*NUMPY, "scipy", "self")


def probe_for(call: ast.Call) -> str | None:
    """The probe that stands for one of Python's functions; None if the call calls none of them."""
    return PROBES.get((call.func.id, len(call.args))) if isinstance(call.func, ast.Name) else None


def attribute_of(function: ast.expr) -> str:
    """The last name of a function such as `np.add.at`; "" if it is called by one name."""
    return function.attr if isinstance(function, ast.Attribute) else ""


def is_at(call: ast.Call) -> bool:
    """Whether a call adds to an array in place: `np.add.at(array, index, values)`."""
    return attribute_of(call.func) == "at" and len(call.args) > 2


def out_of(call: ast.Call) -> ast.expr | None:
    """The array that a call is to write its result to: `x`, of `np.exp(x, out=x)`; None if there is none."""
    is_plain_call = not any(isinstance(a, ast.Starred) for a in call.args) and all(
        w.arg for w in call.keywords
    )
    found = next((w.value for w in call.keywords if w.arg == "out"), None)
    is_once = found is not None and (is_plain(found) or isinstance(found, ast.Call))
    return found if is_plain_call and is_once else None


def changed_by(call: ast.Call) -> list[ast.expr]:
    """The first two of the arrays that a call may change: its `out`, its first argument, and its object."""
    written = [k.value for k in call.keywords if k.arg == "out"] + call.args[:1]
    if isinstance(call.func, ast.Attribute) and root_of(call.func) not in NUMPY:
        written.append(call.func.value)
    return [loaded(w) for w in written if is_plain(w) and not isinstance(w, ast.Constant)][:2]
