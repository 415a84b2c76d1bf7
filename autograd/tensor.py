"""The Tensor: an array, the node that remembers how it was computed, and its gradient.

This file is what users hold in their hands: how a tensor is made, what it knows about its place in the
graph, and `backward`.  `record.py` records what is computed with tensors.  `operators.py` attaches the
operators and methods, and makes NumPy's functions accept tensors.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Iterator
from threading import Lock
from typing import TYPE_CHECKING, Any, Never, Self, final
from weakref import ref

import numpy as np

from .conversions import leave_history, refuse_array
from .engine import LEAF, Constant, Leaf, Node, gradients, new_leaf, way_back
from .errors import DTypeError, GradientError, ShapeError, unexpected
from .hooks import HOOK, hooked, through
from .mode import BACKWARD, EVERYTHING, Block, is_watched, recording
from .ops import Op
from .outputs import new_pick
from .refusals import BACKWARD_OF_PYTORCH, refuse_container, warn_not_kept, way_to_numbers

NUMBERS: set[type] = {float, int, bool, np.float64, np.float32}  # and the stand-ins of compiled/, once loaded

ONE = np.float64(1)
accumulating = Lock()  # held while gradients are added to leaves, which several threads may share


@final
class Tensor:
    """An array that records what is computed from it, so that gradients can be computed.

    `Tensor(data)` is a constant.  `Tensor(data, requires_grad=True)` is a leaf: `backward()` on a result
    that was computed from it adds to its `grad`.  The tensor copies the data.  `t.data` is its array;
    the graph does not see what is written to that.  `name` is its name in pictures and listings.

    NumPy's operators, methods and functions work on tensors as on arrays.  Writing to a view of a tensor,
    `t[0][1] = 5`, writes to the tensor.

    Raises DTypeError if the data are not numbers, or if `requires_grad` is set and they are neither floats
    nor complex numbers.

    >>> x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> y = np.sum(x**2)
    >>> y
    Tensor(14., dtype=float64, requires_grad=True, made by sum)
    >>> y.backward()
    >>> x.grad
    array([2., 4., 6.])
    """

    # record.py sets these two for views:
    # _base   the tensor that this one is a view of, and the operation and options that made the view
    # _views  weak references to the views of this tensor
    __slots__ = ("__weakref__", "_base", "_views", "data", "node")

    data: Any
    node: Node | None
    _base: tuple[Tensor, Op, dict[str, Any]]
    _views: list[ref[Tensor]]

    def __init__(self, data: Any, requires_grad: bool = False, dtype: Any = None, name: str = "") -> None:
        refuse_container(data, "Tensor(...) of")
        array = np.array(data.data if type(data) is Tensor else data, dtype=dtype)
        if array.dtype.kind not in "biufc":
            raise DTypeError(
                f"a Tensor holds numbers, not {array.dtype}: {data!r:.60}; {way_to_numbers(data)}"
            )
        self.data = array
        self.node = None
        self.requires_grad = requires_grad
        if name:
            self.name = name

    @classmethod
    def of(cls, data: Any, node: Node | None) -> Self:
        """A tensor that holds this array and this node, without copying them.

        While EVERYTHING is being recorded, an array without a node gets a leaf that needs no gradient,
        so that operations on it are recorded too.
        """
        tensor = cls.__new__(cls)
        tensor.data = data
        tensor.node = new_leaf(data, False) if node is None and recording.get().level == EVERYTHING else node
        return tensor

    @classmethod
    def lift(cls, data: Any, node: Node | None) -> Any:
        """A tensor for a recorded array; a tuple of tensors for the tuple of several outputs.

        None and constant numbers are returned as they are.
        """
        if isinstance(data, tuple) and node is not None:
            return tuple(cls.of(part, new_pick(node, i)) for i, part in enumerate(data))
        if type(node) is Constant:
            node = None
        return data if data is None or (node is None and type(data) in NUMBERS) else cls.of(data, node)

    # Its place in the graph

    @property
    def requires_grad(self) -> bool:
        """Whether gradients flow to this tensor.  It can be set on leaves and constants."""
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
            self.data = np.asarray(self.data)  # a number could not be written to, as a step down does
            name, self.node = self.name, new_leaf(self.data) if wanted else None
            if name:
                self.name = name

    @property
    def is_leaf(self) -> bool:
        """Whether this tensor requires a gradient and was not computed from others: leaves keep `grad`."""
        return self.node is not None and self.node.op is LEAF and self.node.requires_grad

    @property
    def name(self) -> str:
        """The name of this tensor in pictures and listings of a graph; empty until it is set.

        >>> from autograd import Graph, Tensor
        >>> x = Tensor(2.0, requires_grad=True, name="speed")
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

    def detach(self) -> Self:
        """A constant that shares this tensor's array: no gradient flows through it."""
        return self.of(self.data, None)

    # Its gradient

    @property
    def grad(self) -> Any:
        """The sum of the gradients that have reached this leaf: an ndarray of its shape and dtype.

        It is None if there has been none, and a Tensor after `backward(create_graph=True)`.  Set it to
        None to clear it.  A tensor that is not a leaf keeps its gradient only after `retain_grad()`.
        """
        node = self.node
        if type(node) is Leaf:
            return node.grad
        if node is None:
            return None
        if (leaf := node.kwargs.get("retained")) is not None:
            return leaf.grad
        return warn_not_kept(node.op) if node.requires_grad else None

    @grad.setter
    def grad(self, value: Any) -> None:
        node = self.node
        leaf = node if node is None or type(node) is Leaf else node.kwargs.get("retained")
        if leaf is None:
            if value is not None:
                raise GradientError("grad can only be set on a leaf: a tensor made with requires_grad=True")
        elif value is None:
            leaf.grad = None
        else:
            checked = self._like(value, "a gradient")
            leaf.grad = value if type(value) is Tensor else checked

    def zero_grad(self) -> None:
        """Reset the gradient: `grad` becomes None."""
        self.grad = None

    def retain_grad(self) -> None:
        """Make `backward()` keep the gradient of this tensor too, although it is not a leaf.

        Raises GradientError if it does not require a gradient.

        >>> x = Tensor(3.0, requires_grad=True)
        >>> y = x * x
        >>> y.retain_grad()
        >>> (2 * y).backward()
        >>> print(y.grad, x.grad)
        2.0 12.0
        """
        if not self.is_leaf:
            kwargs = self._hooked()
            kwargs["retained"] = kwargs["retained"] or new_leaf(self.data)

    def register_hook(self, hook: Callable[[Any], Any]) -> Callable[[], None]:
        """Call `hook(g)` with the cotangent of this tensor in every backward pass from now on.

        If the hook returns something other than None, that replaces g.  The cotangent is complete: the
        sum over all uses of this tensor.  Returns a function that removes the hook.

        Raises GradientError if this tensor does not require a gradient.  The backward pass raises
        ShapeError if the replacement has another shape or dtype.

        >>> from autograd import Tensor
        >>> x = Tensor([1.0, 2.0], requires_grad=True)
        >>> y = x * 3
        >>> remove = y.register_hook(lambda g: g.clip(-0.5, 0.5))
        >>> y.sum().backward()
        >>> x.grad
        array([1.5, 1.5])
        """
        hooks = self._hooked()["hooks"]
        hooks.append(hook)
        return lambda: hooks.remove(hook)

    def _hooked(self) -> dict[str, Any]:
        if self.node is None or not self.node.requires_grad:
            raise GradientError("this tensor does not require a gradient, so there is none to see or retain")
        return hooked(self.node)

    def backward(self, cotangent: Any = None, create_graph: bool = False, **others: Never) -> None:
        """Add the gradient of this tensor, times `cotangent`, to the `grad` of each leaf.

        `cotangent` has the shape of this tensor.  It can be left out, and is then 1, if this tensor is a
        single real number.  With `create_graph` the backward pass is itself recorded, and `grad` is a
        Tensor that can be differentiated.

        Raises GradientError if this tensor does not require a gradient, if it needs a cotangent and has
        none, or if it was computed from an array that has been changed in place since; ShapeError if the
        cotangent has another shape.  After an error, every `grad` is as it was.
        """
        if others:
            raise unexpected("backward", others, BACKWARD_OF_PYTORCH)
        node = self.node
        if node is None or not node.requires_grad:
            raise GradientError(
                f"this tensor of shape {self.shape} does not require a gradient: "
                "nothing it was computed from does, or it was computed under no_grad()"
            )
        g = self.seed(cotangent)
        if create_graph:
            with Block(EVERYTHING, BACKWARD):
                g = cotangent if type(cotangent) is Tensor else self.of(np.asarray(g), None)
                accumulate(visited_gradients(node, g, Tensor.lift))
        else:
            accumulate(visited_gradients(node, g) if is_watched(node) else gradients(node, g))

    def seed(self, cotangent: Any = None) -> Any:
        """The cotangent that a backward pass from this tensor starts with; 1 by default."""
        if cotangent is not None:
            return self._like(cotangent, "a cotangent")
        if type(self.data) is np.float64:
            return ONE
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

    def _like(self, value: Any, what: str) -> Any:
        """A copy of `value` in this tensor's dtype, checked to have its shape."""
        if type(value) not in NUMBERS:
            refuse_container(value, f"{what} that is")
        value = np.copy(value.data if type(value) is Tensor else value)
        if value.shape != self.shape:
            raise ShapeError(
                f"{what} of shape {value.shape} for a tensor of shape {self.shape}: they must be equal"
            )
        if value.dtype.kind not in "biuf" + self.dtype.kind:
            raise DTypeError(f"{what} of dtype {value.dtype} for a tensor of dtype {self.dtype}")
        return value.astype(self.dtype, copy=False)

    # Its array's attributes and conversions

    shape = property(operator.attrgetter("data.shape"), doc="The length of each axis.")
    ndim = property(operator.attrgetter("data.ndim"), doc="The number of axes.")
    size = property(operator.attrgetter("data.size"), doc="The number of elements.")
    dtype = property(operator.attrgetter("data.dtype"), doc="The type of the elements.")
    itemsize = property(operator.attrgetter("data.itemsize"), doc="The length of one element, in bytes.")
    nbytes = property(operator.attrgetter("data.nbytes"), doc="The length of all elements, in bytes.")

    def item(self, *index: Any) -> Any:
        """The only element, or the one at an index, as a Python number."""
        return self.data.item(*index)

    def tolist(self) -> Any:
        """The elements, as nested lists of Python numbers."""
        return self.data.tolist()

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("a tensor of shape () has no length; t.item() is its value")
        return len(self.data)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __contains__(self, value: Any) -> bool:
        return bool((self.data == (value.data if type(value) is Tensor else value)).any())

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ShapeError(
                f"the truth of a tensor of shape {self.shape} is ambiguous: "
                "reduce it to one element with .any() or .all()"
            )
        return bool(self.data)

    def __float__(self) -> float:
        number = float(self._one("float"))
        leave_history(self, "float()", sys._getframe(1))
        return number

    def __complex__(self) -> complex:
        number = complex(self._one("complex"))
        leave_history(self, "complex()", sys._getframe(1))
        return number

    def __int__(self) -> int:
        return int(self._one("int"))

    def __index__(self) -> int:
        return operator.index(self._one("an index"))

    def _one(self, what: str) -> Any:
        if self.size != 1:
            raise ShapeError(
                f"{what} takes one element, and this tensor has shape {self.shape}: "
                "index it, or use .tolist()"
            )
        return self.data.reshape(())[()]

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray[Any, Any]:
        if self.data.dtype.kind not in "biu" or copy is False:
            refuse_array(self)
        return np.array(self.data, dtype)  # an index or a mask, which has no history

    def __format__(self, spec: str) -> str:
        return format(
            self.data[()] if self.size == 1 and spec else str(self) if not spec else self.data, spec
        )

    def __repr__(self) -> str:
        text = np.array2string(np.asarray(self.data), separator=", ", prefix="Tensor(", threshold=100)
        traits = [f"dtype={self.dtype}"]
        if self.node is not None and self.node.requires_grad:
            traits.append("requires_grad=True")
            if self.node.op is not LEAF:
                made = self.node.parents[0] if self.node.op is HOOK else self.node
                traits.append(f"made by {made.op.name}")  # type: ignore[union-attr]
        return f"Tensor({text}, {', '.join(traits)})"

    def __reduce__(self) -> Any:
        if self.requires_grad and not self.is_leaf:
            raise GradientError(
                "a tensor with a history cannot be copied or pickled: take t.detach(), or t.data"
            )
        return restored, (self.data, self.requires_grad, self.grad, self.name)

    if TYPE_CHECKING:  # operators.py attaches these

        def __getattr__(self, name: str) -> Any: ...
        def __getitem__(self, index: Any) -> Any: ...
        def __setitem__(self, index: Any, value: Any) -> None: ...

        __add__: Any
        __radd__: Any
        __sub__: Any
        __rsub__: Any
        __mul__: Any
        __rmul__: Any
        __truediv__: Any
        __rtruediv__: Any
        __floordiv__: Any
        __rfloordiv__: Any
        __mod__: Any
        __rmod__: Any
        __pow__: Any
        __rpow__: Any
        __matmul__: Any
        __rmatmul__: Any
        __neg__: Any
        __pos__: Any
        __abs__: Any
        __lt__: Any
        __le__: Any
        __gt__: Any
        __ge__: Any


