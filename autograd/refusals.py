"""The error messages about functions and arguments: each names the culprit and the remedy."""

from __future__ import annotations

import operator
import warnings
from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from .errors import AutogradError, DTypeError, HistoryWarning, IndexingError, NoRuleError, ShapeError
from .ops import Function, Op, options


def full_name(function: Function) -> str:
    """The name of a function as users write it: `np.exp`, `nn.functional.linear`; `erf` for SciPy's ufunc."""
    if isinstance(function, np.ufunc):
        return ("np." if getattr(np, function.__name__, None) is function else "") + function.__name__
    if getattr(np.emath, function.__name__, None) is function:  # before NumPy 2.3, __module__ is private
        return f"np.emath.{function.__name__}"
    return f"{function.__module__}.{function.__name__}".replace("numpy.", "np.", 1)


def shapes(args: Sequence[Any]) -> str:
    """The shapes of arguments, for a message: `(4, 2) and (3,)`."""
    return " and ".join(str(np.shape(a)) for a in args if a is not None)


def raise_misfit(op: Op, args: Sequence[Any], error: Exception) -> NoReturn:
    """Raise the error that a function raised, with shapes and a remedy added if it is about shapes.

    Errors about other things, such as a singular matrix, and errors of a user's own function are raised
    unchanged.
    """
    numpys = full_name(op.function).startswith(("np.", "autograd.", "_operator."))
    if not numpys or isinstance(error, AutogradError | np.linalg.LinAlgError):
        raise error
    if isinstance(error, IndexError) and not isinstance(error, ValueError):
        raise IndexingError(f"{op.name} of a tensor of shape {shapes(args[:1])}: {error}") from error
    if not any(word in str(error) for word in ABOUT_SHAPES):
        raise error
    remedy = REMEDIES.get(op.name, "reshape or transpose one of them, or check the axis given")
    raise ShapeError(f"{op.name} of shapes {shapes(args)}: {error}; {remedy}") from error


ABOUT_SHAPES = ("shape", "size", "dimension", "axis", "axes", "aligned", "broadcast", "mismatch")
REMEDIES = (
    {
        "matmul": "the last axis of the first must be as long as the second to last of the second "
        "(transpose one of them with .T or .mT?)",
        "dot": "the last axis of the first must be as long as the second to last of the second "
        "(transpose one of them with .T?)",
        "reshape": "the new shape must have as many elements as the old (one axis may be -1)",
        "concatenate": "all axes but the joined one must be equally long",
        "stack": "all tensors must have one shape",
    }
    | dict.fromkeys(
        ("max", "min", "amax", "amin", "argmax", "argmin"),
        "an empty tensor has no largest or smallest element: look at its size first",
    )
    | dict.fromkeys(
        ("add", "subtract", "multiply", "divide", "power", "maximum", "minimum", "where"),
        "two axes fit if they are equally long or one of them is 1, counted from the last "
        "(add an axis with t[:, None], or reshape?)",
    )
)


def no_rule(function: Function, what: str) -> AutogradError:
    """The error for a function that cannot be differentiated with respect to `what`."""
    name = full_name(function)
    if function in (operator.getitem, operator.setitem):
        return IndexingError(
            f"{what}, which requires a gradient, can't be an index: that takes whole numbers or booleans, "
            "such as y.astype(int)"
        )
    return NoRuleError(
        f"{name} has no derivative rule for {what}, which requires a gradient: give it one with "
        f"autograd.rule({name}, ...), or pass .detach() or .data of it to treat it as a constant"
    )


def refuse_complex(function: Function, a: Any) -> None:
    """Raise NoRuleError if `a` is complex: NumPy defines `function` for real numbers only."""
    if np.iscomplexobj(getattr(a, "data", a)):
        raise NoRuleError(
            f"{full_name(function)} takes no complex numbers: give it np.real(z) and np.imag(z), "
            "each of which is real"
        )


def refuse_options(op: Op, given: dict[str, Any]) -> None:
    """Raise NoRuleError for an option that the rules would silently ignore."""
    known = options(op)
    for name in given:
        if known is not None and name not in known:
            if (ours := OPTION_OF_PYTORCH.get(name)) in known:
                raise NoRuleError(
                    f"{full_name(op.function)} takes {ours}= for PyTorch's {name}=, as NumPy does"
                )
            raise NoRuleError(
                f"{full_name(op.function)} has no derivative rule for the option {name}=; "
                f"it has one for {', '.join(sorted(known)) or 'no option'}: "
                "leave it out, or write the same with other functions"
            )


OPTION_OF_PYTORCH = {"dim": "axis", "dims": "axis", "keepdim": "keepdims"}


class Missing:
    """An attribute that PyTorch's tensors have and ours lack: it is not there, and the error says what is.

    A `__getattr__` of the Tensor would say the same of any name, but it slows down all other attributes.
    """

    def __init__(self, name: str, advice: str) -> None:
        self.name, self.advice = name, advice

    def __get__(self, tensor: Any, owner: type) -> NoReturn:
        raise AttributeError(f"a Tensor has no attribute {self.name!r}: {self.advice}", name=self.name)


