"""One module after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from autograd import own_recording

from ..module import Module

__all__ = ["Sequential"]


class Sequential(Module):
    """f_n(... f_2(f_1(x))): each module is given the output of the one before.

    Its modules are named by their position, "0", "1" and so on; `model[i]` is the i-th, a slice of
    them is a Sequential of the same modules.

    Raises TypeError for what is not a module.

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
        self.modules = modules

    def forward(self, x: Any) -> Any:
        here = own_recording()
        outer = here.notes
        try:
            for i, module in enumerate(self.modules):  # as module(x), in a third of the time
                here.notes = "part", i, outer
                x = module.forward(x)
        finally:
            here.notes = outer
        return x

    def _members(self) -> Iterable[tuple[Any, Any]]:
        return enumerate(self.modules)

    def __len__(self) -> int:
        return len(self.modules)

    def __iter__(self) -> Iterator[Module]:
        return iter(self.modules)

    def __getitem__(self, index: int | slice) -> Module:
        return Sequential(*self.modules[index]) if isinstance(index, slice) else self.modules[index]
