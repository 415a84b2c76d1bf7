"""The building blocks of networks: parameters, and modules that hold them.

A `Module` is any object with a `forward` and attributes.  Nothing is registered: parameters and
submodules are found among the module's attributes, in the order of assignment, and inside the lists,
tuples and dicts among them.

A tensor that requires a gradient is a parameter.  A tensor that does not, and has no history, is a
buffer: something that a module remembers but does not learn, such as the running mean of a
`BatchNorm1d`, or a frozen parameter.  Both belong to the module's state.
"""

from __future__ import annotations

import contextlib
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from reprlib import recursive_repr
from typing import Any, Never, Self
from weakref import ref

import numpy as np

from autograd import Tensor, no_grad, own_recording
from autograd.errors import DTypeError, unexpected

from .errors import ZERO_GRAD_OF_PYTORCH, StateError

__all__ = ["Module", "Parameter"]


def Parameter(data: Any) -> Tensor:  # noqa: N802  (called like a class; Tensor is final)
    """A leaf tensor to be trained, with a copy of `data` in its dtype.

    Raises autograd.errors.DTypeError if the data are not real floats.

    >>> Parameter([0.5, -0.5])
    Tensor([ 0.5, -0.5], dtype=float64, requires_grad=True)
    """
    parameter = Tensor(data, requires_grad=True)
    if parameter.dtype.kind == "c":
        raise DTypeError(
            f"a Parameter must be real, and this one is {parameter.dtype}: a step along its gradient would "
            "not descend; use two real parameters, and compute x + 1j * y"
        )
    return parameter


