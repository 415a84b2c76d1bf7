"""The tape: what was called on stand-ins, in order."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..program import CONSTANT, FIXED, Call, Guard, Value, like, mapped
from .standin import StandIn, Untraceable, written

NUMBERS = (bool, int, float, complex)


class Tape:
    """The calls of a step while it is recorded.

    All of them are made on the arrays themselves, so that the recorded step is a step like any other, but
    nothing that was there before is written to.
    """

    def __init__(self, branches: bool = True) -> None:
        self.steps: list[Call | Guard] = []
        self.foreign: dict[int, Value] = {}  # arrays of unknown origin, which are read where they are
        self.constants: dict[int, Any] = {}  # arrays that follow from shapes
        self.branches = branches  # whether a function that decides something by its numbers may be recorded
        self.errors = np.geterr()
        self.inside = False  # whether a function of the table runs, which can also be called as a whole

    def stand_in(self, data: Any, load: str) -> StandIn:
        """A stand-in for what is there before the step."""
        return StandIn(self, Value(data, load=load))

    def current(self, array: StandIn) -> Value:
        """The value of a stand-in; a view is taken again if the whole has been written to since."""
        if array.origin is not None:
            base, seen, function, args, kwargs = array.origin
            now = self.current(base)
            if now is not seen:
                again = self.call(function, args, kwargs)
                array.value, array.origin = again.value, again.origin
        return array.value

    def plain(self, tree: Any) -> Any:
        """Nested arguments with arrays in the place of stand-ins."""
        return mapped(tree, lambda leaf: leaf.data if type(leaf) in (StandIn, Value) else leaf)

    def operand(self, leaf: Any) -> Any:
        """What a call refers to in the place of an argument."""
        if type(leaf) is StandIn:
            return self.current(leaf)
        if isinstance(leaf, np.ndarray):
            load = CONSTANT if id(leaf) in self.constants else FIXED
            return self.foreign.setdefault(id(leaf), Value(leaf, load=load))
        return leaf

    def call(self, function: Callable[..., Any], args: Any, kwargs: dict[str, Any], pure: bool = True) -> Any:
        """The result of `function(*args, **kwargs)`, written on the tape."""
        result = function(*self.plain(args), **self.plain(kwargs))
        return self.result(function, args, kwargs, pure, result)

    def result(self, function: Any, args: Any, kwargs: dict[str, Any], pure: bool, result: Any) -> Any:
        """The stand-in for the result of a call that is put on the tape, or a tuple or list of them."""
        stand_ins: list[StandIn] = []
        mapped((args, kwargs), lambda leaf: stand_ins.append(leaf) if type(leaf) is StandIn else None)
        for array in stand_ins:
            if array.data is result and isinstance(result, np.ndarray):
                return array  # the function gave back what it got
        call = Call(function, mapped(args, self.operand), mapped(kwargs, self.operand), pure)
        errors: Any = np.geterr()
        call.errors = None if errors == self.errors else errors
        self.steps.append(call)
        if isinstance(result, tuple | list):
            call.result = Value(result, call)
            return like(result, [*self.parts(call.result)])
        if not isinstance(result, np.ndarray | np.generic | bool | int | float | complex):
            raise Untraceable(f"{name_of(function)} makes a {type(result).__name__} of an array")
        call.result = Value(result, call)
        of = next((a for a in stand_ins if shares(result, a.data)), None)
        if of is None:
            return StandIn(self, call.result)
        call.result.base = of.value
        return StandIn(self, call.result, (of, of.value, function, args, kwargs))

    def parts(self, whole: Value) -> Iterator[StandIn]:
        """The stand-ins for the outputs of a function with several."""
        for i, part in enumerate(whole.data):
            call = Call(operator.getitem, (whole, i), {})
            call.result = Value(part, call)
            self.steps.append(call)
            yield StandIn(self, call.result)

    def assign(self, array: Any, result: Any) -> Any:
        """The stand-in after `array[...] = result`, when it has another value."""
        if type(array) is not StandIn:
            raise Untraceable("it writes into an array that it got from where recording does not look")
        old = self.current(array)
        if array.origin is not None:
            base, _, function, args, _ = array.origin
            if function is not operator.getitem:
                raise Untraceable("it writes into an array by way of a transposed or reshaped view")
            self.assign(base, self.call(written, (base, args[1], result), {}))
            return array
        if not isinstance(old.data, np.ndarray) or not old.data.flags.writeable:
            raise Untraceable("it writes into what is read-only")
        if (
            type(result) is not StandIn
            or np.shape(result.data) != old.data.shape
            or result.dtype != old.data.dtype
        ):
            if not np.can_cast(np.result_type(result.data), old.data.dtype, "same_kind"):
                raise Untraceable("it writes numbers into an array of another kind")
            result = self.call(filled, (result,), {"shape": old.data.shape, "dtype": old.data.dtype})
        array.value = self.current(result)
        return array

    def decided(self, array: StandIn) -> bool:
        """The truth of a value; the program can then be used only while it stays the same."""
        if self.inside and not self.branches:
            raise Untraceable("a branch")
        outcome = bool(array.data)
        self.steps.append(Guard(self.current(array), outcome))
        return outcome

    def function(self, function: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> Any:
        """The result of a function of the table, recorded by its calls if they can be seen, else as a whole.

        What counts are the numbers that it gives for arrays: if stand-ins took another way through it to
        other numbers, it is recorded as a whole.
        """
        expected = function(*self.plain(args), **self.plain(kwargs))
        if isinstance(function, np.ufunc):
            return self.result(function, args, kwargs, True, expected)
        before, outer, self.inside = len(self.steps), self.inside, True
        try:
            found = function(*args, **kwargs)
            if same(self.plain(found), expected):
                if type(found) is np.ndarray:  # no stand-in went into it: it depends on shapes alone
                    self.constants[id(found)] = found
                return found
        except (Untraceable, TypeError, ValueError, AttributeError):
            pass
        finally:
            self.inside = outer
        del self.steps[before:]
        return self.result(function, args, kwargs, True, expected)


def filled(value: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """A new array of this shape and dtype, into which `value` was written."""
    result = np.empty(shape, dtype)
    result[...] = value
    return result


def shares(a: Any, b: Any) -> bool:
    """Whether writing into one may change the other, as far as NumPy tells without solving for it."""
    return isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and np.may_share_memory(a, b)


def same(a: Any, b: Any) -> bool:
    """Whether two arrays are equal bit for bit."""
    return (
        isinstance(a, np.ndarray) == isinstance(b, np.ndarray)
        and np.shape(a) == np.shape(b)
        and np.result_type(a) == np.result_type(b)
        and np.asarray(a).tobytes() == np.asarray(b).tobytes()
    )


def name_of(function: Any) -> str:
    """The name of a function in a message; the name of its type if it has none, as a partial."""
    return getattr(function, "__name__", type(function).__name__)
