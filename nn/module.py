"""What networks are made of: parameters, and modules that hold them.

A `Module` is any object with a `forward` and attributes.  Nothing is registered: its parameters and
submodules are found by looking at its attributes, in the order in which they were assigned, and
into the lists, tuples and dicts among them.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from reprlib import recursive_repr
from typing import Any
from weakref import ref

from autograd import Tensor, own_recording
from autograd.errors import DTypeError

__all__ = ["Module", "Parameter"]


def Parameter(data: Any) -> Tensor:  # noqa: N802  (it is used as a class would be; Tensor is final)
    """A leaf tensor to be trained, with a copy of `data` in its dtype.

    Raises autograd.errors.DTypeError if the data are not real floats.

    >>> Parameter([0.5, -0.5])
    Tensor([ 0.5, -0.5], dtype=float64, requires_grad=True)
    """
    parameter = Tensor(data, requires_grad=True)
    if parameter.dtype.kind == "c":
        raise DTypeError(
            f"a Parameter is real, and this one is {parameter.dtype}: its gradient is no direction to go: "
            "its conjugate is; make it two, and compute x + 1j * y"
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

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        here = own_recording()
        outer = here.notes
        here.notes = "scope", (type(self), ref(self)), outer
        try:
            return self.forward(*args, **kwargs)
        finally:
            here.notes = outer

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The module's output for its inputs: what `module(x)` returns."""
        name = type(self).__name__
        raise TypeError(f"{name} has no forward: define `def forward(self, x): ...` in class {name}")

    def parameters(self) -> Iterator[Tensor]:
        """The leaf tensors that require a gradient, here and in submodules, each one once."""
        return (tensor for _, tensor in self.named_parameters())

    def named_parameters(self) -> Iterator[tuple[str, Tensor]]:
        """The same with their names, the path of attributes to them: "encoder.0.weight".

        They come in the order of assignment; a shared parameter has the first of its names.
        """
        return ((name, part) for name, part in walk(self) if isinstance(part, Tensor) and part.is_leaf)

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """This module, named "", and all modules in it with their paths, each one once."""
        yield "", self
        yield from ((name, part) for name, part in walk(self) if isinstance(part, Module))

    def zero_grad(self) -> None:
        """Forget the gradient of every parameter."""
        for parameter in self.parameters():
            parameter.grad = None

    def _members(self) -> Iterable[tuple[Any, Any]]:
        """The names and values to look for parameters and submodules in: the attributes."""
        return vars(self).items()

    def extra_repr(self) -> str:
        """What stands in the brackets of the repr: a layer's options."""
        return ""

    @recursive_repr("...")
    def __repr__(self) -> str:
        lines = [f"({name}): {part!r}" for name, part in walk(self, deep=False) if isinstance(part, Module)]
        inside = "\n" + textwrap.indent("\n".join(lines), "  ") + "\n" if lines else ""
        return f"{type(self).__name__}({self.extra_repr()}{inside})"


def walk(root: Module, deep: bool = True) -> Iterator[tuple[str, Any]]:
    """The modules, tensors and containers in `root` with their paths, each one once.

    A part comes before its own parts, and those before the next attribute.  Unless `deep`, modules
    are not entered, and come as often as they are found.
    """
    seen = {id(root)}
    stack = parts("", root)
    while stack:
        name, value = stack.pop()
        if isinstance(value, Module) and not deep:
            yield name, value
        elif id(value) not in seen:
            seen.add(id(value))
            yield name, value
            stack += parts(name, value)


def parts(path: str, value: Any) -> list[tuple[str, Any]]:
    """The modules, tensors and containers directly in `value` with their paths, last one first."""
    prefix = path + "." if path else ""
    found = [(f"{prefix}{key}", part) for key, part in members(value) if isinstance(part, PARTS)]
    return found[::-1]


def members(value: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(value, Module):
        return value._members()
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list | tuple) else ()


PARTS = (Module, Tensor, list, tuple, dict)