class Module:
    """A function with parameters.  Subclasses set attributes, and define `forward`.

    >>> class Scale(Module):
    ...     def __init__(self):
    ...         self.factor = Parameter(2.0)
    ...
    ...     def forward(self, x):
    ...         return self.factor * x
    >>> scale = Scale()
    >>> scale(3.0)
    Tensor(6., dtype=float64, requires_grad=True, made by multiply)
    >>> dict(scale.named_parameters())
    {'factor': Tensor(2., dtype=float64, requires_grad=True)}
    """

    training: bool = True  # on the class, so that a subclass's __init__ need not call Module.__init__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The output of `forward`; what it records is noted as made in this module."""
        here = own_recording()
        outer = here.notes
        here.notes = "scope", (type(self), ref(self)), outer
        try:
            return self.forward(*args, **kwargs)
        finally:
            here.notes = outer

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute.  Raises TypeError if that would replace a parameter by something that is none."""
        old = self.__dict__.get(name)
        is_lost = isinstance(old, Tensor) and old.requires_grad and not isinstance(value, Tensor)
        if is_lost and value is not None:
            raise TypeError(
                f"{name} of {type(self).__name__} is a parameter, and {type(value).__name__} is none: write "
                f"to it, `with no_grad(): module.{name}[...] = values`, or assign a Parameter"
            )
        object.__setattr__(self, name, value)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The output for these inputs; `module(x)` returns it too."""
        name = type(self).__name__
        raise TypeError(f"{name} has no forward: define `def forward(self, x): ...` in class {name}")

    def parameters(self) -> Iterator[Tensor]:
        """The leaf tensors that require a gradient, in this module and its submodules, each once."""
        return (tensor for _, tensor in self.named_parameters())

    def named_parameters(self) -> Iterator[tuple[str, Tensor]]:
        """The parameters with their names, the paths of attributes to them: "encoder.0.weight".

        They come in the order of assignment; a shared parameter has the first of its names.
        """
        return ((name, part) for name, part in walk(self) if isinstance(part, Tensor) and part.is_leaf)

    def buffers(self) -> Iterator[Tensor]:
        """The tensors without a gradient or a history, in this module and its submodules, each once."""
        return (tensor for _, tensor in self.named_buffers())

    def named_buffers(self) -> Iterator[tuple[str, Tensor]]:
        """The buffers with their names, the paths of attributes to them."""
        return (
            (name, part) for name, part in walk(self) if isinstance(part, Tensor) and not part.requires_grad
        )

    def modules(self) -> Iterator[Module]:
        """This module and all modules in it, each once."""
        return (module for _, module in self.named_modules())

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """This module, named "", and all modules in it with their paths, each once."""
        yield "", self
        yield from ((name, part) for name, part in walk(self) if isinstance(part, Module))

    def apply(self, function: Callable[[Module], object]) -> Self:
        """This module, after `function(module)` was called for each of `modules()`."""
        for module in [*self.modules()]:
            function(module)
        return self

    def train(self, mode: bool = True) -> Self:
        """This module, in training mode with all modules in it: `Dropout` drops, `BatchNorm1d` averages."""
        for module in self.modules():
            module.training = bool(mode)
        return self

    def eval(self) -> Self:
        """This module, in evaluation mode with all modules in it: the opposite of training."""
        return self.train(False)

    def state_dict(self) -> dict[str, Any]:
        """A copy of every parameter and buffer, as arrays by name.

        Further training does not change it.  A shared tensor is listed under each of its names.

        Raises StateError if two tensors have the same name, as with the keys 1 and "1" of a dict.

        >>> from nn import Linear
        >>> {name: array.shape for name, array in Linear(2, 3).state_dict().items()}
        {'weight': (3, 2), 'bias': (3,)}
        """
        return {name: tensor.data.copy() for name, tensor in named_state(self)}

    def load_state_dict(self, state: Mapping[str, Any], **others: Never) -> None:
        """Write the arrays of `state` into the parameters and buffers with their names, in their dtypes.

        state: arrays, or values that NumPy converts to arrays, such as PyTorch's tensors.  A shared tensor
        may have one of its names in it, or several with equal values.

        Raises StateError for a missing or unexpected name, another shape, a dtype that does not fit (such
        as floats for integers), or numbers too large for the dtype.  The message names all that is wrong,
        and nothing is written.
        """
        if others:
            raise unexpected("load_state_dict", others, LOADING_OF_PYTORCH)
        with no_grad():
            for tensor, array in checked(self, state):
                tensor[...] = array

    def zero_grad(self, **others: Never) -> None:
        """Reset the gradient of every parameter to None."""
        if others:
            raise unexpected("zero_grad", others, ZERO_GRAD_OF_PYTORCH)
        for parameter in self.parameters():
            parameter.grad = None

    def _members(self) -> Iterable[tuple[Any, Any]]:
        """The names and values among which parameters and submodules are looked for: the attributes."""
        return vars(self).items()

    def extra_repr(self) -> str:
        """The text in the parentheses of the repr: a layer's options."""
        return ""

    @recursive_repr("...")
    def __repr__(self) -> str:
        """The class with its options, and the modules in it on lines of their own."""
        lines = [f"({name}): {part!r}" for name, part in walk(self, deep=False) if isinstance(part, Module)]
        inside = "\n" + textwrap.indent("\n".join(lines), "  ") + "\n" if lines else ""
        return f"{type(self).__name__}({self.extra_repr()}{inside})"


LOADING_OF_PYTORCH = {
    "strict": "every name has to be there and to fit; to load those that there are, "
    "own = model.state_dict(); model.load_state_dict(own | {k: v for k, v in state.items() if k in own})",
    "assign": "arrays are written into the parameters that there are: leave it out",
}


@contextlib.contextmanager
def modes_kept(root: Module) -> Iterator[None]:
    """A block after which every module in `root` is in its former mode; they may differ."""
    before = [(module, module.training) for module in root.modules()]
    try:
        yield
    finally:
        for module, mode in before:
            module.training = mode


@contextlib.contextmanager
def evaluating(root: Module) -> Iterator[None]:
    """A block in which a module and all modules in it are in evaluation mode."""
    with modes_kept(root):
        root.eval()
        yield


def walk(root: Module, deep: bool = True, again: bool = False) -> Iterator[tuple[str, Any]]:
    """The modules, tensors and containers in `root` with their paths, each once.

    A part is followed by its own parts, and these by the next attribute.  Unless `deep`, modules are not
    entered, and are listed as often as they are found.  With `again`, everything is listed as often as it
    is found, but not inside itself.
    """
    seen = {id(root)}
    stack = parts("", root)
    while stack:
        name, value = stack.pop()
        if name is None:
            seen.discard(id(value))
        elif isinstance(value, Module) and not deep:
            yield name, value
        elif id(value) not in seen:
            seen.add(id(value))
            yield name, value
            if again:
                stack.append((None, value))  # popped after all parts of the value
            stack += parts(name, value)


