"""Modules that hold modules: in sequence, in a list, or by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from autograd import own_recording

from ..module import Module

__all__ = ["ModuleDict", "ModuleList", "Sequential"]


class Sequential(Module):
    """f_n(... f_2(f_1(x))): each module gets the output of the one before.

    The modules are named by their position, "0", "1" and so on.  `model[i]` is the i-th module, and
    `model[i:j]` is a Sequential of the same modules.

    Raises TypeError for an argument that is not a module.

    >>> import numpy as np
    >>> from nn import Linear, ReLU
    >>> model = Sequential(Linear(2, 4), ReLU(), Linear(4, 1))
    >>> model
    Sequential(
      (0): Linear(in_features=2, out_features=4, bias=True)
      (1): ReLU()
      (2): Linear(in_features=4, out_features=1, bias=True)
    )
    >>> model(np.zeros((5, 2))).shape
    (5, 1)
    >>> [name for name, _ in model.named_parameters()]
    ['0.weight', '0.bias', '2.weight', '2.bias']
    """

    def __init__(self, *modules: Module) -> None:
        for i, module in enumerate(modules):
            if not isinstance(module, Module):
                raise TypeError(
                    f"argument {i} of Sequential is {module!r:.60}, not a module: pass instances one by one, "
                    "Sequential(Linear(2, 4), Sigmoid()); unpack a list of them, Sequential(*modules)"
                )
        self.items = modules

    def forward(self, x: Any) -> Any:
        """The output of the last module, where each gets the output of the one before."""
        here = own_recording()
        outer = here.notes
        try:
            for i, module in enumerate(self.items):  # like module(x), in a third of the time
                here.notes = "part", i, outer
                x = module.forward(x)
        finally:
            here.notes = outer
        return x

    def _members(self) -> Iterable[tuple[Any, Any]]:
        return enumerate(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Module]:
        return iter(self.items)

    def __getitem__(self, index: int | slice) -> Module:
        return Sequential(*self.items[index]) if isinstance(index, slice) else self.items[index]


class ModuleList(Module):
    """A list of modules, named by their position; the module that holds the list decides how to call them.

    Raises TypeError for an item that is not a module.

    >>> from nn import Linear
    >>> layers = ModuleList([Linear(2, 4)])
    >>> layers.append(Linear(4, 1))
    >>> [name for name, _ in layers.named_parameters()]
    ['0.weight', '0.bias', '1.weight', '1.bias']
    >>> layers[-1]
    Linear(in_features=4, out_features=1, bias=True)
    """

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        self.items: list[Module] = []
        self.extend(modules)

    def append(self, module: Module) -> None:
        """Add a module at the end."""
        self.items.append(checked("ModuleList", module))

    def extend(self, modules: Iterable[Module]) -> None:
        """Add modules at the end."""
        self.items += [checked("ModuleList", module) for module in modules]

    def _members(self) -> Iterable[tuple[Any, Any]]:
        return enumerate(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Module]:
        return iter(self.items)

    def __getitem__(self, index: int | slice) -> Module:
        return ModuleList(self.items[index]) if isinstance(index, slice) else self.items[index]

    def __setitem__(self, index: int, module: Module) -> None:
        self.items[index] = checked("ModuleList", module)


class ModuleDict(Module):
    """Modules by name; the module that holds them decides how to call them.

    Raises TypeError for a value that is not a module.

    >>> from nn import Linear
    >>> heads = ModuleDict({"left": Linear(2, 1)})
    >>> heads["right"] = Linear(2, 3, bias=False)
    >>> [name for name, _ in heads.named_parameters()]
    ['left.weight', 'left.bias', 'right.weight']
    """

    def __init__(self, modules: Mapping[str, Module] | None = None) -> None:
        self.items_by_name: dict[str, Module] = {}
        for name, module in (modules or {}).items():
            self[name] = module

    def keys(self) -> Iterable[str]:
        """The names."""
        return self.items_by_name.keys()

    def values(self) -> Iterable[Module]:
        """The modules."""
        return self.items_by_name.values()

    def items(self) -> Iterable[tuple[str, Module]]:
        """The pairs of name and module."""
        return self.items_by_name.items()

    def _members(self) -> Iterable[tuple[Any, Any]]:
        return self.items_by_name.items()

    def __len__(self) -> int:
        return len(self.items_by_name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.items_by_name)

    def __contains__(self, name: object) -> bool:
        return name in self.items_by_name

    def __getitem__(self, name: str) -> Module:
        return self.items_by_name[name]

    def __setitem__(self, name: str, module: Module) -> None:
        self.items_by_name[name] = checked("ModuleDict", module)


def checked(holder: str, module: Any) -> Module:
    """The module itself.  Raises TypeError for anything else, such as a class that was not called."""
    if not isinstance(module, Module):
        raise TypeError(f"a {holder} holds modules, not {module!r:.60}: pass an instance, Linear(2, 4)")
    return module
