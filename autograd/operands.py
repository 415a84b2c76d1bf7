"""What may stand beside a Tensor, and what is said of that which may not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from .errors import AutogradError, DTypeError, IndexingError, NoRuleError, ShapeError
from .ops import Function, Op, options

NUMBERS = frozenset({float, int, bool, np.float64, np.float32})


FLOAT64 = np.dtype(np.float64)


def constant(value: Any, beside: Any = None) -> Any:
    """`value` as an array, or Python number, that rules can use.

    Integers beside float64 become float64 here, once: NumPy would cast them in the forward pass and
    again in every rule.  Raises DTypeError for what is not numbers.
    """
    if type(value) is not np.ndarray:
        if type(value) in NUMBERS:
            return value
        if isinstance(value, np.ndarray):
            raise DTypeError(
                f"a {type(value).__name__} beside a Tensor: its own arithmetic would be lost; "
                "pass a plain array, np.asarray(...) of it"
            )
        if type(value) is complex:  # which times a np.float64 would be a Python number again
            return value if beside is None else np.asarray(value, np.result_type(beside, value))
        value = np.asarray(value)
    dtype = value.dtype
    if dtype is FLOAT64:
        return value
    if dtype.kind not in "fbiuc":
        raise DTypeError(
            f"{value!r:.60} (dtype {value.dtype}) beside a Tensor is not a number or an array of numbers"
        )
    if beside is not None and beside.dtype is FLOAT64 and dtype.kind in "iub":
        return value.astype(FLOAT64)
    return value


def full_name(function: Function) -> str:
    """The name to call a function by: `np.exp`, `nn.functional.linear`; just `erf` of another ufunc."""
    if isinstance(function, np.ufunc):
        return ("np." if getattr(np, function.__name__, None) is function else "") + function.__name__
    return f"{function.__module__}.{function.__name__}".replace("numpy.", "np.", 1)


def shapes(args: Sequence[Any]) -> str:
    """The shapes of arguments, for a message: `(4, 2) and (3,)`."""
    return " and ".join(str(np.shape(a)) for a in args if a is not None)


def raise_misfit(op: Op, args: Sequence[Any], error: Exception) -> NoReturn:
    """Raise what a function raised; if NumPy and about shapes, with them and a remedy added.

    A singular matrix is no matter of shapes, and a user's own function has its own words.
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


def no_rule(function: Function, what: str) -> NoRuleError:
    """The error for a function that cannot be differentiated with respect to `what`."""
    name = full_name(function)
    return NoRuleError(
        f"{name} has no derivative rule for {what}, which requires a gradient: give it one with "
        f"autograd.rule({name}, ...), or pass .detach() or .data of it to treat it as a constant"
    )


def refuse_complex(function: Function, a: Any) -> None:
    """Raise NoRuleError for complex numbers in a function that NumPy has for real ones only."""
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
            raise NoRuleError(
                f"{full_name(op.function)} has no derivative rule for the option {name}=; "
                f"it has one for {', '.join(sorted(known)) or 'no option'}: "
                "leave it out, or write the same with other functions"
            )


def refuse_ufunc_use(ufunc: np.ufunc, method: str, kwargs: dict[str, Any]) -> NoRuleError:
    """The error for a ufunc's options on a Tensor, and for its method `at`."""
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
