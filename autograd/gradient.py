"""The part of a Tensor that has to do with its gradient: leaf or not, `grad`, `backward`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np

from .arraylike import ArrayLike
from .engine import LEAF, Node, hooks_of, new_leaf, new_pick, pullback, through
from .errors import DTypeError, GradientError, ShapeError
from .mode import EVERYTHING, NOTHING, Block, recording
from .operands import NUMBERS


class HasGradient(ArrayLike):
    """What `Tensor` is, but for the recording of what is done with it."""

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = False, dtype: Any = None) -> None:
        array = np.array(data.data if isinstance(data, ArrayLike) else data, dtype=dtype)
        if array.dtype.kind not in "biufc":
            raise DTypeError(f"a Tensor holds numbers, not {array.dtype}: {data!r:.60}")
        self.data = array
        self.node = None
        self.requires_grad = requires_grad

    @classmethod
    def of(cls, data: Any, node: Node | None) -> Self:
        """A tensor of an array and its node, neither of them copied.

        While everything is being recorded, an array without a node gets one that needs no gradient,
        so that what is computed from it is recorded too.
        """
        tensor = cls.__new__(cls)
        tensor.data = data
        tensor.node = new_leaf(data, False) if node is None and recording.get().level == EVERYTHING else node
        return tensor

    @property
    def requires_grad(self) -> bool:
        """Whether gradients flow to this tensor.  It can be set on a leaf or a constant."""
        return self.node is not None and self.node.requires_grad

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        if self.node is not None and self.node.op is not LEAF:
            raise GradientError(
                f"requires_grad follows from how a tensor was made, and {self.node.op.name} made this one: "
                "use t.detach() for a constant with its values"
            )
        if wanted and self.data.dtype.kind not in "fc":
            raise DTypeError(
                f"only floating-point tensors can require a gradient, and this one is {self.dtype}: "
                "convert it, Tensor(data, requires_grad=True, dtype=float)"
            )
        if wanted != self.requires_grad:
            name, self.node = self.name, new_leaf(self.data) if wanted else None
            if name:
                self.name = name

    @property
    def is_leaf(self) -> bool:
        """Whether this tensor requires a gradient and was not made from others: where `grad` is."""
        return self.node is not None and self.node.op is LEAF and self.node.requires_grad

    @property
    def grad(self) -> Any:
        """The gradients that have reached this leaf, summed: an ndarray of its shape and dtype.

        None if none has, or if this is not a leaf; a Tensor after `backward(create_graph=True)`.
        Set it to None to clear it.
        """
        node = self.node
        return node.grad if node is not None and node.op is LEAF else None

    @grad.setter
    def grad(self, value: Any) -> None:
        node = self.node
        if node is None or node.op is not LEAF:
            if value is not None:
                raise GradientError("grad can only be set on a leaf: a tensor made with requires_grad=True")
        elif value is None:
            node.grad = None
        else:
            checked = self._like(value, "a gradient")
            node.grad = value if isinstance(value, ArrayLike) else checked

    @property
    def name(self) -> str:
        """What this tensor is called in pictures and listings of a graph; empty until it is set.

        >>> from autograd import Graph, Tensor
        >>> x = Tensor(2.0, requires_grad=True)
        >>> x.name = "speed"
        >>> print(Graph.of(x**2).nodes[0].name)
        speed
        """
        notes = self.node.notes if self.node is not None else None
        return notes[1] if notes is not None and notes[0] == "name" else ""

    @name.setter
    def name(self, name: str) -> None:
        if not isinstance(name, str):
            raise TypeError(f"the name of a tensor is a string, and not {name!r:.60}")
        if self.node is None:  # a constant: it gets a node to remember the name
            self.node = new_leaf(self.data, False)
        self.node.notes = "name", name, self.node.notes

    def zero_grad(self) -> None:
        """Forget the gradient: `grad` is None again."""
        self.grad = None

    def detach(self) -> Self:
        """A constant with these values (the same array): no gradient flows through it."""
        return self.of(self.data, None)

    def backward(self, cotangent: Any = None, create_graph: bool = False) -> None:
        """Add to each leaf's `grad` the gradient of this tensor, times `cotangent`.

        cotangent: of this tensor's shape; 1 if this tensor has one element, a real one.  With `create_graph`
        the backward pass is itself recorded, and `grad` is a Tensor that can be differentiated.

        Raises GradientError if this tensor does not require a gradient, has several elements or a complex
        one and no cotangent, or was computed from a leaf that has been changed in place since; ShapeError for
        a cotangent of another shape.  Then no `grad` has changed.
        """
        node = self.node
        if node is None or not node.requires_grad:
            raise GradientError(
                f"this tensor of shape {self.shape} does not require a gradient: "
                "nothing it was computed from does, or it was computed under no_grad()"
            )
        g = self.seed(cotangent)
        if create_graph:
            with Block(EVERYTHING):
                g = cotangent if isinstance(cotangent, ArrayLike) else self.of(np.asarray(g), None)
                gradients = pullback(node, g, self.lift)
        else:
            gradients = pullback(node, g)
        for leaf, g in gradients.items():
            if leaf.kwargs:
                gradients[leaf] = g = through(leaf.kwargs["hooks"], g)
            if leaf.grad is not None:
                gradients[leaf] = leaf.grad + g
        for leaf, g in gradients.items():  # only now, when nothing can fail any more
            leaf.grad = np.asarray(g) if isinstance(g, np.generic) else g

    def seed(self, cotangent: Any = None) -> Any:
        """What a backward pass begins with: `cotangent`, checked; 1 for one element."""
        if cotangent is not None:
            return self._like(cotangent, "a cotangent")
        if self.data.dtype.kind == "c":
            raise GradientError(
                f"backward() from a complex number needs a cotangent: this tensor is {self.dtype}, and only "
                "a real number has a gradient; take np.real, np.imag or np.abs of it, or pass backward(g)"
            )
        if self.data.size != 1:
            raise GradientError(
                f"backward() needs a cotangent: this tensor has shape {self.shape}; pass backward(g) "
                "with g of that shape, or reduce it to a scalar first, with .sum() or .mean()"
            )
        return self.dtype.type(1) if self.data.ndim == 0 else np.ones(self.shape, self.dtype)

    @classmethod
    def lift(cls, data: Any, node: Node | None) -> Any:
        """A tensor of an argument of a node; None and constant numbers stay what they are.

        Several outputs, in a tuple, are as many tensors.
        """
        if isinstance(data, tuple) and node is not None:
            return tuple(cls.of(part, new_pick(node, i)) for i, part in enumerate(data))
        return data if data is None or (node is None and type(data) in NUMBERS) else cls.of(data, node)

    def register_hook(self, hook: Callable[[Any], Any]) -> Callable[[], None]:
        """Let `hook(g)` see the cotangent of this tensor in every backward pass from now on.

        What it returns takes the place of g, unless it is None.  The cotangent is complete: the sum
        of what all uses of this tensor contribute.  Returns a function that removes the hook.

        Raises GradientError if this tensor does not require a gradient; in the backward pass
        ShapeError if what takes the place of g has another shape or dtype.

        >>> from autograd import Tensor
        >>> x = Tensor([1.0, 2.0], requires_grad=True)
        >>> y = x * 3
        >>> remove = y.register_hook(lambda g: g.clip(-0.5, 0.5))
        >>> y.sum().backward()
        >>> x.grad
        array([1.5, 1.5])
        """
        if self.node is None or not self.node.requires_grad:
            raise GradientError("a hook sees a cotangent, and this tensor does not require a gradient")
        hooks = hooks_of(self.node)
        hooks.append(hook)
        return lambda: hooks.remove(hook)

    def writable(self) -> Any:
        """The array of a leaf, to be written to in place: only where nothing is being recorded."""
        if recording.get().level != NOTHING:
            raise GradientError(
                f"a leaf of shape {self.shape} is being changed in place while gradients are recorded: "
                "do it inside `with no_grad():` if its values are to change, "
                "or on a copy, t.copy(), if the change is part of the computation"
            )
        return self.data

    def _like(self, value: Any, what: str) -> Any:
        """`value` as an array of its own, checked to have this tensor's shape, in its dtype."""
        value = np.array(value.data if isinstance(value, ArrayLike) else value)
        if value.shape != self.shape:
            raise ShapeError(
                f"{what} of shape {value.shape} for a tensor of shape {self.shape}: they must be equal"
            )
        if value.dtype.kind not in "biuf" + self.dtype.kind:
            raise DTypeError(f"{what} of dtype {value.dtype} for a tensor of dtype {self.dtype}")
        return value.astype(self.dtype, copy=False)

    def __reduce__(self) -> Any:
        if self.requires_grad and not self.is_leaf:
            raise GradientError(
                "a tensor with a history cannot be copied or pickled: take t.detach(), or t.data"
            )
        return type(self), (self.data, self.requires_grad)