def parts(path: str, value: Any) -> list[tuple[str | None, Any]]:
    """The modules, tensors and containers directly in `value` with their paths, the last one first."""
    prefix = path + "." if path else ""
    found: list[tuple[str | None, Any]] = [
        (f"{prefix}{key}", part) for key, part in members(value) if isinstance(part, PARTS)
    ]
    return found[::-1]


def members(value: Any) -> Iterable[tuple[Any, Any]]:
    """What is directly in a module or container, with its name, key or position; nothing for other values."""
    if isinstance(value, Module):
        return value._members()
    if isinstance(value, dict):
        return value.items()
    if isinstance(value, set | frozenset) and any(isinstance(part, PARTS) for part in value):
        raise StateError(f"a set has no order, so what is in it has no name: make a list of {value!r:.60}")
    return enumerate(value) if isinstance(value, list | tuple) else ()


PARTS = (Module, Tensor, list, tuple, dict, set, frozenset)


# The state: the parameters and buffers under all their names


def named_state(root: Module) -> Iterator[tuple[str, Tensor]]:
    """The parameters and buffers with their names; a shared one is listed under each of its names."""
    found: dict[str, Tensor] = {}
    for name, part in walk(root, again=True):
        if isinstance(part, Tensor) and (part.is_leaf or not part.requires_grad):
            if found.setdefault(name, part) is not part:
                raise StateError(f"two tensors of this {type(root).__name__} are named {name}: rename one")
            yield name, part


def checked(root: Module, state: Mapping[str, Any]) -> list[tuple[Tensor, Any]]:
    """The tensors of `root`, each with its array from `state`, cast to its dtype.

    Raises StateError, which lists everything that does not fit.
    """
    if not isinstance(state, Mapping):
        raise StateError(
            f"a state is a dict of arrays by name, such as nn.load(path), not a {type(state).__name__}"
        )
    names: dict[Tensor, list[str]] = {}
    for name, tensor in named_state(root):
        names.setdefault(tensor, []).append(name)
    known = {name for found in names.values() for name in found}
    faults = [f"unexpected {name}" for name in state if name not in known]
    pairs = []
    for tensor, found in names.items():
        arrays = {name: as_array(state[name]) for name in found if name in state}
        faults += misfits(tensor, arrays) if arrays else [f"missing {found[0]}"]
        pairs += [(tensor, array) for array in arrays.values()][:1]
    if faults:
        raise StateError(f"this state does not fit {type(root).__name__}: {'; '.join(faults)}")
    return [(tensor, cast(array, tensor.dtype)) for tensor, array in pairs]


def as_array(value: Any) -> Any:
    """A value of a state as an array; lists that make none become an array of objects, which fits nothing."""
    try:
        return np.asarray(value.data if isinstance(value, Tensor) else value)
    except ValueError:  # lists of unequal lengths
        return np.asarray(value, object)


def cast(array: Any, dtype: Any) -> Any:
    """The array in another dtype; numbers too large for it become infinite."""
    with np.errstate(over="ignore"):
        return array.astype(dtype, copy=False)


def misfits(tensor: Tensor, arrays: dict[str, Any]) -> Iterator[str]:
    """The faults of the arrays that a state has for a tensor, in words."""
    first, *_ = arrays
    for name, array in arrays.items():
        if array.shape != tensor.shape:
            yield f"{name} has shape {tensor.shape} here and {array.shape} there"
        elif array.dtype.kind not in "biuf" or not np.can_cast(array.dtype, tensor.dtype, "same_kind"):
            yield f"{name} is {tensor.dtype} here and {array.dtype} there"
        elif not same_size(array, cast(array, tensor.dtype)):
            yield f"{name} is {tensor.dtype} here, and has numbers too large for that there"
        elif name != first and not np.array_equal(array, arrays[first], equal_nan=True):
            yield f"{first} and {name} are one tensor here and differ there"


def same_size(array: Any, cast: Any) -> bool:
    """Whether numbers in another dtype are the same up to rounding."""
    if array.dtype == cast.dtype:
        return True
    return bool((np.isfinite(array) == np.isfinite(cast) if cast.dtype.kind == "f" else array == cast).all())
