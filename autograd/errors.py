"""The errors that this library raises.  Each is also a kind of the built-in error in brackets.

    AutogradError
    ├── ShapeError      (ValueError)    arrays whose shapes do not fit together
    ├── DTypeError      (TypeError)     data that cannot have a gradient, or are not numbers
    ├── IndexingError   (IndexError)    an index outside a tensor
    ├── NoRuleError     (TypeError)     a NumPy function, or an option of one, without a derivative rule
    ├── GradientError   (RuntimeError)  a backward pass that is impossible, or would be wrong
    ├── DrawError       (ValueError)    a picture that cannot be written
    ├── DerivationError (ValueError)    a hand derivation that cannot be checked as requested
    └── CheckError      (AssertionError) a gradient that did not pass its check

There are two warnings, for code that may be right but often is not:

    HistoryWarning      (UserWarning)   a number taken from a tensor, through which no gradient flows
    NonFiniteWarning    (RuntimeWarning) a NaN or an infinity that an operation made from finite numbers

Every message names the culprit, the shapes or dtypes at fault, and what to do instead.  After an error,
tensors, their gradients and the recording mode are as they were.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping


class AutogradError(Exception):
    """The base class of all errors that this library raises on purpose."""


class ShapeError(AutogradError, ValueError):
    """Arrays whose shapes do not fit together."""


class DTypeError(AutogradError, TypeError):
    """Data of a dtype that the operation does not allow."""


class IndexingError(AutogradError, IndexError):
    """An index outside a tensor, or an array that is no index."""


class NoRuleError(AutogradError, TypeError):
    """A function, or an option of one, that has no derivative rule."""


class GradientError(AutogradError, RuntimeError):
    """A backward pass that is impossible, or whose gradients would be wrong."""


class DrawError(AutogradError, ValueError):
    """A picture that cannot be written."""


class DerivationError(AutogradError, ValueError):
    """A hand derivation that cannot be checked as requested; `missing` are parameters without a value."""

    missing: tuple[str, ...] = ()


class CheckError(AutogradError, AssertionError):
    """A gradient that did not pass its check: `assert_ok` raises it, with the whole report."""


class CompileWarning(UserWarning):
    """A step that is not compiled, and runs as it is, with the reason."""


class HistoryWarning(UserWarning):
    """A number taken from a tensor, through which no gradient flows, or a gradient that is not kept."""


class NonFiniteWarning(RuntimeWarning):
    """A NaN or an infinity that an operation made from finite numbers; given in `debug()`."""


def unexpected(function: str, given: Iterable[str], advice: Mapping[str, str]) -> TypeError:
    """The error for arguments that a function does not take, with what is written here instead of PyTorch's.

    >>> unexpected("backward", ["retain_graph"], {"retain_graph": "leave it out"})
    TypeError('backward() takes no retain_graph=: leave it out')
    """
    name = next(iter(given))
    if name in advice:
        return TypeError(f"{function}() takes no {name}=: {advice[name]}")
    return TypeError(f"{function}() got an unexpected keyword argument {name!r}")