def accumulate(found: dict[Leaf, Any]) -> None:
    """Add the gradient found for each leaf to its `grad`, after the leaf's hooks."""
    for leaf, g in found.items():
        if leaf.kwargs:
            found[leaf] = through(leaf.kwargs["hooks"], g)
    with accumulating:
        for leaf, g in found.items():
            if leaf.grad is not None:
                found[leaf] = leaf.grad + g
        for leaf, g in found.items():  # in a loop of its own, when nothing can fail any more
            leaf.grad = np.asarray(g) if isinstance(g, np.generic) else g


def visited_gradients(root: Node, cotangent: Any, lift: Any = None) -> dict[Leaf, Any]:
    """The cotangents of the leaves that `root` depends on, and of the nodes that retain their gradients.

    This uses `way_back`, for what `gradients` cannot do: record the backward pass, and check each node
    in `debug()`.
    """
    found: dict[Leaf, Any] = {}
    for node, g, passed in way_back({root: cotangent}, lift):
        if isinstance(node, Leaf):
            found[node] = lift(g.data, g.node) if lift else g.copy()
        elif node.op is HOOK and node.kwargs["retained"] is not None:
            found[node.kwargs["retained"]] = passed[0][1] if lift else passed[0][1].copy()
    return found


def restored(data: Any, requires_grad: bool, grad: Any, name: str) -> Tensor:
    """The tensor that was copied or pickled."""
    tensor = Tensor(data, requires_grad, name=name)
    tensor.grad = grad
    return tensor
