"""The errors this library raises, each also a kind of the built-in it refines.

    AutogradError
    ├── ShapeError      (ValueError)    arrays whose shapes do not fit together
    ├── DTypeError      (TypeError)     data that cannot carry a gradient, or be a number at all
    ├── IndexingError   (IndexError)    an index outside a tensor
    ├── NoRuleError     (TypeError)     a NumPy function, or a use of one, without a derivative rule
    ├── GradientError   (RuntimeError)  a backward pass that cannot be what was meant
    ├── DrawError       (ValueError)    a picture that cannot be written
    ├── DerivationError (ValueError)    a derivation that cannot be checked as it was asked for
    └── CheckError      (AssertionError) a gradient that did not pass its check

And two warnings, for what is often meant and sometimes not:

    HistoryWarning      (UserWarning)   a number taken from a tensor, through which no gradient flows
    NonFiniteWarning    (RuntimeWarning) a NaN or an infinity that an operation made of finite numbers

Every message names the culprit, the shapes or dtypes at fault, and what to do instead.
Whatever raises leaves tensors, their gradients and the grad mode as they were.
"""


class AutogradError(Exception):
    """Everything that this library raises on purpose."""


class ShapeError(AutogradError, ValueError):
    """Arrays whose shapes do not fit together."""


class DTypeError(AutogradError, TypeError):
    """Data whose dtype cannot do what was asked of it."""


class IndexingError(AutogradError, IndexError):
    """An index outside the tensor it was used on."""


class NoRuleError(AutogradError, TypeError):
    """A function, or an option of one, that has no derivative rule."""


class GradientError(AutogradError, RuntimeError):
    """A backward pass that cannot be what was meant."""


class DrawError(AutogradError, ValueError):
    """A picture that cannot be written."""


class DerivationError(AutogradError, ValueError):
    """A derivation that cannot be checked as it was asked for."""


class CheckError(AutogradError, AssertionError):
    """A gradient that did not pass its check: raised by `assert_ok`, with the whole report."""


class HistoryWarning(UserWarning):
    """A number taken from a tensor, through which no gradient flows, or a gradient that is not kept."""


class NonFiniteWarning(RuntimeWarning):
    """A NaN or an infinity that an operation made of finite numbers; found in `debug()`."""