NO_DEVICES = "there are no devices, so leave it out"
IN_PLACE = "write to it with t[...] = values or t *= 2, a leaf in `with no_grad():`"
FUNCTIONS = (
    "abs",
    "square",
    "sign",
    "floor",
    "ceil",
    "log1p",
    "expm1",
    "maximum",
    "minimum",
    "where",
    "split",
)
OF_PYTORCH = {
    **{name: f"use np.{name}(t)" for name in FUNCTIONS},
    **dict.fromkeys(("add_", "sub_", "mul_", "div_", "zero_", "fill_", "copy_", "clamp_"), IN_PLACE),
    **dict.fromkeys(("cpu", "cuda", "contiguous", "pin_memory", "device", "is_cuda"), NO_DEVICES),
    **dict.fromkeys(("float", "double", "half", "long", "int", "bool", "to", "type"), "use t.astype(dtype)"),
    "view": "use t.reshape(shape)",
    "permute": "use np.transpose(t, axes)",
    "unsqueeze": "use t[:, None], or np.expand_dims(t, axis)",
    "expand": "use np.broadcast_to(t, shape)",
    "numpy": "use t.data",
    "clone": "use t.copy()",
    "numel": "use t.size",
    "dim": "use t.ndim",
    "t": "use t.T",
    "grad_fn": "use t.node, whose op has a name",
    "requires_grad_": "write Tensor(array, requires_grad=True)",
    "clamp": "use np.clip(t, low, high)",
    "norm": "use np.linalg.norm(t)",
    "pow": "use t ** 2",
    "mm": "use a @ b",
    "bmm": "use a @ b",
    "chunk": "use np.array_split(t, n)",
    "topk": "use np.sort(t)[..., -k:]",
    "gather": "use np.take_along_axis(t, index, axis)",
    "index_select": "use np.take(t, index, axis)",
    "masked_fill": "use np.where(mask, value, t)",
    "scatter_": "use np.put_along_axis(t, index, values, axis)",
    "log_softmax": "use autograd.log_softmax(t)",
}


BACKWARD_OF_PYTORCH = {
    "retain_graph": "a graph lives as long as its output, and backward() can be called again: leave it out",
    "gradient": "pass it first, backward(g)",
    "grad_tensors": "pass it first, backward(g)",
    "inputs": "every leaf gets its gradient; pass t.detach() in the place of those that are to get none",
}


def refuse_ufunc_use(ufunc: np.ufunc, method: str, kwargs: dict[str, Any]) -> NoRuleError:
    """The error for options of a ufunc that cannot be recorded, and for its method `at`."""
    if method != "__call__":
        return NoRuleError(
            f"np.{ufunc.__name__}.{method} cannot be recorded on a Tensor, as it writes in place: "
            "use t[index] = ..., which records an assignment"
        )
    name = "out" if "out" in kwargs else next(iter(kwargs))
    remedy = (
        "write t = f(t): a recorded result is always new"
        if name == "out"
        else REMEDY_OF_OPTION.get(name, "leave it out")
    )
    return NoRuleError(f"np.{ufunc.__name__}(..., {name}=) cannot be recorded on a Tensor; {remedy}")


REMEDY_OF_OPTION = {
    "where": "choose with np.where(mask, f(x), other) instead",
    "dtype": "convert with t.astype(dtype) first",
}


def refuse_container(data: Any, what: str) -> None:
    """Raise DTypeError for an array with a meaning that a Tensor would lose: a mask, units, np.matrix."""
    if isinstance(data, np.ndarray) and type(data) not in (np.ndarray, np.memmap):
        remedies = [remedy for kind, remedy in REMEDY_OF_CONTAINER.items() if isinstance(data, kind)]
        raise DTypeError(
            f"{what} a {type(data).__name__}: its own arithmetic would be lost; "
            + (remedies or ["pass a plain array, np.asarray(...) of it"])[0]
        )


def refuse_foreign(value: Any) -> None:
    """Raise DTypeError for an object with arithmetic of its own, which a Tensor beside it would ignore."""
    refuse_container(value, "beside a Tensor,")
    if not isinstance(value, np.ndarray | np.generic) and hasattr(value, "__array_ufunc__"):
        raise DTypeError(
            f"beside a Tensor, an object of type {type(value).__name__}: its own arithmetic, its labels or "
            "units, would be lost; pass its values, np.asarray(...) of it"
        )


FIELDS = "pass each field by itself, a['name']"
REMEDY_OF_CONTAINER: dict[type, str] = {
    np.ma.MaskedArray: "fill it, a.filled(0), and multiply by ~a.mask where masked elements must not count",
    np.matrix: "pass a plain array, np.asarray(...) of it, for which `@` is the product of matrices",
    np.recarray: FIELDS,
}


def way_to_numbers(value: Any, otherwise: str = "convert it to floats, a.astype(float)") -> str:
    """The remedy for a value that is not an array of numbers."""
    if hasattr(value, "toarray"):  # sparse
        return "pass a.toarray()"
    dtype = value.dtype if hasattr(value, "dtype") else np.asarray(value).dtype
    return REMEDY_OF_KIND.get(dtype.kind, otherwise)


REMEDY_OF_KIND = {
    "V": FIELDS,
    "M": "count from a date, (a - date) / np.timedelta64(1, 's')",
    "m": "divide it by a unit, a / np.timedelta64(1, 's')",
}


def warn_not_kept(op: Op) -> None:
    """Warn that `grad` was read on a tensor that does not keep it."""
    warnings.warn(
        f"grad of a tensor that is not a leaf ({op.name} made it) is not kept: call t.retain_grad() on it "
        "before backward()",
        HistoryWarning,
        stacklevel=3,
    )
