"""What a recorded step is: calls of NumPy's functions, one after the other, and what they leave behind.

A `Value` is written once, by the `Call` that made it, or is there before the program begins: an argument,
a parameter, an array that the step closes over.  What the step writes in place is a new value, and an
`Effect` at the end says where it belongs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

FIXED, CONSTANT = "", "constant"


class Value:
    """An array or a number.

    data  what it was while the step was recorded
    made  the call that made it; None for what is there before
    base  the value of which it is a view, or None
    load  for what is there before, the source that reads it, in terms of `names`; FIXED for an array that is
          the same in every step, CONSTANT if its numbers are the same too
    """

    __slots__ = ("base", "data", "load", "made")

    def __init__(
        self, data: Any, made: Call | None = None, base: Value | None = None, load: str = FIXED
    ) -> None:
        self.data, self.made, self.base, self.load = data, made, base, load

    @property
    def root(self) -> Value:
        """The value that owns the memory."""
        value = self
        while value.base is not None:
            value = value.base
        return value


@dataclass(slots=True, eq=False)
class Call:
    """`result = function(*args, **kwargs)`; values may be anywhere in the arguments.

    pure    whether it may be left out, or be shared with an equal call; a draw of random numbers may not
    errors  what NumPy does about floating-point errors in it, if that differs from the rest of the step
    """

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    pure: bool = True
    errors: dict[str, Any] | None = None
    result: Value = None  # type: ignore[assignment]

    def operands(self) -> Iterator[Value]:
        """The values that it reads, each as often as it occurs in the arguments."""
        return values_in((self.args, self.kwargs))


@dataclass(slots=True, eq=False)
class Guard:
    """The program can be used only if `value` is as true or false as when it was recorded."""

    value: Value
    outcome: bool

    def operands(self) -> Iterator[Value]:
        """The value that it looks at, and which is therefore needed."""
        return iter((self.value,))


@dataclass(slots=True, eq=False)
class Effect:
    """What a step leaves behind: `target` becomes `value`.

    target  an assignable piece of source in terms of the recording's names; "" if the `array`, which is
            there before, is written into, "append" if it is a list that grows
    """

    target: str
    value: Any
    array: Value | None = None

    def operands(self) -> Iterator[Value]:
        """The values that it leaves behind, which are all needed, but not the array that is written into."""
        return values_in(self.value)


@dataclass(frozen=True, slots=True)
class Check:
    """A condition, as source, under which a step does the same again.

    said   what it looks at, in words
    place  where that is kept, if it is a number
    """

    source: str
    said: str
    place: Any = None


@dataclass(slots=True)
class Program:
    """A recorded step.

    steps    the calls and guards, in order
    effects  what is left behind when all of them have been made
    result   what the step returned: values in tuples, lists and dicts
    checks   the conditions under which the step would do the same again
    names    the objects that all pieces of source refer to, besides `args` and `kwargs`
    """

    steps: list[Call | Guard] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    result: Any = None
    checks: list[Check] = field(default_factory=list)
    names: dict[str, Any] = field(default_factory=dict)


def values_in(tree: Any) -> Iterator[Value]:
    """The values in nested arguments."""
    if type(tree) is Value:
        yield tree
    elif isinstance(tree, tuple | list):
        for part in tree:
            yield from values_in(part)
    elif type(tree) is dict:
        yield from values_in(tuple(tree.values()))
    elif type(tree) is slice:
        yield from values_in((tree.start, tree.stop, tree.step))


def mapped(tree: Any, function: Callable[[Any], Any]) -> Any:
    """Nested arguments, where `function(leaf)` has taken the place of every leaf."""
    if isinstance(tree, tuple | list):
        return like(tree, [mapped(part, function) for part in tree])
    if type(tree) is dict:
        return {key: mapped(part, function) for key, part in tree.items()}
    if type(tree) is slice:
        return slice(*(mapped(part, function) for part in (tree.start, tree.stop, tree.step)))
    return function(tree)


def like(sequence: Any, parts: list[Any]) -> Any:
    """A sequence of the same type with other parts; it is a list, a tuple, or a named tuple."""
    return type(sequence)(*parts) if hasattr(sequence, "_fields") else type(sequence)(parts)
